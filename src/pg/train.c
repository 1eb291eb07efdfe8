/*
 * train.c
 *	  interest_train.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/model_store.h"
#include "pg/names.h"
#include "pg/progress.h"
#include "pg/report.h"
#include "pg/settings.h"
#include "pg/source.h"
#include "pg/store.h"
#include "pg/train.h"

/* Block size of training's memory. */
#define TRAINING_BLOCK (1024 * 1024)

/* Columns of the result. */
#define TRAIN_COLUMNS 7

/* Arguments of interest_train, by position. */
enum
{
	ARG_MODEL, ARG_EPOCHS, ARG_BATCH_SIZE, ARG_LEARNING_RATE, ARG_PATIENCE, ARG_DEPLOY, ARG_RETRAIN,
	ARG_FROM_VERSION, ARG_FROM_MODEL, ARG_FROZEN_EPOCHS
};

/* One epoch, as returned and as stored. */
typedef struct EpochRow
{
	Datum		values[TRAIN_COLUMNS];
	bool		nulls[TRAIN_COLUMNS];
} EpochRow;

/* What the observer of a training keeps. */
typedef struct TrainingLog
{
	ReturnSetInfo *result;
	instr_time	start;			/* of this epoch */
	EpochRow   *epochs;
	int			count;
} TrainingLog;

double
InterestSecondsSince(instr_time *start)
{
	instr_time	now;
	instr_time	elapsed;

	INSTR_TIME_SET_CURRENT(now);
	elapsed = now;
	INSTR_TIME_SUBTRACT(elapsed, *start);
	*start = now;
	return INSTR_TIME_GET_DOUBLE(elapsed);
}

void
InterestNoteEpoch(const InterestTrainingEpoch *epoch, double seconds)
{
	ereport(NOTICE,
			(errmsg("epoch %d of %d: %s%s%.1f s%s", epoch->epoch, epoch->epochs,
					isnan(epoch->loss) ? "" : psprintf("loss %.4f, ", epoch->loss),
					isnan(epoch->validation_loss) ? "" :
					psprintf("validation loss %.4f, accuracy %.4f, ", epoch->validation_loss, epoch->accuracy),
					seconds, epoch->best ? ", the best so far" : "")));
}

static void
LogEpoch(void *context, const InterestTrainingEpoch *epoch)
{
	TrainingLog *log = context;
	EpochRow   *row = &log->epochs[log->count++];
	double		seconds = InterestSecondsSince(&log->start);

	memset(row->nulls, false, sizeof(row->nulls));
	row->values[0] = Int32GetDatum(epoch->epoch);
	row->values[1] = CStringGetTextDatum("train");
	InterestSetFigure(epoch->loss, &row->values[2], &row->nulls[2]);
	InterestSetFigure(epoch->validation_loss, &row->values[3], &row->nulls[3]);
	InterestSetFigure(epoch->accuracy, &row->values[4], &row->nulls[4]);
	InterestSetFigure(seconds > 0 ? epoch->rows / seconds : NAN, &row->values[5], &row->nulls[5]);
	InterestSetFigure(seconds, &row->values[6], &row->nulls[6]);
	tuplestore_putvalues(log->result->setResult, log->result->setDesc, row->values, row->nulls);
	InterestNoteEpoch(epoch, seconds);
}

void
InterestCheckRange(const char *name, bool valid, const char *range)
{
	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", name),
				 errhint("It is %s.", range)));
}

void
InterestCheckSteps(int epochs, int batch_size, double learning_rate)
{
	InterestCheckRange("epochs", epochs >= 1 && epochs <= 1000, "from 1 to 1000");
	InterestCheckRange("batch_size", batch_size >= 1 && batch_size <= 65536, "from 1 to 65536");
	InterestCheckRange("learning_rate", learning_rate > 0 && learning_rate <= 1.0, "above 0 and at most 1");
}

/* What the definition says about learning. */
static InterestTrainingOptions
OptionsOf(const InterestDefinition *definition)
{
	InterestTrainingOptions options = InterestTrainingDefault;

	options.seed = definition->seed;
	options.dropout = &definition->dropout;
	options.reading_rate = definition->gate_rate;
	options.refit = definition->refit;
	options.balance = definition->balance;
	options.l1 = definition->l1;
	options.row_dropout = definition->row_dropout;
	options.balanced_weights = definition->balanced_weights;
	options.weighted = definition->weighted;
	options.weights = definition->weights;
	if (definition->label_smoothing >= 0)
		options.label_smoothing = definition->label_smoothing;
	return options;
}

void
InterestRefuseNulls(FunctionCallInfo fcinfo, int count, const char *const *names)
{
	for (int i = 0; i < count; i++)
		if (names[i] && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s is NULL", names[i])));
}

static void
RefuseNulls(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {
		[ARG_MODEL] = "model", [ARG_EPOCHS] = "epochs", [ARG_BATCH_SIZE] = "batch_size",
		[ARG_LEARNING_RATE] = "learning_rate", [ARG_PATIENCE] = "patience", [ARG_DEPLOY] = "deploy",
		[ARG_FROZEN_EPOCHS] = "frozen_epochs"
	};

	InterestRefuseNulls(fcinfo, lengthof(names), names);
}

static void
ReadOptionArguments(FunctionCallInfo fcinfo, InterestTrainingOptions *options)
{
	options->epochs = PG_GETARG_INT32(ARG_EPOCHS);
	options->batch_size = PG_GETARG_INT32(ARG_BATCH_SIZE);
	options->learning_rate = PG_GETARG_FLOAT8(ARG_LEARNING_RATE);
	options->patience = PG_GETARG_INT32(ARG_PATIENCE);
	options->frozen_epochs = PG_GETARG_INT32(ARG_FROZEN_EPOCHS);
	InterestCheckSteps(options->epochs, options->batch_size, options->learning_rate);
	InterestCheckRange("patience", options->patience >= 1, "at least 1");
	InterestCheckRange("frozen_epochs", options->frozen_epochs >= 0, "at least 0");
}

/* Which sections learn; the others stay those of the version to start from. */
static InterestSection
SectionArgument(FunctionCallInfo fcinfo)
{
	char	   *name;

	if (PG_ARGISNULL(ARG_RETRAIN))
		return INTEREST_REPRESENTATION;
	name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_RETRAIN));
	if (strcmp(name, "head") == 0)
		return INTEREST_HEAD;
	if (strcmp(name, "gate") == 0)
		return INTEREST_READING;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot retrain \"%s\" alone", name),
			 errhint("Retrain the head (readings stay as they are), the gate (with the head; profiles stay as they are), or leave retrain out for everything.")));
}

/* A base reads texts with the encoder that it was trained with. */
static void
RequireEncoder(const InterestVersion *base, const InterestLoadedEncoder *encoder)
{
	if (base->has_encoder != (encoder != NULL) ||
		(encoder && memcmp(base->encoder_hash, encoder->content_hash, INTEREST_CONTENT_HASH_SIZE) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("version %d of model \"%s\" has another encoder", base->version, base->model),
				 errhint("Start from a version with the same encoder, or from none.")));
}

/* The version to start from, and what of it learns on. */
static void
ReadBaseArguments(FunctionCallInfo fcinfo, const InterestDefinition *definition,
				  const InterestLoadedEncoder *encoder, InterestTrainingOptions *options)
{
	const char *model = definition->name;
	InterestVersion *base;

	options->first = SectionArgument(fcinfo);
	if (PG_ARGISNULL(ARG_FROM_MODEL) && PG_ARGISNULL(ARG_FROM_VERSION) && options->first == INTEREST_REPRESENTATION)
		return;
	if (!PG_ARGISNULL(ARG_FROM_MODEL))
		model = InterestUsableModel(text_to_cstring(PG_GETARG_TEXT_PP(ARG_FROM_MODEL)))->name;
	base = PG_ARGISNULL(ARG_FROM_VERSION) ? InterestDeployedVersion(model) :
		InterestVersionByNumber(model, PG_GETARG_INT32(ARG_FROM_VERSION));
	RequireEncoder(base, encoder);
	options->base = &InterestLoadVersion(base)->model;
}

/* The encoder of a model's texts; NULL for a model without. */
static InterestLoadedEncoder *
EncoderOf(const InterestDefinition *definition)
{
	return definition->encoder ? InterestEncoderByName(definition->encoder) : NULL;
}

static InterestLexer *
LexerOf(const InterestDefinition *definition, const InterestLoadedEncoder *encoder)
{
	return InterestLexerMake(definition, encoder ? &encoder->tokenizer : NULL);
}

InterestTrainingDefinition
InterestTrainingDefinitionOf(const InterestDefinition *definition, InterestLoadedEncoder *encoder,
							 InterestLexer *lexer)
{
	InterestTrainingDefinition training = {0};

	training.dimensions = definition->dimensions;
	memcpy(training.half_life, definition->half_life, sizeof(training.half_life));
	training.kind_names = definition->kind_names;
	training.kinds = definition->kinds;
	training.rules = definition->rules;
	training.text_count = definition->columns.text_count;
	training.sentence_width = encoder ? encoder->encoder.config.hidden : 0;
	training.word_probe = lexer ? InterestLexerProbe(lexer) : NULL;
	training.fusion = definition->fusion;
	training.numeric_count = definition->columns.numeric_count;
	training.categorical_count = definition->columns.categorical_count;
	training.vector_count = definition->columns.vector_count;
	training.shared_projection = definition->shared_projection;
	training.task = definition->task;
	training.several = definition->label_is_array;
	training.head = definition->head;
	training.named = InterestNamedOf(definition, encoder);
	return training;
}

/* Widths of the vector columns, 0 of one without any vector. */
static const int *
WidthsOf(const InterestSource *source, int count)
{
	int		   *widths = palloc(sizeof(int) * Max(count, 1));

	for (int i = 0; i < count; i++)
		widths[i] = source->vectors[i].width;
	return widths;
}

static void
StoreEpochs(const InterestDefinition *definition, int version, const TrainingLog *log)
{
	Oid			types[] = {TEXTOID, INT4OID, INT4OID, TEXTOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID};

	for (int i = 0; i < log->count; i++)
	{
		Datum		values[lengthof(types)] = {CStringGetTextDatum(definition->name), Int32GetDatum(version)};
		char		nulls[lengthof(types)] = {' ', ' '};

		for (int j = 0; j < TRAIN_COLUMNS; j++)
		{
			values[2 + j] = log->epochs[i].values[j];
			nulls[2 + j] = log->epochs[i].nulls[j] ? 'n' : ' ';
		}
		InterestStoreExecute("INSERT INTO %s.interest_training_run VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
							 lengthof(types), types, values, nulls);
	}
}

void
InterestNoteSkipped(const InterestSource *source, const InterestTrainingCounts *counts)
{
	int64		skipped = source->rows_without_user + counts->rows_without_time + counts->rows_without_role +
		counts->rows_without_content;

	if (skipped > 0)
		ereport(NOTICE,
				(errmsg("skipped " INT64_FORMAT " of " INT64_FORMAT " rows", skipped,
						source->set.count + source->rows_without_user),
				 errdetail("Without user: " INT64_FORMAT ", without time: %d, %swith nothing that the model reads: %d.",
						   source->rows_without_user, counts->rows_without_time,
						   counts->rows_without_role > 0 ? psprintf("without a role: %d, ", counts->rows_without_role) : "",
						   counts->rows_without_content)));
}

/* Trains and stores one version; everything but the result lives in the current context. */
static void
TrainVersion(FunctionCallInfo fcinfo, const InterestDefinition *definition,
			 InterestTrainingOptions *options, TrainingLog *log)
{
	bool		deploy = PG_GETARG_BOOL(ARG_DEPLOY);
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest training", TRAINING_BLOCK);
	InterestLoadedEncoder *encoder = EncoderOf(definition);
	InterestLexer *lexer = LexerOf(definition, encoder);
	InterestTrainingDefinition training = InterestTrainingDefinitionOf(definition, encoder, lexer);
	InterestTrainingObserver observer = {log, InterestProgressObserve, LogEpoch};
	InterestTrainingResult result;
	InterestSource source;
	InterestModel model;
	InterestStatus status;
	int			version;

	ReadBaseArguments(fcinfo, definition, encoder, options);
	InterestReadSource(definition, InterestSourceSql(definition), encoder, lexer, &source);
	training.vector_widths = WidthsOf(&source, training.vector_count);
	INSTR_TIME_SET_CURRENT(log->start);
	if (!InterestTrain(&source.set, &training, options, InterestCurrentKernel(), InterestSgemm,
					   &observer, &arena->arena, &model, &result, &status))
		InterestReport(&status);
	InterestNoteSkipped(&source, &result.counts);
	/* of the store only the parameters are needed, which can be in its file */
	InterestStoreFree(source.set.store);
	InterestProgressUpdate(INTEREST_PROGRESS_STORE, result.epochs, 0, 0);
	version = InterestStoreVersion(definition, &model, encoder ? encoder->content_hash : NULL, deploy);
	InterestEndSource(&source);
	StoreEpochs(definition, version, log);
	ereport(NOTICE,
			(errmsg("version %d of model \"%s\" is trained%s", version, definition->name,
					deploy ? " and deployed" : ""),
			 options->l1 > 0 ? errdetail("L1 made %.1f %% of the weights 0.", 100 * result.zeros) : 0));
}

INTEREST_FUNCTION(interest_train);
Datum
interest_train(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition;
	InterestTrainingOptions options;
	TrainingLog log = {0};
	MemoryContext work;
	MemoryContext caller;

	PreventCommandIfReadOnly("interest_train()");
	RefuseNulls(fcinfo);
	definition = InterestOwnedModel(text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODEL)));
	options = OptionsOf(definition);
	ReadOptionArguments(fcinfo, &options);
	InitMaterializedSRF(fcinfo, 0);
	log.result = (ReturnSetInfo *) fcinfo->resultinfo;
	log.epochs = palloc(sizeof(EpochRow) * options.epochs);

	work = AllocSetContextCreate(CurrentMemoryContext, "interest training", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(work);
	InterestProgressBegin(options.epochs);
	TrainVersion(fcinfo, definition, &options, &log);
	InterestProgressEnd();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return (Datum) 0;
}

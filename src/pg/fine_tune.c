/*
 * fine_tune.c
 *	  interest_fine_tune_encoder.
 */
#include "pg/compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/training/fine_tune.h"
#include "pg/model_store.h"
#include "pg/progress.h"
#include "pg/report.h"
#include "pg/settings.h"
#include "pg/source.h"
#include "pg/train.h"

/* Block size of its memory. */
#define TUNING_BLOCK (1024 * 1024)

/* Columns of the result. */
#define TUNE_COLUMNS 6

/* Arguments of interest_fine_tune_encoder, by position. */
enum
{
	ARG_MODEL, ARG_NEW_NAME, ARG_EPOCHS, ARG_BATCH_SIZE, ARG_LEARNING_RATE, ARG_LAYERS, ARG_TOKEN_MASKING
};

/* What the observer keeps. */
typedef struct TuningLog
{
	ReturnSetInfo *result;
	instr_time	start;			/* of this epoch */
} TuningLog;

static void
LogEpoch(void *context, const InterestTrainingEpoch *epoch)
{
	TuningLog  *log = context;
	double		seconds = InterestSecondsSince(&log->start);
	Datum		values[TUNE_COLUMNS];
	bool		nulls[TUNE_COLUMNS] = {false};

	values[0] = Int32GetDatum(epoch->epoch);
	InterestSetFigure(epoch->loss, &values[1], &nulls[1]);
	InterestSetFigure(epoch->validation_loss, &values[2], &nulls[2]);
	InterestSetFigure(epoch->accuracy, &values[3], &nulls[3]);
	InterestSetFigure(seconds > 0 ? epoch->tokens / seconds : NAN, &values[4], &nulls[4]);
	InterestSetFigure(seconds, &values[5], &nulls[5]);
	tuplestore_putvalues(log->result->setResult, log->result->setDesc, values, nulls);
	InterestNoteEpoch(epoch, seconds);
}

static InterestFineTuneOptions
OptionsOf(FunctionCallInfo fcinfo, const InterestDefinition *definition)
{
	InterestFineTuneOptions options = {
		.seed = definition->seed, .several = definition->label_is_array,
		.epochs = PG_GETARG_INT32(ARG_EPOCHS), .batch_size = PG_GETARG_INT32(ARG_BATCH_SIZE),
		.learning_rate = PG_GETARG_FLOAT8(ARG_LEARNING_RATE), .token_masking = PG_GETARG_FLOAT8(ARG_TOKEN_MASKING),
		.label_smoothing = definition->label_smoothing >= 0 ? definition->label_smoothing : INTEREST_LABEL_SMOOTHING
	};

	InterestCheckSteps(options.epochs, options.batch_size, options.learning_rate);
	InterestCheckRange("token_masking", options.token_masking >= 0 && options.token_masking < 1, "at least 0 and below 1");
	if (!PG_ARGISNULL(ARG_LAYERS))
	{
		options.layers = PG_GETARG_INT32(ARG_LAYERS);
		InterestCheckRange("layers", options.layers >= 1, "at least 1, or NULL for all with the embeddings");
	}
	return options;
}

static void
RequireTunable(const InterestDefinition *definition)
{
	if (definition->encoder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no encoder", definition->name),
				 errhint("Create a model of texts with an encoder.")));
	if (definition->task == INTEREST_TASK_NEXT_ITEM)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot fine-tune the encoder of a model of the task next_item"),
				 errdetail("Its labels are items, not interests."),
				 errhint("Fine-tune by a model that learns interests from the same texts.")));
}

static void
RequireWide(const InterestDefinition *definition, const InterestEncoderConfig *config)
{
	if (config->storage != INTEREST_STORAGE_FP32)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("encoder \"%s\" is of %s", definition->encoder, InterestStorageName(config->storage)),
				 errdetail("Only weights of fp32 can take small steps."),
				 errhint("Fine-tune by a model with the encoder of fp32, then quantize the new one with interest_quantize_encoder.")));
}

static InterestSpan
TextOf(void *context, int i, InterestArena *scratch)
{
	return InterestSourceText(context, i, scratch);
}

/* The tokenizer of what is stored of an encoder. */
static InterestTokenizer
TokenizerOf(const InterestEncoderContent *content, InterestArena *arena)
{
	InterestVocabulary *vocabulary;
	InterestStatus status;

	if (!InterestVocabularyBuild(arena, content->vocabulary, content->vocabulary_size, &vocabulary, &status))
		InterestReport(&status);
	return InterestEncoderTokenizer(&content->config, vocabulary);
}

/* The content becomes that of the new encoder; everything lives in the current context. */
static void
Tune(const InterestDefinition *definition, const InterestFineTuneOptions *options, TuningLog *log,
	 InterestEncoderContent *content, InterestFineTuneResult *result)
{
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest fine-tuning", TUNING_BLOCK);
	InterestTrainingObserver observer = {log, InterestProgressObserve, LogEpoch};
	InterestFineTuneTexts texts = {.text = TextOf};
	InterestSource source;
	InterestStatus status;

	texts.tokenizer = TokenizerOf(content, &arena->arena);
	texts.context = &source;
	InterestCollectSource(definition, InterestSourceSql(definition), NULL, &source);
	INSTR_TIME_SET_CURRENT(log->start);
	if (!InterestFineTune(&source.set, &texts, options, &content->config, content->image, InterestCurrentKernel(),
						  InterestSgemm, &observer, &arena->arena, result, &status))
		InterestReport(&status);
	InterestNoteSkipped(&source, &result->counts);
	InterestEndSource(&source);
	InterestArenaEnd(arena);
}

static void
TuneAndStore(const InterestDefinition *definition, const char *new_name, const InterestFineTuneOptions *options,
			 TuningLog *log)
{
	InterestEncoderContent content;
	InterestFineTuneResult result;

	InterestEncoderReadContent(definition->encoder, &content);
	RequireWide(definition, &content.config);
	Tune(definition, options, log, &content, &result);
	InterestProgressUpdate(INTEREST_PROGRESS_STORE, result.best_epoch, 0, 0);
	InterestEncoderWriteContent(new_name, &content);
	ereport(NOTICE,
			(errmsg("encoder \"%s\" has learned from %d rows", new_name, result.samples),
			 errdetail("It is that of epoch %d, chosen by %d rows of users who validate.", result.best_epoch,
					   result.validation_samples),
			 errhint("Create and train a model with it: interest_create_model(..., encoder => %s).",
					 quote_literal_cstr(new_name))));
}

INTEREST_FUNCTION(interest_fine_tune_encoder);
Datum
interest_fine_tune_encoder(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {
		[ARG_MODEL] = "model", [ARG_NEW_NAME] = "new_name", [ARG_EPOCHS] = "epochs", [ARG_BATCH_SIZE] = "batch_size",
		[ARG_LEARNING_RATE] = "learning_rate", [ARG_TOKEN_MASKING] = "token_masking"
	};
	InterestDefinition *definition;
	InterestFineTuneOptions options;
	TuningLog	log = {0};
	char	   *new_name;
	MemoryContext work;
	MemoryContext caller;

	PreventCommandIfReadOnly("interest_fine_tune_encoder()");
	InterestRefuseNulls(fcinfo, lengthof(names), names);
	definition = InterestOwnedModel(text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODEL)));
	new_name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_NEW_NAME));
	options = OptionsOf(fcinfo, definition);
	RequireTunable(definition);
	InterestEncoderRequireNew(new_name);
	InitMaterializedSRF(fcinfo, 0);
	log.result = (ReturnSetInfo *) fcinfo->resultinfo;

	work = AllocSetContextCreate(CurrentMemoryContext, "interest fine-tuning", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(work);
	InterestProgressBegin(options.epochs);
	TuneAndStore(definition, new_name, &options, &log);
	InterestProgressEnd();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return (Datum) 0;
}

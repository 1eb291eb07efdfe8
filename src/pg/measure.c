/*
 * measure.c
 *	  How good a version is, on users whom it was never trained on:
 *	  interest_evaluate, interest_confusion, interest_roc,
 *	  interest_calibration, interest_compare.
 */
#include "pg/compat.h"

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "core/measure/compare.h"
#include "pg/encode.h"
#include "pg/measure.h"
#include "pg/progress.h"
#include "pg/row_reader.h"
#include "pg/scores.h"
#include "pg/settings.h"

#define MEASURE_BLOCK (1024 * 1024)

static char *
ModelArgument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the model is NULL")));
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/* NULL where the argument is. */
static const int32 *
VersionArgument(FunctionCallInfo fcinfo, int argument)
{
	int32	   *version = palloc(sizeof(int32));

	if (PG_ARGISNULL(argument))
		return NULL;
	*version = PG_GETARG_INT32(argument);
	return version;
}

/* Quoted name of the relation to measure on: the model's source unless there is another. */
static const char *
RelationSql(Oid relation, const InterestDefinition *definition)
{
	char	   *name;

	if (!OidIsValid(relation))
		return InterestSourceSql(definition);
	name = InterestRequireRelation(relation);
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

/* Takes a version of a model; the deployed one where it is NULL. */
static void
TakeVersion(const char *name, const int32 *version, InterestMeasured *measured)
{
	measured->definition = InterestUsableModel(name);
	measured->model = InterestLoadVersion(version ? InterestVersionByNumber(name, *version) : InterestDeployedVersion(name));
	measured->encoder = NULL;
	if (measured->model->has_encoder)
		measured->encoder = InterestEncoderByHash(measured->model->encoder_hash, psprintf("model \"%s\"", name));
	InterestRequireFit(measured->definition, measured->model, measured->encoder);
	measured->lexer = InterestLexerMake(measured->definition, measured->encoder ? &measured->encoder->tokenizer : NULL);
	if (measured->lexer)
		InterestLexerRequire(measured->lexer, measured->model->model.network.features.word_probe);
}

static void
ReadRows(Oid source, InterestMeasured *measured)
{
	InterestReadSource(measured->definition, RelationSql(source, measured->definition),
					   measured->encoder, measured->lexer, &measured->source);
	InterestCheckVectors(measured->definition, &measured->model->model.network.features, measured->source.vectors);
}

void
InterestMeasureBegin(const char *model, const int32 *version, Oid source, InterestMeasured *measured)
{
	TakeVersion(model, version, measured);
	measured->arena = InterestArenaBegin(CurrentMemoryContext, "interest measure", MEASURE_BLOCK);
	InterestProgressBegin(0);
	ReadRows(source, measured);
}

/* The same of a function's arguments, whose result begins. */
static void
Begin(FunctionCallInfo fcinfo, int version, int source, InterestMeasured *measured)
{
	const char *model = ModelArgument(fcinfo);

	InitMaterializedSRF(fcinfo, 0);
	InterestMeasureBegin(model, VersionArgument(fcinfo, version), PG_ARGISNULL(source) ? InvalidOid : PG_GETARG_OID(source), measured);
}

void
InterestMeasureEnd(InterestMeasured *measured)
{
	InterestEndSource(&measured->source);
	InterestProgressEnd();
}

void
InterestMeasurePredict(const InterestMeasured *measured, InterestPredictions *predictions, InterestSpan **users)
{
	InterestTrainingObserver observer = {NULL, InterestProgressObserve, NULL};
	InterestStatus status;

	if (!InterestPredict(&measured->source.set, &measured->model->model, measured->definition->seed,
						 INTEREST_SPLIT_TEST, InterestCurrentKernel(), InterestSgemm, &observer,
						 &measured->arena->arena, predictions, users, &status))
		InterestReport(&status);
}

void
InterestMeasureSystems(const InterestMeasured *measured, InterestEvaluation *evaluation)
{
	InterestTrainingObserver observer = {NULL, InterestProgressObserve, NULL};
	InterestStatus status;

	if (!InterestEvaluate(&measured->source.set, &measured->model->model, measured->definition->seed,
						  INTEREST_SPLIT_TEST, InterestCurrentKernel(), InterestSgemm, &observer,
						  &measured->arena->arena, evaluation, &status))
		InterestReport(&status);
}

/* The predictions for a function whose arguments are model, version and source. */
static void
BeginPredicted(FunctionCallInfo fcinfo, int version, int source, InterestMeasured *measured,
			   InterestPredictions *predictions)
{
	InterestSpan *users;

	Begin(fcinfo, version, source, measured);
	InterestMeasurePredict(measured, predictions, &users);
	InterestMeasureEnd(measured);
}

static void
PutRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* The name of an interest; below 0: NULL. */
static void
SetInterest(const InterestMeasured *measured, int interest, Datum *value, bool *isnull)
{
	*isnull = interest < 0;
	if (interest >= 0)
		*value = InterestNameText(measured->model->model.interests.spans[interest]);
}

INTEREST_FUNCTION(interest_evaluate);
Datum
interest_evaluate(PG_FUNCTION_ARGS)
{
	InterestEvaluation evaluation;
	InterestMeasured measured;

	Begin(fcinfo, 1, 2, &measured);
	InterestMeasureSystems(&measured, &evaluation);
	InterestMeasureEnd(&measured);
	for (int i = 0; i < evaluation.figure_count; i++)
	{
		const InterestFigure *figure = &evaluation.figures[i];
		Datum		values[5] = {
			CStringGetTextDatum(InterestSystemName(figure->system)), CStringGetTextDatum(figure->metric)
		};
		bool		nulls[5] = {false};

		SetInterest(&measured, figure->interest, &values[2], &nulls[2]);
		InterestSetFigure(figure->value, &values[3], &nulls[3]);
		InterestSetFigure(figure->error, &values[4], &nulls[4]);
		PutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

INTEREST_FUNCTION(interest_confusion);
Datum
interest_confusion(PG_FUNCTION_ARGS)
{
	InterestMeasured measured;
	InterestPredictions predictions;
	InterestConfusionCell *cells;
	int			count;

	BeginPredicted(fcinfo, 1, 2, &measured, &predictions);
	count = InterestMeasureConfusion(&predictions, &measured.arena->arena, &cells);
	for (int i = 0; i < count; i++)
	{
		Datum		values[4] = {0, 0, Int64GetDatum(cells[i].samples), Float8GetDatum(cells[i].weight)};
		bool		nulls[4] = {false};

		SetInterest(&measured, cells[i].actual, &values[0], &nulls[0]);
		SetInterest(&measured, cells[i].predicted, &values[1], &nulls[1]);
		PutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* The number of an interest that the argument names; an error where the model does not have it. */
static int
InterestArgument(FunctionCallInfo fcinfo, int argument, const InterestNames *interests)
{
	text	   *name;
	InterestSpan span;
	int			interest;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the interest is NULL")));
	name = PG_GETARG_TEXT_PP(argument);
	span.data = InterestTextToUtf8(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &span.length);
	interest = InterestNamesFind(interests, span);
	if (interest < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown interest \"%s\"", text_to_cstring(name)),
				 errhint("interest_confusion lists the interests that test users have.")));
	return interest;
}

INTEREST_FUNCTION(interest_roc);
Datum
interest_roc(PG_FUNCTION_ARGS)
{
	InterestMeasured measured;
	InterestPredictions predictions;
	InterestSpan *users;
	InterestRocPoint *points;
	int			interest;
	int			count;

	Begin(fcinfo, 2, 3, &measured);
	interest = InterestArgument(fcinfo, 1, &measured.model->model.interests);
	InterestMeasurePredict(&measured, &predictions, &users);
	InterestMeasureEnd(&measured);
	count = InterestMeasureRoc(&predictions, interest, &measured.arena->arena, &points);
	for (int i = 0; i < count; i++)
	{
		Datum		values[3] = {
			Float8GetDatum(points[i].threshold), Float8GetDatum(points[i].false_positive_rate),
			Float8GetDatum(points[i].true_positive_rate)
		};
		bool		nulls[3] = {false};

		PutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

INTEREST_FUNCTION(interest_calibration);
Datum
interest_calibration(PG_FUNCTION_ARGS)
{
	InterestMeasured measured;
	InterestPredictions predictions;
	InterestReliability bins[INTEREST_ECE_BINS];

	BeginPredicted(fcinfo, 1, 2, &measured, &predictions);
	InterestMeasureReliability(&predictions, &measured.arena->arena, bins);
	for (int i = 0; i < INTEREST_ECE_BINS; i++)
	{
		Datum		values[4] = {Int32GetDatum(i + 1), Int64GetDatum(bins[i].samples)};
		bool		nulls[4] = {false};

		InterestSetFigure(bins[i].probability, &values[2], &nulls[2]);
		InterestSetFigure(bins[i].accuracy, &values[3], &nulls[3]);
		PutRow(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * Comparing
 */

/* What one version makes of its test users. */
typedef struct Side
{
	InterestSpan *users;
	InterestUserMeans means;
} Side;

static void
MeasureSide(const InterestMeasured *measured, Side *side)
{
	InterestPredictions predictions;

	InterestMeasurePredict(measured, &predictions, &side->users);
	InterestMeasureUsers(&predictions, &measured->arena->arena, &side->means);
}

/*
 * The figures of the users that both sides have, which are in the order of
 * their texts; returns how many.
 */
static int
PairUsers(const Side *a, const Side *b, double **figures_a, double **figures_b)
{
	int			room = Min(a->means.count, b->means.count);
	int			count = 0;

	for (int f = 0; f < INTEREST_USER_FIGURES; f++)
	{
		figures_a[f] = palloc(sizeof(double) * Max(room, 1));
		figures_b[f] = palloc(sizeof(double) * Max(room, 1));
	}
	for (int i = 0, j = 0; i < a->means.count && j < b->means.count;)
	{
		int			order = InterestSpanCompare(a->users[a->means.user[i]], b->users[b->means.user[j]]);

		for (int f = 0; order == 0 && f < INTEREST_USER_FIGURES; f++)
		{
			figures_a[f][count] = a->means.figures[f][i];
			figures_b[f][count] = b->means.figures[f][j];
		}
		count += order == 0;
		i += order <= 0;
		j += order >= 0;
	}
	return count;
}

INTEREST_FUNCTION(interest_compare);
Datum
interest_compare(PG_FUNCTION_ARGS)
{
	InterestMeasured measured;
	InterestLoadedEncoder *encoder;
	Side		a;
	Side		b;
	double	   *figures_a[INTEREST_USER_FIGURES];
	double	   *figures_b[INTEREST_USER_FIGURES];
	int			count;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a version to compare is NULL"),
				 errhint("The view interest_models lists the versions.")));
	Begin(fcinfo, 1, 3, &measured);
	MeasureSide(&measured, &a);
	encoder = measured.encoder;
	TakeVersion(measured.definition->name, VersionArgument(fcinfo, 2), &measured);
	if (measured.encoder != encoder)
	{
		InterestEndSource(&measured.source);
		ReadRows(PG_ARGISNULL(3) ? InvalidOid : PG_GETARG_OID(3), &measured);
	}
	MeasureSide(&measured, &b);
	count = PairUsers(&a, &b, figures_a, figures_b);
	for (int f = 0; f < INTEREST_USER_FIGURES; f++)
	{
		InterestComparison comparison = InterestCompare(count, figures_a[f], figures_b[f], measured.definition->seed,
														measured.arena->arena.host);
		Datum		values[7] = {CStringGetTextDatum(InterestUserFigureName(f)), Int64GetDatum(comparison.users)};
		bool		nulls[7] = {false};

		InterestSetFigure(comparison.a, &values[2], &nulls[2]);
		InterestSetFigure(comparison.b, &values[3], &nulls[3]);
		InterestSetFigure(comparison.difference, &values[4], &nulls[4]);
		InterestSetFigure(comparison.error, &values[5], &nulls[5]);
		InterestSetFigure(comparison.p, &values[6], &nulls[6]);
		PutRow(fcinfo, values, nulls);
	}
	InterestMeasureEnd(&measured);
	return (Datum) 0;
}

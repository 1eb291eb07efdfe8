/*
 * read.c
 *	  From a profile or a reading to interests: interest_read,
 *	  interest_classify, interest_probability, interest_topics.
 */
#include "pg/compat.h"

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/profile_type.h"
#include "pg/scores.h"
#include "pg/type_value.h"
#include "pg/vector_type.h"

#define SCRATCH_SIZE (16 * 1024)

static char *
TextArgument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* Time of reading: the argument, or the newest row's. */
static int64
TimeArgument(FunctionCallInfo fcinfo, int argument, const InterestStateView *view)
{
	TimestampTz at;

	if (PG_ARGISNULL(argument))
		return view->newest;
	at = PG_GETARG_TIMESTAMPTZ(argument);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time of reading is infinite"),
				 errhint("Leave as_of out to read at the newest row.")));
	return at;
}

INTEREST_FUNCTION(interest_read);
Datum
interest_read(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestStateView view;
	InterestReading reading;
	InterestLoadedModel *model;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	InterestOpenProfile(PG_GETARG_DATUM(0), &view);
	model = InterestModelOf(TextArgument(fcinfo, 2), view.shape.fingerprint, NULL);
	InterestReadProfile(&view, model, TimeArgument(fcinfo, 1, &view), &scratch->arena, &reading);
	PG_RETURN_DATUM(InterestMakeVector(&reading));
}

INTEREST_FUNCTION(interest_classify_profile);
Datum
interest_classify_profile(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestStateView view;
	InterestReading reading;
	InterestLoadedModel *model;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	InterestOpenProfile(PG_GETARG_DATUM(0), &view);
	model = InterestModelOf(TextArgument(fcinfo, 1), view.shape.fingerprint, NULL);
	InterestReadProfile(&view, model, view.newest, &scratch->arena, &reading);
	PG_RETURN_DATUM(InterestMakeScores(model, &reading, &scratch->arena));
}

/* The reading of the first argument and the model that made it. */
static InterestLoadedModel *
OpenReading(FunctionCallInfo fcinfo, const char *model, InterestArena *arena, InterestReading *reading)
{
	InterestLoadedModel *maker;

	InterestOpenVector(PG_GETARG_DATUM(0), arena, reading);
	maker = InterestModelOf(model, reading->representation, reading->reading);
	/* Anybody can write a reading down with the fingerprints of a model. */
	if (reading->dimensions != maker->model.shape.dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("reading has %d dimensions, and the model that it names has %d",
						reading->dimensions, maker->model.shape.dimensions),
				 errhint("Compute it anew with interest_embed or interest_read.")));
	return maker;
}

INTEREST_FUNCTION(interest_classify_reading);
Datum
interest_classify_reading(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestReading reading;
	InterestLoadedModel *model;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	model = OpenReading(fcinfo, TextArgument(fcinfo, 1), &scratch->arena, &reading);
	PG_RETURN_DATUM(InterestMakeScores(model, &reading, &scratch->arena));
}

INTEREST_FUNCTION(interest_probability);
Datum
interest_probability(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestReading reading;
	InterestLoadedModel *model;
	float	   *probabilities;
	int			index;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	model = OpenReading(fcinfo, TextArgument(fcinfo, 2), &scratch->arena, &reading);
	index = InterestNumberOf(&model->model.interests, PG_GETARG_TEXT_PP(1));
	probabilities = palloc(sizeof(float) * model->model.interests.count);
	InterestReadingProbabilities(model, &reading, &scratch->arena, probabilities);
	PG_RETURN_FLOAT4(probabilities[index]);
}

/* A topic as a row: code, share of all, mass, the best interest of its vector if the model has any, the vector. */
static void
PutTopic(ReturnSetInfo *result, const InterestLoadedModel *model, const InterestReading *reading,
		 const InterestTopic *topic, InterestArena *scratch)
{
	double		total = 0;
	const InterestNames *interests = &model->model.interests;
	float		probability;
	Datum		values[6];
	bool		nulls[6] = {false};

	for (int i = 0; i < reading->topic_count; i++)
		total += reading->topics[i].mass;
	values[0] = Int32GetDatum(topic->code);
	values[1] = Float4GetDatum((float4) (topic->mass / total));
	values[2] = Float4GetDatum(topic->mass);
	nulls[3] = nulls[4] = interests->count == 0;
	if (interests->count > 0)
	{
		values[3] = InterestNameText(interests->spans[InterestBestInterest(model, topic->vector, topic->mass, scratch, &probability)]);
		values[4] = Float4GetDatum(probability);
	}
	values[5] = PointerGetDatum(InterestMakeRealArray(topic->vector, reading->dimensions));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

INTEREST_FUNCTION(interest_topics);
Datum
interest_topics(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestReading reading;
	InterestLoadedModel *model;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	model = OpenReading(fcinfo, TextArgument(fcinfo, 1), &scratch->arena, &reading);
	for (int i = 0; i < reading.topic_count; i++)
		PutTopic((ReturnSetInfo *) fcinfo->resultinfo, model, &reading, &reading.topics[i], &scratch->arena);
	InterestArenaEnd(scratch);
	return (Datum) 0;
}

INTEREST_FUNCTION(interest_set);
Datum
interest_set(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestReading reading;
	InterestLoadedModel *model;
	double		coverage;
	Datum		set;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	coverage = PG_GETARG_FLOAT8(1);
	if (!(coverage > 0 && coverage < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("coverage is out of range"),
				 errhint("It is above 0 and below 1: 0.9 for sets that hold the right interest nine times of ten.")));
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	model = OpenReading(fcinfo, TextArgument(fcinfo, 2), &scratch->arena, &reading);
	if (model->model.conformal.bin_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the version that made this reading cannot tell how large a set must be"),
				 errdetail("When it was trained, no user was left to learn that from: 5 of 100 are."),
				 errhint("Train it again on more users, or use interest_classify.")));
	if (!InterestMakeSet(model, &reading, coverage, &scratch->arena, &set))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(set);
}

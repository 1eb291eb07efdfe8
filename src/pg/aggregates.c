/*
 * aggregates.c
 *	  The aggregates over behaviour rows and over profiles.
 *
 * The transition value is a working state behind a varlena header.  A new or
 * grown one is returned in the per-call context, and the server copies it to
 * the aggregate's; only changes in place touch the aggregate's memory.
 */
#include "pg/compat.h"

#include "pg/profile_type.h"
#include "pg/row_query.h"
#include "pg/scores.h"
#include "pg/vector_type.h"

#define WORKING_SIZE(state) (VARSIZE(state) - VARHDRSZ)

/* Scratch memory of a final function. */
#define SCRATCH_SIZE (16 * 1024)

static void
CheckAggregateCall(FunctionCallInfo fcinfo)
{
	if (!AggCheckCallContext(fcinfo, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("aggregate support function called in non-aggregate context"),
				 errhint("Call the aggregates interest_accumulate, interest_embed, interest_classify or interest_merge.")));
}

static InterestProfileDatum *
MakeState(Size size)
{
	InterestProfileDatum *state = palloc(VARHDRSZ + size);

	SET_VARSIZE(state, VARHDRSZ + size);
	return state;
}

static InterestProfileDatum *
MakeWorking(const InterestStateView *view)
{
	InterestProfileDatum *state = MakeState(InterestStateWorkingSize(view));

	InterestStateWriteWorking(view, state->payload);
	return state;
}

static InterestProfileDatum *
Grow(const InterestProfileDatum *state)
{
	InterestProfileDatum *larger = MakeState(InterestStateGrownSize(state->payload));

	InterestStateGrow(state->payload, larger->payload);
	return larger;
}

/*
 * The transition value as a working state.  One of our own making is used as
 * it is; anything else (another aggregate's initial value) is copied.
 */
static InterestProfileDatum *
TransitionState(Datum value)
{
	InterestProfileDatum *state = (InterestProfileDatum *) DatumGetPointer(value);
	InterestStateView view;

	if (VARATT_IS_4B_U(state) && InterestStateIsWorking(state->payload, WORKING_SIZE(state)))
		return state;
	InterestOpenProfile(value, &view);
	return MakeWorking(&view);
}

static InterestProfileDatum *
AddRow(InterestProfileDatum *state, const InterestStateRow *row)
{
	InterestStatus status;

	for (;;)
	{
		switch (InterestStateAddRow(state->payload, row, &status))
		{
			case INTEREST_STATE_DONE:
				return state;
			case INTEREST_STATE_NEEDS_ROOM:
				state = Grow(state);
				break;
			default:
				InterestReport(&status);
		}
	}
}

/* The state to add rows of that model to: a new one, or the group's own. */
static InterestProfileDatum *
StateFor(FunctionCallInfo fcinfo, const InterestLoadedModel *model)
{
	InterestProfileDatum *state;

	if (PG_ARGISNULL(0))
	{
		state = MakeState(InterestStateCreateSize(&model->model.shape));
		InterestStateCreate(&model->model.shape, state->payload);
		InterestStateSetOrigin(state->payload, model->content_hash);
		return state;
	}
	state = TransitionState(PG_GETARG_DATUM(0));
	if (memcmp(InterestStateFingerprint(state->payload), model->model.shape.fingerprint,
			   INTEREST_FINGERPRINT_SIZE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("rows of one group are embedded by different models"),
				 errhint("Name one model for all rows of a group.")));
	return state;
}

INTEREST_FUNCTION(interest_accumulate_row);
Datum
interest_accumulate_row(PG_FUNCTION_ARGS)
{
	InterestRowQuery *query;
	InterestStateRow row;

	CheckAggregateCall(fcinfo);
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the model is NULL"),
				 errhint("Name the model in the aggregate's first argument.")));
	query = InterestRowQueryOf(fcinfo, PG_GETARG_TEXT_PP(1));
	if (PG_ARGISNULL(2) || !InterestQueryRow(query, PG_GETARG_HEAPTUPLEHEADER(2), &row))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	PG_RETURN_POINTER(AddRow(StateFor(fcinfo, query->model), &row));
}

/* Transition of interest_merge and combine function of all: either side may be NULL. */
INTEREST_FUNCTION(interest_accumulate_merge);
Datum
interest_accumulate_merge(PG_FUNCTION_ARGS)
{
	InterestProfileDatum *state;
	InterestStateView view;
	InterestStatus status;

	CheckAggregateCall(fcinfo);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	InterestOpenProfile(PG_GETARG_DATUM(1), &view);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(MakeWorking(&view));
	state = TransitionState(PG_GETARG_DATUM(0));
	for (;;)
	{
		switch (InterestStateMerge(state->payload, &view, &status))
		{
			case INTEREST_STATE_DONE:
				PG_RETURN_POINTER(state);
			case INTEREST_STATE_NEEDS_ROOM:
				state = Grow(state);
				break;
			default:
				InterestReport(&status);
		}
	}
}

INTEREST_FUNCTION(interest_accumulate_final);
Datum
interest_accumulate_final(PG_FUNCTION_ARGS)
{
	InterestStateView view;

	CheckAggregateCall(fcinfo);
	InterestOpenProfile(PG_GETARG_DATUM(0), &view);
	return InterestMakeProfile(&view);
}

/*
 * The reading of a transition value at its newest time, by the version that
 * its rows were embedded with; of one whose parts name no or several versions,
 * by the deployed model of its fingerprint.
 */
static InterestLoadedModel *
ReadTransition(Datum state, InterestArena *arena, InterestReading *reading)
{
	InterestLoadedModel *model;
	InterestStateView view;

	InterestOpenProfile(state, &view);
	model = view.has_origin ? InterestLoadByContent(view.origin) :
		InterestModelOf(NULL, view.shape.fingerprint, NULL);
	InterestReadProfile(&view, model, view.newest, arena, reading);
	return model;
}

INTEREST_FUNCTION(interest_embed_final);
Datum
interest_embed_final(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	InterestReading reading;
	Datum		vector;

	CheckAggregateCall(fcinfo);
	ReadTransition(PG_GETARG_DATUM(0), &scratch->arena, &reading);
	vector = InterestMakeVector(&reading);
	InterestArenaEnd(scratch);
	PG_RETURN_DATUM(vector);
}

INTEREST_FUNCTION(interest_classify_final);
Datum
interest_classify_final(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	InterestReading reading;
	InterestLoadedModel *model;
	Datum		scores;

	CheckAggregateCall(fcinfo);
	model = ReadTransition(PG_GETARG_DATUM(0), &scratch->arena, &reading);
	scores = InterestMakeScores(model, reading.vector[INTEREST_USER], &scratch->arena);
	InterestArenaEnd(scratch);
	PG_RETURN_DATUM(scores);
}

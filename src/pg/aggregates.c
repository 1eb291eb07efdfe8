/*
 * aggregates.c
 *	  The aggregates over behaviour rows and over profiles.
 *
 * The transition value is a working state behind a varlena header.  A new or
 * grown one is returned in the per-call context, and the server copies it to
 * the aggregate's; only changes in place touch the aggregate's memory.
 *
 * The moving forms, for windows that slide, keep a state without rows where
 * the plain ones have none yet: the server wants no NULL of them.  Their
 * inverse takes rows away exactly, and gives up (NULL: the server starts the
 * frame anew) when the newest time would fall.
 */
#include "pg/compat.h"

#include "utils/timestamp.h"

#include "pg/progress.h"
#include "pg/row_query.h"
#include "pg/scores.h"
#include "pg/vector_type.h"
#include "pg/working_state.h"

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

/* The value as it was, NULL included. */
static Datum
Unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* The state to add rows of that model to: a new one, or the group's own. */
static InterestProfileDatum *
StateFor(FunctionCallInfo fcinfo, const InterestLoadedModel *model)
{
	InterestProfileDatum *state;

	if (PG_ARGISNULL(0))
	{
		state = InterestNewState(&model->model.shape);
		InterestStateSetOrigin(state->payload, model->content_hash);
		return state;
	}
	state = InterestTransitionState(PG_GETARG_DATUM(0));
	/* A user's own aggregate may start with any profile. */
	if (!InterestStateHasShape(state->payload, &model->model.shape))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("rows of one group are embedded by different models"),
				 errhint("Name one model for all rows of a group.")));
	return state;
}

static InterestRowQuery *
QueryOf(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the model is NULL"),
				 errhint("Name the model in the aggregate's first argument.")));
	return InterestRowQueryOf(fcinfo, PG_GETARG_TEXT_PP(1));
}

/* The call's row, in whichever form it came; false if it is NULL or skipped. */
typedef bool (*RowForm) (FunctionCallInfo fcinfo, InterestRowQuery *query, InterestStateRow *row);

static bool
RecordForm(FunctionCallInfo fcinfo, InterestRowQuery *query, InterestStateRow *row)
{
	return !PG_ARGISNULL(2) && InterestQueryRow(query, PG_GETARG_HEAPTUPLEHEADER(2), row);
}

static bool
DocumentForm(FunctionCallInfo fcinfo, InterestRowQuery *query, InterestStateRow *row)
{
	return !PG_ARGISNULL(2) && InterestQueryDocument(query, PG_GETARG_JSONB_P(2), row);
}

static bool
TextForm(FunctionCallInfo fcinfo, InterestRowQuery *query, InterestStateRow *row)
{
	return InterestQueryText(query, !PG_ARGISNULL(2), PG_ARGISNULL(2) ? 0 : PG_GETARG_TIMESTAMPTZ(2),
							 PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3), row);
}

static Datum
Accumulate(FunctionCallInfo fcinfo, RowForm form)
{
	InterestRowQuery *query;
	InterestStateRow row;

	CheckAggregateCall(fcinfo);
	query = QueryOf(fcinfo);
	InterestProgressCount(INTEREST_PROGRESS_PROFILES);
	if (!form(fcinfo, query, &row))
		return Unchanged(fcinfo);
	PG_RETURN_POINTER(InterestAddToState(StateFor(fcinfo, query->model), &row));
}

static Datum
AccumulateMoving(FunctionCallInfo fcinfo, RowForm form)
{
	InterestRowQuery *query;
	InterestProfileDatum *state;
	InterestStateRow row;

	CheckAggregateCall(fcinfo);
	query = QueryOf(fcinfo);
	state = StateFor(fcinfo, query->model);
	if (form(fcinfo, query, &row))
		state = InterestAddToState(state, &row);
	PG_RETURN_POINTER(state);
}

static Datum
AccumulateInverse(FunctionCallInfo fcinfo, RowForm form)
{
	InterestRowQuery *query;
	InterestProfileDatum *state;
	InterestStateView view;
	InterestStateRow row;

	CheckAggregateCall(fcinfo);
	query = QueryOf(fcinfo);
	if (!form(fcinfo, query, &row))
		return Unchanged(fcinfo);
	InterestViewState(InterestAddToState(InterestNewState(&query->model->model.shape), &row), &view);
	state = StateFor(fcinfo, query->model);
	if (!InterestSubtractFromState(state, &view, false))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* The transition functions of one form: plain, moving, inverse. */
#define TRANSITIONS(name, form) \
	INTEREST_FUNCTION(name); \
	Datum name(PG_FUNCTION_ARGS) { return Accumulate(fcinfo, form); } \
	INTEREST_FUNCTION(name##_moving); \
	Datum name##_moving(PG_FUNCTION_ARGS) { return AccumulateMoving(fcinfo, form); } \
	INTEREST_FUNCTION(name##_inverse); \
	Datum name##_inverse(PG_FUNCTION_ARGS) { return AccumulateInverse(fcinfo, form); }

TRANSITIONS(interest_accumulate_row, RecordForm)
TRANSITIONS(interest_accumulate_document, DocumentForm)
TRANSITIONS(interest_accumulate_text, TextForm)

/* Transition of interest_merge and combine function of all: either side may be NULL. */
INTEREST_FUNCTION(interest_accumulate_merge);
Datum
interest_accumulate_merge(PG_FUNCTION_ARGS)
{
	InterestStateView view;

	CheckAggregateCall(fcinfo);
	if (PG_ARGISNULL(1))
		return Unchanged(fcinfo);
	InterestOpenProfile(PG_GETARG_DATUM(1), &view);
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(InterestCopyState(&view));
	PG_RETURN_POINTER(InterestMergeIntoState(InterestTransitionState(PG_GETARG_DATUM(0)), &view));
}

/* Strict, so that the first profile is the state and NULLs never get here. */
INTEREST_FUNCTION(interest_merge_moving);
Datum
interest_merge_moving(PG_FUNCTION_ARGS)
{
	InterestStateView view;

	CheckAggregateCall(fcinfo);
	InterestOpenProfile(PG_GETARG_DATUM(1), &view);
	PG_RETURN_POINTER(InterestMergeIntoState(InterestTransitionState(PG_GETARG_DATUM(0)), &view));
}

INTEREST_FUNCTION(interest_merge_inverse);
Datum
interest_merge_inverse(PG_FUNCTION_ARGS)
{
	InterestProfileDatum *state;
	InterestStateView view;

	CheckAggregateCall(fcinfo);
	InterestOpenProfile(PG_GETARG_DATUM(1), &view);
	state = InterestTransitionState(PG_GETARG_DATUM(0));
	if (!InterestSubtractFromState(state, &view, false))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* A frame whose rows were all skipped has no profile, as a group of such rows. */
INTEREST_FUNCTION(interest_accumulate_moving_final);
Datum
interest_accumulate_moving_final(PG_FUNCTION_ARGS)
{
	InterestStateView view;

	CheckAggregateCall(fcinfo);
	InterestOpenProfile(PG_GETARG_DATUM(0), &view);
	if (view.rows + view.negative_rows == 0)
		PG_RETURN_NULL();
	return InterestMakeProfile(&view);
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
 * by the deployed model of its fingerprint.  NULL for a state without rows.
 */
static InterestLoadedModel *
ReadTransition(Datum state, InterestArena *arena, InterestReading *reading)
{
	InterestLoadedModel *model;
	InterestStateView view;

	InterestOpenProfile(state, &view);
	if (view.rows + view.negative_rows == 0)
		return NULL;
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
	if (ReadTransition(PG_GETARG_DATUM(0), &scratch->arena, &reading) == NULL)
		PG_RETURN_NULL();
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
	if (model == NULL)
		PG_RETURN_NULL();
	scores = InterestMakeScores(model, &reading, &scratch->arena);
	InterestArenaEnd(scratch);
	PG_RETURN_DATUM(scores);
}

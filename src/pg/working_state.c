/*
 * working_state.c
 *	  A working state behind a varlena header, in the server's memory.
 */
#include "pg/compat.h"

#include "pg/report.h"
#include "pg/working_state.h"

#define PAYLOAD_SIZE(state) (VARSIZE(state) - VARHDRSZ)

static InterestProfileDatum *
MakeState(Size size)
{
	InterestProfileDatum *state = palloc(VARHDRSZ + size);

	SET_VARSIZE(state, VARHDRSZ + size);
	return state;
}

InterestProfileDatum *
InterestNewState(const InterestProfileShape *shape)
{
	InterestProfileDatum *state = MakeState(InterestStateCreateSize(shape));

	InterestStateCreate(shape, state->payload);
	return state;
}

InterestProfileDatum *
InterestCopyState(const InterestStateView *view)
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

InterestProfileDatum *
InterestTransitionState(Datum value)
{
	InterestProfileDatum *state = (InterestProfileDatum *) DatumGetPointer(value);
	InterestStateView view;

	if (VARATT_IS_4B_U(state) && InterestStateIsWorking(state->payload, PAYLOAD_SIZE(state)))
		return state;
	InterestOpenProfile(value, &view);
	return InterestCopyState(&view);
}

void
InterestViewState(const InterestProfileDatum *state, InterestStateView *view)
{
	InterestStatus status;

	if (!InterestStateOpen(state->payload, PAYLOAD_SIZE(state), view, &status))
		InterestReport(&status);
}

InterestProfileDatum *
InterestAddToState(InterestProfileDatum *state, const InterestStateRow *row)
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

InterestProfileDatum *
InterestMergeIntoState(InterestProfileDatum *state, const InterestStateView *source)
{
	InterestStatus status;

	for (;;)
	{
		switch (InterestStateMerge(state->payload, source, &status))
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

bool
InterestSubtractFromState(InterestProfileDatum *state, const InterestStateView *source, bool mark)
{
	InterestStatus status;

	switch (InterestStateSubtract(state->payload, source, mark, &status))
	{
		case INTEREST_STATE_DONE:
			return true;
		case INTEREST_STATE_NEWEST_LEAVES:
			return false;
		default:
			InterestReport(&status);
	}
}

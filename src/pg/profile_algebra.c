/*
 * profile_algebra.c
 *	  Sum and difference of two profiles.
 */
#include "pg/compat.h"

#include "pg/working_state.h"

static Datum
Canonical(const InterestProfileDatum *state)
{
	InterestStateView view;

	InterestViewState(state, &view);
	return InterestMakeProfile(&view);
}

INTEREST_FUNCTION(interest_profile_add);
Datum
interest_profile_add(PG_FUNCTION_ARGS)
{
	InterestStateView a;
	InterestStateView b;

	InterestOpenProfile(PG_GETARG_DATUM(0), &a);
	InterestOpenProfile(PG_GETARG_DATUM(1), &b);
	return Canonical(InterestMergeIntoState(InterestCopyState(&a), &b));
}

/*
 * What was added is taken away exactly.  If the newest row leaves and others
 * stay, blocks may be missing that its time had dropped: the result keeps the
 * newest time and asks for a rebuild.
 */
INTEREST_FUNCTION(interest_profile_subtract);
Datum
interest_profile_subtract(PG_FUNCTION_ARGS)
{
	InterestProfileDatum *state;
	InterestStateView a;
	InterestStateView b;

	InterestOpenProfile(PG_GETARG_DATUM(0), &a);
	InterestOpenProfile(PG_GETARG_DATUM(1), &b);
	state = InterestCopyState(&a);
	InterestSubtractFromState(state, &b, true);
	return Canonical(state);
}

/*
 * working_state.h
 *	  A working state behind a varlena header, in the server's memory.
 *
 * Functions that may need more room return the state to go on with: the one
 * they were given, or a larger copy in the current context.
 */
#ifndef INTEREST_WORKING_STATE_H
#define INTEREST_WORKING_STATE_H

#include "pg/profile_type.h"

/* A new state without rows. */
extern InterestProfileDatum *InterestNewState(const InterestProfileShape *shape);

/* A working copy of a state of either layout. */
extern InterestProfileDatum *InterestCopyState(const InterestStateView *view);

/*
 * The value as a working state that may be changed in place.  One of our own
 * making is used as it is; anything else is copied.  For transition values
 * only: they belong to the aggregate.
 */
extern InterestProfileDatum *InterestTransitionState(Datum value);

extern InterestProfileDatum *InterestAddToState(InterestProfileDatum *state, const InterestStateRow *row);
extern InterestProfileDatum *InterestMergeIntoState(InterestProfileDatum *state, const InterestStateView *source);

/*
 * Takes away what was added before.  False, and the state as it was, if the
 * newest time would fall; with mark it never is: the state then asks for a
 * rebuild.
 */
extern bool InterestSubtractFromState(InterestProfileDatum *state, const InterestStateView *source, bool mark);

/* Opens a state of our own making, which cannot be damaged. */
extern void InterestViewState(const InterestProfileDatum *state, InterestStateView *view);

#endif

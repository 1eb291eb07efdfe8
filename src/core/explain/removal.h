/*
 * removal.h
 *	  What becomes of a logit when rows are really removed.
 *
 * algorithm: section 4.  The rows that are kept are read as if there were no
 * others, at the newest of them: shares, gate and masses change with them.
 */
#ifndef INTEREST_REMOVAL_H
#define INTEREST_REMOVAL_H

#include "core/explain/ledger.h"

/*
 * The rows in one dimension, the logit's: all that a row says there is
 * direction . v.
 */
typedef struct InterestRemoval
{
	InterestReadingModel model; /* of one dimension, its prior 0 */
	const int64_t *half_lives;
	int			count;
	const InterestExplainedRow *rows;
	double	   *said;			/* (count): beyond what mu says; of negative rows all of it */
	double		prior;			/* the logit of nobody's rows */
} InterestRemoval;

/* Of rows (count), which must stay, as must the half-lives; said in the arena. */
extern void InterestRemovalInit(InterestRemoval *removal, const InterestReadingModel *model,
								const int64_t *half_lives, const InterestLogit *logit, int count,
								const InterestExplainedRow *rows, InterestArena *arena);

/* The logit of the rows that are kept (count); without any that of the prior. */
extern double InterestRemovalLogit(const InterestRemoval *removal, const bool *kept);

#endif

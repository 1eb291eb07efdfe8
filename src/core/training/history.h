/*
 * history.h
 *	  Decayed sums of a user's rows at many times of reading, and their
 *	  gradients.
 *
 * algorithm: sections 2 and 3.  A history is a run of rows in time order that is
 * read at one or several times, each after a prefix of its rows.  Rows are added
 * to sums of blocks, as the profile does it, but in double, so that all prefixes
 * of n rows cost n rows.  What a row weighs in a reading is InterestRowDecay's
 * product, dropped blocks included.
 *
 * The gradient walks the same way back: a reading spreads its gradient over the
 * blocks that it has seen, and a row collects what its blocks hold.
 */
#ifndef INTEREST_HISTORY_H
#define INTEREST_HISTORY_H

#include "core/base/arena.h"
#include "core/profile/reading.h"

/* What the sums need to know of a row; made once. */
typedef struct InterestHistoryRow
{
	int64_t		time;
	bool		negative;
	int64_t		block[INTEREST_GRANULARITIES];
	double		weight[INTEREST_GRANULARITIES]; /* a f: the row's weight inside its block */
} InterestHistoryRow;

/* One block of each age of one part; a slot serves the blocks of its number mod INTEREST_WINDOW. */
typedef struct InterestHistoryPart
{
	bool		used[INTEREST_WINDOW];
	int64_t		block[INTEREST_WINDOW];
	double		mass[INTEREST_WINDOW];
	double	   *vector;			/* (INTEREST_WINDOW, dimensions) */
} InterestHistoryPart;

typedef struct InterestHistorySums
{
	int			dimensions;
	const int64_t *half_life;	/* (INTEREST_GRANULARITIES) */
	int64_t		newest;			/* INT64_MIN without rows */
	int64_t		rows;			/* positive ones */
	InterestHistoryPart part[INTEREST_PARTS];
} InterestHistorySums;

extern void InterestHistoryRowInit(InterestHistoryRow *row, int64_t time, double weight,
								   bool negative, const int64_t *half_life);

/* Later - earlier, held to INT64_MAX: two times of the server can be further apart. */
extern int64_t InterestTimeBetween(int64_t earlier, int64_t later);

/* half_life must stay. */
extern void InterestHistorySumsInit(InterestHistorySums *sums, int dimensions,
									const int64_t *half_life, InterestArena *arena);

/* Forgets all rows. */
extern void InterestHistoryClear(InterestHistorySums *sums);

/* vector (dimensions); rows come in the order of time. */
extern void InterestHistoryAdd(InterestHistorySums *sums, const InterestHistoryRow *row,
							   const float *vector);

/*
 * The sums at a time not before the newest row; the arrays of out are the
 * caller's, NULL for a negative part without rows.
 */
extern void InterestHistoryRead(const InterestHistorySums *sums, int64_t at, InterestSums *out);

/*
 * The way back, after InterestHistoryClear: readings from the last to the
 * first, and between them the rows that they have seen, the newest first.
 * newest is the time of the newest row that the reading has seen; gradient
 * has an array (dimensions) a part, NULL where it is 0.
 */
extern void InterestHistorySpread(InterestHistorySums *gradients, int64_t newest, int64_t at,
								  double *const gradient[INTEREST_PARTS]);

/* vector_gradient (dimensions) += the gradient of the row's vector. */
extern void InterestHistoryCollect(InterestHistorySums *gradients, const InterestHistoryRow *row,
								   float *vector_gradient);

#endif

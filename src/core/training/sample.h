/*
 * sample.h
 *	  Samples: which rows are read, when, and what the reading should say.
 *
 * algorithm: section 3, training samples.  A plan lists what one pass over some
 * users consists of; batches are made of it one after another.
 */
#ifndef INTEREST_SAMPLE_H
#define INTEREST_SAMPLE_H

#include "core/training/prepare.h"

/* A reading of the history that it belongs to: a sample. */
typedef struct InterestReadPoint
{
	int			rows;			/* of the history's rows that it sees */
	int64_t		at;
	int			user;			/* of the prepared users */
	int			target;			/* next and next_item: the prepared row to foresee */
	double		weight;			/* 1, in evaluation of "next" 1 / positions of the user */
} InterestReadPoint;

/* Rows in the order of time, with readings in the order of the rows they see. */
typedef struct InterestHistory
{
	int			first_row;		/* in the batch's rows */
	int			row_count;
	int			first_read;		/* in the batch's reads */
	int			read_count;
} InterestHistory;

typedef struct InterestBatch
{
	int			history_count;
	InterestHistory *histories;
	int			row_count;
	int		   *rows;			/* (row_count): of the prepared rows */
	int			read_count;
	InterestReadPoint *reads;	/* (read_count) */
	InterestTargets targets;	/* of the reads; below 0: an interest the model does not have */
} InterestBatch;

/* What samples are drawn from. */
typedef struct InterestSampler
{
	const InterestPreparedRows *prepared;
	InterestTask task;
	bool		several;
	int		   *positions;		/* next: (users), rows that can be targets */
	int		   *target_first;	/* others: (users + 1), the users' targets */
	int		   *targets;
	int			gap_count;
	int		   *gaps;			/* others: rows of training users that have one before them */
	double		row_dropout;	/* next: share of a history's rows that an epoch does not see; 0 at first */
	double	   *repeats;		/* (interests): how often a sample comes in an epoch; NULL: once */
} InterestSampler;

/* One history to come. */
typedef struct InterestPlanEntry
{
	int			user;
	int			row;			/* the lone row of a sample; or one of the two below */
	int			copy;			/* 0, and more where samples of rare interests come again */
} InterestPlanEntry;

#define INTEREST_WHOLE_USER (-1)	/* next: his positions; evaluation of others: all his rows */
#define INTEREST_SOME_ROWS (-2) /* a prefix or a subset of his rows */

typedef struct InterestPlan
{
	const InterestSampler *sampler;
	bool		evaluation;
	uint64_t	seed;
	uint64_t	epoch;
	int			entry_count;
	InterestPlanEntry *entries;
	uint64_t   *order;			/* random numbers that they are sorted by; NULL: they stay as they are, or are sorted */
	int			next_entry;
	int64_t		sample_count;	/* of all entries */
	int64_t		samples_done;	/* in the batches made */
} InterestPlan;

/* Over rows that have inputs and labels, and must stay; several as in the definition. */
extern void InterestSamplerInit(const InterestPreparedRows *prepared, InterestTask task,
								bool several, InterestArena *arena, InterestSampler *sampler);

/*
 * From now on epochs have samples of rare interests again and again: (largest
 * rate / rate)^balance times, at most INTEREST_MAX_REPEATS.  rates (interests).
 */
#define INTEREST_MAX_REPEATS 20.0
extern void InterestSamplerBalance(InterestSampler *sampler, const double *rates, int interests,
								   double balance, InterestArena *arena);

/* The samples of one epoch, in random order. */
extern void InterestPlanEpoch(const InterestSampler *sampler, uint64_t seed, int epoch,
							  InterestArena *arena, InterestPlan *plan);

/* Every sample that measures a split's users. */
extern void InterestPlanEvaluation(const InterestSampler *sampler, InterestSplit split,
								   InterestArena *arena, InterestPlan *plan);

/* The next histories, until there are so many samples or rows; false at the end. */
extern bool InterestNextBatch(InterestPlan *plan, int samples, int rows, InterestArena *arena,
							  InterestBatch *batch);

#endif

/*
 * conformal.h
 *	  Sets of interests that hold the right one as often as was asked.
 *
 * algorithm: section 3.  The score of an answer is 1 - its probability.  Scores
 * of the true answers of users who fitted nothing else say how large a score
 * may be: with n of them the ceil((n + 1) coverage) smallest one (Vovk,
 * Gammerman, Shafer, "Algorithmic learning in a random world", 2005), each for
 * users of like activity.
 *
 * These users help to fit the temperature of the model's probabilities.  So that
 * what their scores are taken of is fitted without them, it has a temperature of
 * its own.
 */
#ifndef INTEREST_CONFORMAL_H
#define INTEREST_CONFORMAL_H

#include "core/base/arena.h"

#include <stdint.h>

/* By rows: 1, 2, 3-5, 6-10, more. */
#define INTEREST_ACTIVITY_BINS 5

/* Fewest scores of a bin that has a neighbour. */
#define INTEREST_LEAST_CONFORMAL_SCORES 200

/* More scores than these make nothing better. */
#define INTEREST_MAX_CONFORMAL_SCORES 4096

/* From 0. */
extern int	InterestActivityBin(int64_t rows);

typedef struct InterestConformalBin
{
	int			least_rows;		/* up to the next bin's */
	int			count;
	const float *scores;		/* (count), from the smallest */
} InterestConformalBin;

typedef struct InterestConformal
{
	int			bin_count;		/* 0: nobody was left to fit it */
	float		temperature[2]; /* of the probabilities that scores are taken of, as in the head */
	InterestConformalBin bins[INTEREST_ACTIVITY_BINS];
} InterestConformal;

/*
 * From scores of (count) users and their rows; arrays in the arena.  The order
 * of users is that of their arrival, the first ones of a bin are kept.
 */
extern void InterestConformalFit(int count, const float *scores, const int *rows,
								 InterestArena *arena, InterestConformal *conformal);

/*
 * The largest score of a set for a user of so many rows; 1 where there are too
 * few scores for that coverage, which takes every interest.
 */
extern float InterestConformalScore(const InterestConformal *conformal, int64_t rows,
									double coverage);

#endif

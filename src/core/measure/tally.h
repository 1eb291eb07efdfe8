/*
 * tally.h
 *	  Inside the measure: what each sample says, looked at once, to be summed
 *	  with one set of weights after another.
 */
#ifndef INTEREST_TALLY_H
#define INTEREST_TALLY_H

#include "core/measure/metrics.h"

typedef struct InterestTally
{
	const InterestPredictions *predictions;

	/* (samples) */
	int		   *top;			/* the most probable interest */
	uint8_t    *right;			/* it is the sample's */
	uint8_t    *subset_right;	/* of several: all are right at .5 */
	double	   *brier;
	double	   *log_loss;		/* NaN: not in it */

	/* Of several: sample s says the interests said[said_first[s]] up to the next one's, and has ... */
	int		   *said_first;
	int		   *said;
	int		   *has_first;
	int		   *has;
} InterestTally;

/* Of the predictions, which must stay; arrays in the arena. */
extern void InterestTallyInit(InterestTally *tally, const InterestPredictions *predictions,
							  InterestArena *arena);

/* All but the AUCs, with those weights; of (interests) is the caller's. */
extern void InterestTallySum(const InterestTally *tally, const double *weight, InterestArena *scratch,
							 InterestMetricsOfOne *of, InterestMetrics *metrics);

/* order (count): scores from the highest */
extern void InterestOrderScores(int count, const double *score, int *order, InterestArena *scratch);

/* The AUC of scores that are in order. */
extern double InterestOrderedAuc(int count, const int *order, const double *score,
								 const uint8_t *positive, const double *weight);

/* Scores and answers of one interest against the rest. */
extern void InterestScoresOf(const InterestPredictions *predictions, int interest,
							 double *score, uint8_t *positive);

/* Of INTEREST_ECE_BINS, from 0. */
extern int	InterestReliabilityBin(double probability);

static inline double
InterestTopProbability(const InterestTally *tally, int sample)
{
	const InterestPredictions *predictions = tally->predictions;

	return predictions->probability[(size_t) sample * predictions->interests + tally->top[sample]];
}

#endif

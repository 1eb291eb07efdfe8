/*
 * curves.h
 *	  What stands behind single figures: who is taken for whom, true against
 *	  false positives, said against true.
 */
#ifndef INTEREST_CURVES_H
#define INTEREST_CURVES_H

#include "core/measure/metrics.h"

/*
 * Samples whose interest is actual and that were taken for predicted.  Of
 * several interests at once every interest counts for itself: both the same, or
 * actual and below 0 where it was missed, or below 0 and predicted where it was
 * wrongly said.  Of one, actual is below 0 where the model does not have it.
 */
typedef struct InterestConfusionCell
{
	int			actual;
	int			predicted;
	int64_t		samples;
	double		weight;
} InterestConfusionCell;

/* Cells that have samples, by actual, then predicted; returns how many.  In the arena. */
extern int	InterestMeasureConfusion(const InterestPredictions *predictions, InterestArena *arena,
									 InterestConfusionCell **cells);

/* Rates where everything with at least the threshold's probability is said. */
typedef struct InterestRocPoint
{
	double		threshold;		/* infinite for the first point */
	double		false_positive_rate;
	double		true_positive_rate;
} InterestRocPoint;

/*
 * From the strictest threshold; returns how many, 0 without both answers.  In
 * the arena.
 */
extern int	InterestMeasureRoc(const InterestPredictions *predictions, int interest,
							   InterestArena *arena, InterestRocPoint **points);

/* Samples by their largest probability, in bins of one width; means are NaN where there are none. */
typedef struct InterestReliability
{
	int64_t		samples;
	double		probability;	/* weighted mean */
	double		accuracy;		/* likewise */
} InterestReliability;

extern void InterestMeasureReliability(const InterestPredictions *predictions, InterestArena *scratch,
									   InterestReliability bins[INTEREST_ECE_BINS]);

#endif

/*
 * metrics.h
 *	  How good predictions are: plain C over arrays.
 *
 * A sample has one interest, or several at once.  Definitions:
 *
 * accuracy		the most probable interest (ties: the lowest) is the sample's, or
 *				one of its several; predicting an interest that no sample has is
 *				an error like any other
 * precision, recall, F1
 *				of the most probable interest; of several: of the interests with
 *				a probability of .5 or more.  Macro means are over the interests
 *				that some sample has; a division by zero gives 0
 * AUC			one interest against the rest, ties count half.  The macro mean is
 *				over the interests with both classes
 * log loss		-log p of the interest; of several: the mean over interests of the
 *				binary cross-entropy.  p is held to [1e-15, 1 - 1e-15]
 * Brier		sum over interests of (p - y)^2; of several: the mean
 * ECE			15 equal bins of the largest probability: weighted mean of
 *				|accuracy - mean probability|
 *
 * Each sample has a weight, so that users can count alike whatever the number
 * of their samples.  What is not defined is NaN.
 */
#ifndef INTEREST_METRICS_H
#define INTEREST_METRICS_H

#include "core/base/arena.h"
#include "core/measure/conformal.h"

#include <stdbool.h>

#define INTEREST_ECE_BINS 15

typedef struct InterestPredictions
{
	int			count;			/* samples */
	int			interests;
	bool		several;		/* a sample may have several interests, or none */
	const float *probability;	/* (count, interests) */

	/*
	 * (count): the sample's one interest; -1 for one that is not among the
	 * predicted: an error, a negative of every interest, not in the log loss.
	 * NULL where several.
	 */
	const int  *label;
	const uint8_t *labels;		/* several: (count, interests), 0 or 1 */
	const double *weight;		/* (count), > 0; NULL: all 1 */
	const int  *user;			/* (count): whose sample, a user's samples side by side; NULL: all different */
	const int  *rows;			/* (count): the rows that a sample sees; NULL: not known */
} InterestPredictions;

typedef struct InterestMetricsOfOne
{
	int64_t		positives;		/* samples that have the interest */
	double		precision;
	double		recall;
	double		f1;
	double		auc;			/* NaN without both classes */
} InterestMetricsOfOne;

typedef struct InterestMetrics
{
	int			samples;
	double		accuracy;
	double		precision;		/* macro */
	double		recall;			/* macro */
	double		f1;				/* macro */
	double		auc;			/* macro; NaN before InterestMeasureAucs */
	int			auc_interests;	/* that the macro AUC is a mean of */
	double		log_loss;
	double		brier;
	double		ece;
	double		micro_f1;		/* NaN unless several */
	double		subset_accuracy;	/* all interests right at .5; NaN unless several */
	InterestMetricsOfOne *of;	/* (interests), in the arena */
} InterestMetrics;

/* Everything but the AUCs, in one pass. */
extern void InterestMeasure(const InterestPredictions *predictions, InterestArena *arena,
							InterestMetrics *metrics);

/* Adds the AUCs, a sort for each interest. */
extern void InterestMeasureAucs(const InterestPredictions *predictions, InterestArena *scratch,
								InterestMetrics *metrics);

/* AUC of scores for a yes-or-no question; NaN without both answers. */
extern double InterestMeasureAuc(int count, const double *score, const uint8_t *positive,
								 const double *weight, InterestArena *scratch);

/* -log of the probability that was given to what is true. */
extern double InterestSurprise(double probability, bool is_true);

/*
 * Standard errors of all of it, by a bootstrap over users: what the metrics do
 * when as many users are drawn again and again, each as often as it comes.  An
 * error has the place of what it is of.  200 draws; AUCs have fewer, or no errors
 * at all, where there is so much to sort that they would take minutes.
 */
extern void InterestMeasureErrors(const InterestPredictions *predictions, uint64_t seed,
								  InterestArena *arena, InterestMetrics *errors);

/* Samples whose number of rows is in one bin (conformal.h). */
typedef struct InterestActivity
{
	int			samples;
	double		accuracy;
	double		log_loss;
	double		ece;
	double		chance_ece;		/* its mean, were every probability what it says */
} InterestActivity;

/* The last one is all samples together. */
extern void InterestMeasureActivity(const InterestPredictions *predictions, uint64_t seed,
									InterestArena *scratch,
									InterestActivity activity[INTEREST_ACTIVITY_BINS + 1]);

#endif

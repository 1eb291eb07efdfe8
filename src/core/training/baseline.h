/*
 * baseline.h
 *	  What a model is compared with: predictions that need no training but
 *	  counting.
 */
#ifndef INTEREST_BASELINE_H
#define INTEREST_BASELINE_H

#include "core/training/predict.h"

/*
 * rates (interests): how often the training users' samples have an interest,
 * with half a sample of doubt, so that no rate is 0.
 */
extern void InterestTargetRates(const InterestSampler *sampler, int interests,
								InterestArena *scratch, double *rates);

typedef struct InterestBaseline
{
	const InterestSampler *sampler;
	int			interests;
	double	   *rates;			/* (interests) */
	int			width;			/* of a sentence */
	double	   *centroids;		/* (interests, width), of norm 1 or 0; NULL: none are wanted */
	InterestArena *scratch;
} InterestBaseline;

/* width 0: no centroids. */
extern void InterestBaselineInit(InterestBaseline *baseline, const InterestSampler *sampler,
								 int interests, int width, InterestArena *arena,
								 InterestArena *scratch);

/* Predict functions; their context is an InterestBaseline. */
extern void InterestMajorityPredict(void *baseline, const InterestBatch *batch, float *probability);

/* next: (count + 5 rate) / (labelled rows + 5) over the rows that a sample sees */
extern void InterestHistoryPredict(void *baseline, const InterestBatch *batch, float *probability);

/* Cosines of the mean sentence vector, not probabilities; 0 for a user without sentences. */
extern void InterestCentroidPredict(void *baseline, const InterestBatch *batch, float *cosine);

#endif

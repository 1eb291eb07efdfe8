/*
 * predict.h
 *	  What a model, or a baseline, says to every sample of a plan.
 */
#ifndef INTEREST_PREDICT_H
#define INTEREST_PREDICT_H

#include "core/training/pass.h"

/* Fills probability (reads of the batch, interests). */
typedef void (*InterestPredictFunction) (void *context, const InterestBatch *batch,
										 float *probability);

/* Whom to tell about the samples that are done. */
typedef struct InterestProgress
{
	const InterestTrainingObserver *observer;
	InterestTrainingPhase phase;
	int			epoch;
} InterestProgress;

/* That so many samples of the total are done; an observer that does not ask is not told. */
extern void InterestTellProgress(const InterestProgress *progress, int64_t done, int64_t total);

/* A predict function; its context is an InterestPass. */
extern void InterestPassPredict(void *pass, const InterestBatch *batch, float *probability);

/* A pass, and the evidence of every sample that it scored. */
typedef struct InterestScorer
{
	InterestPass *pass;
	int			count;
	double	   *evidence;		/* (samples of the plan) */
} InterestScorer;

/* A predict function that gives logits; its context is an InterestScorer. */
extern void InterestPassScore(void *scorer, const InterestBatch *batch, float *logits);

/*
 * The samples of a plan, whose and how many rows they are of, their interests
 * and weights, and what was predicted;
 * arrays in the arena.  Fails where there are too many of them.
 */
extern bool InterestPredictPlan(InterestPlan *plan, int interests,
								InterestPredictFunction predict, void *context,
								const InterestProgress *progress,
								InterestArena *arena, InterestArena *scratch,
								InterestPredictions *predictions, InterestStatus *status);

#endif

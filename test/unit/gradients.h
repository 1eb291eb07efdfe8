/*
 * gradients.h
 *	  Gradients of a model's loss on one batch against finite differences.
 */
#ifndef GRADIENTS_H
#define GRADIENTS_H

#include "problem.h"

#include "core/training/items.h"

/* A model, its gradient, and a batch of the problem's rows. */
typedef struct Gradients
{
	InterestTrainingSet set;
	InterestPreparedRows prepared;
	InterestItems items;		/* of the task next_item only */
	InterestSampler sampler;
	InterestPlan plan;
	InterestBatch batch;
	InterestModel model;
	InterestModel gradient;
	InterestPass pass;
} Gradients;

/* Trains for an epoch, and moves the parameters at random to where gradients are not small. */
extern void PrepareGradients(const Problem *problem, InterestTrainingOptions options, Gradients *gradients);

/* How a loss is compared: it is of floats, so neither step nor tolerance can be small. */
typedef struct Comparison
{
	double		(*loss) (Gradients *gradients, bool backward);	/* adds to the gradient when backward */
	float		step;
	double		absolute;
	double		relative;
} Comparison;

/* The gradient, at some of the parameters of each block; what a block has at least, unless it never learns. */
extern void CheckGradients(Gradients *gradients, const Comparison *comparison,
						   bool (*learns) (const InterestModelBlock *block));

#endif

/*
 * optimizer.h
 *	  Adam on a model's parameters.
 *
 * core/training/adam.h;
 * Parikh, Boyd, "Proximal algorithms", 2014 (L1: soft thresholding after the step).
 */
#ifndef INTEREST_OPTIMIZER_H
#define INTEREST_OPTIMIZER_H

#include "core/base/store.h"
#include "core/model/model.h"
#include "core/training/adam.h"

typedef struct InterestOptimizer
{
	const InterestModel *model; /* bound: its parameters change */
	InterestSection first;		/* sections before it stay */
	double		weight_decay;	/* of the blocks that have it */
	double		reading_rate;	/* learning rate of kappa and the gate, by that of the rest; 1 at first */
	double		l1;				/* of these and of the words' vectors; 0 at first */
	double		clip;			/* greatest norm of all gradients */
	int64_t		steps;
	float	   *mean;			/* (InterestDenseCount): of the gradients */
	float	   *square;			/* (InterestDenseCount): of their squares */
	float	   *word_square;	/* (words, d): likewise, of their vectors */
} InterestOptimizer;

/* Parameters but for the words' vectors: those of a gradient with touched words. */
extern size_t InterestDenseCount(const InterestModel *model);

/*
 * Before the first step; the model must stay.  The squares of words lie in the
 * store's file, NULL: in the arena.
 */
extern void InterestOptimizerInit(InterestOptimizer *optimizer, const InterestModel *model,
								  double weight_decay, double clip, InterestStore *store, InterestArena *arena);

/*
 * One step against a gradient: the model bound to an array of gradients and,
 * where it has words, to touched ones.  It is scaled where its norm is above the
 * clip.  Vectors of words that it did not touch stay as they are: what a step
 * costs follows the words of its rows, not those of the model.  They have no mean, only squares, which wait for
 * the word to come again; so does what L1 takes of them.
 */
extern void InterestOptimizerStep(InterestOptimizer *optimizer, double learning_rate,
								  const InterestModel *gradient);

/* Share of the weights that L1 applies to which are 0. */
extern double InterestZeroShare(const InterestModel *model);

/* Sets the gradient of the next step to 0, and forgets the touched words. */
extern void InterestClearGradient(const InterestModel *gradient);

#endif

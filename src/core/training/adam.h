/*
 * adam.h
 *	  Steps of Adam with decoupled weight decay on arrays of parameters, and how
 *	  the learning rate goes.
 *
 * Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015;
 * Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019.
 */
#ifndef INTEREST_ADAM_H
#define INTEREST_ADAM_H

#include <stddef.h>
#include <stdint.h>

/* The mean and the root of the squares start at 0; dividing by these takes that away after so many steps. */
typedef struct InterestAdamBias
{
	double		mean;
	double		root;
} InterestAdamBias;

extern InterestAdamBias InterestAdamBiasAt(int64_t steps);

/*
 * A step of count parameters against factor times their gradient; mean and
 * square are those of the gradients so far.  rate is what it takes of the mean
 * over the root, which is multiplied by root_scale; decay what it takes of a
 * parameter itself.
 */
extern void InterestAdamStep(size_t count, float *parameters, float *mean, float *square, const float *gradient,
							 float factor, float rate, float root_scale, float decay);

/*
 * The same for the vector of a word, which has a gradient now and then: without
 * the mean, whose rest would wait for the word to come again.  So it moves at once
 * as far as it would have moved by and by.
 */
extern void InterestAdamStepNow(size_t count, float *parameters, float *square, const float *gradient,
								float factor, float rate, float root_scale);

extern double InterestSumSquares(const float *values, size_t count);

/* What a gradient of that sum of squares is multiplied by, so that its norm is the clip at most. */
extern float InterestClipFactor(double squares, double clip);

/*
 * Share of the greatest learning rate at a point of the training, 0 .. 1: it
 * rises evenly during the warm-up, then falls to 0 along half a cosine.
 */
extern double InterestLearningRate(double progress, double warm_up);

#endif

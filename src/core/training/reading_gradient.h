/*
 * reading_gradient.h
 *	  The gradient of a reading: what InterestReadSums does, backwards.
 *
 * algorithm: sections 2 (end) and 3 (start).  The gate's features depend on
 * masses and times only, so no gradient goes through them.
 */
#ifndef INTEREST_READING_GRADIENT_H
#define INTEREST_READING_GRADIENT_H

#include "core/profile/reading.h"

/* Gradients of a reading model's numbers; of theta, kappa = exp(theta). */
typedef struct InterestReadingGradient
{
	double	   *mu;				/* (dimensions), the caller's */
	double		theta[INTEREST_GRANULARITIES];
	double		gate[INTEREST_GRANULARITIES][INTEREST_GATE_FEATURES];
	double		eta;
} InterestReadingGradient;

/*
 * Adds the gradients that user_gradient (dimensions), of u, means for the
 * model's numbers, and gives those of the sums: sums_gradient has an array
 * (dimensions) a part; the negative one is untouched where the reading's is NULL.
 */
extern void InterestReadSumsBackward(const InterestReadingModel *model, const InterestSums *sums,
									 const InterestSumsReading *reading, const float *user_gradient,
									 InterestReadingGradient *gradient,
									 double *const sums_gradient[INTEREST_PARTS]);

#endif

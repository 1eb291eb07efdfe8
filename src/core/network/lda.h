/*
 * lda.h
 *	  Linear discriminant analysis: a head out of sums, in one pass.
 *
 * algorithm: section 3.  Everything is in sums that add up: the sums of all
 * samples are those of some plus those of the others, value by value.
 */
#ifndef INTEREST_LDA_H
#define INTEREST_LDA_H

#include "core/network/head.h"

/* Share of the mean variance that is added to the covariance's diagonal. */
#define INTEREST_LDA_RIDGE 0.1

typedef struct InterestLdaSums
{
	int			interests;
	int			dimensions;
	size_t		size;			/* of values */
	double	   *values;			/* what follows, end to end */
	double	   *weight;			/* (interests): of the samples */
	double	   *sum;			/* (interests, dimensions): weight times u */
	double	   *products;		/* (dimensions, dimensions): weight times u_i u_j, i <= j */
	double	   *believed;		/* (1): samples that there were beforehand */
} InterestLdaSums;

/* Sums of no samples, in the arena. */
extern void InterestLdaInit(InterestLdaSums *sums, int interests, int dimensions,
							InterestArena *arena);

/* One sample: u (dimensions) of an interest. */
extern void InterestLdaAdd(InterestLdaSums *sums, int interest, double weight, const float *u);

/*
 * So many samples beforehand, as many of each interest, that vary alike in all
 * directions: the expected covariance is that of samples and these together (an
 * inverse Wishart prior; Friedman, "Regularized discriminant analysis", JASA 84, 1989).
 */
extern void InterestLdaBelieve(InterestLdaSums *sums, double samples, double variance);

/*
 * The head whose logits are the log densities of the interests, normal with
 * one covariance, plus the logs of their shares.
 */
extern void InterestLdaSolve(const InterestLdaSums *sums, const InterestHead *head,
							 InterestArena *scratch);

#endif

/*
 * linear.h
 *	  A linear layer: the one way of the network to multiply matrices.
 *
 * In inference its weight is packed and the kernel multiplies, with the same
 * bits whatever the processor and the number of rows.  In training, where
 * weights change at every step, it is not packed and sgemm multiplies.
 */
#ifndef INTEREST_LINEAR_H
#define INTEREST_LINEAR_H

#include "core/kernel/kernel.h"

typedef struct InterestLinear
{
	int			outputs;
	int			inputs;
	float	   *weight;			/* (outputs, inputs) */
	float	   *bias;			/* (outputs); NULL: none */
	const float *panels;		/* the weight packed; NULL in training */
} InterestLinear;

/* What computes. */
typedef struct InterestArithmetic
{
	const InterestKernel *kernel;
	InterestSgemmFunction sgemm;	/* for what is not packed; NULL in inference */
	InterestArena *scratch;		/* given back by each function */
} InterestArithmetic;

/* Packs the weight, in the arena; it must not change from then on. */
extern void InterestLinearPack(InterestLinear *linear, InterestArena *arena);

/* output (rows, outputs) = input (rows, inputs) times the weight, plus bias. */
extern void InterestLinearForward(const InterestLinear *linear,
								  const InterestArithmetic *arithmetic,
								  int rows, const float *input, float *output);

/*
 * Adds to gradient (the same layer over the gradients' memory); input_gradient
 * (rows, inputs) is overwritten, NULL where nobody needs it.
 */
extern void InterestLinearBackward(const InterestLinear *linear,
								   const InterestArithmetic *arithmetic,
								   int rows, const float *input,
								   const float *output_gradient,
								   const InterestLinear *gradient,
								   float *input_gradient);

#endif

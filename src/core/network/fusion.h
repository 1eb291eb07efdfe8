/*
 * fusion.h
 *	  One vector of the modalities that a row has.
 *
 * algorithm: section 1, fusion.  Any subset of them may be missing, but for one.
 */
#ifndef INTEREST_FUSION_H
#define INTEREST_FUSION_H

#include "core/network/linear.h"

/* The numbers are stored: never change one. */
typedef enum InterestFusionKind
{
	INTEREST_FUSION_CONCAT = 0, /* r = b + sum of z_m */
	INTEREST_FUSION_ADD = 1,	/* r = sum of a_m z_m / sum of a_m, a_m = softplus(alpha_m) */
	INTEREST_FUSION_MULTIPLY = 2,	/* r = W_o (product of (1 + tanh(W_m z_m))) */
	INTEREST_FUSION_GATE = 3,	/* r = sum of g_m tanh z_m / sum of g_m, g_m = sigmoid(W_m z_m) */
	INTEREST_FUSION_ATTENTION = 4	/* r = sum of a_m z_m, a = softmax of q . tanh(W_a z_m) / sqrt d */
} InterestFusionKind;

#define INTEREST_FUSIONS 5

/* Modalities that one model can have (core/network/row_network.h). */
#define INTEREST_MAX_MODALITIES 16

/* What a kind does not have is of no size. */
typedef struct InterestFusion
{
	InterestFusionKind kind;
	int			modalities;
	int			dimensions;		/* d */
	float	   *bias;			/* concat: b (d) */
	float	   *alpha;			/* add: (modalities) */
	float	   *query;			/* attention: q (d) */
	bool		has[INTEREST_MAX_MODALITIES];	/* modalities that the model has */
	int			transforms;		/* multiply and gate: modalities; attention: 1; else 0 */
	InterestLinear transform[INTEREST_MAX_MODALITIES];	/* W_m or W_a: (d, d), no bias; of no size for one that it has not */
	InterestLinear output;		/* multiply: W_o (d, d), no bias */
} InterestFusion;

/* The rows that a modality is present in, a line each. */
typedef struct InterestModalityLines
{
	int			count;
	int		   *row_of;			/* (count), ascending */
	int		   *line_of;		/* (rows); -1: missing */
	float	   *z;				/* (count, d) */
} InterestModalityLines;

/* What the way forward leaves, in the scratch arena. */
typedef struct InterestFusionTape
{
	int			rows;
	const InterestModalityLines *lines; /* (modalities) */
	float	   *share[INTEREST_MAX_MODALITIES]; /* add, attention: (count), a_m of a row */
	float	   *inner[INTEREST_MAX_MODALITIES]; /* (count, d): tanh of the transform; gate: g_m */
	float	   *bent[INTEREST_MAX_MODALITIES];	/* gate: (count, d), tanh z_m */
	float	   *total;			/* add: (rows); gate: (rows, d): what g_m is divided by */
	float	   *whole;			/* multiply: the product; gate: r (rows, d) */
} InterestFusionTape;

/* "concat", "add" ... */
extern const char *InterestFusionName(InterestFusionKind kind);

/* Sizes of the layers, for a kind, d and the modalities. */
extern void InterestFusionComplete(InterestFusion *fusion);

/* Packs the weights for inference, in the arena. */
extern void InterestFusionPack(InterestFusion *fusion, InterestArena *arena);

/* r (rows, d) is overwritten; every row has a modality. */
extern void InterestFusionForward(const InterestFusion *fusion,
								  const InterestArithmetic *arithmetic, int rows,
								  const InterestModalityLines *lines, float *r,
								  InterestFusionTape *tape);

/*
 * Adds to gradient (the same fusion over the gradients' memory) what r_gradient
 * (rows, d) means; z_gradient[m] (count, d) is overwritten.
 */
extern void InterestFusionBackward(const InterestFusion *fusion,
								   const InterestArithmetic *arithmetic,
								   const InterestFusionTape *tape, const float *r_gradient,
								   const InterestFusion *gradient, float *const *z_gradient);

#endif

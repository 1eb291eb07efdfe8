/*
 * row_network.h
 *	  The row network: from a row's input to its vector v.
 *
 * algorithm: section 1.  Each modality of a row is projected to d dimensions,
 * z_m; the fusion makes one vector r of those that are present; v is r, scaled
 * down to norm 1 when longer.  Inference, evaluation and training run the same
 * function: inference for one row with packed weights, training for a batch
 * with dropout.
 *
 * Every pointer leads into memory that the model bound (core/model/model.h); a
 * network bound to an array of gradients takes the gradients.
 */
#ifndef INTEREST_ROW_NETWORK_H
#define INTEREST_ROW_NETWORK_H

#include "core/network/features.h"
#include "core/network/linear.h"

/* Units of the non-text part's hidden layer. */
#define INTEREST_HIDDEN 128

/*
 * The encoder's output, which has norm 1 from most encoders, is multiplied by
 * this, so that it counts beside numbers of deviation 1 (algorithm: section 6,
 * recipe).  For an encoder that does not normalise, training divides it by the
 * mean norm.
 */
#define INTEREST_SENTENCE_SCALE 8.0f

typedef enum InterestModality
{
	INTEREST_SENTENCE,
	INTEREST_NON_TEXT
} InterestModality;

#define INTEREST_MODALITIES 2

typedef struct InterestRowNetwork
{
	int			dimensions;		/* d */
	float		sentence_scale;
	InterestFeatures features;
	InterestLinear sentence;	/* (d, sentence_width); without encoder outputs is 0 */
	float	   *embeddings;		/* the categoricals' tables one after the other */
	InterestLinear hidden;		/* (INTEREST_HIDDEN, features.width) */
	InterestLinear output;		/* (d, INTEREST_HIDDEN) */
	float	   *bias;			/* (d): b of the concat fusion, r = b + sum of z_m */
} InterestRowNetwork;

/* What training leaves out at random (algorithm: sections 1 and 6). */
typedef struct InterestDropoutRates
{
	float		sentence;		/* elements of the encoder's output */
	float		hidden;			/* units of the hidden layer */
	float		sum;			/* elements of r */
	float		modality;		/* a whole modality, where another one is present */
} InterestDropoutRates;

extern const InterestDropoutRates InterestDropoutDefault;

/* What a row's random numbers are keyed by, beside seed and epoch. */
typedef struct InterestRowKey
{
	uint64_t	user;
	uint64_t	position;
} InterestRowKey;

typedef struct InterestRowDropout
{
	InterestDropoutRates rates;
	uint64_t	seed;
	uint64_t	epoch;
	const InterestRowKey *keys; /* (rows) */
} InterestRowDropout;

/*
 * What a forward pass leaves for the backward one, in the arena.  A modality
 * has a line for each row that it is present in, count[m] of them.
 */
typedef struct InterestRowTape
{
	int			rows;
	const InterestRowInput *const *inputs;	/* (rows) */
	int			count[INTEREST_MODALITIES];
	int		   *row_of[INTEREST_MODALITIES];	/* (count) */
	float	   *z[INTEREST_MODALITIES]; /* (count, d) */
	float	   *sentence;		/* (count, sentence_width): scaled, with dropout */
	float	   *x;				/* (count, features.width) */
	float	   *before;			/* (count, INTEREST_HIDDEN): before the GELU */
	float	   *hidden;			/* (count, INTEREST_HIDDEN): after it, with dropout */
	float	   *hidden_mask;	/* (count, INTEREST_HIDDEN): 0 or 1 / (1 - rate); NULL without dropout */
	float	   *sum_mask;		/* (rows, d), likewise */
	float	   *scale;			/* (rows): v = scale r */
	float	   *v;				/* (rows, d) */
} InterestRowTape;

/* Packs the weights for inference, in the arena. */
extern void InterestRowNetworkPack(InterestRowNetwork *network, InterestArena *arena);

/*
 * The vectors of rows, in tape->v.  dropout is NULL but in training.  The tape
 * is made in arithmetic->scratch: mark it before, return to it when done.
 */
extern void InterestRowForward(const InterestRowNetwork *network,
							   const InterestArithmetic *arithmetic,
							   int rows, const InterestRowInput *const *inputs,
							   const InterestRowDropout *dropout, InterestRowTape *tape);

/* Adds to gradient what v_gradient (rows, d) means for the parameters. */
extern void InterestRowBackward(const InterestRowNetwork *network,
								const InterestArithmetic *arithmetic,
								const InterestRowTape *tape, const float *v_gradient,
								const InterestRowNetwork *gradient);

#endif

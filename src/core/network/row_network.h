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
#include "core/network/fusion.h"

/* Units of the non-text part's hidden layer. */
#define INTEREST_HIDDEN 128

/*
 * The encoder's output, which has norm 1 from most encoders, is multiplied by
 * this, so that it counts beside numbers of deviation 1 (algorithm: section 6,
 * recipe).  For an encoder that does not normalise, training divides it by the
 * mean norm.
 */
#define INTEREST_SENTENCE_SCALE 8.0f

/* The texts' modalities come first; vector column i is INTEREST_FIRST_VECTOR + i. */
typedef enum InterestModality
{
	INTEREST_SENTENCE,
	INTEREST_WORDS,
	INTEREST_NON_TEXT,
	INTEREST_FIRST_VECTOR
} InterestModality;

#define INTEREST_TEXT_MODALITIES 2

typedef struct InterestRowNetwork
{
	int			dimensions;		/* d */
	float		sentence_scale;
	InterestFeatures features;
	InterestLinear sentence;	/* (d, sentence_width) */
	float	   *word_vectors;	/* (features.word_count, d); NULL with the next one */
	InterestTouchedWords *touched;	/* of a gradient: in place of the words' vectors; NULL: these are all there */
	float	   *embeddings;		/* the categoricals' tables one after the other */
	InterestLinear projection[INTEREST_MAX_VECTORS];	/* W_m: (d, width of its columns), no bias */
	InterestLinear hidden;		/* (INTEREST_HIDDEN, features.width) */
	InterestLinear output;		/* (d, INTEREST_HIDDEN) */
	InterestFusion fusion;		/* its modalities are the network's */
} InterestRowNetwork;

/*
 * What training leaves out at random (algorithm: sections 1 and 6).  Tokens are
 * masked where the encoder is fine-tuned (core/training/fine_tune.h), not here:
 * its outputs are made once for all epochs; words and the outputs' elements are
 * left out instead.
 */
typedef struct InterestDropoutRates
{
	float		sentence;		/* elements of the encoder's output, and of vectors */
	float		words;			/* words of a text */
	float		hidden;			/* units of the hidden layer */
	float		sum;			/* elements of r */
	float		modality;		/* a whole modality, where another one is present */
	float		values;			/* values of categoricals, which then count as unknown */
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
 * What a forward pass leaves for the backward one, in the arena; count is that
 * of the modality's lines.
 */
typedef struct InterestRowTape
{
	int			rows;
	const InterestRowInput *const *inputs;	/* (rows) */
	InterestModalityLines lines[INTEREST_MAX_MODALITIES];
	InterestFusionTape fusion;
	float	   *sentence;		/* (count, sentence_width): scaled, with dropout */
	InterestRowWord *words;		/* of all lines, with dropout */
	int		   *word_first;		/* (count + 1): a line's in words */
	float	   *vectors[INTEREST_MAX_VECTORS];	/* (count, width): LN(h), with dropout */
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
 * The vectors of rows, in tape->v; their texts are all projected, or none of
 * them.  dropout is NULL but in training.  The tape is made in
 * arithmetic->scratch: mark it before, return to it when done.
 */
extern void InterestRowForward(const InterestRowNetwork *network,
							   const InterestArithmetic *arithmetic,
							   int rows, const InterestRowInput *const *inputs,
							   const InterestRowDropout *dropout, InterestRowTape *tape);

/*
 * z (INTEREST_TEXT_MODALITIES, d) of a row's texts; projected has where that of
 * each modality lies, NULL of a missing one.  Given instead of the texts it
 * makes the same vector.
 */
extern void InterestRowProjectTexts(const InterestRowNetwork *network,
									const InterestArithmetic *arithmetic,
									const InterestRowTexts *texts, float *z,
									const float *projected[INTEREST_TEXT_MODALITIES]);

/*
 * Adds to gradient what v_gradient (rows, d) means for the parameters.  The rows
 * were not projected beforehand.
 */
extern void InterestRowBackward(const InterestRowNetwork *network,
								const InterestArithmetic *arithmetic,
								const InterestRowTape *tape, const float *v_gradient,
								const InterestRowNetwork *gradient);

#endif

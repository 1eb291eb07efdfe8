/*
 * tokens.h
 *	  What the tokens of a row's texts say: integrated gradients.
 *
 * Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", 2017.
 * The path leads from a text whose tokens are all the baseline's, special ones
 * and positions kept, to the real one; words, non-text and biases of the row
 * are what they are all the way, and so the norm's clip and the fusion follow
 * the path.
 */
#ifndef INTEREST_TOKENS_H
#define INTEREST_TOKENS_H

#include "core/encoder/backward.h"
#include "core/explain/split.h"

/* A row, and the direction in which its vector is asked. */
typedef struct InterestTokenCase
{
	const InterestEncoder *encoder;
	const InterestRowNetwork *network;
	const InterestRowInput *input;	/* words not projected; its sentence is not looked at */
	const double *direction;	/* (d) */
	int			length;			/* tokens, special ones included */
	const int32_t *ids;			/* (length): the first and the last one are special */
	const float *sentence;		/* (hidden): what the encoder makes of them */
	int32_t		baseline;		/* id */
} InterestTokenCase;

typedef struct InterestTokenValues
{
	double		row;			/* direction . v */
	double		baseline;		/* the same of the row with the baseline's text */
	double	   *token;			/* (length): what each adds */
	double		gap;			/* what they leave of row - baseline */
	const float *baseline_sentence; /* (hidden) */
} InterestTokenValues;

/* Arrays in the arena.  False where the encoder fails. */
extern bool InterestExplainTokens(const InterestTokenCase *what, const InterestQuadrature *quadrature,
								  InterestArena *arena, InterestTokenValues *values, InterestStatus *status);

/*
 * gradient (sentence_width) of direction . v by the encoder's vector, in the
 * arena's scratch; returns direction . v.
 */
extern double InterestSentenceGradient(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
									   const InterestRowInput *input, const double *direction, float *gradient);

#endif

/*
 * backward.h
 *	  Gradients through an encoder to the embeddings of its words.
 *
 * Everything is computed in fp32 from the values of the weights that are
 * stored, whatever their storage; activations are not narrowed.  For explaining:
 * weights have no gradients.
 */
#ifndef INTEREST_ENCODER_BACKWARD_H
#define INTEREST_ENCODER_BACKWARD_H

#include "core/encoder/encoder.h"

/* What is asked of the pooled vectors. */
typedef struct InterestEncoderObjective
{
	void	   *context;

	/* gradient (hidden) of the objective by the pooled vector (hidden) of a text. */
	void		(*gradient) (void *context, int text, const float *vector, float *gradient);
} InterestEncoderObjective;

/*
 * words (texts, length, hidden) are embeddings in place of those that token ids
 * have.  out (texts, hidden) are the pooled vectors; gradient (texts, length,
 * hidden) is the objective's by the words.  Scratch is given back; cancel checks
 * go to its host.
 */
extern void InterestEncodeBackward(const InterestEncoder *encoder, InterestArena *scratch,
								   int texts, int length, const float *words,
								   const InterestEncoderObjective *objective,
								   float *out, float *gradient);

/*
 * How much attention each token (length) of a text gets in the last layer: mean
 * over heads and over the tokens that attend; they add up to 1.
 */
extern void InterestEncodeAttention(const InterestEncoder *encoder, InterestArena *scratch, int length,
									const int32_t *ids, float *weights);

#endif

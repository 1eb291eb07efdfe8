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
 * What a way forward leaves for the way back, and room for both, of up to texts
 * texts of length tokens: some 90 kB a token of MiniLM.  Cancel checks go to the
 * arena's host.
 */
typedef struct InterestEncoderTape InterestEncoderTape;
extern InterestEncoderTape *InterestEncoderTapeMake(const InterestEncoder *encoder, InterestArena *arena,
													int texts, int length);

/*
 * words (texts, length, hidden) are embeddings in place of those that token ids
 * have; not more texts than the tape has room for.  out (texts, hidden) are the
 * pooled vectors; gradient (texts, length, hidden) is the objective's by the words.
 */
extern void InterestEncodeBackward(InterestEncoderTape *tape, int texts, const float *words,
								   const InterestEncoderObjective *objective,
								   float *out, float *gradient);

/*
 * How much attention each token (length) of a text gets in the last layer: mean
 * over heads and over the tokens that attend; they add up to 1.
 */
extern void InterestEncodeAttention(const InterestEncoder *encoder, InterestArena *scratch, int length,
									const int32_t *ids, float *weights);

#endif

/*
 * backward.h
 *	  Gradients through an encoder to the embeddings of its words, and to its
 *	  weights where these learn.
 *
 * Everything is computed in fp32 from the values of the weights that are
 * stored, whatever their storage; activations are not narrowed.  Explaining asks
 * for the words alone, fine-tuning (core/training/fine_tune.h) for weights, too.
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
 * Which weights learn, and where their gradients are added up: a tensor's lie
 * at gradient + its offset in the image of fp32 (core/encoder/weights.h) - start.
 * Those of the layers from first on learn; first is 0 where the gradient by the
 * words is asked for, and then positions, the token type and the embeddings'
 * LayerNorm learn, too.  Words do by the gradient that the way back gives.
 */
typedef struct InterestEncoderLearning
{
	int			first;
	size_t		start;
	float	   *gradient;
	InterestSgemmFunction sgemm;
} InterestEncoderLearning;

/*
 * What a way forward leaves for the way back, and room for both, of texts with
 * up to tokens tokens together and longest tokens each.  learning is NULL where
 * only words are asked for: then it is some 90 kB a token of MiniLM, and 170 kB
 * where all of it learns; layers that do not share one layer's room.  Cancel checks go to the
 * arena's host, and so does the scratch of sgemm.
 */
typedef struct InterestEncoderTape InterestEncoderTape;
extern InterestEncoderTape *InterestEncoderTapeMake(const InterestEncoder *encoder, InterestArena *arena,
													int tokens, int longest, const InterestEncoderLearning *learning);

/*
 * words (tokens, hidden) are embeddings in place of those that token ids have,
 * of texts of lengths (texts) tokens, end to end.  out (texts, hidden) are the
 * pooled vectors; gradient (tokens, hidden) is the objective's by the words, NULL
 * where they do not learn.
 */
extern void InterestEncodeBackward(InterestEncoderTape *tape, int texts, const int *lengths, const float *words,
								   const InterestEncoderObjective *objective,
								   float *out, float *gradient);

/*
 * How much attention each token (length) of a text gets in the last layer: mean
 * over heads and over the tokens that attend; they add up to 1.
 */
extern void InterestEncodeAttention(const InterestEncoder *encoder, InterestArena *scratch, int length,
									const int32_t *ids, float *weights);

#endif

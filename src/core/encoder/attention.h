/*
 * attention.h
 *	  The heads of one text: what its tokens gather from each other.
 *
 * A head's context is softmax(scale * query key') value, scale = 1 / sqrt(size).
 * Queries, keys and values of all heads lie in the rows of mixed (tokens, 3
 * hidden), contexts in rows of their own (tokens, hidden).
 */
#ifndef INTEREST_ATTENTION_H
#define INTEREST_ATTENTION_H

#include "core/kernel/kernel.h"

typedef struct InterestAttention
{
	const InterestKernel *kernel;
	const InterestHost *host;	/* of the checks for cancel */
	int			hidden;
	int			size;			/* of a head */
	int			mixed_stride;	/* in floats */
	int			context_stride;

	/* One head of one text. */
	float	   *keys;			/* panels of (tokens of the text, head size) */
	float	   *values;			/* panels of (head size, tokens of the text) */
	float	   *scores;			/* some rows by (tokens of the text) */
} InterestAttention;

/* What the way back needs besides, of one head of one text. */
typedef struct InterestAttentionGradient
{
	InterestAttention attention;
	float	   *shares;			/* (tokens, tokens): softmax */
	float	   *through;		/* (tokens, tokens): the gradient of what goes into it */
	float	   *panels;			/* of (tokens, tokens) */
	float	   *left;			/* (head size, tokens) */
	float	   *turned;			/* (head size, tokens) */
	float	   *blocks;			/* panels of (tokens, head size), or the other way round */
} InterestAttentionGradient;

/* Buffers for texts of up to longest tokens; strides are those of hidden and 3 hidden. */
extern void InterestAttentionInit(InterestAttention *attention, const InterestKernel *kernel,
								  InterestArena *arena, int hidden, int heads, int longest);
extern void InterestAttentionGradientInit(InterestAttentionGradient *gradient, const InterestKernel *kernel,
										  InterestArena *arena, int hidden, int heads, int longest);

/* The context of a text of length tokens. */
extern void InterestAttend(const InterestAttention *attention, int length, const float *mixed, float *context);

/* shares (length, length), softmax of the scores, of the head whose queries are those. */
extern int	InterestAttentionStride(int length);	/* between their rows, in floats */
extern void InterestAttentionShares(const InterestAttention *attention, int length, const float *query, float *shares);

/* The gradient by the context becomes that by mixed. */
extern void InterestAttendBackward(const InterestAttentionGradient *gradient, int length, const float *mixed,
								   const float *context_gradient, float *mixed_gradient);

#endif

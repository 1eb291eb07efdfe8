/*
 * attention.c
 *	  The heads of one text: what its tokens gather from each other.
 */
#include "core/encoder/attention.h"

#include <math.h>
#include <string.h>

/* Tokens whose scores are held at a time. */
#define QUERY_BLOCK 64

/* Scores are made of whole panels, which is quicker; what is beyond length is not read. */
static int
WholePanels(int length)
{
	return (int) InterestPanelsSize(length, 1);
}

int
InterestAttentionStride(int length)
{
	return InterestRowStride(WholePanels(length));
}

static float
ScoreScale(const InterestAttention *attention)
{
	return 1.0f / sqrtf((float) attention->size);
}

void
InterestAttentionInit(InterestAttention *attention, const InterestKernel *kernel, InterestArena *arena,
					  int hidden, int heads, int longest)
{
	int			size = hidden / heads;

	*attention = (InterestAttention) {
		.kernel = kernel, .host = arena->host, .hidden = hidden, .size = size,
		.mixed_stride = InterestRowStride(3 * hidden), .context_stride = InterestRowStride(hidden)
	};
	/* Whole panels of scores must be numbers everywhere. */
	attention->keys = InterestArenaAllocateZero(arena, sizeof(float) * InterestPanelsSize(longest, size));
	attention->values = InterestArenaArray(arena, float, InterestPanelsSize(size, longest));
	attention->scores = InterestArenaArray(arena, float, (size_t) QUERY_BLOCK * InterestAttentionStride(longest));
}

void
InterestAttentionGradientInit(InterestAttentionGradient *gradient, const InterestKernel *kernel,
							  InterestArena *arena, int hidden, int heads, int longest)
{
	int			size = hidden / heads;
	size_t		square = (size_t) longest * InterestAttentionStride(longest);
	size_t		flat = (size_t) size * InterestAttentionStride(longest);
	size_t		blocks = InterestPanelsSize(longest, size);
	size_t		turned = InterestPanelsSize(size, longest);

	InterestAttentionInit(&gradient->attention, kernel, arena, hidden, heads, longest);
	gradient->shares = InterestArenaArray(arena, float, square);
	gradient->through = InterestArenaArray(arena, float, square);
	gradient->panels = InterestArenaArray(arena, float, InterestPanelsSize(longest, longest));
	gradient->left = InterestArenaArray(arena, float, flat);
	gradient->turned = InterestArenaArray(arena, float, flat);
	gradient->blocks = InterestArenaAllocateZero(arena, sizeof(float) * (blocks > turned ? blocks : turned));
}

/* scores (rows, length) = query (rows, size) times the packed keys. */
static void
MultiplyKeys(const InterestAttention *attention, int rows, int length, const float *query, float *scores)
{
	int			stride = InterestAttentionStride(length);

	attention->kernel->product(rows, WholePanels(length), attention->size, query, attention->mixed_stride,
							   attention->keys, NULL, scores, stride);
	for (int i = 0; i < rows; i++)
		attention->kernel->softmax(length, scores + (size_t) i * stride, ScoreScale(attention));
}

void
InterestAttentionShares(const InterestAttention *attention, int length, const float *query, float *shares)
{
	InterestCheckCancel(attention->host);
	attention->kernel->pack(length, attention->size, query + attention->hidden, attention->mixed_stride, attention->keys);
	MultiplyKeys(attention, length, length, query, shares);
}

static void
AttendHead(const InterestAttention *attention, int length, const float *query, float *context)
{
	const InterestKernel *kernel = attention->kernel;
	int			size = attention->size;
	int			stride = attention->mixed_stride;

	if (length <= INTEREST_LANES)
	{
		InterestCheckCancel(attention->host);
		kernel->attend(length, size, query, query + attention->hidden, query + 2 * attention->hidden, stride,
					   ScoreScale(attention), attention->keys, context, attention->context_stride);
		return;
	}
	kernel->pack(length, size, query + attention->hidden, stride, attention->keys);
	InterestPackPanelsTransposed(size, length, query + 2 * attention->hidden, stride, attention->values);
	for (int first = 0; first < length; first += QUERY_BLOCK)
	{
		int			rows = length - first < QUERY_BLOCK ? length - first : QUERY_BLOCK;

		InterestCheckCancel(attention->host);
		MultiplyKeys(attention, rows, length, query + (size_t) first * stride, attention->scores);
		kernel->product(rows, size, length, attention->scores, InterestAttentionStride(length), attention->values, NULL,
						context + (size_t) first * attention->context_stride, attention->context_stride);
	}
}

void
InterestAttend(const InterestAttention *attention, int length, const float *mixed, float *context)
{
	for (int at = 0; at < attention->hidden; at += attention->size)
		AttendHead(attention, length, mixed + at, context + at);
}

/* --- backward --- */

/* to (columns, rows) = the transpose of from (rows, columns), by way of the panels of blocks. */
static void
Transpose(const InterestAttentionGradient *gradient, int rows, int columns, const float *from, int stride,
		  float *to, int to_stride)
{
	const float *panel = gradient->blocks;

	gradient->attention.kernel->pack(rows, columns, from, stride, gradient->blocks);
	for (int j = 0; j < rows; j += INTEREST_PANEL_WIDTH)
	{
		int			count = rows - j < INTEREST_PANEL_WIDTH ? rows - j : INTEREST_PANEL_WIDTH;

		for (int p = 0; p < columns; p++, panel += INTEREST_PANEL_WIDTH)
			memcpy(to + (size_t) p * to_stride + j, panel, sizeof(float) * (size_t) count);
	}
}

/* to (length, size) = the transpose of square (length, length) times x (length, size). */
static void
MultiplyTransposed(const InterestAttentionGradient *gradient, int length, const float *square,
				   const float *x, int x_stride, float *to, int to_stride)
{
	const InterestAttention *attention = &gradient->attention;
	int			stride = InterestAttentionStride(length);

	InterestPackPanelsTransposed(length, length, square, stride, gradient->panels);
	Transpose(gradient, length, attention->size, x, x_stride, gradient->left, stride);
	attention->kernel->product(attention->size, WholePanels(length), length, gradient->left, stride,
							   gradient->panels, NULL, gradient->turned, stride);
	Transpose(gradient, attention->size, length, gradient->turned, stride, to, to_stride);
}

/* With P the shares and C = P V: dV = P' dC, dP = dC V', and through is dS of S = Q K'. */
static void
BackwardHead(const InterestAttentionGradient *gradient, int length, const float *query,
			 const float *context_gradient, float *query_gradient)
{
	const InterestAttention *attention = &gradient->attention;
	const InterestKernel *kernel = attention->kernel;
	int			h = attention->hidden;
	int			size = attention->size;
	int			stride = attention->mixed_stride;
	int			score_stride = InterestAttentionStride(length);

	InterestAttentionShares(attention, length, query, gradient->shares);
	MultiplyTransposed(gradient, length, gradient->shares, context_gradient, attention->context_stride,
					   query_gradient + 2 * h, stride);
	kernel->pack(length, size, query + 2 * h, stride, attention->keys);
	kernel->product(length, WholePanels(length), size, context_gradient, attention->context_stride,
					attention->keys, NULL, gradient->through, score_stride);
	for (int i = 0; i < length; i++)
		kernel->softmax_gradient(length, gradient->shares + (size_t) i * score_stride, ScoreScale(attention),
								 gradient->through + (size_t) i * score_stride);
	InterestPackPanelsTransposed(size, length, query + h, stride, attention->values);
	kernel->product(length, size, length, gradient->through, score_stride, attention->values, NULL,
					query_gradient, stride);
	MultiplyTransposed(gradient, length, gradient->through, query, stride, query_gradient + h, stride);
}

void
InterestAttendBackward(const InterestAttentionGradient *gradient, int length, const float *mixed,
					   const float *context_gradient, float *mixed_gradient)
{
	for (int at = 0; at < gradient->attention.hidden; at += gradient->attention.size)
		BackwardHead(gradient, length, mixed + at, context_gradient + at, mixed_gradient + at);
}

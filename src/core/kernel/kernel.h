/*
 * kernel.h
 *	  The arithmetic of inference: one interface, one table of functions an
 *	  instruction set.
 *
 * Every kernel gives the same bits.  Two rules make that possible:
 *
 * - An element of a product starts from its bias and takes its k terms in
 *	 ascending order, each by one fused multiply-add.
 * - Every other reduction (LayerNorm, softmax, pooling, dot products) uses 16
 *	 partial sums, lane j taking the elements j, j + 16, j + 32 ..., folded in
 *	 halves: 16 -> 8 -> 4 -> 2 -> 1, lane j and lane j + half.
 *
 * So an element depends neither on the processor nor on how many rows are
 * handed over at once: a text has the same vector alone and in any batch.
 * Every kernel needs correctly rounded operations in single precision and the
 * default rounding mode, as the server runs.
 */
#ifndef INTEREST_KERNEL_H
#define INTEREST_KERNEL_H

#include "core/base/arena.h"
#include "core/kernel/storage.h"

#include <stdbool.h>

/* Columns of a panel, the unit in which weights are packed. */
#define INTEREST_PANEL_WIDTH 32

/* Partial sums of a reduction. */
#define INTEREST_LANES 16

/* Bytes in which weights lie in a panel, whatever their storage: those of a float. */
#define INTEREST_CELL_SIZE ((int) sizeof(float))

/*
 * Packed weights of bf16 or int8.  margins and offsets are NULL for bf16; their
 * rows reach to the end of the last panel.
 */
typedef struct InterestNarrowWeights
{
	const void *panels;			/* aligned to INTEREST_ALIGNMENT */
	const float *margins;		/* (INTEREST_INT8_MARGIN, n): scales, weights at the outliers */
	const int32_t *offsets;		/* (n): 128 times the sum of a column */
} InterestNarrowWeights;

/*
 * The product with narrow weights.  Its left side is narrowed first, each row by
 * itself, so that a row's result does not depend on the rows beside it.
 *
 * - bf16: rounded to nearest even, denormals to 0.  An element starts from its
 *	 bias and takes its terms in pairs of k, the second one first, each by a fused
 *	 multiply-add whose denormal operands and results are 0: what the
 *	 instruction vdpbf16ps does.
 * - int8: 127 steps of a scale on either side of 0, the largest magnitude of the
 *	 row / 127, rounded to nearest even.  An element starts from its bias and takes
 *	 the outliers' terms in ascending order, each by a fused multiply-add; then
 *	 fma(sum * scale of the row, scale of the column, what there is), where sum is
 *	 the exact sum of integers, rounded.
 */
typedef struct InterestNarrowKernel
{
	/*
	 * Bytes of a code: what this kernel makes of a number of the left side.
	 * Rows of codes are aligned to INTEREST_ALIGNMENT and have room for k
	 * rounded up to INTEREST_LANES.
	 */
	int			code_size;

	/*
	 * The codes of rows x (rows, k), stride bytes apart, and the scales of their
	 * margins (int8 only).
	 */
	void		(*narrow) (int rows, int k, const float *x, int ldx,
						   void *codes, size_t stride, float *margins);

	/*
	 * c (m, n) = the narrowed rows times the weights, plus bias (n).  stride in
	 * bytes; margins (m, INTEREST_INT8_MARGIN), of int8 only.
	 */
	void		(*product) (int m, int n, int k, const void *codes, size_t stride,
							const float *margins, const InterestNarrowWeights *weights,
							const float *bias, float *c, int ldc);
} InterestNarrowKernel;

typedef struct InterestKernel
{
	const char *name;

	/*
	 * c (m, n) = a (m, k) times the packed weights, plus bias (n) or 0 where
	 * bias is NULL.  panels as InterestPackPanels makes them, aligned to
	 * INTEREST_ALIGNMENT; lda >= k and ldc >= n are row strides in floats.
	 * Any m, n, k; c overlaps nothing.
	 */
	void		(*product) (int m, int n, int k, const float *a, int lda,
							const float *panels, const float *bias,
							float *c, int ldc);

	/*
	 * panels as InterestPackPanels makes them of w (n, k), but that behind the
	 * last column anything may lie.
	 */
	void		(*pack) (int n, int k, const float *w, int ldw, float *panels);

	/*
	 * Rows of n: x = LayerNorm(x + residual) * gain + bias, residual may be NULL.
	 * Biased variance.  Error against exact arithmetic about 1e-6 of the
	 * largest |x - mean| / deviation.
	 */
	void		(*layer_norm) (int rows, int n, float *x, int ldx,
							   const float *residual, int ld_residual,
							   const float *gain, const float *bias, float epsilon);

	/*
	 * Rows of n: gradient, by LayerNorm(x) * gain, becomes that by x.  Error about
	 * 1e-6 of the largest |gain * gradient| / deviation of its row.
	 */
	void		(*layer_norm_gradient) (int rows, int n, const float *x, int ldx,
										const float *gain, float epsilon,
										float *gradient, int ld_gradient);

	/*
	 * Activations in place.  gelu is the erf form, x * (1 + erf(x / sqrt 2)) / 2;
	 * gelu_tanh the approximation that models call gelu_new.  Error at most
	 * 3e-7 * max(1, |x|).
	 */
	void		(*gelu) (int n, float *x);
	void		(*gelu_tanh) (int n, float *x);
	void		(*relu) (int n, float *x);

	/*
	 * gelu for what int8 codes are made of next, whose steps are some hundred
	 * times its error: at most 1.7e-4 * max(1, |x|).
	 */
	void		(*gelu_coarse) (int n, float *x);

	/* gelu, and its slope at what x was; error of that at most 4e-7. */
	void		(*gelu_slope) (int n, float *x, float *slope);

	/* One row: x = softmax(scale * x).  Relative error of an element < 1e-6. */
	void		(*softmax) (int n, float *x, float scale);

	/* gradient, by p = softmax(scale * x), becomes that by x. */
	void		(*softmax_gradient) (int n, const float *p, float scale, float *gradient);

	/*
	 * A head of a text of 1 to INTEREST_LANES tokens: context (length, size) =
	 * softmax(scale * query key') value, all three (length, size) with rows stride
	 * apart.  The bits are those that packing, two products and softmax would
	 * give.  panels: room for those of (length, size).
	 */
	void		(*attend) (int length, int size, const float *query, const float *key,
						   const float *value, int stride, float scale, float *panels,
						   float *context, int context_stride);

	/* out (n) = the mean, or the largest, of the rows of x (rows, n); rows >= 1. */
	void		(*mean_rows) (int rows, int n, const float *x, int ldx, float *out);
	void		(*max_rows) (int rows, int n, const float *x, int ldx, float *out);

	/* x scaled to L2 norm 1; a norm below 1e-12 counts as 1e-12. */
	void		(*normalize) (int n, float *x);

	float		(*dot) (int n, const float *x, const float *y);

	/* y += x; y *= x; y += alpha * x by fused multiply-add; x *= alpha. */
	void		(*add) (int n, const float *x, float *y);
	void		(*multiply) (int n, const float *x, float *y);
	void		(*axpy) (int n, float alpha, const float *x, float *y);
	void		(*scale) (int n, float alpha, float *x);

	/* By storage of the weights; NULL for fp32, which product is for. */
	const InterestNarrowKernel *narrow[INTEREST_STORAGES];
} InterestKernel;

/*
 * The kernel of that name, "auto" for the best one of this processor; NULL if
 * there is none of that name or the processor (or its operating system) cannot
 * run it.
 */
extern const InterestKernel *InterestKernelChoose(const char *name);

/* All names that InterestKernelChoose knows, "auto" first, NULL at the end. */
extern const char *const *InterestKernelNames(void);

/*
 * Packed weights: panels of 32 columns, [n / 32][k][32], the last one filled up
 * with zeros, so that a kernel always reads whole panels.
 */
extern size_t InterestPanelsSize(int n, int k);	/* in floats */

/* From w (n, k), row-major with stride ldw: a linear layer's weight. */
extern void InterestPackPanels(int n, int k, const float *w, int ldw, float *panels);

/* From w (k, n), row-major with stride ldw: the same matrix transposed. */
extern void InterestPackPanelsTransposed(int n, int k, const float *w, int ldw, float *panels);

/*
 * The same for weights of any storage: cells of 4 bytes take the place of floats
 * and hold one, two or four numbers that follow each other along k,
 * [n / 32][cells of k][32], filled up with zeros.
 */
extern size_t InterestPanelsBytes(InterestStorage storage, int n, int k);

/*
 * Only the columns first to first + n - 1, from w (n, k) without gaps: several
 * layers with one input become one product.  The caller has zeroed the panels.
 */
extern void InterestPackColumns(InterestStorage storage, int first, int n, int k,
								const void *w, void *panels);

/*
 * panels of fp32 (n, k): the values that products take narrow weights for;
 * outliers are the channels of int8, or NULL.
 */
extern void InterestWidenPanels(InterestStorage storage, int n, int k,
								const InterestNarrowWeights *weights, const int32_t *outliers,
								float *panels);

/* The panels of the matrix (k, n) from those of (n, k); behind the last column anything may lie. */
extern void InterestTransposePanels(const InterestKernel *kernel, int n, int k,
									const float *panels, float *transposed);

/*
 * A row stride for n floats.  Strides of a large power of two map the rows of a
 * tile to the same sets of the first-level cache, so one more cache line.
 */
static inline int
InterestRowStride(int n)
{
	const int	line = INTEREST_ALIGNMENT / (int) sizeof(float);

	return (n + line - 1) / line * line + line;
}

/* The offsets of int8 weights w (n, k). */
extern void InterestPackOffsets(int n, int k, const int8_t *w, int32_t *offsets);

/*
 * c (m, n) = alpha * op(a) (m, k) * op(b) (k, n) + beta * c, row-major with row
 * strides lda, ldb, ldc; op transposes where its flag is set.  c is not read
 * where beta is 0.  Training is given a function of this type.
 */
typedef void (*InterestSgemmFunction) (bool transpose_a, bool transpose_b,
									   int m, int n, int k, float alpha,
									   const float *a, int lda,
									   const float *b, int ldb,
									   float beta, float *c, int ldc,
									   InterestArena *scratch);

/* The one made of our own kernels: packs both sides, then the best product. */
extern void InterestSgemm(bool transpose_a, bool transpose_b,
						  int m, int n, int k, float alpha,
						  const float *a, int lda,
						  const float *b, int ldb,
						  float beta, float *c, int ldc,
						  InterestArena *scratch);

#endif

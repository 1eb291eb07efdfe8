/*
 * sgemm.c
 *	  The general matrix product, made of the packed one.
 *
 * The right side is packed into panels, the left side (only when transposed)
 * copied row by row; a block of rows is multiplied at a time.
 */
#include "core/kernel/kernel.h"

/* Rows of the left side that are multiplied at a time. */
#define BLOCK_ROWS 96

/* to (rows, k) = rows from first on of the transpose of a (k, m). */
static void
CopyTransposed(int rows, int k, const float *a, int lda, int first, float *to)
{
	for (int p = 0; p < k; p++)
		for (int i = 0; i < rows; i++)
			to[(size_t) i * k + p] = a[(size_t) p * lda + first + i];
}

/* c = alpha * product + beta * c, c not read where beta is 0. */
static void
Combine(int rows, int n, float alpha, const float *product, float beta, float *c, int ldc)
{
	for (int i = 0; i < rows; i++, product += n, c += ldc)
		for (int j = 0; j < n; j++)
			c[j] = beta == 0.0f ? alpha * product[j] : alpha * product[j] + beta * c[j];
}

void
InterestSgemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha,
			  const float *a, int lda, const float *b, int ldb,
			  float beta, float *c, int ldc, InterestArena *scratch)
{
	const InterestKernel *kernel = InterestKernelChoose("auto");
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			block = m < BLOCK_ROWS ? m : BLOCK_ROWS;
	float	   *panels = InterestArenaArray(scratch, float, InterestPanelsSize(n, k));
	float	   *product = InterestArenaArray(scratch, float, (size_t) block * n);
	float	   *left = NULL;	/* (block, k) */

	if (transpose_a)
		left = InterestArenaArray(scratch, float, (size_t) block * k);
	if (transpose_b)
		InterestPackPanels(n, k, b, ldb, panels);
	else
		InterestPackPanelsTransposed(n, k, b, ldb, panels);
	for (int from = 0; from < m; from += block)
	{
		int			rows = m - from < block ? m - from : block;
		float	   *result = c + (size_t) from * ldc;

		if (transpose_a)
			CopyTransposed(rows, k, a, lda, from, left);
		kernel->product(rows, n, k,
						transpose_a ? left : a + (size_t) from * lda,
						transpose_a ? k : lda,
						panels, NULL, product, n);
		Combine(rows, n, alpha, product, beta, result, ldc);
	}
	InterestArenaReturnTo(scratch, mark);
}

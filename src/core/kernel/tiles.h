/*
 * tiles.h
 *	  What the products of the vector kernels share: writing out tiles row by
 *	  row, and the loop over slabs, panels and the last panel.
 *
 * A tile of a height is a function of its own, written out by macros: neither
 * compiler keeps an array of sums in registers reliably.  A kernel's file
 * defines MOST_ROWS, the height of its highest tile, includes this file, and
 * defines MultiplyPanel.
 */
#define ROWS_1(X) X(0)
#define ROWS_2(X) ROWS_1(X) X(1)
#define ROWS_3(X) ROWS_2(X) X(2)
#define ROWS_4(X) ROWS_3(X) X(3)
#define ROWS_5(X) ROWS_4(X) X(4)
#define ROWS_6(X) ROWS_5(X) X(5)
#define ROWS_7(X) ROWS_6(X) X(6)
#define ROWS_8(X) ROWS_7(X) X(7)
#define ROWS_9(X) ROWS_8(X) X(8)
#define ROWS_10(X) ROWS_9(X) X(9)
#define ROWS_11(X) ROWS_10(X) X(10)
#define ROWS_12(X) ROWS_11(X) X(11)
#define ROWS_13(X) ROWS_12(X) X(12)
#define ROWS_14(X) ROWS_13(X) X(13)

#define ROW_POINTER(i) const float *a##i = a + i * lda;

/*
 * Weights go by once and come from memory when few rows need them.  16 kB ahead
 * took a third off the time of texts of 8 and 16 tokens and cost nothing
 * elsewhere; 2 kB a quarter.
 */
#define PREFETCH(weights) _mm_prefetch((const char *) (weights) + 16384, _MM_HINT_T0);

/* A tile: rows by the panel's columns (or some of them). */
typedef void (*TileFunction) (int k, const float *a, size_t lda,
							  const float *weights, const float *bias,
							  float *c, size_t ldc);

/* m rows by one whole panel. */
static void MultiplyPanel(int m, int k, const float *a, size_t lda,
						  const float *weights, const float *bias, float *c, size_t ldc);

/* Rows are split into blocks of nearly equal height; the end of block b. */
static inline int
BlockEnd(int m, int blocks, int b)
{
	return (int) ((int64_t) m * (b + 1) / blocks);
}

/* The last panel when it is not full: by way of a buffer of whole width. */
static void
MultiplyLastPanel(int m, int columns, int k, const float *a, size_t lda,
				  const float *weights, const float *bias, float *c, size_t ldc)
{
	float		whole_bias[INTEREST_PANEL_WIDTH] = {0};
	float		block[MOST_ROWS * INTEREST_PANEL_WIDTH];

	memcpy(whole_bias, bias, sizeof(float) * (size_t) columns);
	for (int from = 0; from < m; from += MOST_ROWS)
	{
		int			rows = m - from < MOST_ROWS ? m - from : MOST_ROWS;

		MultiplyPanel(rows, k, a + from * lda, lda, weights, whole_bias,
					  block, INTEREST_PANEL_WIDTH);
		for (int i = 0; i < rows; i++)
			memcpy(c + (from + i) * ldc, block + i * INTEREST_PANEL_WIDTH,
				   sizeof(float) * (size_t) columns);
	}
}

/* Floats of the left side that stay in the second-level cache: 256 kB. */
#define SLAB_FLOATS 65536

static void
Product(int m, int n, int k, const float *a, int lda,
		const float *panels, const float *bias, float *c, int ldc)
{
	static const float zeros[INTEREST_PANEL_WIDTH];
	int			slab = k > SLAB_FLOATS / MOST_ROWS ? MOST_ROWS : SLAB_FLOATS / (k + 1) + 1;

	for (int from = 0; from < m; from += slab)
	{
		int			rows = m - from < slab ? m - from : slab;
		const float *left = a + (size_t) from * lda;
		float	   *result = c + (size_t) from * ldc;
		const float *weights = panels;

		for (int j = 0; j < n; j += INTEREST_PANEL_WIDTH, weights += (size_t) k * INTEREST_PANEL_WIDTH)
		{
			const float *start = bias ? bias + j : zeros;

			if (n - j >= INTEREST_PANEL_WIDTH)
				MultiplyPanel(rows, k, left, lda, weights, start, result + j, ldc);
			else
				MultiplyLastPanel(rows, n - j, k, left, lda, weights, start, result + j, ldc);
		}
	}
}

/*
 * tiles.h
 *	  What the products of the vector kernels share: writing out tiles row by
 *	  row, and the loop over slabs, panels and the last panel.
 *
 * Whatever the storage, weights come in cells of 4 bytes, 32 of them a step, and
 * a step meets the same number of bytes of each row.
 *
 * A tile of a height is a function of its own, written out by macros: neither
 * compiler keeps an array of sums in registers reliably.  A kernel's file
 * defines MOST_ROWS, the height of its highest tile, and LEFT_STEP, the bytes of
 * a row in a step, includes this file, and defines MultiplyPanel.
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

#define ROW_POINTER(i) const char *a##i = a + i * stride;

/* Bytes of weights in a step. */
#define STEP_BYTES (INTEREST_PANEL_WIDTH * INTEREST_CELL_SIZE)

/*
 * Weights go by once and come from memory when few rows need them.  So the
 * second-level cache fetches them 16 kB ahead, and the first-level one, which
 * could not hold that much beside the left side, takes them from there just in
 * time.  All 16 kB in the first level cost texts of 8 and 16 tokens up to 13 % of
 * their time in int8 and 23 % in bf16.
 */
#define PREFETCH(weights) \
	__builtin_prefetch((weights) + 512); \
	__builtin_prefetch((weights) + 16384, 0, 2);

/* A tile: rows by the panel's columns (or some of them). */
typedef void (*TileFunction) (int steps, const char *a, size_t stride,
							  const char *weights, const Frame *frame,
							  float *c, size_t ldc);

/* m rows by one whole panel. */
static void MultiplyPanel(int m, int steps, const char *a, size_t stride,
						  const char *weights, const Frame *frame, float *c, size_t ldc);

/* The frame of a tile that begins at that row and column of another. */
static inline Frame
FrameAt(const Frame *frame, int row, int column)
{
	Frame		part = *frame;

	part.bias += column;
	if (part.column_margins)
	{
		part.offsets += column;
		part.column_margins += column;
		part.row_margins += row * INTEREST_INT8_MARGIN;
	}
	return part;
}

/* Rows are split into blocks of nearly equal height; the end of block b. */
static inline int
BlockEnd(int m, int blocks, int b)
{
	return (int) ((int64_t) m * (b + 1) / blocks);
}

/* The last panel when it is not full: by way of a buffer of whole width. */
static void
MultiplyLastPanel(int m, int columns, int steps, const char *a, size_t stride,
				  const char *weights, const Frame *frame, float *c, size_t ldc)
{
	float		whole_bias[INTEREST_PANEL_WIDTH] = {0};
	float		block[MOST_ROWS * INTEREST_PANEL_WIDTH];

	memcpy(whole_bias, frame->bias, sizeof(float) * (size_t) columns);
	for (int from = 0; from < m; from += MOST_ROWS)
	{
		int			rows = m - from < MOST_ROWS ? m - from : MOST_ROWS;
		Frame		part = FrameAt(frame, from, 0);

		part.bias = whole_bias;
		MultiplyPanel(rows, steps, a + from * stride, stride, weights, &part,
					  block, INTEREST_PANEL_WIDTH);
		for (int i = 0; i < rows; i++)
			memcpy(c + (from + i) * ldc, block + i * INTEREST_PANEL_WIDTH,
				   sizeof(float) * (size_t) columns);
	}
}

/*
 * What the sums of the next panel need besides its weights and comes from memory
 * as they do; a bias alone (fp32, bf16) comes in time by itself.
 */
static inline void
PrefetchMargins(const Frame *frame)
{
	for (int column = INTEREST_PANEL_WIDTH; column < 2 * INTEREST_PANEL_WIDTH; column += INTEREST_LANES)
	{
		__builtin_prefetch(frame->bias + column);
		__builtin_prefetch(frame->offsets + column);
		for (int i = 0; i < INTEREST_INT8_MARGIN; i++)
			__builtin_prefetch(frame->column_margins + i * frame->width + column);
	}
}

/* Bytes of the left side that stay in the second-level cache. */
#define SLAB_BYTES (256 * 1024)

/* c (m, n) = a times the weights in panels; frame.bias may be NULL, for zeros. */
static void
MultiplyPanels(int m, int n, int steps, const char *a, size_t stride,
			   const char *panels, const Frame *frame, float *c, size_t ldc)
{
	static const float zeros[INTEREST_PANEL_WIDTH];
	int			row_bytes = steps * LEFT_STEP;
	int			slab = row_bytes > SLAB_BYTES / MOST_ROWS ? MOST_ROWS : SLAB_BYTES / (row_bytes + 1) + 1;

	for (int from = 0; from < m; from += slab)
	{
		int			rows = m - from < slab ? m - from : slab;
		const char *left = a + from * stride;
		float	   *result = c + from * ldc;
		const char *weights = panels;

		for (int j = 0; j < n; j += INTEREST_PANEL_WIDTH, weights += (size_t) steps * STEP_BYTES)
		{
			Frame		part = FrameAt(frame, from, frame->bias ? j : 0);

			if (frame->bias == NULL)
				part.bias = zeros;
			if (frame->column_margins && n - j > INTEREST_PANEL_WIDTH)
				PrefetchMargins(&part);
			if (n - j >= INTEREST_PANEL_WIDTH)
				MultiplyPanel(rows, steps, left, stride, weights, &part, result + j, ldc);
			else
				MultiplyLastPanel(rows, n - j, steps, left, stride, weights, &part, result + j, ldc);
		}
	}
}

/* The products of the kernels of fp32 and of int8. */
static inline void
ProductFp32(int m, int n, int k, const float *a, int lda,
			const float *panels, const float *bias, float *c, int ldc)
{
	Frame		frame = {.bias = bias};

	MultiplyPanels(m, n, k, (const char *) a, sizeof(float) * (size_t) lda,
				   (const char *) panels, &frame, c, (size_t) ldc);
}

static inline void
ProductInt8(int m, int n, int k, const void *codes, size_t stride, const float *margins,
			const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	Frame		frame = {bias, weights->offsets, weights->margins, InterestPanelsSize(n, 1), margins};

	MultiplyPanels(m, n, (k + 3) / 4, codes, stride, weights->panels, &frame, c, (size_t) ldc);
}

/*
 * tiles256.h
 *	  Tiles of AVX2 and NEON: up to 6 rows by 16 columns, half a panel (12 sums,
 *	  2 registers of weights, 1 of the left side), or up to 3 rows by the whole
 *	  panel.  A register of AVX2 is two of NEON, which has twice as many.
 *
 * A kernel's file defines what tiles512.h asks for, for 8 cells and 8 columns,
 * and StoreEight, for what its SumsFinish returns.
 */
#define MOST_ROWS 6
#define FIRST_HALF_TILE 4

#include "core/kernel/tiles.h"

/* Bytes of 8 cells. */
#define CELLS_BYTES 32

#define HALF_START(i) \
	Sums		low_sum##i = low_start; \
	Sums		high_sum##i = high_start;
#define HALF_STEP(i) \
	left = RepeatCell(a##i + p); \
	MULTIPLY_ADD(low_sum##i, left, low); \
	MULTIPLY_ADD(high_sum##i, left, high);
#define HALF_STORE(i) \
	StoreEight(c + i * ldc, SumsFinish(low_sum##i, LoadColumns(frame, 0), margins + i * INTEREST_INT8_MARGIN)); \
	StoreEight(c + i * ldc + 8, SumsFinish(high_sum##i, LoadColumns(frame, 8), margins + i * INTEREST_INT8_MARGIN));

#define HALF_TILE(rows) \
KERNEL_TARGET static void \
HalfTile##rows(int steps, const char *a, size_t stride, \
			   const char *weights, const Frame *frame, float *c, size_t ldc) \
{ \
	Sums		low_start = SumsStart(LoadColumns(frame, 0)); \
	Sums		high_start = SumsStart(LoadColumns(frame, 8)); \
	const float *margins = frame->row_margins; \
	size_t		end = (size_t) steps * LEFT_STEP; \
	Cells		low; \
	Cells		high; \
	Cells		left; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(HALF_START) \
\
	for (size_t p = 0; p < end; p += LEFT_STEP, weights += STEP_BYTES) \
	{ \
		PREFETCH(weights) \
		low = LoadCells(weights); \
		high = LoadCells(weights + CELLS_BYTES); \
		ROWS_##rows(HALF_STEP) \
	} \
	ROWS_##rows(HALF_STORE) \
}

HALF_TILE(4)
HALF_TILE(5)
HALF_TILE(6)

#define WHOLE_START(i) \
	Sums		first##i = SumsStart(LoadColumns(frame, 0)); \
	Sums		second##i = SumsStart(LoadColumns(frame, 8)); \
	Sums		third##i = SumsStart(LoadColumns(frame, 16)); \
	Sums		fourth##i = SumsStart(LoadColumns(frame, 24)); \
	Cells		left##i;
#define WHOLE_LEFT(i) left##i = RepeatCell(a##i + p);
#define WHOLE_STEP(i) \
	MULTIPLY_ADD(first##i, left##i, LoadCells(weights)); \
	MULTIPLY_ADD(second##i, left##i, LoadCells(weights + CELLS_BYTES)); \
	MULTIPLY_ADD(third##i, left##i, LoadCells(weights + 2 * CELLS_BYTES)); \
	MULTIPLY_ADD(fourth##i, left##i, LoadCells(weights + 3 * CELLS_BYTES));
#define WHOLE_STORE(i) \
	StoreEight(c + i * ldc, SumsFinish(first##i, LoadColumns(frame, 0), margins + i * INTEREST_INT8_MARGIN)); \
	StoreEight(c + i * ldc + 8, SumsFinish(second##i, LoadColumns(frame, 8), margins + i * INTEREST_INT8_MARGIN)); \
	StoreEight(c + i * ldc + 16, SumsFinish(third##i, LoadColumns(frame, 16), margins + i * INTEREST_INT8_MARGIN)); \
	StoreEight(c + i * ldc + 24, SumsFinish(fourth##i, LoadColumns(frame, 24), margins + i * INTEREST_INT8_MARGIN));

#define WHOLE_TILE(rows) \
KERNEL_TARGET static void \
WholeTile##rows(int steps, const char *a, size_t stride, \
				const char *weights, const Frame *frame, float *c, size_t ldc) \
{ \
	const float *margins = frame->row_margins; \
	size_t		end = (size_t) steps * LEFT_STEP; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(WHOLE_START) \
\
	for (size_t p = 0; p < end; p += LEFT_STEP, weights += STEP_BYTES) \
	{ \
		PREFETCH(weights) \
		PREFETCH(weights + STEP_BYTES / 2) \
		ROWS_##rows(WHOLE_LEFT) \
		ROWS_##rows(WHOLE_STEP) \
	} \
	ROWS_##rows(WHOLE_STORE) \
}

WHOLE_TILE(1)
WHOLE_TILE(2)
WHOLE_TILE(3)

static const TileFunction tiles[MOST_ROWS + 1] =
{
	NULL, WholeTile1, WholeTile2, WholeTile3, HalfTile4, HalfTile5, HalfTile6
};

/*
 * One half of the panel serves all blocks of rows before the other, so that it
 * stays in the first-level cache.
 */
static void
MultiplyPanel(int m, int steps, const char *a, size_t stride,
			  const char *weights, const Frame *frame, float *c, size_t ldc)
{
	int			blocks = (m + MOST_ROWS - 1) / MOST_ROWS;

	for (int half = 0; half < INTEREST_PANEL_WIDTH; half += INTEREST_LANES)
		for (int b = 0, from = 0; b < blocks; b++)
		{
			int			rows = BlockEnd(m, blocks, b) - from;
			Frame		part = FrameAt(frame, from, half);

			/* The lower tiles take both halves at once. */
			if (rows >= FIRST_HALF_TILE || half == 0)
				tiles[rows] (steps, a + from * stride, stride, weights + half * INTEREST_CELL_SIZE,
							 &part, c + from * ldc + half, ldc);
			from += rows;
		}
}

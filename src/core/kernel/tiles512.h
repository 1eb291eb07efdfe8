/*
 * tiles512.h
 *	  Tiles of AVX-512: up to 11 rows by the whole panel, which are 22 sums, 2
 *	  registers of weights and 1 of the left side.
 *
 * 16 sums keep two units busy, so many rows are split into tiles of about 8.  On
 * Zen 4 those of 12 rows reached 93 % of the peak where lower ones reach 97 %, and
 * batches in tiles of 13 took 1 to 3 % longer.
 *
 * A kernel's file defines Cells and Sums, the types of 16 cells and of 16 sums;
 * LoadCells and RepeatCell; Columns, what it needs of 16 columns of a frame, and
 * LoadColumns(frame, column); SumsStart(columns) and SumsFinish(sums, columns,
 * margin of the row); MULTIPLY_ADD(sums, left, weights); KERNEL_TARGET and
 * LEFT_STEP.
 */
#define MOST_ROWS 11
#define USUAL_ROWS 8

#include "core/kernel/tiles.h"

#define TILE_START(i) \
	Sums		low_sum##i = low_start; \
	Sums		high_sum##i = high_start;
#define TILE_STEP(i) \
	left = RepeatCell(a##i + p); \
	MULTIPLY_ADD(low_sum##i, left, low); \
	MULTIPLY_ADD(high_sum##i, left, high);
#define TILE_STORE_LOW(i) \
	_mm512_storeu_ps(c + i * ldc, SumsFinish(low_sum##i, columns, margins + i * INTEREST_INT8_MARGIN));
#define TILE_STORE_HIGH(i) \
	_mm512_storeu_ps(c + i * ldc + INTEREST_LANES, \
					 SumsFinish(high_sum##i, columns, margins + i * INTEREST_INT8_MARGIN));

#define TILE(rows) \
KERNEL_TARGET static void \
Tile##rows(int steps, const char *a, size_t stride, \
		   const char *weights, const Frame *frame, float *c, size_t ldc) \
{ \
	Sums		low_start = SumsStart(LoadColumns(frame, 0)); \
	Sums		high_start = SumsStart(LoadColumns(frame, INTEREST_LANES)); \
	const float *margins = frame->row_margins; \
	Columns		columns; \
	size_t		end = (size_t) steps * LEFT_STEP; \
	Cells		low; \
	Cells		high; \
	Cells		left; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(TILE_START) \
\
	for (size_t p = 0; p < end; p += LEFT_STEP, weights += STEP_BYTES) \
	{ \
		PREFETCH(weights) \
		PREFETCH(weights + STEP_BYTES / 2) \
		low = LoadCells(weights); \
		high = LoadCells(weights + STEP_BYTES / 2); \
		ROWS_##rows(TILE_STEP) \
	} \
	columns = LoadColumns(frame, 0); \
	ROWS_##rows(TILE_STORE_LOW) \
	columns = LoadColumns(frame, INTEREST_LANES); \
	ROWS_##rows(TILE_STORE_HIGH) \
}

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)

static const TileFunction tiles[MOST_ROWS + 1] =
{
	NULL, Tile1, Tile2, Tile3, Tile4, Tile5, Tile6, Tile7,
	Tile8, Tile9, Tile10, Tile11
};

static void
MultiplyPanel(int m, int steps, const char *a, size_t stride,
			  const char *weights, const Frame *frame, float *c, size_t ldc)
{
	int			blocks = m <= USUAL_ROWS ? 1 : (m + USUAL_ROWS / 2) / USUAL_ROWS;

	if (blocks == 1)
	{
		tiles[m] (steps, a, stride, weights, frame, c, ldc);
		return;
	}
	for (int b = 0, from = 0; b < blocks; b++)
	{
		int			rows = BlockEnd(m, blocks, b) - from;
		Frame		part = FrameAt(frame, from, 0);

		tiles[rows] (steps, a + from * stride, stride, weights, &part, c + from * ldc, ldc);
		from += rows;
	}
}

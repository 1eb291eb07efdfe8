/*
 * avx2_int8.c
 *	  The int8 product of x86-64 processors with AVX2.
 *
 * vpmaddubsw, which multiplies bytes, saturates; so bytes are widened to 16 bits
 * first, weights when they are read and codes once.  vpmaddwd then adds products
 * in pairs: a column has two sums, of the first and of the second half of its
 * cells.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <float.h>
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avx2,fma")))

#include "core/kernel/narrow256.h"

/*
 * Tiles of up to 4 rows by 8 columns, a quarter of a panel: 8 sums, 4 registers
 * of the left side, 1 of weights, 1 of products.
 */
#define MOST_ROWS 4
#define TILE_COLUMNS 8
#define LEFT_STEP (4 * sizeof(int16_t))

#include "core/kernel/tiles.h"

#define TILE_START(i) \
	__m256i		low##i = _mm256_setzero_si256(); \
	__m256i		high##i = _mm256_setzero_si256(); \
	__m256i		left##i;
#define TILE_LEFT(i) left##i = _mm256_castpd_si256(_mm256_broadcast_sd((const double *) (a##i + p)));
#define TILE_LOW(i) low##i = _mm256_add_epi32(low##i, _mm256_madd_epi16(left##i, cells));
#define TILE_HIGH(i) high##i = _mm256_add_epi32(high##i, _mm256_madd_epi16(left##i, cells));
#define TILE_STORE(i) _mm256_storeu_ps(c + i * ldc, SumsFinish(low##i, high##i, frame, i));

KERNEL_TARGET InterestForceInline __m256i
LoadFour(const char *cells)
{
	return _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *) cells));
}

KERNEL_TARGET InterestForceInline __m256
SumsFinish(__m256i low, __m256i high, const Frame *frame, int row)
{
	/* Columns 0, 1, 4, 5 and 2, 3, 6, 7 */
	__m256i		sums = _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), _MM_SHUFFLE(3, 1, 2, 0));
	const float *row_margin = frame->row_margins + row * INTEREST_INT8_MARGIN;
	const float *margin = frame->column_margins;
	__m256		value = _mm256_loadu_ps(frame->bias);

	for (int i = 1; i < INTEREST_INT8_MARGIN; i++)
		value = _mm256_fmadd_ps(_mm256_set1_ps(row_margin[i]),
							   _mm256_loadu_ps(margin + i * frame->width), value);
	return _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(row_margin[0])),
						   _mm256_loadu_ps(margin), value);
}

#define TILE(rows) \
KERNEL_TARGET static void \
Tile##rows(int steps, const char *a, size_t stride, \
		   const char *weights, const Frame *frame, float *c, size_t ldc) \
{ \
	size_t		end = (size_t) steps * LEFT_STEP; \
	__m256i		cells; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(TILE_START) \
\
	for (size_t p = 0; p < end; p += LEFT_STEP, weights += STEP_BYTES) \
	{ \
		PREFETCH(weights) \
		ROWS_##rows(TILE_LEFT) \
		cells = LoadFour(weights); \
		ROWS_##rows(TILE_LOW) \
		cells = LoadFour(weights + 4 * INTEREST_CELL_SIZE); \
		ROWS_##rows(TILE_HIGH) \
	} \
	ROWS_##rows(TILE_STORE) \
}

TILE(1)
TILE(2)
TILE(3)
TILE(4)

static const TileFunction tiles[MOST_ROWS + 1] = {NULL, Tile1, Tile2, Tile3, Tile4};

static void
MultiplyPanel(int m, int steps, const char *a, size_t stride,
			  const char *weights, const Frame *frame, float *c, size_t ldc)
{
	int			blocks = (m + MOST_ROWS - 1) / MOST_ROWS;

	for (int column = 0; column < INTEREST_PANEL_WIDTH; column += TILE_COLUMNS)
		for (int b = 0, from = 0; b < blocks; b++)
		{
			int			rows = BlockEnd(m, blocks, b) - from;
			Frame		part = FrameAt(frame, from, column);

			tiles[rows] (steps, a + from * stride, stride, weights + column * INTEREST_CELL_SIZE,
						 &part, c + from * ldc + column, ldc);
			from += rows;
		}
}

KERNEL_TARGET static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
	{
		__m256		factor = Int8Factor(k, x, margins + i * INTEREST_INT8_MARGIN);

		for (int p = 0; p < k; p += INTEREST_LANES)
			_mm256_store_si256((__m256i *) ((int16_t *) codes + p), Int8Steps(x + p, k - p, factor));
	}
}

const InterestNarrowKernel InterestInt8Avx2 = {
	.code_size = sizeof(int16_t),
	.narrow = Narrow,
	.product = ProductInt8
};

#endif							/* __x86_64__ */

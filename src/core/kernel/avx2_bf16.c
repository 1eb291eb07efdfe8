/*
 * avx2_bf16.c
 *	  The bf16 product of x86-64 processors with AVX2, made of fp32 arithmetic.
 *
 * A bf16 is the upper half of a float.  What the instruction of other
 * processors does with denormals, MXCSR makes the processor do here.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avx2,fma")))

/* Codes are floats, two a step; tiles are up to 6 rows by half a panel. */
#define MOST_ROWS 6
#define LEFT_STEP (2 * sizeof(float))

#include "core/kernel/tiles.h"

/* Denormal results are 0, denormal operands are 0. */
#define MXCSR_FLUSH 0x8040u

#define TILE_START(i) \
	__m256		low_sum##i = _mm256_loadu_ps(frame->bias); \
	__m256		high_sum##i = _mm256_loadu_ps(frame->bias + 8);
#define TILE_STEP(i, which) \
	left = _mm256_broadcast_ss((const float *) (a##i + p) + which); \
	low_sum##i = _mm256_fmadd_ps(left, low, low_sum##i); \
	high_sum##i = _mm256_fmadd_ps(left, high, high_sum##i);
#define TILE_SECOND(i) TILE_STEP(i, 1)
#define TILE_FIRST(i) TILE_STEP(i, 0)
#define TILE_STORE(i) \
	_mm256_storeu_ps(c + i * ldc, low_sum##i); \
	_mm256_storeu_ps(c + i * ldc + 8, high_sum##i);

KERNEL_TARGET InterestForceInline __m256
LoadSecond(const char *cells)
{
	return _mm256_castsi256_ps(_mm256_and_si256(_mm256_load_si256((const __m256i *) cells),
												_mm256_set1_epi32((int) 0xffff0000)));
}

KERNEL_TARGET InterestForceInline __m256
LoadFirst(const char *cells)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_load_si256((const __m256i *) cells), 16));
}

#define TILE(rows) \
KERNEL_TARGET static void \
Tile##rows(int steps, const char *a, size_t stride, \
		   const char *weights, const Frame *frame, float *c, size_t ldc) \
{ \
	size_t		end = (size_t) steps * LEFT_STEP; \
	__m256		low; \
	__m256		high; \
	__m256		left; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(TILE_START) \
\
	for (size_t p = 0; p < end; p += LEFT_STEP, weights += STEP_BYTES) \
	{ \
		PREFETCH(weights) \
		low = LoadSecond(weights); \
		high = LoadSecond(weights + 8 * INTEREST_CELL_SIZE); \
		ROWS_##rows(TILE_SECOND) \
		low = LoadFirst(weights); \
		high = LoadFirst(weights + 8 * INTEREST_CELL_SIZE); \
		ROWS_##rows(TILE_FIRST) \
	} \
	ROWS_##rows(TILE_STORE) \
}

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

static const TileFunction tiles[MOST_ROWS + 1] = {NULL, Tile1, Tile2, Tile3, Tile4, Tile5, Tile6};

/* One half of the panel after the other, as tiles256.h says. */
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

			tiles[rows] (steps, a + from * stride, stride, weights + half * INTEREST_CELL_SIZE,
						 &part, c + from * ldc + half, ldc);
			from += rows;
		}
}

/* The number behind an odd row's end is 0. */
static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
		for (int p = 0; p < k; p += INTEREST_LANES)
		{
			int			count = k - p < INTEREST_LANES ? k - p : INTEREST_LANES;
			uint16_t	narrow[INTEREST_LANES] = {0};

			InterestToBf16((size_t) count, x + p, narrow);
			InterestFromBf16(INTEREST_LANES, narrow, (float *) codes + p);
		}
}

static void
Product(int m, int n, int k, const void *codes, size_t stride, const float *margins,
		const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	Frame		frame = {.bias = bias};
	unsigned int mode = _mm_getcsr();

	_mm_setcsr(mode | MXCSR_FLUSH);
	MultiplyPanels(m, n, (k + 1) / 2, codes, stride, weights->panels, &frame, c, (size_t) ldc);
	_mm_setcsr(mode);
}

const InterestNarrowKernel InterestBf16Avx2 = {
	.code_size = sizeof(float),
	.narrow = Narrow,
	.product = Product
};

#endif							/* __x86_64__ */

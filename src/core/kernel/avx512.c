/*
 * avx512.c
 *	  The kernel for x86-64 processors with AVX-512: 16 lanes are one register.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avx512f,avx2,fma")))

typedef __m512 Lanes;

#define LANES_OPERATION(name, instruction) \
KERNEL_TARGET InterestForceInline Lanes \
name(Lanes a, Lanes b) \
{ \
	return instruction(a, b); \
}

LANES_OPERATION(LanesAdd, _mm512_add_ps)
LANES_OPERATION(LanesSubtract, _mm512_sub_ps)
LANES_OPERATION(LanesMultiply, _mm512_mul_ps)
LANES_OPERATION(LanesDivide, _mm512_div_ps)
LANES_OPERATION(LanesMax, _mm512_max_ps)
LANES_OPERATION(LanesMin, _mm512_min_ps)

KERNEL_TARGET InterestForceInline Lanes
LanesSet(float value)
{
	return _mm512_set1_ps(value);
}

KERNEL_TARGET InterestForceInline Lanes
LanesFma(Lanes a, Lanes b, Lanes c)
{
	return _mm512_fmadd_ps(a, b, c);
}

KERNEL_TARGET InterestForceInline Lanes
LanesLoad(const float *x)
{
	return _mm512_loadu_ps(x);
}

KERNEL_TARGET InterestForceInline void
LanesStore(float *x, Lanes value)
{
	_mm512_storeu_ps(x, value);
}

/* The first count lanes. */
KERNEL_TARGET InterestForceInline __mmask16
LanesMask(int count)
{
	return (__mmask16) ((1u << count) - 1);
}

KERNEL_TARGET InterestForceInline Lanes
LanesLoadPart(const float *x, int count)
{
	return _mm512_maskz_loadu_ps(LanesMask(count), x);
}

KERNEL_TARGET InterestForceInline void
LanesStorePart(float *x, int count, Lanes value)
{
	_mm512_mask_storeu_ps(x, LanesMask(count), value);
}

/* The first count lanes of a, the others of b. */
KERNEL_TARGET InterestForceInline Lanes
LanesSelect(int count, Lanes a, Lanes b)
{
	return _mm512_mask_blend_ps(LanesMask(count), b, a);
}

/* a * 2^n, n an integer in the low bits of shifted. */
KERNEL_TARGET InterestForceInline Lanes
LanesTimesPower(Lanes a, Lanes shifted)
{
	__m512i		power = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);

	return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), power));
}

#define LANES_FOLD(name, wide, narrow, scalar) \
KERNEL_TARGET InterestForceInline float \
name(Lanes a) \
{ \
	__m256		upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1)); \
	__m256		eight = wide(_mm512_castps512_ps256(a), upper); \
	__m128		four = narrow(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)); \
	__m128		two = narrow(four, _mm_movehl_ps(four, four)); \
\
	return _mm_cvtss_f32(scalar(two, _mm_movehdup_ps(two))); \
}

LANES_FOLD(LanesFold, _mm256_add_ps, _mm_add_ps, _mm_add_ss)
LANES_FOLD(LanesFoldMax, _mm256_max_ps, _mm_max_ps, _mm_max_ss)

/*
 * The product works on tiles of up to 14 rows by the whole panel: 28 sums, 2
 * registers of weights, 1 of the left side.
 */
#define MOST_ROWS 14

#include "core/kernel/tiles.h"

#define TILE_START(i) \
	__m512		low##i = low; \
	__m512		high##i = high;
#define TILE_STEP(i) \
	left = _mm512_set1_ps(a##i[p]); \
	low##i = _mm512_fmadd_ps(left, low, low##i); \
	high##i = _mm512_fmadd_ps(left, high, high##i);
#define TILE_STORE(i) \
	_mm512_storeu_ps(c + i * ldc, low##i); \
	_mm512_storeu_ps(c + i * ldc + INTEREST_LANES, high##i);

#define TILE(rows) \
KERNEL_TARGET static void \
Tile##rows(int k, const float *a, size_t lda, \
		   const float *weights, const float *bias, float *c, size_t ldc) \
{ \
	__m512		low = _mm512_loadu_ps(bias); \
	__m512		high = _mm512_loadu_ps(bias + INTEREST_LANES); \
	__m512		left; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(TILE_START) \
\
	for (int p = 0; p < k; p++, weights += INTEREST_PANEL_WIDTH) \
	{ \
		PREFETCH(weights) \
		PREFETCH(weights + INTEREST_LANES) \
		low = _mm512_load_ps(weights); \
		high = _mm512_load_ps(weights + INTEREST_LANES); \
		ROWS_##rows(TILE_STEP) \
	} \
	ROWS_##rows(TILE_STORE) \
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
TILE(12)
TILE(13)
TILE(14)

static const TileFunction tiles[MOST_ROWS + 1] =
{
	NULL, Tile1, Tile2, Tile3, Tile4, Tile5, Tile6, Tile7,
	Tile8, Tile9, Tile10, Tile11, Tile12, Tile13, Tile14
};

static void
MultiplyPanel(int m, int k, const float *a, size_t lda,
			  const float *weights, const float *bias, float *c, size_t ldc)
{
	int			blocks = (m + MOST_ROWS - 1) / MOST_ROWS;

	for (int b = 0, from = 0; b < blocks; b++)
	{
		int			rows = BlockEnd(m, blocks, b) - from;

		tiles[rows] (k, a + from * lda, lda, weights, bias, c + from * ldc, ldc);
		from += rows;
	}
}

#include "core/kernel/elementwise.h"

const InterestKernel InterestKernelAvx512 = {.name = "avx512", KERNEL_FUNCTIONS};

#endif							/* __x86_64__ */

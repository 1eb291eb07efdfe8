/*
 * avx2.c
 *	  The kernel for x86-64 processors with AVX2 and FMA: 16 lanes are two
 *	  registers.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avx2,fma")))

typedef struct Lanes
{
	__m256		low;			/* lanes 0 to 7 */
	__m256		high;			/* lanes 8 to 15 */
} Lanes;

#define LANES_OPERATION(name, instruction) \
KERNEL_TARGET InterestForceInline Lanes \
name(Lanes a, Lanes b) \
{ \
	return (Lanes) {instruction(a.low, b.low), instruction(a.high, b.high)}; \
}

LANES_OPERATION(LanesAdd, _mm256_add_ps)
LANES_OPERATION(LanesSubtract, _mm256_sub_ps)
LANES_OPERATION(LanesMultiply, _mm256_mul_ps)
LANES_OPERATION(LanesDivide, _mm256_div_ps)
LANES_OPERATION(LanesMax, _mm256_max_ps)
LANES_OPERATION(LanesMin, _mm256_min_ps)

KERNEL_TARGET InterestForceInline Lanes
LanesSet(float value)
{
	return (Lanes) {_mm256_set1_ps(value), _mm256_set1_ps(value)};
}

KERNEL_TARGET InterestForceInline Lanes
LanesFma(Lanes a, Lanes b, Lanes c)
{
	return (Lanes) {_mm256_fmadd_ps(a.low, b.low, c.low),
					_mm256_fmadd_ps(a.high, b.high, c.high)};
}

KERNEL_TARGET InterestForceInline Lanes
LanesLoad(const float *x)
{
	return (Lanes) {_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8)};
}

KERNEL_TARGET InterestForceInline void
LanesStore(float *x, Lanes value)
{
	_mm256_storeu_ps(x, value.low);
	_mm256_storeu_ps(x + 8, value.high);
}

/* All bits set in the lanes from first on that are below count. */
KERNEL_TARGET InterestForceInline __m256i
LanesMask(int count, int first)
{
	__m256i		numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

	return _mm256_cmpgt_epi32(_mm256_set1_epi32(count - first), numbers);
}

KERNEL_TARGET InterestForceInline Lanes
LanesLoadPart(const float *x, int count)
{
	return (Lanes) {_mm256_maskload_ps(x, LanesMask(count, 0)),
					_mm256_maskload_ps(x + 8, LanesMask(count, 8))};
}

KERNEL_TARGET InterestForceInline void
LanesStorePart(float *x, int count, Lanes value)
{
	_mm256_maskstore_ps(x, LanesMask(count, 0), value.low);
	_mm256_maskstore_ps(x + 8, LanesMask(count, 8), value.high);
}

/* The first count lanes of a, the others of b. */
KERNEL_TARGET InterestForceInline Lanes
LanesSelect(int count, Lanes a, Lanes b)
{
	__m256		low = _mm256_castsi256_ps(LanesMask(count, 0));
	__m256		high = _mm256_castsi256_ps(LanesMask(count, 8));

	return (Lanes) {_mm256_blendv_ps(b.low, a.low, low),
					_mm256_blendv_ps(b.high, a.high, high)};
}

/* a * 2^n, n an integer in the low bits of shifted. */
KERNEL_TARGET InterestForceInline __m256
TimesPower(__m256 a, __m256 shifted)
{
	__m256i		power = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);

	return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), power));
}

KERNEL_TARGET InterestForceInline Lanes
LanesTimesPower(Lanes a, Lanes shifted)
{
	return (Lanes) {TimesPower(a.low, shifted.low), TimesPower(a.high, shifted.high)};
}

#define LANES_FOLD(name, wide, narrow, scalar) \
KERNEL_TARGET InterestForceInline float \
name(Lanes a) \
{ \
	__m256		eight = wide(a.low, a.high); \
	__m128		four = narrow(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)); \
	__m128		two = narrow(four, _mm_movehl_ps(four, four)); \
\
	return _mm_cvtss_f32(scalar(two, _mm_movehdup_ps(two))); \
}

LANES_FOLD(LanesFold, _mm256_add_ps, _mm_add_ps, _mm_add_ss)
LANES_FOLD(LanesFoldMax, _mm256_max_ps, _mm_max_ps, _mm_max_ss)

/*
 * The product works on tiles of up to 6 rows by 16 columns, half a panel (12
 * sums, 2 registers of weights, 1 of the left side), or up to 3 rows by the
 * whole panel.
 */
#define MOST_ROWS 6
#define FIRST_HALF_TILE 4

#include "core/kernel/tiles.h"

#define HALF_START(i) \
	__m256		low##i = low; \
	__m256		high##i = high;
#define HALF_STEP(i) \
	left = _mm256_broadcast_ss(a##i + p); \
	low##i = _mm256_fmadd_ps(left, low, low##i); \
	high##i = _mm256_fmadd_ps(left, high, high##i);
#define HALF_STORE(i) \
	_mm256_storeu_ps(c + i * ldc, low##i); \
	_mm256_storeu_ps(c + i * ldc + 8, high##i);

#define HALF_TILE(rows) \
KERNEL_TARGET static void \
HalfTile##rows(int k, const float *a, size_t lda, \
			   const float *weights, const float *bias, float *c, size_t ldc) \
{ \
	__m256		low = _mm256_loadu_ps(bias); \
	__m256		high = _mm256_loadu_ps(bias + 8); \
	__m256		left; \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(HALF_START) \
\
	for (int p = 0; p < k; p++, weights += INTEREST_PANEL_WIDTH) \
	{ \
		PREFETCH(weights) \
		low = _mm256_load_ps(weights); \
		high = _mm256_load_ps(weights + 8); \
		ROWS_##rows(HALF_STEP) \
	} \
	ROWS_##rows(HALF_STORE) \
}

HALF_TILE(4)
HALF_TILE(5)
HALF_TILE(6)

#define WHOLE_START(i) \
	__m256		first##i = _mm256_loadu_ps(bias); \
	__m256		second##i = _mm256_loadu_ps(bias + 8); \
	__m256		third##i = _mm256_loadu_ps(bias + 16); \
	__m256		fourth##i = _mm256_loadu_ps(bias + 24); \
	__m256		left##i;
#define WHOLE_LEFT(i) left##i = _mm256_broadcast_ss(a##i + p);
#define WHOLE_STEP(i) \
	first##i = _mm256_fmadd_ps(left##i, _mm256_load_ps(weights), first##i); \
	second##i = _mm256_fmadd_ps(left##i, _mm256_load_ps(weights + 8), second##i); \
	third##i = _mm256_fmadd_ps(left##i, _mm256_load_ps(weights + 16), third##i); \
	fourth##i = _mm256_fmadd_ps(left##i, _mm256_load_ps(weights + 24), fourth##i);
#define WHOLE_STORE(i) \
	_mm256_storeu_ps(c + i * ldc, first##i); \
	_mm256_storeu_ps(c + i * ldc + 8, second##i); \
	_mm256_storeu_ps(c + i * ldc + 16, third##i); \
	_mm256_storeu_ps(c + i * ldc + 24, fourth##i);

#define WHOLE_TILE(rows) \
KERNEL_TARGET static void \
WholeTile##rows(int k, const float *a, size_t lda, \
				const float *weights, const float *bias, float *c, size_t ldc) \
{ \
	ROWS_##rows(ROW_POINTER) \
	ROWS_##rows(WHOLE_START) \
\
	for (int p = 0; p < k; p++, weights += INTEREST_PANEL_WIDTH) \
	{ \
		PREFETCH(weights) \
		PREFETCH(weights + INTEREST_LANES) \
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
MultiplyPanel(int m, int k, const float *a, size_t lda,
			  const float *weights, const float *bias, float *c, size_t ldc)
{
	int			blocks = (m + MOST_ROWS - 1) / MOST_ROWS;

	for (int half = 0; half < INTEREST_PANEL_WIDTH; half += INTEREST_LANES)
		for (int b = 0, from = 0; b < blocks; b++)
		{
			int			rows = BlockEnd(m, blocks, b) - from;

			/* The lower tiles take both halves at once. */
			if (rows >= FIRST_HALF_TILE || half == 0)
				tiles[rows] (k, a + from * lda, lda, weights + half, bias + half,
							 c + from * ldc + half, ldc);
			from += rows;
		}
}

#include "core/kernel/elementwise.h"

const InterestKernel InterestKernelAvx2 = {.name = "avx2", KERNEL_FUNCTIONS};

#endif							/* __x86_64__ */

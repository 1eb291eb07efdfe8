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

/* Four numbers from each of four places. */
KERNEL_TARGET InterestForceInline Lanes
LanesQuads(const float *a, const float *b, const float *c, const float *d)
{
	return (Lanes) {_mm256_set_m128(_mm_loadu_ps(b), _mm_loadu_ps(a)),
					_mm256_set_m128(_mm_loadu_ps(d), _mm_loadu_ps(c))};
}

/* Within each four lanes: 0 or 2 of a and b, then 1 or 3; the lower or upper two of both. */
LANES_OPERATION(LanesZipLow, _mm256_unpacklo_ps)
LANES_OPERATION(LanesZipHigh, _mm256_unpackhi_ps)

KERNEL_TARGET InterestForceInline __m256
PairLow(__m256 a, __m256 b)
{
	return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}

KERNEL_TARGET InterestForceInline __m256
PairHigh(__m256 a, __m256 b)
{
	return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}

LANES_OPERATION(LanesPairLow, PairLow)
LANES_OPERATION(LanesPairHigh, PairHigh)

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

typedef __m256 Cells;
typedef __m256 Sums;
typedef __m256 Columns;

#define LEFT_STEP sizeof(float)
#define StoreEight _mm256_storeu_ps
#define MULTIPLY_ADD(sums, left, weights) sums = _mm256_fmadd_ps(left, weights, sums)

KERNEL_TARGET InterestForceInline Cells
LoadCells(const char *cells)
{
	return _mm256_load_ps((const float *) cells);
}

KERNEL_TARGET InterestForceInline Cells
RepeatCell(const char *cell)
{
	return _mm256_broadcast_ss((const float *) cell);
}

KERNEL_TARGET InterestForceInline Columns
LoadColumns(const Frame *frame, int column)
{
	return _mm256_loadu_ps(frame->bias + column);
}

KERNEL_TARGET InterestForceInline Sums
SumsStart(Columns columns)
{
	return columns;
}

KERNEL_TARGET InterestForceInline __m256
SumsFinish(Sums sums, Columns columns, const float *margin)
{
	return sums;
}

#include "core/kernel/tiles256.h"

#define SUMS_TOGETHER 4

#include "core/kernel/elementwise.h"

const InterestKernel InterestKernelAvx2 = {
	.name = "avx2",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Avx2, &InterestInt8Avx2}
};

const InterestKernel InterestKernelAvxVnni = {
	.name = "avxvnni",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Avx2, &InterestInt8AvxVnni}
};

#endif							/* __x86_64__ */

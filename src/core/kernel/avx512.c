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

/* Four numbers from each of four places. */
KERNEL_TARGET InterestForceInline Lanes
LanesQuads(const float *a, const float *b, const float *c, const float *d)
{
	Lanes		result = _mm512_castps128_ps512(_mm_loadu_ps(a));

	result = _mm512_insertf32x4(result, _mm_loadu_ps(b), 1);
	result = _mm512_insertf32x4(result, _mm_loadu_ps(c), 2);
	return _mm512_insertf32x4(result, _mm_loadu_ps(d), 3);
}

/* Within each four lanes: 0 or 2 of a and b, then 1 or 3; the lower or upper two of both. */
LANES_OPERATION(LanesZipLow, _mm512_unpacklo_ps)
LANES_OPERATION(LanesZipHigh, _mm512_unpackhi_ps)

KERNEL_TARGET InterestForceInline Lanes
LanesPairLow(Lanes a, Lanes b)
{
	return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}

KERNEL_TARGET InterestForceInline Lanes
LanesPairHigh(Lanes a, Lanes b)
{
	return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
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

typedef __m512 Cells;
typedef __m512 Sums;
typedef __m512 Columns;

#define LEFT_STEP sizeof(float)
#define MULTIPLY_ADD(sums, left, weights) sums = _mm512_fmadd_ps(left, weights, sums)

KERNEL_TARGET InterestForceInline Cells
LoadCells(const char *cells)
{
	return _mm512_load_ps(cells);
}

KERNEL_TARGET InterestForceInline Cells
RepeatCell(const char *cell)
{
	return _mm512_set1_ps(*(const float *) cell);
}

KERNEL_TARGET InterestForceInline Columns
LoadColumns(const Frame *frame, int column)
{
	return _mm512_loadu_ps(frame->bias + column);
}

KERNEL_TARGET InterestForceInline Sums
SumsStart(Columns columns)
{
	return columns;
}

KERNEL_TARGET InterestForceInline __m512
SumsFinish(Sums sums, Columns columns, const float *margin)
{
	return sums;
}

#include "core/kernel/tiles512.h"

#define SUMS_TOGETHER 8

#include "core/kernel/elementwise.h"

const InterestKernel InterestKernelAvx512 = {
	.name = "avx512",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Avx2, &InterestInt8Avx2}
};

const InterestKernel InterestKernelAvx512Vnni = {
	.name = "avx512vnni",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Avx2, &InterestInt8Avx512}
};

const InterestKernel InterestKernelAvx512Bf16 = {
	.name = "avx512bf16",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Avx512, &InterestInt8Avx512}
};

#endif							/* __x86_64__ */

/*
 * avx512vnni.c
 *	  The int8 product of x86-64 processors with AVX512_VNNI.
 *
 * vpdpbusd multiplies unsigned by signed bytes, four to a sum, exactly.  Codes
 * are kept 128 too high, so sums start from minus the column's offset.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <float.h>
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avx512vnni,avx512bw,avx512f,avx2,fma")))

typedef __m512i Cells;
typedef __m512i Sums;

typedef struct Columns
{
	__m512i		offset;
	__m512		bias;
	__m512		scale;
	__m512		outliers[INTEREST_INT8_OUTLIERS];
} Columns;

#define LEFT_STEP 4

/* gcc 12 moves the sums of the intrinsic to memory and back. */
#define MULTIPLY_ADD(sums, left, weights) \
	__asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(left), "v"(weights))

KERNEL_TARGET InterestForceInline Cells
LoadCells(const char *cells)
{
	return _mm512_load_si512(cells);
}

KERNEL_TARGET InterestForceInline Cells
RepeatCell(const char *cell)
{
	return _mm512_broadcastd_epi32(_mm_loadu_si32(cell));
}

KERNEL_TARGET InterestForceInline Columns
LoadColumns(const Frame *frame, int column)
{
	const float *margins = frame->column_margins + column;
	Columns		columns;

	columns.offset = _mm512_loadu_si512(frame->offsets + column);
	columns.bias = _mm512_loadu_ps(frame->bias + column);
	columns.scale = _mm512_loadu_ps(margins);
	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
		columns.outliers[i] = _mm512_loadu_ps(margins + (1 + i) * frame->width);
	return columns;
}

KERNEL_TARGET InterestForceInline Sums
SumsStart(Columns columns)
{
	return _mm512_sub_epi32(_mm512_setzero_si512(), columns.offset);
}

KERNEL_TARGET InterestForceInline __m512
SumsFinish(Sums sums, Columns columns, const float *margin)
{
	__m512		value = columns.bias;

	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
		value = _mm512_fmadd_ps(_mm512_set1_ps(margin[1 + i]), columns.outliers[i], value);
	return _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(margin[0])),
						   columns.scale, value);
}

#include "core/kernel/tiles512.h"

/* The next numbers of a row, zeros behind its end. */
KERNEL_TARGET InterestForceInline __m512
Load(const float *x, int left)
{
	return left >= INTEREST_LANES ? _mm512_loadu_ps(x) :
		_mm512_maskz_loadu_ps((__mmask16) ((1u << left) - 1), x);
}

/* What the numbers of a row are multiplied with, and its scale. */
KERNEL_TARGET InterestForceInline float
Int8Factor(int k, const float *x, float *scale)
{
	const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
	__m512i		most = _mm512_setzero_si512();
	float		largest;

	for (int p = 0; p < k; p += INTEREST_LANES)
		most = _mm512_max_epi32(most, _mm512_and_si512(_mm512_castps_si512(Load(x + p, k - p)), magnitude));
	largest = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(most))));
	*scale = largest / INTEREST_INT8_STEPS;
	return largest >= INTEREST_INT8_LEAST && largest <= FLT_MAX ? INTEREST_INT8_STEPS / largest : 0.0f;
}

KERNEL_TARGET InterestForceInline void
Int8Codes(int k, const float *x, float factor, char *codes)
{
	for (int p = 0; p < k; p += INTEREST_LANES)
	{
		__m512i		steps = _mm512_cvtps_epi32(_mm512_mul_ps(Load(x + p, k - p), _mm512_set1_ps(factor)));

		_mm_store_si128((__m128i *) (codes + p),
						_mm512_cvtepi32_epi8(_mm512_add_epi32(steps, _mm512_set1_epi32(128))));
	}
}

/* All scales of a few rows before their codes, which wait for them. */
KERNEL_TARGET static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int from = 0; from < rows; from += ROWS_AT_ONCE)
	{
		int			count = rows - from < ROWS_AT_ONCE ? rows - from : ROWS_AT_ONCE;
		float		factors[ROWS_AT_ONCE];

		for (int i = 0; i < count; i++)
			factors[i] = Int8Factor(k, x + (size_t) (from + i) * ldx,
									margins + (from + i) * INTEREST_INT8_MARGIN);
		for (int i = 0; i < count; i++)
			Int8Codes(k, x + (size_t) (from + i) * ldx, factors[i], (char *) codes + (from + i) * stride);
	}
}

const InterestNarrowKernel InterestInt8Avx512 = {
	.code_size = 1,
	.narrow = Narrow,
	.product = ProductInt8
};

#endif							/* __x86_64__ */

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

KERNEL_TARGET InterestForceInline Sums
SumsStart(const Frame *frame, int column)
{
	return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(frame->offsets + column));
}

KERNEL_TARGET InterestForceInline __m512
SumsFinish(Sums sums, const Frame *frame, int row, int column)
{
	const float *row_margin = frame->rows + row * INTEREST_INT8_MARGIN;
	const float *margin = frame->columns + column;
	__m512		value = _mm512_loadu_ps(frame->bias + column);

	for (int i = 1; i < INTEREST_INT8_MARGIN; i++)
		value = _mm512_fmadd_ps(_mm512_set1_ps(row_margin[i]),
							   _mm512_loadu_ps(margin + i * frame->width), value);
	return _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(row_margin[0])),
						   _mm512_loadu_ps(margin), value);
}

#include "core/kernel/tiles512.h"

/* The next numbers of a row, zeros behind its end. */
KERNEL_TARGET InterestForceInline __m512
Load(const float *x, int left)
{
	return left >= INTEREST_LANES ? _mm512_loadu_ps(x) :
		_mm512_maskz_loadu_ps((__mmask16) ((1u << left) - 1), x);
}

KERNEL_TARGET static void
Narrow(int k, const float *x, void *codes, float *scale)
{
	const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
	__m512i		most = _mm512_setzero_si512();
	__m512		factor = _mm512_setzero_ps();
	float		largest;

	for (int p = 0; p < k; p += INTEREST_LANES)
		most = _mm512_max_epi32(most, _mm512_and_si512(_mm512_castps_si512(Load(x + p, k - p)), magnitude));
	largest = _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(most))));
	if (largest >= INTEREST_INT8_LEAST && largest <= FLT_MAX)
		factor = _mm512_set1_ps(INTEREST_INT8_STEPS / largest);
	*scale = largest / INTEREST_INT8_STEPS;
	for (int p = 0; p < k; p += INTEREST_LANES)
	{
		__m512i		steps = _mm512_cvtps_epi32(_mm512_mul_ps(Load(x + p, k - p), factor));

		_mm_store_si128((__m128i *) ((char *) codes + p),
						_mm512_cvtepi32_epi8(_mm512_add_epi32(steps, _mm512_set1_epi32(128))));
	}
}

static void
Product(int m, int n, int k, const void *codes, size_t stride, const float *margins,
		const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	Frame		frame = Int8Frame(n, margins, weights, bias);

	MultiplyPanels(m, n, (k + 3) / 4, codes, stride, weights->panels, &frame, c, (size_t) ldc);
}

const InterestNarrowKernel InterestInt8Avx512 = {
	.code_size = 1,
	.narrow = Narrow,
	.product = Product
};

#endif							/* __x86_64__ */

/*
 * avxvnni.c
 *	  The int8 product of x86-64 processors with AVX-VNNI and without AVX-512.
 *
 * As avx512vnni.c, on half as wide registers.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <float.h>
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avxvnni,avx2,fma")))

typedef __m256i Cells;
typedef __m256i Sums;

#define LEFT_STEP 4

/* gcc 12 moves the sums of the intrinsic to memory and back. */
#define MULTIPLY_ADD(sums, left, weights) \
	__asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(left), "x"(weights))

KERNEL_TARGET InterestForceInline Cells
LoadCells(const char *cells)
{
	return _mm256_load_si256((const __m256i *) cells);
}

KERNEL_TARGET InterestForceInline Cells
RepeatCell(const char *cell)
{
	return _mm256_castps_si256(_mm256_broadcast_ss((const float *) cell));
}

KERNEL_TARGET InterestForceInline Sums
SumsStart(const Frame *frame, int column)
{
	return _mm256_sub_epi32(_mm256_setzero_si256(),
							_mm256_loadu_si256((const __m256i *) (frame->offsets + column)));
}

KERNEL_TARGET InterestForceInline __m256
SumsFinish(Sums sums, const Frame *frame, int row, int column)
{
	const float *row_margin = frame->rows + row * INTEREST_INT8_MARGIN;
	const float *margin = frame->columns + column;
	__m256		value = _mm256_loadu_ps(frame->bias + column);

	for (int i = 1; i < INTEREST_INT8_MARGIN; i++)
		value = _mm256_fmadd_ps(_mm256_set1_ps(row_margin[i]),
							   _mm256_loadu_ps(margin + i * frame->width), value);
	return _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(row_margin[0])),
						   _mm256_loadu_ps(margin), value);
}

#include "core/kernel/tiles256.h"

#include "core/kernel/narrow256.h"

/* The codes are 128 too high, which is the other sign of their bytes. */
KERNEL_TARGET static void
Narrow(int k, const float *x, void *codes, float *scale)
{
	__m256		factor = Int8Factor(k, x, scale);

	for (int p = 0; p < k; p += INTEREST_LANES)
	{
		__m256i		steps = Int8Steps(x + p, k - p, factor);
		__m128i		bytes = _mm_packs_epi16(_mm256_castsi256_si128(steps), _mm256_extracti128_si256(steps, 1));

		_mm_store_si128((__m128i *) ((char *) codes + p), _mm_xor_si128(bytes, _mm_set1_epi8((char) 0x80)));
	}
}

static void
Product(int m, int n, int k, const void *codes, size_t stride, const float *margins,
		const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	Frame		frame = Int8Frame(n, margins, weights, bias);

	MultiplyPanels(m, n, (k + 3) / 4, codes, stride, weights->panels, &frame, c, (size_t) ldc);
}

const InterestNarrowKernel InterestInt8AvxVnni = {
	.code_size = 1,
	.narrow = Narrow,
	.product = Product
};

#endif							/* __x86_64__ */

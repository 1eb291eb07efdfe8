/*
 * avx512bf16.c
 *	  The bf16 product of x86-64 processors with AVX512_BF16.
 */
#include "core/kernel/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET __attribute__((target("avx512bf16,avx512bw,avx512f,avx2,fma")))

typedef __m512i Cells;
typedef __m512 Sums;
typedef __m512 Columns;

#define LEFT_STEP 4

/* gcc 12 moves the sums of the intrinsic to memory and back. */
#define MULTIPLY_ADD(sums, left, weights) \
	__asm__("vdpbf16ps %2, %1, %0" : "+v"(sums) : "v"(left), "v"(weights))

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

/* vcvtneps2bf16 rounds to nearest even and takes denormals as 0. */
KERNEL_TARGET static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
		for (int p = 0; p < k; p += INTEREST_LANES)
		{
			__m512		value = k - p >= INTEREST_LANES ? _mm512_loadu_ps(x + p) :
				_mm512_maskz_loadu_ps((__mmask16) ((1u << (k - p)) - 1), x + p);

			_mm256_store_si256((__m256i *) ((char *) codes + sizeof(uint16_t) * (size_t) p),
							   (__m256i) _mm512_cvtneps_pbh(value));
		}
}

static void
Product(int m, int n, int k, const void *codes, size_t stride, const float *margins,
		const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	Frame		frame = {.bias = bias};

	MultiplyPanels(m, n, (k + 1) / 2, codes, stride, weights->panels, &frame, c, (size_t) ldc);
}

const InterestNarrowKernel InterestBf16Avx512 = {
	.code_size = sizeof(uint16_t),
	.narrow = Narrow,
	.product = Product
};

#endif							/* __x86_64__ */

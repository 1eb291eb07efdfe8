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

typedef struct Columns
{
	__m256i		offset;
	__m256		bias;
	__m256		scale;
	__m256		outliers[INTEREST_INT8_OUTLIERS];
} Columns;

#define LEFT_STEP 4
#define StoreEight _mm256_storeu_ps

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

KERNEL_TARGET InterestForceInline Columns
LoadColumns(const Frame *frame, int column)
{
	const float *margins = frame->column_margins + column;
	Columns		columns;

	columns.offset = _mm256_loadu_si256((const __m256i *) (frame->offsets + column));
	columns.bias = _mm256_loadu_ps(frame->bias + column);
	columns.scale = _mm256_loadu_ps(margins);
	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
		columns.outliers[i] = _mm256_loadu_ps(margins + (1 + i) * frame->width);
	return columns;
}

KERNEL_TARGET InterestForceInline Sums
SumsStart(Columns columns)
{
	return _mm256_sub_epi32(_mm256_setzero_si256(), columns.offset);
}

KERNEL_TARGET InterestForceInline __m256
SumsFinish(Sums sums, Columns columns, const float *margin)
{
	__m256		value = columns.bias;

	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
		value = _mm256_fmadd_ps(_mm256_set1_ps(margin[1 + i]), columns.outliers[i], value);
	return _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(margin[0])),
						   columns.scale, value);
}

#include "core/kernel/tiles256.h"

#include "core/kernel/narrow256.h"

/* The codes are 128 too high, which is the other sign of their bytes. */
KERNEL_TARGET static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
	{
		__m256		factor = Int8Factor(k, x, margins + i * INTEREST_INT8_MARGIN);

		for (int p = 0; p < k; p += INTEREST_LANES)
		{
			__m256i		steps = Int8Steps(x + p, k - p, factor);
			__m128i		bytes = _mm_packs_epi16(_mm256_castsi256_si128(steps), _mm256_extracti128_si256(steps, 1));

			_mm_store_si128((__m128i *) ((char *) codes + p), _mm_xor_si128(bytes, _mm_set1_epi8((char) 0x80)));
		}
	}
}

const InterestNarrowKernel InterestInt8AvxVnni = {
	.code_size = 1,
	.narrow = Narrow,
	.product = ProductInt8
};

#endif							/* __x86_64__ */

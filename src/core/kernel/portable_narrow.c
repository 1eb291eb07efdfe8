/*
 * portable_narrow.c
 *	  The narrow products for every processor, and the reference of all others.
 */
#include "core/kernel/kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void
NarrowBf16(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
		InterestToBf16((size_t) k, x, codes);
}

static void
NarrowInt8(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
		margins[i * INTEREST_INT8_MARGIN] = InterestToInt8((size_t) k, x, codes);
}

static float
WithoutDenormal(float x)
{
	return fabsf(x) < FLT_MIN ? copysignf(0.0f, x) : x;
}

/*
 * a * b + c as vdpbf16ps makes it, a and b of bf16.  A result is a denormal when
 * it would be below the least normal number after rounding to 24 bits, however
 * small they are; double precision holds it exactly where it matters.
 */
static float
MultiplyAdd(float a, float b, float c)
{
	float		sum;

	c = WithoutDenormal(c);
	sum = fmaf(a, b, c);
	if (fabsf(sum) <= FLT_MIN && fabs((double) a * b + c) < 0x1p-126 - 0x1p-151)
		return copysignf(0.0f, sum);
	return sum;
}

/* Two numbers of weights[j], the second one first. */
static void
ProductBf16(int m, int n, int k, const void *codes, size_t stride, const float *margins,
			const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	for (int i = 0; i < m; i++)
	{
		const uint16_t *row = (const uint16_t *) ((const char *) codes + i * stride);

		for (int j = 0; j < n; j++)
		{
			const uint16_t *column = (const uint16_t *) weights->panels +
				((size_t) (j / INTEREST_PANEL_WIDTH) * ((k + 1) / 2) * INTEREST_PANEL_WIDTH +
				 j % INTEREST_PANEL_WIDTH) * 2;
			float		sum = bias[j];

			for (int p = 0; p < k; p += 2, column += 2 * INTEREST_PANEL_WIDTH)
			{
				sum = MultiplyAdd(p + 1 < k ? InterestWidenBf16(row[p + 1]) : 0.0f,
								  InterestWidenBf16(column[1]), sum);
				sum = MultiplyAdd(InterestWidenBf16(row[p]), InterestWidenBf16(column[0]), sum);
			}
			c[(size_t) i * ldc + j] = sum;
		}
	}
}

static void
ProductInt8(int m, int n, int k, const void *codes, size_t stride, const float *margins,
			const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	size_t		width = InterestPanelsSize(n, 1);

	for (int i = 0; i < m; i++, margins += INTEREST_INT8_MARGIN)
	{
		const int8_t *row = (const int8_t *) codes + i * stride;

		for (int j = 0; j < n; j++)
		{
			const int8_t *column = (const int8_t *) weights->panels +
				((size_t) (j / INTEREST_PANEL_WIDTH) * ((k + 3) / 4) * INTEREST_PANEL_WIDTH +
				 j % INTEREST_PANEL_WIDTH) * 4;
			int32_t		sum = 0;
			float		value = bias[j];

			for (int p = 0; p < k; p++)
				sum += row[p] * column[(size_t) (p / 4) * 4 * INTEREST_PANEL_WIDTH + p % 4];
			for (int q = 1; q < INTEREST_INT8_MARGIN; q++)
				value = fmaf(margins[q], weights->margins[q * width + j], value);
			c[(size_t) i * ldc + j] = fmaf((float) sum * margins[0], weights->margins[j], value);
		}
	}
}

const InterestNarrowKernel InterestBf16Portable = {
	.code_size = sizeof(uint16_t),
	.narrow = NarrowBf16,
	.product = ProductBf16
};

const InterestNarrowKernel InterestInt8Portable = {
	.code_size = sizeof(int8_t),
	.narrow = NarrowInt8,
	.product = ProductInt8
};

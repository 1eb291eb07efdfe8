/*
 * neon_int8.h
 *	  The int8 product of 64-bit ARM.
 *
 * A kernel's file defines KERNEL_TARGET and Dot(sums, left, weights), which adds
 * to each of four sums the products of four bytes.  Both sides have signs, so
 * that no offsets are needed.
 */
#include <float.h>

#include "core/kernel/neon.h"

typedef struct Cells
{
	int8x16_t	low;			/* columns 0 to 3 */
	int8x16_t	high;			/* columns 4 to 7 */
} Cells;

typedef struct Sums
{
	int32x4_t	low;
	int32x4_t	high;
} Sums;

typedef struct Columns
{
	Eight		bias;
	Eight		margins[INTEREST_INT8_MARGIN];
} Columns;

#define LEFT_STEP 4
#define MULTIPLY_ADD(sums, left, weights) sums = MultiplyAdd(sums, left, weights)

KERNEL_TARGET InterestForceInline Sums
MultiplyAdd(Sums sums, Cells left, Cells weights)
{
	return (Sums) {Dot(sums.low, left.low, weights.low), Dot(sums.high, left.high, weights.high)};
}

KERNEL_TARGET InterestForceInline Cells
LoadCells(const char *cells)
{
	return (Cells) {vld1q_s8((const int8_t *) cells), vld1q_s8((const int8_t *) cells + 16)};
}

KERNEL_TARGET InterestForceInline Cells
RepeatCell(const char *cell)
{
	int8x16_t	value = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *) cell));

	return (Cells) {value, value};
}

KERNEL_TARGET InterestForceInline Columns
LoadColumns(const Frame *frame, int column)
{
	Columns		columns;

	columns.bias = LoadEight(frame->bias + column);
	for (int i = 0; i < INTEREST_INT8_MARGIN; i++)
		columns.margins[i] = LoadEight(frame->column_margins + i * frame->width + column);
	return columns;
}

KERNEL_TARGET InterestForceInline Sums
SumsStart(Columns columns)
{
	return (Sums) {vdupq_n_s32(0), vdupq_n_s32(0)};
}

KERNEL_TARGET InterestForceInline Eight
SumsFinish(Sums sums, Columns columns, const float *margin)
{
	Eight		value = columns.bias;

	for (int i = 1; i < INTEREST_INT8_MARGIN; i++)
	{
		value.low = vfmaq_n_f32(value.low, columns.margins[i].low, margin[i]);
		value.high = vfmaq_n_f32(value.high, columns.margins[i].high, margin[i]);
	}
	value.low = vfmaq_f32(value.low, vmulq_n_f32(vcvtq_f32_s32(sums.low), margin[0]), columns.margins[0].low);
	value.high = vfmaq_f32(value.high, vmulq_n_f32(vcvtq_f32_s32(sums.high), margin[0]), columns.margins[0].high);
	return value;
}

#include "core/kernel/tiles256.h"

/* What the numbers of a row are multiplied with, and its scale; storage.c says how. */
KERNEL_TARGET InterestForceInline float
Int8Factor(int k, const float *x, float *scale)
{
	uint32x4_t	most = vdupq_n_u32(0);
	uint32_t	bits;
	float		buffer[INTEREST_LANES];
	float		largest;

	for (int p = 0; p < k; p += INTEREST_LANES)
	{
		const float *next = NextNumbers(x + p, k - p, buffer);

		for (int i = 0; i < INTEREST_LANES; i += 4)
			most = vmaxq_u32(most, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(next + i))));
	}
	bits = vmaxvq_u32(most);
	memcpy(&largest, &bits, sizeof(bits));
	*scale = largest / INTEREST_INT8_STEPS;
	return largest >= INTEREST_INT8_LEAST && largest <= FLT_MAX ? INTEREST_INT8_STEPS / largest : 0.0f;
}

/* Four numbers in steps, rounded to nearest even. */
KERNEL_TARGET InterestForceInline int16x4_t
Int8Steps(const float *x, float factor)
{
	return vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x), factor)));
}

KERNEL_TARGET static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
	{
		float		factor = Int8Factor(k, x, margins + i * INTEREST_INT8_MARGIN);

		for (int p = 0; p < k; p += INTEREST_LANES)
		{
			float		buffer[INTEREST_LANES];
			const float *next = NextNumbers(x + p, k - p, buffer);
			int16x8_t	low = vcombine_s16(Int8Steps(next, factor), Int8Steps(next + 4, factor));
			int16x8_t	high = vcombine_s16(Int8Steps(next + 8, factor), Int8Steps(next + 12, factor));

			vst1q_s8((int8_t *) codes + p, vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)));
		}
	}
}

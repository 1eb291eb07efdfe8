/*
 * neon_int8.c
 *	  The int8 product of 64-bit ARM processors without the dot product
 *	  instructions.
 */
#include "core/kernel/kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define KERNEL_TARGET

InterestForceInline int32x4_t
Dot(int32x4_t sums, int8x16_t left, int8x16_t weights)
{
	int16x8_t	low = vmull_s8(vget_low_s8(left), vget_low_s8(weights));
	int16x8_t	high = vmull_high_s8(left, weights);

	/* Sums of two products of a column, then of both. */
	return vaddq_s32(sums, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}

#include "core/kernel/neon_int8.h"

const InterestNarrowKernel InterestInt8Neon = {
	.code_size = 1,
	.narrow = Narrow,
	.product = ProductInt8
};

#endif							/* __aarch64__ */

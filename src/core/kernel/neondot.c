/*
 * neondot.c
 *	  The int8 product of 64-bit ARM processors with the dot product
 *	  instructions of ARMv8.2.
 */
#include "core/kernel/kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define KERNEL_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))

KERNEL_TARGET InterestForceInline int32x4_t
Dot(int32x4_t sums, int8x16_t left, int8x16_t weights)
{
	return vdotq_s32(sums, left, weights);
}

#include "core/kernel/neon_int8.h"

const InterestNarrowKernel InterestInt8NeonDot = {
	.code_size = 1,
	.narrow = Narrow,
	.product = Product
};

#endif							/* __aarch64__ */

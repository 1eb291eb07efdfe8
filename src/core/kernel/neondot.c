/*
 * neondot.c
 *	  The int8 product of 64-bit ARM processors with the dot product
 *	  instructions of ARMv8.2.
 */
#include "core/kernel/kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#if defined(__clang__)
#define KERNEL_TARGET __attribute__((target("dotprod")))
#else
#define KERNEL_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

/* The intrinsic is not there for clang before 16, which goes by its command line. */
KERNEL_TARGET InterestForceInline int32x4_t
Dot(int32x4_t sums, int8x16_t left, int8x16_t weights)
{
	__asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(left), "w"(weights));
	return sums;
}

#include "core/kernel/neon_int8.h"

const InterestNarrowKernel InterestInt8NeonDot = {
	.code_size = 1,
	.narrow = Narrow,
	.product = ProductInt8
};

#endif							/* __aarch64__ */

/*
 * kernels.h
 *	  The kernels that this build has, for the dispatcher, and what their files
 *	  share.
 */
#ifndef INTEREST_KERNELS_H
#define INTEREST_KERNELS_H

#include "core/kernel/kernel.h"

#define InterestForceInline static inline __attribute__((always_inline))

/* Rows that go through a function of rows together. */
#define ROWS_AT_ONCE 4

/* What the sums of a tile start from and how they become numbers. */
typedef struct Frame
{
	const float *bias;			/* of its columns */

	/* of int8 only */
	const int32_t *offsets;		/* of its columns */
	const float *column_margins;	/* a row of them every width floats */
	size_t		width;
	const float *row_margins;	/* end to end */
} Frame;

extern const InterestKernel InterestKernelPortable;
extern const InterestNarrowKernel InterestBf16Portable;
extern const InterestNarrowKernel InterestInt8Portable;

#if defined(__x86_64__)
extern const InterestKernel InterestKernelAvx2; /* needs AVX2 and FMA */
extern const InterestNarrowKernel InterestBf16Avx2;
extern const InterestNarrowKernel InterestInt8Avx2;

extern const InterestKernel InterestKernelAvxVnni;	/* AVX-VNNI besides */
extern const InterestNarrowKernel InterestInt8AvxVnni;

extern const InterestKernel InterestKernelAvx512;	/* AVX2, FMA and AVX512F */
extern const InterestKernel InterestKernelAvx512Vnni;	/* AVX512BW and AVX512_VNNI besides */
extern const InterestNarrowKernel InterestInt8Avx512;
extern const InterestKernel InterestKernelAvx512Bf16;	/* AVX512_BF16 besides */
extern const InterestNarrowKernel InterestBf16Avx512;
#elif defined(__aarch64__)
extern const InterestKernel InterestKernelNeon; /* of every such processor */
extern const InterestNarrowKernel InterestBf16Neon;
extern const InterestNarrowKernel InterestInt8Neon;

extern const InterestKernel InterestKernelNeonDot;	/* the dot product instructions besides */
extern const InterestNarrowKernel InterestInt8NeonDot;
#endif

#endif

/*
 * kernels.h
 *	  The kernels that this build has, for the dispatcher.
 */
#ifndef INTEREST_KERNELS_H
#define INTEREST_KERNELS_H

#include "core/kernel/kernel.h"

#define InterestForceInline static inline __attribute__((always_inline))

extern const InterestKernel InterestKernelPortable;

#if defined(__x86_64__)
extern const InterestKernel InterestKernelAvx2;	/* needs AVX2 and FMA */
extern const InterestKernel InterestKernelAvx512;	/* needs AVX512F besides */
#endif

#endif

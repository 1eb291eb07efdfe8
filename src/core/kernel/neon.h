/*
 * neon.h
 *	  What the products of 64-bit ARM share: eight columns are two registers,
 *	  and tiles are those of tiles256.h.
 */
#ifndef INTEREST_NEON_H
#define INTEREST_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

typedef struct Eight
{
	float32x4_t low;			/* columns 0 to 3 */
	float32x4_t high;			/* columns 4 to 7 */
} Eight;

InterestForceInline Eight
LoadEight(const float *x)
{
	return (Eight) {vld1q_f32(x), vld1q_f32(x + 4)};
}

InterestForceInline void
StoreEight(float *x, Eight value)
{
	vst1q_f32(x, value.low);
	vst1q_f32(x + 4, value.high);
}

/* The next 16 numbers of a row of left more, zeros behind its end; buffer has room for 16. */
InterestForceInline const float *
NextNumbers(const float *x, int left, float *buffer)
{
	if (left >= INTEREST_LANES)
		return x;
	memset(buffer, 0, sizeof(float) * INTEREST_LANES);
	return memcpy(buffer, x, sizeof(float) * (size_t) left);
}

#endif

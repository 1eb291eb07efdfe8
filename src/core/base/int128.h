/*
 * int128.h
 *	  Signed 128-bit sums as two limbs, the same on every compiler.
 *
 * Values are stored unaligned in varlenas, so they are always moved by value.
 * Arithmetic wraps; callers that must notice an overflow ask with
 * InterestInt128AddOverflows first.
 */
#ifndef INTEREST_INT128_H
#define INTEREST_INT128_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct InterestInt128
{
	uint64_t	low;
	int64_t		high;
} InterestInt128;

static inline InterestInt128
InterestInt128From(int64_t value)
{
	InterestInt128 result = {(uint64_t) value, value < 0 ? -1 : 0};

	return result;
}

static inline InterestInt128
InterestInt128Add(InterestInt128 a, InterestInt128 b)
{
	InterestInt128 result;

	result.low = a.low + b.low;
	result.high = (int64_t) ((uint64_t) a.high + (uint64_t) b.high + (result.low < a.low));
	return result;
}

static inline InterestInt128
InterestInt128Negate(InterestInt128 a)
{
	InterestInt128 result;

	result.low = ~a.low + 1;
	result.high = (int64_t) (~(uint64_t) a.high + (result.low == 0));
	return result;
}

static inline InterestInt128
InterestInt128Subtract(InterestInt128 a, InterestInt128 b)
{
	InterestInt128 result;

	result.low = a.low - b.low;
	result.high = (int64_t) ((uint64_t) a.high - (uint64_t) b.high - (a.low < b.low));
	return result;
}

/* Whether the sum just made of a and b left the signed range. */
static inline bool
InterestInt128AddOverflowed(InterestInt128 a, InterestInt128 b, InterestInt128 sum)
{
	return ((a.high ^ sum.high) & (b.high ^ sum.high)) < 0;
}

static inline bool
InterestInt128IsZero(InterestInt128 a)
{
	return (a.low | (uint64_t) a.high) == 0;
}

static inline bool
InterestInt128IsNegative(InterestInt128 a)
{
	return a.high < 0;
}

/*
 * Nearest double up to one extra rounding of the upper limb; the same result
 * on every machine, since only exact conversions and one addition are used.
 */
static inline double
InterestInt128ToDouble(InterestInt128 a)
{
	if (InterestInt128IsNegative(a))
	{
		a = InterestInt128Negate(a);
		return -(ldexp((double) (uint64_t) a.high, 64) + (double) a.low);
	}
	return ldexp((double) a.high, 64) + (double) a.low;
}

#endif

/*
 * random.h
 *	  Random numbers keyed by what they are for.
 *
 * A stream is keyed by (seed, a, b, c), in training (seed, epoch, user,
 * position): a choice depends on what it is about, never on the order in which
 * rows arrive.  SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom
 * number generators", OOPSLA 2014.
 */
#ifndef INTEREST_RANDOM_H
#define INTEREST_RANDOM_H

#include "core/base/hash.h"

typedef struct InterestRandom
{
	uint64_t	state;
} InterestRandom;

static inline InterestRandom
InterestRandomKeyed(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
	InterestRandom random;

	random.state = InterestMix64(seed + UINT64_C(0x9e3779b97f4a7c15));
	random.state = InterestMix64(random.state + a * UINT64_C(0x9e3779b97f4a7c15) + 1);
	random.state = InterestMix64(random.state + b * UINT64_C(0x9e3779b97f4a7c15) + 2);
	random.state = InterestMix64(random.state + c * UINT64_C(0x9e3779b97f4a7c15) + 3);
	return random;
}

static inline uint64_t
InterestRandomNext(InterestRandom *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	return InterestMix64(random->state);
}

/* Uniform in [0, 1), 53 bits. */
static inline double
InterestRandomUniform(InterestRandom *random)
{
	return (double) (InterestRandomNext(random) >> 11) * 0x1p-53;
}

/* Uniform in 0 .. bound - 1; bound is small against 2^64, so the bias is below 2^-32. */
static inline uint32_t
InterestRandomBelow(InterestRandom *random, uint32_t bound)
{
	return (uint32_t) (((InterestRandomNext(random) >> 32) * bound) >> 32);
}

#endif

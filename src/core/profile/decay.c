/*
 * decay.c
 *	  Time: blocks of a half-life, and what a row still weighs.
 */
#include "core/profile/decay.h"

#include "core/base/deterministic.h"

#include <math.h>

/* From the start of its block to a time: 0 .. 8 half_life - 1, for negative times too. */
static int64_t
TimeIntoBlock(int64_t time, int64_t half_life)
{
	int64_t		length = INTEREST_BLOCK_HALF_LIVES * half_life;
	int64_t		rest = time % length;

	return rest < 0 ? rest + length : rest;
}

int64_t
InterestBlockOf(int64_t time, int64_t half_life)
{
	int64_t		length = INTEREST_BLOCK_HALF_LIVES * half_life;

	return time / length - (time % length < 0);
}

double
InterestRowFactor(int64_t time, int64_t half_life)
{
	/*
	 * The distance to the block's end, never that end itself: near the end of
	 * time it would overflow.
	 */
	int64_t		distance = INTEREST_BLOCK_HALF_LIVES * half_life - TimeIntoBlock(time, half_life);

	return InterestExp2(-((double) distance / (double) half_life));
}

double
InterestBlockDecay(int64_t at, int64_t block, int64_t half_life)
{
	/*
	 * at - end of block = whole blocks between them + time into at's block.
	 * Scaling by the whole blocks is exact, and the difference of two times,
	 * which may need 65 bits, is never formed.  Half-lives of 1 microsecond
	 * over all of time leave blocks within 61 bits.
	 */
	int64_t		whole = InterestBlockOf(at, half_life) - block - 1;
	double		within = (double) TimeIntoBlock(at, half_life) / (double) half_life;

	if (whole > 200)
		return 0.0;				/* 2^-1600 */
	return ldexp(InterestExp2(-within), (int) -whole * INTEREST_BLOCK_HALF_LIVES);
}

double
InterestRowDecay(int64_t time, int64_t newest, int64_t at, int64_t half_life)
{
	int64_t		block = InterestBlockOf(time, half_life);

	if (InterestBlockOf(newest, half_life) - block >= INTEREST_WINDOW)
		return 0.0;
	return InterestRowFactor(time, half_life) * InterestBlockDecay(at, block, half_life);
}

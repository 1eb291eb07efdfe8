/*
 * decay.h
 *	  Time: blocks of a half-life, and what a row still weighs.
 *
 * algorithm: section 2, integer block forward decay.  A granularity of half-life
 * H cuts time into blocks of 8 H.  A row weighs f = 2^-(distance to the end of
 * its block / H) inside its block, which never changes; a reading at T scales
 * whole blocks by 2^-((T - end of block) / H).  Times are microseconds since
 * 2000-01-01 UTC, half-lives microseconds.
 */
#ifndef INTEREST_DECAY_H
#define INTEREST_DECAY_H

#include <stdint.h>

/* Length of a block in half-lives. */
#define INTEREST_BLOCK_HALF_LIVES 8

/*
 * Blocks kept: the newest and the 4 before it.  An older row weighs less than
 * 2^-32 of a row at the newest time.
 */
#define INTEREST_WINDOW 5

#define INTEREST_MAX_HALF_LIFE (INT64_MAX / INTEREST_BLOCK_HALF_LIVES)

/* Block of a time: floor(time / (8 half_life)), for negative times too. */
extern int64_t InterestBlockOf(int64_t time, int64_t half_life);

/* f in [2^-8, 1]: what a row of this time weighs inside its block. */
extern double InterestRowFactor(int64_t time, int64_t half_life);

/* 2^-((at - end of block) / half_life); above 1 while the block is not over. */
extern double InterestBlockDecay(int64_t at, int64_t block, int64_t half_life);

/*
 * What a row of this time weighs in a reading at "at" of a profile whose newest
 * row is at "newest": the product of the two above, 0 where the profile has
 * dropped the row's block.  Training's sums are made of this.
 */
extern double InterestRowDecay(int64_t time, int64_t newest, int64_t at, int64_t half_life);

#endif

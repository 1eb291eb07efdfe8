/*
 * hash.h
 *	  The project's own 64-bit hash, the same on every machine and version:
 *	  user splits, sampling keys and cache slots depend on it.  Not for content
 *	  hashes and fingerprints, which are SHA-256.
 */
#ifndef INTEREST_HASH_H
#define INTEREST_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A bijection of 64 bits that spreads every input bit (the SplitMix64 finalizer). */
static inline uint64_t
InterestMix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Hash of length bytes; chain calls by passing the last hash as seed. */
extern uint64_t InterestHash64(const void *bytes, size_t length, uint64_t seed);

#endif

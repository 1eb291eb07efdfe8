/*
 * hash.c
 *	  The project's own 64-bit hash.
 */
#include "core/base/hash.h"

/* Little-endian load of up to 8 bytes, the same value on every machine. */
static uint64_t
LoadWord(const unsigned char *bytes, size_t length)
{
	uint64_t	word = 0;

	for (size_t i = 0; i < length; i++)
		word |= (uint64_t) bytes[i] << (8 * i);
	return word;
}

uint64_t
InterestHash64(const void *bytes, size_t length, uint64_t seed)
{
	const unsigned char *at = bytes;
	uint64_t	hash = InterestMix64(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ length;

	for (; length >= 8; at += 8, length -= 8)
		hash = InterestMix64(hash ^ LoadWord(at, 8)) * UINT64_C(0x9e3779b97f4a7c15);
	if (length > 0)
		hash = InterestMix64(hash ^ LoadWord(at, length)) * UINT64_C(0x9e3779b97f4a7c15);
	return InterestMix64(hash);
}

/*
 * encode_cache.h
 *	  Vectors of the texts that this backend has encoded already, and of what
 *	  models have made of them.
 *
 * Keyed by the content hash of the encoder or model and the whole text, so that a hit is
 * right whatever happened to names, tables and transactions meanwhile.  Bounded
 * by interest.encode_cache; the least recently used texts go first.
 */
#ifndef INTEREST_ENCODE_CACHE_H
#define INTEREST_ENCODE_CACHE_H

/* Longer texts are not kept. */
#define INTEREST_MAX_CACHED_TEXT (64 * 1024)

/* The vector of a text, or NULL; stays valid until the next InterestEncodeCacheAdd. */
extern const float *InterestEncodeCacheFind(const uint8 *content_hash, const char *text, Size length);

/* Keeps the vector (width) of a text that was not found, if it may be kept. */
extern void InterestEncodeCacheAdd(const uint8 *content_hash, const char *text, Size length,
								   int width, const float *vector);

typedef struct InterestEncodeCacheState
{
	uint64		texts;
	Size		size;			/* bytes */
	uint64		hits;			/* since this session began */
	uint64		misses;
} InterestEncodeCacheState;

extern InterestEncodeCacheState InterestEncodeCacheDescribe(void);

#endif

/*
 * shared_cache.h
 *	  Vectors of the texts that any session of the server has encoded.
 *
 * One mapped file of a fixed size for all encoders and databases, behind each
 * session's own cache (encode_cache.h): parallel workers and new sessions find
 * what others have encoded.  A vector that comes out of it is the one that was
 * put in under the same key, bit for bit, or there is none.
 */
#ifndef INTEREST_SHARED_CACHE_H
#define INTEREST_SHARED_CACHE_H

/* The first 128 bits of the SHA-256 of an encoder's content hash, its packing and a text. */
typedef struct InterestSharedKey
{
	uint64		halves[2];
} InterestSharedKey;

extern InterestSharedKey InterestSharedCacheKey(const uint8 *content_hash, const char *packing,
												const char *text, Size length);

/* Copies the vector (width) of that key; false when it is not there. */
extern bool InterestSharedCacheFind(const InterestSharedKey *key, int width, float *vector);

/* Keeps a copy of the vector (width), in the place of an older one if need be; nothing where there is no cache. */
extern void InterestSharedCacheAdd(const InterestSharedKey *key, int width, const float *vector);

typedef struct InterestSharedCacheState
{
	bool		available;
	int			error;			/* errno of why it is not, 0: switched off */
	Size		size;			/* bytes of the file */
	uint64		slots;
	uint64		used;			/* slots that hold something */
	uint64		hits;			/* of all sessions since the file was made */
	uint64		misses;
} InterestSharedCacheState;

/* Looks at every slot. */
extern void InterestSharedCacheDescribe(InterestSharedCacheState *state);

#endif

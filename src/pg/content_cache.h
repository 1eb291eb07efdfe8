/*
 * content_cache.h
 *	  What this backend holds of encoders and models, by the SHA-256 of content.
 *
 * Content never changes, so a hit is right across rollbacks, savepoints,
 * snapshots and standbys.  A kept content stays where it is until the
 * transaction that used it ends, whatever is loaded meanwhile; beyond
 * interest.model_cache the least recently used ones go.
 */
#ifndef INTEREST_CONTENT_CACHE_H
#define INTEREST_CONTENT_CACHE_H

#define INTEREST_CONTENT_HASH_SIZE 32

/* The content of that hash, or NULL; counts as a use. */
extern void *InterestContentFind(const uint8 *hash);

/*
 * Keeps a content that was built completely in a context of its own, which
 * becomes the cache's.
 */
extern void InterestContentKeep(const uint8 *hash, MemoryContext context, void *content);

/* Frees what was kept with that context, unless this transaction has used it. */
extern void InterestContentRelease(MemoryContext context);

#endif

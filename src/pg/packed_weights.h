/*
 * packed_weights.h
 *	  Encoders ready to run, in files that every backend maps.
 *
 * One file holds the packed weights and the vocabulary of one encoder, known by
 * the SHA-256 of its content and the name of the packing.  The backend that
 * writes it has verified the content; the others look at its header only.
 */
#ifndef INTEREST_PACKED_WEIGHTS_H
#define INTEREST_PACKED_WEIGHTS_H

#include "core/text/vocabulary.h"
#include "pg/content_cache.h"

typedef struct InterestPackedWeights
{
	const void *packed;
	Size		packed_size;
	const InterestVocabulary *vocabulary;
} InterestPackedWeights;

/*
 * Maps the file; it stays mapped as long as context lives.  False when there is
 * none that is sound.
 */
extern bool InterestPackedWeightsMap(const uint8 *content_hash, const char *packing,
									 MemoryContext context, InterestPackedWeights *weights);

/*
 * Lets go of what this backend has mapped and does not use now when its file
 * was removed or replaced: as long as one backend has it, the disk keeps it.
 */
extern void InterestPackedWeightsReleaseRemoved(void);

/* Writes the file, or replaces it.  False, with errno, when it cannot be written. */
extern bool InterestPackedWeightsWrite(const uint8 *content_hash, const char *packing,
									   const InterestPackedWeights *weights);

/* Bytes of the file; 0 where there is none. */
extern uint64 InterestPackedWeightsFileSize(const uint8 *content_hash, const char *packing);

/* Removes the files of a content: at once, or when this (sub)transaction commits, or aborts. */
extern void InterestPackedWeightsRemove(const uint8 *content_hash);
extern void InterestPackedWeightsRemoveAtCommit(const uint8 *content_hash);
extern void InterestPackedWeightsRemoveAtAbort(const uint8 *content_hash);

#endif

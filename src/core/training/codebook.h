/*
 * codebook.h
 *	  The codebook of a trained model.
 */
#ifndef INTEREST_TRAINING_CODEBOOK_H
#define INTEREST_TRAINING_CODEBOOK_H

#include "core/training/prepare.h"

/*
 * algorithm: section 3, topics.  Makes the model's codes out of the vectors
 * that it gives to the training users' rows, by spherical k-means keyed by the
 * seed: the same rows, model and seed give the same bits.
 *
 * Rows that point in fewer than INTEREST_CODES directions leave codes over, which
 * repeat code 0, so that no row is nearest to them; rows that all are 0, or
 * none, leave the model's codes as they are.
 */
extern void InterestLearnCodebook(const InterestPreparedRows *prepared, InterestModel *model,
								  uint64_t seed, const InterestKernel *kernel, InterestArena *scratch);

/* The same of rows that are a sentence each (count) and nothing else. */
extern void InterestMakeCodebook(InterestModel *model, int count, const float *const *sentences,
								 uint64_t seed, const InterestKernel *kernel, InterestArena *scratch);

#endif

/*
 * names.h
 *	  Interests by name: what a model knows before any training.
 *
 * algorithm: section 3.  The sentence part is the PCA of rows' sentences,
 * centred by their mean; an interest is the direction of its name in there, and
 * logits are scaled cosines.  No label is needed.
 */
#ifndef INTEREST_TRAINING_NAMES_H
#define INTEREST_TRAINING_NAMES_H

#include "core/network/lda.h"
#include "core/training/prepare.h"

/*
 * What names are worth in labelled rows: a training that starts from them learns
 * at the rate's share rows / (rows + this), so that a few rows do not undo them.
 */
#define INTEREST_NAMES_WORTH 1000.0

/* Rows that the PCA is made of, at most: those with the lowest hashes. */
#define INTEREST_NAME_ROWS 10000

/*
 * A bound model that was just initialized becomes one that knows its names:
 * rows are the sentences (count, each of the model's sentence_width) of the
 * rows, in any order that is always the same; with fewer than d of them the names themselves
 * take their place.  What the d dimensions leave room for is filled up with the
 * span of the names, then at random, keyed by seed.  Nothing else than
 * sentences says anything; interests without a name are as likely as any.
 *
 * Fails where a sentence is not finite, and for a fusion that cannot hand a
 * sentence through.
 */
extern bool InterestStartFromNames(const InterestModel *model, const InterestNamedInterests *named,
								   int count, const float *const *rows, uint64_t seed,
								   InterestArena *scratch, InterestStatus *status);

/* The same for the training users' rows; those with labels move the interests from their names towards them. */
extern bool InterestStartFromNamesOf(const InterestPreparedRows *prepared, const InterestModel *model,
									 const InterestNamedInterests *named, uint64_t seed,
									 InterestArena *scratch, InterestStatus *status);

/* The share of the learning rate that the training users' labelled rows are worth. */
extern double InterestRateAfterNames(const InterestPreparedRows *prepared);

/*
 * Gives the head the names of the interests that are not known (NULL: of all),
 * as the model's sentence part sees them; one without a name gets none.
 */
extern void InterestNameInterests(const InterestModel *model, const InterestNamedInterests *named,
								  const InterestNames *known);

/* Adds each name to the sums of discriminants, as one user who has one row that says just that. */
extern void InterestAddNames(const InterestModel *model, const InterestNamedInterests *named,
							 InterestLdaSums *sums, InterestArena *scratch);

#endif

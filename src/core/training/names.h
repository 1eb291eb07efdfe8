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

/* What such a training leaves out at random, unless the model says so. */
extern const InterestDropoutRates InterestNamedDropout;

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

/*
 * The same for the training users' rows; those with labels move the interests from
 * their names towards them, and all of them say what words mean.
 */
extern bool InterestStartFromNamesOf(const InterestPreparedRows *prepared, const InterestModel *model,
									 const InterestNamedInterests *named, uint64_t seed,
									 InterestArena *scratch, InterestStatus *status);

/* The share of the learning rate that the training users' labelled rows are worth. */
extern double InterestRateAfterNames(const InterestPreparedRows *prepared);

/* How often an epoch goes over the samples: few labels would make a step or two. */
extern int	InterestPassesAfterNames(const InterestPreparedRows *prepared);

/*
 * The rates (interests) of few users are mostly chance, and an interest that none
 * of them has is not a rare one: each goes towards the mean of all by the share
 * that chance has in how they differ, lambda = sum p (1 - p) / ((n - 1) sum (mean -
 * p)^2), all the way for one user (Hausser, Strimmer, "Entropy inference and the
 * James-Stein estimator", JMLR 10, 2009).
 */
extern void InterestShrinkRates(int users, int interests, double *rates);

/*
 * Gives the head the names of the interests that are not known (NULL: of all),
 * as the model's sentence part sees them; one without a name gets none.
 */
extern void InterestNameInterests(const InterestModel *model, const InterestNamedInterests *named,
								  const InterestNames *known);

/*
 * Adds each name to the sums of discriminants, as so many users who have one row
 * that says just that; at the start of a model also what names are worth, so
 * that few samples do not say how rows vary.
 */
extern void InterestAddNames(const InterestModel *model, const InterestNamedInterests *named, bool start,
							 InterestLdaSums *sums, InterestArena *scratch);

#endif

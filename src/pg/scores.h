/*
 * scores.h
 *	  From a user's u to interests and their probabilities.
 */
#ifndef INTEREST_SCORES_H
#define INTEREST_SCORES_H

#include "pg/model_store.h"
#include "pg/report.h"

/* A name that a model knows, UTF-8, as text of the database. */
extern Datum InterestNameText(InterestSpan name);

/* interest_score[], best first, ties by name; u is (dimensions). */
extern Datum InterestMakeScores(const InterestLoadedModel *model, const float *u, InterestArena *scratch);

/* The interest of the greatest probability, the first by name of equal ones. */
extern int	InterestBestInterest(const InterestLoadedModel *model, const float *u, InterestArena *scratch,
								 float *probability);

/* Reads a state at a time by a model; arrays in the arena. */
extern void InterestReadProfile(const InterestStateView *view, const InterestLoadedModel *model,
								int64 at, InterestArena *arena, InterestReading *reading);

#endif

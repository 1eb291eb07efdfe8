/*
 * scores.h
 *	  From a reading to interests and their probabilities.
 */
#ifndef INTEREST_SCORES_H
#define INTEREST_SCORES_H

#include "pg/model_store.h"
#include "pg/report.h"

/* The number of the interest of that name; an error if the model does not know it. */
extern int	InterestNumberOf(const InterestNames *interests, text *name);

/* A name that a model knows, UTF-8, as text of the database. */
extern Datum InterestNameText(InterestSpan name);

/* Of a model of the task next_item, which has none, an error that says so; all below do, too. */
extern void InterestRequireInterests(const InterestLoadedModel *model);

/* probabilities (interests) of a reading */
extern void InterestReadingProbabilities(const InterestLoadedModel *model, const InterestReading *reading,
										 InterestArena *scratch, float *probabilities);

typedef struct InterestRanked
{
	float		probability;
	int			interest;		/* names are sorted, so this is their order */
} InterestRanked;

/* All interests of a reading, best first, ties by name; in the current context. */
extern InterestRanked *InterestRankInterests(const InterestLoadedModel *model, const InterestReading *reading,
											 InterestArena *scratch);

/* interest_score[], best first, ties by name. */
extern Datum InterestMakeScores(const InterestLoadedModel *model, const InterestReading *reading,
								InterestArena *scratch);

/*
 * The interests of a reading that hold the right one with the coverage asked,
 * text[], best first; false where none is probable enough.
 */
extern bool InterestMakeSet(const InterestLoadedModel *model, const InterestReading *reading,
							double coverage, InterestArena *scratch, Datum *set);

/*
 * The interest that u (dimensions), of so much evidence, makes most probable;
 * the first by name of equal ones.
 */
extern int	InterestBestInterest(const InterestLoadedModel *model, const float *u, double evidence,
								 InterestArena *scratch, float *probability);

/* Reads a state at a time by a model; arrays in the arena. */
extern void InterestReadProfile(const InterestStateView *view, const InterestLoadedModel *model,
								int64 at, InterestArena *arena, InterestReading *reading);

#endif

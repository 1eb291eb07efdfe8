/*
 * search.h
 *	  What of a catalogue is about a query and suits a user: similarity and
 *	  interest on one scale.
 *
 * The two have no unit in common, so each is standardised among the items that
 * are in question, z = (x - mean) / deviation, and the score is
 *
 *	 (1 - weight) z(similarity) + weight z(interest)
 *
 * An item of which one of them is not known is an average one there: z = 0.
 * What is very similar stands many deviations out and stays in front; where
 * much is equally similar, interest decides.
 */
#ifndef INTEREST_SEARCH_H
#define INTEREST_SEARCH_H

#include "core/recommend/recommend.h"

/* Of those numbers that are not NaN. */
typedef struct InterestStandard
{
	double		mean;
	double		deviation;		/* of the population; 0 of fewer than 2 */
} InterestStandard;

/* Of numbers (count). */
extern InterestStandard InterestStandardOf(int64_t count, const float *numbers);

/* 0 where the number is NaN, or where all are the same. */
extern double InterestStandardize(const InterestStandard *standard, float number);

typedef struct InterestSearch
{
	InterestScan scan;			/* taste NULL: of a user of whom nothing is known */
	const float *query;			/* compared with the items' texts where the catalogues have them, else with their vectors */
	bool		by_text;
	double		weight;			/* of interest, 0 to 1; not looked at without taste */
} InterestSearch;

/* What was found, with what its score is made of. */
typedef struct InterestHit
{
	float		score;
	float		similarity;		/* cosine with the query */
	float		interest;		/* score by taste; NaN: not known */
	int			part;
	int			item;
} InterestHit;

/*
 * The best k items for a search, best first, ties by id, in hits (room for k, or
 * for all items where they are fewer); returns how many.  Items that have
 * nothing to compare with the query, or are left out, are none.
 */
extern int	InterestSearchBest(const InterestSearch *search, const InterestKernel *kernel, int k,
							   InterestArena *scratch, InterestHit *hits);

#endif

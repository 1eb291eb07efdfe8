/*
 * recommend.h
 *	  What of a catalogue suits a user best: scores, the best k in one pass,
 *	  and a choice among them that is not all of one kind.
 *
 * algorithm: section 5.  The parts of the score that are linear in the item are
 * one vector, u less the share of medium, for u is the sum of its parts already:
 *
 *	 <q, u - gamma_m medium> + gamma_m (1/beta) log sum_k pi_k exp(beta <q, topic_k>)
 */
#ifndef INTEREST_RECOMMEND_H
#define INTEREST_RECOMMEND_H

#include "core/kernel/kernel.h"
#include "core/profile/reading.h"
#include "core/recommend/catalogue.h"

/* Sharpness of the soft maximum over topics (algorithm: section 5). */
#define INTEREST_TOPIC_BETA 10.0

/* What popularity and freshness add; all 0: nothing. */
typedef struct InterestItemTerms
{
	double		popularity;		/* times ln(1 + popularity) */
	double		freshness;		/* times 2^-(age / half_life); >= 0 */
	double		half_life;		/* microseconds */
	int64_t		now;			/* age is counted from; a later item is new */
} InterestItemTerms;

/* A user as his items are scored. */
typedef struct InterestTaste
{
	int			dimensions;
	int			rows;			/* 1 + topics */
	float	   *vectors;		/* (rows, dimensions): the linear part, then the topics */
	double		medium;			/* gamma of medium; 0 where there is no topic */
	double		share[INTEREST_MAX_TOPICS]; /* pi, of the topics' masses; they sum to 1 */
} InterestTaste;

/* Of a reading; the arrays in the arena. */
extern void InterestTasteOf(const InterestReading *reading, InterestArena *arena, InterestTaste *taste);

/* The score of one vector (dimensions) without terms: the same bits as in a scan. */
extern float InterestRelevance(const InterestTaste *taste, const InterestKernel *kernel,
							   const float *vector, InterestArena *scratch);

/* An item that was found. */
typedef struct InterestFound
{
	float		score;
	int			part;			/* of the scan's catalogues */
	int			item;
} InterestFound;

/*
 * A scan of catalogues that share nothing: one is what was packed, another what
 * has changed since.
 */
typedef struct InterestScan
{
	int			part_count;
	const InterestCatalogue *const *parts;	/* (part_count) */
	const uint8_t *const *excluded; /* (part_count), each (count) bytes, 1: left out */

	/* by taste, or where interests is set by the probability of an item's likeliest category */
	const InterestTaste *taste;
	const InterestItemTerms *terms;
	const float *const *interests;	/* (part_count), each (name_count); NaN: no interest has the name */
} InterestScan;

/*
 * The best k items, best first, ties by id, in found (room for k, or for all
 * items where they are fewer); returns how many.  Items without what the score
 * is made of are left out.
 */
extern int	InterestScanBest(const InterestScan *scan, const InterestKernel *kernel, int k,
							 InterestArena *scratch, InterestFound *found);

/*
 * The scores by taste of all items of a part (count), and of one; NaN where it
 * has no vector.  Whether it is left out is not asked.
 */
extern void InterestScanScores(const InterestScan *scan, const InterestKernel *kernel, int part,
							   InterestArena *scratch, float *scores);
extern float InterestScanScore(const InterestScan *scan, const InterestKernel *kernel, int part, int item,
							   InterestArena *scratch);

/*
 * Reorders found (count, best first) so that the first k are chosen one by one,
 * each the largest (1 - diversity) score - diversity (largest cosine with one
 * chosen before): maximal marginal relevance (Carbonell and Goldstein, 1998).
 * Items without vector are like no other.
 */
extern void InterestDiversify(const InterestScan *scan, const InterestKernel *kernel, int k,
							  double diversity, int count, InterestFound *found, InterestArena *scratch);

#endif

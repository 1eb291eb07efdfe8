/*
 * recommend.c
 *	  What of a catalogue suits a user best.
 */
#include "core/recommend/recommend.h"

#include "core/base/deterministic.h"
#include "core/recommend/best.h"

#include <math.h>
#include <string.h>

/* Items of one product: their scores stay in the cache, a multiple of a panel. */
#define SCAN_ITEMS 1024

/*
 * Beyond rounding of a bound in single precision: scores are sums of a few
 * products of vectors of norm 1 or less, and of terms.
 */
#define BOUND_SLACK 1e-4f

void
InterestTasteOf(const InterestReading *reading, InterestArena *arena, InterestTaste *taste)
{
	size_t		d = (size_t) reading->dimensions;
	double		total = 0.0;

	taste->dimensions = reading->dimensions;
	taste->rows = 1 + reading->topic_count;
	taste->vectors = InterestArenaArray(arena, float, (size_t) taste->rows * d);
	taste->medium = reading->topic_count > 0 ? reading->gamma[INTEREST_MEDIUM] : 0.0;
	for (size_t i = 0; i < d; i++)
		taste->vectors[i] = (float) (reading->vector[INTEREST_USER][i] -
									 taste->medium * reading->vector[INTEREST_MEDIUM][i]);
	for (int t = 0; t < reading->topic_count; t++)
		total += reading->topics[t].mass;
	for (int t = 0; t < reading->topic_count; t++)
	{
		memcpy(taste->vectors + (size_t) (1 + t) * d, reading->topics[t].vector, sizeof(float) * d);
		taste->share[t] = reading->topics[t].mass / total;
	}
}

/* The score out of products (rows, stride) with a taste's vectors, the first of each row. */
static double
ScoreOf(const InterestTaste *taste, const float *products, int stride)
{
	int			topics = taste->rows - 1;
	double		greatest = -HUGE_VAL;
	double		sum = 0.0;

	if (topics == 0)
		return products[0];
	for (int t = 1; t <= topics; t++)
		if (products[t * stride] > greatest)
			greatest = products[t * stride];
	for (int t = 1; t <= topics; t++)
		sum += taste->share[t - 1] * InterestExp(INTEREST_TOPIC_BETA * (products[t * stride] - greatest));
	return products[0] + taste->medium * (greatest + InterestLog(sum) / INTEREST_TOPIC_BETA);
}

static double
Relevance(const InterestTaste *taste, const InterestKernel *kernel, const float *vector, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = taste->dimensions;
	float	   *panel = InterestArenaArray(scratch, float, InterestPanelsSize(1, d));
	float		products[1 + INTEREST_MAX_TOPICS];

	InterestPackPanels(1, d, vector, d, panel);
	kernel->product(taste->rows, 1, d, taste->vectors, d, panel, NULL, products, 1);
	InterestArenaReturnTo(scratch, mark);
	return ScoreOf(taste, products, 1);
}

float
InterestRelevance(const InterestTaste *taste, const InterestKernel *kernel,
				  const float *vector, InterestArena *scratch)
{
	return (float) Relevance(taste, kernel, vector, scratch);
}

/* --- scores --- */

/* What the terms add to an item's score. */
static double
TermsOf(const InterestItemTerms *terms, const InterestCatalogue *catalogue, int item)
{
	int64_t		published = ((const int64_t *) InterestCatalogueAt(catalogue, catalogue->published))[item];
	double		sum = terms->popularity * ((const float *) InterestCatalogueAt(catalogue, catalogue->popularity))[item];

	if (terms->freshness > 0.0 && published != INT64_MIN)
	{
		double		age = published >= terms->now ? 0.0 : (double) ((uint64_t) terms->now - (uint64_t) published);

		sum += terms->freshness * InterestExp2(-age / terms->half_life);
	}
	return sum;
}

/*
 * No item's score is above: the soft maximum is at most the maximum, as shares
 * sum to 1.  bounds (n) of products (rows, SCAN_ITEMS) of items first and on.
 */
static void
BoundScores(const InterestScan *scan, const InterestCatalogue *catalogue, int first, int n,
			const float *products, float *bounds)
{
	const InterestTaste *taste = scan->taste;
	const float *popularity = (const float *) InterestCatalogueAt(catalogue, catalogue->popularity) + first;
	float		medium = (float) taste->medium;
	float		popular = (float) scan->terms->popularity;
	float		fresh = (float) scan->terms->freshness + BOUND_SLACK;

	for (int i = 0; i < n; i++)
		bounds[i] = taste->rows > 1 ? products[SCAN_ITEMS + i] : 0.0f;
	for (int t = 2; t < taste->rows; t++)
		for (int i = 0; i < n; i++)
			bounds[i] = products[t * SCAN_ITEMS + i] > bounds[i] ? products[t * SCAN_ITEMS + i] : bounds[i];
	for (int i = 0; i < n; i++)
		bounds[i] = products[i] + medium * bounds[i] + fresh;
	for (int i = 0; popular != 0.0f && i < n; i++)
		bounds[i] += popular * popularity[i];
}

/* An item's score out of its products (rows, SCAN_ITEMS). */
static float
ItemScore(const InterestScan *scan, const InterestCatalogue *catalogue, int item, const float *products)
{
	return (float) (ScoreOf(scan->taste, products, SCAN_ITEMS) + TermsOf(scan->terms, catalogue, item));
}

/* products (rows, SCAN_ITEMS) of the items from first on; returns how many they are. */
static int
MultiplyItems(const InterestScan *scan, const InterestCatalogue *catalogue, const InterestKernel *kernel,
			  int first, float *products)
{
	int			n = catalogue->count - first < SCAN_ITEMS ? catalogue->count - first : SCAN_ITEMS;
	int			d = catalogue->dimensions;
	const float *panels = InterestCatalogueAt(catalogue, catalogue->panels);

	kernel->product(scan->taste->rows, n, d, scan->taste->vectors, d,
					panels + (size_t) first * (size_t) d, NULL, products, SCAN_ITEMS);
	return n;
}

static void
ScanItems(InterestBest *best, int part, int first, int n, const float *products, const float *bounds)
{
	const InterestScan *scan = best->scan;
	const InterestCatalogue *catalogue = scan->parts[part];
	const uint8_t *missing = InterestCatalogueAt(catalogue, catalogue->missing);

	for (int i = 0; i < n; i++)
	{
		int			item = first + i;

		if (bounds[i] < InterestBestThreshold(best) || scan->excluded[part][item] || missing[item])
			continue;
		InterestBestOffer(best, ItemScore(scan, catalogue, item, products + i), part, item);
	}
}

static void
ScanByTaste(InterestBest *best, int part, const InterestKernel *kernel, InterestArena *scratch)
{
	const InterestScan *scan = best->scan;
	const InterestCatalogue *catalogue = scan->parts[part];
	float	   *products = InterestArenaArray(scratch, float, scan->taste->rows * SCAN_ITEMS);
	float	   *bounds = InterestArenaArray(scratch, float, SCAN_ITEMS);

	for (int first = 0; first < catalogue->count; first += SCAN_ITEMS)
	{
		int			n = MultiplyItems(scan, catalogue, kernel, first, products);

		InterestCheckCancel(scratch->host);
		BoundScores(scan, catalogue, first, n, products, bounds);
		ScanItems(best, part, first, n, products, bounds);
	}
}

void
InterestScanScores(const InterestScan *scan, const InterestKernel *kernel, int part,
				   InterestArena *scratch, float *scores)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const InterestCatalogue *catalogue = scan->parts[part];
	const uint8_t *missing = InterestCatalogueAt(catalogue, catalogue->missing);
	float	   *products = InterestArenaArray(scratch, float, scan->taste->rows * SCAN_ITEMS);

	for (int first = 0; first < catalogue->count; first += SCAN_ITEMS)
	{
		int			n = MultiplyItems(scan, catalogue, kernel, first, products);

		InterestCheckCancel(scratch->host);
		for (int i = 0; i < n; i++)
			scores[first + i] = missing[first + i] ? NAN : ItemScore(scan, catalogue, first + i, products + i);
	}
	InterestArenaReturnTo(scratch, mark);
}

float
InterestScanScore(const InterestScan *scan, const InterestKernel *kernel, int part, int item,
				  InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const InterestCatalogue *catalogue = scan->parts[part];
	float	   *vector = InterestArenaArray(scratch, float, catalogue->dimensions);
	double		score = NAN;

	if (!((const uint8_t *) InterestCatalogueAt(catalogue, catalogue->missing))[item])
	{
		InterestCatalogueVector(catalogue, item, vector);
		score = Relevance(scan->taste, kernel, vector, scratch) + TermsOf(scan->terms, catalogue, item);
	}
	InterestArenaReturnTo(scratch, mark);
	return (float) score;
}

/* The most probable of an item's categories; NaN if it has none that is an interest. */
static float
CategoryScore(const InterestCatalogue *catalogue, const float *interests, int item)
{
	const uint32_t *first = (const uint32_t *) InterestCatalogueAt(catalogue, catalogue->category_first) + item;
	const int32_t *category = InterestCatalogueAt(catalogue, catalogue->category);
	float		score = NAN;

	for (uint32_t i = first[0]; i < first[1]; i++)
		if (!isnan(interests[category[i]]) && !(score >= interests[category[i]]))
			score = interests[category[i]];
	return score;
}

static void
ScanByInterest(InterestBest *best, int part, InterestArena *scratch)
{
	const InterestScan *scan = best->scan;
	const InterestCatalogue *catalogue = scan->parts[part];

	for (int item = 0; item < catalogue->count; item++)
	{
		float		score = CategoryScore(catalogue, scan->interests[part], item);

		if (item % SCAN_ITEMS == 0)
			InterestCheckCancel(scratch->host);
		if (!isnan(score) && !scan->excluded[part][item])
			InterestBestOffer(best, score, part, item);
	}
}

int
InterestScanBest(const InterestScan *scan, const InterestKernel *kernel, int k,
				 InterestArena *scratch, InterestFound *found)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestBest best = {.scan = scan, .host = scratch->host, .room = k, .found = found};

	for (int part = 0; k > 0 && part < scan->part_count; part++)
	{
		if (scan->interests)
			ScanByInterest(&best, part, scratch);
		else
			ScanByTaste(&best, part, kernel, scratch);
		InterestArenaReturnTo(scratch, mark);
	}
	InterestBestSort(&best);
	return best.count;
}

/* --- diversity --- */

/* Vectors (count, d) of norm 1, or 0 where there is none. */
static float *
DirectionsOf(const InterestScan *scan, const InterestKernel *kernel, int count,
			 const InterestFound *found, InterestArena *scratch)
{
	size_t		d = (size_t) scan->parts[0]->dimensions;
	float	   *directions = InterestArenaAllocateZero(scratch, sizeof(float) * d * (size_t) count);

	for (int i = 0; i < count; i++)
	{
		const InterestCatalogue *catalogue = scan->parts[found[i].part];
		const uint8_t *missing = InterestCatalogueAt(catalogue, catalogue->missing);

		if (missing[found[i].item])
			continue;
		InterestCatalogueVector(catalogue, found[i].item, directions + (size_t) i * d);
		kernel->normalize((int) d, directions + (size_t) i * d);
	}
	return directions;
}

void
InterestDiversify(const InterestScan *scan, const InterestKernel *kernel, int k,
				  double diversity, int count, InterestFound *found, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = scan->parts[0]->dimensions;
	float	   *directions = DirectionsOf(scan, kernel, count, found, scratch);
	float	   *nearest = InterestArenaAllocateZero(scratch, sizeof(float) * (size_t) count);
	int		   *order = InterestArenaArray(scratch, int, count);
	InterestFound *copy = InterestArenaArray(scratch, InterestFound, count);

	memcpy(copy, found, sizeof(InterestFound) * (size_t) count);
	for (int i = 0; i < count; i++)
		order[i] = i;
	for (int chosen = 0; chosen < k && chosen < count; chosen++)
	{
		double		most = -HUGE_VAL;
		int			at = chosen;
		int			item;

		InterestCheckCancel(scratch->host);
		for (int i = chosen; i < count; i++)
		{
			double		value = (1.0 - diversity) * copy[order[i]].score - diversity * nearest[order[i]];

			if (value > most || (value == most && order[i] < order[at]))
			{
				most = value;
				at = i;
			}
		}
		item = order[at];
		order[at] = order[chosen];
		order[chosen] = item;
		found[chosen] = copy[item];
		for (int i = chosen + 1; i < count; i++)
		{
			float		cosine = kernel->dot(d, directions + (size_t) item * (size_t) d,
											 directions + (size_t) order[i] * (size_t) d);

			if (chosen == 0 || cosine > nearest[order[i]])
				nearest[order[i]] = cosine;
		}
	}
	InterestArenaReturnTo(scratch, mark);
}

/*
 * search.c
 *	  What of a catalogue is about a query and suits a user.
 */
#include "core/recommend/search.h"

#include "core/recommend/best.h"

#include <math.h>
#include <string.h>

/* Items of one product, a multiple of a panel. */
#define SEARCH_ITEMS 256

InterestStandard
InterestStandardOf(int64_t count, const float *numbers)
{
	InterestStandard standard = {0.0, 0.0};
	int64_t		known = 0;

	for (int64_t i = 0; i < count; i++)
	{
		if (isnan(numbers[i]))
			continue;
		standard.mean += numbers[i];
		known++;
	}
	if (known == 0)
		return standard;
	standard.mean /= (double) known;
	for (int64_t i = 0; i < count; i++)
		if (!isnan(numbers[i]))
			standard.deviation += (numbers[i] - standard.mean) * (numbers[i] - standard.mean);
	standard.deviation = sqrt(standard.deviation / (double) known);
	return standard;
}

double
InterestStandardize(const InterestStandard *standard, float number)
{
	return isnan(number) || !(standard->deviation > 0.0) ? 0.0 : (number - standard->mean) / standard->deviation;
}

/* Cosines with the query (d), of norm 1; NaN where an item is left out or has nothing to compare. */
static void
CompareItems(const InterestSearch *search, int part, const InterestKernel *kernel, const float *query,
			 InterestArena *scratch, float *cosines)
{
	const InterestCatalogue *catalogue = search->scan.parts[part];
	int			d = search->by_text ? catalogue->text_dimensions : catalogue->dimensions;
	const float *panels = InterestCatalogueAt(catalogue, search->by_text ? catalogue->text_panels : catalogue->panels);
	const uint8_t *missing = InterestCatalogueAt(catalogue, search->by_text ? catalogue->text_missing : catalogue->missing);
	const float *norms = InterestCatalogueAt(catalogue, search->by_text ? catalogue->text_norm : catalogue->norm);

	for (int first = 0; first < catalogue->count; first += SEARCH_ITEMS)
	{
		int			n = catalogue->count - first < SEARCH_ITEMS ? catalogue->count - first : SEARCH_ITEMS;

		InterestCheckCancel(scratch->host);
		kernel->product(1, n, d, query, d, panels + (size_t) first * (size_t) d, NULL, cosines + first, n);
		for (int i = first; i < first + n; i++)
		{
			if (missing[i] || search->scan.excluded[part][i])
				cosines[i] = NAN;
			else
				cosines[i] = norms[i] > 0.0f ? cosines[i] / norms[i] : 0.0f;
		}
	}
}

/* Similarity and interest of all items, one part after the other. */
typedef struct Measures
{
	int64_t		count;
	int64_t    *first;			/* (parts) */
	float	   *similarity;
	float	   *interest;		/* NULL: nothing is known of the user */
	InterestStandard similarities;
	InterestStandard interests;
} Measures;

static Measures
MakeMeasures(const InterestSearch *search, InterestArena *scratch)
{
	const InterestScan *scan = &search->scan;
	Measures	all = {.first = InterestArenaArray(scratch, int64_t, scan->part_count)};

	for (int part = 0; part < scan->part_count; part++)
	{
		all.first[part] = all.count;
		all.count += scan->parts[part]->count;
	}
	all.similarity = InterestArenaArray(scratch, float, all.count);
	if (scan->taste)
		all.interest = InterestArenaArray(scratch, float, all.count);
	return all;
}

/* Interest is standardised among the items that the query is compared with. */
static Measures
MeasureAll(const InterestSearch *search, const InterestKernel *kernel, InterestArena *scratch)
{
	const InterestScan *scan = &search->scan;
	int			d = search->by_text ? scan->parts[0]->text_dimensions : scan->parts[0]->dimensions;
	float	   *query = InterestArenaArray(scratch, float, d);
	Measures	all = MakeMeasures(search, scratch);

	memcpy(query, search->query, sizeof(float) * (size_t) d);
	kernel->normalize(d, query);
	for (int part = 0; part < scan->part_count; part++)
	{
		CompareItems(search, part, kernel, query, scratch, all.similarity + all.first[part]);
		if (all.interest)
			InterestScanScores(scan, kernel, part, scratch, all.interest + all.first[part]);
	}
	all.similarities = InterestStandardOf(all.count, all.similarity);
	if (all.interest == NULL)
		return all;
	for (int64_t i = 0; i < all.count; i++)
		if (isnan(all.similarity[i]))
			all.interest[i] = NAN;
	all.interests = InterestStandardOf(all.count, all.interest);
	return all;
}

/* Offers all items of a part by their scores. */
static void
MixPart(const InterestSearch *search, const Measures *all, int part, InterestBest *best)
{
	double		weight = all->interest ? search->weight : 0.0;

	for (int item = 0; item < search->scan.parts[part]->count; item++)
	{
		int64_t		at = all->first[part] + item;
		double		score;

		if (item % SEARCH_ITEMS == 0)
			InterestCheckCancel(best->host);
		if (isnan(all->similarity[at]))
			continue;
		score = (1.0 - weight) * InterestStandardize(&all->similarities, all->similarity[at]);
		if (weight > 0.0)
			score += weight * InterestStandardize(&all->interests, all->interest[at]);
		if ((float) score >= InterestBestThreshold(best))
			InterestBestOffer(best, (float) score, part, item);
	}
}

int
InterestSearchBest(const InterestSearch *search, const InterestKernel *kernel, int k,
				   InterestArena *scratch, InterestHit *hits)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Measures	all;
	InterestBest best = {.scan = &search->scan, .host = scratch->host, .room = k};

	if (k == 0 || search->scan.part_count == 0)
		return 0;
	all = MeasureAll(search, kernel, scratch);
	best.found = InterestArenaArray(scratch, InterestFound, k);
	for (int part = 0; part < search->scan.part_count; part++)
		MixPart(search, &all, part, &best);
	InterestBestSort(&best);
	for (int i = 0; i < best.count; i++)
	{
		const InterestFound *found = &best.found[i];
		int64_t		at = all.first[found->part] + found->item;

		hits[i] = (InterestHit) {.score = found->score,.part = found->part,.item = found->item,
			.similarity = all.similarity[at],.interest = all.interest ? all.interest[at] : NAN};
	}
	InterestArenaReturnTo(scratch, mark);
	return best.count;
}

/*
 * recommend_test.c
 *	  A catalogue gives back what was put in; the scan and the search find what
 *	  scoring every item by itself finds, on every kernel; diversity.
 */
#include "check.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"
#include "core/recommend/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define D 24
#define TEXT_D 40
#define MANY 3000
#define MOST_K 100

static InterestArena arena;
static InterestRandom numbers;

static float *
VectorOf(int d, double norm)
{
	float	   *v = InterestArenaArray(&arena, float, d);
	double		sum = 0;

	for (int i = 0; i < d; i++)
	{
		v[i] = (float) (2.0 * InterestRandomUniform(&numbers) - 1.0);
		sum += (double) v[i] * v[i];
	}
	for (int i = 0; i < d; i++)
		v[i] = (float) (v[i] * norm / sqrt(sum));
	return v;
}

static float *
Vector(double norm)
{
	return VectorOf(D, norm);
}

static const InterestSpan name_spans[] = {{"music", 5}, {"sport", 5}};
static const InterestNames names = {2, name_spans};
static const int both[] = {0, 1};

/* Items whose ids begin so; every 7th without vector, every 9th without text, many alike, so that scores tie. */
static InterestItem *
MakeItems(char prefix, int count)
{
	InterestItem *items = InterestArenaArray(&arena, InterestItem, count);

	for (int i = 0; i < count; i++)
	{
		char	   *id = InterestArenaArray(&arena, char, 16);

		snprintf(id, 16, "%c%06d", prefix, i);
		items[i].id = (InterestSpan) {id, strlen(id)};
		items[i].vector = i % 7 == 0 ? NULL : i % 5 == 0 && i > 5 ? items[i - 4].vector : Vector(1);
		items[i].text = i % 9 == 0 ? NULL : i % 5 == 0 && i > 5 ? items[i - 5].text : VectorOf(TEXT_D, 0.5 + i % 4);
		items[i].popularity = (float) (i % 11);
		items[i].published = i % 3 == 0 ? INT64_MIN : INT64_C(1000000) * i;
		items[i].category_count = i % 3;
		items[i].categories = both;
	}
	return items;
}

static InterestReading
MakeReading(int topics)
{
	InterestReading reading = {.dimensions = D,.gamma = {0.3f, 0.5f, 0.2f},.topic_count = topics};

	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		reading.vector[part] = Vector(0.7);
	for (int t = 0; t < topics; t++)
		reading.topics[t] = (InterestTopic) {t, (float) (t + 1), Vector(1)};
	return reading;
}

static void
TestCatalogue(void)
{
	InterestItem *items = MakeItems('a', 70);
	InterestCatalogue *catalogue = InterestCatalogueMake(D, TEXT_D, 70, items, &names, &arena);
	float		vector[D];

	for (int i = 0; i < 70; i++)
	{
		CHECK(InterestSpanCompare(InterestCatalogueId(catalogue, i), items[i].id) == 0);
		CHECK(InterestCatalogueFind(catalogue, items[i].id) == i);
		InterestCatalogueVector(catalogue, i, vector);
		CHECK(items[i].vector == NULL || memcmp(vector, items[i].vector, sizeof(vector)) == 0);
	}
	CHECK(InterestCatalogueFind(catalogue, (InterestSpan) {"b", 1}) == -1);
	CHECK(InterestCatalogueFind(catalogue, (InterestSpan) {"a0", 2}) == -1);
	CHECK(InterestSpanCompare(InterestCatalogueName(catalogue, 1), name_spans[1]) == 0);
	catalogue = InterestCatalogueMake(D, TEXT_D, 0, items, &names, &arena);
	CHECK(InterestCatalogueFind(catalogue, items[0].id) == -1);
}

/* The score of an item by itself, terms included. */
static float
ScoreAlone(const InterestTaste *taste, const InterestItemTerms *terms, const InterestItem *item)
{
	double		age = item->published == INT64_MIN || item->published >= terms->now ? 0.0 : (double) (terms->now - item->published);
	double		sum = InterestRelevance(taste, InterestKernelChoose("portable"), item->vector, &arena);

	sum += terms->popularity * (float) InterestLog1p(item->popularity);
	if (item->published != INT64_MIN)
		sum += terms->freshness * InterestExp2(-age / terms->half_life);
	return (float) sum;
}

/* How many items that were not found, and are not left out, beat the worst that was found. */
static int
Missed(const InterestItem *items, int part, int count, const uint8_t *excluded, const InterestTaste *taste,
	   const InterestItemTerms *terms, int found_count, const InterestFound *found)
{
	int			missed = 0;

	for (int i = 0; i < count; i++)
	{
		bool		there = false;

		for (int j = 0; j < found_count; j++)
			if (found[j].part == part && found[j].item == i)
			{
				there = true;
				CHECK(items[i].vector != NULL && !excluded[i]);
				CHECK(fabsf(found[j].score - ScoreAlone(taste, terms, &items[i])) < 1e-6f);
			}
		if (!there && items[i].vector && !excluded[i] &&
			ScoreAlone(taste, terms, &items[i]) > found[found_count - 1].score + 1e-6f)
			missed++;
	}
	return missed;
}

static void
TestScan(const InterestItemTerms *terms, int topics)
{
	InterestItem *items[2] = {MakeItems('a', MANY), MakeItems('b', 37)};
	const InterestCatalogue *parts[2] = {InterestCatalogueMake(D, TEXT_D, MANY, items[0], &names, &arena),
	InterestCatalogueMake(D, TEXT_D, 37, items[1], &names, &arena)};
	uint8_t    *excluded[2] = {InterestArenaAllocateZero(&arena, MANY), InterestArenaAllocateZero(&arena, 37)};
	InterestReading reading = MakeReading(topics);
	InterestTaste taste;
	InterestScan scan = {2, parts, (const uint8_t *const *) excluded, &taste, terms, NULL};
	InterestFound first[MOST_K];

	for (int i = 0; i < MANY; i += 13)
		excluded[0][i] = 1;
	InterestTasteOf(&reading, &arena, &taste);
	for (const char *const *name = InterestKernelNames(); *name; name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*name);
		InterestFound found[MOST_K];

		if (kernel == NULL)
			continue;
		memset(found, 0, sizeof(found));
		CHECK(InterestScanBest(&scan, kernel, MOST_K, &arena, found) == MOST_K);
		CHECK(InterestScanBest(&scan, kernel, 0, &arena, first) == 0);
		if (name == InterestKernelNames())
		{
			memcpy(first, found, sizeof(found));
			CHECK(Missed(items[0], 0, MANY, excluded[0], &taste, terms, MOST_K, found) == 0);
			CHECK(Missed(items[1], 1, 37, excluded[1], &taste, terms, MOST_K, found) == 0);
		}
		CHECK(memcmp(first, found, sizeof(found)) == 0);
		for (int i = 1; i < MOST_K; i++)
			CHECK(found[i - 1].score > found[i].score ||
				  (found[i - 1].score == found[i].score &&
				   InterestSpanCompare(items[found[i - 1].part][found[i - 1].item].id, items[found[i].part][found[i].item].id) < 0));
	}
}

static void
TestByInterest(void)
{
	InterestItem *items = MakeItems('a', 50);
	const InterestCatalogue *parts[] = {InterestCatalogueMake(D, TEXT_D, 50, items, &names, &arena)};
	const uint8_t *excluded[] = {InterestArenaAllocateZero(&arena, 50)};
	float		probabilities[] = {0.2f, 0.7f};
	const float *interests[] = {probabilities};
	InterestScan scan = {.part_count = 1,.parts = parts,.excluded = excluded,.interests = interests};
	InterestFound found[50];
	int			count = InterestScanBest(&scan, InterestKernelChoose("auto"), 50, &arena, found);

	CHECK(count == 33);			/* a third has no category */
	CHECK(found[0].item == 2 && found[0].score == 0.7f);
	CHECK(found[count - 1].score == 0.2f);
	probabilities[1] = NAN;
	count = InterestScanBest(&scan, InterestKernelChoose("auto"), 50, &arena, found);
	CHECK(count == 33 && found[0].item == 1 && found[0].score == 0.2f);
}

static void
TestDiversify(void)
{
	InterestItem *items = MakeItems('a', 4);
	const InterestCatalogue *parts[1];
	InterestScan scan = {.part_count = 1,.parts = parts};
	InterestFound found[] = {{0.9f, 0, 1}, {0.8f, 0, 2}, {0.5f, 0, 3}};
	InterestFound again[3];

	items[2].vector = items[1].vector;
	parts[0] = InterestCatalogueMake(D, TEXT_D, 4, items, &names, &arena);
	memcpy(again, found, sizeof(found));
	InterestDiversify(&scan, InterestKernelChoose("auto"), 3, 0.0, 3, again, &arena);
	CHECK(memcmp(again, found, sizeof(found)) == 0);
	InterestDiversify(&scan, InterestKernelChoose("auto"), 2, 0.9, 3, again, &arena);
	CHECK(again[0].item == 1 && again[1].item == 3);
}

static double
Cosine(int d, const float *a, const float *b)
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;

	for (int i = 0; i < d; i++)
	{
		ab += (double) a[i] * b[i];
		aa += (double) a[i] * a[i];
		bb += (double) b[i] * b[i];
	}
	return ab / sqrt(aa * bb);
}

/* What a search compares of an item. */
static const float *
Compared(const InterestItem *item, bool by_text)
{
	return by_text ? item->text : item->vector;
}

/* Mean and deviation of what is said of the items that are in question. */
static void
Moments(const InterestItem *const *items, const uint8_t *const *excluded, const InterestSearch *search,
		double (*of) (const InterestSearch *, const InterestItem *), double *mean, double *deviation)
{
	const int	counts[] = {MANY, 37};
	int			n = 0;
	double		sum = 0;
	double		squares = 0;

	for (int part = 0; part < 2; part++)
		for (int i = 0; i < counts[part]; i++)
		{
			double		x;

			if (excluded[part][i] || Compared(&items[part][i], search->by_text) == NULL)
				continue;
			x = of(search, &items[part][i]);
			if (isnan(x))
				continue;
			n++;
			sum += x;
			squares += x * x;
		}
	*mean = sum / n;
	*deviation = sqrt(squares / n - *mean * *mean);
}

static double
SimilarityAlone(const InterestSearch *search, const InterestItem *item)
{
	return Cosine(search->by_text ? TEXT_D : D, search->query, Compared(item, search->by_text));
}

static double
InterestAlone(const InterestSearch *search, const InterestItem *item)
{
	return item->vector ? ScoreAlone(search->scan.taste, search->scan.terms, item) : NAN;
}

/* Every hit's numbers are those of its item by itself, in order; nothing better is missed. */
static void
CheckHits(const InterestSearch *search, const InterestItem *const *items, const uint8_t *const *excluded,
		  int count, const InterestHit *hits)
{
	double		mean[2];
	double		deviation[2];
	int			better = 0;

	Moments(items, excluded, search, SimilarityAlone, &mean[0], &deviation[0]);
	if (search->scan.taste)
		Moments(items, excluded, search, InterestAlone, &mean[1], &deviation[1]);
	for (int part = 0; part < 2; part++)
		for (int i = 0; i < (part == 0 ? MANY : 37); i++)
		{
			const InterestItem *item = &items[part][i];
			double		score;
			double		interest;
			bool		found = false;

			if (excluded[part][i] || Compared(item, search->by_text) == NULL)
				continue;
			score = (SimilarityAlone(search, item) - mean[0]) / deviation[0];
			interest = search->scan.taste ? InterestAlone(search, item) : NAN;
			if (search->scan.taste)
				score = (1 - search->weight) * score + (isnan(interest) ? 0 : search->weight * (interest - mean[1]) / deviation[1]);
			for (int j = 0; j < count && !found; j++)
			{
				found = hits[j].part == part && hits[j].item == i;
				if (!found)
					continue;
				CHECK(fabs(hits[j].score - score) < 1e-4);
				CHECK(fabs(hits[j].similarity - SimilarityAlone(search, item)) < 1e-5);
				CHECK(isnan(interest) == isnan(hits[j].interest));
			}
			better += !found && score > hits[count - 1].score + 1e-4;
		}
	CHECK(better == 0);
	for (int i = 1; i < count; i++)
		CHECK(hits[i - 1].score >= hits[i].score);
}

static void
TestSearch(bool by_text, bool known, double weight)
{
	const InterestItemTerms terms = {0.1, 0.4, 1e9, INT64_C(2000000000)};
	const InterestItem *items[2] = {MakeItems('a', MANY), MakeItems('b', 37)};
	const InterestCatalogue *parts[2] = {InterestCatalogueMake(D, TEXT_D, MANY, items[0], &names, &arena),
	InterestCatalogueMake(D, TEXT_D, 37, items[1], &names, &arena)};
	uint8_t    *excluded[2] = {InterestArenaAllocateZero(&arena, MANY), InterestArenaAllocateZero(&arena, 37)};
	InterestReading reading = MakeReading(3);
	InterestTaste taste;
	InterestSearch search = {.scan = {2, parts, (const uint8_t *const *) excluded, known ? &taste : NULL, &terms, NULL},
	.query = VectorOf(by_text ? TEXT_D : D, 3),.by_text = by_text,.weight = weight};
	InterestHit first[MOST_K];

	for (int i = 0; i < MANY; i += 13)
		excluded[0][i] = 1;
	InterestTasteOf(&reading, &arena, &taste);
	for (const char *const *name = InterestKernelNames(); *name; name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*name);
		InterestHit hits[MOST_K];

		if (kernel == NULL)
			continue;
		memset(hits, 0, sizeof(hits));
		CHECK(InterestSearchBest(&search, kernel, MOST_K, &arena, hits) == MOST_K);
		CHECK(InterestSearchBest(&search, kernel, 0, &arena, NULL) == 0);
		if (name == InterestKernelNames())
		{
			memcpy(first, hits, sizeof(hits));
			CheckHits(&search, items, (const uint8_t *const *) excluded, MOST_K, hits);
		}
		CHECK(memcmp(first, hits, sizeof(hits)) == 0);
	}
}

static void
TestStandard(void)
{
	const float numbers[] = {1, 2, NAN, 3, 4};
	const float same[] = {5, 5};
	InterestStandard standard = InterestStandardOf(5, numbers);

	CHECK(standard.mean == 2.5);
	CHECK(fabs(InterestStandardize(&standard, 4) - 1.5 / sqrt(1.25)) < 1e-12);
	CHECK(InterestStandardize(&standard, NAN) == 0);
	standard = InterestStandardOf(2, same);
	CHECK(InterestStandardize(&standard, 5) == 0);
	standard = InterestStandardOf(0, NULL);
	CHECK(InterestStandardize(&standard, 5) == 0);
}

int
main(void)
{
	const InterestItemTerms none = {0.0, 0.0, 1.0, 0};
	const InterestItemTerms some = {0.1, 0.4, 1e9, INT64_C(2000000000)};

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	numbers = InterestRandomKeyed(7, 0, 0, 0);
	TestCatalogue();
	for (int topics = 0; topics <= INTEREST_MAX_TOPICS; topics++)
	{
		TestScan(&none, topics);
		TestScan(&some, topics);
	}
	TestByInterest();
	TestDiversify();
	TestStandard();
	for (int i = 0; i < 8; i++)
		TestSearch(i & 1, i & 2, i & 4 ? 0.4 : 1);
	InterestArenaFree(&arena);
	return CheckReport("recommend");
}

/*
 * conformal.c
 *	  Sets of interests that hold the right one as often as was asked.
 */
#include "core/measure/conformal.h"

#include "core/base/sort.h"

#include <math.h>
#include <string.h>

/* Takes the rounding of (n + 1) coverage away, so that a whole rank stays whole. */
#define RANK_TOLERANCE 1e-9

static const int least_rows[INTEREST_ACTIVITY_BINS] = {0, 2, 3, 6, 11};

int
InterestActivityBin(int64_t rows)
{
	int			bin = INTEREST_ACTIVITY_BINS - 1;

	while (bin > 0 && rows < least_rows[bin])
		bin--;
	return bin;
}

static int
CompareScores(const void *context, int a, int b)
{
	const float *scores = context;

	return (scores[a] > scores[b]) - (scores[a] < scores[b]);
}

/* The scores of the users in bins from first to last. */
static void
FillBin(int count, const float *scores, const int *rows, int first, int last,
		InterestArena *arena, InterestConformalBin *bin)
{
	float	   *sorted = InterestArenaArray(arena, float, INTEREST_MAX_CONFORMAL_SCORES);
	InterestArenaMark mark = InterestArenaGetMark(arena);
	int		   *order = InterestArenaArray(arena, int, INTEREST_MAX_CONFORMAL_SCORES);

	bin->least_rows = least_rows[first];
	bin->count = 0;
	for (int i = 0; i < count && bin->count < INTEREST_MAX_CONFORMAL_SCORES; i++)
		if (InterestActivityBin(rows[i]) >= first && InterestActivityBin(rows[i]) <= last)
			order[bin->count++] = i;
	InterestSort(order, bin->count, CompareScores, scores, arena);
	for (int i = 0; i < bin->count; i++)
		sorted[i] = scores[order[i]];
	bin->scores = sorted;
	InterestArenaReturnTo(arena, mark);
}

/*
 * A bin that is too small joins the next one; at the end, the one before.
 */
void
InterestConformalFit(int count, const float *scores, const int *rows, InterestArena *arena,
					 InterestConformal *conformal)
{
	int			users[INTEREST_ACTIVITY_BINS] = {0};
	int			first[INTEREST_ACTIVITY_BINS];
	int			collected = 0;

	memset(conformal, 0, sizeof(*conformal));
	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
		users[InterestActivityBin(rows[i])]++;
	first[0] = 0;
	for (int bin = 0; bin < INTEREST_ACTIVITY_BINS; bin++)
	{
		collected += users[bin];
		if (collected < INTEREST_LEAST_CONFORMAL_SCORES)
			continue;
		conformal->bin_count++;
		collected = 0;
		if (bin + 1 < INTEREST_ACTIVITY_BINS)
			first[conformal->bin_count] = bin + 1;
	}
	if (conformal->bin_count == 0)
		conformal->bin_count = 1;
	for (int bin = 0; bin < conformal->bin_count; bin++)
		FillBin(count, scores, rows, first[bin],
				bin + 1 < conformal->bin_count ? first[bin + 1] - 1 : INTEREST_ACTIVITY_BINS - 1,
				arena, &conformal->bins[bin]);
}

float
InterestConformalScore(const InterestConformal *conformal, int64_t rows, double coverage)
{
	const InterestConformalBin *bin = &conformal->bins[0];
	double		rank;

	for (int i = 1; i < conformal->bin_count; i++)
		if (rows >= conformal->bins[i].least_rows)
			bin = &conformal->bins[i];
	rank = ceil(((double) bin->count + 1.0) * coverage - RANK_TOLERANCE);
	if (conformal->bin_count == 0 || rank > bin->count)
		return 1.0f;
	return bin->scores[rank < 1.0 ? 0 : (int) rank - 1];
}

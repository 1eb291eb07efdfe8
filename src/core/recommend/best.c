/*
 * best.c
 *	  The best k of what is offered.
 */
#include "core/recommend/best.h"

/* Items between two looks for a cancel. */
#define BETWEEN_CHECKS 4096

static InterestSpan
IdOf(const InterestScan *scan, const InterestFound *found)
{
	return InterestCatalogueId(scan->parts[found->part], found->item);
}

/* Whether a comes before b. */
static bool
IsBetter(const InterestScan *scan, const InterestFound *a, const InterestFound *b)
{
	if (a->score != b->score)
		return a->score > b->score;
	if (a->part == b->part)
		return a->item < b->item;
	return InterestSpanCompare(IdOf(scan, a), IdOf(scan, b)) < 0;
}

static void
SiftDown(const InterestBest *best, int at, int count)
{
	InterestFound moved = best->found[at];

	for (int child = 2 * at + 1; child < count; child = 2 * at + 1)
	{
		if (child + 1 < count && IsBetter(best->scan, &best->found[child], &best->found[child + 1]))
			child++;
		if (!IsBetter(best->scan, &moved, &best->found[child]))
			break;
		best->found[at] = best->found[child];
		at = child;
	}
	best->found[at] = moved;
}

static void
SiftUp(const InterestBest *best, int at)
{
	InterestFound moved = best->found[at];

	while (at > 0)
	{
		int			parent = (at - 1) / 2;

		if (!IsBetter(best->scan, &best->found[parent], &moved))
			break;
		best->found[at] = best->found[parent];
		at = parent;
	}
	best->found[at] = moved;
}

void
InterestBestOffer(InterestBest *best, float score, int part, int item)
{
	InterestFound found = {.score = score, .part = part, .item = item};

	if (best->count < best->room)
	{
		best->found[best->count] = found;
		SiftUp(best, best->count++);
	}
	else if (IsBetter(best->scan, &found, &best->found[0]))
	{
		best->found[0] = found;
		SiftDown(best, 0, best->count);
	}
}

/* Heap sort: the worst leave first, to the end. */
void
InterestBestSort(InterestBest *best)
{
	for (int last = best->count - 1; last > 0; last--)
	{
		InterestFound worst = best->found[0];

		if (last % BETWEEN_CHECKS == 0)
			InterestCheckCancel(best->host);
		best->found[0] = best->found[last];
		best->found[last] = worst;
		SiftDown(best, 0, last);
	}
}

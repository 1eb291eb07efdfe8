/*
 * sort.c
 *	  Sorting of indices by a comparison with a context.
 */
#include "core/base/sort.h"

#include <string.h>

/* Runs that an insertion sort makes before they are merged. */
#define RUN_LENGTH 12

/* Merges between two looks at whether the host wants to stop. */
#define MERGED_BETWEEN_CHECKS 65536

static void
SortRun(int *indices, int count, InterestCompareFunction compare, const void *context)
{
	for (int i = 1; i < count; i++)
	{
		int			moving = indices[i];
		int			to = i;

		while (to > 0 && compare(context, indices[to - 1], moving) > 0)
		{
			indices[to] = indices[to - 1];
			to--;
		}
		indices[to] = moving;
	}
}

/* Merges from[0 .. middle) and from[middle .. count) into to. */
static void
Merge(const int *from, int middle, int count, int *to,
	  InterestCompareFunction compare, const void *context)
{
	int			left = 0;
	int			right = middle;

	for (int i = 0; i < count; i++)
	{
		if (left < middle && (right == count || compare(context, from[left], from[right]) <= 0))
			to[i] = from[left++];
		else
			to[i] = from[right++];
	}
}

static int
Least(int64_t a, int64_t b)
{
	return (int) (a < b ? a : b);
}

void
InterestSort(int *indices, int count, InterestCompareFunction compare, const void *context,
			 InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int		   *other = InterestArenaArray(scratch, int, count);
	int		   *from = indices;
	int		   *to = other;
	int			since_check = 0;

	for (int start = 0; start < count; start += RUN_LENGTH)
		SortRun(indices + start, Least(RUN_LENGTH, count - start), compare, context);
	for (int64_t length = RUN_LENGTH; length < count; length *= 2)
	{
		int		   *swap = from;

		for (int64_t start = 0; start < count; start += 2 * length)
		{
			int			size = Least(2 * length, count - start);

			Merge(from + start, Least(length, size), size, to + start, compare, context);
			since_check += size;
			if (since_check >= MERGED_BETWEEN_CHECKS)
			{
				InterestCheckCancel(scratch->host);
				since_check = 0;
			}
		}
		from = to;
		to = swap;
	}
	if (from != indices)
		memcpy(indices, from, sizeof(int) * (size_t) count);
	InterestArenaReturnTo(scratch, mark);
}

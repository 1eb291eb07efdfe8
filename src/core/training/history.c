/*
 * history.c
 *	  Decayed sums of a user's rows at many times of reading, and their
 *	  gradients.
 */
#include "core/training/history.h"

#include <string.h>

#define MICROSECONDS_A_DAY 86400e6

/* The granularity whose blocks a part uses: the negative part has the coarse ones. */
static int
GranularityOf(int part)
{
	return part == INTEREST_NEGATIVE ? INTEREST_COARSE : part;
}

static bool
IsPartOf(int part, bool negative)
{
	return (part == INTEREST_NEGATIVE) == negative;
}

static int
SlotOf(int64_t block)
{
	int			slot = (int) (block % INTEREST_WINDOW);

	return slot < 0 ? slot + INTEREST_WINDOW : slot;
}

void
InterestHistoryRowInit(InterestHistoryRow *row, int64_t time, double weight, bool negative,
					   const int64_t *half_life)
{
	row->time = time;
	row->negative = negative;
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		row->block[g] = InterestBlockOf(time, half_life[g]);
		row->weight[g] = weight * InterestRowFactor(time, half_life[g]);
	}
}

int64_t
InterestTimeBetween(int64_t earlier, int64_t later)
{
	uint64_t	between = (uint64_t) later - (uint64_t) earlier;

	return between > (uint64_t) INT64_MAX ? INT64_MAX : (int64_t) between;
}

void
InterestHistorySumsInit(InterestHistorySums *sums, int dimensions, const int64_t *half_life,
						InterestArena *arena)
{
	sums->dimensions = dimensions;
	sums->half_life = half_life;
	for (int p = 0; p < INTEREST_PARTS; p++)
		sums->part[p].vector = InterestArenaArray(arena, double, INTEREST_WINDOW * dimensions);
	InterestHistoryClear(sums);
}

void
InterestHistoryClear(InterestHistorySums *sums)
{
	sums->newest = INT64_MIN;
	sums->rows = 0;
	for (int p = 0; p < INTEREST_PARTS; p++)
		memset(sums->part[p].used, 0, sizeof(sums->part[p].used));
}

/* The slot of a block, emptied where it last served another one. */
static int
TakeSlot(InterestHistoryPart *part, int64_t block, int dimensions)
{
	int			slot = SlotOf(block);

	if (!part->used[slot] || part->block[slot] != block)
	{
		part->used[slot] = true;
		part->block[slot] = block;
		part->mass[slot] = 0.0;
		memset(part->vector + slot * dimensions, 0, sizeof(double) * (size_t) dimensions);
	}
	return slot;
}

void
InterestHistoryAdd(InterestHistorySums *sums, const InterestHistoryRow *row, const float *vector)
{
	sums->newest = row->time;
	sums->rows += !row->negative;
	for (int p = 0; p < INTEREST_PARTS; p++)
	{
		InterestHistoryPart *part = &sums->part[p];
		int			g = GranularityOf(p);
		int			slot;
		double	   *sum;

		if (!IsPartOf(p, row->negative))
			continue;
		slot = TakeSlot(part, row->block[g], sums->dimensions);
		sum = part->vector + slot * sums->dimensions;
		part->mass[slot] += row->weight[g];
		for (int i = 0; i < sums->dimensions; i++)
			sum[i] += row->weight[g] * vector[i];
	}
}

static void
ReadPart(const InterestHistorySums *sums, int p, int64_t at, InterestSums *out)
{
	const InterestHistoryPart *part = &sums->part[p];
	int64_t		half_life = sums->half_life[GranularityOf(p)];
	int64_t		newest = InterestBlockOf(sums->newest, half_life);

	for (int age = 0; age < INTEREST_WINDOW; age++)
	{
		int			slot = SlotOf(newest - age);
		const double *sum = part->vector + slot * sums->dimensions;
		double		decay;

		if (!part->used[slot] || part->block[slot] != newest - age)
			continue;
		decay = InterestBlockDecay(at, newest - age, half_life);
		out->mass[p] += decay * part->mass[slot];
		for (int i = 0; i < sums->dimensions; i++)
			out->vector[p][i] += decay * sum[i];
	}
}

void
InterestHistoryRead(const InterestHistorySums *sums, int64_t at, InterestSums *out)
{
	out->rows = sums->rows;
	out->days = 0.0;
	for (int p = 0; p < INTEREST_PARTS; p++)
	{
		out->mass[p] = 0.0;
		if (out->vector[p] != NULL)
			memset(out->vector[p], 0, sizeof(double) * (size_t) sums->dimensions);
	}
	if (sums->newest == INT64_MIN)
		return;
	out->days = (double) ((uint64_t) at - (uint64_t) sums->newest) / MICROSECONDS_A_DAY;
	for (int p = 0; p < INTEREST_PARTS; p++)
		if (out->vector[p] != NULL)
			ReadPart(sums, p, at, out);
}

void
InterestHistorySpread(InterestHistorySums *gradients, int64_t newest, int64_t at,
					  double *const gradient[INTEREST_PARTS])
{
	int			dimensions = gradients->dimensions;

	for (int p = 0; p < INTEREST_PARTS; p++)
	{
		int64_t		half_life = gradients->half_life[GranularityOf(p)];
		int64_t		block = InterestBlockOf(newest, half_life);

		if (gradient[p] == NULL)
			continue;
		for (int age = 0; age < INTEREST_WINDOW; age++)
		{
			int			slot = TakeSlot(&gradients->part[p], block - age, dimensions);
			double	   *sum = gradients->part[p].vector + slot * dimensions;
			double		decay = InterestBlockDecay(at, block - age, half_life);

			for (int i = 0; i < dimensions; i++)
				sum[i] += decay * gradient[p][i];
		}
	}
}

void
InterestHistoryCollect(InterestHistorySums *gradients, const InterestHistoryRow *row,
					   float *vector_gradient)
{
	int			dimensions = gradients->dimensions;

	for (int p = 0; p < INTEREST_PARTS; p++)
	{
		int			g = GranularityOf(p);
		int			slot = SlotOf(row->block[g]);
		const InterestHistoryPart *part = &gradients->part[p];
		const double *sum = part->vector + slot * dimensions;

		if (!IsPartOf(p, row->negative) || !part->used[slot] || part->block[slot] != row->block[g])
			continue;
		for (int i = 0; i < dimensions; i++)
			vector_gradient[i] += (float) (row->weight[g] * sum[i]);
	}
}

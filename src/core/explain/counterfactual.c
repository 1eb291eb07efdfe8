/*
 * counterfactual.c
 *	  Rows whose real removal changes the first interest.
 */
#include "core/explain/counterfactual.h"

#include "core/explain/removal.h"

#include <math.h>
#include <string.h>

/* A lead below this is left to the real reading, which rounds to floats. */
#define LEAST_LEAD 1e-4

/* The lead of the first interest over the strongest other one, the rival. */
static double
Lead(const InterestCounterfactualCase *what, const bool *kept, InterestArena *arena, int *rival)
{
	InterestArenaMark mark = InterestArenaGetMark(arena);
	double		strongest = -HUGE_VAL;
	double		first;
	InterestSums sums;
	InterestSumsReading reading;

	InterestReadRows(what->model, what->half_lives, what->count, what->rows, kept, arena, &sums, &reading);
	first = InterestLogitAt(&what->logits[what->first], what->model->dimensions, reading.vector[INTEREST_USER]);
	for (int i = 0; i < what->interests; i++)
	{
		double		logit;

		if (i == what->first)
			continue;
		logit = InterestLogitAt(&what->logits[i], what->model->dimensions, reading.vector[INTEREST_USER]);
		if (logit <= strongest)
			continue;
		strongest = logit;
		*rival = i;
	}
	InterestArenaReturnTo(arena, mark);
	return first - strongest;
}

/* Whether another interest is first without those that are not kept, which is then found->first. */
static bool
Changes(const InterestCounterfactualCase *what, const bool *kept, InterestArena *arena,
		InterestCounterfactual *found)
{
	int			rival;

	if (Lead(what, kept, arena, &rival) > LEAST_LEAD)
		return false;
	found->first = what->read(what->context, kept);
	return found->first != what->first;
}

/* The kept row whose removal takes most of the lead over the rival. */
static int
CostliestRow(const InterestCounterfactualCase *what, bool *kept, int rival, InterestArena *arena)
{
	InterestArenaMark mark = InterestArenaGetMark(arena);
	double	   *direction = InterestArenaArray(arena, double, what->model->dimensions);
	const InterestLogit *first = &what->logits[what->first];
	InterestLogit lead = {direction, first->offset - what->logits[rival].offset};
	double		least = HUGE_VAL;
	int			costliest = -1;
	InterestRemoval removal;

	for (int j = 0; j < what->model->dimensions; j++)
		direction[j] = first->direction[j] - what->logits[rival].direction[j];
	InterestRemovalInit(&removal, what->model, what->half_lives, &lead, what->count, what->rows, arena);
	for (int i = 0; i < what->count; i++)
	{
		double		left;

		if (!kept[i])
			continue;
		InterestCheckCancel(arena->host);
		kept[i] = false;
		left = InterestRemovalLogit(&removal, kept);
		kept[i] = true;
		if (left >= least)
			continue;
		least = left;
		costliest = i;
	}
	InterestArenaReturnTo(arena, mark);
	return costliest;
}

static bool
SearchGreedily(const InterestCounterfactualCase *what, InterestArena *arena, InterestCounterfactual *found)
{
	bool		changed = false;

	memset(found->kept, true, (size_t) what->count);
	found->fewest = false;
	for (found->removed = 0; !changed && found->removed < what->count - 1; found->removed++)
	{
		int			rival;

		(void) Lead(what, found->kept, arena, &rival);
		found->kept[CostliestRow(what, found->kept, rival, arena)] = false;
		changed = Changes(what, found->kept, arena, found);
	}
	if (!changed)
		return false;
	for (int i = 0; i < what->count; i++)
	{
		InterestCounterfactual without = *found;

		if (found->kept[i])
			continue;
		InterestCheckCancel(arena->host);
		found->kept[i] = true;
		if (Changes(what, found->kept, arena, &without))
		{
			found->first = without.first;
			found->removed--;
		}
		else
			found->kept[i] = false;
	}
	return true;
}

/* All sets, the smaller ones first; one row at least is kept. */
static bool
SearchAll(const InterestCounterfactualCase *what, InterestArena *arena, InterestCounterfactual *found)
{
	found->fewest = true;
	for (found->removed = 1; found->removed < what->count; found->removed++)
		for (int set = 1; set < 1 << what->count; set++)
		{
			int			size = 0;

			for (int i = 0; i < what->count; i++)
			{
				found->kept[i] = !(set >> i & 1);
				size += set >> i & 1;
			}
			if (size != found->removed)
				continue;
			InterestCheckCancel(arena->host);
			if (Changes(what, found->kept, arena, found))
				return true;
		}
	return false;
}

bool
InterestFindCounterfactual(const InterestCounterfactualCase *what, InterestArena *arena,
						   InterestCounterfactual *found)
{
	found->kept = InterestArenaArray(arena, bool, what->count);
	if (what->interests < 2)
		return false;
	if (what->count <= INTEREST_COUNTERFACTUAL_EXACT)
		return SearchAll(what, arena, found);
	return SearchGreedily(what, arena, found);
}

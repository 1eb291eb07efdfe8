/*
 * curves.c
 *	  What stands behind single figures.
 */
#include "core/measure/curves.h"

#include "core/base/sort.h"
#include "core/measure/tally.h"

#include <math.h>
#include <string.h>

static double
WeightOf(const InterestPredictions *predictions, int sample)
{
	return predictions->weight ? predictions->weight[sample] : 1.0;
}

/* --- who is taken for whom --- */

typedef struct CellList
{
	int			count;
	InterestConfusionCell *cells;
} CellList;

static void
AddCell(CellList *list, int actual, int predicted, double weight)
{
	list->cells[list->count++] = (InterestConfusionCell) {actual, predicted, 1, weight};
}

/* Of several interests: what both lists have, what is missed, what is wrongly said. */
static void
AddSeveral(CellList *list, const InterestTally *tally, int sample, double weight)
{
	int			said = tally->said_first[sample];
	int			has = tally->has_first[sample];

	while (said < tally->said_first[sample + 1] || has < tally->has_first[sample + 1])
	{
		int			next_said = said < tally->said_first[sample + 1] ? tally->said[said] : INT32_MAX;
		int			next_has = has < tally->has_first[sample + 1] ? tally->has[has] : INT32_MAX;

		AddCell(list, next_has <= next_said ? next_has : -1, next_said <= next_has ? next_said : -1, weight);
		has += next_has <= next_said;
		said += next_said <= next_has;
	}
}

static int
CompareCells(const void *context, int a, int b)
{
	const InterestConfusionCell *x = (const InterestConfusionCell *) context + a;
	const InterestConfusionCell *y = (const InterestConfusionCell *) context + b;

	if (x->actual != y->actual)
		return x->actual < y->actual ? -1 : 1;
	return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

/* Cells that are alike become one. */
static int
Collect(const CellList *list, InterestArena *scratch, InterestConfusionCell *cells)
{
	int		   *order = InterestArenaArray(scratch, int, list->count);
	int			count = 0;

	for (int i = 0; i < list->count; i++)
		order[i] = i;
	InterestSort(order, list->count, CompareCells, list->cells, scratch);
	for (int i = 0; i < list->count; i++)
	{
		const InterestConfusionCell *cell = &list->cells[order[i]];

		if (i == 0 || CompareCells(list->cells, order[i - 1], order[i]) != 0)
		{
			cells[count++] = *cell;
			continue;
		}
		cells[count - 1].samples++;
		cells[count - 1].weight += cell->weight;
	}
	return count;
}

int
InterestMeasureConfusion(const InterestPredictions *predictions, InterestArena *arena,
						 InterestConfusionCell **cells)
{
	InterestTally tally;
	CellList	list = {0, NULL};
	size_t		room;

	InterestTallyInit(&tally, predictions, arena);
	room = (size_t) tally.said_first[predictions->count] + (size_t) tally.has_first[predictions->count];
	list.cells = InterestArenaArray(arena, InterestConfusionCell, room);
	for (int i = 0; i < predictions->count; i++)
	{
		if (predictions->several)
			AddSeveral(&list, &tally, i, WeightOf(predictions, i));
		else
			AddCell(&list, predictions->label[i] < 0 ? -1 : predictions->label[i], tally.top[i], WeightOf(predictions, i));
	}
	*cells = InterestArenaArray(arena, InterestConfusionCell, list.count);
	return Collect(&list, arena, *cells);
}

/* --- true against false positives --- */

int
InterestMeasureRoc(const InterestPredictions *predictions, int interest, InterestArena *arena,
				   InterestRocPoint **points)
{
	int			count = predictions->count;
	double	   *score = InterestArenaArray(arena, double, count);
	uint8_t    *positive = InterestArenaArray(arena, uint8_t, count);
	int		   *order = InterestArenaArray(arena, int, count);
	double		true_positives = 0.0;
	double		false_positives = 0.0;
	int			found = 1;

	*points = InterestArenaArray(arena, InterestRocPoint, count + 1);
	(*points)[0] = (InterestRocPoint) {HUGE_VAL, 0.0, 0.0};
	InterestScoresOf(predictions, interest, score, positive);
	InterestOrderScores(count, score, order, arena);
	for (int i = 0; i < count; i++)
	{
		*(positive[order[i]] ? &true_positives : &false_positives) += WeightOf(predictions, order[i]);
		if (i + 1 < count && score[order[i + 1]] == score[order[i]])
			continue;
		(*points)[found++] = (InterestRocPoint) {score[order[i]], false_positives, true_positives};
	}
	if (!(true_positives > 0.0 && false_positives > 0.0))
		return 0;
	for (int i = 0; i < found; i++)
	{
		(*points)[i].false_positive_rate /= false_positives;
		(*points)[i].true_positive_rate /= true_positives;
	}
	return found;
}

/* --- said against true --- */

void
InterestMeasureReliability(const InterestPredictions *predictions, InterestArena *scratch,
						   InterestReliability bins[INTEREST_ECE_BINS])
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	double		weight[INTEREST_ECE_BINS] = {0.0};
	InterestTally tally;

	memset(bins, 0, sizeof(*bins) * INTEREST_ECE_BINS);
	InterestTallyInit(&tally, predictions, scratch);
	for (int i = 0; i < predictions->count; i++)
	{
		double		probability = InterestTopProbability(&tally, i);
		int			bin = InterestReliabilityBin(probability);

		bins[bin].samples++;
		weight[bin] += WeightOf(predictions, i);
		bins[bin].probability += WeightOf(predictions, i) * probability;
		bins[bin].accuracy += tally.right[i] ? WeightOf(predictions, i) : 0.0;
	}
	for (int bin = 0; bin < INTEREST_ECE_BINS; bin++)
	{
		bins[bin].probability /= weight[bin];
		bins[bin].accuracy /= weight[bin];
	}
	InterestArenaReturnTo(scratch, mark);
}

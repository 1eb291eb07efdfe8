/*
 * tree.c
 *	  A small decision tree that imitates a model.
 */
#include "core/explain/tree.h"

#include "core/base/sort.h"

#include <string.h>

#define BINS INTEREST_TREE_BINS

/* A fall of impurity, in samples, that is worth a split. */
#define LEAST_GAIN 1e-9

typedef struct Fit
{
	const InterestTreeSamples *samples;
	int			depth;
	int			least;
	float	   *thresholds;		/* (features, BINS - 1), ascending */
	uint8_t    *bins;			/* (count, features) */
	int		   *node;			/* (count): where a sample is */
	int		   *counts;			/* (BINS, classes) */
	InterestArena *arena;
	InterestTree *tree;
} Fit;

typedef struct Column
{
	const InterestTreeSamples *samples;
	int			feature;
} Column;

static float
ValueAt(const InterestTreeSamples *samples, int sample, int feature)
{
	return samples->x[(size_t) sample * samples->features + feature];
}

static int
CompareValues(const void *context, int a, int b)
{
	const Column *column = context;
	float		x = ValueAt(column->samples, a, column->feature);
	float		y = ValueAt(column->samples, b, column->feature);

	return (x > y) - (x < y);
}

/* Thresholds halfway between neighbours at the borders of equal parts; of equal neighbours their value. */
static void
CutFeature(Fit *fit, int feature, int *order)
{
	const InterestTreeSamples *samples = fit->samples;
	const Column column = {samples, feature};
	float	   *thresholds = fit->thresholds + (size_t) feature * (BINS - 1);

	for (int i = 0; i < samples->count; i++)
		order[i] = i;
	InterestSort(order, samples->count, CompareValues, &column, fit->arena);
	for (int b = 0; b < BINS - 1; b++)
	{
		int			border = (int) ((int64_t) (b + 1) * samples->count / BINS);
		int			before = border > 0 ? border - 1 : 0;

		thresholds[b] = 0.5f * (ValueAt(samples, order[before], feature) + ValueAt(samples, order[border], feature));
	}
	for (int i = 0; i < samples->count; i++)
	{
		int			bin = 0;

		while (bin < BINS - 1 && ValueAt(samples, i, feature) > thresholds[bin])
			bin++;
		fit->bins[(size_t) i * samples->features + feature] = (uint8_t) bin;
	}
}

/* samples * Gini's impurity = samples - sum of squares / samples */
static double
Impurity(const int *counts, int classes, int samples)
{
	double		squares = 0.0;

	for (int c = 0; c < classes; c++)
		squares += (double) counts[c] * counts[c];
	return samples > 0 ? samples - squares / samples : 0.0;
}

static void
CountNode(const Fit *fit, int number, int feature, int *counts)
{
	const InterestTreeSamples *samples = fit->samples;

	memset(counts, 0, sizeof(int) * (size_t) (BINS * samples->classes));
	for (int i = 0; i < samples->count; i++)
		if (fit->node[i] == number)
			counts[fit->bins[(size_t) i * samples->features + feature] * samples->classes + samples->label[i]]++;
}

/* The best threshold of a feature; returns what it gains. */
static double
BestThreshold(const Fit *fit, int number, int feature, const int *all, int *best)
{
	int			classes = fit->samples->classes;
	int			total = fit->tree->node[number].samples;
	double		whole = Impurity(all, classes, total);
	double		gain = 0.0;
	int			below_count = 0;
	InterestArenaMark mark = InterestArenaGetMark(fit->arena);
	int		   *below = InterestArenaAllocateZero(fit->arena, sizeof(int) * (size_t) classes);
	int		   *above = InterestArenaArray(fit->arena, int, classes);

	CountNode(fit, number, feature, fit->counts);
	for (int b = 0; b < BINS - 1; b++)
	{
		double		gained;

		for (int c = 0; c < classes; c++)
		{
			below[c] += fit->counts[b * classes + c];
			below_count += fit->counts[b * classes + c];
			above[c] = all[c] - below[c];
		}
		if (below_count < fit->least || total - below_count < fit->least)
			continue;
		gained = whole - Impurity(below, classes, below_count) - Impurity(above, classes, total - below_count);
		if (gained <= gain)
			continue;
		gain = gained;
		*best = b;
	}
	InterestArenaReturnTo(fit->arena, mark);
	return gain;
}

/* What is in a node: its samples, and the label of most of them. */
static void
Describe(Fit *fit, int number, int *all)
{
	InterestTreeNode *node = &fit->tree->node[number];

	memset(all, 0, sizeof(int) * (size_t) fit->samples->classes);
	*node = (InterestTreeNode) {.reached = true, .leaf = true};
	for (int i = 0; i < fit->samples->count; i++)
	{
		if (fit->node[i] != number)
			continue;
		all[fit->samples->label[i]]++;
		node->samples++;
	}
	for (int c = 1; c < fit->samples->classes; c++)
		if (all[c] > all[node->label])
			node->label = c;
}

static void
SplitNode(Fit *fit, int number, int *all)
{
	InterestTreeNode *node = &fit->tree->node[number];
	double		gain = LEAST_GAIN;

	Describe(fit, number, all);
	if (2 * number + 1 >= (1 << (fit->depth + 1)) - 1)
		return;
	for (int f = 0; f < fit->samples->features; f++)
	{
		int			best = 0;
		double		gained = BestThreshold(fit, number, f, all, &best);

		InterestCheckCancel(fit->arena->host);
		if (gained <= gain)
			continue;
		gain = gained;
		node->leaf = false;
		node->feature = f;
		node->threshold = fit->thresholds[(size_t) f * (BINS - 1) + best];
	}
	for (int i = 0; !node->leaf && i < fit->samples->count; i++)
		if (fit->node[i] == number)
			fit->node[i] = 2 * number + 1 + (ValueAt(fit->samples, i, node->feature) > node->threshold);
}

void
InterestTreeFit(const InterestTreeSamples *samples, int depth, int least, InterestArena *arena, InterestTree *tree)
{
	InterestArenaMark mark = InterestArenaGetMark(arena);
	size_t		cells = (size_t) samples->count * (size_t) samples->features;
	Fit			fit = {
		.samples = samples, .depth = depth, .least = least, .arena = arena, .tree = tree,
		.thresholds = InterestArenaArray(arena, float, (size_t) samples->features * (BINS - 1)),
		.bins = InterestArenaAllocate(arena, cells),
		.node = InterestArenaAllocateZero(arena, sizeof(int) * (size_t) samples->count),
		.counts = InterestArenaArray(arena, int, BINS * samples->classes)
	};
	int		   *order = InterestArenaArray(arena, int, samples->count);
	int		   *all = InterestArenaArray(arena, int, samples->classes);

	memset(tree, 0, sizeof(*tree));
	for (int f = 0; f < samples->features; f++)
		CutFeature(&fit, f, order);
	for (int i = 0; i < (1 << (depth + 1)) - 1; i++)
		if (i == 0 || (tree->node[(i - 1) / 2].reached && !tree->node[(i - 1) / 2].leaf))
			SplitNode(&fit, i, all);
	InterestArenaReturnTo(arena, mark);
}

int
InterestTreeLeaf(const InterestTree *tree, const float *x)
{
	int			number = 0;

	while (!tree->node[number].leaf)
		number = 2 * number + 1 + (x[tree->node[number].feature] > tree->node[number].threshold);
	return number;
}

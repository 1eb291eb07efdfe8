/*
 * tree.h
 *	  A small decision tree that imitates a model: rules that people can read.
 *
 * Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984:
 * the split that lowers Gini's impurity most, ties to the first feature and the
 * lowest threshold.
 */
#ifndef INTEREST_TREE_H
#define INTEREST_TREE_H

#include "core/base/arena.h"

#include <stdbool.h>

#define INTEREST_TREE_DEPTH 4
#define INTEREST_TREE_NODES ((1 << (INTEREST_TREE_DEPTH + 1)) - 1)

/* Thresholds that are tried of a feature: between so many equal parts of its samples. */
#define INTEREST_TREE_BINS 16

typedef struct InterestTreeSamples
{
	int			count;
	int			features;
	int			classes;
	const float *x;				/* (count, features) */
	const int  *label;			/* (count) */
} InterestTreeSamples;

/* Node 0 is the root; the children of node i are 2 i + 1 and 2 i + 2. */
typedef struct InterestTreeNode
{
	bool		reached;
	bool		leaf;
	int			feature;
	float		threshold;		/* at most this: to the first child, more: to the second */
	int			samples;
	int			label;			/* that most of its samples have, the lowest of equal ones */
} InterestTreeNode;

typedef struct InterestTree
{
	InterestTreeNode node[INTEREST_TREE_NODES];
} InterestTree;

/* least: samples of a leaf. */
extern void InterestTreeFit(const InterestTreeSamples *samples, int depth, int least, InterestArena *arena,
							InterestTree *tree);

/* The leaf of a sample (features). */
extern int	InterestTreeLeaf(const InterestTree *tree, const float *x);

#endif

/*
 * best.h
 *	  The best k of what is offered, best first, ties by id.
 */
#ifndef INTEREST_BEST_H
#define INTEREST_BEST_H

#include "core/recommend/recommend.h"

#include <math.h>

/* A heap whose top is the worst of what was kept. */
typedef struct InterestBest
{
	const InterestScan *scan;	/* whose items they are */
	const InterestHost *host;
	int			room;
	int			count;
	InterestFound *found;		/* (room) */
} InterestBest;

/* What an item must reach to be kept. */
static inline float
InterestBestThreshold(const InterestBest *best)
{
	return best->count < best->room ? -HUGE_VALF : best->found[0].score;
}

/* Keeps an item if it is one of the best so far; room is at least 1. */
extern void InterestBestOffer(InterestBest *best, float score, int part, int item);

/* Brings what was kept into order, best first; nothing can be offered then. */
extern void InterestBestSort(InterestBest *best);

#endif

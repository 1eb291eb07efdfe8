/*
 * counterfactual.h
 *	  Rows whose real removal changes the first interest.
 *
 * algorithm: section 4.
 */
#ifndef INTEREST_COUNTERFACTUAL_H
#define INTEREST_COUNTERFACTUAL_H

#include "core/explain/ledger.h"

/* With so many rows or fewer every set of them is tried. */
#define INTEREST_COUNTERFACTUAL_EXACT 15

/* A user and what he is first of all interested in. */
typedef struct InterestCounterfactualCase
{
	const InterestReadingModel *model;
	const int64_t *half_lives;
	int			interests;
	const InterestLogit *logits;	/* (interests) */
	int			first;
	int			count;
	const InterestExplainedRow *rows;

	/* The first interest of the rows that are kept, by a real reading. */
	int			(*read) (void *context, const bool *kept);
	void	   *context;
} InterestCounterfactualCase;

typedef struct InterestCounterfactual
{
	bool	   *kept;			/* (count) */
	int			removed;
	int			first;			/* the interest that is first then */
	bool		fewest;			/* no smaller set would do: all were tried */
} InterestCounterfactual;

/*
 * False if there are no such rows (without fewest: none were found).  Greedy:
 * the row that costs the first interest most of its lead, again and again; then
 * those that are not needed are put back.
 */
extern bool InterestFindCounterfactual(const InterestCounterfactualCase *what, InterestArena *arena,
									   InterestCounterfactual *found);

#endif

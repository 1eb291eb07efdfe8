/*
 * items.h
 *	  The task "next_item": items as targets, their loss, and how well a model
 *	  ranks them.
 *
 * algorithm: section 5.  An item is what rows with one label are about.  Its
 * vector is the row network's of such a row without its time, in the space of
 * users: score = <u, v>.
 */
#ifndef INTEREST_ITEMS_H
#define INTEREST_ITEMS_H

#include "core/training/predict.h"

/* What scores are divided by in the loss. */
#define INTEREST_ITEM_TEMPERATURE 0.07

/* Items that a list has where lists are measured. */
#define INTEREST_ITEM_LIST 10

/* The items of prepared rows, by number, in the byte order of their labels. */
typedef struct InterestItems
{
	int			count;
	int		   *rows;			/* (count): one about each, the first of all */
	uint64_t   *keys;			/* (count): of their random numbers */
	double	   *popularity;		/* (count): positive rows of training users */
	double	   *share;			/* (count): of the training samples, those that have it as target; above 0, below 1 */
} InterestItems;

/* What training leaves out at random. */
extern const InterestDropoutRates InterestItemDropout;

/*
 * Numbers the items and makes them the rows' labels.  A row of a negative kind
 * has none: nobody is led to what was disliked.
 */
extern void InterestFindItems(InterestPreparedRows *prepared, InterestArena *arena, InterestItems *items);

/* Whether training users have two items, so that there is something to tell apart. */
extern bool InterestCheckItems(const InterestItems *items, InterestStatus *status);

/* Loss of a batch, and how often the target came first among the batch's items. */
typedef struct InterestItemLoss
{
	double		loss;			/* mean of the samples */
	int			first;			/* samples */
} InterestItemLoss;

/*
 * Sampled softmax among the targets of the batch, corrected by log Q, Q being
 * the chance to be one of them: Jean et al., "On using very large target
 * vocabulary for neural machine translation", 2015; Yi et al.,
 * "Sampling-bias-corrected neural modeling for large corpus item
 * recommendations", 2019.  Items that the user has in other rows are no
 * negatives of his.  Adds the gradient to gradient; NULL where only the loss is
 * wanted.
 */
extern InterestItemLoss InterestItemsPass(InterestPass *pass, const InterestItems *items,
										  const InterestBatch *batch, const InterestRowDropout *dropout,
										  const InterestModel *gradient);

/* How well items are ranked for one user; mean and standard error over users. */
typedef struct InterestRanking
{
	int			users;			/* with relevant items */
	int			relevant;		/* items of all of them */
	double		ndcg[2];		/* the mean and its error */
	double		recall[2];
} InterestRanking;

/*
 * The first 80 of 100 rows of a user (where a time splits: those before it) are
 * read at the newest of them; relevant are the items of the others.  Ranked are
 * all items of the rows that the former are not about, ties by number:
 * recall and NDCG of the first ten, of at most ten in the ideal order.  Of the
 * model, and of the items in the order of their popularity.
 */
extern void InterestRankItems(InterestPass *pass, const InterestItems *items, InterestSplit split,
							  const InterestProgress *progress, InterestArena *scratch,
							  InterestRanking *model, InterestRanking *popularity);

#endif

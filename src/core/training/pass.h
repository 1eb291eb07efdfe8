/*
 * pass.h
 *	  One batch through the whole model, and back.
 *
 * Rows through the row network, once a row and batch; sums of histories;
 * readings; the head.  The way back gives the gradient of every parameter.
 */
#ifndef INTEREST_PASS_H
#define INTEREST_PASS_H

#include "core/training/reading_gradient.h"
#include "core/training/sample.h"

/* What stays the same from batch to batch. */
typedef struct InterestPass
{
	const InterestPreparedRows *prepared;
	const InterestModel *model; /* bound */
	InterestArithmetic arithmetic;
	bool		has_negative;	/* a kind of the model is negative */
	InterestSection first;		/* gradients are wanted from this section on */
	InterestHistorySums sums;
} InterestPass;

/* Rows through the row network, some at once, in the scratch arena. */
typedef struct InterestPassRows
{
	int			chunk_count;
	InterestRowTape *chunks;	/* in the order of the rows */
} InterestPassRows;

/* What the way forward leaves, in the scratch arena. */
typedef struct InterestPassTape
{
	const InterestBatch *batch;
	InterestPassRows rows;		/* the batch's */
	InterestReadingModel reading;	/* the parameters as they were */
	InterestSums *sums;			/* (reads), of training only */
	InterestSumsReading *readings;	/* likewise */
	double	   *evidence;		/* (reads): coarse masses */
	float	   *u;				/* (reads, d) */
	float	   *logits;			/* (reads, interests); of no use to "next_item" */
} InterestPassTape;

/*
 * Gradients of everything are wanted, until pass->first says less.  The arena
 * keeps the sums; scratch is marked and given back by the caller.
 */
extern void InterestPassInit(InterestPass *pass, const InterestPreparedRows *prepared,
							 const InterestModel *model, const InterestKernel *kernel,
							 InterestSgemmFunction sgemm, InterestArena *arena,
							 InterestArena *scratch);

/*
 * dropout's keys are set here; NULL where nothing is dropped.  Only with keep
 * can the tape be walked back.
 */
extern void InterestPassForward(InterestPass *pass, const InterestBatch *batch,
								const InterestRowDropout *dropout, bool keep,
								InterestPassTape *tape);

/*
 * Mean loss of the batch.  Adds its gradient to gradient, the model bound to an
 * array of gradients; NULL where only the loss is wanted.  Sections before
 * pass->first get none.
 */
extern double InterestPassBackward(InterestPass *pass, const InterestPassTape *tape,
								   const InterestLossRule *rule, const InterestModel *gradient);

/*
 * Prepared rows (count), of any users, through the row network: as what they
 * are, or as the items that they are about, which have no time.  keys (count) of
 * what is dropped, NULL: the rows' own.
 */
extern void InterestPassRowsForward(InterestPass *pass, int count, const int *rows, bool items,
									const InterestRowKey *keys, const InterestRowDropout *dropout,
									InterestPassRows *forward);

/* v of the row at a place */
extern const float *InterestPassVector(const InterestPass *pass, const InterestPassRows *forward, int place);

/* Adds to gradient what v_gradient (count, d) means. */
extern void InterestPassRowsBackward(InterestPass *pass, const InterestPassRows *forward,
									 const float *v_gradient, const InterestModel *gradient);

/* The way back from the gradient of u (reads, d), as far as pass->first. */
extern void InterestPassReadingsBackward(InterestPass *pass, const InterestPassTape *tape,
										 const float *u_gradient, const InterestModel *gradient);

#endif

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

/* What the way forward leaves, in the scratch arena. */
typedef struct InterestPassTape
{
	const InterestBatch *batch;
	int			chunk_count;
	InterestRowTape *chunks;	/* of some rows each, in the batch's order */
	InterestReadingModel reading;	/* the parameters as they were */
	InterestSums *sums;			/* (reads), of training only */
	InterestSumsReading *readings;	/* likewise */
	double	   *evidence;		/* (reads): coarse masses */
	float	   *u;				/* (reads, d) */
	float	   *logits;			/* (reads, interests) */
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

#endif

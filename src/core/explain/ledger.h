/*
 * ledger.h
 *	  The exact ledger of a logit by rows and granularities.
 *
 * algorithm: section 4.  The game: players are rows; an absent row is replaced
 * by the prior with its weight and the gate kept (a negative one by nothing,
 * which is the prior of that part).  It is additive, so what the ledger says of
 * a row is its Shapley value, and all of it adds up to the logit less that of
 * the prior.
 *
 * The logit of an interest: of softmax and lda, what the softmax is taken of;
 * of sigmoid and logistic, what the sigmoid is taken of; of svm, what Platt's
 * sigmoid is taken of.  Always before the temperature.
 */
#ifndef INTEREST_LEDGER_H
#define INTEREST_LEDGER_H

#include "core/network/head.h"
#include "core/profile/reading.h"

/* logit = direction . u + offset */
typedef struct InterestLogit
{
	const double *direction;	/* (d) */
	double		offset;
} InterestLogit;

/* That of an interest by the head, its direction in the arena; and its value at u (dimensions). */
extern InterestLogit InterestLogitOf(const InterestHead *head, int interest, InterestArena *arena);
extern double InterestLogitAt(const InterestLogit *logit, int dimensions, const double *u);

/* A row as explanations take it. */
typedef struct InterestExplainedRow
{
	int64_t		time;
	double		weight;
	bool		negative;
	const float *v;				/* (d) */
} InterestExplainedRow;

/* The newest time of the rows that are kept (count; NULL: all of them); INT64_MIN without any. */
extern int64_t InterestNewestRow(int count, const InterestExplainedRow *rows, const bool *kept);

/* What a row weighs in a part of a reading at the newest time. */
extern double InterestRowMass(const InterestExplainedRow *row, InterestPart part, int64_t newest,
							  const int64_t *half_lives);

/*
 * The reading of the rows that are kept (count; NULL: of all of them), as if
 * there were no others: at the newest of them.  Arrays in the arena.
 */
extern void InterestReadRows(const InterestReadingModel *model, const int64_t *half_lives, int count,
							 const InterestExplainedRow *rows, const bool *kept,
							 InterestArena *arena, InterestSums *sums, InterestSumsReading *reading);

typedef struct InterestLedger
{
	double		prior;			/* the logit of the prior */
	double		logit;			/* of all rows */
	double		mu;				/* what mu says: direction . mu */

	/*
	 * (count): a row says coefficient (direction . v - mu) in a granularity, and
	 * coefficient (direction . v), which is below 0 of a friend, as a negative
	 * one; 0 where the part has not got the row.
	 */
	double		(*coefficient)[INTEREST_PARTS];
} InterestLedger;

/* Of rows (count), read at the newest of them; the coefficients in the arena. */
extern void InterestLedgerMake(const InterestReadingModel *model, const int64_t *half_lives,
							   const InterestLogit *logit, int count, const InterestExplainedRow *rows,
							   InterestArena *arena, InterestLedger *ledger);

/* "coarse", "medium", "fine", "negative" */
extern const char *InterestPartName(InterestPart part);

#endif

/*
 * reading.h
 *	  From a state, or from training's sums, to a user's interests at a time.
 *
 * algorithm: sections 2 (end) and 3 (start).  Both ways go through
 * InterestReadSums, in double; a reading of a state is rounded to float once,
 * at its end.
 */
#ifndef INTEREST_READING_H
#define INTEREST_READING_H

#include "core/profile/state.h"

/* 1, log1p rows, log1p days since the newest row, log(mass + 1e-3) for each granularity */
#define INTEREST_GATE_FEATURES 6

#define INTEREST_MIN_KAPPA 0.05
#define INTEREST_MAX_KAPPA 50.0

/* A fifth part, of readings only: u, the user as the heads see him. */
#define INTEREST_USER INTEREST_PARTS
#define INTEREST_READING_PARTS (INTEREST_PARTS + 1)

#define INTEREST_MAX_TOPICS 5

/* The learned numbers of a reading; InterestReadSums needs no codebook. */
typedef struct InterestReadingModel
{
	int			dimensions;
	uint8_t		representation[INTEREST_FINGERPRINT_SIZE];
	uint8_t		reading[INTEREST_FINGERPRINT_SIZE];
	const float *mu;			/* (dimensions): the prior, one for all granularities */
	double		kappa[INTEREST_GRANULARITIES];	/* strength of the prior, in rows */
	double		gate[INTEREST_GRANULARITIES][INTEREST_GATE_FEATURES];	/* A */
	double		eta;			/* >= 0: how much negative rows repel */
	const float *codes;			/* (INTEREST_CODES, dimensions): the codebook, of norm 1 */
	const double *code_distances;	/* (INTEREST_CODES, INTEREST_CODES): squared; InterestMeasureCodes */
} InterestReadingModel;

/*
 * Decayed sums of rows at the time of reading.  The arrays are the caller's;
 * negative may be NULL where there are no negative rows.
 */
typedef struct InterestSums
{
	double	   *vector[INTEREST_PARTS]; /* (dimensions) each: sum of weight decay v */
	double		mass[INTEREST_PARTS];	/* sum of weight decay */
	int64_t		rows;			/* positive rows, those of dropped blocks too */
	double		days;			/* from the newest row to the time of reading; 0 without rows */
} InterestSums;

/* What sums say; the arrays are the caller's. */
typedef struct InterestSumsReading
{
	double	   *vector[INTEREST_READING_PARTS]; /* (dimensions) each; [INTEREST_NEGATIVE] may be
												 * NULL where the sums' is */
	double		features[INTEREST_GATE_FEATURES];
	double		gamma[INTEREST_GRANULARITIES];	/* softmax(A features) */
} InterestSumsReading;

typedef struct InterestTopic
{
	int			code;			/* lowest code of the cluster, 0 .. INTEREST_CODES - 1 */
	float		mass;			/* decayed, > 0 */
	float	   *vector;			/* (dimensions) */
} InterestTopic;

/* A reading of a user at one time: what an interestvec holds. */
typedef struct InterestReading
{
	int			dimensions;
	uint8_t		representation[INTEREST_FINGERPRINT_SIZE];
	uint8_t		reading[INTEREST_FINGERPRINT_SIZE];
	int64_t		rows;
	int64_t		negative_rows;
	int64_t		newest;			/* INT64_MIN without rows */
	int64_t		at;				/* time of the reading, not before newest */
	float		mass[INTEREST_PARTS];
	float		gamma[INTEREST_GRANULARITIES];
	float	   *vector[INTEREST_READING_PARTS]; /* (dimensions) each */
	int			topic_count;	/* heaviest first, ties by code */
	InterestTopic topics[INTEREST_MAX_TOPICS];
} InterestReading;

/* Shrinkage, gate and u; cannot fail. */
extern void InterestReadSums(const InterestReadingModel *model, const InterestSums *sums,
							 InterestSumsReading *reading);

/*
 * A reading at "at"; the default time is view->newest.  Its arrays are in the
 * arena.  Fails on another model's state and on a time before the newest row.
 */
extern bool InterestReadState(const InterestStateView *view, const InterestReadingModel *model,
							  int64_t at, InterestArena *arena, InterestReading *reading,
							  InterestStatus *status);

#endif

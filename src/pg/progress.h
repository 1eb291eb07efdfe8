/*
 * progress.h
 *	  How far a training, an evaluation or a rebuild is, for the view interest_progress.
 */
#ifndef INTEREST_PROGRESS_H
#define INTEREST_PROGRESS_H

#include "core/training/training.h"

/* The order is that of the names in progress.c. */
typedef enum InterestProgressPhase
{
	INTEREST_PROGRESS_ROWS,
	INTEREST_PROGRESS_TEXTS,
	INTEREST_PROGRESS_PREPARE,
	INTEREST_PROGRESS_TRAIN,
	INTEREST_PROGRESS_VALIDATE,
	INTEREST_PROGRESS_EVALUATE,
	INTEREST_PROGRESS_STORE,
	INTEREST_PROGRESS_PROFILES, /* rows done */
	INTEREST_PROGRESS_ITEMS		/* items done */
} InterestProgressPhase;

/* An error ends the progress by itself. */
extern void InterestProgressBegin(int epochs);
extern void InterestProgressUpdate(InterestProgressPhase phase, int epoch, int64 done, int64 total);
extern void InterestProgressEnd(void);

/* One more is done, if that is the phase that this session is in. */
extern void InterestProgressCount(InterestProgressPhase phase);

/* The progress function of a training's or evaluation's observer. */
extern void InterestProgressObserve(void *context, InterestTrainingPhase phase, int epoch,
									int64_t done, int64_t total);

#endif

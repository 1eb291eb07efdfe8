/*
 * problem.h
 *	  Rows of users that a test makes up, to train on.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "history.h"

#include "core/training/sample.h"

#define WIDTH 6					/* of a sentence */
#define MAX_ROWS 8000
#define SEED 7

extern InterestArena arena;		/* keeps everything; the test's main begins and ends it */
extern InterestStore store;		/* of all sets, in the arena */

/* Where each of the lines (count, width) lies in the store. */
extern InterestPlace *StoreLines(int count, int width, const float *lines);

typedef struct Problem
{
	InterestTrainingDefinition definition;
	InterestSplitRule split;
	InterestTrainingRow rows[MAX_ROWS];
	float		sentences[MAX_ROWS * WIDTH];
	int			count;
	InterestRandom random;
} Problem;

/* "prefix1" */
extern InterestSpan Name(const char *prefix, int number);

/* Without rows; kinds are dislike, which is negative, and like. */
extern Problem *NewProblem(InterestTask task);
extern int	Below(Problem *problem, int bound);

/* A row whose sentence points where its subject is; label below 0: none; kind below 0: none. */
extern InterestTrainingRow *Add(Problem *problem, int user, int64_t time, int subject, int label, int kind);

/* Where the hash puts user0, user1 ... */
extern InterestSplit HashSplitOf(int user, uint64_t seed);

/* Authors who mostly keep to one of two subjects. */
extern Problem *Authors(InterestTask task);

/* Few rows, little dropout, a high learning rate. */
extern InterestTrainingOptions Options(void);
extern InterestTrainingSet SetOf(const Problem *problem);

/* interest0, interest1 ..., and rows with inputs and labels, ready to be drawn from. */
extern InterestNames Interests(int count);
extern void Prepare(const Problem *problem, const InterestNames *interests, InterestPreparedRows *prepared,
					InterestSampler *sampler);

extern bool Train(const Problem *problem, const InterestTrainingOptions *options, InterestArena *to,
				  InterestModel *model, InterestTrainingResult *result, InterestStatus *status);

/* These end the test where they fail. */
extern void MustTrain(const Problem *problem, const InterestTrainingOptions *options, InterestModel *model,
					  InterestTrainingResult *result);
extern InterestEvaluation MustEvaluate(const Problem *problem, const InterestModel *model, InterestSplit split);

/* A figure of all interests; NaN where it is not there. */
extern double Figure(const InterestEvaluation *evaluation, InterestSystem system, const char *metric);

/* Trains; the accuracy on test users. */
extern double TestAccuracy(const Problem *problem, InterestModel *model);

#endif

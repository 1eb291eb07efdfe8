/*
 * prepare.h
 *	  Rows in order, users with their splits, and what is learned by counting.
 */
#ifndef INTEREST_PREPARE_H
#define INTEREST_PREPARE_H

#include "core/training/history.h"
#include "core/training/training.h"

/*
 * A user's rows lie together, in the order of time.  Where a time splits them
 * he is a user twice, and those that test follow the others.
 */
typedef struct InterestTrainingUser
{
	int			first;
	int			count;
	int			earlier;		/* rows before the first that are his: inputs of "next", never targets */
	uint64_t	key;			/* of his random numbers: a hash of his text */
	InterestSplit split;
} InterestTrainingUser;

/*
 * What stays in memory of a row that is used.  The rest is in the set's store: of
 * its input dense numbers, values and where each text's words are.
 */
typedef struct InterestPreparedRow
{
	int64_t		time;
	InterestPlace input;
	int			row;			/* of the set */
	int			sentence;		/* of the set's; -1: none */
	int			value_count;
	int			kind;			/* of the features'; -1: unknown or missing */
} InterestPreparedRow;

/*
 * Rows of all users that are used, sorted by user, time, hash and labels.
 * Arrays are (row_count) unless they say otherwise.
 */
typedef struct InterestPreparedRows
{
	const InterestTrainingSet *set;
	const InterestFeatures *features;	/* that the inputs are made for */
	const int64_t *half_life;	/* likewise */
	int			row_count;
	InterestPreparedRow *rows;
	int		   *label_first;	/* (row_count + 1): a row's interests in labels, each once */
	int		   *labels;			/* below 0: not among the model's */
	int			user_count;
	InterestTrainingUser *users;
	InterestTrainingCounts counts;
} InterestPreparedRows;

/*
 * Sorts and splits; fails where a user has two roles, or no row a time.  Rows
 * without a time or a role leave here; inputs and labels wait for a model's
 * features and interests.
 */
extern bool InterestSortRows(const InterestTrainingSet *set, uint64_t seed,
							 InterestArena *arena, InterestPreparedRows *prepared, InterestStatus *status);

/* Who trains, as the end of a sentence. */
extern const char *InterestWhoTrains(const InterestPreparedRows *prepared);

/*
 * The features that training users' rows have: means, deviations, words of the
 * texts, values of the categoricals, the scale of sentences.
 */
extern void InterestLearnFeatures(const InterestPreparedRows *prepared,
								  const InterestTrainingDefinition *definition,
								  int least_value_rows, InterestArena *arena,
								  InterestArena *scratch, InterestRowNetwork *network);

/* Makes the inputs; rows with nothing present leave, users without rows too.  features and half_life must stay. */
extern bool InterestMakeInputs(InterestPreparedRows *prepared, const InterestFeatures *features,
							   const int64_t *half_life, InterestArena *arena,
							   const InterestTrainingObserver *observer, InterestStatus *status);

/* Row i as the set has it. */
extern InterestTrainingRow InterestSourceRow(const InterestPreparedRows *prepared, int i, InterestArena *arena);

/* Whether its kind is negative. */
extern bool InterestRowIsNegative(const InterestPreparedRows *prepared, int i);

/* What sums of histories need to know of it, and what its random numbers are keyed by. */
extern InterestHistoryRow InterestHistoryRowOf(const InterestPreparedRows *prepared, int i);
extern InterestRowKey InterestRowKeyOf(const InterestPreparedRows *prepared, int i);

/* Row i's input; what is not in memory is read into the arena. */
extern void InterestReadInput(const InterestPreparedRows *prepared, int i, InterestArena *arena,
							  InterestRowInput *input);

/* Its sentence alone; NULL where it has none. */
extern const float *InterestReadSentence(const InterestPreparedRows *prepared, int i, InterestArena *arena);

/* The interests: those that are named (NULL: none), and labels of the training users' rows that are used. */
extern bool InterestLearnInterests(const InterestPreparedRows *prepared, const InterestNames *named,
								   InterestArena *arena,
								   InterestArena *scratch, InterestNames *interests,
								   InterestStatus *status);

/* The labels of all rows, as numbers of the interests; arrays in the arena. */
extern void InterestFindLabels(InterestPreparedRows *prepared, const InterestNames *interests,
							   InterestArena *arena);

#endif

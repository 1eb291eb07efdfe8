/*
 * training.h
 *	  From labelled rows to a model, and how good a model is.
 *
 * algorithm: section 3, training samples.  Rows come in any order: they are
 * sorted by user, time and hash before anything is drawn, and every random
 * choice is keyed by (seed, epoch, user, position), so that the same rows and
 * the same seed give the same model bit for bit on one machine.
 *
 * Users are split by a hash of (seed, user): 80 of 100 train, 10 validate, 10
 * test; or by a column; or all rows from a time on test.  Whatever is learned or
 * counted for a model sees training users only; early stop and Platt's sigmoids
 * see one half of the validation users, conformal scores the other one, the
 * temperature both; evaluation sees test users.
 */
#ifndef INTEREST_TRAINING_H
#define INTEREST_TRAINING_H

#include "core/base/store.h"
#include "core/measure/curves.h"
#include "core/model/model.h"

/* A categorical value is known when so many rows of training users have it. */
#define INTEREST_LEAST_VALUE_ROWS 5

/* Positions of a user in an epoch of the task "next". */
#define INTEREST_MAX_POSITIONS 32

/* Rows of a prefix or subset in the other tasks. */
#define INTEREST_MIN_SUBSET 2
#define INTEREST_MAX_SUBSET 12

/* Rows that the smoothed history share believes in beforehand: (count + 5 p0) / (n + 5). */
#define INTEREST_HISTORY_PRIOR 5.0

/* A word of a text, by its place in the set's words. */
typedef struct InterestTrainingWord
{
	int			word;
	int			count;			/* how often the text has it, >= 1 */
} InterestTrainingWord;

/* The words of a text, in their byte order, each once. */
typedef struct InterestTrainingText
{
	int			count;
	InterestPlace words;		/* (count) InterestTrainingWord, in the set's store */
} InterestTrainingText;

/* What the split column says of a row. */
typedef enum InterestRole
{
	INTEREST_ROLE_NONE,			/* NULL: the row is left out */
	INTEREST_ROLE_TRAIN,
	INTEREST_ROLE_VALIDATION,
	INTEREST_ROLE_TEST
} InterestRole;

typedef enum InterestSplitBy
{
	INTEREST_BY_HASH,			/* of the user */
	INTEREST_BY_COLUMN,			/* the rows' roles, one for all rows of a user */
	INTEREST_BY_TIME			/* rows from a time on test; of the others' users 10 of 100 validate */
} InterestSplitBy;

typedef struct InterestSplitRule
{
	InterestSplitBy by;
	int64_t		at;				/* by time: the first microsecond that tests */
} InterestSplitRule;

typedef struct InterestTrainingRow
{
	InterestBehaviour behaviour;	/* texts are not looked at: the next two stand for them */
	int			sentence;		/* of the set's sentences; -1: no text */
	const int  *texts;			/* (text columns): of the set's texts; -1: missing; NULL: the model has no words */
	uint64_t	hash;			/* of the columns that the model knows */
	InterestSpan user;			/* its text form */
	const InterestSpan *labels;
	int			label_count;	/* 0: NULL, the row is an input, never a target */
	InterestRole role;			/* where a column splits */
} InterestTrainingRow;

/*
 * Rows come in any order.  Those that do not lie in memory are read when they are
 * looked at: strings stay as long as the set, all else as long as the arena.
 */
typedef struct InterestTrainingSet
{
	int			count;
	const InterestTrainingRow *rows;	/* NULL: read gives them */
	const void *context;
	void		(*read) (const void *context, int i, InterestArena *arena, InterestTrainingRow *row);
	InterestSplitRule split;
	InterestStore *store;		/* training adds to it what it makes of the rows */
	const InterestPlace *sentences; /* (distinct joined texts): the encoder's outputs, (sentence_width) floats each */
	int			word_count;
	const InterestSpan *words;	/* (word_count): distinct ones, in any order */
	int			text_count;
	const InterestTrainingText *texts;	/* (text_count): distinct ones of any column */
} InterestTrainingSet;

/* Interests that have a name, and what the encoder made of it. */
typedef struct InterestNamedInterests
{
	InterestNames labels;		/* sorted, each once */
	const float *sentences;		/* (labels.count, sentence_width) */
} InterestNamedInterests;

/* What the model is made of; strings stay the caller's. */
typedef struct InterestTrainingDefinition
{
	int			dimensions;
	int64_t		half_life[INTEREST_GRANULARITIES];	/* microseconds */
	InterestNames kind_names;
	const InterestKind *kinds;	/* (kind_names.count) */
	InterestRowRules rules;
	int			text_count;
	int			sentence_width; /* 0: no encoder */
	const uint8_t *word_probe;	/* (INTEREST_WORD_PROBE_SIZE); NULL: no words */
	InterestFusionKind fusion;
	int			numeric_count;
	int			categorical_count;
	int			vector_count;
	const int  *vector_widths;	/* (vector_count); 0: no row has one */
	bool		shared_projection;
	InterestTask task;
	bool		several;		/* the label is an array: several interests at once, with a sigmoid head */
	InterestHeadKind head;		/* of one interest */
	const InterestNamedInterests *named;	/* NULL: none */
} InterestTrainingDefinition;

typedef struct InterestTrainingOptions
{
	uint64_t	seed;
	int			epochs;
	int			batch_size;		/* samples of one step */
	double		learning_rate;	/* at its greatest, after the warm-up */
	double		reading_rate;	/* of kappa and the gate, by the others' */
	double		warm_up;		/* share of all steps */
	double		weight_decay;	/* of matrices */
	double		l1;				/* of matrices and words' vectors: many of them become 0 */
	double		clip;			/* norm of all gradients */
	double		label_smoothing;	/* softmax and lda only */
	double		row_dropout;	/* next: share of a history's rows that an epoch does not see */
	double		balance;		/* 0 .. 1: samples of rare interests come again, at 1 as often as the others' */
	bool		balanced_weights;	/* the loss weighs interests by how rare they are */
	InterestNames weighted;		/* interests with a weight in the loss */
	const double *weights;		/* (weighted.count), > 0 */
	int			patience;		/* epochs in a row with a worse validation loss than the least before it stops */
	int			least_value_rows;
	const InterestDropoutRates *dropout;
	bool		refit;			/* without a base: once calibrated, learns anew from those who validated, too */

	/*
	 * A bound model to start from, NULL for none: features are its own, and its
	 * head answers for the interests that both have.  Sections before first stay
	 * as they are; for the first frozen epochs only the head learns.
	 */
	const InterestModel *base;
	InterestSection first;
	int			frozen_epochs;
} InterestTrainingOptions;

/* algorithm: section 6, recipe */
extern const InterestTrainingOptions InterestTrainingDefault;

typedef enum InterestTrainingPhase
{
	INTEREST_PHASE_PREPARE,		/* rows done */
	INTEREST_PHASE_TRAIN,		/* samples done, of one epoch */
	INTEREST_PHASE_VALIDATE,	/* samples done */
	INTEREST_PHASE_EVALUATE		/* samples done */
} InterestTrainingPhase;

typedef struct InterestTrainingEpoch
{
	int			epoch;			/* from 1 on */
	int			epochs;
	double		loss;			/* mean of the training samples, dropout and smoothing included */
	double		validation_loss;	/* log loss, calibrated; NaN without validation users */
	double		accuracy;		/* of validation samples, likewise */
	int64_t		samples;		/* trained in this epoch */
	int64_t		rows;			/* through the row network, backwards too */
	int64_t		tokens;			/* through the encoder, backwards too: where it is fine-tuned */
	bool		best;			/* not worse than any before: its parameters are kept */
	bool		last;			/* nothing follows, early stop included */
} InterestTrainingEpoch;

/*
 * Whom training tells how far it is.  Either function may be NULL; neither may
 * change anything, and both need not return, like a cancel check.
 */
typedef struct InterestTrainingObserver
{
	void	   *context;
	void		(*progress) (void *context, InterestTrainingPhase phase, int epoch,
							 int64_t done, int64_t total);
	void		(*epoch) (void *context, const InterestTrainingEpoch *epoch);
} InterestTrainingObserver;

/* What became of the rows. */
typedef struct InterestTrainingCounts
{
	int			rows;			/* used */
	int			rows_without_time;	/* skipped */
	int			rows_without_role;	/* skipped */
	int			rows_without_content;	/* skipped: a time, and nothing else */
	int			users;			/* with rows that are used */
	int			training_users;
	int			validation_users;
	int			test_users;		/* by time they can have trained, too */
} InterestTrainingCounts;

typedef struct InterestTrainingResult
{
	InterestTrainingCounts counts;
	int64_t		samples;		/* of one epoch */
	int			epochs;			/* trained */
	int			best_epoch;
	double		validation_loss;	/* of the best epoch; NaN without validation users */
	double		accuracy;
	double		zeros;			/* share of the weights that L1 applies to */
} InterestTrainingResult;

/*
 * Trains a model.  It is made in the arena, its parameters perhaps in the file of
 * the set's store, and its names are the set's and the definition's strings.  sgemm multiplies; the rest is the kernel's.  A host
 * that does not return from a cancel check or an observer leaves only memory
 * behind, all of it the host's.
 */
extern bool InterestTrain(const InterestTrainingSet *set,
						  const InterestTrainingDefinition *definition,
						  const InterestTrainingOptions *options,
						  const InterestKernel *kernel, InterestSgemmFunction sgemm,
						  const InterestTrainingObserver *observer,
						  InterestArena *arena, InterestModel *model,
						  InterestTrainingResult *result, InterestStatus *status);

/*
 * A model before any training, made of the names of its interests and of rows
 * without labels, as core/training/names.h says; codes are those of the rows.
 * rows (count) lead to sentences of the definition's width.
 */
extern bool InterestNameModel(const InterestTrainingDefinition *definition, uint64_t seed,
							  int count, const float *const *rows,
							  const InterestKernel *kernel, InterestArena *arena,
							  InterestModel *model, InterestStatus *status);

typedef enum InterestSplit
{
	INTEREST_SPLIT_TRAINING,
	INTEREST_SPLIT_VALIDATION,
	INTEREST_SPLIT_CONFORMAL,	/* the other half of the users who validate */
	INTEREST_SPLIT_TEST
} InterestSplit;

/* Of a user's row of that time and role. */
extern InterestSplit InterestSplitOf(const InterestSplitRule *rule, uint64_t seed, InterestSpan user,
									 int64_t time, InterestRole role);

/* Systems that an evaluation compares. */
typedef enum InterestSystem
{
	INTEREST_SYSTEM_MODEL,
	INTEREST_SYSTEM_MAJORITY,	/* the rates of the training users' targets */
	INTEREST_SYSTEM_HISTORY,	/* next: smoothed share of the labels of earlier rows */
	INTEREST_SYSTEM_CENTROID,	/* others: nearest centroid of the users' mean sentence vectors */
	INTEREST_SYSTEM_POPULARITY	/* next_item: items that most rows of training users are about */
} InterestSystem;

/* "model", "majority", "history", "centroid", "popularity" */
extern const char *InterestSystemName(InterestSystem system);

/* One figure.  A figure or error that is not defined is NaN. */
typedef struct InterestFigure
{
	InterestSystem system;
	const char *metric;			/* "accuracy", "auc" ... */
	int			interest;		/* of the model's interests; -1: of all */
	double		value;
	double		error;			/* standard error over users */
} InterestFigure;

typedef struct InterestEvaluation
{
	InterestTrainingCounts counts;
	int			samples;
	int			users;			/* that have samples */
	int			figure_count;
	InterestFigure *figures;	/* in the arena */
} InterestEvaluation;

/*
 * Measures a model and the baselines on the users of one split.  Samples are,
 * for "next", every labelled row with an earlier one, weighted so that users
 * count alike; for the others every user with a labelled row, read at his
 * newest row.
 *
 * Of "next_item" the figures are recall and NDCG of a user's first ten items
 * (core/training/items.h).
 *
 * The centroid has scores but no probabilities: it has no log loss, Brier and
 * ECE, and of several interests at once only accuracy and AUC.
 */
extern bool InterestEvaluate(const InterestTrainingSet *set, const InterestModel *model,
							 uint64_t seed, InterestSplit split,
							 const InterestKernel *kernel, InterestSgemmFunction sgemm,
							 const InterestTrainingObserver *observer,
							 InterestArena *arena, InterestEvaluation *evaluation,
							 InterestStatus *status);

/*
 * What the model says to the same samples; everything is in the arena.  users
 * are the texts that predictions->user numbers.
 */
extern bool InterestPredict(const InterestTrainingSet *set, const InterestModel *model,
							uint64_t seed, InterestSplit split,
							const InterestKernel *kernel, InterestSgemmFunction sgemm,
							const InterestTrainingObserver *observer, InterestArena *arena,
							InterestPredictions *predictions, InterestSpan **users,
							InterestStatus *status);

#endif

/*
 * features.h
 *	  What a row consists of, and the part of it that never changes: its input.
 *
 * algorithm: section 1.  Means, deviations and values are learned from the
 * training users' rows and stored with the model.
 */
#ifndef INTEREST_FEATURES_H
#define INTEREST_FEATURES_H

#include "core/base/arena.h"
#include "core/base/status.h"
#include "core/network/words.h"
#include "core/text/clean.h"

/* Limits of a model; the server's tables have at most this many columns. */
#define INTEREST_MAX_COLUMNS 1600
#define INTEREST_MAX_VALUES 65535	/* of one categorical column */
#define INTEREST_MAX_KINDS 1024
#define INTEREST_MAX_NAME 1024	/* bytes of a value, a kind or an interest */
#define INTEREST_MAX_SENTENCE_WIDTH 4096
#define INTEREST_MAX_VECTORS 13 /* vector columns: as many as fusion takes beside the other modalities */
#define INTEREST_MAX_VECTOR_WIDTH 16384

/* A standardised numeric is cut off here. */
#define INTEREST_NUMERIC_BOUND 5.0

/* Sine and cosine of the hour and of the weekday, in UTC. */
#define INTEREST_TIME_WIDTH 4

/* Most dimensions of a categorical value's embedding. */
#define INTEREST_MAX_EMBEDDING_WIDTH 16

typedef struct InterestNumeric
{
	double		mean;
	double		deviation;		/* > 0; of a constant column 1 */
} InterestNumeric;

/*
 * A categorical column.  Value id 0 is every unknown or rare value (and those
 * longer than INTEREST_MAX_NAME, which cannot be learned), id i + 1 is name i.  The last three are set by InterestFeaturesComplete.
 */
typedef struct InterestCategorical
{
	InterestNames values;
	int			width;			/* of an embedding */
	int			column;			/* where it starts in x */
	size_t		table;			/* where its table (values + 1, width) starts in all tables */
} InterestCategorical;

/* A column of vectors of another modality. */
typedef struct InterestVectorColumn
{
	int			width;			/* 0: no training row had one, so that none is read */
	int			projection;		/* number of the projection that it has, alone or with others of its width; set by InterestFeaturesComplete */
} InterestVectorColumn;

typedef struct InterestKind
{
	double		weight;			/* INTEREST_MIN_WEIGHT .. INTEREST_MAX_WEIGHT */
	bool		negative;
} InterestKind;

/* How texts say the order of day and month.  The numbers are stored: never change one. */
typedef enum InterestDateOrder
{
	INTEREST_DATES_NONE = 0,	/* no text is read as a time */
	INTEREST_DATES_MDY = 1,
	INTEREST_DATES_DMY = 2,
	INTEREST_DATES_YMD = 3
} InterestDateOrder;

/* What a host makes of a row before the network sees it: part of the representation. */
typedef struct InterestRowRules
{
	unsigned	cleanings;		/* InterestCleaning, of all texts */
	bool		word_pairs;		/* neighbouring words are words, too */
	InterestDateOrder dates;
} InterestRowRules;

/*
 * x, the input of the non-text part, is
 *	  for each numeric (value - mean) / deviation and 1 if it is missing, else 0
 *	  sine and cosine of the hour, sine and cosine of the weekday
 *	  for each categorical the sum of its values' embeddings
 */
typedef struct InterestFeatures
{
	InterestRowRules rules;
	int			text_count;
	int			sentence_width; /* of an encoded text; 0: no encoder */
	InterestWordColumn *word_columns;	/* (text_count); NULL: the model has no words */
	uint8_t		word_probe[INTEREST_WORD_PROBE_SIZE];
	int			numeric_count;
	const InterestNumeric *numerics;
	int			categorical_count;
	InterestCategorical *categoricals;
	int			vector_count;
	InterestVectorColumn *vectors;
	bool		shared_projection;	/* vector columns of one width have one projection */
	InterestNames kind_names;
	const InterestKind *kinds;	/* (kind_names.count) */

	/* set by InterestFeaturesComplete */
	int			dense_width;	/* of x without embeddings */
	int			width;			/* of x */
	int			word_count;		/* words of all columns */
	size_t		tables;			/* floats in all embedding tables */
	int			projection_count;
	int			projection_width[INTEREST_MAX_VECTORS];
} InterestFeatures;

typedef struct InterestRowValue
{
	int			categorical;
	int			id;
} InterestRowValue;

/*
 * What a row's texts are to the network, all of it shared by rows with the same
 * texts: what is projected, or what has come of it.
 */
typedef struct InterestRowTexts
{
	const float *sentence;		/* (sentence_width); NULL: no text, or no encoder */
	const InterestWordBlock *const *words;	/* (text_count), each NULL without words; NULL: none */
	const float *const *projected;	/* z of the sentence and of the words, each NULL without; NULL: not yet */
} InterestRowTexts;

/*
 * The frozen part of a row: made once, read in every epoch.  8 bytes a value, 4
 * a dense number.
 */
typedef struct InterestRowInput
{
	InterestRowTexts texts;
	const float *dense;			/* (dense_width): numerics and time; NULL: no non-text part */
	const InterestRowValue *values; /* in the order of the columns */
	int			value_count;
	const float *const *vectors;	/* (vector_count), each NULL where missing */
	bool		negative;		/* of the row's kind */
	double		weight;			/* of the row's kind */
} InterestRowInput;

typedef enum InterestRowResult
{
	INTEREST_ROW_DONE,
	INTEREST_ROW_SKIPPED,		/* no time, or nothing present */
	INTEREST_ROW_FAILED			/* status says why */
} InterestRowResult;

/* Whether rows are read alike by both. */
extern bool InterestSameRules(const InterestRowRules *a, const InterestRowRules *b);

/* The number of a kind among the features'; -1: unknown or missing. */
extern int	InterestKindOf(const InterestFeatures *features, InterestSpan name);

/* The weight and the sign of a kind by its number; one that is unknown weighs 1. */
extern InterestKind InterestKindAt(const InterestFeatures *features, int kind);

/* Width of an embedding among so many values: ceil(sqrt(values)) + 1, at most 16. */
extern int	InterestEmbeddingWidth(int values);

/* Fills in what follows from the columns; they are within their limits. */
extern void InterestFeaturesComplete(InterestFeatures *features);

/*
 * The row's input, in the arena; what texts and vectors point to is not copied.
 *
 * A row is skipped if it has no time.  It is skipped, too, if nothing of it is
 * present, neither a sentence nor a known word nor a numeric nor a categorical
 * value nor a vector, unless the model has none of these: then the time is all
 * there is to a row.  In every other row the non-text part is present, for it
 * has the time and says by its missing bits what is not there.  An infinite
 * time is an error, and so is a vector of another width than the column's.
 */
extern InterestRowResult InterestRowInputOf(const InterestFeatures *features,
											const InterestBehaviour *behaviour,
											const InterestRowTexts *texts, InterestArena *arena,
											InterestRowInput *input, InterestStatus *status);

/*
 * The input of an item: what rows about it have in common, without time and
 * kind.  Its non-text part is present if a numeric or a value is, with nothing
 * in place of the time.  Skipped if nothing is present at all.
 */
extern InterestRowResult InterestItemInputOf(const InterestFeatures *features,
											 const InterestBehaviour *item,
											 const InterestRowTexts *texts, InterestArena *arena,
											 InterestRowInput *input, InterestStatus *status);

/* The input of the item that a row is about; the dense numbers are the arena's, the rest the row's. */
extern void InterestItemOfInput(const InterestFeatures *features, const InterestRowInput *row,
								InterestArena *arena, InterestRowInput *item);

#endif

/*
 * definition.h
 *	  What a model's behaviour rows are: its row in interest_model, read.
 */
#ifndef INTEREST_DEFINITION_H
#define INTEREST_DEFINITION_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "core/training/training.h"

/* Widths that a model may have. */
#define INTEREST_MIN_MODEL_DIMENSIONS 4
#define INTEREST_MAX_MODEL_DIMENSIONS 512

/* Names of a model's columns; NULL: the model has none of that sort. */
typedef struct InterestColumns
{
	char	   *user_id;
	char	   *at;
	char	   *kind;
	char	   *label;			/* NULL only where interests are named */
	char	   *split;			/* an option: the role of each row; NULL: none */
	int			text_count;
	char	  **texts;
	int			numeric_count;
	char	  **numerics;
	int			categorical_count;
	char	  **categoricals;
	int			vector_count;
	char	  **vectors;
} InterestColumns;

typedef struct InterestDefinition
{
	char	   *name;
	char	   *owner;
	char	   *source_schema;
	char	   *source_name;
	char	   *encoder;		/* NULL: none */
	int			versions;		/* trained so far */
	TimestampTz created_at;
	InterestColumns columns;
	InterestTask task;
	bool		label_is_array; /* several interests at once */
	int			interest_count;
	char	  **interests;		/* (interest_count): those that are named, label and description */
	char	   *text_search;	/* configuration of its words, quoted schema and name; NULL: no words */

	/* options */
	int			dimensions;
	int64		half_life[INTEREST_GRANULARITIES];	/* microseconds */
	InterestNames kind_names;	/* UTF-8 */
	InterestKind *kinds;		/* (kind_names.count) */
	uint64		seed;
	InterestSplitRule split;
	InterestRowRules rules;
	InterestFusionKind fusion;
	bool		shared_projection;	/* of vector columns of one width */
	bool		words;			/* as the options say; text_search is what has come of it */
	char	   *text_search_option; /* NULL: none */
	bool		sentences;		/* likewise; encoder is what has come of it */
	bool		sentences_asked;
	InterestHeadKind head;
	double		label_smoothing;	/* below 0: the head's own */
	double		balance;
	double		l1;
	double		row_dropout;
	double		gate_rate;
	bool		refit;
	InterestDropoutRates dropout;
	bool		balanced_weights;
	InterestNames weighted;		/* UTF-8: interests with a weight of their own */
	double	   *weights;		/* (weighted.count) */
} InterestDefinition;

/* Reads the options of a definition that has everything else; NULL means none given. */
extern void InterestReadOptions(Jsonb *options, InterestDefinition *definition);

/* The jsonb that interest_model.definition holds, and back. */
extern Jsonb *InterestDefinitionToJson(const InterestDefinition *definition, Jsonb *options);
extern void InterestDefinitionFromJson(Jsonb *value, InterestDefinition *definition);

/*
 * The model of that name under the active snapshot, in the current memory
 * context; an error if there is none.  Rights are not checked.
 */
extern InterestDefinition *InterestDefinitionByName(const char *name);

/* "dominant", "next", "next_item", "user"; an error that lists them for any other name. */
extern const char *InterestTaskName(InterestTask task);
extern InterestTask InterestTaskFromName(const char *name);

/* A model of named interests may do without: rows come with the calls, and its source's names are "". */
extern bool InterestHasSource(const InterestDefinition *definition);

/* The source, by its name of now; an error if it does not exist. */
extern Oid	InterestSourceOf(const InterestDefinition *definition);

/* Quoted schema and name of a source that exists, as SQL. */
extern const char *InterestSourceSql(const InterestDefinition *definition);

/* A relation that the caller names, which may be a number that names none: its own name, or an error. */
extern char *InterestRequireRelation(Oid relation);

#endif

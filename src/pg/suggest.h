/*
 * suggest.h
 *	  A model out of a table: what its columns look like, and what they could be
 *	  to a model.
 */
#ifndef INTEREST_SUGGEST_H
#define INTEREST_SUGGEST_H

#include "nodes/pg_list.h"

#include "pg/definition.h"

/* Rows that are looked at. */
#define INTEREST_SUGGEST_ROWS 2000

/* Characters of a value that are looked at. */
#define INTEREST_SUGGEST_LENGTH 400

/* What is known of a column of the source: from the catalogue, the planner's statistics and sampled rows. */
typedef struct InterestColumnFacts
{
	char	   *name;
	Oid			type;			/* domains as what they are made of */
	char		category;		/* of the type */
	Oid			element;		/* of an array; InvalidOid: none */
	char		element_category;
	bool		readable;		/* by the current user */
	bool		unique;			/* no two rows have the same value, by an index */
	char	   *references;		/* the table that a foreign key leads to; NULL: none */
	double		distinct;		/* values in the table, by the statistics; 0: unknown */
	double		null_share;

	/* of the sample; texts are cut at INTEREST_SUGGEST_LENGTH */
	char	  **values;			/* (rows): text form, NULL of NULL */
	int			present;		/* not NULL */
	int			seen;			/* different ones */
	double		length;			/* mean, of those present */
	double		words;			/* likewise */
	int			elements;		/* different elements of an array */
	int			width;			/* elements that each array of numbers has; -1: they differ */
} InterestColumnFacts;

typedef struct InterestSourceFacts
{
	Oid			source;
	double		rows;			/* of the table, about; below 0: unknown */
	int			sampled;
	int			count;
	InterestColumnFacts *columns;	/* (count) */
} InterestSourceFacts;

/* Reads as the current user; an error where he may read no column. */
extern InterestSourceFacts *InterestFindFacts(Oid source);

/* What one argument of interest_create_model should be. */
typedef struct InterestSuggestion
{
	const char *argument;
	List	   *columns;		/* names; NIL: nothing */
	const char *value;			/* of an argument that is no column */
	bool		list;			/* the argument takes several columns */
	const char *reason;
	List	   *alternatives;	/* names of columns */
} InterestSuggestion;

typedef struct InterestSuggestions
{
	List	   *arguments;		/* InterestSuggestion *, in the order of the function's */
	List	   *left_out;		/* column, reason, column, reason ... */
} InterestSuggestions;

/* An error where there is no user, no time, or nothing to read. */
extern InterestSuggestions *InterestSuggest(Oid source);

/* The columns of the suggestions; with_label says whether the label is wanted. Tells by a NOTICE what they are. */
extern void InterestTakeSuggestions(Oid source, bool with_label, InterestColumns *columns, char **task);

#endif

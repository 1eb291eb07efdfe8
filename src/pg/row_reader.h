/*
 * row_reader.h
 *	  From a row of any table or view to a behaviour row.
 *
 * Columns are found by the names that the model knows, once for a tuple
 * descriptor.  The texts that a behaviour row points to are UTF-8 and live in
 * the memory context that was current when the row was read.
 */
#ifndef INTEREST_ROW_READER_H
#define INTEREST_ROW_READER_H

#include "access/tupdesc.h"

#include "core/network/behaviour.h"
#include "pg/definition.h"

typedef struct InterestRowReader InterestRowReader;

/* What rows are read for, which says what columns they must have. */
typedef enum InterestRowPurpose
{
	INTEREST_READ_BEHAVIOUR,	/* time, kind and features */
	INTEREST_READ_TARGET,		/* user and label, too */
	INTEREST_READ_ITEM			/* neither time nor kind, and those features that there are */
} InterestRowPurpose;

/* What a row is about and shall be answered with: read for training only. */
typedef struct InterestRowTarget
{
	InterestSpan user;
	int			label_count;	/* 0: NULL */
	InterestSpan *labels;
	InterestRole role;			/* INTEREST_ROLE_NONE: NULL, or the model has no split column */
} InterestRowTarget;

/*
 * A reader of rows of that descriptor, allocated in the current context.  For
 * a target, the user column and the label column, where the model has one, are
 * needed too.  A missing column or one of a type that does not fit is an error
 * that names it; so is an item without any feature.
 */
extern InterestRowReader *InterestRowReaderMake(const InterestDefinition *definition,
												TupleDesc descriptor, InterestRowPurpose purpose);

/* Whole rows: all values of the descriptor's columns. */
extern void InterestReadBehaviour(InterestRowReader *reader, const Datum *values, const bool *nulls,
								  InterestBehaviour *behaviour);
extern void InterestReadTarget(InterestRowReader *reader, const Datum *values, const bool *nulls,
							   InterestRowTarget *target);

/* The texts alone; false if one of them is not at hand. */
extern bool InterestReadTexts(InterestRowReader *reader, const Datum *values, const bool *nulls,
							  InterestBehaviour *behaviour);

/* Room for the values of one row, for callers that have none. */
extern void InterestReaderArrays(InterestRowReader *reader, Datum **values, bool **nulls);

/* The value if it is finite; an error that names the column otherwise. */
extern double InterestFiniteNumber(const char *column, double number);
extern int64 InterestFiniteTime(const char *column, int64 time);

/*
 * An element of a vector, narrowed, and the width of one: errors that name the
 * column if the one is not finite or the other is none that a model can have.
 */
extern float InterestVectorElement(const char *column, double element);
extern void InterestCheckWidth(const char *column, int width);

/* An error that names the column if a vector is not as wide as the features have it. */
extern void InterestCheckVectors(const InterestDefinition *definition, const InterestFeatures *features,
								 const InterestVector *vectors);

/* Cleans texts as the model's rules say, in the current context. */
extern void InterestCleanTexts(const InterestRowRules *rules, int count, InterestSpan *texts);

/*
 * Settings that make the same value the same text in every session (those that
 * pg_dump uses, UTC and more), until they are restored; an error restores them too.
 */
extern int	InterestFixStyle(void);
extern void InterestRestoreStyle(int nest_level);

/* The columns of the source that a reader needs, as a SQL list; target as above. */
extern char *InterestColumnList(const InterestColumns *columns, bool target);

#endif

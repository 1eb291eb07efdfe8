/*
 * user_rows.h
 *	  All rows of one user, in memory, as explanations take them.
 */
#ifndef INTEREST_USER_ROWS_H
#define INTEREST_USER_ROWS_H

#include "core/explain/ledger.h"
#include "pg/row_query.h"

/* Beginning of a row's text that is shown, in bytes. */
#define INTEREST_ROW_TEXT 200

typedef struct InterestUserRow
{
	InterestRowInput input;		/* texts projected */
	const InterestWordBlock **words;	/* (text columns), each NULL without; NULL: not asked for */
	int			code;			/* of the codebook */
	InterestSpan kind;			/* data NULL: none */
	InterestSpan text;			/* beginning of its texts, or its columns, UTF-8 */
} InterestUserRow;

typedef struct InterestUserRows
{
	InterestRowQuery *query;
	InterestServerArena *arena;
	int			count;
	InterestUserRow *rows;		/* by time, then text, then kind */
	InterestExplainedRow *explained;	/* (count), the same rows */
} InterestUserRows;

/*
 * Reads the rows of a user from the model's source as the caller; skipped ones
 * are left out.  Everything is in the current memory context.  With words, the
 * words of every row too.
 */
extern void InterestReadUserRows(const char *model, Datum user, Oid type, bool words, InterestUserRows *rows);

/*
 * The reading at the newest row of those that are kept (count; NULL: all), by
 * way of a real profile; false if none is kept.
 */
extern bool InterestReadKeptRows(const InterestUserRows *rows, const bool *kept, InterestArena *arena,
								 InterestReading *reading);

#endif

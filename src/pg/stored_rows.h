/*
 * stored_rows.h
 *	  The rows of a source where they wait to be trained on: each a record of a
 *	  store that spills, and 8 bytes in memory.
 */
#ifndef INTEREST_STORED_ROWS_H
#define INTEREST_STORED_ROWS_H

#include "core/training/training.h"
#include "pg/definition.h"
#include "pg/row_reader.h"
#include "pg/strings.h"

typedef struct InterestStoredRows
{
	MemoryContext context;
	const InterestColumns *columns;
	bool		has_words;		/* rows have places of their texts */
	InterestStore *store;
	InterestStrings *strings;	/* users, labels, kinds, values */
	int			count;
	int			room;
	InterestPlace *places;		/* (count) */
} InterestStoredRows;

/* In the current context; columns must stay. */
extern InterestStoredRows *InterestStoredRowsMake(const InterestColumns *columns, bool has_words, InterestStore *store);

/* Adds a row of a user; sentence and texts as InterestTrainingRow has them. */
extern void InterestStoredRowsAdd(InterestStoredRows *rows, const InterestBehaviour *behaviour,
								  const InterestRowTarget *target, int sentence, const int *texts);

/* Row i, as the read function of an InterestTrainingSet whose context the rows are. */
extern void InterestStoredRowsRead(const void *rows, int i, InterestArena *arena, InterestTrainingRow *row);

/* Hash of everything that the model reads of a row: breaks ties of time in the order of rows. */
extern uint64 InterestHashRow(const InterestColumns *columns, const InterestBehaviour *behaviour,
							  const InterestRowTarget *target);

#endif

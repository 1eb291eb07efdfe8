/*
 * explain_lines.h
 *	  The lines of an explanation: one shape for all methods.
 */
#ifndef INTEREST_EXPLAIN_LINES_H
#define INTEREST_EXPLAIN_LINES_H

#include "core/explain/surrogate.h"
#include "pg/user_rows.h"

typedef struct InterestLine
{
	const char *part;			/* "prior", "row", "word" ... */
	int			row;			/* of the user's rows; below 0: none */
	const char *granularity;	/* NULL: all of them, or none */
	const char *modality;		/* likewise */
	InterestSpan feature;		/* data NULL: the row's text, if there is a row */
	double		value;
	bool		shared;			/* it has a share of what the lines say */
} InterestLine;

typedef struct InterestLines
{
	const char *method;
	InterestSpan interest;
	const InterestUserRows *rows;	/* NULL: none */
	MemoryContext context;		/* of the lines */
	int64		count;
	int64		room;
	InterestLine *lines;
} InterestLines;

extern void InterestLinesBegin(InterestLines *lines, const char *method, InterestSpan interest,
							   const InterestUserRows *rows);
extern void InterestAddLine(InterestLines *lines, InterestLine line);

/* Masks of a surrogate, as an argument says; 0 where it is NULL. */
#define INTEREST_MIN_SAMPLES 2
#define INTEREST_MAX_SAMPLES 100000
extern int	InterestSamplesArgument(FunctionCallInfo fcinfo, int argument);

/*
 * The lines of a surrogate of a game, a feature each: row i, or what is in
 * features.  What LIME's leaves of the value is a line, too; values are asked of
 * the game, and the arena keeps the masks.
 */
typedef void (*InterestAddSurrogate) (InterestLines *lines, const InterestGame *game, const InterestSpan *features,
									  int samples, uint64 seed, InterestArena *arena);
extern void InterestAddLime(InterestLines *lines, const InterestGame *game, const InterestSpan *features,
							int samples, uint64 seed, InterestArena *arena);
extern void InterestAddShap(InterestLines *lines, const InterestGame *game, const InterestSpan *features,
							int samples, uint64 seed, InterestArena *arena);

/* Puts all lines into the materialized result. */
extern void InterestPutLines(InterestLines *lines, ReturnSetInfo *result);

#endif

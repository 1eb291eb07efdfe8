/*
 * report.h
 *	  From the core's words and memory to the server's.
 */
#ifndef INTEREST_REPORT_H
#define INTEREST_REPORT_H

#include "core/base/arena.h"
#include "core/base/status.h"

/* Raises a failed status as an error. */
pg_noreturn extern void InterestReport(const InterestStatus *status);

/* The same for an input function that may be asked softly (16 and newer). */
extern void InterestReportSoft(const InterestStatus *status, struct Node *context);

/* NaN, a figure that is not defined, becomes NULL. */
extern void InterestSetFigure(double figure, Datum *value, bool *isnull);

/*
 * An arena in its own child of the given context; the child is deleted with
 * its parent, or by InterestArenaEnd.  Cancel checks are the server's.
 */
typedef struct InterestServerArena
{
	InterestHost host;
	InterestArena arena;
	MemoryContext context;
} InterestServerArena;

extern InterestServerArena *InterestArenaBegin(MemoryContext parent, const char *name, Size block_size);
extern void InterestArenaEnd(InterestServerArena *arena);

#endif

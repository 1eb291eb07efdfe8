/*
 * strings.h
 *	  Strings that are kept once, by number.
 *
 * A string takes its bytes and some 40 more: users, labels, values and words of
 * all rows of a source are kept so.
 */
#ifndef INTEREST_STRINGS_H
#define INTEREST_STRINGS_H

#include "core/base/span.h"

typedef struct InterestStrings
{
	MemoryContext context;
	int			count;
	int			room;
	InterestSpan *spans;		/* (count), and one to look for */
	char	   *block;			/* of the strings' bytes */
	Size		left;			/* bytes of it */
	struct strings_hash *table; /* NULL: sealed */
} InterestStrings;

/* In the current context. */
extern InterestStrings *InterestStringsMake(void);

/* The number of a string, which is copied the first time. */
extern int	InterestStringsKeep(InterestStrings *strings, InterestSpan span);

/* No more of them come: what finds them goes. */
extern void InterestStringsSeal(InterestStrings *strings);

#endif

/*
 * page.h
 *	  One HTML page of texts, tables and pictures, which fetches nothing.
 *
 * It is readable on a phone and on a desk, in light and in dark; wide tables
 * scroll by themselves.  Texts are UTF-8 and anybody's, and escaped.  It is well
 * formed as XML too.
 */
#ifndef INTEREST_PAGE_H
#define INTEREST_PAGE_H

#include "core/picture/picture.h"

/* A page's title and the paragraph under it; what is put until the end is on it. */
extern void InterestPageBegin(InterestMarkup *out, InterestSpan title, InterestSpan lead);
extern void InterestPageEnd(InterestMarkup *out);

/* A section's heading. */
extern void InterestPageHeading(InterestMarkup *out, const char *heading);
extern void InterestPageParagraph(InterestMarkup *out, InterestSpan text);

/* Cells row by row; the first of each row is its heading.  Empty ones have no data. */
typedef struct InterestTable
{
	const char *caption;
	int			columns;
	const char *const *headings;	/* (columns); NULL: the table has none */
	int			rows;
	const InterestSpan *cells;	/* (rows, columns) */
	bool		numeric;		/* all but the first column */
} InterestTable;

extern void InterestPageTable(InterestMarkup *out, const InterestTable *table);

/* Pictures side by side, as many as there is room for; between these two each is put as it is. */
extern void InterestPageBeginPictures(InterestMarkup *out);
extern void InterestPageEndPictures(InterestMarkup *out);

#endif

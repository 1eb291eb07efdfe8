/*
 * markup.h
 *	  Text that becomes SVG or HTML, built up in an arena.
 *
 * What comes from data goes through InterestPutEscaped or InterestPutLabel, which
 * escape it: no label can end an element or an attribute.  Numbers are written
 * here, not by the C library, whose decimal point follows a locale.
 */
#ifndef INTEREST_MARKUP_H
#define INTEREST_MARKUP_H

#include "core/base/arena.h"
#include "core/base/span.h"

typedef struct InterestMarkup
{
	InterestArena *arena;
	char	   *data;
	size_t		length;
	size_t		room;
} InterestMarkup;

/* Empty; the arena holds what is put. */
extern void InterestMarkupBegin(InterestMarkup *markup, InterestArena *arena);

/* Appends bytes as they are: markup of our own, never data. */
extern void InterestPutBytes(InterestMarkup *markup, const char *data, size_t length);
extern void InterestPut(InterestMarkup *markup, const char *piece);

/*
 * The same with numbers: each ~ of the piece becomes the next of them, with one
 * decimal at most.  They are counted by the macro, and any of its arguments may be integers.
 */
#define InterestPutShape(markup, piece, ...) \
	InterestPutNumbers((markup), (piece), (const double[]) {__VA_ARGS__}, \
					   (int) (sizeof((const double[]) {__VA_ARGS__}) / sizeof(double)))
extern void InterestPutNumbers(InterestMarkup *markup, const char *piece, const double *numbers, int count);

/* A number for people, with so many decimals (0 to 6) and a minus sign; what is not finite is a dash. */
extern void InterestPutDecimal(InterestMarkup *markup, double number, int decimals);

/*
 * UTF-8 of somebody else's, escaped.  Controls and breaks become spaces, spaces
 * are one and none at the ends; what only steers the direction of text, and what
 * XML forbids, is left out.  What is not UTF-8 becomes U+FFFD.
 */
extern void InterestPutEscaped(InterestMarkup *markup, InterestSpan text);

/*
 * The same, cut between two characters that people see, with an ellipsis, where
 * it is wider than so many ems (as InterestTextWidth has it).  Returns its width.
 */
extern double InterestPutLabel(InterestMarkup *markup, InterestSpan text, double ems);

/*
 * About how wide a text is, in ems of a common sans-serif font: good enough to
 * lay text out, not to the pixel.
 */
extern double InterestTextWidth(InterestSpan text);

/* Where a text begins, by its first character that says so: 1 left, -1 right, 0 none does. */
extern int	InterestTextDirection(InterestSpan text);

/* The date of a time in microseconds since 2000 (UTC), and with_minutes the hour and minute. */
extern void InterestPutTime(InterestMarkup *markup, double time, bool with_minutes);

static inline InterestSpan
InterestSpanOf(const char *text)
{
	return (InterestSpan) {text, strlen(text)};
}

#endif

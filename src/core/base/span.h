/*
 * span.h
 *	  Bytes that somebody else holds, and sorted lists of names.
 */
#ifndef INTEREST_SPAN_H
#define INTEREST_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct InterestSpan
{
	const char *data;			/* not zero-terminated; NULL: missing */
	size_t		length;
} InterestSpan;

/* Names in byte order, each once. */
typedef struct InterestNames
{
	int			count;
	const InterestSpan *spans;
} InterestNames;

/* What stands between words: space, tab and the ends of lines, no locale. */
static inline bool
InterestIsSpace(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes the first word off a text; of length 0 when none is left. */
static inline InterestSpan
InterestTakeWord(InterestSpan *text)
{
	const char *end = text->data + text->length;
	const char *start = text->data;
	const char *at;

	while (start < end && InterestIsSpace(*start))
		start++;
	for (at = start; at < end && !InterestIsSpace(*at);)
		at++;
	*text = (InterestSpan) {at, (size_t) (end - at)};
	return (InterestSpan) {start, (size_t) (at - start)};
}

/* Byte order, then length: the order of names everywhere, no locale. */
static inline int
InterestSpanCompare(InterestSpan a, InterestSpan b)
{
	size_t		common = a.length < b.length ? a.length : b.length;
	int			order = common > 0 ? memcmp(a.data, b.data, common) : 0;

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* Position of a name, -1 if it is not there. */
static inline int
InterestNamesFind(const InterestNames *names, InterestSpan name)
{
	int			low = 0;
	int			high = names->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = InterestSpanCompare(names->spans[middle], name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

#endif

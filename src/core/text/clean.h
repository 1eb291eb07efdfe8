/*
 * clean.h
 *	  Leaves out of a text what says little of its subject: markup, addresses of
 *	  pages, quotes of others, signatures.
 */
#ifndef INTEREST_CLEAN_H
#define INTEREST_CLEAN_H

#include "core/base/arena.h"
#include "core/base/span.h"

#include <stdbool.h>

/* The numbers are stored: never change one. */
typedef enum InterestCleaning
{
	INTEREST_CLEAN_HTML = 1,	/* tags, comments, scripts and styles go; entities become characters */
	INTEREST_CLEAN_URLS = 2,	/* http://, https://, ftp://, mailto: and www. */
	INTEREST_CLEAN_QUOTES = 4,	/* lines that start with >, and "... wrote:" before them */
	INTEREST_CLEAN_SIGNATURE = 8,	/* the first line "-- " after some text, and all behind it */
	INTEREST_CLEAN_LOWERCASE = 16
} InterestCleaning;

#define INTEREST_CLEAN_ALL 31

/* "html", "urls" ... of a single one; NULL of a number that is none. */
extern const char *InterestCleaningName(InterestCleaning cleaning);

/*
 * The text (UTF-8) after some cleanings, in the order of their numbers, each in
 * one pass: time and memory are linear in the length, whatever the text.  The
 * result is in the arena, or the text itself where no cleaning is asked for.
 */
extern InterestSpan InterestCleanText(unsigned cleanings, InterestSpan text, InterestArena *arena);

#endif

/*
 * notation.h
 *	  The words of the text forms of interest_profile and interestvec.
 *
 * One notation for both: name=value fields with exactly one blank between
 * them, lists in round brackets.  Reading accepts only what writing makes,
 * apart from blanks around the whole; a reader that failed once stays failed
 * and gives zeros.
 */
#ifndef INTEREST_NOTATION_H
#define INTEREST_NOTATION_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* The whole text without the blanks around it. */
extern InterestReader InterestNotationReader(const char *text, size_t length);

/* Takes the word if it is next. */
extern bool InterestNotationTake(InterestReader *reader, const char *word);

/* Fails unless the word is next. */
extern void InterestNotationExpect(InterestReader *reader, const char *word);

/* A decimal integer without needless characters: no +, no leading 0, no -0. */
extern InterestInt128 InterestNotationInt128(InterestReader *reader);

/* A word, then an integer. */
extern int64_t InterestNotationField(InterestReader *reader, const char *word, int64_t least,
									 int64_t greatest);

/* size bytes as lower-case hexadecimal digits */
extern void InterestNotationBytes(InterestReader *reader, uint8_t *bytes, size_t size);

/*
 * Copies the characters before the next blank or bracket, at most size - 1,
 * with a zero byte.
 */
extern void InterestNotationWord(InterestReader *reader, char *word, size_t size);

/* Fills the status for a text that could not be read to its end; returns false. */
extern bool InterestNotationFail(InterestStatus *status, const char *type, const char *text,
								 const InterestReader *reader);

extern void InterestPutText(InterestWriter *writer, const char *text);
extern void InterestPutInt128(InterestWriter *writer, InterestInt128 value);
extern void InterestPutField(InterestWriter *writer, const char *word, int64_t value);
extern void InterestPutHex(InterestWriter *writer, const uint8_t *bytes, size_t size);

#endif

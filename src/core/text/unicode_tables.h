/*
 * unicode_tables.h
 *	  What the reference tokenizer does with each code point.
 *
 * Token ids must not depend on which Unicode version a library was built for,
 * and the reference mixes several: categories of Unicode 8, decompositions and
 * combining classes of Unicode 9, small letters of Unicode 17.  So these tables
 * say which code points are dropped, separated, decomposed or lower-cased, and
 * utf8proc is only asked how a code point decomposes or what its small letter
 * is.  Unicode's stability policy freezes the decompositions of assigned
 * characters, and their small letters do not change in practice; letters newer
 * than Unicode 9 are in a table of their own, so any utf8proc for Unicode 9 or
 * later serves.
 */
#ifndef INTEREST_UNICODE_TABLES_H
#define INTEREST_UNICODE_TABLES_H

#include <stdint.h>

/* What cleaning, separating and splitting do. */
typedef enum InterestUnicodeClass
{
	INTEREST_UNICODE_PLAIN,
	INTEREST_UNICODE_DROP,		/* controls, formats, private use */
	INTEREST_UNICODE_SPACE,		/* becomes U+0020 */
	INTEREST_UNICODE_HAN,		/* a word by itself */
	INTEREST_UNICODE_PUNCTUATION	/* a word by itself */
} InterestUnicodeClass;

#define INTEREST_UNICODE_WHITE		0x01	/* ends a word, cleaned or not */
#define INTEREST_UNICODE_STRIP		0x02	/* an accent */
#define INTEREST_UNICODE_DECOMPOSES	0x04
#define INTEREST_UNICODE_LOWERS		0x08

typedef struct InterestUnicodeRecord
{
	uint8_t		class;			/* an InterestUnicodeClass */
	uint8_t		flags;
	uint8_t		combining;		/* canonical combining class */
} InterestUnicodeRecord;

typedef struct InterestUnicodeSmallLetter
{
	uint32_t	from;
	uint32_t	to[2];			/* the second is 0 but for one letter */
} InterestUnicodeSmallLetter;

/* Two stages of blocks of 128 code points; record 0 and only record 0 is all plain. */
extern const InterestUnicodeRecord InterestUnicodeRecords[];
extern const uint8_t InterestUnicodeBlockNumbers[];
extern const uint8_t InterestUnicodeBlocks[];	/* block 0 is ASCII */

/* Ascending by from. */
extern const InterestUnicodeSmallLetter InterestUnicodeNewerLetters[];
extern const int InterestUnicodeNewerLetterCount;

/* The record number of a code point, at most U+10FFFF. */
static inline uint8_t
InterestUnicodeLookup(uint32_t code_point)
{
	if (code_point < 128)
		return InterestUnicodeBlocks[code_point];
	return InterestUnicodeBlocks[((uint32_t) InterestUnicodeBlockNumbers[code_point >> 7] << 7) |
								 (code_point & 127)];
}

#endif

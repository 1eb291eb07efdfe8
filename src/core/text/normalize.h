/*
 * normalize.h
 *	  What the BERT normaliser makes of a text: cleaning, spaces around Han
 *	  characters, accents, small letters.
 *
 * The text is normalised in steps of a few hundred code points, so that memory
 * is fixed and a reader that has enough stops paying for the rest.
 */
#ifndef INTEREST_NORMALIZE_H
#define INTEREST_NORMALIZE_H

#include "core/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in tokenizer_config.json; a strip_accents left open there is resolved before. */
typedef struct InterestTokenizerOptions
{
	bool		lowercase;
	bool		strip_accents;
	bool		tokenize_chinese_chars;
	bool		clean_text;
} InterestTokenizerOptions;

/*
 * Marks are held back until the next starter, to be put into canonical order.
 * A longer run is ordered in parts: it belongs to a word too long to have
 * pieces, so its order decides nothing.  (Unicode's Stream-Safe Text Format,
 * UAX #15 section 13, stops at 30.)
 */
#define INTEREST_NORMALIZER_MARKS 128
#define INTEREST_NORMALIZER_OUTPUT 512

typedef struct InterestNormalizer
{
	InterestTokenizerOptions options;
	const uint8_t *at;			/* the next byte to read */
	const uint8_t *end;
	int			mark_count;
	int			count;			/* code points in output */
	uint32_t	marks[INTEREST_NORMALIZER_MARKS];	/* combining class << 24 | code point */
	uint32_t	output[INTEREST_NORMALIZER_OUTPUT];
} InterestNormalizer;

/*
 * The text is UTF-8 of the given length and may contain U+0000.  A byte that is
 * not UTF-8 reads as U+FFFD.
 */
extern void InterestNormalizerStart(InterestNormalizer *normalizer,
									const InterestTokenizerOptions *options,
									const uint8_t *at, const uint8_t *end);

/*
 * Replaces output by what follows from some more of a text that is not yet at
 * its end: at least one character is read, and none from the next '[' on, since
 * special tokens are searched in the text as it was given.
 */
extern void InterestNormalizerStep(InterestNormalizer *normalizer);

/* Replaces output by what was still held back at the end of a text. */
extern void InterestNormalizerFinish(InterestNormalizer *normalizer);

/* Writes a whole text's normal form as UTF-8. */
extern void InterestNormalize(const InterestTokenizerOptions *options,
							  const char *text, size_t length, InterestWriter *writer);

#endif

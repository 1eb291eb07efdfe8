/*
 * normalize.c
 *	  What the BERT normaliser makes of a text.
 *
 * A code point passes cleaning, separating, decomposing and lower-casing one
 * after the other; only the canonical order of marks needs its neighbours.
 */
#include "core/text/normalize.h"

#include "core/text/unicode_tables.h"

#include <stdlib.h>
#include <utf8proc.h>

/* Read in one step at most, so that a text of dropped characters has pauses too. */
#define STEP_BYTES 4096

/* The longest canonical decomposition in Unicode. */
#define MAX_DECOMPOSITION 4

/* What one code point can add: the marks held back, itself decomposed, two spaces. */
#define MAX_ADDED (INTEREST_NORMALIZER_MARKS + 2 * MAX_DECOMPOSITION + 2)

#define REPLACEMENT 0xFFFD

void
InterestNormalizerStart(InterestNormalizer *normalizer, const InterestTokenizerOptions *options,
						const uint8_t *at, const uint8_t *end)
{
	normalizer->options = *options;
	normalizer->at = at;
	normalizer->end = end;
	normalizer->mark_count = 0;
	normalizer->count = 0;
}

static inline void
Put(InterestNormalizer *normalizer, uint32_t code_point)
{
	normalizer->output[normalizer->count++] = code_point;
}

static int
CompareLetter(const void *code_point, const void *letter)
{
	uint32_t	a = *(const uint32_t *) code_point;
	uint32_t	b = ((const InterestUnicodeSmallLetter *) letter)->from;

	return (a > b) - (a < b);
}

/* The full mapping without context: a final sigma is like any other. */
static void
PutSmall(InterestNormalizer *normalizer, uint32_t code_point)
{
	const InterestUnicodeSmallLetter *newer;

	if (code_point < 128)
	{
		Put(normalizer, code_point + ('a' - 'A'));
		return;
	}
	newer = bsearch(&code_point, InterestUnicodeNewerLetters,
					(size_t) InterestUnicodeNewerLetterCount,
					sizeof(InterestUnicodeSmallLetter), CompareLetter);
	if (newer == NULL)
		Put(normalizer, (uint32_t) utf8proc_tolower((utf8proc_int32_t) code_point));
	else
	{
		Put(normalizer, newer->to[0]);
		if (newer->to[1] != 0)
			Put(normalizer, newer->to[1]);
	}
}

static inline void
PutLower(InterestNormalizer *normalizer, uint32_t code_point)
{
	const InterestUnicodeRecord *record;

	record = &InterestUnicodeRecords[InterestUnicodeLookup(code_point)];
	if (normalizer->options.lowercase && (record->flags & INTEREST_UNICODE_LOWERS))
		PutSmall(normalizer, code_point);
	else
		Put(normalizer, code_point);
}

static void
PutMarks(InterestNormalizer *normalizer)
{
	for (int i = 0; i < normalizer->mark_count; i++)
		PutLower(normalizer, normalizer->marks[i] & 0xFFFFFF);
	normalizer->mark_count = 0;
}

/* Insertion behind the marks of the same or a lower class: the canonical order is stable. */
static void
HoldMark(InterestNormalizer *normalizer, uint32_t code_point, uint32_t combining)
{
	uint32_t   *marks = normalizer->marks;
	int			i = normalizer->mark_count++;

	for (; i > 0 && marks[i - 1] >> 24 > combining; i--)
		marks[i] = marks[i - 1];
	marks[i] = combining << 24 | code_point;
	if (normalizer->mark_count == INTEREST_NORMALIZER_MARKS)
		PutMarks(normalizer);
}

/*
 * One decomposed code point.  An accent of class 0 goes, but still separates
 * the marks before it from those after it.
 */
static void
PutOrdered(InterestNormalizer *normalizer, uint32_t code_point)
{
	const InterestUnicodeRecord *record;

	record = &InterestUnicodeRecords[InterestUnicodeLookup(code_point)];
	if (record->combining == 0)
		PutMarks(normalizer);
	if (record->flags & INTEREST_UNICODE_STRIP)
		return;
	if (record->combining == 0)
		PutLower(normalizer, code_point);
	else
		HoldMark(normalizer, code_point, record->combining);
}

static void
PutDecomposed(InterestNormalizer *normalizer, uint32_t code_point, bool decomposes)
{
	utf8proc_int32_t parts[MAX_DECOMPOSITION];
	utf8proc_ssize_t count = 0;

	if (decomposes)
		count = utf8proc_decompose_char((utf8proc_int32_t) code_point, parts, MAX_DECOMPOSITION,
										UTF8PROC_DECOMPOSE, NULL);
	if (count < 1 || count > MAX_DECOMPOSITION)
		PutOrdered(normalizer, code_point);
	else
		for (utf8proc_ssize_t i = 0; i < count; i++)
			PutOrdered(normalizer, (uint32_t) parts[i]);
}

/* A code point of the text, cleaned and separated. */
static void
Take(InterestNormalizer *normalizer, uint32_t code_point, const InterestUnicodeRecord *record)
{
	const InterestTokenizerOptions *options = &normalizer->options;
	bool		han = options->tokenize_chinese_chars && record->class == INTEREST_UNICODE_HAN;

	if (options->clean_text)
	{
		if (record->class == INTEREST_UNICODE_DROP)
			return;
		if (record->class == INTEREST_UNICODE_SPACE)
			code_point = ' ';
	}
	if (han)
	{
		PutMarks(normalizer);
		Put(normalizer, ' ');
	}
	if (options->strip_accents)
		PutDecomposed(normalizer, code_point, (record->flags & INTEREST_UNICODE_DECOMPOSES) != 0);
	else
		PutLower(normalizer, code_point);
	if (han)
		Put(normalizer, ' ');	/* no mark is held: Han characters are starters */
}

/* Decodes the next code point of a text that is not at its end. */
static inline uint32_t
ReadCodePoint(InterestNormalizer *normalizer)
{
	utf8proc_int32_t code_point = *normalizer->at;
	utf8proc_ssize_t length = 1;

	if (code_point >= 128)
	{
		length = utf8proc_iterate(normalizer->at, normalizer->end - normalizer->at, &code_point);
		if (length < 1)
		{
			code_point = REPLACEMENT;
			length = 1;
		}
	}
	normalizer->at += length;
	return (uint32_t) code_point;
}

void
InterestNormalizerStep(InterestNormalizer *normalizer)
{
	const uint8_t *stop = normalizer->end;

	if (stop - normalizer->at > STEP_BYTES)
		stop = normalizer->at + STEP_BYTES;
	normalizer->count = 0;
	do
	{
		uint32_t	code_point = ReadCodePoint(normalizer);
		uint8_t		number = InterestUnicodeLookup(code_point);

		if (number == 0 && normalizer->mark_count == 0)
			Put(normalizer, code_point);
		else
			Take(normalizer, code_point, &InterestUnicodeRecords[number]);
	} while (normalizer->at < stop && *normalizer->at != '[' &&
			 normalizer->count <= INTEREST_NORMALIZER_OUTPUT - MAX_ADDED);
}

void
InterestNormalizerFinish(InterestNormalizer *normalizer)
{
	normalizer->count = 0;
	PutMarks(normalizer);
}

static void
WriteOutput(const InterestNormalizer *normalizer, InterestWriter *writer)
{
	for (int i = 0; i < normalizer->count; i++)
	{
		uint8_t		bytes[4];

		InterestWriteBytes(writer, bytes,
						   (size_t) utf8proc_encode_char((utf8proc_int32_t) normalizer->output[i],
														 bytes));
	}
}

void
InterestNormalize(const InterestTokenizerOptions *options, const char *text, size_t length,
				  InterestWriter *writer)
{
	InterestNormalizer normalizer;

	InterestNormalizerStart(&normalizer, options,
							(const uint8_t *) text, (const uint8_t *) text + length);
	while (normalizer.at < normalizer.end)
	{
		InterestNormalizerStep(&normalizer);
		WriteOutput(&normalizer, writer);
	}
	InterestNormalizerFinish(&normalizer);
	WriteOutput(&normalizer, writer);
}

/*
 * tokenizer_test.c
 *	  The tokenizer on hand-written texts, hostile bytes and long texts, and the
 *	  vocabularies that are refused.  tokenizer_golden_test.c has the reference.
 */
#include "check.h"

#include "core/text/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Special tokens at odd places, so that a hard-wired id fails. */
static const char SmallVocabulary[] =
"the\n##s\n[SEP]\ncat\n##cat\n[UNK]\n,\n!\n[\n]\na\nb\n##a\n##b\nab\n##ab\nabab\n"
"[MASK]\nun\n##want\n##wanted\n##ed\nwant\ncafe\nCafe\ncaf\xC3\xA9\n\xC3\xA9\n##\xC3\xA9\n"
"\xE4\xB8\xAD\n##\xE4\xB8\xAD\n[CLS]\n#\n##\n\xCF\x83\n=\n1\n##1\n[PAD]\nunused\n";

static const InterestTokenizerOptions Uncased = {true, true, true, true};
static const InterestTokenizerOptions Cased = {false, false, true, true};

static InterestArena arena;

static InterestVocabulary *
Build(const char *text, size_t length)
{
	InterestVocabulary *vocabulary = NULL;
	InterestStatus status;

	if (!CHECK(InterestVocabularyBuild(&arena, text, length, &vocabulary, &status)))
	{
		printf("# %s\n", status.message);
		exit(1);
	}
	return vocabulary;
}

/* The pieces of a text, separated by spaces, in a static buffer. */
static const char *
Pieces(const InterestTokenizer *tokenizer, const char *text, size_t length, int max_length)
{
	static char joined[4096];
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	char	   *copy = malloc(length + (length == 0));	/* of exact size: reading on is seen */
	size_t		used = 0;
	int32_t    *ids;
	int			count;

	memcpy(copy, text, length);
	count = InterestTokenize(tokenizer, copy, length, max_length, &arena, &ids);
	for (int i = 0; i < count; i++)
	{
		size_t		piece_length = 0;
		const char *piece = InterestVocabularyPiece(tokenizer->vocabulary, ids[i], &piece_length);

		if (piece == NULL || used + piece_length + 2 > sizeof(joined))
			break;
		memcpy(joined + used, piece, piece_length);
		used += piece_length;
		joined[used++] = ' ';
	}
	joined[used > 0 ? used - 1 : 0] = '\0';
	InterestArenaReturnTo(&arena, mark);
	free(copy);
	return joined;
}

#define CHECK_PIECES(tokenizer, text, expected) \
	CHECK_STRING(Pieces((tokenizer), (text), sizeof(text) - 1, 0), (expected))

static void
TestPieces(const InterestVocabulary *vocabulary)
{
	InterestTokenizer tokenizer = {vocabulary, Uncased};
	char		long_word[102];

	CHECK_PIECES(&tokenizer, "", "[CLS] [SEP]");
	CHECK_PIECES(&tokenizer, " \t\r\n ", "[CLS] [SEP]");
	CHECK_PIECES(&tokenizer, "The cats!", "[CLS] the cat ##s ! [SEP]");
	CHECK_PIECES(&tokenizer, "unwanted", "[CLS] un ##wanted [SEP]");
	CHECK_PIECES(&tokenizer, "unwants,UNWANTED", "[CLS] un ##want ##s , un ##wanted [SEP]");
	CHECK_PIECES(&tokenizer, "abababa", "[CLS] abab ##ab ##a [SEP]");
	CHECK_PIECES(&tokenizer, "catz the", "[CLS] [UNK] the [SEP]");
	CHECK_PIECES(&tokenizer, "##s", "[CLS] # # [UNK] [SEP]");
	CHECK_PIECES(&tokenizer, "##", "[CLS] # # [SEP]");
	CHECK_PIECES(&tokenizer, "a\xE4\xB8\xAD" "b", "[CLS] a \xE4\xB8\xAD b [SEP]");
	CHECK_PIECES(&tokenizer, "a\x0B" "b a\xC2\xA0" "b", "[CLS] ab a b [SEP]");
	CHECK_PIECES(&tokenizer, "a\xE2\x89\xA0" "1", "[CLS] a = 1 [SEP]");	/* U+2260 decomposes */
	CHECK_PIECES(&tokenizer, "\xCE\xA3 \xCF\x82", "[CLS] \xCF\x83 [UNK] [SEP]");

	memset(long_word, 'b', sizeof(long_word));
	long_word[100] = ' ';
	CHECK(strncmp(Pieces(&tokenizer, long_word, 102, 0), "[CLS] b ##b ##b", 15) == 0);
	long_word[100] = 'b';
	CHECK_STRING(Pieces(&tokenizer, long_word, 101, 0), "[CLS] [UNK] [SEP]");
	long_word[0] = ' ';
	long_word[1] = ',';
	CHECK(strncmp(Pieces(&tokenizer, long_word, 102, 0), "[CLS] , b ##b ##b", 17) == 0);
}

static void
TestSpecials(const InterestVocabulary *vocabulary)
{
	static const char no_mask[] = "[UNK]\n[CLS]\n[SEP]\n[\n]\nmask\na";
	InterestTokenizer tokenizer = {vocabulary, Uncased};
	InterestTokenizer other = {Build(no_mask, sizeof(no_mask) - 1), Uncased};

	CHECK_PIECES(&tokenizer, "a[SEP]b", "[CLS] a [SEP] b [SEP]");
	CHECK_PIECES(&tokenizer, "[MASK]ed", "[CLS] [MASK] [UNK] [SEP]");
	CHECK_PIECES(&tokenizer, "[[CLS]]", "[CLS] [ [CLS] ] [SEP]");
	CHECK_PIECES(&tokenizer, "[PAD][UNK]", "[CLS] [PAD] [UNK] [SEP]");
	CHECK_PIECES(&tokenizer, "[cls]", "[CLS] [ [UNK] ] [SEP]");
	CHECK_PIECES(&tokenizer, "[unused1]", "[CLS] [ unused ##1 ] [SEP]");
	CHECK_PIECES(&tokenizer, "[SEP", "[CLS] [ [UNK] [SEP]");
	CHECK_PIECES(&tokenizer, "[", "[CLS] [ [SEP]");
	CHECK_PIECES(&other, "a[MASK]", "[CLS] a [ mask ] [SEP]");
	CHECK_INTEGER(InterestVocabularySpecial(other.vocabulary, INTEREST_TOKEN_MASK), -1);
	CHECK_INTEGER(InterestVocabularySpecial(other.vocabulary, INTEREST_TOKEN_CLS), 1);
	CHECK_INTEGER(InterestVocabularySpecial(vocabulary, INTEREST_TOKEN_SEP), 2);
}

static void
TestTruncation(const InterestVocabulary *vocabulary)
{
	InterestTokenizer tokenizer = {vocabulary, Uncased};
	static const char text[] = "unwants [MASK] cat";

	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 2), "[CLS] [SEP]");
	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 3), "[CLS] un [SEP]");
	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 4), "[CLS] un ##want [SEP]");
	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 5), "[CLS] un ##want ##s [SEP]");
	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 6), "[CLS] un ##want ##s [MASK] [SEP]");
	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 7),
				 "[CLS] un ##want ##s [MASK] cat [SEP]");
	CHECK_STRING(Pieces(&tokenizer, text, sizeof(text) - 1, 512),
				 "[CLS] un ##want ##s [MASK] cat [SEP]");
	/* A word that cannot be cut is unknown as a whole, wherever the limit falls. */
	CHECK_STRING(Pieces(&tokenizer, "unwantz", 7, 3), "[CLS] [UNK] [SEP]");
}

static void
TestOptions(const InterestVocabulary *vocabulary)
{
	InterestTokenizer cased = {vocabulary, Cased};
	InterestTokenizer accents = {vocabulary, {true, false, true, true}};
	InterestTokenizer strip_only = {vocabulary, {false, true, true, true}};
	InterestTokenizer no_han = {vocabulary, {true, true, false, true}};
	InterestTokenizer raw = {vocabulary, {true, true, true, false}};

	CHECK_PIECES(&cased, "Cafe cafe CAFE", "[CLS] Cafe cafe [UNK] [SEP]");
	CHECK_PIECES(&cased, "caf\xC3\xA9 cafe\xCC\x81", "[CLS] caf\xC3\xA9 [UNK] [SEP]");
	CHECK_PIECES(&accents, "CAF\xC3\x89", "[CLS] caf\xC3\xA9 [SEP]");
	CHECK_PIECES(&accents, "a\xC3\x89", "[CLS] a ##\xC3\xA9 [SEP]");
	CHECK_PIECES(&strip_only, "Caf\xC3\xA9 CAFE", "[CLS] Cafe [UNK] [SEP]");
	CHECK_PIECES(&no_han, "a\xE4\xB8\xAD", "[CLS] a ##\xE4\xB8\xAD [SEP]");
	CHECK_PIECES(&raw, "a\x0B" "b a\xC2\x85" "b", "[CLS] a b a b [SEP]");
	CHECK_PIECES(&raw, "a\x01" "b", "[CLS] [UNK] [SEP]");
	CHECK_PIECES(&raw, "a\0b a", "[CLS] [UNK] a [SEP]");
}

static void
TestHostileBytes(const InterestVocabulary *vocabulary)
{
	InterestTokenizer tokenizer = {vocabulary, Uncased};
	InterestTokenizer raw = {vocabulary, {true, true, true, false}};

	CHECK_PIECES(&tokenizer, "a\0b", "[CLS] ab [SEP]");
	CHECK_PIECES(&tokenizer, "a\xFF" "b", "[CLS] ab [SEP]");
	CHECK_PIECES(&tokenizer, "a\xE4\xB8", "[CLS] a [SEP]");	/* ends within a character */
	CHECK_PIECES(&tokenizer, "a\xF0\x9F\x98", "[CLS] a [SEP]");
	CHECK_PIECES(&tokenizer, "a\xC3", "[CLS] a [SEP]");
	CHECK_PIECES(&tokenizer, "\xC0\xAF" "a", "[CLS] a [SEP]");	/* an overlong slash */
	CHECK_PIECES(&tokenizer, "\xED\xA0\x80" "a", "[CLS] a [SEP]");	/* a surrogate */
	CHECK_PIECES(&tokenizer, "\xF4\x90\x80\x80" "a", "[CLS] a [SEP]");	/* beyond U+10FFFF */
	CHECK_PIECES(&tokenizer, "a\xEF\xBF\xBF", "[CLS] [UNK] [SEP]");	/* U+FFFF stays */
	CHECK_PIECES(&raw, "a\xFF" "b a", "[CLS] [UNK] a [SEP]");
}

/* Counts how often the core asks whether it is cancelled: once a step of reading. */
static int	cancel_checks;

static void
CountCancelCheck(void *context)
{
	cancel_checks++;
}

static void
TestLongText(const InterestVocabulary *vocabulary, const char *unit, int max_length,
			 int expected_count, int most_checks)
{
	InterestTokenizer tokenizer = {vocabulary, Uncased};
	size_t		unit_length = strlen(unit);
	size_t		length = (size_t) 10 * 1024 * 1024 / unit_length * unit_length;
	char	   *text = malloc(length);
	InterestHost host = *CheckHost();
	InterestArena scratch;
	int32_t    *ids;
	int			count;

	for (size_t i = 0; i < length; i += unit_length)
		memcpy(text + i, unit, unit_length);
	host.check_cancel = CountCancelCheck;
	cancel_checks = 0;
	InterestArenaInit(&scratch, &host, 1024);
	count = InterestTokenize(&tokenizer, text, length, max_length, &scratch, &ids);
	CHECK_INTEGER(count, expected_count);
	CHECK(cancel_checks <= most_checks);
	if (max_length > 0 || count < 100)
		CHECK(InterestArenaFootprint(&scratch) < 8192);
	InterestArenaFree(&scratch);
	free(text);
}

static void
TestLongTexts(const InterestVocabulary *vocabulary)
{
	int			mega = 1024 * 1024;
	int			all = 10 * mega;

	/* Reading ends where the limit is reached ... */
	TestLongText(vocabulary, "cat ", 256, 256, 4);
	TestLongText(vocabulary, "[", 256, 256, 256);
	TestLongText(vocabulary, "[CLS]", 256, 256, 256);
	TestLongText(vocabulary, "unwants ", 256, 256, 4);
	/* ... and takes no memory where it is not. */
	TestLongText(vocabulary, "cat", 256, 3, all);
	TestLongText(vocabulary, " ", 256, 2, all);
	TestLongText(vocabulary, "\xE2\x80\x8B", 256, 2, all);	/* dropped */
	TestLongText(vocabulary, "\xCC\x81", 256, 2, all);	/* stripped marks */
	TestLongText(vocabulary, "\xE3\x80\xAE", 256, 3, all);	/* marks that stay */
	TestLongText(vocabulary, "\xE3\x80\xAE\xF0\x9D\x85\xA5", 256, 3, all);	/* out of order */
	TestLongText(vocabulary, "\xFF", 256, 2, all);
	TestLongText(vocabulary, "cat\n", 0, all / 4 + 2, all);
	TestLongText(vocabulary, "[MASK]", 0, all / 6 + 2, all);
}

static void
CheckRefused(const char *text, size_t length, InterestCode code, const char *message)
{
	InterestVocabulary *vocabulary;
	InterestStatus status;

	if (!CHECK(!InterestVocabularyBuild(&arena, text, length, &vocabulary, &status)))
		return;
	CHECK_INTEGER(status.code, code);
	CHECK_STRING(status.message, message);
}

#define CHECK_REFUSED(text, code, message) \
	CheckRefused((text), sizeof(text) - 1, (code), (message))

static void
TestRefusedVocabularies(void)
{
	static const char start[] = "[UNK]\n[CLS]\n[SEP]\n";
	size_t		start_length = sizeof(start) - 1;
	size_t		most = 2 * (INTEREST_MAX_PIECES + 1);
	char	   *text = malloc(start_length + most);

	CHECK_REFUSED("", INTEREST_CORRUPT, "the vocabulary is empty");
	CHECK_REFUSED("[UNK]\n[CLS]\n", INTEREST_UNSUPPORTED, "the vocabulary has no piece \"[SEP]\"");
	CHECK_REFUSED("[UNK]\n[SEP]\n", INTEREST_UNSUPPORTED, "the vocabulary has no piece \"[CLS]\"");
	CHECK_REFUSED("<s>\n</s>\n", INTEREST_UNSUPPORTED, "the vocabulary has no piece \"[UNK]\"");
	CHECK_REFUSED("[UNK]\n\n[CLS]\n", INTEREST_CORRUPT, "line 2 of the vocabulary is empty");
	CHECK_REFUSED("[UNK]\r\n\r\n[CLS]\n", INTEREST_CORRUPT, "line 2 of the vocabulary is empty");
	CHECK_REFUSED("[UNK]\na\n[CLS]\na\n", INTEREST_CORRUPT,
				  "line 4 of the vocabulary repeats line 2");
	CHECK_REFUSED("[UNK]\na\xFF\n", INTEREST_CORRUPT, "line 2 of the vocabulary is not UTF-8");
	CHECK_REFUSED("[UNK]\na\xC3", INTEREST_CORRUPT, "line 2 of the vocabulary is not UTF-8");

	memcpy(text, start, start_length);
	memset(text + start_length, 'a', INTEREST_MAX_PIECE_BYTES + 1);
	CheckRefused(text, start_length + INTEREST_MAX_PIECE_BYTES + 1, INTEREST_LIMIT_EXCEEDED,
				 "line 4 of the vocabulary is longer than 402 bytes");
	CHECK_INTEGER(InterestVocabularySize(Build(text, start_length + INTEREST_MAX_PIECE_BYTES)), 4);
	for (size_t i = 0; i < most; i += 2)
		memcpy(text + i, "a\n", 2);
	CheckRefused(text, most, INTEREST_LIMIT_EXCEEDED,
				 "the vocabulary has more than 1000000 pieces");
	free(text);
}

static void
TestVocabulary(void)
{
	static const char lines[] = "[UNK]\r\n[CLS]\r\n[SEP]\r\ncat\r\n##\xC3\xA9";
	InterestVocabulary *built = Build(lines, sizeof(lines) - 1);
	size_t		bytes = InterestVocabularyBytes(built);
	InterestVocabulary *vocabulary = malloc(bytes);
	InterestTokenizer tokenizer = {vocabulary, {true, false, true, true}};
	size_t		length;

	/* It is one block: a copy of it serves, also when the first is gone. */
	memcpy(vocabulary, built, bytes);
	memset(built, 0x5A, bytes);
	CHECK_INTEGER(InterestVocabularySize(vocabulary), 5);
	CHECK(memcmp(InterestVocabularyPiece(vocabulary, 3, &length), "cat", 3) == 0);
	CHECK_INTEGER(length, 3);
	CHECK(memcmp(InterestVocabularyPiece(vocabulary, 4, &length), "##\xC3\xA9", 4) == 0);
	CHECK_INTEGER(length, 4);
	CHECK(InterestVocabularyPiece(vocabulary, 5, &length) == NULL);
	CHECK(InterestVocabularyPiece(vocabulary, -1, &length) == NULL);
	CHECK_PIECES(&tokenizer, "cat\xC3\xA9 cat", "[CLS] cat ##\xC3\xA9 cat [SEP]");
	free(vocabulary);
}

/* The normal form of a text as an ended string. */
static char *
Normalize(const InterestTokenizerOptions *options, const char *text, size_t length)
{
	InterestWriter writer = {NULL, 0};

	InterestNormalize(options, text, length, &writer);
	writer.buffer = malloc(writer.length + 1);
	writer.buffer[writer.length] = '\0';
	writer.length = 0;
	InterestNormalize(options, text, length, &writer);
	return (char *) writer.buffer;
}

static void
CheckNormal(const InterestTokenizerOptions *options, const char *text, const char *expected)
{
	char	   *normal = Normalize(options, text, strlen(text));

	CHECK_STRING(normal, expected);
	free(normal);
}

static void
TestNormalize(void)
{
	InterestTokenizerOptions small = {true, false, false, true};

	CheckNormal(&Uncased, "H\xC3\xA9LLO \xE4\xB8\xAD", "hello  \xE4\xB8\xAD ");
	CheckNormal(&Cased, "H\xC3\xA9LLO", "H\xC3\xA9LLO");
	/* U+302E (class 224) and U+1D165 (216) stay and change places; U+0301 goes. */
	CheckNormal(&Uncased, "a\xE3\x80\xAE\xCC\x81\xF0\x9D\x85\xA5" "b",
				"a\xF0\x9D\x85\xA5\xE3\x80\xAE" "b");
	/* U+034F is stripped, yet of class 0: nothing moves across it. */
	CheckNormal(&Uncased, "a\xE3\x80\xAE\xCD\x8F\xF0\x9D\x85\xA5" "b",
				"a\xE3\x80\xAE\xF0\x9D\x85\xA5" "b");
	/* U+0130 has a small letter of two characters, and a dot that can be dropped. */
	CheckNormal(&small, "\xC4\xB0", "i\xCC\x87");
	CheckNormal(&Uncased, "\xC4\xB0", "i");
	/* Hangul syllables become jamo; U+A7CB is a letter of Unicode 16. */
	CheckNormal(&Uncased, "\xEA\xB0\x81", "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8");
	CheckNormal(&Uncased, "\xEA\x9F\x8B", "\xC9\xA4");
}

int
main(void)
{
	InterestVocabulary *vocabulary;

	InterestArenaInit(&arena, CheckHost(), 4096);
	vocabulary = Build(SmallVocabulary, sizeof(SmallVocabulary) - 1);
	TestPieces(vocabulary);
	TestSpecials(vocabulary);
	TestTruncation(vocabulary);
	TestOptions(vocabulary);
	TestHostileBytes(vocabulary);
	TestLongTexts(vocabulary);
	TestRefusedVocabularies();
	TestVocabulary();
	TestNormalize();
	InterestArenaFree(&arena);
	return CheckReport("tokenizer");
}

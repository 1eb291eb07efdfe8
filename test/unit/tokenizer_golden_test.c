/*
 * tokenizer_golden_test.c
 *	  The tokenizer against the reference's tokens and its character tables.
 *
 * INTEREST_GOLDEN_DIR names the folder of the reference data, INTEREST_MODEL
 * the folder of the encoder whose vocab.txt they were made with.  From the
 * tables a second tokenizer is made here, as plain as the rules read: it holds
 * the whole text and looks at one rule after the other.
 */
#include "check.h"
#include "model_files.h"

#include "core/base/hash.h"
#include "core/base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define CODE_POINTS 0x110000

/* InterestHash64 of the vocab.txt that the reference data were made with, seed 0. */
#define VOCABULARY_HASH UINT64_C(0x28927eafcc5f0109)

static InterestArena arena;

/*
 * The reference's lines: {"key":value,...} without spaces, keys in a fixed
 * order, values strings, integers, arrays of integers, true, false or null.
 */
typedef struct Line
{
	char	   *text;			/* UTF-8, may contain U+0000 */
	size_t		length;
	char	   *normalized;		/* NULL where the file has none */
	int			max_length;		/* 0 where the file has none */
	InterestTokenizerOptions options;
	int32_t    *ids;
	int			count;
} Line;

/* Skips the bytes of literal if they come next. */
static bool
Accept(char **at, const char *literal)
{
	size_t		length = strlen(literal);

	if (strncmp(*at, literal, length) != 0)
		return false;
	*at += length;
	return true;
}

static size_t
DecodeEscape(char **at, char *output)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	char	   *escape = *at + 1;
	char		digits[5] = {0};

	*at += 2;
	if (*escape != 'u')
	{
		*output = values[strchr(names, *escape) - names];
		return 1;
	}
	memcpy(digits, escape + 1, 4);
	*at += 4;
	return (size_t) utf8proc_encode_char((utf8proc_int32_t) strtol(digits, NULL, 16),
										 (uint8_t *) output);
}

/* Decodes a JSON string where it stands: it never grows. */
static char *
ParseString(char **at, size_t *length)
{
	char	   *start = ++*at;
	char	   *output = start;

	while (**at != '"')
	{
		if (**at == '\\')
			output += DecodeEscape(at, output);
		else
			*output++ = *(*at)++;
	}
	++*at;
	*length = (size_t) (output - start);
	*output = '\0';
	return start;
}

static bool
ParseBool(char **at)
{
	if (Accept(at, "true"))
		return true;
	if (!Accept(at, "false"))
		Accept(at, "null");
	return false;
}

/* The ids are written into ids. */
static Line
ParseLine(char *at, int32_t *ids)
{
	Line		line = {NULL, 0, NULL, 0, {true, true, true, true}, ids, 0};
	size_t		normalized_length;

	CHECK(Accept(&at, "{\"text\":"));
	line.text = ParseString(&at, &line.length);
	if (Accept(&at, ",\"max_length\":"))
		line.max_length = (int) strtol(at, &at, 10);
	if (Accept(&at, ",\"lowercase\":"))
	{
		line.options.lowercase = ParseBool(&at);
		CHECK(Accept(&at, ",\"strip_accents\":"));
		line.options.strip_accents = *at == 'n' ? line.options.lowercase : *at == 't';
		ParseBool(&at);
		CHECK(Accept(&at, ",\"tokenize_chinese_chars\":"));
		line.options.tokenize_chinese_chars = ParseBool(&at);
		CHECK(Accept(&at, ",\"clean_text\":"));
		line.options.clean_text = ParseBool(&at);
		CHECK(Accept(&at, ",\"normalized\":"));
		line.normalized = ParseString(&at, &normalized_length);
	}
	CHECK(Accept(&at, ",\"ids\":["));
	do
		ids[line.count++] = (int32_t) strtol(at, &at, 10);
	while (Accept(&at, ","));
	CHECK(Accept(&at, "]}"));
	return line;
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
CheckLine(const InterestVocabulary *vocabulary, const Line *line)
{
	InterestTokenizer tokenizer = {vocabulary, line->options};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int32_t    *ids;
	int			count;
	bool		equal;

	count = InterestTokenize(&tokenizer, line->text, line->length, line->max_length, &arena, &ids);
	equal = count == line->count && memcmp(ids, line->ids, sizeof(int32_t) * (size_t) count) == 0;
	if (!CHECK(equal))
		printf("# %s\n", line->text);
	if (line->normalized)
	{
		char	   *normal = Normalize(&line->options, line->text, line->length);

		CHECK_STRING(normal, line->normalized);
		free(normal);
	}
	InterestArenaReturnTo(&arena, mark);
}

static void
TestLines(const InterestVocabulary *vocabulary, const char *directory, const char *name,
		  int expected_lines)
{
	size_t		length;
	char	   *content = ReadModelFile(&arena, directory, name, &length);
	int32_t    *ids;
	int			lines = 0;

	if (!CHECK(content != NULL))
		return;
	ids = malloc((length + 1) * sizeof(int32_t));
	for (char *at = content, *feed; (feed = strchr(at, '\n')) != NULL; at = feed + 1)
	{
		Line		line;

		*feed = '\0';
		line = ParseLine(at, ids);
		CheckLine(vocabulary, &line);
		lines++;
	}
	CHECK_INTEGER(lines, expected_lines);
	free(ids);
}

static void
TestTokens(const InterestVocabulary *vocabulary, const char *directory)
{
	TestLines(vocabulary, directory, "tokens.jsonl", 1776);
	TestLines(vocabulary, directory, "tokens_truncated.jsonl", 61);
	TestLines(vocabulary, directory, "tokens_options.jsonl", 154);
}

/* What unicode_reference.tsv says of a code point. */
typedef struct Character
{
	char		class;			/* first letter of its class, or 0 */
	bool		strip;
	int			combining;
	uint32_t	nfd[4];			/* ended by 0; none: itself */
	uint32_t	lower[2];
} Character;

static Character *characters;

#define HANGUL_FIRST 0xAC00
#define HANGUL_LAST 0xD7A3

/* Fills at most most code points from "U+0041 U+0300". */
static void
ParseCodePoints(const char *value, uint32_t *code_points, int most)
{
	for (int i = 0; i < most && strncmp(value, "U+", 2) == 0; i++)
	{
		char	   *end;

		code_points[i] = (uint32_t) strtoul(value + 2, &end, 16);
		value = *end == ' ' ? end + 1 : end;
	}
}

/* The Unicode standard, section 3.12, arithmetic decomposition mapping. */
static void
DecomposeHangul(uint32_t code_point, uint32_t *nfd)
{
	uint32_t	index = code_point - HANGUL_FIRST;

	nfd[0] = 0x1100 + index / 588;
	nfd[1] = 0x1161 + index % 588 / 28;
	nfd[2] = index % 28 == 0 ? 0 : 0x11A7 + index % 28;
}

static void
StoreRow(const char *kind, uint32_t code_point, const char *value)
{
	Character  *character = &characters[code_point];

	if (strcmp(kind, "class") == 0)
		character->class = value[0];
	else if (strcmp(kind, "accent") == 0)
		character->strip = true;
	else if (strcmp(kind, "combining_class") == 0)
		character->combining = atoi(value);
	else if (strcmp(kind, "lower") == 0)
		ParseCodePoints(value, character->lower, 2);
	else if (strcmp(value, "hangul") == 0)
		DecomposeHangul(code_point, character->nfd);
	else
		ParseCodePoints(value, character->nfd, 4);
}

static bool
LoadCharacters(const char *directory)
{
	size_t		length;
	char	   *content = ReadModelFile(&arena, directory, "unicode_reference.tsv", &length);
	int			rows = 0;

	if (!CHECK(content != NULL))
		return false;
	characters = calloc(CODE_POINTS, sizeof(Character));
	characters[0].class = 'd';
	for (char *line = strtok(content, "\n"); (line = strtok(NULL, "\n")) != NULL; rows++)
	{
		char		kind[32];
		char		value[64];
		unsigned	first;
		unsigned	last;

		if (!CHECK(sscanf(line, "%31[^\t]\tU+%X\tU+%X\t%63[^\n]", kind, &first, &last, value) == 4))
			continue;
		for (unsigned c = first; c <= last && c < CODE_POINTS; c++)
			StoreRow(kind, c, value);
	}
	return CHECK_INTEGER(rows, 4357);
}

/* A text as code points, with room for all that normalising adds. */
#define TEXT_ROOM 4096

typedef struct Text
{
	int			count;
	uint32_t	code_points[TEXT_ROOM];
} Text;

static void
Add(Text *text, uint32_t code_point)
{
	text->code_points[text->count++] = code_point;
}

static void
CleanPlainly(const Text *from, Text *to)
{
	to->count = 0;
	for (int i = 0; i < from->count; i++)
	{
		uint32_t	c = from->code_points[i];

		if (characters[c].class != 'd')
			Add(to, characters[c].class == 's' ? ' ' : c);
	}
}

static void
SeparatePlainly(const Text *from, Text *to)
{
	to->count = 0;
	for (int i = 0; i < from->count; i++)
	{
		bool		han = characters[from->code_points[i]].class == 'c';

		if (han)
			Add(to, ' ');
		Add(to, from->code_points[i]);
		if (han)
			Add(to, ' ');
	}
}

static void
DecomposePlainly(const Text *from, Text *to)
{
	bool		swapped = true;

	to->count = 0;
	for (int i = 0; i < from->count; i++)
	{
		const uint32_t *nfd = characters[from->code_points[i]].nfd;

		if (nfd[0] == 0)
			Add(to, from->code_points[i]);
		for (int j = 0; j < 4 && nfd[j] != 0; j++)
			Add(to, nfd[j]);
	}
	while (swapped)
	{
		swapped = false;
		for (int i = 1; i < to->count; i++)
		{
			uint32_t	before = to->code_points[i - 1];
			uint32_t	after = to->code_points[i];

			if (characters[after].combining != 0 &&
				characters[before].combining > characters[after].combining)
			{
				to->code_points[i - 1] = after;
				to->code_points[i] = before;
				swapped = true;
			}
		}
	}
}

static void
StripPlainly(const Text *from, Text *to)
{
	to->count = 0;
	for (int i = 0; i < from->count; i++)
		if (!characters[from->code_points[i]].strip)
			Add(to, from->code_points[i]);
}

static void
LowerPlainly(const Text *from, Text *to)
{
	to->count = 0;
	for (int i = 0; i < from->count; i++)
	{
		const uint32_t *lower = characters[from->code_points[i]].lower;

		Add(to, lower[0] ? lower[0] : from->code_points[i]);
		if (lower[1])
			Add(to, lower[1]);
	}
}

/* Normalises text in place. */
static void
NormalizePlainly(const InterestTokenizerOptions *options, Text *text)
{
	static Text other;

	if (options->clean_text)
	{
		CleanPlainly(text, &other);
		*text = other;
	}
	if (options->tokenize_chinese_chars)
	{
		SeparatePlainly(text, &other);
		*text = other;
	}
	if (options->strip_accents)
	{
		DecomposePlainly(text, &other);
		StripPlainly(&other, text);
	}
	if (options->lowercase)
	{
		LowerPlainly(text, &other);
		*text = other;
	}
}

/* Returns the bytes written to utf8. */
static size_t
Encode(const uint32_t *code_points, int count, char *utf8)
{
	size_t		length = 0;

	for (int i = 0; i < count; i++)
		length += (size_t) utf8proc_encode_char((utf8proc_int32_t) code_points[i],
												(uint8_t *) utf8 + length);
	return length;
}

static bool
IsWhite(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
		c == 0x205F || c == 0x3000;
}

/* The id of a piece by looking at every piece; -1 if there is none. */
static int32_t
FindPlainly(const InterestVocabulary *vocabulary, const char *piece, size_t length)
{
	for (int32_t id = 0; id < InterestVocabularySize(vocabulary); id++)
	{
		size_t		other_length;
		const char *other = InterestVocabularyPiece(vocabulary, id, &other_length);

		if (other_length == length && memcmp(other, piece, length) == 0)
			return id;
	}
	return -1;
}

/* Appends the ids of one word. */
static int
CutPlainly(const InterestVocabulary *vocabulary, const uint32_t *word, int count, int32_t *ids)
{
	int			pieces = 0;
	int			end;

	for (int start = 0; start < count && count <= 100; start = end)
	{
		int32_t		id = -1;

		for (end = count; end > start; end--)
		{
			char		piece[2 + 4 * 100] = "##";
			size_t		prefix = start > 0 ? 2 : 0;

			id = FindPlainly(vocabulary, piece,
							 prefix + Encode(word + start, end - start, piece + prefix));
			if (id >= 0)
				break;
		}
		if (id < 0)
		{
			pieces = 0;
			break;
		}
		ids[pieces++] = id;
	}
	if (pieces == 0)
		ids[pieces++] = FindPlainly(vocabulary, "[UNK]", 5);
	return pieces;
}

/* The ids of normalised text, special tokens left out. */
static int
TokenizePlainly(const InterestVocabulary *vocabulary, const Text *text, int32_t *ids)
{
	int			count = 0;
	int			start = 0;

	for (int i = 0; i <= text->count; i++)
	{
		bool		ended = i == text->count;
		bool		white = !ended && IsWhite(text->code_points[i]);
		bool		punctuation = !ended && !white && characters[text->code_points[i]].class == 'p';

		if (!ended && !white && !punctuation)
			continue;
		if (i > start)
			count += CutPlainly(vocabulary, text->code_points + start, i - start, ids + count);
		if (punctuation)
			count += CutPlainly(vocabulary, text->code_points + i, 1, ids + count);
		start = i + 1;
	}
	return count;
}

/* Whether both tokenizers agree on a text; vocabulary NULL: only on its normal form. */
static bool
Agree(const InterestTokenizerOptions *options, const InterestVocabulary *vocabulary,
	  const uint32_t *code_points, int count)
{
	static Text plain;
	static char text[4 * TEXT_ROOM];
	static char expected[4 * TEXT_ROOM];
	static char normal[4 * TEXT_ROOM];
	static int32_t expected_ids[TEXT_ROOM];
	InterestWriter writer = {(uint8_t *) normal, 0};
	size_t		length = Encode(code_points, count, text);
	bool		agree;

	memcpy(plain.code_points, code_points, sizeof(uint32_t) * (size_t) count);
	plain.count = count;
	NormalizePlainly(options, &plain);
	InterestNormalize(options, text, length, &writer);
	agree = writer.length == Encode(plain.code_points, plain.count, expected) &&
		memcmp(normal, expected, writer.length) == 0;
	if (vocabulary)
	{
		InterestTokenizer tokenizer = {vocabulary, *options};
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		int			expected_count = TokenizePlainly(vocabulary, &plain, expected_ids);
		int32_t    *ids;
		int			id_count = InterestTokenize(&tokenizer, text, length, 0, &arena, &ids);

		agree = agree && id_count == expected_count + 2 &&
			memcmp(ids + 1, expected_ids, sizeof(int32_t) * (size_t) expected_count) == 0;
		InterestArenaReturnTo(&arena, mark);
	}
	return agree;
}

static const InterestTokenizerOptions Settings[] = {
	{true, true, true, true}, {false, false, true, true}, {true, false, false, true},
	{true, true, true, false}, {false, true, false, false}
};

#define SETTINGS ((int) (sizeof(Settings) / sizeof(Settings[0])))

static void
TestEveryCodePoint(void)
{
	int			failures = 0;

	for (int i = 0; i < SETTINGS; i++)
		for (uint32_t c = 0; c < CODE_POINTS; c++)
		{
			uint32_t	text[] = {'A', c, 'b'};

			if (c >= 0xD800 && c <= 0xDFFF)
				continue;
			if (!Agree(&Settings[i], NULL, text, 3) && failures++ < 10)
				printf("# U+%04X, setting %d\n", (unsigned) c, i);
		}
	CHECK_INTEGER(failures, 0);
}

/* All marks around each mark that is not stripped: their order is seen. */
static void
TestEveryOrder(void)
{
	int			failures = 0;

	for (uint32_t mark = 0; mark < CODE_POINTS; mark++)
	{
		if (characters[mark].combining == 0 || characters[mark].strip)
			continue;
		for (uint32_t c = 0; c < 0x20000; c++)
		{
			uint32_t	text[] = {'a', mark, c, mark, 0x302E, c, 'b'};

			if ((characters[c].combining != 0 || characters[c].strip) &&
				!Agree(&Settings[0], NULL, text, 7))
				failures++;
		}
	}
	CHECK_INTEGER(failures, 0);
}

/* A code point of one of the kinds that rules speak of; others are tried one by one above. */
static uint32_t
DrawCodePoint(InterestRandom *random)
{
	static const uint32_t first[] = {
		'a', 'A', ' ', '!', 0, 0xC0, 0x300, 0x370, 0x410, 0x590, 0x900, 0xE31, 0x1100, 0x1E00,
		0x1F00, 0x2000, 0x2200, 0x302A, 0x3040, 0x4E00, 0xA66F, 0xAC00, 0xF900, 0xFE00, 0xFFF0,
		0x11930, 0x1D15E, 0x1D165, 0x1F600, 0x2B8F0, 0x2F800, 0xE0000
	};
	static const uint32_t count[] = {
		3, 3, 1, 15, 32, 64, 112, 128, 64, 96, 128, 30, 256, 256,
		256, 112, 256, 6, 96, 50, 16, 600, 300, 32, 16,
		32, 8, 16, 64, 64, 300, 128
	};
	int			kinds = (int) (sizeof(first) / sizeof(first[0]));
	/* Half of all are letters, spaces and marks, so that words and runs become long. */
	uint32_t	kind = InterestRandomBelow(random, (uint32_t) kinds * 2);

	if (kind >= (uint32_t) kinds)
		kind = kind % 4 == 0 ? 17 : kind % 4 == 1 ? 6 : kind % 8 == 2 ? 2 : 0;
	return first[kind] + InterestRandomBelow(random, count[kind]);
}

static void
TestRandomTexts(const InterestVocabulary *vocabulary)
{
	InterestRandom random = InterestRandomKeyed(1, 2, 3, 4);
	int			failures = 0;

	for (int i = 0; i < 30000; i++)
	{
		uint32_t	text[1000];
		int			most = i % 100 == 0 ? 1000 : 30;
		int			count = (int) InterestRandomBelow(&random, (uint32_t) most);
		InterestTokenizerOptions options = {
			InterestRandomBelow(&random, 2) == 0, InterestRandomBelow(&random, 2) == 0,
			InterestRandomBelow(&random, 2) == 0, InterestRandomBelow(&random, 2) == 0
		};

		for (int j = 0; j < count; j++)
			text[j] = DrawCodePoint(&random);
		if (!Agree(&options, vocabulary, text, count) && failures++ < 10)
			printf("# random text %d\n", i);
	}
	CHECK_INTEGER(failures, 0);
}

static InterestVocabulary *
Build(const char *text, size_t length)
{
	InterestVocabulary *vocabulary = NULL;
	InterestStatus status;

	if (!CHECK(InterestVocabularyBuild(&arena, text, length, &vocabulary, &status)))
		printf("# %s\n", status.message);
	return vocabulary;
}

static void
TestAgainstTables(const char *directory)
{
	static const char pieces[] =
	"[UNK]\n[CLS]\n[SEP]\na\nb\nc\n##a\n##b\nab\n##cab\nabc\n##c\n!\n\"\n#\n##\n"
	"\xC3\xA9\n##\xC3\xA9\n\xE4\xB8\x80\n\xE4\xB8\x81\n##\xE4\xB8\x81\n\xE3\x80\xAE\n##\xE3\x80\xAE\n"
	"\xE1\x84\x80\n##\xE1\x85\xA1\n##\xE1\x86\xA8\n\xD0\xB8\n##\xD0\xB8\n##\xCC\x81\n##\xCC\x80\n";
	InterestVocabulary *vocabulary = Build(pieces, sizeof(pieces) - 1);

	if (!LoadCharacters(directory))
		return;
	TestEveryCodePoint();
	TestEveryOrder();
	TestRandomTexts(vocabulary);
	free(characters);
}

int
main(void)
{
	const char *golden = getenv("INTEREST_GOLDEN_DIR");
	const char *model = getenv("INTEREST_MODEL");
	char	   *text = NULL;
	size_t		length = 0;

	InterestArenaInit(&arena, CheckHost(), 65536);
	if (golden == NULL)
		CheckSkip("INTEREST_GOLDEN_DIR is not set");
	else
	{
		TestAgainstTables(golden);
		if (model != NULL)
			text = ReadModelFile(&arena, model, "vocab.txt", &length);
		if (text == NULL)
			CheckSkip("INTEREST_MODEL does not name the folder of a vocab.txt");
		else if (InterestHash64(text, length, 0) != VOCABULARY_HASH)
			CheckSkip("INTEREST_MODEL holds another vocabulary than the reference's");
		else
			TestTokens(Build(text, length), golden);
	}
	InterestArenaFree(&arena);
	return CheckReport("tokenizer_golden");
}

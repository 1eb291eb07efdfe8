/*
 * tokenizer_fuzzer.c
 *	  Arbitrary bytes as a text, and as a vocabulary.
 *
 * The first byte holds the options, the second the limit of ids, the rest is
 * the text.  Besides crashes it looks for ids out of range and for a truncated
 * result that is not the beginning of the whole one.
 */
#include "check.h"

#include "core/text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

static const char Pieces[] =
"a\n[SEP]\n##s\n[UNK]\nb\n##a\n##b\nab\n##ab\n[MASK]\n!\n[\n]\n[CLS]\n#\n"
"\xC3\xA9\n##\xC3\xA9\n\xE4\xB8\xAD\n##\xE4\xB8\xAD\n\xE1\x84\x80\n##\xE1\x85\xA1\n\xCF\x83\n";

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
Require(bool holds)
{
	if (!holds)
		abort();
}

static void
TryText(const InterestTokenizer *tokenizer, int max_length, const char *text, size_t length,
		InterestArena *arena)
{
	int32_t    *all;
	int32_t    *some;
	int			all_count = InterestTokenize(tokenizer, text, length, 0, arena, &all);
	int			some_count = InterestTokenize(tokenizer, text, length, max_length, arena, &some);

	Require(all_count >= 2);
	Require(some_count == (all_count < max_length ? all_count : max_length));
	Require(memcmp(all, some, sizeof(int32_t) * (size_t) (some_count - 1)) == 0);
	Require(some[some_count - 1] == all[all_count - 1]);
	for (int i = 0; i < all_count; i++)
		Require(all[i] >= 0 && all[i] < InterestVocabularySize(tokenizer->vocabulary));
}

static void
TryNormalize(const InterestTokenizerOptions *options, const char *text, size_t length,
			 InterestArena *arena)
{
	InterestWriter writer = {NULL, 0};
	size_t		expected;

	InterestNormalize(options, text, length, &writer);
	expected = writer.length;
	writer.buffer = InterestArenaAllocate(arena, expected);
	writer.length = 0;
	InterestNormalize(options, text, length, &writer);
	Require(writer.length == expected);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	InterestTokenizer tokenizer;
	InterestVocabulary *vocabulary;
	InterestArena arena;
	InterestStatus status;
	const char *text = (const char *) data + 2;

	if (size < 2)
		return 0;
	InterestArenaInit(&arena, CheckHost(), 4096);
	tokenizer.options.lowercase = data[0] & 1;
	tokenizer.options.strip_accents = data[0] & 2;
	tokenizer.options.tokenize_chinese_chars = data[0] & 4;
	tokenizer.options.clean_text = data[0] & 8;
	Require(InterestVocabularyBuild(&arena, Pieces, sizeof(Pieces) - 1, &vocabulary, &status));
	tokenizer.vocabulary = vocabulary;
	TryText(&tokenizer, 2 + data[1], text, size - 2, &arena);
	TryNormalize(&tokenizer.options, text, size - 2, &arena);
	/* The text as a vocabulary of its own, which then cuts itself. */
	if (InterestVocabularyBuild(&arena, text, size - 2, &vocabulary, &status))
	{
		tokenizer.vocabulary = vocabulary;
		TryText(&tokenizer, 2 + data[1], text, size - 2, &arena);
	}
	InterestArenaFree(&arena);
	return 0;
}

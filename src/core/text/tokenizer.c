/*
 * tokenizer.c
 *	  From a text to the token ids of a BERT encoder.
 *
 * The text streams through the normaliser, a few hundred code points at a
 * time; of a word only its first 100 code points are kept, since a longer one
 * is unknown whatever it holds.
 */
#include "core/text/tokenizer.h"

#include "core/text/unicode_tables.h"

#include <limits.h>
#include <string.h>
#include <utf8proc.h>

#define FIRST_CAPACITY 512

typedef struct IdList
{
	InterestArena *arena;
	int32_t    *ids;
	int			count;
	int			capacity;
	int			limit;			/* full at this count */
} IdList;

typedef struct Word
{
	int			count;			/* code points, also those not kept */
	size_t		length;
	uint8_t		bytes[INTEREST_MAX_WORD_BYTES];
} Word;

static void
AppendId(IdList *list, int32_t id)
{
	if (list->count == list->capacity)
	{
		int			capacity = list->capacity <= INT_MAX / 2 ? 2 * list->capacity : INT_MAX;
		int32_t    *ids = InterestArenaArray(list->arena, int32_t, capacity);

		memcpy(ids, list->ids, sizeof(int32_t) * (size_t) list->count);
		list->ids = ids;
		list->capacity = capacity;
	}
	list->ids[list->count++] = id;
}

/* The pieces of a word, and their number; 0 if it cannot be cut into pieces. */
static int
CutWord(const InterestVocabulary *vocabulary, const Word *word, int32_t *pieces)
{
	const uint8_t *at = word->bytes;
	const uint8_t *end = word->bytes + word->length;
	int			count = 0;

	if (word->count > INTEREST_MAX_WORD)
		return 0;
	while (at < end)
	{
		size_t		length = InterestVocabularyMatchLongest(vocabulary, at, end, count > 0,
															&pieces[count]);

		if (length == 0)
			return 0;
		count++;
		at += length;
	}
	return count;
}

static void
FinishWord(const InterestVocabulary *vocabulary, Word *word, IdList *list)
{
	int32_t		pieces[INTEREST_MAX_WORD];
	int			count;

	if (word->count == 0)
		return;
	count = CutWord(vocabulary, word, pieces);
	if (count == 0)
		pieces[count++] = InterestVocabularySpecial(vocabulary, INTEREST_TOKEN_UNK);
	for (int i = 0; i < count && list->count < list->limit; i++)
		AppendId(list, pieces[i]);
	word->count = 0;
	word->length = 0;
}

static inline void
GrowWord(Word *word, uint32_t code_point)
{
	if (word->count >= INTEREST_MAX_WORD)
		word->count = INTEREST_MAX_WORD + 1;
	else
	{
		word->count++;
		if (code_point < 128)
			word->bytes[word->length++] = (uint8_t) code_point;
		else
			word->length += (size_t) utf8proc_encode_char((utf8proc_int32_t) code_point,
														  word->bytes + word->length);
	}
}

/* Splits normalised text at white space and around punctuation. */
static void
ReadWords(const InterestVocabulary *vocabulary, const InterestNormalizer *normalizer,
		  Word *word, IdList *list)
{
	for (int i = 0; i < normalizer->count && list->count < list->limit; i++)
	{
		uint32_t	code_point = normalizer->output[i];
		const InterestUnicodeRecord *record;

		record = &InterestUnicodeRecords[InterestUnicodeLookup(code_point)];
		if (record->flags & INTEREST_UNICODE_WHITE)
			FinishWord(vocabulary, word, list);
		else if (record->class == INTEREST_UNICODE_PUNCTUATION)
		{
			FinishWord(vocabulary, word, list);
			GrowWord(word, code_point);
			FinishWord(vocabulary, word, list);
		}
		else
			GrowWord(word, code_point);
	}
}

/* One stretch of text, up to a special token or the end; returns where it ended. */
static const uint8_t *
ReadStretch(const InterestTokenizer *tokenizer, const uint8_t *at, const uint8_t *end,
			IdList *list, int32_t *special)
{
	const InterestVocabulary *vocabulary = tokenizer->vocabulary;
	InterestNormalizer normalizer;
	size_t		special_length = 0;
	Word		word;

	word.count = 0;
	word.length = 0;
	InterestNormalizerStart(&normalizer, &tokenizer->options, at, end);
	while (normalizer.at < end && list->count < list->limit)
	{
		InterestCheckCancel(list->arena->host);
		if (*normalizer.at == '[')
			special_length = InterestVocabularyMatchSpecial(vocabulary, normalizer.at, end, special);
		if (special_length > 0)
			break;
		InterestNormalizerStep(&normalizer);
		ReadWords(vocabulary, &normalizer, &word, list);
	}
	InterestNormalizerFinish(&normalizer);
	ReadWords(vocabulary, &normalizer, &word, list);
	FinishWord(vocabulary, &word, list);
	return normalizer.at + special_length;
}

int
InterestTokenize(const InterestTokenizer *tokenizer, const char *text, size_t length,
				 int max_length, InterestArena *scratch, int32_t **ids)
{
	const uint8_t *at = (const uint8_t *) text;
	const uint8_t *end = at + length;
	IdList		list;

	list.arena = scratch;
	list.count = 0;
	list.limit = (max_length > 0 ? max_length : INT_MAX) - 1;
	list.capacity = max_length > 0 && max_length < FIRST_CAPACITY ? max_length : FIRST_CAPACITY;
	list.ids = InterestArenaArray(scratch, int32_t, list.capacity);
	AppendId(&list, InterestVocabularySpecial(tokenizer->vocabulary, INTEREST_TOKEN_CLS));
	while (at < end && list.count < list.limit)
	{
		int32_t		special = -1;

		at = ReadStretch(tokenizer, at, end, &list, &special);
		if (special >= 0 && list.count < list.limit)
			AppendId(&list, special);
	}
	AppendId(&list, InterestVocabularySpecial(tokenizer->vocabulary, INTEREST_TOKEN_SEP));
	*ids = list.ids;
	return list.count;
}

/*
 * vocabulary.c
 *	  The pieces of a WordPiece vocabulary and the search for the longest one.
 *
 * Pieces are found through an open-addressing hash table.  The hash is FNV-1a
 * (Fowler, Noll, Vo), which grows byte by byte: one pass over a word gives the
 * hashes of all its beginnings.  Its state after "##" starts a continuation.
 */
#include "core/text/vocabulary.h"

#include "core/base/hash.h"

#include <string.h>
#include <utf8proc.h>

#define EMPTY (-1)

#define HASH_START UINT64_C(0xcbf29ce484222325)

typedef struct Slot
{
	uint32_t	tag;			/* upper half of the hash: most others differ in it */
	int32_t		id;
} Slot;

struct InterestVocabulary
{
	int32_t		size;
	int32_t		special[INTEREST_SPECIAL_TOKENS];
	uint32_t	slot_mask;		/* a power of two, less one */
	uint32_t	longest;		/* bytes of the longest piece */
	uint32_t	ends_at;		/* where, from the start of this struct, lie */
	uint32_t	pieces_at;		/* ... uint32_t [size]: ends of pieces; and their bytes */
	Slot		slots[];
};

static const char *const SpecialSpelling[INTEREST_SPECIAL_TOKENS] = {
	"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
};

static inline uint64_t
HashByte(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static uint64_t
HashBytes(const uint8_t *bytes, size_t length)
{
	uint64_t	hash = HASH_START;

	for (size_t i = 0; i < length; i++)
		hash = HashByte(hash, bytes[i]);
	return hash;
}

static inline const uint32_t *
Ends(const InterestVocabulary *vocabulary)
{
	return (const uint32_t *) ((const char *) vocabulary + vocabulary->ends_at);
}

static inline const uint8_t *
GetPiece(const InterestVocabulary *vocabulary, int32_t id, size_t *length)
{
	const uint32_t *ends = Ends(vocabulary);
	uint32_t	start = id == 0 ? 0 : ends[id - 1];

	*length = ends[id] - start;
	return (const uint8_t *) vocabulary + vocabulary->pieces_at + start;
}

/* The slot of prefix and bytes in a row, or the empty one where they belong. */
static inline uint32_t
FindSlot(const InterestVocabulary *vocabulary, uint64_t hash,
		 size_t prefix, const uint8_t *bytes, size_t length)
{
	uint64_t	mixed = InterestMix64(hash);
	uint32_t	tag = (uint32_t) (mixed >> 32);
	uint32_t	at = (uint32_t) mixed & vocabulary->slot_mask;

	for (; vocabulary->slots[at].id != EMPTY; at = (at + 1) & vocabulary->slot_mask)
	{
		const uint8_t *piece;
		size_t		piece_length;

		if (vocabulary->slots[at].tag != tag)
			continue;
		piece = GetPiece(vocabulary, vocabulary->slots[at].id, &piece_length);
		if (piece_length == prefix + length && memcmp(piece, "##", prefix) == 0 &&
			memcmp(piece + prefix, bytes, length) == 0)
			break;
	}
	return at;
}

size_t
InterestVocabularyMatchLongest(const InterestVocabulary *vocabulary,
							   const uint8_t *at, const uint8_t *end,
							   bool continuation, int32_t *id)
{
	size_t		prefix = continuation ? 2 : 0;
	size_t		length = (size_t) (end - at);
	uint64_t	hashes[INTEREST_MAX_PIECE_BYTES + 1];	/* of the first i bytes */

	if (length + prefix > vocabulary->longest)
		length = vocabulary->longest > prefix ? vocabulary->longest - prefix : 0;
	hashes[0] = HashBytes((const uint8_t *) "##", prefix);
	for (size_t i = 0; i < length; i++)
		hashes[i + 1] = HashByte(hashes[i], at[i]);
	for (; length > 0; length--)
	{
		int32_t		found;

		/* Pieces are whole characters: do not look within one. */
		if (at + length < end && (at[length] & 0xC0) == 0x80)
			continue;
		found = vocabulary->slots[FindSlot(vocabulary, hashes[length], prefix, at, length)].id;
		if (found != EMPTY)
		{
			*id = found;
			return length;
		}
	}
	return 0;
}

int
InterestVocabularySize(const InterestVocabulary *vocabulary)
{
	return vocabulary->size;
}

size_t
InterestVocabularyBytes(const InterestVocabulary *vocabulary)
{
	return (size_t) vocabulary->pieces_at + Ends(vocabulary)[vocabulary->size - 1];
}

const char *
InterestVocabularyPiece(const InterestVocabulary *vocabulary, int32_t id, size_t *length)
{
	if (id < 0 || id >= vocabulary->size)
		return NULL;
	return (const char *) GetPiece(vocabulary, id, length);
}

int32_t
InterestVocabularySpecial(const InterestVocabulary *vocabulary, InterestSpecialToken token)
{
	return vocabulary->special[token];
}

size_t
InterestVocabularyMatchSpecial(const InterestVocabulary *vocabulary,
							   const uint8_t *at, const uint8_t *end, int32_t *id)
{
	for (int token = 0; token < INTEREST_SPECIAL_TOKENS; token++)
	{
		size_t		length = strlen(SpecialSpelling[token]);

		if (vocabulary->special[token] != EMPTY && (size_t) (end - at) >= length &&
			memcmp(at, SpecialSpelling[token], length) == 0)
		{
			*id = vocabulary->special[token];
			return length;
		}
	}
	return 0;
}

/* Cuts the next line off a text that is not at its end. */
static const uint8_t *
ReadLine(const uint8_t **at, const uint8_t *end, size_t *length)
{
	const uint8_t *line = *at;
	const uint8_t *feed = memchr(line, '\n', (size_t) (end - line));
	const uint8_t *line_end = feed ? feed : end;

	*at = feed ? feed + 1 : end;
	if (feed && line_end > line && line_end[-1] == '\r')
		line_end--;
	*length = (size_t) (line_end - line);
	return line;
}

static bool
IsUtf8(const uint8_t *at, size_t length)
{
	const uint8_t *end = at + length;

	while (at < end)
	{
		utf8proc_int32_t code_point;
		utf8proc_ssize_t step = utf8proc_iterate(at, end - at, &code_point);

		if (step < 1)
			return false;
		at += step;
	}
	return true;
}

static bool
HintForm(InterestStatus *status)
{
	return InterestHint(status,
						"A vocabulary is the encoder's vocab.txt: a piece on each line, in UTF-8.");
}

static bool
CheckPiece(const uint8_t *piece, size_t length, int32_t line, InterestStatus *status)
{
	if (length == 0)
		InterestFail(status, INTEREST_CORRUPT, "line %d of the vocabulary is empty", line);
	else if (length > INTEREST_MAX_PIECE_BYTES)
		InterestFail(status, INTEREST_LIMIT_EXCEEDED,
					 "line %d of the vocabulary is longer than %d bytes",
					 line, INTEREST_MAX_PIECE_BYTES);
	else if (!IsUtf8(piece, length))
		InterestFail(status, INTEREST_CORRUPT, "line %d of the vocabulary is not UTF-8", line);
	else
		return true;
	return HintForm(status);
}

/* Checks each line by itself and counts them. */
static bool
CheckLines(const InterestHost *host, const uint8_t *at, const uint8_t *end,
		   int32_t *size, InterestStatus *status)
{
	*size = 0;
	while (at < end)
	{
		size_t		length;
		const uint8_t *piece = ReadLine(&at, end, &length);

		if (++*size > INTEREST_MAX_PIECES)
			return InterestFail(status, INTEREST_LIMIT_EXCEEDED,
								"the vocabulary has more than %d pieces", INTEREST_MAX_PIECES);
		if (!CheckPiece(piece, length, *size, status))
			return false;
		if (*size % 16384 == 0)
			InterestCheckCancel(host);
	}
	if (*size == 0)
	{
		InterestFail(status, INTEREST_CORRUPT, "the vocabulary is empty");
		return HintForm(status);
	}
	return true;
}

/* An empty vocabulary with room for size pieces that come from length bytes. */
static InterestVocabulary *
Allocate(InterestArena *arena, int32_t size, size_t length)
{
	InterestVocabulary *vocabulary;
	uint32_t	slots = 2;
	size_t		ends_at;
	size_t		pieces_at;

	while (slots < 2 * (uint32_t) size)
		slots *= 2;
	ends_at = sizeof(InterestVocabulary) + slots * sizeof(Slot);
	pieces_at = ends_at + (size_t) size * sizeof(uint32_t);
	vocabulary = InterestArenaAllocateZero(arena, pieces_at + length);
	vocabulary->slot_mask = slots - 1;
	vocabulary->ends_at = (uint32_t) ends_at;
	vocabulary->pieces_at = (uint32_t) pieces_at;
	for (uint32_t i = 0; i < slots; i++)
		vocabulary->slots[i].id = EMPTY;
	return vocabulary;
}

/* Appends a piece; false, and the id it has already, if it is there. */
static bool
Add(InterestVocabulary *vocabulary, const uint8_t *piece, size_t length, int32_t *first_id)
{
	uint64_t	hash = HashBytes(piece, length);
	uint32_t	at = FindSlot(vocabulary, hash, 0, piece, length);
	int32_t		id = vocabulary->size;
	uint32_t   *ends = (uint32_t *) ((char *) vocabulary + vocabulary->ends_at);
	uint32_t	start = id == 0 ? 0 : ends[id - 1];

	if (vocabulary->slots[at].id != EMPTY)
	{
		*first_id = vocabulary->slots[at].id;
		return false;
	}
	memcpy((char *) vocabulary + vocabulary->pieces_at + start, piece, length);
	ends[id] = start + (uint32_t) length;
	vocabulary->slots[at].tag = (uint32_t) (InterestMix64(hash) >> 32);
	vocabulary->slots[at].id = id;
	vocabulary->size++;
	if (length > vocabulary->longest)
		vocabulary->longest = (uint32_t) length;
	return true;
}

static bool
FindSpecials(InterestVocabulary *vocabulary, InterestStatus *status)
{
	for (int token = 0; token < INTEREST_SPECIAL_TOKENS; token++)
	{
		const uint8_t *spelling = (const uint8_t *) SpecialSpelling[token];
		size_t		length = strlen(SpecialSpelling[token]);
		uint32_t	at = FindSlot(vocabulary, HashBytes(spelling, length), 0, spelling, length);

		vocabulary->special[token] = vocabulary->slots[at].id;
		if (vocabulary->special[token] == EMPTY &&
			token != INTEREST_TOKEN_PAD && token != INTEREST_TOKEN_MASK)
		{
			InterestFail(status, INTEREST_UNSUPPORTED, "the vocabulary has no piece \"%s\"",
						 SpecialSpelling[token]);
			InterestDetail(status, "Only WordPiece vocabularies of BERT encoders can be used.");
			return InterestHint(status, "Load an encoder whose vocab.txt has [UNK], [CLS] and [SEP].");
		}
	}
	return true;
}

bool
InterestVocabularyBuild(InterestArena *arena, const char *text, size_t length,
						InterestVocabulary **vocabulary, InterestStatus *status)
{
	const uint8_t *at = (const uint8_t *) text;
	const uint8_t *end = at + length;
	InterestVocabulary *built;
	int32_t		size;

	if (!CheckLines(arena->host, at, end, &size, status))
		return false;
	built = Allocate(arena, size, length);
	while (at < end)
	{
		size_t		piece_length;
		const uint8_t *piece = ReadLine(&at, end, &piece_length);
		int32_t		first_id;

		if (!Add(built, piece, piece_length, &first_id))
		{
			InterestFail(status, INTEREST_CORRUPT, "line %d of the vocabulary repeats line %d",
						 built->size + 1, first_id + 1);
			return HintForm(status);
		}
	}
	if (!FindSpecials(built, status))
		return false;
	*vocabulary = built;
	return true;
}

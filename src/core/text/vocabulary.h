/*
 * vocabulary.h
 *	  The pieces of a WordPiece vocabulary and the search for the longest one.
 */
#ifndef INTEREST_VOCABULARY_H
#define INTEREST_VOCABULARY_H

#include "core/base/arena.h"
#include "core/base/status.h"

#define INTEREST_MAX_PIECES 1000000

/* Code points of the longest word that is cut into pieces, as in the reference. */
#define INTEREST_MAX_WORD 100
#define INTEREST_MAX_WORD_BYTES (4 * INTEREST_MAX_WORD)

/* No word holds a longer piece than one behind "##". */
#define INTEREST_MAX_PIECE_BYTES (2 + INTEREST_MAX_WORD_BYTES)

typedef enum InterestSpecialToken
{
	INTEREST_TOKEN_PAD,
	INTEREST_TOKEN_UNK,
	INTEREST_TOKEN_CLS,
	INTEREST_TOKEN_SEP,
	INTEREST_TOKEN_MASK
} InterestSpecialToken;

#define INTEREST_SPECIAL_TOKENS (INTEREST_TOKEN_MASK + 1)

/*
 * One block of memory without pointers, so that it may be copied or stored and
 * mapped as it is; never changed once built.
 */
typedef struct InterestVocabulary InterestVocabulary;

/*
 * Builds a vocabulary from the content of a vocab.txt: a piece a line, which
 * ends with LF or CR LF and whose number, from 0, is the piece's id.  [UNK],
 * [CLS] and [SEP] must be among the pieces, [PAD] and [MASK] may be.
 */
extern bool InterestVocabularyBuild(InterestArena *arena, const char *text, size_t length,
									InterestVocabulary **vocabulary, InterestStatus *status);

/* How many pieces; ids are below it. */
extern int	InterestVocabularySize(const InterestVocabulary *vocabulary);

/* Bytes from vocabulary on that make it up. */
extern size_t InterestVocabularyBytes(const InterestVocabulary *vocabulary);

/* Not ended by a zero byte; NULL for an id out of range. */
extern const char *InterestVocabularyPiece(const InterestVocabulary *vocabulary, int32_t id,
										   size_t *length);

/* -1 for a token that the vocabulary lacks. */
extern int32_t InterestVocabularySpecial(const InterestVocabulary *vocabulary,
										 InterestSpecialToken token);

/* The special token that these bytes begin with: its length and id, or 0. */
extern size_t InterestVocabularyMatchSpecial(const InterestVocabulary *vocabulary,
											 const uint8_t *at, const uint8_t *end, int32_t *id);

/*
 * The longest piece that these bytes of a word begin with: its length (without
 * "##") and id, or 0.  Continuation asks for pieces that begin with "##".
 */
extern size_t InterestVocabularyMatchLongest(const InterestVocabulary *vocabulary,
											 const uint8_t *at, const uint8_t *end,
											 bool continuation, int32_t *id);

#endif

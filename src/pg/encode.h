/*
 * encode.h
 *	  From texts to vectors, by way of the texts encoded already.
 */
#ifndef INTEREST_ENCODE_H
#define INTEREST_ENCODE_H

#include "utils/array.h"

#include "pg/encoder_store.h"

/* Most bytes of one text; tokenizing stops at the encoder's max_length anyway. */
#define INTEREST_MAX_TEXT_SIZE (64 * 1024 * 1024)

/*
 * The one way of a text out of the database's encoding into UTF-8: returns text
 * itself where they are the same.  An error for SQL_ASCII, and above
 * INTEREST_MAX_TEXT_SIZE.
 */
extern const char *InterestTextToUtf8(const char *text, Size length, Size *utf8_length);

/* Whether a text need not be fetched, and is short enough for the caches. */
extern bool InterestTextAtHand(Datum value);

/* The texts of a one-dimensional array in UTF-8, in the current memory context; their number. */
extern int	InterestUtf8Texts(ArrayType *array, const char ***texts, Size **lengths);

/* The vector (hidden) of a text in UTF-8, valid until the next call. */
extern const float *InterestEncodedText(InterestLoadedEncoder *encoder, const char *text, Size length);

/* out (n, hidden): the vectors of n texts in UTF-8. */
extern void InterestEncodeTexts(InterestLoadedEncoder *encoder, int n, const char *const *texts,
								const Size *lengths, float *out);

/* What the encoders of this session have computed: texts, and batches of them. */
typedef struct InterestEncodeCounts
{
	uint64		texts;
	uint64		batches;
} InterestEncodeCounts;

extern InterestEncodeCounts InterestEncodeCount(void);

#endif

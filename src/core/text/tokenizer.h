/*
 * tokenizer.h
 *	  From a text to the token ids of a BERT encoder.
 *
 * The ids equal those of the reference, the Hugging Face fast BERT tokenizer,
 * for every text of valid UTF-8.
 */
#ifndef INTEREST_TOKENIZER_H
#define INTEREST_TOKENIZER_H

#include "core/text/normalize.h"
#include "core/text/vocabulary.h"

typedef struct InterestTokenizer
{
	const InterestVocabulary *vocabulary;
	InterestTokenizerOptions options;
} InterestTokenizer;

/*
 * Puts [CLS], the ids of a text and [SEP] into scratch and returns their
 * number, at most max_length (at least 2; 0 = no limit).  Reading stops where
 * max_length is reached.  The text is UTF-8 of the given length and may
 * contain U+0000; a byte that is not UTF-8 reads as U+FFFD.
 */
extern int	InterestTokenize(const InterestTokenizer *tokenizer, const char *text, size_t length,
							 int max_length, InterestArena *scratch, int32_t **ids);

#endif

/*
 * encoder_directory.h
 *	  Reads the Hugging Face directory of a BERT encoder.
 *
 * Such a directory says the same thing in several places, and not always the
 * same.  What counts is what sentence-transformers makes of it:
 *
 * - modules.json: a Transformer, a Pooling, perhaps a Normalize, each in the
 *	 folder it names.  Without it: the mean of the tokens, not normalised.
 * - max_length: sentence_bert_config.json, else model_max_length of
 *	 tokenizer_config.json, at most the positions of config.json.  The
 *	 truncation and padding of tokenizer.json are how it was last used.
 * - The tokenizer's options: tokenizer_config.json, else the normalizer of
 *	 tokenizer.json, else those of BERT.  The pieces: vocab.txt, else
 *	 tokenizer.json.
 */
#ifndef INTEREST_ENCODER_DIRECTORY_H
#define INTEREST_ENCODER_DIRECTORY_H

#include "pg/encoder_store.h"

/* Most bytes of each kind of file. */
#define INTEREST_MAX_SETTINGS_FILE (1024 * 1024)
#define INTEREST_MAX_VOCABULARY_FILE (32 * 1024 * 1024)
#define INTEREST_MAX_TOKENIZER_FILE (64 * 1024 * 1024)
#define INTEREST_MAX_WEIGHTS_FILE (INT64CONST(4) * 1024 * 1024 * 1024)

/*
 * Reads and checks everything, into the current memory context.  The caller has
 * the right to read files of the server: errors name them.
 */
extern void InterestEncoderReadDirectory(const char *directory, InterestEncoderContent *content);

#endif

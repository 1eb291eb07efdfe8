/*
 * lexemes.h
 *	  The words of a text: lexemes of the server's text search parser and
 *	  dictionaries.
 *
 * algorithm: section 1, word.  Stop words are left out as the configuration says.
 * Runs of scripts without spaces, which the parser cannot cut, become the pieces
 * of the encoder's vocabulary and pairs of neighbouring ones.
 *
 * What lexemes a text has depends on the server's version, on the database's
 * LC_CTYPE and on files that dictionaries read: a model is for the lexemes that
 * it was trained on, which a hash of those of a fixed text tells.
 */
#ifndef INTEREST_LEXEMES_H
#define INTEREST_LEXEMES_H

#include "core/network/words.h"
#include "core/text/tokenizer.h"
#include "pg/definition.h"

typedef struct InterestLexer InterestLexer;

/*
 * The configuration of a text search option ("english", "schema.name"), or the
 * default one of now, as quoted schema and name; an error if there is none.
 */
extern char *InterestFindTextSearch(const char *option);

/*
 * What makes words under a model's configuration, in the current context; NULL
 * for a model without words.  tokenizer NULL: runs without spaces stay whole.
 */
extern InterestLexer *InterestLexerMake(const InterestDefinition *definition,
										const InterestTokenizer *tokenizer);

/* The hash (INTEREST_WORD_PROBE_SIZE) of what the configuration makes now. */
extern const uint8 *InterestLexerProbe(InterestLexer *lexer);

/*
 * An error unless the configuration makes what the hash says.  Looks only once,
 * and again after a text search object has changed.
 */
extern void InterestLexerRequire(InterestLexer *lexer, const uint8 *probe);

/* The words of a text in UTF-8, in the current context; none of a missing one. */
extern void InterestReadWords(InterestLexer *lexer, InterestSpan text, InterestWords *words);

#endif

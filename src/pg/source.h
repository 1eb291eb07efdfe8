/*
 * source.h
 *	  All rows of a model's source as training and evaluation take them.
 */
#ifndef INTEREST_SOURCE_H
#define INTEREST_SOURCE_H

#include "tcop/dest.h"

#include "core/training/training.h"
#include "pg/definition.h"
#include "pg/encoder_store.h"
#include "pg/lexemes.h"
#include "pg/row_reader.h"
#include "pg/spill.h"

/* A text that the encoder sees, where it waits for it. */
typedef struct InterestJoinedText
{
	InterestPlace place;
	Size		length;
} InterestJoinedText;

/*
 * Rows, texts, kept once as the encoder sees them until they are encoded, their
 * vectors and their words, 8 bytes each, lie in stores that have
 * maintenance_work_mem and spill what is more to temporary files.  In memory a
 * row is 8 bytes, a distinct text 100, a distinct word or user its bytes and 40
 * more.
 */
typedef struct InterestSource
{
	InterestTrainingSet set;
	InterestSpill *spill;
	int64		rows_without_user;	/* skipped */
	int			texts;			/* distinct ones as the encoder sees them */
	InterestSpill *joined;		/* they themselves, until they are encoded; NULL: they are */
	InterestJoinedText *joined_texts;	/* (texts) */
	InterestVector *vectors;	/* the first one of each vector column, whose width all others have */
} InterestSource;

/*
 * Reads the relation (quoted SQL) as the current user and encodes every
 * distinct text once; everything is in the current memory context, until
 * InterestEndSource.  encoder is NULL for a model without, lexer for one without
 * words.
 */
extern void InterestReadSource(const InterestDefinition *definition, const char *relation,
							   InterestLoadedEncoder *encoder, InterestLexer *lexer,
							   InterestSource *source);

/* The same without encoding: the texts can be read until InterestEndSource. */
extern void InterestCollectSource(const InterestDefinition *definition, const char *relation,
								  InterestLexer *lexer, InterestSource *source);

/* Text i, a row's sentence; what is not in memory is read into scratch. */
extern InterestSpan InterestSourceText(const InterestSource *source, int i, InterestArena *scratch);

extern void InterestEndSource(InterestSource *source);

/* Hands the rows of the relation, the columns that a reader with target needs, to a receiver. */
extern void InterestReceiveSource(const InterestDefinition *definition, const char *relation,
								  DestReceiver *receiver);

#endif

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
extern void InterestEndSource(InterestSource *source);

/* Hands the rows of the relation, the columns that a reader with target needs, to a receiver. */
extern void InterestReceiveSource(const InterestDefinition *definition, const char *relation,
								  DestReceiver *receiver);

#endif

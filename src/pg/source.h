/*
 * source.h
 *	  All rows of a model's source, in memory, as training and evaluation take
 *	  them.
 */
#ifndef INTEREST_SOURCE_H
#define INTEREST_SOURCE_H

#include "core/training/training.h"
#include "pg/definition.h"
#include "pg/encoder_store.h"

typedef struct InterestSource
{
	InterestTrainingSet set;
	int64		rows_without_user;	/* skipped */
	int			texts;			/* distinct ones */
} InterestSource;

/*
 * Reads the relation (quoted SQL) as the current user and encodes every
 * distinct text once; everything is in the current memory context.  encoder is
 * NULL for a model without texts.
 */
extern void InterestReadSource(const InterestDefinition *definition, const char *relation,
							   InterestLoadedEncoder *encoder, InterestSource *source);

#endif

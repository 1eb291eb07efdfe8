/*
 * document_reader.h
 *	  From a JSON document to a behaviour row.
 *
 * The document form of the aggregates: events kept as jsonb, whose keys are the
 * model's columns.  The same values give the same row as columns would.
 */
#ifndef INTEREST_DOCUMENT_READER_H
#define INTEREST_DOCUMENT_READER_H

#include "core/network/behaviour.h"
#include "pg/definition.h"

/*
 * What the behaviour points to is UTF-8 and in the current context.  An absent
 * key is NULL; a value that the column cannot be is an error that names it.
 * Times without a zone are UTC.
 */
extern void InterestReadDocument(const InterestDefinition *definition, Jsonb *document,
								 InterestBehaviour *behaviour);

#endif

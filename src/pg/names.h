/*
 * names.h
 *	  Interests by name: a version that answers before any training.
 *
 * An interest is given as one text, "label, description": the label is what
 * comes before the first comma, and the encoder reads the whole.
 */
#ifndef INTEREST_NAMES_H
#define INTEREST_NAMES_H

#include "core/training/training.h"
#include "pg/definition.h"
#include "pg/encoder_store.h"
#include "pg/lexemes.h"

/* Most bytes of an interest's label and description. */
#define INTEREST_MAX_NAMED_TEXT 65536

/* An error unless the definition's interests (may be none) have labels of their own and an encoder to read them. */
extern void InterestCheckNames(const InterestDefinition *definition);

/* The named interests, encoded, in the current memory context; NULL if there are none. */
extern InterestNamedInterests *InterestNamedOf(const InterestDefinition *definition,
											   InterestLoadedEncoder *encoder);

/*
 * Stores and deploys the version that the names make, of the lowest rows of the
 * source by hash, which are read as the current user; its number.
 */
extern int	InterestStoreNamed(const InterestDefinition *definition);

#endif

/*
 * catalogue.h
 *	  Items ready to be scanned: everything that scoring reads, in one run of
 *	  bytes that can be a file.
 *
 * Items lie in the byte order of their ids.  Vectors are packed as the right
 * side of a product (core/kernel), so that all of a user's vectors meet an
 * item's in one pass over memory.  Where the catalogue is searched, what the
 * encoder makes of the items' texts is packed likewise.
 */
#ifndef INTEREST_CATALOGUE_H
#define INTEREST_CATALOGUE_H

#include "core/base/arena.h"
#include "core/base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* One item as it is handed over. */
typedef struct InterestItem
{
	InterestSpan id;
	const float *vector;		/* (dimensions); NULL: the item has none */
	const float *text;			/* (text_dimensions); NULL: it has no text */
	float		popularity;		/* >= 0; 0 where nothing is known */
	int64_t		published;		/* microseconds since 2000-01-01 UTC; INT64_MIN: unknown */
	int			category_count;
	const int  *categories;		/* (category_count), of the catalogue's names */
} InterestItem;

/*
 * Start of the bytes.  Offsets are from the start, each a multiple of
 * INTEREST_ALIGNMENT.
 */
typedef struct InterestCatalogue
{
	uint64_t	size;			/* of all bytes */
	int32_t		count;			/* items */
	int32_t		dimensions;
	int32_t		name_count;		/* of categories */
	int32_t		text_dimensions;	/* 0: it is not searched */
	uint64_t	panels;			/* floats, InterestPanelsSize(count, dimensions) */
	uint64_t	missing;		/* (count) bytes: 1 where the item has no vector */
	uint64_t	norm;			/* (count) floats: L2, of the vector; 0 where there is none */
	uint64_t	text_panels;	/* floats, InterestPanelsSize(count, text_dimensions) */
	uint64_t	text_missing;	/* (count) bytes: 1 where the item has no text */
	uint64_t	text_norm;		/* (count) floats */
	uint64_t	popularity;		/* (count) floats: ln(1 + popularity) */
	uint64_t	published;		/* (count) int64 */
	uint64_t	category_first; /* (count + 1) uint32, into category */
	uint64_t	category;		/* int32, positions among the names */
	uint64_t	id_first;		/* (count + 1) uint64, into id */
	uint64_t	id;				/* bytes */
	uint64_t	name_first;		/* (name_count + 1) uint64, into name */
	uint64_t	name;			/* bytes */
} InterestCatalogue;

static inline const void *
InterestCatalogueAt(const InterestCatalogue *catalogue, uint64_t offset)
{
	return (const char *) catalogue + offset;
}

/*
 * Lays the items out, in the order of their ids; names are those that
 * categories stand for.  The catalogue is in the arena.
 */
extern InterestCatalogue *InterestCatalogueMake(int dimensions, int text_dimensions, int count,
												const InterestItem *items, const InterestNames *names,
												InterestArena *arena);

/* An item's id, and the name of a category. */
extern InterestSpan InterestCatalogueId(const InterestCatalogue *catalogue, int item);
extern InterestSpan InterestCatalogueName(const InterestCatalogue *catalogue, int name);

/* The item of that id, -1 if there is none. */
extern int	InterestCatalogueFind(const InterestCatalogue *catalogue, InterestSpan id);

/* Copies an item's vector (dimensions). */
extern void InterestCatalogueVector(const InterestCatalogue *catalogue, int item, float *vector);

#endif

/*
 * catalogue.h
 *	  The items of a model: a table beside their source that follows it, and
 *	  what is packed of it to be scanned.
 *
 * The table has one row an item, with its vector.  Whoever changes it gives
 * each row that he writes the number of his change, random and never used
 * again, and records the change with the items that it touched.  So the set of
 * changes that a snapshot shows says what rows it shows: what was packed under
 * one set serves every snapshot with the same set, and, with the rows of the
 * changes since, every snapshot that shows more.
 */
#ifndef INTEREST_PG_CATALOGUE_H
#define INTEREST_PG_CATALOGUE_H

#include "core/recommend/catalogue.h"
#include "pg/definition.h"
#include "pg/model_store.h"
#include "pg/report.h"

/* Its row in interest_catalogue, read. */
typedef struct InterestItemSource
{
	char	   *model;
	Oid			source;			/* InvalidOid: it is gone; where its name is, the table that is followed */
	char	   *source_sql;
	char	   *item_id;		/* columns of the source; NULL: none */
	char	   *category;
	char	   *popularity;
	char	   *published;
	char	   *seen;			/* column of the model's source; NULL: none */
	int			feature_count;
	char	  **features;		/* columns of the source that vectors are made of */
	double		popularity_weight;
	double		freshness_weight;
	double		freshness_days;
	bool		search;			/* what the encoder makes of the items' texts is kept */
	char	   *table_sql;
	Oid			table;			/* InvalidOid: it is gone */
	Oid			owner;			/* of the table */
} InterestItemSource;

/* The function of the triggers of item sources. */
#define INTEREST_FOLLOW_ITEMS "interest_follow_items"

/* The catalogue of a model under the active snapshot; NULL, or an error with a hint, if it has none. */
extern InterestItemSource *InterestFindCatalogue(const char *model);
extern InterestItemSource *InterestRequireCatalogue(const char *model);

/* Whether a source has triggers that follow it; others are read by rebuilds. */
extern bool InterestIsItemSourceFollowed(Oid source);

/* A notice if a model has items of another representation than its deployed version. */
extern void InterestNoticeItems(const char *model);

/* Drops a model's catalogue, if it has one, the model's row being locked. */
extern void InterestEndCatalogue(const InterestDefinition *definition);

/* A change of a catalogue: the items that it touched, as texts. */
typedef struct InterestChange
{
	int64		number;
	bool		any;			/* it does not say which */
	int			count;
	char	  **items;
} InterestChange;

/* The changes that the active snapshot shows, by number. */
extern InterestChange *InterestCatalogueChanges(const char *model, int *count);

/* Parts that a scan goes through: what was packed, and what has changed since. */
#define INTEREST_CATALOGUE_PARTS 2

typedef struct InterestOpenCatalogue
{
	int			part_count;
	const InterestCatalogue *parts[INTEREST_CATALOGUE_PARTS];
	uint8	   *excluded[INTEREST_CATALOGUE_PARTS]; /* (count): 1 where the snapshot does not show it */
} InterestOpenCatalogue;

/*
 * The items that the active snapshot shows, for a model of that representation;
 * an error if they are of another one.  The parts are valid until the end of
 * the statement; what is made for it is in the arena.
 */
extern void InterestCatalogueOpen(const InterestItemSource *catalogue, const InterestLoadedModel *model,
								  InterestArena *arena, InterestOpenCatalogue *open);

#endif

/*
 * items.h
 *	  The items of a catalogue that a caller may see and asks for.
 */
#ifndef INTEREST_PG_ITEMS_H
#define INTEREST_PG_ITEMS_H

#include "core/recommend/recommend.h"
#include "pg/catalogue.h"

/* An error without the right to the items, as of any table. */
extern void InterestRequireItems(const InterestItemSource *catalogue);

/*
 * Opens a catalogue; excluded are items that row security hides from the caller
 * and those that the filter (filter.h; NULL: none) does not let pass.  What runs
 * SQL, as the caller, comes before the catalogue is open; SPI is connected.
 */
extern void InterestOpenItems(const InterestItemSource *catalogue, const InterestLoadedModel *model,
							  const char *filter, InterestArena *arena, InterestOpenCatalogue *open);

/* Finds an item of that id that is not left out; false if there is none. */
extern bool InterestFindItem(const InterestOpenCatalogue *open, const char *id, int *part, int *item);

/* Excludes an item, if it is there. */
extern void InterestLeaveOut(const InterestOpenCatalogue *open, const char *id);

/* How many there are in all parts, at most as many as an int can count. */
extern int	InterestItemCount(const InterestOpenCatalogue *open);

/* Popularity and freshness as the catalogue weighs them, now. */
extern InterestItemTerms InterestItemTermsOf(const InterestItemSource *catalogue);

#endif

/*
 * doctor_items.c
 *	  interest_doctor on the catalogue of a model.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "pg/catalogue.h"
#include "pg/doctor.h"
#include "pg/followers.h"
#include "pg/live.h"
#include "pg/type_value.h"

/* Changes since a rebuild from which on looking them through is slow. */
#define MANY_CHANGES 10000

/* What the table of the items holds, in numbers alone. */
typedef struct ItemCounts
{
	int64		items;
	int64		bare;			/* items without vector */
	int64		others;			/* items of another representation */
} ItemCounts;

/* Counted as the table's owner: numbers tell nothing of any item. */
static ItemCounts
CountItems(const InterestItemSource *catalogue, const InterestVersion *version)
{
	InterestRoleSession session = InterestBecome(catalogue->owner);
	Oid			types[] = {BYTEAOID};
	Datum		values[] = {PointerGetDatum(InterestMakeValue(version->representation, INTEREST_FINGERPRINT_SIZE))};
	ItemCounts	counts;

	InterestRun(psprintf("SELECT count(*), count(*) FILTER (WHERE i.vector IS NULL), count(*) FILTER (WHERE i.fingerprint <> $1) FROM %s i",
						 catalogue->table_sql), 1, types, values);
	counts.items = InterestCountAt(1);
	counts.bare = InterestCountAt(2);
	counts.others = InterestCountAt(3);
	InterestResume(session);
	return counts;
}

static void
ReportItems(ReturnSetInfo *result, const ItemCounts *counts, const char *rebuild)
{
	if (counts->others > 0)
		InterestFinding(result, "items", INTEREST_CONDITION_ERROR,
						psprintf(INT64_FORMAT " of " INT64_FORMAT " items are of another representation than the deployed version: nothing can be recommended",
								 counts->others, counts->items), rebuild);
	else if (counts->bare > 0)
		InterestFinding(result, "items", INTEREST_CONDITION_WARNING,
						psprintf(INT64_FORMAT " of " INT64_FORMAT " items say nothing that the model knows: they have no vector and are not found by it",
								 counts->bare, counts->items),
						"Give them texts, or rank by category: interest_recommend(..., by => 'interest').");
	else
		InterestFinding(result, "items", counts->items > 0 ? INTEREST_CONDITION_OK : INTEREST_CONDITION_WARNING,
						psprintf(INT64_FORMAT " items have vectors of the deployed version", counts->items), NULL);
}

static void
ReportChanges(ReturnSetInfo *result, const char *model, const char *rebuild)
{
	int			count;
	bool		many;

	(void) InterestCatalogueChanges(model, &count);
	many = count > MANY_CHANGES;
	InterestFinding(result, "item changes", many ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
					psprintf("%d changes of items since they were last made anew%s", count, many ? ": each call looks them through" : ""),
					many ? rebuild : NULL);
}

static void
ReportItemTriggers(ReturnSetInfo *result, const InterestItemSource *catalogue, const char *rebuild)
{
	List	   *followers = InterestFindFollowers(INTEREST_FOLLOW_ITEMS, catalogue->model);

	if (!OidIsValid(catalogue->source))
		InterestFinding(result, "item triggers", INTEREST_CONDITION_ERROR, psprintf("item source %s does not exist", catalogue->source_sql),
						"Restore it under its old name, or name another one with interest_set_catalogue.");
	else if (!InterestIsItemSourceFollowed(catalogue->source))
		InterestFinding(result, "item triggers", INTEREST_CONDITION_OK,
						psprintf("%s is not a plain table by itself: its changes are read by interest_rebuild_catalogue alone", catalogue->source_sql), NULL);
	else if (!InterestHasFollowers(followers, catalogue->source))
		InterestFinding(result, "item triggers", INTEREST_CONDITION_ERROR, psprintf("missing or disabled on %s", catalogue->source_sql), rebuild);
	else
		InterestFinding(result, "item triggers", INTEREST_CONDITION_OK, psprintf("on %s", catalogue->source_sql), NULL);
}

void
InterestCheckCatalogue(ReturnSetInfo *result, const InterestDefinition *definition, const InterestVersion *version)
{
	InterestItemSource *catalogue = InterestFindCatalogue(definition->name);
	char	   *rebuild = psprintf("Run SELECT interest_rebuild_catalogue(%s).", quote_literal_cstr(definition->name));
	ItemCounts	counts;

	if (catalogue == NULL)
		return;
	if (!OidIsValid(catalogue->table))
	{
		InterestFinding(result, "items", INTEREST_CONDITION_ERROR, psprintf("item table %s does not exist", catalogue->table_sql),
						"Restore it under its old name, or call interest_drop_catalogue and interest_set_catalogue.");
		return;
	}
	if (version)
	{
		counts = CountItems(catalogue, version);
		ReportItems(result, &counts, rebuild);
	}
	ReportChanges(result, definition->name, rebuild);
	ReportItemTriggers(result, catalogue, rebuild);
}

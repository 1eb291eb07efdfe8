/*
 * catalogue.c
 *	  Which models have a catalogue, and what has changed in it.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "pg/catalogue.h"
#include "pg/followers.h"
#include "pg/live.h"
#include "pg/progress.h"
#include "pg/row_query.h"
#include "pg/store.h"
#include "pg/type_value.h"

/* Attributes, in the order of the install script. */
enum
{
	Anum_catalogue_model = 1, Anum_catalogue_source_schema, Anum_catalogue_source_name, Anum_catalogue_item_id,
	Anum_catalogue_category, Anum_catalogue_popularity, Anum_catalogue_published, Anum_catalogue_seen,
	Anum_catalogue_popularity_weight, Anum_catalogue_freshness_weight, Anum_catalogue_freshness_days,
	Anum_catalogue_table_schema, Anum_catalogue_table_name, Anum_catalogue_search, Anum_catalogue_features
};

enum
{
	Anum_change_model = 1, Anum_change_number, Anum_change_items
};

static char *
NameValue(InterestStoreScan *scan, HeapTuple tuple, int attribute)
{
	bool		isnull;
	Datum		value = InterestStoreValue(scan, tuple, attribute, &isnull);

	return isnull ? NULL : pstrdup(NameStr(*DatumGetName(value)));
}

static double
FloatValue(InterestStoreScan *scan, HeapTuple tuple, int attribute)
{
	bool		isnull;

	return DatumGetFloat8(InterestStoreValue(scan, tuple, attribute, &isnull));
}

/* The table of that name, or under another one what the model's triggers follow. */
static void
FindSource(InterestItemSource *catalogue, const char *schema, const char *name)
{
	List	   *followers;

	catalogue->source = InterestFindRelation(schema, name);
	catalogue->source_sql = quote_qualified_identifier(schema, name);
	if (OidIsValid(catalogue->source) || (followers = InterestFindFollowers(INTEREST_FOLLOW_ITEMS, catalogue->model)) == NIL)
		return;
	catalogue->source = ((InterestFollower *) linitial(followers))->table;
	catalogue->source_sql = quote_qualified_identifier(get_namespace_name(get_rel_namespace(catalogue->source)),
													   get_rel_name(catalogue->source));
}

static void
ReadFeatures(InterestStoreScan *scan, HeapTuple tuple, InterestItemSource *catalogue)
{
	bool		isnull;
	Datum	   *names;

	deconstruct_array(DatumGetArrayTypePCopy(InterestStoreValue(scan, tuple, Anum_catalogue_features, &isnull)),
					  NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, NULL, &catalogue->feature_count);
	catalogue->features = palloc(sizeof(char *) * Max(catalogue->feature_count, 1));
	for (int i = 0; i < catalogue->feature_count; i++)
		catalogue->features[i] = pstrdup(NameStr(*DatumGetName(names[i])));
}

static InterestItemSource *
ReadCatalogue(InterestStoreScan *scan, HeapTuple tuple, const char *model)
{
	InterestItemSource *catalogue = palloc0(sizeof(InterestItemSource));
	char	   *schema = NameValue(scan, tuple, Anum_catalogue_source_schema);
	char	   *name = NameValue(scan, tuple, Anum_catalogue_source_name);
	bool		isnull;

	catalogue->model = pstrdup(model);
	FindSource(catalogue, schema, name);
	ReadFeatures(scan, tuple, catalogue);
	catalogue->item_id = NameValue(scan, tuple, Anum_catalogue_item_id);
	catalogue->category = NameValue(scan, tuple, Anum_catalogue_category);
	catalogue->popularity = NameValue(scan, tuple, Anum_catalogue_popularity);
	catalogue->published = NameValue(scan, tuple, Anum_catalogue_published);
	catalogue->seen = NameValue(scan, tuple, Anum_catalogue_seen);
	catalogue->popularity_weight = FloatValue(scan, tuple, Anum_catalogue_popularity_weight);
	catalogue->freshness_weight = FloatValue(scan, tuple, Anum_catalogue_freshness_weight);
	catalogue->freshness_days = FloatValue(scan, tuple, Anum_catalogue_freshness_days);
	catalogue->search = DatumGetBool(InterestStoreValue(scan, tuple, Anum_catalogue_search, &isnull));
	schema = NameValue(scan, tuple, Anum_catalogue_table_schema);
	name = NameValue(scan, tuple, Anum_catalogue_table_name);
	catalogue->table_sql = quote_qualified_identifier(schema, name);
	catalogue->table = InterestFindRelation(schema, name);
	catalogue->owner = InterestRelationOwner(catalogue->table);
	return catalogue;
}

InterestItemSource *
InterestFindCatalogue(const char *model)
{
	InterestItemSource *catalogue = NULL;
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;

	InterestStoreTextKey(&key, Anum_catalogue_model, model);
	InterestStoreBegin(&scan, "interest_catalogue", "interest_catalogue_pkey", 1, &key);
	if ((tuple = InterestStoreNext(&scan)) != NULL)
		catalogue = ReadCatalogue(&scan, tuple, model);
	InterestStoreEnd(&scan);
	return catalogue;
}

InterestItemSource *
InterestRequireCatalogue(const char *model)
{
	InterestItemSource *catalogue = InterestFindCatalogue(model);

	if (catalogue == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no catalogue", model),
				 errhint("Name the table of its items with interest_set_catalogue.")));
	if (!OidIsValid(catalogue->table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("item table %s of model \"%s\" does not exist", catalogue->table_sql, model),
				 errhint("Restore it under its old name, or call interest_drop_catalogue and interest_set_catalogue.")));
	return catalogue;
}

static int
CompareChanges(const void *a, const void *b)
{
	const InterestChange *x = a;
	const InterestChange *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void
ReadChange(InterestStoreScan *scan, HeapTuple tuple, InterestChange *change)
{
	Datum	   *items;
	bool		isnull;
	Datum		value = InterestStoreValue(scan, tuple, Anum_change_items, &change->any);

	change->number = DatumGetInt64(InterestStoreValue(scan, tuple, Anum_change_number, &isnull));
	change->count = 0;
	if (change->any)
		return;
	deconstruct_array(DatumGetArrayTypePCopy(value), TEXTOID, -1, false, TYPALIGN_INT, &items, NULL, &change->count);
	change->items = palloc(sizeof(char *) * change->count);
	for (int i = 0; i < change->count; i++)
		change->items[i] = TextDatumGetCString(items[i]);
}

InterestChange *
InterestCatalogueChanges(const char *model, int *count)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	int			room = 16;
	InterestChange *changes = palloc(sizeof(InterestChange) * room);

	*count = 0;
	InterestStoreTextKey(&key, Anum_change_model, model);
	InterestStoreBegin(&scan, "interest_catalogue_change", "interest_catalogue_change_pkey", 1, &key);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		if (*count == room)
			changes = repalloc_huge(changes, sizeof(InterestChange) * (room *= 2));
		ReadChange(&scan, tuple, &changes[(*count)++]);
	}
	InterestStoreEnd(&scan);
	qsort(changes, *count, sizeof(InterestChange), CompareChanges);
	return changes;
}

/* One item speaks for all. */
void
InterestNoticeItems(const char *model)
{
	InterestItemSource *catalogue;

	InterestPushLatestSnapshot();
	catalogue = InterestFindCatalogue(model);
	if (catalogue && OidIsValid(catalogue->table))
	{
		InterestRoleSession session = InterestBecome(catalogue->owner);
		Oid			types[] = {BYTEAOID};
		Datum		values[] = {InterestDeployedFingerprint(model)};

		if (InterestRun(psprintf("SELECT FROM (SELECT i.fingerprint FROM %s i LIMIT 1) i WHERE i.fingerprint <> $1",
								 catalogue->table_sql), 1, types, values) > 0)
			ereport(NOTICE,
					(errmsg("the items of model \"%s\" are of another representation than its deployed version", model),
					 errhint("Nothing is recommended until interest_rebuild_catalogue('%s') has recomputed them.", model)));
		InterestResume(session);
	}
	PopActiveSnapshot();
}

INTEREST_FUNCTION(interest_embed_item);
Datum
interest_embed_item(PG_FUNCTION_ARGS)
{
	InterestRowQuery *query;
	const float *vector;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	query = InterestRowQueryOf(fcinfo, PG_GETARG_TEXT_PP(0));
	InterestProgressCount(INTEREST_PROGRESS_ITEMS);
	vector = InterestQueryItem(query, PG_GETARG_HEAPTUPLEHEADER(1));
	if (vector == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(InterestMakeRealArray(vector, query->model->model.shape.dimensions));
}

INTEREST_FUNCTION(interest_encode_item);
Datum
interest_encode_item(PG_FUNCTION_ARGS)
{
	InterestRowQuery *query;
	const float *vector;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	query = InterestRowQueryOf(fcinfo, PG_GETARG_TEXT_PP(0));
	vector = InterestQueryItemText(query, PG_GETARG_HEAPTUPLEHEADER(1));
	if (vector == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(InterestMakeRealArray(vector, query->model->model.network.features.sentence_width));
}

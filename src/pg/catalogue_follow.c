/*
 * catalogue_follow.c
 *	  interest_set_catalogue, interest_rebuild_catalogue,
 *	  interest_drop_catalogue, and the trigger that follows the item source.
 *
 * An item's row is written by whoever holds the lock of its row in the source,
 * which has each item once: writers of different items never meet.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "pg/catalogue.h"
#include "pg/followers.h"
#include "pg/live.h"
#include "pg/progress.h"
#include "pg/rights.h"
#include "pg/row_reader.h"
#include "pg/store.h"
#include "pg/user_column.h"

/* A change that touches more items does not say which. */
#define MAX_TOUCHED 1000

/*
 * SQL
 */

static List *
AddFeatures(List *features, Oid source, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (get_attnum(source, names[i]) != InvalidAttrNumber)
			features = list_append_unique(features, makeString(names[i]));
	return features;
}

/* The columns of the model that the source has; an error if it has none. */
static List *
FeaturesOf(const InterestDefinition *definition, Oid source)
{
	const InterestColumns *columns = &definition->columns;
	List	   *features = NIL;

	features = AddFeatures(features, source, columns->text_count, columns->texts);
	features = AddFeatures(features, source, columns->numeric_count, columns->numerics);
	features = AddFeatures(features, source, columns->categorical_count, columns->categoricals);
	features = AddFeatures(features, source, columns->vector_count, columns->vectors);
	if (features == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("\"%s\" has none of the columns that model \"%s\" reads", get_rel_name(source), definition->name),
				 errhint("Name its columns as those of the model's texts, numerics, categoricals and vectors, for example in a view.")));
	return features;
}

/* " n.title, n.genres" */
static char *
FeatureList(const InterestItemSource *catalogue)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < catalogue->feature_count; i++)
		appendStringInfo(&list, "%s n.%s", i > 0 ? "," : "", quote_identifier(catalogue->features[i]));
	return list.data;
}

static void
RequireColumn(const InterestItemSource *catalogue, const char *name)
{
	if (name && get_attnum(catalogue->source, name) == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("item source %s of model \"%s\" has no column \"%s\" any more", catalogue->source_sql, catalogue->model, name),
				 errhint("Restore it under its old name, or call interest_set_catalogue again; the model's columns can be named in a view.")));
}

/* An error if a column that items are made of has gone, or has another name now. */
static void
RequireColumns(const InterestItemSource *catalogue)
{
	RequireColumn(catalogue, catalogue->item_id);
	RequireColumn(catalogue, catalogue->category);
	RequireColumn(catalogue, catalogue->popularity);
	RequireColumn(catalogue, catalogue->published);
	for (int i = 0; i < catalogue->feature_count; i++)
		RequireColumn(catalogue, catalogue->features[i]);
}

static char *
ColumnOrNull(const char *column, const char *type)
{
	return column ? psprintf("n.%s::%s", quote_identifier(column), type) : psprintf("NULL::%s", type);
}

/* The categories as an array; a single one is an array of one. */
static char *
CategorySql(const InterestItemSource *catalogue)
{
	const char *column;
	AttrNumber	attribute;

	if (catalogue->category == NULL)
		return ColumnOrNull(NULL, "text[]");
	attribute = get_attnum(catalogue->source, catalogue->category);
	if (attribute != InvalidAttrNumber && OidIsValid(get_base_element_type(get_atttype(catalogue->source, attribute))))
		return ColumnOrNull(catalogue->category, "text[]");
	column = quote_identifier(catalogue->category);
	return psprintf("CASE WHEN n.%s IS NOT NULL THEN ARRAY[n.%s::text] END", column, column);
}

/*
 * SQL that writes the items of a relation (the source, or a transition table)
 * and returns the ids of those that are new or other than before.  $1 is the
 * model, $2 the change, $3 the fingerprint.  (A row with a NULL in it is not NOT NULL.)
 */
static char *
WriteSql(const InterestItemSource *catalogue, const char *relation)
{
	const char *id = quote_identifier(catalogue->item_id);

	return psprintf("INSERT INTO %s AS i (item_id, vector, text_vector, category, popularity, published, fingerprint, change)"
					" SELECT n.%s, %s.interest_embed_item($1, r.*), %s, %s, %s, %s, $3, $2"
					" FROM %s n, LATERAL (SELECT%s) r WHERE n.%s IS DISTINCT FROM NULL"
					" ON CONFLICT (item_id) DO UPDATE SET vector = excluded.vector, text_vector = excluded.text_vector,"
					" category = excluded.category, popularity = excluded.popularity, published = excluded.published,"
					" fingerprint = excluded.fingerprint, change = excluded.change"
					" WHERE (i.vector, i.text_vector, i.category, i.popularity, i.published, i.fingerprint) IS DISTINCT FROM"
					" (excluded.vector, excluded.text_vector, excluded.category, excluded.popularity, excluded.published, excluded.fingerprint)"
					" RETURNING i.item_id::text",
					catalogue->table_sql, id, InterestSchemaSql(),
					catalogue->search ? psprintf("%s.interest_encode_item($1, r.*)", InterestSchemaSql()) : "NULL::real[]",
					CategorySql(catalogue),
					ColumnOrNull(catalogue->popularity, "real"), ColumnOrNull(catalogue->published, "timestamptz"),
					relation, FeatureList(catalogue), id);
}

/* SQL that removes the items of a relation (NULL: all) that another one (NULL: none) does not have. */
static char *
RemoveSql(const InterestItemSource *catalogue, const char *gone, const char *kept)
{
	const char *id = quote_identifier(catalogue->item_id);
	const char *equals = InterestEqualsSql(get_atttype(catalogue->source, get_attnum(catalogue->source, catalogue->item_id)));
	char	   *condition = gone ? psprintf("i.item_id %s ANY (SELECT o.%s FROM %s o)", equals, id, gone) : "true";

	if (kept)
		condition = psprintf("%s AND NOT EXISTS (SELECT FROM %s n WHERE n.%s %s i.item_id)", condition, kept, id, equals);
	return psprintf("DELETE FROM %s i WHERE %s RETURNING i.item_id::text", catalogue->table_sql, condition);
}

/*
 * Changes
 */

typedef struct Change
{
	int64		number;
	bool		any;			/* too many to say which */
	uint64		count;
	List	   *touched;		/* ids as text, in context */
	MemoryContext context;
} Change;

static Change
NewChange(void)
{
	Change		change = {.context = CurrentMemoryContext};

	if (!pg_strong_random(&change.number, sizeof(change.number)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random number")));
	return change;
}

/* Runs a statement that returns the ids of the items it touches, as texts whatever the session's settings. */
static void
RunNoted(Change *change, const char *statement, int count, Oid *types, Datum *values)
{
	int			style = InterestFixStyle();
	MemoryContext caller;

	InterestRun(statement, count, types, values);
	InterestRestoreStyle(style);
	caller = MemoryContextSwitchTo(change->context);
	change->count += SPI_processed;
	change->any |= change->count > MAX_TOUCHED;
	for (uint64 i = 0; !change->any && i < SPI_processed; i++)
		change->touched = lappend(change->touched,
								  cstring_to_text(SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1)));
	MemoryContextSwitchTo(caller);
	SPI_freetuptable(SPI_tuptable);
}

static void
WriteItems(Change *change, const InterestDefinition *definition, const InterestItemSource *catalogue, const char *relation)
{
	Oid			types[] = {TEXTOID, INT8OID, BYTEAOID};
	Datum		values[] = {CStringGetTextDatum(definition->name), Int64GetDatum(change->number),
	InterestDeployedFingerprint(definition->name)};

	RunNoted(change, WriteSql(catalogue, relation), lengthof(types), types, values);
}

static void
RecordChange(const char *model, const Change *change)
{
	Oid			types[] = {TEXTOID, INT8OID, TEXTARRAYOID};
	Datum		values[] = {CStringGetTextDatum(model), Int64GetDatum(change->number), (Datum) 0};
	char		nulls[] = {' ', ' ', change->any ? 'n' : ' '};
	int			count = list_length(change->touched);
	Datum	   *items = palloc(sizeof(Datum) * (count + 1));

	if (change->count == 0)
		return;
	for (int i = 0; i < count; i++)
		items[i] = PointerGetDatum(list_nth(change->touched, i));
	values[2] = PointerGetDatum(construct_array(items, count, TEXTOID, -1, false, TYPALIGN_INT));
	InterestStoreExecute("INSERT INTO %s.interest_catalogue_change VALUES ($1, $2, $3)", lengthof(types), types, values, nulls);
}

/* Makes the table what the source is; what was recorded is one change from now on. */
static int64
Rebuild(const InterestDefinition *definition, const InterestItemSource *catalogue)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(definition->name)};
	Change		change = NewChange();
	InterestRoleSession session = InterestBecome(InterestModelOwner(definition));
	int64		items;

	InterestProgressBegin(0);
	InterestProgressUpdate(INTEREST_PROGRESS_ITEMS, 0, 0, 0);
	RunNoted(&change, RemoveSql(catalogue, NULL, catalogue->source_sql), 0, NULL, NULL);
	WriteItems(&change, definition, catalogue, catalogue->source_sql);
	InterestProgressEnd();
	CommandCounterIncrement();
	UpdateActiveSnapshotCommandId();
	InterestRun(psprintf("SELECT FROM %s", catalogue->table_sql), 0, NULL, NULL);
	items = (int64) SPI_processed;
	InterestResume(session);
	InterestStoreExecute("DELETE FROM %s.interest_catalogue_change WHERE model = $1", lengthof(types), types, values, NULL);
	change.any = true;
	change.count = 1;
	RecordChange(definition->name, &change);
	return items;
}

/*
 * The trigger
 */

static void
FollowItems(const TriggerData *trigger, Tuplestorestate *old_rows, Tuplestorestate *new_rows)
{
	const char *model = trigger->tg_trigger->tgargs[0];
	InterestItemSource *catalogue;
	InterestDefinition *definition;
	InterestRoleSession session;
	Change		change = NewChange();

	InterestPushLatestSnapshot();
	catalogue = InterestRequireCatalogue(model);
	/* another table has the source's name now, and is what the next rebuild follows */
	if (catalogue->source != RelationGetRelid(trigger->tg_relation))
	{
		PopActiveSnapshot();
		return;
	}
	RequireColumns(catalogue);
	definition = InterestDefinitionByName(model);
	session = InterestBecome(catalogue->owner);
	if (old_rows)
		InterestShowRows(INTEREST_OLD_ROWS, catalogue->source, NULL, old_rows);
	if (new_rows)
		InterestShowRows(INTEREST_NEW_ROWS, catalogue->source, NULL, new_rows);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		RunNoted(&change, RemoveSql(catalogue, NULL, NULL), 0, NULL, NULL);
	if (old_rows)
		RunNoted(&change, RemoveSql(catalogue, INTEREST_OLD_ROWS, new_rows ? INTEREST_NEW_ROWS : NULL), 0, NULL, NULL);
	if (new_rows)
		WriteItems(&change, definition, catalogue, INTEREST_NEW_ROWS);
	InterestResume(session);
	RecordChange(model, &change);
	PopActiveSnapshot();
}

/* One row as a set of one; NULL of none. */
static Tuplestorestate *
RowOf(TupleTableSlot *slot)
{
	Tuplestorestate *rows;

	if (slot == NULL)
		return NULL;
	rows = tuplestore_begin_heap(false, false, work_mem);
	tuplestore_puttupleslot(rows, slot);
	return rows;
}

INTEREST_FUNCTION(interest_follow_items);
Datum
interest_follow_items(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		replica = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) || trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("interest_follow_items is the function of the triggers that interest_set_catalogue makes")));
	/* as with tracked profiles, row triggers follow where replication applies, statement triggers elsewhere */
	if (!TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event) && (TRIGGER_FIRED_FOR_ROW(trigger->tg_event) != 0) != replica)
		return PointerGetDatum(NULL);
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		FollowItems(trigger, trigger->tg_oldtable, trigger->tg_newtable);
	else if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		FollowItems(trigger, NULL, RowOf(trigger->tg_trigslot));
	else
		FollowItems(trigger, RowOf(trigger->tg_trigslot),
					TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? RowOf(trigger->tg_newslot) : NULL);
	return PointerGetDatum(NULL);
}

/*
 * interest_set_catalogue
 */

static char *
NameArgument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(argument)));
}

static Datum
WeightArgument(FunctionCallInfo fcinfo, int argument, const char *name, double least)
{
	double		value = PG_ARGISNULL(argument) ? -1 : PG_GETARG_FLOAT8(argument);

	if (!(value >= least && value <= 1e6))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of range", name),
				 errhint("It is a number from %g to 1000000.", least)));
	return Float8GetDatum(value);
}

/* Whether the items are to be searched by what the encoder makes of their texts. */
static bool
SearchArgument(FunctionCallInfo fcinfo, const InterestDefinition *definition, Oid source)
{
	bool		has_text = false;

	if (PG_ARGISNULL(10) || !PG_GETARG_BOOL(10))
		return false;
	for (int i = 0; i < definition->columns.text_count; i++)
		has_text |= get_attnum(source, definition->columns.texts[i]) != InvalidAttrNumber;
	if (definition->encoder == NULL || !has_text)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 definition->encoder ? errmsg("\"%s\" has none of the texts that model \"%s\" reads", get_rel_name(source), definition->name) :
				 errmsg("model \"%s\" has no encoder", definition->name),
				 errhint("Leave out search: interest_search then compares the items' vectors.")));
	return true;
}

static void
CheckColumn(Oid source, const char *name)
{
	if (name && get_attnum(source, name) == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of \"%s\" does not exist", name, get_rel_name(source)),
				 errhint("Columns are named as they are stored, without quotes.")));
}

/* Whether a unique index says that the table has each item once. */
static bool
IsUnique(Oid table, const char *column)
{
	Relation	relation = table_open(table, AccessShareLock);
	AttrNumber	attribute = get_attnum(table, column);
	bool		unique = false;
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(relation))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);

		unique |= index->indisunique && index->indimmediate && index->indnkeyatts == 1 &&
			index->indkey.values[0] == attribute && heap_attisnull(tuple, Anum_pg_index_indpred, NULL);
		ReleaseSysCache(tuple);
	}
	table_close(relation, AccessShareLock);
	return unique;
}

/*
 * What is written by way of a parent or into a child fires no statement trigger
 * of the table itself.
 */
bool
InterestIsItemSourceFollowed(Oid source)
{
	return get_rel_relkind(source) == RELKIND_RELATION && !has_subclass(source) && !has_superclass(source);
}

static void
CheckSource(Oid source, const char *item_id)
{
	CheckColumn(source, item_id);
	if (!InterestIsItemSourceFollowed(source))
	{
		ereport(NOTICE,
				(errmsg("\"%s\" is not a plain table by itself, so that its changes are not followed", get_rel_name(source)),
				 errhint("Call interest_rebuild_catalogue after them.")));
		return;
	}
	InterestCheckFollowable(source);
	if (!IsUnique(source, item_id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of \"%s\" has no unique index", item_id, get_rel_name(source)),
				 errhint("Each item is one row: make the column the primary key, or create a unique index on it.")));
}

static char *
CreateItemTable(const InterestDefinition *definition, Oid source, const char *item_id)
{
	Oid			schema = get_rel_namespace(source);
	char	   *name = ChooseRelationName("interest", definition->name, "items", schema, false);
	const char *table = quote_qualified_identifier(get_namespace_name(schema), name);
	Oid			type;
	Oid			collation;
	int32		typmod;
	InterestRoleSession session;

	get_atttypetypmodcoll(source, get_attnum(source, item_id), &type, &typmod, &collation);
	session = InterestBecome(InterestModelOwner(definition));
	InterestRun(psprintf("CREATE TABLE %s (item_id %s PRIMARY KEY, vector real[], category text[], popularity real,"
						 " published timestamptz, fingerprint bytea NOT NULL, change bigint NOT NULL, text_vector real[])",
						 table, InterestColumnTypeSql(getBaseType(type), collation)), 0, NULL, NULL);
	InterestRun(psprintf("ALTER TABLE %s ALTER vector SET STORAGE EXTERNAL, ALTER text_vector SET STORAGE EXTERNAL", table), 0, NULL, NULL);
	InterestRun(psprintf("CREATE INDEX ON %s (change)", table), 0, NULL, NULL);
	InterestRun(psprintf("COMMENT ON TABLE %s IS %s", table,
						 quote_literal_cstr(psprintf("items of model \"%s\" with their vectors, kept by interest_set_catalogue",
													 definition->name))), 0, NULL, NULL);
	InterestResume(session);
	return pstrdup(name);
}

static void
SetName(int argument, const char *name, Datum *values, char *nulls)
{
	nulls[argument] = name ? ' ' : 'n';
	if (name)
		values[argument] = DirectFunctionCall1(namein, CStringGetDatum(name));
}

/* name[] of a list of Strings */
static Datum
NameArray(List *names)
{
	Datum	   *elements = palloc(sizeof(Datum) * list_length(names));
	ListCell   *cell;

	foreach(cell, names)
		elements[foreach_current_index(cell)] = DirectFunctionCall1(namein, CStringGetDatum(strVal(lfirst(cell))));
	return PointerGetDatum(construct_array(elements, list_length(names), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

static Oid
ColumnType(Oid relation, const char *column)
{
	return getBaseType(get_atttype(relation, get_attnum(relation, column)));
}

/* Whether equal values of two types print alike, by which items are found: numbers, or either of them a text. */
static bool
PrintAlike(Oid a, Oid b)
{
	char		category = TypeCategory(a);

	return a == b || category == TYPCATEGORY_STRING || TypeCategory(b) == TYPCATEGORY_STRING ||
		(category == TYPCATEGORY_NUMERIC && TypeCategory(b) == TYPCATEGORY_NUMERIC);
}

/* The column of the behaviour rows that tells the item; NULL where none is said and none of the item id's name can. */
static char *
SeenColumn(FunctionCallInfo fcinfo, Oid behaviour, Oid items)
{
	char	   *item_id = NameArgument(fcinfo, 2);
	char	   *seen = NameArgument(fcinfo, 6);
	Oid			type = ColumnType(items, item_id);

	CheckColumn(behaviour, seen);
	if (seen == NULL)
		return get_attnum(behaviour, item_id) != InvalidAttrNumber && PrintAlike(type, ColumnType(behaviour, item_id)) ?
			item_id : NULL;
	if (!PrintAlike(type, ColumnType(behaviour, seen)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of type %s does not name items of type %s", seen,
						format_type_be(ColumnType(behaviour, seen)), format_type_be(type)),
				 errhint("Name a column of the source with one item in each row, and cast it in a view.")));
	return seen;
}

static void
Register(FunctionCallInfo fcinfo, const InterestDefinition *definition, Oid source, const char *table)
{
	Oid			types[] = {TEXTOID, NAMEOID, NAMEOID, NAMEOID, NAMEOID, NAMEOID, NAMEOID, NAMEOID,
	FLOAT8OID, FLOAT8OID, FLOAT8OID, NAMEOID, NAMEOID, BOOLOID, NAMEARRAYOID};
	Datum		values[lengthof(types)] = {CStringGetTextDatum(definition->name)};
	char		nulls[lengthof(types)];
	char	   *schema = get_namespace_name(get_rel_namespace(source));

	memset(nulls, ' ', sizeof(nulls));
	SetName(1, schema, values, nulls);
	SetName(2, get_rel_name(source), values, nulls);
	SetName(3, NameArgument(fcinfo, 2), values, nulls);
	for (int i = 3; i <= 5; i++)
	{
		CheckColumn(source, NameArgument(fcinfo, i));
		SetName(i + 1, NameArgument(fcinfo, i), values, nulls);
	}
	SetName(7, SeenColumn(fcinfo, InterestSourceOf(definition), source), values, nulls);
	values[8] = WeightArgument(fcinfo, 7, "popularity_weight", 0);
	values[9] = WeightArgument(fcinfo, 8, "freshness_weight", 0);
	values[10] = WeightArgument(fcinfo, 9, "freshness_days", 0.001);
	SetName(11, schema, values, nulls);
	SetName(12, table, values, nulls);
	values[13] = BoolGetDatum(SearchArgument(fcinfo, definition, source));
	values[14] = NameArray(FeaturesOf(definition, source));
	InterestStoreExecute("INSERT INTO %s.interest_catalogue VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
						 lengthof(types), types, values, nulls);
}

/*
 * Nobody writes items from here to the end of the transaction: what is read of
 * the source and what is followed then belong together.
 */
static InterestDefinition *
LockForCatalogue(const char *model, const char *function, Oid source)
{
	(void) InterestOwnedModel(model);
	PreventCommandIfReadOnly(function);
	if (OidIsValid(source))
		LockRelationOid(source, InterestIsItemSourceFollowed(source) ? ShareRowExclusiveLock : AccessShareLock);
	return InterestLockForTracking(model, function, AccessShareLock);
}

/* Triggers on the source where it is followed, and on no other table. */
static void
FollowSource(const InterestDefinition *definition, Oid source)
{
	List	   *followers = InterestFindFollowers(INTEREST_FOLLOW_ITEMS, definition->name);
	InterestRoleSession session;
	ListCell   *cell;

	foreach(cell, followers)
		if (((InterestFollower *) lfirst(cell))->table != source || !InterestIsItemSourceFollowed(source))
			InterestDropFollower(lfirst(cell));
	if (!InterestIsItemSourceFollowed(source))
		return;
	session = InterestBecome(InterestModelOwner(definition));
	InterestFollowTable(INTEREST_FOLLOW_ITEMS, "interest_items", definition->name, source, followers);
	InterestResume(session);
}

/* Sets the triggers, then makes the items what the source is. */
static int64
FollowAndRebuild(const InterestDefinition *definition)
{
	InterestItemSource *catalogue;
	int64		items;

	PopActiveSnapshot();
	InterestPushLatestSnapshot();
	catalogue = InterestRequireCatalogue(definition->name);
	if (!OidIsValid(catalogue->source))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("item source %s of model \"%s\" does not exist", catalogue->source_sql, definition->name),
				 errhint("Restore it under its old name, or name another one with interest_set_catalogue.")));
	RequireColumns(catalogue);
	FollowSource(definition, catalogue->source);
	PopActiveSnapshot();
	InterestPushLatestSnapshot();
	items = Rebuild(definition, catalogue);
	PopActiveSnapshot();
	return items;
}

INTEREST_FUNCTION(interest_set_catalogue);
Datum
interest_set_catalogue(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition;
	Oid			source;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model, source or item_id is NULL")));
	source = PG_GETARG_OID(1);
	(void) InterestRequireRelation(source);
	definition = LockForCatalogue(text_to_cstring(PG_GETARG_TEXT_PP(0)), "interest_set_catalogue()", source);
	CheckSource(source, NameArgument(fcinfo, 2));
	(void) FeaturesOf(definition, source);
	(void) InterestDeployedVersion(definition->name);
	InterestEndCatalogue(definition);
	Register(fcinfo, definition, source, CreateItemTable(definition, source, NameArgument(fcinfo, 2)));
	PG_RETURN_INT64(FollowAndRebuild(definition));
}

INTEREST_FUNCTION(interest_rebuild_catalogue);
Datum
interest_rebuild_catalogue(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	(void) InterestOwnedModel(name);
	PG_RETURN_INT64(FollowAndRebuild(LockForCatalogue(name, "interest_rebuild_catalogue()",
													  InterestRequireCatalogue(name)->source)));
}

void
InterestEndCatalogue(const InterestDefinition *definition)
{
	InterestItemSource *catalogue = InterestFindCatalogue(definition->name);
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(definition->name)};
	ListCell   *cell;

	foreach(cell, InterestFindFollowers(INTEREST_FOLLOW_ITEMS, definition->name))
		InterestDropFollower(lfirst(cell));
	if (catalogue == NULL)
		return;
	if (OidIsValid(catalogue->table))
	{
		InterestRoleSession session = InterestBecome(InterestModelOwner(definition));

		InterestRun(psprintf("DROP TABLE %s", catalogue->table_sql), 0, NULL, NULL);
		InterestResume(session);
	}
	InterestStoreExecute("WITH change AS (DELETE FROM %s.interest_catalogue_change WHERE model = $1)"
						 " DELETE FROM %s.interest_catalogue WHERE model = $1", lengthof(types), types, values, NULL);
}

INTEREST_FUNCTION(interest_drop_catalogue);
Datum
interest_drop_catalogue(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	InterestItemSource *catalogue = InterestFindCatalogue(name);
	InterestDefinition *definition = LockForCatalogue(name, "interest_drop_catalogue()",
													  catalogue ? catalogue->source : InvalidOid);

	if (InterestFindCatalogue(name) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no catalogue", name)));
	InterestEndCatalogue(definition);
	PopActiveSnapshot();
	PG_RETURN_VOID();
}

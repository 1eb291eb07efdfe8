/*
 * live_setup.c
 *	  interest_track and interest_untrack: the profile table and the triggers.
 */
#include "pg/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "pg/followers.h"
#include "pg/list.h"
#include "pg/live.h"
#include "pg/rights.h"
#include "pg/store.h"

#define FOLLOW "interest_follow"

/* Everything that is to be followed: the tables, their partitions and children. */
static List *
FollowedTables(const InterestTracking *tracking)
{
	List	   *all = NIL;
	ListCell   *cell;

	foreach(cell, tracking->tables)
	{
		LockRelationOid(lfirst_oid(cell), AccessShareLock);
		all = list_concat_unique_oid(all, find_all_inheritors(lfirst_oid(cell), AccessShareLock, NULL));
	}
	foreach(cell, all)
		if (!InterestIsFollowed(tracking, lfirst_oid(cell)))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("table \"%s\" cannot be followed as a child of several tables", get_rel_name(lfirst_oid(cell)))));
	return all;
}

void
InterestSetTriggers(const InterestDefinition *definition, const InterestTracking *tracking)
{
	List	   *found = InterestFindFollowers(FOLLOW, definition->name);
	List	   *wanted = FollowedTables(tracking);
	InterestRoleSession session = InterestBecome(InterestModelOwner(definition));
	ListCell   *cell;

	foreach(cell, wanted)
		InterestFollowTable(FOLLOW, "interest", definition->name, lfirst_oid(cell), found);
	InterestResume(session);
	foreach(cell, found)
	{
		InterestFollower *trigger = lfirst(cell);

		/* one on a stranger's table is his; he shall not make us wait */
		if (!list_member_oid(wanted, trigger->table) &&
			ConditionalLockRelationOid(trigger->table, AccessExclusiveLock))
			InterestDropFollower(trigger);
	}
}

List *
InterestUnfollowed(const InterestDefinition *definition, const InterestTracking *tracking)
{
	List	   *found = InterestFindFollowers(FOLLOW, definition->name);
	List	   *unfollowed = NIL;
	ListCell   *table;

	foreach(table, FollowedTables(tracking))
		if (!InterestHasFollowers(found, lfirst_oid(table)))
			unfollowed = lappend_oid(unfollowed, lfirst_oid(table));
	return unfollowed;
}

/*
 * The profile table
 */

/*
 * Rows stay in the page (a profile is a few kB, and floats do not compress),
 * with room beside them for the one that a fold makes of them.  A publication
 * of the table needs a replica identity: all columns, as rows have no key.
 */
static char *
CreateProfileTable(const InterestDefinition *definition, const InterestUserColumn *column)
{
	Oid			schema = get_namespace_oid(definition->source_schema, false);
	char	   *name = ChooseRelationName("interest", definition->name, "profiles", schema, false);
	const char *table = quote_qualified_identifier(definition->source_schema, name);
	InterestRoleSession session = InterestBecome(InterestModelOwner(definition));

	InterestRun(psprintf("CREATE TABLE %s (user_id %s, sign smallint NOT NULL, profile %s.interest_profile, fingerprint bytea,"
						 " CHECK (sign BETWEEN -1 AND 1 AND (sign = 0) = (profile IS NULL) AND (sign = 0) = (fingerprint IS NULL)))"
						 " WITH (fillfactor = 50, toast_tuple_target = 8160)",
						 table, InterestColumnTypeSql(column->type, column->collation), InterestSchemaSql()), 0, NULL, NULL);
	InterestRun(psprintf("ALTER TABLE %s ALTER profile SET STORAGE EXTERNAL, REPLICA IDENTITY FULL", table), 0, NULL, NULL);
	InterestRun(psprintf("CREATE INDEX ON %s (user_id)", table), 0, NULL, NULL);
	InterestRun(psprintf("COMMENT ON TABLE %s IS %s", table,
						 quote_literal_cstr(psprintf("profiles of model \"%s\", kept by interest_track; a user's rows add up to his profile",
													 definition->name))), 0, NULL, NULL);
	InterestResume(session);
	return pstrdup(name);
}

/*
 * interest_track
 */

static void
CheckBaseTable(const InterestDefinition *definition, const InterestUserColumn *column, Oid table)
{
	AttrNumber	attribute;

	(void) InterestRequireRelation(table);
	InterestCheckFollowable(table);
	attribute = get_attnum(table, definition->columns.user_id);
	if (attribute == InvalidAttrNumber || getBaseType(get_atttype(table, attribute)) != column->type)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\" of type %s", get_rel_name(table),
						definition->columns.user_id, format_type_be(column->type)),
				 errhint("on_tables names tables that carry the view's user column; after changes to others, call interest_rebuild.")));
}

/* The tables of on_tables, which a view must have and a table must not. */
static List *
TablesArgument(FunctionCallInfo fcinfo, const InterestDefinition *definition, const InterestUserColumn *column)
{
	bool		view = column->source_kind == RELKIND_VIEW;
	Datum	   *elements;
	int			count = 0;
	List	   *tables = NIL;

	if (!PG_ARGISNULL(1))
		count = InterestListElements(PG_GETARG_ARRAYTYPE_P(1), "on_tables", &elements, NULL);
	if (view != (count > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 view ? errmsg("source \"%s\" is a view, and on_tables is missing", definition->source_name) :
				 errmsg("source \"%s\" is not a view, and on_tables is given", definition->source_name),
				 view ? errhint("Name the tables below it that carry the column \"%s\", for example on_tables => '{ratings}'.",
								definition->columns.user_id) :
				 errhint("Leave on_tables out: the source itself is followed.")));
	for (int i = 0; i < count; i++)
	{
		CheckBaseTable(definition, column, DatumGetObjectId(elements[i]));
		tables = list_append_unique_oid(tables, DatumGetObjectId(elements[i]));
	}
	if (!view)
		tables = list_make1_oid(column->source);
	return tables;
}

static const char *
ErrorArgument(FunctionCallInfo fcinfo)
{
	const char *on_error = PG_ARGISNULL(2) ? "error" : text_to_cstring(PG_GETARG_TEXT_PP(2));

	if (strcmp(on_error, "error") != 0 && strcmp(on_error, "warn") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown on_error \"%s\"", on_error),
				 errhint("It is error (a statement that cannot be followed fails) or warn (its users are marked).")));
	return on_error;
}

static Datum
NameDatum(const char *name)
{
	return DirectFunctionCall1(namein, CStringGetDatum(name));
}

static void
Register(const InterestDefinition *definition, const char *profile_table, List *tables, const char *on_error)
{
	Oid			types[] = {TEXTOID, NAMEOID, NAMEOID, TEXTOID};
	Datum		values[4] = {CStringGetTextDatum(definition->name)};
	ListCell   *cell;

	values[1] = NameDatum(definition->source_schema);
	values[2] = NameDatum(profile_table);
	values[3] = CStringGetTextDatum(on_error);
	InterestStoreExecute("INSERT INTO %s.interest_tracking VALUES ($1, $2, $3, $4)", 4, types, values, NULL);
	foreach(cell, tables)
	{
		values[1] = NameDatum(get_namespace_name(get_rel_namespace(lfirst_oid(cell))));
		values[2] = NameDatum(get_rel_name(lfirst_oid(cell)));
		InterestStoreExecute("INSERT INTO %s.interest_tracked_table VALUES ($1, $2, $3)", 3, types, values, NULL);
	}
}

/* What the order of rows and profiles by user takes. */
static void
CheckUserOrder(const InterestDefinition *definition, const InterestUserColumn *column)
{
	if (!OidIsValid(lookup_type_cache(column->type, TYPECACHE_BTREE_OPFAMILY)->btree_opf))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("users of type %s cannot be tracked", format_type_be(column->type)),
				 errdetail("The type has no order, and the profile table no index by user."),
				 errhint("Cast column \"%s\" to text in a view.", definition->columns.user_id)));
}

/*
 * The reading of the source comes after its triggers are there: creating them
 * has waited for every writer, and those who come later are followed.
 */
static void
BeginTracking(FunctionCallInfo fcinfo, const InterestDefinition *definition)
{
	const char *on_error = ErrorArgument(fcinfo);
	InterestUserColumn column = InterestFindUserColumn(definition);
	List	   *tables = TablesArgument(fcinfo, definition, &column);

	if (InterestFindTracking(definition->name))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" is tracked already", definition->name),
				 errhint("interest_rebuild makes its profiles anew; interest_untrack ends the tracking.")));
	(void) InterestDeployedVersion(definition->name);
	CheckUserOrder(definition, &column);
	Register(definition, CreateProfileTable(definition, &column), tables, on_error);
}

static void
CheckFuture(const InterestDefinition *definition, const InterestTracking *tracking)
{
	InterestRoleSession session = InterestBecome(InterestModelOwner(definition));

	if (InterestRun(InterestFutureSql(tracking->profile_sql), 0, NULL, NULL) > 0)
		InterestReportFuture(definition->name, tracking->warn ? WARNING : ERROR);
	InterestResume(session);
}

INTEREST_FUNCTION(interest_track);
Datum
interest_track(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition;
	InterestTracking *tracking;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the model is NULL")));
	definition = InterestLockForTracking(text_to_cstring(PG_GETARG_TEXT_PP(0)), "interest_track()", AccessShareLock);
	BeginTracking(fcinfo, definition);
	PopActiveSnapshot();
	InterestPushLatestSnapshot();
	tracking = InterestRequireTracking(definition->name);
	InterestSetTriggers(definition, tracking);
	PopActiveSnapshot();
	InterestPushLatestSnapshot();
	(void) InterestRebuild(definition);
	CheckFuture(definition, tracking);
	PopActiveSnapshot();
	PG_RETURN_OID(tracking->profile_table);
}

/*
 * interest_untrack
 */

void
InterestEndTracking(const InterestDefinition *definition)
{
	InterestTracking *tracking = InterestFindTracking(definition->name);
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(definition->name)};
	ListCell   *cell;

	foreach(cell, InterestFindFollowers(FOLLOW, definition->name))
		InterestDropFollower(lfirst(cell));
	if (tracking == NULL)
		return;
	if (OidIsValid(tracking->profile_table))
	{
		InterestRoleSession session = InterestBecome(InterestModelOwner(definition));

		InterestRun(psprintf("DROP TABLE %s", tracking->profile_sql), 0, NULL, NULL);
		InterestResume(session);
	}
	InterestStoreExecute("DELETE FROM %s.interest_tracking WHERE model = $1", 1, types, values, NULL);
}

INTEREST_FUNCTION(interest_untrack);
Datum
interest_untrack(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	InterestDefinition *definition = InterestLockForTracking(name, "interest_untrack()", AccessExclusiveLock);

	if (InterestFindTracking(name) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" is not tracked", name)));
	InterestEndTracking(definition);
	PopActiveSnapshot();
	PG_RETURN_VOID();
}

/*
 * live_tracking.c
 *	  Which models are tracked, where, and the SQL that every part of tracking
 *	  has in common.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/followers.h"
#include "pg/live.h"
#include "pg/row_reader.h"
#include "pg/store.h"
#include "pg/type_value.h"

#define Anum_tracking_model 1
#define Anum_tracking_profile_schema 2
#define Anum_tracking_profile_table 3
#define Anum_tracking_on_error 4
#define Anum_tracking_tracked_at 5

#define Anum_tracked_table_model 1
#define Anum_tracked_table_schema 2
#define Anum_tracked_table_name 3

/* A name of the scan's tuple, copied. */
static char *
CopyName(InterestStoreScan *scan, HeapTuple tuple, int attribute)
{
	bool		isnull;

	return pstrdup(NameStr(*DatumGetName(InterestStoreValue(scan, tuple, attribute, &isnull))));
}

/* Those of the model's tables that exist. */
static List *
FindTables(const char *model)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *tables = NIL;

	InterestStoreTextKey(&key, Anum_tracked_table_model, model);
	InterestStoreBegin(&scan, "interest_tracked_table", "interest_tracked_table_pkey", 1, &key);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		Oid			table = InterestFindRelation(CopyName(&scan, tuple, Anum_tracked_table_schema),
										 CopyName(&scan, tuple, Anum_tracked_table_name));

		if (OidIsValid(table))
			tables = lappend_oid(tables, table);
	}
	InterestStoreEnd(&scan);
	return tables;
}

InterestTracking *
InterestFindTracking(const char *model)
{
	InterestTracking *tracking = NULL;
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;

	InterestStoreTextKey(&key, Anum_tracking_model, model);
	InterestStoreBegin(&scan, "interest_tracking", "interest_tracking_pkey", 1, &key);
	if ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;
		char	   *on_error = TextDatumGetCString(InterestStoreValue(&scan, tuple, Anum_tracking_on_error, &isnull));

		tracking = palloc0(sizeof(InterestTracking));
		tracking->warn = strcmp(on_error, "warn") == 0;
		tracking->profile_schema = CopyName(&scan, tuple, Anum_tracking_profile_schema);
		tracking->profile_name = CopyName(&scan, tuple, Anum_tracking_profile_table);
		tracking->tracked_at = DatumGetTimestampTz(InterestStoreValue(&scan, tuple, Anum_tracking_tracked_at, &isnull));
	}
	InterestStoreEnd(&scan);
	if (tracking == NULL)
		return NULL;
	tracking->profile_sql = quote_qualified_identifier(tracking->profile_schema, tracking->profile_name);
	tracking->profile_table = InterestFindRelation(tracking->profile_schema, tracking->profile_name);
	tracking->profile_owner = InterestRelationOwner(tracking->profile_table);
	tracking->tables = FindTables(model);
	return tracking;
}

void
InterestRequireProfiles(const InterestTracking *tracking, const char *model)
{
	if (!OidIsValid(tracking->profile_table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("profile table %s of model \"%s\" does not exist", tracking->profile_sql, model),
				 errhint("Restore it under its old name, or end the tracking with interest_untrack.")));
}

InterestTracking *
InterestRequireTracking(const char *model)
{
	InterestTracking *tracking = InterestFindTracking(model);

	if (tracking == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" is not tracked", model),
				 errhint("Track it with interest_track.")));
	InterestRequireProfiles(tracking, model);
	return tracking;
}

bool
InterestIsFollowed(const InterestTracking *tracking, Oid table)
{
	ListCell   *cell;

	if (list_member_oid(tracking->tables, table))
		return true;
	foreach(cell, get_partition_ancestors(table))
		if (list_member_oid(tracking->tables, lfirst_oid(cell)))
			return true;
	return false;
}

const char *
InterestSchemaSql(void)
{
	return quote_identifier(get_namespace_name(InterestSchema()));
}

static void
SetForSession(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

InterestRoleSession
InterestBecome(Oid role)
{
	InterestRoleSession session;

	GetUserIdAndSecContext(&session.user, &session.security);
	SetUserIdAndSecContext(role, session.security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	session.nest_level = NewGUCNestLevel();
	SetForSession("search_path", "pg_catalog, pg_temp");
	SetForSession("row_security", "off");
	SetForSession("jit", "off");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	return session;
}

void
InterestResume(InterestRoleSession session)
{
	SPI_finish();
	AtEOXact_GUC(true, session.nest_level);
	SetUserIdAndSecContext(session.user, session.security);
}

Oid
InterestModelOwner(const InterestDefinition *definition)
{
	return get_role_oid(definition->owner, false);
}

void
InterestPushLatestSnapshot(void)
{
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
}

char *
InterestProfilesSql(const InterestDefinition *definition, const char *relation, const char *condition)
{
	const char *user = quote_identifier(definition->columns.user_id);

	return psprintf("SELECT n.%s AS user_id, %s.interest_accumulate($1, r.*) AS profile"
					" FROM %s n, LATERAL (SELECT %s) r WHERE n.%s IS NOT NULL%s GROUP BY n.%s",
					user, InterestSchemaSql(), relation, InterestColumnList(&definition->columns, false),
					user, condition, user);
}

char *
InterestSumSql(void)
{
	const char *schema = InterestSchemaSql();

	return psprintf("CASE WHEN pg_catalog.bool_and(p.sign OPERATOR(pg_catalog.<>) 0 AND p.fingerprint OPERATOR(pg_catalog.=) $1)"
					" THEN %s.interest_settle("
					"%s.interest_merge(p.profile) FILTER (WHERE p.sign OPERATOR(pg_catalog.>) 0 AND p.fingerprint OPERATOR(pg_catalog.=) $1),"
					" %s.interest_merge(p.profile) FILTER (WHERE p.sign OPERATOR(pg_catalog.<) 0 AND p.fingerprint OPERATOR(pg_catalog.=) $1)) END",
					schema, schema, schema);
}

Datum
InterestDeployedFingerprint(const char *model)
{
	return PointerGetDatum(InterestMakeValue(InterestDeployedVersion(model)->representation,
											 INTEREST_FINGERPRINT_SIZE));
}

char *
InterestFutureSql(const char *relation)
{
	return psprintf("SELECT d.user_id::text, i.newest::text FROM %s d, %s.interest_profile_info(d.profile) i"
					" WHERE d.sign > 0 AND i.newest > clock_timestamp() + interval '1 day' LIMIT 1",
					relation, InterestSchemaSql());
}

void
InterestReportFuture(const char *model, int level)
{
	char	   *user = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	char	   *newest = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2);

	ereport(level,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("a row of user \"%s\" is dated %s, more than a day ahead of the clock", user, newest),
			 errdetail("Model \"%s\" would let all older rows of the user fade to nothing.", model),
			 errhint("Correct its time; interest_track with on_error => 'warn' lets such rows pass.")));
}

/* One profile speaks for all: a rebuild leaves no other kind. */
void
InterestNoticeDeployed(const char *model)
{
	InterestTracking *tracking;

	InterestPushLatestSnapshot();
	tracking = InterestFindTracking(model);
	if (tracking && OidIsValid(tracking->profile_table))
	{
		InterestRoleSession session = InterestBecome(tracking->profile_owner);
		Oid			types[] = {BYTEAOID};
		Datum		values[] = {InterestDeployedFingerprint(model)};

		if (InterestRun(psprintf("SELECT FROM (SELECT p.fingerprint FROM %s p WHERE p.sign > 0 LIMIT 1) p WHERE p.fingerprint <> $1",
								 tracking->profile_sql), 1, types, values) > 0)
			ereport(NOTICE,
					(errmsg("the profiles of model \"%s\" are of another representation than its deployed version", model),
					 errhint("Interests are read from the source until interest_rebuild('%s') has recomputed them.", model)));
		InterestResume(session);
	}
	PopActiveSnapshot();
}

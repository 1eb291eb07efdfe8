/*
 * live_fold.c
 *	  What replaces rows of a profile table: interest_fold, interest_rebuild,
 *	  interest_forget.
 *
 * All of it happens as the model's owner, under one snapshot that is taken
 * once the model's row is locked: the source rows, the profiles and the marks
 * that it shows belong together.  Readers and writers wait for nothing.
 */
#include "pg/compat.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "pg/live.h"
#include "pg/progress.h"
#include "pg/rights.h"
#include "pg/store.h"

void
InterestLockFollowed(const char *model, LOCKMODE mode)
{
	InterestTracking *tracking = InterestFindTracking(model);
	ListCell   *cell;

	if (tracking == NULL)
		return;
	foreach(cell, tracking->tables)
	{
		LockRelationOid(lfirst_oid(cell), mode);
		(void) find_all_inheritors(lfirst_oid(cell), mode, NULL);
	}
}

InterestDefinition *
InterestLockForTracking(const char *model, const char *function, LOCKMODE mode)
{
	InterestDefinition *definition;

	PreventCommandIfReadOnly(function);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s works at isolation level READ COMMITTED only", function),
				 errhint("Call it in a transaction of its own.")));
	definition = InterestOwnedModel(model);
	InterestLockFollowed(model, mode);
	InterestLockOwned("model", model, definition->owner);
	InterestPushLatestSnapshot();
	return InterestOwnedModel(model);
}

/*
 * Rows on the way from one statement to the next: what a query has found,
 * seen by the next one as a table of that name.
 */
typedef struct RowSet
{
	const char *name;
	TupleDesc	descriptor;
	Tuplestorestate *rows;
} RowSet;

static Oid
ProfileType(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("interest_profile"),
						   ObjectIdGetDatum(InterestSchema()));
}

/* (user_id, profile) and, for rows of the profile table, the one that stays (base). */
static RowSet
MakeRowSet(const char *name, const InterestUserColumn *column, bool with_base)
{
	RowSet		set;

	set.name = name;
	set.descriptor = CreateTemplateTupleDesc(with_base ? 3 : 2);
	TupleDescInitEntry(set.descriptor, 1, "user_id", column->type, -1, 0);
	TupleDescInitEntryCollation(set.descriptor, 1, column->collation);
	TupleDescInitEntry(set.descriptor, 2, "profile", ProfileType(), -1, 0);
	if (with_base)
		TupleDescInitEntry(set.descriptor, 3, "base", TIDOID, -1, 0);
	set.rows = tuplestore_begin_heap(false, false, work_mem);
	return set;
}

/* Fills a set by a query with one parameter; a receiver of our own, as then the plan can be parallel. */
static void
Collect(const RowSet *set, const char *query, Oid type, Datum parameter)
{
	SPIExecuteOptions options = {0};
	int			result;

	options.params = makeParamList(1);
	options.params->params[0].value = parameter;
	options.params->params[0].isnull = false;
	options.params->params[0].pflags = PARAM_FLAG_CONST;
	options.params->params[0].ptype = type;
	options.read_only = true;
	options.dest = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(options.dest, set->rows, CurrentMemoryContext, false, NULL, NULL);
	result = SPI_execute_extended(query, &options);
	if (result < 0)
		elog(ERROR, "\"%s\" failed: %s", query, SPI_result_code_string(result));
}

/* Users with more than one row, or one that only the source can tell. */
static char *
TouchedQuery(const InterestTracking *tracking, const InterestUserColumn *column)
{
	return psprintf("SELECT p.user_id, %s, min(p.ctid) FILTER (WHERE p.sign > 0) FROM %s p"
					" WHERE p.user_id %s ANY (SELECT q.user_id FROM %s q GROUP BY q.user_id"
					" HAVING count(*) > 1 OR bool_or(q.sign <= 0 OR q.fingerprint <> $1)) GROUP BY p.user_id",
					InterestSumSql(), tracking->profile_sql, column->equals, tracking->profile_sql);
}

/* Everybody. */
static char *
StoredQuery(const InterestTracking *tracking)
{
	return psprintf("SELECT p.user_id, NULL::%s.interest_profile, min(p.ctid) FILTER (WHERE p.sign > 0 AND $1 IS NOT NULL)"
					" FROM %s p WHERE p.user_id IS NOT NULL GROUP BY p.user_id",
					InterestSchemaSql(), tracking->profile_sql);
}

/*
 * What is left of a user is one row with his profile, or nothing.  A row that
 * has it already stays as it is; one that gets another keeps its place, and
 * its index entry where the page has room.
 */
static void
Replace(const InterestTracking *tracking, const InterestUserColumn *column, Datum fingerprint)
{
	const char *table = tracking->profile_sql;
	Oid			types[] = {BYTEAOID};
	Datum		values[] = {fingerprint};

	InterestRun(psprintf("WITH settled AS MATERIALIZED ("
						 "SELECT coalesce(t.user_id, f.user_id) AS user_id, t.base, coalesce(t.profile, f.profile) AS profile"
						 " FROM interest_touched t FULL JOIN interest_fresh f ON t.user_id %s f.user_id),"
						 " gone AS (DELETE FROM %s p USING settled s WHERE p.user_id %s s.user_id"
						 " AND (s.profile IS NULL OR p.ctid IS DISTINCT FROM s.base)),"
						 " changed AS (UPDATE %s p SET profile = s.profile, fingerprint = $1 FROM settled s"
						 " WHERE p.user_id %s s.user_id AND p.ctid = s.base AND p.profile OPERATOR(%s.<>) s.profile)"
						 " INSERT INTO %s (user_id, sign, profile, fingerprint)"
						 " SELECT s.user_id, 1, s.profile, $1 FROM settled s WHERE s.base IS NULL AND s.profile IS NOT NULL",
						 column->equals, table, column->equals, table, column->equals, InterestSchemaSql(), table),
				1, types, values);
}

/* Everybody's profile, or that of those whom the sum of their rows cannot tell, from the source. */
static char *
FreshQuery(const InterestDefinition *definition, const InterestUserColumn *column, bool everybody)
{
	const char *condition = everybody ? "" :
		psprintf(" AND n.%s %s ANY (SELECT t.user_id FROM interest_touched t WHERE t.profile IS NULL)",
				 quote_identifier(definition->columns.user_id), column->equals);

	return InterestProfilesSql(definition, InterestSourceSql(definition), condition);
}

/* Whether the sum of somebody's rows cannot tell. */
static bool
SourceIsAsked(bool everybody)
{
	return everybody || InterestRun("SELECT FROM interest_touched t WHERE t.profile IS NULL LIMIT 1", 0, NULL, NULL) > 0;
}

/* Makes one row of all that a user has; returns how many users that were. */
static int64
Settle(const InterestDefinition *definition, const InterestTracking *tracking, bool everybody)
{
	InterestUserColumn column = InterestFindUserColumn(definition);
	Datum		fingerprint = InterestDeployedFingerprint(definition->name);
	InterestRoleSession session = InterestBecome(InterestModelOwner(definition));
	RowSet		touched = MakeRowSet("interest_touched", &column, true);
	RowSet		fresh = MakeRowSet("interest_fresh", &column, false);
	int64		users;

	InterestProgressBegin(0);
	InterestProgressUpdate(INTEREST_PROGRESS_PROFILES, 0, 0, 0);
	Collect(&touched, everybody ? StoredQuery(tracking) : TouchedQuery(tracking, &column), BYTEAOID, fingerprint);
	InterestShowRows(touched.name, InvalidOid, touched.descriptor, touched.rows);
	if (SourceIsAsked(everybody))
		Collect(&fresh, FreshQuery(definition, &column, everybody), TEXTOID, CStringGetTextDatum(definition->name));
	InterestShowRows(fresh.name, InvalidOid, fresh.descriptor, fresh.rows);
	InterestProgressUpdate(INTEREST_PROGRESS_STORE, 0, 0, 0);
	Replace(tracking, &column, fingerprint);
	if (everybody)
		InterestRun(psprintf("DELETE FROM %s WHERE user_id IS NULL", tracking->profile_sql), 0, NULL, NULL);
	users = tuplestore_tuple_count(everybody ? fresh.rows : touched.rows);
	tuplestore_end(touched.rows);
	tuplestore_end(fresh.rows);
	InterestProgressEnd();
	InterestResume(session);
	return users;
}

int64
InterestRebuild(const InterestDefinition *definition)
{
	return Settle(definition, InterestRequireTracking(definition->name), true);
}

/* Triggers that are missing are made first, so that the snapshot comes after all who were not followed. */
INTEREST_FUNCTION(interest_rebuild);
Datum
interest_rebuild(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition = InterestLockForTracking(text_to_cstring(PG_GETARG_TEXT_PP(0)), "interest_rebuild()", AccessShareLock);
	int64		users;

	InterestSetTriggers(definition, InterestRequireTracking(definition->name));
	PopActiveSnapshot();
	InterestPushLatestSnapshot();
	users = InterestRebuild(definition);
	PopActiveSnapshot();
	PG_RETURN_INT64(users);
}

/* Whether a mark stands for everybody. */
static bool
EverybodyIsMarked(const InterestDefinition *definition, const InterestTracking *tracking)
{
	InterestRoleSession session = InterestBecome(InterestModelOwner(definition));
	uint64		marks = InterestRun(psprintf("SELECT FROM %s WHERE user_id IS NULL LIMIT 1", tracking->profile_sql), 0, NULL, NULL);

	InterestResume(session);
	return marks > 0;
}

INTEREST_FUNCTION(interest_fold);
Datum
interest_fold(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition = InterestLockForTracking(text_to_cstring(PG_GETARG_TEXT_PP(0)), "interest_fold()", AccessShareLock);
	InterestTracking *tracking = InterestRequireTracking(definition->name);
	int64		users = Settle(definition, tracking, EverybodyIsMarked(definition, tracking));

	PopActiveSnapshot();
	PG_RETURN_INT64(users);
}

/*
 * Once no row of the user is left in the source, all that the snapshot shows
 * of him in the profile table adds up to nothing.
 */
INTEREST_FUNCTION(interest_forget);
Datum
interest_forget(PG_FUNCTION_ARGS)
{
	char	   *name;
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);
	InterestDefinition *definition;
	InterestTracking *tracking;
	InterestUserColumn column;
	InterestRoleSession session;
	Datum		user;
	uint64		rows;

	InterestCheckUserType(type);
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	definition = InterestLockForTracking(name, "interest_forget()", AccessShareLock);
	tracking = InterestRequireTracking(name);
	column = InterestFindUserColumn(definition);
	user = InterestConvertUser(PG_GETARG_DATUM(1), type, &column);
	session = InterestBecome(InterestModelOwner(definition));
	if (InterestRun(psprintf("SELECT FROM %s n WHERE n.%s %s $1 LIMIT 1", InterestSourceSql(definition),
							 quote_identifier(definition->columns.user_id), column.equals), 1, &column.type, &user) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("source \"%s\" of model \"%s\" still has rows of the user", definition->source_name, name),
				 errhint("Delete them first; a rebuild would bring the user back.")));
	rows = InterestRun(psprintf("DELETE FROM %s p WHERE p.user_id %s $1", tracking->profile_sql, column.equals),
					   1, &column.type, &user);
	InterestResume(session);
	PopActiveSnapshot();
	PG_RETURN_INT64((int64) rows);
}

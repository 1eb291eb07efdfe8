/*
 * live_read.c
 *	  What a tracked profile says of one user.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"

#include "pg/live.h"
#include "pg/report.h"
#include "pg/type_value.h"
#include "pg/working_state.h"

/*
 * What was added without what was taken away.  NULL where the newest time
 * would fall, or nothing is left: only the source can tell then.
 */
INTEREST_FUNCTION(interest_settle);
Datum
interest_settle(PG_FUNCTION_ARGS)
{
	InterestStateView added;
	InterestStateView removed;
	InterestProfileDatum *state;
	InterestStatus status;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	InterestOpenProfile(PG_GETARG_DATUM(0), &added);
	if (PG_ARGISNULL(1))
		return InterestMakeProfile(&added);
	InterestOpenProfile(PG_GETARG_DATUM(1), &removed);
	state = InterestCopyState(&added);
	switch (InterestStateSubtract(state->payload, &removed, false, &status))
	{
		case INTEREST_STATE_DONE:
			break;
		case INTEREST_STATE_NEWEST_LEAVES:
			PG_RETURN_NULL();
		default:
			InterestHint(&status, "Changes of the source were not followed, as with triggers disabled: call interest_rebuild.");
			InterestReport(&status);
	}
	InterestViewState(state, &added);
	if (added.rows + added.negative_rows == 0)
		PG_RETURN_NULL();
	return InterestMakeProfile(&added);
}

/* True at the first thing in a query that keeps the current user from a row of it. */
static bool
IsClosed(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
		return ((RangeTblEntry *) node)->securityQuals != NIL;	/* row security */
	if (!IsA(node, Query))
		return expression_tree_walker(node, IsClosed, context);
	return !INTEREST_QUERY_PERMITTED((Query *) node) ||
		query_tree_walker((Query *) node, IsClosed, context, QTW_EXAMINE_RTES_BEFORE);
}

/*
 * The query is looked at as rewritten: with the tables below views, as whom
 * they are read, and with the policies that are in force.
 */
bool
InterestIsOpen(SPIPlanPtr plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));

	/* for what it does besides: it rewrites the query again if that is due */
	(void) CachedPlanGetTargetList(source, NULL);
	return !IsClosed((Node *) linitial(source->query_list), NULL);
}

static SPIPlanPtr
KeptPlan(const char *query, Oid first, Oid second, int options)
{
	Oid			types[] = {first, second};

	return InterestKeptPlan(query, InvalidOid, lengthof(types), types, options);
}

/* The user's rows, and the marks of everybody. */
static char *
TrackedQuery(const InterestTracking *tracking, const InterestUserColumn *column)
{
	return psprintf("SELECT %s FROM (SELECT q.sign, q.profile, q.fingerprint FROM %s q WHERE q.user_id %s $2"
					" UNION ALL SELECT q.sign, q.profile, q.fingerprint FROM %s q WHERE q.user_id IS NULL) p",
					InterestSumSql(), tracking->profile_sql, column->equals, tracking->profile_sql);
}

/* Whether the current user may name the profile table: without USAGE the parser would not even look. */
static bool
MayName(const InterestTracking *tracking)
{
	return OidIsValid(tracking->profile_table) &&
		INTEREST_SCHEMA_USABLE(get_namespace_oid(tracking->profile_schema, false));
}

/*
 * Whether the tracking that a snapshot shows is the one of today.  If it ended
 * and began again since the transaction's snapshot was taken, the table of that
 * name is another, and of its rows the transaction sees its own only.
 */
static bool
IsCurrent(const InterestTracking *tracking, const char *model)
{
	const InterestTracking *latest;

	if (!IsolationUsesXactSnapshot())
		return true;
	PushActiveSnapshot(GetLatestSnapshot());
	latest = InterestFindTracking(model);
	PopActiveSnapshot();
	return latest && latest->tracked_at == tracking->tracked_at;
}

bool
InterestMayUseTracked(const InterestTracking *tracking, const char *model)
{
	return MayName(tracking) && IsCurrent(tracking, model);
}

bool
InterestReadTracked(const InterestDefinition *definition, const InterestVersion *version,
					const InterestUserColumn *column, Datum user, const char *source_query, Datum *profile)
{
	InterestTracking *tracking = InterestFindTracking(definition->name);
	SPIPlanPtr	plan;
	Datum		values[2];
	bool		isnull;

	if (tracking == NULL || !InterestMayUseTracked(tracking, definition->name) ||
		!InterestIsOpen(KeptPlan(source_query, column->type, TEXTOID, 0)))
		return false;
	plan = KeptPlan(TrackedQuery(tracking, column), BYTEAOID, column->type, CURSOR_OPT_GENERIC_PLAN);
	if (!InterestIsOpen(plan))
		return false;
	values[0] = PointerGetDatum(InterestMakeValue(version->representation, INTEREST_FINGERPRINT_SIZE));
	values[1] = user;
	if (SPI_execute_plan(plan, values, NULL, true, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "query of a tracked profile failed: %s", SPI_result_code_string(SPI_result));
	*profile = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		*profile = SPI_datumTransfer(*profile, false, -1);
	return !isnull;
}

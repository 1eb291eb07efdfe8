/*
 * live_read.c
 *	  What a tracked profile says of one user.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

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

/*
 * Whether the current user may execute a prepared query and sees all rows that
 * it would read.  The plan names every table below the views, so that this is
 * what executing it would find.
 */
static bool
MayExecute(SPIPlanPtr plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	CachedPlan *cached = SPI_plan_get_cached_plan(plan);
	bool		may = false;

	if (cached)
	{
		may = !source->dependsOnRLS && INTEREST_PLAN_PERMITTED(linitial_node(PlannedStmt, cached->stmt_list));
		ReleaseCachedPlan(cached, CurrentResourceOwner);
	}
	return may;
}

/* The plan is checked before it is executed, so that one for all users is made at once. */
static SPIPlanPtr
KeptPlan(const char *query, Oid first, Oid second)
{
	Oid			types[] = {first, second};

	return InterestKeptPlan(query, InvalidOid, lengthof(types), types, CURSOR_OPT_GENERIC_PLAN);
}

/* The user's rows, and the marks of everybody. */
static char *
TrackedQuery(const InterestTracking *tracking, const InterestUserColumn *column)
{
	return psprintf("SELECT pg_catalog.count(*), %s FROM (SELECT q.sign, q.profile, q.fingerprint FROM %s q WHERE q.user_id %s $2"
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

InterestLiveAnswer
InterestReadTracked(const InterestDefinition *definition, const InterestVersion *version,
					const InterestUserColumn *column, Datum user, const char *source_query, Datum *profile)
{
	InterestTracking *tracking = InterestFindTracking(definition->name);
	SPIPlanPtr	plan;
	Datum		values[2];
	bool		isnull;

	if (tracking == NULL || !MayName(tracking) ||
		!MayExecute(KeptPlan(source_query, column->type, TEXTOID)))
		return INTEREST_LIVE_SILENT;
	plan = KeptPlan(TrackedQuery(tracking, column), BYTEAOID, column->type);
	if (!MayExecute(plan))
		return INTEREST_LIVE_SILENT;
	values[0] = PointerGetDatum(InterestMakeValue(version->representation, INTEREST_FINGERPRINT_SIZE));
	values[1] = user;
	if (SPI_execute_plan(plan, values, NULL, true, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "query of a tracked profile failed: %s", SPI_result_code_string(SPI_result));
	if (DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)) == 0)
		return INTEREST_LIVE_ABSENT;
	*profile = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	if (isnull)
		return INTEREST_LIVE_SILENT;
	*profile = SPI_datumTransfer(*profile, false, -1);
	return INTEREST_LIVE_FOUND;
}

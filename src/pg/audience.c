/*
 * audience.c
 *	  interest_audience: the users of whom an interest is likeliest.
 *
 * One statement, run as the caller: what he may not read, he is not told.
 */
#include "pg/compat.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "pg/live.h"
#include "pg/scores.h"
#include "pg/type_value.h"

/* What a call asks for: as the parameters of its statement. */
enum
{
	FINGERPRINT, INTEREST, MODEL, LEAST, K, PARAMETERS
};

static void
CheckNumbers(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("k or min_probability is NULL"),
				 errhint("Leave them out for the best 100 users, whatever their probability.")));
	if (PG_GETARG_INT32(1) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is negative"),
				 errhint("It is the most users to return.")));
	if (!(PG_GETARG_FLOAT4(2) >= 0 && PG_GETARG_FLOAT4(2) <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_probability is out of range"),
				 errhint("It is from 0 (all users) to 1.")));
}

/* Before any user is read: a wrong name is an error for no users, too. */
static void
CheckInterest(const char *model, const InterestVersion *version, text *interest)
{
	InterestLoadedModel *loaded = InterestModelOf(model, version->representation, NULL);

	(void) InterestNumberOf(&loaded->model.interests, interest);
}

/* Users and readings of the model's source. */
static char *
SourceSql(const InterestDefinition *definition, const char *condition)
{
	const char *user = quote_identifier(definition->columns.user_id);

	return psprintf("SELECT n.%s::text AS id, %s.interest_embed(n.%s, $3) AS reading FROM %s n WHERE n.%s IS NOT NULL AND %s GROUP BY n.%s",
					user, InterestSchemaSql(), user, InterestSourceSql(definition), user, condition, user);
}

/*
 * Users and readings of the tracked profiles.  A user who is marked is read
 * from the source; a mark for everybody says so of all, new users included.
 */
static char *
TrackedSql(const InterestDefinition *definition, const InterestTracking *tracking)
{
	const char *schema = InterestSchemaSql();
	char	   *marked = psprintf("EXISTS (SELECT FROM %s m WHERE m.user_id IS NULL)", tracking->profile_sql);

	return psprintf("SELECT t.id::text AS id, coalesce(%s.interest_read(t.profile, NULL, $3), %s.interest_embed(t.id, $3)) AS reading FROM ("
					"SELECT p.user_id AS id, %s AS profile FROM %s p WHERE p.user_id IS NOT NULL AND NOT %s GROUP BY p.user_id) t"
					" UNION ALL %s",
					schema, schema, InterestSumSql(), tracking->profile_sql, marked, SourceSql(definition, marked));
}

/* The one column of that type; NULL if there is none or another. */
static char *
OnlyColumn(TupleDesc descriptor, Oid type)
{
	char	   *found = NULL;

	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(descriptor, i);

		if (column->attisdropped || column->atttypid != type)
			continue;
		if (found)
			return NULL;
		found = pstrdup(NameStr(column->attname));
	}
	return found;
}

/* Users and readings of a relation that the caller names. */
static char *
RelationSql(const InterestDefinition *definition, Oid source, Oid reading_type)
{
	const char *user = definition->columns.user_id;
	Relation	relation;
	char	   *reading;
	char	   *sql;

	(void) InterestRequireRelation(source);
	relation = relation_open(source, AccessShareLock);
	reading = OnlyColumn(RelationGetDescr(relation), reading_type);
	if (get_attnum(source, user) <= 0)
		user = "user_id";
	if (reading == NULL || get_attnum(source, user) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is no relation of users and readings", RelationGetRelationName(relation)),
				 errhint("It needs exactly one column of type interestvec, and the user's in \"%s\" or \"user_id\".",
						 definition->columns.user_id)));
	sql = psprintf("SELECT n.%s::text AS id, n.%s AS reading FROM %s n", quote_identifier(user), quote_identifier(reading),
				   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)), RelationGetRelationName(relation)));
	relation_close(relation, NoLock);
	return sql;
}

/* The statement over users and readings, SPI being connected. */
static SPIPlanPtr
PlanOf(const char *users)
{
	Oid			types[PARAMETERS] = {BYTEAOID, TEXTOID, TEXTOID, FLOAT4OID, INT4OID};

	return InterestPrepare(psprintf("SELECT u.id, u.probability FROM"
									" (SELECT s.id, %s.interest_probability(s.reading, $2, $3) AS probability FROM (%s) s WHERE s.id IS NOT NULL OFFSET 0) u"
									" WHERE u.probability OPERATOR(pg_catalog.>=) $4"
									" ORDER BY u.probability DESC, u.id COLLATE \"C\" LIMIT $5", InterestSchemaSql(), users),
						   PARAMETERS, types, 0);
}

/* As for one user: of the tracked profiles where he may read all that they are made of, else of the source. */
static SPIPlanPtr
PlanOfTracked(const InterestDefinition *definition)
{
	const InterestTracking *tracking = InterestFindTracking(definition->name);
	SPIPlanPtr	plan;

	if (tracking == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" is not tracked", definition->name),
				 errhint("Call interest_track, or name a relation with readings: source => ...")));
	if (InterestMayUseTracked(tracking, definition->name))
	{
		plan = PlanOf(TrackedSql(definition, tracking));
		if (InterestIsOpen(plan))
			return plan;
	}
	return PlanOf(SourceSql(definition, "true"));
}

static void
PutUsers(ReturnSetInfo *result, SPIPlanPtr plan, Datum *values)
{
	if (SPI_execute_plan(plan, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of an audience failed: %s", SPI_result_code_string(SPI_result));
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
}

INTEREST_FUNCTION(interest_audience);
Datum
interest_audience(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition;
	const InterestVersion *version;
	Datum		values[PARAMETERS];
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("interestvec"),
									   ObjectIdGetDatum(get_func_namespace(fcinfo->flinfo->fn_oid)));

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	CheckNumbers(fcinfo);
	definition = InterestUsableModel(InterestModelName(PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3))));
	version = InterestDeployedVersion(definition->name);
	CheckInterest(definition->name, version, PG_GETARG_TEXT_PP(0));
	values[FINGERPRINT] = PointerGetDatum(InterestMakeValue(version->representation, INTEREST_FINGERPRINT_SIZE));
	values[INTEREST] = PG_GETARG_DATUM(0);
	values[MODEL] = CStringGetTextDatum(definition->name);
	values[LEAST] = PG_GETARG_DATUM(2);
	values[K] = PG_GETARG_DATUM(1);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PutUsers((ReturnSetInfo *) fcinfo->resultinfo,
			 PG_ARGISNULL(4) ? PlanOfTracked(definition) : PlanOf(RelationSql(definition, PG_GETARG_OID(4), type)), values);
	SPI_finish();
	return (Datum) 0;
}

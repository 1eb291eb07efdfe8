/*
 * user.c
 *	  Interests of one user, from his tracked profile or the rows of the model's
 *	  source.
 *
 * Both are read as the caller: privileges and row security apply.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg/live.h"
#include "pg/profile_type.h"
#include "pg/row_reader.h"
#include "pg/scores.h"
#include "pg/store.h"
#include "pg/user.h"
#include "pg/user_column.h"
#include "pg/vector_type.h"

#define SCRATCH_SIZE (16 * 1024)

/* r.* is the row even where a column is named r. */
static char *
UserQuery(const InterestDefinition *definition, const InterestUserColumn *column)
{
	const char *schema = quote_identifier(get_namespace_name(InterestSchema()));

	return psprintf("SELECT %s.interest_accumulate($2, r.*) FROM (SELECT %s FROM %s WHERE %s %s $1) r",
					schema, InterestColumnList(&definition->columns, false), InterestSourceSql(definition),
					quote_identifier(definition->columns.user_id), column->equals);
}

/* The profile of the rows that the query finds; false if there are none. */
static bool
ReadRows(const char *query, Oid *types, Datum *values, Datum *profile)
{
	int			result = SPI_execute_with_args(query, 2, types, values, NULL, true, 0);
	bool		isnull;

	if (result != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "query of a user's rows failed: %s", SPI_result_code_string(result));
	*profile = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		*profile = SPI_datumTransfer(*profile, false, -1);
	return !isnull;
}

/* The profile of a user in the current context, tracked or from his rows; false if he has none. */
static bool
ProfileOfUser(const InterestDefinition *definition, const InterestVersion *version, Datum user, Oid type,
			  Datum *profile)
{
	InterestUserColumn column = InterestFindUserColumn(definition);
	char	   *query = UserQuery(definition, &column);
	Oid			types[2] = {column.type, TEXTOID};
	Datum		values[2] = {InterestConvertUser(user, type, &column), CStringGetTextDatum(definition->name)};
	bool		found;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	found = InterestReadTracked(definition, version, &column, values[0], query, profile) ||
		ReadRows(query, types, values, profile);
	SPI_finish();
	return found;
}

InterestLoadedModel *
InterestReadUser(const InterestDefinition *definition, Datum user, Oid type,
				 InterestArena *arena, InterestReading *reading)
{
	InterestVersion *version = InterestDeployedVersion(definition->name);
	InterestLoadedModel *model = InterestLoadVersion(version);
	InterestStateView view;
	Datum		profile;

	if (!ProfileOfUser(definition, version, user, type, &profile))
		return NULL;
	InterestOpenProfile(profile, &view);
	InterestReadProfile(&view, model, view.newest, arena, reading);
	return model;
}

/* The reading of the user that the call names; NULL if he has no rows. */
static InterestLoadedModel *
ReadUser(FunctionCallInfo fcinfo, InterestArena *arena, InterestReading *reading)
{
	char	   *argument = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);

	InterestCheckUserType(type);
	return InterestReadUser(InterestUsableModel(InterestModelName(argument)), PG_GETARG_DATUM(0), type, arena, reading);
}

INTEREST_FUNCTION(interest_embed_user);
Datum
interest_embed_user(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestReading reading;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	if (ReadUser(fcinfo, &scratch->arena, &reading) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(InterestMakeVector(&reading));
}

INTEREST_FUNCTION(interest_classify_user);
Datum
interest_classify_user(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	InterestReading reading;
	InterestLoadedModel *model;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reading", SCRATCH_SIZE);
	model = ReadUser(fcinfo, &scratch->arena, &reading);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(InterestMakeScores(model, &reading, &scratch->arena));
}

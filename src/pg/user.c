/*
 * user.c
 *	  Interests of one user, from the rows of the model's source.
 *
 * The source is read as the caller: privileges and row security apply.
 */
#include "pg/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "pg/profile_type.h"
#include "pg/row_reader.h"
#include "pg/scores.h"
#include "pg/store.h"
#include "pg/vector_type.h"

#define SCRATCH_SIZE (16 * 1024)

/* What the id is compared with. */
typedef struct UserColumn
{
	Oid			type;
	const char *equals;			/* "OPERATOR(schema.=)" */
} UserColumn;

static void
CheckUserType(Oid type)
{
	if (!type_is_rowtype(type) && !OidIsValid(get_element_type(type)) &&
		type != JSONBOID && type != JSONOID)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("a value of type %s is not a user id", format_type_be(type)),
			 errhint("For rows, name the model first: SELECT interest_embed('model', r) FROM source r.")));
}

/* An operator as SQL that no search_path changes. */
static char *
OperatorSql(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *sql;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	sql = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
				   NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return sql;
}

static UserColumn
FindUserColumn(const InterestDefinition *definition)
{
	Oid			schema = get_namespace_oid(definition->source_schema, false);
	Oid			source = get_relname_relid(definition->source_name, schema);
	AttrNumber	attribute;
	UserColumn	column;

	if (!OidIsValid(source))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("source \"%s.%s\" of model \"%s\" does not exist",
						definition->source_schema, definition->source_name, definition->name),
				 errhint("Restore the source under its old name, or create the model anew.")));
	attribute = get_attnum(source, definition->columns.user_id);
	if (attribute == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of source \"%s\" does not exist",
						definition->columns.user_id, definition->source_name)));
	column.type = get_atttype(source, attribute);
	column.equals = OperatorSql(lookup_type_cache(column.type, TYPECACHE_EQ_OPR)->eq_opr);
	return column;
}

/* The id, given in any scalar type, as a value of the column's type. */
static Datum
ConvertUser(Datum user, Oid type, const UserColumn *column)
{
	Oid			output;
	Oid			input;
	Oid			parameter;
	bool		varlena;

	if (type == column->type)
		return user;
	getTypeOutputInfo(type, &output, &varlena);
	getTypeInputInfo(column->type, &input, &parameter);
	return OidInputFunctionCall(input, OidOutputFunctionCall(output, user), parameter, -1);
}

static char *
UserQuery(const InterestDefinition *definition, const UserColumn *column)
{
	const char *schema = quote_identifier(get_namespace_name(InterestSchema()));

	return psprintf("SELECT %s.interest_accumulate($2, r) FROM (SELECT %s FROM %s WHERE %s %s $1) r",
					schema, InterestColumnList(&definition->columns, false), InterestSourceSql(definition),
					quote_identifier(definition->columns.user_id), column->equals);
}

/* The profile of a user in the current context; false if he has no rows. */
static bool
ProfileOfUser(const InterestDefinition *definition, Datum user, Oid type, Datum *profile)
{
	UserColumn	column = FindUserColumn(definition);
	char	   *query = UserQuery(definition, &column);
	Oid			types[2] = {column.type, TEXTOID};
	Datum		values[2] = {ConvertUser(user, type, &column), CStringGetTextDatum(definition->name)};
	bool		isnull;
	int			result;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_with_args(query, 2, types, values, NULL, true, 0);
	if (result != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "query of a user's rows failed: %s", SPI_result_code_string(result));
	*profile = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		*profile = SPI_datumTransfer(*profile, false, -1);
	SPI_finish();
	return !isnull;
}

/* The reading of the user that the call names; NULL if he has no rows. */
static InterestLoadedModel *
ReadUser(FunctionCallInfo fcinfo, InterestArena *arena, InterestReading *reading)
{
	char	   *argument = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	InterestDefinition *definition;
	InterestLoadedModel *model;
	InterestStateView view;
	Datum		profile;

	CheckUserType(type);
	definition = InterestUsableModel(InterestModelName(argument));
	model = InterestLoadVersion(InterestDeployedVersion(definition->name));
	if (!ProfileOfUser(definition, PG_GETARG_DATUM(0), type, &profile))
		return NULL;
	InterestOpenProfile(profile, &view);
	InterestReadProfile(&view, model, view.newest, arena, reading);
	return model;
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
	PG_RETURN_DATUM(InterestMakeScores(model, reading.vector[INTEREST_USER], &scratch->arena));
}

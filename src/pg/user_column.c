/*
 * user_column.c
 *	  The column of a model's source that tells the user.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "pg/user_column.h"

void
InterestCheckUserType(Oid type)
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

char *
InterestEqualsSql(Oid type)
{
	Oid			equality = lookup_type_cache(getBaseType(type), TYPECACHE_EQ_OPR)->eq_opr;

	return OidIsValid(equality) ? OperatorSql(equality) : NULL;
}

InterestUserColumn
InterestFindUserColumn(const InterestDefinition *definition)
{
	InterestUserColumn column;
	AttrNumber	attribute;
	int32		typmod;

	column.source = InterestSourceOf(definition);
	attribute = get_attnum(column.source, definition->columns.user_id);
	if (attribute == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of source \"%s\" does not exist",
						definition->columns.user_id, definition->source_name)));
	column.source_kind = get_rel_relkind(column.source);
	get_atttypetypmodcoll(column.source, attribute, &column.type, &typmod, &column.collation);
	column.type = getBaseType(column.type);
	column.equals = InterestEqualsSql(column.type);
	/* The column's type may have changed since the model was created. */
	if (column.equals == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of type %s cannot be a user id",
						definition->columns.user_id, format_type_be(column.type)),
				 errhint("A user id is a scalar with an equality operator: a number, a text, a uuid.")));
	return column;
}

Datum
InterestConvertUser(Datum user, Oid type, const InterestUserColumn *column)
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

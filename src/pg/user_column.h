/*
 * user_column.h
 *	  The column of a model's source that tells the user.
 */
#ifndef INTEREST_USER_COLUMN_H
#define INTEREST_USER_COLUMN_H

#include "pg/definition.h"

typedef struct InterestUserColumn
{
	Oid			source;			/* the table or view */
	char		source_kind;	/* its relkind */
	Oid			type;			/* a domain is its base type */
	Oid			collation;
	const char *equals;			/* "OPERATOR(schema.=)": what no search_path changes */
} InterestUserColumn;

/* Finds it under the names that the model knows; an error if one is gone. */
extern InterestUserColumn InterestFindUserColumn(const InterestDefinition *definition);

/* The equality of a type as SQL that no search_path changes, "OPERATOR(schema.=)"; NULL if it has none. */
extern char *InterestEqualsSql(Oid type);

/* An error if no value of that type is a user id. */
extern void InterestCheckUserType(Oid type);

/* The id, given in any scalar type, as a value of the column's type. */
extern Datum InterestConvertUser(Datum user, Oid type, const InterestUserColumn *column);

#endif

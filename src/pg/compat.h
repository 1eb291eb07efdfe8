/*
 * compat.h
 *	  The server's headers, and every difference between server versions.
 *
 * Included first by every file of src/pg.
 */
#ifndef INTEREST_COMPAT_H
#define INTEREST_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 150000
#error "interest needs PostgreSQL 15 or newer"
#endif

/* 18 has a prefix for what older servers write behind a declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* Before 16 this is empty, and hidden visibility would hide every entry point. */
#if PG_VERSION_NUM < 160000 && defined(__GNUC__)
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/* Declares and publishes one SQL-callable function. */
#define INTEREST_FUNCTION(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/* What checks privileges, of a Query and of a schema, changed its name with 16. */
#if PG_VERSION_NUM >= 160000
#define INTEREST_QUERY_PERMITTED(query) ExecCheckPermissions((query)->rtable, (query)->rteperminfos, false)
#define INTEREST_SCHEMA_USABLE(schema) \
	(object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#else
#define INTEREST_QUERY_PERMITTED(query) ExecCheckRTPerms((query)->rtable, false)
#define INTEREST_SCHEMA_USABLE(schema) \
	(pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#endif

/* An aggregate of the planner may stand for several calls from 16 on. */
#if PG_VERSION_NUM >= 160000
#define INTEREST_AGGREF(info) linitial_node(Aggref, (info)->aggrefs)
#else
#define INTEREST_AGGREF(info) ((info)->representative_aggref)
#endif

/* Soft errors of input functions came with 16; before, they are hard. */
#if PG_VERSION_NUM < 160000
#define ereturn(context, value, rest) \
	do { ereport(ERROR, rest); return value; } while (0)
#define errsave(context, rest) ereport(ERROR, rest)
#endif

#endif

/*
 * store.c
 *	  The extension's own tables: read by index scans, written as their owner.
 */
#include "pg/compat.h"

#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/store.h"

/* One column of the extension's row in pg_extension, which is never NULL. */
static Datum
ExtensionAttribute(int attribute)
{
	Relation	relation = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Form_pg_attribute form = TupleDescAttr(RelationGetDescr(relation), attribute - 1);
	Datum		result = 0;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("interest"));
	scan = systable_beginscan(relation, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		result = datumCopy(heap_getattr(tuple, attribute, RelationGetDescr(relation), &isnull),
						   form->attbyval, form->attlen);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	if (result == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"interest\" is not installed in this database"),
				 errhint("Run CREATE EXTENSION interest.")));
	return result;
}

Oid
InterestSchema(void)
{
	return DatumGetObjectId(ExtensionAttribute(Anum_pg_extension_extnamespace));
}

char *
InterestInstalledVersion(void)
{
	return TextDatumGetCString(ExtensionAttribute(Anum_pg_extension_extversion));
}

static Oid
StoreRelation(const char *name)
{
	Oid			relation = get_relname_relid(name, InterestSchema());

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s\" of extension \"interest\" does not exist", name),
				 errhint("Run ALTER EXTENSION interest UPDATE.")));
	return relation;
}

static void
Begin(InterestStoreScan *scan, const char *table, const char *index, Snapshot snapshot,
	  int key_count, ScanKey keys)
{
	scan->relation = table_open(StoreRelation(table), AccessShareLock);
	scan->scan = systable_beginscan(scan->relation,
									index ? StoreRelation(index) : InvalidOid, index != NULL,
									snapshot, key_count, keys);
}

void
InterestStoreBegin(InterestStoreScan *scan, const char *table, const char *index,
				   int key_count, ScanKey keys)
{
	Begin(scan, table, index, GetActiveSnapshot(), key_count, keys);
}

/* A parallel worker may take no new snapshot. */
void
InterestStoreBeginNow(InterestStoreScan *scan, const char *table, const char *index,
					  int key_count, ScanKey keys)
{
	Begin(scan, table, index, SnapshotSelf, key_count, keys);
}

HeapTuple
InterestStoreNext(InterestStoreScan *scan)
{
	return systable_getnext(scan->scan);
}

void
InterestStoreEnd(InterestStoreScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->relation, AccessShareLock);
}

Datum
InterestStoreValue(InterestStoreScan *scan, HeapTuple tuple, int attribute, bool *isnull)
{
	return heap_getattr(tuple, attribute, RelationGetDescr(scan->relation), isnull);
}

void
InterestStoreTextKey(ScanKey key, int attribute, const char *value)
{
	ScanKeyInit(key, attribute, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
}

void
InterestStoreIntKey(ScanKey key, int attribute, int32 value)
{
	ScanKeyInit(key, attribute, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(value));
}

/* The statement with each %s replaced by the schema. */
static char *
QualifyStatement(const char *statement)
{
	const char *schema = quote_identifier(get_namespace_name(InterestSchema()));
	StringInfoData buffer;

	initStringInfo(&buffer);
	for (const char *at = statement; *at; at++)
	{
		if (at[0] == '%' && at[1] == 's')
		{
			appendStringInfoString(&buffer, schema);
			at++;
		}
		else
			appendStringInfoChar(&buffer, *at);
	}
	return buffer.data;
}

/* What must be restored after having acted as the owner. */
typedef struct OwnerSession
{
	Oid			user;
	int			security;
	int			nest_level;
} OwnerSession;

/*
 * An error needs no restoring here: the server resets user and security
 * context, settings and SPI when the (sub)transaction aborts.
 */
static OwnerSession
BecomeOwner(void)
{
	OwnerSession session;

	GetUserIdAndSecContext(&session.user, &session.security);
	SetUserIdAndSecContext(DatumGetObjectId(ExtensionAttribute(Anum_pg_extension_extowner)),
						   session.security | SECURITY_LOCAL_USERID_CHANGE);
	session.nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	return session;
}

static void
ResumeCaller(OwnerSession session)
{
	SPI_finish();
	AtEOXact_GUC(true, session.nest_level);
	SetUserIdAndSecContext(session.user, session.security);
}

static void
ExpectSuccess(int result, const char *statement)
{
	if (result < 0)
		elog(ERROR, "\"%s\" failed: %s", statement, SPI_result_code_string(result));
}

/* The first column of the statement's first row, an integer; *returned is left alone without one. */
static void
ReadReturned(int32 *returned)
{
	bool		isnull;

	if (SPI_tuptable && SPI_processed > 0)
		*returned = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

uint64
InterestStoreReturning(const char *statement, int count, const Oid *types,
					   const Datum *values, const char *nulls, int32 *returned)
{
	char	   *qualified = QualifyStatement(statement);
	OwnerSession session = BecomeOwner();
	uint64		processed;

	ExpectSuccess(SPI_execute_with_args(qualified, count, (Oid *) types, (Datum *) values, nulls,
										false, 0), qualified);
	processed = SPI_processed;
	if (returned)
		ReadReturned(returned);
	ResumeCaller(session);
	pfree(qualified);
	return processed;
}

uint64
InterestStoreExecute(const char *statement, int count, const Oid *types,
					 const Datum *values, const char *nulls)
{
	return InterestStoreReturning(statement, count, types, values, nulls, NULL);
}

void
InterestStoreWriteChunks(const char *statement, int count, const Oid *types,
						 const Datum *values, const void *content, Size size)
{
	char	   *qualified = QualifyStatement(statement);
	Oid			all_types[8];
	Datum		all_values[8];
	bytea	   *piece = palloc(VARHDRSZ + INTEREST_CHUNK_SIZE);
	OwnerSession session;
	SPIPlanPtr	plan;

	Assert(count + 2 <= (int) lengthof(all_types));
	memcpy(all_types, types, sizeof(Oid) * count);
	memcpy(all_values, values, sizeof(Datum) * count);
	all_types[count] = INT4OID;
	all_types[count + 1] = BYTEAOID;
	all_values[count + 1] = PointerGetDatum(piece);

	session = BecomeOwner();
	plan = SPI_prepare(qualified, count + 2, all_types);
	if (plan == NULL)
		ExpectSuccess(SPI_result, qualified);
	for (Size done = 0; done < size; done += INTEREST_CHUNK_SIZE)
	{
		Size		length = Min(size - done, INTEREST_CHUNK_SIZE);

		CHECK_FOR_INTERRUPTS();
		SET_VARSIZE(piece, VARHDRSZ + length);
		memcpy(VARDATA(piece), (const char *) content + done, length);
		all_values[count] = Int32GetDatum((int32) (done / INTEREST_CHUNK_SIZE));
		ExpectSuccess(SPI_execute_plan(plan, all_values, NULL, false, 0), qualified);
	}
	ResumeCaller(session);
	pfree(piece);
	pfree(qualified);
}

/*
 * live_plan.c
 *	  Running statements: what they are shown and give, and the plans that a
 *	  session keeps.  Parsing and planning what a trigger runs takes longer than
 *	  running it for one row.
 */
#include "pg/compat.h"

#include "executor/spi.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "core/base/hash.h"
#include "pg/live.h"
#include "pg/query_mark.h"

/* Beyond these, plans go that the transaction has not used. */
#define MAX_PLANS 128

typedef struct KeptPlan
{
	uint64		key;			/* hash of statement and table */
	char	   *statement;
	Oid			table;			/* whose rows it reads as a transition table; InvalidOid: none */
	SPIPlanPtr	plan;
	uint32		transaction;	/* that used it last */
} KeptPlan;

static HTAB *kept_plans = NULL;

static void
MakeRoom(void)
{
	HASH_SEQ_STATUS status;
	KeptPlan   *kept;

	hash_seq_init(&status, kept_plans);
	while ((kept = hash_seq_search(&status)) != NULL)
	{
		if (kept->transaction == InterestTransaction())
			continue;
		SPI_freeplan(kept->plan);
		pfree(kept->statement);
		hash_search(kept_plans, &kept->key, HASH_REMOVE, NULL);
	}
}

static void
Keep(uint64 key, const char *statement, Oid table, SPIPlanPtr plan)
{
	char	   *copy = MemoryContextStrdup(CacheMemoryContext, statement);
	KeptPlan   *kept;

	if (hash_get_num_entries(kept_plans) >= MAX_PLANS)
		MakeRoom();
	kept = hash_search(kept_plans, &key, HASH_ENTER, NULL);
	kept->statement = copy;
	kept->table = table;
	kept->plan = plan;
	kept->transaction = InterestTransaction();
}

SPIPlanPtr
InterestPrepare(const char *statement, int count, Oid *types, int options)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(statement, count, types, options);

	if (plan == NULL)
		elog(ERROR, "\"%s\" failed: %s", statement, SPI_result_code_string(SPI_result));
	return plan;
}

SPIPlanPtr
InterestKeptPlan(const char *statement, Oid table, int count, Oid *types, int options)
{
	uint64		key = InterestHash64(statement, strlen(statement), table);
	KeptPlan   *kept;
	SPIPlanPtr	plan;

	if (kept_plans == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(KeptPlan)};

		kept_plans = hash_create("interest plans", MAX_PLANS, &control, HASH_ELEM | HASH_BLOBS);
	}
	kept = hash_search(kept_plans, &key, HASH_FIND, NULL);
	if (kept && kept->table == table && strcmp(kept->statement, statement) == 0)
	{
		kept->transaction = InterestTransaction();
		return kept->plan;
	}
	plan = InterestPrepare(statement, count, types, options);
	SPI_keepplan(plan);
	if (kept == NULL)			/* or else two statements of one hash */
		Keep(key, statement, table, plan);
	return plan;
}

uint64
InterestExecute(SPIPlanPtr plan, Datum *values)
{
	int			result = SPI_execute_snapshot(plan, values, NULL, GetActiveSnapshot(), InvalidSnapshot, false, true, 0);

	if (result < 0)
		elog(ERROR, "statement of a tracked model failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

uint64
InterestRun(const char *statement, int count, Oid *types, Datum *values)
{
	return InterestExecute(InterestPrepare(statement, count, types, 0), values);
}

int64
InterestCountAt(int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

void
InterestShowRows(const char *name, Oid table, TupleDesc descriptor, Tuplestorestate *rows)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));

	relation->md.name = pstrdup(name);
	relation->md.reliddesc = table;
	relation->md.tupdesc = descriptor;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = tuplestore_tuple_count(rows);
	relation->reldata = rows;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
}

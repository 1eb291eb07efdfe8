/*
 * suggest_facts.c
 *	  What the columns of a source look like: catalogue, statistics, sampled rows.
 */
#include "pg/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "access/htup_details.h"
#include "common/hashfn.h"
#include "utils/hsearch.h"

#include "pg/suggest.h"

/* From so many rows on a table is sampled by its blocks. */
#define LARGE_TABLE 100000.0

/*
 * The catalogue's part, one row a column: name, whether an index keeps its values
 * apart, the table it leads to, distinct values and NULLs by the statistics.
 * Those of all partitions come before those of the table alone.
 */
static const char facts_query[] =
"SELECT a.attname,"
" EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid OPERATOR(pg_catalog.=) a.attrelid AND i.indisunique"
"  AND i.indpred IS NULL AND i.indnkeyatts OPERATOR(pg_catalog.=) 1 AND i.indkey[0] OPERATOR(pg_catalog.=) a.attnum),"
" (SELECT c.relname FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) k.confrelid"
"  WHERE k.conrelid OPERATOR(pg_catalog.=) a.attrelid AND k.contype OPERATOR(pg_catalog.=) 'f'"
"  AND k.conkey OPERATOR(pg_catalog.=) ARRAY[a.attnum] ORDER BY k.oid LIMIT 1),"
" s.n_distinct, s.null_frac"
" FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class t ON t.oid OPERATOR(pg_catalog.=) a.attrelid"
" LEFT JOIN LATERAL (SELECT n_distinct::pg_catalog.float8, null_frac::pg_catalog.float8 FROM pg_catalog.pg_stats p"
"  WHERE p.schemaname OPERATOR(pg_catalog.=) $2 AND p.tablename OPERATOR(pg_catalog.=) t.relname"
"  AND p.attname OPERATOR(pg_catalog.=) a.attname ORDER BY p.inherited DESC LIMIT 1) s ON true"
" WHERE a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
" ORDER BY a.attnum";

static void
SetType(InterestColumnFacts *facts, Oid type)
{
	bool		preferred;

	facts->type = getBaseType(type);
	facts->element = get_base_element_type(facts->type);
	get_type_category_preferred(facts->type, &facts->category, &preferred);
	if (OidIsValid(facts->element))
		get_type_category_preferred(getBaseType(facts->element), &facts->element_category, &preferred);
}

static bool
MayRead(Oid source, AttrNumber number)
{
	return pg_class_aclcheck(source, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(source, number, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static char *
CopyTo(MemoryContext context, const char *text)
{
	return text ? MemoryContextStrdup(context, text) : NULL;
}

/* One row of the catalogue's part. */
static void
TakeFacts(InterestSourceFacts *source, HeapTuple tuple, TupleDesc descriptor, MemoryContext keep)
{
	InterestColumnFacts *facts = &source->columns[source->count++];
	AttrNumber	number;
	bool		isnull;
	double		distinct;

	facts->name = CopyTo(keep, SPI_getvalue(tuple, descriptor, 1));
	number = get_attnum(source->source, facts->name);
	SetType(facts, get_atttype(source->source, number));
	facts->readable = MayRead(source->source, number);
	facts->unique = DatumGetBool(SPI_getbinval(tuple, descriptor, 2, &isnull));
	facts->references = CopyTo(keep, SPI_getvalue(tuple, descriptor, 3));
	distinct = DatumGetFloat8(SPI_getbinval(tuple, descriptor, 4, &isnull));
	if (isnull)
		return;

	/* below 0: a share of the rows */
	facts->distinct = distinct >= 0 ? distinct : -distinct * Max(source->rows, 0);
	facts->null_share = DatumGetFloat8(SPI_getbinval(tuple, descriptor, 5, &isnull));
}

static void
ReadCatalogue(InterestSourceFacts *source, MemoryContext keep)
{
	Oid			types[] = {OIDOID, NAMEOID};
	Datum		values[] = {
		ObjectIdGetDatum(source->source),
		DirectFunctionCall1(namein, CStringGetDatum(get_namespace_name(get_rel_namespace(source->source))))
	};

	if (SPI_execute_with_args(facts_query, 2, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "reading the catalogue failed");
	source->columns = MemoryContextAllocZero(keep, sizeof(InterestColumnFacts) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
		TakeFacts(source, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, keep);
}

/* A large table is sampled by its blocks, so that the rows are not all of one day. */
static char *
SampleClause(const InterestSourceFacts *source)
{
	char		kind = get_rel_relkind(source->source);

	if (source->rows < LARGE_TABLE ||
		(kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_MATVIEW))
		return "";
	return psprintf(" TABLESAMPLE SYSTEM (%g) REPEATABLE (1)",
					Min(100.0, 100.0 * 10 * INTEREST_SUGGEST_ROWS / source->rows));
}

/* Values whose text says something; others are known by their type alone. */
static bool
IsSampled(const InterestColumnFacts *facts)
{
	return facts->readable && facts->type != BYTEAOID;
}

/* Arrays of numbers, of which only the lengths are looked at. */
static bool
IsVector(const InterestColumnFacts *facts)
{
	return facts->element_category == TYPCATEGORY_NUMERIC;
}

static char *
SampleQuery(const InterestSourceFacts *source)
{
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < source->count; i++)
	{
		const char *name = quote_identifier(source->columns[i].name);

		appendStringInfoString(&query, i == 0 ? "SELECT " : ", ");
		if (IsSampled(&source->columns[i]) && IsVector(&source->columns[i]))
			appendStringInfo(&query, "pg_catalog.array_length(%s, 1)::pg_catalog.text", name);
		else if (IsSampled(&source->columns[i]))
			appendStringInfo(&query, "pg_catalog.left(%s::pg_catalog.text, %d)", name, INTEREST_SUGGEST_LENGTH);
		else
			appendStringInfoString(&query, "NULL::pg_catalog.text");
	}
	appendStringInfo(&query, " FROM %s%s LIMIT %d",
					 quote_qualified_identifier(get_namespace_name(get_rel_namespace(source->source)),
												get_rel_name(source->source)),
					 SampleClause(source), INTEREST_SUGGEST_ROWS);
	return query.data;
}

static int
CountWords(const char *text)
{
	int			words = 0;
	bool		inside = false;

	for (; *text; text++)
	{
		bool		letter = isalnum((unsigned char) *text) || (*text & 0x80);

		words += letter && !inside;
		inside = letter;
	}
	return words;
}

/* Adds a text to a set; whether it is new. */
static bool
Meet(HTAB *set, const char *text)
{
	uint64		key = hash_bytes_extended((const unsigned char *) text, strlen(text), 0);
	bool		found;

	(void) hash_search(set, &key, HASH_ENTER, &found);
	return !found;
}

static HTAB *
NewSet(void)
{
	HASHCTL		control = {.keysize = sizeof(uint64), .entrysize = sizeof(uint64), .hcxt = CurrentMemoryContext};

	return hash_create("interest values", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Elements of an array by its text form; those that are quoted or cut count as
 * what the commas leave, which is near enough for a guess.
 */
static int
MeetElements(HTAB *set, const char *array)
{
	char	   *text = pstrdup(array);
	char	   *rest = NULL;
	int			found = 0;

	for (char *element = strtok_r(text, "{},[]", &rest); element; element = strtok_r(NULL, "{},[]", &rest))
		found += Meet(set, element);
	pfree(text);
	return found;
}

static void
Summarize(InterestColumnFacts *facts, int rows)
{
	HTAB	   *set = NewSet();
	HTAB	   *elements = NewSet();

	for (int r = 0; r < rows; r++)
	{
		const char *value = facts->values[r];

		if (value == NULL)
			continue;
		facts->present++;
		facts->seen += Meet(set, value);
		facts->length += strlen(value);
		facts->words += CountWords(value);
		if (OidIsValid(facts->element) && !IsVector(facts))
			facts->elements += MeetElements(elements, value);
		if (IsVector(facts))
			facts->width = facts->seen == 1 ? atoi(value) : -1;
	}
	facts->length /= Max(facts->present, 1);
	facts->words /= Max(facts->present, 1);
	hash_destroy(set);
	hash_destroy(elements);
}

static void
ReadSample(InterestSourceFacts *source, MemoryContext keep)
{
	int			result = SPI_execute(SampleQuery(source), true, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "reading the source failed: %s", SPI_result_code_string(result));
	source->sampled = (int) SPI_processed;
	for (int c = 0; c < source->count; c++)
	{
		InterestColumnFacts *facts = &source->columns[c];

		CHECK_FOR_INTERRUPTS();
		facts->values = MemoryContextAlloc(keep, sizeof(char *) * Max(source->sampled, 1));
		for (int r = 0; r < source->sampled; r++)
			facts->values[r] = CopyTo(keep, SPI_getvalue(SPI_tuptable->vals[r], SPI_tuptable->tupdesc, c + 1));
		Summarize(facts, source->sampled);
	}
}

static double
RowsOf(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	double		rows;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	return rows;
}

InterestSourceFacts *
InterestFindFacts(Oid source)
{
	InterestSourceFacts *facts = palloc0(sizeof(InterestSourceFacts));
	MemoryContext keep = CurrentMemoryContext;
	bool		readable = false;

	facts->source = source;
	facts->rows = RowsOf(source);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	ReadCatalogue(facts, keep);
	for (int i = 0; i < facts->count; i++)
		readable |= facts->columns[i].readable;
	if (facts->count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("source \"%s\" has no columns", get_rel_name(source))));
	if (!readable)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for source \"%s\"", get_rel_name(source)),
				 errhint("You may read none of its columns: ask its owner for SELECT.")));
	ReadSample(facts, keep);
	SPI_finish();
	return facts;
}

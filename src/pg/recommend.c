/*
 * recommend.c
 *	  interest_recommend and interest_relevance.
 *
 * What runs SQL (the user's rows, the filter) comes before the scan, which runs
 * none: nothing that a caller writes meets an open catalogue.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

#include "core/profile/decay.h"
#include "core/recommend/recommend.h"
#include "pg/catalogue.h"
#include "pg/items.h"
#include "pg/live.h"
#include "pg/row_query.h"
#include "pg/row_reader.h"
#include "pg/scores.h"
#include "pg/user.h"
#include "pg/user_column.h"
#include "pg/vector_type.h"

#define SCRATCH_SIZE (64 * 1024)

/* Candidates of diversity: so many times k, and no fewer than the other. */
#define POOL_FACTOR 10
#define LEAST_POOL 100

/* Most characters of a row that a reason quotes. */
#define REASON_LENGTH 120

/* What a call asks for. */
typedef struct Request
{
	InterestDefinition *definition;
	InterestItemSource *catalogue;
	Datum		user;
	Oid			user_type;
	int			k;
	bool		exclude_seen;
	double		diversity;
	char	   *filter;			/* NULL: none */
	bool		by_interest;
} Request;

/* A row of the user: how much it counts in u, and what it says. */
typedef struct UserRow
{
	double		weight;			/* 0: it does not speak for anything */
	float	   *vector;			/* (dimensions) */
	char	   *text;
	char	   *item;			/* NULL: none */
} UserRow;

typedef struct UserRows
{
	int			count;
	UserRow    *rows;
} UserRows;

/*
 * Arguments
 */

static bool
ByInterest(const char *by)
{
	if (strcmp(by, "vector") != 0 && strcmp(by, "interest") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown way to rank by: \"%s\"", by),
				 errhint("It is vector (what the item says) or interest (the probability of its category).")));
	return strcmp(by, "interest") == 0;
}

static void
CheckRequest(const Request *request)
{
	const InterestItemSource *catalogue = request->catalogue;

	if (request->k < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is negative")));
	if (!(request->diversity >= 0 && request->diversity <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("diversity is out of range"),
				 errhint("It is from 0 (the best items) to 1 (items that are least alike).")));
	if (request->exclude_seen && catalogue->seen == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing says what items of model \"%s\" a user has seen", catalogue->model),
				 errhint("Name the source's column with the item in interest_set_catalogue (seen => ...), or set exclude_seen => false.")));
	if (request->by_interest && catalogue->category == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("items of model \"%s\" have no category", catalogue->model),
				 errhint("Name its column in interest_set_catalogue (category => ...).")));
}

static Request
RequestOf(FunctionCallInfo fcinfo)
{
	Request		request = {.user = PG_GETARG_DATUM(0),.user_type = get_fn_expr_argtype(fcinfo->flinfo, 0)};

	InterestCheckUserType(request.user_type);
	for (int i = 1; i <= 6; i++)
		if (PG_ARGISNULL(i) && i != 2 && i != 5)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("k, exclude_seen, diversity or by is NULL")));
	request.k = PG_GETARG_INT32(1);
	request.definition = InterestUsableModel(InterestModelName(PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2))));
	request.catalogue = InterestRequireCatalogue(request.definition->name);
	request.exclude_seen = PG_GETARG_BOOL(3);
	request.diversity = PG_GETARG_FLOAT8(4);
	request.filter = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5));
	request.by_interest = ByInterest(text_to_cstring(PG_GETARG_TEXT_PP(6)));
	CheckRequest(&request);
	InterestRequireItems(request.catalogue);
	return request;
}

/*
 * The user's rows
 */

static void
AppendTexts(StringInfo sql, int count, char *const *names)
{
	for (int i = 0; i < count; i++)
		appendStringInfo(sql, ", n.%s::text", quote_identifier(names[i]));
}

static void
AppendNumbers(StringInfo sql, int count, char *const *names)
{
	for (int i = 0; i < count; i++)
		appendStringInfo(sql, ", %s OPERATOR(pg_catalog.||) n.%s::text", quote_literal_cstr(psprintf("%s ", names[i])),
						 quote_identifier(names[i]));
}

/* A row in words: its texts, or where the model reads none its categories, or its numbers; kind and day. */
static char *
ReasonSql(const InterestColumns *columns)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "pg_catalog.ltrim(pg_catalog.concat_ws(' ', pg_catalog.left(pg_catalog.concat_ws(', ', NULL::text");
	if (columns->text_count > 0)
		AppendTexts(&sql, columns->text_count, columns->texts);
	else if (columns->categorical_count > 0)
		AppendTexts(&sql, columns->categorical_count, columns->categoricals);
	else
		AppendNumbers(&sql, columns->numeric_count, columns->numerics);
	appendStringInfo(&sql, "), %d), '(' OPERATOR(pg_catalog.||) pg_catalog.concat_ws(', '", REASON_LENGTH);
	if (columns->kind)
		AppendTexts(&sql, 1, &columns->kind);
	appendStringInfo(&sql, ", n.%s::date::text) OPERATOR(pg_catalog.||) ')'))", quote_identifier(columns->at));
	return sql.data;
}

static char *
RowsSql(const Request *request, const InterestUserColumn *column)
{
	const InterestDefinition *definition = request->definition;
	const char *seen = request->catalogue->seen;

	return psprintf("SELECT r, %s, %s FROM %s n, LATERAL (SELECT %s) r WHERE n.%s %s $1",
					ReasonSql(&definition->columns), seen ? psprintf("n.%s::text", quote_identifier(seen)) : "NULL::text",
					InterestSourceSql(definition), InterestColumnList(&definition->columns, false),
					quote_identifier(definition->columns.user_id), column->equals);
}

/* What u has of a row's vector: the sum of its shares in the granularities (algorithm: section 4). */
static double
RowWeight(const InterestLoadedModel *model, const InterestReading *reading, const InterestStateRow *row)
{
	double		sum = 0;

	for (int g = 0; !row->negative && g < INTEREST_GRANULARITIES; g++)
		sum += reading->gamma[g] * row->weight *
			InterestRowDecay(row->time, reading->newest, reading->at, model->model.shape.half_life[g]) /
			(reading->mass[g] + model->reading.kappa[g]);
	return sum;
}

static void
KeepRow(InterestRowQuery *query, const InterestReading *reading, HeapTuple tuple, TupleDesc descriptor,
		InterestArena *arena, UserRow *kept)
{
	Size		size = sizeof(float) * reading->dimensions;
	InterestStateRow row;
	bool		isnull;
	Datum		record = SPI_getbinval(tuple, descriptor, 1, &isnull);

	memset(kept, 0, sizeof(UserRow));
	kept->text = SPI_getvalue(tuple, descriptor, 2);
	kept->item = SPI_getvalue(tuple, descriptor, 3);
	/* a row from after the profile was read, in a cursor of another snapshot, is none of its rows */
	if (!InterestQueryRow(query, DatumGetHeapTupleHeader(record), &row) || row.time > reading->newest)
		return;
	kept->weight = RowWeight(query->model, reading, &row);
	kept->vector = InterestArenaAllocate(arena, size);
	memcpy(kept->vector, row.vector, size);
}

/* Read as the caller, SPI being connected. */
static UserRows
ReadUserRows(const Request *request, const InterestReading *reading, InterestArena *arena)
{
	InterestUserColumn column = InterestFindUserColumn(request->definition);
	Datum		user = InterestConvertUser(request->user, request->user_type, &column);
	InterestRowQuery *query = InterestRowQueryMake(CurrentMemoryContext, request->definition->name);
	int			style = InterestFixStyle();
	UserRows	rows;

	if (SPI_execute_with_args(RowsSql(request, &column), 1, &column.type, &user, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a user's rows failed: %s", SPI_result_code_string(SPI_result));
	rows.count = (int) SPI_processed;
	rows.rows = palloc(sizeof(UserRow) * Max(rows.count, 1));
	for (int i = 0; i < rows.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		KeepRow(query, reading, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, arena, &rows.rows[i]);
	}
	InterestRestoreStyle(style);
	return rows;
}

/* The row that speaks most for a vector; NULL if none speaks for it. */
static const UserRow *
BestRow(const UserRows *rows, const InterestKernel *kernel, int dimensions, const float *vector)
{
	const UserRow *best = NULL;
	double		most = 0;

	for (int i = 0; i < rows->count; i++)
	{
		const UserRow *row = &rows->rows[i];
		double		share = row->weight > 0 ? row->weight * kernel->dot(dimensions, row->vector, vector) : 0;

		if (share > most)
		{
			most = share;
			best = row;
		}
	}
	return best;
}

/*
 * The scan
 */

/* The probability of each category's interest, (part_count), each (name_count). */
static const float *const *
CategoryProbabilities(const InterestOpenCatalogue *open, const InterestLoadedModel *model,
					  const InterestReading *reading, InterestArena *arena)
{
	const float **all = InterestArenaArray(arena, const float *, INTEREST_CATALOGUE_PARTS);
	float	   *interests = InterestArenaArray(arena, float, model->model.interests.count);

	InterestReadingProbabilities(model, reading, arena, interests);
	for (int part = 0; part < open->part_count; part++)
	{
		const InterestCatalogue *catalogue = open->parts[part];
		float	   *of_names = InterestArenaArray(arena, float, catalogue->name_count);

		for (int i = 0; i < catalogue->name_count; i++)
		{
			int			interest = InterestNamesFind(&model->model.interests, InterestCatalogueName(catalogue, i));

			of_names[i] = interest < 0 ? NAN : interests[interest];
		}
		all[part] = of_names;
	}
	return all;
}

static void
PutItems(ReturnSetInfo *result, const InterestScan *scan, const InterestKernel *kernel, const UserRows *rows,
		 int count, const InterestFound *found, InterestArena *arena)
{
	float	   *vector = InterestArenaArray(arena, float, scan->parts[0]->dimensions);

	for (int i = 0; i < count; i++)
	{
		const InterestCatalogue *catalogue = scan->parts[found[i].part];
		InterestSpan id = InterestCatalogueId(catalogue, found[i].item);
		const UserRow *row;
		Datum		values[3];
		bool		nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		InterestCatalogueVector(catalogue, found[i].item, vector);
		row = BestRow(rows, kernel, catalogue->dimensions, vector);
		values[0] = PointerGetDatum(cstring_to_text_with_len(id.data, (int) id.length));
		values[1] = Float4GetDatum(found[i].score);
		nulls[2] = row == NULL || row->text == NULL;
		if (!nulls[2])
			values[2] = CStringGetTextDatum(row->text);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static void
Find(const Request *request, const InterestOpenCatalogue *open, const InterestLoadedModel *model,
	 const InterestReading *reading, const UserRows *rows, ReturnSetInfo *result, InterestArena *arena)
{
	const InterestKernel *kernel = model->model.kernel;
	InterestItemTerms terms = InterestItemTermsOf(request->catalogue);
	InterestTaste taste;
	InterestScan scan = {open->part_count, open->parts, (const uint8_t *const *) open->excluded, &taste, &terms, NULL};
	InterestFound *found;
	int64		wanted = request->k;
	int			count;

	if (request->by_interest)
		scan.interests = CategoryProbabilities(open, model, reading, arena);
	InterestTasteOf(reading, arena, &taste);
	if (request->diversity > 0 && wanted > 0)
		wanted = Max(wanted * POOL_FACTOR, LEAST_POOL);
	wanted = Min(wanted, InterestItemCount(open));
	found = InterestArenaArray(arena, InterestFound, wanted);
	count = InterestScanBest(&scan, kernel, (int) wanted, arena, found);
	if (request->diversity > 0)
		InterestDiversify(&scan, kernel, request->k, request->diversity, count, found, arena);
	PutItems(result, &scan, kernel, rows, Min(count, request->k), found, arena);
}

static void
Recommend(const Request *request, ReturnSetInfo *result, InterestArena *arena)
{
	InterestReading reading;
	InterestLoadedModel *model = InterestReadUser(request->definition, request->user, request->user_type, arena, &reading);
	InterestOpenCatalogue open;
	UserRows	rows;

	if (model == NULL || request->k == 0)
		return;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	rows = ReadUserRows(request, &reading, arena);
	InterestOpenItems(request->catalogue, model, request->filter, arena, &open);
	for (int i = 0; request->exclude_seen && i < rows.count; i++)
		InterestLeaveOut(&open, rows.rows[i].item);
	Find(request, &open, model, &reading, &rows, result, arena);
	SPI_finish();
}

INTEREST_FUNCTION(interest_recommend);
Datum
interest_recommend(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	Request		request;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	request = RequestOf(fcinfo);
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest recommending", SCRATCH_SIZE);
	Recommend(&request, (ReturnSetInfo *) fcinfo->resultinfo, &scratch->arena);
	InterestArenaEnd(scratch);
	return (Datum) 0;
}

static bool
AllFinite(int count, const float *values)
{
	for (int i = 0; i < count; i++)
		if (!isfinite(values[i]))
			return false;
	return true;
}

INTEREST_FUNCTION(interest_relevance);
Datum
interest_relevance(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch = InterestArenaBegin(CurrentMemoryContext, "interest relevance", SCRATCH_SIZE);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	InterestReading reading;
	InterestTaste taste;
	float		score;

	InterestOpenVector(PG_GETARG_DATUM(0), &scratch->arena, &reading);
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != reading.dimensions || array_contains_nulls(array) ||
		!AllFinite(reading.dimensions, (const float *) ARR_DATA_PTR(array)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vector is not of the %d finite numbers that the reading has", reading.dimensions),
				 errhint("Vectors of items are made with interest_embed_item, or lie in the table of the catalogue.")));
	InterestTasteOf(&reading, &scratch->arena, &taste);
	score = InterestRelevance(&taste, InterestKernelChoose("auto"), (const float *) ARR_DATA_PTR(array), &scratch->arena);
	InterestArenaEnd(scratch);
	if (!isfinite(score))
		float_overflow_error();
	PG_RETURN_FLOAT4(score);
}

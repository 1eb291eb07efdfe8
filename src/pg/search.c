/*
 * search.c
 *	  interest_search and interest_rerank.
 *
 * Nobody in particular searches, too: without a user, or without rows of his,
 * what is found is ordered by similarity, and what was found elsewhere by its
 * scores.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/recommend/search.h"
#include "pg/encode.h"
#include "pg/items.h"
#include "pg/list.h"
#include "pg/live.h"
#include "pg/row_query.h"
#include "pg/user.h"
#include "pg/user_column.h"

#define SCRATCH_SIZE (64 * 1024)

/* So that sums and squares of scores are finite. */
#define LARGEST_SCORE 1e100

/* Who asks, and by what model. */
typedef struct Asker
{
	InterestDefinition *definition;
	InterestItemSource *catalogue;
	InterestLoadedModel *model;
	bool		nobody;			/* no user is given */
	Datum		user;
	Oid			user_type;
	bool		known;			/* he has rows */
	InterestReading reading;
	InterestTaste taste;		/* of the reading, if he is known */
	double		weight;
} Asker;

/*
 * Arguments
 */

/* The arguments that both functions have: user, model and weight. */
static void
BeginAsker(FunctionCallInfo fcinfo, int model, int weight, InterestArena *arena, Asker *asker)
{
	memset(asker, 0, sizeof(Asker));
	asker->nobody = PG_ARGISNULL(0);
	asker->user = PG_GETARG_DATUM(0);
	asker->user_type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	asker->weight = PG_ARGISNULL(weight) ? -1 : PG_GETARG_FLOAT8(weight);
	InterestCheckUserType(asker->user_type);
	if (!(asker->weight >= 0 && asker->weight <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight is out of range"),
				 errhint("It is that of interest, from 0 (none) to 1 (nothing else).")));
	asker->definition = InterestUsableModel(InterestModelName(PG_ARGISNULL(model) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(model))));
	asker->catalogue = InterestRequireCatalogue(asker->definition->name);
	InterestRequireItems(asker->catalogue);
	if (!asker->nobody)
		asker->model = InterestReadUser(asker->definition, asker->user, asker->user_type, arena, &asker->reading);
	asker->known = asker->model != NULL;
	if (asker->known)
		InterestTasteOf(&asker->reading, arena, &asker->taste);
	else
		asker->model = InterestLoadVersion(InterestDeployedVersion(asker->definition->name));
}

/* The query without what the model's rules clean away; an error if nothing is left. */
static InterestSpan
QueryArgument(FunctionCallInfo fcinfo, const InterestDefinition *definition)
{
	InterestSpan query = {NULL, 0};

	if (!PG_ARGISNULL(1))
	{
		text	   *argument = PG_GETARG_TEXT_PP(1);

		query.data = InterestTextToUtf8(VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument), &query.length);
		InterestCleanTexts(&definition->rules, 1, &query);
	}
	if (query.data == NULL || InterestIsBlank(query))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query is blank"),
				 errhint("interest_recommend ranks items without a query.")));
	return query;
}

static int
CountArgument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument) || PG_GETARG_INT32(argument) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is NULL or negative"),
				 errhint("It is the most items to return.")));
	return PG_GETARG_INT32(argument);
}

/*
 * interest_search
 */

/* What a search asks for beside its user. */
typedef struct Request
{
	InterestSpan query;
	int			k;
	bool		exclude_seen;
	char	   *filter;			/* NULL: none */
} Request;

static Request
RequestOf(FunctionCallInfo fcinfo, const Asker *asker)
{
	Request		request = {.query = QueryArgument(fcinfo, asker->definition),.k = CountArgument(fcinfo, 2)};

	request.exclude_seen = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	request.filter = PG_ARGISNULL(6) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(6));
	if (request.exclude_seen && asker->catalogue->seen == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing says what items of model \"%s\" a user has seen", asker->catalogue->model),
				 errhint("Name the source's column with the item in interest_set_catalogue (seen => ...).")));
	return request;
}

/* Leaves out what the user's rows name, read as the caller, SPI being connected. */
static void
LeaveOutSeen(const Asker *asker, const InterestOpenCatalogue *open)
{
	InterestUserColumn column = InterestFindUserColumn(asker->definition);
	Datum		user = InterestConvertUser(asker->user, asker->user_type, &column);
	int			style = InterestFixStyle();
	char	   *sql = psprintf("SELECT n.%s::text FROM %s n WHERE n.%s %s $1", quote_identifier(asker->catalogue->seen),
							   InterestSourceSql(asker->definition), quote_identifier(asker->definition->columns.user_id),
							   column.equals);

	if (SPI_execute_with_args(sql, 1, &column.type, &user, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a user's items failed: %s", SPI_result_code_string(SPI_result));
	for (uint64 i = 0; i < SPI_processed; i++)
		InterestLeaveOut(open, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	InterestRestoreStyle(style);
}

static void
PutHits(ReturnSetInfo *result, const InterestScan *scan, int count, const InterestHit *hits)
{
	for (int i = 0; i < count; i++)
	{
		InterestSpan id = InterestCatalogueId(scan->parts[hits[i].part], hits[i].item);
		Datum		values[] = {PointerGetDatum(cstring_to_text_with_len(id.data, (int) id.length)),
		Float4GetDatum(hits[i].score), Float4GetDatum(hits[i].similarity), Float4GetDatum(hits[i].interest)};
		bool		nulls[] = {false, false, false, isnan(hits[i].interest)};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* All that is open, for the asker. */
static InterestScan
ScanOf(const Asker *asker, const InterestOpenCatalogue *open, const InterestItemTerms *terms)
{
	return (InterestScan) {
		.part_count = open->part_count, .parts = open->parts, .excluded = (const uint8_t *const *) open->excluded,
		.taste = asker->known ? &asker->taste : NULL, .terms = terms
	};
}

static void
Search(const Asker *asker, const Request *request, ReturnSetInfo *result, InterestArena *arena)
{
	const InterestKernel *kernel = asker->model->model.kernel;
	InterestRowQuery *query = InterestRowQueryMake(CurrentMemoryContext, asker->definition->name);
	InterestItemTerms terms = InterestItemTermsOf(asker->catalogue);
	InterestOpenCatalogue open;
	InterestSearch search = {.by_text = asker->catalogue->search,.weight = asker->weight};
	InterestHit *hits;
	int			wanted;

	search.query = search.by_text ? InterestQuerySentence(query, request->query) : InterestQueryTextAlone(query, request->query);
	if (search.query == NULL || request->k == 0)
		return;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	InterestOpenItems(asker->catalogue, asker->model, request->filter, arena, &open);
	if (request->exclude_seen && asker->known)
		LeaveOutSeen(asker, &open);
	search.scan = ScanOf(asker, &open, &terms);
	wanted = Min(request->k, InterestItemCount(&open));
	hits = InterestArenaArray(arena, InterestHit, wanted);
	PutHits(result, &search.scan, InterestSearchBest(&search, kernel, wanted, arena, hits), hits);
	SPI_finish();
}

INTEREST_FUNCTION(interest_search);
Datum
interest_search(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	Asker		asker;
	Request		request;

	InitMaterializedSRF(fcinfo, 0);
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest searching", SCRATCH_SIZE);
	BeginAsker(fcinfo, 3, 4, &scratch->arena, &asker);
	request = RequestOf(fcinfo, &asker);
	Search(&asker, &request, (ReturnSetInfo *) fcinfo->resultinfo, &scratch->arena);
	InterestArenaEnd(scratch);
	return (Datum) 0;
}

/*
 * interest_rerank
 */

/* Results as they are given. */
typedef struct Results
{
	int			count;
	Datum	   *ids;
	float	   *scores;
} Results;

/*
 * Scores that single precision can tell apart, wherever they lie: moved and
 * scaled into [-1, 1], which standardising them does not see.
 */
static float *
BringNear(int count, const Datum *scores)
{
	float	   *near = palloc(sizeof(float) * Max(count, 1));
	double		mean = 0;
	double		widest = 0;

	for (int i = 0; i < count; i++)
	{
		double		score = DatumGetFloat8(scores[i]);

		if (!(fabs(score) <= LARGEST_SCORE))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("score %d is out of range", i + 1),
					 errdetail("Scores are numbers from -%g to %g.", LARGEST_SCORE, LARGEST_SCORE)));
		mean += score / count;
	}
	for (int i = 0; i < count; i++)
		widest = Max(widest, fabs(DatumGetFloat8(scores[i]) - mean));
	for (int i = 0; i < count; i++)
		near[i] = widest > 0 ? (float) ((DatumGetFloat8(scores[i]) - mean) / widest) : 0;
	return near;
}

/* Both arrays; array_agg over no results makes NULL of both. */
static Results
ResultsOf(FunctionCallInfo fcinfo)
{
	Results		results = {0};
	Datum	   *scores = NULL;
	int			count = 0;

	if (!PG_ARGISNULL(1))
		results.count = InterestListElements(PG_GETARG_ARRAYTYPE_P(1), "ids", &results.ids, NULL);
	if (!PG_ARGISNULL(2))
		count = InterestListElements(PG_GETARG_ARRAYTYPE_P(2), "scores", &scores, NULL);
	if (results.count != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("ids and scores are not of one length"),
				 errdetail("There are %d ids and %d scores.", results.count, count)));
	results.scores = BringNear(count, scores);
	return results;
}

/* The interest of each result; NaN of ids that are no items that the caller sees. */
static float *
InterestsOf(const Asker *asker, const Results *results, const InterestOpenCatalogue *open, InterestArena *arena)
{
	InterestItemTerms terms = InterestItemTermsOf(asker->catalogue);
	InterestScan scan = ScanOf(asker, open, &terms);
	float	   *interests = palloc(sizeof(float) * results->count);

	for (int i = 0; i < results->count; i++)
	{
		int			part;
		int			item;

		CHECK_FOR_INTERRUPTS();
		interests[i] = InterestFindItem(open, TextDatumGetCString(results->ids[i]), &part, &item) ?
			InterestScanScore(&scan, asker->model->model.kernel, part, item, arena) : NAN;
	}
	return interests;
}

/* A result in its new order. */
typedef struct Placed
{
	float		score;
	int			place;
} Placed;

static int
ComparePlaced(const void *a, const void *b)
{
	const Placed *x = a;
	const Placed *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* Results in order; interests NULL: nothing is known of the user. */
static void
PutResults(ReturnSetInfo *result, const Asker *asker, const Results *results, const float *interests)
{
	InterestStandard score = InterestStandardOf(results->count, results->scores);
	InterestStandard interest = {0, 0};
	double		weight = interests ? asker->weight : 0;
	Placed	   *placed = palloc(sizeof(Placed) * results->count);

	if (interests)
		interest = InterestStandardOf(results->count, interests);
	for (int i = 0; i < results->count; i++)
	{
		double		mixed = (1 - weight) * InterestStandardize(&score, results->scores[i]);

		if (weight > 0)
			mixed += weight * InterestStandardize(&interest, interests[i]);
		placed[i] = (Placed) {(float) mixed, i};
	}
	qsort(placed, results->count, sizeof(Placed), ComparePlaced);
	for (int i = 0; i < results->count; i++)
	{
		int			at = placed[i].place;
		Datum		values[] = {results->ids[at], Float4GetDatum(placed[i].score), Int32GetDatum(at + 1),
		Float4GetDatum(interests ? interests[at] : 0)};
		bool		nulls[] = {false, false, false, interests == NULL || isnan(interests[at])};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

INTEREST_FUNCTION(interest_rerank);
Datum
interest_rerank(PG_FUNCTION_ARGS)
{
	InterestServerArena *scratch;
	Asker		asker;
	Results		results;
	InterestOpenCatalogue open;
	float	   *interests = NULL;

	InitMaterializedSRF(fcinfo, 0);
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest reranking", SCRATCH_SIZE);
	BeginAsker(fcinfo, 3, 4, &scratch->arena, &asker);
	results = ResultsOf(fcinfo);
	if (results.count == 0)
		return (Datum) 0;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (asker.known)
	{
		InterestOpenItems(asker.catalogue, asker.model, NULL, &scratch->arena, &open);
		interests = InterestsOf(&asker, &results, &open, &scratch->arena);
	}
	PutResults((ReturnSetInfo *) fcinfo->resultinfo, &asker, &results, interests);
	SPI_finish();
	InterestArenaEnd(scratch);
	return (Datum) 0;
}

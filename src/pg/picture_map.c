/*
 * picture_map.c
 *	  Users and items in the plane of their principal components, drawn.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/catalogue.h"
#include "pg/live.h"
#include "pg/pictures.h"
#include "pg/row_reader.h"
#include "pg/scores.h"
#include "pg/type_value.h"

#define MOST_POINTS 500

/* What a query has found: id, vector, interest. */
typedef struct Points
{
	InterestMap map;
	InterestSpan *names;
	float	   *vectors;
	int		   *interest;		/* (count): of the model's */
} Points;

static void
TakeVector(Points *points, ArrayType *array, int dimensions)
{
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != dimensions || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT4OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vector has not the model's %d dimensions", dimensions)));
	memcpy(points->vectors + (Size) points->map.count * dimensions, ARR_DATA_PTR(array), sizeof(float) * dimensions);
}

/* Takes the rows: an id, a vector, and what the vector itself is likeliest of. */
static void
TakePoints(Points *points, const InterestLoadedModel *model, InterestArena *arena)
{
	SPITupleTable *table = SPI_tuptable;
	int			d = model->model.shape.dimensions;

	points->names = palloc(sizeof(InterestSpan) * Max(SPI_processed, 1));
	points->vectors = palloc(sizeof(float) * d * Max(SPI_processed, 1));
	points->interest = palloc(sizeof(int) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(arena);
		bool		isnull;
		Datum		vector = SPI_getbinval(table->vals[i], table->tupdesc, 2, &isnull);
		float		probability;
		float	   *u = points->vectors + (Size) points->map.count * d;

		if (isnull)
			continue;
		TakeVector(points, DatumGetArrayTypeP(vector), d);
		points->interest[points->map.count] = InterestBestInterest(model, u, 1, arena, &probability);
		points->names[points->map.count++] = InterestUtf8Of(SPI_getvalue(table->vals[i], table->tupdesc, 1));
		InterestArenaReturnTo(arena, mark);
	}
	points->map.dimensions = d;
	points->map.vectors = points->vectors;
	points->map.names = points->names;
}

/* The interests that most points have are groups; what is left is the last one. */
static void
MakeGroups(Points *points, const InterestNames *interests)
{
	InterestSpan *groups = palloc(sizeof(InterestSpan) * INTEREST_MOST_CURVES);
	int		   *group = palloc(sizeof(int) * Max(points->map.count, 1));
	int		   *having = palloc0(sizeof(int) * Max(interests->count, 1));
	int		   *group_of = palloc(sizeof(int) * Max(interests->count, 1));
	int			different = 0;

	for (int i = 0; i < points->map.count; i++)
		different += having[points->interest[i]]++ == 0;
	for (int i = 0; i < interests->count; i++)
		group_of[i] = Min(different, INTEREST_MOST_CURVES) - 1;
	groups[INTEREST_MOST_CURVES - 1] = InterestSpanOf("(all others)");
	points->map.group_count = Min(different, INTEREST_MOST_CURVES);
	for (int g = 0; g < (different > INTEREST_MOST_CURVES ? INTEREST_MOST_CURVES - 1 : different); g++)
	{
		int			most = 0;

		for (int i = 1; i < interests->count; i++)
			if (having[i] > having[most])
				most = i;
		groups[g] = interests->spans[most];
		group_of[most] = g;
		having[most] = -1;
	}
	for (int i = 0; i < points->map.count; i++)
		group[i] = group_of[points->interest[i]];
	points->map.group = group;
	points->map.groups = groups;
}

/* Runs the query, SPI not being connected, and draws what it finds. */
static bool
DrawPoints(const InterestPictureRequest *request, const InterestLoadedModel *model, const char *sql, Datum parameter, Oid type,
		   const char *what, bool nameless, InterestMarkup *out)
{
	Points		points = {.map.what = what, .map.title = InterestUtf8Format("Map of %s of %s", what, request->model)};

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(sql, 1, &type, &parameter, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a map failed: %s", SPI_result_code_string(SPI_result));
	TakePoints(&points, model, out->arena);
	MakeGroups(&points, &model->model.interests);
	if (nameless)
		points.map.names = NULL;
	if (points.map.count > 0 && !InterestDrawMap(&points.map, out))
		elog(ERROR, "vectors of a map are not finite");
	SPI_finish();
	return points.map.count > 0;
}

/* Users in the order of a hash, so that the first ones are any; $1 is the model. */
static bool
DrawUsers(const InterestPictureRequest *request, bool nameless, InterestMarkup *out)
{
	const InterestDefinition *definition = InterestUsableModel(request->model);
	const InterestLoadedModel *model = InterestLoadVersion(InterestDeployedVersion(request->model));
	InterestUserColumn column = InterestFindUserColumn(definition);
	const char *user = quote_identifier(definition->columns.user_id);
	const char *source = InterestSourceSql(definition);
	const char *schema = InterestSchemaSql();
	char	   *sample = psprintf("SELECT s.%s FROM %s s WHERE s.%s IS NOT NULL GROUP BY s.%s"
								  " ORDER BY pg_catalog.hashtext(s.%s::pg_catalog.text), s.%s::pg_catalog.text COLLATE \"C\" LIMIT %d",
								  user, source, user, user, user, user, MOST_POINTS);
	char	   *sql = psprintf("SELECT x.id, %s.interest_granularity(x.reading, 'user') FROM"
							   " (SELECT n.\"the user's text\" AS id, %s.interest_embed($1, n) AS reading FROM"
							   " (SELECT %s::pg_catalog.text AS \"the user's text\", %s FROM %s WHERE %s %s ANY (%s)) n GROUP BY 1) x ORDER BY x.id COLLATE \"C\"",
							   schema, schema, user, InterestColumnList(&definition->columns, false), source, user, column.equals, sample);

	return DrawPoints(request, model, sql, CStringGetTextDatum(request->model), TEXTOID, "users", nameless, out);
}

bool
InterestPictureMap(const InterestPictureRequest *request, InterestMarkup *out)
{
	return DrawUsers(request, false, out);
}

bool
InterestPictureNamelessMap(const InterestPictureRequest *request, InterestMarkup *out)
{
	return DrawUsers(request, true, out);
}

/* Of the items whose vectors are of the deployed version's representation, $1. */
bool
InterestPictureItems(const InterestPictureRequest *request, InterestMarkup *out)
{
	const InterestVersion *version;
	const InterestItemSource *items;
	char	   *sql;

	(void) InterestUsableModel(request->model);
	version = InterestDeployedVersion(request->model);
	items = InterestRequireCatalogue(request->model);
	sql = psprintf("SELECT i.item_id::pg_catalog.text, i.vector FROM %s i WHERE i.vector IS NOT NULL AND i.fingerprint OPERATOR(pg_catalog.=) $1"
				   " ORDER BY pg_catalog.hashtext(i.item_id::pg_catalog.text), i.item_id::pg_catalog.text COLLATE \"C\" LIMIT %d",
				   items->table_sql, MOST_POINTS);
	return DrawPoints(request, InterestLoadVersion(version), sql,
					  PointerGetDatum(InterestMakeValue(version->representation, INTEREST_FINGERPRINT_SIZE)), BYTEAOID, "items", false, out);
}

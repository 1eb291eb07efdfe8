/*
 * items.c
 *	  The items of a catalogue that a caller may see and asks for.
 */
#include "pg/compat.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"

#include "pg/filter.h"
#include "pg/items.h"
#include "pg/row_reader.h"

#define MICROSECONDS_A_DAY 86400e6

/* Ids, as texts, that a statement has found. */
typedef struct Ids
{
	uint64		count;
	char	  **ids;
} Ids;

void
InterestRequireItems(const InterestItemSource *catalogue)
{
	if (pg_class_aclcheck(catalogue->table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", get_rel_name(catalogue->table)),
				 errhint("Its owner can GRANT SELECT on it.")));
}

/* How values of a type become texts: as its cast says. */
typedef struct ToText
{
	CoercionPathType path;
	Oid			function;		/* the cast, or the type's output */
} ToText;

static ToText
ToTextOf(Oid type)
{
	ToText		to;
	bool		varlena;

	to.path = find_coercion_pathway(TEXTOID, getBaseType(type), COERCION_EXPLICIT, &to.function);
	if (getBaseType(type) == TEXTOID)
		to.path = COERCION_PATH_RELABELTYPE;
	if (to.path != COERCION_PATH_FUNC)
		getTypeOutputInfo(type, &to.function, &varlena);
	return to;
}

static char *
TextOf(const ToText *to, Datum value)
{
	switch (to->path)
	{
		case COERCION_PATH_FUNC:
			return TextDatumGetCString(OidFunctionCall1(to->function, value));
		case COERCION_PATH_RELABELTYPE:
			return TextDatumGetCString(value);
		default:
			return OidOutputFunctionCall(to->function, value);
	}
}

/*
 * Ids that a statement finds as the caller.  It runs in his settings, so that a
 * filter means what he means; texts are then made as those of the catalogue are.
 */
static Ids
FindIds(const char *statement)
{
	Ids			found;
	ToText		to;
	int			style;

	if (SPI_execute(statement, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of items failed: %s", SPI_result_code_string(SPI_result));
	found.count = SPI_processed;
	found.ids = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(char *) * Max(found.count, 1));
	to = ToTextOf(SPI_gettypeid(SPI_tuptable->tupdesc, 1));
	style = InterestFixStyle();
	for (uint64 i = 0; i < found.count; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		found.ids[i] = isnull ? NULL : TextOf(&to, value);
	}
	InterestRestoreStyle(style);
	SPI_freetuptable(SPI_tuptable);
	return found;
}

static int
FindInPart(const InterestCatalogue *part, const char *id)
{
	return InterestCatalogueFind(part, (InterestSpan) {id, strlen(id)});
}

bool
InterestFindItem(const InterestOpenCatalogue *open, const char *id, int *part, int *item)
{
	for (*part = 0; *part < open->part_count; (*part)++)
	{
		*item = FindInPart(open->parts[*part], id);
		if (*item >= 0 && !open->excluded[*part][*item])
			return true;
	}
	return false;
}

void
InterestLeaveOut(const InterestOpenCatalogue *open, const char *id)
{
	int			part;
	int			item;

	if (id && InterestFindItem(open, id, &part, &item))
		open->excluded[part][item] = 1;
}

/* Leaves out all that is not among the ids. */
static void
KeepOnly(const InterestOpenCatalogue *open, const Ids *ids)
{
	for (int part = 0; part < open->part_count; part++)
	{
		const InterestCatalogue *catalogue = open->parts[part];
		uint8	   *kept = MemoryContextAllocHuge(CurrentMemoryContext, Max(catalogue->count, 1));

		memset(kept, 0, catalogue->count);
		for (uint64 i = 0; i < ids->count; i++)
		{
			int			item = ids->ids[i] ? FindInPart(catalogue, ids->ids[i]) : -1;

			if (i % 1024 == 0)
				CHECK_FOR_INTERRUPTS();
			if (item >= 0)
				kept[item] = 1;
		}
		for (int i = 0; i < catalogue->count; i++)
			open->excluded[part][i] |= !kept[i];
		pfree(kept);
	}
}

static char *
FilterStatement(const InterestItemSource *catalogue, const char *filter)
{
	if (!OidIsValid(catalogue->source))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("item source %s of model \"%s\" does not exist", catalogue->source_sql, catalogue->model)));
	return psprintf("SELECT %s FROM %s WHERE %s", quote_identifier(catalogue->item_id), catalogue->source_sql,
					InterestFilterSql(filter, catalogue->source));
}

void
InterestOpenItems(const InterestItemSource *catalogue, const InterestLoadedModel *model,
				  const char *filter, InterestArena *arena, InterestOpenCatalogue *open)
{
	bool		secured = check_enable_rls(catalogue->table, InvalidOid, true) == RLS_ENABLED;
	Ids			filtered;
	Ids			visible;

	if (filter)
		filtered = FindIds(FilterStatement(catalogue, filter));
	if (secured)
		visible = FindIds(psprintf("SELECT item_id FROM %s", catalogue->table_sql));
	InterestCatalogueOpen(catalogue, model, arena, open);
	if (filter)
		KeepOnly(open, &filtered);
	if (secured)
		KeepOnly(open, &visible);
}

int
InterestItemCount(const InterestOpenCatalogue *open)
{
	int64		all = 0;

	for (int part = 0; part < open->part_count; part++)
		all += open->parts[part]->count;
	return (int) Min(all, PG_INT32_MAX);
}

InterestItemTerms
InterestItemTermsOf(const InterestItemSource *catalogue)
{
	return (InterestItemTerms) {
		.popularity = catalogue->popularity ? catalogue->popularity_weight : 0,
		.freshness = catalogue->published ? catalogue->freshness_weight : 0,
		.half_life = catalogue->freshness_days * MICROSECONDS_A_DAY,
		.now = GetCurrentTransactionStartTimestamp()
	};
}

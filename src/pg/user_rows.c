/*
 * user_rows.c
 *	  All rows of one user, in memory, as explanations take them.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/base/sort.h"
#include "core/network/codebook.h"
#include "pg/scores.h"
#include "pg/user_column.h"
#include "pg/user_rows.h"
#include "pg/working_state.h"

#define ROWS_BLOCK (64 * 1024)

/* Rows from the source, and what they are read with. */
typedef struct Reader
{
	InterestUserRows *rows;
	InterestRowReader *reader;
	bool		words;
} Reader;

static InterestSpan
CopySpan(InterestArena *arena, const char *data, size_t length)
{
	char	   *copy = InterestArenaAllocate(arena, length);

	memcpy(copy, data, length);
	return (InterestSpan) {copy, length};
}

/* A row that has no texts, by its other columns. */
static void
DescribeColumns(const InterestColumns *columns, const InterestBehaviour *behaviour, StringInfo out)
{
	for (int i = 0; i < columns->categorical_count; i++)
		for (int j = 0; j < behaviour->categoricals[i].count; j++)
		{
			InterestSpan value = behaviour->categoricals[i].values[j];

			appendStringInfo(out, "%s%s=%.*s", out->len ? ", " : "", columns->categoricals[i],
							 (int) Min(value.length, INTEREST_ROW_TEXT), value.data);
		}
	for (int i = 0; i < columns->numeric_count; i++)
		if (!isnan(behaviour->numerics[i]))
			appendStringInfo(out, "%s%s=%g", out->len ? ", " : "", columns->numerics[i], behaviour->numerics[i]);
}

/* The beginning of a row's texts in one line. */
static InterestSpan
ShowRow(const InterestDefinition *definition, const InterestBehaviour *behaviour, InterestArena *arena)
{
	int			texts = definition->columns.text_count;
	size_t		length = InterestJoinTexts(behaviour, texts, NULL);
	StringInfoData out;
	InterestSpan shown;

	initStringInfo(&out);
	if (length > 0)
	{
		enlargeStringInfo(&out, (int) length + 1);
		out.len = (int) InterestJoinTexts(behaviour, texts, out.data);
	}
	else
		DescribeColumns(&definition->columns, behaviour, &out);
	length = pg_encoding_mbcliplen(PG_UTF8, out.data, out.len, INTEREST_ROW_TEXT);
	for (size_t i = 0; i < length; i++)
		if (out.data[i] == '\n' || out.data[i] == '\r' || out.data[i] == '\t')
			out.data[i] = ' ';
	shown = CopySpan(arena, out.data, length);
	pfree(out.data);
	return shown;
}

/* Texts projected, kept in the arena. */
static const float *const *
KeepProjection(InterestRowQuery *query, const InterestBehaviour *behaviour, InterestArena *arena)
{
	int			d = query->model->model.shape.dimensions;
	const float *projected[INTEREST_TEXT_MODALITIES];
	const float **kept = InterestArenaAllocate(arena, sizeof(projected));

	InterestQueryTexts(query, behaviour, projected);
	for (int m = 0; m < INTEREST_TEXT_MODALITIES; m++)
	{
		float	   *z = projected[m] ? InterestArenaArray(arena, float, d) : NULL;

		if (z)
			memcpy(z, projected[m], sizeof(float) * d);
		kept[m] = z;
	}
	return kept;
}

static const InterestVector *
KeepVectors(const InterestBehaviour *behaviour, int count, InterestArena *arena)
{
	InterestVector *kept = InterestArenaArray(arena, InterestVector, Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		Size		size = sizeof(float) * behaviour->vectors[i].width;

		kept[i] = behaviour->vectors[i];
		if (kept[i].values)
			kept[i].values = memcpy(InterestArenaAllocate(arena, size), kept[i].values, size);
	}
	return kept;
}

static const InterestWordBlock **
KeepWords(InterestRowQuery *query, const InterestBehaviour *behaviour, InterestArena *arena)
{
	const InterestFeatures *features = &query->model->model.network.features;
	const InterestWordBlock **blocks = InterestArenaAllocateZero(arena, sizeof(void *) * Max(features->text_count, 1));

	for (int i = 0; query->lexer && i < features->text_count; i++)
	{
		InterestWords words;

		InterestReadWords(query->lexer, behaviour->texts[i], &words);
		blocks[i] = InterestWordBlockOf(&features->word_columns[i], &words, arena);
	}
	return blocks;
}

/* The vector of a row, kept in the arena, and its code. */
static const float *
ComputeVector(const InterestLoadedModel *model, const InterestRowInput *input, InterestArena *scratch,
			  InterestArena *arena, int *code)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestArithmetic arithmetic = {.kernel = model->model.kernel, .scratch = scratch};
	int			d = model->model.shape.dimensions;
	float	   *v = InterestArenaArray(arena, float, d);
	InterestRowTape tape;

	InterestRowForward(&model->model.network, &arithmetic, 1, &input, NULL, &tape);
	memcpy(v, tape.v, sizeof(float) * d);
	InterestFindCodes(&model->model.codebook, &arithmetic, 1, v, code);
	InterestArenaReturnTo(scratch, mark);
	return v;
}

static void
TakeRow(Reader *reader, const Datum *values, const bool *nulls)
{
	InterestUserRows *rows = reader->rows;
	InterestRowQuery *query = rows->query;
	InterestArena *arena = &rows->arena->arena;
	InterestUserRow *row = &rows->rows[rows->count];
	InterestBehaviour behaviour;
	InterestRowTexts texts = {0};
	InterestStatus status;

	CHECK_FOR_INTERRUPTS();
	InterestReadBehaviour(reader->reader, values, nulls, &behaviour);
	InterestCheckVectors(query->definition, &query->model->model.network.features, behaviour.vectors);
	behaviour.vectors = KeepVectors(&behaviour, query->definition->columns.vector_count, arena);
	texts.projected = KeepProjection(query, &behaviour, arena);
	switch (InterestRowInputOf(&query->model->model.network.features, &behaviour, &texts, arena, &row->input, &status))
	{
		case INTEREST_ROW_DONE:
			break;
		case INTEREST_ROW_SKIPPED:
			return;
		case INTEREST_ROW_FAILED:
			InterestReport(&status);
	}
	row->words = reader->words ? KeepWords(query, &behaviour, arena) : NULL;
	row->kind = behaviour.kind.data ? CopySpan(arena, behaviour.kind.data, behaviour.kind.length) : behaviour.kind;
	row->text = ShowRow(query->definition, &behaviour, arena);
	rows->explained[rows->count] = (InterestExplainedRow) {
		.time = behaviour.time, .weight = row->input.weight, .negative = row->input.negative,
		.v = ComputeVector(query->model, &row->input, &query->scratch->arena, arena, &row->code)
	};
	rows->count++;
}

static int
CompareRows(const void *context, int a, int b)
{
	const InterestUserRows *rows = context;
	int			order = (rows->explained[a].time > rows->explained[b].time) -
		(rows->explained[a].time < rows->explained[b].time);

	if (order == 0)
		order = InterestSpanCompare(rows->rows[a].text, rows->rows[b].text);
	if (order == 0)
		order = InterestSpanCompare(rows->rows[a].kind, rows->rows[b].kind);
	return order;
}

static void
SortRows(InterestUserRows *rows)
{
	InterestArena *arena = &rows->arena->arena;
	int		   *order = InterestArenaArray(arena, int, rows->count);
	InterestUserRow *sorted = InterestArenaArray(arena, InterestUserRow, rows->count);
	InterestExplainedRow *explained = InterestArenaArray(arena, InterestExplainedRow, rows->count);

	for (int i = 0; i < rows->count; i++)
		order[i] = i;
	InterestSort(order, rows->count, CompareRows, rows, arena);
	for (int i = 0; i < rows->count; i++)
	{
		sorted[i] = rows->rows[order[i]];
		explained[i] = rows->explained[order[i]];
	}
	rows->rows = sorted;
	rows->explained = explained;
}

/* Takes what the query has found. */
static void
TakeTable(Reader *reader, SPITupleTable *table, uint64 count)
{
	InterestUserRows *rows = reader->rows;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest row", ALLOCSET_DEFAULT_SIZES);
	Datum	   *values;
	bool	   *nulls;

	if (count > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("user has too many rows to explain")));
	reader->reader = InterestRowReaderMake(rows->query->definition, table->tupdesc, INTEREST_READ_BEHAVIOUR);
	rows->rows = InterestArenaArray(&rows->arena->arena, InterestUserRow, count);
	rows->explained = InterestArenaArray(&rows->arena->arena, InterestExplainedRow, count);
	InterestReaderArrays(reader->reader, &values, &nulls);
	for (uint64 i = 0; i < count; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(scratch);

		heap_deform_tuple(table->vals[i], table->tupdesc, values, nulls);
		TakeRow(reader, values, nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
}

void
InterestReadUserRows(const char *model, Datum user, Oid type, bool words, InterestUserRows *rows)
{
	Reader		reader = {.rows = rows, .words = words};
	const InterestDefinition *definition;
	InterestUserColumn column;
	Datum		value;
	char	   *sql;

	InterestCheckUserType(type);
	rows->query = InterestRowQueryMake(CurrentMemoryContext, model);
	rows->arena = InterestArenaBegin(CurrentMemoryContext, "interest user's rows", ROWS_BLOCK);
	rows->count = 0;
	definition = rows->query->definition;
	column = InterestFindUserColumn(definition);
	value = InterestConvertUser(user, type, &column);
	sql = psprintf("SELECT %s FROM %s WHERE %s %s $1", InterestColumnList(&definition->columns, false),
				   InterestSourceSql(definition), quote_identifier(definition->columns.user_id), column.equals);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(sql, 1, &column.type, &value, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a user's rows failed: %s", SPI_result_code_string(SPI_result));
	TakeTable(&reader, SPI_tuptable, SPI_processed);
	SPI_finish();
	SortRows(rows);
}

bool
InterestReadKeptRows(const InterestUserRows *rows, const bool *kept, InterestArena *arena, InterestReading *reading)
{
	const InterestLoadedModel *model = rows->query->model;
	InterestProfileDatum *state = InterestNewState(&model->model.shape);
	InterestStateView view;

	for (int i = 0; i < rows->count; i++)
	{
		const InterestExplainedRow *row = &rows->explained[i];
		InterestStateRow added = {row->time, row->weight, row->negative, row->v, rows->rows[i].code};

		if (kept == NULL || kept[i])
			state = InterestAddToState(state, &added);
	}
	InterestViewState(state, &view);
	if (view.rows + view.negative_rows == 0)
		return false;
	InterestReadProfile(&view, model, view.newest, arena, reading);
	return true;
}

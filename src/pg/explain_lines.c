/*
 * explain_lines.c
 *	  The lines of an explanation.
 */
#include "pg/compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/explain_lines.h"
#include "pg/scores.h"
#include "pg/type_value.h"

#define COLUMNS 12
#define FIRST_ROOM 256

void
InterestLinesBegin(InterestLines *lines, const char *method, InterestSpan interest, const InterestUserRows *rows)
{
	*lines = (InterestLines) {
		.method = method, .interest = interest, .rows = rows, .context = CurrentMemoryContext, .room = FIRST_ROOM,
	};
	lines->lines = palloc(sizeof(InterestLine) * FIRST_ROOM);
}

void
InterestAddLine(InterestLines *lines, InterestLine line)
{
	if (lines->count == lines->room)
	{
		lines->room *= 2;
		lines->lines = repalloc_huge(lines->lines, sizeof(InterestLine) * lines->room);
	}
	lines->lines[lines->count++] = line;
}

int
InterestSamplesArgument(FunctionCallInfo fcinfo, int argument)
{
	int			samples = PG_ARGISNULL(argument) ? 0 : PG_GETARG_INT32(argument);

	if (!PG_ARGISNULL(argument) && (samples < INTEREST_MIN_SAMPLES || samples > INTEREST_MAX_SAMPLES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("samples must be from %d to %d", INTEREST_MIN_SAMPLES, INTEREST_MAX_SAMPLES)));
	return samples;
}

/* Returns what the lines leave of the value. */
static double
AddSurrogate(InterestLines *lines, const char *base, const InterestSurrogate *surrogate, int count,
			 const InterestSpan *features)
{
	double		left = surrogate->all - surrogate->base;

	InterestAddLine(lines, (InterestLine) {.part = base, .row = -1, .value = surrogate->base});
	for (int i = 0; i < count; i++)
	{
		InterestLine line = {.part = "row", .row = i, .value = surrogate->value[i], .shared = true};

		if (features)
		{
			line.part = "word";
			line.row = -1;
			line.feature = features[i];
		}
		InterestAddLine(lines, line);
		left -= surrogate->value[i];
	}
	return left;
}

void
InterestAddLime(InterestLines *lines, const InterestGame *game, const InterestSpan *features,
				int samples, uint64 seed, InterestArena *arena)
{
	InterestMasks masks;
	InterestSurrogate surrogate;
	double		left;

	InterestLimeMasks(game, samples, seed, arena, &masks);
	InterestLimeSolve(&masks, arena, &surrogate);
	left = AddSurrogate(lines, "intercept", &surrogate, game->features, features);
	InterestAddLine(lines, (InterestLine) {.part = "gap", .row = -1, .value = left});
}

void
InterestAddShap(InterestLines *lines, const InterestGame *game, const InterestSpan *features,
				int samples, uint64 seed, InterestArena *arena)
{
	bool	   *kept = palloc0(sizeof(bool) * game->features);
	InterestMasks masks;
	InterestSurrogate surrogate;
	double		none;

	InterestShapMasks(game, samples, seed, arena, &masks);
	none = game->value(game->context, kept);
	memset(kept, true, sizeof(bool) * game->features);
	InterestShapSolve(&masks, none, game->value(game->context, kept), arena, &surrogate);
	(void) AddSurrogate(lines, "prior", &surrogate, game->features, features);
}

static void
SetText(const char *text, Datum *value, bool *isnull)
{
	*isnull = text == NULL;
	if (text)
		*value = CStringGetTextDatum(text);
}

static void
SetSpan(InterestSpan span, Datum *value, bool *isnull)
{
	*isnull = span.data == NULL;
	if (span.data)
		*value = InterestNameText(span);
}

/* What a line says of its row. */
static void
SetRow(const InterestLines *lines, const InterestLine *line, Datum *values, bool *nulls)
{
	const InterestUserRow *row = &lines->rows->rows[line->row];

	values[4] = Int32GetDatum(line->row + 1);
	nulls[4] = false;
	values[5] = InterestTimeGetDatum(lines->rows->explained[line->row].time, &nulls[5]);
	SetSpan(row->kind, &values[6], &nulls[6]);
	if (line->feature.data == NULL)
		SetSpan(row->text, &values[9], &nulls[9]);
}

void
InterestPutLines(InterestLines *lines, ReturnSetInfo *result)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest line", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	double		total = 0;

	for (int64 i = 0; i < lines->count; i++)
		if (lines->lines[i].shared)
			total += fabs(lines->lines[i].value);
	for (int64 i = 0; i < lines->count; i++)
	{
		const InterestLine *line = &lines->lines[i];
		Datum		values[COLUMNS] = {CStringGetTextDatum(lines->method)};
		bool		nulls[COLUMNS] = {false, false, false, false, true, true, true};

		CHECK_FOR_INTERRUPTS();
		SetSpan(lines->interest, &values[1], &nulls[1]);
		values[2] = Int32GetDatum((int32) (i + 1));
		values[3] = CStringGetTextDatum(line->part);
		SetText(line->granularity, &values[7], &nulls[7]);
		SetText(line->modality, &values[8], &nulls[8]);
		SetSpan(line->feature, &values[9], &nulls[9]);
		if (line->row >= 0)
			SetRow(lines, line, values, nulls);
		InterestSetFigure(line->value, &values[10], &nulls[10]);
		InterestSetFigure(line->shared && total > 0 ? line->value / total : NAN, &values[11], &nulls[11]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

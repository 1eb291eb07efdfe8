/*
 * describe.c
 *	  interest_describe: one user's interests in a few plain lines, to be put
 *	  into the prompt of an assistant.
 *
 * Labels come from other people's rows: each stays on its line, between its
 * quotes, short, and free of characters that nobody sees.
 */
#include "pg/compat.h"

#include <utf8proc.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "pg/encode.h"
#include "pg/scores.h"
#include "pg/user.h"
#include "pg/user_column.h"

#define SCRATCH_SIZE (16 * 1024)

#define MOST_INTERESTS 5
#define LABEL_BYTES 80

/* A trend is a difference of probabilities of at least this. */
#define LEAST_TREND 0.05f

/* What a character of a label becomes: itself, a space, or nothing where it only steers the display. */
static utf8proc_int32_t
PlainCharacter(utf8proc_int32_t character)
{
	switch (utf8proc_category(character))
	{
		case UTF8PROC_CATEGORY_CC:
		case UTF8PROC_CATEGORY_ZL:
		case UTF8PROC_CATEGORY_ZP:
		case UTF8PROC_CATEGORY_ZS:
			return ' ';
		case UTF8PROC_CATEGORY_CF:
		case UTF8PROC_CATEGORY_CO:
		case UTF8PROC_CATEGORY_CN:
			return 0;
		default:
			return character == '"' ? '\'' : character;
	}
}

/* Appends a name (UTF-8) between quotes, cut between two characters where it is long. */
static void
AppendLabel(StringInfo out, InterestSpan name)
{
	char		label[LABEL_BYTES];
	InterestSpan plain = {label, 0};
	bool		space = false;
	bool		whole = true;

	for (size_t at = 0; at < name.length && whole;)
	{
		utf8proc_int32_t character;
		utf8proc_uint8_t bytes[4];
		utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *) name.data + at,
												   (utf8proc_ssize_t) (name.length - at), &character);
		size_t		needed;

		at += length > 0 ? (size_t) length : 1;
		character = length > 0 ? PlainCharacter(character) : 0;
		if (character == ' ')
			space = plain.length > 0;
		if (character == 0 || character == ' ')
			continue;
		needed = (size_t) utf8proc_encode_char(character, bytes);
		whole = plain.length + space + needed <= LABEL_BYTES;
		if (!whole)
			break;
		if (space)
			label[plain.length++] = ' ';
		memcpy(label + plain.length, bytes, needed);
		plain.length += needed;
		space = false;
	}
	appendStringInfo(out, "\"%s%s\"", TextDatumGetCString(InterestNameText(plain)), whole ? "" : "...");
}

static const char *
Trend(float recent, float overall)
{
	if (recent - overall >= LEAST_TREND)
		return "rising";
	return overall - recent >= LEAST_TREND ? "falling" : "steady";
}

/* A column of times as timestamptz, times without zone being UTC; NULL where it is another type, as texts may be. */
static const char *
TimeSql(const InterestDefinition *definition, Oid source)
{
	const char *at = quote_identifier(definition->columns.at);

	switch (getBaseType(get_atttype(source, get_attnum(source, definition->columns.at))))
	{
		case TIMESTAMPTZOID:
			return psprintf("pg_catalog.min(%s)", at);
		case TIMESTAMPOID:
		case DATEOID:
			return psprintf("pg_catalog.timezone('UTC', pg_catalog.min(%s)::pg_catalog.timestamp)", at);
		default:
			return NULL;
	}
}

/* The time of a user's first row, read as the caller; NULL where there is none, or it is no time. */
static const char *
FirstTime(const InterestDefinition *definition, Datum user, Oid type)
{
	InterestUserColumn column = InterestFindUserColumn(definition);
	Datum		value = InterestConvertUser(user, type, &column);
	const char *time = TimeSql(definition, column.source);
	const char *first = NULL;
	Datum		found;
	bool		isnull;

	if (time == NULL)
		return NULL;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(psprintf("SELECT %s FROM %s WHERE %s %s $1", time, InterestSourceSql(definition),
									   quote_identifier(definition->columns.user_id), column.equals),
							  1, &column.type, &value, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a user's first row failed: %s", SPI_result_code_string(SPI_result));
	found = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	/* in a buffer of its own, which is there after SPI */
	if (!isnull)
		first = timestamptz_to_str(DatumGetTimestampTz(found));
	SPI_finish();
	return first ? pstrdup(first) : NULL;
}

/* Evidence: how many rows, since when, and when the newest was. */
static void
AppendEvidence(StringInfo out, const InterestDefinition *definition, const InterestReading *reading, const char *first)
{
	InterestSpan name;

	name.data = InterestTextToUtf8(definition->name, strlen(definition->name), &name.length);
	appendStringInfoString(out, "Interests by the model ");
	AppendLabel(out, name);
	appendStringInfo(out, ", from " INT64_FORMAT " %s", reading->rows, reading->rows == 1 ? "row" : "rows");
	if (reading->negative_rows > 0)
		appendStringInfo(out, " for and " INT64_FORMAT " against", reading->negative_rows);
	if (first)
		appendStringInfo(out, " since %s", first);
	if (reading->newest != PG_INT64_MIN)
		appendStringInfo(out, ", the newest of %s", timestamptz_to_str(reading->newest));
	appendStringInfoChar(out, ':');
}

/* The likeliest interests, a line each: probability, and that of the recent rows against all. */
static void
AppendInterests(StringInfo out, const InterestLoadedModel *model, const InterestReading *reading,
				InterestArena *scratch)
{
	const InterestNames *names = &model->model.interests;
	const InterestRanked *ranked = InterestRankInterests(model, reading, scratch);
	float	   *recent = palloc(sizeof(float) * names->count);
	float	   *overall = palloc(sizeof(float) * names->count);
	float		evidence = reading->mass[INTEREST_COARSE];

	InterestModelProbabilities(&model->model, reading->vector[INTEREST_FINE], evidence, scratch, recent);
	InterestModelProbabilities(&model->model, reading->vector[INTEREST_COARSE], evidence, scratch, overall);
	for (int i = 0; i < Min(names->count, MOST_INTERESTS); i++)
	{
		int			interest = ranked[i].interest;

		appendStringInfo(out, "\n%d. ", i + 1);
		AppendLabel(out, names->spans[interest]);
		appendStringInfo(out, ": probability %.2f, %s (%.2f by recent rows, %.2f over the long run)",
						 ranked[i].probability, Trend(recent[interest], overall[interest]),
						 recent[interest], overall[interest]);
	}
}

INTEREST_FUNCTION(interest_describe);
Datum
interest_describe(PG_FUNCTION_ARGS)
{
	char	   *argument = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);
	InterestServerArena *scratch;
	InterestDefinition *definition;
	InterestLoadedModel *model;
	InterestReading reading;
	StringInfoData out;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	InterestCheckUserType(type);
	definition = InterestUsableModel(InterestModelName(argument));
	scratch = InterestArenaBegin(CurrentMemoryContext, "interest description", SCRATCH_SIZE);
	model = InterestReadUser(definition, PG_GETARG_DATUM(0), type, &scratch->arena, &reading);
	if (model == NULL)
		PG_RETURN_NULL();
	initStringInfo(&out);
	AppendEvidence(&out, definition, &reading, FirstTime(definition, PG_GETARG_DATUM(0), type));
	AppendInterests(&out, model, &reading, &scratch->arena);
	InterestArenaEnd(scratch);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

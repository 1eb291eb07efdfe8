/*
 * picture_user.c
 *	  One user's interests and why he has them, and a text's, drawn.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "pg/encode.h"
#include "pg/explain_text.h"
#include "pg/live.h"
#include "pg/pictures.h"
#include "pg/scores.h"
#include "pg/user_rows.h"
#include "pg/working_state.h"

#define MOST_TIMES 60
#define MOST_PANELS 3
#define LINES (INTEREST_GRANULARITIES + 1)
#define MOST_STEPS 12

static char *
UserText(const InterestPictureRequest *request)
{
	Oid			function;
	bool		varlena;

	getTypeOutputInfo(request->user_type, &function, &varlena);
	return OidOutputFunctionCall(function, request->user);
}

/*
 * History
 */

/* A user at some times, every interest by every line. */
typedef struct Past
{
	const InterestUserRows *rows;
	InterestHistory history;
	double	   *times;
	float	   *probability;	/* (count, LINES, interests) */
	int			panels[MOST_PANELS];
} Past;

/* Times from the first row to the last, evenly. */
static void
ChooseTimes(Past *past)
{
	const InterestUserRows *rows = past->rows;
	double		first = (double) rows->explained[0].time;
	double		last = (double) rows->explained[rows->count - 1].time;

	past->history.count = last > first ? MOST_TIMES : 1;
	past->times = palloc(sizeof(double) * past->history.count);
	for (int i = 0; i < past->history.count; i++)
		past->times[i] = floor(first + (last - first) * i / Max(past->history.count - 1, 1));
	past->times[past->history.count - 1] = last;
	past->history.times = past->times;
}

/* What a reading says, by u and by each granularity. */
static void
TakeReading(Past *past, const InterestReading *reading, int time)
{
	const InterestLoadedModel *model = past->rows->query->model;
	InterestArena *scratch = &past->rows->query->scratch->arena;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Size		interests = model->model.interests.count;

	for (int l = 0; l < LINES; l++)
		InterestModelProbabilities(&model->model, reading->vector[l == 0 ? INTEREST_USER : l - 1],
								   reading->mass[INTEREST_COARSE], scratch,
								   past->probability + ((Size) time * LINES + l) * interests);
	InterestArenaReturnTo(scratch, mark);
}

/* Reads the user at each time from the rows until then, which are added as time goes on. */
static void
ReadPast(Past *past)
{
	const InterestUserRows *rows = past->rows;
	const InterestLoadedModel *model = rows->query->model;
	InterestProfileDatum *state = InterestNewState(&model->model.shape);
	int			next = 0;

	past->probability = palloc(sizeof(float) * past->history.count * LINES * model->model.interests.count);
	for (int t = 0; t < past->history.count; t++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&rows->arena->arena);
		InterestStateView view;
		InterestReading reading;

		CHECK_FOR_INTERRUPTS();
		for (; next < rows->count && (double) rows->explained[next].time <= past->times[t]; next++)
		{
			const InterestExplainedRow *row = &rows->explained[next];
			InterestStateRow added = {row->time, row->weight, row->negative, row->v, rows->rows[next].code};

			state = InterestAddToState(state, &added);
		}
		InterestViewState(state, &view);
		InterestReadProfile(&view, model, Max((int64) past->times[t], view.newest), &rows->arena->arena, &reading);
		TakeReading(past, &reading, t);
		InterestArenaReturnTo(&rows->arena->arena, mark);
	}
}

/* The likeliest interests at the end, unless one is asked for. */
static void
ChoosePanels(Past *past, text *interest)
{
	const InterestNames *interests = &past->rows->query->model->model.interests;
	const float *last = past->probability + (Size) (past->history.count - 1) * LINES * interests->count;

	past->history.panel_count = interest ? 1 : Min(interests->count, MOST_PANELS);
	if (interest)
		past->panels[0] = InterestNumberOf(interests, interest);
	for (int p = 0; p < past->history.panel_count && interest == NULL; p++)
	{
		int			best = -1;

		for (int i = 0; i < interests->count; i++)
		{
			bool		taken = false;

			for (int q = 0; q < p; q++)
				taken |= past->panels[q] == i;
			if (!taken && (best < 0 || last[i] > last[best]))
				best = i;
		}
		past->panels[p] = best;
	}
}

/* The panels' curves, side by side as they are drawn. */
static void
SetValues(Past *past)
{
	const InterestNames *interests = &past->rows->query->model->model.interests;
	InterestHistory *history = &past->history;
	InterestSpan *names = palloc(sizeof(InterestSpan) * MOST_PANELS);
	double	   *values = palloc(sizeof(double) * history->panel_count * LINES * history->count);

	for (int p = 0; p < history->panel_count; p++)
	{
		names[p] = interests->spans[past->panels[p]];
		for (int l = 0; l < LINES; l++)
			for (int t = 0; t < history->count; t++)
				values[(p * LINES + l) * history->count + t] =
					past->probability[((Size) t * LINES + l) * interests->count + past->panels[p]];
	}
	history->panels = names;
	history->values = values;
}

/* "coarse: half-life 180 days", of the model. */
static const char *const *
LineNames(const InterestDefinition *definition)
{
	const char **names = palloc(sizeof(char *) * LINES);

	names[0] = "all together";
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		double		days = (double) definition->half_life[g] / USECS_PER_DAY;

		names[g + 1] = psprintf("%s, half-life %g day%s", InterestPartName((InterestPart) g), days, days == 1 ? "" : "s");
	}
	return names;
}

bool
InterestPictureUser(const InterestPictureRequest *request, InterestMarkup *out)
{
	InterestUserRows rows;
	Past		past = {.rows = &rows};

	InterestReadUserRows(request->model, request->user, request->user_type, false, &rows);
	if (rows.count == 0)
		return false;
	past.history.title = InterestUtf8Format("Interests of %s over time", UserText(request));
	past.history.line_count = LINES;
	past.history.lines = LineNames(rows.query->definition);
	ChooseTimes(&past);
	ReadPast(&past);
	ChoosePanels(&past, request->interest);
	SetValues(&past);
	InterestDrawHistory(&past.history, out);
	return true;
}

/*
 * Ledger
 */

/* The first row is the prior, the others are steps, the largest ones first. */
static void
RunLedger(const InterestPictureRequest *request)
{
	Oid			types[] = {request->user_type, TEXTOID, TEXTOID};
	Datum		values[] = {request->user, PointerGetDatum(request->interest), CStringGetTextDatum(request->model)};
	const char *nulls = request->interest ? "   " : " n ";
	char	   *sql = psprintf("SELECT l.interest, l.row_number, l.day, l.kind, l.feature, l.value FROM"
							   " (SELECT e.interest, e.row_number, pg_catalog.to_char(pg_catalog.min(e.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,"
							   " pg_catalog.min(e.kind) AS kind, pg_catalog.min(e.feature) FILTER (WHERE e.modality OPERATOR(pg_catalog.=) 'base') AS feature,"
							   " pg_catalog.sum(e.value) AS value FROM %s.interest_explain($1, $2, 'ledger', $3) e GROUP BY e.interest, e.row_number) l"
							   " ORDER BY l.row_number IS NOT NULL, pg_catalog.abs(l.value) DESC, l.row_number", InterestSchemaSql());

	if (SPI_execute_with_args(sql, 3, types, values, nulls, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a ledger failed: %s", SPI_result_code_string(SPI_result));
}

static double
ValueOf(SPITupleTable *table, uint64 row)
{
	bool		isnull;
	Datum		value = SPI_getbinval(table->vals[row], table->tupdesc, 6, &isnull);

	return isnull ? 0 : DatumGetFloat8(value);
}

/* A row by its text, or else by its kind; its day and kind are the detail. */
static InterestStep
StepOf(SPITupleTable *table, uint64 row)
{
	const char *day = SPI_getvalue(table->vals[row], table->tupdesc, 3);
	const char *kind = SPI_getvalue(table->vals[row], table->tupdesc, 4);
	const char *feature = SPI_getvalue(table->vals[row], table->tupdesc, 5);

	if (feature == NULL || feature[0] == '\0')
		feature = kind ? kind : day;
	return (InterestStep) {
		.label = InterestUtf8Of(feature), .value = ValueOf(table, row),
		.detail = InterestUtf8Format("%s%s%s", day, kind ? ", " : "", kind ? kind : "")
	};
}

bool
InterestPictureLedger(const InterestPictureRequest *request, InterestMarkup *out)
{
	InterestStep steps[MOST_STEPS + 1] = {0};
	InterestWaterfall waterfall = {.start.label = InterestSpanOf("prior"), .steps = steps, .end = "sum: the logit"};
	uint64		count;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	RunLedger(request);
	count = SPI_processed;
	if (count > 0)
	{
		waterfall.title = InterestUtf8Format("Why %s: %s", UserText(request), SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
		waterfall.start.value = ValueOf(SPI_tuptable, 0);
	}
	for (uint64 i = 1; i < count; i++)
	{
		int			place = (int) Min(i - 1, MOST_STEPS);

		if (i <= MOST_STEPS)
			steps[place] = StepOf(SPI_tuptable, i);
		else
		{
			steps[place].value += ValueOf(SPI_tuptable, i);
		}
		waterfall.step_count = place + 1;
	}
	if (waterfall.step_count > MOST_STEPS)
		steps[MOST_STEPS].label = InterestUtf8Format(UINT64_FORMAT " other rows", count - MOST_STEPS - 1);
	if (count > 0)
		InterestDrawWaterfall(&waterfall, out);
	SPI_finish();
	return count > 0;
}

/*
 * Words
 */

/* The text cut at blanks, at most so many; the last one says that there are more. */
static int
CutWords(InterestSpan text, InterestStep *words, int most)
{
	int			count = 0;
	InterestSpan word;

	while (count < most && (word = InterestTakeWord(&text)).length > 0)
		words[count++] = (InterestStep) {.label = word, .value = NAN};
	return count;
}

static void
AddTo(InterestStep *word, double value)
{
	word->value = isnan(word->value) ? value : word->value + value;
}

/*
 * Gives each word the values of its tokens, which come in the order of the text:
 * the tokenizer never reads across blanks.  next is the first line of a token.
 */
static void
GiveTokens(const InterestExplainedText *explained, InterestStep *words, int count)
{
	const InterestTokenizer *tokenizer = &explained->query->encoder->tokenizer;
	const InterestLines *lines = &explained->lines;
	InterestArena *scratch = &explained->query->scratch->arena;
	int64		next = 0;

	for (int w = 0; w < count; w++)
	{
		InterestArenaMark mark = InterestArenaGetMark(scratch);
		int32	   *ids;
		int			left = InterestTokenize(tokenizer, words[w].label.data, words[w].label.length,
											explained->query->encoder->encoder.config.max_length, scratch, &ids) - 2;

		InterestArenaReturnTo(scratch, mark);
		for (; left > 0 && next < lines->count; next++)
			if (strcmp(lines->lines[next].part, "token") == 0)
			{
				AddTo(&words[w], lines->lines[next].value);
				left--;
			}
	}
}

/* Gives the value of a lexeme to the words that it is of, in equal parts. */
static void
GiveLexeme(const InterestLine *line, const InterestWords *lexemes, InterestStep *words, int count)
{
	int			places = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int w = 0; w < count; w++)
			for (int i = 0; i < lexemes[w].count; i++)
				if (InterestSpanCompare(lexemes[w].words[i].text, line->feature) == 0)
				{
					if (pass == 0)
						places++;
					else
						AddTo(&words[w], line->value / places);
				}
}

static void
GiveLexemes(const InterestExplainedText *explained, InterestStep *words, int count)
{
	InterestWords *lexemes = palloc(sizeof(InterestWords) * Max(count, 1));

	for (int w = 0; w < count; w++)
		InterestReadWords(explained->query->lexer, words[w].label, &lexemes[w]);
	for (int64 i = 0; i < explained->lines.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (strcmp(explained->lines.lines[i].part, "word") == 0)
			GiveLexeme(&explained->lines.lines[i], lexemes, words, count);
	}
}

bool
InterestPictureWords(const InterestPictureRequest *request, InterestMarkup *out)
{
	InterestStep *words = palloc(sizeof(InterestStep) * (INTEREST_MOST_WORDS + 1));
	InterestShadedText picture = {.words = words};
	InterestExplainedText explained;
	double		sum = 0;
	double		said = 0;

	InterestExplainText(request->model, request->body, request->interest, NULL, 0, 0, &explained);
	picture.count = CutWords(explained.text, words, INTEREST_MOST_WORDS + 1);
	if (picture.count == 0 || explained.lines.count == 0)
		return false;
	picture.title = InterestUtf8Format("What a text says of %s", text_to_cstring(DatumGetTextPP(InterestNameText(explained.lines.interest))));
	if (explained.query->encoder)
		GiveTokens(&explained, words, picture.count);
	if (explained.query->lexer)
		GiveLexemes(&explained, words, picture.count);
	for (int64 i = 0; i < explained.lines.count; i++)
		sum += explained.lines.lines[i].value;
	for (int i = 0; i < picture.count; i++)
		said += isnan(words[i].value) ? 0 : words[i].value;
	picture.note = psprintf("The words say %+.2f of a logit of %+.2f.", said, sum);
	InterestDrawText(&picture, out);
	return true;
}

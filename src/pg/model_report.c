/*
 * model_report.c
 *	  interest_report: one page of a model.
 *
 * Every part is read as the caller; what he may not see, or what cannot be made,
 * is a line that says why.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/explain/ledger.h"
#include "core/picture/page.h"
#include "pg/attempt.h"
#include "pg/list.h"
#include "pg/live.h"
#include "pg/pictures.h"
#include "pg/progress.h"

#define REPORT_BLOCK (1024 * 1024)
#define MOST_FACTS 24
#define MOST_INTERESTS 20

typedef struct Report
{
	InterestPictureRequest request;
	const InterestDefinition *definition;
	int			user_count;
	Datum	   *users;			/* (user_count), texts */
	bool	   *nulls;			/* (user_count) */
	InterestMarkup *out;
} Report;

/*
 * Tries a part; where it fails, what it has put is taken back, and its heading
 * and the reason stand there.
 */
static void
PutPart(Report *report, const char *heading, void (*part) (void *report))
{
	size_t		length = report->out->length;
	ErrorData  *error = InterestAttempt(part, report);

	if (error == NULL)
		return;
	InterestProgressEnd();
	report->out->length = length;
	InterestPageHeading(report->out, heading);
	InterestPageParagraph(report->out, InterestUtf8Format("Not shown: %s.", error->message));
}

/* --- what it is --- */

typedef struct Facts
{
	int			count;
	InterestSpan cells[MOST_FACTS * 2];
} Facts;

/* A fact, where there is one. */
static void
AddFact(Facts *facts, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	facts->cells[2 * facts->count] = InterestSpanOf(name);
	facts->cells[2 * facts->count++ + 1] = InterestUtf8Of(value);
}

static char *
JoinNames(char *const *names, int count)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < count; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "", names[i]);
	return out.data;
}

static char *
HalfLives(const InterestDefinition *definition)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		double		days = (double) definition->half_life[g] / USECS_PER_DAY;

		appendStringInfo(&out, "%s%s %g day%s", g > 0 ? ", " : "", InterestPartName((InterestPart) g), days, days == 1 ? "" : "s");
	}
	return out.data;
}

static void
PutDefinition(Report *report, const InterestVersion *version, const InterestLoadedModel *model)
{
	const InterestDefinition *definition = report->definition;
	const InterestColumns *columns = &definition->columns;
	Facts		facts = {0};
	InterestTable table = {.caption = "Definition", .columns = 2, .cells = facts.cells};

	AddFact(&facts, "task", InterestTaskName(definition->task));
	AddFact(&facts, "source", InterestHasSource(definition) ?
			psprintf("%s.%s", definition->source_schema, definition->source_name) : NULL);
	AddFact(&facts, "owner", definition->owner);
	AddFact(&facts, "version", psprintf("%d of %d", version->version, definition->versions));
	AddFact(&facts, "user and time", psprintf("%s, %s", columns->user_id, columns->at));
	AddFact(&facts, "label", columns->label);
	AddFact(&facts, "kind", columns->kind);
	AddFact(&facts, "texts", JoinNames(columns->texts, columns->text_count));
	AddFact(&facts, "numerics", JoinNames(columns->numerics, columns->numeric_count));
	AddFact(&facts, "categoricals", JoinNames(columns->categoricals, columns->categorical_count));
	AddFact(&facts, "vectors", JoinNames(columns->vectors, columns->vector_count));
	AddFact(&facts, "encoder", definition->encoder);
	AddFact(&facts, "words by", definition->text_search);
	AddFact(&facts, "half-lives", HalfLives(definition));
	AddFact(&facts, "dimensions", psprintf("%d", model->model.shape.dimensions));
	AddFact(&facts, "fusion and head", psprintf("%s, %s", InterestFusionName(model->model.network.fusion.kind),
												InterestHeadName(model->model.head.kind)));
	AddFact(&facts, "interests", psprintf("%d", model->model.interests.count));
	table.rows = facts.count;
	InterestPageHeading(report->out, "What it is");
	InterestPageTable(report->out, &table);
}

/* --- how good it is --- */

/* Figures of all interests, in the order of the table. */
static const struct
{
	const char *metric;
	const char *shown;
}			metrics[] = {
	{"accuracy", "accuracy of the first interest"}, {"subset_accuracy", "all interests right"}, {"auc", "macro AUC"},
	{"macro_f1", "macro F1"}, {"log_loss", "log loss"}, {"brier", "Brier score"}, {"ece", "calibration error (ECE)"},
};

static const InterestSystem systems[] = {
	INTEREST_SYSTEM_MODEL, INTEREST_SYSTEM_HISTORY, INTEREST_SYSTEM_CENTROID, INTEREST_SYSTEM_MAJORITY
};

#define SYSTEMS ((int) lengthof(systems))

static const InterestFigure *
FindFigure(const InterestEvaluation *evaluation, InterestSystem system, const char *metric, int interest)
{
	for (int i = 0; i < evaluation->figure_count; i++)
	{
		const InterestFigure *figure = &evaluation->figures[i];

		if (figure->system == system && figure->interest == interest && strcmp(figure->metric, metric) == 0)
			return figure;
	}
	return NULL;
}

/* "0.123 +- 0.004", or nothing. */
static InterestSpan
FigureText(const InterestFigure *figure, InterestArena *arena)
{
	InterestMarkup text;

	InterestMarkupBegin(&text, arena);
	if (figure && !isnan(figure->value))
	{
		InterestPutDecimal(&text, figure->value, 3);
		if (!isnan(figure->error))
		{
			InterestPut(&text, " \302\261 ");
			InterestPutDecimal(&text, figure->error, 3);
		}
	}
	return (InterestSpan) {text.data, text.length};
}

static void
PutFigures(Report *report, const InterestEvaluation *evaluation)
{
	const char *headings[SYSTEMS + 1] = {"figure"};
	InterestSpan cells[lengthof(metrics) * (SYSTEMS + 1)];
	InterestTable table = {
		.caption = "Beside baselines, with standard errors over users", .columns = 1, .headings = headings, .cells = cells, .numeric = true
	};
	InterestSystem present[SYSTEMS];

	for (int s = 0; s < SYSTEMS; s++)
		if (FindFigure(evaluation, systems[s], "accuracy", -1))
		{
			present[table.columns - 1] = systems[s];
			headings[table.columns++] = InterestSystemName(systems[s]);
		}
	for (int m = 0; m < (int) lengthof(metrics); m++)
	{
		InterestSpan *row = cells + table.rows * table.columns;
		const InterestFigure *own = FindFigure(evaluation, INTEREST_SYSTEM_MODEL, metrics[m].metric, -1);

		if (own == NULL || isnan(own->value))
			continue;
		row[0] = InterestSpanOf(metrics[m].shown);
		for (int c = 1; c < table.columns; c++)
			row[c] = FigureText(FindFigure(evaluation, present[c - 1], metrics[m].metric, -1), report->out->arena);
		table.rows++;
	}
	InterestPageTable(report->out, &table);
}

/* The interests that most samples have. */
static void
PutInterests(Report *report, const InterestEvaluation *evaluation, const InterestNames *interests)
{
	static const char *const headings[] = {"interest", "samples", "AUC", "precision", "recall", "F1"};
	static const char *const columns[] = {"positives", "auc", "precision", "recall", "f1"};
	InterestSpan cells[MOST_INTERESTS * lengthof(headings)];
	InterestTable table = {
		.caption = "Its commonest interests", .columns = lengthof(headings), .headings = headings, .cells = cells, .numeric = true
	};
	bool	   *taken = palloc0(sizeof(bool) * Max(interests->count, 1));

	for (; table.rows < Min(interests->count, MOST_INTERESTS); table.rows++)
	{
		InterestSpan *row = cells + table.rows * table.columns;
		const InterestFigure *most = NULL;

		for (int i = 0; i < evaluation->figure_count; i++)
		{
			const InterestFigure *figure = &evaluation->figures[i];

			if (figure->system == INTEREST_SYSTEM_MODEL && figure->interest >= 0 && !taken[figure->interest] &&
				strcmp(figure->metric, "positives") == 0 && (most == NULL || figure->value > most->value))
				most = figure;
		}
		if (most == NULL || most->value == 0)
			break;
		taken[most->interest] = true;
		row[0] = interests->spans[most->interest];
		row[1] = InterestUtf8Format("%.0f", most->value);
		for (int c = 1; c < (int) lengthof(columns); c++)
			row[c + 1] = FigureText(FindFigure(evaluation, INTEREST_SYSTEM_MODEL, columns[c], most->interest), report->out->arena);
	}
	InterestPageTable(report->out, &table);
}

/* The rows are read once for all of it. */
static void
PutMeasures(void *context)
{
	Report	   *report = context;
	InterestMeasured measured;
	InterestEvaluation evaluation;
	InterestPredictions predictions;
	InterestSpan *users;

	InterestMeasureBegin(report->request.model, NULL, InvalidOid, &measured);
	InterestMeasureSystems(&measured, &evaluation);
	InterestMeasurePredict(&measured, &predictions, &users);
	InterestPageHeading(report->out, "Its data");
	InterestPageParagraph(report->out, InterestUtf8Format("%d rows of %d users: %d users teach, %d validate, %d test and were never trained on. "
														  "%d rows without time and %d with nothing but a time were skipped.",
														  evaluation.counts.rows, evaluation.counts.users, evaluation.counts.training_users,
														  evaluation.counts.validation_users, evaluation.counts.test_users,
														  evaluation.counts.rows_without_time, evaluation.counts.rows_without_content));
	InterestPageHeading(report->out, "How good it is");
	InterestPageParagraph(report->out, InterestUtf8Format("Measured on %d samples of %d test users.", evaluation.samples, evaluation.users));
	PutFigures(report, &evaluation);
	PutInterests(report, &evaluation, &measured.model->model.interests);
	InterestPageBeginPictures(report->out);
	(void) InterestPictureRoc(&report->request, &measured, &predictions, report->out);
	(void) InterestPictureReliability(&report->request, &measured, &predictions, report->out);
	(void) InterestPictureConfusion(&report->request, &measured, &predictions, report->out);
	InterestPageEndPictures(report->out);
	InterestMeasureEnd(&measured);
}

/* --- the others --- */

static void
PutTraining(void *context)
{
	Report	   *report = context;

	InterestPageHeading(report->out, "How it was trained");
	InterestPageBeginPictures(report->out);
	if (!InterestPictureTraining(&report->request, report->out))
		InterestPageParagraph(report->out, InterestSpanOf("It was made of the names of its interests, without training."));
	InterestPageEndPictures(report->out);
}

static void
PutMap(void *context)
{
	Report	   *report = context;

	InterestPageHeading(report->out, "Its users");
	InterestPageBeginPictures(report->out);
	if (!InterestPictureNamelessMap(&report->request, report->out))
		InterestPageParagraph(report->out, InterestSpanOf("There are none, or none that you may see."));
	InterestPageEndPictures(report->out);
}

static void
PutUsers(void *context)
{
	Report	   *report = context;

	InterestPageHeading(report->out, "Some of them");
	InterestPageBeginPictures(report->out);
	for (int i = 0; i < report->user_count; i++)
	{
		if (report->nulls[i])
			continue;
		report->request.user = report->users[i];
		report->request.user_type = TEXTOID;
		if (InterestPictureUser(&report->request, report->out))
			(void) InterestPictureLedger(&report->request, report->out);
		else
			InterestPageParagraph(report->out, InterestUtf8Format("%s has no rows.", TextDatumGetCString(report->users[i])));
	}
	InterestPageEndPictures(report->out);
}

static void
PutDoctor(void *context)
{
	static const char *const headings[] = {"check", "status", "finding", "what to do"};
	Report	   *report = context;
	Oid			type = TEXTOID;
	Datum		model = CStringGetTextDatum(report->request.model);
	InterestTable table = {.caption = "What interest_doctor finds", .columns = lengthof(headings), .headings = headings};
	InterestSpan *cells;

	InterestPageHeading(report->out, "What to look after");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(psprintf("SELECT d.check_name, d.status, d.detail, d.fix FROM %s.interest_doctor($1) d WHERE d.status OPERATOR(pg_catalog.<>) 'ok'",
									   InterestSchemaSql()), 1, &type, &model, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of findings failed: %s", SPI_result_code_string(SPI_result));
	table.rows = (int) SPI_processed;
	cells = palloc(sizeof(InterestSpan) * table.columns * Max(table.rows, 1));
	for (int i = 0; i < table.rows * table.columns; i++)
	{
		char	   *value = SPI_getvalue(SPI_tuptable->vals[i / table.columns], SPI_tuptable->tupdesc, i % table.columns + 1);

		cells[i] = InterestUtf8Of(value ? value : "");
	}
	table.cells = cells;
	if (table.rows > 0)
		InterestPageTable(report->out, &table);
	else
		InterestPageParagraph(report->out, InterestSpanOf("interest_doctor finds nothing wrong."));
	SPI_finish();
}

INTEREST_FUNCTION(interest_report);
Datum
interest_report(PG_FUNCTION_ARGS)
{
	char	   *model = InterestModelName(PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)));
	InterestDefinition *definition = InterestUsableModel(model);
	const InterestVersion *version = InterestDeployedVersion(model);
	InterestMarkup out;
	Report		report = {
		.request.model = model, .definition = definition, .out = &out
	};

	if (!PG_ARGISNULL(1))
		report.user_count = InterestListElements(PG_GETARG_ARRAYTYPE_P(1), "users", &report.users, &report.nulls);
	InterestMarkupBegin(&out, &InterestArenaBegin(CurrentMemoryContext, "interest report", REPORT_BLOCK)->arena);
	InterestPageBegin(&out, InterestUtf8Format("Model %s", model),
					  InterestHasSource(definition) ?
					  InterestUtf8Format("What interests the users of %s.%s, and how well this model knows it.",
										 definition->source_schema, definition->source_name) :
					  InterestUtf8Format("What interests users, by the names of %d interests.", definition->interest_count));
	PutDefinition(&report, version, InterestLoadVersion(version));
	PutPart(&report, "How good it is", PutMeasures);
	PutPart(&report, "How it was trained", PutTraining);
	PutPart(&report, "Its users", PutMap);
	if (!PG_ARGISNULL(1))
		PutPart(&report, "Some of them", PutUsers);
	PutPart(&report, "What to look after", PutDoctor);
	InterestPageEnd(&out);
	PG_RETURN_DATUM(InterestMarkupDatum(&out));
}

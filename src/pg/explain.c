/*
 * explain.c
 *	  Why a user has an interest: interest_explain.
 */
#include "pg/compat.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/explain/counterfactual.h"
#include "core/explain/removal.h"
#include "core/explain/split.h"
#include "core/explain/surrogate.h"
#include "pg/explain_lines.h"
#include "pg/scores.h"

/* A user, an interest of his, and its logit. */
typedef struct Explained
{
	InterestUserRows rows;
	const InterestModel *model;
	const InterestReadingModel *reading;
	int			interest;
	InterestLogit logit;
	int			samples;		/* 0: as many as are usual */
	uint64		seed;
	InterestArena *arena;
} Explained;

typedef struct Method
{
	const char *name;
	bool		words;			/* the rows' words are needed */
	void		(*explain) (Explained *explained, InterestLines *lines);
} Method;

/* The interest that the argument names, or the first one of the user. */
static int
InterestArgument(FunctionCallInfo fcinfo, int argument, const InterestUserRows *rows)
{
	const InterestLoadedModel *model = rows->query->model;
	InterestReading reading;
	float		probability;

	if (PG_ARGISNULL(argument))
	{
		if (!InterestReadKeptRows(rows, NULL, &rows->arena->arena, &reading))
			elog(ERROR, "a user without rows has no first interest");
		return InterestBestInterest(model, reading.vector[INTEREST_USER], reading.mass[INTEREST_COARSE],
									&rows->arena->arena, &probability);
	}
	return InterestNumberOf(&model->model.interests, PG_GETARG_TEXT_PP(argument));
}

/*
 * The ledger, and the words within its rows
 */

/* A word by its number among those of all columns. */
static InterestSpan
WordName(const InterestFeatures *features, int column, int word)
{
	const InterestWordColumn *words = &features->word_columns[column];

	return words->words.spans[word - words->first];
}

/* The lines of a row's words in one part. */
static void
AddWords(const Explained *explained, const InterestRowSplit *split, InterestLine line, double coefficient,
		 InterestLines *lines)
{
	const InterestRowNetwork *network = &explained->model->network;
	const InterestUserRow *row = &explained->rows.rows[line.row];

	line.part = "word";
	for (int c = 0; c < network->features.text_count; c++)
		for (int i = 0; row->words[c] && i < row->words[c]->count; i++)
		{
			const InterestRowWord *word = &row->words[c]->words[i];

			line.feature = WordName(&network->features, c, word->word);
			line.value = coefficient * InterestSplitWord(network, split, word);
			InterestAddLine(lines, line);
		}
}

static InterestSpan
NameVector(const Explained *explained, int column)
{
	const char *name = explained->rows.query->definition->columns.vectors[column];

	return (InterestSpan) {name, strlen(name)};
}

/* The lines of a row in one part; where that is positive, what mu says is taken off. */
static void
AddPart(const Explained *explained, const InterestRowSplit *split, int row, int part, double coefficient,
		double mu, InterestLines *lines)
{
	InterestLine line = {.part = "row", .row = row, .granularity = InterestPartName((InterestPart) part), .shared = true};
	const InterestUserRow *input = &explained->rows.rows[row];

	for (int m = 0; m < explained->model->network.fusion.modalities; m++)
	{
		int			column = m - INTEREST_FIRST_VECTOR;

		if (m < INTEREST_TEXT_MODALITIES && input->input.texts.projected[m] == NULL)
			continue;
		if (column >= 0 && input->input.vectors[column] == NULL)
			continue;
		line.feature = column < 0 ? (InterestSpan) {0} : NameVector(explained, column);
		line.modality = InterestModalityName((InterestModality) m);
		line.value = coefficient * split->modality[m];
		if (m == INTEREST_WORDS && input->words)
			AddWords(explained, split, line, coefficient, lines);
		else
			InterestAddLine(lines, line);
	}
	line.modality = "base";
	line.feature = (InterestSpan) {0};
	line.value = coefficient * (split->base - (part == INTEREST_NEGATIVE ? 0 : mu));
	InterestAddLine(lines, line);
}

static void
ExplainLedger(Explained *explained, InterestLines *lines)
{
	InterestArena *scratch = &explained->rows.query->scratch->arena;
	InterestArithmetic arithmetic = {.kernel = explained->model->kernel, .scratch = scratch};
	InterestQuadrature quadrature;
	InterestLedger ledger;

	InterestQuadratureInit(&quadrature);
	InterestLedgerMake(explained->reading, explained->model->shape.half_life, &explained->logit,
					   explained->rows.count, explained->rows.explained, explained->arena, &ledger);
	InterestAddLine(lines, (InterestLine) {.part = "prior", .row = -1, .value = ledger.prior});
	for (int i = 0; i < explained->rows.count; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(scratch);
		InterestRowSplit split;

		CHECK_FOR_INTERRUPTS();
		InterestSplitRow(&explained->model->network, &arithmetic, &quadrature, &explained->rows.rows[i].input,
						 explained->logit.direction, &split);
		for (int part = 0; part < INTEREST_PARTS; part++)
			if (ledger.coefficient[i][part] != 0)
				AddPart(explained, &split, i, part, ledger.coefficient[i][part], ledger.mu, lines);
		InterestArenaReturnTo(scratch, mark);
	}
}

/*
 * Surrogates: rows that are left out are really removed
 */

/* Usual masks: those of the package shap. */
#define USUAL_SAMPLES(features) (2 * (features) + 2048)

static double
LogitOfKept(void *context, const bool *kept)
{
	return InterestRemovalLogit(context, kept);
}

static void
RequireFewRows(const Explained *explained)
{
	if (explained->rows.count > INTEREST_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("user has %d rows, and this method takes at most %d", explained->rows.count, INTEREST_MAX_FEATURES),
				 errhint("The method ledger takes any number of rows.")));
}

static void
ExplainSurrogate(Explained *explained, InterestAddSurrogate add, InterestLines *lines)
{
	InterestRemoval removal;
	InterestGame game = {&removal, explained->rows.count, LogitOfKept};

	RequireFewRows(explained);
	InterestRemovalInit(&removal, explained->reading, explained->model->shape.half_life, &explained->logit,
						explained->rows.count, explained->rows.explained, explained->arena);
	add(lines, &game, NULL, explained->samples ? explained->samples : USUAL_SAMPLES(game.features), explained->seed,
		explained->arena);
}

static void
ExplainLime(Explained *explained, InterestLines *lines)
{
	ExplainSurrogate(explained, InterestAddLime, lines);
}

static void
ExplainShap(Explained *explained, InterestLines *lines)
{
	ExplainSurrogate(explained, InterestAddShap, lines);
}

/*
 * The counterfactual
 */

/* The first interest by a real reading, in memory that is given back. */
static int
ReadFirst(void *context, const bool *kept)
{
	const Explained *explained = context;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest counterfactual", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	InterestArenaMark mark = InterestArenaGetMark(explained->arena);
	InterestReading reading;
	float		probability;
	int			first = -1;

	if (InterestReadKeptRows(&explained->rows, kept, explained->arena, &reading))
		first = InterestBestInterest(explained->rows.query->model, reading.vector[INTEREST_USER],
									 reading.mass[INTEREST_COARSE], explained->arena, &probability);
	InterestArenaReturnTo(explained->arena, mark);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return first;
}

/* The lead of the first interest over another, which falls as rows are removed. */
static void
AddRemoved(const Explained *explained, const InterestCounterfactualCase *what, const InterestCounterfactual *found,
		   InterestLines *lines)
{
	const InterestLogit *first = &what->logits[what->first];
	const InterestLogit *other = &what->logits[found->first];
	double	   *direction = palloc(sizeof(double) * what->model->dimensions);
	InterestLogit lead = {direction, first->offset - other->offset};
	bool	   *kept = palloc(sizeof(bool) * what->count);
	InterestRemoval removal;
	double		before;

	for (int j = 0; j < what->model->dimensions; j++)
		direction[j] = first->direction[j] - other->direction[j];
	InterestRemovalInit(&removal, what->model, what->half_lives, &lead, what->count, what->rows, explained->arena);
	memset(kept, true, sizeof(bool) * what->count);
	before = InterestRemovalLogit(&removal, kept);
	InterestAddLine(lines, (InterestLine) {
		.part = "lead", .row = -1, .feature = explained->model->interests.spans[found->first], .value = before
	});
	for (int i = 0; i < what->count; i++)
	{
		double		after;

		if (found->kept[i])
			continue;
		kept[i] = false;
		after = InterestRemovalLogit(&removal, kept);
		InterestAddLine(lines, (InterestLine) {
			.part = found->fewest ? "fewest removed" : "removed", .row = i, .value = after - before, .shared = true
		});
		before = after;
	}
}

static void
ExplainCounterfactual(Explained *explained, InterestLines *lines)
{
	int			interests = explained->model->interests.count;
	InterestLogit *logits = palloc(sizeof(InterestLogit) * interests);
	InterestCounterfactualCase what = {
		.model = explained->reading, .half_lives = explained->model->shape.half_life, .interests = interests,
		.logits = logits, .first = explained->interest, .count = explained->rows.count,
		.rows = explained->rows.explained, .read = ReadFirst, .context = explained
	};
	InterestCounterfactual found;

	RequireFewRows(explained);
	if (ReadFirst(explained, NULL) != explained->interest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a counterfactual is about the first interest of a user"),
				 errhint("Leave the interest out.")));
	for (int i = 0; i < interests; i++)
		logits[i] = InterestLogitOf(&explained->model->head, i, explained->arena);
	if (InterestFindCounterfactual(&what, explained->arena, &found))
		AddRemoved(explained, &what, &found, lines);
}

static const Method methods[] = {
	{"ledger", false, ExplainLedger},
	{"words", true, ExplainLedger},
	{"shap", false, ExplainShap},
	{"lime", false, ExplainLime},
	{"counterfactual", false, ExplainCounterfactual},
};

static const Method *
MethodArgument(FunctionCallInfo fcinfo, int argument)
{
	char	   *name = PG_ARGISNULL(argument) ? pstrdup("ledger") : text_to_cstring(PG_GETARG_TEXT_PP(argument));

	for (int i = 0; i < (int) lengthof(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown method \"%s\"", name),
			 errhint("Methods are ledger, words, shap, lime and counterfactual.")));
}

INTEREST_FUNCTION(interest_explain);
Datum
interest_explain(PG_FUNCTION_ARGS)
{
	char	   *model = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	const Method *method = MethodArgument(fcinfo, 2);
	Explained	explained;
	InterestLines lines;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	InterestReadUserRows(InterestModelName(model), PG_GETARG_DATUM(0), get_fn_expr_argtype(fcinfo->flinfo, 0),
						 method->words, &explained.rows);
	if (explained.rows.count == 0)
		return (Datum) 0;
	explained.model = &explained.rows.query->model->model;
	explained.reading = &explained.rows.query->model->reading;
	explained.arena = &explained.rows.arena->arena;
	explained.samples = InterestSamplesArgument(fcinfo, 4);
	explained.seed = PG_ARGISNULL(5) ? 0 : (uint64) PG_GETARG_INT64(5);
	explained.interest = InterestArgument(fcinfo, 1, &explained.rows);
	explained.logit = InterestLogitOf(&explained.model->head, explained.interest, explained.arena);
	InterestLinesBegin(&lines, method->name, explained.model->interests.spans[explained.interest], &explained.rows);
	method->explain(&explained, &lines);
	InterestPutLines(&lines, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

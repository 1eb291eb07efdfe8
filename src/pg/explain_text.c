/*
 * explain_text.c
 *	  Why a text is about an interest: interest_explain_text.
 *
 * The text is read as the only row of a user, in the model's first text column,
 * with a weight of 1 and nothing else but a time: the first hour of 2000.
 */
#include "pg/compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/explain/ledger.h"
#include "core/explain/split.h"
#include "core/explain/surrogate.h"
#include "core/explain/tokens.h"
#include "pg/encode.h"
#include "pg/explain_text.h"
#include "pg/scores.h"

#define TEXT_BLOCK (256 * 1024)

/* Masks of a surrogate, usually: each is a text to be encoded. */
#define USUAL_SAMPLES 1000

/* A text as a row, and an interest's logit. */
typedef struct Explained
{
	InterestRowQuery *query;
	const InterestModel *model;
	InterestArena *arena;
	InterestSpan text;			/* UTF-8 */
	const float *sentence;		/* what the encoder makes of it, or NULL */
	InterestLogit logit;
	double		prior;			/* the logit of the prior */
	double		mu;				/* what mu says */
	double		coefficient;	/* a row adds coefficient (direction . v - mu) to the prior */
	int			samples;
	uint64		seed;
	InterestSpan *units;		/* words between blanks, for surrogates */
} Explained;

typedef struct Method
{
	const char *name;
	bool		encoder;		/* the model must have one */
	void		(*explain) (Explained *explained, InterestLines *lines);
} Method;

/* The row that has this text: its words, no sentence yet; false where there is no text. */
static bool
MakeInput(const Explained *explained, InterestSpan text, InterestArena *arena, InterestRowInput *input)
{
	const InterestFeatures *features = &explained->model->network.features;
	const InterestColumns *columns = &explained->query->definition->columns;
	InterestSpan *texts = palloc0(sizeof(InterestSpan) * columns->text_count);
	double	   *numerics = palloc(sizeof(double) * Max(columns->numeric_count, 1));
	const InterestWordBlock **blocks = InterestArenaAllocateZero(arena, sizeof(void *) * columns->text_count);
	InterestBehaviour behaviour = {
		.has_time = true, .texts = texts, .numerics = numerics,
		.categoricals = palloc0(sizeof(InterestValues) * Max(columns->categorical_count, 1))
	};
	InterestRowTexts row_texts = {0};
	InterestStatus status;
	float	   *present = InterestArenaAllocateZero(arena, sizeof(float) * Max(features->sentence_width, 1));

	texts[0] = text;
	for (int i = 0; i < columns->numeric_count; i++)
		numerics[i] = NAN;
	if (explained->query->lexer && text.length > 0)
	{
		InterestWords words;

		InterestReadWords(explained->query->lexer, text, &words);
		blocks[0] = InterestWordBlockOf(&features->word_columns[0], &words, arena);
	}
	if (explained->query->lexer)
		row_texts.words = blocks;
	/* Any sentence will do to make the input; it is put in later. */
	if (features->sentence_width > 0 && InterestJoinTexts(&behaviour, 1, NULL) > 0)
		row_texts.sentence = present;
	if (InterestRowInputOf(features, &behaviour, &row_texts, arena, input, &status) == INTEREST_ROW_FAILED)
		InterestReport(&status);
	return row_texts.sentence || blocks[0];
}

/* Encodes without a trace in the caches: masked texts come but once. */
static const float *
EncodeOnce(const Explained *explained, InterestSpan text, InterestArena *arena)
{
	const InterestLoadedEncoder *encoder = explained->query->encoder;
	float	   *vector = InterestArenaArray(arena, float, encoder->encoder.config.hidden);
	InterestStatus status;
	int32	   *ids;
	int			length = InterestTokenize(&encoder->tokenizer, text.data, text.length,
										  encoder->encoder.config.max_length, arena, &ids);

	if (!InterestEncode(&encoder->encoder, arena, 1, ids, &length, vector, &status))
		InterestReport(&status);
	return vector;
}

/* The row with its sentence, split in the logit's direction; false where there is no text. */
static bool
SplitText(const Explained *explained, InterestSpan text, const float *sentence, InterestArena *arena,
		  InterestRowInput *input, InterestRowSplit *split)
{
	InterestArithmetic arithmetic = {.kernel = explained->model->kernel, .scratch = arena};
	InterestQuadrature quadrature;

	if (!MakeInput(explained, text, arena, input))
		return false;
	if (input->texts.sentence)
		input->texts.sentence = sentence ? sentence : EncodeOnce(explained, text, arena);
	InterestQuadratureInit(&quadrature);
	InterestSplitRow(&explained->model->network, &arithmetic, &quadrature, input, explained->logit.direction, split);
	return true;
}

/* The lines of a row but for its sentence, and the prior's. */
static void
AddPieces(const Explained *explained, const InterestRowInput *input, const InterestRowSplit *split,
		  InterestLines *lines)
{
	const InterestWordBlock *block = input->texts.words ? input->texts.words[0] : NULL;
	const InterestWordColumn *column = explained->model->network.features.word_columns;

	InterestAddLine(lines, (InterestLine) {.part = "prior", .row = -1, .value = explained->prior});
	InterestAddLine(lines, (InterestLine) {
		.part = "row", .row = -1, .modality = "base", .shared = true,
		.value = explained->coefficient * (split->base - explained->mu)
	});
	InterestAddLine(lines, (InterestLine) {
		.part = "row", .row = -1, .modality = InterestModalityName(INTEREST_NON_TEXT), .shared = true,
		.value = explained->coefficient * split->modality[INTEREST_NON_TEXT]
	});
	for (int i = 0; block && i < block->count; i++)
		InterestAddLine(lines, (InterestLine) {
			.part = "word", .row = -1, .modality = InterestModalityName(INTEREST_WORDS), .shared = true,
			.feature = column->words.spans[block->words[i].word - column->first],
			.value = explained->coefficient * InterestSplitWord(&explained->model->network, split, &block->words[i])
		});
}

static InterestLine
SentenceLine(const char *part, InterestSpan feature, double value)
{
	return (InterestLine) {
		.part = part, .row = -1, .modality = InterestModalityName(INTEREST_SENTENCE), .feature = feature,
		.value = value, .shared = true
	};
}

static void
ExplainWords(Explained *explained, InterestLines *lines)
{
	const InterestSpan none = {NULL, 0};
	InterestRowInput input;
	InterestRowSplit split;

	if (!SplitText(explained, explained->text, explained->sentence, explained->arena, &input, &split))
		return;
	AddPieces(explained, &input, &split, lines);
	if (input.texts.sentence)
		InterestAddLine(lines, SentenceLine("row", none, explained->coefficient * split.modality[INTEREST_SENTENCE]));
}

/* What stands for no token: the mask, else what is unknown. */
static int32
BaselineToken(const InterestVocabulary *vocabulary)
{
	int32		mask = InterestVocabularySpecial(vocabulary, INTEREST_TOKEN_MASK);

	return mask >= 0 ? mask : InterestVocabularySpecial(vocabulary, INTEREST_TOKEN_UNK);
}

static InterestSpan
TokenName(const InterestVocabulary *vocabulary, int32 id)
{
	InterestSpan span;

	span.data = InterestVocabularyPiece(vocabulary, id, &span.length);
	return span;
}

static void
ExplainTokens(Explained *explained, InterestLines *lines)
{
	const InterestLoadedEncoder *encoder = explained->query->encoder;
	const InterestVocabulary *vocabulary = encoder->tokenizer.vocabulary;
	InterestRowInput input;
	InterestRowSplit split;
	InterestTokenCase what = {
		.encoder = &encoder->encoder, .network = &explained->model->network, .input = &input,
		.direction = explained->logit.direction, .sentence = explained->sentence, .baseline = BaselineToken(vocabulary)
	};
	InterestTokenValues values;
	InterestQuadrature quadrature;
	InterestStatus status;
	int32	   *ids;

	if (!MakeInput(explained, explained->text, explained->arena, &input) || input.texts.sentence == NULL)
		return;
	what.length = InterestTokenize(&encoder->tokenizer, explained->text.data, explained->text.length,
								   encoder->encoder.config.max_length, explained->arena, &ids);
	what.ids = ids;
	InterestQuadratureInit(&quadrature);
	if (!InterestExplainTokens(&what, &quadrature, explained->arena, &values, &status))
		InterestReport(&status);
	(void) SplitText(explained, explained->text, values.baseline_sentence, explained->arena, &input, &split);
	AddPieces(explained, &input, &split, lines);
	InterestAddLine(lines, SentenceLine("baseline", TokenName(vocabulary, what.baseline),
										explained->coefficient * split.modality[INTEREST_SENTENCE]));
	for (int i = 1; i < what.length - 1; i++)
		InterestAddLine(lines, SentenceLine("token", TokenName(vocabulary, ids[i]), explained->coefficient * values.token[i]));
	InterestAddLine(lines, (InterestLine) {
		.part = "gap", .row = -1, .modality = InterestModalityName(INTEREST_SENTENCE),
		.value = explained->coefficient * values.gap
	});
}

/*
 * Surrogates over words between blanks
 */

static int
CutUnits(Explained *explained)
{
	InterestSpan text = explained->text;
	InterestSpan word;
	int			count = 0;

	explained->units = palloc(sizeof(InterestSpan) * (INTEREST_MAX_FEATURES + 1));
	while (count <= INTEREST_MAX_FEATURES && (word = InterestTakeWord(&text)).length > 0)
		explained->units[count++] = word;
	if (count > INTEREST_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text has more than %d words", INTEREST_MAX_FEATURES),
				 errhint("Explain a part of it, or use the method words.")));
	return count;
}

/* The logit of the text with only some of its words; that of the prior without any. */
static double
LogitOfKept(void *context, const bool *kept)
{
	const Explained *explained = context;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest masked text", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	InterestArenaMark mark = InterestArenaGetMark(explained->arena);
	StringInfoData text;
	InterestRowInput input;
	InterestRowSplit split;
	double		logit = explained->prior;

	initStringInfo(&text);
	for (int i = 0; explained->units[i].data; i++)
	{
		if (!kept[i])
			continue;
		if (text.len > 0)
			appendStringInfoChar(&text, ' ');
		appendBinaryStringInfo(&text, explained->units[i].data, (int) explained->units[i].length);
	}
	if (SplitText(explained, (InterestSpan) {text.data, (size_t) text.len}, NULL, explained->arena, &input, &split))
	{
		double		said = split.base;

		for (int m = 0; m < explained->model->network.fusion.modalities; m++)
			said += split.modality[m];
		logit += explained->coefficient * (said - explained->mu);
	}
	InterestArenaReturnTo(explained->arena, mark);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return logit;
}

static void
ExplainSurrogate(Explained *explained, InterestAddSurrogate add, InterestLines *lines)
{
	InterestGame game = {explained, CutUnits(explained), LogitOfKept};

	if (game.features == 0)
		return;
	explained->units[game.features] = (InterestSpan) {NULL, 0};
	add(lines, &game, explained->units, explained->samples ? explained->samples : USUAL_SAMPLES, explained->seed,
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
 * Attention, which explains nothing by itself
 */
static void
ExplainAttention(Explained *explained, InterestLines *lines)
{
	const InterestLoadedEncoder *encoder = explained->query->encoder;
	int32	   *ids;
	int			length = InterestTokenize(&encoder->tokenizer, explained->text.data, explained->text.length,
										  encoder->encoder.config.max_length, explained->arena, &ids);
	float	   *weights = InterestArenaArray(explained->arena, float, length);

	InterestEncodeAttention(&encoder->encoder, explained->arena, length, ids, weights);
	for (int i = 0; i < length; i++)
		InterestAddLine(lines, (InterestLine) {
			.part = "not an attribution", .row = -1, .modality = "attention",
			.feature = TokenName(encoder->tokenizer.vocabulary, ids[i]), .value = weights[i]
		});
}

static const Method methods[] = {
	{"tokens", true, ExplainTokens},
	{"words", false, ExplainWords},
	{"shap", false, ExplainShap},
	{"lime", false, ExplainLime},
	{"attention", true, ExplainAttention},
};

static const Method *
MethodOf(const char *name, const InterestRowQuery *query)
{
	for (int i = 0; i < (int) lengthof(methods); i++)
	{
		bool		meant = name ? strcmp(methods[i].name, name) == 0 : !methods[i].encoder || query->encoder;

		if (meant && methods[i].encoder && query->encoder == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("method \"%s\" needs a model with an encoder", name),
					 errhint("Methods without are words, shap and lime.")));
		if (meant)
			return &methods[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown method \"%s\"", name),
			 errhint("Methods are tokens, words, shap, lime and attention.")));
}

/* How a lone row is read, and the first interest of a user who has only this one. */
static void
ReadLoneRow(Explained *explained, int *interest)
{
	const InterestReadingModel *reading = &explained->query->model->reading;
	int			d = explained->model->shape.dimensions;
	float	   *u = InterestArenaArray(explained->arena, float, d);
	double	   *direction = InterestArenaAllocateZero(explained->arena, sizeof(double) * d);
	InterestExplainedRow row = {.weight = 1};
	InterestRowInput input;
	InterestRowSplit split;
	InterestLedger ledger;
	InterestSums sums;
	InterestSumsReading exact;
	float		probability;

	explained->logit.direction = direction;
	if (!SplitText(explained, explained->text, NULL, explained->arena, &input, &split))
		row.v = reading->mu;
	else
	{
		row.v = split.v;
		explained->sentence = input.texts.sentence;
	}
	InterestReadRows(reading, explained->model->shape.half_life, 1, &row, NULL, explained->arena, &sums, &exact);
	for (int j = 0; j < d; j++)
		u[j] = (float) exact.vector[INTEREST_USER][j];
	if (*interest < 0)
		*interest = InterestBestInterest(explained->query->model, u, sums.mass[INTEREST_COARSE], explained->arena, &probability);
	explained->logit = InterestLogitOf(&explained->model->head, *interest, explained->arena);
	InterestLedgerMake(reading, explained->model->shape.half_life, &explained->logit, 1, &row, explained->arena, &ledger);
	explained->prior = ledger.prior;
	explained->mu = ledger.mu;
	explained->coefficient = 0;
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		explained->coefficient += ledger.coefficient[0][g];
}

void
InterestExplainText(const char *model, text *body, text *interest, const char *method, int samples, uint64 seed,
					InterestExplainedText *result)
{
	Explained	explained = {.samples = samples, .seed = seed};
	const Method *by;
	int			number;

	explained.query = InterestRowQueryMake(CurrentMemoryContext, model);
	explained.model = &explained.query->model->model;
	explained.arena = &InterestArenaBegin(CurrentMemoryContext, "interest text", TEXT_BLOCK)->arena;
	if (explained.query->encoder == NULL && explained.query->lexer == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" reads no texts", explained.query->name),
				 errhint("interest_explain explains its users.")));
	if (explained.query->lexer)
		InterestLexerRequire(explained.query->lexer, explained.model->network.features.word_probe);
	by = MethodOf(method, explained.query);
	explained.text.data = InterestTextToUtf8(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), &explained.text.length);
	number = interest ? InterestNumberOf(&explained.model->interests, interest) : -1;
	ReadLoneRow(&explained, &number);
	InterestLinesBegin(&result->lines, by->name, explained.model->interests.spans[number], NULL);
	by->explain(&explained, &result->lines);
	result->query = explained.query;
	result->text = explained.text;
}

INTEREST_FUNCTION(interest_explain_text);
Datum
interest_explain_text(PG_FUNCTION_ARGS)
{
	char	   *method = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	char	   *model = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	InterestExplainedText explained;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	InterestExplainText(InterestModelName(model), PG_GETARG_TEXT_PP(0), PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1),
						method, InterestSamplesArgument(fcinfo, 4), PG_ARGISNULL(5) ? 0 : (uint64) PG_GETARG_INT64(5), &explained);
	InterestPutLines(&explained.lines, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

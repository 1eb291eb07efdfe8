/*
 * network_test.c
 *	  Rows and the row network; gradients against finite differences of a plain
 *	  second implementation in double.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/model/model.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define SPAN(text) ((InterestSpan) {(text), sizeof(text) - 1})
#define MISSING ((InterestSpan) {NULL, 0})

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)

static InterestArena arena;
static InterestRandom randomness;

/* Uniform in [-1, 1). */
static float
RandomFloat(void)
{
	return (float) (2.0 * InterestRandomUniform(&randomness) - 1.0);
}

static float *
RandomFloats(size_t count, float scale)
{
	float	   *values = InterestArenaArray(&arena, float, count);

	for (size_t i = 0; i < count; i++)
		values[i] = scale * RandomFloat();
	return values;
}

/* --- texts and names --- */

static void
CheckJoin(InterestSpan first, InterestSpan second, const char *expected)
{
	InterestSpan texts[] = {first, second};
	InterestBehaviour behaviour = {.texts = texts};
	char		joined[64] = {0};
	size_t		length = InterestJoinTexts(&behaviour, 2, NULL);

	CHECK_INTEGER(length, strlen(expected));
	CHECK_INTEGER(InterestJoinTexts(&behaviour, 2, joined), length);
	CHECK_STRING(joined, expected);
}

static void
TestJoin(void)
{
	CheckJoin(SPAN("title"), SPAN("body"), "title\nbody");
	CheckJoin(SPAN(" a "), SPAN("b"), " a \nb");
	CheckJoin(SPAN("a"), MISSING, "a");
	CheckJoin(MISSING, SPAN("b"), "b");
	CheckJoin(SPAN(" \t\n\v\f\r"), SPAN("b"), "b");
	CheckJoin(SPAN(""), SPAN(" "), "");
	CheckJoin(MISSING, MISSING, "");
	CheckJoin(SPAN("\xc2\xa0"), SPAN("\b"), "\xc2\xa0\n\b");	/* neither is ASCII white space */
}

static void
TestNames(void)
{
	const InterestSpan spans[] = {SPAN(""), SPAN("a"), SPAN("ab"), SPAN("b"), SPAN("\xc3\xa9")};
	const InterestNames names = {COUNT(spans), spans};
	const InterestNames none = {0, NULL};

	for (int i = 0; i < names.count; i++)
		CHECK_INTEGER(InterestNamesFind(&names, spans[i]), i);
	CHECK_INTEGER(InterestNamesFind(&names, SPAN("aa")), -1);
	CHECK_INTEGER(InterestNamesFind(&names, SPAN("c")), -1);
	CHECK_INTEGER(InterestNamesFind(&names, SPAN("\xff")), -1);
	CHECK_INTEGER(InterestNamesFind(&none, SPAN("a")), -1);
	CHECK(InterestSpanCompare(SPAN("a"), SPAN("ab")) < 0);
	CHECK(InterestSpanCompare(SPAN("b"), SPAN("ab")) > 0);
	CHECK(InterestSpanCompare(SPAN("z"), SPAN("\xc3\xa9")) < 0);
}

/* --- a model of every kind of column --- */

#define SENTENCE_WIDTH 11
#define DIMENSIONS 9

/* Two vector columns of one width, one that no training row had, one of another width. */
#define VECTORS 4
#define MODALITIES (INTEREST_FIRST_VECTOR + VECTORS)
static const int vector_widths[VECTORS] = {5, 5, 0, 17};

static const InterestNumeric numerics[] = {{30.0, 10.0}, {-1.5, 0.25}};
static const InterestSpan genders[] = {SPAN("F"), SPAN("M")};
static const InterestSpan genres[] = {
	SPAN("Action"), SPAN("Comedy"), SPAN("Drama"), SPAN("Horror"), SPAN("Sci-Fi")
};
static const InterestSpan kind_names[] = {SPAN("buy"), SPAN("hide")};
static const InterestKind kinds[] = {{4.0, false}, {2.0, true}};
static const InterestSpan interests[] = {SPAN("a"), SPAN("b"), SPAN("c"), SPAN("d"), SPAN("e")};

static const InterestSpan title_words[] = {SPAN("film"), SPAN("sea")};
static const int64_t title_rows[] = {2, 9};
static const InterestSpan body_words[] = {SPAN("film"), SPAN("quiet"), SPAN("sea"), SPAN("war")};
static const int64_t body_rows[] = {100, 2, 3, 40};

static InterestWordColumn *
MakeWordColumns(void)
{
	InterestWordColumn *columns = InterestArenaArray(&arena, InterestWordColumn, 2);

	columns[0] = (InterestWordColumn) {{COUNT(title_words), title_words}, title_rows, 50, 0};
	columns[1] = (InterestWordColumn) {{COUNT(body_words), body_words}, body_rows, 100, 0};
	return columns;
}

static InterestVectorColumn *
MakeVectorColumns(void)
{
	InterestVectorColumn *columns = InterestArenaAllocateZero(&arena, VECTORS * sizeof(*columns));

	for (int i = 0; i < VECTORS; i++)
		columns[i].width = vector_widths[i];
	return columns;
}

/* What a model has beside numerics, categoricals and time. */
enum
{
	SENTENCES = 1, WORDS = 2, OTHERS = 4, SHARED = 8, ALL_PARTS = 16
};

/* Bound to random parameters. */
static InterestModel
MakeModelOf(int parts, InterestFusionKind fusion, InterestHeadKind head)
{
	InterestModel model;
	InterestStatus status;
	InterestCategorical *categoricals;

	memset(&model, 0, sizeof(model));
	categoricals = InterestArenaAllocateZero(&arena, 2 * sizeof(*categoricals));
	categoricals[0].values = (InterestNames) {COUNT(genders), genders};
	categoricals[1].values = (InterestNames) {COUNT(genres), genres};
	model.shape = (InterestProfileShape) {DIMENSIONS, {180 * DAY, 14 * DAY, DAY}, {0}};
	model.interests = (InterestNames) {COUNT(interests), interests};
	model.head.kind = head;
	model.network.sentence_scale = INTEREST_SENTENCE_SCALE;
	model.network.fusion.kind = fusion;
	model.network.features = (InterestFeatures) {
		.text_count = 2, .sentence_width = parts & SENTENCES ? SENTENCE_WIDTH : 0,
		.word_columns = parts & WORDS ? MakeWordColumns() : NULL,
		.numeric_count = COUNT(numerics), .numerics = numerics,
		.categorical_count = 2, .categoricals = categoricals,
		.vector_count = parts & OTHERS ? VECTORS : 0, .vectors = parts & OTHERS ? MakeVectorColumns() : NULL,
		.shared_projection = parts & SHARED,
		.kind_names = {COUNT(kinds), kind_names}, .kinds = kinds
	};
	CHECK(InterestModelCreate(&model, &arena, &status));
	InterestModelBind(&model, RandomFloats(model.parameter_count, 0.25f));
	return model;
}

static InterestModel
MakeModel(int sentence_width, InterestHeadKind head)
{
	return MakeModelOf(WORDS | (sentence_width > 0 ? SENTENCES : 0), INTEREST_FUSION_CONCAT, head);
}

/* --- features --- */

static void
TestEmbeddingWidth(void)
{
	static const int expected[][2] = {
		{0, 1}, {1, 2}, {2, 3}, {4, 3}, {5, 4}, {19, 6}, {21, 6}, {196, 15}, {197, 16}, {65535, 16}
	};

	for (int i = 0; i < COUNT(expected); i++)
		CHECK_INTEGER(InterestEmbeddingWidth(expected[i][0]), expected[i][1]);
}

static const InterestRowTexts no_texts = {.sentence = NULL};

static void
CheckTime(int64_t time, double hour, double weekday)
{
	const double full = 2.0 * 3.14159265358979323846;
	InterestFeatures features = {0};
	InterestBehaviour behaviour = {.has_time = true, .time = time};
	InterestRowInput input;
	InterestStatus status;

	InterestFeaturesComplete(&features);
	CHECK_INTEGER(features.width, INTEREST_TIME_WIDTH);
	CHECK_INTEGER(InterestRowInputOf(&features, &behaviour, &no_texts, &arena, &input, &status),
				  INTEREST_ROW_DONE);
	CHECK_NEAR(input.dense[0], sin(full * hour / 24.0), 1e-7);
	CHECK_NEAR(input.dense[1], cos(full * hour / 24.0), 1e-7);
	CHECK_NEAR(input.dense[2], sin(full * weekday / 7.0), 1e-7);
	CHECK_NEAR(input.dense[3], cos(full * weekday / 7.0), 1e-7);
}

static void
TestTime(void)
{
	CheckTime(0, 0, 5);			/* Saturday, 2000-01-01 00:00 */
	CheckTime(-1, 23, 4);		/* the Friday before */
	CheckTime(2 * DAY + 6 * HOUR, 6, 0);	/* Monday */
	CheckTime(2 * DAY + 7 * HOUR - 1, 6, 0);
	CheckTime(-5 * DAY, 0, 0);	/* 1999-12-27, a Monday */
	CheckTime(-5 * DAY - 1, 23, 6);
	CheckTime(INT64_C(749606400000000), 0, 1);	/* 2023-10-03, a Tuesday */
	CheckTime(INT64_MAX - 1, 4, (106751991 + 5) % 7);
}

/* A row of the model above with nothing but a time. */
static InterestBehaviour
EmptyRow(void)
{
	static const InterestSpan texts[2];
	static const InterestValues categoricals[2];
	static const double missing[] = {NAN, NAN};

	return (InterestBehaviour) {
		.has_time = true, .texts = texts, .numerics = missing, .categoricals = categoricals
	};
}

static void
TestInput(void)
{
	InterestModel model = MakeModel(SENTENCE_WIDTH, INTEREST_HEAD_SOFTMAX);
	const InterestFeatures *features = &model.network.features;
	const InterestSpan gender[] = {SPAN("X")};
	const InterestSpan genre[] = {SPAN("Drama"), MISSING, SPAN("Action"), SPAN("drama")};
	const InterestValues categoricals[] = {{1, gender}, {4, genre}};
	const double values[] = {45.0, NAN};
	const double extreme[] = {-HUGE_VAL, 1e300};
	const float sentence[SENTENCE_WIDTH] = {0};
	const InterestRowTexts texts = {.sentence = sentence};
	InterestBehaviour behaviour = EmptyRow();
	InterestRowInput input;
	InterestStatus status;

	CHECK_INTEGER(features->word_count, 2 + 4);
	CHECK_INTEGER(features->word_columns[1].first, 2);
	CHECK_INTEGER(features->dense_width, 8);
	CHECK_INTEGER(features->width, 8 + 3 + 4);
	CHECK_INTEGER(features->tables, 3 * 3 + 6 * 4);
	behaviour.kind = SPAN("buy");
	behaviour.numerics = values;
	behaviour.categoricals = categoricals;
	CHECK_INTEGER(InterestRowInputOf(features, &behaviour, &texts, &arena, &input, &status),
				  INTEREST_ROW_DONE);
	CHECK(input.texts.sentence == sentence);
	CHECK_NEAR(input.dense[0], 1.5, 0.0);
	CHECK_NEAR(input.dense[1], 0.0, 0.0);
	CHECK_NEAR(input.dense[2], 0.0, 0.0);
	CHECK_NEAR(input.dense[3], 1.0, 0.0);
	CHECK_INTEGER(input.value_count, 4);
	CHECK(input.values[0].categorical == 0 && input.values[0].id == 0);
	CHECK(input.values[1].categorical == 1 && input.values[1].id == 3);
	CHECK(input.values[2].categorical == 1 && input.values[2].id == 1);
	CHECK(input.values[3].categorical == 1 && input.values[3].id == 0);
	CHECK_NEAR(input.weight, 4.0, 0.0);
	CHECK(!input.negative);

	behaviour.kind = SPAN("hide");
	behaviour.numerics = extreme;
	InterestRowInputOf(features, &behaviour, &no_texts, &arena, &input, &status);
	CHECK(input.texts.sentence == NULL);
	CHECK_NEAR(input.dense[0], -5.0, 0.0);
	CHECK_NEAR(input.dense[2], 5.0, 0.0);
	CHECK_NEAR(input.weight, 2.0, 0.0);
	CHECK(input.negative);

	behaviour.kind = SPAN("stare");
	InterestRowInputOf(features, &behaviour, &no_texts, &arena, &input, &status);
	CHECK_NEAR(input.weight, 1.0, 0.0);
	CHECK(!input.negative);
}

static void
TestPresence(void)
{
	InterestModel model = MakeModel(SENTENCE_WIDTH, INTEREST_HEAD_SOFTMAX);
	const InterestFeatures *features = &model.network.features;
	const float vector[SENTENCE_WIDTH] = {0};
	const InterestRowWord word = {0, 3.0f};
	const InterestWordBlock block = {1, &word};
	const InterestWordBlock *const no_blocks[] = {NULL, NULL};
	const InterestWordBlock *const blocks[] = {NULL, &block};
	const InterestRowTexts none = {.words = no_blocks};
	const InterestRowTexts sentence = {.sentence = vector, .words = no_blocks};
	const InterestRowTexts words = {.words = blocks};
	const double one[] = {NAN, 0.0};
	const InterestSpan unknown[] = {SPAN("?")};
	const InterestSpan missing[] = {MISSING};
	const InterestValues unknown_value[] = {{1, unknown}, {0, NULL}};
	const InterestValues missing_value[] = {{1, missing}, {0, NULL}};
	InterestBehaviour behaviour = EmptyRow();
	InterestRowInput input;
	InterestStatus status;

#define RESULT(texts) InterestRowInputOf(features, &behaviour, &(texts), &arena, &input, &status)
	CHECK_INTEGER(RESULT(none), INTEREST_ROW_SKIPPED);
	CHECK_INTEGER(RESULT(sentence), INTEREST_ROW_DONE);
	CHECK_INTEGER(RESULT(words), INTEREST_ROW_DONE);
	behaviour.has_time = false;
	CHECK_INTEGER(RESULT(sentence), INTEREST_ROW_SKIPPED);
	behaviour.has_time = true;
	behaviour.numerics = one;
	CHECK_INTEGER(RESULT(none), INTEREST_ROW_DONE);
	behaviour = EmptyRow();
	behaviour.categoricals = missing_value;
	CHECK_INTEGER(RESULT(none), INTEREST_ROW_SKIPPED);
	behaviour.categoricals = unknown_value;
	CHECK_INTEGER(RESULT(none), INTEREST_ROW_DONE);
	behaviour.time = INT64_MAX;
	CHECK_INTEGER(RESULT(sentence), INTEREST_ROW_FAILED);
	CHECK_INTEGER(status.code, INTEREST_DATA_EXCEPTION);
	CHECK_STRING(status.message, "time of a row must not be infinite");
	behaviour.time = INT64_MIN;
	CHECK_INTEGER(RESULT(sentence), INTEREST_ROW_FAILED);
#undef RESULT
}

/* A vector alone makes a row; one of another width does not pass; no training row had the third. */
static void
TestVectors(void)
{
	InterestModel model = MakeModelOf(OTHERS | SHARED, INTEREST_FUSION_CONCAT, INTEREST_HEAD_SOFTMAX);
	const InterestFeatures *features = &model.network.features;
	const float values[17] = {1.0f};
	InterestVector vectors[VECTORS] = {{0}};
	InterestBehaviour behaviour = EmptyRow();
	InterestRowInput input;
	InterestStatus status;

	CHECK_INTEGER(features->projection_count, 2);
	behaviour.vectors = vectors;
	CHECK_INTEGER(InterestRowInputOf(features, &behaviour, &no_texts, &arena, &input, &status), INTEREST_ROW_SKIPPED);
	vectors[2] = (InterestVector) {9, values};
	CHECK_INTEGER(InterestRowInputOf(features, &behaviour, &no_texts, &arena, &input, &status), INTEREST_ROW_SKIPPED);
	vectors[1] = (InterestVector) {5, values};
	CHECK_INTEGER(InterestRowInputOf(features, &behaviour, &no_texts, &arena, &input, &status), INTEREST_ROW_DONE);
	CHECK(input.vectors[0] == NULL && input.vectors[1] == values && input.vectors[2] == NULL);
	vectors[1].width = 4;
	CHECK_INTEGER(InterestRowInputOf(features, &behaviour, &no_texts, &arena, &input, &status), INTEREST_ROW_FAILED);
	CHECK_STRING(status.message, "vector column 2 has 4 dimensions");
	CHECK_STRING(status.detail, "The model was trained on vectors of 5 dimensions.");
	model = MakeModelOf(OTHERS, INTEREST_FUSION_CONCAT, INTEREST_HEAD_SOFTMAX);
	CHECK_INTEGER(features->projection_count, 3);
}

/* A vector says the same at any size; one without differences says nothing, and is finite. */
static void
TestVectorSizes(void)
{
	static const float scales[] = {1.0f, 1e-38f, 0.125f, 1e38f};
	InterestModel model = MakeModelOf(OTHERS, INTEREST_FUSION_CONCAT, INTEREST_HEAD_SOFTMAX);
	InterestVector vectors[VECTORS] = {{0}};
	InterestBehaviour behaviour = EmptyRow();
	float		first[DIMENSIONS];

	behaviour.vectors = vectors;
	InterestModelOpen(&model, &arena, InterestKernelChoose("auto"));
	for (int s = 0; s <= COUNT(scales); s++)
	{
		float		values[5] = {0.5f, -0.25f, 1.0f, 0.0f, 0.75f};
		float		v[DIMENSIONS];
		InterestStateRow row;
		InterestStatus status;

		for (int j = 0; j < 5; j++)
			values[j] = s < COUNT(scales) ? values[j] * scales[s] : 3e38f;
		vectors[0] = (InterestVector) {5, values};
		CHECK_INTEGER(InterestRowVector(&model, &behaviour, &no_texts, &arena, v, &row, &status), INTEREST_ROW_DONE);
		if (s == 0)
			memcpy(first, v, sizeof(v));
		for (int j = 0; j < DIMENSIONS && s < COUNT(scales); j++)
			CHECK_NEAR(v[j], first[j], 1e-5);
	}
}

/* --- words --- */

static void
TestWords(void)
{
	const InterestWordColumn column = {{COUNT(body_words), body_words}, body_rows, 100, 10};
	const InterestWord text[] = {{SPAN("film"), 3}, {SPAN("of"), 9}, {SPAN("sea"), 1}, {SPAN("seas"), 1}};
	const InterestWord unknown[] = {{SPAN("of"), 9}};
	const InterestWords words = {COUNT(text), text};
	const InterestWords no_words = {0, NULL};
	const InterestWords unknown_words = {1, unknown};
	const InterestWordBlock *block = InterestWordBlockOf(&column, &words, &arena);
	double		film = (1.0 + log(3.0)) * 1.0;	/* in every row: log 1 + 1 */
	double		sea = log(101.0 / 4.0) + 1.0;
	double		norm = sqrt(film * film + sea * sea);

	CHECK_INTEGER(block->count, 2);
	CHECK_INTEGER(block->words[0].word, 10);
	CHECK_INTEGER(block->words[1].word, 12);
	CHECK_NEAR(block->words[0].weight, 3.0 * film / norm, 1e-6);
	CHECK_NEAR(block->words[1].weight, 3.0 * sea / norm, 1e-6);
	CHECK(InterestWordBlockOf(&column, &no_words, &arena) == NULL);
	CHECK(InterestWordBlockOf(&column, &unknown_words, &arena) == NULL);
}

/* --- the row network --- */

#define ROWS 7

static const float *
RandomSentence(int width)
{
	float	   *sentence = RandomFloats((size_t) width, 1.0f);

	InterestKernelChoose("auto")->normalize(width, sentence);
	return sentence;
}

/* Words of row i: in no column, in either one, in both. */
static const InterestWordBlock *const *
MakeBlocks(const InterestFeatures *features, int i)
{
	const InterestWordBlock **blocks = InterestArenaArray(&arena, const InterestWordBlock *, 2);
	InterestWord *title = InterestArenaArray(&arena, InterestWord, 1);
	InterestWord *body = InterestArenaArray(&arena, InterestWord, 3);

	if (features->word_columns == NULL)
		return NULL;
	title[0] = (InterestWord) {title_words[i % 2], 1};
	for (int j = 0; j < 3; j++)
		body[j] = (InterestWord) {body_words[j + (i / 2) % 2], 1 + (i + j) % 3};
	blocks[0] = i % 4 < 2 ? NULL :
		InterestWordBlockOf(&features->word_columns[0], &(InterestWords) {1, title}, &arena);
	blocks[1] = i % 2 == 0 ? NULL :
		InterestWordBlockOf(&features->word_columns[1], &(InterestWords) {3, body}, &arena);
	return blocks;
}

/* Vectors of row i, missing in some rows, of sizes that differ by far. */
static const InterestVector *
MakeVectors(int i)
{
	InterestVector *vectors = InterestArenaArray(&arena, InterestVector, VECTORS);

	for (int c = 0; c < VECTORS; c++)
	{
		int			width = vector_widths[c] > 0 ? vector_widths[c] : 3;

		vectors[c] = (InterestVector) {width, NULL};
		if ((i + c) % 3 > 0)
			vectors[c].values = RandomFloats((size_t) width, i % 2 ? 1.0f : 1e30f);
	}
	return vectors;
}

/* Rows with and without each part, the same for every model of a width. */
static const InterestRowInput *const *
MakeInputs(const InterestModel *model, int rows)
{
	const InterestRowInput **inputs = InterestArenaArray(&arena, const InterestRowInput *, rows);
	int			width = model->network.features.sentence_width;

	for (int i = 0; i < rows; i++)
	{
		InterestSpan gender[] = {genders[i % 2]};
		InterestSpan genre[] = {genres[i % 5], SPAN("?"), genres[(i + 2) % 5]};
		InterestValues categoricals[] = {{i % 3 == 0 ? 0 : 1, gender}, {i % 4, genre}};
		double		values[] = {20.0 + 3.0 * i, i % 2 ? NAN : -1.25};
		InterestBehaviour behaviour = EmptyRow();
		InterestRowInput *input = InterestArenaNew(&arena, InterestRowInput);
		InterestRowTexts texts = {.words = MakeBlocks(&model->network.features, i)};
		InterestStatus status;

		if (width > 0 && i % 3 != 1)
			texts.sentence = RandomSentence(width);
		behaviour.time = i * (DAY + 5 * HOUR);
		behaviour.numerics = values;
		behaviour.categoricals = categoricals;
		behaviour.vectors = MakeVectors(i);
		CHECK_INTEGER(InterestRowInputOf(&model->network.features, &behaviour, &texts, &arena, input, &status),
					  INTEREST_ROW_DONE);
		inputs[i] = input;
	}
	return inputs;
}

static InterestArithmetic
TrainingArithmetic(void)
{
	return (InterestArithmetic) {
		.kernel = InterestKernelChoose("auto"), .sgemm = InterestSgemm, .scratch = &arena
	};
}

/* Offset of the parameters of a block; the nth of that name. */
static size_t
BlockOffset(const InterestModel *model, const char *name, int nth)
{
	for (int i = 0; i < model->block_count; i++)
		if (strcmp(model->blocks[i].name, name) == 0 && nth-- == 0)
			return model->blocks[i].offset;
	CHECK(false);
	return 0;
}

/* out (outputs) += weight x + bias, by the names of their blocks; bias NULL: none. */
static void
ReferenceLinear(const InterestModel *model, const double *parameters,
				const char *weight, int nth, const char *bias,
				int outputs, int inputs, const double *x, double *out)
{
	const double *w = parameters + BlockOffset(model, weight, nth);
	const double *b = bias ? parameters + BlockOffset(model, bias, 0) : NULL;

	for (int i = 0; i < outputs; i++, w += inputs)
	{
		double		sum = out[i] + (b ? b[i] : 0.0);

		for (int j = 0; j < inputs; j++)
			sum += w[j] * x[j];
		out[i] = sum;
	}
}

static void
ReferenceNonText(const InterestModel *model, const double *parameters,
				 const InterestRowInput *input, const float *mask, double *r)
{
	const InterestFeatures *features = &model->network.features;
	double		x[64] = {0};
	double		hidden[INTEREST_HIDDEN] = {0};

	for (int j = 0; j < features->dense_width; j++)
		x[j] = input->dense[j];
	for (int i = 0; i < input->value_count; i++)
	{
		int			c = input->values[i].categorical;
		int			width = features->categoricals[c].width;
		const double *table = parameters + BlockOffset(model, "embedding", c);

		for (int j = 0; j < width; j++)
			x[features->categoricals[c].column + j] += table[input->values[i].id * width + j];
	}
	ReferenceLinear(model, parameters, "hidden.weight", 0, "hidden.bias",
					INTEREST_HIDDEN, features->width, x, hidden);
	for (int j = 0; j < INTEREST_HIDDEN; j++)
		hidden[j] *= 0.5 * (1.0 + erf(hidden[j] / sqrt(2.0))) * (mask ? mask[j] : 1.0);
	ReferenceLinear(model, parameters, "output.weight", 0, "output.bias",
					DIMENSIONS, INTEREST_HIDDEN, hidden, r);
}

static void
ReferenceSentence(const InterestModel *model, const double *parameters,
				  const float *sentence, double *r)
{
	double		x[SENTENCE_WIDTH];

	for (int j = 0; j < SENTENCE_WIDTH; j++)
		x[j] = sentence[j];
	ReferenceLinear(model, parameters, "sentence.weight", 0, "sentence.bias",
					DIMENSIONS, SENTENCE_WIDTH, x, r);
}

static void
ReferenceWords(const InterestModel *model, const double *parameters,
			   const InterestRowTape *tape, int line, double *r)
{
	const double *vectors = parameters + BlockOffset(model, "words", 0);

	for (int i = tape->word_first[line]; i < tape->word_first[line + 1]; i++)
		for (int j = 0; j < DIMENSIONS; j++)
			r[j] += tape->words[i].weight * vectors[tape->words[i].word * DIMENSIONS + j];
}

/*
 * r += W LN(h), column c's own W or that of its width; dropped is what dropout
 * has made of LN(h), NULL without.
 */
static void
ReferenceVector(const InterestModel *model, const double *parameters, const float *h, int c,
				const float *dropped, double *r)
{
	static const int own[VECTORS] = {0, 1, -1, 2};
	static const int shared[VECTORS] = {0, 0, -1, 1};
	int			width = vector_widths[c];
	double		x[32];
	double		mean = 0.0;
	double		variance = 0.0;

	for (int j = 0; j < width; j++)
		mean += h[j] / (double) width;
	for (int j = 0; j < width; j++)
		variance += (h[j] - mean) * (h[j] - mean) / width;
	for (int j = 0; j < width; j++)
	{
		x[j] = (h[j] - mean) / sqrt(variance);
		if (dropped && dropped[j] == 0.0f)
			x[j] = 0.0;
		else if (dropped)
			x[j] *= 65536.0 / (65536.0 - 13107.0);
	}
	ReferenceLinear(model, parameters, "vector.weight",
					model->network.features.shared_projection ? shared[c] : own[c], NULL,
					DIMENSIONS, width, x, r);
}

/* z of the present modalities to r, as algorithm: section 1 says. */
static void
ReferenceFusion(const InterestModel *model, const double *parameters,
				const bool *present, double (*z)[DIMENSIONS], double *r)
{
	InterestFusionKind kind = model->network.fusion.kind;
	double		total[DIMENSIONS] = {0};
	double		product[DIMENSIONS];
	int			own = 0;

	for (int j = 0; j < DIMENSIONS; j++)
	{
		r[j] = kind == INTEREST_FUSION_CONCAT ? parameters[BlockOffset(model, "fusion.bias", 0) + (size_t) j] : 0.0;
		product[j] = 1.0;
	}
	for (int m = 0; m < model->network.fusion.modalities; m++)
	{
		double		inner[DIMENSIONS] = {0};
		double		score = 0.0;

		own = kind == INTEREST_FUSION_ATTENTION ? 0 : m;
		if (!present[m])
			continue;
		if (model->network.fusion.transforms > 0)
			ReferenceLinear(model, parameters, "fusion.transform", own, NULL, DIMENSIONS, DIMENSIONS,
							z[m], inner);
		for (int j = 0; kind == INTEREST_FUSION_ATTENTION && j < DIMENSIONS; j++)
			score += parameters[BlockOffset(model, "fusion.query", 0) + (size_t) j] * tanh(inner[j]) / sqrt(DIMENSIONS);
		for (int j = 0; j < DIMENSIONS; j++)
		{
			double		weight = 1.0;

			if (kind == INTEREST_FUSION_ADD)
				weight = log(1.0 + exp(parameters[BlockOffset(model, "fusion.alpha", 0) + (size_t) m]));
			if (kind == INTEREST_FUSION_GATE)
				weight = 1.0 / (1.0 + exp(-inner[j]));
			if (kind == INTEREST_FUSION_ATTENTION)
				weight = exp(score);
			total[j] += weight;
			r[j] += weight * (kind == INTEREST_FUSION_GATE ? tanh(z[m][j]) : z[m][j]);
			product[j] *= 1.0 + tanh(inner[j]);
		}
	}
	if (kind == INTEREST_FUSION_MULTIPLY)
	{
		memset(r, 0, sizeof(double) * DIMENSIONS);
		ReferenceLinear(model, parameters, "fusion.output", 0, NULL, DIMENSIONS, DIMENSIONS, product, r);
	}
	else if (kind != INTEREST_FUSION_CONCAT)
		for (int j = 0; j < DIMENSIONS; j++)
			r[j] /= total[j];
}

/* v (DIMENSIONS) of one row, with the choices of dropout that the tape has. */
static void
ReferenceRow(const InterestModel *model, const double *parameters,
			 const InterestRowTape *tape, int row, double *v)
{
	double		z[MODALITIES][DIMENSIONS] = {{0}};
	bool		present[MODALITIES];
	int			line[MODALITIES];
	double		square = 0.0;

	for (int m = 0; m < model->network.fusion.modalities; m++)
	{
		line[m] = tape->lines[m].line_of[row];
		present[m] = line[m] >= 0;
		CHECK(!present[m] || tape->lines[m].row_of[line[m]] == row);
	}
	if (present[INTEREST_SENTENCE])
		ReferenceSentence(model, parameters, tape->sentence + line[INTEREST_SENTENCE] * SENTENCE_WIDTH,
						  z[INTEREST_SENTENCE]);
	if (present[INTEREST_WORDS])
		ReferenceWords(model, parameters, tape, line[INTEREST_WORDS], z[INTEREST_WORDS]);
	if (present[INTEREST_NON_TEXT])
		ReferenceNonText(model, parameters, tape->inputs[row],
						 tape->hidden_mask ? tape->hidden_mask + line[INTEREST_NON_TEXT] * INTEREST_HIDDEN : NULL,
						 z[INTEREST_NON_TEXT]);
	for (int c = 0; c < model->network.features.vector_count; c++)
		if (present[INTEREST_FIRST_VECTOR + c])
			ReferenceVector(model, parameters, tape->inputs[row]->vectors[c], c,
							tape->sum_mask ? tape->vectors[c] + line[INTEREST_FIRST_VECTOR + c] * vector_widths[c] : NULL,
							z[INTEREST_FIRST_VECTOR + c]);
	ReferenceFusion(model, parameters, present, z, v);
	for (int j = 0; j < DIMENSIONS; j++)
	{
		if (tape->sum_mask)
			v[j] *= tape->sum_mask[row * DIMENSIONS + j];
		square += v[j] * v[j];
	}
	for (int j = 0; square > 1.0 && j < DIMENSIONS; j++)
		v[j] /= sqrt(square);
}

/* sum of coefficients times v over all rows */
static double
ReferenceSum(const InterestModel *model, const double *parameters,
			 const InterestRowTape *tape, const float *coefficients)
{
	double		v[DIMENSIONS];
	double		sum = 0.0;

	for (int i = 0; i < tape->rows; i++)
	{
		ReferenceRow(model, parameters, tape, i, v);
		for (int j = 0; j < DIMENSIONS; j++)
			sum += coefficients[i * DIMENSIONS + j] * v[j];
	}
	return sum;
}

static double *
InDouble(const float *values, size_t count)
{
	double	   *copy = InterestArenaArray(&arena, double, count);

	for (size_t i = 0; i < count; i++)
		copy[i] = values[i];
	return copy;
}

#define STEP 1e-5

/* At most about this many parameters of a block are tried. */
#define TRIED 100

static void
CheckGradient(double computed, double numeric)
{
	CHECK_NEAR(computed, numeric, 1e-5 + 1e-3 * fabs(numeric));
}

static void
CheckRowGradients(const InterestModel *model, const InterestRowTape *tape,
				  const float *coefficients, const float *gradients)
{
	double	   *parameters = InDouble(model->parameters, model->parameter_count);

	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];
		size_t		size = (size_t) block->rows * (size_t) block->columns;
		bool		used = false;

		for (size_t i = 0; i < size; i += size / TRIED + 1)
		{
			double	   *parameter = parameters + block->offset + i;
			double		value = *parameter;
			double		sum;

			*parameter = value + STEP;
			sum = ReferenceSum(model, parameters, tape, coefficients);
			*parameter = value - STEP;
			sum -= ReferenceSum(model, parameters, tape, coefficients);
			*parameter = value;
			CheckGradient(gradients[block->offset + i], sum / (2.0 * STEP));
			used = used || sum != 0.0;
		}

		/*
		 * A modality alone in every row has nothing to be weighed against, and
		 * dropout may leave a vector column out of all of so few rows.
		 */
		CHECK(block->section == INTEREST_REPRESENTATION || !used);
		CHECK(used || block->section != INTEREST_REPRESENTATION || size == 0 ||
			  model->network.fusion.kind != INTEREST_FUSION_CONCAT ||
			  (tape->sum_mask && strcmp(block->name, "vector.weight") == 0));
	}
}

/* With touched words a gradient is the same; the words are those that it is not 0 for. */
static void
CheckTouched(const InterestModel *model, const InterestRowTape *tape, const float *coefficients,
			 const InterestModel *whole)
{
	InterestArithmetic arithmetic = TrainingArithmetic();
	InterestArena kept;			/* what is touched outlives the scratch of the way back */
	InterestTouchedWords touched;
	InterestModel gradient = *model;
	size_t		words = (size_t) model->network.features.word_count * DIMENSIONS;
	size_t		before = (size_t) (whole->network.word_vectors - whole->parameters);
	size_t		behind = model->parameter_count - before - words;
	int			expected = 0;

	InterestArenaInit(&kept, arena.host, (size_t) 1 << 16);
	InterestTouchedInit(&touched, model->network.features.word_count, DIMENSIONS, &kept);
	gradient.network.touched = &touched;
	InterestModelBind(&gradient, InterestArenaAllocateZero(&arena, sizeof(float) * (before + behind)));
	InterestRowBackward(&model->network, &arithmetic, tape, coefficients, &gradient.network);
	CHECK(memcmp(gradient.parameters, whole->parameters, sizeof(float) * before) == 0);
	CHECK(memcmp(gradient.parameters + before, whole->parameters + before + words, sizeof(float) * behind) == 0);
	for (int w = 0; w < model->network.features.word_count; w++)
	{
		const float *vector = whole->network.word_vectors + w * DIMENSIONS;
		bool		zero = true;

		for (int j = 0; j < DIMENSIONS; j++)
			zero = zero && vector[j] == 0.0f;
		CHECK((touched.place[w] < 0) == zero);
		expected += !zero;
		if (!zero)
			CHECK(memcmp(vector, InterestTouchedVector(&touched, touched.place[w]), sizeof(float) * DIMENSIONS) == 0);
	}
	CHECK_INTEGER(touched.count, expected);
	InterestArenaFree(&kept);
}

static InterestModel
MakeGradient(const InterestModel *model)
{
	InterestModel gradient = *model;

	InterestModelBind(&gradient, InterestArenaAllocateZero(&arena, sizeof(float) * model->parameter_count));
	return gradient;
}

/* Rows that were longer than 1, and that were not. */
static int	scaled_rows = 0;
static int	whole_rows = 0;

static void
CheckRowNetwork(InterestModel model, const InterestRowDropout *dropout)
{
	InterestModel gradient = MakeGradient(&model);
	InterestArithmetic arithmetic = TrainingArithmetic();
	float	   *coefficients = RandomFloats(ROWS * DIMENSIONS, 1.0f);
	double	   *parameters = InDouble(model.parameters, model.parameter_count);
	InterestRowTape tape;

	InterestRowForward(&model.network, &arithmetic, ROWS, MakeInputs(&model, ROWS), dropout, &tape);
	for (int i = 0; i < ROWS; i++)
	{
		double		v[DIMENSIONS];

		ReferenceRow(&model, parameters, &tape, i, v);
		for (int j = 0; j < DIMENSIONS; j++)
			CHECK_NEAR(tape.v[i * DIMENSIONS + j], v[j], 2e-6);
		scaled_rows += tape.scale[i] < 1.0f;
		whole_rows += tape.scale[i] == 1.0f;
	}
	InterestRowBackward(&model.network, &arithmetic, &tape, coefficients, &gradient.network);
	CheckRowGradients(&model, &tape, coefficients, gradient.parameters);
	CheckTouched(&model, &tape, coefficients, &gradient);
}

static InterestRowDropout
MakeDropout(InterestDropoutRates rates, int rows)
{
	InterestRowKey *keys = InterestArenaArray(&arena, InterestRowKey, rows);

	for (int i = 0; i < rows; i++)
		keys[i] = (InterestRowKey) {(uint64_t) i / 3, (uint64_t) i % 3};
	return (InterestRowDropout) {rates, 17, 2, keys};
}

static void
TestRowNetwork(void)
{
	static const int parts[] = {0, SENTENCES, WORDS, SENTENCES | WORDS, OTHERS, ALL_PARTS - 1 - SHARED, ALL_PARTS - 1};
	InterestDropoutRates rates = InterestDropoutDefault;
	InterestRowDropout dropout;

	rates.modality = 0.4f;
	dropout = MakeDropout(rates, ROWS);
	for (int fusion = 0; fusion < INTEREST_FUSIONS; fusion++)
		for (int p = 0; p < COUNT(parts); p++)
			for (int dropped = 0; dropped < 2; dropped++)
				CheckRowNetwork(MakeModelOf(parts[p], (InterestFusionKind) fusion, INTEREST_HEAD_SOFTMAX),
								dropped ? &dropout : NULL);
	CHECK(scaled_rows > 50 && whole_rows > 50);
}

/* Zeros among the lines' elements. */
static double
ZeroShare(const float *values, int count)
{
	int			zeros = 0;

	for (int i = 0; i < count; i++)
		zeros += values[i] == 0.0f;
	return (double) zeros / count;
}

static double
Mean(const float *values, int count)
{
	double		sum = 0.0;

	for (int i = 0; i < count; i++)
		sum += values[i];
	return sum / count;
}

/* Every row with a sentence; a standard error of the modality's share is .005. */
static void
TestDropoutRates(void)
{
	enum {MANY = 4000};
	InterestModel model = MakeModel(SENTENCE_WIDTH, INTEREST_HEAD_SOFTMAX);
	InterestArithmetic arithmetic = TrainingArithmetic();
	InterestRowDropout dropout = MakeDropout(InterestDropoutDefault, MANY);
	const InterestRowInput *const *few = MakeInputs(&model, 1);
	const InterestRowInput **inputs = InterestArenaArray(&arena, const InterestRowInput *, MANY);
	InterestRowTape tape;
	int			sentences;
	int			others;

	for (int i = 0; i < MANY; i++)
		inputs[i] = few[0];
	InterestRowForward(&model.network, &arithmetic, MANY, inputs, &dropout, &tape);
	sentences = tape.lines[INTEREST_SENTENCE].count;
	others = tape.lines[INTEREST_NON_TEXT].count;
	CHECK_NEAR((double) sentences / MANY, 0.9, 0.02);
	CHECK_NEAR((double) others / MANY, 0.9, 0.02);
	for (int i = 0; i < MANY; i++)
		CHECK(tape.lines[INTEREST_SENTENCE].line_of[i] >= 0 || tape.lines[INTEREST_NON_TEXT].line_of[i] >= 0);
	CHECK_NEAR(ZeroShare(tape.sentence, sentences * SENTENCE_WIDTH), 0.2, 0.01);
	CHECK_NEAR(ZeroShare(tape.hidden_mask, others * INTEREST_HIDDEN), 0.1, 0.005);
	CHECK_NEAR(ZeroShare(tape.sum_mask, MANY * DIMENSIONS), 0.3, 0.01);
	CHECK_NEAR(Mean(tape.hidden_mask, others * INTEREST_HIDDEN), 1.0, 0.005);
	CHECK_NEAR(Mean(tape.sum_mask, MANY * DIMENSIONS), 1.0, 0.02);
}

/* A row's dropout depends on its key, not on the rows beside it. */
static void
TestDropoutKeys(void)
{
	InterestModel model = MakeModel(SENTENCE_WIDTH, INTEREST_HEAD_SOFTMAX);
	InterestArithmetic arithmetic = TrainingArithmetic();
	InterestRowDropout dropout = MakeDropout(InterestDropoutDefault, ROWS);
	const InterestRowInput *const *inputs = MakeInputs(&model, ROWS);
	InterestRowTape whole;
	InterestRowTape single;
	InterestRowTape other;

	InterestRowForward(&model.network, &arithmetic, ROWS, inputs, &dropout, &whole);
	for (int i = 0; i < ROWS; i++)
	{
		InterestRowDropout alone = dropout;

		alone.keys += i;
		InterestRowForward(&model.network, &arithmetic, 1, inputs + i, &alone, &single);
		CHECK(memcmp(single.v, whole.v + i * DIMENSIONS, sizeof(float) * DIMENSIONS) == 0);
	}
	dropout.epoch++;
	InterestRowForward(&model.network, &arithmetic, ROWS, inputs, &dropout, &other);
	CHECK(memcmp(other.v, whole.v, sizeof(float) * ROWS * DIMENSIONS) != 0);
}

/* --- packed: the same bits from every kernel, in every batch --- */

static void
CheckKernel(const InterestModel *model, const InterestRowInput *const *inputs,
			const char *name, const float *expected)
{
	InterestModel packed = *model;
	InterestArithmetic arithmetic = {.kernel = InterestKernelChoose(name), .scratch = &arena};
	float		probabilities[COUNT(interests)];
	float		again[COUNT(interests)];
	InterestRowTape tape;

	if (arithmetic.kernel == NULL)
	{
		CheckSkip(name);
		return;
	}
	InterestModelOpen(&packed, &arena, arithmetic.kernel);
	for (int batch = 1; batch <= ROWS; batch++)
		for (int from = 0; from + batch <= ROWS; from++)
		{
			InterestRowForward(&packed.network, &arithmetic, batch, inputs + from, NULL, &tape);
			CHECK(memcmp(tape.v, expected + from * DIMENSIONS,
						 sizeof(float) * (size_t) (batch * DIMENSIONS)) == 0);
		}
	InterestHeadProbabilities(&packed.head, &arithmetic, expected, 2.5, probabilities);
	arithmetic.kernel = InterestKernelChoose("portable");
	InterestHeadProbabilities(&packed.head, &arithmetic, expected, 2.5, again);
	CHECK(memcmp(probabilities, again, sizeof(again)) == 0);
}

/* Texts that are projected first give the same bits. */
static void
CheckProjected(const InterestModel *model, const InterestRowInput *input,
			   const float *expected)
{
	InterestArithmetic arithmetic = {.kernel = model->kernel, .scratch = &arena};
	float		z[INTEREST_TEXT_MODALITIES * DIMENSIONS];
	const float *projected[INTEREST_TEXT_MODALITIES];
	InterestRowInput given = *input;
	const InterestRowInput *inputs[] = {&given};
	InterestRowTape tape;

	InterestRowProjectTexts(&model->network, &arithmetic, &input->texts, z, projected);
	given.texts = (InterestRowTexts) {.projected = projected};
	InterestRowForward(&model->network, &arithmetic, 1, inputs, NULL, &tape);
	CHECK(memcmp(tape.v, expected, sizeof(float) * DIMENSIONS) == 0);
}

static void
CheckKernels(InterestModel model)
{
	InterestModel packed = model;
	InterestArithmetic portable = {.kernel = InterestKernelChoose("portable"), .scratch = &arena};
	InterestArithmetic training = TrainingArithmetic();
	const InterestRowInput *const *inputs = MakeInputs(&model, ROWS);
	InterestRowTape expected;
	InterestRowTape unpacked;

	InterestModelOpen(&packed, &arena, portable.kernel);
	InterestRowForward(&packed.network, &portable, ROWS, inputs, NULL, &expected);
	InterestRowForward(&model.network, &training, ROWS, inputs, NULL, &unpacked);
	for (int i = 0; i < ROWS * DIMENSIONS; i++)
		CHECK_NEAR(unpacked.v[i], expected.v[i], 1e-6);
	for (const char *const *name = InterestKernelNames(); *name; name++)
		CheckKernel(&model, inputs, *name, expected.v);
	for (int i = 0; i < ROWS; i++)
		CheckProjected(&packed, inputs[i], expected.v + i * DIMENSIONS);
}

static void
TestKernels(void)
{
	for (int fusion = 0; fusion < INTEREST_FUSIONS; fusion++)
		for (int parts = SENTENCES | WORDS; parts < ALL_PARTS; parts += OTHERS)
			CheckKernels(MakeModelOf(parts, (InterestFusionKind) fusion, INTEREST_HEAD_SOFTMAX));
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
		CheckKernels(MakeModel(kind % 2 == 0 ? SENTENCE_WIDTH : 0, (InterestHeadKind) kind));
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestJoin, TestNames, TestEmbeddingWidth, TestTime, TestInput, TestPresence, TestVectors, TestVectorSizes,
		TestWords, TestRowNetwork, TestDropoutRates, TestDropoutKeys, TestKernels
	};

	randomness = InterestRandomKeyed(1, 2, 3, 4);
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	for (int i = 0; i < COUNT(tests); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("network");
}

/*
 * model_test.c
 *	  A model's layout, its image believed nothing, and its answers.
 */
#include "check.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"
#include "core/model/model.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define SPAN(text) ((InterestSpan) {(text), sizeof(text) - 1})

#define DAY INT64_C(86400000000)

#define DIMENSIONS 5
#define SENTENCE_WIDTH 7

static InterestArena arena;

static const InterestNumeric numerics[] = {{30.0, 10.0}};
static const InterestSpan genders[] = {SPAN("F"), SPAN("M")};
static const InterestSpan kind_names[] = {SPAN(""), SPAN("hide")};
static const InterestKind kinds[] = {{4.0, false}, {0.5, true}};
static const InterestSpan words[] = {SPAN("be"), SPAN("film"), SPAN("\xc3\xa9t\xc3\xa9")};
static const int64_t word_rows[] = {300, 2, 7};
static const InterestSpan interests[] = {SPAN("Action"), SPAN("Drama"), SPAN("\xff\0x")};

static const InterestVector no_vectors[2];

/* A small model with something of everything. */
static InterestModel
Specify(void)
{
	InterestModel model;

	memset(&model, 0, sizeof(model));
	model.shape = (InterestProfileShape) {DIMENSIONS, {180 * DAY, 14 * DAY, DAY}, {0}};
	model.task = INTEREST_TASK_NEXT;
	model.interests = (InterestNames) {COUNT(interests), interests};
	model.head.kind = INTEREST_HEAD_SIGMOID;
	model.network.sentence_scale = INTEREST_SENTENCE_SCALE;
	model.network.features = (InterestFeatures) {
		.text_count = 1, .sentence_width = SENTENCE_WIDTH,
		.numeric_count = COUNT(numerics), .numerics = numerics,
		.categorical_count = 2,
		.categoricals = InterestArenaAllocateZero(&arena, 2 * sizeof(InterestCategorical)),
		.vector_count = 2,
		.vectors = InterestArenaAllocateZero(&arena, 2 * sizeof(InterestVectorColumn)),
		.kind_names = {COUNT(kinds), kind_names}, .kinds = kinds
	};
	model.network.features.vectors[1].width = 3;
	model.network.features.categoricals[0].values = (InterestNames) {COUNT(genders), genders};
	model.network.features.word_columns = InterestArenaNew(&arena, InterestWordColumn);
	model.network.features.word_columns[0] = (InterestWordColumn) {
		.words = {COUNT(words), words}, .rows = word_rows, .all_rows = 1000
	};
	model.network.features.word_probe[15] = 7;
	return model;
}

static InterestModel
Make(void)
{
	InterestModel model = Specify();
	InterestStatus status;

	CHECK(InterestModelCreate(&model, &arena, &status));
	InterestModelBind(&model, InterestArenaArray(&arena, float, model.parameter_count));
	InterestModelInitialize(&model, 42);
	return model;
}

typedef struct Image
{
	uint8_t    *bytes;
	size_t		size;
	InterestImageMap map;
} Image;

static Image
Write(const InterestModel *model)
{
	InterestWriter counter = {NULL, 0};
	InterestWriter writer;
	Image		image;

	InterestModelWrite(model, &counter, &image.map);
	image.size = counter.length;
	image.bytes = InterestArenaArray(&arena, uint8_t, image.size);
	writer = (InterestWriter) {image.bytes, 0};
	InterestModelWrite(model, &writer, &image.map);
	CHECK_INTEGER(writer.length, image.size);
	return image;
}

/* --- layout and parameters --- */

static void
TestLayout(void)
{
	static const char *const names[] = {
		"sentence.weight", "sentence.bias", "words", "embedding", "embedding",
		"hidden.weight", "hidden.bias", "output.weight", "output.bias", "vector.weight", "fusion.bias",
		"mu", "theta", "gate", "eta", "head.temperature", "head.log_scale", "head.weight", "head.bias"
	};
	InterestModel model = Make();
	size_t		offset = 0;

	CHECK_INTEGER(model.block_count, COUNT(names));
	for (int i = 0; i < model.block_count && i < COUNT(names); i++)
	{
		const InterestModelBlock *block = &model.blocks[i];

		CHECK_STRING(block->name, names[i]);
		CHECK_INTEGER(block->offset, offset);
		CHECK(i == 0 || block->section >= model.blocks[i - 1].section);
		CHECK(block->decay == (block->initialization == INTEREST_INIT_UNIFORM));
		offset += (size_t) block->rows * (size_t) block->columns;
	}
	CHECK_INTEGER(model.parameter_count, offset);
	CHECK(model.network.embeddings == model.parameters + model.blocks[3].offset);
	CHECK(model.network.word_vectors == model.parameters + model.blocks[2].offset);
	CHECK(model.network.fusion.bias == model.parameters + model.blocks[10].offset);
	CHECK(model.mu == model.parameters + model.blocks[11].offset);
	CHECK(model.head.linear.bias + COUNT(interests) == model.parameters + model.parameter_count);
}

/* Blocks that share a name are told apart, in their order. */
static void
TestBlockNames(void)
{
	InterestModel model = Make();
	char		name[INTEREST_MAX_BLOCK_NAME];
	int			embeddings = 0;

	for (int i = 0; i < model.block_count; i++)
	{
		InterestModelBlockName(&model, i, name);
		if (strcmp(model.blocks[i].name, "embedding") != 0)
			CHECK(strcmp(name, model.blocks[i].name) == 0 || strstr(name, ".0") || strstr(name, ".1"));
		else
			CHECK_STRING(name, embeddings++ == 0 ? "embedding.0" : "embedding.1");
	}
	CHECK_INTEGER(embeddings, 2);
}

/* The parameters of a section lie where the map says, end to end. */
static void
TestMap(void)
{
	InterestModel model = Make();
	Image		image = Write(&model);
	size_t		first = 0;

	for (int s = 0; s < INTEREST_SECTIONS; s++)
	{
		InterestReader reader = {image.bytes + image.map.parameters[s], image.bytes + image.map.end[s], false};
		size_t		count = 0;

		CHECK(image.map.parameters[s] >= (s > 0 ? image.map.end[s - 1] : 0));
		for (int i = 0; i < model.block_count; i++)
			if ((int) model.blocks[i].section == s)
				count += (size_t) model.blocks[i].rows * (size_t) model.blocks[i].columns;
		for (size_t i = 0; i < count; i++)
			if (!CHECK_NEAR(InterestReadFloat(&reader), model.parameters[first + i], 0.0))
				break;
		first += count;
	}
	CHECK_INTEGER(first, model.parameter_count);
}

static void
TestWithoutEncoder(void)
{
	InterestModel model = Specify();
	InterestStatus status;

	model.network.features.sentence_width = 0;
	model.network.features.word_columns = NULL;
	CHECK(InterestModelCreate(&model, &arena, &status));
	CHECK_STRING(model.blocks[0].name, "embedding");
	InterestModelBind(&model, InterestArenaArray(&arena, float, model.parameter_count));
	CHECK(model.network.embeddings == model.parameters);
	CHECK(model.head.linear.bias + COUNT(interests) == model.parameters + model.parameter_count);
}

static void
TestInitialize(void)
{
	InterestModel model = Make();
	InterestModel same = Make();
	InterestModel other = Make();

	InterestModelInitialize(&other, 43);
	CHECK(memcmp(model.parameters, same.parameters, sizeof(float) * model.parameter_count) == 0);
	CHECK(memcmp(model.parameters, other.parameters, sizeof(float) * model.parameter_count) != 0);
	for (int i = 0; i < model.block_count; i++)
	{
		const InterestModelBlock *block = &model.blocks[i];
		int			size = block->rows * block->columns;
		float		largest = 0.0f;

		for (int j = 0; j < size; j++)
			largest = fmaxf(largest, fabsf(model.parameters[block->offset + (size_t) j]));
		CHECK(largest <= block->value);
		CHECK(largest > 0.5f * block->value || size < 5 || block->value == 0.0f);
	}
	CHECK_NEAR(model.blocks[0].value, sqrt(6.0 / (DIMENSIONS + SENTENCE_WIDTH)), 1e-6);
	CHECK_NEAR(model.blocks[3].value, sqrt(6.0 / (1 + 3)), 1e-6);
	CHECK_NEAR(model.head.log_scale[0], 2.0, 0.0);
}

static void
TestReading(void)
{
	InterestModel model = Make();
	InterestReadingModel reading;

	model.shape.fingerprint[0] = 1;
	model.reading_fingerprint[15] = 2;
	model.theta[0] = 0.0f;
	model.theta[1] = -100.0f;
	model.theta[2] = 100.0f;
	model.gate[7] = 0.25f;
	model.eta[0] = -1.0f;
	model.head.log_scale[0] = 11.0f;
	InterestModelProject(&model);
	InterestModelReading(&model, &reading);
	CHECK_INTEGER(reading.dimensions, DIMENSIONS);
	CHECK(reading.mu == model.mu);
	CHECK(reading.codes == model.codebook.weight);
	CHECK_NEAR(reading.kappa[0], 1.0, 0.0);
	CHECK_NEAR(reading.kappa[1], INTEREST_MIN_KAPPA, 1e-8);
	CHECK_NEAR(reading.kappa[2], INTEREST_MAX_KAPPA, 1e-5);
	CHECK(reading.kappa[1] >= INTEREST_MIN_KAPPA && reading.kappa[2] <= INTEREST_MAX_KAPPA);
	CHECK_NEAR(reading.gate[1][1], 0.25, 0.0);
	CHECK_NEAR(reading.eta, 0.0, 0.0);
	CHECK_NEAR(model.head.log_scale[0], INTEREST_MAX_LOG_SCALE, 0.0);
	CHECK_INTEGER(reading.representation[0], 1);
	CHECK_INTEGER(reading.reading[15], 2);
}

/* --- what is not a model --- */

static void
CheckRefused(InterestModel model, InterestCode code, const char *message)
{
	InterestStatus status;

	if (!CHECK(!InterestModelCreate(&model, &arena, &status)))
		return;
	CHECK_INTEGER(status.code, code);
	CHECK_STRING(status.message, message);
}

static void
TestSpecification(void)
{
	static char long_name[INTEREST_MAX_NAME + 1];
	const InterestSpan unsorted[] = {SPAN("b"), SPAN("a")};
	const InterestSpan twice[] = {SPAN("a"), SPAN("a")};
	const InterestSpan longest[] = {{long_name, INTEREST_MAX_NAME}, {long_name, INTEREST_MAX_NAME + 1}};
	const InterestNumeric constant[] = {{0.0, 0.0}};
	const InterestNumeric infinite[] = {{HUGE_VAL, 1.0}};
	const InterestKind light[] = {{0.0624, false}, {1.0, false}};
	const InterestKind heavy[] = {{1.0, false}, {256.1, false}};
	InterestModel model = Specify();

	model.head.kind = INTEREST_HEAD_SOFTMAX;
	model.interests.count = 1;
	CheckRefused(model, INTEREST_LIMIT_EXCEEDED, "a model cannot have 1 interests");
	model.interests.count = INTEREST_MAX_INTERESTS + 1;
	CheckRefused(model, INTEREST_LIMIT_EXCEEDED, "a model cannot have 10001 interests");
	model.interests = (InterestNames) {2, unsorted};
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "interests are not sorted, each once");
	model.interests = (InterestNames) {2, twice};
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "interests are not sorted, each once");
	model.interests = (InterestNames) {2, longest};
	CheckRefused(model, INTEREST_LIMIT_EXCEEDED, "a name of 1025 bytes is too long");
	model = Specify();
	model.network.features.numerics = constant;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "mean or deviation of numeric column 1 is out of range");
	model.network.features.numerics = infinite;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "mean or deviation of numeric column 1 is out of range");
	model = Specify();
	model.network.features.kinds = light;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "weight of kind 1 is out of range");
	model.network.features.kinds = heavy;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "weight of kind 2 is out of range");
	model = Specify();
	model.network.features.categoricals[1].values = (InterestNames) {2, twice};
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "categorical values are not sorted, each once");
	model = Specify();
	model.network.sentence_scale = NAN;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "scale of the encoder's output is out of range");
	model = Specify();
	model.network.features.word_columns[0].words = (InterestNames) {2, unsorted};
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "words are not sorted, each once");
	model.network.features.word_columns[0].words = (InterestNames) {INTEREST_MAX_WORDS + 1, words};
	CheckRefused(model, INTEREST_LIMIT_EXCEEDED, "a model cannot have 262145 words");
	model = Specify();
	model.network.features.word_columns[0].all_rows = 299;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "rows of word 1 of text column 1 are out of range");
	model = Specify();
	model.network.features.text_count = 0;
	CheckRefused(model, INTEREST_INVALID_ARGUMENT, "words need a text column");
	model = Specify();
	model.network.features.sentence_width = INTEREST_MAX_SENTENCE_WIDTH + 1;
	CheckRefused(model, INTEREST_LIMIT_EXCEEDED, "a model cannot have 4097 dimensions of a sentence");
}

/* --- the image --- */

static void
TestRoundTrip(void)
{
	InterestModel model = Make();
	Image		image = Write(&model);
	uint8_t    *bytes = InterestArenaArray(&arena, uint8_t, image.size);
	InterestModel read;
	InterestStatus status;
	Image		again;

	/* The bytes may go once they are read. */
	memcpy(bytes, image.bytes, image.size);
	CHECK(InterestModelRead(bytes, image.size, &arena, &read, &status));
	memset(bytes, 0xee, image.size);
	again = Write(&read);
	CHECK_INTEGER(again.size, image.size);
	CHECK(memcmp(again.bytes, image.bytes, image.size) == 0);
	CHECK(memcmp(&again.map, &image.map, sizeof(image.map)) == 0);
	CHECK_INTEGER(image.map.end[INTEREST_HEAD], image.size);
	CHECK_INTEGER(read.task, INTEREST_TASK_NEXT);
	CHECK_INTEGER(read.head.kind, INTEREST_HEAD_SIGMOID);
	CHECK_INTEGER(InterestNamesFind(&read.interests, SPAN("\xff\0x")), 2);
	CHECK_INTEGER(read.shape.half_life[INTEREST_FINE], DAY);
	CHECK_NEAR(read.network.features.kinds[1].weight, 0.5, 0.0);
	CHECK_INTEGER(read.network.features.categoricals[0].width, 3);
	CHECK_INTEGER(read.network.features.word_columns[0].all_rows, 1000);
	CHECK_INTEGER(read.network.features.word_columns[0].rows[2], 7);
	CHECK_INTEGER(InterestNamesFind(&read.network.features.word_columns[0].words, words[1]), 1);
	CHECK_INTEGER(read.network.features.word_probe[15], 7);
}

/* Fingerprints are hashes of prefixes: what is behind must not matter to them. */
static void
TestSections(void)
{
	InterestModel model = Make();
	Image		before = Write(&model);
	Image		after;

	model.head.linear.weight[0] += 1.0f;
	model.task = INTEREST_TASK_USER;
	after = Write(&model);
	CHECK(memcmp(before.bytes, after.bytes, before.map.end[INTEREST_READING]) == 0);
	CHECK(memcmp(before.bytes, after.bytes, before.size) != 0);
	model.eta[0] = 0.5f;
	after = Write(&model);
	CHECK(memcmp(before.bytes, after.bytes, before.map.end[INTEREST_REPRESENTATION]) == 0);
	CHECK(memcmp(before.bytes, after.bytes, before.map.end[INTEREST_READING]) != 0);
	model.network.fusion.bias[0] += 1.0f;
	after = Write(&model);
	CHECK(memcmp(before.bytes, after.bytes, before.map.end[INTEREST_REPRESENTATION]) != 0);
	before = after;
	model.codebook.weight[63 * DIMENSIONS] = 0.0f;
	model.codebook.weight[63 * DIMENSIONS + 1] = 1.0f;
	after = Write(&model);
	CHECK(memcmp(before.bytes, after.bytes, before.map.end[INTEREST_REPRESENTATION]) != 0);
	CHECK(memcmp(before.bytes + before.map.end[INTEREST_REPRESENTATION],
				 after.bytes + before.map.end[INTEREST_REPRESENTATION],
				 before.size - before.map.end[INTEREST_REPRESENTATION]) == 0);
}

static bool
Reads(const uint8_t *bytes, size_t size, InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	InterestModel model;
	bool		result = InterestModelRead(bytes, size, &arena, &model, status);

	InterestArenaReturnTo(&arena, mark);
	return result;
}

/* Every prefix lies in a block of its own, so that a read past its end is seen. */
static void
TestTruncated(void)
{
	InterestModel model = Make();
	Image		image = Write(&model);
	const InterestHost *host = CheckHost();
	InterestStatus status;
	uint8_t    *longer = InterestArenaArray(&arena, uint8_t, image.size + 1);

	for (size_t size = 0; size < image.size; size++)
	{
		uint8_t    *prefix = host->allocate(host->context, size);

		memcpy(prefix, image.bytes, size);
		if (CHECK(!Reads(prefix, size, &status)))
			CHECK_STRING(status.message, "stored model is damaged");
		host->release(host->context, prefix);
	}
	memcpy(longer, image.bytes, image.size);
	longer[image.size] = 0;
	CHECK(!Reads(longer, image.size + 1, &status));
	CHECK_STRING(status.detail, "Its length is not what its parts add up to.");
}

/* What is read in spite of a flipped bit is a model, and writes the same bytes. */
static void
CheckReadable(const uint8_t *bytes, size_t size)
{
	InterestModel model;
	InterestStatus status;
	Image		image;

	CHECK(InterestModelRead(bytes, size, &arena, &model, &status));
	image = Write(&model);
	CHECK(image.size == size && memcmp(image.bytes, bytes, size) == 0);
}

static void
TestFlipped(void)
{
	InterestModel model = Make();
	Image		image = Write(&model);
	InterestStatus status;
	int			refused = 0;

	for (size_t i = 0; i < image.size; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			InterestArenaMark mark = InterestArenaGetMark(&arena);

			image.bytes[i] ^= (uint8_t) (1 << bit);
			if (Reads(image.bytes, image.size, &status))
				CheckReadable(image.bytes, image.size);
			else
				refused++;
			image.bytes[i] ^= (uint8_t) (1 << bit);
			InterestArenaReturnTo(&arena, mark);
		}

	/* At least the highest bits of exponents. */
	CHECK(refused > (int) model.parameter_count);
}

static void
CheckRefusedNumber(InterestModel *model, float *parameter, float value, const char *detail)
{
	float		sound = *parameter;
	InterestStatus status;
	Image		image;

	*parameter = value;
	image = Write(model);
	if (CHECK(!Reads(image.bytes, image.size, &status)))
	{
		CHECK_INTEGER(status.code, INTEREST_CORRUPT);
		CHECK_STRING(status.detail, detail);
	}
	*parameter = sound;
}

static void
CheckParameterRefused(InterestModel *model, float *parameter, float value)
{
	CheckRefusedNumber(model, parameter, value, "A parameter is out of range.");
}

static void
CheckCodeRefused(InterestModel *model, float *component, float value)
{
	CheckRefusedNumber(model, component, value, "A code is not of norm 1.");
}

static void
TestHostile(void)
{
	InterestModel model = Make();
	Image		image = Write(&model);
	InterestStatus status;

	CheckParameterRefused(&model, model.network.hidden.weight, NAN);
	CheckParameterRefused(&model, model.network.fusion.bias, -HUGE_VALF);
	CheckParameterRefused(&model, model.mu, 1.1e6f);
	CheckParameterRefused(&model, model.eta, -0.5f);
	CheckParameterRefused(&model, model.head.log_scale, 10.5f);
	CheckCodeRefused(&model, model.codebook.weight, 0.99f);
	CheckCodeRefused(&model, model.codebook.weight + 64 * DIMENSIONS - 1, 0.1f);
	CheckCodeRefused(&model, model.codebook.weight + 1, NAN);
	CheckCodeRefused(&model, model.codebook.weight, HUGE_VALF);
	image.bytes[0] = INTEREST_MODEL_VERSION + 1;
	CHECK(!Reads(image.bytes, image.size, &status));
	CHECK_INTEGER(status.code, INTEREST_UNSUPPORTED);
	CHECK_STRING(status.message, "stored model has format version 3");
	image.bytes[0] = INTEREST_MODEL_VERSION;
	image.bytes[1] = 0;			/* no dimensions */
	CHECK(!Reads(image.bytes, image.size, &status));
}

/* Conformal scores come back with their temperature, which sets read by. */
static void
TestConformal(void)
{
	static const float scores[] = {0.25f, 0.75f};
	InterestModel model = Make();
	InterestModel again;
	InterestStatus status;
	Image		image;
	const float u[DIMENSIONS] = {0.5f};
	float		expected[COUNT(interests)];
	float		probabilities[COUNT(interests)];

	model.conformal = (InterestConformal) {
		.bin_count = 1, .temperature = {0.5f, -0.25f}, .bins = {{.count = COUNT(scores), .scores = scores}}
	};
	image = Write(&model);
	CheckReadable(image.bytes, image.size);
	CHECK(InterestModelRead(image.bytes, image.size, &arena, &again, &status));
	InterestModelOpen(&again, &arena, InterestKernelChoose("auto"));
	CHECK_INTEGER(again.conformal.bins[0].count, COUNT(scores));
	InterestConformalProbabilities(&again, u, 3.0, &arena, probabilities);
	CHECK_NEAR(again.head.temperature[0], 0.0, 0.0);
	memcpy(again.head.temperature, model.conformal.temperature, sizeof(model.conformal.temperature));
	InterestModelProbabilities(&again, u, 3.0, &arena, expected);
	CHECK(memcmp(probabilities, expected, sizeof(expected)) == 0);
	model.conformal.temperature[1] = NAN;
	image = Write(&model);
	CHECK(!Reads(image.bytes, image.size, &status));
}

/* Counts that the bytes cannot hold cost no memory. */
static void
TestLyingCounts(void)
{
	InterestModel model = Specify();
	InterestWriter writer = {InterestArenaArray(&arena, uint8_t, 256), 0};
	InterestArena small;
	InterestStatus status;

	InterestWriteByte(&writer, INTEREST_MODEL_VERSION);
	InterestWriteVarint(&writer, DIMENSIONS);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		InterestWriteSignedVarint(&writer, DAY);
	InterestWriteByte(&writer, INTEREST_FUSION_CONCAT);
	InterestWriteVarint(&writer, 1);	/* texts */
	InterestWriteVarint(&writer, SENTENCE_WIDTH);
	InterestWriteFloat(&writer, 1.0f);
	InterestWriteByte(&writer, 0);	/* no words */
	InterestWriteVarint(&writer, 0);	/* numerics */
	InterestWriteVarint(&writer, 1);	/* categoricals */
	InterestWriteVarint(&writer, INTEREST_MAX_VALUES);
	InterestArenaInit(&small, CheckHost(), 1024);
	CHECK(!InterestModelRead(writer.buffer, writer.length, &small, &model, &status));
	CHECK(InterestArenaFootprint(&small) < 16 * 1024);
	InterestArenaFree(&small);
}

/* --- answers --- */

static void
TestAnswers(void)
{
	InterestModel model = Make();
	InterestArena scratch;
	const InterestSpan texts[] = {SPAN("a film")};
	const double age[] = {25.0};
	const InterestSpan gender[] = {SPAN("M")};
	const InterestValues categoricals[] = {{1, gender}, {0, NULL}};
	const float sentence[SENTENCE_WIDTH] = {0.5f, -0.5f, 0.5f, -0.5f};
	const InterestRowTexts with_text = {.sentence = sentence};
	const InterestRowTexts without_text = {.sentence = NULL};
	InterestBehaviour behaviour = {true, DAY, SPAN("hide"), texts, age, categoricals, no_vectors};
	float		v[DIMENSIONS];
	float		without[DIMENSIONS];
	float		probabilities[COUNT(interests)];
	double		square = 0.0;
	InterestStateRow row;
	size_t		footprint;
	InterestStatus status;

	InterestModelOpen(&model, &arena, InterestKernelChoose("auto"));
	InterestArenaInit(&scratch, CheckHost(), 1 << 16);
	CHECK_INTEGER(InterestRowVector(&model, &behaviour, &with_text, &scratch, v, &row, &status),
				  INTEREST_ROW_DONE);
	footprint = InterestArenaFootprint(&scratch);
	CHECK_NEAR(row.weight, 0.5, 0.0);
	CHECK(row.negative);
	CHECK(row.vector == v);
	CHECK_INTEGER(row.time, DAY);
	CHECK_INTEGER(row.code, 0);	/* untrained: the lowest of equal codes */
	CHECK_NEAR(model.code_distances[1], 0.0, 0.0);
	for (int j = 0; j < DIMENSIONS; j++)
		square += (double) v[j] * v[j];
	CHECK_NEAR(square, 1.0, 1e-6);	/* 8 h is long */
	for (int i = 0; i < 100; i++)	/* no memory is left behind */
		CHECK_INTEGER(InterestRowVector(&model, &behaviour, &without_text, &scratch, without, &row, &status),
					  INTEREST_ROW_DONE);
	CHECK(memcmp(v, without, sizeof(v)) != 0);
	CHECK_INTEGER(InterestArenaFootprint(&scratch), footprint);

	InterestModelProbabilities(&model, v, 1.0, &scratch, probabilities);
	for (int i = 0; i < COUNT(interests); i++)
	{
		double		logit = 0.0;

		for (int j = 0; j < DIMENSIONS; j++)
			logit += model.head.linear.weight[i * DIMENSIONS + j] * v[j];
		CHECK_NEAR(probabilities[i], 1.0 / (1.0 + exp(-exp(2.0) * logit)), 1e-6);
	}

	behaviour.has_time = false;
	CHECK_INTEGER(InterestRowVector(&model, &behaviour, &with_text, &scratch, v, &row, &status),
				  INTEREST_ROW_SKIPPED);
	InterestArenaFree(&scratch);
}

/* The row's own direction is its code once a codebook has it. */
static void
TestCode(void)
{
	InterestModel model = Make();
	const InterestSpan texts[] = {SPAN("a film")};
	const double age[] = {25.0};
	const InterestValues categoricals[] = {{0, NULL}, {0, NULL}};
	const float sentence[SENTENCE_WIDTH] = {0.5f, -0.5f, 0.5f, -0.5f};
	const InterestRowTexts row_texts = {.sentence = sentence};
	InterestBehaviour behaviour = {true, DAY, {NULL, 0}, texts, age, categoricals, no_vectors};
	InterestReadingModel reading;
	float		v[DIMENSIONS];
	double		distance = 0.0;
	InterestStateRow row;
	InterestStatus status;

	InterestModelOpen(&model, &arena, InterestKernelChoose("auto"));
	CHECK_INTEGER(InterestRowVector(&model, &behaviour, &row_texts, &arena, v, &row, &status), INTEREST_ROW_DONE);
	for (int i = 0; i < DIMENSIONS; i++)	/* of norm 1: 8 h is long */
		model.codebook.weight[42 * DIMENSIONS + i] = v[i];
	InterestModelOpen(&model, &arena, InterestKernelChoose("auto"));
	CHECK_INTEGER(InterestRowVector(&model, &behaviour, &row_texts, &arena, v, &row, &status), INTEREST_ROW_DONE);
	CHECK_INTEGER(row.code, 42);
	InterestModelReading(&model, &reading);
	for (int i = 0; i < DIMENSIONS; i++)
		distance += pow(v[i] - (i == 0), 2);
	CHECK_NEAR(reading.code_distances[42], distance, 1e-6);
	CHECK_NEAR(reading.code_distances[42 * INTEREST_CODES + 3], distance, 1e-6);
	CHECK_NEAR(reading.code_distances[42 * INTEREST_CODES + 42], 0.0, 0.0);
}

/* A vector that overflows is an error, never a silent zero or NaN. */
static void
TestOverflow(void)
{
	InterestModel model = Make();
	const InterestSpan texts[] = {SPAN("a film")};
	const double age[] = {NAN};
	const InterestValues categoricals[] = {{0, NULL}, {0, NULL}};
	const float sentence[SENTENCE_WIDTH] = {1.0f};
	const InterestRowTexts row_texts = {.sentence = sentence};
	const float huge[] = {1e15f, 1e25f, HUGE_VALF, NAN};
	InterestBehaviour behaviour = {true, 0, {NULL, 0}, texts, age, categoricals, no_vectors};
	float		v[DIMENSIONS];
	InterestStateRow row;
	InterestStatus status;

	InterestModelOpen(&model, &arena, InterestKernelChoose("auto"));
	for (int i = 0; i < COUNT(huge); i++)
	{
		model.network.fusion.bias[0] = huge[i];
		CHECK_INTEGER(InterestRowVector(&model, &behaviour, &row_texts, &arena, v, &row, &status),
					  huge[i] < 1e18f ? INTEREST_ROW_DONE : INTEREST_ROW_FAILED);
	}
	CHECK_STRING(status.message, "vector of a row is not finite");
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestLayout, TestBlockNames, TestMap, TestWithoutEncoder, TestInitialize, TestReading, TestSpecification,
		TestRoundTrip, TestSections, TestTruncated, TestFlipped, TestHostile, TestConformal, TestLyingCounts,
		TestAnswers, TestCode, TestOverflow
	};

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	for (int i = 0; i < COUNT(tests); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("model");
}

/*
 * model_fuzzer.c
 *	  A model's image from anybody: it is refused, or it is a model that writes
 *	  the same bytes and answers finite numbers.
 *
 * Compile with clang -fsanitize=fuzzer,address,undefined -Isrc, with
 * the sources of base, kernel, profile, network and model in src/core.
 */
#include "core/model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *
Allocate(void *context, size_t size)
{
	void	   *block = malloc(size);

	(void) context;
	if (block == NULL)
		abort();
	return block;
}

static void
Release(void *context, void *block)
{
	(void) context;
	free(block);
}

static void
Require(bool holds)
{
	if (!holds)
		abort();
}

static void
RequireFinite(int count, const float *values)
{
	for (int i = 0; i < count; i++)
		Require(isfinite(values[i]));
}

static void
WriteAgain(const InterestModel *model, InterestArena *arena, const uint8_t *bytes, size_t size)
{
	InterestWriter writer = {NULL, 0};
	InterestImageMap map;

	InterestModelWrite(model, &writer, &map);
	Require(writer.length == size);
	writer = (InterestWriter) {InterestArenaArray(arena, uint8_t, size), 0};
	InterestModelWrite(model, &writer, &map);
	Require(memcmp(writer.buffer, bytes, size) == 0);
}

/* A text of all the words that a column knows. */
static InterestWords
KnownWords(const InterestWordColumn *column, InterestArena *arena)
{
	InterestWord *words = InterestArenaArray(arena, InterestWord, column->words.count);

	for (int i = 0; i < column->words.count; i++)
		words[i] = (InterestWord) {column->words.spans[i], i + 1};
	return (InterestWords) {column->words.count, words};
}

/* A row of nothing but time and texts, and what it says of a user. */
static void
Answer(InterestModel *model, InterestArena *arena)
{
	const InterestFeatures *features = &model->network.features;
	double	   *numerics = InterestArenaArray(arena, double, features->numeric_count);
	float	   *sentence = InterestArenaArray(arena, float, features->sentence_width);
	float	   *v = InterestArenaArray(arena, float, model->shape.dimensions);
	float	   *probabilities = InterestArenaArray(arena, float, model->interests.count);
	float	   *z = InterestArenaArray(arena, float, INTEREST_TEXT_MODALITIES * model->shape.dimensions);
	InterestWords *words = InterestArenaArray(arena, InterestWords, features->text_count);
	const float *projected[INTEREST_TEXT_MODALITIES];
	const InterestRowTexts texts = {.projected = projected};
	InterestBehaviour behaviour = {.has_time = true, .numerics = numerics};
	InterestStateRow row;
	InterestStatus status;

	for (int i = 0; i < features->numeric_count; i++)
		numerics[i] = i;
	for (int i = 0; i < features->sentence_width; i++)
		sentence[i] = 0.1f;
	behaviour.categoricals =
		InterestArenaAllocateZero(arena, sizeof(InterestValues) * (size_t) features->categorical_count);
	behaviour.vectors =
		InterestArenaAllocateZero(arena, sizeof(InterestVector) * (size_t) features->vector_count);
	for (int i = 0; features->word_columns && i < features->text_count; i++)
		words[i] = KnownWords(&features->word_columns[i], arena);
	InterestModelOpen(model, arena, InterestKernelChoose("auto"));
	InterestModelProjectTexts(model, sentence, words, arena, z, projected);
	if (InterestRowVector(model, &behaviour, &texts, arena, v, &row, &status) !=
		INTEREST_ROW_DONE)
		return;
	Require(row.code >= 0 && row.code < INTEREST_CODES);
	RequireFinite(model->shape.dimensions, v);
	InterestModelProbabilities(model, v, 1.0, arena, probabilities);
	RequireFinite(model->interests.count, probabilities);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const InterestHost host = {NULL, Allocate, Release, NULL};
	InterestArena arena;
	InterestModel model;
	InterestStatus status;

	InterestArenaInit(&arena, &host, 1 << 16);
	if (InterestModelRead(data, size, &arena, &model, &status))
	{
		WriteAgain(&model, &arena, data, size);
		Answer(&model, &arena);
	}
	InterestArenaFree(&arena);
	return 0;
}

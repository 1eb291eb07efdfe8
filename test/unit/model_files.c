/*
 * model_files.c
 *	  Encoders of a Hugging Face directory, for unit tests and benchmarks.
 */
#include "model_files.h"

#include "json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

char *
ReadModelFile(InterestArena *arena, const char *directory, const char *name, size_t *length)
{
	char		path[4096];
	FILE	   *file;
	char	   *content = NULL;
	long		size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 &&
		fseek(file, 0, SEEK_SET) == 0)
	{
		size_t		read;

		content = InterestArenaAllocate(arena, (size_t) size + 1);
		read = fread(content, 1, (size_t) size, file);
		content[read] = '\0';
		if (length)
			*length = read;
	}
	fclose(file);
	return content;
}

/* Not a whole number of 64 bits: the largest, which no check lets pass. */
static uint64_t
ToUnsigned(const Json *json)
{
	if (json == NULL || !(json->number >= 0 && json->number < 0x1p63))
		return UINT64_MAX;
	return (uint64_t) json->number;
}

static void
ReadEntry(const Json *member, InterestTensorEntry *entry)
{
	const Json *shape = JsonGet(member, "shape");
	const Json *offsets = JsonGet(member, "data_offsets");

	entry->name = member->key;
	entry->type = JsonString(member, "dtype", "");
	entry->dimensions = 0;
	if (shape)
		for (const Json *extent = shape->first; extent; extent = extent->next)
			if (entry->dimensions < INTEREST_TENSOR_MAX_DIMENSIONS)
				entry->shape[entry->dimensions++] = ToUnsigned(extent);
	entry->begin = ToUnsigned(offsets ? offsets->first : NULL);
	entry->end = ToUnsigned(offsets && offsets->first ? offsets->first->next : NULL);
}

bool
ReadWeights(InterestArena *arena, const char *directory, WeightsFile *weights,
			InterestStatus *status)
{
	size_t		size = 0;
	char	   *file = ReadModelFile(arena, directory, "model.safetensors", &size);
	uint64_t	length;
	char	   *text;
	const Json *header;

	if (file == NULL)
		return InterestFail(status, INTEREST_CORRUPT, "model.safetensors cannot be read");
	if (!InterestSafetensorsHeaderLength((const uint8_t *) file, size, &length, status))
		return false;
	text = InterestArenaAllocateZero(arena, length + 1);
	memcpy(text, file + 8, length);
	header = JsonParse(arena, text);
	if (header == NULL)
		return InterestFail(status, INTEREST_CORRUPT, "header is not JSON");
	weights->entries = InterestArenaArray(arena, InterestTensorEntry, header->length);
	weights->count = 0;
	weights->data = (const uint8_t *) file + 8 + length;
	weights->size = size - 8 - length;
	for (const Json *member = header->first; member; member = member->next)
		if (strcmp(member->key, "__metadata__") != 0)
			ReadEntry(member, weights->entries + weights->count++);
	return true;
}

static const Json *
ReadJson(InterestArena *arena, const char *directory, const char *name)
{
	const char *text = ReadModelFile(arena, directory, name, NULL);

	return text ? JsonParse(arena, text) : NULL;
}

static void
ReadPooling(InterestArena *arena, const char *directory, InterestEncoderConfig *config)
{
	const Json *pooling = ReadJson(arena, directory, "1_Pooling/config.json");
	const char *modules = ReadModelFile(arena, directory, "modules.json", NULL);

	config->pooling = INTEREST_POOLING_MEAN;
	if (JsonBool(pooling, "pooling_mode_cls_token", false))
		config->pooling = INTEREST_POOLING_CLS;
	if (JsonBool(pooling, "pooling_mode_max_tokens", false))
		config->pooling = INTEREST_POOLING_MAX;
	config->normalize = modules && strstr(modules, "Normalize");
}

bool
ReadConfig(InterestArena *arena, const char *directory, InterestEncoderConfig *config,
		   InterestStatus *status)
{
	const Json *model = ReadJson(arena, directory, "config.json");
	const Json *sentence = ReadJson(arena, directory, "sentence_bert_config.json");
	const Json *tokenizer = ReadJson(arena, directory, "tokenizer_config.json");

	if (model == NULL)
		return InterestFail(status, INTEREST_CORRUPT, "config.json cannot be read");
	config->vocabulary_size = (int) JsonNumber(model, "vocab_size", 0);
	config->hidden = (int) JsonNumber(model, "hidden_size", 0);
	config->layers = (int) JsonNumber(model, "num_hidden_layers", 0);
	config->heads = (int) JsonNumber(model, "num_attention_heads", 0);
	config->intermediate = (int) JsonNumber(model, "intermediate_size", 0);
	config->positions = (int) JsonNumber(model, "max_position_embeddings", 0);
	config->token_types = (int) JsonNumber(model, "type_vocab_size", 0);
	config->layer_norm_epsilon = (float) JsonNumber(model, "layer_norm_eps", NAN);
	config->max_length = (int) JsonNumber(sentence, "max_seq_length", config->positions);
	config->lowercase = JsonBool(tokenizer, "do_lower_case", true);
	config->strip_accents = JsonBool(tokenizer, "strip_accents", config->lowercase);
	config->tokenize_chinese_chars = JsonBool(tokenizer, "tokenize_chinese_chars", true);
	config->clean_text = true;
	config->storage = INTEREST_STORAGE_FP32;
	ReadPooling(arena, directory, config);
	return InterestActivationFromName(JsonString(model, "hidden_act", ""), &config->activation, status) &&
		InterestEncoderConfigCheck(config, status);
}

bool
ReadTokenizer(InterestArena *arena, const char *directory, const InterestEncoderConfig *config,
			  InterestTokenizer *tokenizer, InterestStatus *status)
{
	size_t		length;
	char	   *text = ReadModelFile(arena, directory, "vocab.txt", &length);
	InterestVocabulary *vocabulary;

	if (text == NULL)
		return InterestFail(status, INTEREST_CORRUPT, "vocab.txt cannot be read");
	if (!InterestVocabularyBuild(arena, text, length, &vocabulary, status))
		return false;
	*tokenizer = InterestEncoderTokenizer(config, vocabulary);
	return true;
}

static bool
OpenImage(InterestArena *arena, const InterestEncoderConfig *config, const void *image,
		  const InterestKernel *kernel, InterestEncoder *encoder, InterestStatus *status)
{
	size_t		size = InterestEncoderPackedSize(config);
	void	   *packed = InterestArenaAllocate(arena, size);

	InterestEncoderPack(config, image, packed);
	return InterestEncoderOpen(config, packed, size, kernel, encoder, status);
}

bool
NarrowEncoder(InterestArena *arena, const InterestEncoderConfig *wide_config, float *wide,
			  const InterestTokenizer *tokenizer, InterestStorage storage,
			  const InterestKernel *kernel, InterestEncoder *encoder, InterestStatus *status)
{
	InterestEncoderConfig config = *wide_config;
	float	   *magnitudes = NULL;
	void	   *image;

	config.storage = storage;
	if (storage == INTEREST_STORAGE_INT8)
	{
		magnitudes = InterestArenaArray(arena, float, InterestEncoderMagnitudesSize(&config));
		if (!OpenImage(arena, wide_config, wide, InterestKernelChoose("auto"), encoder, status) ||
			!InterestEncoderMeasureSamples(encoder, tokenizer, arena, magnitudes, status))
			return false;
	}
	image = InterestArenaAllocate(arena, InterestEncoderImageBytes(&config));
	InterestEncoderNarrowImage(&config, wide, magnitudes, image);
	return OpenImage(arena, &config, image, kernel, encoder, status);
}

bool
ReadNarrowEncoder(InterestArena *arena, const char *directory, InterestStorage storage,
				  const InterestKernel *kernel, InterestEncoder *encoder, InterestStatus *status)
{
	InterestEncoderConfig config;
	InterestTokenizer tokenizer = {0};
	WeightsFile weights;
	float	   *wide;

	if (!ReadConfig(arena, directory, &config, status) ||
		!ReadWeights(arena, directory, &weights, status) ||
		!InterestEncoderCheckTensors(&config, weights.entries, weights.count, weights.size, status))
		return false;
	wide = InterestArenaArray(arena, float, InterestEncoderImageSize(&config));
	return InterestEncoderBuildImage(&config, weights.entries, weights.count,
									 weights.data, weights.size, wide, status) &&
		(storage != INTEREST_STORAGE_INT8 || ReadTokenizer(arena, directory, &config, &tokenizer, status)) &&
		NarrowEncoder(arena, &config, wide, &tokenizer, storage, kernel, encoder, status);
}

bool
ReadEncoder(InterestArena *arena, const char *directory, const InterestKernel *kernel,
			InterestEncoder *encoder, InterestStatus *status)
{
	return ReadNarrowEncoder(arena, directory, INTEREST_STORAGE_FP32, kernel, encoder, status);
}

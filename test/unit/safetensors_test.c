/*
 * safetensors_test.c
 *	  Hostile weights files and configurations; widening; finding tensors.
 *
 * INTEREST_TINY names the folder that test/data/make_tiny_encoders.py filled:
 * its broken directories are read as far as the core goes.
 */
#include "check.h"
#include "model_files.h"

#include <dirent.h>
#include "core/base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static InterestArena arena;

static void
CheckHeader(uint64_t claimed, uint64_t file_size, InterestCode code)
{
	uint8_t		bytes[8];
	uint64_t	length = 0;
	InterestStatus status = {0};
	bool		sound;

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t) (claimed >> (8 * i));
	sound = InterestSafetensorsHeaderLength(bytes, file_size, &length, &status);
	CHECK(sound == (code == INTEREST_OK));
	CHECK_INTEGER(status.code, code);
	if (sound)
		CHECK_INTEGER(length, claimed);
}

static void
TestHeaderLength(void)
{
	const uint64_t limit = INTEREST_SAFETENSORS_MAX_HEADER;

	CheckHeader(2, 10, INTEREST_OK);
	CheckHeader(0, 8, INTEREST_OK);
	CheckHeader(3, 10, INTEREST_CORRUPT);
	CheckHeader(1, 8, INTEREST_CORRUPT);
	CheckHeader(0, 7, INTEREST_CORRUPT);
	CheckHeader(0, 0, INTEREST_CORRUPT);
	CheckHeader(limit, limit + 8, INTEREST_OK);
	CheckHeader(limit, limit + 7, INTEREST_CORRUPT);
	CheckHeader(limit + 1, limit + 1000, INTEREST_LIMIT_EXCEEDED);
	CheckHeader(UINT64_MAX, UINT64_MAX, INTEREST_LIMIT_EXCEEDED);
	CheckHeader(UINT64_C(1) << 63, 100, INTEREST_LIMIT_EXCEEDED);
}

static void
CheckEntry(const char *type, int dimensions, uint64_t first, uint64_t second,
		   uint64_t begin, uint64_t end, uint64_t size, InterestCode code)
{
	InterestTensorEntry entry = {"weight", type, dimensions, {first, second}, begin, end};
	InterestStatus status = {0};

	CHECK(InterestTensorCheck(&entry, size, &status) == (code == INTEREST_OK));
	if (!CHECK_INTEGER(status.code, code))
		printf("# %s of %llu x %llu, %llu to %llu\n", type, (unsigned long long) first,
			   (unsigned long long) second, (unsigned long long) begin, (unsigned long long) end);
	if (code != INTEREST_OK)
		CHECK(strstr(status.message, "\"weight\"") != NULL);
}

static void
TestEntries(void)
{
	const uint64_t huge = UINT64_C(1) << 62;

	CheckEntry("F32", 2, 3, 4, 0, 48, 48, INTEREST_OK);
	CheckEntry("F32", 2, 3, 4, 5, 53, 53, INTEREST_OK);	/* not aligned */
	CheckEntry("F16", 2, 3, 4, 0, 24, 48, INTEREST_OK);
	CheckEntry("BF16", 1, 3, 0, 0, 6, 6, INTEREST_OK);
	CheckEntry("I64", 2, 1, 512, 0, 4096, 4096, INTEREST_OK);
	CheckEntry("F32", 0, 0, 0, 0, 4, 4, INTEREST_OK);	/* a scalar */
	CheckEntry("F32", 2, 0, 4, 7, 7, 48, INTEREST_OK);	/* empty */
	CheckEntry("F8_E4M3", 2, 3, 4, 0, 12, 48, INTEREST_OK);	/* unknown, but within bounds */
	CheckEntry("F8_E4M3", 2, 3, 4, 0, 49, 48, INTEREST_CORRUPT);

	CheckEntry("F32", 2, 3, 4, 0, 47, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 2, 3, 4, 0, 49, 49, INTEREST_CORRUPT);
	CheckEntry("F32", 2, 3, 4, 0, 48, 47, INTEREST_CORRUPT);
	CheckEntry("F32", 2, 3, 4, 48, 0, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 2, 3, 4, 1, 49, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 2, 3, 4, UINT64_MAX - 47, UINT64_MAX, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 2, 3, 4, UINT64_MAX, 47, 48, INTEREST_CORRUPT);
	CheckEntry("F16", 2, 3, 4, 0, 48, 48, INTEREST_CORRUPT);
	/* Products that would wrap to what is there. */
	CheckEntry("F32", 2, huge, 4, 0, 0, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 2, huge + 12, 1, 0, 48, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 2, UINT64_MAX, UINT64_MAX, 0, 4, 48, INTEREST_CORRUPT);
	CheckEntry("F32", 9, 1, 1, 0, 4, 48, INTEREST_LIMIT_EXCEEDED);
	CheckEntry("F32", -1, 1, 1, 0, 4, 48, INTEREST_LIMIT_EXCEEDED);
}

/* A name is quoted up to a limit that never falls within a character. */
static void
TestLongName(void)
{
	char		name[301];
	InterestTensorEntry entry = {name, "F32", 1, {1}, 1, 0};
	InterestStatus status;
	size_t		shown;

	memset(name, 'n', sizeof(name));
	memcpy(name + 99, "\xC3\xA9", 2);
	name[300] = '\0';
	CHECK(!InterestTensorCheck(&entry, 100, &status));
	shown = strspn(status.message + strlen("tensor \""), "n");
	CHECK_INTEGER(shown, 99);
	CHECK(status.message[strlen("tensor \"") + shown] == '"');
}

static bool
Widen(const char *type, const void *bytes, size_t count, float *out)
{
	size_t		size = strcmp(type, "F32") == 0 ? 4 : 2;
	InterestTensorEntry entry = {"weight", type, 1, {count}, 0, count * size};
	InterestStatus status = {0};

	return CHECK(InterestTensorCheck(&entry, count * size, &status)) &&
		InterestTensorWiden(&entry, bytes, out, &status);
}

static void
TestWiden(void)
{
	/* Little-endian, whatever the machine. */
	static const uint8_t single[] = {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 1, 0, 0, 0};
	static const uint8_t half[] = {0, 0x3c, 0, 0xc1, 1, 0, 0xff, 0x03, 0, 0x04, 0xff, 0x7b, 0, 0x80, 1, 0x80};
	static const uint8_t bfloat[] = {0x80, 0x3f, 0x20, 0xc0, 0x7f, 0x7f, 0, 0x80};
	static const uint8_t infinite[] = {0, 0, 0x80, 0x7f};
	static const uint8_t nan[] = {1, 0, 0x80, 0xff};
	static const uint8_t half_infinite[] = {0, 0x7c};
	static const uint8_t bfloat_nan[] = {0xc0, 0x7f};
	float		out[8];
	InterestTensorEntry integers = {"embeddings.position_ids", "I64", 1, {1}, 0, 8};
	InterestStatus status = {0};

	CHECK(Widen("F32", single, 3, out));
	CHECK(out[0] == 1 && out[1] == -2.5f && out[2] == 0x1p-149f);
	CHECK(Widen("F16", half, 8, out));
	CHECK(out[0] == 1 && out[1] == -2.5f && out[2] == 0x1p-24f && out[3] == 1023 * 0x1p-24f);
	CHECK(out[4] == 0x1p-14f && out[5] == 65504 && out[6] == 0 && signbit(out[6]));
	CHECK(out[7] == -0x1p-24f);
	CHECK(Widen("BF16", bfloat, 4, out));
	CHECK(out[0] == 1 && out[1] == -2.5f && out[2] > 3.38e38f && signbit(out[3]));
	CHECK(!Widen("F32", infinite, 1, out));
	CHECK(!Widen("F32", nan, 1, out));
	CHECK(!Widen("F16", half_infinite, 1, out));
	CHECK(!Widen("BF16", bfloat_nan, 1, out));
	CHECK(!InterestTensorWiden(&integers, single, out, &status));
	CHECK_INTEGER(status.code, INTEREST_UNSUPPORTED);
}

static InterestEncoderConfig
SoundConfig(void)
{
	InterestEncoderConfig config = {
		.vocabulary_size = 330, .hidden = 32, .layers = 2, .heads = 4, .intermediate = 64,
		.positions = 64, .token_types = 2, .max_length = 40, .layer_norm_epsilon = 1e-12f,
		.activation = INTEREST_ACTIVATION_GELU_TANH, .pooling = INTEREST_POOLING_MAX,
		.normalize = true, .lowercase = false, .strip_accents = true,
		.tokenize_chinese_chars = false, .clean_text = true
	};

	return config;
}

#define CHECK_FIELD(field, value, sound) \
	do { \
		InterestEncoderConfig config = SoundConfig(); \
		InterestStatus status; \
\
		config.field = (value); \
		CHECK(InterestEncoderConfigCheck(&config, &status) == (sound)); \
	} while (0)

static void
TestConfigLimits(void)
{
	CHECK_FIELD(hidden, 32, true);
	CHECK_FIELD(vocabulary_size, INTEREST_ENCODER_MAX_VOCABULARY, true);
	CHECK_FIELD(vocabulary_size, INTEREST_ENCODER_MAX_VOCABULARY + 1, false);
	CHECK_FIELD(vocabulary_size, 0, false);
	CHECK_FIELD(hidden, INTEREST_ENCODER_MAX_HIDDEN, true);
	CHECK_FIELD(hidden, INTEREST_ENCODER_MAX_HIDDEN + 4, false);
	CHECK_FIELD(hidden, 34, false);	/* 4 heads */
	CHECK_FIELD(hidden, -32, false);
	CHECK_FIELD(layers, INTEREST_ENCODER_MAX_LAYERS, true);
	CHECK_FIELD(layers, INTEREST_ENCODER_MAX_LAYERS + 1, false);
	CHECK_FIELD(layers, 0, false);
	CHECK_FIELD(heads, 0, false);
	CHECK_FIELD(heads, 5, false);
	CHECK_FIELD(heads, 32, true);
	CHECK_FIELD(heads, 64, false);
	CHECK_FIELD(intermediate, INTEREST_ENCODER_MAX_INTERMEDIATE, true);
	CHECK_FIELD(intermediate, INTEREST_ENCODER_MAX_INTERMEDIATE + 1, false);
	CHECK_FIELD(positions, INTEREST_ENCODER_MAX_POSITIONS, true);
	CHECK_FIELD(positions, INTEREST_ENCODER_MAX_POSITIONS + 1, false);
	CHECK_FIELD(token_types, INTEREST_ENCODER_MAX_TOKEN_TYPES + 1, false);
	CHECK_FIELD(token_types, 0, false);
	CHECK_FIELD(max_length, 64, true);
	CHECK_FIELD(max_length, 65, false);
	CHECK_FIELD(max_length, 2, true);
	CHECK_FIELD(max_length, 1, false);
	CHECK_FIELD(layer_norm_epsilon, 0, false);
	CHECK_FIELD(layer_norm_epsilon, NAN, false);
	CHECK_FIELD(layer_norm_epsilon, INFINITY, false);
	CHECK_FIELD(activation, (InterestActivation) 3, false);
	CHECK_FIELD(pooling, (InterestPooling) 3, false);
	CHECK_FIELD(storage, INTEREST_STORAGE_INT8, true);
	CHECK_FIELD(storage, (InterestStorage) 3, false);
}

static bool
ReadConfigBytes(const uint8_t *bytes, size_t size, InterestEncoderConfig *config)
{
	uint8_t    *copy = malloc(size + (size == 0));	/* of exact size: reading on is seen */
	InterestReader reader = {copy, copy + size, false};
	InterestStatus status;
	bool		sound;

	memcpy(copy, bytes, size);
	sound = InterestEncoderConfigRead(&reader, config, &status);
	free(copy);
	return sound;
}

/* Of fp32 the bytes end before the storage. */
static void
TestConfigBytes(InterestStorage storage)
{
	InterestEncoderConfig config = SoundConfig();
	InterestEncoderConfig other;
	InterestWriter counter = {NULL, 0};
	uint8_t		bytes[64] = {0};
	uint8_t		again[64] = {0};
	InterestWriter writer = {bytes, 0};
	InterestWriter second = {again, 0};
	size_t		size = storage == INTEREST_STORAGE_FP32 ? 47 : 48;

	config.storage = storage;
	InterestEncoderConfigWrite(&counter, &config);
	InterestEncoderConfigWrite(&writer, &config);
	CHECK_INTEGER(counter.length, writer.length);
	CHECK_INTEGER(writer.length, size);
	CHECK_INTEGER(bytes[0], size - 46);
	CHECK(ReadConfigBytes(bytes, writer.length, &other));
	InterestEncoderConfigWrite(&second, &other);
	CHECK(second.length == writer.length && memcmp(bytes, again, writer.length) == 0);
	CHECK_INTEGER(other.vocabulary_size, 330);
	CHECK(other.pooling == INTEREST_POOLING_MAX && !other.lowercase && other.clean_text);
	CHECK(other.storage == storage);

	for (size = 0; size < writer.length; size++)
		CHECK(!ReadConfigBytes(bytes, size, &other));
	CHECK(!ReadConfigBytes(bytes, writer.length + 1, &other));
	/* The top byte of every number and each of the last bytes. */
	for (size_t i = 3; i < writer.length; i += i < 39 ? 4 : 1)
	{
		bytes[i] ^= 0x80;
		CHECK(!ReadConfigBytes(bytes, writer.length, &other));
		bytes[i] ^= 0x80;
	}
	/* The form of the other kind of storage. */
	bytes[0] ^= 3;
	bytes[47] = 0;
	CHECK(!ReadConfigBytes(bytes, 48, &other));
}

static void
TestNames(void)
{
	InterestActivation activation = INTEREST_ACTIVATION_RELU;
	InterestStatus status = {0};

	CHECK(InterestActivationFromName("gelu", &activation, &status));
	CHECK_INTEGER(activation, INTEREST_ACTIVATION_GELU);
	CHECK(InterestActivationFromName("gelu_new", &activation, &status));
	CHECK_INTEGER(activation, INTEREST_ACTIVATION_GELU_TANH);
	CHECK(!InterestActivationFromName("swish", &activation, &status));
	CHECK_STRING(status.message, "encoder has the activation \"swish\"");
	CHECK_STRING(InterestPoolingName(INTEREST_POOLING_CLS), "cls");
}

/* The image's tensors lie end to end; their names end as they should. */
static void
TestSpecs(void)
{
	InterestEncoderConfig config = SoundConfig();
	InterestTensorSpec spec;
	size_t		offset = 0;
	int			count = InterestEncoderTensorCount(&config);

	CHECK_INTEGER(count, 37);
	for (int i = 0; i < count; i++)
	{
		InterestEncoderTensorSpec(&config, i, &spec);
		CHECK_INTEGER(spec.offset, offset);
		CHECK_INTEGER(spec.count, spec.shape[0] * (spec.dimensions == 2 ? spec.shape[1] : 1));
		offset += spec.count;
	}
	CHECK_INTEGER(offset, InterestEncoderImageSize(&config));
	CHECK_INTEGER(InterestEncoderImageBytes(&config), 4 * offset);
	CHECK_STRING(spec.name, "encoder.layer.1.output.LayerNorm.bias");
	InterestEncoderTensorSpec(&config, 5 + 16 + 10, &spec);
	CHECK_STRING(spec.name, "encoder.layer.1.intermediate.dense.weight");
	CHECK(spec.shape[0] == 64 && spec.shape[1] == 32);
}

/* Row j of a tensor narrowed; the outliers of matrices are channels 2 and 5. */
static void
CheckNarrowRow(const InterestTensorSpec *spec, size_t j, const float *wide, const char *tensor)
{
	size_t		rows = spec->shape[0];
	size_t		width = spec->shape[1];
	const char *numbers = tensor + spec->head;
	const float *margins = (const float *) tensor;
	float		row[64];
	uint16_t	narrow[64];
	int8_t		steps[64];

	memcpy(row, wide + j * width, sizeof(float) * width);
	if (spec->storage == INTEREST_STORAGE_FP32)
		CHECK(memcmp((const float *) numbers + j * width, row, sizeof(float) * width) == 0);
	if (spec->storage == INTEREST_STORAGE_BF16)
	{
		InterestToBf16(width, row, narrow);
		CHECK(memcmp((const uint16_t *) numbers + j * width, narrow, sizeof(uint16_t) * width) == 0);
	}
	if (spec->storage == INTEREST_STORAGE_INT8)
	{
		if (spec->input != INTEREST_INPUT_NONE)
		{
			CHECK(((const int32_t *) tensor)[0] == 2 && ((const int32_t *) tensor)[1] == 5);
			margins += INTEREST_INT8_OUTLIERS;
			CHECK(margins[rows + j] == row[2] && margins[2 * rows + j] == row[5]);
			row[2] = row[5] = 0;
		}
		CHECK(margins[j] == InterestToInt8(width, row, steps));
		CHECK(memcmp((const int8_t *) numbers + j * width, steps, width) == 0);
	}
}

/* Matrices narrow, vectors not; odd sizes fill up to whole floats. */
static void
TestNarrowImage(InterestStorage storage)
{
	InterestEncoderConfig config = SoundConfig();
	InterestRandom numbers = InterestRandomKeyed(5, 0, 0, 0);
	size_t		floats;
	size_t		bytes;
	size_t		place = 0;
	float	   *wide;
	float	   *magnitudes;
	char	   *image;
	InterestTensorSpec spec;

	config.hidden = 7;
	config.heads = 1;
	config.storage = storage;
	floats = InterestEncoderImageSize(&config);
	bytes = InterestEncoderImageBytes(&config);
	wide = malloc(floats * sizeof(float));
	image = malloc(bytes);
	magnitudes = calloc(InterestEncoderMagnitudesSize(&config), sizeof(float));
	for (size_t i = 0; i < floats; i++)
		wide[i] = (float) InterestRandomUniform(&numbers) - 0.5f;
	memset(image, 0x55, bytes);
	for (int layer = 0; layer < config.layers; layer++)
		for (int input = 0; input < INTEREST_INPUT_NONE; input++)
		{
			float	   *here = magnitudes + InterestEncoderMagnitudesOffset(&config, layer, input);

			here[5] = 3;
			here[2] = 3.5f;
		}
	InterestEncoderNarrowImage(&config, wide, magnitudes, image);
	for (int i = 0; i < InterestEncoderTensorCount(&config); i++)
	{
		InterestEncoderTensorSpec(&config, i, &spec);
		CHECK_INTEGER(spec.place, place);
		CHECK(spec.storage == (spec.dimensions == 2 ? storage : INTEREST_STORAGE_FP32));
		place += spec.bytes;
		CHECK(spec.layer == (i < 5 ? -1 : (i - 5) / 16));
		for (size_t j = 0; j < spec.shape[0]; j++)
			CheckNarrowRow(&spec, j, wide + spec.offset, image + spec.place);
	}
	CHECK_INTEGER(place, bytes);
	/* The first tensor, 330 rows of 7, is filled up with zeros. */
	InterestEncoderTensorSpec(&config, 0, &spec);
	if (storage == INTEREST_STORAGE_INT8)
		CHECK(spec.bytes == 330 * 4 + 2312 && image[spec.bytes - 1] == 0 && image[spec.bytes - 2] == 0);
	free(wide);
	free(magnitudes);
	free(image);
}

static const char *
Find(const char *name, const char *wanted, uint64_t extent, InterestStatus *status)
{
	InterestTensorEntry entries[] = {
		{"other", "F32", 1, {4}, 0, 16},
		{name, "F32", 1, {extent}, 0, 16},
	};
	InterestTensorSpec spec = {.dimensions = 1, .shape = {4}};
	const InterestTensorEntry *found;

	snprintf(spec.name, sizeof(spec.name), "%s", wanted);
	found = InterestEncoderFindTensor(entries, 2, &spec, status);
	return found ? found->name : NULL;
}

static void
TestFind(void)
{
	static const char weight[] = "embeddings.LayerNorm.weight";
	static const char bias[] = "embeddings.LayerNorm.bias";
	InterestStatus status = {0};

	CHECK_STRING(Find(weight, weight, 4, &status), weight);
	CHECK_STRING(Find("bert.embeddings.LayerNorm.weight", weight, 4, &status),
				 "bert.embeddings.LayerNorm.weight");
	CHECK_STRING(Find("embeddings.LayerNorm.gamma", weight, 4, &status), "embeddings.LayerNorm.gamma");
	CHECK_STRING(Find("bert.embeddings.LayerNorm.beta", bias, 4, &status),
				 "bert.embeddings.LayerNorm.beta");
	CHECK_STRING(Find("embeddings.LayerNorm.beta", weight, 4, &status), NULL);
	CHECK_STRING(Find("roberta.embeddings.LayerNorm.weight", weight, 4, &status), NULL);
	CHECK_STRING(status.message, "tensor \"embeddings.LayerNorm.weight\" is missing");
	CHECK_INTEGER(status.code, INTEREST_UNSUPPORTED);
	CHECK_STRING(Find("pooler.dense.gamma", "pooler.dense.weight", 4, &status), NULL);
	CHECK_STRING(Find(weight, weight, 5, &status), NULL);
	CHECK_STRING(status.message, "tensor \"embeddings.LayerNorm.weight\" has the wrong shape");
	CHECK_INTEGER(status.code, INTEREST_CORRUPT);
	CHECK_STRING(status.detail, "The weights file has [5], the configuration asks for [4].");
}

/* What the directory is refused for must be said; some only other readers notice. */
static void
CheckBroken(const char *root, const char *name)
{
	static const char *const beyond_core[] = {
		"no_vocabulary", "no_special_token", "short_vocabulary", "model_type", "relative_positions"
	};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	char		directory[4096];
	char	   *expect;
	InterestEncoder encoder;
	InterestStatus status = {0};

	for (size_t i = 0; i < sizeof(beyond_core) / sizeof(beyond_core[0]); i++)
		if (strcmp(name, beyond_core[i]) == 0)
			return;
	snprintf(directory, sizeof(directory), "%s/broken/%s", root, name);
	expect = ReadModelFile(&arena, directory, "expect", NULL);
	if (CHECK(expect != NULL))
	{
		expect[strcspn(expect, "\n")] = '\0';
		if (!CHECK(!ReadEncoder(&arena, directory, InterestKernelChoose("auto"), &encoder, &status)) ||
			!CHECK(strstr(status.message, expect) || strstr(status.detail, expect)))
			printf("# %s: %s. %s\n", name, status.message, status.detail);
	}
	InterestArenaReturnTo(&arena, mark);
}

static void
TestBroken(const char *root)
{
	char		path[4096];
	DIR		   *directory;
	int			count = 0;

	snprintf(path, sizeof(path), "%s/broken", root);
	directory = opendir(path);
	if (!CHECK(directory != NULL))
		return;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL; count++)
		if (entry->d_name[0] != '.')
			CheckBroken(root, entry->d_name);
	closedir(directory);
	CHECK(count > 20);
}

int
main(void)
{
	const char *tiny = getenv("INTEREST_TINY");

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	TestHeaderLength();
	TestEntries();
	TestLongName();
	TestWiden();
	TestConfigLimits();
	for (int storage = 0; storage < INTEREST_STORAGES; storage++)
	{
		TestConfigBytes((InterestStorage) storage);
		TestNarrowImage((InterestStorage) storage);
	}
	TestNames();
	TestSpecs();
	TestFind();
	if (tiny == NULL)
		CheckSkip("INTEREST_TINY is not set: no broken directories");
	else
		TestBroken(tiny);
	InterestArenaFree(&arena);
	return CheckReport("safetensors");
}

/*
 * encoder_test.c
 *	  The encoder against reference vectors; batches; limits; the packed form.
 *
 * INTEREST_TINY names the folder that test/data/make_tiny_encoders.py filled;
 * INTEREST_TINY_ONLY some of the encoders in it, where time is short.
 * encoder_golden_test.c has the real encoder.
 */
#include "check.h"
#include "json.h"
#include "model_files.h"

#include "core/base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static InterestArena arena;		/* what a test reads */
static InterestArena scratch;	/* what the encoder is given */

#define MOST_CASES 64

/* The lines of an expected.jsonl. */
typedef struct Cases
{
	int			count;
	int			lengths[MOST_CASES];
	int32_t    *ids;			/* of all texts, end to end */
	float	   *vectors[MOST_CASES];
} Cases;

static bool
ReadCases(const char *directory, Cases *cases)
{
	char	   *text = ReadModelFile(&arena, directory, "expected.jsonl", NULL);
	int			total = 0;

	cases->count = 0;
	if (!CHECK(text != NULL))
		return false;
	cases->ids = InterestArenaArray(&arena, int32_t, 1 << 16);
	for (char *line = strtok(text, "\n"); line && cases->count < MOST_CASES; line = strtok(NULL, "\n"))
	{
		const Json *json = JsonParse(&arena, line);
		const Json *ids = JsonGet(json, "ids");

		if (!CHECK(ids != NULL))
			return false;
		memcpy(cases->ids + total, JsonIntegers(&arena, ids), sizeof(int32_t) * ids->length);
		cases->lengths[cases->count] = (int) ids->length;
		cases->vectors[cases->count++] = JsonFloats(&arena, JsonGet(json, "vector"));
		total += (int) ids->length;
	}
	return CHECK(cases->count >= 30);
}

/* The vectors of count texts in one call. */
static float *
Encode(const InterestEncoder *encoder, int count, const int32_t *ids, const int *lengths)
{
	float	   *out = InterestArenaArray(&arena, float, (size_t) count * encoder->config.hidden);
	InterestStatus status;

	if (!CHECK(InterestEncode(encoder, &scratch, count, ids, lengths, out, &status)))
		printf("# %s\n", status.message);
	return out;
}

static bool
SameBits(const float *a, const float *b, size_t n)
{
	return memcmp(a, b, n * sizeof(float)) == 0;
}

/* Alone, all at once, and in batches of other sizes: the same bits each time. */
static void
CheckBatches(const InterestEncoder *encoder, const Cases *cases, const float *together)
{
	int			hidden = encoder->config.hidden;

	for (int size = 1; size <= 7; size += 2)
	{
		const int32_t *ids = cases->ids;

		for (int first = 0; first < cases->count; first += size)
		{
			int			count = cases->count - first < size ? cases->count - first : size;
			float	   *some = Encode(encoder, count, ids, cases->lengths + first);

			CHECK(SameBits(some, together + (size_t) first * hidden, (size_t) count * hidden));
			for (int t = first; t < first + count; t++)
				ids += cases->lengths[t];
		}
	}
}

/*
 * How far vectors of norm 1 may be from the reference, by storage: tiny encoders
 * have random weights, which narrow worse than those of real ones.
 */
static const double most_difference[INTEREST_STORAGES] = {2e-6, 1e-2, 5e-2};

static double
LargestDifference(const Cases *cases, const float *vectors, int hidden)
{
	double		largest = 0;

	for (int t = 0; t < cases->count; t++)
	{
		double		norm = 0;

		for (int j = 0; j < hidden; j++)
			norm += (double) cases->vectors[t][j] * cases->vectors[t][j];
		norm = fmax(1, sqrt(norm));
		for (int j = 0; j < hidden; j++)
			largest = fmax(largest, fabs(vectors[t * hidden + j] - (double) cases->vectors[t][j]) / norm);
	}
	return largest;
}

/* Every kernel: near the reference, and the same bits. */
static void
CheckStorage(const char *directory, const char *name, const Cases *cases, InterestStorage storage)
{
	const float *reference = NULL;

	for (const char *const *kernel_name = InterestKernelNames(); *kernel_name; kernel_name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*kernel_name);
		InterestEncoder encoder;
		InterestStatus status;
		float	   *vectors;
		double		largest;

		if (kernel == NULL)
			continue;
		if (!CHECK(ReadNarrowEncoder(&arena, directory, storage, kernel, &encoder, &status)))
		{
			printf("# %s: %s\n", name, status.message);
			continue;
		}
		vectors = Encode(&encoder, cases->count, cases->ids, cases->lengths);
		largest = LargestDifference(cases, vectors, encoder.config.hidden);
		if (!CHECK(largest > 0 && largest <= most_difference[storage]))
			printf("# %s by %s: difference %.3g\n", name, kernel->name, largest);
		if (reference)
			CHECK(SameBits(vectors, reference, (size_t) cases->count * encoder.config.hidden));
		else
			printf("# %s, %s: difference %.3g\n", name, InterestStorageName(storage), largest);
		reference = vectors;
		CheckBatches(&encoder, cases, vectors);
	}
}

static void
CheckDirectory(const char *root, const char *name)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	char		directory[4096];
	Cases		cases;

	snprintf(directory, sizeof(directory), "%s/%s", root, name);
	if (ReadCases(directory, &cases))
		for (int storage = 0; storage < INTEREST_STORAGES; storage++)
			CheckStorage(directory, name, &cases, (InterestStorage) storage);
	InterestArenaReturnTo(&arena, mark);
}

/* A configuration that passes every check. */
static InterestEncoderConfig
SoundConfig(void)
{
	InterestEncoderConfig config = {
		.vocabulary_size = 50, .hidden = 24, .layers = 2, .heads = 2, .intermediate = 40,
		.positions = 400, .token_types = 2, .max_length = 300, .layer_norm_epsilon = 1e-12f,
		.normalize = true, .lowercase = true, .strip_accents = true,
		.tokenize_chinese_chars = true, .clean_text = true
	};

	return config;
}

/*
 * An encoder of that configuration with random weights times spread, whose
 * outliers are anywhere.  Returns its packed form.
 */
static const void *
RandomEncoder(const InterestEncoderConfig *config, float spread, InterestEncoder *encoder)
{
	InterestRandom random = InterestRandomKeyed(7, 0, 0, 0);
	size_t		count = InterestEncoderImageSize(config);
	size_t		inputs = InterestEncoderMagnitudesSize(config);
	float	   *wide = InterestArenaArray(&arena, float, count);
	float	   *magnitudes = InterestArenaArray(&arena, float, inputs);
	void	   *image = InterestArenaAllocate(&arena, InterestEncoderImageBytes(config));
	size_t		size = InterestEncoderPackedSize(config);
	void	   *packed = InterestArenaAllocate(&arena, size);
	InterestStatus status;

	for (size_t i = 0; i < count; i++)
		wide[i] = spread * ((float) InterestRandomUniform(&random) - 0.5f);
	for (size_t i = 0; i < inputs; i++)
		magnitudes[i] = (float) InterestRandomUniform(&random);
	InterestEncoderNarrowImage(config, wide, magnitudes, image);
	InterestEncoderPack(config, image, packed);
	CHECK(InterestEncoderOpen(config, packed, size, InterestKernelChoose("auto"), encoder, &status));
	return packed;
}

typedef struct Seen
{
	int			calls;
	int			tokens;			/* of all passes, layer 0 */
	int			largest;		/* of one pass */
	bool		in_order;
	int			layers;
} Seen;

static void
See(void *context, int layer, int tokens, const float *hidden, int stride)
{
	Seen	   *seen = context;

	seen->in_order &= layer == seen->calls % (seen->layers + 1);
	seen->calls++;
	if (layer == 0)
		seen->tokens += tokens;
	if (tokens > seen->largest)
		seen->largest = tokens;
	seen->in_order &= stride >= 24 && isfinite(hidden[(tokens - 1) * stride + 23]);
}

/* Many texts of every length in passes of bounded size. */
static void
TestPasses(InterestStorage storage)
{
	enum
	{
		TEXTS = 60
	};
	InterestEncoderConfig config = SoundConfig();
	InterestEncoder encoder;
	InterestStatus status;
	Seen		seen = {0, 0, 0, true, 2};
	InterestEncoderObserver observer = {&seen, See};
	int			lengths[TEXTS];
	int			total = 0;
	int32_t    *ids;
	float	   *out = InterestArenaArray(&arena, float, TEXTS * 24);
	float	   *alone;

	config.storage = storage;
	RandomEncoder(&config, 1, &encoder);
	for (int t = 0; t < TEXTS; t++)
		total += lengths[t] = t == 40 ? 400 : 1 + t * t % 97;
	ids = InterestArenaArray(&arena, int32_t, total);
	for (int i = 0; i < total; i++)
		ids[i] = i * 7 % 50;
	CHECK(InterestEncodeObserved(&encoder, &scratch, TEXTS, ids, lengths, out, &observer, &status));
	CHECK_INTEGER(seen.tokens, total);
	CHECK(seen.in_order && seen.calls % 3 == 0 && seen.calls / 3 >= total / 256);
	CHECK_INTEGER(seen.largest, 400);
	for (int t = 0, at = 0; t < TEXTS; at += lengths[t++])
	{
		alone = Encode(&encoder, 1, ids + at, lengths + t);
		CHECK(SameBits(alone, out + t * 24, 24));
		CHECK_NEAR(encoder.kernel->dot(24, alone, alone), 1, 1e-6);
	}
	CHECK(InterestEncode(&encoder, &scratch, 0, NULL, NULL, out, &status));
}

static int	cancel_checks;

static void
CountCancelCheck(void *context)
{
	cancel_checks++;
}

static void
TestCancel(void)
{
	InterestHost host = *CheckHost();
	InterestEncoderConfig config = SoundConfig();
	InterestEncoder encoder;
	InterestArena counted;
	InterestStatus status;
	int32_t		ids[5] = {1, 2, 3, 4, 5};
	int			length = 5;
	float		out[24];

	host.check_cancel = CountCancelCheck;
	InterestArenaInit(&counted, &host, 1 << 16);
	RandomEncoder(&config, 1, &encoder);
	CHECK(InterestEncode(&encoder, &counted, 1, ids, &length, out, &status));
	CHECK(cancel_checks >= config.layers);
	InterestArenaFree(&counted);
}

static void
CheckRefused(const InterestEncoder *encoder, int length, int32_t id, const char *message)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int32_t    *ids = InterestArenaAllocateZero(&arena, 500 * sizeof(int32_t));
	int			lengths[2] = {3, length};
	float		out[2 * 24];
	InterestStatus status = {0};

	ids[4] = id;
	CHECK(!InterestEncode(encoder, &scratch, 2, ids, lengths, out, &status));
	CHECK_INTEGER(status.code, INTEREST_INVALID_ARGUMENT);
	CHECK_STRING(status.message, message);
	InterestArenaReturnTo(&arena, mark);
}

static void
TestRefused(void)
{
	InterestEncoderConfig config = SoundConfig();
	InterestEncoder encoder;
	InterestStatus status = {0};
	int32_t		ids[2] = {0, 1};
	int			length = 2;
	float		out[24];

	RandomEncoder(&config, 1, &encoder);
	CheckRefused(&encoder, 0, 0, "text of 0 tokens for an encoder of 400 positions");
	CheckRefused(&encoder, -1, 0, "text of -1 tokens for an encoder of 400 positions");
	CheckRefused(&encoder, 401, 0, "text of 401 tokens for an encoder of 400 positions");
	CheckRefused(&encoder, 2, 50, "token 50 for a vocabulary of 50");
	CheckRefused(&encoder, 2, -1, "token -1 for a vocabulary of 50");

	/* Sums of such weights overflow single precision. */
	for (int storage = 0; storage < INTEREST_STORAGES; storage++)
	{
		config.storage = (InterestStorage) storage;
		RandomEncoder(&config, 1e30f, &encoder);
		CHECK(!InterestEncode(&encoder, &scratch, 1, ids, &length, out, &status));
		CHECK_INTEGER(status.code, INTEREST_DATA_EXCEPTION);
	}
}

/* Channels of a row that are none, or one twice, are not written to. */
static void
TestOutliers(void)
{
	static const int32_t wrong[][INTEREST_INT8_OUTLIERS] = {{-1, 3}, {3, 3}, {4, 3}, {3, INT32_MAX}, {0, 24}};
	InterestEncoderConfig config = SoundConfig();
	InterestEncoder encoder;
	InterestEncoder again;
	InterestStatus status;
	const void *packed;
	size_t		size;

	config.storage = INTEREST_STORAGE_INT8;
	packed = RandomEncoder(&config, 1, &encoder);
	size = InterestEncoderPackedSize(&config);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		int32_t    *outliers = (int32_t *) encoder.layers[1].attention_output.outliers;
		int32_t		right[INTEREST_INT8_OUTLIERS];

		memcpy(right, outliers, sizeof(right));
		CHECK(InterestEncoderOpen(&config, packed, size, encoder.kernel, &again, &status));
		memcpy(outliers, wrong[i], sizeof(right));
		CHECK(!InterestEncoderOpen(&config, packed, size, encoder.kernel, &again, &status));
		CHECK_INTEGER(status.code, INTEREST_CORRUPT);
		memcpy(outliers, right, sizeof(right));
	}
}

/* A packed form is opened only as what it is, whole, at any aligned address. */
static void
TestPackedForm(void)
{
	InterestEncoderConfig config = SoundConfig();
	InterestEncoderConfig other = SoundConfig();
	InterestEncoder encoder;
	InterestStatus status;
	size_t		size = InterestEncoderPackedSize(&config);
	float	   *image = InterestArenaAllocateZero(&arena, InterestEncoderImageSize(&config) * sizeof(float));
	char	   *packed = InterestArenaAllocate(&arena, size);
	char	   *again = InterestArenaAllocate(&arena, size);
	const InterestKernel *kernel = InterestKernelChoose("auto");

	memset(packed, 1, size);
	InterestEncoderPack(&config, image, packed);
	InterestEncoderPack(&config, image, again);
	CHECK(memcmp(packed, again, size) == 0);
	CHECK(InterestEncoderOpen(&config, packed, size, kernel, &encoder, &status));
	CHECK((const char *) encoder.words > packed && (const char *) encoder.words < packed + size);
	CHECK(!InterestEncoderOpen(&config, packed, size - 1, kernel, &encoder, &status));
	CHECK_INTEGER(status.code, INTEREST_CORRUPT);
	CHECK(!InterestEncoderOpen(&config, packed, 0, kernel, &encoder, &status));
	CHECK(!InterestEncoderOpen(&config, packed, size + 64, kernel, &encoder, &status));
	other.pooling = INTEREST_POOLING_CLS;
	CHECK(!InterestEncoderOpen(&other, packed, size, kernel, &encoder, &status));
	again[9] ^= 1;				/* the layout's version */
	CHECK(!InterestEncoderOpen(&config, again, size, kernel, &encoder, &status));
	other = SoundConfig();
	other.storage = INTEREST_STORAGE_BF16;
	CHECK(!InterestEncoderOpen(&other, packed, InterestEncoderPackedSize(&other), kernel, &encoder, &status));
	CHECK(InterestEncoderPackedSize(&other) < size);
	CHECK_STRING(InterestEncoderPackingName(&config, kernel), "fp32");
	CHECK_STRING(InterestEncoderPackingName(&other, kernel), "bf16");
	other.heads = 5;
	CHECK(!InterestEncoderOpen(&other, packed, size, kernel, &encoder, &status));
	CHECK_INTEGER(status.code, INTEREST_INVALID_ARGUMENT);
}

int
main(void)
{
	static const char *const directories[] = {
		"tiny", "tiny36", "variants/prefixed", "variants/reordered", "variants/float16",
		"variants/bfloat16", "variants/cls", "variants/max", "variants/unnormalized",
		"variants/cased", "variants/gelu_new", "variants/relu", "variants/epsilon"
	};
	const char *tiny = getenv("INTEREST_TINY");
	const char *only = getenv("INTEREST_TINY_ONLY");

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	InterestArenaInit(&scratch, CheckHost(), 1 << 20);
	for (int storage = 0; storage < INTEREST_STORAGES; storage++)
		TestPasses((InterestStorage) storage);
	TestCancel();
	TestRefused();
	TestPackedForm();
	TestOutliers();
	if (tiny == NULL)
		CheckSkip("INTEREST_TINY is not set: no reference vectors of tiny encoders");
	else
		for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
			if (only == NULL || strstr(only, directories[i]))
				CheckDirectory(tiny, directories[i]);
	InterestArenaFree(&scratch);
	InterestArenaFree(&arena);
	return CheckReport("encoder");
}

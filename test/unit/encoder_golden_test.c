/*
 * encoder_golden_test.c
 *	  The real encoder against the reference's vectors and hidden states.
 *
 * INTEREST_MODEL names the directory of all-MiniLM-L6-v2, INTEREST_GOLDEN_DIR
 * the folder of the reference data. Texts come through the tokenizer.
 */
#include "check.h"
#include "json.h"
#include "model_files.h"

#include "core/base/random.h"
#include "core/text/tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of vectors.jsonl. */
#define MOST_TEXTS 161

static InterestArena arena;
static InterestArena scratch;

typedef struct Golden
{
	InterestTokenizer tokenizer;
	InterestEncoder encoder;
	int			texts;
	int			lengths[MOST_TEXTS];
	int32_t    *ids[MOST_TEXTS];
	const float *vectors[MOST_TEXTS];
} Golden;

static bool
ReadGolden(const char *directory, Golden *golden)
{
	char	   *file = ReadModelFile(&arena, directory, "vectors.jsonl", NULL);

	golden->texts = 0;
	if (!CHECK(file != NULL))
		return false;
	for (char *line = strtok(file, "\n"); line; line = strtok(NULL, "\n"))
	{
		const Json *json = JsonParse(&arena, line);
		const Json *text = JsonGet(json, "text");
		const Json *vector = JsonGet(json, "vector");
		int			t = golden->texts++;

		if (!CHECK(t < MOST_TEXTS && text && vector && vector->length == 384))
			return false;
		golden->lengths[t] = InterestTokenize(&golden->tokenizer, text->string, text->length,
											  golden->encoder.config.max_length,
											  &arena, &golden->ids[t]);
		CHECK_INTEGER(golden->lengths[t], JsonNumber(json, "tokens", 0));
		golden->vectors[t] = JsonFloats(&arena, vector);
	}
	return CHECK_INTEGER(golden->texts, MOST_TEXTS);
}

/* The vectors of texts first to first + count - 1, encoded in one call. */
static float *
Encode(const Golden *golden, int first, int count)
{
	int			total = 0;
	int32_t    *ids;
	float	   *out = InterestArenaArray(&arena, float, (size_t) count * 384);
	InterestStatus status;

	for (int t = first; t < first + count; t++)
		total += golden->lengths[t];
	ids = InterestArenaArray(&arena, int32_t, total);
	total = 0;
	for (int t = first; t < first + count; t++)
	{
		memcpy(ids + total, golden->ids[t], sizeof(int32_t) * (size_t) golden->lengths[t]);
		total += golden->lengths[t];
	}
	CHECK(InterestEncode(&golden->encoder, &scratch, count, ids, golden->lengths + first,
						 out, &status));
	return out;
}

/* What the cosines of a storage must reach. */
typedef struct Goal
{
	double		mean;
	double		worst;
} Goal;

static const Goal goals[INTEREST_STORAGES] = {{0.999999, 0.999999}, {0.9995, 0.9995}, {0.998, 0.995}};

static void
TestVectors(const Golden *golden, const float *vectors)
{
	InterestStorage storage = golden->encoder.config.storage;
	double		largest = 0;
	double		worst = 1;
	double		sum = 0;

	for (int t = 0; t < golden->texts; t++)
	{
		const float *ours = vectors + t * 384;
		const float *theirs = golden->vectors[t];
		double		xy = 0;
		double		xx = 0;
		double		yy = 0;

		for (int j = 0; j < 384; j++)
		{
			largest = fmax(largest, fabs((double) ours[j] - theirs[j]));
			xy += (double) ours[j] * theirs[j];
			xx += (double) ours[j] * ours[j];
			yy += (double) theirs[j] * theirs[j];
		}
		worst = fmin(worst, xy / sqrt(xx * yy));
		sum += xy / sqrt(xx * yy);
	}
	printf("# %s: largest difference %.3g, mean of 1 - cosine %.3g, largest %.3g\n",
		   InterestStorageName(storage), largest, 1 - sum / golden->texts, 1 - worst);
	CHECK(largest > 0 && (storage != INTEREST_STORAGE_FP32 || largest <= 2e-6));
	CHECK(sum / golden->texts >= goals[storage].mean);
	CHECK(worst >= goals[storage].worst);
}

/* Whether a kernel is made of the functions of one before it, for that storage. */
static bool
IsRepeated(const char *const *name, InterestStorage storage)
{
	const InterestKernel *kernel = InterestKernelChoose(*name);

	for (const char *const *earlier = InterestKernelNames(); earlier < name; earlier++)
	{
		const InterestKernel *other = InterestKernelChoose(*earlier);

		if (other && other->product == kernel->product && other->narrow[storage] == kernel->narrow[storage])
			return true;
	}
	return false;
}

/*
 * Every kernel that runs here, on all texts in batches of random size; the
 * portable one, slow, on some of the short texts.
 */
static void
TestKernels(const Golden *golden, const float *vectors)
{
	InterestRandom random = InterestRandomKeyed(3, 0, 0, 0);

	for (const char *const *name = InterestKernelNames() + 1; *name; name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*name);
		Golden		other = *golden;
		bool		is_slow = kernel == InterestKernelChoose("portable");

		if (kernel == NULL || IsRepeated(name, golden->encoder.config.storage))
			continue;
		other.encoder.kernel = kernel;
		for (int t = 0, count; t < golden->texts; t += count)
		{
			count = is_slow ? 1 : 1 + (int) InterestRandomBelow(&random, 7);
			if (count > golden->texts - t)
				count = golden->texts - t;
			if (!is_slow || (t % 3 == 0 && golden->lengths[t] <= 8))
				CHECK(memcmp(Encode(&other, t, count), vectors + t * 384,
							 384 * sizeof(float) * (size_t) count) == 0);
		}
	}
}

/* Statistics of a layer's hidden states. */
typedef struct LayerStates
{
	float		first[2][8];
	double		mean;
	double		norm;
} LayerStates;

static void
SeeLayer(void *context, int layer, int tokens, const float *hidden, int stride)
{
	LayerStates *states = (LayerStates *) context + layer;
	double		sum = 0;
	double		squares = 0;

	for (int i = 0; i < 2; i++)
		memcpy(states->first[i], hidden + i * stride, sizeof(states->first[i]));
	for (int i = 0; i < tokens; i++)
		for (int j = 0; j < 384; j++)
		{
			double		value = hidden[i * stride + j];

			sum += value;
			squares += value * value;
		}
	states->mean = sum / (tokens * 384.0);
	states->norm = sqrt(squares);
}

static void
CheckLayer(const Json *layer, const LayerStates *states, int tokens)
{
	const Json *row = JsonGet(layer, "first")->first;

	for (int i = 0; i < 2; i++, row = row->next)
	{
		const float *expected = JsonFloats(&arena, row);

		for (int j = 0; j < 8; j++)
			CHECK_NEAR(states->first[i][j], expected[j], 2e-5);
	}
	CHECK_NEAR(states->mean, JsonNumber(layer, "mean", NAN), 2e-6);
	/* Each of the values may be off by 2e-5. */
	CHECK_NEAR(states->norm, JsonNumber(layer, "l2_norm", NAN), 2e-5 * sqrt(tokens * 384.0));
}

static void
TestLayers(const char *directory, const Golden *golden)
{
	char	   *file = ReadModelFile(&arena, directory, "vectors_layers.json", NULL);
	const Json *cases = file ? JsonParse(&arena, file) : NULL;

	if (!CHECK(cases && cases->length == 3))
		return;
	for (const Json *text = cases->first; text; text = text->next)
	{
		const Json *ids = JsonGet(text, "ids");
		const Json *layer = JsonGet(text, "layers")->first;
		int			length = (int) ids->length;
		LayerStates states[7];
		InterestEncoderObserver observer = {states, SeeLayer};
		float		out[384];
		InterestStatus status;

		CHECK(InterestEncodeObserved(&golden->encoder, &scratch, 1, JsonIntegers(&arena, ids),
									 &length, out, &observer, &status));
		CHECK_INTEGER(JsonGet(text, "layers")->length, 7);
		for (int i = 0; i < 7; i++, layer = layer->next)
			CheckLayer(layer, states + i, length);
	}
}

/* Texts alone and together, and every kernel, with weights of one storage. */
static bool
TestStorage(const char *model, const char *directory, InterestStorage storage, Golden *golden)
{
	InterestStatus status;
	float	   *vectors;

	if (!CHECK(ReadNarrowEncoder(&arena, model, storage, InterestKernelChoose("auto"),
								 &golden->encoder, &status)) ||
		!CHECK(ReadTokenizer(&arena, model, &golden->encoder.config, &golden->tokenizer, &status)) ||
		!ReadGolden(directory, golden))
		return false;
	vectors = Encode(golden, 0, golden->texts);
	TestVectors(golden, vectors);
	for (int t = 0; t < golden->texts; t++)
		CHECK(memcmp(Encode(golden, t, 1), vectors + t * 384, 384 * sizeof(float)) == 0);
	TestKernels(golden, vectors);
	return true;
}

int
main(void)
{
	const char *model = getenv("INTEREST_MODEL");
	const char *directory = getenv("INTEREST_GOLDEN_DIR");
	static Golden golden;

	if (model == NULL || directory == NULL)
	{
		CheckSkip("INTEREST_MODEL and INTEREST_GOLDEN_DIR are not set");
		return CheckReport("encoder_golden");
	}
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	InterestArenaInit(&scratch, CheckHost(), 1 << 20);
	for (int storage = 0; storage < INTEREST_STORAGES; storage++)
		if (TestStorage(model, directory, (InterestStorage) storage, &golden) &&
			storage == INTEREST_STORAGE_FP32)
			TestLayers(directory, &golden);
	InterestArenaFree(&scratch);
	InterestArenaFree(&arena);
	return CheckReport("encoder_golden");
}

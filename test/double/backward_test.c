/*
 * backward_test.c
 *	  Gradients through an encoder, by every element of its words and by elements
 *	  of every tensor of its weights, against finite differences of the same code
 *	  in double: encoders and texts of random shapes.
 *
 * The differences are those of the encoder's own way forward.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/encoder/backward.h"
#include "core/encoder/weights.h"

#include <math.h>
#include <stdio.h>

#define SEED 7
#define SHAPES 36

#define MOST_TEXTS 6
#define MOST_LENGTH 6
#define MOST_TOKENS (MOST_TEXTS * MOST_LENGTH)

/* The last shapes have one text that is longer than a panel and a block of queries, or wide rows. */
#define LONG_SHAPES 2
#define LONG_LENGTH 70
#define WIDE_SHAPES 2
#define WIDE 36

#define STEP 1e-5

/* Elements of a tensor that are looked at. */
#define ELEMENTS 12

static InterestArena arena;
static InterestRandom randomness;

/* --- encoders --- */

static int
Below(int bound)
{
	return (int) InterestRandomBelow(&randomness, (uint32_t) bound);
}

/* n numbers in middle - spread .. middle + spread. */
static void
FillRandom(float *line, size_t n, double middle, double spread)
{
	for (size_t i = 0; i < n; i++)
		line[i] = (float) (middle + spread * (2.0 * InterestRandomUniform(&randomness) - 1.0));
}

/* Activations, poolings and norms by turns, so that each of them meets all of the others. */
static InterestEncoderConfig
RandomConfig(int number, int tokens, int longest)
{
	int			heads = 1 + Below(3);
	bool		wide = number >= SHAPES - LONG_SHAPES - WIDE_SHAPES && number < SHAPES - LONG_SHAPES;

	return (InterestEncoderConfig) {
		.vocabulary_size = tokens, .hidden = wide ? WIDE : heads * (4 / heads + Below(4)),
		.layers = 1 + Below(3), .heads = heads, .intermediate = wide ? WIDE + 1 : 2 + Below(12),
		.positions = longest + Below(2), .token_types = 1 + Below(2), .max_length = longest,
		.layer_norm_epsilon = Below(2) ? (float) 1e-12 : (float) 0.1,
		.activation = (InterestActivation) (number % 3), .pooling = (InterestPooling) (number / 3 % 3),
		.normalize = number / 9 % 2 == 0, .storage = INTEREST_STORAGE_FP32
	};
}

/* What learns, with its image; every token of the texts is a word of its own. */
typedef struct Subject
{
	InterestEncoder encoder;
	float	   *image;
} Subject;

static double
SpreadOf(const InterestTensorSpec *spec, int number)
{
	if (spec->input != INTEREST_INPUT_NONE)
		return 1.5 / sqrt((double) spec->shape[1]);
	return number == INTEREST_TENSOR_WORDS ? 1.0 : 0.5;
}

static bool
IsGain(const char *name)
{
	return strstr(name, "LayerNorm.weight") != NULL;
}

/* The first unit of the first layer is 0 whatever goes into it, so that the activation's slope is asked there, too. */
static void
Silence(Subject *subject)
{
	const InterestEncoderConfig *config = &subject->encoder.config;
	float	   *weight = subject->image + InterestEncoderTensorOffset(config, 0, INTEREST_TENSOR_EXPAND_WEIGHT);

	for (int i = 0; i < config->hidden; i++)
		weight[i] = 0;
	subject->image[InterestEncoderTensorOffset(config, 0, INTEREST_TENSOR_EXPAND_BIAS)] = 0;
}

static void
MakeSubject(InterestEncoderConfig config, Subject *subject)
{
	subject->image = InterestArenaArray(&arena, float, InterestEncoderImageSize(&config));
	subject->encoder.config = config;
	for (int i = 0; i < InterestEncoderTensorCount(&config); i++)
	{
		InterestTensorSpec spec;

		InterestEncoderTensorSpec(&config, i, &spec);
		FillRandom(subject->image + spec.offset, spec.count, IsGain(spec.name) ? 1.0 : 0.0, SpreadOf(&spec, i));
	}
	Silence(subject);
	InterestEncoderWork(&config, subject->image, InterestKernelChoose("auto"),
						InterestArenaAllocate(&arena, InterestEncoderWorkingSize(&config)), &subject->encoder);
}

/* --- texts --- */

typedef struct Texts
{
	int			count;
	int			lengths[MOST_TEXTS];
	int			tokens;
	int			longest;
	int32_t		ids[MOST_TOKENS > LONG_LENGTH ? MOST_TOKENS : LONG_LENGTH];
	float	   *direction;		/* (count, hidden): what is asked of the vectors */
} Texts;

static void
AddText(Texts *texts, int length)
{
	texts->lengths[texts->count++] = length;
	for (int i = 0; i < length; i++, texts->tokens++)
		texts->ids[texts->tokens] = texts->tokens;
	texts->longest = length > texts->longest ? length : texts->longest;
}

static void
RandomTexts(int number, Texts *texts)
{
	*texts = (Texts) {0};
	if (number >= SHAPES - LONG_SHAPES)
		AddText(texts, LONG_LENGTH);
	else
		for (int i = 2 + Below(MOST_TEXTS - 1); i > 0; i--)
			AddText(texts, 1 + Below(MOST_LENGTH));
}

/* --- gradients --- */

typedef struct Asked
{
	int			hidden;
	const float *direction;		/* (texts, hidden) */
} Asked;

/* Of the sum of direction * (v + v^2 / 2) over the elements v of a vector. */
static void
AskGradient(void *context, int text, const float *vector, float *gradient)
{
	const Asked *asked = context;

	for (int j = 0; j < asked->hidden; j++)
		gradient[j] = asked->direction[text * asked->hidden + j] * (1 + vector[j]);
}

/* NaN where the texts cannot be encoded. */
static double
Value(const InterestEncoder *encoder, const Texts *texts)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			n = texts->count * encoder->config.hidden;
	float	   *out = InterestArenaArray(&arena, float, n);
	InterestStatus status;
	double		sum = 0.0;

	if (!InterestEncode(encoder, &arena, texts->count, texts->ids, texts->lengths, out, &status))
		return NAN;
	for (int i = 0; i < n; i++)
		sum += texts->direction[i] * (out[i] + out[i] * out[i] / 2);
	InterestArenaReturnTo(&arena, mark);
	return sum;
}

/* What the way back gives. */
typedef struct Found
{
	float	   *out;			/* (texts, hidden) */
	float	   *words;			/* (tokens, hidden); NULL: not asked for */
	float	   *weights;		/* of the image from start on */
	size_t		start;
	size_t		count;
} Found;

/* From a layer on; the embeddings only where all layers learn. */
static void
FindGradient(const Subject *subject, const Texts *texts, int first, bool embeddings, Found *found)
{
	const InterestEncoder *encoder = &subject->encoder;
	int			h = encoder->config.hidden;
	Asked		asked = {h, texts->direction};
	InterestEncoderObjective objective = {&asked, AskGradient};
	InterestEncoderLearning learning = {.first = first, .sgemm = InterestSgemm};
	InterestEncoderTape *tape = InterestEncoderTapeMake(encoder, &arena, texts->tokens, texts->longest, &learning);

	found->start = embeddings ? InterestEncoderTensorOffset(&encoder->config, -1, INTEREST_TENSOR_POSITIONS) :
		InterestEncoderTensorOffset(&encoder->config, first, 0);
	found->count = InterestEncoderImageSize(&encoder->config) - found->start;
	found->out = InterestArenaArray(&arena, float, texts->count * h);
	found->words = embeddings ? InterestArenaArray(&arena, float, texts->tokens * h) : NULL;
	found->weights = InterestArenaAllocateZero(&arena, sizeof(float) * found->count);
	learning.start = found->start;
	learning.gradient = found->weights;
	/* What a way leaves on the tape does not change the next one, whose gradients are added. */
	for (int repeat = 0; repeat < 2; repeat++)
		InterestEncodeBackward(tape, texts->count, texts->lengths, encoder->words, &objective, found->out, found->words);
	for (size_t i = 0; i < found->count; i++)
		found->weights[i] /= 2;
}

/* The same by words alone. */
static void
CheckWordsAlone(const InterestEncoder *encoder, const Texts *texts, const Found *found)
{
	int			n = texts->tokens * encoder->config.hidden;
	Asked		asked = {encoder->config.hidden, texts->direction};
	InterestEncoderObjective objective = {&asked, AskGradient};
	float	   *out = InterestArenaArray(&arena, float, texts->count * encoder->config.hidden);
	float	   *gradient = InterestArenaArray(&arena, float, n);

	InterestEncodeBackward(InterestEncoderTapeMake(encoder, &arena, texts->tokens, texts->longest, NULL), texts->count,
						   texts->lengths, encoder->words, &objective, out, gradient);
	for (int i = 0; i < n; i++)
		CHECK(gradient[i] == found->words[i]);
}

static void
CheckVectors(const InterestEncoder *encoder, const Texts *texts, const float *out)
{
	int			n = texts->count * encoder->config.hidden;
	float	   *expected = InterestArenaArray(&arena, float, n);
	InterestStatus status;

	CHECK(InterestEncode(encoder, &arena, texts->count, texts->ids, texts->lengths, expected, &status));
	for (int i = 0; i < n; i++)
		CHECK_NEAR(out[i], expected[i], 1e-12);
}

/* By central differences; returns their size.  Of an element of a layer, -1: before the first one. */
static double
CheckElement(const Subject *subject, const Texts *texts, int layer, float *element, double analytic)
{
	const InterestEncoder *encoder = &subject->encoder;
	float		before = *element;
	double		numeric;

	*element = before + (float) STEP;
	InterestEncoderRepack(encoder, subject->image, layer);
	numeric = Value(encoder, texts);
	*element = before - (float) STEP;
	InterestEncoderRepack(encoder, subject->image, layer);
	numeric = (numeric - Value(encoder, texts)) / (2.0 * STEP);
	*element = before;
	InterestEncoderRepack(encoder, subject->image, layer);
	CHECK_NEAR(analytic, numeric, 1e-5 + 1e-3 * fabs(numeric));
	return fabs(numeric);
}

static void
CheckWords(const Subject *subject, const Texts *texts, const Found *found)
{
	double		largest = 0.0;

	for (int i = 0; i < texts->tokens * subject->encoder.config.hidden; i++)
		largest = fmax(largest, CheckElement(subject, texts, -1, subject->image + i, found->words[i]));
	CHECK(largest > 1e-2);
}

/* The slope of the silent unit's input is not defined where the activation has a corner. */
static bool
HasCorner(const InterestEncoderConfig *config, int tensor, size_t element)
{
	int			place = tensor - INTEREST_ENCODER_EMBEDDING_TENSORS;

	return config->activation == INTEREST_ACTIVATION_RELU &&
		((place == INTEREST_TENSOR_EXPAND_WEIGHT && element < (size_t) config->hidden) ||
		 (place == INTEREST_TENSOR_EXPAND_BIAS && element == 0));
}

/* Some elements of every tensor but the words; all kinds of tensors have slopes somewhere. */
static void
CheckWeights(const Subject *subject, const Texts *texts, const Found *found, double *largest)
{
	const InterestEncoderConfig *config = &subject->encoder.config;

	for (int i = INTEREST_TENSOR_WORDS + 1; i < InterestEncoderTensorCount(config); i++)
	{
		int			layers = i - INTEREST_ENCODER_EMBEDDING_TENSORS;
		int			kind = layers < 0 ? i : INTEREST_ENCODER_EMBEDDING_TENSORS + layers % INTEREST_ENCODER_LAYER_TENSORS;
		InterestTensorSpec spec;

		InterestEncoderTensorSpec(config, i, &spec);
		for (int e = 0; e < ELEMENTS; e++)
		{
			size_t		element = (size_t) Below((int) spec.count);

			if (!HasCorner(config, i, element))
				largest[kind] = fmax(largest[kind],
									 CheckElement(subject, texts, spec.layer, subject->image + spec.offset + element,
												  found->weights[spec.offset + element - found->start]));
		}
	}
}

/* Where only the last layers learn, their gradients are the same. */
static void
CheckLastLayers(const Subject *subject, const Texts *texts, const Found *all)
{
	Found		found;

	for (int first = 0; first < subject->encoder.config.layers; first++)
	{
		FindGradient(subject, texts, first, false, &found);
		for (size_t i = 0; i < found.count; i++)
			CHECK(found.weights[i] == all->weights[found.start - all->start + i]);
		CheckVectors(&subject->encoder, texts, found.out);
	}
}

static void
TestShape(int number, double *largest)
{
	Subject    *subject = InterestArenaNew(&arena, Subject);
	Texts		texts;
	Found		found;

	RandomTexts(number, &texts);
	MakeSubject(RandomConfig(number, texts.tokens, texts.longest), subject);
	texts.direction = InterestArenaArray(&arena, float, texts.count * subject->encoder.config.hidden);
	FillRandom(texts.direction, (size_t) texts.count * subject->encoder.config.hidden, 0.0, 1.0);
	FindGradient(subject, &texts, 0, true, &found);
	CheckVectors(&subject->encoder, &texts, found.out);
	CheckWordsAlone(&subject->encoder, &texts, &found);
	CheckWords(subject, &texts, &found);
	CheckWeights(subject, &texts, &found, largest);
	CheckLastLayers(subject, &texts, &found);
}

int
main(void)
{
	double		largest[INTEREST_ENCODER_EMBEDDING_TENSORS + INTEREST_ENCODER_LAYER_TENSORS] = {0};

	CHECK_INTEGER(sizeof(float), sizeof(double));
	for (int number = 0; number < SHAPES; number++)
	{
		randomness = InterestRandomKeyed(SEED, (uint64_t) number, 0, 0);
		InterestArenaInit(&arena, CheckHost(), 1 << 20);
		TestShape(number, largest);
		InterestArenaFree(&arena);
	}
	/* A bias of the keys moves all scores of a query alike: nothing comes of it. */
	for (int i = INTEREST_TENSOR_WORDS + 1; i < (int) (sizeof(largest) / sizeof(largest[0])); i++)
		if (i != INTEREST_ENCODER_EMBEDDING_TENSORS + INTEREST_TENSOR_KEY_BIAS)
			CHECK(largest[i] > 1e-2);
	return CheckReport("gradients through the encoder");
}

/*
 * backward_test.c
 *	  The gradient through an encoder by every element of its words against
 *	  finite differences of the same code in double: encoders and texts of random
 *	  shapes.
 *
 * The differences are those of the encoder's own way forward, all texts in one
 * batch; the way back takes the texts of one length at a time.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/encoder/backward.h"

#include <math.h>
#include <stdio.h>

#define SEED 7
#define SHAPES 36

/* Texts of one length lie next to each other. */
#define LENGTHS 3
#define MOST_TEXTS 2
#define MOST_LENGTH 6
#define MOST_TOKENS (LENGTHS * MOST_TEXTS * MOST_LENGTH)

/* The last shapes have one text that is longer than a panel and a block of queries, or wide rows. */
#define LONG_SHAPES 2
#define LONG_LENGTH 70
#define WIDE_SHAPES 2
#define WIDE 36

#define STEP 1e-5

static InterestArena arena;
static InterestRandom randomness;

/* --- encoders --- */

static int
Below(int bound)
{
	return (int) InterestRandomBelow(&randomness, (uint32_t) bound);
}

/* n numbers in middle - spread .. middle + spread. */
static float *
RandomLine(size_t n, double middle, double spread)
{
	float	   *line = InterestArenaArray(&arena, float, n);

	for (size_t i = 0; i < n; i++)
		line[i] = (float) (middle + spread * (2.0 * InterestRandomUniform(&randomness) - 1.0));
	return line;
}

static InterestEncoderLinear
RandomLinear(int n, int k)
{
	float	   *weights = RandomLine((size_t) n * k, 0.0, 1.5 / sqrt(k));
	float	   *panels = InterestArenaArray(&arena, float, InterestPanelsSize(n, k));

	InterestPackPanels(n, k, weights, k, panels);
	return (InterestEncoderLinear) {{panels, NULL, NULL}, NULL, RandomLine((size_t) n, 0.0, 0.5)};
}

/* Its first unit is 0 whatever goes into it (k), so that the activation's slope is asked there, too. */
static void
Silence(InterestEncoderLinear *linear, int k)
{
	float	   *panels = (float *) linear->weights.panels;

	for (int p = 0; p < k; p++)
		panels[p * INTEREST_PANEL_WIDTH] = 0;
	((float *) linear->bias)[0] = 0;
}

static InterestEncoderNorm
RandomNorm(int n)
{
	return (InterestEncoderNorm) {RandomLine((size_t) n, 1.0, 0.5), RandomLine((size_t) n, 0.0, 0.5)};
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
		.positions = longest + Below(2), .token_types = 1, .max_length = longest,
		.layer_norm_epsilon = Below(2) ? (float) 1e-12 : (float) 0.1,
		.activation = (InterestActivation) (number % 3), .pooling = (InterestPooling) (number / 3 % 3),
		.normalize = number / 9 % 2 == 0, .storage = INTEREST_STORAGE_FP32
	};
}

/* Every token of the texts is a word of its own. */
static void
RandomEncoder(InterestEncoderConfig config, InterestEncoder *encoder)
{
	int			h = config.hidden;

	*encoder = (InterestEncoder) {
		.config = config, .kernel = InterestKernelChoose("auto"),
		.words = RandomLine((size_t) config.vocabulary_size * h, 0.0, 1.0),
		.positions = RandomLine((size_t) config.positions * h, 0.0, 0.5), .embedding_norm = RandomNorm(h)
	};
	for (int i = 0; i < config.layers; i++)
		encoder->layers[i] = (InterestEncoderLayer) {
			RandomLinear(3 * h, h), RandomLinear(h, h), RandomNorm(h),
			RandomLinear(config.intermediate, h), RandomLinear(h, config.intermediate), RandomNorm(h)
		};
	Silence(&encoder->layers[0].expand, h);
}

/* --- texts --- */

typedef struct Texts
{
	int			count;
	int			lengths[LENGTHS * MOST_TEXTS];
	int			tokens;
	int			longest;
	int32_t		ids[MOST_TOKENS > LONG_LENGTH ? MOST_TOKENS : LONG_LENGTH];
	float	   *direction;		/* (count, hidden): what is asked of the vectors */
} Texts;

static void
AddTexts(Texts *texts, int count, int length)
{
	for (int i = 0; i < count; i++)
		texts->lengths[texts->count++] = length;
	for (int i = 0; i < count * length; i++, texts->tokens++)
		texts->ids[texts->tokens] = texts->tokens;
	texts->longest = length > texts->longest ? length : texts->longest;
}

static void
RandomTexts(int number, Texts *texts)
{
	*texts = (Texts) {0};
	if (number >= SHAPES - LONG_SHAPES)
		AddTexts(texts, 1, LONG_LENGTH);
	else
		for (int i = 0; i < LENGTHS; i++)
			AddTexts(texts, 1 + Below(MOST_TEXTS), 1 + Below(MOST_LENGTH));
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

/* gradient (tokens, hidden) by the words, and out (texts, hidden). */
static void
FindGradient(const InterestEncoder *encoder, const Texts *texts, float *out, float *gradient)
{
	int			h = encoder->config.hidden;
	const float *words = encoder->words;

	for (int t = 0, count; t < texts->count; t += count)
	{
		int			length = texts->lengths[t];
		Asked		asked = {h, texts->direction + t * h};
		InterestEncoderObjective objective = {&asked, AskGradient};
		InterestEncoderTape *tape = InterestEncoderTapeMake(encoder, &arena, MOST_TEXTS, length);

		for (count = 1; t + count < texts->count && texts->lengths[t + count] == length && count < MOST_TEXTS;)
			count++;
		/* What a way leaves on the tape does not change the next one. */
		for (int repeat = 0; repeat < 2; repeat++)
			InterestEncodeBackward(tape, count, words, &objective, out, gradient);
		words += count * length * h;
		out += count * h;
		gradient += count * length * h;
	}
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

/* By central differences; returns their size. */
static double
CheckElement(const InterestEncoder *encoder, const Texts *texts, float *element, double analytic)
{
	float		before = *element;
	double		numeric;

	*element = before + (float) STEP;
	numeric = Value(encoder, texts);
	*element = before - (float) STEP;
	numeric = (numeric - Value(encoder, texts)) / (2.0 * STEP);
	*element = before;
	CHECK_NEAR(analytic, numeric, 1e-5 + 1e-3 * fabs(numeric));
	return fabs(numeric);
}

static void
TestShape(int number)
{
	InterestEncoder *encoder = InterestArenaNew(&arena, InterestEncoder);
	Texts		texts;
	int			n;
	float	   *out;
	float	   *gradient;
	double		largest = 0.0;

	RandomTexts(number, &texts);
	RandomEncoder(RandomConfig(number, texts.tokens, texts.longest), encoder);
	n = texts.tokens * encoder->config.hidden;
	texts.direction = RandomLine((size_t) texts.count * encoder->config.hidden, 0.0, 1.0);
	out = InterestArenaArray(&arena, float, texts.count * encoder->config.hidden);
	gradient = InterestArenaArray(&arena, float, n);
	FindGradient(encoder, &texts, out, gradient);
	CheckVectors(encoder, &texts, out);
	for (int i = 0; i < n; i++)
		largest = fmax(largest, CheckElement(encoder, &texts, (float *) encoder->words + i, gradient[i]));
	if (!CHECK(largest > 1e-2))
		printf("# shape %d: %.2g\n", number, largest);
}

int
main(void)
{
	CHECK_INTEGER(sizeof(float), sizeof(double));
	for (int number = 0; number < SHAPES; number++)
	{
		randomness = InterestRandomKeyed(SEED, (uint64_t) number, 0, 0);
		InterestArenaInit(&arena, CheckHost(), 1 << 20);
		TestShape(number);
		InterestArenaFree(&arena);
	}
	return CheckReport("gradients through the encoder");
}

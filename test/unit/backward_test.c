/*
 * backward_test.c
 *	  Gradients through the encoder against finite differences, and its way
 *	  forward against the encoder's own.
 *
 * INTEREST_TINY names the folder that test/data/make_tiny_encoders.py filled.
 */
#include "check.h"
#include "model_files.h"

#include "core/base/random.h"
#include "core/encoder/backward.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS 2
#define LENGTH 7

static const int lengths[TEXTS] = {LENGTH, LENGTH};

static InterestArena arena;
static InterestRandom randomness;

static float
RandomFloat(void)
{
	return (float) (2.0 * InterestRandomUniform(&randomness) - 1.0);
}

/* What is asked: the vectors in one direction, and half the square of their first element. */
typedef struct Asked
{
	int			hidden;
	float	   *direction;		/* (TEXTS, hidden) */
} Asked;

static void
AskGradient(void *context, int text, const float *vector, float *gradient)
{
	const Asked *asked = context;

	memcpy(gradient, asked->direction + text * asked->hidden, sizeof(float) * (size_t) asked->hidden);
	gradient[0] += vector[0];
}

static double
AskedValue(const Asked *asked, const float *out)
{
	double		sum = 0.0;

	for (int i = 0; i < TEXTS * asked->hidden; i++)
		sum += (double) asked->direction[i] * out[i];
	for (int t = 0; t < TEXTS; t++)
		sum += 0.5 * out[t * asked->hidden] * (double) out[t * asked->hidden];
	return sum;
}

/* The value where the words are moved along a step. */
static double
ValueAt(const InterestEncoder *encoder, const Asked *asked, const float *words, const float *step, double size)
{
	InterestEncoderObjective objective = {(void *) asked, AskGradient};
	int			n = TEXTS * LENGTH * asked->hidden;
	float	   *moved = InterestArenaArray(&arena, float, n);
	float	   *gradient = InterestArenaArray(&arena, float, n);
	float	   *out = InterestArenaArray(&arena, float, TEXTS * asked->hidden);

	for (int i = 0; i < n; i++)
		moved[i] = (float) (words[i] + size * step[i]);
	InterestEncodeBackward(InterestEncoderTapeMake(encoder, &arena, TEXTS * LENGTH, LENGTH, NULL), TEXTS, lengths, moved, &objective, out, gradient);
	return AskedValue(asked, out);
}

/* Slopes along random directions, and along one token alone. */
static void
CheckSlopes(const InterestEncoder *encoder, const Asked *asked, const float *words, const float *gradient)
{
	int			n = TEXTS * LENGTH * asked->hidden;
	float	   *step = InterestArenaArray(&arena, float, n);

	for (int repeat = 0; repeat < 8; repeat++)
	{
		const double size = 5e-4;
		int			token = repeat < 4 ? -1 : repeat;
		double		slope = 0.0;
		double		length = 0.0;
		double		differences;

		for (int i = 0; i < n; i++)
		{
			step[i] = token < 0 || i / asked->hidden == token ? RandomFloat() : 0.0f;
			slope += (double) step[i] * gradient[i];
			length += (double) gradient[i] * gradient[i];
		}
		differences = (8.0 * (ValueAt(encoder, asked, words, step, size) - ValueAt(encoder, asked, words, step, -size)) -
					   ValueAt(encoder, asked, words, step, 2 * size) + ValueAt(encoder, asked, words, step, -2 * size)) / (12.0 * size);
		CHECK_NEAR(slope, differences, 5e-3 * (sqrt(length) + 1.0));
	}
}

static void
CheckEncoder(const char *name, InterestStorage storage, double forward_tolerance)
{
	char		directory[512];
	InterestEncoder encoder;
	InterestStatus status;
	int32_t		ids[TEXTS * LENGTH];
	Asked		asked;
	InterestEncoderObjective objective = {&asked, AskGradient};
	float	   *words;
	float	   *out;
	float	   *expected;
	float	   *gradient;

	snprintf(directory, sizeof(directory), "%s/%s", getenv("INTEREST_TINY"), name);
	if (!CHECK(ReadNarrowEncoder(&arena, directory, storage, InterestKernelChoose("auto"), &encoder, &status)))
		return;
	asked.hidden = encoder.config.hidden;
	asked.direction = InterestArenaArray(&arena, float, TEXTS * asked.hidden);
	words = InterestArenaArray(&arena, float, TEXTS * LENGTH * asked.hidden);
	gradient = InterestArenaArray(&arena, float, TEXTS * LENGTH * asked.hidden);
	out = InterestArenaArray(&arena, float, TEXTS * asked.hidden);
	expected = InterestArenaArray(&arena, float, TEXTS * asked.hidden);
	for (int i = 0; i < TEXTS * asked.hidden; i++)
		asked.direction[i] = RandomFloat();
	for (int i = 0; i < TEXTS * LENGTH; i++)
	{
		ids[i] = (int32_t) InterestRandomBelow(&randomness, (uint32_t) encoder.config.vocabulary_size);
		InterestEncoderWord(&encoder, ids[i], words + i * asked.hidden);
	}
	CHECK(InterestEncode(&encoder, &arena, TEXTS, ids, lengths, expected, &status));
	InterestEncodeBackward(InterestEncoderTapeMake(&encoder, &arena, TEXTS * LENGTH, LENGTH, NULL), TEXTS, lengths, words, &objective, out, gradient);
	for (int i = 0; i < TEXTS * asked.hidden; i++)
		CHECK_NEAR(out[i], expected[i], forward_tolerance);
	CheckSlopes(&encoder, &asked, words, gradient);
}

int
main(void)
{
	static const char *const names[] = {"tiny", "tiny36", "variants/cls", "variants/max", "variants/gelu_new", "variants/relu", "variants/unnormalized", NULL};

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	randomness = InterestRandomKeyed(12, 0, 0, 0);
	if (getenv("INTEREST_TINY") == NULL)
		CheckSkip("INTEREST_TINY is not set");
	else
	{
		for (int i = 0; names[i]; i++)
			CheckEncoder(names[i], INTEREST_STORAGE_FP32, 2e-5);
		CheckEncoder(names[0], INTEREST_STORAGE_BF16, 2e-2);
		CheckEncoder(names[0], INTEREST_STORAGE_INT8, 1e-1);
	}
	InterestArenaFree(&arena);
	return CheckReport("backward");
}

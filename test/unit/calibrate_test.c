/*
 * calibrate_test.c
 *	  Platt's sigmoids, temperatures and conformal sets, on samples whose truth
 *	  is known.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/training/calibrate.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define INTERESTS 4
#define SAMPLES 6000

static InterestArena arena;
static InterestRandom randomness;

static double
Uniform(double least, double most)
{
	return least + (most - least) * InterestRandomUniform(&randomness);
}

/* Samples with logits and evidence; labels wait for a truth. */
typedef struct Samples
{
	InterestPredictions predictions;
	float	   *logits;
	double	   *evidence;
	double	   *weight;
	int		   *label;
	uint8_t    *labels;
	int		   *user;
	int		   *rows;
} Samples;

static Samples
MakeSamples(int count, bool several)
{
	Samples		samples = {
		.logits = InterestArenaArray(&arena, float, count * INTERESTS),
		.evidence = InterestArenaArray(&arena, double, count),
		.weight = InterestArenaArray(&arena, double, count),
		.label = InterestArenaAllocateZero(&arena, sizeof(int) * (size_t) count),
		.labels = InterestArenaAllocateZero(&arena, (size_t) count * INTERESTS),
		.user = InterestArenaArray(&arena, int, count),
		.rows = InterestArenaArray(&arena, int, count)
	};

	for (int i = 0; i < count; i++)
	{
		samples.evidence[i] = Uniform(0.0, 20.0);
		samples.weight[i] = 1.0;
		samples.user[i] = i;
		samples.rows[i] = 1 + i % 14;
		for (int j = 0; j < INTERESTS; j++)
			samples.logits[i * INTERESTS + j] = (float) Uniform(-3.0, 3.0);
	}
	samples.predictions = (InterestPredictions) {
		.count = count, .interests = INTERESTS, .several = several, .probability = samples.logits,
		.label = several ? NULL : samples.label, .labels = several ? samples.labels : NULL,
		.weight = samples.weight, .user = samples.user, .rows = samples.rows
	};
	return samples;
}

static InterestHead
MakeHead(InterestHeadKind kind)
{
	InterestHead head = {
		.kind = kind, .linear = {.outputs = INTERESTS},
		.temperature = InterestArenaAllocateZero(&arena, 2 * sizeof(float)),
		.slope = InterestArenaArray(&arena, float, INTERESTS),
		.offset = InterestArenaAllocateZero(&arena, INTERESTS * sizeof(float))
	};

	for (int j = 0; j < INTERESTS; j++)
		head.slope[j] = 1.0f;
	return head;
}

/* Labels as a head with its temperature says they come. */
static void
DrawLabels(Samples *samples, const InterestHead *head)
{
	for (int i = 0; i < samples->predictions.count; i++)
	{
		float		probability[INTERESTS];
		double		chance = Uniform(0.0, 1.0);

		memcpy(probability, samples->logits + i * INTERESTS, sizeof(probability));
		InterestHeadNormalize(head, InterestKernelChoose("auto"), samples->evidence[i], probability);
		samples->label[i] = 0;
		for (int j = 0; j < INTERESTS; j++)
		{
			samples->labels[i * INTERESTS + j] = Uniform(0.0, 1.0) < probability[j];
			if (chance >= probability[j] && samples->label[i] == j && j + 1 < INTERESTS)
			{
				chance -= probability[j];
				samples->label[i]++;
			}
		}
	}
}

static void
TestTemperature(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		bool		several = !InterestHeadIsOfOne((InterestHeadKind) kind);
		Samples		samples = MakeSamples(SAMPLES, several);
		InterestHead truth = MakeHead((InterestHeadKind) kind);
		InterestHead fitted = MakeHead((InterestHeadKind) kind);

		truth.temperature[0] = 0.6f;
		truth.temperature[1] = -0.3f;
		truth.offset[1] = fitted.offset[1] = 0.5f;
		DrawLabels(&samples, &truth);
		samples.label[3] = -1;	/* counts for nothing */
		InterestFitTemperature(&fitted, &samples.predictions, samples.evidence, &arena);
		CHECK_NEAR(fitted.temperature[0], 0.6, 0.25);
		CHECK_NEAR(fitted.temperature[1], -0.3, 0.1);
	}
}

/* A user's many samples are one user; with few of them nothing is fitted. */
static void
TestFewUsers(void)
{
	Samples		samples = MakeSamples(1000, false);
	InterestHead head = MakeHead(INTEREST_HEAD_SOFTMAX);

	for (int i = 0; i < 1000; i++)
		samples.user[i] = i * (INTEREST_LEAST_CALIBRATION_USERS - 1) / 1000;
	InterestFitTemperature(&head, &samples.predictions, samples.evidence, &arena);
	CHECK_NEAR(head.temperature[0], 0.0, 0.0);
	CHECK_NEAR(head.temperature[1], 0.0, 0.0);
	for (int i = 0; i < 1000; i++)
		samples.user[i] = i * INTEREST_LEAST_CALIBRATION_USERS / 1000;
	InterestFitTemperature(&head, &samples.predictions, samples.evidence, &arena);
	CHECK(head.temperature[0] > 0.0f);	/* labels are all the first, whatever the logits say */
}

/* Where logits say nothing at all, and where they are never wrong, a temperature is still a number. */
static void
TestExtremeTemperatures(void)
{
	Samples		samples = MakeSamples(400, false);
	InterestHead head = MakeHead(INTEREST_HEAD_SOFTMAX);

	for (int i = 0; i < 400 * INTERESTS; i++)
		samples.logits[i] = 0.0f;
	InterestFitTemperature(&head, &samples.predictions, samples.evidence, &arena);
	CHECK_NEAR(head.temperature[0], 0.0, 0.0);
	for (int i = 0; i < 400; i++)
		samples.logits[i * INTERESTS] = 5.0f;
	InterestFitTemperature(&head, &samples.predictions, samples.evidence, &arena);
	CHECK(head.temperature[0] < 0.0f && head.temperature[0] >= -INTEREST_MAX_LOG_TEMPERATURE);
	for (int i = 0; i < 400; i++)
		samples.logits[i * INTERESTS] = -1e6f;
	InterestFitTemperature(&head, &samples.predictions, samples.evidence, &arena);
	CHECK(head.temperature[0] > 0.0f && head.temperature[0] <= INTEREST_MAX_LOG_TEMPERATURE);
}

/* Gradient of one interest's loss by its slope and offset, by definition. */
static void
PlattGradient(const Samples *samples, int interest, double slope, double offset, double gradient[2])
{
	double		positives = 0.0;
	double		negatives = 0.0;

	gradient[0] = gradient[1] = 0.0;
	for (int i = 0; i < samples->predictions.count; i++)
		*(samples->label[i] == interest ? &positives : &negatives) += samples->weight[i];
	for (int i = 0; i < samples->predictions.count; i++)
	{
		double		margin = samples->logits[i * INTERESTS + interest];
		double		target = samples->label[i] == interest ? (positives + 1.0) / (positives + 2.0) : 1.0 / (negatives + 2.0);
		double		error = samples->weight[i] * (1.0 / (1.0 + exp(-slope * margin - offset)) - target);

		gradient[0] += error * margin;
		gradient[1] += error;
	}
}

static void
TestPlatt(void)
{
	Samples		samples = MakeSamples(2000, false);
	InterestHead truth = MakeHead(INTEREST_HEAD_SVM);
	InterestHead head = MakeHead(INTEREST_HEAD_SVM);
	int			rare = 0;

	DrawLabels(&samples, &truth);
	for (int i = 0; i < 2000; i++)
	{
		samples.weight[i] = i % 2 ? 0.5 : 1.0;
		if (samples.label[i] == 3 && rare++ >= 4)
			samples.label[i] = 2;
	}
	InterestFitPlatt(&head, &samples.predictions, &arena);
	for (int j = 0; j < 3; j++)
	{
		double		gradient[2];

		PlattGradient(&samples, j, head.slope[j], head.offset[j], gradient);
		CHECK_NEAR(gradient[0], 0.0, 0.02);
		CHECK_NEAR(gradient[1], 0.0, 0.02);
		CHECK(head.slope[j] > 0.0f);
	}

	/* The rare one has what all have together, which none of the others has for itself. */
	CHECK(head.slope[3] > 0.0f);
	for (int j = 0; j < 3; j++)
		CHECK(head.slope[3] != head.slope[j]);
}

/* Margins that say the opposite never turn the order around. */
static void
TestContraryMargins(void)
{
	Samples		samples = MakeSamples(2000, false);
	InterestHead truth = MakeHead(INTEREST_HEAD_SVM);
	InterestHead head = MakeHead(INTEREST_HEAD_SVM);

	DrawLabels(&samples, &truth);
	for (int i = 0; i < 2000; i++)
		samples.logits[i * INTERESTS + 1] *= -1.0f;
	InterestFitPlatt(&head, &samples.predictions, &arena);
	for (int j = 0; j < INTERESTS; j++)
		CHECK(head.slope[j] > 0.0f);
}

/* --- conformal sets --- */

static void
TestRank(void)
{
	static const float scores[] = {0.9f, 0.1f, 0.3f, 0.2f, 0.8f, 0.7f, 0.4f, 0.6f, 0.5f};
	static const int rows[COUNT(scores)] = {1, 1, 2, 3, 4, 9, 20, 1, 1};
	InterestConformal conformal;

	InterestConformalFit(COUNT(scores), scores, rows, &arena, &conformal);
	CHECK_INTEGER(conformal.bin_count, 1);
	CHECK_INTEGER(conformal.bins[0].least_rows, 0);
	CHECK_NEAR(InterestConformalScore(&conformal, 1, 0.9), 0.9, 1e-7);	/* ceil(10 .9) = 9 */
	CHECK_NEAR(InterestConformalScore(&conformal, 5, 0.7), 0.7, 1e-7);	/* 10 .7 is not quite 7 */
	CHECK_NEAR(InterestConformalScore(&conformal, 0, 0.71), 0.8, 1e-7);
	CHECK_NEAR(InterestConformalScore(&conformal, 1, 0.91), 1.0, 0.0);	/* too few */
	CHECK_NEAR(InterestConformalScore(&conformal, 1, 0.0), 0.1, 1e-7);
	InterestConformalFit(0, scores, rows, &arena, &conformal);
	CHECK_INTEGER(conformal.bin_count, 0);
	CHECK_NEAR(InterestConformalScore(&conformal, 1, 0.5), 1.0, 0.0);
}

/* The least rows of the bins that users of such rows, so many each, make. */
static void
CheckBins(const int counts[INTEREST_ACTIVITY_BINS], const int *least_rows, int bins)
{
	static const int some_rows[INTEREST_ACTIVITY_BINS] = {1, 2, 4, 10, 11};
	float	   *scores = InterestArenaAllocateZero(&arena, sizeof(float) * 30000);
	int		   *rows = InterestArenaArray(&arena, int, 30000);
	InterestConformal conformal;
	int			users = 0;
	int			kept = 0;

	for (int bin = 0; bin < INTEREST_ACTIVITY_BINS; bin++)
		for (int i = 0; i < counts[bin]; i++)
			rows[users++] = some_rows[bin];
	InterestConformalFit(users, scores, rows, &arena, &conformal);
	CHECK_INTEGER(conformal.bin_count, bins);
	for (int bin = 0; bin < conformal.bin_count && bin < bins; bin++)
	{
		CHECK_INTEGER(conformal.bins[bin].least_rows, least_rows[bin]);
		kept += conformal.bins[bin].count;
	}
	if (users < INTEREST_MAX_CONFORMAL_SCORES)
		CHECK_INTEGER(kept, users);
}

static void
TestBins(void)
{
	CheckBins((const int[]) {200, 200, 200, 200, 200}, (const int[]) {0, 2, 3, 6, 11}, 5);
	CheckBins((const int[]) {199, 1, 200, 200, 199}, (const int[]) {0, 3, 6}, 3);
	CheckBins((const int[]) {500, 100, 50, 50, 700}, (const int[]) {0, 2, 11}, 3);
	CheckBins((const int[]) {0, 0, 0, 0, 5}, (const int[]) {0}, 1);
	CheckBins((const int[]) {10, 0, 0, 0, 300}, (const int[]) {0}, 1);
	CheckBins((const int[]) {20000, 0, 0, 0, 0}, (const int[]) {0}, 1);
	CHECK_INTEGER(InterestActivityBin(0), 0);
	CHECK_INTEGER(InterestActivityBin(5), 2);
	CHECK_INTEGER(InterestActivityBin(6), 3);
	CHECK_INTEGER(InterestActivityBin(INT64_MAX), 4);
}

/* Of users that fitted nothing, as many are covered as was asked, in every bin. */
static void
TestCoverage(void)
{
	static const double coverages[] = {0.6, 0.8, 0.9, 0.95};
	Samples		fitting = MakeSamples(4000, false);
	Samples		asking = MakeSamples(20000, false);
	InterestHead head = MakeHead(INTEREST_HEAD_SOFTMAX);
	InterestPreparedRows prepared = {.users = InterestArenaAllocateZero(&arena, sizeof(InterestTrainingUser) * 4000)};
	const InterestKernel *kernel = InterestKernelChoose("auto");
	InterestConformal conformal;

	for (int i = 0; i < 4000; i++)
		prepared.users[i].key = InterestRandomNext(&randomness);
	DrawLabels(&fitting, &head);
	DrawLabels(&asking, &head);
	for (int i = 0; i < 400; i++)	/* one who has 400 samples is one user */
		fitting.user[i] = 0;
	InterestNormalizeAll(&head, kernel, &fitting.predictions, fitting.evidence, CheckHost());
	InterestNormalizeAll(&head, kernel, &asking.predictions, asking.evidence, CheckHost());
	InterestFitConformal(&prepared, 1, &fitting.predictions, &arena, &arena, &conformal);
	CHECK_INTEGER(conformal.bin_count, 5);
	CHECK_INTEGER(conformal.bins[0].count + conformal.bins[1].count + conformal.bins[2].count +
				  conformal.bins[3].count + conformal.bins[4].count, 3601);
	for (int c = 0; c < COUNT(coverages); c++)
	{
		double		covered = 0.0;

		for (int i = 0; i < 20000; i++)
			covered += 1.0f - asking.logits[i * INTERESTS + asking.label[i]] <=
				InterestConformalScore(&conformal, asking.rows[i], coverages[c]);
		CHECK_NEAR(covered / 20000, coverages[c], 2.5 * sqrt(coverages[c] * (1 - coverages[c]) / 3601) + 0.005);
	}
}

/* Of several interests at once every true one is in the set; an unknown one is in none. */
static void
TestScores(void)
{
	Samples		samples = MakeSamples(2, true);
	static const float probabilities[] = {0.9f, 0.2f, 0.6f, 0.1f, 0.4f, 0.3f, 0.2f, 0.1f};
	InterestTrainingUser users[] = {{.key = 1}, {.key = 2}};
	InterestPreparedRows prepared = {.users = users};
	InterestConformal conformal;

	memcpy(samples.logits, probabilities, sizeof(probabilities));
	samples.labels[0] = samples.labels[2] = 1;
	InterestFitConformal(&prepared, 1, &samples.predictions, &arena, &arena, &conformal);
	CHECK_NEAR(conformal.bins[0].scores[0], 0.0, 0.0);	/* has nothing to be missed */
	CHECK_NEAR(conformal.bins[0].scores[1], 0.4, 1e-7);
	samples.predictions.several = false;
	samples.predictions.label = samples.label;
	samples.label[0] = 1;
	samples.label[1] = -1;
	InterestFitConformal(&prepared, 1, &samples.predictions, &arena, &arena, &conformal);
	CHECK_NEAR(conformal.bins[0].scores[0], 0.8, 1e-7);
	CHECK_NEAR(conformal.bins[0].scores[1], 1.0, 0.0);
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestTemperature, TestFewUsers, TestExtremeTemperatures, TestPlatt, TestContraryMargins,
		TestRank, TestBins, TestCoverage, TestScores
	};

	randomness = InterestRandomKeyed(1, 2, 3, 4);
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	for (int i = 0; i < COUNT(tests); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("calibrate");
}

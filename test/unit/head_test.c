/*
 * head_test.c
 *	  Heads: losses and gradients against a plain second implementation in
 *	  double, probabilities by definition, discriminants by hand.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/network/lda.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define INTERESTS 5
#define DIMENSIONS 9
#define SAMPLES 4
#define STEP 1e-5

static InterestArena arena;
static InterestRandom randomness;

/* Uniform in [-scale, scale). */
static float *
RandomFloats(int count, float scale)
{
	float	   *values = InterestArenaArray(&arena, float, count);

	for (int i = 0; i < count; i++)
		values[i] = scale * (float) (2.0 * InterestRandomUniform(&randomness) - 1.0);
	return values;
}

/* Scale, weight and bias end to end; what is fitted later leaves probabilities alone. */
#define HEAD_SIZE (1 + INTERESTS * (DIMENSIONS + 1))

static InterestHead
HeadOver(InterestHeadKind kind, float *parameters)
{
	InterestHead head = {
		.kind = kind, .linear = {.outputs = INTERESTS, .inputs = DIMENSIONS},
		.temperature = InterestArenaAllocateZero(&arena, 2 * sizeof(float)),
		.slope = InterestArenaArray(&arena, float, INTERESTS),
		.offset = InterestArenaAllocateZero(&arena, INTERESTS * sizeof(float))
	};

	head.log_scale = parameters;
	head.linear.weight = parameters + 1;
	head.linear.bias = head.linear.weight + INTERESTS * DIMENSIONS;
	for (int j = 0; j < INTERESTS; j++)
		head.slope[j] = 1.0f;
	return head;
}

static InterestHead
MakeHead(InterestHeadKind kind)
{
	return HeadOver(kind, RandomFloats(HEAD_SIZE, 0.25f));
}

/* --- losses --- */

static const int first_of_one[SAMPLES + 1] = {0, 1, 2, 3, 4};
static const int one_target[] = {2, 0, 4, 2};
static const int first_of_some[SAMPLES + 1] = {0, 2, 2, 3, 8};
static const int some_targets[] = {1, 3, 4, 0, 1, 2, 3, 4};	/* two, none, one, all */

static const InterestTargets *
Targets(const InterestHead *head)
{
	static const InterestTargets one = {first_of_one, one_target};
	static const InterestTargets some = {first_of_some, some_targets};

	return InterestHeadIsOfOne(head->kind) ? &one : &some;
}

static bool
IsTarget(const InterestTargets *targets, int sample, int interest)
{
	for (int t = targets->first[sample]; t < targets->first[sample + 1]; t++)
		if (targets->interests[t] == interest)
			return true;
	return false;
}

/* By definition, from probabilities and margins. */
static double
ReferenceSampleLoss(const InterestHead *head, const InterestLossRule *rule, int sample,
					const double *logits)
{
	const int	n = INTERESTS;
	double		sum = 0.0;
	double		loss = 0.0;

	for (int j = 0; j < n; j++)
		sum += exp(logits[j]);
	for (int j = 0; j < n; j++)
	{
		bool		target = IsTarget(Targets(head), sample, j);
		double		p = 1.0 / (1.0 + exp(-logits[j]));
		double		margin = fmax(0.0, 1.0 - (target ? logits[j] : -logits[j]));
		double		weight = target && rule->weights ? rule->weights[j] : 1.0;

		if (head->kind == INTEREST_HEAD_SOFTMAX || head->kind == INTEREST_HEAD_LDA)
			loss -= (rule->weights ? rule->weights[one_target[sample]] : 1.0) *
				((target ? 1.0 - rule->smoothing : 0.0) + rule->smoothing / n) *
				log(exp(logits[j]) / sum);
		else if (head->kind == INTEREST_HEAD_SVM)
			loss += weight * margin * margin / n;
		else
			loss -= weight * log(target ? p : 1.0 - p) / n;
	}
	return loss;
}

/* parameters: log_scale, weight, bias as they lie in the model; u (SAMPLES, d) */
static double
ReferenceLoss(const InterestHead *head, const InterestLossRule *rule,
			  const double *parameters, const double *u)
{
	const int	n = INTERESTS;
	const double *weight = parameters + 1;
	const double *bias = weight + n * DIMENSIONS;
	double		loss = 0.0;

	for (int i = 0; i < SAMPLES; i++)
	{
		double		logits[INTERESTS];

		for (int j = 0; j < n; j++)
		{
			logits[j] = 0.0;
			for (int k = 0; k < DIMENSIONS; k++)
				logits[j] += weight[j * DIMENSIONS + k] * u[i * DIMENSIONS + k];
			logits[j] = exp(parameters[0]) * logits[j] + bias[j];
		}
		loss += ReferenceSampleLoss(head, rule, i, logits) / SAMPLES;
	}
	return loss;
}

/* Gradients of count values, which the reference's arguments point to. */
static void
CheckLossGradients(const InterestHead *head, const InterestLossRule *rule,
				   const double *parameters, const double *u,
				   double *values, int count, const float *gradients)
{
	for (int i = 0; i < count; i++)
	{
		double		value = values[i];
		double		numeric;

		values[i] = value + STEP;
		numeric = ReferenceLoss(head, rule, parameters, u);
		values[i] = value - STEP;
		numeric -= ReferenceLoss(head, rule, parameters, u);
		values[i] = value;
		numeric /= 2.0 * STEP;
		CHECK_NEAR(gradients[i], numeric, 1e-5 + 1e-3 * fabs(numeric));
	}
}

static void
CheckHead(InterestHeadKind kind, InterestLossRule rule)
{
	InterestHead head = MakeHead(kind);
	InterestHead gradient = HeadOver(kind, InterestArenaAllocateZero(&arena, sizeof(float) * HEAD_SIZE));
	InterestArithmetic arithmetic = {
		.kernel = InterestKernelChoose("auto"), .sgemm = InterestSgemm, .scratch = &arena
	};
	float	   *u = RandomFloats(SAMPLES * DIMENSIONS, 0.7f);
	float		u_gradient[SAMPLES * DIMENSIONS];
	float		logits[SAMPLES * INTERESTS];
	float		logit_gradient[SAMPLES * INTERESTS];
	double		parameters[HEAD_SIZE];
	double		u_values[SAMPLES * DIMENSIONS];
	double		loss;

	head.log_scale[0] = 1.5f;
	for (int i = 0; i < HEAD_SIZE; i++)
		parameters[i] = head.log_scale[i];
	for (int i = 0; i < SAMPLES * DIMENSIONS; i++)
		u_values[i] = u[i];
	InterestHeadForward(&head, &arithmetic, SAMPLES, u, logits);
	loss = InterestHeadLoss(&head, &rule, SAMPLES, logits, Targets(&head), logit_gradient);
	CHECK_NEAR(loss, ReferenceLoss(&head, &rule, parameters, u_values), 1e-6);
	CHECK_NEAR(InterestHeadLoss(&head, &rule, SAMPLES, logits, Targets(&head), NULL), loss, 0.0);
	InterestHeadBackward(&head, &arithmetic, SAMPLES, u, logit_gradient, &gradient, u_gradient);
	CheckLossGradients(&head, &rule, parameters, u_values, parameters, HEAD_SIZE, gradient.log_scale);
	CheckLossGradients(&head, &rule, parameters, u_values, u_values, SAMPLES * DIMENSIONS, u_gradient);
}

static void
TestHead(void)
{
	static const float weights[] = {1.0f, 3.0f, 0.5f, 2.0f, 1.5f};

	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		CheckHead((InterestHeadKind) kind, (InterestLossRule) {0.0f, NULL});
		CheckHead((InterestHeadKind) kind, (InterestLossRule) {0.0f, weights});
		CheckHead((InterestHeadKind) kind, (InterestLossRule) {INTEREST_LABEL_SMOOTHING, weights});
	}
}

/* Large logits neither overflow nor lose the loss. */
static void
TestExtremeLogits(void)
{
	static const float logits[] = {300.0f, -300.0f, 0.0f, 200.0f, -200.0f};
	static const int first[] = {0, 1};
	static const int target[] = {1};
	const InterestTargets targets = {first, target};
	const InterestLossRule rule = {0.0f, NULL};
	InterestHead softmax = MakeHead(INTEREST_HEAD_SOFTMAX);
	InterestHead sigmoid = MakeHead(INTEREST_HEAD_SIGMOID);
	float		gradient[COUNT(logits)];

	CHECK_NEAR(InterestHeadLoss(&softmax, &rule, 1, logits, &targets, gradient), 600.0, 1e-4);
	CHECK_NEAR(gradient[0], 1.0, 1e-6);
	CHECK_NEAR(gradient[1], -1.0, 1e-6);
	CHECK_NEAR(InterestHeadLoss(&sigmoid, &rule, 1, logits, &targets, gradient),
			   (300.0 + 300.0 + log(2.0) + 200.0) / 5.0, 1e-4);
	CHECK_NEAR(gradient[0], 0.2, 1e-6);
	CHECK_NEAR(gradient[1], -0.2, 1e-6);
	CHECK_NEAR(gradient[2], 0.1, 1e-6);
	CHECK_NEAR(gradient[4], 0.0, 1e-6);
}

/* Probabilities of some logits with a temperature of exp(a + b log1p(evidence)). */
static const float *
Probabilities(InterestHeadKind kind, double a, double b, double evidence)
{
	static const float logits[] = {0.0f, 1.0f, -1.0f, 2.0f, 0.5f};
	static float result[COUNT(logits)];
	InterestHead head = MakeHead(kind);

	head.temperature[0] = (float) a;
	head.temperature[1] = (float) b;
	for (int j = 0; kind == INTEREST_HEAD_SVM && j < COUNT(logits); j++)
	{
		head.slope[j] = 2.0f;
		head.offset[j] = j == 0 ? -1.0f : 0.0f;
	}
	memcpy(result, logits, sizeof(result));
	InterestHeadNormalize(&head, InterestKernelChoose("auto"), evidence, result);
	return result;
}

static double
SumOf(const float *probabilities)
{
	double		sum = 0.0;

	for (int j = 0; j < INTERESTS; j++)
		sum += probabilities[j];
	return sum;
}

static double
Sigmoid(double x)
{
	return 1.0 / (1.0 + exp(-x));
}

static void
TestProbabilities(void)
{
	double		sum = 1.0 + exp(1.0) + exp(-1.0) + exp(2.0) + exp(0.5);
	double		sigmoids = 0.5 + Sigmoid(1.0) + Sigmoid(-1.0) + Sigmoid(2.0) + Sigmoid(0.5);
	double		margins = Sigmoid(-1.0) + Sigmoid(2.0) + Sigmoid(-2.0) + Sigmoid(4.0) + Sigmoid(1.0);

	CHECK_NEAR(Probabilities(INTEREST_HEAD_SOFTMAX, 0, 0, 3)[1], exp(1.0) / sum, 1e-6);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_LDA, 0, 0, 3)[2], exp(-1.0) / sum, 1e-6);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_SIGMOID, 0, 0, 3)[0], 0.5, 0.0);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_SIGMOID, 0, 0, 3)[3], Sigmoid(2.0), 1e-7);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_LOGISTIC, 0, 0, 3)[3], Sigmoid(2.0) / sigmoids, 1e-6);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_SVM, 0, 0, 3)[0], Sigmoid(-1.0) / margins, 1e-6);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_SVM, 0, 0, 3)[4], Sigmoid(1.0) / margins, 1e-6);
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
		if (InterestHeadIsOfOne((InterestHeadKind) kind))
			CHECK_NEAR(SumOf(Probabilities((InterestHeadKind) kind, 0.3, -0.2, 3)), 1.0, 1e-6);
}

static void
TestTemperature(void)
{
	double		sharpness = 1.0 / exp(0.5 - 0.25 * log(4.0));

	CHECK_NEAR(Probabilities(INTEREST_HEAD_SIGMOID, 0.5, -0.25, 3.0)[1], Sigmoid(sharpness), 1e-7);
	CHECK_NEAR(Probabilities(INTEREST_HEAD_SOFTMAX, 0.5, -0.25, 3.0)[3] /
			   Probabilities(INTEREST_HEAD_SOFTMAX, 0.5, -0.25, 3.0)[1], exp(sharpness), 1e-5);

	/* Of sigmoids normalised to 1 it divides the logarithms. */
	CHECK_NEAR(Probabilities(INTEREST_HEAD_LOGISTIC, 0.5, -0.25, 3.0)[3] /
			   Probabilities(INTEREST_HEAD_LOGISTIC, 0.5, -0.25, 3.0)[1], pow(Sigmoid(2.0) / Sigmoid(1.0), sharpness), 1e-5);

	/* Held to bounds, so that no evidence makes it anything but a number. */
	CHECK_NEAR(Probabilities(INTEREST_HEAD_SIGMOID, 1.0, 1e6, 1e30)[1], Sigmoid(exp(-INTEREST_MAX_LOG_TEMPERATURE)), 1e-7);
	CHECK_NEAR(SumOf(Probabilities(INTEREST_HEAD_SOFTMAX, 1.0, -1e6, 1e30)), 1.0, 1e-6);
}

/* Sigmoids that vanish still have an order. */
static void
TestVanishingSigmoids(void)
{
	InterestHead head = MakeHead(INTEREST_HEAD_LOGISTIC);
	float		logits[] = {-2e5f, -1e5f, -1e5f, -3e5f, -9e5f};

	InterestHeadNormalize(&head, InterestKernelChoose("auto"), 0.0, logits);
	CHECK_NEAR(SumOf(logits), 1.0, 1e-6);
	CHECK_NEAR(logits[1], 0.5, 1e-6);
}

/* --- discriminants --- */

#define LDA_SAMPLES 60
#define LDA_INTERESTS 3

static void
AddLdaSamples(InterestLdaSums *sums, const float *u, int first, int end)
{
	for (int i = first; i < end; i++)
		InterestLdaAdd(sums, i % LDA_INTERESTS, 1.0 + i % 2, u + i * 2);
}

/* Log density of a normal distribution up to what all interests share, covariance (a, b; b, c). */
static double
LogDensity(const double *mean, double a, double b, double c, const float *u)
{
	double		x = u[0] - mean[0];
	double		y = u[1] - mean[1];

	return -0.5 * (c * x * x - 2.0 * b * x * y + a * y * y) / (a * c - b * b);
}

/* Against means, covariance and densities written out for two dimensions. */
static void
TestDiscriminants(void)
{
	float		weight[LDA_INTERESTS * 2];
	float		bias[LDA_INTERESTS];
	float		log_scale = 2.0f;
	InterestHead head = {.kind = INTEREST_HEAD_LDA, .linear = {.outputs = LDA_INTERESTS, .inputs = 2, .weight = weight, .bias = bias},
		.log_scale = &log_scale};
	InterestLdaSums sums;
	float	   *u = RandomFloats(LDA_SAMPLES * 2, 0.8f);
	double		mean[LDA_INTERESTS][2] = {{0}};
	double		count[LDA_INTERESTS] = {0};
	double		covariance[3] = {0};
	double		total = 0.0;
	double		ridge;

	for (int i = 0; i < LDA_SAMPLES; i++)
		u[i * 2] += 0.5f * (float) (i % LDA_INTERESTS);
	InterestLdaInit(&sums, LDA_INTERESTS, 2, &arena);
	AddLdaSamples(&sums, u, 0, LDA_SAMPLES);
	InterestLdaSolve(&sums, &head, &arena);
	for (int i = 0; i < LDA_SAMPLES; i++)
	{
		count[i % LDA_INTERESTS] += 1.0 + i % 2;
		mean[i % LDA_INTERESTS][0] += (1.0 + i % 2) * u[i * 2];
		mean[i % LDA_INTERESTS][1] += (1.0 + i % 2) * u[i * 2 + 1];
		total += 1.0 + i % 2;
	}
	for (int k = 0; k < LDA_INTERESTS; k++)
	{
		mean[k][0] /= count[k];
		mean[k][1] /= count[k];
	}
	for (int i = 0; i < LDA_SAMPLES; i++)
	{
		double		x = u[i * 2] - mean[i % LDA_INTERESTS][0];
		double		y = u[i * 2 + 1] - mean[i % LDA_INTERESTS][1];

		covariance[0] += (1.0 + i % 2) * x * x / total;
		covariance[1] += (1.0 + i % 2) * x * y / total;
		covariance[2] += (1.0 + i % 2) * y * y / total;
	}
	ridge = INTEREST_LDA_RIDGE * (covariance[0] + covariance[2]) / 2.0;
	CHECK_NEAR(log_scale, 0.0, 0.0);
	for (int i = 0; i < LDA_SAMPLES; i++)
		for (int k = 1; k < LDA_INTERESTS; k++)
		{
			double		logit = bias[k] - bias[0];

			for (int j = 0; j < 2; j++)
				logit += (double) (weight[k * 2 + j] - weight[j]) * u[i * 2 + j];
			CHECK_NEAR(logit, LogDensity(mean[k], covariance[0] + ridge, covariance[1], covariance[2] + ridge, u + i * 2) -
					   LogDensity(mean[0], covariance[0] + ridge, covariance[1], covariance[2] + ridge, u + i * 2) +
					   log((count[k] + 0.5) / (count[0] + 0.5)), 2e-4);
		}
}

/* The sums of all samples are those of some plus those of the others. */
static void
TestDiscriminantSums(void)
{
	InterestLdaSums all;
	InterestLdaSums some;
	InterestLdaSums others;
	const float *u = RandomFloats(LDA_SAMPLES * 2, 0.8f);

	InterestLdaInit(&all, LDA_INTERESTS, 2, &arena);
	InterestLdaInit(&some, LDA_INTERESTS, 2, &arena);
	InterestLdaInit(&others, LDA_INTERESTS, 2, &arena);
	AddLdaSamples(&all, u, 0, LDA_SAMPLES);
	AddLdaSamples(&some, u, 0, 17);
	AddLdaSamples(&others, u, 17, LDA_SAMPLES);
	for (size_t i = 0; i < all.size; i++)
		CHECK_NEAR(some.values[i] + others.values[i], all.values[i], 1e-12);
}

/* Interests without a sample and samples that are all the same give numbers. */
static void
TestDegenerateDiscriminants(void)
{
	float		weight[4];
	float		bias[2];
	float		log_scale;
	InterestHead head = {.kind = INTEREST_HEAD_LDA, .linear = {.outputs = 2, .inputs = 2, .weight = weight, .bias = bias},
		.log_scale = &log_scale};
	const float same[] = {0.5f, -0.5f};
	InterestLdaSums sums;

	InterestLdaInit(&sums, 2, 2, &arena);
	for (int samples = 0; samples < 3; samples++)
	{
		InterestLdaSolve(&sums, &head, &arena);
		for (int i = 0; i < 4; i++)
			CHECK(isfinite(weight[i]) && fabsf(weight[i]) < 1e6f);
		CHECK(bias[0] >= bias[1]);
		InterestLdaAdd(&sums, 0, 1.0, same);
	}
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestHead, TestExtremeLogits, TestProbabilities, TestTemperature, TestVanishingSigmoids,
		TestDiscriminants, TestDiscriminantSums, TestDegenerateDiscriminants
	};

	randomness = InterestRandomKeyed(1, 2, 3, 4);
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	for (int i = 0; i < COUNT(tests); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("head");
}

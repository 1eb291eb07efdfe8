/*
 * head.c
 *	  The head and its losses.
 */
#include "core/network/head.h"

#include "core/base/deterministic.h"

#include <string.h>

const char *
InterestHeadName(InterestHeadKind kind)
{
	static const char *const names[] = {"softmax", "sigmoid", "logistic", "svm", "lda"};

	return names[kind];
}

bool
InterestHeadIsOfOne(InterestHeadKind kind)
{
	return kind != INTEREST_HEAD_SIGMOID;
}

/* Whether the loss is the cross-entropy over all interests. */
static bool
IsLearnedBySoftmax(const InterestHead *head)
{
	return head->kind == INTEREST_HEAD_SOFTMAX || head->kind == INTEREST_HEAD_LDA;
}

double
InterestHeadFirstBias(InterestHeadKind kind, double rate, double weight)
{
	switch (kind)
	{
		case INTEREST_HEAD_SIGMOID:
		case INTEREST_HEAD_LOGISTIC:
			return InterestLog(weight * rate / (1.0 - rate));
		case INTEREST_HEAD_SVM:
			return (weight * rate - (1.0 - rate)) / (weight * rate + (1.0 - rate));
		case INTEREST_HEAD_SOFTMAX:
		case INTEREST_HEAD_LDA:
			break;
	}
	return InterestLog(weight * rate);
}

void
InterestHeadPack(InterestHead *head, InterestArena *arena)
{
	InterestLinearPack(&head->linear, arena);
}

static float
Scale(const InterestHead *head)
{
	return (float) InterestExp((double) head->log_scale[0]);
}

/* exp(s) u: W (exp(s) u) is exp(s) (W u). */
static float *
ScaledInput(const InterestHead *head, const InterestArithmetic *arithmetic,
			int samples, const float *u)
{
	int			d = head->linear.inputs;
	float	   *scaled = InterestArenaArray(arithmetic->scratch, float, (size_t) samples * d);
	float		scale = Scale(head);

	memcpy(scaled, u, sizeof(float) * (size_t) samples * d);
	for (int i = 0; i < samples; i++)
		arithmetic->kernel->scale(d, scale, scaled + (size_t) i * d);
	return scaled;
}

void
InterestHeadForward(const InterestHead *head, const InterestArithmetic *arithmetic,
					int samples, const float *u, float *logits)
{
	InterestArenaMark mark = InterestArenaGetMark(arithmetic->scratch);

	InterestLinearForward(&head->linear, arithmetic, samples,
						  ScaledInput(head, arithmetic, samples, u), logits);
	InterestArenaReturnTo(arithmetic->scratch, mark);
}

/* What logits are multiplied by: one over the temperature at that evidence. */
static double
Sharpness(const InterestHead *head, double evidence)
{
	double		log_temperature = head->temperature[0] + head->temperature[1] * InterestLog1p(evidence);

	if (log_temperature > INTEREST_MAX_LOG_TEMPERATURE)
		log_temperature = INTEREST_MAX_LOG_TEMPERATURE;
	if (log_temperature < -INTEREST_MAX_LOG_TEMPERATURE)
		log_temperature = -INTEREST_MAX_LOG_TEMPERATURE;
	return InterestExp(-log_temperature);
}

/*
 * Sigmoids normalised to 1 are the softmax of their logarithms, which do not
 * vanish however small the sigmoids are; those of svm are Platt's.
 */
static void
LogSigmoids(const InterestHead *head, float *logits)
{
	for (int j = 0; j < head->linear.outputs; j++)
	{
		double		logit = logits[j];

		if (head->kind == INTEREST_HEAD_SVM)
			logit = head->slope[j] * logit + head->offset[j];
		logits[j] = (float) -InterestSoftPlus(-logit);
	}
}

void
InterestHeadPrepare(const InterestHead *head, float *logits)
{
	if (head->kind == INTEREST_HEAD_LOGISTIC || head->kind == INTEREST_HEAD_SVM)
		LogSigmoids(head, logits);
}

void
InterestHeadNormalize(const InterestHead *head, const InterestKernel *kernel, double evidence,
					  float *logits)
{
	double		sharpness = Sharpness(head, evidence);

	InterestHeadPrepare(head, logits);
	if (InterestHeadIsOfOne(head->kind))
		kernel->softmax(head->linear.outputs, logits, (float) sharpness);
	else
		for (int j = 0; j < head->linear.outputs; j++)
			logits[j] = (float) InterestSigmoid(sharpness * logits[j]);
}

void
InterestHeadProbabilities(const InterestHead *head, const InterestArithmetic *arithmetic,
						  const float *u, double evidence, float *probabilities)
{
	InterestHeadForward(head, arithmetic, 1, u, probabilities);
	InterestHeadNormalize(head, arithmetic->kernel, evidence, probabilities);
}

/* log of the sum of exp(logits) */
static double
LogSum(int n, const float *logits)
{
	double		largest = logits[0];
	double		sum = 0.0;

	for (int j = 1; j < n; j++)
		largest = logits[j] > largest ? logits[j] : largest;
	for (int j = 0; j < n; j++)
		sum += InterestExp(logits[j] - largest);
	return largest + InterestLog(sum);
}

/*
 * Cross-entropy of one sample with the target's mass at 1 - smoothing and the
 * rest spread evenly; gradient (n), times share, may be NULL.
 */
static double
CrossEntropy(int n, const float *logits, int target, double smoothing, double share,
			 float *gradient)
{
	double		log_sum = LogSum(n, logits);
	double		spread = smoothing / n;
	double		loss = log_sum - (1.0 - smoothing) * logits[target];

	for (int j = 0; j < n; j++)
		loss -= spread * logits[j];
	if (gradient)
	{
		for (int j = 0; j < n; j++)
			gradient[j] = (float) (share * (InterestExp(logits[j] - log_sum) - spread));
		gradient[target] -= (float) (share * (1.0 - smoothing));
	}
	return loss;
}

/*
 * Binary cross-entropy of one sample, the sum over interests; every interest is
 * taken as a negative first, then the targets are put right.
 */
static double
BinaryCrossEntropy(int n, const float *logits, int targets, const int *target,
				   const float *weights, double share, float *gradient)
{
	double		loss = 0.0;

	for (int j = 0; j < n; j++)
	{
		loss += InterestSoftPlus(logits[j]);
		if (gradient)
			gradient[j] = (float) (share * InterestSigmoid(logits[j]));
	}
	for (int t = 0; t < targets; t++)
	{
		double		logit = logits[target[t]];
		double		weight = weights ? weights[target[t]] : 1.0;

		loss += weight * InterestSoftPlus(-logit) - InterestSoftPlus(logit);
		if (gradient)
			gradient[target[t]] = (float) (-share * weight * InterestSigmoid(-logit));
	}
	return loss;
}

/* Squared hinge of one sample, the sum over interests; negatives first, as above. */
static double
SquaredHinge(int n, const float *logits, int targets, const int *target, const float *weights,
			 double share, float *gradient)
{
	double		loss = 0.0;

	for (int j = 0; j < n; j++)
	{
		double		short_by = 1.0 + logits[j] > 0.0 ? 1.0 + logits[j] : 0.0;

		loss += short_by * short_by;
		if (gradient)
			gradient[j] = (float) (2.0 * share * short_by);
	}
	for (int t = 0; t < targets; t++)
	{
		double		logit = logits[target[t]];
		double		weight = weights ? weights[target[t]] : 1.0;
		double		over = 1.0 + logit > 0.0 ? 1.0 + logit : 0.0;
		double		short_by = 1.0 - logit > 0.0 ? 1.0 - logit : 0.0;

		loss += weight * short_by * short_by - over * over;
		if (gradient)
			gradient[target[t]] = (float) (-2.0 * share * weight * short_by);
	}
	return loss;
}

double
InterestHeadLoss(const InterestHead *head, const InterestLossRule *rule, int samples,
				 const float *logits, const InterestTargets *targets, float *gradient)
{
	bool		softmax = IsLearnedBySoftmax(head);
	int			interests = head->linear.outputs;
	double		share = 1.0 / ((double) samples * (softmax ? 1 : interests));
	double		loss = 0.0;

	for (int i = 0; i < samples; i++)
	{
		const float *line = logits + (size_t) i * interests;
		const int  *target = targets->interests + targets->first[i];
		int			count = targets->first[i + 1] - targets->first[i];
		float	   *line_gradient = gradient ? gradient + (size_t) i * interests : NULL;
		double		weight = softmax && rule->weights ? rule->weights[*target] : 1.0;

		if (softmax)
			loss += weight * CrossEntropy(interests, line, *target, rule->smoothing,
										  weight * share, line_gradient);
		else if (head->kind == INTEREST_HEAD_SVM)
			loss += SquaredHinge(interests, line, count, target, rule->weights, share, line_gradient);
		else
			loss += BinaryCrossEntropy(interests, line, count, target, rule->weights, share,
									   line_gradient);
	}
	return loss * share;
}

void
InterestHeadBackward(const InterestHead *head, const InterestArithmetic *arithmetic,
					 int samples, const float *u, const float *logit_gradient,
					 const InterestHead *gradient, float *u_gradient)
{
	InterestArenaMark mark = InterestArenaGetMark(arithmetic->scratch);
	size_t		size = (size_t) samples * head->linear.inputs;
	float		scale = Scale(head);
	double		sum = 0.0;

	InterestLinearBackward(&head->linear, arithmetic, samples,
						   ScaledInput(head, arithmetic, samples, u), logit_gradient,
						   &gradient->linear, u_gradient);

	/* The input was exp(s) u: its gradient by s is itself. */
	for (size_t j = 0; j < size; j++)
	{
		u_gradient[j] *= scale;
		sum += (double) u_gradient[j] * u[j];
	}
	gradient->log_scale[0] += (float) sum;
	InterestArenaReturnTo(arithmetic->scratch, mark);
}

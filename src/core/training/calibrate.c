/*
 * calibrate.c
 *	  From logits to probabilities that mean what they say.
 */
#include "core/training/calibrate.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"
#include "core/base/sort.h"

#include <math.h>
#include <string.h>

/* Keeps the choice of a user's sample apart from what else is drawn for him. */
#define CONFORMAL_SEED UINT64_C(0x636f6e66)

#define SAMPLES_BETWEEN_CHECKS 64

/* --- the least of a smooth function of two numbers --- */

/* At some place: the value, its gradient, and a curvature that is nowhere negative. */
typedef struct Fit
{
	double		value;
	double		gradient[2];
	double		curvature[3];	/* aa, ab, bb */
} Fit;

typedef void (*FitFunction) (const void *context, const double at[2], Fit *fit);

#define MOST_STEPS 50
#define MOST_HALVINGS 20
#define SMALLEST_GAIN 1e-10

/* Pulls both numbers to 0 with the strength of about one sample, so that there is one least place. */
static void
Measure(FitFunction function, const void *context, double pull, const double at[2], Fit *fit)
{
	memset(fit, 0, sizeof(*fit));
	function(context, at, fit);
	fit->value += pull / 2.0 * (at[0] * at[0] + at[1] * at[1]);
	fit->gradient[0] += pull * at[0];
	fit->gradient[1] += pull * at[1];
	fit->curvature[0] += pull;
	fit->curvature[2] += pull;
}

/* Newton's steps, halved until they gain something. */
static void
Minimize(FitFunction function, const void *context, double pull, double at[2])
{
	Fit			fit;

	Measure(function, context, pull, at, &fit);
	for (int step = 0; step < MOST_STEPS; step++)
	{
		double		determinant = fit.curvature[0] * fit.curvature[2] - fit.curvature[1] * fit.curvature[1];
		double		a = (fit.curvature[2] * fit.gradient[0] - fit.curvature[1] * fit.gradient[1]) / determinant;
		double		b = (fit.curvature[0] * fit.gradient[1] - fit.curvature[1] * fit.gradient[0]) / determinant;
		double		share = 1.0;
		Fit			next;

		if (!isfinite(a) || !isfinite(b))
			return;
		for (int halving = 0;; halving++)
		{
			const double there[2] = {at[0] - share * a, at[1] - share * b};

			Measure(function, context, pull, there, &next);
			if (next.value < fit.value)
				break;
			if (halving == MOST_HALVINGS)
				return;
			share /= 2.0;
		}
		at[0] -= share * a;
		at[1] -= share * b;
		if (fit.value - next.value < SMALLEST_GAIN * (1.0 + fabs(fit.value)))
			return;
		fit = next;
	}
}

static const float *
LogitsOf(const InterestPredictions *scored, int sample)
{
	return scored->probability + (size_t) sample * scored->interests;
}

/* --- Platt's sigmoids --- */

/* One interest, or all of them (below 0), against the rest. */
typedef struct PlattProblem
{
	const InterestPredictions *scored;
	const InterestHost *host;
	int			interest;
	double		positive;		/* target of a positive, and of a negative */
	double		negative;
} PlattProblem;

static void
AddMargin(double margin, double target, double weight, const double at[2], Fit *fit)
{
	double		z = at[0] * margin + at[1];
	double		p = InterestSigmoid(z);
	double		curvature = weight * p * (1.0 - p);

	fit->value += weight * (InterestSoftPlus(z) - target * z);
	fit->gradient[0] += weight * (p - target) * margin;
	fit->gradient[1] += weight * (p - target);
	fit->curvature[0] += curvature * margin * margin;
	fit->curvature[1] += curvature * margin;
	fit->curvature[2] += curvature;
}

static void
MeasurePlatt(const void *context, const double at[2], Fit *fit)
{
	const PlattProblem *problem = context;
	const InterestPredictions *scored = problem->scored;
	bool		all = problem->interest < 0;

	for (int i = 0; i < scored->count; i++)
	{
		if (i % SAMPLES_BETWEEN_CHECKS == 0)
			InterestCheckCancel(problem->host);
		for (int j = all ? 0 : problem->interest; j <= (all ? scored->interests - 1 : problem->interest); j++)
			AddMargin(LogitsOf(scored, i)[j], scored->label[i] == j ? problem->positive : problem->negative,
					  scored->weight[i], at, fit);
	}
}

/* Slope and offset; an interest below 0 stands for all. */
static void
FitSigmoid(const InterestPredictions *scored, int interest, double positives, double negatives,
		   const InterestHost *host, double at[2])
{
	PlattProblem problem = {
		.scored = scored, .host = host, .interest = interest,
		.positive = (positives + 1.0) / (positives + 2.0), .negative = 1.0 / (negatives + 2.0)
	};

	at[0] = 1.0;
	at[1] = 0.0;
	Minimize(MeasurePlatt, &problem, 1e-3, at);
}

void
InterestFitPlatt(const InterestHead *head, const InterestPredictions *scored, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			interests = scored->interests;
	double	   *positives = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) interests);
	double		total = 0.0;
	double		known = 0.0;
	double		common[2];

	for (int i = 0; i < scored->count; i++)
	{
		total += scored->weight[i];
		if (scored->label[i] < 0)
			continue;
		known += scored->weight[i];
		positives[scored->label[i]] += scored->weight[i];
	}
	FitSigmoid(scored, -1, known, total * interests - known, scratch->host, common);
	if (!(common[0] > 0.0))
	{
		/* Too few users say how sure a margin is: its plain sigmoid, in its own order. */
		common[0] = 1.0;
		common[1] = 0.0;
	}
	for (int j = 0; j < interests; j++)
	{
		double		own[2] = {0.0, 0.0};

		if (positives[j] >= INTEREST_LEAST_PLATT_POSITIVES)
			FitSigmoid(scored, j, positives[j], total - positives[j], scratch->host, own);

		/* A slope that is not positive would turn the order of users around. */
		head->slope[j] = (float) (own[0] > 0.0 ? own[0] : common[0]);
		head->offset[j] = (float) (own[0] > 0.0 ? own[1] : common[1]);
	}
	InterestArenaReturnTo(scratch, mark);
}

/* --- the temperature --- */

typedef struct TemperatureProblem
{
	const InterestHead *head;
	const InterestPredictions *scored;
	const double *evidence;
	const InterestHost *host;
	float	   *logits;			/* (interests): of one sample, prepared */
} TemperatureProblem;

/* Of a sample's loss by the sharpness that multiplies its logits. */
typedef struct Slope
{
	double		loss;
	double		first;
	double		second;
} Slope;

/* Of one interest of all. */
static Slope
SlopeOfOne(const TemperatureProblem *problem, int label, double sharpness)
{
	int			n = problem->scored->interests;
	const float *logits = problem->logits;
	double		largest = -HUGE_VAL;
	double		sum = 0.0;
	double		mean = 0.0;
	double		square = 0.0;

	for (int j = 0; j < n; j++)
		largest = fmax(largest, logits[j]);
	for (int j = 0; j < n; j++)
	{
		double		below = logits[j] - largest;
		double		mass = InterestExp(sharpness * below);

		sum += mass;
		mean += mass * below;
		square += mass * below * below;
	}
	mean /= sum;
	return (Slope) {
		.loss = InterestLog(sum) - sharpness * (logits[label] - largest), .first = mean - (logits[label] - largest),
		.second = fmax(square / sum - mean * mean, 0.0)
	};
}

/* Of several at once: the mean of their binary losses. */
static Slope
SlopeOfSeveral(const TemperatureProblem *problem, const uint8_t *labels, double sharpness)
{
	int			n = problem->scored->interests;
	Slope		sum = {0.0, 0.0, 0.0};

	for (int j = 0; j < n; j++)
	{
		double		logit = problem->logits[j];
		double		p = InterestSigmoid(sharpness * logit);

		sum.loss += InterestSoftPlus(sharpness * logit) - labels[j] * sharpness * logit;
		sum.first += (p - labels[j]) * logit;
		sum.second += p * (1.0 - p) * logit * logit;
	}
	return (Slope) {sum.loss / n, sum.first / n, sum.second / n};
}

/* at: a and b of a logarithmic temperature a + b x, x = log1p(evidence); sharpness = exp(-(a + b x)) */
static void
MeasureTemperature(const void *context, const double at[2], Fit *fit)
{
	const TemperatureProblem *problem = context;
	const InterestPredictions *scored = problem->scored;

	for (int i = 0; i < scored->count; i++)
	{
		double		x = InterestLog1p(problem->evidence[i]);
		double		sharpness = InterestExp(-(at[0] + at[1] * x));
		double		weight = scored->weight[i];
		double		first;
		double		second;
		Slope		slope;

		if (i % SAMPLES_BETWEEN_CHECKS == 0)
			InterestCheckCancel(problem->host);
		if (!scored->several && scored->label[i] < 0)
			continue;
		memcpy(problem->logits, LogitsOf(scored, i), sizeof(float) * (size_t) scored->interests);
		InterestHeadPrepare(problem->head, problem->logits);
		slope = scored->several ? SlopeOfSeveral(problem, scored->labels + (size_t) i * scored->interests, sharpness)
			: SlopeOfOne(problem, scored->label[i], sharpness);
		first = -weight * sharpness * slope.first;
		second = weight * sharpness * sharpness * slope.second;
		fit->value += weight * slope.loss;
		fit->gradient[0] += first;
		fit->gradient[1] += first * x;
		fit->curvature[0] += second;
		fit->curvature[1] += second * x;
		fit->curvature[2] += second * x * x;
	}
}

static int
CountUsers(const InterestPredictions *scored)
{
	int			users = 0;

	for (int i = 0; i < scored->count; i++)
		users += i == 0 || scored->user[i] != scored->user[i - 1];
	return users;
}

void
InterestFitTemperature(const InterestHead *head, const InterestPredictions *scored,
					   const double *evidence, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	double		at[2] = {0.0, 0.0};
	TemperatureProblem problem = {
		.head = head, .scored = scored, .evidence = evidence, .host = scratch->host,
		.logits = InterestArenaArray(scratch, float, scored->interests)
	};

	if (CountUsers(scored) >= INTEREST_LEAST_CALIBRATION_USERS)
		Minimize(MeasureTemperature, &problem, 1.0, at);
	for (int i = 0; i < 2; i++)
		head->temperature[i] = (float) fmin(fmax(at[i], -INTEREST_MAX_LOG_TEMPERATURE), INTEREST_MAX_LOG_TEMPERATURE);
	InterestArenaReturnTo(scratch, mark);
}

void
InterestNormalizeAll(const InterestHead *head, const InterestKernel *kernel,
					 const InterestPredictions *scored, const double *evidence,
					 const InterestHost *host)
{
	for (int i = 0; i < scored->count; i++)
	{
		if (i % SAMPLES_BETWEEN_CHECKS == 0)
			InterestCheckCancel(host);
		InterestHeadNormalize(head, kernel, evidence[i], (float *) LogitsOf(scored, i));
	}
}

/* --- conformal scores --- */

/* Of what the sample truly has, the largest; 1 for an interest that the model does not have. */
static float
ScoreOf(const InterestPredictions *predictions, int sample)
{
	const float *probability = LogitsOf(predictions, sample);
	float		score = 0.0f;

	if (!predictions->several)
		return predictions->label[sample] < 0 ? 1.0f : 1.0f - probability[predictions->label[sample]];
	for (int j = 0; j < predictions->interests; j++)
		if (predictions->labels[(size_t) sample * predictions->interests + j])
			score = fmaxf(score, 1.0f - probability[j]);
	return score;
}

static int
CompareKeys(const void *context, int a, int b)
{
	const uint64_t *keys = context;

	return (keys[a] > keys[b]) - (keys[a] < keys[b]);
}

void
InterestFitConformal(const InterestPreparedRows *prepared, uint64_t seed,
					 const InterestPredictions *predictions, InterestArena *arena,
					 InterestArena *scratch, InterestConformal *conformal)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int		   *chosen = InterestArenaArray(scratch, int, predictions->count);
	uint64_t   *keys = InterestArenaArray(scratch, uint64_t, predictions->count);
	int		   *order = InterestArenaArray(scratch, int, predictions->count);
	float	   *scores = InterestArenaArray(scratch, float, predictions->count);
	int		   *rows = InterestArenaArray(scratch, int, predictions->count);
	int			users = 0;

	for (int i = 0, next; i < predictions->count; i = next)
	{
		InterestRandom random = InterestRandomKeyed(seed ^ CONFORMAL_SEED, prepared->users[predictions->user[i]].key, 0, 0);

		for (next = i; next < predictions->count && predictions->user[next] == predictions->user[i]; next++)
			;
		chosen[users] = i + (int) InterestRandomBelow(&random, (uint32_t) (next - i));
		keys[users] = InterestRandomNext(&random);
		order[users] = users;
		users++;
	}
	InterestSort(order, users, CompareKeys, keys, scratch);
	for (int u = 0; u < users; u++)
	{
		scores[u] = ScoreOf(predictions, chosen[order[u]]);
		rows[u] = predictions->rows[chosen[order[u]]];
	}
	InterestConformalFit(users, scores, rows, arena, conformal);
	InterestArenaReturnTo(scratch, mark);
}

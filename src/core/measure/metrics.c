/*
 * metrics.c
 *	  How good predictions are: plain C over arrays.
 *
 * Sums are in double and in the order of the samples.
 */
#include "core/measure/tally.h"

#include "core/base/deterministic.h"
#include "core/base/sort.h"

#include <math.h>
#include <string.h>

#define LEAST_PROBABILITY 1e-15

/* From this probability on, one of several interests counts as predicted. */
#define THRESHOLD 0.5f

/* Samples between two looks at whether the host wants to stop. */
#define SAMPLES_BETWEEN_CHECKS 64

static double
WeightOf(const double *weight, int sample)
{
	return weight ? weight[sample] : 1.0;
}

static bool
HasInterest(const InterestPredictions *predictions, int sample, int interest)
{
	if (predictions->several)
		return predictions->labels[(size_t) sample * predictions->interests + interest] != 0;
	return predictions->label[sample] == interest;
}

static const float *
ProbabilitiesOf(const InterestPredictions *predictions, int sample)
{
	return predictions->probability + (size_t) sample * predictions->interests;
}

static double
Divide(double numerator, double denominator)
{
	return denominator > 0.0 ? numerator / denominator : 0.0;
}

static double
MeanOrNaN(double sum, double count)
{
	return count > 0.0 ? sum / count : NAN;
}

static int
MostProbable(const float *probability, int interests)
{
	int			best = 0;

	for (int i = 1; i < interests; i++)
		if (probability[i] > probability[best])
			best = i;
	return best;
}

/* --- the area under the curve --- */

/* Highest score first. */
static int
CompareScores(const void *context, int a, int b)
{
	const double *score = context;

	return (score[a] < score[b]) - (score[a] > score[b]);
}

void
InterestOrderScores(int count, const double *score, int *order, InterestArena *scratch)
{
	for (int i = 0; i < count; i++)
		order[i] = i;
	InterestSort(order, count, CompareScores, score, scratch);
}

double
InterestOrderedAuc(int count, const int *order, const double *score, const uint8_t *positive,
				   const double *weight)
{
	double		positives = 0.0;	/* weight of those with a higher score */
	double		negatives = 0.0;
	double		won = 0.0;		/* weight of pairs in the right order */

	for (int i = 0, next; i < count; i = next)
	{
		double		tied_positives = 0.0;
		double		tied_negatives = 0.0;

		for (next = i; next < count && score[order[next]] == score[order[i]]; next++)
		{
			if (positive[order[next]])
				tied_positives += WeightOf(weight, order[next]);
			else
				tied_negatives += WeightOf(weight, order[next]);
		}
		won += tied_negatives * (positives + tied_positives / 2.0);
		positives += tied_positives;
		negatives += tied_negatives;
	}
	return MeanOrNaN(won, positives * negatives);
}

double
InterestMeasureAuc(int count, const double *score, const uint8_t *positive, const double *weight,
				   InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int		   *order = InterestArenaArray(scratch, int, count);
	double		auc;

	InterestOrderScores(count, score, order, scratch);
	auc = InterestOrderedAuc(count, order, score, positive, weight);
	InterestArenaReturnTo(scratch, mark);
	return auc;
}

void
InterestScoresOf(const InterestPredictions *predictions, int interest, double *score,
				 uint8_t *positive)
{
	for (int i = 0; i < predictions->count; i++)
	{
		score[i] = ProbabilitiesOf(predictions, i)[interest];
		positive[i] = HasInterest(predictions, i, interest);
	}
}

void
InterestMeasureAucs(const InterestPredictions *predictions, InterestArena *scratch,
					InterestMetrics *metrics)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	double	   *score = InterestArenaArray(scratch, double, predictions->count);
	uint8_t    *positive = InterestArenaArray(scratch, uint8_t, predictions->count);
	double		sum = 0.0;

	metrics->auc_interests = 0;
	for (int i = 0; i < predictions->interests; i++)
	{
		InterestMetricsOfOne *of = &metrics->of[i];

		InterestCheckCancel(scratch->host);
		InterestScoresOf(predictions, i, score, positive);
		of->auc = InterestMeasureAuc(predictions->count, score, positive, predictions->weight, scratch);
		if (isnan(of->auc))
			continue;
		sum += of->auc;
		metrics->auc_interests++;
	}
	metrics->auc = MeanOrNaN(sum, metrics->auc_interests);
	InterestArenaReturnTo(scratch, mark);
}

/* --- what each sample says --- */

static bool
IsSubsetRight(const InterestPredictions *predictions, int sample)
{
	const float *probability = ProbabilitiesOf(predictions, sample);

	for (int i = 0; i < predictions->interests; i++)
		if (HasInterest(predictions, sample, i) != (probability[i] >= THRESHOLD))
			return false;
	return true;
}

static double
BrierOf(const InterestPredictions *predictions, int sample)
{
	const float *probability = ProbabilitiesOf(predictions, sample);
	double		sum = 0.0;

	for (int i = 0; i < predictions->interests; i++)
	{
		double		error = probability[i] - (double) HasInterest(predictions, sample, i);

		sum += error * error;
	}
	return predictions->several ? sum / predictions->interests : sum;
}

double
InterestSurprise(double probability, bool is_true)
{
	double		p = is_true ? probability : 1.0 - probability;

	if (p > 1.0 - LEAST_PROBABILITY)
		p = 1.0 - LEAST_PROBABILITY;
	return -InterestLog(p < LEAST_PROBABILITY ? LEAST_PROBABILITY : p);
}

/* NaN of a sample whose interest is not among the predicted. */
static double
LogLossOf(const InterestPredictions *predictions, int sample)
{
	const float *probability = ProbabilitiesOf(predictions, sample);
	double		sum = 0.0;

	if (!predictions->several && predictions->label[sample] < 0)
		return NAN;
	if (!predictions->several)
		return InterestSurprise(probability[predictions->label[sample]], true);
	for (int i = 0; i < predictions->interests; i++)
		sum += InterestSurprise(probability[i], HasInterest(predictions, sample, i));
	return sum / predictions->interests;
}

/* The interests that a sample says and has; returns how many of both. */
static void
ListInterests(InterestTally *tally, int sample)
{
	const InterestPredictions *predictions = tally->predictions;
	const float *probability = ProbabilitiesOf(predictions, sample);
	int			said = tally->said_first[sample];
	int			has = tally->has_first[sample];

	for (int i = 0; predictions->several && i < predictions->interests; i++)
	{
		if (probability[i] >= THRESHOLD)
			tally->said[said++] = i;
		if (HasInterest(predictions, sample, i))
			tally->has[has++] = i;
	}
	if (!predictions->several)
		tally->said[said++] = tally->top[sample];
	if (!predictions->several && predictions->label[sample] >= 0)
		tally->has[has++] = predictions->label[sample];
	tally->said_first[sample + 1] = said;
	tally->has_first[sample + 1] = has;
}

/* How many interests all samples say, and have. */
static void
CountInterests(const InterestPredictions *predictions, size_t *said, size_t *has)
{
	size_t		cells = (size_t) predictions->count * (size_t) predictions->interests;

	*said = *has = (size_t) predictions->count;
	if (!predictions->several)
		return;
	*said = *has = 0;
	for (size_t i = 0; i < cells; i++)
	{
		*said += predictions->probability[i] >= THRESHOLD;
		*has += predictions->labels[i] != 0;
	}
}

void
InterestTallyInit(InterestTally *tally, const InterestPredictions *predictions, InterestArena *arena)
{
	int			count = predictions->count;
	size_t		said;
	size_t		has;

	CountInterests(predictions, &said, &has);
	*tally = (InterestTally) {
		.predictions = predictions,
		.top = InterestArenaArray(arena, int, count), .right = InterestArenaArray(arena, uint8_t, count),
		.subset_right = InterestArenaAllocateZero(arena, (size_t) count),
		.brier = InterestArenaArray(arena, double, count), .log_loss = InterestArenaArray(arena, double, count),
		.said_first = InterestArenaArray(arena, int, count + 1), .said = InterestArenaArray(arena, int, said),
		.has_first = InterestArenaArray(arena, int, count + 1), .has = InterestArenaArray(arena, int, has)
	};
	tally->said_first[0] = tally->has_first[0] = 0;
	for (int i = 0; i < count; i++)
	{
		if (i % SAMPLES_BETWEEN_CHECKS == 0)
			InterestCheckCancel(arena->host);
		tally->top[i] = MostProbable(ProbabilitiesOf(predictions, i), predictions->interests);
		tally->right[i] = HasInterest(predictions, i, tally->top[i]);
		tally->brier[i] = BrierOf(predictions, i);
		tally->log_loss[i] = LogLossOf(predictions, i);
		if (predictions->several)
			tally->subset_right[i] = IsSubsetRight(predictions, i);
		ListInterests(tally, i);
	}
}

/* --- sums --- */

/* Weights of true positives, predictions and positives of one interest. */
typedef struct Confusion
{
	double		both;
	double		predicted;
	double		positive;
} Confusion;

static double
F1Of(const Confusion *confusion)
{
	return Divide(2.0 * confusion->both, confusion->predicted + confusion->positive);
}

/* Both lists are in the order of interests. */
static void
CountSample(const InterestTally *tally, int sample, double weight, Confusion *confusion,
			InterestMetricsOfOne *of)
{
	int			has = tally->has_first[sample];

	for (int i = has; i < tally->has_first[sample + 1]; i++)
	{
		of[tally->has[i]].positives++;
		confusion[tally->has[i]].positive += weight;
	}
	for (int i = tally->said_first[sample]; i < tally->said_first[sample + 1]; i++)
	{
		confusion[tally->said[i]].predicted += weight;
		while (has < tally->has_first[sample + 1] && tally->has[has] < tally->said[i])
			has++;
		if (has < tally->has_first[sample + 1] && tally->has[has] == tally->said[i])
			confusion[tally->said[i]].both += weight;
	}
}

/* Sums over samples, weights times what is measured. */
typedef struct Totals
{
	double		weight;
	double		right;
	double		subset_right;
	double		brier;
	double		log_loss;
	double		log_loss_weight;
	double		bin_right[INTEREST_ECE_BINS];
	double		bin_probability[INTEREST_ECE_BINS];
} Totals;

/* A weight too large for a float makes probabilities that are no numbers: they count as 0 here, and spoil the sums. */
int
InterestReliabilityBin(double probability)
{
	int			bin = probability > 0.0 ? (int) (probability * INTEREST_ECE_BINS) : 0;

	return bin >= INTEREST_ECE_BINS ? INTEREST_ECE_BINS - 1 : bin;
}

static void
AddSample(const InterestTally *tally, int sample, double weight, Totals *totals)
{
	double		probability = InterestTopProbability(tally, sample);
	int			bin = InterestReliabilityBin(probability);

	totals->weight += weight;
	totals->right += tally->right[sample] ? weight : 0.0;
	totals->subset_right += tally->subset_right[sample] ? weight : 0.0;
	totals->bin_right[bin] += tally->right[sample] ? weight : 0.0;
	totals->bin_probability[bin] += weight * probability;
	totals->brier += weight * tally->brier[sample];
	if (isnan(tally->log_loss[sample]))
		return;
	totals->log_loss += weight * tally->log_loss[sample];
	totals->log_loss_weight += weight;
}

static double
EceOf(const Totals *totals)
{
	double		sum = 0.0;

	for (int bin = 0; bin < INTEREST_ECE_BINS; bin++)
		sum += fabs(totals->bin_right[bin] - totals->bin_probability[bin]);
	return MeanOrNaN(sum, totals->weight);
}

/* Precision, recall and F1 of each interest, and their macro and micro means. */
static void
SummarizeConfusion(const Confusion *confusion, int interests, bool several, InterestMetrics *metrics)
{
	Confusion	all = {0.0, 0.0, 0.0};
	double		precision = 0.0;
	double		recall = 0.0;
	double		f1 = 0.0;
	int			present = 0;

	for (int i = 0; i < interests; i++)
	{
		InterestMetricsOfOne *of = &metrics->of[i];

		of->precision = Divide(confusion[i].both, confusion[i].predicted);
		of->recall = Divide(confusion[i].both, confusion[i].positive);
		of->f1 = F1Of(&confusion[i]);
		all.both += confusion[i].both;
		all.predicted += confusion[i].predicted;
		all.positive += confusion[i].positive;
		if (of->positives == 0)
			continue;
		present++;
		precision += of->precision;
		recall += of->recall;
		f1 += of->f1;
	}
	metrics->precision = MeanOrNaN(precision, present);
	metrics->recall = MeanOrNaN(recall, present);
	metrics->f1 = MeanOrNaN(f1, present);
	metrics->micro_f1 = several ? F1Of(&all) : NAN;
}

void
InterestTallySum(const InterestTally *tally, const double *weight, InterestArena *scratch,
				 InterestMetricsOfOne *of, InterestMetrics *metrics)
{
	const InterestPredictions *predictions = tally->predictions;
	int			interests = predictions->interests;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Confusion  *confusion = InterestArenaAllocateZero(scratch, sizeof(Confusion) * (size_t) interests);
	Totals		totals;

	memset(&totals, 0, sizeof(totals));
	memset(of, 0, sizeof(InterestMetricsOfOne) * (size_t) interests);
	metrics->of = of;
	metrics->samples = 0;
	InterestCheckCancel(scratch->host);
	for (int i = 0; i < predictions->count; i++)
	{
		if (WeightOf(weight, i) <= 0.0)
			continue;
		metrics->samples++;
		AddSample(tally, i, WeightOf(weight, i), &totals);
		CountSample(tally, i, WeightOf(weight, i), confusion, of);
	}
	metrics->accuracy = MeanOrNaN(totals.right, totals.weight);
	metrics->subset_accuracy = predictions->several ? MeanOrNaN(totals.subset_right, totals.weight) : NAN;
	metrics->brier = MeanOrNaN(totals.brier, totals.weight);
	metrics->log_loss = MeanOrNaN(totals.log_loss, totals.log_loss_weight);
	metrics->ece = EceOf(&totals);
	SummarizeConfusion(confusion, interests, predictions->several, metrics);
	metrics->auc = NAN;
	metrics->auc_interests = 0;
	for (int i = 0; i < interests; i++)
		of[i].auc = NAN;
	InterestArenaReturnTo(scratch, mark);
}

void
InterestMeasure(const InterestPredictions *predictions, InterestArena *arena,
				InterestMetrics *metrics)
{
	InterestMetricsOfOne *of = InterestArenaArray(arena, InterestMetricsOfOne, predictions->interests);
	InterestArenaMark mark = InterestArenaGetMark(arena);
	InterestTally tally;

	InterestTallyInit(&tally, predictions, arena);
	InterestTallySum(&tally, predictions->weight, arena, of, metrics);
	InterestArenaReturnTo(arena, mark);
}

/*
 * metrics.c
 *	  How good predictions are: plain C over arrays.
 *
 * Sums are in double and in the order of the samples.
 */
#include "core/measure/metrics.h"

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

/* Highest score first. */
static int
CompareScores(const void *context, int a, int b)
{
	const float *score = context;

	return (score[a] < score[b]) - (score[a] > score[b]);
}

double
InterestMeasureAuc(int count, const float *score, const uint8_t *positive, const double *weight,
				   InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int		   *order = InterestArenaArray(scratch, int, count);
	double		positives = 0.0;	/* weight of those with a higher score */
	double		negatives = 0.0;
	double		won = 0.0;		/* weight of pairs in the right order */

	for (int i = 0; i < count; i++)
		order[i] = i;
	InterestSort(order, count, CompareScores, score, scratch);
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
	InterestArenaReturnTo(scratch, mark);
	return MeanOrNaN(won, positives * negatives);
}

static double
AucOf(const InterestPredictions *predictions, int interest, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	float	   *score = InterestArenaArray(scratch, float, predictions->count);
	uint8_t    *positive = InterestArenaArray(scratch, uint8_t, predictions->count);
	double		auc;

	for (int i = 0; i < predictions->count; i++)
	{
		score[i] = ProbabilitiesOf(predictions, i)[interest];
		positive[i] = HasInterest(predictions, i, interest);
	}
	auc = InterestMeasureAuc(predictions->count, score, positive, predictions->weight, scratch);
	InterestArenaReturnTo(scratch, mark);
	return auc;
}

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

static void
CountSample(const InterestPredictions *predictions, int sample, int top,
			Confusion *confusion, InterestMetricsOfOne *of)
{
	const float *probability = ProbabilitiesOf(predictions, sample);
	double		weight = WeightOf(predictions->weight, sample);

	for (int i = 0; i < predictions->interests; i++)
	{
		bool		has = HasInterest(predictions, sample, i);
		bool		says = predictions->several ? probability[i] >= THRESHOLD : i == top;

		of[i].positives += has;
		confusion[i].positive += has ? weight : 0.0;
		confusion[i].predicted += says ? weight : 0.0;
		confusion[i].both += has && says ? weight : 0.0;
	}
}

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

/* -log of the probability that was given to what is true */
static double
Surprise(double probability, bool is_true)
{
	double		p = is_true ? probability : 1.0 - probability;

	if (p > 1.0 - LEAST_PROBABILITY)
		p = 1.0 - LEAST_PROBABILITY;
	return -InterestLog(p < LEAST_PROBABILITY ? LEAST_PROBABILITY : p);
}

/* Of a sample whose interests are among the predicted. */
static double
LogLossOf(const InterestPredictions *predictions, int sample)
{
	const float *probability = ProbabilitiesOf(predictions, sample);
	double		sum = 0.0;

	if (!predictions->several)
		return Surprise(probability[predictions->label[sample]], true);
	for (int i = 0; i < predictions->interests; i++)
		sum += Surprise(probability[i], HasInterest(predictions, sample, i));
	return sum / predictions->interests;
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
	double		bin_weight[INTEREST_ECE_BINS];
	double		bin_right[INTEREST_ECE_BINS];
	double		bin_probability[INTEREST_ECE_BINS];
} Totals;

static void
AddSample(const InterestPredictions *predictions, int sample, int top, Totals *totals)
{
	double		weight = WeightOf(predictions->weight, sample);
	double		probability = ProbabilitiesOf(predictions, sample)[top];
	bool		right = HasInterest(predictions, sample, top);
	int			bin = (int) (probability * INTEREST_ECE_BINS);

	if (bin >= INTEREST_ECE_BINS)
		bin = INTEREST_ECE_BINS - 1;
	totals->weight += weight;
	totals->right += right ? weight : 0.0;
	totals->bin_weight[bin] += weight;
	totals->bin_right[bin] += right ? weight : 0.0;
	totals->bin_probability[bin] += weight * probability;
	totals->brier += weight * BrierOf(predictions, sample);
	if (predictions->several)
		totals->subset_right += IsSubsetRight(predictions, sample) ? weight : 0.0;
	if (predictions->several || predictions->label[sample] >= 0)
	{
		totals->log_loss += weight * LogLossOf(predictions, sample);
		totals->log_loss_weight += weight;
	}
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
InterestMeasure(const InterestPredictions *predictions, InterestArena *arena,
				InterestMetrics *metrics)
{
	size_t		interests = (size_t) predictions->interests;
	InterestArenaMark mark;
	Confusion  *confusion;
	Totals		totals;

	metrics->of = InterestArenaAllocateZero(arena, sizeof(InterestMetricsOfOne) * interests);
	mark = InterestArenaGetMark(arena);
	confusion = InterestArenaAllocateZero(arena, sizeof(Confusion) * interests);
	memset(&totals, 0, sizeof(totals));
	for (int i = 0; i < predictions->count; i++)
	{
		int			top = MostProbable(ProbabilitiesOf(predictions, i), predictions->interests);

		if (i % SAMPLES_BETWEEN_CHECKS == 0)
			InterestCheckCancel(arena->host);
		AddSample(predictions, i, top, &totals);
		CountSample(predictions, i, top, confusion, metrics->of);
	}
	metrics->samples = predictions->count;
	metrics->accuracy = MeanOrNaN(totals.right, totals.weight);
	metrics->subset_accuracy = predictions->several ? MeanOrNaN(totals.subset_right, totals.weight) : NAN;
	metrics->brier = MeanOrNaN(totals.brier, totals.weight);
	metrics->log_loss = MeanOrNaN(totals.log_loss, totals.log_loss_weight);
	metrics->ece = EceOf(&totals);
	SummarizeConfusion(confusion, predictions->interests, predictions->several, metrics);
	metrics->auc = NAN;
	metrics->auc_interests = 0;
	for (int i = 0; i < predictions->interests; i++)
		metrics->of[i].auc = NAN;
	InterestArenaReturnTo(arena, mark);
}

void
InterestMeasureAucs(const InterestPredictions *predictions, int64_t least_positives,
					InterestArena *scratch, InterestMetrics *metrics)
{
	double		sum = 0.0;

	metrics->auc_interests = 0;
	for (int i = 0; i < predictions->interests; i++)
	{
		InterestMetricsOfOne *of = &metrics->of[i];

		InterestCheckCancel(scratch->host);
		of->auc = AucOf(predictions, i, scratch);
		if (isnan(of->auc) || of->positives < least_positives)
			continue;
		sum += of->auc;
		metrics->auc_interests++;
	}
	metrics->auc = MeanOrNaN(sum, metrics->auc_interests);
}

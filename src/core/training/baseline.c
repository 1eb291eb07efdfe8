/*
 * baseline.c
 *	  What a model is compared with: predictions that need no training but
 *	  counting.
 */
#include "core/training/baseline.h"

#include <math.h>
#include <string.h>

/* Samples of every answer that are believed beforehand. */
#define RATE_PRIOR 0.5

#define BATCH_SAMPLES 1024
#define BATCH_ROWS 4096

/* The batches of the training users' samples, one after another; false at the end. */
static bool
NextTrainingBatch(InterestPlan *plan, InterestArena *scratch, InterestBatch *batch)
{
	InterestCheckCancel(scratch->host);
	return InterestNextBatch(plan, BATCH_SAMPLES, BATCH_ROWS, scratch, batch);
}

/*
 * Adds a reading's weight to the rates of its interests; whether it counts.  One of
 * an interest that the model does not have takes no part, so that shares add up to 1.
 */
static bool
CountTargets(const InterestSampler *sampler, const InterestBatch *batch, int read, double *rates)
{
	bool		known = sampler->several;

	for (int t = batch->targets.first[read]; t < batch->targets.first[read + 1]; t++)
		if (batch->targets.interests[t] >= 0)
		{
			rates[batch->targets.interests[t]] += batch->reads[read].weight;
			known = true;
		}
	return known;
}

void
InterestTargetRates(const InterestSampler *sampler, int interests, InterestArena *scratch,
					double *rates)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestPlan plan;
	InterestBatch batch;
	double		total = RATE_PRIOR * (sampler->several ? 2 : interests);

	for (int i = 0; i < interests; i++)
		rates[i] = RATE_PRIOR;
	InterestPlanEvaluation(sampler, INTEREST_SPLIT_TRAINING, scratch, &plan);
	while (NextTrainingBatch(&plan, scratch, &batch))
		for (int r = 0; r < batch.read_count; r++)
			if (CountTargets(sampler, &batch, r, rates))
				total += batch.reads[r].weight;
	for (int i = 0; i < interests; i++)
		rates[i] /= total;
	InterestArenaReturnTo(scratch, mark);
}

void
InterestMajorityPredict(void *context, const InterestBatch *batch, float *probability)
{
	const InterestBaseline *baseline = context;

	for (int r = 0; r < batch->read_count; r++)
		for (int i = 0; i < baseline->interests; i++)
			probability[(size_t) r * baseline->interests + i] = (float) baseline->rates[i];
}

/* Adds a row's interests to counts; whether it counts as a labelled row. */
static bool
CountRow(const InterestBaseline *baseline, int row, int *counts)
{
	const InterestPreparedRows *prepared = baseline->sampler->prepared;
	const int  *labels = prepared->labels + prepared->label_first[row];
	int			count = prepared->label_first[row + 1] - prepared->label_first[row];

	if (!baseline->sampler->several)
	{
		/* One of an interest that the model does not have takes no part, so that shares add up to 1. */
		if (count == 0 || labels[0] < 0)
			return false;
		counts[labels[0]]++;
		return true;
	}
	for (int l = 0; l < count; l++)
		if (labels[l] >= 0)
			counts[labels[l]]++;
	return count > 0;
}

static void
PredictHistory(const InterestBaseline *baseline, const InterestBatch *batch,
			   const InterestHistory *history, int *counts, float *probability)
{
	int			seen = 0;
	int			labelled = 0;

	memset(counts, 0, sizeof(int) * (size_t) baseline->interests);
	for (int r = history->first_read; r < history->first_read + history->read_count; r++)
	{
		for (; seen < batch->reads[r].rows; seen++)
			labelled += CountRow(baseline, batch->rows[history->first_row + seen], counts);
		for (int i = 0; i < baseline->interests; i++)
			probability[(size_t) r * baseline->interests + i] = (float)
				((counts[i] + INTEREST_HISTORY_PRIOR * baseline->rates[i]) / (labelled + INTEREST_HISTORY_PRIOR));
	}
}

void
InterestHistoryPredict(void *context, const InterestBatch *batch, float *probability)
{
	const InterestBaseline *baseline = context;
	InterestArenaMark mark = InterestArenaGetMark(baseline->scratch);
	int		   *counts = InterestArenaArray(baseline->scratch, int, baseline->interests);

	for (int h = 0; h < batch->history_count; h++)
		PredictHistory(baseline, batch, &batch->histories[h], counts, probability);
	InterestArenaReturnTo(baseline->scratch, mark);
}

/* mean (width) of the sentences of a history, scaled to norm 1; 0 where there is none. */
static void
MeanSentence(const InterestBaseline *baseline, const InterestBatch *batch,
			 const InterestHistory *history, double *mean)
{
	double		squares = 0.0;

	memset(mean, 0, sizeof(double) * (size_t) baseline->width);
	for (int i = 0; i < history->row_count; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(baseline->scratch);
		const float *sentence = InterestReadSentence(baseline->sampler->prepared,
													 batch->rows[history->first_row + i], baseline->scratch);

		for (int k = 0; sentence && k < baseline->width; k++)
			mean[k] += sentence[k];
		InterestArenaReturnTo(baseline->scratch, mark);
	}
	for (int k = 0; k < baseline->width; k++)
		squares += mean[k] * mean[k];
	for (int k = 0; squares > 0.0 && k < baseline->width; k++)
		mean[k] /= sqrt(squares);
}

static void
NormalizeCentroids(InterestBaseline *baseline)
{
	for (int i = 0; i < baseline->interests; i++)
	{
		double	   *centroid = baseline->centroids + (size_t) i * baseline->width;
		double		squares = 0.0;

		for (int k = 0; k < baseline->width; k++)
			squares += centroid[k] * centroid[k];
		for (int k = 0; squares > 0.0 && k < baseline->width; k++)
			centroid[k] /= sqrt(squares);
	}
}

/* Adds a user's mean to the centroids of a reading's interests that the model has. */
static void
AddToCentroids(InterestBaseline *baseline, const InterestBatch *batch, int read, const double *mean)
{
	for (int t = batch->targets.first[read]; t < batch->targets.first[read + 1]; t++)
	{
		int			interest = batch->targets.interests[t];

		for (int k = 0; interest >= 0 && k < baseline->width; k++)
			baseline->centroids[(size_t) interest * baseline->width + k] += mean[k];
	}
}

/* An interest's centroid is the mean of its training users' means. */
static void
FindCentroids(InterestBaseline *baseline, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	double	   *mean = InterestArenaArray(scratch, double, baseline->width);
	InterestPlan plan;
	InterestBatch batch;

	InterestPlanEvaluation(baseline->sampler, INTEREST_SPLIT_TRAINING, scratch, &plan);
	while (NextTrainingBatch(&plan, scratch, &batch))
		for (int h = 0; h < batch.history_count; h++)
		{
			MeanSentence(baseline, &batch, &batch.histories[h], mean);
			AddToCentroids(baseline, &batch, batch.histories[h].first_read, mean);
		}
	NormalizeCentroids(baseline);
	InterestArenaReturnTo(scratch, mark);
}

void
InterestBaselineInit(InterestBaseline *baseline, const InterestSampler *sampler, int interests,
					 int width, InterestArena *arena, InterestArena *scratch)
{
	*baseline = (InterestBaseline) {
		.sampler = sampler, .interests = interests, .width = width, .scratch = scratch
	};
	baseline->rates = InterestArenaArray(arena, double, interests);
	InterestTargetRates(sampler, interests, scratch, baseline->rates);
	if (width == 0)
		return;
	baseline->centroids = InterestArenaAllocateZero(arena, sizeof(double) * (size_t) interests * (size_t) width);
	FindCentroids(baseline, scratch);
}

void
InterestCentroidPredict(void *context, const InterestBatch *batch, float *cosine)
{
	const InterestBaseline *baseline = context;
	InterestArenaMark mark = InterestArenaGetMark(baseline->scratch);
	double	   *mean = InterestArenaArray(baseline->scratch, double, baseline->width);

	for (int h = 0; h < batch->history_count; h++)
	{
		MeanSentence(baseline, batch, &batch->histories[h], mean);
		for (int i = 0; i < baseline->interests; i++)
		{
			const double *centroid = baseline->centroids + (size_t) i * baseline->width;
			double		sum = 0.0;

			for (int k = 0; k < baseline->width; k++)
				sum += centroid[k] * mean[k];
			cosine[(size_t) batch->histories[h].first_read * baseline->interests + i] = (float) sum;
		}
	}
	InterestArenaReturnTo(baseline->scratch, mark);
}

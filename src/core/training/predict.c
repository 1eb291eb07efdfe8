/*
 * predict.c
 *	  What a model, or a baseline, says to every sample of a plan.
 */
#include "core/training/predict.h"

#include <string.h>

/* A batch of predictions has so many samples or rows, or a little more. */
#define BATCH_SAMPLES 1024
#define BATCH_ROWS 4096

/* Most probabilities at once: 2 GB. */
#define MAX_PROBABILITIES (INT64_C(1) << 29)

void
InterestTellProgress(const InterestProgress *progress, int64_t done, int64_t total)
{
	const InterestTrainingObserver *observer = progress->observer;

	if (observer && observer->progress)
		observer->progress(observer->context, progress->phase, progress->epoch, done, total);
}

void
InterestPassPredict(void *context, const InterestBatch *batch, float *probability)
{
	InterestPass *pass = context;
	const InterestHead *head = &pass->model->head;
	InterestArenaMark mark = InterestArenaGetMark(pass->arithmetic.scratch);
	InterestPassTape tape;
	size_t		interests = (size_t) head->linear.outputs;

	InterestPassForward(pass, batch, NULL, false, &tape);
	for (int r = 0; r < batch->read_count; r++)
	{
		float	   *line = probability + interests * (size_t) r;

		InterestCheckCancel(pass->arithmetic.scratch->host);
		for (size_t i = 0; i < interests; i++)
			line[i] = tape.logits[interests * (size_t) r + i];
		InterestHeadNormalize(head, pass->arithmetic.kernel, tape.evidence[r], line);
	}
	InterestArenaReturnTo(pass->arithmetic.scratch, mark);
}

void
InterestPassScore(void *context, const InterestBatch *batch, float *logits)
{
	InterestScorer *scorer = context;
	InterestPass *pass = scorer->pass;
	InterestArenaMark mark = InterestArenaGetMark(pass->arithmetic.scratch);
	InterestPassTape tape;
	size_t		reads = (size_t) batch->read_count;

	InterestPassForward(pass, batch, NULL, false, &tape);
	memcpy(logits, tape.logits, sizeof(float) * reads * (size_t) pass->model->interests.count);
	memcpy(scorer->evidence + scorer->count, tape.evidence, sizeof(double) * reads);
	scorer->count += batch->read_count;
	InterestArenaReturnTo(pass->arithmetic.scratch, mark);
}

/* Room for all samples of a plan. */
static void
MakeRoom(const InterestPlan *plan, int interests, InterestArena *arena,
		 InterestPredictions *predictions)
{
	size_t		samples = (size_t) plan->sample_count;
	size_t		room = samples * (size_t) interests;

	*predictions = (InterestPredictions) {
		.interests = interests, .several = plan->sampler->several,
		.probability = InterestArenaArray(arena, float, room),
		.weight = InterestArenaArray(arena, double, samples),
		.user = InterestArenaArray(arena, int, samples),
		.rows = InterestArenaArray(arena, int, samples)
	};
	if (predictions->several)
		predictions->labels = InterestArenaAllocateZero(arena, room);
	else
		predictions->label = InterestArenaArray(arena, int, samples);
}

/* Whose samples a history's are, and how many positive rows each sees. */
static void
CopyHistory(const InterestPreparedRows *prepared, const InterestBatch *batch,
			const InterestHistory *history, InterestPredictions *predictions)
{
	int			seen = 0;
	int			positive = 0;

	for (int r = history->first_read; r < history->first_read + history->read_count; r++)
	{
		for (; seen < batch->reads[r].rows; seen++)
			positive += !InterestRowIsNegative(prepared, batch->rows[history->first_row + seen]);
		((int *) predictions->user)[predictions->count + r] = batch->reads[r].user;
		((int *) predictions->rows)[predictions->count + r] = positive;
	}
}

/* Interests that the model does not have are below 0. */
static void
CopyTargets(const InterestBatch *batch, InterestPredictions *predictions)
{
	const InterestTargets *targets = &batch->targets;
	double	   *weight = (double *) predictions->weight + predictions->count;

	for (int r = 0; r < batch->read_count; r++)
	{
		int			sample = predictions->count + r;

		weight[r] = batch->reads[r].weight;
		if (!predictions->several)
		{
			int			interest = targets->interests[targets->first[r]];

			((int *) predictions->label)[sample] = interest < 0 ? -1 : interest;
			continue;
		}
		for (int t = targets->first[r]; t < targets->first[r + 1]; t++)
			if (targets->interests[t] >= 0)
				((uint8_t *) predictions->labels)[(size_t) sample * predictions->interests +
												  targets->interests[t]] = 1;
	}
}

bool
InterestPredictPlan(InterestPlan *plan, int interests, InterestPredictFunction predict,
					void *context, const InterestProgress *progress,
					InterestArena *arena, InterestArena *scratch,
					InterestPredictions *predictions, InterestStatus *status)
{
	InterestArenaMark mark;
	InterestBatch batch;

	if (plan->sample_count > MAX_PROBABILITIES / interests)
	{
		InterestFail(status, INTEREST_LIMIT_EXCEEDED, "%lld samples of %d interests are too many to measure",
					 (long long) plan->sample_count, interests);
		return InterestHint(status, "Measure on fewer users, for example by a view of some of them.");
	}
	MakeRoom(plan, interests, arena, predictions);
	mark = InterestArenaGetMark(scratch);
	while (InterestNextBatch(plan, BATCH_SAMPLES, BATCH_ROWS, scratch, &batch))
	{
		InterestCheckCancel(scratch->host);
		predict(context, &batch,
				(float *) predictions->probability + (size_t) predictions->count * interests);
		CopyTargets(&batch, predictions);
		for (int h = 0; h < batch.history_count; h++)
			CopyHistory(plan->sampler->prepared, &batch, &batch.histories[h], predictions);
		predictions->count += batch.read_count;
		InterestArenaReturnTo(scratch, mark);
		InterestTellProgress(progress, plan->samples_done, plan->sample_count);
	}
	return true;
}

/*
 * evaluate.c
 *	  How good a model is beside the baselines.
 */
#include "core/training/baseline.h"

#include <math.h>
#include <stdint.h>

#define WORK_BLOCK ((size_t) 1 << 20)

/* Figures of a system beside those of single interests, and of one interest. */
#define SYSTEM_FIGURES 12
#define INTEREST_FIGURES 5

/* Figures that count what was measured. */
#define COUNT_FIGURES 5

const char *
InterestSystemName(InterestSystem system)
{
	static const char *const names[] = {"model", "majority", "history", "centroid"};

	return names[system];
}

typedef struct Evaluator
{
	const InterestModel *model;
	const InterestTrainingObserver *observer;
	InterestArena work;
	InterestArena scratch;
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestSplit split;
	InterestPass pass;
	InterestBaseline baseline;
	InterestEvaluation *evaluation;
} Evaluator;

static void
AddFigure(InterestEvaluation *evaluation, InterestSystem system, const char *metric, int interest,
		  double value)
{
	evaluation->figures[evaluation->figure_count++] = (InterestFigure) {system, metric, interest, value};
}

static void
AddCounts(Evaluator *evaluator)
{
	InterestEvaluation *evaluation = evaluator->evaluation;
	const InterestTrainingCounts *counts = &evaluation->counts;

	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "samples", -1, evaluation->samples);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "users", -1, evaluation->users);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "rows", -1, counts->rows);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "rows_without_time", -1, counts->rows_without_time);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "rows_without_content", -1, counts->rows_without_content);
}

static void
AddThresholdFigures(InterestEvaluation *evaluation, InterestSystem system,
					const InterestMetrics *metrics, bool several)
{
	AddFigure(evaluation, system, "macro_precision", -1, metrics->precision);
	AddFigure(evaluation, system, "macro_recall", -1, metrics->recall);
	AddFigure(evaluation, system, "macro_f1", -1, metrics->f1);
	if (!several)
		return;
	AddFigure(evaluation, system, "micro_f1", -1, metrics->micro_f1);
	AddFigure(evaluation, system, "subset_accuracy", -1, metrics->subset_accuracy);
}

static void
AddProbabilityFigures(InterestEvaluation *evaluation, InterestSystem system,
					  const InterestMetrics *metrics)
{
	AddFigure(evaluation, system, "log_loss", -1, metrics->log_loss);
	AddFigure(evaluation, system, "brier", -1, metrics->brier);
	AddFigure(evaluation, system, "ece", -1, metrics->ece);
}

static void
AddInterestFigures(InterestEvaluation *evaluation, InterestSystem system,
				   const InterestMetrics *metrics, int interests)
{
	for (int i = 0; i < interests; i++)
	{
		const InterestMetricsOfOne *of = &metrics->of[i];

		AddFigure(evaluation, system, "positives", i, (double) of->positives);
		AddFigure(evaluation, system, "precision", i, of->precision);
		AddFigure(evaluation, system, "recall", i, of->recall);
		AddFigure(evaluation, system, "f1", i, of->f1);
		AddFigure(evaluation, system, "auc", i, of->auc);
	}
}

/* The AUC where every sample counts alike, however many its user has. */
static double
PooledAuc(const InterestPredictions *predictions, const InterestMetrics *metrics,
		  InterestArena *scratch)
{
	InterestPredictions pooled = *predictions;
	InterestMetrics all = *metrics;

	pooled.weight = NULL;
	all.of = InterestArenaArray(scratch, InterestMetricsOfOne, predictions->interests);
	for (int i = 0; i < predictions->interests; i++)
		all.of[i] = metrics->of[i];
	InterestMeasureAucs(&pooled, INTEREST_LEAST_AUC_POSITIVES, scratch, &all);
	return all.auc;
}

static bool
EvaluateSystem(Evaluator *evaluator, InterestSystem system, InterestPredictFunction predict,
			   void *context, InterestStatus *status)
{
	InterestProgress progress = {evaluator->observer, INTEREST_PHASE_EVALUATE, 0};
	InterestEvaluation *evaluation = evaluator->evaluation;
	int			interests = evaluator->model->interests.count;
	bool		several = evaluator->sampler.several;
	InterestArena arena;
	InterestPlan plan;
	InterestPredictions predictions;
	InterestMetrics metrics;

	InterestArenaInit(&arena, evaluator->work.host, WORK_BLOCK);
	InterestPlanEvaluation(&evaluator->sampler, evaluator->split, &arena, &plan);
	if (!InterestPredictPlan(&plan, interests, predict, context, &progress, &arena,
							 &evaluator->scratch, &predictions, status))
	{
		InterestArenaFree(&arena);
		return false;
	}
	InterestMeasure(&predictions, &arena, &metrics);
	InterestMeasureAucs(&predictions, INTEREST_LEAST_AUC_POSITIVES, &arena, &metrics);
	AddFigure(evaluation, system, "accuracy", -1, metrics.accuracy);
	if (system != INTEREST_SYSTEM_CENTROID || !several)
		AddThresholdFigures(evaluation, system, &metrics, several);
	AddFigure(evaluation, system, "auc", -1, metrics.auc);
	AddFigure(evaluation, system, "auc_interests", -1, metrics.auc_interests);
	if (evaluator->sampler.task == INTEREST_TASK_NEXT)
		AddFigure(evaluation, system, "pooled_auc", -1, PooledAuc(&predictions, &metrics, &arena));
	if (system != INTEREST_SYSTEM_CENTROID)
		AddProbabilityFigures(evaluation, system, &metrics);
	if (system == INTEREST_SYSTEM_MODEL)
		AddInterestFigures(evaluation, system, &metrics, interests);
	InterestArenaFree(&arena);
	return true;
}

/* Samples and users of the split; false where there is nothing to measure. */
static bool
CountSamples(Evaluator *evaluator, InterestStatus *status)
{
	static const char *const split_names[] = {"training", "validation", "validation", "test"};
	InterestEvaluation *evaluation = evaluator->evaluation;
	InterestPlan plan;

	InterestPlanEvaluation(&evaluator->sampler, evaluator->split, &evaluator->scratch, &plan);
	evaluation->counts = evaluator->prepared.counts;
	evaluation->samples = (int) plan.sample_count;
	evaluation->users = plan.entry_count;
	InterestArenaFree(&evaluator->scratch);
	if (plan.entry_count > 0)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "no %s user has a sample to measure", split_names[evaluator->split]);
	InterestDetail(status, "The rows used are of %d users: %d train, %d validate, %d test.",
				   evaluation->counts.users, evaluation->counts.training_users,
				   evaluation->counts.validation_users, evaluation->counts.test_users);
	return InterestHint(status, "Evaluate on a source with more users, or with more labelled rows.");
}

static bool
EvaluateSystems(Evaluator *evaluator, InterestArena *arena, InterestStatus *status)
{
	const InterestModel *model = evaluator->model;
	InterestEvaluation *evaluation = evaluator->evaluation;
	bool		next = model->task == INTEREST_TASK_NEXT;
	int			width = next ? 0 : model->network.features.sentence_width;

	InterestBaselineInit(&evaluator->baseline, &evaluator->sampler, model->interests.count, width,
						 &evaluator->work, &evaluator->scratch);
	evaluation->figure_count = 0;
	evaluation->figures = InterestArenaArray(arena, InterestFigure, COUNT_FIGURES + 3 * SYSTEM_FIGURES +
											 INTEREST_FIGURES * (size_t) model->interests.count);
	AddCounts(evaluator);
	return EvaluateSystem(evaluator, INTEREST_SYSTEM_MODEL, InterestPassPredict, &evaluator->pass, status) &&
		EvaluateSystem(evaluator, INTEREST_SYSTEM_MAJORITY, InterestMajorityPredict, &evaluator->baseline, status) &&
		(!next || EvaluateSystem(evaluator, INTEREST_SYSTEM_HISTORY, InterestHistoryPredict,
								 &evaluator->baseline, status)) &&
		(width == 0 || EvaluateSystem(evaluator, INTEREST_SYSTEM_CENTROID, InterestCentroidPredict,
									  &evaluator->baseline, status));
}

bool
InterestEvaluate(const InterestTrainingSet *set, const InterestModel *model, uint64_t seed,
				 InterestSplit split, const InterestKernel *kernel, InterestSgemmFunction sgemm,
				 const InterestTrainingObserver *observer, InterestArena *arena,
				 InterestEvaluation *evaluation, InterestStatus *status)
{
	Evaluator	evaluator = {
		.model = model, .observer = observer, .split = split, .evaluation = evaluation
	};
	InterestPreparedRows *prepared = &evaluator.prepared;
	bool		several = !InterestHeadIsOfOne(model->head.kind);
	bool		done;

	InterestArenaInit(&evaluator.work, arena->host, WORK_BLOCK);
	InterestArenaInit(&evaluator.scratch, arena->host, WORK_BLOCK);
	InterestSortRows(set, seed, &evaluator.work, prepared);
	done = InterestMakeInputs(prepared, &model->network.features, model->shape.half_life,
							  &evaluator.work, observer, status);
	if (done)
	{
		InterestFindLabels(prepared, &model->interests, &evaluator.work);
		InterestSamplerInit(prepared, model->task, several, &evaluator.work, &evaluator.sampler);
		InterestPassInit(&evaluator.pass, prepared, model, kernel, sgemm, &evaluator.work,
						 &evaluator.scratch);
		done = CountSamples(&evaluator, status) && EvaluateSystems(&evaluator, arena, status);
	}
	InterestArenaFree(&evaluator.scratch);
	InterestArenaFree(&evaluator.work);
	return done;
}

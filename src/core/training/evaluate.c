/*
 * evaluate.c
 *	  How good a model is beside the baselines.
 */
#include "core/training/baseline.h"
#include "core/training/items.h"

#include <math.h>
#include <stdint.h>

#define WORK_BLOCK ((size_t) 1 << 20)

/* Figures of a system beside those of single interests, and of one interest. */
#define SYSTEM_FIGURES 12
#define INTEREST_FIGURES 5

/* Figures of the model by activity, the last bin being everybody. */
#define ACTIVITY_FIGURES 5

/* Figures of ranked items. */
#define RANKING_FIGURES 2

/* Figures that count what was measured. */
#define COUNT_FIGURES 5

const char *
InterestSystemName(InterestSystem system)
{
	static const char *const names[] = {"model", "majority", "history", "centroid", "popularity"};

	return names[system];
}

typedef struct Evaluator
{
	const InterestModel *model;
	const InterestTrainingObserver *observer;
	uint64_t	seed;
	InterestArena work;
	InterestArena scratch;
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestSplit split;
	InterestPass pass;
	InterestItems items;		/* next_item */
	InterestBaseline baseline;
	InterestEvaluation *evaluation;
} Evaluator;

static void
AddFigure(InterestEvaluation *evaluation, InterestSystem system, const char *metric, int interest,
		  double value, double error)
{
	evaluation->figures[evaluation->figure_count++] = (InterestFigure) {system, metric, interest, value, error};
}

static void
AddCounts(Evaluator *evaluator)
{
	InterestEvaluation *evaluation = evaluator->evaluation;
	const InterestTrainingCounts *counts = &evaluation->counts;

	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "samples", -1, evaluation->samples, NAN);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "users", -1, evaluation->users, NAN);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "rows", -1, counts->rows, NAN);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "rows_without_time", -1, counts->rows_without_time, NAN);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "rows_without_content", -1, counts->rows_without_content, NAN);
}

static void
AddThresholdFigures(InterestEvaluation *evaluation, InterestSystem system,
					const InterestMetrics *metrics, const InterestMetrics *errors, bool several)
{
	AddFigure(evaluation, system, "macro_precision", -1, metrics->precision, errors->precision);
	AddFigure(evaluation, system, "macro_recall", -1, metrics->recall, errors->recall);
	AddFigure(evaluation, system, "macro_f1", -1, metrics->f1, errors->f1);
	if (!several)
		return;
	AddFigure(evaluation, system, "micro_f1", -1, metrics->micro_f1, errors->micro_f1);
	AddFigure(evaluation, system, "subset_accuracy", -1, metrics->subset_accuracy, errors->subset_accuracy);
}

static void
AddProbabilityFigures(InterestEvaluation *evaluation, InterestSystem system,
					  const InterestMetrics *metrics, const InterestMetrics *errors)
{
	AddFigure(evaluation, system, "log_loss", -1, metrics->log_loss, errors->log_loss);
	AddFigure(evaluation, system, "brier", -1, metrics->brier, errors->brier);
	AddFigure(evaluation, system, "ece", -1, metrics->ece, errors->ece);
}

static void
AddInterestFigures(InterestEvaluation *evaluation, InterestSystem system,
				   const InterestMetrics *metrics, const InterestMetrics *errors, int interests)
{
	for (int i = 0; i < interests; i++)
	{
		const InterestMetricsOfOne *of = &metrics->of[i];
		const InterestMetricsOfOne *error = &errors->of[i];

		AddFigure(evaluation, system, "positives", i, (double) of->positives, NAN);
		AddFigure(evaluation, system, "precision", i, of->precision, error->precision);
		AddFigure(evaluation, system, "recall", i, of->recall, error->recall);
		AddFigure(evaluation, system, "f1", i, of->f1, error->f1);
		AddFigure(evaluation, system, "auc", i, of->auc, error->auc);
	}
}

#define FIGURES_BY_ROWS(rows) \
	{"samples_rows_" rows, "accuracy_rows_" rows, "log_loss_rows_" rows, "ece_rows_" rows, "chance_ece_rows_" rows}

/* How the model does for users of like activity. */
static void
AddActivityFigures(InterestEvaluation *evaluation, const InterestPredictions *predictions,
				   uint64_t seed, InterestArena *scratch)
{
	static const char *const names[INTEREST_ACTIVITY_BINS + 1][ACTIVITY_FIGURES] = {
		FIGURES_BY_ROWS("1"), FIGURES_BY_ROWS("2"), FIGURES_BY_ROWS("3_5"), FIGURES_BY_ROWS("6_10"),
		FIGURES_BY_ROWS("more"), {NULL, NULL, NULL, NULL, "chance_ece"}
	};
	InterestActivity activity[INTEREST_ACTIVITY_BINS + 1];

	InterestMeasureActivity(predictions, seed, scratch, activity);
	for (int bin = 0; bin <= INTEREST_ACTIVITY_BINS; bin++)
	{
		const double values[ACTIVITY_FIGURES] = {
			activity[bin].samples, activity[bin].accuracy, activity[bin].log_loss, activity[bin].ece,
			activity[bin].chance_ece
		};

		for (int f = 0; f < ACTIVITY_FIGURES; f++)
			if (names[bin][f])
				AddFigure(evaluation, INTEREST_SYSTEM_MODEL, names[bin][f], -1, values[f], NAN);
	}
}

/* The AUC where every sample counts alike, however many its user has. */
static double
PooledAuc(const InterestPredictions *predictions, InterestArena *scratch)
{
	InterestPredictions pooled = *predictions;
	InterestMetrics all;

	pooled.weight = NULL;
	all.of = InterestArenaArray(scratch, InterestMetricsOfOne, predictions->interests);
	InterestMeasureAucs(&pooled, scratch, &all);
	return all.auc;
}

static void
AddFigures(Evaluator *evaluator, InterestSystem system, const InterestPredictions *predictions,
		   InterestArena *arena)
{
	InterestEvaluation *evaluation = evaluator->evaluation;
	bool		has_probabilities = system != INTEREST_SYSTEM_CENTROID;
	InterestMetrics metrics;
	InterestMetrics errors;

	InterestMeasure(predictions, arena, &metrics);
	InterestMeasureAucs(predictions, arena, &metrics);
	InterestMeasureErrors(predictions, evaluator->seed, arena, &errors);
	AddFigure(evaluation, system, "accuracy", -1, metrics.accuracy, errors.accuracy);
	if (has_probabilities || !predictions->several)
		AddThresholdFigures(evaluation, system, &metrics, &errors, predictions->several);
	AddFigure(evaluation, system, "auc", -1, metrics.auc, errors.auc);
	AddFigure(evaluation, system, "auc_interests", -1, metrics.auc_interests, NAN);
	if (evaluator->sampler.task == INTEREST_TASK_NEXT)
		AddFigure(evaluation, system, "pooled_auc", -1, PooledAuc(predictions, arena), NAN);
	if (has_probabilities)
		AddProbabilityFigures(evaluation, system, &metrics, &errors);
	if (system != INTEREST_SYSTEM_MODEL)
		return;
	AddActivityFigures(evaluation, predictions, evaluator->seed, arena);
	AddInterestFigures(evaluation, system, &metrics, &errors, predictions->interests);
}

static bool
PredictSystem(Evaluator *evaluator, InterestPredictFunction predict, void *context,
			  InterestArena *arena, InterestPredictions *predictions, InterestStatus *status)
{
	InterestProgress progress = {evaluator->observer, INTEREST_PHASE_EVALUATE, 0};
	InterestPlan plan;

	InterestPlanEvaluation(&evaluator->sampler, evaluator->split, arena, &plan);
	return InterestPredictPlan(&plan, evaluator->model->interests.count, predict, context, &progress,
							   arena, &evaluator->scratch, predictions, status);
}

static bool
EvaluateSystem(Evaluator *evaluator, InterestSystem system, InterestPredictFunction predict,
			   void *context, InterestStatus *status)
{
	InterestArena arena;
	InterestPredictions predictions;
	bool		done;

	InterestArenaInit(&arena, evaluator->work.host, WORK_BLOCK);
	done = PredictSystem(evaluator, predict, context, &arena, &predictions, status);
	if (done)
		AddFigures(evaluator, system, &predictions, &arena);
	InterestArenaFree(&arena);
	return done;
}

/* Samples and users of the split; false where there is nothing to measure. */
static bool
CountSamples(Evaluator *evaluator, InterestEvaluation *evaluation, InterestStatus *status)
{
	static const char *const split_names[] = {"training", "validation", "validation", "test"};
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

static void
AddRanking(InterestEvaluation *evaluation, InterestSystem system, const InterestRanking *ranking)
{
	AddFigure(evaluation, system, "ndcg@10", -1, ranking->ndcg[0], ranking->ndcg[1]);
	AddFigure(evaluation, system, "recall@10", -1, ranking->recall[0], ranking->recall[1]);
}

static bool
EvaluateItems(Evaluator *evaluator, InterestArena *arena, InterestStatus *status)
{
	InterestProgress progress = {evaluator->observer, INTEREST_PHASE_EVALUATE, 0};
	InterestEvaluation *evaluation = evaluator->evaluation;
	InterestRanking model;
	InterestRanking popularity;

	InterestRankItems(&evaluator->pass, &evaluator->items, evaluator->split, &progress, &evaluator->scratch,
					  &model, &popularity);
	if (model.users == 0)
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "no user has an item in his last rows that his first rows are not about");
		return InterestHint(status, "Evaluate on a source with more users, or with more rows of each.");
	}
	evaluation->samples = model.relevant;
	evaluation->users = model.users;
	evaluation->figures = InterestArenaArray(arena, InterestFigure, COUNT_FIGURES + 1 + 2 * RANKING_FIGURES);
	AddCounts(evaluator);
	AddFigure(evaluation, INTEREST_SYSTEM_MODEL, "items", -1, evaluator->items.count, NAN);
	AddRanking(evaluation, INTEREST_SYSTEM_MODEL, &model);
	AddRanking(evaluation, INTEREST_SYSTEM_POPULARITY, &popularity);
	return true;
}

static bool
EvaluateSystems(Evaluator *evaluator, InterestArena *arena, InterestStatus *status)
{
	const InterestModel *model = evaluator->model;
	InterestEvaluation *evaluation = evaluator->evaluation;
	bool		next = model->task == INTEREST_TASK_NEXT;
	int			width = next ? 0 : model->network.features.sentence_width;

	evaluation->figure_count = 0;
	if (model->task == INTEREST_TASK_NEXT_ITEM)
		return EvaluateItems(evaluator, arena, status);
	InterestBaselineInit(&evaluator->baseline, &evaluator->sampler, model->interests.count, width,
						 &evaluator->work, &evaluator->scratch);
	evaluation->figures = InterestArenaArray(arena, InterestFigure, COUNT_FIGURES + 3 * SYSTEM_FIGURES +
											 ACTIVITY_FIGURES * (INTEREST_ACTIVITY_BINS + 1) +
											 INTEREST_FIGURES * (size_t) model->interests.count);
	AddCounts(evaluator);
	return EvaluateSystem(evaluator, INTEREST_SYSTEM_MODEL, InterestPassPredict, &evaluator->pass, status) &&
		EvaluateSystem(evaluator, INTEREST_SYSTEM_MAJORITY, InterestMajorityPredict, &evaluator->baseline, status) &&
		(!next || EvaluateSystem(evaluator, INTEREST_SYSTEM_HISTORY, InterestHistoryPredict,
								 &evaluator->baseline, status)) &&
		(width == 0 || EvaluateSystem(evaluator, INTEREST_SYSTEM_CENTROID, InterestCentroidPredict,
									  &evaluator->baseline, status));
}

/* Rows, labels and samples as the model sees them, and something to measure; Close in any case. */
static bool
Open(Evaluator *evaluator, const InterestTrainingSet *set, const InterestKernel *kernel,
	 InterestSgemmFunction sgemm, const InterestHost *host, InterestEvaluation *evaluation,
	 InterestStatus *status)
{
	const InterestModel *model = evaluator->model;
	InterestPreparedRows *prepared = &evaluator->prepared;

	InterestArenaInit(&evaluator->work, host, WORK_BLOCK);
	InterestArenaInit(&evaluator->scratch, host, WORK_BLOCK);
	if (!InterestSortRows(set, evaluator->seed, &evaluator->work, prepared, status) ||
		!InterestMakeInputs(prepared, &model->network.features, model->shape.half_life,
							&evaluator->work, evaluator->observer, status))
		return false;
	if (model->task == INTEREST_TASK_NEXT_ITEM)
		InterestFindItems(prepared, &evaluator->work, &evaluator->items);
	else
		InterestFindLabels(prepared, &model->interests, &evaluator->work);
	InterestSamplerInit(prepared, model->task, !InterestHeadIsOfOne(model->head.kind), &evaluator->work,
						&evaluator->sampler);
	InterestPassInit(&evaluator->pass, prepared, model, kernel, sgemm, &evaluator->work,
					 &evaluator->scratch);
	return CountSamples(evaluator, evaluation, status);
}

static void
Close(Evaluator *evaluator)
{
	InterestArenaFree(&evaluator->scratch);
	InterestArenaFree(&evaluator->work);
}

bool
InterestEvaluate(const InterestTrainingSet *set, const InterestModel *model, uint64_t seed,
				 InterestSplit split, const InterestKernel *kernel, InterestSgemmFunction sgemm,
				 const InterestTrainingObserver *observer, InterestArena *arena,
				 InterestEvaluation *evaluation, InterestStatus *status)
{
	Evaluator	evaluator = {
		.model = model, .observer = observer, .seed = seed, .split = split, .evaluation = evaluation
	};
	bool		done = Open(&evaluator, set, kernel, sgemm, arena->host, evaluation, status) &&
		EvaluateSystems(&evaluator, arena, status);

	Close(&evaluator);
	return done;
}

bool
InterestPredict(const InterestTrainingSet *set, const InterestModel *model, uint64_t seed,
				InterestSplit split, const InterestKernel *kernel, InterestSgemmFunction sgemm,
				const InterestTrainingObserver *observer, InterestArena *arena,
				InterestPredictions *predictions, InterestSpan **users, InterestStatus *status)
{
	Evaluator	evaluator = {.model = model, .observer = observer, .seed = seed, .split = split};
	const InterestPreparedRows *prepared = &evaluator.prepared;
	InterestEvaluation counted;
	bool		done;

	if (model->task == INTEREST_TASK_NEXT_ITEM)
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "a model of the task next_item has no interests");
		return InterestHint(status, "interest_evaluate measures how well it ranks items.");
	}
	done = Open(&evaluator, set, kernel, sgemm, arena->host, &counted, status) &&
		PredictSystem(&evaluator, InterestPassPredict, &evaluator.pass, arena, predictions, status);

	if (done)
	{
		*users = InterestArenaArray(arena, InterestSpan, prepared->user_count);
		for (int u = 0; u < prepared->user_count; u++)
		{
			InterestArenaMark mark = InterestArenaGetMark(&evaluator.scratch);

			(*users)[u] = InterestSourceRow(prepared, prepared->users[u].first, &evaluator.scratch).user;
			InterestArenaReturnTo(&evaluator.scratch, mark);
		}
	}
	Close(&evaluator);
	return done;
}

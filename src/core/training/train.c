/*
 * train.c
 *	  From labelled rows to a model.
 */
#include "core/training/baseline.h"
#include "core/training/calibrate.h"
#include "core/training/codebook.h"
#include "core/training/items.h"
#include "core/training/names.h"
#include "core/training/optimizer.h"
#include "core/training/transfer.h"

#include "core/measure/compare.h"
#include "core/network/lda.h"

#include <math.h>
#include <string.h>

/* A batch stops at so many rows, however few its samples. */
#define BATCH_ROWS 16384

#define WORK_BLOCK ((size_t) 1 << 20)

/* One part of so many of the store's memory stays the store's, whatever else is kept. */
#define STORE_SHARE 4

/*
 * The recipe, at the upper end of its learning rates: on MovieLens (the genres
 * of the next film, 6 epochs, means of three seeds) the test log loss is .2874 at
 * 1e-3, .2865 at 3e-3, .2861 at 6e-3, .2859 at 1e-2 and 2e-2. An early stop
 * before the learning rate has fallen costs more than an epoch too many.
 */
const InterestTrainingOptions InterestTrainingDefault = {
	.seed = 1,
	.epochs = 6,
	.batch_size = 128,
	.learning_rate = 5e-3,
	.reading_rate = 1.0,
	.warm_up = 0.05,
	.weight_decay = 0.01,
	.clip = 1.0,
	.label_smoothing = INTEREST_LABEL_SMOOTHING,
	.patience = 3,
	.least_value_rows = INTEREST_LEAST_VALUE_ROWS,
	.dropout = &InterestDropoutDefault
};

typedef struct Trainer
{
	const InterestTrainingOptions *options;
	const InterestNamedInterests *named;	/* NULL: none */
	bool		refit;			/* nobody validates */
	const InterestTrainingObserver *observer;
	InterestArena work;			/* lasts as long as the training */
	InterestArena scratch;		/* of an epoch and a batch */
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestItems items;		/* next_item */
	InterestModel *model;
	InterestModel gradient;		/* the model bound to gradients */
	InterestTouchedWords touched;
	InterestPass pass;
	InterestOptimizer optimizer;
	InterestLossRule rule;
	float	   *surrogate;		/* lda: (parameters of the head), the softmax that it is learned through */
	int			users;			/* training users who have a sample */
	double		rate;			/* share of the learning rate */
	int			passes;			/* over the samples, of an epoch */
	InterestStore *store;
	InterestStore *away;		/* of the words' vectors and squares; NULL: they are in memory */
	bool		has_best;
	InterestPlace best;			/* (parameters), in the store */
	double	   *lowest;			/* (users who validate): their losses in the epoch where they were least; NULL: none yet */
	int			epochs_since_best;
	InterestTrainingResult *result;
} Trainer;

static bool
IsShare(double value)
{
	return value >= 0.0 && value < 1.0;
}

static bool
CheckOptions(const InterestTrainingOptions *options, InterestStatus *status)
{
	const InterestDropoutRates *dropout = options->dropout;

	return InterestCheckOption(options->epochs >= 1, "the number of epochs", status) &&
		InterestCheckOption(options->batch_size >= 1, "the batch size", status) &&
		InterestCheckOption(options->learning_rate > 0.0 && options->learning_rate <= 1.0, "the learning rate", status) &&
		InterestCheckOption(options->reading_rate >= 1.0 && options->reading_rate <= 100.0, "the learning rate of the gate", status) &&
		InterestCheckOption(IsShare(options->warm_up), "the warm-up", status) &&
		InterestCheckOption(IsShare(options->weight_decay), "the weight decay", status) &&
		InterestCheckOption(options->l1 >= 0.0 && options->l1 <= 1.0, "the L1 penalty", status) &&
		InterestCheckOption(IsShare(options->row_dropout), "the dropout of rows", status) &&
		InterestCheckOption(options->clip > 0.0, "the gradient clip", status) &&
		InterestCheckOption(IsShare(options->label_smoothing), "the label smoothing", status) &&
		InterestCheckOption(options->patience >= 1, "the patience", status) &&
		InterestCheckOption(options->least_value_rows >= 1, "the least number of rows of a value", status) &&
		InterestCheckOption(options->balance >= 0.0 && options->balance <= 1.0, "the balance", status) &&
		InterestCheckOption(options->frozen_epochs >= 0, "the number of frozen epochs", status) &&
		InterestCheckOption(options->base != NULL || options->first == INTEREST_REPRESENTATION, "what is trained", status) &&
		InterestCheckOption(IsShare(dropout->sentence) && IsShare(dropout->words) && IsShare(dropout->hidden) &&
					IsShare(dropout->sum) && IsShare(dropout->modality) && IsShare(dropout->values), "a dropout rate", status);
}

/* A model whose specification is the definition's and the base's; interests and features are missing. */
static bool
Begin(InterestModel *model, const InterestTrainingDefinition *definition,
	  const InterestTrainingOptions *options, InterestStatus *status)
{
	memset(model, 0, sizeof(*model));
	model->shape.dimensions = definition->dimensions;
	memcpy(model->shape.half_life, options->first > INTEREST_REPRESENTATION ?
		   options->base->shape.half_life : definition->half_life, sizeof(model->shape.half_life));
	model->task = definition->task;
	model->head.kind = definition->several ? INTEREST_HEAD_SIGMOID : definition->head;
	return InterestCheckOption(definition->several || InterestHeadIsOfOne(definition->head), "the head", status) &&
		InterestShapeCheck(&model->shape, status) && InterestCheckBase(definition, options, status);
}

/* A split that somebody chose has users on each of its sides; a hash may leave few out. */
static bool
CheckSplit(const InterestPreparedRows *prepared, InterestStatus *status)
{
	const InterestTrainingCounts *counts = &prepared->counts;
	InterestSplitBy by = prepared->set->split.by;

	if (by == INTEREST_BY_HASH || prepared->row_count == 0 || (counts->training_users > 0 &&
		(by == INTEREST_BY_COLUMN ? counts->validation_users : counts->test_users) > 0))
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "a part of the split is empty");
	InterestDetail(status, "Users: %d train, %d validate, %d test.", counts->training_users,
				   counts->validation_users, counts->test_users);
	return InterestHint(status, by == INTEREST_BY_COLUMN ?
						"The split column says train for some users and validation for others." :
						"Rows before the time of the split train and validate, the others test: name one between the rows' times.");
}

/* The interests, or the items. */
static bool
LearnTargets(Trainer *trainer, const InterestTrainingDefinition *definition, InterestArena *arena,
			 InterestStatus *status)
{
	InterestPreparedRows *prepared = &trainer->prepared;

	if (definition->task != INTEREST_TASK_NEXT_ITEM)
		return InterestLearnInterests(prepared, definition->named ? &definition->named->labels : NULL, arena,
									  &trainer->scratch, &trainer->model->interests, status);
	InterestFindItems(prepared, &trainer->work, &trainer->items);
	return InterestCheckItems(&trainer->items, status);
}

/* Those who validate train, too. */
static void
TrainWithEverybody(InterestPreparedRows *prepared)
{
	for (int u = 0; u < prepared->user_count; u++)
		if (prepared->users[u].split != INTEREST_SPLIT_TEST)
			prepared->users[u].split = INTEREST_SPLIT_TRAINING;
}

/*
 * What training keeps of rows and of words, whose vectors have parameters and a
 * square of gradients, the store cannot have: both together have its memory, of
 * which a part stays the store's.  Where that is not enough the words leave: a
 * batch touches few of them.
 */
static void
ShareMemory(Trainer *trainer)
{
	const InterestRowNetwork *network = &trainer->model->network;
	InterestStore *store = trainer->store;
	size_t		row = sizeof(InterestPreparedRow) + sizeof(InterestPlanEntry) + 4 * sizeof(int);
	size_t		own = row * (size_t) trainer->prepared.row_count;
	size_t		words = 2 * sizeof(float) * (size_t) network->features.word_count * (size_t) trainer->model->shape.dimensions;
	size_t		most = store->memory - store->memory / STORE_SHARE;

	if (store->file && words > 0 && own + words > most)
		trainer->away = store;
	else
		own += words;
	InterestStoreLimit(store, store->memory - (own < most ? own : most));
}

/* Rows, features, interests and the model's layout. */
static bool
Prepare(Trainer *trainer, const InterestTrainingSet *set,
		const InterestTrainingDefinition *definition, InterestArena *arena, InterestStatus *status)
{
	const InterestTrainingOptions *options = trainer->options;
	InterestPreparedRows *prepared = &trainer->prepared;
	InterestModel *model = trainer->model;

	if (!Begin(model, definition, options, status) ||
		!InterestSortRows(set, options->seed, &trainer->work, prepared, status) ||
		!CheckSplit(prepared, status))
		return false;
	if (trainer->refit)
		TrainWithEverybody(prepared);
	if (options->base)
		InterestTakeFeatures(definition, options, &model->network);
	else
		InterestLearnFeatures(prepared, definition, options->least_value_rows, arena,
							  &trainer->scratch, &model->network);
	InterestFeaturesComplete(&model->network.features);
	ShareMemory(trainer);
	if (!InterestMakeInputs(prepared, &model->network.features, model->shape.half_life,
							&trainer->work, trainer->observer, status) ||
		!LearnTargets(trainer, definition, arena, status) ||
		!InterestModelCreate(model, arena, status))
		return false;
	if (model->task != INTEREST_TASK_NEXT_ITEM)
		InterestFindLabels(prepared, &model->interests, &trainer->work);
	InterestSamplerInit(prepared, definition->task, definition->several, &trainer->work,
						&trainer->sampler);
	trainer->sampler.row_dropout = options->row_dropout;
	return true;
}

/* The weights of interests in the loss, as the options say; NULL: all 1. */
static bool
MakeWeights(Trainer *trainer, const double *rates, InterestStatus *status)
{
	const InterestTrainingOptions *options = trainer->options;
	const InterestNames *interests = &trainer->model->interests;
	float	   *weights;
	double		mean = 0.0;

	if (!options->balanced_weights && options->weighted.count == 0)
		return true;
	weights = InterestArenaArray(&trainer->work, float, interests->count);
	for (int i = 0; i < interests->count; i++)
		mean += rates[i] / interests->count;
	for (int i = 0; i < interests->count; i++)
		weights[i] = options->balanced_weights ? (float) (mean / rates[i]) : 1.0f;
	for (int i = 0; i < options->weighted.count; i++)
	{
		int			interest = InterestNamesFind(interests, options->weighted.spans[i]);

		if (interest < 0)
		{
			InterestFail(status, INTEREST_INVALID_ARGUMENT, "class_weights names an interest that no training user has");
			InterestDetail(status, "The name is \"%.*s\".", (int) options->weighted.spans[i].length,
						   options->weighted.spans[i].data);
			return InterestHint(status, "Create the model with weights for labels that the source has.");
		}
		weights[interest] = (float) options->weights[i];
	}
	trainer->rule.weights = weights;
	return true;
}

/* What the rates of the training users' targets say: first biases, weights, repeats. */
static bool
StartFromRates(Trainer *trainer, InterestStatus *status)
{
	const InterestHead *head = &trainer->model->head;
	int			interests = head->linear.outputs;
	double	   *rates = InterestArenaArray(&trainer->work, double, interests);

	InterestTargetRates(&trainer->sampler, interests, &trainer->scratch, rates);
	if (trainer->named)
		InterestShrinkRates(trainer->users, interests, rates);
	if (!MakeWeights(trainer, rates, status))
		return false;
	if (trainer->options->balance > 0.0)
		InterestSamplerBalance(&trainer->sampler, rates, interests, trainer->options->balance, &trainer->work);
	for (int i = 0; i < interests; i++)
	{
		double		weight = trainer->rule.weights ? trainer->rule.weights[i] : 1.0;

		if (trainer->sampler.repeats)
			weight *= trainer->sampler.repeats[i];
		head->linear.bias[i] = (float) InterestHeadFirstBias(head->kind, rates[i], weight);
	}
	return true;
}

/* What names say; where there is a base, only of interests that it does not know. */
static bool
StartFromNames(Trainer *trainer, InterestStatus *status)
{
	const InterestModel *base = trainer->options->base;

	trainer->rate = 1.0;
	trainer->passes = 1;
	if (trainer->named == NULL)
		return true;
	if (base)
	{
		bool		same_head = base->head.kind == trainer->model->head.kind;

		InterestNameInterests(trainer->model, trainer->named, same_head ? &base->interests : NULL);
		return true;
	}
	trainer->rate = InterestRateAfterNames(&trainer->prepared);
	trainer->passes = InterestPassesAfterNames(&trainer->prepared);
	return InterestStartFromNamesOf(&trainer->prepared, trainer->model, trainer->named,
									trainer->options->seed, &trainer->scratch, status);
}

static size_t
HeadStart(const InterestModel *model)
{
	return (size_t) (model->head.temperature - model->parameters);
}

static size_t
HeadSize(const InterestModel *model)
{
	return sizeof(float) * (model->parameter_count - HeadStart(model));
}

/* All gradients are 0; those of words' vectors come with the batches that have them. */
static void
MakeGradient(Trainer *trainer)
{
	const InterestModel *model = trainer->model;
	InterestModel *gradient = &trainer->gradient;

	*gradient = *model;
	InterestTouchedInit(&trainer->touched, model->network.features.word_count, model->network.dimensions, &trainer->work);
	gradient->network.touched = &trainer->touched;
	InterestModelBind(gradient, InterestArenaAllocateZero(&trainer->work, sizeof(float) * InterestDenseCount(model)));
}

/* Parameters, their gradients, and what makes steps. */
static bool
MakeParameters(Trainer *trainer, const InterestKernel *kernel, InterestSgemmFunction sgemm,
			   InterestArena *arena, InterestStatus *status)
{
	const InterestTrainingOptions *options = trainer->options;
	InterestModel *model = trainer->model;
	size_t		size = sizeof(float) * model->parameter_count;

	InterestModelBind(model, trainer->away ? InterestStoreMap(trainer->away, size) : InterestArenaAllocate(arena, size));
	InterestModelInitialize(model, options->seed);
	trainer->rule.smoothing = (float) options->label_smoothing;
	if (model->task != INTEREST_TASK_NEXT_ITEM && !StartFromRates(trainer, status))
		return false;
	if (options->base)
		InterestTakeParameters(options, model);
	if (!StartFromNames(trainer, status))
		return false;
	MakeGradient(trainer);
	trainer->surrogate = InterestArenaAllocate(&trainer->work, HeadSize(model));
	InterestOptimizerInit(&trainer->optimizer, model, options->weight_decay, options->clip,
						  trainer->away, &trainer->work);
	trainer->optimizer.l1 = options->l1;
	trainer->optimizer.reading_rate = options->reading_rate;
	InterestPassInit(&trainer->pass, &trainer->prepared, model, kernel, sgemm, &trainer->work,
					 &trainer->scratch);
	return true;
}

/* Mean loss of a batch, its gradient in the gradient's parameters. */
static double
DifferentiateBatch(Trainer *trainer, const InterestBatch *batch, int round)
{
	InterestRowDropout dropout = {
		.rates = *trainer->options->dropout, .seed = trainer->options->seed, .epoch = (uint64_t) round
	};
	InterestPassTape tape;

	InterestClearGradient(&trainer->gradient);
	if (trainer->model->task == INTEREST_TASK_NEXT_ITEM)
		return InterestItemsPass(&trainer->pass, &trainer->items, batch, &dropout, &trainer->gradient).loss;
	InterestPassForward(&trainer->pass, batch, &dropout, true, &tape);
	return InterestPassBackward(&trainer->pass, &tape, &trainer->rule, &trainer->gradient);
}

static bool
FailNotFinite(int epoch, InterestStatus *status)
{
	InterestFail(status, INTEREST_DATA_EXCEPTION, "the training loss is no longer a finite number in epoch %d", epoch);
	return InterestHint(status, "Train with a lower learning rate, and look for extreme values in the numeric columns.");
}

/* The samples of a round, from 1 on: a pass of an epoch. */
static bool
TrainRound(Trainer *trainer, int round, InterestTrainingEpoch *epoch, InterestStatus *status)
{
	const InterestTrainingOptions *options = trainer->options;
	InterestProgress progress = {trainer->observer, INTEREST_PHASE_TRAIN, epoch->epoch};
	int64_t		before = epoch->samples;
	int			left = epoch->epoch * trainer->passes - round;
	InterestArenaMark mark;
	InterestPlan plan;
	InterestBatch batch;

	InterestPlanEpoch(&trainer->sampler, options->seed, round, &trainer->scratch, &plan);
	mark = InterestArenaGetMark(&trainer->scratch);
	while (InterestNextBatch(&plan, options->batch_size, BATCH_ROWS, &trainer->scratch, &batch))
	{
		double		loss = DifferentiateBatch(trainer, &batch, round);
		double		done = (round - 1 + (double) (epoch->samples - before) / (double) plan.sample_count) /
			((double) epoch->epochs * trainer->passes);

		if (!isfinite(loss))
			return FailNotFinite(epoch->epoch, status);
		InterestOptimizerStep(&trainer->optimizer,
							  trainer->rate * options->learning_rate * InterestLearningRate(done, options->warm_up),
							  &trainer->gradient);
		epoch->loss += loss * batch.read_count;
		epoch->samples += batch.read_count;
		epoch->rows += batch.row_count;
		InterestArenaReturnTo(&trainer->scratch, mark);
		InterestTellProgress(&progress, epoch->samples, before + (left + 1) * plan.sample_count);
	}
	return true;
}

static bool
TrainEpoch(Trainer *trainer, InterestTrainingEpoch *epoch, InterestStatus *status)
{
	for (int pass = 1; pass <= trainer->passes; pass++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&trainer->scratch);

		if (!TrainRound(trainer, (epoch->epoch - 1) * trainer->passes + pass, epoch, status))
			return false;
		InterestArenaReturnTo(&trainer->scratch, mark);
	}
	epoch->loss /= (double) epoch->samples;
	return true;
}

/*
 * Discriminants of the samples that this epoch trained on last, in place of the
 * softmax that it trained.
 */
static void
FitDiscriminants(Trainer *trainer, int epoch)
{
	const InterestModel *model = trainer->model;
	InterestArena arena;
	InterestArenaMark mark;
	InterestLdaSums sums;
	InterestPlan plan;
	InterestBatch batch;

	InterestArenaInit(&arena, trainer->work.host, WORK_BLOCK);
	InterestLdaInit(&sums, model->interests.count, model->shape.dimensions, &arena);
	InterestPlanEpoch(&trainer->sampler, trainer->options->seed, epoch * trainer->passes, &arena, &plan);
	mark = InterestArenaGetMark(&trainer->scratch);
	while (InterestNextBatch(&plan, trainer->options->batch_size, BATCH_ROWS, &trainer->scratch, &batch))
	{
		InterestPassTape tape;

		InterestPassForward(&trainer->pass, &batch, NULL, false, &tape);
		for (int r = 0; r < batch.read_count; r++)
		{
			int			interest = batch.targets.interests[batch.targets.first[r]];

			InterestLdaAdd(&sums, interest, trainer->rule.weights ? trainer->rule.weights[interest] : 1.0,
						   tape.u + (size_t) r * (size_t) model->shape.dimensions);
		}
		InterestArenaReturnTo(&trainer->scratch, mark);
	}
	if (trainer->named)
		InterestAddNames(model, trainer->named, trainer->options->base == NULL, &sums, &trainer->scratch);
	InterestLdaSolve(&sums, &model->head, &trainer->scratch);
	InterestArenaFree(&arena);
}

/* What the model says to the samples of a split, as logits. */
static bool
Score(Trainer *trainer, InterestSplit split, int epoch, InterestArena *arena,
	  InterestPredictions *scored, double **evidence, InterestStatus *status)
{
	InterestProgress progress = {trainer->observer, INTEREST_PHASE_VALIDATE, epoch};
	InterestScorer scorer = {.pass = &trainer->pass};
	InterestPlan plan;

	InterestPlanEvaluation(&trainer->sampler, split, arena, &plan);
	scorer.evidence = *evidence = InterestArenaArray(arena, double, plan.sample_count);
	return InterestPredictPlan(&plan, trainer->model->interests.count, InterestPassScore, &scorer,
							   &progress, arena, &trainer->scratch, scored, status);
}

/* The loss of all validation users' items, in batches that are always the same; NaN without them. */
static void
ValidateItems(Trainer *trainer, InterestTrainingEpoch *epoch)
{
	static const InterestSplit splits[] = {INTEREST_SPLIT_VALIDATION, INTEREST_SPLIT_CONFORMAL};
	InterestProgress progress = {trainer->observer, INTEREST_PHASE_VALIDATE, epoch->epoch};
	int64_t		samples = 0;
	double		loss = 0.0;
	double		first = 0.0;

	for (int s = 0; s < 2; s++)
	{
		InterestArenaMark mark;
		InterestPlan plan;
		InterestBatch batch;

		InterestPlanEvaluation(&trainer->sampler, splits[s], &trainer->scratch, &plan);
		mark = InterestArenaGetMark(&trainer->scratch);
		while (InterestNextBatch(&plan, trainer->options->batch_size, BATCH_ROWS, &trainer->scratch, &batch))
		{
			InterestItemLoss of_batch = InterestItemsPass(&trainer->pass, &trainer->items, &batch, NULL, NULL);

			loss += of_batch.loss * batch.read_count;
			first += of_batch.first;
			samples += batch.read_count;
			InterestArenaReturnTo(&trainer->scratch, mark);
			InterestTellProgress(&progress, plan.samples_done, plan.sample_count);
		}
	}
	epoch->validation_loss = samples > 0 ? loss / (double) samples : NAN;
	epoch->accuracy = samples > 0 ? first / (double) samples : NAN;
}

/*
 * Loss and accuracy of the validation users; NaN without them.  They are
 * those of calibrated probabilities, as the model will have them: how sure it
 * is beforehand says nothing of an epoch.
 */
static bool
Validate(Trainer *trainer, InterestTrainingEpoch *epoch, InterestStatus *status)
{
	const InterestHead *head = &trainer->model->head;
	InterestArena arena;
	InterestPredictions predictions;
	InterestMetrics metrics;
	double	   *evidence;
	bool		done;

	if (trainer->model->task == INTEREST_TASK_NEXT_ITEM)
	{
		ValidateItems(trainer, epoch);
		epoch->best = epoch->epoch == 1 || !(epoch->validation_loss >= trainer->result->validation_loss);
		return true;
	}
	InterestArenaInit(&arena, trainer->work.host, WORK_BLOCK);
	done = Score(trainer, INTEREST_SPLIT_VALIDATION, epoch->epoch, &arena, &predictions, &evidence, status);
	if (done)
	{
		if (head->kind == INTEREST_HEAD_SVM)
			InterestFitPlatt(head, &predictions, &arena);
		InterestFitTemperature(head, &predictions, evidence, &arena);
		InterestNormalizeAll(head, trainer->pass.arithmetic.kernel, &predictions, evidence, arena.host);
		InterestMeasure(&predictions, &arena, &metrics);
		epoch->validation_loss = metrics.log_loss;
		epoch->accuracy = metrics.accuracy;
		epoch->best = InterestIsAsGood(&predictions, &trainer->lowest, &trainer->work, &arena);
	}
	InterestArenaFree(&arena);
	return done;
}

/* Those whose conformal scores are known can say how sure to be, too. */
static void
JoinHalves(InterestPreparedRows *prepared)
{
	for (int u = 0; u < prepared->user_count; u++)
		if (prepared->users[u].split == INTEREST_SPLIT_CONFORMAL)
			prepared->users[u].split = INTEREST_SPLIT_VALIDATION;
}

/* By the users who validate. */
static bool
FitTemperature(Trainer *trainer, InterestArena *work, InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(work);
	InterestPredictions scored;
	double	   *evidence;

	if (!Score(trainer, INTEREST_SPLIT_VALIDATION, trainer->result->best_epoch, work, &scored, &evidence, status))
		return false;
	InterestFitTemperature(&trainer->model->head, &scored, evidence, work);
	InterestArenaReturnTo(work, mark);
	return true;
}

/*
 * Conformal scores of the best epoch, by a temperature that their users had no
 * part in; then the temperature of all who validate: a half of them is few, and
 * what it says by chance is felt.
 */
static bool
Calibrate(Trainer *trainer, InterestArena *arena, InterestStatus *status)
{
	InterestModel *model = trainer->model;
	InterestConformal *conformal = &model->conformal;
	InterestArena work;
	InterestPredictions scored;
	double	   *evidence;
	bool		done;

	InterestArenaInit(&work, trainer->work.host, WORK_BLOCK);
	done = FitTemperature(trainer, &work, status) &&
		Score(trainer, INTEREST_SPLIT_CONFORMAL, trainer->result->best_epoch, &work, &scored, &evidence, status);
	if (done)
	{
		InterestNormalizeAll(&model->head, trainer->pass.arithmetic.kernel, &scored, evidence, work.host);
		InterestFitConformal(&trainer->prepared, trainer->options->seed, &scored, arena, &work, conformal);
		memcpy(conformal->temperature, model->head.temperature, sizeof(conformal->temperature));
		JoinHalves(&trainer->prepared);
		done = FitTemperature(trainer, &work, status);
	}
	InterestArenaFree(&work);
	return done;
}

/* One place in the store, written over and over: what is read once needs no memory. */
static void
KeepParameters(Trainer *trainer)
{
	const InterestModel *model = trainer->model;
	size_t		size = sizeof(float) * model->parameter_count;

	if (trainer->has_best)
		InterestStoreReplace(trainer->store, trainer->best, model->parameters, size);
	else
		trainer->best = InterestStoreAddAway(trainer->store, model->parameters, size);
	trainer->has_best = true;
}

/* Keeps the parameters of the best epoch so far. */
static void
KeepBest(Trainer *trainer, InterestTrainingEpoch *epoch)
{
	InterestTrainingResult *result = trainer->result;

	trainer->epochs_since_best++;
	if (epoch->best)
	{
		KeepParameters(trainer);
		trainer->epochs_since_best = 0;
		result->best_epoch = epoch->epoch;
		result->validation_loss = epoch->validation_loss;
		result->accuracy = epoch->accuracy;
	}
	epoch->last = epoch->epoch == epoch->epochs ||
		trainer->epochs_since_best >= trainer->options->patience;
	result->epochs = epoch->epoch;
	result->samples = epoch->samples;
}

/* Which parameters learn in an epoch. */
static void
ChooseSections(Trainer *trainer, int epoch)
{
	const InterestTrainingOptions *options = trainer->options;
	InterestSection first = options->first;

	if (options->base && epoch <= options->frozen_epochs)
		first = INTEREST_HEAD;
	trainer->pass.first = first;
	trainer->optimizer.first = first;
}

/*
 * One epoch, its validation, and the parameters that were best so far.  Once
 * nothing but discriminants is left to learn, one pass over the rows is all.
 */
static bool
RunEpoch(Trainer *trainer, InterestTrainingEpoch *epoch, InterestStatus *status)
{
	InterestModel *model = trainer->model;
	float	   *head = model->parameters + HeadStart(model);
	bool		discriminants = model->head.kind == INTEREST_HEAD_LDA;
	bool		only_these = discriminants && trainer->options->first == INTEREST_HEAD;

	ChooseSections(trainer, epoch->epoch);
	epoch->loss = only_these ? NAN : 0.0;
	if (!only_these && !TrainEpoch(trainer, epoch, status))
		return false;
	memcpy(trainer->surrogate, head, HeadSize(model));
	if (discriminants)
		FitDiscriminants(trainer, epoch->epoch);
	if (!Validate(trainer, epoch, status))
		return false;
	KeepBest(trainer, epoch);
	epoch->last |= only_these;
	if (discriminants)
		memcpy(head, trainer->surrogate, HeadSize(model));
	return true;
}

static bool
RunEpochs(Trainer *trainer, InterestStatus *status)
{
	InterestTrainingEpoch epoch = {.epochs = trainer->options->epochs};

	while (!epoch.last)
	{
		epoch = (InterestTrainingEpoch) {.epoch = epoch.epoch + 1, .epochs = epoch.epochs};
		if (!RunEpoch(trainer, &epoch, status))
			return false;
		if (trainer->observer && trainer->observer->epoch)
			trainer->observer->epoch(trainer->observer->context, &epoch);
		InterestArenaFree(&trainer->scratch);
	}
	InterestStoreRead(trainer->store, trainer->best, trainer->model->parameters,
					  sizeof(float) * trainer->model->parameter_count);
	trainer->result->zeros = InterestZeroShare(trainer->model);
	return true;
}

/* There is something to learn, and not from one user alone, whom every interest would mean. */
static bool
CheckSamples(Trainer *trainer, InterestStatus *status)
{
	bool		next = InterestTaskForesees(trainer->sampler.task);
	int			users;
	InterestPlan plan;

	InterestPlanEvaluation(&trainer->sampler, INTEREST_SPLIT_TRAINING, &trainer->scratch, &plan);
	users = trainer->users = plan.entry_count;
	InterestArenaFree(&trainer->scratch);
	if (users >= 2)
		return true;
	if (users == 1)
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "only one training user has a sample to learn from");
	else
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "no training user has a sample to learn from");
	InterestDetail(status, next ? "A sample is a labelled row of a user who has an earlier row; training users: %d."
				   : "A sample is a labelled row; training users: %d.",
				   trainer->prepared.counts.training_users);
	return InterestHint(status, "Train on more users: %s.", InterestWhoTrains(&trainer->prepared));
}

/* One training of its own. */
static bool
TrainOnce(Trainer *trainer, const InterestTrainingSet *set, const InterestTrainingDefinition *definition,
		  const InterestKernel *kernel, InterestSgemmFunction sgemm, InterestArena *arena, InterestStatus *status)
{
	const InterestTrainingOptions *options = trainer->options;
	InterestModel *model = trainer->model;
	InterestTrainingResult *result = trainer->result;
	size_t		memory = set->store->memory;
	bool		done;

	memset(result, 0, sizeof(*result));
	trainer->store = set->store;
	InterestArenaInit(&trainer->work, arena->host, WORK_BLOCK);
	InterestArenaInit(&trainer->scratch, arena->host, WORK_BLOCK);
	done = Prepare(trainer, set, definition, arena, status) && CheckSamples(trainer, status);
	if (done)
	{
		result->counts = trainer->prepared.counts;
		done = MakeParameters(trainer, kernel, sgemm, arena, status) &&
			RunEpochs(trainer, status) &&
			(trainer->refit || model->task == INTEREST_TASK_NEXT_ITEM || Calibrate(trainer, arena, status));
		if (done && options->first == INTEREST_REPRESENTATION)
			InterestLearnCodebook(&trainer->prepared, model, options->seed, kernel, &trainer->scratch);
	}
	InterestArenaFree(&trainer->scratch);
	InterestArenaFree(&trainer->work);
	set->store->memory = memory;
	return done;
}

/*
 * The model anew from everybody but those who test, for as many epochs as were
 * best.  What was fitted on those who validated stays: they say how sure the
 * model of fewer users may be, and that of all is no worse.
 */
static bool
Refit(const Trainer *first, const InterestTrainingSet *set, const InterestTrainingDefinition *definition,
	  const InterestKernel *kernel, InterestSgemmFunction sgemm, InterestArena *arena, InterestStatus *status)
{
	InterestTrainingOptions options = *first->options;
	InterestTrainingObserver silent = {0};
	InterestTrainingResult result;
	InterestModel model;
	Trainer		trainer = {.options = &options, .named = first->named, .refit = true, .observer = &silent, .model = &model, .result = &result};

	if (first->observer)
		silent = *first->observer;
	silent.epoch = NULL;
	options.epochs = first->result->best_epoch;
	if (!TrainOnce(&trainer, set, definition, kernel, sgemm, arena, status))
		return false;
	if (model.task != INTEREST_TASK_NEXT_ITEM)
		memcpy(model.head.temperature, first->model->head.temperature, 2 * sizeof(float));
	model.conformal = first->model->conformal;
	*first->model = model;
	return true;
}

bool
InterestTrain(const InterestTrainingSet *set, const InterestTrainingDefinition *definition,
			  const InterestTrainingOptions *options, const InterestKernel *kernel,
			  InterestSgemmFunction sgemm, const InterestTrainingObserver *observer,
			  InterestArena *arena, InterestModel *model, InterestTrainingResult *result,
			  InterestStatus *status)
{
	Trainer		trainer = {.options = options, .named = definition->named, .observer = observer, .model = model, .result = result};

	if (!CheckOptions(options, status) ||
		!TrainOnce(&trainer, set, definition, kernel, sgemm, arena, status))
		return false;
	if (!options->refit || options->base || result->counts.validation_users == 0)
		return true;
	return Refit(&trainer, set, definition, kernel, sgemm, arena, status);
}

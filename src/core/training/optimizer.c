/*
 * optimizer.c
 *	  Adam on a model's parameters.
 */
#include "core/training/optimizer.h"

#include <math.h>
#include <string.h>

/*
 * The learning rate of words' vectors, by that of the rest.  Accuracy of rows and
 * of users' dominant interests, 20 Newsgroups by author, means of 4 folds: .873
 * and .930 at a half, .885 and .937 at 1, .890 and .937 at 2.
 */
#define WORD_RATE 2.0

/*
 * The parameters that every step changes, in two runs: those before and those
 * behind the vectors of the words.
 */
typedef struct DenseRuns
{
	size_t		words;			/* where the vectors start */
	size_t		behind;
} DenseRuns;

static DenseRuns
DenseRunsOf(const InterestModel *model)
{
	DenseRuns	runs = {0, 0};

	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];

		if (!block->sparse)
			continue;
		if (runs.behind == 0)
			runs.words = block->offset;
		runs.behind = block->offset + (size_t) block->rows * (size_t) block->columns;
	}
	return runs;
}

/* Parameters but for the vectors of the words. */
static size_t
DenseCount(const InterestModel *model, const DenseRuns *runs)
{
	return model->parameter_count - (runs->behind - runs->words);
}

/* Where one of them stands among these. */
static size_t
DensePlace(const DenseRuns *runs, size_t at)
{
	return at < runs->behind ? at : at - (runs->behind - runs->words);
}

size_t
InterestDenseCount(const InterestModel *model)
{
	DenseRuns	runs = DenseRunsOf(model);

	return DenseCount(model, &runs);
}

void
InterestOptimizerInit(InterestOptimizer *optimizer, const InterestModel *model,
					  double weight_decay, double clip, InterestStore *store, InterestArena *arena)
{
	DenseRuns	runs = DenseRunsOf(model);
	size_t		size = sizeof(float) * DenseCount(model, &runs);
	size_t		word_size = sizeof(float) * (runs.behind - runs.words);

	optimizer->model = model;
	optimizer->first = INTEREST_REPRESENTATION;
	optimizer->weight_decay = weight_decay;
	optimizer->l1 = 0.0;
	optimizer->reading_rate = 1.0;
	optimizer->clip = clip;
	optimizer->steps = 0;
	optimizer->mean = InterestArenaAllocateZero(arena, size);
	optimizer->square = InterestArenaAllocateZero(arena, size);
	optimizer->word_square = store ? InterestStoreMap(store, word_size) : InterestArenaAllocateZero(arena, word_size);
}

static int
TouchedCount(const InterestModel *gradient)
{
	return gradient->network.touched ? gradient->network.touched->count : 0;
}

/* What the gradient is multiplied by, so that its norm is the clip at most. */
static float
ClipFactor(const InterestModel *gradient, double clip)
{
	DenseRuns	runs = DenseRunsOf(gradient);
	size_t		d = (size_t) gradient->network.dimensions;
	double		squares = InterestSumSquares(gradient->parameters, runs.words) +
		InterestSumSquares(gradient->parameters + runs.words, gradient->parameter_count - runs.behind);

	for (int i = 0; i < TouchedCount(gradient); i++)
		squares += InterestSumSquares(InterestTouchedVector(gradient->network.touched, i), d);
	return InterestClipFactor(squares, clip);
}

void
InterestClearGradient(const InterestModel *gradient)
{
	memset(gradient->parameters, 0, sizeof(float) * InterestDenseCount(gradient));
	if (gradient->network.touched)
		InterestTouchedClear(gradient->network.touched);
}

/* w <- sign(w) max(|w| - threshold, 0): exact zeros, and none that is below 0 */
static void
Shrink(size_t count, float *parameters, float threshold)
{
	for (size_t i = 0; i < count && threshold > 0.0f; i++)
	{
		float		left = fabsf(parameters[i]) - threshold;

		parameters[i] = left > 0.0f ? copysignf(left, parameters[i]) : 0.0f;
	}
}

/* What is the same for every parameter of a step. */
typedef struct Step
{
	float		factor;			/* of the gradient */
	float		rate;
	float		word_rate;
	float		reading_rate;
	float		root_scale;
	float		decay;
	float		threshold;
} Step;

/* kappa or the gate */
static bool
IsOfReadings(const InterestModel *model, const InterestModelBlock *block)
{
	const float *parameters = model->parameters + block->offset;

	return parameters == model->theta || parameters == model->gate;
}

static void
StepDense(InterestOptimizer *optimizer, const InterestModel *gradient, const DenseRuns *runs,
		  const Step *step, const InterestModelBlock *block)
{
	size_t		at = block->offset;
	size_t		place = DensePlace(runs, at);
	size_t		count = (size_t) block->rows * (size_t) block->columns;

	InterestAdamStep(count, optimizer->model->parameters + at, optimizer->mean + place, optimizer->square + place,
					 gradient->parameters + place, step->factor,
					 IsOfReadings(optimizer->model, block) ? step->reading_rate : step->rate, step->root_scale,
					 block->decay ? step->decay : 0.0f);
	if (block->decay)
		Shrink(count, optimizer->model->parameters + at, step->threshold);
}

/* Touched word i. */
static void
StepTouched(InterestOptimizer *optimizer, const InterestModel *gradient, const Step *step, int i)
{
	const InterestRowNetwork *network = &optimizer->model->network;
	const InterestTouchedWords *touched = gradient->network.touched;
	size_t		d = (size_t) network->dimensions;
	size_t		at = (size_t) touched->words[i] * d;

	InterestAdamStepNow(d, network->word_vectors + at, optimizer->word_square + at, InterestTouchedVector(touched, i),
						step->factor, step->word_rate, step->root_scale);
	Shrink(d, network->word_vectors + at, step->threshold);
}

void
InterestOptimizerStep(InterestOptimizer *optimizer, double learning_rate,
					  const InterestModel *gradient)
{
	const InterestModel *model = optimizer->model;
	DenseRuns	runs = DenseRunsOf(model);
	InterestAdamBias bias = InterestAdamBiasAt(++optimizer->steps);
	Step		step;

	step = (Step) {
		.factor = ClipFactor(gradient, optimizer->clip),
		.rate = (float) (learning_rate / bias.mean),
		.word_rate = (float) (learning_rate * WORD_RATE),
		.reading_rate = (float) (learning_rate * optimizer->reading_rate / bias.mean),
		.root_scale = (float) (1.0 / bias.root),
		.decay = (float) (learning_rate * optimizer->weight_decay),
		.threshold = (float) (learning_rate * optimizer->l1)
	};
	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];

		if (block->section >= optimizer->first && !block->fitted && !block->sparse)
			StepDense(optimizer, gradient, &runs, &step, block);
	}
	for (int i = 0; optimizer->first == INTEREST_REPRESENTATION && i < TouchedCount(gradient); i++)
		StepTouched(optimizer, gradient, &step, i);
	InterestModelProject(model);
}

double
InterestZeroShare(const InterestModel *model)
{
	double		weights = 0.0;
	double		zeros = 0.0;

	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];
		size_t		count = (size_t) block->rows * (size_t) block->columns;

		if (!block->decay && !block->sparse)
			continue;
		weights += (double) count;
		for (size_t i = 0; i < count; i++)
			zeros += model->parameters[block->offset + i] == 0.0f;
	}
	return zeros / weights;
}

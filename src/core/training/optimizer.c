/*
 * optimizer.c
 *	  Adam with decoupled weight decay, and how the learning rate goes.
 */
#include "core/training/optimizer.h"

#include "core/base/deterministic.h"

#include <math.h>

#define MEAN_DECAY 0.9
#define SQUARE_DECAY 0.999
#define SMALLEST_ROOT 1e-8

#define PI 0x1.921fb54442d18p+1

/* A warm-up starts from this share, so that the first step does something. */
#define FIRST_SHARE 0.01

void
InterestOptimizerInit(InterestOptimizer *optimizer, const InterestModel *model,
					  double weight_decay, double clip, InterestArena *arena)
{
	size_t		size = sizeof(float) * model->parameter_count;

	optimizer->model = model;
	optimizer->first = INTEREST_REPRESENTATION;
	optimizer->weight_decay = weight_decay;
	optimizer->clip = clip;
	optimizer->steps = 0;
	optimizer->mean = InterestArenaAllocateZero(arena, size);
	optimizer->square = InterestArenaAllocateZero(arena, size);
}

/* What the gradient is multiplied by, so that its norm is the clip at most. */
static float
ClipFactor(const float *gradient, size_t count, double clip)
{
	double		squares = 0.0;

	for (size_t i = 0; i < count; i++)
		squares += (double) gradient[i] * gradient[i];
	return squares > clip * clip ? (float) (clip / sqrt(squares)) : 1.0f;
}

/* rate, decay: what a step takes of the mean over the root, and of the parameter itself */
static void
StepBlock(size_t count, float *parameters, float *mean, float *square, const float *gradient,
		  float factor, float rate, float root_scale, float decay)
{
	for (size_t i = 0; i < count; i++)
	{
		float		g = factor * gradient[i];

		mean[i] += (float) (1.0 - MEAN_DECAY) * (g - mean[i]);
		square[i] += (float) (1.0 - SQUARE_DECAY) * (g * g - square[i]);
		parameters[i] -= decay * parameters[i] +
			rate * mean[i] / (sqrtf(square[i]) * root_scale + (float) SMALLEST_ROOT);
	}
}

void
InterestOptimizerStep(InterestOptimizer *optimizer, double learning_rate, float *gradient)
{
	const InterestModel *model = optimizer->model;
	float		factor = ClipFactor(gradient, model->parameter_count, optimizer->clip);
	double		mean_bias;
	double		square_bias;

	/* Both means start at 0; dividing by these takes that away. */
	optimizer->steps++;
	mean_bias = -InterestExpm1((double) optimizer->steps * InterestLog(MEAN_DECAY));
	square_bias = -InterestExpm1((double) optimizer->steps * InterestLog(SQUARE_DECAY));
	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];
		size_t		at = block->offset;

		if (block->section < optimizer->first || block->fitted)
			continue;
		StepBlock((size_t) block->rows * (size_t) block->columns, model->parameters + at,
				  optimizer->mean + at, optimizer->square + at, gradient + at, factor,
				  (float) (learning_rate / mean_bias), (float) (1.0 / sqrt(square_bias)),
				  block->decay ? (float) (learning_rate * optimizer->weight_decay) : 0.0f);
	}
	InterestModelProject(model);
}

double
InterestLearningRate(double progress, double warm_up)
{
	if (progress < warm_up)
		return FIRST_SHARE + (1.0 - FIRST_SHARE) * progress / warm_up;
	return progress >= 1.0 ? 0.0 : 0.5 * (1.0 + InterestCos(PI * (progress - warm_up) / (1.0 - warm_up)));
}

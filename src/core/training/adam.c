/*
 * adam.c
 *	  Steps of Adam with decoupled weight decay on arrays of parameters, and how
 *	  the learning rate goes.
 */
#include "core/training/adam.h"

#include "core/base/deterministic.h"

#include <math.h>

#define MEAN_DECAY 0.9
#define SQUARE_DECAY 0.999
#define SMALLEST_ROOT 1e-8

#define PI 0x1.921fb54442d18p+1

/* A warm-up starts from this share, so that the first step does something. */
#define FIRST_SHARE 0.01

InterestAdamBias
InterestAdamBiasAt(int64_t steps)
{
	return (InterestAdamBias) {
		.mean = -InterestExpm1((double) steps * InterestLog(MEAN_DECAY)),
		.root = sqrt(-InterestExpm1((double) steps * InterestLog(SQUARE_DECAY)))
	};
}

void
InterestAdamStep(size_t count, float *parameters, float *mean, float *square, const float *gradient,
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
InterestAdamStepNow(size_t count, float *parameters, float *square, const float *gradient,
					float factor, float rate, float root_scale)
{
	for (size_t i = 0; i < count; i++)
	{
		float		g = factor * gradient[i];

		square[i] += (float) (1.0 - SQUARE_DECAY) * (g * g - square[i]);
		parameters[i] -= rate * g / (sqrtf(square[i]) * root_scale + (float) SMALLEST_ROOT);
	}
}

double
InterestSumSquares(const float *values, size_t count)
{
	double		squares = 0.0;

	for (size_t i = 0; i < count; i++)
		squares += (double) values[i] * values[i];
	return squares;
}

float
InterestClipFactor(double squares, double clip)
{
	return squares > clip * clip ? (float) (clip / sqrt(squares)) : 1.0f;
}

double
InterestLearningRate(double progress, double warm_up)
{
	if (progress < warm_up)
		return FIRST_SHARE + (1.0 - FIRST_SHARE) * progress / warm_up;
	return progress >= 1.0 ? 0.0 : 0.5 * (1.0 + InterestCos(PI * (progress - warm_up) / (1.0 - warm_up)));
}

/*
 * reading_gradient.c
 *	  The gradient of a reading: what InterestReadSums does, backwards.
 */
#include "core/training/reading_gradient.h"

#include <stddef.h>

static double
DotUser(const float *user_gradient, const double *vector, int dimensions)
{
	double		sum = 0.0;

	for (int i = 0; i < dimensions; i++)
		sum += user_gradient[i] * vector[i];
	return sum;
}

/* gamma = softmax(A features), u = sum of gamma_g v_g + ... */
static void
GateBackward(const InterestSumsReading *reading, const double *gamma_gradient,
			 InterestReadingGradient *gradient)
{
	double		mean = 0.0;

	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		mean += reading->gamma[g] * gamma_gradient[g];
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		for (int k = 0; k < INTEREST_GATE_FEATURES; k++)
			gradient->gate[g][k] += reading->gamma[g] * (gamma_gradient[g] - mean) * reading->features[k];
}

/* v = (S + kappa mu) / (w + kappa), the gradient of v being gamma times u's */
static void
GranularityBackward(const InterestReadingModel *model, int g, double mass,
					const InterestSumsReading *reading, const float *user_gradient,
					InterestReadingGradient *gradient, double *sum_gradient)
{
	double		kappa = model->kappa[g];
	double		share = reading->gamma[g] / (mass + kappa);
	double		along = 0.0;	/* user_gradient . (mu - v) */

	for (int i = 0; i < model->dimensions; i++)
	{
		sum_gradient[i] = share * user_gradient[i];
		gradient->mu[i] += kappa * sum_gradient[i];
		along += user_gradient[i] * (model->mu[i] - reading->vector[g][i]);
	}
	gradient->theta[g] += kappa * share * along;
}

/* u = ... - eta v, v = S / (w + kappa of coarse) */
static void
NegativeBackward(const InterestReadingModel *model, double mass, const InterestSumsReading *reading,
				 const float *user_gradient, InterestReadingGradient *gradient, double *sum_gradient)
{
	double		kappa = model->kappa[INTEREST_COARSE];
	double		share = -model->eta / (mass + kappa);
	double		along = DotUser(user_gradient, reading->vector[INTEREST_NEGATIVE], model->dimensions);

	for (int i = 0; i < model->dimensions; i++)
		sum_gradient[i] = share * user_gradient[i];
	gradient->eta -= along;
	gradient->theta[INTEREST_COARSE] -= kappa * share * along;
}

void
InterestReadSumsBackward(const InterestReadingModel *model, const InterestSums *sums,
						 const InterestSumsReading *reading, const float *user_gradient,
						 InterestReadingGradient *gradient,
						 double *const sums_gradient[INTEREST_PARTS])
{
	double		gamma_gradient[INTEREST_GRANULARITIES];

	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		gamma_gradient[g] = DotUser(user_gradient, reading->vector[g], model->dimensions);
		GranularityBackward(model, g, sums->mass[g], reading, user_gradient, gradient, sums_gradient[g]);
	}
	GateBackward(reading, gamma_gradient, gradient);
	if (reading->vector[INTEREST_NEGATIVE] != NULL)
		NegativeBackward(model, sums->mass[INTEREST_NEGATIVE], reading, user_gradient, gradient,
						 sums_gradient[INTEREST_NEGATIVE]);
}

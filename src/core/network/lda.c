/*
 * lda.c
 *	  Linear discriminant analysis: a head out of sums, in one pass.
 */
#include "core/network/lda.h"

#include "core/base/deterministic.h"

#include <math.h>
#include <string.h>

/* Samples of every interest that are believed beforehand. */
#define SHARE_PRIOR 0.5

/* Variance that is there even where all u are one and the same. */
#define LEAST_VARIANCE 1e-6

void
InterestLdaInit(InterestLdaSums *sums, int interests, int dimensions, InterestArena *arena)
{
	size_t		n = (size_t) interests;
	size_t		d = (size_t) dimensions;

	sums->interests = interests;
	sums->dimensions = dimensions;
	sums->size = n + n * d + d * d + 1;
	sums->values = InterestArenaAllocateZero(arena, sizeof(double) * sums->size);
	sums->weight = sums->values;
	sums->sum = sums->weight + n;
	sums->products = sums->sum + n * d;
	sums->believed = sums->products + d * d;
}

void
InterestLdaAdd(InterestLdaSums *sums, int interest, double weight, const float *u)
{
	int			d = sums->dimensions;
	double	   *sum = sums->sum + (size_t) interest * d;

	sums->weight[interest] += weight;
	for (int i = 0; i < d; i++)
	{
		double	   *line = sums->products + (size_t) i * d;
		double		scaled = weight * u[i];

		sum[i] += scaled;
		for (int j = i; j < d; j++)
			line[j] += scaled * u[j];
	}
}

void
InterestLdaBelieve(InterestLdaSums *sums, double samples, double variance)
{
	sums->believed[0] += samples;
	for (int i = 0; i < sums->dimensions; i++)
		sums->products[(size_t) i * sums->dimensions + i] += samples * variance;
}

static double
TotalWeight(const InterestLdaSums *sums)
{
	double		total = 0.0;

	for (int k = 0; k < sums->interests; k++)
		total += sums->weight[k];
	return total;
}

/* mean (dimensions) of an interest; of all samples where it has none */
static void
MeanOf(const InterestLdaSums *sums, int interest, double total, double *mean)
{
	int			d = sums->dimensions;
	double		weight = sums->weight[interest];

	for (int i = 0; i < d; i++)
	{
		double		all = 0.0;

		for (int k = 0; weight == 0.0 && k < sums->interests; k++)
			all += sums->sum[(size_t) k * d + i];
		mean[i] = weight > 0.0 ? sums->sum[(size_t) interest * d + i] / weight
			: total > 0.0 ? all / total : 0.0;
	}
}

/* The covariance within interests, its diagonal raised: (d, d), i <= j */
static double *
Covariance(const InterestLdaSums *sums, double total, InterestArena *scratch)
{
	int			d = sums->dimensions;
	double	   *covariance = InterestArenaArray(scratch, double, d * d);
	double		trace = 0.0;

	total += sums->believed[0];
	memcpy(covariance, sums->products, sizeof(double) * (size_t) d * d);
	for (int k = 0; k < sums->interests; k++)
	{
		const double *sum = sums->sum + (size_t) k * d;

		InterestCheckCancel(scratch->host);
		for (int i = 0; sums->weight[k] > 0.0 && i < d; i++)
			for (int j = i; j < d; j++)
				covariance[i * d + j] -= sum[i] * sum[j] / sums->weight[k];
	}
	for (int i = 0; i < d; i++)
	{
		for (int j = i; total > 0.0 && j < d; j++)
			covariance[i * d + j] /= total;
		trace += covariance[i * d + i];
	}
	for (int i = 0; i < d; i++)
		covariance[i * d + i] += INTEREST_LDA_RIDGE * fmax(trace, 0.0) / d + LEAST_VARIANCE;
	return covariance;
}

/* The upper triangle R with R' R = matrix, in place; rounding cannot make a pivot vanish. */
static void
Factorize(double *matrix, int d)
{
	for (int i = 0; i < d; i++)
	{
		double		pivot;

		for (int k = 0; k < i; k++)
			for (int j = i; j < d; j++)
				matrix[i * d + j] -= matrix[k * d + i] * matrix[k * d + j];
		pivot = sqrt(fmax(matrix[i * d + i], LEAST_VARIANCE / 2));
		for (int j = i; j < d; j++)
			matrix[i * d + j] /= pivot;
		matrix[i * d + i] = pivot;
	}
}

/* x with R' R x = mean */
static void
SolveFor(const double *factor, int d, const double *mean, double *x)
{
	for (int i = 0; i < d; i++)
	{
		x[i] = mean[i];
		for (int k = 0; k < i; k++)
			x[i] -= factor[k * d + i] * x[k];
		x[i] /= factor[i * d + i];
	}
	for (int i = d - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < d; j++)
			x[i] -= factor[i * d + j] * x[j];
		x[i] /= factor[i * d + i];
	}
}

void
InterestLdaSolve(const InterestLdaSums *sums, const InterestHead *head, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = sums->dimensions;
	double		total = TotalWeight(sums);
	double		prior = SHARE_PRIOR + sums->believed[0] / sums->interests;
	double	   *factor = Covariance(sums, total, scratch);
	double	   *mean = InterestArenaArray(scratch, double, d);
	double	   *direction = InterestArenaArray(scratch, double, d);

	Factorize(factor, d);
	head->log_scale[0] = 0.0f;
	for (int k = 0; k < sums->interests; k++)
	{
		double		square = 0.0;
		double		share = (sums->weight[k] + prior) / (total + prior * sums->interests);

		MeanOf(sums, k, total, mean);
		SolveFor(factor, d, mean, direction);
		for (int i = 0; i < d; i++)
		{
			square += mean[i] * direction[i];
			head->linear.weight[(size_t) k * d + i] = (float) direction[i];
		}
		head->linear.bias[k] = (float) (InterestLog(share) - 0.5 * square);
	}
	InterestArenaReturnTo(scratch, mark);
}

/*
 * kernel.c
 *	  The portable kernel's functions as their definitions say, exact in double.
 *
 * The real ones take e^x and erf as far as a float goes, whose steps a finite
 * difference would see.
 */
#include "core/kernel/kernels.h"

#include <math.h>

static void
Product(int m, int n, int k, const float *a, int lda,
		const float *panels, const float *bias, float *c, int ldc)
{
	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++)
		{
			const float *column = panels + (size_t) (j / INTEREST_PANEL_WIDTH) * INTEREST_PANEL_WIDTH * k +
				j % INTEREST_PANEL_WIDTH;
			float		sum = bias ? bias[j] : 0;

			for (int p = 0; p < k; p++)
				sum += a[(size_t) i * lda + p] * column[(size_t) p * INTEREST_PANEL_WIDTH];
			c[(size_t) i * ldc + j] = sum;
		}
}

static void
LayerNorm(int rows, int n, float *x, int ldx, const float *residual, int ld_residual,
		  const float *gain, const float *bias, float epsilon)
{
	for (int i = 0; i < rows; i++, x += ldx)
	{
		float		mean = 0;
		float		variance = 0;

		for (int j = 0; j < n; j++)
		{
			x[j] += residual ? residual[(size_t) i * ld_residual + j] : 0;
			mean += x[j] / n;
		}
		for (int j = 0; j < n; j++)
			variance += (x[j] - mean) * (x[j] - mean) / n;
		for (int j = 0; j < n; j++)
			x[j] = (float) ((x[j] - mean) / sqrt(variance + epsilon)) * gain[j] + bias[j];
	}
}

static void
Gelu(int n, float *x)
{
	for (int j = 0; j < n; j++)
		x[j] = (float) (x[j] * (1.0 + erf(x[j] / sqrt(2.0))) / 2.0);
}

static void
Softmax(int n, float *x, float scale)
{
	float		largest = x[0];
	float		sum = 0;

	for (int j = 1; j < n; j++)
		largest = x[j] > largest ? x[j] : largest;
	for (int j = 0; j < n; j++)
	{
		x[j] = (float) exp(scale * (x[j] - largest));
		sum += x[j];
	}
	for (int j = 0; j < n; j++)
		x[j] /= sum;
}

static float
Dot(int n, const float *x, const float *y)
{
	float		sum = 0;

	for (int j = 0; j < n; j++)
		sum += x[j] * y[j];
	return sum;
}

static void
Axpy(int n, float alpha, const float *x, float *y)
{
	for (int j = 0; j < n; j++)
		y[j] += alpha * x[j];
}

static void
Add(int n, const float *x, float *y)
{
	Axpy(n, 1, x, y);
}

static void
Scale(int n, float alpha, float *x)
{
	for (int j = 0; j < n; j++)
		x[j] *= alpha;
}

/* What training does without stays NULL. */
const InterestKernel InterestKernelPortable = {
	.name = "portable", .product = Product, .layer_norm = LayerNorm, .gelu = Gelu, .softmax = Softmax,
	.dot = Dot, .axpy = Axpy, .add = Add, .scale = Scale
};

/*
 * kernel_test.c
 *	  Every kernel against the portable one, bit for bit, and the portable one
 *	  against double precision; packing; the general product; choosing.  Narrow
 *	  products are in narrow_test.c.
 *
 * INTEREST_BEST_KERNEL names the kernel that this processor must be given, where
 * the processor is known.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/kernel/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static InterestArena arena;
static InterestRandom numbers;
static const InterestKernel *portable;

/* n numbers around 0 of deviation spread, at an address of no particular alignment. */
static float *
Numbers(size_t n, double spread)
{
	float	   *x = InterestArenaArray(&arena, float, n + 1);

	x++;
	for (size_t i = 0; i < n; i++)
	{
		double		sum = -2.0;

		for (int j = 0; j < 4; j++)
			sum += InterestRandomUniform(&numbers);
		x[i] = (float) (sum * sqrt(3.0) * spread);
	}
	return x;
}

/* The copy is of exact size, so that the sanitizer sees a step beyond it. */
static float *
Copy(const float *x, size_t n)
{
	float	   *copy = malloc(n * sizeof(float) + (n == 0));

	if (copy == NULL)
		abort();
	return memcpy(copy, x, n * sizeof(float));
}

/* The same in the arena. */
static float *
Copied(const float *x, size_t n)
{
	return memcpy(InterestArenaArray(&arena, float, n), x, n * sizeof(float));
}

static bool
SameBits(const float *a, const float *b, size_t n)
{
	return memcmp(a, b, n * sizeof(float)) == 0;
}

static double
LargestDifference(const float *x, const double *exact, size_t n)
{
	double		largest = 0;

	for (size_t i = 0; i < n; i++)
		if (!(fabs(x[i] - exact[i]) <= largest))
			largest = fabs(x[i] - exact[i]);
	return largest;
}

/*
 * One product by a kernel against fmaf in a plain loop, over unpacked weights.
 * What lies between the rows of the result must stay as it was.
 */
static void
CheckProduct(const InterestKernel *kernel, int m, int n, int k, bool with_bias)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			lda = k + 3;
	int			ldc = n + 5;
	size_t		size = m > 0 ? (size_t) (m - 1) * ldc + n : 0;
	float	   *a = Numbers((size_t) m * lda, 1);
	float	   *w = Numbers((size_t) n * k, 1);
	float	   *bias = Copy(Numbers((size_t) n, 1), (size_t) n);
	float	   *panels = InterestArenaArray(&arena, float, InterestPanelsSize(n, k));
	float	   *c = Copy(Numbers(size, 1), size);
	float	   *expected = Copy(c, size);
	float	   *left = Copy(a, m > 0 ? (size_t) (m - 1) * lda + k : 0);

	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++)
		{
			float		sum = with_bias ? bias[j] : 0.0f;

			for (int p = 0; p < k; p++)
				sum = fmaf(a[i * lda + p], w[j * k + p], sum);
			expected[i * ldc + j] = sum;
		}
	InterestPackPanels(n, k, w, k, panels);
	kernel->product(m, n, k, left, lda, panels, with_bias ? bias : NULL, c, ldc);
	if (!CHECK(SameBits(c, expected, size)))
		printf("# %s product of %d, %d, %d\n", kernel->name, m, n, k);
	free(bias);
	free(c);
	free(expected);
	free(left);
	InterestArenaReturnTo(&arena, mark);
}

/* A kernel's panels hold w; behind the last column is anything, behind the last panel nothing. */
static void
CheckPack(const InterestKernel *kernel, int n, int k)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	size_t		size = InterestPanelsSize(n, k);
	int			ldw = k + 3;
	float	   *w = Copy(Numbers((size_t) n * ldw, 1), (size_t) (n - 1) * ldw + k);
	float	   *panels = InterestArenaArray(&arena, float, size + INTEREST_LANES);
	float	   *expected = InterestArenaArray(&arena, float, size);
	bool		same = true;

	panels[size] = 7;
	kernel->pack(n, k, w, ldw, panels);
	InterestPackPanels(n, k, w, ldw, expected);
	for (size_t i = 0; i < size; i++)
	{
		size_t		panel = i / ((size_t) k * INTEREST_PANEL_WIDTH);
		size_t		column = panel * INTEREST_PANEL_WIDTH + i % INTEREST_PANEL_WIDTH;

		same &= column >= (size_t) n || panels[i] == expected[i];
	}
	if (!CHECK(same && panels[size] == 7))
		printf("# %s panels of %d, %d\n", kernel->name, n, k);
	free(w);
	InterestArenaReturnTo(&arena, mark);
}

/* Panels of a matrix turned by a kernel are those of the turned matrix. */
static void
CheckTransposed(const InterestKernel *kernel, int n, int k)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *w = Numbers((size_t) n * k, 1);
	float	   *panels = InterestArenaArray(&arena, float, InterestPanelsSize(n, k));
	float	   *turned = InterestArenaAllocateZero(&arena, sizeof(float) * InterestPanelsSize(k, n));
	float	   *expected = InterestArenaArray(&arena, float, InterestPanelsSize(k, n));
	bool		same = true;

	InterestPackPanels(n, k, w, k, panels);
	InterestPackPanelsTransposed(k, n, w, k, expected);
	InterestTransposePanels(kernel, n, k, panels, turned);
	for (int j = 0; j < k; j++)
		for (int p = 0; p < n; p++)
		{
			size_t		at = ((size_t) (j / INTEREST_PANEL_WIDTH) * n + p) * INTEREST_PANEL_WIDTH + j % INTEREST_PANEL_WIDTH;

			same &= turned[at] == expected[at];
		}
	if (!CHECK(same))
		printf("# %s transposed panels of %d, %d\n", kernel->name, n, k);
	InterestArenaReturnTo(&arena, mark);
}

static void
TestPacks(const InterestKernel *kernel)
{
	for (int n = 1; n <= 70; n += 3)
		for (int k = 1; k <= 70; k += 4)
			CheckTransposed(kernel, n, k);
	for (int n = 1; n <= 70; n++)
		for (int k = 1; k <= 13; k++)
			CheckPack(kernel, n, k);
	CheckPack(kernel, 128, 64);
}

static void
TestProducts(const InterestKernel *kernel)
{
	static const int columns[] = {1, 8, 15, 16, 31, 32, 33, 64, 71, 96};
	static const int depths[] = {0, 1, 2, 7, 12, 32, 37};

	for (int m = 0; m <= 15; m++)
		for (size_t j = 0; j < sizeof(columns) / sizeof(columns[0]); j++)
			for (size_t p = 0; p < sizeof(depths) / sizeof(depths[0]); p++)
				CheckProduct(kernel, m, columns[j], depths[p], (m + j + p) % 3 > 0);
	CheckProduct(kernel, 1, 64, 384, true);
	CheckProduct(kernel, 1, 128, 1000, true);
	CheckProduct(kernel, 128, 40, 384, true);
	/* So deep that the left side goes in slabs. */
	CheckProduct(kernel, 20, 33, 4000, true);
	CheckProduct(kernel, 8, 8, 12000, false);
}

/* The functions of one row, on rows of every length up to a few times 16. */
static void
CheckRow(const InterestKernel *kernel, int n)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *x = Numbers((size_t) n, 3);
	float	   *y = Copy(Numbers((size_t) n, 1), (size_t) n);
	float	   *gain = Copy(Numbers((size_t) n, 1), (size_t) n);
	float	   *bias = Copy(Numbers((size_t) n, 1), (size_t) n);

#define CHECK_SAME(call) \
	do { \
		float	   *ours = Copy(x, (size_t) n); \
		float	   *theirs = Copy(x, (size_t) n); \
		const InterestKernel *k = kernel; \
		float	   *row = ours; \
\
		call; \
		k = portable; \
		row = theirs; \
		call; \
		CHECK(SameBits(ours, theirs, (size_t) n)); \
		free(ours); \
		free(theirs); \
	} while (0)

	CHECK_SAME(k->layer_norm(1, n, row, n, y, n, gain, bias, 1e-12f));
	CHECK_SAME(k->layer_norm(1, n, row, n, NULL, 0, gain, bias, 1e-5f));
	CHECK_SAME(k->layer_norm_gradient(1, n, y, n, gain, 1e-5f, row, n));
	CHECK_SAME(k->gelu(n, row));
	CHECK_SAME(k->gelu_coarse(n, row));
	CHECK_SAME(k->gelu_slope(n, Copied(y, (size_t) n), row));
	CHECK_SAME(k->gelu_tanh(n, row));
	CHECK_SAME(k->relu(n, row));
	CHECK_SAME(k->softmax(n, row, 0.3f));
	CHECK_SAME(k->normalize(n, row));
	CHECK_SAME(k->softmax_gradient(n, y, 0.3f, row));
	CHECK_SAME(k->add(n, y, row));
	CHECK_SAME(k->multiply(n, y, row));
	CHECK_SAME(k->axpy(n, 0.7f, y, row));
	CHECK_SAME(k->scale(n, 0.7f, row));
	CHECK_SAME(row[0] = k->dot(n, y, x));
	free(y);
	free(gain);
	free(bias);
	InterestArenaReturnTo(&arena, mark);
}

/* Rows together are each row alone, and what lies between them stays as it was. */
static void
CheckLayerNorms(const InterestKernel *kernel, int rows, int n)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			stride = n + 3;
	int			residual_stride = n + 5;
	size_t		size = (size_t) (rows - 1) * stride + n;
	size_t		residual_size = (size_t) (rows - 1) * residual_stride + n;
	float	   *ours = Copy(Numbers(size, 3), size);
	float	   *theirs = Copy(ours, size);
	float	   *residual = Copy(Numbers(residual_size, 1), residual_size);
	float	   *gain = Copy(Numbers((size_t) n, 1), (size_t) n);

	kernel->layer_norm(rows, n, ours, stride, residual, residual_stride, gain, gain, 1e-12f);
	kernel->layer_norm(rows, n, ours, stride, NULL, 0, gain, gain, 1e-12f);
	for (int i = 0; i < rows; i++)
	{
		float	   *row = theirs + (size_t) i * stride;

		portable->layer_norm(1, n, row, n, residual + (size_t) i * residual_stride, n, gain, gain, 1e-12f);
		portable->layer_norm(1, n, row, n, NULL, 0, gain, gain, 1e-12f);
	}
	if (!CHECK(SameBits(ours, theirs, size)))
		printf("# %s LayerNorm of %d rows of %d\n", kernel->name, rows, n);
	free(ours);
	free(theirs);
	free(residual);
	free(gain);
	InterestArenaReturnTo(&arena, mark);
}

static void
CheckRows(const InterestKernel *kernel, int rows, int n)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			stride = n + 3;
	size_t		size = (size_t) (rows - 1) * stride + n;
	float	   *x = Copy(Numbers(size, 1), size);
	float	   *ours = Copy(x, (size_t) n);
	float	   *theirs = Copy(x, (size_t) n);

	kernel->mean_rows(rows, n, x, stride, ours);
	portable->mean_rows(rows, n, x, stride, theirs);
	CHECK(SameBits(ours, theirs, (size_t) n));
	for (int j = 0; j < n; j++)
	{
		double		sum = 0;

		for (int i = 0; i < rows; i++)
			sum += x[(size_t) i * stride + j];
		if (!CHECK_NEAR(ours[j], sum / rows, 1e-6))
			break;
	}
	kernel->max_rows(rows, n, x, stride, ours);
	for (int j = 0; j < n; j++)
	{
		float		largest = x[j];

		for (int i = 1; i < rows; i++)
			largest = fmaxf(largest, x[(size_t) i * stride + j]);
		if (!CHECK(ours[j] == largest))
			break;
	}
	free(x);
	free(ours);
	free(theirs);
	InterestArenaReturnTo(&arena, mark);
}

/* The values at which a polynomial, a bound or a sign could go wrong. */
static void
TestSpecialValues(const InterestKernel *kernel)
{
	static const float values[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 5.55f, -5.55f, 12, -12,
	87.3f, -87.4f, 100, -100, 3e38f, -3e38f, INFINITY, -INFINITY, NAN};
	void		(*const activations[][2]) (int n, float *x) = {
		{kernel->gelu, portable->gelu}, {kernel->gelu_coarse, portable->gelu_coarse},
		{kernel->gelu_tanh, portable->gelu_tanh}, {kernel->relu, portable->relu}
	};
	enum
	{
		COUNT = sizeof(values) / sizeof(values[0])
	};

	for (int i = 0; i < COUNT; i++)
		for (size_t which = 0; which < sizeof(activations) / sizeof(activations[0]); which++)
		{
			float		ours[3] = {1, values[i], 2};
			float		theirs[3] = {1, values[i], 2};

			activations[which][0] (3, ours);
			activations[which][1] (3, theirs);
			CHECK(SameBits(ours, theirs, 3) || (isnan(ours[1]) && isnan(theirs[1])));
			CHECK(!isnan(values[i]) || isnan(ours[1]));
		}
	for (int i = 0; i < COUNT; i++)
	{
		float		x[20] = {0};

		x[17] = values[i];
		kernel->softmax(20, x, 1);
		CHECK(isfinite(values[i]) || values[i] < 0 ? x[0] >= 0 && x[17] >= 0 : isnan(x[17]));
	}
	{
		float		zeros[5] = {0};

		kernel->normalize(5, zeros);
		CHECK(zeros[0] == 0 && zeros[4] == 0);
		kernel->softmax(0, zeros, 1);
	}
}

/* Heads of short texts, beside the steps that they are put together from. */
static void
CheckAttend(const InterestKernel *kernel, int length, int size)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			stride = 3 * size + 5;
	int			context_stride = size + 3;
	size_t		context_size = (size_t) (length - 1) * context_stride + size;
	float	   *mixed = Copy(Numbers((size_t) length * stride - 5, 2), (size_t) length * stride - 5);
	float	   *ours = Copy(Numbers(context_size, 1), context_size);
	float	   *theirs = Copy(ours, context_size);
	float	   *panels = InterestArenaArray(&arena, float, InterestPanelsSize(length, size));
	float	   *keys = InterestArenaAllocateZero(&arena, sizeof(float) * InterestPanelsSize(length, size));
	float	   *values = InterestArenaArray(&arena, float, InterestPanelsSize(size, length));
	float	   *scores = InterestArenaArray(&arena, float, length * length);

	kernel->attend(length, size, mixed, mixed + size, mixed + 2 * size, stride, 0.6f, panels, ours, context_stride);
	InterestPackPanels(length, size, mixed + size, stride, keys);
	InterestPackPanelsTransposed(size, length, mixed + 2 * size, stride, values);
	portable->product(length, length, size, mixed, stride, keys, NULL, scores, length);
	for (int i = 0; i < length; i++)
		portable->softmax(length, scores + i * length, 0.6f);
	portable->product(length, size, length, scores, length, values, NULL, theirs, context_stride);
	CHECK(SameBits(ours, theirs, context_size));
	free(mixed);
	free(ours);
	free(theirs);
	InterestArenaReturnTo(&arena, mark);
}

static void
TestSameBits(const InterestKernel *kernel)
{
	static const int sizes[] = {1, 7, 16, 32, 37, 64};

	for (int length = 1; length <= INTEREST_LANES; length++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			CheckAttend(kernel, length, sizes[i]);
	for (int n = 1; n <= 67; n++)
		CheckRow(kernel, n);
	CheckRow(kernel, 384);
	CheckRow(kernel, 1000);
	for (int rows = 1; rows <= 40; rows += 3)
		for (int n = 1; n <= 40; n += 3)
		{
			CheckRows(kernel, rows, n);
			CheckLayerNorms(kernel, rows, n);
		}
	TestSpecialValues(kernel);
}

/* Error of the activations, relative to max(1, |x|), over a fine grid. */
static void
TestActivationAccuracy(void)
{
	double		gelu_error = 0;
	double		coarse_error = 0;
	double		tanh_error = 0;
	double		slope_error = 0;

	for (double at = -12; at <= 12; at += 1.0 / 1024)
	{
		float		gelu = (float) at;
		float		gelu_coarse = (float) at;
		float		gelu_tanh = (float) at;
		float		value = (float) at;
		float		slope;
		double		x = (float) at;
		double		size = fmax(1, fabs(x));
		double		exact = x * 0.5 * erfc(-x / sqrt(2));
		double		exact_tanh = x * 0.5 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));

		portable->gelu(1, &gelu);
		portable->gelu_coarse(1, &gelu_coarse);
		portable->gelu_tanh(1, &gelu_tanh);
		gelu_error = fmax(gelu_error, fabs(gelu - exact) / size);
		coarse_error = fmax(coarse_error, fabs(gelu_coarse - exact) / size);
		tanh_error = fmax(tanh_error, fabs(gelu_tanh - exact_tanh) / size);
		portable->gelu_slope(1, &value, &slope);
		CHECK(SameBits(&value, &gelu, 1));
		exact = 0.5 * erfc(-x / sqrt(2)) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI);
		slope_error = fmax(slope_error, fabs(slope - exact));
	}
	printf("# error of gelu %.2g, coarse %.2g, of gelu_tanh %.2g, of gelu's slope %.2g\n",
		   gelu_error, coarse_error, tanh_error, slope_error);
	CHECK(slope_error > 0 && slope_error <= 4e-7);
	CHECK(gelu_error > 0 && gelu_error <= 3e-7);
	CHECK(coarse_error > 0 && coarse_error <= 1.7e-4);
	CHECK(tanh_error > 0 && tanh_error <= 3e-7);
}

/* e^x is seen through softmax over two elements, e^x / (1 + e^x). */
static void
TestSoftmaxAccuracy(void)
{
	double		error = 0;

	for (double at = 0; at < 80; at += 1.0 / 128)
	{
		float		x[2] = {0, (float) -at};
		double		e = exp(-(double) (float) at);

		portable->softmax(2, x, 1);
		error = fmax(error, fabs(x[1] / (e / (1 + e)) - 1));
	}
	printf("# relative error of softmax %.2g\n", error);
	CHECK(error > 0 && error < 1e-6);
}

static void
TestSoftmaxRow(int n, float scale)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *x = Numbers((size_t) n, 4);
	double	   *exact = InterestArenaArray(&arena, double, n);
	double		largest = -INFINITY;
	double		sum = 0;

	for (int i = 0; i < n; i++)
		largest = fmax(largest, (double) x[i] * scale);
	for (int i = 0; i < n; i++)
		sum += exact[i] = exp((double) x[i] * scale - largest);
	for (int i = 0; i < n; i++)
		exact[i] /= sum;
	portable->softmax(n, x, scale);
	CHECK(LargestDifference(x, exact, (size_t) n) < 1e-6);
	InterestArenaReturnTo(&arena, mark);
}

static void
TestLayerNormAccuracy(int n, double shift)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *x = Numbers((size_t) n, 2);
	float	   *residual = Numbers((size_t) n, 1);
	float	   *gain = Numbers((size_t) n, 1);
	float	   *bias = Numbers((size_t) n, 1);
	double	   *exact = InterestArenaArray(&arena, double, n);
	double		mean = 0;
	double		variance = 0;

	for (int i = 0; i < n; i++)
	{
		x[i] += (float) shift;
		mean += exact[i] = (double) x[i] + residual[i];
	}
	mean /= n;
	for (int i = 0; i < n; i++)
		variance += (exact[i] - mean) * (exact[i] - mean);
	variance /= n;
	for (int i = 0; i < n; i++)
		exact[i] = (exact[i] - mean) / sqrt(variance + 1e-12) * gain[i] + bias[i];
	portable->layer_norm(1, n, x, n, residual, n, gain, bias, 1e-12f);
	CHECK(LargestDifference(x, exact, (size_t) n) < 3e-6 * (1 + fabs(shift)));
	InterestArenaReturnTo(&arena, mark);
}

/* Gradients through LayerNorm and softmax against differences of what they are gradients of. */
static void
TestGradients(int n)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *x = Numbers((size_t) n, 2);
	float	   *by_out = Numbers((size_t) n, 1);
	float	   *gain = Numbers((size_t) n, 1);
	float	   *zeros = InterestArenaAllocateZero(&arena, sizeof(float) * (size_t) n);
	float	   *normal = Copied(by_out, (size_t) n);
	float	   *shares = Copied(x, (size_t) n);
	float	   *soft = Copied(by_out, (size_t) n);
	const float step = 1.0f / 64;

	portable->layer_norm_gradient(1, n, x, n, gain, 1e-12f, normal, n);
	portable->softmax(n, shares, 0.7f);
	portable->softmax_gradient(n, shares, 0.7f, soft);
	for (int j = 0; j < n; j += n / 5 + 1)
	{
		double		slope[2] = {0};

		for (int side = -1; side <= 1; side += 2)
		{
			float	   *moved = Copied(x, (size_t) n);
			float	   *moved_soft = Copied(x, (size_t) n);

			moved_soft[j] = moved[j] = x[j] + (float) side * step;
			portable->layer_norm(1, n, moved, n, NULL, 0, gain, zeros, 1e-12f);
			portable->softmax(n, moved_soft, 0.7f);
			for (int i = 0; i < n; i++)
			{
				slope[0] += side * (double) by_out[i] * moved[i] / (2 * step);
				slope[1] += side * (double) by_out[i] * moved_soft[i] / (2 * step);
			}
		}
		CHECK_NEAR(normal[j], slope[0], 1e-3);
		CHECK_NEAR(soft[j], slope[1], 1e-3);
	}
	InterestArenaReturnTo(&arena, mark);
}

static void
TestAccuracy(void)
{
	TestActivationAccuracy();
	TestSoftmaxAccuracy();
	TestGradients(20);
	TestGradients(384);
	for (int n = 1; n < 600; n = n * 3 / 2 + 1)
	{
		TestSoftmaxRow(n, 0.5f);
		TestSoftmaxRow(n, 3);
		/* One element has no deviation, two next to each other hardly any. */
		if (n > 3)
		{
			TestLayerNormAccuracy(n, 0);
			TestLayerNormAccuracy(n, 10);
		}
	}
}

/* Columns packed one group after another are the columns packed at once. */
static void
TestPacking(void)
{
	enum
	{
		K = 5, PART = 20, N = 3 * PART
	};
	float	   *w = Numbers(N * K, 1);
	float	   *transposed = InterestArenaArray(&arena, float, N * K);
	size_t		size = InterestPanelsSize(N, K);
	float	   *whole = InterestArenaArray(&arena, float, size);
	float	   *parts = InterestArenaAllocateZero(&arena, size * sizeof(float));
	float	   *turned = InterestArenaArray(&arena, float, size);

	CHECK_INTEGER(size, 64 * K);
	CHECK_INTEGER(InterestPanelsSize(64, K), 64 * K);
	CHECK_INTEGER(InterestPanelsSize(65, K), 96 * K);
	for (int i = 0; i < N; i++)
		for (int p = 0; p < K; p++)
			transposed[p * N + i] = w[i * K + p];
	InterestPackPanels(N, K, w, K, whole);
	InterestPackPanelsTransposed(N, K, transposed, N, turned);
	for (int part = 0; part < 3; part++)
		InterestPackColumns(INTEREST_STORAGE_FP32, part * PART, PART, K, w + part * PART * K, parts);
	CHECK(SameBits(whole, parts, size));
	CHECK(SameBits(whole, turned, size));
	CHECK(whole[1] == w[K] && whole[INTEREST_PANEL_WIDTH] == w[1]);
	CHECK(whole[size - 1] == 0);
}

static void
CheckSgemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, float beta)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			lda = (transpose_a ? m : k) + 2;
	int			ldb = (transpose_b ? k : n) + 3;
	int			ldc = n + 1;
	float	   *a = Numbers((size_t) (transpose_a ? k : m) * lda, 1);
	float	   *b = Numbers((size_t) (transpose_b ? n : k) * ldb, 1);
	float	   *c = Numbers((size_t) m * ldc, 1);
	double	   *exact = InterestArenaArray(&arena, double, (size_t) m * ldc);

	for (int i = 0; i < m; i++)
	{
		for (int j = 0; j < n; j++)
		{
			double		sum = 0;

			for (int p = 0; p < k; p++)
				sum += (double) a[transpose_a ? p * lda + i : i * lda + p] *
					b[transpose_b ? j * ldb + p : p * ldb + j];
			exact[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * (double) c[i * ldc + j]);
			/* Where beta is 0, c may hold anything. */
			if (beta == 0)
				c[i * ldc + j] = NAN;
		}
		exact[i * ldc + n] = c[i * ldc + n];
	}
	InterestSgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, &arena);
	CHECK(LargestDifference(c, exact, (size_t) m * ldc) < 2e-6 * (k + 1));
	InterestArenaReturnTo(&arena, mark);
}

static void
TestSgemm(void)
{
	for (int flags = 0; flags < 4; flags++)
	{
		CheckSgemm(flags & 1, flags & 2, 1, 1, 1, 1, 0);
		CheckSgemm(flags & 1, flags & 2, 7, 33, 12, 1, 1);
		CheckSgemm(flags & 1, flags & 2, 200, 64, 50, 0.5f, 0);
		CheckSgemm(flags & 1, flags & 2, 100, 20, 128, -2, 0.25f);
		CheckSgemm(flags & 1, flags & 2, 3, 40, 0, 1, 0.5f);
		CheckSgemm(flags & 1, flags & 2, 0, 40, 3, 1, 0);
	}
}

static void
TestChoice(void)
{
	const char *const *names = InterestKernelNames();
	const InterestKernel *best = InterestKernelChoose("auto");
	const char *expected = getenv("INTEREST_BEST_KERNEL");

	CHECK_STRING(names[0], "auto");
	CHECK(best != NULL && InterestKernelChoose(best->name) == best);
	CHECK(InterestKernelChoose("portable") != NULL);
	CHECK(InterestKernelChoose("") == NULL);
	CHECK(InterestKernelChoose("AVX2") == NULL);
	CHECK(InterestKernelChoose("sse9") == NULL);
	for (int i = 1; names[i]; i++)
	{
		const InterestKernel *kernel = InterestKernelChoose(names[i]);

		if (kernel)
			CHECK_STRING(kernel->name, names[i]);
	}
	if (expected)
		CHECK_STRING(best->name, expected);
	/* Where the best one is the last resort, no other may be had. */
	for (int i = 1; names[i] && best == portable; i++)
		CHECK(InterestKernelChoose(names[i]) == NULL || strcmp(names[i], "portable") == 0);
	printf("# auto is %s\n", best->name);
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	numbers = InterestRandomKeyed(1, 0, 0, 0);
	portable = InterestKernelChoose("portable");
	TestChoice();
	TestPacking();
	TestAccuracy();
	TestSgemm();
	for (const char *const *name = InterestKernelNames() + 1; *name; name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*name);

		if (kernel)
		{
			TestPacks(kernel);
			TestProducts(kernel);
			TestSameBits(kernel);
		}
		else if (getenv("INTEREST_BEST_KERNEL") == NULL)
			CheckSkip("this processor cannot run one of the kernels");
	}
	InterestArenaFree(&arena);
	return CheckReport("kernel");
}

/*
 * narrow_test.c
 *	  bf16 and int8: what numbers are narrowed to; every kernel's products
 *	  against arithmetic written out, bit for bit.  INTEREST_BEST_KERNEL as in
 *	  kernel_test.c.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/kernel/kernel.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static InterestArena arena;
static InterestRandom numbers;

/* Uniform in (-1, 1) times a power of two between 2^least and 2^most. */
static float
Number(int least, int most)
{
	int			exponent = least + (int) InterestRandomBelow(&numbers, (uint32_t) (most - least + 1));

	return ldexpf((float) (2 * InterestRandomUniform(&numbers) - 1), exponent);
}

static float *
Numbers(size_t n, int least, int most)
{
	float	   *x = InterestArenaArray(&arena, float, n);

	for (size_t i = 0; i < n; i++)
		x[i] = Number(least, most);
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

static uint16_t
Bf16(float x)
{
	uint16_t	narrow;

	InterestToBf16(1, &x, &narrow);
	return narrow;
}

static float
Wide(uint16_t x)
{
	float		wide;

	InterestFromBf16(1, &x, &wide);
	return wide;
}

static void
TestBf16(void)
{
	CHECK_INTEGER(Bf16(1.0f), 0x3f80);
	CHECK_INTEGER(Bf16(-1.0f), 0xbf80);
	CHECK_INTEGER(Bf16(0x1.01p0f), 0x3f80);	/* halfway: to the even one */
	CHECK_INTEGER(Bf16(0x1.03p0f), 0x3f82);
	CHECK_INTEGER(Bf16(0x1.010002p0f), 0x3f81);
	CHECK_INTEGER(Bf16(0x1.ffp0f), 0x4000);	/* carries into the exponent */
	CHECK_INTEGER(Bf16(FLT_MAX), 0x7f80);
	CHECK_INTEGER(Bf16(-INFINITY), 0xff80);
	CHECK_INTEGER(Bf16(-0.0f), 0x8000);
	CHECK_INTEGER(Bf16(FLT_MIN), 0x0080);
	CHECK_INTEGER(Bf16(0x1.fffffcp-127f), 0);
	CHECK_INTEGER(Bf16(-0x1p-140f), 0x8000);
	CHECK(isnan(Wide(Bf16(NAN))));
	for (uint32_t i = 0; i < 0x10000; i++)
	{
		float		wide = Wide((uint16_t) i);

		/* Denormals are not kept, a NaN becomes a quiet one. */
		if (!isnan(wide) && (wide == 0 || fabsf(wide) >= FLT_MIN))
			if (!CHECK_INTEGER(Bf16(wide), i))
				break;
	}
	for (int i = 0; i < 1000; i++)
	{
		float		x = Number(-100, 100);

		if (!CHECK_NEAR(Wide(Bf16(x)), x, fabs(x) * 0x1p-8))
			break;
	}
}

static void
CheckInt8(size_t n, int least, int most)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *x = Numbers(n, least, most);
	int8_t	   *steps = InterestArenaArray(&arena, int8_t, n);
	float	   *back = InterestArenaArray(&arena, float, n);
	float		scale = InterestToInt8(n, x, steps);
	float		largest = 0;
	int			most_steps = 0;

	InterestFromInt8(n, steps, scale, back);
	for (size_t i = 0; i < n; i++)
	{
		largest = fmaxf(largest, fabsf(x[i]));
		most_steps = abs(steps[i]) > most_steps ? abs(steps[i]) : most_steps;
		CHECK_NEAR(back[i], x[i], 0.500001 * scale);
	}
	CHECK(scale == largest / 127);
	CHECK_INTEGER(most_steps, 127);
	InterestArenaReturnTo(&arena, mark);
}

static void
TestInt8(void)
{
	float		odd[3] = {1, 0.5f, -127};
	float		zeros[3] = {0, -0.0f, 0};
	float		tiny[3] = {1e-31f, -1e-40f, 0};
	float		infinite[3] = {1, -INFINITY, 2};
	float		none[3] = {1, NAN, INFINITY};
	int8_t		steps[3];

	for (size_t n = 1; n < 40; n++)
		CheckInt8(n, -3, 3);
	CheckInt8(1000, -99, 0);
	CheckInt8(100, 120, 126);
	CHECK(InterestToInt8(3, odd, steps) == 1.0f);
	CHECK(steps[0] == 1 && steps[1] == 0 && steps[2] == -127);
	odd[1] = 1.5f;
	InterestToInt8(3, odd, steps);
	CHECK_INTEGER(steps[1], 2);	/* halfway: to the even one */
	CHECK(InterestToInt8(3, zeros, steps) == 0 && steps[0] == 0 && steps[1] == 0);
	CHECK(InterestToInt8(3, tiny, steps) < 1e-32f && steps[0] == 0);
	CHECK(isinf(InterestToInt8(3, infinite, steps)));
	CHECK(isnan(InterestToInt8(3, none, steps)));
}

static void
TestNames(void)
{
	InterestStorage storage;
	InterestStatus status = {0};

	for (int i = 0; i < INTEREST_STORAGES; i++)
		CHECK(InterestStorageFromName(InterestStorageName((InterestStorage) i), &storage, &status) &&
			  (int) storage == i);
	CHECK_STRING(InterestStorageName(INTEREST_STORAGE_BF16), "bf16");
	CHECK(!InterestStorageFromName("fp16", &storage, &status));
	CHECK_STRING(status.message, "unknown storage \"fp16\"");
	CHECK_STRING(status.hint, "Use fp32, bf16 or int8.");
}

/* One step of the bf16 product: all of it in exact arithmetic but its rounding. */
static float
Bf16Step(float a, float b, float c)
{
	double		exact;
	float		sum;

	if (fabsf(c) < FLT_MIN)
		c = copysignf(0, c);
	sum = fmaf(a, b, c);
	exact = (double) a * b + c;
	/* As if exponents had no end: below the least normal number also after rounding. */
	if (exact != 0 && fabs((double) (float) (exact * 0x1p60)) * 0x1p-60 < 0x1p-126)
		return copysignf(0, sum);
	return sum;
}

static float
Bf16Sum(int k, const float *x, const float *w, float bias)
{
	float		sum = bias;

	for (int p = 0; p < k; p += 2)
	{
		if (p + 1 < k)
			sum = Bf16Step(Wide(Bf16(x[p + 1])), Wide(Bf16(w[p + 1])), sum);
		else
			sum = Bf16Step(0, 0, sum);
		sum = Bf16Step(Wide(Bf16(x[p])), Wide(Bf16(w[p])), sum);
	}
	return sum;
}

/* w_margin: those of all columns, width of them a row. */
static float
Int8Sum(int k, const int8_t *x, const float *x_margin, const int8_t *w, const float *w_margin,
		size_t width, float bias)
{
	int32_t		sum = 0;

	for (int p = 0; p < k; p++)
		sum += x[p] * w[p];
	bias = fmaf(x_margin[1], w_margin[width], bias);
	bias = fmaf(x_margin[2], w_margin[2 * width], bias);
	return fmaf((float) sum * x_margin[0], w_margin[0], bias);
}

/* A product's operands, and the result that it must have. */
typedef struct Case
{
	InterestStorage storage;
	int			m;
	int			n;
	int			k;
	float	   *x;				/* (m, k) */
	float	   *outliers;		/* (m, INTEREST_INT8_OUTLIERS) */
	float	   *bias;
	InterestNarrowWeights weights;
	float	   *expected;		/* (m, n) */
} Case;

static void
MakeInt8(Case *test, const float *w)
{
	int			n = test->n;
	int			k = test->k;
	size_t		columns = InterestPanelsSize(n, 1);
	float	   *margins = Numbers(INTEREST_INT8_MARGIN * columns, -3, 3);
	int32_t    *offsets = InterestArenaAllocateZero(&arena, sizeof(int32_t) * columns);
	int8_t	   *steps = InterestArenaArray(&arena, int8_t, (size_t) n * k);
	int8_t	   *row = InterestArenaArray(&arena, int8_t, k);

	for (int j = 0; j < n; j++)
		margins[j] = InterestToInt8((size_t) k, w + j * k, steps + j * k);
	InterestPackColumns(INTEREST_STORAGE_INT8, 0, n, k, steps, (void *) test->weights.panels);
	InterestPackOffsets(n, k, steps, offsets);
	test->weights.margins = margins;
	test->weights.offsets = offsets;
	for (int i = 0; i < test->m; i++)
	{
		float		margin[INTEREST_INT8_MARGIN] = {InterestToInt8((size_t) k, test->x + i * k, row)};

		memcpy(margin + 1, test->outliers + i * INTEREST_INT8_OUTLIERS, sizeof(float) * INTEREST_INT8_OUTLIERS);
		for (int j = 0; j < n; j++)
			test->expected[i * n + j] = Int8Sum(k, row, margin, steps + j * k, margins + j, columns, test->bias[j]);
	}
}

static void
MakeBf16(Case *test, const float *w)
{
	int			n = test->n;
	int			k = test->k;
	uint16_t   *narrow = InterestArenaArray(&arena, uint16_t, (size_t) n * k);

	InterestToBf16((size_t) n * k, w, narrow);
	InterestPackColumns(INTEREST_STORAGE_BF16, 0, n, k, narrow, (void *) test->weights.panels);
	for (int i = 0; i < test->m; i++)
		for (int j = 0; j < n; j++)
			test->expected[i * n + j] = Bf16Sum(k, test->x + i * k, w + j * k, test->bias[j]);
}

/* Numbers between 2^least and 2^most on both sides. */
static Case
MakeCase(InterestStorage storage, int m, int n, int k, int least, int most)
{
	Case		test = {.storage = storage, .m = m, .n = n, .k = k};
	float	   *w = Numbers((size_t) n * k, least, most);

	test.x = Numbers((size_t) m * k, least, most);
	test.outliers = Numbers((size_t) m * INTEREST_INT8_OUTLIERS, least, most);
	test.bias = Numbers((size_t) n, 2 * least, 2 * most);
	test.weights.panels = InterestArenaAllocateZero(&arena, InterestPanelsBytes(storage, n, k));
	test.expected = InterestArenaArray(&arena, float, (size_t) m * n);
	if (storage == INTEREST_STORAGE_INT8)
		MakeInt8(&test, w);
	else
		MakeBf16(&test, w);
	return test;
}

/* One kernel; what lies between the rows of the result must stay as it was. */
static void
CheckKernel(const InterestKernel *kernel, const Case *test)
{
	const InterestNarrowKernel *narrow = kernel->narrow[test->storage];
	size_t		stride = ((size_t) (test->k + 15) / 16 * 16 * narrow->code_size + 63) / 64 * 64;
	char	   *codes = InterestArenaAllocate(&arena, stride * (size_t) test->m);
	float	   *margins = InterestArenaArray(&arena, float, test->m * INTEREST_INT8_MARGIN);
	int			ldc = test->n + 3;
	size_t		size = test->m > 0 ? (size_t) (test->m - 1) * ldc + test->n : 0;
	int			ldx = test->k + 2;
	size_t		x_size = test->m > 0 ? (size_t) (test->m - 1) * ldx + test->k : 0;
	float	   *x = Copy(Numbers(x_size, 100, 100), x_size);
	float	   *bias = Copy(test->bias, (size_t) test->n);
	float	   *c = Copy(Numbers(size, 0, 0), size);
	float	   *expected = Copy(c, size);

	/* Whatever lies there must not matter. */
	memset(codes, 0xff, stride * (size_t) test->m);
	for (int i = 0; i < test->m; i++)
		memcpy(x + i * ldx, test->x + i * test->k, sizeof(float) * (size_t) test->k);
	narrow->narrow(test->m, test->k, x, ldx, codes, stride, margins);
	for (int i = 0; i < test->m; i++)
	{
		memcpy(margins + i * INTEREST_INT8_MARGIN + 1, test->outliers + i * INTEREST_INT8_OUTLIERS,
			   sizeof(float) * INTEREST_INT8_OUTLIERS);
		memcpy(expected + i * ldc, test->expected + i * test->n, sizeof(float) * (size_t) test->n);
	}
	narrow->product(test->m, test->n, test->k, codes, stride, margins, &test->weights, bias, c, ldc);
	if (!CHECK(memcmp(c, expected, size * sizeof(float)) == 0))
		printf("# %s %s product of %d, %d, %d\n", kernel->name, InterestStorageName(test->storage),
			   test->m, test->n, test->k);
	free(x);
	free(bias);
	free(c);
	free(expected);
}

static void
CheckCase(InterestStorage storage, int m, int n, int k, int least, int most)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	Case		test = MakeCase(storage, m, n, k, least, most);

	for (const char *const *name = InterestKernelNames() + 1; *name; name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*name);

		if (kernel)
			CheckKernel(kernel, &test);
	}
	InterestArenaReturnTo(&arena, mark);
}

/* Widened weights are what products make of unit vectors; two channels are outliers. */
static void
CheckWidened(InterestStorage storage, int n, int k)
{
	static const int32_t outliers[INTEREST_INT8_OUTLIERS] = {1, 4};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	const InterestKernel *kernel = InterestKernelChoose("portable");
	const InterestNarrowKernel *narrow = kernel->narrow[storage];
	bool		int8 = storage == INTEREST_STORAGE_INT8;
	Case		test = MakeCase(storage, 1, n, k, -3, 3);
	float	   *panels = InterestArenaArray(&arena, float, InterestPanelsSize(n, k));
	float	   *zeros = InterestArenaAllocateZero(&arena, sizeof(float) * (size_t) n);
	float	   *c = InterestArenaArray(&arena, float, n);
	char	   *codes = InterestArenaAllocate(&arena, sizeof(uint16_t) * (size_t) (k + INTEREST_LANES));

	InterestWidenPanels(storage, n, k, &test.weights, int8 ? outliers : NULL, panels);
	for (int p = 0; p < k; p++)
	{
		float	   *unit = InterestArenaAllocateZero(&arena, sizeof(float) * (size_t) k);
		float		margins[INTEREST_INT8_MARGIN] = {0};

		unit[p] = 1;
		if (int8)
			InterestTakeOutliers(unit, outliers, margins + 1);
		narrow->narrow(1, k, unit, k, codes, 0, margins);
		narrow->product(1, n, k, codes, 0, margins, &test.weights, zeros, c, n);
		for (int j = 0; j < n; j++)
		{
			size_t		panel = (size_t) (j / INTEREST_PANEL_WIDTH) * k * INTEREST_PANEL_WIDTH;

			CHECK_NEAR(panels[panel + (size_t) p * INTEREST_PANEL_WIDTH + j % INTEREST_PANEL_WIDTH], c[j], 1e-6 * fabsf(c[j]));
		}
	}
	InterestArenaReturnTo(&arena, mark);
}

static void
TestProducts(InterestStorage storage)
{
	static const int columns[] = {1, 8, 15, 16, 31, 32, 33, 64, 71, 96};
	static const int depths[] = {1, 2, 3, 4, 7, 12, 32, 37, 50};

	for (int m = 0; m <= 15; m++)
		for (size_t j = 0; j < sizeof(columns) / sizeof(columns[0]); j++)
			for (size_t p = 0; p < sizeof(depths) / sizeof(depths[0]); p++)
				CheckCase(storage, m, columns[j], depths[p], -2, 2);
	CheckCase(storage, 1, 64, 384, -2, 2);
	CheckCase(storage, 64, 40, 384, -8, 2);
	/* So deep that the left side goes in slabs. */
	CheckCase(storage, 20, 33, 4000, -2, 2);
	CheckCase(storage, 16, 8, 16384, 0, 0);
	CheckWidened(storage, 7, 5);
	CheckWidened(storage, 40, 14);
	CheckWidened(storage, 64, 33);
}

/* Products near the least normal number, where results may be denormal. */
static void
TestDenormals(void)
{
	for (int i = 0; i < 40; i++)
	{
		CheckCase(INTEREST_STORAGE_BF16, 15, 33, 3 + i, -66, -60);
		CheckCase(INTEREST_STORAGE_BF16, 7, 33, 3 + i, -75, -63);
		CheckCase(INTEREST_STORAGE_BF16, 3, 40, 3 + i, -126, 0);
	}
}

/* Far from what fp32 gives, but not further than the storage explains. */
static void
TestAccuracy(InterestStorage storage, double least_error, double most_error)
{
	enum
	{
		M = 10, N = 32, K = 384
	};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	float	   *w;
	Case		test;
	InterestRandom before = numbers;
	double		error = 0;
	double		size = 0;

	test = MakeCase(storage, M, N, K, 0, 0);
	numbers = before;
	w = Numbers(N * K, 0, 0);
	for (int i = 0; i < M; i++)
		for (int j = 0; j < N; j++)
		{
			double		sum = test.bias[j];

			for (int p = 0; p < K; p++)
				sum += (double) test.x[i * K + p] * w[j * K + p];
			for (int q = 0; storage == INTEREST_STORAGE_INT8 && q < INTEREST_INT8_OUTLIERS; q++)
				sum += (double) test.outliers[i * INTEREST_INT8_OUTLIERS + q] *
					test.weights.margins[(1 + q) * N + j];
			error += (test.expected[i * N + j] - sum) * (test.expected[i * N + j] - sum);
			size += sum * sum;
		}
	printf("# %s: relative error of products %.2g\n", InterestStorageName(storage), sqrt(error / size));
	CHECK(sqrt(error / size) > least_error && sqrt(error / size) < most_error);
	InterestArenaReturnTo(&arena, mark);
}

/* A row that is not finite must not give a finite result. */
static void
TestNotFinite(const InterestKernel *kernel)
{
	static const float values[] = {INFINITY, -INFINITY, NAN};

	for (int storage = INTEREST_STORAGE_BF16; storage < INTEREST_STORAGES; storage++)
		for (int which = 0; which < 3; which++)
		{
			InterestArenaMark mark = InterestArenaGetMark(&arena);
			const InterestNarrowKernel *narrow = kernel->narrow[storage];
			Case		test = MakeCase((InterestStorage) storage, 2, 40, 20, 0, 0);
			size_t		stride = (size_t) 32 * (size_t) narrow->code_size;
			char	   *codes = InterestArenaAllocate(&arena, 2 * stride);
			float		margins[2 * INTEREST_INT8_MARGIN];
			float		c[80];

			test.x[7] = values[which];
			narrow->narrow(2, 20, test.x, 20, codes, stride, margins);
			for (int i = 0; i < 2; i++)
				memcpy(margins + i * INTEREST_INT8_MARGIN + 1, test.outliers + i * INTEREST_INT8_OUTLIERS,
					   sizeof(float) * INTEREST_INT8_OUTLIERS);
			narrow->product(2, 40, 20, codes, stride, margins, &test.weights, test.bias, c, 40);
			for (int j = 0; j < 40; j++)
				CHECK(!isfinite(c[j]) && c[40 + j] == test.expected[40 + j]);
			InterestArenaReturnTo(&arena, mark);
		}
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	numbers = InterestRandomKeyed(2, 0, 0, 0);
	TestNames();
	TestBf16();
	TestInt8();
	TestProducts(INTEREST_STORAGE_BF16);
	TestProducts(INTEREST_STORAGE_INT8);
	TestDenormals();
	TestAccuracy(INTEREST_STORAGE_BF16, 1e-4, 4e-3);
	TestAccuracy(INTEREST_STORAGE_INT8, 1e-3, 1e-2);
	for (const char *const *name = InterestKernelNames() + 1; *name; name++)
	{
		const InterestKernel *kernel = InterestKernelChoose(*name);

		if (kernel)
			TestNotFinite(kernel);
		else if (getenv("INTEREST_BEST_KERNEL") == NULL)
			CheckSkip("this processor cannot run one of the kernels");
	}
	InterestArenaFree(&arena);
	return CheckReport("narrow");
}

/*
 * surrogate.c
 *	  LIME and KernelSHAP.
 */
#include "core/explain/surrogate.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"

#include <math.h>
#include <string.h>

/* A pivot below this share of the diagonal: the unknown is taken to be 0. */
#define LEAST_PIVOT 1e-12

/* --- linear algebra --- */

/*
 * Solves a x = b (n) for a symmetric, positive a (n, n) by Cholesky's
 * decomposition, in place; b becomes x.  What the masks do not determine is 0.
 */
static void
Solve(int n, double *a, double *b, const InterestHost *host)
{
	for (int i = 0; i < n; i++)
	{
		double	   *row = a + (size_t) i * n;
		double		diagonal = row[i];

		InterestCheckCancel(host);
		for (int j = 0; j <= i; j++)
		{
			const double *other = a + (size_t) j * n;
			double		sum = row[j];

			for (int k = 0; k < j; k++)
				sum -= row[k] * other[k];
			if (j < i)
				row[j] = other[j] > 0.0 ? sum / other[j] : 0.0;
			else
				row[i] = sum > LEAST_PIVOT * diagonal ? sqrt(sum) : 0.0;
		}
		for (int k = 0; k < i; k++)
			b[i] -= row[k] * b[k];
		b[i] = row[i] > 0.0 ? b[i] / row[i] : 0.0;
	}
	for (int i = n - 1; i >= 0; i--)
	{
		double		diagonal = a[(size_t) i * n + i];

		for (int k = i + 1; k < n; k++)
			b[i] -= a[(size_t) k * n + i] * b[k];
		b[i] = diagonal > 0.0 ? b[i] / diagonal : 0.0;
	}
}

/* Adds weight x x' and weight x y, x (n); the lower triangle only. */
static void
AddSample(int n, const double *x, double y, double weight, double *a, double *b)
{
	for (int i = 0; i < n; i++)
	{
		double		scaled = weight * x[i];

		if (scaled == 0.0)
			continue;
		for (int j = 0; j <= i; j++)
			a[(size_t) i * n + j] += scaled * x[j];
		b[i] += scaled * y;
	}
}

/* --- masks --- */

static void
NewMasks(int features, int count, InterestArena *arena, InterestMasks *masks)
{
	*masks = (InterestMasks) {
		.features = features, .count = count,
		.kept = InterestArenaArray(arena, bool, (size_t) count * (size_t) features),
		.value = InterestArenaArray(arena, double, count),
		.weight = InterestArenaArray(arena, double, count)
	};
}

static bool *
MaskAt(const InterestMasks *masks, int i)
{
	return masks->kept + (size_t) i * (size_t) masks->features;
}

static void
Evaluate(const InterestGame *game, const InterestHost *host, InterestMasks *masks)
{
	for (int i = 0; i < masks->count; i++)
	{
		InterestCheckCancel(host);
		masks->value[i] = game->value(game->context, MaskAt(masks, i));
	}
}

/* Sets so many of the mask's features (n), drawn at random, to what is said; order (n) is any order. */
static void
DrawSubset(InterestRandom *random, int n, int size, bool what, int *order, bool *kept)
{
	for (int i = 0; i < n; i++)
		kept[i] = !what;
	for (int i = 0; i < size; i++)
	{
		int			j = i + (int) InterestRandomBelow(random, (uint32_t) (n - i));
		int			drawn = order[j];

		order[j] = order[i];
		order[i] = drawn;
		kept[drawn] = what;
	}
}

static int *
AnyOrder(int n, InterestArena *arena)
{
	int		   *order = InterestArenaArray(arena, int, n);

	for (int i = 0; i < n; i++)
		order[i] = i;
	return order;
}

/* --- LIME --- */

double
InterestLimeWeight(int features, int kept)
{
	/* The cosine of the mask and the one that keeps everything is sqrt(kept / features). */
	double		distance = 100.0 * (1.0 - sqrt((double) kept / features));

	return sqrt(InterestExp(-distance * distance / (INTEREST_LIME_WIDTH * INTEREST_LIME_WIDTH)));
}

void
InterestLimeMasks(const InterestGame *game, int samples, uint64_t seed, InterestArena *arena,
				  InterestMasks *masks)
{
	InterestRandom random = InterestRandomKeyed(seed, 0, 0, 0);
	int			n = game->features;
	int		   *order = AnyOrder(n, arena);

	NewMasks(n, samples, arena, masks);
	for (int i = 0; i < samples; i++)
	{
		int			left_out = i == 0 ? 0 : 1 + (int) InterestRandomBelow(&random, (uint32_t) n);

		DrawSubset(&random, n, left_out, false, order, MaskAt(masks, i));
		masks->weight[i] = InterestLimeWeight(n, n - left_out);
	}
	Evaluate(game, arena->host, masks);
}

/* The weighted mean of each feature (n), and of the values. */
static void
WeightedMeans(const InterestMasks *masks, double *means, double *value)
{
	double		total = 0.0;

	*value = 0.0;
	for (int i = 0; i < masks->count; i++)
	{
		const bool *kept = MaskAt(masks, i);

		total += masks->weight[i];
		*value += masks->weight[i] * masks->value[i];
		for (int j = 0; j < masks->features; j++)
			means[j] += kept[j] ? masks->weight[i] : 0.0;
	}
	*value /= total;
	for (int j = 0; j < masks->features; j++)
		means[j] /= total;
}

void
InterestLimeSolve(const InterestMasks *masks, InterestArena *arena, InterestSurrogate *surrogate)
{
	size_t		n = (size_t) masks->features;
	double	   *a;
	double	   *x;
	double	   *means;
	double		mean;
	InterestArenaMark mark;

	surrogate->value = InterestArenaAllocateZero(arena, n * sizeof(double));
	surrogate->all = masks->value[0];
	mark = InterestArenaGetMark(arena);
	a = InterestArenaAllocateZero(arena, n * n * sizeof(double));
	x = InterestArenaArray(arena, double, n);
	means = InterestArenaAllocateZero(arena, n * sizeof(double));
	WeightedMeans(masks, means, &mean);
	for (int i = 0; i < masks->count; i++)
	{
		const bool *kept = MaskAt(masks, i);

		InterestCheckCancel(arena->host);
		for (size_t j = 0; j < n; j++)
			x[j] = (double) kept[j] - means[j];
		AddSample((int) n, x, masks->value[i] - mean, masks->weight[i], a, surrogate->value);
	}
	for (size_t j = 0; j < n; j++)
		a[j * n + j] += INTEREST_LIME_RIDGE;
	Solve((int) n, a, surrogate->value, arena->host);
	surrogate->base = mean;
	for (size_t j = 0; j < n; j++)
		surrogate->base -= means[j] * surrogate->value[j];
	InterestArenaReturnTo(arena, mark);
}

/* --- KernelSHAP --- */

/* The kernel's weight of one coalition of that size, 0 < size < features. */
static double
ShapKernel(int features, int size)
{
	double		ways = 1.0;

	for (int i = 1; i <= size; i++)
		ways *= (double) (features - size + i) / i;
	return (features - 1) / (ways * size * (features - size));
}

/* All coalitions but for none and all. */
static void
EnumerateMasks(int features, InterestArena *arena, InterestMasks *masks)
{
	NewMasks(features, (1 << features) - 2, arena, masks);
	for (int i = 0; i < masks->count; i++)
	{
		int			size = 0;

		for (int j = 0; j < features; j++)
		{
			MaskAt(masks, i)[j] = (i + 1) >> j & 1;
			size += (i + 1) >> j & 1;
		}
		masks->weight[i] = ShapKernel(features, size);
	}
}

/* A size by the kernel: that of all coalitions of a size together is (n - 1) / (size (n - size)). */
static int
DrawSize(InterestRandom *random, int n, double total)
{
	double		left = InterestRandomUniform(random) * total;
	int			size = 1;

	while (size < n - 1 && (left -= 1.0 / ((double) size * (n - size))) >= 0.0)
		size++;
	return size;
}

/* The kernel is in how often a mask is drawn: each counts the same. */
static void
SampleMasks(int features, int samples, uint64_t seed, InterestArena *arena, InterestMasks *masks)
{
	InterestRandom random = InterestRandomKeyed(seed, 1, 0, 0);
	int		   *order = AnyOrder(features, arena);
	double		total = 0.0;

	for (int size = 1; size < features; size++)
		total += 1.0 / ((double) size * (features - size));
	NewMasks(features, (samples + 1) / 2 * 2, arena, masks);
	for (int i = 0; i < masks->count; i += 2)
	{
		bool	   *kept = MaskAt(masks, i);

		DrawSubset(&random, features, DrawSize(&random, features, total), true, order, kept);
		for (int j = 0; j < features; j++)
			MaskAt(masks, i + 1)[j] = !kept[j];
		masks->weight[i] = masks->weight[i + 1] = 1.0;
	}
}

void
InterestShapMasks(const InterestGame *game, int samples, uint64_t seed, InterestArena *arena,
				  InterestMasks *masks)
{
	int			n = game->features;

	if (n <= INTEREST_SHAP_EXACT || (n < 20 && samples >= (1 << n) - 2))
		EnumerateMasks(n, arena, masks);
	else
		SampleMasks(n, samples, seed, arena, masks);
	Evaluate(game, arena->host, masks);
}

void
InterestShapSolve(const InterestMasks *masks, double none, double all, InterestArena *arena,
				  InterestSurrogate *surrogate)
{
	int			last = masks->features - 1;
	double	   *a;
	double	   *x;
	InterestArenaMark mark;

	surrogate->base = none;
	surrogate->all = all;
	surrogate->value = InterestArenaAllocateZero(arena, sizeof(double) * (size_t) masks->features);
	mark = InterestArenaGetMark(arena);
	a = InterestArenaAllocateZero(arena, sizeof(double) * (size_t) last * (size_t) last);
	x = InterestArenaArray(arena, double, last);

	/* The constraint gives the last feature what the others leave. */
	for (int i = 0; i < masks->count; i++)
	{
		const bool *kept = MaskAt(masks, i);

		InterestCheckCancel(arena->host);
		for (int j = 0; j < last; j++)
			x[j] = (double) kept[j] - (double) kept[last];
		AddSample(last, x, masks->value[i] - none - kept[last] * (all - none), masks->weight[i],
				  a, surrogate->value);
	}
	Solve(last, a, surrogate->value, arena->host);
	surrogate->value[last] = all - none;
	for (int j = 0; j < last; j++)
		surrogate->value[last] -= surrogate->value[j];
	InterestArenaReturnTo(arena, mark);
}

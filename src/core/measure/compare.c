/*
 * compare.c
 *	  Two systems on the same users, user by user.
 */
#include "core/measure/compare.h"

#include "core/base/random.h"
#include "core/measure/tally.h"

#include <math.h>
#include <string.h>

#define EXCHANGES 9999
#define LEAST_EXCHANGES 999

/* Users that all exchanges together may touch: about a second. */
#define MOST_STEPS 3e8

/* Sums in another order differ by this share of them. */
#define ROUNDING 1e-12

#define EXCHANGE_SEED UINT64_C(0x65786368)

const char *
InterestUserFigureName(int figure)
{
	static const char *const names[INTEREST_USER_FIGURES] = {"accuracy", "log_loss", "brier"};

	return names[figure];
}

static double
FigureOf(const InterestTally *tally, int sample, int figure)
{
	const double figures[INTEREST_USER_FIGURES] = {
		tally->right[sample], tally->log_loss[sample], tally->brier[sample]
	};

	return figures[figure];
}

void
InterestMeasureUsers(const InterestPredictions *predictions, InterestArena *arena,
					 InterestUserMeans *means)
{
	InterestArenaMark mark;
	InterestTally tally;

	means->count = 0;
	means->user = InterestArenaArray(arena, int, predictions->count);
	for (int f = 0; f < INTEREST_USER_FIGURES; f++)
		means->figures[f] = InterestArenaArray(arena, double, predictions->count);
	mark = InterestArenaGetMark(arena);
	InterestTallyInit(&tally, predictions, arena);
	for (int i = 0, next; i < predictions->count; i = next)
	{
		for (next = i; next < predictions->count && predictions->user[next] == predictions->user[i]; next++)
			;
		for (int f = 0; f < INTEREST_USER_FIGURES; f++)
		{
			double		sum = 0.0;
			double		weights = 0.0;

			for (int j = i; j < next; j++)
				if (!isnan(FigureOf(&tally, j, f)))
				{
					sum += predictions->weight[j] * FigureOf(&tally, j, f);
					weights += predictions->weight[j];
				}
			means->figures[f][means->count] = weights > 0.0 ? sum / weights : NAN;
		}
		means->user[means->count++] = predictions->user[i];
	}
	InterestArenaReturnTo(arena, mark);
}

static int
CountExchanges(int users)
{
	double		exchanges = MOST_STEPS / users;

	if (exchanges > EXCHANGES)
		return EXCHANGES;
	return exchanges > LEAST_EXCHANGES ? (int) exchanges : LEAST_EXCHANGES;
}

/* The share of exchanges whose difference is as large as the one that was met, itself among them. */
static double
ProbabilityOf(int count, const double *a, const double *b, uint64_t seed, const InterestHost *host)
{
	int			exchanges = CountExchanges(count);
	int			as_large = 1;
	double		sum_a = 0.0;
	double		sum_b = 0.0;
	double		size = 0.0;

	for (int i = 0; i < count; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
		{
			sum_a += a[i];
			sum_b += b[i];
			size += fabs(a[i]) + fabs(b[i]);
		}

	for (int e = 0; e < exchanges; e++)
	{
		InterestRandom random = InterestRandomKeyed(seed ^ EXCHANGE_SEED, (uint64_t) e, 0, 0);
		double		exchanged = 0.0;

		InterestCheckCancel(host);
		for (int i = 0; i < count; i++)
		{
			bool		exchange = InterestRandomNext(&random) >> 63;

			if (!isnan(a[i]) && !isnan(b[i]))
				exchanged += exchange ? a[i] - b[i] : b[i] - a[i];
		}
		as_large += fabs(exchanged) >= fabs(sum_b - sum_a) - ROUNDING * size;
	}
	return (double) as_large / (exchanges + 1);
}

InterestComparison
InterestDifference(int count, const double *a, const double *b)
{
	InterestComparison comparison = {0, NAN, NAN, NAN, NAN, NAN};
	double		sum_a = 0.0;
	double		sum_b = 0.0;
	double		squares = 0.0;
	double		n;

	for (int i = 0; i < count; i++)
	{
		if (isnan(a[i]) || isnan(b[i]))
			continue;
		comparison.users++;
		sum_a += a[i];
		sum_b += b[i];
	}
	n = comparison.users;
	if (comparison.users == 0)
		return comparison;
	comparison.a = sum_a / n;
	comparison.b = sum_b / n;
	comparison.difference = comparison.b - comparison.a;
	for (int i = 0; i < count; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
			squares += (b[i] - a[i] - comparison.difference) * (b[i] - a[i] - comparison.difference);
	if (comparison.users > 1)
		comparison.error = sqrt(squares / (n - 1.0) / n);
	return comparison;
}

InterestComparison
InterestCompare(int count, const double *a, const double *b, uint64_t seed, const InterestHost *host)
{
	InterestComparison comparison = InterestDifference(count, a, b);

	if (comparison.users > 0)
		comparison.p = ProbabilityOf(count, a, b, seed, host);
	return comparison;
}

bool
InterestIsAsGood(const InterestPredictions *predictions, double **lowest, InterestArena *keep, InterestArena *scratch)
{
	InterestUserMeans means;
	InterestComparison compared;
	const double *losses;
	size_t		size;

	InterestMeasureUsers(predictions, scratch, &means);
	losses = means.figures[INTEREST_USER_LOG_LOSS];
	size = sizeof(double) * (size_t) means.count;
	if (*lowest == NULL)
	{
		*lowest = memcpy(InterestArenaAllocate(keep, size), losses, size);
		return true;
	}
	compared = InterestDifference(means.count, *lowest, losses);
	if (compared.difference < 0.0)
		memcpy(*lowest, losses, size);
	return !(compared.difference > compared.error);
}

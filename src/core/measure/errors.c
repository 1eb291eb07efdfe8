/*
 * errors.c
 *	  How far metrics can be trusted: standard errors, and what chance alone
 *	  does to the calibration error.
 */
#include "core/measure/tally.h"

#include "core/base/random.h"

#include <math.h>
#include <string.h>

/* Draws of users, and of answers. */
#define DRAWS 200
#define CHANCE_DRAWS 100

/* AUCs have fewer draws where there is much to sort, and no errors below these. */
#define LEAST_DRAWS 20
#define MOST_STEPS 1e9			/* through sorted scores: some seconds */

#define DRAW_SEED UINT64_C(0x64726177)
#define CHANCE_SEED UINT64_C(0x6368616e6365)

static double
WeightOf(const InterestPredictions *predictions, int sample)
{
	return predictions->weight ? predictions->weight[sample] : 1.0;
}

static bool
IsSameUser(const InterestPredictions *predictions, int sample)
{
	return sample > 0 && predictions->user && predictions->user[sample] == predictions->user[sample - 1];
}

/* --- standard errors --- */

/* Sums of a figure over the draws where it is a number. */
typedef struct Spread
{
	double		count;
	double		sum;
	double		squares;
} Spread;

static void
Add(Spread *spread, double figure)
{
	if (isnan(figure))
		return;
	spread->count += 1.0;
	spread->sum += figure;
	spread->squares += figure * figure;
}

static double
ErrorOf(const Spread *spread)
{
	double		mean = spread->sum / spread->count;

	if (spread->count < 2.0)
		return NAN;
	return sqrt(fmax(spread->squares - spread->count * mean * mean, 0.0) / (spread->count - 1.0));
}

/* Everything that has an error, of all interests together and of one. */
#define FIGURES 10
#define FIGURES_OF_ONE 4

static double *
FigureOf(InterestMetrics *metrics, int figure)
{
	double	   *const figures[FIGURES] = {
		&metrics->accuracy, &metrics->precision, &metrics->recall, &metrics->f1, &metrics->auc,
		&metrics->log_loss, &metrics->brier, &metrics->ece, &metrics->micro_f1, &metrics->subset_accuracy
	};

	return figures[figure];
}

static double *
FigureOfOne(InterestMetricsOfOne *of, int figure)
{
	double	   *const figures[FIGURES_OF_ONE] = {&of->precision, &of->recall, &of->f1, &of->auc};

	return figures[figure];
}

/* What the draws work on. */
typedef struct Bootstrap
{
	const InterestPredictions *predictions;
	InterestArena *scratch;
	uint64_t	seed;
	int			users;
	int		   *times;			/* (users): how often each is drawn */
	double	   *weight;			/* (samples), of the draw */
	Spread		figures[FIGURES];
	Spread	   *of;				/* (interests, FIGURES_OF_ONE) */
} Bootstrap;

/* Sets the weights of a draw: as many users as there are, each as often as it comes. */
static void
DrawUsers(const Bootstrap *bootstrap, int draw)
{
	const InterestPredictions *predictions = bootstrap->predictions;
	InterestRandom random = InterestRandomKeyed(bootstrap->seed ^ DRAW_SEED, (uint64_t) draw, 0, 0);
	int			user = -1;

	InterestCheckCancel(bootstrap->scratch->host);
	memset(bootstrap->times, 0, sizeof(int) * (size_t) bootstrap->users);
	for (int i = 0; i < bootstrap->users; i++)
		bootstrap->times[InterestRandomBelow(&random, (uint32_t) bootstrap->users)]++;
	for (int i = 0; i < predictions->count; i++)
	{
		user += !IsSameUser(predictions, i);
		bootstrap->weight[i] = WeightOf(predictions, i) * bootstrap->times[user];
	}
}

static void
AddDraw(Bootstrap *bootstrap, InterestMetrics *metrics)
{
	for (int f = 0; f < FIGURES; f++)
		Add(&bootstrap->figures[f], *FigureOf(metrics, f));
	for (int i = 0; i < bootstrap->predictions->interests; i++)
		for (int f = 0; metrics->of[i].positives > 0 && f < FIGURES_OF_ONE; f++)
			Add(&bootstrap->of[i * FIGURES_OF_ONE + f], *FigureOfOne(&metrics->of[i], f));
}

static int
CountAucDraws(const InterestPredictions *predictions)
{
	double		draws = MOST_STEPS / ((double) predictions->count * predictions->interests);

	if (draws >= DRAWS)
		return DRAWS;
	return draws >= LEAST_DRAWS ? (int) draws : 0;
}

/* The AUCs of the draws, interest by interest, so that each is sorted once. */
static void
AddAucs(Bootstrap *bootstrap)
{
	const InterestPredictions *predictions = bootstrap->predictions;
	InterestArena *scratch = bootstrap->scratch;
	int			count = predictions->count;
	int			draws = CountAucDraws(predictions);
	double	   *score = InterestArenaArray(scratch, double, count);
	uint8_t    *positive = InterestArenaArray(scratch, uint8_t, count);
	int		   *order = InterestArenaArray(scratch, int, count);
	Spread	   *of_draw = InterestArenaAllocateZero(scratch, sizeof(Spread) * (size_t) draws);

	for (int i = 0; draws > 0 && i < predictions->interests; i++)
	{
		InterestScoresOf(predictions, i, score, positive);
		InterestOrderScores(count, score, order, scratch);
		for (int draw = 0; draw < draws; draw++)
		{
			double		auc;

			DrawUsers(bootstrap, draw);
			auc = InterestOrderedAuc(count, order, score, positive, bootstrap->weight);
			Add(&bootstrap->of[i * FIGURES_OF_ONE + 3], auc);
			Add(&of_draw[draw], auc);
		}
	}
	for (int draw = 0; draw < draws; draw++)
		Add(&bootstrap->figures[4], of_draw[draw].sum / of_draw[draw].count);
}

static int
CountUsers(const InterestPredictions *predictions)
{
	int			users = 0;

	for (int i = 0; i < predictions->count; i++)
		users += !IsSameUser(predictions, i);
	return users;
}

void
InterestMeasureErrors(const InterestPredictions *predictions, uint64_t seed, InterestArena *arena,
					  InterestMetrics *errors)
{
	int			interests = predictions->interests;
	InterestMetricsOfOne *of = InterestArenaArray(arena, InterestMetricsOfOne, interests);
	InterestArenaMark mark = InterestArenaGetMark(arena);
	InterestMetricsOfOne *drawn = InterestArenaArray(arena, InterestMetricsOfOne, interests);
	Bootstrap	bootstrap = {
		.predictions = predictions, .scratch = arena, .seed = seed, .users = CountUsers(predictions)
	};
	InterestTally tally;

	bootstrap.times = InterestArenaArray(arena, int, bootstrap.users);
	bootstrap.weight = InterestArenaArray(arena, double, predictions->count);
	bootstrap.of = InterestArenaAllocateZero(arena, sizeof(Spread) * FIGURES_OF_ONE * (size_t) interests);
	InterestTallyInit(&tally, predictions, arena);
	for (int draw = 0; draw < DRAWS; draw++)
	{
		InterestMetrics metrics;

		DrawUsers(&bootstrap, draw);
		InterestTallySum(&tally, bootstrap.weight, arena, drawn, &metrics);
		AddDraw(&bootstrap, &metrics);
	}
	AddAucs(&bootstrap);
	memset(errors, 0, sizeof(*errors));
	errors->of = of;
	for (int f = 0; f < FIGURES; f++)
		*FigureOf(errors, f) = ErrorOf(&bootstrap.figures[f]);
	for (int i = 0; i < interests; i++)
	{
		of[i].positives = 0;
		for (int f = 0; f < FIGURES_OF_ONE; f++)
			*FigureOfOne(&of[i], f) = ErrorOf(&bootstrap.of[i * FIGURES_OF_ONE + f]);
	}
	InterestArenaReturnTo(arena, mark);
}

/* --- by activity --- */

static bool
IsIn(const InterestPredictions *predictions, int sample, int bin)
{
	return bin == INTEREST_ACTIVITY_BINS ||
		(predictions->rows && InterestActivityBin(predictions->rows[sample]) == bin);
}

/*
 * The mean calibration error of a bin's samples whose answers are drawn as
 * their probabilities say.
 */
static double
ChanceEce(const InterestTally *tally, int bin, uint64_t seed, const InterestHost *host)
{
	const InterestPredictions *predictions = tally->predictions;
	double		total = 0.0;

	for (int draw = 0; draw < CHANCE_DRAWS; draw++)
	{
		double		gap[INTEREST_ECE_BINS] = {0.0};
		double		weights = 0.0;
		double		ece = 0.0;

		InterestCheckCancel(host);
		for (int i = 0; i < predictions->count; i++)
		{
			InterestRandom random = InterestRandomKeyed(seed ^ CHANCE_SEED, (uint64_t) draw, (uint64_t) i, 0);
			double		probability = InterestTopProbability(tally, i);
			double		right = InterestRandomUniform(&random) < probability;

			if (!IsIn(predictions, i, bin))
				continue;
			weights += WeightOf(predictions, i);
			gap[InterestReliabilityBin(probability)] += WeightOf(predictions, i) * (right - probability);
		}
		for (int b = 0; b < INTEREST_ECE_BINS; b++)
			ece += fabs(gap[b]);
		total += ece / weights;
	}
	return total / CHANCE_DRAWS;
}

void
InterestMeasureActivity(const InterestPredictions *predictions, uint64_t seed, InterestArena *scratch,
						InterestActivity activity[INTEREST_ACTIVITY_BINS + 1])
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestMetricsOfOne *of = InterestArenaArray(scratch, InterestMetricsOfOne, predictions->interests);
	double	   *weight = InterestArenaArray(scratch, double, predictions->count);
	InterestTally tally;

	InterestTallyInit(&tally, predictions, scratch);
	for (int bin = 0; bin <= INTEREST_ACTIVITY_BINS; bin++)
	{
		InterestMetrics metrics;

		for (int i = 0; i < predictions->count; i++)
			weight[i] = IsIn(predictions, i, bin) ? WeightOf(predictions, i) : 0.0;
		InterestTallySum(&tally, weight, scratch, of, &metrics);
		activity[bin] = (InterestActivity) {
			.samples = metrics.samples, .accuracy = metrics.accuracy, .log_loss = metrics.log_loss,
			.ece = metrics.ece, .chance_ece = metrics.samples > 0 ? ChanceEce(&tally, bin, seed, scratch->host) : NAN
		};
	}
	InterestArenaReturnTo(scratch, mark);
}

/*
 * measure_test.c
 *	  Metrics against values computed by hand, and against scikit-learn's.
 *
 * scikit-learn 1.x gives the figures of the shared cases with
 *	  accuracy_score(y, p.argmax(1), sample_weight=w)
 *	  precision_recall_fscore_support(..., average='macro', zero_division=0)
 *	  mean of roc_auc_score(y == i, p[:, i]), log_loss(y, p)
 *	  mean of ((p - one_hot(y)) ** 2).sum(1)
 * and for several interests at once with the same functions column by column.
 * ECE and the cases of absent interests are by hand.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/base/sort.h"
#include "core/measure/compare.h"
#include "core/measure/curves.h"

#include <math.h>

#define TOLERANCE 1e-6			/* probabilities are floats */

static const float one_probability[8 * 3] = {
	.7f, .2f, .1f, .1f, .6f, .3f, .2f, .5f, .3f, .3f, .3f, .4f,
	.5f, .25f, .25f, .1f, .1f, .8f, .6f, .3f, .1f, .2f, .2f, .6f
};
static const int one_label[8] = {0, 1, 2, 2, 1, 2, 0, 0};

static const float several_probability[8 * 3] = {
	.9f, .2f, .1f, .6f, .6f, .3f, .2f, .5f, .7f, .3f, .3f, .4f,
	.5f, .25f, .75f, .1f, .1f, .8f, .6f, .3f, .4f, .2f, .2f, .6f
};
static const uint8_t several_labels[8 * 3] = {
	1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0,
	0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1
};
static const double weights[8] = {1, 1, .5, .5, 2, 1, .25, .25};

static InterestArena arena;

static InterestMetrics
MeasureOne(const float *probability, const int *label, int count, int interests,
		   const double *weight)
{
	InterestPredictions predictions = {
		.count = count, .interests = interests, .probability = probability, .label = label, .weight = weight
	};
	InterestMetrics metrics;

	InterestMeasure(&predictions, &arena, &metrics);
	CHECK(isnan(metrics.auc));
	InterestMeasureAucs(&predictions, &arena, &metrics);
	return metrics;
}

static InterestMetrics
MeasureSeveral(const double *weight)
{
	InterestPredictions predictions = {
		.count = 8, .interests = 3, .several = true, .probability = several_probability,
		.labels = several_labels, .weight = weight
	};
	InterestMetrics metrics;

	InterestMeasure(&predictions, &arena, &metrics);
	InterestMeasureAucs(&predictions, &arena, &metrics);
	return metrics;
}

static void
TestOneInterest(void)
{
	InterestMetrics m = MeasureOne(one_probability, one_label, 8, 3, NULL);

	CHECK_INTEGER(m.samples, 8);
	CHECK_NEAR(m.accuracy, .625, TOLERANCE);
	CHECK_NEAR(m.precision, .611111111, TOLERANCE);
	CHECK_NEAR(m.recall, .611111111, TOLERANCE);
	CHECK_NEAR(m.f1, .611111111, TOLERANCE);
	CHECK_NEAR(m.of[1].precision, .5, TOLERANCE);
	CHECK_NEAR(m.of[1].auc, .75, TOLERANCE);
	CHECK_INTEGER(m.of[2].positives, 3);
	CHECK_NEAR(m.auc, .805555556, TOLERANCE);
	CHECK_INTEGER(m.auc_interests, 3);
	CHECK_NEAR(m.log_loss, .839683194, TOLERANCE);
	CHECK_NEAR(m.brier, .494375, TOLERANCE);
	/* bins 6, 7, 9, 10, 12: (.6 + 1 + .2 + .3 + .2) / 8 */
	CHECK_NEAR(m.ece, .2875, TOLERANCE);
	CHECK(isnan(m.micro_f1));
	CHECK(isnan(m.subset_accuracy));
}

static void
TestWeights(void)
{
	InterestMetrics m = MeasureOne(one_probability, one_label, 8, 3, weights);

	CHECK_NEAR(m.accuracy, .576923077, TOLERANCE);
	CHECK_NEAR(m.precision, .636141636, TOLERANCE);
	CHECK_NEAR(m.recall, .638888889, TOLERANCE);
	CHECK_NEAR(m.f1, .590253411, TOLERANCE);
	CHECK_NEAR(m.of[0].f1, .526315789, TOLERANCE);
	CHECK_NEAR(m.auc, .871560847, TOLERANCE);
	CHECK_NEAR(m.log_loss, .838989307, TOLERANCE);
	CHECK_NEAR(m.brier, .491538462, TOLERANCE);
	/* by bins 6, 7, 9, 10, 12: right weight less weight times probability */
	CHECK_NEAR(m.ece, (.3 + 1.25 + fabs(1.25 - 1.5 * .6) + .3 + .2) / 6.5, TOLERANCE);
}

static void
TestSeveralInterests(void)
{
	InterestMetrics m = MeasureSeveral(NULL);

	CHECK_NEAR(m.subset_accuracy, .5, TOLERANCE);
	CHECK_NEAR(m.micro_f1, .761904762, TOLERANCE);
	CHECK_NEAR(m.precision, .75, TOLERANCE);
	CHECK_NEAR(m.recall, .711111111, TOLERANCE);
	CHECK_NEAR(m.f1, .715343915, TOLERANCE);
	CHECK_NEAR(m.auc, .844444444, TOLERANCE);
	CHECK_NEAR(m.log_loss, .468229939, TOLERANCE);
	CHECK_NEAR(m.brier, .148958333, TOLERANCE);
	CHECK_NEAR(m.accuracy, .875, TOLERANCE);	/* all but the sample without interests */

	m = MeasureSeveral(weights);
	CHECK_NEAR(m.subset_accuracy, .538461538, TOLERANCE);
	CHECK_NEAR(m.micro_f1, .736842105, TOLERANCE);
	CHECK_NEAR(m.f1, .693700753, TOLERANCE);
	CHECK_NEAR(m.auc, .905214497, TOLERANCE);
	CHECK_NEAR(m.log_loss, .474906296, TOLERANCE);
	CHECK_NEAR(m.brier, .153974359, TOLERANCE);
}

/* An interest nobody has is predicted, one that the model does not know is met. */
static void
TestAbsentInterests(void)
{
	static const float probability[3 * 3] = {.8f, .1f, .1f, .1f, .1f, .8f, .6f, .4f, 0.f};
	static const int label[3] = {0, 0, -1};
	InterestMetrics m = MeasureOne(probability, label, 3, 3, NULL);

	CHECK_NEAR(m.accuracy, 1.0 / 3, TOLERANCE);
	CHECK_NEAR(m.precision, .5, TOLERANCE); /* interest 0 alone is present */
	CHECK_NEAR(m.recall, .5, TOLERANCE);
	CHECK_NEAR(m.of[2].precision, 0, 0);
	CHECK_NEAR(m.of[0].auc, .5, TOLERANCE);
	CHECK(isnan(m.of[1].auc));
	CHECK_INTEGER(m.auc_interests, 1);
	CHECK_NEAR(m.log_loss, (-log(.8) - log(.1)) / 2, TOLERANCE);
}

static void
TestExtremes(void)
{
	static const float certain[2 * 2] = {1.f, 0.f, 1.f, 0.f};
	static const int label[2] = {0, 1};
	InterestMetrics m = MeasureOne(certain, label, 2, 2, NULL);

	CHECK_NEAR(m.log_loss, -log(1e-15) / 2, 1e-9);
	CHECK_NEAR(m.brier, 1, 0);
	CHECK_NEAR(m.ece, .5, 0);
	CHECK_NEAR(m.auc, .5, 0);	/* ties count half */
	m = MeasureOne(certain, label, 0, 2, NULL);
	CHECK(isnan(m.accuracy));
	CHECK(isnan(m.log_loss));
	CHECK(isnan(m.f1));
	CHECK(isnan(m.ece));
}

static void
TestAucTies(void)
{
	static const double score[6] = {.1, .4, .4, .4, .8, .9};
	static const uint8_t positive[6] = {0, 0, 1, 1, 0, 1};

	/* positives over negatives: .4s: 1 + .5 each; .9: 3 */
	CHECK_NEAR(InterestMeasureAuc(6, score, positive, NULL, &arena), 6.0 / 9, 1e-12);
	CHECK(isnan(InterestMeasureAuc(1, score, positive, NULL, &arena)));
}

/* --- curves --- */

static void
TestConfusion(void)
{
	InterestPredictions predictions = {
		.count = 8, .interests = 3, .probability = one_probability, .label = one_label, .weight = weights
	};
	static const int unknown[8] = {-7, 0, 1, 1, 2, 2, 2, -3};
	InterestConfusionCell *cells;
	int			count = InterestMeasureConfusion(&predictions, &arena, &cells);
	double		weight = 0.0;
	int64_t		samples = 0;
	int			right = 0;

	for (int i = 0; i < count; i++)
	{
		CHECK(i == 0 || cells[i].actual > cells[i - 1].actual ||
			  (cells[i].actual == cells[i - 1].actual && cells[i].predicted > cells[i - 1].predicted));
		weight += cells[i].weight;
		samples += cells[i].samples;
		right += cells[i].actual == cells[i].predicted ? (int) cells[i].samples : 0;
	}
	CHECK_INTEGER(samples, 8);
	CHECK_INTEGER(right, 5);
	CHECK_NEAR(weight, 6.5, TOLERANCE);
	predictions.label = unknown;
	CHECK(InterestMeasureConfusion(&predictions, &arena, &cells) > 0);
	CHECK_INTEGER(cells[0].actual, -1);
}

static void
TestConfusionOfSeveral(void)
{
	static const float probability[2 * 3] = {.9f, .1f, .5f, .2f, .8f, .1f};
	static const uint8_t labels[2 * 3] = {1, 1, 0, 0, 1, 0};
	static const int expected[][3] = {{-1, 2, 1}, {0, 0, 1}, {1, -1, 1}, {1, 1, 1}};
	InterestPredictions predictions = {
		.count = 2, .interests = 3, .several = true, .probability = probability, .labels = labels
	};
	InterestConfusionCell *cells;

	CHECK_INTEGER(InterestMeasureConfusion(&predictions, &arena, &cells), 4);
	for (int i = 0; i < 4; i++)
	{
		CHECK_INTEGER(cells[i].actual, expected[i][0]);
		CHECK_INTEGER(cells[i].predicted, expected[i][1]);
		CHECK_INTEGER(cells[i].samples, expected[i][2]);
	}
}

/* scikit-learn 1.9, roc_curve(y, score, drop_intermediate=False) */
static void
TestRoc(void)
{
	static const float probability[6 * 2] = {.9f, .1f, .6f, .4f, .6f, .4f, .65f, .35f, .2f, .8f, .1f, .9f};
	static const int label[6] = {0, 0, 1, 1, 0, 1};
	static const double expected[][3] = {
		{HUGE_VAL, 0, 0}, {.9, 0, 1.0 / 3}, {.8, 1.0 / 3, 1.0 / 3}, {.4, 2.0 / 3, 2.0 / 3},
		{.35, 2.0 / 3, 1}, {.1, 1, 1}
	};
	InterestPredictions predictions = {.count = 6, .interests = 2, .probability = probability, .label = label};
	InterestRocPoint *points;

	CHECK_INTEGER(InterestMeasureRoc(&predictions, 1, &arena, &points), 6);
	for (int i = 0; i < 6; i++)
	{
		CHECK(points[i].threshold == expected[i][0] || fabs(points[i].threshold - expected[i][0]) < 1e-6);
		CHECK_NEAR(points[i].false_positive_rate, expected[i][1], TOLERANCE);
		CHECK_NEAR(points[i].true_positive_rate, expected[i][2], TOLERANCE);
	}
	predictions.count = 2;
	CHECK_INTEGER(InterestMeasureRoc(&predictions, 1, &arena, &points), 0);
}

static void
TestReliability(void)
{
	static const float probability[4 * 2] = {.52f, .48f, .5f, .5f, .05f, .95f, 0.f, 1.f};
	static const int label[4] = {0, 1, 1, 0};
	InterestPredictions predictions = {.count = 4, .interests = 2, .probability = probability, .label = label};
	InterestReliability bins[INTEREST_ECE_BINS];

	InterestMeasureReliability(&predictions, &arena, bins);
	CHECK_INTEGER(bins[7].samples, 2);
	CHECK_NEAR(bins[7].probability, .51, 1e-6);
	CHECK_NEAR(bins[7].accuracy, .5, 0);
	CHECK_INTEGER(bins[14].samples, 2);
	CHECK_NEAR(bins[14].probability, .975, 1e-6);
	CHECK_INTEGER(bins[0].samples, 0);
	CHECK(isnan(bins[0].accuracy));
}

/* --- standard errors --- */

#define MANY 900

/* Answers of two interests that are right with the probability that they name, .5 to 1. */
static InterestPredictions
Calibrated(int repeats)
{
	float	   *probability = InterestArenaArray(&arena, float, 2 * MANY);
	int		   *label = InterestArenaArray(&arena, int, MANY);
	int		   *user = InterestArenaArray(&arena, int, MANY);
	int		   *rows = InterestArenaArray(&arena, int, MANY);
	InterestRandom random = InterestRandomKeyed(1, 2, 3, 4);

	for (int i = 0; i < MANY; i += repeats)
	{
		float		p = (float) (0.5 + InterestRandomUniform(&random) / 2);
		int			answer = InterestRandomUniform(&random) >= p;

		for (int j = i; j < i + repeats; j++)
		{
			probability[2 * j] = p;
			probability[2 * j + 1] = 1.0f - p;
			label[j] = answer;
			user[j] = i;
			rows[j] = 1 + i % 4;
		}
	}
	return (InterestPredictions) {
		.count = MANY, .interests = 2, .probability = probability, .label = label, .user = user, .rows = rows
	};
}

static void
TestErrors(void)
{
	InterestPredictions predictions = Calibrated(1);
	InterestMetrics metrics;
	InterestMetrics errors;
	InterestMetrics again;
	double		analytic;
	double		variance = 0.0;

	InterestMeasure(&predictions, &arena, &metrics);
	InterestMeasureErrors(&predictions, 5, &arena, &errors);
	InterestMeasureErrors(&predictions, 5, &arena, &again);
	CHECK_NEAR(errors.auc, again.auc, 0.0);
	analytic = sqrt(metrics.accuracy * (1 - metrics.accuracy) / MANY);
	CHECK_NEAR(errors.accuracy, analytic, .15 * analytic);
	for (int i = 0; i < MANY; i++)
	{
		double		p = predictions.probability[2 * i + predictions.label[i]];

		variance += (-log(p) - metrics.log_loss) * (-log(p) - metrics.log_loss) / MANY / MANY;
	}
	CHECK_NEAR(errors.log_loss, sqrt(variance), .15 * sqrt(variance));
	CHECK(errors.auc > 0.01 && errors.auc < 0.03);
	CHECK_NEAR(errors.of[0].auc, errors.of[1].auc, 1e-9);
	CHECK(isnan(errors.micro_f1));

	/* Samples of one user say nothing more than one of them. */
	predictions = Calibrated(9);
	InterestMeasure(&predictions, &arena, &metrics);
	InterestMeasureErrors(&predictions, 5, &arena, &errors);
	analytic = sqrt(metrics.accuracy * (1 - metrics.accuracy) / (MANY / 9));
	CHECK_NEAR(errors.accuracy, analytic, .15 * analytic);
}

/* What is no number is measured as such, and nothing is written beside the bins. */
static void
TestNotANumber(void)
{
	static const float probability[] = {NAN, NAN, 0.25f, 0.75f};
	static const int label[] = {0, 1};
	InterestPredictions predictions = {.count = 2, .interests = 2, .probability = probability, .label = label};
	InterestMetrics metrics;

	InterestMeasure(&predictions, &arena, &metrics);
	CHECK_INTEGER(metrics.samples, 2);
	CHECK(isnan(metrics.ece) && isnan(metrics.brier));
}

static void
TestActivity(void)
{
	InterestPredictions predictions = Calibrated(1);
	InterestActivity activity[INTEREST_ACTIVITY_BINS + 1];
	InterestMetrics metrics;

	InterestMeasure(&predictions, &arena, &metrics);
	InterestMeasureActivity(&predictions, 5, &arena, activity);
	CHECK_INTEGER(activity[0].samples, MANY / 4);
	CHECK_INTEGER(activity[2].samples, MANY / 2);
	CHECK_INTEGER(activity[4].samples, 0);
	CHECK(isnan(activity[4].ece) && isnan(activity[4].chance_ece));
	CHECK_NEAR(activity[INTEREST_ACTIVITY_BINS].ece, metrics.ece, 0.0);
	for (int bin = 0; bin <= 2; bin++)	/* the answers are chance, so both are alike, and more with fewer samples */
		CHECK_NEAR(activity[bin].ece, activity[bin].chance_ece, 0.03);
	CHECK(activity[INTEREST_ACTIVITY_BINS].chance_ece < activity[2].chance_ece);
	CHECK(activity[2].chance_ece < activity[0].chance_ece);
}

/* --- two systems --- */

static void
TestUserMeans(void)
{
	static const int user[4] = {3, 3, 8, 9};
	static const double weight[4] = {1, 3, 1, 1};
	static const float probability[4 * 2] = {.8f, .2f, .4f, .6f, .3f, .7f, .5f, .5f};
	static const int label[4] = {0, 0, 1, -1};
	InterestPredictions predictions = {
		.count = 4, .interests = 2, .probability = probability, .label = label, .weight = weight, .user = user
	};
	InterestUserMeans means;

	InterestMeasureUsers(&predictions, &arena, &means);
	CHECK_INTEGER(means.count, 3);
	CHECK_INTEGER(means.user[1], 8);
	CHECK_STRING(InterestUserFigureName(0), "accuracy");
	CHECK_NEAR(means.figures[0][0], .25, TOLERANCE);
	CHECK_NEAR(means.figures[1][0], (-log(.8) - 3 * log(.4)) / 4, TOLERANCE);
	CHECK_NEAR(means.figures[2][0], (.08 + 3 * .72) / 4, TOLERANCE);
	CHECK_NEAR(means.figures[0][2], 0, 0);
	CHECK(isnan(means.figures[1][2]));
}

static void
TestCompare(void)
{
	double		a[200];
	double		b[200];
	InterestRandom random = InterestRandomKeyed(7, 0, 0, 0);
	InterestComparison comparison;
	int			small = 0;

	for (int i = 0; i < 200; i++)
	{
		a[i] = InterestRandomUniform(&random);
		b[i] = i % 2 ? a[i] + .1 : a[i] - .05;
	}
	a[0] = NAN;
	comparison = InterestCompare(200, a, b, 1, CheckHost());
	CHECK_INTEGER(comparison.users, 199);
	CHECK_NEAR(comparison.difference, (100 * .1 - 99 * .05) / 199, 1e-12);
	CHECK_NEAR(comparison.b - comparison.a, comparison.difference, 1e-12);
	CHECK_NEAR(comparison.error, .075 / sqrt(199), 2e-5);
	CHECK(comparison.p < .001);

	/* Of systems that differ by chance alone one of twenty has a p below .05. */
	for (int round = 0; round < 200; round++)
	{
		for (int i = 0; i < 50; i++)
		{
			a[i] = InterestRandomUniform(&random);
			b[i] = InterestRandomUniform(&random);
		}
		small += InterestCompare(50, a, b, (uint64_t) round, CheckHost()).p < .05;
	}
	CHECK_NEAR(small, 10, 9);
	CHECK_NEAR(InterestCompare(50, a, a, 1, CheckHost()).p, 1, 0);
	CHECK(isnan(InterestCompare(0, a, b, 1, CheckHost()).p));
}

static int
CompareTens(const void *context, int a, int b)
{
	const int  *value = context;

	return value[a] / 10 - value[b] / 10;
}

/* Stable and complete at sizes around those where runs are merged. */
static void
TestSort(void)
{
	for (int count = 0; count < 200; count += 1 + count / 5)
	{
		int			value[200] = {0};
		int			index[200];
		bool		sorted = true;

		for (int i = 0; i < count; i++)
		{
			value[i] = i * 7919 % 211;
			index[i] = i;
		}
		InterestSort(index, count, CompareTens, value, &arena);
		for (int i = 1; i < count; i++)
		{
			int			order = CompareTens(value, index[i - 1], index[i]);

			sorted = sorted && (order < 0 || (order == 0 && index[i - 1] < index[i]));
		}
		CHECK(sorted);
	}
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 65536);
	TestOneInterest();
	TestWeights();
	TestSeveralInterests();
	TestAbsentInterests();
	TestExtremes();
	TestAucTies();
	TestConfusion();
	TestConfusionOfSeveral();
	TestRoc();
	TestReliability();
	TestErrors();
	TestNotANumber();
	TestActivity();
	TestUserMeans();
	TestCompare();
	TestSort();
	InterestArenaFree(&arena);
	return CheckReport("measure");
}

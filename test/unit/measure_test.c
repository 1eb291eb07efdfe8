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

#include "core/base/sort.h"
#include "core/measure/metrics.h"

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
		   const double *weight, int64_t least_positives)
{
	InterestPredictions predictions = {
		.count = count, .interests = interests, .probability = probability, .label = label, .weight = weight
	};
	InterestMetrics metrics;

	InterestMeasure(&predictions, &arena, &metrics);
	CHECK(isnan(metrics.auc));
	InterestMeasureAucs(&predictions, least_positives, &arena, &metrics);
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
	InterestMeasureAucs(&predictions, 0, &arena, &metrics);
	return metrics;
}

static void
TestOneInterest(void)
{
	InterestMetrics m = MeasureOne(one_probability, one_label, 8, 3, NULL, 0);

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
	InterestMetrics m = MeasureOne(one_probability, one_label, 8, 3, weights, 0);

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
	InterestMetrics m = MeasureOne(probability, label, 3, 3, NULL, 0);

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
TestLeastPositives(void)
{
	InterestMetrics m = MeasureOne(one_probability, one_label, 8, 3, NULL, 3);

	CHECK_INTEGER(m.auc_interests, 2);	/* interest 1 has two */
	CHECK_NEAR(m.auc, .833333333, TOLERANCE);
	m = MeasureOne(one_probability, one_label, 8, 3, NULL, 4);
	CHECK_INTEGER(m.auc_interests, 0);
	CHECK(isnan(m.auc));
}

static void
TestExtremes(void)
{
	static const float certain[2 * 2] = {1.f, 0.f, 1.f, 0.f};
	static const int label[2] = {0, 1};
	InterestMetrics m = MeasureOne(certain, label, 2, 2, NULL, 0);

	CHECK_NEAR(m.log_loss, -log(1e-15) / 2, 1e-9);
	CHECK_NEAR(m.brier, 1, 0);
	CHECK_NEAR(m.ece, .5, 0);
	CHECK_NEAR(m.auc, .5, 0);	/* ties count half */
	m = MeasureOne(certain, label, 0, 2, NULL, 0);
	CHECK(isnan(m.accuracy));
	CHECK(isnan(m.log_loss));
	CHECK(isnan(m.f1));
	CHECK(isnan(m.ece));
}

static void
TestAucTies(void)
{
	static const float score[6] = {.1f, .4f, .4f, .4f, .8f, .9f};
	static const uint8_t positive[6] = {0, 0, 1, 1, 0, 1};

	/* positives over negatives: .4s: 1 + .5 each; .9: 3 */
	CHECK_NEAR(InterestMeasureAuc(6, score, positive, NULL, &arena), 6.0 / 9, 1e-12);
	CHECK(isnan(InterestMeasureAuc(1, score, positive, NULL, &arena)));
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
	TestLeastPositives();
	TestExtremes();
	TestAucTies();
	TestSort();
	InterestArenaFree(&arena);
	return CheckReport("measure");
}

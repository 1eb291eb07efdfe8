/*
 * retrain_test.c
 *	  Heads and how they learn; training that starts from another version.
 */
#include "check.h"
#include "problem.h"

#include <math.h>
#include <string.h>

static bool
SameFloats(const float *a, const float *b, size_t count)
{
	return memcmp(a, b, sizeof(float) * count) == 0;
}

/* Parameters before the head's. */
static size_t
SharedSize(const InterestModel *model)
{
	return (size_t) (model->head.temperature - model->parameters);
}

/* Every head learns, says how sure it is, and knows its conformal scores. */
static void
TestHeads(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		Problem    *problem = Authors(INTEREST_TASK_USER);
		InterestModel model;
		InterestEvaluation evaluation;

		if (!InterestHeadIsOfOne((InterestHeadKind) kind))
			continue;
		problem->definition.head = (InterestHeadKind) kind;
		CHECK(TestAccuracy(problem, &model) > 0.9);
		evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TEST);
		CHECK(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "log_loss") < 0.45);
		CHECK_INTEGER(model.conformal.bin_count, 1);
		CHECK(model.conformal.bins[0].count > 5);
		CHECK((kind == INTEREST_HEAD_LDA) == (model.head.log_scale[0] == 0.0f));
		if (kind == INTEREST_HEAD_SVM)
			CHECK(model.head.slope[0] != 1.0f && model.head.slope[0] > 0.0f);
	}
}

/* --- how sure --- */

/* Of rows of their own, three quarters are about what their subject says. */
static Problem *
Doubtful(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);

	for (int user = 0; user < 2000; user++)
	{
		int			subject = Below(problem, 2);

		Add(problem, user, 0, subject, Below(problem, 4) == 0 ? 1 - subject : subject, -1);
	}
	return problem;
}

/* The log losses of the users of a split, added up, at another temperature. */
static double
LossAt(const Problem *problem, const InterestModel *model, InterestSplit split, double change)
{
	InterestEvaluation evaluation;
	float		temperature = model->head.temperature[0];

	model->head.temperature[0] = temperature + (float) change;
	evaluation = MustEvaluate(problem, model, split);
	model->head.temperature[0] = temperature;
	return Figure(&evaluation, INTEREST_SYSTEM_MODEL, "log_loss") * evaluation.samples;
}

static double
LossOfBoth(const Problem *problem, const InterestModel *model, double change)
{
	return LossAt(problem, model, INTEREST_SPLIT_VALIDATION, change) +
		LossAt(problem, model, INTEREST_SPLIT_CONFORMAL, change);
}

/*
 * All who validate say how sure the model may be; its sets go by what one half
 * said.
 */
static void
TestCertainty(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		Problem    *problem = Doubtful();
		InterestTrainingOptions options = Options();
		InterestTrainingResult result;
		InterestModel model;
		double		least;
		double		loss;

		if (!InterestHeadIsOfOne((InterestHeadKind) kind))
			continue;
		options.epochs = 2;
		problem->definition.head = (InterestHeadKind) kind;
		MustTrain(problem, &options, &model, &result);
		least = LossOfBoth(problem, &model, 0.0);
		CHECK(least < LossOfBoth(problem, &model, 0.05));
		CHECK(least < LossOfBoth(problem, &model, -0.05));
		CHECK(!SameFloats(model.head.temperature, model.conformal.temperature, 2));
		memcpy(model.head.temperature, model.conformal.temperature, sizeof(model.conformal.temperature));
		loss = LossAt(problem, &model, INTEREST_SPLIT_VALIDATION, 0.0);
		CHECK(loss < LossAt(problem, &model, INTEREST_SPLIT_VALIDATION, 0.1));
		CHECK(loss < LossAt(problem, &model, INTEREST_SPLIT_VALIDATION, -0.1));
	}
}

/* One of ten users has the other label, and nothing but noise tells. */
static Problem *
Rare(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);

	for (int user = 0; user < 400; user++)
		for (int i = 0; i < 3; i++)
			Add(problem, user, i * DAY, Below(problem, WIDTH), user % 10 == 0, -1);
	return problem;
}

static double
RareShare(const Problem *problem, const InterestTrainingOptions *options, int64_t *samples)
{
	InterestTrainingResult result;
	InterestModel model;

	MustTrain(problem, options, &model, &result);
	*samples = result.samples;
	return 1.0 / (1.0 + exp(model.head.linear.bias[0] - model.head.linear.bias[1]));
}

/* Weights and repeats take the rates' place in what an interest's bias says. */
static void
TestWeights(void)
{
	static const double weight = 9.0;
	const InterestSpan rare = Name("interest", 1);
	const InterestSpan missing = Name("interest", 2);
	Problem    *problem = Rare();
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestModel model;
	InterestStatus status;
	int64_t		samples;
	int64_t		balanced;

	options.epochs = 2;
	CHECK(RareShare(problem, &options, &samples) < 0.3);
	options.balanced_weights = true;
	CHECK_NEAR(RareShare(problem, &options, &samples), 0.5, 0.2);
	options.balanced_weights = false;
	options.weighted = (InterestNames) {1, &rare};
	options.weights = &weight;
	CHECK_NEAR(RareShare(problem, &options, &samples), 0.5, 0.2);
	options.weighted.spans = &missing;
	CHECK(!Train(problem, &options, &arena, &model, &result, &status));
	CHECK_STRING(status.message, "class_weights names an interest that no training user has");
	options.weighted.count = 0;
	options.balance = 1.0;
	CHECK_NEAR(RareShare(problem, &options, &balanced), 0.5, 0.2);
	CHECK_NEAR((double) balanced / (double) samples, 1.8, 0.1);	/* .9 and .9 instead of .9 and .1 */
}

/* --- from one version to the next --- */

static void
TestOnly(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		Problem    *problem = Authors(INTEREST_TASK_USER);
		InterestTrainingOptions options = Options();
		InterestTrainingResult result;
		InterestModel base;
		InterestModel head;
		InterestModel gate;
		size_t		row_network;

		if (!InterestHeadIsOfOne((InterestHeadKind) kind))
			continue;
		options.epochs = 3;
		MustTrain(problem, &options, &base, &result);
		problem->definition.head = (InterestHeadKind) kind;
		row_network = (size_t) (base.mu - base.parameters);
		options.base = &base;
		options.first = INTEREST_HEAD;
		MustTrain(problem, &options, &head, &result);
		CHECK(SameFloats(head.parameters, base.parameters, SharedSize(&base)));
		CHECK(SameFloats(head.codebook.weight, base.codebook.weight, INTEREST_CODES * 8));
		CHECK(!SameFloats(head.head.linear.weight, base.head.linear.weight, 16));
		CHECK_INTEGER(result.epochs, kind == INTEREST_HEAD_LDA ? 1 : 3);
		CHECK(result.accuracy > 0.8);
		options.first = INTEREST_READING;
		MustTrain(problem, &options, &gate, &result);
		CHECK(SameFloats(gate.parameters, base.parameters, row_network));
		CHECK(!SameFloats(gate.mu, base.mu, 8));
		CHECK(result.accuracy > 0.8);
	}
}

/* A model starts from another one's weights, with those of the interests that both have. */
static void
TestTransfer(void)
{
	Problem    *problem = Authors(INTEREST_TASK_USER);
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestModel base;
	InterestModel model;
	InterestStatus status;
	int			other;

	MustTrain(problem, &options, &base, &result);
	options.base = &base;
	options.epochs = 1;
	options.learning_rate = 1e-9;
	for (int i = 0; i < problem->count; i += 5)
		*(InterestSpan *) problem->rows[i].labels = Name("different", 0);
	MustTrain(problem, &options, &model, &result);
	CHECK_INTEGER(model.interests.count, 3);
	for (size_t i = 0; i < SharedSize(&base); i++)
		if (!CHECK_NEAR(model.parameters[i], base.parameters[i], 1e-6))
			break;
	other = InterestNamesFind(&model.interests, Name("interest", 1));
	for (int i = 0; i < 8; i++)
		CHECK_NEAR(model.head.linear.weight[other * 8 + i], base.head.linear.weight[8 + i], 1e-6);

	/* Frozen, then not. */
	options.learning_rate = 0.02;
	options.frozen_epochs = 1;
	MustTrain(problem, &options, &model, &result);
	CHECK(SameFloats(model.parameters, base.parameters, SharedSize(&base)));
	options.epochs = 2;
	MustTrain(problem, &options, &model, &result);
	CHECK(result.best_epoch == 1 || !SameFloats(model.parameters, base.parameters, SharedSize(&base)));

	problem->definition.dimensions = 12;
	CHECK(!Train(problem, &options, &arena, &model, &result, &status));
	CHECK_STRING(status.message, "the version to start from does not fit the model");
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), (size_t) 1 << 20);
	TestHeads();
	TestCertainty();
	TestWeights();
	TestOnly();
	TestTransfer();
	InterestArenaFree(&arena);
	return CheckReport("retrain");
}

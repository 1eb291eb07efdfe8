/*
 * items_test.c
 *	  The task "next_item": items, their loss and its gradient, rankings.
 */
#include "check.h"
#include "gradients.h"

#include <math.h>
#include <string.h>

#define KINDS_OF_ITEMS 4
#define ITEMS_A_KIND 20

/* An item as the label and as a value, and a sentence that says its kind. */
static void
AddItem(Problem *problem, int user, int64_t time, int item, int kind)
{
	InterestTrainingRow *row = Add(problem, user, time, item % KINDS_OF_ITEMS, item, kind);
	InterestValues *values = InterestArenaNew(&arena, InterestValues);

	*values = (InterestValues) {1, row->labels};
	row->behaviour.categoricals = values;
}

/* Users who keep to one kind of items, and do not take an item twice. */
static Problem *
Buyers(int users)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT_ITEM);

	problem->definition.categorical_count = 1;
	for (int user = 0; user < users; user++)
	{
		int			first = Below(problem, ITEMS_A_KIND);

		for (int i = 0; i < 10; i++)
			AddItem(problem, user, i * DAY + Below(problem, 1000),
					(first + 3 * i) % ITEMS_A_KIND * KINDS_OF_ITEMS + user % KINDS_OF_ITEMS, -1);
	}
	return problem;
}

static InterestTrainingOptions
ItemOptions(void)
{
	InterestTrainingOptions options = Options();

	options.dropout = &InterestItemDropout;
	options.batch_size = 256;
	return options;
}

static void
TestLearning(void)
{
	Problem    *problem = Buyers(400);
	InterestTrainingOptions options = ItemOptions();
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestModel model;
	InterestModel again;

	MustTrain(problem, &options, &model, &result);
	CHECK_INTEGER(model.interests.count, 0);
	CHECK(isfinite(result.validation_loss));
	evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TEST);
	CHECK(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "recall@10") > 0.6);	/* half of the kind's other items */
	CHECK(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "ndcg@10") >
		  2.0 * Figure(&evaluation, INTEREST_SYSTEM_POPULARITY, "ndcg@10"));
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "items"), KINDS_OF_ITEMS * ITEMS_A_KIND, 0.0);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "users"), evaluation.users, 0.0);
	CHECK_INTEGER(evaluation.samples, 2 * evaluation.users);

	MustTrain(problem, &options, &again, &result);
	CHECK(memcmp(model.parameters, again.parameters, sizeof(float) * model.parameter_count) == 0);
	options.seed++;
	MustTrain(problem, &options, &again, &result);
	CHECK(memcmp(model.parameters, again.parameters, sizeof(float) * model.parameter_count) != 0);
}

/* Rows of one kind among them that is negative. */
static Problem *
FewBuyers(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT_ITEM);

	problem->definition.dimensions = 5;
	problem->definition.categorical_count = 1;
	for (int user = 0; user < 7; user++)
		for (int i = 0; i < 6; i++)
			AddItem(problem, user, (user + i * i) * 9 * DAY + Below(problem, 1000), Below(problem, 9), i % 3 - 1);
	return problem;
}

static double
LossOf(Gradients *few, bool backward)
{
	InterestRowDropout dropout = {{0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f}, SEED, 3, NULL};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	InterestItemLoss loss = InterestItemsPass(&few->pass, &few->items, &few->batch, &dropout,
											  backward ? &few->gradient : NULL);

	InterestArenaReturnTo(&arena, mark);
	return loss.loss;
}

static bool
IsLearned(const InterestModelBlock *block)
{
	return block->section != INTEREST_HEAD;
}

/* The temperature makes the loss steep. */
static void
TestGradient(void)
{
	static const Comparison comparison = {LossOf, 1e-3f, 4e-3, 0.02};
	Gradients  *few = InterestArenaNew(&arena, Gradients);

	PrepareGradients(FewBuyers(), ItemOptions(), few);
	CheckGradients(few, &comparison, IsLearned);
}

/* The loss as it is written down, of two items of which each user has one. */
static void
TestLoss(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT_ITEM);
	Gradients  *few = InterestArenaNew(&arena, Gradients);
	double		expected = 0.0;
	int			rows[2];
	InterestPassRows forward;
	InterestPassTape tape;

	problem->definition.categorical_count = 1;
	for (int user = 0; user < 40; user++)
	{
		AddItem(problem, user, 0, 2, -1);
		AddItem(problem, user, DAY, user % 4 == 0, -1);
	}
	PrepareGradients(problem, ItemOptions(), few);
	InterestPassForward(&few->pass, &few->batch, NULL, false, &tape);
	for (int r = few->batch.read_count - 1; r >= 0; r--)
		rows[few->prepared.labels[few->prepared.label_first[few->batch.reads[r].target]]] = few->batch.reads[r].target;
	InterestPassRowsForward(&few->pass, 2, rows, true, NULL, NULL, &forward);
	for (int r = 0; r < few->batch.read_count; r++)
	{
		int			item = few->prepared.labels[few->prepared.label_first[few->batch.reads[r].target]];
		double		score[2] = {0.0, 0.0};
		double		chance = 1.0 - pow(1.0 - few->items.share[1 - item], few->batch.read_count);

		for (int c = 0; c < 2; c++)
			for (int i = 0; i < 8; i++)
				score[c] += (double) tape.u[r * 8 + i] * InterestPassVector(&few->pass, &forward, c)[i];
		expected += log(1.0 + exp((score[1 - item] - score[item]) / 0.07) / chance) / few->batch.read_count;
	}
	CHECK_NEAR(InterestItemsPass(&few->pass, &few->items, &few->batch, NULL, NULL).loss, expected, 1e-4);
	CHECK_NEAR(few->items.share[0] + few->items.share[1] + few->items.share[2], 1.0, 0.02);
	CHECK_NEAR(few->items.popularity[2], few->prepared.counts.training_users, 0.0);
}

/* What was disliked is no target, and what a user has is not ranked for him. */
static void
TestItems(void)
{
	Problem    *problem = FewBuyers();
	Gradients  *few = InterestArenaNew(&arena, Gradients);

	PrepareGradients(problem, ItemOptions(), few);
	CHECK_INTEGER(few->prepared.label_first[few->prepared.row_count], 28);	/* two of six rows are dislikes */
	for (int i = 1; i < few->items.count; i++)
		CHECK(InterestSpanCompare(InterestSourceRow(&few->prepared, few->items.rows[i - 1], &arena).labels[0],
								  InterestSourceRow(&few->prepared, few->items.rows[i], &arena).labels[0]) < 0);
	for (int r = 0; r < few->batch.read_count; r++)
		CHECK(!InterestRowIsNegative(&few->prepared, few->batch.reads[r].target));
}

static void
TestErrors(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT_ITEM);
	InterestTrainingOptions options = ItemOptions();
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestPredictions predictions;
	InterestTrainingSet set;
	InterestSpan *users;
	InterestModel model;
	InterestStatus status;

	problem->definition.categorical_count = 1;
	for (int user = 0; user < 40; user++)
		for (int i = 0; i < 3; i++)
			AddItem(problem, user, i * DAY, 5, -1);
	CHECK(!Train(problem, &options, &arena, &model, &result, &status));
	CHECK_STRING(status.message, "training needs at least two items, and the label column has one");

	problem = Buyers(100);
	MustTrain(problem, &options, &model, &result);
	set = SetOf(problem);
	CHECK(!InterestPredict(&set, &model, SEED, INTEREST_SPLIT_TEST, InterestKernelChoose("auto"), InterestSgemm,
						   NULL, &arena, &predictions, &users, &status));
	CHECK_STRING(status.message, "a model of the task next_item has no interests");

	/* nobody has anything behind the first four fifths that is new */
	problem = NewProblem(INTEREST_TASK_NEXT_ITEM);
	problem->definition.categorical_count = 1;
	for (int user = 0; user < 100; user++)
		for (int i = 0; i < 10; i++)
			AddItem(problem, user, i * DAY, i % 2, -1);
	set = SetOf(problem);
	MustTrain(problem, &options, &model, &result);
	CHECK(!InterestEvaluate(&set, &model, SEED, INTEREST_SPLIT_TEST, InterestKernelChoose("auto"), InterestSgemm,
							NULL, &arena, &evaluation, &status));
	CHECK_STRING(status.message, "no user has an item in his last rows that his first rows are not about");
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), (size_t) 1 << 20);
	TestLearning();
	TestGradient();
	TestLoss();
	TestItems();
	TestErrors();
	InterestArenaFree(&arena);
	return CheckReport("items");
}

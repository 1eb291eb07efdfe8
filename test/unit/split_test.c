/*
 * split_test.c
 *	  Who trains, validates and tests: by a column, by a time.
 */
#include "problem.h"

#include "check.h"

#include <string.h>

/* Users of each split, and the rows of a split's only user. */
static int
CountUsers(const InterestPreparedRows *prepared, InterestSplit split)
{
	int			count = 0;

	for (int u = 0; u < prepared->user_count; u++)
		count += prepared->users[u].split == split;
	return count;
}

/* Even users train, odd ones validate, the first ten test; a row of each user is left out. */
static Problem *
ByColumn(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_DOMINANT);

	problem->split.by = INTEREST_BY_COLUMN;
	for (int user = 0; user < 110; user++)
	{
		InterestRole role = user < 10 ? INTEREST_ROLE_TEST : user % 2 == 0 ? INTEREST_ROLE_TRAIN : INTEREST_ROLE_VALIDATION;

		for (int i = 0; i < 3; i++)
			Add(problem, user, i * DAY, user / 2 % 2, user / 2 % 2, -1)->role = i == 2 ? INTEREST_ROLE_NONE : role;
	}
	return problem;
}

static void
TestColumn(void)
{
	Problem    *problem = ByColumn();
	InterestNames interests = Interests(2);
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestModel model;

	Prepare(problem, &interests, &prepared, &sampler);
	CHECK_INTEGER(CountUsers(&prepared, INTEREST_SPLIT_TRAINING), 50);
	CHECK_INTEGER(CountUsers(&prepared, INTEREST_SPLIT_TEST), 10);
	CHECK_NEAR(CountUsers(&prepared, INTEREST_SPLIT_VALIDATION), 25, 12);
	CHECK_INTEGER(prepared.counts.validation_users, 50);
	CHECK_INTEGER(prepared.counts.rows, 220);
	CHECK_INTEGER(prepared.counts.rows_without_role, 110);

	MustTrain(problem, &options, &model, &result);
	CHECK_INTEGER(result.counts.training_users, 50);
	evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TEST);
	CHECK_INTEGER(evaluation.users, 10);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "accuracy"), 1.0, 0.0);
}

/* A refit knows what only those who validated have, and is as sure as the first training was. */
static void
TestRefit(void)
{
	Problem    *problem = ByColumn();
	InterestTrainingOptions options = Options();
	InterestTrainingResult first;
	InterestTrainingResult result;
	InterestModel alone;
	InterestModel model;
	InterestModel again;

	for (int user = 61; user <= 71; user += 2)
		for (int i = 0; i < 2; i++)
			Add(problem, user, (10 + i) * DAY, 2, 2, -1)->role = INTEREST_ROLE_VALIDATION;
	MustTrain(problem, &options, &alone, &first);
	options.refit = true;
	MustTrain(problem, &options, &model, &result);
	MustTrain(problem, &options, &again, &result);
	CHECK_INTEGER(alone.interests.count, 2);
	CHECK_INTEGER(model.interests.count, 3);
	CHECK(memcmp(model.parameters, again.parameters, sizeof(float) * model.parameter_count) == 0);
	CHECK(memcmp(model.head.temperature, alone.head.temperature, 2 * sizeof(float)) == 0);
	CHECK_INTEGER(model.conformal.bin_count, alone.conformal.bin_count);
	CHECK_INTEGER(result.counts.training_users, 50);
	CHECK_INTEGER(result.best_epoch, first.best_epoch);
	CHECK(result.validation_loss == first.validation_loss);
}

static void
MustFail(const Problem *problem, const char *message)
{
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestModel model;
	InterestStatus status;

	CHECK(!Train(problem, &options, &arena, &model, &result, &status));
	CHECK_STRING(status.message, message);
	CHECK(strlen(status.hint) > 0);
}

/* Every row whose role is from says to instead. */
static void
Replace(Problem *problem, InterestRole from, InterestRole to)
{
	for (int i = 0; i < problem->count; i++)
		if (problem->rows[i].role == from)
			problem->rows[i].role = to;
}

static void
TestWrongColumns(void)
{
	Problem    *problem = ByColumn();

	problem->rows[0].role = INTEREST_ROLE_TRAIN;
	MustFail(problem, "a user has two roles in the split");
	problem = ByColumn();
	Replace(problem, INTEREST_ROLE_TRAIN, INTEREST_ROLE_TEST);
	MustFail(problem, "a part of the split is empty");
	problem = ByColumn();
	Replace(problem, INTEREST_ROLE_VALIDATION, INTEREST_ROLE_NONE);
	MustFail(problem, "a part of the split is empty");
}

/* Eight rows of users who validate and of users who would test by their hash; the last five test. */
static Problem *
ByTime(InterestTask task)
{
	Problem    *problem = NewProblem(task);

	problem->split = (InterestSplitRule) {INTEREST_BY_TIME, 3 * DAY};
	for (int user = 0; user < 100; user++)
		for (int i = 0; i < 8; i++)
			Add(problem, user, i * DAY, i < 3, i < 3, -1);
	return problem;
}

/* All that test read their rows from the time on, and nothing before it. */
static void
TestTime(void)
{
	Problem    *problem = ByTime(INTEREST_TASK_DOMINANT);
	InterestNames interests = Interests(2);
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestBatch batch;
	InterestPlan plan;

	Prepare(problem, &interests, &prepared, &sampler);
	CHECK_INTEGER(prepared.counts.users, 100);
	CHECK_INTEGER(prepared.counts.test_users, 100);
	CHECK_INTEGER(prepared.counts.training_users + prepared.counts.validation_users, 100);
	CHECK_NEAR(prepared.counts.validation_users, 10, 8);
	for (int u = 0; u < prepared.user_count; u++)
	{
		bool		tests = prepared.users[u].split == INTEREST_SPLIT_TEST;

		CHECK_INTEGER(prepared.users[u].count, tests ? 5 : 3);
		CHECK_INTEGER(prepared.users[u].earlier, tests ? 3 : 0);
		CHECK_INTEGER(sampler.targets[sampler.target_first[u]], tests ? 0 : 1);
	}
	InterestPlanEvaluation(&sampler, INTEREST_SPLIT_TEST, &arena, &plan);
	CHECK(InterestNextBatch(&plan, 1, 1000, &arena, &batch));
	CHECK_INTEGER(batch.row_count, 5);
	CHECK_INTEGER(prepared.rows[batch.rows[0]].time, 3 * DAY);
}

/* next: targets test from the time on, and see all earlier rows. */
static void
TestTimeOfNext(void)
{
	Problem    *problem = ByTime(INTEREST_TASK_NEXT);
	InterestNames interests = Interests(2);
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestBatch batch;
	InterestPlan plan;

	problem->rows[1].behaviour.has_time = false;
	Prepare(problem, &interests, &prepared, &sampler);
	InterestPlanEvaluation(&sampler, INTEREST_SPLIT_TEST, &arena, &plan);
	CHECK_INTEGER(plan.sample_count, 500);
	CHECK(InterestNextBatch(&plan, 1, 1000, &arena, &batch));
	CHECK_INTEGER(batch.read_count, 5);
	CHECK_INTEGER(batch.row_count, 6);
	for (int r = 0; r < 5; r++)
	{
		CHECK_INTEGER(batch.reads[r].at, (3 + r) * DAY);
		CHECK_INTEGER(batch.reads[r].rows, 2 + r);	/* one of them has no time */
		CHECK_INTEGER(batch.targets.interests[batch.targets.first[r]], 0);
	}
	InterestPlanEvaluation(&sampler, INTEREST_SPLIT_TRAINING, &arena, &plan);
	while (InterestNextBatch(&plan, 1, 1000, &arena, &batch))
		for (int r = 0; r < batch.read_count; r++)
			CHECK(batch.reads[r].at < 3 * DAY);
}

static void
TestWrongTimes(void)
{
	Problem    *problem = ByTime(INTEREST_TASK_DOMINANT);

	problem->split.at = 8 * DAY;
	MustFail(problem, "a part of the split is empty");
	problem->split.at = 0;
	MustFail(problem, "a part of the split is empty");
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), (size_t) 1 << 20);
	TestColumn();
	TestRefit();
	TestWrongColumns();
	TestTime();
	TestTimeOfNext();
	TestWrongTimes();
	InterestArenaFree(&arena);
	return CheckReport("split");
}

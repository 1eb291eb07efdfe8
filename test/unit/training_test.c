/*
 * training_test.c
 *	  Training: gradients, samples, what it learns, that it is repeatable, that
 *	  it stops when it is told to; and evaluation by hand.
 */
#include "check.h"
#include "gradients.h"

#include "core/base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* --- problems --- */

/* What users did within the last day says who they are now; ten older rows say something else. */
static Problem *
Movers(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);

	for (int user = 0; user < 300; user++)
	{
		int			now = user % 3;
		int			before = Below(problem, 3);

		for (int i = 0; i < 10; i++)
			Add(problem, user, i, before, now, -1);
		for (int i = 0; i < 3; i++)
			Add(problem, user, 91 * DAY + i, now, now, -1); /* the same hour and weekday */
	}
	return problem;
}

/* Users like one subject and dislike the other. */
static Problem *
Critics(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);

	for (int user = 0; user < 300; user++)
	{
		int			liked = user % 2;

		Add(problem, user, 0, 2, liked, 1);
		Add(problem, user, DAY, 1 - liked, liked, 0);
	}
	return problem;
}

/* Labels that nothing tells. */
static Problem *
Noise(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);

	for (int user = 0; user < 100; user++)
	{
		int			label = Below(problem, 2);

		for (int i = 0; i < 3; i++)
			Add(problem, user, i * DAY, Below(problem, WIDTH), label, -1);
	}
	return problem;
}

/* --- learning --- */

static void
TestLearning(void)
{
	static const InterestTask tasks[] = {INTEREST_TASK_DOMINANT, INTEREST_TASK_NEXT, INTEREST_TASK_USER};

	for (int t = 0; t < 3; t++)
	{
		Problem    *problem = Authors(tasks[t]);
		InterestModel model;
		InterestEvaluation evaluation;

		CHECK(TestAccuracy(problem, &model) > 0.9);
		evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TEST);
		CHECK(Figure(&evaluation, INTEREST_SYSTEM_MAJORITY, "accuracy") < 0.75);
		CHECK(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "log_loss") <
			  Figure(&evaluation, INTEREST_SYSTEM_MAJORITY, "log_loss"));
		CHECK(isnan(Figure(&evaluation, INTEREST_SYSTEM_HISTORY, "accuracy")) ==
			  (tasks[t] != INTEREST_TASK_NEXT));
		CHECK(isnan(Figure(&evaluation, INTEREST_SYSTEM_CENTROID, "accuracy")) ==
			  (tasks[t] == INTEREST_TASK_NEXT));
		if (tasks[t] != INTEREST_TASK_NEXT)
			CHECK(Figure(&evaluation, INTEREST_SYSTEM_CENTROID, "accuracy") > 0.9);
	}
}

static void
TestGranularities(void)
{
	Problem    *problem = Movers();
	InterestModel model;

	CHECK(TestAccuracy(problem, &model) > 0.9);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		problem->definition.half_life[g] = 100000 * DAY;
	CHECK(TestAccuracy(problem, &model) < 0.8);
}

static void
TestNegativeRows(void)
{
	static const InterestKind harmless[] = {{1.0, false}, {2.0, false}};
	Problem    *problem = Critics();
	InterestModel model;

	CHECK(TestAccuracy(problem, &model) > 0.9);
	CHECK(*model.eta > 0.0f);

	/* Without kinds a row of a subject says the opposite, which is as good. */
	problem->definition.kinds = harmless;
	CHECK(TestAccuracy(problem, &model) > 0.9);
	CHECK_NEAR(*model.eta, 0.0, 0.0);
}

/* Several interests at once: each on its own. */
static void
TestSeveralInterests(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);
	InterestModel model;
	InterestEvaluation evaluation;

	problem->definition.several = true;
	for (int user = 0; user < 300; user++)
	{
		InterestSpan *labels = InterestArenaArray(&arena, InterestSpan, 3);
		int			count = 0;

		for (int i = 0; i < 3; i++)
			if (user >> i & 1)
				labels[count++] = Name("interest", i);
		for (int i = 0; i < 4; i++)
		{
			InterestTrainingRow *row = Add(problem, user, i * DAY, user >> (i % 3) & 1 ? i % 3 : 5, 0, -1);

			row->labels = labels;
			row->label_count = count;
		}
	}
	CHECK(TestAccuracy(problem, &model) > 0.9);
	CHECK_INTEGER(model.head.kind, INTEREST_HEAD_SIGMOID);
	evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TEST);
	CHECK(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "micro_f1") > 0.9);
	CHECK(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "subset_accuracy") > 0.8);
}

/* --- the same again --- */

static void
Shuffle(Problem *problem)
{
	for (int i = problem->count - 1; i > 0; i--)
	{
		int			j = Below(problem, i + 1);
		InterestTrainingRow row = problem->rows[i];

		problem->rows[i] = problem->rows[j];
		problem->rows[j] = row;
	}
}

static bool
SameCodebook(const InterestModel *a, const InterestModel *b)
{
	return memcmp(a->codebook.weight, b->codebook.weight,
				  sizeof(float) * INTEREST_CODES * (size_t) a->shape.dimensions) == 0;
}

static bool
SameParameters(const InterestModel *a, const InterestModel *b)
{
	return a->parameter_count == b->parameter_count &&
		memcmp(a->parameters, b->parameters, sizeof(float) * a->parameter_count) == 0;
}

static bool
SameConformal(const InterestModel *a, const InterestModel *b)
{
	return a->conformal.bin_count == 1 && b->conformal.bin_count == 1 &&
		a->conformal.bins[0].count == b->conformal.bins[0].count &&
		memcmp(a->conformal.bins[0].scores, b->conformal.bins[0].scores,
			   sizeof(float) * (size_t) a->conformal.bins[0].count) == 0;
}

static void
TestRepeatable(void)
{
	static const InterestHeadKind heads[] = {INTEREST_HEAD_SVM, INTEREST_HEAD_LDA};
	static const InterestTask tasks[] = {INTEREST_TASK_DOMINANT, INTEREST_TASK_NEXT};

	for (int t = 0; t < 2; t++)
	{
		Problem    *problem = Authors(tasks[t]);
		InterestTrainingOptions options = Options();
		InterestTrainingResult result;
		InterestModel first;
		InterestModel again;
		InterestModel other;

		options.epochs = 2;
		options.l1 = 0.5;
		options.row_dropout = 0.3;
		problem->definition.head = heads[t];
		MustTrain(problem, &options, &first, &result);
		Shuffle(problem);
		MustTrain(problem, &options, &again, &result);
		CHECK(SameParameters(&first, &again));
		CHECK(SameCodebook(&first, &again));
		CHECK(SameConformal(&first, &again));
		CHECK(result.zeros > 0.1 && result.zeros < 1.0);
		options.seed++;
		MustTrain(problem, &options, &other, &result);
		CHECK(!SameParameters(&first, &other));
		CHECK(!SameCodebook(&first, &other));
		CHECK(!SameConformal(&first, &other));
	}
}

/* --- stopping --- */

static void
CountEpoch(void *context, const InterestTrainingEpoch *epoch)
{
	int		   *count = context;

	++*count;
	CHECK_INTEGER(epoch->epoch, *count);
	CHECK(epoch->samples > 0);
	CHECK(epoch->rows >= epoch->samples);
}

static void
TestEarlyStop(void)
{
	Problem    *problem = Noise();
	InterestTrainingOptions options = Options();
	int			told = 0;
	InterestTrainingObserver observer = {&told, NULL, CountEpoch};
	InterestTrainingSet set = SetOf(problem);
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestModel model;
	InterestStatus status;

	options.epochs = 100;
	options.patience = 3;
	CHECK(InterestTrain(&set, &problem->definition, &options, InterestKernelChoose("auto"),
						InterestSgemm, &observer, &arena, &model, &result, &status));
	CHECK(result.epochs < 100);
	CHECK_INTEGER(told, result.epochs);
	CHECK_INTEGER(result.best_epoch + 3, result.epochs);

	/* The parameters of the best epoch are the ones that are kept. */
	evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_VALIDATION);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "log_loss"), result.validation_loss, 0.0);
}

/* A row tells of one label that it is likelier than the other. */
static Problem *
Hints(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);

	for (int user = 0; user < 1000; user++)
	{
		int			seen = Below(problem, 2);

		Add(problem, user, 0, seen, Below(problem, 5) == 0 ? 1 - seen : seen, -1);
	}
	return problem;
}

/*
 * Of epochs that validation users cannot tell apart the last one is the best,
 * and what they say of it is what they say of the model at their temperature.
 */
static void
TestLaterEpochs(void)
{
	Problem    *problem = Hints();
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestModel model;

	options.patience = options.epochs;
	for (options.seed = 1; options.seed <= 5; options.seed++)
	{
		MustTrain(problem, &options, &model, &result);
		CHECK_INTEGER(result.best_epoch, options.epochs);
	}
	options.seed = SEED;
	MustTrain(problem, &options, &model, &result);
	CHECK(model.conformal.temperature[0] != 0.0f);
	memcpy(model.head.temperature, model.conformal.temperature, sizeof(model.conformal.temperature));
	evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_VALIDATION);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "log_loss"), result.validation_loss, 1e-9);
}

/* A host that counts what it gave out, and jumps out of the checks-th cancel check. */
typedef struct JumpingHost
{
	InterestHost host;
	jmp_buf		out;
	int			checks_left;
	int			block_count;
	void	   *blocks[4096];
} JumpingHost;

static void *
AllocateCounted(void *context, size_t size)
{
	JumpingHost *jumping = context;
	void	   *block = malloc(size);

	if (block == NULL || jumping->block_count == 4096)
		abort();
	jumping->blocks[jumping->block_count++] = block;
	return block;
}

static void
ReleaseCounted(void *context, void *block)
{
	JumpingHost *jumping = context;

	for (int i = 0; i < jumping->block_count; i++)
		if (jumping->blocks[i] == block)
		{
			jumping->blocks[i] = jumping->blocks[--jumping->block_count];
			free(block);
			return;
		}
	abort();
}

static void
JumpOut(void *context)
{
	JumpingHost *jumping = context;

	if (--jumping->checks_left == 0)
		longjmp(jumping->out, 1);
}

/* Whether the training came to its end; everything it took is given back. */
static bool
TrainJumping(const Problem *problem, JumpingHost *jumping, int checks, InterestModel *model)
{
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestStatus status;
	InterestArena jumping_arena;
	volatile bool done = false;

	options.epochs = 2;
	jumping->host = (InterestHost) {jumping, AllocateCounted, ReleaseCounted, JumpOut};
	jumping->checks_left = checks;
	jumping->block_count = 0;
	InterestArenaInit(&jumping_arena, &jumping->host, 65536);
	if (setjmp(jumping->out) == 0)
	{
		done = Train(problem, &options, &jumping_arena, model, &result, &status);
		if (done)
			model->parameters = memcpy(InterestArenaArray(&arena, float, model->parameter_count),
									   model->parameters, sizeof(float) * model->parameter_count);
	}
	while (jumping->block_count > 0)
		free(jumping->blocks[--jumping->block_count]);
	return done;
}

static void
TestCancel(void)
{
	Problem    *problem = Authors(INTEREST_TASK_DOMINANT);
	JumpingHost *jumping = InterestArenaNew(&arena, JumpingHost);
	InterestModel before;
	InterestModel after;
	InterestModel cut;
	int			checks;

	CHECK(TrainJumping(problem, jumping, 1000000, &before));
	checks = 1000000 - jumping->checks_left;
	CHECK(checks > 100);
	for (int at = 1; at < checks; at += 1 + at)
		CHECK(!TrainJumping(problem, jumping, at, &cut));
	CHECK(TrainJumping(problem, jumping, 1000000, &after));
	CHECK(SameParameters(&before, &after));
}

/* --- gradients --- */

/* A few users with everything that a row can have. */
static Problem *
Everything(InterestTask task, bool several)
{
	Problem    *problem = NewProblem(task);

	problem->definition.dimensions = 5;
	problem->definition.numeric_count = 1;
	problem->definition.categorical_count = 1;
	problem->definition.several = several;
	for (int user = 0; user < 6; user++)
		for (int i = 0; i < 6; i++)
		{
			InterestTrainingRow *row = Add(problem, user, (user + i * i) * 9 * DAY + Below(problem, 1000),
										   Below(problem, WIDTH), Below(problem, 3), i % 3 - 1);
			double	   *numeric = InterestArenaNew(&arena, double);
			InterestSpan *value = InterestArenaNew(&arena, InterestSpan);
			InterestValues *values = InterestArenaNew(&arena, InterestValues);

			*numeric = InterestRandomUniform(&problem->random);
			*value = Name("value", Below(problem, 3));
			*values = (InterestValues) {1, value};
			row->behaviour.numerics = numeric;
			row->behaviour.categoricals = values;
			if (i == 3)
				row->sentence = -1;
		}
	return problem;
}

static double
LossOf(Gradients *gradients, bool backward)
{
	InterestRowDropout dropout = {{0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.0f}, SEED, 3, NULL};
	InterestLossRule rule = {.smoothing = 0.1f};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	InterestPassTape tape;
	double		loss;

	InterestPassForward(&gradients->pass, &gradients->batch, &dropout, backward, &tape);
	loss = InterestPassBackward(&gradients->pass, &tape, &rule, backward ? &gradients->gradient : NULL);
	InterestArenaReturnTo(&arena, mark);
	return loss;
}

static bool
IsLearned(const InterestModelBlock *block)
{
	return !block->fitted;
}

static void
TestGradients(InterestTask task, bool several)
{
	static const Comparison comparison = {LossOf, 4e-3f, 5e-4, 0.01};
	Gradients  *gradients = InterestArenaNew(&arena, Gradients);

	PrepareGradients(Everything(task, several), Options(), gradients);
	CheckGradients(gradients, &comparison, IsLearned);
}

/* --- float and integer readings --- */

static int
CompareTimes(const void *a, const void *b)
{
	int64_t		x = ((const InterestStateRow *) a)->time;
	int64_t		y = ((const InterestStateRow *) b)->time;

	return (x > y) - (x < y);
}

static void
RandomReadingModel(const InterestProfileShape *shape, uint64_t seed, InterestReadingModel *model)
{
	InterestRandom random = InterestRandomKeyed(seed, 5, 5, 5);
	float	   *mu = InterestArenaArray(&arena, float, shape->dimensions);

	memset(model, 0, sizeof(*model));
	model->dimensions = shape->dimensions;
	memcpy(model->representation, shape->fingerprint, sizeof(model->representation));
	for (int i = 0; i < shape->dimensions; i++)
		mu[i] = (float) (InterestRandomUniform(&random) - 0.5);
	model->mu = mu;
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		model->kappa[g] = 0.05 + 3.0 * InterestRandomUniform(&random);
		for (int k = 0; k < INTEREST_GATE_FEATURES; k++)
			model->gate[g][k] = 0.5 * InterestRandomUniform(&random) - 0.25;
	}
	model->eta = InterestRandomUniform(&random);
}

static void
ReadFloats(const History *history, const InterestReadingModel *model, int64_t at,
		   InterestSumsReading *reading)
{
	int			d = history->shape.dimensions;
	InterestHistorySums *walk = InterestArenaNew(&arena, InterestHistorySums);
	InterestSums sums;

	for (int p = 0; p < INTEREST_PARTS; p++)
		sums.vector[p] = InterestArenaArray(&arena, double, d);
	for (int p = 0; p < INTEREST_READING_PARTS; p++)
		reading->vector[p] = InterestArenaArray(&arena, double, d);
	InterestHistorySumsInit(walk, d, history->shape.half_life, &arena);
	for (int i = 0; i < history->count; i++)
	{
		const InterestStateRow *row = &history->rows[i];
		InterestHistoryRow made;

		InterestHistoryRowInit(&made, row->time, row->weight, row->negative, history->shape.half_life);
		InterestHistoryAdd(walk, &made, row->vector);
	}
	InterestHistoryRead(walk, at, &sums);
	InterestReadSums(model, &sums, reading);
}

static bool
IsNear(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fmax(fabs(a), 1e-3);
}

/* Each float of a reading is also rounded once more than the double it is compared with. */
static void
TestReadings(void)
{
	int			worse = 0;
	int			compared = 0;

	for (uint64_t seed = 0; seed < 300; seed++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		History		history = RandomHistory(seed, &arena);
		int64_t		silence = seed % 3 == 0 ? 0 : (int64_t) (seed * seed) * HOUR;
		Working		state = NewWorking(&history.shape, &arena);
		InterestReadingModel model;
		InterestSumsReading floats;
		InterestReading integers;
		InterestStateView view;
		InterestStatus status;
		int64_t		at;

		for (int i = 0; i < history.count; i++)
			AddRow(&state, &history.rows[i], &arena);
		qsort(history.rows, (size_t) history.count, sizeof(InterestStateRow), CompareTimes);
		at = history.rows[history.count - 1].time;
		at = at > INT64_MAX - 1 - silence ? at : at + silence;
		RandomReadingModel(&history.shape, seed, &model);
		GiveCodebook(&model, &arena);
		ReadFloats(&history, &model, at, &floats);
		view = OpenWorking(&state);
		if (!CHECK(InterestReadState(&view, &model, at, &arena, &integers, &status)))
			continue;
		for (int p = 0; p < INTEREST_READING_PARTS; p++)
			for (int i = 0; i < model.dimensions; i++, compared++)
				worse += !IsNear(floats.vector[p][i], integers.vector[p][i]);
		for (int g = 0; g < INTEREST_GRANULARITIES; g++)
			worse += !IsNear(floats.gamma[g], integers.gamma[g]);
		InterestArenaReturnTo(&arena, mark);
	}
	CHECK_INTEGER(worse, 0);
	CHECK(compared > 1000);
}

/* --- samples --- */

/* A user that the split gives away for training. */
static int
TrainingUser(int from)
{
	while (HashSplitOf(from, SEED) != INTEREST_SPLIT_TRAINING)
		from++;
	return from;
}

static void
TestSplit(void)
{
	int			counts[INTEREST_SPLIT_TEST + 1] = {0};
	int			moved = 0;

	for (int user = 0; user < 10000; user++)
	{
		InterestSplit split = HashSplitOf(user, SEED);

		counts[split]++;
		moved += split != HashSplitOf(user, SEED + 1);
	}
	CHECK_NEAR(counts[INTEREST_SPLIT_TRAINING], 8000, 150);
	CHECK_NEAR(counts[INTEREST_SPLIT_VALIDATION], 500, 90);
	CHECK_NEAR(counts[INTEREST_SPLIT_CONFORMAL], 500, 90);
	CHECK_NEAR(counts[INTEREST_SPLIT_TEST], 1000, 120);
	CHECK_NEAR(moved, 3450, 250);	/* 1 - .8^2 - .05^2 - .05^2 - .1^2 */
}

/* next: strictly earlier rows, in an epoch 32 positions, others in the next one */
static void
TestPositions(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT);
	InterestNames interests = Interests(2);
	int			user = TrainingUser(0);
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestPlan plan;
	InterestBatch batch;
	int			reads[2][INTEREST_MAX_POSITIONS];
	double		weights = 0.0;

	for (int i = 0; i < 200; i++)	/* pairs of equal times, every fifth row without a label */
		Add(problem, user, i / 2 * DAY, i % WIDTH, i % 5 == 0 ? -1 : i % 2, -1);
	Prepare(problem, &interests, &prepared, &sampler);
	CHECK_INTEGER(sampler.positions[0], 160 - 1);	/* the second row has none before it */
	for (int epoch = 0; epoch < 2; epoch++)
	{
		InterestPlanEpoch(&sampler, SEED, epoch, &arena, &plan);
		CHECK_INTEGER(plan.sample_count, INTEREST_MAX_POSITIONS);
		CHECK(InterestNextBatch(&plan, 1, 1000, &arena, &batch));
		CHECK_INTEGER(batch.read_count, INTEREST_MAX_POSITIONS);
		CHECK_INTEGER(batch.history_count, 1);
		for (int r = 0; r < batch.read_count; r++)
		{
			const InterestReadPoint *read = &batch.reads[r];

			reads[epoch][r] = read->rows;
			CHECK(read->rows > 0 && read->rows <= batch.row_count);
			CHECK(prepared.rows[batch.rows[read->rows - 1]].time < read->at);
			CHECK_INTEGER(read->at, read->rows / 2 * DAY);	/* all earlier rows, and only they */
			CHECK(r == 0 || read->rows >= reads[epoch][r - 1]);
			CHECK_INTEGER(batch.targets.first[r + 1] - batch.targets.first[r], 1);
		}
		CHECK(!InterestNextBatch(&plan, 1, 1000, &arena, &batch));
	}
	CHECK(memcmp(reads[0], reads[1], sizeof(reads[0])) != 0);

	InterestPlanEvaluation(&sampler, INTEREST_SPLIT_TRAINING, &arena, &plan);
	CHECK(InterestNextBatch(&plan, 1, 1000, &arena, &batch));
	CHECK_INTEGER(batch.read_count, 159);
	for (int r = 0; r < batch.read_count; r++)
		weights += batch.reads[r].weight;
	CHECK_NEAR(weights, 1.0, 1e-12);
}

/* Rows with a time before another one. */
static int
CountBefore(const InterestPreparedRows *prepared, const InterestBatch *batch, int64_t time)
{
	int			count = 0;

	for (int i = 0; i < batch->row_count; i++)
		count += prepared->rows[batch->rows[i]].time < time;
	return count;
}

/* A position reads all of the earlier rows that are left, and always some; evaluation drops none. */
static void
TestRowDropout(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT);
	InterestNames interests = Interests(2);
	int			user = TrainingUser(0);
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestPlan plan;
	InterestBatch batch;

	for (int i = 0; i < 1000; i++)
		Add(problem, user, i / 2 * DAY, 0, i % 2, -1);
	Prepare(problem, &interests, &prepared, &sampler);
	sampler.row_dropout = 0.9;
	InterestPlanEpoch(&sampler, SEED, 1, &arena, &plan);
	CHECK(InterestNextBatch(&plan, 1, 1000, &arena, &batch));
	CHECK_INTEGER(batch.read_count, INTEREST_MAX_POSITIONS);
	CHECK_NEAR(batch.row_count, 97, 40);
	for (int r = 0; r < batch.read_count; r++)
	{
		CHECK(batch.reads[r].rows > 0);
		CHECK_INTEGER(batch.reads[r].rows, CountBefore(&prepared, &batch, batch.reads[r].at));
	}
	InterestPlanEvaluation(&sampler, INTEREST_SPLIT_TRAINING, &arena, &plan);
	CHECK(InterestNextBatch(&plan, 1, 1000, &arena, &batch));
	CHECK_INTEGER(batch.row_count, 998);
}

static int
TargetOfOnlyUser(const Problem *problem, const InterestNames *interests)
{
	InterestPreparedRows prepared;
	InterestSampler sampler;

	Prepare(problem, interests, &prepared, &sampler);
	return sampler.targets[0];
}

static void
TestDominantLabel(void)
{
	InterestNames interests = Interests(3);
	int			user = TrainingUser(0);
	Problem    *problem = NewProblem(INTEREST_TASK_DOMINANT);

	Add(problem, user, 2 * DAY, 0, 0, -1);
	Add(problem, user, 1 * DAY, 0, 2, -1);
	CHECK_INTEGER(TargetOfOnlyUser(problem, &interests), 2);	/* met first in time */
	Add(problem, user, 1 * DAY, 0, 1, -1);
	CHECK_INTEGER(TargetOfOnlyUser(problem, &interests), 1);	/* then by name */
	Add(problem, user, 3 * DAY, 0, 0, -1);
	CHECK_INTEGER(TargetOfOnlyUser(problem, &interests), 0);	/* most */
	Add(problem, user, 3 * DAY, 0, 8, -1);
	Add(problem, user, 3 * DAY, 0, 9, -1);
	CHECK_INTEGER(TargetOfOnlyUser(problem, &interests), 0);	/* two unknown interests are not one */
	Add(problem, user, 3 * DAY, 0, 9, -1);
	Add(problem, user, 3 * DAY, 0, 9, -1);
	CHECK(TargetOfOnlyUser(problem, &interests) < 0);
}

/* dominant: lone rows with their own label, one prefix or subset, half of them read later */
static void
TestSubsets(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_DOMINANT);
	InterestNames interests = Interests(2);
	int			user = TrainingUser(0);
	int			later = 0;
	int			lone = 0;
	int			some = 0;
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestPlan plan;
	InterestBatch batch;

	for (int i = 0; i < 30; i++)
		Add(problem, user, i * DAY, 0, i % 10 == 0 ? -1 : i % 3 == 0, i % 15 == 1 ? 0 : -1);
	Prepare(problem, &interests, &prepared, &sampler);
	for (int epoch = 1; epoch <= 20; epoch++)
	{
		InterestPlanEpoch(&sampler, SEED, epoch, &arena, &plan);
		CHECK_INTEGER(plan.sample_count, 30 - 3 - 2 + 1);	/* without labels; negative; a subset */
		while (InterestNextBatch(&plan, 7, 1000, &arena, &batch))
			for (int h = 0; h < batch.history_count; h++)
			{
				const InterestHistory *history = &batch.histories[h];
				const int  *rows = batch.rows + history->first_row;
				const InterestReadPoint *read = &batch.reads[history->first_read];
				int			target = batch.targets.interests[batch.targets.first[history->first_read]];
				int64_t		newest = prepared.rows[rows[history->row_count - 1]].time;

				CHECK_INTEGER(read->rows, history->row_count);
				CHECK(read->at == newest || read->at == newest + DAY);
				later += read->at > newest;
				for (int i = 1; i < history->row_count; i++)
					CHECK(rows[i] > rows[i - 1]);
				if (history->row_count == 1)
				{
					lone++;
					CHECK_INTEGER(target, prepared.labels[prepared.label_first[rows[0]]]);
					continue;
				}
				some++;
				CHECK(history->row_count <= INTEREST_MAX_SUBSET);
				CHECK_INTEGER(target, 0);
			}
	}
	CHECK_INTEGER(some, 20);
	CHECK_INTEGER(lone, 20 * 25);
	CHECK_NEAR(later, 260, 50);
}

/* --- evaluation by hand --- */

static void
TestHistoryBaseline(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_NEXT);
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestModel model;
	const int	users[] = {TrainingUser(0), TrainingUser(TrainingUser(0) + 1)};

	/* Of each user targets 0 and 1, half a sample each, and half a sample of doubt each: rates of .5. */
	for (int i = 0; i < 2; i++)
	{
		Add(problem, users[i], 1 * DAY, 0, 0, -1);
		Add(problem, users[i], 2 * DAY, 0, 0, -1);
		Add(problem, users[i], 3 * DAY, 1, 1, -1);
	}
	MustTrain(problem, &options, &model, &result);
	CHECK_INTEGER(result.epochs, options.epochs);	/* no validation user: no early stop */
	CHECK(isnan(result.validation_loss));
	evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TRAINING);
	CHECK_INTEGER(evaluation.samples, 4);
	CHECK_INTEGER(evaluation.users, 2);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_MAJORITY, "log_loss"), log(2.0), 1e-6);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_HISTORY, "log_loss"),
			   -(log((1 + 2.5) / 6) + log(2.5 / 7)) / 2, 1e-6);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_HISTORY, "accuracy"), 0.5, 0.0);
	CHECK_NEAR(Figure(&evaluation, INTEREST_SYSTEM_HISTORY, "auc"), 0.0, 0.0);
}

/* --- wrong input --- */

static void
CheckFails(const Problem *problem, const char *message)
{
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestModel model;
	InterestStatus status;

	status.message[0] = '\0';
	CHECK(!Train(problem, &options, &arena, &model, &result, &status));
	CHECK_STRING(status.message, message);
}

static void
TestWrongInput(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_USER);
	int			user = TrainingUser(0);
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestTrainingSet set;
	InterestModel model;
	InterestStatus status;

	CheckFails(problem, "training needs at least two interests, and the label column has none");
	Add(problem, user, DAY, 0, 0, -1);
	CheckFails(problem, "training needs at least two interests, and the label column has one");
	Add(problem, user, DAY, 0, 1, -1)->behaviour.has_time = false;
	Add(problem, user, DAY, 0, 1, -1)->sentence = -1;
	CheckFails(problem, "training needs at least two interests, and the label column has one");
	Add(problem, user, 2 * DAY, 0, 1, -1);
	CheckFails(problem, "only one training user has a sample to learn from");
	Add(problem, TrainingUser(user + 1), DAY, 0, 1, -1);
	MustTrain(problem, &options, &model, &result);
	CHECK_INTEGER(result.counts.rows, 3);
	CHECK_INTEGER(result.counts.rows_without_time, 1);
	CHECK_INTEGER(result.counts.rows_without_content, 1);
	CHECK_INTEGER(result.counts.training_users, 2);

	set = SetOf(problem);
	CHECK(!InterestEvaluate(&set, &model, SEED, INTEREST_SPLIT_TEST, InterestKernelChoose("auto"),
							InterestSgemm, NULL, &arena, &evaluation, &status));
	CHECK_STRING(status.message, "no test user has a sample to measure");
	problem->definition.head = INTEREST_HEAD_SIGMOID;
	CheckFails(problem, "the head is out of range");
	problem->definition.task = INTEREST_TASK_NEXT;
	problem->definition.head = INTEREST_HEAD_SOFTMAX;
	problem->rows[0].behaviour.time = 2 * DAY;
	CheckFails(problem, "no training user has a sample to learn from");
	problem->rows[0].behaviour.time = INT64_MAX;
	CheckFails(problem, "time of a row must not be infinite");
	options.learning_rate = NAN;
	CHECK(!Train(problem, &options, &arena, &model, &result, &status));
	CHECK_STRING(status.message, "the learning rate is out of range");
}

/* A sentence that is not a number must not become a model. */
static void
TestNotFinite(void)
{
	Problem    *problem = Authors(INTEREST_TASK_DOMINANT);

	problem->sentences[5] = NAN;
	problem->rows[0].user = Name("user", TrainingUser(0));
	CheckFails(problem, "the training loss is no longer a finite number in epoch 1");
}

/* Times at both ends, numbers without bounds, many equal rows: nothing but a model comes of it. */
static void
TestExtremes(void)
{
	static const int64_t times[] = {INT64_MIN + 1, -1, 0, 30 * DAY, INT64_MAX - 1};
	static const double numbers[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 0.0, 1e-308};
	static const InterestTask tasks[] = {INTEREST_TASK_DOMINANT, INTEREST_TASK_NEXT, INTEREST_TASK_USER};

	for (int t = 0; t < 3; t++)
	{
		Problem    *problem = NewProblem(tasks[t]);
		InterestTrainingOptions options = Options();
		InterestTrainingResult result;
		InterestEvaluation evaluation;
		InterestModel model;

		problem->definition.numeric_count = 1;
		for (int i = 0; i < 600; i++)
		{
			InterestTrainingRow *row = Add(problem, i / 12, times[Below(problem, 5)], Below(problem, WIDTH),
										   Below(problem, 4) - 1, Below(problem, 3) - 1);

			row->behaviour.numerics = &numbers[Below(problem, 7)];
		}
		options.epochs = 2;
		MustTrain(problem, &options, &model, &result);
		for (size_t i = 0; i < model.parameter_count; i++)
			if (!CHECK(isfinite(model.parameters[i])))
				break;
		evaluation = MustEvaluate(problem, &model, INTEREST_SPLIT_TEST);
		CHECK(isfinite(Figure(&evaluation, INTEREST_SYSTEM_MODEL, "log_loss")));
	}
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), (size_t) 1 << 20);
	TestSplit();
	TestPositions();
	TestRowDropout();
	TestDominantLabel();
	TestSubsets();
	TestReadings();
	TestGradients(INTEREST_TASK_NEXT, true);
	TestGradients(INTEREST_TASK_DOMINANT, false);
	TestLearning();
	TestSeveralInterests();
	TestGranularities();
	TestNegativeRows();
	TestRepeatable();
	TestEarlyStop();
	TestLaterEpochs();
	TestCancel();
	TestHistoryBaseline();
	TestWrongInput();
	TestNotFinite();
	TestExtremes();
	InterestArenaFree(&arena);
	return CheckReport("training");
}

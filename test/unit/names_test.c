/*
 * names_test.c
 *	  Eigenvectors, and models that start from the names of their interests.
 */
#include "check.h"
#include "problem.h"

#include "core/base/eigen.h"
#include "core/training/names.h"

#include <math.h>
#include <string.h>

/* A symmetric matrix of full rank, or of fewer. */
static double *
MakeMatrix(int n, int rank)
{
	InterestRandom random = InterestRandomKeyed(SEED, (uint64_t) n, (uint64_t) rank, 0);
	double	   *matrix = InterestArenaAllocateZero(&arena, sizeof(double) * (size_t) (n * n));
	double	   *x = InterestArenaArray(&arena, double, n);

	for (int r = 0; r < rank; r++)
	{
		double		sign = r % 3 == 2 ? -1.0 : 1.0;

		for (int i = 0; i < n; i++)
			x[i] = InterestRandomUniform(&random) - 0.3;
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				matrix[i * n + j] += sign * x[i] * x[j];
	}
	return matrix;
}

/* A v = value v, vectors of norm 1 and at right angles, values in descending order. */
static void
CheckEigen(int n, int rank)
{
	double	   *matrix = MakeMatrix(n, rank);
	double	   *vectors = InterestArenaArray(&arena, double, n * n);
	double	   *values = InterestArenaArray(&arena, double, n);
	double		worst = 0.0;

	memcpy(vectors, matrix, sizeof(double) * (size_t) (n * n));
	if (!CHECK(InterestEigenSymmetric(n, vectors, values, &arena)))
		return;
	for (int k = 0; k < n; k++)
	{
		const double *v = vectors + k * n;

		CHECK(k == 0 || values[k - 1] >= values[k]);
		for (int i = 0; i < n; i++)
		{
			double		image = 0.0;
			double		product = 0.0;

			for (int j = 0; j < n; j++)
			{
				image += matrix[i * n + j] * v[j];
				product += vectors[i * n + j] * v[j];
			}
			worst = fmax(worst, fabs(image - values[k] * v[i]));
			worst = fmax(worst, fabs(product - (i == k)));
		}
	}
	CHECK_NEAR(worst, 0.0, 1e-12 * (n + 1));
}

static void
TestEigen(void)
{
	double		values[2];
	double		bad[4] = {1.0, NAN, NAN, 1.0};
	double		apart[4] = {1.0, 0.0, 0.0, 3.0};

	for (int n = 1; n <= 20; n++)
		CheckEigen(n, n);
	CheckEigen(40, 7);
	CheckEigen(64, 0);
	CheckEigen(97, 97);
	for (int rank = 1; rank <= 6; rank++)
		CheckEigen(384, rank);
	CHECK(!InterestEigenSymmetric(2, bad, values, &arena));
	CHECK(InterestEigenSymmetric(2, apart, values, &arena));
	CHECK(values[0] == 3.0 && values[1] == 1.0 && fabs(apart[1]) == 1.0 && apart[0] == 0.0);
}

/* A name for each of the first subjects: what a row says that is about it alone. */
static InterestNamedInterests *
NamesOf(int count)
{
	InterestNamedInterests *named = InterestArenaNew(&arena, InterestNamedInterests);
	InterestSpan *labels = InterestArenaArray(&arena, InterestSpan, count);
	float	   *sentences = InterestArenaAllocateZero(&arena, sizeof(float) * (size_t) (count * WIDTH));

	for (int k = 0; k < count; k++)
	{
		labels[k] = Name("interest", k);
		sentences[k * WIDTH + k] = 1.0f;
	}
	named->labels = (InterestNames) {count, labels};
	named->sentences = sentences;
	return named;
}

static const float **
RowsOf(const Problem *problem)
{
	const float **rows = InterestArenaArray(&arena, const float *, problem->count);

	for (int i = 0; i < problem->count; i++)
		rows[i] = problem->sentences + (size_t) i * WIDTH;
	return rows;
}

static void
MustName(const Problem *problem, int rows, InterestModel *model)
{
	InterestStatus status;

	if (!InterestNameModel(&problem->definition, SEED, rows, RowsOf(problem), InterestKernelChoose("portable"),
						   &arena, model, &status))
		CheckString(status.message, "", "status.message", "", __FILE__, __LINE__);
}

/* What a user is told whose only row's sentence is that one. */
static int
AnswerTo(InterestModel *model, const float *sentence, float *probability)
{
	const InterestRowTexts texts = {.sentence = sentence};
	InterestRowInput input = {.texts = texts, .weight = 1.0};
	const InterestRowInput *inputs = &input;
	InterestArithmetic arithmetic = {.kernel = InterestKernelChoose("portable"), .scratch = &arena};
	float	   *probabilities = InterestArenaArray(&arena, float, model->interests.count);
	InterestRowTape tape;
	int			best = 0;

	input.dense = InterestArenaAllocateZero(&arena, sizeof(float) * (size_t) model->network.features.dense_width);
	InterestRowForward(&model->network, &arithmetic, 1, &inputs, NULL, &tape);
	InterestModelProbabilities(model, tape.v, 1.0, &arena, probabilities);
	for (int j = 1; j < model->interests.count; j++)
		if (probabilities[j] > probabilities[best])
			best = j;
	*probability = probabilities[best];
	return best;
}

/* Rows without labels and names make a model that knows what a row is about, whatever its head and fusion. */
static void
TestNamesOnly(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
		for (int fusion = 0; fusion < INTEREST_FUSIONS; fusion++)
		{
			Problem    *problem = Authors(INTEREST_TASK_USER);
			InterestModel model;

			if (fusion == INTEREST_FUSION_MULTIPLY)
				continue;
			problem->definition.named = NamesOf(WIDTH);
			problem->definition.head = (InterestHeadKind) kind;
			problem->definition.several = !InterestHeadIsOfOne((InterestHeadKind) kind);
			problem->definition.fusion = (InterestFusionKind) fusion;
			problem->definition.dimensions = WIDTH + 2;
			MustName(problem, problem->count, &model);
			InterestModelOpen(&model, &arena, InterestKernelChoose("portable"));
			for (int k = 0; k < WIDTH; k++)
			{
				float		probability;

				CHECK_INTEGER(AnswerTo(&model, problem->definition.named->sentences + k * WIDTH, &probability), k);
				CHECK(probability > 1.2f / WIDTH);
			}
			CHECK(model.eta[0] == 0.0f && model.gate[0] == 0.0f && model.mu[0] == 0.0f);
		}
}

/* Without rows, or with fewer than dimensions, the names do; more of them than dimensions too. */
static void
TestFewRows(void)
{
	for (int rows = 0; rows < 3; rows++)
		for (int d = 4; d <= 2 * WIDTH; d += WIDTH - 4)
		{
			Problem    *problem = Authors(INTEREST_TASK_USER);
			InterestModel model;
			InterestModel again;
			float		probability;

			problem->definition.named = NamesOf(WIDTH);
			problem->definition.dimensions = d;
			MustName(problem, rows, &model);
			MustName(problem, rows, &again);
			CHECK(memcmp(model.parameters, again.parameters, sizeof(float) * model.parameter_count) == 0);
			InterestModelOpen(&model, &arena, InterestKernelChoose("portable"));
			for (int k = 0; k < WIDTH && d >= WIDTH; k++)
				CHECK_INTEGER(AnswerTo(&model, problem->definition.named->sentences + k * WIDTH, &probability), k);
		}
}

/* Training knows interests that no row has, those that have no name, and does better than names alone. */
static void
TestTraining(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		Problem    *problem = Authors(INTEREST_TASK_USER);
		InterestModel model;

		if (!InterestHeadIsOfOne((InterestHeadKind) kind))
			continue;
		problem->definition.head = (InterestHeadKind) kind;
		problem->definition.named = NamesOf(WIDTH);
		CHECK(TestAccuracy(problem, &model) > 0.9);
		CHECK_INTEGER(model.interests.count, WIDTH);
		problem->definition.named = NamesOf(1);
		CHECK(TestAccuracy(problem, &model) > 0.9);
		CHECK_INTEGER(model.interests.count, 2);
	}
}

/* Rates of three interests, shrunk. */
static void
CheckShrunk(int users, double a, double b, double c, const double *wanted)
{
	double		rates[3] = {a, b, c};

	InterestShrinkRates(users, 3, rates);
	for (int i = 0; i < 3; i++)
		CHECK_NEAR(rates[i], wanted[i], 1e-12);
}

/* lambda of .5, .3, .2 is .62 / (n - 1) / (.14 / 3): above 1 of 11 users, .62 / 100 / (.14 / 3) of 101. */
static void
TestShrunkRates(void)
{
	static const double alike[3] = {1.0 / 3, 1.0 / 3, 1.0 / 3};
	static const double alone[3] = {0.4, 0.4, 0.4};
	double		lambda = 0.0062 / (0.14 / 3);
	const double many[3] = {0.5 - lambda / 6, 0.3 + lambda / 30, 0.2 + lambda * 2 / 15};

	CheckShrunk(11, 0.5, 0.3, 0.2, alike);
	CheckShrunk(1, 0.5, 0.3, 0.2, alike);
	CheckShrunk(1000, 0.4, 0.4, 0.4, alone);
	CheckShrunk(101, 0.5, 0.3, 0.2, many);
}

#define DECIDED_USERS 60

/*
 * Users of one row that is hardly more about its subject than about another one,
 * but for the first users, whose rows are about theirs alone.
 */
static Problem *
Undecided(void)
{
	Problem    *problem = NewProblem(INTEREST_TASK_DOMINANT);

	problem->definition.named = NamesOf(WIDTH);
	for (int user = 0; user < 400; user++)
	{
		float	   *sentence = problem->sentences + problem->count * WIDTH;

		Add(problem, user, DAY, user % WIDTH, user % WIDTH, -1);
		if (user >= DECIDED_USERS)
			sentence[(user + 1 + Below(problem, WIDTH - 1)) % WIDTH] += 0.7f + 0.25f * (float) InterestRandomUniform(&problem->random);
	}
	return problem;
}

/* Labels of so many decided training users of each subject only. */
static void
KeepLabels(Problem *problem, const int *wanted)
{
	int			kept[WIDTH] = {0};

	for (int user = 0; user < problem->count; user++)
	{
		int			subject = user % WIDTH;

		problem->rows[user].label_count = 0;
		if (user < DECIDED_USERS && HashSplitOf(user, SEED) == INTEREST_SPLIT_TRAINING && kept[subject] < wanted[subject])
			problem->rows[user].label_count = ++kept[subject] > 0;
	}
}

/* Rows of any user that a model is right about. */
static int
CountRight(const Problem *problem, InterestModel *model)
{
	int			right = 0;
	float		probability;

	InterestModelOpen(model, &arena, InterestKernelChoose("portable"));
	for (int i = 0; i < problem->count; i++)
		right += AnswerTo(model, problem->sentences + i * WIDTH, &probability) == i % WIDTH;
	return right;
}

/*
 * A few labels, by chance more of one interest than of another and none of a
 * third, do not harm what names know: one row of 50 may fall to the other side.
 */
static void
TestFewLabels(void)
{
	static const int wanted[WIDTH] = {6, 1, 3, 0, 2, 1};

	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		Problem    *problem = Undecided();
		InterestTrainingOptions options = Options();
		InterestTrainingResult result;
		InterestModel names;
		InterestModel trained;

		options.dropout = &InterestNamedDropout;
		problem->definition.head = (InterestHeadKind) kind;
		problem->definition.several = !InterestHeadIsOfOne((InterestHeadKind) kind);
		MustName(problem, problem->count, &names);
		KeepLabels(problem, wanted);
		MustTrain(problem, &options, &trained, &result);
		CHECK(CountRight(problem, &trained) + problem->count / 50 >= CountRight(problem, &names));
	}
}

static void
TestRefusals(void)
{
	Problem    *problem = Authors(INTEREST_TASK_USER);
	const float **rows = RowsOf(problem);
	float		bad[WIDTH] = {NAN};
	InterestModel model;
	InterestStatus status;

	problem->definition.named = NamesOf(WIDTH);
	problem->definition.fusion = INTEREST_FUSION_MULTIPLY;
	CHECK(!InterestNameModel(&problem->definition, SEED, problem->count, rows, InterestKernelChoose("portable"),
							 &arena, &model, &status));
	CHECK_STRING(status.message, "the fusion multiply cannot start from names of interests");
	problem->definition.fusion = INTEREST_FUSION_CONCAT;
	rows[0] = bad;
	CHECK(!InterestNameModel(&problem->definition, SEED, problem->count, rows, InterestKernelChoose("portable"),
							 &arena, &model, &status));
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	TestEigen();
	TestNamesOnly();
	TestFewRows();
	TestTraining();
	TestShrunkRates();
	TestFewLabels();
	TestRefusals();
	InterestArenaFree(&arena);
	return CheckReport("names");
}

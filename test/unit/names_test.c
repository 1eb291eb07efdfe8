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
	TestRefusals();
	InterestArenaFree(&arena);
	return CheckReport("names");
}

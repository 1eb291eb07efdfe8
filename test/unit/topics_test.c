/*
 * topics_test.c
 *	  The codebook, the codes of rows, and the topics that readings make of them.
 */
#include "check.h"
#include "history.h"

#include "core/profile/topics.h"
#include "core/training/codebook.h"

#include <math.h>
#include <string.h>

#define SEED 7

static InterestArena arena;

/* --- topics --- */

/* A reading model of nothing but a codebook. */
static InterestReadingModel
CodesOnly(int dimensions)
{
	InterestReadingModel model = {.dimensions = dimensions};

	GiveCodebook(&model, &arena);
	return model;
}

static InterestReading
ReadTopics(const InterestReadingModel *model, const double *masses)
{
	InterestReading reading;

	for (int i = 0; i < INTEREST_MAX_TOPICS; i++)
		reading.topics[i].vector = InterestArenaArray(&arena, float, model->dimensions);
	InterestReadTopics(model, masses, &reading);
	return reading;
}

/* Clusters by the definition: sets of codes, their masses and their centres. */
typedef struct Cluster
{
	int			lowest;			/* code; -1: merged away */
	double		mass;
	double		sum[8];			/* mass times the centre */
} Cluster;

static double
WardCost(const Cluster *a, const Cluster *b, int dimensions)
{
	double		square = 0.0;

	for (int i = 0; i < dimensions; i++)
		square += pow(a->sum[i] / a->mass - b->sum[i] / b->mass, 2);
	return a->mass * b->mass / (a->mass + b->mass) * square;
}

/* Merges the cheapest pair until 5 are left; returns how many there are. */
static int
WardByDefinition(const InterestReadingModel *model, const double *masses, Cluster *clusters)
{
	int			left = 0;

	for (int code = 0; code < INTEREST_CODES; code++)
	{
		clusters[code] = (Cluster) {masses[code] > 0 ? code : -1, masses[code], {0}};
		for (int i = 0; i < model->dimensions; i++)
			clusters[code].sum[i] = masses[code] * model->codes[code * model->dimensions + i];
		left += masses[code] > 0;
	}
	for (; left > INTEREST_MAX_TOPICS; left--)
	{
		double		best = HUGE_VAL;
		int			a = -1;
		int			b = -1;

		for (int i = 0; i < INTEREST_CODES; i++)
			for (int j = i + 1; j < INTEREST_CODES; j++)
				if (clusters[i].lowest >= 0 && clusters[j].lowest >= 0 &&
					WardCost(&clusters[i], &clusters[j], model->dimensions) < best)
				{
					best = WardCost(&clusters[i], &clusters[j], model->dimensions);
					a = i;
					b = j;
				}
		clusters[a].mass += clusters[b].mass;
		for (int i = 0; i < model->dimensions; i++)
			clusters[a].sum[i] += clusters[b].sum[i];
		clusters[b].lowest = -1;
	}
	return left;
}

static void
CheckTopics(const InterestReadingModel *model, const double *masses)
{
	InterestReading reading = ReadTopics(model, masses);
	Cluster		clusters[INTEREST_CODES];

	CHECK_INTEGER(reading.topic_count, WardByDefinition(model, masses, clusters));
	for (int t = 0; t < reading.topic_count; t++)
	{
		const InterestTopic *topic = &reading.topics[t];
		const Cluster *cluster = &clusters[topic->code];

		if (!CHECK_INTEGER(cluster->lowest, topic->code))
			continue;
		CHECK_NEAR(topic->mass, cluster->mass, 1e-6 * cluster->mass);
		for (int i = 0; i < model->dimensions; i++)
			CHECK_NEAR(topic->vector[i], cluster->sum[i] / cluster->mass, 1e-6);
		CHECK(t == 0 || topic[-1].mass > topic->mass ||
			  (topic[-1].mass == topic->mass && topic[-1].code < topic->code));
	}
}

/* Random masses over 60 orders of magnitude, of random codes. */
static void
TestWard(void)
{
	for (uint64_t seed = 0; seed < 1000; seed++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		InterestRandom random = InterestRandomKeyed(seed, 21, 0, 0);
		InterestReadingModel model = CodesOnly(2 + (int) InterestRandomBelow(&random, 7));
		uint32_t	in = 1 + InterestRandomBelow(&random, 12);
		double		orders = InterestRandomBelow(&random, 2) == 0 ? 1.0 : 60.0;
		double		masses[INTEREST_CODES];

		for (int code = 0; code < INTEREST_CODES; code++)
			masses[code] = InterestRandomBelow(&random, in) == 0
				? pow(10.0, orders * (InterestRandomUniform(&random) - 0.5)) : 0.0;
		CheckTopics(&model, masses);
		InterestArenaReturnTo(&arena, mark);
	}
}

/*
 * Six codes on two axes, in pairs that are equally near: the pair of the lowest
 * codes is merged, and keeps the lower one.
 */
static void
TestTies(void)
{
	static float codes[INTEREST_CODES * 2];
	static double distances[INTEREST_CODES * INTEREST_CODES];
	InterestReadingModel model = {.dimensions = 2, .codes = codes, .code_distances = distances};
	double		masses[INTEREST_CODES] = {0};
	InterestReading reading;

	for (int code = 0; code < INTEREST_CODES; code++)
		codes[2 * code + code % 2] = code / 2 % 2 ? -1.0f : 1.0f;
	InterestMeasureCodes(2, codes, distances);
	for (int code = 10; code < 16; code++)
		masses[code] = 1.0;
	/* 10 and 14, 11 and 15 are one and the same: both pairs cost 0. */
	reading = ReadTopics(&model, masses);
	CHECK_INTEGER(reading.topic_count, 5);
	CHECK_INTEGER(reading.topics[0].code, 10);
	CHECK_NEAR(reading.topics[0].mass, 2.0, 0.0);
	for (int t = 1; t < 5; t++)
	{
		static const int left[] = {10, 11, 12, 13, 15};

		CHECK_INTEGER(reading.topics[t].code, left[t]);
		CHECK_NEAR(reading.topics[t].mass, 1.0, 0.0);
	}
	/* Opposite codes of equal masses make a topic that points nowhere. */
	masses[16] = masses[17] = 1.0;
	CHECK_INTEGER(ReadTopics(&model, masses).topic_count, 5);
}

/* What float cannot hold is no topic. */
static void
TestFaint(void)
{
	InterestReadingModel model = CodesOnly(3);
	double		masses[INTEREST_CODES] = {0};
	InterestReading reading;

	CHECK_INTEGER(ReadTopics(&model, masses).topic_count, 0);
	masses[63] = 1e-46;
	CHECK_INTEGER(ReadTopics(&model, masses).topic_count, 0);
	masses[5] = 1e-30;
	reading = ReadTopics(&model, masses);
	CHECK_INTEGER(reading.topic_count, 1);
	CHECK_INTEGER(reading.topics[0].code, 5);
	for (int i = 0; i < 3; i++)
		CHECK_NEAR(reading.topics[0].vector[i], model.codes[5 * 3 + i], 0.0);
}

/* --- codes --- */

static InterestArithmetic
Arithmetic(void)
{
	return (InterestArithmetic) {.kernel = InterestKernelChoose("auto"), .scratch = &arena};
}

static void
TestFindCodes(void)
{
	InterestArithmetic arithmetic = Arithmetic();
	float		weight[INTEREST_CODES * 2] = {0};
	InterestLinear codebook = {.outputs = INTEREST_CODES, .inputs = 2, .weight = weight};
	static const float v[6][2] = {{0, 0}, {0.1f, 0.1f}, {0, 1}, {0, -1}, {-0.5f, 0}, {1, 0.99f}};
	static const int expected[6] = {0, 0, 1, 3, 2, 0};
	int			codes[6];
	int			alone;

	/* right, up, left, down, then all the same once more: ties go to the lowest */
	for (int code = 0; code < INTEREST_CODES; code++)
		weight[2 * code + code % 2] = code / 2 % 2 ? -1.0f : 1.0f;
	InterestLinearPack(&codebook, &arena);
	InterestFindCodes(&codebook, &arithmetic, 6, v[0], codes);
	for (int i = 0; i < 6; i++)
	{
		CHECK_INTEGER(codes[i], expected[i]);
		InterestFindCodes(&codebook, &arithmetic, 1, v[i], &alone);
		CHECK_INTEGER(alone, expected[i]);
	}
}

/* --- the codebook --- */

#define WIDTH 4

/*
 * Rows of users, one a user, of sentences that a model of WIDTH dimensions takes
 * for their vectors; every third user does not train.
 */
typedef struct Rows
{
	int			count;
	float		sentences[50000][WIDTH];
	InterestStore store;
	InterestPlace places[50000];	/* of the sentences */
	InterestPreparedRow rows[50000];
	InterestTrainingSet set;
	InterestTrainingUser users[50000];
	InterestPreparedRows prepared;
	InterestModel model;
} Rows;

static void
AddSentence(Rows *rows, const float *sentence)
{
	int			i = rows->count++;

	memcpy(rows->sentences[i], sentence, sizeof(rows->sentences[i]));
	rows->places[i] = InterestStoreAdd(&rows->store, sentence, sizeof(rows->sentences[i]));
	rows->rows[i] = (InterestPreparedRow) {.sentence = i, .kind = -1};
	rows->users[i] = (InterestTrainingUser) {.first = i, .count = 1, .split = INTEREST_SPLIT_TRAINING};
}

static Rows *
NewRows(void)
{
	Rows	   *rows = InterestArenaAllocateZero(&arena, sizeof(Rows));
	static const InterestSpan interests[] = {{"one", 3}, {"two", 3}};
	InterestModel *model = &rows->model;
	InterestStatus status;

	InterestStoreInit(&rows->store, &arena, NULL, 0);
	model->shape = UsualShape(WIDTH);
	model->interests = (InterestNames) {2, interests};
	model->network.sentence_scale = 1.0f;
	model->network.features = (InterestFeatures) {.text_count = 1, .sentence_width = WIDTH};
	CHECK(InterestModelCreate(model, &arena, &status));
	InterestModelBind(model, InterestArenaAllocateZero(&arena, sizeof(float) * model->parameter_count));
	for (int i = 0; i < WIDTH; i++)
		model->network.sentence.weight[i * WIDTH + i] = 1.0f;
	return rows;
}

/* Learns the codes; the codebook's bytes. */
static Bytes
Learn(Rows *rows, uint64_t seed)
{
	Bytes		bytes = {NULL, sizeof(float) * INTEREST_CODES * WIDTH};
	const float dense[INTEREST_TIME_WIDTH] = {0};
	InterestPlace place = InterestStoreAdd(&rows->store, dense, sizeof(dense));

	for (int i = 0; i < rows->count; i++)
		rows->rows[i].input = place;
	rows->set = (InterestTrainingSet) {.store = &rows->store, .sentences = rows->places};
	rows->prepared = (InterestPreparedRows) {
		.set = &rows->set, .features = &rows->model.network.features, .row_count = rows->count, .rows = rows->rows, .user_count = rows->count, .users = rows->users
	};
	InterestLearnCodebook(&rows->prepared, &rows->model, seed, InterestKernelChoose("auto"), &arena);
	bytes.bytes = InterestArenaAllocate(&arena, bytes.size);
	memcpy(bytes.bytes, rows->model.codebook.weight, bytes.size);
	return bytes;
}

static int
CodeOf(const Rows *rows, const float *v)
{
	InterestArithmetic arithmetic = Arithmetic();
	InterestLinear codebook = rows->model.codebook;
	int			code;

	InterestLinearPack(&codebook, &arena);
	InterestFindCodes(&codebook, &arithmetic, 1, v, &code);
	return code;
}

static void
CheckNorms(const Rows *rows)
{
	for (int code = 0; code < INTEREST_CODES; code++)
	{
		const float *vector = rows->model.codebook.weight + code * WIDTH;
		double		square = 0.0;

		for (int i = 0; i < WIDTH; i++)
			square += (double) vector[i] * vector[i];
		CHECK_NEAR(square, 1.0, 1e-6);
	}
}

static void
RandomSentence(InterestRandom *random, float *sentence)
{
	for (int i = 0; i < WIDTH; i++)
		sentence[i] = (float) (2.0 * InterestRandomUniform(random) - 1.0);
}

/* Fewer directions than codes: each has a code of its own, which is the direction. */
static void
TestFewDirections(void)
{
	Rows	   *rows = NewRows();
	static const float directions[4][WIDTH] = {{0.5f, 0, 0, 0}, {-0.1f, 0, 0, 0}, {0.3f, 0.3f, 0, 0}, {0, 0, 0, 0}};
	static const float untrained[WIDTH] = {0, 0, 0, 1};
	int			seen[3];

	for (int i = 0; i < 300; i++)
	{
		float		sentence[WIDTH];
		float		length = (float) (1 + i) / 300.0f;

		for (int j = 0; j < WIDTH; j++)
			sentence[j] = directions[i % 4][j] * length;
		AddSentence(rows, sentence);
	}
	/* Validation and test users teach nothing. */
	AddSentence(rows, untrained);
	rows->users[rows->count - 1].split = INTEREST_SPLIT_TEST;
	Learn(rows, SEED);
	CheckNorms(rows);
	for (int i = 0; i < 3; i++)
	{
		const float *code;
		double		dot = 0.0;
		double		square = 0.0;

		seen[i] = CodeOf(rows, directions[i]);
		code = rows->model.codebook.weight + seen[i] * WIDTH;
		for (int j = 0; j < WIDTH; j++)
		{
			dot += (double) code[j] * directions[i][j];
			square += (double) directions[i][j] * directions[i][j];
		}
		CHECK_NEAR(dot / sqrt(square), 1.0, 1e-6);
		CHECK(seen[i] < 3);
	}
	CHECK(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
	CHECK_INTEGER(CodeOf(rows, directions[3]), 0);
	for (int code = 3; code < INTEREST_CODES; code++)
		CHECK(memcmp(rows->model.codebook.weight, rows->model.codebook.weight + code * WIDTH,
					 sizeof(float) * WIDTH) == 0);
}

/* No direction at all leaves the codes as they are. */
static void
TestNoDirection(void)
{
	Rows	   *rows = NewRows();
	static const float zero[WIDTH] = {0};

	for (int i = 0; i < 2; i++)
	{
		Learn(rows, SEED);
		for (int j = 0; j < INTEREST_CODES * WIDTH; j++)
			CHECK_NEAR(rows->model.codebook.weight[j], j % WIDTH == 0, 0.0);
		AddSentence(rows, zero);
	}
}

/* How far the rows are from their codes, on the mean: 1 - cosine. */
static double
MeanDistance(const Rows *rows)
{
	double		sum = 0.0;

	for (int i = 0; i < rows->count; i++)
	{
		const float *v = rows->sentences[i];
		const float *code = rows->model.codebook.weight + CodeOf(rows, v) * WIDTH;
		double		dot = 0.0;
		double		square = 0.0;

		for (int j = 0; j < WIDTH; j++)
		{
			dot += (double) v[j] * code[j];
			square += (double) v[j] * v[j];
		}
		sum += 1.0 - dot / sqrt(square);
	}
	return sum / rows->count;
}

/*
 * 64 groups are found as they are; the same rows and seed give the same bits,
 * another seed others; the seeds that k-means starts from are rows.
 */
static void
TestGroups(void)
{
	Rows	   *rows = NewRows();
	InterestRandom random = InterestRandomKeyed(SEED, 22, 0, 0);
	float		centre[INTEREST_CODES][WIDTH];
	Bytes		first;

	for (int code = 0; code < INTEREST_CODES; code++)
		RandomSentence(&random, centre[code]);
	for (int i = 0; i < 2000; i++)
	{
		float		sentence[WIDTH];

		for (int j = 0; j < WIDTH; j++)
			sentence[j] = centre[i % INTEREST_CODES][j] + 0.02f * (float) (InterestRandomUniform(&random) - 0.5);
		AddSentence(rows, sentence);
	}
	first = Learn(rows, SEED);
	CheckNorms(rows);
	CHECK(SameBytes(Learn(rows, SEED), first));
	CHECK(MeanDistance(rows) < 2e-3);
	CHECK(!SameBytes(Learn(rows, SEED + 1), first));
	CHECK(MeanDistance(rows) < 2e-3);
}

/* Of more rows than it looks at, it looks at some of every part. */
static void
TestManyRows(void)
{
	Rows	   *rows = NewRows();
	InterestRandom random = InterestRandomKeyed(SEED, 23, 0, 0);
	static const float last[WIDTH] = {0, 0, 0, -1};
	int			code;

	for (int i = 0; i < 50000; i++)
	{
		float		sentence[WIDTH];

		RandomSentence(&random, sentence);
		sentence[3] = 0.0f;
		AddSentence(rows, i < 49000 ? sentence : last);
	}
	Learn(rows, SEED);
	CheckNorms(rows);
	code = CodeOf(rows, last);
	CHECK_NEAR(rows->model.codebook.weight[code * WIDTH + 3], -1.0, 1e-6);
	rows->count = 1000;
	CHECK(MeanDistance(rows) < 0.1);
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestWard, TestTies, TestFaint, TestFindCodes,
		TestFewDirections, TestNoDirection, TestGroups, TestManyRows
	};

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("topics");
}

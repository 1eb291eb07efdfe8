/*
 * codebook.c
 *	  The codebook of a trained model: spherical k-means (Dhillon, Modha, "Concept
 *	  decompositions for large sparse text data using clustering", Machine Learning
 *	  42, 2001) from the seeds of k-means++ (Arthur, Vassilvitskii, SODA 2007).
 */
#include "core/training/codebook.h"

#include "core/base/random.h"
#include "core/network/codebook.h"

#include <math.h>
#include <string.h>

/* Rows that the codes are made from, at most; 512 a code. */
#define MAX_ROWS 32768

#define MAX_ROUNDS 20

/* Rows at once: some milliseconds between cancel checks. */
#define CHUNK_ROWS 1024

/* 1 - cosine of two vectors that point in one direction, but for rounding. */
#define SAME_DIRECTION 1e-6

/* What the random numbers of a seed are for. */
#define CODEBOOK_KEY UINT64_C(0x636f6465)

typedef struct Clustering
{
	InterestArithmetic arithmetic;
	int			dimensions;
	int			rows;
	float	   *vectors;		/* (rows, dimensions), of norm 1 */
	int		   *nearest;		/* (rows) */
	InterestLinear codebook;
	int			codes;			/* that are not left over */
} Clustering;

static float *
VectorOf(const Clustering *clustering, int row)
{
	return clustering->vectors + (size_t) row * (size_t) clustering->dimensions;
}

static float *
CodeOf(const Clustering *clustering, int code)
{
	return clustering->codebook.weight + (size_t) code * (size_t) clustering->dimensions;
}

/* --- the rows --- */

/* Makes the vector's norm 1; false if it is 0. */
static bool
Normalize(int dimensions, const double *sum, float *vector)
{
	double		square = 0.0;

	for (int i = 0; i < dimensions; i++)
		square += sum[i] * sum[i];
	if (!(square > 0.0))
		return false;
	for (int i = 0; i < dimensions; i++)
		vector[i] = (float) (sum[i] / sqrt(square));
	return true;
}

/* The vectors of inputs, those that are 0 left out. */
static void
AddVectors(Clustering *clustering, const InterestRowNetwork *network, int count,
		   const InterestRowInput *const *inputs)
{
	InterestArena *scratch = clustering->arithmetic.scratch;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = clustering->dimensions;
	double	   *exact = InterestArenaArray(scratch, double, d);
	InterestRowTape tape;

	InterestCheckCancel(scratch->host);
	InterestRowForward(network, &clustering->arithmetic, count, inputs, NULL, &tape);
	for (int i = 0; i < count; i++)
	{
		for (int j = 0; j < d; j++)
			exact[j] = tape.v[(size_t) i * d + j];
		if (Normalize(d, exact, VectorOf(clustering, clustering->rows)))
			clustering->rows++;
	}
	InterestArenaReturnTo(scratch, mark);
}

static void
AddRows(Clustering *clustering, const InterestPreparedRows *prepared, const InterestRowNetwork *network,
		int count, const int *rows)
{
	InterestArena *scratch = clustering->arithmetic.scratch;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestRowInput *read = InterestArenaArray(scratch, InterestRowInput, count);
	const InterestRowInput **inputs = InterestArenaArray(scratch, const InterestRowInput *, count);

	for (int i = 0; i < count; i++)
	{
		InterestReadInput(prepared, rows[i], scratch, &read[i]);
		inputs[i] = &read[i];
	}
	AddVectors(clustering, network, count, inputs);
	InterestArenaReturnTo(scratch, mark);
}

static int64_t
CountTrainingRows(const InterestPreparedRows *prepared)
{
	int64_t		count = 0;

	for (int u = 0; u < prepared->user_count; u++)
		if (prepared->users[u].split == INTEREST_SPLIT_TRAINING)
			count += prepared->users[u].count;
	return count;
}

/* The training users' rows; of too many, every so manieth in their order. */
static void
GatherVectors(Clustering *clustering, const InterestPreparedRows *prepared, const InterestModel *model)
{
	InterestArena *scratch = clustering->arithmetic.scratch;
	InterestRowNetwork network = model->network;
	int64_t		total = CountTrainingRows(prepared);
	int64_t		wanted = total < MAX_ROWS ? total : MAX_ROWS;
	int64_t		seen = 0;
	int			rows[CHUNK_ROWS];
	int			count = 0;

	InterestRowNetworkPack(&network, scratch);
	clustering->vectors = InterestArenaArray(scratch, float, (size_t) wanted * clustering->dimensions);
	for (int u = 0; u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		if (user->split != INTEREST_SPLIT_TRAINING)
			continue;
		for (int row = user->first; row < user->first + user->count; row++, seen++)
		{
			if ((seen + 1) * wanted / total == seen * wanted / total)
				continue;
			rows[count++] = row;
			if (count == CHUNK_ROWS)
			{
				AddRows(clustering, prepared, &network, count, rows);
				count = 0;
			}
		}
	}
	if (count > 0)
		AddRows(clustering, prepared, &network, count, rows);
}

/* --- seeds --- */

/* Takes a row for the next code; weight (rows): how far each row is from the nearest one so far. */
static void
TakeSeed(Clustering *clustering, int row, double *weight)
{
	const InterestKernel *kernel = clustering->arithmetic.kernel;
	int			d = clustering->dimensions;
	float	   *code = CodeOf(clustering, clustering->codes);

	InterestCheckCancel(clustering->arithmetic.scratch->host);
	memcpy(code, VectorOf(clustering, row), sizeof(float) * (size_t) d);
	for (int i = 0; i < clustering->rows; i++)
	{
		double		distance = 1.0 - (double) kernel->dot(d, code, VectorOf(clustering, i));

		if (!(distance > SAME_DIRECTION))
			distance = 0.0;
		if (clustering->codes == 0 || distance < weight[i])
			weight[i] = distance;
	}
	clustering->codes++;
}

/* A row drawn by weight; -1 if there is no weight. */
static int
DrawRow(const Clustering *clustering, const double *weight, InterestRandom *random)
{
	double		total = 0.0;
	double		target;
	int			last = -1;

	for (int i = 0; i < clustering->rows; i++)
		total += weight[i];
	target = InterestRandomUniform(random) * total;
	for (int i = 0; i < clustering->rows; i++)
		if (weight[i] > 0.0)
		{
			last = i;
			target -= weight[i];
			if (target < 0.0)
				break;
		}
	return last;
}

static void
ChooseSeeds(Clustering *clustering, uint64_t seed)
{
	InterestRandom random = InterestRandomKeyed(seed, CODEBOOK_KEY, 0, 0);
	double	   *weight = InterestArenaArray(clustering->arithmetic.scratch, double, clustering->rows);
	int			row = (int) InterestRandomBelow(&random, (uint32_t) clustering->rows);

	while (row >= 0)
	{
		TakeSeed(clustering, row, weight);
		row = clustering->codes < INTEREST_CODES ? DrawRow(clustering, weight, &random) : -1;
	}
}

/* --- rounds --- */

/* Codes that are left over repeat code 0. */
static void
RepeatFirstCode(const Clustering *clustering)
{
	for (int code = clustering->codes; code < INTEREST_CODES; code++)
		memcpy(CodeOf(clustering, code), CodeOf(clustering, 0),
			   sizeof(float) * (size_t) clustering->dimensions);
}

/* Gives every row its nearest code; whether that changed anything. */
static bool
AssignRows(Clustering *clustering)
{
	InterestArena *scratch = clustering->arithmetic.scratch;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	bool		changed = false;

	InterestLinearPack(&clustering->codebook, scratch);
	for (int first = 0; first < clustering->rows; first += CHUNK_ROWS)
	{
		int			left = clustering->rows - first;
		int			count = left < CHUNK_ROWS ? left : CHUNK_ROWS;
		int			codes[CHUNK_ROWS];

		InterestCheckCancel(scratch->host);
		InterestFindCodes(&clustering->codebook, &clustering->arithmetic, count,
						  VectorOf(clustering, first), codes);
		changed |= memcmp(clustering->nearest + first, codes, sizeof(int) * (size_t) count) != 0;
		memcpy(clustering->nearest + first, codes, sizeof(int) * (size_t) count);
	}
	InterestArenaReturnTo(scratch, mark);
	return changed;
}

/* Moves every code to the mean direction of its rows; one without stays. */
static void
MoveCodes(const Clustering *clustering)
{
	InterestArena *scratch = clustering->arithmetic.scratch;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = clustering->dimensions;
	double	   *sums = InterestArenaAllocateZero(scratch, sizeof(double) * INTEREST_CODES * (size_t) d);

	for (int i = 0; i < clustering->rows; i++)
	{
		double	   *sum = sums + (size_t) clustering->nearest[i] * (size_t) d;

		for (int j = 0; j < d; j++)
			sum[j] += VectorOf(clustering, i)[j];
	}
	for (int code = 0; code < clustering->codes; code++)
		Normalize(d, sums + (size_t) code * (size_t) d, CodeOf(clustering, code));
	InterestArenaReturnTo(scratch, mark);
}

/* Codes of the gathered vectors. */
static void
Cluster(Clustering *clustering, uint64_t seed)
{
	if (clustering->rows == 0)
		return;
	clustering->nearest = InterestArenaArray(clustering->arithmetic.scratch, int, clustering->rows);
	memset(clustering->nearest, -1, sizeof(int) * (size_t) clustering->rows);
	ChooseSeeds(clustering, seed);
	RepeatFirstCode(clustering);
	for (int round = 0; round < MAX_ROUNDS && AssignRows(clustering); round++)
	{
		MoveCodes(clustering);
		RepeatFirstCode(clustering);
	}
}

static Clustering
ClusteringOf(const InterestModel *model, const InterestKernel *kernel, InterestArena *scratch)
{
	return (Clustering) {
		.arithmetic = {.kernel = kernel, .scratch = scratch},
		.dimensions = model->shape.dimensions, .codebook = model->codebook
	};
}

void
InterestLearnCodebook(const InterestPreparedRows *prepared, InterestModel *model,
					  uint64_t seed, const InterestKernel *kernel, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Clustering	clustering = ClusteringOf(model, kernel, scratch);

	GatherVectors(&clustering, prepared, model);
	Cluster(&clustering, seed);
	InterestArenaReturnTo(scratch, mark);
}

/* The vectors of rows that are a sentence and nothing else. */
static void
GatherSentences(Clustering *clustering, const InterestModel *model, int count, const float *const *sentences)
{
	InterestArena *scratch = clustering->arithmetic.scratch;
	InterestRowNetwork network = model->network;
	InterestRowInput *input = InterestArenaArray(scratch, InterestRowInput, CHUNK_ROWS);
	const float *dense = InterestArenaAllocateZero(scratch, sizeof(float) * (size_t) network.features.dense_width);

	InterestRowNetworkPack(&network, scratch);
	clustering->vectors = InterestArenaArray(scratch, float, (size_t) count * clustering->dimensions);
	for (int first = 0; first < count; first += CHUNK_ROWS)
	{
		int			chunk = count - first < CHUNK_ROWS ? count - first : CHUNK_ROWS;
		const InterestRowInput *inputs[CHUNK_ROWS];

		for (int i = 0; i < chunk; i++)
		{
			input[i] = (InterestRowInput) {.texts = {.sentence = sentences[first + i]}, .dense = dense, .weight = 1.0};
			inputs[i] = &input[i];
		}
		AddVectors(clustering, &network, chunk, inputs);
	}
}

void
InterestMakeCodebook(InterestModel *model, int count, const float *const *sentences, uint64_t seed,
					 const InterestKernel *kernel, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Clustering	clustering = ClusteringOf(model, kernel, scratch);

	GatherSentences(&clustering, model, count, sentences);
	Cluster(&clustering, seed);
	InterestArenaReturnTo(scratch, mark);
}

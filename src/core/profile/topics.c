/*
 * topics.c
 *	  The topics of a reading: clusters of the codes of a user's rows.
 *
 * Ward's method with the costs of pairs kept up to date (Lance, Williams, "A
 * general theory of classificatory sorting strategies", 1967) and the nearest
 * of every cluster remembered: a merge costs one pass over the clusters, and no
 * vector is touched before the end.
 */
#include "core/profile/topics.h"

#include <math.h>
#include <string.h>

/* Clusters in the order of their lowest codes; one that was merged away has mass 0. */
typedef struct Clusters
{
	int			count;			/* at the start */
	int			left;
	int			code[INTEREST_CODES];	/* the lowest of a cluster */
	double		mass[INTEREST_CODES];
	double		cost[INTEREST_CODES][INTEREST_CODES];	/* of merging two, both ways */
	int			nearest[INTEREST_CODES];	/* the cheapest to merge with of those behind; -1: none */
	int			cluster[INTEREST_CODES];	/* of a code; -1: it has no mass */
} Clusters;

void
InterestMeasureCodes(int dimensions, const float *codes, double *distances)
{
	for (int a = 0; a < INTEREST_CODES; a++)
		for (int b = 0; b < INTEREST_CODES; b++)
		{
			double		sum = 0.0;

			for (int i = 0; i < dimensions; i++)
			{
				double		difference = (double) codes[a * dimensions + i] - codes[b * dimensions + i];

				sum += difference * difference;
			}
			distances[a * INTEREST_CODES + b] = sum;
		}
}

/* Finds the cheapest cluster behind i, the lowest of equal ones. */
static void
FindNearest(Clusters *clusters, int i)
{
	int			nearest = -1;

	for (int j = i + 1; j < clusters->count; j++)
		if (clusters->mass[j] > 0.0 &&
			(nearest < 0 || clusters->cost[i][j] < clusters->cost[i][nearest]))
			nearest = j;
	clusters->nearest[i] = nearest;
}

/* A mass that float cannot hold is none: a topic's is above 0. */
static void
StartClusters(Clusters *clusters, const double *distances, const double masses[INTEREST_CODES])
{
	clusters->count = 0;
	for (int code = 0; code < INTEREST_CODES; code++)
	{
		int			i = clusters->count;

		clusters->cluster[code] = -1;
		if (!((float) masses[code] > 0.0f))
			continue;
		clusters->cluster[code] = i;
		clusters->code[i] = code;
		clusters->mass[i] = masses[code];
		for (int j = 0; j < i; j++)
			clusters->cost[i][j] = clusters->cost[j][i] =
				clusters->mass[i] * clusters->mass[j] / (clusters->mass[i] + clusters->mass[j]) *
				distances[code * INTEREST_CODES + clusters->code[j]];
		clusters->count++;
	}
	clusters->left = clusters->count;
	for (int i = 0; i < clusters->count; i++)
		FindNearest(clusters, i);
}

/* The cheapest pair's lower cluster, the lowest of equal ones; its nearest is the other. */
static int
CheapestPair(const Clusters *clusters)
{
	int			best = -1;

	for (int i = 0; i < clusters->count; i++)
		if (clusters->mass[i] > 0.0 && clusters->nearest[i] >= 0 &&
			(best < 0 || clusters->cost[i][clusters->nearest[i]] <
			 clusters->cost[best][clusters->nearest[best]]))
			best = i;
	return best;
}

/* The cost of cluster k and the union of i and j: Ward's by the formula of Lance and Williams. */
static double
UnionCost(const Clusters *clusters, int i, int j, int k)
{
	double		mass_i = clusters->mass[i];
	double		mass_j = clusters->mass[j];
	double		mass_k = clusters->mass[k];

	return ((mass_i + mass_k) * clusters->cost[i][k] + (mass_j + mass_k) * clusters->cost[j][k] -
			mass_k * clusters->cost[i][j]) / (mass_i + mass_j + mass_k);
}

/* Merges cluster j into i, i < j. */
static void
Merge(Clusters *clusters, int i, int j)
{
	for (int k = 0; k < clusters->count; k++)
		if (clusters->mass[k] > 0.0 && k != i && k != j)
			clusters->cost[i][k] = clusters->cost[k][i] = UnionCost(clusters, i, j, k);
	clusters->mass[i] += clusters->mass[j];
	clusters->mass[j] = 0.0;
	clusters->left--;
	for (int code = 0; code < INTEREST_CODES; code++)
		if (clusters->cluster[code] == j)
			clusters->cluster[code] = i;
	for (int k = 0; k < j; k++)
	{
		int			nearest = clusters->nearest[k];

		if (!(clusters->mass[k] > 0.0))
			continue;
		if (k == i || nearest == i || nearest == j)
			FindNearest(clusters, k);
		else if (k < i && (clusters->cost[k][i] < clusters->cost[k][nearest] ||
						   (clusters->cost[k][i] == clusters->cost[k][nearest] && i < nearest)))
			clusters->nearest[k] = i;
	}
}

/* vector = the mean of the cluster's codes by mass, summed in the codes' order. */
static void
MeanOfCodes(const Clusters *clusters, int cluster, const InterestReadingModel *model,
			const double masses[INTEREST_CODES], float *vector)
{
	double		sums[INTEREST_MAX_DIMENSIONS];

	memset(sums, 0, sizeof(double) * (size_t) model->dimensions);
	for (int code = 0; code < INTEREST_CODES; code++)
		if (clusters->cluster[code] == cluster)
			for (int i = 0; i < model->dimensions; i++)
				sums[i] += masses[code] * model->codes[code * model->dimensions + i];
	for (int i = 0; i < model->dimensions; i++)
		vector[i] = (float) (sums[i] / clusters->mass[cluster]);
}

/* The heaviest cluster whose topic is not there yet, the lowest of equal ones. */
static int
HeaviestCluster(const Clusters *clusters, const bool *taken)
{
	int			best = -1;

	for (int i = 0; i < clusters->count; i++)
		if (clusters->mass[i] > 0.0 && !taken[i] &&
			(best < 0 || (float) clusters->mass[i] > (float) clusters->mass[best]))
			best = i;
	return best;
}

void
InterestReadTopics(const InterestReadingModel *model, const double masses[INTEREST_CODES],
				   InterestReading *reading)
{
	Clusters	clusters;
	bool		taken[INTEREST_CODES] = {false};

	StartClusters(&clusters, model->code_distances, masses);
	while (clusters.left > INTEREST_MAX_TOPICS)
	{
		int			i = CheapestPair(&clusters);

		Merge(&clusters, i, clusters.nearest[i]);
	}
	reading->topic_count = clusters.left;
	for (int t = 0; t < clusters.left; t++)
	{
		InterestTopic *topic = &reading->topics[t];
		int			cluster = HeaviestCluster(&clusters, taken);

		taken[cluster] = true;
		topic->code = clusters.code[cluster];
		topic->mass = (float) clusters.mass[cluster];
		MeanOfCodes(&clusters, cluster, model, masses, topic->vector);
	}
}

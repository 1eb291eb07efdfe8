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

/*
 * Clusters by number, which rises with their lowest codes; those that were not
 * merged into another one are live.
 */
typedef struct Clusters
{
	int			live_count;
	int			live[INTEREST_CODES];	/* rising */
	int			code[INTEREST_CODES];	/* the lowest of a cluster */
	double		mass[INTEREST_CODES];
	double		cost[INTEREST_CODES][INTEREST_CODES];	/* of merging two, both ways */
	int			nearest[INTEREST_CODES];	/* the cheapest live one behind a cluster; -1: none */
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

/* Finds the cheapest cluster behind the live one at a place, the lowest of equal ones. */
static void
FindNearest(Clusters *clusters, int place)
{
	int			i = clusters->live[place];
	const double *cost = clusters->cost[i];
	int			nearest = -1;
	double		least = HUGE_VAL;

	for (int l = place + 1; l < clusters->live_count; l++)
	{
		int			j = clusters->live[l];

		if (cost[j] < least)
		{
			least = cost[j];
			nearest = j;
		}
	}
	clusters->nearest[i] = nearest;
}

/* A mass that float cannot hold is none: a topic's is above 0. */
static void
StartClusters(Clusters *clusters, const double *distances, const double masses[INTEREST_CODES])
{
	int			count = 0;

	for (int code = 0; code < INTEREST_CODES; code++)
	{
		clusters->cluster[code] = -1;
		if (!((float) masses[code] > 0.0f))
			continue;
		clusters->cluster[code] = count;
		clusters->live[count] = count;
		clusters->code[count] = code;
		clusters->mass[count] = masses[code];
		for (int j = 0; j < count; j++)
			clusters->cost[count][j] = clusters->cost[j][count] =
				masses[code] * clusters->mass[j] / (masses[code] + clusters->mass[j]) *
				distances[code * INTEREST_CODES + clusters->code[j]];
		count++;
	}
	clusters->live_count = count;
	for (int place = 0; place < count; place++)
		FindNearest(clusters, place);
}

/* The cheapest pair's lower cluster, the lowest of equal ones; its nearest is the other. */
static int
CheapestPair(const Clusters *clusters)
{
	int			best = -1;
	double		least = HUGE_VAL;

	/* The last one has none behind it. */
	for (int l = 0; l < clusters->live_count - 1; l++)
	{
		int			i = clusters->live[l];
		double		cost = clusters->cost[i][clusters->nearest[i]];

		if (cost < least)
		{
			least = cost;
			best = i;
		}
	}
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

/* Takes cluster j from the live ones. */
static void
Remove(Clusters *clusters, int j)
{
	int			kept = 0;

	for (int l = 0; l < clusters->live_count; l++)
		if (clusters->live[l] != j)
			clusters->live[kept++] = clusters->live[l];
	clusters->live_count = kept;
}

/* Merges cluster j into i, i < j. */
static void
Merge(Clusters *clusters, int i, int j)
{
	Remove(clusters, j);
	for (int l = 0; l < clusters->live_count; l++)
	{
		int			k = clusters->live[l];

		if (k != i)
			clusters->cost[i][k] = clusters->cost[k][i] = UnionCost(clusters, i, j, k);
	}
	clusters->mass[i] += clusters->mass[j];
	for (int code = 0; code < INTEREST_CODES; code++)
		if (clusters->cluster[code] == j)
			clusters->cluster[code] = i;
	for (int l = 0; l < clusters->live_count && clusters->live[l] < j; l++)
	{
		int			k = clusters->live[l];
		int			nearest = clusters->nearest[k];

		if (k == i || nearest == i || nearest == j)
			FindNearest(clusters, l);
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

/* The live clusters by mass, heaviest first, the lowest of equal ones first. */
static void
SortByMass(Clusters *clusters)
{
	for (int l = 1; l < clusters->live_count; l++)
	{
		int			moved = clusters->live[l];
		int			place = l;

		for (; place > 0 && (float) clusters->mass[clusters->live[place - 1]] < (float) clusters->mass[moved]; place--)
			clusters->live[place] = clusters->live[place - 1];
		clusters->live[place] = moved;
	}
}

void
InterestReadTopics(const InterestReadingModel *model, const double masses[INTEREST_CODES],
				   InterestReading *reading)
{
	Clusters	clusters;

	StartClusters(&clusters, model->code_distances, masses);
	while (clusters.live_count > INTEREST_MAX_TOPICS)
	{
		int			i = CheapestPair(&clusters);

		Merge(&clusters, i, clusters.nearest[i]);
	}
	SortByMass(&clusters);
	reading->topic_count = clusters.live_count;
	for (int t = 0; t < clusters.live_count; t++)
	{
		InterestTopic *topic = &reading->topics[t];
		int			cluster = clusters.live[t];

		topic->code = clusters.code[cluster];
		topic->mass = (float) clusters.mass[cluster];
		MeanOfCodes(&clusters, cluster, model, masses, topic->vector);
	}
}

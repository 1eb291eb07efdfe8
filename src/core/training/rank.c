/*
 * rank.c
 *	  How well items are ranked for users.
 */
#include "core/training/items.h"

#include "core/base/deterministic.h"

#include <math.h>
#include <string.h>

/* Of a user's rows, where no time splits them. */
#define HISTORY_PERCENT 80

/* Users that are read, and items that go through the network, at once. */
#define CHUNK_USERS 64
#define CHUNK_ITEMS 4096

/* Sums over users. */
typedef struct Sums
{
	int			users;
	int			relevant;
	double		ndcg;
	double		ndcg_squares;
	double		recall;
	double		recall_squares;
} Sums;

typedef struct Ranker
{
	InterestPass *pass;
	const InterestItems *items;
	InterestArena *scratch;
	float	   *vectors;		/* (items, d) */
	uint8_t    *state;			/* (items): of one user: SEEN, RELEVANT or 0 */
	float	   *popularity;		/* (items) */
	Sums		model;
	Sums		popular;
} Ranker;

enum
{
	SEEN = 1, RELEVANT
};

/* How many rows, from FirstRow on, a user is read from. */
static int
HistoryOf(const InterestTrainingUser *user)
{
	return user->earlier > 0 ? user->earlier : (int) ((int64_t) user->count * HISTORY_PERCENT / 100);
}

static int
FirstRow(const InterestTrainingUser *user)
{
	return user->first - user->earlier;
}

static void
EmbedItems(Ranker *ranker)
{
	InterestPass *pass = ranker->pass;
	size_t		d = (size_t) pass->model->shape.dimensions;

	for (int first = 0; first < ranker->items->count; first += CHUNK_ITEMS)
	{
		InterestArenaMark mark = InterestArenaGetMark(pass->arithmetic.scratch);
		int			left = ranker->items->count - first;
		int			count = left < CHUNK_ITEMS ? left : CHUNK_ITEMS;
		InterestPassRows forward;

		InterestPassRowsForward(pass, count, ranker->items->rows + first, true, NULL, NULL, &forward);
		for (int i = 0; i < count; i++)
			memcpy(ranker->vectors + (size_t) (first + i) * d, InterestPassVector(pass, &forward, i), sizeof(float) * d);
		InterestArenaReturnTo(pass->arithmetic.scratch, mark);
	}
}

/* What the rows say of each item; returns how many are relevant. */
static int
MarkItems(const Ranker *ranker, const InterestTrainingUser *user)
{
	const InterestPreparedRows *prepared = ranker->pass->prepared;
	const int  *first = prepared->label_first + FirstRow(user);
	int			history = first[HistoryOf(user)];
	int			end = prepared->label_first[user->first + user->count];
	int			relevant = 0;

	memset(ranker->state, 0, (size_t) ranker->items->count);
	for (int l = first[0]; l < history; l++)
		ranker->state[prepared->labels[l]] = SEEN;
	for (int l = history; l < end; l++)
		if (ranker->state[prepared->labels[l]] == 0)
		{
			ranker->state[prepared->labels[l]] = RELEVANT;
			relevant++;
		}
	return relevant;
}

/* The best items that were not seen, ties by number; returns how many. */
static int
BestItems(const Ranker *ranker, const float *scores, int best[INTEREST_ITEM_LIST])
{
	int			count = 0;

	for (int i = 0; i < ranker->items->count; i++)
	{
		int			place = count;

		if (ranker->state[i] == SEEN || (count == INTEREST_ITEM_LIST && scores[i] <= scores[best[count - 1]]))
			continue;
		if (count < INTEREST_ITEM_LIST)
			count++;
		else
			place--;
		for (; place > 0 && scores[best[place - 1]] < scores[i]; place--)
			best[place] = best[place - 1];
		best[place] = i;
	}
	return count;
}

/* 1 / log2 of the place, from 2 on */
static double
Discount(int place)
{
	return 1.0 / InterestLog(place + 2.0) * 0x1.62e42fefa39efp-1;
}

static void
AddUser(const Ranker *ranker, const float *scores, int relevant, Sums *sums)
{
	int			best[INTEREST_ITEM_LIST];
	int			count = BestItems(ranker, scores, best);
	double		gain = 0.0;
	double		ideal = 0.0;
	double		found = 0.0;

	for (int i = 0; i < count; i++)
		if (ranker->state[best[i]] == RELEVANT)
		{
			gain += Discount(i);
			found += 1.0;
		}
	for (int i = 0; i < relevant && i < INTEREST_ITEM_LIST; i++)
		ideal += Discount(i);
	sums->users++;
	sums->relevant += relevant;
	sums->ndcg += gain / ideal;
	sums->ndcg_squares += gain / ideal * (gain / ideal);
	sums->recall += found / relevant;
	sums->recall_squares += found / relevant * (found / relevant);
}

/* The histories of users that have one, each read at its newest row. */
static void
BatchUsers(const Ranker *ranker, int count, const int *users, InterestBatch *batch)
{
	const InterestPreparedRows *prepared = ranker->pass->prepared;
	InterestArena *scratch = ranker->scratch;
	size_t		rows = 0;

	for (int i = 0; i < count; i++)
		rows += (size_t) HistoryOf(&prepared->users[users[i]]);
	*batch = (InterestBatch) {
		.history_count = count, .histories = InterestArenaArray(scratch, InterestHistory, count),
		.rows = InterestArenaArray(scratch, int, rows),
		.read_count = count, .reads = InterestArenaArray(scratch, InterestReadPoint, count)
	};
	for (int i = 0; i < count; i++)
	{
		const InterestTrainingUser *user = &prepared->users[users[i]];
		int			history = HistoryOf(user);

		batch->histories[i] = (InterestHistory) {batch->row_count, history, i, 1};
		for (int j = 0; j < history; j++)
			batch->rows[batch->row_count++] = FirstRow(user) + j;
		batch->reads[i] = (InterestReadPoint) {
			.rows = history, .at = prepared->rows[FirstRow(user) + history - 1].time, .user = users[i], .weight = 1.0
		};
	}
}

static void
RankUsers(Ranker *ranker, int count, const int *users)
{
	InterestPass *pass = ranker->pass;
	InterestArenaMark mark = InterestArenaGetMark(ranker->scratch);
	int			d = pass->model->shape.dimensions;
	int			all = ranker->items->count;
	float	   *scores = InterestArenaArray(ranker->scratch, float, (size_t) count * (size_t) all);
	InterestBatch batch;
	InterestPassTape tape;

	BatchUsers(ranker, count, users, &batch);
	InterestPassForward(pass, &batch, NULL, false, &tape);
	pass->arithmetic.sgemm(false, true, count, all, d, 1.0f, tape.u, d, ranker->vectors, d, 0.0f, scores, all,
						   ranker->scratch);
	for (int i = 0; i < count; i++)
	{
		int			relevant = MarkItems(ranker, &pass->prepared->users[users[i]]);

		InterestCheckCancel(ranker->scratch->host);
		if (relevant == 0)
			continue;
		AddUser(ranker, scores + (size_t) i * (size_t) all, relevant, &ranker->model);
		AddUser(ranker, ranker->popularity, relevant, &ranker->popular);
	}
	InterestArenaReturnTo(ranker->scratch, mark);
}

/* NaN where nothing was measured, and the error of one user alone. */
static void
MeanOf(int users, double sum, double squares, double mean[2])
{
	mean[0] = sum / users;
	mean[1] = sqrt(fmax(squares - sum * mean[0], 0.0) / (users - 1.0) / users);
}

static void
Finish(const Sums *sums, InterestRanking *ranking)
{
	ranking->users = sums->users;
	ranking->relevant = sums->relevant;
	MeanOf(sums->users, sums->ndcg, sums->ndcg_squares, ranking->ndcg);
	MeanOf(sums->users, sums->recall, sums->recall_squares, ranking->recall);
}

void
InterestRankItems(InterestPass *pass, const InterestItems *items, InterestSplit split,
				  const InterestProgress *progress, InterestArena *scratch,
				  InterestRanking *model, InterestRanking *popularity)
{
	const InterestPreparedRows *prepared = pass->prepared;
	size_t		d = (size_t) pass->model->shape.dimensions;
	Ranker		ranker = {
		.pass = pass, .items = items, .scratch = scratch,
		.vectors = InterestArenaArray(scratch, float, d * (size_t) items->count),
		.state = InterestArenaArray(scratch, uint8_t, items->count),
		.popularity = InterestArenaArray(scratch, float, items->count)
	};
	int			users[CHUNK_USERS];
	int			count = 0;

	for (int i = 0; i < items->count; i++)
		ranker.popularity[i] = (float) items->popularity[i];
	EmbedItems(&ranker);
	for (int u = 0; u < prepared->user_count; u++)
	{
		if (prepared->users[u].split == split && HistoryOf(&prepared->users[u]) > 0)
			users[count++] = u;
		if (count == CHUNK_USERS || u == prepared->user_count - 1)
		{
			RankUsers(&ranker, count, users);
			count = 0;
			InterestTellProgress(progress, u + 1, prepared->user_count);
		}
	}
	Finish(&ranker.model, model);
	Finish(&ranker.popular, popularity);
}

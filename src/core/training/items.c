/*
 * items.c
 *	  Items as targets, and their loss.
 */
#include "core/training/items.h"

#include "core/base/deterministic.h"
#include "core/base/hash.h"
#include "core/base/sort.h"

#include <math.h>
#include <string.h>

/* The text and the identity of an item each have to do without the other now and then. */
const InterestDropoutRates InterestItemDropout = {
	.sentence = 0.2f, .words = 0.3f, .hidden = 0.1f, .sum = 0.0f, .modality = 0.1f, .values = 0.1f
};

#define ITEM_KEY_SEED UINT64_C(0x6974656d)

/* Samples that an item no training user has counts as, in validation. */
#define LEAST_SAMPLES 0.5

#define ROWS_BETWEEN_CHECKS 1024

#define SCRATCH_BLOCK ((size_t) 64 * 1024)

/* --- items --- */

static int
CompareLabels(const void *context, int a, int b)
{
	const InterestSpan *labels = context;

	return InterestSpanCompare(labels[a], labels[b]);
}

/* The item of a row, in its label; missing where it has none or its kind is negative. */
static InterestSpan
ItemOf(const InterestPreparedRows *prepared, int i, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestTrainingRow row = InterestSourceRow(prepared, i, scratch);
	InterestSpan item = {NULL, 0};

	if (row.label_count > 0 && !InterestRowIsNegative(prepared, i))
		item = row.labels[0];
	InterestArenaReturnTo(scratch, mark);
	return item;
}

/* Rows that have an item, by item; returns how many.  labels (row_count) */
static int
SortByItem(const InterestPreparedRows *prepared, InterestArena *scratch, InterestSpan *labels, int *order)
{
	int			count = 0;

	for (int i = 0; i < prepared->row_count; i++)
	{
		if (i % ROWS_BETWEEN_CHECKS == 0)
			InterestCheckCancel(scratch->host);
		labels[i] = ItemOf(prepared, i, scratch);
		if (labels[i].data)
			order[count++] = i;
	}
	InterestSort(order, count, CompareLabels, labels, scratch);
	return count;
}

/* The row's item as its label; rows in their order. */
static void
LabelRows(InterestPreparedRows *prepared, const int *item_of, InterestArena *arena)
{
	int			count = 0;

	prepared->labels = InterestArenaArray(arena, int, prepared->row_count);
	prepared->label_first = InterestArenaArray(arena, int, prepared->row_count + 1);
	for (int i = 0; i < prepared->row_count; i++)
	{
		prepared->label_first[i] = count;
		if (item_of[i] >= 0)
			prepared->labels[count++] = item_of[i];
	}
	prepared->label_first[prepared->row_count] = count;
}

/* A training user's rows; of those he has too many of an epoch takes some. */
static double
CountUser(const InterestTrainingUser *user, const int *item_of, InterestItems *items)
{
	int			count = 0;
	double		share;

	for (int i = user->first; i < user->first + user->count; i++)
		count += item_of[i] >= 0;
	share = count > INTEREST_MAX_POSITIONS ? (double) INTEREST_MAX_POSITIONS / count : 1.0;
	for (int i = user->first; i < user->first + user->count; i++)
		if (item_of[i] >= 0)
		{
			items->popularity[item_of[i]] += 1.0;
			items->share[item_of[i]] += share;
		}
	return count * share;
}

static void
CountItems(const InterestPreparedRows *prepared, const int *item_of, InterestItems *items)
{
	double		total = 0.0;

	for (int u = 0; u < prepared->user_count; u++)
		if (prepared->users[u].split == INTEREST_SPLIT_TRAINING)
			total += CountUser(&prepared->users[u], item_of, items);
	for (int i = 0; i < items->count; i++)
		items->share[i] = fmax(items->share[i], LEAST_SAMPLES) / (total + 1.0);
}

void
InterestFindItems(InterestPreparedRows *prepared, InterestArena *arena, InterestItems *items)
{
	InterestArena scratch;
	InterestSpan *labels;
	int		   *item_of;
	int		   *order;
	int			count;

	InterestArenaInit(&scratch, arena->host, SCRATCH_BLOCK);
	labels = InterestArenaArray(&scratch, InterestSpan, prepared->row_count);
	item_of = InterestArenaArray(&scratch, int, prepared->row_count);
	order = InterestArenaArray(&scratch, int, prepared->row_count);
	count = SortByItem(prepared, &scratch, labels, order);
	*items = (InterestItems) {
		.rows = InterestArenaArray(arena, int, count), .keys = InterestArenaArray(arena, uint64_t, count),
		.popularity = InterestArenaAllocateZero(arena, sizeof(double) * (size_t) count),
		.share = InterestArenaAllocateZero(arena, sizeof(double) * (size_t) count)
	};
	for (int i = 0; i < prepared->row_count; i++)
		item_of[i] = -1;
	for (int i = 0; i < count; i++)
	{
		InterestSpan label = labels[order[i]];

		if (i % ROWS_BETWEEN_CHECKS == 0)
			InterestCheckCancel(arena->host);
		if (i == 0 || CompareLabels(labels, order[i - 1], order[i]) != 0)
		{
			items->rows[items->count] = order[i];
			items->keys[items->count++] = InterestHash64(label.data, label.length, ITEM_KEY_SEED);
		}
		item_of[order[i]] = items->count - 1;
	}
	LabelRows(prepared, item_of, arena);
	CountItems(prepared, item_of, items);
	InterestArenaFree(&scratch);
}

bool
InterestCheckItems(const InterestItems *items, InterestStatus *status)
{
	int			count = 0;

	for (int i = 0; i < items->count; i++)
		count += items->popularity[i] > 0.0;
	if (count >= 2)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "training needs at least two items, and the label column has %s",
				 count == 0 ? "none" : "one");
	InterestDetail(status, "Only rows of training users were looked at, rows of a negative kind left out.");
	return InterestHint(status, "The label is the column that names the item of a row.");
}

/* --- the loss --- */

/* A batch's readings beside its distinct targets, the candidates. */
typedef struct Candidates
{
	const InterestItems *items;
	const InterestBatch *batch;
	int			count;
	int		   *item;			/* (count) */
	int		   *rows;			/* (count): the row of the first sample that has it as target */
	InterestRowKey *keys;		/* (count) */
	double	   *log_chance;		/* (count): ln Q, of the chance to be a candidate of such a batch */
	int		   *target;			/* (reads): the candidate to foresee */
	uint8_t    *known;			/* (histories, count): the user has the item */
	int			dimensions;
	float	   *q;				/* (count, d) */
	float	   *scores;			/* (reads, count): <u, q>; then their gradient */
} Candidates;

static void
CollectCandidates(const InterestPreparedRows *prepared, InterestArena *scratch, Candidates *candidates)
{
	const InterestBatch *batch = candidates->batch;
	const InterestItems *items = candidates->items;
	int		   *place = InterestArenaArray(scratch, int, items->count);

	candidates->item = InterestArenaArray(scratch, int, batch->read_count);
	candidates->rows = InterestArenaArray(scratch, int, batch->read_count);
	candidates->keys = InterestArenaArray(scratch, InterestRowKey, batch->read_count);
	candidates->target = InterestArenaArray(scratch, int, batch->read_count);
	for (int i = 0; i < items->count; i++)
		place[i] = -1;
	for (int r = 0; r < batch->read_count; r++)
	{
		int			row = batch->reads[r].target;
		int			item = prepared->labels[prepared->label_first[row]];

		if (place[item] < 0)
		{
			place[item] = candidates->count;
			candidates->item[candidates->count] = item;
			candidates->rows[candidates->count] = row;
			candidates->keys[candidates->count++] = (InterestRowKey) {items->keys[item], ITEM_KEY_SEED};
		}
		candidates->target[r] = place[item];
	}
}

/* How likely an item is among so many targets: 1 - (1 - share)^samples. */
static void
FindChances(InterestArena *scratch, Candidates *candidates)
{
	const double *share = candidates->items->share;

	candidates->log_chance = InterestArenaArray(scratch, double, candidates->count);
	for (int c = 0; c < candidates->count; c++)
	{
		double		missed = candidates->batch->read_count * InterestLog1p(-share[candidates->item[c]]);

		candidates->log_chance[c] = InterestLog(1.0 - InterestExp(missed));
	}
}

/* Marks the candidates that each history's user has in any of his rows. */
static void
MarkKnown(const InterestPreparedRows *prepared, InterestArena *scratch, Candidates *candidates)
{
	const InterestBatch *batch = candidates->batch;
	int		   *seen = InterestArenaAllocateZero(scratch, sizeof(int) * (size_t) candidates->items->count);

	candidates->known = InterestArenaAllocateZero(scratch, (size_t) batch->history_count * (size_t) candidates->count);
	for (int h = 0; h < batch->history_count; h++)
	{
		const InterestTrainingUser *user = &prepared->users[batch->reads[batch->histories[h].first_read].user];
		uint8_t    *known = candidates->known + (size_t) h * (size_t) candidates->count;

		InterestCheckCancel(scratch->host);
		for (int l = prepared->label_first[user->first - user->earlier];
			 l < prepared->label_first[user->first + user->count]; l++)
			seen[prepared->labels[l]] = h + 1;
		for (int c = 0; c < candidates->count; c++)
			known[c] = seen[candidates->item[c]] == h + 1;
	}
}

/*
 * A sample's cross-entropy; scores (count) become their gradient, times share.
 * The target is always among the candidates, another item by chance, so that it
 * stands for those which are not.  *first says whether no candidate scores as
 * much as the target.
 */
static double
SampleLoss(const Candidates *candidates, const uint8_t *known, int target, double share,
		   float *scores, bool *first)
{
	double		of_target = scores[target] / INTEREST_ITEM_TEMPERATURE;
	double		largest = of_target;
	double		sum;

	*first = true;
	for (int c = 0; c < candidates->count; c++)
		if (c != target && !known[c])
		{
			*first = *first && scores[c] < scores[target];
			largest = fmax(largest, scores[c] / INTEREST_ITEM_TEMPERATURE - candidates->log_chance[c]);
		}
	sum = InterestExp(of_target - largest);
	for (int c = 0; c < candidates->count; c++)
	{
		double		logit = scores[c] / INTEREST_ITEM_TEMPERATURE - candidates->log_chance[c];

		scores[c] = 0.0f;
		if (c != target && !known[c])
			scores[c] = (float) InterestExp(logit - largest);
		sum += scores[c];
	}
	share /= INTEREST_ITEM_TEMPERATURE;
	for (int c = 0; c < candidates->count; c++)
		scores[c] *= (float) (share / sum);
	scores[target] = (float) (share * (InterestExp(of_target - largest) / sum - 1.0));
	return largest + InterestLog(sum) - of_target;
}

static InterestItemLoss
LossOf(const Candidates *candidates, const InterestHost *host)
{
	const InterestBatch *batch = candidates->batch;
	InterestItemLoss result = {0.0, 0};

	for (int h = 0; h < batch->history_count; h++)
	{
		const InterestHistory *history = &batch->histories[h];

		InterestCheckCancel(host);
		for (int r = history->first_read; r < history->first_read + history->read_count; r++)
		{
			bool		first;

			result.loss += SampleLoss(candidates, candidates->known + (size_t) h * (size_t) candidates->count,
									  candidates->target[r], 1.0 / batch->read_count,
									  candidates->scores + (size_t) r * (size_t) candidates->count, &first);
			result.first += first;
		}
	}
	result.loss /= batch->read_count;
	return result;
}

/* q and the scores */
static void
ScoreCandidates(InterestPass *pass, const InterestPassRows *forward, const float *u, Candidates *candidates)
{
	InterestArena *scratch = pass->arithmetic.scratch;
	size_t		d = (size_t) candidates->dimensions;
	int			reads = candidates->batch->read_count;

	candidates->q = InterestArenaArray(scratch, float, d * (size_t) candidates->count);
	for (int c = 0; c < candidates->count; c++)
		memcpy(candidates->q + (size_t) c * d, InterestPassVector(pass, forward, c), sizeof(float) * d);
	candidates->scores = InterestArenaArray(scratch, float, (size_t) reads * (size_t) candidates->count);
	pass->arithmetic.sgemm(false, true, reads, candidates->count, (int) d, 1.0f, u, (int) d,
						   candidates->q, (int) d, 0.0f, candidates->scores, candidates->count, scratch);
}

static void
Backward(InterestPass *pass, const InterestPassTape *tape, const InterestPassRows *forward,
		 const Candidates *candidates, const InterestModel *gradient)
{
	InterestArena *scratch = pass->arithmetic.scratch;
	int			d = candidates->dimensions;
	int			reads = candidates->batch->read_count;
	float	   *u_gradient = InterestArenaArray(scratch, float, (size_t) reads * (size_t) d);
	float	   *q_gradient = InterestArenaArray(scratch, float, (size_t) candidates->count * (size_t) d);

	pass->arithmetic.sgemm(false, false, reads, d, candidates->count, 1.0f, candidates->scores, candidates->count,
						   candidates->q, d, 0.0f, u_gradient, d, scratch);
	pass->arithmetic.sgemm(true, false, candidates->count, d, reads, 1.0f, candidates->scores, candidates->count,
						   tape->u, d, 0.0f, q_gradient, d, scratch);
	InterestPassReadingsBackward(pass, tape, u_gradient, gradient);
	InterestPassRowsBackward(pass, forward, q_gradient, gradient);
}

InterestItemLoss
InterestItemsPass(InterestPass *pass, const InterestItems *items, const InterestBatch *batch,
				  const InterestRowDropout *dropout, const InterestModel *gradient)
{
	Candidates	candidates = {.items = items, .batch = batch, .dimensions = pass->model->shape.dimensions};
	InterestArena *scratch = pass->arithmetic.scratch;
	InterestPassTape tape;
	InterestPassRows forward;
	InterestItemLoss loss;

	InterestPassForward(pass, batch, dropout, gradient != NULL, &tape);
	CollectCandidates(pass->prepared, scratch, &candidates);
	FindChances(scratch, &candidates);
	MarkKnown(pass->prepared, scratch, &candidates);
	InterestPassRowsForward(pass, candidates.count, candidates.rows, true, candidates.keys, dropout, &forward);
	ScoreCandidates(pass, &forward, tape.u, &candidates);
	loss = LossOf(&candidates, scratch->host);
	if (gradient)
		Backward(pass, &tape, &forward, &candidates, gradient);
	return loss;
}

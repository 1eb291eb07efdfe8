/*
 * sample.c
 *	  Samples: which rows are read, when, and what the reading should say.
 */
#include "core/training/sample.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"
#include "core/base/sort.h"

#include <math.h>

/* Keeps the choice of samples apart from what else is drawn for a row. */
#define SAMPLE_SEED UINT64_C(0x73616d706c65)

/* Keeps how often a sample comes apart from both. */
#define BALANCE_SEED UINT64_C(0x62616c616e6365)

/* Keys of a user's choices, where a row's are its position. */
#define KEY_OF_POSITIONS UINT64_MAX
#define KEY_OF_SOME_ROWS (UINT64_MAX - 1)

#define USERS_BETWEEN_CHECKS 1024

static void
CheckCancelAt(int user, const InterestArena *arena)
{
	if (user % USERS_BETWEEN_CHECKS == 0)
		InterestCheckCancel(arena->host);
}

static int
Least(int a, int b)
{
	return a < b ? a : b;
}

static int
LabelCount(const InterestPreparedRows *prepared, int row)
{
	return prepared->label_first[row + 1] - prepared->label_first[row];
}

/* --- what a user's samples could be --- */

/* next: the first row that positions may see */
static int
FirstInput(const InterestTrainingUser *user)
{
	return user->first - user->earlier;
}

/* next: a labelled row with a row that is strictly earlier */
static bool
IsPosition(const InterestPreparedRows *prepared, const InterestTrainingUser *user, int row)
{
	return row >= user->first && LabelCount(prepared, row) > 0 &&
		prepared->rows[row].time > prepared->rows[FirstInput(user)].time;
}

static int
CountPositions(const InterestPreparedRows *prepared, const InterestTrainingUser *user)
{
	int			count = 0;

	for (int i = user->first; i < user->first + user->count; i++)
		count += IsPosition(prepared, user, i);
	return count;
}

static int
CompareInterests(const void *context, int a, int b)
{
	const int  *interests = context;

	return (interests[a] > interests[b]) - (interests[a] < interests[b]);
}

/*
 * The interest that most of the rows have; ties: the one met first in time,
 * then by name, which is the order of interests.  met (count) are the labels of
 * the rows in order, times their times; order (count) is scratch.
 */
static int
MostFrequent(const int *met, const int64_t *times, int count, int *order, InterestArena *scratch)
{
	int			best = 0;
	int			best_count = 0;
	int64_t		best_time = 0;

	for (int i = 0; i < count; i++)
		order[i] = i;
	InterestSort(order, count, CompareInterests, met, scratch);
	for (int start = 0, end; start < count; start = end)
	{
		int64_t		time = times[order[start]]; /* the sort is stable */

		for (end = start; end < count && met[order[end]] == met[order[start]]; end++)
			;
		if (end - start > best_count || (end - start == best_count && time < best_time))
		{
			best = met[order[start]];
			best_count = end - start;
			best_time = time;
		}
	}
	return best;
}

/*
 * Of several interests at once: those of more than half of the labelled rows,
 * which are the label itself where it is constant.  Returns how many.
 */
static int
CommonInterests(const int *met, int count, int labelled, int *order, int *common,
				InterestArena *scratch)
{
	int			found = 0;

	for (int i = 0; i < count; i++)
		order[i] = i;
	InterestSort(order, count, CompareInterests, met, scratch);
	for (int start = 0, end; start < count; start = end)
	{
		for (end = start; end < count && met[order[end]] == met[order[start]]; end++)
			;
		if (2 * (int64_t) (end - start) > labelled)
			common[found++] = met[order[start]];
	}
	return found;
}

/* A user's targets, into targets; returns how many.  Users without a label have none. */
static int
FindTargets(const InterestSampler *sampler, const InterestTrainingUser *user, int *targets,
			InterestArena *scratch)
{
	const InterestPreparedRows *prepared = sampler->prepared;
	const int  *label_first = prepared->label_first + user->first;
	const int  *met = prepared->labels + label_first[0];
	int			count = label_first[user->count] - label_first[0];
	int		   *order = InterestArenaArray(scratch, int, count);
	int64_t    *times = InterestArenaArray(scratch, int64_t, count);
	int			labelled = 0;

	for (int i = 0; i < user->count; i++)
	{
		labelled += label_first[i + 1] > label_first[i];
		for (int l = label_first[i]; l < label_first[i + 1]; l++)
			times[l - label_first[0]] = prepared->rows[user->first + i].time;
	}
	if (sampler->several)
		return CommonInterests(met, count, labelled, order, targets, scratch);
	if (count > 0)
		targets[0] = MostFrequent(met, times, count, order, scratch);
	return count > 0;
}

static void
FindAllTargets(InterestSampler *sampler, InterestArena *arena)
{
	const InterestPreparedRows *prepared = sampler->prepared;
	int			count = 0;

	sampler->targets = InterestArenaArray(arena, int, prepared->label_first[prepared->row_count]);
	sampler->target_first = InterestArenaArray(arena, int, prepared->user_count + 1);
	for (int u = 0; u < prepared->user_count; u++)
	{
		InterestArenaMark mark = InterestArenaGetMark(arena);

		CheckCancelAt(u, arena);
		sampler->target_first[u] = count;
		count += FindTargets(sampler, &prepared->users[u], sampler->targets + count, arena);
		InterestArenaReturnTo(arena, mark);
	}
	sampler->target_first[prepared->user_count] = count;
}

/* Whether a user has a label, so that his targets say something. */
static bool
HasLabel(const InterestPreparedRows *prepared, const InterestTrainingUser *user)
{
	return prepared->label_first[user->first + user->count] > prepared->label_first[user->first];
}

static void
CollectGaps(InterestSampler *sampler, InterestArena *arena)
{
	const InterestPreparedRows *prepared = sampler->prepared;

	sampler->gaps = InterestArenaArray(arena, int, prepared->row_count);
	for (int u = 0; u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		CheckCancelAt(u, arena);
		if (user->split != INTEREST_SPLIT_TRAINING)
			continue;
		for (int i = user->first + 1; i < user->first + user->count; i++)
			sampler->gaps[sampler->gap_count++] = i;
	}
}

void
InterestSamplerInit(const InterestPreparedRows *prepared, InterestTask task, bool several,
					InterestArena *arena, InterestSampler *sampler)
{
	*sampler = (InterestSampler) {.prepared = prepared, .task = task, .several = several};
	if (!InterestTaskForesees(task))
	{
		FindAllTargets(sampler, arena);
		CollectGaps(sampler, arena);
		return;
	}
	sampler->positions = InterestArenaArray(arena, int, prepared->user_count);
	for (int u = 0; u < prepared->user_count; u++)
	{
		CheckCancelAt(u, arena);
		sampler->positions[u] = CountPositions(prepared, &prepared->users[u]);
	}
}

void
InterestSamplerBalance(InterestSampler *sampler, const double *rates, int interests,
					   double balance, InterestArena *arena)
{
	double		largest = 0.0;

	sampler->repeats = InterestArenaArray(arena, double, interests);
	for (int i = 0; i < interests; i++)
		largest = fmax(largest, rates[i]);
	for (int i = 0; i < interests; i++)
		sampler->repeats[i] = fmin(InterestExp(balance * InterestLog(largest / rates[i])), INTEREST_MAX_REPEATS);
}

/* --- plans --- */

/* Copies of an entry make choices of their own. */
static InterestRandom
RandomOf(const InterestPlan *plan, int user, uint64_t key, int copy)
{
	return InterestRandomKeyed(plan->seed ^ SAMPLE_SEED, plan->epoch + ((uint64_t) copy << 32),
							   plan->sampler->prepared->users[user].key, key);
}

/* The key of an entry's random numbers; the first of them orders the entries. */
static uint64_t
KeyOf(const InterestPlan *plan, const InterestPlanEntry *entry)
{
	if (entry->row == INTEREST_WHOLE_USER)
		return KEY_OF_POSITIONS;
	if (entry->row == INTEREST_SOME_ROWS)
		return KEY_OF_SOME_ROWS;
	return (uint64_t) (entry->row - plan->sampler->prepared->users[entry->user].first);
}

static void
SetEntry(InterestPlan *plan, int user, int row, int copy)
{
	InterestPlanEntry *entry = &plan->entries[plan->entry_count];
	InterestRandom random;

	entry->user = user;
	entry->row = row;
	entry->copy = copy;
	if (plan->order == NULL)
		return;
	random = RandomOf(plan, user, KeyOf(plan, entry), copy);
	plan->order[plan->entry_count] = InterestRandomNext(&random);
}

/* The labels that an entry can have as targets; returns how many. */
static int
EntryLabels(const InterestSampler *sampler, int u, int row, const int **labels)
{
	const InterestPreparedRows *prepared = sampler->prepared;
	const InterestTrainingUser *user = &prepared->users[u];
	int			first = row >= 0 ? row : user->first;
	int			end = row >= 0 ? row + 1 : user->first + user->count;

	if (sampler->task == INTEREST_TASK_USER || row == INTEREST_SOME_ROWS)
	{
		*labels = sampler->targets + sampler->target_first[u];
		return sampler->target_first[u + 1] - sampler->target_first[u];
	}
	*labels = prepared->labels + prepared->label_first[first];
	return prepared->label_first[end] - prepared->label_first[first];
}

/* As often as the rarest of its labels asks for, a fraction by chance. */
static int
CountCopies(const InterestPlan *plan, int user, int row)
{
	const InterestSampler *sampler = plan->sampler;
	InterestRandom random;
	const int  *labels;
	double		repeats = 1.0;

	if (plan->evaluation || sampler->repeats == NULL)
		return 1;
	for (int i = EntryLabels(sampler, user, row, &labels) - 1; i >= 0; i--)
		repeats = fmax(repeats, sampler->repeats[labels[i]]);
	random = InterestRandomKeyed(plan->seed ^ BALANCE_SEED, plan->epoch,
								 sampler->prepared->users[user].key,
								 (uint64_t) (row >= 0 ? row - sampler->prepared->users[user].first : row));
	return (int) (repeats + InterestRandomUniform(&random));
}

/* Without entries it only counts. */
static void
AddEntry(InterestPlan *plan, int user, int row, int samples)
{
	int			copies = CountCopies(plan, user, row);

	for (int copy = 0; copy < copies; copy++)
	{
		if (plan->entries)
			SetEntry(plan, user, row, copy);
		plan->entry_count++;
		plan->sample_count += samples;
	}
}

/*
 * The entries of a training user.  A lone row of a negative kind says nothing
 * about its own label being of interest.
 */
static void
AddEpochEntries(InterestPlan *plan, int u)
{
	const InterestSampler *sampler = plan->sampler;
	const InterestPreparedRows *prepared = sampler->prepared;
	const InterestTrainingUser *user = &prepared->users[u];

	if (InterestTaskForesees(sampler->task))
	{
		if (sampler->positions[u] > 0)
			AddEntry(plan, u, INTEREST_WHOLE_USER, Least(sampler->positions[u], INTEREST_MAX_POSITIONS));
		return;
	}
	for (int i = user->first; i < user->first + user->count; i++)
		if (LabelCount(prepared, i) > 0 &&
			!(sampler->task == INTEREST_TASK_DOMINANT && InterestRowIsNegative(prepared, i)))
			AddEntry(plan, u, i, 1);
	if (user->count >= INTEREST_MIN_SUBSET && HasLabel(prepared, user))
		AddEntry(plan, u, INTEREST_SOME_ROWS, 1);
}

static void
AddTrainingEntries(InterestPlan *plan, InterestArena *arena)
{
	const InterestPreparedRows *prepared = plan->sampler->prepared;

	for (int u = 0; u < prepared->user_count; u++)
	{
		CheckCancelAt(u, arena);
		if (prepared->users[u].split == INTEREST_SPLIT_TRAINING)
			AddEpochEntries(plan, u);
	}
}

static int
CompareEntries(const void *context, int a, int b)
{
	const uint64_t *order = context;

	return (order[a] > order[b]) - (order[a] < order[b]);
}

/* The entries where from (entry_count) says that they come from, in place, cycle by cycle; from is used up. */
static void
Rearrange(InterestPlan *plan, int *from)
{
	for (int start = 0; start < plan->entry_count; start++)
	{
		InterestPlanEntry first = plan->entries[start];
		int			to = start;

		if (from[start] < 0)
			continue;
		while (from[to] != start)
		{
			int			next = from[to];

			plan->entries[to] = plan->entries[next];
			from[to] = -1;
			to = next;
		}
		plan->entries[to] = first;
		from[to] = -1;
	}
}

/* By their numbers in the plan's order. */
static void
SortEntries(InterestPlan *plan, InterestArena *arena)
{
	int		   *from = InterestArenaArray(arena, int, plan->entry_count);

	for (int i = 0; i < plan->entry_count; i++)
		from[i] = i;
	InterestSort(from, plan->entry_count, CompareEntries, plan->order, arena);
	Rearrange(plan, from);
}

void
InterestPlanEpoch(const InterestSampler *sampler, uint64_t seed, int epoch, InterestArena *arena,
				  InterestPlan *plan)
{
	InterestArenaMark mark;

	*plan = (InterestPlan) {.sampler = sampler, .seed = seed, .epoch = (uint64_t) epoch};
	AddTrainingEntries(plan, arena);
	plan->entries = InterestArenaArray(arena, InterestPlanEntry, plan->entry_count);
	mark = InterestArenaGetMark(arena);
	plan->order = InterestArenaArray(arena, uint64_t, plan->entry_count);
	plan->entry_count = 0;
	plan->sample_count = 0;
	AddTrainingEntries(plan, arena);
	SortEntries(plan, arena);
	plan->order = NULL;
	InterestArenaReturnTo(arena, mark);
}

void
InterestPlanEvaluation(const InterestSampler *sampler, InterestSplit split, InterestArena *arena,
					   InterestPlan *plan)
{
	const InterestPreparedRows *prepared = sampler->prepared;

	*plan = (InterestPlan) {.sampler = sampler, .evaluation = true};
	plan->entries = InterestArenaArray(arena, InterestPlanEntry, prepared->user_count);
	for (int u = 0; u < prepared->user_count; u++)
	{
		int			samples = InterestTaskForesees(sampler->task) ? sampler->positions[u]
			: HasLabel(prepared, &prepared->users[u]);

		if (prepared->users[u].split == split && samples > 0)
			AddEntry(plan, u, INTEREST_WHOLE_USER, samples);
	}
}

/* --- batches --- */

/* A batch under construction. */
typedef struct BatchBuilder
{
	const InterestPlan *plan;
	InterestBatch *batch;
	int		   *target_first;	/* the targets of the batch */
	int		   *targets;
} BatchBuilder;

/* Most rows and targets that an entry can need. */
typedef struct EntrySize
{
	int			samples;
	int			rows;
	int			targets;
} EntrySize;

static EntrySize
SizeOf(const InterestPlan *plan, const InterestPlanEntry *entry)
{
	const InterestSampler *sampler = plan->sampler;
	const InterestPreparedRows *prepared = sampler->prepared;
	const InterestTrainingUser *user = &prepared->users[entry->user];
	EntrySize	size = {1, 1, 0};

	if (sampler->task != INTEREST_TASK_USER && entry->row >= 0)
		size.targets = LabelCount(prepared, entry->row);
	else if (!InterestTaskForesees(sampler->task))
		size.targets = sampler->target_first[entry->user + 1] - sampler->target_first[entry->user];
	if (entry->row == INTEREST_SOME_ROWS)
		size.rows = Least(user->count, INTEREST_MAX_SUBSET);
	if (entry->row == INTEREST_WHOLE_USER)
		size.rows = user->count;
	if (InterestTaskForesees(sampler->task))
	{
		size.rows += user->earlier;
		size.samples = sampler->positions[entry->user];
		if (!plan->evaluation)
			size.samples = Least(size.samples, INTEREST_MAX_POSITIONS);
		size.targets = prepared->label_first[user->first + user->count] - prepared->label_first[user->first];
	}
	return size;
}

/* One interest only: the first of the targets. */
static void
AddRead(BatchBuilder *builder, const InterestReadPoint *read, const int *targets, int target_count)
{
	InterestBatch *batch = builder->batch;
	int			end = builder->target_first[batch->read_count];

	if (!builder->plan->sampler->several)
		target_count = Least(target_count, 1);
	for (int i = 0; i < target_count; i++)
		builder->targets[end++] = targets[i];
	batch->reads[batch->read_count++] = *read;
	builder->target_first[batch->read_count] = end;
	batch->histories[batch->history_count].read_count++;
}

static void
AddRow(BatchBuilder *builder, int row)
{
	InterestBatch *batch = builder->batch;

	batch->rows[batch->row_count++] = row;
	batch->histories[batch->history_count].row_count++;
}

/*
 * The rows that the reads of a history see, in an epoch without those dropped;
 * the first one stays, so that every read sees some.
 */
static void
AddInputs(BatchBuilder *builder, int first, int count, InterestRandom *random)
{
	InterestBatch *batch = builder->batch;
	const InterestHistory *history = &batch->histories[batch->history_count];
	double		rate = builder->plan->evaluation ? 0.0 : builder->plan->sampler->row_dropout;
	int			read = history->first_read;

	for (int i = 0; i < count; i++)
	{
		if (i == 0 || rate == 0.0 || InterestRandomUniform(random) >= rate)
			AddRow(builder, first + i);
		for (; read < batch->read_count && batch->reads[read].rows == i + 1; read++)
			batch->reads[read].rows = history->row_count;
	}
}

/*
 * The positions of a user, in an epoch some of them: each of those left is taken
 * with the probability wanted / left (Knuth, volume 2, algorithm S).
 */
static void
AddPositions(BatchBuilder *builder, int u, InterestRandom *random)
{
	const InterestPlan *plan = builder->plan;
	const InterestPreparedRows *prepared = plan->sampler->prepared;
	const InterestTrainingUser *user = &prepared->users[u];
	int			first = FirstInput(user);
	int			left = plan->sampler->positions[u];
	int			wanted = plan->evaluation ? left : Least(left, INTEREST_MAX_POSITIONS);
	InterestReadPoint read = {.user = u, .weight = plan->evaluation ? 1.0 / left : 1.0};

	for (int i = first; wanted > 0; i++)
	{
		if (prepared->rows[i].time > prepared->rows[first + read.rows].time)
			read.rows = i - first;
		if (!IsPosition(prepared, user, i))
			continue;
		if (InterestRandomBelow(random, (uint32_t) left--) >= (uint32_t) wanted)
			continue;
		wanted--;
		read.at = prepared->rows[i].time;
		read.target = i;
		AddRead(builder, &read, prepared->labels + prepared->label_first[i], LabelCount(prepared, i));
	}
	AddInputs(builder, first, read.rows, random);
}

/* 2 to 12 rows of a user, the first ones or any. */
static void
AddSomeRows(BatchBuilder *builder, const InterestTrainingUser *user, InterestRandom *random)
{
	int			most = Least(user->count, INTEREST_MAX_SUBSET);
	int			wanted = INTEREST_MIN_SUBSET +
		(int) InterestRandomBelow(random, (uint32_t) (most - INTEREST_MIN_SUBSET + 1));
	bool		prefix = InterestRandomBelow(random, 2) == 0;

	for (int i = 0; wanted > 0; i++)
		if (prefix || InterestRandomBelow(random, (uint32_t) (user->count - i)) < (uint32_t) wanted)
		{
			AddRow(builder, user->first + i);
			wanted--;
		}
}

/* In an epoch half of the readings come a gap after the newest row, so that the gate learns silence. */
static int64_t
DrawSilence(const InterestPlan *plan, InterestRandom *random)
{
	const InterestSampler *sampler = plan->sampler;
	const InterestPreparedRow *row;

	if (plan->evaluation || sampler->gap_count == 0 || InterestRandomBelow(random, 2) == 0)
		return 0;
	row = &sampler->prepared->rows[sampler->gaps[InterestRandomBelow(random, (uint32_t) sampler->gap_count)]];
	return InterestTimeBetween(row[-1].time, row->time);
}

/* dominant and user: one reading of some rows */
static void
AddOneReading(BatchBuilder *builder, const InterestPlanEntry *entry, InterestRandom *random)
{
	const InterestSampler *sampler = builder->plan->sampler;
	const InterestPreparedRows *prepared = sampler->prepared;
	const InterestTrainingUser *user = &prepared->users[entry->user];
	const InterestBatch *batch = builder->batch;
	const InterestHistory *history = &batch->histories[batch->history_count];
	bool		own_label = sampler->task == INTEREST_TASK_DOMINANT && entry->row >= 0;
	const int  *targets = sampler->targets + sampler->target_first[entry->user];
	int			target_count = sampler->target_first[entry->user + 1] - sampler->target_first[entry->user];
	int64_t		newest;
	int64_t		silence;

	if (entry->row == INTEREST_SOME_ROWS)
		AddSomeRows(builder, user, random);
	else if (entry->row == INTEREST_WHOLE_USER)
		for (int i = 0; i < user->count; i++)
			AddRow(builder, user->first + i);
	else
		AddRow(builder, entry->row);
	newest = prepared->rows[batch->rows[batch->row_count - 1]].time;
	silence = DrawSilence(builder->plan, random);
	if (own_label)
	{
		targets = prepared->labels + prepared->label_first[entry->row];
		target_count = LabelCount(prepared, entry->row);
	}
	AddRead(builder, &(InterestReadPoint) {
				.rows = history->row_count,
				.at = newest > INT64_MAX - 1 - silence ? INT64_MAX - 1 : newest + silence,
				.user = entry->user, .weight = 1.0
			}, targets, target_count);
}

static void
AddHistory(BatchBuilder *builder, const InterestPlanEntry *entry)
{
	const InterestPlan *plan = builder->plan;
	InterestBatch *batch = builder->batch;
	InterestRandom random = RandomOf(plan, entry->user, KeyOf(plan, entry), entry->copy);

	InterestRandomNext(&random);	/* the one that ordered the entries */
	batch->histories[batch->history_count] = (InterestHistory) {
		.first_row = batch->row_count, .first_read = batch->read_count
	};
	if (InterestTaskForesees(plan->sampler->task))
		AddPositions(builder, entry->user, &random);
	else
		AddOneReading(builder, entry, &random);
	batch->history_count++;
}

bool
InterestNextBatch(InterestPlan *plan, int samples, int rows, InterestArena *arena,
				  InterestBatch *batch)
{
	BatchBuilder builder = {.plan = plan, .batch = batch};
	EntrySize	total = {0, 0, 0};
	int			end = plan->next_entry;

	while (end < plan->entry_count && total.samples < samples && total.rows < rows)
	{
		EntrySize	size = SizeOf(plan, &plan->entries[end]);

		total.samples += size.samples;
		total.rows += size.rows;
		total.targets += size.targets;
		end++;
	}
	*batch = (InterestBatch) {
		.histories = InterestArenaArray(arena, InterestHistory, end - plan->next_entry),
		.rows = InterestArenaArray(arena, int, total.rows),
		.reads = InterestArenaArray(arena, InterestReadPoint, total.samples)
	};
	builder.target_first = InterestArenaArray(arena, int, total.samples + 1);
	builder.targets = InterestArenaArray(arena, int, total.targets);
	builder.target_first[0] = 0;
	for (; plan->next_entry < end; plan->next_entry++)
		AddHistory(&builder, &plan->entries[plan->next_entry]);
	batch->targets = (InterestTargets) {builder.target_first, builder.targets};
	plan->samples_done += batch->read_count;
	return batch->read_count > 0;
}

/*
 * prepare.c
 *	  Rows in order, users with their splits, and what is learned by counting.
 */
#include "core/training/prepare.h"

#include "core/base/hash.h"
#include "core/base/sort.h"

#include <math.h>
#include <string.h>

/* Rows between two looks at whether the host wants to stop. */
#define ROWS_BETWEEN_CHECKS 1024

/* Users of 100 up to the end of each split but the last. */
#define TRAINING_PERCENT 80
#define VALIDATION_PERCENT 85
#define CONFORMAL_PERCENT 90

#define SCRATCH_BLOCK ((size_t) 64 * 1024)

/* Keeps the random numbers of a user apart from his split. */
#define USER_KEY_SEED UINT64_C(0x75736572)

static void
CheckCancelAt(int row, const InterestHost *host)
{
	if (row % ROWS_BETWEEN_CHECKS == 0)
		InterestCheckCancel(host);
}

static InterestSplit
SplitOfPercent(uint64_t percent)
{
	if (percent < TRAINING_PERCENT)
		return INTEREST_SPLIT_TRAINING;
	if (percent < VALIDATION_PERCENT)
		return INTEREST_SPLIT_VALIDATION;
	return percent < CONFORMAL_PERCENT ? INTEREST_SPLIT_CONFORMAL : INTEREST_SPLIT_TEST;
}

/* The users who validate are halved by the hash. */
static InterestSplit
SplitOfRole(InterestRole role, uint64_t hash)
{
	if (role == INTEREST_ROLE_VALIDATION)
		return hash % 2 == 0 ? INTEREST_SPLIT_VALIDATION : INTEREST_SPLIT_CONFORMAL;
	return role == INTEREST_ROLE_TRAIN ? INTEREST_SPLIT_TRAINING : INTEREST_SPLIT_TEST;
}

InterestSplit
InterestSplitOf(const InterestSplitRule *rule, uint64_t seed, InterestSpan user, int64_t time,
				InterestRole role)
{
	uint64_t	hash = InterestHash64(user.data, user.length, seed);
	InterestSplit split;

	if (rule->by == INTEREST_BY_COLUMN)
		return SplitOfRole(role, hash);
	if (rule->by == INTEREST_BY_TIME && time >= rule->at)
		return INTEREST_SPLIT_TEST;
	split = SplitOfPercent(hash % 100);
	return rule->by == INTEREST_BY_TIME && split == INTEREST_SPLIT_TEST ? INTEREST_SPLIT_TRAINING : split;
}

const char *
InterestWhoTrains(const InterestPreparedRows *prepared)
{
	static const char *const who[] = {
		[INTEREST_BY_HASH] = "80 of 100 users train",
		[INTEREST_BY_COLUMN] = "the split column chooses who trains",
		[INTEREST_BY_TIME] = "only rows before the time of the split train"
	};

	return who[prepared->set->split.by];
}

static int
CompareNumbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static InterestTrainingRow
ReadRow(const InterestTrainingSet *set, int i, InterestArena *arena)
{
	InterestTrainingRow row;

	if (set->rows)
		return set->rows[i];
	set->read(set->context, i, arena, &row);
	return row;
}

static int
CompareLabels(const InterestTrainingRow *a, const InterestTrainingRow *b)
{
	for (int i = 0; i < a->label_count && i < b->label_count; i++)
	{
		int			order = InterestSpanCompare(a->labels[i], b->labels[i]);

		if (order != 0)
			return order;
	}
	return a->label_count - b->label_count;
}

/* What a row is sorted by, and put on a side by. */
typedef struct SortKey
{
	InterestSpan user;
	int64_t		time;
	uint64_t	hash;
	int			row;			/* of the set */
	InterestRole role;
} SortKey;

typedef struct SortKeys
{
	const InterestTrainingSet *set;
	SortKey    *keys;
	InterestArena *scratch;
} SortKeys;

static int
CompareReadLabels(const SortKeys *keys, int i, int j)
{
	InterestArenaMark mark = InterestArenaGetMark(keys->scratch);
	InterestTrainingRow a = ReadRow(keys->set, keys->keys[i].row, keys->scratch);
	InterestTrainingRow b = ReadRow(keys->set, keys->keys[j].row, keys->scratch);
	int			order = CompareLabels(&a, &b);

	InterestArenaReturnTo(keys->scratch, mark);
	return order;
}

/* Rows that are equal in all of this are the same row twice. */
static int
CompareRows(const void *context, int i, int j)
{
	const SortKeys *keys = context;
	const SortKey *a = &keys->keys[i];
	const SortKey *b = &keys->keys[j];
	int			order = a->user.data == b->user.data ? 0 : InterestSpanCompare(a->user, b->user);

	if (order == 0)
		order = (a->time > b->time) - (a->time < b->time);
	if (order == 0)
		order = CompareNumbers(a->hash, b->hash);
	return order != 0 ? order : CompareReadLabels(keys, i, j);
}

static bool
FailParts(InterestSpan user, InterestStatus *status)
{
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "a user has two roles in the split");
	InterestDetail(status, "The user is \"%.*s\".", (int) user.length, user.data);
	return InterestHint(status, "All rows of a user have one role, train, validation or test, or are left out by NULL.");
}

/* Row i, with the user's other rows or as the first ones of a user; before is the row before it, NULL of the first. */
static bool
AddToUser(InterestPreparedRows *prepared, int i, const SortKey *row, const SortKey *before, uint64_t seed,
		  InterestStatus *status)
{
	const InterestSplitRule *rule = &prepared->set->split;
	InterestSplit split = InterestSplitOf(rule, seed, row->user, row->time, row->role);
	InterestTrainingUser *last = NULL;

	if (before && InterestSpanCompare(row->user, before->user) == 0)
		last = &prepared->users[prepared->user_count - 1];
	if (last && last->split == split)
	{
		last->count++;
		return true;
	}
	if (last && rule->by == INTEREST_BY_COLUMN)
		return FailParts(row->user, status);
	prepared->users[prepared->user_count++] = (InterestTrainingUser) {
		.first = i, .count = 1, .earlier = last ? last->count : 0,
		.key = InterestHash64(row->user.data, row->user.length, USER_KEY_SEED), .split = split
	};
	return true;
}

static void
CountUsers(InterestPreparedRows *prepared)
{
	InterestTrainingCounts *counts = &prepared->counts;

	counts->rows = prepared->row_count;
	counts->users = 0;
	counts->training_users = 0;
	counts->validation_users = 0;
	counts->test_users = 0;
	for (int u = 0; u < prepared->user_count; u++)
	{
		InterestSplit split = prepared->users[u].split;

		counts->users += prepared->users[u].earlier == 0;
		counts->training_users += split == INTEREST_SPLIT_TRAINING;
		counts->validation_users += split == INTEREST_SPLIT_VALIDATION || split == INTEREST_SPLIT_CONFORMAL;
		counts->test_users += split == INTEREST_SPLIT_TEST;
	}
}

/* The rows that are used; returns how many. */
static int
ChooseRows(const SortKeys *keys, InterestTrainingCounts *counts)
{
	const InterestTrainingSet *set = keys->set;
	int			count = 0;

	counts->rows_without_time = 0;
	counts->rows_without_role = 0;
	for (int i = 0; i < set->count; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(keys->scratch);
		InterestTrainingRow row = ReadRow(set, i, keys->scratch);

		CheckCancelAt(i, keys->scratch->host);
		if (!row.behaviour.has_time)
			counts->rows_without_time++;
		else if (set->split.by == INTEREST_BY_COLUMN && row.role == INTEREST_ROLE_NONE)
			counts->rows_without_role++;
		else
			keys->keys[count++] = (SortKey) {row.user, row.behaviour.time, row.hash, i, row.role};
		InterestArenaReturnTo(keys->scratch, mark);
	}
	return count;
}

/* The sorted rows, and whose they are. */
static bool
PutInOrder(InterestPreparedRows *prepared, const SortKeys *keys, const int *order, uint64_t seed,
		   InterestStatus *status)
{
	for (int i = 0; i < prepared->row_count; i++)
	{
		const SortKey *key = &keys->keys[order[i]];

		CheckCancelAt(i, keys->scratch->host);
		prepared->rows[i] = (InterestPreparedRow) {.time = key->time, .row = key->row};
		if (!AddToUser(prepared, i, key, i > 0 ? &keys->keys[order[i - 1]] : NULL, seed, status))
			return false;
	}
	return true;
}

static bool
CheckTimes(const InterestPreparedRows *prepared, InterestStatus *status)
{
	if (prepared->row_count > 0 || prepared->counts.rows_without_time == 0)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "no row has a time");
	InterestDetail(status, "Rows without a time are skipped, and all %d are.", prepared->counts.rows_without_time);
	return InterestHint(status, "Fill the column of the time, or name another one.");
}

bool
InterestSortRows(const InterestTrainingSet *set, uint64_t seed, InterestArena *arena,
				 InterestPreparedRows *prepared, InterestStatus *status)
{
	InterestArena scratch;
	SortKeys	keys = {.set = set, .scratch = &scratch};
	int		   *order;
	bool		done;

	InterestArenaInit(&scratch, arena->host, SCRATCH_BLOCK);
	prepared->set = set;
	prepared->rows = InterestArenaArray(arena, InterestPreparedRow, set->count);
	prepared->users = InterestArenaArray(arena, InterestTrainingUser, set->count);
	prepared->user_count = 0;
	keys.keys = InterestArenaArray(&scratch, SortKey, set->count);
	order = InterestArenaArray(&scratch, int, set->count);
	prepared->row_count = ChooseRows(&keys, &prepared->counts);
	for (int i = 0; i < prepared->row_count; i++)
		order[i] = i;
	InterestSort(order, prepared->row_count, CompareRows, &keys, &scratch);
	done = PutInOrder(prepared, &keys, order, seed, status);
	InterestArenaFree(&scratch);
	prepared->counts.rows_without_content = 0;
	CountUsers(prepared);
	return done && CheckTimes(prepared, status);
}

InterestTrainingRow
InterestSourceRow(const InterestPreparedRows *prepared, int i, InterestArena *arena)
{
	return ReadRow(prepared->set, prepared->rows[i].row, arena);
}

bool
InterestRowIsNegative(const InterestPreparedRows *prepared, int i)
{
	return InterestKindAt(prepared->features, prepared->rows[i].kind).negative;
}

InterestHistoryRow
InterestHistoryRowOf(const InterestPreparedRows *prepared, int i)
{
	InterestKind kind = InterestKindAt(prepared->features, prepared->rows[i].kind);
	InterestHistoryRow row;

	InterestHistoryRowInit(&row, prepared->rows[i].time, kind.weight, kind.negative, prepared->half_life);
	return row;
}

/* Users follow each other as their rows do. */
InterestRowKey
InterestRowKeyOf(const InterestPreparedRows *prepared, int i)
{
	const InterestTrainingUser *user;
	int			low = 0;
	int			high = prepared->user_count;

	while (high - low > 1)
	{
		int			middle = low + (high - low) / 2;

		if (prepared->users[middle].first <= i)
			low = middle;
		else
			high = middle;
	}
	user = &prepared->users[low];
	return (InterestRowKey) {user->key, (uint64_t) (i - user->first)};
}

/* A walk over the rows of training users, one read into the arena at a time. */
typedef struct TrainingRows
{
	const InterestPreparedRows *prepared;
	InterestArena *arena;
	InterestArenaMark mark;
	int			user;
	int			next;
	InterestTrainingRow row;
} TrainingRows;

static TrainingRows
TrainingRowsOf(const InterestPreparedRows *prepared, InterestArena *arena)
{
	return (TrainingRows) {.prepared = prepared, .arena = arena, .mark = InterestArenaGetMark(arena)};
}

static const InterestTrainingRow *
NextTrainingRow(TrainingRows *rows)
{
	InterestArenaReturnTo(rows->arena, rows->mark);
	while (rows->user < rows->prepared->user_count)
	{
		const InterestTrainingUser *user = &rows->prepared->users[rows->user];

		if (user->split == INTEREST_SPLIT_TRAINING && rows->next < user->first + user->count)
		{
			CheckCancelAt(rows->next, rows->arena->host);
			rows->row = InterestSourceRow(rows->prepared, rows->next++, rows->arena);
			return &rows->row;
		}
		rows->user++;
		if (rows->user < rows->prepared->user_count)
			rows->next = rows->prepared->users[rows->user].first;
	}
	return NULL;
}

/* Means, and how many rows there are. */
static void
LearnMeans(const InterestPreparedRows *prepared, int columns, InterestArena *scratch,
		   InterestNumeric *numerics, double *counts)
{
	TrainingRows rows = TrainingRowsOf(prepared, scratch);
	const InterestTrainingRow *row;

	while ((row = NextTrainingRow(&rows)) != NULL)
		for (int c = 0; c < columns; c++)
			if (isfinite(row->behaviour.numerics[c]))
			{
				counts[c] += 1.0;
				numerics[c].mean += row->behaviour.numerics[c];
			}
	for (int c = 0; c < columns; c++)
		numerics[c].mean = counts[c] > 0.0 ? numerics[c].mean / counts[c] : 0.0;
}

/* Squares of the distances from the means, as deviations. */
static void
AddSquares(const InterestPreparedRows *prepared, int columns, InterestArena *scratch, InterestNumeric *numerics)
{
	TrainingRows rows = TrainingRowsOf(prepared, scratch);
	const InterestTrainingRow *row;

	while ((row = NextTrainingRow(&rows)) != NULL)
		for (int c = 0; c < columns; c++)
			if (isfinite(row->behaviour.numerics[c]))
			{
				double		distance = row->behaviour.numerics[c] - numerics[c].mean;

				numerics[c].deviation += distance * distance;
			}
}

/* numerics start at 0. */
static void
LearnNumerics(const InterestPreparedRows *prepared, int columns, InterestArena *scratch,
			  InterestNumeric *numerics)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	double	   *counts = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) columns);

	if (columns > 0)
	{
		LearnMeans(prepared, columns, scratch, numerics, counts);
		AddSquares(prepared, columns, scratch, numerics);
	}
	for (int c = 0; c < columns; c++)
	{
		InterestNumeric *numeric = &numerics[c];

		numeric->deviation = numeric->deviation > 0.0 ? sqrt(numeric->deviation / counts[c]) : 1.0;
		if (isfinite(numeric->mean) && isfinite(numeric->deviation) && numeric->deviation > 0.0)
			continue;
		/* Numbers too large or too small to be squared say nothing that a model could use. */
		*numeric = (InterestNumeric) {.mean = 0.0, .deviation = 1.0};
	}
	InterestArenaReturnTo(scratch, mark);
}

/* Names as they were met, with room for all that will be. */
typedef struct MetNames
{
	InterestSpan *spans;
	int			count;
} MetNames;

static int
CompareMet(const void *context, int a, int b)
{
	const InterestSpan *spans = context;

	return InterestSpanCompare(spans[a], spans[b]);
}

/* Sorts met names; returns how many runs of equal ones there are, and where they end. */
static int
FindRuns(const MetNames *met, InterestArena *scratch, int **order, int **run_end)
{
	int			runs = 0;

	*order = InterestArenaArray(scratch, int, met->count);
	*run_end = InterestArenaArray(scratch, int, met->count);
	for (int i = 0; i < met->count; i++)
		(*order)[i] = i;
	InterestSort(*order, met->count, CompareMet, met->spans, scratch);
	for (int i = 0; i < met->count; i++)
	{
		CheckCancelAt(i, scratch->host);
		if (i + 1 == met->count ||
			InterestSpanCompare(met->spans[(*order)[i]], met->spans[(*order)[i + 1]]) != 0)
			(*run_end)[runs++] = i + 1;
	}
	return runs;
}

/* Runs of the length least or more. */
static int
CountLongRuns(const int *run_end, int runs, int least)
{
	int			count = 0;

	for (int r = 0; r < runs; r++)
		count += run_end[r] - (r > 0 ? run_end[r - 1] : 0) >= least;
	return count;
}

/*
 * The names met at least so often, in byte order; more often where there would
 * be more than most of them.
 */
static InterestNames
DistinctNames(const MetNames *met, int least, int most, InterestArena *arena,
			  InterestArena *scratch)
{
	InterestNames names = {0, NULL};
	InterestSpan *spans;
	int		   *order;
	int		   *run_end;
	int			runs = FindRuns(met, scratch, &order, &run_end);

	while (CountLongRuns(run_end, runs, least) > most)
		least++;
	spans = InterestArenaArray(arena, InterestSpan, CountLongRuns(run_end, runs, least));
	names.spans = spans;
	for (int r = 0; r < runs; r++)
	{
		int			start = r > 0 ? run_end[r - 1] : 0;

		if (run_end[r] - start >= least)
			spans[names.count++] = met->spans[order[start]];
	}
	return names;
}

static void
MeetValues(const InterestValues *values, MetNames *met)
{
	for (int i = 0; i < values->count; i++)
		if (values->values[i].data != NULL && values->values[i].length <= INTEREST_MAX_NAME)
			met->spans[met->count++] = values->values[i];
}

static InterestNames
LearnValues(const InterestPreparedRows *prepared, int column, int least, InterestArena *arena,
			InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	TrainingRows rows = TrainingRowsOf(prepared, scratch);
	const InterestTrainingRow *row;
	size_t		room = 0;
	MetNames	met = {NULL, 0};
	InterestNames names;

	while ((row = NextTrainingRow(&rows)) != NULL)
		room += (size_t) row->behaviour.categoricals[column].count;
	met.spans = InterestArenaArray(scratch, InterestSpan, room);
	rows = TrainingRowsOf(prepared, scratch);
	while ((row = NextTrainingRow(&rows)) != NULL)
		MeetValues(&row->behaviour.categoricals[column], &met);
	names = DistinctNames(&met, least, INTEREST_MAX_VALUES, arena, scratch);
	InterestArenaReturnTo(scratch, mark);
	return names;
}

static const float *
ReadSentence(const InterestTrainingSet *set, int sentence, int width, InterestArena *arena)
{
	if (sentence < 0 || width == 0)
		return NULL;
	return InterestStoreGet(set->store, set->sentences[sentence], sizeof(float) * (size_t) width, arena);
}

/* Mean norm of the training users' sentences; 1 where there is none. */
static double
MeanSentenceNorm(const InterestPreparedRows *prepared, int width, InterestArena *scratch)
{
	TrainingRows rows = TrainingRowsOf(prepared, scratch);
	const InterestTrainingRow *row;
	double		sum = 0.0;
	double		count = 0.0;

	while ((row = NextTrainingRow(&rows)) != NULL)
	{
		InterestArenaMark mark = InterestArenaGetMark(scratch);
		const float *sentence = ReadSentence(prepared->set, row->sentence, width, scratch);
		double		squares = 0.0;

		if (sentence == NULL)
			continue;
		for (int i = 0; i < width; i++)
			squares += (double) sentence[i] * sentence[i];
		sum += sqrt(squares);
		count += 1.0;
		InterestArenaReturnTo(scratch, mark);
	}
	return sum > 0.0 ? sum / count : 1.0;
}

static const InterestTrainingWord *
WordsOf(const InterestTrainingSet *set, const InterestTrainingText *text, InterestArena *arena)
{
	if (text->count == 0)
		return NULL;
	return InterestStoreGet(set->store, text->words, sizeof(InterestTrainingWord) * (size_t) text->count, arena);
}

/* Counts, for every word of the set, the training rows that have it in a column; returns those with any. */
static int64_t
CountWords(const InterestPreparedRows *prepared, int column, InterestArena *scratch, int64_t *rows_with)
{
	TrainingRows rows = TrainingRowsOf(prepared, scratch);
	const InterestTrainingRow *row;
	int64_t		all_rows = 0;

	memset(rows_with, 0, sizeof(int64_t) * (size_t) prepared->set->word_count);
	while ((row = NextTrainingRow(&rows)) != NULL)
	{
		InterestArenaMark mark = InterestArenaGetMark(scratch);
		const InterestTrainingText *text;
		const InterestTrainingWord *words;

		if (row->texts[column] < 0)
			continue;
		text = &prepared->set->texts[row->texts[column]];
		words = WordsOf(prepared->set, text, scratch);
		all_rows += text->count > 0;
		for (int i = 0; i < text->count; i++)
			rows_with[words[i].word]++;
		InterestArenaReturnTo(scratch, mark);
	}
	return all_rows;
}

/* Words that least rows or more have, short enough to be kept. */
static int
FrequentWords(const InterestTrainingSet *set, const int64_t *rows_with, int64_t least, int *found)
{
	int			count = 0;

	for (int i = 0; i < set->word_count; i++)
		if (rows_with[i] >= least && set->words[i].length <= INTEREST_MAX_NAME)
			found[count++] = i;
	return count;
}

static void
LearnWords(const InterestPreparedRows *prepared, int column, InterestArena *arena,
		   InterestArena *scratch, InterestWordColumn *learned)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const InterestTrainingSet *set = prepared->set;
	int64_t    *rows_with = InterestArenaArray(scratch, int64_t, set->word_count);
	int		   *found = InterestArenaArray(scratch, int, set->word_count);
	int64_t		least = INTEREST_LEAST_WORD_ROWS;
	InterestSpan *spans;
	int64_t    *rows;
	int			count;

	learned->all_rows = CountWords(prepared, column, scratch, rows_with);
	while ((count = FrequentWords(set, rows_with, least, found)) > INTEREST_MAX_WORDS)
		least++;
	InterestSort(found, count, CompareMet, set->words, scratch);
	spans = InterestArenaArray(arena, InterestSpan, count);
	rows = InterestArenaArray(arena, int64_t, count);
	for (int i = 0; i < count; i++)
	{
		spans[i] = set->words[found[i]];
		rows[i] = rows_with[found[i]];
	}
	learned->words = (InterestNames) {count, spans};
	learned->rows = rows;
	InterestArenaReturnTo(scratch, mark);
}

void
InterestLearnFeatures(const InterestPreparedRows *prepared,
					  const InterestTrainingDefinition *definition, int least_value_rows,
					  InterestArena *arena, InterestArena *scratch, InterestRowNetwork *network)
{
	InterestFeatures *features = &network->features;
	InterestNumeric *numerics = InterestArenaAllocateZero(arena, sizeof(InterestNumeric) * (size_t) definition->numeric_count);

	features->rules = definition->rules;
	features->text_count = definition->text_count;
	features->sentence_width = definition->sentence_width;
	features->word_columns = NULL;
	if (definition->word_probe)
	{
		memcpy(features->word_probe, definition->word_probe, INTEREST_WORD_PROBE_SIZE);
		features->word_columns = InterestArenaArray(arena, InterestWordColumn, definition->text_count);
		for (int i = 0; i < definition->text_count; i++)
			LearnWords(prepared, i, arena, scratch, &features->word_columns[i]);
	}
	features->kind_names = definition->kind_names;
	features->kinds = definition->kinds;
	features->numeric_count = definition->numeric_count;
	features->numerics = numerics;
	LearnNumerics(prepared, definition->numeric_count, scratch, numerics);
	features->categorical_count = definition->categorical_count;
	features->categoricals = InterestArenaArray(arena, InterestCategorical, definition->categorical_count);
	for (int i = 0; i < definition->categorical_count; i++)
		features->categoricals[i].values = LearnValues(prepared, i, least_value_rows, arena,
														 scratch);
	features->vector_count = definition->vector_count;
	features->vectors = InterestArenaArray(arena, InterestVectorColumn, definition->vector_count);
	features->shared_projection = definition->shared_projection;
	for (int i = 0; i < definition->vector_count; i++)
		features->vectors[i].width = definition->vector_widths[i];
	network->dimensions = definition->dimensions;
	network->fusion.kind = definition->fusion;
	network->sentence_scale = INTEREST_SENTENCE_SCALE;
	if (definition->sentence_width > 0)
		network->sentence_scale /= (float) MeanSentenceNorm(prepared, definition->sentence_width, scratch);
}

/* A text's block as it lies in the store. */
typedef struct StoredBlock
{
	int			count;			/* 0: no word that is known; below 0: not made yet */
	InterestPlace words;		/* (count) InterestRowWord */
} StoredBlock;

/* Makes inputs, and the block of every text that some row has in a column once. */
typedef struct InputMaker
{
	const InterestPreparedRows *prepared;
	const InterestFeatures *features;
	InterestArena scratch;		/* of a row */
	StoredBlock *blocks;		/* (text_count, texts of the set); NULL: no words */
	StoredBlock *of_row;		/* (text_count) */
} InputMaker;

static int
StoredTexts(const InterestFeatures *features)
{
	return features->word_columns ? features->text_count : 0;
}

/* Bytes of a row's input in the store: dense numbers, values, blocks of words. */
static size_t
StoredSize(const InterestFeatures *features, int values)
{
	return sizeof(float) * (size_t) features->dense_width + sizeof(InterestRowValue) * (size_t) values +
		sizeof(StoredBlock) * (size_t) StoredTexts(features);
}

static void
StartMaker(InputMaker *maker, InterestArena *arena)
{
	size_t		texts = (size_t) StoredTexts(maker->features);
	size_t		count = texts * (size_t) maker->prepared->set->text_count;

	InterestArenaInit(&maker->scratch, arena->host, SCRATCH_BLOCK);
	if (texts == 0)
		return;
	maker->of_row = InterestArenaArray(arena, StoredBlock, texts);
	maker->blocks = InterestArenaArray(arena, StoredBlock, count);
	for (size_t i = 0; i < count; i++)
		maker->blocks[i].count = -1;
}

static StoredBlock
MakeBlock(InputMaker *maker, int column, const InterestTrainingText *text)
{
	const InterestTrainingSet *set = maker->prepared->set;
	const InterestTrainingWord *known = WordsOf(set, text, &maker->scratch);
	InterestWord *words = InterestArenaArray(&maker->scratch, InterestWord, text->count);
	const InterestWordBlock *block;
	StoredBlock stored = {0, {0, 0}};

	for (int i = 0; i < text->count; i++)
		words[i] = (InterestWord) {set->words[known[i].word], known[i].count};
	block = InterestWordBlockOf(&maker->features->word_columns[column],
								&(InterestWords) {text->count, words}, &maker->scratch);
	if (block)
	{
		stored.count = block->count;
		stored.words = InterestStoreAdd(set->store, block->words, sizeof(InterestRowWord) * (size_t) block->count);
	}
	return stored;
}

/* The blocks of a row's texts, into of_row. */
static void
FindBlocks(InputMaker *maker, const InterestTrainingRow *row)
{
	const InterestTrainingSet *set = maker->prepared->set;

	for (int c = 0; c < StoredTexts(maker->features); c++)
	{
		int			text = row->texts[c];
		size_t		at = (size_t) c * (size_t) set->text_count + (size_t) text;

		maker->of_row[c].count = 0;
		if (text < 0)
			continue;
		if (maker->blocks[at].count < 0)
			maker->blocks[at] = MakeBlock(maker, c, &set->texts[text]);
		maker->of_row[c] = maker->blocks[at];
	}
}

static const InterestWordBlock *const *
ReadBlocks(const InterestPreparedRows *prepared, const StoredBlock *stored, InterestArena *arena)
{
	int			texts = StoredTexts(prepared->features);
	const InterestWordBlock **of_row;

	if (texts == 0)
		return NULL;
	of_row = InterestArenaArray(arena, const InterestWordBlock *, texts);
	for (int c = 0; c < texts; c++)
	{
		InterestWordBlock *block;

		of_row[c] = NULL;
		if (stored[c].count == 0)
			continue;
		block = InterestArenaNew(arena, InterestWordBlock);
		block->count = stored[c].count;
		block->words = InterestStoreGet(prepared->set->store, stored[c].words,
										sizeof(InterestRowWord) * (size_t) block->count, arena);
		of_row[c] = block;
	}
	return of_row;
}

const float *
InterestReadSentence(const InterestPreparedRows *prepared, int i, InterestArena *arena)
{
	return ReadSentence(prepared->set, prepared->rows[i].sentence, prepared->features->sentence_width, arena);
}

/* A row's vectors stay with the set's row. */
static const float *const *
FindVectors(const InterestPreparedRows *prepared, int i, InterestArena *arena)
{
	const InterestFeatures *features = prepared->features;
	const float **vectors = InterestArenaArray(arena, const float *, features->vector_count);
	InterestTrainingRow row;

	if (features->vector_count == 0)
		return vectors;
	row = InterestSourceRow(prepared, i, arena);
	for (int c = 0; c < features->vector_count; c++)
		vectors[c] = features->vectors[c].width > 0 ? row.behaviour.vectors[c].values : NULL;
	return vectors;
}

void
InterestReadInput(const InterestPreparedRows *prepared, int i, InterestArena *arena,
				  InterestRowInput *input)
{
	const InterestFeatures *features = prepared->features;
	const InterestPreparedRow *row = &prepared->rows[i];
	InterestKind kind = InterestKindAt(features, row->kind);
	const char *record = InterestStoreGet(prepared->set->store, row->input, StoredSize(features, row->value_count), arena);

	*input = (InterestRowInput) {
		.dense = (const float *) record, .value_count = row->value_count,
		.negative = kind.negative, .weight = kind.weight
	};
	record += sizeof(float) * (size_t) features->dense_width;
	input->values = (const InterestRowValue *) record;
	record += sizeof(InterestRowValue) * (size_t) row->value_count;
	input->vectors = FindVectors(prepared, i, arena);
	input->texts = (InterestRowTexts) {
		.sentence = InterestReadSentence(prepared, i, arena),
		.words = ReadBlocks(prepared, (const StoredBlock *) record, arena)
	};
}

static InterestPlace
StoreInput(InputMaker *maker, const InterestRowInput *input)
{
	const InterestFeatures *features = maker->features;
	size_t		size = StoredSize(features, input->value_count);
	size_t		dense = sizeof(float) * (size_t) features->dense_width;
	size_t		values = sizeof(InterestRowValue) * (size_t) input->value_count;
	char	   *record = InterestArenaAllocate(&maker->scratch, size);

	memcpy(record, input->dense, dense);
	memcpy(record + dense, input->values, values);
	if (maker->of_row)
		memcpy(record + dense + values, maker->of_row, size - dense - values);
	return InterestStoreAdd(maker->prepared->set->store, record, size);
}

/* Makes row i's input and puts the row where kept says. */
static InterestRowResult
MakeInput(InterestPreparedRows *prepared, int i, int kept, InputMaker *maker, InterestStatus *status)
{
	const InterestFeatures *features = maker->features;
	InterestArenaMark mark = InterestArenaGetMark(&maker->scratch);
	InterestTrainingRow row = InterestSourceRow(prepared, i, &maker->scratch);
	InterestRowTexts texts = {0};
	InterestRowInput input;
	InterestRowResult result;

	FindBlocks(maker, &row);
	texts.sentence = ReadSentence(prepared->set, row.sentence, features->sentence_width, &maker->scratch);
	texts.words = ReadBlocks(prepared, maker->of_row, &maker->scratch);
	result = InterestRowInputOf(features, &row.behaviour, &texts, &maker->scratch, &input, status);
	if (result == INTEREST_ROW_DONE)
		prepared->rows[kept] = (InterestPreparedRow) {
			.time = row.behaviour.time, .input = StoreInput(maker, &input), .row = prepared->rows[i].row,
			.sentence = row.sentence, .value_count = input.value_count,
			.kind = InterestKindOf(features, row.behaviour.kind)
		};
	InterestArenaReturnTo(&maker->scratch, mark);
	return result;
}

bool
InterestMakeInputs(InterestPreparedRows *prepared, const InterestFeatures *features,
				   const int64_t *half_life, InterestArena *arena,
				   const InterestTrainingObserver *observer, InterestStatus *status)
{
	InputMaker	maker = {.prepared = prepared, .features = features};
	int			kept = 0;
	int			kept_users = 0;
	int			kept_before = 0;	/* of the user before */

	prepared->features = features;
	prepared->half_life = half_life;
	StartMaker(&maker, arena);
	for (int u = 0; u < prepared->user_count; u++)
	{
		InterestTrainingUser user = prepared->users[u];
		int			first = kept;

		for (int i = user.first; i < user.first + user.count; i++)
		{
			InterestRowResult result = MakeInput(prepared, i, kept, &maker, status);

			if (i % ROWS_BETWEEN_CHECKS == 0 && observer && observer->progress)
				observer->progress(observer->context, INTEREST_PHASE_PREPARE, 0, i, prepared->row_count);
			CheckCancelAt(i, arena->host);
			if (result == INTEREST_ROW_FAILED)
			{
				InterestArenaFree(&maker.scratch);
				return false;
			}
			kept += result == INTEREST_ROW_DONE;
		}
		user.first = first;
		user.count = kept - first;
		user.earlier = user.earlier > 0 ? kept_before : 0;
		kept_before = user.count;
		if (user.count > 0)
			prepared->users[kept_users++] = user;
	}
	InterestArenaFree(&maker.scratch);
	prepared->counts.rows_without_content = prepared->row_count - kept;
	prepared->row_count = kept;
	prepared->user_count = kept_users;
	CountUsers(prepared);
	return true;
}

static bool
CheckInterests(const InterestPreparedRows *prepared, const InterestNames *interests, InterestStatus *status)
{
	for (int i = 0; i < interests->count; i++)
		if (interests->spans[i].length > INTEREST_MAX_NAME)
		{
			InterestFail(status, INTEREST_LIMIT_EXCEEDED, "a label is longer than %d bytes",
						 INTEREST_MAX_NAME);
			return InterestHint(status, "Name a column of short labels, one for each interest.");
		}
	if (interests->count > INTEREST_MAX_INTERESTS)
	{
		InterestFail(status, INTEREST_LIMIT_EXCEEDED, "the label column has more than %d interests",
					 INTEREST_MAX_INTERESTS);
		return InterestHint(status, "Group rare labels, or name a coarser column.");
	}
	if (interests->count >= 2)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "training needs at least two interests, and the label column has %s",
				 interests->count == 0 ? "none" : "one");
	InterestDetail(status, "Only rows of the %d training users were looked at, rows without a time or without any feature left out.",
				   prepared->counts.training_users);
	return InterestHint(status, "Look at the distinct labels of the source, and whether it has rows of enough users: %s.",
						InterestWhoTrains(prepared));
}

bool
InterestLearnInterests(const InterestPreparedRows *prepared, const InterestNames *named,
					   InterestArena *arena, InterestArena *scratch, InterestNames *interests,
					   InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	TrainingRows rows = TrainingRowsOf(prepared, scratch);
	const InterestTrainingRow *row;
	size_t		room = named ? (size_t) named->count : 0;
	MetNames	met = {NULL, 0};

	while ((row = NextTrainingRow(&rows)) != NULL)
		room += (size_t) row->label_count;
	met.spans = InterestArenaArray(scratch, InterestSpan, room);
	for (int i = 0; named && i < named->count; i++)
		met.spans[met.count++] = named->spans[i];
	rows = TrainingRowsOf(prepared, scratch);
	while ((row = NextTrainingRow(&rows)) != NULL)
		for (int i = 0; i < row->label_count; i++)
			met.spans[met.count++] = row->labels[i];
	*interests = DistinctNames(&met, 1, met.count, arena, scratch);
	InterestArenaReturnTo(scratch, mark);
	return CheckInterests(prepared, interests, status);
}

/* Labels that are no interest have numbers below 0, different ones as good as always. */
static int
FindLabel(const InterestNames *interests, InterestSpan label)
{
	int			interest = InterestNamesFind(interests, label);

	return interest >= 0 ? interest : -1 - (int) (InterestHash64(label.data, label.length, 0) >> 33);
}

/* Labels of all rows; a label that a row has twice counts twice. */
static size_t
CountLabels(const InterestPreparedRows *prepared, InterestArena *scratch)
{
	size_t		count = 0;

	for (int i = 0; i < prepared->row_count; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(scratch);

		CheckCancelAt(i, scratch->host);
		count += (size_t) InterestSourceRow(prepared, i, scratch).label_count;
		InterestArenaReturnTo(scratch, mark);
	}
	return count;
}

/* A row's interests behind the count labels before it; returns how many there are then. */
static int
FindRowLabels(InterestPreparedRows *prepared, const InterestNames *interests, int i, int count, int *seen_in,
			  InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestTrainingRow row = InterestSourceRow(prepared, i, scratch);

	for (int l = 0; l < row.label_count; l++)
	{
		int			interest = FindLabel(interests, row.labels[l]);

		if (interest >= 0 && seen_in[interest] == i)
			continue;
		if (interest >= 0)
			seen_in[interest] = i;
		prepared->labels[count++] = interest;
	}
	InterestArenaReturnTo(scratch, mark);
	return count;
}

void
InterestFindLabels(InterestPreparedRows *prepared, const InterestNames *interests,
				   InterestArena *arena)
{
	InterestArena scratch;
	int		   *seen_in;
	int			count = 0;

	InterestArenaInit(&scratch, arena->host, SCRATCH_BLOCK);
	seen_in = InterestArenaArray(&scratch, int, interests->count);
	for (int i = 0; i < interests->count; i++)
		seen_in[i] = -1;
	prepared->labels = InterestArenaArray(arena, int, CountLabels(prepared, &scratch));
	prepared->label_first = InterestArenaArray(arena, int, prepared->row_count + 1);
	for (int i = 0; i < prepared->row_count; i++)
	{
		CheckCancelAt(i, arena->host);
		prepared->label_first[i] = count;
		count = FindRowLabels(prepared, interests, i, count, seen_in, &scratch);
	}
	prepared->label_first[prepared->row_count] = count;
	InterestArenaFree(&scratch);
}

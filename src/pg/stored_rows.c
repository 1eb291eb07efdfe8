/*
 * stored_rows.c
 *	  The rows of a source where they wait to be trained on.
 */
#include "pg/compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/base/hash.h"
#include "pg/stored_rows.h"

#define FIRST_ROOM 1024

/* The number of a string that is missing. */
#define MISSING (-1)

/*
 * A record: this, the numerics, and then of 4 bytes each the numbers of the
 * labels, the places of the texts, of each categorical how many values it has and
 * their numbers, of each vector its width and its elements.
 */
typedef struct RecordHead
{
	int64		time;
	uint64		hash;
	Size		size;			/* of the record */
	int			user;
	int			kind;
	int			sentence;
	int			label_count;
	InterestRole role;
	bool		has_time;
} RecordHead;

InterestStoredRows *
InterestStoredRowsMake(const InterestColumns *columns, bool has_words, InterestStore *store)
{
	InterestStoredRows *rows = palloc0(sizeof(InterestStoredRows));

	rows->context = CurrentMemoryContext;
	rows->columns = columns;
	rows->has_words = has_words;
	rows->store = store;
	rows->strings = InterestStringsMake();
	rows->room = FIRST_ROOM;
	rows->places = palloc(sizeof(InterestPlace) * rows->room);
	return rows;
}

static uint64
HashSpans(const InterestSpan *spans, int count, uint64 hash)
{
	for (int i = 0; i < count; i++)
		hash = InterestHash64(spans[i].data, spans[i].length, hash + (spans[i].data != NULL));
	return hash;
}

uint64
InterestHashRow(const InterestColumns *columns, const InterestBehaviour *behaviour, const InterestRowTarget *target)
{
	uint64		hash = InterestHash64(&behaviour->time, sizeof(behaviour->time), behaviour->has_time);

	hash = HashSpans(&behaviour->kind, 1, hash);
	hash = HashSpans(behaviour->texts, columns->text_count, hash);
	for (int i = 0; i < columns->numeric_count; i++)
		hash = InterestHash64(&behaviour->numerics[i], sizeof(double), hash);
	for (int i = 0; i < columns->categorical_count; i++)
		hash = HashSpans(behaviour->categoricals[i].values, behaviour->categoricals[i].count, hash + i);
	for (int i = 0; i < columns->vector_count; i++)
		if (behaviour->vectors[i].values)
			hash = InterestHash64(behaviour->vectors[i].values, sizeof(float) * behaviour->vectors[i].width, hash + i);
	return HashSpans(target->labels, target->label_count, hash);
}

static Size
SizeOfRecord(const InterestStoredRows *rows, const InterestBehaviour *behaviour, int label_count)
{
	const InterestColumns *columns = rows->columns;
	Size		numbers = label_count + (rows->has_words ? columns->text_count : 0) + columns->categorical_count +
		columns->vector_count;

	for (int i = 0; i < columns->categorical_count; i++)
		numbers += behaviour->categoricals[i].count;
	for (int i = 0; i < columns->vector_count; i++)
		numbers += behaviour->vectors[i].values ? behaviour->vectors[i].width : 0;
	return sizeof(RecordHead) + sizeof(double) * columns->numeric_count + sizeof(int32) * numbers;
}

static int
KeepString(InterestStoredRows *rows, InterestSpan span)
{
	CHECK_FOR_INTERRUPTS();
	return span.data ? InterestStringsKeep(rows->strings, span) : MISSING;
}

/* Puts bytes behind those before, as readers take them. */
static void
Put(char **at, const void *bytes, Size size)
{
	if (size > 0)
		memcpy(*at, bytes, size);
	*at += size;
}

static void
PutStrings(InterestStoredRows *rows, char **at, const InterestSpan *spans, int count)
{
	for (int i = 0; i < count; i++)
	{
		int			number = KeepString(rows, spans[i]);

		Put(at, &number, sizeof(int));
	}
}

static void
PutFeatures(InterestStoredRows *rows, char **at, const InterestBehaviour *behaviour)
{
	const InterestColumns *columns = rows->columns;

	for (int i = 0; i < columns->categorical_count; i++)
	{
		const InterestValues *values = &behaviour->categoricals[i];

		Put(at, &values->count, sizeof(int));
		PutStrings(rows, at, values->values, values->count);
	}
	for (int i = 0; i < columns->vector_count; i++)
	{
		const InterestVector *vector = &behaviour->vectors[i];
		int			width = vector->values ? vector->width : 0;

		Put(at, &width, sizeof(int));
		Put(at, vector->values, sizeof(float) * width);
	}
}

static InterestPlace *
NextPlace(InterestStoredRows *rows)
{
	if (rows->count == rows->room)
	{
		if (rows->room > PG_INT32_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("source has too many rows to train on"),
					 errhint("Train on a view of the newest rows.")));
		rows->room *= 2;
		rows->places = repalloc_huge(rows->places, sizeof(InterestPlace) * rows->room);
	}
	return &rows->places[rows->count++];
}

void
InterestStoredRowsAdd(InterestStoredRows *rows, const InterestBehaviour *behaviour,
					  const InterestRowTarget *target, int sentence, const int *texts)
{
	const InterestColumns *columns = rows->columns;
	Size		size = SizeOfRecord(rows, behaviour, target->label_count);
	char	   *record = MemoryContextAllocHuge(CurrentMemoryContext, size);
	char	   *at = record + sizeof(RecordHead);
	RecordHead *head = memset(record, 0, sizeof(RecordHead));

	head->time = behaviour->time;
	head->hash = InterestHashRow(columns, behaviour, target);
	head->size = size;
	head->user = KeepString(rows, target->user);
	head->kind = KeepString(rows, behaviour->kind);
	head->sentence = sentence;
	head->label_count = target->label_count;
	head->role = target->role;
	head->has_time = behaviour->has_time;
	Put(&at, behaviour->numerics, sizeof(double) * columns->numeric_count);
	PutStrings(rows, &at, target->labels, target->label_count);
	Put(&at, texts, rows->has_words ? sizeof(int) * columns->text_count : 0);
	PutFeatures(rows, &at, behaviour);
	*NextPlace(rows) = InterestStoreAdd(rows->store, record, size);
	pfree(record);
}

/* What follows in a record. */
static const void *
Take(const char **at, Size size)
{
	const char *taken = *at;

	*at += size;
	return taken;
}

static InterestSpan
StringAt(const InterestStoredRows *rows, int number)
{
	const InterestSpan missing = {NULL, 0};

	return number == MISSING ? missing : rows->strings->spans[number];
}

static const InterestSpan *
TakeStrings(const InterestStoredRows *rows, const char **at, int count, InterestArena *arena)
{
	const int  *numbers = Take(at, sizeof(int) * count);
	InterestSpan *spans;

	if (count == 0)
		return NULL;
	spans = InterestArenaArray(arena, InterestSpan, count);
	for (int i = 0; i < count; i++)
		spans[i] = StringAt(rows, numbers[i]);
	return spans;
}

static const InterestValues *
TakeValues(const InterestStoredRows *rows, const char **at, InterestArena *arena)
{
	int			columns = rows->columns->categorical_count;
	InterestValues *values;

	if (columns == 0)
		return NULL;
	values = InterestArenaArray(arena, InterestValues, columns);
	for (int i = 0; i < columns; i++)
	{
		values[i].count = *(const int *) Take(at, sizeof(int));
		values[i].values = TakeStrings(rows, at, values[i].count, arena);
	}
	return values;
}

static const InterestVector *
TakeVectors(const InterestStoredRows *rows, const char **at, InterestArena *arena)
{
	int			columns = rows->columns->vector_count;
	InterestVector *vectors;

	if (columns == 0)
		return NULL;
	vectors = InterestArenaArray(arena, InterestVector, columns);
	for (int i = 0; i < columns; i++)
	{
		vectors[i].width = *(const int *) Take(at, sizeof(int));
		vectors[i].values = vectors[i].width > 0 ? Take(at, sizeof(float) * vectors[i].width) : NULL;
	}
	return vectors;
}

/*
 * A copy even of what lies in memory: the store may move it once something is
 * added, which training does while it looks at a row.
 */
void
InterestStoredRowsRead(const void *context, int i, InterestArena *arena, InterestTrainingRow *row)
{
	const InterestStoredRows *rows = context;
	RecordHead	head;
	char	   *record;
	const char *at;

	InterestStoreRead(rows->store, rows->places[i], &head, sizeof(head));
	record = InterestArenaAllocate(arena, head.size);
	InterestStoreRead(rows->store, rows->places[i], record, head.size);
	at = record + sizeof(RecordHead);
	*row = (InterestTrainingRow) {
		.behaviour = {.has_time = head.has_time, .time = head.time, .kind = StringAt(rows, head.kind)},
		.sentence = head.sentence, .hash = head.hash, .user = StringAt(rows, head.user),
		.label_count = head.label_count, .role = head.role
	};
	row->behaviour.numerics = Take(&at, sizeof(double) * rows->columns->numeric_count);
	row->labels = TakeStrings(rows, &at, head.label_count, arena);
	if (rows->has_words)
		row->texts = Take(&at, sizeof(int) * rows->columns->text_count);
	row->behaviour.categoricals = TakeValues(rows, &at, arena);
	row->behaviour.vectors = TakeVectors(rows, &at, arena);
}

/*
 * doctor_data.c
 *	  interest_doctor on the rows that a model learns from.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "core/base/hash.h"
#include "core/training/training.h"
#include "pg/attempt.h"
#include "pg/doctor.h"
#include "pg/row_reader.h"
#include "pg/source.h"
#include "pg/stored_rows.h"

/* Rows that are read at most; of a larger table, a sample. */
#define MOST_ROWS 200000

/* Rows of one user within an hour that no person makes: one in six seconds, all the time. */
#define INHUMAN_ROWS 600

/* An interest with fewer labelled rows is hard to learn. */
#define RARE_ROWS 10

/* From this share on, rows that say nothing new are worth a word. */
#define MANY 0.05

/* Bytes of columns that a model does not read, from which on a whole row is wide. */
#define WIDE_BYTES 1000

/* Names in a finding. */
#define MOST_NAMES 5

/* A label, and who has it. */
typedef struct LabelCount
{
	uint64		label;			/* hash key */
	char		name[64];		/* cut */
	int64		rows;
	uint64		user;			/* the first who has it */
	bool		shared;			/* another one has it too */
} LabelCount;

/* Rows of a user in an hour. */
typedef struct HourKey
{
	uint64		user;
	int64		hour;
} HourKey;

typedef struct HourCount
{
	HourKey		key;			/* hash key */
	int64		rows;
} HourCount;

typedef struct TextState
{
	int64		present;		/* not NULL, not blank */
	bool		varies;
	uint64		first;			/* hash of the first one */
} TextState;

/* What one pass over the source counts. */
typedef struct Examination
{
	DestReceiver receiver;
	const InterestDefinition *definition;
	InterestRowReader *reader;
	MemoryContext keep;
	MemoryContext row;			/* reset after every row */
	HTAB	   *rows_seen;		/* hashes */
	HTAB	   *labels;
	HTAB	   *hours;
	HTAB	   *inhuman;		/* users */
	TextState  *texts;
	int64		now;
	int64		rows;
	int64		without_user;
	int64		without_time;
	int64		without_text;
	int64		duplicates;
	int64		future;
	int64		labelled;
	int64		fastest;		/* rows of a user in an hour */
} Examination;

static HTAB *
NewTable(const char *name, Size key, Size entry)
{
	HASHCTL		control = {.keysize = key, .entrysize = entry, .hcxt = CurrentMemoryContext};

	return hash_create(name, 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static uint64
HashSpan(InterestSpan span)
{
	return InterestHash64(span.data, span.length, 0);
}

static void
CountTexts(Examination *e, const InterestBehaviour *behaviour)
{
	bool		some = false;

	for (int i = 0; i < e->definition->columns.text_count; i++)
	{
		TextState  *state = &e->texts[i];
		uint64		hash;

		if (behaviour->texts[i].data == NULL || InterestIsBlank(behaviour->texts[i]))
			continue;
		some = true;
		hash = HashSpan(behaviour->texts[i]);
		if (state->present++ == 0)
			state->first = hash;
		state->varies |= hash != state->first;
	}
	e->without_text += !some;
}

static void
CountLabels(Examination *e, const InterestRowTarget *target, uint64 user)
{
	e->labelled += target->label_count > 0;
	for (int i = 0; i < target->label_count; i++)
	{
		InterestSpan span = target->labels[i];
		uint64		hash = HashSpan(span);
		bool		found;
		LabelCount *label;

		if (hash_get_num_entries(e->labels) > INTEREST_MAX_INTERESTS &&
			hash_search(e->labels, &hash, HASH_FIND, NULL) == NULL)
			continue;
		label = hash_search(e->labels, &hash, HASH_ENTER, &found);
		if (!found)
		{
			Size		length = Min(span.length, sizeof(label->name) - 1);

			length = pg_encoding_mbcliplen(PG_UTF8, span.data, span.length, length);
			memcpy(label->name, span.data, length);
			label->name[length] = '\0';
			label->rows = 0;
			label->user = user;
			label->shared = false;
		}
		label->rows++;
		label->shared |= label->user != user;
	}
}

static void
CountTime(Examination *e, const InterestBehaviour *behaviour, uint64 user)
{
	HourCount  *hour;
	HourKey		key = {user, behaviour->time / USECS_PER_HOUR};
	bool		found;

	e->future += behaviour->time > e->now + USECS_PER_DAY;
	hour = hash_search(e->hours, &key, HASH_ENTER, &found);
	if (!found)
		hour->rows = 0;
	hour->rows++;
	e->fastest = Max(e->fastest, hour->rows);
	if (hour->rows == INHUMAN_ROWS + 1)
		(void) hash_search(e->inhuman, &user, HASH_ENTER, &found);
}

static void
CountRow(Examination *e, const InterestBehaviour *behaviour, const InterestRowTarget *target)
{
	uint64		user = target->user.data ? HashSpan(target->user) : 0;
	uint64		hash = InterestHashRow(&e->definition->columns, behaviour, target) ^ InterestMix64(user);
	bool		found;

	e->rows++;
	e->without_user += target->user.data == NULL;
	e->without_time += !behaviour->has_time;
	(void) hash_search(e->rows_seen, &hash, HASH_ENTER, &found);
	e->duplicates += found;
	CountTexts(e, behaviour);
	if (target->user.data == NULL)
		return;
	CountLabels(e, target, user);
	if (behaviour->has_time)
		CountTime(e, behaviour, user);
}

static bool
ReceiveRow(TupleTableSlot *slot, DestReceiver *self)
{
	Examination *e = (Examination *) self;
	MemoryContext caller = MemoryContextSwitchTo(e->row);
	InterestBehaviour behaviour;
	InterestRowTarget target;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	InterestReadBehaviour(e->reader, slot->tts_values, slot->tts_isnull, &behaviour);
	InterestReadTarget(e->reader, slot->tts_values, slot->tts_isnull, &target);
	MemoryContextSwitchTo(e->keep);
	CountRow(e, &behaviour, &target);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(e->row);
	return true;
}

static void
StartReceiver(DestReceiver *self, int operation, TupleDesc descriptor)
{
	Examination *e = (Examination *) self;
	MemoryContext caller = MemoryContextSwitchTo(e->keep);

	e->reader = InterestRowReaderMake(e->definition, descriptor, INTEREST_READ_TARGET);
	MemoryContextSwitchTo(caller);
}

static void
ReceiverDoesNothing(DestReceiver *self)
{
}

static Examination *
NewExamination(const InterestDefinition *definition)
{
	Examination *e = palloc0(sizeof(Examination));

	e->receiver = (DestReceiver) {
		.receiveSlot = ReceiveRow, .rStartup = StartReceiver, .rShutdown = ReceiverDoesNothing,
		.rDestroy = ReceiverDoesNothing, .mydest = DestNone
	};
	e->definition = definition;
	e->keep = CurrentMemoryContext;
	e->row = AllocSetContextCreate(CurrentMemoryContext, "interest source row", ALLOCSET_DEFAULT_SIZES);
	e->rows_seen = NewTable("interest rows", sizeof(uint64), sizeof(uint64));
	e->labels = NewTable("interest labels", sizeof(uint64), sizeof(LabelCount));
	e->hours = NewTable("interest hours", sizeof(HourKey), sizeof(HourCount));
	e->inhuman = NewTable("interest users", sizeof(uint64), sizeof(uint64));
	e->texts = palloc0(sizeof(TextState) * Max(definition->columns.text_count, 1));
	e->now = GetCurrentTimestamp();
	return e;
}

/* --- the pass --- */

static double
RowsOf(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	double		rows;

	if (!HeapTupleIsValid(tuple))
		return -1;
	rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	return rows;
}

/* The source as it is read: of a large table blocks here and there, of others the first rows. */
static char *
SampledSql(Oid source, const InterestDefinition *definition, bool *sampled)
{
	const char *sql = InterestSourceSql(definition);
	char		kind = get_rel_relkind(source);
	double		rows = RowsOf(source);

	*sampled = rows > MOST_ROWS;
	if (rows > MOST_ROWS && (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE || kind == RELKIND_MATVIEW))
		sql = psprintf("%s TABLESAMPLE SYSTEM (%g) REPEATABLE (1)", sql, 100.0 * MOST_ROWS / rows);
	return psprintf("(SELECT %s FROM %s LIMIT %d) r", InterestColumnList(&definition->columns, true), sql, MOST_ROWS);
}

/* What is read, and what it is examined for. */
typedef struct Attempt
{
	Examination *e;
	const char *sql;
} Attempt;

static void
Examine(void *context)
{
	const Attempt *attempt = context;

	InterestReceiveSource(attempt->e->definition, attempt->sql, &attempt->e->receiver);
}

/* --- findings --- */

static void
ReportRows(ReturnSetInfo *result, const Examination *e, bool sampled)
{
	int64		skipped = e->without_user + e->without_time;

	InterestFinding(result, "rows", e->rows == 0 || skipped > MANY * e->rows ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
					psprintf(INT64_FORMAT " rows looked at%s; " INT64_FORMAT " without user, " INT64_FORMAT " without time",
							 e->rows, sampled || e->rows == MOST_ROWS ? ", a sample" : "", e->without_user, e->without_time),
					e->rows == 0 ? "Fill the source, or look whether row security hides its rows from you." :
					skipped > MANY * e->rows ? "Rows without user or time are skipped: fill them in, in a view." : NULL);
	if (e->duplicates > MANY * e->rows)
		InterestFinding(result, "duplicates", INTEREST_CONDITION_WARNING,
						psprintf(INT64_FORMAT " of " INT64_FORMAT " rows say what another row of the same user says at the same time", e->duplicates, e->rows),
						"Each of them counts: make the source a view with SELECT DISTINCT.");
	else
		InterestFinding(result, "duplicates", INTEREST_CONDITION_OK, psprintf(INT64_FORMAT " of " INT64_FORMAT " rows", e->duplicates, e->rows), NULL);
}

static void
ReportTexts(ReturnSetInfo *result, const Examination *e)
{
	const InterestColumns *columns = &e->definition->columns;

	for (int i = 0; i < columns->text_count && e->rows > 0; i++)
	{
		const TextState *state = &e->texts[i];
		char	   *check = psprintf("text \"%s\"", columns->texts[i]);

		if (state->present == 0)
			InterestFinding(result, check, INTEREST_CONDITION_WARNING, "empty in all rows", "Leave it out of texts.");
		else if (!state->varies && e->rows > 1)
			InterestFinding(result, check, INTEREST_CONDITION_WARNING, "the same text in all rows that have one",
							"Leave it out of texts: it tells nobody apart.");
		else
			InterestFinding(result, check, state->present < e->rows / 2 ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
							psprintf("empty in " INT64_FORMAT " of " INT64_FORMAT " rows", e->rows - state->present, e->rows),
							state->present < e->rows / 2 ? "Look why it is empty so often; rows without any text count by what else they have." : NULL);
	}
}

static void
ReportUsers(ReturnSetInfo *result, const Examination *e)
{
	long		inhuman = hash_get_num_entries(e->inhuman);

	InterestFinding(result, "rates", inhuman > 0 ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
					inhuman > 0 ? psprintf("%ld users have more than %d rows within an hour, one " INT64_FORMAT, inhuman, INHUMAN_ROWS, e->fastest)
					: psprintf("at most " INT64_FORMAT " rows of a user within an hour", e->fastest),
					inhuman > 0 ? "That is a machine, or an import whose rows have the time of the import: leave such users out, or give rows their own times." : NULL);
	InterestFinding(result, "future", e->future > 0 ? INTEREST_CONDITION_ERROR : INTEREST_CONDITION_OK,
					psprintf(INT64_FORMAT " rows are dated more than a day ahead", e->future),
					e->future > 0 ? "Correct their times, or leave them out: beside such a row, all older ones of its user fade to nothing." : NULL);
}

/* Adds a label to "a, b, c ..." */
static void
AppendLabel(StringInfo list, int *count, const char *name)
{
	if (*count < MOST_NAMES)
		appendStringInfo(list, "%s\"%s\"", *count > 0 ? ", " : "", pg_any_to_server(name, strlen(name), PG_UTF8));
	else if (*count == MOST_NAMES)
		appendStringInfoString(list, " ...");
	(*count)++;
}

static int
CompareLabels(const void *a, const void *b)
{
	return strcmp((*(LabelCount *const *) a)->name, (*(LabelCount *const *) b)->name);
}

/* The labels by name: a table's order is not one. */
static LabelCount **
SortLabels(const Examination *e, int *count)
{
	LabelCount **labels = palloc(sizeof(LabelCount *) * Max(hash_get_num_entries(e->labels), 1));
	HASH_SEQ_STATUS status;
	LabelCount *label;

	*count = 0;
	hash_seq_init(&status, e->labels);
	while ((label = hash_seq_search(&status)) != NULL)
		labels[(*count)++] = label;
	qsort(labels, *count, sizeof(LabelCount *), CompareLabels);
	return labels;
}

static void
ReportLabels(ReturnSetInfo *result, const Examination *e, bool sampled)
{
	StringInfoData rare;
	StringInfoData lone;
	int			rare_count = 0;
	int			lone_count = 0;
	int			count;
	LabelCount **labels = SortLabels(e, &count);

	initStringInfo(&rare);
	initStringInfo(&lone);
	for (int i = 0; i < count; i++)
		if (!labels[i]->shared)
			AppendLabel(&lone, &lone_count, labels[i]->name);
		else if (labels[i]->rows < RARE_ROWS)
			AppendLabel(&rare, &rare_count, labels[i]->name);
	InterestFinding(result, "labels", count < 2 && e->definition->interest_count == 0 ? INTEREST_CONDITION_ERROR : INTEREST_CONDITION_OK,
					psprintf("%d labels in " INT64_FORMAT " of " INT64_FORMAT " rows", count, e->labelled, e->rows),
					count < 2 && e->definition->interest_count == 0 ? "Training needs rows with two labels or more." : NULL);
	if (rare_count > 0)
		InterestFinding(result, "rare interests", INTEREST_CONDITION_WARNING,
						psprintf("%d labels have fewer than %d rows%s: %s", rare_count, RARE_ROWS, sampled ? " in the sample" : "", rare.data),
						"Join them in the source, or give them more rows; the options balance and class_weights help a little.");
	if (lone_count > 0)
		InterestFinding(result, "labels of one user", INTEREST_CONDITION_WARNING,
						psprintf("%d labels are of one user each: %s", lone_count, lone.data),
						"Such a label is the user's name in disguise, and is never tested: leave it out or join it with another.");
}

/* Wide columns beside those that the model reads, by the statistics that the caller may see. */
static void
ReportWidth(ReturnSetInfo *result, const InterestDefinition *definition)
{
	Oid			types[] = {NAMEOID, NAMEOID, TEXTARRAYOID};
	const InterestColumns *columns = &definition->columns;
	Datum	   *read = palloc(sizeof(Datum) * (4 + columns->text_count + columns->numeric_count + columns->categorical_count));
	int			count = 0;
	Datum		values[3];
	bool		isnull;
	int64		width;

	read[count++] = CStringGetTextDatum(columns->user_id);
	read[count++] = CStringGetTextDatum(columns->at);
	if (columns->kind)
		read[count++] = CStringGetTextDatum(columns->kind);
	if (columns->label)
		read[count++] = CStringGetTextDatum(columns->label);
	for (int i = 0; i < columns->text_count; i++)
		read[count++] = CStringGetTextDatum(columns->texts[i]);
	for (int i = 0; i < columns->numeric_count; i++)
		read[count++] = CStringGetTextDatum(columns->numerics[i]);
	for (int i = 0; i < columns->categorical_count; i++)
		read[count++] = CStringGetTextDatum(columns->categoricals[i]);
	values[0] = DirectFunctionCall1(namein, CStringGetDatum(definition->source_schema));
	values[1] = DirectFunctionCall1(namein, CStringGetDatum(definition->source_name));
	values[2] = PointerGetDatum(construct_array(read, count, TEXTOID, -1, false, TYPALIGN_INT));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args("SELECT coalesce(pg_catalog.sum(s.avg_width), 0) FROM pg_catalog.pg_stats s"
							  " WHERE s.schemaname OPERATOR(pg_catalog.=) $1 AND s.tablename OPERATOR(pg_catalog.=) $2"
							  " AND NOT s.inherited AND s.attname::pg_catalog.text OPERATOR(pg_catalog.<>) ALL ($3)",
							  3, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "reading the statistics failed");
	width = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	InterestFinding(result, "wide rows", width > WIDE_BYTES ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
					psprintf("columns that the model does not read have " INT64_FORMAT " bytes a row, by the statistics", width),
					width > WIDE_BYTES ? "Give aggregates a subquery of the model's columns, not a whole row: that reads every wide column of the table." : NULL);
}

static Oid
FindSource(const InterestDefinition *definition)
{
	Oid			schema = get_namespace_oid(definition->source_schema, true);

	return OidIsValid(schema) ? get_relname_relid(definition->source_name, schema) : InvalidOid;
}

void
InterestCheckData(ReturnSetInfo *result, const InterestDefinition *definition)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext work;
	Oid			source = FindSource(definition);
	Examination *e;
	Attempt		attempt;
	ErrorData  *error;
	bool		sampled;

	if (!InterestHasSource(definition))
	{
		InterestFinding(result, "source", INTEREST_CONDITION_OK, "it has none, and answers for the rows that it is given", NULL);
		return;
	}
	if (!OidIsValid(source))
	{
		InterestFinding(result, "source", INTEREST_CONDITION_ERROR,
						psprintf("%s does not exist", quote_qualified_identifier(definition->source_schema, definition->source_name)),
						"Restore it under its old name, or create the model anew.");
		return;
	}
	work = AllocSetContextCreate(CurrentMemoryContext, "interest doctor", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(work);
	e = NewExamination(definition);
	attempt = (Attempt) {e, SampledSql(source, definition, &sampled)};
	error = InterestAttempt(Examine, &attempt);
	if (error)
		InterestFinding(result, "source", INTEREST_CONDITION_ERROR, psprintf("cannot be read: %s", error->message), error->hint);
	else
	{
		ReportRows(result, e, sampled);
		ReportTexts(result, e);
		ReportUsers(result, e);
		if (definition->columns.label)
			ReportLabels(result, e, sampled);
		ReportWidth(result, definition);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
}

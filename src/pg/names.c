/*
 * names.c
 *	  Interests by name: a version that answers before any training.
 */
#include "pg/compat.h"

#include "lib/binaryheap.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/training/names.h"
#include "pg/encode.h"
#include "pg/encode_workers.h"
#include "pg/model_store.h"
#include "pg/names.h"
#include "pg/progress.h"
#include "pg/report.h"
#include "pg/row_reader.h"
#include "pg/settings.h"
#include "pg/source.h"
#include "pg/stored_rows.h"
#include "pg/train.h"

/* Rows between two reports of progress. */
#define PROGRESS_ROWS 1024

#define NAMES_BLOCK (1024 * 1024)

/* An interest as it was given: UTF-8. */
typedef struct NamedText
{
	InterestSpan label;
	const char *text;			/* label and description */
	Size		length;
} NamedText;

static InterestSpan
Trim(InterestSpan span)
{
	while (span.length > 0 && strchr(" \t\n\r\f\v", span.data[0]))
	{
		span.data++;
		span.length--;
	}
	while (span.length > 0 && strchr(" \t\n\r\f\v", span.data[span.length - 1]))
		span.length--;
	return span;
}

static NamedText
ParseNamed(const char *interest)
{
	NamedText	named;
	const char *comma;

	named.text = InterestTextToUtf8(interest, strlen(interest), &named.length);
	comma = memchr(named.text, ',', named.length);
	named.label.data = named.text;
	named.label.length = comma ? (Size) (comma - named.text) : named.length;
	named.label = Trim(named.label);
	return named;
}

static int
CompareNamed(const void *a, const void *b)
{
	return InterestSpanCompare(((const NamedText *) a)->label, ((const NamedText *) b)->label);
}

/* The definition's interests by label. */
static NamedText *
ParseAll(const InterestDefinition *definition)
{
	NamedText  *named = palloc(sizeof(NamedText) * definition->interest_count);

	for (int i = 0; i < definition->interest_count; i++)
		named[i] = ParseNamed(definition->interests[i]);
	qsort(named, definition->interest_count, sizeof(NamedText), CompareNamed);
	return named;
}

static void
CheckNamed(const NamedText *named)
{
	if (InterestIsBlank(named->label))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an interest has no label"),
				 errhint("An interest is a label, or a label, a comma and a description: 'ice hockey, NHL, playoffs'.")));
	if (named->label.length > INTEREST_MAX_NAME || named->length > INTEREST_MAX_NAMED_TEXT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an interest is too long"),
				 errdetail("Its label has %zu bytes and all of it %zu; the limits are %d and %d.",
						   named->label.length, named->length, INTEREST_MAX_NAME, INTEREST_MAX_NAMED_TEXT),
				 errhint("The label ends at the first comma; a few words are enough for a description.")));
}

void
InterestCheckNames(const InterestDefinition *definition)
{
	int			count = definition->interest_count;
	NamedText  *named;

	if (count == 0)
		return;
	if (count < 2 || count > INTEREST_MAX_INTERESTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model cannot have %d interests", count),
				 errhint("Name from 2 to %d interests, or leave interests out.", INTEREST_MAX_INTERESTS)));
	named = ParseAll(definition);
	for (int i = 0; i < count; i++)
	{
		CheckNamed(&named[i]);
		if (i > 0 && CompareNamed(&named[i - 1], &named[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("interest \"%s\" is named twice",
							pg_any_to_server(pnstrdup(named[i].label.data, named[i].label.length),
											 named[i].label.length, PG_UTF8)),
					 errhint("The label of an interest ends at the first comma.")));
	}
	if (definition->encoder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("interests need texts and an encoder that reads their names"),
				 errhint("Name the text columns in texts, load an encoder with interest_load_encoder, and leave the option sentences out.")));
	if (definition->fusion == INTEREST_FUSION_MULTIPLY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fusion multiply cannot start from names of interests"),
				 errhint("Leave the fusion out, or name add, gate or attention.")));
}

/* Texts in memory, and their vectors one after the other. */
typedef struct Encoding
{
	const char *const *texts;
	const Size *lengths;
	Size		width;
	float	   *vectors;
} Encoding;

static InterestSpan
TextToEncode(void *context, int i, InterestArena *scratch)
{
	const Encoding *encoding = context;

	return (InterestSpan) {encoding->texts[i], encoding->lengths[i]};
}

static void
KeepEncoded(void *context, int i, const float *vector)
{
	const Encoding *encoding = context;

	memcpy(encoding->vectors + i * encoding->width, vector, sizeof(float) * encoding->width);
}

static float *
EncodeAll(InterestLoadedEncoder *encoder, int count, const char *const *texts, const Size *lengths)
{
	Size		width = encoder->encoder.config.hidden;
	Encoding	encoding = {
		texts, lengths, width, MemoryContextAllocHuge(CurrentMemoryContext, sizeof(float) * Max(count, 1) * width)
	};
	InterestEncodeJob job = {&encoding, count, TextToEncode, KeepEncoded};

	InterestEncodeJobRun(encoder, &job);
	return encoding.vectors;
}

InterestNamedInterests *
InterestNamedOf(const InterestDefinition *definition, InterestLoadedEncoder *encoder)
{
	int			count = definition->interest_count;
	InterestNamedInterests *result;
	InterestSpan *labels;
	const char **texts;
	Size	   *lengths;
	NamedText  *named;

	if (count == 0)
		return NULL;
	named = ParseAll(definition);
	result = palloc(sizeof(InterestNamedInterests));
	labels = palloc(sizeof(InterestSpan) * count);
	texts = palloc(sizeof(char *) * count);
	lengths = palloc(sizeof(Size) * count);
	for (int i = 0; i < count; i++)
	{
		labels[i] = named[i].label;
		texts[i] = named[i].text;
		lengths[i] = named[i].length;
	}
	result->labels = (InterestNames) {count, labels};
	result->sentences = EncodeAll(encoder, count, texts, lengths);
	return result;
}

/* A row that may be among the lowest. */
typedef struct LowRow
{
	uint64		hash;
	Size		length;
	char		text[FLEXIBLE_ARRAY_MEMBER];
} LowRow;

/* Keeps the lowest rows by hash: the greatest of them is the heap's first. */
typedef struct LowRows
{
	DestReceiver receiver;
	const InterestDefinition *definition;
	InterestRowReader *reader;
	MemoryContext keep;
	MemoryContext row;			/* reset after every row */
	binaryheap *heap;
	int64		read;
} LowRows;

/* By hash, then by text: rows that are equal in both are the same to everyone. */
static int
CompareLow(const LowRow *a, const LowRow *b)
{
	InterestSpan x = {a->text, a->length};
	InterestSpan y = {b->text, b->length};

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return InterestSpanCompare(x, y);
}

static int
CompareHeap(Datum a, Datum b, void *context)
{
	return CompareLow((const LowRow *) DatumGetPointer(a), (const LowRow *) DatumGetPointer(b));
}

static int
CompareSorted(const void *a, const void *b)
{
	return CompareLow(*(LowRow *const *) a, *(LowRow *const *) b);
}

static void
KeepLow(LowRows *low, const InterestBehaviour *behaviour, uint64 hash, Size length)
{
	bool		full = low->heap->bh_size == INTEREST_NAME_ROWS;
	LowRow	   *highest = full ? (LowRow *) DatumGetPointer(binaryheap_first(low->heap)) : NULL;
	LowRow	   *row;

	if (full && hash >= highest->hash)
		return;
	row = MemoryContextAllocHuge(low->keep, offsetof(LowRow, text) + length);
	row->hash = hash;
	row->length = length;
	InterestJoinTexts(behaviour, low->definition->columns.text_count, row->text);
	if (full)
	{
		binaryheap_replace_first(low->heap, PointerGetDatum(row));
		pfree(highest);
	}
	else
		binaryheap_add(low->heap, PointerGetDatum(row));
}

static bool
ReceiveRow(TupleTableSlot *slot, DestReceiver *self)
{
	LowRows    *low = (LowRows *) self;
	MemoryContext caller = MemoryContextSwitchTo(low->row);
	InterestBehaviour behaviour;
	InterestRowTarget target;
	Size		length;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	InterestReadBehaviour(low->reader, slot->tts_values, slot->tts_isnull, &behaviour);
	InterestReadTarget(low->reader, slot->tts_values, slot->tts_isnull, &target);
	length = InterestJoinTexts(&behaviour, low->definition->columns.text_count, NULL);
	if (length > 0 && behaviour.has_time && target.user.data &&
		InterestSplitOf(&low->definition->split, low->definition->seed, target.user, behaviour.time,
						target.role) == INTEREST_SPLIT_TRAINING)
		KeepLow(low, &behaviour, InterestHashRow(&low->definition->columns, &behaviour, &target), length);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(low->row);
	if (++low->read % PROGRESS_ROWS == 0)
		InterestProgressUpdate(INTEREST_PROGRESS_ROWS, 0, low->read, 0);
	return true;
}

static void
StartReceiver(DestReceiver *self, int operation, TupleDesc descriptor)
{
	LowRows    *low = (LowRows *) self;
	MemoryContext caller = MemoryContextSwitchTo(low->keep);

	low->reader = InterestRowReaderMake(low->definition, descriptor, INTEREST_READ_TARGET);
	MemoryContextSwitchTo(caller);
}

static void
ReceiverDoesNothing(DestReceiver *self)
{
}

/* The lowest rows of training users, in order; their number. */
static int
ReadLowest(const InterestDefinition *definition, LowRow ***rows)
{
	LowRows		low = {
		.receiver = {.receiveSlot = ReceiveRow, .rStartup = StartReceiver, .rShutdown = ReceiverDoesNothing,
		.rDestroy = ReceiverDoesNothing, .mydest = DestNone},
		.definition = definition, .keep = CurrentMemoryContext
	};
	int			count;

	low.row = AllocSetContextCreate(CurrentMemoryContext, "interest source row", ALLOCSET_DEFAULT_SIZES);
	low.heap = binaryheap_allocate(INTEREST_NAME_ROWS, CompareHeap, NULL);
	InterestProgressUpdate(INTEREST_PROGRESS_ROWS, 0, 0, 0);
	InterestReceiveSource(definition, InterestSourceSql(definition), &low.receiver);
	count = low.heap->bh_size;
	*rows = palloc(sizeof(LowRow *) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*rows)[i] = (LowRow *) DatumGetPointer(low.heap->bh_nodes[i]);
	qsort(*rows, count, sizeof(LowRow *), CompareSorted);
	MemoryContextDelete(low.row);
	return count;
}

/* Their sentences, one pointer a row. */
static const float **
EncodeRows(InterestLoadedEncoder *encoder, int count, LowRow **rows)
{
	const char **texts = palloc(sizeof(char *) * Max(count, 1));
	Size	   *lengths = palloc(sizeof(Size) * Max(count, 1));
	const float **sentences = palloc(sizeof(float *) * Max(count, 1));
	float	   *vectors;

	for (int i = 0; i < count; i++)
	{
		texts[i] = rows[i]->text;
		lengths[i] = rows[i]->length;
	}
	vectors = EncodeAll(encoder, count, texts, lengths);
	for (int i = 0; i < count; i++)
		sentences[i] = vectors + (Size) i * encoder->encoder.config.hidden;
	return sentences;
}

static void
NoticeNamed(const InterestDefinition *definition, int version, int rows)
{
	const char *learned = "Without a source nothing says how texts differ: only the names do.";

	if (InterestHasSource(definition))
		learned = rows < definition->dimensions ?
			"The source has too few rows with a text to learn how its texts differ: only the names did." :
			psprintf("How texts of the source differ was learned from %d rows, without labels.", rows);
	ereport(NOTICE,
			(errmsg("version %d of model \"%s\" answers by the names of %d interests",
					version, definition->name, definition->interest_count),
			 errdetail("%s", learned)));
}

int
InterestStoreNamed(const InterestDefinition *definition)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "interest names", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	InterestServerArena *arena = InterestArenaBegin(work, "interest named model", NAMES_BLOCK);
	InterestLoadedEncoder *encoder = InterestEncoderByName(definition->encoder);
	InterestLexer *lexer = InterestLexerMake(definition, &encoder->tokenizer);
	InterestTrainingDefinition training = InterestTrainingDefinitionOf(definition, encoder, lexer);
	InterestModel model;
	InterestStatus status;
	LowRow	  **rows = NULL;
	const float **sentences;
	int			count;
	int			version;

	InterestProgressBegin(0);
	count = InterestHasSource(definition) ? ReadLowest(definition, &rows) : 0;
	sentences = EncodeRows(encoder, count, rows);
	if (!InterestNameModel(&training, definition->seed, count, sentences, InterestCurrentKernel(),
						   &arena->arena, &model, &status))
		InterestReport(&status);
	InterestProgressUpdate(INTEREST_PROGRESS_STORE, 0, 0, 0);
	version = InterestStoreVersion(definition, &model, encoder->content_hash, true);
	InterestProgressEnd();
	NoticeNamed(definition, version, count);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return version;
}

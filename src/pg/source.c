/*
 * source.c
 *	  All rows of a model's source as training and evaluation take them: rows,
 *	  texts, words and vectors in stores that spill.
 */
#include "pg/compat.h"

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "core/base/hash.h"
#include "pg/encode_workers.h"
#include "pg/progress.h"
#include "pg/row_reader.h"
#include "pg/source.h"
#include "pg/stored_rows.h"
#include "pg/strings.h"

/* Rows between two reports of progress. */
#define PROGRESS_ROWS 1024

/* A text, known by its hash alone, and how many different ones came before it. */
typedef struct KnownText
{
	uint64		hash[2];		/* hash key */
	int			index;
} KnownText;

/* What a source's rows become, one after the other. */
typedef struct Collector
{
	DestReceiver receiver;
	const InterestDefinition *definition;
	InterestRowReader *reader;
	MemoryContext keep;			/* of what stays */
	MemoryContext row;			/* reset after every row */
	InterestSpill *spill;		/* rows and words, later vectors */
	InterestStoredRows *rows;
	InterestSpill *joined;		/* the texts that the encoder sees */
	HTAB	   *sentences;
	int			sentence_room;
	InterestJoinedText *sentence;	/* (sentences) */
	InterestLexer *lexer;		/* NULL: no words */
	InterestStrings *words;
	HTAB	   *texts;
	int			text_room;
	InterestTrainingText *text; /* (texts) */
	int64		rows_without_user;
	InterestVector *vectors;	/* the first one of each vector column */
} Collector;

static HTAB *
MakeTextTable(const char *name, MemoryContext context)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(uint64) * 2;
	control.entrysize = sizeof(KnownText);
	control.hcxt = context;
	return hash_create(name, 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static KnownText *
FindText(HTAB *texts, InterestSpan text, bool *found)
{
	uint64		hash[2] = {InterestHash64(text.data, text.length, 0), InterestHash64(text.data, text.length, 1)};
	KnownText  *known = hash_search(texts, hash, HASH_ENTER, found);

	if (!*found)
		known->index = (int) hash_get_num_entries(texts) - 1;
	return known;
}

/* Number of the row's joined texts among the distinct ones, -1 without text or encoder. */
static int
KeepSentence(Collector *collector, const InterestBehaviour *behaviour)
{
	int			texts = collector->definition->columns.text_count;
	Size		length = InterestJoinTexts(behaviour, texts, NULL);
	char	   *text;
	KnownText  *known;
	bool		found;

	if (length == 0 || collector->definition->encoder == NULL)
		return -1;
	text = MemoryContextAllocHuge(collector->row, length);
	InterestJoinTexts(behaviour, texts, text);
	known = FindText(collector->sentences, (InterestSpan) {text, length}, &found);
	if (found)
		return known->index;
	if (known->index == collector->sentence_room)
	{
		collector->sentence_room *= 2;
		collector->sentence = repalloc_huge(collector->sentence, sizeof(InterestJoinedText) * collector->sentence_room);
	}
	collector->sentence[known->index] = (InterestJoinedText) {
		InterestStoreAdd(&collector->joined->store, text, length), length
	};
	return known->index;
}

static void
KeepWords(Collector *collector, InterestSpan span, InterestTrainingText *text)
{
	InterestTrainingWord *kept;
	InterestWords words;

	InterestReadWords(collector->lexer, span, &words);
	kept = MemoryContextAllocHuge(collector->row, sizeof(InterestTrainingWord) * Max(words.count, 1));
	for (int i = 0; i < words.count; i++)
	{
		kept[i].word = InterestStringsKeep(collector->words, words.words[i].text);
		kept[i].count = words.words[i].count;
	}
	text->count = words.count;
	if (words.count > 0)
		text->words = InterestStoreAdd(&collector->spill->store, kept, sizeof(InterestTrainingWord) * words.count);
}

/* Place of a text among the distinct ones, -1 of a missing one. */
static int
KeepText(Collector *collector, InterestSpan span)
{
	KnownText  *known;
	bool		found;

	if (span.data == NULL)
		return -1;
	known = FindText(collector->texts, span, &found);
	if (found)
		return known->index;
	if (known->index == collector->text_room)
	{
		collector->text_room *= 2;
		collector->text = repalloc_huge(collector->text, sizeof(InterestTrainingText) * collector->text_room);
	}
	KeepWords(collector, span, &collector->text[known->index]);
	return known->index;
}

/* The places of a row's texts; NULL for a model without words. */
static const int *
KeepTexts(Collector *collector, const InterestBehaviour *behaviour)
{
	int			count = collector->definition->columns.text_count;
	int		   *texts;

	if (collector->lexer == NULL)
		return NULL;
	texts = MemoryContextAlloc(collector->row, sizeof(int) * count);
	for (int i = 0; i < count; i++)
		texts[i] = KeepText(collector, behaviour->texts[i]);
	return texts;
}

static InterestVector
KeepVector(Collector *collector, InterestVector vector)
{
	Size		size = sizeof(float) * vector.width;

	vector.values = memcpy(MemoryContextAlloc(collector->keep, size), vector.values, size);
	return vector;
}

/* The vectors are as wide as the first ones of their columns. */
static void
CheckWidths(Collector *collector, const InterestVector *vectors)
{
	for (int i = 0; i < collector->definition->columns.vector_count; i++)
	{
		if (vectors[i].values && collector->vectors[i].values == NULL)
			collector->vectors[i] = KeepVector(collector, vectors[i]);
		if (vectors[i].values && vectors[i].width != collector->vectors[i].width)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("column \"%s\" has vectors of %d and of %d dimensions",
							collector->definition->columns.vectors[i], collector->vectors[i].width, vectors[i].width),
					 errhint("Vectors of a column are of one encoder: leave those of others out, by a view.")));
	}
}

static void
KeepRow(Collector *collector, const InterestBehaviour *behaviour, const InterestRowTarget *target)
{
	if (target->user.data == NULL)
	{
		collector->rows_without_user++;
		return;
	}
	CheckWidths(collector, behaviour->vectors);
	InterestStoredRowsAdd(collector->rows, behaviour, target, KeepSentence(collector, behaviour),
						  KeepTexts(collector, behaviour));
}

static bool
ReceiveRow(TupleTableSlot *slot, DestReceiver *self)
{
	Collector  *collector = (Collector *) self;
	MemoryContext caller = MemoryContextSwitchTo(collector->row);
	InterestBehaviour behaviour;
	InterestRowTarget target;

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	InterestReadBehaviour(collector->reader, slot->tts_values, slot->tts_isnull, &behaviour);
	InterestReadTarget(collector->reader, slot->tts_values, slot->tts_isnull, &target);
	KeepRow(collector, &behaviour, &target);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(collector->row);
	if (collector->rows->count % PROGRESS_ROWS == 0)
		InterestProgressUpdate(INTEREST_PROGRESS_ROWS, 0, collector->rows->count, 0);
	return true;
}

static void
StartReceiver(DestReceiver *self, int operation, TupleDesc descriptor)
{
	Collector  *collector = (Collector *) self;
	MemoryContext caller = MemoryContextSwitchTo(collector->keep);

	collector->reader = InterestRowReaderMake(collector->definition, descriptor, INTEREST_READ_TARGET);
	MemoryContextSwitchTo(caller);
}

static void
ReceiverDoesNothing(DestReceiver *self)
{
}

static void
StartWords(Collector *collector, InterestLexer *lexer)
{
	if (lexer == NULL)
		return;
	collector->lexer = lexer;
	collector->words = InterestStringsMake();
	collector->texts = MakeTextTable("interest texts of words", collector->keep);
	collector->text_room = 1024;
	collector->text = palloc(sizeof(InterestTrainingText) * collector->text_room);
}

static Collector *
MakeCollector(const InterestDefinition *definition, InterestLexer *lexer)
{
	Collector  *collector = palloc0(sizeof(Collector));
	Size		memory = (Size) maintenance_work_mem * 1024;

	collector->receiver.receiveSlot = ReceiveRow;
	collector->receiver.rStartup = StartReceiver;
	collector->receiver.rShutdown = ReceiverDoesNothing;
	collector->receiver.rDestroy = ReceiverDoesNothing;
	collector->receiver.mydest = DestNone;
	collector->definition = definition;
	collector->keep = CurrentMemoryContext;
	collector->row = AllocSetContextCreate(CurrentMemoryContext, "interest source row", ALLOCSET_DEFAULT_SIZES);
	collector->spill = InterestSpillBegin("interest training rows", memory / 2);
	collector->rows = InterestStoredRowsMake(&definition->columns, lexer != NULL, &collector->spill->store);
	collector->joined = InterestSpillBegin("interest texts to encode", memory / 2);
	collector->sentences = MakeTextTable("interest texts", CurrentMemoryContext);
	collector->sentence_room = 1024;
	collector->sentence = palloc(sizeof(InterestJoinedText) * collector->sentence_room);
	collector->vectors = palloc0(sizeof(InterestVector) * Max(definition->columns.vector_count, 1));
	StartWords(collector, lexer);
	return collector;
}

static void
RequireLabel(const InterestDefinition *definition)
{
	if (definition->columns.label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no label column", definition->name),
				 errdetail("It answers by the names of its interests alone."),
				 errhint("Create a model that names its label column; NULL in most of its rows does no harm.")));
}

static void
RequireUser(const Collector *collector)
{
	if (collector->rows->count == 0 && collector->rows_without_user > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no row of model \"%s\" has a user", collector->definition->name),
				 errdetail("Column \"%s\" is NULL in all " INT64_FORMAT " rows of the source.",
						   collector->definition->columns.user_id, collector->rows_without_user),
				 errhint("Fill the column, or create the model with another one as user_id.")));
}

/* A receiver of our own, not a cursor: a cursor's plan is never parallel. */
void
InterestReceiveSource(const InterestDefinition *definition, const char *relation, DestReceiver *receiver)
{
	char	   *query = psprintf("SELECT %s FROM %s", InterestColumnList(&definition->columns, true), relation);
	SPIExecuteOptions options = {0};
	int			result;

	options.read_only = true;
	options.dest = receiver;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_extended(query, &options);
	if (result < 0)
		elog(ERROR, "reading the source failed: %s", SPI_result_code_string(result));
	SPI_finish();
	pfree(query);
}

/* The texts of a source on their way through the encoder. */
typedef struct Encoding
{
	const InterestSource *source;
	Size		vector_size;
	InterestPlace *places;		/* (sentences) of their vectors */
} Encoding;

InterestSpan
InterestSourceText(const InterestSource *source, int i, InterestArena *scratch)
{
	const InterestJoinedText *text = &source->joined_texts[i];
	const char *data = InterestStoreGet(&source->joined->store, text->place, text->length, scratch);

	return (InterestSpan) {data, text->length};
}

static InterestSpan
TextToEncode(void *context, int i, InterestArena *scratch)
{
	return InterestSourceText(((Encoding *) context)->source, i, scratch);
}

static void
KeepEncoded(void *context, int i, const float *vector)
{
	Encoding   *encoding = context;

	encoding->places[i] = InterestStoreAdd(&encoding->source->spill->store, vector, encoding->vector_size);
}

/* Where the vector of each text lies. */
static InterestPlace *
EncodeSentences(const InterestSource *source, InterestLoadedEncoder *encoder)
{
	Encoding	encoding = {
		.source = source, .vector_size = sizeof(float) * encoder->encoder.config.hidden,
		.places = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(InterestPlace) * Max(source->texts, 1))
	};
	InterestEncodeJob job = {&encoding, source->texts, TextToEncode, KeepEncoded};

	InterestEncodeJobRun(encoder, &job);
	return encoding.places;
}

/* What finds equal strings and texts has found them. */
static void
ForgetTables(Collector *collector)
{
	InterestStringsSeal(collector->rows->strings);
	hash_destroy(collector->sentences);
	if (collector->lexer == NULL)
		return;
	InterestStringsSeal(collector->words);
	hash_destroy(collector->texts);
}

/* The rows and their words as training takes them; sentences are missing. */
static void
FillSet(const Collector *collector, InterestTrainingSet *set)
{
	*set = (InterestTrainingSet) {
		.count = collector->rows->count, .context = collector->rows, .read = InterestStoredRowsRead,
		.split = collector->definition->split, .store = &collector->spill->store
	};
	if (collector->lexer == NULL)
		return;
	set->word_count = collector->words->count;
	set->words = collector->words->spans;
	set->text_count = (int) hash_get_num_entries(collector->texts);
	set->texts = collector->text;
}

void
InterestCollectSource(const InterestDefinition *definition, const char *relation,
					  InterestLexer *lexer, InterestSource *source)
{
	Collector  *collector;

	RequireLabel(definition);
	collector = MakeCollector(definition, lexer);
	InterestProgressUpdate(INTEREST_PROGRESS_ROWS, 0, 0, 0);
	InterestReceiveSource(definition, relation, &collector->receiver);
	MemoryContextDelete(collector->row);
	RequireUser(collector);
	FillSet(collector, &source->set);
	source->rows_without_user = collector->rows_without_user;
	source->vectors = collector->vectors;
	source->texts = (int) hash_get_num_entries(collector->sentences);
	ForgetTables(collector);
	source->joined = collector->joined;
	source->joined_texts = collector->sentence;
	source->spill = collector->spill;
}

/* What the encoder has seen is not needed any more. */
static void
EndTexts(InterestSource *source)
{
	InterestSpillEnd(source->joined);
	pfree(source->joined_texts);
	source->joined = NULL;
}

void
InterestReadSource(const InterestDefinition *definition, const char *relation,
				   InterestLoadedEncoder *encoder, InterestLexer *lexer, InterestSource *source)
{
	InterestCollectSource(definition, relation, lexer, source);
	if (encoder)
		source->set.sentences = EncodeSentences(source, encoder);
	EndTexts(source);
	source->spill->store.memory = (Size) maintenance_work_mem * 1024;
}

void
InterestEndSource(InterestSource *source)
{
	if (source->joined)
		EndTexts(source);
	InterestSpillEnd(source->spill);
}

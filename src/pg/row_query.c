/*
 * row_query.c
 *	  From a row of a query to the vector of a behaviour row.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "pg/document_reader.h"
#include "pg/encode.h"
#include "pg/encode_cache.h"
#include "pg/row_query.h"

/* Scratch memory of the row network. */
#define SCRATCH_SIZE (64 * 1024)

/*
 * A kept projection is the z of each modality, (INTEREST_TEXT_MODALITIES, d),
 * behind a number for each: 1 if it is present, 0 if it is missing.
 */
static int
ProjectionWidth(const InterestRowQuery *query)
{
	return INTEREST_TEXT_MODALITIES * (1 + query->model->model.shape.dimensions);
}

InterestRowQuery *
InterestRowQueryMake(MemoryContext parent, const char *name)
{
	MemoryContext context = AllocSetContextCreate(parent, "interest query", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	InterestRowQuery *query = palloc0(sizeof(InterestRowQuery));

	query->context = context;
	query->mark = InterestQueryMarkNow();
	query->name = pstrdup(name);
	query->definition = InterestUsableModel(name);
	query->model = InterestLoadVersion(InterestDeployedVersion(name));
	if (query->model->has_encoder)
		query->encoder = InterestEncoderByHash(query->model->encoder_hash,
											   psprintf("model \"%s\"", name));
	InterestRequireFit(query->definition, query->model, query->encoder);
	query->lexer = InterestLexerMake(query->definition, query->encoder ? &query->encoder->tokenizer : NULL);
	query->scratch = InterestArenaBegin(context, "interest query scratch", SCRATCH_SIZE);
	query->projected = palloc0(sizeof(float) * ProjectionWidth(query));
	query->vector = palloc(sizeof(float) * query->model->model.shape.dimensions);
	MemoryContextSwitchTo(caller);
	return query;
}

static bool
IsNamed(const InterestRowQuery *query, text *name)
{
	return strlen(query->name) == VARSIZE_ANY_EXHDR(name) &&
		memcmp(query->name, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0;
}

InterestRowQuery *
InterestRowQueryKeep(MemoryContext parent, void **kept, text *model)
{
	InterestRowQuery *query = *kept;
	InterestQueryMark now = InterestQueryMarkNow();

	if (query && InterestQueryMarkEqual(&query->mark, &now) && IsNamed(query, model))
		return query;
	*kept = NULL;
	if (query)
		MemoryContextDelete(query->context);
	*kept = InterestRowQueryMake(parent, text_to_cstring(model));
	return *kept;
}

InterestRowQuery *
InterestRowQueryOf(FunctionCallInfo fcinfo, text *model)
{
	return InterestRowQueryKeep(fcinfo->flinfo->fn_mcxt, &fcinfo->flinfo->fn_extra, model);
}

/* The reader of this row's type. */
static InterestRowReader *
ReaderOf(InterestRowQuery *query, HeapTupleHeader record, InterestRowPurpose purpose)
{
	Oid			type = HeapTupleHeaderGetTypeId(record);
	int32		typmod = HeapTupleHeaderGetTypMod(record);
	uint64		row_type = assign_record_type_identifier(type, typmod);

	if (query->row_type != row_type)
	{
		MemoryContext caller = MemoryContextSwitchTo(query->context);
		TupleDesc	descriptor = lookup_rowtype_tupdesc(type, typmod);

		query->descriptor = CreateTupleDescCopy(descriptor);
		ReleaseTupleDesc(descriptor);
		query->reader = InterestRowReaderMake(query->definition, query->descriptor, purpose);
		query->row_type = row_type;
		MemoryContextSwitchTo(caller);
	}
	return query->reader;
}

/* Room for so many bytes; what was there is gone. */
static char *
MakeRoom(InterestRowQuery *query, InterestRowBuffer *buffer, Size size)
{
	if (size > buffer->size)
	{
		if (buffer->data)
			pfree(buffer->data);
		buffer->data = NULL;
		buffer->data = MemoryContextAllocHuge(query->context, size);
		buffer->size = size;
	}
	return buffer->data;
}

/* A behaviour's joined texts, valid until the next call; data NULL if it has none or the model no encoder. */
static InterestSpan
JoinTexts(InterestRowQuery *query, const InterestBehaviour *behaviour)
{
	int			texts = query->definition->columns.text_count;
	InterestSpan joined = {NULL, 0};

	if (query->encoder)
		joined.length = InterestJoinTexts(behaviour, texts, NULL);
	if (joined.length == 0)
		return joined;
	joined.data = MakeRoom(query, &query->joined, joined.length);
	InterestJoinTexts(behaviour, texts, query->joined.data);
	return joined;
}

/* Their vector. */
static const float *
EncodeTexts(InterestRowQuery *query, const InterestBehaviour *behaviour)
{
	InterestSpan joined = JoinTexts(query, behaviour);

	return joined.data ? InterestEncodedText(query->encoder, joined.data, joined.length) : NULL;
}

/*
 * The texts of a row as one key: end to end, each but the first behind a zero
 * byte, which no text has.
 */
static Size
MakeTextKey(InterestRowQuery *query, const InterestBehaviour *behaviour)
{
	int			texts = query->definition->columns.text_count;
	Size		length = texts - 1;
	char	   *at;

	for (int i = 0; i < texts; i++)
		length += behaviour->texts[i].data ? behaviour->texts[i].length : 0;
	at = MakeRoom(query, &query->key, length);
	for (int i = 0; i < texts; i++)
	{
		if (i > 0)
			*at++ = '\0';
		if (behaviour->texts[i].data == NULL)
			continue;
		memcpy(at, behaviour->texts[i].data, behaviour->texts[i].length);
		at += behaviour->texts[i].length;
	}
	return length;
}

static void
UnpackProjection(const InterestRowQuery *query, const float *kept, const float **projected)
{
	for (int m = 0; m < INTEREST_TEXT_MODALITIES; m++)
		projected[m] = kept[m] == 0 ? NULL :
			kept + INTEREST_TEXT_MODALITIES + m * query->model->model.shape.dimensions;
}

/* Projects texts that were not kept, and what the encoder makes of them, into query->projected. */
static void
ProjectTexts(InterestRowQuery *query, const InterestSpan *columns, const float *sentence)
{
	int			texts = query->definition->columns.text_count;
	InterestWords *words = palloc0(sizeof(InterestWords) * Max(texts, 1));
	const float *projected[INTEREST_TEXT_MODALITIES];

	for (int i = 0; query->lexer && i < texts; i++)
		InterestReadWords(query->lexer, columns[i], &words[i]);
	InterestModelProjectTexts(&query->model->model, sentence, words,
							  &query->scratch->arena, query->projected + INTEREST_TEXT_MODALITIES, projected);
	for (int m = 0; m < INTEREST_TEXT_MODALITIES; m++)
		query->projected[m] = projected[m] ? 1 : 0;
}

/* What the network takes of the texts, by way of those that this session has projected already. */
void
InterestQueryTexts(InterestRowQuery *query, const InterestBehaviour *behaviour, const float **projected)
{
	const uint8 *content_hash = query->model->content_hash;
	Size		length;
	const float *kept;

	for (int m = 0; m < INTEREST_TEXT_MODALITIES; m++)
		projected[m] = NULL;
	if (query->encoder == NULL && query->lexer == NULL)
		return;
	length = MakeTextKey(query, behaviour);
	if (query->lexer)
		InterestLexerRequire(query->lexer, query->model->model.network.features.word_probe);
	kept = InterestEncodeCacheFind(content_hash, query->key.data, length);
	if (kept == NULL)
	{
		ProjectTexts(query, behaviour->texts, EncodeTexts(query, behaviour));
		InterestEncodeCacheAdd(content_hash, query->key.data, length, ProjectionWidth(query), query->projected);
		kept = query->projected;
	}
	UnpackProjection(query, kept, projected);
}

/* The vector of a behaviour, or of an item where row is NULL, whose texts are projected. */
static bool
MakeVector(InterestRowQuery *query, const InterestBehaviour *behaviour,
		   const float *projected[INTEREST_TEXT_MODALITIES], InterestStateRow *row)
{
	InterestRowTexts texts = {.projected = projected};
	InterestArena *scratch = &query->scratch->arena;
	InterestStatus status;
	InterestRowResult result;

	InterestCheckVectors(query->definition, &query->model->model.network.features, behaviour->vectors);
	if (row)
		result = InterestRowVector(&query->model->model, behaviour, &texts, scratch, query->vector, row, &status);
	else
		result = InterestItemVector(&query->model->model, behaviour, &texts, scratch, query->vector, &status);
	switch (result)
	{
		case INTEREST_ROW_DONE:
			return true;
		case INTEREST_ROW_SKIPPED:
			return false;
		case INTEREST_ROW_FAILED:
			break;
	}
	InterestReport(&status);
}

bool
InterestQueryBehaviour(InterestRowQuery *query, const InterestBehaviour *behaviour, InterestStateRow *row)
{
	const float *projected[INTEREST_TEXT_MODALITIES];

	InterestQueryTexts(query, behaviour, projected);
	return MakeVector(query, behaviour, projected, row);
}

/* The reader for that purpose, and in its arrays the values of a record. */
static InterestRowReader *
TakeApart(InterestRowQuery *query, HeapTupleHeader record, InterestRowPurpose purpose, Datum **values, bool **nulls)
{
	InterestRowReader *reader = ReaderOf(query, record, purpose);
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	InterestReaderArrays(reader, values, nulls);
	heap_deform_tuple(&tuple, query->descriptor, *values, *nulls);
	return reader;
}

/* What a record says, as its reader reads it for that purpose. */
static void
ReadRecord(InterestRowQuery *query, HeapTupleHeader record, InterestRowPurpose purpose, InterestBehaviour *behaviour)
{
	Datum	   *values;
	bool	   *nulls;
	InterestRowReader *reader = TakeApart(query, record, purpose, &values, &nulls);

	InterestReadBehaviour(reader, values, nulls, behaviour);
}

bool
InterestQueryRow(InterestRowQuery *query, HeapTupleHeader record, InterestStateRow *row)
{
	InterestBehaviour behaviour;

	ReadRecord(query, record, INTEREST_READ_BEHAVIOUR, &behaviour);
	return InterestQueryBehaviour(query, &behaviour, row);
}

const float *
InterestQueryItem(InterestRowQuery *query, HeapTupleHeader record)
{
	InterestBehaviour behaviour;

	ReadRecord(query, record, INTEREST_READ_ITEM, &behaviour);
	return InterestQueryBehaviour(query, &behaviour, NULL) ? query->vector : NULL;
}

const float *
InterestQueryItemText(InterestRowQuery *query, HeapTupleHeader record)
{
	InterestBehaviour behaviour;

	ReadRecord(query, record, INTEREST_READ_ITEM, &behaviour);
	return EncodeTexts(query, &behaviour);
}

const float *
InterestQuerySentence(InterestRowQuery *query, InterestSpan text)
{
	return query->encoder ? InterestEncodedText(query->encoder, text.data, text.length) : NULL;
}

const float *
InterestQueryTextAlone(InterestRowQuery *query, InterestSpan text)
{
	const InterestColumns *columns = &query->definition->columns;
	InterestSpan *texts = palloc(sizeof(InterestSpan) * Max(columns->text_count, 1));
	double	   *numerics = palloc(sizeof(double) * Max(columns->numeric_count, 1));
	InterestBehaviour behaviour = {
		.texts = texts, .numerics = numerics,
		.categoricals = palloc0(sizeof(InterestValues) * Max(columns->categorical_count, 1)),
		.vectors = palloc0(sizeof(InterestVector) * Max(columns->vector_count, 1))
	};
	const float *projected[INTEREST_TEXT_MODALITIES];

	if (query->lexer)
		InterestLexerRequire(query->lexer, query->model->model.network.features.word_probe);
	for (int i = 0; i < columns->text_count; i++)
		texts[i] = text;
	for (int i = 0; i < columns->numeric_count; i++)
		numerics[i] = NAN;
	ProjectTexts(query, texts, InterestQuerySentence(query, text));
	UnpackProjection(query, query->projected, projected);
	return MakeVector(query, &behaviour, projected, NULL) ? query->vector : NULL;
}

bool
InterestQueryDocument(InterestRowQuery *query, Jsonb *document, InterestStateRow *row)
{
	InterestBehaviour behaviour;

	InterestReadDocument(query->definition, document, &behaviour);
	return InterestQueryBehaviour(query, &behaviour, row);
}

/* The joined texts, but where this session has projected them already. */
static InterestSpan
UnknownSentence(InterestRowQuery *query, const InterestBehaviour *behaviour)
{
	const InterestSpan none = {NULL, 0};
	Size		length = MakeTextKey(query, behaviour);

	if (InterestEncodeCacheFind(query->model->content_hash, query->key.data, length) != NULL)
		return none;
	return JoinTexts(query, behaviour);
}

InterestSpan
InterestQueryRowSentence(InterestRowQuery *query, HeapTupleHeader record)
{
	const InterestSpan none = {NULL, 0};
	InterestBehaviour behaviour = {0};
	Datum	   *values;
	bool	   *nulls;
	InterestRowReader *reader = TakeApart(query, record, INTEREST_READ_BEHAVIOUR, &values, &nulls);

	return InterestReadTexts(reader, values, nulls, &behaviour) ? UnknownSentence(query, &behaviour) : none;
}

InterestSpan
InterestQueryTextSentence(InterestRowQuery *query, InterestSpan text)
{
	InterestBehaviour behaviour = {.texts = &text};
	const InterestSpan none = {NULL, 0};

	if (query->definition->columns.text_count != 1)
		return none;
	InterestCleanTexts(&query->definition->rules, 1, &text);
	return UnknownSentence(query, &behaviour);
}

/* The short form says a time and a text, which must be all that the model reads. */
static void
CheckShortForm(const InterestDefinition *definition)
{
	const InterestColumns *columns = &definition->columns;

	if (columns->text_count != 1 || columns->numeric_count > 0 || columns->categorical_count > 0 ||
		columns->vector_count > 0 || columns->kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" reads more of a row than a time and a text", definition->name),
				 errhint("Give the aggregate the whole row, or a document with the model's columns.")));
}

bool
InterestQueryText(InterestRowQuery *query, bool has_time, int64 at, text *body, InterestStateRow *row)
{
	InterestBehaviour behaviour = {0};
	InterestSpan span = {NULL, 0};

	CheckShortForm(query->definition);
	if (body)
		span.data = InterestTextToUtf8(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), &span.length);
	InterestCleanTexts(&query->definition->rules, 1, &span);
	behaviour.has_time = has_time;
	behaviour.time = has_time ? InterestFiniteTime(query->definition->columns.at, at) : 0;
	behaviour.texts = &span;
	return InterestQueryBehaviour(query, &behaviour, row);
}

/*
 * row_query.c
 *	  From a row of a query to the vector of a behaviour row.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "pg/document_reader.h"
#include "pg/encode.h"
#include "pg/row_query.h"

/* Scratch memory of the row network. */
#define SCRATCH_SIZE (64 * 1024)

static InterestRowQuery *
MakeQuery(MemoryContext parent, const char *name)
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
	query->scratch = InterestArenaBegin(context, "interest query scratch", SCRATCH_SIZE);
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
InterestRowQueryOf(FunctionCallInfo fcinfo, text *model)
{
	InterestRowQuery *query = fcinfo->flinfo->fn_extra;
	InterestQueryMark now = InterestQueryMarkNow();

	if (query && InterestQueryMarkEqual(&query->mark, &now) && IsNamed(query, model))
		return query;
	if (query)
	{
		fcinfo->flinfo->fn_extra = NULL;
		MemoryContextDelete(query->context);
	}
	query = MakeQuery(fcinfo->flinfo->fn_mcxt, text_to_cstring(model));
	fcinfo->flinfo->fn_extra = query;
	return query;
}

/* The reader of this row's type. */
static InterestRowReader *
ReaderOf(InterestRowQuery *query, HeapTupleHeader record)
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
		query->reader = InterestRowReaderMake(query->definition, query->descriptor, false);
		query->row_type = row_type;
		MemoryContextSwitchTo(caller);
	}
	return query->reader;
}

const float *
InterestQuerySentence(InterestRowQuery *query, const InterestBehaviour *behaviour)
{
	int			texts = query->definition->columns.text_count;
	Size		length;

	if (query->encoder == NULL)
		return NULL;
	length = InterestJoinTexts(behaviour, texts, NULL);
	if (length == 0)
		return NULL;
	if (length > query->text_size)
	{
		if (query->text)
			pfree(query->text);
		query->text = NULL;
		query->text = MemoryContextAllocHuge(query->context, length);
		query->text_size = length;
	}
	InterestJoinTexts(behaviour, texts, query->text);
	return InterestEncodedText(query->encoder, query->text, length);
}

/* The behaviour as the state takes it. */
static bool
QueryBehaviour(InterestRowQuery *query, const InterestBehaviour *behaviour, InterestStateRow *row)
{
	InterestRowTexts texts = {.sentence = InterestQuerySentence(query, behaviour)};
	InterestStatus status;

	switch (InterestRowVector(&query->model->model, behaviour, &texts,
							  &query->scratch->arena, query->vector, row, &status))
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
InterestQueryRow(InterestRowQuery *query, HeapTupleHeader record, InterestStateRow *row)
{
	InterestRowReader *reader = ReaderOf(query, record);
	InterestBehaviour behaviour;
	HeapTupleData tuple;
	Datum	   *values;
	bool	   *nulls;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	InterestReaderArrays(reader, &values, &nulls);
	heap_deform_tuple(&tuple, query->descriptor, values, nulls);
	InterestReadBehaviour(reader, values, nulls, &behaviour);
	return QueryBehaviour(query, &behaviour, row);
}

bool
InterestQueryDocument(InterestRowQuery *query, Jsonb *document, InterestStateRow *row)
{
	InterestBehaviour behaviour;

	InterestReadDocument(query->definition, document, &behaviour);
	return QueryBehaviour(query, &behaviour, row);
}

/* The short form says a time and a text, which must be all that the model reads. */
static void
CheckShortForm(const InterestDefinition *definition)
{
	const InterestColumns *columns = &definition->columns;

	if (columns->text_count != 1 || columns->numeric_count > 0 || columns->categorical_count > 0 || columns->kind)
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
	behaviour.has_time = has_time;
	behaviour.time = has_time ? InterestFiniteTime(query->definition->columns.at, at) : 0;
	behaviour.texts = &span;
	return QueryBehaviour(query, &behaviour, row);
}

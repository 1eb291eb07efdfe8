/*
 * encode.c
 *	  From texts to vectors, by way of the texts encoded already.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/encode.h"
#include "pg/encode_cache.h"
#include "pg/query_mark.h"
#include "pg/report.h"
#include "pg/settings.h"
#include "pg/shared_cache.h"

/*
 * Texts that are not known are encoded together until they have this many
 * tokens: several passes of the encoder, so that most passes are full.
 */
#define BATCH_TOKENS (16 * INTEREST_ENCODER_PASS_TOKENS)
#define BATCH_TEXTS 256

/*
 * The block of scratch memory that a session keeps: a full pass of an encoder of
 * 384 dimensions.  What larger ones need beside it is given back each time.
 */
#define SCRATCH_BLOCK (4 * 1024 * 1024)

const char *
InterestTextToUtf8(const char *text, Size length, Size *utf8_length)
{
	char	   *converted;

	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("texts of a database with encoding SQL_ASCII cannot be encoded"),
				 errdetail("What their bytes beyond ASCII mean is not known."),
				 errhint("Use a database made with ENCODING 'UTF8' TEMPLATE template0.")));
	if (length > INTEREST_MAX_TEXT_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text is too long to encode"),
				 errdetail("It has %zu bytes; the limit is %d.", length, INTEREST_MAX_TEXT_SIZE),
				 errhint("Encode its beginning: left(text, 10000).")));
	converted = pg_server_to_any(text, (int) length, PG_UTF8);
	*utf8_length = converted == text ? length : strlen(converted);
	return converted;
}

bool
InterestTextAtHand(Datum value)
{
	return !VARATT_IS_EXTERNAL(DatumGetPointer(value)) &&
		toast_raw_datum_size(value) - VARHDRSZ <= INTEREST_MAX_CACHED_TEXT;
}

/*
 * Batches
 */
static InterestEncodeCounts counts = {0};

InterestEncodeCounts
InterestEncodeCount(void)
{
	return counts;
}

/* Texts on their way through the encoder, by their places in the caller's arrays. */
typedef struct Batch
{
	InterestLoadedEncoder *encoder;
	const char *const *texts;
	const Size *text_lengths;
	float	   *out;			/* (texts, hidden) */
	InterestArena *scratch;
	InterestArenaMark mark;
	int			count;
	int			tokens;
	int			places[BATCH_TEXTS];
	InterestSharedKey keys[BATCH_TEXTS];
	int			lengths[BATCH_TEXTS];	/* tokens */
	int32	   *ids[BATCH_TEXTS];
} Batch;

static float *
Place(const Batch *batch, int place)
{
	return batch->out + (Size) place * batch->encoder->encoder.config.hidden;
}

/* Puts the vector of a place into this session's cache. */
static void
Remember(const Batch *batch, int place)
{
	InterestEncodeCacheAdd(batch->encoder->content_hash, batch->texts[place], batch->text_lengths[place],
						   batch->encoder->encoder.config.hidden, Place(batch, place));
}

/* The same into the one of all sessions. */
static void
Share(const Batch *batch, int place, const InterestSharedKey *key)
{
	if (batch->text_lengths[place] <= INTEREST_MAX_CACHED_TEXT)
		InterestSharedCacheAdd(key, batch->encoder->encoder.config.hidden, Place(batch, place));
}

/* Encodes what is pending; the results go to the caller and to both caches. */
static void
FinishBatch(Batch *batch)
{
	const InterestEncoder *encoder = &batch->encoder->encoder;
	InterestArena *scratch = batch->scratch;
	int			hidden = encoder->config.hidden;
	int32	   *ids = InterestArenaArray(scratch, int32, batch->tokens);
	float	   *vectors = InterestArenaArray(scratch, float, (Size) batch->count * hidden);
	InterestStatus status;
	int			used = 0;

	for (int i = 0; i < batch->count; i++)
	{
		memcpy(ids + used, batch->ids[i], sizeof(int32) * batch->lengths[i]);
		used += batch->lengths[i];
	}
	if (!InterestEncode(encoder, scratch, batch->count, ids, batch->lengths, vectors, &status))
		InterestReport(&status);
	for (int i = 0; i < batch->count; i++)
	{
		int			place = batch->places[i];

		memcpy(Place(batch, place), vectors + (Size) i * hidden, sizeof(float) * hidden);
		Share(batch, place, &batch->keys[i]);
		Remember(batch, place);
	}
	counts.texts += batch->count;
	counts.batches++;
	InterestArenaReturnTo(scratch, batch->mark);
	batch->count = 0;
	batch->tokens = 0;
}

static bool
IsPending(const Batch *batch, int place)
{
	for (int i = 0; i < batch->count; i++)
	{
		int			other = batch->places[i];

		if (batch->text_lengths[other] == batch->text_lengths[place] &&
			memcmp(batch->texts[other], batch->texts[place], batch->text_lengths[place]) == 0)
			return true;
	}
	return false;
}

static void
AddToBatch(Batch *batch, int place, const InterestSharedKey *key)
{
	const InterestLoadedEncoder *encoder = batch->encoder;
	int			length = InterestTokenize(&encoder->tokenizer, batch->texts[place], batch->text_lengths[place],
										  encoder->encoder.config.max_length, batch->scratch,
										  &batch->ids[batch->count]);

	batch->places[batch->count] = place;
	batch->keys[batch->count] = *key;
	batch->lengths[batch->count] = length;
	batch->count++;
	batch->tokens += length;
}

static bool
CopyKnown(const Batch *batch, int place)
{
	const float *vector = InterestEncodeCacheFind(batch->encoder->content_hash, batch->texts[place],
												  batch->text_lengths[place]);

	if (vector != NULL)
		memcpy(Place(batch, place), vector, sizeof(float) * batch->encoder->encoder.config.hidden);
	return vector != NULL;
}

/* The same from what other sessions have encoded; the key is for later. */
static bool
CopyShared(const Batch *batch, int place, InterestSharedKey *key)
{
	const InterestLoadedEncoder *encoder = batch->encoder;

	if (batch->text_lengths[place] > INTEREST_MAX_CACHED_TEXT)
		return false;
	*key = InterestSharedCacheKey(encoder->content_hash, encoder->packing,
								  batch->texts[place], batch->text_lengths[place]);
	if (!InterestSharedCacheFind(key, encoder->encoder.config.hidden, Place(batch, place)))
		return false;
	Remember(batch, place);
	return true;
}

/*
 * Scratch memory of this session, emptied: an error may have left something in
 * it.  Nothing that is called while it is in use encodes in turn.
 */
static InterestArena *
TakeScratch(void)
{
	static InterestServerArena *arena = NULL;
	static InterestArenaMark empty;

	if (arena == NULL)
	{
		arena = InterestArenaBegin(TopMemoryContext, "interest inference", SCRATCH_BLOCK);
		empty = InterestArenaGetMark(&arena->arena);
	}
	InterestArenaReturnTo(&arena->arena, empty);
	return &arena->arena;
}

static void
EncodeUnknown(Batch *batch, int place, int n)
{
	batch->scratch = TakeScratch();
	batch->mark = InterestArenaGetMark(batch->scratch);
	for (; place < n; place++)
	{
		InterestSharedKey key = {{0}};

		if (CopyKnown(batch, place))
			continue;
		if (CopyShared(batch, place, &key))
			continue;
		if (IsPending(batch, place))
		{
			/* Known now, unless there is no cache. */
			FinishBatch(batch);
			if (CopyKnown(batch, place))
				continue;
		}
		AddToBatch(batch, place, &key);
		if (batch->count == BATCH_TEXTS || batch->tokens >= BATCH_TOKENS)
			FinishBatch(batch);
	}
	if (batch->count > 0)
		FinishBatch(batch);
}

void
InterestEncodeTexts(InterestLoadedEncoder *encoder, int n, const char *const *texts,
					const Size *lengths, float *out)
{
	Batch		batch = {.encoder = encoder, .texts = texts, .text_lengths = lengths, .out = out};
	int			known = 0;

	while (known < n && CopyKnown(&batch, known))
		known++;
	if (known < n)
		EncodeUnknown(&batch, known, n);
}

/* Where a single text's vector lies when the cache did not keep it. */
static float *
SpareVector(int hidden)
{
	static float *spare = NULL;
	static int	size = 0;

	if (hidden > size)
	{
		float	   *larger = MemoryContextAlloc(TopMemoryContext, sizeof(float) * hidden);

		if (spare != NULL)
			pfree(spare);
		spare = larger;
		size = hidden;
	}
	return spare;
}

const float *
InterestEncodedText(InterestLoadedEncoder *encoder, const char *text, Size length)
{
	const float *known = InterestEncodeCacheFind(encoder->content_hash, text, length);
	float	   *spare;

	if (known != NULL)
		return known;
	spare = SpareVector(encoder->encoder.config.hidden);
	InterestEncodeTexts(encoder, 1, &text, &length, spare);
	return spare;
}

/*
 * Arguments and results of the SQL functions
 */

/* What a call site's encoder argument means, for as long as that is true. */
typedef struct CallSite
{
	InterestQueryMark mark;
	char		name[NAMEDATALEN];	/* "" for none: no encoder has that name */
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
} CallSite;

static InterestLoadedEncoder *
ArgumentEncoder(FunctionCallInfo fcinfo, int argument)
{
	CallSite   *site = fcinfo->flinfo->fn_extra;
	text	   *name = PG_ARGISNULL(argument) ? NULL : PG_GETARG_TEXT_PP(argument);
	Size		length = name ? VARSIZE_ANY_EXHDR(name) : 0;
	InterestQueryMark mark = InterestQueryMarkNow();

	/* A name as long as this is no encoder's, and neither is an empty one. */
	if (name != NULL && (length == 0 || length >= NAMEDATALEN))
		return InterestEncoderByName(text_to_cstring(name));
	if (site == NULL || !InterestQueryMarkEqual(&site->mark, &mark) || strlen(site->name) != length ||
		(name != NULL && memcmp(site->name, VARDATA_ANY(name), length) != 0))
	{
		CallSite	found = {.mark = mark};

		if (name != NULL)
			memcpy(found.name, VARDATA_ANY(name), length);
		(void) InterestEncoderFind(name ? found.name : NULL, found.content_hash);
		if (site == NULL)
			site = fcinfo->flinfo->fn_extra = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
		*site = found;
	}
	return InterestEncoderByHash(site->content_hash, NULL);
}

/* A text value in UTF-8; the size is looked at before it is taken apart. */
static const char *
Utf8OfDatum(Datum value, Size *length)
{
	Size		size = toast_raw_datum_size(value) - VARHDRSZ;
	text	   *body;

	if (size > INTEREST_MAX_TEXT_SIZE)
		return InterestTextToUtf8(NULL, size, length);
	body = DatumGetTextPP(value);
	return InterestTextToUtf8(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), length);
}

/* An array of reals without NULLs, its elements yet to be filled in; an error if it is too large. */
static ArrayType *
NewRealArray(int ndim, const int *dims)
{
	Size		size = ARR_OVERHEAD_NONULLS(ndim) + sizeof(float4) * ArrayGetNItems(ndim, dims);
	ArrayType  *array = palloc(size);

	SET_VARSIZE(array, size);
	array->ndim = ndim;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	for (int i = 0; i < ndim; i++)
	{
		ARR_DIMS(array)[i] = dims[i];
		ARR_LBOUND(array)[i] = 1;
	}
	return array;
}

INTEREST_FUNCTION(interest_encode);
Datum
interest_encode(PG_FUNCTION_ARGS)
{
	InterestLoadedEncoder *encoder;
	const char *body;
	Size		length;
	const float *vector;
	ArrayType  *array;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	body = Utf8OfDatum(PG_GETARG_DATUM(0), &length);
	encoder = ArgumentEncoder(fcinfo, 1);
	vector = InterestEncodedText(encoder, body, length);
	array = NewRealArray(1, &encoder->encoder.config.hidden);
	memcpy(ARR_DATA_PTR(array), vector, sizeof(float4) * encoder->encoder.config.hidden);
	PG_RETURN_ARRAYTYPE_P(array);
}

int
InterestUtf8Texts(ArrayType *array, const char ***texts, Size **lengths)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("texts to encode must be a one-dimensional array")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	*texts = palloc(sizeof(char *) * Max(count, 1));
	*lengths = palloc(sizeof(Size) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("texts to encode contain a NULL"),
					 errdetail("A row of a two-dimensional array cannot be NULL."),
					 errhint("Leave it out with array_remove(texts, NULL), or encode the texts one by one.")));
		(*texts)[i] = Utf8OfDatum(values[i], &(*lengths)[i]);
	}
	return count;
}

INTEREST_FUNCTION(interest_encode_array);
Datum
interest_encode_array(PG_FUNCTION_ARGS)
{
	InterestLoadedEncoder *encoder;
	const char **texts;
	Size	   *lengths;
	int			dims[2];
	ArrayType  *array;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	dims[0] = InterestUtf8Texts(PG_GETARG_ARRAYTYPE_P(0), &texts, &lengths);
	encoder = ArgumentEncoder(fcinfo, 1);
	if (dims[0] == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(FLOAT4OID));
	dims[1] = encoder->encoder.config.hidden;
	array = NewRealArray(2, dims);
	InterestEncodeTexts(encoder, dims[0], texts, lengths, (float *) ARR_DATA_PTR(array));
	PG_RETURN_ARRAYTYPE_P(array);
}

/*
 * The ratio form gives 1 for equal vectors, and its root and quotient are
 * correctly rounded on every machine.
 */
INTEREST_FUNCTION(interest_similarity);
Datum
interest_similarity(PG_FUNCTION_ARGS)
{
	const InterestKernel *kernel = InterestCurrentKernel();
	InterestLoadedEncoder *encoder;
	const char *texts[2];
	Size		lengths[2];
	int			hidden;
	float	   *vectors;
	double		norms;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	for (int i = 0; i < 2; i++)
		texts[i] = Utf8OfDatum(PG_GETARG_DATUM(i), &lengths[i]);
	encoder = ArgumentEncoder(fcinfo, 2);
	hidden = encoder->encoder.config.hidden;
	vectors = palloc(sizeof(float) * 2 * hidden);
	InterestEncodeTexts(encoder, 2, texts, lengths, vectors);
	norms = sqrt((double) kernel->dot(hidden, vectors, vectors) *
				 (double) kernel->dot(hidden, vectors + hidden, vectors + hidden));
	if (norms == 0)
		PG_RETURN_FLOAT4(0);
	PG_RETURN_FLOAT4((float4) Max(-1.0, Min(1.0, kernel->dot(hidden, vectors, vectors + hidden) / norms)));
}

/*
 * interest_tokenize
 */
typedef struct TokenRows
{
	const InterestVocabulary *vocabulary;
	int32	   *ids;
} TokenRows;

/* The tokens, in the memory of the whole call. */
static TokenRows *
StartTokens(FunctionCallInfo fcinfo, uint64 *count)
{
	TokenRows  *rows = palloc(sizeof(TokenRows));
	Size		length;
	const char *body = Utf8OfDatum(PG_GETARG_DATUM(0), &length);
	InterestLoadedEncoder *encoder = InterestEncoderByName(PG_ARGISNULL(1) ? NULL :
														   text_to_cstring(PG_GETARG_TEXT_PP(1)));
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest tokens", 8 * 1024);

	rows->vocabulary = encoder->tokenizer.vocabulary;
	*count = InterestTokenize(&encoder->tokenizer, body, length, encoder->encoder.config.max_length,
							  &arena->arena, &rows->ids);
	return rows;
}

static HeapTuple
TokenTuple(const TokenRows *rows, uint64 row, TupleDesc descriptor)
{
	size_t		length;
	const char *piece = InterestVocabularyPiece(rows->vocabulary, rows->ids[row], &length);
	char	   *token = pg_any_to_server(pnstrdup(piece, length), (int) length, PG_UTF8);
	Datum		values[] = {Int32GetDatum((int32) row + 1), CStringGetTextDatum(token),
	Int32GetDatum(rows->ids[row])};
	bool		nulls[lengthof(values)] = {false};

	return heap_form_tuple(descriptor, values, nulls);
}

INTEREST_FUNCTION(interest_tokenize);
Datum
interest_tokenize(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	HeapTuple	tuple;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;

		call = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &call->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "interest_tokenize must return rows");
		call->tuple_desc = BlessTupleDesc(call->tuple_desc);
		if (!PG_ARGISNULL(0))
			call->user_fctx = StartTokens(fcinfo, &call->max_calls);
		MemoryContextSwitchTo(caller);
	}
	call = SRF_PERCALL_SETUP();
	if (call->call_cntr == call->max_calls)
		SRF_RETURN_DONE(call);
	tuple = TokenTuple(call->user_fctx, call->call_cntr, call->tuple_desc);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(tuple));
}

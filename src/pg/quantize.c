/*
 * quantize.c
 *	  Encoders with weights of a narrower storage, and what that changes.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/encoder/samples.h"
#include "core/encoder/weights.h"
#include "pg/encode.h"
#include "pg/quantize.h"
#include "pg/report.h"
#include "pg/settings.h"
#include "pg/store.h"

#define ARENA_BLOCK (64 * 1024)

InterestStorage
InterestRequireStorage(const char *name)
{
	InterestStorage storage;
	InterestStatus status;

	if (!InterestStorageFromName(name, &storage, &status))
		InterestReport(&status);
	return storage;
}

/* An encoder in memory that is not stored, or not yet. */
typedef struct UnstoredEncoder
{
	InterestEncoder encoder;
	InterestTokenizer tokenizer;
} UnstoredEncoder;

static void
OpenContent(const InterestEncoderContent *content, InterestArena *arena, UnstoredEncoder *unstored)
{
	Size		size = InterestEncoderPackedSize(&content->config);
	void	   *packed = InterestArenaAllocate(arena, size);
	InterestVocabulary *vocabulary;
	InterestStatus status;

	InterestEncoderPack(&content->config, content->image, packed);
	if (!InterestVocabularyBuild(arena, content->vocabulary, content->vocabulary_size, &vocabulary, &status) ||
		!InterestEncoderOpen(&content->config, packed, size, InterestCurrentKernel(), &unstored->encoder, &status))
		InterestReport(&status);
	unstored->tokenizer = InterestEncoderTokenizer(&content->config, vocabulary);
}

/* Where the outliers of int8 are to be looked for. */
static float *
MeasureSamples(const InterestEncoderContent *wide)
{
	float	   *magnitudes = palloc(sizeof(float) * InterestEncoderMagnitudesSize(&wide->config));
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest samples", ARENA_BLOCK);
	UnstoredEncoder unstored;
	InterestStatus status;

	OpenContent(wide, &arena->arena, &unstored);
	if (!InterestEncoderMeasureSamples(&unstored.encoder, &unstored.tokenizer, &arena->arena, magnitudes, &status))
		InterestReport(&status);
	InterestArenaEnd(arena);
	return magnitudes;
}

void
InterestNarrowContent(const InterestEncoderContent *wide, InterestStorage storage,
					  InterestEncoderContent *narrow)
{
	InterestEncoderContent content = *wide;
	float	   *magnitudes = NULL;
	InterestStatus status;

	content.config.storage = storage;
	if (!InterestEncoderConfigCheck(&content.config, &status))
		InterestReport(&status);
	if (storage == INTEREST_STORAGE_INT8)
		magnitudes = MeasureSamples(wide);
	InterestEncoderContentAllocate(&content);
	memcpy(content.vocabulary, wide->vocabulary, wide->vocabulary_size);
	InterestEncoderNarrowImage(&content.config, wide->image, magnitudes, content.image);
	*narrow = content;
}

/*
 * interest_quantize_encoder
 */

/* Cosines of an encoder's vectors to those of another one. */
typedef struct Comparison
{
	int			texts;
	int			least_text;		/* -1: there are none */
	double		least;
	double		sum;
} Comparison;

static double
Dot(int n, const float *x, const float *y)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double) x[i] * y[i];
	return sum;
}

static double
Cosine(int n, const float *x, const float *y)
{
	double		norms = sqrt(Dot(n, x, x) * Dot(n, y, y));

	return norms > 0 ? Dot(n, x, y) / norms : 1;
}

/* One text through both. */
static double
CompareText(const UnstoredEncoder *wide, const UnstoredEncoder *narrow,
			const char *text, Size length, InterestArena *arena)
{
	InterestArenaMark mark = InterestArenaGetMark(arena);
	int			hidden = wide->encoder.config.hidden;
	float	   *vectors = InterestArenaArray(arena, float, 2 * hidden);
	int32	   *ids;
	int			tokens = InterestTokenize(&wide->tokenizer, text, length, wide->encoder.config.max_length,
										  arena, &ids);
	double		cosine;
	InterestStatus status;

	if (!InterestEncode(&wide->encoder, arena, 1, ids, &tokens, vectors, &status) ||
		!InterestEncode(&narrow->encoder, arena, 1, ids, &tokens, vectors + hidden, &status))
		InterestReport(&status);
	cosine = Cosine(hidden, vectors, vectors + hidden);
	InterestArenaReturnTo(arena, mark);
	return cosine;
}

static void
Compare(const InterestEncoderContent *wide, const InterestEncoderContent *narrow,
		int count, const char *const *texts, const Size *lengths, Comparison *comparison)
{
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest samples", ARENA_BLOCK);
	UnstoredEncoder both[2];

	OpenContent(wide, &arena->arena, &both[0]);
	OpenContent(narrow, &arena->arena, &both[1]);
	*comparison = (Comparison) {.texts = count, .least_text = -1};
	for (int i = 0; i < count; i++)
	{
		double		cosine = CompareText(&both[0], &both[1], texts[i], lengths[i], &arena->arena);

		comparison->sum += cosine;
		if (i == 0 || cosine < comparison->least)
		{
			comparison->least = cosine;
			comparison->least_text = i;
		}
	}
	InterestArenaEnd(arena);
}

/* The built-in texts. */
static int
BuiltInTexts(const char *const **texts, Size **lengths)
{
	int			count;

	*texts = InterestEncoderSamples(&count);
	*lengths = palloc(sizeof(Size) * count);
	for (int i = 0; i < count; i++)
		(*lengths)[i] = strlen((*texts)[i]);
	return count;
}

/* Who may use the original may use the other one. */
static void
CopyGrants(const char *name, const char *new_name)
{
	const Oid	types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name), CStringGetTextDatum(new_name)};

	(void) InterestStoreExecute("INSERT INTO %s.interest_grant (kind, object, role)"
								" SELECT kind, $2, role FROM %s.interest_grant"
								" WHERE kind = 'encoder' AND object = $1 ON CONFLICT DO NOTHING",
								lengthof(types), types, values, NULL);
}

static void
RequireQuantizable(const char *name, const InterestEncoderConfig *config, InterestStorage storage)
{
	if (config->storage != INTEREST_STORAGE_FP32)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("encoder \"%s\" is of %s already", name, InterestStorageName(config->storage)),
				 errhint("Quantize an encoder of fp32.")));
	if (storage == INTEREST_STORAGE_FP32)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("encoders cannot be quantized to fp32"),
				 errhint("Use bf16 or int8.")));
}

static Datum
ReportRow(FunctionCallInfo fcinfo, const Comparison *comparison, const char *least_text, Size least_length,
		  const InterestEncoderContent *narrow, const InterestEncoderContent *wide)
{
	TupleDesc	descriptor;
	bool		none = comparison->least_text < 0;
	Datum		values[6];
	bool		nulls[lengthof(values)] = {false, none, none, none, false, false};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "interest_quantize_encoder must return a row");
	values[0] = Int32GetDatum(comparison->texts);
	if (!none)
	{
		values[1] = Float8GetDatum(comparison->sum / comparison->texts);
		values[2] = Float8GetDatum(comparison->least);
		values[3] = CStringGetTextDatum(pg_any_to_server(pnstrdup(least_text, least_length),
														 (int) least_length, PG_UTF8));
	}
	values[4] = Int64GetDatum(narrow->vocabulary_size + narrow->image_size);
	values[5] = Int64GetDatum(wide->vocabulary_size + wide->image_size);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}

INTEREST_FUNCTION(interest_quantize_encoder);
Datum
interest_quantize_encoder(PG_FUNCTION_ARGS)
{
	char	   *names[3];
	InterestStorage storage;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest encoder content",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;
	InterestEncoderContent wide;
	InterestEncoderContent narrow;
	const char *const *texts;
	const char **given;
	Size	   *lengths;
	int			count;
	Comparison	comparison;
	Datum		row;

	for (int i = 0; i < 3; i++)
	{
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
		names[i] = text_to_cstring(PG_GETARG_TEXT_PP(i));
	}
	PreventCommandIfReadOnly("interest_quantize_encoder()");
	storage = InterestRequireStorage(names[2]);
	caller = MemoryContextSwitchTo(scratch);
	if (PG_ARGISNULL(3))
		count = BuiltInTexts(&texts, &lengths);
	else
	{
		count = InterestUtf8Texts(PG_GETARG_ARRAYTYPE_P(3), &given, &lengths);
		texts = given;
	}
	InterestEncoderReadContent(names[0], &wide);
	RequireQuantizable(names[0], &wide.config, storage);
	InterestNarrowContent(&wide, storage, &narrow);
	Compare(&wide, &narrow, count, texts, lengths, &comparison);
	InterestEncoderWriteContent(names[1], &narrow);
	CopyGrants(names[0], names[1]);
	MemoryContextSwitchTo(caller);
	row = ReportRow(fcinfo, &comparison, count > 0 ? texts[comparison.least_text] : NULL,
					count > 0 ? lengths[comparison.least_text] : 0, &narrow, &wide);
	MemoryContextDelete(scratch);
	PG_RETURN_DATUM(row);
}

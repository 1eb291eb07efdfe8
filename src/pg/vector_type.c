/*
 * vector_type.c
 *	  interestvec: text and binary form, comparison, distances, what is in it.
 */
#include "pg/compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "pg/report.h"
#include "pg/type_value.h"
#include "pg/vector_type.h"

/* First block of the arena that a text is made or read in. */
#define TEXT_BLOCK_SIZE 16384

/* Sums of many products are split like this everywhere, so that they have the same bits everywhere. */
#define PARTIAL_SUMS 16

static const char *const part_names[INTEREST_READING_PARTS] = {
	[INTEREST_COARSE] = "coarse",
	[INTEREST_MEDIUM] = "medium",
	[INTEREST_FINE] = "fine",
	[INTEREST_NEGATIVE] = "negative",
	[INTEREST_USER] = "user"
};

/*
 * strtof alone would also take blanks, hexadecimals, "nan" and "infinity".  The
 * server keeps LC_NUMERIC at C.
 */
static bool
ParseFloat(const char *text, float *value)
{
	char	   *end;

	if (*text == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
		return false;
	errno = 0;
	*value = strtof(text, &end);
	/* Denormal numbers are in range, although strtof says ERANGE for them. */
	return *end == '\0' && isfinite(*value) && !(errno == ERANGE && *value == 0);
}

static const InterestFloatText float_text = {float_to_shortest_decimal_buf, ParseFloat};

Datum
InterestMakeVector(const InterestReading *reading)
{
	Size		size = VARHDRSZ + InterestVectorSize(reading->dimensions, reading->topic_count);
	struct varlena *value = palloc(size);

	SET_VARSIZE(value, size);
	InterestVectorWrite(reading, VARDATA(value));
	return PointerGetDatum(value);
}

/* Detoasted and validated; a palloc'd copy unless it is the datum itself. */
static struct varlena *
CheckedVector(Datum vector)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(vector);
	InterestStatus status;

	if (!InterestVectorCheck(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &status))
		InterestReportStored(&status);
	return value;
}

void
InterestOpenVector(Datum vector, InterestArena *arena, InterestReading *reading)
{
	struct varlena *value = CheckedVector(vector);

	InterestVectorRead(VARDATA_ANY(value), arena, reading);
	if ((Pointer) value != DatumGetPointer(vector))
		pfree(value);
}

INTEREST_FUNCTION(interestvec_in);
Datum
interestvec_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interestvec input",
													TEXT_BLOCK_SIZE);
	InterestStatus status;
	struct varlena *value = NULL;
	uint8_t    *payload;
	size_t		size;

	if (InterestVectorFromText(text, strlen(text), &float_text, &arena->arena, &payload, &size, &status))
		value = InterestMakeValue(payload, size);
	InterestArenaEnd(arena);
	if (value == NULL)
	{
		InterestReportSoft(&status, fcinfo->context);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(value);
}

INTEREST_FUNCTION(interestvec_out);
Datum
interestvec_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = CheckedVector(PG_GETARG_DATUM(0));
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interestvec output",
													TEXT_BLOCK_SIZE);
	size_t		length;
	char	   *text = pstrdup(InterestVectorToText(VARDATA_ANY(value), &float_text, &arena->arena, &length));

	InterestArenaEnd(arena);
	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_CSTRING(text);
}

/* The message is the payload, which is little-endian everywhere. */
INTEREST_FUNCTION(interestvec_recv);
Datum
interestvec_recv(PG_FUNCTION_ARGS)
{
	struct varlena *value = InterestTakeMessage((StringInfo) PG_GETARG_POINTER(0));
	InterestStatus status;

	if (!InterestVectorCheck(VARDATA(value), VARSIZE(value) - VARHDRSZ, &status))
		InterestReport(&status);
	PG_RETURN_POINTER(value);
}

INTEREST_FUNCTION(interestvec_send);
Datum
interestvec_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_BYTEA_P(InterestMakeValue(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

static int
CompareArguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	int			order = InterestCompareValues(a, b);

	/* B-tree support functions must not leak. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

INTEREST_COMPARISON(interestvec_eq, CompareArguments, ==);
INTEREST_COMPARISON(interestvec_ne, CompareArguments, !=);
INTEREST_COMPARISON(interestvec_lt, CompareArguments, <);
INTEREST_COMPARISON(interestvec_le, CompareArguments, <=);
INTEREST_COMPARISON(interestvec_gt, CompareArguments, >);
INTEREST_COMPARISON(interestvec_ge, CompareArguments, >=);

INTEREST_FUNCTION(interestvec_cmp);
Datum
interestvec_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareArguments(fcinfo));
}

static uint64
HashArgument(FunctionCallInfo fcinfo, uint64 seed)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	uint64		hash = InterestHashValue(value, seed);

	PG_FREE_IF_COPY(value, 0);
	return hash;
}

INTEREST_FUNCTION(interestvec_hash);
Datum
interestvec_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT32((uint32) HashArgument(fcinfo, 0));
}

INTEREST_FUNCTION(interestvec_hash_extended);
Datum
interestvec_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(HashArgument(fcinfo, (uint64) PG_GETARG_INT64(1)));
}

/* The combined vectors of the two arguments of a distance. */
typedef struct UserPair
{
	int			dimensions;
	float		a[INTEREST_MAX_DIMENSIONS];
	float		b[INTEREST_MAX_DIMENSIONS];
} UserPair;

static char *
FingerprintText(const uint8_t *fingerprint)
{
	char	   *text = palloc(2 * INTEREST_FINGERPRINT_SIZE + 1);

	text[hex_encode((const char *) fingerprint, INTEREST_FINGERPRINT_SIZE, text)] = '\0';
	return text;
}

/* What keeps two readings from being compared, in words; NULL if nothing. */
static char *
Difference(const void *a, const void *b)
{
	const uint8_t *representation_a = InterestVectorRepresentation(a);
	const uint8_t *representation_b = InterestVectorRepresentation(b);
	const uint8_t *reading_a = InterestVectorReading(a);
	const uint8_t *reading_b = InterestVectorReading(b);

	if (memcmp(representation_a, representation_b, INTEREST_FINGERPRINT_SIZE) != 0)
		return psprintf("Their representations are %s and %s.",
						FingerprintText(representation_a), FingerprintText(representation_b));
	if (memcmp(reading_a, reading_b, INTEREST_FINGERPRINT_SIZE) != 0)
		return psprintf("Their reading fingerprints are %s and %s.",
						FingerprintText(reading_a), FingerprintText(reading_b));
	if (InterestVectorDimensions(a) != InterestVectorDimensions(b))
		return psprintf("They have %d and %d dimensions.",
						InterestVectorDimensions(a), InterestVectorDimensions(b));
	return NULL;
}

/* Vectors of different models, or of different trainings of one, have no distance. */
static void
RequireSameModel(const void *a, const void *b)
{
	char	   *difference = Difference(a, b);

	if (difference != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("readings of different models have no distance"),
				 errdetail_internal("%s", difference),
				 errhint("Make both with the same version of a model, with interest_embed or interest_read.")));
}

static void
LoadUserPair(FunctionCallInfo fcinfo, UserPair *pair)
{
	struct varlena *a = CheckedVector(PG_GETARG_DATUM(0));
	struct varlena *b = CheckedVector(PG_GETARG_DATUM(1));

	RequireSameModel(VARDATA_ANY(a), VARDATA_ANY(b));
	pair->dimensions = InterestVectorDimensions(VARDATA_ANY(a));
	InterestVectorPart(VARDATA_ANY(a), INTEREST_USER, pair->a);
	InterestVectorPart(VARDATA_ANY(b), INTEREST_USER, pair->b);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
}

static double
FoldInHalves(double *sums)
{
	for (int half = PARTIAL_SUMS / 2; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			sums[i] += sums[i + half];
	return sums[0];
}

static double
InnerProduct(const float *a, const float *b, int dimensions)
{
	double		sums[PARTIAL_SUMS] = {0};

	for (int i = 0; i < dimensions; i++)
		sums[i % PARTIAL_SUMS] += (double) a[i] * b[i];
	return FoldInHalves(sums);
}

static double
SquaredDistance(const float *a, const float *b, int dimensions)
{
	double		sums[PARTIAL_SUMS] = {0};

	for (int i = 0; i < dimensions; i++)
	{
		double		difference = (double) a[i] - b[i];

		sums[i % PARTIAL_SUMS] += difference * difference;
	}
	return FoldInHalves(sums);
}

/*
 * 1 - cosine, in 0 .. 2.  A zero vector points nowhere: its distance to
 * everything, itself included, is 1, as if at a right angle, and never NaN,
 * which would sort it behind the farthest.
 */
INTEREST_FUNCTION(interest_cosine_distance);
Datum
interest_cosine_distance(PG_FUNCTION_ARGS)
{
	UserPair	pair;
	double		norms;
	double		cosine = 0;

	LoadUserPair(fcinfo, &pair);
	norms = InnerProduct(pair.a, pair.a, pair.dimensions) * InnerProduct(pair.b, pair.b, pair.dimensions);
	if (norms > 0)
		cosine = InnerProduct(pair.a, pair.b, pair.dimensions) / sqrt(norms);
	/* Rounding may leave the range. */
	PG_RETURN_FLOAT8(1 - Max(-1, Min(1, cosine)));
}

INTEREST_FUNCTION(interest_negative_inner_product);
Datum
interest_negative_inner_product(PG_FUNCTION_ARGS)
{
	UserPair	pair;

	LoadUserPair(fcinfo, &pair);
	/* 0 - x, so that orthogonal vectors give 0 and not -0 */
	PG_RETURN_FLOAT8(0 - InnerProduct(pair.a, pair.b, pair.dimensions));
}

INTEREST_FUNCTION(interest_euclidean_distance);
Datum
interest_euclidean_distance(PG_FUNCTION_ARGS)
{
	UserPair	pair;

	LoadUserPair(fcinfo, &pair);
	PG_RETURN_FLOAT8(sqrt(SquaredDistance(pair.a, pair.b, pair.dimensions)));
}

static ArrayType *
PartArray(FunctionCallInfo fcinfo, int part)
{
	struct varlena *value = CheckedVector(PG_GETARG_DATUM(0));
	int			dimensions = InterestVectorDimensions(VARDATA_ANY(value));
	float		vector[INTEREST_MAX_DIMENSIONS];

	InterestVectorPart(VARDATA_ANY(value), part, vector);
	PG_FREE_IF_COPY(value, 0);
	return InterestMakeRealArray(vector, dimensions);
}

INTEREST_FUNCTION(interest_real_array);
Datum
interest_real_array(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(PartArray(fcinfo, INTEREST_USER));
}

INTEREST_FUNCTION(interest_granularity);
Datum
interest_granularity(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));

	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		if (strcmp(name, part_names[part]) == 0)
			PG_RETURN_ARRAYTYPE_P(PartArray(fcinfo, part));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown granularity \"%s\"", name),
			 errhint("A granularity is coarse, medium, fine, negative or user (the combined vector).")));
}

INTEREST_FUNCTION(interestvec_info);
Datum
interestvec_info(PG_FUNCTION_ARGS)
{
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interestvec info",
													TEXT_BLOCK_SIZE);
	InterestReading reading;
	Datum		values[14];
	bool		nulls[14] = {false};
	int			column = 0;
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	InterestOpenVector(PG_GETARG_DATUM(0), &arena->arena, &reading);
	values[column++] = Int32GetDatum(reading.dimensions);
	values[column++] = Int64GetDatum(reading.rows);
	values[column++] = Int64GetDatum(reading.negative_rows);
	values[column] = InterestTimeGetDatum(reading.newest, &nulls[column]);
	column++;
	values[column] = InterestTimeGetDatum(reading.at, &nulls[column]);
	column++;
	for (int part = 0; part < INTEREST_PARTS; part++)
		values[column++] = Float4GetDatum(reading.mass[part]);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		values[column++] = Float4GetDatum(reading.gamma[g]);
	values[column++] = PointerGetDatum(InterestMakeValue(reading.representation, INTEREST_FINGERPRINT_SIZE));
	values[column++] = PointerGetDatum(InterestMakeValue(reading.reading, INTEREST_FINGERPRINT_SIZE));
	Assert(column == lengthof(values));
	InterestArenaEnd(arena);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

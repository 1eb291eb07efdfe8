/*
 * type_value.c
 *	  What both types do with the bytes of a value.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/timestamp.h"

#include "core/base/hash.h"
#include "core/profile/vector.h"
#include "pg/report.h"
#include "pg/type_value.h"

struct varlena *
InterestMakeValue(const void *payload, Size size)
{
	struct varlena *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), payload, size);
	return value;
}

struct varlena *
InterestTakeMessage(StringInfo message)
{
	int			size = message->len - message->cursor;

	return InterestMakeValue(pq_getmsgbytes(message, size), size);
}

int
InterestCompareValues(const struct varlena *a, const struct varlena *b)
{
	return InterestVectorCompare(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a),
								 VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));
}

uint64
InterestHashValue(const struct varlena *value, uint64 seed)
{
	return InterestHash64(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), seed);
}

void
InterestReportStored(InterestStatus *status)
{
	if (status->code == INTEREST_INVALID_BINARY)
		status->code = INTEREST_CORRUPT;
	if (status->hint[0] == '\0')
		InterestHint(status, "The stored value is damaged: make it again from its rows.");
	InterestReport(status);
}

ArrayType *
InterestMakeRealArray(const float *values, int count)
{
	Datum	   *elements = palloc(sizeof(Datum) * count);
	ArrayType  *array;

	for (int i = 0; i < count; i++)
		elements[i] = Float4GetDatum(values[i]);
	array = construct_array(elements, count, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT);
	pfree(elements);
	return array;
}

Datum
InterestTimeGetDatum(int64 time, bool *isnull)
{
	*isnull = time == PG_INT64_MIN;
	if (!*isnull && !IS_VALID_TIMESTAMP(time))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return TimestampTzGetDatum(time);
}

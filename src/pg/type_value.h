/*
 * type_value.h
 *	  What both types do with the bytes of a value.
 *
 * A value is a varlena, maybe with a short header: read it with VARDATA_ANY and
 * VARSIZE_ANY_EXHDR.  Payloads need no alignment.
 */
#ifndef INTEREST_TYPE_VALUE_H
#define INTEREST_TYPE_VALUE_H

#include "core/base/status.h"
#include "lib/stringinfo.h"
#include "utils/array.h"

/* A new value with a copy of these bytes; also a bytea. */
extern struct varlena *InterestMakeValue(const void *payload, Size size);

/* What is left of a message: all of it is the value.  Only after a check of it. */
extern struct varlena *InterestTakeMessage(StringInfo message);

/* The order of btree: by bytes, then by length; 0 means equal. */
extern int	InterestCompareValues(const struct varlena *a, const struct varlena *b);

/* Hash of the bytes; the plain hash is the low half of the one with seed 0. */
extern uint64 InterestHashValue(const struct varlena *value, uint64 seed);

/* Raises a failed check of a stored value, which is damage and not a user's mistake. */
pg_noreturn extern void InterestReportStored(InterestStatus *status);

/* real[] of values (count). */
extern ArrayType *InterestMakeRealArray(const float *values, int count);

/* A time of the core as timestamptz; isnull where there is none, an error outside of its range. */
extern Datum InterestTimeGetDatum(int64 time, bool *isnull);

/* A comparison operator's function: compare(fcinfo) is negative, 0 or positive. */
#define INTEREST_COMPARISON(name, compare, test) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_BOOL(compare(fcinfo) test 0); \
	} \
	PG_FUNCTION_INFO_V1(name)

#endif

/*
 * profile_type.c
 *	  interest_profile: text and binary form, comparison, what is in it.
 */
#include "pg/compat.h"

#include "funcapi.h"

#include "pg/profile_type.h"
#include "pg/report.h"
#include "pg/type_value.h"

/* First block of the arena that a text is made or read in. */
#define TEXT_BLOCK_SIZE 8192

Datum
InterestMakeProfile(const InterestStateView *view)
{
	Size		size = VARHDRSZ + InterestStateCanonicalSize(view);
	struct varlena *value = palloc(size);

	SET_VARSIZE(value, size);
	InterestStateWriteCanonical(view, VARDATA(value));
	return PointerGetDatum(value);
}

struct varlena *
InterestOpenProfile(Datum profile, InterestStateView *view)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(profile);
	InterestStatus status;

	if (!InterestStateOpen(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), view, &status))
		InterestReportStored(&status);
	return value;
}

/* The canonical form of an argument: what equality, order and hash are on. */
static struct varlena *
CanonicalArgument(FunctionCallInfo fcinfo, int number)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(number);
	InterestStateView view;

	if (!InterestStateIsWorking(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)))
		return value;
	InterestOpenProfile(PointerGetDatum(value), &view);
	return (struct varlena *) DatumGetPointer(InterestMakeProfile(&view));
}

INTEREST_FUNCTION(interest_profile_in);
Datum
interest_profile_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest_profile input",
													TEXT_BLOCK_SIZE);
	InterestStatus status;
	struct varlena *value = NULL;
	uint8_t    *payload;
	size_t		size;

	if (InterestStateFromText(text, strlen(text), &arena->arena, &payload, &size, &status))
		value = InterestMakeValue(payload, size);
	InterestArenaEnd(arena);
	if (value == NULL)
	{
		InterestReportSoft(&status, fcinfo->context);
		PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(value);
}

INTEREST_FUNCTION(interest_profile_out);
Datum
interest_profile_out(PG_FUNCTION_ARGS)
{
	InterestStateView view;
	struct varlena *value = InterestOpenProfile(PG_GETARG_DATUM(0), &view);
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest_profile output",
													TEXT_BLOCK_SIZE);
	size_t		length;
	char	   *text = pstrdup(InterestStateToText(&view, &arena->arena, &length));

	InterestArenaEnd(arena);
	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_CSTRING(text);
}

/* The message is the canonical payload. */
INTEREST_FUNCTION(interest_profile_recv);
Datum
interest_profile_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	struct varlena *value = InterestTakeMessage(message);
	InterestStatus status;

	if (InterestStateIsWorking(VARDATA(value), VARSIZE(value) - VARHDRSZ))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a binary interest_profile must be in the canonical layout"),
				 errhint("Send what interest_profile_send or a binary COPY has given.")));
	if (!InterestStateCheck(VARDATA(value), VARSIZE(value) - VARHDRSZ, &status))
		InterestReport(&status);
	PG_RETURN_POINTER(value);
}

INTEREST_FUNCTION(interest_profile_send);
Datum
interest_profile_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = CanonicalArgument(fcinfo, 0);

	PG_RETURN_BYTEA_P(InterestMakeValue(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

static int
CompareArguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = CanonicalArgument(fcinfo, 0);
	struct varlena *b = CanonicalArgument(fcinfo, 1);
	int			order = InterestCompareValues(a, b);

	/* B-tree support functions must not leak. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order;
}

INTEREST_COMPARISON(interest_profile_eq, CompareArguments, ==);
INTEREST_COMPARISON(interest_profile_ne, CompareArguments, !=);
INTEREST_COMPARISON(interest_profile_lt, CompareArguments, <);
INTEREST_COMPARISON(interest_profile_le, CompareArguments, <=);
INTEREST_COMPARISON(interest_profile_gt, CompareArguments, >);
INTEREST_COMPARISON(interest_profile_ge, CompareArguments, >=);

INTEREST_FUNCTION(interest_profile_cmp);
Datum
interest_profile_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareArguments(fcinfo));
}

static uint64
HashArgument(FunctionCallInfo fcinfo, uint64 seed)
{
	struct varlena *value = CanonicalArgument(fcinfo, 0);
	uint64		hash = InterestHashValue(value, seed);

	PG_FREE_IF_COPY(value, 0);
	return hash;
}

INTEREST_FUNCTION(interest_profile_hash);
Datum
interest_profile_hash(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT32((uint32) HashArgument(fcinfo, 0));
}

INTEREST_FUNCTION(interest_profile_hash_extended);
Datum
interest_profile_hash_extended(PG_FUNCTION_ARGS)
{
	PG_RETURN_UINT64(HashArgument(fcinfo, (uint64) PG_GETARG_INT64(1)));
}

INTEREST_FUNCTION(interest_profile_info);
Datum
interest_profile_info(PG_FUNCTION_ARGS)
{
	InterestStateView view;
	Datum		values[6];
	bool		nulls[6] = {false};
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	InterestOpenProfile(PG_GETARG_DATUM(0), &view);
	values[0] = Int32GetDatum(view.shape.dimensions);
	values[1] = Int64GetDatum(view.rows);
	values[2] = Int64GetDatum(view.negative_rows);
	values[3] = InterestTimeGetDatum(view.newest, &nulls[3]);
	values[4] = Int32GetDatum(view.block_count);
	values[5] = PointerGetDatum(InterestMakeValue(view.shape.fingerprint, INTEREST_FINGERPRINT_SIZE));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}

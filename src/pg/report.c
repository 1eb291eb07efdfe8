/*
 * report.c
 *	  From the core's words and memory to the server's.
 */
#include "pg/compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/report.h"

/* SQLSTATE of a failed status. */
static int
ErrorCode(InterestCode code)
{
	switch (code)
	{
		case INTEREST_INVALID_TEXT:
			return ERRCODE_INVALID_TEXT_REPRESENTATION;
		case INTEREST_INVALID_BINARY:
			return ERRCODE_INVALID_BINARY_REPRESENTATION;
		case INTEREST_INVALID_ARGUMENT:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case INTEREST_DATA_EXCEPTION:
			return ERRCODE_DATA_EXCEPTION;
		case INTEREST_CORRUPT:
			return ERRCODE_DATA_CORRUPTED;
		case INTEREST_UNSUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case INTEREST_LIMIT_EXCEEDED:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case INTEREST_MISMATCH:
			return ERRCODE_DATATYPE_MISMATCH;
		case INTEREST_OK:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}

void
InterestReport(const InterestStatus *status)
{
	ereport(ERROR,
			(errcode(ErrorCode(status->code)),
			 errmsg("%s", status->message),
			 status->detail[0] ? errdetail("%s", status->detail) : 0,
			 status->hint[0] ? errhint("%s", status->hint) : 0));
}

void
InterestReportSoft(const InterestStatus *status, struct Node *context)
{
	errsave(context,
			(errcode(ErrorCode(status->code)),
			 errmsg("%s", status->message),
			 status->detail[0] ? errdetail("%s", status->detail) : 0,
			 status->hint[0] ? errhint("%s", status->hint) : 0));
}

/* Blocks may pass 1 GB: a packed encoder is one block. */
static void *
AllocateBlock(void *context, size_t size)
{
	return MemoryContextAllocHuge((MemoryContext) context, size);
}

static void
ReleaseBlock(void *context, void *block)
{
	pfree(block);
}

static void
CheckCancel(void *context)
{
	CHECK_FOR_INTERRUPTS();
}

InterestServerArena *
InterestArenaBegin(MemoryContext parent, const char *name, Size block_size)
{
	MemoryContext context = AllocSetContextCreateInternal(parent, name, ALLOCSET_SMALL_SIZES);
	InterestServerArena *arena = MemoryContextAllocZero(context, sizeof(InterestServerArena));

	arena->context = context;
	arena->host.context = context;
	arena->host.allocate = AllocateBlock;
	arena->host.release = ReleaseBlock;
	arena->host.check_cancel = CheckCancel;
	InterestArenaInit(&arena->arena, &arena->host, block_size);
	return arena;
}

void
InterestArenaEnd(InterestServerArena *arena)
{
	MemoryContextDelete(arena->context);
}

void
InterestSetFigure(double figure, Datum *value, bool *isnull)
{
	*isnull = isnan(figure);
	*value = Float8GetDatum(figure);
}

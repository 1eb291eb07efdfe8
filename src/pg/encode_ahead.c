/*
 * encode_ahead.c
 *	  The node that reads rows ahead and has their texts encoded together.
 */
#include "pg/compat.h"

#include "access/detoast.h"
#include "access/parallel.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/encode.h"
#include "pg/encode_ahead.h"
#include "pg/encode_cache.h"
#include "pg/settings.h"

/* A call whose texts are encoded ahead, and what a window has for it. */
typedef struct Call
{
	List	   *expressions;	/* ExprStates of its texts */
	ExprState  *name;			/* of its encoder */
	InterestLoadedEncoder *encoder; /* NULL: not at hand, nothing to do */
	int			count;
	const char **texts;			/* each once */
	Size	   *lengths;
} Call;

typedef struct AheadState
{
	CustomScanState css;
	int			call_count;
	Call	   *calls;
	int			limit;			/* most rows of a window */
	LimitState *wanted;			/* what hands on all of this node's rows up to a limit; NULL: none is known */

	/* rows that were read and not yet handed on */
	MemoryContext context;		/* of all of a window */
	MinimalTuple *rows;			/* (limit) */
	int			size;			/* rows that the next window shall have; 1: none is read ahead */
	int			count;
	int			next;
	Size		kept;			/* bytes that the texts will take in the cache, at least */
	bool		ended;			/* there are no rows behind them */
	int64		read;			/* rows since the beginning */

	/* as it was when the window had been read, or the last row handed on without one */
	uint64		hits;
	uint64		encoded;

	InterestEncodeCounts ahead; /* what this node had encoded */
} AheadState;

/*
 * Windows
 */
static void
Remember(AheadState *state)
{
	state->hits = InterestEncodeCacheDescribe().hits;
	state->encoded = InterestEncodeCount().texts;
}

/*
 * The window is used up.  Rows are read ahead once a call had to encode by
 * itself, and as long as windows have texts to encode that calls then ask for.
 */
static void
PlanWindow(AheadState *state)
{
	state->count = state->next = 0;
	state->kept = 0;
	MemoryContextReset(state->context);
	if (state->size > 1)
		state->size = InterestEncodeCacheDescribe().hits != state->hits ? 2 * state->size : 1;
	else if (InterestEncodeCount().texts != state->encoded)
		state->size = 2;
	state->size = Min(state->size, state->limit);
}

/* Rows that the query still wants, as far as that is known. */
static int64
StillWanted(const AheadState *state)
{
	if (state->wanted == NULL || state->wanted->noCount ||
		state->wanted->limitOption == LIMIT_OPTION_WITH_TIES)
		return PG_INT64_MAX;
	return state->wanted->offset + state->wanted->count - state->read;
}

/* Tells a sort below what a limit above would have told it. */
static void
PassBoundOn(AheadState *state)
{
	int64		wanted = StillWanted(state);

	if (state->wanted)
		ExecSetTupleBound(wanted == PG_INT64_MAX ? -1 : wanted, outerPlanState(state));
}

/* The columns of the row below are those of the node's slot, as long as that row is there. */
static TupleTableSlot *
ReadRow(AheadState *state)
{
	TupleTableSlot *slot = state->css.ss.ss_ScanTupleSlot;
	TupleTableSlot *row = state->ended ? NULL : ExecProcNode(outerPlanState(state));

	ExecClearTuple(slot);
	state->ended = TupIsNull(row);
	if (state->ended)
		return slot;
	state->read++;
	slot_getallattrs(row);
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * row->tts_tupleDescriptor->natts);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * row->tts_tupleDescriptor->natts);
	return ExecStoreVirtualTuple(slot);
}

static bool
IsAmongTexts(const Call *call, const char *text, Size length)
{
	for (int i = 0; i < call->count; i++)
		if (call->lengths[i] == length && memcmp(call->texts[i], text, length) == 0)
			return true;
	return false;
}

/*
 * Adds a text of the row in the slot.  What would not be kept, or is to be
 * fetched first, is left to the call when its turn comes.
 */
static void
AddText(AheadState *state, Call *call, ExprState *expression)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(expression, econtext, &isnull);
	MemoryContext caller;
	text	   *body;
	Size		length;

	if (isnull || VARATT_IS_EXTERNAL(DatumGetPointer(value)) ||
		toast_raw_datum_size(value) - VARHDRSZ > INTEREST_MAX_CACHED_TEXT)
		return;
	caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	body = DatumGetTextPP(value);
	MemoryContextSwitchTo(caller);
	length = VARSIZE_ANY_EXHDR(body);
	if (IsAmongTexts(call, VARDATA_ANY(body), length))
		return;
	call->texts[call->count] = memcpy(MemoryContextAlloc(state->context, Max(length, 1)), VARDATA_ANY(body), length);
	call->lengths[call->count++] = length;
	state->kept += sizeof(float) * call->encoder->encoder.config.hidden + length;
}

static void
AddTexts(AheadState *state)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	ListCell   *cell;

	econtext->ecxt_scantuple = state->css.ss.ss_ScanTupleSlot;
	for (int i = 0; i < state->call_count; i++)
		if (state->calls[i].encoder)
			foreach(cell, state->calls[i].expressions)
				AddText(state, &state->calls[i], lfirst(cell));
	ResetExprContext(econtext);
}

/* The encoder that is meant, and room for the texts of a window. */
static void
StartCall(AheadState *state, Call *call)
{
	int			most = state->size * list_length(call->expressions);
	bool		isnull;
	Datum		name = ExecEvalExprSwitchContext(call->name, state->css.ss.ps.ps_ExprContext, &isnull);

	call->encoder = InterestEncoderAtHand(isnull ? NULL : TextDatumGetCString(name));
	call->count = 0;
	call->texts = palloc(sizeof(char *) * most);
	call->lengths = palloc(sizeof(Size) * most);
}

static void
EncodeTexts(const Call *call)
{
	float	   *vectors;

	if (call->encoder == NULL || call->count == 0)
		return;
	vectors = palloc(sizeof(float) * call->encoder->encoder.config.hidden * call->count);
	InterestEncodeTexts(call->encoder, call->count, call->texts, call->lengths, vectors);
}

/* Reads a window of rows: no more than is wanted, and than memory and half of the cache hold. */
static void
ReadRows(AheadState *state)
{
	int64		size = Min(state->size, StillWanted(state));
	Size		bytes = 0;

	while (state->count < size && bytes < (Size) work_mem * 1024 &&
		   state->kept < (Size) interest_encode_cache * 1024 / 2)
	{
		MemoryContext caller;
		TupleTableSlot *slot = ReadRow(state);

		if (TupIsNull(slot))
			break;
		AddTexts(state);
		caller = MemoryContextSwitchTo(state->context);
		state->rows[state->count] = ExecCopySlotMinimalTuple(slot);
		MemoryContextSwitchTo(caller);
		bytes += state->rows[state->count++]->t_len;
	}
}

/* Reads a window and has its texts encoded. */
static void
ReadWindow(AheadState *state)
{
	MemoryContext caller = MemoryContextSwitchTo(state->context);
	InterestEncodeCounts before;
	InterestEncodeCounts after;

	for (int i = 0; i < state->call_count; i++)
		StartCall(state, &state->calls[i]);
	MemoryContextSwitchTo(caller);
	ReadRows(state);
	MemoryContextSwitchTo(state->context);
	before = InterestEncodeCount();
	for (int i = 0; i < state->call_count; i++)
		EncodeTexts(&state->calls[i]);
	after = InterestEncodeCount();
	MemoryContextSwitchTo(caller);
	state->ahead.texts += after.texts - before.texts;
	state->ahead.batches += after.batches - before.batches;
	if (after.texts == before.texts)
		state->size = 1;
}

static TupleTableSlot *
NextRow(ScanState *node)
{
	AheadState *state = (AheadState *) node;

	if (state->next == state->count)
	{
		if (state->read == 0)
			PassBoundOn(state);
		PlanWindow(state);
		if (state->size > 1 && !state->ended)
			ReadWindow(state);
		Remember(state);
		if (state->count == 0)
			return ReadRow(state);
	}
	ExecForceStoreMinimalTuple(state->rows[state->next++], node->ss_ScanTupleSlot, false);
	return node->ss_ScanTupleSlot;
}

/*
 * The node
 */
static bool
Recheck(ScanState *node, TupleTableSlot *slot)
{
	elog(ERROR, "rows that are encoded ahead are not rechecked");
	return false;
}

static TupleTableSlot *
ExecAhead(CustomScanState *node)
{
	return ExecScan(&node->ss, NextRow, Recheck);
}

static void
StartOver(AheadState *state)
{
	state->size = 1;
	state->count = state->next = 0;
	state->ended = false;
	state->read = 0;
	Remember(state);
}

static void
BeginAhead(CustomScanState *node, EState *estate, int eflags)
{
	AheadState *state = (AheadState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	ListCell   *cell;

	outerPlanState(node) = ExecInitNode(outerPlan(plan), estate, eflags);
	state->calls = palloc0(sizeof(Call) * list_length(plan->custom_exprs));
	foreach(cell, plan->custom_exprs)
	{
		List	   *arguments = ExecInitExprList(((FuncExpr *) lfirst(cell))->args, &node->ss.ps);
		Call	   *call = &state->calls[state->call_count++];

		call->name = llast(arguments);
		call->expressions = list_delete_last(arguments);
	}
	state->limit = Max(interest_encode_ahead, 1);
	state->context = AllocSetContextCreate(CurrentMemoryContext, "interest rows ahead", ALLOCSET_DEFAULT_SIZES);
	state->rows = palloc(sizeof(MinimalTuple) * state->limit);
	StartOver(state);
}

static void
EndAhead(CustomScanState *node)
{
	ExecEndNode(outerPlanState(node));
}

static void
ReScanAhead(CustomScanState *node)
{
	StartOver((AheadState *) node);
	ExecScanReScan(&node->ss);
	if (outerPlanState(node)->chgParam == NULL)
		ExecReScan(outerPlanState(node));
}

static void
ExplainAhead(CustomScanState *node, List *ancestors, ExplainState *es)
{
	AheadState *state = (AheadState *) node;

	if (!es->analyze)
		return;
	ExplainPropertyUInteger("Texts Encoded Ahead", NULL, state->ahead.texts, es);
	ExplainPropertyUInteger("Batches", NULL, state->ahead.batches, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "InterestEncodeAhead",
	.BeginCustomScan = BeginAhead,
	.ExecCustomScan = ExecAhead,
	.EndCustomScan = EndAhead,
	.ReScanCustomScan = ReScanAhead,
	.ExplainCustomScan = ExplainAhead,
};

static Node *
CreateAheadState(CustomScan *plan)
{
	AheadState *state = palloc0(sizeof(AheadState));

	NodeSetTag(state, T_CustomScanState);
	state->css.methods = &exec_methods;
	return (Node *) state;
}

const CustomScanMethods interest_ahead_methods = {
	.CustomName = "InterestEncodeAhead",
	.CreateCustomScanState = CreateAheadState,
};

/*
 * The hook
 */
static ExecutorStart_hook_type next_start = NULL;

/*
 * Queries that only read and store, whose rows are handed on in one direction
 * and locked by nobody.  A cursor with a name might be asked for the row that
 * its scan stands at (WHERE CURRENT OF), which would be a later one.
 */
static bool
MayLookAhead(const QueryDesc *query, int eflags)
{
	const PlannedStmt *statement = query->plannedstmt;

	return interest_encode_ahead > 1 && interest_encode_cache > 0 && !IsParallelWorker() &&
		(statement->commandType == CMD_SELECT || statement->commandType == CMD_INSERT) &&
		!statement->hasModifyingCTE && statement->rowMarks == NIL &&
		(eflags & (EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK)) == 0 &&
		(ActivePortal == NULL || ActivePortal->name[0] == '\0') &&
		GetDatabaseEncoding() == PG_UTF8 && InterestPlanEncodes(statement);
}

/* Tells nodes of ours that all of their rows go through a limit; goes the ways that ExecSetTupleBound goes. */
static void
SetLimit(PlanState *node, LimitState *limit)
{
	if (node == NULL || node->qual)
		return;
	if (IsA(node, CustomScanState) && ((CustomScanState *) node)->methods == &exec_methods)
		((AheadState *) node)->wanted = limit;
	else if (IsA(node, ResultState))
		SetLimit(outerPlanState(node), limit);
	else if (IsA(node, SubqueryScanState))
		SetLimit(((SubqueryScanState *) node)->subplan, limit);
	else if (IsA(node, AppendState))
		for (int i = 0; i < ((AppendState *) node)->as_nplans; i++)
			SetLimit(((AppendState *) node)->appendplans[i], limit);
	else if (IsA(node, MergeAppendState))
		for (int i = 0; i < ((MergeAppendState *) node)->ms_nplans; i++)
			SetLimit(((MergeAppendState *) node)->mergeplans[i], limit);
}

static bool
FindLimits(PlanState *node, void *unused)
{
	if (IsA(node, LimitState))
		SetLimit(outerPlanState(node), (LimitState *) node);
	return planstate_tree_walker(node, FindLimits, unused);
}

static void
StartExecutor(QueryDesc *query, int eflags)
{
	bool		ahead = MayLookAhead(query, eflags);

	if (ahead)
	{
		MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(query));

		query->plannedstmt = InterestPlanAhead(query->plannedstmt);
		MemoryContextSwitchTo(caller);
	}
	if (next_start)
		next_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	if (ahead)
		FindLimits(query->planstate, NULL);
}

void
InterestInstallEncodeAhead(void)
{
	RegisterCustomScanMethods(&interest_ahead_methods);
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = StartExecutor;
}

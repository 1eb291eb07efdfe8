/*
 * encode_ahead.c
 *	  The node that reads rows ahead and has their texts encoded together.
 */
#include "pg/compat.h"

#include "access/parallel.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"

#include "pg/encode.h"
#include "pg/encode_ahead.h"
#include "pg/encode_ahead_call.h"
#include "pg/encode_cache.h"
#include "pg/settings.h"

typedef struct AheadState
{
	CustomScanState css;
	List	   *calls;			/* InterestAheadCalls */
	int			limit;			/* most rows of a window */
	LimitState *wanted;			/* what hands on all of this node's rows up to a limit; NULL: none is known */

	/* rows that were read and not yet handed on */
	MemoryContext context;		/* of all of a window */
	MinimalTuple *rows;			/* (limit) */
	int			size;			/* rows that the window was to have; 1: none is read ahead */
	int			count;
	int			next;
	Size		kept;			/* bytes that the texts will take in the cache, at least */
	bool		ended;			/* there are no rows behind them */
	int64		read;			/* rows since the beginning */

	/* when to read a window, and how far */
	uint64		hits;			/* of the cache when the window had been read */
	uint64		encoded;		/* texts of this session, then or when the last row was handed on without one */
	uint64		found;			/* texts that the window had encoded */
	int			reach;			/* rows of the next window */
	int			pause;			/* calls that were let encode by themselves after a vain window */
	int			patience;		/* how many of them are still to come */

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
 * What the window that is used up says about the next: further if the calls
 * asked for what it had encoded (or it was cheap, all being known); after one
 * in vain (a CASE, perhaps), one text at a time for twice as long as before.
 */
static void
Judge(AheadState *state)
{
	if (state->found > InterestEncodeCacheDescribe().hits - state->hits)
	{
		state->reach = 2;
		state->size = 1;
		state->pause = Min(2 * state->pause + 1, 1024);
		state->patience = state->pause;
		return;
	}
	state->reach = (int) Min(2 * state->reach, Max(state->read, 2));
	state->size = state->found > 0 ? state->reach : 1;
	if (state->found > 0)
		state->pause = 0;
}

/* Rows are read ahead once a call had to encode by itself, and as long as windows have texts to encode. */
static void
PlanWindow(AheadState *state)
{
	if (state->size > 1)
		Judge(state);
	else if (InterestEncodeCount().texts != state->encoded && state->patience-- <= 0)
	{
		state->size = state->reach;
		state->patience = 0;
	}
	state->reach = Min(state->reach, state->limit);
	state->size = Min(state->size, state->limit);
	state->count = state->next = 0;
	state->kept = 0;
	MemoryContextReset(state->context);
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

/* Adds the texts of the row in the slot. */
static void
AddTexts(AheadState *state)
{
	ExprContext *econtext = state->css.ss.ps.ps_ExprContext;
	ListCell   *call;

	econtext->ecxt_scantuple = state->css.ss.ss_ScanTupleSlot;
	foreach(call, state->calls)
		state->kept += InterestAheadCallAdd(lfirst(call), econtext);
	ResetExprContext(econtext);
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
	ListCell   *call;

	foreach(call, state->calls)
		InterestAheadCallStart(lfirst(call), state->css.ss.ps.ps_ExprContext, state->size);
	MemoryContextSwitchTo(caller);
	ReadRows(state);
	MemoryContextSwitchTo(state->context);
	before = InterestEncodeCount();
	foreach(call, state->calls)
		InterestAheadCallEncode(lfirst(call));
	after = InterestEncodeCount();
	MemoryContextSwitchTo(caller);
	state->found = after.texts - before.texts;
	state->ahead.texts += state->found;
	state->ahead.batches += after.batches - before.batches;
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
	state->reach = 2;
	state->pause = state->patience = 0;
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
	ListCell   *function;
	ListCell   *form;

	outerPlanState(node) = ExecInitNode(outerPlan(plan), estate, eflags);
	forboth(function, plan->custom_exprs, form, plan->custom_private)
		state->calls = lappend(state->calls, InterestAheadCallMake(lfirst(function), lfirst_int(form), &node->ss.ps));
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

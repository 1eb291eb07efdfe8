/*
 * encode_ahead_plan.c
 *	  Where in a finished plan texts can be encoded ahead.
 *
 * The planner's choices stay as they are: the plan is changed when it is about
 * to run, in a copy.  A scan or a join that computes interest_encode gets a
 * node above it that computes this instead, over the columns that it needs; a
 * node that computes it over the rows of another (an aggregate) gets one
 * between the two.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "pg/encode_ahead.h"
#include "pg/encode_ahead_call.h"

/*
 * Which functions encode
 */

/* Functions of this support that the planner of this session has met, and aggregates of such transition functions. */
static List *known_functions = NIL;
static List *known_aggregates = NIL;

static void
Learn(List **known, Oid function)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	*known = list_append_unique_oid(*known, function);
	MemoryContextSwitchTo(caller);
}

/* The aggregates of a query that is being planned which have that transition function. */
static void
LearnAggregates(PlannerInfo *root, Oid transition)
{
	ListCell   *cell;

	foreach(cell, root ? root->agginfos : NIL)
	{
		AggInfo    *aggregate = lfirst(cell);
		AggTransInfo *state = list_nth(root->aggtransinfos, aggregate->transno);

		if (state->transfn_oid == transition)
			Learn(&known_aggregates, INTEREST_AGGREF(aggregate)->aggfnoid);
	}
}

/*
 * The planner asks this of every call, which also has the library loaded
 * before the first plan of a session runs.  Answers nothing.
 */
INTEREST_FUNCTION(interest_encode_support);
Datum
interest_encode_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
		Learn(&known_functions, ((SupportRequestSimplify *) request)->fcall->funcid);
	else if (IsA(request, SupportRequestCost))
		LearnAggregates(((SupportRequestCost *) request)->root, ((SupportRequestCost *) request)->funcid);
	PG_RETURN_POINTER(NULL);
}

static bool
DependsOn(const PlannedStmt *statement, List *functions)
{
	ListCell   *item;
	ListCell   *function;

	foreach(item, statement->invalItems)
	{
		PlanInvalItem *dependency = lfirst(item);

		if (dependency->cacheId != PROCOID)
			continue;
		foreach(function, functions)
			if (dependency->hashValue == GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(lfirst_oid(function))))
				return true;
	}
	return false;
}

bool
InterestPlanEncodes(const PlannedStmt *statement)
{
	return DependsOn(statement, known_functions) || DependsOn(statement, known_aggregates);
}

/*
 * Their calls
 */
static bool
IsGiven(const Node *node)
{
	return IsA(node, Const) || (IsA(node, Param) && ((const Param *) node)->paramkind == PARAM_EXTERN);
}

/*
 * Texts that can be computed before their row's turn, which may never come: of
 * columns, aggregates and what is given, by functions that fail for no text.
 */
static bool
IsReadyText(Node *node)
{
	List	   *parts = NIL;
	ListCell   *cell;

	if (IsA(node, Var) || IsA(node, Aggref) || IsGiven(node))
		return true;
	if (IsA(node, RelabelType))
		parts = list_make1(((RelabelType *) node)->arg);
	else if (IsA(node, CoalesceExpr))
		parts = ((CoalesceExpr *) node)->args;
	else if (IsA(node, OpExpr) && ((OpExpr *) node)->opfuncid == F_TEXTCAT)
		parts = ((OpExpr *) node)->args;
	else if (IsA(node, FuncExpr) &&
			 (((FuncExpr *) node)->funcid == F_TEXT_BPCHAR || ((FuncExpr *) node)->funcid == F_LEFT))
		parts = ((FuncExpr *) node)->args;
	foreach(cell, parts)
		if (!IsReadyText(lfirst(cell)))
			return false;
	return parts != NIL;
}

/* A call whose texts can be computed ahead: all of its arguments but the last, which is the encoder. */
static bool
IsReadyCall(const FuncExpr *call)
{
	List	   *texts;

	if (!list_member_oid(known_functions, call->funcid) || !OidIsValid(get_func_support(call->funcid)) ||
		!IsGiven(llast(call->args)))
		return false;
	texts = list_delete_last(list_copy(call->args));
	for (int i = 0; i < list_length(texts); i++)
		if (!IsReadyText(list_nth(texts, i)))
			return false;
	return contain_var_clause((Node *) texts);
}

/* Those that a plan makes itself of its rows: not those in what it aggregates. */
static bool
CollectCalls(Node *node, List **calls)
{
	if (node == NULL || IsA(node, Aggref))
		return false;
	if (IsA(node, FuncExpr) && IsReadyCall((FuncExpr *) node))
		*calls = list_append_unique(*calls, node);
	return expression_tree_walker(node, CollectCalls, calls);
}

static List *
CallsOf(void *expressions)
{
	List	   *calls = NIL;

	CollectCalls(expressions, &calls);
	return calls;
}

/* A row that is put together, NULL in place of what cannot be computed ahead; NULL for what is none. */
static Node *
ReadyRow(Node *node)
{
	RowExpr    *row;
	ListCell   *cell;

	if (IsA(node, Var))
		return node;
	if (!IsA(node, RowExpr))
		return NULL;
	row = copyObject((RowExpr *) node);
	/* An anonymous row has the names that are with it. */
	if (row->row_typeid == RECORDOID && list_length(row->colnames) != list_length(row->args))
		return NULL;
	foreach(cell, row->args)
		if (!IsReadyText(lfirst(cell)))
			lfirst(cell) = makeNullConst(exprType(lfirst(cell)), exprTypmod(lfirst(cell)), exprCollation(lfirst(cell)));
	return (Node *) row;
}

/* What an aggregate over behaviour rows is given of each, as a call: the model, and the row or its text. */
static FuncExpr *
RowCall(const Aggref *aggregate)
{
	int			count = list_length(aggregate->aggargtypes);
	Node	   *model;
	Node	   *row;

	if (!list_member_oid(known_aggregates, aggregate->aggfnoid))
		return NULL;
	model = (Node *) linitial_node(TargetEntry, aggregate->args)->expr;
	row = (Node *) list_nth_node(TargetEntry, aggregate->args, count - 1)->expr;
	if (count == 2)
		row = ReadyRow(row);
	else if (!IsReadyText(row))
		row = NULL;
	if (!IsGiven(model) || row == NULL)
		return NULL;
	return makeFuncExpr(aggregate->aggfnoid, aggregate->aggtype, list_make2(model, row),
						InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
}

/* Calls in what aggregates are given row by row, all of them. */
static bool
CollectAggregated(Node *node, List **calls)
{
	Aggref	   *aggregate = (Aggref *) node;
	FuncExpr   *call;

	if (node == NULL)
		return false;
	if (!IsA(node, Aggref))
		return expression_tree_walker(node, CollectAggregated, calls);
	if (DO_AGGSPLIT_COMBINE(aggregate->aggsplit) || aggregate->aggfilter)
		return false;
	call = RowCall(aggregate);
	if (call)
		*calls = list_append_unique(*calls, call);
	return CollectCalls((Node *) aggregate->args, calls);
}

static InterestAheadForm
FormOf(const FuncExpr *call)
{
	if (!list_member_oid(known_aggregates, call->funcid))
		return INTEREST_AHEAD_TEXTS;
	return type_is_rowtype(exprType(llast(call->args))) ? INTEREST_AHEAD_RECORD : INTEREST_AHEAD_TEXT;
}

/*
 * Walking a plan
 */
typedef void (*PlanVisitor) (Plan **plan, void *context);

static void
VisitList(List *plans, PlanVisitor visit, void *context)
{
	ListCell   *cell;

	foreach(cell, plans)
		if (lfirst(cell) != NULL)
			visit((Plan **) &lfirst(cell), context);
}

/* Calls visit for every plan below one, but those of which nothing is known. */
static void
VisitBelow(Plan *plan, PlanVisitor visit, void *context)
{
	if (plan->lefttree)
		visit(&plan->lefttree, context);
	if (plan->righttree)
		visit(&plan->righttree, context);
	if (IsA(plan, Append))
		VisitList(((Append *) plan)->appendplans, visit, context);
	if (IsA(plan, MergeAppend))
		VisitList(((MergeAppend *) plan)->mergeplans, visit, context);
	if (IsA(plan, SubqueryScan))
		visit(&((SubqueryScan *) plan)->subplan, context);
}

static void
FindLastId(Plan **plan, void *last)
{
	*(int *) last = Max(*(int *) last, (*plan)->plan_node_id);
	VisitBelow(*plan, FindLastId, last);
}

static List *
JoinQuals(Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			return ((Join *) plan)->joinqual;
		default:
			return NIL;
	}
}

/*
 * Whether reading rows of a plan before their turn could be seen, by what its
 * volatile functions do.  Of other extensions' nodes nothing is known.
 */
static void
FindVolatile(Plan **plan, void *found)
{
	*(bool *) found |= (IsA(*plan, CustomScan) && ((CustomScan *) *plan)->methods != &interest_ahead_methods) ||
		contain_volatile_functions((Node *) (*plan)->targetlist) ||
		contain_volatile_functions((Node *) (*plan)->qual) ||
		contain_volatile_functions((Node *) JoinQuals(*plan));
	VisitBelow(*plan, FindVolatile, found);
}

/*
 * Changing a plan
 */
typedef struct PlanChange
{
	int			last_id;		/* of a node */
	bool		disturbed;		/* subplans, which any plan may call, are volatile */
} PlanChange;

static bool
IsDisturbed(const PlanChange *change, Plan *plan)
{
	bool		disturbed = change->disturbed;

	FindVolatile(&plan, &disturbed);
	return disturbed;
}

/* A column of rows that are described by a list of target entries, as seen under varno. */
static Var *
ColumnVar(int varno, const TargetEntry *entry)
{
	Node	   *value = (Node *) entry->expr;

	return makeVar(varno, entry->resno, exprType(value), exprTypmod(value), exprCollation(value), 0);
}

/* The entries with their columns as seen under varno for what they compute. */
static List *
ColumnEntries(List *entries, int varno)
{
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, entries)
	{
		TargetEntry *column = flatCopyTargetEntry(lfirst(cell));

		column->expr = (Expr *) ColumnVar(varno, column);
		columns = lappend(columns, column);
	}
	return columns;
}

/* A node over the rows of a plan, which computes a target list over them and filters by quals. */
static Plan *
PutAbove(PlanChange *change, Plan *below, List *targets, List *quals, List *calls)
{
	CustomScan *node = makeNode(CustomScan);
	Plan	   *plan = &node->scan.plan;
	ListCell   *call;

	node->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	node->methods = &interest_ahead_methods;
	node->custom_scan_tlist = ColumnEntries(below->targetlist, OUTER_VAR);
	node->custom_exprs = calls;
	foreach(call, calls)
		node->custom_private = lappend_int(node->custom_private, FormOf(lfirst(call)));
	plan->startup_cost = below->startup_cost;
	plan->total_cost = below->total_cost;
	plan->plan_rows = below->plan_rows;
	plan->plan_width = below->plan_width;
	plan->parallel_safe = below->parallel_safe;
	plan->extParam = bms_copy(below->extParam);
	plan->allParam = bms_copy(below->allParam);
	plan->plan_node_id = ++change->last_id;
	plan->targetlist = targets;
	plan->qual = quals;
	plan->lefttree = below;
	return plan;
}

/* Columns of the node's rows in place of what the plan below alone can compute: adds what is missing. */
static Node *
ReplaceColumns(Node *node, List **entries)
{
	TargetEntry *entry;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var) && !IsA(node, Aggref) && !IsA(node, GroupingFunc) && !IsA(node, WindowFunc))
		return expression_tree_mutator(node, ReplaceColumns, entries);
	entry = tlist_member((Expr *) node, *entries);
	if (entry == NULL)
	{
		entry = makeTargetEntry((Expr *) node, list_length(*entries) + 1, NULL, false);
		*entries = lappend(*entries, entry);
	}
	return (Node *) ColumnVar(INDEX_VAR, entry);
}

/* Columns of the plan below as columns of the node's rows. */
static Node *
ReplaceOuter(Node *node, void *unused)
{
	if (node && IsA(node, Var))
	{
		Var		   *column = copyObject((Var *) node);

		column->varno = INDEX_VAR;
		return (Node *) column;
	}
	return expression_tree_mutator(node, ReplaceOuter, unused);
}

/* The quals from the first that encodes on; their order is kept, for it may protect rows. */
static List *
TakeQuals(Plan *plan)
{
	List	   *taken;
	int			first = 0;

	while (first < list_length(plan->qual) && CallsOf(list_nth(plan->qual, first)) == NIL)
		first++;
	taken = list_copy_tail(plan->qual, first);
	plan->qual = list_truncate(plan->qual, first);
	return taken;
}

/*
 * A scan or a join hands on columns, and the node above it computes.  Where
 * texts decide which rows remain, those of the target list wait for that.
 */
static void
SplitPlan(PlanChange *change, Plan **place)
{
	Plan	   *plan = *place;
	List	   *targets = plan->targetlist;
	List	   *columns = NIL;
	List	   *quals;
	List	   *calls;
	List	   *above[3];

	if (CallsOf(targets) == NIL && CallsOf(plan->qual) == NIL)
		return;
	quals = TakeQuals(plan);
	calls = CallsOf(quals != NIL ? quals : targets);
	above[0] = (List *) ReplaceColumns((Node *) targets, &columns);
	above[1] = (List *) ReplaceColumns((Node *) quals, &columns);
	above[2] = (List *) ReplaceColumns((Node *) calls, &columns);
	plan->targetlist = columns;
	if (!IsDisturbed(change, plan))
	{
		*place = PutAbove(change, plan, above[0], above[1], above[2]);
		return;
	}
	plan->targetlist = targets;
	plan->qual = list_concat(plan->qual, quals);
}

/* Between a plan and the one below it. */
static void
InsertBelow(PlanChange *change, Plan *plan, List *calls)
{
	if (calls == NIL || plan->lefttree == NULL || IsDisturbed(change, plan->lefttree))
		return;
	plan->lefttree = PutAbove(change, plan->lefttree, ColumnEntries(plan->lefttree->targetlist, INDEX_VAR), NIL,
							  (List *) ReplaceOuter((Node *) calls, NULL));
}

static void
ChangePlan(Plan **place, void *context)
{
	Plan	   *plan = *place;
	List	   *calls = NIL;

	/* A merge join may go back in its inner rows, which our node cannot. */
	if (IsA(plan, MergeJoin))
	{
		ChangePlan(&plan->lefttree, context);
		VisitBelow(plan->righttree, ChangePlan, context);
	}
	else
		VisitBelow(plan, ChangePlan, context);
	switch (nodeTag(plan))
	{
		case T_Agg:
			CollectAggregated((Node *) plan->targetlist, &calls);
			InsertBelow(context, plan, calls);
			SplitPlan(context, place);
			break;
		case T_WindowAgg:
		case T_ProjectSet:
		case T_Result:
			InsertBelow(context, plan, CallsOf(plan->targetlist));
			break;
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_CteScan:
		case T_ForeignScan:
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			if (!plan->async_capable)
				SplitPlan(context, place);
			break;
		default:
			break;
	}
}

PlannedStmt *
InterestPlanAhead(PlannedStmt *statement)
{
	PlannedStmt *changed = copyObject(statement);
	PlanChange	change = {0};

	FindLastId(&changed->planTree, &change.last_id);
	VisitList(changed->subplans, FindLastId, &change.last_id);
	VisitList(changed->subplans, FindVolatile, &change.disturbed);
	ChangePlan(&changed->planTree, &change);
	VisitList(changed->subplans, ChangePlan, &change);
	return changed;
}

/*
 * filter.c
 *	  A condition that a caller writes as text, over the rows of a relation.
 *
 * The text is parsed by itself first, as one expression.  What the grammar has
 * taken for a whole expression means the same between parentheses, so that it
 * can be part of a statement; that statement runs as the caller.
 */
#include "pg/compat.h"

#include "access/table.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/rel.h"

#include "pg/filter.h"

/* Longest text of a filter. */
#define MAX_FILTER_SIZE (64 * 1024)

pg_noreturn static void
RefuseFilter(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("filter is not one expression"),
			 errhint("Write a condition over the columns of the item source, as after WHERE: filter => 'year > 1990'.")));
}

/* The only thing in the text; the grammar of expressions would let clauses of a SELECT follow it. */
static Node *
ParseExpression(const char *filter)
{
	List	   *parsed = raw_parser(filter, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select;
	ResTarget  *target;

	if (list_length(parsed) != 1 || !IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt))
		RefuseFilter();
	select = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
	if (list_length(select->targetList) != 1 || select->distinctClause || select->intoClause || select->fromClause ||
		select->whereClause || select->groupClause || select->havingClause || select->windowClause ||
		select->valuesLists || select->sortClause || select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE)
		RefuseFilter();
	target = linitial_node(ResTarget, select->targetList);
	/* an asterisk is a target of a SELECT and no expression: nothing that takes one expects it */
	if (target->name || (IsA(target->val, ColumnRef) && IsA(llast(((ColumnRef *) target->val)->fields), A_Star)))
		RefuseFilter();
	return target->val;
}

/* A position is one in the filter, not in the statement that has it. */
static void
PointIntoFilter(void *filter)
{
	int			position = geterrposition();

	if (position <= 0)
		return;
	errposition(0);
	internalerrposition(position);
	internalerrquery(filter);
}

/* An error unless the text is a condition over the relation's columns. */
static void
CheckFilter(const char *filter, Relation relation)
{
	ParseState *state = make_parsestate(NULL);
	Node	   *expression = ParseExpression(filter);

	state->p_sourcetext = filter;
	addNSItemToQuery(state, addRangeTableEntryForRelation(state, relation, AccessShareLock, NULL, false, true),
					 true, true, true);
	expression = coerce_to_boolean(state, transformExpr(state, expression, EXPR_KIND_WHERE), "filter");
	if (state->p_hasSubLinks || contain_volatile_functions(expression))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("filter has a subquery or a volatile function"),
				 errhint("Make a view of the item source that has the answer as a column.")));
	free_parsestate(state);
}

char *
InterestFilterSql(const char *filter, Oid relation)
{
	Relation	opened;
	ErrorContextCallback callback;

	if (strlen(filter) > MAX_FILTER_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("filter is longer than %d bytes", MAX_FILTER_SIZE)));
	callback.callback = PointIntoFilter;
	callback.arg = (void *) filter;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	opened = table_open(relation, AccessShareLock);
	CheckFilter(filter, opened);
	table_close(opened, NoLock);
	error_context_stack = callback.previous;
	return psprintf("(%s\n)", filter);
}

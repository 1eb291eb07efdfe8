/*
 * filter.h
 *	  A condition that a caller writes as text, over the rows of a relation.
 */
#ifndef INTEREST_FILTER_H
#define INTEREST_FILTER_H

/*
 * The text, in parentheses, as SQL for a statement over that relation alone: one
 * boolean expression of its columns, and nothing else; an error otherwise.
 */
extern char *InterestFilterSql(const char *filter, Oid relation);

#endif

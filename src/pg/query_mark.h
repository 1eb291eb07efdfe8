/*
 * query_mark.h
 *	  What a name meant, remembered no longer than it can be true.
 *
 * A call site (fn_extra) may keep what it read from the extension's tables
 * while the mark stays equal: same transaction, same subtransaction, same
 * snapshot, same user.  fn_extra alone is not enough: the state of a PL/pgSQL
 * expression outlives a statement, and a savepoint rolled back takes rows with
 * it that the same snapshot had shown.
 */
#ifndef INTEREST_QUERY_MARK_H
#define INTEREST_QUERY_MARK_H

typedef struct InterestQueryMark
{
	uint32		transaction;	/* local id: every transaction has another */
	uint32		subtransaction;
	uint32		command;
	uint32		user;
	uint32		xmin;
	uint32		xmax;
	uint32		running;		/* transactions the snapshot sees as running */
	int32		running_subtransactions;
} InterestQueryMark;

/* The mark of the active snapshot. */
extern InterestQueryMark InterestQueryMarkNow(void);

/* A local transaction id that no other transaction of this backend has, never 0. */
extern uint32 InterestTransaction(void);

static inline bool
InterestQueryMarkEqual(const InterestQueryMark *a, const InterestQueryMark *b)
{
	return memcmp(a, b, sizeof(InterestQueryMark)) == 0;
}

#endif

/*
 * followers.h
 *	  Triggers that make what is kept beside a table follow it.
 *
 * A follower's only argument is the model; its function tells what is kept.
 */
#ifndef INTEREST_FOLLOWERS_H
#define INTEREST_FOLLOWERS_H

#include "nodes/pg_list.h"

/* Transition tables of the triggers. */
#define INTEREST_NEW_ROWS "interest_new"
#define INTEREST_OLD_ROWS "interest_old"

/* A table by the name that is stored of it, and whose it is; InvalidOid if it is not there. */
extern Oid	InterestFindRelation(const char *schema, const char *name);
extern Oid	InterestRelationOwner(Oid table);

/* A trigger that is there. */
typedef struct InterestFollower
{
	Oid			oid;
	Oid			table;
	int16		type;
	char		fires;
} InterestFollower;

/* All triggers of that function of the extension that follow something for a model. */
extern List *InterestFindFollowers(const char *function, const char *model);

/* Whether a table has all that it needs among the found. */
extern bool InterestHasFollowers(List *found, Oid table);

/* An error if a table cannot have them. */
extern void InterestCheckFollowable(Oid table);

/* Makes those that a table lacks among the found; their names begin with prefix. */
extern void InterestFollowTable(const char *function, const char *prefix, const char *model, Oid table, List *found);
extern void InterestDropFollower(const InterestFollower *trigger);

/* Type and collation of a column like one of the table's, as SQL for a session's search_path. */
extern char *InterestColumnTypeSql(Oid type, Oid collation);

#endif

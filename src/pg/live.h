/*
 * live.h
 *	  Tracked profiles: one table a model, beside its source, that follows
 *	  every change of the source.
 *
 * Its rows are (user_id, sign, profile, fingerprint): a profile to add (sign
 * 1) or to take away (-1), made by the representation with that fingerprint,
 * or a mark (0), which says that only the source can tell; a mark without user
 * is for everybody.  A user's profile is the sum of his rows.
 *
 * Writers only ever insert: a statement that changes the source writes one
 * signed profile for each user that it touches, in the same transaction, so
 * that every snapshot sees the sum that fits the source rows it sees.  Folds
 * and rebuilds replace a user's rows by one.  They lock the model's row, then
 * take one snapshot and change exactly what it sees; rows that are written
 * meanwhile stay, and count on top.
 */
#ifndef INTEREST_LIVE_H
#define INTEREST_LIVE_H

#include "executor/spi.h"
#include "storage/lockdefs.h"

#include "pg/definition.h"
#include "pg/model_store.h"
#include "pg/user_column.h"

/* How a model is tracked: its row in interest_tracking, read. */
typedef struct InterestTracking
{
	bool		warn;			/* on_error => 'warn' */
	char	   *profile_schema;
	char	   *profile_name;
	char	   *profile_sql;	/* schema and name, quoted */
	Oid			profile_table;	/* InvalidOid: it is gone */
	Oid			profile_owner;
	List	   *tables;			/* Oids of those that are followed, partitions not named */
	TimestampTz tracked_at;
} InterestTracking;

/* The tracking of a model under the active snapshot; NULL if there is none. */
extern InterestTracking *InterestFindTracking(const char *model);

/* An error if its profile table is gone. */
extern void InterestRequireProfiles(const InterestTracking *tracking, const char *model);

/* The tracking of a model where there must be one, profile table included. */
extern InterestTracking *InterestRequireTracking(const char *model);

/* Whether rows of that table, or of one that it is a partition or child of, are followed. */
extern bool InterestIsFollowed(const InterestTracking *tracking, Oid table);

/* The extension's schema, quoted, as SQL. */
extern const char *InterestSchemaSql(void);

/*
 * Work as another role: its privileges, a fixed search_path, row security an
 * error instead of a filter, SPI connected.  An error needs no resuming: the
 * server does it when the (sub)transaction aborts.
 */
typedef struct InterestRoleSession
{
	Oid			user;
	int			security;
	int			nest_level;
} InterestRoleSession;

extern InterestRoleSession InterestBecome(Oid role);
extern void InterestResume(InterestRoleSession session);

/* The role that a model belongs to. */
extern Oid	InterestModelOwner(const InterestDefinition *definition);

/* The snapshot that comes after everything committed so far becomes the active one. */
extern void InterestPushLatestSnapshot(void);

/* A plan of one statement, SPI being connected; options are those of cursors. */
extern SPIPlanPtr InterestPrepare(const char *statement, int count, Oid *types, int options);

/*
 * The same, kept for statements to come.  One that reads transition tables is
 * of the table whose rows they have.
 */
extern SPIPlanPtr InterestKeptPlan(const char *statement, Oid table, int count, Oid *types, int options);

/* Executes a plan, or one statement, under the active snapshot; returns the number of rows. */
extern uint64 InterestExecute(SPIPlanPtr plan, Datum *values);
extern uint64 InterestRun(const char *statement, int count, Oid *types, Datum *values);

/* A bigint of the first row that the last statement gave; 0 where it is NULL. */
extern int64 InterestCountAt(int column);

/*
 * Shows rows to the statements of this session as a table of that name.  Their
 * columns are those of the table, or the descriptor's where that is InvalidOid.
 */
extern void InterestShowRows(const char *name, Oid table, TupleDesc descriptor, Tuplestorestate *rows);

/*
 * SQL of one profile a user and the relation's rows, aliased n, that it is
 * from: columns user_id and profile.  $1 is the model.
 */
extern char *InterestProfilesSql(const InterestDefinition *definition, const char *relation,
								 const char *condition);

/*
 * SQL of the profile that rows p of the profile table add up to; NULL where
 * only the source can tell.  $1 is the fingerprint of the deployed version.
 */
extern char *InterestSumSql(void);

/* The fingerprint of the deployed version under the active snapshot, as bytea. */
extern Datum InterestDeployedFingerprint(const char *model);

/*
 * Locks a model that the current user owns against other folds, rebuilds and
 * changes of its tracking until the transaction ends, and makes the snapshot
 * after that the active one.  READ COMMITTED only: the snapshot of any other
 * transaction may be older than what it waited for.
 *
 * The tables that the model follows are locked first, in that mode: everybody
 * who takes more than one lock takes those of the source, then the model's row,
 * then the profile table.
 */
extern InterestDefinition *InterestLockForTracking(const char *model, const char *function, LOCKMODE mode);

/* Locks the tables that a model follows, if it is tracked, and their partitions. */
extern void InterestLockFollowed(const char *model, LOCKMODE mode);

/*
 * SQL of what is wrong with the profiles of a relation aliased d: the user and
 * the newest time of one that has a row from the future; and the report of it,
 * once it was found.  Such a row would make older ones fade to nothing.
 */
extern char *InterestFutureSql(const char *relation);
extern void InterestReportFuture(const char *model, int level);

/* Triggers on every table that is followed and its partitions, and no others. */
extern void InterestSetTriggers(const InterestDefinition *definition, const InterestTracking *tracking);

/* Tables, partitions among them, that are followed but lack a trigger, or have one that is disabled: Oids. */
extern List *InterestUnfollowed(const InterestDefinition *definition, const InterestTracking *tracking);

/* Recomputes every profile under the active snapshot, the model's row being locked; returns their number. */
extern int64 InterestRebuild(const InterestDefinition *definition);

/* Ends the tracking of a model whose row is locked, if it is tracked. */
extern void InterestEndTracking(const InterestDefinition *definition);

/* Says so if the profiles of a model are not of the version deployed now. */
extern void InterestNoticeDeployed(const char *model);

/*
 * Whether the current user can name the profile table, and the active snapshot
 * sees the one of today; and whether he may read all rows that a plan is about.
 */
extern bool InterestMayUseTracked(const InterestTracking *tracking, const char *model);
extern bool InterestIsOpen(SPIPlanPtr plan);

/*
 * The profile that the profile table says a user has, asked as the current user
 * under the active snapshot, SPI being connected; in the upper executor's
 * memory.  False where the source is to be asked: with source_query, $1 the
 * user, $2 the model.
 */
extern bool InterestReadTracked(const InterestDefinition *definition, const InterestVersion *version,
								const InterestUserColumn *column, Datum user,
								const char *source_query, Datum *profile);

#endif

/*
 * live_trigger.c
 *	  interest_follow: the trigger that turns changes of a source into rows of
 *	  its model's profile table.
 *
 * A statement's rows become one profile to add and one to take away for each
 * user that it touches.  Nothing is read of what is stored, and nothing is
 * locked: writers of the same users never wait for one another, and fail for
 * no reason of their own, at any isolation level.
 *
 * What the model is, which version of it answers and who may use it is read
 * under the latest snapshot: the transaction's own may be older than the
 * tracking itself.
 */
#include "pg/compat.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "pg/attempt.h"
#include "pg/followers.h"
#include "pg/live.h"

/* One firing of the trigger. */
typedef struct Change
{
	TriggerData *trigger;
	const InterestDefinition *definition;
	const InterestTracking *tracking;
	Tuplestorestate *old_rows;	/* NULL: none */
	Tuplestorestate *new_rows;
} Change;

static bool
HasRows(Tuplestorestate *rows)
{
	return rows && tuplestore_tuple_count(rows) > 0;
}

static void
ShowRows(const Change *change, const char *name, Tuplestorestate *rows)
{
	if (HasRows(rows))
		InterestShowRows(name, RelationGetRelid(change->trigger->tg_relation), NULL, rows);
}

/* The rows' columns are the table's, and so is the plan. */
static uint64
RunKept(const Change *change, const char *statement, int count, Oid *types, Datum *values)
{
	return InterestExecute(InterestKeptPlan(statement, RelationGetRelid(change->trigger->tg_relation), count, types, 0),
						   values);
}

static InterestRoleSession
BeginWriting(const Change *change)
{
	InterestRoleSession session = InterestBecome(change->tracking->profile_owner);

	ShowRows(change, INTEREST_OLD_ROWS, change->old_rows);
	ShowRows(change, INTEREST_NEW_ROWS, change->new_rows);
	return session;
}

/* A query over each side of the change that has rows, made by side(change, relation, sign). */
static char *
BothSides(const Change *change, char *(*side) (const Change *, const char *, int))
{
	char	   *added = HasRows(change->new_rows) ? side(change, INTEREST_NEW_ROWS, 1) : NULL;
	char	   *removed = HasRows(change->old_rows) ? side(change, INTEREST_OLD_ROWS, -1) : NULL;

	if (added && removed)
		return psprintf("%s UNION ALL %s", added, removed);
	return added ? added : removed;
}

/*
 * Marks: only the source can tell
 */

static char *
UsersSql(const Change *change, const char *relation, int sign)
{
	const char *user = quote_identifier(change->definition->columns.user_id);

	return psprintf("SELECT n.%s FROM %s n WHERE n.%s IS NOT NULL", user, relation, user);
}

static void
WriteMarks(const Change *change)
{
	InterestRoleSession session = BeginWriting(change);

	RunKept(change, psprintf("INSERT INTO %s (user_id, sign) SELECT DISTINCT u.user_id, 0 FROM (%s) u (user_id)",
							 change->tracking->profile_sql, BothSides(change, UsersSql)), 0, NULL, NULL);
	InterestResume(session);
}

static void
WriteMarkOfEverybody(const Change *change)
{
	InterestRoleSession session = InterestBecome(change->tracking->profile_owner);

	InterestRun(psprintf("INSERT INTO %s (sign) VALUES (0)", change->tracking->profile_sql), 0, NULL, NULL);
	InterestResume(session);
}

/*
 * Profiles to add and to take away
 */

static char *
SignedProfilesSql(const Change *change, const char *relation, int sign)
{
	return psprintf("SELECT s.user_id, %d AS sign, s.profile FROM (%s) s WHERE s.profile IS NOT NULL", sign,
					InterestProfilesSql(change->definition, relation, ""));
}

/* An update that changes nothing the model reads leaves the same on both sides. */
static void
WriteProfiles(const Change *change)
{
	Oid			types[] = {TEXTOID, BYTEAOID};
	Datum		values[2];
	InterestRoleSession session = BeginWriting(change);
	uint64		found;

	values[0] = CStringGetTextDatum(change->definition->name);
	values[1] = InterestDeployedFingerprint(change->definition->name);
	found = RunKept(change, psprintf("WITH change AS MATERIALIZED ("
									 "SELECT b.user_id, sum(b.sign) AS sign, b.profile FROM (%s) b GROUP BY b.user_id, b.profile HAVING sum(b.sign) <> 0),"
									 " written AS (INSERT INTO %s (user_id, sign, profile, fingerprint) SELECT c.user_id, c.sign, c.profile, $2 FROM change c) %s",
									 BothSides(change, SignedProfilesSql), change->tracking->profile_sql, InterestFutureSql("change")),
					2, types, values);
	if (found > 0)
		InterestReportFuture(change->definition->name, ERROR);
	InterestResume(session);
}

static void
TryProfiles(void *change)
{
	WriteProfiles(change);
}

/* The user's statement goes on, whatever prevented the profiles. */
static void
WriteProfilesOrMarks(Change *change)
{
	const ErrorData *error = InterestAttempt(TryProfiles, change);

	if (error == NULL)
		return;
	WriteMarks(change);
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("model \"%s\" could not follow a change of \"%s\"", change->definition->name,
					RelationGetRelationName(change->trigger->tg_relation)),
			 errdetail("The error was: %s.", error->message),
			 errhint("The users that it touched are marked: their rows are read until interest_fold or interest_rebuild.")));
}

/*
 * The trigger
 */

static const InterestTracking *
FindTrackingOf(Relation table, const char *model)
{
	const InterestTracking *tracking = InterestFindTracking(model);

	if (tracking == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has a trigger of model \"%s\", which is not tracked", RelationGetRelationName(table), model),
				 errhint("Restore data without triggers (pg_dump --disable-triggers); a trigger that is left over can be dropped.")));
	InterestRequireProfiles(tracking, model);
	return tracking;
}

static void
CheckFollowed(const Change *change)
{
	Relation	table = change->trigger->tg_relation;

	if (InterestIsFollowed(change->tracking, RelationGetRelid(table)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" is not part of what model \"%s\" follows", RelationGetRelationName(table),
					change->definition->name),
			 errhint("Call interest_rebuild('%s'), which drops triggers that are left over, or drop the trigger.",
					 change->definition->name)));
}

static void
Follow(TriggerData *trigger, Tuplestorestate *old_rows, Tuplestorestate *new_rows)
{
	const char *model = trigger->tg_trigger->tgargs[0];
	Change		change = {.trigger = trigger,.old_rows = old_rows,.new_rows = new_rows};

	InterestPushLatestSnapshot();
	change.tracking = FindTrackingOf(trigger->tg_relation, model);
	change.definition = InterestDefinitionByName(model);
	CheckFollowed(&change);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		WriteMarkOfEverybody(&change);
	else if (InterestFindUserColumn(change.definition).source_kind == RELKIND_VIEW)
		WriteMarks(&change);
	else if (change.tracking->warn)
		WriteProfilesOrMarks(&change);
	else
		WriteProfiles(&change);
	PopActiveSnapshot();
}

/* One row as a set of one. */
static Tuplestorestate *
RowOf(TupleTableSlot *slot)
{
	Tuplestorestate *rows = tuplestore_begin_heap(false, false, work_mem);

	tuplestore_puttupleslot(rows, slot);
	return rows;
}

static void
FollowRow(TriggerData *trigger)
{
	bool		inserted = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	bool		updated = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	Tuplestorestate *old_rows = inserted ? NULL : RowOf(trigger->tg_trigslot);
	Tuplestorestate *new_rows = inserted ? RowOf(trigger->tg_trigslot) : updated ? RowOf(trigger->tg_newslot) : NULL;

	Follow(trigger, old_rows, new_rows);
	if (old_rows)
		tuplestore_end(old_rows);
	if (new_rows)
		tuplestore_end(new_rows);
}

/*
 * Whether this is the trigger that shall follow here: row triggers where
 * replication applies, statement triggers elsewhere.  They are enabled so, but
 * ALTER TABLE ... ENABLE TRIGGER ALL, which pg_restore uses, forgets that.
 */
static bool
IsItsTurn(const TriggerData *trigger)
{
	bool		replica = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;

	return TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event) ||
		(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) != 0) == replica;
}

INTEREST_FUNCTION(interest_follow);
Datum
interest_follow(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) || trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("interest_follow is the function of the triggers that interest_track makes")));
	if (!IsItsTurn(trigger))
		return PointerGetDatum(NULL);
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		FollowRow(trigger);
	else if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event) ||
			 HasRows(trigger->tg_oldtable) || HasRows(trigger->tg_newtable))
		Follow(trigger, trigger->tg_oldtable, trigger->tg_newtable);
	return PointerGetDatum(NULL);
}

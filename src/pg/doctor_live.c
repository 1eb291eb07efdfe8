/*
 * doctor_live.c
 *	  interest_doctor on the profiles of a tracked model.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "pg/doctor.h"
#include "pg/live.h"
#include "pg/type_value.h"

/* Rows of a user from which on reading him is slow. */
#define MANY_DELTAS 32

/* Names in a finding. */
#define MOST_NAMES 5

/* What the profile table holds, in numbers alone. */
typedef struct ProfileCounts
{
	int64		users;
	int64		slow;			/* users with more than MANY_DELTAS rows */
	int64		most;			/* rows of a user */
	int64		marks;			/* users for whom only the source can tell */
	int64		everybody;		/* marks of all users */
	int64		others;			/* users with a profile of another representation */
} ProfileCounts;

/* Counted as the table's owner: numbers tell nothing of anybody. */
static ProfileCounts
CountProfiles(const InterestTracking *tracking, const InterestVersion *version)
{
	InterestRoleSession session = InterestBecome(tracking->profile_owner);
	Oid			types[] = {BYTEAOID};
	Datum		values[] = {PointerGetDatum(InterestMakeValue(version->representation, INTEREST_FINGERPRINT_SIZE))};
	ProfileCounts counts;

	InterestRun(psprintf("SELECT count(*) FILTER (WHERE u.user_id IS NOT NULL), count(*) FILTER (WHERE u.rows > %d),"
						 " max(u.rows), count(*) FILTER (WHERE u.marks > 0 AND u.user_id IS NOT NULL),"
						 " count(*) FILTER (WHERE u.marks > 0 AND u.user_id IS NULL), count(*) FILTER (WHERE u.others > 0)"
						 " FROM (SELECT p.user_id, count(*) AS rows, count(*) FILTER (WHERE p.sign = 0) AS marks,"
						 " count(*) FILTER (WHERE p.fingerprint <> $1) AS others FROM %s p GROUP BY p.user_id) u",
						 MANY_DELTAS, tracking->profile_sql), 1, types, values);
	counts.users = InterestCountAt(1);
	counts.slow = InterestCountAt(2);
	counts.most = InterestCountAt(3);
	counts.marks = InterestCountAt(4);
	counts.everybody = InterestCountAt(5);
	counts.others = InterestCountAt(6);
	InterestResume(session);
	return counts;
}

static void
ReportCounts(ReturnSetInfo *result, const char *model, const ProfileCounts *counts)
{
	char	   *name = quote_literal_cstr(model);
	char	   *rebuild = psprintf("Run SELECT interest_rebuild(%s).", name);
	char	   *fold = psprintf("Run SELECT interest_fold(%s) now and then.", name);

	InterestFinding(result, "deltas", counts->slow > 0 ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
					psprintf(INT64_FORMAT " of " INT64_FORMAT " users have more than %d rows in the profile table, one " INT64_FORMAT,
							 counts->slow, counts->users, MANY_DELTAS, counts->most),
					counts->slow > 0 ? fold : NULL);
	if (counts->everybody > 0)
		InterestFinding(result, "marks", INTEREST_CONDITION_WARNING, "all users are marked: their interests are read from the source", rebuild);
	else
		InterestFinding(result, "marks", counts->marks > 0 ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
						psprintf(INT64_FORMAT " users are marked: their interests are read from the source", counts->marks),
						counts->marks > 0 ? fold : NULL);
	InterestFinding(result, "profiles", counts->others > 0 ? INTEREST_CONDITION_WARNING : INTEREST_CONDITION_OK,
					counts->others > 0 ? psprintf("the profiles of " INT64_FORMAT " users are of another representation than the deployed version", counts->others)
					: psprintf(INT64_FORMAT " users have profiles of the deployed version", counts->users),
					counts->others > 0 ? rebuild : NULL);
}

static void
ReportTriggers(ReturnSetInfo *result, const InterestDefinition *definition, const InterestTracking *tracking)
{
	List	   *tables = InterestUnfollowed(definition, tracking);
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, tables)
	{
		if (foreach_current_index(cell) == MOST_NAMES)
		{
			appendStringInfoString(&names, " ...");
			break;
		}
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(lfirst_oid(cell))), get_rel_name(lfirst_oid(cell))));
	}
	if (tables == NIL)
		InterestFinding(result, "triggers", INTEREST_CONDITION_OK, "on every table that is followed, and its partitions", NULL);
	else
		InterestFinding(result, "triggers", INTEREST_CONDITION_ERROR,
						psprintf("missing or disabled on %d tables: %s", list_length(tables), names.data),
						psprintf("Run SELECT interest_rebuild(%s): it sets the triggers and recomputes the profiles.", quote_literal_cstr(definition->name)));
}

void
InterestCheckTracking(ReturnSetInfo *result, const InterestDefinition *definition, const InterestVersion *version)
{
	InterestTracking *tracking = InterestFindTracking(definition->name);
	ProfileCounts counts;

	if (tracking == NULL)
		return;
	if (!OidIsValid(tracking->profile_table))
	{
		InterestFinding(result, "profiles", INTEREST_CONDITION_ERROR,
						psprintf("profile table %s does not exist", tracking->profile_sql),
						"Restore it under its old name, or end the tracking with interest_untrack.");
		return;
	}
	if (version)
	{
		counts = CountProfiles(tracking, version);
		ReportCounts(result, definition->name, &counts);
	}
	ReportTriggers(result, definition, tracking);
}

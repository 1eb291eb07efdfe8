/*
 * followers.c
 *	  Triggers that make what is kept beside a table follow it.
 */
#include "pg/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "pg/followers.h"
#include "pg/store.h"

/* What a table needs to be followed. */
typedef struct TriggerKind
{
	const char *label;			/* in the trigger's name */
	int16		events;
	bool		row;
	bool		old_rows;		/* has transition tables of them */
	bool		new_rows;
	char		fires;			/* pg_trigger.tgenabled */
} TriggerKind;

/*
 * The apply of logical replication fires no statement triggers but those of
 * TRUNCATE, so that there, and only there, a row trigger follows instead.
 */
static const TriggerKind trigger_kinds[] = {
	{"insert", TRIGGER_TYPE_INSERT, false, false, true, TRIGGER_FIRES_ON_ORIGIN},
	{"update", TRIGGER_TYPE_UPDATE, false, true, true, TRIGGER_FIRES_ON_ORIGIN},
	{"delete", TRIGGER_TYPE_DELETE, false, true, false, TRIGGER_FIRES_ON_ORIGIN},
	{"truncate", TRIGGER_TYPE_TRUNCATE, false, false, false, TRIGGER_FIRES_ALWAYS},
	{"apply", TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE, true, false, false,
	TRIGGER_FIRES_ON_REPLICA}
};

Oid
InterestFindRelation(const char *schema, const char *name)
{
	Oid			namespace = get_namespace_oid(schema, true);

	return OidIsValid(namespace) ? get_relname_relid(name, namespace) : InvalidOid;
}

Oid
InterestRelationOwner(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

static Oid
FollowFunction(const char *function)
{
	List	   *name = list_make2(makeString(get_namespace_name(InterestSchema())), makeString(pstrdup(function)));

	return LookupFuncName(name, 0, NULL, false);
}

/*
 * Triggers that are there
 */

/* Whether a trigger's only argument is the model. */
static bool
IsOfModel(Relation triggers, HeapTuple tuple, const char *model)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_trigger_tgargs, RelationGetDescr(triggers), &isnull);
	bytea	   *arguments;

	if (isnull)
		return false;
	arguments = DatumGetByteaPP(value);
	return VARSIZE_ANY_EXHDR(arguments) == strlen(model) + 1 &&
		memcmp(VARDATA_ANY(arguments), model, strlen(model) + 1) == 0;
}

List *
InterestFindFollowers(const char *function_name, const char *model)
{
	Oid			function = FollowFunction(function_name);
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(triggers, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *found = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		InterestFollower *trigger;

		if (form->tgfoid != function || !IsOfModel(triggers, tuple, model))
			continue;
		trigger = palloc(sizeof(InterestFollower));
		trigger->oid = form->oid;
		trigger->table = form->tgrelid;
		trigger->type = form->tgtype;
		trigger->fires = form->tgenabled;
		found = lappend(found, trigger);
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	return found;
}

bool
InterestHasFollowers(List *found, Oid table)
{
	for (int i = 0; i < (int) lengthof(trigger_kinds); i++)
	{
		const TriggerKind *kind = &trigger_kinds[i];
		int16		type = kind->events | (kind->row ? TRIGGER_TYPE_ROW : 0);
		bool		there = kind->row && get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE;
		ListCell   *cell;

		foreach(cell, found)
		{
			const InterestFollower *trigger = lfirst(cell);

			there |= trigger->table == table && trigger->type == type && trigger->fires == kind->fires;
		}
		if (!there)
			return false;
	}
	return true;
}

void
InterestDropFollower(const InterestFollower *trigger)
{
	ObjectAddress address;

	ObjectAddressSet(address, TriggerRelationId, trigger->oid);
	performDeletion(&address, DROP_RESTRICT, PERFORM_DELETION_INTERNAL);
}

/*
 * Triggers that shall be there
 */

static Node *
MakeTransition(const char *name, bool is_new)
{
	TriggerTransition *transition = makeNode(TriggerTransition);

	transition->name = pstrdup(name);
	transition->isNew = is_new;
	transition->isTable = true;
	return (Node *) transition;
}

/* Waits for those who are writing to the table, and lets nobody write until the transaction ends. */
static void
CreateFollower(const char *function, const char *prefix, const char *model, Oid table, const TriggerKind *kind)
{
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);

	statement->trigname = makeObjectName(prefix, model, kind->label);
	statement->relation = makeRangeVar(get_namespace_name(get_rel_namespace(table)), get_rel_name(table), -1);
	statement->args = list_make1(makeString(pstrdup(model)));
	statement->row = kind->row;
	statement->timing = TRIGGER_TYPE_AFTER;
	statement->events = kind->events;
	if (kind->old_rows)
		statement->transitionRels = lappend(statement->transitionRels, MakeTransition(INTEREST_OLD_ROWS, false));
	if (kind->new_rows)
		statement->transitionRels = lappend(statement->transitionRels, MakeTransition(INTEREST_NEW_ROWS, true));
	CreateTriggerFiringOn(statement, NULL, table, InvalidOid, InvalidOid, InvalidOid, FollowFunction(function),
						  InvalidOid, NULL, false, false, kind->fires);
	CommandCounterIncrement();
}

/* The trigger of that kind that the table has; one that fires at other times is dropped. */
static bool
HasFollower(List *found, Oid table, const TriggerKind *kind)
{
	int16		type = kind->events | (kind->row ? TRIGGER_TYPE_ROW : 0);
	ListCell   *cell;

	foreach(cell, found)
	{
		InterestFollower *trigger = lfirst(cell);

		if (trigger->table != table || trigger->type != type)
			continue;
		if (trigger->fires == kind->fires)
			return true;
		InterestDropFollower(trigger);
	}
	return false;
}

void
InterestCheckFollowable(Oid table)
{
	char		kind = get_rel_relkind(table);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" cannot be followed", get_rel_name(table)),
				 errdetail("Only tables and their partitions have the triggers that this takes."),
				 errhint("For a view, name the tables below it in on_tables; profiles of other sources are made with interest_accumulate, in a materialized view.")));
	if (get_rel_persistence(table) != RELPERSISTENCE_PERMANENT)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("temporary or unlogged table \"%s\" cannot be followed", get_rel_name(table)),
				 errdetail("Such a table can be emptied without a statement that does it."),
				 errhint("For an unlogged one, ALTER TABLE ... SET LOGGED.")));
}

void
InterestFollowTable(const char *function, const char *prefix, const char *model, Oid table, List *found)
{
	InterestCheckFollowable(table);
	for (int i = 0; i < (int) lengthof(trigger_kinds); i++)
	{
		const TriggerKind *kind = &trigger_kinds[i];

		/* a partitioned table's row triggers would be its partitions' */
		if (kind->row && get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE)
			continue;
		if (!HasFollower(found, table, kind))
			CreateFollower(function, prefix, model, table, kind);
	}
}

char *
InterestColumnTypeSql(Oid type, Oid collation)
{
	char	   *sql = format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	if (!OidIsValid(collation))
		return sql;
	return psprintf("%s COLLATE %s", sql, generate_collation_name(collation));
}

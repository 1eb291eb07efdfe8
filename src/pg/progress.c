/*
 * progress.c
 *	  How far a training, an evaluation or a rebuild is, for the view interest_progress.
 *
 * The server's own progress slots carry it under a command number that the
 * server does not use: they work without preloading and are cleared when the
 * transaction fails.
 */
#include "pg/compat.h"

#include "catalog/pg_authid.h"
#include "commands/progress.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"

#include "pg/progress.h"

/* Far above the server's own commands. */
#define PROGRESS_COMMAND_INTEREST ((ProgressCommandType) 0x1e5)

enum
{
	PARAMETER_PHASE, PARAMETER_EPOCH, PARAMETER_EPOCHS, PARAMETER_DONE, PARAMETER_TOTAL, PARAMETERS
};

static const char *const phase_names[] = {
	"reading rows", "encoding texts", "preparing", "training", "validating", "evaluating", "storing",
	"computing profiles", "computing items"
};

/* Columns of interest_progress_slots. */
#define COLUMNS 8

void
InterestProgressBegin(int epochs)
{
	pgstat_progress_start_command(PROGRESS_COMMAND_INTEREST, InvalidOid);
	pgstat_progress_update_param(PARAMETER_EPOCHS, epochs);
}

void
InterestProgressUpdate(InterestProgressPhase phase, int epoch, int64 done, int64 total)
{
	const int	parameters[] = {PARAMETER_PHASE, PARAMETER_EPOCH, PARAMETER_DONE, PARAMETER_TOTAL};
	const int64 values[] = {phase, epoch, done, total};

	pgstat_progress_update_multi_param(lengthof(parameters), parameters, values);
}

void
InterestProgressCount(InterestProgressPhase phase)
{
	const volatile PgBackendStatus *own = MyBEEntry;

	if (own && own->st_progress_command == PROGRESS_COMMAND_INTEREST && own->st_progress_param[PARAMETER_PHASE] == (int64) phase)
		pgstat_progress_update_param(PARAMETER_DONE, own->st_progress_param[PARAMETER_DONE] + 1);
}

void
InterestProgressEnd(void)
{
	pgstat_progress_end_command();
}

void
InterestProgressObserve(void *context, InterestTrainingPhase phase, int epoch, int64_t done, int64_t total)
{
	static const InterestProgressPhase phases[] = {
		[INTEREST_PHASE_PREPARE] = INTEREST_PROGRESS_PREPARE,
		[INTEREST_PHASE_TRAIN] = INTEREST_PROGRESS_TRAIN,
		[INTEREST_PHASE_VALIDATE] = INTEREST_PROGRESS_VALIDATE,
		[INTEREST_PHASE_EVALUATE] = INTEREST_PROGRESS_EVALUATE,
	};

	InterestProgressUpdate(phases[phase], epoch, done, total);
}

static PgBackendStatus *
BackendStatus(int index)
{
#if PG_VERSION_NUM >= 160000
	return &pgstat_get_local_beentry_by_index(index)->backendStatus;
#else
	return &pgstat_fetch_stat_local_beentry(index)->backendStatus;
#endif
}

/* Others' trainings are shown as the server shows others' commands: to readers of all statistics. */
static bool
MayShow(Oid user)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) || has_privs_of_role(GetUserId(), user);
}

static void
FillParameters(const PgBackendStatus *status, Datum *values, bool *nulls)
{
	int64		phase = status->st_progress_param[PARAMETER_PHASE];

	if (phase >= 0 && phase < (int64) lengthof(phase_names))
		values[3] = CStringGetTextDatum(phase_names[phase]);
	else
		nulls[3] = true;
	values[4] = Int64GetDatum(status->st_progress_param[PARAMETER_EPOCH]);
	values[5] = Int64GetDatum(status->st_progress_param[PARAMETER_EPOCHS]);
	values[6] = Int64GetDatum(status->st_progress_param[PARAMETER_DONE]);
	values[7] = Int64GetDatum(status->st_progress_param[PARAMETER_TOTAL]);
}

INTEREST_FUNCTION(interest_progress_slots);
Datum
interest_progress_slots(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			count = pgstat_fetch_stat_numbackends();

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 1; i <= count; i++)
	{
		const PgBackendStatus *status = BackendStatus(i);
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {false};

		if (status->st_progress_command != PROGRESS_COMMAND_INTEREST)
			continue;
		values[0] = Int32GetDatum(status->st_procpid);
		values[1] = ObjectIdGetDatum(status->st_databaseid);
		values[2] = ObjectIdGetDatum(status->st_userid);
		if (MayShow(status->st_userid))
			FillParameters(status, values, nulls);
		else
			memset(nulls + 3, true, COLUMNS - 3);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * dates.c
 *	  Times that are written in texts.
 */
#include "pg/compat.h"

#include "miscadmin.h"
#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "pg/dates.h"

/* Words that mean another time tomorrow. */
static bool
DependsOnClock(char **fields, int *types, int count)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};

	for (int i = 0; i < count; i++)
		for (int j = 0; j < (int) lengthof(words); j++)
			if (types[i] == DTK_STRING && strcmp(fields[i], words[j]) == 0)
				return true;
	return false;
}

/* What the server's input of timestamp with time zone does, without its errors. */
static bool
Parse(const char *text, TimestampTz *time)
{
	char		buffer[MAXDATELEN + MAXDATEFIELDS];
	char	   *fields[MAXDATEFIELDS];
	int			types[MAXDATEFIELDS];
	struct pg_tm parts;
	fsec_t		fraction;
	int			count;
	int			kind;
	int			zone = 0;
#if PG_VERSION_NUM >= 160000
	DateTimeErrorExtra extra;
#endif

	if (ParseDateTime(text, buffer, sizeof(buffer), fields, types, MAXDATEFIELDS, &count) != 0 ||
		DependsOnClock(fields, types, count) ||
#if PG_VERSION_NUM >= 160000
		DecodeDateTime(fields, types, count, &kind, &parts, &fraction, &zone, &extra) != 0)
#else
		DecodeDateTime(fields, types, count, &kind, &parts, &fraction, &zone) != 0)
#endif
		return false;
	switch (kind)
	{
		case DTK_DATE:
			return tm2timestamp(&parts, fraction, &zone, time) == 0;
		case DTK_EPOCH:
			*time = SetEpochTimestamp();
			return true;
		default:
			/* Infinite ones: a row's time is not. */
			return false;
	}
}

bool
InterestTimeOf(const char *text, InterestDateOrder order, int64 *time)
{
	static const int orders[] = {
		[INTEREST_DATES_MDY] = DATEORDER_MDY, [INTEREST_DATES_DMY] = DATEORDER_DMY, [INTEREST_DATES_YMD] = DATEORDER_YMD
	};
	int			session_order = DateOrder;
	pg_tz	   *session_zone = session_timezone;
	volatile bool parsed = false;

	/* The settings themselves would take longer to switch than the text to read. */
	PG_TRY();
	{
		DateOrder = orders[order];
		session_timezone = pg_tzset("UTC");
		parsed = Parse(text, time);
	}
	PG_FINALLY();
	{
		DateOrder = session_order;
		session_timezone = session_zone;
	}
	PG_END_TRY();
	return parsed;
}

int64
InterestParseTime(const char *column, const char *text, InterestDateOrder order)
{
	int64		time;

	if (!InterestTimeOf(text, order, &time))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_DATETIME_FORMAT),
				 errmsg("column \"%s\" has a text that is not a time", column),
				 errhint("Times in texts are such as 2026-05-17 08:30, in the order of days and months that the model's option dates says; use NULL for a missing one.")));
	return time;
}

double
InterestDaysOf(int64 time)
{
	return (double) time / USECS_PER_DAY;
}

/*
 * dates.h
 *	  Times that are written in texts.
 */
#ifndef INTEREST_DATES_H
#define INTEREST_DATES_H

#include "datatype/timestamp.h"

#include "core/network/features.h"

/*
 * The time that a text says, as the server's own input reads it, whatever the
 * session's settings: days and months in the order given, UTC where it names no
 * zone.  False, or an error that names the column, if it says none, or one that
 * depends on when it is read ("now", "yesterday"); the text is not quoted.
 */
extern bool InterestTimeOf(const char *text, InterestDateOrder order, int64 *time);
extern int64 InterestParseTime(const char *column, const char *text, InterestDateOrder order);

/* Days since 2000-01-01 UTC: a time as a number. */
extern double InterestDaysOf(int64 time);

#endif

/*
 * status.c
 *	  How the core says that something failed.
 */
#include "core/base/status.h"

#include <stdarg.h>
#include <stdio.h>

bool
InterestFail(InterestStatus *status, InterestCode code, const char *format,...)
{
	va_list		args;

	status->code = code;
	status->detail[0] = '\0';
	status->hint[0] = '\0';
	va_start(args, format);
	vsnprintf(status->message, sizeof(status->message), format, args);
	va_end(args);
	return false;
}

bool
InterestCheckOption(bool holds, const char *what, InterestStatus *status)
{
	return holds || InterestFail(status, INTEREST_INVALID_ARGUMENT, "%s is out of range", what);
}

bool
InterestDetail(InterestStatus *status, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(status->detail, sizeof(status->detail), format, args);
	va_end(args);
	return false;
}

bool
InterestHint(InterestStatus *status, const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vsnprintf(status->hint, sizeof(status->hint), format, args);
	va_end(args);
	return false;
}

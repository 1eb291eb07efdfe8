/*
 * status.h
 *	  How the core says that something failed.
 *
 * A core function that can fail on input returns bool and takes an
 * InterestStatus: true leaves it untouched, false has filled it.  The caller
 * (in the extension the glue, which raises it with ereport) owns the words'
 * way to the user.  Messages follow the server's style: a lower-case primary,
 * detail and hint in full sentences.
 */
#ifndef INTEREST_STATUS_H
#define INTEREST_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define InterestPrintf(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define InterestPrintf(fmt, first)
#endif

typedef enum InterestCode
{
	INTEREST_OK = 0,
	INTEREST_INVALID_TEXT,		/* text a user typed is malformed */
	INTEREST_INVALID_BINARY,	/* bytes a client sent are malformed */
	INTEREST_INVALID_ARGUMENT,	/* well formed, but not a value we can use */
	INTEREST_DATA_EXCEPTION,	/* NaN, infinity, widths that differ */
	INTEREST_CORRUPT,			/* a file or stored content is damaged */
	INTEREST_UNSUPPORTED,		/* sound, but nothing we can run */
	INTEREST_LIMIT_EXCEEDED,	/* over a named limit */
	INTEREST_MISMATCH			/* fingerprints differ, not a part of ... */
} InterestCode;

typedef struct InterestStatus
{
	InterestCode code;
	char		message[256];
	char		detail[512];	/* empty: none */
	char		hint[512];		/* empty: none */
} InterestStatus;

/* Fills status and returns false, so that a failure is one return statement. */
extern bool InterestFail(InterestStatus *status, InterestCode code,
						 const char *format,...) InterestPrintf(3, 4);

/* Fails unless it holds: what, as "the batch size", is out of range. */
extern bool InterestCheckOption(bool holds, const char *what, InterestStatus *status);

/* Adds a detail or a hint to a failed status; both return false too. */
extern bool InterestDetail(InterestStatus *status, const char *format,...) InterestPrintf(2, 3);
extern bool InterestHint(InterestStatus *status, const char *format,...) InterestPrintf(2, 3);

#endif

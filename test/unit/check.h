/*
 * check.h
 *	  The few words that the core's unit tests are written in.
 *
 * A unit test is a program of its own: main calls the checks and ends with
 * return CheckReport("subject").  A failed check is printed and counted, and
 * the program goes on.  A program in which no check ran has failed, unless it
 * said with CheckSkip what it was missing.
 */
#ifndef INTEREST_CHECK_H
#define INTEREST_CHECK_H

#include "core/base/arena.h"

#include <stdbool.h>
#include <stdint.h>

#define CHECK(condition) \
	CheckCondition((condition), #condition, __FILE__, __LINE__)

/* |a - b| <= tolerance; a NaN on either side fails. */
#define CHECK_NEAR(a, b, tolerance) \
	CheckNear((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)

/* NULL equals only NULL. */
#define CHECK_STRING(a, b) \
	CheckString((a), (b), #a, #b, __FILE__, __LINE__)

#define CHECK_INTEGER(a, b) \
	CheckInteger((int64_t) (a), (int64_t) (b), #a, #b, __FILE__, __LINE__)

/* Each returns whether the check held, so that a test can stop where it must. */
extern bool CheckCondition(bool holds, const char *text, const char *file, int line);
extern bool CheckNear(double a, double b, double tolerance,
					  const char *a_text, const char *b_text, const char *file, int line);
extern bool CheckString(const char *a, const char *b,
						const char *a_text, const char *b_text, const char *file, int line);
extern bool CheckInteger(int64_t a, int64_t b,
						 const char *a_text, const char *b_text, const char *file, int line);

/* Counts a part that could not run here, and prints why. */
extern void CheckSkip(const char *reason);

/* Prints the plan and the closing count; the exit status of main. */
extern int	CheckReport(const char *subject);

/* A host over malloc and free, for arenas; never cancels. */
extern const InterestHost *CheckHost(void);

#endif

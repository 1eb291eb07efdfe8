/*
 * check.c
 *	  The few words that the core's unit tests are written in.
 */
#include "check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Failures past this many are counted and not printed: a broken loop would fill the log. */
#define FAILURES_PRINTED 25

static int	passed = 0;
static int	failed = 0;
static int	skipped = 0;

/* Counts one check; true when the caller should print what it saw. */
static bool
Count(bool holds, const char *file, int line)
{
	if (holds)
	{
		passed++;
		return false;
	}
	failed++;
	if (failed > FAILURES_PRINTED)
		return false;
	printf("not ok %d - %s:%d\n", passed + failed, file, line);
	return true;
}

bool
CheckCondition(bool holds, const char *text, const char *file, int line)
{
	if (Count(holds, file, line))
		printf("# %s\n", text);
	return holds;
}

bool
CheckNear(double a, double b, double tolerance,
		  const char *a_text, const char *b_text, const char *file, int line)
{
	/* Equal infinities differ by NaN, yet are near. */
	bool		holds = a == b || fabs(a - b) <= tolerance;

	if (Count(holds, file, line))
		printf("# %s = %.17g\n# %s = %.17g\n# differ by %.3g, allowed %.3g\n",
			   a_text, a, b_text, b, fabs(a - b), tolerance);
	return holds;
}

bool
CheckString(const char *a, const char *b,
			const char *a_text, const char *b_text, const char *file, int line)
{
	bool		holds = a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);

	if (Count(holds, file, line))
		printf("# %s = %s\n# %s = %s\n",
			   a_text, a ? a : "NULL", b_text, b ? b : "NULL");
	return holds;
}

bool
CheckInteger(int64_t a, int64_t b,
			 const char *a_text, const char *b_text, const char *file, int line)
{
	bool		holds = a == b;

	if (Count(holds, file, line))
		printf("# %s = %" PRId64 "\n# %s = %" PRId64 "\n", a_text, a, b_text, b);
	return holds;
}

void
CheckSkip(const char *reason)
{
	skipped++;
	printf("# skipped: %s\n", reason);
}

int
CheckReport(const char *subject)
{
	if (passed + failed + skipped == 0)
		Count(false, subject, 0);
	if (failed == 0)
		printf("ok - %s\n", subject);
	printf("1..%d\n%d passed, %d failed", passed + failed, passed, failed);
	if (skipped > 0)
		printf(", %d skipped", skipped);
	printf("\n");
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void *
AllocateBlock(void *context, size_t size)
{
	void	   *block = malloc(size > 0 ? size : 1);

	(void) context;
	if (block == NULL)
	{
		fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	return block;
}

static void
ReleaseBlock(void *context, void *block)
{
	(void) context;
	free(block);
}

const InterestHost *
CheckHost(void)
{
	static const InterestHost host = {NULL, AllocateBlock, ReleaseBlock, NULL};

	return &host;
}

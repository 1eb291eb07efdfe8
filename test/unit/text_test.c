/*
 * text_test.c
 *	  Runs of scripts without spaces.
 */
#include "check.h"

#include "core/text/unspaced.h"

#include <stdio.h>

/* "[run][run]..." of a text */
static void
CheckRuns(const char *text, const char *expected)
{
	InterestSpan rest = {text, strlen(text)};
	InterestSpan run;
	char		found[256] = "";
	size_t		used = 0;

	while ((run = InterestNextUnspacedRun(&rest)).data != NULL)
		used += (size_t) snprintf(found + used, sizeof(found) - used, "[%.*s]", (int) run.length, run.data);
	CHECK_STRING(found, expected);
	CHECK_INTEGER(rest.length, 0);
}

static void
TestUnspaced(void)
{
	CheckRuns("", "");
	CheckRuns("a quiet film", "");
	CheckRuns("\xc3\xa9t\xc3\xa9 \xce\xa9 \xd0\xaf \xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 \xf0\x9f\x98\x80", "");
	CheckRuns("\xe4\xb8\xad\xe6\x96\x87", "[\xe4\xb8\xad\xe6\x96\x87]");
	CheckRuns("a\xe4\xb8\xad\xe6\x96\x87" "b\xe6\x97\xa5", "[\xe4\xb8\xad\xe6\x96\x87][\xe6\x97\xa5]");
	CheckRuns("\xe4\xb8\xad\xef\xbc\x8c\xe6\x96\x87\xe3\x80\x82", "[\xe4\xb8\xad][\xe6\x96\x87]");	/* full-width comma, stop */
	CheckRuns("\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3\x83\x88", "[\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3\x83\x88]");
	CheckRuns("\xe0\xb8\xa0\xe0\xb8\xb2\xe0\xb8\xa9\xe0\xb8\xb2 \xe0\xb9\x91\xe0\xb9\x92",
			  "[\xe0\xb8\xa0\xe0\xb8\xb2\xe0\xb8\xa9\xe0\xb8\xb2]");	/* Thai, then digits */
	CheckRuns("x \xf0\xa0\x80\x80 y", "[\xf0\xa0\x80\x80]");	/* Han beyond the BMP */
	CheckRuns("\xe4\xb8", "");	/* cut off: not a character, and no reading behind it */
}

int
main(void)
{
	TestUnspaced();
	return CheckReport("text");
}

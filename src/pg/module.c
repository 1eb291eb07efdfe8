/*
 * module.c
 *	  What the server finds first when it loads the library.
 */
#include "pg/compat.h"

#include "pg/encode_ahead.h"
#include "pg/settings.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	InterestDefineSettings();
	InterestInstallEncodeAhead();
}

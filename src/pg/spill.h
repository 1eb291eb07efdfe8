/*
 * spill.h
 *	  A store (core/base/store.h) whose file is one of the server's temporary
 *	  files.
 *
 * The file is there once it is needed, counts as a temporary file of the session,
 * is held to temp_file_limit, and is gone with an error or the session.
 */
#ifndef INTEREST_SPILL_H
#define INTEREST_SPILL_H

#include "storage/buffile.h"
#include "utils/resowner.h"

#include "core/base/store.h"
#include "pg/report.h"

typedef struct InterestSpillMapping InterestSpillMapping;

typedef struct InterestSpill
{
	InterestStore store;
	InterestStoreFile store_file;
	InterestServerArena *arena;
	ResourceOwner owner;		/* of the file */
	BufFile    *file;			/* NULL: nothing was written yet */
	InterestSpillMapping *mappings; /* files of their own */
} InterestSpill;

/* So many bytes may lie in memory.  It lies in a child of the current context and is the current owner's. */
extern InterestSpill *InterestSpillBegin(const char *name, Size memory);
extern void InterestSpillEnd(InterestSpill *spill);

#endif

/*
 * spill.c
 *	  A store whose file is one of the server's temporary files.
 */
#include "pg/compat.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/spill.h"

/* Bytes between two looks at whether the session wants to stop. */
#define WRITTEN_AT_ONCE ((size_t) 1024 * 1024)

static void
OpenFile(InterestSpill *spill)
{
	MemoryContext caller = MemoryContextSwitchTo(spill->arena->context);
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = spill->owner;
	spill->file = BufFileCreateTemp(false);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(caller);
}

static void
SeekTo(InterestSpill *spill, int64_t at)
{
	if (BufFileSeek(spill->file, 0, at, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not seek in a temporary file: %m")));
}

static void
WriteFile(void *context, int64_t at, const void *bytes, size_t size)
{
	InterestSpill *spill = context;

	if (spill->file == NULL)
		OpenFile(spill);
	SeekTo(spill, at);
	for (size_t done = 0; done < size; done += WRITTEN_AT_ONCE)
	{
		CHECK_FOR_INTERRUPTS();
		BufFileWrite(spill->file, unconstify(char *, (const char *) bytes + done), Min(size - done, WRITTEN_AT_ONCE));
	}
}

static void
ReadFile(void *context, int64_t at, void *bytes, size_t size)
{
	InterestSpill *spill = context;

	SeekTo(spill, at);
	if (BufFileRead(spill->file, bytes, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from a temporary file: %m")));
}

/* The C library keeps what is freed between other blocks, unless it is asked. */
static void
GiveBackMemory(void *context)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

InterestSpill *
InterestSpillBegin(const char *name, Size memory)
{
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, name, INTEREST_STORE_BLOCK);
	InterestSpill *spill = MemoryContextAllocZero(arena->context, sizeof(InterestSpill));

	spill->arena = arena;
	spill->owner = CurrentResourceOwner;
	spill->store_file = (InterestStoreFile) {spill, WriteFile, ReadFile, GiveBackMemory};
	InterestStoreInit(&spill->store, &arena->arena, &spill->store_file, memory);
	return spill;
}

void
InterestSpillEnd(InterestSpill *spill)
{
	if (spill->file)
		BufFileClose(spill->file);
	InterestArenaEnd(spill->arena);
}

/*
 * spill.c
 *	  A store whose file is one of the server's temporary files.
 */
#include "pg/compat.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <sys/mman.h>

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "pg/spill.h"

/* Bytes between two looks at whether the session wants to stop. */
#define WRITTEN_AT_ONCE ((size_t) 1024 * 1024)

/* A temporary file that is memory, too. */
struct InterestSpillMapping
{
	InterestSpillMapping *next;
	MemoryContextCallback callback;
	File		file;
	void	   *base;
	Size		size;
};

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

/* All of it is on disk before it is mapped: a full disk, or temp_file_limit, is an error here and no fault later. */
static void
WriteZeros(File file, Size size)
{
	PGAlignedBlock zeros = {0};

	for (Size done = 0; done < size; done += sizeof(zeros))
	{
		int			length = (int) Min(size - done, sizeof(zeros));

		if (done % WRITTEN_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		errno = 0;
		if (FileWrite(file, zeros.data, length, (off_t) done, WAIT_EVENT_BUFFILE_WRITE) != length)
		{
			/* a short write has no other reason */
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write to a temporary file: %m")));
		}
	}
}

static void
Unmap(void *argument)
{
	InterestSpillMapping *mapping = argument;

	(void) munmap(mapping->base, mapping->size);
}

/* The memory goes with the arena's context, after an error the file with the owner. */
static void *
MapFile(void *context, size_t size)
{
	InterestSpill *spill = context;
	InterestSpillMapping *mapping = MemoryContextAlloc(spill->arena->context, sizeof(InterestSpillMapping));
	ResourceOwner owner = CurrentResourceOwner;

	/* as a BufFile does by itself: else temp_tablespaces is heeded only where something else was spilled before */
	PrepareTempTablespaces();
	CurrentResourceOwner = spill->owner;
	mapping->file = OpenTemporaryFile(false);
	CurrentResourceOwner = owner;
	WriteZeros(mapping->file, size);
	mapping->size = size;
	mapping->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, FileGetRawDesc(mapping->file), 0);
	if (mapping->base == MAP_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not map a temporary file: %m")));
	mapping->callback.func = Unmap;
	mapping->callback.arg = mapping;
	MemoryContextRegisterResetCallback(spill->arena->context, &mapping->callback);
	mapping->next = spill->mappings;
	spill->mappings = mapping;
	return mapping->base;
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
	spill->store_file = (InterestStoreFile) {spill, WriteFile, ReadFile, MapFile, GiveBackMemory};
	InterestStoreInit(&spill->store, &arena->arena, &spill->store_file, memory);
	return spill;
}

void
InterestSpillEnd(InterestSpill *spill)
{
	if (spill->file)
		BufFileClose(spill->file);
	for (InterestSpillMapping *mapping = spill->mappings; mapping; mapping = mapping->next)
		FileClose(mapping->file);
	InterestArenaEnd(spill->arena);
}

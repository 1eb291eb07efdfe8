/*
 * arena.c
 *	  A bump allocator over blocks of the host.
 */
#include "core/base/arena.h"

#include <string.h>

struct InterestArenaBlock
{
	InterestArenaBlock *older;
	size_t		size;			/* usable bytes from start on */
	char	   *start;			/* first aligned byte behind this header */
};

static size_t
RoundUp(size_t size)
{
	return (size + INTEREST_ALIGNMENT - 1) & ~(size_t) (INTEREST_ALIGNMENT - 1);
}

void
InterestArenaInit(InterestArena *arena, const InterestHost *host, size_t block_size)
{
	arena->host = host;
	arena->block = NULL;
	arena->used = 0;
	arena->block_size = RoundUp(block_size);
}

static void
AddBlock(InterestArena *arena, size_t size)
{
	size_t		usable = size > arena->block_size ? size : arena->block_size;
	InterestArenaBlock *block;

	block = arena->host->allocate(arena->host->context,
								  sizeof(InterestArenaBlock) + usable + INTEREST_ALIGNMENT);
	block->older = arena->block;
	block->size = usable;
	block->start = (char *) RoundUp((size_t) (uintptr_t) (block + 1));
	arena->block = block;
	arena->used = 0;
}

void *
InterestArenaAllocate(InterestArena *arena, size_t size)
{
	void	   *result;

	size = RoundUp(size);
	if (arena->block == NULL || size > arena->block->size - arena->used)
		AddBlock(arena, size);
	result = arena->block->start + arena->used;
	arena->used += size;
	return result;
}

void *
InterestArenaAllocateZero(InterestArena *arena, size_t size)
{
	return memset(InterestArenaAllocate(arena, size), 0, size);
}

InterestArenaMark
InterestArenaGetMark(const InterestArena *arena)
{
	InterestArenaMark mark = {arena->block, arena->used};

	return mark;
}

static void
ReleaseNewest(InterestArena *arena)
{
	InterestArenaBlock *block = arena->block;

	arena->block = block->older;
	arena->host->release(arena->host->context, block);
}

void
InterestArenaReturnTo(InterestArena *arena, InterestArenaMark mark)
{
	/*
	 * An arena that was empty at the mark keeps its one block if it is of
	 * ordinary size, so that a scratch arena does not ask its host for memory
	 * at every use.
	 */
	while (arena->block != mark.block &&
		   !(mark.block == NULL && arena->block->older == NULL &&
			 arena->block->size == arena->block_size))
		ReleaseNewest(arena);
	arena->used = arena->block == mark.block ? mark.used : 0;
}

size_t
InterestArenaFootprint(const InterestArena *arena)
{
	size_t		total = 0;

	for (const InterestArenaBlock *block = arena->block; block; block = block->older)
		total += sizeof(*block) + block->size + INTEREST_ALIGNMENT;
	return total;
}

void
InterestArenaFree(InterestArena *arena)
{
	while (arena->block)
		ReleaseNewest(arena);
	arena->used = 0;
}

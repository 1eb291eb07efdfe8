/*
 * arena.h
 *	  Memory, cancel checks and nothing else that the core asks of its host.
 *
 * The core never calls malloc.  It takes memory from an arena, whose blocks
 * come from the host: the extension gives palloc'd blocks, unit tests and
 * benchmarks malloc'd ones.
 */
#ifndef INTEREST_ARENA_H
#define INTEREST_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* Every allocation starts at a multiple of this: a cache line, an AVX-512 register. */
#define INTEREST_ALIGNMENT 64

/*
 * What the core may ask of whoever calls it.
 *
 * allocate never returns NULL: a host without memory does not return (the
 * server raises an error, a test aborts).  check_cancel is called in long
 * loops, at points where the core holds nothing, and need not return either;
 * NULL means never cancelled.
 */
typedef struct InterestHost
{
	void	   *context;
	void	   *(*allocate) (void *context, size_t size);
	void		(*release) (void *context, void *block);
	void		(*check_cancel) (void *context);
} InterestHost;

typedef struct InterestArenaBlock InterestArenaBlock;

typedef struct InterestArena
{
	const InterestHost *host;
	InterestArenaBlock *block;	/* newest block, linked to the older ones */
	size_t		used;			/* bytes used in the newest block */
	size_t		block_size;		/* least size of a new block */
} InterestArena;

typedef struct InterestArenaMark
{
	InterestArenaBlock *block;
	size_t		used;
} InterestArenaMark;

extern void InterestArenaInit(InterestArena *arena, const InterestHost *host, size_t block_size);

/* size bytes, aligned, not zeroed; a size of 0 gives a valid pointer. */
extern void *InterestArenaAllocate(InterestArena *arena, size_t size);
extern void *InterestArenaAllocateZero(InterestArena *arena, size_t size);

/*
 * Scratch use: everything allocated after a mark is given back at once.
 * Blocks newer than the mark are released to the host.
 */
extern InterestArenaMark InterestArenaGetMark(const InterestArena *arena);
extern void InterestArenaReturnTo(InterestArena *arena, InterestArenaMark mark);

/* Bytes that the arena holds from its host. */
extern size_t InterestArenaFootprint(const InterestArena *arena);

/* Releases every block; the arena can be used again. */
extern void InterestArenaFree(InterestArena *arena);

static inline void
InterestCheckCancel(const InterestHost *host)
{
	if (host->check_cancel)
		host->check_cancel(host->context);
}

#define InterestArenaNew(arena, type) \
	((type *) InterestArenaAllocate((arena), sizeof(type)))
#define InterestArenaArray(arena, type, count) \
	((type *) InterestArenaAllocate((arena), sizeof(type) * (size_t) (count)))

#endif

/*
 * store.h
 *	  Records that are written now and read again and again: in memory as far as
 *	  it may go, else in a file of the host.
 *
 * The newest records are those in memory: the oldest leave where it ends.
 *
 * What is read is the same bytes wherever they lay.  A record is as good as an
 * allocation: it starts at a multiple of INTEREST_STORE_ALIGNMENT.
 */
#ifndef INTEREST_BASE_STORE_H
#define INTEREST_BASE_STORE_H

#include "core/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTEREST_STORE_ALIGNMENT 8

/* Records lie in blocks of this size, a larger one in a block of its own. */
#define INTEREST_STORE_BLOCK ((size_t) 256 * 1024)

/*
 * The host's file.  write puts bytes where others are, or at the end, which grows
 * by them; read gives what was written.  map gives zeros of the file's own as
 * memory, until the host lets go of the file; it starts at a multiple of
 * INTEREST_ALIGNMENT.  None of them returns where it fails.  freed hears that
 * blocks of memory were given back; it may be NULL.
 */
typedef struct InterestStoreFile
{
	void	   *context;
	void		(*write) (void *context, int64_t at, const void *bytes, size_t size);
	void		(*read) (void *context, int64_t at, void *bytes, size_t size);
	void	   *(*map) (void *context, size_t size);
	void		(*freed) (void *context);
} InterestStoreFile;

/* Where a record lies. */
typedef struct InterestPlace
{
	uint32_t	block;
	uint32_t	offset;			/* bytes from the block's start */
} InterestPlace;

typedef struct InterestStoreBlock
{
	char	   *memory;			/* NULL: in the file */
	size_t		size;
	int64_t		at;				/* in the file */
} InterestStoreBlock;

typedef struct InterestStore
{
	InterestArena *arena;
	const InterestStoreFile *file;	/* NULL: everything stays in memory */
	size_t		memory;			/* bytes of blocks that may lie in memory; can be raised at any time, or limited */
	size_t		held;			/* bytes of those that do */
	int64_t		file_end;
	uint32_t	block_count;
	uint32_t	block_room;
	uint32_t	oldest;			/* blocks before it are in the file */
	InterestStoreBlock *blocks;
	char	   *buffer;			/* memory of the block that is filled, or of the next one; NULL: none */
	bool		filling;		/* the last block is filled in the buffer */
	size_t		used;			/* bytes of it */
} InterestStore;

/*
 * The arena keeps what stays in memory; file must stay.  With a file, blocks are
 * the arena's host's, until InterestStoreFree: they come and go one by one.
 */
extern void InterestStoreInit(InterestStore *store, InterestArena *arena,
							  const InterestStoreFile *file, size_t memory);

extern void InterestStoreFree(InterestStore *store);

/* From now on so many bytes of blocks at most lie in memory. */
extern void InterestStoreLimit(InterestStore *store, size_t memory);

extern InterestPlace InterestStoreAdd(InterestStore *store, const void *record, size_t size);

/* The same for a record that is hardly ever read: no other one leaves memory for it. */
extern InterestPlace InterestStoreAddAway(InterestStore *store, const void *record, size_t size);

/*
 * The first size bytes of a record, in the store's memory or, read from the file,
 * in scratch.  What lies in the store's memory stays there until the next record
 * is added.
 */
extern const void *InterestStoreGet(const InterestStore *store, InterestPlace place, size_t size,
									InterestArena *scratch);

/* The same into memory of the caller's. */
extern void InterestStoreRead(const InterestStore *store, InterestPlace place, void *to, size_t size);

/* Writes over the first size bytes of a record. */
extern void InterestStoreReplace(InterestStore *store, InterestPlace place, const void *bytes, size_t size);

/*
 * size bytes of zeros that are read and written here and there, over and over:
 * no records, and no part of the store's memory.  They lie in the arena where
 * there is no file.
 */
extern void *InterestStoreMap(InterestStore *store, size_t size);

/* Whether some of it is in the file. */
extern bool InterestStoreHasSpilled(const InterestStore *store);

#endif

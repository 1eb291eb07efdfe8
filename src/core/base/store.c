/*
 * store.c
 *	  Records in memory as far as it may go, else in a file of the host.
 */
#include "core/base/store.h"

#include <string.h>

#define FIRST_ROOM 64

static size_t
RoundUp(size_t size)
{
	return (size + INTEREST_STORE_ALIGNMENT - 1) / INTEREST_STORE_ALIGNMENT * INTEREST_STORE_ALIGNMENT;
}

void
InterestStoreInit(InterestStore *store, InterestArena *arena, const InterestStoreFile *file,
				  size_t memory)
{
	*store = (InterestStore) {.arena = arena, .file = file, .memory = memory};
}

bool
InterestStoreHasSpilled(const InterestStore *store)
{
	return store->file_end > 0;
}

void *
InterestStoreMap(InterestStore *store, size_t size)
{
	if (store->file == NULL)
		return InterestArenaAllocateZero(store->arena, size);
	return store->file->map(store->file->context, size);
}

/* The next block, which lies nowhere yet. */
static InterestStoreBlock *
NewBlock(InterestStore *store)
{
	if (store->block_count == store->block_room)
	{
		InterestStoreBlock *old = store->blocks;

		store->block_room = old ? 2 * store->block_room : FIRST_ROOM;
		store->blocks = InterestArenaArray(store->arena, InterestStoreBlock, store->block_room);
		if (old)
			memcpy(store->blocks, old, sizeof(InterestStoreBlock) * store->block_count);
	}
	store->blocks[store->block_count] = (InterestStoreBlock) {NULL, 0, 0};
	return &store->blocks[store->block_count++];
}

static char *
NewMemory(const InterestStore *store, size_t size)
{
	const InterestHost *host = store->arena->host;

	return store->file ? host->allocate(host->context, size) : InterestArenaAllocate(store->arena, size);
}

static void
WriteBlock(InterestStore *store, InterestStoreBlock *block, const void *bytes)
{
	block->at = store->file_end;
	store->file->write(store->file->context, block->at, bytes, block->size);
	block->memory = NULL;
	store->file_end += (int64_t) block->size;
}

/* The oldest block that is in memory goes to the file; its memory is the next buffer where there is none. */
static void
SpillOldest(InterestStore *store)
{
	const InterestHost *host = store->arena->host;
	InterestStoreBlock *block;
	char	   *memory;

	while (store->blocks[store->oldest].memory == NULL)
		store->oldest++;
	block = &store->blocks[store->oldest++];
	memory = block->memory;
	WriteBlock(store, block, memory);
	store->held -= block->size;
	if (store->buffer == NULL && block->size == INTEREST_STORE_BLOCK)
		store->buffer = memory;
	else
		host->release(host->context, memory);
}

/* Whether a block can stay in memory beside all that is there. */
static bool
HasMemory(const InterestStore *store, size_t size)
{
	return store->file == NULL || (size <= store->memory && store->held <= store->memory - size);
}

/* Whether it can, the oldest ones having left. */
static bool
MakeMemory(InterestStore *store, size_t size)
{
	if (store->file && size > store->memory)
		return false;
	while (!HasMemory(store, size))
		SpillOldest(store);
	return true;
}

/* The block that is filled stays where it is, or leaves its memory to the next one. */
static void
EndBlock(InterestStore *store)
{
	InterestStoreBlock *block;
	char	   *filled = store->buffer;

	if (!store->filling)
		return;
	block = &store->blocks[store->block_count - 1];
	store->filling = false;
	store->buffer = NULL;
	if (MakeMemory(store, block->size))
	{
		block->memory = filled;
		store->held += block->size;
		return;
	}
	WriteBlock(store, block, filled);
	store->buffer = filled;
}

static void
StartBlock(InterestStore *store)
{
	InterestStoreBlock *block;

	EndBlock(store);
	if (store->buffer == NULL)
		store->buffer = NewMemory(store, INTEREST_STORE_BLOCK);
	memset(store->buffer, 0, INTEREST_STORE_BLOCK);
	block = NewBlock(store);
	block->memory = store->buffer;
	block->size = INTEREST_STORE_BLOCK;
	store->filling = true;
	store->used = 0;
}

/* A record in a block of its own. */
static InterestPlace
AddLarge(InterestStore *store, const void *record, size_t size, bool away)
{
	InterestStoreBlock *block;
	bool		stays;

	EndBlock(store);
	stays = away ? HasMemory(store, size) : MakeMemory(store, size);
	block = NewBlock(store);
	block->size = size;
	if (stays)
	{
		block->memory = NewMemory(store, size);
		memcpy(block->memory, record, size);
		store->held += size;
	}
	else
		WriteBlock(store, block, record);
	return (InterestPlace) {store->block_count - 1, 0};
}

void
InterestStoreLimit(InterestStore *store, size_t memory)
{
	size_t		held = store->held;

	store->memory = memory;
	if (store->file == NULL)
		return;
	while (store->held > memory)
		SpillOldest(store);
	if (store->held < held && store->file->freed)
		store->file->freed(store->file->context);
}

void
InterestStoreFree(InterestStore *store)
{
	const InterestHost *host = store->arena->host;

	if (store->file == NULL)
		return;
	for (uint32_t i = 0; i < store->block_count; i++)
		if (store->blocks[i].memory && store->blocks[i].memory != store->buffer)
			host->release(host->context, store->blocks[i].memory);
	if (store->buffer)
		host->release(host->context, store->buffer);
	if (store->file->freed)
		store->file->freed(store->file->context);
	InterestStoreInit(store, store->arena, store->file, store->memory);
}

InterestPlace
InterestStoreAddAway(InterestStore *store, const void *record, size_t size)
{
	return AddLarge(store, record, size, true);
}

InterestPlace
InterestStoreAdd(InterestStore *store, const void *record, size_t size)
{
	InterestPlace place;

	if (size > INTEREST_STORE_BLOCK)
		return AddLarge(store, record, size, false);
	if (!store->filling || size > INTEREST_STORE_BLOCK - store->used)
		StartBlock(store);
	place = (InterestPlace) {store->block_count - 1, (uint32_t) store->used};
	memcpy(store->buffer + store->used, record, size);
	store->used += RoundUp(size);
	return place;
}

const void *
InterestStoreGet(const InterestStore *store, InterestPlace place, size_t size, InterestArena *scratch)
{
	const InterestStoreBlock *block = &store->blocks[place.block];
	void	   *copy;

	if (block->memory)
		return block->memory + place.offset;
	copy = InterestArenaAllocate(scratch, size);
	InterestStoreRead(store, place, copy, size);
	return copy;
}

void
InterestStoreRead(const InterestStore *store, InterestPlace place, void *to, size_t size)
{
	const InterestStoreBlock *block = &store->blocks[place.block];

	if (block->memory)
		memcpy(to, block->memory + place.offset, size);
	else
		store->file->read(store->file->context, block->at + place.offset, to, size);
}

void
InterestStoreReplace(InterestStore *store, InterestPlace place, const void *bytes, size_t size)
{
	InterestStoreBlock *block = &store->blocks[place.block];

	if (block->memory)
		memcpy(block->memory + place.offset, bytes, size);
	else
		store->file->write(store->file->context, block->at + place.offset, bytes, size);
}

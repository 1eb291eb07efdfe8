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

static bool
HasMemory(const InterestStore *store, size_t size)
{
	return store->file == NULL || (store->held <= store->memory && size <= store->memory - store->held);
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
	store->blocks[store->block_count] = (InterestStoreBlock) {NULL, 0};
	return &store->blocks[store->block_count++];
}

static void
WriteBlock(InterestStore *store, InterestStoreBlock *block, const void *bytes, size_t size)
{
	block->memory = NULL;
	block->at = store->file_end;
	store->file->write(store->file->context, block->at, bytes, size);
	store->file_end += (int64_t) size;
}

/* The block that is filled stays where it is, or leaves its memory to the next one. */
static void
EndBlock(InterestStore *store)
{
	if (!store->filling)
		return;
	store->filling = false;
	if (HasMemory(store, INTEREST_STORE_BLOCK))
	{
		store->held += INTEREST_STORE_BLOCK;
		store->buffer = NULL;
	}
	else
		WriteBlock(store, &store->blocks[store->block_count - 1], store->buffer, INTEREST_STORE_BLOCK);
}

static void
StartBlock(InterestStore *store)
{
	EndBlock(store);
	if (store->buffer == NULL)
		store->buffer = InterestArenaAllocateZero(store->arena, INTEREST_STORE_BLOCK);
	NewBlock(store)->memory = store->buffer;
	store->filling = true;
	store->used = 0;
}

/* A record in a block of its own. */
static InterestPlace
AddLarge(InterestStore *store, const void *record, size_t size)
{
	InterestStoreBlock *block;

	EndBlock(store);
	block = NewBlock(store);
	if (HasMemory(store, size))
	{
		store->held += size;
		block->memory = InterestArenaAllocate(store->arena, size);
		memcpy(block->memory, record, size);
	}
	else
		WriteBlock(store, block, record, size);
	return (InterestPlace) {store->block_count - 1, 0};
}

InterestPlace
InterestStoreAdd(InterestStore *store, const void *record, size_t size)
{
	InterestPlace place;

	if (size > INTEREST_STORE_BLOCK)
		return AddLarge(store, record, size);
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

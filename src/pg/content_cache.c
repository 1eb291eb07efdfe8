/*
 * content_cache.c
 *	  What this backend holds of encoders and models, by the SHA-256 of content.
 */
#include "pg/compat.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "pg/content_cache.h"
#include "pg/query_mark.h"
#include "pg/settings.h"

/* Lies in the context that it describes, and goes with it. */
typedef struct Entry
{
	dlist_node	node;
	uint8		hash[INTEREST_CONTENT_HASH_SIZE];
	MemoryContext context;
	void	   *content;
	Size		size;
	uint32		transaction;	/* that used it last */
} Entry;

/* Most recently used first; a handful, so a list is searched fastest. */
static dlist_head entries = DLIST_STATIC_INIT(entries);

static bool
IsInUse(const Entry *entry)
{
	return entry->transaction == InterestTransaction();
}

static void
Free(Entry *entry)
{
	dlist_delete(&entry->node);
	MemoryContextDelete(entry->context);
}

static void
Evict(void)
{
	Size		held = 0;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		held += entry->size;
		if (held > (Size) interest_model_cache * 1024 && !IsInUse(entry))
		{
			held -= entry->size;
			Free(entry);
		}
	}
}

void *
InterestContentFind(const uint8 *hash)
{
	dlist_iter	iter;

	dlist_foreach(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		if (memcmp(entry->hash, hash, INTEREST_CONTENT_HASH_SIZE) == 0)
		{
			bool		used_before = IsInUse(entry);

			dlist_move_head(&entries, &entry->node);
			entry->transaction = InterestTransaction();
			/* there may be less room than when it was loaded */
			if (!used_before)
				Evict();
			return entry->content;
		}
	}
	return NULL;
}

void
InterestContentKeep(const uint8 *hash, MemoryContext context, void *content)
{
	Entry	   *entry = MemoryContextAlloc(context, sizeof(Entry));

	memcpy(entry->hash, hash, INTEREST_CONTENT_HASH_SIZE);
	entry->context = context;
	entry->content = content;
	entry->size = MemoryContextMemAllocated(context, true);
	entry->transaction = InterestTransaction();
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&entries, &entry->node);
	Evict();
}

void
InterestContentRelease(MemoryContext context)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &entries)
	{
		Entry	   *entry = dlist_container(Entry, node, iter.cur);

		if (entry->context == context && !IsInUse(entry))
			Free(entry);
	}
}

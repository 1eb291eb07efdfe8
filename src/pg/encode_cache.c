/*
 * encode_cache.c
 *	  Vectors of the texts that this backend has encoded already.
 */
#include "pg/compat.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "core/base/hash.h"
#include "pg/content_cache.h"
#include "pg/encode_cache.h"
#include "pg/settings.h"

typedef struct TextKey
{
	uint64		hash;
	const uint8 *content_hash;
	const char *text;
	Size		length;
} TextKey;

/* One allocation: the entry, its vector, the content hash, the text. */
typedef struct Entry
{
	TextKey		key;
	dlist_node	node;
	Size		size;			/* bytes held, those of its slot included */
	float		vector[FLEXIBLE_ARRAY_MEMBER];
} Entry;

typedef struct Slot
{
	const TextKey *key;			/* of an Entry */
	char		status;
} Slot;

static inline bool
KeysEqual(const TextKey *a, const TextKey *b)
{
	return a->hash == b->hash && a->length == b->length &&
		memcmp(a->text, b->text, a->length) == 0 &&
		memcmp(a->content_hash, b->content_hash, INTEREST_CONTENT_HASH_SIZE) == 0;
}

#define SH_PREFIX text_table
#define SH_ELEMENT_TYPE Slot
#define SH_KEY_TYPE const TextKey *
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) (key)->hash)
#define SH_EQUAL(table, a, b) KeysEqual(a, b)
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* All NULL, empty and 0 together.  The entries lie in context. */
static MemoryContext context = NULL;
static text_table_hash *table = NULL;
static dlist_head recency = DLIST_STATIC_INIT(recency); /* most recently used first */
static Size held = 0;

static uint64 hits = 0;
static uint64 misses = 0;

static TextKey
MakeKey(const uint8 *content_hash, const char *text, Size length)
{
	TextKey		key = {InterestHash64(text, length, 0), content_hash, text, length};

	return key;
}

const float *
InterestEncodeCacheFind(const uint8 *content_hash, const char *text, Size length)
{
	TextKey		key;
	Slot	   *slot;
	Entry	   *entry;

	if (table == NULL || interest_encode_cache == 0 || length > INTEREST_MAX_CACHED_TEXT)
		return NULL;
	key = MakeKey(content_hash, text, length);
	slot = text_table_lookup(table, &key);
	if (slot == NULL)
	{
		misses++;
		return NULL;
	}
	hits++;
	entry = (Entry *) ((char *) slot->key - offsetof(Entry, key));
	dlist_move_head(&recency, &entry->node);
	return entry->vector;
}

static void
Remove(Entry *entry)
{
	text_table_delete(table, &entry->key);
	dlist_delete(&entry->node);
	held -= entry->size;
	pfree(entry);
}

static void
Shrink(Size limit)
{
	while (held > limit)
		Remove(dlist_tail_element(Entry, node, &recency));
}

static Entry *
MakeEntry(const TextKey *key, int width, const float *vector)
{
	Size		vector_size = sizeof(float) * width;
	Entry	   *entry = MemoryContextAlloc(context, offsetof(Entry, vector) + vector_size +
										   INTEREST_CONTENT_HASH_SIZE + key->length);
	char	   *at = (char *) entry->vector + vector_size;

	entry->key = *key;
	entry->key.content_hash = (uint8 *) at;
	entry->key.text = at + INTEREST_CONTENT_HASH_SIZE;
	memcpy(entry->vector, vector, vector_size);
	memcpy(at, key->content_hash, INTEREST_CONTENT_HASH_SIZE);
	memcpy(at + INTEREST_CONTENT_HASH_SIZE, key->text, key->length);
	/* The table is at least a third full but while it is small. */
	entry->size = GetMemoryChunkSpace(entry) + 3 * sizeof(Slot);
	return entry;
}

/* Memory runs out, if it does, before anything has changed hands. */
void
InterestEncodeCacheAdd(const uint8 *content_hash, const char *text, Size length,
					   int width, const float *vector)
{
	Size		limit = (Size) interest_encode_cache * 1024;
	TextKey		key;
	Entry	   *entry;
	Slot	   *slot;
	bool		found;

	Shrink(limit);
	if (limit == 0 || length > INTEREST_MAX_CACHED_TEXT)
		return;
	/* Small blocks: those of the default would hold half as much again as the entries. */
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "interest encoded texts",
										ALLOCSET_DEFAULT_MINSIZE, ALLOCSET_DEFAULT_INITSIZE, 128 * 1024);
	if (table == NULL)
		table = text_table_create(context, 256, NULL);
	key = MakeKey(content_hash, text, length);
	entry = MakeEntry(&key, width, vector);
	slot = text_table_insert(table, &entry->key, &found);
	if (found)
	{
		pfree(entry);
		return;
	}
	slot->key = &entry->key;
	dlist_push_head(&recency, &entry->node);
	held += entry->size;
	Shrink(limit);
}

InterestEncodeCacheState
InterestEncodeCacheDescribe(void)
{
	InterestEncodeCacheState state = {
		.texts = table ? table->members : 0,
		.size = held,
		.hits = hits,
		.misses = misses,
	};

	return state;
}

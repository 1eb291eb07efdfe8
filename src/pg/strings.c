/*
 * strings.c
 *	  Strings that are kept once, by number.
 */
#include "pg/compat.h"

#include "utils/memutils.h"

#include "core/base/hash.h"
#include "pg/strings.h"

#define FIRST_ROOM 1024

/* Bytes of strings that are made room for at once; a longer one has a block of its own. */
#define BLOCK ((Size) 64 * 1024)

typedef struct Entry
{
	int			number;			/* key: that of the string */
	uint32		hash;
	char		status;
} Entry;

#define SpanOf(table, number) (((const InterestStrings *) (table)->private_data)->spans[number])

static inline uint32
HashSpan(InterestSpan span)
{
	return (uint32) InterestHash64(span.data, span.length, 0);
}

#define SH_PREFIX strings
#define SH_ELEMENT_TYPE Entry
#define SH_KEY_TYPE int
#define SH_KEY number
#define SH_HASH_KEY(table, number) HashSpan(SpanOf(table, number))
#define SH_EQUAL(table, a, b) (InterestSpanCompare(SpanOf(table, a), SpanOf(table, b)) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

InterestStrings *
InterestStringsMake(void)
{
	InterestStrings *strings = palloc0(sizeof(InterestStrings));

	strings->context = CurrentMemoryContext;
	strings->room = FIRST_ROOM;
	strings->spans = palloc(sizeof(InterestSpan) * strings->room);
	strings->table = strings_create(strings->context, FIRST_ROOM, strings);
	return strings;
}

static char *
Copy(InterestStrings *strings, InterestSpan span)
{
	char	   *copy;

	if (span.length > BLOCK)
		return memcpy(MemoryContextAllocHuge(strings->context, span.length), span.data, span.length);
	if (span.length > strings->left || strings->block == NULL)
	{
		strings->block = MemoryContextAlloc(strings->context, BLOCK);
		strings->left = BLOCK;
	}
	copy = strings->block;
	memcpy(copy, span.data, span.length);
	strings->block += span.length;
	strings->left -= span.length;
	return copy;
}

/* The string stands where the next new one would, so that a number says it. */
int
InterestStringsKeep(InterestStrings *strings, InterestSpan span)
{
	Entry	   *entry;
	bool		found;

	if (strings->count == strings->room)
	{
		strings->room *= 2;
		strings->spans = repalloc_huge(strings->spans, sizeof(InterestSpan) * strings->room);
	}
	strings->spans[strings->count] = span;
	entry = strings_insert(strings->table, strings->count, &found);
	if (!found)
	{
		strings->spans[strings->count].data = Copy(strings, span);
		strings->count++;
	}
	return entry->number;
}

void
InterestStringsSeal(InterestStrings *strings)
{
	strings_destroy(strings->table);
	strings->table = NULL;
}

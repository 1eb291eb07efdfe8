/*
 * packed_weights.c
 *	  Encoders ready to run, in files that every backend maps.
 */
#include "pg/compat.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/encoder/encoder.h"
#include "pg/packed_weights.h"
#include "pg/shared_file.h"

#define MAGIC "interest packed"
#define BYTE_ORDER_MARK 0x01020304

/*
 * Start of a file; the packed weights and the vocabulary follow, each at a
 * multiple of INTEREST_ALIGNMENT.  How they look inside may differ between
 * versions of the library, and a new library may meet the files of an old one.
 */
typedef struct Header
{
	char		magic[16];
	char		library[16];
	char		packing[INTEREST_PACKING_NAME_SIZE];
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
	uint64		byte_order;
	uint64		packed_size;
	uint64		vocabulary_size;
	uint64		checksum;		/* of everything before */
} Header;

/* A mapped file; lies in the context that it is mapped for. */
typedef struct Mapping
{
	dlist_node	node;
	MemoryContext context;
	MemoryContextCallback callback;
	InterestSharedFile file;
	char		name[INTEREST_SHARED_NAME_SIZE];
} Mapping;

static dlist_head mappings = DLIST_STATIC_INIT(mappings);

static Size
Align(Size size)
{
	return TYPEALIGN(INTEREST_ALIGNMENT, size);
}

static Size
VocabularyOffset(const Header *header)
{
	return Align(sizeof(Header)) + Align(header->packed_size);
}

/* "<content hash>.", which the names of all its files begin with. */
static void
MakeBeginning(char *beginning, const uint8 *content_hash)
{
	char	   *end = beginning + hex_encode((const char *) content_hash, INTEREST_CONTENT_HASH_SIZE, beginning);

	strcpy(end, ".");
}

static void
MakeName(char *name, const uint8 *content_hash, const char *packing)
{
	MakeBeginning(name, content_hash);
	strlcat(name, packing, INTEREST_SHARED_NAME_SIZE);
}

static void
MakeHeader(Header *header, const uint8 *content_hash, const char *packing,
		   uint64 packed_size, uint64 vocabulary_size)
{
	memset(header, 0, sizeof(Header));
	strlcpy(header->magic, MAGIC, sizeof(header->magic));
	strlcpy(header->library, INTEREST_VERSION, sizeof(header->library));
	strlcpy(header->packing, packing, sizeof(header->packing));
	memcpy(header->content_hash, content_hash, INTEREST_CONTENT_HASH_SIZE);
	header->byte_order = BYTE_ORDER_MARK;
	header->packed_size = packed_size;
	header->vocabulary_size = vocabulary_size;
	header->checksum = InterestHash64(header, offsetof(Header, checksum), 0);
}

/*
 * Mapping
 */

/* Whether the file is what is written for that content, going by its header and size. */
static bool
IsSound(const InterestSharedFile *file, const uint8 *content_hash, const char *packing)
{
	const Header *header = file->base;
	Header		expected;

	if (file->size < sizeof(Header))
		return false;
	MakeHeader(&expected, content_hash, packing, header->packed_size, header->vocabulary_size);
	return memcmp(header, &expected, sizeof(Header)) == 0 &&
		header->packed_size < file->size && header->vocabulary_size < file->size &&
		VocabularyOffset(header) + header->vocabulary_size == file->size;
}

static void
Unmap(void *argument)
{
	Mapping    *mapping = argument;

	dlist_delete(&mapping->node);
	InterestSharedFileUnmap(&mapping->file);
}

static Mapping *
NewMapping(MemoryContext context)
{
	Mapping    *mapping = MemoryContextAllocZero(context, sizeof(Mapping));

	mapping->context = context;
	mapping->callback.func = Unmap;
	mapping->callback.arg = mapping;
	dlist_push_head(&mappings, &mapping->node);
	MemoryContextRegisterResetCallback(context, &mapping->callback);
	return mapping;
}

bool
InterestPackedWeightsMap(const uint8 *content_hash, const char *packing,
						 MemoryContext context, InterestPackedWeights *weights)
{
	Mapping    *mapping = NewMapping(context);
	const Header *header;

	MakeName(mapping->name, content_hash, packing);
	if (!InterestSharedFileMap(mapping->name, &mapping->file))
		return false;
	if (!IsSound(&mapping->file, content_hash, packing))
	{
		InterestSharedFileUnmap(&mapping->file);
		errno = EINVAL;
		return false;
	}
	header = mapping->file.base;
	weights->packed = (const char *) header + Align(sizeof(Header));
	weights->packed_size = header->packed_size;
	weights->vocabulary = (const InterestVocabulary *) ((const char *) header + VocabularyOffset(header));
	return true;
}

void
InterestPackedWeightsReleaseRemoved(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &mappings)
	{
		Mapping    *mapping = dlist_container(Mapping, node, iter.cur);

		if (!InterestSharedFileIsCurrent(mapping->name, &mapping->file))
			InterestContentRelease(mapping->context);
	}
}

bool
InterestPackedWeightsWrite(const uint8 *content_hash, const char *packing,
						   const InterestPackedWeights *weights)
{
	Size		vocabulary_size = InterestVocabularyBytes(weights->vocabulary);
	char		name[INTEREST_SHARED_NAME_SIZE];
	Header		header;
	InterestSharedFilePart parts[3];

	MakeName(name, content_hash, packing);
	MakeHeader(&header, content_hash, packing, weights->packed_size, vocabulary_size);
	parts[0] = (InterestSharedFilePart) {&header, sizeof(header), 0};
	parts[1] = (InterestSharedFilePart) {weights->packed, weights->packed_size, Align(sizeof(Header))};
	parts[2] = (InterestSharedFilePart) {weights->vocabulary, vocabulary_size, VocabularyOffset(&header)};
	return InterestSharedFileMake(name, VocabularyOffset(&header) + vocabulary_size, parts, lengthof(parts));
}

uint64
InterestPackedWeightsFileSize(const uint8 *content_hash, const char *packing)
{
	char		name[INTEREST_SHARED_NAME_SIZE];
	int			count;
	uint64		size;

	MakeName(name, content_hash, packing);
	InterestSharedFilesCount(name, &count, &size);
	return size;
}

/*
 * Removal
 */

/* What this transaction is to remove, in its memory. */
typedef struct Removal
{
	struct Removal *next;
	SubTransactionId transaction;
	bool		at_commit;		/* else when it aborts */
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
} Removal;

static Removal *removals = NULL;

void
InterestPackedWeightsRemove(const uint8 *content_hash)
{
	char		beginning[INTEREST_SHARED_NAME_SIZE];

	MakeBeginning(beginning, content_hash);
	InterestSharedFilesRemove(beginning);
}

/*
 * A transaction that is prepared ends elsewhere, maybe after a restart; its
 * files go now, and whoever needs them still makes them again.
 */
static void
FinishTransaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	for (Removal *removal = removals; removal != NULL; removal = removal->next)
		if (removal->at_commit == (event != XACT_EVENT_ABORT))
			InterestPackedWeightsRemove(removal->content_hash);
	removals = NULL;
}

static void
FinishSubtransaction(SubXactEvent event, SubTransactionId transaction, SubTransactionId parent, void *arg)
{
	Removal   **at = &removals;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (*at != NULL)
	{
		Removal    *removal = *at;

		if (removal->transaction == transaction && event == SUBXACT_EVENT_ABORT_SUB)
		{
			if (!removal->at_commit)
				InterestPackedWeightsRemove(removal->content_hash);
			*at = removal->next;
			continue;
		}
		if (removal->transaction == transaction)
			removal->transaction = parent;
		at = &removal->next;
	}
}

static void
AddRemoval(const uint8 *content_hash, bool at_commit)
{
	static bool registered = false;
	Removal    *removal = MemoryContextAlloc(TopTransactionContext, sizeof(Removal));

	if (!registered)
	{
		RegisterXactCallback(FinishTransaction, NULL);
		RegisterSubXactCallback(FinishSubtransaction, NULL);
		registered = true;
	}
	removal->transaction = GetCurrentSubTransactionId();
	removal->at_commit = at_commit;
	memcpy(removal->content_hash, content_hash, INTEREST_CONTENT_HASH_SIZE);
	removal->next = removals;
	removals = removal;
}

void
InterestPackedWeightsRemoveAtCommit(const uint8 *content_hash)
{
	AddRemoval(content_hash, true);
}

void
InterestPackedWeightsRemoveAtAbort(const uint8 *content_hash)
{
	AddRemoval(content_hash, false);
}

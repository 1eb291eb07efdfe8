/*
 * shared_cache.c
 *	  Vectors of the texts that any session of the server has encoded.
 *
 * The file is a header, an array of slots in sets of WAYS and an array of their
 * values, up to SLOT_FLOATS floats each; a longer vector is cut into pieces,
 * each found by itself in the set that its key and number choose.  Header and
 * slots are mapped.  Values are read and written by system calls, which costs a
 * microsecond: so they are no session's memory, and a disk that cannot take
 * them says so, where a store into a mapping would end the server's sessions.
 *
 * Nothing is locked.  A slot's sequence is odd while it is written: a writer
 * claims it by a compare-and-swap to an odd number and ends with an even one.
 * A reader copies the values and takes the copy only if the sequence was even
 * and the same before and after, and if the checksum of key and values is right.
 * The checksum alone would do: it also covers what the sequence cannot see, a
 * writer that is overtaken on a slot that another has claimed from it.  So a
 * slot whose writer died is claimed like any other, when it is the one used
 * longest ago.  Equal keys have equal values, so it never matters whose piece is found.
 */
#include "pg/compat.h"

#include "port/atomics.h"
#include "utils/timestamp.h"

#include "core/base/hash.h"
#include "pg/content_cache.h"
#include "pg/digest.h"
#include "pg/query_mark.h"
#include "pg/settings.h"
#include "pg/shared_cache.h"
#include "pg/shared_file.h"

#define NAME "texts"
#define MAGIC "interest texts"
#define BYTE_ORDER_MARK 0x01020304

#define LINE_SIZE 64
#define HEADER_SIZE 4096
#define WAYS 8
#define SLOT_FLOATS 384
#define VALUES_SIZE (SLOT_FLOATS * sizeof(float))

/* How long a session does without the file after it could not make it. */
#define RETRY_MS (60 * 1000)

/* A counter in a cache line of its own. */
typedef union Counter
{
	pg_atomic_uint64 value;
	char		line[LINE_SIZE];
} Counter;

typedef struct Header
{
	char		magic[16];
	char		library[16];
	uint64		byte_order;
	uint64		slots;			/* a multiple of WAYS */
	uint64		checksum;		/* of everything before */
	uint64		unused;
	Counter		clock;			/* slots written so far */
	Counter		hits;
	Counter		misses;
} Header;

typedef struct Slot
{
	pg_atomic_uint64 sequence;	/* 0: never written */
	pg_atomic_uint64 used_at;	/* by the header's clock */
	InterestSharedKey key;
	uint32		piece;
	uint32		count;			/* floats */
	uint64		checksum;		/* of the piece and its values */
	uint64		unused[2];
} Slot;

StaticAssertDecl(sizeof(Slot) == LINE_SIZE, "slots are cache lines");
StaticAssertDecl(sizeof(Header) <= HEADER_SIZE && offsetof(Header, clock) % LINE_SIZE == 0,
				 "counters have cache lines of their own");

/* One piece of a vector. */
typedef struct Piece
{
	const InterestSharedKey *key;
	uint32		number;
	uint32		count;			/* floats */
} Piece;

/* What this backend has mapped; base is NULL while there is nothing. */
static InterestSharedFile file;
static uint32 checked_in = 0;	/* the transaction that last saw that it is the right one */
static int	failure = 0;		/* errno of the last attempt to make it, 0: none failed */
static TimestampTz tried_at = 0;

InterestSharedKey
InterestSharedCacheKey(const uint8 *content_hash, const char *packing, const char *text, Size length)
{
	const InterestDigestPart parts[] = {
		{content_hash, INTEREST_CONTENT_HASH_SIZE},
		{packing, strlen(packing) + 1},
		{text, length},
	};
	uint8		digest[INTEREST_DIGEST_SIZE];
	InterestSharedKey key;

	InterestDigest(parts, lengthof(parts), digest);
	memcpy(&key, digest, sizeof(key));
	return key;
}

/*
 * The file
 */

static void
MakeHeader(Header *header, uint64 slots)
{
	memset(header, 0, sizeof(Header));
	strlcpy(header->magic, MAGIC, sizeof(header->magic));
	strlcpy(header->library, INTEREST_VERSION, sizeof(header->library));
	header->byte_order = BYTE_ORDER_MARK;
	header->slots = slots;
	header->checksum = InterestHash64(header, offsetof(Header, checksum), 0);
	pg_atomic_init_u64(&header->clock.value, 0);
	pg_atomic_init_u64(&header->hits.value, 0);
	pg_atomic_init_u64(&header->misses.value, 0);
}

/* Slots in what interest.shared_cache allows. */
static uint64
WantedSlots(void)
{
	Size		size = (Size) interest_shared_cache * 1024;

	return size <= HEADER_SIZE ? 0 : (size - HEADER_SIZE) / (sizeof(Slot) + VALUES_SIZE) / WAYS * WAYS;
}

/* Bytes of header and slots, and of everything. */
static Size
MappedSize(uint64 slots)
{
	return HEADER_SIZE + slots * sizeof(Slot);
}

static Size
FileSize(uint64 slots)
{
	return MappedSize(slots) + slots * VALUES_SIZE;
}

static bool
Map(uint64 slots)
{
	Header		expected;

	MakeHeader(&expected, slots);
	if (!InterestSharedFileMapWritable(NAME, MappedSize(slots), &file))
		return false;
	if (file.size == FileSize(slots) && memcmp(file.base, &expected, offsetof(Header, unused)) == 0)
		return true;
	InterestSharedFileUnmap(&file);
	errno = EINVAL;
	return false;
}

/* Maps the file of that many slots, and makes it where there is none or another. */
static void
MapOrMake(uint64 slots)
{
	bool		mapped = Map(slots);
	int			lock;

	if (mapped)
		return;
	lock = InterestSharedFilesLock();
	mapped = Map(slots);
	if (!mapped)
	{
		Header		header;
		InterestSharedFilePart part = {&header, sizeof(header), 0};

		MakeHeader(&header, slots);
		mapped = InterestSharedFileMake(NAME, FileSize(slots), &part, 1) && Map(slots);
	}
	failure = mapped ? 0 : errno;
	tried_at = GetCurrentTimestamp();
	InterestSharedFilesUnlock(lock);
}

static bool
MayRetry(void)
{
	return failure == 0 ||
		TimestampDifferenceExceeds(tried_at, GetCurrentTimestamp(), RETRY_MS);
}

/*
 * Whether there is a cache; looks once a transaction whether it is still the
 * one that all sessions share and of the size that is set.
 */
static bool
Attach(void)
{
	uint64		slots = WantedSlots();

	if (checked_in == InterestTransaction())
		return file.base != NULL;
	if (slots == 0)
		failure = 0;
#ifdef PG_HAVE_ATOMIC_U64_SIMULATION
	/* Simulated atomics are locks in the server's own shared memory. */
	failure = ENOTSUP;
	slots = 0;
#endif
	if (file.base != NULL && (file.size != FileSize(slots) || !InterestSharedFileIsCurrent(NAME, &file)))
	{
		InterestSharedFileUnmap(&file);
		if (slots == 0)
			InterestSharedFilesRemove(NAME);
	}
	if (file.base == NULL && slots > 0 && MayRetry())
		MapOrMake(slots);
	checked_in = InterestTransaction();
	return file.base != NULL;
}

static Header *
FileHeader(void)
{
	return file.base;
}

/*
 * Slots
 */

static uint64
PieceHash(const Piece *piece)
{
	uint64		half = piece->key->halves[0] + piece->number * UINT64CONST(0x9e3779b97f4a7c15);

	return InterestMix64(half ^ InterestMix64(piece->key->halves[1] + piece->count));
}

static uint64
Checksum(const Piece *piece, const float *values)
{
	return InterestHash64(values, sizeof(float) * piece->count, PieceHash(piece));
}

static Slot *
FirstSlot(void)
{
	return (Slot *) ((char *) file.base + HEADER_SIZE);
}

/* The first of the WAYS slots that may hold a piece. */
static Slot *
FindSet(const Piece *piece)
{
	return FirstSlot() + PieceHash(piece) % (FileHeader()->slots / WAYS) * WAYS;
}

/* Where the values of a slot lie in the file. */
static Size
ValuesOffset(const Slot *slot)
{
	return MappedSize(FileHeader()->slots) + (slot - FirstSlot()) * VALUES_SIZE;
}

static bool
Holds(const Slot *slot, const Piece *piece)
{
	return memcmp(&slot->key, piece->key, sizeof(InterestSharedKey)) == 0 &&
		slot->piece == piece->number && slot->count == piece->count;
}

/* Slots written since this one was used; more than ever were when its time is damaged. */
static uint64
Age(Slot *slot)
{
	uint64		used_at = pg_atomic_read_u64(&slot->used_at);

	pg_read_barrier();
	return pg_atomic_read_u64(&FileHeader()->clock.value) - used_at;
}

/* Readers do not write a line that all read more often than must be. */
static void
MarkUsed(Slot *slot)
{
	if (Age(slot) > FileHeader()->slots / 16)
		pg_atomic_write_u64(&slot->used_at, pg_atomic_read_u64(&FileHeader()->clock.value));
}

static bool
ReadSlot(Slot *slot, const Piece *piece, float *values)
{
	uint64		sequence = pg_atomic_read_u64(&slot->sequence);
	uint64		checksum;

	if (sequence % 2 != 0)
		return false;
	pg_read_barrier();
	if (!Holds(slot, piece))
		return false;
	if (!InterestSharedFileRead(&file, ValuesOffset(slot), values, sizeof(float) * piece->count))
		return false;
	checksum = slot->checksum;
	pg_read_barrier();
	if (pg_atomic_read_u64(&slot->sequence) != sequence || checksum != Checksum(piece, values))
		return false;
	MarkUsed(slot);
	return true;
}

static bool
ReadPiece(const Piece *piece, float *values)
{
	Slot	   *set = FindSet(piece);

	for (int way = 0; way < WAYS; way++)
		if (ReadSlot(set + way, piece, values))
			return true;
	return false;
}

/*
 * The slot to write a piece to: one that has it, damaged or not; else the one
 * used longest ago.  *sequence is from before it was looked at.
 */
static Slot *
ChooseSlot(const Piece *piece, uint64 *sequence)
{
	Slot	   *set = FindSet(piece);
	Slot	   *chosen = NULL;
	uint64		oldest = 0;

	for (int way = 0; way < WAYS; way++)
	{
		Slot	   *slot = set + way;
		uint64		seen = pg_atomic_read_u64(&slot->sequence);
		uint64		age;

		pg_read_barrier();
		age = Age(slot);
		if (Holds(slot, piece))
			age = PG_UINT64_MAX;
		if (chosen == NULL || age > oldest)
		{
			chosen = slot;
			oldest = age;
			*sequence = seen;
		}
	}
	return chosen;
}

/* Claims a slot for a piece; NULL when others are quicker every time. */
static Slot *
ClaimSlot(const Piece *piece, uint64 *claimed)
{
	for (int attempt = 0; attempt < WAYS; attempt++)
	{
		uint64		sequence = 0;
		Slot	   *slot = ChooseSlot(piece, &sequence);

		*claimed = (sequence | 1) + (sequence % 2 == 0 ? 0 : 2);
		if (pg_atomic_compare_exchange_u64(&slot->sequence, &sequence, *claimed))
			return slot;
	}
	return NULL;
}

static void
WritePiece(const Piece *piece, const float *values)
{
	uint64		claimed;
	Slot	   *slot = ClaimSlot(piece, &claimed);

	if (slot == NULL)
		return;
	pg_atomic_write_u64(&slot->used_at, pg_atomic_add_fetch_u64(&FileHeader()->clock.value, 1));
	slot->key = *piece->key;
	slot->piece = piece->number;
	slot->count = piece->count;
	/* What could not be written is a piece with a wrong checksum. */
	(void) InterestSharedFileWrite(&file, ValuesOffset(slot), values, sizeof(float) * piece->count);
	slot->checksum = Checksum(piece, values);
	pg_write_barrier();
	(void) pg_atomic_compare_exchange_u64(&slot->sequence, &claimed, claimed + 1);
}

/* The piece that begins at float done of a vector. */
static Piece
MakePiece(const InterestSharedKey *key, int width, int done)
{
	Piece		piece = {key, done / SLOT_FLOATS, Min(width - done, SLOT_FLOATS)};

	return piece;
}

bool
InterestSharedCacheFind(const InterestSharedKey *key, int width, float *vector)
{
	bool		found = true;

	if (!Attach())
		return false;
	for (int done = 0; found && done < width; done += SLOT_FLOATS)
	{
		Piece		piece = MakePiece(key, width, done);

		found = ReadPiece(&piece, vector + done);
	}
	pg_atomic_fetch_add_u64(found ? &FileHeader()->hits.value : &FileHeader()->misses.value, 1);
	return found;
}

void
InterestSharedCacheAdd(const InterestSharedKey *key, int width, const float *vector)
{
	if (!Attach())
		return;
	for (int done = 0; done < width; done += SLOT_FLOATS)
	{
		Piece		piece = MakePiece(key, width, done);

		WritePiece(&piece, vector + done);
	}
}

void
InterestSharedCacheDescribe(InterestSharedCacheState *state)
{
	memset(state, 0, sizeof(InterestSharedCacheState));
	state->available = Attach();
	if (!state->available)
	{
		state->error = failure;
		return;
	}
	state->size = file.size;
	state->slots = FileHeader()->slots;
	state->hits = pg_atomic_read_u64(&FileHeader()->hits.value);
	state->misses = pg_atomic_read_u64(&FileHeader()->misses.value);
	for (Slot *slot = FirstSlot(); slot < FirstSlot() + state->slots; slot++)
		if (pg_atomic_read_u64(&slot->sequence) != 0)
			state->used++;
}

/*
 * base_test.c
 *	  Status, arena, hash, random numbers, bytes and 128-bit integers.
 */
#include "check.h"

#include "core/base/bytes.h"
#include "core/base/hash.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/store.h"

#include <stdlib.h>
#include <string.h>

static void
TestStatus(void)
{
	InterestStatus status;
	char		longer[1000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	memset(&status, 0x55, sizeof(status));
	CHECK(!InterestFail(&status, INTEREST_CORRUPT, "tensor %s has %d rows", "a", 3));
	CHECK_INTEGER(status.code, INTEREST_CORRUPT);
	CHECK_STRING(status.message, "tensor a has 3 rows");
	CHECK_STRING(status.detail, "");
	CHECK_STRING(status.hint, "");
	CHECK(!InterestDetail(&status, "Detail %d.", 1));
	CHECK(!InterestHint(&status, "Hint %d.", 2));
	CHECK_STRING(status.message, "tensor a has 3 rows");
	CHECK_STRING(status.detail, "Detail 1.");
	CHECK_STRING(status.hint, "Hint 2.");
	InterestFail(&status, INTEREST_MISMATCH, "%s", longer);
	InterestHint(&status, "%s", longer);
	CHECK_INTEGER(strlen(status.message), sizeof(status.message) - 1);
	CHECK_STRING(status.detail, "");
	CHECK_INTEGER(strlen(status.hint), sizeof(status.hint) - 1);
}

/* A host that counts what it gave and what came back. */
static int	blocks_held;

static void *
CountingAllocate(void *context, size_t size)
{
	blocks_held++;
	return malloc(size);
}

static void
CountingRelease(void *context, void *block)
{
	blocks_held--;
	free(block);
}

static int	cancel_checks;

static void
CountCancel(void *context)
{
	cancel_checks++;
}

static void
TestArena(void)
{
	InterestHost host = {NULL, CountingAllocate, CountingRelease, NULL};
	InterestArena arena;
	InterestArenaMark empty,
				mark;
	char	   *first;
	char	   *again;

	InterestArenaInit(&arena, &host, 1000);
	CHECK_INTEGER(InterestArenaFootprint(&arena), 0);
	empty = InterestArenaGetMark(&arena);
	for (size_t size = 0; size < 300; size++)
	{
		char	   *bytes = InterestArenaAllocate(&arena, size);

		CHECK_INTEGER((uintptr_t) bytes % INTEREST_ALIGNMENT, 0);
		memset(bytes, 0x77, size);
	}
	InterestArenaReturnTo(&arena, empty);
	/* The one ordinary block stays for the next use. */
	CHECK_INTEGER(blocks_held, 1);
	first = InterestArenaAllocateZero(&arena, 100);
	for (int i = 0; i < 100; i++)
		CHECK_INTEGER(first[i], 0);
	memset(first, 1, 100);
	mark = InterestArenaGetMark(&arena);
	again = InterestArenaAllocate(&arena, 10);
	InterestArenaAllocate(&arena, 100000);
	CHECK_INTEGER(blocks_held, 2);
	CHECK(InterestArenaFootprint(&arena) > 100000);
	InterestArenaReturnTo(&arena, mark);
	CHECK_INTEGER(blocks_held, 1);
	CHECK(InterestArenaAllocate(&arena, 10) == again);
	CHECK_INTEGER(first[99], 1);
	InterestArenaFree(&arena);
	CHECK_INTEGER(blocks_held, 0);
	/* A first block that is larger than usual is not kept. */
	InterestArenaAllocate(&arena, 100000);
	InterestArenaReturnTo(&arena, empty);
	CHECK_INTEGER(blocks_held, 0);
	CHECK(InterestArenaArray(&arena, double, 3) != NULL);
	CHECK(InterestArenaNew(&arena, InterestArena) != NULL);
	InterestArenaFree(&arena);
	CHECK_INTEGER(blocks_held, 0);
	InterestCheckCancel(&host);
	host.check_cancel = CountCancel;
	InterestCheckCancel(&host);
	CHECK_INTEGER(cancel_checks, 1);
}

/* Splits and cache slots depend on these numbers: they never change. */
static void
TestHash(void)
{
	static const char text[] = "behaviour rows";
	uint64_t	seen[15];

	CHECK(InterestMix64(1) == UINT64_C(0x5692161d100b05e5));
	CHECK(InterestHash64("", 0, 0) == UINT64_C(0x48218226ff3cd4bf));
	CHECK(InterestHash64(text, 14, 0) == UINT64_C(0x04625dbebdd9c609));
	CHECK(InterestHash64(text, 14, 7) == UINT64_C(0x2865164046c8364a));
	for (size_t length = 0; length <= 14; length++)
	{
		seen[length] = InterestHash64(text, length, 0);
		for (size_t other = 0; other < length; other++)
			CHECK(seen[other] != seen[length]);
	}
	/* A zero byte more is another text. */
	CHECK(InterestHash64("a\0", 1, 0) != InterestHash64("a\0", 2, 0));
	CHECK(InterestHash64("a\0\0\0\0\0\0\0", 8, 0) != InterestHash64("a\0\0\0\0\0\0\0", 7, 0));
}

static void
TestRandom(void)
{
	InterestRandom random = InterestRandomKeyed(42, 1, 2, 3);
	InterestRandom other = InterestRandomKeyed(42, 1, 3, 2);
	int			counts[10] = {0};
	double		sum = 0.0;

	CHECK(random.state == UINT64_C(0x2265b57432647a5f));
	CHECK(InterestRandomNext(&random) == UINT64_C(0x1cabe4b42d28fc39));
	CHECK(InterestRandomNext(&random) == UINT64_C(0xd819dbdfdbb04a07));
	CHECK(InterestRandomNext(&other) != UINT64_C(0x1cabe4b42d28fc39));
	for (int i = 0; i < 100000; i++)
	{
		double		uniform = InterestRandomUniform(&random);
		uint32_t	below = InterestRandomBelow(&random, 10);

		if (!(uniform >= 0.0 && uniform < 1.0) || below >= 10)
		{
			CHECK(!"out of range");
			break;
		}
		sum += uniform;
		counts[below]++;
	}
	/* 5 standard deviations: 1 / sqrt(12 n), and sqrt(n .1 .9) */
	CHECK_NEAR(sum / 100000, 0.5, 0.0046);
	for (int i = 0; i < 10; i++)
		CHECK_NEAR(counts[i], 10000, 475);
	CHECK_INTEGER(InterestRandomBelow(&random, 1), 0);
}

static InterestReader
ReaderOf(const void *bytes, size_t size)
{
	InterestReader reader = {bytes, (const uint8_t *) bytes + size, false};

	return reader;
}

static void
TestFixedWidth(void)
{
	static const uint8_t expected[] = {
		0x7f, 0x04, 0x03, 0x02, 0x01, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
		0x00, 0x00, 0xc0, 0xbf, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f, 'a', 'b'
	};
	uint8_t		buffer[64];
	InterestWriter writer = {buffer, 0};
	InterestReader reader = ReaderOf(buffer, sizeof(expected));
	const uint8_t *rest;

	InterestWriteByte(&writer, 0x7f);
	InterestWriteU32(&writer, 0x01020304);
	InterestWriteU64(&writer, UINT64_C(0x0102030405060708));
	InterestWriteFloat(&writer, -1.5f);
	InterestWriteDouble(&writer, 0.1);
	InterestWriteBytes(&writer, "ab", 2);
	InterestWriteBytes(&writer, NULL, 0);
	CHECK_INTEGER(writer.length, sizeof(expected));
	CHECK(memcmp(buffer, expected, sizeof(expected)) == 0);
	CHECK_INTEGER(InterestReadByte(&reader), 0x7f);
	CHECK_INTEGER(InterestReadU32(&reader), 0x01020304);
	CHECK(InterestReadU64(&reader) == UINT64_C(0x0102030405060708));
	CHECK_NEAR(InterestReadFloat(&reader), -1.5, 0.0);
	CHECK_NEAR(InterestReadDouble(&reader), 0.1, 0.0);
	CHECK_INTEGER(InterestReaderLeft(&reader), 2);
	rest = InterestReadBytes(&reader, 2);
	CHECK(rest && memcmp(rest, "ab", 2) == 0 && !reader.failed);
}

static void
TestFloats(void)
{
	static const float values[3] = {-1.5f, -0.0f, 0.1f};
	uint8_t		one_by_one[12];
	uint8_t		together[12];
	InterestWriter writer = {one_by_one, 0};
	InterestReader reader;
	float		found[3] = {7.0f, 7.0f, 7.0f};

	for (int i = 0; i < 3; i++)
		InterestWriteFloat(&writer, values[i]);
	writer = (InterestWriter) {together, 0};
	InterestWriteFloats(&writer, values, 3);
	CHECK_INTEGER(writer.length, sizeof(together));
	CHECK(memcmp(one_by_one, together, sizeof(together)) == 0);
	reader = ReaderOf(together, sizeof(together) - 1);
	InterestReadFloats(&reader, found, 3);
	CHECK(reader.failed && found[0] == 0.0f && found[2] == 0.0f);
	reader = ReaderOf(together, sizeof(together));
	InterestReadFloats(&reader, found, 3);
	CHECK(!reader.failed && InterestReaderLeft(&reader) == 0);
	CHECK(memcmp(found, values, sizeof(values)) == 0);
}

/* A failed reader gives zeros for ever, and never moves. */
static void
TestReaderEnds(void)
{
	uint8_t    *bytes = malloc(7);
	InterestReader reader = ReaderOf(bytes, 7);

	memset(bytes, 0xff, 7);
	CHECK_INTEGER(InterestReadU64(&reader), 0);
	CHECK(reader.failed);
	CHECK_INTEGER(InterestReadByte(&reader), 0);
	CHECK_INTEGER(InterestReadU32(&reader), 0);
	CHECK_INTEGER(InterestReadVarint(&reader), 0);
	CHECK_INTEGER(InterestReadSignedVarint(&reader), 0);
	CHECK(InterestInt128IsZero(InterestReadInt128(&reader)));
	CHECK(InterestReadBytes(&reader, 0) == NULL);
	CHECK_INTEGER(InterestReaderLeft(&reader), 7);
	reader = ReaderOf(bytes, 7);
	CHECK(InterestReadBytes(&reader, SIZE_MAX) == NULL && reader.failed);
	free(bytes);
}

/* Bytes that follow an integer change nothing; there are enough for the fast way. */
#define FOLLOWING 9

static void
CheckVarint(uint64_t value, size_t size)
{
	uint8_t		buffer[16 + FOLLOWING];
	InterestWriter writer = {buffer, 0};
	InterestWriter counter = {NULL, 0};
	InterestReader reader;

	InterestWriteVarint(&writer, value);
	InterestWriteVarint(&counter, value);
	CHECK_INTEGER(writer.length, size);
	CHECK_INTEGER(counter.length, size);
	reader = ReaderOf(buffer, writer.length);
	CHECK(InterestReadVarint(&reader) == value);
	CHECK(!reader.failed && InterestReaderLeft(&reader) == 0);
	for (int following = 0; following <= 0xff; following += 0xff)
	{
		memset(buffer + size, following, FOLLOWING);
		reader = ReaderOf(buffer, size + FOLLOWING);
		CHECK(InterestReadVarint(&reader) == value);
		CHECK(!reader.failed && InterestReaderLeft(&reader) == FOLLOWING);
	}
	for (size_t cut = 0; cut < size; cut++)
	{
		reader = ReaderOf(buffer, cut);
		InterestReadVarint(&reader);
		CHECK(reader.failed);
	}
}

static void
CheckInt128(InterestInt128 value)
{
	uint8_t		buffer[32 + FOLLOWING];
	InterestWriter writer = {buffer, 0};
	InterestReader reader;
	InterestInt128 found;

	InterestWriteInt128(&writer, value);
	reader = ReaderOf(buffer, writer.length);
	found = InterestReadInt128(&reader);
	CHECK(found.low == value.low && found.high == value.high);
	CHECK(!reader.failed && InterestReaderLeft(&reader) == 0);
	memset(buffer + writer.length, 0xff, FOLLOWING);
	reader = ReaderOf(buffer, writer.length + FOLLOWING);
	found = InterestReadInt128(&reader);
	CHECK(found.low == value.low && found.high == value.high);
	CHECK(!reader.failed && InterestReaderLeft(&reader) == FOLLOWING);
	for (size_t cut = 0; cut < writer.length; cut++)
	{
		reader = ReaderOf(buffer, cut);
		InterestReadInt128(&reader);
		CHECK(reader.failed);
	}
	if (value.high == (int64_t) value.low >> 63)
	{
		reader = ReaderOf(buffer, writer.length);
		CHECK_INTEGER(InterestReadSignedVarint(&reader), (int64_t) value.low);
		writer.length = 0;
		InterestWriteSignedVarint(&writer, (int64_t) value.low);
		CHECK_INTEGER(writer.length, reader.at - buffer);
	}
}

static void
RefuseVarint(const char *bytes, size_t size, bool wide)
{
	uint8_t		longer[32 + FOLLOWING] = {0};

	memcpy(longer, bytes, size);
	for (size_t following = 0; following <= FOLLOWING; following += FOLLOWING)
	{
		InterestReader reader = ReaderOf(longer, size + following);

		if (wide)
			InterestReadInt128(&reader);
		else
			InterestReadVarint(&reader);
		CHECK(reader.failed);
	}
}

static void
TestVarints(void)
{
	CheckVarint(0, 1);
	for (int bits = 1; bits <= 64; bits++)
	{
		uint64_t	top = UINT64_C(1) << (bits - 1);

		CheckVarint(top, (size_t) (bits + 6) / 7);
		CheckVarint(top - 1 + top, (size_t) (bits + 6) / 7);
	}
	for (int shift = 0; shift < 127; shift++)
	{
		InterestInt128 one = {shift < 64 ? UINT64_C(1) << shift : 0,
			shift < 64 ? 0 : (int64_t) (UINT64_C(1) << (shift - 64))};

		CheckInt128(one);
		CheckInt128(InterestInt128Negate(one));
		CheckInt128(InterestInt128Subtract(one, InterestInt128From(1)));
	}
	{
		InterestInt128 least = {0, INT64_MIN};
		InterestInt128 greatest = {UINT64_MAX, INT64_MAX};

		CheckInt128(least);
		CheckInt128(greatest);
	}
	RefuseVarint("\x80\x00", 2, false);
	RefuseVarint("\x80\x00", 2, true);
	RefuseVarint("\xff\x80\x00", 3, false);
	RefuseVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false);
	RefuseVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00", 11, false);
	RefuseVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, false);
	RefuseVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x04", 19, true);
	RefuseVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x83\x00", 20, true);
}

static void
CheckSame(InterestInt128 a, InterestInt128 b)
{
	CHECK(a.low == b.low && a.high == b.high);
}

static void
TestInt128(void)
{
	InterestInt128 small = InterestInt128From(-5);
	InterestInt128 carry = {UINT64_MAX, 0};
	InterestInt128 power = {0, 1};
	InterestInt128 greatest = {UINT64_MAX, INT64_MAX};
	InterestInt128 least = {0, INT64_MIN};
	InterestInt128 one = InterestInt128From(1);

	CHECK(small.low == (uint64_t) -5 && small.high == -1);
	CheckSame(InterestInt128Add(carry, one), power);
	CheckSame(InterestInt128Subtract(power, one), carry);
	CheckSame(InterestInt128Subtract(InterestInt128From(0), power), InterestInt128Negate(power));
	CheckSame(InterestInt128Add(InterestInt128From(7), small), InterestInt128From(2));
	CheckSame(InterestInt128Negate(InterestInt128Negate(small)), small);
	CHECK(InterestInt128IsNegative(small) && !InterestInt128IsNegative(power));
	CHECK(InterestInt128IsZero(InterestInt128Add(small, InterestInt128From(5))));
	CHECK(!InterestInt128IsZero(power) && !InterestInt128IsZero(one));
	CHECK(InterestInt128AddOverflowed(greatest, one, InterestInt128Add(greatest, one)));
	CHECK(InterestInt128AddOverflowed(least, small, InterestInt128Add(least, small)));
	CHECK(!InterestInt128AddOverflowed(greatest, small, InterestInt128Add(greatest, small)));
	CHECK(!InterestInt128AddOverflowed(greatest, least, InterestInt128Add(greatest, least)));
	CHECK_NEAR(InterestInt128ToDouble(small), -5.0, 0.0);
	CHECK_NEAR(InterestInt128ToDouble(power), 0x1p64, 0.0);
	CHECK_NEAR(InterestInt128ToDouble(InterestInt128Negate(power)), -0x1p64, 0.0);
	CHECK_NEAR(InterestInt128ToDouble(least), -0x1p127, 0.0);
	CHECK_NEAR(InterestInt128ToDouble(greatest), 0x1p127, 0.0);
	CHECK_NEAR(InterestInt128ToDouble(InterestInt128From(INT64_MAX)), 0x1p63, 0.0);
	CHECK_NEAR(InterestInt128ToDouble(InterestInt128From((INT64_C(1) << 53) - 1)), 0x1p53 - 1, 0.0);
}

/* --- store --- */

#define MAPPED_SIZE 1024

typedef struct MadeUpFile
{
	char	   *bytes;
	int64_t		size;
	int64_t		room;
	char	   *mapped;			/* (MAPPED_SIZE) */
	int			freed;			/* times that it heard of memory given back */
} MadeUpFile;

static void
WriteMadeUp(void *context, int64_t at, const void *bytes, size_t size)
{
	MadeUpFile *file = context;

	CHECK(at >= 0 && (at == file->size || at + (int64_t) size <= file->size));
	CHECK(at + (int64_t) size <= file->room);
	memcpy(file->bytes + at, bytes, size);
	if (at == file->size)
		file->size += (int64_t) size;
}

static void
ReadMadeUp(void *context, int64_t at, void *bytes, size_t size)
{
	MadeUpFile *file = context;

	CHECK(at >= 0 && at + (int64_t) size <= file->size);
	memcpy(bytes, file->bytes + at, size);
}

static void *
MapMadeUp(void *context, size_t size)
{
	MadeUpFile *file = context;

	CHECK(size <= MAPPED_SIZE);
	return memset(file->mapped, 0, size);
}

/* Zeros that are no part of the store's memory; of the arena's where there is no file. */
static void
CheckMap(InterestStore *store)
{
	size_t		held = store->held;
	char	   *mapped = InterestStoreMap(store, MAPPED_SIZE);

	CHECK_INTEGER((uintptr_t) mapped % INTEREST_ALIGNMENT, 0);
	for (int i = 0; i < MAPPED_SIZE; i++)
		CHECK(mapped[i] == 0);
	CHECK_INTEGER(store->held, held);
	CHECK(store->file == NULL || mapped == ((MadeUpFile *) store->file->context)->mapped);
}

/* Sizes around that of a block, and of nothing. */
static size_t
SizeOfRecord(int i)
{
	const size_t sizes[] = {1, 0, 1536, INTEREST_STORE_BLOCK, 7, INTEREST_STORE_BLOCK + 1, 100000, 3 * INTEREST_STORE_BLOCK};

	return sizes[(size_t) i % (sizeof(sizes) / sizeof(*sizes))];
}

static void
HearMadeUp(void *context)
{
	((MadeUpFile *) context)->freed++;
}

/* With less and less memory records are what they were; one that is put away takes what is free. */
static void
CheckLimit(InterestStore *store, const InterestPlace *places, InterestArena *scratch)
{
	size_t		before = store->held;
	const size_t memories[] = {store->memory, before / 2, INTEREST_STORE_BLOCK, 0};
	InterestPlace away = InterestStoreAddAway(store, "away", 5);

	if (store->file == NULL || store->memory > ((size_t) 1 << 29))
		CHECK(store->blocks[away.block].memory != NULL);
	if (store->file && store->memory == 0)
		CHECK(store->blocks[away.block].memory == NULL);
	for (int i = 0; i < 4; i++)
	{
		int			freed = store->file ? ((MadeUpFile *) store->file->context)->freed : 0;
		size_t		held = store->held;

		InterestStoreLimit(store, memories[i]);
		CHECK_INTEGER(store->memory, memories[i]);
		if (store->file)
		{
			CHECK(store->held <= memories[i]);
			CHECK_INTEGER(((MadeUpFile *) store->file->context)->freed, freed + (store->held < held));
		}
		CHECK_STRING((const char *) InterestStoreGet(store, away, 5, scratch), "away");
		for (int j = 1; j < 8; j++)
		{
			const char *read = InterestStoreGet(store, places[j], SizeOfRecord(j), scratch);

			CHECK(SizeOfRecord(j) == 0 || (read[0] == (j % 3 == 0 ? j + 101 : j + 1) && read[SizeOfRecord(j) - 1] == read[0]));
		}
		InterestArenaFree(scratch);
	}
}

/* Records are what they were, and no more than that lies in memory. */
static void
CheckStore(const InterestStoreFile *made_up, size_t memory)
{
	enum {RECORDS = 64};
	InterestArena arena;
	InterestArena scratch;
	InterestStore store;
	InterestPlace places[RECORDS];
	char	   *record = malloc(SizeOfRecord(7));

	InterestArenaInit(&arena, CheckHost(), 4096);
	InterestArenaInit(&scratch, CheckHost(), 4096);
	InterestStoreInit(&store, &arena, made_up, memory);
	for (int i = 0; i < RECORDS; i++)
	{
		memset(record, i + 1, SizeOfRecord(i));
		places[i] = InterestStoreAdd(&store, record, SizeOfRecord(i));
		for (int j = 0; j <= i; j += 1 + (i < RECORDS - 1 ? i / 4 : 0))
		{
			const char *read = InterestStoreGet(&store, places[j], SizeOfRecord(j), &scratch);

			CHECK_INTEGER((uintptr_t) read % INTEREST_STORE_ALIGNMENT, 0);
			memset(record, j + 1, SizeOfRecord(j));
			CHECK(SizeOfRecord(j) == 0 || memcmp(read, record, SizeOfRecord(j)) == 0);
			InterestArenaFree(&scratch);
		}
	}
	for (int i = 0; i < RECORDS; i += 3)
	{
		memset(record, i + 101, SizeOfRecord(i));
		InterestStoreReplace(&store, places[i], record, SizeOfRecord(i));
	}
	for (int i = 0; i < RECORDS; i++)
	{
		InterestStoreRead(&store, places[i], record, SizeOfRecord(i));
		for (size_t j = 0; j < SizeOfRecord(i); j++)
			if (record[j] != (char) (i % 3 == 0 ? i + 101 : i + 1))
				return (void) CHECK(!"a record is what was written last");
	}
	if (made_up)
		CHECK(store.held <= memory);
	CheckMap(&store);
	CheckLimit(&store, places, &scratch);
	CHECK_INTEGER(InterestStoreHasSpilled(&store), made_up != NULL);
	InterestStoreFree(&store);
	free(record);
	InterestArenaFree(&arena);
}

static void
TestStore(void)
{
	static char mapped[MAPPED_SIZE] __attribute__((aligned(INTEREST_ALIGNMENT)));
	MadeUpFile	file = {malloc((size_t) 1 << 26), 0, (int64_t) 1 << 26, mapped, 0};
	const InterestStoreFile made_up = {&file, WriteMadeUp, ReadMadeUp, MapMadeUp, HearMadeUp};
	const size_t memories[] = {0, INTEREST_STORE_BLOCK, 5 * INTEREST_STORE_BLOCK + 3, (size_t) 1 << 30};

	CheckStore(NULL, 0);
	for (int i = 0; i < 4; i++)
	{
		file.size = 0;
		CheckStore(&made_up, memories[i]);
	}
	free(file.bytes);
}

int
main(void)
{
	TestStatus();
	TestArena();
	TestHash();
	TestRandom();
	TestFixedWidth();
	TestReaderEnds();
	TestFloats();
	TestVarints();
	TestInt128();
	TestStore();
	return CheckReport("base");
}

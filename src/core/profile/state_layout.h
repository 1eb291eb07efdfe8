/*
 * state_layout.h
 *	  The two layouts of a state, for the files that know them: state.c,
 *	  state_codes.c, state_format.c and state_text.c.
 */
#ifndef INTEREST_STATE_LAYOUT_H
#define INTEREST_STATE_LAYOUT_H

#include "core/profile/state.h"

#include <string.h>

#define FORMAT_CANONICAL 0x01
#define FORMAT_WORKING 0x81

#define FLAG_REBUILD 0x01

/* Entry of a block that has no rows. */
#define NO_SLOT 0xff

/* Most code masses of a state: every code in every block of the medium part. */
#define MAX_CODE_MASSES (INTEREST_WINDOW * INTEREST_CODES)

/*
 * Start of a working state; the slots follow, then the code masses.  A block of a part has the entry
 * part * INTEREST_WINDOW + block mod INTEREST_WINDOW: blocks of the window have
 * different entries, so the block of an entry follows from the newest time.
 * Code masses lie without gaps, by entry of the medium part, then code.
 */
typedef struct WorkingHeader
{
	uint8_t		format;			/* FORMAT_WORKING */
	uint8_t		flags;
	uint8_t		capacity;		/* slots */
	uint8_t		reserved_1;
	uint16_t	dimensions;
	uint16_t	code_capacity;	/* code masses */
	uint8_t		fingerprint[INTEREST_FINGERPRINT_SIZE];
	int64_t		half_life[INTEREST_GRANULARITIES];
	int64_t		rows;
	int64_t		negative_rows;
	int64_t		newest;
	int64_t		newest_rows;
	uint8_t		slot[INTEREST_MAX_BLOCKS];
	uint8_t		reserved_2[4];
	uint8_t		origin[INTEREST_ORIGIN_SIZE];	/* all zero: none, or several */
	uint64_t	codes[INTEREST_WINDOW]; /* bit c: the medium part's entry has a mass of code c */
} WorkingHeader;

/* A slot: rows (8 bytes), mass (16), sums (16 each). */
#define SLOT_MASS 8
#define SLOT_SUMS 24
#define SUM_SIZE 16

/* Entries of the medium part are also those of the header's codes. */
#define FIRST_MEDIUM_ENTRY (INTEREST_MEDIUM * INTEREST_WINDOW)

static inline size_t
SlotSize(int dimensions)
{
	return SLOT_SUMS + (size_t) SUM_SIZE * (size_t) dimensions;
}

static inline size_t
SlotOffset(int dimensions, int slot)
{
	return sizeof(WorkingHeader) + SlotSize(dimensions) * (size_t) slot;
}

static inline size_t
WorkingSize(int dimensions, int capacity, int code_capacity)
{
	return SlotOffset(dimensions, capacity) + SUM_SIZE * (size_t) code_capacity;
}

static inline InterestInt128
LoadInt128(const uint8_t *bytes)
{
	InterestInt128 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline int64_t
LoadInt64(const uint8_t *bytes)
{
	int64_t		value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline int
ModWindow(int64_t value)
{
	int			rest = (int) (value % INTEREST_WINDOW);

	return rest < 0 ? rest + INTEREST_WINDOW : rest;
}

static inline int64_t
PartHalfLife(const int64_t *half_life, int part)
{
	return half_life[part == INTEREST_NEGATIVE ? INTEREST_COARSE : part];
}

/*
 * The sums of a block one after the other, in either layout.  For payloads
 * that InterestStateOpen has let through: it reads no further than they go.
 */
typedef struct SumReader
{
	const uint8_t *at;
	const uint8_t *end;			/* of the payload */
	bool		working;
} SumReader;

static inline SumReader
SumsOf(const InterestStateView *view, const InterestStateBlock *block)
{
	SumReader	reader = {block->sums, view->payload + view->size, view->working};

	return reader;
}

/* A canonical sum of more than 56 bits, or one at the payload's end; returns what follows it. */
extern const uint8_t *InterestDecodeLongSum(const uint8_t *at, const uint8_t *end, InterestInt128 *sum);

static inline InterestInt128
NextSum(SumReader *reader)
{
	const uint8_t *at = reader->at;
	uint64_t	zigzag;
	int			length = 0;

	if (reader->working)
	{
		reader->at += SUM_SIZE;
		return LoadInt128(at);
	}
	if (reader->end - at >= (ptrdiff_t) sizeof(uint64_t))
		length = InterestDecodeVarint(InterestLoadU64(at), &zigzag);
	if (length == 0)
	{
		InterestInt128 sum;

		reader->at = InterestDecodeLongSum(at, reader->end, &sum);
		return sum;
	}
	reader->at += length;
	return InterestInt128From((int64_t) (zigzag >> 1) ^ -(int64_t) (zigzag & 1));
}

/* The code masses of a block one after the other, by rising code. */
static inline SumReader
CodeMassesOf(const InterestStateView *view, const InterestStateBlock *block)
{
	SumReader	reader = {block->code_masses, view->payload + view->size, view->working};

	return reader;
}

static inline InterestInt128
NextCodeMass(SumReader *reader)
{
	if (!reader->working)
		reader->at++;			/* the code, which is below 128 */
	return NextSum(reader);
}

static inline int
CountBits(uint64_t bits)
{
	bits -= bits >> 1 & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (int) (bits * UINT64_C(0x0101010101010101) >> 56);
}

/* The lowest code of a set that is not empty. */
static inline int
LowestCode(uint64_t codes)
{
	return __builtin_ctzll(codes);
}

#define CODE_BIT(code) (UINT64_C(1) << (code))

/* state_codes.c: the code masses of a working state */

/* How many code masses a header speaks of. */
extern int	InterestStateCodeCount(const WorkingHeader *header);

/* Where those of an entry of the medium part, 0 .. INTEREST_WINDOW - 1, begin. */
extern size_t InterestStateCodeOffset(const WorkingHeader *header, int entry);

/*
 * Moves the code masses from where the old header has them to where the new one
 * does; those that are new, and all of a block with a fresh slot, are 0.  The
 * capacity of both is the same.
 */
extern void InterestStateMoveCodes(uint8_t *payload, const WorkingHeader *old, const WorkingHeader *new,
								   uint32_t fresh);

extern void InterestStateAddCode(uint8_t *payload, const WorkingHeader *header, int entry, int code,
								 InterestInt128 mass);

/* Adds or subtracts a block's code masses, all of which the entry must have. */
extern void InterestStateCombineCodes(uint8_t *payload, const WorkingHeader *header, int entry,
									  const InterestStateView *source, const InterestStateBlock *block,
									  bool subtract);

/*
 * Takes the source block's codes out of left->codes where nothing of them is
 * left; false if the source's block cannot be a part of the target's, left.
 */
extern bool InterestStateSubtractCodes(const InterestStateView *source, const InterestStateBlock *block,
									   const InterestStateView *target, InterestStateBlock *left);

/* Describes a working state whose header is sound. */
extern void InterestStateDescribe(const WorkingHeader *header, const uint8_t *payload,
								  InterestStateView *view);

/* Pieces of the canonical layout, also written from text; code masses follow the block's header. */
extern void InterestStateWriteHeader(InterestWriter *writer, const InterestStateView *view);
extern void InterestStateWriteBlockHeader(InterestWriter *writer, const InterestStateBlock *block);
extern void InterestStateWriteCode(InterestWriter *writer, int code, InterestInt128 mass);

/* Whether the counts and masses of a view can belong to rows; fills status if not. */
extern bool InterestStateCheckCounts(const InterestStateView *view, InterestStatus *status);

/*
 * A row's mass is llrint(weight f 2^40) with weight in [2^-4, 2^8] and f in
 * [2^-8, 1].
 */
#define MIN_MASS_SHIFT 28
#define MAX_MASS_SHIFT 48

/* Of any rows at all. */
#define LEAST_MASS InterestInt128From(INT64_C(1) << MIN_MASS_SHIFT)

static inline bool
IsLess(InterestInt128 a, InterestInt128 b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/*
 * Greatest |sum| that rows of this mass can have: a component may exceed 1 by
 * rounding (ROUNDING_SLACK), and each row rounds mass and sum once.
 */
extern InterestInt128 InterestStateSumBound(int64_t rows, InterestInt128 mass);

#define ROUNDING_SLACK 0x1p-20
#define ROUNDING_SLACK_SHIFT 20

static inline bool
IsWithin(InterestInt128 sum, InterestInt128 bound)
{
	if (InterestInt128IsNegative(sum))
		sum = InterestInt128Negate(sum);
	return !InterestInt128IsNegative(InterestInt128Subtract(bound, sum));
}

#endif

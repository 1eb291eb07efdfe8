/*
 * state_layout.h
 *	  The two layouts of a state, for the files that know them: state.c,
 *	  state_format.c and state_text.c.
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

/*
 * Start of a working state; the slots follow.  A block of a part has the entry
 * part * INTEREST_WINDOW + block mod INTEREST_WINDOW: blocks of the window have
 * different entries, so the block of an entry follows from the newest time.
 */
typedef struct WorkingHeader
{
	uint8_t		format;			/* FORMAT_WORKING */
	uint8_t		flags;
	uint8_t		capacity;		/* slots */
	uint8_t		reserved_1;
	uint16_t	dimensions;
	uint16_t	reserved_2;
	uint8_t		fingerprint[INTEREST_FINGERPRINT_SIZE];
	int64_t		half_life[INTEREST_GRANULARITIES];
	int64_t		rows;
	int64_t		negative_rows;
	int64_t		newest;
	int64_t		newest_rows;
	uint8_t		slot[INTEREST_MAX_BLOCKS];
	uint8_t		reserved_3[4];
	uint8_t		origin[INTEREST_ORIGIN_SIZE];	/* all zero: none, or several */
} WorkingHeader;

/* A slot: rows (8 bytes), mass (16), sums (16 each). */
#define SLOT_MASS 8
#define SLOT_SUMS 24
#define SUM_SIZE 16

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
 * that InterestStateOpen has let through: it reads without bounds.
 */
typedef struct SumReader
{
	const uint8_t *at;
	bool		working;
} SumReader;

static inline SumReader
SumsOf(const InterestStateView *view, const InterestStateBlock *block)
{
	SumReader	reader = {block->sums, view->working};

	return reader;
}

/* A zigzag variable-length integer of more than 63 bits. */
extern InterestInt128 InterestDecodeLongSum(SumReader *reader);

static inline InterestInt128
NextSum(SumReader *reader)
{
	const uint8_t *at = reader->at;
	uint64_t	bits = 0;

	if (reader->working)
	{
		reader->at += SUM_SIZE;
		return LoadInt128(at);
	}
	for (int shift = 0; shift < 63; shift += 7)
	{
		bits |= (uint64_t) (*at & 0x7f) << shift;
		if ((*at++ & 0x80) == 0)
		{
			reader->at = at;
			return InterestInt128From((int64_t) (bits >> 1) ^ -(int64_t) (bits & 1));
		}
	}
	return InterestDecodeLongSum(reader);
}

/* Describes a working state whose header is sound. */
extern void InterestStateDescribe(const WorkingHeader *header, const uint8_t *payload,
								  InterestStateView *view);

/* Pieces of the canonical layout, also written from text. */
extern void InterestStateWriteHeader(InterestWriter *writer, const InterestStateView *view);
extern void InterestStateWriteBlockHeader(InterestWriter *writer, const InterestStateBlock *block);

/* Whether the counts and masses of a view can belong to rows; fills status if not. */
extern bool InterestStateCheckCounts(const InterestStateView *view, InterestStatus *status);

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

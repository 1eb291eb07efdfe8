/*
 * state.c
 *	  The profile in its working layout: rows are added, profiles merged and
 *	  subtracted, all in integers.
 *
 * Every change is first made to a copy of the header, which takes and frees
 * slots and code masses; they themselves are touched, and the header put back,
 * only when nothing can fail any more.
 */
#include "core/profile/state_layout.h"

#include <math.h>

#define FIRST_CAPACITY 3		/* one row: a block of each granularity */
#define FIRST_CODE_CAPACITY 40

/* The header is copied byte by byte, so that its layout must not depend on the compiler. */
typedef char HeaderHasNoPadding[sizeof(WorkingHeader) == 176 ? 1 : -1];
typedef char Int128HasNoPadding[sizeof(InterestInt128) == SUM_SIZE ? 1 : -1];

bool
InterestShapeCheck(const InterestProfileShape *shape, InterestStatus *status)
{
	if (shape->dimensions < 1 || shape->dimensions > INTEREST_MAX_DIMENSIONS)
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"a profile must have between 1 and %d dimensions",
							INTEREST_MAX_DIMENSIONS);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		if (shape->half_life[g] < 1 || shape->half_life[g] > INTEREST_MAX_HALF_LIFE)
			return InterestFail(status, INTEREST_INVALID_ARGUMENT,
								"a half-life must be between 1 microsecond and %lld microseconds",
								(long long) INTEREST_MAX_HALF_LIFE);
	return true;
}

static const uint8_t no_origin[INTEREST_ORIGIN_SIZE];

static WorkingHeader
LoadHeader(const void *payload)
{
	WorkingHeader header;

	memcpy(&header, payload, sizeof(header));
	return header;
}

static size_t
HeaderSize(const WorkingHeader *header)
{
	return WorkingSize(header->dimensions, header->capacity, header->code_capacity);
}

size_t
InterestStateCreateSize(const InterestProfileShape *shape)
{
	return WorkingSize(shape->dimensions, FIRST_CAPACITY, FIRST_CODE_CAPACITY);
}

static void
CreateWithCapacity(const InterestProfileShape *shape, int capacity, int code_capacity, void *payload)
{
	WorkingHeader header;

	memset(payload, 0, WorkingSize(shape->dimensions, capacity, code_capacity));
	memset(&header, 0, sizeof(header));
	header.format = FORMAT_WORKING;
	header.capacity = (uint8_t) capacity;
	header.dimensions = (uint16_t) shape->dimensions;
	header.code_capacity = (uint16_t) code_capacity;
	memcpy(header.fingerprint, shape->fingerprint, sizeof(header.fingerprint));
	memcpy(header.half_life, shape->half_life, sizeof(header.half_life));
	header.newest = INT64_MIN;
	memset(header.slot, NO_SLOT, sizeof(header.slot));
	memcpy(payload, &header, sizeof(header));
}

void
InterestStateCreate(const InterestProfileShape *shape, void *payload)
{
	CreateWithCapacity(shape, FIRST_CAPACITY, FIRST_CODE_CAPACITY, payload);
}

static int
Least(int a, int b)
{
	return a < b ? a : b;
}

static int
Greatest(int a, int b)
{
	return a > b ? a : b;
}

/* Slots and code masses grow together: the one that is full is seldom far ahead. */
static WorkingHeader
GrownHeader(const void *payload)
{
	WorkingHeader header = LoadHeader(payload);

	header.capacity = (uint8_t) Least(2 * header.capacity, INTEREST_MAX_BLOCKS);
	header.code_capacity = (uint16_t) Least(2 * header.code_capacity, MAX_CODE_MASSES);
	return header;
}

size_t
InterestStateGrownSize(const void *payload)
{
	WorkingHeader header = GrownHeader(payload);

	return HeaderSize(&header);
}

void
InterestStateGrow(const void *payload, void *larger)
{
	WorkingHeader old = LoadHeader(payload);
	WorkingHeader header = GrownHeader(payload);
	size_t		slots = InterestStateCodeOffset(&old, 0);

	memset(larger, 0, HeaderSize(&header));
	memcpy(larger, payload, slots);
	memcpy((uint8_t *) larger + InterestStateCodeOffset(&header, 0),
		   (const uint8_t *) payload + slots, SUM_SIZE * (size_t) old.code_capacity);
	memcpy(larger, &header, sizeof(header));
}

static int
CapacityFor(const InterestStateView *view)
{
	return Greatest(view->block_count, FIRST_CAPACITY);
}

static int
CodeCapacityFor(const InterestStateView *view)
{
	int			count = 0;

	for (int i = 0; i < view->block_count; i++)
		count += CountBits(view->blocks[i].codes);
	return Greatest(count, FIRST_CODE_CAPACITY);
}

size_t
InterestStateWorkingSize(const InterestStateView *view)
{
	return WorkingSize(view->shape.dimensions, CapacityFor(view), CodeCapacityFor(view));
}

void
InterestStateWriteWorking(const InterestStateView *view, void *payload)
{
	InterestStatus status;

	/* Merging into an empty state of the same shape with room for all cannot fail. */
	CreateWithCapacity(&view->shape, CapacityFor(view), CodeCapacityFor(view), payload);
	if (view->has_origin)
		InterestStateSetOrigin(payload, view->origin);
	InterestStateMerge(payload, view, &status);
}

void
InterestStateSetOrigin(void *payload, const uint8_t *origin)
{
	memcpy((uint8_t *) payload + offsetof(WorkingHeader, origin), origin, INTEREST_ORIGIN_SIZE);
}

static bool
IsSameShape(const WorkingHeader *header, const InterestProfileShape *shape)
{
	return memcmp(header->fingerprint, shape->fingerprint, sizeof(header->fingerprint)) == 0 &&
		header->dimensions == shape->dimensions &&
		memcmp(header->half_life, shape->half_life, sizeof(header->half_life)) == 0;
}

bool
InterestStateHasShape(const void *payload, const InterestProfileShape *shape)
{
	WorkingHeader header = LoadHeader(payload);

	return IsSameShape(&header, shape);
}

bool
InterestStateIsWorking(const void *payload, size_t size)
{
	return size > 0 && *(const uint8_t *) payload == FORMAT_WORKING;
}

static int64_t
NewestBlock(const WorkingHeader *header, int part)
{
	return InterestBlockOf(header->newest, PartHalfLife(header->half_life, part));
}

static int
EntryOf(int part, int64_t block)
{
	return part * INTEREST_WINDOW + ModWindow(block);
}

static void
DescribeCodes(const WorkingHeader *header, const uint8_t *payload, int entry, InterestStateBlock *block)
{
	block->codes = header->codes[entry];
	block->code_masses = payload + InterestStateCodeOffset(header, entry);
}

void
InterestStateDescribe(const WorkingHeader *header, const uint8_t *payload, InterestStateView *view)
{
	view->shape.dimensions = header->dimensions;
	memcpy(view->shape.half_life, header->half_life, sizeof(header->half_life));
	memcpy(view->shape.fingerprint, header->fingerprint, sizeof(header->fingerprint));
	view->rebuild = (header->flags & FLAG_REBUILD) != 0;
	view->working = true;
	memcpy(view->origin, header->origin, sizeof(view->origin));
	view->has_origin = memcmp(header->origin, no_origin, sizeof(no_origin)) != 0;
	view->rows = header->rows;
	view->negative_rows = header->negative_rows;
	view->newest = header->newest;
	view->newest_rows = header->newest_rows;
	view->payload = payload;
	view->size = HeaderSize(header);
	view->block_count = 0;
	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		int64_t		newest = NewestBlock(header, part);

		for (int age = 0; age < INTEREST_WINDOW; age++)
		{
			InterestStateBlock *block = &view->blocks[view->block_count];
			int			entry = EntryOf(part, newest - age);
			int			slot = header->slot[entry];
			const uint8_t *bytes;

			if (slot == NO_SLOT)
				continue;
			bytes = payload + SlotOffset(header->dimensions, slot);
			block->part = (InterestPart) part;
			block->age = age;
			block->rows = LoadInt64(bytes);
			block->mass = LoadInt128(bytes + SLOT_MASS);
			block->sums = bytes + SLOT_SUMS;
			block->codes = 0;
			block->code_masses = NULL;
			if (part == INTEREST_MEDIUM)
				DescribeCodes(header, payload, entry - FIRST_MEDIUM_ENTRY, block);
			view->block_count++;
		}
	}
}

static void
DropBlock(WorkingHeader *header, int part, int64_t block)
{
	header->slot[EntryOf(part, block)] = NO_SLOT;
	if (part == INTEREST_MEDIUM)
		header->codes[ModWindow(block)] = 0;
}

/* Makes a later time the newest one: blocks that leave the window are dropped. */
static void
AdvanceNewest(WorkingHeader *header, int64_t time)
{
	WorkingHeader old = *header;

	header->newest = time;
	header->newest_rows = 0;
	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		int64_t		old_block = NewestBlock(&old, part);
		int64_t		steps = NewestBlock(header, part) - old_block;

		for (int age = 0; age < INTEREST_WINDOW; age++)
			if (age >= INTEREST_WINDOW - steps)
				DropBlock(header, part, old_block - age);
	}
}

/*
 * The slot of an entry; takes a free one, and puts it into fresh, where the
 * entry has none.  NO_SLOT if there is none to take.
 */
static int
TakeSlot(WorkingHeader *header, int entry, uint32_t *fresh)
{
	uint32_t	used = 0;

	if (header->slot[entry] != NO_SLOT)
		return header->slot[entry];
	for (int i = 0; i < INTEREST_MAX_BLOCKS; i++)
		if (header->slot[i] != NO_SLOT)
			used |= UINT32_C(1) << header->slot[i];
	for (int slot = 0; slot < header->capacity; slot++)
		if ((used >> slot & 1) == 0)
		{
			header->slot[entry] = (uint8_t) slot;
			*fresh |= UINT32_C(1) << slot;
			return slot;
		}
	return NO_SLOT;
}

/* Whether the code masses that the header speaks of find a place. */
static bool
HasRoomForCodes(const WorkingHeader *header)
{
	return InterestStateCodeCount(header) <= header->code_capacity;
}

/* Moves the code masses, empties the slots just taken and puts the header back. */
static void
PutHeader(uint8_t *payload, const WorkingHeader *header, uint32_t fresh)
{
	WorkingHeader old = LoadHeader(payload);

	InterestStateMoveCodes(payload, &old, header, fresh);
	for (int slot = 0; slot < header->capacity; slot++)
		if (fresh >> slot & 1)
			memset(payload + SlotOffset(header->dimensions, slot), 0, SlotSize(header->dimensions));
	memcpy(payload, header, sizeof(*header));
}

static void
AddRowsAndMass(uint8_t *slot, int64_t rows, InterestInt128 mass)
{
	rows += LoadInt64(slot);
	mass = InterestInt128Add(LoadInt128(slot + SLOT_MASS), mass);
	memcpy(slot, &rows, sizeof(rows));
	memcpy(slot + SLOT_MASS, &mass, sizeof(mass));
}

static void
AddSum(uint8_t *slot, int index, InterestInt128 value)
{
	uint8_t    *at = slot + SLOT_SUMS + SUM_SIZE * (size_t) index;

	value = InterestInt128Add(LoadInt128(at), value);
	memcpy(at, &value, sizeof(value));
}

static bool
CheckRow(const WorkingHeader *header, const InterestStateRow *row, InterestStatus *status)
{
	if (row->time == INT64_MIN || row->time == INT64_MAX)
		return InterestFail(status, INTEREST_DATA_EXCEPTION, "the time of a row must be finite");
	if (!(row->weight >= INTEREST_MIN_WEIGHT && row->weight <= INTEREST_MAX_WEIGHT))
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"the weight of a row must be between 1/16 and 256");
	for (int i = 0; i < header->dimensions; i++)
		if (!(fabs(row->vector[i]) <= 1.0 + ROUNDING_SLACK))
			return InterestFail(status, INTEREST_DATA_EXCEPTION,
								"component %d of a row's vector is not within -1 and 1", i + 1);
	if (row->code < 0 || row->code >= INTEREST_CODES)
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"the code of a row must be between 0 and %d", INTEREST_CODES - 1);
	if (header->rows == INT64_MAX - header->negative_rows)
		return InterestFail(status, INTEREST_LIMIT_EXCEEDED, "a profile cannot count more rows");
	return true;
}

/*
 * algorithm: section 2, the integers of one row in one block.  Scaling by 2^40
 * is exact before or after the product with a component, so it is done once.
 */
static void
AddRowToBlock(uint8_t *payload, const WorkingHeader *header, int entry, const InterestStateRow *row)
{
	int			part = entry / INTEREST_WINDOW;
	uint8_t    *slot = payload + SlotOffset(header->dimensions, header->slot[entry]);
	double		factor = InterestRowFactor(row->time, PartHalfLife(header->half_life, part));
	double		weight = ldexp(row->weight * factor, 40);
	InterestInt128 mass = InterestInt128From(llrint(weight));

	AddRowsAndMass(slot, 1, mass);
	for (int i = 0; i < header->dimensions; i++)
		AddSum(slot, i, InterestInt128From(llrint(weight * row->vector[i])));
	if (part == INTEREST_MEDIUM)
		InterestStateAddCode(payload, header, entry - FIRST_MEDIUM_ENTRY, row->code, mass);
}

InterestStateResult
InterestStateAddRow(void *payload, const InterestStateRow *row, InterestStatus *status)
{
	WorkingHeader header = LoadHeader(payload);
	int			first = row->negative ? INTEREST_NEGATIVE : INTEREST_COARSE;
	int			last = row->negative ? INTEREST_NEGATIVE : INTEREST_FINE;
	int			entries[INTEREST_PARTS];
	uint32_t	fresh = 0;

	if (!CheckRow(&header, row, status))
		return INTEREST_STATE_FAILED;
	if (row->time > header.newest)
		AdvanceNewest(&header, row->time);
	header.newest_rows += row->time == header.newest;
	header.rows += !row->negative;
	header.negative_rows += row->negative;
	for (int part = first; part <= last; part++)
	{
		int64_t		block = InterestBlockOf(row->time, PartHalfLife(header.half_life, part));

		entries[part] = -1;
		if (NewestBlock(&header, part) - block >= INTEREST_WINDOW)
			continue;			/* only counted */
		entries[part] = EntryOf(part, block);
		if (TakeSlot(&header, entries[part], &fresh) == NO_SLOT)
			return INTEREST_STATE_NEEDS_ROOM;
		if (part == INTEREST_MEDIUM)
			header.codes[ModWindow(block)] |= CODE_BIT(row->code);
	}
	if (!HasRoomForCodes(&header))
		return INTEREST_STATE_NEEDS_ROOM;
	PutHeader(payload, &header, fresh);
	for (int part = first; part <= last; part++)
		if (entries[part] >= 0)
			AddRowToBlock(payload, &header, entries[part], row);
	return INTEREST_STATE_DONE;
}

static bool
CheckSameShape(const WorkingHeader *header, const InterestStateView *source,
			   InterestStatus *status)
{
	if (IsSameShape(header, &source->shape))
		return true;
	InterestFail(status, INTEREST_MISMATCH, "profiles of different representations cannot be combined");
	InterestDetail(status, "The profiles were made by different models or model versions.");
	return InterestHint(status, "Make the older profile again from its rows with the model of the newer one.");
}

/* The block of a source's block in time. */
static int64_t
BlockNumber(const InterestStateView *view, const InterestStateBlock *block)
{
	return InterestBlockOf(view->newest, PartHalfLife(view->shape.half_life, block->part)) - block->age;
}

/*
 * Where the target keeps the source's block i: an entry, or -1 if it is before
 * the target's window.
 */
static int
TargetEntry(const WorkingHeader *header, const InterestStateView *source, int i)
{
	int			part = source->blocks[i].part;
	int64_t		block = BlockNumber(source, &source->blocks[i]);

	if (NewestBlock(header, part) - block >= INTEREST_WINDOW)
		return -1;
	return EntryOf(part, block);
}

/* The entry's block += block, or -= block. */
static void
CombineBlock(uint8_t *payload, const WorkingHeader *header, int entry,
			 const InterestStateView *source, const InterestStateBlock *block, bool subtract)
{
	uint8_t    *slot = payload + SlotOffset(header->dimensions, header->slot[entry]);
	SumReader	reader = SumsOf(source, block);

	AddRowsAndMass(slot, subtract ? -block->rows : block->rows,
				   subtract ? InterestInt128Negate(block->mass) : block->mass);
	for (int i = 0; i < source->shape.dimensions; i++)
	{
		InterestInt128 sum = NextSum(&reader);

		AddSum(slot, i, subtract ? InterestInt128Negate(sum) : sum);
	}
	if (block->part == INTEREST_MEDIUM)
		InterestStateCombineCodes(payload, header, entry - FIRST_MEDIUM_ENTRY, source, block, subtract);
}

InterestStateResult
InterestStateMerge(void *payload, const InterestStateView *source, InterestStatus *status)
{
	WorkingHeader header = LoadHeader(payload);
	int			entries[INTEREST_MAX_BLOCKS];
	uint32_t	fresh = 0;

	if (!CheckSameShape(&header, source, status))
		return INTEREST_STATE_FAILED;
	if (header.rows + header.negative_rows > INT64_MAX - source->rows - source->negative_rows)
	{
		InterestFail(status, INTEREST_LIMIT_EXCEEDED, "a profile cannot count more rows");
		return INTEREST_STATE_FAILED;
	}
	if (source->newest > header.newest)
		AdvanceNewest(&header, source->newest);
	if (source->newest == header.newest)
		header.newest_rows += source->newest_rows;
	header.rows += source->rows;
	header.negative_rows += source->negative_rows;
	if (source->rebuild)
		header.flags |= FLAG_REBUILD;
	if (!source->has_origin || memcmp(header.origin, source->origin, sizeof(header.origin)) != 0)
		memset(header.origin, 0, sizeof(header.origin));
	for (int i = 0; i < source->block_count; i++)
	{
		entries[i] = TargetEntry(&header, source, i);
		if (entries[i] < 0)
			continue;			/* dropped: only counted */
		if (TakeSlot(&header, entries[i], &fresh) == NO_SLOT)
			return INTEREST_STATE_NEEDS_ROOM;
		if (source->blocks[i].part == INTEREST_MEDIUM)
			header.codes[entries[i] - FIRST_MEDIUM_ENTRY] |= source->blocks[i].codes;
	}
	if (!HasRoomForCodes(&header))
		return INTEREST_STATE_NEEDS_ROOM;
	PutHeader(payload, &header, fresh);
	for (int i = 0; i < source->block_count; i++)
		if (entries[i] >= 0)
			CombineBlock(payload, &header, entries[i], source, &source->blocks[i], false);
	return INTEREST_STATE_DONE;
}

/* Whether every sum that is left, target - source, can be one of the rows that are left. */
static bool
CanSubtractSums(const uint8_t *target_sums, const InterestStateView *source,
				const InterestStateBlock *block, const InterestStateBlock *left)
{
	SumReader	reader = SumsOf(source, block);
	InterestInt128 bound = InterestInt128From(0);

	if (left->rows > 0)
		bound = InterestStateSumBound(left->rows, left->mass);
	for (int i = 0; i < source->shape.dimensions; i++)
	{
		InterestInt128 sum = LoadInt128(target_sums + SUM_SIZE * (size_t) i);

		if (!IsWithin(InterestInt128Subtract(sum, NextSum(&reader)), bound))
			return false;
	}
	return true;
}

/*
 * What is left of the target's block when the source's is taken away; false
 * if the source's cannot be a part of it.
 */
static bool
SubtractBlock(const InterestStateView *target, InterestStateBlock *left,
			  const InterestStateView *source, const InterestStateBlock *block)
{
	left->rows -= block->rows;
	left->mass = InterestInt128Subtract(left->mass, block->mass);
	return left->rows >= 0 && (left->rows > 0 || InterestInt128IsZero(left->mass)) &&
		CanSubtractSums(left->sums, source, block, left) &&
		(left->part != INTEREST_MEDIUM || InterestStateSubtractCodes(source, block, target, left));
}

/*
 * Turns the target's view into that of the difference; blocks without rows are
 * taken out.  False if the source is not a part of the target.
 */
static bool
SubtractFromView(InterestStateView *left, const WorkingHeader *header,
				 const InterestStateView *source)
{
	int			kept = 0;

	for (int i = 0; i < source->block_count; i++)
	{
		const InterestStateBlock *block = &source->blocks[i];
		int			entry = TargetEntry(header, source, i);
		int			j = 0;

		if (entry < 0)
			continue;			/* dropped: only counted */
		while (j < left->block_count &&
			   EntryOf(left->blocks[j].part, BlockNumber(left, &left->blocks[j])) != entry)
			j++;
		if (j == left->block_count || !SubtractBlock(left, &left->blocks[j], source, block))
			return false;
	}
	for (int j = 0; j < left->block_count; j++)
		if (left->blocks[j].rows > 0)
			left->blocks[kept++] = left->blocks[j];
	left->block_count = kept;
	left->rows -= source->rows;
	left->negative_rows -= source->negative_rows;
	left->rebuild |= source->rebuild;
	if (source->newest == left->newest)
		left->newest_rows -= source->newest_rows;
	return left->rows >= 0 && left->negative_rows >= 0 && left->newest_rows >= 0;
}

static InterestStateResult
NotAPart(InterestStatus *status)
{
	InterestFail(status, INTEREST_MISMATCH, "the profile to subtract is not a part of this profile");
	InterestHint(status, "Subtract only what was added before, or make the profile again from its rows.");
	return INTEREST_STATE_FAILED;
}

/* The header of the difference, with the entries of blocks that are left. */
static void
TakeCounts(WorkingHeader *header, const InterestStateView *left)
{
	uint8_t		old[INTEREST_MAX_BLOCKS];

	memcpy(old, header->slot, sizeof(old));
	memset(header->slot, NO_SLOT, sizeof(header->slot));
	memset(header->codes, 0, sizeof(header->codes));
	for (int i = 0; i < left->block_count; i++)
	{
		int			entry = EntryOf(left->blocks[i].part, BlockNumber(left, &left->blocks[i]));

		header->slot[entry] = old[entry];
		if (left->blocks[i].part == INTEREST_MEDIUM)
			header->codes[entry - FIRST_MEDIUM_ENTRY] = left->blocks[i].codes;
	}
	header->rows = left->rows;
	header->negative_rows = left->negative_rows;
	header->newest = left->newest;
	header->newest_rows = left->newest_rows;
	header->flags = left->rebuild ? FLAG_REBUILD : 0;
}

InterestStateResult
InterestStateSubtract(void *payload, const InterestStateView *source, bool mark_rebuild,
					  InterestStatus *status)
{
	WorkingHeader header = LoadHeader(payload);
	InterestStateView left;
	InterestStatus reason;

	if (!CheckSameShape(&header, source, status))
		return INTEREST_STATE_FAILED;
	if (source->rows + source->negative_rows == 0)
		return INTEREST_STATE_DONE;
	InterestStateDescribe(&header, payload, &left);
	if (source->newest > left.newest || !SubtractFromView(&left, &header, source))
		return NotAPart(status);
	if (left.rows + left.negative_rows == 0)
	{
		left.rebuild = false;
		if (left.newest_rows == 0)
			left.newest = INT64_MIN;
	}
	else if (left.newest_rows == 0 && source->newest_rows > 0 && source->newest == left.newest)
	{
		if (!mark_rebuild)
			return INTEREST_STATE_NEWEST_LEAVES;
		left.rebuild = true;
	}
	if (!InterestStateCheckCounts(&left, &reason))
		return NotAPart(status);
	/* Blocks and codes of which nothing is left go only when they are 0. */
	for (int i = 0; i < source->block_count; i++)
	{
		int			entry = TargetEntry(&header, source, i);

		if (entry >= 0)
			CombineBlock(payload, &header, entry, source, &source->blocks[i], true);
	}
	TakeCounts(&header, &left);
	PutHeader(payload, &header, 0);
	return INTEREST_STATE_DONE;
}

/*
 * state_format.c
 *	  The profile's canonical layout, and the one validator of both layouts.
 *
 * FORMAT.md describes the bytes.
 */
#include "core/profile/state_layout.h"

/* Bytes of a variable-length integer of so many bits. */
#define VARINT_SIZE(bits) (((bits) + 6) / 7)

static bool
Malformed(InterestStatus *status, const char *detail)
{
	InterestFail(status, INTEREST_INVALID_BINARY, "malformed interest_profile");
	return InterestDetail(status, "%s", detail);
}

/* value 2^shift for a value >= 0 and a shift in 1 .. 63 */
static InterestInt128
ShiftLeft(int64_t value, int shift)
{
	InterestInt128 result = {(uint64_t) value << shift, value >> (64 - shift)};

	return result;
}

InterestInt128
InterestStateSumBound(int64_t rows, InterestInt128 mass)
{
	InterestInt128 slack;

	slack.low = mass.low >> ROUNDING_SLACK_SHIFT | (uint64_t) mass.high << (64 - ROUNDING_SLACK_SHIFT);
	slack.high = mass.high >> ROUNDING_SLACK_SHIFT;
	return InterestInt128Add(InterestInt128Add(mass, slack), ShiftLeft(rows, 1));
}

/* A state without rows has nothing else either. */
static bool
CheckEmpty(const InterestStateView *view, InterestStatus *status)
{
	if (view->newest != INT64_MIN || view->newest_rows != 0 || view->block_count != 0 || view->rebuild)
		return Malformed(status, "A profile without rows holds something else.");
	return true;
}

static bool
CheckNewest(const InterestStateView *view, InterestStatus *status)
{
	if (view->newest == INT64_MIN || view->newest == INT64_MAX)
		return Malformed(status, "The time of the newest row is infinite.");
	if (view->newest_rows < (view->rebuild ? 0 : 1) ||
		view->newest_rows > view->rows + view->negative_rows)
		return Malformed(status, "The number of newest rows does not fit the number of rows.");
	return true;
}

static bool
CheckBlock(const InterestStateBlock *block, InterestStatus *status)
{
	if (block->rows < 1)
		return Malformed(status, "A block has no rows.");
	if (IsLess(block->mass, ShiftLeft(block->rows, MIN_MASS_SHIFT)) ||
		IsLess(ShiftLeft(block->rows, MAX_MASS_SHIFT), block->mass))
		return Malformed(status, "The mass of a block does not fit its rows.");
	if (CountBits(block->codes) > block->rows)
		return Malformed(status, "A block has more codes than rows.");
	return true;
}

bool
InterestStateCheckCounts(const InterestStateView *view, InterestStatus *status)
{
	int64_t		left[INTEREST_PARTS] = {view->rows, view->rows, view->rows, view->negative_rows};
	int64_t		young[INTEREST_PARTS] = {0, 0, 0, 0};

	if (view->rows < 0 || view->negative_rows < 0 || view->rows > INT64_MAX - view->negative_rows)
		return Malformed(status, "The number of rows is out of range.");
	if (view->rows + view->negative_rows == 0)
		return CheckEmpty(view, status);
	if (!CheckNewest(view, status))
		return false;
	for (int i = 0; i < view->block_count; i++)
	{
		const InterestStateBlock *block = &view->blocks[i];

		if (!CheckBlock(block, status))
			return false;
		if (block->rows > left[block->part])
			return Malformed(status, "The blocks have more rows than the profile.");
		left[block->part] -= block->rows;
		if (block->age == 0)
			young[block->part] = block->rows;
	}
	/* Every newest row is in the newest block of each of its parts. */
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		if (view->newest_rows > young[g] + young[INTEREST_NEGATIVE])
			return Malformed(status, "The newest block has fewer rows than the newest time.");
	return true;
}

static bool
CheckWorkingSums(const InterestStateView *view, InterestStatus *status)
{
	for (int i = 0; i < view->block_count; i++)
	{
		const InterestStateBlock *block = &view->blocks[i];
		InterestInt128 bound = InterestStateSumBound(block->rows, block->mass);
		SumReader	reader = SumsOf(view, block);

		for (int j = 0; j < view->shape.dimensions; j++)
			if (!IsWithin(NextSum(&reader), bound))
				return Malformed(status, "A sum is larger than its rows allow.");
	}
	return true;
}

/* Each code mass is one of rows, and a medium block's add up to its own. */
static bool
CheckCodeMass(InterestInt128 mass, InterestInt128 *left, InterestStatus *status)
{
	*left = InterestInt128Subtract(*left, mass);
	if (IsLess(mass, LEAST_MASS) || InterestInt128IsNegative(*left))
		return Malformed(status, "A code mass is out of range.");
	return true;
}

static bool
CheckCodeSum(InterestInt128 left, InterestStatus *status)
{
	if (!InterestInt128IsZero(left))
		return Malformed(status, "The code masses of a block do not add up to its mass.");
	return true;
}

static bool
CheckWorkingCodes(const InterestStateView *view, InterestStatus *status)
{
	for (int i = 0; i < view->block_count; i++)
	{
		const InterestStateBlock *block = &view->blocks[i];
		InterestInt128 left = block->mass;
		SumReader	reader = CodeMassesOf(view, block);

		if (block->part != INTEREST_MEDIUM)
			continue;
		for (uint64_t codes = block->codes; codes != 0; codes &= codes - 1)
			if (!CheckCodeMass(NextCodeMass(&reader), &left, status))
				return false;
		if (!CheckCodeSum(left, status))
			return false;
	}
	return true;
}

/* Entries name different slots within the capacity. */
static bool
CheckSlots(const WorkingHeader *header)
{
	uint32_t	used = 0;

	for (int i = 0; i < INTEREST_MAX_BLOCKS; i++)
	{
		int			slot = header->slot[i];

		if (slot == NO_SLOT)
			continue;
		if (slot >= header->capacity || (used >> slot & 1))
			return false;
		used |= UINT32_C(1) << slot;
	}
	return true;
}

/* Code masses have room, and belong to blocks. */
static bool
CheckCodes(const WorkingHeader *header)
{
	for (int entry = 0; entry < INTEREST_WINDOW; entry++)
		if (header->codes[entry] != 0 && header->slot[FIRST_MEDIUM_ENTRY + entry] == NO_SLOT)
			return false;
	return InterestStateCodeCount(header) <= header->code_capacity;
}

static bool
CheckShape(const InterestProfileShape *shape, InterestStatus *status)
{
	InterestStatus reason;

	if (InterestShapeCheck(shape, &reason))
		return true;
	return Malformed(status, "The dimensions or half-lives are out of range.");
}

static bool
OpenWorking(const uint8_t *payload, size_t size, InterestStateView *view, InterestStatus *status)
{
	static const uint8_t zero[4] = {0};
	WorkingHeader header;

	if (size < sizeof(header))
		return Malformed(status, "The profile is cut off.");
	memcpy(&header, payload, sizeof(header));
	view->shape.dimensions = header.dimensions;
	memcpy(view->shape.half_life, header.half_life, sizeof(header.half_life));
	if (!CheckShape(&view->shape, status))
		return false;
	if (header.capacity > INTEREST_MAX_BLOCKS || header.code_capacity > MAX_CODE_MASSES ||
		size != WorkingSize(header.dimensions, header.capacity, header.code_capacity))
		return Malformed(status, "The profile does not have the size that its header says.");
	if ((header.flags & ~FLAG_REBUILD) != 0 || header.reserved_1 != 0 ||
		memcmp(header.reserved_2, zero, sizeof(zero)) != 0)
		return Malformed(status, "Reserved bytes are not zero.");
	if (!CheckSlots(&header))
		return Malformed(status, "A slot is out of range or used twice.");
	if (!CheckCodes(&header))
		return Malformed(status, "There are more code masses than places, or some without a block.");
	InterestStateDescribe(&header, payload, view);
	return InterestStateCheckCounts(view, status) && CheckWorkingSums(view, status) &&
		CheckWorkingCodes(view, status);
}

/* A count of rows, which must be below 2^63. */
static int64_t
ReadCount(InterestReader *reader)
{
	uint64_t	value = InterestReadVarint(reader);

	if (value > INT64_MAX)
		reader->failed = true;
	return reader->failed ? 0 : (int64_t) value;
}

/* Up to the newest time; false is a status, or a reader that failed. */
static bool
ReadHeader(InterestReader *reader, InterestStateView *view, InterestStatus *status)
{
	const uint8_t *fingerprint;
	uint8_t		flags;
	uint64_t	dimensions;

	InterestReadByte(reader);	/* the format */
	flags = InterestReadByte(reader);
	fingerprint = InterestReadBytes(reader, INTEREST_FINGERPRINT_SIZE);
	dimensions = InterestReadVarint(reader);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		view->shape.half_life[g] = ReadCount(reader);
	view->rows = ReadCount(reader);
	view->negative_rows = ReadCount(reader);
	if (reader->failed)
		return false;
	if ((flags & ~FLAG_REBUILD) != 0)
		return Malformed(status, "Reserved flags are not zero.");
	view->rebuild = (flags & FLAG_REBUILD) != 0;
	memcpy(view->shape.fingerprint, fingerprint, INTEREST_FINGERPRINT_SIZE);
	view->shape.dimensions = dimensions <= INTEREST_MAX_DIMENSIONS ? (int) dimensions : 0;
	return CheckShape(&view->shape, status);
}

static bool
ReadSums(InterestReader *reader, int dimensions, const InterestStateBlock *block,
		 InterestStatus *status)
{
	InterestInt128 bound = InterestStateSumBound(block->rows, block->mass);
	uint64_t	short_bound = bound.high == 0 && bound.low < INT64_MAX ? 2 * bound.low : UINT64_MAX;
	const uint8_t *at = reader->at;

	/* Of zigzag coded sums, |sum| <= bound where the code is <= 2 bound. */
	for (int i = 0; i < dimensions; i++)
	{
		uint64_t	zigzag = 0;
		int			length = 0;
		bool		within;

		if (reader->end - at >= (ptrdiff_t) sizeof(uint64_t))
			length = InterestDecodeVarint(InterestLoadU64(at), &zigzag);
		within = zigzag <= short_bound;
		if (length == 0)
		{
			reader->at = at;
			within = IsWithin(InterestReadInt128(reader), bound);
			at = reader->at;
		}
		if (!within)
			return Malformed(status, "A sum is larger than its rows allow.");
		at += length;
	}
	reader->at = at;
	return !reader->failed;
}

static bool
ReadCodes(InterestReader *reader, InterestStateBlock *block, InterestStatus *status)
{
	uint64_t	count = InterestReadVarint(reader);
	InterestInt128 left = block->mass;

	block->code_masses = reader->at;
	for (uint64_t i = 0; i < count; i++)
	{
		uint64_t	code = InterestReadVarint(reader);
		InterestInt128 mass = InterestReadInt128(reader);

		if (reader->failed)
			return false;
		if (code >= INTEREST_CODES || block->codes >> code != 0)
			return Malformed(status, "The codes of a block are not in order.");
		if (!CheckCodeMass(mass, &left, status))
			return false;
		block->codes |= CODE_BIT(code);
	}
	return !reader->failed && CheckCodeSum(left, status);
}

static bool
ReadBlock(InterestReader *reader, int dimensions, InterestStateBlock *block, InterestStatus *status)
{
	block->age = InterestReadByte(reader);
	block->rows = ReadCount(reader);
	block->mass = InterestReadInt128(reader);
	block->codes = 0;
	block->code_masses = NULL;
	if (reader->failed ||
		(block->part == INTEREST_MEDIUM && !ReadCodes(reader, block, status)))
		return false;
	block->sums = reader->at;
	return CheckBlock(block, status) && ReadSums(reader, dimensions, block, status);
}

static bool
ReadPart(InterestReader *reader, int part, InterestStateView *view, InterestStatus *status)
{
	int			count = InterestReadByte(reader);
	int			age = -1;

	if (count > INTEREST_WINDOW)
		return Malformed(status, "A part has more blocks than its window.");
	for (int i = 0; i < count; i++)
	{
		InterestStateBlock *block = &view->blocks[view->block_count++];

		block->part = (InterestPart) part;
		if (!ReadBlock(reader, view->shape.dimensions, block, status))
			return false;
		if (block->age <= age || block->age >= INTEREST_WINDOW)
			return Malformed(status, "The blocks of a part are not in order.");
		age = block->age;
	}
	return !reader->failed;
}

/* Everything behind the header, which only a state with rows has. */
static bool
ReadBody(InterestReader *reader, InterestStateView *view, InterestStatus *status)
{
	view->block_count = 0;
	view->newest = INT64_MIN;
	view->newest_rows = 0;
	if (view->rows == 0 && view->negative_rows == 0)
		return true;
	view->newest = InterestReadSignedVarint(reader);
	view->newest_rows = ReadCount(reader);
	for (int part = 0; part < INTEREST_PARTS; part++)
		if (!ReadPart(reader, part, view, status))
			return false;
	return true;
}

static bool
OpenCanonical(const uint8_t *payload, size_t size, InterestStateView *view, InterestStatus *status)
{
	InterestReader reader = {payload, payload + size, false};

	if (size > 0 && payload[0] != FORMAT_CANONICAL)
	{
		InterestFail(status, INTEREST_UNSUPPORTED,
					 "format %d of interest_profile is not known to this version", payload[0]);
		return InterestHint(status, "Update the extension, or make the profile again from its rows.");
	}
	view->working = false;
	view->has_origin = false;
	view->payload = payload;
	view->size = size;
	/* A read that failed has no status yet. */
	if (!ReadHeader(&reader, view, status) || !ReadBody(&reader, view, status))
		return reader.failed
			? Malformed(status, "The profile is cut off, or an integer is not in its shortest form.")
			: false;
	if (InterestReaderLeft(&reader) != 0)
		return Malformed(status, "Bytes follow the end of the profile.");
	return InterestStateCheckCounts(view, status);
}

bool
InterestStateOpen(const void *payload, size_t size, InterestStateView *view, InterestStatus *status)
{
	if (InterestStateIsWorking(payload, size))
		return OpenWorking(payload, size, view, status);
	return OpenCanonical(payload, size, view, status);
}

bool
InterestStateCheck(const void *payload, size_t size, InterestStatus *status)
{
	InterestStateView view;

	return OpenCanonical(payload, size, &view, status);
}

const uint8_t *
InterestDecodeLongSum(const uint8_t *at, const uint8_t *end, InterestInt128 *sum)
{
	InterestReader reader = {at, end, false};

	*sum = InterestReadInt128(&reader);
	return reader.at;
}

void
InterestStateBlockSums(const InterestStateView *view, const InterestStateBlock *block,
					   InterestInt128 *sums)
{
	SumReader	reader = SumsOf(view, block);

	for (int i = 0; i < view->shape.dimensions; i++)
		sums[i] = NextSum(&reader);
}

void
InterestStateBlockCodes(const InterestStateView *view, const InterestStateBlock *block,
						InterestInt128 masses[INTEREST_CODES])
{
	SumReader	reader = CodeMassesOf(view, block);

	for (int code = 0; code < INTEREST_CODES; code++)
		masses[code] = block->codes & CODE_BIT(code) ? NextCodeMass(&reader) : InterestInt128From(0);
}

void
InterestStateWriteHeader(InterestWriter *writer, const InterestStateView *view)
{
	InterestWriteByte(writer, FORMAT_CANONICAL);
	InterestWriteByte(writer, view->rebuild ? FLAG_REBUILD : 0);
	InterestWriteBytes(writer, view->shape.fingerprint, INTEREST_FINGERPRINT_SIZE);
	InterestWriteVarint(writer, (uint64_t) view->shape.dimensions);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		InterestWriteVarint(writer, (uint64_t) view->shape.half_life[g]);
	InterestWriteVarint(writer, (uint64_t) view->rows);
	InterestWriteVarint(writer, (uint64_t) view->negative_rows);
	if (view->rows == 0 && view->negative_rows == 0)
		return;
	InterestWriteSignedVarint(writer, view->newest);
	InterestWriteVarint(writer, (uint64_t) view->newest_rows);
}

void
InterestStateWriteBlockHeader(InterestWriter *writer, const InterestStateBlock *block)
{
	InterestWriteByte(writer, (uint8_t) block->age);
	InterestWriteVarint(writer, (uint64_t) block->rows);
	InterestWriteInt128(writer, block->mass);
}

void
InterestStateWriteCode(InterestWriter *writer, int code, InterestInt128 mass)
{
	InterestWriteByte(writer, (uint8_t) code);
	InterestWriteInt128(writer, mass);
}

static void
WriteCodes(InterestWriter *writer, const InterestStateView *view, const InterestStateBlock *block)
{
	SumReader	reader = CodeMassesOf(view, block);

	InterestWriteByte(writer, (uint8_t) CountBits(block->codes));
	for (uint64_t codes = block->codes; codes != 0; codes &= codes - 1)
		InterestStateWriteCode(writer, LowestCode(codes), NextCodeMass(&reader));
}

static int
BlocksOfPart(const InterestStateView *view, int part)
{
	int			count = 0;

	for (int i = 0; i < view->block_count; i++)
		count += (int) view->blocks[i].part == part;
	return count;
}

/* A view's blocks are sorted by part, then age, as the layout wants them. */
static void
WriteCanonical(const InterestStateView *view, InterestWriter *writer)
{
	int			next = 0;

	if (!view->working)
	{
		InterestWriteBytes(writer, view->payload, view->size);
		return;
	}
	InterestStateWriteHeader(writer, view);
	if (view->rows == 0 && view->negative_rows == 0)
		return;
	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		int			count = BlocksOfPart(view, part);

		InterestWriteByte(writer, (uint8_t) count);
		for (; count > 0; count--, next++)
		{
			const InterestStateBlock *block = &view->blocks[next];
			SumReader	reader = SumsOf(view, block);

			InterestStateWriteBlockHeader(writer, block);
			if (part == INTEREST_MEDIUM)
				WriteCodes(writer, view, block);
			for (int i = 0; i < view->shape.dimensions; i++)
				InterestWriteInt128(writer, NextSum(&reader));
		}
	}
}

size_t
InterestStateCanonicalSize(const InterestStateView *view)
{
	InterestWriter writer = {NULL, 0};

	WriteCanonical(view, &writer);
	return writer.length;
}

void
InterestStateWriteCanonical(const InterestStateView *view, void *payload)
{
	InterestWriter writer = {payload, 0};

	WriteCanonical(view, &writer);
}

size_t
InterestStateCanonicalBound(int dimensions)
{
	/*
	 * Counts have 63 bits, masses 48 more and a sign.  A sum of 113 bits, one
	 * byte more than counted here, needs nearly all 2^63 rows in its block; the
	 * sums of the 4 other blocks then lose at least 3 bytes each.
	 */
	size_t		header = 2 + INTEREST_FINGERPRINT_SIZE + (dimensions < 128 ? 1 : 2) +
		INTEREST_GRANULARITIES * VARINT_SIZE(60) + 2 * VARINT_SIZE(63) +
		VARINT_SIZE(64) + VARINT_SIZE(63);
	size_t		block = 1 + VARINT_SIZE(63) + VARINT_SIZE(112) * (1 + (size_t) dimensions);

	/*
	 * A mass of more than 105 bits with its sign has 2^56 rows or more.  That
	 * leaves 2^63 - 1 - 5 2^56 rows, of which the negative blocks take theirs,
	 * for at most 122 such code masses, and the 198 others want 1.5 2^56 to have
	 * more than 98 bits each: 121.
	 */
	size_t		codes = INTEREST_WINDOW * (1 + INTEREST_CODES * (1 + VARINT_SIZE(105))) + 121;

	return header + INTEREST_PARTS + INTEREST_MAX_BLOCKS * block + codes;
}

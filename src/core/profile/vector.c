/*
 * vector.c
 *	  The bytes of an interestvec: one reading, flat.
 *
 * FORMAT.md describes the bytes.
 */
#include "core/profile/vector.h"

#include <math.h>
#include <string.h>

#define FORMAT_VECTOR 1

/* Offsets of the fixed part. */
#define AT_DIMENSIONS 2
#define AT_REPRESENTATION 8
#define AT_READING 24
#define AT_VECTORS 104

/* Code and mass of a topic, in front of its vector. */
#define TOPIC_HEADER 8

/* Each gamma was rounded to float by itself. */
#define GAMMA_TOLERANCE 1e-6

size_t
InterestVectorSize(int dimensions, int topic_count)
{
	size_t		vector = sizeof(float) * (size_t) dimensions;

	return AT_VECTORS + INTEREST_READING_PARTS * vector + (size_t) topic_count * (TOPIC_HEADER + vector);
}

/* Equal numbers must have equal bytes: -0 + 0 is 0. */
static void
WriteFloats(InterestWriter *writer, const float *values, int count)
{
	for (int i = 0; i < count; i++)
		InterestWriteFloat(writer, values[i] + 0.0f);
}

static void
ReadFloats(InterestReader *reader, float *values, int count)
{
	InterestReadFloats(reader, values, (size_t) count);
}

void
InterestVectorWrite(const InterestReading *reading, void *payload)
{
	InterestWriter writer = {payload, 0};

	InterestWriteByte(&writer, FORMAT_VECTOR);
	InterestWriteByte(&writer, (uint8_t) reading->topic_count);
	InterestWriteByte(&writer, (uint8_t) reading->dimensions);
	InterestWriteByte(&writer, (uint8_t) (reading->dimensions >> 8));
	InterestWriteU32(&writer, 0);
	InterestWriteBytes(&writer, reading->representation, INTEREST_FINGERPRINT_SIZE);
	InterestWriteBytes(&writer, reading->reading, INTEREST_FINGERPRINT_SIZE);
	InterestWriteU64(&writer, (uint64_t) reading->rows);
	InterestWriteU64(&writer, (uint64_t) reading->negative_rows);
	InterestWriteU64(&writer, (uint64_t) reading->newest);
	InterestWriteU64(&writer, (uint64_t) reading->at);
	WriteFloats(&writer, reading->mass, INTEREST_PARTS);
	WriteFloats(&writer, reading->gamma, INTEREST_GRANULARITIES);
	InterestWriteU32(&writer, 0);
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		WriteFloats(&writer, reading->vector[part], reading->dimensions);
	for (int i = 0; i < reading->topic_count; i++)
	{
		InterestWriteU32(&writer, (uint32_t) reading->topics[i].code);
		WriteFloats(&writer, &reading->topics[i].mass, 1);
		WriteFloats(&writer, reading->topics[i].vector, reading->dimensions);
	}
}

int
InterestVectorDimensions(const void *payload)
{
	const uint8_t *bytes = payload;

	return bytes[AT_DIMENSIONS] | bytes[AT_DIMENSIONS + 1] << 8;
}

const uint8_t *
InterestVectorRepresentation(const void *payload)
{
	return (const uint8_t *) payload + AT_REPRESENTATION;
}

const uint8_t *
InterestVectorReading(const void *payload)
{
	return (const uint8_t *) payload + AT_READING;
}

void
InterestVectorPart(const void *payload, int part, float *vector)
{
	int			dimensions = InterestVectorDimensions(payload);
	size_t		size = sizeof(float) * (size_t) dimensions;
	const uint8_t *start = (const uint8_t *) payload + AT_VECTORS + size * (size_t) part;
	InterestReader reader = {start, start + size, false};

	ReadFloats(&reader, vector, dimensions);
}

/* Everything of the fixed part behind the fingerprints, without vectors. */
static void
ReadNumbers(InterestReader *reader, InterestReading *reading)
{
	reading->rows = (int64_t) InterestReadU64(reader);
	reading->negative_rows = (int64_t) InterestReadU64(reader);
	reading->newest = (int64_t) InterestReadU64(reader);
	reading->at = (int64_t) InterestReadU64(reader);
	ReadFloats(reader, reading->mass, INTEREST_PARTS);
	ReadFloats(reader, reading->gamma, INTEREST_GRANULARITIES);
	InterestReadU32(reader);
}

/* A reader behind the fingerprints of a payload that is long enough. */
static InterestReader
ReadHeader(const uint8_t *payload, size_t size, InterestReading *reading)
{
	InterestReader reader = {payload + AT_READING + INTEREST_FINGERPRINT_SIZE, payload + size, false};

	reading->dimensions = InterestVectorDimensions(payload);
	reading->topic_count = payload[1];
	memcpy(reading->representation, payload + AT_REPRESENTATION, INTEREST_FINGERPRINT_SIZE);
	memcpy(reading->reading, payload + AT_READING, INTEREST_FINGERPRINT_SIZE);
	ReadNumbers(&reader, reading);
	return reader;
}

void
InterestVectorRead(const void *payload, InterestArena *arena, InterestReading *reading)
{
	const uint8_t *bytes = payload;
	int			dimensions = InterestVectorDimensions(payload);
	InterestReader reader = ReadHeader(bytes, InterestVectorSize(dimensions, bytes[1]), reading);

	for (int part = 0; part < INTEREST_READING_PARTS; part++)
	{
		reading->vector[part] = InterestArenaArray(arena, float, dimensions);
		ReadFloats(&reader, reading->vector[part], dimensions);
	}
	for (int i = 0; i < reading->topic_count; i++)
	{
		InterestTopic *topic = &reading->topics[i];

		topic->code = (int) InterestReadU32(&reader);
		topic->mass = InterestReadFloat(&reader);
		topic->vector = InterestArenaArray(arena, float, dimensions);
		ReadFloats(&reader, topic->vector, dimensions);
	}
}

static bool
Malformed(InterestStatus *status, const char *detail)
{
	InterestFail(status, INTEREST_INVALID_BINARY, "malformed interestvec");
	return InterestDetail(status, "%s", detail);
}

/* The length first, so that everything else is there. */
static bool
CheckSize(const uint8_t *payload, size_t size, InterestStatus *status)
{
	int			dimensions;

	if (size > 0 && payload[0] != FORMAT_VECTOR)
	{
		InterestFail(status, INTEREST_UNSUPPORTED,
					 "format %d of interestvec is not known to this version", payload[0]);
		return InterestHint(status, "Update the extension, or read the profile again.");
	}
	if (size < AT_VECTORS)
		return Malformed(status, "The reading is cut off.");
	dimensions = InterestVectorDimensions(payload);
	if (dimensions < 1 || dimensions > INTEREST_MAX_DIMENSIONS)
		return Malformed(status, "The number of dimensions is out of range.");
	if (payload[1] > INTEREST_MAX_TOPICS)
		return Malformed(status, "There are too many topics.");
	if (size != InterestVectorSize(dimensions, payload[1]))
		return Malformed(status, "The reading does not have the size that its header says.");
	return true;
}

static bool
IsZero(const uint8_t *bytes, size_t size)
{
	while (size > 0 && bytes[size - 1] == 0)
		size--;
	return size == 0;
}

static bool
CheckTimes(const InterestReading *reading, InterestStatus *status)
{
	if (reading->rows < 0 || reading->negative_rows < 0 ||
		reading->rows > INT64_MAX - reading->negative_rows)
		return Malformed(status, "The number of rows is out of range.");
	if ((reading->newest == INT64_MIN) != (reading->rows + reading->negative_rows == 0) ||
		reading->at == INT64_MAX || reading->at < reading->newest)
		return Malformed(status, "The times do not fit the rows.");
	return true;
}

/* A mass is at least 0, and 0 where there are no rows; NaN fails every comparison. */
static bool
CheckMasses(const InterestReading *reading, InterestStatus *status)
{
	double		total = 0.0;

	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		float		mass = reading->mass[part];
		int64_t		rows = part == INTEREST_NEGATIVE ? reading->negative_rows : reading->rows;

		if (!(mass >= 0.0f) || isinf(mass) || (rows == 0 && mass != 0.0f))
			return Malformed(status, "A mass is out of range.");
	}
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		if (!(reading->gamma[g] >= 0.0f && reading->gamma[g] <= 1.0f))
			return Malformed(status, "A share of a granularity is out of range.");
		total += reading->gamma[g];
	}
	if (!(fabs(total - 1.0) <= GAMMA_TOLERANCE))
		return Malformed(status, "The shares of the granularities do not add up to 1.");
	return true;
}

/* Every float from start to end: finite (an exponent that is not all ones), and not -0. */
static bool
CheckFloats(const uint8_t *start, const uint8_t *end, InterestStatus *status)
{
	bool		sound = true;

	for (; start < end; start += sizeof(float))
	{
		uint32_t	bits = InterestLoadU32(start);

		sound &= (bits & UINT32_C(0x7f800000)) != UINT32_C(0x7f800000) && bits != UINT32_C(0x80000000);
	}
	return sound || Malformed(status, "A number is not finite, or -0.");
}

/* Heaviest first, ties by code. */
static bool
CheckTopics(const uint8_t *topics, const InterestReading *reading, InterestStatus *status)
{
	size_t		size = TOPIC_HEADER + sizeof(float) * (size_t) reading->dimensions;
	uint64_t	seen = 0;
	float		last_mass = HUGE_VALF;
	uint32_t	last_code = 0;

	if (reading->topic_count > 0 && reading->rows == 0)
		return Malformed(status, "A reading without rows has topics.");
	for (int i = 0; i < reading->topic_count; i++, topics += size)
	{
		InterestReader reader = {topics, topics + size, false};
		uint32_t	code = InterestReadU32(&reader);
		float		mass = InterestReadFloat(&reader);

		if (code >= INTEREST_CODES || (seen >> code & 1) || !(mass > 0.0f && mass < HUGE_VALF))
			return Malformed(status, "The code or the mass of a topic is out of range.");
		if (mass > last_mass || (mass == last_mass && code < last_code))
			return Malformed(status, "The topics are not in order.");
		if (!CheckFloats(reader.at, reader.end, status))
			return false;
		seen |= UINT64_C(1) << code;
		last_mass = mass;
		last_code = code;
	}
	return true;
}

bool
InterestVectorCheck(const void *payload, size_t size, InterestStatus *status)
{
	const uint8_t *bytes = payload;
	const uint8_t *numbers = bytes + AT_VECTORS - 32;
	InterestReading reading;
	size_t		vector;

	if (!CheckSize(bytes, size, status))
		return false;
	ReadHeader(bytes, size, &reading);
	vector = sizeof(float) * (size_t) reading.dimensions;
	if (!IsZero(bytes + 4, 4) || !IsZero(bytes + AT_VECTORS - 4, 4))
		return Malformed(status, "Reserved bytes are not zero.");
	if (!CheckTimes(&reading, status) || !CheckMasses(&reading, status) ||
		!CheckFloats(numbers, bytes + AT_VECTORS + INTEREST_READING_PARTS * vector, status))
		return false;
	if (reading.negative_rows == 0 &&
		!IsZero(bytes + AT_VECTORS + INTEREST_NEGATIVE * vector, vector))
		return Malformed(status, "A reading without negative rows has a negative part.");
	return CheckTopics(bytes + AT_VECTORS + INTEREST_READING_PARTS * vector, &reading, status);
}

int
InterestVectorCompare(const void *a, size_t a_size, const void *b, size_t b_size)
{
	int			order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a_size > b_size) - (a_size < b_size);
}

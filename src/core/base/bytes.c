/*
 * bytes.c
 *	  Bounded reading and writing of little-endian bytes.
 */
#include "core/base/bytes.h"

#include <string.h>

/* Bytes of a variable-length integer of 128 bits. */
#define MAX_VARINT_SIZE 19

const uint8_t *
InterestReadBytes(InterestReader *reader, size_t size)
{
	const uint8_t *bytes = reader->at;

	if (reader->failed || size > InterestReaderLeft(reader))
	{
		reader->failed = true;
		return NULL;
	}
	reader->at += size;
	return bytes;
}

uint8_t
InterestReadByte(InterestReader *reader)
{
	const uint8_t *bytes = InterestReadBytes(reader, 1);

	return bytes ? *bytes : 0;
}

uint32_t
InterestReadU32(InterestReader *reader)
{
	const uint8_t *bytes = InterestReadBytes(reader, sizeof(uint32_t));

	return bytes ? InterestLoadU32(bytes) : 0;
}

uint64_t
InterestReadU64(InterestReader *reader)
{
	const uint8_t *bytes = InterestReadBytes(reader, sizeof(uint64_t));

	return bytes ? InterestLoadU64(bytes) : 0;
}

void
InterestReadFloats(InterestReader *reader, float *values, size_t count)
{
	const uint8_t *bytes = InterestReadBytes(reader, sizeof(float) * count);

	for (size_t i = 0; i < count; i++)
	{
		uint32_t	bits = bytes ? InterestLoadU32(bytes + sizeof(bits) * i) : 0;

		memcpy(&values[i], &bits, sizeof(bits));
	}
}

float
InterestReadFloat(InterestReader *reader)
{
	uint32_t	bits = InterestReadU32(reader);
	float		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

double
InterestReadDouble(InterestReader *reader)
{
	uint64_t	bits = InterestReadU64(reader);
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * The common case of ReadUnsigned, at several times its speed: up to 56 bits,
 * and bytes to come.  False, and nothing is read, for any other.
 */
static bool
ReadShort(InterestReader *reader, uint64_t *value)
{
	int			length = 0;

	if (!reader->failed && InterestReaderLeft(reader) >= sizeof(uint64_t))
		length = InterestDecodeVarint(InterestLoadU64(reader->at), value);
	reader->at += length;
	return length > 0;
}

/* An unsigned variable-length integer of at most max_bits bits, as two limbs. */
static InterestInt128
ReadUnsigned(InterestReader *reader, int max_bits)
{
	InterestInt128 value = {0, 0};

	if (ReadShort(reader, &value.low))
		return value;
	for (int shift = 0; shift < max_bits; shift += 7)
	{
		uint64_t	byte = InterestReadByte(reader);
		uint64_t	bits = byte & 0x7f;

		if (shift + 7 > max_bits && bits >> (max_bits - shift) != 0)
			break;				/* bits beyond the width */
		if (shift < 64)
			value.low |= bits << shift;
		if (shift > 57)
			value.high |= (int64_t) (shift < 64 ? bits >> (64 - shift) : bits << (shift - 64));
		if ((byte & 0x80) == 0)
		{
			if (byte == 0 && shift > 0)
				break;			/* a shorter form exists */
			return value;
		}
	}
	reader->failed = true;
	return InterestInt128From(0);
}

uint64_t
InterestReadVarint(InterestReader *reader)
{
	return ReadUnsigned(reader, 64).low;
}

int64_t
InterestReadSignedVarint(InterestReader *reader)
{
	uint64_t	value = InterestReadVarint(reader);

	return (int64_t) (value >> 1) ^ -(int64_t) (value & 1);
}

InterestInt128
InterestReadInt128(InterestReader *reader)
{
	InterestInt128 zigzag = ReadUnsigned(reader, 128);
	uint64_t	sign = (uint64_t) -(int64_t) (zigzag.low & 1);
	InterestInt128 value;

	value.low = ((zigzag.low >> 1) | ((uint64_t) zigzag.high << 63)) ^ sign;
	value.high = (int64_t) (((uint64_t) zigzag.high >> 1) ^ sign);
	return value;
}

void
InterestWriteBytes(InterestWriter *writer, const void *bytes, size_t size)
{
	if (writer->buffer && size > 0)
		memcpy(writer->buffer + writer->length, bytes, size);
	writer->length += size;
}

void
InterestWriteByte(InterestWriter *writer, uint8_t value)
{
	if (writer->buffer)
		writer->buffer[writer->length] = value;
	writer->length++;
}

void
InterestWriteU32(InterestWriter *writer, uint32_t value)
{
	value = InterestLittleEndian32(value);
	InterestWriteBytes(writer, &value, sizeof(value));
}

void
InterestWriteU64(InterestWriter *writer, uint64_t value)
{
	value = InterestLittleEndian64(value);
	InterestWriteBytes(writer, &value, sizeof(value));
}

void
InterestWriteFloat(InterestWriter *writer, float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	InterestWriteU32(writer, bits);
}

void
InterestWriteDouble(InterestWriter *writer, double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	InterestWriteU64(writer, bits);
}

void
InterestWriteFloats(InterestWriter *writer, const float *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		InterestWriteFloat(writer, values[i]);
}

static void
WriteUnsigned(InterestWriter *writer, uint64_t low, uint64_t high)
{
	uint8_t		bytes[MAX_VARINT_SIZE];
	uint8_t    *start = writer->buffer ? writer->buffer + writer->length : bytes;
	uint8_t    *at = start;

	for (; high != 0; high >>= 7)
	{
		*at++ = (uint8_t) (low | 0x80);
		low = (low >> 7) | (high << 57);
	}
	for (; low > 0x7f; low >>= 7)
		*at++ = (uint8_t) (low | 0x80);
	*at++ = (uint8_t) low;
	writer->length += (size_t) (at - start);
}

void
InterestWriteVarint(InterestWriter *writer, uint64_t value)
{
	WriteUnsigned(writer, value, 0);
}

void
InterestWriteSignedVarint(InterestWriter *writer, int64_t value)
{
	InterestWriteVarint(writer, ((uint64_t) value << 1) ^ (uint64_t) (value >> 63));
}

void
InterestWriteInt128(InterestWriter *writer, InterestInt128 value)
{
	uint64_t	sign = (uint64_t) (value.high >> 63);

	WriteUnsigned(writer, (value.low << 1) ^ sign,
				  (((uint64_t) value.high << 1) | (value.low >> 63)) ^ sign);
}

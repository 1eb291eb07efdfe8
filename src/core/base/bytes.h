/*
 * bytes.h
 *	  Bounded reading and writing of little-endian bytes.
 *
 * A reader never leaves its bounds: once something was missing, failed is set
 * and every further read gives 0, so that a parser checks once at its end (and
 * before it trusts a count).  A writer with a NULL buffer only counts, so that
 * one function both measures and writes.
 */
#ifndef INTEREST_BYTES_H
#define INTEREST_BYTES_H

#include "core/base/int128.h"

#include <stddef.h>
#include <string.h>

typedef struct InterestReader
{
	const uint8_t *at;
	const uint8_t *end;
	bool		failed;			/* ran out of bytes, or a non-minimal integer */
} InterestReader;

typedef struct InterestWriter
{
	uint8_t    *buffer;			/* NULL: count only */
	size_t		length;			/* bytes written so far */
} InterestWriter;

static inline size_t
InterestReaderLeft(const InterestReader *reader)
{
	return (size_t) (reader->end - reader->at);
}

/* A number whose bytes lie lowest first, from the host's and to the host's order. */
static inline uint64_t
InterestLittleEndian64(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(value);
#else
	return value;
#endif
}

static inline uint32_t
InterestLittleEndian32(uint32_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(value);
#else
	return value;
#endif
}

static inline uint64_t
InterestLoadU64(const uint8_t *bytes)
{
	uint64_t	value;

	memcpy(&value, bytes, sizeof(value));
	return InterestLittleEndian64(value);
}

static inline uint32_t
InterestLoadU32(const uint8_t *bytes)
{
	uint32_t	value;

	memcpy(&value, bytes, sizeof(value));
	return InterestLittleEndian32(value);
}

/*
 * The variable-length integer that 8 bytes begin with, without a branch on its
 * length: the length, or 0 if it is longer than 8 bytes or not in its shortest
 * form.  7 bits a byte are moved together in pairs, then fours, then eights.
 */
static inline int
InterestDecodeVarint(uint64_t bytes, uint64_t *value)
{
	uint64_t	ends = ~bytes & UINT64_C(0x8080808080808080);
	int			length;

	if (ends == 0)
		return 0;
	length = __builtin_ctzll(ends) / 8 + 1;
	bytes &= ends ^ (ends - 1);
	if (length > 1 && bytes >> (8 * (length - 1)) == 0)
		return 0;
	bytes &= UINT64_C(0x7f7f7f7f7f7f7f7f);
	bytes = (bytes & UINT64_C(0x007f007f007f007f)) | (bytes & UINT64_C(0x7f007f007f007f00)) >> 1;
	bytes = (bytes & UINT64_C(0x00003fff00003fff)) | (bytes & UINT64_C(0x3fff00003fff0000)) >> 2;
	*value = (bytes & UINT64_C(0x000000000fffffff)) | (bytes & UINT64_C(0x0fffffff00000000)) >> 4;
	return length;
}

/* The next size bytes, or NULL and failed. */
extern const uint8_t *InterestReadBytes(InterestReader *reader, size_t size);
extern uint8_t InterestReadByte(InterestReader *reader);
extern uint32_t InterestReadU32(InterestReader *reader);
extern uint64_t InterestReadU64(InterestReader *reader);
extern float InterestReadFloat(InterestReader *reader);
extern double InterestReadDouble(InterestReader *reader);

/* Zeros where they are missing. */
extern void InterestReadFloats(InterestReader *reader, float *values, size_t count);

/*
 * Variable-length integers: 7 bits a byte, lowest first, the top bit says that
 * more follow; signed values are zigzag coded.  Only the shortest form of a
 * value is accepted, so that equal values have equal bytes.
 */
extern uint64_t InterestReadVarint(InterestReader *reader);
extern int64_t InterestReadSignedVarint(InterestReader *reader);
extern InterestInt128 InterestReadInt128(InterestReader *reader);

extern void InterestWriteBytes(InterestWriter *writer, const void *bytes, size_t size);
extern void InterestWriteByte(InterestWriter *writer, uint8_t value);
extern void InterestWriteU32(InterestWriter *writer, uint32_t value);
extern void InterestWriteU64(InterestWriter *writer, uint64_t value);
extern void InterestWriteFloat(InterestWriter *writer, float value);
extern void InterestWriteDouble(InterestWriter *writer, double value);
extern void InterestWriteFloats(InterestWriter *writer, const float *values, size_t count);
extern void InterestWriteVarint(InterestWriter *writer, uint64_t value);
extern void InterestWriteSignedVarint(InterestWriter *writer, int64_t value);
extern void InterestWriteInt128(InterestWriter *writer, InterestInt128 value);

#endif

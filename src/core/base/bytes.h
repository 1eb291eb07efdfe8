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

/* The next size bytes, or NULL and failed. */
extern const uint8_t *InterestReadBytes(InterestReader *reader, size_t size);
extern uint8_t InterestReadByte(InterestReader *reader);
extern uint32_t InterestReadU32(InterestReader *reader);
extern uint64_t InterestReadU64(InterestReader *reader);
extern float InterestReadFloat(InterestReader *reader);
extern double InterestReadDouble(InterestReader *reader);

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
extern void InterestWriteVarint(InterestWriter *writer, uint64_t value);
extern void InterestWriteSignedVarint(InterestWriter *writer, int64_t value);
extern void InterestWriteInt128(InterestWriter *writer, InterestInt128 value);

#endif

/*
 * vector.h
 *	  The bytes of an interestvec: one reading, flat.
 *
 * The payload (behind a varlena header) is little-endian on every machine and
 * needs no alignment: what is stored is also what is sent.  FORMAT.md has it
 * byte by byte.  Equal readings have equal bytes: no -0, no NaN, reserved bytes
 * are zero.
 */
#ifndef INTEREST_VECTOR_H
#define INTEREST_VECTOR_H

#include "core/profile/reading.h"

/* Of a payload, in bytes. */
extern size_t InterestVectorSize(int dimensions, int topic_count);

/* Writes InterestVectorSize bytes; -0 becomes 0. */
extern void InterestVectorWrite(const InterestReading *reading, void *payload);

/* THE validator: the accessors below take only what it has let through. */
extern bool InterestVectorCheck(const void *payload, size_t size, InterestStatus *status);

extern int	InterestVectorDimensions(const void *payload);

/* part: an InterestPart or INTEREST_USER; vector: (dimensions) */
extern void InterestVectorPart(const void *payload, int part, float *vector);

/* Everything at once, arrays in the arena. */
extern void InterestVectorRead(const void *payload, InterestArena *arena,
							   InterestReading *reading);

/* The two fingerprints inside the payload, INTEREST_FINGERPRINT_SIZE bytes each. */
extern const uint8_t *InterestVectorRepresentation(const void *payload);
extern const uint8_t *InterestVectorReading(const void *payload);

/*
 * A total order for btree: by bytes, then by length.  It means nothing but
 * "equal or not"; a hash of the bytes (InterestHash64) agrees with it.
 */
extern int	InterestVectorCompare(const void *a, size_t a_size, const void *b, size_t b_size);

/* How the host prints and reads a float so that it survives, locale or not. */
typedef struct InterestFloatText
{
	int			(*format) (float value, char *buffer);	/* at most 31 characters; returns how many */
	bool		(*parse) (const char *text, float *value);	/* a zero-terminated number and nothing else */
} InterestFloatText;

/* Lossless text, which a zero byte ends that is not counted, and the payload that a text says; in the arena. */
extern char *InterestVectorToText(const void *payload, const InterestFloatText *floats,
								  InterestArena *arena, size_t *length);
extern bool InterestVectorFromText(const char *text, size_t length, const InterestFloatText *floats,
								   InterestArena *arena, uint8_t **payload, size_t *size,
								   InterestStatus *status);

#endif

/*
 * storage.h
 *	  How wide a stored number is: floats, and what they are narrowed to.
 *
 * Narrowing is part of what a vector depends on, so it is the same everywhere.
 */
#ifndef INTEREST_STORAGE_H
#define INTEREST_STORAGE_H

#include "core/base/status.h"

#include <stdint.h>
#include <string.h>

/* The numbers are stored: never change one. */
typedef enum InterestStorage
{
	INTEREST_STORAGE_FP32 = 0,
	INTEREST_STORAGE_BF16 = 1,	/* the upper half of a float */
	INTEREST_STORAGE_INT8 = 2	/* steps of a scale for each row */
} InterestStorage;

#define INTEREST_STORAGES 3

/* Steps of an int8 scale on either side of 0. */
#define INTEREST_INT8_STEPS 127

/*
 * A row whose largest magnitude is below this, or not finite, has the codes 0:
 * its scale then gives 0, or what is not finite.
 */
#define INTEREST_INT8_LEAST 1e-30f

/*
 * A few channels of what goes into an int8 product, the outliers, do not take
 * part in it: their codes are 0, and they are multiplied in fp32.  (Dettmers et
 * al., "LLM.int8()", 2022.)  So the scale of a row or a column comes with what
 * it has at the outliers; together they are its margin.
 */
#define INTEREST_INT8_OUTLIERS 2
#define INTEREST_INT8_MARGIN (1 + INTEREST_INT8_OUTLIERS)

/* Bytes of one number. */
extern size_t InterestStorageSize(InterestStorage storage);

/* "fp32", "bf16", "int8"; from a name: false, and status, when it is none of them. */
extern const char *InterestStorageName(InterestStorage storage);
extern bool InterestStorageFromName(const char *name, InterestStorage *storage,
									InterestStatus *status);

/* Exact, as every number of bf16 is a float. */
static inline float
InterestWidenBf16(uint16_t x)
{
	uint32_t	bits = (uint32_t) x << 16;
	float		wide;

	memcpy(&wide, &bits, sizeof(bits));
	return wide;
}

/* Rounded to nearest even; denormals become 0 of their sign. */
extern void InterestToBf16(size_t n, const float *x, uint16_t *out);
extern void InterestFromBf16(size_t n, const uint16_t *x, float *out);

/* x = scale * out, within half a scale; returns the scale of the row. */
extern float InterestToInt8(size_t n, const float *x, int8_t *out);
extern void InterestFromInt8(size_t n, const int8_t *x, float scale, float *out);

/* Moves the outliers of a row out of it, zeros in their place; and back. */
extern void InterestTakeOutliers(float *row, const int32_t *channels, float *outliers);
extern void InterestPutOutliers(float *row, const int32_t *channels, const float *outliers);

#endif

/*
 * storage.c
 *	  How wide a stored number is: floats, and what they are narrowed to.
 */
#include "core/kernel/storage.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const struct
{
	const char *name;
	size_t		size;
}			storages[INTEREST_STORAGES] =
{
	[INTEREST_STORAGE_FP32] = {"fp32", sizeof(float)},
	[INTEREST_STORAGE_BF16] = {"bf16", sizeof(uint16_t)},
	[INTEREST_STORAGE_INT8] = {"int8", sizeof(int8_t)},
};

size_t
InterestStorageSize(InterestStorage storage)
{
	return storages[storage].size;
}

const char *
InterestStorageName(InterestStorage storage)
{
	return storages[storage].name;
}

bool
InterestStorageFromName(const char *name, InterestStorage *storage, InterestStatus *status)
{
	for (int i = 0; i < INTEREST_STORAGES; i++)
		if (strcmp(name, storages[i].name) == 0)
		{
			*storage = (InterestStorage) i;
			return true;
		}
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "unknown storage \"%.64s\"", name);
	return InterestHint(status, "Use fp32, bf16 or int8.");
}

/*
 * The upper half of the bits, rounded by what the lower half would carry.  A
 * NaN stays one.
 */
static uint16_t
ToBf16(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	if (isnan(x))
		return (uint16_t) (bits >> 16 | 0x40);
	if (fabsf(x) < FLT_MIN)
		return (uint16_t) (bits >> 16 & 0x8000);
	return (uint16_t) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void
InterestToBf16(size_t n, const float *x, uint16_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ToBf16(x[i]);
}

void
InterestFromBf16(size_t n, const uint16_t *x, float *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = InterestWidenBf16(x[i]);
}

/*
 * Magnitudes are compared as the integers that their bits are: then infinity is
 * the largest number and a NaN is larger still.
 */
float
InterestToInt8(size_t n, const float *x, int8_t *out)
{
	uint32_t	most = 0;
	float		largest;
	float		factor = 0.0f;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t	bits;

		memcpy(&bits, x + i, sizeof(bits));
		bits &= 0x7fffffff;
		most = bits > most ? bits : most;
	}
	memcpy(&largest, &most, sizeof(most));
	if (largest >= INTEREST_INT8_LEAST && largest <= FLT_MAX)
		factor = INTEREST_INT8_STEPS / largest;
	for (size_t i = 0; i < n; i++)
		out[i] = factor > 0.0f ? (int8_t) llrintf(x[i] * factor) : 0;
	return largest / INTEREST_INT8_STEPS;
}

void
InterestFromInt8(size_t n, const int8_t *x, float scale, float *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (float) x[i] * scale;
}

void
InterestTakeOutliers(float *row, const int32_t *channels, float *outliers)
{
	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
	{
		outliers[i] = row[channels[i]];
		row[channels[i]] = 0.0f;
	}
}

void
InterestPutOutliers(float *row, const int32_t *channels, const float *outliers)
{
	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
		row[channels[i]] = outliers[i];
}

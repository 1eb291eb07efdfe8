/*
 * portable.c
 *	  The kernel for every processor, and the reference of all others.
 *
 * Its fused multiply-add is the C library's, which is correctly rounded
 * everywhere and slow where the compiler may not use the instruction.
 */
#include "core/kernel/kernels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_TARGET

/*
 * Under the address sanitizer gcc takes minutes over functions with these lanes,
 * which are memory, inlined into them.
 */
#ifdef __SANITIZE_ADDRESS__
#undef InterestForceInline
#define InterestForceInline static __attribute__((noinline))
#endif

typedef struct Lanes
{
	float		lane[INTEREST_LANES];
} Lanes;

#define FOR_LANES(i) for (int i = 0; i < INTEREST_LANES; i++)

#define LANES_OPERATION(name, expression) \
InterestForceInline Lanes \
name(Lanes a, Lanes b) \
{ \
	FOR_LANES(i) \
	{ \
		float		x = a.lane[i]; \
		float		y = b.lane[i]; \
\
		a.lane[i] = (expression); \
	} \
	return a; \
}

LANES_OPERATION(LanesAdd, x + y)
LANES_OPERATION(LanesSubtract, x - y)
LANES_OPERATION(LanesMultiply, x * y)
LANES_OPERATION(LanesDivide, x / y)
LANES_OPERATION(LanesMax, x > y ? x : y)
LANES_OPERATION(LanesMin, x < y ? x : y)

InterestForceInline Lanes
LanesSet(float value)
{
	Lanes		result;

	FOR_LANES(i)
		result.lane[i] = value;
	return result;
}

InterestForceInline Lanes
LanesFma(Lanes a, Lanes b, Lanes c)
{
	FOR_LANES(i)
		c.lane[i] = fmaf(a.lane[i], b.lane[i], c.lane[i]);
	return c;
}

InterestForceInline Lanes
LanesLoadPart(const float *x, int count)
{
	Lanes		result = LanesSet(0.0f);

	memcpy(result.lane, x, sizeof(float) * (size_t) count);
	return result;
}

InterestForceInline Lanes
LanesLoad(const float *x)
{
	return LanesLoadPart(x, INTEREST_LANES);
}

InterestForceInline void
LanesStorePart(float *x, int count, Lanes value)
{
	memcpy(x, value.lane, sizeof(float) * (size_t) count);
}

InterestForceInline void
LanesStore(float *x, Lanes value)
{
	LanesStorePart(x, INTEREST_LANES, value);
}

/* The first count lanes of a, the others of b. */
InterestForceInline Lanes
LanesSelect(int count, Lanes a, Lanes b)
{
	memcpy(b.lane, a.lane, sizeof(float) * (size_t) count);
	return b;
}

/* Four numbers from each of four places. */
InterestForceInline Lanes
LanesQuads(const float *a, const float *b, const float *c, const float *d)
{
	const float *places[] = {a, b, c, d};
	Lanes		result;

	for (int i = 0; i < 4; i++)
		memcpy(result.lane + 4 * i, places[i], 4 * sizeof(float));
	return result;
}

/* Within each four lanes: 0 or 2 of a and b, then 1 or 3; the lower or upper two of both. */
#define LANES_SHUFFLE(name, zero, one, two, three) \
InterestForceInline Lanes \
name(Lanes a, Lanes b) \
{ \
	Lanes		result; \
\
	for (int i = 0; i < INTEREST_LANES; i += 4) \
	{ \
		result.lane[i] = zero; \
		result.lane[i + 1] = one; \
		result.lane[i + 2] = two; \
		result.lane[i + 3] = three; \
	} \
	return result; \
}

LANES_SHUFFLE(LanesZipLow, a.lane[i], b.lane[i], a.lane[i + 1], b.lane[i + 1])
LANES_SHUFFLE(LanesZipHigh, a.lane[i + 2], b.lane[i + 2], a.lane[i + 3], b.lane[i + 3])
LANES_SHUFFLE(LanesPairLow, a.lane[i], a.lane[i + 1], b.lane[i], b.lane[i + 1])
LANES_SHUFFLE(LanesPairHigh, a.lane[i + 2], a.lane[i + 3], b.lane[i + 2], b.lane[i + 3])

/* a * 2^n, n an integer in the low bits of shifted; a * 2^n is a normal number. */
InterestForceInline Lanes
LanesTimesPower(Lanes a, Lanes shifted)
{
	FOR_LANES(i)
	{
		uint32_t	bits;
		uint32_t	power;

		memcpy(&bits, &a.lane[i], sizeof(bits));
		memcpy(&power, &shifted.lane[i], sizeof(power));
		bits += power << 23;
		memcpy(&a.lane[i], &bits, sizeof(bits));
	}
	return a;
}

InterestForceInline float
LanesFold(Lanes a)
{
	for (int half = INTEREST_LANES / 2; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			a.lane[i] += a.lane[i + half];
	return a.lane[0];
}

InterestForceInline float
LanesFoldMax(Lanes a)
{
	for (int half = INTEREST_LANES / 2; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			a.lane[i] = a.lane[i] > a.lane[i + half] ? a.lane[i] : a.lane[i + half];
	return a.lane[0];
}

static void
ProductFp32(int m, int n, int k, const float *a, int lda,
			const float *panels, const float *bias, float *c, int ldc)
{
	for (int j = 0; j < n; j += INTEREST_PANEL_WIDTH, panels += (size_t) k * INTEREST_PANEL_WIDTH)
	{
		int			columns = n - j < INTEREST_PANEL_WIDTH ? n - j : INTEREST_PANEL_WIDTH;

		for (int i = 0; i < m; i++)
		{
			const float *row = a + (size_t) i * lda;
			float		sums[INTEREST_PANEL_WIDTH];

			for (int q = 0; q < columns; q++)
				sums[q] = bias ? bias[j + q] : 0.0f;
			for (int p = 0; p < k; p++)
				for (int q = 0; q < columns; q++)
					sums[q] = fmaf(row[p], panels[p * INTEREST_PANEL_WIDTH + q], sums[q]);
			memcpy(c + (size_t) i * ldc + j, sums, sizeof(float) * (size_t) columns);
		}
	}
}

#define SUMS_TOGETHER 4

#include "core/kernel/elementwise.h"

const InterestKernel InterestKernelPortable = {
	.name = "portable",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Portable, &InterestInt8Portable}
};

/*
 * neon.c
 *	  The kernel for 64-bit ARM processors, all of which have these instructions:
 *	  16 lanes are four registers.
 */
#include "core/kernel/kernels.h"

#if defined(__aarch64__)

#include <math.h>

#include "core/kernel/neon.h"

#define KERNEL_TARGET

#define QUADS (INTEREST_LANES / 4)

typedef struct Lanes
{
	float32x4_t quad[QUADS];	/* lanes 0 to 3, 4 to 7 ... */
} Lanes;

/* A loop of known length, so that the compiler keeps the quads in registers. */
#define FOR_QUADS(i) _Pragma("GCC unroll 4") for (int i = 0; i < QUADS; i++)

#define LANES_OPERATION(name, instruction) \
InterestForceInline Lanes \
name(Lanes a, Lanes b) \
{ \
	FOR_QUADS(i) \
		a.quad[i] = instruction(a.quad[i], b.quad[i]); \
	return a; \
}

/* The processor's own maximum is a NaN where either is one, and 0 where one is -0. */
InterestForceInline float32x4_t
Max(float32x4_t a, float32x4_t b)
{
	return vbslq_f32(vcgtq_f32(a, b), a, b);
}

InterestForceInline float32x4_t
Min(float32x4_t a, float32x4_t b)
{
	return vbslq_f32(vcltq_f32(a, b), a, b);
}

LANES_OPERATION(LanesAdd, vaddq_f32)
LANES_OPERATION(LanesSubtract, vsubq_f32)
LANES_OPERATION(LanesMultiply, vmulq_f32)
LANES_OPERATION(LanesDivide, vdivq_f32)
LANES_OPERATION(LanesMax, Max)
LANES_OPERATION(LanesMin, Min)

InterestForceInline Lanes
LanesSet(float value)
{
	float32x4_t quad = vdupq_n_f32(value);

	return (Lanes) {{quad, quad, quad, quad}};
}

InterestForceInline Lanes
LanesFma(Lanes a, Lanes b, Lanes c)
{
	FOR_QUADS(i)
		c.quad[i] = vfmaq_f32(c.quad[i], a.quad[i], b.quad[i]);
	return c;
}

InterestForceInline Lanes
LanesLoad(const float *x)
{
	return (Lanes) {{vld1q_f32(x), vld1q_f32(x + 4), vld1q_f32(x + 8), vld1q_f32(x + 12)}};
}

InterestForceInline void
LanesStore(float *x, Lanes value)
{
	FOR_QUADS(i)
		vst1q_f32(x + 4 * i, value.quad[i]);
}

InterestForceInline Lanes
LanesLoadPart(const float *x, int count)
{
	float		buffer[INTEREST_LANES];

	return LanesLoad(NextNumbers(x, count, buffer));
}

InterestForceInline void
LanesStorePart(float *x, int count, Lanes value)
{
	float		buffer[INTEREST_LANES];

	LanesStore(buffer, value);
	memcpy(x, buffer, sizeof(float) * (size_t) count);
}

/* The first count lanes of a, the others of b. */
InterestForceInline Lanes
LanesSelect(int count, Lanes a, Lanes b)
{
	static const int32_t numbers[] = {0, 1, 2, 3};

	FOR_QUADS(i)
		b.quad[i] = vbslq_f32(vcgtq_s32(vdupq_n_s32(count - 4 * i), vld1q_s32(numbers)),
							  a.quad[i], b.quad[i]);
	return b;
}

/* Four numbers from each of four places. */
InterestForceInline Lanes
LanesQuads(const float *a, const float *b, const float *c, const float *d)
{
	return (Lanes) {{vld1q_f32(a), vld1q_f32(b), vld1q_f32(c), vld1q_f32(d)}};
}

InterestForceInline float32x4_t
PairLow(float32x4_t a, float32x4_t b)
{
	return vcombine_f32(vget_low_f32(a), vget_low_f32(b));
}

InterestForceInline float32x4_t
PairHigh(float32x4_t a, float32x4_t b)
{
	return vcombine_f32(vget_high_f32(a), vget_high_f32(b));
}

/* Within each four lanes: 0 or 2 of a and b, then 1 or 3; the lower or upper two of both. */
LANES_OPERATION(LanesZipLow, vzip1q_f32)
LANES_OPERATION(LanesZipHigh, vzip2q_f32)
LANES_OPERATION(LanesPairLow, PairLow)
LANES_OPERATION(LanesPairHigh, PairHigh)

/* a * 2^n, n an integer in the low bits of shifted. */
InterestForceInline float32x4_t
TimesPower(float32x4_t a, float32x4_t shifted)
{
	return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(a),
										   vshlq_n_u32(vreinterpretq_u32_f32(shifted), 23)));
}

LANES_OPERATION(LanesTimesPower, TimesPower)

InterestForceInline float32x4_t
Sum(float32x4_t a, float32x4_t b)
{
	return vaddq_f32(a, b);
}

#define LANES_FOLD(name, operation) \
InterestForceInline float \
name(Lanes a) \
{ \
	float32x4_t four = operation(operation(a.quad[0], a.quad[2]), operation(a.quad[1], a.quad[3])); \
	float32x4_t two = operation(four, vextq_f32(four, four, 2)); \
\
	return vgetq_lane_f32(operation(two, vextq_f32(two, two, 1)), 0); \
}

LANES_FOLD(LanesFold, Sum)
LANES_FOLD(LanesFoldMax, Max)

typedef Eight Cells;
typedef Eight Sums;
typedef Eight Columns;

#define LEFT_STEP sizeof(float)
#define MULTIPLY_ADD(sums, left, weights) \
	do { \
		sums.low = vfmaq_f32(sums.low, left.low, weights.low); \
		sums.high = vfmaq_f32(sums.high, left.high, weights.high); \
	} while (0)

InterestForceInline Cells
LoadCells(const char *cells)
{
	return LoadEight((const float *) cells);
}

InterestForceInline Cells
RepeatCell(const char *cell)
{
	float32x4_t value = vld1q_dup_f32((const float *) cell);

	return (Cells) {value, value};
}

InterestForceInline Columns
LoadColumns(const Frame *frame, int column)
{
	return LoadEight(frame->bias + column);
}

InterestForceInline Sums
SumsStart(Columns columns)
{
	return columns;
}

InterestForceInline Eight
SumsFinish(Sums sums, Columns columns, const float *margin)
{
	return sums;
}

#include "core/kernel/tiles256.h"

#define SUMS_TOGETHER 4

#include "core/kernel/elementwise.h"

const InterestKernel InterestKernelNeon = {
	.name = "neon",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Neon, &InterestInt8Neon}
};

const InterestKernel InterestKernelNeonDot = {
	.name = "neondot",
	KERNEL_FUNCTIONS,
	.narrow = {NULL, &InterestBf16Neon, &InterestInt8NeonDot}
};

#endif							/* __aarch64__ */

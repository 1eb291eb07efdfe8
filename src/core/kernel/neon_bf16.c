/*
 * neon_bf16.c
 *	  The bf16 product of 64-bit ARM processors, made of fp32 arithmetic.
 *
 * A bf16 is the upper half of a float.  The processor is told to take denormals
 * as 0, as the product asks for; but it calls a result denormal by what it was
 * before rounding.  It also says that there was one: then, and that is hardly
 * ever, the portable product does everything again.
 */
#include "core/kernel/kernels.h"

#if defined(__aarch64__)

#include "core/kernel/neon.h"

#define KERNEL_TARGET

/* Codes are bf16, two a step. */
typedef struct Cells
{
	Eight		first;
	Eight		second;
} Cells;

typedef Eight Sums;
typedef Eight Columns;

#define LEFT_STEP (2 * sizeof(uint16_t))
#define MULTIPLY_ADD(sums, left, weights) sums = MultiplyAdd(sums, left, weights)

InterestForceInline Sums
MultiplyAdd(Sums sums, Cells left, Cells weights)
{
	sums.low = vfmaq_f32(sums.low, left.second.low, weights.second.low);
	sums.high = vfmaq_f32(sums.high, left.second.high, weights.second.high);
	sums.low = vfmaq_f32(sums.low, left.first.low, weights.first.low);
	sums.high = vfmaq_f32(sums.high, left.first.high, weights.first.high);
	return sums;
}

InterestForceInline float32x4_t
First(uint32x4_t cells)
{
	return vreinterpretq_f32_u32(vshlq_n_u32(cells, 16));
}

InterestForceInline float32x4_t
Second(uint32x4_t cells)
{
	return vreinterpretq_f32_u32(vandq_u32(cells, vdupq_n_u32(0xffff0000)));
}

InterestForceInline Cells
LoadCells(const char *cells)
{
	uint32x4_t	low = vld1q_u32((const uint32_t *) cells);
	uint32x4_t	high = vld1q_u32((const uint32_t *) cells + 4);

	return (Cells) {{First(low), First(high)}, {Second(low), Second(high)}};
}

InterestForceInline Cells
RepeatCell(const char *cell)
{
	uint32x4_t	value = vld1q_dup_u32((const uint32_t *) cell);

	return (Cells) {{First(value), First(value)}, {Second(value), Second(value)}};
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

/* Denormal operands and results are 0; there was such a result. */
#define FPCR_FLUSH (UINT64_C(1) << 24)
#define FPSR_UNDERFLOW (UINT64_C(1) << 3)

InterestForceInline uint64_t
ReadControl(void)
{
	uint64_t	value;

	__asm__ volatile("mrs %0, fpcr" : "=r"(value) : : "memory");
	return value;
}

InterestForceInline void
WriteControl(uint64_t value)
{
	__asm__ volatile("msr fpcr, %0" : : "r"(value) : "memory");
}

InterestForceInline uint64_t
ReadStatus(void)
{
	uint64_t	value;

	__asm__ volatile("mrs %0, fpsr" : "=r"(value) : : "memory");
	return value;
}

InterestForceInline void
WriteStatus(uint64_t value)
{
	__asm__ volatile("msr fpsr, %0" : : "r"(value) : "memory");
}

/* The number behind an odd row's end is 0. */
static void
Narrow(int rows, int k, const float *x, int ldx, void *codes, size_t stride, float *margins)
{
	for (int i = 0; i < rows; i++, x += ldx, codes = (char *) codes + stride)
	{
		InterestToBf16((size_t) k, x, codes);
		if (k % 2 > 0)
			((uint16_t *) codes)[k] = 0;
	}
}

static void
Product(int m, int n, int k, const void *codes, size_t stride, const float *margins,
		const InterestNarrowWeights *weights, const float *bias, float *c, int ldc)
{
	Frame		frame = {.bias = bias};
	uint64_t	control = ReadControl();
	uint64_t	status = ReadStatus();
	uint64_t	raised;

	WriteStatus(0);
	WriteControl(control | FPCR_FLUSH);
	MultiplyPanels(m, n, (k + 1) / 2, codes, stride, weights->panels, &frame, c, (size_t) ldc);
	raised = ReadStatus();
	WriteControl(control);
	WriteStatus(status);
	if (raised & FPSR_UNDERFLOW)
		InterestBf16Portable.product(m, n, k, codes, stride, margins, weights, bias, c, ldc);
}

const InterestNarrowKernel InterestBf16Neon = {
	.code_size = sizeof(uint16_t),
	.narrow = Narrow,
	.product = Product
};

#endif							/* __aarch64__ */

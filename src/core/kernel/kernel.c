/*
 * kernel.c
 *	  Choosing a kernel; packing weights into panels.
 */
#include "core/kernel/kernels.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* Bits of CPUID, and of the state that the operating system saves (XCR0). */
#define CPUID_1_ECX_FMA (1u << 12)
#define CPUID_1_ECX_OSXSAVE (1u << 27)
#define CPUID_1_ECX_AVX (1u << 28)
#define CPUID_7_EBX_AVX2 (1u << 5)
#define CPUID_7_EBX_AVX512F (1u << 16)
#define XCR0_YMM 0x6u
#define XCR0_ZMM 0xe6u

static uint32_t
SavedState(void)
{
	uint32_t	low;
	uint32_t	high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

/* Whether the processor has these features and its registers are saved. */
static bool
HasVectors(uint32_t features, uint32_t state)
{
	const uint32_t needed = CPUID_1_ECX_FMA | CPUID_1_ECX_OSXSAVE | CPUID_1_ECX_AVX;
	uint32_t	eax;
	uint32_t	ebx;
	uint32_t	ecx;
	uint32_t	edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & needed) != needed)
		return false;
	if ((SavedState() & state) != state)
		return false;
	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & features) == features;
}

static bool
HasAvx2(void)
{
	return HasVectors(CPUID_7_EBX_AVX2, XCR0_YMM);
}

static bool
HasAvx512(void)
{
	return HasVectors(CPUID_7_EBX_AVX2 | CPUID_7_EBX_AVX512F, XCR0_ZMM);
}
#endif

static bool
IsAlwaysThere(void)
{
	return true;
}

static const struct
{
	const InterestKernel *kernel;
	bool		(*is_supported) (void);
}			kernels[] =			/* best first */
{
#if defined(__x86_64__)
	{&InterestKernelAvx512, HasAvx512},
	{&InterestKernelAvx2, HasAvx2},
#endif
	{&InterestKernelPortable, IsAlwaysThere},
};

static const InterestKernel *
ChooseBest(void)
{
	/* Asking the processor is slow on a virtual machine: once is enough. */
	static const InterestKernel *best;

	for (size_t i = 0; best == NULL; i++)
		if (kernels[i].is_supported())
			best = kernels[i].kernel;
	return best;
}

const InterestKernel *
InterestKernelChoose(const char *name)
{
	if (strcmp(name, "auto") == 0)
		return ChooseBest();
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (strcmp(name, kernels[i].kernel->name) == 0)
			return kernels[i].is_supported() ? kernels[i].kernel : NULL;
	return NULL;
}

const char *const *
InterestKernelNames(void)
{
	static const char *const names[] =
	{
		"auto",
		"portable",
#if defined(__x86_64__)
		"avx2",
		"avx512",
#endif
		NULL
	};

	return names;
}

size_t
InterestPanelsSize(int n, int k)
{
	size_t		panels = ((size_t) n + INTEREST_PANEL_WIDTH - 1) / INTEREST_PANEL_WIDTH;

	return panels * INTEREST_PANEL_WIDTH * (size_t) k;
}

/*
 * Columns first to first + n - 1 of the panels; element (p, j) of what is
 * packed is w[j * column_step + p * row_step].
 */
static void
Pack(int first, int n, int k, const float *w, size_t column_step, size_t row_step,
	 float *panels)
{
	for (int j = 0, columns; j < n; j += columns)
	{
		int			panel = (first + j) / INTEREST_PANEL_WIDTH;
		int			column = (first + j) % INTEREST_PANEL_WIDTH;
		const float *from = w + j * column_step;
		float	   *to = panels + (size_t) panel * k * INTEREST_PANEL_WIDTH + column;

		columns = INTEREST_PANEL_WIDTH - column < n - j ? INTEREST_PANEL_WIDTH - column : n - j;
		for (int p = 0; p < k; p++, from += row_step, to += INTEREST_PANEL_WIDTH)
			for (int q = 0; q < columns; q++)
				to[q] = from[q * column_step];
	}
}

/* Zeros in the columns of the last panel from n on. */
static void
FillLastPanel(int n, int k, float *panels)
{
	int			column = n % INTEREST_PANEL_WIDTH;
	float	   *to = panels + (size_t) (n / INTEREST_PANEL_WIDTH) * k * INTEREST_PANEL_WIDTH;

	if (column > 0)
		for (int p = 0; p < k; p++, to += INTEREST_PANEL_WIDTH)
			memset(to + column, 0, sizeof(float) * (size_t) (INTEREST_PANEL_WIDTH - column));
}

void
InterestPackPanels(int n, int k, const float *w, int ldw, float *panels)
{
	Pack(0, n, k, w, (size_t) ldw, 1, panels);
	FillLastPanel(n, k, panels);
}

void
InterestPackPanelsTransposed(int n, int k, const float *w, int ldw, float *panels)
{
	Pack(0, n, k, w, 1, (size_t) ldw, panels);
	FillLastPanel(n, k, panels);
}

void
InterestPackColumns(int first, int n, int k, const float *w, int ldw, float *panels)
{
	Pack(first, n, k, w, (size_t) ldw, 1, panels);
}

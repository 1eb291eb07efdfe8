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
#define CPUID_7_EBX_AVX512BW (1u << 30)
#define CPUID_7_ECX_AVX512_VNNI (1u << 11)
#define CPUID_7_1_EAX_AVX_VNNI (1u << 4)
#define CPUID_7_1_EAX_AVX512_BF16 (1u << 5)
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

/* What CPUID says in leaf 7, in its subleaves 0 and 1. */
typedef struct Features
{
	uint32_t	ebx;
	uint32_t	ecx;
	uint32_t	eax1;
} Features;

/* Whether the processor has these features and its registers are saved. */
static bool
HasVectors(Features needed, uint32_t state)
{
	const uint32_t basic = CPUID_1_ECX_FMA | CPUID_1_ECX_OSXSAVE | CPUID_1_ECX_AVX;
	uint32_t	eax;
	uint32_t	ebx;
	uint32_t	ecx;
	uint32_t	edx;
	uint32_t	eax1 = 0;
	uint32_t	unused;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & basic) != basic)
		return false;
	if ((SavedState() & state) != state || !__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
		return false;
	/* eax is the last subleaf. */
	if (eax >= 1)
		__get_cpuid_count(7, 1, &eax1, &unused, &unused, &unused);
	return (ebx & needed.ebx) == needed.ebx && (ecx & needed.ecx) == needed.ecx &&
		(eax1 & needed.eax1) == needed.eax1;
}

static bool
HasAvx2(void)
{
	return HasVectors((Features) {CPUID_7_EBX_AVX2, 0, 0}, XCR0_YMM);
}

static bool
HasAvxVnni(void)
{
	return HasVectors((Features) {CPUID_7_EBX_AVX2, 0, CPUID_7_1_EAX_AVX_VNNI}, XCR0_YMM);
}

static bool
HasAvx512(void)
{
	return HasVectors((Features) {CPUID_7_EBX_AVX2 | CPUID_7_EBX_AVX512F, 0, 0}, XCR0_ZMM);
}

#define AVX512_SETS (CPUID_7_EBX_AVX2 | CPUID_7_EBX_AVX512F | CPUID_7_EBX_AVX512BW)

static bool
HasAvx512Vnni(void)
{
	return HasVectors((Features) {AVX512_SETS, CPUID_7_ECX_AVX512_VNNI, 0}, XCR0_ZMM);
}

static bool
HasAvx512Bf16(void)
{
	return HasVectors((Features) {AVX512_SETS, CPUID_7_ECX_AVX512_VNNI, CPUID_7_1_EAX_AVX512_BF16}, XCR0_ZMM);
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

/* Of what the kernel of Linux says about the processor (AT_HWCAP). */
#define HWCAP_DOT_PRODUCT (1ul << 20)

static bool
HasNeonDot(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT) != 0;
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
	{&InterestKernelAvx512Bf16, HasAvx512Bf16},
	{&InterestKernelAvx512Vnni, HasAvx512Vnni},
	{&InterestKernelAvx512, HasAvx512},
	{&InterestKernelAvxVnni, HasAvxVnni},
	{&InterestKernelAvx2, HasAvx2},
#elif defined(__aarch64__)
	{&InterestKernelNeonDot, HasNeonDot},
	{&InterestKernelNeon, IsAlwaysThere},
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
		"avxvnni",
		"avx512",
		"avx512vnni",
		"avx512bf16",
#elif defined(__aarch64__)
		"neon",
		"neondot",
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

void
InterestPackPanels(int n, int k, const float *w, int ldw, float *panels)
{
	for (int j = 0; j < n; j += INTEREST_PANEL_WIDTH)
		for (int p = 0; p < k; p++, panels += INTEREST_PANEL_WIDTH)
			for (int q = 0; q < INTEREST_PANEL_WIDTH; q++)
				panels[q] = j + q < n ? w[(size_t) (j + q) * ldw + p] : 0.0f;
}

void
InterestPackPanelsTransposed(int n, int k, const float *w, int ldw, float *panels)
{
	for (int j = 0; j < n; j += INTEREST_PANEL_WIDTH)
	{
		const float *from = w + j;

		/* Of whole panels the compiler knows the size. */
		for (int p = 0; p < k; p++, from += ldw, panels += INTEREST_PANEL_WIDTH)
			if (n - j >= INTEREST_PANEL_WIDTH)
				memcpy(panels, from, sizeof(float) * INTEREST_PANEL_WIDTH);
			else
			{
				memset(panels, 0, sizeof(float) * INTEREST_PANEL_WIDTH);
				memcpy(panels, from, sizeof(float) * (size_t) (n - j));
			}
	}
}

/* Numbers in a cell. */
static int
CellDepth(InterestStorage storage)
{
	return INTEREST_CELL_SIZE / (int) InterestStorageSize(storage);
}

size_t
InterestPanelsBytes(InterestStorage storage, int n, int k)
{
	int			depth = CellDepth(storage);

	return InterestPanelsSize(n, (k + depth - 1) / depth) * INTEREST_CELL_SIZE;
}

void
InterestPackColumns(InterestStorage storage, int first, int n, int k, const void *w, void *panels)
{
	size_t		size = InterestStorageSize(storage);
	int			depth = CellDepth(storage);
	size_t		cells = (size_t) (k + depth - 1) / depth;

	for (int j = 0; j < n; j++)
	{
		int			panel = (first + j) / INTEREST_PANEL_WIDTH;
		int			column = (first + j) % INTEREST_PANEL_WIDTH;
		const char *from = (const char *) w + (size_t) j * k * size;
		char	   *to = (char *) panels + (panel * cells * INTEREST_PANEL_WIDTH + column) * INTEREST_CELL_SIZE;

		for (int p = 0; p < k; p += depth)
		{
			if (k - p >= depth)
				memcpy(to, from, INTEREST_CELL_SIZE);
			else
				memcpy(to, from, (size_t) (k - p) * size);
			from += INTEREST_CELL_SIZE;
			to += INTEREST_PANEL_WIDTH * INTEREST_CELL_SIZE;
		}
	}
}

/* to (count) = numbers of a cell of a column whose scale is that. */
static void
WidenCell(InterestStorage storage, const char *cell, float scale, int count, float *to)
{
	if (storage == INTEREST_STORAGE_INT8)
		InterestFromInt8((size_t) count, (const int8_t *) cell, scale, to);
	else
		InterestFromBf16((size_t) count, (const uint16_t *) cell, to);
}

void
InterestWidenPanels(InterestStorage storage, int n, int k, const InterestNarrowWeights *weights,
					const int32_t *outliers, float *panels)
{
	size_t		width = InterestPanelsSize(n, 1);
	int			depth = CellDepth(storage);
	const char *cell = weights->panels;

	for (size_t j = 0; j < width; j += INTEREST_PANEL_WIDTH, panels += (size_t) k * INTEREST_PANEL_WIDTH)
	{
		for (int p = 0; p < k; p += depth)
			for (int q = 0; q < INTEREST_PANEL_WIDTH; q++, cell += INTEREST_CELL_SIZE)
			{
				int			count = k - p < depth ? k - p : depth;
				float		numbers[INTEREST_CELL_SIZE];

				WidenCell(storage, cell, weights->margins ? weights->margins[j + q] : 1.0f, count, numbers);
				for (int i = 0; i < count; i++)
					panels[(p + i) * INTEREST_PANEL_WIDTH + q] = numbers[i];
			}
		for (int i = 0; i < INTEREST_INT8_OUTLIERS && outliers; i++)
			memcpy(panels + (size_t) outliers[i] * INTEREST_PANEL_WIDTH, weights->margins + (1 + i) * width + j,
				   sizeof(float) * INTEREST_PANEL_WIDTH);
	}
}

void
InterestTransposePanels(const InterestKernel *kernel, int n, int k, const float *panels, float *transposed)
{
	for (int j = 0; j < n; j += INTEREST_PANEL_WIDTH)
		for (int p = 0; p < k; p += INTEREST_PANEL_WIDTH)
			kernel->pack(k - p < INTEREST_PANEL_WIDTH ? k - p : INTEREST_PANEL_WIDTH,
						 n - j < INTEREST_PANEL_WIDTH ? n - j : INTEREST_PANEL_WIDTH,
						 panels + (size_t) j * k + (size_t) p * INTEREST_PANEL_WIDTH, INTEREST_PANEL_WIDTH,
						 transposed + (size_t) p * n + (size_t) j * INTEREST_PANEL_WIDTH);
}

void
InterestPackOffsets(int n, int k, const int8_t *w, int32_t *offsets)
{
	for (int j = 0; j < n; j++, w += k)
	{
		int32_t		sum = 0;

		for (int p = 0; p < k; p++)
			sum += w[p];
		offsets[j] = 128 * sum;
	}
}

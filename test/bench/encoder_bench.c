/*
 * encoder_bench.c
 *	  How fast the kernels and the encoder are, against what the core can do.
 *
 *	encoder_bench DIRECTORY [KERNEL]
 *
 * DIRECTORY is a Hugging Face one. Times are CPU time of this thread, medians;
 * the clock of a shared machine moves, so every line has the peak measured
 * beside it. Lines that start with "encode" are read by test/bench/run.sh.
 */
#include "model_files.h"

#include "check.h"

#include "core/base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPEATS 9

static InterestArena arena;
static InterestArena scratch;
static const InterestKernel *kernel;

static double
Now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}

static int
CompareDoubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
Median(double *values)
{
	qsort(values, REPEATS, sizeof(double), CompareDoubles);
	return values[REPEATS / 2];
}

/*
 * The peak of an instruction, in billions of operations a second: independent
 * sums, more of them than a unit has stages.  A product and a sum are two
 * operations.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define PROBE_STEPS 50000

/* 12 sums, and 12 more of them where there are registers. */
#define PROBE_TWELVE(instruction, a, b, c, d, e, f, g, h, i, j, k, l) \
	__asm__ volatile( \
		instruction " %12, %12, %0\n" instruction " %12, %12, %1\n" \
		instruction " %12, %12, %2\n" instruction " %12, %12, %3\n" \
		instruction " %12, %12, %4\n" instruction " %12, %12, %5\n" \
		instruction " %12, %12, %6\n" instruction " %12, %12, %7\n" \
		instruction " %12, %12, %8\n" instruction " %12, %12, %9\n" \
		instruction " %12, %12, %10\n" instruction " %12, %12, %11\n" \
		: "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), \
		  "+v"(g), "+v"(h), "+v"(i), "+v"(j), "+v"(k), "+v"(l) : "v"(factor))

#define PROBE(name, target_name, type, instruction, operations, more) \
__attribute__((target(target_name))) static double \
name(void) \
{ \
	type		factor = {0}; \
	type		s0 = factor, s1 = factor, s2 = factor, s3 = factor; \
	type		s4 = factor, s5 = factor, s6 = factor, s7 = factor; \
	type		s8 = factor, s9 = factor, s10 = factor, s11 = factor; \
	type		t0 = factor, t1 = factor, t2 = factor, t3 = factor; \
	type		t4 = factor, t5 = factor, t6 = factor, t7 = factor; \
	type		t8 = factor, t9 = factor, t10 = factor, t11 = factor; \
	double		start = Now(); \
\
	for (int i = 0; i < PROBE_STEPS; i++) \
	{ \
		PROBE_TWELVE(instruction, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11); \
		if (more) \
			PROBE_TWELVE(instruction, t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11); \
	} \
	return 1e-9 * PROBE_STEPS * (more ? 24 : 12) * operations / (Now() - start); \
}

PROBE(ProbeFma256, "avx2,fma", __m256, "vfmadd231ps", 16, false)
PROBE(ProbeVnni256, "avxvnni,avx2", __m256, "%{vex%} vpdpbusd", 64, false)
PROBE(ProbeFma512, "avx512f", __m512, "vfmadd231ps", 32, true)
PROBE(ProbeBf16, "avx512f", __m512, "vdpbf16ps", 64, true)
PROBE(ProbeVnni512, "avx512f", __m512, "vpdpbusd", 128, true)

/* What the products of a kernel are made of; NULL where they have no one instruction. */
static const struct
{
	const char *kernel;
	double		(*probes[INTEREST_STORAGES]) (void);
}			probes[] =
{
	{"avx2", {ProbeFma256, ProbeFma256, NULL}},
	{"avxvnni", {ProbeFma256, ProbeFma256, ProbeVnni256}},
	{"avx512", {ProbeFma512, ProbeFma256, NULL}},
	{"avx512vnni", {ProbeFma512, ProbeFma256, ProbeVnni512}},
	{"avx512bf16", {ProbeFma512, ProbeBf16, ProbeVnni512}},
};
#endif

/* 0: not known. */
static double
Peak(InterestStorage storage)
{
#if defined(__x86_64__)
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (strcmp(kernel->name, probes[i].kernel) == 0 && probes[i].probes[storage])
			return probes[i].probes[storage] ();
#endif
	return 0;
}

static float *
Numbers(size_t n)
{
	InterestRandom random = InterestRandomKeyed(1, n, 0, 0);
	float	   *x = InterestArenaArray(&arena, float, n);

	for (size_t i = 0; i < n; i++)
		x[i] = (float) InterestRandomUniform(&random) - 0.5f;
	return x;
}

/* What a product takes, ready to be called again and again. */
typedef struct Operands
{
	InterestStorage storage;
	int			m;
	int			n;
	int			k;
	const float *a;
	int			lda;
	InterestNarrowWeights weights;
	const char *codes;
	size_t		stride;
	const float *margins;
	const float *bias;
	float	   *c;
	int			ldc;
} Operands;

/* Weights without meaning, but of numbers that are no special ones. */
static void
MakeOperands(InterestStorage storage, int m, int n, int k, Operands *o)
{
	const InterestNarrowKernel *narrow = kernel->narrow[storage];
	size_t		bytes = InterestPanelsBytes(storage, n, k);
	float	   *margins = Numbers((size_t) m * INTEREST_INT8_MARGIN);
	char	   *codes;

	*o = (Operands) {.storage = storage, .m = m, .n = n, .k = k, .lda = k + 16, .ldc = n + 16};
	o->a = Numbers((size_t) m * o->lda);
	o->bias = Numbers((size_t) n);
	o->c = Numbers((size_t) m * o->ldc);
	o->weights.panels = Numbers(bytes / sizeof(float));
	o->weights.margins = Numbers(InterestPanelsSize(n, INTEREST_INT8_MARGIN));
	o->weights.offsets = InterestArenaAllocateZero(&arena, sizeof(int32_t) * InterestPanelsSize(n, 1));
	if (narrow == NULL)
		return;
	if (storage == INTEREST_STORAGE_BF16)
		InterestToBf16(bytes / 2, Numbers(bytes / 2), (uint16_t *) o->weights.panels);
	o->stride = (size_t) k * narrow->code_size + 64;
	codes = InterestArenaAllocate(&arena, o->stride * (size_t) m);
	narrow->narrow(m, k, o->a, o->lda, codes, o->stride, margins);
	o->codes = codes;
	o->margins = margins;
}

static void
Multiply(const Operands *o)
{
	const InterestNarrowKernel *narrow = kernel->narrow[o->storage];

	if (narrow)
		narrow->product(o->m, o->n, o->k, o->codes, o->stride, o->margins, &o->weights, o->bias, o->c, o->ldc);
	else
		kernel->product(o->m, o->n, o->k, o->a, o->lda, o->weights.panels, o->bias, o->c, o->ldc);
}

static void
BenchProduct(InterestStorage storage, int m, int n, int k)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	Operands	operands;
	double		work = 2e-9 * m * n * k;
	int			loops = (int) (0.2 / work) + 1;
	double		rates[REPEATS];
	double		peaks[REPEATS];

	MakeOperands(storage, m, n, k, &operands);
	for (int r = 0; r < REPEATS; r++)
	{
		double		start = Now();

		for (int i = 0; i < loops; i++)
			Multiply(&operands);
		rates[r] = work * loops / (Now() - start);
		peaks[r] = Peak(storage);
	}
	printf(" %7.0f", Median(rates));
	if (Median(peaks) > 0)
		printf(" %3.0f%%", 100 * Median(rates) / Median(peaks));
	InterestArenaReturnTo(&arena, mark);
}

/* A row for each number of rows, a column for each shape of MiniLM and of bert-base. */
static void
BenchProducts(InterestStorage storage)
{
	static const int rows[] = {1, 2, 4, 6, 8, 12, 16, 32, 64, 128, 256};
	static const int shapes[][2] = {{1152, 384}, {384, 384}, {1536, 384}, {384, 1536},
	{2304, 768}, {768, 768}, {3072, 768}, {768, 3072}};
	const size_t count = sizeof(shapes) / sizeof(shapes[0]);

	printf("products by %s, %s: billions of operations a second, share of the peak\n%9s",
		   kernel->name, InterestStorageName(storage), "n x k");
	for (size_t j = 0; j < count; j++)
		printf(" %6dx%-5d", shapes[j][0], shapes[j][1]);
	printf("\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		printf("m = %5d", rows[i]);
		for (size_t j = 0; j < count; j++)
			BenchProduct(storage, rows[i], shapes[j][0], shapes[j][1]);
		printf("\n");
	}
	printf("\n");
}

/* The vector of one fixed text, for comparing with what other programs make. */
static void
PrintVector(const InterestEncoder *encoder)
{
	int			length = 16;
	int32_t		ids[16];
	float	   *out = InterestArenaArray(&arena, float, encoder->config.hidden);
	InterestStatus status;

	for (int i = 0; i < length; i++)
		ids[i] = (1000 + i) % encoder->config.vocabulary_size;
	if (InterestEncode(encoder, &scratch, 1, ids, &length, out, &status))
		printf("vector %.6f %.6f %.6f\n", out[0], out[1], out[2]);
}

/*
 * The least time a token that the peaks leave, in seconds: matrices at the peak
 * of the storage, attention at that of fp32.
 */
static double
Roofline(const InterestEncoderConfig *config, int tokens, double peak, double fp32_peak)
{
	double		h = config->hidden;
	double		matrices = 2.0 * config->layers * (4 * h * h + 2 * h * config->intermediate);
	double		attention = 4.0 * config->layers * h * tokens;

	return 1e-9 * (matrices / peak + attention / fp32_peak);
}

/* Storage, texts, tokens, microseconds a token, share of the roofline (0: not known). */
static void
BenchEncoder(const InterestEncoder *encoder, int texts, int tokens)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	InterestStorage storage = encoder->config.storage;
	int			total = texts * tokens;
	int32_t    *ids = InterestArenaArray(&arena, int32_t, total);
	int		   *lengths = InterestArenaArray(&arena, int, texts);
	float	   *out = InterestArenaArray(&arena, float, (size_t) texts * encoder->config.hidden);
	int			loops = 1500 / total + 1;
	double		times[REPEATS];
	double		shares[REPEATS];
	InterestStatus status;

	for (int i = 0; i < total; i++)
		ids[i] = (1000 + i * 7) % encoder->config.vocabulary_size;
	for (int t = 0; t < texts; t++)
		lengths[t] = tokens;
	for (int r = 0; r < REPEATS; r++)
	{
		double		start = Now();
		double		peak;

		for (int i = 0; i < loops; i++)
			InterestEncode(encoder, &scratch, texts, ids, lengths, out, &status);
		times[r] = (Now() - start) / loops / total;
		peak = Peak(storage);
		shares[r] = peak > 0 ?
			Roofline(&encoder->config, tokens, peak, Peak(INTEREST_STORAGE_FP32)) / times[r] : 0;
	}
	printf("encode %s %d %d %.1f %.0f\n", InterestStorageName(storage), texts, tokens,
		   1e6 * Median(times), 100 * Median(shares));
	InterestArenaReturnTo(&arena, mark);
}

static bool
BenchStorage(const char *directory, InterestStorage storage)
{
	static const int shapes[][2] = {{1, 8}, {1, 16}, {1, 32}, {1, 128}, {32, 16}, {8, 128}, {64, 32}};
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	InterestEncoder encoder;
	InterestStatus status;

	if (!ReadNarrowEncoder(&arena, directory, storage, kernel, &encoder, &status))
	{
		fprintf(stderr, "%s\n", status.message);
		return false;
	}
	if (storage == INTEREST_STORAGE_FP32)
		PrintVector(&encoder);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		BenchEncoder(&encoder, shapes[i][0], shapes[i][1]);
	InterestArenaReturnTo(&arena, mark);
	return true;
}

int
main(int argc, char **argv)
{
	bool		done = true;

	if (argc < 2)
		return 2;
	kernel = InterestKernelChoose(argc > 2 ? argv[2] : "auto");
	if (kernel == NULL)
	{
		fprintf(stderr, "no such kernel here\n");
		return 1;
	}
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	InterestArenaInit(&scratch, CheckHost(), 8 << 20);
	for (int storage = 0; storage < INTEREST_STORAGES && argc < 4; storage++)
		BenchProducts((InterestStorage) storage);
	for (int storage = 0; storage < INTEREST_STORAGES; storage++)
		done = done && BenchStorage(argv[1], (InterestStorage) storage);
	printf("scratch kB %zu\n", InterestArenaFootprint(&scratch) / 1024);
	InterestArenaFree(&scratch);
	InterestArenaFree(&arena);
	return done ? 0 : 1;
}

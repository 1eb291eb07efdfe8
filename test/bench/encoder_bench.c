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
 * The peak of the kernel's registers, in GFLOP/s: independent fused
 * multiply-adds, more of them than an FMA unit has stages.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#define PROBE_STEPS 200000
#define PROBE_SUMS 12

#define PROBE(name, target_name, type, set, fma) \
__attribute__((target(target_name))) static double \
name(void) \
{ \
	volatile float one = 1.0f; \
	type		factor = set(one); \
	type		s0 = set(0), s1 = set(1), s2 = set(2), s3 = set(3); \
	type		s4 = set(4), s5 = set(5), s6 = set(6), s7 = set(7); \
	type		s8 = set(8), s9 = set(9), s10 = set(10), s11 = set(11); \
	double		start = Now(); \
\
	for (int i = 0; i < PROBE_STEPS; i++) \
	{ \
		s0 = fma(factor, factor, s0); s1 = fma(factor, factor, s1); \
		s2 = fma(factor, factor, s2); s3 = fma(factor, factor, s3); \
		s4 = fma(factor, factor, s4); s5 = fma(factor, factor, s5); \
		s6 = fma(factor, factor, s6); s7 = fma(factor, factor, s7); \
		s8 = fma(factor, factor, s8); s9 = fma(factor, factor, s9); \
		s10 = fma(factor, factor, s10); s11 = fma(factor, factor, s11); \
		/* Keeps the compiler from folding the steps. */ \
		__asm__ volatile("" : "+v"(factor)); \
	} \
	start = Now() - start; \
	__asm__ volatile("" : : "v"(s0), "v"(s1), "v"(s2), "v"(s3), "v"(s4), "v"(s5)); \
	__asm__ volatile("" : : "v"(s6), "v"(s7), "v"(s8), "v"(s9), "v"(s10), "v"(s11)); \
	return 2e-9 * PROBE_STEPS * PROBE_SUMS * (sizeof(type) / sizeof(float)) / start; \
}

PROBE(ProbeAvx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps)
PROBE(ProbeAvx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps)
#endif

static double
Peak(void)
{
#if defined(__x86_64__)
	if (strcmp(kernel->name, "avx2") == 0)
		return ProbeAvx2();
	if (strcmp(kernel->name, "avx512") == 0)
		return ProbeAvx512();
#endif
	return 0;					/* not known */
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

static void
PrintShare(double value, double peak)
{
	if (peak > 0)
		printf(" %6.0f %8.0f%%", peak, 100 * value / peak);
	printf("\n");
}

static void
BenchProduct(int m, int n, int k)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			lda = k + 16;
	int			ldc = n + 16;
	float	   *a = Numbers((size_t) m * lda);
	float	   *panels = Numbers(InterestPanelsSize(n, k));
	float	   *bias = Numbers((size_t) n);
	float	   *c = Numbers((size_t) m * ldc);
	double		work = 2e-9 * m * n * k;
	int			loops = (int) (0.4 / work) + 1;
	double		rates[REPEATS];
	double		peaks[REPEATS];
	double		rate;

	for (int r = 0; r < REPEATS; r++)
	{
		double		start = Now();

		for (int i = 0; i < loops; i++)
			kernel->product(m, n, k, a, lda, panels, bias, c, ldc);
		rates[r] = work * loops / (Now() - start);
		peaks[r] = Peak();
	}
	rate = Median(rates);
	printf("%5d %5d %5d %9.1f", m, n, k, rate);
	PrintShare(rate, Median(peaks));
	InterestArenaReturnTo(&arena, mark);
}

static void
BenchProducts(const InterestEncoderConfig *config)
{
	static const int rows[] = {1, 2, 4, 6, 8, 12, 16, 32, 128, 256};
	int			h = config->hidden;

	printf("product by %s\n    m     n     k   GFLOP/s   peak  of peak\n", kernel->name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		BenchProduct(rows[i], 3 * h, h);
		BenchProduct(rows[i], h, h);
		BenchProduct(rows[i], config->intermediate, h);
		BenchProduct(rows[i], h, config->intermediate);
	}
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

static void
BenchEncoder(const InterestEncoder *encoder, int texts, int tokens)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			total = texts * tokens;
	int32_t    *ids = InterestArenaArray(&arena, int32_t, total);
	int		   *lengths = InterestArenaArray(&arena, int, texts);
	float	   *out = InterestArenaArray(&arena, float, (size_t) texts * encoder->config.hidden);
	int			loops = 1500 / total + 1;
	double		times[REPEATS];
	double		peaks[REPEATS];
	InterestStatus status;

	for (int i = 0; i < total; i++)
		ids[i] = (1000 + i * 7) % encoder->config.vocabulary_size;
	for (int t = 0; t < texts; t++)
		lengths[t] = tokens;
	for (int r = 0; r < REPEATS; r++)
	{
		double		start = Now();

		for (int i = 0; i < loops; i++)
			InterestEncode(encoder, &scratch, texts, ids, lengths, out, &status);
		times[r] = (Now() - start) / loops / total;
		peaks[r] = Peak();
	}
	printf("encode %d %d %.1f %.0f\n", texts, tokens, 1e6 * Median(times), Median(peaks));
	InterestArenaReturnTo(&arena, mark);
}

int
main(int argc, char **argv)
{
	InterestEncoder encoder;
	InterestStatus status;

	if (argc < 2)
		return 2;
	kernel = InterestKernelChoose(argc > 2 ? argv[2] : "auto");
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	InterestArenaInit(&scratch, CheckHost(), 1 << 20);
	if (kernel == NULL || !ReadEncoder(&arena, argv[1], kernel, &encoder, &status))
	{
		fprintf(stderr, "%s\n", kernel ? status.message : "no such kernel here");
		return 1;
	}
	BenchProducts(&encoder.config);
	PrintVector(&encoder);
	BenchEncoder(&encoder, 1, 8);
	BenchEncoder(&encoder, 1, 16);
	BenchEncoder(&encoder, 1, 32);
	BenchEncoder(&encoder, 1, 128);
	BenchEncoder(&encoder, 32, 16);
	BenchEncoder(&encoder, 8, 128);
	printf("scratch kB %zu\n", InterestArenaFootprint(&scratch) / 1024);
	InterestArenaFree(&scratch);
	InterestArenaFree(&arena);
	return 0;
}

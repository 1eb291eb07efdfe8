/*
 * texts_bench.c
 *	  The core's own time for the texts of a file: tokens and encoder in
 *	  batches, on one thread.
 *
 *	  texts_bench DIRECTORY KERNEL FILE [STORAGE [BATCH]]
 *
 * FILE has one text a line; fp32 and batches of 32 unless named.  Prints
 * microseconds a text and tokens a text, the median of RUNS runs of thread CPU
 * time.  What SQL adds to it is measured by sql.sh.
 */
#include "core/encoder/encoder.h"
#include "core/text/tokenizer.h"
#include "check.h"
#include "model_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS 3
#define MOST_BATCH 32

static InterestArena arena;

static double
Now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}

static void
Stop(const char *what)
{
	fprintf(stderr, "texts_bench: %s\n", what);
	exit(1);
}

/* Encodes up to MOST_BATCH texts; returns their tokens. */
static int
EncodeBatch(const InterestEncoder *encoder, const InterestTokenizer *tokenizer,
			int count, char *const *texts)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	int			lengths[MOST_BATCH];
	int32_t    *all = InterestArenaArray(&arena, int32_t, count * encoder->config.max_length);
	float	   *out = InterestArenaArray(&arena, float, count * encoder->config.hidden);
	InterestStatus status;
	int			tokens = 0;

	for (int i = 0; i < count; i++)
	{
		int32_t    *ids;

		lengths[i] = InterestTokenize(tokenizer, texts[i], strlen(texts[i]),
									  encoder->config.max_length, &arena, &ids);
		memcpy(all + tokens, ids, sizeof(int32_t) * (size_t) lengths[i]);
		tokens += lengths[i];
	}
	if (!InterestEncode(encoder, &arena, count, all, lengths, out, &status))
		Stop(status.message);
	InterestArenaReturnTo(&arena, mark);
	return tokens;
}

/* The lines of a file, in the arena. */
static int
ReadLines(const char *name, char ***lines)
{
	char	   *text = ReadModelFile(&arena, "", name, NULL);
	int			count = 0;

	if (text == NULL)
		Stop("cannot read the texts");
	for (char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		count++;
	*lines = InterestArenaArray(&arena, char *, count);
	for (int i = 0; i < count; i++)
	{
		(*lines)[i] = text;
		text = strchr(text, '\n');
		*text++ = '\0';
	}
	return count;
}

static int
CompareTimes(const void *a, const void *b)
{
	return (*(const double *) a > *(const double *) b) - (*(const double *) a < *(const double *) b);
}

int
main(int argc, char **argv)
{
	InterestStorage storage = INTEREST_STORAGE_FP32;
	int			batch = argc > 5 ? atoi(argv[5]) : MOST_BATCH;
	InterestEncoder encoder;
	InterestTokenizer tokenizer;
	InterestStatus status;
	char	  **lines;
	double		times[RUNS];
	int			tokens = 0;
	int			count;

	if (argc < 4 || argc > 6 || batch < 1 || batch > MOST_BATCH)
		Stop("usage: texts_bench DIRECTORY KERNEL FILE [STORAGE [BATCH]]");
	if (argc > 4 && !InterestStorageFromName(argv[4], &storage, &status))
		Stop(status.message);
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	if (!ReadNarrowEncoder(&arena, argv[1], storage, InterestKernelChoose(argv[2]), &encoder, &status))
		Stop(status.message);
	if (!ReadTokenizer(&arena, argv[1], &encoder.config, &tokenizer, &status))
		Stop(status.message);
	count = ReadLines(argv[3], &lines);
	for (int run = 0; run < RUNS; run++)
	{
		double		start = Now();

		tokens = 0;
		for (int done = 0; done < count; done += batch)
			tokens += EncodeBatch(&encoder, &tokenizer, count - done < batch ? count - done : batch, lines + done);
		times[run] = Now() - start;
	}
	qsort(times, RUNS, sizeof(double), CompareTimes);
	printf("%.2f %.2f\n", times[RUNS / 2] * 1e6 / count, (double) tokens / count);
	return 0;
}

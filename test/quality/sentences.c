/*
 * sentences.c
 *	  The encoder's vectors of many texts, kept in a file.
 */
#include "quality.h"

#include "model_files.h"

#include "core/base/random.h"
#include "core/text/tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STAND_IN_WIDTH 384
#define TEXTS_BETWEEN_LINES 1000

/* Unit vectors that say no more than which text it is. */
static float *
StandIns(const InterestSpan *texts, int count)
{
	float	   *vectors = InterestArenaArray(&arena, float, (size_t) count * STAND_IN_WIDTH);

	for (int t = 0; t < count; t++)
	{
		InterestRandom random = {InterestHash64(texts[t].data, texts[t].length, 0)};
		float	   *vector = vectors + (size_t) t * STAND_IN_WIDTH;

		for (int i = 0; i < STAND_IN_WIDTH; i++)
			vector[i] = (float) ((2.0 * InterestRandomUniform(&random) - 1.0) * sqrt(3.0 / STAND_IN_WIDTH));
	}
	return vectors;
}

static bool
EncodeAll(const char *directory, const InterestSpan *texts, int count, float **vectors, int *width,
		  InterestStatus *status)
{
	const InterestKernel *kernel = InterestKernelChoose("auto");
	InterestEncoder encoder;
	InterestTokenizer tokenizer;

	if (!ReadEncoder(&arena, directory, kernel, &encoder, status) ||
		!ReadTokenizer(&arena, directory, &encoder.config, &tokenizer, status))
		return false;
	*width = encoder.config.hidden;
	*vectors = InterestArenaArray(&arena, float, (size_t) count * *width);
	for (int t = 0; t < count; t++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		int32_t    *ids;
		int			length = InterestTokenize(&tokenizer, texts[t].data, texts[t].length,
											  encoder.config.max_length, &arena, &ids);

		if (!InterestEncode(&encoder, &arena, 1, ids, &length, *vectors + (size_t) t * *width, status))
			return false;
		InterestArenaReturnTo(&arena, mark);
		if ((t + 1) % TEXTS_BETWEEN_LINES == 0)
			fprintf(stderr, "%d of %d texts encoded\n", t + 1, count);
	}
	return true;
}

static float *
ReadCache(const char *cache, int count, int *width)
{
	FILE	   *file = cache ? fopen(cache, "rb") : NULL;
	int			header[2];
	float	   *vectors = NULL;

	if (file == NULL)
		return NULL;
	if (fread(header, sizeof(header), 1, file) == 1 && header[0] == count)
	{
		size_t		size = (size_t) count * header[1];

		vectors = InterestArenaArray(&arena, float, size);
		*width = header[1];
		if (fread(vectors, sizeof(float), size, file) != size)
			vectors = NULL;
	}
	fclose(file);
	return vectors;
}

static void
WriteCache(const char *cache, const float *vectors, int count, int width)
{
	FILE	   *file = cache ? fopen(cache, "wb") : NULL;
	int			header[2] = {count, width};

	if (file == NULL)
		return;
	fwrite(header, sizeof(header), 1, file);
	fwrite(vectors, sizeof(float), (size_t) count * width, file);
	fclose(file);
}

float *
EncodeTexts(const char *directory, const char *cache, const InterestSpan *texts, int count, int *width)
{
	InterestStatus status;
	float	   *vectors;

	if (directory == NULL)
	{
		*width = STAND_IN_WIDTH;
		return StandIns(texts, count);
	}
	vectors = ReadCache(cache, count, width);
	if (vectors)
		return vectors;
	if (!EncodeAll(directory, texts, count, &vectors, width, &status))
	{
		fprintf(stderr, "%s\n", status.message);
		return NULL;
	}
	WriteCache(cache, vectors, count, *width);
	return vectors;
}

/*
 * model_files.h
 *	  Encoders of a Hugging Face directory, for unit tests and benchmarks.
 */
#ifndef INTEREST_TEST_MODEL_FILES_H
#define INTEREST_TEST_MODEL_FILES_H

#include "core/encoder/encoder.h"
#include "core/encoder/weights.h"

/*
 * A whole file, ended by a zero byte, in the arena; NULL if it cannot be read.
 * length may be NULL.
 */
extern char *ReadModelFile(InterestArena *arena, const char *directory, const char *name,
						   size_t *length);

/* The entries of a safetensors file's header, its data and the data's length. */
typedef struct WeightsFile
{
	InterestTensorEntry *entries;
	int			count;
	const uint8_t *data;
	uint64_t	size;
} WeightsFile;

extern bool ReadWeights(InterestArena *arena, const char *directory, WeightsFile *weights,
						InterestStatus *status);

extern bool ReadConfig(InterestArena *arena, const char *directory,
					   InterestEncoderConfig *config, InterestStatus *status);

/* The packed encoder of a directory, open. */
extern bool ReadEncoder(InterestArena *arena, const char *directory, const InterestKernel *kernel,
						InterestEncoder *encoder, InterestStatus *status);

#endif

/*
 * model_files.h
 *	  Encoders of a Hugging Face directory, for unit tests and benchmarks.
 */
#ifndef INTEREST_TEST_MODEL_FILES_H
#define INTEREST_TEST_MODEL_FILES_H

#include "core/encoder/encoder.h"
#include "core/encoder/samples.h"
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

/* vocab.txt and the options of the configuration. */
extern bool ReadTokenizer(InterestArena *arena, const char *directory,
						  const InterestEncoderConfig *config, InterestTokenizer *tokenizer,
						  InterestStatus *status);

/* The encoder of an image of fp32, narrowed to a storage, packed and open. */
extern bool NarrowEncoder(InterestArena *arena, const InterestEncoderConfig *wide_config, float *wide,
						  const InterestTokenizer *tokenizer, InterestStorage storage,
						  const InterestKernel *kernel, InterestEncoder *encoder,
						  InterestStatus *status);

/* That of a directory; ReadEncoder: of fp32. */
extern bool ReadNarrowEncoder(InterestArena *arena, const char *directory, InterestStorage storage,
							  const InterestKernel *kernel, InterestEncoder *encoder,
							  InterestStatus *status);
extern bool ReadEncoder(InterestArena *arena, const char *directory, const InterestKernel *kernel,
						InterestEncoder *encoder, InterestStatus *status);

#endif

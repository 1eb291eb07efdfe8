/*
 * weights.h
 *	  The canonical weight image of an encoder: its tensors in a fixed order.
 *
 * The image is what is stored and hashed.  It depends on the configuration
 * alone, not on how the file that it came from names, orders or narrows its
 * tensors.
 *
 * Tensors lie end to end, each in a whole number of 4 bytes.  Vectors (biases,
 * LayerNorm) are fp32; matrices and embeddings are of the configuration's
 * storage.  Embeddings of int8 begin with the scales of their rows; a matrix with
 * the channels of its outliers (32 bits each), then the margins of its rows
 * (INTEREST_INT8_MARGIN, rows).
 */
#ifndef INTEREST_ENCODER_WEIGHTS_H
#define INTEREST_ENCODER_WEIGHTS_H

#include "core/encoder/config.h"
#include "core/encoder/safetensors.h"

/* Tensors before the first layer, and of each layer. */
#define INTEREST_ENCODER_EMBEDDING_TENSORS 5
#define INTEREST_ENCODER_LAYER_TENSORS 16

/* Places of the tensors before the first layer. */
enum
{
	INTEREST_TENSOR_WORDS, INTEREST_TENSOR_POSITIONS, INTEREST_TENSOR_TOKEN_TYPES,
	INTEREST_TENSOR_EMBEDDING_NORM_GAIN, INTEREST_TENSOR_EMBEDDING_NORM_BIAS
};

/* Places of the tensors in a layer. */
enum
{
	INTEREST_TENSOR_QUERY_WEIGHT, INTEREST_TENSOR_QUERY_BIAS,
	INTEREST_TENSOR_KEY_WEIGHT, INTEREST_TENSOR_KEY_BIAS,
	INTEREST_TENSOR_VALUE_WEIGHT, INTEREST_TENSOR_VALUE_BIAS,
	INTEREST_TENSOR_ATTENTION_OUTPUT_WEIGHT, INTEREST_TENSOR_ATTENTION_OUTPUT_BIAS,
	INTEREST_TENSOR_ATTENTION_NORM_GAIN, INTEREST_TENSOR_ATTENTION_NORM_BIAS,
	INTEREST_TENSOR_EXPAND_WEIGHT, INTEREST_TENSOR_EXPAND_BIAS,
	INTEREST_TENSOR_CONTRACT_WEIGHT, INTEREST_TENSOR_CONTRACT_BIAS,
	INTEREST_TENSOR_OUTPUT_NORM_GAIN, INTEREST_TENSOR_OUTPUT_NORM_BIAS
};

/* What goes into the matrices of a layer. */
typedef enum InterestEncoderInput
{
	INTEREST_INPUT_ATTENTION,	/* query, key and value */
	INTEREST_INPUT_OUTPUT,		/* the output of attention */
	INTEREST_INPUT_EXPAND,
	INTEREST_INPUT_CONTRACT,	/* as wide as the intermediate layer, the others as the hidden one */
	INTEREST_INPUT_NONE			/* of embeddings and vectors */
} InterestEncoderInput;

typedef struct InterestTensorSpec
{
	char		name[80];		/* the usual name, without a prefix */
	int			dimensions;		/* 1 or 2 */
	uint64_t	shape[2];
	size_t		offset;			/* in the image of fp32, in floats */
	size_t		count;			/* elements */
	InterestStorage storage;	/* in the image of the configuration */
	int			layer;			/* -1 before the first one */
	InterestEncoderInput input; /* of a matrix */
	size_t		place;			/* in the image of the configuration, in bytes */
	size_t		head;			/* bytes before its numbers there */
	size_t		bytes;			/* all of it there */
} InterestTensorSpec;

/* Of the image. */
extern int	InterestEncoderTensorCount(const InterestEncoderConfig *config);

/* Tensor i of the image. */
extern void InterestEncoderTensorSpec(const InterestEncoderConfig *config, int i,
									  InterestTensorSpec *spec);

/* Where a tensor of a layer, or of layer -1 before the first one, lies in the image of fp32, in floats. */
extern size_t InterestEncoderTensorOffset(const InterestEncoderConfig *config, int layer, int place);

/* The whole image of fp32, in floats; that of the configuration's storage, in bytes. */
extern size_t InterestEncoderImageSize(const InterestEncoderConfig *config);
extern size_t InterestEncoderImageBytes(const InterestEncoderConfig *config);

/*
 * The entry that holds the tensor: under its usual name or with the prefix
 * "bert.", LayerNorm.weight and LayerNorm.bias also as gamma and beta.  NULL and
 * status when there is none or its shape is another.
 */
extern const InterestTensorEntry *InterestEncoderFindTensor(const InterestTensorEntry *entries, int n,
															const InterestTensorSpec *spec,
															InterestStatus *status);

/*
 * Whether a file's entries lie in its data and every tensor is among them: to be
 * asked before memory is taken for the image, whose size is the configuration's
 * word alone.
 */
extern bool InterestEncoderCheckTensors(const InterestEncoderConfig *config,
										const InterestTensorEntry *entries, int n,
										uint64_t data_size, InterestStatus *status);

/*
 * The whole image of fp32 from a file's entries and data: checks all entries,
 * finds and widens every tensor.  Of entries that no tensor needs (pooler, position_ids)
 * only the bounds matter.
 */
extern bool InterestEncoderBuildImage(const InterestEncoderConfig *config,
									  const InterestTensorEntry *entries, int n,
									  const uint8_t *data, uint64_t data_size,
									  float *image, InterestStatus *status);

/*
 * The largest magnitude of every channel of every input, as
 * InterestEncoderMeasure finds them: how many there are, and where those of an
 * input begin.
 */
extern size_t InterestEncoderMagnitudesSize(const InterestEncoderConfig *config);
extern size_t InterestEncoderMagnitudesOffset(const InterestEncoderConfig *config, int layer,
											  InterestEncoderInput input);

/*
 * The image of the configuration's storage from that of fp32, whose rows are
 * changed meanwhile.  int8 takes the outliers of an input where its magnitudes
 * are largest; the other storages take NULL.
 */
extern void InterestEncoderNarrowImage(const InterestEncoderConfig *config, float *wide,
									   const float *magnitudes, void *image);

/* The image from the machine's byte order to little-endian, or back. */
extern void InterestEncoderSwapImage(const InterestEncoderConfig *config, void *image);

#endif

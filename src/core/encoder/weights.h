/*
 * weights.h
 *	  The canonical weight image of an encoder: its fp32 tensors in a fixed
 *	  order, end to end.
 *
 * The image is what is stored and hashed.  It depends on the configuration
 * alone, not on how the file that it came from names, orders or narrows its
 * tensors.
 */
#ifndef INTEREST_ENCODER_WEIGHTS_H
#define INTEREST_ENCODER_WEIGHTS_H

#include "core/encoder/config.h"
#include "core/encoder/safetensors.h"

/* Tensors before the first layer, and of each layer. */
#define INTEREST_ENCODER_EMBEDDING_TENSORS 5
#define INTEREST_ENCODER_LAYER_TENSORS 16

typedef struct InterestTensorSpec
{
	char		name[80];		/* the usual name, without a prefix */
	int			dimensions;		/* 1 or 2 */
	uint64_t	shape[2];
	size_t		offset;			/* in the image, in floats */
	size_t		count;			/* floats */
} InterestTensorSpec;

extern int	InterestEncoderTensorCount(const InterestEncoderConfig *config);

/* Tensor i of the image. */
extern void InterestEncoderTensorSpec(const InterestEncoderConfig *config, int i,
									  InterestTensorSpec *spec);

/* The whole image, in floats. */
extern size_t InterestEncoderImageSize(const InterestEncoderConfig *config);

/*
 * The entry that holds the tensor: under its usual name or with the prefix
 * "bert.", LayerNorm.weight and LayerNorm.bias also as gamma and beta.  NULL and
 * status when there is none or its shape is another.
 */
extern const InterestTensorEntry *InterestEncoderFindTensor(const InterestTensorEntry *entries, int n,
															const InterestTensorSpec *spec,
															InterestStatus *status);

/*
 * The whole image from a file's entries and data: checks all entries, finds and
 * widens every tensor.  Of entries that no tensor needs (pooler, position_ids)
 * only the bounds matter.
 */
extern bool InterestEncoderBuildImage(const InterestEncoderConfig *config,
									  const InterestTensorEntry *entries, int n,
									  const uint8_t *data, uint64_t data_size,
									  float *image, InterestStatus *status);

#endif

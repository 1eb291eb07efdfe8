/*
 * encoder.h
 *	  A BERT encoder: token ids in, one pooled vector a text out.
 *
 * Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for
 * Language Understanding", 2019; pooling as in Reimers, Gurevych,
 * "Sentence-BERT", 2019.  Token type 0, positions from 0.
 */
#ifndef INTEREST_ENCODER_H
#define INTEREST_ENCODER_H

#include "core/base/arena.h"
#include "core/encoder/config.h"
#include "core/kernel/kernel.h"
#include "core/text/tokenizer.h"

/*
 * Texts are run together until this many tokens (one longer text is a pass of
 * its own): enough for the products to be bound by arithmetic, little enough
 * to keep scratch memory within a few MB.
 */
#define INTEREST_ENCODER_PASS_TOKENS 128

/* Multiplications between two checks for cancel: about 20 ms of one core. */
#define INTEREST_CANCEL_WORK ((int64_t) 1 << 30)

/* A linear layer: weights (out, in) in the configuration's storage, bias (out). */
typedef struct InterestEncoderLinear
{
	InterestNarrowWeights weights;	/* of fp32: the panels alone */
	const int32_t *outliers;	/* channels (INTEREST_INT8_OUTLIERS), of int8 only */
	const float *bias;
} InterestEncoderLinear;

typedef struct InterestEncoderNorm
{
	const float *gain;			/* (hidden) */
	const float *bias;			/* (hidden) */
} InterestEncoderNorm;

typedef struct InterestEncoderLayer
{
	InterestEncoderLinear attention_input;	/* query, key, value: (3 hidden, hidden) */
	InterestEncoderLinear attention_output; /* (hidden, hidden) */
	InterestEncoderNorm attention_norm;
	InterestEncoderLinear expand;	/* (intermediate, hidden) */
	InterestEncoderLinear contract; /* (hidden, intermediate) */
	InterestEncoderNorm output_norm;
} InterestEncoderLayer;

/* Pointers into the packed form, which must outlive it. */
typedef struct InterestEncoder
{
	InterestEncoderConfig config;
	const InterestKernel *kernel;
	const void *words;			/* (vocabulary, hidden) in the configuration's storage */
	const float *word_scales;	/* (vocabulary), of int8 only */
	const float *positions;		/* (positions, hidden), token type 0 added */
	InterestEncoderNorm embedding_norm;
	InterestEncoderLayer layers[INTEREST_ENCODER_MAX_LAYERS];
} InterestEncoder;

/*
 * Name of the packing that the kernel reads: what is packed under one name
 * serves every kernel of that name, and nothing else may be opened with it.
 * Of at most INTEREST_PACKING_NAME_SIZE - 1 letters, digits and "_".
 */
#define INTEREST_PACKING_NAME_SIZE 32
extern const char *InterestEncoderPackingName(const InterestEncoderConfig *config,
											  const InterestKernel *kernel);

/*
 * The packed form: one flat buffer that any address can hold (aligned to
 * INTEREST_ALIGNMENT), made once from the image of the configuration's storage
 * (core/encoder/weights.h) and then only read.
 */
extern size_t InterestEncoderPackedSize(const InterestEncoderConfig *config);	/* bytes */
extern void InterestEncoderPack(const InterestEncoderConfig *config, const void *image,
								void *packed);

/*
 * Sets the encoder's pointers into packed.  False when size bytes of it are not
 * the packed form of that configuration (made by another version, truncated).
 */
extern bool InterestEncoderOpen(const InterestEncoderConfig *config,
								const void *packed, size_t size,
								const InterestKernel *kernel,
								InterestEncoder *encoder, InterestStatus *status);

/*
 * An encoder of fp32 that learns: it runs from an image, whose words are its
 * own, and from memory of InterestEncoderWorkingSize bytes, aligned to
 * INTEREST_ALIGNMENT.  What lies there of a layer, or of positions and the
 * embeddings' LayerNorm (layer -1), is made anew where the image has changed.
 */
extern size_t InterestEncoderWorkingSize(const InterestEncoderConfig *config);
extern void InterestEncoderWork(const InterestEncoderConfig *config, const float *image,
								const InterestKernel *kernel, void *memory, InterestEncoder *encoder);
extern void InterestEncoderRepack(const InterestEncoder *encoder, const float *image, int layer);

/* The tokenizer that goes with a configuration. */
extern InterestTokenizer InterestEncoderTokenizer(const InterestEncoderConfig *config,
												  const InterestVocabulary *vocabulary);

/* out (hidden) = the embedding of a word; id is one of the vocabulary's. */
extern void InterestEncoderWord(const InterestEncoder *encoder, int32_t id, float *out);

/*
 * out (texts, hidden) = the pooled, and where the configuration says so
 * normalised, vectors of texts token sequences.  ids holds them one after the
 * other, special tokens included, lengths[t] >= 1 of them for text t, at most
 * config.positions.  Scratch memory is given back; cancel checks go to its host.
 * False on an id or a length out of range, and when weights make a vector that
 * is not finite.
 */
extern bool InterestEncode(const InterestEncoder *encoder, InterestArena *scratch,
						   int texts, const int32_t *ids, const int *lengths,
						   float *out, InterestStatus *status);

/*
 * Raises magnitudes (core/encoder/weights.h) to those of what goes into the
 * matrices when the texts are encoded, with weights of fp32.
 */
extern bool InterestEncoderMeasure(const InterestEncoder *encoder, InterestArena *scratch,
								   int texts, const int32_t *ids, const int *lengths,
								   float *magnitudes, InterestStatus *status);

/*
 * Sees the hidden states, for tests and for explaining: called after the
 * embeddings (layer 0) and after each layer (1 ...) of every pass, with
 * (tokens, hidden) and its row stride.
 */
typedef struct InterestEncoderObserver
{
	void	   *context;
	void		(*see) (void *context, int layer, int tokens,
						const float *hidden, int stride);
} InterestEncoderObserver;

extern bool InterestEncodeObserved(const InterestEncoder *encoder, InterestArena *scratch,
								   int texts, const int32_t *ids, const int *lengths,
								   float *out, const InterestEncoderObserver *observer,
								   InterestStatus *status);

#endif

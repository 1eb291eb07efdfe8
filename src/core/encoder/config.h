/*
 * config.h
 *	  What an encoder is, besides its weights and its vocabulary.
 */
#ifndef INTEREST_ENCODER_CONFIG_H
#define INTEREST_ENCODER_CONFIG_H

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/kernel/storage.h"

#define INTEREST_ENCODER_MAX_VOCABULARY 1000000
#define INTEREST_ENCODER_MAX_HIDDEN 4096
#define INTEREST_ENCODER_MAX_LAYERS 48
#define INTEREST_ENCODER_MAX_INTERMEDIATE 16384
#define INTEREST_ENCODER_MAX_POSITIONS 8192
#define INTEREST_ENCODER_MAX_TOKEN_TYPES 16

/* [CLS] and [SEP] must fit. */
#define INTEREST_ENCODER_MIN_LENGTH 2

/* The numbers are stored: never change one. */
typedef enum InterestActivation
{
	INTEREST_ACTIVATION_GELU = 0,	/* the erf form */
	INTEREST_ACTIVATION_GELU_TANH = 1,	/* gelu_new, gelu_pytorch_tanh */
	INTEREST_ACTIVATION_RELU = 2
} InterestActivation;

typedef enum InterestPooling
{
	INTEREST_POOLING_MEAN = 0,
	INTEREST_POOLING_CLS = 1,
	INTEREST_POOLING_MAX = 2
} InterestPooling;

typedef struct InterestEncoderConfig
{
	int			vocabulary_size;	/* rows of the word embeddings */
	int			hidden;
	int			layers;
	int			heads;
	int			intermediate;
	int			positions;
	int			token_types;
	int			max_length;		/* tokens of a text, special ones included */
	float		layer_norm_epsilon;
	InterestActivation activation;
	InterestPooling pooling;
	bool		normalize;		/* scale the pooled vector to norm 1 */
	InterestStorage storage;	/* of matrices and embeddings */

	/* tokenizer */
	bool		lowercase;
	bool		strip_accents;
	bool		tokenize_chinese_chars;
	bool		clean_text;
} InterestEncoderConfig;

/* Whether every number is within its limit and they fit each other. */
extern bool InterestEncoderConfigCheck(const InterestEncoderConfig *config,
									   InterestStatus *status);

/*
 * The canonical bytes, for hashing and storage: equal configurations, equal
 * bytes.  Reading takes all bytes of the reader and checks the configuration.
 */
extern void InterestEncoderConfigWrite(InterestWriter *writer,
									   const InterestEncoderConfig *config);
extern bool InterestEncoderConfigRead(InterestReader *reader,
									  InterestEncoderConfig *config,
									  InterestStatus *status);

/*
 * Names as model files and users write them.  From a name: false, and status,
 * when it is nothing we run.
 */
extern bool InterestActivationFromName(const char *name, InterestActivation *activation,
									   InterestStatus *status);
extern const char *InterestPoolingName(InterestPooling pooling);

#endif

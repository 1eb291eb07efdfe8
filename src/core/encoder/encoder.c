/*
 * encoder.c
 *	  The packed form of an encoder: its layout, making it, opening it.
 *
 * A header, then sections of floats, each starting at a multiple of
 * INTEREST_ALIGNMENT.  The order of sections is the one of LayOut.
 */
#include "core/encoder/encoder.h"

#include "core/encoder/weights.h"

#include <string.h>

/*
 * The header: these bytes, the layout's version, a number in the machine's own
 * byte order, the whole size and the configuration; zeros to its end.
 */
#define PACKED_MAGIC "interest"
#define PACKED_VERSION 1
#define PACKED_BYTE_ORDER UINT32_C(0x01020304)
#define PACKED_HEADER 128

/* Places of the tensors in a layer; core/encoder/weights.c has the same order. */
enum
{
	QUERY_WEIGHT, QUERY_BIAS, KEY_WEIGHT, KEY_BIAS, VALUE_WEIGHT, VALUE_BIAS,
	ATTENTION_OUTPUT_WEIGHT, ATTENTION_OUTPUT_BIAS,
	ATTENTION_NORM_GAIN, ATTENTION_NORM_BIAS,
	EXPAND_WEIGHT, EXPAND_BIAS, CONTRACT_WEIGHT, CONTRACT_BIAS,
	OUTPUT_NORM_GAIN, OUTPUT_NORM_BIAS
};

enum
{
	WORDS, POSITIONS, TOKEN_TYPES, EMBEDDING_NORM_GAIN, EMBEDDING_NORM_BIAS
};

typedef struct Cursor
{
	const char *packed;			/* NULL: only measure */
	size_t		used;			/* bytes */
} Cursor;

const char *
InterestEncoderPackingName(const InterestEncoderConfig *config, const InterestKernel *kernel)
{
	return "fp32";
}

static const float *
Take(Cursor *cursor, size_t floats)
{
	const char *at = cursor->packed ? cursor->packed + cursor->used : NULL;
	size_t		bytes = floats * sizeof(float) + INTEREST_ALIGNMENT - 1;

	cursor->used += bytes - bytes % INTEREST_ALIGNMENT;
	return (const float *) at;
}

static InterestEncoderLinear
TakeLinear(Cursor *cursor, int n, int k)
{
	InterestEncoderLinear linear;

	linear.panels = Take(cursor, InterestPanelsSize(n, k));
	linear.bias = Take(cursor, (size_t) n);
	return linear;
}

static InterestEncoderNorm
TakeNorm(Cursor *cursor, int n)
{
	InterestEncoderNorm norm;

	norm.gain = Take(cursor, (size_t) n);
	norm.bias = Take(cursor, (size_t) n);
	return norm;
}

/* Sets the encoder's pointers into packed; returns the size of it all. */
static size_t
LayOut(const InterestEncoderConfig *config, const void *packed, InterestEncoder *encoder)
{
	Cursor		cursor = {packed, PACKED_HEADER};
	int			hidden = config->hidden;

	encoder->words = Take(&cursor, (size_t) config->vocabulary_size * hidden);
	encoder->positions = Take(&cursor, (size_t) config->positions * hidden);
	encoder->embedding_norm = TakeNorm(&cursor, hidden);
	for (int i = 0; i < config->layers; i++)
	{
		InterestEncoderLayer *layer = encoder->layers + i;

		layer->attention_input = TakeLinear(&cursor, 3 * hidden, hidden);
		layer->attention_output = TakeLinear(&cursor, hidden, hidden);
		layer->attention_norm = TakeNorm(&cursor, hidden);
		layer->expand = TakeLinear(&cursor, config->intermediate, hidden);
		layer->contract = TakeLinear(&cursor, hidden, config->intermediate);
		layer->output_norm = TakeNorm(&cursor, hidden);
	}
	return cursor.used;
}

size_t
InterestEncoderPackedSize(const InterestEncoderConfig *config)
{
	InterestEncoder encoder;

	return LayOut(config, NULL, &encoder);
}

static void
WriteHeader(const InterestEncoderConfig *config, uint8_t *header)
{
	const uint32_t byte_order = PACKED_BYTE_ORDER;
	InterestWriter writer = {header, 0};

	memset(header, 0, PACKED_HEADER);
	InterestWriteBytes(&writer, PACKED_MAGIC, strlen(PACKED_MAGIC));
	InterestWriteU32(&writer, PACKED_VERSION);
	InterestWriteBytes(&writer, &byte_order, sizeof(byte_order));
	InterestWriteU64(&writer, InterestEncoderPackedSize(config));
	InterestEncoderConfigWrite(&writer, config);
}

/*
 * The packed buffer is the one place where a section is written; everywhere
 * else it is read-only.
 */
static float *
Section(const float *section)
{
	return (float *) section;
}

static const float *
Tensor(const InterestEncoderConfig *config, const float *image, int i)
{
	InterestTensorSpec spec;

	InterestEncoderTensorSpec(config, i, &spec);
	return image + spec.offset;
}

static void
Copy(const float *section, const float *from, int n)
{
	memcpy(Section(section), from, sizeof(float) * (size_t) n);
}

/* n columns of a linear layer from its column first on. */
static void
PackLinear(InterestEncoderLinear linear, int first, int n, int k,
		   const float *weight, const float *bias)
{
	InterestPackColumns(first, n, k, weight, k, Section(linear.panels));
	Copy(linear.bias + first, bias, n);
}

static void
PackEmbeddings(const InterestEncoderConfig *config, const float *image,
			   const InterestEncoder *encoder)
{
	const float *positions = Tensor(config, image, POSITIONS);
	const float *type = Tensor(config, image, TOKEN_TYPES);
	float	   *to = Section(encoder->positions);

	memcpy(Section(encoder->words), Tensor(config, image, WORDS),
		   sizeof(float) * (size_t) config->vocabulary_size * config->hidden);
	for (int i = 0; i < config->positions; i++)
		for (int j = 0; j < config->hidden; j++)
			*to++ = *positions++ + type[j];
	Copy(encoder->embedding_norm.gain, Tensor(config, image, EMBEDDING_NORM_GAIN), config->hidden);
	Copy(encoder->embedding_norm.bias, Tensor(config, image, EMBEDDING_NORM_BIAS), config->hidden);
}

static void
PackLayer(const InterestEncoderConfig *config, const float *image, int number,
		  const InterestEncoderLayer *layer)
{
	int			hidden = config->hidden;
	const float *tensors[INTEREST_ENCODER_LAYER_TENSORS];

	for (int i = 0; i < INTEREST_ENCODER_LAYER_TENSORS; i++)
		tensors[i] = Tensor(config, image, INTEREST_ENCODER_EMBEDDING_TENSORS +
							number * INTEREST_ENCODER_LAYER_TENSORS + i);
	PackLinear(layer->attention_input, 0, hidden, hidden,
			   tensors[QUERY_WEIGHT], tensors[QUERY_BIAS]);
	PackLinear(layer->attention_input, hidden, hidden, hidden,
			   tensors[KEY_WEIGHT], tensors[KEY_BIAS]);
	PackLinear(layer->attention_input, 2 * hidden, hidden, hidden,
			   tensors[VALUE_WEIGHT], tensors[VALUE_BIAS]);
	PackLinear(layer->attention_output, 0, hidden, hidden,
			   tensors[ATTENTION_OUTPUT_WEIGHT], tensors[ATTENTION_OUTPUT_BIAS]);
	Copy(layer->attention_norm.gain, tensors[ATTENTION_NORM_GAIN], hidden);
	Copy(layer->attention_norm.bias, tensors[ATTENTION_NORM_BIAS], hidden);
	PackLinear(layer->expand, 0, config->intermediate, hidden,
			   tensors[EXPAND_WEIGHT], tensors[EXPAND_BIAS]);
	PackLinear(layer->contract, 0, hidden, config->intermediate,
			   tensors[CONTRACT_WEIGHT], tensors[CONTRACT_BIAS]);
	Copy(layer->output_norm.gain, tensors[OUTPUT_NORM_GAIN], hidden);
	Copy(layer->output_norm.bias, tensors[OUTPUT_NORM_BIAS], hidden);
}

void
InterestEncoderPack(const InterestEncoderConfig *config, const float *image, void *packed)
{
	InterestEncoder encoder;

	/* Gaps between sections and columns beyond the last must be zero. */
	memset(packed, 0, LayOut(config, packed, &encoder));
	WriteHeader(config, packed);
	PackEmbeddings(config, image, &encoder);
	for (int i = 0; i < config->layers; i++)
		PackLayer(config, image, i, encoder.layers + i);
}

bool
InterestEncoderOpen(const InterestEncoderConfig *config, const void *packed, size_t size,
					const InterestKernel *kernel, InterestEncoder *encoder,
					InterestStatus *status)
{
	uint8_t		header[PACKED_HEADER];

	if (!InterestEncoderConfigCheck(config, status))
		return false;
	WriteHeader(config, header);
	if (size != InterestEncoderPackedSize(config) || memcmp(packed, header, PACKED_HEADER) != 0)
	{
		InterestFail(status, INTEREST_CORRUPT, "packed encoder is damaged");
		return InterestDetail(status, "It has %zu bytes, not the header and the %zu bytes of its configuration.",
							  size, InterestEncoderPackedSize(config));
	}
	encoder->config = *config;
	encoder->kernel = kernel;
	LayOut(config, packed, encoder);
	return true;
}

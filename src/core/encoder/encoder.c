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

typedef struct Cursor
{
	const char *packed;			/* NULL: only measure */
	size_t		used;			/* bytes */
} Cursor;

/* All kernels read the same panels. */
const char *
InterestEncoderPackingName(const InterestEncoderConfig *config, const InterestKernel *kernel)
{
	return InterestStorageName(config->storage);
}

static const void *
Take(Cursor *cursor, size_t bytes)
{
	const char *at = cursor->packed ? cursor->packed + cursor->used : NULL;

	bytes += INTEREST_ALIGNMENT - 1;
	cursor->used += bytes - bytes % INTEREST_ALIGNMENT;
	return at;
}

static const float *
TakeFloats(Cursor *cursor, int n)
{
	return Take(cursor, sizeof(float) * (size_t) n);
}

static InterestEncoderLinear
TakeLinear(Cursor *cursor, InterestStorage storage, int n, int k)
{
	InterestEncoderLinear linear = {{NULL, NULL, NULL}, NULL, NULL};
	size_t		columns = InterestPanelsSize(n, 1);

	linear.weights.panels = Take(cursor, InterestPanelsBytes(storage, n, k));
	if (storage == INTEREST_STORAGE_INT8)
	{
		linear.weights.margins = Take(cursor, sizeof(float) * INTEREST_INT8_MARGIN * columns);
		linear.weights.offsets = Take(cursor, sizeof(int32_t) * columns);
		linear.outliers = Take(cursor, sizeof(int32_t) * INTEREST_INT8_OUTLIERS);
	}
	linear.bias = TakeFloats(cursor, n);
	return linear;
}

static InterestEncoderNorm
TakeNorm(Cursor *cursor, int n)
{
	InterestEncoderNorm norm;

	norm.gain = TakeFloats(cursor, n);
	norm.bias = TakeFloats(cursor, n);
	return norm;
}

static size_t
TableBytes(const InterestEncoderConfig *config, int rows)
{
	return InterestStorageSize(config->storage) * (size_t) rows * (size_t) config->hidden;
}

/* Sets the encoder's pointers into packed, words but where they lie elsewhere; returns the size of it all. */
static size_t
LayOut(const InterestEncoderConfig *config, const void *packed, const void *words, InterestEncoder *encoder)
{
	Cursor		cursor = {packed, PACKED_HEADER};
	int			hidden = config->hidden;

	encoder->words = words ? words : Take(&cursor, TableBytes(config, config->vocabulary_size));
	encoder->word_scales = NULL;
	if (config->storage == INTEREST_STORAGE_INT8)
		encoder->word_scales = TakeFloats(&cursor, config->vocabulary_size);
	encoder->positions = TakeFloats(&cursor, config->positions * hidden);
	encoder->embedding_norm = TakeNorm(&cursor, hidden);
	for (int i = 0; i < config->layers; i++)
	{
		InterestEncoderLayer *layer = encoder->layers + i;

		layer->attention_input = TakeLinear(&cursor, config->storage, 3 * hidden, hidden);
		layer->attention_output = TakeLinear(&cursor, config->storage, hidden, hidden);
		layer->attention_norm = TakeNorm(&cursor, hidden);
		layer->expand = TakeLinear(&cursor, config->storage, config->intermediate, hidden);
		layer->contract = TakeLinear(&cursor, config->storage, hidden, config->intermediate);
		layer->output_norm = TakeNorm(&cursor, hidden);
	}
	return cursor.used;
}

size_t
InterestEncoderPackedSize(const InterestEncoderConfig *config)
{
	InterestEncoder encoder;

	return LayOut(config, NULL, NULL, &encoder);
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
static void *
Section(const void *section)
{
	return (void *) section;
}

/* A tensor of the image; what is before its numbers is of int8 only. */
typedef struct Tensor
{
	const void *numbers;
	const float *scales;		/* of the rows of embeddings */
	const int32_t *outliers;	/* of a matrix; the margins of its rows follow */
} Tensor;

static Tensor
FindTensor(const InterestEncoderConfig *config, const void *image, int i)
{
	InterestTensorSpec spec;
	const char *at;

	InterestEncoderTensorSpec(config, i, &spec);
	at = (const char *) image + spec.place;
	return (Tensor) {at + spec.head, (const float *) at, (const int32_t *) at};
}

static void
Copy(const float *section, Tensor tensor, int n)
{
	memcpy(Section(section), tensor.numbers, sizeof(float) * (size_t) n);
}

/* The margins of n columns of a layer of all columns, and its outliers. */
static void
PackMargins(const InterestEncoderLinear *linear, int first, int n, int all, Tensor weight)
{
	size_t		width = InterestPanelsSize(all, 1);
	const float *margins = (const float *) (weight.outliers + INTEREST_INT8_OUTLIERS);

	for (int i = 0; i < INTEREST_INT8_MARGIN; i++)
		memcpy(Section(linear->weights.margins + i * width + first), margins + (size_t) i * n,
			   sizeof(float) * (size_t) n);
	memcpy(Section(linear->outliers), weight.outliers, sizeof(int32_t) * INTEREST_INT8_OUTLIERS);
}

/* n columns of a linear layer of all columns, from its column first on. */
static void
PackLinear(InterestStorage storage, const InterestEncoderLinear *linear, int first, int n, int all,
		   int k, Tensor weight, Tensor bias)
{
	InterestPackColumns(storage, first, n, k, weight.numbers, Section(linear->weights.panels));
	if (storage == INTEREST_STORAGE_INT8)
	{
		PackMargins(linear, first, n, all, weight);
		InterestPackOffsets(n, k, weight.numbers, Section(linear->weights.offsets + first));
	}
	Copy(linear->bias + first, bias, n);
}

/* Row i of a table of embeddings, widened. */
static void
WidenRow(InterestStorage storage, int width, const void *numbers, const float *scales,
		 size_t i, float *out)
{
	size_t		n = (size_t) width;

	switch (storage)
	{
		case INTEREST_STORAGE_FP32:
			memcpy(out, (const float *) numbers + i * n, sizeof(float) * n);
			break;
		case INTEREST_STORAGE_BF16:
			InterestFromBf16(n, (const uint16_t *) numbers + i * n, out);
			break;
		case INTEREST_STORAGE_INT8:
			InterestFromInt8(n, (const int8_t *) numbers + i * n, scales[i], out);
			break;
	}
}

void
InterestEncoderWord(const InterestEncoder *encoder, int32_t id, float *out)
{
	WidenRow(encoder->config.storage, encoder->config.hidden, encoder->words,
			 encoder->word_scales, (size_t) id, out);
}

static void
PackWords(const InterestEncoderConfig *config, const void *image, const InterestEncoder *encoder)
{
	Tensor		words = FindTensor(config, image, INTEREST_TENSOR_WORDS);

	memcpy(Section(encoder->words), words.numbers, TableBytes(config, config->vocabulary_size));
	if (encoder->word_scales)
		memcpy(Section(encoder->word_scales), words.scales,
			   sizeof(float) * (size_t) config->vocabulary_size);
}

static void
PackPositions(const InterestEncoderConfig *config, const void *image,
			  const InterestEncoder *encoder)
{
	Tensor		positions = FindTensor(config, image, INTEREST_TENSOR_POSITIONS);
	Tensor		types = FindTensor(config, image, INTEREST_TENSOR_TOKEN_TYPES);
	float		type[INTEREST_ENCODER_MAX_HIDDEN];
	float	   *to = Section(encoder->positions);

	WidenRow(config->storage, config->hidden, types.numbers, types.scales, 0, type);
	for (int i = 0; i < config->positions; i++, to += config->hidden)
	{
		WidenRow(config->storage, config->hidden, positions.numbers, positions.scales, (size_t) i, to);
		for (int j = 0; j < config->hidden; j++)
			to[j] += type[j];
	}
	Copy(encoder->embedding_norm.gain, FindTensor(config, image, INTEREST_TENSOR_EMBEDDING_NORM_GAIN), config->hidden);
	Copy(encoder->embedding_norm.bias, FindTensor(config, image, INTEREST_TENSOR_EMBEDDING_NORM_BIAS), config->hidden);
}

static void
PackLayer(const InterestEncoderConfig *config, const void *image, int number,
		  const InterestEncoderLayer *layer)
{
	InterestStorage storage = config->storage;
	int			hidden = config->hidden;
	Tensor		tensors[INTEREST_ENCODER_LAYER_TENSORS];

	for (int i = 0; i < INTEREST_ENCODER_LAYER_TENSORS; i++)
		tensors[i] = FindTensor(config, image, INTEREST_ENCODER_EMBEDDING_TENSORS +
								number * INTEREST_ENCODER_LAYER_TENSORS + i);
	PackLinear(storage, &layer->attention_input, 0, hidden, 3 * hidden, hidden,
			   tensors[INTEREST_TENSOR_QUERY_WEIGHT], tensors[INTEREST_TENSOR_QUERY_BIAS]);
	PackLinear(storage, &layer->attention_input, hidden, hidden, 3 * hidden, hidden,
			   tensors[INTEREST_TENSOR_KEY_WEIGHT], tensors[INTEREST_TENSOR_KEY_BIAS]);
	PackLinear(storage, &layer->attention_input, 2 * hidden, hidden, 3 * hidden, hidden,
			   tensors[INTEREST_TENSOR_VALUE_WEIGHT], tensors[INTEREST_TENSOR_VALUE_BIAS]);
	PackLinear(storage, &layer->attention_output, 0, hidden, hidden, hidden,
			   tensors[INTEREST_TENSOR_ATTENTION_OUTPUT_WEIGHT], tensors[INTEREST_TENSOR_ATTENTION_OUTPUT_BIAS]);
	Copy(layer->attention_norm.gain, tensors[INTEREST_TENSOR_ATTENTION_NORM_GAIN], hidden);
	Copy(layer->attention_norm.bias, tensors[INTEREST_TENSOR_ATTENTION_NORM_BIAS], hidden);
	PackLinear(storage, &layer->expand, 0, config->intermediate, config->intermediate, hidden,
			   tensors[INTEREST_TENSOR_EXPAND_WEIGHT], tensors[INTEREST_TENSOR_EXPAND_BIAS]);
	PackLinear(storage, &layer->contract, 0, hidden, hidden, config->intermediate,
			   tensors[INTEREST_TENSOR_CONTRACT_WEIGHT], tensors[INTEREST_TENSOR_CONTRACT_BIAS]);
	Copy(layer->output_norm.gain, tensors[INTEREST_TENSOR_OUTPUT_NORM_GAIN], hidden);
	Copy(layer->output_norm.bias, tensors[INTEREST_TENSOR_OUTPUT_NORM_BIAS], hidden);
}

void
InterestEncoderPack(const InterestEncoderConfig *config, const void *image, void *packed)
{
	InterestEncoder encoder;

	/* Gaps between sections and columns beyond the last must be zero. */
	memset(packed, 0, LayOut(config, packed, NULL, &encoder));
	WriteHeader(config, packed);
	PackWords(config, image, &encoder);
	PackPositions(config, image, &encoder);
	for (int i = 0; i < config->layers; i++)
		PackLayer(config, image, i, encoder.layers + i);
}

size_t
InterestEncoderWorkingSize(const InterestEncoderConfig *config)
{
	InterestEncoder encoder;

	/* Any words but NULL are not among what is measured. */
	return LayOut(config, NULL, config, &encoder);
}

void
InterestEncoderWork(const InterestEncoderConfig *config, const float *image, const InterestKernel *kernel,
					void *memory, InterestEncoder *encoder)
{
	encoder->config = *config;
	encoder->kernel = kernel;
	memset(memory, 0, LayOut(config, memory, FindTensor(config, image, INTEREST_TENSOR_WORDS).numbers, encoder));
	for (int layer = -1; layer < config->layers; layer++)
		InterestEncoderRepack(encoder, image, layer);
}

void
InterestEncoderRepack(const InterestEncoder *encoder, const float *image, int layer)
{
	if (layer < 0)
		PackPositions(&encoder->config, image, encoder);
	else
		PackLayer(&encoder->config, image, layer, encoder->layers + layer);
}

/* Whether the outliers are channels of an input of k, each once; rows are changed there. */
static bool
CheckOutliers(const InterestEncoderLinear *linear, int k)
{
	for (int i = 0; i < INTEREST_INT8_OUTLIERS && linear->outliers; i++)
		if (linear->outliers[i] < (i > 0 ? linear->outliers[i - 1] + 1 : 0) || linear->outliers[i] >= k)
			return false;
	return true;
}

static bool
CheckLayers(const InterestEncoder *encoder)
{
	int			hidden = encoder->config.hidden;

	for (int i = 0; i < encoder->config.layers; i++)
	{
		const InterestEncoderLayer *layer = encoder->layers + i;

		if (!CheckOutliers(&layer->attention_input, hidden) ||
			!CheckOutliers(&layer->attention_output, hidden) ||
			!CheckOutliers(&layer->expand, hidden) ||
			!CheckOutliers(&layer->contract, encoder->config.intermediate))
			return false;
	}
	return true;
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
	LayOut(config, packed, NULL, encoder);
	if (!CheckLayers(encoder))
	{
		InterestFail(status, INTEREST_CORRUPT, "packed encoder is damaged");
		return InterestDetail(status, "Its outliers are not channels of what they are of.");
	}
	return true;
}

InterestTokenizer
InterestEncoderTokenizer(const InterestEncoderConfig *config, const InterestVocabulary *vocabulary)
{
	return (InterestTokenizer) {
		.vocabulary = vocabulary,
		.options = {
			.lowercase = config->lowercase,
			.strip_accents = config->strip_accents,
			.tokenize_chinese_chars = config->tokenize_chinese_chars,
			.clean_text = config->clean_text
		}
	};
}

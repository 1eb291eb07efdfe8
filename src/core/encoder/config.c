/*
 * config.c
 *	  Checking, writing and reading an encoder's configuration.
 */
#include "core/encoder/config.h"

#include <string.h>

/*
 * The first number of the canonical bytes: the older form is that of fp32 and
 * does not name the storage, the other one ends with it.
 */
#define CONFIG_FORMAT_FP32 1
#define CONFIG_FORMAT 2

static bool
CheckRange(const char *name, int value, int least, int most, InterestStatus *status)
{
	if (value >= least && value <= most)
		return true;
	InterestFail(status, value > most ? INTEREST_LIMIT_EXCEEDED : INTEREST_INVALID_ARGUMENT,
				 "encoder configuration has %s of %d", name, value);
	return InterestDetail(status, "It must be from %d to %d.", least, most);
}

static bool
CheckSizes(const InterestEncoderConfig *config, InterestStatus *status)
{
	return CheckRange("vocabulary size", config->vocabulary_size,
					  1, INTEREST_ENCODER_MAX_VOCABULARY, status) &&
		CheckRange("hidden size", config->hidden,
				   1, INTEREST_ENCODER_MAX_HIDDEN, status) &&
		CheckRange("number of layers", config->layers,
				   1, INTEREST_ENCODER_MAX_LAYERS, status) &&
		CheckRange("number of attention heads", config->heads,
				   1, config->hidden, status) &&
		CheckRange("intermediate size", config->intermediate,
				   1, INTEREST_ENCODER_MAX_INTERMEDIATE, status) &&
		CheckRange("number of positions", config->positions,
				   INTEREST_ENCODER_MIN_LENGTH, INTEREST_ENCODER_MAX_POSITIONS, status) &&
		CheckRange("number of token types", config->token_types,
				   1, INTEREST_ENCODER_MAX_TOKEN_TYPES, status) &&
		CheckRange("maximum length", config->max_length,
				   INTEREST_ENCODER_MIN_LENGTH, config->positions, status);
}

bool
InterestEncoderConfigCheck(const InterestEncoderConfig *config, InterestStatus *status)
{
	if (!CheckSizes(config, status))
		return false;
	if (config->hidden % config->heads != 0)
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT,
					 "encoder configuration has %d attention heads for a hidden size of %d",
					 config->heads, config->hidden);
		return InterestDetail(status, "The number of heads must divide the hidden size.");
	}
	/* Written so that a NaN fails. */
	if (!(config->layer_norm_epsilon > 0 && config->layer_norm_epsilon <= 1))
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"encoder configuration has a LayerNorm epsilon of %g, not in (0, 1]",
							(double) config->layer_norm_epsilon);
	if ((unsigned int) config->activation > INTEREST_ACTIVATION_RELU)
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"encoder configuration has an unknown activation, number %d",
							(int) config->activation);
	if ((unsigned int) config->pooling > INTEREST_POOLING_MAX)
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"encoder configuration has an unknown pooling, number %d",
							(int) config->pooling);
	if ((unsigned int) config->storage >= INTEREST_STORAGES)
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"encoder configuration has an unknown storage, number %d",
							(int) config->storage);
	if (config->storage == INTEREST_STORAGE_INT8 &&
		(config->hidden < INTEREST_INT8_OUTLIERS || config->intermediate < INTEREST_INT8_OUTLIERS))
		return InterestFail(status, INTEREST_UNSUPPORTED, "encoder is too narrow for int8");
	return true;
}

void
InterestEncoderConfigWrite(InterestWriter *writer, const InterestEncoderConfig *config)
{
	bool		fp32 = config->storage == INTEREST_STORAGE_FP32;

	InterestWriteU32(writer, fp32 ? CONFIG_FORMAT_FP32 : CONFIG_FORMAT);
	InterestWriteU32(writer, (uint32_t) config->vocabulary_size);
	InterestWriteU32(writer, (uint32_t) config->hidden);
	InterestWriteU32(writer, (uint32_t) config->layers);
	InterestWriteU32(writer, (uint32_t) config->heads);
	InterestWriteU32(writer, (uint32_t) config->intermediate);
	InterestWriteU32(writer, (uint32_t) config->positions);
	InterestWriteU32(writer, (uint32_t) config->token_types);
	InterestWriteU32(writer, (uint32_t) config->max_length);
	InterestWriteFloat(writer, config->layer_norm_epsilon);
	InterestWriteByte(writer, (uint8_t) config->activation);
	InterestWriteByte(writer, (uint8_t) config->pooling);
	InterestWriteByte(writer, config->normalize);
	InterestWriteByte(writer, config->lowercase);
	InterestWriteByte(writer, config->strip_accents);
	InterestWriteByte(writer, config->tokenize_chinese_chars);
	InterestWriteByte(writer, config->clean_text);
	if (!fp32)
		InterestWriteByte(writer, (uint8_t) config->storage);
}

/* A number over the range of int becomes -1, which no check lets pass. */
static int
ReadInteger(InterestReader *reader)
{
	uint32_t	value = InterestReadU32(reader);

	return value > INT32_MAX ? -1 : (int) value;
}

static bool
ReadBool(InterestReader *reader)
{
	uint8_t		value = InterestReadByte(reader);

	if (value > 1)
		reader->failed = true;
	return value == 1;
}

bool
InterestEncoderConfigRead(InterestReader *reader, InterestEncoderConfig *config,
						  InterestStatus *status)
{
	uint32_t	format = InterestReadU32(reader);

	config->vocabulary_size = ReadInteger(reader);
	config->hidden = ReadInteger(reader);
	config->layers = ReadInteger(reader);
	config->heads = ReadInteger(reader);
	config->intermediate = ReadInteger(reader);
	config->positions = ReadInteger(reader);
	config->token_types = ReadInteger(reader);
	config->max_length = ReadInteger(reader);
	config->layer_norm_epsilon = InterestReadFloat(reader);
	config->activation = (InterestActivation) InterestReadByte(reader);
	config->pooling = (InterestPooling) InterestReadByte(reader);
	config->normalize = ReadBool(reader);
	config->lowercase = ReadBool(reader);
	config->strip_accents = ReadBool(reader);
	config->tokenize_chinese_chars = ReadBool(reader);
	config->clean_text = ReadBool(reader);
	config->storage = INTEREST_STORAGE_FP32;
	if (format == CONFIG_FORMAT)
	{
		config->storage = (InterestStorage) InterestReadByte(reader);
		reader->failed |= config->storage == INTEREST_STORAGE_FP32;
	}
	else if (format != CONFIG_FORMAT_FP32)
		reader->failed = true;
	if (reader->failed || InterestReaderLeft(reader) != 0)
		return InterestFail(status, INTEREST_CORRUPT, "stored encoder configuration is damaged");
	return InterestEncoderConfigCheck(config, status);
}

bool
InterestActivationFromName(const char *name, InterestActivation *activation,
						   InterestStatus *status)
{
	static const struct
	{
		const char *name;
		InterestActivation activation;
	}			known[] =
	{
		{"gelu", INTEREST_ACTIVATION_GELU},
		{"gelu_new", INTEREST_ACTIVATION_GELU_TANH},
		{"gelu_pytorch_tanh", INTEREST_ACTIVATION_GELU_TANH},
		{"relu", INTEREST_ACTIVATION_RELU},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
		{
			*activation = known[i].activation;
			return true;
		}
	InterestFail(status, INTEREST_UNSUPPORTED, "encoder has the activation \"%.64s\"", name);
	return InterestDetail(status, "Supported are gelu, gelu_new, gelu_pytorch_tanh and relu.");
}

const char *
InterestPoolingName(InterestPooling pooling)
{
	static const char *const names[] = {"mean", "cls", "max"};

	return names[pooling];
}

/*
 * weights.c
 *	  The order of an encoder's tensors, and finding them in a file.
 */
#include "core/encoder/weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef enum Extent
{
	VOCABULARY,
	POSITIONS,
	TOKEN_TYPES,
	HIDDEN,
	INTERMEDIATE,
	NONE						/* the second extent of a vector */
} Extent;

typedef struct TensorForm
{
	const char *name;			/* within its layer */
	Extent		shape[2];
	InterestEncoderInput input;
} TensorForm;

static const TensorForm embedding_forms[INTEREST_ENCODER_EMBEDDING_TENSORS] =
{
	{"embeddings.word_embeddings.weight", {VOCABULARY, HIDDEN}, INTEREST_INPUT_NONE},
	{"embeddings.position_embeddings.weight", {POSITIONS, HIDDEN}, INTEREST_INPUT_NONE},
	{"embeddings.token_type_embeddings.weight", {TOKEN_TYPES, HIDDEN}, INTEREST_INPUT_NONE},
	{"embeddings.LayerNorm.weight", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"embeddings.LayerNorm.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
};

static const TensorForm layer_forms[INTEREST_ENCODER_LAYER_TENSORS] =
{
	{"attention.self.query.weight", {HIDDEN, HIDDEN}, INTEREST_INPUT_ATTENTION},
	{"attention.self.query.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"attention.self.key.weight", {HIDDEN, HIDDEN}, INTEREST_INPUT_ATTENTION},
	{"attention.self.key.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"attention.self.value.weight", {HIDDEN, HIDDEN}, INTEREST_INPUT_ATTENTION},
	{"attention.self.value.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"attention.output.dense.weight", {HIDDEN, HIDDEN}, INTEREST_INPUT_OUTPUT},
	{"attention.output.dense.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"attention.output.LayerNorm.weight", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"attention.output.LayerNorm.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"intermediate.dense.weight", {INTERMEDIATE, HIDDEN}, INTEREST_INPUT_EXPAND},
	{"intermediate.dense.bias", {INTERMEDIATE, NONE}, INTEREST_INPUT_NONE},
	{"output.dense.weight", {HIDDEN, INTERMEDIATE}, INTEREST_INPUT_CONTRACT},
	{"output.dense.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"output.LayerNorm.weight", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
	{"output.LayerNorm.bias", {HIDDEN, NONE}, INTEREST_INPUT_NONE},
};

int
InterestEncoderTensorCount(const InterestEncoderConfig *config)
{
	return INTEREST_ENCODER_EMBEDDING_TENSORS + config->layers * INTEREST_ENCODER_LAYER_TENSORS;
}

static size_t
ExtentOf(const InterestEncoderConfig *config, Extent extent)
{
	switch (extent)
	{
		case VOCABULARY:
			return (size_t) config->vocabulary_size;
		case POSITIONS:
			return (size_t) config->positions;
		case TOKEN_TYPES:
			return (size_t) config->token_types;
		case HIDDEN:
			return (size_t) config->hidden;
		case INTERMEDIATE:
			return (size_t) config->intermediate;
		case NONE:
			break;
	}
	return 1;
}

/* What tensors take: in the image of fp32 and in that of the storage. */
typedef struct Room
{
	size_t		floats;
	size_t		bytes;
} Room;

/* Everything of the spec but its name and where it lies. */
static void
DescribeForm(const InterestEncoderConfig *config, const TensorForm *form, InterestTensorSpec *spec)
{
	bool		is_vector = form->shape[1] == NONE;
	size_t		rows = ExtentOf(config, form->shape[0]);
	size_t		width = ExtentOf(config, form->shape[1]);
	size_t		bytes;

	spec->dimensions = is_vector ? 1 : 2;
	spec->shape[0] = rows;
	spec->shape[1] = width;
	spec->count = rows * width;
	spec->storage = is_vector ? INTEREST_STORAGE_FP32 : config->storage;
	spec->input = form->input;
	spec->head = 0;
	if (spec->storage == INTEREST_STORAGE_INT8)
		spec->head = spec->input == INTEREST_INPUT_NONE ? sizeof(float) * rows :
			sizeof(int32_t) * INTEREST_INT8_OUTLIERS + sizeof(float) * INTEREST_INT8_MARGIN * rows;
	bytes = spec->count * InterestStorageSize(spec->storage) + sizeof(float) - 1;
	spec->bytes = spec->head + bytes - bytes % sizeof(float);
}

/* Adds that of the first n forms, so many times. */
static void
AddForms(const InterestEncoderConfig *config, const TensorForm *forms, int n, int times, Room *room)
{
	for (int i = 0; i < n; i++)
	{
		InterestTensorSpec spec;

		DescribeForm(config, forms + i, &spec);
		room->floats += times * spec.count;
		room->bytes += times * spec.bytes;
	}
}

/* Of the embeddings and the first layers. */
static Room
RoomUntilLayer(const InterestEncoderConfig *config, int layer)
{
	Room		room = {0, 0};

	AddForms(config, embedding_forms, INTEREST_ENCODER_EMBEDDING_TENSORS, 1, &room);
	AddForms(config, layer_forms, INTEREST_ENCODER_LAYER_TENSORS, layer, &room);
	return room;
}

void
InterestEncoderTensorSpec(const InterestEncoderConfig *config, int i, InterestTensorSpec *spec)
{
	Room		before = {0, 0};

	if (i < INTEREST_ENCODER_EMBEDDING_TENSORS)
	{
		DescribeForm(config, embedding_forms + i, spec);
		AddForms(config, embedding_forms, i, 1, &before);
		spec->layer = -1;
		snprintf(spec->name, sizeof(spec->name), "%s", embedding_forms[i].name);
	}
	else
	{
		int			rank = (i - INTEREST_ENCODER_EMBEDDING_TENSORS) % INTEREST_ENCODER_LAYER_TENSORS;

		DescribeForm(config, layer_forms + rank, spec);
		spec->layer = (i - INTEREST_ENCODER_EMBEDDING_TENSORS) / INTEREST_ENCODER_LAYER_TENSORS;
		before = RoomUntilLayer(config, spec->layer);
		AddForms(config, layer_forms, rank, 1, &before);
		snprintf(spec->name, sizeof(spec->name), "encoder.layer.%d.%s", spec->layer, layer_forms[rank].name);
	}
	spec->offset = before.floats;
	spec->place = before.bytes;
}

size_t
InterestEncoderTensorOffset(const InterestEncoderConfig *config, int layer, int place)
{
	Room		before = {0, 0};

	if (layer >= 0)
		before = RoomUntilLayer(config, layer);
	AddForms(config, layer < 0 ? embedding_forms : layer_forms, place, 1, &before);
	return before.floats;
}

size_t
InterestEncoderImageSize(const InterestEncoderConfig *config)
{
	return RoomUntilLayer(config, config->layers).floats;
}

size_t
InterestEncoderImageBytes(const InterestEncoderConfig *config)
{
	return RoomUntilLayer(config, config->layers).bytes;
}

/*
 * The name that the first files of BERT, converted from another program, give
 * the tensor; false when it has none.
 */
static bool
OldName(const char *name, char *old, size_t size)
{
	static const char weight[] = "LayerNorm.weight";
	static const char bias[] = "LayerNorm.bias";
	size_t		length = strlen(name);
	size_t		keep;

	if (length > strlen(weight) && strcmp(name + length - strlen(weight), weight) == 0)
	{
		keep = length - strlen("weight");
		snprintf(old, size, "%.*sgamma", (int) keep, name);
		return true;
	}
	if (length > strlen(bias) && strcmp(name + length - strlen(bias), bias) == 0)
	{
		keep = length - strlen("bias");
		snprintf(old, size, "%.*sbeta", (int) keep, name);
		return true;
	}
	return false;
}

static const InterestTensorEntry *
FindByName(const InterestTensorEntry *entries, int n, const char *name)
{
	static const char prefix[] = "bert.";
	const InterestTensorEntry *prefixed = NULL;

	for (int i = 0; i < n; i++)
	{
		if (strcmp(entries[i].name, name) == 0)
			return entries + i;
		if (strncmp(entries[i].name, prefix, strlen(prefix)) == 0 &&
			strcmp(entries[i].name + strlen(prefix), name) == 0)
			prefixed = entries + i;
	}
	return prefixed;
}

/* "[384, 1536]"; a longer list than the buffer is cut. */
static void
PrintShape(char *buffer, size_t size, int dimensions, const uint64_t *shape)
{
	size_t		used = (size_t) snprintf(buffer, size, "[");

	for (int i = 0; i < dimensions && used < size; i++)
		used += (size_t) snprintf(buffer + used, size - used, "%s%" PRIu64, i ? ", " : "", shape[i]);
	if (used < size)
		snprintf(buffer + used, size - used, "]");
}

static bool
CheckShape(const InterestTensorEntry *entry, const InterestTensorSpec *spec,
		   InterestStatus *status)
{
	char		found[128];
	char		wanted[128];

	if (entry->dimensions == spec->dimensions &&
		memcmp(entry->shape, spec->shape, sizeof(spec->shape[0]) * (size_t) spec->dimensions) == 0)
		return true;
	PrintShape(found, sizeof(found), entry->dimensions, entry->shape);
	PrintShape(wanted, sizeof(wanted), spec->dimensions, spec->shape);
	InterestFail(status, INTEREST_CORRUPT, "tensor \"%s\" has the wrong shape", spec->name);
	return InterestDetail(status, "The weights file has %s, the configuration asks for %s.",
						  found, wanted);
}

const InterestTensorEntry *
InterestEncoderFindTensor(const InterestTensorEntry *entries, int n,
						  const InterestTensorSpec *spec, InterestStatus *status)
{
	const InterestTensorEntry *entry = FindByName(entries, n, spec->name);
	char		old[sizeof(spec->name)];

	if (entry == NULL && OldName(spec->name, old, sizeof(old)))
		entry = FindByName(entries, n, old);
	if (entry == NULL)
	{
		InterestFail(status, INTEREST_UNSUPPORTED, "tensor \"%s\" is missing", spec->name);
		InterestHint(status, "The directory must hold all weights of a BERT model in model.safetensors.");
		return NULL;
	}
	return CheckShape(entry, spec, status) ? entry : NULL;
}

bool
InterestEncoderCheckTensors(const InterestEncoderConfig *config,
							const InterestTensorEntry *entries, int n,
							uint64_t data_size, InterestStatus *status)
{
	/* All of them: a file may be cut off within a tensor that nobody reads. */
	for (int i = 0; i < n; i++)
		if (!InterestTensorCheck(entries + i, data_size, status))
			return false;
	for (int i = 0; i < InterestEncoderTensorCount(config); i++)
	{
		InterestTensorSpec spec;

		InterestEncoderTensorSpec(config, i, &spec);
		if (InterestEncoderFindTensor(entries, n, &spec, status) == NULL)
			return false;
	}
	return true;
}

bool
InterestEncoderBuildImage(const InterestEncoderConfig *config,
						  const InterestTensorEntry *entries, int n,
						  const uint8_t *data, uint64_t data_size,
						  float *image, InterestStatus *status)
{
	int			count = InterestEncoderTensorCount(config);

	if (!InterestEncoderCheckTensors(config, entries, n, data_size, status))
		return false;
	for (int i = 0; i < count; i++)
	{
		InterestTensorSpec spec;
		const InterestTensorEntry *entry;

		InterestEncoderTensorSpec(config, i, &spec);
		entry = InterestEncoderFindTensor(entries, n, &spec, status);
		if (entry == NULL ||
			!InterestTensorWiden(entry, data, image + spec.offset, status))
			return false;
	}
	return true;
}

size_t
InterestEncoderMagnitudesOffset(const InterestEncoderConfig *config, int layer,
								InterestEncoderInput input)
{
	size_t		hidden = (size_t) config->hidden;

	/* The widest input is the last one of a layer. */
	return (size_t) layer * (3 * hidden + (size_t) config->intermediate) + (size_t) input * hidden;
}

size_t
InterestEncoderMagnitudesSize(const InterestEncoderConfig *config)
{
	return InterestEncoderMagnitudesOffset(config, config->layers, INTEREST_INPUT_ATTENTION);
}

/* The channels of the largest magnitudes, in ascending order; n is no less than they are. */
static void
FindOutliers(size_t n, const float *magnitudes, int32_t *channels)
{
	for (int i = 0; i < INTEREST_INT8_OUTLIERS; i++)
	{
		int			at = i;
		int32_t		best = -1;

		for (size_t j = 0; j < n; j++)
		{
			bool		taken = false;

			for (int q = 0; q < i; q++)
				taken |= channels[q] == (int32_t) j;
			if (!taken && (best < 0 || magnitudes[j] > magnitudes[best]))
				best = (int32_t) j;
		}
		for (; at > 0 && channels[at - 1] > best; at--)
			channels[at] = channels[at - 1];
		channels[at] = best;
	}
}

static void
NarrowTable(const InterestTensorSpec *spec, const float *wide, char *tensor)
{
	size_t		width = (size_t) spec->shape[1];
	float	   *scales = (float *) tensor;
	int8_t	   *steps = (int8_t *) (tensor + spec->head);

	for (size_t i = 0; i < spec->shape[0]; i++)
		scales[i] = InterestToInt8(width, wide + i * width, steps + i * width);
}

static void
NarrowMatrix(const InterestTensorSpec *spec, float *wide, const float *magnitudes, char *tensor)
{
	size_t		rows = (size_t) spec->shape[0];
	size_t		width = (size_t) spec->shape[1];
	int32_t    *channels = (int32_t *) tensor;
	float	   *margins = (float *) (channels + INTEREST_INT8_OUTLIERS);
	int8_t	   *steps = (int8_t *) (tensor + spec->head);

	FindOutliers(width, magnitudes, channels);
	for (size_t i = 0; i < rows; i++, wide += width, steps += width)
	{
		float		outliers[INTEREST_INT8_OUTLIERS];

		InterestTakeOutliers(wide, channels, outliers);
		margins[i] = InterestToInt8(width, wide, steps);
		for (int q = 0; q < INTEREST_INT8_OUTLIERS; q++)
			margins[(size_t) (1 + q) * rows + i] = outliers[q];
		InterestPutOutliers(wide, channels, outliers);
	}
}

void
InterestEncoderNarrowImage(const InterestEncoderConfig *config, float *wide,
						   const float *magnitudes, void *image)
{
	int			count = InterestEncoderTensorCount(config);

	/* What fills tensors up is hashed too. */
	memset(image, 0, InterestEncoderImageBytes(config));
	for (int i = 0; i < count; i++)
	{
		InterestTensorSpec spec;
		float	   *from;
		char	   *to;

		InterestEncoderTensorSpec(config, i, &spec);
		from = wide + spec.offset;
		to = (char *) image + spec.place;
		if (spec.storage == INTEREST_STORAGE_FP32)
			memcpy(to, from, spec.bytes);
		else if (spec.storage == INTEREST_STORAGE_BF16)
			InterestToBf16(spec.count, from, (uint16_t *) to);
		else if (spec.input == INTEREST_INPUT_NONE)
			NarrowTable(&spec, from, to);
		else
			NarrowMatrix(&spec, from, magnitudes +
						 InterestEncoderMagnitudesOffset(config, spec.layer, spec.input), to);
	}
}

void
InterestEncoderSwapImage(const InterestEncoderConfig *config, void *image)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	int			count = InterestEncoderTensorCount(config);

	for (int i = 0; i < count; i++)
	{
		InterestTensorSpec spec;
		uint16_t   *halves;
		uint32_t   *words;
		size_t		word_count;

		InterestEncoderTensorSpec(config, i, &spec);
		halves = (uint16_t *) ((char *) image + spec.place);
		words = (uint32_t *) halves;
		word_count = spec.storage == INTEREST_STORAGE_FP32 ? spec.count : spec.head / sizeof(uint32_t);
		for (size_t j = 0; j < word_count; j++)
			words[j] = __builtin_bswap32(words[j]);
		for (size_t j = 0; spec.storage == INTEREST_STORAGE_BF16 && j < spec.count; j++)
			halves[j] = __builtin_bswap16(halves[j]);
	}
#endif
}

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
} TensorForm;

static const TensorForm embedding_forms[INTEREST_ENCODER_EMBEDDING_TENSORS] =
{
	{"embeddings.word_embeddings.weight", {VOCABULARY, HIDDEN}},
	{"embeddings.position_embeddings.weight", {POSITIONS, HIDDEN}},
	{"embeddings.token_type_embeddings.weight", {TOKEN_TYPES, HIDDEN}},
	{"embeddings.LayerNorm.weight", {HIDDEN, NONE}},
	{"embeddings.LayerNorm.bias", {HIDDEN, NONE}},
};

static const TensorForm layer_forms[INTEREST_ENCODER_LAYER_TENSORS] =
{
	{"attention.self.query.weight", {HIDDEN, HIDDEN}},
	{"attention.self.query.bias", {HIDDEN, NONE}},
	{"attention.self.key.weight", {HIDDEN, HIDDEN}},
	{"attention.self.key.bias", {HIDDEN, NONE}},
	{"attention.self.value.weight", {HIDDEN, HIDDEN}},
	{"attention.self.value.bias", {HIDDEN, NONE}},
	{"attention.output.dense.weight", {HIDDEN, HIDDEN}},
	{"attention.output.dense.bias", {HIDDEN, NONE}},
	{"attention.output.LayerNorm.weight", {HIDDEN, NONE}},
	{"attention.output.LayerNorm.bias", {HIDDEN, NONE}},
	{"intermediate.dense.weight", {INTERMEDIATE, HIDDEN}},
	{"intermediate.dense.bias", {INTERMEDIATE, NONE}},
	{"output.dense.weight", {HIDDEN, INTERMEDIATE}},
	{"output.dense.bias", {HIDDEN, NONE}},
	{"output.LayerNorm.weight", {HIDDEN, NONE}},
	{"output.LayerNorm.bias", {HIDDEN, NONE}},
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

static size_t
FormCount(const InterestEncoderConfig *config, const TensorForm *form)
{
	return ExtentOf(config, form->shape[0]) * ExtentOf(config, form->shape[1]);
}

/* Floats of the first n forms. */
static size_t
FormsCount(const InterestEncoderConfig *config, const TensorForm *forms, int n)
{
	size_t		count = 0;

	for (int i = 0; i < n; i++)
		count += FormCount(config, forms + i);
	return count;
}

void
InterestEncoderTensorSpec(const InterestEncoderConfig *config, int i, InterestTensorSpec *spec)
{
	const TensorForm *form;

	if (i < INTEREST_ENCODER_EMBEDDING_TENSORS)
	{
		form = embedding_forms + i;
		spec->offset = FormsCount(config, embedding_forms, i);
		snprintf(spec->name, sizeof(spec->name), "%s", form->name);
	}
	else
	{
		int			layer = (i - INTEREST_ENCODER_EMBEDDING_TENSORS) / INTEREST_ENCODER_LAYER_TENSORS;
		int			rank = (i - INTEREST_ENCODER_EMBEDDING_TENSORS) % INTEREST_ENCODER_LAYER_TENSORS;

		form = layer_forms + rank;
		spec->offset = FormsCount(config, embedding_forms, INTEREST_ENCODER_EMBEDDING_TENSORS) +
			layer * FormsCount(config, layer_forms, INTEREST_ENCODER_LAYER_TENSORS) +
			FormsCount(config, layer_forms, rank);
		snprintf(spec->name, sizeof(spec->name), "encoder.layer.%d.%s", layer, form->name);
	}
	spec->dimensions = form->shape[1] == NONE ? 1 : 2;
	spec->shape[0] = ExtentOf(config, form->shape[0]);
	spec->shape[1] = ExtentOf(config, form->shape[1]);
	spec->count = FormCount(config, form);
}

size_t
InterestEncoderImageSize(const InterestEncoderConfig *config)
{
	return FormsCount(config, embedding_forms, INTEREST_ENCODER_EMBEDDING_TENSORS) +
		config->layers * FormsCount(config, layer_forms, INTEREST_ENCODER_LAYER_TENSORS);
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
	InterestFail(status, INTEREST_MISMATCH, "tensor \"%s\" has the wrong shape", spec->name);
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
		InterestFail(status, INTEREST_MISMATCH, "tensor \"%s\" is missing", spec->name);
		InterestHint(status, "The directory must hold all weights of a BERT model in model.safetensors.");
		return NULL;
	}
	return CheckShape(entry, spec, status) ? entry : NULL;
}

bool
InterestEncoderBuildImage(const InterestEncoderConfig *config,
						  const InterestTensorEntry *entries, int n,
						  const uint8_t *data, uint64_t data_size,
						  float *image, InterestStatus *status)
{
	int			count = InterestEncoderTensorCount(config);

	/* All of them: a file may be cut off within a tensor that nobody reads. */
	for (int i = 0; i < n; i++)
		if (!InterestTensorCheck(entries + i, data_size, status))
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

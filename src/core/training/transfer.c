/*
 * transfer.c
 *	  Starting from a model that has learned already.
 */
#include "core/training/transfer.h"

#include <string.h>

static bool
Misfit(InterestStatus *status, const char *what, int has, int wants)
{
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "the version to start from does not fit the model");
	InterestDetail(status, "It has %d %s, and the model has %d.", has, what, wants);
	return InterestHint(status, "Start from a version of a model with the same sorts of columns, encoder and dimensions.");
}

/* Words must be of one making, or their vectors would be those of others. */
static bool
CheckWords(const InterestTrainingDefinition *definition, const InterestFeatures *base,
		   InterestStatus *status)
{
	if ((base->word_columns != NULL) != (definition->word_probe != NULL))
		return Misfit(status, "columns of words", base->word_columns ? base->text_count : 0,
					  definition->word_probe ? definition->text_count : 0);
	if (base->word_columns == NULL ||
		memcmp(base->word_probe, definition->word_probe, INTEREST_WORD_PROBE_SIZE) == 0)
		return true;
	InterestFail(status, INTEREST_MISMATCH, "the version to start from has words of another text search configuration");
	return InterestHint(status, "Start from a version that was trained on this server under the same configuration, or from none.");
}

/* A column without vectors, here or there, is read as the other one says. */
static bool
CheckVectors(const InterestTrainingDefinition *definition, const InterestFeatures *base,
			 InterestStatus *status)
{
	if (base->vector_count != definition->vector_count)
		return Misfit(status, "vector columns", base->vector_count, definition->vector_count);
	if (base->vector_count > 1 && base->shared_projection != definition->shared_projection)
		return Misfit(status, "shared projections", base->shared_projection, definition->shared_projection);
	for (int i = 0; i < base->vector_count; i++)
		if (base->vectors[i].width > 0 && definition->vector_widths[i] > 0 &&
			base->vectors[i].width != definition->vector_widths[i])
			return Misfit(status, "dimensions of a vector", base->vectors[i].width, definition->vector_widths[i]);
	return true;
}

bool
InterestCheckBase(const InterestTrainingDefinition *definition,
				  const InterestTrainingOptions *options, InterestStatus *status)
{
	const InterestModel *base = options->base;
	const InterestFeatures *features;

	if (base == NULL)
		return true;
	features = &base->network.features;
	if (base->shape.dimensions != definition->dimensions)
		return Misfit(status, "dimensions", base->shape.dimensions, definition->dimensions);
	if (features->text_count != definition->text_count)
		return Misfit(status, "text columns", features->text_count, definition->text_count);
	if (features->sentence_width != definition->sentence_width)
		return Misfit(status, "dimensions of a sentence", features->sentence_width, definition->sentence_width);
	if (features->numeric_count != definition->numeric_count)
		return Misfit(status, "numeric columns", features->numeric_count, definition->numeric_count);
	if (features->categorical_count != definition->categorical_count)
		return Misfit(status, "categorical columns", features->categorical_count, definition->categorical_count);
	if (!CheckVectors(definition, features, status))
		return false;
	if (!InterestSameRules(&features->rules, &definition->rules))
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "the version to start from does not fit the model");
		return InterestDetail(status, "Their options clean, word_pairs or dates differ.");
	}
	if (base->network.fusion.kind != definition->fusion)
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "the version to start from does not fit the model");
		return InterestDetail(status, "Their fusions differ.");
	}
	return CheckWords(definition, features, status);
}

void
InterestTakeFeatures(const InterestTrainingDefinition *definition,
					 const InterestTrainingOptions *options, InterestRowNetwork *network)
{
	const InterestRowNetwork *base = &options->base->network;

	network->features = base->features;
	network->dimensions = base->dimensions;
	network->sentence_scale = base->sentence_scale;
	network->fusion.kind = base->fusion.kind;
	if (options->first > INTEREST_REPRESENTATION)
		return;
	network->features.kind_names = definition->kind_names;
	network->features.kinds = definition->kinds;
}

/* Weight and bias of an interest. */
static void
TakeInterest(const InterestHead *from, int i, const InterestHead *to, int j)
{
	size_t		d = (size_t) to->linear.inputs;

	memcpy(to->linear.weight + (size_t) j * d, from->linear.weight + (size_t) i * d, sizeof(float) * d);
	to->linear.bias[j] = from->linear.bias[i];
}

void
InterestTakeParameters(const InterestTrainingOptions *options, const InterestModel *model)
{
	const InterestModel *base = options->base;
	size_t		shared = (size_t) (model->head.temperature - model->parameters);

	memcpy(model->parameters, base->parameters, sizeof(float) * shared);
	if (options->first > INTEREST_REPRESENTATION)
		memcpy(model->codebook.weight, base->codebook.weight,
			   sizeof(float) * INTEREST_CODES * (size_t) model->shape.dimensions);
	if (base->head.kind != model->head.kind)
		return;
	model->head.log_scale[0] = base->head.log_scale[0];
	for (int j = 0; j < model->interests.count; j++)
	{
		int			i = InterestNamesFind(&base->interests, model->interests.spans[j]);

		if (i >= 0)
			TakeInterest(&base->head, i, &model->head, j);
	}
}

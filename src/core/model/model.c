/*
 * model.c
 *	  A model's layout, its parameters, and what it answers.
 */
#include "core/model/layout.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"
#include "core/profile/topics.h"

#include <math.h>
#include <stdio.h>

/* --- the specification --- */

static bool
CheckCount(int count, int least, int most, const char *what, InterestStatus *status)
{
	if (count >= least && count <= most)
		return true;
	InterestFail(status, INTEREST_LIMIT_EXCEEDED, "a model cannot have %d %s", count, what);
	return InterestDetail(status, "There must be between %d and %d.", least, most);
}

static bool
CheckNames(const InterestNames *names, int least, int most, const char *what,
		   InterestStatus *status)
{
	if (!CheckCount(names->count, least, most, what, status))
		return false;
	for (int i = 0; i < names->count; i++)
	{
		if (names->spans[i].length > INTEREST_MAX_NAME)
		{
			InterestFail(status, INTEREST_LIMIT_EXCEEDED,
						 "a name of %zu bytes is too long", names->spans[i].length);
			return InterestDetail(status, "One of the model's %s has more than %d bytes.",
								  what, INTEREST_MAX_NAME);
		}
		if (i > 0 && InterestSpanCompare(names->spans[i - 1], names->spans[i]) >= 0)
			return InterestFail(status, INTEREST_INVALID_ARGUMENT,
								"%s are not sorted, each once", what);
	}
	return true;
}

static bool
CheckColumns(const InterestFeatures *features, InterestStatus *status)
{
	if (!CheckCount(features->text_count, 0, INTEREST_MAX_COLUMNS, "text columns", status) ||
		!CheckCount(features->sentence_width, 0, INTEREST_MAX_SENTENCE_WIDTH,
					"dimensions of a sentence", status) ||
		!CheckCount(features->numeric_count, 0, INTEREST_MAX_COLUMNS, "numeric columns", status) ||
		!CheckCount(features->categorical_count, 0, INTEREST_MAX_COLUMNS,
					"categorical columns", status) ||
		!CheckCount(features->vector_count, 0, INTEREST_MAX_VECTORS, "vector columns", status))
		return false;
	for (int i = 0; i < features->numeric_count; i++)
		if (!isfinite(features->numerics[i].mean) ||
			!isfinite(features->numerics[i].deviation) || !(features->numerics[i].deviation > 0.0))
			return InterestFail(status, INTEREST_INVALID_ARGUMENT,
								"mean or deviation of numeric column %d is out of range", i + 1);
	for (int i = 0; i < features->categorical_count; i++)
		if (!CheckNames(&features->categoricals[i].values, 0, INTEREST_MAX_VALUES,
						"categorical values", status))
			return false;
	for (int i = 0; i < features->vector_count; i++)
		if (!CheckCount(features->vectors[i].width, 0, INTEREST_MAX_VECTOR_WIDTH,
						"dimensions of a vector column", status))
			return false;
	return true;
}

static bool
CheckWords(const InterestFeatures *features, InterestStatus *status)
{
	if (features->word_columns && features->text_count == 0)
		return InterestFail(status, INTEREST_INVALID_ARGUMENT, "words need a text column");
	for (int i = 0; features->word_columns && i < features->text_count; i++)
	{
		const InterestWordColumn *column = &features->word_columns[i];

		if (!CheckNames(&column->words, 0, INTEREST_MAX_WORDS, "words", status))
			return false;
		for (int j = 0; j < column->words.count; j++)
			if (column->rows[j] < 1 || column->rows[j] > column->all_rows)
				return InterestFail(status, INTEREST_INVALID_ARGUMENT,
									"rows of word %d of text column %d are out of range", j + 1, i + 1);
	}
	return true;
}

static bool
CheckKinds(const InterestFeatures *features, InterestStatus *status)
{
	if (!CheckNames(&features->kind_names, 0, INTEREST_MAX_KINDS, "kinds", status))
		return false;
	for (int i = 0; i < features->kind_names.count; i++)
	{
		double		weight = features->kinds[i].weight;

		if (!(weight >= INTEREST_MIN_WEIGHT && weight <= INTEREST_MAX_WEIGHT))
		{
			InterestFail(status, INTEREST_INVALID_ARGUMENT, "weight of kind %d is out of range", i + 1);
			return InterestDetail(status, "A weight is between %g and %g.",
								  INTEREST_MIN_WEIGHT, INTEREST_MAX_WEIGHT);
		}
	}
	return true;
}

static bool
CheckSpecification(const InterestModel *model, InterestStatus *status)
{
	float		scale = model->network.sentence_scale;
	bool		items = model->task == INTEREST_TASK_NEXT_ITEM;
	int			least = items ? 0 : InterestHeadIsOfOne(model->head.kind) ? 2 : 1;

	if (!InterestShapeCheck(&model->shape, status) ||
		!CheckColumns(&model->network.features, status) ||
		!CheckWords(&model->network.features, status) ||
		!CheckKinds(&model->network.features, status) ||
		!CheckNames(&model->interests, least, items ? 0 : INTEREST_MAX_INTERESTS, "interests", status))
		return false;
	if (!(scale > 0.0f && scale <= INTEREST_MAX_PARAMETER))
		return InterestFail(status, INTEREST_INVALID_ARGUMENT,
							"scale of the encoder's output is out of range");
	return true;
}

/* --- the layout --- */

/* softplus of it is 1 */
#define SOFTPLUS_ONE 0.541324855f

static InterestModelBlock *
AddBlock(InterestModel *model, InterestSection section, const char *name, int rows, int columns)
{
	InterestModelBlock *block = &model->blocks[model->block_count++];

	*block = (InterestModelBlock) {
		.name = name, .offset = model->parameter_count, .rows = rows, .columns = columns,
		.section = section, .initialization = INTEREST_INIT_CONSTANT
	};
	model->parameter_count += (size_t) rows * (size_t) columns;
	return block;
}

/*
 * A weight with Xavier's uniform initialization, fans = inputs + outputs (Glorot,
 * Bengio, "Understanding the difficulty of training deep feedforward neural
 * networks", 2010).
 */
static void
AddWeight(InterestModel *model, InterestSection section, const char *name, int rows, int columns,
		  int fans)
{
	InterestModelBlock *block = AddBlock(model, section, name, rows, columns);

	block->initialization = INTEREST_INIT_UNIFORM;
	block->value = (float) sqrt(6.0 / fans);
	block->decay = true;
}

static void
AddLinear(InterestModel *model, InterestSection section, const char *weight, const char *bias,
		  const InterestLinear *linear)
{
	AddWeight(model, section, weight, linear->outputs, linear->inputs,
			  linear->outputs + linear->inputs);
	AddBlock(model, section, bias, 1, linear->outputs);
}

static void
SetSizes(InterestModel *model)
{
	InterestRowNetwork *network = &model->network;
	int			d = model->shape.dimensions;

	InterestFeaturesComplete(&network->features);
	network->dimensions = d;
	network->sentence = (InterestLinear) {.outputs = d, .inputs = network->features.sentence_width};
	network->hidden = (InterestLinear) {.outputs = INTEREST_HIDDEN, .inputs = network->features.width};
	network->output = (InterestLinear) {.outputs = d, .inputs = INTEREST_HIDDEN};
	model->codebook = (InterestLinear) {.outputs = INTEREST_CODES, .inputs = d};
	network->fusion.dimensions = d;
	network->fusion.modalities = INTEREST_FIRST_VECTOR + network->features.vector_count;
	network->fusion.has[INTEREST_SENTENCE] = network->features.sentence_width > 0;
	network->fusion.has[INTEREST_WORDS] = network->features.word_columns != NULL;
	network->fusion.has[INTEREST_NON_TEXT] = true;
	for (int i = 0; i < network->features.vector_count; i++)
		network->fusion.has[INTEREST_FIRST_VECTOR + i] = network->features.vectors[i].width > 0;
	for (int i = 0; i < network->features.projection_count; i++)
		network->projection[i] = (InterestLinear) {
			.outputs = d, .inputs = network->features.projection_width[i]
		};
	InterestFusionComplete(&network->fusion);
	model->head.linear = (InterestLinear) {.outputs = model->interests.count, .inputs = d};
}

/*
 * A word that training has not met often stays near where it starts, and so
 * says little: all vectors start at 0.
 */
static void
AddWords(InterestModel *model, const InterestFeatures *features)
{
	for (int i = 0; features->word_columns && i < features->text_count; i++)
		AddBlock(model, INTEREST_REPRESENTATION, "words", features->word_columns[i].words.count,
				 model->shape.dimensions)->sparse = true;
}

static void
AddFusion(InterestModel *model, const InterestFusion *fusion)
{
	int			d = fusion->dimensions;

	if (fusion->kind == INTEREST_FUSION_CONCAT)
		AddBlock(model, INTEREST_REPRESENTATION, "fusion.bias", 1, d);
	if (fusion->kind == INTEREST_FUSION_ADD)
		AddBlock(model, INTEREST_REPRESENTATION, "fusion.alpha", 1, fusion->modalities)->value = SOFTPLUS_ONE;
	if (fusion->kind == INTEREST_FUSION_ATTENTION)
		AddWeight(model, INTEREST_REPRESENTATION, "fusion.query", 1, d, 1 + d);
	for (int m = 0; m < fusion->transforms; m++)
		AddWeight(model, INTEREST_REPRESENTATION, "fusion.transform", fusion->transform[m].outputs,
				  fusion->transform[m].inputs, 2 * d);
	if (fusion->kind == INTEREST_FUSION_MULTIPLY)
		AddWeight(model, INTEREST_REPRESENTATION, "fusion.output", d, d, 2 * d);
}

static void
AddRowNetwork(InterestModel *model)
{
	const InterestRowNetwork *network = &model->network;
	const InterestCategorical *categoricals = network->features.categoricals;

	if (network->features.sentence_width > 0)
		AddLinear(model, INTEREST_REPRESENTATION, "sentence.weight", "sentence.bias",
				  &network->sentence);
	AddWords(model, &network->features);

	/* Of a table's inputs, its values, one is 1 and the others 0: they count as one. */
	for (int i = 0; i < network->features.categorical_count; i++)
		AddWeight(model, INTEREST_REPRESENTATION, "embedding", categoricals[i].values.count + 1,
				  categoricals[i].width, 1 + categoricals[i].width);
	AddLinear(model, INTEREST_REPRESENTATION, "hidden.weight", "hidden.bias", &network->hidden);
	AddLinear(model, INTEREST_REPRESENTATION, "output.weight", "output.bias", &network->output);
	for (int i = 0; i < network->features.projection_count; i++)
		AddWeight(model, INTEREST_REPRESENTATION, "vector.weight", network->projection[i].outputs,
				  network->projection[i].inputs,
				  network->projection[i].outputs + network->projection[i].inputs);
	AddFusion(model, &network->fusion);
}

/* Untrained: kappa 1, an even gate, negative rows without effect. */
static void
AddReading(InterestModel *model)
{
	AddBlock(model, INTEREST_READING, "mu", 1, model->shape.dimensions);
	AddBlock(model, INTEREST_READING, "theta", 1, INTEREST_GRANULARITIES);
	AddBlock(model, INTEREST_READING, "gate", INTEREST_GRANULARITIES, INTEREST_GATE_FEATURES);
	AddBlock(model, INTEREST_READING, "eta", 1, 1);
}

static void
AddFitted(InterestModel *model, const char *name, int columns, float value)
{
	InterestModelBlock *block = AddBlock(model, INTEREST_HEAD, name, 1, columns);

	block->value = value;
	block->fitted = true;
}

static void
AddHead(InterestModel *model)
{
	int			interests = model->interests.count;

	AddFitted(model, "head.temperature", 2, 0.0f);
	if (model->head.kind == INTEREST_HEAD_SVM)
	{
		AddFitted(model, "head.slope", interests, 1.0f);
		AddFitted(model, "head.offset", interests, 0.0f);
	}
	AddBlock(model, INTEREST_HEAD, "head.log_scale", 1, 1)->value = INTEREST_LOG_SCALE;
	AddLinear(model, INTEREST_HEAD, "head.weight", "head.bias", &model->head.linear);
}

/* Blocks beside those of the words and of the embedding tables. */
#define FIXED_BLOCKS (18 + INTEREST_MAX_MODALITIES + INTEREST_MAX_VECTORS)

void
InterestModelLayOut(InterestModel *model, InterestArena *arena)
{
	SetSizes(model);
	model->block_count = 0;
	model->parameter_count = 0;
	model->blocks = InterestArenaArray(arena, InterestModelBlock,
									   FIXED_BLOCKS + model->network.features.text_count +
									   model->network.features.categorical_count);
	AddRowNetwork(model);
	AddReading(model);
	AddHead(model);
}

void
InterestModelSection(const InterestModel *model, InterestSection section,
					 size_t *from, size_t *to)
{
	*from = 0;
	for (int i = 0; i < model->block_count; i++)
	{
		const InterestModelBlock *block = &model->blocks[i];

		if (block->section < section)
			*from = block->offset + (size_t) block->rows * (size_t) block->columns;
		if (block->section <= section)
			*to = block->offset + (size_t) block->rows * (size_t) block->columns;
	}
}

void
InterestModelBlockName(const InterestModel *model, int block, char *name)
{
	const char *shared = model->blocks[block].name;
	int			before = 0;
	int			all = 0;

	for (int i = 0; i < model->block_count; i++)
		if (strcmp(model->blocks[i].name, shared) == 0)
		{
			before += i < block;
			all++;
		}
	if (all > 1)
		snprintf(name, INTEREST_MAX_BLOCK_NAME, "%s.%d", shared, before);
	else
		snprintf(name, INTEREST_MAX_BLOCK_NAME, "%s", shared);
}

/* Of equal codes the lowest is the nearest: an untrained model has one topic. */
static void
MakeCodebook(InterestModel *model, InterestArena *arena)
{
	size_t		d = (size_t) model->shape.dimensions;

	model->codebook.weight = InterestArenaAllocateZero(arena, sizeof(float) * INTEREST_CODES * d);
	for (size_t code = 0; code < INTEREST_CODES; code++)
		model->codebook.weight[code * d] = 1.0f;
}

bool
InterestModelCreate(InterestModel *model, InterestArena *arena, InterestStatus *status)
{
	if (!CheckSpecification(model, status))
		return false;
	InterestModelLayOut(model, arena);
	MakeCodebook(model, arena);
	return true;
}

/* --- parameters --- */

/* The next size parameters. */
static float *
Take(float **parameters, size_t size)
{
	float	   *taken = *parameters;

	*parameters += size;
	return taken;
}

static void
BindLinear(InterestLinear *linear, float **parameters)
{
	linear->weight = Take(parameters, (size_t) linear->outputs * (size_t) linear->inputs);
	linear->bias = Take(parameters, (size_t) linear->outputs);
	linear->panels = NULL;
}

static void
BindHead(InterestHead *head, float **parameters)
{
	size_t		fitted = head->kind == INTEREST_HEAD_SVM ? (size_t) head->linear.outputs : 0;

	head->temperature = Take(parameters, 2);
	head->slope = Take(parameters, fitted);
	head->offset = Take(parameters, fitted);
	head->log_scale = Take(parameters, 1);
	BindLinear(&head->linear, parameters);
}

static void
BindWeight(InterestLinear *linear, float **parameters)
{
	linear->weight = Take(parameters, (size_t) linear->outputs * (size_t) linear->inputs);
	linear->bias = NULL;
	linear->panels = NULL;
}

static void
BindFusion(InterestFusion *fusion, float **parameters)
{
	size_t		d = (size_t) fusion->dimensions;

	if (fusion->kind == INTEREST_FUSION_CONCAT)
		fusion->bias = Take(parameters, d);
	if (fusion->kind == INTEREST_FUSION_ADD)
		fusion->alpha = Take(parameters, (size_t) fusion->modalities);
	if (fusion->kind == INTEREST_FUSION_ATTENTION)
		fusion->query = Take(parameters, d);
	for (int m = 0; m < fusion->transforms; m++)
		BindWeight(&fusion->transform[m], parameters);
	if (fusion->kind == INTEREST_FUSION_MULTIPLY)
		BindWeight(&fusion->output, parameters);
}

/* In the order of InterestModelLayOut. */
void
InterestModelBind(InterestModel *model, float *parameters)
{
	InterestRowNetwork *network = &model->network;

	model->parameters = parameters;
	if (network->features.sentence_width > 0)
		BindLinear(&network->sentence, &parameters);
	network->word_vectors = network->touched ? NULL :
		Take(&parameters, (size_t) network->features.word_count * (size_t) network->dimensions);
	network->embeddings = Take(&parameters, network->features.tables);
	BindLinear(&network->hidden, &parameters);
	BindLinear(&network->output, &parameters);
	for (int i = 0; i < network->features.projection_count; i++)
		BindWeight(&network->projection[i], &parameters);
	BindFusion(&network->fusion, &parameters);
	model->mu = Take(&parameters, (size_t) network->dimensions);
	model->theta = Take(&parameters, INTEREST_GRANULARITIES);
	model->gate = Take(&parameters, INTEREST_GRANULARITIES * INTEREST_GATE_FEATURES);
	model->eta = Take(&parameters, 1);
	BindHead(&model->head, &parameters);
}

void
InterestModelInitialize(const InterestModel *model, uint64_t seed)
{
	for (int i = 0; i < model->block_count; i++)
	{
		const InterestModelBlock *block = &model->blocks[i];
		InterestRandom random = InterestRandomKeyed(seed, (uint64_t) i, 0, 0);
		float	   *values = model->parameters + block->offset;
		size_t		size = (size_t) block->rows * (size_t) block->columns;

		for (size_t j = 0; j < size; j++)
		{
			values[j] = block->value;
			if (block->initialization == INTEREST_INIT_UNIFORM)
				values[j] *= (float) (2.0 * InterestRandomUniform(&random) - 1.0);
		}
	}
}

static double
Hold(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

static double
HeldTheta(double theta)
{
	return Hold(theta, InterestLog(INTEREST_MIN_KAPPA), InterestLog(INTEREST_MAX_KAPPA));
}

void
InterestModelProject(const InterestModel *model)
{
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		model->theta[g] = (float) HeldTheta(model->theta[g]);
	model->eta[0] = (float) Hold(model->eta[0], 0.0, INTEREST_MAX_PARAMETER);
	model->head.log_scale[0] = (float) Hold(model->head.log_scale[0], -INTEREST_MAX_LOG_SCALE,
											INTEREST_MAX_LOG_SCALE);
}

void
InterestModelReading(const InterestModel *model, InterestReadingModel *reading)
{
	reading->dimensions = model->shape.dimensions;
	memcpy(reading->representation, model->shape.fingerprint, INTEREST_FINGERPRINT_SIZE);
	memcpy(reading->reading, model->reading_fingerprint, INTEREST_FINGERPRINT_SIZE);
	reading->mu = model->mu;
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		reading->kappa[g] = Hold(InterestExp(HeldTheta(model->theta[g])),
								 INTEREST_MIN_KAPPA, INTEREST_MAX_KAPPA);
		for (int j = 0; j < INTEREST_GATE_FEATURES; j++)
			reading->gate[g][j] = model->gate[g * INTEREST_GATE_FEATURES + j];
	}
	reading->eta = model->eta[0];
	reading->codes = model->codebook.weight;
	reading->code_distances = model->code_distances;
}

/* --- answers --- */

void
InterestModelOpen(InterestModel *model, InterestArena *arena, const InterestKernel *kernel)
{
	model->kernel = kernel;
	InterestRowNetworkPack(&model->network, arena);
	InterestHeadPack(&model->head, arena);
	InterestLinearPack(&model->codebook, arena);
	model->code_distances = InterestArenaArray(arena, double, INTEREST_CODES * INTEREST_CODES);
	InterestMeasureCodes(model->shape.dimensions, model->codebook.weight, model->code_distances);
}

/* Whether the vector is finite and was not scaled to nothing. */
static bool
IsSound(const InterestRowTape *tape, int d)
{
	for (int j = 0; j < d; j++)
		if (!isfinite(tape->v[j]))
			return false;
	return tape->scale[0] > 0.0f;
}

static bool
ComputeVector(const InterestModel *model, const InterestRowInput *input,
			  InterestArena *scratch, float *v, int *code, InterestStatus *status)
{
	InterestArithmetic arithmetic = {.kernel = model->kernel, .scratch = scratch};
	InterestRowTape tape;

	InterestRowForward(&model->network, &arithmetic, 1, &input, NULL, &tape);
	if (!IsSound(&tape, model->shape.dimensions))
	{
		InterestFail(status, INTEREST_DATA_EXCEPTION, "vector of a row is not finite");
		return InterestHint(status, "Train the model again.");
	}
	memcpy(v, tape.v, sizeof(float) * (size_t) model->shape.dimensions);
	InterestFindCodes(&model->codebook, &arithmetic, 1, v, code);
	return true;
}

void
InterestModelProjectTexts(const InterestModel *model, const float *sentence,
						  const InterestWords *words, InterestArena *scratch,
						  float *z, const float *projected[INTEREST_TEXT_MODALITIES])
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const InterestFeatures *features = &model->network.features;
	InterestArithmetic arithmetic = {.kernel = model->kernel, .scratch = scratch};
	const InterestWordBlock **blocks = InterestArenaArray(scratch, const InterestWordBlock *,
														  features->text_count);
	InterestRowTexts texts = {.sentence = features->sentence_width > 0 ? sentence : NULL};

	for (int i = 0; features->word_columns && i < features->text_count; i++)
		blocks[i] = InterestWordBlockOf(&features->word_columns[i], &words[i], scratch);
	if (features->word_columns)
		texts.words = blocks;
	InterestRowProjectTexts(&model->network, &arithmetic, &texts, z, projected);
	InterestArenaReturnTo(scratch, mark);
}

InterestRowResult
InterestRowVector(const InterestModel *model, const InterestBehaviour *behaviour,
				  const InterestRowTexts *texts, InterestArena *scratch,
				  float *v, InterestStateRow *row, InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestRowInput input;
	InterestRowResult result;

	result = InterestRowInputOf(&model->network.features, behaviour, texts, scratch,
								&input, status);
	if (result == INTEREST_ROW_DONE)
	{
		row->time = behaviour->time;
		row->weight = input.weight;
		row->negative = input.negative;
		row->vector = v;
		if (!ComputeVector(model, &input, scratch, v, &row->code, status))
			result = INTEREST_ROW_FAILED;
	}
	InterestArenaReturnTo(scratch, mark);
	return result;
}

InterestRowResult
InterestItemVector(const InterestModel *model, const InterestBehaviour *item,
				   const InterestRowTexts *texts, InterestArena *scratch,
				   float *v, InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestRowInput input;
	InterestRowResult result = InterestItemInputOf(&model->network.features, item, texts, scratch, &input, status);
	int			code;

	if (result == INTEREST_ROW_DONE && !ComputeVector(model, &input, scratch, v, &code, status))
		result = INTEREST_ROW_FAILED;
	InterestArenaReturnTo(scratch, mark);
	return result;
}

void
InterestModelProbabilities(const InterestModel *model, const float *u, double evidence,
						   InterestArena *scratch, float *probabilities)
{
	InterestArithmetic arithmetic = {.kernel = model->kernel, .scratch = scratch};

	InterestHeadProbabilities(&model->head, &arithmetic, u, evidence, probabilities);
}

void
InterestConformalProbabilities(const InterestModel *model, const float *u, double evidence,
							   InterestArena *scratch, float *probabilities)
{
	InterestArithmetic arithmetic = {.kernel = model->kernel, .scratch = scratch};
	InterestHead head = model->head;

	head.temperature = (float *) model->conformal.temperature;
	InterestHeadProbabilities(&head, &arithmetic, u, evidence, probabilities);
}

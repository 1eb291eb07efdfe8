/*
 * gradient_test.c
 *	  The gradient of every layer against finite differences of the same code in
 *	  double: models of random shapes, rows with anything missing.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/training/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400000000)
#define SEED 7

#define SHAPES 75
#define USERS 8
#define ROWS (USERS * 5)
#define WORDS 12
#define MOST_VECTORS 3
#define MOST_WIDTH 7
#define INTERESTS 4

/* At most about this many parameters of a block are tried. */
#define TRIED 12

#define STEP 1e-5

static InterestArena arena;
static InterestStore store;
static InterestRandom randomness;

/* A model's definition, and what its users did. */
typedef struct Shape
{
	InterestTrainingDefinition definition;
	int			widths[MOST_VECTORS];
	InterestTrainingSet set;
	InterestTrainingRow rows[ROWS];
	InterestPlace sentences[ROWS];
	InterestSpan words[WORDS];
	InterestTrainingText texts[2 * ROWS];
} Shape;

/* --- what may be random --- */

static int
Below(int bound)
{
	return (int) InterestRandomBelow(&randomness, (uint32_t) bound);
}

/* In [-1, 1). */
static float
Random(void)
{
	return (float) (2.0 * InterestRandomUniform(&randomness) - 1.0);
}

static float *
RandomLine(int width)
{
	float	   *line = InterestArenaArray(&arena, float, width);

	for (int i = 0; i < width; i++)
		line[i] = Random();
	return line;
}

static InterestSpan
Name(const char *prefix, int number)
{
	char	   *text = InterestArenaAllocate(&arena, 16);
	InterestSpan span = {text, 0};

	span.length = (size_t) snprintf(text, 16, "%s%02d", prefix, number);
	return span;
}

/* --- rows --- */

static InterestTrainingText
RandomText(void)
{
	InterestTrainingWord words[WORDS];
	int			count = 0;

	for (int w = 0; w < WORDS; w++)
		if (Below(3) == 0)
			words[count++] = (InterestTrainingWord) {w, 1 + Below(3)};
	return (InterestTrainingText) {count, InterestStoreAdd(&store, words, sizeof(*words) * (size_t) count)};
}

static const int *
RandomTexts(Shape *shape)
{
	int		   *texts = InterestArenaArray(&arena, int, shape->definition.text_count);

	for (int i = 0; i < shape->definition.text_count; i++)
	{
		texts[i] = Below(3) == 0 ? -1 : shape->set.text_count;
		if (texts[i] >= 0)
			shape->texts[shape->set.text_count++] = RandomText();
	}
	return texts;
}

static const InterestValues *
RandomValues(int categoricals)
{
	InterestValues *values = InterestArenaArray(&arena, InterestValues, categoricals);

	for (int i = 0; i < categoricals; i++)
	{
		InterestSpan *spans = InterestArenaArray(&arena, InterestSpan, 2);

		for (int j = 0; j < 2; j++)
			spans[j] = Name("value", Below(4));
		values[i] = (InterestValues) {Below(3), spans};
	}
	return values;
}

static const InterestVector *
RandomVectors(const Shape *shape)
{
	int			count = shape->definition.vector_count;
	InterestVector *vectors = InterestArenaArray(&arena, InterestVector, count);

	for (int i = 0; i < count; i++)
		vectors[i] = (InterestVector) {shape->widths[i], Below(3) == 0 ? NULL : RandomLine(shape->widths[i])};
	return vectors;
}

static InterestBehaviour
RandomBehaviour(const Shape *shape, int64_t time)
{
	const InterestTrainingDefinition *definition = &shape->definition;
	double	   *numerics = InterestArenaArray(&arena, double, definition->numeric_count);
	int			kind = Below(definition->kind_names.count + 1) - 1;

	for (int i = 0; i < definition->numeric_count; i++)
		numerics[i] = Below(3) == 0 ? NAN : Random();
	return (InterestBehaviour) {
		.has_time = true, .time = time,
		.kind = kind < 0 ? (InterestSpan) {NULL, 0} : definition->kind_names.spans[kind],
		.numerics = numerics, .categoricals = RandomValues(definition->categorical_count),
		.vectors = RandomVectors(shape)
	};
}

static void
AddRow(Shape *shape, int user, int64_t time)
{
	int			i = shape->set.count++;
	InterestTrainingRow *row = &shape->rows[i];
	int			width = shape->definition.sentence_width;
	InterestSpan *labels = InterestArenaArray(&arena, InterestSpan, 2);
	int			first = shape->definition.task == INTEREST_TASK_USER ? user % INTERESTS : Below(INTERESTS);

	labels[0] = Name("interest", first);
	labels[1] = Name("interest", (first + 1) % INTERESTS);
	*row = (InterestTrainingRow) {
		.behaviour = RandomBehaviour(shape, time), .sentence = -1, .hash = (uint64_t) i, .user = Name("user", user),
		.texts = shape->definition.word_probe ? RandomTexts(shape) : NULL,
		.labels = labels, .label_count = shape->definition.several ? 1 + user % 2 : 1
	};
	if (width > 0 && Below(3) > 0)
	{
		row->sentence = i;
		shape->sentences[i] = InterestStoreAdd(&store, RandomLine(width), sizeof(float) * (size_t) width);
	}
}

/* --- shapes --- */

/* Fusions, heads and tasks by turns, so that each of them meets all of the others. */
static void
Define(int number, Shape *shape)
{
	static const InterestSpan kind_names[] = {{"dislike", 7}, {"like", 4}};
	static const InterestKind kinds[] = {{1.0, true}, {2.0, false}};
	static const uint8_t probe[INTEREST_WORD_PROBE_SIZE] = {1};
	InterestHeadKind head = (InterestHeadKind) (number / INTEREST_FUSIONS % (INTEREST_LAST_HEAD + 1));
	InterestTask task = (InterestTask) (number % 3);

	for (int i = 0; i < MOST_VECTORS; i++)
		shape->widths[i] = 2 + Below(MOST_WIDTH - 1);
	shape->definition = (InterestTrainingDefinition) {
		.dimensions = 4 + Below(6), .half_life = {180 * DAY, 14 * DAY, DAY},
		.kind_names = {Below(2) * 2, kind_names}, .kinds = kinds,
		.text_count = 1 + Below(2), .sentence_width = Below(3) == 0 ? 0 : 1 + Below(MOST_WIDTH),
		.word_probe = Below(3) == 0 ? NULL : probe, .fusion = (InterestFusionKind) (number % INTEREST_FUSIONS),
		.numeric_count = Below(3), .categorical_count = Below(3),
		.vector_count = Below(MOST_VECTORS + 1), .vector_widths = shape->widths, .shared_projection = Below(2) == 0,
		.task = task, .several = head == INTEREST_HEAD_SIGMOID && task != INTEREST_TASK_DOMINANT,
		.head = head == INTEREST_HEAD_SIGMOID ? INTEREST_HEAD_SOFTMAX : head
	};
}

static Shape *
RandomShape(int number)
{
	Shape	   *shape = InterestArenaAllocateZero(&arena, sizeof(Shape));

	Define(number, shape);
	shape->set = (InterestTrainingSet) {
		.rows = shape->rows, .store = &store, .sentences = shape->sentences, .words = shape->words,
		.word_count = shape->definition.word_probe ? WORDS : 0, .texts = shape->texts
	};
	for (int w = 0; w < WORDS; w++)
		shape->words[w] = Name("word", w);
	for (int i = 0; i < ROWS; i++)
		AddRow(shape, i % USERS, (i + i * i) * DAY + Below(1000000));
	return shape;
}

/* --- losses --- */

typedef struct Gradients
{
	InterestPreparedRows prepared;
	InterestSampler sampler;
	InterestPlan plan;
	InterestBatch batch;
	InterestModel model;
	InterestModel gradient;
	InterestPass pass;
	InterestRowDropout dropout;
	InterestLossRule rule;
} Gradients;

/* A model of the shape, its parameters anywhere near those of an epoch. */
static void
MakeModel(const Shape *shape, InterestModel *model)
{
	InterestTrainingOptions options = InterestTrainingDefault;
	InterestTrainingResult result;
	InterestStatus status;

	options.seed = SEED;
	options.epochs = 1;
	options.least_value_rows = 1;
	if (!CHECK(InterestTrain(&shape->set, &shape->definition, &options, InterestKernelChoose("auto"),
							 InterestSgemm, NULL, &arena, model, &result, &status)))
	{
		printf("# %s\n", status.message);
		exit(CheckReport("gradients"));
	}
	for (size_t i = 0; i < model->parameter_count; i++)
		model->parameters[i] += (float) 0.3 * Random();
	*model->eta = (float) 0.7;
	*model->head.log_scale = (float) 0.5;
}

static void
PrepareGradients(const Shape *shape, Gradients *gradients)
{
	InterestModel *model = &gradients->model;
	float	   *weights;
	InterestStatus status;

	MakeModel(shape, model);
	CHECK(InterestSortRows(&shape->set, SEED, &arena, &gradients->prepared, &status));
	CHECK(InterestMakeInputs(&gradients->prepared, &model->network.features, model->shape.half_life,
							 &arena, NULL, &status));
	InterestFindLabels(&gradients->prepared, &model->interests, &arena);
	InterestSamplerInit(&gradients->prepared, model->task, shape->definition.several, &arena,
						&gradients->sampler);
	InterestPlanEpoch(&gradients->sampler, SEED, 1, &arena, &gradients->plan);
	CHECK(InterestNextBatch(&gradients->plan, 30, 1000, &arena, &gradients->batch));
	gradients->gradient = *model;
	InterestModelBind(&gradients->gradient,
					  InterestArenaAllocateZero(&arena, sizeof(float) * model->parameter_count));
	InterestPassInit(&gradients->pass, &gradients->prepared, model, InterestKernelChoose("auto"),
					 InterestSgemm, &arena, &arena);
	gradients->dropout = (InterestRowDropout) {{0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.0f}, SEED, 3, NULL};
	weights = RandomLine(model->interests.count);
	for (int i = 0; i < model->interests.count; i++)
		weights[i] += (float) 1.5;
	gradients->rule = (InterestLossRule) {.smoothing = (float) 0.1, .weights = weights};
}

static double
LossOf(Gradients *gradients, bool backward)
{
	InterestArenaMark mark = InterestArenaGetMark(&arena);
	InterestPassTape tape;
	double		loss;

	InterestPassForward(&gradients->pass, &gradients->batch, &gradients->dropout, backward, &tape);
	loss = InterestPassBackward(&gradients->pass, &tape, &gradients->rule, backward ? &gradients->gradient : NULL);
	InterestArenaReturnTo(&arena, mark);
	return loss;
}

/* --- gradients --- */

/* Blocks by name whose gradient was compared where it is not 0. */
static int	seen_count = 0;
static const char *seen[64];

static void
Note(const char *name)
{
	for (int i = 0; i < seen_count; i++)
		if (strcmp(seen[i], name) == 0)
			return;
	seen[seen_count++] = name;
}

/* By central differences. */
static void
CheckGradient(Gradients *gradients, const InterestModelBlock *block, size_t i, int number)
{
	float	   *parameter = &gradients->model.parameters[block->offset + i];
	double		analytic = gradients->gradient.parameters[block->offset + i];
	float		before = *parameter;
	double		numeric;

	*parameter = before + (float) STEP;
	numeric = LossOf(gradients, false);
	*parameter = before - (float) STEP;
	numeric = (numeric - LossOf(gradients, false)) / (2.0 * STEP);
	*parameter = before;
	if (!CHECK_NEAR(analytic, numeric, 1e-5 + 1e-3 * fabs(numeric)))
		printf("# shape %d: %s, %zu\n", number, block->name, i);
	if (fabs(numeric) > 1e-3)
		Note(block->name);
}

static void
TestShape(int number)
{
	Gradients  *gradients = InterestArenaNew(&arena, Gradients);
	const InterestModel *model = &gradients->model;

	PrepareGradients(RandomShape(number), gradients);
	CHECK_NEAR(LossOf(gradients, true), LossOf(gradients, false), 0.0);
	for (int b = 0; b < model->block_count; b++)
	{
		size_t		size = (size_t) model->blocks[b].rows * (size_t) model->blocks[b].columns;

		for (size_t i = 0; i < size; i += 1 + size / TRIED)
			CheckGradient(gradients, &model->blocks[b], i, number);
	}
}

/* Every block that learns, of every fusion and head, was among them. */
static void
CheckSeen(void)
{
	static const char *const blocks[] = {
		"sentence.weight", "sentence.bias", "words", "vector.weight", "embedding", "hidden.weight", "hidden.bias",
		"output.weight", "output.bias", "fusion.bias", "fusion.alpha", "fusion.transform", "fusion.output",
		"fusion.query", "mu", "theta", "gate", "eta", "head.weight", "head.bias", "head.log_scale"
	};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
	{
		bool		found = false;

		for (int j = 0; j < seen_count; j++)
			found = found || strcmp(blocks[i], seen[j]) == 0;
		if (!CHECK(found))
			printf("# %s\n", blocks[i]);
	}
}

int
main(void)
{
	CHECK_INTEGER(sizeof(float), sizeof(double));
	for (int number = 0; number < SHAPES; number++)
	{
		randomness = InterestRandomKeyed(SEED, (uint64_t) number, 0, 0);
		InterestArenaInit(&arena, CheckHost(), 1 << 20);
		InterestStoreInit(&store, &arena, NULL, SIZE_MAX);
		TestShape(number);
		InterestArenaFree(&arena);
	}
	CheckSeen();
	return CheckReport("gradients");
}

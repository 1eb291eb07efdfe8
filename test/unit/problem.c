/*
 * problem.c
 *	  Rows of users that a test makes up, to train on.
 */
#include "problem.h"

#include "check.h"

#include "core/training/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

InterestArena arena;
InterestStore store = {.arena = &arena};

static const InterestSpan kind_names[] = {{"dislike", 7}, {"like", 4}};
static const InterestKind kinds[] = {{1.0, true}, {2.0, false}};

InterestSpan
Name(const char *prefix, int number)
{
	char	   *text = InterestArenaAllocate(&arena, 32);
	InterestSpan span = {text, 0};

	span.length = (size_t) snprintf(text, 32, "%s%d", prefix, number);
	return span;
}

Problem *
NewProblem(InterestTask task)
{
	Problem    *problem = InterestArenaAllocateZero(&arena, sizeof(Problem));

	problem->definition = (InterestTrainingDefinition) {
		.dimensions = 8, .half_life = {180 * DAY, 14 * DAY, DAY},
		.kind_names = {2, kind_names}, .kinds = kinds,
		.text_count = 1, .sentence_width = WIDTH, .task = task
	};
	problem->random = InterestRandomKeyed(SEED, 0, 0, 0);
	return problem;
}

int
Below(Problem *problem, int bound)
{
	return (int) InterestRandomBelow(&problem->random, (uint32_t) bound);
}

InterestTrainingRow *
Add(Problem *problem, int user, int64_t time, int subject, int label, int kind)
{
	InterestTrainingRow *row = &problem->rows[problem->count];
	float	   *sentence = problem->sentences + problem->count * WIDTH;
	InterestSpan *label_span = InterestArenaNew(&arena, InterestSpan);

	for (int i = 0; i < WIDTH; i++)
		sentence[i] = (i == subject) + 0.1f * (float) (InterestRandomUniform(&problem->random) - 0.5);
	if (label >= 0)
		*label_span = Name("interest", label);
	*row = (InterestTrainingRow) {
		.behaviour = {.has_time = true, .time = time},
		.sentence = problem->count, .hash = (uint64_t) problem->count, .user = Name("user", user),
		.labels = label_span, .label_count = label >= 0
	};
	if (kind >= 0)
		row->behaviour.kind = kind_names[kind];
	problem->count++;
	return row;
}

static const InterestDropoutRates little_dropout = {0.1f, 0.1f, 0.1f, 0.1f, 0.1f, 0.0f};

InterestTrainingOptions
Options(void)
{
	InterestTrainingOptions options = InterestTrainingDefault;

	options.seed = SEED;
	options.epochs = 8;
	options.batch_size = 32;
	options.learning_rate = 0.02;
	options.dropout = &little_dropout;
	return options;
}

InterestSplit
HashSplitOf(int user, uint64_t seed)
{
	InterestSplitRule by_hash = {INTEREST_BY_HASH, 0};

	return InterestSplitOf(&by_hash, seed, Name("user", user), 0, INTEREST_ROLE_NONE);
}

InterestPlace *
StoreLines(int count, int width, const float *lines)
{
	InterestPlace *places = InterestArenaArray(&arena, InterestPlace, count);

	for (int i = 0; i < count; i++)
		places[i] = InterestStoreAdd(&store, lines + i * width, sizeof(float) * (size_t) width);
	return places;
}

InterestTrainingSet
SetOf(const Problem *problem)
{
	return (InterestTrainingSet) {
		.count = problem->count, .rows = problem->rows, .split = problem->split, .store = &store,
		.sentences = StoreLines(problem->count, WIDTH, problem->sentences)
	};
}

void
Prepare(const Problem *problem, const InterestNames *interests, InterestPreparedRows *prepared,
		InterestSampler *sampler)
{
	InterestTrainingSet *set = InterestArenaNew(&arena, InterestTrainingSet);
	InterestFeatures *features = InterestArenaAllocateZero(&arena, sizeof(InterestFeatures));
	InterestStatus status;

	*set = SetOf(problem);
	features->text_count = 1;
	features->sentence_width = WIDTH;
	features->kind_names = problem->definition.kind_names;
	features->kinds = problem->definition.kinds;
	InterestFeaturesComplete(features);
	CHECK(InterestSortRows(set, SEED, &arena, prepared, &status));
	CHECK(InterestMakeInputs(prepared, features, problem->definition.half_life, &arena, NULL, &status));
	InterestFindLabels(prepared, interests, &arena);
	InterestSamplerInit(prepared, problem->definition.task, problem->definition.several, &arena, sampler);
}

InterestNames
Interests(int count)
{
	InterestSpan *spans = InterestArenaArray(&arena, InterestSpan, count);
	InterestNames names = {count, spans};

	for (int i = 0; i < count; i++)
		spans[i] = Name("interest", i);
	return names;
}

bool
Train(const Problem *problem, const InterestTrainingOptions *options, InterestArena *to,
	  InterestModel *model, InterestTrainingResult *result, InterestStatus *status)
{
	InterestTrainingSet set = SetOf(problem);

	return InterestTrain(&set, &problem->definition, options, InterestKernelChoose("auto"),
						 InterestSgemm, NULL, to, model, result, status);
}

void
MustTrain(const Problem *problem, const InterestTrainingOptions *options, InterestModel *model,
		  InterestTrainingResult *result)
{
	InterestStatus status;

	if (!CHECK(Train(problem, options, &arena, model, result, &status)))
	{
		CHECK_STRING(status.message, "");
		exit(CheckReport("training"));
	}
}

InterestEvaluation
MustEvaluate(const Problem *problem, const InterestModel *model, InterestSplit split)
{
	InterestTrainingSet set = SetOf(problem);
	InterestEvaluation evaluation;
	InterestStatus status;

	if (!CHECK(InterestEvaluate(&set, model, SEED, split, InterestKernelChoose("auto"), InterestSgemm,
								NULL, &arena, &evaluation, &status)))
	{
		CHECK_STRING(status.message, "");
		exit(CheckReport("training"));
	}
	return evaluation;
}

double
Figure(const InterestEvaluation *evaluation, InterestSystem system, const char *metric)
{
	for (int i = 0; i < evaluation->figure_count; i++)
	{
		const InterestFigure *figure = &evaluation->figures[i];

		if (figure->system == system && figure->interest < 0 && strcmp(figure->metric, metric) == 0)
			return figure->value;
	}
	return NAN;
}

double
TestAccuracy(const Problem *problem, InterestModel *model)
{
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestEvaluation evaluation;

	MustTrain(problem, &options, model, &result);
	evaluation = MustEvaluate(problem, model, INTEREST_SPLIT_TEST);
	return Figure(&evaluation, INTEREST_SYSTEM_MODEL, "accuracy");
}

Problem *
Authors(InterestTask task)
{
	Problem    *problem = NewProblem(task);

	for (int user = 0; user < 300; user++)
	{
		int			subject = user % 2;
		int			rows = task == INTEREST_TASK_NEXT ? 6 : 1 + Below(problem, 7);

		for (int i = 0; i < rows; i++)
		{
			int			seen = Below(problem, 10) == 0 ? 1 - subject : subject;

			Add(problem, user, i * DAY + Below(problem, 1000), seen,
				task == INTEREST_TASK_DOMINANT ? seen : subject, Below(problem, 3) - 1 == 1 ? 1 : -1);
		}
	}
	return problem;
}

/*
 * gradients.c
 *	  Gradients of a model's loss on one batch against finite differences.
 */
#include "gradients.h"

#include "check.h"

#include <math.h>
#include <stdio.h>

/* At most about this many parameters of a block are tried. */
#define TRIED 20

void
PrepareGradients(const Problem *problem, InterestTrainingOptions options, Gradients *gradients)
{
	InterestTrainingResult result;
	InterestStatus status;
	InterestModel *model = &gradients->model;
	InterestRandom random = InterestRandomKeyed(SEED, 1, 1, 1);

	options.epochs = 1;
	options.least_value_rows = 1;
	MustTrain(problem, &options, model, &result);
	for (size_t i = 0; i < model->parameter_count; i++)
		model->parameters[i] += (float) (0.4 * InterestRandomUniform(&random) - 0.2);
	*model->eta = 0.7f;
	*model->head.log_scale = 0.5f;

	gradients->set = SetOf(problem);
	CHECK(InterestSortRows(&gradients->set, SEED, &arena, &gradients->prepared, &status));
	CHECK(InterestMakeInputs(&gradients->prepared, &model->network.features, model->shape.half_life,
							 &arena, NULL, &status));
	if (model->task == INTEREST_TASK_NEXT_ITEM)
		InterestFindItems(&gradients->prepared, &arena, &gradients->items);
	else
		InterestFindLabels(&gradients->prepared, &model->interests, &arena);
	InterestSamplerInit(&gradients->prepared, model->task, problem->definition.several, &arena,
						&gradients->sampler);
	InterestPlanEpoch(&gradients->sampler, SEED, 1, &arena, &gradients->plan);
	CHECK(InterestNextBatch(&gradients->plan, 100, 1000, &arena, &gradients->batch));
	gradients->gradient = *model;
	InterestModelBind(&gradients->gradient,
					  InterestArenaAllocateZero(&arena, sizeof(float) * model->parameter_count));
	InterestPassInit(&gradients->pass, &gradients->prepared, model, InterestKernelChoose("auto"),
					 InterestSgemm, &arena, &arena);
}

/* By central differences. */
static void
CheckGradient(Gradients *gradients, const Comparison *comparison, const InterestModelBlock *block, size_t i)
{
	float	   *parameter = &gradients->model.parameters[block->offset + i];
	float		before = *parameter;
	double		analytic = gradients->gradient.parameters[block->offset + i];
	double		numeric;
	float		above = before + comparison->step;
	float		below = before - comparison->step;

	*parameter = above;
	numeric = comparison->loss(gradients, false);
	*parameter = below;
	numeric = (numeric - comparison->loss(gradients, false)) / ((double) above - below);
	*parameter = before;
	if (!CHECK_NEAR(analytic, numeric, comparison->absolute + comparison->relative * fabs(numeric)))
		printf("# %s, %zu\n", block->name, i);
}

void
CheckGradients(Gradients *gradients, const Comparison *comparison, bool (*learns) (const InterestModelBlock *block))
{
	double		with_tape = comparison->loss(gradients, true);

	CHECK_NEAR(with_tape, comparison->loss(gradients, false), 0.0);
	for (int b = 0; b < gradients->model.block_count; b++)
	{
		const InterestModelBlock *block = &gradients->model.blocks[b];
		size_t		size = (size_t) block->rows * (size_t) block->columns;
		double		largest = 0.0;

		for (size_t i = 0; i < size; i += 1 + size / TRIED)
			CheckGradient(gradients, comparison, block, i);
		for (size_t i = 0; i < size; i++)
			largest = fmax(largest, fabs(gradients->gradient.parameters[block->offset + i]));
		CHECK(learns(block) ? largest > 1e-4 : largest == 0.0); /* or nothing was compared */
	}
}

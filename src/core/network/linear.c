/*
 * linear.c
 *	  A linear layer.
 */
#include "core/network/linear.h"

#include <string.h>

void
InterestLinearPack(InterestLinear *linear, InterestArena *arena)
{
	float	   *panels = InterestArenaArray(arena, float,
											InterestPanelsSize(linear->outputs, linear->inputs));

	InterestPackPanels(linear->outputs, linear->inputs, linear->weight, linear->inputs, panels);
	linear->panels = panels;
}

void
InterestLinearForward(const InterestLinear *linear, const InterestArithmetic *arithmetic,
					  int rows, const float *input, float *output)
{
	int			m = linear->outputs;
	int			k = linear->inputs;

	if (linear->panels)
	{
		arithmetic->kernel->product(rows, m, k, input, k, linear->panels, linear->bias, output, m);
		return;
	}
	for (int i = 0; linear->bias && i < rows; i++)
		memcpy(output + (size_t) i * m, linear->bias, sizeof(float) * (size_t) m);
	arithmetic->sgemm(false, true, rows, m, k, 1.0f, input, k, linear->weight, k,
					  linear->bias ? 1.0f : 0.0f, output, m, arithmetic->scratch);
}

void
InterestLinearBackward(const InterestLinear *linear, const InterestArithmetic *arithmetic,
					   int rows, const float *input, const float *output_gradient,
					   const InterestLinear *gradient, float *input_gradient)
{
	int			m = linear->outputs;
	int			k = linear->inputs;

	arithmetic->sgemm(true, false, m, k, rows, 1.0f, output_gradient, m, input, k,
					  1.0f, gradient->weight, k, arithmetic->scratch);
	for (int i = 0; gradient->bias && i < rows; i++)
		arithmetic->kernel->add(m, output_gradient + (size_t) i * m, gradient->bias);
	if (input_gradient)
		arithmetic->sgemm(false, false, rows, k, m, 1.0f, output_gradient, m, linear->weight, k,
						  0.0f, input_gradient, k, arithmetic->scratch);
}

/*
 * fusion.c
 *	  One vector of the modalities that a row has, forward and backward.
 *
 * Sums over modalities are in their order, sums over d the kernel's; tanh and
 * sigmoid are rounded from double: the same bits on every machine.
 */
#include "core/network/fusion.h"

#include "core/base/deterministic.h"

#include <math.h>
#include <string.h>

/* Above it softplus(x) is x to double precision. */
#define SOFTPLUS_LINEAR 40.0

static size_t
Line(int index, int width)
{
	return (size_t) index * (size_t) width;
}

static float *
NewLines(const InterestArithmetic *arithmetic, int lines, int width)
{
	return InterestArenaArray(arithmetic->scratch, float, Line(lines, width));
}

const char *
InterestFusionName(InterestFusionKind kind)
{
	static const char *const names[INTEREST_FUSIONS] = {"concat", "add", "multiply", "gate", "attention"};

	return names[kind];
}

void
InterestFusionComplete(InterestFusion *fusion)
{
	InterestLinear square = {.outputs = fusion->dimensions, .inputs = fusion->dimensions};

	fusion->transforms = 0;
	if (fusion->kind == INTEREST_FUSION_MULTIPLY || fusion->kind == INTEREST_FUSION_GATE)
		fusion->transforms = fusion->modalities;
	if (fusion->kind == INTEREST_FUSION_ATTENTION)
		fusion->transforms = 1;
	for (int m = 0; m < fusion->transforms; m++)
		fusion->transform[m] = fusion->transforms == 1 || fusion->has[m] ? square : (InterestLinear) {0};
	fusion->output = (InterestLinear) {0};
	if (fusion->kind == INTEREST_FUSION_MULTIPLY)
		fusion->output = square;
}

void
InterestFusionPack(InterestFusion *fusion, InterestArena *arena)
{
	for (int m = 0; m < fusion->transforms; m++)
		InterestLinearPack(&fusion->transform[m], arena);
	if (fusion->kind == INTEREST_FUSION_MULTIPLY)
		InterestLinearPack(&fusion->output, arena);
}

/* --- functions of one number, and their derivatives by their own value --- */

static float
Tanh(float x)
{
	return (float) InterestTanh(x);
}

static float
Sigmoid(float x)
{
	return (float) (1.0 / (1.0 + InterestExp(-(double) x)));
}

static float
Softplus(float x)
{
	return x > SOFTPLUS_LINEAR ? x : (float) InterestLog1p(InterestExp(x));
}

static void
Apply(float (*function) (float), size_t n, float *x)
{
	for (size_t i = 0; i < n; i++)
		x[i] = function(x[i]);
}

/* gradient (n) of tanh's value to that of its argument, in place. */
static void
BackwardTanh(size_t n, const float *value, float *gradient)
{
	for (size_t i = 0; i < n; i++)
		gradient[i] *= 1.0f - value[i] * value[i];
}

/* --- forward --- */

static void
ForwardConcat(const InterestFusion *fusion, const InterestKernel *kernel,
			  const InterestFusionTape *tape, float *r)
{
	int			d = fusion->dimensions;

	for (int i = 0; i < tape->rows; i++)
		memcpy(r + Line(i, d), fusion->bias, sizeof(float) * (size_t) d);
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			kernel->add(d, tape->lines[m].z + Line(i, d), r + Line(tape->lines[m].row_of[i], d));
}

/* r = sum of share_m z_m */
static void
SumShares(const InterestFusion *fusion, const InterestKernel *kernel,
		  const InterestFusionTape *tape, float *r)
{
	int			d = fusion->dimensions;

	memset(r, 0, sizeof(float) * Line(tape->rows, d));
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			kernel->axpy(d, tape->share[m][i], tape->lines[m].z + Line(i, d),
						 r + Line(tape->lines[m].row_of[i], d));
}

/* Divides each row's shares by their sum, which goes to total (rows). */
static void
NormalizeShares(const InterestFusion *fusion, const InterestFusionTape *tape, float *total)
{
	memset(total, 0, sizeof(float) * (size_t) tape->rows);
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			total[tape->lines[m].row_of[i]] += tape->share[m][i];
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			tape->share[m][i] /= total[tape->lines[m].row_of[i]];
}

static void
ForwardAdd(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
		   InterestFusionTape *tape, float *r)
{
	tape->total = NewLines(arithmetic, tape->rows, 1);
	for (int m = 0; m < fusion->modalities; m++)
	{
		tape->share[m] = NewLines(arithmetic, tape->lines[m].count, 1);
		for (int i = 0; i < tape->lines[m].count; i++)
			tape->share[m][i] = Softplus(fusion->alpha[m]);
	}
	NormalizeShares(fusion, tape, tape->total);
	SumShares(fusion, arithmetic->kernel, tape, r);
}

/* function(W z_m) of every modality, W its own or the one of all. */
static void
Transform(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
		  float (*function) (float), InterestFusionTape *tape)
{
	int			d = fusion->dimensions;

	for (int m = 0; m < fusion->modalities; m++)
	{
		int			count = tape->lines[m].count;

		tape->inner[m] = NewLines(arithmetic, count, d);
		if (count == 0)
			continue;
		InterestLinearForward(&fusion->transform[fusion->transforms == 1 ? 0 : m], arithmetic,
							  count, tape->lines[m].z, tape->inner[m]);
		Apply(function, Line(count, d), tape->inner[m]);
	}
}

static void
ForwardMultiply(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
				InterestFusionTape *tape, float *r)
{
	int			d = fusion->dimensions;

	Transform(fusion, arithmetic, Tanh, tape);
	tape->whole = NewLines(arithmetic, tape->rows, d);
	for (size_t i = 0; i < Line(tape->rows, d); i++)
		tape->whole[i] = 1.0f;
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
		{
			float	   *product = tape->whole + Line(tape->lines[m].row_of[i], d);
			const float *inner = tape->inner[m] + Line(i, d);

			for (int j = 0; j < d; j++)
				product[j] *= 1.0f + inner[j];
		}
	InterestLinearForward(&fusion->output, arithmetic, tape->rows, tape->whole, r);
}

static void
ForwardGate(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
			InterestFusionTape *tape, float *r)
{
	int			d = fusion->dimensions;
	size_t		size = Line(tape->rows, d);

	Transform(fusion, arithmetic, Sigmoid, tape);
	tape->total = InterestArenaAllocateZero(arithmetic->scratch, sizeof(float) * size);
	memset(r, 0, sizeof(float) * size);
	for (int m = 0; m < fusion->modalities; m++)
	{
		const InterestModalityLines *lines = &tape->lines[m];

		tape->bent[m] = NewLines(arithmetic, lines->count, d);
		memcpy(tape->bent[m], lines->z, sizeof(float) * Line(lines->count, d));
		Apply(Tanh, Line(lines->count, d), tape->bent[m]);
		for (int i = 0; i < lines->count; i++)
			for (int j = 0; j < d; j++)
			{
				float		g = tape->inner[m][Line(i, d) + j];

				tape->total[Line(lines->row_of[i], d) + j] += g;
				r[Line(lines->row_of[i], d) + j] += g * tape->bent[m][Line(i, d) + j];
			}
	}
	for (size_t i = 0; i < size; i++)
		r[i] /= tape->total[i];
	tape->whole = NewLines(arithmetic, tape->rows, d);
	memcpy(tape->whole, r, sizeof(float) * size);
}

/* What q . tanh(W_a z) is divided by. */
static float
AttentionScale(const InterestFusion *fusion)
{
	return (float) (1.0 / sqrt(fusion->dimensions));
}

static void
ForwardAttention(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
				 InterestFusionTape *tape, float *r)
{
	int			d = fusion->dimensions;
	float	   *total = NewLines(arithmetic, tape->rows, 1);
	float	   *largest = NewLines(arithmetic, tape->rows, 1);

	Transform(fusion, arithmetic, Tanh, tape);
	for (int i = 0; i < tape->rows; i++)
		largest[i] = -HUGE_VALF;
	for (int m = 0; m < fusion->modalities; m++)
	{
		tape->share[m] = NewLines(arithmetic, tape->lines[m].count, 1);
		for (int i = 0; i < tape->lines[m].count; i++)
		{
			float		score = AttentionScale(fusion) *
				arithmetic->kernel->dot(d, fusion->query, tape->inner[m] + Line(i, d));
			float	   *most = &largest[tape->lines[m].row_of[i]];

			tape->share[m][i] = score;
			if (score > *most)
				*most = score;
		}
	}
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			tape->share[m][i] = (float)
				InterestExp((double) tape->share[m][i] - largest[tape->lines[m].row_of[i]]);
	NormalizeShares(fusion, tape, total);
	SumShares(fusion, arithmetic->kernel, tape, r);
}

void
InterestFusionForward(const InterestFusion *fusion, const InterestArithmetic *arithmetic, int rows,
					  const InterestModalityLines *lines, float *r, InterestFusionTape *tape)
{
	*tape = (InterestFusionTape) {.rows = rows, .lines = lines};
	switch (fusion->kind)
	{
		case INTEREST_FUSION_CONCAT:
			ForwardConcat(fusion, arithmetic->kernel, tape, r);
			break;
		case INTEREST_FUSION_ADD:
			ForwardAdd(fusion, arithmetic, tape, r);
			break;
		case INTEREST_FUSION_MULTIPLY:
			ForwardMultiply(fusion, arithmetic, tape, r);
			break;
		case INTEREST_FUSION_GATE:
			ForwardGate(fusion, arithmetic, tape, r);
			break;
		case INTEREST_FUSION_ATTENTION:
			ForwardAttention(fusion, arithmetic, tape, r);
			break;
	}
}

/* --- backward --- */

static void
BackwardConcat(const InterestFusion *fusion, const InterestKernel *kernel,
			   const InterestFusionTape *tape, const float *r_gradient,
			   const InterestFusion *gradient, float *const *z_gradient)
{
	int			d = fusion->dimensions;

	for (int i = 0; i < tape->rows; i++)
		kernel->add(d, r_gradient + Line(i, d), gradient->bias);
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			memcpy(z_gradient[m] + Line(i, d), r_gradient + Line(tape->lines[m].row_of[i], d),
				   sizeof(float) * (size_t) d);
}

/*
 * z_gradient = share r_gradient; excess[m] (count) = the gradient of the share
 * less the mean of the row's, weighted by their shares: what is left of it where
 * the shares of a row add up to 1.
 */
static void
BackwardShares(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
			   const InterestFusionTape *tape, const float *r_gradient,
			   float *const *z_gradient, float **excess)
{
	int			d = fusion->dimensions;
	float	   *mean = InterestArenaAllocateZero(arithmetic->scratch, sizeof(float) * (size_t) tape->rows);

	for (int m = 0; m < fusion->modalities; m++)
	{
		const InterestModalityLines *lines = &tape->lines[m];

		excess[m] = NewLines(arithmetic, lines->count, 1);
		for (int i = 0; i < lines->count; i++)
		{
			const float *line = r_gradient + Line(lines->row_of[i], d);
			float	   *out = z_gradient[m] + Line(i, d);

			memcpy(out, line, sizeof(float) * (size_t) d);
			arithmetic->kernel->scale(d, tape->share[m][i], out);
			excess[m][i] = arithmetic->kernel->dot(d, line, lines->z + Line(i, d));
			mean[lines->row_of[i]] += tape->share[m][i] * excess[m][i];
		}
	}
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			excess[m][i] -= mean[tape->lines[m].row_of[i]];
}

static void
BackwardAdd(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
			const InterestFusionTape *tape, const float *r_gradient,
			const InterestFusion *gradient, float *const *z_gradient)
{
	float	   *excess[INTEREST_MAX_MODALITIES];

	BackwardShares(fusion, arithmetic, tape, r_gradient, z_gradient, excess);
	for (int m = 0; m < fusion->modalities; m++)
		for (int i = 0; i < tape->lines[m].count; i++)
			gradient->alpha[m] += Sigmoid(fusion->alpha[m]) * excess[m][i] /
				tape->total[tape->lines[m].row_of[i]];
}

/* Of tape->inner, in place, back through the transforms: adds to z_gradient. */
static void
BackwardTransform(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
				  const InterestFusionTape *tape, int m, const float *gradient_before,
				  const InterestFusion *gradient, float *z_gradient)
{
	int			count = tape->lines[m].count;
	int			own = fusion->transforms == 1 ? 0 : m;
	float	   *through = NewLines(arithmetic, count, fusion->dimensions);

	if (count == 0)
		return;
	InterestLinearBackward(&fusion->transform[own], arithmetic, count, tape->lines[m].z,
						   gradient_before, &gradient->transform[own], through);
	for (size_t i = 0; i < Line(count, fusion->dimensions); i++)
		z_gradient[i] += through[i];
}

/* Element j of the product of a row's modalities other than m. */
static float
ProductWithout(const InterestFusion *fusion, const InterestFusionTape *tape, int m, int row, int j)
{
	float		product = 1.0f;

	for (int other = 0; other < fusion->modalities; other++)
	{
		int			line = tape->lines[other].line_of[row];

		if (other != m && line >= 0)
			product *= 1.0f + tape->inner[other][Line(line, fusion->dimensions) + j];
	}
	return product;
}

static void
BackwardMultiply(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
				 const InterestFusionTape *tape, const float *r_gradient,
				 const InterestFusion *gradient, float *const *z_gradient)
{
	int			d = fusion->dimensions;
	float	   *product_gradient = NewLines(arithmetic, tape->rows, d);

	InterestLinearBackward(&fusion->output, arithmetic, tape->rows, tape->whole, r_gradient,
						   &gradient->output, product_gradient);
	for (int m = 0; m < fusion->modalities; m++)
	{
		int			count = tape->lines[m].count;
		float	   *inner_gradient = NewLines(arithmetic, count, d);

		for (int i = 0; i < count; i++)
		{
			int			row = tape->lines[m].row_of[i];

			for (int j = 0; j < d; j++)
				inner_gradient[Line(i, d) + j] = product_gradient[Line(row, d) + j] *
					ProductWithout(fusion, tape, m, row, j);
		}
		BackwardTanh(Line(count, d), tape->inner[m], inner_gradient);
		memset(z_gradient[m], 0, sizeof(float) * Line(count, d));
		BackwardTransform(fusion, arithmetic, tape, m, inner_gradient, gradient, z_gradient[m]);
	}
}

/* With r = sum of g_m t_m / sum of g_m: dr/dg_m = (t_m - r) / sum of g. */
static void
BackwardGate(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
			 const InterestFusionTape *tape, const float *r_gradient,
			 const InterestFusion *gradient, float *const *z_gradient)
{
	int			d = fusion->dimensions;

	for (int m = 0; m < fusion->modalities; m++)
	{
		const InterestModalityLines *lines = &tape->lines[m];
		float	   *inner_gradient = NewLines(arithmetic, lines->count, d);

		for (int i = 0; i < lines->count; i++)
			for (int j = 0; j < d; j++)
			{
				size_t		at = Line(i, d) + j;
				size_t		row = Line(lines->row_of[i], d) + j;
				float		g = tape->inner[m][at];
				float		share_gradient = r_gradient[row] / tape->total[row];

				inner_gradient[at] = share_gradient * (tape->bent[m][at] - tape->whole[row]) * g * (1.0f - g);
				z_gradient[m][at] = share_gradient * g;
			}
		BackwardTanh(Line(lines->count, d), tape->bent[m], z_gradient[m]);
		BackwardTransform(fusion, arithmetic, tape, m, inner_gradient, gradient, z_gradient[m]);
	}
}

static void
BackwardAttention(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
				  const InterestFusionTape *tape, const float *r_gradient,
				  const InterestFusion *gradient, float *const *z_gradient)
{
	int			d = fusion->dimensions;
	float	   *excess[INTEREST_MAX_MODALITIES];

	BackwardShares(fusion, arithmetic, tape, r_gradient, z_gradient, excess);
	for (int m = 0; m < fusion->modalities; m++)
	{
		int			count = tape->lines[m].count;
		float	   *inner_gradient = NewLines(arithmetic, count, d);

		for (int i = 0; i < count; i++)
		{
			float		score_gradient = AttentionScale(fusion) * tape->share[m][i] * excess[m][i];

			arithmetic->kernel->axpy(d, score_gradient, tape->inner[m] + Line(i, d), gradient->query);
			memcpy(inner_gradient + Line(i, d), fusion->query, sizeof(float) * (size_t) d);
			arithmetic->kernel->scale(d, score_gradient, inner_gradient + Line(i, d));
		}
		BackwardTanh(Line(count, d), tape->inner[m], inner_gradient);
		BackwardTransform(fusion, arithmetic, tape, m, inner_gradient, gradient, z_gradient[m]);
	}
}

void
InterestFusionBackward(const InterestFusion *fusion, const InterestArithmetic *arithmetic,
					   const InterestFusionTape *tape, const float *r_gradient,
					   const InterestFusion *gradient, float *const *z_gradient)
{
	switch (fusion->kind)
	{
		case INTEREST_FUSION_CONCAT:
			BackwardConcat(fusion, arithmetic->kernel, tape, r_gradient, gradient, z_gradient);
			break;
		case INTEREST_FUSION_ADD:
			BackwardAdd(fusion, arithmetic, tape, r_gradient, gradient, z_gradient);
			break;
		case INTEREST_FUSION_MULTIPLY:
			BackwardMultiply(fusion, arithmetic, tape, r_gradient, gradient, z_gradient);
			break;
		case INTEREST_FUSION_GATE:
			BackwardGate(fusion, arithmetic, tape, r_gradient, gradient, z_gradient);
			break;
		case INTEREST_FUSION_ATTENTION:
			BackwardAttention(fusion, arithmetic, tape, r_gradient, gradient, z_gradient);
			break;
	}
}

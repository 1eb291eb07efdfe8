/*
 * split.c
 *	  What the modalities and the words of a row say in one direction.
 *
 * For every modality there is a direction of its own in which a piece of its z
 * says what the piece's part of v says in the direction asked.
 */
#include "core/explain/split.h"

#include <math.h>
#include <string.h>

/* Where x is smaller, tanh x / x is 1 to the last bit of a float. */
#define TANH_LINEAR 1e-4

const char *
InterestModalityName(InterestModality modality)
{
	static const char *const names[INTEREST_FIRST_VECTOR] = {"sentence", "words", "non-text"};

	return modality < INTEREST_FIRST_VECTOR ? names[modality] : "vector";
}

static double *
NewVector(InterestArena *arena, int d)
{
	return InterestArenaAllocateZero(arena, sizeof(double) * (size_t) d);
}

static double
Say(int d, const double *direction, const float *x)
{
	double		sum = 0.0;

	for (int j = 0; j < d; j++)
		sum += direction[j] * x[j];
	return sum;
}

/* out (d) += transposed weight (d, d) times x (d) */
static void
AddTransposed(const InterestLinear *linear, const double *x, double *out)
{
	for (int i = 0; i < linear->outputs; i++)
		for (int j = 0; j < linear->inputs; j++)
			out[j] += linear->weight[(size_t) i * linear->inputs + j] * x[i];
}

/* value = tanh x: the factor that makes it of x */
static double
TanhFactor(double x, double value)
{
	return fabs(x) < TANH_LINEAR ? 1.0 : value / x;
}

/*
 * multiply: element j of the product of the row's modalities is 1 and what each
 * of them adds, which is tanh of its transform times the mean product of the
 * others over all orders: its Shapley value.  The mean is the integral of the
 * product of (1 + s tanh) over s (Owen, "Multilinear extensions of games",
 * 1972), a polynomial, so that the quadrature is exact.
 */
static double
MeanOfOthers(const InterestFusion *fusion, const InterestFusionTape *tape,
			 const InterestQuadrature *quadrature, int m, int j)
{
	double		mean = 0.0;

	for (int q = 0; q < INTEREST_QUADRATURE_POINTS; q++)
	{
		double		product = quadrature->weight[q];

		for (int other = 0; other < fusion->modalities; other++)
			if (other != m && tape->lines[other].count > 0)
				product *= 1.0 + quadrature->point[q] * tape->inner[other][j];
		mean += product;
	}
	return mean;
}

/* direction is that of the product, W_o already behind it. */
static void
DirectMultiply(const InterestFusion *fusion, InterestArena *scratch, const InterestFusionTape *tape,
			   const InterestQuadrature *quadrature, int m, const double *direction, double *own)
{
	const InterestLinear *transform = &fusion->transform[m];
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = fusion->dimensions;
	double	   *inner = NewVector(scratch, d);

	for (int j = 0; j < d; j++)
	{
		const float *weights = transform->weight + (size_t) j * d;
		double		y = 0.0;

		for (int i = 0; i < d; i++)
			y += (double) weights[i] * tape->lines[m].z[i];
		inner[j] = direction[j] * MeanOfOthers(fusion, tape, quadrature, m, j) *
			TanhFactor(y, tape->inner[m][j]);
	}
	AddTransposed(transform, inner, own);
	InterestArenaReturnTo(scratch, mark);
}

/* own (d), zeros: the direction of modality m, which the row has. */
static void
DirectModality(const InterestFusion *fusion, InterestArena *scratch, const InterestFusionTape *tape,
			   const InterestQuadrature *quadrature, int m, const double *direction, double *own)
{
	const float *z = tape->lines[m].z;

	if (fusion->kind == INTEREST_FUSION_MULTIPLY)
	{
		DirectMultiply(fusion, scratch, tape, quadrature, m, direction, own);
		return;
	}
	for (int j = 0; j < fusion->dimensions; j++)
	{
		double		factor = 1.0;

		if (fusion->kind == INTEREST_FUSION_ADD || fusion->kind == INTEREST_FUSION_ATTENTION)
			factor = tape->share[m][0];
		if (fusion->kind == INTEREST_FUSION_GATE)
			factor = tape->inner[m][j] / tape->total[j] * TanhFactor(z[j], tape->bent[m][j]);
		own[j] = direction[j] * factor;
	}
}

/* The direction of what is fused, in place of that of v; returns what the fusion's own numbers say. */
static double
PassFusion(const InterestFusion *fusion, InterestArena *scratch, double **direction)
{
	double		said = 0.0;

	if (fusion->kind == INTEREST_FUSION_CONCAT)
		return Say(fusion->dimensions, *direction, fusion->bias);
	if (fusion->kind == INTEREST_FUSION_MULTIPLY)
	{
		double	   *before = NewVector(scratch, fusion->dimensions);

		AddTransposed(&fusion->output, *direction, before);
		for (int j = 0; j < fusion->dimensions; j++)
			said += before[j];
		*direction = before;
	}
	return said;
}

/* The bias of a modality's projection; NULL: it has none. */
static const float *
BiasOf(const InterestRowNetwork *network, InterestModality modality)
{
	return modality == INTEREST_SENTENCE ? network->sentence.bias :
		modality == INTEREST_NON_TEXT ? network->output.bias : NULL;
}

void
InterestSplitRow(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
				 const InterestQuadrature *quadrature, const InterestRowInput *input,
				 const double *direction, InterestRowSplit *split)
{
	InterestArena *scratch = arithmetic->scratch;
	int			d = network->dimensions;
	double	   *fused = NewVector(scratch, d);
	InterestRowTape tape;

	*split = (InterestRowSplit) {0};
	InterestRowForward(network, arithmetic, 1, &input, NULL, &tape);
	split->v = tape.v;
	for (int j = 0; j < d; j++)
		fused[j] = tape.scale[0] * direction[j];
	split->base = PassFusion(&network->fusion, scratch, &fused);
	for (int m = 0; m < network->fusion.modalities; m++)
	{
		const float *bias = BiasOf(network, (InterestModality) m);
		double	   *own;

		if (tape.lines[m].count == 0)
			continue;
		own = NewVector(scratch, d);
		DirectModality(&network->fusion, scratch, &tape.fusion, quadrature, m, fused, own);
		split->modality[m] = Say(d, own, tape.lines[m].z);
		if (bias)
		{
			double		said = Say(d, own, bias);

			split->modality[m] -= said;
			split->base += said;
		}
		if (m == INTEREST_WORDS)
			split->word_direction = own;
	}
}

double
InterestSplitWord(const InterestRowNetwork *network, const InterestRowSplit *split,
				  const InterestRowWord *word)
{
	int			d = network->dimensions;

	return word->weight * Say(d, split->word_direction, network->word_vectors + (size_t) word->word * d);
}

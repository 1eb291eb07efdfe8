/*
 * row_network.c
 *	  The row network, forward and backward.
 */
#include "core/network/row_network.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"

#include <math.h>

const InterestDropoutRates InterestDropoutDefault = {
	.sentence = 0.2f, .hidden = 0.1f, .sum = 0.3f, .modality = 0.1f
};

/* Random bits of one element's decision: a quarter of a draw. */
#define MASK_BITS 16
#define MASK_RANGE (1 << MASK_BITS)

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

void
InterestRowNetworkPack(InterestRowNetwork *network, InterestArena *arena)
{
	if (network->features.sentence_width > 0)
		InterestLinearPack(&network->sentence, arena);
	InterestLinearPack(&network->hidden, arena);
	InterestLinearPack(&network->output, arena);
}

/* --- dropout --- */

/* One stream a row, so that its choices depend on nothing but its key. */
static InterestRandom *
NewRandoms(const InterestRowDropout *dropout, int rows, InterestArena *arena)
{
	InterestRandom *randoms = InterestArenaArray(arena, InterestRandom, rows);

	for (int i = 0; i < rows; i++)
		randoms[i] = InterestRandomKeyed(dropout->seed, dropout->epoch,
										 dropout->keys[i].user, dropout->keys[i].position);
	return randoms;
}

/* mask (n): 0 at the rate, else what keeps the mean. */
static void
FillMask(InterestRandom *random, float rate, int n, float *mask)
{
	uint32_t	dropped = (uint32_t) llrint((double) rate * MASK_RANGE);
	float		kept = (float) MASK_RANGE / (float) (MASK_RANGE - dropped);
	uint64_t	bits = 0;

	for (int j = 0; j < n; j++, bits >>= MASK_BITS)
	{
		if (j % (64 / MASK_BITS) == 0)
			bits = InterestRandomNext(random);
		mask[j] = bits % MASK_RANGE < dropped ? 0.0f : kept;
	}
}

static void
Multiply(int n, const float *mask, float *x)
{
	for (int j = 0; j < n; j++)
		x[j] *= mask[j];
}

/* --- forward --- */

/*
 * Lists the rows that each modality is present in.  Training drops at most one
 * modality of a row, and none from a row that has no other.
 */
static void
ListModalities(const InterestRowDropout *dropout, InterestRandom *randoms,
			   InterestArena *arena, InterestRowTape *tape)
{
	for (int m = 0; m < INTEREST_MODALITIES; m++)
	{
		tape->count[m] = 0;
		tape->row_of[m] = InterestArenaArray(arena, int, tape->rows);
	}
	for (int i = 0; i < tape->rows; i++)
	{
		bool		present[INTEREST_MODALITIES] = {tape->inputs[i]->sentence != NULL, true};

		if (dropout && present[INTEREST_SENTENCE])
		{
			double		draw = InterestRandomUniform(&randoms[i]);

			for (int m = 0; m < INTEREST_MODALITIES; m++)
				if (draw >= m * dropout->rates.modality && draw < (m + 1) * dropout->rates.modality)
					present[m] = false;
		}
		for (int m = 0; m < INTEREST_MODALITIES; m++)
			if (present[m])
				tape->row_of[m][tape->count[m]++] = i;
	}
}

/* z_t = W_t (scale h) + b_t */
static void
ForwardSentence(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
				const InterestRowDropout *dropout, InterestRandom *randoms,
				InterestRowTape *tape)
{
	int			width = network->features.sentence_width;
	int			count = tape->count[INTEREST_SENTENCE];
	float	   *mask = dropout ? NewLines(arithmetic, 1, width) : NULL;

	if (count == 0)
		return;
	tape->sentence = NewLines(arithmetic, count, width);
	tape->z[INTEREST_SENTENCE] = NewLines(arithmetic, count, network->dimensions);
	for (int i = 0; i < count; i++)
	{
		int			row = tape->row_of[INTEREST_SENTENCE][i];
		float	   *line = tape->sentence + Line(i, width);

		memcpy(line, tape->inputs[row]->sentence, sizeof(float) * (size_t) width);
		arithmetic->kernel->scale(width, network->sentence_scale, line);
		if (dropout)
		{
			FillMask(&randoms[row], dropout->rates.sentence, width, mask);
			Multiply(width, mask, line);
		}
	}
	InterestLinearForward(&network->sentence, arithmetic, count, tape->sentence,
						  tape->z[INTEREST_SENTENCE]);
}

/* x: what is frozen, and the embeddings' sums. */
static void
GatherInput(const InterestRowNetwork *network, const InterestKernel *kernel,
			const InterestRowInput *input, float *x)
{
	const InterestFeatures *features = &network->features;
	int			embedded = features->width - features->dense_width;

	memcpy(x, input->dense, sizeof(float) * (size_t) features->dense_width);
	memset(x + features->dense_width, 0, sizeof(float) * (size_t) embedded);
	for (int i = 0; i < input->value_count; i++)
	{
		const InterestCategorical *categorical = &features->categoricals[input->values[i].categorical];

		kernel->add(categorical->width,
					network->embeddings + categorical->table + Line(input->values[i].id, categorical->width),
					x + categorical->column);
	}
}

/* z_n = MLP(x -> INTEREST_HIDDEN -> d), GELU */
static void
ForwardNonText(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
			   const InterestRowDropout *dropout, InterestRandom *randoms,
			   InterestRowTape *tape)
{
	int			width = network->features.width;
	int			count = tape->count[INTEREST_NON_TEXT];

	if (count == 0)
		return;
	tape->x = NewLines(arithmetic, count, width);
	tape->before = NewLines(arithmetic, count, INTEREST_HIDDEN);
	tape->hidden = NewLines(arithmetic, count, INTEREST_HIDDEN);
	tape->z[INTEREST_NON_TEXT] = NewLines(arithmetic, count, network->dimensions);
	for (int i = 0; i < count; i++)
		GatherInput(network, arithmetic->kernel, tape->inputs[tape->row_of[INTEREST_NON_TEXT][i]],
					tape->x + Line(i, width));
	InterestLinearForward(&network->hidden, arithmetic, count, tape->x, tape->before);
	if (dropout)
		tape->hidden_mask = NewLines(arithmetic, count, INTEREST_HIDDEN);
	for (int i = 0; i < count; i++)
	{
		float	   *line = tape->hidden + Line(i, INTEREST_HIDDEN);

		memcpy(line, tape->before + Line(i, INTEREST_HIDDEN), sizeof(float) * INTEREST_HIDDEN);
		arithmetic->kernel->gelu(INTEREST_HIDDEN, line);
		if (dropout)
		{
			float	   *mask = tape->hidden_mask + Line(i, INTEREST_HIDDEN);

			FillMask(&randoms[tape->row_of[INTEREST_NON_TEXT][i]], dropout->rates.hidden,
					 INTEREST_HIDDEN, mask);
			Multiply(INTEREST_HIDDEN, mask, line);
		}
	}
	InterestLinearForward(&network->output, arithmetic, count, tape->hidden,
						  tape->z[INTEREST_NON_TEXT]);
}

/* concat: r = b + sum of the present z_m; r (rows, d) is overwritten. */
static void
Fuse(const InterestRowNetwork *network, const InterestKernel *kernel,
	 const InterestRowTape *tape, float *r)
{
	int			d = network->dimensions;

	for (int i = 0; i < tape->rows; i++)
		memcpy(r + Line(i, d), network->bias, sizeof(float) * (size_t) d);
	for (int m = 0; m < INTEREST_MODALITIES; m++)
		for (int i = 0; i < tape->count[m]; i++)
			kernel->add(d, tape->z[m] + Line(i, d), r + Line(tape->row_of[m][i], d));
}

/* r to v: norm 1 when longer.  Returns the factor. */
static float
ClipNorm(const InterestKernel *kernel, int d, float *r)
{
	float		square = kernel->dot(d, r, r);
	float		scale;

	if (!(square > 1.0f))
		return 1.0f;
	scale = (float) (1.0 / sqrt((double) square));
	kernel->scale(d, scale, r);
	return scale;
}

void
InterestRowForward(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
				   int rows, const InterestRowInput *const *inputs,
				   const InterestRowDropout *dropout, InterestRowTape *tape)
{
	const InterestKernel *kernel = arithmetic->kernel;
	InterestArena *arena = arithmetic->scratch;
	InterestRandom *randoms = dropout ? NewRandoms(dropout, rows, arena) : NULL;
	int			d = network->dimensions;

	*tape = (InterestRowTape) {.rows = rows, .inputs = inputs};
	tape->scale = NewLines(arithmetic, rows, 1);
	tape->v = NewLines(arithmetic, rows, d);
	ListModalities(dropout, randoms, arena, tape);
	ForwardSentence(network, arithmetic, dropout, randoms, tape);
	ForwardNonText(network, arithmetic, dropout, randoms, tape);
	Fuse(network, kernel, tape, tape->v);
	if (dropout)
	{
		tape->sum_mask = NewLines(arithmetic, rows, d);
		for (int i = 0; i < rows; i++)
		{
			FillMask(&randoms[i], dropout->rates.sum, d, tape->sum_mask + Line(i, d));
			Multiply(d, tape->sum_mask + Line(i, d), tape->v + Line(i, d));
		}
	}
	for (int i = 0; i < rows; i++)
		tape->scale[i] = ClipNorm(kernel, d, tape->v + Line(i, d));
}

/* --- backward --- */

/*
 * r_gradient (rows, d).  v = r / |r| where it was scaled, so a change of r along
 * v changes nothing.
 */
static void
BackwardClip(const InterestKernel *kernel, int d, const InterestRowTape *tape,
			 const float *v_gradient, float *r_gradient)
{
	for (int i = 0; i < tape->rows; i++)
	{
		float	   *line = r_gradient + Line(i, d);
		const float *v = tape->v + Line(i, d);

		memcpy(line, v_gradient + Line(i, d), sizeof(float) * (size_t) d);
		if (tape->scale[i] < 1.0f)
		{
			kernel->axpy(d, -kernel->dot(d, v, line), v, line);
			kernel->scale(d, tape->scale[i], line);
		}
		if (tape->sum_mask)
			Multiply(d, tape->sum_mask + Line(i, d), line);
	}
}

/* z_gradient (count, d) of a modality; for concat the lines of r_gradient. */
static float *
BackwardFuse(const InterestArithmetic *arithmetic, int d, const InterestRowTape *tape,
			 InterestModality modality, const float *r_gradient)
{
	float	   *z_gradient = NewLines(arithmetic, tape->count[modality], d);

	for (int i = 0; i < tape->count[modality]; i++)
		memcpy(z_gradient + Line(i, d), r_gradient + Line(tape->row_of[modality][i], d),
			   sizeof(float) * (size_t) d);
	return z_gradient;
}

/* gradient (n) times GELU'(x) = Phi(x) + x phi(x), the normal distribution and its density. */
static void
BackwardGelu(size_t n, const float *x, float *gradient)
{
	const double sqrt_half = 0x1.6a09e667f3bcdp-1;
	const double density_0 = 0x1.9884533d43651p-2;	/* 1 / sqrt(2 pi) */

	for (size_t j = 0; j < n; j++)
	{
		double		distribution = 0.5 * (1.0 + InterestErf(x[j] * sqrt_half));
		double		density = density_0 * InterestExp(-0.5 * (double) x[j] * x[j]);

		gradient[j] *= (float) (distribution + x[j] * density);
	}
}

static void
BackwardEmbeddings(const InterestRowNetwork *network, const InterestKernel *kernel,
				   const InterestRowTape *tape, const float *x_gradient, float *tables)
{
	const InterestFeatures *features = &network->features;

	for (int i = 0; i < tape->count[INTEREST_NON_TEXT]; i++)
	{
		const InterestRowInput *input = tape->inputs[tape->row_of[INTEREST_NON_TEXT][i]];
		const float *line = x_gradient + Line(i, features->width);

		for (int j = 0; j < input->value_count; j++)
		{
			const InterestCategorical *categorical = &features->categoricals[input->values[j].categorical];

			kernel->add(categorical->width, line + categorical->column,
						tables + categorical->table + Line(input->values[j].id, categorical->width));
		}
	}
}

static void
BackwardNonText(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
				const InterestRowTape *tape, const float *z_gradient,
				const InterestRowNetwork *gradient)
{
	int			count = tape->count[INTEREST_NON_TEXT];
	size_t		units = Line(count, INTEREST_HIDDEN);
	float	   *unit_gradient = NewLines(arithmetic, count, INTEREST_HIDDEN);
	float	   *x_gradient = NULL;

	if (network->features.categorical_count > 0)
		x_gradient = NewLines(arithmetic, count, network->features.width);
	InterestLinearBackward(&network->output, arithmetic, count, tape->hidden, z_gradient,
						   &gradient->output, unit_gradient);
	for (size_t j = 0; tape->hidden_mask && j < units; j++)
		unit_gradient[j] *= tape->hidden_mask[j];
	BackwardGelu(units, tape->before, unit_gradient);
	InterestLinearBackward(&network->hidden, arithmetic, count, tape->x, unit_gradient,
						   &gradient->hidden, x_gradient);
	if (x_gradient)
		BackwardEmbeddings(network, arithmetic->kernel, tape, x_gradient, gradient->embeddings);
}

void
InterestRowBackward(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
					const InterestRowTape *tape, const float *v_gradient,
					const InterestRowNetwork *gradient)
{
	InterestArenaMark mark = InterestArenaGetMark(arithmetic->scratch);
	int			d = network->dimensions;
	float	   *r_gradient = NewLines(arithmetic, tape->rows, d);
	float	   *z_gradient;

	BackwardClip(arithmetic->kernel, d, tape, v_gradient, r_gradient);
	for (int i = 0; i < tape->rows; i++)
		arithmetic->kernel->add(d, r_gradient + Line(i, d), gradient->bias);
	if (tape->count[INTEREST_SENTENCE] > 0)
	{
		z_gradient = BackwardFuse(arithmetic, d, tape, INTEREST_SENTENCE, r_gradient);
		InterestLinearBackward(&network->sentence, arithmetic, tape->count[INTEREST_SENTENCE],
							   tape->sentence, z_gradient, &gradient->sentence, NULL);
	}
	if (tape->count[INTEREST_NON_TEXT] > 0)
	{
		z_gradient = BackwardFuse(arithmetic, d, tape, INTEREST_NON_TEXT, r_gradient);
		BackwardNonText(network, arithmetic, tape, z_gradient, gradient);
	}
	InterestArenaReturnTo(arithmetic->scratch, mark);
}

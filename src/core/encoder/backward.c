/*
 * backward.c
 *	  Gradients through an encoder to the embeddings of its words.
 *
 * The way forward keeps the hidden states between layers; the way back computes
 * each layer again, so that memory holds the inside of one layer only.  All
 * texts have one length, and their tokens lie end to end.
 */
#include "core/encoder/backward.h"

#include "core/base/deterministic.h"

#include <math.h>
#include <string.h>

/* sqrt(2 / pi), 1 / sqrt(2 pi), and the cubic term of gelu_tanh */
#define TANH_SLOPE 0.7978845608028654
#define NORMAL_DENSITY 0.3989422804014327
#define TANH_CUBE 0.044715

/* Where |x| is smaller, gelu(x) / x is taken from its slope at 0. */
#define GELU_LINEAR 1e-3f

/* Unit vectors that are multiplied at a time. */
#define UNITS 56

/* A norm below this counts as this (core/kernel/kernel.h). */
#define LEAST_NORM 1e-12

typedef enum Matrix
{
	ATTENTION_INPUT, ATTENTION_OUTPUT, EXPAND, CONTRACT
} Matrix;

#define MATRICES 4

/* The matrices of one layer as panels: (n, k) for the way forward, (k, n) back. */
typedef struct Weights
{
	const InterestEncoderLinear *linear[MATRICES];
	int			n[MATRICES];
	int			k[MATRICES];
	const float *forward[MATRICES];
	const float *backward[MATRICES];
} Weights;

/* The inside of a layer. */
typedef struct Inside
{
	float	   *mixed;			/* (tokens, 3 hidden): query, key, value */
	float	   *context;		/* (tokens, hidden) */
	float	   *attended;		/* (tokens, hidden): before the first LayerNorm */
	float	   *middle;			/* (tokens, hidden): after it */
	float	   *before;			/* (tokens, intermediate): before the activation */
	float	   *wide;			/* (tokens, intermediate): after it */
	float	   *contracted;		/* (tokens, hidden): before the second LayerNorm */
} Inside;

typedef struct Way
{
	const InterestEncoder *encoder;
	const InterestKernel *kernel;
	InterestArena *scratch;
	int			texts;
	int			length;
	int			tokens;			/* texts * length */
	int			hidden;
	int			intermediate;
} Way;

static float *
NewLines(const Way *way, int lines, int width)
{
	return InterestArenaArray(way->scratch, float, (size_t) lines * (size_t) width);
}

/* --- weights --- */

/* Makes unit vectors ready for a narrow product, as the way forward does with its rows. */
static void
NarrowUnits(const Way *way, const InterestEncoderLinear *linear, int rows, int k, float *units,
			char *codes, size_t stride, float *margins)
{
	const InterestNarrowKernel *narrow = way->kernel->narrow[way->encoder->config.storage];

	for (int i = 0; i < rows && linear->outliers; i++)
		InterestTakeOutliers(units + (size_t) i * k, linear->outliers, margins + i * INTEREST_INT8_MARGIN + 1);
	narrow->narrow(rows, k, units, k, codes, stride, margins);
	for (int i = 0; i < rows && linear->outliers; i++)
		InterestPutOutliers(units + (size_t) i * k, linear->outliers, margins + i * INTEREST_INT8_MARGIN + 1);
}

/*
 * The transposed weight (k, n): what the layer makes of unit vectors, without
 * its bias.  So it is the values that the products use, of any packing.
 */
static float *
TransposedWeight(const Way *way, const InterestEncoderLinear *linear, int n, int k)
{
	const InterestNarrowKernel *narrow = way->kernel->narrow[way->encoder->config.storage];
	size_t		stride = sizeof(float) * (size_t) (k + INTEREST_ALIGNMENT - k % INTEREST_ALIGNMENT);
	float	   *weight = NewLines(way, k, n);
	float	   *zero = InterestArenaAllocateZero(way->scratch, sizeof(float) * InterestPanelsSize(n, 1));
	float	   *units = InterestArenaAllocateZero(way->scratch, sizeof(float) * UNITS * (size_t) k);
	float	   *margins = NewLines(way, UNITS, INTEREST_INT8_MARGIN);
	char	   *codes = narrow ? InterestArenaAllocateZero(way->scratch, UNITS * stride) : NULL;

	for (int first = 0; first < k; first += UNITS)
	{
		int			rows = k - first < UNITS ? k - first : UNITS;
		float	   *out = weight + (size_t) first * n;

		InterestCheckCancel(way->scratch->host);
		for (int i = 0; i < rows; i++)
			units[(size_t) i * k + first + i] = 1.0f;
		if (narrow)
		{
			NarrowUnits(way, linear, rows, k, units, codes, stride, margins);
			narrow->product(rows, n, k, codes, stride, margins, &linear->weights, zero, out, n);
		}
		else
			way->kernel->product(rows, n, k, units, k, linear->weights.panels, NULL, out, n);
		for (int i = 0; i < rows; i++)
			units[(size_t) i * k + first + i] = 0.0f;
	}
	return weight;
}

/* The panels that a way needs; those of fp32 serve the way forward as they are. */
static void
OpenWeights(const Way *way, int number, bool back, Weights *weights)
{
	const InterestEncoderLayer *layer = &way->encoder->layers[number];
	int			h = way->hidden;
	bool		wide = way->encoder->config.storage == INTEREST_STORAGE_FP32;

	*weights = (Weights) {
		.linear = {&layer->attention_input, &layer->attention_output, &layer->expand, &layer->contract},
		.n = {3 * h, h, way->intermediate, h}, .k = {h, h, h, way->intermediate}
	};
	for (int i = 0; i < MATRICES; i++)
	{
		int			n = weights->n[i];
		int			k = weights->k[i];
		float	   *forward = wide ? NULL : InterestArenaArray(way->scratch, float, InterestPanelsSize(n, k));
		float	   *backward = back ? InterestArenaArray(way->scratch, float, InterestPanelsSize(k, n)) : NULL;
		InterestArenaMark mark = InterestArenaGetMark(way->scratch);

		if (forward || backward)
		{
			float	   *transposed = TransposedWeight(way, weights->linear[i], n, k);

			if (forward)
				InterestPackPanelsTransposed(n, k, transposed, n, forward);
			if (backward)
				InterestPackPanels(k, n, transposed, n, backward);
		}
		weights->forward[i] = wide ? weights->linear[i]->weights.panels : forward;
		weights->backward[i] = backward;
		InterestArenaReturnTo(way->scratch, mark);
	}
}

static void
Forward(const Way *way, const Weights *weights, Matrix matrix, const float *from, float *to)
{
	InterestCheckCancel(way->scratch->host);
	way->kernel->product(way->tokens, weights->n[matrix], weights->k[matrix], from, weights->k[matrix],
						 weights->forward[matrix], weights->linear[matrix]->bias, to, weights->n[matrix]);
}

/* to (tokens, k), gradients of what went in, of from (tokens, n). */
static void
Backward(const Way *way, const Weights *weights, Matrix matrix, const float *from, float *to)
{
	InterestCheckCancel(way->scratch->host);
	way->kernel->product(way->tokens, weights->k[matrix], weights->n[matrix], from, weights->n[matrix],
						 weights->backward[matrix], NULL, to, weights->k[matrix]);
}

/* --- forward --- */

static void
Normalize(const Way *way, InterestEncoderNorm norm, const float *from, float *to)
{
	memcpy(to, from, sizeof(float) * (size_t) way->tokens * way->hidden);
	way->kernel->layer_norm(way->tokens, way->hidden, to, way->hidden, NULL, 0, norm.gain, norm.bias,
							way->encoder->config.layer_norm_epsilon);
}

/* out (tokens, hidden) += x */
static void
AddLines(const Way *way, const float *x, float *out)
{
	for (int i = 0; i < way->tokens; i++)
		way->kernel->add(way->hidden, x + (size_t) i * way->hidden, out + (size_t) i * way->hidden);
}

static float
HeadScale(const Way *way)
{
	return (float) (1.0 / sqrt((double) (way->hidden / way->encoder->config.heads)));
}

/* One head of one text: what its tokens attend to, shares (length, length). */
static void
AttentionShares(const Way *way, const float *query, const float *key, float *shares)
{
	int			n = way->length;
	int			stride = 3 * way->hidden;

	InterestSgemm(false, true, n, n, way->hidden / way->encoder->config.heads, 1.0f, query, stride, key, stride,
				  0.0f, shares, n, way->scratch);
	for (int i = 0; i < n; i++)
		way->kernel->softmax(n, shares + (size_t) i * n, HeadScale(way));
}

static void
Attend(const Way *way, const float *mixed, float *context)
{
	InterestArenaMark mark = InterestArenaGetMark(way->scratch);
	int			h = way->hidden;
	int			size = h / way->encoder->config.heads;
	float	   *shares = NewLines(way, way->length, way->length);

	for (int t = 0; t < way->texts; t++)
		for (int head = 0; head < way->encoder->config.heads; head++)
		{
			const float *query = mixed + (size_t) t * way->length * 3 * h + head * size;

			AttentionShares(way, query, query + h, shares);
			InterestSgemm(false, false, way->length, size, way->length, 1.0f, shares, way->length, query + 2 * h, 3 * h,
						  0.0f, context + (size_t) t * way->length * h + head * size, h, way->scratch);
		}
	InterestArenaReturnTo(way->scratch, mark);
}

static void
Activate(const Way *way, const float *before, float *wide)
{
	InterestActivation kind = way->encoder->config.activation;
	void		(*activation) (int n, float *x) = kind == INTEREST_ACTIVATION_GELU ? way->kernel->gelu :
		kind == INTEREST_ACTIVATION_RELU ? way->kernel->relu : way->kernel->gelu_tanh;

	memcpy(wide, before, sizeof(float) * (size_t) way->tokens * way->intermediate);
	for (int i = 0; i < way->tokens; i++)
		activation(way->intermediate, wide + (size_t) i * way->intermediate);
}

static void
NewInside(const Way *way, Inside *inside)
{
	inside->mixed = NewLines(way, way->tokens, 3 * way->hidden);
	inside->context = NewLines(way, way->tokens, way->hidden);
	inside->attended = NewLines(way, way->tokens, way->hidden);
	inside->middle = NewLines(way, way->tokens, way->hidden);
	inside->before = NewLines(way, way->tokens, way->intermediate);
	inside->wide = NewLines(way, way->tokens, way->intermediate);
	inside->contracted = NewLines(way, way->tokens, way->hidden);
}

/* The inside of a layer whose input is x (tokens, hidden). */
static void
RunLayer(const Way *way, int number, const Weights *weights, const float *x, Inside *inside)
{
	const InterestEncoderLayer *layer = &way->encoder->layers[number];

	Forward(way, weights, ATTENTION_INPUT, x, inside->mixed);
	Attend(way, inside->mixed, inside->context);
	Forward(way, weights, ATTENTION_OUTPUT, inside->context, inside->attended);
	AddLines(way, x, inside->attended);
	Normalize(way, layer->attention_norm, inside->attended, inside->middle);
	Forward(way, weights, EXPAND, inside->middle, inside->before);
	Activate(way, inside->before, inside->wide);
	Forward(way, weights, CONTRACT, inside->wide, inside->contracted);
	AddLines(way, inside->middle, inside->contracted);
}

/* Embeddings before their LayerNorm: words and positions. */
static float *
AddPositions(const Way *way, const float *words)
{
	float	   *sum = NewLines(way, way->tokens, way->hidden);

	memcpy(sum, words, sizeof(float) * (size_t) way->tokens * way->hidden);
	for (int t = 0; t < way->texts; t++)
		for (int i = 0; i < way->length; i++)
			way->kernel->add(way->hidden, way->encoder->positions + (size_t) i * way->hidden,
							 sum + ((size_t) t * way->length + i) * way->hidden);
	return sum;
}

/* The pooled vector of a text, not yet normalized. */
static void
PoolText(const Way *way, const float *x, float *out)
{
	switch (way->encoder->config.pooling)
	{
		case INTEREST_POOLING_CLS:
			memcpy(out, x, sizeof(float) * (size_t) way->hidden);
			break;
		case INTEREST_POOLING_MAX:
			way->kernel->max_rows(way->length, way->hidden, x, way->hidden, out);
			break;
		case INTEREST_POOLING_MEAN:
			way->kernel->mean_rows(way->length, way->hidden, x, way->hidden, out);
			break;
	}
}

/* --- backward --- */

/*
 * gradient (tokens, hidden), of LayerNorm(from), to that of from, in place:
 * with g = gain gradient and y the normalised from, (g - mean g - y mean(g y)) / deviation.
 */
static void
BackwardNorm(const Way *way, InterestEncoderNorm norm, const float *from, float *gradient)
{
	int			h = way->hidden;

	for (int i = 0; i < way->tokens; i++, from += h, gradient += h)
	{
		double		mean = 0.0;
		double		variance = 0.0;
		double		mean_g = 0.0;
		double		mean_gy = 0.0;
		double		scale;

		for (int j = 0; j < h; j++)
			mean += from[j];
		mean /= h;
		for (int j = 0; j < h; j++)
			variance += (from[j] - mean) * (from[j] - mean);
		scale = 1.0 / sqrt(variance / h + (double) way->encoder->config.layer_norm_epsilon);
		for (int j = 0; j < h; j++)
		{
			gradient[j] *= norm.gain[j];
			mean_g += gradient[j];
			mean_gy += gradient[j] * (from[j] - mean) * scale;
		}
		mean_g /= h;
		mean_gy /= h;
		for (int j = 0; j < h; j++)
			gradient[j] = (float) (scale * (gradient[j] - mean_g - (from[j] - mean) * scale * mean_gy));
	}
}

/* The slope of the activation at x, of which value is its value. */
static double
Slope(InterestActivation kind, float x, float value)
{
	double		share;

	if (kind == INTEREST_ACTIVATION_RELU)
		return x > 0.0f;
	share = fabsf(x) < GELU_LINEAR ? 0.5 + NORMAL_DENSITY * x : (double) value / x;
	if (kind == INTEREST_ACTIVATION_GELU)
		return share + x * NORMAL_DENSITY * InterestExp(-0.5 * (double) x * x);
	return share + 2.0 * x * share * (1.0 - share) * TANH_SLOPE * (1.0 + 3.0 * TANH_CUBE * (double) x * x);
}

static void
BackwardActivation(const Way *way, const Inside *inside, float *gradient)
{
	size_t		n = (size_t) way->tokens * way->intermediate;

	for (size_t i = 0; i < n; i++)
		gradient[i] *= (float) Slope(way->encoder->config.activation, inside->before[i], inside->wide[i]);
}

/*
 * One head of one text: gradient (length, head size) of its context to those of
 * query, key and value.  P = softmax(scale Q K'), C = P V.
 */
static void
BackwardHead(const Way *way, const float *query, const float *context_gradient, float *shares, float *through,
			 float *query_gradient)
{
	int			n = way->length;
	int			h = way->hidden;
	int			stride = 3 * h;
	int			size = h / way->encoder->config.heads;
	float		scale = HeadScale(way);

	AttentionShares(way, query, query + h, shares);
	InterestSgemm(true, false, n, size, n, 1.0f, shares, n, context_gradient, h,
				  0.0f, query_gradient + 2 * h, stride, way->scratch);
	InterestSgemm(false, true, n, n, size, 1.0f, context_gradient, h, query + 2 * h, stride,
				  0.0f, through, n, way->scratch);
	for (int i = 0; i < n; i++)
	{
		const float *p = shares + (size_t) i * n;
		float	   *d = through + (size_t) i * n;
		float		mean = way->kernel->dot(n, p, d);

		for (int j = 0; j < n; j++)
			d[j] = p[j] * (d[j] - mean);
	}
	InterestSgemm(false, false, n, size, n, scale, through, n, query + h, stride,
				  0.0f, query_gradient, stride, way->scratch);
	InterestSgemm(true, false, n, size, n, scale, through, n, query, stride,
				  0.0f, query_gradient + h, stride, way->scratch);
}

static void
BackwardAttention(const Way *way, const float *mixed, const float *context_gradient, float *mixed_gradient)
{
	InterestArenaMark mark = InterestArenaGetMark(way->scratch);
	int			size = way->hidden / way->encoder->config.heads;
	float	   *shares = NewLines(way, way->length, way->length);
	float	   *through = NewLines(way, way->length, way->length);

	for (int t = 0; t < way->texts; t++)
		for (int head = 0; head < way->encoder->config.heads; head++)
		{
			size_t		line = (size_t) t * way->length * way->hidden;
			size_t		at = 3 * line + (size_t) head * size;

			BackwardHead(way, mixed + at, context_gradient + line + head * size, shares, through,
						 mixed_gradient + at);
		}
	InterestArenaReturnTo(way->scratch, mark);
}

/* gradient (tokens, hidden) of a layer's output to that of its input x, in place. */
static void
BackwardLayer(const Way *way, int number, const float *x, float *gradient)
{
	InterestArenaMark mark = InterestArenaGetMark(way->scratch);
	const InterestEncoderLayer *layer = &way->encoder->layers[number];
	float	   *wide = NewLines(way, way->tokens, way->intermediate);
	float	   *mixed = NewLines(way, way->tokens, 3 * way->hidden);
	float	   *narrow = NewLines(way, way->tokens, way->hidden);
	Weights		weights;
	Inside		inside;

	OpenWeights(way, number, true, &weights);
	NewInside(way, &inside);
	RunLayer(way, number, &weights, x, &inside);

	BackwardNorm(way, layer->output_norm, inside.contracted, gradient);
	Backward(way, &weights, CONTRACT, gradient, wide);
	BackwardActivation(way, &inside, wide);
	Backward(way, &weights, EXPAND, wide, narrow);
	AddLines(way, narrow, gradient);
	BackwardNorm(way, layer->attention_norm, inside.attended, gradient);
	Backward(way, &weights, ATTENTION_OUTPUT, gradient, narrow);
	BackwardAttention(way, inside.mixed, narrow, mixed);
	Backward(way, &weights, ATTENTION_INPUT, mixed, narrow);
	AddLines(way, narrow, gradient);
	InterestArenaReturnTo(way->scratch, mark);
}

/* The gradient of a text's pooled vector (hidden), not yet normalized, to its tokens' x (length, hidden). */
static void
BackwardPool(const Way *way, const float *x, const float *pooled, const float *pooled_gradient, float *gradient)
{
	int			h = way->hidden;

	for (int i = 0; i < way->length; i++)
		for (int j = 0; j < h; j++)
		{
			size_t		at = (size_t) i * h + j;
			bool		first = i == 0;

			switch (way->encoder->config.pooling)
			{
				case INTEREST_POOLING_CLS:
					gradient[at] = first ? pooled_gradient[j] : 0.0f;
					break;
				case INTEREST_POOLING_MAX:
					gradient[at] = x[at] == pooled[j] ? pooled_gradient[j] : 0.0f;
					break;
				case INTEREST_POOLING_MEAN:
					gradient[at] = pooled_gradient[j] / (float) way->length;
					break;
			}
		}
}

/* Pools every text, asks the objective, and goes back to x (tokens, hidden). */
static void
TurnRound(const Way *way, const float *x, const InterestEncoderObjective *objective, float *out, float *gradient)
{
	InterestArenaMark mark = InterestArenaGetMark(way->scratch);
	int			h = way->hidden;
	float	   *pooled = NewLines(way, 1, h);
	float	   *pooled_gradient = NewLines(way, 1, h);

	for (int t = 0; t < way->texts; t++)
	{
		size_t		line = (size_t) t * way->length * h;
		float	   *vector = out + (size_t) t * h;

		PoolText(way, x + line, pooled);
		memcpy(vector, pooled, sizeof(float) * (size_t) h);
		if (way->encoder->config.normalize)
			way->kernel->normalize(h, vector);
		objective->gradient(objective->context, t, vector, pooled_gradient);
		if (way->encoder->config.normalize)
		{
			double		norm = sqrt((double) way->kernel->dot(h, pooled, pooled));

			way->kernel->axpy(h, -way->kernel->dot(h, vector, pooled_gradient), vector, pooled_gradient);
			way->kernel->scale(h, (float) (1.0 / (norm > LEAST_NORM ? norm : LEAST_NORM)), pooled_gradient);
		}
		BackwardPool(way, x + line, pooled, pooled_gradient, gradient + line);
	}
	InterestArenaReturnTo(way->scratch, mark);
}

/* The hidden states before each layer and after the last, of the embeddings' sums. */
static float **
RunLayers(const Way *way, const float *embedded)
{
	int			layers = way->encoder->config.layers;
	float	  **x = InterestArenaArray(way->scratch, float *, layers + 1);
	InterestArenaMark mark;
	Inside		inside;

	for (int i = 0; i <= layers; i++)
		x[i] = NewLines(way, way->tokens, way->hidden);
	mark = InterestArenaGetMark(way->scratch);
	NewInside(way, &inside);
	Normalize(way, way->encoder->embedding_norm, embedded, x[0]);
	for (int i = 0; i < layers; i++)
	{
		InterestArenaMark layer = InterestArenaGetMark(way->scratch);
		Weights		weights;

		OpenWeights(way, i, false, &weights);
		RunLayer(way, i, &weights, x[i], &inside);
		Normalize(way, way->encoder->layers[i].output_norm, inside.contracted, x[i + 1]);
		InterestArenaReturnTo(way->scratch, layer);
	}
	InterestArenaReturnTo(way->scratch, mark);
	return x;
}

void
InterestEncodeBackward(const InterestEncoder *encoder, InterestArena *scratch, int texts, int length,
					   const float *words, const InterestEncoderObjective *objective, float *out,
					   float *gradient)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const Way	way = {
		.encoder = encoder, .kernel = encoder->kernel, .scratch = scratch, .texts = texts, .length = length,
		.tokens = texts * length, .hidden = encoder->config.hidden, .intermediate = encoder->config.intermediate
	};
	float	   *embedded = AddPositions(&way, words);
	float	  **x = RunLayers(&way, embedded);

	TurnRound(&way, x[encoder->config.layers], objective, out, gradient);
	for (int i = encoder->config.layers; i-- > 0;)
		BackwardLayer(&way, i, x[i], gradient);
	BackwardNorm(&way, encoder->embedding_norm, embedded, gradient);
	InterestArenaReturnTo(scratch, mark);
}

void
InterestEncodeAttention(const InterestEncoder *encoder, InterestArena *scratch, int length, const int32_t *ids,
						float *weights)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			h = encoder->config.hidden;
	int			heads = encoder->config.heads;
	const Way	way = {
		.encoder = encoder, .kernel = encoder->kernel, .scratch = scratch, .texts = 1, .length = length,
		.tokens = length, .hidden = h, .intermediate = encoder->config.intermediate
	};
	float	   *words = NewLines(&way, length, h);
	float	   *mixed = NewLines(&way, length, 3 * h);
	float	   *shares = NewLines(&way, length, length);
	Weights		matrices;

	for (int i = 0; i < length; i++)
		InterestEncoderWord(encoder, ids[i], words + (size_t) i * h);
	OpenWeights(&way, encoder->config.layers - 1, false, &matrices);
	Forward(&way, &matrices, ATTENTION_INPUT, RunLayers(&way, AddPositions(&way, words))[encoder->config.layers - 1], mixed);
	memset(weights, 0, sizeof(float) * (size_t) length);
	for (int head = 0; head < heads; head++)
	{
		AttentionShares(&way, mixed + head * (h / heads), mixed + h + head * (h / heads), shares);
		for (int i = 0; i < length * length; i++)
			weights[i % length] += shares[i] / (float) (heads * length);
	}
	InterestArenaReturnTo(scratch, mark);
}

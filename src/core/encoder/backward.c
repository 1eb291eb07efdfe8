/*
 * backward.c
 *	  Gradients through an encoder to the embeddings of its words.
 *
 * The way forward keeps, of every layer, what the way back looks at: a tape.
 * All texts have one length, and their tokens lie end to end.
 */
#include "core/encoder/backward.h"

#include "core/encoder/attention.h"

#include <math.h>
#include <string.h>

/* sqrt(2 / pi) and the cubic term of gelu_tanh */
#define TANH_SLOPE 0.7978845608028654
#define TANH_CUBE 0.044715

/* Where |x| is smaller, gelu_tanh(x) / x is taken to be that at 0. */
#define GELU_LINEAR 1e-6f

/* A norm below this counts as this (core/kernel/kernel.h). */
#define LEAST_NORM 1e-12

typedef enum Matrix
{
	ATTENTION_INPUT, ATTENTION_OUTPUT, EXPAND, CONTRACT
} Matrix;

#define MATRICES 4

/* The matrices of one layer as panels of fp32: (n, k) for the way forward, (k, n) back. */
typedef struct Weights
{
	const InterestEncoderLinear *linear;
	int			n;
	int			k;
	const float *forward;
	float	   *widened;		/* what forward is where the storage is another; or NULL */
	float	   *backward;
} Weights;

/* Rows of tokens. */
typedef struct Lines
{
	float	   *x;
	int			width;
	int			stride;
} Lines;

/* What the way back looks at. */
typedef struct Inside
{
	Lines		mixed;			/* query, key, value */
	Lines		attended;		/* before the first LayerNorm */
	Lines		slope;			/* of the activation */
	Lines		contracted;		/* before the second LayerNorm */
} Inside;

struct InterestEncoderTape
{
	const InterestEncoder *encoder;
	const InterestKernel *kernel;
	const InterestHost *host;
	int			length;
	int			tokens;			/* of the texts that are on their way */

	Lines		embedded;		/* before the embeddings' LayerNorm */
	Inside		layers[INTEREST_ENCODER_MAX_LAYERS];

	/* The hidden states on the way forward, their gradient on the way back. */
	Lines		x;
	Lines		gradient;

	/* Within a layer. */
	Lines		context;
	Lines		middle;			/* after the first LayerNorm */
	Lines		wide;
	Lines		mixed_gradient;
	Weights		weights[MATRICES];
	InterestAttentionGradient attention;
};

typedef InterestEncoderTape Tape;

static Lines
NewLines(InterestArena *arena, int lines, int width)
{
	int			stride = InterestRowStride(width);

	return (Lines) {InterestArenaArray(arena, float, (size_t) lines * (size_t) stride), width, stride};
}

static void
NewWeights(Tape *tape, InterestArena *arena, Matrix matrix, int n, int k)
{
	Weights    *weights = &tape->weights[matrix];

	weights->n = n;
	weights->k = k;
	if (tape->encoder->config.storage != INTEREST_STORAGE_FP32)
		weights->widened = InterestArenaArray(arena, float, InterestPanelsSize(n, k));
	/* Products read whole panels, so these must hold numbers everywhere. */
	weights->backward = InterestArenaAllocateZero(arena, sizeof(float) * InterestPanelsSize(k, n));
}

InterestEncoderTape *
InterestEncoderTapeMake(const InterestEncoder *encoder, InterestArena *arena, int texts, int length)
{
	const InterestEncoderConfig *config = &encoder->config;
	int			tokens = texts * length;
	int			h = config->hidden;
	Tape	   *tape = InterestArenaAllocateZero(arena, sizeof(Tape));

	tape->encoder = encoder;
	tape->kernel = encoder->kernel;
	tape->host = arena->host;
	tape->length = length;
	tape->embedded = NewLines(arena, tokens, h);
	for (int i = 0; i < config->layers; i++)
		tape->layers[i] = (Inside) {
			NewLines(arena, tokens, 3 * h), NewLines(arena, tokens, h),
			NewLines(arena, tokens, config->intermediate), NewLines(arena, tokens, h)
		};
	tape->x = NewLines(arena, tokens, h);
	tape->gradient = NewLines(arena, tokens, h);
	tape->context = NewLines(arena, tokens, h);
	tape->middle = NewLines(arena, tokens, h);
	tape->wide = NewLines(arena, tokens, config->intermediate);
	tape->mixed_gradient = NewLines(arena, tokens, 3 * h);
	NewWeights(tape, arena, ATTENTION_INPUT, 3 * h, h);
	NewWeights(tape, arena, ATTENTION_OUTPUT, h, h);
	NewWeights(tape, arena, EXPAND, config->intermediate, h);
	NewWeights(tape, arena, CONTRACT, h, config->intermediate);
	InterestAttentionGradientInit(&tape->attention, tape->kernel, arena, h, config->heads, length);
	return tape;
}

/* The weights of a layer, ready for a way. */
static void
OpenWeights(Tape *tape, int number, bool back)
{
	const InterestEncoderLayer *layer = &tape->encoder->layers[number];
	const InterestEncoderLinear *const linears[MATRICES] = {
		&layer->attention_input, &layer->attention_output, &layer->expand, &layer->contract
	};

	for (int i = 0; i < MATRICES; i++)
	{
		Weights    *weights = &tape->weights[i];

		InterestCheckCancel(tape->host);
		weights->linear = linears[i];
		weights->forward = weights->widened ? weights->widened : linears[i]->weights.panels;
		if (weights->widened)
			InterestWidenPanels(tape->encoder->config.storage, weights->n, weights->k,
								&linears[i]->weights, linears[i]->outliers, weights->widened);
		if (back)
			InterestTransposePanels(tape->kernel, weights->n, weights->k, weights->forward, weights->backward);
	}
}

static void
Forward(const Tape *tape, Matrix matrix, Lines from, Lines to)
{
	const Weights *weights = &tape->weights[matrix];

	InterestCheckCancel(tape->host);
	tape->kernel->product(tape->tokens, weights->n, weights->k, from.x, from.stride,
						  weights->forward, weights->linear->bias, to.x, to.stride);
}

/* to, gradients of what went in, of from. */
static void
Backward(const Tape *tape, Matrix matrix, Lines from, Lines to)
{
	const Weights *weights = &tape->weights[matrix];

	InterestCheckCancel(tape->host);
	tape->kernel->product(tape->tokens, weights->k, weights->n, from.x, from.stride,
						  weights->backward, NULL, to.x, to.stride);
}

/* --- forward --- */

/* from += residual; to = LayerNorm(from) */
static void
AddAndNormalize(const Tape *tape, InterestEncoderNorm norm, Lines residual, Lines from, Lines to)
{
	for (int i = 0; i < tape->tokens; i++)
	{
		float	   *line = from.x + (size_t) i * from.stride;
		float	   *out = to.x + (size_t) i * to.stride;

		tape->kernel->add(from.width, residual.x + (size_t) i * residual.stride, line);
		memcpy(out, line, sizeof(float) * (size_t) from.width);
		tape->kernel->layer_norm(1, from.width, out, to.stride, NULL, 0, norm.gain, norm.bias,
								 tape->encoder->config.layer_norm_epsilon);
	}
}

/* The slope of the activation at x, of which value is its value. */
static double
Slope(InterestActivation kind, float x, float value)
{
	double		share = fabsf(x) < GELU_LINEAR ? 0.5 : (double) value / x;

	if (kind == INTEREST_ACTIVATION_RELU)
		return x > 0.0f;
	return share + 2.0 * x * share * (1.0 - share) * TANH_SLOPE * (1.0 + 3.0 * TANH_CUBE * (double) x * x);
}

static void
Activate(const Tape *tape, Lines wide, Lines slope)
{
	InterestActivation kind = tape->encoder->config.activation;

	for (int i = 0; i < tape->tokens; i++)
	{
		float	   *x = wide.x + (size_t) i * wide.stride;
		float	   *slopes = slope.x + (size_t) i * slope.stride;

		if (kind == INTEREST_ACTIVATION_GELU)
		{
			tape->kernel->gelu_slope(wide.width, x, slopes);
			continue;
		}
		memcpy(slopes, x, sizeof(float) * (size_t) wide.width);
		(kind == INTEREST_ACTIVATION_RELU ? tape->kernel->relu : tape->kernel->gelu_tanh) (wide.width, x);
		for (int j = 0; j < wide.width; j++)
			slopes[j] = (float) Slope(kind, slopes[j], x[j]);
	}
}

/* x through a layer, in place. */
static void
RunLayer(Tape *tape, int number)
{
	const InterestEncoderLayer *layer = &tape->encoder->layers[number];
	const Inside *inside = &tape->layers[number];

	OpenWeights(tape, number, false);
	Forward(tape, ATTENTION_INPUT, tape->x, inside->mixed);
	for (int first = 0; first < tape->tokens; first += tape->length)
		InterestAttend(&tape->attention.attention, tape->length, inside->mixed.x + (size_t) first * inside->mixed.stride,
					   tape->context.x + (size_t) first * tape->context.stride);
	Forward(tape, ATTENTION_OUTPUT, tape->context, inside->attended);
	AddAndNormalize(tape, layer->attention_norm, tape->x, inside->attended, tape->middle);
	Forward(tape, EXPAND, tape->middle, tape->wide);
	Activate(tape, tape->wide, inside->slope);
	Forward(tape, CONTRACT, tape->wide, inside->contracted);
	AddAndNormalize(tape, layer->output_norm, tape->middle, inside->contracted, tape->x);
}

/* The hidden states after the last layer, of words (tokens, hidden). */
static void
RunLayers(Tape *tape, const float *words)
{
	const Lines embedded = tape->embedded;
	size_t		size = sizeof(float) * (size_t) embedded.width;

	for (int i = 0; i < tape->tokens; i++)
	{
		memcpy(embedded.x + (size_t) i * embedded.stride, words + (size_t) i * embedded.width, size);
		memcpy(tape->x.x + (size_t) i * tape->x.stride,
			   tape->encoder->positions + (size_t) (i % tape->length) * embedded.width, size);
	}
	AddAndNormalize(tape, tape->encoder->embedding_norm, tape->x, embedded, tape->x);
	for (int i = 0; i < tape->encoder->config.layers; i++)
		RunLayer(tape, i);
}

/* The pooled vector of a text, not yet normalized. */
static void
PoolText(const Tape *tape, const float *x, float *out)
{
	int			h = tape->x.width;

	switch (tape->encoder->config.pooling)
	{
		case INTEREST_POOLING_CLS:
			memcpy(out, x, sizeof(float) * (size_t) h);
			break;
		case INTEREST_POOLING_MAX:
			tape->kernel->max_rows(tape->length, h, x, tape->x.stride, out);
			break;
		case INTEREST_POOLING_MEAN:
			tape->kernel->mean_rows(tape->length, h, x, tape->x.stride, out);
			break;
	}
}

/* --- backward --- */

/* The gradient by LayerNorm(from), to that by from, in place. */
static void
BackwardNorm(const Tape *tape, InterestEncoderNorm norm, Lines from)
{
	tape->kernel->layer_norm_gradient(tape->tokens, from.width, from.x, from.stride, norm.gain,
									  tape->encoder->config.layer_norm_epsilon,
									  tape->gradient.x, tape->gradient.stride);
}

/* gradient += x */
static void
AddLines(const Tape *tape, Lines x)
{
	for (int i = 0; i < tape->tokens; i++)
		tape->kernel->add(x.width, x.x + (size_t) i * x.stride, tape->gradient.x + (size_t) i * tape->gradient.stride);
}

/* The gradient by a layer's output, to that by its input, in place. */
static void
BackwardLayer(Tape *tape, int number)
{
	const InterestEncoderLayer *layer = &tape->encoder->layers[number];
	const Inside *inside = &tape->layers[number];

	OpenWeights(tape, number, true);
	BackwardNorm(tape, layer->output_norm, inside->contracted);
	Backward(tape, CONTRACT, tape->gradient, tape->wide);
	for (int i = 0; i < tape->tokens; i++)
		tape->kernel->multiply(tape->wide.width, inside->slope.x + (size_t) i * inside->slope.stride,
							   tape->wide.x + (size_t) i * tape->wide.stride);
	Backward(tape, EXPAND, tape->wide, tape->middle);
	AddLines(tape, tape->middle);
	BackwardNorm(tape, layer->attention_norm, inside->attended);
	Backward(tape, ATTENTION_OUTPUT, tape->gradient, tape->context);
	for (int first = 0; first < tape->tokens; first += tape->length)
		InterestAttendBackward(&tape->attention, tape->length, inside->mixed.x + (size_t) first * inside->mixed.stride,
							   tape->context.x + (size_t) first * tape->context.stride,
							   tape->mixed_gradient.x + (size_t) first * tape->mixed_gradient.stride);
	Backward(tape, ATTENTION_INPUT, tape->mixed_gradient, tape->middle);
	AddLines(tape, tape->middle);
}

/* The gradient of a text's pooled vector (hidden), not yet normalized, to its tokens' x. */
static void
BackwardPool(const Tape *tape, const float *x, const float *pooled, const float *pooled_gradient, float *gradient)
{
	for (int i = 0; i < tape->length; i++, x += tape->x.stride, gradient += tape->gradient.stride)
		for (int j = 0; j < tape->x.width; j++)
			switch (tape->encoder->config.pooling)
			{
				case INTEREST_POOLING_CLS:
					gradient[j] = i == 0 ? pooled_gradient[j] : 0.0f;
					break;
				case INTEREST_POOLING_MAX:
					gradient[j] = x[j] == pooled[j] ? pooled_gradient[j] : 0.0f;
					break;
				case INTEREST_POOLING_MEAN:
					gradient[j] = pooled_gradient[j] / (float) tape->length;
					break;
			}
}

/* Pools a text, asks the objective, and goes back to its x; pooled and pooled_gradient are scratch. */
static void
TurnRound(const Tape *tape, int text, const InterestEncoderObjective *objective, float *vector,
		  float *pooled, float *pooled_gradient)
{
	int			h = tape->x.width;
	size_t		first = (size_t) text * tape->length;
	const float *x = tape->x.x + first * tape->x.stride;

	PoolText(tape, x, pooled);
	memcpy(vector, pooled, sizeof(float) * (size_t) h);
	if (tape->encoder->config.normalize)
		tape->kernel->normalize(h, vector);
	objective->gradient(objective->context, text, vector, pooled_gradient);
	if (tape->encoder->config.normalize)
	{
		double		norm = sqrt((double) tape->kernel->dot(h, pooled, pooled));

		tape->kernel->axpy(h, -tape->kernel->dot(h, vector, pooled_gradient), vector, pooled_gradient);
		tape->kernel->scale(h, (float) (1.0 / (norm > LEAST_NORM ? norm : LEAST_NORM)), pooled_gradient);
	}
	BackwardPool(tape, x, pooled, pooled_gradient, tape->gradient.x + first * tape->gradient.stride);
}

void
InterestEncodeBackward(InterestEncoderTape *tape, int texts, const float *words,
					   const InterestEncoderObjective *objective, float *out, float *gradient)
{
	int			h = tape->x.width;

	tape->tokens = texts * tape->length;
	RunLayers(tape, words);
	for (int t = 0; t < texts; t++)
		TurnRound(tape, t, objective, out + (size_t) t * h, tape->middle.x, tape->context.x);
	for (int i = tape->encoder->config.layers; i-- > 0;)
		BackwardLayer(tape, i);
	BackwardNorm(tape, tape->encoder->embedding_norm, tape->embedded);
	for (int i = 0; i < tape->tokens; i++)
		memcpy(gradient + (size_t) i * h, tape->gradient.x + (size_t) i * tape->gradient.stride, sizeof(float) * (size_t) h);
}

void
InterestEncodeAttention(const InterestEncoder *encoder, InterestArena *scratch, int length, const int32_t *ids,
						float *weights)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const InterestEncoderConfig *config = &encoder->config;
	int			size = config->hidden / config->heads;
	int			stride = InterestAttentionStride(length);
	Tape	   *tape = InterestEncoderTapeMake(encoder, scratch, 1, length);
	float	   *words = InterestArenaArray(scratch, float, (size_t) length * config->hidden);

	for (int i = 0; i < length; i++)
		InterestEncoderWord(encoder, ids[i], words + (size_t) i * config->hidden);
	tape->tokens = length;
	RunLayers(tape, words);
	memset(weights, 0, sizeof(float) * (size_t) length);
	for (int head = 0; head < config->heads; head++)
	{
		const float *shares = tape->attention.shares;

		InterestAttentionShares(&tape->attention.attention, length,
								tape->layers[config->layers - 1].mixed.x + head * size, tape->attention.shares);
		for (int i = 0; i < length; i++)
			for (int j = 0; j < length; j++)
				weights[j] += shares[(size_t) i * stride + j] / (float) (config->heads * length);
	}
	InterestArenaReturnTo(scratch, mark);
}

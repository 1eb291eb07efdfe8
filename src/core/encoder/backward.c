/*
 * backward.c
 *	  Gradients through an encoder to the embeddings of its words, and to its
 *	  weights where these learn.
 *
 * The way forward keeps, of every layer, what the way back looks at: a tape.
 * The tokens of all texts lie end to end.
 */
#include "core/encoder/backward.h"

#include "core/encoder/attention.h"
#include "core/encoder/weights.h"

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

	/* What goes into the matrices; of layers that learn, else they share the tape's. */
	Lines		input;			/* without x: not kept */
	Lines		context;
	Lines		middle;			/* after the first LayerNorm */
	Lines		wide;
} Inside;

struct InterestEncoderTape
{
	const InterestEncoder *encoder;
	const InterestKernel *kernel;
	const InterestHost *host;

	/* The texts that are on their way. */
	int			texts;
	const int  *lengths;
	int			tokens;

	const InterestEncoderLearning *learning;	/* or NULL */
	InterestArena *scratch;		/* of sgemm */
	float	   *ones;			/* (hidden), and the next two; where weights learn */
	float	   *zeros;
	float	   *normal;

	Lines		embedded;		/* before the embeddings' LayerNorm */
	Inside		layers[INTEREST_ENCODER_MAX_LAYERS];

	/* The hidden states on the way forward, their gradient on the way back. */
	Lines		x;
	Lines		gradient;

	/* Within a layer, and on the way back. */
	Lines		context;
	Lines		middle;
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

static float *
LineAt(Lines lines, int i)
{
	return lines.x + (size_t) i * lines.stride;
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

/* Whether the weights of a layer have gradients. */
static bool
Learns(const Tape *tape, int layer)
{
	return tape->learning && layer >= tape->learning->first;
}

/* A layer that the way back does not come to leaves what it has to the next one. */
static Inside
NewInside(Tape *tape, InterestArena *arena, int layer, int tokens)
{
	const InterestEncoderConfig *config = &tape->encoder->config;
	int			h = config->hidden;
	Inside		inside;

	if (tape->learning && layer > 0 && layer <= tape->learning->first)
		inside = tape->layers[layer - 1];
	else
		inside = (Inside) {
			.mixed = NewLines(arena, tokens, 3 * h), .attended = NewLines(arena, tokens, h),
			.slope = NewLines(arena, tokens, config->intermediate), .contracted = NewLines(arena, tokens, h),
			.context = tape->context, .middle = tape->middle, .wide = tape->wide
		};
	if (Learns(tape, layer))
	{
		inside.input = NewLines(arena, tokens, h);
		inside.context = NewLines(arena, tokens, h);
		inside.middle = NewLines(arena, tokens, h);
		inside.wide = NewLines(arena, tokens, config->intermediate);
	}
	return inside;
}

static void
NewLearning(Tape *tape, InterestArena *arena, const InterestEncoderLearning *learning)
{
	int			h = tape->encoder->config.hidden;

	tape->learning = learning;
	tape->scratch = arena;
	if (learning == NULL)
		return;
	tape->ones = InterestArenaArray(arena, float, h);
	tape->zeros = InterestArenaAllocateZero(arena, sizeof(float) * (size_t) h);
	tape->normal = InterestArenaArray(arena, float, h);
	for (int j = 0; j < h; j++)
		tape->ones[j] = 1.0f;
}

InterestEncoderTape *
InterestEncoderTapeMake(const InterestEncoder *encoder, InterestArena *arena, int tokens, int longest,
						const InterestEncoderLearning *learning)
{
	const InterestEncoderConfig *config = &encoder->config;
	int			h = config->hidden;
	Tape	   *tape = InterestArenaAllocateZero(arena, sizeof(Tape));

	tape->encoder = encoder;
	tape->kernel = encoder->kernel;
	tape->host = arena->host;
	NewLearning(tape, arena, learning);
	tape->embedded = NewLines(arena, tokens, h);
	tape->x = NewLines(arena, tokens, h);
	tape->gradient = NewLines(arena, tokens, h);
	tape->context = NewLines(arena, tokens, h);
	tape->middle = NewLines(arena, tokens, h);
	tape->wide = NewLines(arena, tokens, config->intermediate);
	tape->mixed_gradient = NewLines(arena, tokens, 3 * h);
	for (int i = 0; i < config->layers; i++)
		tape->layers[i] = NewInside(tape, arena, i, tokens);
	NewWeights(tape, arena, ATTENTION_INPUT, 3 * h, h);
	NewWeights(tape, arena, ATTENTION_OUTPUT, h, h);
	NewWeights(tape, arena, EXPAND, config->intermediate, h);
	NewWeights(tape, arena, CONTRACT, h, config->intermediate);
	InterestAttentionGradientInit(&tape->attention, tape->kernel, arena, h, config->heads, longest);
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

/* to (tokens, n) = from (tokens, k) times panels, plus bias. */
static void
Multiply(const Tape *tape, int n, int k, Lines from, const float *panels, const float *bias, Lines to)
{
	int			block = (int) (INTEREST_CANCEL_WORK / ((int64_t) n * k)) + 1;

	for (int first = 0; first < tape->tokens; first += block)
	{
		int			left = tape->tokens - first;

		InterestCheckCancel(tape->host);
		tape->kernel->product(block < left ? block : left, n, k, from.x + (size_t) first * from.stride, from.stride,
							  panels, bias, to.x + (size_t) first * to.stride, to.stride);
	}
}

static void
Forward(const Tape *tape, Matrix matrix, Lines from, Lines to)
{
	const Weights *weights = &tape->weights[matrix];

	Multiply(tape, weights->n, weights->k, from, weights->forward, weights->linear->bias, to);
}

/* to, gradients of what went in, of from. */
static void
Backward(const Tape *tape, Matrix matrix, Lines from, Lines to)
{
	const Weights *weights = &tape->weights[matrix];

	Multiply(tape, weights->k, weights->n, from, weights->backward, NULL, to);
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
	if (inside->input.x)
		memcpy(inside->input.x, tape->x.x, sizeof(float) * (size_t) tape->tokens * tape->x.stride);
	Forward(tape, ATTENTION_INPUT, tape->x, inside->mixed);
	for (int t = 0, first = 0; t < tape->texts; first += tape->lengths[t++])
		InterestAttend(&tape->attention.attention, tape->lengths[t], LineAt(inside->mixed, first),
					   LineAt(inside->context, first));
	Forward(tape, ATTENTION_OUTPUT, inside->context, inside->attended);
	AddAndNormalize(tape, layer->attention_norm, tape->x, inside->attended, inside->middle);
	Forward(tape, EXPAND, inside->middle, inside->wide);
	Activate(tape, inside->wide, inside->slope);
	Forward(tape, CONTRACT, inside->wide, inside->contracted);
	AddAndNormalize(tape, layer->output_norm, inside->middle, inside->contracted, tape->x);
}

/* The hidden states after the last layer, of the words (tokens, hidden) of texts. */
static void
RunLayers(Tape *tape, int texts, const int *lengths, const float *words)
{
	const Lines embedded = tape->embedded;
	size_t		size = sizeof(float) * (size_t) embedded.width;

	tape->texts = texts;
	tape->lengths = lengths;
	tape->tokens = 0;
	for (int t = 0; t < texts; t++)
		for (int i = 0; i < lengths[t]; i++, tape->tokens++, words += embedded.width)
		{
			memcpy(LineAt(embedded, tape->tokens), words, size);
			memcpy(LineAt(tape->x, tape->tokens), tape->encoder->positions + (size_t) i * embedded.width, size);
		}
	AddAndNormalize(tape, tape->encoder->embedding_norm, tape->x, embedded, tape->x);
	for (int i = 0; i < tape->encoder->config.layers; i++)
		RunLayer(tape, i);
}

/* The pooled vector of a text of length tokens, not yet normalized. */
static void
PoolText(const Tape *tape, int length, const float *x, float *out)
{
	int			h = tape->x.width;

	switch (tape->encoder->config.pooling)
	{
		case INTEREST_POOLING_CLS:
			memcpy(out, x, sizeof(float) * (size_t) h);
			break;
		case INTEREST_POOLING_MAX:
			tape->kernel->max_rows(length, h, x, tape->x.stride, out);
			break;
		case INTEREST_POOLING_MEAN:
			tape->kernel->mean_rows(length, h, x, tape->x.stride, out);
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

/* Where the gradient of a tensor is added up: of a layer's, or of one before them (-1). */
static float *
GradientOf(const Tape *tape, int layer, int place)
{
	return tape->learning->gradient + InterestEncoderTensorOffset(&tape->encoder->config, layer, place) -
		tape->learning->start;
}

/* The columns from first on of the gradient by what a matrix gives (tokens, n), and from (tokens, k): its weights', its bias'. */
static void
LearnLinear(const Tape *tape, int layer, int weight, int n, Lines output_gradient, int first, Lines from)
{
	float	   *gradient;
	int			block;

	if (!Learns(tape, layer))
		return;
	output_gradient.x += first;
	gradient = GradientOf(tape, layer, weight);
	block = (int) (INTEREST_CANCEL_WORK / ((int64_t) tape->tokens * from.width)) + 1;
	for (int row = 0; row < n; row += block)
	{
		InterestCheckCancel(tape->host);
		tape->learning->sgemm(true, false, block < n - row ? block : n - row, from.width, tape->tokens, 1.0f,
							  output_gradient.x + row, output_gradient.stride, from.x, from.stride,
							  1.0f, gradient + (size_t) row * from.width, from.width, tape->scratch);
	}
	gradient = GradientOf(tape, layer, weight + 1);
	for (int i = 0; i < tape->tokens; i++)
		tape->kernel->add(n, LineAt(output_gradient, i), gradient);
}

/* Of a LayerNorm of from whose gain is that tensor, and whose bias the next one. */
static void
LearnNorm(const Tape *tape, int layer, int gain, Lines from)
{
	float	   *gains;
	float	   *biases;

	if (tape->learning == NULL)
		return;
	gains = GradientOf(tape, layer, gain);
	biases = GradientOf(tape, layer, gain + 1);
	for (int i = 0; i < tape->tokens; i++)
	{
		const float *gradient = LineAt(tape->gradient, i);

		memcpy(tape->normal, LineAt(from, i), sizeof(float) * (size_t) from.width);
		tape->kernel->layer_norm(1, from.width, tape->normal, from.stride, NULL, 0, tape->ones, tape->zeros,
								 tape->encoder->config.layer_norm_epsilon);
		tape->kernel->multiply(from.width, gradient, tape->normal);
		tape->kernel->add(from.width, tape->normal, gains);
		tape->kernel->add(from.width, gradient, biases);
	}
}

/* Positions and the token type, of which a token's embedding is the sum. */
static void
LearnPositions(const Tape *tape)
{
	int			h = tape->gradient.width;
	float	   *positions;
	float	   *type;

	if (tape->learning == NULL)
		return;
	positions = GradientOf(tape, -1, INTEREST_TENSOR_POSITIONS);
	type = GradientOf(tape, -1, INTEREST_TENSOR_TOKEN_TYPES);
	for (int t = 0, token = 0; t < tape->texts; t++)
		for (int i = 0; i < tape->lengths[t]; i++, token++)
		{
			tape->kernel->add(h, LineAt(tape->gradient, token), positions + (size_t) i * h);
			tape->kernel->add(h, LineAt(tape->gradient, token), type);
		}
}

static void
LearnMixed(const Tape *tape, int layer)
{
	static const int tensors[] = {INTEREST_TENSOR_QUERY_WEIGHT, INTEREST_TENSOR_KEY_WEIGHT, INTEREST_TENSOR_VALUE_WEIGHT};
	int			h = tape->x.width;

	for (int i = 0; i < 3; i++)
		LearnLinear(tape, layer, tensors[i], h, tape->mixed_gradient, i * h, tape->layers[layer].input);
}

/* The gradient by a layer's output, to that by its input, in place. */
static void
BackwardLayer(Tape *tape, int number)
{
	const InterestEncoderLayer *layer = &tape->encoder->layers[number];
	const Inside *inside = &tape->layers[number];

	OpenWeights(tape, number, true);
	LearnNorm(tape, number, INTEREST_TENSOR_OUTPUT_NORM_GAIN, inside->contracted);
	BackwardNorm(tape, layer->output_norm, inside->contracted);
	LearnLinear(tape, number, INTEREST_TENSOR_CONTRACT_WEIGHT, tape->gradient.width, tape->gradient, 0, inside->wide);
	Backward(tape, CONTRACT, tape->gradient, tape->wide);
	for (int i = 0; i < tape->tokens; i++)
		tape->kernel->multiply(tape->wide.width, LineAt(inside->slope, i), LineAt(tape->wide, i));
	LearnLinear(tape, number, INTEREST_TENSOR_EXPAND_WEIGHT, tape->wide.width, tape->wide, 0, inside->middle);
	Backward(tape, EXPAND, tape->wide, tape->middle);
	AddLines(tape, tape->middle);
	LearnNorm(tape, number, INTEREST_TENSOR_ATTENTION_NORM_GAIN, inside->attended);
	BackwardNorm(tape, layer->attention_norm, inside->attended);
	LearnLinear(tape, number, INTEREST_TENSOR_ATTENTION_OUTPUT_WEIGHT, tape->gradient.width, tape->gradient, 0,
				inside->context);
	Backward(tape, ATTENTION_OUTPUT, tape->gradient, tape->context);
	for (int t = 0, first = 0; t < tape->texts; first += tape->lengths[t++])
		InterestAttendBackward(&tape->attention, tape->lengths[t], LineAt(inside->mixed, first),
							   LineAt(tape->context, first), LineAt(tape->mixed_gradient, first));
	LearnMixed(tape, number);
	Backward(tape, ATTENTION_INPUT, tape->mixed_gradient, tape->middle);
	AddLines(tape, tape->middle);
}

/* The gradient of a text's pooled vector (hidden), not yet normalized, to its tokens' x. */
static void
BackwardPool(const Tape *tape, int length, const float *x, const float *pooled, const float *pooled_gradient, float *gradient)
{
	for (int i = 0; i < length; i++, x += tape->x.stride, gradient += tape->gradient.stride)
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
					gradient[j] = pooled_gradient[j] / (float) length;
					break;
			}
}

/* Pools a text whose tokens begin at first, asks the objective, and goes back to its x; pooled and pooled_gradient are scratch. */
static void
TurnRound(const Tape *tape, int text, int first, const InterestEncoderObjective *objective, float *vector,
		  float *pooled, float *pooled_gradient)
{
	int			h = tape->x.width;
	int			length = tape->lengths[text];
	const float *x = LineAt(tape->x, first);

	PoolText(tape, length, x, pooled);
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
	BackwardPool(tape, length, x, pooled, pooled_gradient, LineAt(tape->gradient, first));
}

void
InterestEncodeBackward(InterestEncoderTape *tape, int texts, const int *lengths, const float *words,
					   const InterestEncoderObjective *objective, float *out, float *gradient)
{
	int			h = tape->x.width;
	int			end = tape->learning ? tape->learning->first : 0;

	RunLayers(tape, texts, lengths, words);
	for (int t = 0, first = 0; t < texts; first += lengths[t++])
		TurnRound(tape, t, first, objective, out + (size_t) t * h, tape->middle.x, tape->context.x);
	for (int i = tape->encoder->config.layers; i-- > end;)
		BackwardLayer(tape, i);
	if (gradient == NULL)
		return;
	LearnNorm(tape, -1, INTEREST_TENSOR_EMBEDDING_NORM_GAIN, tape->embedded);
	BackwardNorm(tape, tape->encoder->embedding_norm, tape->embedded);
	LearnPositions(tape);
	for (int i = 0; i < tape->tokens; i++)
		memcpy(gradient + (size_t) i * h, LineAt(tape->gradient, i), sizeof(float) * (size_t) h);
}

void
InterestEncodeAttention(const InterestEncoder *encoder, InterestArena *scratch, int length, const int32_t *ids,
						float *weights)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	const InterestEncoderConfig *config = &encoder->config;
	int			size = config->hidden / config->heads;
	int			stride = InterestAttentionStride(length);
	Tape	   *tape = InterestEncoderTapeMake(encoder, scratch, length, length, NULL);
	float	   *words = InterestArenaArray(scratch, float, (size_t) length * config->hidden);

	for (int i = 0; i < length; i++)
		InterestEncoderWord(encoder, ids[i], words + (size_t) i * config->hidden);
	RunLayers(tape, 1, &length, words);
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

/*
 * forward.c
 *	  Token ids to pooled vectors.
 *
 * Texts run through the layers together, their tokens end to end without
 * padding; only attention looks at one text at a time.  Every step treats a
 * token by itself or a text by itself, so the company a text keeps does not
 * change a bit of its vector.
 */
#include "core/encoder/encoder.h"

#include "core/encoder/attention.h"
#include "core/encoder/weights.h"

#include <math.h>
#include <string.h>

typedef struct Pass
{
	const InterestEncoder *encoder;
	const InterestKernel *kernel;
	const InterestNarrowKernel *narrow; /* NULL for fp32 */
	const InterestHost *host;
	const InterestEncoderObserver *observer;	/* or NULL */
	float	   *magnitudes;		/* to be measured, or NULL */

	int			texts;
	int			tokens;
	const int32_t *ids;			/* (tokens) */
	const int  *lengths;		/* (texts) */

	/* Row strides of the buffers below, in floats. */
	int			hidden_stride;
	int			mixed_stride;
	int			wide_stride;

	float	   *x;				/* (tokens, hidden): the hidden states */
	float	   *mixed;			/* (tokens, 3 hidden): query, key, value; then a layer's output */
	float	   *context;		/* (tokens, hidden): what attention gathered */
	float	   *wide;			/* (tokens, intermediate) */

	/* What goes into the next product, narrowed; not for fp32. */
	char	   *codes;			/* (tokens, hidden or intermediate) */
	float	   *margins;		/* (tokens, INTEREST_INT8_MARGIN) */

	InterestAttention attention;
} Pass;

/* A row stride for the codes of n numbers, in bytes. */
static size_t
CodeStride(const Pass *pass, int n)
{
	return sizeof(float) * (size_t) InterestRowStride((n * pass->narrow->code_size + 3) / 4);
}

static float *
NewMatrix(InterestArena *scratch, int rows, int stride)
{
	return InterestArenaArray(scratch, float, (size_t) rows * stride);
}

/* Buffers for passes of up to tokens tokens and texts of up to longest. */
static void
NewBuffers(Pass *pass, InterestArena *scratch, int tokens, int longest)
{
	const InterestEncoderConfig *config = &pass->encoder->config;

	pass->hidden_stride = InterestRowStride(config->hidden);
	pass->mixed_stride = InterestRowStride(3 * config->hidden);
	pass->wide_stride = InterestRowStride(config->intermediate);
	pass->x = NewMatrix(scratch, tokens, pass->hidden_stride);
	pass->mixed = NewMatrix(scratch, tokens, pass->mixed_stride);
	pass->context = NewMatrix(scratch, tokens, pass->hidden_stride);
	pass->wide = NewMatrix(scratch, tokens, pass->wide_stride);
	if (pass->narrow)
	{
		int			widest = config->hidden > config->intermediate ? config->hidden : config->intermediate;

		pass->codes = InterestArenaAllocate(scratch, CodeStride(pass, widest) * (size_t) tokens);
		pass->margins = InterestArenaArray(scratch, float, (size_t) tokens * INTEREST_INT8_MARGIN);
	}
	InterestAttentionInit(&pass->attention, pass->kernel, scratch, config->hidden, config->heads, longest);
}

/* Makes rows (n) of tokens from first on ready for the layer that they go into next. */
static void
Narrow(const Pass *pass, const InterestEncoderLinear *next, int first, int rows,
	   int n, float *x, int stride)
{
	float	   *margins = pass->margins + (size_t) first * INTEREST_INT8_MARGIN;

	for (int i = 0; i < rows && next->outliers; i++)
		InterestTakeOutliers(x + (size_t) i * stride, next->outliers, margins + i * INTEREST_INT8_MARGIN + 1);
	pass->narrow->narrow(rows, n, x, stride, pass->codes + first * CodeStride(pass, n),
						 CodeStride(pass, n), margins);
	for (int i = 0; i < rows && next->outliers; i++)
		InterestPutOutliers(x + (size_t) i * stride, next->outliers, margins + i * INTEREST_INT8_MARGIN + 1);
}

/* to (tokens, n) = from (tokens, k) through a linear layer; narrowed rows in its place. */
static void
Linear(const Pass *pass, const InterestEncoderLinear *linear, int n, int k,
	   const float *from, int from_stride, float *to, int to_stride)
{
	int			block = (int) (INTEREST_CANCEL_WORK / ((int64_t) n * k)) + 1;

	for (int first = 0; first < pass->tokens; first += block)
	{
		int			left = pass->tokens - first;
		int			rows = block < left ? block : left;
		float	   *out = to + (size_t) first * to_stride;

		InterestCheckCancel(pass->host);
		if (pass->narrow)
			pass->narrow->product(rows, n, k, pass->codes + first * CodeStride(pass, k), CodeStride(pass, k),
								  pass->margins + (size_t) first * INTEREST_INT8_MARGIN,
								  &linear->weights, linear->bias, out, to_stride);
		else
			pass->kernel->product(rows, n, k, from + (size_t) first * from_stride, from_stride,
								  linear->weights.panels, linear->bias, out, to_stride);
	}
}

/* How many rows go through elementwise steps together from token i on, to stay in the first-level cache. */
#define ROWS_AT_ONCE 4

static int
RowsAtOnce(const Pass *pass, int i)
{
	return pass->tokens - i < ROWS_AT_ONCE ? pass->tokens - i : ROWS_AT_ONCE;
}

/* x = LayerNorm(x + residual), residual (tokens, hidden). */
static void
AddAndNormalize(const Pass *pass, const float *residual, int residual_stride,
				InterestEncoderNorm norm, const InterestEncoderLinear *next)
{
	const InterestEncoderConfig *config = &pass->encoder->config;

	for (int i = 0; i < pass->tokens; i += ROWS_AT_ONCE)
	{
		int			rows = RowsAtOnce(pass, i);
		float	   *x = pass->x + (size_t) i * pass->hidden_stride;

		pass->kernel->layer_norm(rows, config->hidden, x, pass->hidden_stride,
								 residual + (size_t) i * residual_stride, residual_stride,
								 norm.gain, norm.bias, config->layer_norm_epsilon);
		if (pass->narrow && next)
			Narrow(pass, next, i, rows, config->hidden, x, pass->hidden_stride);
	}
}

/* The embeddings of every token: its word and its position in its text. */
static void
Embed(const Pass *pass)
{
	const InterestEncoder *encoder = pass->encoder;
	const InterestEncoderConfig *config = &encoder->config;
	const InterestEncoderNorm norm = encoder->embedding_norm;
	const int32_t *id = pass->ids;
	float	   *x = pass->x;

	for (int t = 0; t < pass->texts; t++)
	{
		int			length = pass->lengths[t];

		for (int i = 0; i < length; i++)
			InterestEncoderWord(encoder, *id++, x + (size_t) i * pass->hidden_stride);
		pass->kernel->layer_norm(length, config->hidden, x, pass->hidden_stride,
								 encoder->positions, config->hidden,
								 norm.gain, norm.bias, config->layer_norm_epsilon);
		x += (size_t) length * pass->hidden_stride;
	}
	if (pass->narrow)
		Narrow(pass, &encoder->layers[0].attention_input, 0, pass->tokens,
			   config->hidden, pass->x, pass->hidden_stride);
}

static void
Attend(const Pass *pass, const InterestEncoderLinear *next)
{
	const InterestEncoderConfig *config = &pass->encoder->config;
	const float *mixed = pass->mixed;
	float	   *context = pass->context;

	for (int t = 0; t < pass->texts; t++)
	{
		InterestAttend(&pass->attention, pass->lengths[t], mixed, context);
		mixed += (size_t) pass->lengths[t] * pass->mixed_stride;
		context += (size_t) pass->lengths[t] * pass->hidden_stride;
	}
	if (pass->narrow)
		Narrow(pass, next, 0, pass->tokens, config->hidden, pass->context, pass->hidden_stride);
}

static void
Activate(const Pass *pass, const InterestEncoderLinear *next)
{
	const InterestEncoderConfig *config = &pass->encoder->config;
	void		(*activation) (int n, float *x) = pass->kernel->gelu;

	if (config->activation == INTEREST_ACTIVATION_GELU_TANH)
		activation = pass->kernel->gelu_tanh;
	else if (config->activation == INTEREST_ACTIVATION_RELU)
		activation = pass->kernel->relu;
	else if (config->storage == INTEREST_STORAGE_INT8)
		activation = pass->kernel->gelu_coarse;
	for (int i = 0; i < pass->tokens; i += ROWS_AT_ONCE)
	{
		int			rows = RowsAtOnce(pass, i);
		float	   *x = pass->wide + (size_t) i * pass->wide_stride;

		for (int j = 0; j < rows; j++)
			activation(config->intermediate, x + (size_t) j * pass->wide_stride);
		if (pass->narrow)
			Narrow(pass, next, i, rows, config->intermediate, x, pass->wide_stride);
	}
}

/* Raises the magnitudes of an input (tokens, width) of a layer. */
static void
Measure(const Pass *pass, int layer, InterestEncoderInput input,
		const float *x, int stride, int width)
{
	float	   *magnitudes;

	if (pass->magnitudes == NULL)
		return;
	magnitudes = pass->magnitudes + InterestEncoderMagnitudesOffset(&pass->encoder->config, layer, input);
	for (int i = 0; i < pass->tokens; i++, x += stride)
		for (int j = 0; j < width; j++)
			if (fabsf(x[j]) > magnitudes[j])
				magnitudes[j] = fabsf(x[j]);
}

/* The last layer's output goes into no other. */
static void
RunLayer(const Pass *pass, int number)
{
	const InterestEncoderConfig *config = &pass->encoder->config;
	const InterestEncoderLayer *layer = pass->encoder->layers + number;
	const InterestEncoderLinear *next = number + 1 < config->layers ? &layer[1].attention_input : NULL;
	int			hidden = config->hidden;
	int			intermediate = config->intermediate;

	Measure(pass, number, INTEREST_INPUT_ATTENTION, pass->x, pass->hidden_stride, hidden);
	Linear(pass, &layer->attention_input, 3 * hidden, hidden,
		   pass->x, pass->hidden_stride, pass->mixed, pass->mixed_stride);
	Attend(pass, &layer->attention_output);
	Measure(pass, number, INTEREST_INPUT_OUTPUT, pass->context, pass->hidden_stride, hidden);
	Linear(pass, &layer->attention_output, hidden, hidden,
		   pass->context, pass->hidden_stride, pass->mixed, pass->hidden_stride);
	AddAndNormalize(pass, pass->mixed, pass->hidden_stride, layer->attention_norm, &layer->expand);

	Measure(pass, number, INTEREST_INPUT_EXPAND, pass->x, pass->hidden_stride, hidden);
	Linear(pass, &layer->expand, intermediate, hidden,
		   pass->x, pass->hidden_stride, pass->wide, pass->wide_stride);
	Activate(pass, &layer->contract);
	Measure(pass, number, INTEREST_INPUT_CONTRACT, pass->wide, pass->wide_stride, intermediate);
	Linear(pass, &layer->contract, hidden, intermediate,
		   pass->wide, pass->wide_stride, pass->mixed, pass->hidden_stride);
	AddAndNormalize(pass, pass->mixed, pass->hidden_stride, layer->output_norm, next);
}

/* out (texts, hidden) from the last hidden states. */
static void
Pool(const Pass *pass, float *out)
{
	const InterestEncoderConfig *config = &pass->encoder->config;
	const float *x = pass->x;

	for (int t = 0; t < pass->texts; t++, out += config->hidden)
	{
		int			length = pass->lengths[t];

		if (config->pooling == INTEREST_POOLING_CLS)
			memcpy(out, x, sizeof(float) * (size_t) config->hidden);
		else if (config->pooling == INTEREST_POOLING_MAX)
			pass->kernel->max_rows(length, config->hidden, x, pass->hidden_stride, out);
		else
			pass->kernel->mean_rows(length, config->hidden, x, pass->hidden_stride, out);
		if (config->normalize)
			pass->kernel->normalize(config->hidden, out);
		x += (size_t) length * pass->hidden_stride;
	}
}

static void
Observe(const Pass *pass, int layer)
{
	if (pass->observer)
		pass->observer->see(pass->observer->context, layer, pass->tokens,
							pass->x, pass->hidden_stride);
}

static void
RunPass(const Pass *pass, float *out)
{
	const InterestEncoder *encoder = pass->encoder;

	Embed(pass);
	Observe(pass, 0);
	for (int i = 0; i < encoder->config.layers; i++)
	{
		RunLayer(pass, i);
		Observe(pass, i + 1);
	}
	Pool(pass, out);
}

static bool
CheckTexts(const InterestEncoderConfig *config, int texts, const int32_t *ids,
		   const int *lengths, InterestStatus *status)
{
	for (int t = 0; t < texts; t++)
	{
		if (lengths[t] < 1 || lengths[t] > config->positions)
			return InterestFail(status, INTEREST_INVALID_ARGUMENT,
								"text of %d tokens for an encoder of %d positions",
								lengths[t], config->positions);
		for (int i = 0; i < lengths[t]; i++, ids++)
			if (*ids < 0 || *ids >= config->vocabulary_size)
				return InterestFail(status, INTEREST_INVALID_ARGUMENT,
									"token %d for a vocabulary of %d",
									(int) *ids, config->vocabulary_size);
	}
	return true;
}

/* The texts from the front that make the next pass, and their tokens. */
static void
NextPass(int texts, const int *lengths, int *pass_texts, int *pass_tokens)
{
	int			t = 1;
	int			tokens = lengths[0];

	while (t < texts && tokens + lengths[t] <= INTEREST_ENCODER_PASS_TOKENS)
		tokens += lengths[t++];
	*pass_texts = t;
	*pass_tokens = tokens;
}

/* The tokens of the largest pass and of the longest text. */
static void
MeasurePasses(int texts, const int *lengths, int *tokens, int *longest)
{
	*tokens = 0;
	*longest = 0;
	for (int done = 0, n; done < texts; done += n)
	{
		int			here;

		NextPass(texts - done, lengths + done, &n, &here);
		*tokens = here > *tokens ? here : *tokens;
		for (int t = done; t < done + n; t++)
			*longest = lengths[t] > *longest ? lengths[t] : *longest;
	}
}

static bool
CheckFinite(const float *out, size_t n, InterestStatus *status)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(out[i]))
		{
			InterestFail(status, INTEREST_DATA_EXCEPTION,
						 "encoder made a vector that is not finite");
			return InterestDetail(status, "Its weights are too large for single precision.");
		}
	return true;
}

/* All of it; observer and magnitudes may be NULL. */
static bool
Encode(const InterestEncoder *encoder, InterestArena *scratch,
	   int texts, const int32_t *ids, const int *lengths, float *out,
	   const InterestEncoderObserver *observer, float *magnitudes, InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Pass		pass;
	int			tokens;
	int			longest;
	float	   *vectors = out;

	if (!CheckTexts(&encoder->config, texts, ids, lengths, status))
		return false;
	pass.encoder = encoder;
	pass.kernel = encoder->kernel;
	pass.narrow = encoder->kernel->narrow[encoder->config.storage];
	pass.host = scratch->host;
	pass.observer = observer;
	pass.magnitudes = magnitudes;
	pass.ids = ids;
	pass.lengths = lengths;
	MeasurePasses(texts, lengths, &tokens, &longest);
	NewBuffers(&pass, scratch, tokens, longest);
	for (int done = 0; done < texts; done += pass.texts)
	{
		NextPass(texts - done, pass.lengths, &pass.texts, &pass.tokens);
		RunPass(&pass, vectors);
		pass.ids += pass.tokens;
		pass.lengths += pass.texts;
		vectors += (size_t) pass.texts * encoder->config.hidden;
	}
	InterestArenaReturnTo(scratch, mark);
	return CheckFinite(out, (size_t) texts * encoder->config.hidden, status);
}

bool
InterestEncode(const InterestEncoder *encoder, InterestArena *scratch,
			   int texts, const int32_t *ids, const int *lengths,
			   float *out, InterestStatus *status)
{
	return Encode(encoder, scratch, texts, ids, lengths, out, NULL, NULL, status);
}

bool
InterestEncodeObserved(const InterestEncoder *encoder, InterestArena *scratch,
					   int texts, const int32_t *ids, const int *lengths, float *out,
					   const InterestEncoderObserver *observer, InterestStatus *status)
{
	return Encode(encoder, scratch, texts, ids, lengths, out, observer, NULL, status);
}

bool
InterestEncoderMeasure(const InterestEncoder *encoder, InterestArena *scratch,
					   int texts, const int32_t *ids, const int *lengths,
					   float *magnitudes, InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	float	   *out = InterestArenaArray(scratch, float, (size_t) texts * encoder->config.hidden);
	bool		finite = Encode(encoder, scratch, texts, ids, lengths, out, NULL, magnitudes, status);

	InterestArenaReturnTo(scratch, mark);
	return finite;
}

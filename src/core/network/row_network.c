/*
 * row_network.c
 *	  The row network, forward and backward.
 */
#include "core/network/row_network.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"

#include <math.h>

const InterestDropoutRates InterestDropoutDefault = {
	.sentence = 0.2f, .words = 0.3f, .hidden = 0.1f, .sum = 0.3f, .modality = 0.1f
};

/* Of LN(h), as in BERT. */
#define VECTOR_EPSILON 1e-12f

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
	for (int i = 0; i < network->features.projection_count; i++)
		InterestLinearPack(&network->projection[i], arena);
	InterestFusionPack(&network->fusion, arena);
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

static bool
IsPresent(const InterestRowInput *input, int modality, int text_count)
{
	const InterestRowTexts *texts = &input->texts;

	if (modality >= INTEREST_FIRST_VECTOR)
		return input->vectors && input->vectors[modality - INTEREST_FIRST_VECTOR] != NULL;
	if (modality == INTEREST_NON_TEXT)
		return input->dense != NULL;
	if (texts->projected)
		return texts->projected[modality] != NULL;
	if (modality == INTEREST_SENTENCE)
		return texts->sentence != NULL;
	for (int i = 0; texts->words && i < text_count; i++)
		if (texts->words[i])
			return true;
	return false;
}

/* Training drops each modality of a row at the rate, but not all that it has. */
static void
DropModalities(float rate, InterestRandom *random, int modalities, bool *present)
{
	bool		kept[INTEREST_MAX_MODALITIES];
	bool		some = false;

	for (int m = 0; m < modalities; m++)
	{
		kept[m] = present[m] && InterestRandomUniform(random) >= rate;
		some = some || kept[m];
	}
	if (some)
		memcpy(present, kept, sizeof(bool) * (size_t) modalities);
}

/* Lists the rows that each modality is present in. */
static void
ListModalities(const InterestRowNetwork *network, const InterestRowDropout *dropout,
			   InterestRandom *randoms, InterestArena *arena, InterestRowTape *tape)
{
	int			modalities = network->fusion.modalities;

	for (int m = 0; m < modalities; m++)
		tape->lines[m] = (InterestModalityLines) {
			.row_of = InterestArenaArray(arena, int, tape->rows),
			.line_of = InterestArenaArray(arena, int, tape->rows)
		};
	for (int i = 0; i < tape->rows; i++)
	{
		bool		present[INTEREST_MAX_MODALITIES];

		for (int m = 0; m < modalities; m++)
			present[m] = IsPresent(tape->inputs[i], m, network->features.text_count);
		if (dropout)
			DropModalities(dropout->rates.modality, &randoms[i], modalities, present);
		for (int m = 0; m < modalities; m++)
		{
			InterestModalityLines *lines = &tape->lines[m];

			lines->line_of[i] = present[m] ? lines->count : -1;
			if (present[m])
				lines->row_of[lines->count++] = i;
		}
	}
}

/* z of rows that come projected. */
static void
CopyProjected(int d, int modality, InterestRowTape *tape)
{
	const InterestModalityLines *lines = &tape->lines[modality];

	for (int i = 0; i < lines->count; i++)
		memcpy(lines->z + Line(i, d), tape->inputs[lines->row_of[i]]->texts.projected[modality],
			   sizeof(float) * (size_t) d);
}

/* z_t = W_t (scale h) + b_t */
static void
ForwardSentence(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
				const InterestRowDropout *dropout, InterestRandom *randoms,
				InterestRowTape *tape)
{
	const InterestModalityLines *lines = &tape->lines[INTEREST_SENTENCE];
	int			width = network->features.sentence_width;
	float	   *mask = dropout ? NewLines(arithmetic, 1, width) : NULL;

	tape->sentence = NewLines(arithmetic, lines->count, width);
	for (int i = 0; i < lines->count; i++)
	{
		int			row = lines->row_of[i];
		float	   *line = tape->sentence + Line(i, width);

		memcpy(line, tape->inputs[row]->texts.sentence, sizeof(float) * (size_t) width);
		arithmetic->kernel->scale(width, network->sentence_scale, line);
		if (dropout)
		{
			FillMask(&randoms[row], dropout->rates.sentence, width, mask);
			Multiply(width, mask, line);
		}
	}
	InterestLinearForward(&network->sentence, arithmetic, lines->count, tape->sentence, lines->z);
}

/* The words of all lines end to end; a line's by ascending number. */
static void
GatherWords(const InterestRowNetwork *network, InterestArena *arena, InterestRowTape *tape)
{
	const InterestModalityLines *lines = &tape->lines[INTEREST_WORDS];
	int			texts = network->features.text_count;
	int			count = 0;

	tape->word_first = InterestArenaArray(arena, int, lines->count + 1);
	for (int i = 0; i < lines->count; i++)
		for (int c = 0; c < texts; c++)
		{
			const InterestWordBlock *block = tape->inputs[lines->row_of[i]]->texts.words[c];

			count += block ? block->count : 0;
		}
	tape->words = InterestArenaArray(arena, InterestRowWord, count);
	count = 0;
	for (int i = 0; i < lines->count; i++)
	{
		tape->word_first[i] = count;
		for (int c = 0; c < texts; c++)
		{
			const InterestWordBlock *block = tape->inputs[lines->row_of[i]]->texts.words[c];

			if (block == NULL)
				continue;
			memcpy(tape->words + count, block->words, sizeof(InterestRowWord) * (size_t) block->count);
			count += block->count;
		}
	}
	tape->word_first[lines->count] = count;
}

/* Leaves out words of each line at random. */
static void
DropWords(const InterestRowDropout *dropout, InterestRandom *randoms, InterestArena *arena,
		  InterestRowTape *tape)
{
	const InterestModalityLines *lines = &tape->lines[INTEREST_WORDS];

	for (int i = 0; i < lines->count; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(arena);
		InterestRowWord *words = tape->words + tape->word_first[i];
		int			count = tape->word_first[i + 1] - tape->word_first[i];
		float	   *mask = InterestArenaArray(arena, float, count);

		FillMask(&randoms[lines->row_of[i]], dropout->rates.words, count, mask);
		for (int j = 0; j < count; j++)
			words[j].weight *= mask[j];
		InterestArenaReturnTo(arena, mark);
	}
}

/* z_w = sum of w v_word */
static void
ForwardWords(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
			 const InterestRowDropout *dropout, InterestRandom *randoms, InterestRowTape *tape)
{
	const InterestModalityLines *lines = &tape->lines[INTEREST_WORDS];
	int			d = network->dimensions;

	GatherWords(network, arithmetic->scratch, tape);
	if (dropout)
		DropWords(dropout, randoms, arithmetic->scratch, tape);
	memset(lines->z, 0, sizeof(float) * Line(lines->count, d));
	for (int i = 0; i < lines->count; i++)
		for (int j = tape->word_first[i]; j < tape->word_first[i + 1]; j++)
			if (tape->words[j].weight != 0.0f)
				arithmetic->kernel->axpy(d, tape->words[j].weight,
										 network->word_vectors + Line(tape->words[j].word, d),
										 lines->z + Line(i, d));
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
	const InterestModalityLines *lines = &tape->lines[INTEREST_NON_TEXT];
	int			width = network->features.width;
	int			count = lines->count;

	tape->x = NewLines(arithmetic, count, width);
	tape->before = NewLines(arithmetic, count, INTEREST_HIDDEN);
	tape->hidden = NewLines(arithmetic, count, INTEREST_HIDDEN);
	for (int i = 0; i < count; i++)
		GatherInput(network, arithmetic->kernel, tape->inputs[lines->row_of[i]], tape->x + Line(i, width));
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

			FillMask(&randoms[lines->row_of[i]], dropout->rates.hidden, INTEREST_HIDDEN, mask);
			Multiply(INTEREST_HIDDEN, mask, line);
		}
	}
	InterestLinearForward(&network->output, arithmetic, count, tape->hidden, lines->z);
}

/* LN(h) without gain and bias; divided by its largest element beforehand, h is of any size. */
static void
NormalizeVector(const InterestKernel *kernel, int width, const float *h, const float *ones,
				const float *zeros, float *line)
{
	float		largest = 0.0f;

	for (int j = 0; j < width; j++)
		largest = fabsf(h[j]) > largest ? fabsf(h[j]) : largest;
	for (int j = 0; j < width; j++)
		line[j] = largest > 0.0f ? h[j] / largest : 0.0f;
	kernel->layer_norm(1, width, line, width, NULL, 0, ones, zeros, VECTOR_EPSILON);
}

static const InterestLinear *
ProjectionOf(const InterestRowNetwork *network, int column)
{
	return &network->projection[network->features.vectors[column].projection];
}

/* z_m = W_m LN(h_m) */
static void
ForwardVectors(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
			   const InterestRowDropout *dropout, InterestRandom *randoms, int column,
			   InterestRowTape *tape)
{
	const InterestModalityLines *lines = &tape->lines[INTEREST_FIRST_VECTOR + column];
	int			width = network->features.vectors[column].width;
	float	   *ones = NewLines(arithmetic, 1, width);
	float	   *zeros = InterestArenaAllocateZero(arithmetic->scratch, sizeof(float) * (size_t) width);
	float	   *mask = dropout ? NewLines(arithmetic, 1, width) : NULL;

	for (int j = 0; j < width; j++)
		ones[j] = 1.0f;
	tape->vectors[column] = NewLines(arithmetic, lines->count, width);
	for (int i = 0; i < lines->count; i++)
	{
		int			row = lines->row_of[i];
		float	   *line = tape->vectors[column] + Line(i, width);

		NormalizeVector(arithmetic->kernel, width, tape->inputs[row]->vectors[column], ones, zeros, line);
		if (dropout)
		{
			FillMask(&randoms[row], dropout->rates.sentence, width, mask);
			Multiply(width, mask, line);
		}
	}
	InterestLinearForward(ProjectionOf(network, column), arithmetic, lines->count, tape->vectors[column], lines->z);
}

static void
ForwardModality(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
				const InterestRowDropout *dropout, InterestRandom *randoms,
				int modality, InterestRowTape *tape)
{
	InterestModalityLines *lines = &tape->lines[modality];

	lines->z = NewLines(arithmetic, lines->count, network->dimensions);
	if (lines->count == 0)
		return;
	if (modality < INTEREST_TEXT_MODALITIES && tape->inputs[lines->row_of[0]]->texts.projected)
		CopyProjected(network->dimensions, modality, tape);
	else if (modality == INTEREST_SENTENCE)
		ForwardSentence(network, arithmetic, dropout, randoms, tape);
	else if (modality == INTEREST_WORDS)
		ForwardWords(network, arithmetic, dropout, randoms, tape);
	else if (modality >= INTEREST_FIRST_VECTOR)
		ForwardVectors(network, arithmetic, dropout, randoms, modality - INTEREST_FIRST_VECTOR, tape);
	else
		ForwardNonText(network, arithmetic, dropout, randoms, tape);
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
	ListModalities(network, dropout, randoms, arena, tape);
	for (int m = 0; m < network->fusion.modalities; m++)
		ForwardModality(network, arithmetic, dropout, randoms, m, tape);
	InterestFusionForward(&network->fusion, arithmetic, rows, tape->lines, tape->v, &tape->fusion);
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

void
InterestRowProjectTexts(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
						const InterestRowTexts *texts, float *z,
						const float *projected[INTEREST_TEXT_MODALITIES])
{
	InterestArenaMark mark = InterestArenaGetMark(arithmetic->scratch);
	const InterestRowInput input = {.texts = *texts};
	const InterestRowInput *inputs = &input;
	InterestRowTape tape = {.rows = 1, .inputs = &inputs};

	ListModalities(network, NULL, NULL, arithmetic->scratch, &tape);
	for (int m = 0; m < INTEREST_TEXT_MODALITIES; m++)
	{
		const InterestModalityLines *lines = &tape.lines[m];

		ForwardModality(network, arithmetic, NULL, NULL, m, &tape);
		projected[m] = NULL;
		if (lines->count == 0)
			continue;
		memcpy(z + Line(m, network->dimensions), lines->z, sizeof(float) * (size_t) network->dimensions);
		projected[m] = z + Line(m, network->dimensions);
	}
	InterestArenaReturnTo(arithmetic->scratch, mark);
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

/* Adds to the gradients of the words' vectors. */
static void
BackwardWords(const InterestRowNetwork *network, const InterestKernel *kernel,
			  const InterestRowTape *tape, const float *z_gradient,
			  const InterestRowNetwork *gradient)
{
	InterestTouchedWords *touched = gradient->touched;
	int			d = network->dimensions;

	for (int i = 0; i < tape->lines[INTEREST_WORDS].count; i++)
		for (int j = tape->word_first[i]; j < tape->word_first[i + 1]; j++)
		{
			const InterestRowWord *word = &tape->words[j];
			float	   *vector;

			if (word->weight == 0.0f)
				continue;
			vector = touched ? InterestTouch(touched, word->word) : gradient->word_vectors + Line(word->word, d);
			kernel->axpy(d, word->weight, z_gradient + Line(i, d), vector);
		}
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

	for (int i = 0; i < tape->lines[INTEREST_NON_TEXT].count; i++)
	{
		const InterestRowInput *input = tape->inputs[tape->lines[INTEREST_NON_TEXT].row_of[i]];
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
	int			count = tape->lines[INTEREST_NON_TEXT].count;
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
	float	   *z_gradient[INTEREST_MAX_MODALITIES];

	BackwardClip(arithmetic->kernel, d, tape, v_gradient, r_gradient);
	for (int m = 0; m < network->fusion.modalities; m++)
		z_gradient[m] = NewLines(arithmetic, tape->lines[m].count, d);
	InterestFusionBackward(&network->fusion, arithmetic, &tape->fusion, r_gradient,
						   &gradient->fusion, z_gradient);
	if (tape->lines[INTEREST_SENTENCE].count > 0)
		InterestLinearBackward(&network->sentence, arithmetic, tape->lines[INTEREST_SENTENCE].count,
							   tape->sentence, z_gradient[INTEREST_SENTENCE], &gradient->sentence, NULL);
	if (tape->lines[INTEREST_WORDS].count > 0)
		BackwardWords(network, arithmetic->kernel, tape, z_gradient[INTEREST_WORDS], gradient);
	if (tape->lines[INTEREST_NON_TEXT].count > 0)
		BackwardNonText(network, arithmetic, tape, z_gradient[INTEREST_NON_TEXT], gradient);
	for (int i = 0; i < network->features.vector_count; i++)
		if (tape->lines[INTEREST_FIRST_VECTOR + i].count > 0)
			InterestLinearBackward(ProjectionOf(network, i), arithmetic, tape->lines[INTEREST_FIRST_VECTOR + i].count,
								   tape->vectors[i], z_gradient[INTEREST_FIRST_VECTOR + i],
								   ProjectionOf(gradient, i), NULL);
	InterestArenaReturnTo(arithmetic->scratch, mark);
}

/*
 * tokens.c
 *	  What the tokens of a row's texts say: integrated gradients.
 */
#include "core/explain/tokens.h"

#include <string.h>

/* Tokens that run through the encoder together: enough for its products, within some 50 MB for small ones. */
#define PASS_TOKENS 512

/* A fusion over zeros, for gradients that nobody asks for. */
static InterestFusion
UnaskedGradients(const InterestFusion *fusion, InterestArena *scratch)
{
	size_t		d = (size_t) fusion->dimensions;
	InterestFusion gradient = *fusion;

	gradient.bias = InterestArenaAllocateZero(scratch, sizeof(float) * d);
	gradient.query = InterestArenaAllocateZero(scratch, sizeof(float) * d);
	gradient.alpha = InterestArenaAllocateZero(scratch, sizeof(float) * INTEREST_MAX_MODALITIES);
	for (int m = 0; m < fusion->transforms; m++)
		gradient.transform[m].weight = InterestArenaAllocateZero(scratch, sizeof(float) * d * d);
	gradient.output.weight = InterestArenaAllocateZero(scratch, sizeof(float) * d * d);
	return gradient;
}

/* The gradient of direction . v by r: a change of r along v changes nothing where it was scaled. */
static void
BackwardClip(int d, const InterestRowTape *tape, const double *direction, float *gradient)
{
	double		along = 0.0;

	for (int j = 0; tape->scale[0] < 1.0f && j < d; j++)
		along += direction[j] * tape->v[j];
	for (int j = 0; j < d; j++)
		gradient[j] = (float) (tape->scale[0] * (direction[j] - along * tape->v[j]));
}

double
InterestSentenceGradient(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
						 const InterestRowInput *input, const double *direction, float *gradient)
{
	InterestArena *scratch = arithmetic->scratch;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			d = network->dimensions;
	int			width = network->features.sentence_width;
	InterestFusion unasked = UnaskedGradients(&network->fusion, scratch);
	float	   *r_gradient = InterestArenaArray(scratch, float, d);
	float	   *z_gradient[INTEREST_MAX_MODALITIES];
	double		said = 0.0;
	InterestRowTape tape;

	InterestRowForward(network, arithmetic, 1, &input, NULL, &tape);
	BackwardClip(d, &tape, direction, r_gradient);
	for (int m = 0; m < network->fusion.modalities; m++)
		z_gradient[m] = InterestArenaArray(scratch, float, d);
	InterestFusionBackward(&network->fusion, arithmetic, &tape.fusion, r_gradient, &unasked, z_gradient);
	memset(gradient, 0, sizeof(float) * (size_t) width);
	for (int i = 0; i < d; i++)
	{
		said += direction[i] * tape.v[i];
		for (int j = 0; j < width; j++)
			gradient[j] += network->sentence_scale * z_gradient[INTEREST_SENTENCE][i] *
				network->sentence.weight[(size_t) i * width + j];
	}
	InterestArenaReturnTo(scratch, mark);
	return said;
}

/* What the encoder's objective needs. */
typedef struct Objective
{
	const InterestTokenCase *what;
	InterestArithmetic arithmetic;
} Objective;

/* The row with another sentence. */
static double
AskRow(const Objective *objective, const float *sentence, float *gradient)
{
	InterestRowInput input = *objective->what->input;

	input.texts.sentence = sentence;
	return InterestSentenceGradient(objective->what->network, &objective->arithmetic, &input,
									objective->what->direction, gradient);
}

static void
AskGradient(void *context, int text, const float *vector, float *gradient)
{
	(void) AskRow(context, vector, gradient);
}

/* The ids of the text whose tokens are all the baseline's. */
static int32_t *
BaselineIds(const InterestTokenCase *what, InterestArena *arena)
{
	int32_t    *ids = InterestArenaArray(arena, int32_t, what->length);

	for (int i = 0; i < what->length; i++)
		ids[i] = i == 0 || i == what->length - 1 ? what->ids[i] : what->baseline;
	return ids;
}

/* The values at the ends of the path, by the encoder as it is. */
static bool
ReadEnds(const InterestTokenCase *what, const Objective *objective, const int32_t *baseline, InterestArena *arena,
		 InterestTokenValues *values, InterestStatus *status)
{
	int			hidden = what->encoder->config.hidden;
	float	   *vector = InterestArenaArray(arena, float, hidden);
	float	   *unasked = InterestArenaArray(arena, float, hidden);

	if (!InterestEncode(what->encoder, arena, 1, baseline, &what->length, vector, status))
		return false;
	values->row = AskRow(objective, what->sentence, unasked);
	values->baseline = AskRow(objective, vector, unasked);
	values->baseline_sentence = vector;
	return true;
}

/* Adds to the tokens' values what points (count) of the path, from first on, say. */
static void
IntegratePoints(const InterestTokenCase *what, const InterestQuadrature *quadrature, int first, int count,
				Objective *objective, InterestEncoderTape *tape, const float *from, const float *step,
				InterestArena *arena, double *token)
{
	InterestArenaMark mark = InterestArenaGetMark(arena);
	const InterestEncoderObjective asked = {objective, AskGradient};
	int			hidden = what->encoder->config.hidden;
	int			n = what->length * hidden;
	float	   *words = InterestArenaArray(arena, float, (size_t) count * (size_t) n);
	float	   *gradient = InterestArenaArray(arena, float, (size_t) count * (size_t) n);
	float	   *out = InterestArenaArray(arena, float, count * hidden);
	int		   *lengths = InterestArenaArray(arena, int, count);

	for (int q = 0; q < count; q++)
		for (int i = 0; i < n; i++)
			words[(size_t) q * n + i] = from[i] + (float) quadrature->point[first + q] * step[i];
	for (int q = 0; q < count; q++)
		lengths[q] = what->length;
	InterestEncodeBackward(tape, count, lengths, words, &asked, out, gradient);
	for (int q = 0; q < count; q++)
		for (int i = 0; i < n; i++)
			token[i / hidden] += quadrature->weight[first + q] * step[i] * gradient[(size_t) q * n + i];
	InterestArenaReturnTo(arena, mark);
}

bool
InterestExplainTokens(const InterestTokenCase *what, const InterestQuadrature *quadrature, InterestArena *arena,
					  InterestTokenValues *values, InterestStatus *status)
{
	int			hidden = what->encoder->config.hidden;
	int			n = what->length * hidden;
	int			room = PASS_TOKENS / what->length > 0 ? PASS_TOKENS / what->length : 1;
	int			points = room < INTEREST_QUADRATURE_POINTS ? room : INTEREST_QUADRATURE_POINTS;
	float	   *from = InterestArenaArray(arena, float, n);
	float	   *step = InterestArenaArray(arena, float, n);
	int32_t    *baseline = BaselineIds(what, arena);
	Objective	objective = {
		what, {.kernel = what->encoder->kernel, .sgemm = InterestSgemm, .scratch = arena}
	};
	InterestEncoderTape *tape;

	values->token = InterestArenaAllocateZero(arena, sizeof(double) * (size_t) what->length);
	if (!ReadEnds(what, &objective, baseline, arena, values, status))
		return false;
	for (int i = 0; i < what->length; i++)
	{
		InterestEncoderWord(what->encoder, baseline[i], from + i * hidden);
		InterestEncoderWord(what->encoder, what->ids[i], step + i * hidden);
	}
	for (int i = 0; i < n; i++)
		step[i] -= from[i];
	tape = InterestEncoderTapeMake(what->encoder, arena, points * what->length, what->length, NULL);
	for (int first = 0; first < INTEREST_QUADRATURE_POINTS; first += points)
	{
		int			left = INTEREST_QUADRATURE_POINTS - first;

		IntegratePoints(what, quadrature, first, points < left ? points : left, &objective, tape, from, step,
						arena, values->token);
	}
	values->gap = values->row - values->baseline;
	for (int i = 0; i < what->length; i++)
		values->gap -= values->token[i];
	return true;
}

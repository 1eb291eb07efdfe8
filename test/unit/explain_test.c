/*
 * explain_test.c
 *	  Explanations against the definitions that they follow from: Shapley values
 *	  by enumeration of all coalitions, sums that must add up.
 */
#include "check.h"
#include "history.h"
#include "surrogate_golden.h"

#include "core/explain/ledger.h"
#include "core/explain/removal.h"
#include "core/explain/split.h"
#include "core/explain/surrogate.h"
#include "core/explain/tokens.h"
#include "core/explain/tree.h"
#include "core/model/model.h"

#include <math.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define SPAN(text) ((InterestSpan) {(text), sizeof(text) - 1})

#define D 12
#define SENTENCE_WIDTH 20

static InterestArena arena;
static InterestRandom randomness;

static const InterestNumeric numerics[] = {{30.0, 10.0}};
static const InterestSpan interests[] = {SPAN("a"), SPAN("b"), SPAN("c")};
static const InterestSpan title_words[] = {SPAN("film"), SPAN("sea"), SPAN("war")};
static const int64_t title_rows[] = {2, 9, 5};

static float
RandomFloat(void)
{
	return (float) (2.0 * InterestRandomUniform(&randomness) - 1.0);
}

static float *
RandomFloats(int count, float scale)
{
	float	   *values = InterestArenaArray(&arena, float, count);

	for (int i = 0; i < count; i++)
		values[i] = scale * RandomFloat();
	return values;
}

/* Of random parameters, packed. */
static InterestModel
MakeModel(InterestFusionKind fusion, InterestHeadKind head)
{
	InterestModel model = {.shape = {D, {180 * DAY, 14 * DAY, DAY}, {0}}};
	InterestWordColumn *columns = InterestArenaNew(&arena, InterestWordColumn);
	InterestStatus status;

	*columns = (InterestWordColumn) {{COUNT(title_words), title_words}, title_rows, 50, 0};
	model.interests = (InterestNames) {COUNT(interests), interests};
	model.head.kind = head;
	model.network.sentence_scale = INTEREST_SENTENCE_SCALE;
	model.network.fusion.kind = fusion;
	model.network.features = (InterestFeatures) {
		.text_count = 1, .sentence_width = SENTENCE_WIDTH, .word_columns = columns,
		.numeric_count = 1, .numerics = numerics
	};
	CHECK(InterestModelCreate(&model, &arena, &status));
	InterestModelBind(&model, RandomFloats((int) model.parameter_count, 0.4f));
	InterestModelProject(&model);
	InterestModelOpen(&model, &arena, InterestKernelChoose("auto"));
	return model;
}

/* A row with the modalities that the bits say; the time is always there. */
static const InterestRowInput *
MakeInput(const InterestModel *model, int present)
{
	InterestRowInput *input = InterestArenaNew(&arena, InterestRowInput);
	const InterestWordBlock **blocks = InterestArenaNew(&arena, const InterestWordBlock *);
	InterestWord *words = InterestArenaArray(&arena, InterestWord, 3);
	double		number = 35.0;
	InterestBehaviour behaviour = {.has_time = true, .time = 5 * HOUR, .numerics = &number};
	InterestRowTexts texts = {.words = blocks};
	InterestStatus status;

	for (int i = 0; i < 3; i++)
		words[i] = (InterestWord) {title_words[i], 1 + i};
	if (present & 1)
		texts.sentence = RandomFloats(SENTENCE_WIDTH, 0.3f);
	blocks[0] = present & 2 ? InterestWordBlockOf(&model->network.features.word_columns[0],
												  &(InterestWords) {3, words}, &arena) : NULL;
	CHECK_INTEGER(InterestRowInputOf(&model->network.features, &behaviour, &texts, &arena, input, &status),
				  INTEREST_ROW_DONE);
	return input;
}

/* --- within rows --- */

static double
Say(const double *direction, const float *v)
{
	double		sum = 0.0;

	for (int j = 0; j < D; j++)
		sum += direction[j] * v[j];
	return sum;
}

static void
CheckSplit(const InterestModel *model, const InterestRowInput *input, const double *direction)
{
	InterestArithmetic arithmetic = {.kernel = model->kernel, .scratch = &arena};
	const InterestWordBlock *block = input->texts.words[0];
	InterestQuadrature quadrature;
	InterestRowSplit split;
	double		sum;
	double		words = 0.0;

	InterestQuadratureInit(&quadrature);
	InterestSplitRow(&model->network, &arithmetic, &quadrature, input, direction, &split);
	sum = split.base;
	for (int m = 0; m < INTEREST_FIRST_VECTOR; m++)
		sum += split.modality[m];
	CHECK_NEAR(sum, Say(direction, split.v), 1e-5);
	CHECK(input->texts.sentence != NULL || split.modality[INTEREST_SENTENCE] == 0.0);
	for (int i = 0; block && i < block->count; i++)
		words += InterestSplitWord(&model->network, &split, &block->words[i]);
	CHECK_NEAR(words, split.modality[INTEREST_WORDS], 1e-5);
}

static double *
RandomDirection(void)
{
	double	   *direction = InterestArenaArray(&arena, double, D);

	for (int j = 0; j < D; j++)
		direction[j] = 3.0 * RandomFloat();
	return direction;
}

static void
TestSplits(void)
{
	for (int fusion = 0; fusion < INTEREST_FUSIONS; fusion++)
	{
		InterestModel model = MakeModel((InterestFusionKind) fusion, INTEREST_HEAD_SOFTMAX);

		for (int present = 0; present < 4; present++)
			for (int repeat = 0; repeat < 5; repeat++)
				CheckSplit(&model, MakeInput(&model, present), RandomDirection());
	}
}

/* What the product of some modalities says, by the definition of the fusion. */
static double
SayProduct(const InterestModel *model, const InterestRowTape *tape, int coalition, const double *direction)
{
	double		sum = 0.0;
	double		product[D];

	for (int j = 0; j < D; j++)
	{
		product[j] = 1.0;
		for (int m = 0; m < INTEREST_FIRST_VECTOR; m++)
			if (coalition & 1 << m)
				product[j] *= 1.0 + tape->fusion.inner[m][j];
	}
	for (int i = 0; i < D; i++)
		for (int j = 0; j < D; j++)
			sum += tape->scale[0] * direction[i] * model->network.fusion.output.weight[i * D + j] * product[j];
	return sum;
}

/* multiply: what a modality adds to a product is its Shapley value. */
static void
TestProduct(void)
{
	static const double weight[] = {1.0 / 3.0, 1.0 / 6.0, 1.0 / 3.0};	/* of coalitions of 0, 1 and 2 others */
	InterestModel model = MakeModel(INTEREST_FUSION_MULTIPLY, INTEREST_HEAD_SOFTMAX);
	InterestArithmetic arithmetic = {.kernel = model.kernel, .scratch = &arena};
	const double *direction = RandomDirection();
	const InterestRowInput *input;
	InterestQuadrature quadrature;
	InterestRowSplit split;
	InterestRowTape tape;

	memset(model.network.sentence.bias, 0, sizeof(float) * D);
	memset(model.network.output.bias, 0, sizeof(float) * D);
	input = MakeInput(&model, 3);
	InterestQuadratureInit(&quadrature);
	InterestSplitRow(&model.network, &arithmetic, &quadrature, input, direction, &split);
	InterestRowForward(&model.network, &arithmetic, 1, &input, NULL, &tape);
	for (int m = 0; m < INTEREST_FIRST_VECTOR; m++)
	{
		double		value = 0.0;

		for (int others = 0; others < 1 << INTEREST_FIRST_VECTOR; others++)
			if (!(others & 1 << m))
				value += weight[__builtin_popcount((unsigned) others)] *
					(SayProduct(&model, &tape, others | 1 << m, direction) -
					 SayProduct(&model, &tape, others, direction));
		CHECK_NEAR(split.modality[m], value, 1e-5);
	}
}

/* The gradient by the encoder's vector, against differences of the row network itself. */
static void
TestSentenceGradient(void)
{
	for (int fusion = 0; fusion < INTEREST_FUSIONS; fusion++)
	{
		InterestModel model = MakeModel((InterestFusionKind) fusion, INTEREST_HEAD_SOFTMAX);
		InterestArithmetic arithmetic = {.kernel = model.kernel, .sgemm = InterestSgemm, .scratch = &arena};
		InterestRowInput input = *MakeInput(&model, 3);
		const double *direction = RandomDirection();
		float		gradient[SENTENCE_WIDTH];
		float		unasked[SENTENCE_WIDTH];
		float		moved[SENTENCE_WIDTH];

		memcpy(moved, input.texts.sentence, sizeof(moved));
		input.texts.sentence = moved;
		(void) InterestSentenceGradient(&model.network, &arithmetic, &input, direction, gradient);
		for (int j = 0; j < SENTENCE_WIDTH; j++)
		{
			const float step = 2e-3f;
			float		kept = moved[j];
			double		above;
			double		below;

			moved[j] = kept + step;
			above = InterestSentenceGradient(&model.network, &arithmetic, &input, direction, unasked);
			moved[j] = kept - step;
			below = InterestSentenceGradient(&model.network, &arithmetic, &input, direction, unasked);
			moved[j] = kept;
			CHECK_NEAR(gradient[j], (above - below) / (2.0 * (double) step), 5e-3);
		}
	}
}

/* --- the ledger --- */

#define MAX_PLAYERS 8

static void
TestLogits(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
	{
		InterestModel model = MakeModel(INTEREST_FUSION_CONCAT, (InterestHeadKind) kind);
		InterestArithmetic arithmetic = {.kernel = model.kernel, .scratch = &arena};
		float	   *u = RandomFloats(D, 0.5f);
		double		exact[D];
		float		logits[COUNT(interests)];

		for (int j = 0; j < D; j++)
			exact[j] = u[j];
		InterestHeadForward(&model.head, &arithmetic, 1, u, logits);
		for (int i = 0; i < COUNT(interests); i++)
		{
			InterestLogit logit = InterestLogitOf(&model.head, i, &arena);
			double		expected = logits[i];

			if (kind == INTEREST_HEAD_SVM)
				expected = model.head.slope[i] * expected + model.head.offset[i];
			CHECK_NEAR(InterestLogitAt(&logit, D, exact), expected, 1e-5);
		}
	}
}

/* The game of algorithm: section 4, by its definition, with true decay. */
static double
Game(const InterestReadingModel *model, const int64_t *half_lives, const InterestLogit *logit, int count,
	 const InterestExplainedRow *rows, int64_t newest, int coalition)
{
	InterestSums sums = {.rows = 0};
	InterestSumsReading reading;
	double		vectors[INTEREST_PARTS + INTEREST_READING_PARTS][D] = {{0}};

	for (int part = 0; part < INTEREST_PARTS; part++)
		sums.vector[part] = vectors[part];
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		reading.vector[part] = vectors[INTEREST_PARTS + part];
	for (int i = 0; i < count; i++)
	{
		const InterestExplainedRow *row = &rows[i];

		sums.rows += !row->negative;
		for (int part = 0; part < INTEREST_PARTS; part++)
		{
			double		half_life = (double) half_lives[part == INTEREST_NEGATIVE ? 0 : part];
			double		mass = row->weight * exp2(-(double) (newest - row->time) / half_life);

			if (row->negative != (part == INTEREST_NEGATIVE))
				continue;
			sums.mass[part] += mass;
			for (int j = 0; j < D; j++)
				sums.vector[part][j] += mass * (coalition & 1 << i ? (double) row->v[j] :
												row->negative ? 0.0 : (double) model->mu[j]);
		}
	}
	InterestReadSums(model, &sums, &reading);
	return InterestLogitAt(logit, D, reading.vector[INTEREST_USER]);
}

static double
ShapleyWeight(int players, int others)
{
	return 1.0 / (players * exp(lgamma(players) - lgamma(others + 1) - lgamma(players - others)));
}

/* What the ledger says of a row in all granularities. */
static double
LedgerValue(const InterestLedger *ledger, const InterestLogit *logit, const InterestExplainedRow *rows, int i)
{
	double		said = Say(logit->direction, rows[i].v);
	double		value = 0.0;

	for (int part = 0; part < INTEREST_PARTS; part++)
		value += ledger->coefficient[i][part] * (said - (part == INTEREST_NEGATIVE ? 0.0 : ledger->mu));
	return value;
}

/* Rows within the fine granularity's memory, some at one time, some negative. */
static InterestExplainedRow *
RandomRows(int count)
{
	InterestExplainedRow *rows = InterestArenaArray(&arena, InterestExplainedRow, count);

	for (int i = 0; i < count; i++)
		rows[i] = (InterestExplainedRow) {
			.time = 9000 * DAY - (int64_t) InterestRandomBelow(&randomness, 30) * 7 * HOUR,
			.weight = 0.0625 * (1 << InterestRandomBelow(&randomness, 8)),
			.negative = InterestRandomBelow(&randomness, 4) == 0, .v = RandomFloats(D, 0.5f)
		};
	return rows;
}

static void
CheckLedger(const InterestModel *model, int count)
{
	InterestExplainedRow *rows = RandomRows(count);
	InterestLogit logit = InterestLogitOf(&model->head, (int) InterestRandomBelow(&randomness, 3), &arena);
	const int64_t *half_lives = model->shape.half_life;
	InterestReadingModel reading;
	InterestLedger ledger;
	int64_t		newest = INT64_MIN;
	double		total = 0.0;

	InterestModelReading(model, &reading);
	for (int i = 0; i < count; i++)
		newest = rows[i].time > newest ? rows[i].time : newest;
	InterestLedgerMake(&reading, half_lives, &logit, count, rows, &arena, &ledger);
	for (int i = 0; i < count; i++)
	{
		double		shapley = 0.0;

		for (int others = 0; others < 1 << count; others++)
			if (!(others & 1 << i))
				shapley += ShapleyWeight(count, __builtin_popcount((unsigned) others)) *
					(Game(&reading, half_lives, &logit, count, rows, newest, others | 1 << i) -
					 Game(&reading, half_lives, &logit, count, rows, newest, others));
		CHECK_NEAR(LedgerValue(&ledger, &logit, rows, i), shapley, 1e-6);
		total += LedgerValue(&ledger, &logit, rows, i);
	}
	CHECK_NEAR(ledger.prior, Game(&reading, half_lives, &logit, count, rows, newest, 0), 1e-6);
	CHECK_NEAR(ledger.logit, Game(&reading, half_lives, &logit, count, rows, newest, (1 << count) - 1), 1e-6);
	CHECK_NEAR(total, ledger.logit - ledger.prior, 1e-9);
}

static void
TestLedgers(void)
{
	for (int kind = 0; kind <= INTEREST_LAST_HEAD; kind++)
		for (int count = 1; count <= MAX_PLAYERS; count++)
		{
			InterestModel model = MakeModel(INTEREST_FUSION_CONCAT, (InterestHeadKind) kind);

			model.eta[0] = 0.7f;
			CheckLedger(&model, count);
		}
}

/* --- rows that are really removed --- */

static void
TestRemovals(void)
{
	InterestModel model = MakeModel(INTEREST_FUSION_CONCAT, INTEREST_HEAD_SVM);
	InterestReadingModel reading;
	InterestLogit logit;

	model.eta[0] = 0.7f;
	InterestModelReading(&model, &reading);
	logit = InterestLogitOf(&model.head, 1, &arena);
	for (int repeat = 0; repeat < 20; repeat++)
	{
		const int	count = 6;
		InterestExplainedRow *rows = RandomRows(count);
		InterestRemoval removal;

		InterestRemovalInit(&removal, &reading, model.shape.half_life, &logit, count, rows, &arena);
		for (int coalition = 0; coalition < 1 << count; coalition++)
		{
			bool		kept[6];
			InterestSums sums;
			InterestSumsReading exact;

			for (int i = 0; i < count; i++)
				kept[i] = coalition >> i & 1;
			InterestReadRows(&reading, model.shape.half_life, count, rows, kept, &arena, &sums, &exact);
			CHECK_NEAR(InterestRemovalLogit(&removal, kept),
					   InterestLogitAt(&logit, D, exact.vector[INTEREST_USER]), 1e-6);
		}
	}
}

/* --- surrogates --- */

/* Features that count alone, in pairs and in threes. */
static double
MadeUp(void *context, const bool *kept)
{
	const InterestGame *game = context;
	double		value = 0.25;

	for (int i = 0; i < game->features; i++)
	{
		if (!kept[i])
			continue;
		value += 0.1 * (i + 1);
		if (kept[(i + 1) % game->features])
			value -= 0.3 * (i % 3);
		if (kept[(i + 2) % game->features] && kept[(i + 3) % game->features])
			value += 0.05 * i;
	}
	return value;
}

static double
ValueOf(InterestGame *game, int coalition)
{
	bool		kept[INTEREST_SHAP_EXACT] = {false};

	for (int i = 0; i < game->features; i++)
		kept[i] = coalition >> i & 1;
	return MadeUp(game, kept);
}

/* KernelSHAP over all coalitions is the Shapley value. */
static void
TestShap(void)
{
	for (int n = 1; n <= INTEREST_SHAP_EXACT; n++)
	{
		InterestGame game = {NULL, n, MadeUp};
		InterestMasks masks;
		InterestSurrogate surrogate;

		game.context = &game;
		InterestShapMasks(&game, 0, 1, &arena, &masks);
		InterestShapSolve(&masks, ValueOf(&game, 0), ValueOf(&game, (1 << n) - 1), &arena, &surrogate);
		for (int i = 0; i < n; i++)
		{
			double		shapley = 0.0;

			for (int others = 0; others < 1 << n; others++)
				if (!(others & 1 << i))
					shapley += ShapleyWeight(n, __builtin_popcount((unsigned) others)) *
						(ValueOf(&game, others | 1 << i) - ValueOf(&game, others));
			CHECK_NEAR(surrogate.value[i], shapley, 1e-9);
		}
	}
}

/* Samples come near, and what they say always adds up. */
static void
TestSampledShap(void)
{
	const int	n = 14;
	InterestGame game = {NULL, n, MadeUp};
	InterestMasks few;
	InterestMasks all;
	InterestSurrogate sampled;
	InterestSurrogate exact;
	double		sum = 0.0;

	game.context = &game;
	InterestShapMasks(&game, 4000, 3, &arena, &few);
	InterestShapMasks(&game, 1 << n, 3, &arena, &all);
	CHECK_INTEGER(few.count, 4000);
	CHECK_INTEGER(all.count, (1 << n) - 2);
	InterestShapSolve(&few, 0.25, 9.0, &arena, &sampled);
	InterestShapSolve(&all, 0.25, 9.0, &arena, &exact);
	for (int i = 0; i < n; i++)
	{
		CHECK_NEAR(sampled.value[i], exact.value[i], 0.1);
		sum += sampled.value[i];
	}
	CHECK_NEAR(sum, 8.75, 1e-9);
}

/* The residuals of a weighted ridge regression are orthogonal to every feature. */
static void
TestLime(void)
{
	const int	n = 12;
	InterestGame game = {NULL, n, MadeUp};
	InterestMasks masks;
	InterestMasks again;
	InterestSurrogate surrogate;
	double		residuals = 0.0;

	game.context = &game;
	InterestLimeMasks(&game, 600, 5, &arena, &masks);
	InterestLimeMasks(&game, 600, 5, &arena, &again);
	CHECK_INTEGER(memcmp(masks.kept, again.kept, (size_t) (600 * n)), 0);
	InterestLimeSolve(&masks, &arena, &surrogate);
	for (int i = -1; i < n; i++)
	{
		double		moment = 0.0;

		for (int s = 0; s < masks.count; s++)
		{
			double		residual = masks.value[s] - surrogate.base;

			for (int j = 0; j < n; j++)
				residual -= masks.kept[s * n + j] ? surrogate.value[j] : 0.0;
			if (i < 0)
				residuals += fabs(residual);
			moment += masks.weight[s] * residual * (i < 0 || masks.kept[s * n + i]);
		}
		CHECK_NEAR(moment, i < 0 ? 0.0 : INTEREST_LIME_RIDGE * surrogate.value[i], 1e-9);
	}
	CHECK(residuals > 1.0);
}

/* Masks of the packages lime and shap; only proper ones, or all of them. */
static InterestMasks
GoldenMasks(bool proper)
{
	InterestMasks masks = {
		.features = GOLDEN_FEATURES, .kept = InterestArenaArray(&arena, bool, GOLDEN_MASKS * GOLDEN_FEATURES),
		.value = InterestArenaArray(&arena, double, GOLDEN_MASKS), .weight = InterestArenaArray(&arena, double, GOLDEN_MASKS)
	};

	for (int i = 0; i < GOLDEN_MASKS; i++)
	{
		int			kept = 0;

		for (int j = 0; j < GOLDEN_FEATURES; j++)
		{
			masks.kept[masks.count * GOLDEN_FEATURES + j] = golden_masks[i][j] == '1';
			kept += golden_masks[i][j] == '1';
		}
		if (proper && (kept == 0 || kept == GOLDEN_FEATURES))
			continue;
		masks.value[masks.count] = golden_values[i];
		masks.weight[masks.count++] = proper ? golden_weights[i] : InterestLimeWeight(GOLDEN_FEATURES, kept);
	}
	return masks;
}

/* The same masks, kernels and values give what the packages lime and shap give. */
static void
TestPackages(void)
{
	InterestMasks all = GoldenMasks(false);
	InterestMasks proper = GoldenMasks(true);
	InterestGame game = {NULL, COUNT(golden_shap_game), MadeUp};
	InterestMasks masks;
	InterestSurrogate surrogate;

	InterestLimeSolve(&all, &arena, &surrogate);
	CHECK_NEAR(surrogate.base, golden_lime_intercept[0], 1e-6);
	for (int i = 0; i < GOLDEN_FEATURES; i++)
		CHECK_NEAR(surrogate.value[i], golden_lime[i], 1e-6);
	InterestShapSolve(&proper, -0.5, 2.25, &arena, &surrogate);
	for (int i = 0; i < GOLDEN_FEATURES; i++)
		CHECK_NEAR(surrogate.value[i], golden_shap[i], 1e-6);
	game.context = &game;
	InterestShapMasks(&game, 0, 1, &arena, &masks);
	InterestShapSolve(&masks, ValueOf(&game, 0), ValueOf(&game, (1 << game.features) - 1), &arena, &surrogate);
	for (int i = 0; i < game.features; i++)
		CHECK_NEAR(surrogate.value[i], golden_shap_game[i], 1e-6);
}

/* --- the tree --- */

/* Three classes that two of four features say, and a tree that finds them. */
static void
TestTree(void)
{
	enum
	{
		SAMPLES = 600, FEATURES = 4
	};
	float	   *x = InterestArenaArray(&arena, float, SAMPLES * FEATURES);
	int		   *label = InterestArenaArray(&arena, int, SAMPLES);
	InterestTreeSamples samples = {SAMPLES, FEATURES, 3, x, label};
	InterestTree tree;
	int			right = 0;
	int			leaves = 0;
	int			in_leaves = 0;

	for (int i = 0; i < SAMPLES; i++)
	{
		for (int f = 0; f < FEATURES; f++)
			x[i * FEATURES + f] = (float) InterestRandomBelow(&randomness, 8) / 8.0f;
		label[i] = x[i * FEATURES + 2] > 0.5f ? 2 : x[i * FEATURES + 1] > 0.25f;
	}
	InterestTreeFit(&samples, INTEREST_TREE_DEPTH, 10, &arena, &tree);
	CHECK(tree.node[0].feature == 2 || tree.node[0].feature == 1);
	for (int i = 0; i < SAMPLES; i++)
		right += tree.node[InterestTreeLeaf(&tree, x + i * FEATURES)].label == label[i];
	CHECK_INTEGER(right, SAMPLES);
	for (int i = 0; i < INTEREST_TREE_NODES; i++)
	{
		if (!tree.node[i].reached || !tree.node[i].leaf)
			continue;
		CHECK(tree.node[i].samples >= 10);
		leaves++;
		in_leaves += tree.node[i].samples;
	}
	CHECK_INTEGER(in_leaves, SAMPLES);
	CHECK_INTEGER(leaves, 3);
	InterestTreeFit(&samples, 1, 10, &arena, &tree);
	CHECK(tree.node[1].leaf && tree.node[2].leaf && !tree.node[3].reached);
	InterestTreeFit(&samples, INTEREST_TREE_DEPTH, SAMPLES, &arena, &tree);
	CHECK(tree.node[0].leaf);
}

static void
TestQuadrature(void)
{
	InterestQuadrature quadrature;

	InterestQuadratureInit(&quadrature);
	for (int power = 0; power < 2 * INTEREST_QUADRATURE_POINTS; power++)
	{
		double		sum = 0.0;

		for (int i = 0; i < INTEREST_QUADRATURE_POINTS; i++)
			sum += quadrature.weight[i] * pow(quadrature.point[i], power);
		CHECK_NEAR(sum, 1.0 / (power + 1), 1e-14);
	}
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	randomness = InterestRandomKeyed(11, 0, 0, 0);
	TestQuadrature();
	TestSplits();
	TestProduct();
	TestSentenceGradient();
	TestLogits();
	TestLedgers();
	TestRemovals();
	TestShap();
	TestSampledShap();
	TestLime();
	TestPackages();
	TestTree();
	InterestArenaFree(&arena);
	return CheckReport("explain");
}

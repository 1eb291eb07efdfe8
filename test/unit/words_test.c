/*
 * words_test.c
 *	  Words in training: which are learned, that they and every fusion teach a
 *	  model something, and that a step changes only the vectors of its words.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/training/optimizer.h"
#include "core/training/prepare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY INT64_C(86400000000)
#define SEED 7

#define USERS 300
#define ROWS_OF_USER 4
#define WORDS 60
#define TITLE_WORDS 2
#define BODY_WORDS 6
#define WIDTH 4					/* of a sentence */
#define SUBJECTS 3

static InterestArena arena;
static InterestStore store = {.arena = &arena};

/* Users who write about one of some subjects, each with words of its own. */
typedef struct Writers
{
	InterestTrainingDefinition definition;
	InterestTrainingSet set;
	InterestTrainingRow rows[USERS * ROWS_OF_USER];
	int			texts_of[USERS * ROWS_OF_USER][2];
	InterestPlace sentences[USERS * ROWS_OF_USER];
	InterestSpan words[WORDS];
	InterestTrainingText texts[USERS * ROWS_OF_USER * 2];
} Writers;

static InterestSpan
Name(const char *prefix, int number)
{
	char	   *text = InterestArenaAllocate(&arena, 32);
	InterestSpan span = {text, 0};

	span.length = (size_t) snprintf(text, 32, "%s%02d", prefix, number);
	return span;
}

/* Place of word w in the set's list, whose order should not matter. */
static int
PlaceOf(int word, bool reversed)
{
	return reversed ? WORDS - 1 - word : word;
}

/* Distinct words in ascending order, most of them of the subject's third. */
static InterestTrainingText
MakeText(InterestRandom *random, int subject, int count, bool reversed)
{
	InterestTrainingWord *words = InterestArenaArray(&arena, InterestTrainingWord, count);
	int			word = -1;

	for (int i = 0; i < count; i++)
	{
		int			of_subject = InterestRandomBelow(random, 4) > 0;
		int			first = of_subject ? subject * WORDS / SUBJECTS : 0;

		if (word < first - 1 && i < count / 2)
			word = first - 1;
		word += 1 + (int) InterestRandomBelow(random, 2);
		words[i] = (InterestTrainingWord) {PlaceOf(word, reversed), 1 + (int) InterestRandomBelow(random, 3)};
	}
	return (InterestTrainingText) {count, InterestStoreAdd(&store, words, sizeof(*words) * (size_t) count)};
}

static void
AddRow(Writers *writers, InterestRandom *random, int user, int64_t time, bool reversed)
{
	int			subject = user % SUBJECTS;
	int			i = writers->set.count++;
	InterestSpan *label = InterestArenaNew(&arena, InterestSpan);
	float		sentence[WIDTH];

	*label = Name("interest", subject);
	for (int c = 0; c < 2; c++)
	{
		writers->texts_of[i][c] = writers->set.text_count;
		writers->texts[writers->set.text_count++] =
			MakeText(random, subject, c == 0 ? TITLE_WORDS : BODY_WORDS, reversed);
	}
	for (int j = 0; j < WIDTH; j++)
		sentence[j] = (j == subject) + (float) InterestRandomUniform(random);
	writers->sentences[i] = InterestStoreAdd(&store, sentence, sizeof(sentence));
	writers->rows[i] = (InterestTrainingRow) {
		.behaviour = {.has_time = true, .time = time}, .sentence = i, .texts = writers->texts_of[i],
		.hash = (uint64_t) i, .user = Name("user", user), .labels = label, .label_count = 1
	};
}

static Writers *
NewWriters(bool sentences, InterestFusionKind fusion, bool reversed)
{
	static const uint8_t probe[INTEREST_WORD_PROBE_SIZE] = {1, 2, 3};
	Writers    *writers = InterestArenaAllocateZero(&arena, sizeof(Writers));
	InterestRandom random = InterestRandomKeyed(SEED, 0, 0, 0);

	writers->definition = (InterestTrainingDefinition) {
		.dimensions = 8, .half_life = {180 * DAY, 14 * DAY, DAY}, .text_count = 2,
		.sentence_width = sentences ? WIDTH : 0, .word_probe = probe, .fusion = fusion
	};
	for (int w = 0; w < WORDS; w++)
		writers->words[PlaceOf(w, reversed)] = Name("word", w);
	writers->set = (InterestTrainingSet) {
		.rows = writers->rows, .store = &store, .sentences = writers->sentences, .words = writers->words,
		.word_count = WORDS, .texts = writers->texts
	};
	for (int user = 0; user < USERS; user++)
		for (int i = 0; i < ROWS_OF_USER; i++)
			AddRow(writers, &random, user, i * DAY, reversed);
	return writers;
}

static InterestTrainingOptions
Options(void)
{
	InterestTrainingOptions options = InterestTrainingDefault;

	options.seed = SEED;
	options.batch_size = 32;
	options.learning_rate = 0.02;
	return options;
}

static InterestModel
MustTrain(const Writers *writers)
{
	InterestTrainingOptions options = Options();
	InterestTrainingResult result;
	InterestStatus status;
	InterestModel model;

	memset(&model, 0, sizeof(model));
	if (!CHECK(InterestTrain(&writers->set, &writers->definition, &options, InterestKernelChoose("auto"),
							 InterestSgemm, NULL, &arena, &model, &result, &status)))
		printf("# %s\n", status.message);
	return model;
}

static double
TestAccuracy(const Writers *writers, const InterestModel *model)
{
	InterestEvaluation evaluation;
	InterestStatus status;

	CHECK(InterestEvaluate(&writers->set, model, SEED, INTEREST_SPLIT_TEST, InterestKernelChoose("auto"),
						   InterestSgemm, NULL, &arena, &evaluation, &status));
	for (int i = 0; i < evaluation.figure_count; i++)
		if (evaluation.figures[i].system == INTEREST_SYSTEM_MODEL && evaluation.figures[i].interest < 0 &&
			strcmp(evaluation.figures[i].metric, "accuracy") == 0)
			return evaluation.figures[i].value;
	return NAN;
}

/* --- which words --- */

#define SPAN(text) ((InterestSpan) {(text), sizeof(text) - 1})

/* One text a row, of one column. */
static InterestRowNetwork
Learn(InterestTrainingRow *rows, int count, const InterestSpan *words, int word_count,
	  const InterestTrainingText *texts, int text_count)
{
	static const uint8_t probe[INTEREST_WORD_PROBE_SIZE] = {9};
	const InterestTrainingDefinition definition = {.dimensions = 8, .text_count = 1, .word_probe = probe};
	const InterestTrainingSet set = {
		.count = count, .rows = rows, .store = &store, .word_count = word_count, .words = words,
		.text_count = text_count, .texts = texts
	};
	InterestPreparedRows prepared;
	InterestRowNetwork network;
	InterestArena scratch;
	InterestStatus status;

	memset(&network, 0, sizeof(network));
	CHECK(InterestSortRows(&set, SEED, &arena, &prepared, &status));
	InterestArenaInit(&scratch, CheckHost(), 1 << 20);
	InterestLearnFeatures(&prepared, &definition, 1, &arena, &scratch, &network);
	InterestArenaFree(&scratch);
	CHECK_INTEGER(network.features.word_probe[0], 9);
	return network;
}

/* A user of a split. */
static InterestSpan
UserOf(InterestSplit split)
{
	InterestSplitRule by_hash = {INTEREST_BY_HASH, 0};
	int			user = 0;

	while (InterestSplitOf(&by_hash, SEED, Name("user", user), 0, INTEREST_ROLE_NONE) != split)
		user++;
	return Name("user", user);
}

static void
TestLearnedWords(void)
{
	static char long_word[INTEREST_MAX_NAME + 1];
	const InterestSpan words[] = {SPAN("z"), SPAN("once"), SPAN("a"), {long_word, INTEREST_MAX_NAME + 1}, SPAN("m")};
	const InterestTrainingWord first[] = {{2, 5}, {4, 1}, {0, 2}, {3, 1}};
	const InterestTrainingWord second[] = {{2, 1}, {1, 1}, {0, 1}, {3, 1}};
	const InterestTrainingText texts[] = {
		{4, InterestStoreAdd(&store, first, sizeof(first))}, {4, InterestStoreAdd(&store, second, sizeof(second))}, {0}
	};
	const int	text_of[] = {0, 1, 0, -1, 2, 1};
	InterestTrainingRow rows[6];
	InterestRowNetwork network;
	const InterestWordColumn *column;

	for (int i = 0; i < 6; i++)
		rows[i] = (InterestTrainingRow) {
			.behaviour = {.has_time = i != 5}, .sentence = -1, .texts = &text_of[i],
			.user = UserOf(i == 2 ? INTEREST_SPLIT_VALIDATION : INTEREST_SPLIT_TRAINING)
		};
	network = Learn(rows, 6, words, 5, texts, 3);
	column = &network.features.word_columns[0];
	CHECK_INTEGER(column->all_rows, 2); /* with words, of training users, with a time */
	CHECK_INTEGER(column->words.count, 2);
	CHECK_INTEGER(InterestNamesFind(&column->words, SPAN("a")), 0);
	CHECK_INTEGER(InterestNamesFind(&column->words, SPAN("z")), 1);
	CHECK_INTEGER(column->rows[0], 2);
}

/* Words beyond the limit: those of fewest rows go. */
static void
TestMostWords(void)
{
	enum {MANY = INTEREST_MAX_WORDS + 10, OFTEN = 100};
	InterestSpan *words = InterestArenaArray(&arena, InterestSpan, MANY);
	InterestTrainingWord *of_text = InterestArenaArray(&arena, InterestTrainingWord, MANY);
	InterestTrainingText texts[] = {{.count = MANY}, {.count = OFTEN}};
	static const int text_of[] = {0, 0, 1};
	InterestTrainingRow rows[3];
	InterestRowNetwork network;

	for (int i = 0; i < MANY; i++)
	{
		char	   *text = InterestArenaAllocate(&arena, 16);

		words[i] = (InterestSpan) {text, (size_t) snprintf(text, 16, "%07d", i)};
		of_text[i] = (InterestTrainingWord) {i, 1};
	}
	texts[0].words = texts[1].words = InterestStoreAdd(&store, of_text, sizeof(*of_text) * MANY);
	for (int i = 0; i < 3; i++)
		rows[i] = (InterestTrainingRow) {
			.behaviour = {.has_time = true}, .sentence = -1, .texts = &text_of[i],
			.user = UserOf(INTEREST_SPLIT_TRAINING)
		};
	network = Learn(rows, 3, words, MANY, texts, 2);
	CHECK_INTEGER(network.features.word_columns[0].words.count, OFTEN);
	CHECK_INTEGER(network.features.word_columns[0].rows[0], 3);
}

/* --- learning --- */

static void
TestLearning(void)
{
	Writers    *writers = NewWriters(false, INTEREST_FUSION_CONCAT, false);
	InterestModel model = MustTrain(writers);

	CHECK_STRING(model.blocks[0].name, "words");
	CHECK(model.network.features.word_columns[1].words.count > WORDS / 3);
	CHECK(TestAccuracy(writers, &model) > 0.9);
}

static void
TestFusions(void)
{
	for (int fusion = 0; fusion < INTEREST_FUSIONS; fusion++)
	{
		Writers    *writers = NewWriters(true, (InterestFusionKind) fusion, false);
		InterestModel model = MustTrain(writers);

		CHECK_INTEGER(model.network.fusion.kind, fusion);
		CHECK(TestAccuracy(writers, &model) > 0.9);
	}
}

/* Names of the subjects, and labels of so many users only. */
static void
NameSubjects(Writers *writers, int labelled_users)
{
	InterestNamedInterests *named = InterestArenaNew(&arena, InterestNamedInterests);
	InterestSpan *labels = InterestArenaArray(&arena, InterestSpan, SUBJECTS);
	float	   *sentences = InterestArenaAllocateZero(&arena, sizeof(float) * SUBJECTS * WIDTH);

	for (int s = 0; s < SUBJECTS; s++)
	{
		labels[s] = Name("interest", s);
		sentences[s * WIDTH + s] = 1.0f;
	}
	named->labels = (InterestNames) {SUBJECTS, labels};
	named->sentences = sentences;
	writers->definition.named = named;
	for (int i = labelled_users * ROWS_OF_USER; i < writers->set.count; i++)
		writers->rows[i].label_count = 0;
}

/* Where training starts from names, words mean something that no labelled row has: texts without a sentence are known by them. */
static void
TestContexts(void)
{
	Writers    *writers = NewWriters(true, INTEREST_FUSION_CONCAT, false);
	InterestModel model;

	NameSubjects(writers, 4);
	model = MustTrain(writers);
	for (int i = 0; i < writers->set.count; i++)
	{
		writers->rows[i].label_count = 1;
		writers->rows[i].sentence = -1;
	}
	CHECK(TestAccuracy(writers, &model) > 0.9);
}

/* The order in which words were met is nobody's business. */
static void
TestOrder(void)
{
	InterestModel model = MustTrain(NewWriters(true, INTEREST_FUSION_CONCAT, false));
	InterestModel reversed = MustTrain(NewWriters(true, INTEREST_FUSION_CONCAT, true));

	CHECK_INTEGER(model.parameter_count, reversed.parameter_count);
	CHECK(memcmp(model.parameters, reversed.parameters, sizeof(float) * model.parameter_count) == 0);
}

/* --- steps --- */

#define RATE 0.01

/* The step of a word's vector whose only gradient so far is g, in step number n. */
static double
FirstStep(double g, int n)
{
	return -2.0 * RATE * g / (sqrt(0.001 * g * g / (1.0 - pow(0.999, n))) + 1e-8);
}

/* A gradient of 0 with touched words, none so far. */
static InterestModel
NewGradient(const InterestModel *model)
{
	InterestModel gradient = *model;

	gradient.network.touched = InterestArenaNew(&arena, InterestTouchedWords);
	InterestTouchedInit(gradient.network.touched, model->network.features.word_count, model->shape.dimensions, &arena);
	InterestModelBind(&gradient, InterestArenaAllocateZero(&arena, sizeof(float) * InterestDenseCount(model)));
	return gradient;
}

/* More words than a block has room for; one that comes anew is 0 again. */
static void
TestTouched(void)
{
	enum {MANY = 3 * INTEREST_TOUCHED_BLOCK};
	InterestTouchedWords touched;

	InterestTouchedInit(&touched, MANY, 5, &arena);
	for (int round = 0; round < 3; round++)
	{
		for (int i = 0; i < MANY; i += round + 1)
		{
			float	   *vector = InterestTouch(&touched, MANY - 1 - i);

			CHECK(vector[0] == 0.0f && vector[4] == 0.0f);
			vector[0] = vector[4] = (float) i;
		}
		CHECK_INTEGER(touched.count, MANY / (round + 1));
		for (int i = 0; i < touched.count; i++)
		{
			int			met = i * (round + 1);

			CHECK_INTEGER(touched.words[i], MANY - 1 - met);
			CHECK(InterestTouch(&touched, touched.words[i]) == InterestTouchedVector(&touched, i));
			CHECK(InterestTouchedVector(&touched, i)[0] == (float) met && InterestTouchedVector(&touched, i)[4] == (float) met);
		}
		CHECK_INTEGER(touched.block_count, 3);
		InterestTouchedClear(&touched);
	}
}

static void
TestSparseSteps(void)
{
	InterestModel model = MustTrain(NewWriters(false, INTEREST_FUSION_CONCAT, false));
	InterestModel gradient = NewGradient(&model);
	const InterestTouchedWords *touched = gradient.network.touched;
	int			d = model.shape.dimensions;
	int			touched_word = 5;
	float	   *before = InterestArenaArray(&arena, float, model.parameter_count);
	InterestOptimizer optimizer;

	memcpy(before, model.parameters, sizeof(float) * model.parameter_count);
	InterestOptimizerInit(&optimizer, &model, 0.0, 1e9, NULL, &arena);

	InterestOptimizerStep(&optimizer, RATE, &gradient);
	CHECK(memcmp(before, model.parameters, sizeof(float) * model.parameter_count) == 0);

	InterestTouch(gradient.network.touched, touched_word)[0] = 0.5f;
	gradient.network.hidden.bias[3] = -2.0f;
	InterestOptimizerStep(&optimizer, RATE, &gradient);
	for (int i = 0; i < model.network.features.word_count * d; i++)
		CHECK_NEAR(model.network.word_vectors[i] - before[i],
				   i == touched_word * d ? FirstStep(0.5, 2) : 0.0, i == touched_word * d ? 1e-6 : 0.0);

	/* A word that is not touched stands still; others go on by their means. */
	InterestClearGradient(&gradient);
	CHECK_INTEGER(touched->count, 0);
	CHECK_INTEGER(touched->place[touched_word], -1);
	for (size_t i = 0; i < InterestDenseCount(&model); i++)
		CHECK(gradient.parameters[i] == 0.0f);
	memcpy(before, model.parameters, sizeof(float) * model.parameter_count);
	InterestOptimizerStep(&optimizer, RATE, &gradient);
	CHECK(memcmp(before, model.network.word_vectors, sizeof(float) * (size_t) (model.network.features.word_count * d)) == 0);
	CHECK(model.network.hidden.bias[3] != before[model.network.hidden.bias + 3 - model.parameters]);
}

/* The proximal step: weights nearer to 0 than rate l1 become 0, others come nearer by it; biases stay. */
static void
TestShrink(void)
{
	InterestModel model = MustTrain(NewWriters(false, INTEREST_FUSION_CONCAT, false));
	InterestModel gradient = NewGradient(&model);
	float	   *word = model.network.word_vectors + 2 * model.shape.dimensions;
	float	   *weight = model.head.linear.weight;
	InterestOptimizer optimizer;

	InterestTouch(gradient.network.touched, 2);
	memset(model.parameters, 0, sizeof(float) * model.parameter_count);
	CHECK_NEAR(InterestZeroShare(&model), 1.0, 0.0);
	for (int i = 0; i < 3; i++)
		word[i] = weight[i] = (float) (0.25 * (i - 1) - 0.0625 * (i == 1));
	word[3] = model.head.linear.bias[0] = model.network.word_vectors[0] = 0.0625f;
	InterestOptimizerInit(&optimizer, &model, 0.0, 1.0, NULL, &arena);
	optimizer.l1 = 12.5;		/* a threshold of 0.125 */
	InterestOptimizerStep(&optimizer, RATE, &gradient);
	for (int i = 0; i < 3; i++)
	{
		CHECK_NEAR(word[i], 0.125 * (i - 1), 1e-7);
		CHECK_NEAR(weight[i], 0.125 * (i - 1), 1e-7);
	}
	CHECK(word[1] == 0.0f && !signbit(word[1]));
	CHECK(word[3] == 0.0f);
	CHECK_NEAR(model.head.linear.bias[0], 0.0625, 0.0);
	CHECK_NEAR(model.network.word_vectors[0], 0.0625, 0.0);	/* not touched */
	CHECK(InterestZeroShare(&model) < 1.0);
}

/* The clip sees the vectors of words, too. */
static void
TestClip(void)
{
	InterestModel model = MustTrain(NewWriters(false, INTEREST_FUSION_CONCAT, false));
	InterestModel gradient = NewGradient(&model);
	InterestOptimizer optimizer;

	InterestTouch(gradient.network.touched, 2)[0] = 4.0f;
	gradient.mu[0] = 3.0f;
	InterestOptimizerInit(&optimizer, &model, 0.0, 1.0, NULL, &arena);
	InterestOptimizerStep(&optimizer, RATE, &gradient);
	CHECK_NEAR(optimizer.mean[gradient.mu - gradient.parameters], 0.1 * 0.6, 1e-6);
	CHECK_NEAR(optimizer.word_square[2 * model.shape.dimensions], 0.001 * 0.8 * 0.8, 1e-8);
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestLearnedWords, TestMostWords, TestLearning, TestFusions, TestContexts, TestOrder, TestTouched, TestSparseSteps, TestShrink, TestClip
	};

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	for (int i = 0; i < (int) (sizeof(tests) / sizeof(tests[0])); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("words");
}

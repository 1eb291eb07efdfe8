/*
 * fine_tune_test.c
 *	  Fine-tuning: that it learns what no head over the encoder as it was can,
 *	  that it is repeatable, whom it does not look at, and what stays.
 *
 * INTEREST_TINY names the folder that test/data/make_tiny_encoders.py filled.
 * Gradients are in test/double/backward_test.c.
 */
#include "check.h"
#include "history.h"
#include "model_files.h"

#include "core/training/fine_tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USERS 150
#define ROWS_OF_USER 6
#define ROWS (USERS * ROWS_OF_USER)
#define LABELS 2

static InterestArena arena;
static InterestStore store = {.arena = &arena};

/* --- rows --- */

/* Texts of three words, the first and the last one of two each: whether both are the same one of these is what there is to learn. */
typedef struct Problem
{
	InterestTrainingSet set;
	InterestFineTuneTexts texts;
	InterestTrainingRow rows[ROWS];
	InterestSpan bodies[ROWS];
	InterestSpan users[ROWS];
	InterestSpan labels[ROWS][LABELS];
} Problem;

static InterestSpan
Print(const char *format, const char *a, const char *b, const char *c)
{
	char	   *text = InterestArenaAllocate(&arena, 80);
	InterestSpan span = {text, 0};

	span.length = (size_t) snprintf(text, 80, format, a, b, c);
	return span;
}

static InterestSpan
Span(const char *text)
{
	return (InterestSpan) {text, strlen(text)};
}

static InterestSpan
TextOf(void *context, int i, InterestArena *scratch)
{
	const Problem *problem = context;

	return problem->bodies[i];
}

static void
FillRow(Problem *problem, int i)
{
	static const char *const first[] = {"king", "dog"};
	static const char *const middle[] = {"sea", "train", "moon garden", "river", "paper", "the old city"};
	static const char *const last[] = {"music", "winter"};
	InterestRandom random = InterestRandomKeyed(5, (uint64_t) i, 0, 0);
	int			a = (int) InterestRandomBelow(&random, 2);
	int			b = (int) InterestRandomBelow(&random, 2);
	char		number[16];

	snprintf(number, sizeof(number), "%d", i / ROWS_OF_USER);
	problem->users[i] = Print("user%s%s%s", number, "", "");
	problem->bodies[i] = Print("%s %s %s", first[a], middle[InterestRandomBelow(&random, 6)], last[b]);
	problem->labels[i][0] = Span(a == b ? "same" : "other");
	problem->labels[i][1] = Span(a == 0 ? "king" : "dog");
	problem->rows[i] = (InterestTrainingRow) {
		.behaviour = {.has_time = true, .time = i % ROWS_OF_USER * HOUR}, .sentence = i, .hash = (uint64_t) i,
		.user = problem->users[i], .labels = problem->labels[i], .label_count = 1
	};
}

static Problem *
NewProblem(const InterestTokenizer *tokenizer)
{
	Problem    *problem = InterestArenaAllocateZero(&arena, sizeof(Problem));

	for (int i = 0; i < ROWS; i++)
		FillRow(problem, i);
	problem->set = (InterestTrainingSet) {.count = ROWS, .rows = problem->rows, .store = &store};
	problem->texts = (InterestFineTuneTexts) {problem, TextOf, *tokenizer};
	return problem;
}

static InterestSplit
SplitOf(const Problem *problem, int row, uint64_t seed)
{
	const InterestTrainingRow *what = &problem->rows[row];

	return InterestSplitOf(&problem->set.split, seed, what->user, what->behaviour.time, what->role);
}

/* --- encoders --- */

typedef struct Wide
{
	InterestEncoderConfig config;
	InterestTokenizer tokenizer;
	size_t		size;			/* of the image, in floats */
	float	   *image;
} Wide;

static void
ReadWide(const char *name, Wide *wide)
{
	char		directory[512];
	WeightsFile weights;
	InterestStatus status;

	snprintf(directory, sizeof(directory), "%s/%s", getenv("INTEREST_TINY"), name);
	if (!CHECK(ReadConfig(&arena, directory, &wide->config, &status)) ||
		!CHECK(ReadTokenizer(&arena, directory, &wide->config, &wide->tokenizer, &status)) ||
		!CHECK(ReadWeights(&arena, directory, &weights, &status)))
		exit(CheckReport("fine-tuning"));
	wide->size = InterestEncoderImageSize(&wide->config);
	wide->image = InterestArenaArray(&arena, float, wide->size);
	CHECK(InterestEncoderBuildImage(&wide->config, weights.entries, weights.count, weights.data, weights.size,
									wide->image, &status));
}

/* --- runs --- */

static InterestFineTuneOptions
Options(void)
{
	return (InterestFineTuneOptions) {
		.seed = 1, .epochs = 6, .batch_size = 16, .learning_rate = 2e-3, .token_masking = 0.05, .label_smoothing = 0.05
	};
}

/* What a run made, and what it said. */
typedef struct Run
{
	bool		done;
	InterestStatus status;
	InterestFineTuneResult result;
	float	   *image;
	size_t		size;
	float	   *best;			/* the image as it was at the last epoch that was best */
	int			epochs;
	InterestTrainingEpoch epoch[16];
	int64_t		told;			/* samples of the epoch, as progress had it last */
} Run;

static void
SeeEpoch(void *context, const InterestTrainingEpoch *epoch)
{
	Run		   *run = context;

	if (run->epochs < (int) (sizeof(run->epoch) / sizeof(run->epoch[0])))
		run->epoch[run->epochs++] = *epoch;
	if (epoch->best)
		memcpy(run->best, run->image, sizeof(float) * run->size);
}

static void
SeeProgress(void *context, InterestTrainingPhase phase, int epoch, int64_t done, int64_t total)
{
	Run		   *run = context;

	CHECK(done > 0 && done <= total);
	if (phase == INTEREST_PHASE_TRAIN)
		run->told = done;
}

static Run *
FineTune(const Wide *wide, const Problem *problem, const InterestFineTuneOptions *options)
{
	Run		   *run = InterestArenaAllocateZero(&arena, sizeof(Run));
	InterestTrainingObserver observer = {run, SeeProgress, SeeEpoch};
	size_t		size = sizeof(float) * wide->size;

	run->size = wide->size;
	run->image = memcpy(InterestArenaAllocate(&arena, size), wide->image, size);
	run->best = InterestArenaAllocate(&arena, size);
	run->done = InterestFineTune(&problem->set, &problem->texts, options, &wide->config, run->image,
								 InterestKernelChoose("auto"), InterestSgemm, &observer, &arena, &run->result, &run->status);
	return run;
}

static Run *
MustTune(const Wide *wide, const Problem *problem, const InterestFineTuneOptions *options)
{
	Run		   *run = FineTune(wide, problem, options);

	if (!CHECK(run->done))
		printf("# %s\n", run->status.message);
	return run;
}

static bool
SameImage(const Run *a, const Run *b)
{
	return memcmp(a->image, b->image, sizeof(float) * a->size) == 0;
}

/* Whether a tensor is as it was. */
static bool
Stayed(const Wide *wide, const Run *run, int tensor)
{
	InterestTensorSpec spec;

	InterestEncoderTensorSpec(&wide->config, tensor, &spec);
	return memcmp(wide->image + spec.offset, run->image + spec.offset, sizeof(float) * spec.count) == 0;
}

/* --- tests --- */

static void
CheckEpochs(const Run *run, const InterestFineTuneOptions *options)
{
	CHECK_INTEGER(run->epochs, options->epochs);
	for (int e = 0; e < run->epochs; e++)
	{
		CHECK_INTEGER(run->epoch[e].epoch, e + 1);
		CHECK_INTEGER(run->epoch[e].samples, run->result.samples);
		CHECK(run->epoch[e].tokens > 5 * run->epoch[e].samples && run->epoch[e].tokens < 10 * run->epoch[e].samples);
	}
	CHECK_INTEGER(run->told, run->result.samples);
	CHECK(memcmp(run->best, run->image, sizeof(float) * run->size) == 0);
}

static void
TestLearns(const Wide *wide)
{
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = Options();
	Run		   *run = MustTune(wide, problem, &options);
	int			samples[4] = {0, 0, 0, 0};

	for (int i = 0; i < ROWS; i++)
		samples[SplitOf(problem, i, options.seed)]++;
	CHECK_INTEGER(run->result.samples, samples[INTEREST_SPLIT_TRAINING]);
	CHECK_INTEGER(run->result.validation_samples, samples[INTEREST_SPLIT_VALIDATION]);
	CheckEpochs(run, &options);
	CHECK(run->epoch[0].loss > 1.5 * run->epoch[run->epochs - 1].loss);
	CHECK(run->epoch[run->result.best_epoch - 1].accuracy > 0.95);
	CHECK(run->epoch[run->result.best_epoch - 1].validation_loss < 0.2);

	/* The encoder as it was, to within a hundredth of a step: what its head can learn. */
	options.learning_rate = 1e-6;
	options.epochs = 16;
	run = MustTune(wide, problem, &options);
	CHECK(run->epoch[run->epochs - 1].accuracy < 0.8);
}

static void
TestSeveral(const Wide *wide)
{
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = Options();
	Run		   *run;

	for (int i = 0; i < ROWS; i++)
		problem->rows[i].label_count = i % 7 == 0 ? 1 : LABELS;
	options.several = true;
	options.epochs = 8;
	run = MustTune(wide, problem, &options);
	CheckEpochs(run, &options);
	CHECK(run->epoch[0].loss > 1.5 * run->epoch[run->epochs - 1].loss);
	CHECK(run->epoch[run->result.best_epoch - 1].accuracy > 0.95);
}

/* The same bytes again, and from rows in another order; others from another seed. */
static void
TestRepeatable(const Wide *wide)
{
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = Options();
	Run		   *run;

	options.epochs = 2;
	run = MustTune(wide, problem, &options);
	CHECK(SameImage(run, MustTune(wide, problem, &options)));
	for (int i = 0; i < ROWS / 2; i++)
	{
		InterestTrainingRow row = problem->rows[i];

		problem->rows[i] = problem->rows[ROWS - 1 - i];
		problem->rows[ROWS - 1 - i] = row;
	}
	CHECK(SameImage(run, MustTune(wide, problem, &options)));
	options.seed = 2;
	CHECK(!SameImage(run, MustTune(wide, problem, &options)));
}

/* Other labels, or texts, of the rows of a split. */
static Problem *
Turned(const Wide *wide, InterestSplit split, bool texts)
{
	Problem    *problem = NewProblem(&wide->tokenizer);

	for (int i = 0; i < ROWS; i++)
	{
		if (SplitOf(problem, i, 1) != split)
			continue;
		if (texts)
			problem->bodies[i] = Span("star wars");
		else
			problem->labels[i][0] = Span("unknown");
	}
	return problem;
}

/* Without any row of a split. */
static Problem *
Without(const Wide *wide, InterestSplit split)
{
	Problem    *problem = NewProblem(&wide->tokenizer);

	for (int i = 0; i < ROWS; i++)
		problem->rows[i].behaviour.has_time = SplitOf(problem, i, 1) != split;
	return problem;
}

static void
TestWhoIsSeen(const Wide *wide)
{
	InterestFineTuneOptions options = Options();
	Run		   *run;
	Run		   *other;

	options.epochs = 2;
	run = MustTune(wide, NewProblem(&wide->tokenizer), &options);
	for (int texts = 0; texts < 2; texts++)
	{
		CHECK(SameImage(run, MustTune(wide, Turned(wide, INTEREST_SPLIT_TEST, texts), &options)));
		CHECK(SameImage(run, MustTune(wide, Turned(wide, INTEREST_SPLIT_CONFORMAL, texts), &options)));
	}
	other = MustTune(wide, Without(wide, INTEREST_SPLIT_TEST), &options);
	CHECK(SameImage(run, other) && other->result.counts.test_users == 0);
	/* Training users' texts are seen; those of users who validate are only measured. */
	CHECK(!SameImage(run, MustTune(wide, Turned(wide, INTEREST_SPLIT_TRAINING, true), &options)));
	other = MustTune(wide, Turned(wide, INTEREST_SPLIT_VALIDATION, true), &options);
	CHECK(run->epoch[0].loss == other->epoch[0].loss && run->epoch[1].loss == other->epoch[1].loss);
	CHECK(run->epoch[0].validation_loss != other->epoch[0].validation_loss);
	other = MustTune(wide, Turned(wide, INTEREST_SPLIT_VALIDATION, false), &options);
	CHECK_INTEGER(other->result.validation_samples, 0);
	CHECK(isnan(other->epoch[1].validation_loss));
	CHECK_INTEGER(other->result.best_epoch, 2);
}

static void
TestMasking(const Wide *wide)
{
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = Options();
	int32_t		mask = InterestVocabularySpecial(wide->tokenizer.vocabulary, INTEREST_TOKEN_MASK);
	size_t		at = (size_t) mask * wide->config.hidden;
	Run		   *masked;
	Run		   *whole;

	options.epochs = 1;
	masked = MustTune(wide, problem, &options);
	options.token_masking = 0.0;
	whole = MustTune(wide, problem, &options);
	CHECK(!SameImage(masked, whole));
	/* [MASK] learns where it is seen, and nowhere else. */
	CHECK(memcmp(masked->image + at, wide->image + at, sizeof(float) * wide->config.hidden) != 0);
	CHECK(memcmp(whole->image + at, wide->image + at, sizeof(float) * wide->config.hidden) == 0);
	CHECK_INTEGER(masked->epoch[0].tokens, whole->epoch[0].tokens);
	/* Of texts without a token that can be seen nothing is learned. */
	options = Options();
	options.token_masking = 1.0 - 1e-9;
	masked = MustTune(wide, problem, &options);
	CHECK(masked->epoch[options.epochs - 1].accuracy < 0.8);
	/* Special tokens are seen even then. */
	at = (size_t) InterestVocabularySpecial(wide->tokenizer.vocabulary, INTEREST_TOKEN_CLS) * wide->config.hidden;
	CHECK(memcmp(masked->image + at, wide->image + at, sizeof(float) * wide->config.hidden) != 0);
}

static void
TestLayers(const Wide *wide)
{
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = Options();
	int			tensors = InterestEncoderTensorCount(&wide->config);
	int			last = tensors - INTEREST_ENCODER_LAYER_TENSORS;
	Run		   *run;

	options.epochs = 2;
	options.layers = 1;
	run = MustTune(wide, problem, &options);
	for (int i = 0; i < tensors; i++)
		CHECK(Stayed(wide, run, i) == (i < last));
	options.epochs = 10;
	run = MustTune(wide, problem, &options);
	CHECK(run->epoch[options.epochs - 1].accuracy > 0.9);
	options.epochs = 2;
	options.layers = wide->config.layers;
	run = MustTune(wide, problem, &options);
	for (int i = 0; i < tensors; i++)
		CHECK(Stayed(wide, run, i) == (i < INTEREST_ENCODER_EMBEDDING_TENSORS));
	options.layers = 0;
	run = MustTune(wide, problem, &options);
	for (int i = 0; i < tensors; i++)
		CHECK(!Stayed(wide, run, i));
	/* A word that no text has stays; so does a position that none reaches. */
	CHECK(memcmp(run->image, wide->image, sizeof(float) * wide->config.hidden) == 0);
	options.layers = wide->config.layers + 1;
	run = FineTune(wide, problem, &options);
	CHECK(!run->done && strstr(run->status.message, "layers") != NULL);
}

/* One step with all rows, before which the loss is told. */
static InterestFineTuneOptions
OneStep(void)
{
	InterestFineTuneOptions options = Options();

	options.epochs = 1;
	options.batch_size = ROWS;
	options.token_masking = 0.0;
	options.learning_rate = 1e-3;
	return options;
}

static double
LossAt(const Wide *wide, const Problem *problem, size_t element, float moved)
{
	InterestFineTuneOptions options = OneStep();
	Wide		other = *wide;

	other.image = memcpy(InterestArenaArray(&arena, float, wide->size), wide->image, sizeof(float) * wide->size);
	other.image[element] += moved;
	return MustTune(&other, problem, &options)->epoch[0].loss;
}

/* The first step of Adam goes against the sign of the gradient, which differences of the loss know. */
static void
CheckStepsDown(const Wide *wide, const Problem *problem, const Run *run, size_t element)
{
	const float size = 2e-2f;
	double		slope = (LossAt(wide, problem, element, size) - LossAt(wide, problem, element, -size)) / (2.0 * size);
	float		moved = run->image[element] - wide->image[element];

	if (fabs(slope) > 2e-3)
		CHECK(moved * slope < 0.0);
	else
		CHECK(fabsf(moved) < 1e-4f);
}

static void
TestStepsDown(const Wide *wide)
{
	static const int tensors[] = {INTEREST_TENSOR_OUTPUT_NORM_BIAS, INTEREST_TENSOR_OUTPUT_NORM_GAIN, INTEREST_TENSOR_CONTRACT_BIAS};
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = OneStep();
	Run		   *run = MustTune(wide, problem, &options);
	size_t		words = (size_t) wide->config.hidden * INTEREST_SPECIAL_TOKENS;

	for (int t = 0; t < (int) (sizeof(tensors) / sizeof(tensors[0])); t++)
		for (int j = 0; j < 8; j++)
			CheckStepsDown(wide, problem, run,
						   InterestEncoderTensorOffset(&wide->config, wide->config.layers - 1, tensors[t]) + (size_t) j);
	for (int j = 0; j < 8; j++)
	{
		CheckStepsDown(wide, problem, run, InterestEncoderTensorOffset(&wide->config, -1, INTEREST_TENSOR_POSITIONS) + (size_t) j);
		CheckStepsDown(wide, problem, run, words + (size_t) j);
	}
}

/* Of two steps the first one is small: a word that only it met moves little. */
static void
TestWordsWait(const Wide *wide)
{
	static const char *const rare[] = {"ghost", "robot", "space", "future", "past", "history", "secret", "london"};
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = OneStep();
	double		least = 1.0;
	double		most = 0.0;
	int			next = 0;
	Run		   *run;

	for (int i = 0; next < (int) (sizeof(rare) / sizeof(rare[0])); i += ROWS_OF_USER)
		if (SplitOf(problem, i, options.seed) == INTEREST_SPLIT_TRAINING)
			problem->bodies[i] = Span(rare[next++]);
	run = MustTune(wide, problem, &options);
	options.batch_size = (run->result.samples + 1) / 2;
	run = MustTune(wide, problem, &options);
	for (int w = 0; w < next; w++)
	{
		int32_t    *ids;
		double		moved = 0.0;
		size_t		at;

		CHECK_INTEGER(InterestTokenize(&wide->tokenizer, rare[w], strlen(rare[w]), 0, &arena, &ids), 3);
		at = (size_t) ids[1] * wide->config.hidden;
		for (int j = 0; j < wide->config.hidden; j++)
			moved = fmax(moved, fabs((double) run->image[at + j] - wide->image[at + j]));
		least = fmin(least, moved);
		most = fmax(most, moved);
	}
	CHECK(least > 0.0 && least < 0.02 * options.learning_rate);
	CHECK(most > 0.5 * options.learning_rate && most < 0.7 * options.learning_rate);
}

/* Every pooling, activation and norm learns. */
static void
TestVariants(void)
{
	static const char *const names[] = {"tiny36", "variants/cls", "variants/max", "variants/gelu_new", "variants/relu", "variants/unnormalized", NULL};
	InterestFineTuneOptions options = Options();

	options.epochs = 5;
	for (int i = 0; names[i]; i++)
	{
		Wide		wide;
		Run		   *run;

		ReadWide(names[i], &wide);
		run = MustTune(&wide, NewProblem(&wide.tokenizer), &options);
		if (!CHECK(run->epoch[run->epochs - 1].accuracy > 0.9))
			printf("# %s: accuracy %.3f\n", names[i], run->epoch[run->epochs - 1].accuracy);
	}
}

static void
CheckFails(const Wide *wide, const Problem *problem, const InterestFineTuneOptions *options, const char *message)
{
	Run		   *run = FineTune(wide, problem, options);

	CHECK(!run->done);
	CHECK(!run->done && strstr(run->status.message, message) != NULL);
}

static void
TestErrors(const Wide *wide)
{
	static const char pieces[] = "[UNK]\n[CLS]\n[SEP]\nking\n";
	Problem    *problem = NewProblem(&wide->tokenizer);
	InterestFineTuneOptions options = Options();
	InterestVocabulary *vocabulary;
	InterestStatus status;
	Wide		broken = *wide;

	options.learning_rate = 0.0;
	CheckFails(wide, problem, &options, "learning rate");
	options = Options();
	options.token_masking = 1.0;
	CheckFails(wide, problem, &options, "masked");
	options = Options();
	options.epochs = 0;
	CheckFails(wide, problem, &options, "epochs");
	options = Options();

	/* Weights that are no numbers. */
	broken.image = memcpy(InterestArenaArray(&arena, float, wide->size), wide->image, sizeof(float) * wide->size);
	broken.image[broken.size - 1] = INFINITY;
	CheckFails(&broken, problem, &options, "no longer a finite number in epoch 1");

	CHECK(InterestVocabularyBuild(&arena, pieces, strlen(pieces), &vocabulary, &status));
	problem->texts.tokenizer.vocabulary = vocabulary;
	CheckFails(wide, problem, &options, "[MASK]");
	options.token_masking = 0.0;
	CHECK(FineTune(wide, problem, &options)->done);

	problem = NewProblem(&wide->tokenizer);
	for (int i = 0; i < ROWS; i++)
		problem->rows[i].sentence = SplitOf(problem, i, options.seed) == INTEREST_SPLIT_TRAINING ? -1 : i;
	CheckFails(wide, problem, &options, "no training user has a labelled row with text");
	for (int i = 0; i < ROWS; i++)
		problem->rows[i].label_count = 0;
	CheckFails(wide, problem, &options, "two interests");
}

int
main(void)
{
	Wide		wide;

	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	if (getenv("INTEREST_TINY") == NULL)
		CheckSkip("INTEREST_TINY is not set");
	else
	{
		ReadWide("tiny", &wide);
		TestLearns(&wide);
		TestSeveral(&wide);
		TestRepeatable(&wide);
		TestWhoIsSeen(&wide);
		TestMasking(&wide);
		TestLayers(&wide);
		TestStepsDown(&wide);
		TestWordsWait(&wide);
		TestVariants();
		TestErrors(&wide);
	}
	InterestArenaFree(&arena);
	return CheckReport("fine-tuning");
}

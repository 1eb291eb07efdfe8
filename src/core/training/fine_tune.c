/*
 * fine_tune.c
 *	  An encoder that learns from labelled rows.
 *
 * The image is what learns; the encoder that runs from it is packed anew after
 * every step.  Words have gradients and steps where a batch touches them.
 */
#include "core/training/fine_tune.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"
#include "core/base/sort.h"
#include "core/encoder/backward.h"
#include "core/encoder/weights.h"
#include "core/measure/compare.h"
#include "core/training/adam.h"
#include "core/training/calibrate.h"
#include "core/training/predict.h"

#include <math.h>
#include <string.h>

#define WORK_BLOCK ((size_t) 1 << 20)

/* Of Devlin et al., appendix A.3; the share of the steps that warm up is that of A.2. */
#define WEIGHT_DECAY 0.01
#define CLIP 1.0
#define WARM_UP 0.1

/*
 * The learning rate of the head, by that of the encoder: it starts from nothing,
 * and what it has not learned yet would move the encoder instead.
 */
#define HEAD_RATE 20.0

/* Numbers between two checks for cancel in what only goes over memory: some milliseconds. */
#define PIECE ((size_t) 1 << 20)

/* Texts that are encoded together to validate. */
#define VALIDATION_TEXTS 32

/* Texts whose norm is measured where the encoder does not normalize. */
#define NORM_TEXTS 256

/* Keep what is drawn for the order, the masks and the head apart. */
#define ORDER_SEED UINT64_C(0x6f72646572)
#define MASK_SEED UINT64_C(0x6d61736b)
#define HEAD_SEED UINT64_C(0x68656164)

/* Prepared rows whose text and labels are known. */
typedef struct Samples
{
	int			count;
	int		   *rows;			/* (count) */
} Samples;

/* Parameters of the image from start on that every step changes, and what goes with them. */
typedef struct Dense
{
	size_t		start;
	size_t		count;
	float	   *gradient;
	float	   *mean;
	float	   *square;
} Dense;

/* The vectors of the words, where they learn. */
typedef struct Words
{
	InterestTouchedWords touched;
	float	   *square;			/* (vocabulary, hidden) */
	int		   *steps;			/* (vocabulary) */
} Words;

/* Weights and biases of the head, their gradients, means and squares: (interests, hidden + 1) each. */
typedef struct Head
{
	InterestHead head;
	InterestHead gradient;
	size_t		count;
	float	   *parameters;
	float	   *gradients;
	float	   *mean;
	float	   *square;
} Head;

typedef struct Tuner
{
	const InterestFineTuneOptions *options;
	const InterestFineTuneTexts *texts;
	const InterestTrainingObserver *observer;
	InterestArena work;			/* lasts as long as it all */
	InterestArena scratch;		/* of an epoch and a batch */
	InterestPreparedRows prepared;
	InterestNames interests;
	Samples		training;
	Samples		validation;
	InterestPredictions predictions;	/* of these: logits, then probabilities */

	InterestEncoder encoder;
	float	   *image;
	InterestEncoderLearning learning;
	bool		all;			/* the embeddings learn */
	int			room;			/* tokens of the tape */
	InterestEncoderTape *tape;
	float		scale;			/* of the vectors that go into the head */
	Dense		dense;
	Words		words;
	Head		head;
	InterestArithmetic arithmetic;
	int64_t		steps;

	InterestStore *store;
	InterestPlace *best;		/* of what learns, in pieces */
	bool		has_best;
	double	   *lowest;			/* as InterestIsAsGood keeps it */
} Tuner;

/* --- samples --- */

/* A label that the head does not know cannot be foreseen; of several the others can. */
static bool
IsSample(const Tuner *tuner, int row)
{
	const InterestPreparedRows *prepared = &tuner->prepared;
	int			first = prepared->label_first[row];

	return prepared->rows[row].sentence >= 0 && prepared->label_first[row + 1] > first &&
		(tuner->options->several || prepared->labels[first] >= 0);
}

static void
FindSamples(Tuner *tuner, InterestSplit split, Samples *samples)
{
	const InterestPreparedRows *prepared = &tuner->prepared;

	samples->count = 0;
	samples->rows = InterestArenaArray(&tuner->work, int, prepared->row_count);
	for (int u = 0; u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		for (int i = user->first; user->split == split && i < user->first + user->count; i++)
			if (IsSample(tuner, i))
				samples->rows[samples->count++] = i;
	}
}

static void
FindSentences(Tuner *tuner)
{
	InterestPreparedRows *prepared = &tuner->prepared;

	for (int i = 0; i < prepared->row_count; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&tuner->scratch);

		InterestCheckCancel(tuner->scratch.host);
		prepared->rows[i].sentence = InterestSourceRow(prepared, i, &tuner->scratch).sentence;
		InterestArenaReturnTo(&tuner->scratch, mark);
	}
}

static bool
PrepareSamples(Tuner *tuner, const InterestTrainingSet *set, InterestStatus *status)
{
	InterestPreparedRows *prepared = &tuner->prepared;

	if (!InterestSortRows(set, tuner->options->seed, &tuner->work, prepared, status) ||
		!InterestLearnInterests(prepared, NULL, &tuner->work, &tuner->scratch, &tuner->interests, status))
		return false;
	InterestFindLabels(prepared, &tuner->interests, &tuner->work);
	FindSentences(tuner);
	FindSamples(tuner, INTEREST_SPLIT_TRAINING, &tuner->training);
	FindSamples(tuner, INTEREST_SPLIT_VALIDATION, &tuner->validation);
	if (tuner->training.count > 0)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "no training user has a labelled row with text");
	InterestDetail(status, "Training users: %d.", prepared->counts.training_users);
	return InterestHint(status, "Fine-tune on more users: %s.", InterestWhoTrains(prepared));
}

/* The tokens of a sample, special ones included, in the scratch arena. */
static int
Tokens(Tuner *tuner, int row, int32_t **ids)
{
	InterestSpan text = tuner->texts->text(tuner->texts->context, tuner->prepared.rows[row].sentence, &tuner->scratch);

	return InterestTokenize(&tuner->texts->tokenizer, text.data, text.length, tuner->encoder.config.max_length,
							&tuner->scratch, ids);
}

static bool
IsSpecial(const InterestVocabulary *vocabulary, int32_t id)
{
	for (int token = 0; token < INTEREST_SPECIAL_TOKENS; token++)
		if (id == InterestVocabularySpecial(vocabulary, (InterestSpecialToken) token))
			return true;
	return false;
}

static void
MaskTokens(const Tuner *tuner, int epoch, int row, int length, int32_t *ids)
{
	const InterestVocabulary *vocabulary = tuner->texts->tokenizer.vocabulary;
	int32_t		mask = InterestVocabularySpecial(vocabulary, INTEREST_TOKEN_MASK);
	InterestRowKey key = InterestRowKeyOf(&tuner->prepared, row);
	InterestRandom random = InterestRandomKeyed(tuner->options->seed ^ MASK_SEED, (uint64_t) epoch, key.user, key.position);

	for (int i = 0; i < length; i++)
		if (InterestRandomUniform(&random) < tuner->options->token_masking && !IsSpecial(vocabulary, ids[i]))
			ids[i] = mask;
}

/* The samples in an order of the epoch's own. */
static int *
Shuffle(Tuner *tuner, int epoch)
{
	InterestRandom random = InterestRandomKeyed(tuner->options->seed ^ ORDER_SEED, (uint64_t) epoch, 0, 0);
	int			n = tuner->training.count;
	int		   *order = InterestArenaArray(&tuner->scratch, int, n);

	memcpy(order, tuner->training.rows, sizeof(int) * (size_t) n);
	for (int i = n - 1; i > 0; i--)
	{
		int			j = (int) InterestRandomBelow(&random, (uint32_t) i + 1);
		int			row = order[i];

		order[i] = order[j];
		order[j] = row;
	}
	return order;
}

/* --- the head --- */

static void
BindHead(InterestHead *head, InterestHeadKind kind, int interests, int hidden, float *parameters, float *log_scale)
{
	*head = (InterestHead) {
		.kind = kind, .log_scale = log_scale,
		.linear = {interests, hidden, parameters, parameters + (size_t) interests * hidden, NULL}
	};
}

/* Where the biases start: the share of the training rows that have the interest, none of which is 0 or 1. */
static void
StartBiases(Tuner *tuner)
{
	const InterestPreparedRows *prepared = &tuner->prepared;
	InterestHead *head = &tuner->head.head;
	int		   *rows = InterestArenaAllocateZero(&tuner->work, sizeof(int) * (size_t) tuner->interests.count);

	for (int s = 0; s < tuner->training.count; s++)
	{
		int			row = tuner->training.rows[s];

		for (int l = prepared->label_first[row]; l < prepared->label_first[row + 1]; l++)
			rows[prepared->labels[l]]++;
	}
	for (int i = 0; i < tuner->interests.count; i++)
		head->linear.bias[i] = (float) InterestHeadFirstBias(head->kind, (rows[i] + 0.5) / (tuner->training.count + 1.0), 1.0);
}

/* Weights as those of a model start, by Xavier. */
static void
MakeHead(Tuner *tuner)
{
	Head	   *head = &tuner->head;
	InterestHeadKind kind = tuner->options->several ? INTEREST_HEAD_SIGMOID : INTEREST_HEAD_SOFTMAX;
	int			interests = tuner->interests.count;
	int			hidden = tuner->encoder.config.hidden;
	double		bound = sqrt(6.0 / (interests + hidden));
	InterestRandom random = InterestRandomKeyed(tuner->options->seed ^ HEAD_SEED, 0, 0, 0);
	float	   *log_scale = InterestArenaAllocateZero(&tuner->work, 4 * sizeof(float));
	size_t		size;

	head->count = (size_t) interests * (size_t) (hidden + 1);
	size = sizeof(float) * head->count;
	head->parameters = InterestArenaAllocate(&tuner->work, size);
	head->gradients = InterestArenaAllocateZero(&tuner->work, size);
	head->mean = InterestArenaAllocateZero(&tuner->work, size);
	head->square = InterestArenaAllocateZero(&tuner->work, size);
	BindHead(&head->head, kind, interests, hidden, head->parameters, log_scale);
	BindHead(&head->gradient, kind, interests, hidden, head->gradients, log_scale + 1);
	head->head.temperature = log_scale + 2;
	for (size_t i = 0; i < (size_t) interests * hidden; i++)
		head->parameters[i] = (float) (bound * (2.0 * InterestRandomUniform(&random) - 1.0));
	StartBiases(tuner);
}

/* --- what learns --- */

static void
MakeDense(Tuner *tuner)
{
	const InterestEncoderConfig *config = &tuner->encoder.config;
	Dense	   *dense = &tuner->dense;
	size_t		size;

	dense->start = tuner->all ? InterestEncoderTensorOffset(config, -1, INTEREST_TENSOR_POSITIONS) :
		InterestEncoderTensorOffset(config, tuner->learning.first, 0);
	dense->count = InterestEncoderImageSize(config) - dense->start;
	size = sizeof(float) * dense->count;
	dense->gradient = InterestArenaAllocateZero(&tuner->work, size);
	dense->mean = InterestArenaAllocateZero(&tuner->work, size);
	dense->square = InterestArenaAllocateZero(&tuner->work, size);
	tuner->learning.start = dense->start;
	tuner->learning.gradient = dense->gradient;
}

static void
MakeWords(Tuner *tuner)
{
	const InterestEncoderConfig *config = &tuner->encoder.config;
	size_t		words = (size_t) config->vocabulary_size;

	if (!tuner->all)
		return;
	InterestTouchedInit(&tuner->words.touched, config->vocabulary_size, config->hidden, &tuner->work);
	tuner->words.square = InterestArenaAllocateZero(&tuner->work, sizeof(float) * words * (size_t) config->hidden);
	tuner->words.steps = InterestArenaAllocateZero(&tuner->work, sizeof(int) * words);
}

/* The labels of those who validate, and room for what is said of them. */
static void
MakePredictions(Tuner *tuner)
{
	const InterestPreparedRows *prepared = &tuner->prepared;
	const Samples *samples = &tuner->validation;
	int			interests = tuner->interests.count;
	size_t		room = (size_t) samples->count * (size_t) interests;
	int		   *label = InterestArenaArray(&tuner->work, int, samples->count);
	int		   *user = InterestArenaArray(&tuner->work, int, samples->count);
	double	   *weight = InterestArenaArray(&tuner->work, double, samples->count);
	uint8_t    *labels = tuner->options->several ? InterestArenaAllocateZero(&tuner->work, room) : NULL;

	for (int s = 0, u = 0; s < samples->count; s++)
	{
		int			row = samples->rows[s];

		while (prepared->users[u].first + prepared->users[u].count <= row)
			u++;
		user[s] = u;
		weight[s] = 1.0;
		label[s] = prepared->labels[prepared->label_first[row]];
		for (int l = prepared->label_first[row]; labels && l < prepared->label_first[row + 1]; l++)
			if (prepared->labels[l] >= 0)
				labels[(size_t) s * interests + prepared->labels[l]] = 1;
	}
	tuner->predictions = (InterestPredictions) {
		.count = samples->count, .interests = interests, .several = tuner->options->several,
		.probability = InterestArenaArray(&tuner->work, float, room), .label = labels ? NULL : label, .labels = labels,
		.weight = weight, .user = user
	};
}

/* The mean norm of vectors that are not normalized is taken out of what the head sees (row_network.h). */
static bool
MeasureScale(Tuner *tuner, InterestStatus *status)
{
	const InterestEncoder *encoder = &tuner->encoder;
	int			hidden = encoder->config.hidden;
	int			count = tuner->training.count < NORM_TEXTS ? tuner->training.count : NORM_TEXTS;
	double		sum = 0.0;

	tuner->scale = INTEREST_SENTENCE_SCALE;
	for (int s = 0; !encoder->config.normalize && s < count; s++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&tuner->scratch);
		float	   *vector = InterestArenaArray(&tuner->scratch, float, hidden);
		int32_t    *ids;
		int			length = Tokens(tuner, tuner->training.rows[s], &ids);

		if (!InterestEncode(encoder, &tuner->scratch, 1, ids, &length, vector, status))
			return false;
		sum += sqrt((double) encoder->kernel->dot(hidden, vector, vector));
		InterestArenaReturnTo(&tuner->scratch, mark);
	}
	if (sum > 0.0)
		tuner->scale = (float) (INTEREST_SENTENCE_SCALE * count / sum);
	return true;
}

static void
MakeEncoder(Tuner *tuner, const InterestEncoderConfig *config, const InterestKernel *kernel, InterestSgemmFunction sgemm)
{
	int			layers = tuner->options->layers;

	tuner->all = layers == 0;
	tuner->learning = (InterestEncoderLearning) {.first = tuner->all ? 0 : config->layers - layers, .sgemm = sgemm};
	InterestEncoderWork(config, tuner->image, kernel, InterestArenaAllocate(&tuner->work, InterestEncoderWorkingSize(config)),
						&tuner->encoder);
	tuner->room = config->max_length > INTEREST_FINE_TUNE_TOKENS ? config->max_length : INTEREST_FINE_TUNE_TOKENS;
	tuner->tape = InterestEncoderTapeMake(&tuner->encoder, &tuner->work, tuner->room, config->max_length, &tuner->learning);
	tuner->arithmetic = (InterestArithmetic) {kernel, sgemm, &tuner->scratch};
}

/* --- a batch --- */

/* A text on its way. */
typedef struct Text
{
	int			row;
	int			length;
	int32_t    *ids;
} Text;

/* Some texts of a batch that go through the encoder together. */
typedef struct Part
{
	Tuner	   *tuner;
	const Text *texts;
	const int  *order;			/* of the part's texts, in texts */
	double		share;			/* of a text in the mean of the batch */
	double		loss;			/* sum over the texts */
} Part;

static int
CompareLengths(const void *context, int a, int b)
{
	const Text *texts = context;

	return texts[a].length - texts[b].length;
}

/* Logits (interests) of a vector, and its scaled form (hidden) where u asks for it. */
static float *
AskHead(Tuner *tuner, const float *vector, float **u)
{
	int			hidden = tuner->encoder.config.hidden;
	float	   *logits = InterestArenaArray(&tuner->scratch, float, tuner->interests.count);
	float	   *scaled = InterestArenaArray(&tuner->scratch, float, hidden);

	memcpy(scaled, vector, sizeof(float) * (size_t) hidden);
	tuner->arithmetic.kernel->scale(hidden, tuner->scale, scaled);
	InterestHeadForward(&tuner->head.head, &tuner->arithmetic, 1, scaled, logits);
	if (u)
		*u = scaled;
	return logits;
}

/* The objective: a text's loss, whose gradients by the head are added up. */
static void
AskLoss(void *context, int text, const float *vector, float *gradient)
{
	Part	   *part = context;
	Tuner	   *tuner = part->tuner;
	InterestArenaMark mark = InterestArenaGetMark(&tuner->scratch);
	const InterestLossRule rule = {.smoothing = (float) tuner->options->label_smoothing};
	InterestTargets targets = {
		tuner->prepared.label_first + part->texts[part->order[text]].row, tuner->prepared.labels
	};
	float	   *u;
	float	   *logits = AskHead(tuner, vector, &u);
	float	   *logit_gradient = InterestArenaArray(&tuner->scratch, float, tuner->interests.count);

	part->loss += InterestHeadLoss(&tuner->head.head, &rule, 1, logits, &targets, logit_gradient);
	tuner->arithmetic.kernel->scale(tuner->interests.count, (float) part->share, logit_gradient);
	InterestHeadBackward(&tuner->head.head, &tuner->arithmetic, 1, u, logit_gradient, &tuner->head.gradient, gradient);
	tuner->arithmetic.kernel->scale(tuner->encoder.config.hidden, tuner->scale, gradient);
	InterestArenaReturnTo(&tuner->scratch, mark);
}

/* Forward and back with count texts of tokens tokens. */
static void
RunPart(Part *part, int count, int tokens)
{
	Tuner	   *tuner = part->tuner;
	InterestArena *scratch = &tuner->scratch;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	InterestEncoderObjective objective = {part, AskLoss};
	int			hidden = tuner->encoder.config.hidden;
	int		   *lengths = InterestArenaArray(scratch, int, count);
	int32_t    *ids = InterestArenaArray(scratch, int32_t, tokens);
	float	   *words = InterestArenaArray(scratch, float, (size_t) tokens * hidden);
	float	   *gradient = tuner->all ? InterestArenaArray(scratch, float, (size_t) tokens * hidden) : NULL;
	float	   *out = InterestArenaArray(scratch, float, (size_t) count * hidden);

	for (int i = 0, at = 0; i < count; at += lengths[i++])
	{
		const Text *text = &part->texts[part->order[i]];

		lengths[i] = text->length;
		memcpy(ids + at, text->ids, sizeof(int32_t) * (size_t) text->length);
	}
	for (int i = 0; i < tokens; i++)
		InterestEncoderWord(&tuner->encoder, ids[i], words + (size_t) i * hidden);
	InterestEncodeBackward(tuner->tape, count, lengths, words, &objective, out, gradient);
	for (int i = 0; gradient && i < tokens; i++)
		tuner->arithmetic.kernel->add(hidden, gradient + (size_t) i * hidden, InterestTouch(&tuner->words.touched, ids[i]));
	InterestArenaReturnTo(scratch, mark);
}

/* The mean loss of count rows, its gradient where gradients are; parts are of texts of like length. */
static double
RunBatch(Tuner *tuner, int epoch, int count, const int *rows, int64_t *tokens)
{
	Text	   *texts = InterestArenaArray(&tuner->scratch, Text, count);
	int		   *order = InterestArenaArray(&tuner->scratch, int, count);
	Part		part = {.tuner = tuner, .texts = texts, .share = 1.0 / count};

	for (int i = 0; i < count; i++)
	{
		order[i] = i;
		texts[i].row = rows[i];
		texts[i].length = Tokens(tuner, rows[i], &texts[i].ids);
		if (tuner->options->token_masking > 0.0)
			MaskTokens(tuner, epoch, rows[i], texts[i].length, texts[i].ids);
		InterestCheckCancel(tuner->scratch.host);
	}
	InterestSort(order, count, CompareLengths, texts, &tuner->scratch);
	for (int first = 0, next; first < count; first = next)
	{
		int			sum = texts[order[first]].length;

		for (next = first + 1; next < count && sum + texts[order[next]].length <= tuner->room; next++)
			sum += texts[order[next]].length;
		part.order = order + first;
		RunPart(&part, next - first, sum);
		*tokens += sum;
	}
	return part.loss / count;
}

/* --- a step --- */

static double
GradientSquares(const Tuner *tuner)
{
	const Dense *dense = &tuner->dense;
	const InterestTouchedWords *touched = &tuner->words.touched;
	double		squares = InterestSumSquares(tuner->head.gradients, tuner->head.count);

	for (size_t at = 0; at < dense->count; at += PIECE)
	{
		InterestCheckCancel(tuner->work.host);
		squares += InterestSumSquares(dense->gradient + at, dense->count - at < PIECE ? dense->count - at : PIECE);
	}
	for (int i = 0; tuner->all && i < touched->count; i++)
		squares += InterestSumSquares(InterestTouchedVector(touched, i), (size_t) touched->dimensions);
	return squares;
}

/* A tensor's parameters, whose gradient is 0 after; matrices decay. */
static void
StepTensor(Tuner *tuner, const InterestTensorSpec *spec, float factor, double rate, InterestAdamBias bias)
{
	Dense	   *dense = &tuner->dense;
	float		decay = spec->input == INTEREST_INPUT_NONE ? 0.0f : (float) (rate * WEIGHT_DECAY);

	for (size_t done = 0, count; done < spec->count; done += count)
	{
		size_t		at = spec->offset + done;

		count = spec->count - done < PIECE ? spec->count - done : PIECE;
		InterestCheckCancel(tuner->work.host);
		InterestAdamStep(count, tuner->image + at, dense->mean + at - dense->start, dense->square + at - dense->start,
						 dense->gradient + at - dense->start, factor, (float) (rate / bias.mean), (float) (1.0 / bias.root), decay);
		memset(dense->gradient + at - dense->start, 0, sizeof(float) * count);
	}
}

/* A word's root is as old as the word has been met. */
static void
StepWords(Tuner *tuner, float factor, double rate)
{
	Words	   *words = &tuner->words;

	for (int i = 0; i < words->touched.count; i++)
	{
		int			word = words->touched.words[i];
		size_t		hidden = (size_t) words->touched.dimensions;
		size_t		at = (size_t) word * hidden;

		InterestAdamStepNow(hidden, tuner->image + at, words->square + at, InterestTouchedVector(&words->touched, i),
							factor, (float) rate, (float) (1.0 / InterestAdamBiasAt(++words->steps[word]).root));
	}
	InterestTouchedClear(&words->touched);
}

/* Everything against its gradient; gradients are 0 after, and the encoder is what the image says. */
static void
Step(Tuner *tuner, double rate, double squares)
{
	const InterestEncoderConfig *config = &tuner->encoder.config;
	Head	   *head = &tuner->head;
	float		factor = InterestClipFactor(squares, CLIP);
	InterestAdamBias bias = InterestAdamBiasAt(++tuner->steps);

	for (int i = 0; i < InterestEncoderTensorCount(config); i++)
	{
		InterestTensorSpec spec;

		InterestEncoderTensorSpec(config, i, &spec);
		if (spec.offset >= tuner->dense.start)
			StepTensor(tuner, &spec, factor, rate, bias);
	}
	if (tuner->all)
		StepWords(tuner, factor, rate);
	InterestAdamStep(head->count, head->parameters, head->mean, head->square, head->gradients, factor,
					 (float) (rate * HEAD_RATE / bias.mean), (float) (1.0 / bias.root), 0.0f);
	memset(head->gradients, 0, sizeof(float) * head->count);
	for (int layer = tuner->all ? -1 : tuner->learning.first; layer < config->layers; layer++)
	{
		InterestCheckCancel(tuner->work.host);
		InterestEncoderRepack(&tuner->encoder, tuner->image, layer);
	}
}

/* --- an epoch --- */

static bool
FailNotFinite(int epoch, InterestStatus *status)
{
	InterestFail(status, INTEREST_DATA_EXCEPTION, "the loss of the fine-tuning is no longer a finite number in epoch %d", epoch);
	return InterestHint(status, "Fine-tune with a lower learning rate, or fewer layers.");
}

static bool
TrainEpoch(Tuner *tuner, InterestTrainingEpoch *epoch, InterestStatus *status)
{
	const InterestFineTuneOptions *options = tuner->options;
	InterestProgress progress = {tuner->observer, INTEREST_PHASE_TRAIN, epoch->epoch};
	int			total = tuner->training.count;
	const int  *order = Shuffle(tuner, epoch->epoch);
	InterestArenaMark mark = InterestArenaGetMark(&tuner->scratch);

	for (int first = 0; first < total; first += options->batch_size)
	{
		int			count = total - first < options->batch_size ? total - first : options->batch_size;
		double		done = (epoch->epoch - 1 + (double) first / total) / epoch->epochs;
		double		loss = RunBatch(tuner, epoch->epoch, count, order + first, &epoch->tokens);
		double		squares = GradientSquares(tuner);

		if (!isfinite(loss) || !isfinite(squares))
			return FailNotFinite(epoch->epoch, status);
		Step(tuner, options->learning_rate * InterestLearningRate(done, WARM_UP), squares);
		epoch->loss += loss * count;
		epoch->samples += count;
		InterestArenaReturnTo(&tuner->scratch, mark);
		InterestTellProgress(&progress, epoch->samples, total);
	}
	epoch->loss /= total;
	epoch->rows = epoch->samples;
	return true;
}

/* Logits of count rows, the first of which is that one of those who validate. */
static bool
ValidateRows(Tuner *tuner, int first, int count, int epoch, InterestStatus *status)
{
	const int  *rows = tuner->validation.rows + first;
	size_t		interests = (size_t) tuner->interests.count;
	int			hidden = tuner->encoder.config.hidden;
	int32_t    *ids = InterestArenaArray(&tuner->scratch, int32_t, (size_t) count * tuner->encoder.config.max_length);
	int		   *lengths = InterestArenaArray(&tuner->scratch, int, count);
	float	   *vectors = InterestArenaArray(&tuner->scratch, float, (size_t) count * hidden);
	float	   *logits = (float *) tuner->predictions.probability + (size_t) first * interests;
	int			used = 0;

	for (int i = 0; i < count; i++)
	{
		int32_t    *own;

		lengths[i] = Tokens(tuner, rows[i], &own);
		memcpy(ids + used, own, sizeof(int32_t) * (size_t) lengths[i]);
		used += lengths[i];
	}
	if (!InterestEncode(&tuner->encoder, &tuner->scratch, count, ids, lengths, vectors, status))
		return FailNotFinite(epoch, status);
	for (int i = 0; i < count; i++)
		memcpy(logits + (size_t) i * interests, AskHead(tuner, vectors + (size_t) i * hidden, NULL), sizeof(float) * interests);
	for (size_t i = 0; i < (size_t) count * interests; i++)
		if (!isfinite(logits[i]))
			return FailNotFinite(epoch, status);
	return true;
}

/* Loss and accuracy of the users who validate, calibrated as in training; NaN without them. */
static bool
Validate(Tuner *tuner, InterestTrainingEpoch *epoch, InterestStatus *status)
{
	InterestProgress progress = {tuner->observer, INTEREST_PHASE_VALIDATE, epoch->epoch};
	const InterestHead *head = &tuner->head.head;
	int			total = tuner->validation.count;
	double	   *evidence = InterestArenaAllocateZero(&tuner->scratch, sizeof(double) * (size_t) total);
	InterestMetrics metrics;

	for (int first = 0; first < total; first += VALIDATION_TEXTS)
	{
		InterestArenaMark mark = InterestArenaGetMark(&tuner->scratch);
		int			count = total - first < VALIDATION_TEXTS ? total - first : VALIDATION_TEXTS;

		if (!ValidateRows(tuner, first, count, epoch->epoch, status))
			return false;
		InterestArenaReturnTo(&tuner->scratch, mark);
		InterestTellProgress(&progress, first + count, total);
	}
	InterestFitTemperature(head, &tuner->predictions, evidence, &tuner->scratch);
	InterestNormalizeAll(head, tuner->arithmetic.kernel, &tuner->predictions, evidence, tuner->scratch.host);
	InterestMeasure(&tuner->predictions, &tuner->scratch, &metrics);
	epoch->validation_loss = metrics.log_loss;
	epoch->accuracy = metrics.accuracy;
	epoch->best = InterestIsAsGood(&tuner->predictions, &tuner->lowest, &tuner->work, &tuner->scratch);
	return true;
}

/* --- the best epoch --- */

/* What learns of the image: the words, or nothing before the dense part, which reaches to the end. */
static size_t
FirstToKeep(const Tuner *tuner)
{
	return tuner->all ? 0 : tuner->dense.start;
}

/* In pieces, so that none takes long to write. */
static void
KeepImage(Tuner *tuner)
{
	size_t		end = InterestEncoderImageSize(&tuner->encoder.config);
	int			piece = 0;

	for (size_t at = FirstToKeep(tuner); at < end; at += PIECE, piece++)
	{
		size_t		size = sizeof(float) * (end - at < PIECE ? end - at : PIECE);

		InterestCheckCancel(tuner->work.host);
		if (tuner->has_best)
			InterestStoreReplace(tuner->store, tuner->best[piece], tuner->image + at, size);
		else
			tuner->best[piece] = InterestStoreAddAway(tuner->store, tuner->image + at, size);
	}
	tuner->has_best = true;
}

static void
RestoreImage(Tuner *tuner)
{
	size_t		end = InterestEncoderImageSize(&tuner->encoder.config);
	int			piece = 0;

	for (size_t at = FirstToKeep(tuner); at < end; at += PIECE, piece++)
	{
		InterestCheckCancel(tuner->work.host);
		InterestStoreRead(tuner->store, tuner->best[piece], tuner->image + at, sizeof(float) * (end - at < PIECE ? end - at : PIECE));
	}
}

static bool
RunEpochs(Tuner *tuner, InterestFineTuneResult *result, InterestStatus *status)
{
	int			epochs = tuner->options->epochs;

	for (int e = 1; e <= epochs; e++)
	{
		InterestTrainingEpoch epoch = {.epoch = e, .epochs = epochs, .last = e == epochs};

		if (!TrainEpoch(tuner, &epoch, status) || !Validate(tuner, &epoch, status))
			return false;
		if (epoch.best)
			result->best_epoch = e;
		if (epoch.best && e < epochs)
			KeepImage(tuner);
		if (tuner->observer && tuner->observer->epoch)
			tuner->observer->epoch(tuner->observer->context, &epoch);
		InterestArenaFree(&tuner->scratch);
	}
	if (result->best_epoch < epochs)
		RestoreImage(tuner);
	return true;
}

/* --- all of it --- */

static bool
CheckOptions(const InterestFineTuneOptions *options, const InterestFineTuneTexts *texts,
			 const InterestEncoderConfig *config, InterestStatus *status)
{
	if (!InterestCheckOption(options->epochs >= 1, "the number of epochs", status) ||
		!InterestCheckOption(options->batch_size >= 1, "the batch size", status) ||
		!InterestCheckOption(options->learning_rate > 0.0 && options->learning_rate <= 1.0, "the learning rate", status) ||
		!InterestCheckOption(options->token_masking >= 0.0 && options->token_masking < 1.0, "the share of masked tokens", status) ||
		!InterestCheckOption(options->label_smoothing >= 0.0 && options->label_smoothing < 1.0, "the label smoothing", status))
		return false;
	if (options->layers < 0 || options->layers > config->layers)
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT, "the encoder has no %d layers to learn", options->layers);
		return InterestHint(status, "It has %d.", config->layers);
	}
	if (options->token_masking == 0.0 || InterestVocabularySpecial(texts->tokenizer.vocabulary, INTEREST_TOKEN_MASK) >= 0)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "the encoder has no token [MASK]");
	return InterestHint(status, "Fine-tune it without masking.");
}

static bool
Tune(Tuner *tuner, const InterestTrainingSet *set, const InterestEncoderConfig *config, const InterestKernel *kernel,
	 InterestSgemmFunction sgemm, InterestFineTuneResult *result, InterestStatus *status)
{
	size_t		pieces = InterestEncoderImageSize(config) / PIECE + 1;

	tuner->best = InterestArenaArray(&tuner->work, InterestPlace, pieces);
	if (!PrepareSamples(tuner, set, status))
		return false;
	result->counts = tuner->prepared.counts;
	result->samples = tuner->training.count;
	result->validation_samples = tuner->validation.count;
	MakeEncoder(tuner, config, kernel, sgemm);
	if (!MeasureScale(tuner, status))
		return false;
	MakeHead(tuner);
	MakePredictions(tuner);
	MakeDense(tuner);
	MakeWords(tuner);
	return RunEpochs(tuner, result, status);
}

bool
InterestFineTune(const InterestTrainingSet *set, const InterestFineTuneTexts *texts,
				 const InterestFineTuneOptions *options, const InterestEncoderConfig *config, float *image,
				 const InterestKernel *kernel, InterestSgemmFunction sgemm,
				 const InterestTrainingObserver *observer, InterestArena *arena,
				 InterestFineTuneResult *result, InterestStatus *status)
{
	Tuner		tuner = {.options = options, .texts = texts, .observer = observer, .image = image, .store = set->store};
	bool		done;

	*result = (InterestFineTuneResult) {0};
	if (!CheckOptions(options, texts, config, status))
		return false;
	InterestArenaInit(&tuner.work, arena->host, WORK_BLOCK);
	InterestArenaInit(&tuner.scratch, arena->host, WORK_BLOCK);
	done = Tune(&tuner, set, config, kernel, sgemm, result, status);
	InterestArenaFree(&tuner.scratch);
	InterestArenaFree(&tuner.work);
	return done;
}

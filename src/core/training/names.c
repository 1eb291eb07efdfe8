/*
 * names.c
 *	  Interests by name: what a model knows before any training.
 */
#include "core/training/names.h"

#include "core/base/deterministic.h"
#include "core/base/eigen.h"
#include "core/base/random.h"
#include "core/base/sort.h"
#include "core/training/codebook.h"

#include <math.h>
#include <string.h>

/* Rows between two looks at whether the host wants to stop. */
#define ROWS_BETWEEN_CHECKS 64

/* Directions with less than this share of the greatest variance are rounding. */
#define LEAST_VARIANCE 1e-10

/* A direction of which less than this is left is one that the others have already. */
#define LEAST_REST 1e-6

/*
 * Greatest logit.  A user of many rows whose vectors all point to a name has it;
 * one row of weight 1 has half of it, for the prior counts as one row too.  Where
 * a text's cosine with its own name is .4 above that with others, one row is
 * worth a factor of e^4 and many rows e^8: sure, but not beyond doubt.  Not fitted
 * to data: a training fits a temperature.
 */
#define NAME_SCALE 20.0

/* Margins are -1 and 1 where others' logits are a right and a wrong answer's: half as far apart. */
#define MARGIN_SLOPE 2.0

/* |u| of a user of one row, for the prior counts as another. */
#define ONE_ROW 0.5f

/* Labelled rows of an interest that count as much as its name where a training starts. */
#define NAME_ROWS 3.0

/*
 * Rows without any direction that a word is believed to have been in besides: one
 * that is met once says half of what it could.
 */
#define CONTEXT_PRIOR 1.0

/*
 * Labelled rows that must be there before words count half of what they do in the
 * end.  Names are not written as rows are: with one labelled row an interest words
 * at their full count cost dominant interests .04 of accuracy on 20 Newsgroups.
 */
#define CONTEXT_ROWS 200.0

/*
 * An epoch that starts from names goes over its samples until it has seen so many,
 * but not too often: few labels are soon learned by heart.
 */
#define LEAST_SAMPLES 4000.0
#define MOST_PASSES 4.0

#define NAMES_KEY UINT64_C(0x6e616d65)

/*
 * More of the sum than elsewhere, for labels are few: 20 Newsgroups, labels of 10
 * of 100 people, accuracy of dominant interests .850 with .3 and .864 with .5.
 */
const InterestDropoutRates InterestNamedDropout = {
	.sentence = 0.2f, .words = 0.3f, .hidden = 0.1f, .sum = 0.5f, .modality = 0.1f
};

/* An orthonormal basis on its way. */
typedef struct Basis
{
	int			dimensions;		/* wanted */
	int			width;
	int			count;			/* there are */
	double	   *vectors;		/* (dimensions, width); 0 beyond count */
	double	   *mean;			/* (width): what is at its origin */
} Basis;

static void
FindMean(const Basis *basis, int count, const float *const *rows)
{
	memset(basis->mean, 0, sizeof(double) * (size_t) basis->width);
	for (int r = 0; r < count; r++)
		for (int i = 0; i < basis->width; i++)
			basis->mean[i] += rows[r][i];
	for (int i = 0; i < basis->width; i++)
		basis->mean[i] /= count;
}

static void
Centre(const Basis *basis, const float *row, double *centred)
{
	for (int i = 0; i < basis->width; i++)
		centred[i] = row[i] - basis->mean[i];
}

/* Sums of products of the centred rows: (width, width) */
static double *
Covariance(const Basis *basis, int count, const float *const *rows, InterestArena *scratch)
{
	int			n = basis->width;
	double	   *covariance = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) n * n);
	double	   *centred = InterestArenaArray(scratch, double, n);

	for (int r = 0; r < count; r++)
	{
		InterestCheckCancel(scratch->host);
		Centre(basis, rows[r], centred);
		for (int i = 0; i < n; i++)
			for (int j = i; j < n; j++)
				covariance[(size_t) i * n + j] += centred[i] * centred[j];
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			covariance[(size_t) i * n + j] = covariance[(size_t) j * n + i];
	return covariance;
}

/* The directions of most variance; false where a row is not finite. */
static bool
TakePrincipal(Basis *basis, int count, const float *const *rows, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	double	   *directions = Covariance(basis, count, rows, scratch);
	double	   *values = InterestArenaArray(scratch, double, basis->width);
	bool		done = InterestEigenSymmetric(basis->width, directions, values, scratch);

	while (done && basis->count < basis->dimensions && basis->count < basis->width &&
		   values[basis->count] > 0.0 && values[basis->count] > LEAST_VARIANCE * values[0])
		basis->count++;
	memcpy(basis->vectors, directions, sizeof(double) * (size_t) basis->count * basis->width);
	InterestArenaReturnTo(scratch, mark);
	return done;
}

/* Adds what the basis does not have of a vector, which is overwritten, if that is anything. */
static void
TakeRest(Basis *basis, double *vector)
{
	int			n = basis->width;
	double		before = InterestDotProduct(n, vector, vector);
	double		rest = before;

	if (basis->count == basis->dimensions || !(before > 0.0))
		return;
	for (int round = 0; round < 2; round++) /* the second one takes the rounding of the first */
		for (int k = 0; k < basis->count; k++)
		{
			const double *other = basis->vectors + (size_t) k * n;
			double		share = InterestDotProduct(n, vector, other);

			for (int i = 0; i < n; i++)
				vector[i] -= share * other[i];
		}
	rest = InterestDotProduct(n, vector, vector);
	if (!(rest > LEAST_REST * before))
		return;
	for (int i = 0; i < n; i++)
		basis->vectors[(size_t) basis->count * n + i] = vector[i] / sqrt(rest);
	basis->count++;
}

/* Fills up with the span of the names, then at random; no more directions than there can be. */
static void
FillUp(Basis *basis, const InterestNamedInterests *named, uint64_t seed, InterestArena *scratch)
{
	InterestRandom random = InterestRandomKeyed(seed, NAMES_KEY, 0, 0);
	double	   *vector = InterestArenaArray(scratch, double, basis->width);

	for (int k = 0; k < named->labels.count; k++)
	{
		Centre(basis, named->sentences + (size_t) k * basis->width, vector);
		TakeRest(basis, vector);
	}
	while (basis->count < basis->dimensions && basis->count < basis->width)
	{
		InterestCheckCancel(scratch->host);
		for (int i = 0; i < basis->width; i++)
			vector[i] = 2.0 * InterestRandomUniform(&random) - 1.0;
		TakeRest(basis, vector);
	}
}

static const float **
NamesAsRows(const InterestNamedInterests *named, int width, InterestArena *scratch)
{
	const float **rows = InterestArenaArray(scratch, const float *, named->labels.count);

	for (int k = 0; k < named->labels.count; k++)
		rows[k] = named->sentences + (size_t) k * width;
	return rows;
}

/* z = W (scale h) + b with W the basis, b = -W (scale mean) */
static void
SetProjection(const InterestRowNetwork *network, const Basis *basis)
{
	memset(network->sentence.weight, 0, sizeof(float) * (size_t) basis->dimensions * basis->width);
	memset(network->sentence.bias, 0, sizeof(float) * (size_t) basis->dimensions);
	for (int k = 0; k < basis->count; k++)
	{
		const double *vector = basis->vectors + (size_t) k * basis->width;

		for (int i = 0; i < basis->width; i++)
			network->sentence.weight[(size_t) k * basis->width + i] = (float) vector[i];
		network->sentence.bias[k] = (float) (-network->sentence_scale * InterestDotProduct(basis->width, vector, basis->mean));
	}
}

/* Only sentences speak: the non-text part is silent, and the fusion hands on what is left. */
static void
SilenceOthers(const InterestModel *model)
{
	const InterestRowNetwork *network = &model->network;
	const InterestFusion *fusion = &network->fusion;
	size_t		d = (size_t) network->dimensions;

	memset(network->output.weight, 0, sizeof(float) * d * INTEREST_HIDDEN);
	if (fusion->kind == INTEREST_FUSION_ATTENTION)
		memset(fusion->query, 0, sizeof(float) * d);
	for (int m = 0; fusion->kind == INTEREST_FUSION_GATE && m < fusion->transforms; m++)
		if (fusion->has[m])
			memset(fusion->transform[m].weight, 0, sizeof(float) * d * d);
}

/* Makes the norm of a direction (d) 1, if it has one. */
static void
Normalize(int d, double square, float *direction)
{
	for (int k = 0; k < d && square > 0.0; k++)
		direction[k] = (float) (direction[k] / sqrt(square));
}

/* direction (d) of a sentence as the model's sentence part sees it, of norm 1 or 0 */
static void
FindDirection(const InterestRowNetwork *network, const float *sentence, float *direction)
{
	int			width = network->features.sentence_width;
	int			d = network->dimensions;
	double		square = 0.0;

	for (int k = 0; k < d; k++)
	{
		const float *weight = network->sentence.weight + (size_t) k * width;
		double		sum = 0.0;

		for (int i = 0; i < width; i++)
			sum += (double) weight[i] * sentence[i];
		sum = network->sentence_scale * sum + network->sentence.bias[k];
		square += sum * sum;
		direction[k] = (float) sum;
	}
	Normalize(d, square, direction);
}

void
InterestAddNames(const InterestModel *model, const InterestNamedInterests *named, bool start,
				 InterestLdaSums *sums, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			width = model->network.features.sentence_width;
	int			d = model->network.dimensions;
	float	   *u = InterestArenaArray(scratch, float, d);

	for (int j = 0; j < model->interests.count; j++)
	{
		int			name = InterestNamesFind(&named->labels, model->interests.spans[j]);

		if (name < 0)
			continue;
		FindDirection(&model->network, named->sentences + (size_t) name * width, u);
		for (int k = 0; k < d; k++)
			u[k] *= ONE_ROW;
		InterestLdaAdd(sums, j, NAME_ROWS, u);
	}

	/* Of this variance the discriminants of names alone are the logits that the other heads start from. */
	if (start)
		InterestLdaBelieve(sums, INTEREST_NAMES_WORTH, ONE_ROW / NAME_SCALE);
	InterestArenaReturnTo(scratch, mark);
}

void
InterestNameInterests(const InterestModel *model, const InterestNamedInterests *named,
					  const InterestNames *known)
{
	const InterestHead *head = &model->head;
	int			width = model->network.features.sentence_width;
	int			d = model->network.dimensions;

	for (int j = 0; j < head->linear.outputs; j++)
	{
		InterestSpan label = model->interests.spans[j];
		int			name = InterestNamesFind(&named->labels, label);
		float	   *weight = head->linear.weight + (size_t) j * d;

		if (known && InterestNamesFind(known, label) >= 0)
			continue;
		memset(weight, 0, sizeof(float) * (size_t) d);
		if (name >= 0)
			FindDirection(&model->network, named->sentences + (size_t) name * width, weight);
	}
}

static bool
CheckFusion(const InterestModel *model, InterestStatus *status)
{
	if (model->network.fusion.kind != INTEREST_FUSION_MULTIPLY)
		return true;
	InterestFail(status, INTEREST_INVALID_ARGUMENT, "the fusion multiply cannot start from names of interests");
	return InterestHint(status, "Leave the fusion out, or name add, gate or attention.");
}

bool
InterestStartFromNames(const InterestModel *model, const InterestNamedInterests *named, int count,
					   const float *const *rows, uint64_t seed, InterestArena *scratch,
					   InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Basis		basis = {.dimensions = model->shape.dimensions, .width = model->network.features.sentence_width};
	bool		done = CheckFusion(model, status);

	if (count < basis.dimensions)
	{
		count = named->labels.count;
		rows = NamesAsRows(named, basis.width, scratch);
	}
	basis.vectors = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) basis.dimensions * basis.width);
	basis.mean = InterestArenaArray(scratch, double, basis.width);
	FindMean(&basis, count, rows);
	if (done && !TakePrincipal(&basis, count, rows, scratch))
		done = InterestFail(status, INTEREST_DATA_EXCEPTION, "the encoder's vectors have no principal components");
	if (done)
	{
		FillUp(&basis, named, seed, scratch);
		SetProjection(&model->network, &basis);
		SilenceOthers(model);
		InterestNameInterests(model, named, NULL);
		model->head.log_scale[0] = (float) InterestLog(model->head.kind == INTEREST_HEAD_SVM ?
													  NAME_SCALE / MARGIN_SLOPE : NAME_SCALE);
	}
	InterestArenaReturnTo(scratch, mark);
	return done;
}

/* Mean norm of sentences (count); 1 where they are all 0. */
static double
MeanNorm(int count, const float *const *rows, int width)
{
	double		sum = 0.0;

	for (int r = 0; r < count; r++)
	{
		double		square = 0.0;

		for (int i = 0; i < width; i++)
			square += (double) rows[r][i] * rows[r][i];
		sum += sqrt(square);
	}
	return sum > 0.0 ? sum / count : 1.0;
}

/* --- before any training --- */

/* The model's specification: no words, no values, nothing learned of numbers. */
static void
Specify(const InterestTrainingDefinition *definition, int count, const float *const *rows,
		InterestArena *arena, InterestModel *model)
{
	InterestFeatures *features = &model->network.features;
	InterestNumeric *numerics = InterestArenaArray(arena, InterestNumeric, definition->numeric_count);
	size_t		word_columns = sizeof(InterestWordColumn) * (size_t) definition->text_count;
	size_t		categoricals = sizeof(InterestCategorical) * (size_t) definition->categorical_count;

	memset(model, 0, sizeof(*model));
	model->shape.dimensions = definition->dimensions;
	memcpy(model->shape.half_life, definition->half_life, sizeof(model->shape.half_life));
	model->task = definition->task;
	model->head.kind = definition->several ? INTEREST_HEAD_SIGMOID : definition->head;
	model->interests = definition->named->labels;
	features->text_count = definition->text_count;
	features->sentence_width = definition->sentence_width;
	if (definition->word_probe)
	{
		memcpy(features->word_probe, definition->word_probe, INTEREST_WORD_PROBE_SIZE);
		features->word_columns = InterestArenaAllocateZero(arena, word_columns);
	}
	features->kind_names = definition->kind_names;
	features->kinds = definition->kinds;
	for (int i = 0; i < definition->numeric_count; i++)
		numerics[i] = (InterestNumeric) {.mean = 0.0, .deviation = 1.0};
	features->numeric_count = definition->numeric_count;
	features->numerics = numerics;
	features->categorical_count = definition->categorical_count;
	features->categoricals = InterestArenaAllocateZero(arena, categoricals);
	model->network.fusion.kind = definition->fusion;
	model->network.sentence_scale = (float) (INTEREST_SENTENCE_SCALE /
											 MeanNorm(count, rows, definition->sentence_width));
}

/*
 * Where nothing is known every interest is as likely as any: of sigmoids one in
 * all, by their bias, and by Platt's sigmoids of margins.
 */
static void
SetBiases(const InterestHead *head)
{
	int			interests = head->linear.outputs;
	double		rare = -InterestLog(interests - 1.0);

	for (int j = 0; j < interests; j++)
	{
		head->linear.bias[j] = 0.0f;
		if (head->kind == INTEREST_HEAD_SIGMOID || head->kind == INTEREST_HEAD_LOGISTIC)
			head->linear.bias[j] = (float) rare;
		if (head->kind != INTEREST_HEAD_SVM)
			continue;
		head->linear.bias[j] = -1.0f;
		head->slope[j] = (float) MARGIN_SLOPE;
		head->offset[j] = (float) (rare + MARGIN_SLOPE);
	}
}

bool
InterestNameModel(const InterestTrainingDefinition *definition, uint64_t seed, int count,
				  const float *const *rows, const InterestKernel *kernel, InterestArena *arena,
				  InterestModel *model, InterestStatus *status)
{
	InterestArena scratch;
	const float **names;
	bool		done;

	InterestArenaInit(&scratch, arena->host, (size_t) 1 << 20);
	names = NamesAsRows(definition->named, definition->sentence_width, &scratch);
	if (count < definition->dimensions)
		Specify(definition, definition->named->labels.count, names, arena, model);
	else
		Specify(definition, count, rows, arena, model);
	done = InterestModelCreate(model, arena, status);
	if (done)
	{
		InterestModelBind(model, InterestArenaArray(arena, float, model->parameter_count));
		InterestModelInitialize(model, seed);
		SetBiases(&model->head);
		done = InterestStartFromNames(model, definition->named, count, rows, seed, &scratch, status);
	}
	if (done && count > 0)
		InterestMakeCodebook(model, count, rows, seed, kernel, &scratch);
	InterestArenaFree(&scratch);
	return done;
}

/* --- at the start of a training --- */

typedef struct HashedRow
{
	uint64_t	hash;
	int			sentence;
} HashedRow;

static int
CompareHashes(const void *context, int a, int b)
{
	const HashedRow *rows = context;

	return (rows[a].hash > rows[b].hash) - (rows[a].hash < rows[b].hash);
}

/* The training users' rows with a sentence, by hash and, for equal ones, in their order. */
static int
ListRows(const InterestPreparedRows *prepared, InterestArena *scratch, HashedRow **rows)
{
	int			count = 0;

	*rows = InterestArenaArray(scratch, HashedRow, prepared->row_count);
	for (int u = 0; u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		if (user->split != INTEREST_SPLIT_TRAINING)
			continue;
		for (int i = user->first; i < user->first + user->count; i++)
		{
			InterestArenaMark mark = InterestArenaGetMark(scratch);

			if (prepared->rows[i].sentence >= 0)
				(*rows)[count++] = (HashedRow) {InterestSourceRow(prepared, i, scratch).hash, prepared->rows[i].sentence};
			InterestArenaReturnTo(scratch, mark);
		}
	}
	return count;
}

/*
 * Where rows have labels, an interest is the mean direction of its name and of
 * its rows: few labels help, and none is lost on a step too far.
 */
static void
AddLabelled(const InterestPreparedRows *prepared, const InterestModel *model, InterestArena *scratch)
{
	const InterestLinear *linear = &model->head.linear;
	int			d = linear->inputs;
	float	   *direction = InterestArenaArray(scratch, float, d);
	int			seen = 0;

	for (size_t i = 0; i < (size_t) linear->outputs * d; i++)
		linear->weight[i] *= (float) NAME_ROWS;
	for (int u = 0; u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		for (int i = user->first; user->split == INTEREST_SPLIT_TRAINING && i < user->first + user->count; i++)
		{
			InterestArenaMark mark = InterestArenaGetMark(scratch);
			const float *sentence = InterestReadSentence(prepared, i, scratch);

			if (sentence == NULL || prepared->label_first[i] == prepared->label_first[i + 1])
				continue;
			if (seen++ % ROWS_BETWEEN_CHECKS == 0)
				InterestCheckCancel(scratch->host);
			FindDirection(&model->network, sentence, direction);
			InterestArenaReturnTo(scratch, mark);
			for (int l = prepared->label_first[i]; l < prepared->label_first[i + 1]; l++)
				for (int k = 0; prepared->labels[l] >= 0 && k < d; k++)
					linear->weight[(size_t) prepared->labels[l] * d + k] += direction[k];
		}
	}
	for (int j = 0; j < linear->outputs; j++)
	{
		float	   *weight = linear->weight + (size_t) j * d;
		double		square = 0.0;

		for (int k = 0; k < d; k++)
			square += (double) weight[k] * weight[k];
		Normalize(d, square, weight);
	}
}

static double
CountLabelled(const InterestPreparedRows *prepared)
{
	double		labelled = 0.0;

	for (int u = 0; u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		for (int i = user->first; user->split == INTEREST_SPLIT_TRAINING && i < user->first + user->count; i++)
			labelled += prepared->label_first[i + 1] > prepared->label_first[i];
	}
	return labelled;
}

/* What rows say of the words in them. */
typedef struct Contexts
{
	double	   *met;			/* (words): rows that have it */
	double	   *sum;			/* (d): of all rows' directions */
	double		rows;
	float	   *direction;		/* (d): of one row */
} Contexts;

/* Adds a row's direction to the vectors of its words. */
static void
AddContext(const InterestModel *model, const InterestRowInput *input, Contexts *contexts)
{
	const InterestRowNetwork *network = &model->network;
	int			d = network->dimensions;

	if (input->texts.sentence == NULL || input->texts.words == NULL)
		return;
	FindDirection(network, input->texts.sentence, contexts->direction);
	contexts->rows += 1.0;
	for (int k = 0; k < d; k++)
		contexts->sum[k] += contexts->direction[k];
	for (int c = 0; c < network->features.text_count; c++)
	{
		const InterestWordBlock *block = input->texts.words[c];

		for (int i = 0; block && i < block->count; i++)
		{
			float	   *vector = network->word_vectors + (size_t) block->words[i].word * d;

			contexts->met[block->words[i].word] += 1.0;
			for (int k = 0; k < d; k++)
				vector[k] += contexts->direction[k];
		}
	}
}

/*
 * A word starts as what is said with it: the mean direction of the training
 * users' rows that have it, labelled or not, less that of all rows, and shrunk
 * where they are few (Khodak et al., "A la carte embedding: cheap but effective
 * induction of semantic feature vectors", ACL 2018, without its transform:
 * directions are the interests' own already).  So words that no labelled row has
 * mean something too: the more, the more labels say what rows of interests are like.
 */
static void
StartFromContexts(const InterestPreparedRows *prepared, const InterestModel *model, InterestArena *scratch)
{
	const InterestRowNetwork *network = &model->network;
	double		labelled = CountLabelled(prepared);
	double		norm = labelled / (labelled + CONTEXT_ROWS);
	int			words = network->features.word_count;
	int			d = network->dimensions;
	Contexts	contexts = {
		.met = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) words),
		.sum = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) d),
		.direction = InterestArenaArray(scratch, float, d)
	};

	for (int u = 0; words > 0 && u < prepared->user_count; u++)
	{
		const InterestTrainingUser *user = &prepared->users[u];

		for (int i = user->first; user->split == INTEREST_SPLIT_TRAINING && i < user->first + user->count; i++)
		{
			InterestArenaMark mark = InterestArenaGetMark(scratch);
			InterestRowInput input;

			if (i % ROWS_BETWEEN_CHECKS == 0)
				InterestCheckCancel(scratch->host);
			InterestReadInput(prepared, i, scratch, &input);
			AddContext(model, &input, &contexts);
			InterestArenaReturnTo(scratch, mark);
		}
	}
	for (int w = 0; w < words; w++)
		for (int k = 0; k < d; k++)
		{
			float	   *value = &network->word_vectors[(size_t) w * d + k];
			double		common = contexts.met[w] * contexts.sum[k] / fmax(contexts.rows, 1.0);

			*value = (float) (norm * (*value - common) / (contexts.met[w] + CONTEXT_PRIOR));
		}
}

bool
InterestStartFromNamesOf(const InterestPreparedRows *prepared, const InterestModel *model,
						 const InterestNamedInterests *named, uint64_t seed, InterestArena *scratch,
						 InterestStatus *status)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	size_t		width = (size_t) model->network.features.sentence_width;
	HashedRow  *rows;
	int			count = ListRows(prepared, scratch, &rows);
	int		   *order = InterestArenaArray(scratch, int, count);
	const float **lowest = InterestArenaArray(scratch, const float *, count);
	bool		done;

	for (int i = 0; i < count; i++)
		order[i] = i;
	InterestSort(order, count, CompareHashes, rows, scratch);
	count = count < INTEREST_NAME_ROWS ? count : INTEREST_NAME_ROWS;
	for (int i = 0; i < count; i++)
		lowest[i] = InterestStoreGet(prepared->set->store, prepared->set->sentences[rows[order[i]].sentence],
									 sizeof(float) * width, scratch);
	done = InterestStartFromNames(model, named, count, lowest, seed, scratch, status);
	if (done)
	{
		AddLabelled(prepared, model, scratch);
		StartFromContexts(prepared, model, scratch);
	}
	InterestArenaReturnTo(scratch, mark);
	return done;
}

double
InterestRateAfterNames(const InterestPreparedRows *prepared)
{
	double		labelled = CountLabelled(prepared);

	return labelled / (labelled + INTEREST_NAMES_WORTH);
}

int
InterestPassesAfterNames(const InterestPreparedRows *prepared)
{
	return (int) fmin(ceil(LEAST_SAMPLES / fmax(CountLabelled(prepared), 1.0)), MOST_PASSES);
}

void
InterestShrinkRates(int users, int interests, double *rates)
{
	double		mean = 0.0;
	double		noise = 0.0;
	double		spread = 0.0;
	double		share;

	for (int i = 0; i < interests; i++)
		mean += rates[i] / interests;
	for (int i = 0; i < interests; i++)
	{
		noise += rates[i] * (1.0 - rates[i]);
		spread += (rates[i] - mean) * (rates[i] - mean);
	}
	share = users > 1 && noise < (users - 1) * spread ? noise / ((users - 1) * spread) : 1.0;
	for (int i = 0; i < interests; i++)
		rates[i] += share * (mean - rates[i]);
}

/*
 * features.c
 *	  What a row consists of, and the part of it that never changes: its input.
 */
#include "core/network/features.h"

#include "core/base/deterministic.h"

#include <math.h>
#include <string.h>

#define MICROSECONDS_AN_HOUR INT64_C(3600000000)
#define HOURS_A_DAY 24
#define DAYS_A_WEEK 7

/* 2000-01-01, day 0, was a Saturday: the fifth day after Monday. */
#define WEEKDAY_OF_DAY_0 5

#define TWO_PI 0x1.921fb54442d18p+2

bool
InterestSameRules(const InterestRowRules *a, const InterestRowRules *b)
{
	return a->cleanings == b->cleanings && a->word_pairs == b->word_pairs && a->dates == b->dates;
}

int
InterestEmbeddingWidth(int values)
{
	int			root = 0;

	while (root + 1 < INTEREST_MAX_EMBEDDING_WIDTH && root * root < values)
		root++;
	return root + 1;
}

/* Each vector column has a projection of its own, unless those of one width share theirs. */
static void
CompleteVectors(InterestFeatures *features)
{
	features->projection_count = 0;
	for (int i = 0; i < features->vector_count; i++)
	{
		InterestVectorColumn *column = &features->vectors[i];
		int			projection = features->shared_projection ? 0 : features->projection_count;

		if (column->width == 0)
			continue;
		while (projection < features->projection_count &&
			   features->projection_width[projection] != column->width)
			projection++;
		column->projection = projection;
		if (projection < features->projection_count)
			continue;
		features->projection_width[projection] = column->width;
		features->projection_count++;
	}
}

void
InterestFeaturesComplete(InterestFeatures *features)
{
	features->dense_width = 2 * features->numeric_count + INTEREST_TIME_WIDTH;
	features->width = features->dense_width;
	features->tables = 0;
	for (int i = 0; i < features->categorical_count; i++)
	{
		InterestCategorical *categorical = &features->categoricals[i];

		categorical->width = InterestEmbeddingWidth(categorical->values.count);
		categorical->column = features->width;
		categorical->table = features->tables;
		features->width += categorical->width;
		features->tables += ((size_t) categorical->values.count + 1) * (size_t) categorical->width;
	}
	CompleteVectors(features);
	features->word_count = 0;
	for (int i = 0; features->word_columns && i < features->text_count; i++)
	{
		features->word_columns[i].first = features->word_count;
		features->word_count += features->word_columns[i].words.count;
	}
}

static int64_t
DivideDown(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Sine and cosine of the step-th of steps parts of a circle. */
static void
WriteCircle(int64_t step, int steps, float *out)
{
	double		angle = TWO_PI * (double) step / steps;

	out[0] = (float) InterestSin(angle);
	out[1] = (float) InterestCos(angle);
}

static void
WriteTime(int64_t time, float *out)
{
	int64_t		hour = DivideDown(time, MICROSECONDS_AN_HOUR);
	int64_t		day = DivideDown(hour, HOURS_A_DAY);
	int64_t		weekday = (day % DAYS_A_WEEK + DAYS_A_WEEK + WEEKDAY_OF_DAY_0) % DAYS_A_WEEK;

	WriteCircle(hour - day * HOURS_A_DAY, HOURS_A_DAY, out);
	WriteCircle(weekday, DAYS_A_WEEK, out + 2);
}

/* The standardised value and its missing bit; returns whether it is there. */
static bool
WriteNumeric(const InterestNumeric *numeric, double value, float *out)
{
	bool		missing = isnan(value);
	double		standard = missing ? 0.0 : (value - numeric->mean) / numeric->deviation;

	if (standard > INTEREST_NUMERIC_BOUND)
		standard = INTEREST_NUMERIC_BOUND;
	if (standard < -INTEREST_NUMERIC_BOUND)
		standard = -INTEREST_NUMERIC_BOUND;
	out[0] = (float) standard;
	out[1] = missing ? 1.0f : 0.0f;
	return !missing;
}

/* Numerics and time, zeros where there is none; returns whether a numeric is present. */
static bool
WriteDense(const InterestFeatures *features, const InterestBehaviour *behaviour, float *dense)
{
	float	   *time = dense + 2 * features->numeric_count;
	bool		present = false;

	for (int i = 0; i < features->numeric_count; i++)
		if (WriteNumeric(&features->numerics[i], behaviour->numerics[i], dense + 2 * i))
			present = true;
	memset(time, 0, sizeof(float) * INTEREST_TIME_WIDTH);
	if (behaviour->has_time)
		WriteTime(behaviour->time, time);
	return present;
}

/* Returns how many values are present. */
static int
WriteValues(const InterestFeatures *features, const InterestBehaviour *behaviour,
			InterestRowValue *values)
{
	int			count = 0;

	for (int i = 0; i < features->categorical_count; i++)
	{
		const InterestValues *column = &behaviour->categoricals[i];

		for (int j = 0; j < column->count; j++)
		{
			if (column->values[j].data == NULL)
				continue;
			values[count].categorical = i;
			values[count].id = InterestNamesFind(&features->categoricals[i].values,
												 column->values[j]) + 1;
			count++;
		}
	}
	return count;
}

static size_t
CountValues(const InterestFeatures *features, const InterestBehaviour *behaviour)
{
	size_t		count = 0;

	for (int i = 0; i < features->categorical_count; i++)
		count += (size_t) behaviour->categoricals[i].count;
	return count;
}

int
InterestKindOf(const InterestFeatures *features, InterestSpan name)
{
	return name.data ? InterestNamesFind(&features->kind_names, name) : -1;
}

InterestKind
InterestKindAt(const InterestFeatures *features, int kind)
{
	return kind < 0 ? (InterestKind) {1.0, false} : features->kinds[kind];
}

/* Whether the encoder or a known word says something of the texts. */
static bool
HasText(const InterestFeatures *features, const InterestRowTexts *texts)
{
	if (texts->projected)
		return texts->projected[0] || texts->projected[1];
	for (int i = 0; texts->words && i < features->text_count; i++)
		if (texts->words[i])
			return true;
	return texts->sentence != NULL;
}

static bool
CheckWidth(int column, int width, int learned, InterestStatus *status)
{
	if (width == learned)
		return true;
	InterestFail(status, INTEREST_DATA_EXCEPTION, "vector column %d has %d dimensions", column + 1, width);
	return InterestDetail(status, "The model was trained on vectors of %d dimensions.", learned);
}

/* Points to the vectors; *present says whether there is one. */
static bool
FindVectors(const InterestFeatures *features, const InterestBehaviour *behaviour, InterestArena *arena,
			InterestRowInput *input, bool *present, InterestStatus *status)
{
	const float **vectors = InterestArenaArray(arena, const float *, features->vector_count);

	*present = false;
	for (int i = 0; i < features->vector_count; i++)
	{
		const InterestVector *vector = &behaviour->vectors[i];
		int			width = features->vectors[i].width;

		vectors[i] = width > 0 ? vector->values : NULL;
		if (vectors[i] == NULL)
			continue;
		if (!CheckWidth(i, vector->width, width, status))
			return false;
		*present = true;
	}
	input->vectors = vectors;
	return true;
}

/* What an input has beside texts. */
typedef struct Present
{
	bool		non_text;		/* a numeric or a value */
	bool		vector;
} Present;

/* All of an input but what its kind says. */
static bool
WriteInput(const InterestFeatures *features, const InterestBehaviour *behaviour,
		   const InterestRowTexts *texts, InterestArena *arena, InterestRowInput *input,
		   Present *present, InterestStatus *status)
{
	float	   *dense = InterestArenaArray(arena, float, features->dense_width);
	InterestRowValue *values = InterestArenaArray(arena, InterestRowValue, CountValues(features, behaviour));
	bool		has_numeric = WriteDense(features, behaviour, dense);

	input->texts = *texts;
	if (features->sentence_width == 0)
		input->texts.sentence = NULL;
	input->dense = dense;
	input->values = values;
	input->value_count = WriteValues(features, behaviour, values);
	present->non_text = has_numeric || input->value_count > 0;
	return FindVectors(features, behaviour, arena, input, &present->vector, status);
}

InterestRowResult
InterestRowInputOf(const InterestFeatures *features, const InterestBehaviour *behaviour,
				   const InterestRowTexts *texts, InterestArena *arena,
				   InterestRowInput *input, InterestStatus *status)
{
	bool		time_only = features->sentence_width == 0 && features->word_columns == NULL &&
		features->numeric_count == 0 && features->categorical_count == 0 && features->vector_count == 0;
	InterestKind kind = InterestKindAt(features, InterestKindOf(features, behaviour->kind));
	Present		present;

	if (!behaviour->has_time)
		return INTEREST_ROW_SKIPPED;
	if (behaviour->time == INT64_MIN || behaviour->time == INT64_MAX)
	{
		InterestFail(status, INTEREST_DATA_EXCEPTION, "time of a row must not be infinite");
		InterestHint(status, "Leave such rows out, for example by a view of the rows WHERE isfinite(their time).");
		return INTEREST_ROW_FAILED;
	}
	if (!WriteInput(features, behaviour, texts, arena, input, &present, status))
		return INTEREST_ROW_FAILED;
	input->weight = kind.weight;
	input->negative = kind.negative;
	if (!HasText(features, &input->texts) && !present.non_text && !present.vector && !time_only)
		return INTEREST_ROW_SKIPPED;
	return INTEREST_ROW_DONE;
}

InterestRowResult
InterestItemInputOf(const InterestFeatures *features, const InterestBehaviour *item,
					const InterestRowTexts *texts, InterestArena *arena,
					InterestRowInput *input, InterestStatus *status)
{
	Present		present;

	if (!WriteInput(features, item, texts, arena, input, &present, status))
		return INTEREST_ROW_FAILED;
	input->weight = 1.0;
	input->negative = false;
	if (!present.non_text)
		input->dense = NULL;
	return present.non_text || present.vector || HasText(features, &input->texts) ?
		INTEREST_ROW_DONE : INTEREST_ROW_SKIPPED;
}

void
InterestItemOfInput(const InterestFeatures *features, const InterestRowInput *row,
					InterestArena *arena, InterestRowInput *item)
{
	size_t		numerics = 2 * (size_t) features->numeric_count;
	float	   *dense = InterestArenaAllocateZero(arena, sizeof(float) * (size_t) features->dense_width);
	bool		present = row->value_count > 0;

	memcpy(dense, row->dense, sizeof(float) * numerics);
	for (size_t i = 1; i < numerics; i += 2)
		present = present || dense[i] == 0.0f;	/* its missing bit */
	*item = *row;
	item->dense = present ? dense : NULL;
	item->weight = 1.0;
	item->negative = false;
}

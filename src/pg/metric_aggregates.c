/*
 * metric_aggregates.c
 *	  Metrics as plain aggregates over pairs of what is true and what was said,
 *	  so that any prediction in SQL can be measured: interest_auc,
 *	  interest_log_loss, interest_macro_f1 ...
 *
 * Definitions are those of core/measure/metrics.h.  A pair with a NULL in it is
 * left out, as the server's own aggregates over pairs do.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "core/base/hash.h"
#include "core/base/span.h"
#include "core/measure/tally.h"
#include "pg/report.h"

#define MEASURE_BLOCK (64 * 1024)

/* The context of an aggregate's state. */
static MemoryContext
StateContext(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function is only for use within aggregates")));
	return context;
}

/*
 * Sums in an array of float8, which parallel workers can pass on
 */

/* Of (label, probability). */
enum
{
	PAIR_COUNT, PAIR_LOG_LOSS, PAIR_BRIER, PAIR_LABELS,
	PAIR_PROBABILITIES = PAIR_LABELS + INTEREST_ECE_BINS,
	PAIR_SUMS = PAIR_PROBABILITIES + INTEREST_ECE_BINS
};

/* Of (label, predicted). */
enum
{
	DECISION_COUNT, DECISION_BOTH, DECISION_PREDICTED, DECISION_LABELS, DECISION_SUMS
};

static float8 *
SumsOf(ArrayType *array, int count)
{
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != count || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("state of the aggregate is not an array of %d numbers", count)));
	return (float8 *) ARR_DATA_PTR(array);
}

/* The state, which may be changed in place; at first zeros, which the server copies. */
static ArrayType *
StateSums(FunctionCallInfo fcinfo, int count)
{
	Datum		zeros[PAIR_SUMS];

	(void) StateContext(fcinfo);
	if (!PG_ARGISNULL(0))
		return PG_GETARG_ARRAYTYPE_P(0);
	for (int i = 0; i < count; i++)
		zeros[i] = Float8GetDatum(0);
	return construct_array(zeros, count, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

INTEREST_FUNCTION(interest_sums_merge);
Datum
interest_sums_merge(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	float8	   *sums;
	float8	   *added;
	int			count;

	(void) StateContext(fcinfo);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	}
	state = PG_GETARG_ARRAYTYPE_P(0);
	count = ARR_NDIM(state) == 1 ? ARR_DIMS(state)[0] : 0;
	sums = SumsOf(state, count);
	added = SumsOf(PG_GETARG_ARRAYTYPE_P(1), count);
	for (int i = 0; i < count; i++)
		sums[i] += added[i];
	PG_RETURN_ARRAYTYPE_P(state);
}

INTEREST_FUNCTION(interest_pair_add);
Datum
interest_pair_add(PG_FUNCTION_ARGS)
{
	ArrayType  *state = StateSums(fcinfo, PAIR_SUMS);
	float8	   *sums;
	double		label;
	double		probability;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_ARRAYTYPE_P(state);
	sums = SumsOf(state, PAIR_SUMS);
	label = PG_GETARG_BOOL(1);
	probability = PG_GETARG_FLOAT8(2);
	if (!(probability >= 0 && probability <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("probability %g is not from 0 to 1", probability)));
	sums[PAIR_COUNT] += 1;
	sums[PAIR_LOG_LOSS] += InterestSurprise(probability, label > 0);
	sums[PAIR_BRIER] += (probability - label) * (probability - label);
	sums[PAIR_LABELS + InterestReliabilityBin(probability)] += label;
	sums[PAIR_PROBABILITIES + InterestReliabilityBin(probability)] += probability;
	PG_RETURN_ARRAYTYPE_P(state);
}

/* The sums of a final function; NULL where there was no pair, which both kinds count first. */
static const float8 *
FinalSums(FunctionCallInfo fcinfo, int count)
{
	const float8 *sums = NULL;

	(void) StateContext(fcinfo);
	if (!PG_ARGISNULL(0))
		sums = SumsOf(PG_GETARG_ARRAYTYPE_P(0), count);
	return sums && sums[0] > 0 ? sums : NULL;
}

INTEREST_FUNCTION(interest_log_loss_final);
Datum
interest_log_loss_final(PG_FUNCTION_ARGS)
{
	const float8 *sums = FinalSums(fcinfo, PAIR_SUMS);

	if (sums == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sums[PAIR_LOG_LOSS] / sums[PAIR_COUNT]);
}

INTEREST_FUNCTION(interest_brier_final);
Datum
interest_brier_final(PG_FUNCTION_ARGS)
{
	const float8 *sums = FinalSums(fcinfo, PAIR_SUMS);

	if (sums == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sums[PAIR_BRIER] / sums[PAIR_COUNT]);
}

INTEREST_FUNCTION(interest_ece_final);
Datum
interest_ece_final(PG_FUNCTION_ARGS)
{
	const float8 *sums = FinalSums(fcinfo, PAIR_SUMS);
	double		gaps = 0;

	if (sums == NULL)
		PG_RETURN_NULL();
	for (int bin = 0; bin < INTEREST_ECE_BINS; bin++)
		gaps += fabs(sums[PAIR_LABELS + bin] - sums[PAIR_PROBABILITIES + bin]);
	PG_RETURN_FLOAT8(gaps / sums[PAIR_COUNT]);
}

INTEREST_FUNCTION(interest_decision_add);
Datum
interest_decision_add(PG_FUNCTION_ARGS)
{
	ArrayType  *state = StateSums(fcinfo, DECISION_SUMS);
	float8	   *sums;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_ARRAYTYPE_P(state);
	sums = SumsOf(state, DECISION_SUMS);
	sums[DECISION_COUNT] += 1;
	sums[DECISION_BOTH] += PG_GETARG_BOOL(1) && PG_GETARG_BOOL(2);
	sums[DECISION_LABELS] += PG_GETARG_BOOL(1);
	sums[DECISION_PREDICTED] += PG_GETARG_BOOL(2);
	PG_RETURN_ARRAYTYPE_P(state);
}

/* A division by zero gives 0: nothing was said, or nothing is true. */
static double
Divide(double numerator, double denominator)
{
	return denominator > 0 ? numerator / denominator : 0;
}

INTEREST_FUNCTION(interest_precision_final);
Datum
interest_precision_final(PG_FUNCTION_ARGS)
{
	const float8 *sums = FinalSums(fcinfo, DECISION_SUMS);

	if (sums == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Divide(sums[DECISION_BOTH], sums[DECISION_PREDICTED]));
}

INTEREST_FUNCTION(interest_recall_final);
Datum
interest_recall_final(PG_FUNCTION_ARGS)
{
	const float8 *sums = FinalSums(fcinfo, DECISION_SUMS);

	if (sums == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Divide(sums[DECISION_BOTH], sums[DECISION_LABELS]));
}

INTEREST_FUNCTION(interest_f1_final);
Datum
interest_f1_final(PG_FUNCTION_ARGS)
{
	const float8 *sums = FinalSums(fcinfo, DECISION_SUMS);

	if (sums == NULL)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Divide(2 * sums[DECISION_BOTH], sums[DECISION_PREDICTED] + sums[DECISION_LABELS]));
}

/*
 * The area under the curve: every score is kept
 */

typedef struct ScoreState
{
	int			count;
	int			room;
	double	   *score;
	uint8	   *positive;
} ScoreState;

static void
GrowScores(ScoreState *state)
{
	if (state->count < state->room)
		return;
	if (state->room > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are too many scores to sort")));
	state->room *= 2;
	state->score = repalloc_huge(state->score, sizeof(double) * state->room);
	state->positive = repalloc_huge(state->positive, state->room);
}

INTEREST_FUNCTION(interest_score_add);
Datum
interest_score_add(PG_FUNCTION_ARGS)
{
	MemoryContext context = StateContext(fcinfo);
	ScoreState *state = PG_ARGISNULL(0) ? NULL : (ScoreState *) PG_GETARG_POINTER(0);

	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(ScoreState));
		state->room = 1024;
		state->score = MemoryContextAlloc(context, sizeof(double) * state->room);
		state->positive = MemoryContextAlloc(context, state->room);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	if (isnan(PG_GETARG_FLOAT8(2)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score is not a number")));
	GrowScores(state);
	state->positive[state->count] = PG_GETARG_BOOL(1);
	state->score[state->count++] = PG_GETARG_FLOAT8(2);
	PG_RETURN_POINTER(state);
}

INTEREST_FUNCTION(interest_auc_final);
Datum
interest_auc_final(PG_FUNCTION_ARGS)
{
	InterestServerArena *arena;
	ScoreState *state;
	double		auc;

	(void) StateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ScoreState *) PG_GETARG_POINTER(0);
	arena = InterestArenaBegin(CurrentMemoryContext, "interest scores", MEASURE_BLOCK);
	auc = InterestMeasureAuc(state->count, state->score, state->positive, NULL, &arena->arena);
	InterestArenaEnd(arena);
	if (isnan(auc))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(auc);
}

/*
 * Answers: one of many labels is true, one is said
 */

typedef struct LabelCounts
{
	InterestSpan label;			/* hash key; labels are compared as bytes */
	int64		both;
	int64		predicted;
	int64		actual;
} LabelCounts;

typedef struct AnswerState
{
	MemoryContext context;
	HTAB	   *labels;
	int64		count;
	int64		right;
} AnswerState;

static uint32
HashLabel(const void *key, Size size)
{
	const InterestSpan *label = key;

	return (uint32) InterestHash64(label->data, label->length, 0);
}

static int
CompareLabels(const void *a, const void *b, Size size)
{
	return InterestSpanCompare(*(const InterestSpan *) a, *(const InterestSpan *) b);
}

static AnswerState *
NewAnswers(MemoryContext context)
{
	AnswerState *state = MemoryContextAllocZero(context, sizeof(AnswerState));
	HASHCTL		control = {0};

	control.keysize = sizeof(InterestSpan);
	control.entrysize = sizeof(LabelCounts);
	control.hash = HashLabel;
	control.match = CompareLabels;
	control.hcxt = context;
	state->context = context;
	state->labels = hash_create("interest labels", 64, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return state;
}

static LabelCounts *
CountsOf(AnswerState *state, const text *label)
{
	InterestSpan span = {VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label)};
	bool		found;
	LabelCounts *counts = hash_search(state->labels, &span, HASH_ENTER, &found);

	if (!found)
	{
		char	   *copy = MemoryContextAlloc(state->context, Max(span.length, 1));

		memcpy(copy, span.data, span.length);
		*counts = (LabelCounts) {{copy, span.length}, 0, 0, 0};
	}
	return counts;
}

INTEREST_FUNCTION(interest_answer_add);
Datum
interest_answer_add(PG_FUNCTION_ARGS)
{
	MemoryContext context = StateContext(fcinfo);
	AnswerState *state = PG_ARGISNULL(0) ? NewAnswers(context) : (AnswerState *) PG_GETARG_POINTER(0);
	LabelCounts *counts;
	text	   *actual;
	text	   *predicted;
	bool		right;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	actual = PG_GETARG_TEXT_PP(1);
	predicted = PG_GETARG_TEXT_PP(2);
	right = VARSIZE_ANY_EXHDR(actual) == VARSIZE_ANY_EXHDR(predicted) &&
		memcmp(VARDATA_ANY(actual), VARDATA_ANY(predicted), VARSIZE_ANY_EXHDR(actual)) == 0;
	state->count++;
	state->right += right;
	counts = CountsOf(state, actual);
	counts->actual++;
	counts->both += right;
	CountsOf(state, predicted)->predicted++;
	PG_RETURN_POINTER(state);
}

static AnswerState *
FinalAnswers(FunctionCallInfo fcinfo)
{
	(void) StateContext(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (AnswerState *) PG_GETARG_POINTER(0);
}

static Datum
ReturnQuotient(FunctionCallInfo fcinfo, double numerator, double denominator)
{
	if (!(denominator > 0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(numerator / denominator);
}

INTEREST_FUNCTION(interest_accuracy_final);
Datum
interest_accuracy_final(PG_FUNCTION_ARGS)
{
	AnswerState *state = FinalAnswers(fcinfo);

	if (state == NULL)
		PG_RETURN_NULL();
	return ReturnQuotient(fcinfo, state->right, state->count);
}

static double
PrecisionOf(const LabelCounts *counts)
{
	return Divide(counts->both, counts->predicted);
}

static double
RecallOf(const LabelCounts *counts)
{
	return Divide(counts->both, counts->actual);
}

static double
F1Of(const LabelCounts *counts)
{
	return Divide(2.0 * counts->both, (double) counts->predicted + counts->actual);
}

/* The mean over the labels that are true somewhere. */
static Datum
MacroMean(FunctionCallInfo fcinfo, double (*measure) (const LabelCounts *counts))
{
	AnswerState *state = FinalAnswers(fcinfo);
	HASH_SEQ_STATUS scan;
	LabelCounts *counts;
	double		sum = 0;
	int64		present = 0;

	if (state == NULL)
		PG_RETURN_NULL();
	hash_seq_init(&scan, state->labels);
	while ((counts = hash_seq_search(&scan)) != NULL)
	{
		if (counts->actual == 0)
			continue;
		sum += measure(counts);
		present++;
	}
	return ReturnQuotient(fcinfo, sum, present);
}

INTEREST_FUNCTION(interest_macro_precision_final);
Datum
interest_macro_precision_final(PG_FUNCTION_ARGS)
{
	return MacroMean(fcinfo, PrecisionOf);
}

INTEREST_FUNCTION(interest_macro_recall_final);
Datum
interest_macro_recall_final(PG_FUNCTION_ARGS)
{
	return MacroMean(fcinfo, RecallOf);
}

INTEREST_FUNCTION(interest_macro_f1_final);
Datum
interest_macro_f1_final(PG_FUNCTION_ARGS)
{
	return MacroMean(fcinfo, F1Of);
}

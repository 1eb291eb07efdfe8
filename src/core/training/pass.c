/*
 * pass.c
 *	  One batch through the whole model, and back.
 */
#include "core/training/pass.h"

#include "core/base/random.h"

#include <string.h>

/* Rows that go through the network at once: some milliseconds between cancel checks. */
#define CHUNK_ROWS 1024

/* Keeps which values are dropped apart from the other choices of a row. */
#define VALUE_SEED UINT64_C(0x76616c756573)

/* Samples that go through the head at once, likewise. */
#define CHUNK_READS 256

static bool
HasNegativeKind(const InterestFeatures *features)
{
	for (int i = 0; i < features->kind_names.count; i++)
		if (features->kinds[i].negative)
			return true;
	return false;
}

void
InterestPassInit(InterestPass *pass, const InterestPreparedRows *prepared,
				 const InterestModel *model, const InterestKernel *kernel,
				 InterestSgemmFunction sgemm, InterestArena *arena, InterestArena *scratch)
{
	pass->prepared = prepared;
	pass->model = model;
	pass->arithmetic = (InterestArithmetic) {kernel, sgemm, scratch};
	pass->has_negative = HasNegativeKind(&model->network.features);
	pass->first = INTEREST_REPRESENTATION;
	InterestHistorySumsInit(&pass->sums, model->shape.dimensions, model->shape.half_life, arena);
}

/* --- forward --- */

/* Makes values unknown at random: what says more of an item than they do is learned, too. */
static void
DropValues(const InterestRowDropout *dropout, const InterestRowKey *key, InterestArena *arena,
		   InterestRowInput *input)
{
	InterestRandom random = InterestRandomKeyed(dropout->seed ^ VALUE_SEED, dropout->epoch, key->user, key->position);
	InterestRowValue *values = InterestArenaArray(arena, InterestRowValue, input->value_count);

	for (int i = 0; i < input->value_count; i++)
	{
		values[i] = input->values[i];
		if (InterestRandomUniform(&random) < dropout->rates.values)
			values[i].id = 0;
	}
	input->values = values;
}

static void
ForwardChunk(InterestPass *pass, const int *rows, int count, bool items, const InterestRowKey *keys,
			 const InterestRowDropout *dropout, InterestRowTape *tape)
{
	InterestArena *scratch = pass->arithmetic.scratch;
	InterestRowInput *read = InterestArenaArray(scratch, InterestRowInput, count);
	const InterestRowInput **inputs = InterestArenaArray(scratch, const InterestRowInput *, count);
	InterestRowKey *own_keys = InterestArenaArray(scratch, InterestRowKey, count);
	InterestRowDropout keyed;

	for (int i = 0; i < count; i++)
	{
		own_keys[i] = keys ? keys[i] : InterestRowKeyOf(pass->prepared, rows[i]);
		InterestReadInput(pass->prepared, rows[i], scratch, &read[i]);
		if (items)
			InterestItemOfInput(pass->prepared->features, &read[i], scratch, &read[i]);
		if (dropout && dropout->rates.values > 0.0f)
			DropValues(dropout, &own_keys[i], scratch, &read[i]);
		inputs[i] = &read[i];
	}
	if (dropout)
	{
		keyed = *dropout;
		keyed.keys = own_keys;
	}
	InterestCheckCancel(scratch->host);
	InterestRowForward(&pass->model->network, &pass->arithmetic, count, inputs,
					   dropout ? &keyed : NULL, tape);
}

void
InterestPassRowsForward(InterestPass *pass, int count, const int *rows, bool items,
						const InterestRowKey *keys, const InterestRowDropout *dropout,
						InterestPassRows *forward)
{
	forward->chunk_count = (count + CHUNK_ROWS - 1) / CHUNK_ROWS;
	forward->chunks = InterestArenaArray(pass->arithmetic.scratch, InterestRowTape, forward->chunk_count);
	for (int c = 0; c < forward->chunk_count; c++)
	{
		int			first = c * CHUNK_ROWS;
		int			left = count - first;

		ForwardChunk(pass, rows + first, left < CHUNK_ROWS ? left : CHUNK_ROWS, items,
					 keys ? keys + first : NULL, dropout, &forward->chunks[c]);
	}
}

const float *
InterestPassVector(const InterestPass *pass, const InterestPassRows *forward, int place)
{
	return forward->chunks[place / CHUNK_ROWS].v + (size_t) (place % CHUNK_ROWS) * pass->model->shape.dimensions;
}

/* Arrays for the sums and the reading of one read. */
static void
NewReading(const InterestPass *pass, InterestSums *sums, InterestSumsReading *reading)
{
	InterestArena *scratch = pass->arithmetic.scratch;
	int			d = pass->model->shape.dimensions;

	for (int p = 0; p < INTEREST_PARTS; p++)
	{
		bool		wanted = p != INTEREST_NEGATIVE || pass->has_negative;

		sums->vector[p] = wanted ? InterestArenaArray(scratch, double, d) : NULL;
		reading->vector[p] = wanted ? InterestArenaArray(scratch, double, d) : NULL;
	}
	reading->vector[INTEREST_USER] = InterestArenaArray(scratch, double, d);
}

/* Walks a history and reads it; without keep all reads share the arrays of the first. */
static void
ReadHistory(InterestPass *pass, const InterestHistory *history, bool keep, InterestPassTape *tape)
{
	const InterestBatch *batch = tape->batch;
	int			d = pass->model->shape.dimensions;
	int			added = 0;

	InterestHistoryClear(&pass->sums);
	for (int r = history->first_read; r < history->first_read + history->read_count; r++)
	{
		const InterestReadPoint *read = &batch->reads[r];
		InterestSums *sums = &tape->sums[keep ? r : 0];
		InterestSumsReading *reading = &tape->readings[keep ? r : 0];

		InterestCheckCancel(pass->arithmetic.scratch->host);
		for (; added < read->rows; added++)
		{
			int			row = history->first_row + added;
			InterestHistoryRow added_row = InterestHistoryRowOf(pass->prepared, batch->rows[row]);

			InterestHistoryAdd(&pass->sums, &added_row, InterestPassVector(pass, &tape->rows, row));
		}
		InterestHistoryRead(&pass->sums, read->at, sums);
		InterestReadSums(&tape->reading, sums, reading);
		tape->evidence[r] = sums->mass[INTEREST_COARSE];
		for (int i = 0; i < d; i++)
			tape->u[(size_t) r * d + i] = (float) reading->vector[INTEREST_USER][i];
	}
}

/* logits (reads, interests) */
static void
ForwardHead(InterestPass *pass, InterestPassTape *tape)
{
	const InterestHead *head = &pass->model->head;
	int			reads = tape->batch->read_count;
	size_t		interests = (size_t) head->linear.outputs;
	size_t		d = (size_t) head->linear.inputs;

	tape->logits = InterestArenaArray(pass->arithmetic.scratch, float, (size_t) reads * interests);
	for (int first = 0; interests > 0 && first < reads; first += CHUNK_READS)
	{
		int			left = reads - first;

		InterestCheckCancel(pass->arithmetic.scratch->host);
		InterestHeadForward(head, &pass->arithmetic, left < CHUNK_READS ? left : CHUNK_READS,
							tape->u + (size_t) first * d, tape->logits + (size_t) first * interests);
	}
}

void
InterestPassForward(InterestPass *pass, const InterestBatch *batch,
					const InterestRowDropout *dropout, bool keep, InterestPassTape *tape)
{
	const InterestModel *model = pass->model;
	InterestArena *scratch = pass->arithmetic.scratch;
	int			kept = keep ? batch->read_count : 1;

	tape->batch = batch;
	InterestPassRowsForward(pass, batch->row_count, batch->rows, false, NULL, dropout, &tape->rows);
	InterestModelReading(model, &tape->reading);
	tape->sums = InterestArenaArray(scratch, InterestSums, kept);
	tape->readings = InterestArenaArray(scratch, InterestSumsReading, kept);
	for (int r = 0; r < kept; r++)
		NewReading(pass, &tape->sums[r], &tape->readings[r]);
	tape->evidence = InterestArenaArray(scratch, double, batch->read_count);
	tape->u = InterestArenaArray(scratch, float, (size_t) batch->read_count * model->shape.dimensions);
	for (int h = 0; h < batch->history_count; h++)
		ReadHistory(pass, &batch->histories[h], keep, tape);
	ForwardHead(pass, tape);
}

/* --- backward --- */

/* The walk of ReadHistory backwards; v_gradient (rows of the batch, d). */
static void
BackwardHistory(InterestPass *pass, const InterestHistory *history, const InterestPassTape *tape,
				const float *u_gradient, InterestReadingGradient *gradient,
				double *const sums_gradient[INTEREST_PARTS], float *v_gradient)
{
	const InterestBatch *batch = tape->batch;
	const int  *rows = batch->rows + history->first_row;
	int			d = pass->model->shape.dimensions;

	InterestHistoryClear(&pass->sums);
	for (int r = history->first_read + history->read_count - 1; r >= history->first_read; r--)
	{
		const InterestReadPoint *read = &batch->reads[r];
		int			seen_before = r > history->first_read ? batch->reads[r - 1].rows : 0;

		InterestCheckCancel(pass->arithmetic.scratch->host);
		InterestReadSumsBackward(&tape->reading, &tape->sums[r], &tape->readings[r],
								 u_gradient + (size_t) r * d, gradient, sums_gradient);
		InterestHistorySpread(&pass->sums, pass->prepared->rows[rows[read->rows - 1]].time,
							  read->at, sums_gradient);
		for (int i = read->rows - 1; i >= seen_before; i--)
		{
			InterestHistoryRow row = InterestHistoryRowOf(pass->prepared, rows[i]);

			InterestHistoryCollect(&pass->sums, &row, v_gradient + (size_t) (history->first_row + i) * d);
		}
	}
}

/* The reading's gradient is summed in double, and added to the parameters' once. */
static void
AddReadingGradient(const InterestReadingGradient *from, const InterestModel *to)
{
	for (int i = 0; i < to->shape.dimensions; i++)
		to->mu[i] += (float) from->mu[i];
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		to->theta[g] += (float) from->theta[g];
		for (int k = 0; k < INTEREST_GATE_FEATURES; k++)
			to->gate[g * INTEREST_GATE_FEATURES + k] += (float) from->gate[g][k];
	}
	*to->eta += (float) from->eta;
}

/* Gives the gradients of the rows' vectors (rows, d), in the scratch arena. */
static float *
BackwardReadings(InterestPass *pass, const InterestPassTape *tape, const float *u_gradient,
				 const InterestModel *gradient)
{
	InterestArena *scratch = pass->arithmetic.scratch;
	const InterestBatch *batch = tape->batch;
	size_t		d = (size_t) pass->model->shape.dimensions;
	float	   *v_gradient = InterestArenaAllocateZero(scratch, sizeof(float) * d * (size_t) batch->row_count);
	double	   *sums_gradient[INTEREST_PARTS];
	InterestReadingGradient reading;

	memset(&reading, 0, sizeof(reading));
	reading.mu = InterestArenaAllocateZero(scratch, sizeof(double) * d);
	for (int p = 0; p < INTEREST_PARTS; p++)
		sums_gradient[p] = InterestArenaArray(scratch, double, d);
	if (!pass->has_negative)
		sums_gradient[INTEREST_NEGATIVE] = NULL;
	for (int h = 0; h < batch->history_count; h++)
		BackwardHistory(pass, &batch->histories[h], tape, u_gradient, &reading, sums_gradient,
						v_gradient);
	AddReadingGradient(&reading, gradient);
	return v_gradient;
}

void
InterestPassRowsBackward(InterestPass *pass, const InterestPassRows *forward, const float *v_gradient,
						 const InterestModel *gradient)
{
	size_t		d = (size_t) pass->model->shape.dimensions;

	for (int c = 0; pass->first == INTEREST_REPRESENTATION && c < forward->chunk_count; c++)
	{
		InterestCheckCancel(pass->arithmetic.scratch->host);
		InterestRowBackward(&pass->model->network, &pass->arithmetic, &forward->chunks[c],
							v_gradient + (size_t) c * CHUNK_ROWS * d, &gradient->network);
	}
}

void
InterestPassReadingsBackward(InterestPass *pass, const InterestPassTape *tape, const float *u_gradient,
							 const InterestModel *gradient)
{
	if (pass->first <= INTEREST_READING)
		InterestPassRowsBackward(pass, &tape->rows, BackwardReadings(pass, tape, u_gradient, gradient), gradient);
}

double
InterestPassBackward(InterestPass *pass, const InterestPassTape *tape,
					 const InterestLossRule *rule, const InterestModel *gradient)
{
	const InterestModel *model = pass->model;
	InterestArena *scratch = pass->arithmetic.scratch;
	int			reads = tape->batch->read_count;
	size_t		d = (size_t) model->shape.dimensions;
	float	   *logit_gradient = NULL;
	float	   *u_gradient;
	double		loss;

	if (gradient)
		logit_gradient = InterestArenaArray(scratch, float, (size_t) reads * model->interests.count);
	loss = InterestHeadLoss(&model->head, rule, reads, tape->logits, &tape->batch->targets,
							logit_gradient);
	if (!gradient)
		return loss;
	u_gradient = InterestArenaArray(scratch, float, (size_t) reads * d);
	InterestHeadBackward(&model->head, &pass->arithmetic, reads, tape->u, logit_gradient,
						 &gradient->head, u_gradient);
	InterestPassReadingsBackward(pass, tape, u_gradient, gradient);
	return loss;
}

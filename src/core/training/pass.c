/*
 * pass.c
 *	  One batch through the whole model, and back.
 */
#include "core/training/pass.h"

#include <string.h>

/* Rows that go through the network at once: some milliseconds between cancel checks. */
#define CHUNK_ROWS 1024

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

static void
ForwardChunk(InterestPass *pass, const int *rows, int count, const InterestRowDropout *dropout,
			 InterestRowTape *tape)
{
	InterestArena *scratch = pass->arithmetic.scratch;
	InterestRowInput *read = InterestArenaArray(scratch, InterestRowInput, count);
	const InterestRowInput **inputs = InterestArenaArray(scratch, const InterestRowInput *, count);
	InterestRowKey *keys = InterestArenaArray(scratch, InterestRowKey, count);
	InterestRowDropout keyed;

	for (int i = 0; i < count; i++)
	{
		InterestReadInput(pass->prepared, rows[i], scratch, &read[i]);
		inputs[i] = &read[i];
		keys[i] = pass->prepared->keys[rows[i]];
	}
	if (dropout)
	{
		keyed = *dropout;
		keyed.keys = keys;
	}
	InterestCheckCancel(scratch->host);
	InterestRowForward(&pass->model->network, &pass->arithmetic, count, inputs,
					   dropout ? &keyed : NULL, tape);
}

static void
ForwardRows(InterestPass *pass, const InterestBatch *batch, const InterestRowDropout *dropout,
			InterestPassTape *tape)
{
	tape->chunk_count = (batch->row_count + CHUNK_ROWS - 1) / CHUNK_ROWS;
	tape->chunks = InterestArenaArray(pass->arithmetic.scratch, InterestRowTape, tape->chunk_count);
	for (int c = 0; c < tape->chunk_count; c++)
	{
		int			first = c * CHUNK_ROWS;
		int			left = batch->row_count - first;

		ForwardChunk(pass, batch->rows + first, left < CHUNK_ROWS ? left : CHUNK_ROWS, dropout,
					 &tape->chunks[c]);
	}
}

/* v of a row of the batch */
static const float *
VectorOf(const InterestPassTape *tape, int row, int dimensions)
{
	return tape->chunks[row / CHUNK_ROWS].v + (size_t) (row % CHUNK_ROWS) * dimensions;
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

			InterestHistoryAdd(&pass->sums, &pass->prepared->history[batch->rows[row]],
							   VectorOf(tape, row, d));
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
	for (int first = 0; first < reads; first += CHUNK_READS)
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
	ForwardRows(pass, batch, dropout, tape);
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
		InterestHistorySpread(&pass->sums, pass->prepared->history[rows[read->rows - 1]].time,
							  read->at, sums_gradient);
		for (int i = read->rows - 1; i >= seen_before; i--)
			InterestHistoryCollect(&pass->sums, &pass->prepared->history[rows[i]],
								   v_gradient + (size_t) (history->first_row + i) * d);
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
	float	   *v_gradient;
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
	if (pass->first > INTEREST_READING)
		return loss;
	v_gradient = BackwardReadings(pass, tape, u_gradient, gradient);
	for (int c = 0; pass->first == INTEREST_REPRESENTATION && c < tape->chunk_count; c++)
	{
		InterestCheckCancel(scratch->host);
		InterestRowBackward(&model->network, &pass->arithmetic, &tape->chunks[c],
							v_gradient + (size_t) c * CHUNK_ROWS * d, &gradient->network);
	}
	return loss;
}

/*
 * ledger.c
 *	  The exact ledger of a logit by rows and granularities.
 */
#include "core/explain/ledger.h"

#include "core/base/deterministic.h"

const char *
InterestPartName(InterestPart part)
{
	static const char *const names[INTEREST_PARTS] = {"coarse", "medium", "fine", "negative"};

	return names[part];
}

InterestLogit
InterestLogitOf(const InterestHead *head, int interest, InterestArena *arena)
{
	int			d = head->linear.inputs;
	bool		platt = head->kind == INTEREST_HEAD_SVM;
	double		slope = platt ? head->slope[interest] : 1.0;
	double		scale = slope * InterestExp((double) head->log_scale[0]);
	const float *weights = head->linear.weight + (size_t) interest * d;
	double	   *direction = InterestArenaArray(arena, double, d);
	InterestLogit logit = {direction, slope * head->linear.bias[interest]};

	for (int j = 0; j < d; j++)
		direction[j] = scale * weights[j];
	if (platt)
		logit.offset += head->offset[interest];
	return logit;
}

double
InterestLogitAt(const InterestLogit *logit, int dimensions, const double *u)
{
	double		sum = logit->offset;

	for (int j = 0; j < dimensions; j++)
		sum += logit->direction[j] * u[j];
	return sum;
}

double
InterestRowMass(const InterestExplainedRow *row, InterestPart part, int64_t newest, const int64_t *half_lives)
{
	int64_t		half_life = half_lives[part == INTEREST_NEGATIVE ? INTEREST_COARSE : part];

	if (row->negative != (part == INTEREST_NEGATIVE))
		return 0.0;
	return row->weight * InterestRowDecay(row->time, newest, newest, half_life);
}

int64_t
InterestNewestRow(int count, const InterestExplainedRow *rows, const bool *kept)
{
	int64_t		newest = INT64_MIN;

	for (int i = 0; i < count; i++)
		if ((kept == NULL || kept[i]) && rows[i].time > newest)
			newest = rows[i].time;
	return newest;
}

static void
AddRow(int d, const int64_t *half_lives, int64_t newest, const InterestExplainedRow *row,
	   InterestSums *sums)
{
	sums->rows += !row->negative;
	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		double		mass = InterestRowMass(row, (InterestPart) part, newest, half_lives);

		sums->mass[part] += mass;
		for (int j = 0; mass > 0.0 && j < d; j++)
			sums->vector[part][j] += mass * row->v[j];
	}
}

void
InterestReadRows(const InterestReadingModel *model, const int64_t *half_lives, int count,
				 const InterestExplainedRow *rows, const bool *kept, InterestArena *arena,
				 InterestSums *sums, InterestSumsReading *reading)
{
	size_t		size = sizeof(double) * (size_t) model->dimensions;
	int64_t		newest = InterestNewestRow(count, rows, kept);

	*sums = (InterestSums) {.rows = 0};
	for (int part = 0; part < INTEREST_PARTS; part++)
		sums->vector[part] = InterestArenaAllocateZero(arena, size);
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		reading->vector[part] = InterestArenaAllocate(arena, size);
	for (int i = 0; i < count; i++)
		if (kept == NULL || kept[i])
			AddRow(model->dimensions, half_lives, newest, &rows[i], sums);
	InterestReadSums(model, sums, reading);
}

void
InterestLedgerMake(const InterestReadingModel *model, const int64_t *half_lives,
				   const InterestLogit *logit, int count, const InterestExplainedRow *rows,
				   InterestArena *arena, InterestLedger *ledger)
{
	int64_t		newest = InterestNewestRow(count, rows, NULL);
	InterestArenaMark mark;
	InterestSums sums;
	InterestSumsReading reading;

	ledger->coefficient = InterestArenaAllocate(arena, sizeof(*ledger->coefficient) * (size_t) count);
	mark = InterestArenaGetMark(arena);
	InterestReadRows(model, half_lives, count, rows, NULL, arena, &sums, &reading);
	ledger->logit = InterestLogitAt(logit, model->dimensions, reading.vector[INTEREST_USER]);
	ledger->mu = 0.0;
	for (int j = 0; j < model->dimensions; j++)
		ledger->mu += logit->direction[j] * model->mu[j];
	ledger->prior = logit->offset + ledger->mu;
	for (int i = 0; i < count; i++)
		for (int part = 0; part < INTEREST_PARTS; part++)
		{
			bool		negative = part == INTEREST_NEGATIVE;
			double		kappa = model->kappa[negative ? INTEREST_COARSE : part];
			double		strength = negative ? -model->eta : reading.gamma[part];

			ledger->coefficient[i][part] = strength *
				InterestRowMass(&rows[i], (InterestPart) part, newest, half_lives) /
				(sums.mass[part] + kappa);
		}
	InterestArenaReturnTo(arena, mark);
}

/*
 * removal.c
 *	  What becomes of a logit when rows are really removed.
 */
#include "core/explain/removal.h"

static const float no_prior[1] = {0.0f};

void
InterestRemovalInit(InterestRemoval *removal, const InterestReadingModel *model, const int64_t *half_lives,
					const InterestLogit *logit, int count, const InterestExplainedRow *rows,
					InterestArena *arena)
{
	double		mu = 0.0;

	for (int j = 0; j < model->dimensions; j++)
		mu += logit->direction[j] * model->mu[j];
	*removal = (InterestRemoval) {
		.model = *model, .half_lives = half_lives, .count = count, .rows = rows,
		.said = InterestArenaArray(arena, double, count), .prior = logit->offset + mu
	};
	removal->model.dimensions = 1;
	removal->model.mu = no_prior;
	for (int i = 0; i < count; i++)
	{
		removal->said[i] = rows[i].negative ? 0.0 : -mu;
		for (int j = 0; j < model->dimensions; j++)
			removal->said[i] += logit->direction[j] * rows[i].v[j];
	}
}

double
InterestRemovalLogit(const InterestRemoval *removal, const bool *kept)
{
	int64_t		newest = InterestNewestRow(removal->count, removal->rows, kept);
	double		vectors[INTEREST_PARTS + INTEREST_READING_PARTS] = {0.0};
	InterestSums sums = {.rows = 0};
	InterestSumsReading reading;

	for (int part = 0; part < INTEREST_PARTS; part++)
		sums.vector[part] = &vectors[part];
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		reading.vector[part] = &vectors[INTEREST_PARTS + part];
	for (int i = 0; i < removal->count; i++)
	{
		if (!kept[i])
			continue;
		sums.rows += !removal->rows[i].negative;
		for (int part = 0; part < INTEREST_PARTS; part++)
		{
			double		mass = InterestRowMass(&removal->rows[i], (InterestPart) part, newest, removal->half_lives);

			sums.mass[part] += mass;
			vectors[part] += mass * removal->said[i];
		}
	}
	InterestReadSums(&removal->model, &sums, &reading);
	return removal->prior + reading.vector[INTEREST_USER][0];
}

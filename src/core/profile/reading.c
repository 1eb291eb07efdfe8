/*
 * reading.c
 *	  From a state, or from training's sums, to a user's interests at a time.
 */
#include "core/profile/reading.h"

#include "core/base/deterministic.h"
#include "core/profile/topics.h"

#include <math.h>
#include <string.h>

#define MICROSECONDS_PER_DAY 86400e6

/* Keeps the logarithm of a mass finite; a mass this small says "nothing". */
#define MASS_FLOOR 1e-3

/* algorithm: section 3; the gate sees masses and times only, never vectors */
static void
ReadGate(const InterestReadingModel *model, const InterestSums *sums, InterestSumsReading *reading)
{
	double	   *features = reading->features;
	double		logits[INTEREST_GRANULARITIES];
	double		greatest = -HUGE_VAL;
	double		total = 0.0;

	features[0] = 1.0;
	features[1] = InterestLog1p((double) sums->rows);
	features[2] = InterestLog1p(sums->days);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		features[3 + g] = InterestLog(sums->mass[g] + MASS_FLOOR);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		logits[g] = 0.0;
		for (int i = 0; i < INTEREST_GATE_FEATURES; i++)
			logits[g] += model->gate[g][i] * features[i];
		if (logits[g] > greatest)
			greatest = logits[g];
	}
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		reading->gamma[g] = InterestExp(logits[g] - greatest);
		total += reading->gamma[g];
	}
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		reading->gamma[g] /= total;
}

void
InterestReadSums(const InterestReadingModel *model, const InterestSums *sums,
				 InterestSumsReading *reading)
{
	double	   *user = reading->vector[INTEREST_USER];
	double	   *negative = reading->vector[INTEREST_NEGATIVE];

	ReadGate(model, sums, reading);
	for (int i = 0; i < model->dimensions; i++)
		user[i] = 0.0;
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		double	   *part = reading->vector[g];
		double		kappa = model->kappa[g];

		for (int i = 0; i < model->dimensions; i++)
		{
			part[i] = (sums->vector[g][i] + kappa * model->mu[i]) / (sums->mass[g] + kappa);
			user[i] += reading->gamma[g] * part[i];
		}
	}
	if (sums->vector[INTEREST_NEGATIVE] == NULL)
		return;
	/* The prior of the negative part is 0: no negative row leaves the user as he is. */
	for (int i = 0; i < model->dimensions; i++)
	{
		negative[i] = sums->vector[INTEREST_NEGATIVE][i] /
			(sums->mass[INTEREST_NEGATIVE] + model->kappa[INTEREST_COARSE]);
		user[i] -= model->eta * negative[i];
	}
}

static bool
CheckReadable(const InterestStateView *view, const InterestReadingModel *model, int64_t at,
			  InterestStatus *status)
{
	bool		empty = view->newest == INT64_MIN;

	if (view->shape.dimensions != model->dimensions ||
		memcmp(view->shape.fingerprint, model->representation, INTEREST_FINGERPRINT_SIZE) != 0)
	{
		InterestFail(status, INTEREST_MISMATCH, "the profile was made by another model");
		InterestDetail(status, "The representation of the profile differs from the representation of the model.");
		return InterestHint(status, "Read it with the model version that made it, or make the profile again from its rows.");
	}
	if (at == INT64_MAX || (at == INT64_MIN && !empty))
		return InterestFail(status, INTEREST_DATA_EXCEPTION, "the time of a reading must be finite");
	if (at < view->newest)
	{
		InterestFail(status, INTEREST_INVALID_ARGUMENT,
					 "cannot read a profile at a time before its newest row");
		return InterestHint(status, "Leave later rows out when the profile is made: FILTER (WHERE at <= ...) "
							"for one time, OVER (PARTITION BY ... ORDER BY at) for every row's time.");
	}
	return true;
}

/* Adds one block, as it weighs at this time, to its part's sums and to the codes' masses. */
static void
AddBlock(const InterestStateView *view, const InterestStateBlock *block, int64_t at,
		 InterestInt128 *scratch, InterestSums *sums, double masses[INTEREST_CODES])
{
	int64_t		half_life = view->shape.half_life[block->part == INTEREST_NEGATIVE ? INTEREST_COARSE : block->part];
	int64_t		number = InterestBlockOf(view->newest, half_life) - block->age;
	double		scale = ldexp(InterestBlockDecay(at, number, half_life), -40);
	InterestInt128 codes[INTEREST_CODES];

	InterestStateBlockSums(view, block, scratch);
	sums->mass[block->part] += scale * InterestInt128ToDouble(block->mass);
	for (int i = 0; i < view->shape.dimensions; i++)
		sums->vector[block->part][i] += scale * InterestInt128ToDouble(scratch[i]);
	if (block->part != INTEREST_MEDIUM)
		return;
	InterestStateBlockCodes(view, block, codes);
	for (int code = 0; code < INTEREST_CODES; code++)
		masses[code] += scale * InterestInt128ToDouble(codes[code]);
}

static void
SumState(const InterestStateView *view, int64_t at, InterestArena *arena, InterestSums *sums,
		 double masses[INTEREST_CODES])
{
	size_t		dimensions = (size_t) view->shape.dimensions;
	InterestInt128 *scratch = InterestArenaArray(arena, InterestInt128, dimensions);

	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		sums->vector[part] = InterestArenaAllocateZero(arena, dimensions * sizeof(double));
		sums->mass[part] = 0.0;
	}
	memset(masses, 0, sizeof(double) * INTEREST_CODES);
	for (int i = 0; i < view->block_count; i++)
		AddBlock(view, &view->blocks[i], at, scratch, sums, masses);
	sums->rows = view->rows;
	/* The distance of two times may need 64 bits without a sign. */
	sums->days = view->newest == INT64_MIN ? 0.0
		: (double) ((uint64_t) at - (uint64_t) view->newest) / MICROSECONDS_PER_DAY;
}

bool
InterestReadState(const InterestStateView *view, const InterestReadingModel *model, int64_t at,
				  InterestArena *arena, InterestReading *reading, InterestStatus *status)
{
	size_t		dimensions = (size_t) model->dimensions;
	InterestArenaMark mark;
	InterestSums sums;
	InterestSumsReading exact;
	double		masses[INTEREST_CODES];

	if (!CheckReadable(view, model, at, status))
		return false;
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		reading->vector[part] = InterestArenaArray(arena, float, dimensions);
	for (int i = 0; i < INTEREST_MAX_TOPICS; i++)
		reading->topics[i].vector = InterestArenaArray(arena, float, dimensions);
	mark = InterestArenaGetMark(arena);
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		exact.vector[part] = InterestArenaArray(arena, double, dimensions);
	SumState(view, at, arena, &sums, masses);
	InterestReadSums(model, &sums, &exact);

	reading->dimensions = model->dimensions;
	memcpy(reading->representation, model->representation, INTEREST_FINGERPRINT_SIZE);
	memcpy(reading->reading, model->reading, INTEREST_FINGERPRINT_SIZE);
	reading->rows = view->rows;
	reading->negative_rows = view->negative_rows;
	reading->newest = view->newest;
	reading->at = at;
	for (int part = 0; part < INTEREST_PARTS; part++)
		reading->mass[part] = (float) sums.mass[part];
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		reading->gamma[g] = (float) exact.gamma[g];
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		for (size_t i = 0; i < dimensions; i++)
			reading->vector[part][i] = (float) exact.vector[part][i];
	InterestReadTopics(model, masses, reading);
	InterestArenaReturnTo(arena, mark);
	return true;
}

/*
 * history.c
 *	  Random histories of users, and states made from them.
 */
#include "history.h"

#include "check.h"

#include "core/profile/topics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A state that must open: what the tests made themselves. */
static InterestStateView
MustOpen(const void *payload, size_t size)
{
	InterestStateView view;
	InterestStatus status;

	if (!InterestStateOpen(payload, size, &view, &status))
	{
		CHECK_STRING(status.detail, "");
		abort();
	}
	return view;
}

InterestProfileShape
UsualShape(int dimensions)
{
	InterestProfileShape shape = {dimensions, {180 * DAY, 14 * DAY, DAY}, {0}};

	for (int i = 0; i < INTEREST_FINGERPRINT_SIZE; i++)
		shape.fingerprint[i] = (uint8_t) (i + 1);
	return shape;
}

/* Where a history happens; every kind of distance must occur. */
static int64_t
RandomStart(InterestRandom *random)
{
	static const int64_t starts[] = {
		0, 26 * 365 * DAY, -31 * 365 * DAY, -1, INT64_MIN + 1, INT64_MAX - 1, 8 * DAY, -8 * DAY
	};

	return starts[InterestRandomBelow(random, sizeof(starts) / sizeof(starts[0]))];
}

static int64_t
RandomSpread(InterestRandom *random)
{
	static const int64_t spreads[] = {
		1, HOUR, 3 * DAY, 60 * DAY, 900 * DAY, 40000 * DAY, INT64_MAX
	};

	return spreads[InterestRandomBelow(random, sizeof(spreads) / sizeof(spreads[0]))];
}

static int64_t
RandomTime(InterestRandom *random, int64_t start, int64_t spread)
{
	int64_t		step = (int64_t) (InterestRandomUniform(random) * (double) (spread / 2));

	/* Away from the end that is near. */
	return start > 0 ? start - step : start + step;
}

static double
RandomWeight(InterestRandom *random)
{
	static const double weights[] = {
		INTEREST_MIN_WEIGHT, INTEREST_MAX_WEIGHT, 1.0, 1.0, 2.0, 0.3, 17.25
	};

	return weights[InterestRandomBelow(random, sizeof(weights) / sizeof(weights[0]))];
}

static float *
RandomVector(InterestRandom *random, int dimensions, InterestArena *arena)
{
	float	   *vector = InterestArenaArray(arena, float, dimensions);
	double		square = 1e-9;

	for (int i = 0; i < dimensions; i++)
	{
		vector[i] = (float) (2.0 * InterestRandomUniform(random) - 1.0);
		square += vector[i] * vector[i];
	}
	for (int i = 0; i < dimensions; i++)
		vector[i] = InterestRandomBelow(random, 8) == 0 ? (i == 0 ? 1.0f : -0.0f)
			: (float) (vector[i] / sqrt(square));
	return vector;
}

void
GiveCodebook(InterestReadingModel *model, InterestArena *arena)
{
	InterestRandom random = InterestRandomKeyed(11, 12, 13, 14);
	float	   *codes = InterestArenaArray(arena, float, INTEREST_CODES * model->dimensions);
	double	   *distances = InterestArenaArray(arena, double, INTEREST_CODES * INTEREST_CODES);

	for (int code = 0; code < INTEREST_CODES; code++)
	{
		float	   *vector = codes + code * model->dimensions;
		double		square = 0.0;

		for (int i = 0; i < model->dimensions; i++)
		{
			vector[i] = (float) (2.0 * InterestRandomUniform(&random) - 1.0);
			square += (double) vector[i] * vector[i];
		}
		for (int i = 0; i < model->dimensions; i++)
			vector[i] = (float) (vector[i] / sqrt(square));
	}
	InterestMeasureCodes(model->dimensions, codes, distances);
	model->codes = codes;
	model->code_distances = distances;
}

History
RandomHistory(uint64_t seed, InterestArena *arena)
{
	InterestRandom random = InterestRandomKeyed(seed, 1, 2, 3);
	int64_t		start = RandomStart(&random);
	int64_t		spread = RandomSpread(&random);
	int			negative_in = 1 + (int) InterestRandomBelow(&random, 6);
	static const uint32_t code_counts[] = {1, 5, INTEREST_CODES};
	uint32_t	codes = code_counts[InterestRandomBelow(&random, 3)];
	History		history;

	history.shape = UsualShape(1 + (int) InterestRandomBelow(&random, 5));
	if (InterestRandomBelow(&random, 4) == 0)
		history.shape.half_life[INTEREST_FINE] = 1 + (int64_t) InterestRandomBelow(&random, 1000000);
	history.count = 1 + (int) InterestRandomBelow(&random, 60);
	history.rows = InterestArenaArray(arena, InterestStateRow, history.count);
	for (int i = 0; i < history.count; i++)
	{
		InterestStateRow *row = &history.rows[i];

		row->time = RandomTime(&random, start, spread);
		row->weight = RandomWeight(&random);
		row->negative = InterestRandomBelow(&random, (uint32_t) negative_in) == 1;
		row->vector = RandomVector(&random, history.shape.dimensions, arena);
		row->code = (int) InterestRandomBelow(&random, codes);
		if (i > 0 && InterestRandomBelow(&random, 5) == 0)
			row->time = history.rows[i - 1].time;
		if (i > 0 && InterestRandomBelow(&random, 10) == 0)
			*row = history.rows[i - 1];
	}
	return history;
}

Working
NewWorking(const InterestProfileShape *shape, InterestArena *arena)
{
	Working		state;

	state.size = InterestStateCreateSize(shape);
	state.payload = InterestArenaAllocate(arena, state.size);
	InterestStateCreate(shape, state.payload);
	return state;
}

static void
Grow(Working *state, InterestArena *arena)
{
	Working		larger;

	larger.size = InterestStateGrownSize(state->payload);
	larger.payload = InterestArenaAllocate(arena, larger.size);
	InterestStateGrow(state->payload, larger.payload);
	*state = larger;
}

void
AddRow(Working *state, const InterestStateRow *row, InterestArena *arena)
{
	InterestStatus status;
	InterestStateResult result;

	while ((result = InterestStateAddRow(state->payload, row, &status)) == INTEREST_STATE_NEEDS_ROOM)
		Grow(state, arena);
	CHECK(result == INTEREST_STATE_DONE);
}

void
MergeView(Working *state, const InterestStateView *view, InterestArena *arena)
{
	InterestStatus status;
	InterestStateResult result;

	while ((result = InterestStateMerge(state->payload, view, &status)) == INTEREST_STATE_NEEDS_ROOM)
		Grow(state, arena);
	CHECK(result == INTEREST_STATE_DONE);
}

InterestStateView
OpenWorking(const Working *state)
{
	return MustOpen(state->payload, state->size);
}

InterestStateView
OpenBytes(Bytes bytes)
{
	return MustOpen(bytes.bytes, bytes.size);
}

Bytes
Canonical(const InterestStateView *view, InterestArena *arena)
{
	Bytes		result;

	result.size = InterestStateCanonicalSize(view);
	result.bytes = InterestArenaAllocate(arena, result.size);
	InterestStateWriteCanonical(view, result.bytes);
	return result;
}

Bytes
StateOfRows(const History *history, const int *order, int count, InterestArena *arena)
{
	Working		state = NewWorking(&history->shape, arena);
	InterestStateView view;

	for (int i = 0; i < count; i++)
		AddRow(&state, &history->rows[order ? order[i] : i], arena);
	view = OpenWorking(&state);
	return Canonical(&view, arena);
}

static int
FormatFloat(float value, char *buffer)
{
	return sprintf(buffer, "%.9g", value);
}

static bool
ParseFloat(const char *text, float *value)
{
	char	   *end;

	*value = strtof(text, &end);
	return *end == '\0';
}

const InterestFloatText float_text = {FormatFloat, ParseFloat};

bool
SameBytes(Bytes a, Bytes b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

Bytes
FromHex(const char *hex, InterestArena *arena)
{
	Bytes		result = {InterestArenaAllocate(arena, strlen(hex) / 2), strlen(hex) / 2};

	for (size_t i = 0; i < result.size; i++)
	{
		char		digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		result.bytes[i] = (uint8_t) strtoul(digits, NULL, 16);
	}
	return result;
}

char *
ToHex(Bytes bytes, InterestArena *arena)
{
	static const char digits[] = "0123456789abcdef";
	char	   *hex = InterestArenaAllocate(arena, 2 * bytes.size + 1);

	for (size_t i = 0; i < bytes.size; i++)
	{
		hex[2 * i] = digits[bytes.bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes.bytes[i] & 15];
	}
	hex[2 * bytes.size] = '\0';
	return hex;
}

/*
 * reading_test.c
 *	  Readings against true decay in double precision and against training's
 *	  sums, and the bytes and text of an interestvec.
 */
#include "check.h"
#include "history.h"

#include "core/profile/topics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORIES 1000

static InterestArena arena;
static InterestStatus status;

static const float mu[8] = {0.25f, -0.5f, 0.125f, 0.1f, -0.3f, 0.6f, 0.05f, -0.01f};

static InterestReadingModel
Model(const InterestProfileShape *shape)
{
	InterestReadingModel model = {
		shape->dimensions, {0}, {0}, mu, {0.7, 2.0, 0.05},
		{{0.1, 0.5, -0.2, 0.3, 0.0, -0.1}, {-0.2, 0.1, 0.1, 0.0, 0.4, 0.1}, {0.3, -0.4, -0.6, 0.2, -0.1, 0.5}},
		0.35, NULL, NULL
	};

	GiveCodebook(&model, &arena);
	memcpy(model.representation, shape->fingerprint, INTEREST_FINGERPRINT_SIZE);
	memset(model.reading, 0xab, INTEREST_FINGERPRINT_SIZE);
	return model;
}

static bool
Read(Bytes state, const InterestReadingModel *model, int64_t at, InterestReading *reading)
{
	InterestStateView view = OpenBytes(state);

	return InterestReadState(&view, model, at, &arena, reading, &status);
}

static double
Minutes(int64_t from, int64_t to)
{
	return (double) ((uint64_t) to - (uint64_t) from);
}

/*
 * algorithm: sections 2 and 3 by the definition: 2^-((T - t) / H) of every row,
 * but those of dropped blocks, with the C library's functions.
 */
static void
TrueReading(const History *history, const InterestReadingModel *model, int64_t newest, int64_t at,
			double vector[INTEREST_READING_PARTS][8], double *mass, double *gamma)
{
	double		logits[INTEREST_GRANULARITIES];
	double		features[INTEREST_GATE_FEATURES] = {1.0, 0.0, log1p(Minutes(newest, at) / 86400e6)};
	double		total = 0.0;
	int			rows = 0;

	memset(vector, 0, sizeof(double) * INTEREST_READING_PARTS * 8);
	memset(mass, 0, sizeof(double) * INTEREST_PARTS);
	for (int i = 0; i < history->count; i++)
	{
		const InterestStateRow *row = &history->rows[i];

		rows += !row->negative;
		for (int part = 0; part < INTEREST_PARTS; part++)
		{
			int64_t		half_life = history->shape.half_life[part == INTEREST_NEGATIVE ? 0 : part];
			double		weight = row->weight * exp2(-Minutes(row->time, at) / (double) half_life);

			if (row->negative != (part == INTEREST_NEGATIVE) ||
				InterestBlockOf(newest, half_life) - InterestBlockOf(row->time, half_life) > 4)
				continue;
			mass[part] += weight;
			for (int j = 0; j < model->dimensions; j++)
				vector[part][j] += weight * row->vector[j];
		}
	}
	features[1] = log1p(rows);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		features[3 + g] = log(mass[g] + 1e-3);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		logits[g] = 0.0;
		for (int i = 0; i < INTEREST_GATE_FEATURES; i++)
			logits[g] += model->gate[g][i] * features[i];
		total += exp(logits[g]);
	}
	for (int j = 0; j < model->dimensions; j++)
	{
		for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		{
			gamma[g] = exp(logits[g]) / total;
			vector[g][j] = (vector[g][j] + model->kappa[g] * model->mu[j]) / (mass[g] + model->kappa[g]);
			vector[INTEREST_USER][j] += gamma[g] * vector[g][j];
		}
		vector[INTEREST_NEGATIVE][j] /= mass[INTEREST_NEGATIVE] + model->kappa[0];
		vector[INTEREST_USER][j] -= model->eta * vector[INTEREST_NEGATIVE][j];
	}
}

static void
CheckClose(double found, double expected)
{
	CHECK_NEAR(found, expected, 1e-6 * fmax(fabs(expected), 1e-3));
}

/* A time from the newest row on, sometimes at the end of time. */
static int64_t
RandomLater(InterestRandom *random, int64_t newest)
{
	static const int64_t gaps[] = {0, 1, HOUR, DAY, 30 * DAY, 1000 * DAY, INT64_MAX / 2};
	int64_t		gap = gaps[InterestRandomBelow(random, 7)];

	return newest > INT64_MAX - 1 - gap ? INT64_MAX - 1 : newest + gap;
}

/* The reading that training makes of the same rows. */
static void
TrainingReading(const History *history, const InterestReadingModel *model, int64_t newest,
				int64_t at, InterestSumsReading *result)
{
	InterestSums sums;
	size_t		size = sizeof(double) * (size_t) model->dimensions;

	memset(&sums, 0, sizeof(sums));
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		result->vector[part] = InterestArenaAllocateZero(&arena, size);
	for (int part = 0; part < INTEREST_PARTS; part++)
		sums.vector[part] = InterestArenaAllocateZero(&arena, size);
	sums.days = Minutes(newest, at) / 86400e6;
	for (int i = 0; i < history->count; i++)
	{
		const InterestStateRow *row = &history->rows[i];

		sums.rows += !row->negative;
		for (int part = 0; part < INTEREST_PARTS; part++)
		{
			int64_t		half_life = history->shape.half_life[part == INTEREST_NEGATIVE ? 0 : part];
			double		weight = row->weight * InterestRowDecay(row->time, newest, at, half_life);

			if (row->negative != (part == INTEREST_NEGATIVE))
				continue;
			sums.mass[part] += weight;
			for (int j = 0; j < model->dimensions; j++)
				sums.vector[part][j] += weight * row->vector[j];
		}
	}
	InterestReadSums(model, &sums, result);
}

/* The topics against those of the codes' masses by true decay; test/unit/topics_test.c has Ward's. */
static void
CheckTopics(const History *history, const InterestReadingModel *model, int64_t newest,
			const InterestReading *reading)
{
	int64_t		half_life = history->shape.half_life[INTEREST_MEDIUM];
	double		masses[INTEREST_CODES] = {0};
	double		total = 0.0;
	InterestReading expected;

	for (int i = 0; i < history->count; i++)
	{
		const InterestStateRow *row = &history->rows[i];

		if (!row->negative && InterestBlockOf(newest, half_life) - InterestBlockOf(row->time, half_life) <= 4)
			masses[row->code] += row->weight * exp2(-Minutes(row->time, reading->at) / (double) half_life);
	}
	for (int t = 0; t < INTEREST_MAX_TOPICS; t++)
		expected.topics[t].vector = InterestArenaArray(&arena, float, model->dimensions);
	InterestReadTopics(model, masses, &expected);
	CHECK_INTEGER(reading->topic_count, expected.topic_count);
	for (int t = 0; t < expected.topic_count; t++)
	{
		CHECK_INTEGER(reading->topics[t].code, expected.topics[t].code);
		CheckClose(reading->topics[t].mass, expected.topics[t].mass);
		total += reading->topics[t].mass;
		for (int i = 0; i < model->dimensions; i++)
			CheckClose(reading->topics[t].vector[i], expected.topics[t].vector[i]);
	}
	CheckClose(total, reading->mass[INTEREST_MEDIUM]);
}

/*
 * With kappa and mu at their least, what is compared is nearly the mean itself,
 * so that decay cannot hide behind the prior.
 */
static void
TestHistories(void)
{
	for (uint64_t seed = 1000; seed < 1000 + HISTORIES; seed++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		InterestRandom random = InterestRandomKeyed(seed, 8, 0, 0);
		History		history = RandomHistory(seed, &arena);
		InterestReadingModel model = Model(&history.shape);
		Bytes		state = StateOfRows(&history, NULL, history.count, &arena);
		int64_t		newest = OpenBytes(state).newest;
		int64_t		at = RandomLater(&random, newest);
		InterestReading reading;
		InterestSumsReading training;
		double		vector[INTEREST_READING_PARTS][8];
		double		mass[INTEREST_PARTS];
		double		gamma[INTEREST_GRANULARITIES];

		CHECK(Read(state, &model, at, &reading));
		TrueReading(&history, &model, newest, at, vector, mass, gamma);
		TrainingReading(&history, &model, newest, at, &training);
		for (int part = 0; part < INTEREST_READING_PARTS; part++)
			for (int j = 0; j < model.dimensions; j++)
			{
				CheckClose(reading.vector[part][j], vector[part][j]);
				CheckClose(reading.vector[part][j], training.vector[part][j]);
			}
		for (int part = 0; part < INTEREST_PARTS; part++)
			CheckClose(reading.mass[part], mass[part]);
		for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		{
			CheckClose(reading.gamma[g], gamma[g]);
			CheckClose(reading.gamma[g], training.gamma[g]);
		}
		/* In one dimension there are two directions, and ties that rounding decides. */
		if (model.dimensions > 1)
			CheckTopics(&history, &model, newest, &reading);
		InterestArenaReturnTo(&arena, mark);
	}
}

/* algorithm: section 2, accuracy: one lone row, wherever in its block it lies */
static void
TestLoneRow(double weight, double tolerance)
{
	double		worst = 0.0;

	for (uint64_t seed = 0; seed < 100; seed++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		InterestRandom random = InterestRandomKeyed(seed, 9, 0, 0);
		float		vector[64];
		double		square = 0.0;
		InterestStateRow row = {0, weight, false, vector, 0};
		History		history = {UsualShape(64), 1, &row};
		InterestStateView view;
		InterestInt128 sums[64];

		for (int j = 0; j < 64; j++)
			square += pow(vector[j] = (float) InterestRandomUniform(&random) - 0.5f, 2);
		for (int j = 0; j < 64; j++)
			vector[j] = (float) (vector[j] / sqrt(square));
		row.time = seed == 0 ? 0 : (int64_t) (InterestRandomUniform(&random) * 8 * DAY);
		view = OpenBytes(StateOfRows(&history, NULL, 1, &arena));
		for (int i = 0; i < view.block_count; i++)
		{
			double		error = 0.0;

			InterestStateBlockSums(&view, &view.blocks[i], sums);
			for (int j = 0; j < 64; j++)
				error += pow(InterestInt128ToDouble(sums[j]) / InterestInt128ToDouble(view.blocks[i].mass)
							 - vector[j], 2);
			worst = fmax(worst, sqrt(error));
		}
		InterestArenaReturnTo(&arena, mark);
	}
	if (!CHECK(worst <= tolerance))
		printf("# error %g at weight %g\n", worst, weight);
	CHECK(worst > 1e-13);
}

static void
CheckVector(const float *found, const float *expected, int count)
{
	for (int i = 0; i < count; i++)
		CHECK_NEAR(found[i], expected[i], 0.0);
}

/* No rows give the prior, negative rows alone push the user away from it. */
static void
TestPrior(void)
{
	static const float vector[2] = {1.0f, 0.0f};
	InterestStateRow row = {0, 1.0, true, vector, 0};
	History		history = {UsualShape(2), 1, &row};
	InterestReadingModel model = Model(&history.shape);
	Bytes		empty = StateOfRows(&history, NULL, 0, &arena);
	Bytes		negative = StateOfRows(&history, NULL, 1, &arena);
	InterestReading reading;
	float		gamma;

	CHECK(Read(empty, &model, INT64_MIN, &reading));
	gamma = reading.gamma[INTEREST_FINE];
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		if (part != INTEREST_NEGATIVE)
			CheckVector(reading.vector[part], mu, 2);
	CHECK_NEAR(reading.vector[INTEREST_NEGATIVE][0], 0.0, 0.0);
	CHECK_INTEGER(reading.newest, INT64_MIN);
	CHECK(Read(empty, &model, DAY, &reading));
	CheckVector(reading.vector[INTEREST_USER], mu, 2);
	CHECK_INTEGER(reading.at, DAY);
	/* Without a newest row no time has passed since. */
	CHECK_NEAR(reading.gamma[INTEREST_FINE], gamma, 0.0);

	CHECK(Read(negative, &model, 0, &reading));
	CheckVector(reading.vector[INTEREST_COARSE], mu, 2);
	CHECK_NEAR(reading.mass[INTEREST_NEGATIVE], 1.0, 1e-7);
	CHECK_NEAR(reading.mass[INTEREST_COARSE], 0.0, 0.0);
	CHECK_NEAR(reading.vector[INTEREST_NEGATIVE][0], 1.0 / 1.7, 1e-7);
	CHECK_NEAR(reading.vector[INTEREST_USER][0], 0.25 - 0.35 / 1.7, 1e-7);
	CHECK_INTEGER(reading.rows, 0);
	CHECK_INTEGER(reading.negative_rows, 1);
}

static InterestStateRow
SimpleRow(int64_t time, const float *vector)
{
	InterestStateRow row = {time, 1.0, false, vector, 0};

	return row;
}

/*
 * An old love, a topic of the last weeks and a burst today are three vectors;
 * each granularity must show its own most, and silence moves all to the prior.
 */
static void
TestGranularities(void)
{
	static const float love[3] = {1, 0, 0};
	static const float topic[3] = {0, 1, 0};
	static const float burst[3] = {0, 0, 1};
	static const float prior[3] = {0, 0, 0};
	InterestStateRow rows[200];
	History		history = {UsualShape(3), 0, rows};
	InterestReadingModel model = Model(&history.shape);
	InterestReading reading;
	Bytes		state;
	int64_t		today = 26 * 365 * DAY;

	model.mu = prior;
	for (int day = 30; day < 180; day++)
		rows[history.count++] = SimpleRow(today - day * DAY, love);
	for (int day = 3; day < 30; day++)
		rows[history.count++] = SimpleRow(today - day * DAY, topic);
	for (int i = 0; i < 8; i++)
		rows[history.count++] = SimpleRow(today - i * HOUR, burst);
	state = StateOfRows(&history, NULL, history.count, &arena);
	CHECK(Read(state, &model, today, &reading));
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		for (int other = 0; other < INTEREST_GRANULARITIES; other++)
			if (other != g)
				CHECK(reading.vector[g][g] > reading.vector[g][other]);
	CHECK(Read(state, &model, today + 3650 * DAY, &reading));
	CHECK_NEAR(reading.vector[INTEREST_FINE][2], 0.0, 1e-9);
	CHECK_NEAR(reading.vector[INTEREST_COARSE][0], 0.0, 1e-3);
}

static void
TestRefused(void)
{
	static const float vector[2] = {1.0f, 0.0f};
	InterestStateRow row = {DAY, 1.0, false, vector, 0};
	History		history = {UsualShape(2), 1, &row};
	InterestReadingModel model = Model(&history.shape);
	Bytes		state = StateOfRows(&history, NULL, 1, &arena);
	InterestReading reading;

	CHECK(!Read(state, &model, DAY - 1, &reading));
	CHECK_INTEGER(status.code, INTEREST_INVALID_ARGUMENT);
	CHECK_STRING(status.message, "cannot read a profile at a time before its newest row");
	CHECK(strstr(status.hint, "FILTER (WHERE at <= ...)") != NULL);
	CHECK(!Read(state, &model, INT64_MAX, &reading));
	CHECK(!Read(state, &model, INT64_MIN, &reading));
	CHECK_INTEGER(status.code, INTEREST_DATA_EXCEPTION);
	model.representation[3] ^= 1;
	CHECK(!Read(state, &model, DAY, &reading));
	CHECK_INTEGER(status.code, INTEREST_MISMATCH);
	CHECK(status.hint[0] != '\0');
	model = Model(&history.shape);
	model.dimensions = 3;
	CHECK(!Read(state, &model, DAY, &reading));
}

/* Half-lives and distances at both ends of what a time can be. */
static void
TestDecay(void)
{
	CHECK_INTEGER(InterestBlockOf(0, DAY), 0);
	CHECK_INTEGER(InterestBlockOf(8 * DAY - 1, DAY), 0);
	CHECK_INTEGER(InterestBlockOf(8 * DAY, DAY), 1);
	CHECK_INTEGER(InterestBlockOf(-1, DAY), -1);
	CHECK_INTEGER(InterestBlockOf(-8 * DAY, DAY), -1);
	CHECK_INTEGER(InterestBlockOf(-8 * DAY - 1, DAY), -2);
	CHECK_INTEGER(InterestBlockOf(INT64_MIN + 1, INTEREST_MAX_HALF_LIFE), -2);
	CHECK_NEAR(InterestRowFactor(0, DAY), 0x1p-8, 0.0);
	CHECK_NEAR(InterestRowFactor(-8 * DAY, DAY), 0x1p-8, 0.0);
	CHECK_NEAR(InterestRowFactor(7 * DAY, DAY), 0.5, 0.0);
	CHECK_NEAR(InterestRowFactor(-DAY, DAY), 0.5, 0.0);
	CHECK_NEAR(InterestRowFactor(INT64_MAX - 1, 1), 0x1p-2, 0.0);
	CHECK(InterestRowFactor(INT64_MAX - 1, INTEREST_MAX_HALF_LIFE) <= 1.0);
	CHECK_NEAR(InterestBlockDecay(8 * DAY, 0, DAY), 1.0, 0.0);
	CHECK_NEAR(InterestBlockDecay(9 * DAY, 0, DAY), 0.5, 0.0);
	CHECK_NEAR(InterestBlockDecay(0, 0, DAY), 256.0, 0.0);
	CHECK_NEAR(InterestBlockDecay(INT64_MAX - 1, InterestBlockOf(INT64_MIN + 1, 1), 1), 0.0, 0.0);
	CHECK_NEAR(InterestRowDecay(0, 39 * DAY, 39 * DAY, DAY), exp2(-39), 1e-25);
	CHECK_NEAR(InterestRowDecay(0, 40 * DAY, 40 * DAY, DAY), 0.0, 0.0);
	CHECK_NEAR(InterestRowDecay(0, 0, 400 * DAY, DAY), exp2(-400), 0.0);
}

/*
 * The same bits on every machine: SampleReading, whose floats are those of a
 * computation with 50 digits (mpmath).
 */
static const char golden_vector[] =
"0102020000000000"
"0102030405060708090a0b0c0d0e0f10"
"abababababababababababababababab"
"02000000000000000100000000000000003c0e18c0e90200009ce535d4e90200"
"6a599f40a9d5974085241a402051ad3f8a57e53e9c16b93eb623433e"
"00000000"
"9407533ef8f7db3e"
"46275b3e1d667e3e"
"de973e3e4fcd163f"
"39824abe7b01873e"
"97798c3ec6bc9a3e"
"070000000000c03f0000803f00000000"
"060000000000003f00000000000080bf";

static Bytes
WriteVector(const InterestReading *reading)
{
	Bytes		bytes;

	bytes.size = InterestVectorSize(reading->dimensions, reading->topic_count);
	bytes.bytes = InterestArenaAllocate(&arena, bytes.size);
	InterestVectorWrite(reading, bytes.bytes);
	return bytes;
}

/* Three rows, one of them negative, read a day later, with two topics. */
static InterestReading
SampleReading(void)
{
	static const float vectors[3][2] = {{0.6f, -0.8f}, {0.1f, 0.9f}, {-0.3f, 0.4f}};
	static float topics[2][2] = {{1.0f, 0.0f}, {0.0f, -1.0f}};
	InterestStateRow rows[3] = {
		{26 * 365 * DAY, 1.0, false, vectors[0], 0},
		{26 * 365 * DAY + 7 * HOUR, 4.0, false, vectors[1], 0},
		{26 * 365 * DAY - 100 * DAY, 2.0, true, vectors[2], 0}
	};
	History		history = {UsualShape(2), 3, rows};
	InterestReadingModel model = Model(&history.shape);
	InterestReading reading;

	CHECK(Read(StateOfRows(&history, NULL, 3, &arena), &model, 26 * 365 * DAY + 31 * HOUR, &reading));
	reading.topic_count = 2;
	for (int i = 0; i < 2; i++)
	{
		reading.topics[i].code = 7 - i;
		reading.topics[i].mass = 1.5f - (float) i;
		reading.topics[i].vector = topics[i];
	}
	return reading;
}

static void
TestVector(void)
{
	InterestReading reading = SampleReading();
	Bytes		bytes = WriteVector(&reading);
	InterestReading again;
	float		part[2];
	char	   *text;
	size_t		length;
	Bytes		parsed;

	CHECK_STRING(ToHex(bytes, &arena), golden_vector);
	CHECK_INTEGER(bytes.size, 104 + 5 * 8 + 2 * 16);
	CHECK_INTEGER(InterestVectorSize(64, 0), 1384);
	CHECK_INTEGER(InterestVectorSize(64, 5), 2704);
	CHECK(InterestVectorCheck(bytes.bytes, bytes.size, &status));
	CHECK_INTEGER(InterestVectorDimensions(bytes.bytes), 2);
	CHECK(memcmp(InterestVectorRepresentation(bytes.bytes), reading.representation, 16) == 0);
	CHECK(memcmp(InterestVectorReading(bytes.bytes), reading.reading, 16) == 0);
	for (int i = 0; i < INTEREST_READING_PARTS; i++)
	{
		InterestVectorPart(bytes.bytes, i, part);
		CheckVector(part, reading.vector[i], 2);
	}
	InterestVectorRead(bytes.bytes, &arena, &again);
	CHECK(SameBytes(WriteVector(&again), bytes));
	CHECK_INTEGER(again.topics[1].code, 6);
	text = InterestVectorToText(bytes.bytes, &float_text, &arena, &length);
	CHECK_INTEGER(length, strlen(text));
	CHECK(InterestVectorFromText(text, length, &float_text, &arena, &parsed.bytes, &parsed.size, &status));
	CHECK(SameBytes(parsed, bytes));
	for (size_t i = 0; i < length; i++)
		CHECK(!InterestVectorFromText(text, i, &float_text, &arena, &parsed.bytes, &parsed.size, &status));
	reading.vector[INTEREST_USER][0] = -0.0f;
	again.vector[INTEREST_USER][0] = 0.0f;
	CHECK(SameBytes(WriteVector(&reading), WriteVector(&again)));
}

static void
TestCompare(void)
{
	InterestReading reading = SampleReading();
	Bytes		a = WriteVector(&reading);
	Bytes		b;

	reading.vector[INTEREST_USER][1] += 1.0f;
	b = WriteVector(&reading);
	CHECK_INTEGER(InterestVectorCompare(a.bytes, a.size, a.bytes, a.size), 0);
	CHECK(InterestVectorCompare(a.bytes, a.size, b.bytes, b.size) != 0);
	CHECK_INTEGER(InterestVectorCompare(a.bytes, a.size, b.bytes, b.size),
				  -InterestVectorCompare(b.bytes, b.size, a.bytes, a.size));
	CHECK_INTEGER(InterestVectorCompare(a.bytes, a.size - 1, a.bytes, a.size), -1);
	CHECK_INTEGER(InterestVectorCompare(a.bytes, a.size, a.bytes, a.size - 1), 1);
}

static void
RefuseBytes(size_t offset, const char *hex, const char *detail)
{
	InterestReading reading = SampleReading();
	Bytes		bytes = WriteVector(&reading);
	Bytes		change = FromHex(hex, &arena);

	memcpy(bytes.bytes + offset, change.bytes, change.size);
	CHECK(!InterestVectorCheck(bytes.bytes, bytes.size, &status));
	CHECK_STRING(status.detail, detail);
}

static void
TestRefusedBytes(void)
{
	static const char size[] = "The reading does not have the size that its header says.";
	static const char rows[] = "The number of rows is out of range.";
	static const char times[] = "The times do not fit the rows.";
	static const char mass[] = "A mass is out of range.";
	static const char share[] = "A share of a granularity is out of range.";
	static const char finite[] = "A number is not finite, or -0.";
	static const char topic[] = "The code or the mass of a topic is out of range.";
	static const char order[] = "The topics are not in order.";

	RefuseBytes(0, "02", "");
	CHECK_INTEGER(status.code, INTEREST_UNSUPPORTED);
	RefuseBytes(1, "06", "There are too many topics.");
	RefuseBytes(1, "01", size);
	RefuseBytes(1, "03", size);
	RefuseBytes(2, "0000", "The number of dimensions is out of range.");
	RefuseBytes(2, "0104", "The number of dimensions is out of range.");
	RefuseBytes(2, "0300", size);
	RefuseBytes(4, "01", "Reserved bytes are not zero.");
	RefuseBytes(7, "80", "Reserved bytes are not zero.");
	RefuseBytes(100, "01", "Reserved bytes are not zero.");
	RefuseBytes(47, "80", rows);
	RefuseBytes(55, "80", rows);
	RefuseBytes(40, "ffffffffffffff7f", rows);
	RefuseBytes(56, "0000000000000080", times);
	RefuseBytes(40, "00000000000000000000000000000000", times);
	RefuseBytes(64, "0000000000000000", times);
	RefuseBytes(64, "ffffffffffffff7f", times);
	RefuseBytes(40, "0000000000000000", mass);	/* a positive mass without rows */
	RefuseBytes(48, "0000000000000000", mass);
	RefuseBytes(72, "000080bf", mass);
	RefuseBytes(72, "0000807f", mass);
	RefuseBytes(84, "0000c07f", mass);
	RefuseBytes(72, "00000080", finite);
	RefuseBytes(88, "000080bf", share);
	RefuseBytes(92, "0000c07f", share);
	RefuseBytes(96, "0000803f", "The shares of the granularities do not add up to 1.");
	RefuseBytes(104, "0000807f", finite);
	RefuseBytes(140, "0000c07f", finite);
	RefuseBytes(140, "00000080", finite);
	RefuseBytes(144, "40000000", topic);
	RefuseBytes(144, "06000000", topic);	/* the code of the second too, which then is seen */
	RefuseBytes(148, "00000000", topic);
	RefuseBytes(148, "0000807f", topic);
	RefuseBytes(148, "0000803e", order);
	RefuseBytes(148, "0000003f", order);	/* equal masses, the higher code first */
	RefuseBytes(152, "000080ff", finite);
}

/* A reading without negative rows has no negative part, one without rows no topics. */
static void
TestRefusedReadings(void)
{
	static const float vector[2] = {1.0f, 0.0f};
	static float far_away[2] = {1.0f, 2.0f};
	InterestStateRow row = {DAY, 1.0, false, vector, 0};
	History		history = {UsualShape(2), 1, &row};
	InterestReadingModel model = Model(&history.shape);
	InterestReading reading;
	Bytes		bytes;

	CHECK(Read(StateOfRows(&history, NULL, 1, &arena), &model, DAY, &reading));
	bytes = WriteVector(&reading);
	CHECK(InterestVectorCheck(bytes.bytes, bytes.size, &status));
	reading.vector[INTEREST_NEGATIVE][1] = 1.0f;
	bytes = WriteVector(&reading);
	CHECK(!InterestVectorCheck(bytes.bytes, bytes.size, &status));
	CHECK(Read(StateOfRows(&history, NULL, 0, &arena), &model, INT64_MIN, &reading));
	bytes = WriteVector(&reading);
	CHECK(InterestVectorCheck(bytes.bytes, bytes.size, &status));
	reading.topic_count = 1;
	reading.topics[0].code = 0;
	reading.topics[0].mass = 1.0f;
	reading.topics[0].vector = far_away;
	bytes = WriteVector(&reading);
	CHECK(!InterestVectorCheck(bytes.bytes, bytes.size, &status));
}

/* Every prefix is refused; what one bit makes is refused or survives text. */
static void
TestDamage(void)
{
	InterestReading reading = SampleReading();
	Bytes		bytes = WriteVector(&reading);
	Bytes		parsed;
	size_t		length;

	for (size_t size = 0; size < bytes.size; size++)
	{
		uint8_t    *prefix = InterestArenaAllocate(&arena, size);

		memcpy(prefix, bytes.bytes, size);
		CHECK(!InterestVectorCheck(prefix, size, &status));
	}
	for (size_t bit = 0; bit < 8 * bytes.size; bit++)
	{
		bytes.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (InterestVectorCheck(bytes.bytes, bytes.size, &status))
		{
			char	   *text = InterestVectorToText(bytes.bytes, &float_text, &arena, &length);

			CHECK(InterestVectorFromText(text, length, &float_text, &arena, &parsed.bytes, &parsed.size, &status));
			CHECK(SameBytes(parsed, bytes));
		}
		bytes.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
}

static const char small_text[] =
"interestvec:1 dimensions=1 representation=000102030405060708090a0b0c0d0e0f "
"reading=101112131415161718191a1b1c1d1e1f rows=1 negative_rows=0 newest=5 at=6 "
"mass=(1 1 0.5 0) gamma=(0.5 0.25 0.25) coarse=(1) medium=(-2) fine=(0.375) negative=(0) "
"user=(0.5) topics=((code=3 mass=1 vector=(1)))";

static void
RefuseText(const char *from, const char *to)
{
	char	   *text = InterestArenaAllocate(&arena, sizeof(small_text) + strlen(to));
	const char *at = strstr(small_text, from);
	Bytes		bytes;

	if (!CHECK(at != NULL))
		return;
	sprintf(text, "%.*s%s%s", (int) (at - small_text), small_text, to, at + strlen(from));
	CHECK(!InterestVectorFromText(text, strlen(text), &float_text, &arena, &bytes.bytes, &bytes.size, &status));
	CHECK_INTEGER(status.code, INTEREST_INVALID_TEXT);
}

static void
TestTexts(void)
{
	char		padded[sizeof(small_text) + 4];
	Bytes		bytes;
	size_t		length;

	sprintf(padded, "\t%s \n", small_text);
	CHECK(InterestVectorFromText(padded, strlen(padded), &float_text, &arena, &bytes.bytes, &bytes.size, &status));
	CHECK_STRING(InterestVectorToText(bytes.bytes, &float_text, &arena, &length), small_text);
	RefuseText("interestvec:1", "interestvec:2");
	RefuseText("interestvec:1", "interestvec:1 ");
	RefuseText("dimensions=1", "dimensions=0");
	RefuseText("dimensions=1", "dimensions=2");
	RefuseText("dimensions=1", "dimensions=1025");
	RefuseText("0e0f", "0E0F");
	RefuseText("1e1f", "1e1");
	RefuseText("rows=1", "rows=-1");
	RefuseText("rows=1", "rows=0");
	RefuseText("at=6", "at=4");
	RefuseText("at=6", "at=9223372036854775807");
	RefuseText("at=6", "at=");
	RefuseText("mass=(1 1 0.5 0)", "mass=(1 1 0.5)");
	RefuseText("mass=(1 1 0.5 0)", "mass=(1 1 0.5 0 0)");
	RefuseText("mass=(1 1 0.5 0)", "mass=(1 1 0.5 1)");
	RefuseText("mass=(1 1 0.5 0)", "mass=(-1 1 0.5 0)");
	RefuseText("gamma=(0.5", "gamma=(0.75");
	RefuseText("coarse=(1)", "coarse=()");
	RefuseText("coarse=(1)", "coarse=(x)");
	RefuseText("coarse=(1)", "coarse=(nan)");
	RefuseText("coarse=(1)", "coarse=(inf)");
	RefuseText("coarse=(1)", "coarse=(1,)");
	RefuseText("coarse=(1)", "coarse=(1.0000000000000000000000000000000)");
	RefuseText("coarse=(1)", "coarse=( 1)");
	RefuseText("coarse=(1)", "coarse=1");
	RefuseText("negative=(0)", "negative=(1)");
	RefuseText(" user=(0.5)", "");
	RefuseText("code=3", "code=64");
	RefuseText("code=3", "code=-1");
	RefuseText("mass=1 vector", "mass=0 vector");
	RefuseText("mass=1 vector", "mass=-1 vector");
	RefuseText("vector=(1)))", "vector=(1))");
	RefuseText("vector=(1)))", "vector=(1))))");
	RefuseText("topics=((code=3 mass=1 vector=(1)))",
			   "topics=((code=3 mass=1 vector=(1))(code=4 mass=1 vector=(1)))");
	RefuseText("topics=((code=3 mass=1 vector=(1)))",
			   "topics=((code=4 mass=1 vector=(1)) (code=3 mass=1 vector=(1)))");
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 16);
	TestDecay();
	TestHistories();
	TestLoneRow(1.0, 1e-9);
	TestLoneRow(INTEREST_MIN_WEIGHT, 2e-8);
	TestPrior();
	TestGranularities();
	TestRefused();
	TestVector();
	TestCompare();
	TestRefusedBytes();
	TestRefusedReadings();
	TestDamage();
	TestTexts();
	InterestArenaFree(&arena);
	return CheckReport("reading");
}

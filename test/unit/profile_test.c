/*
 * profile_test.c
 *	  The exact state: golden bytes, random histories in any order and any
 *	  split, subtraction, and everything that must be refused.
 */
#include "check.h"
#include "history.h"

#include <math.h>
#include <string.h>

#define HISTORIES 1000

static InterestArena arena;
static InterestStatus status;

static const char empty_hex[] =
"01" "00" "0102030405060708090a0b0c0d0e0f10" "02" "8080bedbcfc403" "80809d8e9a23" "80c0ddeec102"
"00" "00";

/* One row at 2000-01-02, weight 1, vector (0.5, -0.25), code 3. */
static const char one_row_hex[] =
"01" "00" "0102030405060708090a0b0c0d0e0f10" "02" "8080bedbcfc403" "80809d8e9a23" "80c0ddeec102"
"01" "00" "8080bbdd8305" "01"
"01" "00" "01" "9aeae68f20" "8eb5f38710" "c5daf98308"
"01" "00" "01" "ae8cf3cf21" "01" "03" "ae8cf3cf21" "98c6f9e710" "8be3fcb308"
"01" "00" "01" "8080808040" "8080808020" "ffffffff0f"
"00";

static const char one_negative_hex[] =
"01" "00" "0102030405060708090a0b0c0d0e0f10" "02" "8080bedbcfc403" "80809d8e9a23" "80c0ddeec102"
"00" "01" "8080bbdd8305" "01" "00" "00" "00"
"01" "00" "01" "9aeae68f20" "8eb5f38710" "c5daf98308";

static const char one_row_text[] =
"interest_profile:1 fingerprint=0102030405060708090a0b0c0d0e0f10 dimensions=2 "
"half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=1 negative_rows=0 "
"newest=86400000000 newest_rows=1 "
"coarse=((age=0 rows=1 mass=4311538317 sums=(2155769159 -1077884579))) "
"medium=((age=0 rows=1 mass=4512965399 codes=((code=3 mass=4512965399)) sums=(2256482700 -1128241350))) "
"fine=((age=0 rows=1 mass=8589934592 sums=(4294967296 -2147483648))) negative=()";

static const char empty_text[] =
"interest_profile:1 fingerprint=0102030405060708090a0b0c0d0e0f10 dimensions=2 "
"half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=0 negative_rows=0";

static Bytes
OneRow(int64_t time, double weight, bool negative)
{
	static const float vector[2] = {0.5f, -0.25f};
	InterestStateRow row = {time, weight, negative, vector, 3};
	History		history = {UsualShape(2), 1, &row};

	return StateOfRows(&history, NULL, 1, &arena);
}

static char *
Text(Bytes bytes)
{
	InterestStateView view = OpenBytes(bytes);
	size_t		length;
	char	   *text = InterestStateToText(&view, &arena, &length);

	CHECK_INTEGER(length, strlen(text));
	return text;
}

static bool
Parse(const char *text, Bytes *bytes)
{
	return InterestStateFromText(text, strlen(text), &arena, &bytes->bytes, &bytes->size, &status);
}

static void
TestGolden(void)
{
	InterestProfileShape shape = UsualShape(2);
	Working		empty = NewWorking(&shape, &arena);
	InterestStateView view = OpenWorking(&empty);

	CHECK_STRING(ToHex(Canonical(&view, &arena), &arena), empty_hex);
	CHECK_STRING(Text(Canonical(&view, &arena)), empty_text);
	CHECK_STRING(ToHex(OneRow(DAY, 1.0, false), &arena), one_row_hex);
	CHECK_STRING(ToHex(OneRow(DAY, 1.0, true), &arena), one_negative_hex);
	CHECK_STRING(Text(OneRow(DAY, 1.0, false)), one_row_text);
}

/* The working layout is in host order; this is what a little-endian machine has. */
static void
TestGoldenWorking(void)
{
	static const char header_hex[] =
		"81" "00" "03" "00" "0200" "2800" "0102030405060708090a0b0c0d0e0f10"
		"00806ffb240e0000" "0040c7a119010000" "0060d71d14000000"
		"0000000000000000" "0100000000000000" "0060d71d14000000" "0100000000000000"
		"ffffffffff" "ffffffffff" "ffffffffff" "00ffffffff" "00000000"
		"0000000000000000000000000000000000000000000000000000000000000000"
		"0000000000000000" "0000000000000000" "0000000000000000" "0000000000000000" "0000000000000000"
		"0100000000000000" "8ddafc00010000000000000000000000"
		"476d7e80000000000000000000000000" "5dc9c0bfffffffffffffffffffffffff";
	static const float vector[2] = {0.5f, -0.25f};
	static const uint16_t one = 1;
	InterestStateRow row = {DAY, 1.0, true, vector, 3};
	InterestProfileShape shape = UsualShape(2);
	Working		state = NewWorking(&shape, &arena);
	Bytes		start = {state.payload, strlen(header_hex) / 2};
	Bytes		codes;
	Bytes		masses;

	AddRow(&state, &row, &arena);
	if (*(const uint8_t *) &one == 1)
		CHECK_STRING(ToHex(start, &arena), header_hex);
	state = NewWorking(&shape, &arena);
	codes = (Bytes) {state.payload + 136, 40};
	masses = (Bytes) {state.payload + 176 + 3 * (24 + 16 * 2), 32};
	row.negative = false;
	AddRow(&state, &row, &arena);
	row.code = 1;
	AddRow(&state, &row, &arena);
	AddRow(&state, &row, &arena);
	if (*(const uint8_t *) &one == 1)
	{
		CHECK_STRING(ToHex(codes, &arena), "0a000000000000000000000000000000"
					 "000000000000000000000000000000000000000000000000");
		CHECK_STRING(ToHex(masses, &arena), "2ec6fc1902000000" "0000000000000000"
					 "1763fe0c01000000" "0000000000000000");
	}
	CHECK(InterestStateIsWorking(state.payload, state.size));
	CHECK(!InterestStateCheck(state.payload, state.size, &status));
}

/* An origin is kept by what copies and grows a state, and lost where two differ. */
static void
TestOrigin(void)
{
	uint8_t		first[INTEREST_ORIGIN_SIZE] = {1};
	uint8_t		second[INTEREST_ORIGIN_SIZE] = {2};
	History		history = RandomHistory(5, &arena);
	Working		state = NewWorking(&history.shape, &arena);
	Working		other = NewWorking(&history.shape, &arena);
	InterestStateView view;

	CHECK(InterestStateHasShape(state.payload, &history.shape));
	for (int i = 0; i < 3; i++)
	{
		InterestProfileShape shape = history.shape;

		shape.dimensions += i == 0;
		shape.half_life[INTEREST_FINE] += i == 1;
		shape.fingerprint[0] ^= i == 2;
		CHECK(!InterestStateHasShape(state.payload, &shape));
	}
	view = OpenWorking(&state);
	CHECK(!view.has_origin);
	InterestStateSetOrigin(state.payload, first);
	for (int i = 0; i < history.count; i++)
		AddRow(&state, &history.rows[i], &arena);
	view = OpenWorking(&state);
	CHECK(view.has_origin && memcmp(view.origin, first, sizeof(first)) == 0);

	/* the same origin, then another one */
	InterestStateSetOrigin(other.payload, first);
	MergeView(&other, &view, &arena);
	view = OpenWorking(&other);
	CHECK(view.has_origin);
	InterestStateSetOrigin(state.payload, second);
	MergeView(&state, &view, &arena);
	view = OpenWorking(&state);
	CHECK(!view.has_origin);

	/* a copy, and the stored form */
	view = OpenWorking(&other);
	state.size = InterestStateWorkingSize(&view);
	state.payload = InterestArenaAllocate(&arena, state.size);
	InterestStateWriteWorking(&view, state.payload);
	view = OpenWorking(&state);
	CHECK(view.has_origin && memcmp(view.origin, first, sizeof(first)) == 0);
	view = OpenBytes(Canonical(&view, &arena));
	CHECK(!view.has_origin);
}

static void
TestSizes(void)
{
	InterestProfileShape shape = UsualShape(64);
	InterestStateView view;
	Working		state = NewWorking(&shape, &arena);
	float		vector[64];
	InterestStateRow row = {26 * 365 * DAY, 1.0, false, vector, 0};

	for (int i = 0; i < 64; i++)
		vector[i] = i & 1 ? 0.125f : -0.125f;
	/* A palloc of more than 4,096 bytes would take 8 kB; 4 are the varlena's header. */
	CHECK(state.size + 4 <= 4080);
	CHECK_INTEGER(state.size, 3960);
	for (row.code = 0; row.code < 40; row.code++)
		AddRow(&state, &row, &arena);
	CHECK_INTEGER(state.size, 3960);
	AddRow(&state, &row, &arena);
	CHECK_INTEGER(state.size, 176 + 6 * 1048 + 80 * 16);
	state = NewWorking(&shape, &arena);
	AddRow(&state, &row, &arena);
	view = OpenWorking(&state);
	CHECK(InterestStateCanonicalSize(&view) <= 1300);
}

/* sum over the history's rows of one part and block, by the definition */
static void
CheckBlockAgainstRows(const History *history, const InterestStateView *view,
					  const InterestStateBlock *block)
{
	int			part = block->part;
	int64_t		half_life = history->shape.half_life[part == INTEREST_NEGATIVE ? 0 : part];
	int64_t		number = InterestBlockOf(view->newest, half_life) - block->age;
	int64_t		rows = 0;
	InterestInt128 mass = InterestInt128From(0);
	InterestInt128 sums[8];
	InterestInt128 found[8];
	InterestInt128 codes[INTEREST_CODES];
	InterestInt128 found_codes[INTEREST_CODES];

	memset(sums, 0, sizeof(sums));
	memset(codes, 0, sizeof(codes));
	for (int i = 0; i < history->count; i++)
	{
		const InterestStateRow *row = &history->rows[i];
		double		weight = row->weight * InterestRowFactor(row->time, half_life);

		if (row->negative != (part == INTEREST_NEGATIVE) ||
			InterestBlockOf(row->time, half_life) != number)
			continue;
		rows++;
		mass = InterestInt128Add(mass, InterestInt128From(llrint(ldexp(weight, 40))));
		if (part == INTEREST_MEDIUM)
			codes[row->code] = InterestInt128Add(codes[row->code], InterestInt128From(llrint(ldexp(weight, 40))));
		for (int j = 0; j < history->shape.dimensions; j++)
			sums[j] = InterestInt128Add(sums[j], InterestInt128From(llrint(ldexp(weight * row->vector[j], 40))));
	}
	InterestStateBlockSums(view, block, found);
	InterestStateBlockCodes(view, block, found_codes);
	CHECK(memcmp(codes, found_codes, sizeof(codes)) == 0);
	CHECK_INTEGER(block->rows, rows);
	CHECK(memcmp(&block->mass, &mass, sizeof(mass)) == 0);
	CHECK(memcmp(found, sums, sizeof(InterestInt128) * (size_t) history->shape.dimensions) == 0);
}

/* How many rows of a part lie within its window. */
static int64_t
RowsInWindow(const History *history, int64_t newest, int part)
{
	int64_t		half_life = history->shape.half_life[part == INTEREST_NEGATIVE ? 0 : part];
	int64_t		count = 0;

	for (int i = 0; i < history->count; i++)
		count += history->rows[i].negative == (part == INTEREST_NEGATIVE) &&
			InterestBlockOf(newest, half_life) - InterestBlockOf(history->rows[i].time, half_life) <= 4;
	return count;
}

static void
CheckAgainstRows(const History *history, Bytes bytes)
{
	InterestStateView view = OpenBytes(bytes);
	int64_t		newest = INT64_MIN;
	int64_t		newest_rows = 0;
	int64_t		negative = 0;
	int64_t		in_blocks[INTEREST_PARTS] = {0};

	for (int i = 0; i < history->count; i++)
	{
		int64_t		time = history->rows[i].time;

		newest_rows = time > newest ? 1 : newest_rows + (time == newest);
		newest = time > newest ? time : newest;
		negative += history->rows[i].negative;
	}
	CHECK_INTEGER(view.newest, newest);
	CHECK_INTEGER(view.newest_rows, newest_rows);
	CHECK_INTEGER(view.negative_rows, negative);
	CHECK_INTEGER(view.rows, history->count - negative);
	for (int i = 0; i < view.block_count; i++)
	{
		CheckBlockAgainstRows(history, &view, &view.blocks[i]);
		in_blocks[view.blocks[i].part] += view.blocks[i].rows;
	}
	for (int part = 0; part < INTEREST_PARTS; part++)
		CHECK_INTEGER(in_blocks[part], RowsInWindow(history, newest, part));
}

static void
Shuffle(InterestRandom *random, int *order, int count)
{
	for (int i = 0; i < count; i++)
		order[i] = i;
	for (int i = count - 1; i > 0; i--)
	{
		int			j = (int) InterestRandomBelow(random, (uint32_t) i + 1);
		int			kept = order[i];

		order[i] = order[j];
		order[j] = kept;
	}
}

/* Deals the rows to parts at random, then merges the parts in both layouts. */
static Bytes
SplitAndMerge(const History *history, InterestRandom *random)
{
	int			parts = 2 + (int) InterestRandomBelow(random, 15);
	Working		part[16];
	Working		whole = NewWorking(&history->shape, &arena);
	InterestStateView view;

	for (int i = 0; i < parts; i++)
		part[i] = NewWorking(&history->shape, &arena);
	for (int i = 0; i < history->count; i++)
		AddRow(&part[InterestRandomBelow(random, (uint32_t) parts)], &history->rows[i], &arena);
	for (int i = 0; i < parts; i++)
	{
		int			into = (int) InterestRandomBelow(random, (uint32_t) i + 1);

		view = OpenWorking(&part[i]);
		if (InterestRandomBelow(random, 2) == 0)
			view = OpenBytes(Canonical(&view, &arena));
		/* Some parts are joined to a later part first. */
		MergeView(i + 1 < parts && into == 0 ? &part[i + 1] : &whole, &view, &arena);
	}
	view = OpenWorking(&whole);
	return Canonical(&view, &arena);
}

static void
TestOrders(const History *history, Bytes expected, InterestRandom *random)
{
	int		   *order = InterestArenaArray(&arena, int, history->count);
	InterestStateView view = OpenBytes(expected);
	Working		copy;
	Bytes		parsed;

	CheckAgainstRows(history, expected);
	for (int i = 0; i < 3; i++)
	{
		Shuffle(random, order, history->count);
		CHECK(SameBytes(StateOfRows(history, order, history->count, &arena), expected));
		CHECK(SameBytes(SplitAndMerge(history, random), expected));
	}
	CHECK(InterestStateCheck(expected.bytes, expected.size, &status));
	CHECK(Parse(Text(expected), &parsed) && SameBytes(parsed, expected));
	copy.size = InterestStateWorkingSize(&view);
	copy.payload = InterestArenaAllocate(&arena, copy.size);
	InterestStateWriteWorking(&view, copy.payload);
	view = OpenWorking(&copy);
	CHECK(SameBytes(Canonical(&view, &arena), expected));
	CHECK(expected.size <= InterestStateCanonicalBound(history->shape.dimensions));
}

/* The canonical state of the whole without some rows, by subtraction; empty bytes if refused. */
static InterestStateResult
Subtract(Bytes from, Bytes part, bool mark, Bytes *result)
{
	InterestStateView view = OpenBytes(from);
	InterestStateView source = OpenBytes(part);
	uint8_t    *before;
	Working		state;
	InterestStateResult outcome;

	state.size = InterestStateWorkingSize(&view);
	state.payload = InterestArenaAllocate(&arena, state.size);
	before = InterestArenaAllocate(&arena, state.size);
	InterestStateWriteWorking(&view, state.payload);
	memcpy(before, state.payload, state.size);
	outcome = InterestStateSubtract(state.payload, &source, mark, &status);
	if (outcome != INTEREST_STATE_DONE)
		CHECK(memcmp(before, state.payload, state.size) == 0);
	view = OpenWorking(&state);
	*result = Canonical(&view, &arena);
	return outcome;
}

/* Takes the first rows of an order away; what is left must be the state of the others. */
static void
TestSubtract(const History *history, Bytes whole, InterestRandom *random)
{
	int		   *order = InterestArenaArray(&arena, int, history->count);
	int			away = 1 + (int) InterestRandomBelow(random, (uint32_t) history->count);
	int64_t		newest = OpenBytes(whole).newest;
	int64_t		newest_left = INT64_MIN;
	Bytes		part,
				expected,
				found;

	Shuffle(random, order, history->count);
	part = StateOfRows(history, order, away, &arena);
	expected = StateOfRows(history, order + away, history->count - away, &arena);
	for (int i = away; i < history->count; i++)
		if (history->rows[order[i]].time > newest_left)
			newest_left = history->rows[order[i]].time;
	if (newest_left == newest || away == history->count)
	{
		CHECK_INTEGER(Subtract(whole, part, false, &found), INTEREST_STATE_DONE);
		CHECK(SameBytes(found, expected));
		return;
	}
	CHECK_INTEGER(Subtract(whole, part, false, &found), INTEREST_STATE_NEWEST_LEAVES);
	CHECK_INTEGER(Subtract(whole, part, true, &found), INTEREST_STATE_DONE);
	CHECK(OpenBytes(found).rebuild);
	CHECK(!SameBytes(found, expected));
	/* The rest taken away as well is the empty state again, with no flag. */
	if (OpenBytes(expected).newest <= OpenBytes(found).newest)
	{
		CHECK_INTEGER(Subtract(found, expected, false, &found), INTEREST_STATE_DONE);
		CHECK(SameBytes(found, StateOfRows(history, NULL, 0, &arena)));
	}
}

/* Every row alone is taken away again, the newest only where another row has its time. */
static void
TestDeletes(const History *history, Bytes whole)
{
	int		   *others = InterestArenaArray(&arena, int, history->count);
	InterestStateView view = OpenBytes(whole);

	for (int i = 0; i < history->count; i++)
	{
		bool		leaves = history->rows[i].time == view.newest && view.newest_rows == 1 && history->count > 1;
		Bytes		found;

		for (int j = 0, k = 0; j < history->count; j++)
			if (j != i)
				others[k++] = j;
		CHECK_INTEGER(Subtract(whole, StateOfRows(history, &i, 1, &arena), false, &found),
					  leaves ? INTEREST_STATE_NEWEST_LEAVES : INTEREST_STATE_DONE);
		CHECK(SameBytes(found, leaves ? whole : StateOfRows(history, others, history->count - 1, &arena)));
	}
}

/* A frame of some rows slides over the history in the order given, as the server's windows do. */
static void
TestSlide(const History *history, const int *order, int width)
{
	Working		state = NewWorking(&history->shape, &arena);
	InterestStateView view;

	for (int i = 0; i < history->count; i++)
	{
		int			first = i - width + 1 > 0 ? i - width + 1 : 0;

		if (i >= width)
		{
			view = OpenBytes(StateOfRows(history, order + i - width, 1, &arena));
			if (InterestStateSubtract(state.payload, &view, false, &status) != INTEREST_STATE_DONE)
			{
				/* The frame starts anew without its newest row. */
				view = OpenBytes(StateOfRows(history, order + first, i - first, &arena));
				state = NewWorking(&history->shape, &arena);
				MergeView(&state, &view, &arena);
			}
		}
		AddRow(&state, &history->rows[order[i]], &arena);
		view = OpenWorking(&state);
		CHECK(SameBytes(Canonical(&view, &arena), StateOfRows(history, order + first, i - first + 1, &arena)));
	}
}

/* Forwards and backwards in time, with ties in any order. */
static void
TestSlides(const History *history, InterestRandom *random)
{
	int		   *order = InterestArenaArray(&arena, int, history->count);
	int		   *backwards = InterestArenaArray(&arena, int, history->count);
	int			width = 1 + (int) InterestRandomBelow(random, (uint32_t) history->count);

	for (int i = 0; i < history->count; i++)
	{
		int			at = i;

		for (; at > 0 && history->rows[order[at - 1]].time > history->rows[i].time; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	for (int i = 0; i < history->count; i++)
		backwards[i] = order[history->count - 1 - i];
	TestSlide(history, order, width);
	TestSlide(history, backwards, width);
}

static void
TestHistories(void)
{
	for (uint64_t seed = 0; seed < HISTORIES; seed++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		InterestRandom random = InterestRandomKeyed(seed, 7, 0, 0);
		History		history = RandomHistory(seed, &arena);
		Bytes		expected = StateOfRows(&history, NULL, history.count, &arena);

		TestOrders(&history, expected, &random);
		for (int i = 0; i < 3; i++)
			TestSubtract(&history, expected, &random);
		TestDeletes(&history, expected);
		TestSlides(&history, &random);
		InterestArenaReturnTo(&arena, mark);
	}
}

static void
TestNotAPart(void)
{
	Bytes		one = OneRow(DAY, 1.0, false);
	Bytes		later = OneRow(DAY + 1, 1.0, false);
	Bytes		heavier = OneRow(DAY, 2.0, false);
	Bytes		negative = OneRow(DAY, 1.0, true);
	Bytes		result;
	InterestStateView view = OpenBytes(one);
	Working		two = NewWorking(&view.shape, &arena);
	InterestStateView both;

	MergeView(&two, &view, &arena);
	MergeView(&two, &view, &arena);
	both = OpenWorking(&two);
	CHECK_INTEGER(Subtract(one, later, true, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(status.code, INTEREST_MISMATCH);
	CHECK_INTEGER(Subtract(one, heavier, true, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(one, negative, true, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(one, Canonical(&both, &arena), true, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(Canonical(&both, &arena), heavier, true, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(Canonical(&both, &arena), one, false, &result), INTEREST_STATE_DONE);
	CHECK(SameBytes(result, one));
}

/*
 * Rows of zero vectors leave only masses, times and counts to tell that a
 * profile is not a part of another.
 */
static Bytes
ZeroRows(int count, const int64_t *times, double weight)
{
	static const float zero[2] = {0.0f, 0.0f};
	InterestStateRow rows[2];
	History		history = {UsualShape(2), count, rows};

	for (int i = 0; i < count; i++)
	{
		InterestStateRow row = {times[i], weight, false, zero, 0};

		rows[i] = row;
	}
	return StateOfRows(&history, NULL, count, &arena);
}

/* Two rows, of two codes, in one block; codes alone tell them from others. */
static Bytes
CodedRows(int first, int second)
{
	static const float zero[2] = {0.0f, 0.0f};
	InterestStateRow rows[2] = {{DAY, 1.0, false, zero, first}, {DAY, 1.0, false, zero, second}};
	History		history = {UsualShape(2), second < 0 ? 1 : 2, rows};

	return StateOfRows(&history, NULL, history.count, &arena);
}

static void
TestCodesAreAPart(void)
{
	Bytes		result;

	CHECK_INTEGER(Subtract(CodedRows(7, 63), CodedRows(63, -1), false, &result), INTEREST_STATE_DONE);
	CHECK(SameBytes(result, CodedRows(7, -1)));
	CHECK_INTEGER(Subtract(CodedRows(7, 7), CodedRows(7, -1), false, &result), INTEREST_STATE_DONE);
	CHECK(SameBytes(result, CodedRows(7, -1)));
	CHECK_INTEGER(Subtract(CodedRows(7, 63), CodedRows(8, -1), false, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(status.code, INTEREST_MISMATCH);
	CHECK_INTEGER(Subtract(CodedRows(7, -1), CodedRows(8, -1), false, &result), INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(CodedRows(7, 63), CodedRows(7, 7), false, &result), INTEREST_STATE_FAILED);
	CHECK(!SameBytes(CodedRows(7, 63), CodedRows(7, 62)));
	CHECK(SameBytes(CodedRows(7, 63), CodedRows(63, 7)));
}

static void
TestNearlyAPart(void)
{
	static const int64_t same[] = {DAY, DAY};
	static const int64_t neighbours[] = {DAY, DAY - 1};
	static const int64_t later[] = {DAY + 1};
	Bytes		result;

	/* the vector, the mass of a last row, the mass of others, the newest time differ */
	CHECK_INTEGER(Subtract(OneRow(DAY, 1.0, false), ZeroRows(1, same, 1.0), true, &result),
				  INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(ZeroRows(1, same, 1.0), ZeroRows(1, same, 2.0), true, &result),
				  INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(ZeroRows(2, same, 1.0), ZeroRows(1, same, 2.0), true, &result),
				  INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(ZeroRows(2, neighbours, 1.0), ZeroRows(1, later, 1.0), true, &result),
				  INTEREST_STATE_FAILED);
	CHECK_INTEGER(Subtract(ZeroRows(2, neighbours, 1.0), ZeroRows(1, neighbours + 1, 1.0), true, &result),
				  INTEREST_STATE_DONE);
}

/* A marked state stays marked through merges, and differs from an unmarked one. */
static void
TestMark(void)
{
	Bytes		early = OneRow(DAY, 1.0, false);
	Bytes		late = OneRow(3 * DAY, 1.0, false);
	InterestStateView early_view = OpenBytes(early);
	InterestStateView late_view = OpenBytes(late);
	InterestStateView view;
	Working		state = NewWorking(&early_view.shape, &arena);
	Bytes		marked;

	MergeView(&state, &early_view, &arena);
	MergeView(&state, &late_view, &arena);
	view = OpenWorking(&state);
	CHECK_INTEGER(Subtract(Canonical(&view, &arena), late, true, &marked), INTEREST_STATE_DONE);
	view = OpenBytes(marked);
	CHECK(view.rebuild);
	CHECK_INTEGER(view.newest, 3 * DAY);
	CHECK_INTEGER(view.newest_rows, 0);
	MergeView(&state, &view, &arena);
	view = OpenWorking(&state);
	CHECK(view.rebuild);
	CHECK_INTEGER(view.newest_rows, 1);
	CHECK(strstr(Text(marked), " rebuild=1 ") != NULL);
}

static void
TestRefusedRows(void)
{
	InterestProfileShape shape = UsualShape(2);
	Working		state = NewWorking(&shape, &arena);
	Bytes		before = {InterestArenaAllocate(&arena, state.size), state.size};
	Bytes		after = {state.payload, state.size};
	float		vector[2] = {1.0f, 0.0f};
	InterestStateRow row = {0, 1.0, false, vector, 0};
	static const int64_t times[] = {INT64_MIN, INT64_MAX};
	static const double weights[] = {0.0, -1.0, 0.0624, 256.1, INFINITY, NAN};
	static const float components[] = {1.1f, -1.1f, INFINITY, NAN};

	memcpy(before.bytes, state.payload, state.size);
	for (int i = 0; i < 2; i++)
	{
		row.time = times[i];
		CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_FAILED);
		CHECK_INTEGER(status.code, INTEREST_DATA_EXCEPTION);
	}
	row.time = 0;
	for (int i = 0; i < 6; i++)
	{
		row.weight = weights[i];
		CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_FAILED);
		CHECK_INTEGER(status.code, INTEREST_INVALID_ARGUMENT);
	}
	row.weight = 1.0;
	for (int i = 0; i < 4; i++)
	{
		vector[1] = components[i];
		CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_FAILED);
		CHECK_INTEGER(status.code, INTEREST_DATA_EXCEPTION);
	}
	vector[1] = 0.0f;
	for (row.code = -1; row.code <= INTEREST_CODES; row.code += INTEREST_CODES + 1)
	{
		CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_FAILED);
		CHECK_INTEGER(status.code, INTEREST_INVALID_ARGUMENT);
	}
	CHECK(SameBytes(before, after));
}

/* A change that needs room leaves the state as it was. */
static void
TestRoom(void)
{
	InterestProfileShape shape = UsualShape(2);
	Working		state = NewWorking(&shape, &arena);
	Bytes		before = {InterestArenaAllocate(&arena, state.size), state.size};
	Bytes		after = {state.payload, state.size};
	static const float vector[2] = {1.0f, 0.0f};
	InterestStateRow row = {0, 1.0, false, vector, 0};
	InterestStateView view;

	for (row.code = 0; row.code < 40; row.code++)
		AddRow(&state, &row, &arena);
	memcpy(before.bytes, state.payload, state.size);
	CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_NEEDS_ROOM);
	row.time = 9 * DAY;
	row.code = 0;
	CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_NEEDS_ROOM);
	CHECK(SameBytes(before, after));
	view = OpenBytes(CodedRows(40, 41));
	CHECK_INTEGER(InterestStateMerge(state.payload, &view, &status), INTEREST_STATE_NEEDS_ROOM);
	CHECK(SameBytes(before, after));
	view = OpenBytes(OneRow(9 * DAY, 1.0, true));
	CHECK_INTEGER(InterestStateMerge(state.payload, &view, &status), INTEREST_STATE_NEEDS_ROOM);
	CHECK(SameBytes(before, after));
	/* The dropped blocks of an old row make room for a much later one. */
	row.time = 100000 * DAY;
	row.code = 40;
	CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_DONE);
}

static void
TestShapes(void)
{
	InterestStateView other = OpenBytes(OneRow(DAY, 1.0, false));
	InterestProfileShape shape = UsualShape(2);
	Working		state = NewWorking(&shape, &arena);
	InterestProfileShape bad;

	for (int kind = 0; kind < 3; kind++)
	{
		InterestStateView view = other;

		if (kind == 0)
			view.shape.fingerprint[15] ^= 1;
		else if (kind == 1)
			view.shape.half_life[2]++;
		else
			view.shape.dimensions = 1;
		CHECK_INTEGER(InterestStateMerge(state.payload, &view, &status), INTEREST_STATE_FAILED);
		CHECK_INTEGER(status.code, INTEREST_MISMATCH);
		CHECK(status.hint[0] != '\0');
		CHECK_INTEGER(InterestStateSubtract(state.payload, &view, false, &status), INTEREST_STATE_FAILED);
	}
	CHECK(InterestShapeCheck(&shape, &status));
	bad = shape;
	bad.dimensions = 0;
	CHECK(!InterestShapeCheck(&bad, &status));
	bad.dimensions = INTEREST_MAX_DIMENSIONS + 1;
	CHECK(!InterestShapeCheck(&bad, &status));
	bad = shape;
	bad.half_life[1] = 0;
	CHECK(!InterestShapeCheck(&bad, &status));
	bad.half_life[1] = INTEREST_MAX_HALF_LIFE + 1;
	CHECK(!InterestShapeCheck(&bad, &status));
}

/* Doubles every count of a state. */
static void
Double(Working *state, int times)
{
	for (int i = 0; i < times; i++)
	{
		InterestStateView view = OpenWorking(state);

		CHECK_INTEGER(InterestStateMerge(state->payload, &view, &status), INTEREST_STATE_DONE);
	}
}

/*
 * Rows at the last microsecond of 5 neighbouring blocks, the last near the end of
 * time, where a row weighs most; of all their 320 codes those from first to last.
 */
static Working
HeavyRows(const InterestProfileShape *shape, int first, int last, bool negative)
{
	Working		state = NewWorking(shape, &arena);
	static const float vector[2] = {1.0f, 1.0f};
	InterestStateRow row = {0, INTEREST_MAX_WEIGHT, negative, vector, 0};

	for (int i = first; i < last; i++)
	{
		int			block = i % INTEREST_WINDOW;

		row.time = INT64_MAX - 1 - block * INTEREST_BLOCK_HALF_LIVES * shape->half_life[0];
		row.code = i / INTEREST_WINDOW;
		AddRow(&state, &row, &arena);
	}
	return state;
}

/*
 * Counts grow to their end by doubling; the state then reaches the bound, and is
 * still sound.  121 code masses are of 2^56 rows, as the negative blocks are, the
 * others of 2^49: what they need to be so long.
 */
static void
TestBound(void)
{
	InterestProfileShape shape = UsualShape(2);
	Working		state;
	Working		light;
	Working		negative;
	InterestStateView view;
	Bytes		bytes;

	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		shape.half_life[g] = INT64_C(1) << 56;
	state = HeavyRows(&shape, 0, 121, false);
	light = HeavyRows(&shape, 121, 320, false);
	negative = HeavyRows(&shape, 0, 5, true);
	Double(&state, 56);
	Double(&light, 49);
	Double(&negative, 56);
	view = OpenWorking(&light);
	MergeView(&state, &view, &arena);
	view = OpenWorking(&negative);
	MergeView(&state, &view, &arena);
	view = OpenWorking(&state);
	CHECK_INTEGER(view.block_count, INTEREST_MAX_BLOCKS);
	CHECK_INTEGER(InterestStateMerge(state.payload, &view, &status), INTEREST_STATE_FAILED);
	CHECK_INTEGER(status.code, INTEREST_LIMIT_EXCEEDED);
	bytes = Canonical(&view, &arena);
	CHECK(InterestStateCheck(bytes.bytes, bytes.size, &status));
	CHECK_INTEGER(bytes.size, InterestStateCanonicalBound(2));
	CHECK_INTEGER(InterestStateCanonicalBound(2), 6493);
	CHECK_INTEGER(InterestStateCanonicalBound(64), 26333);
	CHECK_INTEGER(InterestStateCanonicalBound(1024), 333534);
	CHECK_INTEGER(state.size, 176 + INTEREST_MAX_BLOCKS * (24 + 16 * 2) + 320 * 16);
}

static void
TestFullCount(void)
{
	Bytes		bytes = OneRow(DAY, 1.0, false);
	InterestStateView view = OpenBytes(bytes);
	Working		state = NewWorking(&view.shape, &arena);
	static const float vector[2] = {0.0f, 0.0f};
	InterestStateRow row = {DAY, 1.0, true, vector, 0};

	view.rows = INT64_MAX;
	CHECK_INTEGER(InterestStateMerge(state.payload, &view, &status), INTEREST_STATE_DONE);
	CHECK_INTEGER(InterestStateAddRow(state.payload, &row, &status), INTEREST_STATE_FAILED);
	CHECK_INTEGER(status.code, INTEREST_LIMIT_EXCEEDED);
}

/* Every prefix is refused, and whatever one bit makes is refused or opens as itself. */
static void
TestDamage(Bytes bytes)
{
	for (size_t size = 0; size < bytes.size; size++)
	{
		uint8_t    *prefix = InterestArenaAllocate(&arena, size);

		memcpy(prefix, bytes.bytes, size);
		CHECK(!InterestStateCheck(prefix, size, &status));
	}
	for (size_t bit = 0; bit < 8 * bytes.size; bit++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		Bytes		damaged = {InterestArenaAllocate(&arena, bytes.size), bytes.size};
		InterestStateView view;
		Bytes		again;

		memcpy(damaged.bytes, bytes.bytes, bytes.size);
		damaged.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (InterestStateCheck(damaged.bytes, damaged.size, &status))
		{
			view = OpenBytes(damaged);
			CHECK(Parse(Text(damaged), &again) && SameBytes(again, damaged));
			CHECK(!SameBytes(again, bytes));
			CHECK(SameBytes(Canonical(&view, &arena), damaged));
		}
		else
			CHECK(status.code == INTEREST_INVALID_BINARY || status.code == INTEREST_UNSUPPORTED);
		InterestArenaReturnTo(&arena, mark);
	}
}

/* Several blocks, with one code, a few, and many. */
static void
TestDamagedHistories(void)
{
	int			most_codes = 0;

	for (uint64_t seed = 0; seed < 16; seed++)
	{
		History		history = RandomHistory(seed, &arena);
		Bytes		bytes = StateOfRows(&history, NULL, history.count, &arena);
		InterestStateView view = OpenBytes(bytes);

		TestDamage(bytes);
		for (int i = 0; i < view.block_count; i++)
		{
			int			codes = 0;

			for (int code = 0; code < INTEREST_CODES; code++)
				codes += (int) (view.blocks[i].codes >> code & 1);
			most_codes = codes > most_codes ? codes : most_codes;
		}
	}
	CHECK(most_codes > 5);
}

static void
TestDamagedWorking(void)
{
	History		history = RandomHistory(3, &arena);
	Working		state = NewWorking(&history.shape, &arena);
	int			refused = 0;

	for (int i = 0; i < history.count; i++)
		AddRow(&state, &history.rows[i], &arena);
	for (size_t bit = 0; bit < 8 * state.size; bit++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		InterestStateView view;

		state.payload[bit / 8] ^= (uint8_t) (1 << bit % 8);
		if (InterestStateOpen(state.payload, state.size, &view, &status))
			CHECK(InterestStateCheck(Canonical(&view, &arena).bytes, InterestStateCanonicalSize(&view), &status));
		else
			refused++;
		state.payload[bit / 8] ^= (uint8_t) (1 << bit % 8);
		InterestArenaReturnTo(&arena, mark);
	}
	CHECK(refused > 800);
	for (size_t size = 0; size < state.size; size++)
	{
		InterestStateView view;

		CHECK(!InterestStateOpen(state.payload, size, &view, &status));
	}
}

static void
RefuseWorking(Working state, size_t offset, uint8_t value, const char *detail)
{
	InterestStateView view;
	uint8_t		kept = state.payload[offset];

	state.payload[offset] = value;
	CHECK(!InterestStateOpen(state.payload, state.size, &view, &status));
	CHECK_STRING(status.detail, detail);
	state.payload[offset] = kept;
}

/* Offsets of FORMAT.md. */
static void
TestRefusedWorking(void)
{
	static const int64_t day[] = {DAY};
	static const char reserved[] = "Reserved bytes are not zero.";
	static const char slot[] = "A slot is out of range or used twice.";
	static const char size[] = "The profile does not have the size that its header says.";
	static const char codes[] = "There are more code masses than places, or some without a block.";
	static const char sum[] = "The code masses of a block do not add up to its mass.";
	static const char range[] = "A code mass is out of range.";
	size_t		masses = 176 + 3 * (24 + 16 * 2);
	InterestStateView view = OpenBytes(ZeroRows(1, day, 1.0));
	Working		state = NewWorking(&view.shape, &arena);

	MergeView(&state, &view, &arena);
	RefuseWorking(state, 1, 0x02, reserved);
	RefuseWorking(state, 3, 0x01, reserved);
	RefuseWorking(state, 6, 39, size);
	RefuseWorking(state, 7, 0x02, size);
	RefuseWorking(state, 100, 0x01, reserved);
	RefuseWorking(state, 103, 0x80, reserved);
	RefuseWorking(state, 2, 2, size);
	RefuseWorking(state, 2, 21, size);
	RefuseWorking(state, 4, 3, size);
	RefuseWorking(state, 80, 1, slot);	/* of the medium block */
	RefuseWorking(state, 80, 3, slot);
	RefuseWorking(state, 81, 0, slot);
	RefuseWorking(state, 85, 0xfe, slot);
	RefuseWorking(state, 136, 0x00, sum);
	RefuseWorking(state, 136, 0x03, "A block has more codes than rows.");
	RefuseWorking(state, 144, 0x01, codes);
	RefuseWorking(state, masses, 0x00, sum);
	RefuseWorking(state, masses + 4, 0x02, range);
	RefuseWorking(state, masses + 15, 0x80, range);
}

/* A text with one thing replaced; NULL where it does not occur. */
static char *
Replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t		before = at ? (size_t) (at - text) : 0;
	char	   *result = InterestArenaAllocate(&arena, strlen(text) + strlen(to) + 1);

	if (at == NULL)
		return NULL;
	memcpy(result, text, before);
	strcpy(result + before, to);
	strcat(result, at + strlen(from));
	return result;
}

static void
RefuseBytes(const char *from, const char *to, const char *detail)
{
	char	   *hex = Replaced(one_row_hex, from, to);
	Bytes		bytes;

	if (!CHECK(hex != NULL))
		return;
	bytes = FromHex(hex, &arena);
	CHECK(!InterestStateCheck(bytes.bytes, bytes.size, &status));
	CHECK_STRING(status.detail, detail);
}

static void
TestRefusedBytes(void)
{
	static const char shortest[] = "The profile is cut off, or an integer is not in its shortest form.";
	static const char shape[] = "The dimensions or half-lives are out of range.";
	static const char mass[] = "The mass of a block does not fit its rows.";
	static const char sum[] = "A sum is larger than its rows allow.";
	static const char order[] = "The blocks of a part are not in order.";
	static const char newest[] = "The number of newest rows does not fit the number of rows.";
	static const char codes[] = "The codes of a block are not in order.";
	static const char code_mass[] = "A code mass is out of range.";
	static const char code_sum[] = "The code masses of a block do not add up to its mass.";
	Bytes		none = {InterestArenaAllocate(&arena, 0), 0};
	Bytes		unknown = FromHex(Replaced(one_row_hex, "01000102", "02000102"), &arena);
	Bytes		greatest = FromHex(Replaced(one_row_hex, "8eb5f38710", "bcaae78f20"), &arena);

	CHECK(!InterestStateCheck(none.bytes, none.size, &status));
	CHECK(InterestStateCheck(greatest.bytes, greatest.size, &status));
	CHECK(!InterestStateCheck(unknown.bytes, unknown.size, &status));
	CHECK_INTEGER(status.code, INTEREST_UNSUPPORTED);
	RefuseBytes("01000102", "01020102", "Reserved flags are not zero.");
	RefuseBytes("100280", "100080", shape);
	RefuseBytes("100280", "10810880", shape);
	RefuseBytes("100280", "10820080", shortest);	/* 2 in two bytes */
	RefuseBytes("8080bedbcfc403", "00", shape);
	RefuseBytes("8080bedbcfc403", "808080808080808010", shape);
	RefuseBytes("8080bedbcfc403", "8080bedbcfc48300", shortest);
	RefuseBytes("8080bedbcfc403", "ffffffffffffffffff01", shortest);
	/* rows, negative rows, newest, newest rows */
	RefuseBytes("01008080bbdd830501", "00008080bbdd830501", "Bytes follow the end of the profile.");
	RefuseBytes("01008080bbdd830501", "0100ffffffffffffffffff0101", "The time of the newest row is infinite.");
	RefuseBytes("01008080bbdd830501", "0100feffffffffffffffff0101", "The time of the newest row is infinite.");
	RefuseBytes("01008080bbdd830501", "01008080bbdd830500", newest);
	RefuseBytes("01008080bbdd830501", "01008080bbdd830502", newest);
	RefuseBytes("01008080bbdd830501", "01018080bbdd830502", "The newest block has fewer rows than the newest time.");
	RefuseBytes("01008080bbdd830501", "ffffffffffffffff7f018080bbdd830501", "The number of rows is out of range.");
	RefuseBytes("01008080bbdd830501", "80808080808080808001008080bbdd830501", shortest);
	/* the coarse part: blocks, age, rows, mass, sums */
	RefuseBytes("0100019aeae68f20", "0000019aeae68f20", mass);	/* read as the medium part */
	RefuseBytes("0100019aeae68f20", "0600019aeae68f20", "A part has more blocks than its window.");
	RefuseBytes("0100019aeae68f20", "0105019aeae68f20", order);
	RefuseBytes("0100019aeae68f20", "0101019aeae68f20", "The newest block has fewer rows than the newest time.");
	RefuseBytes("0100019aeae68f20", "0100009aeae68f20", "A block has no rows.");
	RefuseBytes("0100019aeae68f20", "0100029aeae68f20", "The blocks have more rows than the profile.");
	RefuseBytes("0100019aeae68f20", "01000100", mass);
	RefuseBytes("0100019aeae68f20", "010001feffffff01", mass);	/* 2^28 - 1 */
	RefuseBytes("0100019aeae68f20", "0100018280808080808001", mass);	/* 2^48 + 1 */
	RefuseBytes("0100019aeae68f20", "01000199eae68f20", mass);	/* negative */
	RefuseBytes("8eb5f38710", "beaae78f20", sum);	/* mass + mass / 2^20 + 3 */
	RefuseBytes("8eb5f38710", "bdaae78f20", sum);	/* the same below 0 */
	RefuseBytes("8eb5f38710", "ffffffffffffffffffffffffffffffffffff03", sum);	/* -2^127 */
	RefuseBytes("8eb5f38710", "ffffffffffffffffffffffffffffffffffff07", shortest);	/* 129 bits */
	RefuseBytes("8eb5f38710", "8eb5f3879000", shortest);
	/* a second block of the same age */
	RefuseBytes("0100019aeae68f208eb5f38710c5daf98308",
				"0200019aeae68f208eb5f38710c5daf9830800019aeae68f208eb5f38710c5daf98308", order);
	RefuseBytes("0100019aeae68f208eb5f38710c5daf98308",
				"0201019aeae68f208eb5f38710c5daf9830800019aeae68f208eb5f38710c5daf98308", order);
	/* the medium part: mass, count of codes, code, its mass */
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2100", code_sum);
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf210140ae8cf3cf21", codes);
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2101ffffffffffffffffff01ae8cf3cf21", codes);
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2101038300ae8cf3cf21", shortest);
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf210103ac8cf3cf21", code_sum);	/* one less */
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf210103b08cf3cf21", code_mass);	/* one more */
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf210103ad8cf3cf21", code_mass);	/* negative */
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2102" "038080808002" "04ae8cf3cf1f", "A block has more codes than rows.");
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2102" "038080808002" "03ae8cf3cf1f", codes);
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2102" "038080808002" "02ae8cf3cf1f", codes);
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf2102" "03feffffff01" "04b08cf3cf1f", code_mass);	/* 2^28 - 1 */
	RefuseBytes("ae8cf3cf210103ae8cf3cf21", "ae8cf3cf21" "ffffffffffffffffff0103ae8cf3cf21", codes);
	RefuseBytes("ffffffff0f00", "ffffffff0f0000", "Bytes follow the end of the profile.");
	RefuseBytes("ffffffff0f00", "ffffffff0f", shortest);
	{
		Bytes		bytes = FromHex(Replaced(empty_hex, "01000102", "01010102"), &arena);

		CHECK(!InterestStateCheck(bytes.bytes, bytes.size, &status));
		CHECK_STRING(status.detail, "A profile without rows holds something else.");
	}
}

static void
RefuseText(const char *from, const char *to)
{
	char	   *text = Replaced(one_row_text, from, to);
	Bytes		bytes;

	if (!CHECK(text != NULL))
		return;
	CHECK(!Parse(text, &bytes));
	CHECK_INTEGER(status.code, INTEREST_INVALID_TEXT);
}

static void
TestTexts(void)
{
	char	   *padded = InterestArenaAllocate(&arena, sizeof(one_row_text) + 8);
	Bytes		bytes;

	strcpy(padded, " \n\t");
	strcat(padded, one_row_text);
	strcat(padded, "  \n");
	CHECK(Parse(padded, &bytes));
	CHECK_STRING(ToHex(bytes, &arena), one_row_hex);
	CHECK(Parse(empty_text, &bytes));
	CHECK_STRING(ToHex(bytes, &arena), empty_hex);
	for (size_t length = 0; length < sizeof(one_row_text) - 1; length++)
		CHECK(!InterestStateFromText(one_row_text, length, &arena, &bytes.bytes, &bytes.size, &status));
	RefuseText("interest_profile:1", "interest_profile:2");
	RefuseText("interest_profile:1", "x interest_profile:1");
	RefuseText("interest_profile:1", "Interest_profile:1");
	RefuseText("0e0f10", "0E0F10");
	RefuseText("0e0f10", "0e0f1");
	RefuseText("0e0f10", "0e0f1g");
	RefuseText("dimensions=2", "dimensions=3");
	RefuseText("dimensions=2", "dimensions=1");
	RefuseText("dimensions=2", "dimensions=0");
	RefuseText("dimensions=2", "dimensions=1025");
	RefuseText("dimensions=2", "dimensions=02");
	RefuseText("dimensions=2", "dimensions= 2");
	RefuseText("dimensions=2", "dimensions=2 ");
	RefuseText("15552000000000 ", "15552000000000,");
	RefuseText("15552000000000 ", "");
	RefuseText("rebuild=0", "rebuild=2");
	RefuseText("rebuild=0", "rebuild=-0");
	RefuseText("rows=1", "rows=+1");
	RefuseText("rows=1", "rows=");
	RefuseText("rows=1", "rows=-1");
	RefuseText("rows=1", "rows=9223372036854775808");
	RefuseText("rows=1", "rows=0");
	RefuseText("newest=86400000000", "newest=-9223372036854775808");
	RefuseText("newest=86400000000", "newest=9223372036854775807");
	RefuseText("newest_rows=1", "newest_rows=2");
	RefuseText("age=0", "age=1");
	RefuseText("age=0", "age=5");
	RefuseText("mass=4311538317", "mass=1");
	RefuseText("mass=4311538317", "mass=4311538317.0");
	RefuseText("mass=4311538317", "mass=340282366920938463463374607431768211456");
	RefuseText("-1077884579", "-99999999999");
	RefuseText("-1077884579", "- 1077884579");
	RefuseText("-1077884579", "-");
	RefuseText("-1077884579", "-0");
	RefuseText("-1077884579", "-1077884579 0");
	RefuseText("-1077884579", "");
	RefuseText(" codes=((code=3 mass=4512965399))", "");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=()");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=((code=64 mass=4512965399))");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=((code=-1 mass=4512965399))");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=((code=3 mass=4512965398))");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=((code=3 mass=4512965399) )");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=( (code=3 mass=4512965399))");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=((code=3 mass=4512965399)");
	RefuseText("codes=((code=3 mass=4512965399))", "codes=((code=3 mass=4012965399)(code=4 mass=500000000))");
	RefuseText("mass=4311538317 sums", "mass=4311538317 codes=((code=3 mass=4311538317)) sums");
	RefuseText("coarse=(", "coarse=");
	RefuseText("coarse=((", "coarse=( (");
	RefuseText("coarse=((age=0 rows=1 mass=4311538317 sums=(2155769159 -1077884579)))", "coarse=()");
	RefuseText("coarse=((age=0 rows=1 mass=4311538317 sums=(2155769159 -1077884579)))",
			   "coarse=((age=0 rows=1 mass=4311538317 sums=(2155769159 -1077884579))"
			   "(age=1 rows=1 mass=4311538317 sums=(2155769159 -1077884579)))");
	RefuseText(" negative=()", "");
	RefuseText(" negative=()", " negative=() x");
	RefuseText(" negative=()", "  negative=()");
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 16);
	TestGolden();
	TestGoldenWorking();
	TestOrigin();
	TestSizes();
	TestHistories();
	TestNotAPart();
	TestNearlyAPart();
	TestCodesAreAPart();
	TestMark();
	TestRefusedRows();
	TestRoom();
	TestShapes();
	TestBound();
	TestFullCount();
	TestDamage(FromHex(empty_hex, &arena));
	TestDamage(FromHex(one_row_hex, &arena));
	TestDamage(FromHex(one_negative_hex, &arena));
	TestDamagedHistories();
	TestDamagedWorking();
	TestRefusedWorking();
	TestRefusedBytes();
	TestTexts();
	InterestArenaFree(&arena);
	return CheckReport("profile");
}

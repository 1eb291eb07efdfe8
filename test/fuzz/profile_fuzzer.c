/*
 * profile_fuzzer.c
 *	  Arbitrary bytes as an interest_profile and an interestvec, in binary and
 *	  in text.
 *
 * The first byte says which; the rest is the value.  Besides crashes it looks
 * for values that do not survive what they must survive: a canonical state that
 * is written, printed or merged into an empty one comes back with the same
 * bytes, and taking it away again leaves nothing.
 */
#include "check.h"
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static InterestArena arena;
static InterestStatus status;

static void
Require(bool holds)
{
	if (!holds)
		abort();
}

static InterestStateView
Reopen(const void *payload, size_t size)
{
	InterestStateView view;

	Require(InterestStateOpen(payload, size, &view, &status));
	return view;
}

static void
RequireCanonical(const InterestStateView *view, const uint8_t *expected, size_t size)
{
	uint8_t    *bytes = InterestArenaAllocate(&arena, size);

	Require(InterestStateCanonicalSize(view) == size);
	InterestStateWriteCanonical(view, bytes);
	Require(memcmp(bytes, expected, size) == 0);
}

/* A reading of whatever passed as a state is an interestvec that passes. */
static void
TryReading(const InterestStateView *view)
{
	InterestReadingModel model = {
		view->shape.dimensions, {0}, {0}, NULL, {1.0, 2.0, 0.5},
		{{0.5, 0.1, -0.3, 0.2, 0, 0}, {0.1, 0, 0, 0, 0.3, 0}, {0, 0, -0.5, 0, 0, 0.4}}, 0.5, NULL, NULL
	};
	InterestReading reading;
	uint8_t    *payload;
	size_t		size;

	GiveCodebook(&model, &arena);
	model.mu = InterestArenaAllocateZero(&arena, sizeof(float) * (size_t) view->shape.dimensions);
	memcpy(model.representation, view->shape.fingerprint, INTEREST_FINGERPRINT_SIZE);
	Require(InterestReadState(view, &model, view->newest, &arena, &reading, &status));
	size = InterestVectorSize(reading.dimensions, reading.topic_count);
	payload = InterestArenaAllocate(&arena, size);
	InterestVectorWrite(&reading, payload);
	Require(InterestVectorCheck(payload, size, &status));
}

static void
TryAlgebra(const InterestStateView *view, const uint8_t *canonical, size_t size)
{
	size_t		working_size = InterestStateWorkingSize(view);
	uint8_t    *working = InterestArenaAllocate(&arena, working_size);
	InterestStateView copy;

	InterestStateWriteWorking(view, working);
	copy = Reopen(working, working_size);
	RequireCanonical(&copy, canonical, size);
	TryReading(&copy);
	Require(InterestStateSubtract(working, view, false, &status) == INTEREST_STATE_DONE);
	copy = Reopen(working, working_size);
	Require(copy.rows == 0 && copy.negative_rows == 0 && copy.block_count == 0);
}

static void
TryState(const uint8_t *data, size_t size)
{
	InterestStateView view;
	char	   *text;
	uint8_t    *parsed;
	size_t		length;
	size_t		parsed_size;

	if (!InterestStateOpen(data, size, &view, &status))
		return;
	if (view.working)
	{
		length = InterestStateCanonicalSize(&view);
		parsed = InterestArenaAllocate(&arena, length);
		InterestStateWriteCanonical(&view, parsed);
		TryState(parsed, length);
		return;
	}
	Require(InterestStateCheck(data, size, &status));
	Require(size <= InterestStateCanonicalBound(view.shape.dimensions));
	RequireCanonical(&view, data, size);
	text = InterestStateToText(&view, &arena, &length);
	Require(InterestStateFromText(text, length, &arena, &parsed, &parsed_size, &status));
	Require(parsed_size == size && memcmp(parsed, data, size) == 0);
	TryAlgebra(&view, data, size);
}

static void
TryStateText(const char *text, size_t length)
{
	uint8_t    *payload;
	size_t		size;

	if (InterestStateFromText(text, length, &arena, &payload, &size, &status))
		TryState(payload, size);
}

static void
TryVector(const uint8_t *data, size_t size)
{
	char	   *text;
	uint8_t    *parsed;
	size_t		length;
	size_t		parsed_size;

	if (!InterestVectorCheck(data, size, &status))
		return;
	text = InterestVectorToText(data, &float_text, &arena, &length);
	Require(InterestVectorFromText(text, length, &float_text, &arena, &parsed, &parsed_size, &status));
	Require(InterestVectorCompare(parsed, parsed_size, data, size) == 0);
}

static void
TryVectorText(const char *text, size_t length)
{
	uint8_t    *payload;
	size_t		size;

	if (InterestVectorFromText(text, length, &float_text, &arena, &payload, &size, &status))
		TryVector(payload, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	InterestArenaInit(&arena, CheckHost(), 1 << 16);
	switch (data[0] & 3)
	{
		case 0:
			TryState(data + 1, size - 1);
			break;
		case 1:
			TryStateText((const char *) data + 1, size - 1);
			break;
		case 2:
			TryVector(data + 1, size - 1);
			break;
		default:
			TryVectorText((const char *) data + 1, size - 1);
			break;
	}
	InterestArenaFree(&arena);
	return 0;
}

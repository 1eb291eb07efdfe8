/*
 * state_text.c
 *	  The text form of interest_profile.
 *
 *	  interest_profile:1 fingerprint=<32 hex digits> dimensions=2
 *	  half_lives=(<coarse> <medium> <fine>) rebuild=0 rows=1 negative_rows=0
 *	  newest=<microseconds> newest_rows=1
 *	  coarse=((age=0 rows=1 mass=8589934592 sums=(4294967296 -12)))
 *	  medium=((age=0 rows=1 mass=8589934592 codes=((code=3 mass=8589934592))
 *	  sums=(4294967296 -12))) fine=(...) negative=()
 *
 * in one line; a profile without rows ends behind negative_rows.  The text is
 * the canonical layout said in words: reading writes that layout, and the
 * validator of the bytes judges it.
 */
#include "core/profile/notation.h"
#include "core/profile/state_layout.h"

static const char *const part_fields[INTEREST_PARTS] = {
	" coarse=(", " medium=(", " fine=(", " negative=("
};

static void
PutHeader(InterestWriter *writer, const InterestStateView *view)
{
	InterestPutText(writer, "interest_profile:1 fingerprint=");
	InterestPutHex(writer, view->shape.fingerprint, INTEREST_FINGERPRINT_SIZE);
	InterestPutField(writer, " dimensions=", view->shape.dimensions);
	InterestPutField(writer, " half_lives=(", view->shape.half_life[INTEREST_COARSE]);
	InterestPutField(writer, " ", view->shape.half_life[INTEREST_MEDIUM]);
	InterestPutField(writer, " ", view->shape.half_life[INTEREST_FINE]);
	InterestPutField(writer, ") rebuild=", view->rebuild);
	InterestPutField(writer, " rows=", view->rows);
	InterestPutField(writer, " negative_rows=", view->negative_rows);
}

static void
PutCodes(InterestWriter *writer, const InterestStateView *view, const InterestStateBlock *block)
{
	SumReader	reader = CodeMassesOf(view, block);

	InterestPutText(writer, " codes=(");
	for (uint64_t codes = block->codes; codes != 0; codes &= codes - 1)
	{
		InterestPutField(writer, codes == block->codes ? "(code=" : " (code=", LowestCode(codes));
		InterestPutText(writer, " mass=");
		InterestPutInt128(writer, NextCodeMass(&reader));
		InterestPutText(writer, ")");
	}
	InterestPutText(writer, ")");
}

static void
PutBlock(InterestWriter *writer, const InterestStateView *view, const InterestStateBlock *block)
{
	SumReader	reader = SumsOf(view, block);

	InterestPutField(writer, "(age=", block->age);
	InterestPutField(writer, " rows=", block->rows);
	InterestPutText(writer, " mass=");
	InterestPutInt128(writer, block->mass);
	if (block->part == INTEREST_MEDIUM)
		PutCodes(writer, view, block);
	for (int i = 0; i < view->shape.dimensions; i++)
	{
		InterestPutText(writer, i == 0 ? " sums=(" : " ");
		InterestPutInt128(writer, NextSum(&reader));
	}
	InterestPutText(writer, "))");
}

static void
PutState(InterestWriter *writer, const InterestStateView *view)
{
	int			next = 0;

	PutHeader(writer, view);
	if (view->rows == 0 && view->negative_rows == 0)
		return;
	InterestPutField(writer, " newest=", view->newest);
	InterestPutField(writer, " newest_rows=", view->newest_rows);
	for (int part = 0; part < INTEREST_PARTS; part++)
	{
		int			first = next;

		InterestPutText(writer, part_fields[part]);
		for (; next < view->block_count && (int) view->blocks[next].part == part; next++)
		{
			if (next > first)
				InterestPutText(writer, " ");
			PutBlock(writer, view, &view->blocks[next]);
		}
		InterestPutText(writer, ")");
	}
}

char *
InterestStateToText(const InterestStateView *view, InterestArena *arena, size_t *length)
{
	InterestWriter counter = {NULL, 0};
	InterestWriter writer = {NULL, 0};

	PutState(&counter, view);
	writer.buffer = InterestArenaAllocate(arena, counter.length + 1);
	PutState(&writer, view);
	writer.buffer[writer.length] = '\0';
	*length = writer.length;
	return (char *) writer.buffer;
}

static void
TakeHeader(InterestReader *reader, InterestStateView *view)
{
	int64_t    *half_life = view->shape.half_life;

	InterestNotationExpect(reader, "interest_profile:1 fingerprint=");
	InterestNotationBytes(reader, view->shape.fingerprint, INTEREST_FINGERPRINT_SIZE);
	view->shape.dimensions = (int) InterestNotationField(reader, " dimensions=", 1, INTEREST_MAX_DIMENSIONS);
	half_life[INTEREST_COARSE] = InterestNotationField(reader, " half_lives=(", 1, INTEREST_MAX_HALF_LIFE);
	half_life[INTEREST_MEDIUM] = InterestNotationField(reader, " ", 1, INTEREST_MAX_HALF_LIFE);
	half_life[INTEREST_FINE] = InterestNotationField(reader, " ", 1, INTEREST_MAX_HALF_LIFE);
	view->rebuild = InterestNotationField(reader, ") rebuild=", 0, 1) != 0;
	view->rows = InterestNotationField(reader, " rows=", 0, INT64_MAX);
	view->negative_rows = InterestNotationField(reader, " negative_rows=", 0, INT64_MAX);
	if (view->rows == 0 && view->negative_rows == 0)
		return;
	view->newest = InterestNotationField(reader, " newest=", INT64_MIN, INT64_MAX);
	view->newest_rows = InterestNotationField(reader, " newest_rows=", 0, INT64_MAX);
}

/*
 * The elements of a list up to its bracket; their number, which a byte in
 * front of them says, is known and written behind them.
 */
typedef struct List
{
	size_t		count_at;
	int			count;
	int			most;
} List;

static List
BeginList(InterestReader *reader, const char *field, int most, InterestWriter *writer)
{
	List		list = {writer->length, 0, most};

	InterestWriteByte(writer, 0);
	InterestNotationExpect(reader, field);
	return list;
}

/* Whether another element follows; its blank is taken. */
static bool
NextOfList(InterestReader *reader, List *list, InterestWriter *writer)
{
	if (reader->failed || InterestNotationTake(reader, ")"))
	{
		if (writer->buffer)
			writer->buffer[list->count_at] = (uint8_t) list->count;
		return false;
	}
	if (list->count == list->most)
		reader->failed = true;
	if (list->count++ > 0)
		InterestNotationExpect(reader, " ");
	return !reader->failed;
}

static void
TakeCodes(InterestReader *reader, InterestWriter *writer)
{
	List		list = BeginList(reader, " codes=(", INTEREST_CODES, writer);

	while (NextOfList(reader, &list, writer))
	{
		int			code = (int) InterestNotationField(reader, "(code=", 0, INTEREST_CODES - 1);

		InterestNotationExpect(reader, " mass=");
		InterestStateWriteCode(writer, code, InterestNotationInt128(reader));
		InterestNotationExpect(reader, ")");
	}
}

static void
TakeBlock(InterestReader *reader, int part, int dimensions, InterestWriter *writer)
{
	InterestStateBlock block;

	block.part = (InterestPart) part;
	block.age = (int) InterestNotationField(reader, "(age=", 0, INTEREST_WINDOW - 1);
	block.rows = InterestNotationField(reader, " rows=", 1, INT64_MAX);
	InterestNotationExpect(reader, " mass=");
	block.mass = InterestNotationInt128(reader);
	InterestStateWriteBlockHeader(writer, &block);
	if (part == INTEREST_MEDIUM)
		TakeCodes(reader, writer);
	for (int i = 0; i < dimensions && !reader->failed; i++)
	{
		InterestNotationExpect(reader, i == 0 ? " sums=(" : " ");
		InterestWriteInt128(writer, InterestNotationInt128(reader));
	}
	InterestNotationExpect(reader, "))");
}

static void
TakePart(InterestReader *reader, int part, int dimensions, InterestWriter *writer)
{
	List		list = BeginList(reader, part_fields[part], INTEREST_WINDOW, writer);

	while (NextOfList(reader, &list, writer))
		TakeBlock(reader, part, dimensions, writer);
}

/* Writes the canonical layout of what the text says; false if it is no such text. */
static bool
TakeState(InterestReader *reader, InterestWriter *writer)
{
	InterestStateView view;

	TakeHeader(reader, &view);
	if (reader->failed)
		return false;
	InterestStateWriteHeader(writer, &view);
	if (view.rows != 0 || view.negative_rows != 0)
		for (int part = 0; part < INTEREST_PARTS; part++)
			TakePart(reader, part, view.shape.dimensions, writer);
	return !reader->failed && InterestReaderLeft(reader) == 0;
}

bool
InterestStateFromText(const char *text, size_t length, InterestArena *arena, uint8_t **payload,
					  size_t *size, InterestStatus *status)
{
	InterestReader reader = InterestNotationReader(text, length);
	InterestReader again = reader;
	InterestWriter counter = {NULL, 0};
	InterestWriter writer = {NULL, 0};

	if (!TakeState(&reader, &counter))
		return InterestNotationFail(status, "interest_profile", text, &reader);
	writer.buffer = InterestArenaAllocate(arena, counter.length);
	TakeState(&again, &writer);
	*payload = writer.buffer;
	*size = writer.length;
	if (InterestStateCheck(writer.buffer, writer.length, status))
		return true;
	status->code = INTEREST_INVALID_TEXT;
	return false;
}

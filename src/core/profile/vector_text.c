/*
 * vector_text.c
 *	  The text form of interestvec.
 *
 *	  interestvec:1 dimensions=2 representation=<32 hex digits>
 *	  reading=<32 hex digits> rows=1 negative_rows=0 newest=<microseconds>
 *	  at=<microseconds> mass=(1 1 1 0) gamma=(0.5 0.25 0.25) coarse=(1 2)
 *	  medium=(1 2) fine=(1 2) negative=(0 0) user=(1 2)
 *	  topics=((code=3 mass=1 vector=(1 2)))
 *
 * in one line.  Reading fills a reading and writes its bytes, which the
 * validator of the bytes then judges.
 */
#include "core/profile/notation.h"
#include "core/profile/vector.h"

#define MAX_FLOAT_TEXT 31

static const char *const part_fields[INTEREST_READING_PARTS] = {
	" coarse=", " medium=", " fine=", " negative=", " user="
};

static void
PutFloat(InterestWriter *writer, const InterestFloatText *floats, float value)
{
	char		text[MAX_FLOAT_TEXT + 1];
	int			length = floats->format(value, text);

	InterestWriteBytes(writer, text, (size_t) length);
}

static void
PutFloats(InterestWriter *writer, const InterestFloatText *floats, const char *field,
		  const float *values, int count)
{
	InterestPutText(writer, field);
	for (int i = 0; i < count; i++)
	{
		InterestPutText(writer, i == 0 ? "(" : " ");
		PutFloat(writer, floats, values[i]);
	}
	InterestPutText(writer, ")");
}

static void
PutReading(InterestWriter *writer, const InterestFloatText *floats, const InterestReading *reading)
{
	InterestPutField(writer, "interestvec:1 dimensions=", reading->dimensions);
	InterestPutText(writer, " representation=");
	InterestPutHex(writer, reading->representation, INTEREST_FINGERPRINT_SIZE);
	InterestPutText(writer, " reading=");
	InterestPutHex(writer, reading->reading, INTEREST_FINGERPRINT_SIZE);
	InterestPutField(writer, " rows=", reading->rows);
	InterestPutField(writer, " negative_rows=", reading->negative_rows);
	InterestPutField(writer, " newest=", reading->newest);
	InterestPutField(writer, " at=", reading->at);
	PutFloats(writer, floats, " mass=", reading->mass, INTEREST_PARTS);
	PutFloats(writer, floats, " gamma=", reading->gamma, INTEREST_GRANULARITIES);
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
		PutFloats(writer, floats, part_fields[part], reading->vector[part], reading->dimensions);
	InterestPutText(writer, " topics=(");
	for (int i = 0; i < reading->topic_count; i++)
	{
		InterestPutField(writer, i == 0 ? "(code=" : " (code=", reading->topics[i].code);
		InterestPutText(writer, " mass=");
		PutFloat(writer, floats, reading->topics[i].mass);
		PutFloats(writer, floats, " vector=", reading->topics[i].vector, reading->dimensions);
		InterestPutText(writer, ")");
	}
	InterestPutText(writer, ")");
}

char *
InterestVectorToText(const void *payload, const InterestFloatText *floats, InterestArena *arena,
					 size_t *length)
{
	InterestWriter counter = {NULL, 0};
	InterestWriter writer = {NULL, 0};
	InterestReading reading;

	InterestVectorRead(payload, arena, &reading);
	PutReading(&counter, floats, &reading);
	writer.buffer = InterestArenaAllocate(arena, counter.length + 1);
	PutReading(&writer, floats, &reading);
	writer.buffer[writer.length] = '\0';
	*length = writer.length;
	return (char *) writer.buffer;
}

static float
TakeFloat(InterestReader *reader, const InterestFloatText *floats)
{
	char		text[MAX_FLOAT_TEXT + 1];
	float		value = 0.0f;

	InterestNotationWord(reader, text, sizeof(text));
	if (!reader->failed && (text[0] == '\0' || !floats->parse(text, &value)))
		reader->failed = true;
	return value;
}

static void
TakeFloats(InterestReader *reader, const InterestFloatText *floats, const char *field,
		   float *values, int count)
{
	InterestNotationExpect(reader, field);
	for (int i = 0; i < count; i++)
	{
		InterestNotationExpect(reader, i == 0 ? "(" : " ");
		values[i] = reader->failed ? 0.0f : TakeFloat(reader, floats);
	}
	InterestNotationExpect(reader, ")");
}

static void
TakeTopics(InterestReader *reader, const InterestFloatText *floats, InterestArena *arena,
		   InterestReading *reading)
{
	reading->topic_count = 0;
	InterestNotationExpect(reader, " topics=(");
	while (!reader->failed && !InterestNotationTake(reader, ")"))
	{
		InterestTopic *topic = &reading->topics[reading->topic_count];

		if (reading->topic_count == INTEREST_MAX_TOPICS)
		{
			reader->failed = true;
			return;
		}
		topic->code = (int) InterestNotationField(reader, reading->topic_count == 0 ? "(code=" : " (code=",
									  0, INTEREST_CODES - 1);
		InterestNotationExpect(reader, " mass=");
		topic->mass = TakeFloat(reader, floats);
		topic->vector = InterestArenaArray(arena, float, reading->dimensions);
		TakeFloats(reader, floats, " vector=", topic->vector, reading->dimensions);
		InterestNotationExpect(reader, ")");
		reading->topic_count++;
	}
}

static bool
TakeReading(InterestReader *reader, const InterestFloatText *floats, InterestArena *arena,
			InterestReading *reading)
{
	reading->dimensions = (int) InterestNotationField(reader, "interestvec:1 dimensions=", 1, INTEREST_MAX_DIMENSIONS);
	InterestNotationExpect(reader, " representation=");
	InterestNotationBytes(reader, reading->representation, INTEREST_FINGERPRINT_SIZE);
	InterestNotationExpect(reader, " reading=");
	InterestNotationBytes(reader, reading->reading, INTEREST_FINGERPRINT_SIZE);
	reading->rows = InterestNotationField(reader, " rows=", 0, INT64_MAX);
	reading->negative_rows = InterestNotationField(reader, " negative_rows=", 0, INT64_MAX);
	reading->newest = InterestNotationField(reader, " newest=", INT64_MIN, INT64_MAX);
	reading->at = InterestNotationField(reader, " at=", INT64_MIN, INT64_MAX);
	TakeFloats(reader, floats, " mass=", reading->mass, INTEREST_PARTS);
	TakeFloats(reader, floats, " gamma=", reading->gamma, INTEREST_GRANULARITIES);
	for (int part = 0; part < INTEREST_READING_PARTS; part++)
	{
		reading->vector[part] = InterestArenaArray(arena, float, reading->dimensions);
		TakeFloats(reader, floats, part_fields[part], reading->vector[part], reading->dimensions);
	}
	TakeTopics(reader, floats, arena, reading);
	return !reader->failed && InterestReaderLeft(reader) == 0;
}

bool
InterestVectorFromText(const char *text, size_t length, const InterestFloatText *floats,
					   InterestArena *arena, uint8_t **payload, size_t *size,
					   InterestStatus *status)
{
	InterestReader reader = InterestNotationReader(text, length);
	InterestReading reading;

	if (!TakeReading(&reader, floats, arena, &reading))
		return InterestNotationFail(status, "interestvec", text, &reader);
	*size = InterestVectorSize(reading.dimensions, reading.topic_count);
	*payload = InterestArenaAllocate(arena, *size);
	InterestVectorWrite(&reading, *payload);
	if (InterestVectorCheck(*payload, *size, status))
		return true;
	status->code = INTEREST_INVALID_TEXT;
	return false;
}

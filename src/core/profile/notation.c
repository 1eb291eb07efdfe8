/*
 * notation.c
 *	  The words of the text forms of interest_profile and interestvec.
 */
#include "core/profile/notation.h"

#include "core/base/span.h"

#include <string.h>

#define MAX_INT128_DIGITS 39

static bool
IsDigit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

InterestReader
InterestNotationReader(const char *text, size_t length)
{
	InterestReader reader = {(const uint8_t *) text, (const uint8_t *) text + length, false};

	while (reader.at < reader.end && InterestIsSpace((char) *reader.at))
		reader.at++;
	while (reader.end > reader.at && InterestIsSpace((char) reader.end[-1]))
		reader.end--;
	return reader;
}

bool
InterestNotationTake(InterestReader *reader, const char *word)
{
	size_t		length = strlen(word);

	if (reader->failed || InterestReaderLeft(reader) < length ||
		memcmp(reader->at, word, length) != 0)
		return false;
	reader->at += length;
	return true;
}

void
InterestNotationExpect(InterestReader *reader, const char *word)
{
	if (!InterestNotationTake(reader, word))
		reader->failed = true;
}

/* magnitude = 10 magnitude + digit; false where that could leave 127 bits */
static bool
AppendDigit(InterestInt128 *magnitude, unsigned digit)
{
	uint64_t	low = (magnitude->low & UINT32_MAX) * 10 + digit;
	uint64_t	middle = (magnitude->low >> 32) * 10 + (low >> 32);
	uint64_t	high = (uint64_t) magnitude->high;

	if (high > (uint64_t) INT64_MAX / 10 - 1)
		return false;
	magnitude->low = middle << 32 | (low & UINT32_MAX);
	magnitude->high = (int64_t) (high * 10 + (middle >> 32));
	return true;
}

InterestInt128
InterestNotationInt128(InterestReader *reader)
{
	bool		negative = InterestNotationTake(reader, "-");
	const uint8_t *start = reader->at;
	InterestInt128 value = InterestInt128From(0);

	while (!reader->failed && reader->at < reader->end && IsDigit(*reader->at))
		if (!AppendDigit(&value, *reader->at++ - '0'))
			reader->failed = true;
	if (reader->at == start || (*start == '0' && (negative || reader->at - start > 1)))
		reader->failed = true;
	if (reader->failed)
		return InterestInt128From(0);
	return negative ? InterestInt128Negate(value) : value;
}

static int64_t
ReadInt64(InterestReader *reader, int64_t least, int64_t greatest)
{
	InterestInt128 value = InterestNotationInt128(reader);
	int64_t		result = (int64_t) value.low;

	if (value.high != InterestInt128From(result).high || result < least || result > greatest)
		reader->failed = true;
	return reader->failed ? 0 : result;
}

int64_t
InterestNotationField(InterestReader *reader, const char *word, int64_t least, int64_t greatest)
{
	InterestNotationExpect(reader, word);
	return ReadInt64(reader, least, greatest);
}

static int
HexDigit(uint8_t c)
{
	if (IsDigit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
InterestNotationBytes(InterestReader *reader, uint8_t *bytes, size_t size)
{
	const uint8_t *digits = InterestReadBytes(reader, 2 * size);

	memset(bytes, 0, size);
	for (size_t i = 0; digits && i < size; i++)
	{
		int			high = HexDigit(digits[2 * i]);
		int			low = HexDigit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
		{
			reader->failed = true;
			return;
		}
		bytes[i] = (uint8_t) (high << 4 | low);
	}
}

void
InterestNotationWord(InterestReader *reader, char *word, size_t size)
{
	size_t		length = 0;

	while (!reader->failed && reader->at < reader->end && !InterestIsSpace((char) *reader->at) &&
		   *reader->at != '(' && *reader->at != ')')
	{
		if (length == size - 1)
		{
			reader->failed = true;
			break;
		}
		word[length++] = (char) *reader->at++;
	}
	word[length] = '\0';
}

bool
InterestNotationFail(InterestStatus *status, const char *type, const char *text,
					 const InterestReader *reader)
{
	InterestFail(status, INTEREST_INVALID_TEXT, "invalid input syntax for type %s", type);
	InterestDetail(status, "The text cannot be read from byte %zu on.",
				   (size_t) (reader->at - (const uint8_t *) text) + 1);
	return InterestHint(status, "Only the form in which %s is printed can be read.", type);
}

void
InterestPutText(InterestWriter *writer, const char *text)
{
	InterestWriteBytes(writer, text, strlen(text));
}

/* The magnitude, 0 .. 2^127, divided by 10 in place; returns the rest. */
static unsigned
DivideBy10(InterestInt128 *magnitude)
{
	uint32_t	limbs[4] = {
		(uint32_t) magnitude->low, (uint32_t) (magnitude->low >> 32),
		(uint32_t) (uint64_t) magnitude->high, (uint32_t) ((uint64_t) magnitude->high >> 32)
	};
	uint64_t	rest = 0;

	for (int i = 3; i >= 0; i--)
	{
		rest = rest << 32 | limbs[i];
		limbs[i] = (uint32_t) (rest / 10);
		rest %= 10;
	}
	magnitude->low = (uint64_t) limbs[1] << 32 | limbs[0];
	magnitude->high = (int64_t) ((uint64_t) limbs[3] << 32 | limbs[2]);
	return (unsigned) rest;
}

void
InterestPutInt128(InterestWriter *writer, InterestInt128 value)
{
	char		digits[MAX_INT128_DIGITS];
	size_t		first = sizeof(digits);

	if (InterestInt128IsNegative(value))
	{
		InterestPutText(writer, "-");
		value = InterestInt128Negate(value);
	}
	do
		digits[--first] = (char) ('0' + DivideBy10(&value));
	while (!InterestInt128IsZero(value));
	InterestWriteBytes(writer, digits + first, sizeof(digits) - first);
}

void
InterestPutField(InterestWriter *writer, const char *word, int64_t value)
{
	InterestPutText(writer, word);
	InterestPutInt128(writer, InterestInt128From(value));
}

void
InterestPutHex(InterestWriter *writer, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++)
	{
		InterestWriteByte(writer, (uint8_t) digits[bytes[i] >> 4]);
		InterestWriteByte(writer, (uint8_t) digits[bytes[i] & 15]);
	}
}

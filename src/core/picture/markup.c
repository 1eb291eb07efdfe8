/*
 * markup.c
 *	  Text that becomes SVG or HTML, built up in an arena.
 */
#include "core/picture/markup.h"

#include <math.h>
#include <utf8proc.h>

#define FIRST_ROOM 8192

/* A character that people see is cut after so many code points: accents have no end otherwise. */
#define MOST_CODE_POINTS 32

/* Of what has none by itself: so that no label is endless. */
#define LEAST_WIDTH 0.1

#define FIRST_EMOJI 0x1F000

#define ELLIPSIS "\xE2\x80\xA6"
#define ELLIPSIS_WIDTH 0.9

#define MICROSECONDS_A_MINUTE 6e7
#define MOST_TIME 9e18
#define MINUTES_A_DAY 1440
#define DAYS_TO_2000 730425		/* from 0000-03-01 */

void
InterestMarkupBegin(InterestMarkup *markup, InterestArena *arena)
{
	*markup = (InterestMarkup) {arena, InterestArenaArray(arena, char, FIRST_ROOM), 0, FIRST_ROOM};
}

void
InterestPutBytes(InterestMarkup *markup, const char *data, size_t length)
{
	if (markup->room - markup->length < length)
	{
		char	   *old = markup->data;

		while (markup->room - markup->length < length)
			markup->room *= 2;
		markup->data = InterestArenaArray(markup->arena, char, markup->room);
		memcpy(markup->data, old, markup->length);
	}
	if (length > 0)
		memcpy(markup->data + markup->length, data, length);
	markup->length += length;
}

void
InterestPut(InterestMarkup *markup, const char *piece)
{
	InterestPutBytes(markup, piece, strlen(piece));
}

/*
 * Numbers
 */

/* Writes a number that is not negative, the given decimals being its last digits. */
static void
PutDigits(InterestMarkup *markup, int64_t digits, int decimals)
{
	char		buffer[32];
	int			at = sizeof(buffer);

	for (int i = 0; i <= decimals || digits > 0; i++)
	{
		if (i == decimals && decimals > 0)
			buffer[--at] = '.';
		buffer[--at] = (char) ('0' + digits % 10);
		digits /= 10;
	}
	InterestPutBytes(markup, buffer + at, sizeof(buffer) - (size_t) at);
}

/* number * 10^decimals, rounded; held to what fits. */
static int64_t
Scaled(double number, int decimals)
{
	static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
	double		scaled = number * power[decimals];

	if (!(fabs(scaled) < 1e15))
		return isnan(scaled) ? 0 : scaled < 0 ? INT64_C(-1000000000000000) : INT64_C(1000000000000000);
	return (int64_t) llrint(scaled);
}

void
InterestPutNumbers(InterestMarkup *markup, const char *piece, const double *numbers, int count)
{
	for (int next = 0; *piece; piece++)
	{
		int64_t		tenths;

		if (*piece != '~' || next >= count)
		{
			InterestPutBytes(markup, piece, 1);
			continue;
		}
		tenths = Scaled(numbers[next++], 1);
		if (tenths < 0)
			InterestPut(markup, "-");
		tenths = tenths < 0 ? -tenths : tenths;
		if (tenths % 10 == 0)
			PutDigits(markup, tenths / 10, 0);
		else
			PutDigits(markup, tenths, 1);
	}
}

void
InterestPutDecimal(InterestMarkup *markup, double number, int decimals)
{
	int64_t		scaled = Scaled(number, decimals);

	if (!isfinite(number))
	{
		InterestPut(markup, "\xE2\x80\x93");
		return;
	}
	if (scaled < 0)
		InterestPut(markup, "\xE2\x88\x92");
	PutDigits(markup, scaled < 0 ? -scaled : scaled, decimals);
}

static void
PutPadded(InterestMarkup *markup, int64_t number, int width)
{
	for (int64_t least = 10; width > 1; width--, least *= 10)
		if (number < least)
			InterestPut(markup, "0");
	PutDigits(markup, number, 0);
}

/* Days to a date: Howard Hinnant's civil_from_days, http://howardhinnant.github.io/date_algorithms.html */
static void
PutDate(InterestMarkup *markup, int64_t day)
{
	int64_t		era = (day >= 0 ? day : day - 146096) / 146097;
	int64_t		of_era = day - era * 146097;
	int64_t		year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t		of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t		shifted = (5 * of_year + 2) / 153;
	int64_t		month = shifted < 10 ? shifted + 3 : shifted - 9;
	int64_t		year = year_of_era + era * 400 + (month <= 2);

	if (year < 0)
		InterestPut(markup, "\xE2\x88\x92");
	PutPadded(markup, year < 0 ? -year : year, 4);
	InterestPut(markup, "-");
	PutPadded(markup, month, 2);
	InterestPut(markup, "-");
	PutPadded(markup, of_year - (153 * shifted + 2) / 5 + 1, 2);
}

void
InterestPutTime(InterestMarkup *markup, double time, bool with_minutes)
{
	int64_t		minutes = (int64_t) floor(fmax(fmin(isnan(time) ? 0 : time, MOST_TIME), -MOST_TIME) / MICROSECONDS_A_MINUTE);
	int64_t		day = minutes / MINUTES_A_DAY - (minutes % MINUTES_A_DAY < 0);
	int64_t		of_day = minutes - day * MINUTES_A_DAY;

	PutDate(markup, day + DAYS_TO_2000);
	if (!with_minutes)
		return;
	InterestPut(markup, " ");
	PutPadded(markup, of_day / 60, 2);
	InterestPut(markup, ":");
	PutPadded(markup, of_day % 60, 2);
}

/*
 * Other people's text
 */

/* What a character becomes: itself, a space, or 0 where it is left out. */
static utf8proc_int32_t
Shown(utf8proc_int32_t character)
{
	switch (utf8proc_category(character))
	{
		case UTF8PROC_CATEGORY_CC:
		case UTF8PROC_CATEGORY_ZL:
		case UTF8PROC_CATEGORY_ZP:
		case UTF8PROC_CATEGORY_ZS:
			return ' ';
		case UTF8PROC_CATEGORY_CF:
			/* joiners and tags, which letters and emoji are made with */
			return character == 0x200C || character == 0x200D || character >= 0xE0000 ? character : 0;
		case UTF8PROC_CATEGORY_CS:
			return 0;
		default:
			/* no characters at all, which XML forbids */
			return (character & 0xFFFE) == 0xFFFE || (character >= 0xFDD0 && character <= 0xFDEF) ? 0 : character;
	}
}

/* Reads a text as it is shown. */
typedef struct Reading
{
	const utf8proc_uint8_t *at;
	const utf8proc_uint8_t *end;
	bool		begun;			/* something was shown: spaces count from now on */
	utf8proc_int32_t kept;		/* of the next call; 0: none */
} Reading;

static Reading
ReadingOf(InterestSpan text)
{
	const utf8proc_uint8_t *data = (const utf8proc_uint8_t *) text.data;

	return (Reading) {.at = data, .end = data ? data + text.length : data};
}

/* The next character; 0 at the end. */
static utf8proc_int32_t
NextShown(Reading *reading)
{
	utf8proc_int32_t character = reading->kept;
	bool		space = false;

	reading->kept = 0;
	while (character == 0 && reading->at < reading->end)
	{
		utf8proc_ssize_t length = utf8proc_iterate(reading->at, reading->end - reading->at, &character);

		reading->at += length > 0 ? length : 1;
		character = length > 0 ? Shown(character) : 0xFFFD;
		if (character == ' ')
		{
			space = reading->begun;
			character = 0;
		}
	}
	if (character == 0)
		return 0;
	reading->begun = true;
	if (!space)
		return character;
	reading->kept = character;
	return ' ';
}

static void
PutCharacter(InterestMarkup *markup, utf8proc_int32_t character)
{
	utf8proc_uint8_t bytes[4];

	switch (character)
	{
		case '&':
			InterestPut(markup, "&amp;");
			break;
		case '<':
			InterestPut(markup, "&lt;");
			break;
		case '>':
			InterestPut(markup, "&gt;");
			break;
		case '"':
			InterestPut(markup, "&quot;");
			break;
		case '\'':
			InterestPut(markup, "&#39;");
			break;
		default:
			InterestPutBytes(markup, (const char *) bytes, (size_t) utf8proc_encode_char(character, bytes));
	}
}

void
InterestPutEscaped(InterestMarkup *markup, InterestSpan text)
{
	Reading		reading = ReadingOf(text);

	for (utf8proc_int32_t character = NextShown(&reading); character != 0; character = NextShown(&reading))
		PutCharacter(markup, character);
}

/* Rough widths of the letters of sans-serif fonts. */
static double
CharacterWidth(utf8proc_int32_t character)
{
	if (character < 128)
	{
		if (strchr("fijlrtI.,:;!|'()[] ", (int) character))
			return 0.35;
		if (strchr("mwMW@%", (int) character))
			return 0.92;
		return character >= 'A' && character <= 'Z' ? 0.7 : 0.6;
	}
	if (character >= FIRST_EMOJI)
		return 1.2;
	return utf8proc_charwidth(character) * 0.65;
}

/* A way through a text by characters that people see; next is 0 at its end. */
typedef struct Walk
{
	Reading		reading;
	double		width;
	utf8proc_int32_t next;
} Walk;

/* One character that people see, put where markup is not NULL. */
static void
Step(Walk *walk, InterestMarkup *markup)
{
	utf8proc_int32_t state = 0;
	double		width = 0;

	for (int i = 0; walk->next != 0; i++)
	{
		utf8proc_int32_t character = walk->next;
		double		own = CharacterWidth(character);

		/* a joined emoji is as wide as the widest of its parts */
		width = own > width ? own : width;
		if (markup)
			PutCharacter(markup, character);
		walk->next = NextShown(&walk->reading);
		if (i == MOST_CODE_POINTS || utf8proc_grapheme_break_stateful(character, walk->next, &state))
			break;
	}
	walk->width += width > 0 ? width : LEAST_WIDTH;
}

static Walk
WalkOf(InterestSpan text)
{
	Walk		walk = {.reading = ReadingOf(text)};

	walk.next = NextShown(&walk.reading);
	return walk;
}

double
InterestTextWidth(InterestSpan text)
{
	Walk		walk = WalkOf(text);

	while (walk.next != 0)
		Step(&walk, NULL);
	return walk.width;
}

/* Whether what is left of the walk fits; looks no further than it must. */
static bool
Fits(Walk walk, double ems)
{
	while (walk.next != 0 && walk.width <= ems)
		Step(&walk, NULL);
	return walk.width <= ems;
}

double
InterestPutLabel(InterestMarkup *markup, InterestSpan text, double ems)
{
	Walk		walk = WalkOf(text);
	bool		whole = Fits(walk, ems);

	while (walk.next != 0)
	{
		Walk		ahead = walk;

		Step(&ahead, NULL);
		if (!whole && ahead.width > ems - ELLIPSIS_WIDTH)
			break;
		Step(&walk, markup);
	}
	if (whole)
		return walk.width;
	InterestPut(markup, ELLIPSIS);
	return walk.width + ELLIPSIS_WIDTH;
}

int
InterestTextDirection(InterestSpan text)
{
	Reading		reading = ReadingOf(text);

	for (utf8proc_int32_t character = NextShown(&reading); character != 0; character = NextShown(&reading))
		switch (utf8proc_get_property(character)->bidi_class)
		{
			case UTF8PROC_BIDI_CLASS_L:
				return 1;
			case UTF8PROC_BIDI_CLASS_R:
			case UTF8PROC_BIDI_CLASS_AL:
				return -1;
			default:
				break;
		}
	return 0;
}

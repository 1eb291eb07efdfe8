/*
 * clean.c
 *	  Leaves out of a text what says little of its subject.
 *
 * The cleanings follow each other in one buffer: what a cleaning writes is never
 * longer than what it has read.
 */
#include "core/text/clean.h"

#include "core/text/entities.h"
#include "core/text/normalize.h"

#include <utf8proc.h>

/* Bytes between two looks at whether the host wants to stop. */
#define BYTES_BETWEEN_CHECKS 65536

#define NOWHERE ((size_t) -1)
#define REPLACEMENT 0xFFFD
#define NO_BREAK_SPACE 0xA0
#define MAX_CODE_POINT 0x10FFFF

/* Longest name of an element that decides something. */
#define ELEMENT_NAME 10

typedef struct Cleaner
{
	const InterestHost *host;
	char	   *text;			/* read at at, written at written <= at */
	size_t		length;
	size_t		at;
	size_t		written;
	size_t		checked;		/* where the host was last asked */
	bool		no_close;		/* no > ends a tag from here on */
	bool		no_quote[2];	/* no ", no ' from here on */
} Cleaner;

const char *
InterestCleaningName(InterestCleaning cleaning)
{
	switch (cleaning)
	{
		case INTEREST_CLEAN_HTML:
			return "html";
		case INTEREST_CLEAN_URLS:
			return "urls";
		case INTEREST_CLEAN_QUOTES:
			return "quotes";
		case INTEREST_CLEAN_SIGNATURE:
			return "signature";
		case INTEREST_CLEAN_LOWERCASE:
			return "lowercase";
	}
	return NULL;
}

static bool
IsSpace(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
IsLetter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

static char
Small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
}

/* Whether the text goes on with this at a place; letters of word are small, those of the text of any size. */
static bool
Follows(const Cleaner *cleaner, size_t at, const char *word)
{
	for (; *word; word++, at++)
		if (at >= cleaner->length || Small(cleaner->text[at]) != *word)
			return false;
	return true;
}

static void
CheckCancel(Cleaner *cleaner)
{
	if (cleaner->at - cleaner->checked < BYTES_BETWEEN_CHECKS)
		return;
	InterestCheckCancel(cleaner->host);
	cleaner->checked = cleaner->at;
}

/* Starts a pass over what the last one has written. */
static void
Rewind(Cleaner *cleaner)
{
	cleaner->length = cleaner->written;
	cleaner->at = 0;
	cleaner->written = 0;
	cleaner->checked = 0;
}

/* --- HTML --- */

/* Elements that do not part words, and those that start a line; all others part words. */
static const char *const inline_elements[] = {
	"a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "small",
	"span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"
};
static const char *const line_elements[] = {
	"address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "form", "h1", "h2", "h3",
	"h4", "h5", "h6", "head", "hr", "html", "li", "ol", "p", "pre", "section", "table", "title", "tr", "ul"
};

static bool
IsAmong(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/*
 * Where the tag ends whose < is before from: at the > behind it, but for one in
 * a quoted value.  What was once not found is not searched again.
 */
static size_t
FindTagEnd(Cleaner *cleaner, size_t from)
{
	char		last = '<';

	for (size_t i = from; i < cleaner->length && !cleaner->no_close; i++)
	{
		char		c = cleaner->text[i];
		bool	   *none = &cleaner->no_quote[c == '\''];
		const char *close;

		if (c == '>')
			return i;
		if ((c == '"' || c == '\'') && last == '=' && !*none)
		{
			close = memchr(cleaner->text + i + 1, c, cleaner->length - i - 1);
			*none = close == NULL;
			if (close)
				i = (size_t) (close - cleaner->text);
		}
		if (!IsSpace(c))
			last = c;
	}
	cleaner->no_close = true;
	return NOWHERE;
}

/* Where the word is first from there on; the end if it is not. */
static size_t
Find(Cleaner *cleaner, size_t from, const char *word)
{
	const char *end = cleaner->text + cleaner->length;
	const char *found = cleaner->text + from;

	while (found < end && (found = memchr(found, word[0], (size_t) (end - found))) != NULL)
	{
		size_t		at = (size_t) (found - cleaner->text);

		if (Follows(cleaner, at, word))
			return at;
		found++;
	}
	return cleaner->length;
}

/* The name of an element in small letters; empty where it is too long to be known. */
static void
ReadElement(const Cleaner *cleaner, size_t at, char name[ELEMENT_NAME + 1])
{
	size_t		length = 0;

	while (at < cleaner->length && (IsLetter(cleaner->text[at]) || IsDigit(cleaner->text[at])))
	{
		if (length == ELEMENT_NAME)
		{
			length = 0;
			break;
		}
		name[length++] = Small(cleaner->text[at++]);
	}
	name[length] = '\0';
}

/* Puts what parts the words around an element. */
static void
PartWords(Cleaner *cleaner, const char *element)
{
	if (IsAmong(element, inline_elements, sizeof(inline_elements) / sizeof(inline_elements[0])))
		return;
	cleaner->text[cleaner->written++] =
		IsAmong(element, line_elements, sizeof(line_elements) / sizeof(line_elements[0])) ? '\n' : ' ';
}

/* Skips a tag, a comment, a script or a style; false where the < is a sign of the text. */
static bool
SkipMarkup(Cleaner *cleaner)
{
	size_t		at = cleaner->at + 1;
	bool		closes = at < cleaner->length && cleaner->text[at] == '/';
	char		element[ELEMENT_NAME + 1];
	size_t		end;

	if (Follows(cleaner, at, "!--"))
	{
		end = Find(cleaner, at + 3, "-->");
		cleaner->at = end < cleaner->length ? end + 3 : end;
		return true;
	}
	at += closes;
	if (at >= cleaner->length || !(IsLetter(cleaner->text[at]) ||
								   (!closes && (cleaner->text[at] == '!' || cleaner->text[at] == '?'))))
		return false;
	end = FindTagEnd(cleaner, at);
	if (end == NOWHERE)
		return false;
	ReadElement(cleaner, at, element);
	cleaner->at = end + 1;
	if (!closes && strcmp(element, "script") == 0)
		cleaner->at = Find(cleaner, cleaner->at, "</script");
	if (!closes && strcmp(element, "style") == 0)
		cleaner->at = Find(cleaner, cleaner->at, "</style");
	PartWords(cleaner, element);
	return true;
}

/* What the numbers 128 to 159 mean in pages: windows-1252 (WHATWG, HTML, numeric character references). */
static const uint16_t windows_1252[] = {
	0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
	0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178
};

static uint32_t
ReferredCharacter(uint32_t number)
{
	if (number >= 128 && number < 160)
		return windows_1252[number - 128];
	if (number == 0 || number > MAX_CODE_POINT || (number >= 0xD800 && number < 0xE000))
		return REPLACEMENT;
	return number;
}

static void
PutCharacter(Cleaner *cleaner, uint32_t code_point)
{
	if (code_point == NO_BREAK_SPACE || (code_point < ' ' && !IsSpace((char) code_point)))
		code_point = ' ';
	cleaner->written += (size_t) utf8proc_encode_char((utf8proc_int32_t) code_point,
													  (uint8_t *) cleaner->text + cleaner->written);
}

static int
DigitOf(char c, int base)
{
	if (IsDigit(c))
		return c - '0';
	c = Small(c);
	return base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "&#233;", "&#xE9;", the semicolon may be missing. */
static bool
DecodeNumber(Cleaner *cleaner)
{
	size_t		at = cleaner->at + 2;
	int			base = Follows(cleaner, at, "x") ? 16 : 10;
	size_t		first;
	uint32_t	number = 0;
	int			digit;

	at += base == 16;
	for (first = at; at < cleaner->length && (digit = DigitOf(cleaner->text[at], base)) >= 0; at++)
		if (number <= MAX_CODE_POINT)
			number = number * (uint32_t) base + (uint32_t) digit;
	if (at == first)
		return false;
	cleaner->at = at + Follows(cleaner, at, ";");
	PutCharacter(cleaner, ReferredCharacter(number));
	return true;
}

/* "&eacute;" */
static bool
DecodeName(Cleaner *cleaner)
{
	size_t		at = cleaner->at + 1;
	size_t		end = at;
	uint32_t	code_point;

	while (end < cleaner->length && end - at <= INTEREST_ENTITY_NAME &&
		   (IsLetter(cleaner->text[end]) || IsDigit(cleaner->text[end])))
		end++;
	if (!Follows(cleaner, end, ";"))
		return false;
	code_point = InterestEntity(cleaner->text + at, end - at);
	if (code_point == 0)
		return false;
	cleaner->at = end + 1;
	PutCharacter(cleaner, code_point);
	return true;
}

static void
StripHtml(Cleaner *cleaner)
{
	while (cleaner->at < cleaner->length)
	{
		char		c = cleaner->text[cleaner->at];

		CheckCancel(cleaner);
		if (c == '<' && SkipMarkup(cleaner))
			continue;
		if (c == '&' && (Follows(cleaner, cleaner->at + 1, "#") ? DecodeNumber(cleaner) : DecodeName(cleaner)))
			continue;
		cleaner->text[cleaner->written++] = c;
		cleaner->at++;
	}
}

/* --- addresses --- */

static bool
IsWordByte(char c)
{
	return IsLetter(c) || IsDigit(c) || (unsigned char) c >= 128;
}

/* Where the address that starts here ends; the place itself where none does. */
static size_t
FindUrlEnd(const Cleaner *cleaner)
{
	static const char *const starts[] = {"http://", "https://", "ftp://", "mailto:", "www."};
	size_t		least = cleaner->at;
	size_t		end;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (Follows(cleaner, cleaner->at, starts[i]))
			least = cleaner->at + strlen(starts[i]);
	if (least == cleaner->at)
		return least;
	for (end = least; end < cleaner->length; end++)
		if (IsSpace(cleaner->text[end]) || cleaner->text[end] == '\0' || strchr("<>\"", cleaner->text[end]))
			break;
	/* Punctuation behind an address is the sentence's. */
	while (end > least && strchr(".,;:!?)]}'", cleaner->text[end - 1]))
		end--;
	return end;
}

static void
StripUrls(Cleaner *cleaner)
{
	char		before = ' ';	/* the byte read last */

	while (cleaner->at < cleaner->length)
	{
		size_t		end = IsWordByte(before) ? cleaner->at : FindUrlEnd(cleaner);

		CheckCancel(cleaner);
		if (end > cleaner->at)
		{
			cleaner->at = end;
			before = cleaner->text[cleaner->written++] = ' ';
			continue;
		}
		before = cleaner->text[cleaner->at++];
		cleaner->text[cleaner->written++] = before;
	}
}

/* --- lines --- */

/* The line that starts there, with its end if it has one; empty at the end. */
static InterestSpan
LineAt(const Cleaner *cleaner, size_t at)
{
	const char *start = cleaner->text + at;
	const char *end = memchr(start, '\n', cleaner->length - at);

	return (InterestSpan) {start, end ? (size_t) (end - start) + 1 : cleaner->length - at};
}

static InterestSpan
Trim(InterestSpan line)
{
	while (line.length > 0 && IsSpace(line.data[line.length - 1]))
		line.length--;
	while (line.length > 0 && IsSpace(line.data[0]))
		line = (InterestSpan) {line.data + 1, line.length - 1};
	return line;
}

static bool
IsQuote(InterestSpan line)
{
	line = Trim(line);
	return line.length > 0 && line.data[0] == '>';
}

static bool
EndsWith(InterestSpan line, const char *end)
{
	size_t		length = strlen(end);

	return line.length >= length && memcmp(line.data + line.length - length, end, length) == 0;
}

/* "... wrote:", in some languages. */
static bool
SaysWhoWrote(InterestSpan line)
{
	static const char *const ends[] = {
		"wrote:", "writes:", "said:", "says:", "schrieb:", "\xc3\xa9" "crit:", "\xc3\xa9" "crit :",
		"\xc3\xa9" "crit\xc2\xa0:", "escribi\xc3\xb3:", "escreveu:", "scritto:", "schreef:", "skrev:",
		"\xd0\xbf\xd0\xb8\xd1\x81\xd0\xb0\xd0\xbb:"
	};

	line = Trim(line);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (EndsWith(line, ends[i]))
			return true;
	return false;
}

/* A line that "wrote:" may be the rest of. */
static bool
BeginsToSay(InterestSpan line)
{
	static const char *const starts[] = {"On ", "In ", "Am ", "Le ", "El ", "Em ", "Il ", "Op "};

	line = Trim(line);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (line.length > strlen(starts[i]) && memcmp(line.data, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* Whether the next line that is not blank is a quote. */
static bool
QuoteFollows(const Cleaner *cleaner, size_t at)
{
	InterestSpan line = LineAt(cleaner, at);

	while (line.length > 0 && Trim(line).length == 0)
	{
		at += line.length;
		line = LineAt(cleaner, at);
	}
	return IsQuote(line);
}

static void
StripQuotes(Cleaner *cleaner)
{
	InterestSpan last = {cleaner->text, 0};	/* the line written last */

	while (cleaner->at < cleaner->length)
	{
		InterestSpan line = LineAt(cleaner, cleaner->at);

		cleaner->at += line.length;
		CheckCancel(cleaner);
		if (SaysWhoWrote(line) && QuoteFollows(cleaner, cleaner->at))
		{
			if (BeginsToSay(last) && !BeginsToSay(line))
				cleaner->written -= last.length;
			last.length = 0;
			continue;
		}
		if (IsQuote(line))
		{
			last.length = 0;
			continue;
		}
		memmove(cleaner->text + cleaner->written, line.data, line.length);
		last = (InterestSpan) {cleaner->text + cleaner->written, line.length};
		cleaner->written += line.length;
	}
}

/* RFC 3676, section 4.3; the space at its end is often lost. */
static bool
IsSignatureMark(InterestSpan line)
{
	return line.length >= 2 && line.data[0] == '-' && line.data[1] == '-' && Trim(line).length == 2;
}

static void
StripSignature(Cleaner *cleaner)
{
	bool		has_text = false;

	while (cleaner->at < cleaner->length)
	{
		InterestSpan line = LineAt(cleaner, cleaner->at);

		CheckCancel(cleaner);
		if (has_text && IsSignatureMark(line))
			break;
		has_text = has_text || Trim(line).length > 0;
		cleaner->at += line.length;
	}
	cleaner->written = cleaner->at;
}

/* --- all --- */

/* As the tokenizer has it, which is of one version of Unicode. */
static InterestSpan
MakeSmall(InterestSpan text, InterestArena *arena)
{
	const InterestTokenizerOptions options = {.lowercase = true};
	InterestWriter counter = {NULL, 0};
	InterestWriter writer = {NULL, 0};

	InterestNormalize(&options, text.data, text.length, &counter);
	InterestCheckCancel(arena->host);
	writer.buffer = InterestArenaAllocate(arena, counter.length);
	InterestNormalize(&options, text.data, text.length, &writer);
	return (InterestSpan) {(const char *) writer.buffer, writer.length};
}

InterestSpan
InterestCleanText(unsigned cleanings, InterestSpan text, InterestArena *arena)
{
	static const struct
	{
		InterestCleaning cleaning;
		void		(*strip) (Cleaner *cleaner);
	}			passes[] =
	{
		{INTEREST_CLEAN_HTML, StripHtml},
		{INTEREST_CLEAN_URLS, StripUrls},
		{INTEREST_CLEAN_QUOTES, StripQuotes},
		{INTEREST_CLEAN_SIGNATURE, StripSignature}
	};
	Cleaner		cleaner = {.host = arena->host, .written = text.length};

	if (text.data == NULL || cleanings == 0)
		return text;
	cleaner.text = InterestArenaAllocate(arena, text.length);
	memcpy(cleaner.text, text.data, text.length);
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
	{
		if ((cleanings & passes[i].cleaning) == 0)
			continue;
		Rewind(&cleaner);
		passes[i].strip(&cleaner);
	}
	text = (InterestSpan) {cleaner.text, cleaner.written};
	return cleanings & INTEREST_CLEAN_LOWERCASE ? MakeSmall(text, arena) : text;
}

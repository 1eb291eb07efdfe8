/*
 * picture_test.c
 *	  Markup that no label breaks, numbers and dates, where labels are cut, and
 *	  pictures that are well formed whatever they are of.
 */
#include "check.h"

#include "core/picture/page.h"

#include <math.h>
#include <stdio.h>

static InterestArena arena;

/* What was put, as a string. */
static const char *
Text(InterestMarkup *markup)
{
	InterestPutBytes(markup, "", 1);
	return markup->data;
}

static const char *
Escaped(const char *text, size_t length)
{
	InterestMarkup markup;

	InterestMarkupBegin(&markup, &arena);
	InterestPutEscaped(&markup, (InterestSpan) {text, length});
	return Text(&markup);
}

static const char *
Label(const char *text, double ems)
{
	InterestMarkup markup;

	InterestMarkupBegin(&markup, &arena);
	(void) InterestPutLabel(&markup, InterestSpanOf(text), ems);
	return Text(&markup);
}

static const char *
Decimal(double number, int decimals)
{
	InterestMarkup markup;

	InterestMarkupBegin(&markup, &arena);
	InterestPutDecimal(&markup, number, decimals);
	return Text(&markup);
}

static const char *
Time(double time)
{
	InterestMarkup markup;

	InterestMarkupBegin(&markup, &arena);
	InterestPutTime(&markup, time, true);
	return Text(&markup);
}

static void
TestNumbers(void)
{
	InterestMarkup markup;

	CHECK_STRING(Decimal(0, 0), "0");
	CHECK_STRING(Decimal(0, 2), "0.00");
	CHECK_STRING(Decimal(0.005, 2), "0.00");
	CHECK_STRING(Decimal(12.345, 1), "12.3");
	CHECK_STRING(Decimal(-0.051, 2), "\xE2\x88\x92" "0.05");
	CHECK_STRING(Decimal(-0.001, 2), "0.00");
	CHECK_STRING(Decimal(NAN, 2), "\xE2\x80\x93");
	CHECK_STRING(Decimal(INFINITY, 2), "\xE2\x80\x93");
	CHECK_STRING(Decimal(1e300, 2), "10000000000000.00");
	InterestMarkupBegin(&markup, &arena);
	InterestPutShape(&markup, "M~ ~h~ ~", 1, -2.04, 0.25, 3.96, 7);
	CHECK_STRING(Text(&markup), "M1 -2h0.2 4");
	InterestMarkupBegin(&markup, &arena);
	InterestPutShape(&markup, "~ ~", NAN);
	CHECK_STRING(Text(&markup), "0 ~");
}

static void
TestTimes(void)
{
	CHECK_STRING(Time(0), "2000-01-01 00:00");
	CHECK_STRING(Time(-1), "1999-12-31 23:59");
	CHECK_STRING(Time(INT64_C(60000000) * 1440 * 59 + 61 * INT64_C(60000000)), "2000-02-29 01:01");
	CHECK_STRING(Time(INT64_C(86400000000) * 366 - 1), "2000-12-31 23:59");
	CHECK_STRING(Time(-1e300), Time(-9e18));
	CHECK_STRING(Time(NAN), "2000-01-01 00:00");
	CHECK_STRING(Time(INT64_C(86400000000) * -730119), "0001-01-01 00:00");
}

static void
TestEscapes(void)
{
	static const char *const hostile = "<script>alert('1')</script>&\"";

	CHECK_STRING(Escaped(hostile, strlen(hostile)), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;");
	CHECK_STRING(Escaped(" a\r\n\t\x01 b\xC2\x85\xE2\x80\xA8 ", 13), "a b");
	CHECK_STRING(Escaped("a\0b", 3), "a b");
	/* an override of the direction, a mark, a soft hyphen */
	CHECK_STRING(Escaped("\xE2\x80\xAE" "a\xE2\x80\x8F" "b\xC2\xAD" "c", 11), "abc");
	/* what is not UTF-8, and U+FFFE, which XML forbids */
	CHECK_STRING(Escaped("a\xFF\xEF\xBF\xBE" "b", 6), "a\xEF\xBF\xBD" "b");
	CHECK_STRING(Escaped(NULL, 0), "");
	/* Hebrew, and a family that joiners make */
	CHECK_STRING(Escaped("\xD7\xA9\xD7\x9C", 4), "\xD7\xA9\xD7\x9C");
	CHECK_STRING(Escaped("\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", 11), "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9");
}

#define FAMILY "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7"
#define ELLIPSIS "\xE2\x80\xA6"

static void
TestLabels(void)
{
	char	   *accents = InterestArenaArray(&arena, char, 20001);

	CHECK_STRING(Label("news", 10), "news");
	CHECK_STRING(Label("abcdefghij", 3.4), "abcd" ELLIPSIS);
	CHECK_STRING(Label("<<<<<<<<<<", 3.4), "&lt;&lt;&lt;&lt;" ELLIPSIS);
	/* between whole emoji, never within one; wide enough, nothing is cut */
	CHECK_STRING(Label(FAMILY FAMILY FAMILY, 2.2), FAMILY ELLIPSIS);
	CHECK_STRING(Label(FAMILY FAMILY FAMILY, 3.7), FAMILY FAMILY FAMILY);
	/* a letter with its accent */
	CHECK_STRING(Label("e\xCC\x81" "e\xCC\x81" "e\xCC\x81", 1.6), "e\xCC\x81" ELLIPSIS);
	CHECK_STRING(Label("", 10), "");
	/* a letter with ten thousand accents ends */
	for (int i = 0; i < 10000; i++)
		memcpy(accents + 2 * i, "\xCC\x81", 2);
	accents[20000] = '\0';
	CHECK(strlen(Label(accents, 10)) < 10000);
	CHECK_NEAR(InterestTextWidth(InterestSpanOf("  ab   c  ")), 0.6 + 0.6 + 0.35 + 0.6, 1e-9);
	CHECK_NEAR(InterestTextWidth(InterestSpanOf(FAMILY)), 1.2, 1e-9);
	CHECK_INTEGER(InterestTextDirection(InterestSpanOf("1. \xD7\xA9 a")), -1);
	CHECK_INTEGER(InterestTextDirection(InterestSpanOf("1. a \xD7\xA9")), 1);
	CHECK_INTEGER(InterestTextDirection(InterestSpanOf("1.")), 0);
}

/*
 * Whether tags are closed in order, attributes quoted, and nothing else has a
 * bare < or &: as much of XML as is written here.
 */
static bool
WellFormed(const char *at)
{
	char		open[32][16];
	int			depth = 0;

	while (*at)
	{
		size_t		length;

		if (*at == '&' && strncmp(at, "&amp;", 5) != 0 && strncmp(at, "&lt;", 4) != 0 && strncmp(at, "&gt;", 4) != 0 &&
			strncmp(at, "&quot;", 6) != 0 && strncmp(at, "&#39;", 5) != 0)
			return false;
		if (*at++ != '<')
			continue;
		if (*at == '/')
		{
			length = strcspn(++at, ">");
			if (depth == 0 || strlen(open[depth - 1]) != length || strncmp(open[depth - 1], at, length) != 0)
				return false;
			depth--;
			at += length;
			continue;
		}
		length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789");
		if (length == 0 || length > 15 || depth == 32)
			return false;
		memcpy(open[depth], at, length);
		open[depth++][length] = '\0';
		for (at += length; *at != '>'; at++)
		{
			if (*at == '"')
				at += 1 + strcspn(at + 1, "\"<");
			if (*at == '\0' || *at == '<')
				return false;
			if (at[0] == '/' && at[1] == '>')
				depth--;
		}
	}
	return depth == 0;
}

static void
CheckPicture(InterestMarkup *markup, const char *what)
{
	const char *text = Text(markup);

	if (!CHECK(WellFormed(text)))
		printf("# not well formed: %s\n", what);
	CHECK(strncmp(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"interest-picture\" role=\"img\" viewBox=\"0 0 380 ", 89) == 0);
	CHECK(strstr(text, "</title><desc>") != NULL && strstr(text, "<desc></desc>") == NULL);
	CHECK(strstr(text, "<script") == NULL && strstr(text, "nan") == NULL && strstr(text, "inf") == NULL);
	CHECK(strstr(strchr(text, '>'), "http") == NULL && strstr(text, "url(") == NULL);
}

static InterestSpan labels[] = {
	{"<script>alert(1)</script>", 25}, {"\"'&]]>", 6}, {"", 0}, {"\xD7\xA9\xD7\x9C\xE2\x80\xAE", 7}, {FAMILY, 18}, {"a\x01\x1B[0m", 6}
};

static const double x[] = {0, 0.1, 0.5, 1};
static const double y[] = {0, NAN, 0.5, 1};
static const double flat[] = {2, 2, 2, 2};
static const double none[] = {NAN, NAN, NAN, NAN};
static const double huge[] = {-1.7e308, 1.7e308, 1e9, INFINITY};

static void
TestChart(void)
{
	const double *const columns[] = {x, y, flat, none, huge};

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5; j++)
			for (int form = 0; form < 8; form++)
			{
				InterestCurve curves[] = {{labels[i], 4, columns[i], columns[j], NAN, 2}, {labels[j], j, x, columns[j], 0.5, 3}};
				InterestChart chart = {
					.title = labels[form % 6], .x_title = "x", .y_title = "y", .axis = form < 4 ? (InterestAxis) (form % 3) : 0,
					.unit = form == 4, .y_unit = form == 5, .points = form >= 6, .curve_count = form % 3, .curves = curves, .description = "What it is."
				};
				InterestMarkup markup;

				InterestMarkupBegin(&markup, &arena);
				InterestDrawChart(&chart, &markup);
				CheckPicture(&markup, "chart");
			}
}

static void
TestHistory(void)
{
	static const char *const lines[] = {"all", "fine"};
	static const double times[] = {0, 1e12, 2e15};
	static const double values[] = {0, 0.5, 1, 0.25, 0.25, 0.25, 0, 0, 0, NAN, NAN, NAN};

	for (int count = 1; count <= 3; count += 2)
	{
		InterestHistory history = {labels[0], count, times, 2, labels + 1, 2, lines, values};
		InterestMarkup markup;

		InterestMarkupBegin(&markup, &arena);
		InterestDrawHistory(&history, &markup);
		CheckPicture(&markup, "history");
		CHECK(strstr(markup.data, "all 0.00 to ") != NULL);
	}
}

static void
TestWaterfall(void)
{
	static const double values[][3] = {{1, -2, 0.5}, {0, 0, 0}, {-1, -1, -1}, {1e9, -1e9, 1e-9}};

	for (int i = 0; i < 4; i++)
	{
		InterestStep steps[3];
		InterestWaterfall waterfall = {labels[i], {InterestSpanOf("prior"), values[i][0], {NULL, 0}}, i, steps, "sum"};
		InterestMarkup markup;

		for (int s = 0; s < 3; s++)
			steps[s] = (InterestStep) {labels[s], values[i][s], labels[i]};
		InterestMarkupBegin(&markup, &arena);
		InterestDrawWaterfall(&waterfall, &markup);
		CheckPicture(&markup, "waterfall");
	}
}

static void
TestWords(void)
{
	static InterestStep words[INTEREST_MOST_WORDS + 50];
	char	   *wide = InterestArenaArray(&arena, char, 10000);

	memset(wide, 'w', 10000);
	for (int i = 0; i < INTEREST_MOST_WORDS + 50; i++)
		words[i] = (InterestStep) {labels[i % 6], i % 3 ? i % 7 - 3 : NAN, {NULL, 0}};
	words[3].label = (InterestSpan) {wide, 10000};
	for (int count = 0; count <= INTEREST_MOST_WORDS + 50; count += 50)
	{
		InterestShadedText text = {labels[1], count, words + count % 4, count % 100 ? NULL : "A note."};
		InterestMarkup markup;

		text.count = count > INTEREST_MOST_WORDS + 46 ? INTEREST_MOST_WORDS + 46 : count;
		InterestMarkupBegin(&markup, &arena);
		InterestDrawText(&text, &markup);
		if (count == 0)
			InterestPut(&markup, "");
		CHECK(WellFormed(Text(&markup)));
		CHECK((strstr(markup.data, "and more words") != NULL) == (count > INTEREST_MOST_WORDS));
	}
}

/* From the right where the first word that says so is read from there. */
static void
TestDirection(void)
{
	InterestStep words[] = {{InterestSpanOf("\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"), 1, {NULL, 0}}, {InterestSpanOf("abc"), -1, {NULL, 0}}};
	InterestShadedText text = {labels[1], 2, words, NULL};
	InterestMarkup markup;

	InterestMarkupBegin(&markup, &arena);
	InterestDrawText(&text, &markup);
	CheckPicture(&markup, "words");
	CHECK(strstr(markup.data, "class=\"word\" x=\"336.2\"") != NULL);
	/* and from the left where an earlier one is */
	words[0].label = words[1].label;
	words[1].label = InterestSpanOf("\xD7\xA9");
	InterestMarkupBegin(&markup, &arena);
	InterestDrawText(&text, &markup);
	CHECK(strstr(Text(&markup), "class=\"word\" x=\"10\"") != NULL);
}

static void
TestMatrix(void)
{
	double		weight[INTEREST_MOST_CELLS * INTEREST_MOST_CELLS];
	double		samples[INTEREST_MOST_CELLS];
	InterestSpan names[INTEREST_MOST_CELLS];

	for (int count = 0; count <= INTEREST_MOST_CELLS; count++)
	{
		InterestMatrix matrix = {labels[0], count, names, weight, samples};
		InterestMarkup markup;

		for (int i = 0; i < count; i++)
		{
			names[i] = labels[i % 6];
			samples[i] = i * 1000;
			for (int j = 0; j < count; j++)
				weight[i * count + j] = i == 1 ? 0 : (i + j) % 4;
		}
		InterestMarkupBegin(&markup, &arena);
		InterestDrawMatrix(&matrix, &markup);
		CheckPicture(&markup, "matrix");
	}
}

/* Points on a line in space: all of the variance is the first component's, and places are kept. */
static void
TestMap(void)
{
	float		vectors[5 * 4];
	static const int groups[] = {0, 1, 2, 3, 4};
	InterestMap map = {labels[0], 5, 4, vectors, groups, labels, 5, labels, "users"};
	InterestMarkup markup;

	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 4; j++)
			vectors[i * 4 + j] = (float) (i * (j + 1));
	InterestMarkupBegin(&markup, &arena);
	CHECK(InterestDrawMap(&map, &markup));
	CheckPicture(&markup, "map");
	CHECK(strstr(markup.data, "5 users by the two principal components of their vectors, which show 100 % and 0 %") != NULL);
	map.names = NULL;
	memset(vectors, 0, sizeof(vectors));
	InterestMarkupBegin(&markup, &arena);
	CHECK(InterestDrawMap(&map, &markup));
	CheckPicture(&markup, "map of one place");
	map.count = 1;
	InterestMarkupBegin(&markup, &arena);
	CHECK(InterestDrawMap(&map, &markup));
	vectors[0] = NAN;
	CHECK(!InterestDrawMap(&map, &markup));
}

static void
TestPage(void)
{
	static const char *const headings[] = {"a", "b", "c"};
	InterestTable table = {"A \"table\"", 3, headings, 2, labels, true};
	InterestMarkup markup;

	InterestMarkupBegin(&markup, &arena);
	InterestPageBegin(&markup, labels[0], labels[1]);
	InterestPageHeading(&markup, "A heading");
	InterestPageParagraph(&markup, labels[0]);
	InterestPageTable(&markup, &table);
	table.headings = NULL;
	table.rows = 0;
	InterestPageTable(&markup, &table);
	InterestPageBeginPictures(&markup);
	InterestPageEndPictures(&markup);
	InterestPageEnd(&markup);
	CHECK(strncmp(Text(&markup), "<!DOCTYPE html>\n<html lang=\"en\">", 32) == 0);
	CHECK(WellFormed(markup.data + 16));
	CHECK(strstr(markup.data, "<script") == NULL && strstr(markup.data, "http:") == NULL && strstr(markup.data, "https:") == NULL);
	CHECK(strstr(markup.data, "<tr><th scope=\"row\">&lt;script&gt;alert(1)&lt;/script&gt;</th><td>&quot;&#39;&amp;]]&gt;</td><td></td></tr>") != NULL);
}

int
main(void)
{
	InterestArenaInit(&arena, CheckHost(), 1 << 20);
	TestNumbers();
	TestTimes();
	TestEscapes();
	TestLabels();
	TestChart();
	TestHistory();
	TestWaterfall();
	TestWords();
	TestDirection();
	TestMatrix();
	TestMap();
	TestPage();
	InterestArenaFree(&arena);
	return CheckReport("picture");
}

/*
 * clean_test.c
 *	  What is left out of a text: markup, addresses, quotes, signatures.
 */
#include "check.h"

#include "core/base/random.h"
#include "core/text/clean.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static InterestArena arena;

static InterestSpan
Clean(unsigned cleanings, const char *text, size_t length)
{
	return InterestCleanText(cleanings, (InterestSpan) {text, length}, &arena);
}

static void
Check(unsigned cleanings, const char *text, const char *expected)
{
	InterestSpan cleaned = Clean(cleanings, text, strlen(text));
	char		copy[1024] = {0};

	memcpy(copy, cleaned.data, cleaned.length);
	CHECK_STRING(copy, expected);
}

static void
TestTags(void)
{
	Check(INTEREST_CLEAN_HTML, "<p>A <b>bold</b>er <i>wo</i>rd</p>next", "\nA bolder word\nnext");
	Check(INTEREST_CLEAN_HTML, "one<br/>two<td>three<IMG src='a>b' alt=\"x>y\">four", "one\ntwo three four");
	Check(INTEREST_CLEAN_HTML, "a < b, 1<2, <3 and x <- y <", "a < b, 1<2, <3 and x <- y <");
	Check(INTEREST_CLEAN_HTML, "a<!-- hidden > --- -->b<!-- open", "ab");
	Check(INTEREST_CLEAN_HTML, "a<script type=x>if (1 < 2) '</b>'</SCRIPT >b", "a  b");
	Check(INTEREST_CLEAN_HTML, "a<style>p > q {}</style>b<script>never closed", "a  b ");
	Check(INTEREST_CLEAN_HTML, "<!DOCTYPE html><?xml version='1.0'?>x", "  x");
	Check(INTEREST_CLEAN_HTML, "no end <a href=\"x", "no end <a href=\"x");
	Check(INTEREST_CLEAN_HTML, "quote open <a href=\"x>y</a>z", "quote open yz");
	Check(INTEREST_CLEAN_HTML, "don't <em>don't</em> <p don't>x", "don't don't \nx");
	Check(INTEREST_CLEAN_HTML, "<averyveryverylongelement>x</averyveryverylongelement>", " x ");
	Check(INTEREST_CLEAN_HTML, "", "");
	Check(INTEREST_CLEAN_HTML, "<b></b>", "");
}

static void
TestEntities(void)
{
	Check(INTEREST_CLEAN_HTML, "R&amp;D &lt;b&gt; &eacute;t&Eacute; &euro;", "R&D <b> \xc3\xa9t\xc3\x89 \xe2\x82\xac");
	Check(INTEREST_CLEAN_HTML, "&amp;lt;b&amp;gt; &amp;amp;", "&lt;b&gt; &amp;");	/* once, not twice */
	Check(INTEREST_CLEAN_HTML, "a&nbsp;b&#160;c&#xA0;d&#7;e&#10;f", "a b c d e\nf");
	Check(INTEREST_CLEAN_HTML, "&#233;&#xe9;&#XE9;&#233 &#x1F600;", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xf0\x9f\x98\x80");
	Check(INTEREST_CLEAN_HTML, "it&#146;s &#128;", "it\xe2\x80\x99s \xe2\x82\xac");
	Check(INTEREST_CLEAN_HTML, "&#0;&#xD800;&#x110000;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	Check(INTEREST_CLEAN_HTML, "AT&T & &; &# &#; &#x; &unknown; &amp &ampersandal;", "AT&T & &; &# &#; &#x; &unknown; &amp &ampersandal;");
	Check(INTEREST_CLEAN_HTML, "&AElig;&zwnj;&thetasym;", "\xc3\x86\xe2\x80\x8c\xcf\x91");	/* first, last, longest */
	Check(INTEREST_CLEAN_HTML, "&lt;script&gt;x&lt;/script&gt;", "<script>x</script>");
}

static void
TestUrls(void)
{
	Check(INTEREST_CLEAN_URLS, "see http://a.org/b?c=d&e#f, (HTTPS://x.y) and www.z.com.", "see  , ( ) and  .");
	Check(INTEREST_CLEAN_URLS, "mailto:a@b.c ftp://x <http://y> \"http://z\"", "    < > \" \"");
	Check(INTEREST_CLEAN_URLS, "xhttp://a awww.b \xc3\xa9www.c http:/d http www", "xhttp://a awww.b \xc3\xa9www.c http:/d http www");
	Check(INTEREST_CLEAN_URLS, "http://", " ");
	Check(INTEREST_CLEAN_URLS, "www....", " ...");
	Check(INTEREST_CLEAN_HTML | INTEREST_CLEAN_URLS, "<a href='http://a.org'>read http://a.org&gt;</a>x", "read  >x");
}

static void
TestQuotes(void)
{
	Check(INTEREST_CLEAN_QUOTES, "> old\n>> older\nnew > old\n  > indented\nend", "new > old\nend");
	Check(INTEREST_CLEAN_QUOTES, "hi\nIn article <1@x>, a@b (A B) writes:\n\n> old\nnew", "hi\n\nnew");
	Check(INTEREST_CLEAN_QUOTES, "On Monday, A B <a@b.c>\nwrote:\r\n> old\nnew", "new");
	Check(INTEREST_CLEAN_QUOTES, "before\nA B wrote:\n> old", "before\n");
	Check(INTEREST_CLEAN_QUOTES, "On his desk\nA B wrote:\nnothing", "On his desk\nA B wrote:\nnothing");
	Check(INTEREST_CLEAN_QUOTES, "On a day, A\n\n> quote\nwrote:\n> old", "On a day, A\n\n");
	Check(INTEREST_CLEAN_QUOTES, "Le 5 mai, A a \xc3\xa9" "crit :\n>x\ny", "y");
	Check(INTEREST_CLEAN_HTML | INTEREST_CLEAN_QUOTES, "<p>&gt; old<br>new</p>", "\nnew\n");
	Check(INTEREST_CLEAN_QUOTES, ">", "");
	Check(INTEREST_CLEAN_QUOTES, "wrote:", "wrote:");
}

static void
TestSignature(void)
{
	Check(INTEREST_CLEAN_SIGNATURE, "text\n-- \nA B\n-- \nmore", "text\n");
	Check(INTEREST_CLEAN_SIGNATURE, "text\n--\r\nA B", "text\n");
	Check(INTEREST_CLEAN_SIGNATURE, "text -- more\n --\n---\n-- x\n--x", "text -- more\n --\n---\n-- x\n--x");
	Check(INTEREST_CLEAN_SIGNATURE, "\n-- \ntext", "\n-- \ntext");
	Check(INTEREST_CLEAN_SIGNATURE, "text\n--", "text\n");
	Check(INTEREST_CLEAN_QUOTES | INTEREST_CLEAN_SIGNATURE, "> q\n-- \ntext", "-- \ntext");
}

static void
TestLowercase(void)
{
	Check(INTEREST_CLEAN_LOWERCASE, "A Quiet \xc3\x89T\xc3\x89 \xd0\xaf [SEP] \xc8\xba", "a quiet \xc3\xa9t\xc3\xa9 \xd1\x8f [sep] \xe2\xb1\xa5");
	Check(INTEREST_CLEAN_ALL, "<B>READ</B> WWW.X.ORG &Eacute;\n> OLD\n-- \nA", "read   \xc3\xa9\n");
}

static void
TestNone(void)
{
	const char *text = "<b>";
	InterestSpan cleaned = InterestCleanText(INTEREST_CLEAN_ALL, (InterestSpan) {NULL, 0}, &arena);

	CHECK(cleaned.data == NULL);
	cleaned = Clean(0, text, 3);
	CHECK(cleaned.data == text && cleaned.length == 3);
	for (int i = 1; i <= INTEREST_CLEAN_ALL; i *= 2)
		CHECK(InterestCleaningName((InterestCleaning) i) != NULL);
	CHECK(InterestCleaningName((InterestCleaning) (INTEREST_CLEAN_ALL + 1)) == NULL);
}

/* Pieces over and over: what takes time that grows faster than the text would take hours. */
static void
TestHostile(void)
{
	static const char *const pieces[] = {
		"<", "<a", "<a ", "<a b=\"", "<a b='\"", "<a b='>", "<!--", "<!", "</", "<script>", "<style", "<script></script", "&", "&#", "&#x",
		"&a", "&amp;", "&#1", "http://", "www.", "http://)", "www. ", ">", "wrote:\n", "On x\nwrote:\n", "\n", "wrote:\n\n", "--", "-- \n", "--\n--",
		"\xff", "\xc3", "\xf0\x9f", "\xed\xa0\x80", "[", "\xcc\x81", "A"
	};
	enum {SIZE = 1 << 20};
	char	   *text = malloc(SIZE);
	clock_t		start = clock();

	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		size_t		size = strlen(pieces[p]);

		for (size_t i = 0; i < SIZE; i++)
			text[i] = pieces[p][i % size];
		CHECK(Clean(INTEREST_CLEAN_ALL, text, SIZE).length <= 3 * SIZE);
		InterestArenaReturnTo(&arena, mark);
	}
	CHECK((double) (clock() - start) / CLOCKS_PER_SEC < 60.0);
	free(text);
}

/* Any order of pieces: nothing is read or written out of place. */
static void
TestMixed(void)
{
	static const char *const pieces[] = {
		"<", ">", "<a", "\"", "'", "=", "<!--", "-->", "<script>", "</script>", "</style", "<style>", "&", "#", "x41", ";", "amp", "65",
		"http://", "www.", " ", "\n", "> ", "On ", "wrote:", "-- ", "\r\n", "text", "\xc3\xa9", "\xc3", "\xff", "\xc8\xba", "\xc2\xa0"
	};
	InterestRandom random = InterestRandomKeyed(1, 2, 3, 4);

	for (int i = 0; i < 20000; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(&arena);
		uint32_t	count = InterestRandomBelow(&random, 24);
		unsigned	cleanings = InterestRandomBelow(&random, INTEREST_CLEAN_ALL + 1);
		char		text[400];
		char	   *exact;
		size_t		length = 0;

		for (uint32_t j = 0; j < count; j++)
		{
			const char *piece = pieces[InterestRandomBelow(&random, sizeof(pieces) / sizeof(pieces[0]))];

			memcpy(text + length, piece, strlen(piece));
			length += strlen(piece);
		}
		exact = malloc(length + 1);
		memcpy(exact, text, length);
		if (cleanings & INTEREST_CLEAN_LOWERCASE)
			(void) Clean(cleanings, exact, length);
		else
			CHECK(Clean(cleanings, exact, length).length <= length);
		free(exact);
		InterestArenaReturnTo(&arena, mark);
	}
}

/* The longest text that there is. */
static void
TestLong(void)
{
	enum {SIZE = 64 << 20};
	static const char piece[] = "<p>A &lt;quiet&gt; film, www.x.org\n> old\n";
	char	   *text = malloc(SIZE);
	InterestSpan cleaned;

	for (size_t i = 0; i < SIZE; i++)
		text[i] = piece[i % (sizeof(piece) - 1)];
	cleaned = Clean(INTEREST_CLEAN_HTML | INTEREST_CLEAN_URLS | INTEREST_CLEAN_QUOTES, text, SIZE);
	CHECK(cleaned.length > SIZE / 3 && cleaned.length < SIZE / 2);
	CHECK(memcmp(cleaned.data, "\nA <quiet> film,  \n\nA <", 23) == 0);
	free(text);
}

int
main(void)
{
	static void (*const tests[]) (void) = {
		TestTags, TestEntities, TestUrls, TestQuotes, TestSignature, TestLowercase, TestNone,
		TestHostile, TestMixed, TestLong
	};

	InterestArenaInit(&arena, CheckHost(), 1 << 16);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i] ();
	InterestArenaFree(&arena);
	return CheckReport("clean");
}

/*
 * page.c
 *	  One HTML page of texts, tables and pictures, which fetches nothing.
 */
#include "core/picture/page.h"

/* Ems of a cell, and of what a row of numbers is of: longer texts are cut. */
#define MOST_CELL 160
#define MOST_NAME 24

/*
 * What the page may do is nothing but show itself: should a text ever get through
 * as markup, it runs nothing and fetches nothing.  The empty icon keeps browsers
 * from asking a server for one.
 */
static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>"
	"<meta name=\"color-scheme\" content=\"light dark\"/>"
	"<link rel=\"icon\" href=\"data:,\"/>";

static const char style[] =
	"<style>"
	":root{color-scheme:light dark}"
	"body{margin:0 auto;max-width:72rem;padding:1rem;font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;"
	"background:#f4f6f8;color:#1c2430;overflow-wrap:anywhere}"
	"h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}"
	"h2{font-size:1.2rem;margin:2rem 0 .6rem}"
	"p{margin:.5rem 0;max-width:45rem}"
	".scroll{overflow-x:auto;margin:1rem 0}"
	"table{border-collapse:collapse;background:#fff;min-width:min(100%,24rem)}"
	"caption{text-align:left;color:#525c69;padding:.3rem 0}"
	"th,td{padding:.35rem .7rem;border:1px solid #d5dbe3;text-align:left;vertical-align:top;unicode-bidi:plaintext}"
	"thead th{background:#e9edf2}"
	"tbody th{font-weight:600;min-width:7rem}"
	".numeric th{overflow-wrap:break-word}"
	".numeric td,.numeric thead th+th{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
	".pictures{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));align-items:start}"
	".pictures svg{display:block;width:100%;border:1px solid #d5dbe3;border-radius:6px}"
	"@media(max-width:30rem){th,td{padding:.3rem .4rem;font-size:.85rem}tbody th{min-width:5.5rem}}"
	"@media(prefers-color-scheme:dark){"
	"body{background:#0c0f14;color:#e8ecf2}"
	"caption{color:#adb7c4}"
	"table{background:#14181f}"
	"th,td,.pictures svg{border-color:#39424f}"
	"thead th{background:#1e242d}"
	"}</style>";

void
InterestPageBegin(InterestMarkup *out, InterestSpan title, InterestSpan lead)
{
	InterestPut(out, head);
	InterestPut(out, "<title>");
	InterestPutLabel(out, title, 100);
	InterestPut(out, "</title>");
	InterestPut(out, style);
	InterestPut(out, "</head>\n<body><main>\n<h1>");
	InterestPutLabel(out, title, 100);
	InterestPut(out, "</h1>\n");
	InterestPageParagraph(out, lead);
}

void
InterestPageEnd(InterestMarkup *out)
{
	InterestPut(out, "</main></body></html>\n");
}

void
InterestPageHeading(InterestMarkup *out, const char *heading)
{
	InterestPut(out, "<h2>");
	InterestPutEscaped(out, InterestSpanOf(heading));
	InterestPut(out, "</h2>\n");
}

void
InterestPageParagraph(InterestMarkup *out, InterestSpan text)
{
	InterestPut(out, "<p dir=\"auto\">");
	InterestPutEscaped(out, text);
	InterestPut(out, "</p>\n");
}

static void
PutCell(InterestMarkup *out, const char *tag, const char *scope, InterestSpan text, double ems)
{
	InterestPut(out, "<");
	InterestPut(out, tag);
	InterestPut(out, scope);
	InterestPut(out, ">");
	InterestPutLabel(out, text, ems);
	InterestPut(out, "</");
	InterestPut(out, tag);
	InterestPut(out, ">");
}

void
InterestPageTable(InterestMarkup *out, const InterestTable *table)
{
	InterestPut(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
	InterestPutEscaped(out, InterestSpanOf(table->caption));
	InterestPut(out, table->numeric ? "\"><table class=\"numeric\"><caption>" : "\"><table><caption>");
	InterestPutEscaped(out, InterestSpanOf(table->caption));
	InterestPut(out, "</caption>\n");
	if (table->headings)
	{
		InterestPut(out, "<thead><tr>");
		for (int i = 0; i < table->columns; i++)
			PutCell(out, "th", " scope=\"col\"", InterestSpanOf(table->headings[i]), MOST_CELL);
		InterestPut(out, "</tr></thead>\n");
	}
	InterestPut(out, "<tbody>\n");
	for (int row = 0; row < table->rows; row++)
	{
		InterestPut(out, "<tr>");
		for (int i = 0; i < table->columns; i++)
			PutCell(out, i == 0 ? "th" : "td", i == 0 ? " scope=\"row\"" : "", table->cells[row * table->columns + i],
					i == 0 && table->numeric ? MOST_NAME : MOST_CELL);
		InterestPut(out, "</tr>\n");
	}
	InterestPut(out, "</tbody></table></div>\n");
}

void
InterestPageBeginPictures(InterestMarkup *out)
{
	InterestPut(out, "<div class=\"pictures\">\n");
}

void
InterestPageEndPictures(InterestMarkup *out)
{
	InterestPut(out, "</div>\n");
}

/*
 * sums.c
 *	  What adds up: a ledger as a waterfall, and the words of a text.
 */
#include "core/picture/canvas.h"

#include <math.h>

#define ROW_HEIGHT 22
#define LABEL_UNITS 160
#define BARS_LEFT (INTEREST_MARGIN + LABEL_UNITS + 8)
#define BARS_WIDTH 140

#define LINE_HEIGHT 26
#define WORD_SIZE 13.0
#define WORD_GAP 5.0

/* Shades leave the text above them readable. */
#define MOST_OPACITY 0.5

static void
PutSigned(InterestMarkup *out, double value, int decimals)
{
	if (value > 0)
		InterestPut(out, "+");
	InterestPutDecimal(out, value, decimals);
}

static void
DescribeStep(const InterestStep *step, InterestMarkup *out)
{
	InterestPutLabel(out, step->label, 60);
	if (step->detail.length > 0)
	{
		InterestPut(out, " (");
		InterestPutLabel(out, step->detail, 60);
		InterestPut(out, ")");
	}
	InterestPut(out, " ");
	PutSigned(out, step->value, 3);
	InterestPut(out, "; ");
}

/* A bar of a row, from one sum to the next, and its number. */
static void
DrawBar(const InterestFrame *frame, int row, InterestSpan label, double from, double to, bool whole, InterestMarkup *out)
{
	double		y = INTEREST_TOP + ROW_HEIGHT * row;
	double		a = InterestFrameX(frame, from < to ? from : to);
	double		b = InterestFrameX(frame, from < to ? to : from);

	InterestPutTextAt(out, whole ? "soft" : "", INTEREST_MARGIN, y + 15, label, LABEL_UNITS);
	InterestPut(out, "<rect class=\"full ");
	InterestPut(out, InterestSeriesClass(whole ? 5 : to < from));
	InterestPutShape(out, "\" x=\"~\" y=\"~\" width=\"~\" height=\"~\"/>", a, y + 3, b - a < 1 ? 1 : b - a, ROW_HEIGHT - 7);
	InterestPut(out, "<text class=\"end\" ");
	InterestPutShape(out, "x=\"~\" y=\"~\">", INTEREST_WIDTH - INTEREST_MARGIN, y + 15);
	if (whole)
		InterestPutDecimal(out, to, 2);
	else
		PutSigned(out, to - from, 2);
	InterestPut(out, "</text>\n");
}

static double
SumOf(const InterestWaterfall *waterfall)
{
	double		sum = waterfall->start.value;

	for (int i = 0; i < waterfall->step_count; i++)
		sum += waterfall->steps[i].value;
	return sum;
}

/* Everything that the sum passes, and 0. */
static InterestFrame
FrameOf(const InterestWaterfall *waterfall)
{
	double		sum = waterfall->start.value;
	InterestFrame frame = {.left = BARS_LEFT, .width = BARS_WIDTH, .x0 = fmin(0, sum), .x1 = fmax(0, sum), .y1 = 1};

	for (int i = 0; i < waterfall->step_count; i++)
	{
		sum += waterfall->steps[i].value;
		frame.x0 = fmin(frame.x0, sum);
		frame.x1 = fmax(frame.x1, sum);
	}
	if (frame.x1 <= frame.x0)
		frame.x1 = frame.x0 + 1;
	return frame;
}

void
InterestDrawWaterfall(const InterestWaterfall *waterfall, InterestMarkup *out)
{
	InterestFrame frame = FrameOf(waterfall);
	InterestStep end = {.label = InterestSpanOf(waterfall->end), .value = SumOf(waterfall)};
	double		height = INTEREST_TOP + ROW_HEIGHT * (waterfall->step_count + 2) + 8;
	double		sum = waterfall->start.value;

	InterestCanvasBegin(out, waterfall->title, height);
	DescribeStep(&waterfall->start, out);
	for (int i = 0; i < waterfall->step_count; i++)
		DescribeStep(&waterfall->steps[i], out);
	DescribeStep(&end, out);
	InterestPut(out, "bars to the right speak for it, bars to the left against it.");
	InterestCanvasDescribed(out, waterfall->title, height);
	InterestPutShape(out, "<path class=\"axis\" d=\"M~ ~v~\"/>\n", InterestFrameX(&frame, 0), INTEREST_TOP,
					 height - INTEREST_TOP - 8);
	DrawBar(&frame, 0, waterfall->start.label, 0, sum, true, out);
	for (int i = 0; i < waterfall->step_count; i++)
	{
		double		next = sum + waterfall->steps[i].value;

		DrawBar(&frame, i + 1, waterfall->steps[i].label, sum, next, false, out);
		InterestPutShape(out, "<path class=\"axis\" d=\"M~ ~v7\"/>", InterestFrameX(&frame, sum), INTEREST_TOP + ROW_HEIGHT * (i + 1) - 4);
		sum = next;
	}
	DrawBar(&frame, waterfall->step_count + 1, end.label, 0, end.value, true, out);
	InterestCanvasEnd(out);
}

/*
 * Words
 */

/* Where the next word goes. */
typedef struct Line
{
	bool		leftwards;
	double		x;				/* from the side where lines begin */
	int			line;
} Line;

/* The room of a word, its line broken where it is full; the word is at most so many units wide. */
static double
WidthOf(InterestSpan word, double most)
{
	double		width = InterestTextWidth(word) * WORD_SIZE;

	return width < most ? width : most;
}

#define LINE_WIDTH (INTEREST_WIDTH - 2 * INTEREST_MARGIN)

static void
PlaceWord(Line *line, double width)
{
	if (line->x > 0 && line->x + width > LINE_WIDTH)
	{
		line->x = 0;
		line->line++;
	}
}

/* A shade whose line below is whole where the word speaks for it, and dashed where against. */
static void
PutShade(InterestMarkup *out, int series, double x, double y, double width, double opacity)
{
	InterestPut(out, "<rect class=\"full ");
	InterestPut(out, InterestSeriesClass(series));
	InterestPut(out, "\" fill-opacity=\"");
	InterestPutDecimal(out, opacity, 2);
	InterestPutShape(out, "\" x=\"~\" y=\"~\" width=\"~\" height=\"~\"/>", x - 1.5, y - 14, width + 3, 19);
	InterestPut(out, "<path class=\"line ");
	InterestPut(out, InterestSeriesClass(series));
	InterestPutShape(out, "\" d=\"M~ ~h~\"/>", x - 1.5, y + 5, width + 3);
}

static void
DrawWord(const InterestStep *word, double largest, Line *line, InterestMarkup *out)
{
	double		width = WidthOf(word->label, LINE_WIDTH);
	double		x;
	double		y;

	PlaceWord(line, width);
	x = line->leftwards ? INTEREST_WIDTH - INTEREST_MARGIN - line->x - width : INTEREST_MARGIN + line->x;
	y = INTEREST_TOP + 16 + LINE_HEIGHT * line->line;
	if (!isnan(word->value) && fabs(word->value) > largest / 50)
		PutShade(out, word->value < 0, x, y, width, MOST_OPACITY * fabs(word->value) / largest);
	InterestPutShape(out, "<text class=\"word\" x=\"~\" y=\"~\" textLength=\"~\" lengthAdjust=\"spacingAndGlyphs\">", x, y, width);
	InterestPutLabel(out, word->label, width / WORD_SIZE + 0.01);
	InterestPut(out, "</text>\n");
	line->x += width + WORD_GAP;
}

/* The number of the last line, and the base direction: that of the first word that has one. */
static Line
LayOut(const InterestShadedText *text, int count)
{
	Line		line = {false, 0, 0};

	for (int i = 0; i < count; i++)
	{
		double		width = WidthOf(text->words[i].label, LINE_WIDTH);

		PlaceWord(&line, width);
		line.x += width + WORD_GAP;
	}
	for (int i = 0, direction = 0; i < count && direction == 0; i++)
	{
		direction = InterestTextDirection(text->words[i].label);
		line.leftwards = direction < 0;
	}
	return line;
}

static void
DescribeWords(const InterestShadedText *text, int count, InterestMarkup *out)
{
	for (int i = 0; i < count; i++)
	{
		InterestPutLabel(out, text->words[i].label, 60);
		if (!isnan(text->words[i].value))
		{
			InterestPut(out, " (");
			PutSigned(out, text->words[i].value, 3);
			InterestPut(out, ")");
		}
		InterestPut(out, " ");
	}
	if (count < text->count)
		InterestPut(out, "and more words. ");
	if (text->note)
		InterestPut(out, text->note);
}

static void
PutShadeLegend(InterestMarkup *out, int series, double x, double y, const char *label)
{
	PutShade(out, series, x, y, 24, MOST_OPACITY);
	InterestPutTextAt(out, "", x + 34, y, InterestSpanOf(label), INTEREST_WIDTH);
}

void
InterestDrawText(const InterestShadedText *text, InterestMarkup *out)
{
	int			count = text->count < INTEREST_MOST_WORDS ? text->count : INTEREST_MOST_WORDS;
	Line		line = LayOut(text, count);
	double		bottom = INTEREST_TOP + LINE_HEIGHT * (line.line + 1) + 10;
	double		height = bottom + 24 + (text->note ? 20 : 0);
	double		largest = 0;

	for (int i = 0; i < count; i++)
		if (!isnan(text->words[i].value))
			largest = fmax(largest, fabs(text->words[i].value));
	InterestCanvasBegin(out, text->title, height);
	DescribeWords(text, count, out);
	InterestCanvasDescribed(out, text->title, height);
	line = (Line) {line.leftwards, 0, 0};
	for (int i = 0; i < count; i++)
		DrawWord(&text->words[i], largest, &line, out);
	PutShadeLegend(out, 0, INTEREST_MARGIN + 2, bottom + 14, "speaks for it");
	PutShadeLegend(out, 1, INTEREST_MARGIN + 152, bottom + 14, count < text->count ? "against it; and more words" : "against it");
	if (text->note)
		InterestPutTextAt(out, "soft", INTEREST_MARGIN, bottom + 36, InterestSpanOf(text->note), LINE_WIDTH);
	InterestCanvasEnd(out);
}

/*
 * canvas.c
 *	  What all pictures begin and end with, and are drawn by.
 */
#include "core/picture/canvas.h"

#include <math.h>

/* Units an em: 14, and bold letters are wider than those that widths are of. */
#define HEADING_SIZE 17.5

/* Points nearer than this to the last one drawn are not. */
#define LEAST_MOVE 0.7

/*
 * Every picture has all of it, so that it can be shown by itself.  Colours are
 * by class, a dash or a mark with each; on both papers they have a contrast of
 * at least 4.5.
 */
static const char style[] =
	"<style>"
	".interest-picture{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;font-size:12px}"
	".interest-picture text{fill:#1c2430}"
	".interest-picture .head{font-size:14px;font-weight:600}"
	".interest-picture .word{font-size:13px}"
	".interest-picture .soft{fill:#525c69}"
	".interest-picture .middle{text-anchor:middle}"
	".interest-picture .end{text-anchor:end}"
	".interest-picture .paper{fill:#fff}"
	".interest-picture .grid{stroke:#d5dbe3;fill:none}"
	".interest-picture .axis{stroke:#7b8694;fill:none}"
	".interest-picture .line{stroke:currentColor;fill:none;stroke-width:2;stroke-linejoin:round}"
	".interest-picture .full{fill:currentColor}"
	".interest-picture .s0{color:#0b62b0}"
	".interest-picture .s1{color:#b3470b;stroke-dasharray:7 3}"
	".interest-picture .s2{color:#0a7a58;stroke-dasharray:2 3}"
	".interest-picture .s3{color:#9b2f87;stroke-dasharray:9 3 2 3}"
	".interest-picture .s4{color:#7a6200;stroke-dasharray:4 2}"
	".interest-picture .s5{color:#4d53c9;stroke-dasharray:12 4}"
	"@media(prefers-color-scheme:dark){"
	".interest-picture text{fill:#e8ecf2}"
	".interest-picture .soft{fill:#adb7c4}"
	".interest-picture .paper{fill:#14181f}"
	".interest-picture .grid{stroke:#39424f}"
	".interest-picture .axis{stroke:#8490a0}"
	".interest-picture .s0{color:#6cb4ff}"
	".interest-picture .s1{color:#ffa366}"
	".interest-picture .s2{color:#4fd1a5}"
	".interest-picture .s3{color:#f08fdc}"
	".interest-picture .s4{color:#e3c64a}"
	".interest-picture .s5{color:#a9abff}"
	"}</style>";

static const char *const series_classes[INTEREST_MOST_CURVES] = {"s0", "s1", "s2", "s3", "s4", "s5"};

/* Shapes around 0, 0; a circle is all arcs. */
static const char *const marks[INTEREST_MOST_CURVES] = {
	"m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
	"m-3 -3h6v6h-6z",
	"m0 -4l4 7h-8z",
	"m0 -4.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z",
	"m-1.3 -4h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7v-2.6h2.7z",
	"m0 4l-4 -7h8z",
};

void
InterestCanvasBegin(InterestMarkup *out, InterestSpan title, double height)
{
	InterestPutShape(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"interest-picture\" role=\"img\" viewBox=\"0 0 ~ ~\"><title>",
					 INTEREST_WIDTH, height);
	InterestPutLabel(out, title, 120);
	InterestPut(out, "</title><desc>");
}

void
InterestCanvasDescribed(InterestMarkup *out, InterestSpan title, double height)
{
	InterestPut(out, "</desc>");
	InterestPut(out, style);
	InterestPutShape(out, "<rect class=\"paper\" width=\"~\" height=\"~\"/>", INTEREST_WIDTH, height);
	InterestPut(out, "<text class=\"head\" ");
	InterestPutShape(out, "x=\"~\" y=\"~\">", INTEREST_MARGIN, 20);
	InterestPutLabel(out, title, (INTEREST_WIDTH - 2 * INTEREST_MARGIN) / HEADING_SIZE);
	InterestPut(out, "</text>\n");
}

void
InterestCanvasEnd(InterestMarkup *out)
{
	InterestPut(out, "</svg>\n");
}

static void
BeginText(InterestMarkup *out, const char *class, double x, double y)
{
	InterestPut(out, "<text class=\"");
	InterestPut(out, class);
	InterestPutShape(out, "\" x=\"~\" y=\"~\">", x, y);
}

void
InterestPutTextAt(InterestMarkup *out, const char *class, double x, double y, InterestSpan text, double units)
{
	BeginText(out, class, x, y);
	InterestPutLabel(out, text, units / INTEREST_FONT_SIZE);
	InterestPut(out, "</text>\n");
}

void
InterestPutDecimalAt(InterestMarkup *out, const char *class, double x, double y, double number, int decimals)
{
	BeginText(out, class, x, y);
	InterestPutDecimal(out, number, decimals);
	InterestPut(out, "</text>\n");
}

const char *
InterestSeriesClass(int series)
{
	return series_classes[series % INTEREST_MOST_CURVES];
}

void
InterestPutMark(InterestMarkup *out, int series, double x, double y)
{
	InterestPut(out, "<path class=\"full ");
	InterestPut(out, InterestSeriesClass(series));
	InterestPutShape(out, "\" d=\"M~ ~", x, y);
	InterestPut(out, marks[series % INTEREST_MOST_CURVES]);
	InterestPut(out, "\"/>");
}

void
InterestPutLegend(InterestMarkup *out, int series, bool mark, double y, InterestSpan label, double figure, int decimals)
{
	double		units = INTEREST_WIDTH - 60 - INTEREST_MARGIN;

	if (mark)
		InterestPutMark(out, series, 30, y - 4);
	else
	{
		InterestPut(out, "<path class=\"line ");
		InterestPut(out, InterestSeriesClass(series));
		InterestPutShape(out, "\" d=\"M~ ~h~\"/>", 12, y - 4, 36);
	}
	if (!isnan(figure))
	{
		units -= 60;
		InterestPutDecimalAt(out, "end", INTEREST_WIDTH - INTEREST_MARGIN, y, figure, decimals);
	}
	InterestPutTextAt(out, "", 58, y, label, units);
}

/* The step of 1, 2 or 5 times a power of ten that is just not passed so many times, and its decimals. */
static double
StepOf(double range, int steps, int *decimals)
{
	static const double times[] = {1, 2, 5};
	double		power = 1;

	*decimals = 0;
	while (range / power > steps && power < 1e300)
		power *= 10;
	while (range / power <= steps / 10.0 && *decimals < 6)
	{
		power /= 10;
		++*decimals;
	}
	if (power > 1)
		power /= 10;
	else
	{
		power /= 10;
		++*decimals;
	}
	for (int i = 0; i < 3; i++)
		if (range / (power * times[i]) <= steps)
			return power * times[i];
	*decimals -= *decimals > 0;
	return power * 10;
}

void
InterestPutYAxis(InterestMarkup *out, const InterestFrame *frame, int steps)
{
	int			decimals;
	double		step = StepOf(frame->y1 - frame->y0, steps, &decimals);

	double		first = ceil(frame->y0 / step - 1e-9);

	/* counted, since a far number may be the same as the next one */
	for (int i = 0; i <= steps && (first + i) * step <= frame->y1 + step * 1e-9; i++)
	{
		double		y = InterestFrameY(frame, (first + i) * step);

		InterestPutShape(out, "<path class=\"grid\" d=\"M~ ~h~\"/>", frame->left, y, frame->width);
		InterestPutDecimalAt(out, "soft end", frame->left - 5, y + 4, (first + i) * step, decimals);
	}
}

/* The two ends only: dates are long. */
static void
PutTimeAxis(InterestMarkup *out, const InterestFrame *frame, double y)
{
	bool		minutes = frame->x1 - frame->x0 < 3e6 * 86400;

	BeginText(out, "soft", frame->left, y);
	InterestPutTime(out, frame->x0, minutes);
	InterestPut(out, "</text>");
	BeginText(out, "soft end", frame->left + frame->width, y);
	InterestPutTime(out, frame->x1, minutes);
	InterestPut(out, "</text>\n");
}

void
InterestPutXAxis(InterestMarkup *out, const InterestFrame *frame, InterestAxis axis, int steps)
{
	double		bottom = frame->top + frame->height;
	int			decimals;
	double		step = StepOf(frame->x1 - frame->x0, steps, &decimals);
	double		first;

	InterestPutShape(out, "<path class=\"axis\" d=\"M~ ~v~h~\"/>", frame->left, frame->top, frame->height, frame->width);
	if (axis == INTEREST_AXIS_TIMES)
	{
		PutTimeAxis(out, frame, bottom + 15);
		return;
	}
	if (axis == INTEREST_AXIS_COUNTS && step < 1)
	{
		step = 1;
		decimals = 0;
	}
	first = ceil(frame->x0 / step - 1e-9);
	for (int i = 0; i <= steps && (first + i) * step <= frame->x1 + step * 1e-9; i++)
	{
		double		x = InterestFrameX(frame, (first + i) * step);

		InterestPutShape(out, "<path class=\"grid\" d=\"M~ ~v~\"/>", x, frame->top, frame->height);
		InterestPutDecimalAt(out, "soft middle", x, bottom + 15, (first + i) * step, decimals);
	}
}

/* Whether a point stands alone between gaps. */
static bool
StandsAlone(int i, int count, const double *y)
{
	return (i == 0 || isnan(y[i - 1])) && (i == count - 1 || isnan(y[i + 1]));
}

void
InterestPutLine(InterestMarkup *out, const InterestFrame *frame, int series, int count, const double *x, const double *y)
{
	double		last_x = 0;
	double		last_y = 0;
	bool		drawn = false;

	InterestPut(out, "<path class=\"line ");
	InterestPut(out, InterestSeriesClass(series));
	InterestPut(out, "\" d=\"");
	for (int i = 0; i < count; i++)
	{
		double		to_x = InterestFrameX(frame, x[i]);
		double		to_y = InterestFrameY(frame, y[i]);
		bool		ends = i == count - 1 || isnan(y[i + 1]);

		if (isnan(y[i]))
			drawn = false;
		else if (!drawn || ends || fabs(to_x - last_x) + fabs(to_y - last_y) >= LEAST_MOVE)
		{
			InterestPutShape(out, drawn ? "L~ ~" : "M~ ~", to_x, to_y);
			drawn = true;
			last_x = to_x;
			last_y = to_y;
		}
	}
	InterestPut(out, "\"/>\n");
	for (int i = 0; i < count; i++)
		if (!isnan(y[i]) && StandsAlone(i, count, y))
			InterestPutMark(out, series, InterestFrameX(frame, x[i]), InterestFrameY(frame, y[i]));
}

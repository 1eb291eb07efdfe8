/*
 * chart.c
 *	  Lines and points between two axes; a user's history.
 */
#include "core/picture/canvas.h"

#include <math.h>

#define LEFT 46
#define PLOT_HEIGHT 190
#define UNIT_HEIGHT 250

/* Of a history's panel, its heading included. */
#define PANEL_HEIGHT 104
#define PANEL_HEADING 24

/* No range ends farther from 0. */
#define MOST_NUMBER 1e300

/* Extends a range by numbers, those that are none left out. */
static void
RangeOf(int count, const double *numbers, double *low, double *high)
{
	for (int i = 0; i < count; i++)
		if (isfinite(numbers[i]))
		{
			*low = fmax(fmin(numbers[i], *low), -MOST_NUMBER);
			*high = fmin(fmax(numbers[i], *high), MOST_NUMBER);
		}
}

/* An empty range becomes some; one that is not gets a little room. */
static void
Widen(double *low, double *high, double room)
{
	if (*low > *high)
	{
		*low = 0;
		*high = 1;
	}
	room *= *high - *low;
	if (*low == *high)
		room = *low == 0 ? 1 : fabs(*low) / 2;
	*low -= room;
	*high += room;
}

static InterestFrame
FrameOf(const InterestChart *chart)
{
	InterestFrame frame = {
		.left = LEFT, .top = INTEREST_TOP + 12, .width = INTEREST_WIDTH - LEFT - 2 * INTEREST_MARGIN,
		.height = chart->unit ? UNIT_HEIGHT : PLOT_HEIGHT, .x0 = INFINITY, .x1 = -INFINITY, .y0 = INFINITY, .y1 = -INFINITY
	};

	for (int i = 0; i < chart->curve_count; i++)
	{
		RangeOf(chart->curves[i].count, chart->curves[i].x, &frame.x0, &frame.x1);
		RangeOf(chart->curves[i].count, chart->curves[i].y, &frame.y0, &frame.y1);
	}
	Widen(&frame.x0, &frame.x1, 0);
	Widen(&frame.y0, &frame.y1, 0.08);
	if (chart->unit)
	{
		frame.x0 = 0;
		frame.x1 = 1;
	}
	if (chart->unit || chart->y_unit)
	{
		frame.y0 = 0;
		frame.y1 = 1;
	}
	return frame;
}

/* What a curve says, for those who do not see it. */
static void
DescribeCurve(InterestMarkup *out, const InterestCurve *curve, bool points)
{
	InterestPut(out, " ");
	InterestPutLabel(out, curve->label, 40);
	if (!isnan(curve->figure))
	{
		InterestPut(out, " ");
		InterestPutDecimal(out, curve->figure, curve->decimals);
	}
	for (int i = 0; i < curve->count; i++)
		if (!isnan(curve->y[i]) && (points || i == 0 || i == curve->count - 1))
		{
			InterestPut(out, i == 0 ? ": " : "; ");
			InterestPutDecimal(out, curve->x[i], 2);
			InterestPut(out, ", ");
			InterestPutDecimal(out, curve->y[i], 3);
		}
	InterestPut(out, ".");
}

static void
DrawCurve(const InterestChart *chart, const InterestFrame *frame, int series, InterestMarkup *out)
{
	const InterestCurve *curve = &chart->curves[series];

	if (!chart->points)
		InterestPutLine(out, frame, series, curve->count, curve->x, curve->y);
	for (int i = 0; chart->points && i < curve->count; i++)
		if (!isnan(curve->x[i]) && !isnan(curve->y[i]))
			InterestPutMark(out, series, InterestFrameX(frame, curve->x[i]), InterestFrameY(frame, curve->y[i]));
}

void
InterestDrawChart(const InterestChart *chart, InterestMarkup *out)
{
	InterestFrame frame = FrameOf(chart);
	double		bottom = frame.top + frame.height;
	double		height = bottom + 46 + INTEREST_LEGEND_HEIGHT * chart->curve_count;

	InterestCanvasBegin(out, chart->title, height);
	InterestPut(out, chart->description);
	for (int i = 0; i < chart->curve_count; i++)
		DescribeCurve(out, &chart->curves[i], chart->points);
	InterestCanvasDescribed(out, chart->title, height);
	InterestPutTextAt(out, "soft", INTEREST_MARGIN, frame.top - 8, InterestSpanOf(chart->y_title), INTEREST_WIDTH);
	InterestPutYAxis(out, &frame, 5);
	InterestPutXAxis(out, &frame, chart->axis, 6);
	InterestPutTextAt(out, "soft end", frame.left + frame.width, bottom + 31, InterestSpanOf(chart->x_title), INTEREST_WIDTH);
	if (chart->unit)
		InterestPutShape(out, "<path class=\"axis\" stroke-dasharray=\"2 4\" d=\"M~ ~L~ ~\"/>\n",
						 frame.left, bottom, frame.left + frame.width, frame.top);
	for (int i = 0; i < chart->curve_count; i++)
		DrawCurve(chart, &frame, i, out);
	for (int i = 0; i < chart->curve_count; i++)
		InterestPutLegend(out, i, chart->points, bottom + 52 + INTEREST_LEGEND_HEIGHT * i, chart->curves[i].label,
						  chart->curves[i].figure, chart->curves[i].decimals);
	InterestCanvasEnd(out);
}

/*
 * History
 */

static const double *
ValuesOf(const InterestHistory *history, int panel, int line)
{
	return history->values + ((size_t) panel * (size_t) history->line_count + (size_t) line) * (size_t) history->count;
}

static void
DescribeHistory(const InterestHistory *history, InterestMarkup *out)
{
	int			last = history->count - 1;

	InterestPut(out, "Probabilities from ");
	InterestPutTime(out, history->times[0], true);
	InterestPut(out, " to ");
	InterestPutTime(out, history->times[last], true);
	InterestPut(out, " (UTC).");
	for (int p = 0; p < history->panel_count; p++)
	{
		InterestPut(out, " ");
		InterestPutLabel(out, history->panels[p], 40);
		for (int l = 0; l < history->line_count; l++)
		{
			InterestPut(out, l == 0 ? ": " : "; ");
			InterestPut(out, history->lines[l]);
			InterestPut(out, " ");
			InterestPutDecimal(out, ValuesOf(history, p, l)[0], 2);
			InterestPut(out, " to ");
			InterestPutDecimal(out, ValuesOf(history, p, l)[last], 2);
		}
		InterestPut(out, ".");
	}
}

static void
DrawPanel(const InterestHistory *history, int panel, InterestFrame *frame, InterestMarkup *out)
{
	frame->top = INTEREST_TOP + PANEL_HEIGHT * panel + PANEL_HEADING;
	InterestPutTextAt(out, "", INTEREST_MARGIN, frame->top - 8, history->panels[panel], INTEREST_WIDTH - 2 * INTEREST_MARGIN);
	InterestPutYAxis(out, frame, 3);
	InterestPutShape(out, "<path class=\"axis\" d=\"M~ ~v~h~\"/>", frame->left, frame->top, frame->height, frame->width);
	for (int l = 0; l < history->line_count; l++)
		InterestPutLine(out, frame, l, history->count, history->times, ValuesOf(history, panel, l));
}

void
InterestDrawHistory(const InterestHistory *history, InterestMarkup *out)
{
	InterestFrame frame = {
		.left = LEFT, .width = INTEREST_WIDTH - LEFT - 2 * INTEREST_MARGIN, .height = PANEL_HEIGHT - PANEL_HEADING - 10,
		.x0 = history->times[0], .x1 = history->times[history->count - 1], .y1 = 0
	};
	double		bottom = INTEREST_TOP + PANEL_HEIGHT * history->panel_count;
	double		height = bottom + 22 + INTEREST_LEGEND_HEIGHT * history->line_count;

	RangeOf(history->panel_count * history->line_count * history->count, history->values, &frame.y0, &frame.y1);
	frame.y1 = frame.y1 > 0.9 ? 1 : frame.y1 > 0 ? frame.y1 * 1.08 : 1;
	if (frame.x1 <= frame.x0)
		frame.x1 = frame.x0 + 1;
	InterestCanvasBegin(out, history->title, height);
	DescribeHistory(history, out);
	InterestCanvasDescribed(out, history->title, height);
	for (int p = 0; p < history->panel_count; p++)
		DrawPanel(history, p, &frame, out);
	InterestPutXAxis(out, &frame, INTEREST_AXIS_TIMES, 0);
	for (int l = 0; l < history->line_count; l++)
		InterestPutLegend(out, l, false, bottom + 26 + INTEREST_LEGEND_HEIGHT * l, InterestSpanOf(history->lines[l]), NAN, 0);
	InterestCanvasEnd(out);
}

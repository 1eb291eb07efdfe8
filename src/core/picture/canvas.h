/*
 * canvas.h
 *	  What all pictures begin and end with, and are drawn by.
 */
#ifndef INTEREST_CANVAS_H
#define INTEREST_CANVAS_H

#include "core/picture/picture.h"

/* Units of the viewBox; a text of the usual size is FONT_SIZE high. */
#define INTEREST_WIDTH 380
#define INTEREST_FONT_SIZE 12.0
#define INTEREST_MARGIN 10

/* Where the first line below the heading may begin. */
#define INTEREST_TOP 34

/* Element, name and heading; the caller then puts the description, and closes it by InterestCanvasDescribed. */
extern void InterestCanvasBegin(InterestMarkup *out, InterestSpan title, double height);
extern void InterestCanvasDescribed(InterestMarkup *out, InterestSpan title, double height);
extern void InterestCanvasEnd(InterestMarkup *out);

/* A text at a place, cut where it is longer than so many units; class is one of the style's. */
extern void InterestPutTextAt(InterestMarkup *out, const char *class, double x, double y, InterestSpan text, double units);
extern void InterestPutDecimalAt(InterestMarkup *out, const char *class, double x, double y, double number, int decimals);

/* Colour class of a series: "a" ...; the same numbers have the same dashes and marks. */
extern const char *InterestSeriesClass(int series);

/* A mark of a series' shape. */
extern void InterestPutMark(InterestMarkup *out, int series, double x, double y);

/* A legend's line: a sample of the series, its label and, unless NaN, a figure. */
extern void InterestPutLegend(InterestMarkup *out, int series, bool mark, double y, InterestSpan label,
							  double figure, int decimals);
#define INTEREST_LEGEND_HEIGHT 18

/* A frame, and where numbers lie in it. */
typedef struct InterestFrame
{
	double		left;
	double		top;
	double		width;
	double		height;
	double		x0;
	double		x1;
	double		y0;
	double		y1;
} InterestFrame;

static inline double
InterestFrameX(const InterestFrame *frame, double x)
{
	return frame->left + frame->width * (x - frame->x0) / (frame->x1 - frame->x0);
}

static inline double
InterestFrameY(const InterestFrame *frame, double y)
{
	return frame->top + frame->height * (frame->y1 - y) / (frame->y1 - frame->y0);
}

/* Grid and numbers of an axis; about so many steps. */
extern void InterestPutXAxis(InterestMarkup *out, const InterestFrame *frame, InterestAxis axis, int steps);
extern void InterestPutYAxis(InterestMarkup *out, const InterestFrame *frame, int steps);

/* A line through the points that are numbers, gaps where they are not. */
extern void InterestPutLine(InterestMarkup *out, const InterestFrame *frame, int series, int count,
							const double *x, const double *y);

#endif

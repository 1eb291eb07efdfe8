/*
 * picture.h
 *	  Pictures of interests and models: SVG, each by itself or within a page.
 *
 * A picture has a viewBox and no size, so that it is as wide as it may be; it is
 * legible from 330 pixels on.  It has role="img", a title and a description that
 * says in words what it shows; colours follow prefers-color-scheme, and nothing
 * is told by colour alone.  Nothing in it is fetched.  The same data give the
 * same bytes.
 *
 * Labels are UTF-8 and anybody's: they are escaped, and cut where they are long.
 */
#ifndef INTEREST_PICTURE_H
#define INTEREST_PICTURE_H

#include "core/picture/markup.h"

/* A line of a chart, and what its legend says. */
typedef struct InterestCurve
{
	InterestSpan label;
	int			count;
	const double *x;			/* (count) */
	const double *y;			/* (count); NaN: a gap */
	double		figure;			/* shown beside the label; NaN: none */
	int			decimals;		/* of the figure */
} InterestCurve;

/* Lines that have colours and dashes of their own; more are an error of the caller. */
#define INTEREST_MOST_CURVES 6

/* What the x axis tells. */
typedef enum InterestAxis
{
	INTEREST_AXIS_NUMBERS,
	INTEREST_AXIS_COUNTS,		/* integers only */
	INTEREST_AXIS_TIMES			/* x is in microseconds since 2000, UTC */
} InterestAxis;

typedef struct InterestChart
{
	InterestSpan title;
	const char *x_title;
	const char *y_title;
	InterestAxis axis;
	bool		unit;			/* both axes from 0 to 1, and the diagonal */
	bool		y_unit;			/* y from 0 to 1 */
	bool		points;			/* marks instead of lines */
	int			curve_count;
	const InterestCurve *curves;
	const char *description;	/* before what the curves say */
} InterestChart;

extern void InterestDrawChart(const InterestChart *chart, InterestMarkup *out);

/* Interests of a user over time, a chart each below one another, with the same curves. */
typedef struct InterestHistory
{
	InterestSpan title;
	int			count;			/* points in time */
	const double *times;		/* (count) */
	int			panel_count;
	const InterestSpan *panels;	/* (panel_count): interests */
	int			line_count;
	const char *const *lines;	/* (line_count): "all", "coarse" ... */
	const double *values;		/* (panel_count, line_count, count): probabilities */
} InterestHistory;

extern void InterestDrawHistory(const InterestHistory *history, InterestMarkup *out);

/* A sum, from its beginning by steps to its end. */
typedef struct InterestStep
{
	InterestSpan label;
	double		value;
	InterestSpan detail;		/* in the description only */
} InterestStep;

typedef struct InterestWaterfall
{
	InterestSpan title;
	InterestStep start;
	int			step_count;
	const InterestStep *steps;
	const char *end;			/* label of the sum */
} InterestWaterfall;

extern void InterestDrawWaterfall(const InterestWaterfall *waterfall, InterestMarkup *out);

/* The words of a text, in their order, and what each says. */
typedef struct InterestShadedText
{
	InterestSpan title;
	int			count;
	const InterestStep *words;	/* NaN: it says nothing */
	const char *note;			/* of what is not in the words; NULL: nothing */
} InterestShadedText;

/* Words that are shown of a text. */
#define INTEREST_MOST_WORDS 400

extern void InterestDrawText(const InterestShadedText *text, InterestMarkup *out);

/* Who is taken for whom. */
typedef struct InterestMatrix
{
	InterestSpan title;
	int			count;
	const InterestSpan *labels; /* (count) */
	const double *weight;		/* (count, count): a row is what is true, a column what was said */
	const double *samples;		/* (count): of a row, for the description */
} InterestMatrix;

/* Rows and columns that are legible. */
#define INTEREST_MOST_CELLS 12

extern void InterestDrawMatrix(const InterestMatrix *matrix, InterestMarkup *out);

/* Points in the plane of their two principal components. */
typedef struct InterestMap
{
	InterestSpan title;
	int			count;
	int			dimensions;
	const float *vectors;		/* (count, dimensions) */
	const int  *group;			/* (count), 0 .. group_count - 1 */
	const InterestSpan *names;	/* (count), shown where one points at it; NULL: none */
	int			group_count;	/* at most INTEREST_MOST_CURVES */
	const InterestSpan *groups; /* (group_count) */
	const char *what;			/* "users" */
} InterestMap;

/* False where the vectors are not finite. */
extern bool InterestDrawMap(const InterestMap *map, InterestMarkup *out);

#endif

/*
 * map.c
 *	  Vectors in the plane that shows most of their differences: principal
 *	  components.
 */
#include "core/picture/canvas.h"

#include "core/base/eigen.h"

#include <math.h>

#define PLOT_HEIGHT 300

/* Points, and what the plane shows of their variance. */
typedef struct Plane
{
	double	   *x;				/* (count) */
	double	   *y;				/* (count) */
	double		share[2];
} Plane;

static double *
MeanOf(const InterestMap *map, InterestArena *scratch)
{
	double	   *mean = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) map->dimensions);

	for (int i = 0; i < map->count; i++)
		for (int j = 0; j < map->dimensions; j++)
			mean[j] += map->vectors[(size_t) i * (size_t) map->dimensions + (size_t) j] / map->count;
	return mean;
}

/* covariance (d, d) of the vectors, times their number */
static double *
CovarianceOf(const InterestMap *map, const double *mean, InterestArena *scratch)
{
	int			d = map->dimensions;
	double	   *covariance = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) d * (size_t) d);
	double	   *apart = InterestArenaArray(scratch, double, d);

	for (int i = 0; i < map->count; i++)
	{
		const float *vector = map->vectors + (size_t) i * (size_t) d;

		InterestCheckCancel(scratch->host);
		for (int j = 0; j < d; j++)
			apart[j] = vector[j] - mean[j];
		for (int j = 0; j < d; j++)
			for (int k = 0; k < d; k++)
				covariance[(size_t) j * (size_t) d + (size_t) k] += apart[j] * apart[k];
	}
	return covariance;
}

/* Coordinates along a component, whose sign makes the farthest one positive. */
static void
Project(const InterestMap *map, const double *mean, const double *component, double *coordinates)
{
	double		farthest = 0;

	for (int i = 0; i < map->count; i++)
	{
		const float *vector = map->vectors + (size_t) i * (size_t) map->dimensions;

		coordinates[i] = 0;
		for (int j = 0; j < map->dimensions; j++)
			coordinates[i] += (vector[j] - mean[j]) * component[j];
		if (fabs(coordinates[i]) > fabs(farthest))
			farthest = coordinates[i];
	}
	for (int i = 0; farthest < 0 && i < map->count; i++)
		coordinates[i] = -coordinates[i];
}

static bool
MakePlane(const InterestMap *map, Plane *plane, InterestArena *arena)
{
	int			d = map->dimensions;
	double	   *mean = MeanOf(map, arena);
	double	   *matrix = CovarianceOf(map, mean, arena);
	double	   *values = InterestArenaArray(arena, double, d);
	double		total = 0;

	plane->x = InterestArenaArray(arena, double, map->count);
	plane->y = InterestArenaArray(arena, double, map->count);
	if (!InterestEigenSymmetric(d, matrix, values, arena))
		return false;
	for (int j = 0; j < d; j++)
		total += values[j];
	Project(map, mean, matrix, plane->x);
	Project(map, mean, matrix + d, plane->y);
	for (int i = 0; i < 2; i++)
		plane->share[i] = total > 0 ? values[i] / total : NAN;
	return true;
}

static InterestFrame
FrameOf(const InterestMap *map, const Plane *plane)
{
	InterestFrame frame = {
		.left = INTEREST_MARGIN + 8, .top = INTEREST_TOP + 8, .width = INTEREST_WIDTH - 2 * INTEREST_MARGIN - 16,
		.height = PLOT_HEIGHT, .x0 = INFINITY, .x1 = -INFINITY, .y0 = INFINITY, .y1 = -INFINITY
	};

	for (int i = 0; i < map->count; i++)
	{
		frame.x0 = fmin(frame.x0, plane->x[i]);
		frame.x1 = fmax(frame.x1, plane->x[i]);
		frame.y0 = fmin(frame.y0, plane->y[i]);
		frame.y1 = fmax(frame.y1, plane->y[i]);
	}
	if (!(frame.x1 > frame.x0))
	{
		frame.x0 -= 1;
		frame.x1 = frame.x0 + 2;
	}
	if (!(frame.y1 > frame.y0))
	{
		frame.y0 -= 1;
		frame.y1 = frame.y0 + 2;
	}
	return frame;
}

/* What there is of each group, and where its middle is. */
static void
Describe(const InterestMap *map, const Plane *plane, InterestMarkup *out)
{
	InterestPutDecimal(out, map->count, 0);
	InterestPut(out, " ");
	InterestPut(out, map->what);
	InterestPut(out, " by the two principal components of their vectors, which show ");
	InterestPutDecimal(out, 100 * plane->share[0], 0);
	InterestPut(out, " % and ");
	InterestPutDecimal(out, 100 * plane->share[1], 0);
	InterestPut(out, " % of their variance. Number and middle by interest:");
	for (int g = 0; g < map->group_count; g++)
	{
		double		x = 0;
		double		y = 0;
		int			count = 0;

		for (int i = 0; i < map->count; i++)
			if (map->group[i] == g)
			{
				x += plane->x[i];
				y += plane->y[i];
				count++;
			}
		InterestPut(out, " ");
		InterestPutLabel(out, map->groups[g], 40);
		InterestPut(out, " ");
		InterestPutDecimal(out, count, 0);
		InterestPut(out, " (");
		InterestPutDecimal(out, count > 0 ? x / count : NAN, 2);
		InterestPut(out, ", ");
		InterestPutDecimal(out, count > 0 ? y / count : NAN, 2);
		InterestPut(out, ");");
	}
}

static void
DrawPoint(const InterestMap *map, int i, double x, double y, InterestMarkup *out)
{
	if (map->names)
	{
		InterestPut(out, "<g><title>");
		InterestPutLabel(out, map->names[i], 40);
		InterestPut(out, "</title>");
	}
	InterestPutMark(out, map->group[i], x, y);
	InterestPut(out, map->names ? "</g>\n" : "\n");
}

bool
InterestDrawMap(const InterestMap *map, InterestMarkup *out)
{
	Plane		plane;
	InterestFrame frame;
	double		height;

	if (!MakePlane(map, &plane, out->arena))
		return false;
	frame = FrameOf(map, &plane);
	height = frame.top + PLOT_HEIGHT + 22 + INTEREST_LEGEND_HEIGHT * map->group_count;
	InterestCanvasBegin(out, map->title, height);
	Describe(map, &plane, out);
	InterestCanvasDescribed(out, map->title, height);
	InterestPutShape(out, "<rect class=\"grid\" x=\"~\" y=\"~\" width=\"~\" height=\"~\"/>\n<g fill-opacity=\"0.75\">", frame.left - 8, frame.top - 8,
					 frame.width + 16, frame.height + 16);
	for (int i = 0; i < map->count; i++)
		DrawPoint(map, i, InterestFrameX(&frame, plane.x[i]), InterestFrameY(&frame, plane.y[i]), out);
	InterestPut(out, "</g>");
	for (int g = 0; g < map->group_count; g++)
		InterestPutLegend(out, g, true, frame.top + PLOT_HEIGHT + 26 + INTEREST_LEGEND_HEIGHT * g, map->groups[g], NAN, 0);
	InterestCanvasEnd(out);
	return true;
}

/*
 * matrix.c
 *	  Who is taken for whom.
 */
#include "core/picture/canvas.h"

#include <math.h>

#define LABEL_UNITS 122
#define CELLS_LEFT (INTEREST_MARGIN + LABEL_UNITS + 6)
#define CELLS_WIDTH (INTEREST_WIDTH - CELLS_LEFT - INTEREST_MARGIN)
#define MOST_CELL 40.0
#define CELL_HEIGHT 24
#define MOST_OPACITY 0.5

static const char *const note = "Rows are what is true, columns what was said.";

static double
RowWeight(const InterestMatrix *matrix, int row)
{
	double		sum = 0;

	for (int i = 0; i < matrix->count; i++)
		sum += matrix->weight[row * matrix->count + i];
	return sum;
}

/* The share of a row that was taken for a column; NaN in a row that nothing is in. */
static double
Share(const InterestMatrix *matrix, int row, int column)
{
	double		sum = RowWeight(matrix, row);

	return sum > 0 ? matrix->weight[row * matrix->count + column] / sum : NAN;
}

static void
Describe(const InterestMatrix *matrix, InterestMarkup *out)
{
	InterestPut(out, note);
	for (int i = 0; i < matrix->count; i++)
	{
		InterestPut(out, " Of ");
		InterestPutDecimal(out, matrix->samples[i], 0);
		InterestPut(out, " ");
		InterestPutLabel(out, matrix->labels[i], 40);
		InterestPut(out, ":");
		for (int j = 0; j < matrix->count; j++)
			if (Share(matrix, i, j) >= 0.005)
			{
				InterestPut(out, " ");
				InterestPutDecimal(out, 100 * Share(matrix, i, j), 0);
				InterestPut(out, " % ");
				InterestPutLabel(out, matrix->labels[j], 40);
				InterestPut(out, ",");
			}
		InterestPut(out, ".");
	}
}

static void
DrawCell(double share, double x, double y, double width, bool right, InterestMarkup *out)
{
	if (isnan(share))
		return;
	InterestPut(out, "<rect class=\"full ");
	InterestPut(out, InterestSeriesClass(right ? 0 : 1));
	InterestPut(out, "\" fill-opacity=\"");
	InterestPutDecimal(out, MOST_OPACITY * share, 2);
	InterestPutShape(out, "\" x=\"~\" y=\"~\" width=\"~\" height=\"~\"/>", x, y, width - 1, CELL_HEIGHT - 1);
	if (share >= 0.005)
		InterestPutDecimalAt(out, "middle", x + width / 2, y + 16, 100 * share, 0);
}

static void
DrawRow(const InterestMatrix *matrix, int row, double width, double y, InterestMarkup *out)
{
	InterestPutDecimalAt(out, "soft end", INTEREST_MARGIN + 14, y + 16, row + 1, 0);
	InterestPutTextAt(out, "", INTEREST_MARGIN + 20, y + 16, matrix->labels[row], LABEL_UNITS - 20);
	for (int j = 0; j < matrix->count; j++)
		DrawCell(Share(matrix, row, j), CELLS_LEFT + width * j, y, width, row == j, out);
}

void
InterestDrawMatrix(const InterestMatrix *matrix, InterestMarkup *out)
{
	double		width = fmin(MOST_CELL, CELLS_WIDTH / (matrix->count > 0 ? matrix->count : 1));
	double		height = INTEREST_TOP + 62 + CELL_HEIGHT * matrix->count;
	double		top = INTEREST_TOP + 42;

	InterestCanvasBegin(out, matrix->title, height);
	Describe(matrix, out);
	InterestCanvasDescribed(out, matrix->title, height);
	InterestPutTextAt(out, "soft", INTEREST_MARGIN, INTEREST_TOP + 6, InterestSpanOf(note), INTEREST_WIDTH);
	InterestPutTextAt(out, "soft", INTEREST_MARGIN, INTEREST_TOP + 22, InterestSpanOf("Numbers are percent of a row."), INTEREST_WIDTH);
	for (int j = 0; j < matrix->count; j++)
		InterestPutDecimalAt(out, "soft middle", CELLS_LEFT + width * (j + 0.5), top - 5, j + 1, 0);
	for (int i = 0; i < matrix->count; i++)
		DrawRow(matrix, i, width, top + CELL_HEIGHT * i, out);
	InterestCanvasEnd(out);
}

/*
 * quadrature.c
 *	  Gauss-Legendre integration over [0, 1].
 */
#include "core/explain/quadrature.h"

#include "core/base/deterministic.h"

#include <math.h>

#define POINTS INTEREST_QUADRATURE_POINTS
#define PI 3.14159265358979323846

/* Newton steps from a start that is within 1e-3: each squares the error. */
#define NEWTON_STEPS 6

/* The Legendre polynomial of degree POINTS at x, and its derivative, by the three-term recurrence. */
static double
Legendre(double x, double *derivative)
{
	double		before = 1.0;
	double		value = x;

	for (int n = 2; n <= POINTS; n++)
	{
		double		next = ((2 * n - 1) * x * value - (n - 1) * before) / n;

		before = value;
		value = next;
	}
	*derivative = POINTS * (x * value - before) / (x * x - 1.0);
	return value;
}

/* Abramowitz, Stegun, Handbook of Mathematical Functions, 25.4.29 and 25.4.30 */
void
InterestQuadratureInit(InterestQuadrature *quadrature)
{
	for (int i = 0; i < POINTS; i++)
	{
		double		x = -InterestCos(PI * (i + 0.75) / (POINTS + 0.5));
		double		slope;

		for (int step = 0; step < NEWTON_STEPS; step++)
		{
			double		value = Legendre(x, &slope);

			x -= value / slope;
		}
		(void) Legendre(x, &slope);
		quadrature->point[i] = (1.0 + x) / 2.0;
		quadrature->weight[i] = 1.0 / ((1.0 - x * x) * slope * slope);
	}
}

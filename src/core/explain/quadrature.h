/*
 * quadrature.h
 *	  Gauss-Legendre integration over [0, 1].
 */
#ifndef INTEREST_QUADRATURE_H
#define INTEREST_QUADRATURE_H

/* Exact for polynomials of a degree below twice this (algorithm: section 4). */
#define INTEREST_QUADRATURE_POINTS 32

typedef struct InterestQuadrature
{
	double		point[INTEREST_QUADRATURE_POINTS];	/* ascending, in (0, 1) */
	double		weight[INTEREST_QUADRATURE_POINTS]; /* they add up to 1 */
} InterestQuadrature;

extern void InterestQuadratureInit(InterestQuadrature *quadrature);

#endif

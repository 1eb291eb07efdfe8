/*
 * eigen.h
 *	  Eigenvectors of a symmetric matrix, the same bits on every machine.
 */
#ifndef INTEREST_EIGEN_H
#define INTEREST_EIGEN_H

#include "core/base/arena.h"

#include <stdbool.h>

/* The sum of x y (n), in ascending order. */
extern double InterestDotProduct(int n, const double *x, const double *y);

/*
 * Overwrites the symmetric matrix (n, n) by its eigenvectors: row i has norm 1
 * and belongs to values[i] (n), the values in descending order.  The signs are
 * as they come, always the same.  False if the matrix is not finite.  Scratch is
 * given back; about 7 n^3 operations, with cancel checks.
 */
extern bool InterestEigenSymmetric(int n, double *matrix, double *values, InterestArena *scratch);

#endif

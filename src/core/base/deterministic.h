/*
 * deterministic.h
 *	  Elementary functions with the same bits on every machine.
 *
 * A libm's exp or log may differ in the last bit from one release to the next;
 * a profile's integers and a vector's floats must not.  These are built from
 * correctly rounded operations only (+ - * / sqrt, exact scaling by ldexp,
 * floor and fabs), in double, compiled without contraction.  Each stays within
 * 3 units in the last place of the true value (test/unit/deterministic_test.c),
 * which is far below what a float keeps.
 *
 * Special values follow C99: NaN gives NaN, InterestExp(-inf) is 0,
 * InterestLog(0) is -inf, InterestLog of a negative is NaN.
 */
#ifndef INTEREST_DETERMINISTIC_H
#define INTEREST_DETERMINISTIC_H

extern double InterestExp(double x);
extern double InterestExp2(double x);
extern double InterestExpm1(double x);
extern double InterestLog(double x);
extern double InterestLog1p(double x);
extern double InterestErf(double x);
extern double InterestTanh(double x);

/* 1 / (1 + e^-x), and log(1 + e^x) without overflow */
extern double InterestSigmoid(double x);
extern double InterestSoftPlus(double x);

/* Radians, |x| up to 1e6 (angles of hours and weekdays stay below 2 pi). */
extern double InterestSin(double x);
extern double InterestCos(double x);

#endif

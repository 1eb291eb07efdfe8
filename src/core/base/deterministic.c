/*
 * deterministic.c
 *	  Elementary functions with the same bits on every machine.
 *
 * Every function reduces its argument exactly, sums a polynomial in a fixed
 * order (Horner), and scales back exactly.  The polynomials are Taylor series,
 * cut where their rest is below 2^-56 of the result; only erf's middle range is
 * a fit.
 */
#include "core/base/deterministic.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "interest needs arithmetic in the precision of the type: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif

/* ln 2 as a number of 32 bits, whose product with an exponent is exact, and a rest. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define INVERSE_LN2 0x1.71547652b82fep+0
#define SQRT2 0x1.6a09e667f3bcdp+0

/* pi / 2 in two numbers of 33 bits and a rest, for up to 20 bits of quarter turns. */
#define HALF_PI_1 0x1.921fb544p+0
#define HALF_PI_2 0x1.0b4611a6p-34
#define HALF_PI_3 0x1.3198a2e037073p-69
#define TWO_BY_PI 0x1.45f306dc9c883p-1

#define LENGTH(table) ((int) (sizeof(table) / sizeof((table)[0])))

/* table[0] + table[1] x + table[2] x^2 ... */
static double
Polynomial(const double *table, int length, double x)
{
	double		sum = table[length - 1];

	for (int i = length - 2; i >= 0; i--)
		sum = sum * x + table[i];
	return sum;
}

/* (e^r - 1 - r) / r^2 = sum r^k / (k + 2)! for |r| <= ln(2) / 2 */
static double
ExpRest(double r)
{
	static const double table[] = {
		1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
		1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800,
		1.0 / 479001600, 1.0 / 6227020800.0
	};

	return Polynomial(table, LENGTH(table), r);
}

/* x = k ln 2 + r + rest, |r| <= ln(2) / 2; returns r. */
static double
ReduceExp(double x, double *k, double *rest)
{
	double		high,
				low,
				r;

	*k = floor(x * INVERSE_LN2 + 0.5);
	high = x - *k * LN2_HIGH;
	low = *k * LN2_LOW;
	r = high - low;
	*rest = (high - r) - low;
	return r;
}

double
InterestExp(double x)
{
	double		k,
				rest,
				r;

	if (isnan(x))
		return x;
	if (x > 710.0)
		return HUGE_VAL;
	if (x < -746.0)
		return 0.0;
	r = ReduceExp(x, &k, &rest);
	return ldexp(1.0 + (r + (r * r * ExpRest(r) + rest)), (int) k);
}

double
InterestExpm1(double x)
{
	double		k,
				rest,
				r;

	if (isnan(x) || x == 0.0)
		return x;
	if (x > 710.0)
		return HUGE_VAL;
	if (x < -40.0)
		return -1.0;
	r = ReduceExp(x, &k, &rest);
	r += r * r * ExpRest(r) + rest;
	/* Above 2^54 taking away 1 changes nothing, and 2^k may overflow before it is used. */
	if (k > 54.0)
		return ldexp(1.0 + r, (int) k);
	return ldexp(r, (int) k) + (ldexp(1.0, (int) k) - 1.0);
}

double
InterestExp2(double x)
{
	/* (2^r - 1) / r = sum ln(2)^(k + 1) / (k + 1)! r^k for |r| <= 1/2 */
	static const double table[] = {
		0x1.62e42fefa39efp-1, 0x1.ebfbdff82c58fp-3, 0x1.c6b08d704a0c0p-5,
		0x1.3b2ab6fba4e77p-7, 0x1.5d87fe78a6731p-10, 0x1.430912f86c787p-13,
		0x1.ffcbfc588b0c7p-17, 0x1.62c0223a5c824p-20, 0x1.b5253d395e7c4p-24,
		0x1.e4cf5158b8ecap-28, 0x1.e8cac7351bb25p-32, 0x1.c3bd650fc2986p-36,
		0x1.816193166d0f9p-40
	};
	double		k,
				r;

	if (isnan(x))
		return x;
	if (x >= 1024.0)
		return HUGE_VAL;
	if (x < -1080.0)
		return 0.0;
	k = floor(x + 0.5);
	r = x - k;
	return ldexp(1.0 + r * Polynomial(table, LENGTH(table), r), (int) k);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), x positive and finite; returns m. */
static double
SplitPowerOfTwo(double x, double *k)
{
	uint64_t	bits;
	int			exponent = -1023;

	if (x < DBL_MIN)
	{
		x *= 0x1p54;
		exponent -= 54;
	}
	memcpy(&bits, &x, sizeof(bits));
	exponent += (int) (bits >> 52);
	bits = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000);
	memcpy(&x, &bits, sizeof(x));
	if (x >= SQRT2)
	{
		x *= 0.5;
		exponent++;
	}
	*k = (double) exponent;
	return x;
}

/*
 * With s = f / (2 + f), ln(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + R),
 * R = 2/3 s^2 + 2/5 s^4 + ...: written so that the leading term f is exact.
 */
double
InterestLog(double x)
{
	static const double table[] = {
		2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15,
		2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23
	};
	double		k,
				f,
				s,
				square,
				rest;

	if (isnan(x) || x < 0.0)
		return NAN;
	if (x == 0.0)
		return -HUGE_VAL;
	if (isinf(x))
		return x;
	f = SplitPowerOfTwo(x, &k) - 1.0;
	s = f / (2.0 + f);
	square = s * s;
	rest = square * Polynomial(table, LENGTH(table), square);
	return k * LN2_HIGH - ((0.5 * f * f - (s * (0.5 * f * f + rest) + k * LN2_LOW)) - f);
}

double
InterestLog1p(double x)
{
	double		u = 1.0 + x;

	if (isnan(x) || x < -1.0)
		return NAN;
	if (u == 1.0)
		return x;
	if (u == 0.0 || isinf(u))
		return InterestLog(u);
	/* What rounding 1 + x lost comes back with the slope of ln at u. */
	return InterestLog(u) + ((x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0)) / u);
}

double
InterestTanh(double x)
{
	double		a = fabs(x);
	double		e,
				result;

	if (isnan(x))
		return x;
	if (a > 22.0)
		result = 1.0;
	else
	{
		e = InterestExpm1(2.0 * a);
		result = a < 0.5 ? e / (e + 2.0) : 1.0 - 2.0 / (e + 2.0);
	}
	return x < 0.0 ? -result : result;
}

double
InterestSigmoid(double x)
{
	return 1.0 / (1.0 + InterestExp(-x));
}

double
InterestSoftPlus(double x)
{
	return (x > 0.0 ? x : 0.0) + InterestLog1p(InterestExp(x > 0.0 ? -x : x));
}

/*
 * Below 1 the Taylor series of erf in x^2; from 1 to 6, 1 - e^(-x^2) g(x) with
 * g(x) = e^(x^2) erfc(x) fitted in t = (72 / (x + 3) - 13) / 5, which runs over
 * [-1, 1] (interpolated at Chebyshev points, error 6e-17); from 6 on, 1.
 */
double
InterestErf(double x)
{
	/* 2 / sqrt(pi) (-1)^n / (n! (2n + 1)) */
	static const double series[] = {
		0x1.20dd750429b6dp+0, -0x1.812746b0379e7p-2, 0x1.ce2f21a042be2p-4,
		-0x1.b82ce31288b51p-6, 0x1.565bcd0e6a53fp-8, -0x1.c02db40040b86p-11,
		0x1.f9a326f9b89b7p-14, -0x1.f4d25c3e0c2ebp-17, 0x1.b9e6c9dc651a3p-20,
		-0x1.5f742ec43e71ap-23, 0x1.fcc5720624c1cp-27, -0x1.51d7181c5d36dp-30,
		0x1.9e6ad5e55a730p-34, -0x1.d8453cb0c46eap-38, 0x1.f683ae4a97007p-42,
		-0x1.f56f071a885cfp-46, 0x1.d70b3537f4765p-50, -0x1.a2007af3447f6p-54
	};
	static const double fit[] = {
		0x1.a9f324d321d3cp-3, 0x1.3c21b61aee88ap-3, 0x1.972131b56d859p-5,
		0x1.a0959cca8609ep-7, 0x1.44f7ff14b9736p-9, 0x1.5bb5fdef58a6dp-12,
		0x1.4838f3350fe23p-16, -0x1.458d852a5728fp-19, -0x1.297ead7c0cd56p-21,
		0x1.371299edbeb4dp-28, 0x1.859ddd14f7c71p-27, 0x1.2210d8291c136p-32,
		-0x1.1a947d0400664p-32, -0x1.a9828293f5593p-38, 0x1.a950415bce231p-38
	};
	double		a = fabs(x);
	double		result;

	if (isnan(x))
		return x;
	if (a < 1.0)
		return x * Polynomial(series, LENGTH(series), x * x);
	if (a >= 6.0)
		result = 1.0;
	else
		result = 1.0 - InterestExp(-a * a) *
			Polynomial(fit, LENGTH(fit), (72.0 / (a + 3.0) - 13.0) / 5.0);
	return x < 0.0 ? -result : result;
}

/* x = quarters pi/2 + r + rest, |r| <= pi/4; returns r. */
static double
ReduceAngle(double x, int *quarter, double *rest)
{
	double		turns = floor(x * TWO_BY_PI + 0.5);
	double		high = (x - turns * HALF_PI_1) - turns * HALF_PI_2;
	double		low = turns * HALF_PI_3;
	double		r = high - low;

	*rest = (high - r) - low;
	*quarter = (int) (turns - 4.0 * floor(turns * 0.25));
	return r;
}

/* sin(r + rest) */
static double
SinSeries(double r, double rest)
{
	static const double table[] = {
		-1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800,
		1.0 / 6227020800.0, -1.0 / 1307674368000.0, 1.0 / 355687428096000.0
	};

	return r + (r * r * r * Polynomial(table, LENGTH(table), r * r) + rest);
}

/* cos(r + rest) */
static double
CosSeries(double r, double rest)
{
	static const double table[] = {
		1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600,
		-1.0 / 87178291200.0, 1.0 / 20922789888000.0, -1.0 / 6402373705728000.0
	};
	double		square = r * r;
	double		half = 0.5 * square;
	double		top = 1.0 - half;

	/* (1 - top) - half is what rounding top lost. */
	return top + (((1.0 - top) - half) +
				  (square * square * Polynomial(table, LENGTH(table), square) - r * rest));
}

/* sin of x plus some quarter turns */
static double
Sinusoid(double x, int quarters)
{
	int			quarter;
	double		rest,
				r,
				result;

	if (isnan(x) || isinf(x))
		return NAN;
	r = ReduceAngle(x, &quarter, &rest);
	quarter = (quarter + quarters) & 3;
	result = quarter & 1 ? CosSeries(r, rest) : SinSeries(r, rest);
	return quarter & 2 ? -result : result;
}

double
InterestSin(double x)
{
	return Sinusoid(x, 0);
}

double
InterestCos(double x)
{
	return Sinusoid(x, 1);
}

/*
 * deterministic_test.c
 *	  The elementary functions: near the C library's, and always these bits.
 *
 * The bits below are what correctly rounded arithmetic must give; a compiler
 * that contracts, reorders or keeps more precision fails here.  The C library
 * is within 1 unit in the last place, so agreeing with it to 4 keeps the 3
 * that the header promises.
 */
#include "check.h"

#include "core/base/deterministic.h"
#include "core/base/random.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef double (*Function) (double x);

/* Distance in units of the last place of the reference; absolute where that is tiny. */
static double
Distance(double found, double reference, double floor_of_unit)
{
	int			exponent;
	double		unit;

	frexp(reference, &exponent);
	unit = ldexp(1.0, exponent - DBL_MANT_DIG);
	return fabs(found - reference) / (unit > floor_of_unit ? unit : floor_of_unit);
}

static void
TestNear(const char *name, Function function, Function reference, double from, double to,
		 double floor_of_unit)
{
	InterestRandom random = InterestRandomKeyed(5, 0, 0, 0);
	double		worst = 0.0;

	for (int i = 0; i < 20000; i++)
	{
		double		x = from + (to - from) * InterestRandomUniform(&random);
		double		distance = Distance(function(x), reference(x), floor_of_unit);

		if (!(distance <= worst))
			worst = distance;
	}
	if (!CHECK(worst <= 4.0))
		printf("# %s from %g to %g: %g units in the last place\n", name, from, to, worst);
}

static void
TestAllNear(void)
{
	TestNear("exp", InterestExp, exp, -1, 1, 0);
	TestNear("exp", InterestExp, exp, -700, 700, 0);
	TestNear("exp2", InterestExp2, exp2, -8, 0, 0);
	TestNear("exp2", InterestExp2, exp2, -1000, 1000, 0);
	TestNear("expm1", InterestExpm1, expm1, -1, 1, 0);
	TestNear("expm1", InterestExpm1, expm1, -1e-5, 1e-5, 0);
	TestNear("expm1", InterestExpm1, expm1, -45, 700, 0);
	TestNear("log", InterestLog, log, 0.5, 2, 0);
	TestNear("log", InterestLog, log, 0, 1e-3, 0);
	TestNear("log", InterestLog, log, 1, 1e18, 0);
	TestNear("log", InterestLog, log, 0, 1e-308, 0);
	TestNear("log1p", InterestLog1p, log1p, -0.99, 1, 0);
	TestNear("log1p", InterestLog1p, log1p, -1e-5, 1e-5, 0);
	TestNear("log1p", InterestLog1p, log1p, 0, 1e18, 0);
	TestNear("tanh", InterestTanh, tanh, -1, 1, 0);
	TestNear("tanh", InterestTanh, tanh, -25, 25, 0);
	TestNear("erf", InterestErf, erf, -1, 1, 0);
	TestNear("erf", InterestErf, erf, -7, 7, 0);
	TestNear("sin", InterestSin, sin, -7, 7, 0x1p-53);
	TestNear("sin", InterestSin, sin, -1e6, 1e6, 0x1p-53);
	TestNear("cos", InterestCos, cos, -7, 7, 0x1p-53);
	TestNear("cos", InterestCos, cos, -1e6, 1e6, 0x1p-53);
}

static void
CheckBits(const char *name, Function function, double x, double expected)
{
	double		found = function(x);

	if (!CHECK(memcmp(&found, &expected, sizeof(found)) == 0))
		printf("# %s(%.17g) = %a, not %a\n", name, x, found, expected);
}

/* All bits of the results of 20,000 arguments. */
static uint64_t
HashOfResults(Function function, double from, double to)
{
	InterestRandom random = InterestRandomKeyed(6, 0, 0, 0);
	uint64_t	hash = 0;

	for (int i = 0; i < 20000; i++)
	{
		double		result = function(from + (to - from) * InterestRandomUniform(&random));
		uint64_t	bits;

		memcpy(&bits, &result, sizeof(bits));
		hash = InterestMix64(hash ^ bits);
	}
	return hash;
}

static void
TestBits(void)
{
	CHECK(HashOfResults(InterestExp, -50, 50) == UINT64_C(0xe09a4eff0ec099d5));
	CHECK(HashOfResults(InterestExp2, -8, 1) == UINT64_C(0xc7510cec2ea4bea1));
	CHECK(HashOfResults(InterestExpm1, -5, 5) == UINT64_C(0x00c98371783f9b1e));
	CHECK(HashOfResults(InterestLog, 0, 100) == UINT64_C(0xfea7e85be254424c));
	CHECK(HashOfResults(InterestLog1p, -0.9, 100) == UINT64_C(0x358f35d4aa19f345));
	CHECK(HashOfResults(InterestTanh, -5, 5) == UINT64_C(0xceca4c5c2bc93b7c));
	CHECK(HashOfResults(InterestErf, -5, 5) == UINT64_C(0x21a443bca4220f95));
	CHECK(HashOfResults(InterestSin, -100, 100) == UINT64_C(0xbd8ab0aa07f50134));
	CHECK(HashOfResults(InterestCos, -100, 100) == UINT64_C(0x0e6adaa433c4e331));
}

static void
TestExact(void)
{
	for (int i = -1074; i < 1024; i++)
		CheckBits("exp2", InterestExp2, i, ldexp(1.0, i));
	CheckBits("exp2", InterestExp2, 1024, HUGE_VAL);
	CheckBits("exp2", InterestExp2, -1100, 0.0);
	CheckBits("exp2", InterestExp2, -HUGE_VAL, 0.0);
	CheckBits("exp", InterestExp, 0, 1.0);
	CheckBits("exp", InterestExp, HUGE_VAL, HUGE_VAL);
	CheckBits("exp", InterestExp, -HUGE_VAL, 0.0);
	CheckBits("exp", InterestExp, 710, HUGE_VAL);
	CheckBits("exp", InterestExp, -750, 0.0);
	CheckBits("expm1", InterestExpm1, 0, 0.0);
	CheckBits("expm1", InterestExpm1, -0.0, -0.0);
	CheckBits("expm1", InterestExpm1, -HUGE_VAL, -1.0);
	CheckBits("expm1", InterestExpm1, HUGE_VAL, HUGE_VAL);
	CheckBits("log", InterestLog, 1, 0.0);
	CheckBits("log", InterestLog, 0, -HUGE_VAL);
	CheckBits("log", InterestLog, HUGE_VAL, HUGE_VAL);
	CheckBits("log1p", InterestLog1p, 0, 0.0);
	CheckBits("log1p", InterestLog1p, 1e-300, 1e-300);
	CheckBits("log1p", InterestLog1p, -1, -HUGE_VAL);
	CheckBits("log1p", InterestLog1p, HUGE_VAL, HUGE_VAL);
	CheckBits("tanh", InterestTanh, HUGE_VAL, 1.0);
	CheckBits("tanh", InterestTanh, -HUGE_VAL, -1.0);
	CheckBits("tanh", InterestTanh, 0, 0.0);
	CheckBits("erf", InterestErf, HUGE_VAL, 1.0);
	CheckBits("erf", InterestErf, -HUGE_VAL, -1.0);
	CheckBits("erf", InterestErf, 0, 0.0);
	CheckBits("sin", InterestSin, 0, 0.0);
	CheckBits("cos", InterestCos, 0, 1.0);
}

static void
TestNotANumber(void)
{
	static const Function functions[] = {
		InterestExp, InterestExp2, InterestExpm1, InterestLog, InterestLog1p, InterestTanh,
		InterestErf, InterestSin, InterestCos
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		CHECK(isnan(functions[i](NAN)));
	CHECK(isnan(InterestLog(-1.0)));
	CHECK(isnan(InterestLog1p(-1.5)));
	CHECK(isnan(InterestSin(HUGE_VAL)));
	CHECK(isnan(InterestCos(-HUGE_VAL)));
}

/* Block factors must grow with time, or a later row would weigh less. */
static void
TestMonotonic(void)
{
	int			falls = 0;
	double		last = 0.0;

	for (int i = 0; i <= 80000; i++)
	{
		double		next = InterestExp2(-8.0 + i * 1e-4);

		falls += next < last;
		last = next;
	}
	CHECK_INTEGER(falls, 0);
}

int
main(void)
{
	TestAllNear();
	TestBits();
	TestExact();
	TestNotANumber();
	TestMonotonic();
	return CheckReport("deterministic");
}

/*
 * transcendental.h
 *	  e^x and erf over 16 lanes, as far as single precision goes.
 *
 * For elementwise.h, whose Lanes and KERNEL_TARGET these are written in.
 */

/*
 * e^x for x from -87.3 (smaller values count as that) to 88; relative error
 * below 1e-7.  x = n ln 2 + r; adding 1.5 * 2^23 rounds to the integer n and
 * leaves it in the low bits.  ln 2 in two parts, the first of 16 bits.  The
 * polynomial is the minimax one of (e^r - 1 - r) / r^2, fitted by us.
 */
KERNEL_TARGET InterestForceInline Lanes
LanesExp(Lanes x)
{
	const float rounder = 0x1.8p23f;
	Lanes		bounded = LanesMax(LanesSet(-87.3f), x);
	Lanes		shifted = LanesFma(bounded, LanesSet(1.44269504f), LanesSet(rounder));
	Lanes		n = LanesSubtract(shifted, LanesSet(rounder));
	Lanes		r = LanesFma(n, LanesSet(-0.693145752f), bounded);
	Lanes		p;

	r = LanesFma(n, LanesSet(-1.4286068e-6f), r);
	p = LanesFma(LanesSet(0.00138145406f), r, LanesSet(0.00836874545f));
	p = LanesFma(p, r, LanesSet(0.041668389f));
	p = LanesFma(p, r, LanesSet(0.166665211f));
	p = LanesFma(p, r, LanesSet(0.49999994f));
	p = LanesFma(p, LanesMultiply(r, r), r);
	p = LanesAdd(p, LanesSet(1.0f));
	return LanesTimesPower(p, shifted);
}

/*
 * erf(x) = x P(x^2) / Q(x^2), the minimax quotient on [-3.925, 3.925] fitted by
 * us; error at most 3e-7.  Where the argument is cut off the quotient is 1
 * exactly.
 */
KERNEL_TARGET InterestForceInline Lanes
LanesErf(Lanes x)
{
	const float end = 3.92462301f;
	Lanes		y = LanesMin(LanesSet(end), LanesMax(LanesSet(-end), x));
	Lanes		z = LanesMultiply(y, y);
	Lanes		p = LanesFma(LanesSet(2.03085847e-6f), z, LanesSet(0.000287492527f));
	Lanes		q = LanesFma(LanesSet(3.80313577e-5f), z, LanesSet(0.00118975691f));

	p = LanesFma(p, z, LanesSet(0.00387635734f));
	p = LanesFma(p, z, LanesSet(0.0530844405f));
	p = LanesFma(p, z, LanesSet(0.192973301f));
	p = LanesFma(p, z, LanesSet(1.12837899f));
	q = LanesFma(q, z, LanesSet(0.0151884146f));
	q = LanesFma(q, z, LanesSet(0.115167759f));
	q = LanesFma(q, z, LanesSet(0.504349768f));
	q = LanesFma(q, z, LanesSet(1.0f));
	return LanesDivide(LanesMultiply(y, p), q);
}

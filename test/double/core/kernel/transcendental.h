/*
 * transcendental.h
 *	  e^x and erf over the portable kernel's lanes, exact in double.
 *
 * In place of the header of that name in src.
 */

static inline Lanes
LanesExp(Lanes x)
{
	FOR_LANES(i)
		x.lane[i] = exp(x.lane[i]);
	return x;
}

static inline Lanes
LanesErf(Lanes x)
{
	FOR_LANES(i)
		x.lane[i] = erf(x.lane[i]);
	return x;
}

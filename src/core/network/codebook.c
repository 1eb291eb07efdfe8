/*
 * codebook.c
 *	  The nearest code of a row's vector.
 */
#include "core/network/codebook.h"

void
InterestFindCodes(const InterestLinear *codebook, const InterestArithmetic *arithmetic,
				  int rows, const float *v, int *codes)
{
	InterestArenaMark mark = InterestArenaGetMark(arithmetic->scratch);
	float	   *cosines = InterestArenaArray(arithmetic->scratch, float, (size_t) rows * INTEREST_CODES);

	InterestLinearForward(codebook, arithmetic, rows, v, cosines);
	for (int i = 0; i < rows; i++)
	{
		const float *line = cosines + (size_t) i * INTEREST_CODES;

		codes[i] = 0;
		for (int code = 1; code < INTEREST_CODES; code++)
			if (line[code] > line[codes[i]])
				codes[i] = code;
	}
	InterestArenaReturnTo(arithmetic->scratch, mark);
}

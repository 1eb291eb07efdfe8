/*
 * codebook.h
 *	  The nearest code of a row's vector.
 *
 * algorithm: section 3, topics.  A codebook is a layer without bias whose
 * weight is the codes, unit vectors (INTEREST_CODES, d): its outputs for a v are
 * the cosines, up to the norm of v, which changes no order.
 */
#ifndef INTEREST_CODEBOOK_H
#define INTEREST_CODEBOOK_H

#include "core/network/linear.h"
#include "core/profile/state.h"

/*
 * codes (rows) of v (rows, d): the greatest cosine, the lowest code of equal
 * ones, so code 0 of v = 0.  The codebook is packed.
 */
extern void InterestFindCodes(const InterestLinear *codebook, const InterestArithmetic *arithmetic,
							  int rows, const float *v, int *codes);

#endif

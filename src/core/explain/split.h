/*
 * split.h
 *	  What the modalities and the words of a row say in one direction.
 *
 * algorithm: section 4.  A row's vector is split with the block norm of its
 * words, the factor that clips its norm and the gates of its fusion held at
 * their actual values: it is then a sum of pieces, and what they say adds up to
 * what the row says.  These are shares of the row, not Shapley values.
 */
#ifndef INTEREST_SPLIT_H
#define INTEREST_SPLIT_H

#include "core/explain/quadrature.h"
#include "core/network/row_network.h"

/* "sentence", "words", "non-text"; "vector" for every column of vectors */
extern const char *InterestModalityName(InterestModality modality);

/* base and the modalities add up to direction . v. */
typedef struct InterestRowSplit
{
	const float *v;				/* (d): the row's vector, as InterestRowForward makes it */
	double		modality[INTEREST_MAX_MODALITIES];	/* 0 of a missing one */
	double		base;			/* biases */
	const double *word_direction;	/* (d): a word says its weight times its vector in this; NULL without words */
} InterestRowSplit;

/* direction (d).  The split's arrays are in arithmetic->scratch: mark it before. */
extern void InterestSplitRow(const InterestRowNetwork *network, const InterestArithmetic *arithmetic,
							 const InterestQuadrature *quadrature, const InterestRowInput *input,
							 const double *direction, InterestRowSplit *split);

/* What a word of the row says. */
extern double InterestSplitWord(const InterestRowNetwork *network, const InterestRowSplit *split,
								const InterestRowWord *word);

#endif

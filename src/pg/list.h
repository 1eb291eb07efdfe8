/*
 * list.h
 *	  Arguments that are lists: arrays of one dimension.
 */
#ifndef INTEREST_LIST_H
#define INTEREST_LIST_H

#include "utils/array.h"

/*
 * The elements of a list, in the current memory context; their number.  An array of
 * more dimensions, whose rows would run together, is an error, in which what names it,
 * and so is a NULL where nulls is NULL.
 */
extern int	InterestListElements(ArrayType *array, const char *what, Datum **elements, bool **nulls);

#endif

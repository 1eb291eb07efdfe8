/*
 * sort.h
 *	  Sorting of indices by a comparison with a context.
 *
 * A stable merge sort: the order of equal elements is that of their arrival,
 * on every machine, which the C library's qsort does not promise (and it may
 * take memory of its own).
 */
#ifndef INTEREST_SORT_H
#define INTEREST_SORT_H

#include "core/base/arena.h"

/* < 0, 0, > 0 as the element a comes before, beside or after b. */
typedef int (*InterestCompareFunction) (const void *context, int a, int b);

/* Sorts indices (count) in place; count more ints of scratch, given back. */
extern void InterestSort(int *indices, int count, InterestCompareFunction compare,
						 const void *context, InterestArena *scratch);

#endif

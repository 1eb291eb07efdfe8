/*
 * list.c
 *	  Arguments that are lists: arrays of one dimension.
 */
#include "pg/compat.h"

#include "utils/lsyscache.h"

#include "pg/list.h"

int
InterestListElements(ArrayType *array, const char *what, Datum **elements, bool **nulls)
{
	int16		length;
	bool		by_value;
	char		align;
	int			count;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s is an array of %d dimensions", what, ARR_NDIM(array)),
				 errhint("Give it as a list, an array of one dimension.")));
	if (nulls == NULL && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s has a NULL", what),
				 errhint("Leave it out.")));
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, elements, nulls, &count);
	return count;
}

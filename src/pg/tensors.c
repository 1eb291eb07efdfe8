/*
 * tensors.c
 *	  The header of a safetensors file, as the core takes it.
 */
#include "pg/compat.h"

#include "pg/tensors.h"

/* Whole numbers of JSON beyond this are not exact. */
#define MAX_EXACT_NUMBER 9007199254740992.0

static uint64
ExactNumber(double number, const InterestJson *tensor)
{
	if (!(number >= 0 && number <= MAX_EXACT_NUMBER) || number != (double) (uint64) number)
		ereport(ERROR,
				(errcode(tensor->code),
				 errmsg("%s has a shape or an offset out of range", tensor->place)));
	return (uint64) number;
}

static void
ReadTensorEntry(const InterestJson *header, const char *name, InterestTensorEntry *entry)
{
	InterestJson tensor;
	InterestJson shape;
	InterestJson offsets;
	char	   *type;
	double	   *numbers;

	if (!InterestJsonObject(header, name, &tensor) ||
		!InterestJsonText(&tensor, "dtype", &type) ||
		!InterestJsonArray(&tensor, "shape", &shape) ||
		!InterestJsonArray(&tensor, "data_offsets", &offsets))
		ereport(ERROR,
				(errcode(header->code),
				 errmsg("\"%s\" in %s lacks its type, shape or offsets", name, header->place)));
	entry->name = name;
	entry->type = type;
	entry->dimensions = InterestJsonNumbers(&shape, &numbers);
	if (entry->dimensions > INTEREST_TENSOR_MAX_DIMENSIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s has %d dimensions", tensor.place, entry->dimensions)));
	for (int i = 0; i < entry->dimensions; i++)
		entry->shape[i] = ExactNumber(numbers[i], &tensor);
	if (InterestJsonNumbers(&offsets, &numbers) != 2)
		ereport(ERROR,
				(errcode(header->code),
				 errmsg("%s has not two data offsets", tensor.place)));
	entry->begin = ExactNumber(numbers[0], &tensor);
	entry->end = ExactNumber(numbers[1], &tensor);
}

int
InterestReadTensors(const InterestJson *header, InterestTensorEntry **entries)
{
	char	  **names;
	int			keys = InterestJsonKeys(header, &names);
	int			count = 0;

	*entries = palloc(sizeof(InterestTensorEntry) * Max(keys, 1));
	for (int i = 0; i < keys; i++)
	{
		if (strcmp(names[i], "__metadata__") != 0)
			ReadTensorEntry(header, names[i], &(*entries)[count++]);
	}
	return count;
}

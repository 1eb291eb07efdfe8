/*
 * safetensors.h
 *	  Tensors of a safetensors file, whatever the file says.
 *
 * The format: 8 bytes, little-endian, the length of a JSON header; the header;
 * the data.  The caller parses the JSON (the core does not) into entries; every
 * number in them is the file's own word and is checked here before a byte of
 * the data is touched.
 */
#ifndef INTEREST_SAFETENSORS_H
#define INTEREST_SAFETENSORS_H

#include "core/base/status.h"

/* A header longer than this is refused; one of bert-large has 50 kB. */
#define INTEREST_SAFETENSORS_MAX_HEADER ((uint64_t) 16 * 1024 * 1024)

/* Dimensions of a tensor that an entry can hold. */
#define INTEREST_TENSOR_MAX_DIMENSIONS 8

typedef struct InterestTensorEntry
{
	const char *name;
	const char *type;			/* as in the file: F32, F16, BF16, I64 ... */
	int			dimensions;
	uint64_t	shape[INTEREST_TENSOR_MAX_DIMENSIONS];
	uint64_t	begin;			/* data_offsets, from the start of the data */
	uint64_t	end;
} InterestTensorEntry;

/* The header's length from the first 8 bytes of a file of file_size bytes. */
extern bool InterestSafetensorsHeaderLength(const uint8_t *bytes, uint64_t file_size,
											uint64_t *length, InterestStatus *status);

/*
 * Whether the entry lies within data_size bytes of data and is as long as its
 * shape and type say.  Types that we cannot use pass when only their bounds are
 * sound: a file may hold tensors that nobody reads.
 */
extern bool InterestTensorCheck(const InterestTensorEntry *entry, uint64_t data_size,
								InterestStatus *status);

/*
 * The checked entry's elements as float; data is the start of the file's data.
 * F32, F16 and BF16; a value that is not finite is refused.
 */
extern bool InterestTensorWiden(const InterestTensorEntry *entry, const uint8_t *data,
								float *out, InterestStatus *status);

#endif

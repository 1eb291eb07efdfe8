/*
 * tensors.h
 *	  The header of a safetensors file, as the core takes it.
 */
#ifndef INTEREST_TENSORS_H
#define INTEREST_TENSORS_H

#include "core/encoder/safetensors.h"
#include "pg/json.h"

/*
 * The entries of a header, its metadata left out; returns their number.
 * Nothing in them is checked against the file yet.
 */
extern int	InterestReadTensors(const InterestJson *header, InterestTensorEntry **entries);

#endif

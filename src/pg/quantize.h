/*
 * quantize.h
 *	  Encoders with weights of a narrower storage.
 */
#ifndef INTEREST_PG_QUANTIZE_H
#define INTEREST_PG_QUANTIZE_H

#include "pg/encoder_store.h"

/* The storage of that name; an error if there is none. */
extern InterestStorage InterestRequireStorage(const char *name);

/*
 * The content of an encoder of fp32 with weights of another storage, into the
 * current memory context; the two may be one variable.
 */
extern void InterestNarrowContent(const InterestEncoderContent *wide, InterestStorage storage,
								  InterestEncoderContent *narrow);

#endif

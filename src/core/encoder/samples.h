/*
 * samples.h
 *	  Texts of many kinds, to look at an encoder with when nobody gives any.
 */
#ifndef INTEREST_ENCODER_SAMPLES_H
#define INTEREST_ENCODER_SAMPLES_H

#include "core/encoder/encoder.h"

/* ASCII. They are stored nowhere, but int8 weights depend on them: never change one. */
extern const char *const *InterestEncoderSamples(int *count);

/*
 * The magnitudes (core/encoder/weights.h) of an encoder of fp32 on the samples,
 * where the outliers of int8 are taken from.
 */
extern bool InterestEncoderMeasureSamples(const InterestEncoder *encoder,
										  const InterestTokenizer *tokenizer,
										  InterestArena *scratch, float *magnitudes,
										  InterestStatus *status);

#endif

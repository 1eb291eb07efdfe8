/*
 * vector_type.h
 *	  interestvec in the server: a reading behind a varlena header.
 */
#ifndef INTEREST_VECTOR_TYPE_H
#define INTEREST_VECTOR_TYPE_H

#include "core/profile/vector.h"

/* A new value in the current context. */
extern Datum InterestMakeVector(const InterestReading *reading);

/* Detoasts, validates (an error if damaged) and reads; everything is in the arena. */
extern void InterestOpenVector(Datum vector, InterestArena *arena, InterestReading *reading);

#endif

/*
 * topics.h
 *	  The topics of a reading: clusters of the codes of a user's rows.
 *
 * algorithm: section 3, topics.
 */
#ifndef INTEREST_TOPICS_H
#define INTEREST_TOPICS_H

#include "core/profile/reading.h"

/* distances (INTEREST_CODES, INTEREST_CODES): squared, between codes (INTEREST_CODES, dimensions) */
extern void InterestMeasureCodes(int dimensions, const float *codes, double *distances);

/*
 * Merges the codes that have a mass until there are at most INTEREST_MAX_TOPICS
 * clusters, and fills in the reading's topics, whose vectors have a place.
 *
 * A topic's vector is the mean of its codes by mass, as a mean of its rows
 * would be: not of norm 1, but the shorter the more its codes differ.
 */
extern void InterestReadTopics(const InterestReadingModel *model, const double masses[INTEREST_CODES],
							   InterestReading *reading);

#endif

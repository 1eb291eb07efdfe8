/*
 * transfer.h
 *	  Starting from a model that has learned already.
 *
 * options->base is not NULL, but for the check.
 */
#ifndef INTEREST_TRANSFER_H
#define INTEREST_TRANSFER_H

#include "core/training/training.h"

/* Whether the base, if there is one, has the definition's columns and widths. */
extern bool InterestCheckBase(const InterestTrainingDefinition *definition,
							  const InterestTrainingOptions *options, InterestStatus *status);

/* The base's features; the kinds are the definition's unless the representation stays. */
extern void InterestTakeFeatures(const InterestTrainingDefinition *definition,
								 const InterestTrainingOptions *options,
								 InterestRowNetwork *network);

/*
 * The base's parameters into the bound model, initialized before: everything
 * up to the head; of a head of the same kind the interests that both have.
 */
extern void InterestTakeParameters(const InterestTrainingOptions *options,
								   const InterestModel *model);

#endif

/*
 * doctor.h
 *	  Findings of interest_doctor.
 */
#ifndef INTEREST_DOCTOR_H
#define INTEREST_DOCTOR_H

#include "nodes/execnodes.h"

#include "pg/definition.h"
#include "pg/model_store.h"

typedef enum InterestCondition
{
	INTEREST_CONDITION_OK,
	INTEREST_CONDITION_WARNING,
	INTEREST_CONDITION_ERROR
} InterestCondition;

/* One finding, a row of the result; fix is NULL where there is nothing to do. */
extern void InterestFinding(ReturnSetInfo *result, const char *check, InterestCondition condition,
							const char *detail, const char *fix);

/*
 * What is wrong with a model's source, read as the current user in one pass, a
 * sample of it when it is large.  What cannot be read is a finding too.
 */
extern void InterestCheckData(ReturnSetInfo *result, const InterestDefinition *definition);

/* Profile table, deltas, marks, fingerprints and triggers of a tracked model; version is the deployed one, or NULL. */
extern void InterestCheckTracking(ReturnSetInfo *result, const InterestDefinition *definition,
								  const InterestVersion *version);

/* Items of another representation or without vector, changes, and triggers of a model that has a catalogue. */
extern void InterestCheckCatalogue(ReturnSetInfo *result, const InterestDefinition *definition,
								   const InterestVersion *version);

#endif

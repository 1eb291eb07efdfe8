/*
 * train.h
 *	  What a training is told about a model, and what it says of itself.
 */
#ifndef INTEREST_TRAIN_H
#define INTEREST_TRAIN_H

#include "portability/instr_time.h"

#include "core/training/training.h"
#include "pg/definition.h"
#include "pg/encoder_store.h"
#include "pg/lexemes.h"
#include "pg/source.h"

/*
 * The definition as the core takes it, names of interests encoded, in the current
 * memory context; encoder and lexer are NULL for a model without.
 */
extern InterestTrainingDefinition InterestTrainingDefinitionOf(const InterestDefinition *definition,
															   InterestLoadedEncoder *encoder,
															   InterestLexer *lexer);

/* Arguments: an error where one that has a name is NULL, or is out of range. */
extern void InterestRefuseNulls(FunctionCallInfo fcinfo, int count, const char *const *names);
extern void InterestCheckRange(const char *name, bool valid, const char *range);
extern void InterestCheckSteps(int epochs, int batch_size, double learning_rate);

/* Seconds since start, which becomes now. */
extern double InterestSecondsSince(instr_time *start);

/* Notices: of an epoch, and of rows that were left out. */
extern void InterestNoteEpoch(const InterestTrainingEpoch *epoch, double seconds);
extern void InterestNoteSkipped(const InterestSource *source, const InterestTrainingCounts *counts);

#endif

/*
 * train.h
 *	  What a training is told about a model.
 */
#ifndef INTEREST_TRAIN_H
#define INTEREST_TRAIN_H

#include "core/training/training.h"
#include "pg/definition.h"
#include "pg/encoder_store.h"
#include "pg/lexemes.h"

/*
 * The definition as the core takes it, names of interests encoded, in the current
 * memory context; encoder and lexer are NULL for a model without.
 */
extern InterestTrainingDefinition InterestTrainingDefinitionOf(const InterestDefinition *definition,
															   InterestLoadedEncoder *encoder,
															   InterestLexer *lexer);

#endif

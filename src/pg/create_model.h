/*
 * create_model.h
 *	  A model from its definition.
 */
#ifndef INTEREST_CREATE_MODEL_H
#define INTEREST_CREATE_MODEL_H

#include "pg/definition.h"

/*
 * Stores a model of the current user, whatever cannot work being an error.  The
 * definition has its name, columns and task; encoder and text_search where
 * they are named, NULL for what there is.  The rest of it is filled in.
 */
extern void InterestCreateModel(InterestDefinition *definition, Jsonb *options, Oid source_id);

#endif

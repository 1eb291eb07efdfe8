/*
 * user.h
 *	  Interests of one user, read as the caller.
 */
#ifndef INTEREST_PG_USER_H
#define INTEREST_PG_USER_H

#include "pg/model_store.h"

/*
 * The reading of a user, at his newest row, by the deployed version of a model
 * that the caller may use, and that version; NULL if he has no rows.  The id is
 * of any type that InterestCheckUserType lets pass.
 */
extern InterestLoadedModel *InterestReadUser(const InterestDefinition *definition, Datum user, Oid type,
											 InterestArena *arena, InterestReading *reading);

#endif

/*
 * profile_type.h
 *	  interest_profile in the server: a state behind a varlena header.
 *
 * On disk, printed and sent it is canonical; as the transition value of an
 * aggregate it is working.  Every function of the type takes both.
 */
#ifndef INTEREST_PROFILE_TYPE_H
#define INTEREST_PROFILE_TYPE_H

#include "core/profile/state.h"

/* With a full header, as every value in memory of our own making has. */
typedef struct InterestProfileDatum
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	char		payload[FLEXIBLE_ARRAY_MEMBER];
} InterestProfileDatum;

/* A new canonical value in the current context. */
extern Datum InterestMakeProfile(const InterestStateView *view);

/*
 * Detoasts, validates (an error if damaged) and opens.  The view points into
 * the value returned, which is a palloc'd copy unless it is the datum itself.
 */
extern struct varlena *InterestOpenProfile(Datum profile, InterestStateView *view);

#endif

/*
 * encode_ahead_call.h
 *	  A call of a plan, and the texts that it will ask the encoder for.
 *
 * Nothing here fails for a row: what could, or would not be kept in the cache,
 * or would have to be fetched first, is left to the call itself.
 */
#ifndef INTEREST_ENCODE_AHEAD_CALL_H
#define INTEREST_ENCODE_AHEAD_CALL_H

#include "nodes/execnodes.h"

/* What the arguments are that the plan has of a call. */
typedef enum InterestAheadForm
{
	INTEREST_AHEAD_TEXTS,		/* texts, and the encoder last */
	INTEREST_AHEAD_RECORD,		/* of an aggregate: the model, and a row */
	INTEREST_AHEAD_TEXT			/* of an aggregate: the model, and a row's only text */
} InterestAheadForm;

typedef struct InterestAheadCall InterestAheadCall;

/* A call for the executor, in the current context; to be evaluated over rows in the econtext's scan tuple. */
extern InterestAheadCall *InterestAheadCallMake(const FuncExpr *call, InterestAheadForm form, PlanState *node);

/* Starts with a window of so many rows, whose texts lie in the current context until the next one. */
extern void InterestAheadCallStart(InterestAheadCall *call, ExprContext *econtext, int rows);

/* Adds the texts of a row; returns the bytes, at least, that they will take in the cache. */
extern Size InterestAheadCallAdd(InterestAheadCall *call, ExprContext *econtext);

/* Has all texts encoded. */
extern void InterestAheadCallEncode(const InterestAheadCall *call);

#endif

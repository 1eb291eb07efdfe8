/*
 * measure.h
 *	  How good a version is, on users whom it was never trained on.
 */
#ifndef INTEREST_PG_MEASURE_H
#define INTEREST_PG_MEASURE_H

#include "core/training/training.h"
#include "pg/model_store.h"
#include "pg/report.h"
#include "pg/source.h"

/* A version and the rows that it is measured on. */
typedef struct InterestMeasured
{
	InterestServerArena *arena;
	InterestDefinition *definition;
	InterestLoadedModel *model;
	InterestLoadedEncoder *encoder; /* NULL: none */
	InterestLexer *lexer;		/* NULL: no words */
	InterestSource source;
} InterestMeasured;

/*
 * Takes a version of a model that the caller may use (NULL: the deployed one)
 * and reads the rows for it, as the caller, from a relation (InvalidOid: the
 * model's source).
 */
extern void InterestMeasureBegin(const char *model, const int32 *version, Oid source, InterestMeasured *measured);

/* What it says to the samples of the test users; everything is in the measured's arena. */
extern void InterestMeasurePredict(const InterestMeasured *measured, InterestPredictions *predictions,
								   InterestSpan **users);

/* Its figures and those of the baselines, likewise. */
extern void InterestMeasureSystems(const InterestMeasured *measured, InterestEvaluation *evaluation);

/* The rows are no longer needed. */
extern void InterestMeasureEnd(InterestMeasured *measured);

#endif

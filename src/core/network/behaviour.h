/*
 * behaviour.h
 *	  One row of behaviour as its reader hands it over: nothing is copied.
 *
 * Which columns a row has is the model's (features.h): the arrays are as long
 * as its lists of texts, numerics, categoricals and vectors, in their order.
 */
#ifndef INTEREST_BEHAVIOUR_H
#define INTEREST_BEHAVIOUR_H

#include "core/base/span.h"

#include <stdint.h>

/* The values of one categorical column: several where it is an array. */
typedef struct InterestValues
{
	int			count;			/* 0: missing */
	const InterestSpan *values; /* an element with data NULL is missing, too */
} InterestValues;

/* A word of a text as the host's parser and dictionaries make it: a lexeme. */
typedef struct InterestWord
{
	InterestSpan text;
	int			count;			/* how often the text has it, >= 1 */
} InterestWord;

/* The words of one text, in byte order, each once. */
typedef struct InterestWords
{
	int			count;
	const InterestWord *words;
} InterestWords;

/* A vector of another modality, such as what an encoder of images made of one. */
typedef struct InterestVector
{
	int			width;
	const float *values;		/* (width), finite; NULL: missing */
} InterestVector;

typedef struct InterestBehaviour
{
	bool		has_time;
	int64_t		time;			/* microseconds since 2000-01-01 UTC */
	InterestSpan kind;
	const InterestSpan *texts;	/* (texts) */
	const double *numerics;		/* (numerics); NaN: missing */
	const InterestValues *categoricals; /* (categoricals) */
	const InterestVector *vectors;	/* (vectors) */
} InterestBehaviour;

/* Whether a text is nothing but ASCII white space, and so as good as none. */
extern bool InterestIsBlank(InterestSpan text);

/*
 * The text that the encoder sees: the present texts joined by a line break; one
 * that is blank is missing.  Returns the length, 0 where no
 * text is present; out NULL only measures.
 */
extern size_t InterestJoinTexts(const InterestBehaviour *behaviour, int texts, char *out);

#endif

/*
 * explain_text.h
 *	  Why a text is about an interest.
 */
#ifndef INTEREST_EXPLAIN_TEXT_H
#define INTEREST_EXPLAIN_TEXT_H

#include "pg/explain_lines.h"

typedef struct InterestExplainedText
{
	InterestRowQuery *query;
	InterestSpan text;			/* UTF-8 */
	InterestLines lines;
} InterestExplainedText;

/*
 * The lines of a method (NULL: tokens, or words without an encoder) about a text
 * that is read as the only row of a user, by a model that the caller may use.
 * The interest is the first of such a user where it is NULL; samples 0 are as
 * many as are usual.
 */
extern void InterestExplainText(const char *model, text *body, text *interest, const char *method, int samples,
								uint64 seed, InterestExplainedText *result);

#endif

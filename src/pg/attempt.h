/*
 * attempt.h
 *	  Work whose errors are findings.
 */
#ifndef INTEREST_ATTEMPT_H
#define INTEREST_ATTEMPT_H

/*
 * Runs work in a subtransaction; NULL, or the error that ended it, in the current
 * memory context.  A cancel, a shutdown and a serialization failure go on as errors.
 */
extern ErrorData *InterestAttempt(void (*work) (void *context), void *context);

#endif

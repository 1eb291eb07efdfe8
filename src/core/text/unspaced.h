/*
 * unspaced.h
 *	  Runs of the scripts that are written without spaces between words.
 *
 * A parser that looks for spaces takes such a run, a sentence often, for one
 * word; algorithm: section 1, word, cuts it into an encoder's pieces instead.
 */
#ifndef INTEREST_UNSPACED_H
#define INTEREST_UNSPACED_H

#include "core/base/span.h"

/*
 * The next run of letters of Chinese, Japanese, Thai, Lao, Khmer, Burmese and
 * their like in a text of valid UTF-8; rest becomes what is behind it.  Its data
 * is NULL where there is no further one.
 */
extern InterestSpan InterestNextUnspacedRun(InterestSpan *rest);

#endif

/*
 * compare.h
 *	  Two systems on the same users, user by user.
 */
#ifndef INTEREST_COMPARE_H
#define INTEREST_COMPARE_H

#include "core/measure/metrics.h"

/* Figures of single users that a mean over users makes sense of. */
#define INTEREST_USER_FIGURES 3
#define INTEREST_USER_LOG_LOSS 1

/* "accuracy", "log_loss", "brier" */
extern const char *InterestUserFigureName(int figure);

/* Weighted means over each user's samples; a figure that is not defined is NaN. */
typedef struct InterestUserMeans
{
	int			count;
	int		   *user;			/* (count), as the predictions number them, in their order */
	double	   *figures[INTEREST_USER_FIGURES]; /* (count) each */
} InterestUserMeans;

/* Of the users that samples are predicted of; arrays in the arena. */
extern void InterestMeasureUsers(const InterestPredictions *predictions, InterestArena *arena,
								 InterestUserMeans *means);

typedef struct InterestComparison
{
	int			users;			/* that both have a figure for */
	double		a;				/* means over them */
	double		b;
	double		difference;		/* b - a */
	double		error;			/* its standard error */
	double		p;				/* of a difference this large where systems do not matter */
} InterestComparison;

/* Pairs (count) of figures; p stays NaN. */
extern InterestComparison InterestDifference(int count, const double *a, const double *b);

/*
 * The same with p, which is that of a randomization test, which exchanges
 * the systems of every user by chance (Noreen, "Computer-intensive methods for
 * testing hypotheses", 1989).
 */
extern InterestComparison InterestCompare(int count, const double *a, const double *b, uint64_t seed,
										  const InterestHost *host);

/*
 * Whether the users who validate cannot tell an epoch from the best one: their
 * mean log loss is not above the least so far by more than the standard error of
 * the difference.  Of two such epochs the later one is better, for by then the
 * learning rate has fallen further; where nobody validates, the last one.
 * lowest has their losses where these were least, and is NULL, then made in keep,
 * at first.
 */
extern bool InterestIsAsGood(const InterestPredictions *predictions, double **lowest, InterestArena *keep,
							 InterestArena *scratch);

#endif

/*
 * surrogate.h
 *	  Linear models of a function of what is kept and what is left out: LIME and
 *	  KernelSHAP.
 *
 * Ribeiro, Singh, Guestrin, "Why should I trust you?", 2016; Lundberg, Lee, "A
 * unified approach to interpreting model predictions", 2017.  Kernels, distances
 * and penalties are those of the packages lime (of texts) and shap.
 */
#ifndef INTEREST_SURROGATE_H
#define INTEREST_SURROGATE_H

#include "core/base/arena.h"
#include "core/base/status.h"

#include <stdbool.h>

/* KernelSHAP enumerates all coalitions of so many features. */
#define INTEREST_SHAP_EXACT 10

/* A dense system of so many unknowns is solved. */
#define INTEREST_MAX_FEATURES 1000

/* LIME: width of the kernel over 100 times the cosine distance, and the ridge. */
#define INTEREST_LIME_WIDTH 25.0
#define INTEREST_LIME_RIDGE 1.0

/* What is explained: its value where some features (features) are kept. */
typedef struct InterestGame
{
	void	   *context;
	int			features;
	double		(*value) (void *context, const bool *kept);
} InterestGame;

/* Masks, what the game is worth there, and how much each counts. */
typedef struct InterestMasks
{
	int			features;
	int			count;
	bool	   *kept;			/* (count, features) */
	double	   *value;			/* (count) */
	double	   *weight;			/* (count) */
} InterestMasks;

typedef struct InterestSurrogate
{
	double		base;			/* with nothing kept: LIME's intercept, SHAP's value of nothing */
	double	   *value;			/* (features): what each adds */
	double		all;			/* the game's value of everything */
} InterestSurrogate;

/* LIME's weight of a mask that keeps so many. */
extern double InterestLimeWeight(int features, int kept);

/* LIME's masks: everything, then random ones; their values and weights. */
extern void InterestLimeMasks(const InterestGame *game, int samples, uint64_t seed, InterestArena *arena,
							  InterestMasks *masks);

/* The weighted ridge regression with an intercept that carries no penalty. */
extern void InterestLimeSolve(const InterestMasks *masks, InterestArena *arena, InterestSurrogate *surrogate);

/*
 * KernelSHAP's masks: all coalitions but for none and all of them, where there
 * are few features or enough samples; else random ones in pairs of complements,
 * sizes drawn by the kernel.
 */
extern void InterestShapMasks(const InterestGame *game, int samples, uint64_t seed, InterestArena *arena,
							  InterestMasks *masks);

/* The weighted regression under the constraint that values add up to all less none. */
extern void InterestShapSolve(const InterestMasks *masks, double none, double all, InterestArena *arena,
							  InterestSurrogate *surrogate);

#endif

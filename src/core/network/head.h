/*
 * head.h
 *	  The head: from a user's u to interests; its losses.
 *
 * algorithm: section 3, and 6 (recipe).  logits = exp(s) (W u) + b.
 */
#ifndef INTEREST_HEAD_H
#define INTEREST_HEAD_H

#include "core/network/linear.h"

#include <stdint.h>

/* s at the start of training, a natural logarithm: |u| <= 1 gives logits of up to 7.4 |w|. */
#define INTEREST_LOG_SCALE 2.0f

/* Share of the target's mass that is spread over all interests. */
#define INTEREST_LABEL_SMOOTHING 0.05f

/* The numbers are stored: never change one. */
typedef enum InterestHeadKind
{
	INTEREST_HEAD_SOFTMAX = 0,	/* one interest of all */
	INTEREST_HEAD_SIGMOID = 1,	/* several interests at once */
	INTEREST_HEAD_LOGISTIC = 2, /* one of all: a sigmoid each, normalised to 1 */
	INTEREST_HEAD_SVM = 3,		/* one of all: margins, Platt's sigmoids of them, normalised to 1 */
	INTEREST_HEAD_LDA = 4		/* one of all: linear discriminants, learned through a softmax */
} InterestHeadKind;

#define INTEREST_LAST_HEAD INTEREST_HEAD_LDA

/* Bound of the logarithm of a temperature. */
#define INTEREST_MAX_LOG_TEMPERATURE 5.0

typedef struct InterestHead
{
	InterestHeadKind kind;
	InterestLinear linear;		/* (interests, d), over exp(s) u */
	float	   *log_scale;		/* s */

	/* fitted after training, on users who trained nothing */
	float	   *temperature;	/* (2): a, b; what is prepared is divided by exp(a + b log1p(evidence)) */
	float	   *slope;			/* svm: (interests), of a margin; others have none */
	float	   *offset;			/* likewise */
} InterestHead;

/*
 * Targets of samples: sample s has interests[first[s]] to interests[first[s + 1]
 * - 1], each once.  A head for one interest takes exactly one of each sample.
 */
typedef struct InterestTargets
{
	const int  *first;			/* (samples + 1) */
	const int  *interests;
} InterestTargets;

typedef struct InterestLossRule
{
	float		smoothing;		/* softmax, lda: label smoothing; 0 to measure */

	/*
	 * (interests), NULL: 1.  softmax, lda: of the samples that have the interest;
	 * others: of the positive terms.
	 */
	const float *weights;
} InterestLossRule;

/* "softmax" ... */
extern const char *InterestHeadName(InterestHeadKind kind);

/* Whether it answers with one interest of all, its probabilities adding up to 1. */
extern bool InterestHeadIsOfOne(InterestHeadKind kind);

/* Where a bias would go first, were there nothing but the rate of its interest and its weight. */
extern double InterestHeadFirstBias(InterestHeadKind kind, double rate, double weight);

/* Packs the weight for inference, in the arena. */
extern void InterestHeadPack(InterestHead *head, InterestArena *arena);

/* logits (samples, interests) of u (samples, d) */
extern void InterestHeadForward(const InterestHead *head, const InterestArithmetic *arithmetic,
								int samples, const float *u, float *logits);

/*
 * Logits (interests) to what the temperature divides, in place: the logarithms
 * of the sigmoids where these are normalised to 1, else the logits themselves.
 */
extern void InterestHeadPrepare(const InterestHead *head, float *logits);

/*
 * Logits (interests) to probabilities, in place; evidence is the coarse mass of
 * the reading.
 */
extern void InterestHeadNormalize(const InterestHead *head, const InterestKernel *kernel,
								  double evidence, float *logits);

/* The two above for one u, the same bits on every machine when packed. */
extern void InterestHeadProbabilities(const InterestHead *head,
									  const InterestArithmetic *arithmetic,
									  const float *u, double evidence, float *probabilities);

/*
 * Mean loss of the samples: cross-entropy for softmax and lda; binary
 * cross-entropy for sigmoid and logistic and the squared hinge for svm, one
 * against the rest, means over interests.  gradient (samples, interests) is its
 * gradient by the logits, NULL where only the loss is wanted.
 */
extern double InterestHeadLoss(const InterestHead *head, const InterestLossRule *rule,
							   int samples, const float *logits,
							   const InterestTargets *targets, float *gradient);

/*
 * Adds to gradient (the same head over the gradients' memory); u_gradient
 * (samples, d) is overwritten.
 */
extern void InterestHeadBackward(const InterestHead *head, const InterestArithmetic *arithmetic,
								 int samples, const float *u, const float *logit_gradient,
								 const InterestHead *gradient, float *u_gradient);

#endif

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
	INTEREST_HEAD_SIGMOID = 1	/* several interests at once */
} InterestHeadKind;

typedef struct InterestHead
{
	InterestHeadKind kind;
	InterestLinear linear;		/* (interests, d), over exp(s) u */
	float	   *log_scale;		/* s */
} InterestHead;

/*
 * Targets of samples: sample s has interests[first[s]] to interests[first[s + 1]
 * - 1], each once.  A softmax head takes exactly one of each sample.
 */
typedef struct InterestTargets
{
	const int  *first;			/* (samples + 1) */
	const int  *interests;
} InterestTargets;

typedef struct InterestLossRule
{
	float		smoothing;		/* softmax: label smoothing; 0 to measure */
	const float *positive_weights;	/* sigmoid: (interests), of the positive terms; NULL: 1 */
} InterestLossRule;

/* Packs the weight for inference, in the arena. */
extern void InterestHeadPack(InterestHead *head, InterestArena *arena);

/* logits (samples, interests) of u (samples, d) */
extern void InterestHeadForward(const InterestHead *head, const InterestArithmetic *arithmetic,
								int samples, const float *u, float *logits);

/* Logits (interests) to probabilities, in place. */
extern void InterestHeadNormalize(const InterestHead *head, const InterestKernel *kernel,
								  float *logits);

/* The two above for one u, the same bits on every machine when packed. */
extern void InterestHeadProbabilities(const InterestHead *head,
									  const InterestArithmetic *arithmetic,
									  const float *u, float *probabilities);

/*
 * Mean loss of the samples: cross-entropy for softmax; for sigmoid the binary
 * cross-entropy, mean over interests.  gradient (samples, interests) is its
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

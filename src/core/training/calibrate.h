/*
 * calibrate.h
 *	  From logits to probabilities that mean what they say.
 *
 * algorithm: section 3.  Predictions here hold logits, as InterestPassScore
 * gives them, of users who trained nothing.
 */
#ifndef INTEREST_CALIBRATE_H
#define INTEREST_CALIBRATE_H

#include "core/training/predict.h"

/* With fewer users the temperature stays 1. */
#define INTEREST_LEAST_CALIBRATION_USERS 30

/* With fewer positives an interest takes the sigmoid of all interests together. */
#define INTEREST_LEAST_PLATT_POSITIVES 5

/*
 * svm: each interest's slope and offset (Platt, "Probabilistic outputs for
 * support vector machines", 1999; targets (n+ + 1) / (n+ + 2) and 1 / (n- + 2)).
 */
extern void InterestFitPlatt(const InterestHead *head, const InterestPredictions *scored,
							 InterestArena *scratch);

/*
 * The temperature, evidence being the coarse mass of each sample, by the log
 * loss of the samples whose interests the model has.
 */
extern void InterestFitTemperature(const InterestHead *head, const InterestPredictions *scored,
								   const double *evidence, InterestArena *scratch);

/* Logits to probabilities, in place. */
extern void InterestNormalizeAll(const InterestHead *head, const InterestKernel *kernel,
								 const InterestPredictions *scored, const double *evidence,
								 const InterestHost *host);

/*
 * Conformal scores of probabilities: of one sample a user, drawn by the user's
 * key; of several interests at once that of the least probable true one.
 */
extern void InterestFitConformal(const InterestPreparedRows *prepared, uint64_t seed,
								 const InterestPredictions *predictions, InterestArena *arena,
								 InterestArena *scratch, InterestConformal *conformal);

#endif

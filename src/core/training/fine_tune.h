/*
 * fine_tune.h
 *	  An encoder that learns from labelled rows.
 *
 * Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for
 * Language Understanding", 2019, section 3.2: a linear head over the pooled
 * vector, and everything learns through it.  The head is thrown away.  Instead of
 * dropout, tokens are replaced by [MASK] at random.
 *
 * Users are split as in training (training.h): training users' rows are learned
 * from, the half of those who validate that stops a training early chooses the
 * epoch.  Rows of others are not looked at: conformal scores and figures of test users,
 * of a model that reads texts with the new encoder, are those of users who have
 * changed nothing.
 */
#ifndef INTEREST_FINE_TUNE_H
#define INTEREST_FINE_TUNE_H

#include "core/encoder/encoder.h"
#include "core/training/training.h"

/* A row's sentence numbers one of these. */
typedef struct InterestFineTuneTexts
{
	void	   *context;
	InterestSpan (*text) (void *context, int i, InterestArena *scratch);
	InterestTokenizer tokenizer;
} InterestFineTuneTexts;

typedef struct InterestFineTuneOptions
{
	uint64_t	seed;
	int			epochs;
	int			batch_size;		/* rows of one step */
	double		learning_rate;	/* of the encoder at its greatest, after the warm-up */
	int			layers;			/* so many of the last ones learn; 0: all, and the embeddings */
	double		token_masking;	/* share of a text's tokens, special ones but for */
	double		label_smoothing;	/* of one interest */
	bool		several;		/* interests at once */
} InterestFineTuneOptions;

typedef struct InterestFineTuneResult
{
	InterestTrainingCounts counts;
	int			samples;		/* labelled rows with text of training users */
	int			validation_samples;
	int			best_epoch;
} InterestFineTuneResult;

/*
 * image is that of the encoder's weights in fp32 (core/encoder/weights.h): it
 * becomes that of the last epoch that users who validate cannot tell from the
 * best one (core/measure/compare.h), by calibrated losses as in training; where
 * nobody validates, of the last one.  The set's sentences and
 * texts are not asked for.
 *
 * Memory, besides the image: three numbers a parameter that learns and one a
 * parameter of the layers, one a number of the words' vectors and what a batch
 * touches of them, and the tape (core/encoder/backward.h) of
 * INTEREST_FINE_TUNE_TOKENS tokens or of the longest text.
 *
 * The same rows, in whatever order, and the same seed give the same image bit
 * for bit on one machine.
 */
#define INTEREST_FINE_TUNE_TOKENS 512

extern bool InterestFineTune(const InterestTrainingSet *set, const InterestFineTuneTexts *texts,
							 const InterestFineTuneOptions *options, const InterestEncoderConfig *config, float *image,
							 const InterestKernel *kernel, InterestSgemmFunction sgemm,
							 const InterestTrainingObserver *observer, InterestArena *arena,
							 InterestFineTuneResult *result, InterestStatus *status);

#endif

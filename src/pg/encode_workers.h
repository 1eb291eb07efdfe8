/*
 * encode_workers.h
 *	  Many texts encoded by parallel workers.
 */
#ifndef INTEREST_ENCODE_WORKERS_H
#define INTEREST_ENCODE_WORKERS_H

#include "core/base/arena.h"
#include "core/base/span.h"
#include "pg/encoder_store.h"

/*
 * Where the texts come from and where their vectors go.  text gives the i-th
 * one, in UTF-8, in scratch or wherever it lies; keep takes its vector, which is
 * gone after.  Each is asked once, keep in no order.
 */
typedef struct InterestEncodeJob
{
	void	   *context;
	int			count;
	InterestSpan (*text) (void *context, int i, InterestArena *scratch);
	void		(*keep) (void *context, int i, const float *vector);
} InterestEncodeJob;

/*
 * Encodes all texts by this backend and up to max_parallel_maintenance_workers
 * beside it, and reports progress; the vectors are the same bits whoever encodes
 * them.  Neither function of the job may write to the database.
 */
extern void InterestEncodeJobRun(InterestLoadedEncoder *encoder, const InterestEncodeJob *job);

#endif

/*
 * encode_workers.c
 *	  Many texts encoded by parallel workers.
 *
 * The leader copies texts into slots of shared memory and takes their vectors
 * out of them; whoever is free, a worker or the leader itself, claims a slot
 * that is filled and encodes it by way of the same caches as ever.  So memory is
 * bounded, whatever the texts are, and a slot is never lost: a worker that ends
 * early ends the statement.
 */
#include "pg/compat.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/shm_toc.h"

#include "pg/encode.h"
#include "pg/encode_workers.h"
#include "pg/progress.h"
#include "pg/report.h"

/* Texts of a slot, which is what is done between two reports of progress. */
#define SLOT_TEXTS 32

/* Their bytes; a longer text is the leader's own. */
#define SLOT_BYTES (128 * 1024)

/* So many texts are worth the start of a worker. */
#define WORKER_TEXTS 256

/* One that everyone works on, and one that waits. */
#define SLOTS_EACH 2

#define SCRATCH_BLOCK (64 * 1024)

/* In the shared memory. */
#define KEY_POOL UINT64CONST(1)

/* The leader fills and empties a slot; whoever claims it makes the other two steps. */
typedef enum SlotState
{
	SLOT_EMPTY, SLOT_FILLED, SLOT_CLAIMED, SLOT_ENCODED
} SlotState;

typedef struct Slot
{
	pg_atomic_uint32 state;
	bool		by_worker;		/* who encoded it */
	int			first;			/* of the job's texts */
	int			count;
	Size		lengths[SLOT_TEXTS];
	char		texts[SLOT_BYTES];	/* one after the other */
	float		vectors[FLEXIBLE_ARRAY_MEMBER]; /* (SLOT_TEXTS, hidden) */
} Slot;

typedef struct Pool
{
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];	/* of the encoder */
	int			slot_count;
	Size		slot_size;
	pg_atomic_uint32 closed;	/* nothing will be filled any more */
	ConditionVariable filled;	/* workers wait for it */
	ConditionVariable encoded;	/* the leader does */
} Pool;

typedef struct Leader
{
	InterestLoadedEncoder *encoder;
	const InterestEncodeJob *job;
	InterestServerArena *scratch;
	ParallelContext *parallel;	/* NULL: alone */
	Pool	   *pool;
	bool		works;			/* as the workers do */
	int			next;			/* text */
	int			kept;			/* texts */
	int			kept_of_workers;
} Leader;

/*
 * Slots
 */

static Slot *
SlotAt(Pool *pool, int i)
{
	return (Slot *) ((char *) pool + MAXALIGN(sizeof(Pool)) + pool->slot_size * i);
}

static Size
SlotSize(const InterestLoadedEncoder *encoder)
{
	return MAXALIGN(offsetof(Slot, vectors) + sizeof(float) * SLOT_TEXTS * encoder->encoder.config.hidden);
}

static Size
PoolSize(const InterestLoadedEncoder *encoder, int slots)
{
	return MAXALIGN(sizeof(Pool)) + SlotSize(encoder) * slots;
}

static void
InitPool(Pool *pool, const InterestLoadedEncoder *encoder, int slots)
{
	memcpy(pool->content_hash, encoder->content_hash, INTEREST_CONTENT_HASH_SIZE);
	pool->slot_count = slots;
	pool->slot_size = SlotSize(encoder);
	pg_atomic_init_u32(&pool->closed, 0);
	ConditionVariableInit(&pool->filled);
	ConditionVariableInit(&pool->encoded);
	for (int i = 0; i < slots; i++)
		pg_atomic_init_u32(&SlotAt(pool, i)->state, SLOT_EMPTY);
}

/* What was written to the slot before can be read by who sees the state. */
static void
SetState(Slot *slot, SlotState state)
{
	pg_write_barrier();
	pg_atomic_write_u32(&slot->state, state);
}

static bool
HasState(Slot *slot, SlotState state)
{
	bool		has = pg_atomic_read_u32(&slot->state) == state;

	pg_read_barrier();
	return has;
}

/* A filled slot that nobody else has; NULL: there is none. */
static Slot *
ClaimSlot(Pool *pool)
{
	for (int i = 0; i < pool->slot_count; i++)
	{
		Slot	   *slot = SlotAt(pool, i);
		uint32		state = SLOT_FILLED;

		if (pg_atomic_compare_exchange_u32(&slot->state, &state, SLOT_CLAIMED))
			return slot;
	}
	return NULL;
}

static void
EncodeSlot(InterestLoadedEncoder *encoder, Slot *slot)
{
	const char *texts[SLOT_TEXTS];
	Size		used = 0;

	for (int i = 0; i < slot->count; i++)
	{
		texts[i] = slot->texts + used;
		used += slot->lengths[i];
	}
	InterestEncodeTexts(encoder, slot->count, texts, slot->lengths, slot->vectors);
	slot->by_worker = IsParallelWorker();
	SetState(slot, SLOT_ENCODED);
}

/*
 * Workers
 */

/* A claimed slot, waited for; NULL: the work is done. */
static Slot *
AwaitSlot(Pool *pool)
{
	Slot	   *slot;

	ConditionVariablePrepareToSleep(&pool->filled);
	while ((slot = ClaimSlot(pool)) == NULL && pg_atomic_read_u32(&pool->closed) == 0)
		ConditionVariableSleep(&pool->filled, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();
	return slot;
}

extern PGDLLEXPORT void InterestEncodeWorkerMain(dsm_segment *segment, shm_toc *toc);

void
InterestEncodeWorkerMain(dsm_segment *segment, shm_toc *toc)
{
	Pool	   *pool = shm_toc_lookup(toc, KEY_POOL, false);
	InterestLoadedEncoder *encoder = InterestEncoderByHash(pool->content_hash, NULL);
	Slot	   *slot;

	while ((slot = AwaitSlot(pool)) != NULL)
	{
		EncodeSlot(encoder, slot);
		ConditionVariableSignal(&pool->encoded);
	}
}

/*
 * The leader
 */

static int
WorkersFor(const InterestEncodeJob *job)
{
	if (!IsUnderPostmaster || IsParallelWorker())
		return 0;
	return Min(max_parallel_maintenance_workers, job->count / WORKER_TEXTS);
}

static void
BeginAlone(Leader *leader)
{
	leader->pool = palloc0(PoolSize(leader->encoder, 1));
	InitPool(leader->pool, leader->encoder, 1);
	leader->works = true;
}

static void
BeginParallel(Leader *leader, int workers)
{
	int			slots = SLOTS_EACH * (workers + 1);
	Size		size = PoolSize(leader->encoder, slots);
	ParallelContext *parallel;

	EnterParallelMode();
	parallel = CreateParallelContext("interest", "InterestEncodeWorkerMain", workers);
	shm_toc_estimate_chunk(&parallel->estimator, size);
	shm_toc_estimate_keys(&parallel->estimator, 1);
	InitializeParallelDSM(parallel);
	leader->pool = shm_toc_allocate(parallel->toc, size);
	InitPool(leader->pool, leader->encoder, slots);
	shm_toc_insert(parallel->toc, KEY_POOL, leader->pool);
	LaunchParallelWorkers(parallel);
	leader->parallel = parallel;
	leader->works = parallel_leader_participation || parallel->nworkers_launched == 0;
	if (!leader->works)
		WaitForParallelWorkersToAttach(parallel);
}

static void
EndParallel(Leader *leader)
{
	pg_atomic_write_u32(&leader->pool->closed, 1);
	pg_memory_barrier();
	ConditionVariableBroadcast(&leader->pool->filled);
	WaitForParallelWorkersToFinish(leader->parallel);
	ereport(DEBUG1,
			(errmsg_internal("%d of %d texts were encoded by %d parallel workers", leader->kept_of_workers,
							 leader->kept, leader->parallel->nworkers_launched)));
	DestroyParallelContext(leader->parallel);
	ExitParallelMode();
}

static void
ReportProgress(const Leader *leader)
{
	InterestProgressUpdate(INTEREST_PROGRESS_TEXTS, 0, leader->kept, leader->job->count);
}

static void
EncodeLong(Leader *leader, InterestSpan text)
{
	const float *vector = InterestEncodedText(leader->encoder, text.data, text.length);

	leader->job->keep(leader->job->context, leader->next++, vector);
	leader->kept++;
	ReportProgress(leader);
}

/* The next texts, as many as it holds; those that none holds are encoded here. */
static void
FillSlot(Leader *leader, Slot *slot)
{
	const InterestEncodeJob *job = leader->job;
	InterestArena *scratch = &leader->scratch->arena;
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	Size		used = 0;

	slot->count = 0;
	while (slot->count < SLOT_TEXTS && leader->next < job->count)
	{
		InterestSpan text = job->text(job->context, leader->next, scratch);

		if (text.length <= SLOT_BYTES - used)
		{
			memcpy(slot->texts + used, text.data, text.length);
			used += text.length;
			slot->lengths[slot->count++] = text.length;
			leader->next++;
		}
		else if (slot->count == 0)
			EncodeLong(leader, text);
		else
			break;
		InterestArenaReturnTo(scratch, mark);
	}
	slot->first = leader->next - slot->count;
	if (slot->count > 0)
	{
		SetState(slot, SLOT_FILLED);
		ConditionVariableSignal(&leader->pool->filled);
	}
}

static void
EmptySlot(Leader *leader, Slot *slot)
{
	int			hidden = leader->encoder->encoder.config.hidden;

	for (int i = 0; i < slot->count; i++)
		leader->job->keep(leader->job->context, slot->first + i, slot->vectors + (Size) i * hidden);
	leader->kept += slot->count;
	if (slot->by_worker)
		leader->kept_of_workers += slot->count;
	SetState(slot, SLOT_EMPTY);
}

static void
ServeSlots(Leader *leader)
{
	for (int i = 0; i < leader->pool->slot_count; i++)
	{
		Slot	   *slot = SlotAt(leader->pool, i);

		if (HasState(slot, SLOT_ENCODED))
			EmptySlot(leader, slot);
		if (HasState(slot, SLOT_EMPTY))
			FillSlot(leader, slot);
	}
}

static bool
AnyEncoded(Pool *pool)
{
	for (int i = 0; i < pool->slot_count; i++)
		if (HasState(SlotAt(pool, i), SLOT_ENCODED))
			return true;
	return false;
}

/* Encodes a slot, or waits for one of the workers'. */
static void
WorkOrWait(Leader *leader)
{
	Pool	   *pool = leader->pool;
	Slot	   *slot = leader->works ? ClaimSlot(pool) : NULL;

	if (slot)
		EncodeSlot(leader->encoder, slot);
	else
	{
		ConditionVariablePrepareToSleep(&pool->encoded);
		while (!AnyEncoded(pool))
			ConditionVariableSleep(&pool->encoded, PG_WAIT_EXTENSION);
		ConditionVariableCancelSleep();
	}
}

void
InterestEncodeJobRun(InterestLoadedEncoder *encoder, const InterestEncodeJob *job)
{
	Leader		leader = {.encoder = encoder, .job = job};
	int			workers = WorkersFor(job);

	leader.scratch = InterestArenaBegin(CurrentMemoryContext, "interest texts", SCRATCH_BLOCK);
	ReportProgress(&leader);
	if (workers > 0)
		BeginParallel(&leader, workers);
	else
		BeginAlone(&leader);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ServeSlots(&leader);
		ReportProgress(&leader);
		if (leader.kept == job->count)
			break;
		WorkOrWait(&leader);
	}
	if (leader.parallel)
		EndParallel(&leader);
	else
		pfree(leader.pool);
	InterestArenaEnd(leader.scratch);
}

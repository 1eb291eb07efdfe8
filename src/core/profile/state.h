/*
 * state.h
 *	  The profile: the exact, mergeable state that readings are made from.
 *
 * algorithm: section 2.  A state is a flat run of bytes (the payload behind a
 * varlena header) in one of two layouts, told apart by the first byte:
 *
 * canonical	minimal, variable-length integers; equal states have equal bytes;
 *				what is stored, printed and sent
 * working		fixed-width 128-bit sums with room for more blocks, in host byte
 *				order, changed in place; lives in memory only
 *
 * FORMAT.md has both byte by byte.  Payloads need no alignment.
 *
 * Everything is integer arithmetic on the sums of rows, so any order and any
 * split of the rows gives the same canonical bytes.
 */
#ifndef INTEREST_STATE_H
#define INTEREST_STATE_H

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/profile/decay.h"

#define INTEREST_MAX_DIMENSIONS 1024
#define INTEREST_FINGERPRINT_SIZE 16

/*
 * Codes of a model's codebook.  What a user's topics are made of: the medium
 * part holds the mass of each code's rows.
 */
#define INTEREST_CODES 64

/* Content hash of the model version that embeds the rows of a working state. */
#define INTEREST_ORIGIN_SIZE 32

/* Least and greatest weight of a row. */
#define INTEREST_MIN_WEIGHT 0.0625
#define INTEREST_MAX_WEIGHT 256.0

/* Parts of a state and of a reading; the first three are the granularities. */
typedef enum InterestPart
{
	INTEREST_COARSE,
	INTEREST_MEDIUM,
	INTEREST_FINE,
	INTEREST_NEGATIVE			/* one more coarse part, of the negative rows */
} InterestPart;

#define INTEREST_GRANULARITIES 3
#define INTEREST_PARTS 4
#define INTEREST_MAX_BLOCKS (INTEREST_PARTS * INTEREST_WINDOW)

/* What two states must have in common to be merged. */
typedef struct InterestProfileShape
{
	int			dimensions;		/* 1 .. INTEREST_MAX_DIMENSIONS */
	int64_t		half_life[INTEREST_GRANULARITIES];	/* microseconds, 1 .. INTEREST_MAX_HALF_LIFE */
	uint8_t		fingerprint[INTEREST_FINGERPRINT_SIZE]; /* of the representation */
} InterestProfileShape;

/* One row of behaviour, as the row network made it. */
typedef struct InterestStateRow
{
	int64_t		time;			/* finite: neither INT64_MIN nor INT64_MAX */
	double		weight;			/* INTEREST_MIN_WEIGHT .. INTEREST_MAX_WEIGHT */
	bool		negative;
	const float *vector;		/* (dimensions), each within [-1, 1] up to rounding */
	int			code;			/* 0 .. INTEREST_CODES - 1: nearest to the vector in the codebook */
} InterestStateRow;

/* Rows of one part in one block of time. */
typedef struct InterestStateBlock
{
	InterestPart part;
	int			age;			/* blocks before the newest one, 0 .. INTEREST_WINDOW - 1 */
	int64_t		rows;
	InterestInt128 mass;		/* sum of llrint(weight f 2^40) */
	const uint8_t *sums;		/* read them with InterestStateBlockSums */
	uint64_t	codes;			/* bit c: rows have code c; 0 but in the medium part */
	const uint8_t *code_masses; /* read them with InterestStateBlockCodes */
} InterestStateBlock;

/*
 * A state of either layout, opened for reading; points into the payload, which
 * must stay.  Blocks are sorted by part, then age.
 */
typedef struct InterestStateView
{
	InterestProfileShape shape;
	bool		rebuild;		/* a bare "-" took the newest row away: sums may miss blocks */
	bool		working;
	bool		has_origin;		/* working states only: one version embedded all rows */
	uint8_t		origin[INTEREST_ORIGIN_SIZE];
	int64_t		rows;			/* positive */
	int64_t		negative_rows;
	int64_t		newest;			/* time of the newest row of any kind; INT64_MIN without rows */
	int64_t		newest_rows;	/* rows that have it */
	int			block_count;
	InterestStateBlock blocks[INTEREST_MAX_BLOCKS];
	const uint8_t *payload;
	size_t		size;
} InterestStateView;

/*
 * What became of a change.  Whatever is not DONE has left the state as it was.
 */
typedef enum InterestStateResult
{
	INTEREST_STATE_DONE,
	INTEREST_STATE_NEEDS_ROOM,	/* grow the state, then try again */
	INTEREST_STATE_NEWEST_LEAVES,	/* the newest time would fall: recompute */
	INTEREST_STATE_FAILED		/* status says why */
} InterestStateResult;

/* False with a status unless every number is within its limits. */
extern bool InterestShapeCheck(const InterestProfileShape *shape, InterestStatus *status);

/*
 * Working states.  The caller owns the memory: he asks for a size, allocates,
 * and lets the state be written there.
 */
extern size_t InterestStateCreateSize(const InterestProfileShape *shape);
extern void InterestStateCreate(const InterestProfileShape *shape, void *payload);

/* Size of a larger working state; always enough after at most 3 rounds. */
extern size_t InterestStateGrownSize(const void *payload);
extern void InterestStateGrow(const void *payload, void *larger);

/* A working copy of a state of either layout. */
extern size_t InterestStateWorkingSize(const InterestStateView *view);
extern void InterestStateWriteWorking(const InterestStateView *view, void *payload);

/* By the first byte of a payload, which may be damaged. */
extern bool InterestStateIsWorking(const void *payload, size_t size);

/*
 * Whose rows a working state holds: a final function reads them with the gate
 * and the head of that very version, whatever is deployed.  Merging keeps an
 * origin that both sides have; canonical states have none.
 */
extern void InterestStateSetOrigin(void *payload, const uint8_t *origin);

/* Whether rows of that shape can be added to a working state. */
extern bool InterestStateHasShape(const void *payload, const InterestProfileShape *shape);

/* Unless they are DONE, the state is as it was.  A row or a shape that does not fit has FAILED. */
extern InterestStateResult InterestStateAddRow(void *payload, const InterestStateRow *row,
											   InterestStatus *status);
extern InterestStateResult InterestStateMerge(void *payload, const InterestStateView *source,
											  InterestStatus *status);

/*
 * The exact inverse of a merge.  Where the newest time would fall, the result
 * is NEWEST_LEAVES, or with mark_rebuild, for the bare "-", the state keeps
 * its newest time and asks for a rebuild.
 */
extern InterestStateResult InterestStateSubtract(void *payload, const InterestStateView *source,
												 bool mark_rebuild, InterestStatus *status);

/*
 * THE validator: opens a payload of either layout and believes nothing of it.
 * Every other function takes only what it has let through, or what this file
 * made.
 */
extern bool InterestStateOpen(const void *payload, size_t size, InterestStateView *view,
							  InterestStatus *status);

/*
 * For bytes that a client sent: the same, but a working state, which never
 * leaves memory, is refused.
 */
extern bool InterestStateCheck(const void *payload, size_t size, InterestStatus *status);

/* sums: (dimensions) */
extern void InterestStateBlockSums(const InterestStateView *view, const InterestStateBlock *block,
								   InterestInt128 *sums);

/* masses: what the block's mass is made of; 0 where the block has no row of a code */
extern void InterestStateBlockCodes(const InterestStateView *view, const InterestStateBlock *block,
									InterestInt128 masses[INTEREST_CODES]);

/* The canonical bytes of a state of either layout: how many, and themselves. */
extern size_t InterestStateCanonicalSize(const InterestStateView *view);
extern void InterestStateWriteCanonical(const InterestStateView *view, void *payload);

/* No canonical state of these dimensions is larger. */
extern size_t InterestStateCanonicalBound(int dimensions);

/*
 * Lossless text, and the canonical state that a text says; both in the arena.
 * The text ends with a zero byte that is not counted.
 */
extern char *InterestStateToText(const InterestStateView *view, InterestArena *arena,
								 size_t *length);
extern bool InterestStateFromText(const char *text, size_t length, InterestArena *arena,
								  uint8_t **payload, size_t *size, InterestStatus *status);

#endif

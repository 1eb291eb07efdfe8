/*
 * history.h
 *	  Random histories of users, and states made from them, for the tests of
 *	  the profile.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "core/base/random.h"
#include "core/profile/reading.h"
#include "core/profile/vector.h"

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)

typedef struct History
{
	InterestProfileShape shape;
	int			count;
	InterestStateRow *rows;
} History;

/* A working state and the memory that it was given. */
typedef struct Working
{
	uint8_t    *payload;
	size_t		size;
} Working;

typedef struct Bytes
{
	uint8_t    *bytes;
	size_t		size;
} Bytes;

/* Half-lives of 180, 14 and 1 days, fingerprint bytes 1, 2, 3 ... */
extern InterestProfileShape UsualShape(int dimensions);

/*
 * 1 to 60 rows of 1 to 5 dimensions: ties in time, equal rows, negative rows,
 * bursts and rows centuries apart, times before 2000 and near both ends of
 * int64, all weights from least to greatest, odd half-lives too; one code, a
 * few or all of them.
 */
extern History RandomHistory(uint64_t seed, InterestArena *arena);

/* A codebook of random directions. */
extern void GiveCodebook(InterestReadingModel *model, InterestArena *arena);

extern Working NewWorking(const InterestProfileShape *shape, InterestArena *arena);
extern void AddRow(Working *state, const InterestStateRow *row, InterestArena *arena);
extern void MergeView(Working *state, const InterestStateView *view, InterestArena *arena);
extern InterestStateView OpenWorking(const Working *state);
extern InterestStateView OpenBytes(Bytes bytes);
extern Bytes Canonical(const InterestStateView *view, InterestArena *arena);

/* The canonical state of the rows in the order given; order NULL: as they are. */
extern Bytes StateOfRows(const History *history, const int *order, int count, InterestArena *arena);

/* Floats by the C library, nine digits. */
extern const InterestFloatText float_text;

extern bool SameBytes(Bytes a, Bytes b);
extern Bytes FromHex(const char *hex, InterestArena *arena);
extern char *ToHex(Bytes bytes, InterestArena *arena);

#endif

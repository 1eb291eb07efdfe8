/*
 * words.h
 *	  The words of a row's texts: their weights, and the sum of their vectors.
 *
 * algorithm: section 1, word.  Every text column has words of its own, with
 * their own vectors; the block of a column is the weights of the words that one
 * text has of it, scaled to one norm.
 */
#ifndef INTEREST_WORDS_H
#define INTEREST_WORDS_H

#include "core/base/arena.h"
#include "core/network/behaviour.h"

/* Most words of one column; the rarest are left out. */
#define INTEREST_MAX_WORDS 262144

/* Training rows that have a word which is learned. */
#define INTEREST_LEAST_WORD_ROWS 2

/* Norm of a block (algorithm: section 6, recipe). */
#define INTEREST_WORD_SCALE 3.0

/* Numbers that a pair of neighbouring words can have, by its hash (algorithm: section 1). */
#define INTEREST_WORD_PAIRS (1 << 18)

/*
 * A hash of what the host's parser and dictionaries make of a fixed text: a model
 * is for words of one making.
 */
#define INTEREST_WORD_PROBE_SIZE 16

/* What is learned of one text column by counting training rows. */
typedef struct InterestWordColumn
{
	InterestNames words;
	const int64_t *rows;		/* (words.count): rows that have the word, df */
	int64_t		all_rows;		/* rows that have any word, N */
	int			first;			/* number of its first word among those of all columns; set by InterestFeaturesComplete */
} InterestWordColumn;

/* A word of a row, by its number among those of all columns. */
typedef struct InterestRowWord
{
	int			word;
	float		weight;
} InterestRowWord;

/* By ascending number: sums over a block have one order. */
typedef struct InterestWordBlock
{
	int			count;			/* > 0 */
	const InterestRowWord *words;
} InterestWordBlock;

/* Vectors that are made room for at once. */
#define INTEREST_TOUCHED_BLOCK 1024

/*
 * The words that a batch has, and the gradients of their vectors: of the others
 * it is 0 and takes no memory.
 */
typedef struct InterestTouchedWords
{
	int			dimensions;
	InterestArena *arena;
	int			count;
	int		   *words;			/* (count), in the order in which they were met */
	int		   *place;			/* (words of all columns): in words; -1: not touched */
	int			block_count;
	float	  **blocks;			/* (INTEREST_TOUCHED_BLOCK, dimensions) each, made as they are needed */
} InterestTouchedWords;

/* None of words is touched; the arena keeps everything, and is not the scratch of InterestRowBackward, which would free it. */
extern void InterestTouchedInit(InterestTouchedWords *touched, int words, int dimensions, InterestArena *arena);

/* The gradient (dimensions) of a word's vector, 0 at first. */
extern float *InterestTouch(InterestTouchedWords *touched, int word);

/* That of touched word i, in the order in which they were met. */
extern float *InterestTouchedVector(const InterestTouchedWords *touched, int i);

/* Forgets all of them. */
extern void InterestTouchedClear(InterestTouchedWords *touched);

/*
 * The block of a text, in the arena; NULL if it has no word that the column
 * knows.  w = (1 + ln tf) (ln((1 + N) / (1 + df)) + 1), scaled to the norm
 * INTEREST_WORD_SCALE.
 */
extern const InterestWordBlock *InterestWordBlockOf(const InterestWordColumn *column,
													const InterestWords *words,
													InterestArena *arena);

#endif

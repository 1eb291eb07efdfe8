/*
 * words.c
 *	  The words of a row's texts: their weights, and the gradients of their
 *	  vectors.
 */
#include "core/network/words.h"

#include "core/base/deterministic.h"

#include <math.h>
#include <string.h>

static double
Weight(const InterestWordColumn *column, int word, int count)
{
	double		rarity = (1.0 + (double) column->all_rows) / (1.0 + (double) column->rows[word]);

	return (1.0 + InterestLog(count)) * (InterestLog(rarity) + 1.0);
}

const InterestWordBlock *
InterestWordBlockOf(const InterestWordColumn *column, const InterestWords *words,
					InterestArena *arena)
{
	InterestRowWord *known = InterestArenaArray(arena, InterestRowWord, words->count);
	InterestWordBlock *block;
	double		squares = 0.0;
	int			count = 0;

	for (int i = 0; i < words->count; i++)
	{
		int			word = InterestNamesFind(&column->words, words->words[i].text);

		if (word < 0)
			continue;
		known[count].word = column->first + word;
		known[count].weight = (float) Weight(column, word, words->words[i].count);
		squares += (double) known[count].weight * known[count].weight;
		count++;
	}
	if (count == 0)
		return NULL;
	for (int i = 0; i < count; i++)
		known[i].weight = (float) (INTEREST_WORD_SCALE * known[i].weight / sqrt(squares));
	block = InterestArenaNew(arena, InterestWordBlock);
	*block = (InterestWordBlock) {count, known};
	return block;
}

void
InterestTouchedInit(InterestTouchedWords *touched, int words, int dimensions, InterestArena *arena)
{
	int			blocks = (words + INTEREST_TOUCHED_BLOCK - 1) / INTEREST_TOUCHED_BLOCK;

	*touched = (InterestTouchedWords) {
		.dimensions = dimensions, .arena = arena,
		.words = InterestArenaArray(arena, int, words), .place = InterestArenaArray(arena, int, words),
		.blocks = InterestArenaArray(arena, float *, blocks)
	};
	for (int i = 0; i < words; i++)
		touched->place[i] = -1;
}

float *
InterestTouchedVector(const InterestTouchedWords *touched, int i)
{
	return touched->blocks[i / INTEREST_TOUCHED_BLOCK] + (size_t) (i % INTEREST_TOUCHED_BLOCK) * (size_t) touched->dimensions;
}

float *
InterestTouch(InterestTouchedWords *touched, int word)
{
	size_t		size = sizeof(float) * (size_t) touched->dimensions;

	if (touched->place[word] >= 0)
		return InterestTouchedVector(touched, touched->place[word]);
	if (touched->count == touched->block_count * INTEREST_TOUCHED_BLOCK)
		touched->blocks[touched->block_count++] = InterestArenaAllocate(touched->arena, INTEREST_TOUCHED_BLOCK * size);
	touched->place[word] = touched->count;
	touched->words[touched->count++] = word;
	return memset(InterestTouchedVector(touched, touched->count - 1), 0, size);
}

void
InterestTouchedClear(InterestTouchedWords *touched)
{
	for (int i = 0; i < touched->count; i++)
		touched->place[touched->words[i]] = -1;
	touched->count = 0;
}

/*
 * words.c
 *	  The words of a row's texts: their weights.
 */
#include "core/network/words.h"

#include "core/base/deterministic.h"

#include <math.h>

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

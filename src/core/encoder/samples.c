/*
 * samples.c
 *	  Texts of many kinds, to look at an encoder with when nobody gives any.
 */
#include "core/encoder/samples.h"

#include "core/encoder/weights.h"

#include <string.h>

static const char *const samples[] = {
	"",
	"sea",
	"The Last Train to the Coast (1987)",
	"Cheap flights to Lisbon in early spring, hand luggage only",
	"How do I restore a single table from a backup?",
	"the soup was cold, the waiter was friendly, and we would not go back",
	"Quarterly earnings rose 4.7% to $312 million, above what analysts expected.",
	"goalkeeper saves two penalties as the underdogs reach the final",
	"Waterproof hiking boots, size 42, leather, worn twice",
	"A quiet novel about two sisters who inherit a lighthouse and cannot agree on its light.",
	"ERROR: connection reset by peer (10.0.0.7:5432) after 3 retries",
	"Beethoven's late string quartets, recorded live in Vienna",
	"Mix the flour, the salt and the butter; rest the dough for an hour; bake at 180 degrees until golden.",
	"The committee rejected the proposal because it did not say who would pay for the repairs.",
	"new telescope images show water vapour around a small, distant planet",
	"yes no maybe",
	"SELECT count(*) FROM orders WHERE paid_at IS NULL",
	"Patients who slept less than six hours had a higher risk of infection than those who slept eight.",
	"!!! 50% OFF !!! only today >>> click here <<<",
	"children's bicycle with training wheels, red, needs a new chain",
	"Le train de nuit arrive avant huit heures du matin.",
	"Der letzte Zug nach Hamburg ist heute leider ausgefallen.",
	"El precio del aceite de oliva sube por tercer mes seguido.",
	"Il mercato apre alle sette e chiude a mezzogiorno.",
	"1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233",
	"In the winter of that year the river froze from bank to bank, and for three weeks the people of "
	"both towns walked across it to each other's markets, where they had never been; when the ice broke, "
	"four marriages had been agreed upon, and one lawsuit."
};

const char *const *
InterestEncoderSamples(int *count)
{
	*count = (int) (sizeof(samples) / sizeof(samples[0]));
	return samples;
}

bool
InterestEncoderMeasureSamples(const InterestEncoder *encoder, const InterestTokenizer *tokenizer,
							  InterestArena *scratch, float *magnitudes, InterestStatus *status)
{
	const int	count = (int) (sizeof(samples) / sizeof(samples[0]));
	bool		measured = true;

	memset(magnitudes, 0, sizeof(float) * InterestEncoderMagnitudesSize(&encoder->config));
	for (int i = 0; i < count && measured; i++)
	{
		InterestArenaMark mark = InterestArenaGetMark(scratch);
		int32_t    *ids;
		int			length = InterestTokenize(tokenizer, samples[i], strlen(samples[i]),
											  encoder->config.max_length, scratch, &ids);

		measured = InterestEncoderMeasure(encoder, scratch, 1, ids, &length, magnitudes, status);
		InterestArenaReturnTo(scratch, mark);
	}
	return measured;
}

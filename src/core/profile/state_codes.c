/*
 * state_codes.c
 *	  The code masses of a working state.
 *
 * A user's rows have few of the codes, so the masses lie without gaps and the
 * header says whose they are: a place is found by counting bits, and masses
 * move when a code comes or goes, which a user's rows do seldom.
 */
#include "core/profile/state_layout.h"

int
InterestStateCodeCount(const WorkingHeader *header)
{
	int			count = 0;

	for (int entry = 0; entry < INTEREST_WINDOW; entry++)
		count += CountBits(header->codes[entry]);
	return count;
}

size_t
InterestStateCodeOffset(const WorkingHeader *header, int entry)
{
	int			before = 0;

	for (int i = 0; i < entry; i++)
		before += CountBits(header->codes[i]);
	return SlotOffset(header->dimensions, header->capacity) + SUM_SIZE * (size_t) before;
}

void
InterestStateMoveCodes(uint8_t *payload, const WorkingHeader *old, const WorkingHeader *new,
					   uint32_t fresh)
{
	uint8_t		masses[MAX_CODE_MASSES * SUM_SIZE];
	const uint8_t *from = masses;
	uint8_t    *to = payload + InterestStateCodeOffset(new, 0);
	uint64_t	kept[INTEREST_WINDOW];

	for (int entry = 0; entry < INTEREST_WINDOW; entry++)
	{
		int			slot = new->slot[FIRST_MEDIUM_ENTRY + entry];

		kept[entry] = slot == NO_SLOT || (fresh >> slot & 1) ? 0 : old->codes[entry];
	}
	if (memcmp(old->codes, kept, sizeof(kept)) == 0 && memcmp(new->codes, kept, sizeof(kept)) == 0)
		return;
	memcpy(masses, payload + InterestStateCodeOffset(old, 0),
		   SUM_SIZE * (size_t) InterestStateCodeCount(old));
	for (int entry = 0; entry < INTEREST_WINDOW; entry++)
		for (uint64_t codes = old->codes[entry] | new->codes[entry]; codes != 0; codes &= codes - 1)
		{
			uint64_t	code = codes & -codes;

			if (new->codes[entry] & code)
			{
				if (kept[entry] & code)
					memcpy(to, from, SUM_SIZE);
				else
					memset(to, 0, SUM_SIZE);
				to += SUM_SIZE;
			}
			if (old->codes[entry] & code)
				from += SUM_SIZE;
		}
}

static void
AddMass(uint8_t *at, InterestInt128 mass)
{
	mass = InterestInt128Add(LoadInt128(at), mass);
	memcpy(at, &mass, sizeof(mass));
}

void
InterestStateAddCode(uint8_t *payload, const WorkingHeader *header, int entry, int code,
					 InterestInt128 mass)
{
	int			before = CountBits(header->codes[entry] & (CODE_BIT(code) - 1));

	AddMass(payload + InterestStateCodeOffset(header, entry) + SUM_SIZE * (size_t) before, mass);
}

void
InterestStateCombineCodes(uint8_t *payload, const WorkingHeader *header, int entry,
						  const InterestStateView *source, const InterestStateBlock *block,
						  bool subtract)
{
	SumReader	reader = CodeMassesOf(source, block);
	uint8_t    *at = payload + InterestStateCodeOffset(header, entry);

	for (uint64_t codes = header->codes[entry]; codes != 0; codes &= codes - 1, at += SUM_SIZE)
		if (block->codes & codes & -codes)
		{
			InterestInt128 mass = NextCodeMass(&reader);

			AddMass(at, subtract ? InterestInt128Negate(mass) : mass);
		}
}

bool
InterestStateSubtractCodes(const InterestStateView *source, const InterestStateBlock *block,
						   const InterestStateView *target, InterestStateBlock *left)
{
	SumReader	away = CodeMassesOf(source, block);
	SumReader	masses = CodeMassesOf(target, left);

	if ((block->codes & ~left->codes) != 0)
		return false;
	for (uint64_t codes = left->codes; codes != 0; codes &= codes - 1)
	{
		uint64_t	code = codes & -codes;
		InterestInt128 mass = NextCodeMass(&masses);

		if ((block->codes & code) == 0)
			continue;
		mass = InterestInt128Subtract(mass, NextCodeMass(&away));
		if (InterestInt128IsZero(mass))
			left->codes &= ~code;
		else if (IsLess(mass, LEAST_MASS))
			return false;
	}
	return true;
}

/*
 * unspaced.c
 *	  Runs of the scripts that are written without spaces between words.
 */
#include "core/text/unspaced.h"

#include <stdint.h>

/* Inclusive, ascending (Unicode, Scripts.txt: letters and marks, no digits). */
static const struct
{
	uint32_t	first;
	uint32_t	last;
}			unspaced[] =
{
	{0x0E01, 0x0E3A}, {0x0E40, 0x0E4E}, /* Thai */
	{0x0E81, 0x0EBD}, {0x0EC0, 0x0ECE}, {0x0EDC, 0x0EDF},	/* Lao */
	{0x1000, 0x103F}, {0x1050, 0x108F}, {0x109A, 0x109D},	/* Burmese */
	{0x1780, 0x17D3}, {0x17DC, 0x17DD}, /* Khmer */
	{0x1950, 0x1974},			/* Tai Le */
	{0x1980, 0x19C9},			/* New Tai Lue */
	{0x1A20, 0x1A7C},			/* Tai Tham */
	{0x3005, 0x3007}, {0x3041, 0x3096}, {0x3099, 0x309F}, {0x30A1, 0x30FA}, {0x30FC, 0x30FF},	/* kana */
	{0x3105, 0x312F}, {0x31A0, 0x31BF}, {0x31F0, 0x31FF},	/* Bopomofo, small kana */
	{0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, /* Han */
	{0xA9E0, 0xA9EF}, {0xA9FA, 0xA9FE}, {0xAA60, 0xAA7F},	/* more Burmese */
	{0xAA80, 0xAADD},			/* Tai Viet */
	{0xF900, 0xFAFF},			/* Han */
	{0xFF66, 0xFF9F},			/* narrow kana */
	{0x1B000, 0x1B167},			/* old kana */
	{0x20000, 0x3FFFD}			/* Han */
};

static bool
IsUnspaced(uint32_t code_point)
{
	int			low = 0;
	int			high = (int) (sizeof(unspaced) / sizeof(unspaced[0]));

	if (code_point < unspaced[0].first)
		return false;
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (code_point > unspaced[middle].last)
			low = middle + 1;
		else if (code_point < unspaced[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

/* Bytes of the character that starts here, and the character. */
static size_t
Decode(const unsigned char *at, size_t left, uint32_t *code_point)
{
	size_t		size = at[0] < 0xC0 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;

	if (size > left)
		size = left;
	*code_point = size == 1 ? at[0] : at[0] & (0x7Fu >> size);
	for (size_t i = 1; i < size; i++)
		*code_point = *code_point << 6 | (at[i] & 0x3F);
	return size;
}

InterestSpan
InterestNextUnspacedRun(InterestSpan *rest)
{
	const unsigned char *text = (const unsigned char *) rest->data;
	size_t		at = 0;
	size_t		start;
	InterestSpan run = {NULL, 0};
	uint32_t	code_point;
	size_t		size;

	for (; at < rest->length; at += size)
	{
		size = Decode(text + at, rest->length - at, &code_point);
		if (IsUnspaced(code_point))
			break;
	}
	for (start = at; at < rest->length; at += size)
	{
		size = Decode(text + at, rest->length - at, &code_point);
		if (!IsUnspaced(code_point))
			break;
	}
	if (at > start)
		run = (InterestSpan) {rest->data + start, at - start};
	*rest = (InterestSpan) {rest->data + at, rest->length - at};
	return run;
}

/*
 * behaviour.c
 *	  The text of a row.
 */
#include "core/network/behaviour.h"

bool
InterestIsBlank(InterestSpan text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!InterestIsSpace(text.data[i]))
			return false;
	return true;
}

size_t
InterestJoinTexts(const InterestBehaviour *behaviour, int texts, char *out)
{
	size_t		length = 0;

	for (int i = 0; i < texts; i++)
	{
		InterestSpan text = behaviour->texts[i];

		if (text.data == NULL || InterestIsBlank(text))
			continue;
		if (length > 0)
		{
			if (out)
				out[length] = '\n';
			length++;
		}
		if (out)
			memcpy(out + length, text.data, text.length);
		length += text.length;
	}
	return length;
}

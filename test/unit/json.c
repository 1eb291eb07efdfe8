/*
 * json.c
 *	  Just enough JSON for the unit tests.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

typedef struct Parser
{
	InterestArena *arena;
	const char *at;
} Parser;

static Json *ParseValue(Parser *parser);

static void
SkipSpace(Parser *parser)
{
	parser->at += strspn(parser->at, " \t\r\n");
}

static bool
Accept(Parser *parser, const char *literal)
{
	size_t		length = strlen(literal);

	SkipSpace(parser);
	if (strncmp(parser->at, literal, length) != 0)
		return false;
	parser->at += length;
	return true;
}

/* UTF-8 of a code point of the basic plane. */
static char *
Encode(char *to, unsigned int code)
{
	if (code < 0x80)
		*to++ = (char) code;
	else if (code < 0x800)
	{
		*to++ = (char) (0xc0 | code >> 6);
		*to++ = (char) (0x80 | (code & 0x3f));
	}
	else
	{
		*to++ = (char) (0xe0 | code >> 12);
		*to++ = (char) (0x80 | (code >> 6 & 0x3f));
		*to++ = (char) (0x80 | (code & 0x3f));
	}
	return to;
}

/* The escape behind a backslash. */
static char *
Unescape(Parser *parser, char *to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	char		digits[5] = {0};
	const char *name;

	if (*parser->at == 'u')
	{
		strncpy(digits, parser->at + 1, 4);
		parser->at += 1 + strlen(digits);
		return Encode(to, (unsigned int) strtoul(digits, NULL, 16));
	}
	name = *parser->at ? strchr(names, *parser->at) : NULL;
	if (name)
	{
		*to++ = values[name - names];
		parser->at++;
	}
	return to;
}

/* The string behind an opening quote; no escape is shorter than what it means. */
static char *
ParseString(Parser *parser, size_t *length)
{
	const char *end = parser->at;
	char	   *string;
	char	   *to;

	while (*end && *end != '"')
		end += end[0] == '\\' && end[1] ? 2 : 1;
	string = to = InterestArenaAllocate(parser->arena, (size_t) (end - parser->at) + 1);
	while (parser->at < end)
	{
		if (*parser->at == '\\')
		{
			parser->at++;
			to = Unescape(parser, to);
		}
		else
			*to++ = *parser->at++;
	}
	*to = '\0';
	*length = (size_t) (to - string);
	return Accept(parser, "\"") ? string : NULL;
}

/* The elements of an array or members of an object, up to the closing bracket. */
static bool
ParseElements(Parser *parser, Json *json, const char *close)
{
	Json	  **end = &json->first;

	if (Accept(parser, close))
		return true;
	do
	{
		const char *key = NULL;
		size_t		length;

		if (json->kind == JSON_OBJECT &&
			(!Accept(parser, "\"") || (key = ParseString(parser, &length)) == NULL ||
			 !Accept(parser, ":")))
			return false;
		*end = ParseValue(parser);
		if (*end == NULL)
			return false;
		(*end)->key = key;
		end = &(*end)->next;
		json->length++;
	} while (Accept(parser, ","));
	return Accept(parser, close);
}

static Json *
ParseValue(Parser *parser)
{
	Json	   *json = InterestArenaAllocateZero(parser->arena, sizeof(Json));
	char	   *end;

	if (Accept(parser, "null"))
		return json;
	if (Accept(parser, "true") || Accept(parser, "false"))
		json->kind = parser->at[-2] == 'u' ? JSON_TRUE : JSON_FALSE;
	else if (Accept(parser, "\""))
	{
		json->kind = JSON_STRING;
		json->string = ParseString(parser, &json->length);
		return json->string ? json : NULL;
	}
	else if (Accept(parser, "["))
	{
		json->kind = JSON_ARRAY;
		return ParseElements(parser, json, "]") ? json : NULL;
	}
	else if (Accept(parser, "{"))
	{
		json->kind = JSON_OBJECT;
		return ParseElements(parser, json, "}") ? json : NULL;
	}
	else
	{
		json->kind = JSON_NUMBER;
		json->number = strtod(parser->at, &end);
		if (end == parser->at)
			return NULL;
		parser->at = end;
	}
	return json;
}

const Json *
JsonParse(InterestArena *arena, const char *text)
{
	Parser		parser = {arena, text};

	return ParseValue(&parser);
}

const Json *
JsonGet(const Json *json, const char *key)
{
	if (json && json->kind == JSON_OBJECT)
		for (const Json *member = json->first; member; member = member->next)
			if (strcmp(member->key, key) == 0)
				return member;
	return NULL;
}

double
JsonNumber(const Json *json, const char *key, double otherwise)
{
	const Json *member = JsonGet(json, key);

	return member && member->kind == JSON_NUMBER ? member->number : otherwise;
}

bool
JsonBool(const Json *json, const char *key, bool otherwise)
{
	const Json *member = JsonGet(json, key);

	if (member && (member->kind == JSON_TRUE || member->kind == JSON_FALSE))
		return member->kind == JSON_TRUE;
	return otherwise;
}

const char *
JsonString(const Json *json, const char *key, const char *otherwise)
{
	const Json *member = JsonGet(json, key);

	return member && member->kind == JSON_STRING ? member->string : otherwise;
}

float *
JsonFloats(InterestArena *arena, const Json *array)
{
	float	   *values = InterestArenaArray(arena, float, array->length);
	size_t		i = 0;

	for (const Json *element = array->first; element; element = element->next)
		values[i++] = (float) element->number;
	return values;
}

int32_t *
JsonIntegers(InterestArena *arena, const Json *array)
{
	int32_t    *values = InterestArenaArray(arena, int32_t, array->length);
	size_t		i = 0;

	for (const Json *element = array->first; element; element = element->next)
		values[i++] = (int32_t) element->number;
	return values;
}

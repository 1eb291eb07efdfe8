/*
 * json.h
 *	  Just enough JSON for the unit tests to read model files and reference data.
 *
 * A malformed text is a failure of the test's data, not of the code under test:
 * it gives NULL where it is noticed.
 */
#ifndef INTEREST_TEST_JSON_H
#define INTEREST_TEST_JSON_H

#include "core/base/arena.h"

#include <stdbool.h>

typedef enum JsonKind
{
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT
} JsonKind;

typedef struct Json
{
	JsonKind	kind;
	const char *key;			/* of a member of an object */
	double		number;
	const char *string;			/* UTF-8, ended by a zero byte besides */
	size_t		length;			/* bytes of the string; elements of an array or object */
	struct Json *first;			/* of an array or object */
	struct Json *next;			/* among its siblings */
} Json;

/* One value of a text that ends with a zero byte; what follows it is ignored. */
extern const Json *JsonParse(InterestArena *arena, const char *text);

/* The member of an object; NULL if there is none or json is NULL. */
extern const Json *JsonGet(const Json *json, const char *key);
extern double JsonNumber(const Json *json, const char *key, double otherwise);
extern bool JsonBool(const Json *json, const char *key, bool otherwise);
extern const char *JsonString(const Json *json, const char *key, const char *otherwise);

/* The numbers of an array, its length of them. */
extern float *JsonFloats(InterestArena *arena, const Json *array);
extern int32_t *JsonIntegers(InterestArena *arena, const Json *array);

#endif

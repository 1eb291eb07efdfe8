/*
 * json.h
 *	  One way to read JSON: the settings files of a model directory, the options
 *	  of a function.
 *
 * A field that is absent or null leaves the value alone and returns false; one
 * of another type is an error that names the field and where it stands.
 */
#ifndef INTEREST_JSON_H
#define INTEREST_JSON_H

#include "utils/jsonb.h"

typedef struct InterestJson
{
	JsonbContainer *container;	/* an object or an array, in memory that outlives this */
	const char *place;			/* how errors name it: "config.json", "options" */
	int			code;			/* SQLSTATE of errors about what it says */
} InterestJson;

/*
 * From text of the given length.  The text is UTF-8 whatever the database's
 * encoding, and so are the strings read from it; errors say that place is no
 * valid JSON.
 */
extern InterestJson InterestJsonParse(const char *text, Size length, const char *place, int code);
extern InterestJson InterestJsonOpen(Jsonb *value, const char *place, int code);

/* Fields of an object. */
extern bool InterestJsonText(const InterestJson *object, const char *key, char **value);
extern bool InterestJsonBool(const InterestJson *object, const char *key, bool *value);
extern bool InterestJsonNumber(const InterestJson *object, const char *key, double *value);

/* A whole number from least to most, neither beyond 2^53. */
extern bool InterestJsonInteger(const InterestJson *object, const char *key,
								int64 least, int64 most, int64 *value);
extern bool InterestJsonObject(const InterestJson *object, const char *key, InterestJson *value);
extern bool InterestJsonArray(const InterestJson *object, const char *key, InterestJson *value);

/* Whether there is such a field, null or not; whether it is a string. */
extern bool InterestJsonHas(const InterestJson *object, const char *key);
extern bool InterestJsonIsText(const InterestJson *object, const char *key);

/* Every key of an object, the shorter first; returns their number. */
extern int	InterestJsonKeys(const InterestJson *object, char ***keys);

/* Every element of an array, which all must be of that type; returns their number. */
extern int	InterestJsonTexts(const InterestJson *array, char ***values);
extern int	InterestJsonNumbers(const InterestJson *array, double **values);
extern int	InterestJsonObjects(const InterestJson *array, InterestJson **values);

#endif

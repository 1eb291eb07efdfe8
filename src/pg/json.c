/*
 * json.c
 *	  One way to read JSON: the settings files of a model directory, the options
 *	  of a function.
 */
#include "pg/compat.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "pg/json.h"

/* Whole numbers beyond this are not exact in a double. */
#define MAX_WHOLE_NUMBER ((int64) 1 << 53)

static void
ParseContext(void *place)
{
	errcontext("reading %s", (const char *) place);
}

/*
 * The server's parser takes the bytes of strings as they are, so UTF-8 passes
 * through it in a database of any encoding; only escapes (\u00e9) are made into
 * the database's own, or refused there.
 */
InterestJson
InterestJsonParse(const char *text, Size length, const char *place, int code)
{
	char	   *copy = pnstrdup(text, length);
	ErrorContextCallback callback = {error_context_stack, ParseContext, (void *) place};
	Jsonb	   *value;

	error_context_stack = &callback;
	(void) pg_verify_mbstr(PG_UTF8, text, (int) length, false);
	value = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(copy)));
	error_context_stack = callback.previous;
	pfree(copy);
	return InterestJsonOpen(value, place, code);
}

InterestJson
InterestJsonOpen(Jsonb *value, const char *place, int code)
{
	InterestJson json = {&value->root, place, code};

	return json;
}

static void
RequireContainer(const InterestJson *json, bool object)
{
	if (object ? !JsonContainerIsObject(json->container)
		: (!JsonContainerIsArray(json->container) || JsonContainerIsScalar(json->container)))
		ereport(ERROR,
				(errcode(json->code),
				 errmsg("%s is not a JSON %s", json->place, object ? "object" : "array")));
}

static void
ReportType(const InterestJson *json, const char *key, const char *wanted)
{
	if (key)
		ereport(ERROR,
				(errcode(json->code),
				 errmsg("\"%s\" in %s is not %s", key, json->place, wanted)));
	ereport(ERROR,
			(errcode(json->code),
			 errmsg("an element of %s is not %s", json->place, wanted)));
}

/* The value of a key; false if absent or null. */
static bool
FindValue(const InterestJson *object, const char *key, JsonbValue *value)
{
	RequireContainer(object, true);
	return getKeyJsonValueFromContainer(object->container, key, strlen(key), value) != NULL &&
		value->type != jbvNull;
}

/* The readers below name an element of an array by a NULL key. */
static char *
TextOf(const InterestJson *json, const char *key, const JsonbValue *value)
{
	if (value->type != jbvString)
		ReportType(json, key, "a string");
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* A number too large for a double reads as infinity. */
static double
NumberOf(const InterestJson *json, const char *key, const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		ReportType(json, key, "a number");
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value->val.numeric)));
}

static InterestJson
ContainerOf(const InterestJson *json, const char *key, const JsonbValue *value, bool object)
{
	InterestJson inner = *json;

	if (value->type != jbvBinary ||
		(object ? !JsonContainerIsObject(value->val.binary.data)
		 : !JsonContainerIsArray(value->val.binary.data)))
		ReportType(json, key, object ? "an object" : "an array");
	inner.container = value->val.binary.data;
	if (key)
		inner.place = psprintf("\"%s\" in %s", key, json->place);
	return inner;
}

bool
InterestJsonText(const InterestJson *object, const char *key, char **value)
{
	JsonbValue	found;

	if (!FindValue(object, key, &found))
		return false;
	*value = TextOf(object, key, &found);
	return true;
}

bool
InterestJsonBool(const InterestJson *object, const char *key, bool *value)
{
	JsonbValue	found;

	if (!FindValue(object, key, &found))
		return false;
	if (found.type != jbvBool)
		ReportType(object, key, "true or false");
	*value = found.val.boolean;
	return true;
}

bool
InterestJsonNumber(const InterestJson *object, const char *key, double *value)
{
	JsonbValue	found;

	if (!FindValue(object, key, &found))
		return false;
	*value = NumberOf(object, key, &found);
	return true;
}

bool
InterestJsonInteger(const InterestJson *object, const char *key,
					int64 least, int64 most, int64 *value)
{
	double		number;

	Assert(least >= -MAX_WHOLE_NUMBER && most <= MAX_WHOLE_NUMBER);
	if (!InterestJsonNumber(object, key, &number))
		return false;
	if (!(number >= (double) least && number <= (double) most) || number != floor(number))
		ereport(ERROR,
				(errcode(object->code),
				 errmsg("\"%s\" in %s is out of range", key, object->place),
				 errdetail("It must be a whole number from " INT64_FORMAT " to " INT64_FORMAT ".",
						   least, most)));
	*value = (int64) number;
	return true;
}

bool
InterestJsonObject(const InterestJson *object, const char *key, InterestJson *value)
{
	JsonbValue	found;

	if (!FindValue(object, key, &found))
		return false;
	*value = ContainerOf(object, key, &found, true);
	return true;
}

bool
InterestJsonArray(const InterestJson *object, const char *key, InterestJson *value)
{
	JsonbValue	found;

	if (!FindValue(object, key, &found))
		return false;
	*value = ContainerOf(object, key, &found, false);
	return true;
}

bool
InterestJsonHas(const InterestJson *object, const char *key)
{
	JsonbValue	found;

	RequireContainer(object, true);
	return getKeyJsonValueFromContainer(object->container, key, strlen(key), &found) != NULL;
}

bool
InterestJsonIsText(const InterestJson *object, const char *key)
{
	JsonbValue	found;

	return FindValue(object, key, &found) && found.type == jbvString;
}

int
InterestJsonKeys(const InterestJson *object, char ***keys)
{
	int			size = JsonContainerSize(object->container);
	int			count = 0;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	RequireContainer(object, true);
	*keys = palloc(sizeof(char *) * Max(size, 1));
	iterator = JsonbIteratorInit(object->container);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			(*keys)[count++] = pnstrdup(value.val.string.val, value.val.string.len);
	}
	return count;
}

/* The elements of an array; their strings and containers stay where they are. */
static int
Elements(const InterestJson *array, JsonbValue **values)
{
	int			size = JsonContainerSize(array->container);
	int			count = 0;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	RequireContainer(array, false);
	*values = palloc(sizeof(JsonbValue) * Max(size, 1));
	iterator = JsonbIteratorInit(array->container);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			(*values)[count++] = value;
	}
	return count;
}

int
InterestJsonTexts(const InterestJson *array, char ***values)
{
	JsonbValue *elements;
	int			count = Elements(array, &elements);

	*values = palloc(sizeof(char *) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*values)[i] = TextOf(array, NULL, &elements[i]);
	return count;
}

int
InterestJsonNumbers(const InterestJson *array, double **values)
{
	JsonbValue *elements;
	int			count = Elements(array, &elements);

	*values = palloc(sizeof(double) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*values)[i] = NumberOf(array, NULL, &elements[i]);
	return count;
}

int
InterestJsonObjects(const InterestJson *array, InterestJson **values)
{
	JsonbValue *elements;
	int			count = Elements(array, &elements);

	*values = palloc(sizeof(InterestJson) * Max(count, 1));
	for (int i = 0; i < count; i++)
		(*values)[i] = ContainerOf(array, NULL, &elements[i], true);
	return count;
}

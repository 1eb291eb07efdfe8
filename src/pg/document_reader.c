/*
 * document_reader.c
 *	  From a JSON document to a behaviour row.
 */
#include "pg/compat.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "pg/dates.h"
#include "pg/document_reader.h"
#include "pg/encode.h"
#include "pg/row_reader.h"

static const InterestSpan missing = {NULL, 0};

static void
Refuse(const char *key, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("\"%s\" of a document cannot be read as %s", key, what),
			 errhint("%s", hint)));
}

/* The value of a key; NULL if it is absent or null. */
static JsonbValue *
Find(Jsonb *document, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&document->root, key, (int) strlen(key), NULL);

	return value && value->type != jbvNull ? value : NULL;
}

static InterestSpan
SpanOf(const char *text, Size length)
{
	InterestSpan span;

	span.data = InterestTextToUtf8(text, length, &span.length);
	return span;
}

/* A scalar as the text that a column of its type would print. */
static InterestSpan
ReadScalar(const char *key, const JsonbValue *value)
{
	char	   *text;

	switch (value->type)
	{
		case jbvString:
			return SpanOf(value->val.string.val, value->val.string.len);
		case jbvBool:
			return SpanOf(value->val.boolean ? "t" : "f", 1);
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			return SpanOf(text, strlen(text));
		default:
			Refuse(key, "a category", "It is a string, a number, true or false, or an array of these.");
			pg_unreachable();
	}
}

static InterestSpan
ReadText(Jsonb *document, const char *key)
{
	JsonbValue *value = Find(document, key);

	if (value == NULL)
		return missing;
	if (value->type != jbvString)
		Refuse(key, "text", "Texts are JSON strings.");
	return SpanOf(value->val.string.val, value->val.string.len);
}

/* Whether there is a time; a blank text is as good as none. */
static bool
ReadTimeText(const JsonbValue *value, const char *key, InterestDateOrder order, int64 *time)
{
	char	   *text = pnstrdup(value->val.string.val, value->val.string.len);

	if (InterestIsBlank((InterestSpan) {text, strlen(text)}))
		return false;
	*time = InterestParseTime(key, text, order);
	return true;
}

static double
ReadNumber(const InterestDefinition *definition, Jsonb *document, const char *key)
{
	JsonbValue *value = Find(document, key);
	int64		time;

	if (value == NULL)
		return NAN;
	if (value->type == jbvBool)
		return value->val.boolean ? 1 : 0;
	if (value->type == jbvString && definition->rules.dates != INTEREST_DATES_NONE)
		return ReadTimeText(value, key, definition->rules.dates, &time) ? InterestDaysOf(time) : NAN;
	if (value->type != jbvNumeric)
		Refuse(key, "a number", "Numerics are JSON numbers, true or false.");
	return InterestFiniteNumber(key, DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
																		NumericGetDatum(value->val.numeric))));
}

/* The elements of an array that are not null, or the value itself. */
static InterestValues
ReadCategories(Jsonb *document, const char *key)
{
	JsonbValue *value = Find(document, key);
	InterestValues values = {0, NULL};
	InterestSpan *spans;
	JsonbIterator *iterator;
	JsonbValue	element;
	JsonbIteratorToken token;

	if (value == NULL)
		return values;
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
	{
		spans = palloc(sizeof(InterestSpan));
		spans[0] = ReadScalar(key, value);
		values.count = 1;
		values.values = spans;
		return values;
	}
	spans = palloc(sizeof(InterestSpan) * Max(JsonContainerSize(value->val.binary.data), 1));
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM && element.type != jbvNull)
			spans[values.count++] = ReadScalar(key, &element);
	values.values = spans;
	return values;
}

/* An array of numbers; also as a string, which JSON has of types that it does not know. */
static InterestVector
ReadVector(Jsonb *document, const char *key)
{
	JsonbValue *value = Find(document, key);
	InterestVector vector = {0, NULL};
	JsonbIterator *iterator;
	JsonbValue	element;
	JsonbIteratorToken token;
	Jsonb	   *text;
	float	   *values;

	if (value == NULL)
		return vector;
	if (value->type == jbvString)
	{
		text = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												  CStringGetDatum(pnstrdup(value->val.string.val, value->val.string.len))));
		value->type = jbvBinary;
		value->val.binary.data = &text->root;
	}
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		Refuse(key, "a vector", "Vectors are JSON arrays of numbers.");
	InterestCheckWidth(key, JsonContainerSize(value->val.binary.data));
	values = palloc(sizeof(float) * JsonContainerSize(value->val.binary.data));
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (element.type != jbvNumeric)
			Refuse(key, "a vector", "Vectors are JSON arrays of numbers.");
		values[vector.width++] =
			InterestVectorElement(key, DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
																		  NumericGetDatum(element.val.numeric))));
	}
	vector.values = values;
	return vector;
}

/* Whether the time starts as ISO 8601 and ends with its zone: no setting matters then. */
static bool
IsSelfContained(const char *text)
{
	Size		length = strlen(text);
	const char *digits = "dddd-dd-dd";

	if (length < 17)
		return false;
	for (int i = 0; digits[i]; i++)
		if (digits[i] == 'd' ? !isdigit((unsigned char) text[i]) : text[i] != digits[i])
			return false;
	return text[length - 1] == 'Z' || text[length - 3] == '+' || text[length - 3] == '-' ||
		text[length - 6] == '+' || text[length - 6] == '-';
}

static int64
ReadTime(const InterestDefinition *definition, Jsonb *document, const char *key, bool *has_time)
{
	JsonbValue *value = Find(document, key);
	char	   *text;
	int			style = 0;
	int64		time = 0;

	*has_time = value != NULL;
	if (value == NULL)
		return 0;
	if (value->type != jbvString)
		Refuse(key, "a time", "Times are JSON strings such as \"2026-05-17T08:30:00Z\".");
	if (definition->rules.dates != INTEREST_DATES_NONE)
	{
		*has_time = ReadTimeText(value, key, definition->rules.dates, &time);
		return time;
	}
	text = pnstrdup(value->val.string.val, value->val.string.len);
	if (!IsSelfContained(text))
		style = InterestFixStyle();
	time = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
												   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	InterestRestoreStyle(style);
	return InterestFiniteTime(key, time);
}

void
InterestReadDocument(const InterestDefinition *definition, Jsonb *document, InterestBehaviour *behaviour)
{
	const InterestColumns *columns = &definition->columns;
	InterestSpan *texts = palloc(sizeof(InterestSpan) * Max(columns->text_count, 1));
	double	   *numerics = palloc(sizeof(double) * Max(columns->numeric_count, 1));
	InterestValues *categoricals = palloc(sizeof(InterestValues) * Max(columns->categorical_count, 1));
	InterestVector *vectors = palloc(sizeof(InterestVector) * Max(columns->vector_count, 1));
	JsonbValue *kind;

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a behaviour document must be a JSON object"),
				 errhint("Its keys are the columns of the model.")));
	behaviour->time = ReadTime(definition, document, columns->at, &behaviour->has_time);
	kind = columns->kind ? Find(document, columns->kind) : NULL;
	behaviour->kind = kind ? ReadScalar(columns->kind, kind) : missing;
	for (int i = 0; i < columns->text_count; i++)
		texts[i] = ReadText(document, columns->texts[i]);
	for (int i = 0; i < columns->numeric_count; i++)
		numerics[i] = ReadNumber(definition, document, columns->numerics[i]);
	for (int i = 0; i < columns->categorical_count; i++)
		categoricals[i] = ReadCategories(document, columns->categoricals[i]);
	InterestCleanTexts(&definition->rules, columns->text_count, texts);
	behaviour->texts = texts;
	behaviour->numerics = numerics;
	behaviour->categoricals = categoricals;
	for (int i = 0; i < columns->vector_count; i++)
		vectors[i] = ReadVector(document, columns->vectors[i]);
	behaviour->vectors = vectors;
}

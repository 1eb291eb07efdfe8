/*
 * row_reader.c
 *	  From a row of any table or view to a behaviour row.
 */
#include "pg/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "pg/dates.h"
#include "pg/encode.h"
#include "pg/report.h"
#include "pg/row_reader.h"

#define NOT_THERE (-1)

/* One column of the model: where it stands in the row and how to read it. */
typedef struct Column
{
	const char *name;
	int			index;			/* in the row, from 0; NOT_THERE */
	Oid			type;			/* base type; of the elements where is_array */
	bool		is_array;
	bool		is_string;		/* a varlena that is its own text; of a time: a text says it */
	bool		is_time;		/* of a numeric: a time is the number */
	int16		length;			/* of an element */
	bool		by_value;
	char		align;
	FmgrInfo	output;
	bool		has_cast;		/* of a vector: a function makes real[] of it */
	FmgrInfo	cast;
} Column;

struct InterestRowReader
{
	int			width;			/* columns of the row */
	Datum	   *values;
	bool	   *nulls;
	bool		styled;			/* some value prints as the session's settings say */
	InterestRowPurpose purpose;
	InterestRowRules rules;
	Column		at;
	Column		kind;			/* name NULL: none */
	Column		user;
	Column		label;
	Column		split;
	int			text_count;
	Column	   *texts;
	int			numeric_count;
	Column	   *numerics;
	int			categorical_count;
	Column	   *categoricals;
	int			vector_count;
	Column	   *vectors;

	/* what the last behaviour row points to */
	InterestSpan *text_spans;
	double	   *numbers;
	InterestValues *category_values;
	InterestVector *vector_values;
};

static int
FindColumn(TupleDesc descriptor, const char *name, const InterestDefinition *definition, bool required)
{
	int			found = NOT_THERE;

	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), name) != 0)
			continue;
		if (found >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_COLUMN),
					 errmsg("column \"%s\" of model \"%s\" is in the row more than once", name, definition->name),
					 errhint("Name the columns of the subquery apart.")));
		found = i;
	}
	if (found == NOT_THERE && required)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of model \"%s\" is not in the row", name, definition->name),
				 errhint("Give the aggregate a row of the model's source, or a subquery with its columns.")));
	return found;
}

static void
RefuseType(const char *name, Oid type, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be read as %s", name, format_type_be(type), what),
			 errhint("%s", hint)));
}

/* Types whose text may depend on the settings of InterestFixStyle. */
static bool
PrintsBySettings(Oid type)
{
	char		category = TypeCategory(type);

	/* Of the category of users' types, but their text is one whatever the settings. */
	if (type == UUIDOID || type == JSONBOID || type == JSONOID || type == MACADDROID || type == MACADDR8OID ||
		type == TSVECTOROID || type == TSQUERYOID)
		return false;
	return category == TYPCATEGORY_DATETIME || category == TYPCATEGORY_TIMESPAN ||
		type == FLOAT4OID || type == FLOAT8OID || type == MONEYOID || category == TYPCATEGORY_RANGE ||
		category == TYPCATEGORY_COMPOSITE || category == TYPCATEGORY_USER;
}

/* Names of objects are printed as the session's search path has it. */
static bool
PrintsBySearchPath(Oid type)
{
	switch (type)
	{
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGNAMESPACEOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGROLEOID:
		case REGTYPEOID:
			return true;
		default:
			return false;
	}
}

/* A column that is read as text, an array of it where arrays are allowed. */
static void
InitTextColumn(InterestRowReader *reader, Column *column, Oid type, bool arrays)
{
	Oid			element = arrays ? get_base_element_type(type) : InvalidOid;
	Oid			output;
	bool		varlena;

	column->is_array = OidIsValid(element);
	column->type = getBaseType(column->is_array ? element : type);
	if (PrintsBySearchPath(column->type))
		RefuseType(column->name, type, "a category",
				   "How its values are printed depends on the session's search path; cast it to oid in a view, or give the name as text.");
	column->is_string = TypeCategory(column->type) == TYPCATEGORY_STRING &&
		get_typlen(column->type) == -1 && column->type != BPCHAROID;
	get_typlenbyvalalign(column->type, &column->length, &column->by_value, &column->align);
	getTypeOutputInfo(column->type, &output, &varlena);
	fmgr_info(output, &column->output);
	reader->styled |= PrintsBySettings(column->type);
}

/* Types that a time is read of; a text only where the model says how. */
static bool
IsTime(Oid type, const InterestRowRules *rules)
{
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID ||
		(rules->dates != INTEREST_DATES_NONE && TypeCategory(type) == TYPCATEGORY_STRING);
}

/* How a text that says a time is read. */
static void
InitTimeText(Column *column)
{
	Oid			output;
	bool		varlena;

	if (TypeCategory(column->type) != TYPCATEGORY_STRING)
		return;
	getTypeOutputInfo(column->type, &output, &varlena);
	fmgr_info(output, &column->output);
	column->is_string = true;
}

static void
CheckNumeric(Column *column, Oid type, const InterestRowRules *rules)
{
	column->type = getBaseType(type);
	if (rules->dates != INTEREST_DATES_NONE && IsTime(column->type, rules))
	{
		column->is_time = true;
		InitTimeText(column);
		return;
	}
	switch (column->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case BOOLOID:
			return;
		default:
			RefuseType(column->name, type, "a number",
					   "Numerics are of an integer, floating-point, numeric or boolean type, or times where the option dates is set; others can be categoricals.");
	}
}

static void
CheckTime(Column *column, Oid type, const InterestRowRules *rules)
{
	column->type = getBaseType(type);
	if (!IsTime(column->type, rules))
		RefuseType(column->name, type, "a time",
				   "The time of a row is of type timestamp with time zone, timestamp or date, or a text where the option dates is set; cast others in a view.");
	InitTimeText(column);
}

static void
CheckText(Column *column, Oid type)
{
	char		category = TypeCategory(column->type);

	if (column->is_array || (category != TYPCATEGORY_STRING && category != TYPCATEGORY_ENUM &&
							 category != TYPCATEGORY_UNKNOWN))
		RefuseType(column->name, type, "text",
				   "Texts are of a string type or an enum; cast the column to text in a view.");
}

/*
 * real[], double precision[], or what a cast in C makes real[] of, as pgvector's
 * types have one.  No other cast: what a user wrote must not run as whoever
 * reads the row.
 */
static void
CheckVector(Column *column, Oid type)
{
	Oid			cast = InvalidOid;
	HeapTuple	tuple;
	Oid			language;

	column->type = getBaseType(type);
	if (column->type == FLOAT4ARRAYOID || column->type == FLOAT8ARRAYOID)
		return;
	switch (find_coercion_pathway(FLOAT4ARRAYOID, column->type, COERCION_EXPLICIT, &cast))
	{
		case COERCION_PATH_RELABELTYPE:
			column->type = FLOAT4ARRAYOID;
			return;
		case COERCION_PATH_FUNC:
			break;
		default:
			cast = InvalidOid;
	}
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(cast));
	language = HeapTupleIsValid(tuple) ? ((Form_pg_proc) GETSTRUCT(tuple))->prolang : InvalidOid;
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (language != ClanguageId && language != INTERNALlanguageId)
		RefuseType(column->name, type, "a vector",
				   "Vectors are of type real[] or double precision[], or of one with a cast to real[] that is written in C.");
	column->has_cast = true;
	fmgr_info(cast, &column->cast);
	column->type = FLOAT4ARRAYOID;
}

/* Finds a column and remembers its name; the type's reading is up to the caller. */
static Oid
InitColumn(Column *column, const InterestDefinition *definition, TupleDesc descriptor, const char *name)
{
	column->name = pstrdup(name);
	column->index = FindColumn(descriptor, name, definition, true);
	return TupleDescAttr(descriptor, column->index)->atttypid;
}

/* The same for a feature; false if it is an item's that the row does not have. */
static bool
InitFeature(const InterestRowReader *reader, Column *column, const InterestDefinition *definition,
			TupleDesc descriptor, const char *name, Oid *type)
{
	column->index = FindColumn(descriptor, name, definition, reader->purpose != INTEREST_READ_ITEM);
	if (column->index == NOT_THERE)
		return false;
	*type = InitColumn(column, definition, descriptor, name);
	return true;
}

static void
InitFeatureColumns(InterestRowReader *reader, const InterestDefinition *definition, TupleDesc descriptor)
{
	const InterestColumns *columns = &definition->columns;
	Oid			type;

	reader->text_count = columns->text_count;
	reader->texts = palloc0(sizeof(Column) * columns->text_count);
	for (int i = 0; i < columns->text_count; i++)
		if (InitFeature(reader, &reader->texts[i], definition, descriptor, columns->texts[i], &type))
		{
			InitTextColumn(reader, &reader->texts[i], type, true);
			CheckText(&reader->texts[i], type);
		}
	reader->numeric_count = columns->numeric_count;
	reader->numerics = palloc0(sizeof(Column) * columns->numeric_count);
	for (int i = 0; i < columns->numeric_count; i++)
		if (InitFeature(reader, &reader->numerics[i], definition, descriptor, columns->numerics[i], &type))
			CheckNumeric(&reader->numerics[i], type, &definition->rules);
	reader->categorical_count = columns->categorical_count;
	reader->categoricals = palloc0(sizeof(Column) * columns->categorical_count);
	for (int i = 0; i < columns->categorical_count; i++)
		if (InitFeature(reader, &reader->categoricals[i], definition, descriptor, columns->categoricals[i], &type))
			InitTextColumn(reader, &reader->categoricals[i], type, true);
	reader->vector_count = columns->vector_count;
	reader->vectors = palloc0(sizeof(Column) * columns->vector_count);
	for (int i = 0; i < columns->vector_count; i++)
		if (InitFeature(reader, &reader->vectors[i], definition, descriptor, columns->vectors[i], &type))
			CheckVector(&reader->vectors[i], type);
}

static bool
HasColumn(int count, const Column *columns)
{
	for (int i = 0; i < count; i++)
		if (columns[i].index != NOT_THERE)
			return true;
	return false;
}

/* An item that has none of the columns would have no vector. */
static void
RequireFeature(const InterestRowReader *reader, const InterestDefinition *definition)
{
	if (HasColumn(reader->text_count, reader->texts) || HasColumn(reader->numeric_count, reader->numerics) ||
		HasColumn(reader->categorical_count, reader->categoricals) || HasColumn(reader->vector_count, reader->vectors))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("an item has none of the columns that model \"%s\" reads", definition->name),
			 errhint("Name its columns as those of the model's texts, numerics, categoricals and vectors, for example in a view.")));
}

static void
InitSplit(InterestRowReader *reader, Oid type)
{
	InitTextColumn(reader, &reader->split, type, false);
	CheckText(&reader->split, type);
}

/* One interest or several: the head was chosen by it. */
static void
InitLabel(InterestRowReader *reader, const InterestDefinition *definition, TupleDesc descriptor)
{
	Column	   *label = &reader->label;

	InitTextColumn(reader, label, InitColumn(label, definition, descriptor, definition->columns.label), true);
	if (label->is_array != definition->label_is_array)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg(label->is_array ? "label column \"%s\" of model \"%s\" is an array now" :
						"label column \"%s\" of model \"%s\" is no array now", label->name, definition->name),
				 errdetail("An array is several interests at once, and it was %s when the model was created.",
						   definition->label_is_array ? "an array" : "none"),
				 errhint("Give the column its type back in a view, or drop the model and create it again.")));
}

InterestRowReader *
InterestRowReaderMake(const InterestDefinition *definition, TupleDesc descriptor, InterestRowPurpose purpose)
{
	const InterestColumns *columns = &definition->columns;
	InterestRowReader *reader = palloc0(sizeof(InterestRowReader));

	reader->purpose = purpose;
	reader->width = descriptor->natts;
	reader->values = palloc(sizeof(Datum) * reader->width);
	reader->nulls = palloc(sizeof(bool) * reader->width);
	if (purpose != INTEREST_READ_ITEM)
	{
		CheckTime(&reader->at, InitColumn(&reader->at, definition, descriptor, columns->at), &definition->rules);
		if (columns->kind)
			InitTextColumn(reader, &reader->kind,
						   InitColumn(&reader->kind, definition, descriptor, columns->kind), false);
	}
	InitFeatureColumns(reader, definition, descriptor);
	reader->rules = definition->rules;
	if (purpose == INTEREST_READ_ITEM)
		RequireFeature(reader, definition);
	if (purpose == INTEREST_READ_TARGET)
	{
		InitTextColumn(reader, &reader->user,
					   InitColumn(&reader->user, definition, descriptor, columns->user_id), false);
		if (columns->label)
			InitLabel(reader, definition, descriptor);
		if (columns->split)
			InitSplit(reader, InitColumn(&reader->split, definition, descriptor, columns->split));
	}
	reader->text_spans = palloc0(sizeof(InterestSpan) * Max(reader->text_count, 1));
	reader->numbers = palloc0(sizeof(double) * Max(reader->numeric_count, 1));
	reader->category_values = palloc0(sizeof(InterestValues) * Max(reader->categorical_count, 1));
	reader->vector_values = palloc0(sizeof(InterestVector) * Max(reader->vector_count, 1));
	return reader;
}

void
InterestReaderArrays(InterestRowReader *reader, Datum **values, bool **nulls)
{
	*values = reader->values;
	*nulls = reader->nulls;
}

/* Text of a value (of an element, for arrays), in UTF-8. */
static InterestSpan
ReadSpan(Column *column, Datum value)
{
	InterestSpan span;
	char	   *data;
	Size		length;

	if (column->is_string)
	{
		struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

		data = VARDATA_ANY(text);
		length = VARSIZE_ANY_EXHDR(text);
	}
	else
	{
		data = OutputFunctionCall(&column->output, value);
		length = strlen(data);
		if (column->type == BPCHAROID)
			length = bpchartruelen(data, (int) length);
	}
	span.data = InterestTextToUtf8(data, length, &span.length);
	return span;
}

/* The non-NULL elements of an array, or the value itself. */
static int
ReadSpans(Column *column, Datum value, InterestSpan **spans)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			read = 0;

	if (!column->is_array)
	{
		*spans = palloc(sizeof(InterestSpan));
		**spans = ReadSpan(column, value);
		return 1;
	}
	deconstruct_array(DatumGetArrayTypeP(value), column->type, column->length, column->by_value,
					  column->align, &elements, &nulls, &count);
	*spans = palloc(sizeof(InterestSpan) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!nulls[i])
			(*spans)[read++] = ReadSpan(column, elements[i]);
	}
	return read;
}

double
InterestFiniteNumber(const char *column, double number)
{
	if (!isfinite(number))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("column \"%s\" has the value %s", column,
						isnan(number) ? "NaN" : "infinity"),
				 errhint("Numerics are finite; use NULL for a missing one, in a view with nullif.")));
	return number;
}

float
InterestVectorElement(const char *column, double element)
{
	float		narrow = (float) element;

	if (!isfinite(narrow))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("column \"%s\" has a vector with the value %s", column,
						isnan(element) ? "NaN" : isinf(element) ? "infinity" : psprintf("%g", element)),
				 errhint("Elements of a vector are finite numbers of type real; use NULL for a missing vector.")));
	return narrow;
}

void
InterestCheckWidth(const char *column, int width)
{
	if (width < 1 || width > INTEREST_MAX_VECTOR_WIDTH)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("column \"%s\" has a vector of %d dimensions", column, width),
				 errhint("A vector has from 1 to %d dimensions; use NULL for a missing one.", INTEREST_MAX_VECTOR_WIDTH)));
}

void
InterestCheckVectors(const InterestDefinition *definition, const InterestFeatures *features,
					 const InterestVector *vectors)
{
	for (int i = 0; i < features->vector_count; i++)
		if (vectors[i].values && features->vectors[i].width > 0 && vectors[i].width != features->vectors[i].width)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("column \"%s\" has a vector of %d dimensions", definition->columns.vectors[i],
							vectors[i].width),
					 errdetail("Model \"%s\" was trained on vectors of %d dimensions.", definition->name,
							   features->vectors[i].width),
					 errhint("Give it vectors of the encoder that it was trained with, or train it again.")));
}

static InterestVector
ReadVector(Column *column, Datum value)
{
	InterestVector vector;
	ArrayType  *array;
	float	   *narrow;

	if (column->has_cast)
		value = FunctionCall3(&column->cast, value, Int32GetDatum(-1), BoolGetDatum(true));
	array = DatumGetArrayTypeP(value);
	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("column \"%s\" has an array that is not a vector", column->name),
				 errhint("A vector is an array of one dimension without NULLs; use NULL for a missing one.")));
	vector.width = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	InterestCheckWidth(column->name, vector.width);
	if (column->type == FLOAT4ARRAYOID)
	{
		vector.values = (const float *) ARR_DATA_PTR(array);
		for (int i = 0; i < vector.width; i++)
			(void) InterestVectorElement(column->name, vector.values[i]);
		return vector;
	}
	narrow = palloc(sizeof(float) * vector.width);
	for (int i = 0; i < vector.width; i++)
		narrow[i] = InterestVectorElement(column->name, ((const float8 *) ARR_DATA_PTR(array))[i]);
	vector.values = narrow;
	return vector;
}

int64
InterestFiniteTime(const char *column, int64 time)
{
	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("column \"%s\" has an infinite time", column),
				 errhint("The time of a row is finite; rows of unknown time have NULL and are skipped.")));
	return time;
}

/* Whether there is a time; a blank text is as good as none. */
static bool
ReadTime(const InterestRowReader *reader, Column *column, Datum value, int64 *time)
{
	if (column->is_string)
	{
		char	   *text = OutputFunctionCall(&column->output, value);

		if (InterestIsBlank((InterestSpan) {text, strlen(text)}))
			return false;
		*time = InterestParseTime(column->name, text, reader->rules.dates);
		return true;
	}
	if (column->type == DATEOID)
		value = DirectFunctionCall1(date_timestamp, value);
	*time = InterestFiniteTime(column->name, DatumGetTimestampTz(value));
	return true;
}

static double
ReadNumber(const InterestRowReader *reader, Column *column, Datum value)
{
	double		number;
	int64		time;

	if (column->is_time)
		return ReadTime(reader, column, value, &time) ? InterestDaysOf(time) : NAN;
	switch (column->type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case BOOLOID:
			return DatumGetBool(value) ? 1 : 0;
		case FLOAT4OID:
			number = DatumGetFloat4(value);
			break;
		case FLOAT8OID:
			number = DatumGetFloat8(value);
			break;
		default:
			number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
	}
	return InterestFiniteNumber(column->name, number);
}

int
InterestFixStyle(void)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("datestyle", "ISO, MDY", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("timezone", "UTC", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("extra_float_digits", "3", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("bytea_output", "hex", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("lc_monetary", "C", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}

void
InterestRestoreStyle(int nest_level)
{
	if (nest_level > 0)
		AtEOXact_GUC(true, nest_level);
}

void
InterestCleanTexts(const InterestRowRules *rules, int count, InterestSpan *texts)
{
	InterestServerArena *arena;

	if (rules->cleanings == 0)
		return;
	arena = InterestArenaBegin(CurrentMemoryContext, "interest cleaning", ALLOCSET_SMALL_INITSIZE);
	for (int i = 0; i < count; i++)
		texts[i] = InterestCleanText(rules->cleanings, texts[i], &arena->arena);
}

static const InterestSpan missing = {NULL, 0};

/* Whether the model has the column, the row has it, and it is not NULL. */
static bool
IsThere(const Column *column, const bool *nulls)
{
	return column->name && column->index != NOT_THERE && !nulls[column->index];
}

static void
ReadTexts(InterestRowReader *reader, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < reader->text_count; i++)
	{
		Column	   *column = &reader->texts[i];

		reader->text_spans[i] = IsThere(column, nulls) ? ReadSpan(column, values[column->index]) : missing;
	}
}

bool
InterestReadTexts(InterestRowReader *reader, const Datum *values, const bool *nulls, InterestBehaviour *behaviour)
{
	for (int i = 0; i < reader->text_count; i++)
	{
		const Column *column = &reader->texts[i];

		if (IsThere(column, nulls) && column->is_string && !InterestTextAtHand(values[column->index]))
			return false;
	}
	ReadTexts(reader, values, nulls);
	InterestCleanTexts(&reader->rules, reader->text_count, reader->text_spans);
	behaviour->texts = reader->text_spans;
	return true;
}

void
InterestReadBehaviour(InterestRowReader *reader, const Datum *values, const bool *nulls,
					  InterestBehaviour *behaviour)
{
	int			style = reader->styled ? InterestFixStyle() : 0;

	behaviour->time = 0;
	behaviour->has_time = IsThere(&reader->at, nulls) &&
		ReadTime(reader, &reader->at, values[reader->at.index], &behaviour->time);
	behaviour->kind = IsThere(&reader->kind, nulls) ?
		ReadSpan(&reader->kind, values[reader->kind.index]) : missing;
	ReadTexts(reader, values, nulls);
	for (int i = 0; i < reader->numeric_count; i++)
	{
		Column	   *column = &reader->numerics[i];

		reader->numbers[i] = IsThere(column, nulls) ? ReadNumber(reader, column, values[column->index]) : NAN;
	}
	for (int i = 0; i < reader->categorical_count; i++)
	{
		Column	   *column = &reader->categoricals[i];
		InterestSpan *spans = NULL;

		reader->category_values[i].count = IsThere(column, nulls) ?
			ReadSpans(column, values[column->index], &spans) : 0;
		reader->category_values[i].values = spans;
	}
	InterestRestoreStyle(style);
	InterestCleanTexts(&reader->rules, reader->text_count, reader->text_spans);
	behaviour->texts = reader->text_spans;
	behaviour->numerics = reader->numbers;
	behaviour->categoricals = reader->category_values;
	for (int i = 0; i < reader->vector_count; i++)
	{
		Column	   *column = &reader->vectors[i];

		reader->vector_values[i] = IsThere(column, nulls) ? ReadVector(column, values[column->index]) : (InterestVector) {0};
	}
	behaviour->vectors = reader->vector_values;
}

/* A blank label is missing, as a blank text is. */
static int
ReadLabels(Column *column, Datum value, InterestSpan **labels)
{
	int			count = ReadSpans(column, value, labels);
	int			read = 0;

	for (int i = 0; i < count; i++)
		if (!InterestIsBlank((*labels)[i]))
			(*labels)[read++] = (*labels)[i];
	return read;
}

static InterestRole
ReadRole(Column *column, Datum value)
{
	static const struct
	{
		InterestSpan name;
		InterestRole role;
	}			roles[] = {{{"train", 5}, INTEREST_ROLE_TRAIN}, {{"validation", 10}, INTEREST_ROLE_VALIDATION}, {{"test", 4}, INTEREST_ROLE_TEST}};
	InterestSpan name = ReadSpan(column, value);

	for (int i = 0; i < (int) lengthof(roles); i++)
		if (InterestSpanCompare(roles[i].name, name) == 0)
			return roles[i].role;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("split column \"%s\" has a value that is no role", column->name),
			 errhint("Its values are train, validation and test; NULL leaves a row out.")));
}

void
InterestReadTarget(InterestRowReader *reader, const Datum *values, const bool *nulls,
				   InterestRowTarget *target)
{
	int			style = reader->styled ? InterestFixStyle() : 0;

	Assert(reader->purpose == INTEREST_READ_TARGET);
	if (nulls[reader->user.index])
		target->user = missing;
	else
		target->user = ReadSpan(&reader->user, values[reader->user.index]);
	target->label_count = reader->label.name == NULL || nulls[reader->label.index] ? 0 :
		ReadLabels(&reader->label, values[reader->label.index], &target->labels);
	target->role = reader->split.name == NULL || nulls[reader->split.index] ? INTEREST_ROLE_NONE :
		ReadRole(&reader->split, values[reader->split.index]);
	InterestRestoreStyle(style);
}

static void
AppendColumn(StringInfo list, List **seen, const char *name)
{
	ListCell   *cell;

	if (name == NULL)
		return;
	foreach(cell, *seen)
		if (strcmp(lfirst(cell), name) == 0)
			return;
	*seen = lappend(*seen, (void *) name);
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", quote_identifier(name));
}

char *
InterestColumnList(const InterestColumns *columns, bool target)
{
	StringInfoData list;
	List	   *seen = NIL;

	initStringInfo(&list);
	if (target)
	{
		AppendColumn(&list, &seen, columns->user_id);
		AppendColumn(&list, &seen, columns->label);
		AppendColumn(&list, &seen, columns->split);
	}
	AppendColumn(&list, &seen, columns->at);
	AppendColumn(&list, &seen, columns->kind);
	for (int i = 0; i < columns->text_count; i++)
		AppendColumn(&list, &seen, columns->texts[i]);
	for (int i = 0; i < columns->numeric_count; i++)
		AppendColumn(&list, &seen, columns->numerics[i]);
	for (int i = 0; i < columns->categorical_count; i++)
		AppendColumn(&list, &seen, columns->categoricals[i]);
	for (int i = 0; i < columns->vector_count; i++)
		AppendColumn(&list, &seen, columns->vectors[i]);
	return list.data;
}

/*
 * create_model.c
 *	  interest_create_model: says what a behaviour row is, and refuses what
 *	  cannot work before anything is learned.
 */
#include "pg/compat.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "pg/create_model.h"
#include "pg/encoder_store.h"
#include "pg/lexemes.h"
#include "pg/list.h"
#include "pg/names.h"
#include "pg/rights.h"
#include "pg/row_reader.h"
#include "pg/store.h"
#include "pg/suggest.h"

/* Longest name of a model. */
#define MAX_NAME_LENGTH 63

/* Arguments of interest_create_model, by position. */
enum
{
	ARG_NAME, ARG_SOURCE, ARG_ENCODER, ARG_USER_ID, ARG_AT, ARG_TEXTS, ARG_KIND,
	ARG_NUMERICS, ARG_CATEGORICALS, ARG_VECTORS, ARG_LABEL, ARG_TASK, ARG_INTERESTS, ARG_OPTIONS
};

static char *
NameArgument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(argument)));
}

static char *
RequiredName(FunctionCallInfo fcinfo, int argument, const char *what, const char *hint)
{
	char	   *name = NameArgument(fcinfo, argument);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is missing", what),
				 errhint("%s", hint)));
	return name;
}

/* An array of column names; what names it in errors. */
static int
NamesArgument(FunctionCallInfo fcinfo, int argument, const char *what, char ***names)
{
	Datum	   *elements;
	int			count;

	*names = NULL;
	if (PG_ARGISNULL(argument))
		return 0;
	count = InterestListElements(PG_GETARG_ARRAYTYPE_P(argument), what, &elements, NULL);
	if (count > INTEREST_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s has more than %d columns", what, INTEREST_MAX_COLUMNS)));
	*names = palloc(sizeof(char *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		(*names)[i] = pstrdup(NameStr(*DatumGetName(elements[i])));
		for (int j = 0; j < i; j++)
			if (strcmp((*names)[i], (*names)[j]) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" is twice in %s", (*names)[i], what)));
	}
	return count;
}

static void
ReportDuplicate(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("model \"%s\" already exists", name),
			 errhint("Choose another name, or drop it with interest_drop_model.")));
}

static void
CheckNewName(const char *name)
{
	InterestStoreScan scan;
	ScanKeyData key;
	bool		exists;

	if (strlen(name) == 0 || strlen(name) > MAX_NAME_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("name of a model is empty or longer than %d bytes", MAX_NAME_LENGTH)));
	InterestStoreTextKey(&key, Anum_model_name, name);
	InterestStoreBegin(&scan, "interest_model", "interest_model_pkey", 1, &key);
	exists = InterestStoreNext(&scan) != NULL;
	InterestStoreEnd(&scan);
	if (exists)
		ReportDuplicate(name);
}

static void
ReportNoSource(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("source is missing"),
			 errhint("Name the table or view with the behaviour rows, for example source => 'ratings_view'.")));
}

/* "a, b, c": the columns that a source has, for hints. */
static char *
ListColumns(TupleDesc descriptor)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < descriptor->natts; i++)
		if (!TupleDescAttr(descriptor, i)->attisdropped)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
							 NameStr(TupleDescAttr(descriptor, i)->attname));
	return list.data;
}

/* The column exists and the caller may read it. */
static void
CheckColumn(Relation source, const char *name)
{
	AttrNumber	number;

	if (name == NULL)
		return;
	number = get_attnum(RelationGetRelid(source), name);
	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of source \"%s\" does not exist", name,
						RelationGetRelationName(source)),
				 errhint("Its columns are %s.", ListColumns(RelationGetDescr(source)))));
	if (pg_class_aclcheck(RelationGetRelid(source), GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck(RelationGetRelid(source), number, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for column \"%s\" of source \"%s\"", name,
						RelationGetRelationName(source))));
}

static void
CheckColumns(Relation source, const InterestColumns *columns)
{
	CheckColumn(source, columns->user_id);
	CheckColumn(source, columns->at);
	CheckColumn(source, columns->kind);
	CheckColumn(source, columns->label);
	for (int i = 0; i < columns->text_count; i++)
		CheckColumn(source, columns->texts[i]);
	for (int i = 0; i < columns->numeric_count; i++)
		CheckColumn(source, columns->numerics[i]);
	for (int i = 0; i < columns->categorical_count; i++)
		CheckColumn(source, columns->categoricals[i]);
	for (int i = 0; i < columns->vector_count; i++)
		CheckColumn(source, columns->vectors[i]);
}

static void
CheckKind(Relation source)
{
	switch (source->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" cannot be the source of a model", RelationGetRelationName(source)),
					 errhint("A source is a table, a view, a materialized view or a foreign table.")));
	}
	if (source->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("temporary relation \"%s\" cannot be the source of a model", RelationGetRelationName(source)),
				 errhint("A model outlives the session: use a permanent table or view.")));
}

static bool
Contains(int count, char **names, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Whether the label is also something that the model reads of the same row. */
static void
CheckLeak(const InterestDefinition *definition)
{
	const InterestColumns *columns = &definition->columns;

	if (InterestTaskForesees(definition->task) || columns->label == NULL)
		return;
	if (!Contains(columns->text_count, columns->texts, columns->label) &&
		!Contains(columns->numeric_count, columns->numerics, columns->label) &&
		!Contains(columns->categorical_count, columns->categoricals, columns->label) &&
		!Contains(columns->vector_count, columns->vectors, columns->label) &&
		!(columns->kind && strcmp(columns->kind, columns->label) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("label column \"%s\" is also a feature", columns->label),
			 errdetail("A model that reads the answer learns nothing else."),
			 errhint("Leave it out of the features, or use the task next, which reads only earlier rows.")));
}

static Oid
TypeOfColumn(Oid source, const char *column)
{
	return get_atttype(source, get_attnum(source, column));
}

/* Whether a label is several interests; what options a model can have depends on it. */
static void
FindLabelType(InterestDefinition *definition, Relation source)
{
	const char *column = definition->columns.label;
	Oid			label = column ? TypeOfColumn(RelationGetRelid(source), column) : InvalidOid;

	definition->label_is_array = OidIsValid(label) && OidIsValid(get_base_element_type(label));
}

/* The label's and the user's types fit the task. */
static void
CheckTypes(InterestDefinition *definition, Relation source)
{
	TupleDesc	descriptor = RelationGetDescr(source);
	const InterestColumns *columns = &definition->columns;
	Oid			user = TypeOfColumn(RelationGetRelid(source), columns->user_id);

	if (definition->label_is_array && definition->task == INTEREST_TASK_NEXT_ITEM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("label column \"%s\" is an array, which the task next_item cannot use", columns->label),
				 errhint("The label is the one item that a row is about; unnest it in a view.")));
	if (definition->label_is_array && definition->task == INTEREST_TASK_DOMINANT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("label column \"%s\" is an array, which the task dominant cannot use", columns->label),
				 errhint("Use the task next or user for several interests at once, or unnest the label in a view.")));
	if (OidIsValid(get_base_element_type(user)) || type_is_rowtype(user) ||
		!OidIsValid(lookup_type_cache(user, TYPECACHE_EQ_OPR)->eq_opr))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of type %s cannot be a user id", columns->user_id, format_type_be(user)),
				 errhint("A user id is a scalar with an equality operator: a number, a text, a uuid.")));
	(void) InterestRowReaderMake(definition, descriptor, INTEREST_READ_TARGET);
}

/* Keeps an encoder from being dropped until this transaction has named it in a model. */
static char *
LockEncoder(char *name)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};

	if (InterestStoreExecute("SELECT FROM %s.interest_encoder WHERE name = $1 FOR KEY SHARE",
							 1, types, values, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("encoder \"%s\" was dropped meanwhile", name)));
	return name;
}

static bool
HasUsableEncoder(void)
{
	ListCell   *cell;

	foreach(cell, InterestEncodersDescribe())
		if (((InterestEncoderState *) lfirst(cell))->usable)
			return true;
	return false;
}

/*
 * The encoder of a model with texts; its use is the caller's right.  Where there
 * is none that the caller could mean, words are enough.
 */
static char *
ChooseSentences(const InterestDefinition *definition, const char *name)
{
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];

	if (!definition->sentences)
	{
		if (name != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a model without sentences needs no encoder"),
					 errhint("Leave encoder out, or the option sentences.")));
		if (!definition->words)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("nothing reads the texts of the model"),
					 errhint("Set one of the options sentences and words to true, or leave texts out.")));
		return NULL;
	}
	if (name == NULL && definition->words && !definition->sentences_asked && definition->interest_count == 0 &&
		!HasUsableEncoder())
	{
		ereport(NOTICE,
				(errmsg("there is no encoder that you may use: model \"%s\" reads the words of its texts only", definition->name),
				 errhint("Load one with interest_load_encoder, then create the model anew; or set the option sentences to false.")));
		return NULL;
	}
	return LockEncoder(InterestEncoderFind(name, content_hash));
}

static char *
ChooseEncoder(const InterestDefinition *definition)
{
	const InterestColumns *columns = &definition->columns;

	if (columns->text_count > 0)
		return ChooseSentences(definition, definition->encoder);
	if (definition->encoder != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model without texts needs no encoder"),
				 errhint("Name the text columns in texts, or leave encoder out.")));
	if (definition->text_search_option)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model without texts needs no text_search"),
				 errhint("Name the text columns in texts, or leave text_search out.")));
	if (columns->numeric_count + columns->categorical_count + columns->vector_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model has no features"),
				 errhint("Name columns in texts, numerics, categoricals or vectors.")));
	return NULL;
}

static InterestTask
ChooseTask(FunctionCallInfo fcinfo, Oid source, const char *label)
{
	if (!PG_ARGISNULL(ARG_TASK))
		return InterestTaskFromName(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TASK)));
	return label && OidIsValid(get_base_element_type(TypeOfColumn(source, label))) ?
		INTEREST_TASK_NEXT : INTEREST_TASK_DOMINANT;
}

/* Whether no column is named at all, so that they are guessed. */
static bool
NamesNoColumn(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(ARG_USER_ID) && PG_ARGISNULL(ARG_AT) && PG_ARGISNULL(ARG_TEXTS) && PG_ARGISNULL(ARG_KIND) &&
		PG_ARGISNULL(ARG_NUMERICS) && PG_ARGISNULL(ARG_CATEGORICALS) && PG_ARGISNULL(ARG_VECTORS) &&
		PG_ARGISNULL(ARG_LABEL);
}

static void
RequireLabel(FunctionCallInfo fcinfo, const InterestColumns *columns)
{
	if (columns->label == NULL && PG_ARGISNULL(ARG_INTERESTS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("label is missing"),
				 errhint("Name the column that tells the interest, for example label => 'category', or the interests themselves in interests.")));
}

/* Rows that come with the calls, without a source, have usual names where none is given. */
static void
NameOwnColumns(FunctionCallInfo fcinfo, InterestColumns *columns)
{
	columns->user_id = PG_ARGISNULL(ARG_USER_ID) ? pstrdup("user_id") : NameArgument(fcinfo, ARG_USER_ID);
	columns->at = PG_ARGISNULL(ARG_AT) ? pstrdup("at") : NameArgument(fcinfo, ARG_AT);
	if (columns->text_count > 0)
		return;
	columns->text_count = 1;
	columns->texts = palloc(sizeof(char *));
	columns->texts[0] = pstrdup("text");
}

static void
ReadColumnArguments(FunctionCallInfo fcinfo, bool has_source, InterestColumns *columns)
{
	if (has_source)
	{
		columns->user_id = RequiredName(fcinfo, ARG_USER_ID, "user_id", "Name the column that tells the user, for example user_id => 'user_id'.");
		columns->at = RequiredName(fcinfo, ARG_AT, "at", "Name the column that tells the time of a row, for example at => 'created_at'.");
	}
	columns->label = NameArgument(fcinfo, ARG_LABEL);
	RequireLabel(fcinfo, columns);
	columns->kind = NameArgument(fcinfo, ARG_KIND);
	columns->text_count = NamesArgument(fcinfo, ARG_TEXTS, "texts", &columns->texts);
	columns->numeric_count = NamesArgument(fcinfo, ARG_NUMERICS, "numerics", &columns->numerics);
	columns->categorical_count = NamesArgument(fcinfo, ARG_CATEGORICALS, "categoricals", &columns->categoricals);
	columns->vector_count = NamesArgument(fcinfo, ARG_VECTORS, "vectors", &columns->vectors);
	if (columns->vector_count > INTEREST_MAX_VECTORS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vectors has more than %d columns", INTEREST_MAX_VECTORS)));
	if (!has_source)
		NameOwnColumns(fcinfo, columns);
}

/* The columns and the task: as named, or as they look. */
static void
ReadColumns(FunctionCallInfo fcinfo, Oid source, InterestDefinition *definition)
{
	char	   *task = NULL;

	if (OidIsValid(source) && NamesNoColumn(fcinfo))
	{
		InterestTakeSuggestions(source, PG_ARGISNULL(ARG_INTERESTS), &definition->columns, &task);
		RequireLabel(fcinfo, &definition->columns);
	}
	else
		ReadColumnArguments(fcinfo, OidIsValid(source), &definition->columns);
	definition->task = task && PG_ARGISNULL(ARG_TASK) ? InterestTaskFromName(task) :
		ChooseTask(fcinfo, source, definition->columns.label);
}

/* The interests that are named, as they were given. */
static void
ReadInterests(FunctionCallInfo fcinfo, InterestDefinition *definition)
{
	Datum	   *elements;

	if (PG_ARGISNULL(ARG_INTERESTS))
		return;
	if (definition->task == INTEREST_TASK_NEXT_ITEM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("interests are of no use to the task next_item"),
				 errhint("Leave interests out: its items are the values of the label column.")));
	definition->interest_count = InterestListElements(PG_GETARG_ARRAYTYPE_P(ARG_INTERESTS), "interests", &elements, NULL);
	if (definition->interest_count < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model needs at least two interests"),
				 errhint("Name them in interests, or leave interests out to learn them from the label column.")));
	definition->interests = palloc(sizeof(char *) * definition->interest_count);
	for (int i = 0; i < definition->interest_count; i++)
		definition->interests[i] = TextDatumGetCString(elements[i]);
}

static void
InsertModel(const InterestDefinition *definition, Jsonb *options)
{
	Oid			types[] = {TEXTOID, NAMEOID, NAMEOID, NAMEOID, TEXTOID, JSONBOID};
	Datum		values[] = {
		CStringGetTextDatum(definition->name),
		DirectFunctionCall1(namein, CStringGetDatum(definition->owner)),
		DirectFunctionCall1(namein, CStringGetDatum(definition->source_schema)),
		DirectFunctionCall1(namein, CStringGetDatum(definition->source_name)),
		definition->encoder ? CStringGetTextDatum(definition->encoder) : (Datum) 0,
		JsonbPGetDatum(InterestDefinitionToJson(definition, options))
	};
	char		nulls[] = {' ', ' ', ' ', ' ', definition->encoder ? ' ' : 'n', ' '};

	if (InterestStoreExecute("INSERT INTO %s.interest_model (name, owner, source_schema, source_name, encoder, definition)"
							 " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING", 6, types, values, nulls) == 0)
		ReportDuplicate(definition->name);
}

/* Without a source nothing can be learned: names are read in texts, and that is all. */
static void
CheckWithoutSource(const InterestDefinition *definition)
{
	const InterestColumns *columns = &definition->columns;

	if (definition->interest_count == 0)
		ReportNoSource();
	if (columns->label || columns->numeric_count + columns->categorical_count + columns->vector_count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model without a source reads texts alone"),
				 errhint("Leave label, numerics, categoricals and vectors out, or name the source that says what they mean.")));
}

/* What the source must be; its names. */
static void
CheckSource(InterestDefinition *definition, Relation source)
{
	CheckKind(source);
	CheckColumns(source, &definition->columns);
	definition->source_schema = get_namespace_name(RelationGetNamespace(source));
	definition->source_name = pstrdup(RelationGetRelationName(source));
	CheckLeak(definition);
	FindLabelType(definition, source);
}

void
InterestCreateModel(InterestDefinition *definition, Jsonb *options, Oid source_id)
{
	Relation	source = OidIsValid(source_id) ? relation_open(source_id, AccessShareLock) : NULL;
	const char *text_search = definition->text_search;

	CheckNewName(definition->name);
	definition->owner = pstrdup(InterestCurrentRole());
	definition->source_schema = pstrdup("");
	definition->source_name = pstrdup("");
	if (source)
		CheckSource(definition, source);
	else
		CheckWithoutSource(definition);
	InterestReadOptions(options, definition);
	if (source)
	{
		CheckColumn(source, definition->columns.split);
		CheckTypes(definition, source);
		relation_close(source, NoLock);
	}
	definition->encoder = ChooseEncoder(definition);
	InterestCheckNames(definition);
	if (definition->words && definition->columns.text_count > 0)
		definition->text_search = InterestFindTextSearch(text_search ? text_search : definition->text_search_option);
	InsertModel(definition, options);
	definition->created_at = GetCurrentTransactionStartTimestamp(); /* as the column's default has it */
}

INTEREST_FUNCTION(interest_create_model);
Datum
interest_create_model(PG_FUNCTION_ARGS)
{
	InterestDefinition definition = {0};
	Oid			source;

	PreventCommandIfReadOnly("interest_create_model()");
	if (PG_ARGISNULL(ARG_NAME))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the model is NULL")));
	definition.name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_NAME));
	CheckNewName(definition.name);
	source = PG_ARGISNULL(ARG_SOURCE) ? InvalidOid : PG_GETARG_OID(ARG_SOURCE);
	if (!OidIsValid(source) && PG_ARGISNULL(ARG_INTERESTS))
		ReportNoSource();
	if (OidIsValid(source))
		(void) InterestRequireRelation(source);
	ReadColumns(fcinfo, source, &definition);
	ReadInterests(fcinfo, &definition);
	if (!PG_ARGISNULL(ARG_ENCODER))
		definition.encoder = text_to_cstring(PG_GETARG_TEXT_PP(ARG_ENCODER));
	InterestCreateModel(&definition, PG_ARGISNULL(ARG_OPTIONS) ? NULL : PG_GETARG_JSONB_P(ARG_OPTIONS), source);
	if (definition.interest_count > 0)
		InterestStoreNamed(&definition);
	PG_RETURN_TEXT_P(cstring_to_text(definition.name));
}

/*
 * model_exchange.c
 *	  A model version as a file: interest_export_model, interest_import_model.
 *
 * The file is safetensors (core/encoder/safetensors.h).  Every block of
 * parameters is a tensor of its own; what else the image holds (shape,
 * features, names, codebook) is the tensor "image", and the metadata says where
 * in it the parameters belong.  So a file can be read, and its parameters
 * changed, in Python; what is read back here goes through the one validator
 * that images have.
 */
#include "pg/compat.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "pg/create_model.h"
#include "pg/json.h"
#include "pg/model_store.h"
#include "pg/report.h"
#include "pg/rights.h"
#include "pg/store.h"
#include "pg/tensors.h"

#define FORMAT "interest-model-1"

/* Everything but the parameters. */
#define IMAGE_TENSOR "image"

/* Bytes in front of the header; the header ends at a multiple of them. */
#define LENGTH_BYTES 8

/* A model of all the columns that it can have has fewer tensors. */
#define MAX_TENSORS 20000

#define ARENA_BLOCK (64 * 1024)

#define HASH_DIGITS (2 * INTEREST_CONTENT_HASH_SIZE)

/*
 * Writing
 */

/* A JSON string of UTF-8, whatever the database's encoding. */
static void
AppendString(StringInfo json, const char *text)
{
	escape_json(json, pg_server_to_any(text, strlen(text), PG_UTF8));
}

/* ", "key": "value"", the first without its comma. */
static void
AppendMetadata(StringInfo json, const char *key, const char *value)
{
	if (json->data[json->len - 1] != '{')
		appendStringInfoChar(json, ',');
	appendStringInfo(json, "\"%s\":", key);
	escape_json(json, value);
}

static const char *
HexOf(const uint8 *bytes, Size size)
{
	char	   *hex = palloc(2 * size + 1);

	hex[hex_encode((const char *) bytes, size, hex)] = '\0';
	return hex;
}

/* The stored definition of a model, as JSON in UTF-8. */
static const char *
DefinitionText(const char *model)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	Jsonb	   *value;
	char	   *text;
	bool		isnull;

	InterestStoreTextKey(&key, Anum_model_name, model);
	InterestStoreBegin(&scan, "interest_model", "interest_model_pkey", 1, &key);
	tuple = InterestStoreNext(&scan);
	if (tuple == NULL)
		InterestReportDropped("model", model);
	value = DatumGetJsonbP(InterestStoreValue(&scan, tuple, Anum_model_definition, &isnull));
	text = JsonbToCString(NULL, &value->root, VARSIZE(value));
	InterestStoreEnd(&scan);
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}

/* ["a", "b"] */
static const char *
NamesText(const InterestNames *names)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	for (int i = 0; i < names->count; i++)
	{
		if (i > 0)
			appendStringInfoChar(&json, ',');
		escape_json(&json, pnstrdup(names->spans[i].data, names->spans[i].length));
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

/* For each section, where its parameters belong in the tensor "image", and which tensors they are. */
static const char *
SectionsText(const InterestModel *model, const InterestImageMap *map)
{
	StringInfoData json;
	Size		parameters = 0;

	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	for (int s = 0; s < INTEREST_SECTIONS; s++)
	{
		bool		first = true;

		appendStringInfo(&json, "%s{\"at\":%zu,\"tensors\":[", s > 0 ? "," : "", map->parameters[s] - parameters);
		for (int b = 0; b < model->block_count; b++)
		{
			char		name[INTEREST_MAX_BLOCK_NAME];

			if ((int) model->blocks[b].section != s)
				continue;
			InterestModelBlockName(model, b, name);
			appendStringInfo(&json, "%s\"%s\"", first ? "" : ",", name);
			parameters += sizeof(float) * model->blocks[b].rows * model->blocks[b].columns;
			first = false;
		}
		appendStringInfoString(&json, "]}");
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

static void
AppendTensor(StringInfo header, const char *name, const char *type, const char *shape, Size begin, Size size)
{
	appendStringInfo(header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
					 name, type, shape, begin, begin + size);
}

/* The header's JSON; tensors lie in the order of blocks, the image behind them. */
static StringInfo
MakeHeader(const InterestDefinition *definition, const InterestVersion *version,
		   const InterestModel *model, const InterestImageMap *map, Size image_size)
{
	StringInfo	header = makeStringInfo();
	Size		offset = 0;

	appendStringInfoString(header, "{\"__metadata__\":{");
	AppendMetadata(header, "format", FORMAT);
	AppendMetadata(header, "model", pg_server_to_any(definition->name, strlen(definition->name), PG_UTF8));
	AppendMetadata(header, "version", psprintf("%d", version->version));
	AppendMetadata(header, "content_hash", HexOf(version->content_hash, INTEREST_CONTENT_HASH_SIZE));
	if (version->has_encoder)
		AppendMetadata(header, "encoder_hash", HexOf(version->encoder_hash, INTEREST_CONTENT_HASH_SIZE));
	AppendMetadata(header, "definition", DefinitionText(definition->name));
	appendStringInfoString(header, ",\"source_schema\":");
	AppendString(header, definition->source_schema);
	appendStringInfoString(header, ",\"source_name\":");
	AppendString(header, definition->source_name);
	AppendMetadata(header, "interests", NamesText(&model->interests));
	AppendMetadata(header, "sections", SectionsText(model, map));
	appendStringInfoChar(header, '}');
	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];
		Size		size = sizeof(float) * block->rows * block->columns;
		char		name[INTEREST_MAX_BLOCK_NAME];

		InterestModelBlockName(model, b, name);
		AppendTensor(header, name, "F32", psprintf("[%d,%d]", block->rows, block->columns), offset, size);
		offset += size;
	}
	AppendTensor(header, IMAGE_TENSOR, "U8", psprintf("[%zu]", image_size), offset, image_size);
	appendStringInfoChar(header, '}');
	while (header->len % LENGTH_BYTES != 0)
		appendStringInfoChar(header, ' ');
	return header;
}

/* The two kinds of an image's bytes: parameters, and what lies between them. */
static char *
CopyParts(const char *image, Size size, const InterestModel *model, const InterestImageMap *map,
		  bool parameters, char *to)
{
	Size		from = 0;

	for (int s = 0; s < INTEREST_SECTIONS; s++)
	{
		Size		begin = map->parameters[s];
		Size		end = begin;

		for (int b = 0; b < model->block_count; b++)
			if ((int) model->blocks[b].section == s)
				end += sizeof(float) * model->blocks[b].rows * model->blocks[b].columns;
		memcpy(to, image + (parameters ? begin : from), parameters ? end - begin : begin - from);
		to += parameters ? end - begin : begin - from;
		from = end;
	}
	if (parameters)
		return to;
	memcpy(to, image + from, size - from);
	return to + (size - from);
}

INTEREST_FUNCTION(interest_export_model);
Datum
interest_export_model(PG_FUNCTION_ARGS)
{
	InterestDefinition *definition;
	InterestVersion *version;
	InterestLoadedModel *loaded;
	InterestWriter counter = {NULL, 0};
	InterestImageMap map;
	StringInfo	image;
	StringInfo	header;
	bytea	   *file;
	char	   *to;
	Size		size;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the model is NULL")));
	definition = InterestOwnedModel(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	version = PG_ARGISNULL(1) ? InterestDeployedVersion(definition->name) :
		InterestVersionByNumber(definition->name, PG_GETARG_INT32(1));
	loaded = InterestLoadVersion(version);
	image = InterestVersionContent(version);
	InterestModelWrite(&loaded->model, &counter, &map);
	Assert(counter.length == (Size) image->len);
	header = MakeHeader(definition, version, &loaded->model, &map,
						image->len - sizeof(float) * loaded->model.parameter_count);
	size = VARHDRSZ + LENGTH_BYTES + header->len + image->len;
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("model is too large for a file of 1 GB")));
	file = palloc(size);
	SET_VARSIZE(file, size);
	to = VARDATA(file);
	for (int i = 0; i < LENGTH_BYTES; i++)
		*to++ = (char) ((uint64) header->len >> (8 * i));
	memcpy(to, header->data, header->len);
	to = CopyParts(image->data, image->len, &loaded->model, &map, true, to + header->len);
	(void) CopyParts(image->data, image->len, &loaded->model, &map, false, to);
	PG_RETURN_BYTEA_P(file);
}

/*
 * Reading: whatever the file says
 */

typedef struct ModelFile
{
	const uint8 *data;			/* behind the header */
	Size		size;
	InterestJson metadata;
	int			count;
	InterestTensorEntry *entries;
	bool	   *used;			/* (count) */
} ModelFile;

pg_noreturn static void
ReportFile(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("file is not a model"),
			 errdetail("%s", detail),
			 errhint("Export it again with interest_export_model.")));
}

static char *
MetadataText(const ModelFile *file, const char *key)
{
	char	   *value = NULL;

	if (!InterestJsonText(&file->metadata, key, &value))
		ReportFile(psprintf("Its metadata lacks \"%s\".", key));
	return value;
}

/* The same as text of the database. */
static char *
MetadataName(const ModelFile *file, const char *key)
{
	char	   *value = MetadataText(file, key);

	return pg_any_to_server(value, strlen(value), PG_UTF8);
}

static int
CompareEntries(const void *a, const void *b)
{
	const InterestTensorEntry *x = a;
	const InterestTensorEntry *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* Every tensor is sound, and together they are the data, byte by byte. */
static void
CheckTensors(ModelFile *file)
{
	InterestStatus status;
	uint64		end = 0;

	if (file->count > MAX_TENSORS)
		ReportFile("It has too many tensors.");
	qsort(file->entries, file->count, sizeof(InterestTensorEntry), CompareEntries);
	for (int i = 0; i < file->count; i++)
	{
		if (!InterestTensorCheck(&file->entries[i], file->size, &status))
			InterestReport(&status);
		if (file->entries[i].begin != end)
			ReportFile("Its tensors overlap, or leave something out.");
		end = file->entries[i].end;
	}
	if (end != file->size)
		ReportFile("Its tensors overlap, or leave something out.");
}

static void
OpenFile(bytea *bytes, ModelFile *file)
{
	const uint8 *data = (const uint8 *) VARDATA_ANY(bytes);
	Size		size = VARSIZE_ANY_EXHDR(bytes);
	InterestStatus status;
	InterestJson header;
	uint64		length;

	if (!InterestSafetensorsHeaderLength(data, size, &length, &status))
		ReportFile(psprintf("Its header does not fit: %s.", status.message));
	header = InterestJsonParse((const char *) data + LENGTH_BYTES, length, "the header of the file",
							   ERRCODE_INVALID_PARAMETER_VALUE);
	if (!InterestJsonObject(&header, "__metadata__", &file->metadata) ||
		strcmp(MetadataText(file, "format"), FORMAT) != 0)
		ReportFile("It is no model of this extension, or of a version to come.");
	file->data = data + LENGTH_BYTES + length;
	file->size = size - LENGTH_BYTES - length;
	file->count = InterestReadTensors(&header, &file->entries);
	file->used = palloc0(sizeof(bool) * Max(file->count, 1));
	CheckTensors(file);
}

/* A tensor of a name and a type, each once. */
static const InterestTensorEntry *
TakeTensor(ModelFile *file, const char *name, const char *type)
{
	for (int i = 0; i < file->count; i++)
	{
		if (strcmp(file->entries[i].name, name) != 0)
			continue;
		if (file->used[i] || strcmp(file->entries[i].type, type) != 0)
			ReportFile("A tensor is named twice, or is of another type.");
		file->used[i] = true;
		return &file->entries[i];
	}
	ReportFile("A tensor is missing.");
}

static Size
TensorSize(const InterestTensorEntry *entry)
{
	return entry->end - entry->begin;
}

/* An image under construction, and the tensors in it in their order. */
typedef struct ImageBuilder
{
	StringInfoData image;
	List	   *tensors;		/* of InterestTensorEntry */
} ImageBuilder;

static void
AddSection(ModelFile *file, const InterestJson *section, const InterestTensorEntry *rest, Size *done,
		   ImageBuilder *builder)
{
	InterestJson names;
	char	  **name;
	int64		at = 0;
	int			count;

	if (!InterestJsonInteger(section, "at", 0, INT64CONST(1) << 40, &at) ||
		!InterestJsonArray(section, "tensors", &names) ||
		at < (int64) *done || at > (int64) TensorSize(rest))
		ReportFile("A section of it lies where none can be.");
	appendBinaryStringInfo(&builder->image, (const char *) file->data + rest->begin + *done, (int) (at - *done));
	*done = at;
	count = InterestJsonTexts(&names, &name);
	for (int i = 0; i < count; i++)
	{
		const InterestTensorEntry *entry = TakeTensor(file, name[i], "F32");

		CHECK_FOR_INTERRUPTS();
		appendBinaryStringInfo(&builder->image, (const char *) file->data + entry->begin, (int) TensorSize(entry));
		builder->tensors = lappend(builder->tensors, (void *) entry);
	}
}

/* The image that the file was made of. */
static void
BuildImage(ModelFile *file, ImageBuilder *builder)
{
	const InterestTensorEntry *rest = TakeTensor(file, IMAGE_TENSOR, "U8");
	char	   *text = MetadataText(file, "sections");
	InterestJson sections = InterestJsonParse(text, strlen(text), "the sections of the file", ERRCODE_INVALID_PARAMETER_VALUE);
	InterestJson *section;
	int			count = InterestJsonObjects(&sections, &section);
	Size		done = 0;

	initStringInfo(&builder->image);
	builder->tensors = NIL;
	for (int i = 0; i < count; i++)
		AddSection(file, &section[i], rest, &done, builder);
	appendBinaryStringInfo(&builder->image, (const char *) file->data + rest->begin + done, (int) (TensorSize(rest) - done));
	for (int i = 0; i < file->count; i++)
		if (!file->used[i])
			ReportFile("It has a tensor that belongs nowhere.");
}

/* The tensors are the model's blocks, one by one. */
static void
CheckBlocks(const InterestModel *model, const List *tensors)
{
	if (list_length(tensors) != model->block_count)
		ReportFile("It has not as many tensors as its model.");
	for (int b = 0; b < model->block_count; b++)
	{
		const InterestModelBlock *block = &model->blocks[b];
		const InterestTensorEntry *entry = list_nth(tensors, b);
		char		name[INTEREST_MAX_BLOCK_NAME];

		InterestModelBlockName(model, b, name);
		if (strcmp(name, entry->name) != 0 || entry->dimensions != 2 ||
			entry->shape[0] != (uint64) block->rows || entry->shape[1] != (uint64) block->columns)
			ReportFile(psprintf("Tensor \"%s\" has another name or shape.", name));
	}
}

static void
ReadModelFile(ModelFile *file, InterestArena *arena, InterestModel *model)
{
	ImageBuilder builder;
	InterestStatus status;

	BuildImage(file, &builder);
	if (!InterestModelRead(builder.image.data, builder.image.len, arena, model, &status))
		ReportFile(status.detail[0] ? status.detail : "Its content is damaged.");
	CheckBlocks(model, builder.tensors);
	pfree(builder.image.data);
}

/* A usable encoder of the content that the file names; NULL for a model without. */
static InterestEncoderState *
FindEncoder(const ModelFile *file)
{
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
	char	   *hex;
	ListCell   *cell;

	if (!InterestJsonHas(&file->metadata, "encoder_hash"))
		return NULL;
	hex = MetadataText(file, "encoder_hash");
	if (strlen(hex) != HASH_DIGITS || strspn(hex, "0123456789abcdef") != HASH_DIGITS)
		ReportFile("The fingerprint of its encoder is none.");
	hex_decode(hex, HASH_DIGITS, (char *) content_hash);
	foreach(cell, InterestEncodersDescribe())
	{
		InterestEncoderState *state = lfirst(cell);

		if (state->usable && state->sound &&
			memcmp(state->content_hash, content_hash, INTEREST_CONTENT_HASH_SIZE) == 0)
			return state;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("the model's encoder is not here"),
			 errdetail("The fingerprint of its encoder is %s.", hex),
			 errhint("Load the encoder that the model was trained with; the view interest_encoders shows fingerprints.")));
}

/* The argument, else the source that the file names; InvalidOid: none. */
static Oid
SourceOf(FunctionCallInfo fcinfo, const ModelFile *file, InterestDefinition *definition)
{
	if (!PG_ARGISNULL(2))
	{
		(void) InterestRequireRelation(PG_GETARG_OID(2));
		return PG_GETARG_OID(2);
	}
	definition->source_schema = MetadataName(file, "source_schema");
	definition->source_name = MetadataName(file, "source_name");
	return InterestHasSource(definition) ? InterestSourceOf(definition) : InvalidOid;
}

/* A new model as the file defines it. */
static InterestDefinition *
CreateFromFile(FunctionCallInfo fcinfo, const ModelFile *file, const char *name, char *encoder)
{
	InterestDefinition *definition = palloc0(sizeof(InterestDefinition));
	char	   *text = MetadataName(file, "definition");
	Jsonb	   *value = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	JsonbValue *options;

	if (!JB_ROOT_IS_OBJECT(value))
		ReportFile("Its definition is no object.");
	definition->name = pstrdup(name);
	InterestDefinitionFromJson(value, definition);
	definition->encoder = encoder;
	options = getKeyJsonValueFromContainer(&value->root, "options", strlen("options"), NULL);
	InterestCreateModel(definition, JsonbValueToJsonb(options), SourceOf(fcinfo, file, definition));
	return definition;
}

static bool
ModelExists(const char *name)
{
	InterestStoreScan scan;
	ScanKeyData key;
	bool		exists;

	InterestStoreTextKey(&key, Anum_model_name, name);
	InterestStoreBegin(&scan, "interest_model", "interest_model_pkey", 1, &key);
	exists = InterestStoreNext(&scan) != NULL;
	InterestStoreEnd(&scan);
	return exists;
}

/* The model that the version becomes one of; a new one where there is none of that name. */
static InterestDefinition *
ModelFor(FunctionCallInfo fcinfo, const ModelFile *file, const char *name, const InterestEncoderState *encoder)
{
	if (!ModelExists(name))
		return CreateFromFile(fcinfo, file, name, encoder ? encoder->name : NULL);
	if (!PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" already exists", name),
				 errhint("Leave source out to give it another version, or choose another name.")));
	return InterestOwnedModel(name);
}

INTEREST_FUNCTION(interest_import_model);
Datum
interest_import_model(PG_FUNCTION_ARGS)
{
	InterestServerArena *arena;
	InterestEncoderState *encoder;
	InterestDefinition *definition;
	InterestModel model;
	ModelFile	file;
	int			version;

	PreventCommandIfReadOnly("interest_import_model()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name, file or deploy is NULL")));
	arena = InterestArenaBegin(CurrentMemoryContext, "interest import", ARENA_BLOCK);
	OpenFile(PG_GETARG_BYTEA_PP(1), &file);
	ReadModelFile(&file, &arena->arena, &model);
	encoder = FindEncoder(&file);
	definition = ModelFor(fcinfo, &file, text_to_cstring(PG_GETARG_TEXT_PP(0)), encoder);
	if (!InterestFits(definition, &model, encoder ? encoder->config.hidden : 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file does not fit model \"%s\"", definition->name),
				 errdetail("Its columns, its sorts of labels or its encoder are others."),
				 errhint("Import it as a model of its own, under another name.")));
	version = InterestStoreVersion(definition, &model, encoder ? encoder->content_hash : NULL, PG_GETARG_BOOL(3));
	PG_RETURN_INT32(version);
}

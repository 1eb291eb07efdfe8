/*
 * model_store.c
 *	  Models and their versions in the extension's tables, and in memory.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/catalogue.h"
#include "pg/digest.h"
#include "pg/live.h"
#include "pg/model_store.h"
#include "pg/report.h"
#include "pg/rights.h"
#include "pg/settings.h"
#include "pg/store.h"

/* Names in a hint. */
#define MAX_LISTED 10

/* Adds a name to "a, b, c"; the rest beyond MAX_LISTED become "...". */
static void
ListName(StringInfo list, int *count, const char *name)
{
	if (*count < MAX_LISTED)
		appendStringInfo(list, "%s%s", *count > 0 ? ", " : "", name);
	else if (*count == MAX_LISTED)
		appendStringInfoString(list, " ...");
	(*count)++;
}

/* The models that the current user may use, as a list; *only is one of them. */
static int
ListUsableModels(StringInfo list, char **only)
{
	InterestStoreScan scan;
	HeapTuple	tuple;
	int			count = 0;

	InterestStoreBegin(&scan, "interest_model", NULL, 0, NULL);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;
		char	   *name = TextDatumGetCString(InterestStoreValue(&scan, tuple, Anum_model_name, &isnull));
		Name		owner = DatumGetName(InterestStoreValue(&scan, tuple, Anum_model_owner, &isnull));

		if (!InterestMayUse("model", name, NameStr(*owner)))
			continue;
		ListName(list, &count, name);
		*only = name;
	}
	InterestStoreEnd(&scan);
	return count;
}

char *
InterestModelName(const char *argument)
{
	StringInfoData list;
	char	   *only = NULL;
	int			count;

	if (argument)
		return pstrdup(argument);
	if (interest_model_setting && interest_model_setting[0])
		return pstrdup(interest_model_setting);
	initStringInfo(&list);
	count = ListUsableModels(&list, &only);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no model that you may use"),
				 errhint("Create one with interest_create_model.")));
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("there is more than one model"),
				 errdetail("You may use %s.", list.data),
				 errhint("Name the model, or set interest.model.")));
	return only;
}

InterestDefinition *
InterestUsableModel(const char *name)
{
	InterestDefinition *definition = InterestDefinitionByName(name);

	InterestRequireUse("model", name, definition->owner);
	return definition;
}

InterestDefinition *
InterestOwnedModel(const char *name)
{
	InterestDefinition *definition = InterestDefinitionByName(name);

	InterestRequireOwner("model", name, definition->owner);
	return definition;
}

/* Copies a bytea attribute of a known length; false if it is NULL. */
static bool
CopyBytes(InterestStoreScan *scan, HeapTuple tuple, int attribute, uint8 *bytes, Size size)
{
	bool		isnull;
	Datum		value = InterestStoreValue(scan, tuple, attribute, &isnull);
	bytea	   *data;

	if (isnull)
		return false;
	data = DatumGetByteaPP(value);
	if (VARSIZE_ANY_EXHDR(data) != size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a row of interest_model_version is damaged"),
				 errhint("Restore the extension's tables, or drop the model and train it again.")));
	memcpy(bytes, VARDATA_ANY(data), size);
	return true;
}

static InterestVersion *
ReadVersion(InterestStoreScan *scan, HeapTuple tuple)
{
	InterestVersion *version = palloc0(sizeof(InterestVersion));
	bool		isnull;

	version->model = TextDatumGetCString(InterestStoreValue(scan, tuple, Anum_model_version_model, &isnull));
	version->version = DatumGetInt32(InterestStoreValue(scan, tuple, Anum_model_version_version, &isnull));
	version->deployed = DatumGetBool(InterestStoreValue(scan, tuple, Anum_model_version_deployed, &isnull));
	CopyBytes(scan, tuple, Anum_model_version_content_hash, version->content_hash, sizeof(version->content_hash));
	version->has_encoder = CopyBytes(scan, tuple, Anum_model_version_encoder_hash,
									 version->encoder_hash, sizeof(version->encoder_hash));
	CopyBytes(scan, tuple, Anum_model_version_representation, version->representation, INTEREST_FINGERPRINT_SIZE);
	CopyBytes(scan, tuple, Anum_model_version_reading, version->reading, INTEREST_FINGERPRINT_SIZE);
	return version;
}

/* The first version that a scan finds, deployed if asked; NULL if there is none. */
static InterestVersion *
FindVersion(const char *index, int key_count, ScanKey keys, bool deployed)
{
	InterestStoreScan scan;
	HeapTuple	tuple;
	InterestVersion *found = NULL;

	InterestStoreBegin(&scan, "interest_model_version", index, key_count, keys);
	while (found == NULL && (tuple = InterestStoreNext(&scan)) != NULL)
	{
		InterestVersion *version = ReadVersion(&scan, tuple);

		if (version->deployed || !deployed)
			found = version;
	}
	InterestStoreEnd(&scan);
	return found;
}

InterestVersion *
InterestFindDeployed(const char *model)
{
	ScanKeyData key;

	InterestStoreTextKey(&key, Anum_model_version_model, model);
	return FindVersion("interest_model_version_pkey", 1, &key, true);
}

InterestVersion *
InterestDeployedVersion(const char *model)
{
	InterestVersion *version = InterestFindDeployed(model);

	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no deployed version", model),
				 errhint("Train it with interest_train, or deploy a version with interest_deploy.")));
	return version;
}

InterestVersion *
InterestVersionByNumber(const char *model, int number)
{
	ScanKeyData keys[2];
	InterestVersion *version;

	InterestStoreTextKey(&keys[0], Anum_model_version_model, model);
	InterestStoreIntKey(&keys[1], Anum_model_version_version, number);
	version = FindVersion("interest_model_version_pkey", 2, keys, false);
	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", model, number),
				 errhint("The view interest_models lists the versions.")));
	return version;
}

static void
ByteaKey(ScanKey key, int attribute, const uint8 *bytes, Size size)
{
	bytea	   *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), bytes, size);
	ScanKeyInit(key, attribute, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(value));
}

/*
 * Loading
 */

/* All chunks of a version, end to end. */
static StringInfo
ReadChunks(const InterestVersion *version)
{
	StringInfo	content = makeStringInfo();
	InterestStoreScan scan;
	ScanKeyData keys[2];
	HeapTuple	tuple;

	InterestStoreTextKey(&keys[0], Anum_model_chunk_model, version->model);
	InterestStoreIntKey(&keys[1], Anum_model_chunk_version, version->version);
	InterestStoreBegin(&scan, "interest_model_chunk", "interest_model_chunk_pkey", 2, keys);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;
		bytea	   *data = DatumGetByteaPP(InterestStoreValue(&scan, tuple, Anum_model_chunk_data, &isnull));

		appendBinaryStringInfo(content, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
	}
	InterestStoreEnd(&scan);
	return content;
}

/* SHA-256 of two pieces end to end. */
static void
Digest(const void *first, Size first_size, const void *second, Size second_size, uint8 *digest)
{
	const InterestDigestPart parts[] = {{first, first_size}, {second, second_size}};

	InterestDigest(parts, lengthof(parts), digest);
}

static void
ReportDamage(const InterestVersion *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("version %d of model \"%s\" is damaged", version->version, version->model),
			 errdetail("Its content does not have the recorded checksum."),
			 errhint("Deploy another version, train again, or restore interest_model_chunk from a backup.")));
}

StringInfo
InterestVersionContent(const InterestVersion *version)
{
	StringInfo	content = ReadChunks(version);
	uint8		digest[INTEREST_DIGEST_SIZE];

	Digest(version->encoder_hash, version->has_encoder ? INTEREST_CONTENT_HASH_SIZE : 0,
		   content->data, content->len, digest);
	if (memcmp(digest, version->content_hash, sizeof(digest)) != 0)
		ReportDamage(version);
	return content;
}

/* Reads a version's content into a context of its own and keeps it. */
static InterestLoadedModel *
LoadContent(const InterestVersion *version)
{
	StringInfo	content = InterestVersionContent(version);
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest model", 64 * 1024);
	InterestLoadedModel *loaded = MemoryContextAllocZero(arena->context, sizeof(InterestLoadedModel));
	InterestStatus status;

	if (!InterestModelRead((const uint8 *) content->data, content->len, &arena->arena, &loaded->model, &status))
		InterestReport(&status);
	memcpy(loaded->model.shape.fingerprint, version->representation, INTEREST_FINGERPRINT_SIZE);
	memcpy(loaded->model.reading_fingerprint, version->reading, INTEREST_FINGERPRINT_SIZE);
	InterestModelOpen(&loaded->model, &arena->arena, InterestCurrentKernel());
	InterestModelReading(&loaded->model, &loaded->reading);
	memcpy(loaded->content_hash, version->content_hash, INTEREST_CONTENT_HASH_SIZE);
	memcpy(loaded->encoder_hash, version->encoder_hash, INTEREST_CONTENT_HASH_SIZE);
	loaded->has_encoder = version->has_encoder;
	InterestContentKeep(version->content_hash, arena->context, loaded);
	pfree(content->data);
	return loaded;
}

InterestLoadedModel *
InterestLoadVersion(const InterestVersion *version)
{
	InterestLoadedModel *loaded = InterestContentFind(version->content_hash);

	if (loaded == NULL)
		loaded = LoadContent(version);
	loaded->model.kernel = InterestCurrentKernel();
	return loaded;
}

bool
InterestFits(const InterestDefinition *definition, const InterestModel *model, int sentence_width)
{
	const InterestFeatures *features = &model->network.features;
	const InterestColumns *columns = &definition->columns;

	return features->text_count == columns->text_count &&
		features->numeric_count == columns->numeric_count &&
		features->categorical_count == columns->categorical_count &&
		features->vector_count == columns->vector_count &&
		features->shared_projection == definition->shared_projection &&
		InterestSameRules(&features->rules, &definition->rules) &&
		features->sentence_width == sentence_width &&
		(features->word_columns != NULL) == (definition->text_search != NULL) &&
		InterestHeadIsOfOne(model->head.kind) == !definition->label_is_array;
}

/* Both are rows of tables, which a restore or a superuser can set at odds. */
void
InterestRequireFit(const InterestDefinition *definition, const InterestLoadedModel *model,
				   const InterestLoadedEncoder *encoder)
{
	if (!InterestFits(definition, &model->model, encoder ? encoder->encoder.config.hidden : 0))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("version of model \"%s\" does not fit the model's definition", definition->name),
				 errhint("Restore the extension's tables, or drop the model and train it again.")));
}

InterestLoadedModel *
InterestLoadByContent(const uint8 *content_hash)
{
	InterestLoadedModel *loaded = InterestContentFind(content_hash);
	InterestVersion *version;
	ScanKeyData key;

	if (loaded)
		return loaded;
	ByteaKey(&key, Anum_model_version_content_hash, content_hash, INTEREST_CONTENT_HASH_SIZE);
	version = FindVersion("interest_model_version_content", 1, &key, false);
	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the model version that made this profile no longer exists")));
	return LoadContent(version);
}

/*
 * By fingerprint
 */

static bool
Made(const InterestVersion *version, const uint8 *representation, const uint8 *reading)
{
	return memcmp(version->representation, representation, INTEREST_FINGERPRINT_SIZE) == 0 &&
		(reading == NULL || memcmp(version->reading, reading, INTEREST_FINGERPRINT_SIZE) == 0);
}

/* The version of a named model that made it, the deployed one first; NULL if none did. */
static InterestVersion *
FindMaker(const char *model, const uint8 *representation, const uint8 *reading)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	InterestVersion *found = NULL;

	InterestStoreTextKey(&key, Anum_model_version_model, model);
	InterestStoreBegin(&scan, "interest_model_version", "interest_model_version_pkey", 1, &key);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		InterestVersion *version = ReadVersion(&scan, tuple);

		if (Made(version, representation, reading) && (found == NULL || version->deployed))
			found = version;
	}
	InterestStoreEnd(&scan);
	return found;
}

/* Deployed versions of usable models that made it, as a list; *only is one of them. */
static int
ListMakers(const uint8 *representation, const uint8 *reading, StringInfo list, InterestVersion **only)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	int			count = 0;

	ByteaKey(&key, Anum_model_version_representation, representation, INTEREST_FINGERPRINT_SIZE);
	InterestStoreBegin(&scan, "interest_model_version", "interest_model_version_representation", 1, &key);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		InterestVersion *version = ReadVersion(&scan, tuple);

		if (!version->deployed || !Made(version, representation, reading) ||
			!InterestMayUse("model", version->model, InterestDefinitionByName(version->model)->owner))
			continue;
		ListName(list, &count, version->model);
		*only = version;
	}
	InterestStoreEnd(&scan);
	return count;
}

static InterestVersion *
OnlyMaker(const uint8 *representation, const uint8 *reading)
{
	InterestVersion *only = NULL;
	StringInfoData list;
	int			count;

	initStringInfo(&list);
	count = ListMakers(representation, reading, &list, &only);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no deployed model that you may use made this value"),
				 errhint("Compute it anew with the deployed version, or name the model whose earlier version made it.")));
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("more than one deployed model could have made this value"),
				 errdetail("You may use %s.", list.data),
				 errhint("Name the model, or set interest.model.")));
	return only;
}

InterestLoadedModel *
InterestModelOf(const char *argument, const uint8 *representation, const uint8 *reading)
{
	InterestVersion *version = NULL;

	if (argument)
	{
		(void) InterestUsableModel(argument);
		version = FindMaker(argument, representation, reading);
		if (version == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("model \"%s\" did not make this value", argument),
					 errdetail("No version of it has the value's fingerprint."),
					 errhint("Name the model that made it, or compute the value anew.")));
	}
	else if (interest_model_setting && interest_model_setting[0])
	{
		(void) InterestUsableModel(interest_model_setting);
		version = FindMaker(interest_model_setting, representation, reading);
	}
	if (version == NULL)
		version = OnlyMaker(representation, reading);
	return InterestLoadVersion(version);
}

/*
 * Writing
 */

static bytea *
MakeBytea(const void *bytes, Size size)
{
	bytea	   *result = palloc(VARHDRSZ + size);

	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), bytes, size);
	return result;
}

/*
 * Takes the next version number; the row lock makes trainings of one model take turns here.
 * What was trained is no version of another model that took the name meanwhile.
 */
static int
NextVersion(const InterestDefinition *definition)
{
	Oid			types[] = {TEXTOID, NAMEOID, TIMESTAMPTZOID};
	Datum		values[] = {
		CStringGetTextDatum(definition->name),
		DirectFunctionCall1(namein, CStringGetDatum(definition->owner)),
		TimestampTzGetDatum(definition->created_at)
	};
	int32		version = 0;

	if (InterestStoreReturning("UPDATE %s.interest_model SET versions = versions + 1"
							   " WHERE name = $1 AND owner = $2 AND created_at = $3 RETURNING versions",
							   3, types, values, NULL, &version) != 1)
		InterestReportDropped("model", definition->name);
	return version;
}

/*
 * No version of the model answers any more, because the next one will; the
 * partial unique index wants this first.  The model remembers which one did.
 */
static void
Undeploy(const char *model, int next)
{
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {CStringGetTextDatum(model), Int32GetDatum(next)};

	InterestStoreExecute("UPDATE %s.interest_model SET deployed_before = array_append(deployed_before, v.version)"
						 " FROM %s.interest_model_version v"
						 " WHERE name = $1 AND v.model = $1 AND v.deployed AND v.version <> $2", 2, types, values, NULL);
	InterestStoreExecute("UPDATE %s.interest_model_version SET deployed = false WHERE model = $1 AND deployed",
						 1, types, values, NULL);
}

/* The image of a model, with the ends of its sections. */
static bytea *
WriteImage(const InterestModel *model, InterestImageMap *map)
{
	InterestWriter writer = {NULL, 0};
	bytea	   *image;

	InterestModelWrite(model, &writer, map);
	image = palloc(VARHDRSZ + writer.length);
	SET_VARSIZE(image, VARHDRSZ + writer.length);
	writer.buffer = (uint8 *) VARDATA(image);
	writer.length = 0;
	InterestModelWrite(model, &writer, map);
	return image;
}

/* What is kept of a model by an older version is of no use to the new one. */
static void
NoticeDeployed(const char *model)
{
	InterestNoticeDeployed(model);
	InterestNoticeItems(model);
}

int
InterestStoreVersion(const InterestDefinition *definition, const InterestModel *model,
					 const uint8 *encoder_hash, bool deploy)
{
	Size		encoder_size = encoder_hash ? INTEREST_CONTENT_HASH_SIZE : 0;
	InterestImageMap map;
	bytea	   *image = WriteImage(model, &map);
	const char *bytes = VARDATA(image);
	Size		size = VARSIZE(image) - VARHDRSZ;
	uint8		content[INTEREST_DIGEST_SIZE];
	uint8		representation[INTEREST_DIGEST_SIZE];
	uint8		reading[INTEREST_DIGEST_SIZE];
	int			version = NextVersion(definition);
	Oid			types[] = {TEXTOID, INT4OID, BYTEAOID, BYTEAOID, BYTEAOID, BYTEAOID, BOOLOID, INT8OID};
	char		nulls[] = {' ', ' ', ' ', encoder_hash ? ' ' : 'n', ' ', ' ', ' ', ' '};
	Datum		values[8];

	Digest(encoder_hash, encoder_size, bytes, size, content);
	Digest(encoder_hash, encoder_size, bytes, map.end[INTEREST_REPRESENTATION], representation);
	Digest(representation, INTEREST_FINGERPRINT_SIZE, bytes + map.end[INTEREST_REPRESENTATION],
		   map.end[INTEREST_READING] - map.end[INTEREST_REPRESENTATION], reading);
	if (deploy)
		Undeploy(definition->name, version);
	values[0] = CStringGetTextDatum(definition->name);
	values[1] = Int32GetDatum(version);
	values[2] = PointerGetDatum(MakeBytea(content, sizeof(content)));
	values[3] = encoder_hash ? PointerGetDatum(MakeBytea(encoder_hash, encoder_size)) : (Datum) 0;
	values[4] = PointerGetDatum(MakeBytea(representation, INTEREST_FINGERPRINT_SIZE));
	values[5] = PointerGetDatum(MakeBytea(reading, INTEREST_FINGERPRINT_SIZE));
	values[6] = BoolGetDatum(deploy);
	values[7] = Int64GetDatum((int64) size);
	InterestStoreExecute("INSERT INTO %s.interest_model_version (model, version, content_hash, encoder_hash,"
						 " representation, reading, deployed, size) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
						 8, types, values, nulls);
	InterestStoreWriteChunks("INSERT INTO %s.interest_model_chunk VALUES ($1, $2, $3, $4)",
							 2, types, values, bytes, size);
	if (deploy)
		NoticeDeployed(definition->name);
	return version;
}

/* After Undeploy. */
static void
Deploy(const char *model, int version)
{
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {CStringGetTextDatum(model), Int32GetDatum(version)};

	if (InterestStoreExecute("UPDATE %s.interest_model_version SET deployed = true WHERE model = $1 AND version = $2",
							 2, types, values, NULL) != 1)
		InterestReportDropped("model", model);
	NoticeDeployed(model);
}

INTEREST_FUNCTION(interest_deploy);
Datum
interest_deploy(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			version = PG_GETARG_INT32(1);
	InterestDefinition *definition;

	PreventCommandIfReadOnly("interest_deploy()");
	definition = InterestOwnedModel(name);
	(void) InterestVersionByNumber(name, version);
	InterestLockOwned("model", name, definition->owner);
	Undeploy(name, version);
	Deploy(name, version);
	PG_RETURN_VOID();
}

/* Goes back on the model's way, so that a second time goes back further. */
INTEREST_FUNCTION(interest_rollback);
Datum
interest_rollback(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			types[] = {TEXTOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};
	InterestDefinition *definition;
	int32		version = 0;

	PreventCommandIfReadOnly("interest_rollback()");
	definition = InterestOwnedModel(name);
	InterestLockOwned("model", name, definition->owner);
	if (InterestStoreReturning("WITH way AS (SELECT deployed_before AS way FROM %s.interest_model WHERE name = $1)"
							   " UPDATE %s.interest_model SET deployed_before = trim_array(way.way, 1)"
							   " FROM way WHERE name = $1 AND cardinality(way.way) > 0"
							   " RETURNING way.way[cardinality(way.way)]", 1, types, values, NULL, &version) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no version of model \"%s\" was deployed before the one that is", name),
				 errhint("Choose a version with interest_deploy; the view interest_models lists them.")));
	InterestStoreExecute("UPDATE %s.interest_model_version SET deployed = false WHERE model = $1 AND deployed",
						 1, types, values, NULL);
	Deploy(name, version);
	PG_RETURN_INT32(version);
}

INTEREST_FUNCTION(interest_drop_model);
Datum
interest_drop_model(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			types[] = {TEXTOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};
	InterestDefinition *definition;

	PreventCommandIfReadOnly("interest_drop_model()");
	definition = InterestOwnedModel(name);
	InterestLockFollowed(name, AccessExclusiveLock);
	InterestLockOwned("model", name, definition->owner);
	InterestEndTracking(definition);
	InterestEndCatalogue(definition);
	InterestStoreExecute("WITH chunk AS (DELETE FROM %s.interest_model_chunk WHERE model = $1),"
						 " run AS (DELETE FROM %s.interest_training_run WHERE model = $1),"
						 " version AS (DELETE FROM %s.interest_model_version WHERE model = $1)"
						 " DELETE FROM %s.interest_model WHERE name = $1", 1, types, values, NULL);
	InterestForgetGrants("model", name);
	PG_RETURN_VOID();
}

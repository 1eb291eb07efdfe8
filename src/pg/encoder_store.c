/*
 * encoder_store.c
 *	  Encoders in the extension's tables, and in this backend's memory.
 *
 * The chunk rows of an encoder are its vocabulary and its weight image, end to
 * end; floats are little-endian in them.
 */
#include "pg/compat.h"

#include "access/detoast.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "core/base/hash.h"
#include "core/encoder/weights.h"
#include "pg/digest.h"
#include "pg/encoder_directory.h"
#include "pg/encoder_store.h"
#include "pg/packed_weights.h"
#include "pg/quantize.h"
#include "pg/report.h"
#include "pg/rights.h"
#include "pg/settings.h"
#include "pg/shared_file.h"
#include "pg/store.h"

/* Bytes of the canonical configuration, with room to spare. */
#define MAX_CONFIG_SIZE 256

/* Blocks of what is made for one encoder beside its packed weights. */
#define LOADED_BLOCK (8 * 1024)

/* Candidates that an error names. */
#define MAX_CANDIDATES 5

/* A row of interest_encoder, without what only people read. */
typedef struct EncoderRow
{
	char	   *name;
	char	   *owner;
	bytea	   *config;
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
	int64		size;			/* bytes in all chunk rows */
} EncoderRow;

static void
ReportDamaged(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("encoder \"%s\" is damaged", name),
			 errdetail("What is stored of it does not have the SHA-256 that it was stored with."),
			 errhint("Load it again under another name, or drop it first.")));
}

/*
 * Content
 */
void
InterestEncoderContentAllocate(InterestEncoderContent *content)
{
	char	   *block;

	content->image_size = InterestEncoderImageBytes(&content->config);
	/* Huge: the weights of large encoders pass 1 GB. */
	block = MemoryContextAllocHuge(CurrentMemoryContext,
								   content->vocabulary_size + content->image_size + INTEREST_ALIGNMENT);
	content->image = (void *) TYPEALIGN(INTEREST_ALIGNMENT, block + content->vocabulary_size);
	content->vocabulary = (char *) content->image - content->vocabulary_size;
}

/* The vocabulary's size stands before it, so that no byte can change sides unseen. */
static void
HashContent(const InterestEncoderContent *content, const void *config, Size config_size, uint8 *hash)
{
	uint8		size[sizeof(uint64)];
	InterestWriter writer = {size, 0};
	const InterestDigestPart parts[] = {
		{config, config_size},
		{size, sizeof(size)},
		{content->vocabulary, content->vocabulary_size + content->image_size},
	};

	InterestWriteU64(&writer, content->vocabulary_size);
	InterestDigest(parts, lengthof(parts), hash);
}

/*
 * Rows
 */
static void
ReadRow(InterestStoreScan *scan, HeapTuple tuple, EncoderRow *row)
{
	bool		isnull;
	bytea	   *hash;

	row->name = TextDatumGetCString(InterestStoreValue(scan, tuple, Anum_encoder_name, &isnull));
	row->owner = pstrdup(NameStr(*DatumGetName(InterestStoreValue(scan, tuple, Anum_encoder_owner, &isnull))));
	row->config = DatumGetByteaPCopy(InterestStoreValue(scan, tuple, Anum_encoder_config, &isnull));
	row->size = DatumGetInt64(InterestStoreValue(scan, tuple, Anum_encoder_size, &isnull));
	hash = DatumGetByteaPP(InterestStoreValue(scan, tuple, Anum_encoder_content_hash, &isnull));
	if (VARSIZE_ANY_EXHDR(hash) != INTEREST_CONTENT_HASH_SIZE)
		ReportDamaged(row->name);
	memcpy(row->content_hash, VARDATA_ANY(hash), INTEREST_CONTENT_HASH_SIZE);
}

static bool
FindRowByName(const char *name, EncoderRow *row)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;

	InterestStoreTextKey(&key, Anum_encoder_name, name);
	InterestStoreBegin(&scan, "interest_encoder", "interest_encoder_pkey", 1, &key);
	if ((tuple = InterestStoreNext(&scan)) != NULL)
		ReadRow(&scan, tuple, row);
	InterestStoreEnd(&scan);
	return tuple != NULL;
}

static void
RequireRowByName(const char *name, EncoderRow *row)
{
	if (!FindRowByName(name, row))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("encoder \"%s\" does not exist", name),
				 errhint("The view interest_encoders lists those that you may use.")));
}

/* There are few encoders, and content is looked for once in a backend's life. */
static bool
ScanForHash(InterestStoreScan *scan, const uint8 *content_hash, EncoderRow *row)
{
	HeapTuple	tuple;
	bool		found = false;

	while (!found && (tuple = InterestStoreNext(scan)) != NULL)
	{
		ReadRow(scan, tuple, row);
		found = memcmp(row->content_hash, content_hash, INTEREST_CONTENT_HASH_SIZE) == 0;
	}
	InterestStoreEnd(scan);
	return found;
}

static bool
FindRowByHash(const uint8 *content_hash, EncoderRow *row)
{
	InterestStoreScan scan;

	InterestStoreBegin(&scan, "interest_encoder", NULL, 0, NULL);
	return ScanForHash(&scan, content_hash, row);
}

/* Whether an encoder of that content is there now, whatever the snapshot shows. */
static bool
IsStillThere(const uint8 *content_hash)
{
	InterestStoreScan scan;
	EncoderRow	row;

	InterestStoreBeginNow(&scan, "interest_encoder", NULL, 0, NULL);
	return ScanForHash(&scan, content_hash, &row);
}

/* One of the rows that the current user may use; how many there are, and the first names. */
static int
FindUsableRows(EncoderRow *row, StringInfo names)
{
	InterestStoreScan scan;
	HeapTuple	tuple;
	int			count = 0;

	InterestStoreBegin(&scan, "interest_encoder", NULL, 0, NULL);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		EncoderRow	candidate;

		ReadRow(&scan, tuple, &candidate);
		if (!InterestMayUse("encoder", candidate.name, candidate.owner))
			continue;
		*row = candidate;
		if (++count <= MAX_CANDIDATES)
			appendStringInfo(names, "%s\"%s\"", count > 1 ? ", " : "", candidate.name);
	}
	InterestStoreEnd(&scan);
	return count;
}

/* The only row that the current user may use; an error otherwise. */
static void
FindOnlyRow(EncoderRow *row)
{
	StringInfoData names;
	int			count;

	initStringInfo(&names);
	count = FindUsableRows(row, &names);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no encoder that you may use"),
				 errhint("Load one with interest_load_encoder('name', 'directory').")));
	if (count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("which encoder is meant is not clear"),
				 errdetail("You may use %s%s.", names.data, count > MAX_CANDIDATES ? " and others" : ""),
				 errhint("Name one as the argument encoder.")));
}

char *
InterestEncoderFind(const char *name, uint8 *content_hash)
{
	EncoderRow	row;

	if (name != NULL)
	{
		RequireRowByName(name, &row);
		InterestRequireUse("encoder", row.name, row.owner);
	}
	else
		FindOnlyRow(&row);
	memcpy(content_hash, row.content_hash, INTEREST_CONTENT_HASH_SIZE);
	return row.name;
}

/*
 * Loading into memory
 */

/*
 * The chunks in any order (an index may be out of use), each exactly in its
 * place: what is missing or too much shows in the number of bytes.
 */
static void
ReadChunks(const char *name, char *content, Size size)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	Size		total = 0;

	InterestStoreTextKey(&key, Anum_encoder_chunk_encoder, name);
	InterestStoreBegin(&scan, "interest_encoder_chunk", "interest_encoder_chunk_pkey", 1, &key);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;
		int32		ordinal = DatumGetInt32(InterestStoreValue(&scan, tuple, Anum_encoder_chunk_ordinal, &isnull));
		Datum		data = InterestStoreValue(&scan, tuple, Anum_encoder_chunk_data, &isnull);
		bytea	   *piece = DatumGetByteaPP(data);
		Size		length = VARSIZE_ANY_EXHDR(piece);
		Size		begin = (Size) ordinal * INTEREST_CHUNK_SIZE;

		CHECK_FOR_INTERRUPTS();
		if (ordinal < 0 || length > INTEREST_CHUNK_SIZE || begin > size || length > size - begin)
			ReportDamaged(name);
		memcpy(content + begin, VARDATA_ANY(piece), length);
		total += length;
		if ((Pointer) piece != DatumGetPointer(data))
			pfree(piece);
	}
	InterestStoreEnd(&scan);
	if (total != size)
		ReportDamaged(name);
}

static bool
ReadConfig(const EncoderRow *row, InterestEncoderConfig *config, InterestStatus *status)
{
	const uint8 *bytes = (const uint8 *) VARDATA(row->config);
	InterestReader reader = {bytes, bytes + VARSIZE(row->config) - VARHDRSZ, false};

	return InterestEncoderConfigRead(&reader, config, status);
}

static void
RequireConfig(const EncoderRow *row, InterestEncoderConfig *config)
{
	InterestStatus status;

	if (!ReadConfig(row, config, &status))
		ReportDamaged(row->name);
}

/* Reads what a row stands for and verifies it, into the current memory context. */
static void
ReadContent(const EncoderRow *row, InterestEncoderContent *content)
{
	uint8		hash[INTEREST_CONTENT_HASH_SIZE];
	Size		image_size;

	RequireConfig(row, &content->config);
	image_size = InterestEncoderImageBytes(&content->config);
	if (row->size < 0 || (Size) row->size < image_size ||
		(Size) row->size - image_size > INTEREST_MAX_VOCABULARY_FILE)
		ReportDamaged(row->name);
	content->vocabulary_size = row->size - image_size;
	InterestEncoderContentAllocate(content);
	ReadChunks(row->name, content->vocabulary, row->size);
	HashContent(content, VARDATA(row->config), VARSIZE(row->config) - VARHDRSZ, hash);
	if (memcmp(hash, row->content_hash, INTEREST_CONTENT_HASH_SIZE) != 0)
		ReportDamaged(row->name);
	InterestEncoderSwapImage(&content->config, content->image);
}

void
InterestEncoderReadContent(const char *name, InterestEncoderContent *content)
{
	EncoderRow	row;

	RequireRowByName(name, &row);
	InterestRequireUse("encoder", row.name, row.owner);
	ReadContent(&row, content);
}

/* A loaded encoder in the making: its memory context, and what lies in it. */
typedef struct Loading
{
	const EncoderRow *row;
	InterestServerArena *arena;
	InterestEncoderConfig config;
	InterestPackedWeights weights;
	InterestLoadedEncoder *loaded;
} Loading;

static void
BeginLoading(Loading *loading, const EncoderRow *row)
{
	loading->row = row;
	loading->arena = InterestArenaBegin(CurrentMemoryContext, "interest encoder", LOADED_BLOCK);
	MemoryContextSetIdentifier(loading->arena->context,
							   MemoryContextStrdup(loading->arena->context, row->name));
	RequireConfig(row, &loading->config);
	loading->loaded = InterestArenaNew(&loading->arena->arena, InterestLoadedEncoder);
	loading->loaded->packing = InterestEncoderPackingName(&loading->config, InterestCurrentKernel());
	loading->loaded->mapped = false;
	loading->loaded->error = 0;
	memcpy(loading->loaded->content_hash, row->content_hash, INTEREST_CONTENT_HASH_SIZE);
}

/* Makes packed weights and vocabulary into an encoder that can run. */
static bool
OpenWeights(Loading *loading, InterestStatus *status)
{
	const InterestEncoderConfig *config = &loading->config;
	InterestLoadedEncoder *loaded = loading->loaded;

	loaded->tokenizer = InterestEncoderTokenizer(config, loading->weights.vocabulary);
	return InterestEncoderOpen(config, loading->weights.packed, loading->weights.packed_size,
							   InterestCurrentKernel(), &loaded->encoder, status);
}

/* From the file that all sessions map; false, and nothing is left, without one. */
static bool
LoadMapped(Loading *loading, const EncoderRow *row)
{
	InterestStatus status;
	bool		mapped;

	BeginLoading(loading, row);
	mapped = InterestPackedWeightsMap(row->content_hash, loading->loaded->packing,
									  loading->arena->context, &loading->weights) &&
		OpenWeights(loading, &status);
	if (mapped)
		loading->loaded->mapped = true;
	else
		InterestArenaEnd(loading->arena);
	return mapped;
}

/* From the rows, verified, into memory of this session. */
static void
LoadPrivate(Loading *loading, const EncoderRow *row)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest encoder content",
												  ALLOCSET_SMALL_SIZES);
	InterestArena *arena;
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	InterestEncoderContent content;
	InterestVocabulary *vocabulary;
	InterestStatus status;
	void	   *packed;

	ReadContent(row, &content);
	MemoryContextSwitchTo(caller);
	BeginLoading(loading, row);
	arena = &loading->arena->arena;
	if (!InterestVocabularyBuild(arena, content.vocabulary, content.vocabulary_size, &vocabulary, &status))
		InterestReport(&status);
	loading->weights.packed_size = InterestEncoderPackedSize(&loading->config);
	packed = InterestArenaAllocate(arena, loading->weights.packed_size);
	InterestEncoderPack(&loading->config, content.image, packed);
	MemoryContextDelete(scratch);
	loading->weights.packed = packed;
	loading->weights.vocabulary = vocabulary;
	if (!OpenWeights(loading, &status))
		InterestReport(&status);
}

static void
WarnOfPrivate(const Loading *loading)
{
	errno = loading->loaded->error;
	ereport(WARNING,
			(errcode_for_file_access(),
			 errmsg("could not share the weights of encoder \"%s\" with other sessions: %m", loading->row->name),
			 errdetail("This session holds a copy of its own, of %zu kB.",
					   loading->weights.packed_size / 1024),
			 errhint("Let the server write temporary files of that size in its data directory, then connect again.")));
}

/*
 * The first session that needs an encoder packs it for all.  One that was
 * dropped meanwhile, and is used under an older snapshot, must not leave its
 * file behind: whoever dropped it removes files when all can see that it is
 * gone, so either he comes after this look, or the look sees it.
 */
static void
LoadAndShare(Loading *loading, const EncoderRow *row)
{
	Loading		private;

	LoadPrivate(&private, row);
	if (InterestPackedWeightsWrite(row->content_hash, private.loaded->packing, &private.weights) &&
		LoadMapped(loading, row))
	{
		InterestArenaEnd(private.arena);
		InterestSharedFilesSweep();
		if (!IsStillThere(row->content_hash))
			InterestPackedWeightsRemove(row->content_hash);
	}
	else
	{
		private.loaded->error = errno;
		WarnOfPrivate(&private);
		*loading = private;
	}
}

/* Built in a context below the current one and kept only when whole. */
static InterestLoadedEncoder *
LoadRow(const EncoderRow *row, const uint8 *key)
{
	Loading		loading;
	int			lock;

	if (!LoadMapped(&loading, row))
	{
		lock = InterestSharedFilesLock();
		if (!LoadMapped(&loading, row))
			LoadAndShare(&loading, row);
		InterestSharedFilesUnlock(lock);
	}
	InterestPackedWeightsReleaseRemoved();
	InterestContentKeep(key, loading.arena->context, loading.loaded);
	return loading.loaded;
}

/* The key of an encoder's content made ready for a kernel. */
static void
MakeKey(const uint8 *content_hash, const char *kernel, uint8 *key)
{
	uint64		name = InterestHash64(kernel, strlen(kernel), 0);

	memcpy(key, content_hash, INTEREST_CONTENT_HASH_SIZE);
	for (int i = 0; i < (int) sizeof(name); i++)
		key[i] ^= (uint8) (name >> (8 * i));
}

InterestLoadedEncoder *
InterestEncoderByHash(const uint8 *content_hash, const char *for_whom)
{
	uint8		key[INTEREST_CONTENT_HASH_SIZE];
	InterestLoadedEncoder *loaded;

	MakeKey(content_hash, InterestCurrentKernel()->name, key);
	loaded = InterestContentFind(key);
	if (loaded == NULL)
	{
		EncoderRow	row;

		if (!FindRowByHash(content_hash, &row))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 for_whom ? errmsg("the encoder of %s is not in this database", for_whom)
					 : errmsg("the encoder is no longer in this database"),
					 errhint("Load the same encoder again with interest_load_encoder.")));
		loaded = LoadRow(&row, key);
	}
	return loaded;
}

InterestLoadedEncoder *
InterestEncoderByName(const char *name)
{
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];

	(void) InterestEncoderFind(name, content_hash);
	return InterestEncoderByHash(content_hash, NULL);
}

InterestLoadedEncoder *
InterestEncoderAtHand(const char *name)
{
	EncoderRow	row;
	StringInfoData names;
	uint8		key[INTEREST_CONTENT_HASH_SIZE];

	initStringInfo(&names);
	if (name ? !FindRowByName(name, &row) || !InterestMayUse("encoder", row.name, row.owner)
		: FindUsableRows(&row, &names) != 1)
		return NULL;
	MakeKey(row.content_hash, InterestCurrentKernel()->name, key);
	return InterestContentFind(key);
}

/*
 * Describing
 */

/* Bytes in the chunk rows, without reading them. */
static uint64
StoredSize(const char *name)
{
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	uint64		total = 0;

	InterestStoreTextKey(&key, Anum_encoder_chunk_encoder, name);
	InterestStoreBegin(&scan, "interest_encoder_chunk", "interest_encoder_chunk_pkey", 1, &key);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;

		total += toast_raw_datum_size(InterestStoreValue(&scan, tuple, Anum_encoder_chunk_data, &isnull)) - VARHDRSZ;
	}
	InterestStoreEnd(&scan);
	return total;
}

static InterestEncoderState *
DescribeRow(const EncoderRow *row)
{
	InterestEncoderState *state = palloc0(sizeof(InterestEncoderState));
	InterestStatus status;
	uint8		key[INTEREST_CONTENT_HASH_SIZE];

	state->name = row->name;
	memcpy(state->content_hash, row->content_hash, INTEREST_CONTENT_HASH_SIZE);
	state->usable = InterestMayUse("encoder", row->name, row->owner);
	state->size = row->size;
	state->stored = StoredSize(row->name);
	state->sound = ReadConfig(row, &state->config, &status);
	if (state->sound)
		state->file_size = InterestPackedWeightsFileSize(row->content_hash,
														 InterestEncoderPackingName(&state->config, InterestCurrentKernel()));
	MakeKey(row->content_hash, InterestCurrentKernel()->name, key);
	state->loaded = InterestContentFind(key);
	return state;
}

List *
InterestEncodersDescribe(void)
{
	InterestStoreScan scan;
	HeapTuple	tuple;
	List	   *states = NIL;

	InterestStoreBegin(&scan, "interest_encoder", "interest_encoder_pkey", 0, NULL);
	while ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		EncoderRow	row;

		ReadRow(&scan, tuple, &row);
		states = lappend(states, DescribeRow(&row));
	}
	InterestStoreEnd(&scan);
	return states;
}

/*
 * interest_load_encoder
 */
static void
RequireServerFiles(void)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to load an encoder from a directory of the server"),
				 errhint("A superuser can give it with GRANT pg_read_server_files TO %s.",
						 quote_identifier(InterestCurrentRole()))));
}

static void
CheckName(const char *name)
{
	bool		sound = name[0] != '\0' && strlen(name) < NAMEDATALEN;

	for (const char *at = name; *at; at++)
		sound = sound && (unsigned char) *at >= ' ' && *at != 0x7f;
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name of an encoder"),
				 errdetail("A name has 1 to %d bytes and no control characters.", NAMEDATALEN - 1)));
}

static void
ReportTaken(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("encoder \"%s\" already exists", name),
			 errhint("Drop it first with interest_drop_encoder, or choose another name.")));
}

void
InterestEncoderRequireNew(const char *name)
{
	EncoderRow	row;

	CheckName(name);
	if (FindRowByName(name, &row))
		ReportTaken(name);
}

static Datum
ByteaDatum(const void *bytes, Size size)
{
	bytea	   *value = palloc(VARHDRSZ + size);

	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), bytes, size);
	return PointerGetDatum(value);
}

static void
WriteRow(const char *name, const InterestEncoderContent *content)
{
	const InterestEncoderConfig *config = &content->config;
	uint8		bytes[MAX_CONFIG_SIZE];
	uint8		hash[INTEREST_CONTENT_HASH_SIZE];
	InterestWriter writer = {NULL, 0};
	const Oid	types[] = {TEXTOID, NAMEOID, BYTEAOID, BYTEAOID, INT4OID, INT4OID, INT4OID,
	INT4OID, INT4OID, TEXTOID, INT8OID, TEXTOID};
	Datum		values[lengthof(types)];

	InterestEncoderConfigWrite(&writer, config);
	Assert(writer.length <= sizeof(bytes));
	writer = (InterestWriter) {bytes, 0};
	InterestEncoderConfigWrite(&writer, config);
	HashContent(content, bytes, writer.length, hash);
	InterestPackedWeightsRemoveAtAbort(hash);

	values[0] = CStringGetTextDatum(name);
	values[1] = DirectFunctionCall1(namein, CStringGetDatum(InterestCurrentRole()));
	values[2] = ByteaDatum(bytes, writer.length);
	values[3] = ByteaDatum(hash, sizeof(hash));
	values[4] = Int32GetDatum(config->hidden);
	values[5] = Int32GetDatum(config->layers);
	values[6] = Int32GetDatum(config->heads);
	values[7] = Int32GetDatum(config->max_length);
	values[8] = Int32GetDatum(config->vocabulary_size);
	values[9] = CStringGetTextDatum(InterestPoolingName(config->pooling));
	values[10] = Int64GetDatum(content->vocabulary_size + content->image_size);
	values[11] = CStringGetTextDatum(InterestStorageName(config->storage));
	if (InterestStoreExecute("INSERT INTO %s.interest_encoder (name, owner, config, content_hash, dimensions,"
							 " layers, heads, max_length, vocabulary_size, pooling, size, storage)"
							 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
							 " ON CONFLICT DO NOTHING",
							 lengthof(types), types, values, NULL) == 0)
		ReportTaken(name);
}

void
InterestEncoderWriteContent(const char *name, InterestEncoderContent *content)
{
	const Oid	types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};

	CheckName(name);
	InterestEncoderSwapImage(&content->config, content->image);
	WriteRow(name, content);
	InterestStoreWriteChunks("INSERT INTO %s.interest_encoder_chunk (encoder, ordinal, data)"
							 " VALUES ($1, $2, $3)", lengthof(types), types, values,
							 content->vocabulary, content->vocabulary_size + content->image_size);
}

INTEREST_FUNCTION(interest_load_encoder);
Datum
interest_load_encoder(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *directory = text_to_cstring(PG_GETARG_TEXT_PP(1));
	InterestStorage storage = InterestRequireStorage(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest encoder content",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller;
	InterestEncoderContent content;

	PreventCommandIfReadOnly("interest_load_encoder()");
	RequireServerFiles();
	CheckName(name);
	caller = MemoryContextSwitchTo(scratch);
	InterestEncoderReadDirectory(directory, &content);
	if (storage != INTEREST_STORAGE_FP32)
		InterestNarrowContent(&content, storage, &content);
	InterestEncoderWriteContent(name, &content);
	InterestGrantUse("encoder", name, "public");
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * interest_drop_encoder
 */

/* Name of a model that names the encoder, under a snapshot of now; NULL if none does. */
static char *
FindModelOf(const char *encoder)
{
	InterestStoreScan scan;
	HeapTuple	tuple;
	char	   *model = NULL;

	PushActiveSnapshot(GetLatestSnapshot());
	InterestStoreBegin(&scan, "interest_model", NULL, 0, NULL);
	while (model == NULL && (tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;
		Datum		named = InterestStoreValue(&scan, tuple, Anum_model_encoder, &isnull);

		if (!isnull && strcmp(TextDatumGetCString(named), encoder) == 0)
			model = TextDatumGetCString(InterestStoreValue(&scan, tuple, Anum_model_name, &isnull));
	}
	InterestStoreEnd(&scan);
	PopActiveSnapshot();
	return model;
}

/*
 * The row is locked before models are looked for: interest_create_model locks
 * it too (FOR KEY SHARE), so none can appear in between.
 */
INTEREST_FUNCTION(interest_drop_encoder);
Datum
interest_drop_encoder(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const Oid	types[] = {TEXTOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};
	EncoderRow	row;
	char	   *model;

	PreventCommandIfReadOnly("interest_drop_encoder()");
	RequireRowByName(name, &row);
	InterestRequireOwner("encoder", name, row.owner);
	InterestLockOwned("encoder", name, row.owner);
	model = FindModelOf(name);
	if (model != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop encoder \"%s\" because model \"%s\" uses it", name, model),
				 errhint("Drop the model first with interest_drop_model.")));
	(void) InterestStoreExecute("WITH chunk AS (DELETE FROM %s.interest_encoder_chunk WHERE encoder = $1)"
								" DELETE FROM %s.interest_encoder WHERE name = $1",
								lengthof(types), types, values, NULL);
	InterestForgetGrants("encoder", name);
	InterestPackedWeightsRemoveAtCommit(row.content_hash);
	PG_RETURN_VOID();
}

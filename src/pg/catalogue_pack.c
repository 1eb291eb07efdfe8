/*
 * catalogue_pack.c
 *	  The items of a catalogue ready to be scanned: packed in a file among the
 *	  server's temporary files that all backends map, with what has changed
 *	  since beside it.
 *
 * A file is for the set of changes that it names (catalogue.h).  A snapshot that
 * shows another set, and cannot be served by adding changes, packs for itself;
 * the file is replaced by those who see what is newest.
 */
#include "pg/compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/base/hash.h"
#include "pg/catalogue.h"
#include "pg/encode.h"
#include "pg/live.h"
#include "pg/row_reader.h"
#include "pg/shared_file.h"

#define MAGIC "interest items"
#define BYTE_ORDER_MARK 0x01020304

/* Items that may have changed since a packing before all are packed anew. */
#define MAX_CHANGED 10000

#define FETCH_ROWS 1000

typedef struct Header
{
	char		magic[16];
	char		library[16];
	uint8		representation[INTEREST_FINGERPRINT_SIZE];
	uint64		byte_order;
	uint64		change_count;	/* numbers, behind this */
	uint64		catalogue;		/* where it begins */
	uint64		checksum;		/* of everything before */
} Header;

/* A mapped file, kept for the statements to come. */
typedef struct Mapping
{
	struct Mapping *next;
	Oid			table;
	bool		current;		/* no newer file was mapped in its place */
	int			users;
	InterestSharedFile file;
} Mapping;

/* A statement's use of a mapping. */
typedef struct Use
{
	MemoryContextCallback callback;
	Mapping    *mapping;
} Use;

static Mapping *mappings = NULL;

static void
MakeName(char *name, Oid table)
{
	snprintf(name, INTEREST_SHARED_NAME_SIZE, "items.%u.%u", MyDatabaseId, table);
}

/*
 * Mappings
 */

static void
Release(Mapping *mapping)
{
	Mapping   **at = &mappings;

	if (mapping->users > 0 || mapping->current)
		return;
	while (*at != mapping)
		at = &(*at)->next;
	*at = mapping->next;
	InterestSharedFileUnmap(&mapping->file);
	pfree(mapping);
}

static void
EndUse(void *argument)
{
	Mapping    *mapping = ((Use *) argument)->mapping;

	mapping->users--;
	Release(mapping);
}

static void
BeginUse(Mapping *mapping)
{
	Use		   *use = palloc0(sizeof(Use));

	use->mapping = mapping;
	use->callback.func = EndUse;
	use->callback.arg = use;
	mapping->users++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &use->callback);
}

static bool
IsSound(const InterestSharedFile *file)
{
	const Header *header = file->base;
	const InterestCatalogue *catalogue;

	if (file->size < sizeof(Header) || strcmp(header->magic, MAGIC) != 0 ||
		strcmp(header->library, INTEREST_VERSION) != 0 || header->byte_order != BYTE_ORDER_MARK ||
		header->checksum != InterestHash64(header, offsetof(Header, checksum), 0) ||
		header->catalogue + sizeof(InterestCatalogue) > file->size)
		return false;
	catalogue = (const InterestCatalogue *) ((const char *) file->base + header->catalogue);
	return header->catalogue + catalogue->size == file->size;
}

/* The file of a table as it is now, mapped; NULL if there is none that is sound. */
static Mapping *
CurrentMapping(Oid table)
{
	char		name[INTEREST_SHARED_NAME_SIZE];
	Mapping    *mapping = mappings;

	MakeName(name, table);
	while (mapping && !(mapping->current && mapping->table == table))
		mapping = mapping->next;
	if (mapping && InterestSharedFileIsCurrent(name, &mapping->file))
		return mapping;
	if (mapping)
	{
		mapping->current = false;
		Release(mapping);
	}
	mapping = MemoryContextAllocZero(TopMemoryContext, sizeof(Mapping));
	if (!InterestSharedFileMap(name, &mapping->file))
	{
		pfree(mapping);
		return NULL;
	}
	mapping->table = table;
	mapping->current = IsSound(&mapping->file);
	mapping->next = mappings;
	mappings = mapping;
	if (mapping->current)
		return mapping;
	Release(mapping);
	return NULL;
}

/*
 * Packing
 */

/* Items as they are read, in the arena. */
typedef struct Reader
{
	const uint8 *representation;
	const char *model;
	int			dimensions;
	int			text_dimensions;	/* 0: the catalogue is not searched */
	InterestArena *arena;
	int			count;
	int			room;
	InterestItem *items;
	int			category_count;
	int			category_room;
	InterestSpan *categories;	/* of all items, one after the other */
} Reader;

static void *
Grow(void *array, int *room, int count, Size size)
{
	if (count < *room)
		return array;
	if (*room > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("catalogue has too many items")));
	*room *= 2;
	return repalloc_huge(array, *room * size);
}

static InterestSpan
KeepBytes(Reader *reader, const char *bytes, Size length)
{
	char	   *copy = InterestArenaAllocate(reader->arena, length);
	InterestSpan span = {copy, length};

	memcpy(copy, bytes, length);
	return span;
}

static InterestSpan
KeepText(Reader *reader, Datum value)
{
	text	   *from = DatumGetTextPP(value);

	return KeepBytes(reader, VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from));
}

/* As the model names interests: in UTF-8. */
static InterestSpan
KeepName(Reader *reader, Datum value)
{
	text	   *from = DatumGetTextPP(value);
	Size		length;
	const char *name = InterestTextToUtf8(VARDATA_ANY(from), VARSIZE_ANY_EXHDR(from), &length);

	return KeepBytes(reader, name, length);
}

static const float *
KeepVector(Reader *reader, int dimensions, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	float	   *copy;

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != dimensions || ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("an item of model \"%s\" has a vector of another width", reader->model),
				 errhint("Call interest_rebuild_catalogue('%s').", reader->model)));
	copy = InterestArenaArray(reader->arena, float, dimensions);
	memcpy(copy, ARR_DATA_PTR(array), sizeof(float) * dimensions);
	return copy;
}

static void
KeepCategories(Reader *reader, Datum value, InterestItem *item)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			continue;
		reader->categories = Grow(reader->categories, &reader->category_room, reader->category_count, sizeof(InterestSpan));
		reader->categories[reader->category_count++] = KeepName(reader, elements[i]);
		item->category_count++;
	}
}

/* Columns: id, vector, category, popularity, published, fingerprint, text_vector. */
static void
KeepItem(Reader *reader, HeapTuple tuple, TupleDesc descriptor)
{
	Datum		values[7];
	bool		nulls[7];
	InterestItem *item;
	struct varlena *fingerprint;

	heap_deform_tuple(tuple, descriptor, values, nulls);
	fingerprint = PG_DETOAST_DATUM_PACKED(values[5]);
	if (VARSIZE_ANY_EXHDR(fingerprint) != INTEREST_FINGERPRINT_SIZE ||
		memcmp(VARDATA_ANY(fingerprint), reader->representation, INTEREST_FINGERPRINT_SIZE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the items of model \"%s\" are of another representation than its deployed version", reader->model),
				 errhint("Call interest_rebuild_catalogue('%s').", reader->model)));
	reader->items = Grow(reader->items, &reader->room, reader->count, sizeof(InterestItem));
	item = &reader->items[reader->count++];
	memset(item, 0, sizeof(InterestItem));
	item->id = KeepText(reader, values[0]);
	item->vector = nulls[1] ? NULL : KeepVector(reader, reader->dimensions, values[1]);
	item->text = nulls[6] || reader->text_dimensions == 0 ? NULL : KeepVector(reader, reader->text_dimensions, values[6]);
	if (!nulls[2])
		KeepCategories(reader, values[2], item);
	item->popularity = !nulls[3] && DatumGetFloat4(values[3]) > 0 ? DatumGetFloat4(values[3]) : 0;
	item->published = nulls[4] || TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(values[4])) ? PG_INT64_MIN :
		DatumGetTimestampTz(values[4]);
}

static int
CompareSpans(const void *a, const void *b)
{
	/* sorting holds nothing that a cancel would leave behind */
	CHECK_FOR_INTERRUPTS();
	return InterestSpanCompare(*(const InterestSpan *) a, *(const InterestSpan *) b);
}

/* The categories by name, each once; and those of each item by their place there. */
static InterestNames
NameCategories(Reader *reader)
{
	InterestSpan *sorted = InterestArenaArray(reader->arena, InterestSpan, reader->category_count);
	int		   *places = InterestArenaArray(reader->arena, int, reader->category_count);
	InterestNames names = {0, sorted};
	int			at = 0;

	memcpy(sorted, reader->categories, sizeof(InterestSpan) * reader->category_count);
	qsort(sorted, reader->category_count, sizeof(InterestSpan), CompareSpans);
	for (int i = 0; i < reader->category_count; i++)
		if (names.count == 0 || InterestSpanCompare(sorted[names.count - 1], sorted[i]) != 0)
			sorted[names.count++] = sorted[i];
	for (int i = 0; i < reader->category_count; i++)
		places[i] = InterestNamesFind(&names, reader->categories[i]);
	for (int i = 0; i < reader->count; i++)
	{
		reader->items[i].categories = places + at;
		at += reader->items[i].category_count;
	}
	return names;
}

static void
FetchItems(Reader *reader, const char *query, ArrayType *changes)
{
	Oid			types[] = {INT8ARRAYOID};
	Datum		values[] = {PointerGetDatum(changes)};
	const char *nulls = changes ? " " : "n";
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext, "interest item", ALLOCSET_DEFAULT_SIZES);
	Portal		portal = SPI_cursor_open(NULL, InterestPrepare(query, 1, types, 0), values, nulls, true);

	for (;;)
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			MemoryContext caller = MemoryContextSwitchTo(row);

			KeepItem(reader, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
			MemoryContextSwitchTo(caller);
			MemoryContextReset(row);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(row);
}

/* The items of the active snapshot that these changes wrote last; NULL: all. */
static InterestCatalogue *
Pack(const InterestItemSource *catalogue, const InterestLoadedModel *model, ArrayType *changes, InterestArena *arena)
{
	Reader		reader = {.representation = model->model.shape.fingerprint,.model = catalogue->model,
	.dimensions = model->model.shape.dimensions,
	.text_dimensions = catalogue->search ? model->model.network.features.sentence_width : 0,.arena = arena,.room = 1024,.category_room = 1024};
	InterestNames names;
	InterestRoleSession session;
	int			style;

	reader.items = palloc(sizeof(InterestItem) * reader.room);
	reader.categories = palloc(sizeof(InterestSpan) * reader.category_room);
	session = InterestBecome(catalogue->owner);
	style = InterestFixStyle();
	FetchItems(&reader, psprintf("SELECT i.item_id::text, i.vector, i.category, i.popularity, i.published, i.fingerprint, i.text_vector"
								 " FROM %s i WHERE %s ORDER BY i.item_id::text COLLATE \"C\"", catalogue->table_sql,
								 changes ? "i.change = ANY ($1)" : "$1::bigint[] IS NULL OR true"), changes);
	InterestRestoreStyle(style);
	InterestResume(session);
	names = NameCategories(&reader);
	return InterestCatalogueMake(reader.dimensions, reader.text_dimensions, reader.count, reader.items, &names, arena);
}

static bool
Write(Oid table, const uint8 *representation, const InterestChange *changes, int count, const InterestCatalogue *catalogue)
{
	char		name[INTEREST_SHARED_NAME_SIZE];
	int64	   *numbers = palloc(sizeof(int64) * Max(count, 1));
	Header		header = {.magic = MAGIC,.library = INTEREST_VERSION,.byte_order = BYTE_ORDER_MARK,.change_count = count};
	InterestSharedFilePart parts[3];

	for (int i = 0; i < count; i++)
		numbers[i] = changes[i].number;
	memcpy(header.representation, representation, INTEREST_FINGERPRINT_SIZE);
	header.catalogue = TYPEALIGN(INTEREST_ALIGNMENT, sizeof(Header) + sizeof(int64) * count);
	header.checksum = InterestHash64(&header, offsetof(Header, checksum), 0);
	parts[0] = (InterestSharedFilePart) {&header, sizeof(header), 0};
	parts[1] = (InterestSharedFilePart) {numbers, sizeof(int64) * count, sizeof(Header)};
	parts[2] = (InterestSharedFilePart) {catalogue, catalogue->size, header.catalogue};
	MakeName(name, table);
	return InterestSharedFileMake(name, header.catalogue + catalogue->size, parts, lengthof(parts));
}

/*
 * Opening
 */

/*
 * The changes that come on top of a file, *added many; NULL if it cannot serve:
 * it is of another representation, shows what the snapshot does not, or too
 * much has changed.
 */
static InterestChange *
ChangesSince(const Mapping *mapping, const uint8 *representation, const InterestChange *changes, int count, int *added)
{
	const Header *header = mapping->file.base;
	const int64 *packed = (const int64 *) (header + 1);
	InterestChange *since = palloc(sizeof(InterestChange) * Max(count, 1));
	uint64		found = 0;
	int			items = 0;

	*added = 0;
	for (int i = 0; i < count; i++)
	{
		while (found < header->change_count && packed[found] < changes[i].number)
			return NULL;
		if (found < header->change_count && packed[found] == changes[i].number)
		{
			found++;
			continue;
		}
		if (changes[i].any || (items += changes[i].count) > MAX_CHANGED)
			return NULL;
		since[(*added)++] = changes[i];
	}
	if (found < header->change_count || memcmp(header->representation, representation, INTEREST_FINGERPRINT_SIZE) != 0)
		return NULL;
	return since;
}

static void
AddPart(InterestOpenCatalogue *open, const InterestCatalogue *part, InterestArena *arena)
{
	open->parts[open->part_count] = part;
	open->excluded[open->part_count++] = InterestArenaAllocateZero(arena, part->count);
}

/* What the changes touched is taken from the table instead. */
static void
AddChanges(InterestOpenCatalogue *open, const InterestItemSource *catalogue, const InterestLoadedModel *model,
		   const InterestChange *changes, int count, InterestArena *arena)
{
	Datum	   *numbers = palloc(sizeof(Datum) * Max(count, 1));

	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
	{
		numbers[i] = Int64GetDatum(changes[i].number);
		for (int j = 0; j < changes[i].count; j++)
		{
			InterestSpan id = {changes[i].items[j], strlen(changes[i].items[j])};
			int			item = InterestCatalogueFind(open->parts[0], id);

			if (item >= 0)
				open->excluded[0][item] = 1;
		}
	}
	AddPart(open, Pack(catalogue, model, construct_array(numbers, count, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE), arena),
			arena);
}

static bool
OpenFile(const InterestItemSource *catalogue, const InterestLoadedModel *model, const InterestChange *changes, int count,
		 InterestArena *arena, InterestOpenCatalogue *open)
{
	Mapping    *mapping = CurrentMapping(catalogue->table);
	InterestChange *since;
	int			added;

	if (mapping == NULL)
		return false;
	since = ChangesSince(mapping, model->model.shape.fingerprint, changes, count, &added);
	if (since == NULL)
		return false;
	BeginUse(mapping);
	AddPart(open, (const InterestCatalogue *) ((const char *) mapping->file.base +
											   ((const Header *) mapping->file.base)->catalogue), arena);
	AddChanges(open, catalogue, model, since, added, arena);
	return true;
}

void
InterestCatalogueOpen(const InterestItemSource *catalogue, const InterestLoadedModel *model,
					  InterestArena *arena, InterestOpenCatalogue *open)
{
	int			count;
	InterestChange *changes = InterestCatalogueChanges(catalogue->model, &count);
	bool		newest = !IsolationUsesXactSnapshot() && !TransactionIdIsValid(GetTopTransactionIdIfAny());
	InterestCatalogue *packed;
	int			lock;

	memset(open, 0, sizeof(InterestOpenCatalogue));
	if (OpenFile(catalogue, model, changes, count, arena, open))
		return;
	lock = newest ? InterestSharedFilesLock() : -1;
	if (newest && OpenFile(catalogue, model, changes, count, arena, open))
	{
		InterestSharedFilesUnlock(lock);
		return;
	}
	packed = Pack(catalogue, model, NULL, arena);
	if (newest && !Write(catalogue->table, model->model.shape.fingerprint, changes, count, packed))
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("items of model \"%s\" could not be shared between sessions", catalogue->model),
				 errdetail("They are packed anew for every call: %m.")));
	if (newest)
		InterestSharedFilesUnlock(lock);
	AddPart(open, packed, arena);
}

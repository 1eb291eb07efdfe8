/*
 * lexemes.c
 *	  The words of a text: lexemes of the server's text search parser and
 *	  dictionaries.
 */
#include "pg/compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_ts_config.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tsearch/ts_cache.h"
#include "tsearch/ts_utils.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "core/base/hash.h"
#include "core/text/unspaced.h"
#include "pg/digest.h"
#include "pg/encode.h"
#include "pg/lexemes.h"
#include "pg/report.h"

/*
 * The parser is given a text in slices, for it looks at no cancel request, cut
 * at white space.
 */
#define SLICE_SIZE (32 * 1024)

/*
 * The parser leaves out longer words with a NOTICE for each: white space is put
 * into them.  Its limit of 2,047 bytes is of the database's encoding.
 */
#define MAX_RUN 1000

/* Bytes of the name of a pair. */
#define PAIR_LENGTH 6

struct InterestLexer
{
	const char *model;
	const char *schema;
	const char *name;
	Oid			config;
	const InterestTokenizer *tokenizer; /* NULL: none */
	bool		pairs;			/* neighbouring words are words, too */
	uint64		generation;		/* that config is of */
	uint64		required;		/* that a hash was found equal in; 0: none yet */
};

/* Counts changes of text search objects. */
static uint64 generation = 0;

/* The probes of the configurations that this backend has looked at. */
typedef struct Probe
{
	Oid			config;
	uint64		generation;
	uint8		hash[INTEREST_WORD_PROBE_SIZE];
	struct Probe *next;
} Probe;

static Probe *probes = NULL;

/*
 * What is hashed: letters of many scripts in both cases, forms of one word, and
 * what parsers know beside words.  Characters that a database's encoding lacks
 * are left out, line by line.
 */
static const char *const probe_lines[] = {
	"The quick brown foxes were jumping over 13 lazy dogs, running quickly; the studies' results"
	" generalised to organizations, happily and relational, in 1993 and in 2,024.",
	"Up-to-date e-mail of someone@example.org, see https://www.example.org/path/page.html?query=1&x=y"
	" or /usr/local/share/file.txt, version 1.2.3-beta, -4.5e10, <b class=\"x\">bold</b> &amp; don't.",
	"\xc3\x89T\xc3\x89S \xc3\x9c" "berraschungen stra\xc3\x9f" "e na\xc3\xafvet\xc3\xa9 \xc3\xb1" "and\xc3\xbas f\xc3\xb8rste \xc3\x85rene",
	"\xc4\xb0stanbul I\xc5\x9eIK \xc4\x8c" "e\xc5\xa1tin\xc4\x9b \xc5\x81\xc3\xb3" "d\xc5\xba \xc5\xbb\xc3\xb3\xc5\x82w",
	"\xce\x9f\xce\x94\xce\x9f\xce\xa3 \xce\xb5\xce\xbb\xce\xbb\xce\xb7\xce\xbd\xce\xb9\xce\xba\xce\xac",
	"\xd0\xa0\xd1\x83\xd1\x81\xd1\x81\xd0\xba\xd0\xb8\xd0\xb5 \xd0\xa2\xd0\x95\xd0\x9a\xd0\xa1\xd0\xa2\xd0\xab \xd1\x97\xd1\x85\xd0\xbd\xd1\x96",
	"\xd5\x80\xd5\xa1\xd5\xb5\xd5\xa5\xd6\x80\xd5\xa5\xd5\xb6 \xe1\x83\xa5\xe1\x83\x90\xe1\x83\xa0\xe1\x83\x97\xe1\x83\xa3\xe1\x83\x9a\xe1\x83\x98",
	"\xd7\xa2\xd7\x91\xd7\xa8\xd7\x99\xd7\xaa \xd8\xa7\xd9\x84\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a\xd8\xa9 \xd9\xa1\xd9\xa2",
	"\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xa8\xe0\xa5\x8d\xe0\xa4\xa6\xe0\xa5\x80 \xe0\xae\xa4\xe0\xae\xae\xe0\xae\xbf\xe0\xae\xb4\xe0\xaf\x8d",
	"\xe0\xb8\xa0\xe0\xb8\xb2\xe0\xb8\xa9\xe0\xb8\xb2\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2 \xe4\xb8\xad\xe6\x96\x87\xe5\x88\x86\xe8\xaf\x8d\xef\xbc\x8c\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x83\x86\xe3\x82\xad\xe3\x82\xb9\xe3\x83\x88",
	"\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 \xeb\xac\xb8\xec\x9e\xa5 \xf0\x9f\x98\x80 \xe2\x85\xb7 \xe2\x91\xa0 \xf0\x9d\x94\xb8"
};

/*
 * Configurations
 */

char *
InterestFindTextSearch(const char *option)
{
	Oid			config;
	HeapTuple	tuple;
	Form_pg_ts_config form;
	char	   *found;

	if (option)
	{
		List	   *names;

		if (!SplitIdentifierString(pstrdup(option), '.', &names) || names == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_NAME),
					 errmsg("\"%s\" is not the name of a text search configuration", option)));
		for (int i = 0; i < list_length(names); i++)
			lfirst(list_nth_cell(names, i)) = makeString(lfirst(list_nth_cell(names, i)));
		config = get_ts_config_oid(names, true);
		if (!OidIsValid(config))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("text search configuration \"%s\" does not exist", option),
					 errhint("The catalog pg_ts_config lists those that there are.")));
	}
	else
		config = getTSCurrentConfig(true);
	tuple = SearchSysCache1(TSCONFIGOID, ObjectIdGetDatum(config));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for text search configuration %u", config);
	form = (Form_pg_ts_config) GETSTRUCT(tuple);
	found = pstrdup(quote_qualified_identifier(get_namespace_name(form->cfgnamespace), NameStr(form->cfgname)));
	ReleaseSysCache(tuple);
	return found;
}

static void
NoteChange(Datum argument, int cache, uint32 hash)
{
	generation++;
}

/* Starts to count changes. */
static void
WatchTextSearch(void)
{
	static const int caches[] = {TSCONFIGOID, TSCONFIGMAP, TSDICTOID, TSPARSEROID, TSTEMPLATEOID};

	if (generation > 0)
		return;
	for (int i = 0; i < (int) lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], NoteChange, (Datum) 0);
	generation = 1;
}

/*
 * Finds the configuration by name.  No right to its schema is asked: the right
 * to a model covers what its texts are read with.
 */
static void
FindConfig(InterestLexer *lexer)
{
	uint64		now = generation;
	Oid			schema = get_namespace_oid(lexer->schema, true);

	lexer->config = !OidIsValid(schema) ? InvalidOid :
		GetSysCacheOid2(TSCONFIGNAMENSP, Anum_pg_ts_config_oid,
						CStringGetDatum(lexer->name), ObjectIdGetDatum(schema));
	if (!OidIsValid(lexer->config))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("text search configuration \"%s.%s\" of model \"%s\" does not exist",
						lexer->schema, lexer->name, lexer->model),
				 errhint("Create it again as it was, or drop the model and create it with another text_search.")));
	lexer->generation = now;
}

InterestLexer *
InterestLexerMake(const InterestDefinition *definition, const InterestTokenizer *tokenizer)
{
	InterestLexer *lexer;
	List	   *names;

	if (definition->text_search == NULL)
		return NULL;
	if (!SplitIdentifierString(pstrdup(definition->text_search), '.', &names) || list_length(names) != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("definition of model \"%s\" is damaged", definition->name),
				 errhint("Drop the model and create it again.")));
	WatchTextSearch();
	lexer = palloc0(sizeof(InterestLexer));
	lexer->model = definition->name;
	lexer->schema = linitial(names);
	lexer->name = lsecond(names);
	lexer->tokenizer = tokenizer;
	lexer->pairs = definition->rules.word_pairs;
	FindConfig(lexer);
	return lexer;
}

/*
 * Words of one text while they are collected, all in the memory of the work on it
 */
typedef struct Collection
{
	int			count;
	int			room;
	InterestSpan *spans;
	bool		pairs;
	InterestSpan last;			/* the last word of the parser; data NULL: none */
} Collection;

static void
AddWord(Collection *collection, const char *data, Size length)
{
	if (collection->count == collection->room)
	{
		collection->room *= 2;
		collection->spans = repalloc_huge(collection->spans, sizeof(InterestSpan) * collection->room);
	}
	collection->spans[collection->count].data = data;
	collection->spans[collection->count].length = length;
	collection->count++;
}

static bool
IsWhite(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The text with white space in what would be too long a word; itself where there is none. */
static InterestSpan
BreakRuns(InterestSpan text)
{
	StringInfoData broken;
	Size		copied = 0;
	Size		run = 0;

	for (Size at = 0; at < text.length; at++)
	{
		bool		starts = ((unsigned char) text.data[at] & 0xC0) != 0x80;

		if (run >= MAX_RUN && starts)
		{
			if (copied == 0)
				initStringInfo(&broken);
			appendBinaryStringInfo(&broken, text.data + copied, (int) (at - copied));
			appendStringInfoChar(&broken, ' ');
			copied = at;
			run = 0;
		}
		run = IsWhite(text.data[at]) ? 0 : run + 1;
	}
	if (copied == 0)
		return text;
	appendBinaryStringInfo(&broken, text.data + copied, (int) (text.length - copied));
	text.data = broken.data;
	text.length = broken.len;
	return text;
}

/* Bytes of the next slice, which ends behind white space if it is not the last. */
static Size
SliceLength(const char *text, Size left)
{
	Size		length = SLICE_SIZE;

	if (left <= SLICE_SIZE)
		return left;
	while (length > 1 && !IsWhite(text[length - 1]))
		length--;
	return length;
}

static bool
IsUnspaced(InterestSpan word)
{
	return InterestNextUnspacedRun(&word).data != NULL;
}

/*
 * Adds the pair of a word and the one before it: a control character, which no
 * parser leaves in a word, and the number of the pair.
 */
static void
AddPair(Collection *collection, InterestSpan word)
{
	InterestSpan last = collection->last;
	uint64		hash;

	collection->last = word;
	if (last.data == NULL || IsUnspaced(last) || IsUnspaced(word))
		return;
	hash = InterestHash64(word.data, word.length, InterestHash64(last.data, last.length, 0));
	AddWord(collection, psprintf("\001%05x", (unsigned) (hash % INTEREST_WORD_PAIRS)), PAIR_LENGTH);
}

static void
ParseSlice(Oid config, char *text, Size length, Collection *collection)
{
	ParsedText	parsed = {.lenwords = Max((int32) length / 6, 2)};

	parsed.words = palloc(sizeof(ParsedWord) * parsed.lenwords);
	parsetext(config, &parsed, text, (int32) length);
	for (int i = 0; i < parsed.curwords; i++)
	{
		const char *word = parsed.words[i].word;
		Size		size = parsed.words[i].len;

		if (GetDatabaseEncoding() != PG_UTF8)
		{
			word = pg_server_to_any(pnstrdup(word, size), (int) size, PG_UTF8);
			size = strlen(word);
		}
		AddWord(collection, word, size);
		/* Forms of one word have one position: the first stands for it. */
		if (collection->pairs && (i == 0 || parsed.words[i].pos.pos != parsed.words[i - 1].pos.pos))
			AddPair(collection, (InterestSpan) {word, size});
	}
	pfree(parsed.words);
}

static void
ParseText(Oid config, InterestSpan text, Collection *collection)
{
	char	   *server;
	Size		length;

	text = BreakRuns(text);
	server = (char *) text.data;
	length = text.length;
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		server = pg_any_to_server(pnstrdup(text.data, text.length), (int) text.length, PG_UTF8);
		length = strlen(server);
	}
	for (Size at = 0; at < length;)
	{
		Size		slice = SliceLength(server + at, length - at);

		CHECK_FOR_INTERRUPTS();
		ParseSlice(config, server + at, slice, collection);
		at += slice;
	}
}

/* Leaves out the words of scripts without spaces, which the parser could not cut. */
static void
DropUnspaced(Collection *collection)
{
	int			kept = 0;

	for (int i = 0; i < collection->count; i++)
	{
		InterestSpan rest = collection->spans[i];

		if (InterestNextUnspacedRun(&rest).data == NULL)
			collection->spans[kept++] = collection->spans[i];
	}
	collection->count = kept;
}

/* The pieces of a run, and each with its neighbour. */
static void
AddPieces(const InterestTokenizer *tokenizer, InterestSpan run, InterestArena *arena, Collection *collection)
{
	const InterestVocabulary *vocabulary = tokenizer->vocabulary;
	int32		unknown = InterestVocabularySpecial(vocabulary, INTEREST_TOKEN_UNK);
	int32	   *ids;
	int			count = InterestTokenize(tokenizer, run.data, run.length, 0, arena, &ids);
	InterestSpan last = {NULL, 0};

	/* The first and the last are the special tokens around a text. */
	for (int i = 1; i < count - 1; i++)
	{
		InterestSpan piece = {NULL, 0};
		char	   *pair;

		if (ids[i] != unknown)
			piece.data = InterestVocabularyPiece(vocabulary, ids[i], &piece.length);
		if (piece.data)
			AddWord(collection, piece.data, piece.length);
		if (piece.data && last.data)
		{
			pair = palloc(last.length + 1 + piece.length);
			memcpy(pair, last.data, last.length);
			pair[last.length] = ' ';
			memcpy(pair + last.length + 1, piece.data, piece.length);
			AddWord(collection, pair, last.length + 1 + piece.length);
		}
		last = piece;
	}
}

static void
AddUnspaced(const InterestTokenizer *tokenizer, InterestSpan text, Collection *collection)
{
	InterestSpan rest = text;
	InterestSpan run = InterestNextUnspacedRun(&rest);
	InterestServerArena *arena;

	if (run.data == NULL)
		return;
	arena = InterestArenaBegin(CurrentMemoryContext, "interest pieces", ALLOCSET_DEFAULT_INITSIZE);
	DropUnspaced(collection);
	for (; run.data; run = InterestNextUnspacedRun(&rest))
	{
		CHECK_FOR_INTERRUPTS();
		AddPieces(tokenizer, run, &arena->arena, collection);
	}
}

static int
CompareSpans(const void *a, const void *b)
{
	return InterestSpanCompare(*(const InterestSpan *) a, *(const InterestSpan *) b);
}

/* Each word once with its count, in one piece of memory of that context. */
static void
CountWords(const Collection *collection, MemoryContext context, InterestWords *words)
{
	InterestWord *distinct;
	Size		size = 0;
	char	   *bytes;
	int			count = 0;

	qsort(collection->spans, collection->count, sizeof(InterestSpan), CompareSpans);
	for (int i = 0; i < collection->count; i++)
		if (i == 0 || CompareSpans(&collection->spans[i - 1], &collection->spans[i]) != 0)
		{
			size += collection->spans[i].length;
			count++;
		}
	distinct = MemoryContextAllocHuge(context, sizeof(InterestWord) * count + size + 1);
	bytes = (char *) (distinct + count);
	words->count = 0;
	words->words = distinct;
	for (int i = 0; i < collection->count; i++)
	{
		const InterestSpan *span = &collection->spans[i];

		if (i > 0 && CompareSpans(span - 1, span) == 0)
		{
			distinct[words->count - 1].count++;
			continue;
		}
		memcpy(bytes, span->data, span->length);
		distinct[words->count].text.data = bytes;
		distinct[words->count].text.length = span->length;
		distinct[words->count].count = 1;
		words->count++;
		bytes += span->length;
	}
}

/* Memory of the work on one text, emptied; an error may have left something in it. */
static MemoryContext
TakeWorkContext(void)
{
	static MemoryContext context = NULL;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "interest lexemes", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(context);
	return context;
}

static void
ReadWords(Oid config, bool pairs, const InterestTokenizer *tokenizer, InterestSpan text, InterestWords *words)
{
	MemoryContext work = TakeWorkContext();
	MemoryContext caller = MemoryContextSwitchTo(work);
	Collection	collection = {.room = 64, .pairs = pairs};

	collection.spans = palloc(sizeof(InterestSpan) * collection.room);
	ParseText(config, text, &collection);
	if (tokenizer)
		AddUnspaced(tokenizer, text, &collection);
	CountWords(&collection, caller, words);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(work);
}

void
InterestReadWords(InterestLexer *lexer, InterestSpan text, InterestWords *words)
{
	words->count = 0;
	words->words = NULL;
	if (text.data && text.length > 0)
		ReadWords(lexer->config, lexer->pairs, lexer->tokenizer, text, words);
}

/*
 * The probe
 */

/* The lines that the database's encoding can write, in UTF-8. */
static InterestSpan
ProbeText(void)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion = InvalidOid;
	StringInfoData text;
	InterestSpan span;

	initStringInfo(&text);
	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
		conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	for (int i = 0; i < (int) lengthof(probe_lines); i++)
	{
		int			length = (int) strlen(probe_lines[i]);
		unsigned char *spare;

		if (OidIsValid(conversion))
		{
			spare = palloc(length * MAX_CONVERSION_GROWTH + 1);
			if (pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, (unsigned char *) probe_lines[i],
											  length, spare, length * MAX_CONVERSION_GROWTH + 1, true) != length)
				continue;
		}
		else if (encoding != PG_UTF8 && !pg_is_ascii(probe_lines[i]))
			continue;
		appendStringInfo(&text, "%s\n", probe_lines[i]);
	}
	span.data = text.data;
	span.length = text.len;
	return span;
}

/* The hash of the words of the probe's text, lengths and counts in decimal. */
static void
ComputeProbe(Oid config, uint8 *hash)
{
	uint8		digest[INTEREST_DIGEST_SIZE];
	InterestWords words;
	StringInfoData list;
	InterestDigestPart part;

	ReadWords(config, false, NULL, ProbeText(), &words);
	initStringInfo(&list);
	for (int i = 0; i < words.count; i++)
	{
		appendStringInfo(&list, "%zu %d ", words.words[i].text.length, words.words[i].count);
		appendBinaryStringInfo(&list, words.words[i].text.data, (int) words.words[i].text.length);
	}
	part.bytes = list.data;
	part.size = list.len;
	InterestDigest(&part, 1, digest);
	memcpy(hash, digest, INTEREST_WORD_PROBE_SIZE);
}

const uint8 *
InterestLexerProbe(InterestLexer *lexer)
{
	Probe	   *probe = probes;
	uint64		now = generation;

	if (lexer->generation != now)
		FindConfig(lexer);
	while (probe && probe->config != lexer->config)
		probe = probe->next;
	if (probe == NULL)
	{
		probe = MemoryContextAllocZero(TopMemoryContext, sizeof(Probe));
		probe->config = lexer->config;
		probe->next = probes;
		probes = probe;
	}
	if (probe->generation != now)
	{
		ComputeProbe(lexer->config, probe->hash);
		probe->generation = now;
	}
	return probe->hash;
}

void
InterestLexerRequire(InterestLexer *lexer, const uint8 *probe)
{
	uint64		now = generation;

	if (lexer->required == now)
		return;
	if (memcmp(InterestLexerProbe(lexer), probe, INTEREST_WORD_PROBE_SIZE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("text search configuration \"%s.%s\" makes other words than when model \"%s\" was trained",
						lexer->schema, lexer->name, lexer->model),
				 errdetail("The configuration, a dictionary, the server's version or the database's locale has changed."),
				 errhint("Train the model again, or change the configuration back.")));
	lexer->required = now;
}

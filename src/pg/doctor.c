/*
 * doctor.c
 *	  interest_doctor: what is installed, loaded and shared, and what to do
 *	  about what is not as it should be.
 */
#include "pg/compat.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "pg/attempt.h"
#include "pg/doctor.h"
#include "pg/encode.h"
#include "pg/encode_cache.h"
#include "pg/encoder_store.h"
#include "pg/lexemes.h"
#include "pg/model_store.h"
#include "pg/settings.h"
#include "pg/shared_cache.h"
#include "pg/shared_file.h"
#include "pg/store.h"

#define COLUMNS 4

void
InterestFinding(ReturnSetInfo *result, const char *check, InterestCondition condition, const char *detail, const char *fix)
{
	static const char *const words[] = {"ok", "warning", "error"};
	Datum		values[COLUMNS] = {CStringGetTextDatum(check), CStringGetTextDatum(words[condition]),
	CStringGetTextDatum(detail), 0};
	bool		nulls[COLUMNS] = {false, false, false, fix == NULL};

	if (fix != NULL)
		values[3] = CStringGetTextDatum(fix);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Bytes for people. */
static char *
Amount(uint64 bytes)
{
	if (bytes < 10 * 1024)
		return psprintf(UINT64_FORMAT " bytes", bytes);
	if (bytes < 10 * 1024 * 1024)
		return psprintf(UINT64_FORMAT " kB", bytes / 1024);
	return psprintf(UINT64_FORMAT " MB", bytes / (1024 * 1024));
}

/*
 * Installation
 */

static void
CheckInstallation(ReturnSetInfo *result)
{
	char	   *version = InterestInstalledVersion();

	if (strcmp(version, INTEREST_VERSION) != 0)
		InterestFinding(result, "installation", INTEREST_CONDITION_ERROR,
			   psprintf("the library is version %s, its SQL objects are of version %s", INTEREST_VERSION, version),
			   "Run ALTER EXTENSION interest UPDATE, then connect again.");
	else
		InterestFinding(result, "installation", INTEREST_CONDITION_OK, psprintf("version %s", version), NULL);
}

/* The names of other kernels that this processor runs, best last. */
static char *
OtherKernels(const InterestKernel *current)
{
	StringInfoData names;

	initStringInfo(&names);
	for (const char *const *name = InterestKernelNames() + 1; *name; name++)
		if (strcmp(*name, current->name) != 0 && InterestKernelChoose(*name) != NULL)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", *name);
	return names.len > 0 ? names.data : "no other";
}

static void
CheckKernel(ReturnSetInfo *result)
{
	const InterestKernel *current = InterestCurrentKernel();
	const InterestKernel *best = InterestKernelChoose("auto");
	char	   *detail = psprintf("%s; this processor also runs %s", current->name, OtherKernels(current));

	if (current != best)
		InterestFinding(result, "kernel", INTEREST_CONDITION_WARNING, detail,
			   psprintf("RESET interest.kernel: %s is quicker, and all give the same vectors.", best->name));
	else
		InterestFinding(result, "kernel", INTEREST_CONDITION_OK, detail, NULL);
}

/*
 * Encoders
 */

static void
CheckEncoder(ReturnSetInfo *result, const InterestEncoderState *state)
{
	char	   *check = psprintf("encoder \"%s\"", state->name);
	char	   *known;

	if (!state->sound || state->stored != state->size)
	{
		InterestFinding(result, check, INTEREST_CONDITION_ERROR,
			   psprintf("damaged: its rows hold " UINT64_FORMAT " bytes of " UINT64_FORMAT, state->stored, state->size),
			   "Load it again under another name, or drop it first.");
		return;
	}
	known = psprintf("%d dimensions, %s stored", state->config.hidden, Amount(state->stored));
	if (state->loaded != NULL && !state->loaded->mapped)
		InterestFinding(result, check, INTEREST_CONDITION_WARNING,
			   psprintf("%s; this session holds a copy of its own: %s", known, strerror(state->loaded->error)),
			   "Let the server write temporary files of that size in its data directory, then connect again.");
	else if (state->file_size == 0)
		InterestFinding(result, check, INTEREST_CONDITION_OK, psprintf("%s; the next session that uses it packs it for all", known), NULL);
	else
		InterestFinding(result, check, INTEREST_CONDITION_OK,
			   psprintf("%s; packed for all sessions, %s%s", known, Amount(state->file_size),
						state->loaded != NULL ? ", mapped by this one" : ""), NULL);
}

static void
CheckEncoders(ReturnSetInfo *result, List *states)
{
	bool		usable = false;
	ListCell   *cell;

	foreach(cell, states)
	{
		const InterestEncoderState *state = lfirst(cell);

		if (!state->usable)
			continue;
		usable = true;
		CheckEncoder(result, state);
	}
	if (!usable)
		InterestFinding(result, "encoders", INTEREST_CONDITION_OK, "there is none that you may use",
			   "Load one with interest_load_encoder('name', 'directory').");
}

/*
 * Memory that sessions share, and this session's own
 */

static void
CheckSharedCache(ReturnSetInfo *result)
{
	InterestSharedCacheState state;

	InterestSharedCacheDescribe(&state);
	if (state.available)
		InterestFinding(result, "shared cache", INTEREST_CONDITION_OK,
			   psprintf("%s; " UINT64_FORMAT " of " UINT64_FORMAT " places taken; " UINT64_FORMAT " hits and " UINT64_FORMAT " misses of all sessions",
						Amount(state.size), state.used, state.slots, state.hits, state.misses), NULL);
	else if (state.error != 0)
		InterestFinding(result, "shared cache", INTEREST_CONDITION_WARNING, psprintf("there is none: %s", strerror(state.error)),
			   "Let the server write a temporary file of interest.shared_cache in its data directory.");
	else
		InterestFinding(result, "shared cache", INTEREST_CONDITION_OK, "switched off",
			   "Set interest.shared_cache in postgresql.conf: new sessions then find what others have encoded.");
}

static void
CheckEncodeCache(ReturnSetInfo *result)
{
	InterestEncodeCacheState state = InterestEncodeCacheDescribe();
	InterestEncodeCounts counts = InterestEncodeCount();

	InterestFinding(result, "encode cache", INTEREST_CONDITION_OK,
		   psprintf(UINT64_FORMAT " texts in %s; " UINT64_FORMAT " hits and " UINT64_FORMAT " misses of this session, "
					UINT64_FORMAT " texts encoded in " UINT64_FORMAT " batches",
					state.texts, Amount(state.size), state.hits, state.misses, counts.texts, counts.batches), NULL);
}

static void
CheckTemporaryFiles(ReturnSetInfo *result)
{
	int			count;
	uint64		size;

	InterestSharedFilesCount("", &count, &size);
	InterestFinding(result, "temporary files", INTEREST_CONDITION_OK,
		   psprintf("%d, of %s, for all databases of the server", count, Amount(size)), NULL);
}

/*
 * A model
 */

static bool
HasEncoder(List *states, const uint8 *content_hash)
{
	ListCell   *cell;

	foreach(cell, states)
		if (memcmp(((const InterestEncoderState *) lfirst(cell))->content_hash, content_hash,
				   INTEREST_CONTENT_HASH_SIZE) == 0)
			return true;
	return false;
}

/* The model's versions; the deployed one, NULL if there is none. */
static InterestVersion *
CheckVersions(ReturnSetInfo *result, const InterestDefinition *definition, List *states)
{
	const char *name = definition->name;
	char	   *check = psprintf("model \"%s\"", name);
	InterestVersion *version;

	if (definition->versions == 0)
	{
		InterestFinding(result, check, INTEREST_CONDITION_WARNING, "not trained",
			   psprintf("Run SELECT * FROM interest_train(%s).", quote_literal_cstr(name)));
		return NULL;
	}
	version = InterestFindDeployed(name);
	if (version == NULL)
		InterestFinding(result, check, INTEREST_CONDITION_WARNING, "no version is deployed",
			   psprintf("Run SELECT interest_deploy(%s, version).", quote_literal_cstr(name)));
	else if (version->has_encoder && !HasEncoder(states, version->encoder_hash))
		InterestFinding(result, check, INTEREST_CONDITION_ERROR,
			   psprintf("the encoder of version %d is not in this database", version->version),
			   "Load the same encoder again with interest_load_encoder.");
	else
		InterestFinding(result, check, INTEREST_CONDITION_OK, psprintf("version %d of %d is deployed", version->version, definition->versions), NULL);
	return version;
}

/* A version, and what must make the words that it was trained on. */
typedef struct Reading
{
	const InterestDefinition *definition;
	InterestVersion *version;
} Reading;

static void
LoadToRead(void *context)
{
	const Reading *reading = context;
	const InterestModel *model = &InterestLoadVersion(reading->version)->model;
	InterestLexer *lexer = InterestLexerMake(reading->definition, NULL);

	if (lexer)
		InterestLexerRequire(lexer, model->network.features.word_probe);
}

/* Whether the version can be loaded, and has its text search configuration as it was. */
static void
CheckReading(ReturnSetInfo *result, const InterestDefinition *definition, InterestVersion *version)
{
	Reading		reading = {definition, version};
	ErrorData  *error = version ? InterestAttempt(LoadToRead, &reading) : NULL;

	if (error)
		InterestFinding(result, psprintf("model \"%s\"", definition->name), INTEREST_CONDITION_ERROR,
						psprintf("version %d cannot read: %s", version->version, error->message), error->hint);
}

static void
CheckModel(ReturnSetInfo *result, const char *name, List *states)
{
	const InterestDefinition *definition = InterestUsableModel(name);
	InterestVersion *version = CheckVersions(result, definition, states);

	CheckReading(result, definition, version);
	InterestCheckData(result, definition);
	InterestCheckTracking(result, definition, version);
	InterestCheckCatalogue(result, definition, version);
}

INTEREST_FUNCTION(interest_doctor);
Datum
interest_doctor(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	List	   *states;

	InitMaterializedSRF(fcinfo, 0);
	CheckInstallation(result);
	CheckKernel(result);
	states = InterestEncodersDescribe();
	CheckEncoders(result, states);
	CheckSharedCache(result);
	CheckEncodeCache(result);
	CheckTemporaryFiles(result);
	if (!PG_ARGISNULL(0))
		CheckModel(result, text_to_cstring(PG_GETARG_TEXT_PP(0)), states);
	return (Datum) 0;
}

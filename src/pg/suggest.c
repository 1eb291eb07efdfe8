/*
 * suggest.c
 *	  interest_suggest: which column of a table could be what to a model, and why.
 *
 * Guesses, made in one order: the user, the time, the kind, the label, then what
 * is left by its type and values.  Each says why, and what else it could be.
 */
#include "pg/compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "pg/encoder_store.h"
#include "pg/suggest.h"

/* Most different values that a kind, a label or another categorical has. */
#define MOST_KINDS 64
#define MOST_LABELS 1000
#define MOST_CATEGORIES 65535

/* A text has so many words, or so many bytes. */
#define LEAST_WORDS 3.0
#define LEAST_LENGTH 40.0

/* A value that repeats: at most this share of the rows that have one are different. */
#define REPEATS 0.5

/* Rows from which on "always" means anything. */
#define LEAST_ROWS 5

/* Elements of an array of numbers that is a vector. */
#define LEAST_WIDTH 8

/* Words of column names, the likeliest first. */
static const char *const user_words[] = {"user", "customer", "member", "account", "author", "visitor", "viewer", "reader", "listener",
	"buyer", "shopper", "client", "person", "player", "student", "subscriber", "patient", "profile", "sender", "userid", "uid", "session", "cookie", "device", "owner", "who", NULL};
static const char *const other_user_words[] = {"agent", "name", "email", "mail", "phone", "ip", "type", "role", "status", "group", "count", "score",
	"rating", "segment", "class", "address", "password", NULL};
static const char *const time_words[] = {"at", "time", "timestamp", "ts", "when", "date", "datetime", "created", "occurred", "posted", "rated",
	"viewed", "clicked", "sent", "ordered", "happened", "event", "visited", "played", "seen", "day", NULL};
static const char *const other_time_words[] = {"updated", "modified", "deleted", "expires", "expiry", "expired", "until", "birth", "birthday", "born", "due", "end", "ended", "release",
	"registered", "changed", "loaded", "imported", NULL};
static const char *const kind_words[] = {"kind", "action", "event", "activity", "verb", "type", "interaction", "behaviour", "behavior", "signal", "operation", NULL};
static const char *const label_words[] = {"label", "interest", "category", "genre", "topic", "class", "newsgroup", "section", "department", "subject", "theme", "tag", "group",
	"categories", "genres", "interests", "topics", "labels", "tags", "segment", "channel", "target", NULL};
static const char *const text_words[] = {"title", "subject", "body", "text", "message", "content", "description", "comment", "review", "query", "headline", "summary", "caption",
	"note", "notes", "abstract", "question", "answer", "post", "search", "keywords", "url", "path", "page", "name", "product", NULL};
static const char *const private_words[] = {"email", "mail", "phone", "password", "token", "hash", "secret", "ip", "address", "agent", "checksum", "md5", "sha", "etag", "cookie", "uuid", "guid", "ssn", "iban", NULL};
static const char *const known_kinds[] = {"view", "click", "like", "share", "buy", "dislike", "hide", "return", "purchase", "cart", "add_to_cart", "search", "play", "open", "rate", NULL};

typedef struct Suggester
{
	InterestSourceFacts *facts;
	bool	   *taken;			/* (columns) */
	InterestSuggestions *result;
} Suggester;

/* The label that a user of the sample had first. */
typedef struct UserLabel
{
	uint64		user;			/* hash key */
	const char *label;
} UserLabel;

/* A column's worth for an argument; 0: none. */
typedef double (*Judge) (const Suggester *suggester, const InterestColumnFacts *column);

/* --- names of columns --- */

/* Next word of a name: letters of one run, cut before a capital; false at the end. */
static bool
NextWord(const char **name, char *word)
{
	int			length = 0;

	while (**name && !isalpha((unsigned char) **name) && !(**name & 0x80))
		(*name)++;
	while (**name && (isalnum((unsigned char) **name) || (**name & 0x80)))
	{
		if (length > 0 && isupper((unsigned char) **name) && !isupper((unsigned char) (*name)[-1]))
			break;
		word[length++] = pg_ascii_tolower((unsigned char) **name);
		(*name)++;
	}
	word[length] = '\0';
	return length > 0;
}

/* How well a name has one of the words: from 1 for the first of them down, 0 for none. */
static double
NameScore(const char *name, const char *const *words)
{
	char		word[NAMEDATALEN];
	double		score = 0;

	while (NextWord(&name, word))
		for (int i = 0; words[i]; i++)
			if (strcmp(words[i], word) == 0)
				score = Max(score, 1.0 / (1 + 0.05 * i));
	return score;
}

static bool
EndsInId(const char *name)
{
	static const char *const id_words[] = {"id", "no", "nr", "key", NULL};
	char		word[NAMEDATALEN];
	bool		last = false;

	while (NextWord(&name, word))
		last = NameScore(word, id_words) > 0;
	return last;
}

/* --- what a column is like --- */

static bool
IsString(const InterestColumnFacts *column)
{
	return column->category == TYPCATEGORY_STRING;
}

static bool
IsNumber(const InterestColumnFacts *column)
{
	return column->category == TYPCATEGORY_NUMERIC && column->type != MONEYOID;
}

static bool
IsWhole(const InterestColumnFacts *column)
{
	return column->type == INT2OID || column->type == INT4OID || column->type == INT8OID;
}

static bool
IsTime(const InterestColumnFacts *column)
{
	return column->type == TIMESTAMPTZOID || column->type == TIMESTAMPOID || column->type == DATEOID;
}

/* Share of the values that are different ones: by the statistics where there are any, else in the sample. */
static double
DistinctShare(const Suggester *suggester, const InterestColumnFacts *column)
{
	double		rows = suggester->facts->rows * (1 - column->null_share);

	if (column->distinct > 0 && rows > 0)
		return Min(1.0, column->distinct / rows);
	return column->present > 0 ? (double) column->seen / column->present : 0;
}

static double
DistinctValues(const InterestColumnFacts *column)
{
	return column->distinct > 0 ? column->distinct : column->seen;
}

static bool
Repeats(const Suggester *suggester, const InterestColumnFacts *column)
{
	return !column->unique && (column->present < LEAST_ROWS || DistinctShare(suggester, column) <= REPEATS);
}

/* Whether all rows looked at have one value, and they are enough to mean something. */
static bool
IsConstant(const Suggester *suggester, const InterestColumnFacts *column)
{
	return suggester->facts->sampled >= LEAST_ROWS && column->seen == 1 && column->present == suggester->facts->sampled;
}

/* "943 different values by the statistics" */
static char *
Describe(const Suggester *suggester, const InterestColumnFacts *column)
{
	if (column->distinct > 0)
		return psprintf("about %.0f different values by the statistics", column->distinct);
	return psprintf("%d different values in %d rows looked at", column->seen, suggester->facts->sampled);
}

static const char *
NameOfType(const InterestColumnFacts *column)
{
	return format_type_be(column->type);
}

/* --- choosing --- */

static InterestSuggestion *
AddArgument(Suggester *suggester, const char *argument)
{
	InterestSuggestion *suggestion = palloc0(sizeof(InterestSuggestion));

	suggestion->argument = argument;
	suggester->result->arguments = lappend(suggester->result->arguments, suggestion);
	return suggestion;
}

static void
LeaveOut(Suggester *suggester, int column, char *reason)
{
	suggester->taken[column] = true;
	suggester->result->left_out = lappend(lappend(suggester->result->left_out, suggester->facts->columns[column].name), reason);
}

/* Columns that have nothing to say, whatever they are. */
static void
LeaveOutEmpty(Suggester *suggester)
{
	for (int i = 0; i < suggester->facts->count; i++)
	{
		const InterestColumnFacts *column = &suggester->facts->columns[i];

		if (!column->readable)
			LeaveOut(suggester, i, "you may not read it");
		else if (suggester->facts->sampled >= LEAST_ROWS && column->present == 0 && column->type != BYTEAOID)
			LeaveOut(suggester, i, psprintf("NULL in all of the %d rows looked at", suggester->facts->sampled));
	}
}

/* The best column by a judge, taken; those that are good enough beside it are alternatives.  -1: none. */
static int
Choose(Suggester *suggester, Judge judge, InterestSuggestion *suggestion)
{
	int			best = -1;
	double		best_score = 0;

	for (int i = 0; i < suggester->facts->count; i++)
	{
		double		score = suggester->taken[i] ? 0 : judge(suggester, &suggester->facts->columns[i]);

		if (score > best_score)
		{
			best = i;
			best_score = score;
		}
	}
	for (int i = 0; i < suggester->facts->count; i++)
		if (i != best && !suggester->taken[i] && judge(suggester, &suggester->facts->columns[i]) > 0)
			suggestion->alternatives = lappend(suggestion->alternatives, suggester->facts->columns[i].name);
	if (best >= 0)
	{
		suggester->taken[best] = true;
		suggestion->columns = list_make1(suggester->facts->columns[best].name);
	}
	return best;
}

/* A column with documents, whose fields may be what is missing; NULL: none. */
static const char *
FindDocument(const Suggester *suggester)
{
	for (int i = 0; i < suggester->facts->count; i++)
		if (suggester->facts->columns[i].type == JSONBOID || suggester->facts->columns[i].type == JSONOID)
			return suggester->facts->columns[i].name;
	return NULL;
}

static void
ReportMissing(Suggester *suggester, const char *what, const char *wanted, const char *argument)
{
	const char *document = FindDocument(suggester);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("source \"%s\" has no column that could be %s", get_rel_name(suggester->facts->source), what),
			 errdetail("Wanted is %s.", wanted),
			 document ? errhint("Take the fields of column \"%s\" out in a view, one column each, and make that the source.", document) :
			 errhint("Name the column in %s of interest_create_model, or add it in a view.", argument)));
}

/* --- user, time, kind, label --- */

static double
JudgeUser(const Suggester *suggester, const InterestColumnFacts *column)
{
	double		name = NameScore(column->name, user_words);

	if (!IsWhole(column) && !IsString(column) && column->type != UUIDOID && column->type != NUMERICOID)
		return 0;
	if (column->references)
		name = Max(name, NameScore(column->references, user_words));
	if (column->references && name == 0)
	{
		char	   *singular = pstrdup(column->references);
		int			length = strlen(singular);

		if (length > 1 && singular[length - 1] == 's')
			singular[length - 1] = '\0';
		name = NameScore(singular, user_words);
	}
	if (name == 0 || column->unique || IsConstant(suggester, column) || column->words > LEAST_WORDS * 2 ||
		NameScore(column->name, other_user_words) > 0)
		return 0;
	return name + (column->references ? 0.2 : 0) + (EndsInId(column->name) ? 0.2 : 0) +
		(Repeats(suggester, column) ? 0.2 : 0);
}

static void
SuggestUser(Suggester *suggester)
{
	InterestSuggestion *suggestion = AddArgument(suggester, "user_id");
	int			found = Choose(suggester, JudgeUser, suggestion);
	const InterestColumnFacts *column;

	if (found < 0)
		ReportMissing(suggester, "the user",
					  "a number, text or uuid with a name like user_id or customer_id, or a foreign key to a table of people, with values that come again", "user_id");
	column = &suggester->facts->columns[found];
	suggestion->reason = psprintf("its name%s; %s", column->references ?
								  psprintf(" and the foreign key to %s", quote_identifier(column->references)) : "",
								  Describe(suggester, column));
}

static double
JudgeTime(const Suggester *suggester, const InterestColumnFacts *column)
{
	double		score;

	if (!IsTime(column))
		return 0;
	score = 1 + NameScore(column->name, time_words) - 0.9 * NameScore(column->name, other_time_words);
	score += column->type == TIMESTAMPTZOID ? 0.2 : column->type == TIMESTAMPOID ? 0.1 : 0;
	return score * (column->present > 0 ? (double) column->present / suggester->facts->sampled : 1);
}

static void
SuggestTime(Suggester *suggester)
{
	InterestSuggestion *suggestion = AddArgument(suggester, "at");
	int			found = Choose(suggester, JudgeTime, suggestion);
	const InterestColumnFacts *column;

	if (found < 0)
		ReportMissing(suggester, "the time", "a timestamp with time zone, a timestamp or a date; a number of seconds is to_timestamp(column) in a view", "at");
	column = &suggester->facts->columns[found];
	suggestion->reason = psprintf("%s of type %s",
								  list_length(suggestion->alternatives) > 0 ? "the likeliest of the times by its name," : "the only time,",
								  NameOfType(column));
}

static bool
HasKnownKind(const Suggester *suggester, const InterestColumnFacts *column)
{
	for (int r = 0; r < suggester->facts->sampled; r++)
		for (int i = 0; column->values[r] && known_kinds[i]; i++)
			if (pg_strcasecmp(column->values[r], known_kinds[i]) == 0)
				return true;
	return false;
}

static double
JudgeKind(const Suggester *suggester, const InterestColumnFacts *column)
{
	double		name = NameScore(column->name, kind_words);

	if ((!IsString(column) && column->category != TYPCATEGORY_ENUM) || DistinctValues(column) > MOST_KINDS ||
		!Repeats(suggester, column) || column->words > LEAST_WORDS)
		return 0;
	return HasKnownKind(suggester, column) ? 1 + name : name > 0 && NameScore(column->name, label_words) == 0 ? name : 0;
}

static void
SuggestKind(Suggester *suggester)
{
	InterestSuggestion *suggestion = AddArgument(suggester, "kind");
	int			found = Choose(suggester, JudgeKind, suggestion);

	if (found < 0)
		suggestion->reason = "no column with a name like kind or action and few values: all rows weigh alike";
	else
		suggestion->reason = psprintf("%s; %s. The option kinds gives them weights", HasKnownKind(suggester, &suggester->facts->columns[found]) ?
									  "its values are kinds of behaviour" : "its name",
									  Describe(suggester, &suggester->facts->columns[found]));
}

static double
JudgeLabel(const Suggester *suggester, const InterestColumnFacts *column)
{
	double		name = NameScore(column->name, label_words);
	bool		array = column->element_category == TYPCATEGORY_STRING || column->element_category == TYPCATEGORY_ENUM;
	int			values = array ? column->elements : (int) DistinctValues(column);

	if (name == 0 || column->unique || (values < 2 && column->present >= LEAST_ROWS) || values > MOST_LABELS || column->words > LEAST_WORDS * 3)
		return 0;
	if (!array && !IsString(column) && column->category != TYPCATEGORY_ENUM && !IsWhole(column))
		return 0;
	if (!array && !Repeats(suggester, column))
		return 0;
	return name + (array || !IsWhole(column) ? 0.2 : 0);
}

static int
FindColumn(const Suggester *suggester, const char *name)
{
	for (int i = 0; i < suggester->facts->count; i++)
		if (strcmp(suggester->facts->columns[i].name, name) == 0)
			return i;
	elog(ERROR, "column \"%s\" is not there", name);
}

/* Whether every user of the sample has one label, and some have it more than once. */
static bool
IsConstantForUsers(const Suggester *suggester, int label)
{
	const InterestColumnFacts *columns = suggester->facts->columns;
	const InterestSuggestion *user = linitial(suggester->result->arguments);
	int			u = FindColumn(suggester, linitial(user->columns));
	HASHCTL		control = {.keysize = sizeof(uint64), .entrysize = sizeof(UserLabel), .hcxt = CurrentMemoryContext};
	HTAB	   *labels = hash_create("interest labels", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	bool		again = false;
	bool		constant = true;

	for (int r = 0; constant && r < suggester->facts->sampled; r++)
	{
		char	   *user_value = columns[u].values[r];
		char	   *value = columns[label].values[r];
		UserLabel  *entry;
		uint64		key;
		bool		found;

		if (user_value == NULL || value == NULL)
			continue;
		key = hash_bytes_extended((unsigned char *) user_value, strlen(user_value), 0);
		entry = hash_search(labels, &key, HASH_ENTER, &found);
		if (found)
			constant = strcmp(entry->label, value) == 0;
		else
			entry->label = value;
		again |= found;
	}
	hash_destroy(labels);
	return constant && again;
}

static void
SuggestLabel(Suggester *suggester)
{
	InterestSuggestion *label = AddArgument(suggester, "label");
	InterestSuggestion *task;
	int			found = Choose(suggester, JudgeLabel, label);
	const InterestColumnFacts *column;

	if (found < 0)
	{
		label->reason = "no column with a name like category, genre, topic or label and values that come again: name one, or name the interests themselves in interests";
		return;
	}
	column = &suggester->facts->columns[found];
	label->reason = OidIsValid(column->element) ?
		psprintf("its name; an array with about %d different elements in the rows looked at: several interests at once", column->elements) :
		psprintf("its name; %s", Describe(suggester, column));
	task = AddArgument(suggester, "task");
	task->value = "dominant";
	task->reason = "the label that most of a user's rows have; next is the label of the next row";
	if (OidIsValid(column->element))
	{
		task->value = "next";
		task->reason = "a label that is an array: the labels of the next row, from the rows before it";
	}
	else if (IsConstantForUsers(suggester, found))
	{
		task->value = "user";
		task->reason = "no user looked at has two different labels";
	}
}

/* --- features --- */

typedef enum Feature
{
	FEATURE_TEXT, FEATURE_NUMERIC, FEATURE_CATEGORICAL, FEATURE_VECTOR, FEATURE_NONE
} Feature;

static Feature
JudgeString(const Suggester *suggester, const InterestColumnFacts *column, char **reason)
{
	bool		repeats = column->present > 0 && Repeats(suggester, column);
	bool		wordy = column->words >= LEAST_WORDS || column->length >= LEAST_LENGTH;

	if (NameScore(column->name, private_words) > 0)
		*reason = "its name is that of something personal or technical, which says nothing of interests";
	else if (EndsInId(column->name) && !repeats)
		*reason = psprintf("an id with %s: a model would only learn it by heart", Describe(suggester, column));
	else if (wordy || (NameScore(column->name, text_words) > 0 && !(repeats && DistinctValues(column) <= MOST_KINDS)))
	{
		*reason = psprintf("%.1f words on average; %s", column->words, Describe(suggester, column));
		return FEATURE_TEXT;
	}
	else if ((repeats || column->present == 0) && DistinctValues(column) <= MOST_CATEGORIES)
	{
		*reason = psprintf("%s, short ones", Describe(suggester, column));
		return FEATURE_CATEGORICAL;
	}
	else
		*reason = psprintf("short, and nearly every row has another value (%s): an id more than a text", Describe(suggester, column));
	return FEATURE_NONE;
}

static Feature
JudgeNumber(const Suggester *suggester, const InterestColumnFacts *column, char **reason)
{
	bool		id = column->references || EndsInId(column->name);

	if (id && Repeats(suggester, column) && DistinctValues(column) <= MOST_CATEGORIES)
	{
		*reason = psprintf("%s; %s: a name, not an amount", column->references ?
						   psprintf("a foreign key to %s", quote_identifier(column->references)) : "an id", Describe(suggester, column));
		return FEATURE_CATEGORICAL;
	}
	if (id)
	{
		*reason = psprintf("an id with %s: a model would only learn it by heart", Describe(suggester, column));
		return FEATURE_NONE;
	}
	*reason = psprintf("a number; %s", Describe(suggester, column));
	return FEATURE_NUMERIC;
}

static Feature
JudgeArray(const Suggester *suggester, const InterestColumnFacts *column, char **reason)
{
	if (column->element_category == TYPCATEGORY_STRING || column->element_category == TYPCATEGORY_ENUM)
	{
		*reason = psprintf("an array with about %d different elements in the rows looked at", column->elements);
		return FEATURE_CATEGORICAL;
	}
	if (column->element_category == TYPCATEGORY_NUMERIC && column->width >= LEAST_WIDTH)
	{
		*reason = psprintf("arrays of %d numbers each", column->width);
		return FEATURE_VECTOR;
	}
	*reason = psprintf("arrays of type %s that are no vectors of one width", NameOfType(column));
	return FEATURE_NONE;
}

static Feature
JudgeFeature(const Suggester *suggester, const InterestColumnFacts *column, char **reason)
{
	*reason = psprintf("of type %s, which a model does not read", NameOfType(column));
	if (column->unique)
		*reason = "every row has another value, by an index: it names the row";
	else if (OidIsValid(column->element))
		return JudgeArray(suggester, column, reason);
	else if (IsConstant(suggester, column))
		*reason = "the same value in all rows looked at";
	else if (column->type == JSONBOID || column->type == JSONOID)
		*reason = "a document: take its fields out in a view, one column each";
	else if (IsTime(column))
		*reason = "a time; a model reads one";
	else if (IsString(column))
		return JudgeString(suggester, column, reason);
	else if (IsNumber(column))
		return JudgeNumber(suggester, column, reason);
	else if (column->type == BOOLOID)
	{
		*reason = "true or false";
		return FEATURE_NUMERIC;
	}
	else if (column->category == TYPCATEGORY_ENUM)
	{
		*reason = psprintf("an enum; %s", Describe(suggester, column));
		return FEATURE_CATEGORICAL;
	}
	return FEATURE_NONE;
}

/* Adds a column and its reason to an argument that takes many. */
static void
AddFeature(InterestSuggestion *suggestion, const char *name, const char *reason)
{
	suggestion->columns = lappend(suggestion->columns, pstrdup(name));
	suggestion->reason = suggestion->reason ? psprintf("%s; %s: %s", suggestion->reason, quote_identifier(name), reason) :
		psprintf("%s: %s", quote_identifier(name), reason);
}

/* For the task next an array of labels is a feature too: only earlier rows are read. */
static void
AddEarlierLabels(Suggester *suggester, InterestSuggestion *categoricals)
{
	ListCell   *cell;
	const char *label = NULL;

	foreach(cell, suggester->result->arguments)
	{
		const InterestSuggestion *suggestion = lfirst(cell);

		if (strcmp(suggestion->argument, "label") == 0 && suggestion->columns)
			label = linitial(suggestion->columns);
		if (strcmp(suggestion->argument, "task") == 0 && strcmp(suggestion->value, "next") == 0)
			AddFeature(categoricals, label, "the labels of earlier rows, which the task next may read");
	}
}

/* The encoder that the caller may use, if there is one and no other. */
static void
SuggestEncoder(Suggester *suggester)
{
	InterestSuggestion *suggestion = AddArgument(suggester, "encoder");
	int			usable = 0;
	ListCell   *cell;

	foreach(cell, InterestEncodersDescribe())
	{
		const InterestEncoderState *state = lfirst(cell);

		if (!state->usable)
			continue;
		suggestion->value = state->name;
		suggestion->alternatives = lappend(suggestion->alternatives, state->name);
		usable++;
	}
	suggestion->reason = "the only one that you may use";
	if (usable == 1)
		suggestion->alternatives = NIL;
	else
		suggestion->value = NULL;
	if (usable > 1)
		suggestion->reason = "there are several: name one";
	if (usable == 0)
		suggestion->reason = "there is none that you may use: words alone are read, unless interest_load_encoder loads one";
}

static void
SuggestFeatures(Suggester *suggester)
{
	static const char *const arguments[] = {"texts", "numerics", "categoricals", "vectors"};
	InterestSuggestion *suggestions[FEATURE_NONE];
	int			features = 0;

	for (int i = 0; i < FEATURE_NONE; i++)
		suggestions[i] = AddArgument(suggester, arguments[i]);
	for (int i = 0; i < suggester->facts->count; i++)
	{
		char	   *reason;
		Feature		feature;

		if (suggester->taken[i])
			continue;
		feature = JudgeFeature(suggester, &suggester->facts->columns[i], &reason);
		if (feature == FEATURE_NONE)
			LeaveOut(suggester, i, reason);
		else
			AddFeature(suggestions[feature], suggester->facts->columns[i].name, reason);
	}
	AddEarlierLabels(suggester, suggestions[FEATURE_CATEGORICAL]);
	for (int i = 0; i < FEATURE_NONE; i++)
	{
		suggestions[i]->list = true;
		features += list_length(suggestions[i]->columns);
		if (suggestions[i]->reason == NULL)
			suggestions[i]->reason = "no such column";
	}
	if (features == 0)
		ReportMissing(suggester, "read by a model", "a column beside user, time, kind and label: a text, a number, a category", "texts, numerics or categoricals");
	if (suggestions[FEATURE_TEXT]->columns)
		SuggestEncoder(suggester);
}

InterestSuggestions *
InterestSuggest(Oid source)
{
	Suggester	suggester = {.facts = InterestFindFacts(source), .result = palloc0(sizeof(InterestSuggestions))};

	suggester.taken = palloc0(sizeof(bool) * Max(suggester.facts->count, 1));
	LeaveOutEmpty(&suggester);
	SuggestUser(&suggester);
	SuggestTime(&suggester);
	SuggestKind(&suggester);
	SuggestLabel(&suggester);
	SuggestFeatures(&suggester);
	return suggester.result;
}

/* --- answers --- */

static void
AppendNames(StringInfo json, List *names)
{
	ListCell   *cell;

	appendStringInfoChar(json, '[');
	foreach(cell, names)
	{
		if (cell != list_head(names))
			appendStringInfoString(json, ", ");
		escape_json(json, lfirst(cell));
	}
	appendStringInfoChar(json, ']');
}

static void
AppendSuggestion(StringInfo json, const InterestSuggestion *suggestion)
{
	appendStringInfo(json, "%s\"%s\": {\"value\": ", json->len > 1 ? ", " : "", suggestion->argument);
	if (suggestion->list && suggestion->columns)
		AppendNames(json, suggestion->columns);
	else if (suggestion->columns)
		escape_json(json, linitial(suggestion->columns));
	else if (suggestion->value)
		escape_json(json, suggestion->value);
	else
		appendStringInfoString(json, "null");
	appendStringInfoString(json, ", \"reason\": ");
	escape_json(json, suggestion->reason);
	if (suggestion->alternatives)
	{
		appendStringInfoString(json, ", \"alternatives\": ");
		AppendNames(json, suggestion->alternatives);
	}
	appendStringInfoChar(json, '}');
}

static void
AppendLeftOut(StringInfo json, List *left_out)
{
	appendStringInfoString(json, ", \"left_out\": {");
	for (int i = 0; i < list_length(left_out); i += 2)
	{
		if (i > 0)
			appendStringInfoString(json, ", ");
		escape_json(json, list_nth(left_out, i));
		appendStringInfoString(json, ": ");
		escape_json(json, list_nth(left_out, i + 1));
	}
	appendStringInfoString(json, "}}");
}

INTEREST_FUNCTION(interest_suggest);
Datum
interest_suggest(PG_FUNCTION_ARGS)
{
	InterestSuggestions *suggestions;
	StringInfoData json;
	ListCell   *cell;

	(void) InterestRequireRelation(PG_GETARG_OID(0));
	suggestions = InterestSuggest(PG_GETARG_OID(0));
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	foreach(cell, suggestions->arguments)
		AppendSuggestion(&json, lfirst(cell));
	AppendLeftOut(&json, suggestions->left_out);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

static int
TakeNames(const InterestSuggestion *suggestion, char ***names)
{
	int			count = 0;
	ListCell   *cell;

	*names = palloc(sizeof(char *) * Max(list_length(suggestion->columns), 1));
	foreach(cell, suggestion->columns)
		(*names)[count++] = lfirst(cell);
	return count;
}

/* "user_id => 'user_id', texts => '{title,body}'" */
static void
AppendArgument(StringInfo text, const InterestSuggestion *suggestion)
{
	ListCell   *cell;

	if (suggestion->columns == NIL && suggestion->value == NULL)
		return;
	appendStringInfo(text, "%s%s => '%s", text->len > 0 ? ", " : "", suggestion->argument, suggestion->list ? "{" : "");
	foreach(cell, suggestion->columns)
		appendStringInfo(text, "%s%s", cell == list_head(suggestion->columns) ? "" : ",", (char *) lfirst(cell));
	appendStringInfo(text, "%s%s'", suggestion->value ? suggestion->value : "", suggestion->list ? "}" : "");
}

static void
TakeSuggestion(const InterestSuggestion *suggestion, InterestColumns *columns, char **task)
{
	const char *argument = suggestion->argument;
	char	   *first = suggestion->columns ? linitial(suggestion->columns) : NULL;

	if (strcmp(argument, "user_id") == 0)
		columns->user_id = first;
	else if (strcmp(argument, "at") == 0)
		columns->at = first;
	else if (strcmp(argument, "kind") == 0)
		columns->kind = first;
	else if (strcmp(argument, "label") == 0)
		columns->label = first;
	else if (strcmp(argument, "task") == 0)
		*task = pstrdup(suggestion->value);
	else if (strcmp(argument, "texts") == 0)
		columns->text_count = TakeNames(suggestion, &columns->texts);
	else if (strcmp(argument, "numerics") == 0)
		columns->numeric_count = TakeNames(suggestion, &columns->numerics);
	else if (strcmp(argument, "categoricals") == 0)
		columns->categorical_count = TakeNames(suggestion, &columns->categoricals);
	else if (strcmp(argument, "vectors") == 0)
		columns->vector_count = TakeNames(suggestion, &columns->vectors);
}

void
InterestTakeSuggestions(Oid source, bool with_label, InterestColumns *columns, char **task)
{
	InterestSuggestions *suggestions = InterestSuggest(source);
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, suggestions->arguments)
	{
		InterestSuggestion *suggestion = lfirst(cell);
		bool		of_label = strcmp(suggestion->argument, "label") == 0 || strcmp(suggestion->argument, "task") == 0;

		/* the encoder is chosen where the model is created */
		if ((of_label && !with_label) || strcmp(suggestion->argument, "encoder") == 0)
			continue;
		TakeSuggestion(suggestion, columns, task);
		AppendArgument(&text, suggestion);
	}
	ereport(NOTICE,
			(errmsg("guessed from the columns of \"%s\": %s", get_rel_name(source), text.data),
			 errhint("interest_suggest says why; name the columns in interest_create_model to overrule it.")));
}

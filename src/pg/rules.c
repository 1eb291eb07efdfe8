/*
 * rules.c
 *	  Rules that imitate a model: interest_rules.
 *
 * A decision tree over what people can read of a user's rows says which interest
 * the model puts first.  Four of five users teach it, the others tell how often
 * it agrees with the model.
 */
#include "pg/compat.h"

#include <math.h>

#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/explain/tree.h"
#include "pg/row_query.h"
#include "pg/scores.h"
#include "pg/user_column.h"
#include "pg/working_state.h"

#define MAX_USERS 20000
#define MAX_FEATURES 200
#define FETCH_ROWS 1000
#define HELD_OUT 5				/* every fifth user */
#define LEAST_USERS 5			/* of a leaf, and 1 of 100 */
#define RULES_BLOCK (256 * 1024)

/* What a user's rows say: the mean of a number, the share of rows that have a value. */
typedef struct UserFeature
{
	int			feature;
	float		value;
} UserFeature;

typedef struct User
{
	int			label;			/* the model's first interest */
	int			count;
	UserFeature *features;
} User;

typedef struct Rules
{
	InterestRowQuery *query;
	const InterestModel *model;
	const InterestFeatures *known;
	InterestArena *arena;
	MemoryContext context;

	/* Numbers of the features: numerics, kinds, values of categoricals, words. */
	int			kinds;
	int			values;
	int			words;
	int			feature_count;
	int		   *users_having;	/* (feature_count) */

	int			user_count;
	User	   *users;			/* (MAX_USERS) */

	/* the user who is being read */
	InterestProfileDatum *state;
	int			rows;
	float	   *sum;			/* (feature_count) */
	int		   *numbers;		/* (numerics): rows that have the number */
	int			touched_count;
	int		   *touched;		/* (feature_count) */
} Rules;

static void
NumberFeatures(Rules *rules)
{
	const InterestFeatures *known = rules->known;

	rules->kinds = known->numeric_count;
	rules->values = rules->kinds + known->kind_names.count;
	rules->words = rules->values;
	for (int c = 0; c < known->categorical_count; c++)
		rules->words += known->categoricals[c].values.count;
	rules->feature_count = rules->words + known->word_count;
	rules->users_having = palloc0(sizeof(int) * Max(rules->feature_count, 1));
	rules->sum = palloc0(sizeof(float) * Max(rules->feature_count, 1));
	rules->touched = palloc(sizeof(int) * Max(rules->feature_count, 1));
	rules->numbers = palloc0(sizeof(int) * Max(known->numeric_count, 1));
	rules->users = palloc(sizeof(User) * MAX_USERS);
}

static void
Touch(Rules *rules, int feature, float value)
{
	if (rules->sum[feature] == 0)
		rules->touched[rules->touched_count++] = feature;
	rules->sum[feature] += value;
}

/* Counts what a row has; a value twice in one row counts twice. */
static void
CountRow(Rules *rules, const InterestBehaviour *behaviour)
{
	const InterestFeatures *known = rules->known;
	int			first = rules->values;
	int			kind = behaviour->kind.data ? InterestNamesFind(&known->kind_names, behaviour->kind) : -1;

	rules->rows++;
	for (int i = 0; i < known->numeric_count; i++)
		if (!isnan(behaviour->numerics[i]))
		{
			rules->numbers[i]++;
			rules->sum[i] += (float) behaviour->numerics[i];
		}
	if (kind >= 0)
		Touch(rules, rules->kinds + kind, 1);
	for (int c = 0; c < known->categorical_count; c++)
	{
		const InterestNames *names = &known->categoricals[c].values;

		for (int j = 0; j < behaviour->categoricals[c].count; j++)
		{
			int			value = InterestNamesFind(names, behaviour->categoricals[c].values[j]);

			if (value >= 0)
				Touch(rules, first + value, 1);
		}
		first += names->count;
	}
	for (int t = 0; rules->query->lexer && t < known->text_count; t++)
	{
		InterestWords words;

		InterestReadWords(rules->query->lexer, behaviour->texts[t], &words);
		for (int j = 0; j < words.count; j++)
		{
			int			word = InterestNamesFind(&known->word_columns[t].words, words.words[j].text);

			if (word >= 0)
				Touch(rules, rules->words + known->word_columns[t].first + word, 1);
		}
	}
}

/* The user's rows are all read. */
static void
FinishUser(Rules *rules)
{
	const InterestLoadedModel *model = rules->query->model;
	InterestArenaMark mark = InterestArenaGetMark(rules->arena);
	int			numerics = rules->known->numeric_count;
	User	   *user = &rules->users[rules->user_count];
	InterestStateView view;
	InterestReading reading;
	float		probability;

	if (rules->rows == 0)
		return;
	InterestViewState(rules->state, &view);
	InterestReadProfile(&view, model, view.newest, rules->arena, &reading);
	user->label = InterestBestInterest(model, reading.vector[INTEREST_USER], reading.mass[INTEREST_COARSE],
									   rules->arena, &probability);
	user->count = 0;
	user->features = palloc(sizeof(UserFeature) * (numerics + rules->touched_count));
	for (int i = 0; i < numerics; i++)
	{
		double		mean = rules->numbers[i] > 0 ? rules->sum[i] / rules->numbers[i] : rules->known->numerics[i].mean;

		user->features[user->count++] = (UserFeature) {i, (float) mean};
		rules->numbers[i] = 0;
		rules->sum[i] = 0;
	}
	for (int i = 0; i < rules->touched_count; i++)
	{
		int			feature = rules->touched[i];

		user->features[user->count++] = (UserFeature) {feature, Min(rules->sum[feature] / rules->rows, 1)};
		rules->users_having[feature]++;
		rules->sum[feature] = 0;
	}
	rules->touched_count = 0;
	rules->rows = 0;
	rules->user_count++;
	pfree(rules->state);
	rules->state = NULL;
	InterestArenaReturnTo(rules->arena, mark);
}

static void
TakeRow(Rules *rules, InterestRowReader *reader, const Datum *values, const bool *nulls)
{
	InterestBehaviour behaviour;
	InterestStateRow row;
	MemoryContext caller;

	InterestReadBehaviour(reader, values, nulls, &behaviour);
	if (!InterestQueryBehaviour(rules->query, &behaviour, &row))
		return;
	CountRow(rules, &behaviour);
	caller = MemoryContextSwitchTo(rules->context);
	if (rules->state == NULL)
		rules->state = InterestNewState(&rules->model->shape);
	rules->state = InterestAddToState(rules->state, &row);
	MemoryContextSwitchTo(caller);
}

/* Takes the rows of a portal, a user's together, until there are enough users. */
static void
TakeRows(Rules *rules, Portal portal)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "interest row", ALLOCSET_DEFAULT_SIZES);
	InterestRowReader *reader = NULL;
	char	   *user = NULL;
	Datum	   *values;
	bool	   *nulls;

	for (;;)
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		if (reader == NULL)
			reader = InterestRowReaderMake(rules->query->definition, portal->tupDesc, INTEREST_READ_BEHAVIOUR);
		InterestReaderArrays(reader, &values, &nulls);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			char	   *now = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
			MemoryContext caller;

			CHECK_FOR_INTERRUPTS();
			if (user && strcmp(user, now) != 0)
			{
				caller = MemoryContextSwitchTo(rules->context);
				FinishUser(rules);
				MemoryContextSwitchTo(caller);
				if (rules->user_count == MAX_USERS)
					return;
			}
			if (user == NULL || strcmp(user, now) != 0)
			{
				if (user)
					pfree(user);
				user = MemoryContextStrdup(rules->context, now);
			}
			pfree(now);
			caller = MemoryContextSwitchTo(scratch);
			heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
			TakeRow(rules, reader, values, nulls);
			MemoryContextSwitchTo(caller);
			MemoryContextReset(scratch);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	MemoryContextSwitchTo(rules->context);
	FinishUser(rules);
}

/* Users in the order of a hash, so that the first ones are any. */
static void
ReadUsers(Rules *rules)
{
	const InterestDefinition *definition = rules->query->definition;
	const char *user = quote_identifier(definition->columns.user_id);
	char	   *sql = psprintf("SELECT %s::pg_catalog.text AS \"the user's text\", %s FROM %s WHERE %s IS NOT NULL"
							   " ORDER BY pg_catalog.hashtext(%s::pg_catalog.text), 1", user,
							   InterestColumnList(&definition->columns, false), InterestSourceSql(definition), user, user);
	MemoryContext caller = CurrentMemoryContext;
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, sql, 0, NULL, NULL, NULL, true, 0);
	TakeRows(rules, portal);
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(caller);
}

/*
 * From users to rules
 */

/* Numerics, then what most users have, but for what all of them do; chosen (feature_count): its column, or -1. */
static int
ChooseFeatures(const Rules *rules, int *chosen, int *features)
{
	int			least = Max(LEAST_USERS, rules->user_count / 100);
	int			count = 0;

	for (int f = 0; f < rules->feature_count; f++)
		chosen[f] = -1;
	for (int f = 0; f < rules->known->numeric_count && count < MAX_FEATURES; f++)
		features[count++] = f;
	for (int having = rules->user_count; having >= least && count < MAX_FEATURES; having--)
		for (int f = rules->known->numeric_count; f < rules->feature_count && count < MAX_FEATURES; f++)
			if (rules->users_having[f] == having)
				features[count++] = f;
	for (int i = 0; i < count; i++)
		chosen[features[i]] = i;
	return count;
}

static float *
UserMatrix(const Rules *rules, const int *chosen, int count)
{
	float	   *x = InterestArenaAllocateZero(rules->arena, sizeof(float) * rules->user_count * Max(count, 1));

	for (int u = 0; u < rules->user_count; u++)
		for (int i = 0; i < rules->users[u].count; i++)
		{
			int			column = chosen[rules->users[u].features[i].feature];

			if (column >= 0)
				x[(Size) u * count + column] = rules->users[u].features[i].value;
		}
	return x;
}

/* The tree of the users who are not held out. */
static void
FitTree(const Rules *rules, const float *x, int features, int depth, InterestTree *tree)
{
	int			count = 0;
	float	   *taught = InterestArenaArray(rules->arena, float, (Size) rules->user_count * Max(features, 1));
	int		   *label = InterestArenaArray(rules->arena, int, rules->user_count);
	InterestTreeSamples samples = {0, features, rules->model->interests.count, taught, label};

	for (int u = 0; u < rules->user_count; u++)
	{
		if (u % HELD_OUT == HELD_OUT - 1)
			continue;
		memcpy(taught + (Size) count * features, x + (Size) u * features, sizeof(float) * features);
		label[count++] = rules->users[u].label;
	}
	samples.count = count;
	InterestTreeFit(&samples, depth, Max(LEAST_USERS, count / 100), rules->arena, tree);
}

static void
AppendSpan(StringInfo out, InterestSpan span)
{
	appendStringInfoString(out, pg_any_to_server(pnstrdup(span.data, span.length), (int) span.length, PG_UTF8));
}

/* A feature and which side of the threshold, as people say it. */
static void
AppendCondition(const Rules *rules, int feature, float threshold, bool above, StringInfo out)
{
	const InterestColumns *columns = &rules->query->definition->columns;
	int			first = rules->values;

	if (out->len > 0)
		appendStringInfoString(out, " and ");
	if (feature < rules->kinds)
	{
		appendStringInfo(out, "mean %s %s %g", columns->numerics[feature], above ? ">" : "<=", threshold);
		return;
	}
	if (threshold == 0)
		appendStringInfo(out, "%s has ", above ? "some row" : "no row");
	else
		appendStringInfo(out, "%s %.3g%% of rows have ", above ? "more than" : "at most", 100 * threshold);
	if (feature < rules->values)
	{
		appendStringInfo(out, "%s ", columns->kind);
		AppendSpan(out, rules->known->kind_names.spans[feature - rules->kinds]);
		return;
	}
	for (int c = 0; c < rules->known->categorical_count; c++)
	{
		const InterestNames *names = &rules->known->categoricals[c].values;

		if (feature >= first && feature < first + names->count)
		{
			appendStringInfo(out, "%s ", columns->categoricals[c]);
			AppendSpan(out, names->spans[feature - first]);
		}
		first += names->count;
	}
	for (int t = 0; rules->known->word_columns && t < rules->known->text_count; t++)
	{
		const InterestWordColumn *column = &rules->known->word_columns[t];
		int			word = feature - rules->words - column->first;

		if (word < 0 || word >= column->words.count)
			continue;
		appendStringInfo(out, "\"");
		AppendSpan(out, column->words.spans[word]);
		appendStringInfo(out, "\" in %s", columns->texts[t]);
	}
}

/* The conditions from the root to a node. */
static void
AppendPath(const Rules *rules, const InterestTree *tree, const int *features, int node, StringInfo out)
{
	const InterestTreeNode *parent;

	if (node == 0)
		return;
	parent = &tree->node[(node - 1) / 2];
	AppendPath(rules, tree, features, (node - 1) / 2, out);
	AppendCondition(rules, features[parent->feature], parent->threshold, node % 2 == 0, out);
}

/* A leaf's line, or with leaf below 0 that of all of them. */
static void
PutRule(const Rules *rules, const InterestTree *tree, const float *x, const int *features, int count, int leaf,
		int ordinal, ReturnSetInfo *result)
{
	int			users = 0;
	int			held_out = 0;
	int			right = 0;
	StringInfoData rule;
	Datum		values[6];
	bool		nulls[6] = {false};

	for (int u = 0; u < rules->user_count; u++)
	{
		int			found = InterestTreeLeaf(tree, x + (Size) u * count);

		if (leaf >= 0 && found != leaf)
			continue;
		users++;
		if (u % HELD_OUT != HELD_OUT - 1)
			continue;
		held_out++;
		right += tree->node[found].label == rules->users[u].label;
	}
	initStringInfo(&rule);
	if (leaf >= 0)
		AppendPath(rules, tree, features, leaf, &rule);
	values[0] = Int32GetDatum(ordinal);
	values[1] = CStringGetTextDatum(leaf < 0 ? "all rules" : rule.len > 0 ? rule.data : "always");
	nulls[2] = leaf < 0;
	if (leaf >= 0)
		values[2] = InterestNameText(rules->model->interests.spans[tree->node[leaf].label]);
	values[3] = Int64GetDatum(users);
	values[4] = Float8GetDatum((double) users / rules->user_count);
	InterestSetFigure(held_out > 0 ? (double) right / held_out : NAN, &values[5], &nulls[5]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
PutRules(Rules *rules, int depth, ReturnSetInfo *result)
{
	int		   *chosen = palloc(sizeof(int) * Max(rules->feature_count, 1));
	int			features[MAX_FEATURES];
	int			count = ChooseFeatures(rules, chosen, features);
	float	   *x = UserMatrix(rules, chosen, count);
	int			ordinal = 0;
	InterestTree tree;

	FitTree(rules, x, count, depth, &tree);
	for (int i = 0; i < INTEREST_TREE_NODES; i++)
		if (tree.node[i].reached && tree.node[i].leaf)
			PutRule(rules, &tree, x, features, count, i, ++ordinal, result);
	PutRule(rules, &tree, x, features, count, -1, ++ordinal, result);
}

INTEREST_FUNCTION(interest_rules);
Datum
interest_rules(PG_FUNCTION_ARGS)
{
	char	   *model = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			depth = PG_ARGISNULL(1) ? INTEREST_TREE_DEPTH : PG_GETARG_INT32(1);
	Rules		rules = {.context = CurrentMemoryContext};

	if (depth < 1 || depth > INTEREST_TREE_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("depth must be from 1 to %d", INTEREST_TREE_DEPTH)));
	InitMaterializedSRF(fcinfo, 0);
	rules.query = InterestRowQueryMake(CurrentMemoryContext, InterestModelName(model));
	rules.model = &rules.query->model->model;
	rules.known = &rules.model->network.features;
	rules.arena = &InterestArenaBegin(CurrentMemoryContext, "interest rules", RULES_BLOCK)->arena;
	NumberFeatures(&rules);
	ReadUsers(&rules);
	if (rules.user_count > 0)
		PutRules(&rules, depth, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

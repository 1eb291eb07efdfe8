/*
 * encode_ahead_call.c
 *	  A call of a plan, and the texts that it will ask the encoder for.
 */
#include "pg/compat.h"

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#include "pg/encode.h"
#include "pg/encode_ahead_call.h"
#include "pg/encode_cache.h"
#include "pg/row_query.h"

struct InterestAheadCall
{
	InterestAheadForm form;
	ExprState  *name;			/* of the encoder or model */
	List	   *values;			/* ExprStates of texts, or of the row */
	List	   *hidden_columns; /* names of a row's columns that are not computed ahead */
	MemoryContext parent;		/* of the query */
	void	   *kept;			/* the InterestRowQuery; NULL: none yet */
	InterestRowQuery *query;	/* that of the window, of an aggregate's rows */

	/* the window's */
	MemoryContext context;
	InterestLoadedEncoder *encoder; /* NULL: not at hand, nothing to do */
	int			count;
	InterestSpan *texts;		/* each once */
};

/* Names of the columns that the plan has put NULL for; those of a type of rows are its own. */
static List *
HiddenColumns(const RowExpr *row)
{
	TupleDesc	descriptor = row->row_typeid == RECORDOID ? NULL : lookup_rowtype_tupdesc(row->row_typeid, -1);
	List	   *names = NIL;

	for (int i = 0; i < list_length(row->args); i++)
	{
		Const	   *value = list_nth(row->args, i);

		if (IsA(value, Const) && value->constisnull)
			names = lappend(names, pstrdup(descriptor ? NameStr(TupleDescAttr(descriptor, i)->attname) :
										   strVal(list_nth(row->colnames, i))));
	}
	if (descriptor)
		ReleaseTupleDesc(descriptor);
	return names;
}

InterestAheadCall *
InterestAheadCallMake(const FuncExpr *function, InterestAheadForm form, PlanState *node)
{
	InterestAheadCall *call = palloc0(sizeof(InterestAheadCall));
	List	   *arguments = ExecInitExprList(function->args, node);

	call->form = form;
	call->parent = CurrentMemoryContext;
	if (form == INTEREST_AHEAD_TEXTS)
	{
		call->name = llast(arguments);
		call->values = list_delete_last(arguments);
		return call;
	}
	call->name = linitial(arguments);
	call->values = list_delete_first(arguments);
	if (IsA(lsecond(function->args), RowExpr))
		call->hidden_columns = HiddenColumns(lsecond(function->args));
	return call;
}

/* Whether the model reads a text that is not computed ahead. */
static bool
MissesText(const InterestAheadCall *call, const InterestColumns *columns)
{
	ListCell   *name;

	foreach(name, call->hidden_columns)
		for (int i = 0; i < columns->text_count; i++)
			if (strcmp(lfirst(name), columns->texts[i]) == 0)
				return true;
	return false;
}

/*
 * The encoder of the model's texts.  The aggregate has found the model before:
 * a call had to encode a text before there is any window.
 */
static InterestLoadedEncoder *
EncoderOfModel(InterestAheadCall *call, text *model)
{
	call->query = InterestRowQueryKeep(call->parent, &call->kept, model);
	return MissesText(call, &call->query->definition->columns) ? NULL : call->query->encoder;
}

void
InterestAheadCallStart(InterestAheadCall *call, ExprContext *econtext, int rows)
{
	bool		isnull;
	Datum		name = ExecEvalExprSwitchContext(call->name, econtext, &isnull);

	call->context = CurrentMemoryContext;
	call->count = 0;
	call->texts = palloc(sizeof(InterestSpan) * rows * list_length(call->values));
	if (call->form == INTEREST_AHEAD_TEXTS)
		call->encoder = InterestEncoderAtHand(isnull ? NULL : TextDatumGetCString(name));
	else
		call->encoder = isnull ? NULL : EncoderOfModel(call, DatumGetTextPP(name));
}

static bool
IsAmongTexts(const InterestAheadCall *call, InterestSpan text)
{
	for (int i = 0; i < call->count; i++)
		if (call->texts[i].length == text.length && memcmp(call->texts[i].data, text.data, text.length) == 0)
			return true;
	return false;
}

static InterestSpan
TextOfDatum(Datum value)
{
	text	   *body = DatumGetTextPP(value);
	InterestSpan span = {VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body)};

	return span;
}

/* What the encoder will be asked for on account of a value; data NULL: nothing. */
static InterestSpan
TextOf(InterestAheadCall *call, Datum value)
{
	const InterestSpan none = {NULL, 0};

	if (call->form == INTEREST_AHEAD_RECORD)
		return InterestQueryRowSentence(call->query, DatumGetHeapTupleHeader(value));
	if (!InterestTextAtHand(value))
		return none;
	if (call->form == INTEREST_AHEAD_TEXT)
		return InterestQueryTextSentence(call->query, TextOfDatum(value));
	return TextOfDatum(value);
}

static Size
AddText(InterestAheadCall *call, InterestSpan text)
{
	if (text.data == NULL || text.length > INTEREST_MAX_CACHED_TEXT || IsAmongTexts(call, text))
		return 0;
	call->texts[call->count].data = memcpy(MemoryContextAlloc(call->context, Max(text.length, 1)), text.data, text.length);
	call->texts[call->count++].length = text.length;
	return sizeof(float) * call->encoder->encoder.config.hidden + text.length;
}

Size
InterestAheadCallAdd(InterestAheadCall *call, ExprContext *econtext)
{
	MemoryContext caller = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	Size		bytes = 0;
	ListCell   *cell;

	if (call->encoder != NULL)
		foreach(cell, call->values)
		{
			bool		isnull;
			Datum		value = ExecEvalExpr((ExprState *) lfirst(cell), econtext, &isnull);

			if (!isnull)
				bytes += AddText(call, TextOf(call, value));
		}
	MemoryContextSwitchTo(caller);
	return bytes;
}

void
InterestAheadCallEncode(const InterestAheadCall *call)
{
	const char **texts = palloc(sizeof(char *) * Max(call->count, 1));
	Size	   *lengths = palloc(sizeof(Size) * Max(call->count, 1));

	if (call->encoder == NULL || call->count == 0)
		return;
	for (int i = 0; i < call->count; i++)
	{
		texts[i] = call->texts[i].data;
		lengths[i] = call->texts[i].length;
	}
	InterestEncodeTexts(call->encoder, call->count, texts, lengths,
						palloc(sizeof(float) * call->encoder->encoder.config.hidden * call->count));
}

/*
 * row_query.h
 *	  From a row of a query to the vector of a behaviour row.
 *
 * A call site keeps its query over all rows: the model is found once, the
 * columns are found once a row type.  A call site that cannot keep anything
 * (fn_extra is cold in some distributed plans) pays an index lookup a row.
 */
#ifndef INTEREST_ROW_QUERY_H
#define INTEREST_ROW_QUERY_H

#include "access/htup.h"

#include "pg/lexemes.h"
#include "pg/model_store.h"
#include "pg/query_mark.h"
#include "pg/report.h"
#include "pg/row_reader.h"

typedef struct InterestRowBuffer
{
	char	   *data;
	Size		size;
} InterestRowBuffer;

typedef struct InterestRowQuery
{
	InterestQueryMark mark;
	char	   *name;
	InterestLoadedModel *model;
	InterestDefinition *definition;
	InterestLoadedEncoder *encoder; /* NULL: none */
	InterestLexer *lexer;		/* NULL: no words */
	MemoryContext context;		/* of this, the definition and the reader */
	InterestServerArena *scratch;

	uint64		row_type;		/* identifier of the descriptor; 0: none yet */
	TupleDesc	descriptor;
	InterestRowReader *reader;
	InterestRowBuffer key;		/* of the texts, in the cache */
	InterestRowBuffer joined;	/* the texts as the encoder sees them */
	float	   *projected;		/* what the texts are to the network, as the cache keeps it */
	float	   *vector;			/* (dimensions) */
} InterestRowQuery;

/* A query of the deployed version of a model that the caller may use, in a child of the context. */
extern InterestRowQuery *InterestRowQueryMake(MemoryContext parent, const char *name);

/* The query that somebody keeps while it is right (NULL: none yet), or another in its place, in a child of the context. */
extern InterestRowQuery *InterestRowQueryKeep(MemoryContext parent, void **kept, text *model);

/* The query of this call site: the deployed version of a model that the caller may use. */
extern InterestRowQuery *InterestRowQueryOf(FunctionCallInfo fcinfo, text *model);

/*
 * The vector of an item, valid until the next call; NULL if nothing of it is
 * present.  A query reads either behaviour rows or items.
 */
extern const float *InterestQueryItem(InterestRowQuery *query, HeapTupleHeader record);

/* What the encoder makes of an item's texts, valid until the next call; NULL if it has none or the model no encoder. */
extern const float *InterestQueryItemText(InterestRowQuery *query, HeapTupleHeader record);

/*
 * A text (UTF-8) that is nobody's: what the encoder makes of it, NULL without
 * one, and its vector as an item that says it in every column of texts, NULL
 * where the model knows none of it.  Valid until the next call.
 */
extern const float *InterestQuerySentence(InterestRowQuery *query, InterestSpan text);
extern const float *InterestQueryTextAlone(InterestRowQuery *query, InterestSpan text);

/*
 * A behaviour as the state takes it, which stays the query's; as an item, its
 * vector alone, where row is NULL.  False if nothing of it is known.
 */
extern bool InterestQueryBehaviour(InterestRowQuery *query, const InterestBehaviour *behaviour, InterestStateRow *row);

/*
 * What the network takes of a behaviour's texts (INTEREST_TEXT_MODALITIES; NULL:
 * missing), by way of those that this session has projected already; valid until
 * the next call.
 */
extern void InterestQueryTexts(InterestRowQuery *query, const InterestBehaviour *behaviour,
							   const float **projected);

/*
 * The row as the state takes it; row->vector is valid until the next call.
 * False if the row is skipped: without time, or with nothing present.
 */
extern bool InterestQueryRow(InterestRowQuery *query, HeapTupleHeader record, InterestStateRow *row);

/* The same for a behaviour row in its document form, and in its short form. */
extern bool InterestQueryDocument(InterestRowQuery *query, Jsonb *document, InterestStateRow *row);
extern bool InterestQueryText(InterestRowQuery *query, bool has_time, int64 at, text *body, InterestStateRow *row);

/*
 * What the encoder will be asked for on account of a row: its texts joined,
 * data NULL if there is none or it is known already; valid until the next call.
 * Reads only the texts of a record, and those only where they are at hand.
 */
extern InterestSpan InterestQueryRowSentence(InterestRowQuery *query, HeapTupleHeader record);
extern InterestSpan InterestQueryTextSentence(InterestRowQuery *query, InterestSpan text);

#endif

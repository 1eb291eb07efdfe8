/*
 * encode_ahead.h
 *	  Texts of a query's next rows, encoded together before they are asked for.
 *
 * One short text alone reads all of the encoder's weights, while a batch shares
 * them; but a scalar function sees one row at a time.  So a node of ours under
 * (or around) the one that calls interest_encode reads a window of rows ahead,
 * has their texts encoded as one batch into the cache of encoded texts, and
 * hands the rows on: the function then finds what it needs.  Only the time
 * changes.  Windows begin where a call missed the cache, and grow from one row
 * on, so that a query that wants few rows encodes few texts.
 */
#ifndef INTEREST_ENCODE_AHEAD_H
#define INTEREST_ENCODE_AHEAD_H

#include "nodes/extensible.h"
#include "nodes/plannodes.h"

/* Puts the hook into the executor; when the library is loaded. */
extern void InterestInstallEncodeAhead(void);

/* A copy of a plan, with nodes that encode ahead where they can. */
extern PlannedStmt *InterestPlanAhead(PlannedStmt *statement);

/* Whether a plan calls functions whose texts can be encoded ahead; true wrongly now and then. */
extern bool InterestPlanEncodes(const PlannedStmt *statement);

/*
 * The node's: it describes the rows below it (custom_scan_tlist) and holds, in
 * terms of them, the calls whose texts it encodes, as FuncExprs of what is given
 * row by row (custom_exprs), and their InterestAheadForms (custom_private).
 */
extern const CustomScanMethods interest_ahead_methods;

#endif

/*
 * query_mark.c
 *	  What a name meant, remembered no longer than it can be true.
 */
#include "pg/compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"

#include "pg/query_mark.h"

uint32
InterestTransaction(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProc->vxid.lxid;
#else
	return MyProc->lxid;
#endif
}

/*
 * Two snapshots of one backend with the same xmin and xmax differ only when a
 * transaction below xmax has ended meanwhile, and then fewer are running: all
 * ids below xmax were given out when the first was taken.
 */
InterestQueryMark
InterestQueryMarkNow(void)
{
	Snapshot	snapshot = GetActiveSnapshot();
	InterestQueryMark mark = {
		.transaction = InterestTransaction(),
		.subtransaction = GetCurrentSubTransactionId(),
		.command = snapshot->curcid,
		.user = GetUserId(),
		.xmin = snapshot->xmin,
		.xmax = snapshot->xmax,
		.running = snapshot->xcnt,
		.running_subtransactions = snapshot->subxcnt,
	};

	return mark;
}

/*
 * store.h
 *	  The extension's own tables: read by index scans, written as their owner.
 *
 * The tables grant nothing.  Whoever calls here has checked the caller's
 * rights (rights.h).  Reads use the active snapshot, so that a statement, a
 * cursor or a REPEATABLE READ transaction sees one version of everything.
 */
#ifndef INTEREST_STORE_H
#define INTEREST_STORE_H

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "utils/relcache.h"

/* Most bytes in one chunk row of weights or model content. */
#define INTEREST_CHUNK_SIZE (1024 * 1024)

/* Attribute numbers, in the order of the install script. */
#define Anum_encoder_name 1
#define Anum_encoder_owner 2
#define Anum_encoder_config 3
#define Anum_encoder_content_hash 4
#define Anum_encoder_storage 5
#define Anum_encoder_size 12

#define Anum_encoder_chunk_encoder 1
#define Anum_encoder_chunk_ordinal 2
#define Anum_encoder_chunk_data 3

#define Anum_model_name 1
#define Anum_model_owner 2
#define Anum_model_source_schema 3
#define Anum_model_source_name 4
#define Anum_model_encoder 5
#define Anum_model_definition 6
#define Anum_model_versions 7
#define Anum_model_created_at 8

#define Anum_model_version_model 1
#define Anum_model_version_version 2
#define Anum_model_version_content_hash 3
#define Anum_model_version_encoder_hash 4
#define Anum_model_version_representation 5
#define Anum_model_version_reading 6
#define Anum_model_version_deployed 7

#define Anum_model_chunk_model 1
#define Anum_model_chunk_version 2
#define Anum_model_chunk_ordinal 3
#define Anum_model_chunk_data 4

#define Anum_grant_kind 1
#define Anum_grant_object 2
#define Anum_grant_role 3

typedef struct InterestStoreScan
{
	Relation	relation;
	SysScanDesc scan;
} InterestStoreScan;

/* Schema that the extension lives in; an error if it is not installed. */
extern Oid	InterestSchema(void);

/* Version of the extension's SQL objects. */
extern char *InterestInstalledVersion(void);

/*
 * Scans a table of the extension by an index of it ("interest_model_pkey"; NULL
 * for a whole scan).  Keys name heap attributes; text keys compare as bytes.
 */
extern void InterestStoreBegin(InterestStoreScan *scan, const char *table, const char *index,
							   int key_count, ScanKey keys);

/* The same of what is committed by now (or by this transaction), whatever the active snapshot shows. */
extern void InterestStoreBeginNow(InterestStoreScan *scan, const char *table, const char *index,
								  int key_count, ScanKey keys);

/* Next tuple, valid until the next call; NULL at the end. */
extern HeapTuple InterestStoreNext(InterestStoreScan *scan);
extern void InterestStoreEnd(InterestStoreScan *scan);

/* An attribute of the scan's tuple; NULL values set *isnull. */
extern Datum InterestStoreValue(InterestStoreScan *scan, HeapTuple tuple, int attribute, bool *isnull);

/* Keys of a scan: the attribute equals the value. */
extern void InterestStoreTextKey(ScanKey key, int attribute, const char *value);
extern void InterestStoreIntKey(ScanKey key, int attribute, int32 value);

/*
 * Runs one statement as the owner of the extension, with search_path
 * pg_catalog, pg_temp.  Each %s in the statement becomes the quoted schema of
 * the extension.  Returns the number of rows processed.  Only fixed statements
 * over the extension's own tables go through here: nothing that runs a user's
 * code.
 */
extern uint64 InterestStoreExecute(const char *statement, int count, const Oid *types,
								   const Datum *values, const char *nulls);

/* The same for a statement whose RETURNING gives one integer. */
extern uint64 InterestStoreReturning(const char *statement, int count, const Oid *types,
									 const Datum *values, const char *nulls, int32 *returned);

/*
 * Content in chunk rows: a fixed INSERT with the last two parameters ordinal
 * and data, executed for each piece.
 */
extern void InterestStoreWriteChunks(const char *statement, int count, const Oid *types,
									 const Datum *values, const void *content, Size size);

#endif

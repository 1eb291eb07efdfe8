/*
 * digest.c
 *	  SHA-256 of content in parts: content hashes and fingerprints.
 */
#include "pg/compat.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"

#include "pg/digest.h"

/* Bytes hashed between two looks for a cancel. */
#define STEP (4 * 1024 * 1024)

static void
Expect(int result)
{
	if (result < 0)
		elog(ERROR, "could not compute a SHA-256 digest");
}

void
InterestDigest(const InterestDigestPart *parts, int count, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	StaticAssertStmt(INTEREST_DIGEST_SIZE == PG_SHA256_DIGEST_LENGTH, "a digest is a SHA-256");
	if (context == NULL)
		elog(ERROR, "out of memory for a SHA-256 digest");
	Expect(pg_cryptohash_init(context));
	for (int i = 0; i < count; i++)
	{
		for (Size done = 0; done < parts[i].size; done += STEP)
		{
			CHECK_FOR_INTERRUPTS();
			Expect(pg_cryptohash_update(context, (const uint8 *) parts[i].bytes + done,
										Min(parts[i].size - done, STEP)));
		}
	}
	Expect(pg_cryptohash_final(context, digest, INTEREST_DIGEST_SIZE));
	pg_cryptohash_free(context);
}

/*
 * digest.h
 *	  SHA-256 of content in parts: content hashes and fingerprints.
 */
#ifndef INTEREST_DIGEST_H
#define INTEREST_DIGEST_H

#define INTEREST_DIGEST_SIZE 32

typedef struct InterestDigestPart
{
	const void *bytes;
	Size		size;
} InterestDigestPart;

/* The digest of the parts end to end; can be cancelled. */
extern void InterestDigest(const InterestDigestPart *parts, int count, uint8 *digest);

#endif

/*
 * encoder_store.h
 *	  Encoders in the extension's tables, and in this backend's memory.
 *
 * An encoder is stored as its configuration, vocabulary and weight image, never
 * changed after, and known by the SHA-256 of these.  A loaded one is found by
 * that hash alone (content_cache.h), so a hit is right across rollbacks,
 * savepoints and snapshots; what a name means is read from the table under the
 * active snapshot.
 */
#ifndef INTEREST_ENCODER_STORE_H
#define INTEREST_ENCODER_STORE_H

#include "nodes/pg_list.h"

#include "core/encoder/encoder.h"
#include "core/text/tokenizer.h"
#include "pg/content_cache.h"

/* What is stored of an encoder. */
typedef struct InterestEncoderContent
{
	InterestEncoderConfig config;
	Size		vocabulary_size;	/* bytes of vocab.txt */
	Size		image_size;		/* bytes of the weight image */
	char	   *vocabulary;		/* UTF-8, the image right behind it */
	void	   *image;			/* aligned to INTEREST_ALIGNMENT */
} InterestEncoderContent;

typedef struct InterestLoadedEncoder
{
	InterestEncoder encoder;	/* with the kernel that was current when it was asked for */
	InterestTokenizer tokenizer;
	const char *packing;		/* of its weights */
	bool		mapped;			/* weights and vocabulary lie in a file that all sessions map */
	int			error;			/* else, errno of why they do not */
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
} InterestLoadedEncoder;

/*
 * Memory for a content whose configuration and vocabulary_size are known, in
 * the current context: sets image_size, vocabulary and image.
 */
extern void InterestEncoderContentAllocate(InterestEncoderContent *content);

/*
 * The encoder of that name, which the current user must have the right to use;
 * NULL: the only one that the user may use.  Returns its name and content hash.
 */
extern char *InterestEncoderFind(const char *name, uint8 *content_hash);

/* Its name as well; reads and verifies its content, into the current memory context. */
extern void InterestEncoderReadContent(const char *name, InterestEncoderContent *content);

/* An error if an encoder cannot have that name: it is none, or taken. */
extern void InterestEncoderRequireNew(const char *name);

/*
 * Stores an encoder of the current user, without rights of others; an error if
 * the name is none or taken.  The content is not of use after.
 */
extern void InterestEncoderWriteContent(const char *name, InterestEncoderContent *content);

/*
 * A loaded encoder; it stays where it is until the transaction ends, whatever
 * is loaded meanwhile.  By hash no rights are asked: the right to use a model
 * covers its encoder.  for_whom says in an error who misses it ("model
 * \"films\""), NULL: nobody in particular.
 */
extern InterestLoadedEncoder *InterestEncoderByName(const char *name);
extern InterestLoadedEncoder *InterestEncoderByHash(const uint8 *content_hash, const char *for_whom);

/* What InterestEncoderByName gives if that is in memory already; NULL otherwise, and in place of an error. */
extern InterestLoadedEncoder *InterestEncoderAtHand(const char *name);

/* An encoder as it stands in the tables, on disk and in this session. */
typedef struct InterestEncoderState
{
	char	   *name;
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
	bool		usable;			/* by the current user */
	bool		sound;			/* its configuration can be read */
	InterestEncoderConfig config;
	uint64		size;			/* bytes that its chunk rows should hold */
	uint64		stored;			/* and do */
	uint64		file_size;		/* of its packed weights for the current kernel; 0: no file */
	const InterestLoadedEncoder *loaded;	/* NULL: not in memory */
} InterestEncoderState;

/* The states of all encoders by name; reads no content. */
extern List *InterestEncodersDescribe(void);

#endif

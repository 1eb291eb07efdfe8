/*
 * model_store.h
 *	  Models and their versions in the extension's tables, and in memory.
 *
 * A version's content never changes and is known by its SHA-256.  What a name
 * or a fingerprint means is read under the active snapshot.
 */
#ifndef INTEREST_MODEL_STORE_H
#define INTEREST_MODEL_STORE_H

#include "lib/stringinfo.h"

#include "core/model/model.h"
#include "pg/content_cache.h"
#include "pg/definition.h"
#include "pg/encoder_store.h"

/* A row of interest_model_version. */
typedef struct InterestVersion
{
	char	   *model;
	int			version;
	bool		deployed;
	bool		has_encoder;
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
	uint8		encoder_hash[INTEREST_CONTENT_HASH_SIZE];
	uint8		representation[INTEREST_FINGERPRINT_SIZE];
	uint8		reading[INTEREST_FINGERPRINT_SIZE];
} InterestVersion;

/* A version's content, ready to use; as any kept content it stays for the transaction. */
typedef struct InterestLoadedModel
{
	InterestModel model;		/* its shape has the representation's fingerprint */
	InterestReadingModel reading;	/* its learned numbers, and both fingerprints */
	uint8		content_hash[INTEREST_CONTENT_HASH_SIZE];
	uint8		encoder_hash[INTEREST_CONTENT_HASH_SIZE];
	bool		has_encoder;
} InterestLoadedModel;

/*
 * The model that is meant: the argument, else interest.model, else the only
 * one that the current user may use; an error that names the candidates
 * otherwise.
 */
extern char *InterestModelName(const char *argument);

/* Definition of a model that the current user has the right to use, or owns. */
extern InterestDefinition *InterestUsableModel(const char *name);
extern InterestDefinition *InterestOwnedModel(const char *name);

/* The deployed version; NULL, or an error with a hint, if there is none. */
extern InterestVersion *InterestFindDeployed(const char *model);
extern InterestVersion *InterestDeployedVersion(const char *model);

/* That version; an error if there is none. */
extern InterestVersion *InterestVersionByNumber(const char *model, int version);

/* The image of a version as it is stored, its checksum verified. */
extern StringInfo InterestVersionContent(const InterestVersion *version);

/* From the session's cache, or read into it; by content, of any model: an error if no version has it. */
extern InterestLoadedModel *InterestLoadVersion(const InterestVersion *version);
extern InterestLoadedModel *InterestLoadByContent(const uint8 *content_hash);

/* Whether a model reads just the columns of the definition, such labels, and sentences of that width. */
extern bool InterestFits(const InterestDefinition *definition, const InterestModel *model, int sentence_width);

/* An error unless the version reads just the columns of the definition and that encoder's vectors. */
extern void InterestRequireFit(const InterestDefinition *definition, const InterestLoadedModel *model,
							   const InterestLoadedEncoder *encoder);

/*
 * The loaded model that a profile or reading was made by: the argument's
 * version, else that of interest.model, else the only deployed one with that
 * fingerprint.  reading is NULL for a profile: any gate and head over that
 * representation will do.
 */
extern InterestLoadedModel *InterestModelOf(const char *argument, const uint8 *representation,
											const uint8 *reading);

/*
 * Writes a trained version in the caller's transaction and returns its number.
 * encoder_hash is NULL for a model without encoder.
 */
extern int	InterestStoreVersion(const InterestDefinition *definition, const InterestModel *model,
								 const uint8 *encoder_hash, bool deploy);

#endif

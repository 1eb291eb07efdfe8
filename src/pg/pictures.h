/*
 * pictures.h
 *	  What pictures show, found and drawn.
 */
#ifndef INTEREST_PG_PICTURES_H
#define INTEREST_PG_PICTURES_H

#include "core/picture/picture.h"
#include "pg/measure.h"

/* What a picture is asked of; what it does not need is not looked at. */
typedef struct InterestPictureRequest
{
	char	   *model;
	Datum		user;
	Oid			user_type;
	text	   *interest;		/* NULL: the first ones */
	text	   *body;
	const int32 *version;		/* NULL: the deployed one */
	Oid			source;			/* InvalidOid: the model's */
} InterestPictureRequest;

/*
 * Each reads as the caller and appends its picture; false where there is nothing
 * to show, as of a user without rows.
 */
extern bool InterestPictureUser(const InterestPictureRequest *request, InterestMarkup *out);
extern bool InterestPictureLedger(const InterestPictureRequest *request, InterestMarkup *out);
extern bool InterestPictureWords(const InterestPictureRequest *request, InterestMarkup *out);
extern bool InterestPictureTraining(const InterestPictureRequest *request, InterestMarkup *out);
extern bool InterestPictureMap(const InterestPictureRequest *request, InterestMarkup *out);
extern bool InterestPictureItems(const InterestPictureRequest *request, InterestMarkup *out);

/* Of predictions, which several can share. */
extern bool InterestPictureRoc(const InterestPictureRequest *request, const InterestMeasured *measured,
							   const InterestPredictions *predictions, InterestMarkup *out);
extern bool InterestPictureReliability(const InterestPictureRequest *request, const InterestMeasured *measured,
									   const InterestPredictions *predictions, InterestMarkup *out);
extern bool InterestPictureConfusion(const InterestPictureRequest *request, const InterestMeasured *measured,
									 const InterestPredictions *predictions, InterestMarkup *out);

/* Users on the map of a report, whose names are nobody's business. */
extern bool InterestPictureNamelessMap(const InterestPictureRequest *request, InterestMarkup *out);

/* A text of the database as UTF-8, and one that is made like psprintf's. */
extern InterestSpan InterestUtf8Of(const char *text);
extern InterestSpan InterestUtf8Format(const char *format,...) InterestPrintf(1, 2);

/* Markup as text of the database: what its encoding may not have is written as references. */
extern Datum InterestMarkupDatum(const InterestMarkup *markup);

#endif

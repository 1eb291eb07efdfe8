/*
 * picture.c
 *	  interest_picture: what is known, as SVG.
 */
#include "pg/compat.h"

#include <utf8proc.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "pg/encode.h"
#include "pg/pictures.h"
#include "pg/user_column.h"

#define PICTURE_BLOCK (256 * 1024)

InterestSpan
InterestUtf8Of(const char *text)
{
	InterestSpan span;

	span.data = InterestTextToUtf8(text, strlen(text), &span.length);
	return span;
}

InterestSpan
InterestUtf8Format(const char *format,...)
{
	StringInfoData out;
	int			more;

	initStringInfo(&out);
	do
	{
		va_list		arguments;

		va_start(arguments, format);
		more = appendStringInfoVA(&out, format, arguments);
		va_end(arguments);
		if (more > 0)
			enlargeStringInfo(&out, more);
	} while (more > 0);
	return InterestUtf8Of(out.data);
}

Datum
InterestMarkupDatum(const InterestMarkup *markup)
{
	StringInfoData out;

	if (GetDatabaseEncoding() == PG_UTF8)
		return PointerGetDatum(cstring_to_text_with_len(markup->data, (int) markup->length));
	initStringInfo(&out);
	for (size_t at = 0; at < markup->length;)
	{
		utf8proc_int32_t character;

		at += utf8proc_iterate((const utf8proc_uint8_t *) markup->data + at, (utf8proc_ssize_t) (markup->length - at), &character);
		if (character < 128)
			appendStringInfoChar(&out, (char) character);
		else
			appendStringInfo(&out, "&#%d;", character);
	}
	return PointerGetDatum(cstring_to_text_with_len(out.data, out.len));
}

/*
 * Kinds
 */

/* Arguments besides kind and model, in their order. */
enum
{
	USER = 1, INTEREST = 2, BODY = 4, VERSION = 5, SOURCE = 6, ARGUMENTS = 7
};

static const char *const argument_names[ARGUMENTS] = {"kind", "user_id", "interest", "model", "body", "version", "source"};

#define TAKES(argument) (1 << (argument))
#define MEASURED (TAKES(VERSION) | TAKES(SOURCE))

typedef struct Kind
{
	const char *name;
	int			needs;			/* 0: nothing, else an argument */
	int			takes;			/* besides */
	bool		(*draw) (const InterestPictureRequest *request, InterestMarkup *out);
	bool		(*draw_measured) (const InterestPictureRequest *request, const InterestMeasured *measured,
								  const InterestPredictions *predictions, InterestMarkup *out);
} Kind;

static const Kind kinds[] = {
	{"user", USER, TAKES(INTEREST), InterestPictureUser, NULL},
	{"ledger", USER, TAKES(INTEREST), InterestPictureLedger, NULL},
	{"words", BODY, TAKES(INTEREST), InterestPictureWords, NULL},
	{"roc", 0, TAKES(INTEREST) | MEASURED, NULL, InterestPictureRoc},
	{"reliability", 0, MEASURED, NULL, InterestPictureReliability},
	{"confusion", 0, MEASURED, NULL, InterestPictureConfusion},
	{"training", 0, TAKES(VERSION), InterestPictureTraining, NULL},
	{"map", 0, 0, InterestPictureMap, NULL},
	{"items", 0, 0, InterestPictureItems, NULL},
};

static const Kind *
KindArgument(FunctionCallInfo fcinfo)
{
	char	   *name;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("kind of the picture is NULL")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	for (int i = 0; i < (int) lengthof(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown kind of picture \"%s\"", name),
			 errhint("Kinds are user, ledger, words, roc, reliability, confusion, training, map and items.")));
}

/* What the kind needs is there, and nothing that it would not look at. */
static void
CheckArguments(FunctionCallInfo fcinfo, const Kind *kind)
{
	if (kind->needs && PG_ARGISNULL(kind->needs))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a picture of kind \"%s\" needs %s", kind->name, argument_names[kind->needs]),
				 errhint("Name it: interest_picture('%s', %s => ...).", kind->name, argument_names[kind->needs])));
	for (int i = 1; i < ARGUMENTS; i++)
		if (i != 3 && !PG_ARGISNULL(i) && i != kind->needs && !(kind->takes & TAKES(i)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a picture of kind \"%s\" takes no %s", kind->name, argument_names[i]),
					 errhint("Leave it out.")));
}

/* The model is read and tested once for all that is drawn of it. */
static bool
DrawMeasured(const Kind *kind, const InterestPictureRequest *request, InterestMarkup *out)
{
	InterestMeasured measured;
	InterestPredictions predictions;
	InterestSpan *users;
	bool		drawn;

	InterestMeasureBegin(request->model, request->version, request->source, &measured);
	InterestMeasurePredict(&measured, &predictions, &users);
	drawn = kind->draw_measured(request, &measured, &predictions, out);
	InterestMeasureEnd(&measured);
	return drawn;
}

INTEREST_FUNCTION(interest_picture);
Datum
interest_picture(PG_FUNCTION_ARGS)
{
	const Kind *kind = KindArgument(fcinfo);
	InterestPictureRequest request = {.source = PG_ARGISNULL(SOURCE) ? InvalidOid : PG_GETARG_OID(SOURCE)};
	int32		version = PG_ARGISNULL(VERSION) ? 0 : PG_GETARG_INT32(VERSION);
	InterestMarkup out;

	CheckArguments(fcinfo, kind);
	request.user = PG_GETARG_DATUM(USER);
	request.user_type = get_fn_expr_argtype(fcinfo->flinfo, USER);
	if (kind->needs == USER)
		InterestCheckUserType(request.user_type);
	request.interest = PG_ARGISNULL(INTEREST) ? NULL : PG_GETARG_TEXT_PP(INTEREST);
	request.model = InterestModelName(PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3)));
	request.body = PG_ARGISNULL(BODY) ? NULL : PG_GETARG_TEXT_PP(BODY);
	request.version = PG_ARGISNULL(VERSION) ? NULL : &version;
	InterestMarkupBegin(&out, &InterestArenaBegin(CurrentMemoryContext, "interest picture", PICTURE_BLOCK)->arena);
	if (!(kind->draw ? kind->draw(&request, &out) : DrawMeasured(kind, &request, &out)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(InterestMarkupDatum(&out));
}

/*
 * rights.c
 *	  Who may use and who may change an encoder or a model.
 */
#include "pg/compat.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "pg/rights.h"
#include "pg/store.h"

#define PUBLIC_ROLE "public"

/* Owner of an encoder or model in palloc'd memory; NULL if there is none of that name. */
static char *
FindOwner(const char *kind, const char *object)
{
	bool		model = strcmp(kind, "model") == 0;
	InterestStoreScan scan;
	ScanKeyData key;
	HeapTuple	tuple;
	char	   *owner = NULL;

	if (!model && strcmp(kind, "encoder") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown kind \"%s\"", kind),
				 errhint("The kind is encoder or model.")));
	StaticAssertStmt(Anum_model_name == Anum_encoder_name && Anum_model_owner == Anum_encoder_owner,
					 "name and owner come first in both tables");
	InterestStoreTextKey(&key, Anum_model_name, object);
	InterestStoreBegin(&scan, model ? "interest_model" : "interest_encoder",
					   model ? "interest_model_pkey" : "interest_encoder_pkey", 1, &key);
	if ((tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;

		owner = pstrdup(NameStr(*DatumGetName(InterestStoreValue(&scan, tuple, Anum_model_owner, &isnull))));
	}
	InterestStoreEnd(&scan);
	return owner;
}

static char *
RequireFound(const char *kind, const char *object)
{
	char	   *owner = FindOwner(kind, object);

	if (owner == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s \"%s\" does not exist", kind, object),
				 errhint("The view interest_%ss lists those that you may use.", kind)));
	return owner;
}

/* A role that no longer exists has no members: its objects are a superuser's. */
static bool
IsMemberOf(const char *role)
{
	Oid			oid = get_role_oid(role, true);

	return superuser() || (OidIsValid(oid) && has_privs_of_role(GetUserId(), oid));
}

static bool
HasGrant(const char *kind, const char *object)
{
	InterestStoreScan scan;
	ScanKeyData keys[2];
	HeapTuple	tuple;
	bool		found = false;

	InterestStoreTextKey(&keys[0], Anum_grant_kind, kind);
	InterestStoreTextKey(&keys[1], Anum_grant_object, object);
	InterestStoreBegin(&scan, "interest_grant", "interest_grant_pkey", 2, keys);
	while (!found && (tuple = InterestStoreNext(&scan)) != NULL)
	{
		bool		isnull;
		const char *role = NameStr(*DatumGetName(InterestStoreValue(&scan, tuple, Anum_grant_role, &isnull)));

		found = strcmp(role, PUBLIC_ROLE) == 0 || IsMemberOf(role);
	}
	InterestStoreEnd(&scan);
	return found;
}

bool
InterestMayUse(const char *kind, const char *object, const char *owner)
{
	return IsMemberOf(owner) || HasGrant(kind, object);
}

void
InterestRequireUse(const char *kind, const char *object, const char *owner)
{
	if (!InterestMayUse(kind, object, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for %s \"%s\"", kind, object),
				 errhint("Its owner can give it with interest_grant_use('%s', '%s', '%s').",
						 kind, object, InterestCurrentRole())));
}

void
InterestRequireOwner(const char *kind, const char *object, const char *owner)
{
	if (!IsMemberOf(owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of %s \"%s\"", kind, object)));
}

void
InterestReportDropped(const char *kind, const char *object)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("%s \"%s\" was dropped meanwhile", kind, object)));
}

/*
 * A statement may hold its snapshot for long before it comes here, and the
 * name may belong to somebody else by now.
 */
void
InterestLockOwned(const char *kind, const char *object, const char *owner)
{
	Oid			types[] = {TEXTOID, NAMEOID};
	Datum		values[] = {CStringGetTextDatum(object), DirectFunctionCall1(namein, CStringGetDatum(owner))};

	if (InterestStoreExecute(strcmp(kind, "model") == 0 ?
							 "SELECT FROM %s.interest_model WHERE name = $1 AND owner = $2 FOR UPDATE" :
							 "SELECT FROM %s.interest_encoder WHERE name = $1 AND owner = $2 FOR UPDATE",
							 2, types, values, NULL) != 1)
		InterestReportDropped(kind, object);
}

const char *
InterestCurrentRole(void)
{
	return GetUserNameFromId(GetUserId(), false);
}

void
InterestGrantUse(const char *kind, const char *object, const char *role)
{
	Oid			types[] = {TEXTOID, TEXTOID, NAMEOID};
	Datum		values[] = {CStringGetTextDatum(kind), CStringGetTextDatum(object),
	DirectFunctionCall1(namein, CStringGetDatum(role))};

	InterestStoreExecute("INSERT INTO %s.interest_grant VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
						 3, types, values, NULL);
}

void
InterestForgetGrants(const char *kind, const char *object)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(kind), CStringGetTextDatum(object)};

	InterestStoreExecute("DELETE FROM %s.interest_grant WHERE kind = $1 AND object = $2",
						 2, types, values, NULL);
}

INTEREST_FUNCTION(interest_has_use);
Datum
interest_has_use(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *object = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *owner = FindOwner(kind, object);

	PG_RETURN_BOOL(owner != NULL && InterestMayUse(kind, object, owner));
}

/*
 * The arguments of grant and revoke, checked: the caller owns the object, the
 * role exists.  The object stays until the grant is there to be dropped with it.
 */
static const char *
CheckGrant(const char *kind, const char *object, Name role)
{
	char	   *owner = RequireFound(kind, object);

	InterestRequireOwner(kind, object, owner);
	InterestLockOwned(kind, object, owner);
	if (strcmp(NameStr(*role), PUBLIC_ROLE) != 0)
		(void) get_role_oid(NameStr(*role), false);
	return NameStr(*role);
}

INTEREST_FUNCTION(interest_grant_use);
Datum
interest_grant_use(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *object = text_to_cstring(PG_GETARG_TEXT_PP(1));

	PreventCommandIfReadOnly("interest_grant_use()");
	InterestGrantUse(kind, object, CheckGrant(kind, object, PG_GETARG_NAME(2)));
	PG_RETURN_VOID();
}

INTEREST_FUNCTION(interest_revoke_use);
Datum
interest_revoke_use(PG_FUNCTION_ARGS)
{
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *object = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			types[] = {TEXTOID, TEXTOID, NAMEOID};
	Datum		values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};

	PreventCommandIfReadOnly("interest_revoke_use()");
	(void) CheckGrant(kind, object, PG_GETARG_NAME(2));
	InterestStoreExecute("DELETE FROM %s.interest_grant WHERE kind = $1 AND object = $2 AND role = $3",
						 3, types, values, NULL);
	PG_RETURN_VOID();
}

/*
 * rights.h
 *	  Who may use and who may change an encoder or a model.
 *
 * An encoder or model belongs to a role by name; superusers and members of
 * that role count as its owner.  Others use it by interest_grant, where the
 * name public stands for everyone.
 */
#ifndef INTEREST_RIGHTS_H
#define INTEREST_RIGHTS_H

/* kind is "encoder" or "model". */
extern bool InterestMayUse(const char *kind, const char *object, const char *owner);
extern void InterestRequireUse(const char *kind, const char *object, const char *owner);
extern void InterestRequireOwner(const char *kind, const char *object, const char *owner);

/*
 * Locks an object that the current user owns until the transaction ends; an
 * error if what it is now is no longer what the statement's snapshot showed.
 */
extern void InterestLockOwned(const char *kind, const char *object, const char *owner);
pg_noreturn extern void InterestReportDropped(const char *kind, const char *object);

/* Gives a role (or "public") the use; does nothing if it has it. */
extern void InterestGrantUse(const char *kind, const char *object, const char *role);

/* Takes back every grant on an object that is dropped. */
extern void InterestForgetGrants(const char *kind, const char *object);

/* Name of the current user, as owners are recorded. */
extern const char *InterestCurrentRole(void);

#endif

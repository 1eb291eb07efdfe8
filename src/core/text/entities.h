/*
 * entities.h
 *	  The named characters of HTML 4.
 */
#ifndef INTEREST_ENTITIES_H
#define INTEREST_ENTITIES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest name. */
#define INTEREST_ENTITY_NAME 8

/* The character of a name such as "amp", 0 if there is none of that name. */
extern uint32_t InterestEntity(const char *name, size_t length);

#endif

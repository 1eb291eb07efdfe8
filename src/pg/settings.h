/*
 * settings.h
 *	  The extension's settings.
 */
#ifndef INTEREST_SETTINGS_H
#define INTEREST_SETTINGS_H

#include "core/kernel/kernel.h"

extern char *interest_model_setting;	/* interest.model; "" when unset */
extern int	interest_encode_cache;	/* interest.encode_cache, kB */
extern int	interest_encode_ahead;	/* interest.encode_ahead, rows */
extern int	interest_shared_cache;	/* interest.shared_cache, kB */
extern int	interest_model_cache;	/* interest.model_cache, kB */

/* The kernel that interest.kernel names, chosen once. */
extern const InterestKernel *InterestCurrentKernel(void);

extern void InterestDefineSettings(void);

#endif

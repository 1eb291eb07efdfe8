/*
 * layout.h
 *	  Inside the model: where parameters lie, for the image.
 */
#ifndef INTEREST_MODEL_LAYOUT_H
#define INTEREST_MODEL_LAYOUT_H

#include "core/model/model.h"

/*
 * Sizes and the table of blocks for a specification within its limits.  The
 * blocks of the first sections do not depend on the interests.
 */
extern void InterestModelLayOut(InterestModel *model, InterestArena *arena);

/* The parameters of a section are those from "from" up to "to". */
extern void InterestModelSection(const InterestModel *model, InterestSection section,
								 size_t *from, size_t *to);

#endif

/*
 * model_files.h
 *	  Files of a directory of the server, read as data that may be hostile.
 */
#ifndef INTEREST_MODEL_FILES_H
#define INTEREST_MODEL_FILES_H

#include "pg/json.h"

typedef struct InterestModelFile
{
	const char *name;			/* within the directory, as errors name it */
	char	   *bytes;			/* a zero byte follows */
	Size		size;
} InterestModelFile;

/* The directory without links and dots; an error if it is none. */
extern char *InterestModelDirectory(const char *directory);

/* Joins folder ("" is the directory itself) and file to a name. */
extern const char *InterestModelFileName(const char *folder, const char *file);

/* Anything of that name, readable or not. */
extern bool InterestModelFileExists(const char *directory, const char *name);

/*
 * Reads a regular file of at most limit bytes into the current memory context.
 * False when there is none of that name, true or an error otherwise.
 */
extern bool InterestModelFileRead(const char *directory, const char *name, int64 limit,
								  InterestModelFile *file);
extern bool InterestModelFileReadJson(const char *directory, const char *name, int64 limit,
									  InterestJson *json);

#endif

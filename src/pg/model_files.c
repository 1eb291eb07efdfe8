/*
 * model_files.c
 *	  Files of a directory of the server, read as data that may be hostile.
 */
#include "pg/compat.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "pg/model_files.h"

/* Bytes read between two looks for a cancel. */
#define READ_SIZE (4 * 1024 * 1024)

char *
InterestModelDirectory(const char *directory)
{
	char		path[PATH_MAX];
	struct stat status;

	if (!is_absolute_path(directory))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not an absolute path", directory),
				 errhint("Name the directory from the root of the server's file system.")));
	if (realpath(directory, path) == NULL || stat(path, &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read directory \"%s\": %m", directory),
				 errhint("It must be on the server's machine, readable by the server's user.")));
	if (!S_ISDIR(status.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a directory", directory),
				 errhint("Name the directory that holds config.json.")));
	return pstrdup(path);
}

const char *
InterestModelFileName(const char *folder, const char *file)
{
	return folder[0] ? psprintf("%s/%s", folder, file) : file;
}

bool
InterestModelFileExists(const char *directory, const char *name)
{
	return access(psprintf("%s/%s", directory, name), F_OK) == 0;
}

/*
 * Opens a regular file; -1 if there is none of that name.  Links are followed
 * (a download cache is made of them).  O_NONBLOCK, so that a pipe put there does
 * not hold up the session.
 */
static int
OpenFile(const char *directory, const char *name, struct stat *status)
{
	char	   *path = psprintf("%s/%s", directory, name);
	int			file = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);

	if (file < 0 && errno == ENOENT)
		return -1;
	if (file < 0 || fstat(file, status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\": %m", name),
				 errdetail_log("Its path is \"%s\".", path)));
	if (!S_ISREG(status->st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a regular file", name),
				 errdetail_log("Its path is \"%s\".", path)));
	return file;
}

static void
ReadAll(int descriptor, InterestModelFile *file)
{
	for (Size done = 0; done < file->size;)
	{
		ssize_t		got;

		CHECK_FOR_INTERRUPTS();
		got = read(descriptor, file->bytes + done, Min(file->size - done, READ_SIZE));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			ereport(ERROR,
					(got < 0 ? errcode_for_file_access() : errcode(ERRCODE_DATA_CORRUPTED),
					 got < 0 ? errmsg("could not read file \"%s\": %m", file->name)
					 : errmsg("could not read file \"%s\": it became shorter meanwhile", file->name)));
		done += got;
	}
}

bool
InterestModelFileRead(const char *directory, const char *name, int64 limit, InterestModelFile *file)
{
	struct stat status;
	int			descriptor = OpenFile(directory, name, &status);

	if (descriptor < 0)
		return false;
	if (status.st_size > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("file \"%s\" is too large", name),
				 errdetail("It has " INT64_FORMAT " bytes; the limit is " INT64_FORMAT ".",
						   (int64) status.st_size, limit)));
	file->name = name;
	file->size = status.st_size;
	/* Huge: the weights of large encoders pass 1 GB. */
	file->bytes = MemoryContextAllocHuge(CurrentMemoryContext, file->size + 1);
	ReadAll(descriptor, file);
	file->bytes[file->size] = '\0';
	if (CloseTransientFile(descriptor) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close file \"%s\": %m", name)));
	return true;
}

bool
InterestModelFileReadJson(const char *directory, const char *name, int64 limit, InterestJson *json)
{
	InterestModelFile file;

	if (!InterestModelFileRead(directory, name, limit, &file))
		return false;
	*json = InterestJsonParse(file.bytes, file.size, name, ERRCODE_CONFIG_FILE_ERROR);
	pfree(file.bytes);
	return true;
}

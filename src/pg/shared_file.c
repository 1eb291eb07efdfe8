/*
 * shared_file.c
 *	  Files among the server's temporary ones that backends map together.
 */
#include "pg/compat.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file_perm.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"

#include "pg/shared_file.h"

/* Relative to the data directory, where every backend is. */
#define DIRECTORY "base/" PG_TEMP_FILES_DIR
#define PREFIX PG_TEMP_FILE_PREFIX "_interest."

/*
 * Bytes written between two looks for a cancel, and at multiples of this, so
 * that a kernel that can keeps the file in huge pages: a new session then maps
 * 40 MB in 0.1 ms, not in 2 to 7 (Linux 6.18, ext4).
 */
#define STEP ((Size) 4 * 1024 * 1024)

#define LOCK_SECONDS 10
#define LOCK_POLL_MS 5

#define SWEEP_SECONDS (24 * 60 * 60)

static void
MakePath(char *path, const char *name)
{
	snprintf(path, MAXPGPATH, DIRECTORY "/" PREFIX "%s", name);
}

/*
 * Mapping
 */

/* Maps size bytes of an open file, 0: all. */
static bool
MapDescriptor(int descriptor, int protection, Size size, InterestSharedFile *file)
{
	struct stat status;
	void	   *base;

	if (fstat(descriptor, &status) != 0)
		return false;
	if (!S_ISREG(status.st_mode) || status.st_size <= 0 || (Size) status.st_size < size)
	{
		errno = EINVAL;
		return false;
	}
	file->mapped = size > 0 ? size : (Size) status.st_size;
	base = mmap(NULL, file->mapped, protection, MAP_SHARED, descriptor, 0);
	if (base == MAP_FAILED)
		return false;
	file->base = base;
	file->size = status.st_size;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	/* The time of modification says when a file was last needed; no matter if it cannot. */
	(void) futimens(descriptor, NULL);
	return true;
}

bool
InterestSharedFileMap(const char *name, InterestSharedFile *file)
{
	char		path[MAXPGPATH];
	int			descriptor;
	bool		mapped;
	int			error;

	file->base = NULL;
	file->descriptor = -1;
	MakePath(path, name);
	descriptor = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (descriptor < 0)
		return false;
	mapped = MapDescriptor(descriptor, PROT_READ, 0, file);
	error = errno;
	CloseTransientFile(descriptor);
	errno = error;
	return mapped;
}

/* The descriptor outlives transactions, so the server is told of it. */
bool
InterestSharedFileMapWritable(const char *name, Size size, InterestSharedFile *file)
{
	char		path[MAXPGPATH];
	int			error;

	file->base = NULL;
	file->descriptor = -1;
	MakePath(path, name);
	if (!AcquireExternalFD())
		return false;
	file->descriptor = BasicOpenFile(path, O_RDWR | PG_BINARY);
	if (file->descriptor >= 0 && MapDescriptor(file->descriptor, PROT_READ | PROT_WRITE, size, file))
		return true;
	error = errno;
	if (file->descriptor >= 0)
		(void) close(file->descriptor);
	file->descriptor = -1;
	ReleaseExternalFD();
	errno = error;
	return false;
}

void
InterestSharedFileUnmap(InterestSharedFile *file)
{
	if (file->base == NULL)
		return;
	(void) munmap(file->base, file->mapped);
	file->base = NULL;
	if (file->descriptor < 0)
		return;
	(void) close(file->descriptor);
	file->descriptor = -1;
	ReleaseExternalFD();
}

bool
InterestSharedFileRead(const InterestSharedFile *file, Size offset, void *bytes, Size size)
{
	return pread(file->descriptor, bytes, size, offset) == (ssize_t) size;
}

bool
InterestSharedFileWrite(const InterestSharedFile *file, Size offset, const void *bytes, Size size)
{
	return pwrite(file->descriptor, bytes, size, offset) == (ssize_t) size;
}

bool
InterestSharedFileIsCurrent(const char *name, const InterestSharedFile *file)
{
	char		path[MAXPGPATH];
	struct stat status;

	MakePath(path, name);
	return stat(path, &status) == 0 &&
		status.st_dev == file->device && status.st_ino == file->inode;
}

/*
 * Making
 */

/* Opens what may lie in a directory that is yet to be made. */
static int
OpenInDirectory(const char *path, int flags)
{
	int			descriptor = OpenTransientFilePerm(path, flags, S_IRUSR | S_IWUSR);

	if (descriptor < 0 && errno == ENOENT)
	{
		(void) MakePGDirectory(DIRECTORY);
		descriptor = OpenTransientFilePerm(path, flags, S_IRUSR | S_IWUSR);
	}
	return descriptor;
}

static bool
WriteBytes(int descriptor, const char *bytes, Size size, Size offset)
{
	while (size > 0)
	{
		ssize_t		written;

		CHECK_FOR_INTERRUPTS();
		errno = 0;
		written = pwrite(descriptor, bytes, Min(size, STEP - offset % STEP), offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			if (errno == 0)
				errno = ENOSPC;
			return false;
		}
		bytes += written;
		size -= written;
		offset += written;
	}
	return true;
}

static bool
WriteZeros(int descriptor, Size size)
{
	static const char zeros[64 * 1024];

	for (Size done = 0; done < size; done += sizeof(zeros))
		if (!WriteBytes(descriptor, zeros, Min(size - done, sizeof(zeros)), done))
			return false;
	return true;
}

/*
 * The disk's blocks for the whole file: a store into a mapped hole of a full
 * disk would end every session of the server.
 */
static bool
AllocateBlocks(int descriptor, Size size)
{
	int			error = EOPNOTSUPP;

#ifdef HAVE_POSIX_FALLOCATE
	do
	{
		CHECK_FOR_INTERRUPTS();
		error = posix_fallocate(descriptor, 0, size);
	} while (error == EINTR);
#endif
	if (error == EOPNOTSUPP || error == EINVAL || error == ENOSYS)
		return WriteZeros(descriptor, size);
	errno = error;
	return error == 0;
}

static bool
WriteNew(const char *path, Size size, const InterestSharedFilePart *parts, int count)
{
	int			descriptor = OpenInDirectory(path, O_RDWR | O_CREAT | O_TRUNC | PG_BINARY);
	bool		whole;
	int			error;

	if (descriptor < 0)
		return false;
	whole = AllocateBlocks(descriptor, size);
	for (int i = 0; i < count && whole; i++)
		whole = WriteBytes(descriptor, parts[i].bytes, parts[i].size, parts[i].offset);
	error = errno;
#ifdef HAVE_SYNC_FILE_RANGE
	/* Begun early, not waited for: pages yet to be written count as memory of who maps them. */
	(void) sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
	if (CloseTransientFile(descriptor) != 0 && whole)
		return false;
	errno = error;
	return whole;
}

static void
RemoveNew(int code, Datum path)
{
	(void) unlink(DatumGetCString(path));
}

/* The file under way has the name of this process in its own, and no other writes it. */
bool
InterestSharedFileMake(const char *name, Size size,
					   const InterestSharedFilePart *parts, int count)
{
	char		path[MAXPGPATH];
	char		new_path[MAXPGPATH];
	bool		written;

	MakePath(path, name);
	snprintf(new_path, sizeof(new_path), "%s.%d", path, MyProcPid);
	PG_ENSURE_ERROR_CLEANUP(RemoveNew, CStringGetDatum(new_path));
	{
		written = WriteNew(new_path, size, parts, count) && rename(new_path, path) == 0;
	}
	PG_END_ENSURE_ERROR_CLEANUP(RemoveNew, CStringGetDatum(new_path));
	if (!written)
	{
		int			error = errno;

		(void) unlink(new_path);
		errno = error;
	}
	return written;
}

/*
 * All files
 */

typedef void (*VisitFile) (const char *path, const struct stat *status, void *context);

/* Called when a transaction has just ended, too: raises no error. */
static void
VisitFiles(const char *beginning, VisitFile visit, void *context)
{
	DIR		   *directory = opendir(DIRECTORY);
	char		prefix[MAXPGPATH];
	struct dirent *file;

	if (directory == NULL)
		return;
	snprintf(prefix, sizeof(prefix), PREFIX "%s", beginning);
	while ((file = readdir(directory)) != NULL)
	{
		char		path[MAXPGPATH];
		struct stat status;

		if (strncmp(file->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof(path), DIRECTORY "/%s", file->d_name);
		if (lstat(path, &status) == 0)
			visit(path, &status, context);
	}
	(void) closedir(directory);
}

static void
Remove(const char *path, const struct stat *status, void *context)
{
	(void) unlink(path);
}

void
InterestSharedFilesRemove(const char *beginning)
{
	VisitFiles(beginning, Remove, NULL);
}

static void
RemoveOld(const char *path, const struct stat *status, void *context)
{
	if (status->st_mtime < *(time_t *) context)
		(void) unlink(path);
}

void
InterestSharedFilesSweep(void)
{
	time_t		limit = time(NULL) - SWEEP_SECONDS;

	VisitFiles("", RemoveOld, &limit);
}

typedef struct Tally
{
	int			count;
	uint64		size;
} Tally;

static void
AddToTally(const char *path, const struct stat *status, void *context)
{
	Tally	   *tally = context;

	tally->count++;
	tally->size += status->st_size;
}

void
InterestSharedFilesCount(const char *beginning, int *count, uint64 *size)
{
	Tally		tally = {0, 0};

	VisitFiles(beginning, AddToTally, &tally);
	*count = tally.count;
	*size = tally.size;
}

/*
 * The lock
 *
 * It is one of the operating system on the directory, so that it ends with the
 * process that holds it, needs no shared memory, and keeps parallel workers
 * from each other, which the server's locks do not.
 */
int
InterestSharedFilesLock(void)
{
	int			lock = OpenInDirectory(DIRECTORY, O_RDONLY);

	if (lock < 0)
		return lock;
	for (int waited = 0; waited < LOCK_SECONDS * 1000; waited += LOCK_POLL_MS)
	{
		if (flock(lock, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR))
			break;
		pgstat_report_wait_start(PG_WAIT_EXTENSION);
		pg_usleep(LOCK_POLL_MS * 1000L);
		pgstat_report_wait_end();
		CHECK_FOR_INTERRUPTS();
	}
	return lock;
}

void
InterestSharedFilesUnlock(int lock)
{
	if (lock >= 0)
		CloseTransientFile(lock);
}

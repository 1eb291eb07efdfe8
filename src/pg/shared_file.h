/*
 * shared_file.h
 *	  Files among the server's temporary ones that backends map together.
 *
 * They lie in base/pgsql_tmp under the server's own prefix: it removes them when
 * it starts and after a crash, and base backups leave them out.  A file gets its
 * name when it is whole and never changes its size, so no mapping meets its
 * end; one that is replaced or removed lives on for those who have it mapped.
 *
 * Functions that return false have set errno, and have left nothing behind.
 */
#ifndef INTEREST_SHARED_FILE_H
#define INTEREST_SHARED_FILE_H

#include <sys/types.h>

/* Room for the longest name, the part that tells one file from another. */
#define INTEREST_SHARED_NAME_SIZE 128

typedef struct InterestSharedFile
{
	void	   *base;			/* NULL: not mapped */
	Size		mapped;			/* bytes of it, from the start */
	Size		size;			/* bytes of the whole file */
	int			descriptor;		/* while mapped for writing; else -1 */
	dev_t		device;			/* with inode: which file this is */
	ino_t		inode;
} InterestSharedFile;

/* Bytes of a new file; what no part holds is zero. */
typedef struct InterestSharedFilePart
{
	const void *bytes;
	Size		size;
	Size		offset;
} InterestSharedFilePart;

/*
 * Maps a whole file for reading, or the first size bytes of a file that has at
 * least so many for writing; the latter can be read and written behind them, too.
 */
extern bool InterestSharedFileMap(const char *name, InterestSharedFile *file);
extern bool InterestSharedFileMapWritable(const char *name, Size size, InterestSharedFile *file);
extern void InterestSharedFileUnmap(InterestSharedFile *file);

extern bool InterestSharedFileRead(const InterestSharedFile *file, Size offset, void *bytes, Size size);
extern bool InterestSharedFileWrite(const InterestSharedFile *file, Size offset, const void *bytes, Size size);

/* Whether the name still stands for the file that is mapped. */
extern bool InterestSharedFileIsCurrent(const char *name, const InterestSharedFile *file);

/*
 * Makes or replaces a file of that size, all of it allocated on disk.  Can be
 * cancelled.
 */
extern bool InterestSharedFileMake(const char *name, Size size,
								   const InterestSharedFilePart *parts, int count);

/* Removes all files whose names begin so; raises no error. */
extern void InterestSharedFilesRemove(const char *beginning);

/*
 * Removes the files that no backend has mapped anew for a day: of encoders that
 * were dropped with their database or extension, or on the primary.  A backend
 * that has one mapped keeps it, and one that needs it makes it again.
 */
extern void InterestSharedFilesSweep(void);

/* How many files have names that begin so, and their bytes. */
extern void InterestSharedFilesCount(const char *beginning, int *count, uint64 *size);

/*
 * Whoever makes a file that others may be about to make takes this lock first,
 * so that they wait and map it instead.  It saves work and nothing depends on
 * it: a wait of LOCK_SECONDS, or a file system without locks, ends without.
 * Released also when the transaction ends.
 */
extern int	InterestSharedFilesLock(void);
extern void InterestSharedFilesUnlock(int lock);

#endif

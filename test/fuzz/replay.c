/*
 * replay.c
 *	  Runs a fuzzer over the files of a folder, without libFuzzer.
 *
 * Linked with one of the fuzzers, so that what they once found interesting is
 * tried by every compiler and in every run of the tests.  A finding aborts; the
 * last name printed is its file's.
 */
#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE (1 << 20)

static void
Replay(const char *folder, const char *name)
{
	char		path[4096];
	uint8_t    *data = malloc(MAX_SIZE);
	uint8_t    *exact;
	size_t		size;
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	printf("# %s\n", path);
	fflush(stdout);
	file = fopen(path, "rb");
	if (!CHECK(data != NULL && file != NULL))
		exit(1);
	size = fread(data, 1, MAX_SIZE, file);
	fclose(file);

	/* A block of this very size, so that a sanitizer sees a read past its end. */
	exact = malloc(size);
	for (size_t i = 0; i < size; i++)
		exact[i] = data[i];
	CHECK_INTEGER(LLVMFuzzerTestOneInput(exact, size), 0);
	free(exact);
	free(data);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		DIR		   *folder = opendir(argv[i]);
		struct dirent *entry;

		if (!CHECK(folder != NULL))
			continue;
		while ((entry = readdir(folder)) != NULL)
			if (entry->d_name[0] != '.')
				Replay(argv[i], entry->d_name);
		closedir(folder);
	}
	return CheckReport("corpus");
}

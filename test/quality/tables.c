/*
 * tables.c
 *	  Files of rows with tabs between their fields.
 */
#include "quality.h"

#include <stdio.h>
#include <string.h>

char *
CopyText(const char *text)
{
	size_t		size = strlen(text) + 1;

	return memcpy(InterestArenaAllocate(&arena, size), text, size);
}

InterestSpan
SpanOf(const char *text)
{
	InterestSpan span = {text, strlen(text)};

	return span;
}

static char *
ReadFile(const char *path)
{
	FILE	   *file = fopen(path, "rb");
	char	   *text;
	long		size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
	{
		fprintf(stderr, "cannot read %s\n", path);
		return NULL;
	}
	rewind(file);
	text = InterestArenaAllocate(&arena, (size_t) size + 1);
	text[fread(text, 1, (size_t) size, file)] = '\0';
	fclose(file);
	return text;
}

/* The next piece of *text, which is cut off at the separator; NULL at the end. */
static char *
NextPiece(char **text, char separator)
{
	char	   *piece = *text;
	char	   *end;

	if (piece == NULL || *piece == '\0')
		return NULL;
	end = strchr(piece, separator);
	*text = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return piece;
}

bool
ReadTable(const char *directory, const char *file, int fields, Table *table)
{
	char		path[4096];
	char	   *text;
	char	   *line;
	int			lines = 0;

	snprintf(path, sizeof(path), "%s%s%s", directory, *directory ? "/" : "", file);
	text = ReadFile(path);
	if (text == NULL)
		return false;
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	table->count = 0;
	table->lines = InterestArenaArray(&arena, char **, lines + 1);
	while ((line = NextPiece(&text, '\n')) != NULL)
	{
		char	  **field = InterestArenaArray(&arena, char *, fields);

		for (int i = 0; i < fields; i++)
		{
			char	   *end = strchr(line, '\t');

			field[i] = line;
			if (end)
				*end = '\0';
			line = end ? end + 1 : line + strlen(line);
		}
		table->lines[table->count++] = field;
	}
	return true;
}

int
Cut(char *text, char separator, InterestSpan **spans)
{
	int			count = 0;
	char	   *piece;

	*spans = InterestArenaArray(&arena, InterestSpan, strlen(text) / 2 + 1);
	while ((piece = NextPiece(&text, separator)) != NULL)
		(*spans)[count++] = SpanOf(piece);
	return count;
}

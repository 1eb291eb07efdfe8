/*
 * quality.h
 *	  Real rows for measuring what training makes of them, without a server.
 */
#ifndef QUALITY_H
#define QUALITY_H

#include "core/training/training.h"

/* Rows as they are read from files, and what the model is made of. */
typedef struct QualityRows
{
	InterestTrainingDefinition definition;
	InterestTrainingRow *rows;
	int			count;
	int			sentence_count;
	InterestSpan *sentences;	/* (sentence_count): distinct texts */
} QualityRows;

/* Fields of a line, cut at tabs; NULL and a message to stderr where a file cannot be read. */
typedef struct Table
{
	int			count;
	char	 ***lines;			/* (count): fields, as many as asked for */
} Table;

extern InterestArena arena;		/* keeps everything */

extern char *CopyText(const char *text);
extern InterestSpan SpanOf(const char *text);
extern bool ReadTable(const char *directory, const char *file, int fields, Table *table);

/* The spans of a text cut at a separator. */
extern int	Cut(char *text, char separator, InterestSpan **spans);

/*
 * MovieLens 100K (https://grouplens.org/datasets/movielens/100k/) in RecBole's
 * files: ml-100k.inter, .item and .user. Task: the genres of the next film.
 */
extern bool ReadMovieLens(const char *directory, QualityRows *rows);

/*
 * 20 Newsgroups by author: user, fold, time, message, thread, interest, subject
 * and body, cut at tabs. Task: the newsgroup most of an author's posts are in,
 * or that of the next one, where the groups of earlier posts are a feature.
 */
extern bool ReadNewsgroups(const char *file, InterestTask task, QualityRows *rows);

/*
 * The encoder's vectors of the texts (count, width); of random numbers keyed by
 * the text where directory is NULL. cache names a file that keeps them.
 */
extern float *EncodeTexts(const char *directory, const char *cache, const InterestSpan *texts,
						  int count, int *width);

#endif

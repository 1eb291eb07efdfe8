/*
 * movielens.c
 *	  MovieLens 100K as behaviour rows: the genres of the next film.
 */
#include "quality.h"

#include "core/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds from 1970 to 2000. */
#define EPOCH_DISTANCE INT64_C(946684800)
#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

enum
{
	INTER_USER, INTER_ITEM, INTER_RATING, INTER_TIME, INTER_FIELDS
};

enum
{
	ITEM_ID, ITEM_TITLE, ITEM_YEAR, ITEM_GENRES, ITEM_FIELDS
};

enum
{
	USER_ID, USER_AGE, USER_GENDER, USER_OCCUPATION, USER_FIELDS
};

#define MAX_ID 2000

typedef struct Film
{
	int			sentence;
	InterestSpan *genres;
	int			genre_count;
} Film;

static Film films[MAX_ID];
static char **users[MAX_ID];

static int
IdOf(const char *text)
{
	int			id = atoi(text);

	return id > 0 && id < MAX_ID ? id : 0;
}

static void
ReadFilms(const Table *items, QualityRows *rows)
{
	rows->sentences = InterestArenaArray(&arena, InterestSpan, items->count);
	for (int i = 1; i < items->count; i++)
	{
		char	  **item = items->lines[i];
		Film	   *film = &films[IdOf(item[ITEM_ID])];
		char		text[512];

		snprintf(text, sizeof(text), "%s (%s)", item[ITEM_TITLE], item[ITEM_YEAR]);
		film->sentence = rows->sentence_count;
		film->genre_count = Cut(item[ITEM_GENRES], ' ', &film->genres);
		rows->sentences[rows->sentence_count++] = SpanOf(CopyText(text));
	}
}

static void
ReadRating(char **rating, InterestTrainingRow *row)
{
	static const char *const kinds[] = {"dislike", "dislike", "view", "like", "like"};
	const Film *film = &films[IdOf(rating[INTER_ITEM])];
	char	  **user = users[IdOf(rating[INTER_USER])];
	InterestValues *categoricals = InterestArenaArray(&arena, InterestValues, 3);
	InterestSpan *single = InterestArenaArray(&arena, InterestSpan, 2);
	double	   *numerics = InterestArenaArray(&arena, double, 1);
	int			stars = atoi(rating[INTER_RATING]);

	numerics[0] = atof(user[USER_AGE]);
	single[0] = SpanOf(user[USER_GENDER]);
	single[1] = SpanOf(user[USER_OCCUPATION]);
	categoricals[0] = (InterestValues) {1, &single[0]};
	categoricals[1] = (InterestValues) {1, &single[1]};
	categoricals[2] = (InterestValues) {film->genre_count, film->genres};
	*row = (InterestTrainingRow) {
		.behaviour = {
			.has_time = true,
			.time = (atoll(rating[INTER_TIME]) - EPOCH_DISTANCE) * SECOND,
			.kind = SpanOf(kinds[(stars - 1) % 5]),
			.numerics = numerics,
			.categoricals = categoricals
		},
		.sentence = film->sentence,
		.hash = InterestHash64(rating[INTER_ITEM], strlen(rating[INTER_ITEM]), (uint64_t) stars),
		.user = SpanOf(rating[INTER_USER]),
		.labels = film->genres,
		.label_count = film->genre_count
	};
}

bool
ReadMovieLens(const char *directory, QualityRows *rows)
{
	static const InterestSpan kind_names[] = {{"dislike", 7}, {"like", 4}, {"view", 4}};
	static const InterestKind kinds[] = {{1.0, true}, {2.0, false}, {1.0, false}};
	Table		ratings;
	Table		items;
	Table		people;

	if (!ReadTable(directory, "ml-100k.inter", INTER_FIELDS, &ratings) ||
		!ReadTable(directory, "ml-100k.item", ITEM_FIELDS, &items) ||
		!ReadTable(directory, "ml-100k.user", USER_FIELDS, &people))
		return false;
	*rows = (QualityRows) {
		.definition = {
			.dimensions = 64, .half_life = {180 * DAY, 14 * DAY, DAY},
			.kind_names = {3, kind_names}, .kinds = kinds,
			.text_count = 1, .numeric_count = 1, .categorical_count = 3,
			.task = INTEREST_TASK_NEXT, .several = true
		}
	};
	ReadFilms(&items, rows);
	for (int i = 1; i < people.count; i++)
		users[IdOf(people.lines[i][USER_ID])] = people.lines[i];
	rows->rows = InterestArenaArray(&arena, InterestTrainingRow, ratings.count);
	for (int i = 1; i < ratings.count; i++)
		ReadRating(ratings.lines[i], &rows->rows[rows->count++]);
	return true;
}

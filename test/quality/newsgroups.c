/*
 * newsgroups.c
 *	  20 Newsgroups by author as behaviour rows.
 */
#include "quality.h"

#include "core/base/hash.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

enum
{
	POST_USER, POST_FOLD, POST_TIME, POST_MESSAGE, POST_THREAD, POST_INTEREST, POST_SUBJECT,
	POST_BODY, POST_FIELDS
};

/* Days from 2000-01-01, by the civil calendar (years from March on). */
static int64_t
DaysOf(int year, int month, int day)
{
	int64_t		y = month > 2 ? year : year - 1;
	int64_t		m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 730425;
}

/* 1993-04-05T12:30:00... in UTC */
static bool
TimeOf(const char *text, int64_t *time)
{
	int			year,
				month,
				day,
				hour,
				minute,
				second;
	char		between;

	if (sscanf(text, "%d-%d-%d%c%d:%d:%d", &year, &month, &day, &between, &hour, &minute, &second) != 7)
		return false;
	*time = DaysOf(year, month, day) * DAY + (hour * INT64_C(3600) + minute * 60 + second) * SECOND;
	return true;
}

/* COPY's escapes of white space become spaces; the encoder does not tell them apart. */
static void
Unescape(char *text)
{
	char	   *to = text;

	for (; *text; text++)
	{
		if (text[0] == '\\' && text[1])
		{
			text++;
			*to++ = strchr("ntr", *text) ? ' ' : *text;
		}
		else
			*to++ = *text;
	}
	*to = '\0';
}

bool
ReadNewsgroups(const char *file, InterestTask task, QualityRows *rows)
{
	Table		posts;

	if (!ReadTable("", file, POST_FIELDS, &posts))
		return false;
	*rows = (QualityRows) {
		.definition = {
			.dimensions = 64, .half_life = {180 * DAY, 14 * DAY, DAY}, .text_count = 2,
			.categorical_count = task == INTEREST_TASK_NEXT, .task = task
		}
	};
	rows->rows = InterestArenaArray(&arena, InterestTrainingRow, posts.count);
	rows->sentences = InterestArenaArray(&arena, InterestSpan, posts.count);
	for (int i = 0; i < posts.count; i++)
	{
		char	  **post = posts.lines[i];
		size_t		size = strlen(post[POST_SUBJECT]) + strlen(post[POST_BODY]) + 2;
		char	   *text = InterestArenaAllocate(&arena, size);
		InterestSpan *label = InterestArenaNew(&arena, InterestSpan);
		InterestValues *past = InterestArenaNew(&arena, InterestValues);
		int64_t		time = 0;

		snprintf(text, size, "%s\n%s", post[POST_SUBJECT], post[POST_BODY]);
		Unescape(text);
		*label = SpanOf(post[POST_INTEREST]);
		*past = (InterestValues) {1, label};
		rows->sentences[i] = SpanOf(text);
		rows->rows[i] = (InterestTrainingRow) {
			.behaviour = {.has_time = TimeOf(post[POST_TIME], &time)},
			.sentence = i,
			.hash = InterestHash64(post[POST_MESSAGE], strlen(post[POST_MESSAGE]), 0),
			.user = SpanOf(post[POST_USER]), .labels = label, .label_count = 1
		};
		rows->rows[i].behaviour.time = time;
		rows->rows[i].behaviour.categoricals = past;
	}
	rows->count = posts.count;
	rows->sentence_count = posts.count;
	return true;
}

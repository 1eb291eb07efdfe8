ANALYZE behaviour;
CREATE TABLE naming AS SELECT array_agg(line) AS names FROM regexp_split_to_table(:'names', E'\n') line WHERE line <> '';

-- The messages in the order of their user.
CREATE TABLE post AS
	SELECT *, row_number() OVER w AS n, count(*) OVER (PARTITION BY "user") AS posts
	FROM behaviour WINDOW w AS (PARTITION BY "user" ORDER BY posted_at, message);

-- The interest most of a user's messages have; of several, the one met first.
CREATE TABLE dominant AS
	SELECT DISTINCT ON ("user") "user", actual
	FROM (SELECT "user", interest AS actual, count(*) AS times, min(n) AS first FROM post GROUP BY "user", interest) x
	ORDER BY "user", times DESC, first;

-- What is asked of each task, a line for each message that the answer may use.
CREATE TABLE question AS
	SELECT fold, 'row' AS task, "user", message AS id, interest AS actual, message FROM post
	UNION ALL
	SELECT fold, 'unseen thread', "user", message, interest, message FROM post p
	WHERE NOT EXISTS (SELECT FROM behaviour b WHERE b.thread = p.thread AND b.fold <> p.fold)
	UNION ALL
	SELECT fold, task, "user", "user", actual, message
	FROM post JOIN dominant USING ("user"),
		(VALUES ('everybody', 1, NULL), ('dominant', 3, NULL), ('first 1', 3, 1), ('first 2', 3, 2), ('first 3', 3, 3), ('first 5', 3, 5))
			t (task, least, first)
	WHERE posts >= least AND (first IS NULL OR n <= first)
	UNION ALL
	SELECT fold, 'next', "user", "user", l.interest, p.message
	FROM post p JOIN (SELECT "user", interest FROM post WHERE n = posts) l USING ("user")
	WHERE n < posts AND posts >= 3;
ANALYZE;

--
-- search.sql - what interest does to a search: MovieLens 100K.
--
-- On the server that make demo has started:
--
--	test/server.sh psql /tmp/interest-demo-$(id -un) -d interest_demo -f test/bench/search.sql
--
-- The first 80 % of each person's ratings are history, from which a model of
-- titles and genres learns what film comes next; relevant is what they rate 4 or
-- more later.  600 times somebody searches "Comedy films" or another genre that
-- they like later, among films that they have not rated: NDCG@10 of those that
-- they will like, of that genre.  And 200 times somebody searches a film by its
-- title without year and first word: the mean reciprocal rank of that film.
--
\set QUIET on
\pset footer off
SET client_min_messages = warning;
CREATE SCHEMA search_bench;
SET search_path = search_bench, public;

CREATE TABLE ranked AS SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY seconds, film_id) <= floor(0.8 * count(*) OVER (PARTITION BY user_id)) AS past FROM rating;
CREATE INDEX ON ranked (user_id);
CREATE TABLE item AS SELECT film_id, title || coalesce(' (' || year || ')', '') AS title, replace(genres, ' ', ', ') AS genre,
	(SELECT count(*) FROM ranked r WHERE r.film_id = f.film_id AND past AND stars >= 4) AS likes FROM film f;
ALTER TABLE item ADD PRIMARY KEY (film_id);
CREATE VIEW history AS SELECT user_id, film_id, to_timestamp(seconds) AS rated_at, title, genre,
	CASE WHEN stars >= 4 THEN 'like' WHEN stars >= 3 THEN 'view' ELSE 'dislike' END AS action FROM ranked JOIN item USING (film_id) WHERE past;
ANALYZE;
SELECT interest_create_model('search_bench', 'history', encoder => 'minilm', user_id => 'user_id', at => 'rated_at', texts => '{title,genre}', kind => 'action', categoricals => '{film_id}', label => 'film_id', task => 'next_item') \g /dev/null
SELECT count(*) FROM interest_train('search_bench') \g /dev/null

CREATE TABLE genre_search AS SELECT user_id, g AS genre, array_agg(film_id::text) AS liked FROM ranked JOIN item USING (film_id), unnest(string_to_array(genre, ', ')) g
	WHERE NOT past AND stars >= 4 AND g <> 'unknown' GROUP BY 1, 2 ORDER BY md5(user_id || g) LIMIT 600;
CREATE TABLE title_search AS SELECT film_id::text AS film, regexp_replace(regexp_replace(title, ' \(\d+\)$', ''), '^\S+ ', '') AS title, (row_number() OVER (ORDER BY md5(title)) * 4)::int AS user_id
	FROM item WHERE title ~ ' .* ' ORDER BY md5(title) LIMIT 200;

CREATE FUNCTION ndcg(amount float8) RETURNS numeric LANGUAGE sql AS $$
	SELECT round(avg(coalesce(gain, 0) / ideal)::numeric, 3) FROM genre_search s, LATERAL (SELECT sum(1 / ln(n + 1)) FILTER (WHERE item_id = ANY (liked)) AS gain
		FROM interest_search(s.user_id, genre || ' films', 10, 'search_bench', amount, exclude_seen => true) WITH ORDINALITY f(item_id, score, similarity, interest, n)) x,
		LATERAL (SELECT sum(1 / ln(n + 1)) AS ideal FROM generate_series(1, least(10, cardinality(liked))) n) y $$;
CREATE FUNCTION reciprocal(amount float8) RETURNS numeric LANGUAGE sql AS $$
	SELECT round(avg(coalesce((SELECT 1.0 / n FROM interest_search(s.user_id, s.title, 100, 'search_bench', amount) WITH ORDINALITY f(item_id, score, similarity, interest, n) WHERE item_id = film), 0)), 3) FROM title_search s $$;
CREATE TABLE figure (texts boolean, popular boolean, amount float8, genres numeric, titles numeric);
CREATE PROCEDURE measure(texts boolean, popular boolean, amounts float8[]) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM interest_set_catalogue('search_bench', 'item', 'film_id', seen => 'film_id', popularity => 'likes', popularity_weight => CASE WHEN popular THEN 0.05 ELSE 0 END, search => texts);
	INSERT INTO figure SELECT texts, popular, a, ndcg(a), reciprocal(a) FROM unnest(amounts) a;
END $$;
CALL measure(true, true, '{0,0.2,0.4,0.6}');
CALL measure(true, false, '{0.2,0.4,0.6}');
CALL measure(false, true, '{0,0.2,0.4,0.6}');
SELECT CASE WHEN texts THEN 'encoder (search => true)' ELSE 'row network' END AS "vectors compared",
	CASE WHEN amount = 0 THEN 'none' WHEN popular THEN 'with popularity' ELSE 'alone' END AS interest, amount AS weight, genres AS "NDCG@10 of genres", titles AS "MRR of titles"
FROM figure ORDER BY texts DESC, popular DESC, amount;
SELECT interest_drop_model('search_bench') \g /dev/null
DROP SCHEMA search_bench CASCADE;

-- Searching: the same as mixing similarity and interest in SQL; users of whom
-- nothing is known, filters, changes, rights, wrong input.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
CREATE TABLE bought (person int, at timestamptz, book text, title text, topic text);
INSERT INTO bought
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5), 'b' || (p * 7 + i * 3) % 90,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p * 7 + i * 3) % 3 + 1] || ' ' || (p * 7 + i * 3) % 9,
	(ARRAY['music', 'sport', 'science'])[(p * 7 + i * 3) % 3 + 1]
FROM generate_series(1, 60) p, generate_series(1, 8) i;
CREATE TABLE book (book text PRIMARY KEY, title text, year int, sold real, topic text);
INSERT INTO book SELECT 'b' || f, (ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[f % 3 + 1] || ' ' || f % 9 || ' ' || f, 1950 + f % 70, f % 17, 'music'
FROM generate_series(1, 600) f;
INSERT INTO book VALUES ('blank', NULL, 2000, 1000, NULL), ('none', ' ', 2000, 1000, NULL);
SELECT interest_create_model('bare', 'bought', user_id => 'person', at => 'at', texts => '{title}',
	label => 'topic', task => 'next', options => '{"dimensions": 8, "sentences": false, "clean": ["html"]}');
SELECT interest_load_encoder('store', :'tiny' || '/tiny');
SELECT interest_create_model('store', 'bought', encoder => 'store', user_id => 'person', at => 'at', texts => '{title}',
	label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('store', epochs => 3);
SELECT * FROM interest_search(7, 'music', 3, 'store');
SELECT interest_set_catalogue('store', 'book', 'book', popularity => 'sold', popularity_weight => 0.3, search => true);
SELECT count(*), count(text_vector) AS texts, bool_and(cardinality(text_vector) = 32 OR text_vector IS NULL) AS width,
	bool_and(text_vector IS NOT DISTINCT FROM interest_encode_item('store', b)) AS same, bool_and(text_vector = interest_encode(b.title, 'store')) AS encoded
FROM interest_store_items JOIN book b ON book = item_id;

-- every item by itself
CREATE FUNCTION cosine(a real[], b real[]) RETURNS float8 LANGUAGE sql AS $$ SELECT sum(x::float8 * y) / sqrt(sum(x::float8 * x) * sum(y::float8 * y)) FROM unnest(a, b) u(x, y) $$;
CREATE FUNCTION mixed(person int, query real[], weight float8, condition text, OUT item_id text, OUT score float8, OUT similarity float8, OUT interest float8) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE format($q$
	WITH reading AS (SELECT interest_embed($1, 'store') AS r),
		one AS (SELECT i.item_id, cosine(CASE WHEN cardinality($2) = 16 THEN i.vector ELSE i.text_vector END, $2) AS s,
			interest_relevance(r, i.vector) + 0.3 * ln(1 + i.popularity::float8) AS t
			FROM reading, interest_store_items i JOIN book b ON b.book = i.item_id WHERE %s AND CASE WHEN cardinality($2) = 16 THEN i.vector ELSE i.text_vector END IS NOT NULL),
		z AS (SELECT one.item_id, s, t, (s - avg(s) OVER ()) / nullif(stddev_pop(s) OVER (), 0) AS zs, (t - avg(t) OVER ()) / nullif(stddev_pop(t) OVER (), 0) AS zt FROM one)
	SELECT z.item_id, CASE WHEN t IS NULL THEN coalesce(zs, 0) ELSE (1 - $3) * coalesce(zs, 0) + $3 * coalesce(zt, 0) END, s, t FROM z$q$, condition) USING person, query, weight; END $$;
CREATE FUNCTION differences(person int, query text, weight float8, filter text, OUT items bigint, OUT wrong bigint, OUT disorder bigint, OUT better bigint) LANGUAGE sql AS $$
	WITH a AS (SELECT row_number() OVER () AS n, * FROM interest_search(person, query, 40, 'store', weight, filter => filter)),
		q AS (SELECT CASE WHEN (SELECT search FROM interest_catalogues WHERE model = 'store') THEN interest_encode(query, 'store') ELSE interest_embed_item('store', r) END AS v
			FROM (SELECT query AS title) r),
		b AS (SELECT m.* FROM q, mixed(person, q.v, weight, coalesce(filter, 'true')) m)
	SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM a LEFT JOIN b USING (item_id) WHERE (abs(a.score - b.score) < 1e-3 AND abs(a.similarity - b.similarity) < 1e-5
			AND (abs(a.interest - b.interest) < 1e-5 OR a.interest IS NULL AND b.interest IS NULL)) IS NOT TRUE),
		(SELECT count(*) FROM (SELECT score, lag(score) OVER (ORDER BY n) AS before FROM a) x WHERE score > before),
		(SELECT count(*) FROM b WHERE item_id NOT IN (SELECT item_id FROM a) AND b.score > (SELECT min(score) FROM a) + 1e-3) $$;
SELECT w, (differences(p, q, w, f)).* FROM unnest('{0,0.4,1}'::float8[]) w, (VALUES (7, 'music of a robot', NULL), (8, 'sport', 'year > 1990'), (4711, 'travel by night', NULL)) v(p, q, f);

-- the same of vectors, where texts are not kept; what has changed is seen at once
SELECT interest_set_catalogue('store', 'book', 'book', popularity => 'sold', popularity_weight => 0.3);
SELECT count(text_vector) FROM interest_store_items;
SELECT w, (differences(p, q, w, f)).* FROM unnest('{0,0.4,1}'::float8[]) w, (VALUES (7, 'music of a robot', NULL), (8, 'sport', 'year > 1990'), (4711, 'travel by night', NULL)) v(p, q, f);
SELECT interest_set_catalogue('store', 'book', 'book', popularity => 'sold', popularity_weight => 0.3, search => true);
SELECT item_id FROM interest_search(7, 'the quiet sea of the old man', 1, 'store', 0);
UPDATE book SET title = 'the quiet sea of the old man' WHERE book IN ('b1', 'b2');
INSERT INTO book VALUES ('sea', 'the quiet sea of the old man', 1999, 0, NULL);
SELECT item_id, similarity > 0.9999 AS same FROM interest_search(7, 'the quiet sea of the old man', 3, 'store', 0);
SELECT (differences(7, 'the quiet sea', 0.4, NULL)).*;
DELETE FROM book WHERE book = 'sea';
SELECT count(*) FILTER (WHERE item_id = 'sea') FROM interest_search(7, 'the quiet sea of the old man', 1000, 'store');

-- interest decides among what is equally similar, and nobody has none
WITH found AS (SELECT row_number() OVER () AS n, * FROM interest_search(7, 'the quiet sea of the old man', 2, 'store', 0.1))
SELECT a.item_id, b.item_id, a.similarity = b.similarity AS tie, a.interest > b.interest AS liked FROM found a, found b WHERE a.n = 1 AND b.n = 2;
SELECT count(*) AS items, count(interest) AS interests,
	array_agg(item_id) = (SELECT array_agg(item_id) FROM interest_search(NULL, 'robot', 20, 'store')) AS nobody,
	array_agg(item_id) = (SELECT array_agg(item_id) FROM interest_search(7, 'robot', 20, 'store', 0)) AS no_weight FROM interest_search(4711, 'robot', 20, 'store');
SELECT count(*) AS seen FROM interest_search(7, 'robot', 1000, 'store', exclude_seen => true) JOIN bought ON book = item_id AND person = 7;

-- numbers, filters, queries
SELECT k, count(i.item_id) FROM unnest('{0,1,1000000000}'::int[]) k LEFT JOIN interest_search(7, 'robot', k, 'store') i ON true GROUP BY k ORDER BY k;
SELECT count(*) FROM interest_search(7, 'robot', 10, 'store', filter => 'false');
SELECT count(*), min(score), max(score) FROM interest_search(7, 'robot', 10, 'store', filter => 'book = ''b5''');
SELECT count(*) FROM interest_search('7', 'robot', 10, 'store');
SELECT count(*) FROM interest_search('7'::text, 'robot', 10, 'store');
SELECT count(*) FROM interest_search(user_id => 7, query => 'robot', k => 3, model => 'store', weight => 0.2, exclude_seen => false, filter => 'true');
SELECT count(*) FROM unnest(ARRAY['<script>alert(1)</script>', '''; DROP TABLE book; --', repeat('robot ', 2000), U&'\+01F600', U&'\05E9\05DC\05D5\05DD', E'a\tb\n', '%_\', '[MASK]', 'qqqzzz']) q, interest_search(7, q, 3, 'store');
SELECT interest_search(7, '', 3, 'store');
SELECT interest_search(7, E' \n', 3, 'store');
SELECT interest_search(7, NULL, 3, 'store');
SELECT interest_search(7, 'robot', -1, 'store');
SELECT interest_search(7, 'robot', NULL, 'store');
SELECT interest_search(7, 'robot', 3, 'store', 1.5);
SELECT interest_search(7, 'robot', 3, 'store', 'NaN');
SELECT interest_search(7, 'robot', 3, 'store', NULL);
SELECT interest_search(7, 'robot', 3, 'no such');
SELECT interest_search(7, 'robot', 3, 'store', filter => 'true; DROP TABLE book');
SELECT interest_search(ARRAY[7], 'robot', 3, 'store');
SELECT interest_search(7, 'robot', 3, 'store', filter => 'year > 1 ORDER BY 1');

-- what is cleaned away leaves nothing to search; words of which none is known find nothing
SELECT count(*) FROM interest_train('bare', epochs => 1);
SELECT interest_set_catalogue('bare', 'book', 'book', search => true);
SELECT interest_set_catalogue('bare', 'book', 'book');
SELECT interest_search(7, '<b> </b>', 3, 'bare');
SELECT count(*) FROM interest_search(7, 'qqqzzz', 3, 'bare');
SELECT count(*) FROM interest_search(7, 'robots', 3, 'bare');
CREATE TABLE numbers_only (book text PRIMARY KEY, sold real);
SELECT interest_create_model('mixed', 'bought', encoder => 'store', user_id => 'person', at => 'at', texts => '{title}', categoricals => '{book}',
	label => 'topic', task => 'next', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('mixed', epochs => 1);
SELECT interest_set_catalogue('mixed', 'numbers_only', 'book', search => true);

-- rights: to the model, the items, the rows of the user and, for a filter, the source
CREATE ROLE regress_interest_reader;
SET ROLE regress_interest_reader;
SELECT interest_search(7, 'robot', 3, 'store');
RESET ROLE;
SELECT interest_grant_use('model', 'store', 'regress_interest_reader');
SET ROLE regress_interest_reader;
SELECT interest_search(7, 'robot', 3, 'store');
RESET ROLE;
GRANT SELECT ON interest_store_items TO regress_interest_reader;
SET ROLE regress_interest_reader;
SELECT interest_search(7, 'robot', 3, 'store');
SELECT count(*) FROM interest_search(NULL, 'robot', 3, 'store');
SELECT interest_search(NULL, 'robot', 3, 'store', filter => 'year > 1990');
RESET ROLE;
GRANT SELECT ON bought, book TO regress_interest_reader;
ALTER TABLE interest_store_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON interest_store_items TO regress_interest_reader USING (item_id LIKE 'b11%');
SET ROLE regress_interest_reader;
SELECT count(*), bool_and(item_id LIKE 'b11%') FROM interest_search(7, 'robot', 1000, 'store');
RESET ROLE;

-- ids whose texts depend on the session
CREATE TABLE dated (day timestamptz PRIMARY KEY, title text);
INSERT INTO dated SELECT timestamptz '2024-01-01 12:00 UTC' + make_interval(days => d), 'space robot ' || d FROM generate_series(1, 20) d;
SELECT interest_set_catalogue('store', 'dated', 'day', search => true);
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German, DMY';
SELECT item_id FROM interest_search(7, 'robot', 2, 'store', 0, filter => $$day < '05.01.2024 21:00'$$) ORDER BY 1;
SELECT count(*) FROM interest_recommend(7, 100, 'store', exclude_seen => false, filter => $$day < '05.01.2024 21:00'$$);
RESET datestyle;
SET timezone = 'UTC';
SELECT interest_drop_model('store'), interest_drop_model('bare'), interest_drop_model('mixed');
SELECT interest_drop_encoder('store');
DROP FUNCTION differences, mixed, cosine;
DROP TABLE bought, book, dated, numbers_only;
DROP ROLE regress_interest_reader;

--
-- Texts of the next rows, encoded together before they are asked for
--
\getenv tiny INTEREST_TINY
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE SCHEMA ahead;
SET search_path = ahead, public;
SET max_parallel_workers_per_gather = 0;
SELECT interest_load_encoder('ahead', :'tiny' || '/tiny');

-- Texts that no session has encoded: every query below asks for others.
SELECT ' ' || (100000000 + random() * 899999999)::int AS salt \gset
CREATE TABLE film (id int PRIMARY KEY, title text, year int, short varchar(60), padded char(9));
INSERT INTO film SELECT i, i || :'salt', 1900 + i % 40, 'short ' || i || :'salt', i FROM generate_series(1, 300) i;
CREATE TABLE cast_of (film int, actor text);
INSERT INTO cast_of SELECT 1 + i % 300, 'actor ' || i || :'salt' FROM generate_series(1, 400) i;
ANALYZE film, cast_of;

-- What a query gives with windows, and what one text at a time does by another
-- kernel, whose texts the cache of all sessions holds for themselves.
CREATE FUNCTION same(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	ahead text;
	alone text;
BEGIN
	EXECUTE format('SELECT md5(string_agg(q::text, %L)) || %L || count(*) FROM (%s) q', ',', ' ', query) INTO ahead;
	SET interest.encode_ahead = 0;
	SET interest.encode_cache = 0;
	SET interest.kernel = 'portable';
	EXECUTE format('SELECT md5(string_agg(q::text, %L)) || %L || count(*) FROM (%s) q', ',', ' ', query) INTO alone;
	RESET interest.encode_ahead;
	RESET interest.encode_cache;
	RESET interest.kernel;
	RETURN CASE WHEN ahead = alone THEN 'same, rows: ' || split_part(ahead, ' ', 2) ELSE 'not the same' END;
END $$;
\set explain 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off)'

--
-- Where
--
:explain SELECT interest_encode(title, 'ahead') FROM film;
:explain SELECT count(interest_encode(title || ' a', 'ahead')) FROM film;
:explain SELECT id FROM film WHERE year > 1910 AND interest_similarity(title || ' b', 'b', 'ahead') > -2 AND length(title) > 3;
:explain SELECT f.id, interest_similarity(f.title || ' c', c.actor, 'ahead') FROM film f JOIN cast_of c ON c.film = f.id AND f.year < 1910;
:explain SELECT year, max(id), interest_encode('the year ' || max(title), 'ahead') FROM film GROUP BY year ORDER BY year;
:explain SELECT interest_encode(coalesce(left(title, 200), short) || padded || 'd', 'ahead') FROM film;
CREATE VIEW casting AS SELECT f.title || ' with ' || c.actor  AS line, c.actor FROM film f LEFT JOIN cast_of c ON c.film = f.id AND f.year = 1920;
:explain SELECT count(interest_encode(line, 'ahead')) FROM casting WHERE actor IS NOT NULL;
:explain SELECT rank() OVER (ORDER BY interest_similarity(title || ' e', 'e', 'ahead')), sum(interest_similarity(title || 'f', title, 'ahead')) OVER () FROM film;

-- in subqueries, under an append, in prepared statements and in what is stored
:explain SELECT id, (SELECT max(interest_similarity(actor || ' g', 'g', 'ahead')) FROM cast_of WHERE film < 4 * f.id) FROM film f WHERE id < 4;
CREATE TABLE part (id int, title text) PARTITION BY RANGE (id);
CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE part_high (title text, gone int, id int);
ALTER TABLE part_high DROP gone;
ALTER TABLE part ATTACH PARTITION part_high FOR VALUES FROM (100) TO (1000);
INSERT INTO part SELECT id, title || ' part' FROM film;
ANALYZE part;
:explain SELECT tableoid::regclass, ctid, interest_encode(title, 'ahead') FROM part;
SET plan_cache_mode = force_generic_plan;
PREPARE given (text, text) AS SELECT interest_similarity(title || $1, 'h', $2) FROM film WHERE id < 20;
:explain EXECUTE given(' i', 'ahead');
:explain EXECUTE given(' i', 'ahead');
RESET plan_cache_mode;
CREATE TABLE kept (id int, vector real[]);
:explain INSERT INTO kept SELECT id, interest_encode(title || ' k', 'ahead') FROM film;
:explain CREATE TABLE kept_too AS SELECT id, interest_encode(title || ' l', 'ahead') AS vector FROM film;

-- workers: the plan stays parallel, and each has its own windows
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT count(interest_encode(title || ' m', 'ahead')) FROM film;
EXPLAIN (COSTS off) SELECT interest_encode(title || ' m', 'ahead') FROM film;
SELECT same($$SELECT id, interest_encode(title || ' m', 'ahead') FROM film ORDER BY id$$);
SELECT same($$SELECT avg(interest_similarity(title, 'm', 'ahead')::numeric) FROM film$$);
SET max_parallel_workers_per_gather = 0;

--
-- Rows of aggregates
--
CREATE TABLE seen (person int, at timestamptz, title text, note varchar(80), genre text[]);
INSERT INTO seen SELECT i / 30, timestamptz '2025-01-01 UTC' + make_interval(hours => i), 'seen ' || title, CASE WHEN i % 3 = 0 THEN 'note' END, '{a,b}'
FROM film, generate_series(id, id) i;
CREATE VIEW seen_view AS SELECT person, at, title || coalesce(' (' || note || ')', '') AS title, lower(note) AS note, string_to_array('a b', ' ') AS genre FROM seen;
SELECT interest_create_model('ahead', 'seen', encoder => 'ahead', user_id => 'person', at => 'at', texts => '{title,note}', categoricals => '{genre}', interests => '{films,music}'),
	interest_create_model('ahead title', 'seen', encoder => 'ahead', user_id => 'person', at => 'at', texts => '{title}', interests => '{films,music}');
-- texts that were not encoded for the names
UPDATE seen SET title = title || ' later';
VACUUM ANALYZE seen;
:explain SELECT person, interest_accumulate('ahead', s) FROM seen s GROUP BY person;
:explain SELECT person, interest_embed('ahead title', v) FROM seen_view v GROUP BY person;
:explain SELECT interest_classify('ahead title', at, 'short ' || title) FROM seen;
:explain SELECT interest_classify('ahead title', r) FROM (SELECT at, 'anonymous ' || title AS title, upper(note) AS note FROM seen) r;
-- known already, a text that is not of columns, a filter
:explain SELECT interest_accumulate('ahead', s) FROM seen s;
:explain SELECT interest_embed('ahead', v) FROM seen_view v;
:explain SELECT interest_embed('ahead title', at, 'filtered ' || title) FILTER (WHERE true = ANY (ARRAY[person > 3])) FROM seen;
SELECT same($$SELECT person, interest_accumulate('ahead', s) FROM (SELECT person, at, title || 'x' AS title, note, genre FROM seen) s GROUP BY person ORDER BY person$$);
SELECT same($$SELECT person, interest_embed('ahead title', v), interest_classify('ahead title', at, v.title || 'y') FROM seen_view v GROUP BY person ORDER BY person$$);
SELECT same($$SELECT person, interest_embed('ahead', v), interest_embed('ahead title', v) FROM seen_view v GROUP BY person ORDER BY person$$);
-- a later group's row that cannot be read
INSERT INTO seen SELECT 100, 'infinity', 'seen last', NULL, NULL;
SELECT person, interest_embed('ahead', s) IS NOT NULL AS embedded
FROM (SELECT person, at, title || 'z' AS title, note, genre FROM seen WHERE person > 8) s GROUP BY person ORDER BY person LIMIT 2;
SELECT person, interest_embed('ahead', s) IS NOT NULL AS embedded FROM seen s WHERE person > 8 GROUP BY person ORDER BY person;

--
-- How far: not beyond a limit, nor before a call has missed
--
:explain SELECT interest_encode(title || ' n', 'ahead') FROM film LIMIT 1;
:explain SELECT interest_encode(title || ' o', 'ahead') FROM film ORDER BY year, id LIMIT 10 OFFSET 2;
:explain SELECT id FROM film WHERE interest_similarity(title || ' p', 'p', 'ahead') > -2 LIMIT 20;
:explain SELECT interest_encode(title || ' q', 'ahead') FROM part LIMIT 7;
:explain SELECT CASE WHEN id % 10 = 0 THEN interest_encode(title || ' r', 'ahead') END FROM film;
-- known texts: no windows
:explain SELECT interest_encode(title || ' n', 'ahead') FROM film WHERE id <= 20;
:explain SELECT interest_encode(title || ' n', 'ahead') FROM film WHERE id <= 20;
-- the setting, memory, and half of the cache
SET interest.encode_ahead = 8;
:explain SELECT interest_encode(title || ' s', 'ahead') FROM film;
SET interest.encode_ahead = 1;
:explain SELECT interest_encode(title || ' t', 'ahead') FROM film WHERE id < 3;
RESET interest.encode_ahead;
SET interest.encode_cache = '16kB';
:explain SELECT interest_encode(title || ' u', 'ahead') FROM film;
SELECT same($$SELECT interest_encode(title || ' u', 'ahead') FROM film$$);
SET interest.encode_cache = 0;
EXPLAIN (COSTS off) SELECT interest_encode(title, 'ahead') FROM film;
RESET interest.encode_cache;
SET work_mem = '64kB';
:explain SELECT interest_encode(title || ' v', 'ahead'), repeat(title, 100) FROM (SELECT title, repeat(title, 100) FROM film OFFSET 0) x;
:explain SELECT length(more), interest_encode(title || ' w', 'ahead') FROM (SELECT title, repeat(title, 100) AS more FROM film OFFSET 0) x;
RESET work_mem;

--
-- Results
--
SELECT same($$SELECT f, f.ctid, f.tableoid, interest_encode(title, 'ahead') FROM film f$$);
SELECT same($$SELECT p, p.ctid, p.tableoid::regclass, interest_encode(title, 'ahead') FROM part p$$);
SELECT same($$SELECT count(*), sum(id) FROM (SELECT id FROM film WHERE interest_similarity(title, '3 1', 'ahead') > 0.5 OFFSET 0) x$$);
SELECT same($$SELECT id FROM film ORDER BY interest_similarity(title, '3 1', 'ahead') DESC, id LIMIT 5$$);
SELECT same($$SELECT f.id, c.actor, interest_similarity(f.title, c.actor, 'ahead') FROM film f LEFT JOIN cast_of c ON c.film = f.id AND c.actor LIKE '%1 %'$$);
SELECT same($$SELECT f.id, x.* FROM film f, LATERAL (SELECT interest_similarity(actor, f.title, 'ahead'), actor FROM cast_of WHERE film <= f.id ORDER BY film DESC, actor LIMIT 3) x WHERE f.id < 20$$);
SELECT same($$SELECT id, (SELECT sum(interest_similarity(actor, f.title, 'ahead')::numeric) FROM cast_of WHERE film = f.id) FROM film f$$);
SELECT same($$SELECT year, count(*), interest_encode(max(title), 'ahead') FROM film GROUP BY ROLLUP (year) HAVING interest_similarity(max(title), 'x', 'ahead') > -2$$);
SELECT same($$SELECT id, random() < 2, interest_encode(title, 'ahead') FROM film$$);
SELECT same($$WITH RECURSIVE r AS (SELECT 1 AS n, interest_similarity('film 1', 'x', 'ahead') AS s UNION ALL SELECT n + 1, interest_similarity('film ' || n, 'x', 'ahead') FROM r WHERE n < 50) SELECT * FROM r$$);
SELECT same($$SELECT interest_encode(t, 'ahead') FROM (SELECT nullif(title, '') FROM film UNION ALL SELECT NULL UNION ALL SELECT '') x (t)$$);
SELECT same($$SELECT generate_series(1, 2), interest_encode(title, 'ahead') FROM film WHERE id < 80$$);
CREATE INDEX film_title ON film (title);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SET enable_sort = off;
EXPLAIN (COSTS off) SELECT title, interest_similarity(title, 'y', 'ahead') FROM film ORDER BY title;
SELECT same($$SELECT title, interest_similarity(title, 'y', 'ahead') FROM film WHERE title > '2' ORDER BY title$$);
SELECT same($$SELECT a.title, a.s, b.s FROM (SELECT title, interest_similarity(title, 'y', 'ahead') AS s FROM film ORDER BY title) a
	JOIN (SELECT title, interest_similarity(title, 'z', 'ahead') AS s FROM film ORDER BY title) b ON a.title = b.title$$);
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_hashjoin;
RESET enable_nestloop;
RESET enable_sort;
SELECT count(*), bool_and(vector = interest_encode(title || ' k', 'ahead')) FROM kept JOIN film USING (id);

--
-- Left alone
--
\set shape 'EXPLAIN (COSTS off)'
:shape SELECT interest_encode(title, 'ahead') FROM film FOR UPDATE;
:shape UPDATE film SET short = 'x' WHERE interest_similarity(title, 'x', 'ahead') > 2;
:shape SELECT interest_encode(title, 'ahead') FROM film WHERE random() < 2;
:shape SELECT count(interest_encode(t, 'ahead')) FROM (SELECT title || random() FROM film OFFSET 0) x (t);
:shape SELECT interest_encode(lower(title), 'ahead') FROM film;
:shape SELECT interest_encode(title, short) FROM film;
:shape SELECT interest_encode('one', 'ahead');
:shape SELECT interest_encode(t, 'ahead') FROM (VALUES ('a'), ('b')) v (t);
:shape SELECT title FROM film;
:shape SELECT count(interest_encode(title, 'ahead')) FILTER (WHERE id = 1) FROM film;

-- cursors go back, and stand where they stand
BEGIN;
DECLARE c CURSOR FOR SELECT id, interest_encode(title, 'ahead') IS NULL FROM film ORDER BY id;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
CLOSE c;
DECLARE c CURSOR FOR SELECT id, interest_encode(title || ' cursor', 'ahead') IS NULL FROM film;
MOVE 5 FROM c;
FETCH 1 FROM c;
UPDATE film SET year = 0 WHERE CURRENT OF c RETURNING id;
ROLLBACK;
DO $$
DECLARE
	r record;
	n int := 0;
BEGIN
	FOR r IN SELECT id, interest_encode(title || ' loop', 'ahead') FROM film LOOP
		n := n + 1;
		EXIT WHEN n = 3;
	END LOOP;
	RAISE WARNING 'left at %', r.id;
END $$;

--
-- Errors come when their row does, and only then
--
CREATE TABLE odd (id int, title text);
INSERT INTO odd SELECT i, CASE WHEN i = 10 THEN repeat('x', 64 * 1024 * 1024 + 1) ELSE 'odd ' || i || :'salt' END FROM generate_series(1, 20) i;
:explain SELECT id FROM odd WHERE interest_similarity(title, 'x', 'ahead') > -2 LIMIT 9;
SELECT id FROM odd WHERE interest_similarity(title, 'x', 'ahead') > -2 LIMIT 10;
SELECT id, CASE WHEN id < 0 THEN interest_encode(title, 'no such encoder') ELSE interest_encode(title, 'ahead') END IS NULL AS n FROM odd WHERE id < 4;
SELECT interest_encode(title, 'no such encoder') FROM odd;
CREATE ROLE regress_interest_ahead;
GRANT USAGE ON SCHEMA ahead TO regress_interest_ahead;
GRANT SELECT ON film TO regress_interest_ahead;
SELECT interest_revoke_use('encoder', 'ahead', 'public');
SET ROLE regress_interest_ahead;
SELECT id, CASE WHEN id < 0 THEN interest_encode(title, 'ahead') END FROM film WHERE id < 3;
SELECT interest_encode(title, 'ahead') FROM film;
RESET ROLE;

-- The first query of a session, which has the library loaded while it is planned.
\c -
SET search_path = ahead, public;
SET max_parallel_workers_per_gather = 0;
:explain SELECT interest_encode(title || ' x', 'ahead') FROM film;
SELECT regexp_replace(detail, '.*, (\d+ texts encoded in \d+ batches)', '\1') FROM interest_doctor() WHERE check_name = 'encode cache';

SET client_min_messages = warning;
SELECT count(interest_drop_model(name)) FROM interest_models WHERE name LIKE 'ahead%';
DROP SCHEMA ahead CASCADE;
DROP ROLE regress_interest_ahead;
SELECT interest_drop_encoder('ahead');

-- Catalogues: after every kind of statement the table has the items of its
-- source with the vectors that the model makes of them.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT interest_load_encoder('shelf', :'tiny' || '/tiny');

CREATE TABLE thing_seen (person int, at timestamptz, thing int, title text, action text, genre text[], seconds float8);
INSERT INTO thing_seen
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5), (p + i) % 30,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p + i) % 3 + 1] || ' ' || (p + i) % 4,
	(ARRAY['view', 'like', 'dislike'])[1 + (p * i) % 3], ARRAY[(ARRAY['music', 'sport', 'science'])[(p + i) % 3 + 1]], 20 * (p % 3) + i
FROM generate_series(1, 40) p, generate_series(1, 6) i;
CREATE TABLE thing (thing int PRIMARY KEY, title text, genre text[], year int, views real, released timestamptz);
INSERT INTO thing SELECT t, (ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[t % 3 + 1] || ' ' || t % 4,
	ARRAY[(ARRAY['music', 'sport', 'science'])[t % 3 + 1]], 1990 + t, t * 10, timestamptz '2024-01-01 UTC' + make_interval(days => t) FROM generate_series(0, 29) t;

SELECT interest_create_model('shelf', 'thing_seen', encoder => 'shelf', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	numerics => '{seconds}', label => 'genre', task => 'next', options => '{"dimensions": 8}');
SELECT interest_set_catalogue('shelf', 'thing', 'thing');
SELECT count(*) FROM interest_train('shelf', epochs => 2);

-- what cannot be a catalogue
SELECT interest_set_catalogue('shelf', 'thing', 'no such');
SELECT interest_set_catalogue('shelf', 'thing', 'year');
SELECT interest_set_catalogue('shelf', 'thing', 'thing', category => 'no such');
SELECT interest_set_catalogue('shelf', 'thing', 'thing', popularity_weight => -1);
SELECT interest_set_catalogue('shelf', 'thing', 'thing', freshness_weight => 'NaN');
SELECT interest_set_catalogue('no such', 'thing', 'thing');
SELECT interest_set_catalogue('shelf', 0, 'thing');
SELECT interest_set_catalogue('shelf', NULL, 'thing');
CREATE TABLE bare (thing int PRIMARY KEY, name text);
SELECT interest_set_catalogue('shelf', 'bare', 'thing');
SELECT interest_rebuild_catalogue('shelf');
SELECT interest_drop_catalogue('shelf');

SELECT interest_set_catalogue('shelf', 'thing', 'thing', category => 'genre', popularity => 'views', published => 'released');
-- items that are not of the catalogue as the model makes them now
CREATE FUNCTION wrong(OUT missing bigint, OUT surplus bigint, OUT other bigint) LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE i.item_id IS NULL), count(*) FILTER (WHERE t.thing IS NULL),
		count(*) FILTER (WHERE i.item_id = t.thing AND (i.vector, i.category, i.popularity, i.published) IS DISTINCT FROM (interest_embed_item('shelf', t), t.genre, t.views, t.released))
	FROM thing t FULL JOIN interest_shelf_items i ON i.item_id = t.thing $$;
SELECT * FROM interest_catalogues;
\d interest_shelf_items
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'thing'::regclass ORDER BY 1;
SELECT * FROM wrong();
SELECT bool_and(cardinality(vector) = 8), bool_and(sqrt((SELECT sum(x * x) FROM unnest(vector) x)) BETWEEN 0.01 AND 1.00001) FROM interest_shelf_items;

-- every kind of statement
INSERT INTO thing VALUES (100, 'a new sport story', '{sport}', 2024, 5, '2024-06-01 UTC'), (101, NULL, '{music}', 2024, NULL, NULL), (102, ' ', NULL, NULL, NULL, NULL);
SELECT * FROM wrong();
SELECT item_id, vector IS NULL AS no_vector, category, popularity, published FROM interest_shelf_items WHERE item_id > 100 ORDER BY 1;
UPDATE thing SET title = 'space ' || title WHERE thing < 5;
UPDATE thing SET year = year + 1;
UPDATE thing SET thing = thing + 200 WHERE thing IN (6, 7);
DELETE FROM thing WHERE thing IN (10, 11);
INSERT INTO thing VALUES (12, 'changed', '{sport}', 1, 2, NULL) ON CONFLICT (thing) DO UPDATE SET title = excluded.title;
SELECT * FROM wrong();
SELECT count(*) AS changes, count(items) AS named, count(DISTINCT i) AS items FROM interest_catalogue_change LEFT JOIN unnest(items) i ON true WHERE model = 'shelf';
BEGIN;
DELETE FROM thing WHERE thing < 20;
SELECT count(*) FROM interest_shelf_items WHERE item_id < 20;
ROLLBACK;
SELECT * FROM wrong();
BEGIN;
TRUNCATE thing;
SELECT count(*) FROM interest_shelf_items;
ROLLBACK;
SELECT * FROM wrong();

-- rows that replication applies
SET session_replication_role = replica;
INSERT INTO thing VALUES (300, 'music of a replica', '{music}', 1, 1, NULL);
UPDATE thing SET title = 'sport of a replica' WHERE thing = 300;
DELETE FROM thing WHERE thing = 101;
RESET session_replication_role;
SELECT * FROM wrong();

-- what interest_doctor finds
CREATE FUNCTION found() RETURNS TABLE(check_name text, status text, detail text, fix text) LANGUAGE sql AS $$
	SELECT * FROM interest_doctor('shelf') WHERE check_name LIKE 'item%' $$;
SELECT * FROM found();
ALTER TABLE thing DISABLE TRIGGER interest_items_shelf_update;
INSERT INTO interest_catalogue_change SELECT 'shelf', -n, NULL FROM generate_series(1, 10001) n;
SELECT * FROM found() WHERE check_name <> 'items';
SELECT interest_rebuild_catalogue('shelf');
DELETE FROM thing WHERE title IS NULL OR title = ' ';
SELECT * FROM found();

-- a training makes other vectors
SELECT count(*) FROM interest_train('shelf', epochs => 1);
SELECT * FROM interest_recommend(5, 1, 'shelf');
SELECT check_name, status, fix FROM found();
-- of which a deploy tells, and one of the version that the items are of does not
SET client_min_messages = notice;
SELECT interest_rollback('shelf');
SELECT interest_deploy('shelf', max(version)) FROM interest_models WHERE name = 'shelf';
SET client_min_messages = warning;
SELECT interest_rebuild_catalogue('shelf');
SELECT * FROM wrong();
SELECT count(*) FROM interest_recommend(5, 3, 'shelf');
SELECT count(*) AS changes FROM interest_catalogue_change WHERE model = 'shelf';

-- a view is read by rebuilds
CREATE VIEW thing_view AS SELECT thing, title FROM thing WHERE thing < 10;
SET client_min_messages = notice;
SELECT interest_set_catalogue('shelf', 'thing_view', 'thing');
RESET client_min_messages;
SET client_min_messages = warning;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'thing'::regclass;
SELECT check_name, status, fix FROM found();
DELETE FROM thing WHERE thing = 3;
SELECT interest_rebuild_catalogue('shelf');

-- the end of it, by itself and with the model
SELECT interest_drop_catalogue('shelf');
SELECT count(*) FROM interest_catalogues;
SELECT to_regclass('interest_shelf_items');
SELECT interest_set_catalogue('shelf', 'thing', 'thing');
SELECT interest_drop_model('shelf');
SELECT to_regclass('interest_shelf_items'), (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'thing'::regclass) AS triggers,
	(SELECT count(*) FROM interest_catalogue_change) AS changes;
INSERT INTO thing VALUES (400, 'nobody follows', NULL, NULL, NULL, NULL);
SELECT interest_drop_encoder('shelf');
DROP VIEW thing_view;
DROP FUNCTION found, wrong;
DROP TABLE thing, thing_seen, bare;

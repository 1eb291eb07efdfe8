-- Item sources: ids of any type, names that change, tables that go.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
CREATE TABLE taken (person int, at timestamptz, title text, topic text, picture real[]);
INSERT INTO taken SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5),
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p + i) % 3 + 1] || ' ' || (p + i) % 4,
	(ARRAY['music', 'sport', 'science'])[(p + i) % 3 + 1], ARRAY[(p + i) % 3, 1, -1, p % 2]::real[] FROM generate_series(1, 30) p, generate_series(1, 6) i;
SELECT interest_create_model('taken', 'taken', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', task => 'next', options => '{"dimensions": 8, "sentences": false}');
SELECT interest_create_model('seen', 'taken', user_id => 'person', at => 'at', texts => '{title}', vectors => '{picture}', label => 'topic', task => 'next', options => '{"dimensions": 8, "sentences": false}');
SELECT count(*) FROM interest_train('taken', epochs => 1);
SELECT count(*) FROM interest_train('seen', epochs => 1);

-- a type whose operators are in no search_path: letters of any size are equal
CREATE SCHEMA elsewhere;
CREATE TYPE elsewhere.ci;
CREATE FUNCTION elsewhere.ci_in(cstring) RETURNS elsewhere.ci LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION elsewhere.ci_out(elsewhere.ci) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE elsewhere.ci (INPUT = elsewhere.ci_in, OUTPUT = elsewhere.ci_out, INTERNALLENGTH = VARIABLE, STORAGE = extended, COLLATABLE = true);
CREATE CAST (elsewhere.ci AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE FUNCTION elsewhere.ci_cmp(elsewhere.ci, elsewhere.ci) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.bttextcmp(pg_catalog.lower($1::text), pg_catalog.lower($2::text))';
CREATE FUNCTION elsewhere.ci_lt(elsewhere.ci, elsewhere.ci) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT elsewhere.ci_cmp($1, $2) < 0';
CREATE FUNCTION elsewhere.ci_le(elsewhere.ci, elsewhere.ci) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT elsewhere.ci_cmp($1, $2) <= 0';
CREATE FUNCTION elsewhere.ci_eq(elsewhere.ci, elsewhere.ci) RETURNS bool LANGUAGE plpgsql IMMUTABLE STRICT AS 'BEGIN RETURN elsewhere.ci_cmp($1, $2) = 0; END';
CREATE FUNCTION elsewhere.ci_ge(elsewhere.ci, elsewhere.ci) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT elsewhere.ci_cmp($1, $2) >= 0';
CREATE FUNCTION elsewhere.ci_gt(elsewhere.ci, elsewhere.ci) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT elsewhere.ci_cmp($1, $2) > 0';
CREATE OPERATOR elsewhere.< (LEFTARG = elsewhere.ci, RIGHTARG = elsewhere.ci, FUNCTION = elsewhere.ci_lt);
CREATE OPERATOR elsewhere.<= (LEFTARG = elsewhere.ci, RIGHTARG = elsewhere.ci, FUNCTION = elsewhere.ci_le);
CREATE OPERATOR elsewhere.= (LEFTARG = elsewhere.ci, RIGHTARG = elsewhere.ci, FUNCTION = elsewhere.ci_eq, COMMUTATOR = OPERATOR(elsewhere.=), MERGES);
CREATE OPERATOR elsewhere.>= (LEFTARG = elsewhere.ci, RIGHTARG = elsewhere.ci, FUNCTION = elsewhere.ci_ge);
CREATE OPERATOR elsewhere.> (LEFTARG = elsewhere.ci, RIGHTARG = elsewhere.ci, FUNCTION = elsewhere.ci_gt);
CREATE OPERATOR CLASS elsewhere.ci_ops DEFAULT FOR TYPE elsewhere.ci USING btree AS OPERATOR 1 elsewhere.<, OPERATOR 2 elsewhere.<=, OPERATOR 3 elsewhere.=, OPERATOR 4 elsewhere.>=, OPERATOR 5 elsewhere.>, FUNCTION 1 elsewhere.ci_cmp(elsewhere.ci, elsewhere.ci);
CREATE TYPE elsewhere.mood AS ENUM ('sad', 'so so', 'glad', 'mad', 'new');
CREATE TYPE elsewhere.pair AS (a int, b text);
CREATE DOMAIN elsewhere.code AS varchar(10) CHECK (value <> '');

-- all that happens to an item, with every type of id: no item is missing, too much or other than its row
CREATE FUNCTION life(type text, ids text[]) RETURNS TABLE(step text, items bigint, wrong bigint, hits bigint) LANGUAGE plpgsql AS $$
DECLARE
	steps text[] := ARRAY['SELECT', 'UPDATE thing SET title = ''space '' || title WHERE n = 1', format('UPDATE thing SET id = %L WHERE n = 2', ids[5]), 'DELETE FROM thing WHERE n = 3',
		format('INSERT INTO thing VALUES (%L, ''music again'', 6) ON CONFLICT (id) DO UPDATE SET title = excluded.title', ids[1]), 'UPDATE thing SET title = title || '' robot'''];
BEGIN
	EXECUTE format('CREATE TABLE thing (id %s PRIMARY KEY, title text, n int)', type);
	INSERT INTO thing SELECT NULL, NULL, NULL WHERE false;
	EXECUTE format('INSERT INTO thing SELECT u.id::%s, ''the music of the night '' || n, n FROM unnest(%L::text[]) WITH ORDINALITY u(id, n) WHERE n < 5', type, ids);
	PERFORM interest_set_catalogue('taken', 'thing', 'id');
	FOREACH step IN ARRAY steps LOOP
		EXECUTE step;
		EXECUTE format('SELECT count(*), count(*) FILTER (WHERE t.title IS NULL OR i.vector IS NULL OR i.vector <> interest_embed_item(''taken'', t)) FROM thing t FULL JOIN interest_taken_items i ON t.id OPERATOR(%s) i.item_id',
			CASE WHEN type ~ 'ci' THEN 'elsewhere.=' ELSE 'pg_catalog.=' END) INTO items, wrong;
		SELECT count(DISTINCT r.item_id) FILTER (WHERE r.score = interest_relevance(e, i.vector)) INTO hits FROM interest_embed(5, 'taken') e, interest_recommend(5, 100, 'taken', exclude_seen => false) r, interest_taken_items i
			WHERE i.item_id::text = r.item_id OR type = 'timestamptz' AND to_char(i.item_id::text::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00') = r.item_id;
		step := split_part(step, ' ', 1);
		RETURN NEXT;
	END LOOP;
	PERFORM interest_drop_catalogue('taken');
	DROP TABLE thing;
END $$;
SELECT type, array_agg(items || ' ' || wrong || ' ' || hits) FROM (VALUES
	(1, 'uuid', ARRAY['11111111-1111-1111-1111-111111111111', '21111111-1111-1111-1111-111111111111', '31111111-1111-1111-1111-111111111111', '41111111-1111-1111-1111-111111111111', '51111111-1111-1111-1111-111111111111']),
	(2, 'text', ARRAY['a', 'b''"\', '', U&'\+01F600', '<script>']),
	(3, 'numeric', ARRAY['1.0', '-2', 'NaN', '1e20', '0.5']),
	(4, 'elsewhere.ci', ARRAY['Ab', 'cd', 'EF', 'gH', 'Ij']),
	(5, 'elsewhere.mood', ARRAY['sad', 'so so', 'glad', 'mad', 'new']),
	(6, 'elsewhere.pair', ARRAY['(1,a)', '(1,"b, c")', '(2,)', '(,)', '(3,x)']),
	(7, 'elsewhere.code', ARRAY['a', 'b', 'c', 'd', 'e']),
	(8, 'char(4)', ARRAY['a', 'b', 'c', 'd', 'e']),
	(9, 'int[]', ARRAY['{1}', '{1,2}', '{}', '{NULL}', '{3}']),
	(10, 'bytea', ARRAY['\x00', '\x01', '\x', '\xff', '\x0a'])) v(n, type, ids), life(type, ids) GROUP BY n, type ORDER BY n;
SET datestyle = 'German, DMY';
SET timezone = 'Asia/Tokyo';
SELECT items, wrong, hits FROM life('timestamptz', ARRAY['2.1.2024 UTC', '3.1.2024 UTC', '4.1.2024 UTC', '5.1.2024 UTC', '6.1.2024 UTC']);
RESET datestyle;
SET timezone = 'UTC';
CREATE TABLE json_item (id json, title text);
SELECT interest_set_catalogue('taken', 'json_item', 'id');
DROP TABLE json_item;

-- two models over one table; vectors of other modalities
CREATE TABLE shot (shot int PRIMARY KEY, title text, picture real[]);
INSERT INTO shot SELECT n, 'the music of the night', ARRAY[n % 3, 1, -1, 0] FROM generate_series(1, 6) n;
SELECT interest_set_catalogue('taken', 'shot', 'shot'), interest_set_catalogue('seen', 'shot', 'shot');
CREATE FUNCTION amiss(OUT taken bigint, OUT seen bigint, OUT vectors bigint) LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE a.vector IS DISTINCT FROM interest_embed_item('taken', s)), count(*) FILTER (WHERE b.vector IS DISTINCT FROM interest_embed_item('seen', s)), count(DISTINCT b.vector)
	FROM shot s FULL JOIN interest_taken_items a ON a.item_id = s.shot FULL JOIN interest_seen_items b ON b.item_id = s.shot $$;
SELECT * FROM amiss();
UPDATE shot SET title = 'space robot travel', picture = '{5,5,5,5}' WHERE shot < 3;
DELETE FROM shot WHERE shot = 6;
SELECT * FROM amiss();
SELECT interest_drop_catalogue('seen');
UPDATE shot SET title = 'a sport story' WHERE shot < 4;
SELECT count(*) FROM shot s JOIN interest_taken_items a ON a.item_id = s.shot AND a.vector = interest_embed_item('taken', s);
DROP FUNCTION amiss;

-- the source under another name is followed on, and one that takes its name is not it
CREATE FUNCTION amiss(relation text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
	EXECUTE format('SELECT count(*) FILTER (WHERE a.vector IS DISTINCT FROM interest_embed_item(''taken'', s)) FROM %I s FULL JOIN interest_taken_items a ON a.item_id = s.shot', relation) INTO result;
	RETURN result;
END $$;
ALTER TABLE shot RENAME TO frame;
INSERT INTO frame VALUES (7, 'a new sport story');
SELECT amiss('frame'), count(*) FROM interest_recommend(5, 10, 'taken', exclude_seen => false, filter => 'shot > 2');
SELECT interest_rebuild_catalogue('taken');
CREATE TABLE shot (shot int PRIMARY KEY, title text);
INSERT INTO shot VALUES (100, 'another table');
UPDATE frame SET title = 'who follows this';
SELECT count(*) FROM interest_taken_items WHERE item_id = 100;
SELECT interest_rebuild_catalogue('taken');
INSERT INTO shot VALUES (101, 'a robot');
SELECT amiss('shot'), (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'frame'::regclass) AS triggers;
DROP TABLE frame;

-- columns under another name are missed, not left out
ALTER TABLE shot RENAME title TO caption;
INSERT INTO shot VALUES (102, 'a star');
SELECT interest_rebuild_catalogue('taken');
ALTER TABLE shot RENAME caption TO title;
ALTER TABLE shot RENAME shot TO id;
UPDATE shot SET title = 'x';
ALTER TABLE shot RENAME id TO shot;
UPDATE shot SET title = 'music';
ALTER TABLE shot ADD n int, DROP COLUMN title;
UPDATE shot SET n = 1;
ALTER TABLE shot ADD title text;
UPDATE shot SET title = 'music', n = 2;
SELECT amiss('shot');

-- without the table of the items: writers are told, and it can be made anew
DROP TABLE interest_taken_items;
UPDATE shot SET title = 'sport';
SELECT interest_recommend(5, 3, 'taken');
SELECT interest_set_catalogue('taken', 'shot', 'shot');
SELECT amiss('shot');
-- without the source: its items stay until the catalogue is dropped
DROP TABLE shot;
SELECT count(*) FROM interest_recommend(5, 3, 'taken', exclude_seen => false);
SELECT interest_recommend(5, 3, 'taken', exclude_seen => false, filter => 'true');
SELECT interest_rebuild_catalogue('taken');
SELECT interest_drop_catalogue('taken');

-- what is written by way of a parent is not followed, and said so
SET client_min_messages = notice;
CREATE TABLE reel (shot int PRIMARY KEY, title text) PARTITION BY RANGE (shot);
CREATE TABLE reel_part PARTITION OF reel FOR VALUES FROM (0) TO (100);
INSERT INTO reel VALUES (1, 'music');
SELECT interest_set_catalogue('taken', 'reel_part', 'shot');
SELECT interest_set_catalogue('taken', 'reel', 'shot');
INSERT INTO reel VALUES (2, 'sport');
SELECT interest_rebuild_catalogue('taken');
CREATE TABLE reel_parent (shot int PRIMARY KEY, title text);
CREATE TABLE reel_child (PRIMARY KEY (shot)) INHERITS (reel_parent);
SELECT interest_set_catalogue('taken', 'reel_parent', 'shot');
SET client_min_messages = warning;
SELECT interest_drop_model('taken'), interest_drop_model('seen');
DROP FUNCTION life, amiss;
DROP TABLE taken, reel, reel_parent, reel_child;
DROP SCHEMA elsewhere CASCADE;

-- Tracked profiles of partitioned tables and of parents with children.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;

CREATE TABLE act (person int, at timestamptz, seconds float8, tags text[], topic text) PARTITION BY LIST (topic);
CREATE TABLE act_music PARTITION OF act FOR VALUES IN ('music');
-- columns in another order than the parent's, and one that was dropped
CREATE TABLE act_sport (topic text, gone int, tags text[], seconds float8, at timestamptz, person int);
ALTER TABLE act_sport DROP gone;
ALTER TABLE act ATTACH PARTITION act_sport FOR VALUES IN ('sport');
CREATE TABLE act_rest PARTITION OF act DEFAULT PARTITION BY RANGE (person);
CREATE TABLE act_rest_low PARTITION OF act_rest FOR VALUES FROM (MINVALUE) TO (20);
CREATE TABLE act_rest_high PARTITION OF act_rest FOR VALUES FROM (20) TO (MAXVALUE);
CREATE FUNCTION acts(first int, last int, many int) RETURNS SETOF act LANGUAGE sql AS $$
	SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5, hours => p % 24), 20 * (p % 3) + (p * 7 + i * 3) % 10,
		ARRAY['tag' || (p + i) % 3], (ARRAY['music', 'sport', 'science'])[(p + i) % 3 + 1]
	FROM generate_series(first, last) p, generate_series(1, many) i $$;
INSERT INTO act SELECT * FROM acts(1, 40, 6);

SELECT interest_create_model('acts', 'act', user_id => 'person', at => 'at', numerics => '{seconds}', categoricals => '{tags}',
	label => 'topic', task => 'dominant', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
SELECT interest_track('acts');
SELECT tgrelid::regclass AS "table", string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'interest%' GROUP BY tgrelid ORDER BY tgrelid::regclass::text;
SELECT * FROM compare('acts', 'act', 'person');

-- by the parent, by a partition, by one that is partitioned itself
INSERT INTO act SELECT * FROM acts(10, 25, 8);
INSERT INTO act_music SELECT person, at + interval '1 hour', seconds, tags, 'music' FROM acts(30, 31, 3);
INSERT INTO act_sport (person, at, seconds, tags, topic) SELECT person, at + interval '1 hour', seconds, tags, 'sport' FROM acts(30, 31, 3);
INSERT INTO act_rest SELECT person, at + interval '1 hour', seconds, tags, 'chess' FROM acts(18, 22, 3);
SELECT * FROM compare('acts', 'act', 'person');
UPDATE act SET seconds = seconds + 1 WHERE person = 11;
UPDATE act_sport SET seconds = seconds + 1 WHERE person = 12;
DELETE FROM act WHERE person = 13 AND seconds > 24;
DELETE FROM act_rest_low WHERE person = 14;
COPY act (person, at, seconds, tags, topic) FROM stdin;
15	2024-03-01 00:00:00+00	1	{tag1}	sport
15	2024-03-02 00:00:00+00	1	{tag1}	poetry
\.
SELECT * FROM compare('acts', 'act', 'person');

-- rows that move between partitions, and between users while they do
UPDATE act SET topic = 'sport' WHERE topic = 'music' AND person < 10;
UPDATE act SET topic = 'chess', person = person + 20 WHERE topic = 'sport' AND person BETWEEN 3 AND 6;
UPDATE act_rest SET person = 25 WHERE person = 19;
SELECT * FROM compare('acts', 'act', 'person');
SELECT interest_fold('acts') > 0 AS folded;
SELECT * FROM compare('acts', 'act', 'person');

-- where replication applies
SET session_replication_role = replica;
INSERT INTO act SELECT * FROM acts(1, 2, 9);
UPDATE act SET topic = 'sport', seconds = seconds + 1 WHERE topic = 'music' AND person BETWEEN 7 AND 9;
DELETE FROM act_sport WHERE person = 8;
RESET session_replication_role;
SELECT * FROM compare('acts', 'act', 'person');

-- a partition is emptied
BEGIN;
TRUNCATE act_sport;
SELECT * FROM compare('acts', 'act', 'person');
SELECT interest_rebuild('acts') > 0 AS rebuilt;
SELECT * FROM compare('acts', 'act', 'person');
ROLLBACK;
SELECT * FROM compare('acts', 'act', 'person');

-- a partition comes: from the rebuild on it is followed
CREATE TABLE act_film (LIKE act);
INSERT INTO act_film SELECT person, at + interval '2 hours', seconds, tags, 'film' FROM acts(5, 9, 3);
ALTER TABLE act ATTACH PARTITION act_film FOR VALUES IN ('film');
SELECT interest_rebuild('acts') > 0 AS rebuilt;
SELECT * FROM compare('acts', 'act', 'person');
INSERT INTO act_film SELECT person, at + interval '3 hours', seconds, tags, 'film' FROM acts(5, 9, 3);
DELETE FROM act_film WHERE person = 6;
SELECT * FROM compare('acts', 'act', 'person');

-- a partition goes: until the rebuild nobody writes to it by accident
ALTER TABLE act DETACH PARTITION act_film;
INSERT INTO act_film SELECT * FROM acts(5, 9, 3);
SELECT interest_rebuild('acts') > 0 AS rebuilt;
INSERT INTO act_film SELECT * FROM acts(5, 9, 3);
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'act_film'::regclass;
SELECT * FROM compare('acts', 'act', 'person');
DROP TABLE act_music;
SELECT interest_rebuild('acts') > 0 AS rebuilt;
SELECT * FROM compare('acts', 'act', 'person');

SELECT interest_drop_model('acts');
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'interest%';
DROP TABLE act, act_film CASCADE;

-- a parent and its children, of inheritance
CREATE TABLE act (person int, at timestamptz, seconds float8, topic text);
CREATE TABLE act_more (extra text) INHERITS (act);
INSERT INTO act SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
INSERT INTO act_more SELECT p, timestamptz '2024-02-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2, 'more' FROM generate_series(5, 15) p, generate_series(1, 5) i;
SELECT interest_create_model('acts', 'act', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
SELECT interest_track('acts');
UPDATE act SET seconds = 3 WHERE person IN (3, 6, 13);
INSERT INTO act_more VALUES (20, '2024-02-01 UTC', 4, 'topic1', 'more');
DELETE FROM act_more WHERE person = 7;
SELECT * FROM compare('acts', 'act', 'person');
SELECT interest_drop_model('acts');
DROP TABLE act CASCADE;

-- what no trigger can follow
CREATE UNLOGGED TABLE act (person int, at timestamptz, seconds float8, topic text);
INSERT INTO act SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
SELECT interest_create_model('acts', 'act', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
SELECT interest_track('acts');
SELECT interest_drop_model('acts');
DROP TABLE act;
CREATE FOREIGN DATA WRAPPER live_wrapper;
CREATE SERVER live_server FOREIGN DATA WRAPPER live_wrapper;
CREATE TABLE act (person int, at timestamptz, seconds float8, topic text) PARTITION BY LIST (topic);
CREATE TABLE act_0 PARTITION OF act FOR VALUES IN ('topic0');
CREATE TABLE act_1 PARTITION OF act FOR VALUES IN ('topic1');
INSERT INTO act SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
CREATE MATERIALIZED VIEW act_seen AS SELECT * FROM act;
SELECT interest_create_model('acts', 'act', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}'),
	interest_create_model('seen', 'act_seen', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
SELECT count(*) FROM interest_train('seen', epochs => 1);
CREATE FOREIGN TABLE act_far PARTITION OF act FOR VALUES IN ('topic2') SERVER live_server;
SELECT interest_track('acts');
SELECT interest_track('seen');
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'interest%';
SELECT interest_drop_model('acts'), interest_drop_model('seen');
DROP TABLE act CASCADE;
DROP FOREIGN DATA WRAPPER live_wrapper CASCADE;

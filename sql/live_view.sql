-- Tracked profiles of a view, whose tables mark users; statements that cannot
-- be followed and mark their users with a warning; types of user ids.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;

CREATE TABLE thing (thing_id int PRIMARY KEY, title text, topic text);
INSERT INTO thing SELECT i, 'thing ' || i % 7, (ARRAY['music', 'sport', 'science'])[i % 3 + 1] FROM generate_series(1, 30) i;
CREATE TABLE act (person int, thing_id int, at timestamptz, seconds float8);
CREATE TABLE visitor (person int PRIMARY KEY, age int);
INSERT INTO visitor SELECT p, 20 + p % 40 FROM generate_series(1, 40) p;
INSERT INTO act SELECT p, (p * 7 + i * 3 + i / 4) % 30 + 1, timestamptz '2024-01-01 UTC' + make_interval(days => i, hours => p), p + i FROM generate_series(1, 30) p, generate_series(1, 6) i;
CREATE VIEW act_row AS SELECT person, at, seconds, age, title, topic FROM act JOIN thing USING (thing_id) JOIN visitor USING (person);
SELECT interest_create_model('seen', 'act_row', encoder => 'live', user_id => 'person', at => 'at', texts => '{title}', numerics => '{seconds,age}', label => 'topic', task => 'dominant', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('seen', epochs => 1);

SELECT interest_track('seen');
SELECT interest_track('seen', on_tables => '{}');
SELECT interest_track('seen', on_tables => '{thing}');
SELECT interest_track('seen', on_tables => '{act_row}');
SELECT interest_track('seen', on_tables => '{act,NULL}');
SELECT interest_track('seen', on_tables => '{{act},{visitor}}');
SELECT interest_track('seen', on_tables => '{act,0}');
SELECT interest_track('seen', on_tables => '{act,visitor,act}');
SELECT model, profiles, follows FROM interest_tracked;
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'interest%';
SELECT * FROM compare('seen', 'act_row', 'person');

-- a changed user is marked, and his rows are read; no mark for nobody
INSERT INTO act VALUES (3, 5, '2024-03-01 UTC', 9), (3, 6, '2024-03-01 UTC', 9), (NULL, 6, '2024-03-01 UTC', 9);
UPDATE visitor SET age = 50 WHERE person IN (4, 5);
UPDATE act SET person = 7 WHERE person = 6 AND seconds > 9;
DELETE FROM act WHERE person = 8;
INSERT INTO act VALUES (35, 5, '2024-03-01 UTC', 9);
SELECT user_id, sign, profile IS NULL AS mark, fingerprint FROM interest_seen_profiles WHERE sign = 0 ORDER BY 1;
SELECT * FROM compare('seen', 'act_row', 'person');
SELECT interest_fold('seen');
SELECT sign, count(*) FROM interest_seen_profiles GROUP BY sign;
SELECT * FROM compare('seen', 'act_row', 'person');

-- a table that does not tell the user needs a rebuild
UPDATE thing SET title = 'something else' WHERE thing_id % 3 = 0;
SELECT wrong_sums > 0 AS stale, wrong_answers > 0 AS stale_answers FROM compare('seen', 'act_row', 'person');
SELECT interest_fold('seen');
SELECT interest_rebuild('seen');
SELECT * FROM compare('seen', 'act_row', 'person');
TRUNCATE visitor;
SELECT * FROM compare('seen', 'act_row', 'person');
SELECT interest_fold('seen');
SELECT count(*) FROM interest_seen_profiles;
SELECT interest_drop_model('seen');
DROP TABLE act, thing, visitor CASCADE;

-- marks instead of errors
CREATE TABLE act (person int, at timestamptz, seconds float8, topic text);
INSERT INTO act SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
SELECT interest_create_model('acts', 'act', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
SELECT interest_track('acts', on_error => 'warn');
BEGIN;
INSERT INTO act VALUES (1, '2024-02-01 UTC', 'NaN', 'topic0'), (2, '2024-02-01 UTC', 3, 'topic0');
INSERT INTO act VALUES (3, '2024-02-01 UTC', 3, 'topic0');
SELECT user_id, sign FROM interest_acts_profiles WHERE sign = 0 ORDER BY 1;
DELETE FROM act WHERE seconds = 'NaN';
SELECT * FROM compare('acts', 'act', 'person');
COMMIT;
SELECT interest_fold('acts');
SELECT * FROM compare('acts', 'act', 'person');
-- a row of the future: its user's rows are read, and folded as they are
CREATE FUNCTION warned(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN 'done'; END $$;
\set VERBOSITY sqlstate
SELECT warned($$ INSERT INTO act VALUES (4, clock_timestamp() + interval '3 days', 3, 'topic0') $$);
\set VERBOSITY default
SELECT user_id, sign FROM interest_acts_profiles WHERE sign = 0;
SELECT * FROM compare('acts', 'act', 'person');
SELECT interest_fold('acts');
SELECT * FROM compare('acts', 'act', 'person');
DELETE FROM act WHERE at > clock_timestamp();
SELECT * FROM compare('acts', 'act', 'person');
-- cancelled is cancelled
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON interest_acts_profiles FOR EACH ROW EXECUTE FUNCTION slow();
SET statement_timeout = '200ms';
INSERT INTO act VALUES (5, '2024-02-01 UTC', 3, 'topic0');
RESET statement_timeout;
DROP TRIGGER slow ON interest_acts_profiles;
DROP FUNCTION slow, warned;
SELECT * FROM compare('acts', 'act', 'person');
-- the source itself has such a row when its tracking begins
SELECT interest_untrack('acts');
INSERT INTO act VALUES (4, '2999-01-01 UTC', 3, 'topic0');
SELECT interest_track('acts');
SELECT interest_track('acts', on_error => 'warn');
SELECT * FROM compare('acts', 'act', 'person');
SELECT interest_drop_model('acts');
DROP TABLE act;

-- users of other types, and columns of odd names
CREATE DOMAIN handle AS varchar(20) CHECK (value <> '');
CREATE SCHEMA "Odd Place";
CREATE TABLE "Odd Place"."Act" ("Who" handle COLLATE "C", "r" timestamptz, n float8, "group" text);
INSERT INTO "Odd Place"."Act" SELECT 'user ' || p, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
SELECT interest_create_model('odd', '"Odd Place"."Act"', user_id => 'Who', at => 'r', numerics => '{n}', label => 'group', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('odd', epochs => 1);
SELECT interest_track('odd');
SELECT attname, atttypid::regtype, attcollation::regcollation FROM pg_attribute WHERE attrelid = '"Odd Place".interest_odd_profiles'::regclass AND attnum = 1;
INSERT INTO "Odd Place"."Act" VALUES ('user 1', '2024-02-01 UTC', 3, 'topic0'), ('User 1', '2024-02-01 UTC', 3, 'topic0');
UPDATE "Odd Place"."Act" SET n = 4 WHERE "Who" = 'user 2';
SELECT * FROM compare('odd', '"Odd Place"."Act"', 'Who');
SELECT interest_embed('user 2', 'odd') IS NOT NULL AS found;
DELETE FROM "Odd Place"."Act" WHERE "Who" = 'User 1';
SELECT interest_forget('odd', 'User 1') > 0 AS forgotten;
SELECT interest_fold('odd') >= 0 AS folded;
SELECT * FROM compare('odd', '"Odd Place"."Act"', 'Who');
SELECT interest_drop_model('odd');

-- numbers with zeros, time, and a type without order
CREATE TABLE act (number numeric, day timestamp, code xid, at timestamptz, seconds float8, topic text);
INSERT INTO act SELECT (p || CASE WHEN i % 2 = 0 THEN '.00' ELSE '' END)::numeric, timestamp '2024-01-01' + make_interval(days => p),
	p::text::xid, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
SELECT interest_create_model(c, 'act', user_id => c::name, at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}') FROM unnest('{number,day,code}'::text[]) c;
SELECT sum((SELECT count(*) FROM interest_train(c, epochs => 1))) FROM unnest('{number,day,code}'::text[]) c;
SELECT interest_track(c) FROM unnest('{number,day}'::text[]) c;
SELECT interest_track('code');
INSERT INTO act SELECT number, day, code, at + interval '1 month', seconds, topic FROM act WHERE number < 4;
UPDATE act SET seconds = 3 WHERE number = 5;
DELETE FROM act WHERE number = 6 AND seconds > 8;
SELECT c, (compare(c, 'act', c)).* FROM unnest('{number,day}'::text[]) c;
SELECT c, interest_fold(c) FROM unnest('{number,day}'::text[]) c;
SELECT c, (compare(c, 'act', c)).* FROM unnest('{number,day}'::text[]) c;
SELECT interest_embed(5.000, 'number') = interest_embed('5', 'number') AS same_user;
SELECT interest_drop_model(c) FROM unnest('{number,day,code}'::text[]) c;
DROP TABLE act;
DROP SCHEMA "Odd Place" CASCADE;
DROP DOMAIN handle;

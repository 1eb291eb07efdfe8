-- Tracked profiles: who may begin, write, read and end what.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;

CREATE ROLE regress_live_owner;
CREATE ROLE regress_live_writer;
CREATE ROLE regress_live_reader;
CREATE SCHEMA shop;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
CREATE TABLE shop.act (person int, at timestamptz, seconds float8, topic text, secret text);
INSERT INTO shop.act SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), p + i, 'topic' || p % 2 FROM generate_series(1, 10) p, generate_series(1, 5) i;
GRANT INSERT, UPDATE, DELETE, SELECT ON shop.act TO regress_live_writer;
GRANT SELECT (person, at, seconds, topic) ON shop.act TO regress_live_owner;
SET ROLE regress_live_owner;
SELECT interest_create_model('acts', 'shop.act', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('acts', epochs => 1);

-- the owner needs to make a table in the schema and triggers on the source
SELECT interest_track('acts');
RESET ROLE;
GRANT CREATE ON SCHEMA shop TO regress_live_owner;
SET ROLE regress_live_owner;
SELECT interest_track('acts');
RESET ROLE;
GRANT TRIGGER ON shop.act TO regress_live_owner;
SET ROLE regress_live_writer;
SELECT interest_track('acts');
RESET ROLE;
SELECT interest_track('acts');
SELECT relowner::regrole, relacl FROM pg_class WHERE oid = 'shop.interest_acts_profiles'::regclass;

-- others end and change nothing, and see nothing
SET ROLE regress_live_writer;
SELECT interest_untrack('acts');
SELECT interest_rebuild('acts');
SELECT interest_fold('acts');
SELECT interest_forget('acts', 1);
SELECT count(*) FROM interest_tracked;
SELECT * FROM interest_tracking;
SELECT * FROM interest_tracked_table;
SELECT * FROM shop.interest_acts_profiles;

-- a writer needs no right to the model or the profiles, whatever he has in his search_path
CREATE TEMP TABLE interest_new (person int, at timestamptz, seconds float8);
CREATE TEMP TABLE change (user_id int);
SELECT interest_embed(1, 'acts');
INSERT INTO shop.act VALUES (1, '2024-02-01 UTC', 3, 'topic0'), (11, '2024-02-01 UTC', 3, 'topic0');
UPDATE shop.act SET seconds = 4 WHERE person = 2;
DELETE FROM shop.act WHERE person = 3 AND seconds < 6;
SELECT current_user, session_user = current_user AS own;
SHOW search_path;
DROP TABLE interest_new, change;
RESET ROLE;
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
CREATE FUNCTION hostile.strike(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'struck'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.strike);
CREATE FUNCTION hostile.sum_strike(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'struck'; END $$;
CREATE AGGREGATE hostile.sum(int) (SFUNC = hostile.sum_strike, STYPE = int, INITCOND = '0');
CREATE FUNCTION hostile.interest_accumulate(text, record) RETURNS interest_profile LANGUAGE plpgsql AS $$ BEGIN RAISE 'struck'; END $$;
SET search_path = hostile, pg_catalog, public;
UPDATE shop.act SET seconds = 5 WHERE person OPERATOR(pg_catalog.=) 2;
SELECT interest_fold('acts') OPERATOR(pg_catalog.>) 0 AS folded;
SELECT interest_embed(2, 'acts') IS NOT NULL AS answered;
SELECT interest_forget('acts', 99);
SELECT interest_rebuild('acts') OPERATOR(pg_catalog.>) 0 AS rebuilt;
RESET search_path;
DROP SCHEMA hostile CASCADE;
SELECT * FROM compare('acts', 'shop.act', 'person');

-- the profile table's own owner needs the use of the model
ALTER TABLE shop.interest_acts_profiles OWNER TO regress_live_reader;
INSERT INTO shop.act VALUES (1, '2024-02-02 UTC', 3, 'topic0');
SELECT interest_grant_use('model', 'acts', 'regress_live_reader');
INSERT INTO shop.act VALUES (1, '2024-02-02 UTC', 3, 'topic0');
ALTER TABLE shop.interest_acts_profiles OWNER TO regress_live_owner;
SELECT * FROM compare('acts', 'shop.act', 'person');

-- tracked profiles are read by those who may read both; others read the rows.
-- What is tracked is made wrong here, to tell one from the other.
SET ROLE regress_live_owner;
UPDATE shop.interest_acts_profiles p SET profile = q.profile FROM shop.interest_acts_profiles q WHERE p.user_id = 7 AND q.user_id = 8;
CREATE FUNCTION pg_temp.what_is_read() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN interest_embed(7, 'acts') = interest_embed(8, 'acts') THEN 'profiles' ELSE 'rows' END;
EXCEPTION WHEN insufficient_privilege THEN
	RETURN SQLERRM;
END $$;
SELECT pg_temp.what_is_read();
RESET ROLE;
SELECT pg_temp.what_is_read();
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
GRANT SELECT ON shop.interest_acts_profiles TO regress_live_reader;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
GRANT SELECT (person, at) ON shop.act TO regress_live_reader;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
GRANT SELECT (seconds) ON shop.act TO regress_live_reader;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
REVOKE SELECT ON shop.interest_acts_profiles FROM regress_live_reader;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
GRANT SELECT ON shop.interest_acts_profiles TO regress_live_reader;

-- row security on the source: the rows that are seen, no others
ALTER TABLE shop.act ENABLE ROW LEVEL SECURITY;
CREATE POLICY early ON shop.act TO regress_live_reader USING (at < '2024-01-04 UTC');
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
SELECT positive_rows FROM interestvec_info(interest_embed(7, 'acts'));
RESET ROLE;
-- of which his superuser is free
SELECT pg_temp.what_is_read();
-- the model's owner sees no rows now, and would rebuild of them
SET ROLE regress_live_owner;
SELECT interest_embed(7, 'acts') IS NULL AS hidden;
SELECT interest_rebuild('acts');
SELECT interest_fold('acts') AS without_the_source;
RESET ROLE;
-- the table's writers are followed nonetheless
INSERT INTO shop.act VALUES (9, '2024-02-02 UTC', 3, 'topic0');
DROP POLICY early ON shop.act;
ALTER TABLE shop.act DISABLE ROW LEVEL SECURITY;
-- row security on the profiles: the rows are read
ALTER TABLE shop.interest_acts_profiles ENABLE ROW LEVEL SECURITY;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
INSERT INTO shop.act VALUES (9, '2024-02-03 UTC', 3, 'topic0');
ALTER TABLE shop.interest_acts_profiles DISABLE ROW LEVEL SECURITY;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;

-- without the right to read the source there is no rebuild
REVOKE SELECT (seconds) ON shop.act FROM regress_live_owner;
INSERT INTO shop.act VALUES (9, '2024-02-04 UTC', 3, 'topic0');
SELECT interest_rebuild('acts');
GRANT SELECT (seconds) ON shop.act TO regress_live_owner;
SELECT interest_rebuild('acts') > 0 AS rebuilt;
SELECT * FROM compare('acts', 'shop.act', 'person');
-- nor without the right to write the profiles anything else
ALTER TABLE shop.interest_acts_profiles OWNER TO regress_live_reader;
SELECT interest_rebuild('acts');
SELECT interest_untrack('acts');
ALTER TABLE shop.interest_acts_profiles OWNER TO regress_live_owner;

-- its owner ends it, without any right to the source left
REVOKE ALL ON shop.act FROM regress_live_owner;
SET ROLE regress_live_owner;
SELECT interest_drop_model('acts');
RESET ROLE;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.act'::regclass;

-- views: the tables below are read as the view's owner, or as the reader
CREATE VIEW shop.act_row AS SELECT person, at, seconds, topic FROM shop.act;
GRANT SELECT ON shop.act_row TO regress_live_owner, regress_live_reader;
GRANT TRIGGER ON shop.act TO regress_live_owner;
SET ROLE regress_live_owner;
SELECT interest_create_model('acts', 'shop.act_row', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', task => 'dominant', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
SELECT interest_track('acts', on_tables => '{shop.act}');
SELECT interest_grant_use('model', 'acts', 'regress_live_reader');
GRANT SELECT ON shop.interest_acts_profiles TO regress_live_reader;
UPDATE shop.interest_acts_profiles p SET profile = q.profile FROM shop.interest_acts_profiles q WHERE p.user_id = 7 AND q.user_id = 8;
RESET ROLE;
REVOKE ALL ON shop.act FROM regress_live_reader;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
ALTER VIEW shop.act_row SET (security_invoker = true);
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
ALTER VIEW shop.act_row RESET (security_invoker);
ALTER TABLE shop.act ENABLE ROW LEVEL SECURITY;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
ALTER VIEW shop.act_row OWNER TO regress_live_writer;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
SELECT interest_embed(7, 'acts') IS NULL AS hidden;
RESET ROLE;
ALTER TABLE shop.act DISABLE ROW LEVEL SECURITY;
SET ROLE regress_live_reader;
SELECT pg_temp.what_is_read();
RESET ROLE;
SELECT interest_drop_model('acts');
SELECT interest_drop_encoder('live');
DROP SCHEMA shop CASCADE;
DROP FUNCTION compare, pg_temp.what_is_read;
DROP ROLE regress_live_owner, regress_live_writer, regress_live_reader;

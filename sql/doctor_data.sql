-- The doctor on a model's rows and profiles.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA doctor;
SET search_path = doctor, public;
CREATE FUNCTION findings(model text) RETURNS TABLE (check_name text, status text, detail text, fix text) LANGUAGE sql AS $$
	SELECT d.check_name, d.status, d.detail, d.fix FROM interest_doctor(model) WITH ORDINALITY d
	WHERE d.ordinality > (SELECT max(e.ordinality) FROM interest_doctor() WITH ORDINALITY e) ORDER BY d.ordinality $$;

CREATE TABLE visit (person int, at timestamptz, title text, body text, topic text, wide text);
INSERT INTO visit SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), (ARRAY['music', 'sport'])[1 + p % 2] || ' ' || i, 'body ' || p || i, (ARRAY['a', 'b'])[1 + p % 2], NULL
FROM generate_series(1, 60) p, generate_series(1, 5) i;
SELECT interest_create_model('well', 'visit', user_id => 'person', at => 'at', texts => '{title,body}', label => 'topic', options => '{"sentences": false, "dimensions": 8}');
SELECT * FROM findings('well');

-- what can be wrong with rows, all at once
CREATE TABLE ill (person int, at timestamptz, title text, body text, note text, topic text, wide text);
INSERT INTO ill SELECT person, at, 'always the same', NULL, CASE WHEN person < 9 THEN body END, topic, (SELECT string_agg(md5(person::text || at || i), '') FROM generate_series(1, 50) i) FROM visit;
ALTER TABLE ill ALTER wide SET STORAGE EXTERNAL;
INSERT INTO ill SELECT * FROM ill WHERE person % 3 = 0;
INSERT INTO ill SELECT 7, timestamptz '2024-05-01 UTC' + i * interval '1 second', 'always the same', NULL, 'x' || i, 'a' FROM generate_series(1, 700) i;
INSERT INTO ill SELECT 8, now() + interval '1 year', 'always the same', NULL, 'y', 'rare' FROM generate_series(1, 2);
INSERT INTO ill VALUES (9, '2024-01-01 UTC', 'always the same', NULL, 'z', 'rare'), (9, '2024-01-01 UTC', 'always the same', NULL, 'z', 'lone');
INSERT INTO ill SELECT NULL, NULL, 'always the same', NULL, 'w' || i, NULL FROM generate_series(1, 100) i;
UPDATE ill SET wide = repeat('x', 1600) WHERE wide IS NULL;
ANALYZE ill;
SELECT interest_create_model('ill', 'ill', user_id => 'person', at => 'at', texts => '{title,body,note}', label => 'topic', options => '{"sentences": false}');
SELECT check_name, status, regexp_replace(detail, 'have \d{4} bytes', 'have ... bytes') AS detail, fix FROM findings('ill') WHERE status <> 'ok';

-- rows that stop a training are found, not raised
CREATE TABLE broken (person int, at timestamptz, seconds float8, topic text);
INSERT INTO broken VALUES (1, '2024-01-01 UTC', 'NaN', 'a');
SELECT interest_create_model('broken', 'broken', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic');
SELECT check_name, status, detail, fix FROM findings('broken') WHERE status <> 'ok';
UPDATE broken SET seconds = 1, at = 'infinity';
SELECT check_name, status, detail, fix FROM findings('broken') WHERE status <> 'ok';
DELETE FROM broken;
SELECT check_name, status, detail, fix FROM findings('broken') WHERE status <> 'ok';
ALTER TABLE broken RENAME TO gone;
SELECT check_name, status, detail, fix FROM findings('broken') WHERE status <> 'ok';
ALTER TABLE gone RENAME TO broken;

-- a caller without rights to the source is told so
CREATE ROLE regress_interest_doctor;
GRANT USAGE ON SCHEMA doctor TO regress_interest_doctor;
SELECT interest_grant_use('model', 'broken', 'regress_interest_doctor');
SET ROLE regress_interest_doctor;
SELECT check_name, status, detail FROM findings('broken') WHERE status <> 'ok';
RESET ROLE;

-- a view with its first rows only, and a large table by a sample
CREATE VIEW many AS SELECT i % 1000 AS person, timestamptz '2024-01-01 UTC' + i * interval '1 minute' AS at, 'title ' || i % 7 AS title, (i % 3)::text AS topic FROM generate_series(1, 200001) i;
SELECT interest_create_model('many', 'many', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"sentences": false}');
SELECT check_name, detail FROM findings('many') WHERE check_name IN ('rows', 'labels');

-- profiles: deltas, marks, another representation, triggers
SELECT count(*) FROM interest_train('well', epochs => 1);
SELECT interest_track('well');
SELECT check_name, status, detail, fix FROM findings('well') WHERE check_name IN ('deltas', 'marks', 'profiles', 'triggers');
DO $$ BEGIN FOR i IN 1 .. 33 LOOP INSERT INTO visit VALUES (1, timestamptz '2024-02-01 UTC' + make_interval(days => i), 'music', 'x', 'a'); END LOOP; END $$;
SELECT check_name, status, detail, fix FROM findings('well') WHERE status <> 'ok' AND check_name = 'deltas';
SELECT interest_fold('well') > 0 AS folded;
SELECT check_name, status, detail FROM findings('well') WHERE check_name = 'deltas';
DELETE FROM visit WHERE person = 2 AND at = (SELECT max(at) FROM visit WHERE person = 2);
ALTER TABLE visit DISABLE TRIGGER ALL;
SELECT check_name, status, detail, fix FROM findings('well') WHERE check_name = 'triggers';
ALTER TABLE visit ENABLE TRIGGER ALL;
SELECT interest_rebuild('well') > 0 AS rebuilt;
SELECT check_name, status, detail, fix FROM findings('well') WHERE check_name = 'triggers';
TRUNCATE visit;
SELECT check_name, status, detail, fix FROM findings('well') WHERE check_name = 'marks';
INSERT INTO visit SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), (ARRAY['music', 'sport'])[1 + p % 2], 'b' || i, (ARRAY['a', 'b'])[1 + p % 2] FROM generate_series(1, 60) p, generate_series(1, 5) i;
SELECT interest_rebuild('well') > 0 AS rebuilt;
SELECT count(*) FROM interest_train('well', epochs => 2);
SELECT check_name, status, detail, fix FROM findings('well') WHERE check_name = 'profiles';
DROP TABLE interest_well_profiles;
SELECT check_name, status, detail, fix FROM findings('well') WHERE check_name = 'profiles';
SELECT interest_untrack('well');

-- a partition that came later
CREATE TABLE parts (person int, at timestamptz NOT NULL, title text, topic text) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01 UTC') TO ('2024-02-01 UTC');
INSERT INTO parts SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), (ARRAY['music', 'sport'])[1 + p % 2], (ARRAY['a', 'b'])[1 + p % 2] FROM generate_series(1, 60) p, generate_series(1, 5) i;
SELECT interest_create_model('parts', 'parts', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"sentences": false, "dimensions": 8}');
SELECT count(*) FROM interest_train('parts', epochs => 1);
SELECT interest_track('parts');
SELECT check_name, status, detail FROM findings('parts') WHERE check_name = 'triggers';
CREATE TABLE parts_2 (LIKE parts);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM ('2024-02-01 UTC') TO ('2024-03-01 UTC');
SELECT check_name, status, detail, fix FROM findings('parts') WHERE check_name = 'triggers';
SELECT interest_untrack('parts');

SELECT count(interest_drop_model(name)) FROM unnest('{well,ill,broken,many,parts}'::text[]) name;
DROP SCHEMA doctor CASCADE;
DROP ROLE regress_interest_doctor;

-- Audiences: the same as classifying every user in SQL; marks, relations with
-- readings, rights, wrong input.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT interest_load_encoder('reach', :'tiny' || '/tiny');
CREATE TABLE seen (person int, at timestamptz, title text, topic text);
INSERT INTO seen SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5),
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p + i * (p % 2)) % 3 + 1] || ' ' || (p * 7 + i) % 9,
	(ARRAY['music', 'sport', 'science'])[(p + i * (p % 2)) % 3 + 1]
FROM generate_series(1, 60) p, generate_series(1, 8) i;
SELECT interest_create_model('reach', 'seen', encoder => 'reach', user_id => 'person', at => 'at', texts => '{title}',
	label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('reach', epochs => 2);
SELECT * FROM interest_audience('music', model => 'reach');
SELECT interest_track('reach');
CREATE FUNCTION differences(wanted text, k int, lowest real) RETURNS bigint LANGUAGE sql AS $$
	WITH a AS (SELECT row_number() OVER () AS n, * FROM interest_audience(wanted, k, lowest, 'reach')),
		b AS (SELECT row_number() OVER () AS n, * FROM (SELECT person::text AS id, c.probability FROM (SELECT DISTINCT person FROM seen) s,
			unnest(interest_classify(person, 'reach')) c WHERE c.interest = wanted AND c.probability >= lowest
			ORDER BY c.probability DESC, person::text COLLATE "C" LIMIT k) x)
	SELECT (SELECT count(*) FROM (SELECT * FROM a EXCEPT SELECT * FROM b) x) + abs((SELECT count(*) FROM a) - (SELECT count(*) FROM b)) $$;
CREATE FUNCTION all_differences() RETURNS numeric LANGUAGE sql AS $$
	SELECT sum(differences(i, k, lowest)) FROM unnest('{music,sport,science}'::text[]) i, unnest('{0,1,7,1000}'::int[]) k, unnest('{0,0.3,1}'::real[]) lowest $$;
SELECT all_differences(), (SELECT count(*) FROM interest_audience('music', model => 'reach')) AS users;

-- rows added, changed and taken away since: added up, or read from the source
INSERT INTO seen SELECT p, timestamptz '2024-06-01 UTC', 'space robot travel', 'science' FROM generate_series(50, 70) p;
UPDATE seen SET title = 'the music of the night' WHERE person < 9;
DELETE FROM seen WHERE person = 12 OR at > '2024-05-01' AND person = 55;
SELECT all_differences(), (SELECT count(*) FROM interest_audience('music', model => 'reach')) AS users;
TRUNCATE seen;
INSERT INTO seen SELECT p, timestamptz '2024-06-01 UTC', 'space robot travel', 'science' FROM generate_series(1, 5) p;
SELECT all_differences(), (SELECT count(*) FROM interest_audience('music', model => 'reach')) AS users;

-- look-alikes of some users
INSERT INTO seen SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), (ARRAY['the music of the night', 'space robot travel'])[p % 2 + 1], 'music'
FROM generate_series(1, 20) p, generate_series(1, 6) i;
WITH seed AS (SELECT interest_granularity(interest_read(interest_merge(p), NULL, 'reach'), 'user') AS vector
	FROM (SELECT interest_accumulate('reach', s) AS p FROM seen s WHERE person IN (6, 8, 10) GROUP BY person) x)
SELECT bool_and(person % 2 = 0) AS alike, count(*) FROM (SELECT person FROM (SELECT DISTINCT person FROM seen WHERE person > 10) u, interest_embed(person, 'reach') r, seed
	ORDER BY interest_relevance(r, seed.vector) DESC LIMIT 5) x;
DELETE FROM seen WHERE person > 5;

-- relations with readings
CREATE TABLE reading AS SELECT p AS person, interest_embed(p, 'reach') AS r FROM generate_series(1, 6) p;
SELECT (SELECT array_agg(a) FROM interest_audience('music', 100, 0, 'reach', 'reading') a) = (SELECT array_agg(a) FROM interest_audience('music', model => 'reach') a) AS same;
ALTER TABLE reading RENAME person TO user_id;
SELECT count(*) FROM interest_audience('music', 100, 0, 'reach', 'reading');
ALTER TABLE reading RENAME user_id TO somebody;
SELECT interest_audience('music', 100, 0, 'reach', 'reading');
SELECT interest_audience('music', 100, 0, 'reach', 'seen');

-- wrong input
SELECT interest_audience('magic', model => 'reach');
SELECT interest_audience('music', -1, model => 'reach');
SELECT interest_audience('music', NULL, model => 'reach');
SELECT interest_audience('music', 1, 'NaN', 'reach');
SELECT interest_audience('music', model => 'no such');
SELECT interest_audience('music', source => 0, model => 'reach');
SELECT count(*) FROM interest_audience(NULL, model => 'reach');

-- rights: the model, the profiles, the rows
CREATE ROLE regress_interest_seller;
SET ROLE regress_interest_seller;
SELECT interest_audience('music', model => 'reach');
RESET ROLE;
SELECT interest_grant_use('model', 'reach', 'regress_interest_seller');
SET ROLE regress_interest_seller;
SELECT interest_audience('music', model => 'reach');
RESET ROLE;
GRANT SELECT ON interest_reach_profiles TO regress_interest_seller;
SET ROLE regress_interest_seller;
SELECT interest_audience('music', model => 'reach');
RESET ROLE;
GRANT SELECT ON seen TO regress_interest_seller;
SET ROLE regress_interest_seller;
SELECT count(*) FROM interest_audience('music', model => 'reach');
RESET ROLE;
-- with policies, of the rows that he sees, though the profiles add up
SELECT interest_rebuild('reach');
ALTER TABLE seen ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON seen TO regress_interest_seller USING (person <= 2);
SET ROLE regress_interest_seller;
SELECT count(*), bool_and(user_id::int <= 2) AS visible FROM interest_audience('music', model => 'reach');
RESET ROLE;
SELECT interest_drop_model('reach');
SELECT interest_drop_encoder('reach');
DROP FUNCTION all_differences, differences;
DROP TABLE reading, seen;
DROP ROLE regress_interest_seller;

-- Sum, difference and sliding windows of profiles: exact, or an error, or a
-- flag; never a wrong number.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE TABLE event (id int PRIMARY KEY, person int, at timestamptz, amount float8, what text, topic text);
-- ties in time, equal rows, negative kinds, times centuries apart and before
-- 1970, missing values, rows without time
INSERT INTO event
SELECT i, i % 12, CASE WHEN i % 31 = 0 THEN NULL
		WHEN i % 29 = 0 THEN timestamptz '1850-03-01 UTC' + make_interval(days => i % 7)
		WHEN i % 23 = 0 THEN timestamptz '2150-03-01 UTC' + make_interval(hours => i % 5)
		WHEN i % 3 = 0 THEN timestamptz '2024-01-01 UTC' + make_interval(days => i % 11)
		ELSE timestamptz '2024-01-01 UTC' + make_interval(mins => (i * 7919) % 900000) END,
	CASE WHEN i % 13 > 0 THEN (i * 37) % 101 END,
	(ARRAY['view', 'buy', 'hide', 'dear', 'faint', NULL])[1 + i % 6],
	(ARRAY['red', 'blue'])[1 + i % 2]
FROM generate_series(1, 600) i;
INSERT INTO event SELECT 1000 + id, person, at, amount, what, topic FROM event WHERE id % 5 = 0;
SELECT interest_create_model('events', 'event', user_id => 'person', at => 'at', kind => 'what', numerics => '{amount}', label => 'topic',
	task => 'user', options => '{"dimensions": 5, "half_lives": {"coarse": 100, "medium": 7.5, "fine": 0.3}, "kinds": {"dear": 256, "faint": 0.0625}}');
SELECT count(*) FROM interest_train('events', epochs => 1);
CREATE VIEW one AS SELECT id, person, at, interest_accumulate('events', e) AS part FROM event e GROUP BY id;
CREATE TABLE part AS SELECT * FROM one;
CREATE TABLE total AS SELECT person, interest_accumulate('events', e) AS profile FROM event e GROUP BY person;

-- a sum is the profile of all rows, whatever the order
SELECT bool_and(a.profile + b.profile = b.profile + a.profile), bool_and((a.profile + b.profile) + c.profile = a.profile + (b.profile + c.profile))
FROM total a, total b, total c WHERE a.person < b.person AND b.person < c.person;
SELECT count(*) FROM total a, total b WHERE a.profile + b.profile =
	(SELECT interest_accumulate('events', e) FROM event e WHERE e.person = a.person OR (e.person = b.person AND a.person <> b.person) ) AND a.person <> b.person;

-- any row but the newest is taken away exactly; so is everything at once
SELECT count(*) AS rows, bool_and(t.profile - p.part = (SELECT interest_accumulate('events', e) FROM event e WHERE e.person = t.person AND e.id <> p.id)) AS exact
FROM total t JOIN part p USING (person)
WHERE p.part IS NOT NULL AND p.at < (SELECT max(at) FROM part x WHERE x.person = t.person AND x.part IS NOT NULL);
SELECT bool_and((i).positive_rows = 0 AND (i).negative_rows = 0 AND (i).blocks = 0 AND (i).newest IS NULL) FROM total, interest_profile_info(profile - profile) i;
SELECT bool_and(a.profile + b.profile - b.profile = a.profile) FROM total a, total b, interest_profile_info(a.profile) ia, interest_profile_info(b.profile) ib
WHERE ia.newest > ib.newest;

-- the newest row leaves: a flag that merge carries, equality sees and reading
-- warns of; one of several newest rows leaves exactly
SELECT id AS newest FROM part WHERE person = 1 AND part IS NOT NULL ORDER BY at DESC LIMIT 1 \gset
CREATE TABLE flagged AS SELECT t.profile - p.part AS profile FROM total t, part p WHERE t.person = 1 AND p.id = :newest;
SELECT profile = (SELECT interest_accumulate('events', e) FROM event e WHERE person = 1 AND id <> :newest) AS looks_exact, profile::text LIKE '%rebuild=1%' AS flagged,
	(SELECT interest_merge(p) FROM (SELECT profile UNION ALL SELECT profile FROM total WHERE person = 2) x(p))::text LIKE '%rebuild=1%' AS merge_carries FROM flagged;
SET client_min_messages = notice;
SELECT interest_read(profile) IS NOT NULL AS read FROM flagged;
SET client_min_messages = warning;

-- what is not a part of it
SELECT a.profile - b.profile FROM total a, total b WHERE a.person = 1 AND b.person = 2;
SELECT p.part - t.profile FROM part p, total t WHERE p.id = 1 AND t.person = 1;
SELECT part - part - part FROM part WHERE id = 1;

-- windows that slide, forwards and back, over rows and over time, leading NULL
-- rows included: the same as the frame's rows accumulated anew
CREATE FUNCTION pg_temp.slides(frame text, direction text) RETURNS TABLE (rows bigint, equal bool) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT count(*), bool_and(profile IS NOT DISTINCT FROM
			(SELECT interest_merge(p.part) FROM part p WHERE p.id = ANY (ids)))
		FROM (SELECT interest_accumulate('events', e) OVER w AS profile, array_agg(id) OVER w AS ids
			FROM event e WINDOW w AS (PARTITION BY person ORDER BY at %s NULLS FIRST %s %s)) x $q$,
		direction, CASE WHEN frame LIKE 'ROWS%' THEN ', id' ELSE '' END, frame);
END $$;
SELECT f, d, s.* FROM unnest(ARRAY['ROWS BETWEEN 4 PRECEDING AND CURRENT ROW', 'ROWS BETWEEN CURRENT ROW AND 3 FOLLOWING', 'ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING',
	'ROWS BETWEEN 5 PRECEDING AND 3 PRECEDING', 'RANGE BETWEEN ''3 days'' PRECEDING AND CURRENT ROW', 'RANGE BETWEEN ''1 day'' PRECEDING AND ''400 years'' FOLLOWING']) f,
	unnest(ARRAY['ASC', 'DESC']) d, pg_temp.slides(f, d) s;
SELECT count(*), bool_and(merged IS NOT DISTINCT FROM accumulated) AS equal FROM (
	SELECT interest_merge(p.part) OVER w AS merged, interest_accumulate('events', e) OVER w AS accumulated
	FROM event e JOIN part p USING (id) WINDOW w AS (PARTITION BY e.person ORDER BY e.at NULLS FIRST, id ROWS BETWEEN 6 PRECEDING AND 1 PRECEDING)) x;
-- the inverse is used at all: fewer rows are added than frames hold
SELECT count(DISTINCT v) > 100 AS readings, count(v) AS frames FROM (
	SELECT interest_embed('events', e) OVER (PARTITION BY person ORDER BY at, id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS v FROM event e) x;

-- a person's interests, week by week
SELECT date_trunc('week', at)::date AS week, count(*), bool_and(p BETWEEN 0 AND 1) AS probability
FROM (SELECT at, interest_probability(interest_embed('events', e) OVER (PARTITION BY person ORDER BY at), 'red') AS p FROM event e WHERE person = 1) x
WHERE at BETWEEN '2024-01-01' AND '2024-02-01' GROUP BY 1 ORDER BY 1;

SELECT interest_drop_model('events');
DROP TABLE flagged, total, part;
DROP VIEW one;
DROP TABLE event;

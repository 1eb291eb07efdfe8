-- The aggregates: any order, any split, any number of workers, the same bytes.
\set VERBOSITY terse
CREATE TABLE whole AS SELECT person, interest_accumulate('topics', v) AS profile FROM visit v GROUP BY person;
SELECT count(*), count(DISTINCT profile) > 250 AS different FROM whole;

-- rows shuffled, by sort and by hash
SELECT count(*) FROM whole JOIN (
	SELECT person, interest_accumulate('topics', v ORDER BY md5(v::text)) AS profile FROM visit v GROUP BY person) x USING (person, profile);
SET enable_hashagg = off;
SELECT count(*) FROM whole JOIN (
	SELECT person, interest_accumulate('topics', v) AS profile FROM visit v GROUP BY person) x USING (person, profile);
RESET enable_hashagg;

-- merged from 7 parts, in two orders
SELECT count(*) FROM whole JOIN (
	SELECT person, interest_merge(part) AS profile FROM (
		SELECT person, interest_accumulate('topics', v) AS part FROM visit v GROUP BY person, extract(epoch FROM at)::bigint % 7) p
	GROUP BY person) x USING (person, profile);
SELECT count(*) FROM whole JOIN (
	SELECT person, interest_merge(part ORDER BY md5(part::text)) AS profile FROM (
		SELECT person, interest_accumulate('topics', v) AS part FROM visit v GROUP BY person, extract(epoch FROM at)::bigint % 7) p
	GROUP BY person) x USING (person, profile);

-- by two workers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE visit SET (parallel_workers = 2);
SET parallel_leader_participation = off;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT bool_or(line ~ 'Partial .*Aggregate') AS partial, bool_or(line ~ 'Workers Planned: 2') AS workers
FROM pg_temp.plan($$ SELECT person, interest_accumulate('topics', v) FROM visit v GROUP BY person $$) line;
CREATE TABLE parallel_whole AS SELECT person, interest_accumulate('topics', v) AS profile FROM visit v GROUP BY person;
SELECT count(*) FROM whole JOIN parallel_whole USING (person, profile);
SELECT interest_embed('topics', v) = interest_read((SELECT interest_merge(profile) FROM whole), NULL, 'topics') AS same FROM visit v;
SELECT count(*) FROM (SELECT person, interest_classify('topics', v) AS c FROM visit v GROUP BY person) x
	JOIN whole USING (person) WHERE c = interest_classify(profile, 'topics');
RESET parallel_leader_participation;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- both kernels
SET interest.kernel = 'portable';
SELECT count(*) FROM whole JOIN (
	SELECT person, interest_accumulate('topics', v) AS profile FROM visit v GROUP BY person) x USING (person, profile);
RESET interest.kernel;

-- columns in another order, more of them, of another type that reads alike
SELECT count(*) FROM whole JOIN (
	SELECT person, interest_accumulate('topics', r) AS profile
	FROM (SELECT 1 AS more, tags::varchar[] AS tags, seconds::numeric AS seconds, action::varchar AS action, title::name AS title, at, person FROM visit) r
	GROUP BY person) x USING (person, profile);

-- no rows, NULL rows, rows without time, one row
SELECT interest_accumulate('topics', v) IS NULL, interest_embed('topics', v) IS NULL, interest_classify('topics', v) IS NULL FROM visit v WHERE false;
SELECT interest_merge(NULL) IS NULL;
SELECT interest_accumulate('topics', NULL::visit) IS NULL;
SELECT interest_accumulate('topics', r) IS NULL FROM (SELECT person, NULL::timestamptz AS at, title, action, seconds, tags FROM visit) r;
SELECT interest_accumulate('topics', r) = profile AS nulls_do_not_count FROM whole, (
	SELECT v FROM visit v WHERE person = 5 UNION ALL SELECT NULL::visit) x(r) WHERE person = 5 GROUP BY profile;
SELECT positive_rows, negative_rows, newest, blocks FROM (SELECT interest_accumulate('topics', v) AS p FROM visit v WHERE person = 5 AND at < '2024-01-06') x, interest_profile_info(p);
-- every column but the time may be missing
SELECT positive_rows FROM (SELECT interest_embed('topics', r) AS p FROM (
	SELECT person, at, NULL::text AS title, NULL::text AS action, NULL::float8 AS seconds, tags FROM visit WHERE person = 5) r) x, interestvec_info(p);
SELECT interest_embed('topics', r) IS NULL AS nothing_left FROM (
	SELECT person, at, ' '::text AS title, NULL::text AS action, NULL::float8 AS seconds, NULL::text[] AS tags FROM visit WHERE person = 5) r;

-- as a window: the interests after every row
SELECT count(*), count(DISTINCT profile), bool_and(positive_rows = n)
FROM (SELECT interest_accumulate('topics', v) OVER w AS profile, row_number() OVER w AS n
	FROM visit v WHERE person = 5 WINDOW w AS (ORDER BY at)) x, interest_profile_info(profile);

-- reading: at the newest row, later, earlier
SELECT interest_read(profile) = (SELECT interest_embed('topics', v) FROM visit v WHERE person = 5) AS same FROM whole WHERE person = 5;
SELECT r.read_at, r.newest, r.coarse_mass < n.coarse_mass AS weaker
FROM whole, interestvec_info(interest_read(profile, '2030-01-01')) r, interestvec_info(interest_read(profile)) n WHERE person = 5;
SELECT interest_read(profile, '2000-01-01') FROM whole WHERE person = 5;
SELECT interest_read(profile, 'infinity') FROM whole WHERE person = 5;
SELECT interest_read(NULL) IS NULL, interest_classify(NULL::interestvec) IS NULL, interest_classify(NULL::interest_profile) IS NULL, interest_probability(NULL, 'music') IS NULL;
-- in a far future everybody is the prior
SELECT count(DISTINCT round((interest_probability(interest_read(profile, '9999-01-01'), 'music'))::numeric, 3)) FROM whole;
SELECT interest_probability(interest_read(profile), 'music') = (SELECT s.probability FROM unnest(interest_classify(profile)) s WHERE s.interest = 'music') AS same FROM whole WHERE person = 5;
SELECT interest_probability(interest_read(profile), 'cooking') FROM whole WHERE person = 5;
SELECT interest_classify(interest_read(profile)) = interest_classify(profile) AS same FROM whole WHERE person = 5;
SELECT cardinality(interest_read(profile)::real[]), cardinality(interest_granularity(interest_read(profile), 'fine')) FROM whole WHERE person = 5;

-- two models' rows in one group, two models' profiles together
SELECT interest_accumulate(CASE WHEN at < '2024-01-10' THEN 'topics' ELSE 'people' END, v) FROM visit v WHERE person = 5;
SELECT interest_merge(p) FROM (SELECT interest_accumulate('topics', v) FROM visit v UNION ALL SELECT interest_accumulate('people', v) FROM visit v) x(p);
SELECT interest_classify(profile, 'people') FROM whole WHERE person = 5;
SELECT interest_embed(5, 'topics') <=> interest_embed(5, 'people');

-- a materialized view, refreshed concurrently
CREATE MATERIALIZED VIEW person_interests AS SELECT person, interest_embed('topics', v) AS interests FROM visit v GROUP BY person;
CREATE UNIQUE INDEX ON person_interests (person);
REFRESH MATERIALIZED VIEW CONCURRENTLY person_interests;
SELECT count(*) FROM person_interests JOIN whole USING (person) WHERE interests = interest_read(profile);
-- and by a role that has nothing in its search_path
SET search_path = pg_catalog, pg_temp;
REFRESH MATERIALIZED VIEW public.person_interests;
RESET search_path;
SELECT person, interests <-> (SELECT interests FROM person_interests WHERE person = 5) < 0.5 AS near FROM person_interests WHERE person IN (5, 8) ORDER BY 1;
DROP MATERIALIZED VIEW person_interests;
DROP TABLE parallel_whole;

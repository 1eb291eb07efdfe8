--
-- profile.sql - how fast profiles are made, merged and read, and how large they are.
--
-- On the server that make demo has started:
--
--	test/server.sh psql /tmp/interest-demo-$(id -un) -d interest_demo -f test/bench/profile.sql
--
-- One thread; the encoder's texts are cached.  Times are CPU times of the
-- backend, so that a shared machine disturbs them little: the least of 3.
-- Where pgvector is installed, its avg(vector) over the same number of stored
-- vectors stands beside them: no network, no decay, no exactness.
--
\set QUIET on
\pset footer off
SET max_parallel_workers_per_gather = 0;
SET work_mem = '512MB';
SET jit = off;
SET client_min_messages = warning;

CREATE TEMP TABLE behaviour AS SELECT * FROM rating_row ORDER BY user_id;
CREATE TEMP TABLE profile AS SELECT user_id, interest_accumulate('films', b) AS profile FROM behaviour b GROUP BY user_id;
CREATE TEMP TABLE reading AS SELECT user_id, interest_read(profile) AS reading FROM profile;
ALTER TABLE profile ALTER profile SET STORAGE external;
ALTER TABLE reading ALTER reading SET STORAGE external;
ANALYZE behaviour, profile, reading;

\echo Bytes of a profile
SELECT count(*) AS profiles, min(size), percentile_disc(0.5) WITHIN GROUP (ORDER BY size) AS median,
	percentile_disc(0.9) WITHIN GROUP (ORDER BY size) AS "90 %", max(size), round(avg(size)) AS mean,
	round(avg(blocks), 1) AS blocks, round(avg(codes), 1) AS codes
FROM (SELECT length(interest_profile_send(profile)) AS size, (interest_profile_info(profile)).blocks,
	(SELECT count(*) FROM regexp_matches(profile::text, '\(code=', 'g')) AS codes FROM profile) p;

CREATE TEMP TABLE figure (n serial, what text, unit text, units bigint, nanoseconds bigint);
-- The backend's own CPU time.
CREATE FUNCTION pg_temp.cpu() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint
$$;
CREATE PROCEDURE pg_temp.measure(what text, unit text, units bigint, query text) LANGUAGE plpgsql AS $$
DECLARE
	before bigint;
	least bigint;
BEGIN
	FOR i IN 1 .. 3 LOOP
		before := pg_temp.cpu();
		EXECUTE query;
		least := least(least, pg_temp.cpu() - before);
	END LOOP;
	INSERT INTO figure (what, unit, units, nanoseconds) VALUES (what, unit, units, least);
END $$;

CALL pg_temp.measure('scan', 'rows', 100000, 'SELECT count(b) FROM behaviour b');
CALL pg_temp.measure('interest_accumulate, by user', 'rows', 100000, $$SELECT count(p) FROM (SELECT interest_accumulate('films', b) AS p FROM behaviour b GROUP BY user_id) x$$);
CALL pg_temp.measure('interest_embed, by user', 'rows', 100000, $$SELECT count(p) FROM (SELECT interest_embed('films', b) AS p FROM behaviour b GROUP BY user_id) x$$);
CALL pg_temp.measure('interest_merge into one', 'profiles', 94300, 'SELECT interest_merge(profile) FROM profile, generate_series(1, 100)');
CALL pg_temp.measure('interest_merge, 100 by user', 'profiles', 94300, 'SELECT count(p) FROM (SELECT interest_merge(profile) AS p FROM profile, generate_series(1, 100) GROUP BY user_id) x');
CALL pg_temp.measure('interest_read', 'profiles', 9430, 'SELECT count(interest_read(profile)) FROM profile, generate_series(1, 10)');
CALL pg_temp.measure('interest_topics', 'readings', 943, 'SELECT count(t) FROM reading, interest_topics(reading) t');
CALL pg_temp.measure('interest_classify', 'readings', 9430, 'SELECT count(interest_classify(reading)) FROM reading, generate_series(1, 10)');
CALL pg_temp.measure('cosine distance', 'pairs', 94300, 'SELECT count(a.reading <=> b.reading) FROM reading a, reading b WHERE a.user_id <= 100');

SELECT count(*) > 0 AS has_pgvector FROM pg_extension WHERE extname = 'vector' \gset
\if :has_pgvector
CREATE TEMP TABLE embedded AS SELECT user_id, r.reading::real[]::vector(64) AS v FROM behaviour JOIN reading r USING (user_id);
CALL pg_temp.measure('avg(vector) of pgvector, by user', 'rows', 100000, 'SELECT count(v) FROM (SELECT avg(v) AS v FROM embedded GROUP BY user_id) x');
\endif

\echo
\echo One thread
SELECT what, round(1e9 * units / nanoseconds) AS "per second", unit, round(nanoseconds::numeric / units / 1000, 2) AS "microseconds of one" FROM figure ORDER BY n;

--
-- By the clock, on an idle machine: ten times the rows, once by the backend alone and once by two workers alone.
--
CREATE TABLE rows_of_ten AS SELECT r.* FROM rating_row r, generate_series(1, 10);
ALTER TABLE rows_of_ten SET (parallel_workers = 2);
ANALYZE rows_of_ten;
SET parallel_leader_participation = off;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.seconds(workers integer) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
	least numeric;
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, false);
	FOR i IN 1 .. 3 LOOP
		started := clock_timestamp();
		EXECUTE 'SELECT count(p) FROM (SELECT interest_accumulate(''films'', r) AS p FROM rows_of_ten r GROUP BY user_id) x';
		least := least(least, extract(epoch FROM clock_timestamp() - started));
	END LOOP;
	RETURN round(least, 3);
END $$;
\echo 1,000,000 rows by user, seconds
SELECT alone, two_workers AS "two workers", round(alone / two_workers, 2) AS ratio
FROM (SELECT pg_temp.seconds(0) AS alone) a, (SELECT pg_temp.seconds(2) AS two_workers) b;
DROP TABLE rows_of_ten;

--
-- Equality, order and hash of both types: DISTINCT, GROUP BY, joins, indexes,
-- materialized views
--
\pset format unaligned
\set profile 'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=1 half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=1 negative_rows=0 newest=NEWEST newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(SUM))) medium=((age=0 rows=1 mass=549755813888 codes=((code=5 mass=549755813888)) sums=(0))) fine=((age=0 rows=1 mass=549755813888 sums=(0))) negative=()'
\set reading 'interestvec:1 dimensions=1 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100 rows=1 negative_rows=0 newest=NEWEST at=NEWEST mass=(1 1 1 0) gamma=(1 0 0) coarse=(1) medium=(1) fine=(1) negative=(0) user=(SUM) topics=()'

-- 40 rows of 10 users, 4 of each: the same user has equal values
CREATE TABLE valued AS
SELECT n AS id, n % 10 AS kind,
	replace(replace(:'profile', 'NEWEST', (n % 5)::text), 'SUM', (n % 10 - 5)::text)::interest_profile AS profile,
	replace(replace(:'reading', 'NEWEST', (n % 5)::text), 'SUM', (n % 10 - 5)::text)::interestvec AS reading
FROM generate_series(1, 40) n;

-- every operator agrees with every other, on all pairs
SELECT count(*) AS pairs,
	bool_and((a.profile = b.profile) = (a.kind = b.kind) AND (a.profile <> b.profile) = (a.kind <> b.kind)) AS equality,
	bool_and((a.profile < b.profile)::int + (a.profile = b.profile)::int + (a.profile > b.profile)::int = 1) AS one_of_three,
	bool_and((a.profile < b.profile) = (b.profile > a.profile) AND (a.profile <= b.profile) = (b.profile >= a.profile)) AS commute,
	bool_and((a.profile <= b.profile) = NOT (a.profile > b.profile) AND (a.profile >= b.profile) = NOT (a.profile < b.profile)) AS negate,
	bool_and(sign(interest_profile_cmp(a.profile, b.profile)) = (a.profile > b.profile)::int - (a.profile < b.profile)::int) AS cmp,
	bool_and((interest_profile_hash(a.profile) = interest_profile_hash(b.profile)) = (a.kind = b.kind)) AS hash,
	bool_and((interest_profile_hash_extended(a.profile, 42) = interest_profile_hash_extended(b.profile, 42)) = (a.kind = b.kind)) AS hash_extended
FROM valued a, valued b;
SELECT count(*) AS pairs,
	bool_and((a.reading = b.reading) = (a.kind = b.kind) AND (a.reading <> b.reading) = (a.kind <> b.kind)) AS equality,
	bool_and((a.reading < b.reading)::int + (a.reading = b.reading)::int + (a.reading > b.reading)::int = 1) AS one_of_three,
	bool_and((a.reading < b.reading) = (b.reading > a.reading) AND (a.reading <= b.reading) = (b.reading >= a.reading)) AS commute,
	bool_and((a.reading <= b.reading) = NOT (a.reading > b.reading) AND (a.reading >= b.reading) = NOT (a.reading < b.reading)) AS negate,
	bool_and(sign(interestvec_cmp(a.reading, b.reading)) = (a.reading > b.reading)::int - (a.reading < b.reading)::int) AS cmp,
	bool_and((interestvec_hash(a.reading) = interestvec_hash(b.reading)) = (a.kind = b.kind)) AS hash,
	bool_and((interestvec_hash_extended(a.reading, 42) = interestvec_hash_extended(b.reading, 42)) = (a.kind = b.kind)) AS hash_extended
FROM valued a, valued b;
-- transitive
SELECT count(*) AS circles FROM valued a, valued b, valued c
WHERE a.id <= 10 AND b.id <= 10 AND c.id <= 10 AND
	((a.profile < b.profile AND b.profile < c.profile AND NOT a.profile < c.profile) OR
	 (a.reading < b.reading AND b.reading < c.reading AND NOT a.reading < c.reading));

-- the hash of seed 0 has the plain hash in its lower half; another seed, another hash
SELECT bool_and(interest_profile_hash_extended(profile, 0) & 4294967295 = interest_profile_hash(profile)::bigint & 4294967295) AS profile,
	bool_and(interestvec_hash_extended(reading, 0) & 4294967295 = interestvec_hash(reading)::bigint & 4294967295) AS reading,
	bool_and(interest_profile_hash_extended(profile, 0) <> interest_profile_hash_extended(profile, 1)) AS profile_seed,
	bool_and(interestvec_hash_extended(reading, 0) <> interestvec_hash_extended(reading, -1)) AS reading_seed
FROM valued;
-- the same on every machine, for hash partitions that a dump carries elsewhere
SELECT interest_profile_hash(profile), interest_profile_hash_extended(profile, 1), interestvec_hash(reading), interestvec_hash_extended(reading, 1)
FROM valued WHERE id = 1;

CREATE FUNCTION plan_has(command text, node text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan text;
BEGIN
	EXECUTE 'EXPLAIN (COSTS OFF, FORMAT json) ' || command INTO plan;
	RETURN plan LIKE '%"' || node || '"%';
END $$;

-- by hash, by sort, with the same groups
CREATE FUNCTION groups_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hashed text;
	sorted text;
BEGIN
	SET LOCAL enable_sort = off;
	SET LOCAL enable_hashagg = on;
	IF NOT plan_has(command, 'Hashed') THEN RETURN 'no hash aggregate'; END IF;
	EXECUTE 'SELECT string_agg(v::text, '' '' ORDER BY v) FROM (' || command || ') q(v)' INTO hashed;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_hashagg = off;
	IF NOT plan_has(command, 'Sorted') THEN RETURN 'no sort'; END IF;
	EXECUTE 'SELECT string_agg(v::text, '' '' ORDER BY v) FROM (' || command || ') q(v)' INTO sorted;
	RETURN hashed || CASE WHEN hashed = sorted THEN ' both ways' ELSE ' but sorted ' || sorted END;
END $$;
SELECT groups_of('SELECT min(id) FROM valued GROUP BY profile');
SELECT groups_of('SELECT count(*) FROM valued GROUP BY profile');
SELECT groups_of('SELECT min(id) FROM valued GROUP BY reading');
SELECT groups_of('SELECT count(*) FROM valued GROUP BY reading');
SELECT count(DISTINCT profile), count(DISTINCT reading) FROM valued;
SELECT count(*) FROM (SELECT DISTINCT profile, reading FROM valued) d;
SELECT count(*) FROM (SELECT profile FROM valued UNION SELECT profile FROM valued) u;
SELECT count(*) FROM (SELECT reading FROM valued WHERE id <= 10 INTERSECT SELECT reading FROM valued WHERE id > 37) i;
SELECT count(*) FROM valued WHERE reading IN (SELECT reading FROM valued WHERE id IN (3, 4));
SELECT count(*) FROM valued WHERE profile NOT IN (SELECT profile FROM valued WHERE id IN (3, 4));

-- the three joins
SET enable_hashjoin = off;
SET enable_nestloop = off;
SELECT plan_has('SELECT count(*) FROM valued a JOIN valued b USING (profile)', 'Merge Join');
SELECT count(*) FROM valued a JOIN valued b USING (profile);
SELECT count(*) FROM valued a JOIN valued b USING (reading);
SET enable_mergejoin = off;
RESET enable_hashjoin;
SELECT plan_has('SELECT count(*) FROM valued a JOIN valued b USING (reading)', 'Hash Join');
SELECT count(*) FROM valued a JOIN valued b USING (profile);
SELECT count(*) FROM valued a JOIN valued b USING (reading);
RESET enable_nestloop;
RESET enable_mergejoin;

-- an order is the same whatever order the rows come in
SELECT (SELECT array_agg(kind ORDER BY profile) FROM valued) = (SELECT array_agg(kind ORDER BY profile) FROM (SELECT * FROM valued ORDER BY id DESC) r) AS profile,
	(SELECT array_agg(kind ORDER BY reading) FROM valued) = (SELECT array_agg(kind ORDER BY reading) FROM (SELECT * FROM valued ORDER BY md5(id::text)) r) AS reading,
	(SELECT array_agg(kind ORDER BY reading DESC) FROM valued) = (SELECT array_agg(kind ORDER BY n DESC) FROM (SELECT kind, row_number() OVER (ORDER BY reading) AS n FROM valued) r) AS descending;
-- by bytes, which is by their length where one begins like the other
SELECT bool_and((a.profile < b.profile) = (interest_profile_send(a.profile) < interest_profile_send(b.profile))) AS profile,
	bool_and((a.reading < b.reading) = (interestvec_send(a.reading) < interestvec_send(b.reading))) AS reading
FROM valued a, valued b;

-- unique indexes and keys, on values as small as these
CREATE TABLE keyed (profile interest_profile PRIMARY KEY, reading interestvec UNIQUE);
INSERT INTO keyed SELECT profile, reading FROM valued WHERE id <= 10;
INSERT INTO keyed SELECT profile, NULL FROM valued WHERE id = 11 ON CONFLICT (profile) DO NOTHING;
\set VERBOSITY terse
DO $$ BEGIN
	INSERT INTO keyed SELECT profile, NULL FROM valued WHERE id = 11;
EXCEPTION WHEN unique_violation THEN RAISE NOTICE '%', SQLERRM; END $$;
DO $$ DECLARE v keyed; BEGIN
	SELECT profile, reading INTO v FROM valued WHERE id = 12;
	DELETE FROM keyed WHERE profile = v.profile;
	INSERT INTO keyed VALUES (v.profile, v.reading);
	UPDATE keyed SET reading = (SELECT reading FROM valued WHERE id = 13) WHERE profile = v.profile;
EXCEPTION WHEN unique_violation THEN RAISE NOTICE '%', SQLERRM; END $$;
\set VERBOSITY default
CREATE INDEX keyed_hash ON keyed USING hash (reading);
SET enable_seqscan = off;
SELECT plan_has('SELECT count(*) FROM keyed WHERE profile = (SELECT profile FROM valued WHERE id = 7)', 'keyed_pkey');
SELECT count(*) FROM keyed WHERE profile = (SELECT profile FROM valued WHERE id = 7);
SELECT plan_has('SELECT count(*) FROM keyed WHERE reading = (SELECT reading FROM valued WHERE id = 7)', 'keyed_hash');
SELECT count(*) FROM keyed WHERE reading = (SELECT reading FROM valued WHERE id = 7);
SELECT count(*) FROM keyed WHERE profile < (SELECT max_profile.profile FROM (SELECT profile FROM valued ORDER BY profile DESC LIMIT 1) max_profile);
RESET enable_seqscan;
DROP TABLE keyed;

-- hash partitions
CREATE TABLE parted (reading interestvec, profile interest_profile) PARTITION BY HASH (reading, profile);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT reading, profile FROM valued;
SELECT (SELECT count(*) FROM parted_0) AS first, (SELECT count(*) FROM parted_1) AS second;
DROP TABLE parted;

-- a value that a B-tree cannot hold
CREATE TABLE wide (reading interestvec);
INSERT INTO wide SELECT ('interestvec:1 dimensions=1024 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100 rows=0 negative_rows=0 newest=-9223372036854775808 at=0 mass=(0 0 0 0) gamma=(1 0 0) coarse=(' || v || ') medium=(' || v || ') fine=(' || v || ') negative=(' || z || ') user=(' || v || ') topics=()')::interestvec
FROM (SELECT string_agg((i * 0.37)::text, ' ') AS v, string_agg('0', ' ') AS z FROM generate_series(1, 1024) i) s;
DO $$ BEGIN
	CREATE INDEX ON wide (reading);
EXCEPTION WHEN program_limit_exceeded THEN RAISE NOTICE '%', SQLSTATE; END $$;
INSERT INTO wide SELECT reading FROM wide;
SELECT count(DISTINCT reading) FROM wide;
CREATE INDEX ON wide USING hash (reading);
DROP TABLE wide;

-- A materialized view, refreshed while others read it.
CREATE TABLE origin AS SELECT id, reading, profile FROM valued WHERE id <= 10;
CREATE MATERIALIZED VIEW readings AS SELECT id, reading, profile FROM origin;
CREATE UNIQUE INDEX ON readings (id);
UPDATE origin SET reading = (SELECT reading FROM valued WHERE id = 9) WHERE id = 3;
DELETE FROM origin WHERE id = 5;
INSERT INTO origin SELECT 11, reading, profile FROM valued WHERE id = 1;
SET search_path = pg_catalog, pg_temp;
REFRESH MATERIALIZED VIEW CONCURRENTLY public.readings;
RESET search_path;
SELECT count(*) AS rows, count(*) FILTER (WHERE r.reading = o.reading AND r.profile = o.profile) AS same
FROM readings r FULL JOIN origin o USING (id);
REFRESH MATERIALIZED VIEW readings;
SELECT count(*) FROM readings;
DROP MATERIALIZED VIEW readings;
DROP TABLE origin;

DROP FUNCTION groups_of(text);
DROP FUNCTION plan_has(text, text);
DROP TABLE valued;

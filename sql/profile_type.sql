--
-- interest_profile: text form, contents, storage
--
\set header 'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=2 half_lives=(15552000000000 1209600000000 86400000000) rebuild=0'

\pset format unaligned
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE TABLE profile_sample (name text, body text);
INSERT INTO profile_sample VALUES
	('none', :'header' || ' rows=0 negative_rows=0'),
	('one', :'header' || ' rows=1 negative_rows=0 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(274877906944 -274877906944))) medium=((age=0 rows=1 mass=549755813887 sums=(1 0))) fine=((age=0 rows=1 mass=4294967296 sums=(-1 4294967296))) negative=()'),
	('disliked', :'header' || ' rows=0 negative_rows=1 newest=-1 newest_rows=1 coarse=() medium=() fine=() negative=((age=0 rows=1 mass=268435456 sums=(0 7)))'),
	('blocks', :'header' || ' rows=9 negative_rows=2 newest=0 newest_rows=2 coarse=((age=0 rows=2 mass=2199023255552 sums=(5 6)) (age=1 rows=1 mass=1099511627776 sums=(3 4)) (age=4 rows=3 mass=3298534883328 sums=(0 0))) medium=((age=0 rows=2 mass=2199023255552 sums=(5 6)) (age=1 rows=1 mass=1099511627776 sums=(3 4)) (age=2 rows=1 mass=1099511627776 sums=(3 4)) (age=3 rows=1 mass=1099511627776 sums=(3 4)) (age=4 rows=1 mass=1099511627776 sums=(3 4))) fine=((age=0 rows=2 mass=2199023255552 sums=(5 6))) negative=((age=1 rows=2 mass=2199023255552 sums=(-5 -6)))'),
	-- the largest sums that rounding allows
	('bound', :'header' || ' rows=1 negative_rows=0 newest=1 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(549756338178 -549756338178))) medium=((age=0 rows=1 mass=281474976710656 sums=(1 0))) fine=((age=0 rows=1 mass=268435456 sums=(0 0))) negative=()'),
	-- a sum of populations: more than 64 bits
	('many', :'header' || ' rows=4611686018427387904 negative_rows=0 newest=1 newest_rows=4611686018427387904 coarse=((age=0 rows=4611686018427387904 mass=5070602400912917605986812821504 sums=(5070602400912917605986812821504 -5070602400912917605986812821503))) medium=((age=0 rows=4611686018427387904 mass=5070602400912917605986812821504 sums=(0 0))) fine=((age=0 rows=4611686018427387904 mass=5070602400912917605986812821504 sums=(0 0))) negative=()'),
	('rebuild', replace(:'header', 'rebuild=0', 'rebuild=1') || ' rows=1 negative_rows=0 newest=12345 newest_rows=0 coarse=((age=1 rows=1 mass=549755813888 sums=(2 3))) medium=() fine=() negative=()');

-- what is printed is what was read
SELECT name, body::interest_profile::text = body AS same FROM profile_sample;
SELECT body::interest_profile FROM profile_sample WHERE name = 'one';
SELECT (E' \t\n' || body || E'\r\n ')::interest_profile::text = body AS blanks_around FROM profile_sample WHERE name = 'one';

-- the bytes are the same for ever
SELECT name, interest_profile_send(body::interest_profile) FROM profile_sample WHERE name IN ('none', 'one', 'disliked');

SELECT name, i.dimensions, i.positive_rows, i.negative_rows, i.newest, i.blocks, i.representation
FROM profile_sample, interest_profile_info(body::interest_profile) i;
-- a time that is none of the server's
SELECT newest FROM profile_sample, interest_profile_info(replace(body, 'newest=1 ', 'newest=9223371331200000000 ')::interest_profile) WHERE name = 'many';

-- strict
SELECT interest_profile_out(NULL), interest_profile_send(NULL), interest_profile_hash(NULL), NULL::interest_profile = NULL::interest_profile AS equal, interest_profile_info(NULL);

-- The largest width, stored out of line.
CREATE TABLE profile_stored (id int, profile interest_profile);
INSERT INTO profile_stored
SELECT n, (replace(:'header', 'dimensions=2', 'dimensions=1024') ||
	' rows=1 negative_rows=0 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(' || s || '))) medium=((age=0 rows=1 mass=549755813888 sums=(' || s || '))) fine=((age=0 rows=1 mass=549755813888 sums=(' || s || '))) negative=()')::interest_profile
FROM (VALUES (1, 1), (2, 2), (3, 1)) v(n, k),
	LATERAL (SELECT string_agg((i * 8388608 * k % 1000000007 * 500 * (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END))::text, ' ' ORDER BY i) AS s FROM generate_series(1::bigint, 1024) i) l;
SELECT attname, attstorage FROM pg_attribute WHERE attrelid = 'profile_stored'::regclass AND attnum = 2;
SELECT pg_relation_size(reltoastrelid) > 20000 AS out_of_line FROM pg_class WHERE oid = 'profile_stored'::regclass;
SELECT a.id, b.id FROM profile_stored a, profile_stored b WHERE a.profile = b.profile AND a.id <= b.id ORDER BY 1, 2;
SELECT a.id, b.id FROM profile_stored a JOIN profile_stored b USING (profile) WHERE a.id < b.id;
SELECT id, profile::text::interest_profile = profile AS same, (interest_profile_info(profile)).dimensions FROM profile_stored ORDER BY id;
SELECT max(length(interest_profile_send(profile))) FROM profile_stored;
DROP TABLE profile_stored;

-- A profile in the working layout, which only aggregates have: every function
-- says the same of it as of its canonical form.  (These are the bytes of a
-- little-endian machine; the cast is a superuser's.)
BEGIN;
CREATE CAST (bytea AS interest_profile) WITHOUT FUNCTION;
CREATE FUNCTION bytes(value bigint, size int) RETURNS bytea LANGUAGE sql AS $$
	SELECT string_agg(set_byte('\x00', 0, (CASE WHEN i < 8 THEN value >> (8 * i) ELSE value >> 63 END & 255)::int), '' ORDER BY i)
	FROM generate_series(0, size - 1) i
$$;
CREATE FUNCTION slot(mass bigint, a bigint, b bigint) RETURNS bytea LANGUAGE sql AS $$
	SELECT bytes(1, 8) || bytes(mass, 16) || bytes(a, 16) || bytes(b, 16)
$$;
CREATE TEMP TABLE layout AS
SELECT ('\x81000400'::bytea || bytes(2, 2) || bytes(0, 2) || '\x00112233445566778899aabbccddeeff' ||
	bytes(15552000000000, 8) || bytes(1209600000000, 8) || bytes(86400000000, 8) ||
	bytes(1, 8) || bytes(0, 8) || bytes(694267200000000, 8) || bytes(1, 8) ||
	-- which slot has the newest block of a granularity: its number modulo 5
	set_byte(set_byte(set_byte(('\x' || repeat('ff', 20))::bytea,
		(694267200000000 / (8 * 15552000000000) % 5)::int, 2),
		(5 + 694267200000000 / (8 * 1209600000000) % 5)::int, 0),
		(10 + 694267200000000 / (8 * 86400000000) % 5)::int, 1) || '\x00000000' ||
	slot(549755813887, 1, 0) || slot(4294967296, -1, 4294967296) ||
	slot(549755813888, 274877906944, -274877906944) || slot(0, 0, 0))::interest_profile AS working,
	body::interest_profile AS canonical
FROM profile_sample WHERE name = 'one';
SELECT working = canonical AS eq, canonical = working AS eq, working <> canonical AS ne, working = working AS eq,
	working < canonical AS lt, working <= canonical AS le, working > canonical AS gt, working >= canonical AS ge,
	interest_profile_cmp(working, canonical) AS cmp,
	interest_profile_hash(working) = interest_profile_hash(canonical) AS hash,
	interest_profile_hash_extended(working, 7) = interest_profile_hash_extended(canonical, 7) AS hash_extended,
	working::text = canonical::text AS out,
	interest_profile_send(working) = interest_profile_send(canonical) AS send,
	interest_profile_info(working) = interest_profile_info(canonical) AS info
FROM layout;
SELECT working FROM layout;
ROLLBACK;
DROP TABLE profile_sample;

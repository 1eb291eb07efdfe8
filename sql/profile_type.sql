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
	('one', :'header' || ' rows=1 negative_rows=0 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(274877906944 -274877906944))) medium=((age=0 rows=1 mass=549755813887 codes=((code=5 mass=549755813887)) sums=(1 0))) fine=((age=0 rows=1 mass=4294967296 sums=(-1 4294967296))) negative=()'),
	('disliked', :'header' || ' rows=0 negative_rows=1 newest=-1 newest_rows=1 coarse=() medium=() fine=() negative=((age=0 rows=1 mass=268435456 sums=(0 7)))'),
	('blocks', :'header' || ' rows=9 negative_rows=2 newest=0 newest_rows=2 coarse=((age=0 rows=2 mass=2199023255552 sums=(5 6)) (age=1 rows=1 mass=1099511627776 sums=(3 4)) (age=4 rows=3 mass=3298534883328 sums=(0 0))) medium=((age=0 rows=2 mass=2199023255552 codes=((code=0 mass=1099511627776) (code=63 mass=1099511627776)) sums=(5 6)) (age=1 rows=1 mass=1099511627776 codes=((code=5 mass=1099511627776)) sums=(3 4)) (age=2 rows=1 mass=1099511627776 codes=((code=5 mass=1099511627776)) sums=(3 4)) (age=3 rows=1 mass=1099511627776 codes=((code=5 mass=1099511627776)) sums=(3 4)) (age=4 rows=1 mass=1099511627776 codes=((code=5 mass=1099511627776)) sums=(3 4))) fine=((age=0 rows=2 mass=2199023255552 sums=(5 6))) negative=((age=1 rows=2 mass=2199023255552 sums=(-5 -6)))'),
	-- the largest sums that rounding allows
	('bound', :'header' || ' rows=1 negative_rows=0 newest=1 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(549756338178 -549756338178))) medium=((age=0 rows=1 mass=281474976710656 codes=((code=5 mass=281474976710656)) sums=(1 0))) fine=((age=0 rows=1 mass=268435456 sums=(0 0))) negative=()'),
	-- a sum of populations: more than 64 bits
	('many', :'header' || ' rows=4611686018427387904 negative_rows=0 newest=1 newest_rows=4611686018427387904 coarse=((age=0 rows=4611686018427387904 mass=5070602400912917605986812821504 sums=(5070602400912917605986812821504 -5070602400912917605986812821503))) medium=((age=0 rows=4611686018427387904 mass=5070602400912917605986812821504 codes=((code=0 mass=51539607552) (code=31 mass=268435456) (code=32 mass=5070602400912917605935004778496)) sums=(0 0))) fine=((age=0 rows=4611686018427387904 mass=5070602400912917605986812821504 sums=(0 0))) negative=()'),
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
	' rows=1 negative_rows=0 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(' || s || '))) medium=((age=0 rows=1 mass=549755813888 codes=((code=5 mass=549755813888)) sums=(' || s || '))) fine=((age=0 rows=1 mass=549755813888 sums=(' || s || '))) negative=()')::interest_profile
FROM (VALUES (1, 1), (2, 2), (3, 1)) v(n, k),
	LATERAL (SELECT string_agg((i * 8388608 * k % 1000000007 * 500 * (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END))::text, ' ' ORDER BY i) AS s FROM generate_series(1::bigint, 1024) i) l;
SELECT attname, attstorage FROM pg_attribute WHERE attrelid = 'profile_stored'::regclass AND attnum = 2;
SELECT pg_relation_size(reltoastrelid) > 20000 AS out_of_line FROM pg_class WHERE oid = 'profile_stored'::regclass;
SELECT a.id, b.id FROM profile_stored a, profile_stored b WHERE a.profile = b.profile AND a.id <= b.id ORDER BY 1, 2;
SELECT a.id, b.id FROM profile_stored a JOIN profile_stored b USING (profile) WHERE a.id < b.id;
SELECT id, profile::text::interest_profile = profile AS same, (interest_profile_info(profile)).dimensions FROM profile_stored ORDER BY id;
SELECT max(length(interest_profile_send(profile))) FROM profile_stored;
DROP TABLE profile_stored;

-- A profile in the working layout, which an aggregate without a final function
-- lets out: every function says the same of it as of its canonical form.
CREATE AGGREGATE working(interest_profile) (SFUNC = interest_accumulate_merge, STYPE = interest_profile);
CREATE TABLE profile_layout AS
SELECT name, working(body::interest_profile) AS working, min(body)::interest_profile AS canonical
FROM profile_sample GROUP BY name;
SELECT count(*), bool_and(pg_column_size(working) > pg_column_size(canonical)) AS other_bytes,
	bool_and(working = canonical AND canonical = working AND working = working AND NOT working <> canonical) AS eq,
	bool_and(NOT working < canonical AND working <= canonical AND NOT working > canonical AND working >= canonical) AS order,
	bool_and(interest_profile_cmp(working, canonical) = 0) AS cmp,
	bool_and(interest_profile_hash(working) = interest_profile_hash(canonical)) AS hash,
	bool_and(interest_profile_hash_extended(working, 7) = interest_profile_hash_extended(canonical, 7)) AS hash_extended,
	bool_and(working::text = canonical::text) AS out,
	bool_and(interest_profile_send(working) = interest_profile_send(canonical)) AS send,
	bool_and(interest_profile_info(working) = interest_profile_info(canonical)) AS info
FROM profile_layout;
SELECT a.name, b.name FROM profile_layout a JOIN profile_layout b ON a.working = b.working ORDER BY 1, 2;
DROP TABLE profile_layout;
DROP AGGREGATE working(interest_profile);

DROP TABLE profile_sample;

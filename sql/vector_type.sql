--
-- interestvec: text form, contents, casts, distances, storage
--
\pset format unaligned
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set prefix 'interestvec:1 dimensions=2 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100'
\set full :prefix ' rows=3 negative_rows=1 newest=694267200000000 at=694353600000000 mass=(1.5 1.25 0.75 0.5) gamma=(0.5 0.3 0.2) coarse=(1 2) medium=(0.1 -0.25) fine=(-1 0) negative=(0.5 0.125) user=(3 4) topics=((code=3 mass=0.75 vector=(1 0)) (code=1 mass=0.5 vector=(0 1)) (code=63 mass=0.5 vector=(1e-45 -3.4028235e+38)))'

CREATE TABLE vector_sample (name text, body text);
INSERT INTO vector_sample VALUES
	('full', :'full'),
	('nobody', :'prefix' || ' rows=0 negative_rows=0 newest=-9223372036854775808 at=-9223372036854775808 mass=(0 0 0 0) gamma=(1 0 0) coarse=(0.5 0.5) medium=(0.5 0.5) fine=(0.5 0.5) negative=(0 0) user=(0.5 0.5) topics=()'),
	('topics', :'prefix' || ' rows=5 negative_rows=0 newest=0 at=0 mass=(5 5 5 0) gamma=(1 0 0) coarse=(1 1) medium=(1 1) fine=(1 1) negative=(0 0) user=(1 1) topics=((code=63 mass=2 vector=(1 0)) (code=0 mass=1 vector=(0 1)) (code=1 mass=1 vector=(0 1)) (code=2 mass=1 vector=(0 1)) (code=62 mass=0.5 vector=(0 1)))'),
	('digits', :'prefix' || ' rows=1 negative_rows=0 newest=-1 at=0 mass=(0.33333334 1.6777216e+07 1e-45 0) gamma=(0.33333334 0.33333334 0.33333334) coarse=(3.4028235e+38 1.1754944e-38) medium=(1.0000001e+09 -123456.79) fine=(1.1920929e-07 0.1) negative=(0 0) user=(9.999999 -1e-45) topics=()');

-- what is printed is what was read
SELECT name, body::interestvec::text = body AS same FROM vector_sample;
SELECT :'full'::interestvec;
SELECT (E' \t\n' || :'full' || E'\r\n ')::interestvec::text = :'full' AS blanks_around;
-- a number may be written in other ways; -0 is 0
SELECT replace(replace(:'full', 'coarse=(1 2)', 'coarse=(+1.00 20e-1)'), 'fine=(-1 0)', 'fine=(-1. -0)')::interestvec = :'full'::interestvec AS same;
SELECT replace(:'full', 'user=(3 4)', 'user=(16777217 0.1000000000001)')::interestvec::real[];

-- the bytes are the same for ever
SELECT interestvec_send(:'full');

SELECT name, i.* FROM vector_sample, interestvec_info(body::interestvec) i WHERE name = 'full' \gx
SELECT name, i.positive_rows, i.negative_rows, i.newest, i.read_at, i.coarse_mass, i.coarse_share
FROM vector_sample, interestvec_info(body::interestvec) i;
-- a time that is none of the server's
SELECT interestvec_info(replace(:'full', 'at=694353600000000', 'at=9223371331200000000')::interestvec);

SELECT g, interest_granularity(:'full'::interestvec, g) FROM unnest(ARRAY['coarse', 'medium', 'fine', 'negative', 'user']) g;
SELECT interest_granularity(reading => :'full', granularity => 'fine');
SELECT :'full'::interestvec::real[], interest_real_array(:'full');
CREATE TABLE vector_array (a real[]);
INSERT INTO vector_array SELECT body::interestvec FROM vector_sample WHERE name = 'full';
SELECT array_ndims(a), array_lower(a, 1), a FROM vector_array;
DROP TABLE vector_array;
SELECT interest_granularity(:'full'::interestvec, 'Coarse');
SELECT interest_granularity(:'full'::interestvec, '');

-- strict
SELECT interestvec_out(NULL), interestvec_send(NULL), interestvec_hash(NULL), NULL::interestvec <-> NULL::interestvec AS distance, NULL::interestvec::real[] AS a, interest_granularity(:'full', NULL) AS granularity, interestvec_info(NULL) AS info;

-- distances are on the combined vector
CREATE FUNCTION reading(u text) RETURNS interestvec LANGUAGE sql AS $$
	SELECT replace(body, 'user=(3 4)', 'user=(' || u || ')')::interestvec FROM vector_sample WHERE name = 'full'
$$;
SELECT a, b, round((reading(a) <=> reading(b))::numeric, 12) AS cosine, reading(a) <#> reading(b) AS product, reading(a) <-> reading(b) AS euclidean
FROM (VALUES ('3 4', '3 4'), ('3 4', '4 3'), ('3 4', '-3 -4'), ('3 4', '-4 3'), ('3 0', '0 4'), ('6 8', '3 4'), ('0 0', '3 4'), ('3 4', '0 0'), ('0 0', '0 0')) v(a, b);
-- within their range, also of numbers that a float hardly holds
SELECT a, b, reading(a) <=> reading(b) BETWEEN 0 AND 2 AS in_range, abs((reading(a) <=> reading(b)) - expected) < 1e-12 AS right_angle
FROM (VALUES ('1e-45 0', '1e-45 0', 0), ('1e-45 0', '0 1e-45', 1), ('3.4028235e+38 3.4028235e+38', '-3.4028235e+38 -3.4028235e+38', 2), ('3.4028235e+38 0', '1e-45 0', 0), ('0.1 0.7', '0.1 0.7', 0)) v(a, b, expected);
SELECT reading('3.4028235e+38 3.4028235e+38') <-> reading('-3.4028235e+38 -3.4028235e+38') < 'infinity' AS finite;
-- either way round, the same bits
SELECT bool_and((a <=> b) = (b <=> a) AND (a <#> b) = (b <#> a) AND (a <-> b) = (b <-> a)) AS symmetric
FROM (SELECT reading(format('%s %s', x * 0.37, 1.0 / (x + 1))) AS a, reading(format('%s %s', 1.0 / (x + 3), x * -0.11)) AS b FROM generate_series(1, 50) x) v;
SELECT name FROM vector_sample ORDER BY body::interestvec <-> reading('3 4'), name LIMIT 1;

-- readings of different models have no distance, but are simply not equal
SELECT :'full'::interestvec <=> replace(:'full', 'reading=ff', 'reading=fe')::interestvec;
SELECT :'full'::interestvec <#> replace(:'full', 'representation=00', 'representation=01')::interestvec;
SELECT replace(:'prefix', 'dimensions=2', 'dimensions=1') || ' rows=0 negative_rows=0 newest=-9223372036854775808 at=0 mass=(0 0 0 0) gamma=(1 0 0) coarse=(0) medium=(0) fine=(0) negative=(0) user=(1) topics=()' AS one_wide \gset
SELECT :'full'::interestvec <-> :'one_wide'::interestvec;
SELECT :'full'::interestvec = replace(:'full', 'reading=ff', 'reading=fe')::interestvec AS reading,
	:'full'::interestvec = replace(:'full', 'representation=00', 'representation=01')::interestvec AS representation,
	:'full'::interestvec = :'one_wide'::interestvec AS width;

-- The largest width, stored out of line; distances against sums in SQL.
CREATE TABLE vector_stored (id int, reading interestvec);
INSERT INTO vector_stored
SELECT k, (replace(:'prefix', 'dimensions=2', 'dimensions=1024') ||
	' rows=1 negative_rows=0 newest=0 at=0 mass=(1 1 1 0) gamma=(1 0 0) coarse=(' || s || ') medium=(' || s || ') fine=(' || s || ') negative=(' || zeros || ') user=(' || s || ') topics=()')::interestvec
FROM unnest(ARRAY[1, 2, 3]) k,
	LATERAL (SELECT string_agg(((i * i * k % 257 - 128) / 64.0)::real::text, ' ' ORDER BY i) AS s, string_agg('0', ' ') AS zeros FROM generate_series(1, 1024) i) l;
INSERT INTO vector_stored SELECT 4, reading FROM vector_stored WHERE id = 1;
SELECT attname, attstorage FROM pg_attribute WHERE attrelid = 'vector_stored'::regclass AND attnum = 2;
SELECT pg_relation_size(reltoastrelid) > 60000 AS out_of_line FROM pg_class WHERE oid = 'vector_stored'::regclass;
SELECT a.id, b.id FROM vector_stored a JOIN vector_stored b USING (reading) WHERE a.id <= b.id ORDER BY 1, 2;
SELECT id, reading::text::interestvec = reading AS same, array_length(reading::real[], 1) FROM vector_stored ORDER BY id;
SELECT a.id, b.id,
	abs((a.reading <#> b.reading) + s.product) < 1e-9 AS product,
	abs((a.reading <-> b.reading) - s.euclidean) < 1e-9 AS euclidean,
	abs((a.reading <=> b.reading) - 1 + s.product / sqrt(s.aa * s.bb)) < 1e-12 AS cosine
FROM vector_stored a, vector_stored b, LATERAL (
	SELECT sum(x::float8 * y) AS product, sqrt(sum((x::float8 - y) ^ 2)) AS euclidean, sum(x::float8 * x) AS aa, sum(y::float8 * y) AS bb
	FROM unnest(a.reading::real[], b.reading::real[]) v(x, y)) s
WHERE a.id < b.id ORDER BY 1, 2;
SELECT id FROM vector_stored ORDER BY reading <-> (SELECT reading FROM vector_stored WHERE id = 2), id LIMIT 1;
DROP TABLE vector_stored;

DROP FUNCTION reading(text);
DROP TABLE vector_sample;

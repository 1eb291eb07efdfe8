--
-- Binary form of both types: round trip through a file, malformed messages
--
\pset format unaligned
\set profile 'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=2 half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=2 negative_rows=1 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(274877906944 -274877906944)) (age=2 rows=1 mass=549755813888 sums=(1 2))) medium=((age=0 rows=1 mass=549755813887 codes=((code=5 mass=549755813887)) sums=(1 0))) fine=((age=0 rows=1 mass=4294967296 sums=(-1 4294967296))) negative=((age=1 rows=1 mass=4294967296 sums=(1 -1)))'
\set reading 'interestvec:1 dimensions=2 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100 rows=3 negative_rows=1 newest=694267200000000 at=694353600000000 mass=(1.5 1.25 0.75 0.5) gamma=(0.5 0.3 0.2) coarse=(1 2) medium=(0.1 -0.25) fine=(-1 0) negative=(0.5 0.125) user=(3 4) topics=((code=3 mass=0.75 vector=(1 0)) (code=1 mass=0.5 vector=(0 1)))'

CREATE TABLE binary_out (id int, profile interest_profile, reading interestvec);
INSERT INTO binary_out VALUES (1, :'profile', :'reading'), (2, NULL, NULL), (3, :'profile', NULL),
	(4, replace(:'profile', 'sums=(1 2)', 'sums=(-549755813888 3)')::interest_profile, replace(:'reading', 'user=(3 4)', 'user=(1e-45 -3.4028235e+38)')::interestvec);
CREATE TABLE binary_in (LIKE binary_out);
\copy binary_out TO 'results/copy_binary.data' (FORMAT binary)
\copy binary_in FROM 'results/copy_binary.data' (FORMAT binary)
SELECT id, o.profile = i.profile AS profile, o.reading = i.reading AS reading, o.profile::text = i.profile::text AS profile_text, o.reading::text = i.reading::text AS reading_text
FROM binary_out o JOIN binary_in i USING (id) ORDER BY id;

-- The largest values, with every sum of another length.
SELECT string_agg((i::bigint * i * i * (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END))::text, ' ') AS sums, string_agg((i / 7.0)::real::text, ' ') AS numbers FROM generate_series(1, 1024) i \gset
TRUNCATE binary_out, binary_in;
INSERT INTO binary_out VALUES (1,
	regexp_replace(replace(:'profile', 'dimensions=2', 'dimensions=1024'), 'sums=\([^)]*\)', 'sums=(' || :'sums' || ')', 'g')::interest_profile,
	regexp_replace(replace(:'reading', 'dimensions=2', 'dimensions=1024'), '(coarse|medium|fine|negative|user|vector)=\([^)]*\)', '\1=(' || :'numbers' || ')', 'g')::interestvec);
\copy binary_out TO 'results/copy_binary.data' (FORMAT binary)
\copy binary_in FROM 'results/copy_binary.data' (FORMAT binary)
SELECT o.profile = i.profile AS profile, o.reading = i.reading AS reading, length(interest_profile_send(i.profile)), length(interestvec_send(i.reading))
FROM binary_out o JOIN binary_in i USING (id);

-- What binary COPY says of one message, sent by the shell's printf.
CREATE TABLE profile_sent (value interest_profile);
CREATE TABLE reading_sent (value interestvec);
CREATE FUNCTION said_of(target regclass, message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	frame bytea := '\x5047434f50590aff0d0a00' || int4send(0) || int4send(0) || int2send(1::int2) || int4send(length(message)) || message || '\xffff';
	primary_message text;
	detail text;
BEGIN
	EXECUTE format('COPY %s FROM PROGRAM %L (FORMAT binary)', target,
		'printf ''' || replace(replace(encode(frame, 'escape'), '%', '\045'), '''', '\047') || '''');
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS primary_message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, primary_message, NULLIF(detail, ''));
END $$;
-- Bytes of a message replaced from a position (0 is the first) on.
CREATE FUNCTION put(message bytea, at int, bytes bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT overlay(message PLACING bytes FROM at + 1 FOR length(bytes))
$$;
SELECT interest_profile_send(:'profile') AS p, interestvec_send(:'reading') AS r \gset

SELECT said_of('profile_sent', :'p'), said_of('reading_sent', :'r');
SELECT (SELECT value = :'profile' FROM profile_sent) AS profile, (SELECT value = :'reading' FROM reading_sent) AS reading;

-- Bytes: format, flags, fingerprint (16), dimensions, half-lives (7, 6 and 6), rows, negative rows, newest (8), its rows, blocks
SELECT :'p'::bytea;
SELECT what, said_of('profile_sent', message) FROM (VALUES
	('nothing', ''::bytea),
	('format 0', put(:'p', 0, '\x00')),
	('format 2', put(:'p', 0, '\x02')),
	('the working layout', put(:'p', 0, '\x81')),
	('the working layout, whole', ('\x81' || repeat('00', 103))::bytea),
	('text', convert_to(:'profile', 'UTF8')),
	('an interestvec', :'r'),
	('flags', put(:'p', 1, '\x02')),
	('dimensions 0', put(:'p', 18, '\x00')),
	('dimensions 1', put(:'p', 18, '\x01')),
	('dimensions 3', put(:'p', 18, '\x03')),
	('dimensions 1025', substr(:'p'::bytea, 1, 18) || '\x8108' || substr(:'p'::bytea, 20)),
	('dimensions not minimal', substr(:'p'::bytea, 1, 18) || '\x8200' || substr(:'p'::bytea, 20)),
	('dimensions of 10 bytes', substr(:'p'::bytea, 1, 18) || '\x82ffffffffffffffff01' || substr(:'p'::bytea, 20)),
	('dimensions without end', substr(:'p'::bytea, 1, 18) || ('\x' || repeat('ff', 30))::bytea),
	('half-life 0', substr(:'p'::bytea, 1, 19) || '\x00' || substr(:'p'::bytea, 27)),
	('half-life over the limit', substr(:'p'::bytea, 1, 19) || '\xffffffffffffffff7f' || substr(:'p'::bytea, 27)),
	('rows 0', put(:'p', 38, '\x00')),
	('rows 1', put(:'p', 38, '\x01')),
	('rows not minimal', substr(:'p'::bytea, 1, 38) || '\x8200' || substr(:'p'::bytea, 40)),
	('rows over 63 bits', substr(:'p'::bytea, 1, 38) || '\xffffffffffffffffff01' || substr(:'p'::bytea, 40)),
	('rows over 64 bits', substr(:'p'::bytea, 1, 38) || '\xffffffffffffffffff03' || substr(:'p'::bytea, 40)),
	('no code masses', substr(:'p'::bytea, 1, 89) || '\x00' || substr(:'p'::bytea, 98)),
	('two code masses of one', put(:'p', 89, '\x02')),
	('65 code masses', put(:'p', 89, '\x41')),
	('code 64', put(:'p', 90, '\x40')),
	('code not minimal', substr(:'p'::bytea, 1, 90) || '\x8500' || substr(:'p'::bytea, 92)),
	('another code', put(:'p', 90, '\x06')),
	('code mass less than the mass', put(:'p', 91, '\xfc')),
	('negative code mass', put(:'p', 91, '\xfd')),
	('last sum not minimal', substr(:'p'::bytea, 1, length(:'p'::bytea) - 1) || '\x8100'),
	('last sum over 128 bits', substr(:'p'::bytea, 1, length(:'p'::bytea) - 1) || ('\x' || repeat('ff', 19) || '01')::bytea),
	('last sum without end', substr(:'p'::bytea, 1, length(:'p'::bytea) - 1) || ('\x' || repeat('ff', 40))::bytea),
	('cut off by one byte', substr(:'p'::bytea, 1, length(:'p'::bytea) - 1)),
	('one byte too many', :'p'::bytea || '\x00'),
	('twice', :'p'::bytea || :'p'::bytea),
	('no rows, and more', substr(:'p'::bytea, 1, 38) || '\x00000000'),
	('no rows, rebuild', put(substr(:'p'::bytea, 1, 38) || '\x0000', 1, '\x01')),
	('no rows', substr(:'p'::bytea, 1, 38) || '\x0000'),
	('only negative rows without a block', substr(:'p'::bytea, 1, 38) || '\x00010001' || '\x00000000')
) v(what, message);
SELECT count(*) AS beginnings, count(*) FILTER (WHERE said_of('profile_sent', substr(:'p'::bytea, 1, n)) LIKE '22P03 |%') AS refused
FROM generate_series(0, length(:'p'::bytea) - 1) n;

-- Bytes: format, topics, dimensions (2), 0 (4), fingerprints (16 and 16), rows (8), negative rows (8), newest (8), at (8), masses (16), shares (12), 0 (4), vectors (40), topics (16 and 16)
SELECT :'r'::bytea;
SELECT what, said_of('reading_sent', message) FROM (VALUES
	('nothing', ''::bytea),
	('format 0', put(:'r', 0, '\x00')),
	('format 2', put(:'r', 0, '\x02')),
	('text', convert_to(:'reading', 'UTF8')),
	('an interest_profile', :'p'),
	('topics 1', put(:'r', 1, '\x01')),
	('topics 3', put(:'r', 1, '\x03')),
	('topics 6', put(:'r', 1, '\x06') || ('\x' || repeat('00', 64))::bytea),
	('topics 255', put(:'r', 1, '\xff')),
	('dimensions 0', put(:'r', 2, '\x0000')),
	('dimensions 1', put(:'r', 2, '\x0100')),
	('dimensions 1025', put(:'r', 2, '\x0104')),
	('dimensions 65535', put(:'r', 2, '\xffff')),
	('reserved bytes', put(:'r', 7, '\x01')),
	('negative rows', put(:'r', 40, '\xffffffffffffffff')),
	('no rows, but a time', put(put(:'r', 40, '\x00'), 48, '\x00')),
	('no positive rows, but a mass', put(:'r', 40, '\x00')),
	('no negative rows, but a mass', put(:'r', 48, '\x00')),
	('rows, but no time', put(:'r', 56, '\x0000000000000080')),
	('rows of more than 63 bits together', put(:'r', 40, '\xffffffffffffff7f')),
	('read before the newest row', put(:'r', 64, '\x0000000000000000')),
	('read at infinity', put(:'r', 64, '\xffffffffffffff7f')),
	('mass -1', put(:'r', 72, '\x000080bf')),
	('mass -0', put(:'r', 72, '\x00000080')),
	('mass NaN', put(:'r', 72, '\x0000c07f')),
	('mass infinity', put(:'r', 72, '\x0000807f')),
	('share over 1', put(:'r', 88, '\x0100803f')),
	('share NaN', put(:'r', 88, '\x0000c07f')),
	('shares of 0.9', put(:'r', 88, '\xcdcccc3e')),
	('share -0.5', put(:'r', 88, '\x000000bf')),
	('reserved bytes behind', put(:'r', 100, '\x01')),
	('coarse NaN', put(:'r', 104, '\x0000c07f')),
	('coarse signalling NaN', put(:'r', 104, '\x0100807f')),
	('coarse infinity', put(:'r', 104, '\x0000807f')),
	('user -infinity', put(:'r', 136, '\x000080ff')),
	('user -0', put(:'r', 140, '\x00000080')),
	('topic 64', put(:'r', 144, '\x40000000')),
	('topic -1', put(:'r', 144, '\xffffffff')),
	('topic twice', put(:'r', 144, '\x01000000')),
	('topic of mass 0', put(:'r', 148, '\x00000000')),
	('topic of mass NaN', put(:'r', 148, '\x0000c07f')),
	('topics in another order', put(:'r', 148, '\x0000803e')),
	('topics of one mass in another order', put(:'r', 148, '\x0000003f')),
	('topic vector NaN', put(:'r', 172, '\x0000c0ff')),
	('cut off by one byte', substr(:'r'::bytea, 1, length(:'r'::bytea) - 1)),
	('one byte too many', :'r'::bytea || '\x00'),
	('twice', :'r'::bytea || :'r'::bytea)
) v(what, message);
SELECT count(*) AS beginnings, count(*) FILTER (WHERE said_of('reading_sent', substr(:'r'::bytea, 1, n)) LIKE '22P03 |%') AS refused
FROM generate_series(0, length(:'r'::bytea) - 1) n;

-- what was accepted can be read
SELECT value FROM profile_sent ORDER BY value;
SELECT count(*) FROM reading_sent;

DROP TABLE binary_out, binary_in, profile_sent, reading_sent;
DROP FUNCTION said_of(regclass, bytea);
DROP FUNCTION put(bytea, int, bytea);

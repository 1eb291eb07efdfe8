--
-- Malformed text and damaged values of both types: one clear error each
--
\pset format unaligned
\set profile 'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=2 half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=2 negative_rows=1 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(274877906944 -274877906944)) (age=2 rows=1 mass=549755813888 sums=(1 2))) medium=((age=0 rows=1 mass=549755813887 codes=((code=5 mass=549755813887)) sums=(1 0))) fine=((age=0 rows=1 mass=4294967296 sums=(-1 4294967296))) negative=((age=1 rows=1 mass=4294967296 sums=(1 -1)))'
\set reading 'interestvec:1 dimensions=2 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100 rows=3 negative_rows=1 newest=694267200000000 at=694353600000000 mass=(1.5 1.25 0.75 0.5) gamma=(0.5 0.3 0.2) coarse=(1 2) medium=(0.1 -0.25) fine=(-1 0) negative=(0.5 0.125) user=(3 4) topics=((code=3 mass=0.75 vector=(1 0)) (code=1 mass=0.5 vector=(0 1)))'

-- What a command says: its SQLSTATE, message, detail and hint, or "accepted".
CREATE FUNCTION said_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	primary_message text;
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS primary_message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, primary_message, NULLIF(detail, ''), NULLIF(hint, ''));
END $$;
CREATE FUNCTION said_of(type text, body text) RETURNS text LANGUAGE sql AS $$
	SELECT said_of(format('SELECT %L::%s', body, type))
$$;

--
-- interest_profile, text
--
SELECT said_of('interest_profile', :'profile');
SELECT what, said_of('interest_profile', body) FROM (VALUES
	('empty', ''),
	('blanks', '   '),
	('a word', 'nothing'),
	('a number', '1'),
	('another type', '[1,2,3]'),
	('the name alone', 'interest_profile:1'),
	('far too long a number', 'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=' || repeat('9', 100000))
) v(what, body);
CREATE TABLE changes (ordinal serial, type text DEFAULT 'interest_profile', what text, old text, new text);
INSERT INTO changes (what, old, new) VALUES
	('another version', 'profile:1', 'profile:2'),
	('upper case', 'interest_profile', 'INTEREST_PROFILE'),
	('short fingerprint', 'ddeeff', 'ddee'),
	('long fingerprint', 'ddeeff', 'ddeeff00'),
	('fingerprint in upper case', 'ddeeff', 'DDEEFF'),
	('fingerprint of other letters', 'ddeeff', 'ddeegg'),
	('two blanks', ' dimensions', '  dimensions'),
	('a field missing', ' rebuild=0', ''),
	('no dimensions', 'dimensions=2', 'dimensions=0'),
	('negative dimensions', 'dimensions=2', 'dimensions=-2'),
	('more dimensions than sums', 'dimensions=2', 'dimensions=3'),
	('fewer dimensions than sums', 'dimensions=2', 'dimensions=1'),
	('dimensions over the limit', 'dimensions=2', 'dimensions=1025'),
	('dimensions over 32 bits', 'dimensions=2', 'dimensions=4294967298'),
	('leading zero', 'dimensions=2', 'dimensions=02'),
	('plus sign', 'dimensions=2', 'dimensions=+2'),
	('fraction', 'dimensions=2', 'dimensions=2.0'),
	('two half-lives', ' 86400000000)', ')'),
	('four half-lives', ' 86400000000)', ' 86400000000 1)'),
	('half-life of 0', '86400000000', '0'),
	('negative half-life', '86400000000', '-86400000000'),
	('half-life over the limit', '86400000000', '1152921504606846976'),
	('rebuild of 2', 'rebuild=0', 'rebuild=2'),
	('no rows, but blocks', 'rows=2 negative_rows=1', 'rows=0 negative_rows=0'),
	('fewer rows than blocks have', ' rows=2', ' rows=1'),
	('fewer negative rows than blocks have', 'negative_rows=1', 'negative_rows=0'),
	('negative count', ' rows=2', ' rows=-2'),
	('rows over 63 bits', ' rows=2', ' rows=9223372036854775808'),
	('rows that add up to over 63 bits', ' rows=2', ' rows=9223372036854775807'),
	('newest of minus infinity', 'newest=694267200000000', 'newest=-9223372036854775808'),
	('newest of infinity', 'newest=694267200000000', 'newest=9223372036854775807'),
	('newest over 64 bits', 'newest=694267200000000', 'newest=9223372036854775808'),
	('no newest row', 'newest_rows=1', 'newest_rows=0'),
	('more newest rows than rows', 'newest_rows=1', 'newest_rows=4'),
	('more newest rows than the newest block has', 'newest_rows=1', 'newest_rows=2'),
	('a block too old', 'age=2', 'age=5'),
	('blocks twice', 'age=2', 'age=0'),
	('blocks in another order', '(age=0 rows=1 mass=549755813888 sums=(274877906944 -274877906944)) (age=2', '(age=2 rows=1 mass=549755813888 sums=(274877906944 -274877906944)) (age=0'),
	('negative age', 'age=2', 'age=-1'),
	('a block without rows', 'age=2 rows=1', 'age=2 rows=0'),
	('mass too small', 'age=2 rows=1 mass=549755813888', 'age=2 rows=1 mass=268435455'),
	('mass too large', 'age=2 rows=1 mass=549755813888', 'age=2 rows=1 mass=281474976710657'),
	('mass of 0', 'age=2 rows=1 mass=549755813888', 'age=2 rows=1 mass=0'),
	('negative mass', 'age=2 rows=1 mass=549755813888', 'age=2 rows=1 mass=-549755813888'),
	('no codes', ' codes=((code=5 mass=549755813887))', ''),
	('an empty list of codes', 'codes=((code=5 mass=549755813887))', 'codes=()'),
	('codes of a coarse block', 'sums=(1 2)', 'codes=((code=5 mass=549755813888)) sums=(1 2)'),
	('a code over the limit', 'code=5', 'code=64'),
	('negative code', 'code=5', 'code=-1'),
	('a code mass too small', 'code=5 mass=549755813887', 'code=5 mass=268435455'),
	('less code mass than mass', 'code=5 mass=549755813887', 'code=5 mass=549755813886'),
	('more code mass than mass', 'code=5 mass=549755813887', 'code=5 mass=549755813888'),
	('more codes than rows', '(code=5 mass=549755813887)', '(code=5 mass=274877906943) (code=6 mass=274877906944)'),
	('codes twice', '(code=5 mass=549755813887)', '(code=5 mass=274877906943) (code=5 mass=274877906944)'),
	('codes in another order', '(code=5 mass=549755813887)', '(code=5 mass=274877906943) (code=4 mass=274877906944)'),
	('sum too large', '(274877906944 ', '(549756338179 '),
	('sum too small', ' -274877906944)', ' -549756338179)'),
	('sum over 127 bits', '(274877906944 ', '(170141183460469231731687303715884105728 '),
	('sum under 127 bits', '(274877906944 ', '(-170141183460469231731687303715884105729 '),
	('minus zero', 'sums=(1 0)', 'sums=(1 -0)'),
	('sum of no digits', 'sums=(1 0)', 'sums=(1 -)'),
	('sum in words', 'sums=(1 0)', 'sums=(1 nan)'),
	('sum in hexadecimal', 'sums=(1 0)', 'sums=(1 0x1)'),
	('comma', 'sums=(1 0)', 'sums=(1,0)'),
	('three sums', 'sums=(1 0)', 'sums=(1 0 0)'),
	('one sum', 'sums=(1 0)', 'sums=(1)'),
	('no sums', 'sums=(1 0)', 'sums=()'),
	('a part missing', ' medium=((age=0 rows=1 mass=549755813887 codes=((code=5 mass=549755813887)) sums=(1 0)))', ''),
	('parts in another order', 'medium=', 'fine='),
	('blocks without blank', ')) (age', '))(age'),
	('six blocks', 'coarse=(', 'coarse=((age=0 rows=1 mass=549755813888 sums=(1 1)) (age=1 rows=1 mass=549755813888 sums=(1 1)) (age=2 rows=1 mass=549755813888 sums=(1 1)) (age=3 rows=1 mass=549755813888 sums=(1 1)) '),
	('junk behind', 'negative=((age=1 rows=1 mass=4294967296 sums=(1 -1)))', 'negative=((age=1 rows=1 mass=4294967296 sums=(1 -1))) x'),
	('a parenthesis too many', 'sums=(1 -1)))', 'sums=(1 -1))))'),
	('a parenthesis missing', 'sums=(1 -1)))', 'sums=(1 -1))');

--
-- interestvec, text
--
SELECT said_of('interestvec', :'reading');
SELECT what, said_of('interestvec', body) FROM (VALUES
	('empty', ''),
	('blanks', E' \t\n'),
	('an array', '{1,2}'),
	('a vector of others', '[1,2,3]'),
	('a profile', :'profile'),
	('the name alone', 'interestvec:1 '),
	('far too many dimensions', 'interestvec:1 dimensions=' || repeat('1', 100000))
) v(what, body);
INSERT INTO changes (type, what, old, new) SELECT 'interestvec', * FROM (VALUES
	('another version', 'vec:1', 'vec:0'),
	('no dimensions', 'dimensions=2', 'dimensions=0'),
	('dimensions over the limit', 'dimensions=2', 'dimensions=1025'),
	('more dimensions than numbers', 'dimensions=2', 'dimensions=3'),
	('fewer dimensions than numbers', 'dimensions=2', 'dimensions=1'),
	('short representation', 'ddeeff', 'ddeef'),
	('no reading', ' reading=ffeeddccbbaa99887766554433221100', ''),
	('negative rows', ' rows=3', ' rows=-3'),
	('rows over 63 bits', ' rows=3', ' rows=9223372036854775808'),
	('no rows, but a time', 'rows=3 negative_rows=1', 'rows=0 negative_rows=0'),
	('no positive rows, but a mass', 'rows=3', 'rows=0'),
	('no negative rows, but a mass', 'negative_rows=1', 'negative_rows=0'),
	('rows, but no time', 'newest=694267200000000', 'newest=-9223372036854775808'),
	('read before the newest row', 'at=694353600000000', 'at=694267199999999'),
	('read at infinity', 'at=694353600000000', 'at=9223372036854775807'),
	('read in words', 'at=694353600000000', 'at=infinity'),
	('three masses', '(1.5 1.25 ', '(1.25 '),
	('five masses', '(1.5 1.25 ', '(1.5 1.5 1.25 '),
	('negative mass', '(1.5 ', '(-1.5 '),
	('mass NaN', '(1.5 ', '(NaN '),
	('share over 1', '(0.5 0.3 0.2)', '(1.0001 0 0)'),
	('negative share', '(0.5 0.3 0.2)', '(0.8 0.4 -0.2)'),
	('shares of 0.99', '(0.5 0.3 0.2)', '(0.5 0.3 0.19)'),
	('no share', '(0.5 0.3 0.2)', '(0 0 0)'),
	('NaN', 'coarse=(1 2)', 'coarse=(NaN 2)'),
	('nan', 'coarse=(1 2)', 'coarse=(nan 2)'),
	('infinity', 'coarse=(1 2)', 'coarse=(inf 2)'),
	('Infinity', 'coarse=(1 2)', 'coarse=(1 -Infinity)'),
	('too large', 'coarse=(1 2)', 'coarse=(3.5e38 2)'),
	('far too large', 'coarse=(1 2)', 'coarse=(1e999999999 2)'),
	('too small', 'coarse=(1 2)', 'coarse=(1e-46 2)'),
	('hexadecimal', 'coarse=(1 2)', 'coarse=(0x1p1 2)'),
	('octal', 'coarse=(1 2)', 'coarse=(0o1 2)'),
	('comma', 'coarse=(1 2)', 'coarse=(1, 2)'),
	('decimal comma', 'coarse=(1 2)', 'coarse=(1,5 2)'),
	('no digits', 'coarse=(1 2)', 'coarse=(. 2)'),
	('a sign alone', 'coarse=(1 2)', 'coarse=(- 2)'),
	('two signs', 'coarse=(1 2)', 'coarse=(+-1 2)'),
	('an exponent alone', 'coarse=(1 2)', 'coarse=(e5 2)'),
	('no exponent', 'coarse=(1 2)', 'coarse=(1e 2)'),
	('two points', 'coarse=(1 2)', 'coarse=(1.2.3 2)'),
	('letters behind', 'coarse=(1 2)', 'coarse=(1f 2)'),
	('far too long', 'coarse=(1 2)', 'coarse=(' || repeat('0', 40) || '1 2)'),
	('two blanks', 'coarse=(1 2)', 'coarse=(1  2)'),
	('a tab', 'coarse=(1 2)', E'coarse=(1\t2)'),
	('blank in front', 'coarse=(1 2)', 'coarse=( 1 2)'),
	('blank behind', 'coarse=(1 2)', 'coarse=(1 2 )'),
	('one number', 'coarse=(1 2)', 'coarse=(1)'),
	('three numbers', 'coarse=(1 2)', 'coarse=(1 2 3)'),
	('no numbers', 'coarse=(1 2)', 'coarse=()'),
	('square brackets', 'coarse=(1 2)', 'coarse=[1 2]'),
	('a part missing', ' coarse=(1 2)', ''),
	('parts in another order', 'coarse=(1 2) medium=(0.1 -0.25)', 'medium=(0.1 -0.25) coarse=(1 2)'),
	('topic 64', 'code=3', 'code=64'),
	('topic -1', 'code=3', 'code=-1'),
	('topic twice', 'code=3', 'code=1'),
	('topic of mass 0', 'mass=0.75', 'mass=0'),
	('topics in another order', 'mass=0.75', 'mass=0.25'),
	('topics of one mass in another order', 'mass=0.75', 'mass=0.5'),
	('topic vector too short', 'vector=(0 1)', 'vector=(0)'),
	('six topics', 'topics=(', 'topics=((code=10 mass=5 vector=(0 0)) (code=11 mass=4 vector=(0 0)) (code=12 mass=3 vector=(0 0)) (code=13 mass=2 vector=(0 0)) '),
	('no topics', ' topics=((code=3 mass=0.75 vector=(1 0)) (code=1 mass=0.5 vector=(0 1)))', ''),
	('junk behind', 'vector=(0 1)))', 'vector=(0 1))),'),
	('a parenthesis missing', 'vector=(0 1)))', 'vector=(0 1))')) v;

SELECT type, what, said_of(type, CASE type WHEN 'interestvec' THEN replace(:'reading', old, new) ELSE replace(:'profile', old, new) END)
FROM changes ORDER BY ordinal;
-- the changes are changes
SELECT type, what AS not_a_change FROM changes WHERE strpos(CASE type WHEN 'interestvec' THEN :'reading' ELSE :'profile' END, old) = 0;
-- every beginning of a text is refused
SELECT type, count(*) AS beginnings, count(*) FILTER (WHERE said_of(type, left(body, n)) LIKE '22P02 |%') AS refused
FROM (VALUES ('interest_profile', :'profile'), ('interestvec', :'reading')) v(type, body), generate_series(0, length(body) - 1) n
GROUP BY type ORDER BY type;
-- the message quotes no more than it must
SELECT length(said_of('interest_profile', repeat('x', 1000000))) < 500 AS profile, length(said_of('interestvec', repeat('x', 1000000))) < 500 AS reading;
-- asked softly (16 and newer), the types say the same
CREATE FUNCTION softly_said_of(type text, body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	IF current_setting('server_version_num')::int < 160000 THEN
		RETURN said_of(type, body);
	END IF;
	EXECUTE 'SELECT concat_ws('' | '', sql_error_code, message, NULLIF(detail, ''''), NULLIF(hint, '''')) FROM pg_input_error_info($1, $2)' INTO said USING body, type;
	RETURN COALESCE(NULLIF(said, ''), 'accepted');
END $$;
SELECT count(*) AS asked, count(*) FILTER (WHERE softly_said_of(type, body) = said_of(type, body)) AS the_same
FROM changes, LATERAL (SELECT CASE type WHEN 'interestvec' THEN replace(:'reading', old, new) ELSE replace(:'profile', old, new) END AS body) b;
SELECT softly_said_of('interest_profile', :'profile'), softly_said_of('interestvec', :'reading');
DROP FUNCTION softly_said_of(text, text);
DROP TABLE changes;

--
-- Arguments that do not fit
--
SELECT what, said_of(format('SELECT ' || command, :'reading', replace(:'reading', 'reading=ff', 'reading=fe'), replace(:'reading', 'representation=00', 'representation=ff'))) FROM (VALUES
	('another reading', '%1$L::interestvec <=> %2$L'),
	('another representation', '%1$L::interestvec <=> %3$L'),
	('another reading, inner product', '%1$L::interestvec <#> %2$L'),
	('another reading, Euclidean', '%2$L::interestvec <-> %1$L'),
	('another reading, compared', '%1$L::interestvec = %2$L'),
	('unknown granularity', 'interest_granularity(%1$L, ''weekly'')'),
	('upper case', 'interest_granularity(%1$L, ''USER'')'),
	('no granularity', 'interest_granularity(%1$L, '''')')
) v(what, command);

--
-- Stored values that are damaged.  They cannot come in by text or binary form:
-- a superuser's cast stands for a broken page.
--
CREATE CAST (bytea AS interest_profile) WITHOUT FUNCTION;
CREATE TABLE damaged (what text, value bytea);
INSERT INTO damaged VALUES
	('nothing', ''),
	('one byte', '\x01'),
	('zeros', ('\x' || repeat('00', 100))::bytea),
	('another format', '\x02' || substr(interest_profile_send(:'profile'), 2)),
	('cut off', substr(interest_profile_send(:'profile'), 1, length(interest_profile_send(:'profile')) - 1)),
	('too long', interest_profile_send(:'profile') || '\x00'),
	('flags', set_byte(interest_profile_send(:'profile'), 1, 2)),
	('dimensions', set_byte(interest_profile_send(:'profile'), 18, 3)),
	('working, cut off', '\x81'),
	('working, zeros', ('\x81' || repeat('00', 999))::bytea),
	('working, dimensions without slots', ('\x810003000200' || repeat('01', 994))::bytea);
SELECT what, f, said_of(format('SELECT %s FROM damaged WHERE what = %L', replace(f, '$1', 'value::interest_profile'), what))
FROM damaged, unnest(ARRAY['interest_profile_out($1)', 'interest_profile_info($1)']) f;
-- compared as bytes, but the working ones are opened
SELECT what, f, said_of(format('SELECT %s FROM damaged WHERE what = %L', replace(f, '$1', 'value::interest_profile'), what))
FROM damaged, unnest(ARRAY['$1 = $1', '$1 < $1', 'interest_profile_hash($1)', 'interest_profile_send($1)']) f
WHERE what LIKE 'working%';
DROP TABLE damaged;
DROP CAST (bytea AS interest_profile);
CREATE CAST (bytea AS interestvec) WITHOUT FUNCTION;
CREATE TABLE damaged (what text, value bytea);
INSERT INTO damaged VALUES
	('nothing', ''),
	('one byte', '\x01'),
	('zeros', ('\x' || repeat('00', 200))::bytea),
	('cut off', substr(interestvec_send(:'reading'), 1, length(interestvec_send(:'reading')) - 1)),
	('dimensions', set_byte(interestvec_send(:'reading'), 3, 255)),
	('topics', set_byte(interestvec_send(:'reading'), 1, 255)),
	('NaN', set_byte(set_byte(interestvec_send(:'reading'), 138, 192), 139, 127));
SELECT what, f, said_of(format('SELECT %s FROM damaged WHERE what = %L', replace(f, '$1', 'value::interestvec'), what))
FROM damaged, unnest(ARRAY['interestvec_out($1)', 'interestvec_info($1)', '$1::real[]', 'interest_granularity($1, ''fine'')', '$1 <=> $1', '$1 <-> $1']) f;
DROP TABLE damaged;
DROP CAST (bytea AS interestvec);
DROP FUNCTION said_of(text, text);
DROP FUNCTION said_of(text);

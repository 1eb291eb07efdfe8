-- interest_doctor: a row a check, which says what is wrong and what to do.
-- Only what is the same on every machine is shown.
\getenv tiny INTEREST_TINY
\pset format unaligned
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.number_of(check_name text, pattern text) RETURNS bigint LANGUAGE sql AS
	$$SELECT (regexp_match(d.detail, pattern))[1]::bigint FROM interest_doctor() d WHERE d.check_name = $1$$;

-- Nothing is loaded.
SELECT check_name, status, detail, fix FROM interest_doctor() WHERE check_name IN ('installation', 'encoders');
SELECT check_name, status, fix FROM interest_doctor() ORDER BY check_name COLLATE "C";
SELECT pg_get_function_result('interest_doctor'::regproc);

-- An encoder, before and after its first use.
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');
SELECT check_name, status, regexp_replace(detail, ';.*', ''), fix FROM interest_doctor() WHERE check_name LIKE 'encoder%';
SELECT detail LIKE '%mapped by this one' FROM interest_doctor() WHERE check_name = 'encoder "tiny"';
SELECT interest_encode('star', 'tiny') IS NOT NULL;
SELECT status, regexp_replace(detail, '\d+ (bytes|kB)', 'N', 'g') FROM interest_doctor() WHERE check_name = 'encoder "tiny"';
SELECT pg_temp.number_of('temporary files', '^(\d+),') >= 2 AS has_files;

-- The caches count.  This session's own one comes first.
SELECT pg_temp.number_of('encode cache', '^(\d+) texts') AS texts, pg_temp.number_of('encode cache', '(\d+) hits') AS hits \gset before_
SELECT pg_temp.number_of('shared cache', '(\d+) hits') AS hits \gset shared_
SELECT interest_encode('star', 'tiny') = interest_encode('star', 'tiny');
SELECT pg_temp.number_of('encode cache', '^(\d+) texts') - :before_texts AS texts, pg_temp.number_of('encode cache', '(\d+) hits') - :before_hits AS hits;
SELECT pg_temp.number_of('shared cache', '(\d+) hits') = :shared_hits AS untouched;
SET interest.encode_cache = 0;
SELECT interest_encode('star', 'tiny') = interest_encode('star', 'tiny');
SELECT pg_temp.number_of('shared cache', '(\d+) hits') >= :shared_hits + 2 AS found;
RESET interest.encode_cache;

-- A kernel that is not the best one is named.
SET interest.kernel = portable;
SELECT detail LIKE 'portable; %', (status = 'warning') = (detail !~ 'runs no other'), (fix LIKE 'RESET interest.kernel%') = (status = 'warning') IS NOT FALSE
	FROM interest_doctor() WHERE check_name = 'kernel';
RESET interest.kernel;

-- Damage that can be seen without reading everything.
BEGIN;
DELETE FROM interest_encoder_chunk;
SELECT check_name, status, detail ~ '^damaged: its rows hold 0 bytes of \d+$', fix FROM interest_doctor() WHERE status <> 'ok';
ROLLBACK;
BEGIN;
UPDATE interest_encoder SET config = '';
SELECT check_name, status, fix FROM interest_doctor() WHERE status <> 'ok';
ROLLBACK;

-- Others see what they may use.
CREATE ROLE regress_doctor;
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SET ROLE regress_doctor;
SELECT check_name, status FROM interest_doctor() WHERE check_name LIKE 'encoder%';
RESET ROLE;
SELECT interest_grant_use('encoder', 'tiny', 'public');
SET ROLE regress_doctor;
SELECT check_name, status FROM interest_doctor() WHERE check_name LIKE 'encoder%';
RESET ROLE;

-- A model on its way.
SELECT interest_doctor('films');
CREATE TABLE seen AS SELECT i / 4 AS person, timestamptz '2024-01-01 UTC' + i * interval '1 hour' AS at,
	(ARRAY['star', 'dog'])[1 + i / 4 % 2] AS title, (ARRAY['x', 'y'])[1 + i / 4 % 2] AS topic FROM generate_series(0, 399) i;
SELECT interest_create_model('films', 'seen', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}',
	label => 'topic', task => 'dominant', options => '{"dimensions": 8}');
SELECT status, detail, fix FROM interest_doctor('films') WHERE check_name = 'model "films"';
SELECT count(*) FROM interest_train('films', epochs => 1, deploy => false);
SELECT status, detail, fix FROM interest_doctor('films') WHERE check_name = 'model "films"';
SELECT interest_deploy('films', 1);
SELECT status, detail, fix FROM interest_doctor('films') WHERE check_name = 'model "films"';
BEGIN;
UPDATE interest_model_version SET encoder_hash = sha256('another');
SELECT status, detail, fix FROM interest_doctor('films') WHERE check_name = 'model "films"';
ROLLBACK;
SELECT count(*) FROM interest_doctor() WHERE check_name LIKE 'model%';
SET ROLE regress_doctor;
SELECT interest_doctor('films');
RESET ROLE;

SELECT interest_drop_model('films');
SELECT interest_drop_encoder('tiny');
DROP TABLE seen;
DROP ROLE regress_doctor;

--
-- Fine-tuning: an encoder that learns from a model's rows; who may, and what is left of it
--
\getenv tiny INTEREST_TINY
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');

-- Whether a text's first and last word are of one kind: no head over a sum of words can say that.
CREATE TABLE note AS SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(hours => i) AS at,
	(ARRAY['king', 'dog'])[1 + a] || ' ' || (ARRAY['sea', 'train', 'moon', 'garden', 'river', 'paper'])[1 + (p * 7 + i * 3) % 6]
		|| ' ' || (ARRAY['music', 'winter'])[1 + b] AS body,
	CASE WHEN a = b THEN 'same' ELSE 'other' END AS label
FROM generate_series(1, 200) p, generate_series(1, 6) i, LATERAL (SELECT hashint4(p * 10 + i) & 1 AS a, hashint4(p * 10 + i) >> 3 & 1 AS b) x;
SELECT interest_create_model('notes', 'note', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}',
	label => 'label', task => 'next', options => '{"words": false, "dimensions": 16}');
CREATE TEMP TABLE tuned AS SELECT * FROM interest_fine_tune_encoder('notes', 'tuned', epochs => 4, learning_rate => 2e-3);
SELECT count(*), max(epoch) AS epochs, bool_and(tokens_per_second > 0 AND seconds > 0) AS timed,
	(array_agg(loss ORDER BY epoch))[1] > 1.5 * (array_agg(loss ORDER BY epoch))[4] AS falls, max(accuracy) > 0.95 AS learned FROM tuned;

-- It is an encoder as every other; the old one and its model are as they were.
SELECT name, owner = current_user AS mine, storage, dimensions, layers, pooling, max_length FROM interest_encoders ORDER BY name COLLATE "C";
SELECT count(DISTINCT content_hash) AS contents, count(DISTINCT config) AS configurations, count(DISTINCT size) AS sizes FROM interest_encoder;
SELECT interest_encode('king sea music', 'tuned') <> interest_encode('king sea music', 'tiny') AS differs,
	(SELECT array_agg(id) FROM interest_tokenize('king sea music', 'tuned')) = (SELECT array_agg(id) FROM interest_tokenize('king sea music', 'tiny')) AS tokens;
SELECT encoder, version FROM interest_models;
SELECT texts > 0 AS quantized FROM interest_quantize_encoder('tuned', 'tuned int8', 'int8');

-- Models can be made with it.
SELECT interest_create_model('tuned notes', 'note', encoder => 'tuned', user_id => 'person', at => 'at', texts => '{body}',
	label => 'label', task => 'next', options => '{"words": false, "dimensions": 16}');
SELECT count(*) FROM interest_train('tuned notes', epochs => 1);
SELECT name, encoder, version FROM interest_models ORDER BY name COLLATE "C";

-- Texts of one label are nearer to each other, and were not before.
CREATE FUNCTION pg_temp.by_centroid(encoder text) RETURNS float8 LANGUAGE sql AS $$
	WITH row_ AS (SELECT label, interest_encode(body, encoder) AS v, person % 2 = 0 AS trains FROM note),
		centroid AS (SELECT label, i, avg(x) AS x FROM row_, unnest(v) WITH ORDINALITY AS u (x, i) WHERE trains GROUP BY label, i),
		c AS (SELECT label, array_agg(x ORDER BY i) AS v FROM centroid GROUP BY label)
	SELECT avg((nearest = label)::int) FROM (SELECT r.label, (SELECT c.label FROM c
		ORDER BY (SELECT sum((a - b) ^ 2) FROM unnest(r.v, c.v) AS u (a, b)) LIMIT 1) AS nearest FROM row_ r WHERE NOT trains) x
$$;
SELECT pg_temp.by_centroid('tiny') < 0.75 AS before, pg_temp.by_centroid('tuned') > 0.95 AS after;

-- The same seed, the same bytes; users who test are not looked at, others are.
BEGIN;
SELECT count(*) FROM interest_fine_tune_encoder('notes', 'again', epochs => 4, learning_rate => 2e-3);
SELECT count(DISTINCT content_hash) FROM interest_encoder WHERE name IN ('tuned', 'again');
ROLLBACK;
SELECT name FROM interest_encoder ORDER BY name COLLATE "C";
CREATE VIEW parted AS SELECT n.*, CASE WHEN person <= 140 THEN 'train' WHEN person <= 160 THEN 'validation' ELSE 'test' END AS role FROM note n;
SELECT interest_create_model('parted', 'parted', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}',
	label => 'label', task => 'next', options => '{"split_column": "role"}');
BEGIN;
SELECT count(*) FROM interest_fine_tune_encoder('parted', 'first', epochs => 2, learning_rate => 2e-3);
UPDATE note SET label = 'never', body = 'star wars' WHERE person > 160;
SELECT count(*) FROM interest_fine_tune_encoder('parted', 'others test', epochs => 2, learning_rate => 2e-3);
UPDATE note SET label = 'same' WHERE person = 1;
SELECT count(*) FROM interest_fine_tune_encoder('parted', 'others train', epochs => 2, learning_rate => 2e-3);
SELECT count(*) FROM interest_fine_tune_encoder('parted', 'unmasked', epochs => 2, learning_rate => 2e-3, token_masking => 0);
SELECT count(*) FROM interest_fine_tune_encoder('parted', 'one layer', epochs => 2, learning_rate => 2e-3, layers => 1);
SELECT array_agg(name ORDER BY name COLLATE "C") AS alike FROM interest_encoder GROUP BY content_hash ORDER BY min(name COLLATE "C");
-- The last layer is the end of the image.
SELECT substr(a.image, 1, length(a.image) - 4 * tensors) = substr(b.image, 1, length(b.image) - 4 * tensors) AS before, a.image <> b.image AS behind
FROM (SELECT 4 * (32 * 32 + 32) + 2 * 32 + 64 * 32 + 64 + 32 * 64 + 32 + 2 * 32 AS tensors) t,
	(SELECT string_agg(data, '' ORDER BY ordinal) AS image FROM interest_encoder_chunk WHERE encoder = 'tiny') a,
	(SELECT string_agg(data, '' ORDER BY ordinal) AS image FROM interest_encoder_chunk WHERE encoder = 'one layer') b;
ROLLBACK;

-- Several interests at once; where nobody validates.
CREATE VIEW tagged AS SELECT person, at, body, ARRAY[label, split_part(body, ' ', 1)] AS labels, 'train' AS role FROM note WHERE person <= 140;
SELECT interest_create_model('tagged', 'tagged', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}',
	label => 'labels', task => 'next', options => '{"split_column": "role"}');
SELECT count(*), bool_and(validation_loss IS NULL AND accuracy IS NULL AND loss > 0) AS unmeasured
FROM interest_fine_tune_encoder('tagged', 'several', epochs => 2, layers => 2, batch_size => 7);

-- Errors leave nothing.
SELECT interest_fine_tune_encoder('none', 'new');
SELECT interest_fine_tune_encoder('notes', 'tiny');
SELECT interest_fine_tune_encoder('notes', '');
SELECT interest_fine_tune_encoder('notes', NULL);
SELECT interest_fine_tune_encoder(NULL, 'new');
SELECT interest_fine_tune_encoder('notes', 'new', epochs => 0);
SELECT interest_fine_tune_encoder('notes', 'new', epochs => 1001);
SELECT interest_fine_tune_encoder('notes', 'new', epochs => NULL);
SELECT interest_fine_tune_encoder('notes', 'new', batch_size => 0);
SELECT interest_fine_tune_encoder('notes', 'new', learning_rate => 0);
SELECT interest_fine_tune_encoder('notes', 'new', learning_rate => 'NaN');
SELECT interest_fine_tune_encoder('notes', 'new', layers => 0);
SELECT interest_fine_tune_encoder('notes', 'new', layers => 3);
SELECT interest_fine_tune_encoder('notes', 'new', token_masking => 1);
SELECT interest_fine_tune_encoder('notes', 'new', token_masking => -0.1);
SELECT interest_fine_tune_encoder('notes', 'new', token_masking => 'NaN');
SELECT interest_create_model('int8', 'note', encoder => 'tuned int8', user_id => 'person', at => 'at', texts => '{body}', label => 'label');
\set VERBOSITY default
SELECT interest_fine_tune_encoder('int8', 'new');
SELECT interest_create_model('words', 'note', user_id => 'person', at => 'at', texts => '{body}', label => 'label', options => '{"sentences": false}');
SELECT interest_fine_tune_encoder('words', 'new');
SELECT interest_create_model('items', 'note', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', label => 'body', task => 'next_item');
SELECT interest_fine_tune_encoder('items', 'new');
SELECT interest_create_model('named', 'note', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', interests => '{same,other}');
SELECT interest_fine_tune_encoder('named', 'new');
CREATE VIEW untexted AS SELECT person, at, label, CASE WHEN role = 'validation' THEN body END AS body, role FROM parted;
SELECT interest_create_model('untexted', 'untexted', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', label => 'label', options => '{"split_column": "role"}');
SELECT interest_fine_tune_encoder('untexted', 'new');
\set VERBOSITY terse
CREATE VIEW alike AS SELECT person, at, 'one' AS label, body FROM note;
SELECT interest_create_model('alike', 'alike', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', label => 'label');
SELECT interest_fine_tune_encoder('alike', 'new');
CREATE VIEW timeless AS SELECT person, NULL::timestamptz AS at, label, body FROM note;
SELECT interest_create_model('timeless', 'timeless', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', label => 'label');
SELECT interest_fine_tune_encoder('timeless', 'new');
SELECT interest_evaluate('tuned notes', NULL, 'timeless');
BEGIN READ ONLY;
SELECT interest_fine_tune_encoder('notes', 'new');
ROLLBACK;
SET statement_timeout = 300;
SELECT count(*) FROM interest_fine_tune_encoder('notes', 'new', epochs => 1000);
RESET statement_timeout;
SELECT count(*) FROM interest_encoder WHERE name = 'new';
SELECT count(*) FROM interest_encoder_chunk AS c WHERE NOT EXISTS (SELECT FROM interest_encoder AS e WHERE e.name = c.encoder);
SELECT count(*) FROM interest_progress;

-- For the model's owner, who may use the encoder and read the source; what it makes is his alone.
CREATE ROLE regress_interest_tuner;
CREATE ROLE regress_interest_other;
GRANT SELECT ON note TO regress_interest_tuner;
SET ROLE regress_interest_tuner;
SELECT interest_fine_tune_encoder('notes', 'new');
SELECT interest_create_model('own', 'note', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', label => 'label', task => 'next');
RESET ROLE;
REVOKE SELECT ON note FROM regress_interest_tuner;
SET ROLE regress_interest_tuner;
SELECT interest_fine_tune_encoder('own', 'new');
RESET ROLE;
GRANT SELECT ON note TO regress_interest_tuner;
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SET ROLE regress_interest_tuner;
SELECT interest_fine_tune_encoder('own', 'new');
RESET ROLE;
SELECT interest_grant_use('encoder', 'tiny', 'regress_interest_tuner');
-- Rows that a policy hides are not learned from.
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON note FOR SELECT TO regress_interest_tuner USING (false);
SET ROLE regress_interest_tuner;
SELECT interest_fine_tune_encoder('own', 'new');
RESET ROLE;
ALTER TABLE note DISABLE ROW LEVEL SECURITY;
SET ROLE regress_interest_tuner;
SELECT count(*) FROM interest_fine_tune_encoder('own', 'own', epochs => 1, layers => 1);
SELECT owner FROM interest_encoders WHERE name = 'own';
SET ROLE regress_interest_other;
SELECT interest_encode('star', 'own');
RESET ROLE;

SELECT count(interest_drop_model(name)) FROM interest_model;
SELECT count(interest_drop_encoder(name)) FROM interest_encoder;
SELECT (SELECT count(*) FROM interest_encoder) AS encoders, (SELECT count(*) FROM interest_encoder_chunk) AS chunks,
	(SELECT count(*) FROM interest_grant) AS grants;
DROP VIEW timeless, alike, untexted, tagged, parted;
DROP TABLE note;
DROP ROLE regress_interest_tuner, regress_interest_other;

--
-- Encoders with weights of bf16 and int8: at load, from one of fp32; errors and rights
--
\getenv tiny INTEREST_TINY
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny') AS fp32,
	interest_load_encoder('tiny bf16', :'tiny' || '/tiny', 'bf16') AS bf16,
	interest_load_encoder('tiny int8', :'tiny' || '/tiny', storage => 'int8') AS int8;
SELECT name, storage, dimensions, size FROM interest_encoders ORDER BY name COLLATE "C";

-- From the encoder that is stored comes what comes from its directory.
SELECT texts, round(mean_cosine::numeric, 3) AS mean, round(least_cosine::numeric, 3) AS least,
	least_cosine <= mean_cosine AND mean_cosine < 1 AS ordered, size, original_size
FROM interest_quantize_encoder('tiny', 'again bf16', 'bf16');
SELECT texts, round(mean_cosine::numeric, 2) AS mean, round(least_cosine::numeric, 2) AS least,
	least_cosine <= mean_cosine AND mean_cosine < 1 AS ordered, size, original_size
FROM interest_quantize_encoder('tiny', 'again int8', 'int8');
SELECT storage, count(*), count(DISTINCT fingerprint) AS contents FROM interest_encoders GROUP BY storage ORDER BY storage;

-- The cosines are those of the vectors that SQL gives.
CREATE FUNCTION pg_temp.cosine(a real[], b real[]) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(x::float8 * y) / sqrt(sum(x::float8 * x) * sum(y::float8 * y)) FROM unnest(a, b) AS u (x, y)
$$;
CREATE TEMP TABLE sample AS SELECT ARRAY['a robot and the sea', 'star', '', 'the dog ran'] AS bodies;
BEGIN;
SELECT q.texts, abs(q.mean_cosine - c.mean) < 1e-12 AS mean, abs(q.least_cosine - c.least) < 1e-12 AS least,
	q.least_text = c.text AS text
FROM sample, interest_quantize_encoder('tiny', 'sampled', 'int8', bodies) AS q, LATERAL (
	SELECT avg(cosine) AS mean, min(cosine) AS least, (array_agg(body ORDER BY cosine))[1] AS text
	FROM unnest(bodies) AS body,
		pg_temp.cosine(interest_encode(body, 'tiny'), interest_encode(body, 'tiny int8')) AS cosine) AS c;
ROLLBACK;

-- Every kernel gives them; texts as long as these are in no cache.
CREATE TEMP TABLE by_kernel AS SELECT name, body, interest_encode(body || repeat(' ', 66000), name) AS vector
	FROM sample, unnest(bodies) AS body, interest_encoders;
SET interest.kernel = 'portable';
SELECT count(*), count(DISTINCT vector), bool_and(interest_encode(body || repeat(' ', 66000), name) = vector) AS same FROM by_kernel;
RESET interest.kernel;

-- No samples, nothing measured; NULL is nothing to do.
SELECT texts, mean_cosine, least_cosine, least_text FROM interest_quantize_encoder(name => 'tiny', new_name => 'unmeasured', storage => 'bf16', samples => '{}');
SELECT interest_quantize_encoder(NULL, 'a', 'int8') IS NULL AS a, interest_quantize_encoder('tiny', NULL, 'int8') IS NULL AS b,
	interest_quantize_encoder('tiny', 'a', NULL) IS NULL AS c;

-- Errors leave nothing.
SELECT interest_quantize_encoder('none', 'new', 'int8');
SELECT interest_quantize_encoder('tiny', 'again int8', 'int8');
SELECT interest_quantize_encoder('tiny', 'tiny', 'int8');
SELECT interest_quantize_encoder('tiny', '', 'int8');
SELECT interest_quantize_encoder('tiny', 'new', 'int4');
SELECT interest_quantize_encoder('tiny', 'new', 'fp32');
SELECT interest_quantize_encoder('tiny int8', 'new', 'int8');
SELECT interest_quantize_encoder('tiny bf16', 'new', 'int8');
SELECT interest_quantize_encoder('tiny', 'new', 'int8', ARRAY['a', NULL]);
BEGIN READ ONLY;
SELECT interest_quantize_encoder('tiny', 'new', 'int8');
ROLLBACK;
SELECT count(*), bool_and(name <> 'new') AS none_new FROM interest_encoder;
SELECT count(*) FROM interest_encoder_chunk AS c WHERE NOT EXISTS (SELECT FROM interest_encoder AS e WHERE e.name = c.encoder);

-- Who may use the original may make another one, which is his; who may use that
-- is who might use the original.
CREATE ROLE regress_interest_quantizer;
CREATE ROLE regress_interest_other;
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SET ROLE regress_interest_quantizer;
SELECT interest_quantize_encoder('tiny', 'mine', 'int8');
RESET ROLE;
SELECT interest_grant_use('encoder', 'tiny', 'regress_interest_quantizer');
SET ROLE regress_interest_quantizer;
SELECT texts > 0 AS made FROM interest_quantize_encoder('tiny', 'mine', 'int8');
SELECT owner, storage FROM interest_encoders WHERE name = 'mine';
SELECT interest_encode('star', 'mine') = interest_encode('star', 'tiny int8') AS equal;
SET ROLE regress_interest_other;
SELECT interest_encode('star', 'mine');
SELECT count(*) FROM interest_encoders WHERE name IN ('tiny', 'mine');
RESET ROLE;

SELECT count(interest_drop_encoder(name)) FROM interest_encoder;
SELECT (SELECT count(*) FROM interest_encoder) AS encoders, (SELECT count(*) FROM interest_encoder_chunk) AS chunks,
	(SELECT count(*) FROM interest_grant WHERE kind = 'encoder') AS grants;
DROP ROLE regress_interest_quantizer, regress_interest_other;

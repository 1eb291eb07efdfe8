--
-- Encoders: loading, vectors, rights, transactions, the cache of texts
--
\getenv tiny INTEREST_TINY
SET client_min_messages = warning;
CREATE TABLE encoder_reference (encoder text, body text, vector real[]);
CREATE TEMP TABLE encoder_row (body text, vector real[]);

-- Loads a directory under its own name, with the vectors that it should give.
CREATE FUNCTION pg_temp.load_with_reference(directory text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	name text := regexp_replace(directory, '.*/', '');
BEGIN
	TRUNCATE encoder_row;
	EXECUTE format('COPY encoder_row FROM %L', directory || '/expected.tsv');
	INSERT INTO encoder_reference SELECT name, body, vector FROM encoder_row;
	RETURN interest_load_encoder(name, directory);
END $$;
CREATE FUNCTION pg_temp.difference(a real[], b real[]) RETURNS float8 LANGUAGE sql AS $$
	SELECT CASE WHEN array_dims(a) IS DISTINCT FROM array_dims(b) THEN 'infinity'
		ELSE (SELECT max(abs(x - y)) FROM unnest(a, b) AS u (x, y)) END
$$;
RESET client_min_messages;

-- Every directory gives the vectors that its maker computed in double precision.
SELECT pg_temp.load_with_reference(directory)
FROM (SELECT :'tiny' || '/variants/' || pg_ls_dir(:'tiny' || '/variants') UNION ALL
	VALUES (:'tiny' || '/tiny'), (:'tiny' || '/tiny36')) AS d (directory)
ORDER BY regexp_replace(directory, '.*/', '') COLLATE "C";
SELECT encoder, count(*), max(pg_temp.difference(vector, interest_encode(body, encoder))) < 2e-6 AS close
FROM encoder_reference GROUP BY encoder ORDER BY encoder COLLATE "C";

-- The same content is the same encoder, however the directory writes it down; all else differs.
SELECT name, owner = current_user AS mine, dimensions, layers, heads, max_length, vocabulary_size, pooling, storage,
	size, fingerprint, loaded_at = now() AS loaded_now
FROM interest_encoders WHERE name IN ('tiny', 'tiny36', 'cls') ORDER BY name COLLATE "C";
SELECT array_agg(name ORDER BY name COLLATE "C")
FROM interest_encoders GROUP BY fingerprint ORDER BY 1;
SELECT encoder, count(*), max(length(data)), sum(length(data)) = (SELECT size FROM interest_encoder WHERE name = encoder) AS whole
FROM interest_encoder_chunk WHERE encoder IN ('tiny', 'tiny36') GROUP BY encoder ORDER BY encoder;

-- One text, many texts, all of them at once: the same bits.
SELECT array_dims(interest_encode('star wars', 'tiny')), array_dims(interest_encode(ARRAY['a', 'b', 'c'], 'tiny')),
	array_dims(interest_encode(ARRAY['star wars'], encoder => 'tiny36'));
SET interest.encode_cache = 0;
SELECT encoder, interest_encode(array_agg(body), encoder) = array_agg(interest_encode(body, encoder)) AS same
FROM encoder_reference WHERE encoder IN ('tiny', 'tiny36', 'cls', 'max') GROUP BY encoder ORDER BY encoder COLLATE "C";
SELECT interest_encode(array_agg(t), 'tiny') = array_agg(interest_encode(t, 'tiny')) AS same
FROM (SELECT 'star ' || n % 700 FROM generate_series(1, 1000) AS n) AS s (t);
RESET interest.encode_cache;
SELECT interest_encode(array_agg(t), 'tiny') = array_agg(interest_encode(t, 'tiny')) AS same
FROM (SELECT 'star ' || n % 700 FROM generate_series(1, 1000) AS n) AS s (t);

-- Every kernel, too; texts as long as these are in no cache.
CREATE TEMP TABLE encoder_auto AS
	SELECT body || repeat(' ', 66000) AS body, interest_encode(body || repeat(' ', 66000), 'tiny36') AS vector
	FROM encoder_reference WHERE encoder = 'tiny36';
SET interest.encode_cache = 0;
SET interest.kernel = 'portable';
SELECT count(*), bool_and(interest_encode(body, 'tiny36') = vector) AS same FROM encoder_auto;
RESET interest.kernel;
RESET interest.encode_cache;

-- Workers, too: they load the encoder for themselves.
ALTER TABLE encoder_reference ADD serial real[];
UPDATE encoder_reference SET serial = interest_encode(body, encoder);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE encoder_reference SET (parallel_workers = 2);
EXPLAIN (COSTS off) SELECT count(*), bool_and(interest_encode(body, encoder) = serial) AS same FROM encoder_reference;
SELECT count(*), bool_and(interest_encode(body, encoder) = serial) AS same FROM encoder_reference;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- Nothing in, nothing out.
SELECT interest_encode(NULL::text, 'tiny') IS NULL, interest_encode(NULL::text[], 'tiny') IS NULL,
	interest_encode('{}'::text[], 'tiny'), interest_similarity(NULL, 'a', 'tiny') IS NULL,
	interest_similarity('a', NULL, 'tiny') IS NULL;
SELECT interest_encode('', 'tiny') = interest_encode(E' \t\n', 'tiny') AS empty;

SELECT interest_similarity('star wars', 'star wars', 'tiny') AS equal,
	interest_similarity('star wars', 'the dog', 'tiny') = interest_similarity('the dog', 'star wars', 'tiny') AS symmetric,
	abs(interest_similarity('star wars', 'the dog', 'tiny') -
		(SELECT sum(x * y) FROM unnest(interest_encode('star wars', 'tiny'), interest_encode('the dog', 'tiny')) AS u (x, y)))
		< 1e-6 AS cosine,
	abs(interest_similarity('star wars', 'the dog', 'unnormalized') - interest_similarity('star wars', 'the dog', 'tiny'))
		< 1e-6 AS normalized;

-- Long texts end at max_length; 64 MB is the limit.
SELECT interest_encode(repeat('winter ', 1500000), 'tiny') = interest_encode(repeat('winter ', 62), 'tiny') AS cut;
SELECT array_dims(interest_encode(repeat('x', 64 * 1024 * 1024), 'tiny'));
SELECT interest_encode(repeat('x', 64 * 1024 * 1024 + 1), 'tiny');

-- The cache of texts keeps to its size, and drops what was used least recently.
CREATE FUNCTION pg_temp.cache_kilobytes() RETURNS int LANGUAGE sql AS $$
	SELECT coalesce(sum(used_bytes), 0)::int / 1024 FROM pg_backend_memory_contexts WHERE name = 'interest encoded texts'
$$;
SET interest.encode_cache = '64kB';
SELECT count(interest_encode('night ' || n, 'tiny')) FROM generate_series(1, 3000) AS n;
SELECT pg_temp.cache_kilobytes() BETWEEN 32 AND 80 AS bounded;
SELECT count(DISTINCT interest_encode('night ' || n % 400, 'tiny')) FROM generate_series(1, 3000) AS n;
SET interest.encode_cache = 0;
SELECT interest_encode('night', 'tiny') IS NOT NULL AS encoded;
SELECT pg_temp.cache_kilobytes() < 32 AS emptied;
RESET interest.encode_cache;

-- Encoders in memory: beyond interest.model_cache only those stay that the current transaction uses.
\c -
SET interest.model_cache = 0;
SELECT interest_encode('a', 'cls') <> interest_encode('a', 'max') AS differ;
SELECT ident FROM pg_backend_memory_contexts WHERE name = 'interest encoder' ORDER BY ident;
SELECT interest_encode('a', 'relu') IS NOT NULL AS encoded;
SELECT ident FROM pg_backend_memory_contexts WHERE name = 'interest encoder' ORDER BY ident;
SELECT interest_encode('a', 'relu') <> interest_encode('a', 'max') AS differ;
RESET interest.model_cache;

--
-- Transactions: a name means what the query's snapshot shows
--
BEGIN;
SELECT interest_drop_encoder('tiny');
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny36');
SELECT array_dims(interest_encode('dog', 'tiny'));
SAVEPOINT again;
SELECT interest_drop_encoder('tiny');
SELECT interest_encode('dog', 'tiny');
ROLLBACK TO again;
SELECT array_dims(interest_encode('dog', 'tiny'));
ROLLBACK;
SELECT array_dims(interest_encode('dog', 'tiny'));

-- One expression, evaluated while the meaning of its argument changes.
CREATE FUNCTION pg_temp.change_of_meaning(tiny text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	step int;
BEGIN
	FOR step IN 1..4 LOOP
		BEGIN
			PERFORM interest_load_encoder('same', tiny || (ARRAY['/tiny', '/tiny36'])[1 + step % 2]);
			IF step = 4 THEN
				PERFORM interest_drop_encoder('same');
			END IF;
			RETURN NEXT array_dims(interest_encode('dog', 'same'));
			RAISE division_by_zero;
		EXCEPTION
			WHEN division_by_zero THEN NULL;
			WHEN undefined_object THEN RETURN NEXT SQLERRM;
		END;
	END LOOP;
END $$;
SELECT pg_temp.change_of_meaning(:'tiny');

-- A cursor keeps the encoder that its query began with.
BEGIN;
DECLARE c CURSOR FOR SELECT array_dims(interest_encode('dog ' || n, 'cls')) FROM generate_series(1, 3) AS n;
FETCH c;
SELECT interest_drop_encoder('cls');
SELECT interest_load_encoder('cls', :'tiny' || '/tiny36');
FETCH c;
SELECT array_dims(interest_encode('dog 3', 'cls'));
FETCH c;
ROLLBACK;

--
-- Rights
--
CREATE ROLE regress_interest_owner IN ROLE pg_read_server_files;
CREATE ROLE regress_interest_user;
SET ROLE regress_interest_user;
SELECT interest_load_encoder('mine', :'tiny' || '/tiny');
RESET ROLE;
GRANT EXECUTE ON FUNCTION interest_load_encoder TO regress_interest_user;
SET ROLE regress_interest_user;
SELECT interest_load_encoder('mine', :'tiny' || '/tiny');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION interest_load_encoder FROM regress_interest_user;

SET ROLE regress_interest_owner;
SELECT interest_load_encoder('mine', :'tiny' || '/tiny');
SELECT name, owner FROM interest_encoders WHERE name = 'mine';
SET ROLE regress_interest_user;
SELECT array_dims(interest_encode('dog', 'mine'));
SELECT interest_drop_encoder('mine');
SELECT interest_revoke_use('encoder', 'mine', 'public');
SET ROLE regress_interest_owner;
SELECT interest_revoke_use('encoder', 'mine', 'public');
SELECT array_dims(interest_encode('dog', 'mine'));
SET ROLE regress_interest_user;
SELECT interest_encode('dog', 'mine');
SELECT interest_encode(ARRAY['dog'], 'mine');
SELECT * FROM interest_tokenize('dog', 'mine');
SELECT interest_similarity('dog', 'cat', 'mine');
SELECT count(*) FROM interest_encoders WHERE name = 'mine';
SELECT count(*) FROM interest_encoder;
SELECT count(*) FROM interest_encoder_chunk;
SET ROLE regress_interest_owner;
SELECT interest_grant_use('encoder', 'mine', 'regress_interest_user');
SET ROLE regress_interest_user;
SELECT array_dims(interest_encode('dog', 'mine'));
SET ROLE regress_interest_owner;
SELECT interest_drop_encoder('mine');
RESET ROLE;
SELECT count(*) FROM interest_grant WHERE object = 'mine';

--
-- Which encoder, when none is named
--
SELECT interest_encode('dog');
SELECT interest_drop_encoder(name) FROM interest_encoders WHERE name <> 'tiny';
SELECT array_dims(interest_encode('dog')), interest_similarity('dog', 'dog');
SELECT count(*) FROM interest_tokenize('dog');
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SET ROLE regress_interest_user;
SELECT interest_encode('dog');
RESET ROLE;

-- Dropping takes everything along.
SELECT interest_drop_encoder('tiny');
SELECT (SELECT count(*) FROM interest_encoder) AS encoders, (SELECT count(*) FROM interest_encoder_chunk) AS chunks,
	(SELECT count(*) FROM interest_grant WHERE kind = 'encoder') AS grants;
SELECT interest_encode('dog');

DROP ROLE regress_interest_owner;
DROP ROLE regress_interest_user;
DROP TABLE encoder_reference;

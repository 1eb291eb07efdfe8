--
-- Encoders: wrong input gives one clear error and leaves nothing behind
--
\getenv tiny INTEREST_TINY
\pset format unaligned

-- What a command says: its SQLSTATE, message, detail and hint, or "accepted".
CREATE FUNCTION pg_temp.said_of(command text, directory text DEFAULT '/none') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	detail text;
	hint text;
	context text;
BEGIN
	EXECUTE command;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
		context = PG_EXCEPTION_CONTEXT;
	RETURN left(replace(concat_ws(' | ', SQLSTATE, said, NULLIF(detail, ''), NULLIF(hint, ''),
		substring(context from E'(?:^|\\n)(reading [^\\n]*)')), directory, 'TINY'), 300);
END $$;

-- Broken directories: each error holds the words that the maker of the directory asks for.
CREATE TEMP TABLE broken AS
	SELECT name, btrim(pg_read_file(directory || '/' || name || '/expect'), E'\n') AS words,
		pg_temp.said_of(format('SELECT interest_load_encoder(%L, %L)', name, directory || '/' || name)) AS said
	FROM (SELECT :'tiny' || '/broken') AS d (directory), pg_ls_dir(directory) AS name;
SELECT name, said FROM broken ORDER BY name COLLATE "C";
SELECT count(*), bool_and(strpos(said, words) > 0) AS as_asked FROM broken;
SELECT (SELECT count(*) FROM interest_encoder) AS encoders, (SELECT count(*) FROM interest_encoder_chunk) AS chunks,
	(SELECT count(*) FROM interest_grant) AS grants;

-- Arguments of interest_load_encoder.
SELECT what, pg_temp.said_of(format('SELECT interest_load_encoder(%L, %L, %L)', name, directory, storage), :'tiny')
FROM (VALUES
	('no name', '', :'tiny' || '/tiny', 'fp32'),
	('63 bytes', repeat('é', 31) || 'x', :'tiny' || '/tiny', 'fp32'),
	('64 bytes', repeat('é', 32), :'tiny' || '/tiny', 'fp32'),
	('control character', E'a\nb', :'tiny' || '/tiny', 'fp32'),
	('relative', 'x', 'tiny', 'fp32'),
	('missing', 'x', :'tiny' || '/none', 'fp32'),
	('a file', 'x', :'tiny' || '/tiny/config.json', 'fp32'),
	('not a model', 'x', :'tiny', 'fp32'),
	('fp64', 'x', :'tiny' || '/tiny', 'fp64')) AS t (what, name, directory, storage);
SELECT interest_load_encoder(NULL, :'tiny' || '/tiny') IS NULL AS null_name, interest_load_encoder('x', NULL) IS NULL AS null_directory;
SELECT name FROM interest_encoders;
SELECT interest_drop_encoder(name) FROM interest_encoders;

-- Names.
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');
SELECT pg_temp.said_of(command, :'tiny') FROM (VALUES
	(format('SELECT interest_load_encoder(''tiny'', %L)', :'tiny' || '/tiny36')),
	($$SELECT interest_encode('a', 'none')$$),
	($$SELECT interest_encode('a', '')$$),
	($$SELECT interest_encode('a', repeat('x', 64))$$),
	($$SELECT interest_encode('a', repeat('x', 1000))$$),
	($$SELECT interest_encode(ARRAY['a'], 'none')$$),
	($$SELECT * FROM interest_tokenize('a', 'none')$$),
	($$SELECT interest_similarity('a', 'b', 'none')$$),
	($$SELECT interest_drop_encoder('none')$$),
	($$SELECT interest_grant_use('encoder', 'none', 'public')$$)) AS t (command);

-- Arrays.
SELECT pg_temp.said_of(command) FROM (VALUES
	($$SELECT interest_encode(ARRAY['a', NULL], 'tiny')$$),
	($$SELECT interest_encode(ARRAY[['a'], ['b']], 'tiny')$$),
	($$SELECT interest_encode(array_fill('a'::text, ARRAY[10000000]), 'tiny')$$)) AS t (command);

-- An encoder that a model names stays.
INSERT INTO interest_model (name, owner, source_schema, source_name, encoder, definition)
	VALUES ('films', current_user, 'public', 'ratings', 'tiny', '{}');
SELECT pg_temp.said_of($$SELECT interest_drop_encoder('tiny')$$);
DELETE FROM interest_model;

-- Damage in the tables shows before a vector comes out of it.  What is packed
-- already is not read from them again: here nothing is.
SELECT interest_drop_encoder('tiny'), interest_load_encoder('tiny', :'tiny' || '/tiny');
\c -
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.said_of(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM);
END $$;
CREATE FUNCTION pg_temp.said_of_damage(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE command;
	said := pg_temp.said_of($c$SELECT interest_encode('star', 'tiny')$c$);
	RAISE EXCEPTION USING ERRCODE = 'RB000', MESSAGE = said;
EXCEPTION WHEN SQLSTATE 'RB000' THEN
	RETURN SQLERRM;
END $$;
RESET client_min_messages;
SELECT command, pg_temp.said_of_damage(command) FROM (VALUES
	('UPDATE interest_encoder_chunk SET data = set_byte(data, 100000, get_byte(data, 100000) # 1)'),
	('UPDATE interest_encoder_chunk SET data = set_byte(data, 3, get_byte(data, 3) # 1)'),
	('UPDATE interest_encoder_chunk SET data = substr(data, 1, length(data) - 1)'),
	('UPDATE interest_encoder_chunk SET data = data || ''\x00'''),
	('UPDATE interest_encoder_chunk SET data = '''''),
	('UPDATE interest_encoder_chunk SET ordinal = 1'),
	('UPDATE interest_encoder_chunk SET ordinal = -1'),
	('DELETE FROM interest_encoder_chunk'),
	('INSERT INTO interest_encoder_chunk SELECT encoder, 1, ''\x00'' FROM interest_encoder_chunk'),
	('UPDATE interest_encoder SET config = substr(config, 2)'),
	('UPDATE interest_encoder SET config = set_byte(config, 4, 255)'),
	('UPDATE interest_encoder SET config = config || ''\x00'''),
	('UPDATE interest_encoder SET config = ''''' ),
	('UPDATE interest_encoder SET size = size + 1'),
	('UPDATE interest_encoder SET size = -1'),
	('UPDATE interest_encoder SET size = 9223372036854775807'),
	('UPDATE interest_encoder SET content_hash = set_byte(content_hash, 0, get_byte(content_hash, 0) # 1)'),
	('UPDATE interest_encoder SET content_hash = ''\x00''')) AS t (command);
SELECT interest_encode('star', 'tiny') IS NOT NULL AS whole_again;

SELECT interest_drop_encoder('tiny');
SELECT (SELECT count(*) FROM interest_encoder) AS encoders, (SELECT count(*) FROM interest_encoder_chunk) AS chunks,
	(SELECT count(*) FROM interest_grant WHERE kind = 'encoder') AS grants;

-- A kernel that the processor cannot run, or nobody knows, is refused.
SET interest.kernel = 'sse9';
SET interest.kernel = '';
SHOW interest.kernel;

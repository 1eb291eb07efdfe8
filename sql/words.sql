-- Words: the server's lexemes, a block for each text column, with and without
-- an encoder.
\getenv tiny INTEREST_TINY
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE TEXT SEARCH CONFIGURATION public.stems (COPY = pg_catalog.english);

-- two subjects that words tell apart: what a title says counts the other way in a body
CREATE TABLE post (person int, at timestamptz, title text, body text, topic text);
INSERT INTO post
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i),
	(ARRAY['Running ', 'Swimming '])[1 + p % 2] || (ARRAY['first', 'second', 'third'])[1 + i % 3],
	'the ' || (ARRAY['swims ', 'runs '])[1 + p % 2] || (ARRAY['lake', 'hill', 'pool'])[1 + (p * 7 + i) % 3],
	(ARRAY['land', 'water'])[1 + p % 2]
FROM generate_series(1, 200) p, generate_series(1, 3) i;

-- without an encoder words are enough, and asked or not it is said
SET client_min_messages = notice;
SELECT interest_create_model('unasked', 'post', user_id => 'person', at => 'at', texts => '{title}', label => 'topic');
SET client_min_messages = warning;
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');
SELECT interest_create_model('posts', 'post', user_id => 'person', at => 'at', texts => '{title,body}', label => 'topic',
	options => '{"dimensions": 8, "sentences": false, "text_search": "stems"}');
SELECT interest_create_model('both', 'post', user_id => 'person', at => 'at', texts => '{title,body}', label => 'topic', options => '{"dimensions": 8}');
SELECT interest_create_model('sentences', 'post', user_id => 'person', at => 'at', texts => '{title,body}', label => 'topic',
	options => '{"dimensions": 8, "words": false}');
SELECT name, encoder, definition ->> 'text_search' AS text_search FROM interest_models WHERE name IN ('posts', 'sentences') ORDER BY name;
SELECT encoder, definition ->> 'text_search' IN ('pg_catalog.' || split_part(current_setting('default_text_search_config'), '.', 2)) AS is_default
FROM interest_models WHERE name IN ('both', 'unasked') ORDER BY name;
SELECT count(*) FROM interest_train('posts', epochs => 4, learning_rate => 0.02);
SELECT count(*) FROM interest_train('both', epochs => 2);
SELECT count(*) FROM interest_train('sentences', epochs => 1);
SELECT value > 0.95 AS learned FROM interest_evaluate('posts') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;

-- forms of a word are one word, stop words and unknown ones are none; the columns have their own
CREATE FUNCTION pg_temp.read(model text, title text, body text) RETURNS interestvec LANGUAGE sql AS
	$$ SELECT interest_embed(model, r) FROM (SELECT timestamptz '2024-02-01 UTC' AS at, title, body) r $$;
SELECT pg_temp.read('posts', 'runs', 'hills') = pg_temp.read('posts', 'RUNNING the run', 'a hill and whatnot') AS same,
	pg_temp.read('posts', 'run run', 'hill') = pg_temp.read('posts', 'run', 'hill') AS one_word_has_one_weight,
	pg_temp.read('posts', 'run', 'hill') = pg_temp.read('posts', 'hill', 'run') AS exchanged,
	pg_temp.read('posts', 'run', NULL) = pg_temp.read('posts', 'run', 'of the ' || repeat('x', 5000)) AS nothing_known;
SELECT pg_temp.read('posts', 'the whatnot', NULL) IS NULL AS skipped, pg_temp.read('posts', NULL, ' ') IS NULL AS blank;
SELECT (SELECT s.interest FROM unnest(interest_classify('posts', r)) s LIMIT 1)
FROM (VALUES (timestamptz '2024-02-01 UTC', 'run', 'swim'), ('2024-02-01 UTC', 'swim', 'run')) r(at, title, body) GROUP BY title;

-- any way of reading gives the same bytes, kept texts or not
SELECT count(*), bool_and(a = b AND a = interest_embed(person, 'posts')) AS same
FROM (SELECT person, interest_embed('posts', p) AS a, interest_embed('posts', to_jsonb(p)) AS b FROM post p GROUP BY person) x;
SET interest.encode_cache = 0;
SELECT count(*), bool_and(a = b AND a = interest_embed(person, 'both')) AS same
FROM (SELECT person, interest_embed('both', p) AS a, interest_embed('both', to_jsonb(p)) AS b FROM post p GROUP BY person) x;
CREATE TEMP TABLE uncached AS SELECT person, interest_embed('both', p) AS v FROM post p GROUP BY person;
RESET interest.encode_cache;
SELECT count(*), bool_and(v = interest_embed(person, 'both')) AS same FROM uncached;

-- many words and long ones
SELECT pg_temp.read('posts', repeat('run ', 50000), 'hill') = pg_temp.read('posts', 'run', 'hill') AS same,
	pg_temp.read('posts', repeat('x', 100000) || ' run', 'hill') = pg_temp.read('posts', 'run', 'hill') AS long_word;

-- training twice gives the same words
SELECT count(*) FROM interest_train('posts', epochs => 4, learning_rate => 0.02);
SELECT count(*), count(DISTINCT representation) FROM interest_models WHERE name = 'posts';

-- another way to make words: an error, until it is changed back or trained anew
ALTER TEXT SEARCH CONFIGURATION public.stems ALTER MAPPING FOR asciiword WITH simple;
\set VERBOSITY default
SELECT interest_classify('posts', p) FROM post p WHERE person = 1;
SELECT * FROM interest_evaluate('posts');
SELECT check_name, detail, fix FROM interest_doctor('posts') WHERE status = 'error';
\set VERBOSITY terse
ALTER TEXT SEARCH CONFIGURATION public.stems ALTER MAPPING FOR asciiword WITH english_stem;
SELECT interest_classify('posts', p) IS NOT NULL AS reads FROM post p WHERE person = 1;
SELECT check_name, detail, fix FROM interest_doctor('posts') WHERE status = 'error';
ALTER TEXT SEARCH CONFIGURATION public.stems RENAME TO roots;
SELECT check_name, detail, fix FROM interest_doctor('posts') WHERE status = 'error';
\set VERBOSITY default
SELECT interest_classify('posts', p) FROM post p WHERE person = 1;
SELECT * FROM interest_train('posts');
\set VERBOSITY terse
ALTER TEXT SEARCH CONFIGURATION public.roots RENAME TO stems;
SELECT interest_classify('posts', p) IS NOT NULL AS reads FROM post p WHERE person = 1;
BEGIN;
DROP TEXT SEARCH CONFIGURATION public.stems;
SELECT interest_classify('posts', p) FROM post p WHERE person = 1;
ROLLBACK;
SELECT interest_classify('posts', p) IS NOT NULL AS reads FROM post p WHERE person = 1;
BEGIN;
ALTER TEXT SEARCH CONFIGURATION public.stems ALTER MAPPING FOR asciiword WITH simple;
SELECT count(*) FROM interest_train('posts', epochs => 1);
SELECT pg_temp.read('posts', 'running', 'hill') = pg_temp.read('posts', 'runs', 'hill') AS same;
ROLLBACK;
SELECT pg_temp.read('posts', 'running', 'hill') = pg_temp.read('posts', 'swimming running runs', 'hill') AS same;

-- Chinese: 11 words, which are 6 pieces of 3 bytes and 5 pairs of 7; without an
-- encoder to cut with, whole runs
CREATE VIEW chinese AS SELECT person, at, (ARRAY['中国电影', '中国日本'])[1 + person % 2] AS title, topic FROM post WHERE person <= 20;
SELECT interest_create_model('pieces', 'chinese', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"dimensions": 8}');
SELECT interest_create_model('no_words', 'chinese', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"dimensions": 8, "words": false}');
SELECT interest_create_model('runs', 'chinese', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"dimensions": 8, "sentences": false}');
SELECT count(*) FROM interest_train('pieces', epochs => 1) a, interest_train('no_words', epochs => 1) b, interest_train('runs', epochs => 1) c;
SELECT p.size - n.size AS words, 16 + 2 + 11 * (1 + 1 + 8 * 4) + 6 * 3 + 5 * 7 AS expected FROM interest_models p, interest_models n WHERE p.name = 'pieces' AND n.name = 'no_words';
SELECT pg_temp.read('runs', '电影', NULL) IS NULL AS skipped, pg_temp.read('runs', '中国电影', NULL) IS NULL AS known;

-- what options cannot say
CREATE FUNCTION pg_temp.make(options jsonb, texts name[] DEFAULT '{title}', encoder text DEFAULT NULL, categoricals name[] DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT interest_create_model('wrong', 'post', user_id => 'person', at => 'at', texts => texts, label => 'topic', encoder => encoder, categoricals => categoricals, options => options) $$;
\set VERBOSITY default
SELECT pg_temp.make('{"text_search": "klingon"}');
SELECT pg_temp.make('{"text_search": "a.b.c.d"}');
SELECT pg_temp.make('{"text_search": ""}');
SELECT pg_temp.make('{"text_search": "english", "words": false}');
SELECT pg_temp.make('{"words": 1}');
SELECT pg_temp.make('{"sentences": false}', encoder => 'tiny');
SELECT pg_temp.make('{"sentences": false, "words": false}');
SELECT pg_temp.make('{"text_search": "english"}', texts => NULL, categoricals => '{title}');
\set VERBOSITY terse

-- rights: a schema that users may not look into is no obstacle to using the model
CREATE SCHEMA closed;
CREATE TEXT SEARCH CONFIGURATION closed.stems (COPY = pg_catalog.english);
CREATE ROLE regress_interest_words;
GRANT SELECT ON post TO regress_interest_words;
SELECT interest_create_model('closed', 'post', user_id => 'person', at => 'at', texts => '{title}', label => 'topic',
	options => '{"dimensions": 8, "sentences": false, "text_search": "closed.stems"}');
SELECT count(*) FROM interest_train('closed', epochs => 1);
SELECT interest_grant_use('model', 'closed', 'regress_interest_words');
SET ROLE regress_interest_words;
SELECT interest_classify('closed', p) IS NOT NULL AS reads FROM post p WHERE person = 1;
SELECT interest_create_model('mine', 'post', user_id => 'person', at => 'at', texts => '{title}', label => 'topic',
	options => '{"sentences": false, "text_search": "closed.stems"}');
RESET ROLE;

DROP SCHEMA closed CASCADE;
SELECT interest_classify('closed', p) FROM post p WHERE person = 1;
SELECT count(interest_drop_model(name)) FROM (SELECT DISTINCT name FROM interest_models) m;
SELECT interest_drop_encoder('tiny');
DROP TABLE post CASCADE;
DROP TEXT SEARCH CONFIGURATION public.stems;
DROP ROLE regress_interest_words;

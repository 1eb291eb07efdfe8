-- What is made of a row before anything is learned: texts cleaned, pairs of
-- words, times in texts; and categories whose text depends on nothing.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE TABLE letter (person int, at timestamptz, written text, born date, body text, id uuid, place regclass, topic text);
INSERT INTO letter
SELECT p, timestamptz '2024-03-04 05:06 UTC' + make_interval(days => i), to_char(timestamp '2024-03-04 05:06' + make_interval(days => i), 'DD/MM/YYYY HH24:MI'),
	date '1980-01-01' + p % 2 * 9000 + p, '<p>A ' || (ARRAY['quiet', 'loud'])[1 + p % 2] || ' film, see http://films.org/' || p || '</p>' || E'\n> The other ' || (ARRAY['loud', 'quiet'])[1 + p % 2] || E'\n-- \nA. Writer',
	md5('x' || p % 2)::uuid, 'letter'::regclass, (ARRAY['calm', 'noise'])[1 + p % 2]
FROM generate_series(1, 100) p, generate_series(1, 2) i;
CREATE FUNCTION pg_temp.make(name text, options jsonb, at name DEFAULT 'at', texts name[] DEFAULT '{body}', numerics name[] DEFAULT NULL, categoricals name[] DEFAULT NULL, kind name DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$ SELECT interest_create_model(name, 'letter', user_id => 'person', at => at, texts => texts, numerics => numerics, categoricals => categoricals, kind => kind, label => 'topic', options => '{"dimensions": 8, "sentences": false}' || CASE WHEN texts IS NULL THEN '{}' ELSE '{"text_search": "english"}' END::jsonb || options) $$;
SELECT pg_temp.make('raw', '{}'), pg_temp.make('clean', '{"clean": ["html", "urls", "quotes", "signature", "lowercase"]}');
SELECT count(*) FROM interest_train('raw', epochs => 1) a, interest_train('clean', epochs => 2, learning_rate => 0.02) b;

-- markup, addresses, quotes and signatures say nothing to the one, and do to the other
CREATE FUNCTION pg_temp.read(model text, body text) RETURNS interestvec LANGUAGE sql AS
	$$ SELECT interest_embed(model, r) FROM (SELECT timestamptz '2024-02-01 UTC' AS at, body) r $$;
SELECT pg_temp.read('clean', 'A quiet film') = pg_temp.read('clean', '<p class="film>">A <b>qui</b>et</p><script>loud</script> &#102;ilm www.loud.org' || E'\n> loud\n-- \nloud') AS same,
	pg_temp.read('raw', 'A quiet film') = pg_temp.read('raw', E'A quiet film\n> loud') AS raw,
	pg_temp.read('clean', '<film>') IS NULL AS blank, pg_temp.read('raw', '<film>') IS NULL AS tag;
-- every way to read cleans: record, document, short form, scalar
SELECT count(*), bool_and(a = b AND a = c AND v = interest_embed(person, 'clean')) AS same
FROM (SELECT person, interest_accumulate('clean', l) AS a, interest_accumulate('clean', to_jsonb(l)) AS b, interest_accumulate('clean', at, body) AS c, interest_embed('clean', l) AS v FROM letter l GROUP BY person) x;
-- the cleanings are of the representation, exported with the model, and checked where another starts from it
SELECT count(DISTINCT representation) FROM interest_models WHERE name IN ('raw', 'clean');
SELECT interest_import_model('copy', interest_export_model('clean'));
SELECT pg_temp.read('copy', '<b>loud</b>') = pg_temp.read('clean', 'loud') AS same;
SELECT interest_import_model('raw', interest_export_model('clean'));
\set VERBOSITY default
SELECT * FROM interest_train('raw', epochs => 1, from_model => 'clean');
\set VERBOSITY terse
-- hostile and long
SELECT length(t), interest_embed('clean', r) IS NULL AS skipped FROM unnest(ARRAY[repeat('<', 1000000), repeat('<a b="', 100000), repeat('&amp;lt;', 100000), repeat('<!--', 200000), E'\n>' || repeat(' x', 1000000)]) WITH ORDINALITY x(t, n),
	LATERAL (SELECT timestamptz '2024-01-01 UTC' AS at, t AS body) r GROUP BY n, t ORDER BY n;

-- pairs of neighbouring words tell texts of the same words apart
CREATE VIEW pair AS SELECT person, at, (ARRAY['dog bites man', 'man bites dog'])[1 + person % 2] AS body, topic FROM letter;
SELECT interest_create_model(m, 'pair', user_id => 'person', at => 'at', texts => '{body}', label => 'topic', options => jsonb_build_object('dimensions', 8, 'sentences', false, 'text_search', 'english', 'word_pairs', m = 'pairs')) FROM unnest('{pairs,words}'::text[]) m;
SELECT count(*) FROM interest_train('pairs', epochs => 4, learning_rate => 0.02) a, interest_train('words', epochs => 1) b;
-- 3 words and 4 pairs of 6 bytes: each its bytes, two lengths and 8 floats
SELECT p.size - w.size AS pairs, 4 * (6 + 1 + 1 + 8 * 4) AS expected FROM interest_models p, interest_models w WHERE p.name = 'pairs' AND w.name = 'words';
SELECT pg_temp.read('pairs', 'dog bites man') = pg_temp.read('pairs', 'man bites dog') AS pairs, pg_temp.read('words', 'dog bites man') = pg_temp.read('words', 'man bites dog') AS words;
SELECT value > 0.95 AS learned FROM interest_evaluate('pairs') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;

-- times in texts, in UTC and the order that the option says, whatever the session's
SELECT pg_temp.make('dated', '{"dates": "DMY", "words": false}', at => 'written', texts => NULL, numerics => '{born}'),
	pg_temp.make('timed', '{"dates": "DMY", "words": false}', texts => NULL, numerics => '{born}');
SELECT count(*) FROM interest_train('dated', epochs => 8, learning_rate => 0.02) a, interest_train('timed', epochs => 8, learning_rate => 0.02) b;
SELECT value > 0.95 AS learned FROM interest_evaluate('dated') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'SQL, MDY';
SELECT count(*), bool_and(a = b AND a = c) AS same FROM (SELECT interest_accumulate('dated', l) AS a, interest_accumulate('timed', l) AS b, interest_accumulate('dated', to_jsonb(l)) AS c FROM letter l GROUP BY person) x;
SHOW timezone;
SHOW datestyle;
RESET timezone;
RESET datestyle;
CREATE FUNCTION pg_temp.at(written text) RETURNS timestamptz LANGUAGE sql AS
	$$ SELECT i.newest FROM (SELECT interest_accumulate('dated', r) AS p FROM (SELECT written, date '2000-01-01' AS born) r) x, interest_profile_info(p) i $$;
SET timezone = 'UTC';
SELECT t, pg_temp.at(t) FROM unnest('{01/02/2024,2024-02-01 10:00+02,"Thu, 1 Feb 2024 10:00:00 +0100",1 Feb 2024 3:00 pm,epoch," ",NULL}'::text[]) t;
RESET timezone;
\set VERBOSITY default
SELECT pg_temp.at('now');
SELECT pg_temp.at('yesterday 10:00');
SELECT pg_temp.at('13/13/2024');
SELECT pg_temp.at('infinity');
SELECT pg_temp.at('the secret of another');
\set VERBOSITY terse
SELECT interest_embed('dated', '{"written": "soon"}'::jsonb);
SELECT interest_embed('dated', '{"written": "1/2/2024", "born": "never"}'::jsonb);

-- a row that is only what somebody searched for: kind and text
CREATE VIEW search AS SELECT person, at, CASE WHEN person % 4 = 0 THEN 'search' ELSE 'view' END AS what, body, CASE WHEN person % 4 > 0 THEN id END AS id, topic FROM letter;
SELECT interest_create_model('searches', 'search', user_id => 'person', at => 'at', texts => '{body}', categoricals => '{id}', kind => 'what', label => 'topic',
	options => '{"dimensions": 8, "sentences": false, "text_search": "english", "kinds": {"search": 2}}');
SELECT count(*) FROM interest_train('searches', epochs => 4, learning_rate => 0.02);
SELECT i.positive_rows FROM (SELECT interest_accumulate('searches', '{"at": "2024-01-01T00:00:00Z", "what": "search", "body": "quiet"}'::jsonb) AS p) x, interest_profile_info(p) i;
SELECT value > 0.95 AS learned FROM interest_evaluate('searches') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;

-- wrong options and columns
\set VERBOSITY default
SELECT pg_temp.make('wrong', '{"clean": ["soap"]}');
SELECT pg_temp.make('wrong', '{"dates": "dmy"}');
SELECT pg_temp.make('wrong', '{}', at => 'written');
SELECT pg_temp.make('wrong', '{}', categoricals => '{place}');
\set VERBOSITY terse
SELECT pg_temp.make('wrong', '{"clean": "html"}');
SELECT pg_temp.make('wrong', '{"clean": [1]}');
SELECT pg_temp.make('wrong', '{"word_pairs": true, "words": false}', texts => NULL, categoricals => '{id}');
SELECT pg_temp.make('wrong', '{}', numerics => '{born}');
SELECT pg_temp.make('wrong', '{}', kind => 'place');

-- columns that say nothing, and one that says too much: all NULL, constant, 10,000 values
CREATE VIEW odd AS SELECT person, at, NULL::text AS nothing, NULL::numeric AS unknown, 7 AS seven, topic FROM letter;
SELECT interest_create_model('odd', 'odd', user_id => 'person', at => 'at', texts => '{nothing}', numerics => '{unknown,seven}', label => 'topic', options => '{"dimensions": 8, "sentences": false, "text_search": "english"}');
SELECT interest_create_model('none', 'odd', user_id => 'person', at => 'at', texts => '{nothing}', numerics => '{unknown}', label => 'topic', options => '{"dimensions": 8, "sentences": false, "text_search": "english"}');
SELECT count(*) FROM interest_train('odd', epochs => 1);
SELECT interest_embed('odd', o) IS NOT NULL AS reads FROM odd o WHERE person = 1;
\set VERBOSITY default
SELECT count(*) FROM interest_train('none', epochs => 1);
\set VERBOSITY terse
CREATE VIEW many AS SELECT i % 500 AS person, timestamptz '2024-01-01 UTC' + make_interval(secs => i) AS at, 'c' || (i / 8) AS thing, (ARRAY['calm', 'noise'])[1 + i / 8 % 2] AS topic FROM generate_series(0, 79999) i;
SELECT interest_create_model('many', 'many', user_id => 'person', at => 'at', categoricals => '{thing}', label => 'topic', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('many', epochs => 1);
SELECT size > 10000 * 16 * 4 * 0.5 AS knows FROM interest_models WHERE name = 'many';

SELECT count(interest_drop_model(name)) FROM (SELECT DISTINCT name FROM interest_models) m;
DROP VIEW many;
DROP TABLE letter CASCADE;

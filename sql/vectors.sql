-- Vectors of other modalities: real[], double precision[] and types with a cast
-- to real[], beside words and alone.
\set VERBOSITY terse
SET client_min_messages = warning;
-- A stand-in for types of other extensions: an array under another name, whose
-- cast to real[] is a function in C that returns what it is given.
CREATE TYPE pixels;
CREATE FUNCTION pixels_in(cstring, oid, int) RETURNS pixels LANGUAGE internal IMMUTABLE STRICT AS 'array_in';
CREATE FUNCTION pixels_out(pixels) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'array_out';
CREATE TYPE pixels (INPUT = pixels_in, OUTPUT = pixels_out, INTERNALLENGTH = VARIABLE, ELEMENT = real, SUBSCRIPT = raw_array_subscript_handler, STORAGE = extended);
CREATE FUNCTION pixels_to_real(pixels, int, boolean) RETURNS real[] LANGUAGE internal IMMUTABLE STRICT AS 'varchar';
CREATE CAST (pixels AS real[]) WITH FUNCTION pixels_to_real(pixels, int, boolean);

-- what the image shows says the topic, in half of the rows with nothing else
CREATE TABLE post (person int, at timestamptz, title text, image real[], sound double precision[], cover pixels, topic text);
INSERT INTO post
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), CASE WHEN i = 1 THEN 'a title' END,
	CASE WHEN i < 3 THEN ARRAY[1 + p % 2, 2 - p % 2, (p * 7 + i) % 5 * 0.2, 1]::real[] END,
	CASE WHEN i > 1 THEN ARRAY[(p * 3 + i) % 4, 1 + p % 2, 2 - p % 2, (p + i) % 3]::double precision[] END,
	CASE WHEN p % 3 = 0 THEN ARRAY[1, 2, p % 5]::text::pixels END,
	(ARRAY['land', 'water'])[1 + p % 2]
FROM generate_series(1, 120) p, generate_series(1, 3) i;
CREATE FUNCTION pg_temp.make(name text, vectors name[], options jsonb DEFAULT '{}', texts name[] DEFAULT NULL, source regclass DEFAULT 'post') RETURNS text LANGUAGE sql AS
	$$ SELECT interest_create_model(name, source, user_id => 'person', at => 'at', texts => texts, vectors => vectors, label => 'topic', options => '{"dimensions": 8, "sentences": false}' || options) $$;

-- each fusion learns from vectors alone, some missing in every row
SELECT count(pg_temp.make(f, '{image,sound,cover}', jsonb_build_object('fusion', f))) FROM unnest('{concat,add,multiply,gate,attention}'::text[]) f;
SELECT f, count(t.*) AS epochs FROM unnest('{concat,add,multiply,gate,attention}'::text[]) f, interest_train(f, epochs => 20, learning_rate => 0.02) t GROUP BY f ORDER BY f;
SELECT f, value > 0.95 AS learned FROM unnest('{concat,add,multiply,gate,attention}'::text[]) f, interest_evaluate(f) WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL ORDER BY f;
SELECT definition -> 'vectors' AS vectors FROM interest_models WHERE name = 'concat';

-- one projection for columns of one width: 8 x 4 parameters less
SELECT pg_temp.make('shared', '{image,sound,cover}', '{"shared_projection": true}', texts => '{title}');
SELECT pg_temp.make('apart', '{image,sound,cover}', texts => '{title}');
SELECT count(*) FROM interest_train('shared', epochs => 1) a, interest_train('apart', epochs => 1) b;
SELECT a.size - s.size AS bytes FROM interest_models a, interest_models s WHERE a.name = 'apart' AND s.name = 'shared';

-- record, document, scalar: the same bytes; training twice: the same representation
SELECT m, count(*), bool_and(a = b AND a = c AND v = interest_embed(person, m)) AS same
FROM unnest('{shared,concat}'::text[]) m, LATERAL (SELECT person, interest_accumulate(m, p) AS a, interest_embed(m, p) AS v,
	interest_accumulate(m, to_jsonb(p) || jsonb_build_object('cover', cover::real[])) AS b,
	interest_accumulate(m, to_jsonb(p) || jsonb_build_object('cover', translate(cover::text, '{}', '[]'))) AS c FROM post p GROUP BY person) x GROUP BY m ORDER BY m;
SELECT count(*) FROM interest_train('shared', epochs => 1);
SELECT count(*), count(DISTINCT representation) FROM interest_models WHERE name = 'shared';

-- the vector is read: another image is another reading, and a missing one too
CREATE FUNCTION pg_temp.read(image real[], sound double precision[] DEFAULT NULL, cover pixels DEFAULT NULL) RETURNS interestvec LANGUAGE sql AS
	$$ SELECT interest_embed('concat', r) FROM (SELECT timestamptz '2024-02-01 UTC' AS at, image, sound, cover) r $$;
SELECT pg_temp.read('{1,2,0,1}') = pg_temp.read('{2,1,0,1}') AS same, pg_temp.read('{1,2,0,1}') = pg_temp.read('{1,2,0,1}', '{0,1,2,0}') AS without,
	pg_temp.read(NULL) IS NULL AS skipped, pg_temp.read('{0,0,0,0}') IS NOT NULL AS flat, pg_temp.read('{3e38,-3e38,3e38,1e-40}') IS NOT NULL AS far;

-- the ledger names the column, and its lines add up to what a real reading says
SELECT f, count(*) FILTER (WHERE modality = 'vector') AS vectors, array_agg(DISTINCT feature) FILTER (WHERE modality = 'vector') AS columns,
	bool_and(value <> 0) FILTER (WHERE modality = 'vector') AS said
FROM unnest('{concat,add,multiply,gate,attention}'::text[]) f, interest_explain(3, model => f) GROUP BY f ORDER BY f;
SELECT f, abs((SELECT sum(value) FROM interest_explain(3, model => f)) - (SELECT sum(value) FROM interest_explain(3, method => 'shap', model => f))) < 1e-5 AS adds_up
FROM unnest('{concat,add,multiply,gate,attention}'::text[]) f ORDER BY f;

-- export, import, transfer
SELECT interest_import_model('copy', interest_export_model('shared', 2)) AS version;
SELECT count(DISTINCT representation) FROM interest_models WHERE (name, version) IN (('copy', 1), ('shared', 2));
SELECT interest_import_model('apart', interest_export_model('shared'));
SELECT count(*) FROM interest_train('copy', epochs => 1, from_model => 'shared');
SELECT count(*) FROM interest_train('copy', epochs => 1, from_model => 'concat');
SELECT count(*) FROM interest_train('copy', epochs => 1, retrain => 'head');

-- wrong vectors
\set VERBOSITY default
SELECT pg_temp.read('{1,2,3}');
SELECT pg_temp.read('{1,2,NaN,1}');
SELECT pg_temp.read(NULL, '{1,2,1e300,1}');
SELECT pg_temp.read(NULL, '{1,-Infinity,2,1}');
SELECT pg_temp.read('{}');
\set VERBOSITY terse
SELECT pg_temp.read('{{1,2},{3,4}}');
SELECT pg_temp.read('{1,NULL,3,4}');
SELECT pg_temp.read(NULL, NULL, '{1,2}');
SELECT pg_temp.read(array_fill(1::real, '{16385}'));
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": [1, 2, 3]}'::jsonb);
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": [1, 2, 3, "4"]}'::jsonb);
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": {"a": 1}}'::jsonb);
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": "one"}'::jsonb);
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": 7}'::jsonb);
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": []}'::jsonb);
SELECT interest_embed('concat', '{"at": "2024-01-01T00:00:00Z", "image": [1, 2, 1e39, 4]}'::jsonb);
SELECT interest_embed('concat', now(), 'a text');

-- wrong columns
\set VERBOSITY default
SELECT pg_temp.make('wrong', '{title}');
SELECT pg_temp.make('wrong', '{nothing}');
\set VERBOSITY terse
SELECT pg_temp.make('wrong', '{image,image}');
SELECT pg_temp.make('wrong', '{a,b,c,d,e,f,g,h,i,j,k,l,m,n}');
SELECT pg_temp.make('wrong', '{image}', '{"shared_projection": 1}');
-- a cast that any user could have written is none
CREATE FUNCTION mood(point) RETURNS real[] LANGUAGE sql AS $$ SELECT ARRAY[$1[0], $1[1]]::real[] $$;
CREATE CAST (point AS real[]) WITH FUNCTION mood(point);
CREATE VIEW places AS SELECT *, point(1, 2) AS place FROM post;
SELECT pg_temp.make('wrong', '{place}', source => 'places');

-- widths that change, in training and in what is measured; vectors that never are
CREATE VIEW changing AS SELECT person, at, title, topic, CASE WHEN person % 10 = 0 THEN image[1:3] ELSE image END AS image, sound, cover FROM post;
SELECT pg_temp.make('changing', '{image}', source => 'changing');
\set VERBOSITY default
SELECT * FROM interest_train('changing');
CREATE VIEW narrow AS SELECT person, at, title, topic, image[1:3] AS image, sound, cover FROM post;
SELECT * FROM interest_evaluate('concat', source => 'narrow');
\set VERBOSITY terse
CREATE VIEW blind AS SELECT person, at, title, topic, NULL::real[] AS image, sound, cover FROM post;
SELECT pg_temp.make('blind', '{image,sound}', source => 'blind');
SELECT count(*) FROM interest_train('blind', epochs => 1);
SELECT interest_embed('blind', b) = interest_embed('blind', p) AS same FROM blind b, post p WHERE b.person = 1 AND p.person = 1 AND b.at = p.at AND b.sound IS NOT NULL GROUP BY p.at;

SELECT interest_drop_model(name) IS NULL FROM (SELECT DISTINCT name FROM interest_models) m;
DROP TABLE post CASCADE;
DROP CAST (point AS real[]);
DROP FUNCTION mood(point);
DROP TYPE pixels CASCADE;

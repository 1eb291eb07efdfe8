-- What a source may hold that teaches nothing, and what is too much.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT interest_load_encoder('odd', :'tiny' || '/tiny');
CREATE TABLE odd AS
SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i) AS at,
	CASE WHEN p % 2 = 0 THEN 'the music of the night' ELSE 'a robot and a star' END AS title,
	NULL::text AS no_text, 7.25 AS constant, NULL::float8 AS no_number, (p % 2) * 10 + i AS seconds,
	NULL::text AS no_tag, 'tag' || p % 3 AS tag, 'same' AS same_tag, NULL::real[] AS no_vector,
	CASE WHEN p % 2 = 0 THEN 'music' ELSE 'science' END AS topic
FROM generate_series(1, 100) p, generate_series(1, 4) i;
CREATE FUNCTION pg_temp.make(texts name[] DEFAULT NULL, numerics name[] DEFAULT NULL, categoricals name[] DEFAULT NULL,
	vectors name[] DEFAULT NULL, label name DEFAULT 'topic', user_id name DEFAULT 'person', source text DEFAULT 'odd', kind name DEFAULT NULL) RETURNS text
LANGUAGE sql AS $$ SELECT interest_create_model('odd', source::regclass, user_id => user_id, at => 'at', texts => texts, kind => kind, numerics => numerics,
	categoricals => categoricals, vectors => vectors, label => label, task => 'user', encoder => CASE WHEN texts IS NOT NULL THEN 'odd' END,
	options => '{"dimensions": 8}') $$;
-- whether a model of these columns learns what a user is
CREATE FUNCTION pg_temp.learns() RETURNS boolean LANGUAGE sql AS $$
	SELECT bool_and(loss >= 0 AND loss < 'infinity') FROM interest_train('odd', epochs => 4, learning_rate => 0.02);
	SELECT value > 0.9 FROM interest_evaluate('odd') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL $$;

-- columns that are all NULL, and numbers and values that are always the same, do no harm beside others
SELECT pg_temp.make(texts => '{no_text,title}', numerics => '{no_number,constant}', categoricals => '{no_tag,same_tag}', vectors => '{no_vector}');
SELECT pg_temp.learns();
SELECT interest_drop_model('odd');
SELECT pg_temp.make(numerics => '{seconds,no_number,constant}');
SELECT pg_temp.learns();
SELECT interest_drop_model('odd');

-- alone the NULL ones leave no row to learn from, the others nothing to learn
SELECT pg_temp.make(texts => '{no_text}', numerics => '{no_number}', categoricals => '{no_tag}', vectors => '{no_vector}');
SELECT interest_train('odd');
SELECT interest_drop_model('odd');
SELECT pg_temp.make(numerics => '{constant}', categoricals => '{same_tag}');
SELECT pg_temp.learns();
SELECT interest_drop_model('odd');

-- a label that one user has alone is an interest if he trains; a label that is NULL everywhere is none
ALTER TABLE odd ADD alone text, ADD no_label text;
UPDATE odd SET alone = CASE WHEN person = 1 THEN 'rare' ELSE topic END;
SELECT pg_temp.make(numerics => '{seconds}', label => 'alone');
SELECT count(*) FROM interest_train('odd', epochs => 2);
SELECT DISTINCT interest FROM interest_evaluate('odd') WHERE interest IS NOT NULL ORDER BY 1;
SELECT interest_drop_model('odd');
UPDATE odd SET alone = CASE WHEN person = 1 THEN 'rare' WHEN person = 2 THEN 'music' END;
SELECT pg_temp.make(numerics => '{seconds}', label => 'alone');
SELECT count(*) FROM interest_train('odd', epochs => 2);
SELECT interest_drop_model('odd');
SELECT pg_temp.make(numerics => '{seconds}', label => 'no_label');
SELECT interest_train('odd');
SELECT interest_drop_model('odd');

-- strings of a megabyte: no label, and no value or kind that is known; a user may be called so
ALTER TABLE odd ADD huge text, ADD huge_user text;
UPDATE odd SET huge = topic, huge_user = 'u' || person;
UPDATE odd SET huge = repeat(topic, 150000), huge_user = repeat('u', 1000000) || person WHERE person <= 10;
SELECT pg_temp.make(numerics => '{seconds}', label => 'huge');
SELECT interest_train('odd');
SELECT interest_drop_model('odd');
SELECT pg_temp.make(numerics => '{seconds}', categoricals => '{huge}', kind => 'huge', user_id => 'huge_user');
SELECT pg_temp.learns();
SELECT interest_drop_model('odd');

-- 10,000 categories, each of them known; one label for each is one too many
CREATE TABLE many AS
SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(hours => i) AS at, 'category' || (p * 7 + i * 1250) % 10000 AS tag,
	(p * 7 + i * 1250) % 2 AS seconds, 'topic' || (p * 7 + i * 1250) % 2 AS topic, 'interest' || p * 8 + i AS label
FROM generate_series(1, 10000) p, generate_series(1, 8) i;
SELECT pg_temp.make(categoricals => '{tag}', source => 'many');
SELECT count(*) FROM interest_train('odd', epochs => 1);
SELECT value > 0.9 AS good FROM interest_evaluate('odd') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;
SELECT interest_drop_model('odd');
SELECT pg_temp.make(numerics => '{seconds}', label => 'label', source => 'many');
SELECT interest_train('odd', epochs => 1);
SELECT count(*) FROM interest_model_version WHERE model = 'odd';
SELECT interest_drop_model('odd');

-- labels that came after the training are none of the model's: who has one is told wrong, and what a model is
-- compared with learns from the others
CREATE TABLE later AS SELECT person, at, title, seconds, tag, topic, ARRAY[topic, 'all'] AS topics FROM odd;
SELECT pg_temp.make(texts => '{title}', source => 'later');
SELECT pg_temp.learns();
UPDATE later SET topic = 'new ' || tag WHERE person % 4 < 2;
SELECT system, metric, round(value::numeric, 2) AS value FROM interest_evaluate('odd')
WHERE metric IN ('accuracy', 'positives', 'macro_recall') ORDER BY system, metric, interest;
SELECT actual, predicted, samples FROM interest_confusion('odd') ORDER BY 1, 2;
UPDATE later SET topic = 'new';
SELECT system, value AS accuracy FROM interest_evaluate('odd') WHERE metric = 'accuracy' ORDER BY system;
SELECT interest_drop_model('odd');
SELECT pg_temp.make(texts => '{title}', source => 'later', label => 'topics');
SELECT count(*) > 0 AS trained FROM interest_train('odd', epochs => 4, learning_rate => 0.02);
UPDATE later SET topics = topics || 'new'::text;
SELECT system, round(value::numeric, 2) AS recall FROM interest_evaluate('odd') WHERE metric = 'macro_recall' ORDER BY system;
SELECT interest_drop_model('odd');

-- one label is no array, and an array is no label: heads differ
SELECT pg_temp.make(texts => '{title}', source => 'later');
ALTER TABLE later ALTER topic TYPE text[] USING ARRAY[topic];
SELECT interest_train('odd', epochs => 1);
SELECT interest_drop_model('odd');
SELECT pg_temp.make(texts => '{title}', source => 'later', label => 'topics');
ALTER TABLE later ALTER topics TYPE text USING topics[1];
SELECT interest_train('odd', epochs => 1);
SELECT interest_drop_model('odd');

-- nobody's rows, and rows of no time
CREATE TABLE nobody AS SELECT NULL::int AS person, at, title, seconds, tag, topic FROM odd;
SELECT pg_temp.make(texts => '{title}', source => 'nobody');
SELECT interest_train('odd', epochs => 1);
UPDATE nobody SET person = length(title), at = NULL;
SELECT interest_train('odd', epochs => 1);
SELECT interest_drop_model('odd');

SELECT interest_drop_encoder('odd');
DROP TABLE odd, many, later, nobody;

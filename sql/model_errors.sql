-- What is wrong with a model, its options, its rows: one clear error each, and
-- nothing half done.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.make(source regclass DEFAULT 'visit', user_id name DEFAULT 'person', at name DEFAULT 'at',
	texts name[] DEFAULT NULL, kind name DEFAULT NULL, numerics name[] DEFAULT '{seconds}', categoricals name[] DEFAULT NULL,
	label name DEFAULT 'topic', task text DEFAULT NULL, encoder text DEFAULT NULL, options jsonb DEFAULT NULL, name text DEFAULT 'bad') RETURNS text
LANGUAGE sql AS $$ SELECT interest_create_model(name, source, encoder, user_id, at, texts, kind, numerics, categoricals, NULL, label, task, NULL, options) $$;

-- what is missing
SELECT interest_create_model(NULL);
SELECT interest_create_model('bad');
SELECT interest_create_model('', 'visit');
SELECT interest_create_model(repeat('x', 64), 'visit');
SELECT pg_temp.make(user_id => NULL);
SELECT pg_temp.make(at => NULL);
SELECT pg_temp.make(label => NULL);
SELECT pg_temp.make(numerics => NULL);
SELECT interest_create_model('bad', 'visit', interests => '{music}');
-- what is not there
SELECT pg_temp.make(source => 'no_such_table');
SELECT pg_temp.make(user_id => 'persom');
SELECT pg_temp.make(numerics => '{second}');
SELECT pg_temp.make(numerics => '{ctid}');
SELECT pg_temp.make(texts => '{title}', encoder => 'no such encoder');
SELECT pg_temp.make(task => 'guess');
SELECT interest_train('no such model');
SELECT interest_evaluate('no such model');
SELECT interest_embed(1, 'no such model');
SELECT interest_deploy('no such model', 1);
SELECT interest_drop_model('no such model');
SELECT interest_evaluate('topics', 99);
-- what does not fit
SELECT pg_temp.make(name => 'topics');
SELECT pg_temp.make(at => 'title');
SELECT pg_temp.make(numerics => '{title}');
SELECT pg_temp.make(texts => '{seconds}');
SELECT pg_temp.make(texts => '{tags}');
SELECT pg_temp.make(user_id => 'tags');
SELECT pg_temp.make(numerics => '{seconds,seconds}');
SELECT pg_temp.make(numerics => '{NULL}');
SELECT pg_temp.make(numerics => '{{seconds}}');
SELECT pg_temp.make(encoder => 'tiny');
SELECT pg_temp.make(label => 'topics', task => 'dominant');
CREATE SEQUENCE counting;
SELECT pg_temp.make(source => 'counting');
DROP SEQUENCE counting;
CREATE TEMP TABLE passing (person int, at timestamptz, seconds int, topic text);
SELECT pg_temp.make(source => 'passing');
-- a label that leaks
SELECT pg_temp.make(categoricals => '{topic}', task => 'dominant');
SELECT pg_temp.make(texts => '{topic}', task => 'user');
SELECT pg_temp.make(kind => 'topic', task => 'user');
-- options
SELECT pg_temp.make(options => '[]');
SELECT pg_temp.make(options => '{"dimension": 16}');
SELECT pg_temp.make(options => '{"dimensions": 3}');
SELECT pg_temp.make(options => '{"dimensions": 1.5}');
SELECT pg_temp.make(options => '{"dimensions": "many"}');
SELECT pg_temp.make(options => '{"half_lives": {"weekly": 7}}');
SELECT pg_temp.make(options => '{"half_lives": {"fine": 0}}');
SELECT pg_temp.make(options => '{"kinds": {"view": 0.01}}');
SELECT pg_temp.make(options => '{"negative_kinds": {"hide": 1000}}');
SELECT count(*) FROM interest_model WHERE name = 'bad';

-- training
SELECT interest_train('topics', epochs => 0);
SELECT interest_train('topics', batch_size => 0);
SELECT interest_train('topics', learning_rate => 'NaN');
SELECT interest_train('topics', patience => 0);
CREATE TABLE thin (person int, at timestamptz, seconds float8, topic text);
SELECT pg_temp.make(source => 'thin', name => 'thin');
SELECT interest_train('thin');
INSERT INTO thin VALUES (1, now(), 1, NULL);
SELECT interest_train('thin');
INSERT INTO thin SELECT i, now(), 1, 'music' FROM generate_series(1, 100) i;
SELECT interest_train('thin');
INSERT INTO thin SELECT i, now(), 'NaN', 'sport' FROM generate_series(1, 100) i;
SELECT interest_train('thin');
UPDATE thin SET seconds = 'infinity';
SELECT interest_train('thin');
UPDATE thin SET seconds = 1, at = '-infinity';
SELECT interest_train('thin');
SELECT count(*) FROM interest_model_version WHERE model = 'thin';
SELECT interest_drop_model('thin');
DROP TABLE thin;
BEGIN READ ONLY;
SELECT interest_train('topics');
ROLLBACK;

-- rows
SELECT interest_embed('topics', r) FROM (SELECT person, title FROM visit) r;
SELECT interest_embed('topics', r) FROM (SELECT at, title, action, seconds, 1 AS tags, 'x' AS seconds FROM visit LIMIT 1) r;
SELECT interest_embed('topics', r) FROM (SELECT at, title, action, 'soon' AS seconds, tags FROM visit) r;
SELECT interest_embed('topics', r) FROM (SELECT at, title, action, 'NaN'::float4 AS seconds, tags FROM visit) r;
SELECT interest_embed('topics', r) FROM (SELECT at, title, action, '-infinity'::float8 AS seconds, tags FROM visit) r;
SELECT interest_embed('topics', r) FROM (SELECT 'infinity'::timestamptz AS at, title, action, seconds, tags FROM visit) r;
SELECT interest_embed('topics', r) FROM (SELECT '-infinity'::date AS at, title, action, seconds, tags FROM visit) r;
SELECT interest_embed('topics', r) FROM (SELECT 'today' AS at, title, action, seconds, tags FROM visit) r;
SELECT interest_embed(NULL, v) FROM visit v;
SELECT interest_embed('topics', r) IS NOT NULL AS long_text FROM (SELECT at, repeat('a film ', 1500000) AS title, action, seconds, tags FROM visit LIMIT 1) r;

-- the session goes on
SELECT interest_embed(3, 'topics') IS NOT NULL AS alive;

-- Who trains, validates and tests: a hash of the user unless a column or a time says so.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = notice;
CREATE TABLE fold (person int, at timestamptz, score float8, part text, topic text);
INSERT INTO fold SELECT p, timestamptz '2024-01-01 00:00+00' + i * interval '1 day', p % 2 + i / 10.0,
	CASE WHEN p <= 10 THEN 'test' WHEN p <= 30 THEN 'validation' WHEN i < 4 THEN 'train' END, CASE p % 2 WHEN 0 THEN 'art' ELSE 'music' END
FROM generate_series(1, 60) p, generate_series(0, 4) i;
CREATE FUNCTION pg_temp.make(options jsonb, name text DEFAULT 'bad', source regclass DEFAULT 'fold', task text DEFAULT 'dominant') RETURNS text LANGUAGE sql AS
$$ SELECT interest_create_model(name, source, user_id => 'person', at => 'at', numerics => '{score}', label => 'topic', task => task, options => '{"dimensions": 8}' || options) $$;
CREATE FUNCTION pg_temp.counts(model text) RETURNS TABLE (users float8, accuracy float8) LANGUAGE sql AS
$$ SELECT max(value) FILTER (WHERE metric = 'users'), max(value) FILTER (WHERE metric = 'accuracy') FROM interest_evaluate(model) WHERE system = 'model' AND interest IS NULL $$;

-- by a column: only those who shall test are measured, rows without a role are left out
SELECT pg_temp.make('{"split_column": "part"}', 'by_column');
SET client_min_messages = warning;
SELECT count(*) FROM interest_train('by_column', epochs => 3, learning_rate => 0.05);
SELECT * FROM pg_temp.counts('by_column');
SET client_min_messages = notice;
SELECT metric, value FROM interest_evaluate('by_column') WHERE metric IN ('rows', 'samples') AND system = 'model';
-- by a time: everybody is measured by his rows from then on
SET client_min_messages = warning;
SELECT pg_temp.make('{"split_at": "2024-01-04"}', 'by_time');
SELECT count(*) FROM interest_train('by_time', epochs => 3, learning_rate => 0.05);
SELECT * FROM pg_temp.counts('by_time');
SELECT pg_temp.make('{"split_at": "2024-01-04 01:00+01"}', 'next_by_time', task => 'next');
SELECT count(*) FROM interest_train('next_by_time', epochs => 3, learning_rate => 0.05);
SELECT * FROM pg_temp.counts('next_by_time');
SELECT metric, value FROM interest_evaluate('next_by_time') WHERE metric = 'samples' AND system = 'model';

-- what is wrong when the model is made
SELECT pg_temp.make('{"split_column": "parts"}');
SELECT pg_temp.make('{"split_column": "score"}');
SELECT pg_temp.make('{"split_column": 1}');
SELECT pg_temp.make('{"split_at": "soon"}');
SELECT pg_temp.make('{"split_at": "infinity"}');
SELECT pg_temp.make('{"split_column": "part", "split_at": "2024-01-04"}');
CREATE ROLE split_reader;
GRANT SELECT (person, at, score, topic) ON fold TO split_reader;
SET ROLE split_reader;
SELECT interest_create_model('bad', 'fold', user_id => 'person', at => 'at', numerics => '{score}', label => 'topic', options => '{"split_column": "part"}');
RESET ROLE;
REVOKE SELECT (person, at, score, topic) ON fold FROM split_reader;
DROP ROLE split_reader;
-- and when it is trained or measured
CREATE VIEW twice AS SELECT person, at, score, CASE WHEN person = 7 AND score > 1.2 THEN 'train' ELSE part END AS part, topic FROM fold;
CREATE VIEW unknown AS SELECT person, at, score, replace(part, 'test', 'Test') AS part, topic FROM fold;
CREATE VIEW no_train AS SELECT * FROM fold WHERE part <> 'train';
CREATE VIEW no_validation AS SELECT * FROM fold WHERE part <> 'validation';
CREATE VIEW no_test AS SELECT * FROM fold WHERE part <> 'test';
SELECT pg_temp.make('{"split_column": "part"}', s, s::regclass) FROM unnest('{twice,unknown,no_train,no_validation,no_test}'::text[]) s;
SELECT interest_train('twice');
SELECT interest_train('unknown');
SELECT interest_train('no_train');
SELECT interest_train('no_validation');
SELECT count(*) FROM interest_train('no_test', epochs => 1);
SELECT interest_evaluate('no_test');
SELECT * FROM interest_evaluate('no_test', source => 'unknown');
SELECT count(*) > 0 AS measured FROM interest_evaluate('no_test', source => 'fold');
SELECT pg_temp.make('{"split_at": "2025-01-01"}', 'too_late');
SELECT interest_train('too_late');
SELECT pg_temp.make('{"split_at": "2023-01-01"}', 'too_early');
SELECT interest_train('too_early');

SELECT count(interest_drop_model(name)) FROM interest_model WHERE source_name IN ('fold', 'twice', 'unknown', 'no_train', 'no_validation', 'no_test');
DROP VIEW twice, unknown, no_train, no_validation, no_test;
DROP FUNCTION pg_temp.make, pg_temp.counts;
DROP TABLE fold;

-- Training on more than maintenance_work_mem holds.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE TABLE essay AS
SELECT u AS person, '2024-01-01'::timestamptz + n * interval '1 day' + u * interval '1 minute' AS at,
	(SELECT string_agg('w' || abs(hashint4(u * 1000 + n * 100 + k)) % 400 + 300 * (u % 2), ' ') FROM generate_series(1, 60) k) AS body,
	CASE u % 2 WHEN 0 THEN 'art' ELSE 'sport' END AS topic
FROM generate_series(1, 500) u, generate_series(1, 6) n;
SELECT interest_create_model('essays', 'essay', user_id => 'person', at => 'at', texts => '{body}', label => 'topic', task => 'user',
	options => '{"dimensions": 8, "sentences": false, "text_search": "simple"}');

-- the same bytes in memory and spilled
SET temp_file_limit = 0;
SET maintenance_work_mem = '64MB';
SELECT count(*) FROM interest_train('essays', epochs => 2);
CREATE TABLE in_memory AS SELECT * FROM interest_evaluate('essays');
SET maintenance_work_mem = '1MB';
SELECT count(*) FROM interest_train('essays', epochs => 2);
SELECT count(*) FROM interest_evaluate('essays');
RESET temp_file_limit;
SELECT count(*) FROM interest_train('essays', epochs => 2);
SELECT count(*) AS versions, count(DISTINCT content_hash) AS different FROM interest_model_version WHERE model = 'essays';
SELECT count(*) > 0 AS figures, bool_and(s.value IS NOT DISTINCT FROM m.value) AS same
FROM interest_evaluate('essays') s JOIN in_memory m USING (system, metric) WHERE s.interest IS NOT DISTINCT FROM m.interest;

-- nothing is left
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';
SELECT interest_drop_model('essays');
DROP TABLE essay, in_memory;

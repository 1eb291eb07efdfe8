-- The document form and the short form of the aggregates: the same bytes as
-- the record form.
\getenv tiny INTEREST_TINY
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');
CREATE TABLE log (person int, at timestamptz, title text, what text, amount numeric, flag bool, tags text[], size int, topic text);
INSERT INTO log
SELECT i % 20, timestamptz '2024-01-01 UTC' + make_interval(mins => i * 977), CASE WHEN i % 7 > 0 THEN 'a film of the ' || (ARRAY['night', 'sea', 'star'])[1 + i % 3] END,
	(ARRAY['view', 'hide', NULL])[1 + i % 3], CASE WHEN i % 5 > 0 THEN i * 1.25 END, i % 2 = 0, CASE WHEN i % 4 > 0 THEN ARRAY['x' || i % 3, NULL, 'y'] END, i % 9,
	(ARRAY['red', 'blue'])[1 + i % 2]
FROM generate_series(1, 300) i;
SELECT interest_create_model('logs', 'log', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', kind => 'what', numerics => '{amount,flag}',
	categoricals => '{tags,size,flag}', label => 'topic', task => 'user', options => '{"dimensions": 8}');
SELECT interest_create_model('titles', 'log', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', task => 'user', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('logs', epochs => 1);
SELECT count(*) FROM interest_train('titles', epochs => 1);

-- documents with NULLs, without them, and with more than the model knows
SELECT count(*), bool_and(a = b AND a = c AND v = w AND s = t) AS equal FROM (
	SELECT interest_accumulate('logs', l) AS a, interest_accumulate('logs', to_jsonb(l)) AS b, interest_accumulate('logs', jsonb_strip_nulls(to_jsonb(l))) AS c,
		interest_embed('logs', l) AS v, interest_embed('logs', to_jsonb(l)) AS w, interest_classify('logs', l) AS s, interest_classify('logs', to_jsonb(l)) AS t
	FROM log l GROUP BY person) x;
-- in any time zone, and times without one are UTC
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SELECT count(*), bool_and(a = b AND a = c) AS equal FROM (
	SELECT interest_accumulate('logs', l) AS a, interest_accumulate('logs', to_jsonb(l)) AS b,
		interest_accumulate('logs', to_jsonb(l) || jsonb_build_object('at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))) AS c
	FROM log l GROUP BY person) x;
SHOW timezone;
RESET timezone;
RESET datestyle;
-- times and texts
SELECT count(*), bool_and(a = b AND v = w AND s = t) AS equal FROM (
	SELECT interest_accumulate('titles', l) AS a, interest_accumulate('titles', at, title) AS b, interest_embed('titles', l) AS v, interest_embed('titles', at, title) AS w,
		interest_classify('titles', l) AS s, interest_classify('titles', at, title) AS t
	FROM log l GROUP BY person) x;
-- windows that slide
SELECT count(*), bool_and(a IS NOT DISTINCT FROM b AND c IS NOT DISTINCT FROM d) AS equal FROM (
	SELECT interest_accumulate('logs', l) OVER w AS a, interest_accumulate('logs', to_jsonb(l)) OVER w AS b,
		interest_accumulate('titles', l) OVER w AS c, interest_accumulate('titles', at, title) OVER w AS d
	FROM log l WINDOW w AS (PARTITION BY person ORDER BY at ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)) x;
-- nothing
SELECT interest_accumulate('logs', NULL::jsonb) IS NULL, interest_accumulate('logs', '{}'::jsonb) IS NULL, interest_accumulate('logs', '{"at": null}'::jsonb) IS NULL,
	interest_accumulate('titles', NULL, 'a film') IS NULL, interest_accumulate('titles', now(), NULL) IS NULL, interest_accumulate('titles', now(), '') IS NULL;

-- wrong documents
SELECT interest_embed('logs', '[]'::jsonb);
SELECT interest_embed('logs', '7'::jsonb);
SELECT interest_embed('logs', '{"at": 1700000000, "size": 1}'::jsonb);
SELECT interest_embed('logs', '{"at": "soon", "size": 1}'::jsonb);
SELECT interest_embed('logs', '{"at": "infinity", "size": 1}'::jsonb);
SELECT interest_embed('logs', '{"at": "2024-01-01T00:00:00Z", "title": ["a", "b"]}'::jsonb);
SELECT interest_embed('logs', '{"at": "2024-01-01T00:00:00Z", "amount": "12"}'::jsonb);
SELECT interest_embed('logs', '{"at": "2024-01-01T00:00:00Z", "amount": 1e400}'::jsonb);
SELECT interest_embed('logs', '{"at": "2024-01-01T00:00:00Z", "tags": {"x": 1}}'::jsonb);
SELECT interest_embed('logs', '{"at": "2024-01-01T00:00:00Z", "tags": ["x", ["y"]]}'::jsonb);
SELECT interest_embed('logs', now(), 'a film');
SELECT interest_embed('titles', 'infinity', 'a film');
-- untyped, it is a user's id
SELECT interest_embed('titles', '{"at": "2024-01-01T00:00:00Z"}');

SELECT interest_drop_model(m) FROM unnest('{logs,titles}'::text[]) m;
SELECT interest_drop_encoder('tiny');
DROP TABLE log;

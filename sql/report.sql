-- The page of a model: well formed, what it says, safe whatever names, labels
-- and texts say, rights.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT interest_load_encoder('reporter', :'tiny' || '/tiny');
CREATE TABLE "<i>seen" AS
SELECT CASE WHEN p = 9 THEN '<img src=x onerror=alert(1)>' ELSE 'p' || p END AS "who&", timestamptz '2024-01-01 UTC' + make_interval(days => i * 9 + p % 5) AS at,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p * 7 + i / 5) % 3 + 1] || '</title><script>alert(2)</script>' || repeat(' so', 3500) AS "tit""le",
	(ARRAY['<script>alert(1)</script>', U&'\05E9\05DC\05D5\05DD', '''";--&amp;' || repeat('y', 900)])[(p * 7 + i / 5) % 3 + 1] AS topic
FROM generate_series(1, 120) p, generate_series(1, 12) i;
SELECT interest_create_model('</title>"<b>&', '"<i>seen"', encoder => 'reporter', user_id => 'who&', at => 'at', texts => '{"tit\"le"}', label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT interest_report('</title>"<b>&');
SELECT count(*) FROM interest_train('</title>"<b>&', epochs => 2);

-- true also where the server was built without XML
CREATE FUNCTION well_formed(page text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RETURN xmlparse(DOCUMENT page) IS DOCUMENT;
EXCEPTION WHEN feature_not_supported THEN
	RETURN page LIKE '<!DOCTYPE html>%</html>' || chr(10);
END $$;
CREATE FUNCTION sections(page text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s: %s pictures, %s lines', m[1], (SELECT count(*) FROM regexp_matches(m[2], '<svg ', 'g')),
		CASE WHEN m[1] = 'What to look after' THEN 'some' ELSE (SELECT count(*)::text FROM regexp_matches(m[2], '<tr>', 'g')) END), E'\n' ORDER BY n)
	FROM regexp_matches(page, '<h2>(.*?)</h2>(.*?)(?=<h2>|</main>)', 'g') WITH ORDINALITY r(m, n) $$;
CREATE TABLE page AS SELECT interest_report('</title>"<b>&', ARRAY['p7', '<img src=x onerror=alert(1)>', 'nobody', NULL]) AS html;
SELECT well_formed(html), html = interest_report('</title>"<b>&', ARRAY['p7', '<img src=x onerror=alert(1)>', 'nobody', NULL]) AS same,
	html ~ '<(script|img|i|b)[ >]|<[^>]* on[a-z]+=|https?://(?!www.w3.org/2000/svg")|url\(|@import' AS active,
	html LIKE '%<title>Model &lt;/title&gt;&quot;&lt;b&gt;&amp;</title>%' AS title, html LIKE '%&lt;i&gt;seen%' AS source, html LIKE '%who&amp;%' AS "column" FROM page;
SELECT sections(html) FROM page;
-- a picture each has its text, and long labels are cut
SELECT count(*) AS pictures, count(*) FILTER (WHERE m[1] LIKE 'role="img" viewBox="0 0 380 %"><title>_%</title><desc>_%</desc>%') AS described
FROM page, regexp_matches(html, '<svg xmlns="http://www.w3.org/2000/svg" class="interest-picture" (.*?)</svg>', 'g') m;
SELECT html LIKE '%yyyyyyyyyyyyyyyyyyyyyyyyy%' AS shown, html LIKE '%' || repeat('y', 300) || '%' AS whole FROM page;
SELECT html LIKE '%1440 rows of 120 users: %' AS rows, html LIKE '%nobody has no rows.%' AS nobody FROM page;
-- figures are those of interest_evaluate
SELECT count(*) AS figures, bool_and(html LIKE '%>' || round(value::numeric, 3) || ' ± ' || round(standard_error::numeric, 3) || '<%') AS there
FROM page, interest_evaluate('</title>"<b>&') WHERE interest IS NULL AND metric IN ('accuracy', 'auc', 'log_loss', 'brier', 'ece');
-- users are named only where they are asked for
SELECT interest_report('</title>"<b>&') ~ '>p[0-9]+<|onerror' AS named;
SELECT interest_report('</title>"<b>&', '{{p7,p8},{p10,p11}}');

-- names of interests, without training
SELECT interest_create_model('untrained', '"<i>seen"', encoder => 'reporter', user_id => 'who&', at => 'at', texts => '{"tit\"le"}', interests => '{"music", "sport"}');
SELECT sections(html), well_formed(html), html LIKE '%It was made of the names of its interests, without training.%' AS names, substring(html FROM 'Not shown: [^<]*') AS not_shown FROM interest_report('untrained') html;

-- rights: what may not be seen is not there
CREATE ROLE regress_interest_reader;
SET ROLE regress_interest_reader;
SELECT interest_report('</title>"<b>&');
RESET ROLE;
SELECT interest_grant_use('model', '</title>"<b>&', 'regress_interest_reader');
SET ROLE regress_interest_reader;
SELECT sections(html), well_formed(html), html LIKE '%<td>error</td><td>cannot be read: permission denied for table &lt;i&gt;seen</td>%' AS doctor FROM interest_report('</title>"<b>&', '{p7}') html;
SELECT m[1] AS not_shown FROM interest_report('</title>"<b>&', '{p7}') html, regexp_matches(html, '(Not shown: [^<]*)', 'g') m;
RESET ROLE;
-- the transaction goes on, and nothing is left of it
BEGIN;
SET LOCAL ROLE regress_interest_reader;
SELECT length(interest_report('</title>"<b>&')) > 1000 AS report;
SELECT count(*) FROM interest_progress WHERE pid = pg_backend_pid();
COMMIT;
-- a cancel is no finding
SET statement_timeout = '5ms';
SELECT interest_report('</title>"<b>&');
RESET statement_timeout;

SELECT interest_drop_model('</title>"<b>&');
SELECT interest_drop_model('untrained');
SELECT interest_drop_encoder('reporter');
DROP TABLE "<i>seen", page;
DROP FUNCTION well_formed, sections;
DROP ROLE regress_interest_reader;

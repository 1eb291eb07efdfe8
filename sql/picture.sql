-- Pictures: well formed, the numbers of the functions that they are of, safe
-- whatever labels say, errors, rights.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT interest_load_encoder('gallery', :'tiny' || '/tiny');
CREATE TABLE shown AS
SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i * 9 + p % 5) AS at,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p * 7 + i / 5) % 3 + 1] ||
		CASE WHEN i = 11 THEN ' <img src=x onerror="alert(1)">' || repeat(' so', 3500) ELSE '' END AS title,
	(ARRAY['view', 'like'])[1 + (p * i) % 2] AS action,
	(ARRAY['<script>alert(1)</script>', U&'\05E9\05DC\05D5\05DD "x"', U&'\+01F468\200D\+01F469\200D\+01F467 & ' || repeat('y', 900)])[(p * 7 + i / 5) % 3 + 1] AS topic
FROM generate_series(1, 120) p, generate_series(1, 12) i;
SELECT interest_create_model('gallery', 'shown', encoder => 'gallery', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('gallery', epochs => 3);
CREATE TABLE thing (id text PRIMARY KEY, title text);
INSERT INTO thing SELECT 'thing ' || i, (ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[i % 3 + 1] || ' ' || i % 9 FROM generate_series(1, 600) i;
SELECT interest_picture('items', model => 'gallery');
SELECT interest_set_catalogue('gallery', 'thing', 'id', seen => 'title');

-- true also where the server was built without XML
CREATE FUNCTION well_formed(picture text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RETURN xmlparse(DOCUMENT picture) IS DOCUMENT;
EXCEPTION WHEN feature_not_supported THEN
	RETURN picture LIKE '<svg %</svg>%';
END $$;
CREATE TABLE picture AS
SELECT kind, CASE WHEN kind IN ('user', 'ledger') THEN interest_picture(kind, 7, model => 'gallery')
	WHEN kind = 'words' THEN interest_picture(kind, body => 'Music of the NIGHT <b>street</b> sport', model => 'gallery')
	ELSE interest_picture(kind, model => 'gallery') END AS svg
FROM unnest('{user,ledger,words,roc,reliability,confusion,training,map,items}'::text[]) kind;
SELECT kind, well_formed(svg) AS well_formed, svg LIKE '<svg xmlns="http://www.w3.org/2000/svg" class="interest-picture" role="img" viewBox="0 0 380 %"><title>_%</title><desc>_%</desc><style>%</svg>%' AS described,
	svg ~ '<(script|img|b)|<[^>]* on|href|url\(|@import|style=' AS active, length(svg) BETWEEN 2000 AND 100000 AS of_some_size
FROM picture ORDER BY kind;
SELECT string_agg(DISTINCT substr(svg, 1, 4), ',') AS begins, count(*) FILTER (WHERE svg LIKE '%yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy%') AS long_labels,
	count(*) FILTER (WHERE svg LIKE '%&lt;script&gt;alert(1)&lt;/script&gt;%') AS escaped, count(*) FILTER (WHERE svg LIKE U&'%\+01F468\200D\+01F469\200D\+01F467 &amp; yyy%\2026%') AS whole_emoji, count(*) FILTER (WHERE svg LIKE '%שלום &quot;x&quot;%') AS hebrew FROM picture;
-- again, and by another type of the same user, the same bytes
SELECT kind, svg = CASE WHEN kind IN ('user', 'ledger') THEN interest_picture(kind, '7', model => 'gallery')
	WHEN kind = 'words' THEN interest_picture(kind, body => 'Music of the NIGHT <b>street</b> sport', model => 'gallery')
	ELSE interest_picture(kind, model => 'gallery') END AS same FROM picture ORDER BY kind;

-- what they say is what the functions say
CREATE FUNCTION described(of text) RETURNS text LANGUAGE sql AS $$ SELECT replace(substring(svg FROM '<desc>(.*)</desc>'), '−', '-') FROM picture WHERE kind = of $$;
SELECT substring(described('ledger') FROM 'sum: the logit ([-+0-9.]+)')::numeric = round(sum(value)::numeric, 3) AS logit,
	substring(described('ledger') FROM 'prior ([-+0-9.]+)')::numeric = round(sum(value) FILTER (WHERE part = 'prior')::numeric, 3) AS prior FROM interest_explain(7, model => 'gallery');
SELECT count(*) AS steps FROM regexp_matches(described('ledger'), '\(2024-..-.., (view|like)\)', 'g');
SELECT array_agg(said ORDER BY n) = (SELECT array_agg(round(probability::numeric, 2)) FROM unnest(interest_classify(7, 'gallery'))) AS last_ones
FROM (SELECT m[1]::numeric AS said, n FROM regexp_matches(described('user'), 'all together [0-9.]+ to ([0-9.]+)', 'g') WITH ORDINALITY r(m, n)) x;
SELECT described('user') LIKE 'Probabilities from 2024-01-12 00:00 to 2024-04-20 00:00 (UTC).%coarse, half-life 180 days%medium, half-life 14 days%fine, half-life 1 day %' AS lines;
SELECT bool_and(described('roc') LIKE '%' || round(value::numeric, 3) || '%') AS areas FROM interest_evaluate('gallery') WHERE system = 'model' AND metric = 'auc' AND interest IS NOT NULL;
SELECT described('reliability') LIKE '%(ECE) ' || round(value::numeric, 3) || '%' AS error FROM interest_evaluate('gallery') WHERE system = 'model' AND metric = 'ece' AND interest IS NULL;
SELECT sum(m[1]::int) = (SELECT sum(samples) FROM interest_confusion('gallery')) AS samples FROM regexp_matches(described('confusion'), 'Of ([0-9]+) ', 'g') m;
SELECT described('training') LIKE '%training users ' || round(max(loss) FILTER (WHERE epoch = 3)::numeric, 4) || '%' AS loss FROM interest_training WHERE model = 'gallery';
SELECT described('map') LIKE '120 users by %' AS users, described('items') LIKE '500 items by %' AS items;
SELECT regexp_matches(described('words'), '^(Music) .* (NIGHT) .* &lt;b&gt;(street)&lt;/b&gt; .*The words say [-+0-9.]+ of a logit of [-+0-9.]+\.$') AS in_order;
SELECT abs(sum(m[1]::numeric) - (SELECT sum(value) FROM interest_explain_text('Music of the NIGHT <b>street</b> sport', model => 'gallery') WHERE part IN ('token', 'word'))) < 0.01 AS all_tokens
FROM regexp_matches(described('words'), '\(([-+0-9.]+)\)', 'g') m;

-- one interest; another source; nothing to show
SELECT interest_picture('roc', interest => '<script>alert(1)</script>', model => 'gallery') LIKE '<svg%' AS roc,
	substring(interest_picture('user', 7, '<script>alert(1)</script>', 'gallery') FROM 'viewBox="0 0 380 [0-9]+"') <> substring((SELECT svg FROM picture WHERE kind = 'user') FROM 'viewBox="0 0 380 [0-9]+"') AS fewer_panels,
	interest_picture('confusion', model => 'gallery', version => 1, source => 'shown') = (SELECT svg FROM picture WHERE kind = 'confusion') AS same;
SELECT interest_picture('user', -1, model => 'gallery') IS NULL AS nobody, interest_picture('ledger', -1, model => 'gallery') IS NULL AS nothing, interest_picture('words', body => ' ', model => 'gallery') IS NULL AS blank;
-- every test user of one interest only
CREATE VIEW lonely AS SELECT * FROM shown WHERE topic LIKE '<%';
SELECT interest_picture('roc', model => 'gallery', source => 'lonely') IS NULL AS roc, well_formed(interest_picture('confusion', model => 'gallery', source => 'lonely')) AS confusion;
CREATE VIEW nobody AS SELECT * FROM shown WHERE false;
SELECT interest_picture('roc', model => 'gallery', source => 'nobody');

-- texts of all sorts
SELECT n, well_formed(interest_picture('words', body => body, model => 'gallery')) FROM (VALUES (1, repeat('music ', 3000)), (2, repeat('x', 20000)),
	(3, E'a\x01b\x1b[0m ]]> <![CDATA[ \t music'), (4, U&'\05E9\05DC\05D5\05DD music \202E\+01F600'), (5, repeat(U&'a\0301', 9000)), (6, U&'\97F3\4E50 \FFFE\FDD0 music')) t(n, body);

-- errors
SELECT interest_picture('cake', model => 'gallery');
SELECT interest_picture(NULL);
SELECT interest_picture('user', model => 'gallery');
SELECT interest_picture('words', 7, model => 'gallery');
SELECT interest_picture('roc', 7, model => 'gallery');
SELECT interest_picture('training', interest => 'x', model => 'gallery');
SELECT interest_picture('map', model => 'gallery', version => 1);
SELECT interest_picture('user', 7, 'no such interest', 'gallery');
SELECT interest_picture('roc', interest => 'no such interest', model => 'gallery');
SELECT interest_picture('user', ARRAY[7], model => 'gallery');
SELECT interest_picture('user', 7, model => 'no such model');
SELECT interest_picture('training', model => 'gallery', version => 9);

-- rights: to use the model, and to read the rows
CREATE ROLE regress_interest_viewer;
SET ROLE regress_interest_viewer;
SELECT interest_picture('training', model => 'gallery');
RESET ROLE;
SELECT interest_grant_use('model', 'gallery', 'regress_interest_viewer');
SET ROLE regress_interest_viewer;
SELECT interest_picture('training', model => 'gallery') = svg AS training FROM (SELECT interest_picture('training', model => 'gallery')) x(svg);
SELECT interest_picture('user', 7, model => 'gallery');
SELECT interest_picture('ledger', 7, model => 'gallery');
SELECT interest_picture('roc', model => 'gallery');
SELECT interest_picture('map', model => 'gallery');
SELECT interest_picture('items', model => 'gallery');
RESET ROLE;
ALTER TABLE shown ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shown TO regress_interest_viewer USING (person < 5);
GRANT SELECT ON shown TO regress_interest_viewer;
SET ROLE regress_interest_viewer;
SELECT interest_picture('user', 7, model => 'gallery') IS NULL AS hidden, interest_picture('user', 4, model => 'gallery') IS NOT NULL AS own,
	interest_picture('map', model => 'gallery') LIKE '%<desc>4 users by %' AS few;
RESET ROLE;

SELECT interest_drop_model('gallery');
SELECT interest_drop_encoder('gallery');
DROP VIEW lonely, nobody;
DROP TABLE shown, thing, picture;
DROP FUNCTION well_formed, described;
DROP ROLE regress_interest_viewer;

-- Labels, texts, ids and conditions that are not meant well: right answers or
-- clear errors, and nothing else happens.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
CREATE TABLE word (n int PRIMARY KEY, w text);
INSERT INTO word VALUES (0, '<script>alert(1)</script>'), (1, 'it''s "quoted" \ and $$dollared$$'), (2, repeat('long ', 2000)), (3, U&'\+01F600\+01F3FD\200D'), (4, U&'\05E9\05DC\05D5\05DD \202E txet'), (5, E'\t\r\n\v\x7f'' OR true; --');
ALTER TABLE word ADD label text;
UPDATE word SET label = left(w, 1000);
CREATE TABLE deed (who text, at timestamptz, item text, title text, topic text);
INSERT INTO deed SELECT CASE WHEN p < 6 THEN (SELECT w FROM word WHERE n = p) ELSE p::text END, timestamptz '2024-01-01 UTC' + make_interval(days => i), w, w || ' ' || (p + i) % 4, label
	FROM generate_series(0, 40) p, generate_series(1, 6) i JOIN word ON true WHERE n = (p + i * 5) % 6;
CREATE TABLE offer (item text PRIMARY KEY, title text, topics text[], price int);
INSERT INTO offer SELECT w, w, ARRAY[label, NULL, 'other'], n FROM word;
INSERT INTO offer VALUES ('no text', NULL, NULL, 6), ('blank', ' ', '{}', 7), ('', '', '{""}', 8);
SELECT interest_load_encoder('hostile', :'tiny' || '/tiny');
SELECT interest_create_model('it''s "<b>"', 'deed', encoder => 'hostile', user_id => 'who', at => 'at', texts => '{title}', label => 'topic', task => 'next', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('it''s "<b>"', epochs => 2);
SET interest.model = 'it''s "<b>"';
CREATE TABLE long_label AS SELECT who, at, title, w AS topic FROM deed JOIN word ON deed.topic = label;
SELECT interest_create_model('long', 'long_label', encoder => 'hostile', user_id => 'who', at => 'at', texts => '{title}', label => 'topic', task => 'next');
SELECT count(*) FROM interest_train('long');
SELECT interest_drop_model('long');
DROP TABLE long_label;
SELECT interest_set_catalogue('it''s "<b>"', 'offer', 'item', category => 'topics', search => true);
SELECT items FROM interest_catalogues WHERE model LIKE 'it''s%';

-- every user, every label: as many answers as for anybody else
SELECT n, (SELECT count(*) FROM interest_recommend(w, 100, exclude_seen => false)) AS by_vector, (SELECT count(*) FROM interest_recommend(w, 100, exclude_seen => false, by => 'interest')) AS by_interest,
	(SELECT count(*) FROM interest_search(w, coalesce(nullif(trim(w), ''), 'x'), 100)) AS searched, (SELECT count(*) FROM interest_rerank(w, (SELECT array_agg(w ORDER BY n) FROM word), '{1,2,3,4,5,6}') WHERE interest IS NOT NULL) AS reranked,
	interest_describe(w) IS NOT NULL AS described, (SELECT count(*) > 0 FROM interest_explain(w, label)) AS explained, (SELECT count(*) > 0 FROM interest_explain(w, label, 'lime', samples => 20)) AS lime,
	(SELECT count(*) > 0 FROM interest_explain_text(w, label, samples => 20)) AS of_text, (SELECT interest_classify(w))[1] IS NOT NULL AS classified
FROM word ORDER BY n;
SELECT n, item_id = w AS itself, similarity > 0.999 AS same FROM word, LATERAL (SELECT * FROM interest_search(NULL, w, 1) ) s WHERE n <> 5 ORDER BY n;
-- the probability of the item's own label
SELECT count(*), bool_and(score = interest_probability(interest_embed('7'::text), label)) FROM interest_recommend('7'::text, 100, exclude_seen => false, by => 'interest') JOIN word ON w = item_id;
SELECT count(*) FROM interest_rules(depth => 2);
CREATE TABLE reading AS SELECT who, interest_embed('it''s "<b>"', d) AS v FROM deed d GROUP BY who;
SELECT n, (SELECT count(*) FROM interest_audience(label, source => 'reading')) FROM word ORDER BY n;
SELECT interest_audience('no such <b>', source => 'reading');
SELECT interest_explain('7'::text, 'no such <b>');

-- nobody, and users without rows
SELECT u, (SELECT count(*) FROM interest_recommend(u, 3)) AS recommended, (SELECT count(*) FROM interest_search(u, 'long', 3)) AS searched, (SELECT count(*) FROM interest_rerank(u, '{blank,x}', '{1,2}')) AS reranked,
	interest_describe(u) AS described, (SELECT count(*) FROM interest_explain(u)) AS explained, interest_embed(u) AS embedded FROM unnest(ARRAY['nobody', '', NULL]) u;

-- conditions that would do something
CREATE TABLE trace (what text);
CREATE SCHEMA trap;
CREATE FUNCTION trap.say(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trace VALUES ($1); RETURN true; END $$;
CREATE FUNCTION trap.say_stable(text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN INSERT INTO trace VALUES ($1); RETURN true; END $$;
CREATE FUNCTION trap.say_immutable(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN INSERT INTO trace VALUES ($1); RETURN true; END $$;
CREATE FUNCTION trap.more(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trace VALUES ('operator'); RETURN true; END $$;
CREATE OPERATOR trap.> (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.more);
CREATE FUNCTION trap.who(int) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT current_user::text = 'regress_interest_guest' $$;
CREATE FUNCTION tried(filter text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	said text;
	found bigint;
BEGIN
	SELECT count(*) INTO found FROM interest_recommend('7'::text, 100, exclude_seen => false, filter => tried.filter);
	RETURN found || ' items';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
	RETURN state || ' ' || said;
END $$;
SELECT f, tried(f) FROM unnest(ARRAY['price < 3', 'trap.say(item)', 'trap.say_stable(item)', 'trap.say_immutable(item)', 'price OPERATOR(trap.>) 1', 'price IN (SELECT 1)', 'price = ANY (ARRAY(SELECT 1))',
	'(SELECT true)', 'EXISTS (SELECT 1)', 'true) OR (true', ') OR true OR (', 'true -- ', 'true --', 'true /* x', 'true /* x */', '/* x', '-- ', E'true\n--', 'true; SELECT 1', 'true;', 'price = $1', 'true AS x', 'true, true',
	'true FROM offer', 'true WHERE true', 'true LIMIT 1', 'true UNION ALL SELECT true', 'DISTINCT true', 'INTO x', 'ALL', 'count(*) > 0', 'row_number() OVER () > 0', 'generate_series(1, 2) > 0', 'offer IS NOT NULL', 'offer.price < 3',
	'public.offer.price < 3', 'n.price < 3', 'interest_offer.price < 3', 'ctid IS NOT NULL', 'tableoid::regclass::text = ''offer''', 'xmin IS NOT NULL', 'price / 0 > 1', 'price', '''t''', 'NULL', 'NULL::boolean', '1', 'CURRENT_USER = ''x''',
	'now() > ''2000-01-01''', 'clock_timestamp() > ''2000-01-01''', 'random() < 2', 'pg_sleep(10) IS NULL', 'nextval(''x'') > 1', 'set_config(''a.b'', ''c'', false) = ''c''', 'pg_read_file(''x'') = ''y''', 'txid_current() > 0',
	'lo_import(''x'') > 0', 'query_to_xml(''SELECT 1'', true, true, '''') IS NOT NULL', 'price::text COLLATE "C" > ''1''', 'title ~ ''(((''', 'title ~* ''script''', 'U&"\0070rice" < 3', 'price < 3 IS TRUE', 'CASE WHEN true THEN price < 3 END',
	'DEFAULT', 'price BETWEEN SYMMETRIC 3 AND 1', 'ROW(price) = ROW(1)', 'item = E''it\''s'' OR true', 'item = $q$x$q$', 'interest_embed(''7''::text) IS NULL', '', ' ', ';']) f(f);
SELECT length(f), left(tried(f), 60) FROM unnest(ARRAY[repeat('(', 20000) || 'true' || repeat(')', 20000), repeat('NOT ', 16000) || 'true', repeat('price = 1 OR ', 4000) || 'true', repeat('x', 65536), repeat('x', 65537)]) f;
SET search_path = trap, pg_catalog, public;
SELECT tried('price > 6');
RESET search_path;
SELECT count(*) AS traces FROM trace;

-- a condition runs as the caller, who may read what it reads
CREATE ROLE regress_interest_guest;
SELECT interest_grant_use('model', 'it''s "<b>"', 'regress_interest_guest');
DO $$ BEGIN EXECUTE format('GRANT SELECT ON deed, %s TO regress_interest_guest', (SELECT items FROM interest_catalogues WHERE model LIKE 'it''s%')); END $$;
GRANT SELECT (item, title) ON offer TO regress_interest_guest;
GRANT USAGE ON SCHEMA trap TO regress_interest_guest;
SET ROLE regress_interest_guest;
SELECT f, tried(f) FROM unnest(ARRAY['true', 'title IS NULL', 'price > 1', 'offer IS NOT NULL', 'trap.who(1)']) f;
RESET ROLE;
SELECT interest_drop_model('it''s "<b>"');
RESET interest.model;
SELECT interest_drop_encoder('hostile');
DROP FUNCTION tried;
DROP SCHEMA trap CASCADE;
DROP TABLE word, deed, offer, reading, trace;
DROP ROLE regress_interest_guest;

-- Recommending: the same as scoring every item in SQL; filters, reasons,
-- diversity, snapshots, rights, wrong input.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT interest_load_encoder('shop', :'tiny' || '/tiny');
CREATE TABLE watched (person int, at timestamptz, film text, title text, action text, topic text);
INSERT INTO watched
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5), 'f' || (p * 7 + i * 3) % 90,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p * 7 + i * 3) % 3 + 1] || ' ' || (p * 7 + i * 3) % 9,
	(ARRAY['view', 'like', 'dislike'])[1 + (p * i) % 3], (ARRAY['music', 'sport', 'science'])[(p * 7 + i * 3) % 3 + 1]
FROM generate_series(1, 60) p, generate_series(1, 8) i;
CREATE TABLE film (film text PRIMARY KEY, title text, topics text[], year int, views real, released timestamptz);
INSERT INTO film SELECT 'f' || f, (ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[f % 3 + 1] || ' ' || f % 9,
	CASE WHEN f % 10 > 0 THEN ARRAY[(ARRAY['music', 'sport', 'science'])[f % 3 + 1], (ARRAY['sport', 'old', 'new'])[f % 3 + 1]] END,
	1950 + f % 70, f % 17, timestamptz '2024-01-01 UTC' + make_interval(days => f) FROM generate_series(1, 1200) f;
INSERT INTO film VALUES ('blank', NULL, '{music}', 2000, 1000, NULL), ('none', ' ', NULL, 2000, 1000, NULL);
SELECT interest_create_model('shop', 'watched', encoder => 'shop', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('shop', epochs => 3);
SELECT * FROM interest_recommend(7, 3, 'shop');
SELECT interest_set_catalogue('shop', 'film', 'film', category => 'topics');

-- every item scored by itself, best first
CREATE FUNCTION scored(person int, model text) RETURNS TABLE(item_id text, score real) LANGUAGE sql AS $$
	SELECT item_id, interest_relevance(r, vector) FROM interest_shop_items, interest_embed(person, model) r
	WHERE vector IS NOT NULL ORDER BY 2 DESC, item_id COLLATE "C" $$;
CREATE FUNCTION differences(person int, k int, seen boolean) RETURNS bigint LANGUAGE sql AS $$
	WITH a AS (SELECT item_id, score FROM interest_recommend(person, k, 'shop', exclude_seen => seen)),
		b AS (SELECT s.* FROM scored(person, 'shop') s WHERE NOT seen OR item_id NOT IN (SELECT film FROM watched w WHERE w.person = differences.person) LIMIT k)
	SELECT (SELECT count(*) FROM (SELECT row_number() OVER (), * FROM a EXCEPT SELECT row_number() OVER (), * FROM b) x) +
		abs((SELECT count(*) FROM a) - (SELECT count(*) FROM b)) $$;
SELECT k, sum(differences(p, k, p % 2 = 0)) FROM generate_series(1, 12) p, unnest('{0,1,10,40,1000,2000,1000000000}'::int[]) k GROUP BY k ORDER BY k;
SELECT max(abs(interest_relevance(r, vector) - (SELECT sum(x * y) FROM unnest(vector, interest_granularity(r, 'user')) u(x, y)))) > 1e-4 AS topics_count
FROM interest_embed(7, 'shop') r, interest_shop_items;

-- what has changed since it was packed is seen at once, and undone at once
BEGIN;
UPDATE film SET title = 'space robot travel' WHERE film IN ('f1', 'f2', 'f3');
DELETE FROM film WHERE film IN (SELECT item_id FROM interest_recommend(7, 5, 'shop'));
INSERT INTO film SELECT 'g' || f, 'the music of the night', NULL, 2001, 1, NULL FROM generate_series(1, 5) f;
SELECT sum(differences(p, 20, true)) FROM generate_series(1, 12) p;
ROLLBACK;
SELECT sum(differences(p, 20, true)) FROM generate_series(1, 12) p;
UPDATE film SET title = title || ' again' WHERE film LIKE '%7';
DELETE FROM film WHERE film LIKE '%99';
SELECT sum(differences(p, 20, true)) FROM generate_series(1, 12) p;
UPDATE film SET title = title || ' more';
SELECT sum(differences(p, 20, true)) FROM generate_series(1, 12) p;

-- filters
SELECT bool_and(year > 2000) AS newer, count(*) FROM interest_recommend(7, 20, 'shop', filter => 'year > 2000') r JOIN film ON film = item_id;
SELECT count(*) FROM interest_recommend(7, 20, 'shop', filter => 'false');
SELECT count(*) FROM interest_recommend(7, 20, 'shop', filter => 'NULL');
SELECT count(*) FROM interest_recommend(7, 20, 'shop', filter => '''music'' = ANY (topics) AND (year BETWEEN 1960 AND 1970 OR title IS NULL) -- comment');
SELECT interest_recommend(7, 20, 'shop', filter => 'true) UNION SELECT rolname FROM pg_authid WHERE (true');
SELECT interest_recommend(7, 20, 'shop', filter => 'true; DROP TABLE film');
SELECT interest_recommend(7, 20, 'shop', filter => 'true FROM pg_authid');
SELECT interest_recommend(7, 20, 'shop', filter => 'true ORDER BY 1');
SELECT interest_recommend(7, 20, 'shop', filter => 'true UNION SELECT false');
SELECT interest_recommend(7, 20, 'shop', filter => 'true, false');
SELECT interest_recommend(7, 20, 'shop', filter => '*');
SELECT interest_recommend(7, 20, 'shop', filter => 'film.*');
SELECT interest_recommend(7, 20, 'shop', filter => 'film.* IS NULL OR (film).*');
SELECT interest_recommend(7, 20, 'shop', filter => '');
SELECT interest_recommend(7, 20, 'shop', filter => 'year');
SELECT interest_recommend(7, 20, 'shop', filter => 'no_such > 3');
SELECT interest_recommend(7, 20, 'shop', filter => 'year > $1');
SELECT interest_recommend(7, 20, 'shop', filter => 'count(*) > 3');
SELECT interest_recommend(7, 20, 'shop', filter => 'EXISTS (SELECT FROM pg_authid)');
SELECT interest_recommend(7, 20, 'shop', filter => 'random() > 0.5');
SELECT interest_recommend(7, 20, 'shop', filter => 'year > 1 /* open');
SELECT interest_recommend(7, 20, 'shop', filter => repeat(' ', 70000) || 'true');

-- reasons: a row of the user's, and one of the item's kind
SELECT count(*) AS items, count(because) AS reasons, bool_and(because ~ '^[a-z ]+[0-9] \((view|like), 2024-\d\d-\d\d\)$') AS in_words,
	bool_and(EXISTS (SELECT FROM watched w WHERE person = 7 AND because LIKE w.title || ' (%')) AS his FROM interest_recommend(7, 10, 'shop');

-- by interest, for items with a category; no text is needed
SELECT bool_and(score = p.most) AS probability_of_category, count(*), bool_or(r.item_id = 'blank') AS without_text
FROM interest_recommend(7, 2000, 'shop', by => 'interest') r JOIN film f ON f.film = r.item_id,
	LATERAL (SELECT max(c.probability) AS most FROM unnest(interest_classify(7, 'shop')) c WHERE c.interest = ANY (f.topics)) p;
SELECT bool_and(score <= before) AS best_first FROM (SELECT score, lag(score) OVER () AS before FROM interest_recommend(7, 2000, 'shop', by => 'interest')) x;

-- diversity: less alike, and the first one stays
CREATE FUNCTION likeness(amount float8) RETURNS numeric LANGUAGE sql AS $$
	WITH r AS (SELECT i.* FROM interest_recommend(7, 10, 'shop', diversity => amount) JOIN interest_shop_items i USING (item_id))
	SELECT round(avg((SELECT sum(x * y) / sqrt(sum(x * x) * sum(y * y)) FROM unnest(a.vector, b.vector) u(x, y)))::numeric, 3) FROM r a JOIN r b ON a.item_id < b.item_id $$;
SELECT likeness(0) > likeness(0.5) AS half, likeness(0.5) >= likeness(1) AS whole,
	(SELECT item_id FROM interest_recommend(7, 1, 'shop', diversity => 0.7)) = (SELECT item_id FROM interest_recommend(7, 1, 'shop')) AS first,
	(SELECT count(DISTINCT item_id) FROM interest_recommend(7, 10, 'shop', diversity => 1)) AS items;

-- popularity and freshness
SELECT interest_set_catalogue('shop', 'film', 'film', popularity => 'views', published => 'released', popularity_weight => 0.2, freshness_weight => 0.5, freshness_days => 10000);
SELECT max(abs(r.score - s.score - 0.2 * ln(1 + coalesce(f.views, 0)) - CASE WHEN f.released IS NULL THEN 0 ELSE 0.5 * 2 ^ (-extract(epoch FROM greatest(now() - f.released, '0')) / 86400 / 10000) END)) < 1e-5 AS terms, count(*)
FROM interest_recommend(7, 2000, 'shop', exclude_seen => false) r JOIN scored(7, 'shop') s USING (item_id) JOIN film f ON f.film = r.item_id;
SELECT array_agg(a.item_id ORDER BY a.n) = array_agg(b.item_id ORDER BY a.n) AS best_of_all FROM
	(SELECT row_number() OVER () AS n, item_id FROM interest_recommend(7, 15, 'shop')) a JOIN
	(SELECT row_number() OVER () AS n, item_id FROM interest_recommend(7, 2000, 'shop')) b USING (n);

-- a model of numbers alone quotes them, and one of vectors alone the day
CREATE TABLE dish (dish int PRIMARY KEY, sweet float8, salt float8, look real[]);
INSERT INTO dish SELECT n, n % 7, n % 5, ARRAY[n % 3, n % 2, 1, 0]::real[] FROM generate_series(1, 40) n;
CREATE VIEW eaten AS SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i) AS at, d.*, CASE WHEN sweet > 3 THEN 'cake' ELSE 'soup' END AS topic FROM generate_series(1, 30) p, generate_series(1, 5) i JOIN dish d ON true WHERE d.dish = 1 + (p * 3 + i * 7) % 40;
SELECT interest_create_model('dish', 'eaten', user_id => 'person', at => 'at', numerics => '{sweet,salt}', label => 'topic', task => 'next', options => '{"dimensions": 4}');
SELECT interest_create_model('look', 'eaten', user_id => 'person', at => 'at', vectors => '{look}', label => 'topic', task => 'next', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('dish', epochs => 1);
SELECT count(*) FROM interest_train('look', epochs => 1);
SELECT interest_set_catalogue('dish', 'dish', 'dish'), interest_set_catalogue('look', 'dish', 'dish');
SELECT count(*), bool_and(because ~ '^sweet \d, salt \d \(2024-01-0\d\)$') AS numbers FROM interest_recommend(7, 5, 'dish') WHERE because IS NOT NULL;
SELECT count(*), bool_and(because ~ '^\(2024-01-0\d\)$') AS day FROM interest_recommend(7, 5, 'look') WHERE because IS NOT NULL;
SELECT interest_drop_model('dish'), interest_drop_model('look');
DROP VIEW eaten;
DROP TABLE dish;

-- users and numbers
SELECT count(*) FROM interest_recommend(4711, 3, 'shop');
SELECT count(*) FROM interest_recommend(NULL::int, 3, 'shop');
SELECT count(*) FROM interest_recommend('7', 3, 'shop');
SELECT count(*) FROM interest_recommend('7'::text, 3, 'shop');
SELECT count(*) FROM interest_recommend(user_id => 7, k => 3, model => 'shop', exclude_seen => false, diversity => 0.1, filter => 'true', by => 'vector');
SELECT interest_recommend(7, -1, 'shop');
SELECT interest_recommend(7, NULL, 'shop');
SELECT interest_recommend(7, 3, 'shop', diversity => 1.5);
SELECT interest_recommend(7, 3, 'shop', diversity => 'NaN');
SELECT interest_recommend(7, 3, 'shop', by => 'magic');
SELECT interest_recommend(7, 3, 'shop', by => 'interest');
SELECT interest_recommend(7, 3, 'no such');
SELECT interest_relevance(interest_embed(7, 'shop'), '{1,2,3}');
SELECT interest_relevance(interest_embed(7, 'shop'), array_fill('NaN'::real, '{16}'));
SELECT interest_relevance(interest_embed(7, 'shop'), array_fill('-Infinity'::real, '{16}'));
SELECT interest_relevance(interest_embed(7, 'shop'), ARRAY(SELECT 3e38 * sign(x) FROM unnest(interest_granularity(interest_embed(7, 'shop'), 'user')) x)::real[]);
SELECT interest_relevance(interest_embed(7, 'shop'), NULL);

-- what is not of the source does not tell what was seen
CREATE VIEW film_view AS SELECT film AS id, title FROM film;
SELECT interest_set_catalogue('shop', 'film_view', 'id');
SELECT interest_recommend(7, 3, 'shop');
SELECT count(*) FROM interest_recommend(7, 3, 'shop', exclude_seen => false);
SELECT interest_set_catalogue('shop', 'film_view', 'id', seen => 'film');
SELECT count(*) FROM interest_recommend(7, 3, 'shop');
-- and what is of another type does not name the item
CREATE VIEW film_day AS SELECT date '2024-01-01' + n::int AS at, title FROM (SELECT row_number() OVER (ORDER BY film) AS n, title FROM film) f;
SELECT interest_set_catalogue('shop', 'film_day', 'at');
SELECT interest_recommend(7, 3, 'shop');
SELECT interest_set_catalogue('shop', 'film_day', 'at', seen => 'at');
DROP VIEW film_day;

-- rights: to the model, the rows, the items and, for a filter, their source
SELECT interest_set_catalogue('shop', 'film', 'film');
CREATE ROLE regress_interest_shopper;
SET ROLE regress_interest_shopper;
SELECT interest_recommend(7, 3, 'shop');
RESET ROLE;
SELECT interest_grant_use('model', 'shop', 'regress_interest_shopper');
SELECT interest_grant_use('encoder', 'shop', 'regress_interest_shopper');
SET ROLE regress_interest_shopper;
SELECT interest_recommend(7, 3, 'shop');
SELECT interest_set_catalogue('shop', 'film', 'film');
SELECT interest_rebuild_catalogue('shop');
SELECT interest_drop_catalogue('shop');
RESET ROLE;
GRANT SELECT ON interest_shop_items TO regress_interest_shopper;
SET ROLE regress_interest_shopper;
SELECT interest_recommend(7, 3, 'shop');
RESET ROLE;
GRANT SELECT ON watched TO regress_interest_shopper;
SET ROLE regress_interest_shopper;
SELECT count(*) FROM interest_recommend(7, 3, 'shop');
SELECT interest_recommend(7, 3, 'shop', filter => 'year > 1990');
RESET ROLE;
GRANT SELECT ON film TO regress_interest_shopper;
ALTER TABLE interest_shop_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON interest_shop_items TO regress_interest_shopper USING (item_id LIKE 'f11%');
SET ROLE regress_interest_shopper;
SELECT count(*), bool_and(item_id LIKE 'f11%') FROM interest_recommend(7, 1000, 'shop', filter => 'year > 1990');
RESET ROLE;
SELECT interest_drop_model('shop');
SELECT interest_drop_encoder('shop');
DROP FUNCTION scored, differences, likeness;
DROP VIEW film_view;
DROP TABLE film, watched;
DROP ROLE regress_interest_shopper;

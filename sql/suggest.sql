-- A model out of a table: what each column could be, and why.
\set VERBOSITY terse
CREATE SCHEMA suggest;
SET search_path = suggest, public;

-- the arguments as they would be written, then what is left out
CREATE FUNCTION arguments(source regclass) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(a.key || ' => ' || (a.value ->> 'value') || coalesce(' (or ' || (a.value ->> 'alternatives') || ')', ''),
			E'\n' ORDER BY array_position('{user_id,at,kind,label,task,texts,numerics,categoricals,vectors}', a.key))
		|| coalesce(E'\nleft out: ' || (SELECT string_agg(l.key, ', ' ORDER BY l.key COLLATE "C") FROM jsonb_each(s.j -> 'left_out') l), '')
	FROM (SELECT interest_suggest(source) AS j) s, jsonb_each(s.j) a
	WHERE a.key <> 'left_out' AND a.key <> 'encoder' AND a.value ->> 'value' IS NOT NULL GROUP BY s.j $$;

-- films: a view of ratings with what they are about; the genres are several interests at once
CREATE TABLE film (film_id int PRIMARY KEY, title text, genres text[], released date);
INSERT INTO film SELECT i, 'The ' || (ARRAY['long', 'quiet', 'last'])[1 + i % 3] || ' ' || (ARRAY['river', 'summer', 'war', 'dance'])[1 + i % 4] || ' ' || i,
	ARRAY[(ARRAY['Drama', 'Comedy', 'Horror'])[1 + i % 3], (ARRAY['War', 'Romance'])[1 + i % 2]], date '1990-01-01' + i FROM generate_series(1, 40) i;
CREATE TABLE rating (user_id int, film_id int REFERENCES film, rating int, rated_at timestamptz, PRIMARY KEY (user_id, film_id));
INSERT INTO rating SELECT u, f, 1 + (u * f) % 5, timestamptz '2024-01-01 UTC' + make_interval(hours => u * 40 + f) FROM generate_series(1, 30) u, generate_series(1, 40) f WHERE (u + f) % 3 = 0;
CREATE VIEW rating_view AS SELECT r.user_id, r.rated_at, r.rating, f.title, f.genres, f.released FROM rating r JOIN film f USING (film_id);
SELECT arguments('rating_view');
SELECT arguments('rating');
SELECT interest_suggest('rating') -> 'label' ->> 'reason' AS label, interest_suggest('rating') -> 'categoricals' ->> 'reason' AS categoricals;

-- a shop: enum kinds, a price, a unique event, and statistics to go by
CREATE TYPE shop_action AS ENUM ('view', 'add_to_cart', 'purchase');
CREATE TABLE shop_event (event_id bigint PRIMARY KEY, customer_id bigint NOT NULL, occurred_at timestamp, action shop_action, product_name text, category text,
	price numeric(10, 2), discounted boolean, currency char(3), updated_at timestamp);
INSERT INTO shop_event SELECT i, i % 60, timestamp '2024-01-01' + make_interval(mins => i), (enum_range(NULL::shop_action))[1 + i % 3],
	(ARRAY['red wool socks', 'steel kitchen knife', 'garden hose and reel'])[1 + i % 3] || ' no ' || i % 50, (ARRAY['clothes', 'kitchen', 'garden'])[1 + i % 3],
	i % 90, i % 4 = 0, 'EUR', NULL FROM generate_series(1, 1500) i;
SELECT arguments('shop_event');
ANALYZE shop_event;
SELECT arguments('shop_event');
SELECT interest_suggest('shop_event') -> 'user_id' ->> 'reason' AS user_id, interest_suggest('shop_event') -> 'kind' ->> 'reason' AS kind;

-- a web log: the visitor, no label; what is personal stays out
CREATE TABLE web_log (logged timestamptz, visitor uuid, ip inet, email text, method text, path text, referrer text, status int, bytes bigint, user_agent text);
INSERT INTO web_log SELECT timestamptz '2024-01-01 UTC' + make_interval(secs => i * 7), md5((i % 40)::text)::uuid, '10.0.0.1', 'a' || i || '@example.org', 'GET',
	'/news/' || (ARRAY['sport', 'science', 'politics'])[1 + i % 3] || '/article-about-number-' || i, NULL, 200 + i % 3 * 100, i * 10, 'Agent' FROM generate_series(1, 400) i;
SELECT arguments('web_log');

-- messages: subject and body, the newsgroup
CREATE TABLE message (message_id text PRIMARY KEY, author text, posted_at timestamptz, newsgroup text, subject text, body text, embedding real[]);
INSERT INTO message SELECT md5(i::text), 'author' || i % 30, timestamptz '2024-01-01 UTC' + make_interval(hours => i), (ARRAY['rec.autos', 'sci.space', 'sci.med'])[1 + i % 3],
	'Re: subject number ' || i % 80, 'a longer body of some words about thing ' || i, array_fill(0.5::real, ARRAY[16]) FROM generate_series(1, 300) i;
SELECT arguments('message');
CREATE MATERIALIZED VIEW message_copy AS SELECT * FROM message;
SELECT arguments('message_copy');

-- a label that each user has one of: the task user
CREATE TABLE survey (member_id int, day date, answer text, segment text);
INSERT INTO survey SELECT i % 25, date '2024-01-01' + i, 'some words in answer ' || i, (ARRAY['young', 'old'])[1 + i % 25 % 2] FROM generate_series(1, 200) i;
SELECT arguments('survey');

-- partitions, with the statistics of all of them
CREATE TABLE click (account text, at timestamptz NOT NULL, topic text, headline text) PARTITION BY RANGE (at);
CREATE TABLE click_1 PARTITION OF click FOR VALUES FROM ('2024-01-01 UTC') TO ('2024-02-01 UTC');
CREATE TABLE click_2 PARTITION OF click FOR VALUES FROM ('2024-02-01 UTC') TO ('2024-03-01 UTC');
INSERT INTO click SELECT 'a' || i % 20, timestamptz '2024-01-01 UTC' + make_interval(hours => i), (ARRAY['x', 'y'])[1 + i % 2], 'a headline of words ' || i FROM generate_series(1, 1400) i;
SELECT arguments('click');
ANALYZE click;
SELECT arguments('click');

-- documents: their fields want a view
CREATE TABLE document_event (id serial, payload jsonb, received_at timestamptz);
INSERT INTO document_event (payload, received_at) SELECT '{"user": 1}', timestamptz '2024-01-01 UTC' FROM generate_series(1, 20);
\set VERBOSITY default
SELECT interest_suggest('document_event');
\set VERBOSITY terse
CREATE VIEW document_view AS SELECT (payload ->> 'user')::int AS "user", received_at, payload FROM document_event;
SELECT interest_suggest('document_view');

-- hostile and foreign names
CREATE TABLE "odd ""table" ("User'; DROP TABLE film; --" int, "at ""time""" timestamptz, "%s title\" text, "Kategorie {a,b}" text, "createdAt" date);
INSERT INTO "odd ""table" SELECT i % 9, timestamptz '2024-01-01 UTC' + make_interval(hours => i), 'words of a title ' || i, (ARRAY['a', 'b'])[1 + i % 2], date '2024-01-01' FROM generate_series(1, 90) i;
SELECT arguments('"odd ""table"');

-- an empty table goes by names and types
CREATE TABLE empty (user_id int, created_at timestamptz, title text, category text, amount float8);
SELECT arguments('empty');

-- nothing that could be ...
CREATE TABLE no_user (at timestamptz, title text, amount int);
SELECT interest_suggest('no_user');
CREATE TABLE no_time (user_id int, title text, seconds bigint);
SELECT interest_suggest('no_time');
CREATE TABLE no_features (user_id int, at timestamptz, raw bytea, id int PRIMARY KEY);
SELECT interest_suggest('no_features');
CREATE TABLE no_columns ();
SELECT interest_suggest('no_columns');
SELECT interest_suggest(NULL);
SELECT interest_suggest('suggest.nowhere');

-- rights: only columns that the caller may read are looked at
CREATE ROLE regress_interest_suggest;
GRANT USAGE ON SCHEMA suggest TO regress_interest_suggest;
GRANT SELECT (author, posted_at, subject, newsgroup) ON message TO regress_interest_suggest;
SET ROLE regress_interest_suggest;
SELECT arguments('message');
SELECT interest_suggest('message') -> 'left_out' ->> 'body' AS body;
SELECT interest_suggest('film');
RESET ROLE;

-- a model from its name and source alone tells what it took
\set VERBOSITY default
SELECT interest_create_model('guessed', 'shop_event', options => '{"sentences": false}');
SELECT definition ->> 'user_id' AS user_id, definition ->> 'label' AS label, definition ->> 'task' AS task, definition -> 'texts' AS texts FROM interest_models WHERE name = 'guessed';
SELECT interest_create_model('guessed_next', 'rating_view', options => '{"sentences": false}');
SELECT definition ->> 'task' AS task, definition -> 'categoricals' AS categoricals FROM interest_models WHERE name = 'guessed_next';
SELECT interest_create_model('unguessed', 'rating');
SELECT interest_create_model('unguessed', 'no_user');
SELECT interest_create_model('unguessed', 4294967295);
SELECT interest_suggest(0);
SELECT count(interest_drop_model(name)) FROM unnest('{guessed,guessed_next}'::text[]) name;

SET client_min_messages = warning;
DROP SCHEMA suggest CASCADE;
DROP ROLE regress_interest_suggest;

-- recommend.sql - what recommend.py compares: rows, lists and vectors, into files.
--
-- History is the first 80 % of each user's ratings by time, ties by film.  A
-- model's source is the history's likes alone, a tenth of the users validating;
-- "cold" is a model that has never seen a fifth of the films, and recommends
-- them to everybody.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SELECT interest_load_encoder('minilm', :'directory');
CREATE TABLE past AS
SELECT user_id, film_id, stars, to_timestamp(seconds) AS rated_at FROM (
	SELECT *, row_number() OVER w AS n, count(*) OVER (PARTITION BY user_id) AS ratings
	FROM rating WINDOW w AS (PARTITION BY user_id ORDER BY seconds, film_id)) r
WHERE n <= floor(0.8 * ratings);
CREATE VIEW item AS
SELECT film_id, title || coalesce(' (' || year || ')', '') AS title, genres, string_to_array(genres, ' ') AS genre,
	(SELECT count(*) FROM past p WHERE p.film_id = f.film_id AND stars >= 4) AS likes, film_id % 5 = 0 AS cold
FROM film f;
CREATE VIEW liked AS
SELECT p.user_id, p.rated_at, i.film_id, i.title, i.genres, i.genre, i.cold,
	CASE hashint4(p.user_id) % 10 WHEN 0 THEN 'validation' ELSE 'train' END AS role
FROM past p JOIN item i USING (film_id) WHERE p.stars >= 4;
CREATE VIEW liked_warm AS SELECT * FROM liked WHERE NOT cold;
CREATE VIEW item_cold AS SELECT * FROM item WHERE cold;

CREATE PROCEDURE learn(model text, source regclass) LANGUAGE plpgsql AS $$
BEGIN
	-- people rate in sittings: hours and minutes, where others have weeks and days
	PERFORM interest_create_model(model, source, encoder => 'minilm', user_id => 'user_id', at => 'rated_at', texts => '{title,genres}',
		categoricals => '{film_id,genre}', label => 'film_id', task => 'next_item',
		options => '{"half_lives": {"coarse": 180, "medium": 0.04, "fine": 0.0014}, "split_column": "role"}');
	PERFORM interest_train(model, epochs => 15, batch_size => 512, learning_rate => 0.01);
END $$;
CALL learn('all_films', 'liked');
SELECT interest_set_catalogue('all_films', 'item', 'film_id', popularity => 'likes');
CALL learn('new_films', 'liked_warm');
SELECT interest_set_catalogue('new_films', 'item_cold', 'film_id', seen => 'film_id');

\copy (SELECT user_id, film_id, stars, seconds FROM rating ORDER BY user_id, seconds, film_id) TO 'ratings'
\copy (SELECT u.user_id, r.item_id, r.score FROM (SELECT DISTINCT user_id FROM liked) u, interest_recommend(u.user_id, 10000, 'all_films', exclude_seen => false) r) TO 'ours'
\copy (SELECT u.user_id, r.item_id, r.score FROM (SELECT DISTINCT user_id FROM liked_warm) u, interest_recommend(u.user_id, 10000, 'new_films', exclude_seen => false) r) TO 'ours_cold'
\copy (SELECT film_id, interest_encode(concat_ws(E'\n', title, genres), 'minilm') FROM item) TO 'texts'

-- Everybody's first 80 of 100 ratings are the past; what they liked of it is what a model learns from.
CREATE TABLE past AS
SELECT user_id, film_id, stars, to_timestamp(seconds) AS rated_at FROM (
	SELECT *, row_number() OVER w AS n, count(*) OVER (PARTITION BY user_id) AS ratings
	FROM rating WINDOW w AS (PARTITION BY user_id ORDER BY seconds, film_id)) r
WHERE n <= floor(0.8 * ratings);
CREATE VIEW liked AS
SELECT p.user_id, p.film_id, p.rated_at, f.title || coalesce(' (' || f.year || ')', '') AS title, string_to_array(f.genres, ' ') AS genres,
	CASE p.user_id % 10 WHEN 0 THEN 'validation' ELSE 'train' END AS role
FROM past p JOIN film f USING (film_id) WHERE p.stars >= 4;
CREATE VIEW item AS
SELECT film_id, title || coalesce(' (' || year || ')', '') AS title, string_to_array(genres, ' ') AS genres,
	(SELECT count(*) FROM past p WHERE p.film_id = f.film_id AND stars >= 4) AS likes
FROM film f;
SET client_min_messages = warning;
-- People rate in sittings: interests of an hour and of minutes, beside the lasting ones.
SELECT interest_create_model('next_film', 'liked', encoder => 'minilm', user_id => 'user_id', at => 'rated_at',
	texts => '{title}', categoricals => '{film_id,genres}', label => 'film_id', task => 'next_item',
	options => '{"half_lives": {"coarse": 180, "medium": 0.04, "fine": 0.0014}, "split_column": "role"}') AS model;
SELECT count(*) AS epochs, round(sum(seconds)::numeric, 1) AS seconds, round(min(validation_loss)::numeric, 4) AS validation_loss
FROM interest_train('next_film', epochs => 15, batch_size => 512, learning_rate => 0.01);
SELECT interest_set_catalogue('next_film', 'item', 'film_id', popularity => 'likes') AS films;

\echo What three people may like next, and the film of theirs that speaks most for it:
SELECT p AS person, i.title, round(r.score::numeric, 3) AS score, r.because
FROM unnest('{13,42,405}'::int[]) p, LATERAL interest_recommend(p, 4, 'next_film') WITH ORDINALITY r (item_id, score, because, rank)
JOIN item i ON i.film_id::text = r.item_id
ORDER BY p, r.rank;

\echo What they all liked of the films that they rated later, beside the films that most people liked:
WITH listed AS (
	SELECT 'model' AS system, u.user_id, r.item_id::int AS film_id, r.rank
	FROM (SELECT DISTINCT user_id FROM liked) u, interest_recommend(u.user_id, 700, 'next_film', exclude_seen => false)
		WITH ORDINALITY r (item_id, score, because, rank)
	UNION ALL SELECT 'popularity', u.user_id, i.film_id, i.rank
	FROM (SELECT DISTINCT user_id FROM rating) u, (SELECT film_id, row_number() OVER (ORDER BY likes DESC, film_id) AS rank FROM item LIMIT 700) i),
ten AS (
	SELECT * FROM (SELECT system, user_id, film_id, row_number() OVER (PARTITION BY system, user_id ORDER BY rank) AS rank
		FROM listed l WHERE NOT EXISTS (SELECT FROM past p WHERE p.user_id = l.user_id AND p.film_id = l.film_id)) l WHERE rank <= 10),
relevant AS (
	SELECT user_id, film_id, count(*) OVER (PARTITION BY user_id) AS films FROM rating r
	WHERE stars >= 4 AND NOT EXISTS (SELECT FROM past p WHERE p.user_id = r.user_id AND p.film_id = r.film_id)),
of_user AS (
	SELECT s.system, r.user_id, coalesce(sum(1 / log(2, 1 + t.rank)), 0) / (SELECT sum(1 / log(2, 1 + n)) FROM generate_series(1, least(10, r.films)) n) AS ndcg,
		count(t.rank)::numeric / r.films AS recall
	FROM (VALUES ('model'), ('popularity')) s (system) CROSS JOIN relevant r LEFT JOIN ten t USING (system, user_id, film_id)
	GROUP BY s.system, r.user_id, r.films)
SELECT system, count(*) AS people, round(avg(ndcg), 4) AS "NDCG@10", round(avg(recall), 4) AS "recall@10" FROM of_user GROUP BY system ORDER BY system;

\echo Whom to tell of a horror festival?
SELECT user_id AS person, round(probability::numeric, 3) AS probability FROM interest_audience('Horror', 5, model => 'films');

\echo Person 42 in words, for the prompt of an assistant:
\pset format unaligned
\pset tuples_only on
SELECT interest_describe(42, 'films');

SET max_parallel_workers_per_gather = 0;
CREATE MATERIALIZED VIEW person_interests AS
	SELECT user_id, interest_embed('films', r) AS interests FROM rating_row r GROUP BY user_id;
CREATE UNIQUE INDEX ON person_interests (user_id);
\timing on
REFRESH MATERIALIZED VIEW person_interests;
\timing off
SELECT count(*) AS people, pg_size_pretty(avg(pg_column_size(interests))::bigint) AS size_of_one FROM person_interests;

\echo Who is like person 42?
SELECT b.user_id AS person, round((a.interests <=> b.interests)::numeric, 4) AS distance,
	(interest_classify(b.interests))[1].interest AS first_interest
FROM person_interests a, person_interests b
WHERE a.user_id = 42 AND b.user_id <> 42
ORDER BY a.interests <=> b.interests, b.user_id
LIMIT 5;

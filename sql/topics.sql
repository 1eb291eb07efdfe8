-- Topics of a reading; and every granularity matters.
\set VERBOSITY terse
\pset null '(null)'
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- what many people together are interested in: at most five topics
CREATE TABLE everybody AS SELECT interest_read(interest_merge(profile), NULL, 'topics') AS reading
FROM (SELECT interest_accumulate('topics', v) AS profile FROM visit v GROUP BY person) p;
SELECT count(*) AS topics, count(DISTINCT topic) AS codes, bool_and(topic BETWEEN 0 AND 63) AS in_range,
	round(sum(share)::numeric, 5) AS shares, bool_and(abs(share - mass / medium) < 1e-5) AS share_of_mass,
	abs(sum(mass) / min(medium) - 1) < 1e-5 AS all_mass,
	count(DISTINCT interest) AS interests, bool_and(probability > 0.3 AND probability <= 1) AS likely,
	bool_and(cardinality(vector) = 16) AS vectors
FROM everybody, interest_topics(reading, 'topics') t, LATERAL (SELECT i.medium_mass AS medium FROM interestvec_info(reading) i) m;
SELECT bool_and(mass <= before) AS heaviest_first FROM (
	SELECT mass, lag(mass) OVER (ORDER BY n) AS before FROM everybody, ROWS FROM (interest_topics(reading, 'topics')) WITH ORDINALITY t(topic, share, mass, interest, probability, vector, n)) x;

-- one person of each interest is about that interest
SELECT person, (SELECT interest FROM interest_topics(interest_embed(person, 'topics'), 'topics') LIMIT 1) AS heaviest, topic AS most_rows
FROM (SELECT person, mode() WITHIN GROUP (ORDER BY topic) AS topic FROM visit WHERE person IN (3, 4, 5) GROUP BY person) p ORDER BY person;

-- they are stored, printed and sent with the reading
SELECT reading::text::interestvec = reading AS text, (SELECT count(*) FROM interest_topics(reading::text::interestvec, 'topics')) AS topics FROM everybody;
CREATE TABLE everybody_again (LIKE everybody);
\copy everybody TO 'results/topics.data' (FORMAT binary)
\copy everybody_again FROM 'results/topics.data' (FORMAT binary)
SELECT a.reading = b.reading AS binary FROM everybody a, everybody_again b;

-- no rows, no positive rows, no reading, another model's reading
SELECT count(*) FROM interest_topics(interest_read(regexp_replace((SELECT interest_accumulate('topics', v)::text FROM visit v WHERE person = 3), ' rows=.*', ' rows=0 negative_rows=0')::interest_profile, NULL, 'topics'), 'topics');
SELECT count(*) FROM interest_topics(NULL, 'topics');
SELECT i.positive_rows, i.negative_rows, (SELECT count(*) FROM interest_topics(reading, 'topics')) AS topics
FROM (SELECT interest_embed('topics', v) AS reading FROM (SELECT at, title, 'hide' AS action, seconds, tags FROM visit WHERE person = 3) v) x,
	interestvec_info(reading) i;
SELECT * FROM interest_topics((SELECT reading FROM everybody), 'people');

-- A person with an old love (music, for years), a topic (sport, in the last
-- weeks) and a burst (science, in the last hours).
CREATE TABLE life AS
SELECT timestamptz '2025-06-01 12:00 UTC' - ago AS at, title, 'view' AS action, seconds, tags, topic FROM (
	SELECT make_interval(days => n) AS ago, 'the music of the night' AS title, 5::float8 AS seconds, '{sound}'::text[] AS tags, 'music' AS topic FROM generate_series(40, 700, 2) n
	UNION ALL SELECT make_interval(hours => 8 * n), 'a sport story for the street', 25, '{ball}', 'sport' FROM generate_series(9, 100) n
	UNION ALL SELECT make_interval(mins => 30 * n), 'space robot travel', 45, '{star}', 'science' FROM generate_series(0, 30) n) x;
CREATE TABLE life_profile AS SELECT interest_accumulate('topics', l) AS profile FROM life l;

-- Which interest a vector is nearest to: that of the people who have no other.
CREATE FUNCTION pg_temp.nearest(vector real[]) RETURNS text LANGUAGE sql AS $$
	SELECT p.topic FROM (
		SELECT l.topic, interest_granularity(interest_embed('topics', l), 'coarse') AS pure FROM life l GROUP BY l.topic) p,
		LATERAL (SELECT sum(a * b) / sqrt(sum(b * b)) AS cosine FROM unnest(vector, pure) u(a, b)) c
	ORDER BY cosine DESC LIMIT 1
$$;
-- What each granularity says, now and later: the burst is over first, then the
-- topic; a granularity without mass says what the prior does.
SELECT as_of::date,
	CASE WHEN i.coarse_mass > 1 THEN pg_temp.nearest(interest_granularity(reading, 'coarse')) END AS coarse,
	CASE WHEN i.medium_mass > 1 THEN pg_temp.nearest(interest_granularity(reading, 'medium')) END AS medium,
	CASE WHEN i.fine_mass > 1 THEN pg_temp.nearest(interest_granularity(reading, 'fine')) END AS fine,
	round(i.coarse_mass::numeric, 1) AS coarse_mass, round(i.medium_mass::numeric, 1) AS medium_mass, round(i.fine_mass::numeric, 1) AS fine_mass
FROM life_profile, unnest('{2025-06-01 12:00,2025-06-04 12:00,2025-06-15 12:00,2025-12-01 12:00}'::timestamptz[]) as_of,
	LATERAL (SELECT interest_read(profile, as_of, 'topics') AS reading OFFSET 0) r, interestvec_info(reading) i;
-- Topics are those of the medium part.
SELECT interest, round(sum(share)::numeric, 2) AS share FROM life_profile, interest_topics(interest_read(profile, NULL, 'topics'), 'topics') GROUP BY interest ORDER BY 2 DESC;
-- What all say together moves with time, although no row came.
SELECT interest_read(profile, '2025-06-01 12:00', 'topics') = interest_read(profile, NULL, 'topics') AS at_the_newest,
	interest_read(profile, '2025-06-02 12:00', 'topics') = interest_read(profile, NULL, 'topics') AS a_day_later,
	interest_probability(interest_read(profile, '2025-06-08 12:00', 'topics'), 'science', 'topics') < interest_probability(interest_read(profile, NULL, 'topics'), 'science', 'topics') AS the_burst_fades
FROM life_profile;

DROP TABLE everybody, everybody_again, life, life_profile;

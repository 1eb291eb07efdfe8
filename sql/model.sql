-- Models: created from columns, trained, measured, asked.
\getenv tiny INTEREST_TINY
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');

-- 300 people, each with one of three interests; texts, numbers and categories
-- hint at it, and everybody now and then looks at something else
CREATE TABLE visit (
	person int, at timestamptz, title text, action text, seconds float8, tags text[], topic text, topics text[]);
INSERT INTO visit
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5, hours => p % 24),
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[t + 1] || ' ' || (i % 4),
	(ARRAY['view', 'like', 'buy'])[1 + (p + i) % 3],
	20 * t + (p * 7 + i * 3) % 10,
	ARRAY[(ARRAY['sound', 'ball', 'star'])[t + 1], 'tag' || (p + i) % 3],
	(ARRAY['music', 'sport', 'science'])[t + 1],
	ARRAY[(ARRAY['music', 'sport', 'science'])[t + 1], CASE WHEN p % 2 = 0 THEN 'even' ELSE 'odd' END]
FROM generate_series(1, 300) p, generate_series(1, 8) i,
	LATERAL (SELECT CASE WHEN (p + i) % 7 = 0 THEN (p + i) % 3 ELSE p % 3 END AS t) x;

SELECT interest_create_model('topics', 'visit', encoder => 'tiny', user_id => 'person', at => 'at',
	texts => '{title}', kind => 'action', numerics => '{seconds}', categoricals => '{tags}',
	label => 'topic', task => 'dominant', options => '{"dimensions": 16}');
SELECT interest_create_model('next_topics', 'visit', user_id => 'person', at => 'at', texts => '{title}',
	categoricals => '{topics}', label => 'topics', options => '{"dimensions": 16, "seed": 7}');
SELECT interest_create_model('people', 'visit', user_id => 'person', at => 'at',
	numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'user',
	options => '{"dimensions": 8, "half_lives": {"fine": 2}, "kinds": {"view": 0.5}, "negative_kinds": {"hide": 2}}');
SELECT name, encoder, definition ->> 'task' AS task, definition ->> 'label_is_array' AS several, version FROM interest_models ORDER BY name;

-- not trained yet
SELECT interest_embed(1, 'topics');
SELECT interest_classify('topics', v) FROM visit v WHERE person = 1;

-- training says how it went, epoch by epoch
SELECT epoch, phase, loss > 0 AS loss, validation_loss > 0 AS validation_loss, accuracy BETWEEN 0 AND 1 AS accuracy,
	rows_per_second > 0 AS rows_per_second, seconds > 0 AS seconds
FROM interest_train('topics', epochs => 3, learning_rate => 0.01);
SELECT count(*) FROM interest_train('next_topics', epochs => 4, learning_rate => 0.01);
SELECT count(*) FROM interest_train('people', epochs => 8, learning_rate => 0.02);
SELECT model, version, count(*), min(epoch), bool_and(loss > 0) FROM interest_training GROUP BY 1, 2 ORDER BY 1;
SELECT name, version, deployed, length(representation), length(reading), size > 0 AS size FROM interest_models ORDER BY name;
SELECT count(*) FROM interest_progress;

-- it has learned something, and says so beside what is known without it
SELECT system, metric, value > 0.9 AS good FROM interest_evaluate('topics') WHERE metric = 'accuracy' AND interest IS NULL ORDER BY system;
SELECT system, metric, round(value::numeric) FROM interest_evaluate('topics') WHERE metric IN ('users', 'samples') ORDER BY 1, 2;
SELECT count(DISTINCT interest) FROM interest_evaluate('topics', version => 1) WHERE interest IS NOT NULL;
SELECT m.value < b.value AS beats_majority, m.value < h.value AS beats_history
FROM interest_evaluate('next_topics') m, interest_evaluate('next_topics') b, interest_evaluate('next_topics') h
WHERE m.metric = 'log_loss' AND b.metric = 'log_loss' AND h.metric = 'log_loss'
	AND m.system = 'model' AND b.system = 'majority' AND h.system = 'history'
	AND m.interest IS NULL AND b.interest IS NULL AND h.interest IS NULL;

-- one person, by the scalar and by the aggregate: the same bytes
SELECT interest_embed(3, 'topics') = interest_embed('topics', v) AS same FROM visit v WHERE person = 3;
SELECT interest_classify(3, 'topics') = interest_classify('topics', v) AS same FROM visit v WHERE person = 3;
SELECT interest, probability > 0.5 AS likely FROM unnest(interest_classify(3, 'topics')) LIMIT 1;
SELECT interest, probability > 0.5 AS likely FROM unnest(interest_classify(4, 'topics')) LIMIT 1;

-- all interests, best first; of one interest they add up to 1, of several each is by itself
SELECT bool_and(sorted), count(DISTINCT n), min(total) > 0.9999 AND max(total) < 1.0001 AS sums_to_one
FROM (SELECT (SELECT array_agg(s.probability) FROM unnest(c) s) = (SELECT array_agg(s.probability ORDER BY s.probability DESC) FROM unnest(c) s) AS sorted,
		cardinality(c) AS n, (SELECT sum(s.probability) FROM unnest(c) s) AS total
	FROM (SELECT interest_classify('topics', v) AS c FROM visit v GROUP BY person) x) y;
SELECT bool_and(s.probability BETWEEN 0 AND 1), count(DISTINCT s.interest)
FROM (SELECT interest_classify('next_topics', v) AS c FROM visit v GROUP BY person) x, unnest(c) s;

-- whom the model does not know
SELECT interest_embed(100000, 'topics') IS NULL, interest_classify(100000, 'topics') IS NULL;
SELECT interest_embed(NULL::int, 'topics') IS NULL, interest_classify(NULL::text, 'topics') IS NULL;

-- the setting, and the only model there is
SET interest.model = 'topics';
SELECT interest_embed(3) = interest_embed(3, 'topics') AS same;
RESET interest.model;
SELECT interest_embed(3);

-- one user's answer is the row's kind: negative rows repel, and count apart
CREATE TEMP TABLE disliked AS SELECT person, at, title, 'dislike' AS action, seconds, tags FROM visit WHERE person = 3;
SELECT positive_rows, negative_rows, negative_mass > 0 AS negative FROM (SELECT interest_embed('topics', d) AS v FROM disliked d) x, interestvec_info(v);

-- the same seed and the same rows give the same version, whatever their order
CREATE TABLE tiv AS SELECT * FROM visit ORDER BY md5(visit::text);
SELECT interest_create_model('copied', 'tiv', encoder => 'tiny', user_id => 'person', at => 'at',
	texts => '{title}', kind => 'action', numerics => '{seconds}', categoricals => '{tags}',
	label => 'topic', task => 'dominant', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('copied', epochs => 3, learning_rate => 0.01);
SELECT count(DISTINCT representation), count(DISTINCT reading) FROM interest_models WHERE name IN ('topics', 'copied');
SELECT interest_drop_model('copied');
DROP TABLE tiv;

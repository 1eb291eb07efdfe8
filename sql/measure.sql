-- Measuring: the metrics as aggregates beside scikit-learn's, and a version on
-- the people that it was never trained on.
\set VERBOSITY terse
SET client_min_messages = warning;

-- scikit-learn 1.9 on the same pairs: roc_auc_score, log_loss, brier_score_loss,
-- precision_score, recall_score, f1_score, accuracy_score, and the last three
-- with average='macro', labels=those that occur; all with zero_division=0. The
-- calibration error is numpy's sum over 15 bins.
CREATE TABLE pair (n int, label boolean, probability float8, actual text, predicted text);
INSERT INTO pair VALUES
	(1, false, 0.40, 'chess', 'chess'), (2, false, 0.50, 'art', 'art'), (3, false, 0.05, 'art', 'art'),
	(4, true, 0.70, 'chess', 'dance'), (5, true, 0.50, 'chess', 'chess'), (6, true, 0.70, 'art', 'ball'),
	(7, true, 0.40, 'chess', 'ball'), (8, true, 0.80, 'chess', 'chess'), (9, true, 0.70, 'ball', 'art'),
	(10, false, 0.20, 'ball', 'ball'), (11, false, 0.05, 'chess', 'chess'), (12, true, 0.70, 'chess', 'ball'),
	(13, true, 0.50, 'chess', 'chess'), (14, false, 0.05, 'ball', 'chess'), (15, false, 0.30, 'art', 'chess'),
	(16, false, 0.05, 'chess', 'dance'), (17, true, 0.95, 'art', 'chess'), (18, false, 0.40, 'ball', 'dance'),
	(19, false, 0.05, 'chess', 'chess'), (20, true, 0.80, 'art', 'art'), (21, false, 0.05, 'art', 'ball'),
	(22, true, 0.80, 'chess', 'dance'), (23, false, 0.30, 'art', 'art'), (24, true, 0.30, 'chess', 'chess');
INSERT INTO pair VALUES (25, NULL, 0.5, NULL, 'art'), (26, true, NULL, 'art', NULL);	-- count for nothing
CREATE TABLE scikit (most int, metric text, value float8);
INSERT INTO scikit VALUES
	(26, 'auc', 0.951388888888889), (26, 'log_loss', 0.3588763856255832), (26, 'brier', 0.10989583333333335),
	(26, 'ece', 0.13125), (26, 'precision', 0.9090909090909091), (26, 'recall', 0.8333333333333334),
	(26, 'f1', 0.8695652173913043), (26, 'accuracy', 0.5), (26, 'macro_precision', 0.5666666666666667),
	(26, 'macro_recall', 0.4444444444444445), (26, 'macro_f1', 0.49132349132349135),
	(10, 'auc', 0.9166666666666666), (10, 'log_loss', 0.43810159455922043), (10, 'brier', 0.13725000000000004),
	(10, 'ece', 0.15500000000000003), (10, 'precision', 0.8333333333333334), (10, 'recall', 0.8333333333333334),
	(10, 'f1', 0.8333333333333334), (10, 'accuracy', 0.6), (10, 'macro_precision', 0.6666666666666666),
	(10, 'macro_recall', 0.5888888888888889), (10, 'macro_f1', 0.6055555555555555);
CREATE VIEW measured AS
	SELECT most, m.* FROM unnest('{10,26}'::int[]) most, LATERAL (
		SELECT interest_auc(label, probability) AS auc, interest_log_loss(label, probability) AS log_loss,
			interest_brier(label, probability) AS brier, interest_ece(label, probability) AS ece,
			interest_precision(label, probability >= 0.5) AS "precision", interest_recall(label, probability >= 0.5) AS recall,
			interest_f1(label, probability >= 0.5) AS f1, interest_accuracy(actual, predicted) AS accuracy,
			interest_macro_precision(actual, predicted) AS macro_precision,
			interest_macro_recall(actual, predicted) AS macro_recall, interest_macro_f1(actual, predicted) AS macro_f1
		FROM pair WHERE n <= most) m;
SELECT s.metric, s.most, abs(s.value - (to_jsonb(m) ->> s.metric)::float8) < 1e-12 AS as_scikit
FROM scikit s JOIN measured m USING (most) ORDER BY 1, 2;

-- parallel workers, groups, windows; in any order
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
CREATE TABLE many AS SELECT p.* FROM pair p, generate_series(1, 2000);
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT interest_log_loss(label, probability), interest_f1(label, probability >= 0.5) FROM many;
SELECT abs(interest_log_loss(label, probability) - 0.3588763856255832) < 1e-9 AS log_loss, abs(interest_ece(label, probability) - 0.13125) < 1e-9 AS ece,
	abs(interest_f1(label, probability >= 0.5) - 0.8695652173913043) < 1e-12 AS f1 FROM many;
SELECT abs(interest_auc(label, probability ORDER BY random()) - 0.951388888888889) < 1e-12 AS auc,
	abs(interest_macro_f1(actual, predicted ORDER BY random()) - 0.49132349132349135) < 1e-12 AS macro_f1 FROM many;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
SELECT count(*), count(DISTINCT auc) FROM (SELECT interest_auc(label, probability) OVER (ORDER BY n) AS auc, interest_macro_f1(actual, predicted) OVER (ORDER BY n) AS f1 FROM pair) w;
DROP TABLE many;

-- nothing to measure, one class only, what is no probability
SELECT interest_auc(label, probability) AS auc, interest_log_loss(label, probability) AS log_loss, interest_f1(label, label) AS f1,
	interest_accuracy(actual, predicted) AS accuracy, interest_macro_f1(actual, predicted) AS macro_f1 FROM pair WHERE n > 24;
SELECT interest_auc(label, probability) AS auc, interest_f1(label, false) AS f1 FROM pair WHERE label;
SELECT interest_auc(label, -ln(probability)) FROM pair;
SELECT interest_log_loss(label, probability + 1) FROM pair;
SELECT interest_brier(label, 'NaN') FROM pair;
SELECT interest_auc(label, 'NaN') FROM pair;
SELECT interest_pair_add('{1,2}', true, 0.5);
SELECT interest_log_loss(true, 0) > 34, interest_log_loss(false, 0);

-- a version on its test people; what it says is no more than its samples tell
CREATE TABLE taste (person int, at timestamptz, score float8, other float8, topic text, topics text[]);
SELECT setseed(0.5);
INSERT INTO taste
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), t + 1.4 * (random() - 0.5), random(),
	(ARRAY['art', 'ball', 'chess'])[t + 1], CASE WHEN t = 0 THEN ARRAY['art'] WHEN t = 1 THEN ARRAY['art', 'ball'] ELSE ARRAY['chess'] END
FROM generate_series(1, 1200) p, LATERAL (SELECT p % 3 AS t) x, LATERAL generate_series(1, 1 + p % 13) i;
SELECT interest_create_model('tastes', 'taste', user_id => 'person', at => 'at', numerics => '{score,other}', label => 'topic', task => 'user', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('tastes', epochs => 3, learning_rate => 0.02);
CREATE TABLE figure AS SELECT * FROM interest_evaluate('tastes');
SELECT system, metric, value BETWEEN 0 AND 10 AS value, standard_error BETWEEN 0 AND 0.1 AS standard_error FROM figure
WHERE interest IS NULL AND metric NOT LIKE '%rows%' AND metric NOT IN ('samples', 'users') ORDER BY system, metric;
SELECT metric, value > 0 AS value FROM figure WHERE metric LIKE '%rows\_%' AND metric NOT LIKE 'rows%' ORDER BY metric;
SELECT sum(value) = (SELECT value FROM figure WHERE metric = 'users') AS everybody FROM figure WHERE metric LIKE 'samples\_rows\_%';
SELECT interest, count(*), count(value), count(standard_error) FROM figure WHERE interest IS NOT NULL GROUP BY interest ORDER BY interest;

-- confusion, ROC and reliability say the same as the figures
SELECT actual, predicted, samples > 0 AS samples, weight = samples AS weight FROM interest_confusion('tastes') WHERE actual = predicted;
SELECT abs((sum(samples) FILTER (WHERE actual = predicted)) / sum(samples) - (SELECT value FROM figure WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL)) < 1e-12 AS accuracy FROM interest_confusion('tastes');
SELECT abs(c.recall - f.value) < 1e-12 AS recall FROM figure f JOIN
	(SELECT actual, (sum(samples) FILTER (WHERE actual = predicted)) / sum(samples) AS recall FROM interest_confusion('tastes', version => 1) GROUP BY actual) c ON c.actual = f.interest
WHERE f.metric = 'recall';
SELECT abs(sum((x - lag_x) * (y + lag_y) / 2) - (SELECT value FROM figure WHERE metric = 'auc' AND interest = 'ball')) < 1e-12 AS auc, min(x), max(x), min(y), max(y)
FROM (SELECT false_positive_rate AS x, true_positive_rate AS y, lag(false_positive_rate, 1, 0) OVER w AS lag_x, lag(true_positive_rate, 1, 0) OVER w AS lag_y
	FROM interest_roc('tastes', 'ball') WINDOW w AS (ORDER BY threshold DESC)) r;
SELECT threshold FROM interest_roc('tastes', 'ball') LIMIT 1;
SELECT abs(sum(samples * abs(accuracy - confidence)) / sum(samples) - (SELECT value FROM figure WHERE system = 'model' AND metric = 'ece')) < 1e-12 AS ece, count(*), sum(samples) = (SELECT value FROM figure WHERE metric = 'users') AS everybody
FROM interest_calibration('tastes');

-- several interests at once: each for itself
SELECT interest_create_model('all_tastes', 'taste', user_id => 'person', at => 'at', numerics => '{score,other}', label => 'topics', task => 'user', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('all_tastes', epochs => 3, learning_rate => 0.02);
SELECT actual, predicted, samples > 0 AS samples FROM interest_confusion('all_tastes') WHERE actual = predicted ORDER BY 1;
SELECT bool_and(actual IS NOT DISTINCT FROM predicted OR actual IS NULL OR predicted IS NULL) AS each_for_itself FROM interest_confusion('all_tastes');
SELECT count(*) > 2 AS points FROM interest_roc('all_tastes', 'art');

-- two versions on the same people
SELECT count(*) FROM interest_train('tastes', epochs => 1, learning_rate => 0.0001, deploy => false);
SELECT metric, users > 80 AS users, difference > 0 AS grows, abs(value_b - value_a - difference) < 1e-12 AS difference, standard_error > 0 AS standard_error, p_value < 0.01 AS p_value FROM interest_compare('tastes', 1, 2) ORDER BY metric;
SELECT metric, difference, standard_error, p_value FROM interest_compare('tastes', 1, 1) ORDER BY metric;
SELECT abs(c.value_a - f.value) < 1e-12 AS as_evaluated FROM interest_compare('tastes', 1, 2) c JOIN figure f USING (metric) WHERE f.system = 'model' AND f.interest IS NULL;

-- sets of interests that hold the right one as often as was asked, of people who are new
CREATE TABLE newcomer AS
SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i) AS at, t + 1.4 * (random() - 0.5) AS score, random() AS other, (ARRAY['art', 'ball', 'chess'])[t + 1] AS topic
FROM generate_series(1201, 2000) p, LATERAL (SELECT p % 3 AS t) x, LATERAL generate_series(1, 1 + p % 13) i;
CREATE TABLE reading AS SELECT person, min(topic) AS topic, interest_embed('tastes', n) AS reading FROM newcomer n GROUP BY person;
SELECT coverage, abs(avg((topic = ANY (coalesce(interest_set(reading, coverage), '{}')))::int) - coverage) < 0.08 AS covered
FROM reading, unnest('{0.5,0.7,0.9}'::float8[]) coverage GROUP BY coverage ORDER BY coverage;
SELECT bool_and(interest_set(reading) = interest_set(reading, 0.9, 'tastes')) AS default_coverage FROM reading;
SELECT bool_and(coalesce(cardinality(interest_set(reading, 0.5)), 0) <= cardinality(interest_set(reading, 0.95))) AS wider, bool_or(interest_set(reading, 0.2) IS NULL) AS abstains FROM reading;
SELECT bool_and((interest_set(reading, 0.95))[1] = (interest_classify(reading))[1].interest) AS best_first FROM reading;
SELECT cardinality(interest_set(reading, 0.9999)) AS too_few_to_say FROM reading WHERE person = 1201;
SELECT interest_set(NULL::interestvec) AS nobody, interest_set(reading, NULL) AS nothing_asked FROM reading WHERE person = 1201;

-- wrong input
SELECT interest_set(reading, 1) FROM reading WHERE person = 1201;
SELECT interest_set(reading, 'NaN') FROM reading WHERE person = 1201;
SELECT count(*) FROM interest_confusion(NULL);
SELECT count(*) FROM interest_confusion('no such model');
SELECT count(*) FROM interest_confusion('tastes', 9);
SELECT count(*) FROM interest_roc('tastes', 'dance');
SELECT count(*) FROM interest_roc('tastes', NULL);
SELECT count(*) FROM interest_compare('tastes', 1, NULL);
SELECT count(*) FROM interest_compare('tastes', 1, 9);
SELECT count(*) FROM interest_calibration('tastes', source => 'pair');
CREATE VIEW nobody AS SELECT * FROM taste WHERE false;
SELECT count(*) FROM interest_calibration('tastes', source => 'nobody');
DROP VIEW nobody, measured;
DROP TABLE reading, figure, pair, scikit, newcomer;

-- Heads and how they learn: options, weights, calibration.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.make(name text, options jsonb, label text DEFAULT 'topic') RETURNS text LANGUAGE sql AS
$$ SELECT interest_create_model(name, 'taste', user_id => 'person', at => 'at', numerics => '{score,other}', label => label, task => 'user', options => '{"dimensions": 8}' || options) $$;

-- every head of one interest learns, and says how sure it is
SELECT pg_temp.make(head, jsonb_build_object('head', head)) FROM unnest('{softmax,logistic,svm,lda}'::text[]) head;
SELECT head, (SELECT count(*) FROM interest_train(head, epochs => 4, learning_rate => 0.02)) AS epochs FROM unnest('{softmax,logistic,svm,lda}'::text[]) head;
SELECT head, e.metric, CASE e.metric WHEN 'accuracy' THEN e.value > 0.85 WHEN 'log_loss' THEN e.value < 0.45 ELSE e.value < 0.15 END AS good
FROM unnest('{softmax,logistic,svm,lda}'::text[]) head, interest_evaluate(head) e
WHERE e.system = 'model' AND e.interest IS NULL AND e.metric IN ('accuracy', 'log_loss', 'ece') ORDER BY 1, 2;
SELECT head, bool_and(abs(total - 1) < 1e-5) AS adds_up, bool_and(least >= 0) AS probabilities
FROM unnest('{softmax,logistic,svm,lda}'::text[]) head, generate_series(1, 30) p,
	LATERAL (SELECT sum(probability) AS total, min(probability) AS least FROM unnest(interest_classify(p, head))) x GROUP BY head ORDER BY head;
SELECT count(DISTINCT interest_classify(7, head)) AS different_answers FROM unnest('{softmax,logistic,svm,lda}'::text[]) head;

-- the same bits on every kernel
CREATE TABLE answer AS SELECT head, p, interest_classify(p, head) AS scores FROM unnest('{softmax,logistic,svm,lda}'::text[]) head, generate_series(1, 30) p;
SET interest.kernel = 'portable';
SELECT bool_and(scores = interest_classify(p, head)) AS same FROM answer;
RESET interest.kernel;
DROP TABLE answer;

-- several interests at once have sigmoids
SELECT pg_temp.make('sigmoid', '{"head": "sigmoid"}', label => 'topics');
SELECT count(*) FROM interest_train('sigmoid', epochs => 2, learning_rate => 0.02);
SELECT pg_temp.make('wrong', '{"head": "sigmoid"}');
SELECT pg_temp.make('wrong', '{"head": "svm"}', label => 'topics');
SELECT pg_temp.make('wrong', '{"head": "tree"}');
SELECT pg_temp.make('wrong', '{"head": 1}');

-- weights, smoothing, balance
SELECT pg_temp.make('weighted', '{"class_weights": {"art": 20}}');
SELECT pg_temp.make('balanced', '{"class_weights": "balanced", "balance": 1, "label_smoothing": 0.2}');
SELECT pg_temp.make('stranger', '{"class_weights": {"dance": 2}}');
SELECT count(*) FROM interest_train('weighted', epochs => 2, learning_rate => 0.005);
SELECT count(*) FROM interest_train('balanced', epochs => 2, learning_rate => 0.005);
SELECT count(*) FROM interest_train('stranger', epochs => 2);
SELECT w.value > s.value AS recall_of_the_weighty FROM interest_evaluate('weighted') w, interest_evaluate('softmax') s
WHERE w.system = 'model' AND s.system = 'model' AND w.interest = 'art' AND s.interest = 'art' AND w.metric = 'recall' AND s.metric = 'recall';
-- fewer weights; rows that an epoch does not see
SELECT pg_temp.make('sparse', '{"l1": 0.3, "dropout": {"sum": 0.2}, "gate_rate": 10}');
SELECT interest_create_model('dropped', 'taste', user_id => 'person', at => 'at', numerics => '{score,other}', label => 'topic', task => 'next', options => '{"dimensions": 8, "row_dropout": 0.3}');
SELECT name, (SELECT count(*) FROM interest_train(name, epochs => 2, learning_rate => 0.02)) AS epochs FROM unnest('{sparse,dropped}'::text[]) name;
SELECT value > 0.8 AS learned FROM interest_evaluate('sparse') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;
-- once calibrated, everybody but those who test
SELECT pg_temp.make('refit', '{"refit": true, "dropout": {"sum": 0.2}}');
SELECT pg_temp.make('no_refit', '{"dropout": {"sum": 0.2}}');
SELECT name, (SELECT count(*) FROM interest_train(name, epochs => 2, learning_rate => 0.02)) AS epochs FROM unnest('{refit,no_refit}'::text[]) name;
SELECT value > 0.8 AS learned FROM interest_evaluate('refit') WHERE system = 'model' AND metric = 'accuracy' AND interest IS NULL;
SELECT interest_classify(7, 'refit') <> interest_classify(7, 'no_refit') AS different;
SELECT pg_temp.make('wrong', '{"refit": true, "head": "svm"}');
SELECT pg_temp.make('wrong', '{"refit": 1}');
SELECT pg_temp.make('wrong', '{"l1": -1}');
SELECT pg_temp.make('wrong', '{"gate_rate": 0}');
SELECT pg_temp.make('wrong', '{"dropout": {"sum": 1}}');
SELECT pg_temp.make('wrong', '{"dropout": {"token": 0.1}}');
SELECT pg_temp.make('wrong', '{"row_dropout": 0.5}');
SELECT pg_temp.make('wrong', '{"class_weights": "heavy"}');
SELECT pg_temp.make('wrong', '{"class_weights": {"art": 0}}');
SELECT pg_temp.make('wrong', '{"class_weights": {"art": "much"}}');
SELECT pg_temp.make('wrong', '{"class_weights": [1, 2]}');
SELECT pg_temp.make('wrong', '{"balance": 1.5}');
SELECT pg_temp.make('wrong', '{"label_smoothing": -0.1}');
SELECT pg_temp.make('wrong', '{"label_smoothing": 0.1, "head": "svm"}');

-- what labels cannot be
CREATE TABLE odd (person int, at timestamptz, score float8, topic text);
INSERT INTO odd SELECT p, '2024-01-01', p, CASE WHEN p % 2 = 0 THEN 'even' ELSE repeat('odd', 350000) END FROM generate_series(1, 100) p;
CREATE VIEW one_person AS SELECT 1 AS person, at, score, left(topic, 10) AS topic FROM odd;
CREATE VIEW one_topic AS SELECT person, at, score, 'same' AS topic FROM odd;
CREATE VIEW no_people AS SELECT * FROM one_person WHERE false;
CREATE VIEW few_people AS SELECT person, at, score, left(topic, 10) AS topic FROM odd WHERE person BETWEEN 30 AND 33;
SELECT interest_create_model(s, s::regclass, user_id => 'person', at => 'at', numerics => '{score}', label => 'topic', options => '{"dimensions": 4}') FROM unnest('{odd,one_person,one_topic,no_people,few_people}'::text[]) s;
SELECT count(*) FROM interest_train('odd', epochs => 1);
SELECT count(*) FROM interest_train('one_person', epochs => 1);
SELECT count(*) FROM interest_train('one_topic', epochs => 1);
SELECT count(*) FROM interest_train('no_people', epochs => 1);

-- nobody validates: no loss to stop by, a temperature of 1, and no sets
SELECT epoch, validation_loss, accuracy FROM interest_train('few_people', epochs => 1);
SELECT interest_set(interest_embed(30, 'few_people'), 0.9, 'few_people');
SELECT count(*) FROM interest_evaluate('few_people', source => 'no_people');
SELECT interest_drop_model(s) FROM unnest('{odd,one_person,one_topic,no_people,few_people,weighted,balanced,stranger,sparse,refit,no_refit,dropped,sigmoid,logistic,svm,lda,softmax}'::text[]) s;
DROP VIEW one_person, one_topic, no_people, few_people;
DROP TABLE odd;
SELECT interest_drop_model(s) FROM unnest('{tastes,all_tastes}'::text[]) s;
DROP TABLE taste;

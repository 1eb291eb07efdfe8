-- Models that recommend: the next item as the task, from training to a list.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT interest_load_encoder('stall', :'tiny' || '/tiny');
CREATE TABLE sale (person int, at timestamptz, article int, title text, action text);
-- people keep to one of three aisles, whose articles are alike in nothing but who buys them
INSERT INTO sale
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i, secs => p), a, 'article number ' || a % 7,
	CASE WHEN (p + i) % 11 = 0 THEN 'return' ELSE 'buy' END
FROM generate_series(1, 300) p, generate_series(1, 10) i, LATERAL (SELECT 3 * ((p * 7 + i * 3) % 20) + p % 3 AS a) a;
CREATE TABLE goods (article int PRIMARY KEY, title text, sold int);
INSERT INTO goods SELECT a, 'article number ' || a % 7, (SELECT count(*) FROM sale b WHERE b.article = a) FROM generate_series(0, 62) a;

SELECT interest_create_model('stall', 'sale', encoder => 'stall', user_id => 'person', at => 'at', texts => '{title}', categoricals => '{article}',
	kind => 'action', label => 'article', task => 'next_item', options => '{"dimensions": 16}');
SELECT count(*), bool_and(loss > 0 AND validation_loss > 0 AND accuracy BETWEEN 0 AND 1) FROM interest_train('stall', epochs => 8, batch_size => 256, learning_rate => 0.02);
SELECT system, metric, interest, CASE WHEN metric IN ('ndcg@10', 'recall@10') THEN NULL ELSE value END AS value FROM interest_evaluate('stall');
SELECT metric, max(value) FILTER (WHERE system = 'model') > 2 * max(value) FILTER (WHERE system = 'popularity') AS better
FROM interest_evaluate('stall') WHERE metric LIKE '%@10' GROUP BY metric ORDER BY metric;
-- the same rows and the same seed: the same model
SELECT count(*) FROM interest_train('stall', epochs => 8, batch_size => 256, learning_rate => 0.02, deploy => false);
SELECT count(DISTINCT representation) AS representations, count(DISTINCT reading) AS readings FROM interest_models WHERE name = 'stall';

SELECT interest_set_catalogue('stall', 'goods', 'article', popularity => 'sold');
SELECT count(*) AS of_ten, count(*) FILTER (WHERE item_id::int % 3 = 1) > 7 AS of_the_aisle, count(because) > 7 AS with_reasons FROM interest_recommend(7, 10, 'stall');
SELECT count(*) FROM interest_recommend(7, 100, 'stall') WHERE item_id::int IN (SELECT article FROM sale WHERE person = 7);
-- an article that nobody has bought still has its title
SELECT vector IS NOT NULL AS embedded FROM interest_stall_items WHERE item_id = 62;

-- profiles follow the rows, a file carries the model
SELECT interest_track('stall');
SELECT interest_probability(interest_embed(7, 'stall'), 'music', 'stall');
BEGIN;
INSERT INTO sale SELECT 7, timestamptz '2024-03-01' + make_interval(hours => i), 3 * i, 'article number ' || 3 * i % 7, 'buy' FROM generate_series(1, 8) i;
SELECT count(*) FILTER (WHERE item_id::int % 3 = 0) > 3 AS of_the_new_aisle FROM interest_recommend(7, 10, 'stall');
ROLLBACK;
SELECT interest_import_model('copy', interest_export_model('stall'), 0);
SELECT interest_import_model('copy', interest_export_model('stall'), 'sale');
SELECT definition ->> 'task' AS task FROM interest_models WHERE name = 'copy';
SELECT interest_embed(7, 'stall')::real[] = interest_embed(7, 'copy')::real[] AS same;
SELECT topic, interest, probability FROM interest_topics(interest_embed(7, 'stall'), 'stall') LIMIT 1;
SELECT count(*) FROM interest_train('stall', epochs => 1, retrain => 'gate', deploy => false);

-- there are no interests
SELECT interest_classify(7, 'stall');
SELECT interest_describe(7, 'stall');
SELECT interest_explain(7, model => 'stall');
SELECT interest_set_catalogue('stall', 'goods', 'article', category => 'title');
SELECT interest_recommend(7, 10, 'stall', by => 'interest');
SELECT interest_confusion('stall');

-- wrong input
SELECT interest_create_model('wrong', 'sale', user_id => 'person', at => 'at', categoricals => '{article}', task => 'next_item');
SELECT interest_create_model('wrong', 'sale', user_id => 'person', at => 'at', categoricals => '{article}', label => 'article', task => 'next_item', interests => '{a,b}');
SELECT interest_create_model('wrong', 'sale', user_id => 'person', at => 'at', categoricals => '{article}', label => 'article', task => 'next_item', options => '{"head": "svm"}');
SELECT interest_create_model('wrong', 'sale', user_id => 'person', at => 'at', categoricals => '{article}', label => 'article', task => 'next_item', options => '{"balance": 1}');
CREATE VIEW stall_baskets AS SELECT person, max(at) AS at, array_agg(article) AS articles FROM sale GROUP BY person, article;
SELECT interest_create_model('wrong', 'stall_baskets', user_id => 'person', at => 'at', categoricals => '{articles}', label => 'articles', task => 'next_item');
CREATE VIEW stall_one AS SELECT person, at, 1 AS article FROM sale;
SELECT interest_create_model('one', 'stall_one', user_id => 'person', at => 'at', categoricals => '{article}', label => 'article', task => 'next_item');
SELECT interest_train('one');
CREATE VIEW stall_returned AS SELECT * FROM sale WHERE action = 'return';
SELECT interest_create_model('returned', 'stall_returned', user_id => 'person', at => 'at', categoricals => '{article}', label => 'article', kind => 'action', task => 'next_item');
SELECT interest_train('returned');
CREATE VIEW stall_single AS SELECT DISTINCT ON (person) * FROM sale ORDER BY person, at;
SELECT interest_create_model('single', 'stall_single', user_id => 'person', at => 'at', categoricals => '{article}', label => 'article', task => 'next_item');
SELECT interest_train('single');

SELECT interest_untrack('stall');
SELECT interest_drop_catalogue('stall');
SELECT count(interest_drop_model(name)) FROM unnest('{stall,copy,one,returned,single}'::text[]) name;
SELECT interest_drop_encoder('stall');
DROP TABLE sale, goods CASCADE;

-- Every overload, with every type of user id, and every function once with
-- every argument named.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET interest.model = 'topics';

-- a column of another type than the argument
CREATE VIEW visit_text AS SELECT 'u' || person AS person, at, title, action, seconds, tags, topic FROM visit;
CREATE VIEW visit_uuid AS SELECT md5(person::text)::uuid AS person, at, title, action, seconds, tags, topic FROM visit;
SELECT interest_create_model(s, s::regclass, user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', options => '{"dimensions": 4}')
FROM unnest('{visit_text,visit_uuid}'::text[]) s;
SELECT count(*) FROM interest_train('visit_text', epochs => 1);
SELECT count(*) FROM interest_train('visit_uuid', epochs => 1);

-- scalars
SELECT interest_embed(42) IS NOT NULL AS "integer", interest_embed(42::bigint) IS NOT NULL AS "bigint", interest_embed(42::numeric) IS NOT NULL AS "numeric",
	interest_embed('42') IS NOT NULL AS literal, interest_embed('42'::text) IS NOT NULL AS text, interest_embed('42'::varchar) IS NOT NULL AS "varchar", interest_embed('42'::name) IS NOT NULL AS name;
SELECT interest_embed('u42', 'visit_text') IS NOT NULL AS literal, interest_embed('u42'::text, 'visit_text') IS NOT NULL AS text,
	interest_embed(md5('42')::uuid, 'visit_uuid') IS NOT NULL AS uuid, interest_embed(md5('42'), 'visit_uuid') IS NOT NULL AS uuid_as_text;
SELECT interest_classify(42) IS NOT NULL AS "integer", interest_classify(42::bigint) IS NOT NULL AS "bigint", interest_classify('42') IS NOT NULL AS literal, interest_classify('42'::text) IS NOT NULL AS text,
	interest_classify('u42', 'visit_text') IS NOT NULL AS model, interest_classify(md5('42')::uuid, 'visit_uuid') IS NOT NULL AS uuid;
SELECT interest_embed('u1');
SELECT interest_embed(v) FROM visit v;
SELECT interest_classify(v) FROM visit v;
SELECT interest_embed('{"person": 42}'::jsonb);
SELECT interest_embed(ARRAY[42]);
SELECT interest_embed(true);
SELECT interest_embed('42', 'topics', 'more', 'still more');

-- aggregates over a whole-row reference, a composite, an anonymous row
CREATE TYPE visited AS (at timestamptz, title text, action text, seconds float8, tags text[]);
SELECT interest_embed('topics', v) = interest_embed(42) AS whole_row FROM visit v WHERE person = 42;
SELECT interest_embed('topics', ROW(at, title, action, seconds, tags)::visited) = interest_embed(42) AS composite FROM visit v WHERE person = 42;
SELECT interest_embed('topics', r) = interest_embed(42) AS subquery FROM (SELECT * FROM visit WHERE person = 42) r;
SELECT interest_embed('topics', ROW(at, title, action, seconds, tags)) FROM visit v WHERE person = 42;
SELECT interest_classify('topics', v) = interest_classify(42) AS whole_row FROM visit v WHERE person = 42;

-- every function, every argument named
SELECT interest_embed(user_id => 42, model => 'topics') IS NOT NULL, interest_embed(user_id => '42'::text, model => 'topics') IS NOT NULL,
	interest_classify(user_id => 42, model => 'topics') IS NOT NULL, interest_classify(user_id => '42'::text, model => 'topics') IS NOT NULL;
SELECT interest_read(profile => p, as_of => '2025-01-01', model => 'topics') IS NOT NULL, interest_classify(profile => p, model => 'topics') IS NOT NULL,
	interest_classify(reading => interest_read(p), model => 'topics') IS NOT NULL,
	interest_probability(reading => interest_read(p), interest => 'music', model => 'topics') BETWEEN 0 AND 1,
	interest_granularity(reading => interest_read(p), granularity => 'user') IS NOT NULL,
	(SELECT count(*) > 0 FROM interest_topics(reading => interest_read(p), model => 'topics')) AS topics,
	(interestvec_info(reading => interest_read(p))).dimensions, (interest_profile_info(profile => p)).dimensions
FROM (SELECT interest_accumulate('topics', v) AS p FROM visit v WHERE person = 42) x;
SELECT interest_create_model(name => 'named', source => 'visit', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	numerics => '{seconds}', categoricals => '{tags}', vectors => NULL, label => 'topic', task => 'user', interests => NULL, options => '{}');
SELECT count(*) FROM interest_train(model => 'named', epochs => 1, batch_size => 64, learning_rate => 0.001, patience => 1, deploy => false);
SELECT interest_deploy(model => 'named', version => 1);
SELECT count(*) FROM interest_train(model => 'named', epochs => 1, batch_size => 64, learning_rate => 0.001, patience => 1, deploy => true, retrain => 'head', from_version => 1, from_model => 'named', frozen_epochs => 0);
SELECT interest_rollback(model => 'named');
SELECT count(*) > 0 FROM interest_evaluate(model => 'named', version => 1, source => 'visit');
SELECT count(*) > 0 FROM interest_confusion(model => 'named', version => 1, source => 'visit');
SELECT interest_report(model => 'named', users => '{42}') LIKE '<!DOCTYPE html>%' AS report;
SELECT interest_picture(kind => 'roc', user_id => NULL, interest => 'music', model => 'named', body => NULL, version => 1, source => 'visit') LIKE '<svg%' AS roc,
	interest_picture(kind => 'user', user_id => 42::bigint, interest => 'music', model => 'named', body => NULL, version => NULL, source => NULL) LIKE '<svg%' AS "user", interest_picture('user', '42'::text, model => 'named') LIKE '<svg%' AS text;
SELECT count(*) > 0 FROM interest_roc(model => 'named', interest => 'music', version => 1, source => 'visit');
SELECT count(*) FROM interest_calibration(model => 'named', version => 1, source => 'visit');
SELECT count(*) FROM interest_compare(model => 'named', version_a => 1, version_b => 1, source => 'visit');
SELECT interest_set(reading => interest_embed(42, 'named'), coverage => 0.9, model => 'named') IS NOT NULL;
SELECT count(*) > 0 FROM interest_explain(user_id => 42, interest => 'music', method => 'shap', model => 'named', samples => 100, seed => 2);
SELECT count(*) > 0 FROM interest_explain(user_id => '42'::text, interest => NULL, method => 'words', model => 'named');
SELECT count(*) > 0 FROM interest_explain_text(body => 'a film', interest => 'music', method => 'lime', model => 'named', samples => 10, seed => 2);
SELECT count(*) > 0 FROM interest_rules(model => 'named', depth => 2);
SELECT interest_grant_use(kind => 'model', object => 'named', role => 'public'), interest_has_use(kind => 'model', object => 'named'), interest_revoke_use(kind => 'model', object => 'named', role => 'public');
SELECT interest_import_model(name => 'again', file => interest_export_model(model => 'named', version => 1), source => 'visit', deploy => false);
SELECT interest_drop_model(name => 'again');
SELECT interest_drop_model(name => 'named');
SELECT cardinality(interest_encode(body => 'a film', encoder => 'tiny')), array_dims(interest_encode(bodies => '{a film,a cat}', encoder => 'tiny')),
	interest_similarity(a => 'a film', b => 'a film', encoder => 'tiny');
SELECT count(*) FROM interest_tokenize(body => 'a film', encoder => 'tiny');
\getenv tiny INTEREST_TINY
SELECT interest_load_encoder(name => 'named', directory => :'tiny' || '/tiny36', storage => 'fp32');
SELECT interest_drop_encoder(name => 'named');
SELECT count(*) FROM interest_progress_slots();

SELECT interest_drop_model(s) FROM unnest('{visit_text,visit_uuid}'::text[]) s;
DROP VIEW visit_text, visit_uuid;
DROP TYPE visited;
-- nothing is left
SELECT interest_drop_model(name) FROM (SELECT DISTINCT name FROM interest_models) m;
SELECT interest_drop_encoder('tiny');
SELECT (SELECT count(*) FROM interest_model_version) AS versions, (SELECT count(*) FROM interest_model_chunk) AS chunks,
	(SELECT count(*) FROM interest_training_run) AS epochs, (SELECT count(*) FROM interest_grant) AS grants;

-- Why a user has an interest.
\set VERBOSITY terse
\pset null '(null)'
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET interest.model = 'topics';

-- one shape for all methods
SELECT method, interest, ordinal, part, row_number, at, kind, granularity, modality, feature, value IS NOT NULL AS value, share IS NOT NULL AS share
FROM interest_explain(42) WHERE ordinal <= 9 ORDER BY ordinal;

-- the first interest unless another is named
SELECT DISTINCT interest, interest = (interest_classify(42))[1].interest AS first FROM interest_explain(42);
SELECT DISTINCT interest FROM interest_explain(42, 'sport');

-- Lines add up to the logit.  Logits divided by the temperature are the logs of
-- the probabilities but for a constant, so that their differences have one ratio.
CREATE FUNCTION pg_temp.check_logits(person integer, method text, model text) RETURNS TABLE (ratios bigint, near boolean) LANGUAGE sql AS $$
	WITH logit AS (
		SELECT s.interest, ln(s.probability) AS log_probability, e.logit
		FROM unnest(interest_classify(person, model)) s,
			LATERAL (SELECT sum(value) AS logit FROM interest_explain(person, s.interest, method, model)) e),
	ratio AS (
		SELECT (a.log_probability - b.log_probability) / (a.logit - b.logit) AS ratio
		FROM logit a, logit b WHERE a.interest < b.interest)
	SELECT count(*), max(ratio) - min(ratio) < 1e-3 AND min(ratio) > 0 FROM ratio
$$;
SELECT * FROM pg_temp.check_logits(42, 'ledger', 'topics');
SELECT * FROM pg_temp.check_logits(42, 'words', 'topics');
SELECT bool_and(near) FROM generate_series(1, 20) person, pg_temp.check_logits(person, 'ledger', 'people');

-- words are what their modality is made of, in every row and granularity
SELECT count(*) > 20 AS many, max(abs(l.value - w.value)) < 1e-5 AS equal
FROM (SELECT row_number, granularity, modality, value FROM interest_explain(42)) l
	JOIN (SELECT row_number, granularity, modality, sum(value) AS value FROM interest_explain(42, method => 'words') GROUP BY 1, 2, 3) w
		USING (row_number, granularity, modality);
SELECT feature FROM interest_explain(42, 'music', 'words') WHERE part = 'word' GROUP BY 1 ORDER BY sum(value) DESC LIMIT 2;

-- shares are of what all lines say, whichever way
SELECT round(sum(abs(share))::numeric, 6) AS shares, count(*) FILTER (WHERE share IS NULL) AS without FROM interest_explain(42);

-- negative rows speak in a part of their own
CREATE TABLE disliked AS SELECT * FROM visit UNION ALL
	SELECT p.person, v.at + interval '1 minute', v.title, a.action, v.seconds, v.tags, NULL, v.topics
	FROM (SELECT DISTINCT person FROM visit) p JOIN visit v ON v.person = p.person + 1, unnest('{view,hide}'::text[]) a(action);
SELECT interest_create_model('disliked', 'disliked', user_id => 'person', at => 'at', texts => '{title}', kind => 'action', label => 'topic', options => '{"dimensions": 8}');
SET client_min_messages = warning;
SELECT count(*) FROM interest_train('disliked', 6);
RESET client_min_messages;
SELECT kind = 'hide' AS negative, array_agg(DISTINCT granularity ORDER BY granularity) AS granularities, count(DISTINCT row_number) > 1 AS several FROM interest_explain(42, model => 'disliked') WHERE row_number IS NOT NULL GROUP BY 1;
SELECT * FROM pg_temp.check_logits(42, 'words', 'disliked');
SELECT interest_drop_model('disliked');
DROP TABLE disliked;

-- rows that are really removed: KernelSHAP, exact for few rows, and LIME
CREATE FUNCTION pg_temp.logit(person integer) RETURNS float8 LANGUAGE sql AS
	'SELECT sum(value) FROM interest_explain(person, ''music'')';
SELECT abs(sum(value) - pg_temp.logit(42)) < 1e-5 AS adds_up, count(*) FILTER (WHERE part = 'row') AS rows FROM interest_explain(42, 'music', 'shap');
SELECT abs(sum(value) - pg_temp.logit(42)) < 1e-5 AS adds_up, array_agg(part ORDER BY ordinal) FILTER (WHERE part <> 'row') AS others FROM interest_explain(42, 'music', 'lime');
SELECT (SELECT array_agg(value) FROM interest_explain(42, method => 'lime')) = (SELECT array_agg(value) FROM interest_explain(42, method => 'lime')) AS repeats,
	(SELECT array_agg(value) FROM interest_explain(42, method => 'lime')) = (SELECT array_agg(value) FROM interest_explain(42, method => 'lime', seed => 2)) AS another_seed;
-- a user of two rows: the Shapley value by hand, deletions by deletion
CREATE TABLE two AS SELECT * FROM visit WHERE person = 42 ORDER BY at LIMIT 2;
BEGIN;
DELETE FROM visit WHERE person = 42;
INSERT INTO visit SELECT * FROM two;
CREATE TABLE pair AS SELECT row_number, value, pg_temp.logit(42) AS both FROM interest_explain(42, 'music', 'shap');
DELETE FROM visit WHERE person = 42;
INSERT INTO visit SELECT * FROM two ORDER BY at LIMIT 1;
CREATE TABLE first AS SELECT pg_temp.logit(42) AS logit;
DELETE FROM visit WHERE person = 42;
INSERT INTO visit SELECT * FROM two ORDER BY at DESC LIMIT 1;
CREATE TABLE second AS SELECT pg_temp.logit(42) AS logit;
SELECT abs(a.value - ((f.logit - p.value) + (a.both - s.logit)) / 2) < 1e-5 AS shapley
FROM pair a, pair p, first f, second s WHERE a.row_number = 1 AND p.row_number IS NULL;
ROLLBACK;
DROP TABLE two;

-- the fewest rows whose removal changes the first interest: remove them
SELECT part, row_number, feature, value < 0 AS falls FROM interest_explain(42, method => 'counterfactual');
SELECT sum(value) < 0 AS lost FROM interest_explain(42, method => 'counterfactual');
BEGIN;
DELETE FROM visit WHERE person = 42 AND (at, title) IN (SELECT at, feature FROM interest_explain(42, method => 'counterfactual') WHERE row_number IS NOT NULL);
SELECT (interest_classify(42))[1].interest;
ROLLBACK;
SELECT count(*) FROM interest_explain(42, 'sport', 'counterfactual');
-- many rows: some that do, each of which is needed
CREATE TABLE busy AS SELECT 1 AS person, at + n * interval '1 hour' AS at, title, action, seconds, tags, topic, topics
FROM visit, generate_series(1, 4) n WHERE person = 42;
BEGIN;
DELETE FROM visit WHERE person = 42;
INSERT INTO visit SELECT 42, at, title, action, seconds, tags, topic, topics FROM busy;
CREATE TABLE removed AS SELECT part, row_number, at, feature FROM interest_explain(42, method => 'counterfactual');
SELECT count(*) FILTER (WHERE part = 'removed') > 0 AS some, count(*) FILTER (WHERE part = 'fewest removed') AS fewest FROM removed;
DELETE FROM visit v USING removed r WHERE v.person = 42 AND v.at = r.at AND v.title = r.feature;
SELECT (interest_classify(42))[1].interest = (SELECT feature FROM removed WHERE part = 'lead') AS changed;
INSERT INTO visit SELECT 42, b.at, b.title, action, seconds, tags, topic, topics FROM busy b JOIN removed r ON r.at = b.at AND r.feature = b.title ORDER BY row_number LIMIT 1;
SELECT (interest_classify(42))[1].interest AS without_one;
ROLLBACK;
DROP TABLE busy;
SELECT count(*) FROM interest_explain(42, method => 'shap', samples => 1);
SELECT count(*) FROM interest_explain(42, method => 'lime', samples => 1000000);

-- a text, as if it were the only row of a user
SELECT DISTINCT method, interest FROM interest_explain_text('the music of a quiet night');
CREATE TABLE explained AS SELECT m.method, e.interest, part, modality, feature, value, share, ordinal
FROM unnest('{tokens,words,shap,lime,attention}'::text[]) m(method), interest_explain_text('the music of a quiet night', 'music', m.method) e;
SELECT method, array_agg(DISTINCT part) AS parts, count(*) AS lines, round(sum(abs(share))::numeric, 6) AS shares FROM explained GROUP BY method ORDER BY method;
SELECT max(logit) - min(logit) < 1e-4 AS equal FROM (SELECT sum(value) AS logit FROM explained WHERE method <> 'attention' GROUP BY method) l;
SELECT abs(sum(value) - 1) < 1e-5 AS attention FROM explained WHERE method = 'attention';
SELECT abs(value) < 1e-3 AS small_gap FROM explained WHERE method = 'tokens' AND part = 'gap';
SELECT string_agg(feature, ' ' ORDER BY ordinal) AS tokens FROM explained WHERE method = 'tokens' AND part = 'token';
SELECT string_agg(feature, ' ' ORDER BY ordinal) AS words FROM explained WHERE method = 'shap' AND part = 'word';
-- the logit is that of such a user
INSERT INTO visit (person, at, title) VALUES (-7, '2000-01-01 00:00 UTC', 'the music of a quiet night');
SELECT abs((SELECT sum(value) FROM interest_explain(-7, 'music')) - (SELECT sum(value) FROM explained WHERE method = 'words')) < 1e-5 AS same;
DELETE FROM visit WHERE person = -7;
DROP TABLE explained;
-- nothing to explain; what is refused
SELECT method, part, feature FROM interest_explain_text('');
SELECT count(*) FROM interest_explain_text(NULL);
SELECT count(*) FROM interest_explain_text('a film', method => 'ledger');
SELECT count(*) FROM interest_explain_text('a film', 'no such interest');
SELECT count(*) FROM interest_explain_text('a film', model => 'people');
SELECT count(*) FROM interest_explain_text(repeat('a ', 1001), method => 'lime');
SELECT count(*) > 10 AS long FROM interest_explain_text(repeat('music ', 10000), method => 'tokens');

-- rules that imitate the model
SELECT count(*) BETWEEN 3 AND 17 AS rules, sum(users) FILTER (WHERE interest IS NOT NULL) AS users, round(sum(coverage) FILTER (WHERE interest IS NOT NULL)::numeric, 6) AS coverage FROM interest_rules('topics');
SELECT rule, interest, users, coverage, fidelity > 0.9 AS faithful FROM interest_rules('topics') ORDER BY ordinal DESC LIMIT 1;
SELECT rule, interest, users, fidelity FROM interest_rules('next_topics', 1) ORDER BY ordinal;
SELECT count(*) FROM interest_rules('topics', 5);
SELECT count(*) FROM interest_rules('topics', 0);

-- no rows, nobody; and what is refused
SELECT count(*) FROM interest_explain(-1);
SELECT count(*) FROM interest_explain(NULL::integer);
SELECT count(*) FROM interest_explain(42, 'no such interest');
SELECT count(*) FROM interest_explain(42, method => 'magic');
SELECT count(*) FROM interest_explain(42, model => 'no such model');
SELECT count(*) FROM interest_explain(ARRAY[42]);
SELECT count(*) > 0 AS text FROM interest_explain('42'::text);

-- rows are read as the caller, models by the right to use them
CREATE ROLE interest_explain_reader;
SET ROLE interest_explain_reader;
SELECT count(*) FROM interest_explain(42);
SELECT count(*) FROM interest_explain_text('a film');
SELECT count(*) FROM interest_rules('topics');
RESET ROLE;
SELECT interest_grant_use('model', 'topics', 'interest_explain_reader');
SET ROLE interest_explain_reader;
SELECT count(*) FROM interest_explain(42);
SELECT count(*) FROM interest_rules('topics');
RESET ROLE;
GRANT SELECT ON visit TO interest_explain_reader;
SET ROLE interest_explain_reader;
SELECT count(*) > 0 AS allowed FROM interest_explain(42);
RESET ROLE;
SELECT interest_revoke_use('model', 'topics', 'interest_explain_reader');
REVOKE ALL ON visit FROM interest_explain_reader;
DROP ROLE interest_explain_reader;

-- What a hostile or an unlucky user may try; each case once went wrong.
\set VERBOSITY terse
SET client_min_messages = warning;

-- a reading written down by hand, with the fingerprints of a model but not its dimensions
SELECT regexp_replace(regexp_replace(interest_embed(3, 'topics')::text, '(coarse|medium|fine|negative|user|vector)=\(([^ )]*)[^)]*\)', '\1=(\2)', 'g'),
	'dimensions=16', 'dimensions=1') AS short \gset
SELECT interest_classify(:'short'::interestvec);
SELECT interest_probability(:'short'::interestvec, 'music', 'topics');

-- an aggregate of one's own that starts with a profile of the same kind
SELECT regexp_replace(interest_accumulate('topics', v)::text, ' rows=.*', ' rows=0 negative_rows=0') AS empty FROM visit v WHERE person = 3 \gset
SELECT replace(:'empty', 'dimensions=16', 'dimensions=1024') AS wide \gset
CREATE AGGREGATE from_empty(text, record) (SFUNC = interest_accumulate_row, STYPE = interest_profile, FINALFUNC = interest_accumulate_final, INITCOND = :'empty');
CREATE AGGREGATE from_wide(text, record) (SFUNC = interest_accumulate_row, STYPE = interest_profile, FINALFUNC = interest_accumulate_final, INITCOND = :'wide');
SELECT from_empty('topics', v) = interest_accumulate('topics', v) AS same FROM visit v WHERE person = 3;
SELECT from_wide('topics', v) FROM visit v WHERE person = 3;
DROP AGGREGATE from_empty(text, record), from_wide(text, record);

-- a cheap function in WHERE sees no row of a view before the right to it is known
CREATE FUNCTION tell(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE WARNING '%', what; RETURN true; END $$;
CREATE ROLE regress_interest_curious;
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SET ROLE regress_interest_curious;
SELECT name FROM interest_models WHERE tell(name);
SELECT model FROM interest_training WHERE tell(model);
SELECT name FROM interest_encoders WHERE tell(name);
RESET ROLE;
SELECT interest_grant_use('encoder', 'tiny', 'public');
DROP ROLE regress_interest_curious;
DROP FUNCTION tell;

-- a column with the name that a query of our own uses
CREATE TABLE named_r AS SELECT person, at, topic AS r, topic AS label FROM visit;
SELECT interest_create_model('named_r', 'named_r', user_id => 'person', at => 'at', categoricals => '{r}', label => 'label', task => 'user', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('named_r', epochs => 1);
SELECT interest_embed(3, 'named_r') = interest_embed('named_r', x) AS same FROM named_r x WHERE person = 3;
SELECT interest_drop_model('named_r');
DROP TABLE named_r;

-- what a value says does not depend on the session's settings
CREATE TABLE styled AS SELECT person, at, decode(md5(topic), 'hex') AS bytes, topic FROM visit;
SELECT interest_create_model('styled', 'styled', user_id => 'person', at => 'at', categoricals => '{bytes}', label => 'topic', options => '{"dimensions": 4}');
SELECT count(*) FROM interest_train('styled', epochs => 1);
SELECT interest_accumulate('styled', s) AS expected FROM styled s \gset
SET bytea_output = 'escape';
SELECT interest_accumulate('styled', s) = :'expected' AS same FROM styled s;
RESET bytea_output;
SELECT interest_accumulate('styled', '{"at": "02/03/2024 10:00", "bytes": "\\x00"}'::jsonb) AS expected \gset
SET datestyle = 'ISO, DMY';
SELECT interest_accumulate('styled', '{"at": "02/03/2024 10:00", "bytes": "\\x00"}'::jsonb) = :'expected' AS same;
RESET datestyle;

-- a user column that became what no user id is
ALTER TABLE styled ALTER person TYPE json USING '1';
SELECT interest_embed(3, 'styled');
SELECT interest_drop_model('styled');
DROP TABLE styled;

-- a blank label is no interest
CREATE VIEW blank_labels AS SELECT person, at, title, CASE WHEN extract(day FROM at)::int % 5 = 0 THEN ' ' ELSE topic END AS topic, array[topic, ''] AS topics FROM visit;
SELECT interest_create_model('blank_' || l, 'blank_labels', user_id => 'person', at => 'at', texts => '{title}', label => l, options => '{"dimensions": 4}') FROM unnest('{topic,topics}'::name[]) l;
SELECT count(*) FROM interest_train('blank_topic', epochs => 1);
SELECT count(*) FROM interest_train('blank_topics', epochs => 1);
SELECT m, array_agg(s.interest ORDER BY s.interest) FROM unnest('{blank_topic,blank_topics}'::text[]) m, unnest(interest_classify(3, m)) s GROUP BY m ORDER BY m;
SELECT interest_drop_model(m) FROM unnest('{blank_topic,blank_topics}'::text[]) m;
DROP VIEW blank_labels;

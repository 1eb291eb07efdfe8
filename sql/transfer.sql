-- From one version to the next: retraining a part, starting from weights,
-- going back, and models as files.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.make(name text, options jsonb DEFAULT '{}', numerics name[] DEFAULT '{score,other}') RETURNS text LANGUAGE sql AS
$$ SELECT interest_create_model(name, 'taste', user_id => 'person', at => 'at', numerics => numerics, label => 'topic', task => 'user', options => '{"dimensions": 8}' || options) $$;
SELECT pg_temp.make('first');
SELECT count(*) FROM interest_train('first', epochs => 3, learning_rate => 0.02);
CREATE TABLE kept AS SELECT person, interest_accumulate('first', t) AS profile, interest_embed('first', t) AS reading, interest_classify('first', t) AS scores FROM taste t WHERE person <= 20 GROUP BY person;

-- the head alone: profiles and readings stay what they are, answers do not
SELECT count(*) FROM interest_train('first', epochs => 2, learning_rate => 0.05, retrain => 'head');
-- the gate with it: profiles stay
SELECT count(*) FROM interest_train('first', epochs => 2, learning_rate => 0.05, retrain => 'gate', from_version => 1);
-- everything, from the weights of the first
SELECT max(validation_loss) < 1.5 * (SELECT min(validation_loss) FROM interest_training WHERE model = 'first' AND version = 1) AS goes_on
FROM interest_train('first', epochs => 1, learning_rate => 0.0005, from_version => 1);
SELECT version, deployed, representation = first_value(representation) OVER w AS representation, reading = first_value(reading) OVER w AS reading
FROM interest_models WHERE name = 'first' WINDOW w AS (ORDER BY version) ORDER BY version;
SELECT bool_and(interest_classify(profile, 'first') = scores) AS by_the_first_that_fits FROM kept;
SELECT interest_deploy('first', 2);
SELECT bool_and(again.profile = kept.profile) AS profiles, bool_and(again.reading = kept.reading) AS readings, bool_or(again.scores = kept.scores) AS scores
FROM kept JOIN (SELECT person, interest_accumulate('first', t) AS profile, interest_embed('first', t) AS reading, interest_classify('first', t) AS scores FROM taste t GROUP BY person) again USING (person);
SELECT bool_and(interest_classify(reading, 'first') = interest_classify(profile, 'first')) AS kept_readings_answer, bool_or(interest_classify(reading, 'first') = scores) AS as_before FROM kept;
SELECT interest_deploy('first', 3);
SELECT bool_and(again.profile = kept.profile) AS profiles, bool_or(again.reading = kept.reading) AS readings
FROM kept JOIN (SELECT person, interest_accumulate('first', t) AS profile, interest_embed('first', t) AS reading FROM taste t GROUP BY person) again USING (person);
SELECT bool_and(interest_read(profile, NULL, 'first') IS NOT NULL) AS kept_profiles_are_read FROM kept;

-- back to what was deployed before, and before that; deploying what is deployed changes nothing
SELECT interest_deploy('first', 3);
SELECT interest_rollback('first') AS "2 again", interest_rollback('first') AS "4", interest_rollback('first') AS "3", interest_rollback('first') AS "2", interest_rollback('first') AS "1";
SELECT version FROM interest_models WHERE name = 'first' AND deployed;
SELECT interest_rollback('first');

-- a new interest: the head keeps what it knows of the others
CREATE TABLE taste_before AS TABLE taste;
UPDATE taste SET topic = 'dance' WHERE person % 12 = 4;
SELECT count(*) FROM interest_train('first', epochs => 2, retrain => 'head');
SELECT array_agg(interest ORDER BY interest) FROM unnest(interest_classify((SELECT reading FROM kept WHERE person = 3), 'first'));
TRUNCATE taste;
INSERT INTO taste TABLE taste_before;

-- discriminants need one pass over readings that stay
SELECT pg_temp.make('discriminants', '{"head": "lda"}');
SELECT epoch, loss, accuracy > 0.85 AS accuracy FROM interest_train('discriminants', epochs => 5, from_model => 'first', from_version => 1, retrain => 'head');
SELECT interest_classify(reading, 'discriminants') IS NOT NULL AS answers_for_readings_of_the_other FROM kept WHERE person = 3;

-- another model's weights, the first epochs of the head alone
SELECT pg_temp.make('second', '{"head": "svm"}');
SELECT count(*), max(accuracy) > 0.85 AS accuracy FROM interest_train('second', epochs => 3, from_model => 'first', from_version => 1, frozen_epochs => 3);
SELECT s.representation = f.representation AS representation FROM interest_models s, interest_models f WHERE s.name = 'second' AND f.name = 'first' AND f.version = 1;

-- wrong input
SELECT count(*) FROM interest_train('first', retrain => 'everything');
SELECT count(*) FROM interest_train('first', from_version => 99);
SELECT count(*) FROM interest_train('first', from_model => 'nothing');
SELECT count(*) FROM interest_train('first', frozen_epochs => -1);
SELECT count(*) FROM interest_train('first', epochs => NULL);
SELECT count(*) FROM interest_train('first', from_model => 'topics');
SELECT pg_temp.make('wide', '{"dimensions": 12}');
SELECT pg_temp.make('narrow', numerics => '{score}');
SELECT count(*) FROM interest_train('wide', from_model => 'first');
SELECT count(*) FROM interest_train('narrow', from_model => 'first');
SELECT count(*) FROM interest_train('narrow', retrain => 'head');
SELECT interest_rollback('narrow');
SELECT interest_rollback('nothing');

SELECT interest_drop_model(s) FROM unnest('{first,second,discriminants,wide,narrow}'::text[]) s;
DROP TABLE kept, taste_before;

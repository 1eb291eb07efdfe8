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

-- a version as a file, and back: the same content, the same answers
CREATE TABLE file AS SELECT interest_export_model('first', 1) AS file;
SELECT interest_import_model('copy', file) FROM file;
SELECT bool_and(a.content_hash = b.content_hash) AS content FROM interest_model_version a, interest_model_version b WHERE a.model = 'first' AND a.version = 1 AND b.model = 'copy';
SELECT bool_and(interest_classify(reading, 'copy') = interest_classify(profile, 'copy')) AS answers, bool_and(interest_classify(reading, 'copy') = scores) AS the_same FROM kept;
SELECT a.definition = b.definition AS definition, (a.source_schema, a.source_name) = (b.source_schema, b.source_name) AS source FROM interest_model a, interest_model b WHERE a.name = 'first' AND b.name = 'copy';
SELECT interest_import_model('copy', interest_export_model('first', 2), deploy => false);
SELECT version, deployed FROM interest_models WHERE name = 'copy' ORDER BY version;
CREATE VIEW elsewhere AS SELECT * FROM taste;
SELECT interest_import_model('copy_elsewhere', file, 'elsewhere') FROM file;
SELECT source_name FROM interest_models WHERE name = 'copy_elsewhere';
SELECT count(*) FROM interest_train('copy_elsewhere', epochs => 1, retrain => 'head');
SELECT interest_export_model('topics') IS NOT NULL AS with_encoder, interest_import_model('copy_of_topics', interest_export_model('topics')) AS version;
SELECT interest_classify(3, 'copy_of_topics') = interest_classify(3, 'topics') AS the_same;

-- what the header says, for anybody who can read JSON
CREATE FUNCTION pg_temp.header(file bytea) RETURNS text LANGUAGE sql AS
$$ SELECT rtrim(convert_from(substr(file, 9, get_byte(file, 0) + 256 * get_byte(file, 1)), 'UTF8')) $$;
CREATE FUNCTION pg_temp.data(file bytea) RETURNS bytea LANGUAGE sql AS
$$ SELECT substr(file, 9 + get_byte(file, 0) + 256 * get_byte(file, 1)) $$;
CREATE FUNCTION pg_temp.with_header(file bytea, header text) RETURNS bytea LANGUAGE sql AS
$$ SELECT set_byte(set_byte('\x0000000000000000', 0, length(h) % 256), 1, length(h) / 256) || h || pg_temp.data(file) FROM convert_to(header, 'UTF8') h $$;
SELECT get_byte(file, 0) % 8 AS aligned, pg_temp.header(file)::jsonb -> '__metadata__' ->> 'interests' AS interests, pg_temp.header(file)::jsonb -> 'gate' ->> 'shape' AS gate,
	(pg_temp.header(file)::jsonb -> '__metadata__' ->> 'definition')::jsonb ->> 'label' AS label FROM file;
-- parameters may be changed, to numbers
SELECT interest_import_model('copy', overlay(file PLACING '\x0000803f' FROM 9 + get_byte(file, 0) + 256 * get_byte(file, 1)), deploy => false) FROM file;
SELECT interest_import_model('copy', overlay(file PLACING '\x0000c07f' FROM 9 + get_byte(file, 0) + 256 * get_byte(file, 1)), deploy => false) FROM file;

-- files that are none, or lie
CREATE FUNCTION pg_temp.try(file bytea) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE detail text;
BEGIN
	RETURN 'imported as ' || interest_import_model('copy', file, deploy => false);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN sqlerrm || CASE WHEN detail = '' THEN '' ELSE ' / ' || detail END;
END $$;
SELECT what, pg_temp.try(CASE WHEN what LIKE 'bytes:%' THEN broken ELSE pg_temp.with_header(file, convert_from(broken, 'UTF8')) END) AS outcome
FROM file, LATERAL (SELECT pg_temp.header(file) AS h) x, LATERAL (VALUES
	('bytes: none', ''::bytea), ('bytes: seven', '\x01020304050607'), ('bytes: a long header', '\xffffffffffffff7f'), ('bytes: no JSON', '\x0100000000000000ff'),
	('bytes: an empty object', '\x02000000000000007b7d'), ('bytes: cut', substr(file, 1, length(file) - 4)), ('bytes: one more', file || '\x00'),
	('an array', '[]'::bytea), ('no metadata', convert_to((h::jsonb - '__metadata__')::text, 'UTF8')),
	('another format', convert_to(replace(h, 'interest-model-1', 'interest-model-9'), 'UTF8')),
	('no sections', convert_to((h::jsonb #- '{__metadata__,sections}')::text, 'UTF8')),
	('sections of text', convert_to(jsonb_set(h::jsonb, '{__metadata__,sections}', '"x"')::text, 'UTF8')),
	('sections of numbers', convert_to(jsonb_set(h::jsonb, '{__metadata__,sections}', '"[1]"')::text, 'UTF8')),
	('a section far away', convert_to(regexp_replace(h, '\\"at\\":[0-9]+', '\"at\":99999999'), 'UTF8')),
	('sections backwards', convert_to(regexp_replace(h, '\\"at\\":[0-9]+', '\"at\":1000'), 'UTF8')),
	('a section elsewhere', convert_to(regexp_replace(h, '\\"at\\":[0-9]+', '\"at\":7'), 'UTF8')),
	('a tensor twice', convert_to(replace(h, '\"mu\",\"theta\"', '\"mu\",\"mu\"'), 'UTF8')),
	('tensors exchanged', convert_to(replace(h, '\"mu\",\"theta\"', '\"theta\",\"mu\"'), 'UTF8')),
	('a tensor missing', convert_to((h::jsonb - 'eta')::text, 'UTF8')),
	('a tensor too many', convert_to((h::jsonb || '{"more": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}')::text, 'UTF8')),
	('another shape', convert_to(jsonb_set(h::jsonb, '{gate,shape}', '[6, 3]')::text, 'UTF8')),
	('another type', convert_to(jsonb_set(h::jsonb, '{eta,dtype}', '"I32"')::text, 'UTF8')),
	('a negative offset', convert_to(jsonb_set(h::jsonb, '{eta,data_offsets}', '[-4, 0]')::text, 'UTF8')),
	('an offset beyond', convert_to(jsonb_set(h::jsonb, '{eta,data_offsets}', '[99999996, 100000000]')::text, 'UTF8')),
	('half an offset', convert_to(jsonb_set(h::jsonb, '{eta,data_offsets}', '[0.5, 4.5]')::text, 'UTF8')),
	('a huge shape', convert_to(jsonb_set(h::jsonb, '{eta,shape}', '[9007199254740992, 9007199254740992]')::text, 'UTF8')),
	('the parameters of another', convert_to(jsonb_set(h::jsonb, '{eta,data_offsets}', h::jsonb #> '{head.log_scale,data_offsets}')::text, 'UTF8'))
) broken(what, broken);

-- a thousand files with some bytes changed: an error or a version, and the server stands
SELECT setseed(0.25);
SELECT count(*) > 900 AS tried, count(*) FILTER (WHERE outcome NOT LIKE 'imported%') > 300 AS refused FROM file, generate_series(1, 1000) i,
	LATERAL (SELECT pg_temp.try(set_byte(set_byte(file, (random() * (CASE WHEN i % 2 = 0 THEN 2000 ELSE length(file) - 1 END))::int, (random() * 255)::int), (random() * (length(file) - 1))::int, i % 256)) AS outcome) x;

-- whose it is
CREATE ROLE regress_interest_stranger;
GRANT CREATE ON SCHEMA public TO regress_interest_stranger;
GRANT SELECT ON file TO regress_interest_stranger;
SELECT interest_grant_use('model', 'first', 'regress_interest_stranger');
SET ROLE regress_interest_stranger;
SELECT interest_export_model('first');
SELECT interest_import_model('first', file) FROM file;
SELECT interest_import_model('mine', file) FROM file;
SELECT interest_rollback('first');
RESET ROLE;
GRANT SELECT ON taste TO regress_interest_stranger;
SET ROLE regress_interest_stranger;
SELECT interest_import_model('mine', file) FROM file;
SELECT owner FROM interest_models WHERE name = 'mine';
SELECT interest_drop_model('mine');
RESET ROLE;

-- a name that is taken, columns that differ, an encoder that is not there
SELECT interest_import_model('copy', file, 'taste') FROM file;
SELECT interest_import_model('narrow', file) FROM file;
SELECT interest_import_model('other', file, 'kept') FROM file;
\set VERBOSITY terse
SELECT interest_import_model('other', pg_temp.with_header(file, regexp_replace(pg_temp.header(file), '"encoder_hash":"[0-9a-f]{8}', '"encoder_hash":"00000000'))) FROM (SELECT interest_export_model('topics')) f(file);
\set VERBOSITY default
SELECT interest_import_model(NULL, file) FROM file;
SELECT interest_import_model('other', NULL);
SELECT interest_export_model(NULL);
SELECT interest_export_model('first', 99);
SELECT interest_export_model('narrow');
SELECT interest_drop_model(s) FROM unnest('{copy,copy_elsewhere,copy_of_topics}'::text[]) s;
DROP VIEW elsewhere;
DROP TABLE file;
REVOKE ALL ON taste FROM regress_interest_stranger;
REVOKE CREATE ON SCHEMA public FROM regress_interest_stranger;
SELECT interest_revoke_use('model', 'first', 'regress_interest_stranger');
DROP ROLE regress_interest_stranger;

SELECT interest_drop_model(s) FROM unnest('{first,second,discriminants,wide,narrow}'::text[]) s;
DROP TABLE kept, taste_before;

-- Interests by name: a model answers before any training.
\getenv tiny INTEREST_TINY
\set VERBOSITY terse
SELECT interest_load_encoder('reads_names', :'tiny' || '/tiny');

CREATE TABLE named_post (person int, at timestamptz, title text, action text, seconds float8, tags text[], topic text);
INSERT INTO named_post
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5, hours => p % 24),
	(ARRAY['the music of the night', 'a sport story', 'space robot travel'])[p % 3 + 1] || ' ' || (i % 4),
	'view', 20 * (p % 3), ARRAY['tag' || p % 3], (ARRAY['the music of the night 1', 'a sport story 1', 'space robot travel 1'])[p % 3 + 1]
FROM generate_series(1, 300) p, generate_series(1, 8) i;

-- no label column; the label is what comes before the comma
SELECT interest_create_model('named', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}',
	kind => 'action', numerics => '{seconds}', categoricals => '{tags}',
	interests => '{"the music of the night 1", " a sport story 1 ", "space robot travel 1,"}',
	options => '{"dimensions": 16}');
SELECT name, version, deployed, definition -> 'interests' AS interests, definition ? 'label' AS label FROM interest_models WHERE name = 'named';
SELECT topic, count(*), count(DISTINCT c[1].interest) AS answers, min(c[1].interest) AS answer, bool_and(c[1].probability > 0.5) AS sure
FROM (SELECT person, min(topic) AS topic, interest_classify('named', r) AS c FROM named_post r GROUP BY person) x GROUP BY topic ORDER BY topic;

-- the same source and names give the same version
SELECT interest_create_model('again', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}',
	kind => 'action', numerics => '{seconds}', categoricals => '{tags}',
	interests => '{"space robot travel 1,", "the music of the night 1", " a sport story 1 "}',
	options => '{"dimensions": 16}');
SELECT count(DISTINCT representation) = 1 AS same FROM interest_models WHERE name IN ('named', 'again');

-- aggregates, scalars, tracking and documents agree
SELECT interest_classify(7, 'named') = (SELECT interest_classify('named', r) FROM named_post r WHERE person = 7) AS scalar;
SELECT interest_track('named') IS NOT NULL AS tracked;
INSERT INTO named_post VALUES (7, '2024-03-01 UTC', 'space robot travel', 'view', 0, NULL, NULL);
SELECT interest_classify(7, 'named') = (SELECT interest_classify('named', r) FROM named_post r WHERE person = 7) AS tracked;
SELECT interest_untrack('named');
SELECT interest_classify('named', '{"at": "2024-01-01", "title": "space robot travel"}'::jsonb) =
	(SELECT interest_classify('named', r) FROM (VALUES (timestamptz '2024-01-01 UTC', 'space robot travel', NULL, NULL::float8, NULL::text[])) r(at, title, action, seconds, tags)) AS document;
SELECT count(*) > 1 AS topics FROM interest_topics(interest_embed(7, 'named'), 'named');

-- exported and imported it answers alike
SELECT interest_import_model('copy', interest_export_model('named'));
SELECT interest_classify('copy', r) = interest_classify('named', r) AS same FROM named_post r WHERE person = 8;

-- what needs labels says so
SELECT interest_train('named');
SELECT count(*) FROM interest_evaluate('named');

-- few labels: training starts from the names
CREATE TABLE labelled AS SELECT person, at, title, CASE WHEN person % 20 = 0 THEN topic END AS topic FROM named_post;
DO $$
DECLARE head text; options jsonb;
BEGIN
	SET LOCAL client_min_messages = warning;
	FOREACH head IN ARRAY ARRAY['softmax', 'logistic', 'svm', 'lda'] LOOP
		options := jsonb_build_object('dimensions', 16, 'head', head);
		PERFORM interest_create_model(head, 'labelled', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', label => 'topic',
			interests => '{"the music of the night 1", "a sport story 1", "space robot travel 1", "the kitchen"}',
			options => options);
	END LOOP;
	FOREACH head IN ARRAY ARRAY['add', 'gate', 'attention'] LOOP
		options := jsonb_build_object('dimensions', 16, 'fusion', head);
		PERFORM interest_create_model(head, 'labelled', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', label => 'topic',
			interests => '{"the music of the night 1", "a sport story 1", "space robot travel 1", "the kitchen"}',
			options => options);
	END LOOP;
END $$;
CREATE FUNCTION right_answers(model text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM (SELECT person, interest_classify(model, r) AS c FROM labelled r GROUP BY person) x
	WHERE c[1].interest = (ARRAY['the music of the night 1', 'a sport story 1', 'space robot travel 1'])[person % 3 + 1] $$;
SET client_min_messages = warning;
SELECT model, right_answers(model) AS before, (SELECT count(*) FROM interest_train(model, epochs => 2)) AS epochs, right_answers(model) >= 299 AS after
FROM unnest(ARRAY['softmax', 'logistic', 'svm', 'lda', 'add', 'gate', 'attention']) model;
SELECT array_length(interest_classify(1, 'softmax'), 1) AS interests;

-- few labels, by chance more of one interest than of another: training knows no less of other texts than the names did
CREATE TABLE chance AS
SELECT DISTINCT ON (person) person, at, title, CASE WHEN person <= (ARRAY[15, 7, 2])[person % 3 + 1] THEN topic END AS topic,
	CASE WHEN person > 290 THEN 'validation' ELSE 'train' END AS role
FROM named_post ORDER BY person, at;
CREATE TABLE mixed AS
SELECT concat_ws(' ', a, b, c) AS title, (ARRAY['the music of the night 1', 'a sport story 1', 'space robot travel 1'])[
	CASE WHEN a || b || c ~ '(music.*night|night.*music)' THEN 1 WHEN a || b || c ~ '(sport.*story|story.*sport)' THEN 2 ELSE 3 END] AS topic
FROM unnest('{music,night,sport,story,space,robot,travel}'::text[]) a, unnest('{music,night,sport,story,space,robot,travel}'::text[]) b,
	unnest('{music,night,sport,story,space,robot,travel}'::text[]) c
WHERE a <> b AND b <> c AND a <> c AND a || b || c ~ '(music.*night|night.*music|sport.*story|story.*sport|(space|robot|travel).*(space|robot|travel))';
CREATE FUNCTION right_titles() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM (SELECT topic, interest_classify('chance', '2024-01-01 UTC', title) AS c FROM mixed GROUP BY title, topic) x WHERE c[1].interest = topic $$;
SELECT interest_create_model('chance', 'chance', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', label => 'topic',
	interests => '{"the music of the night 1", "a sport story 1", "space robot travel 1"}', options => '{"dimensions": 16, "split_column": "role"}');
SELECT right_titles() AS by_name \gset
SELECT count(*) AS epochs FROM interest_train('chance') \gset
SELECT right_titles() >= :by_name AS no_less;
SELECT interest_drop_model('chance');
DROP FUNCTION right_titles;
DROP TABLE chance, mixed;

-- several interests at once
SELECT interest_create_model('several', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', label => 'tags',
	interests => '{"tag0, the music of the night 1", "tag1, a sport story 1", "tag2, space robot travel 1"}', options => '{"dimensions": 16}');
SELECT DISTINCT c[1].interest FROM (SELECT interest_classify('several', r) AS c FROM named_post r WHERE person = 4 GROUP BY person) x;

-- few rows, or none: the names themselves say how texts differ
CREATE TABLE few (person int, at timestamptz, title text);
SELECT interest_create_model('none', 'few', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}',
	interests => '{"the music of the night", "a sport story"}', options => '{"dimensions": 64}');
SELECT (interest_classify('none', r))[1].interest FROM (SELECT timestamptz '2024-01-01 UTC' AS at, 'a sport story'::text AS title) r;

-- no source at all: it answers for the rows that it is given, and only for them
SELECT interest_create_model('free', encoder => 'reads_names', interests => '{"the music of the night", "a sport story"}', options => '{"dimensions": 64}');
SELECT source_schema, source_name, version, deployed FROM interest_models WHERE name = 'free';
SELECT user_id, (interest_classify('free', r))[1].interest
FROM (VALUES (1, timestamptz '2024-01-01 UTC', 'a sport story'), (2, '2024-01-01 UTC', 'the music of the night')) r(user_id, at, text) GROUP BY user_id ORDER BY user_id;
SELECT interest_classify('free', '2024-01-01 UTC', 'a sport story') = interest_classify('none', '2024-01-01 UTC', 'a sport story') AS as_of_no_rows;
SELECT interest_classify(1, 'free');
SELECT interest_train('free');
SELECT interest_evaluate('free');
SELECT interest_track('free');
SELECT status, detail FROM interest_doctor('free') WHERE check_name = 'source';
SELECT interest_import_model('free_copy', interest_export_model('free'));
SELECT interest_classify('free_copy', '2024-01-01 UTC', 'a sport story') = interest_classify('free', '2024-01-01 UTC', 'a sport story') AS same;
SELECT interest_create_model('named_columns', encoder => 'reads_names', user_id => 'who', at => 'sent', texts => '{subject,body}', kind => 'action',
	interests => '{"the music of the night", "a sport story"}', options => '{"dimensions": 64, "negative_kinds": {"hide": 1}}');
SELECT (interest_classify('named_columns', r))[1].interest FROM (SELECT timestamptz '2024-01-01 UTC' AS sent, NULL AS action, 'a sport'::text AS subject, 'story'::text AS body) r;
SELECT interest_create_model('x', encoder => 'reads_names', label => 'topic', interests => '{music,sport}');
SELECT interest_create_model('x', encoder => 'reads_names', numerics => '{seconds}', interests => '{music,sport}');
SELECT interest_create_model('x', interests => '{music,sport}', options => '{"sentences": false}');

-- wrong input
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{music}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{music,NULL}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{{music,loud},{sport,ball}}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{music,""}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{music," , loud"}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{"music, loud"," music ,soft"}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => ARRAY['music', repeat('x', 1025)]);
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => ARRAY['music', 'long, ' || repeat('x', 1000000)]);
SELECT interest_create_model('x', 'named_post', user_id => 'person', at => 'at', texts => '{title}', interests => '{music,sport}', options => '{"sentences": false}');
SELECT interest_create_model('x', 'named_post', user_id => 'person', at => 'at', numerics => '{seconds}', interests => '{music,sport}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}', interests => '{music,sport}', options => '{"fusion": "multiply"}');
SELECT interest_create_model('x', 'named_post', encoder => 'reads_names', user_id => 'person', at => 'at', texts => '{title}');
SELECT count(*) FROM interest_models WHERE name = 'x';

RESET client_min_messages;
SELECT count(interest_drop_model(name)) FROM unnest('{named,again,copy,softmax,logistic,svm,lda,add,gate,attention,several,none,free,free_copy,named_columns}'::text[]) name;
SELECT interest_drop_encoder('reads_names');
DROP FUNCTION right_answers;
DROP TABLE named_post, labelled, few;

-- Tracked profiles: after every kind of statement, the sum of a user's rows in
-- the profile table is the profile of his rows in the source, byte for byte.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT interest_load_encoder('live', :'tiny' || '/tiny');

CREATE TABLE note (id int PRIMARY KEY, person int, at timestamptz, title text, action text, seconds float8, tags text[], topic text, remark text);
CREATE FUNCTION notes(first int, last int, many int) RETURNS SETOF note LANGUAGE sql AS $$
	SELECT p * 1000 + i, p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5, hours => p % 24),
		(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[p % 3 + 1] || ' ' || (i % 4),
		(ARRAY['view', 'like', 'dislike'])[1 + (p + i) % 3], 20 * (p % 3) + (p * 7 + i * 3) % 10,
		ARRAY[(ARRAY['sound', 'ball', 'star'])[p % 3 + 1], 'tag' || (p + i) % 3],
		(ARRAY['music', 'sport', 'science'])[p % 3 + 1], NULL
	FROM generate_series(first, last) p, generate_series(1, many) i $$;
INSERT INTO note SELECT * FROM notes(1, 40, 6);

-- Users of a model; those whose tracked rows add up; and how many of these,
-- and of the scalar's answers, are not what the source's rows make.
CREATE FUNCTION compare(model text, source text, person text, OUT users bigint, OUT summed bigint, OUT wrong_sums bigint, OUT wrong_answers bigint) LANGUAGE plpgsql AS $$
DECLARE
	profiles text := (SELECT t.profiles FROM interest_tracked t WHERE t.model = compare.model);
BEGIN
	EXECUTE format($q$
		WITH fresh AS (SELECT %2$I AS who, interest_accumulate(%1$L, s) AS profile FROM %3$s s WHERE %2$I IS NOT NULL GROUP BY 1),
		summed AS (SELECT user_id AS who, CASE WHEN bool_and(sign <> 0) AND NOT EXISTS (SELECT FROM %4$s WHERE user_id IS NULL) THEN
				interest_settle(interest_merge(profile) FILTER (WHERE sign = 1), interest_merge(profile) FILTER (WHERE sign = -1)) END AS profile
			FROM %4$s WHERE user_id IS NOT NULL GROUP BY user_id)
		SELECT count(f.who), count(s.profile), count(s.profile) FILTER (WHERE s.profile IS DISTINCT FROM f.profile),
			count(*) FILTER (WHERE interest_embed(coalesce(f.who, s.who), %1$L) IS DISTINCT FROM interest_read(f.profile, NULL, %1$L))
		FROM fresh f FULL JOIN summed s USING (who)$q$, model, person, source, profiles)
	INTO users, summed, wrong_sums, wrong_answers;
END $$;

-- before it is trained, and what cannot be tracked
SELECT interest_create_model('notes', 'note', encoder => 'live', user_id => 'person', at => 'at', texts => '{title}',
	kind => 'action', numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'dominant', options => '{"dimensions": 8}');
SELECT interest_track('notes');
SELECT count(*) FROM interest_train('notes', epochs => 1);
SELECT interest_track('notes', on_tables => '{note}');
SELECT interest_track('notes', on_error => 'ignore');
SELECT interest_track('no such');
SELECT interest_track(NULL);
SELECT interest_rebuild('notes');
SELECT interest_fold('notes');
SELECT interest_forget('notes', 5);
SELECT interest_untrack('notes');

SELECT interest_track('notes');
SELECT interest_track('notes');
SELECT model, profiles, follows, on_error FROM interest_tracked;
\d+ interest_notes_profiles
SELECT tgname, tgenabled, tgtype FROM pg_trigger WHERE tgrelid = 'note'::regclass AND NOT tgisinternal ORDER BY 1;
SELECT sign, count(*), count(DISTINCT user_id), count(DISTINCT fingerprint) FROM interest_notes_profiles GROUP BY sign;
SELECT * FROM compare('notes', 'note', 'person');

-- rows: new users, known users, many, none, without user, without time
INSERT INTO note SELECT * FROM notes(39, 44, 8) ON CONFLICT DO NOTHING;
INSERT INTO note VALUES (1, 3, '2024-02-01 UTC', 'space robot travel', 'like', 3, '{star}');
INSERT INTO note VALUES (2, NULL, '2024-02-01 UTC', 'space robot travel', 'like', 3, '{star}'), (3, 3, NULL, 'space robot', 'like', 3, '{star}');
INSERT INTO note SELECT * FROM note WHERE false;
UPDATE note SET seconds = 5 WHERE false;
DELETE FROM note WHERE false;
SELECT sign, count(*) FROM interest_notes_profiles GROUP BY sign ORDER BY 1;
SELECT * FROM compare('notes', 'note', 'person');

-- an update of what the model reads, of what it does not read, of the user, of the time
UPDATE note SET seconds = seconds + 1, title = title || ' more' WHERE person IN (7, 8);
UPDATE note SET remark = 'read' WHERE person IN (7, 8);
SELECT sign, count(*) FROM interest_notes_profiles GROUP BY sign ORDER BY 1;
UPDATE note SET person = 45 WHERE person = 9 AND id % 2 = 0;
UPDATE note SET person = NULL WHERE id = 10003;
UPDATE note SET person = 11 WHERE id = 2;
UPDATE note SET at = at + interval '1 day' WHERE person = 12;
SELECT * FROM compare('notes', 'note', 'person');

-- the newest row leaves: only the source can tell, until a fold has asked it
UPDATE note SET at = at - interval '1 year' WHERE person = 13;
DELETE FROM note n WHERE person = 14 AND at = (SELECT max(at) FROM note WHERE person = 14);
SELECT * FROM compare('notes', 'note', 'person');
SELECT interest_fold('notes');
SELECT sign, count(*) FROM interest_notes_profiles GROUP BY sign ORDER BY 1;
SELECT * FROM compare('notes', 'note', 'person');
SELECT interest_fold('notes') AS nothing_to_do;

-- upsert, merge, copy, rows that go to and fro
INSERT INTO note SELECT * FROM notes(15, 17, 9) ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds + 2, action = 'like';
MERGE INTO note n USING (SELECT * FROM notes(18, 19, 8)) s ON n.id = s.id
	WHEN MATCHED AND s.id % 3 = 0 THEN DELETE
	WHEN MATCHED THEN UPDATE SET title = s.title || ' again'
	WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.person, s.at, s.title, s.action, s.seconds, s.tags, s.topic);
COPY note (id, person, at, title, action, seconds, tags) FROM stdin;
50001	50	2024-03-01 00:00:00+00	a sport story	view	1	{ball}
50002	50	2024-03-02 00:00:00+00	a sport story	view	1	{ball}
20100	20	1999-03-02 00:00:00+00	a sport story	\N	\N	\N
\.
WITH gone AS (DELETE FROM note WHERE person = 21 RETURNING *) INSERT INTO note SELECT * FROM gone WHERE false;
WITH gone AS (DELETE FROM note WHERE person = 22 RETURNING *) INSERT INTO note SELECT id + 500000, 23, at, title, action, seconds, tags FROM gone;
SELECT * FROM compare('notes', 'note', 'person');

-- what is rolled back was never there, in whole or in part
BEGIN;
INSERT INTO note SELECT id + 100000, person, at + interval '30 days', title, action, seconds, tags FROM note WHERE person = 24;
SELECT * FROM compare('notes', 'note', 'person');
SAVEPOINT before;
DELETE FROM note WHERE person = 24;
INSERT INTO note VALUES (4, 25, '2025-01-01 UTC', 'a sport story', 'view', 1, '{ball}');
SELECT * FROM compare('notes', 'note', 'person');
ROLLBACK TO before;
SELECT * FROM compare('notes', 'note', 'person');
COMMIT;
BEGIN;
DELETE FROM note WHERE person BETWEEN 25 AND 30;
SELECT interest_embed(25, 'notes') IS NULL AS gone;
SELECT interest_fold('notes') > 0 AS folded;
ROLLBACK;
SELECT * FROM compare('notes', 'note', 'person');

-- a statement whose rows cannot be followed fails
INSERT INTO note VALUES (5, 25, '2025-01-01 UTC', 'a sport story', 'view', 'NaN', '{ball}');
INSERT INTO note VALUES (5, 25, 'infinity', 'a sport story', 'view', 1, '{ball}');
\set VERBOSITY sqlstate
INSERT INTO note VALUES (5, 25, clock_timestamp() + interval '2 days', 'a sport story', 'view', 1, '{ball}');
\set VERBOSITY default
INSERT INTO note VALUES (5, 25, clock_timestamp() + interval '2 hours', 'a sport story', 'view', 1, '{ball}');
\set VERBOSITY sqlstate
UPDATE note SET at = at + interval '2 days' WHERE id = 5;
\set VERBOSITY default
DELETE FROM note WHERE id = 5;
SELECT * FROM compare('notes', 'note', 'person');

-- the scalars read what is tracked, and a rebuild makes it right
UPDATE interest_notes_profiles p SET profile = q.profile FROM interest_notes_profiles q WHERE p.user_id = 31 AND q.user_id = 32;
SELECT interest_embed(31, 'notes') = interest_embed(32, 'notes') AS tracked,
	interest_classify(31, 'notes') = interest_classify(32, 'notes') AS classified, interest_embed('31', 'notes') = interest_embed(32::bigint, 'notes') AS typed;
SELECT * FROM compare('notes', 'note', 'person');
SELECT interest_rebuild('notes');
SELECT sign, count(*) FROM interest_notes_profiles GROUP BY sign ORDER BY 1;
SELECT * FROM compare('notes', 'note', 'person');
-- and leaves alone what is right
CREATE TABLE before AS SELECT ctid AS place, xmin AS writer, * FROM interest_notes_profiles;
SELECT interest_rebuild('notes');
SELECT count(*), count(b) FROM interest_notes_profiles p LEFT JOIN before b ON b.place = p.ctid AND b.writer = p.xmin;
DROP TABLE before;

-- what was not followed does not go unnoticed when it leaves
ALTER TABLE note DISABLE TRIGGER interest_notes_insert;
INSERT INTO note VALUES (6, 33, '2023-01-01 UTC', 'a sport story', 'view', 1, '{ball}'), (7, 33, '2030-01-01 UTC', 'a sport story', 'view', 1, '{ball}');
ALTER TABLE note ENABLE TRIGGER interest_notes_insert;
DELETE FROM note WHERE id = 7;
SELECT interest_embed(33, 'notes');
SELECT interest_fold('notes');
SELECT interest_rebuild('notes') > 0 AS rebuilt;
SELECT * FROM compare('notes', 'note', 'person');

-- pg_restore --disable-triggers leaves every trigger enabled alike: nothing is counted twice
ALTER TABLE note DISABLE TRIGGER ALL;
ALTER TABLE note ENABLE TRIGGER ALL;
INSERT INTO note SELECT id + 600000, person, at, title, action, seconds, tags FROM note WHERE person = 34;
SELECT * FROM compare('notes', 'note', 'person');
-- a rebuild puts them right
SELECT interest_rebuild('notes') > 0 AS rebuilt;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'note'::regclass AND NOT tgisinternal ORDER BY 1;
-- where replication applies, the row trigger follows
SET session_replication_role = replica;
INSERT INTO note SELECT id + 700000, person, at, title, action, seconds, tags FROM note WHERE person = 35;
UPDATE note SET seconds = 7 WHERE person = 36;
UPDATE note SET person = 38 WHERE person = 37;
DELETE FROM note WHERE id % 4 = 0 AND person < 7;
RESET session_replication_role;
SELECT * FROM compare('notes', 'note', 'person');

-- one user's rows go, and then all that is kept of him
SELECT interest_forget('notes', 39);
DELETE FROM note WHERE person IN (39, 40);
SELECT interest_forget('notes', 39) > 0 AS deleted, interest_forget('notes', '40'::text) > 0 AS deleted_by_text;
SELECT interest_forget('notes', 39) AS again;
SELECT interest_forget('notes', ARRAY[39]);
SELECT count(*) FROM interest_notes_profiles WHERE user_id IN (39, 40);
SELECT * FROM compare('notes', 'note', 'person');
INSERT INTO note SELECT * FROM notes(39, 39, 3);
SELECT * FROM compare('notes', 'note', 'person');

-- all rows go
BEGIN;
TRUNCATE note;
SELECT interest_embed(1, 'notes') IS NULL AS gone;
INSERT INTO note SELECT * FROM notes(1, 3, 3);
SELECT * FROM compare('notes', 'note', 'person');
SELECT interest_fold('notes');
SELECT * FROM compare('notes', 'note', 'person');
SELECT count(*) FROM interest_notes_profiles;
ROLLBACK;
SELECT * FROM compare('notes', 'note', 'person');
TRUNCATE note;
SELECT interest_embed(1, 'notes') IS NULL AS gone;
INSERT INTO note SELECT * FROM notes(1, 20, 3);
SELECT * FROM compare('notes', 'note', 'person');
SELECT interest_rebuild('notes');
SELECT * FROM compare('notes', 'note', 'person');

-- only READ COMMITTED sees what a fold has waited for
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT interest_fold('notes');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT interest_rebuild('notes');
ROLLBACK;
BEGIN READ ONLY;
SELECT interest_fold('notes');
ROLLBACK;
-- everything else works at any level
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO note SELECT * FROM notes(30, 32, 5);
DELETE FROM note WHERE person = 4;
SELECT * FROM compare('notes', 'note', 'person');
COMMIT;
SELECT * FROM compare('notes', 'note', 'person');

-- a version of another representation: its readings come from the source until a rebuild
SELECT count(*) FROM interest_train('notes', epochs => 2, learning_rate => 0.01, deploy => false);
SET client_min_messages = notice;
SELECT interest_deploy('notes', 2);
SET client_min_messages = warning;
INSERT INTO note SELECT * FROM notes(33, 34, 5);
SELECT count(DISTINCT fingerprint) FROM interest_notes_profiles;
SELECT count(*) FILTER (WHERE interest_embed(person, 'notes') = fresh) AS right, count(*) FROM (SELECT person, interest_embed('notes', n) AS fresh FROM note n GROUP BY person) x;
SELECT interest_rebuild('notes');
SELECT count(DISTINCT fingerprint) FROM interest_notes_profiles;
SELECT * FROM compare('notes', 'note', 'person');
SET client_min_messages = notice;
SELECT interest_deploy('notes', 1);
SELECT interest_fold('notes');
SELECT interest_deploy('notes', 1);
SET client_min_messages = warning;
SELECT * FROM compare('notes', 'note', 'person');

-- a profile table that is gone, under another name
ALTER TABLE interest_notes_profiles RENAME TO hidden;
SELECT interest_embed(1, 'notes') = (SELECT interest_embed('notes', n) FROM note n WHERE person = 1) AS from_rows;
INSERT INTO note SELECT * FROM notes(60, 60, 1);
SELECT interest_rebuild('notes');
ALTER TABLE hidden RENAME TO interest_notes_profiles;
SELECT * FROM compare('notes', 'note', 'person');

-- a trigger of somebody else's making follows nothing
CREATE TABLE stranger (LIKE note);
CREATE TRIGGER sneak AFTER INSERT ON stranger REFERENCING NEW TABLE AS interest_new FOR EACH STATEMENT EXECUTE FUNCTION interest_follow('notes');
INSERT INTO stranger SELECT * FROM notes(1, 1, 1);
SELECT interest_rebuild('notes') > 0 AS rebuilt;
INSERT INTO stranger SELECT * FROM notes(1, 1, 1);
CREATE TRIGGER sneak BEFORE INSERT ON stranger FOR EACH ROW EXECUTE FUNCTION interest_follow('notes');
INSERT INTO stranger SELECT * FROM notes(1, 1, 1);
DROP TABLE stranger;
SELECT interest_follow();

-- the end, and the end with the model
SELECT interest_untrack('notes');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'note'::regclass AND NOT tgisinternal;
SELECT to_regclass('interest_notes_profiles'), (SELECT count(*) FROM interest_tracking), (SELECT count(*) FROM interest_tracked_table);
INSERT INTO note SELECT * FROM notes(60, 60, 1);
SELECT interest_track(model => 'notes', on_tables => NULL, on_error => 'warn');
SELECT interest_drop_model('notes');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'note'::regclass AND NOT tgisinternal;
SELECT to_regclass('interest_notes_profiles'), (SELECT count(*) FROM interest_tracking), (SELECT count(*) FROM interest_tracked_table);
INSERT INTO note SELECT * FROM notes(61, 61, 1);
DROP TABLE note CASCADE;

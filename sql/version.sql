-- Versions: each statement, cursor and snapshot sees its own, never a stale or
-- an uncommitted one.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE FUNCTION reading(person int) RETURNS text LANGUAGE sql AS $$ SELECT md5(interest_embed(person, 'people')::text) $$;
CREATE FUNCTION train() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM interest_train('people', epochs => 1) $$;
SELECT reading(5) AS first \gset

-- train, use, roll back, use
BEGIN;
SELECT train();
SELECT reading(5) <> :'first' AS new_version, (SELECT max(version) FROM interest_models WHERE name = 'people') AS version;
ROLLBACK;
SELECT reading(5) = :'first' AS old_version, (SELECT max(version) FROM interest_models WHERE name = 'people') AS version;

-- the same in a savepoint, also within one PL/pgSQL function
BEGIN;
SAVEPOINT s;
SELECT train();
SELECT reading(5) <> :'first' AS new_version;
ROLLBACK TO s;
SELECT reading(5) = :'first' AS old_version;
COMMIT;
DO $$
DECLARE
	seen text[];
	v interestvec;
BEGIN
	FOR i IN 1..2 LOOP
		SELECT interest_embed('people', x) INTO v FROM visit x WHERE person = 5;
		seen := seen || md5(v::text);
		BEGIN
			PERFORM train();
			SELECT interest_embed('people', x) INTO v FROM visit x WHERE person = 5;
			seen := seen || md5(v::text);
			RAISE EXCEPTION 'no';
		EXCEPTION WHEN raise_exception THEN
			NULL;
		END;
	END LOOP;
	RAISE WARNING 'old, new, old, new: % %', seen[1] = seen[3] AND seen[2] = seen[4], seen[1] <> seen[2];
END $$;

-- a version that is not deployed answers only when deployed
SELECT count(*) FROM interest_train('people', epochs => 1, deploy => false);
SELECT version, deployed FROM interest_models WHERE name = 'people' ORDER BY version;
SELECT reading(5) = :'first' AS old_version;
SELECT interest_deploy('people', 2);
SELECT reading(5) <> :'first' AS new_version;
SELECT version, deployed FROM interest_models WHERE name = 'people' ORDER BY version;
SELECT interest_deploy('people', 1);
SELECT reading(5) = :'first' AS old_version;
SELECT interest_deploy('people', 9);

-- a deploy during a cursor: the cursor goes on with its version
BEGIN;
DECLARE c CURSOR FOR SELECT md5(interest_embed('people', v)::text) FROM visit v WHERE person IN (5, 6, 7) GROUP BY person ORDER BY person;
FETCH 1 FROM c \gset before_
SELECT interest_deploy('people', 2);
FETCH 1 FROM c \gset after_
SELECT :'before_md5' = :'first' AS first_is_old;
CLOSE c;
SELECT md5(interest_embed('people', v)::text) <> :'after_md5' AS cursor_went_on FROM visit v WHERE person = 6;
ROLLBACK;

-- profiles know which version made them
SELECT interest_accumulate('people', v) AS old_profile FROM visit v WHERE person = 5 \gset
SELECT interest_deploy('people', 2);
SELECT interest_read(:'old_profile');
SELECT interest_read(:'old_profile', model => 'people') IS NOT NULL AS by_name;
SELECT interest_merge(p) FROM (SELECT :'old_profile'::interest_profile UNION ALL SELECT interest_accumulate('people', v) FROM visit v WHERE person = 5) x(p);
SELECT interest_deploy('people', 1);

-- dropped
SELECT interest_create_model('gone', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic');
SELECT count(*) FROM interest_train('gone', epochs => 1);
SELECT interest_drop_model('gone');
SELECT interest_embed(5, 'gone');
SELECT count(*) FROM interest_models WHERE name = 'gone';

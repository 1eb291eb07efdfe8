-- Rights: on models and encoders, on the source, on some of its columns, and
-- row security.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_interest_owner;
CREATE ROLE regress_interest_reader;
GRANT CREATE ON SCHEMA public TO regress_interest_owner;
GRANT SELECT ON visit TO regress_interest_owner;

-- an owner needs to read the source, and a right to the encoder
SET ROLE regress_interest_reader;
SELECT interest_create_model('mine', 'visit', user_id => 'person', at => 'at', texts => '{title}', label => 'topic');
SELECT interest_load_encoder('other', '/tmp');
RESET ROLE;
GRANT SELECT (person, at) ON visit TO regress_interest_reader;
SET ROLE regress_interest_reader;
SELECT interest_create_model('mine', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic');
RESET ROLE;
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SET ROLE regress_interest_owner;
SELECT interest_create_model('mine', 'visit', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', encoder => 'tiny');
SELECT interest_create_model('mine', 'visit', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"sentences": true}');
SELECT count(*) FROM interest_encoders;
RESET ROLE;
SELECT interest_grant_use('encoder', 'tiny', 'regress_interest_owner');
SET ROLE regress_interest_owner;
SELECT count(*) FROM interest_encoders;
SELECT interest_create_model('mine', 'visit', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', encoder => 'tiny', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('mine', epochs => 1);
SELECT owner, version, deployed FROM interest_models WHERE name = 'mine';
RESET ROLE;

-- others see and use nothing of it
SET ROLE regress_interest_reader;
SELECT count(*) FROM interest_models;
SELECT count(*) FROM interest_training;
SELECT * FROM interest_model;
SELECT * FROM interest_encoder_chunk;
SELECT interest_embed(5, 'mine');
SELECT interest_embed('mine', r) FROM (SELECT now() AS at, 'a film' AS title) r;
SELECT interest_train('mine');
SELECT interest_evaluate('mine');
SELECT interest_deploy('mine', 1);
SELECT interest_drop_model('mine');
SELECT interest_drop_encoder('tiny');
SELECT interest_grant_use('model', 'mine', 'regress_interest_reader');
SELECT interest_has_use('model', 'mine'), interest_has_use('model', 'none such');
RESET ROLE;

-- use is given by the owner; it covers the model's encoder, never the source
SET ROLE regress_interest_owner;
SELECT interest_grant_use('model', 'mine', 'no such role');
SELECT interest_grant_use('model', 'mine', 'regress_interest_reader');
SELECT interest_grant_use('film', 'mine', 'regress_interest_reader');
SELECT interest_drop_encoder('tiny');
SET ROLE regress_interest_reader;
SELECT name FROM interest_models;
SELECT interest_embed('mine', r) IS NOT NULL AS own_rows FROM (SELECT now() AS at, 'a film' AS title) r;
SELECT interest_encode('a film', 'tiny');
SELECT interest_embed(5, 'mine');
SELECT interest_evaluate('mine');
SELECT interest_train('mine');
SELECT interest_deploy('mine', 1);
RESET ROLE;
GRANT SELECT (title) ON visit TO regress_interest_reader;
SET ROLE regress_interest_reader;
SELECT interest_embed(5, 'mine') IS NOT NULL AS columns_suffice;
RESET ROLE;

-- row security: what the caller may not see does not count
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON visit TO regress_interest_reader USING (person = 5 AND at < '2024-01-10');
SET ROLE regress_interest_reader;
SELECT positive_rows FROM interestvec_info(interest_embed(5, 'mine'));
SELECT interest_embed(6, 'mine') IS NULL AS hidden;
RESET ROLE;
SELECT positive_rows FROM interestvec_info(interest_embed(5, 'mine'));
DROP POLICY few ON visit;
ALTER TABLE visit DISABLE ROW LEVEL SECURITY;

-- taken back; to everyone; by a role's members
SELECT interest_revoke_use('model', 'mine', 'regress_interest_reader');
SET ROLE regress_interest_reader;
SELECT interest_embed(5, 'mine');
RESET ROLE;
SELECT interest_grant_use('model', 'mine', 'public');
SET ROLE regress_interest_reader;
SELECT interest_embed(5, 'mine') IS NOT NULL AS everyone;
RESET ROLE;
SELECT interest_revoke_use('model', 'mine', 'public');
CREATE ROLE regress_interest_member IN ROLE regress_interest_owner;
SET ROLE regress_interest_member;
SELECT interest_deploy('mine', 1);
SELECT interest_drop_model('mine');
RESET ROLE;
SELECT count(*) FROM interest_grant WHERE object = 'mine';

-- a hostile search_path changes nothing
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.textcat(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'hostile' $$;
CREATE TABLE hostile.interest_model (name text, owner name);
SET search_path = hostile, public;
SELECT name FROM interest_models WHERE name = 'topics';
SELECT interest_grant_use('model', 'topics', 'regress_interest_reader');
SELECT interest_revoke_use('model', 'topics', 'regress_interest_reader');
RESET search_path;
DROP SCHEMA hostile CASCADE;

SELECT interest_grant_use('encoder', 'tiny', 'public');
REVOKE ALL ON visit FROM regress_interest_reader, regress_interest_owner;
REVOKE ALL ON SCHEMA public FROM regress_interest_owner;
DROP ROLE regress_interest_reader, regress_interest_owner, regress_interest_member;

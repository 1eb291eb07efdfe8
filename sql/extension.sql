--
-- What CREATE EXTENSION makes: names, rights, what a dump keeps, and a clean end
--
\pset format unaligned
SET client_min_messages = warning;
DROP EXTENSION interest;
SELECT count(*) FROM pg_class WHERE relname LIKE 'interest%';
SELECT count(*) FROM pg_proc WHERE proname LIKE 'interest%';
SELECT count(*) FROM pg_type WHERE typname LIKE '%interest%';
CREATE EXTENSION interest;

SELECT extversion, extrelocatable FROM pg_extension WHERE extname = 'interest';
SELECT superuser, trusted, relocatable FROM pg_available_extension_versions WHERE name = 'interest' AND installed;

CREATE VIEW extension_member AS
  SELECT classid::regclass AS kind, objid FROM pg_depend
  WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'interest');

-- Names that are not ours: none.
SELECT proname FROM pg_proc JOIN extension_member ON kind = 'pg_proc'::regclass AND objid = oid
  WHERE proname !~ '^interest';
SELECT relname FROM pg_class JOIN extension_member ON kind = 'pg_class'::regclass AND objid = oid
  WHERE relname !~ '^interest';
SELECT typname FROM pg_type JOIN extension_member ON kind = 'pg_type'::regclass AND objid = oid
  WHERE typname !~ '^_?interest';

-- Functions that run with another's rights: none.
SELECT proname FROM pg_proc JOIN extension_member ON kind = 'pg_proc'::regclass AND objid = oid
  WHERE prosecdef;

-- Tables and sequences: every one is dumped and grants nothing.
SELECT relname, relkind, pg_class.oid = ANY (extconfig) AS dumped, relacl
  FROM pg_class JOIN extension_member ON kind = 'pg_class'::regclass AND objid = pg_class.oid, pg_extension
  WHERE relkind IN ('r', 'S') AND extname = 'interest'
    AND (NOT COALESCE(pg_class.oid = ANY (extconfig), false) OR relacl IS NOT NULL)
  ORDER BY relname COLLATE "C";

-- Columns of types that pg_upgrade refuses or a dump cannot carry over: none.
SELECT attrelid::regclass, attname, atttypid::regtype FROM pg_attribute
  JOIN extension_member ON kind = 'pg_class'::regclass AND objid = attrelid
  WHERE atttypid::regtype::text LIKE 'reg%' AND attnum > 0;

-- Functions, operators, types, tables and views without a comment: none.
SELECT pg_describe_object(kind, objid, 0) FROM extension_member
  WHERE kind IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
    AND obj_description(objid, kind::regclass::text) IS NULL
    AND NOT EXISTS (SELECT FROM pg_class WHERE kind = 'pg_class'::regclass AND oid = objid AND relkind NOT IN ('r', 'v'))
    AND NOT EXISTS (SELECT FROM pg_type WHERE kind = 'pg_type'::regclass AND oid = objid AND (typelem <> 0 OR typname NOT IN ('interestvec', 'interest_profile', 'interest_score')))
  ORDER BY 1;

-- What not everybody may call.
SELECT proname FROM pg_proc JOIN extension_member ON kind = 'pg_proc'::regclass AND objid = oid
  WHERE NOT has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1;

DROP VIEW extension_member;

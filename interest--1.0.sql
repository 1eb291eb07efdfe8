/* interest--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION interest" to load this file. \quit

--
-- Stores.  They grant nothing: functions check rights, then read and write
-- them as their owner.  References to tables and roles are names, never reg*
-- types or oids, so that a dump restores anywhere.  Keys compare as bytes, so
-- that an operating system's new collation cannot break their indexes.
-- No foreign keys: a restore by several jobs fills the tables in any order.
--

CREATE TABLE interest_encoder (
	name text COLLATE "C" PRIMARY KEY,
	owner name NOT NULL,
	config bytea NOT NULL,
	content_hash bytea NOT NULL,
	storage text NOT NULL,
	dimensions integer NOT NULL,
	layers integer NOT NULL,
	heads integer NOT NULL,
	max_length integer NOT NULL,
	vocabulary_size integer NOT NULL,
	pooling text NOT NULL,
	size bigint NOT NULL,
	loaded_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);

CREATE TABLE interest_encoder_chunk (
	encoder text COLLATE "C" NOT NULL,
	ordinal integer NOT NULL,
	data bytea NOT NULL,
	PRIMARY KEY (encoder, ordinal)
);

CREATE TABLE interest_model (
	name text COLLATE "C" PRIMARY KEY,
	owner name NOT NULL,
	source_schema name NOT NULL,
	source_name name NOT NULL,
	encoder text COLLATE "C",
	definition jsonb NOT NULL,
	versions integer NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	deployed_before integer[] NOT NULL DEFAULT '{}'
);

CREATE TABLE interest_model_version (
	model text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	content_hash bytea NOT NULL,
	encoder_hash bytea,
	representation bytea NOT NULL,
	reading bytea NOT NULL,
	deployed boolean NOT NULL,
	size bigint NOT NULL,
	trained_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (model, version)
);

CREATE UNIQUE INDEX interest_model_version_deployed ON interest_model_version (model) WHERE deployed;
CREATE INDEX interest_model_version_content ON interest_model_version (content_hash);
CREATE INDEX interest_model_version_representation ON interest_model_version (representation);

CREATE TABLE interest_model_chunk (
	model text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	ordinal integer NOT NULL,
	data bytea NOT NULL,
	PRIMARY KEY (model, version, ordinal)
);

CREATE TABLE interest_training_run (
	model text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	epoch integer NOT NULL,
	phase text NOT NULL,
	loss float8,
	validation_loss float8,
	accuracy float8,
	rows_per_second float8,
	seconds float8,
	PRIMARY KEY (model, version, epoch)
);

CREATE TABLE interest_grant (
	kind text COLLATE "C" NOT NULL CHECK (kind OPERATOR(pg_catalog.=) ANY (ARRAY['encoder', 'model'])),
	object text COLLATE "C" NOT NULL,
	role name NOT NULL,
	PRIMARY KEY (kind, object, role)
);

ALTER TABLE interest_encoder_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE interest_model_chunk ALTER COLUMN data SET STORAGE EXTERNAL;

COMMENT ON TABLE interest_encoder IS 'text encoders; see the view interest_encoders';
COMMENT ON TABLE interest_encoder_chunk IS 'vocabulary and weights of encoders, in pieces of at most 1 MB';
COMMENT ON TABLE interest_model IS 'models and what their behaviour rows are; see the view interest_models';
COMMENT ON TABLE interest_model_version IS 'trained versions of models';
COMMENT ON TABLE interest_model_chunk IS 'content of model versions, in pieces of at most 1 MB';
COMMENT ON TABLE interest_training_run IS 'one row an epoch of every training; see the view interest_training';
COMMENT ON TABLE interest_grant IS 'roles that may use an encoder or a model besides its owner';

SELECT pg_catalog.pg_extension_config_dump('interest_encoder', '');
SELECT pg_catalog.pg_extension_config_dump('interest_encoder_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('interest_model', '');
SELECT pg_catalog.pg_extension_config_dump('interest_model_version', '');
SELECT pg_catalog.pg_extension_config_dump('interest_model_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('interest_training_run', '');
SELECT pg_catalog.pg_extension_config_dump('interest_grant', '');

CREATE TABLE interest_tracking (
	model text COLLATE "C" PRIMARY KEY REFERENCES interest_model ON DELETE CASCADE,
	profile_schema name NOT NULL,
	profile_table name NOT NULL,
	on_error text NOT NULL CHECK (on_error OPERATOR(pg_catalog.=) ANY (ARRAY['error', 'warn'])),
	tracked_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);

CREATE TABLE interest_tracked_table (
	model text COLLATE "C" NOT NULL REFERENCES interest_tracking ON DELETE CASCADE,
	table_schema name NOT NULL,
	table_name name NOT NULL,
	PRIMARY KEY (model, table_schema, table_name)
);

COMMENT ON TABLE interest_tracking IS 'models whose profiles follow their source; see the view interest_tracked';
COMMENT ON TABLE interest_tracked_table IS 'tables that tracked models follow, with their partitions';

SELECT pg_catalog.pg_extension_config_dump('interest_tracking', '');
SELECT pg_catalog.pg_extension_config_dump('interest_tracked_table', '');

CREATE TABLE interest_catalogue (
	model text COLLATE "C" PRIMARY KEY REFERENCES interest_model ON DELETE CASCADE,
	source_schema name NOT NULL,
	source_name name NOT NULL,
	item_id name NOT NULL,
	category name,
	popularity name,
	published name,
	seen name,
	popularity_weight float8 NOT NULL,
	freshness_weight float8 NOT NULL,
	freshness_days float8 NOT NULL,
	table_schema name NOT NULL,
	table_name name NOT NULL,
	search boolean NOT NULL,
	features name[] NOT NULL
);

CREATE TABLE interest_catalogue_change (
	model text COLLATE "C" NOT NULL,
	change bigint NOT NULL,
	items text[],
	PRIMARY KEY (model, change)
);

COMMENT ON TABLE interest_catalogue IS 'where the items of models are; see the view interest_catalogues';
COMMENT ON TABLE interest_catalogue_change IS 'what has changed in catalogues since they were built: the items of each change, NULL for any';

SELECT pg_catalog.pg_extension_config_dump('interest_catalogue', '');
SELECT pg_catalog.pg_extension_config_dump('interest_catalogue_change', '');

--
-- Rights
--

CREATE FUNCTION interest_has_use(kind text, object text) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_grant_use(kind text, object text, role name) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_revoke_use(kind text, object text, role name) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION interest_has_use(text, text) IS 'whether the current user may use an encoder or a model (kind ''encoder'' or ''model'')';
COMMENT ON FUNCTION interest_grant_use(text, text, name) IS 'lets a role (or public) use an encoder or a model; for its owner';
COMMENT ON FUNCTION interest_revoke_use(text, text, name) IS 'takes back what interest_grant_use gave; for its owner';

--
-- Encoders
--

CREATE FUNCTION interest_load_encoder(name text, directory text, storage text DEFAULT 'fp32') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_quantize_encoder(name text, new_name text, storage text, samples text[] DEFAULT NULL,
		OUT texts integer, OUT mean_cosine double precision, OUT least_cosine double precision,
		OUT least_text text, OUT size bigint, OUT original_size bigint) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_drop_encoder(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_encode_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_encode(body text, encoder text DEFAULT NULL) RETURNS real[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 SUPPORT interest_encode_support;
CREATE FUNCTION interest_encode(bodies text[], encoder text DEFAULT NULL) RETURNS real[]
	AS 'MODULE_PATHNAME', 'interest_encode_array' LANGUAGE C STABLE PARALLEL SAFE COST 1000000;
CREATE FUNCTION interest_tokenize(body text, encoder text DEFAULT NULL,
		OUT ordinal integer, OUT token text, OUT id integer) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 32;
CREATE FUNCTION interest_similarity(a text, b text, encoder text DEFAULT NULL) RETURNS real
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 200000 SUPPORT interest_encode_support;

REVOKE EXECUTE ON FUNCTION interest_load_encoder(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION interest_load_encoder(text, text, text) TO pg_read_server_files;

COMMENT ON FUNCTION interest_load_encoder(text, text, text) IS 'loads a BERT encoder from a Hugging Face directory of the server';
COMMENT ON FUNCTION interest_quantize_encoder(text, text, text, text[]) IS 'makes another encoder of one of fp32, with weights of storage bf16 or int8, and says how near its vectors are on samples (built-in texts where NULL)';
COMMENT ON FUNCTION interest_drop_encoder(text) IS 'drops an encoder that no model uses';
COMMENT ON FUNCTION interest_encode_support(internal) IS 'planner support function: has texts of several rows encoded together';
COMMENT ON FUNCTION interest_encode(text, text) IS 'vector of a text, as the encoder pools and normalises it';
COMMENT ON FUNCTION interest_encode(text[], text) IS 'vectors of texts, one row of the result each';
COMMENT ON FUNCTION interest_tokenize(text, text) IS 'tokens of a text as the encoder sees them, special tokens and truncation included';
COMMENT ON FUNCTION interest_similarity(text, text, text) IS 'cosine of the vectors of two texts';

CREATE FUNCTION interest_doctor(model text DEFAULT NULL,
		OUT check_name text, OUT status text, OUT detail text, OUT fix text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION interest_doctor(text) IS 'what is installed, loaded and shared, with what to do about what is not as it should be (status ok, warning or error)';

CREATE VIEW interest_encoders WITH (security_barrier) AS
	SELECT e.name, e.owner, e.dimensions, e.layers, e.heads, e.max_length,
		e.vocabulary_size, e.pooling, e.storage, e.size,
		pg_catalog.encode(e.content_hash, 'hex') AS fingerprint, e.loaded_at
	FROM @extschema@.interest_encoder e
	WHERE @extschema@.interest_has_use('encoder', e.name);
GRANT SELECT ON interest_encoders TO PUBLIC;
COMMENT ON VIEW interest_encoders IS 'encoders that the current user may use';

--
-- interest_profile: the exact, mergeable state of a user
--

CREATE TYPE interest_profile;

CREATE FUNCTION interest_profile_in(cstring) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_out(interest_profile) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_recv(internal) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_send(interest_profile) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE interest_profile (
	INPUT = interest_profile_in,
	OUTPUT = interest_profile_out,
	RECEIVE = interest_profile_recv,
	SEND = interest_profile_send,
	STORAGE = external
);
COMMENT ON TYPE interest_profile IS 'exact, mergeable state of a user''s behaviour, from which interests are read';

CREATE FUNCTION interest_profile_eq(interest_profile, interest_profile) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_ne(interest_profile, interest_profile) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_lt(interest_profile, interest_profile) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_le(interest_profile, interest_profile) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_gt(interest_profile, interest_profile) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_ge(interest_profile, interest_profile) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_cmp(interest_profile, interest_profile) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_hash(interest_profile) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_hash_extended(interest_profile, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR = (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);

CREATE FUNCTION interest_profile_add(interest_profile, interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_profile_subtract(interest_profile, interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR + (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_add, COMMUTATOR = +);
CREATE OPERATOR - (LEFTARG = interest_profile, RIGHTARG = interest_profile, FUNCTION = interest_profile_subtract);

COMMENT ON FUNCTION interest_profile_add(interest_profile, interest_profile) IS 'implementation of + operator';
COMMENT ON FUNCTION interest_profile_subtract(interest_profile, interest_profile) IS 'implementation of - operator';
COMMENT ON OPERATOR + (interest_profile, interest_profile) IS 'profile of all the rows of both';
COMMENT ON OPERATOR - (interest_profile, interest_profile) IS 'profile of the rows of the first without those of the second';

CREATE OPERATOR CLASS interest_profile_ops DEFAULT FOR TYPE interest_profile USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 interest_profile_cmp(interest_profile, interest_profile);
CREATE OPERATOR CLASS interest_profile_ops DEFAULT FOR TYPE interest_profile USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 interest_profile_hash(interest_profile),
	FUNCTION 2 interest_profile_hash_extended(interest_profile, bigint);

-- A user's profile in numbers; newest and oldest reading times are timestamptz.
CREATE FUNCTION interest_profile_info(profile interest_profile,
		OUT dimensions integer, OUT positive_rows bigint, OUT negative_rows bigint,
		OUT newest timestamptz, OUT blocks integer, OUT representation bytea)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION interest_profile_in(cstring) IS 'I/O';
COMMENT ON FUNCTION interest_profile_out(interest_profile) IS 'I/O';
COMMENT ON FUNCTION interest_profile_recv(internal) IS 'I/O';
COMMENT ON FUNCTION interest_profile_send(interest_profile) IS 'I/O';
COMMENT ON FUNCTION interest_profile_eq(interest_profile, interest_profile) IS 'implementation of = operator';
COMMENT ON FUNCTION interest_profile_ne(interest_profile, interest_profile) IS 'implementation of <> operator';
COMMENT ON FUNCTION interest_profile_lt(interest_profile, interest_profile) IS 'implementation of < operator';
COMMENT ON FUNCTION interest_profile_le(interest_profile, interest_profile) IS 'implementation of <= operator';
COMMENT ON FUNCTION interest_profile_gt(interest_profile, interest_profile) IS 'implementation of > operator';
COMMENT ON FUNCTION interest_profile_ge(interest_profile, interest_profile) IS 'implementation of >= operator';
COMMENT ON FUNCTION interest_profile_cmp(interest_profile, interest_profile) IS 'less-equal-greater';
COMMENT ON FUNCTION interest_profile_hash(interest_profile) IS 'hash';
COMMENT ON FUNCTION interest_profile_hash_extended(interest_profile, bigint) IS 'hash';
COMMENT ON OPERATOR = (interest_profile, interest_profile) IS 'equal';
COMMENT ON OPERATOR <> (interest_profile, interest_profile) IS 'not equal';
COMMENT ON OPERATOR < (interest_profile, interest_profile) IS 'less than';
COMMENT ON OPERATOR <= (interest_profile, interest_profile) IS 'less than or equal';
COMMENT ON OPERATOR > (interest_profile, interest_profile) IS 'greater than';
COMMENT ON OPERATOR >= (interest_profile, interest_profile) IS 'greater than or equal';
COMMENT ON FUNCTION interest_profile_info(interest_profile) IS 'what a profile was made from: width, rows, newest time, blocks held, representation';

--
-- interestvec: a reading of a user at one time
--

CREATE TYPE interestvec;

CREATE FUNCTION interestvec_in(cstring) RETURNS interestvec
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_out(interestvec) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_recv(internal) RETURNS interestvec
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_send(interestvec) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE interestvec (
	INPUT = interestvec_in,
	OUTPUT = interestvec_out,
	RECEIVE = interestvec_recv,
	SEND = interestvec_send,
	STORAGE = external
);
COMMENT ON TYPE interestvec IS 'interests of a user at one time: coarse, medium, fine and combined vectors, with the evidence behind them';

CREATE FUNCTION interestvec_eq(interestvec, interestvec) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_ne(interestvec, interestvec) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_lt(interestvec, interestvec) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_le(interestvec, interestvec) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_gt(interestvec, interestvec) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_ge(interestvec, interestvec) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_cmp(interestvec, interestvec) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_hash(interestvec) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_hash_extended(interestvec, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR = (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interestvec_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR <> (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interestvec_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR < (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interestvec_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <= (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interestvec_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR > (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interestvec_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR >= (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interestvec_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel);

CREATE OPERATOR CLASS interestvec_ops DEFAULT FOR TYPE interestvec USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 interestvec_cmp(interestvec, interestvec);
CREATE OPERATOR CLASS interestvec_ops DEFAULT FOR TYPE interestvec USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 interestvec_hash(interestvec),
	FUNCTION 2 interestvec_hash_extended(interestvec, bigint);

CREATE FUNCTION interest_cosine_distance(interestvec, interestvec) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_negative_inner_product(interestvec, interestvec) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_euclidean_distance(interestvec, interestvec) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR <=> (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interest_cosine_distance, COMMUTATOR = <=>);
CREATE OPERATOR <#> (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interest_negative_inner_product, COMMUTATOR = <#>);
CREATE OPERATOR <-> (LEFTARG = interestvec, RIGHTARG = interestvec, FUNCTION = interest_euclidean_distance, COMMUTATOR = <->);

CREATE FUNCTION interest_granularity(reading interestvec, granularity text) RETURNS real[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interest_real_array(interestvec) RETURNS real[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION interestvec_info(reading interestvec,
		OUT dimensions integer, OUT positive_rows bigint, OUT negative_rows bigint,
		OUT newest timestamptz, OUT read_at timestamptz,
		OUT coarse_mass real, OUT medium_mass real, OUT fine_mass real, OUT negative_mass real,
		OUT coarse_share real, OUT medium_share real, OUT fine_share real,
		OUT representation bytea, OUT reading_fingerprint bytea)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE CAST (interestvec AS real[]) WITH FUNCTION interest_real_array(interestvec) AS ASSIGNMENT;

COMMENT ON FUNCTION interestvec_in(cstring) IS 'I/O';
COMMENT ON FUNCTION interestvec_out(interestvec) IS 'I/O';
COMMENT ON FUNCTION interestvec_recv(internal) IS 'I/O';
COMMENT ON FUNCTION interestvec_send(interestvec) IS 'I/O';
COMMENT ON FUNCTION interestvec_eq(interestvec, interestvec) IS 'implementation of = operator';
COMMENT ON FUNCTION interestvec_ne(interestvec, interestvec) IS 'implementation of <> operator';
COMMENT ON FUNCTION interestvec_lt(interestvec, interestvec) IS 'implementation of < operator';
COMMENT ON FUNCTION interestvec_le(interestvec, interestvec) IS 'implementation of <= operator';
COMMENT ON FUNCTION interestvec_gt(interestvec, interestvec) IS 'implementation of > operator';
COMMENT ON FUNCTION interestvec_ge(interestvec, interestvec) IS 'implementation of >= operator';
COMMENT ON FUNCTION interestvec_cmp(interestvec, interestvec) IS 'less-equal-greater';
COMMENT ON FUNCTION interestvec_hash(interestvec) IS 'hash';
COMMENT ON FUNCTION interestvec_hash_extended(interestvec, bigint) IS 'hash';
COMMENT ON FUNCTION interest_cosine_distance(interestvec, interestvec) IS 'implementation of <=> operator';
COMMENT ON FUNCTION interest_negative_inner_product(interestvec, interestvec) IS 'implementation of <#> operator';
COMMENT ON FUNCTION interest_euclidean_distance(interestvec, interestvec) IS 'implementation of <-> operator';
COMMENT ON OPERATOR = (interestvec, interestvec) IS 'equal';
COMMENT ON OPERATOR <> (interestvec, interestvec) IS 'not equal';
COMMENT ON OPERATOR < (interestvec, interestvec) IS 'less than';
COMMENT ON OPERATOR <= (interestvec, interestvec) IS 'less than or equal';
COMMENT ON OPERATOR > (interestvec, interestvec) IS 'greater than';
COMMENT ON OPERATOR >= (interestvec, interestvec) IS 'greater than or equal';
COMMENT ON OPERATOR <=> (interestvec, interestvec) IS 'cosine distance of the combined vectors';
COMMENT ON OPERATOR <#> (interestvec, interestvec) IS 'negative inner product of the combined vectors';
COMMENT ON OPERATOR <-> (interestvec, interestvec) IS 'Euclidean distance of the combined vectors';
COMMENT ON FUNCTION interest_granularity(interestvec, text) IS 'one vector of a reading: ''coarse'', ''medium'', ''fine'', ''negative'' or ''user'' (the combined one)';
COMMENT ON FUNCTION interest_real_array(interestvec) IS 'the combined vector of a reading';
COMMENT ON FUNCTION interestvec_info(interestvec) IS 'what a reading was made from: rows, times, decayed masses and the share of each granularity';

--
-- interest_score: an interest and its probability
--

CREATE TYPE interest_score AS (interest text, probability real);
COMMENT ON TYPE interest_score IS 'an interest and its probability';

--
-- Models
--

CREATE FUNCTION interest_create_model(name text, source regclass DEFAULT NULL, encoder text DEFAULT NULL,
		user_id name DEFAULT NULL, at name DEFAULT NULL, texts name[] DEFAULT NULL, kind name DEFAULT NULL,
		numerics name[] DEFAULT NULL, categoricals name[] DEFAULT NULL, vectors name[] DEFAULT NULL,
		label name DEFAULT NULL, task text DEFAULT NULL, interests text[] DEFAULT NULL,
		options jsonb DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_suggest(source regclass) RETURNS jsonb
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_drop_model(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_train(model text, epochs integer DEFAULT 6, batch_size integer DEFAULT 128,
		learning_rate float8 DEFAULT 0.005, patience integer DEFAULT 3, deploy boolean DEFAULT true,
		retrain text DEFAULT NULL, from_version integer DEFAULT NULL, from_model text DEFAULT NULL, frozen_epochs integer DEFAULT 0,
		OUT epoch integer, OUT phase text, OUT loss float8, OUT validation_loss float8,
		OUT accuracy float8, OUT rows_per_second float8, OUT seconds float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_fine_tune_encoder(model text, new_name text, epochs integer DEFAULT 3, batch_size integer DEFAULT 32,
		learning_rate float8 DEFAULT 5e-5, layers integer DEFAULT NULL, token_masking float8 DEFAULT 0.1,
		OUT epoch integer, OUT loss float8, OUT validation_loss float8,
		OUT accuracy float8, OUT tokens_per_second float8, OUT seconds float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_deploy(model text, version integer) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_rollback(model text) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION interest_create_model(text, regclass, text, name, name, name[], name, name[], name[], name[], name, text, text[], jsonb) IS 'says what a behaviour row is (columns of a table or view) and what is to be learned from it';
COMMENT ON FUNCTION interest_suggest(regclass) IS 'guesses the arguments of interest_create_model from a source''s columns, statistics, keys and sampled rows, with the reason for each and alternatives';
COMMENT ON FUNCTION interest_drop_model(text) IS 'drops a model with all its versions; for its owner';
COMMENT ON FUNCTION interest_train(text, integer, integer, float8, integer, boolean, text, integer, text, integer) IS 'trains a new version of a model from its source, one row an epoch, from nothing or from another version; for its owner';
COMMENT ON FUNCTION interest_fine_tune_encoder(text, text, integer, integer, float8, integer, float8) IS 'has the encoder of a model learn from the labelled texts of its source, and stores what it becomes as a new encoder, one row an epoch; layers: so many of the last ones learn (NULL: all, and the embeddings); for the model''s owner who may use the encoder';
COMMENT ON FUNCTION interest_deploy(text, integer) IS 'makes a version the one that the model answers with; for its owner';
COMMENT ON FUNCTION interest_rollback(text) IS 'deploys the version that was deployed before the one that is, and returns its number; for the model''s owner';

CREATE VIEW interest_models WITH (security_barrier) AS
	SELECT m.name, m.owner, CASE WHEN m.source_name OPERATOR(pg_catalog.<>) '' THEN m.source_schema END AS source_schema,
		CASE WHEN m.source_name OPERATOR(pg_catalog.<>) '' THEN m.source_name END AS source_name, m.encoder, m.definition,
		v.version, v.deployed, pg_catalog.encode(v.representation, 'hex') AS representation,
		pg_catalog.encode(v.reading, 'hex') AS reading, v.size, m.created_at, v.trained_at
	FROM @extschema@.interest_model m
		LEFT JOIN @extschema@.interest_model_version v ON v.model OPERATOR(pg_catalog.=) m.name
	WHERE @extschema@.interest_has_use('model', m.name);
GRANT SELECT ON interest_models TO PUBLIC;
COMMENT ON VIEW interest_models IS 'models that the current user may use, one row a version';

CREATE VIEW interest_training WITH (security_barrier) AS
	SELECT r.model, r.version, r.epoch, r.phase, r.loss, r.validation_loss, r.accuracy,
		r.rows_per_second, r.seconds
	FROM @extschema@.interest_training_run r
	WHERE @extschema@.interest_has_use('model', r.model);
GRANT SELECT ON interest_training TO PUBLIC;
COMMENT ON VIEW interest_training IS 'how each version of a model was trained, one row an epoch';

CREATE FUNCTION interest_progress_slots(OUT pid integer, OUT datid oid, OUT userid oid, OUT phase text,
		OUT epoch bigint, OUT epochs bigint, OUT done bigint, OUT total bigint) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION interest_progress_slots() IS 'trainings, evaluations and rebuilds under way; see the view interest_progress';

CREATE VIEW interest_progress AS
	SELECT s.pid, d.datname, pg_catalog.pg_get_userbyid(s.userid) AS usename, s.phase, s.epoch, s.epochs, s.done, s.total
	FROM @extschema@.interest_progress_slots() s
		LEFT JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.datid;
GRANT SELECT ON interest_progress TO PUBLIC;
COMMENT ON VIEW interest_progress IS 'trainings, evaluations and rebuilds under way: phase, epoch, rows, samples or items done of those to do (0: not known)';

--
-- From rows to interests: aggregates
--

CREATE FUNCTION interest_accumulate_row(interest_profile, text, record) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000 SUPPORT interest_encode_support;
CREATE FUNCTION interest_accumulate_row_moving(interest_profile, text, record) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_accumulate_row_inverse(interest_profile, text, record) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_accumulate_document(interest_profile, text, jsonb) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_accumulate_document_moving(interest_profile, text, jsonb) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_accumulate_document_inverse(interest_profile, text, jsonb) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_accumulate_text(interest_profile, text, timestamptz, text) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000 SUPPORT interest_encode_support;
CREATE FUNCTION interest_accumulate_text_moving(interest_profile, text, timestamptz, text) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_accumulate_text_inverse(interest_profile, text, timestamptz, text) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_merge_moving(interest_profile, interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION interest_merge_inverse(interest_profile, interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION interest_accumulate_moving_final(interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION interest_accumulate_merge(interest_profile, interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
CREATE FUNCTION interest_accumulate_final(interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
CREATE FUNCTION interest_embed_final(interest_profile) RETURNS interestvec
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
CREATE FUNCTION interest_classify_final(interest_profile) RETURNS interest_score[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;

COMMENT ON FUNCTION interest_accumulate_row(interest_profile, text, record) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_accumulate_row_moving(interest_profile, text, record) IS 'moving aggregate transition function';
COMMENT ON FUNCTION interest_accumulate_row_inverse(interest_profile, text, record) IS 'moving aggregate inverse transition function';
COMMENT ON FUNCTION interest_accumulate_document(interest_profile, text, jsonb) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_accumulate_document_moving(interest_profile, text, jsonb) IS 'moving aggregate transition function';
COMMENT ON FUNCTION interest_accumulate_document_inverse(interest_profile, text, jsonb) IS 'moving aggregate inverse transition function';
COMMENT ON FUNCTION interest_accumulate_text(interest_profile, text, timestamptz, text) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_accumulate_text_moving(interest_profile, text, timestamptz, text) IS 'moving aggregate transition function';
COMMENT ON FUNCTION interest_accumulate_text_inverse(interest_profile, text, timestamptz, text) IS 'moving aggregate inverse transition function';
COMMENT ON FUNCTION interest_merge_moving(interest_profile, interest_profile) IS 'moving aggregate transition function';
COMMENT ON FUNCTION interest_merge_inverse(interest_profile, interest_profile) IS 'moving aggregate inverse transition function';
COMMENT ON FUNCTION interest_accumulate_moving_final(interest_profile) IS 'moving aggregate final function';
COMMENT ON FUNCTION interest_accumulate_merge(interest_profile, interest_profile) IS 'aggregate combine function';
COMMENT ON FUNCTION interest_accumulate_final(interest_profile) IS 'aggregate final function';
COMMENT ON FUNCTION interest_embed_final(interest_profile) IS 'aggregate final function';
COMMENT ON FUNCTION interest_classify_final(interest_profile) IS 'aggregate final function';

CREATE AGGREGATE interest_accumulate(model text, behaviour record) (
	SFUNC = interest_accumulate_row, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_accumulate_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_row_moving, MINVFUNC = interest_accumulate_row_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_accumulate_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_embed(model text, behaviour record) (
	SFUNC = interest_accumulate_row, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_embed_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_row_moving, MINVFUNC = interest_accumulate_row_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_embed_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_classify(model text, behaviour record) (
	SFUNC = interest_accumulate_row, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_classify_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_row_moving, MINVFUNC = interest_accumulate_row_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_classify_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_accumulate(model text, behaviour jsonb) (
	SFUNC = interest_accumulate_document, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_accumulate_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_document_moving, MINVFUNC = interest_accumulate_document_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_accumulate_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_embed(model text, behaviour jsonb) (
	SFUNC = interest_accumulate_document, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_embed_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_document_moving, MINVFUNC = interest_accumulate_document_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_embed_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_classify(model text, behaviour jsonb) (
	SFUNC = interest_accumulate_document, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_classify_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_document_moving, MINVFUNC = interest_accumulate_document_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_classify_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_accumulate(model text, at timestamptz, body text) (
	SFUNC = interest_accumulate_text, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_accumulate_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_text_moving, MINVFUNC = interest_accumulate_text_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_accumulate_moving_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_embed(model text, at timestamptz, body text) (
	SFUNC = interest_accumulate_text, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_embed_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_text_moving, MINVFUNC = interest_accumulate_text_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_embed_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_classify(model text, at timestamptz, body text) (
	SFUNC = interest_accumulate_text, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_classify_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_accumulate_text_moving, MINVFUNC = interest_accumulate_text_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_classify_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
CREATE AGGREGATE interest_merge(profile interest_profile) (
	SFUNC = interest_accumulate_merge, STYPE = interest_profile, SSPACE = 4096,
	COMBINEFUNC = interest_accumulate_merge,
	FINALFUNC = interest_accumulate_final, FINALFUNC_MODIFY = READ_ONLY,
	MSFUNC = interest_merge_moving, MINVFUNC = interest_merge_inverse,
	MSTYPE = interest_profile, MSSPACE = 4096,
	MFINALFUNC = interest_accumulate_final, MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE interest_accumulate(text, record) IS 'profile of the behaviour rows';
COMMENT ON AGGREGATE interest_embed(text, record) IS 'interests read from the behaviour rows, at their newest time';
COMMENT ON AGGREGATE interest_classify(text, record) IS 'interests and their probabilities from the behaviour rows, best first';
COMMENT ON AGGREGATE interest_accumulate(text, jsonb) IS 'profile of the behaviour rows, given as documents';
COMMENT ON AGGREGATE interest_embed(text, jsonb) IS 'interests read from the behaviour rows, at their newest time, given as documents';
COMMENT ON AGGREGATE interest_classify(text, jsonb) IS 'interests and their probabilities from the behaviour rows, best first, given as documents';
COMMENT ON AGGREGATE interest_accumulate(text, timestamptz, text) IS 'profile of the behaviour rows, given as times and texts';
COMMENT ON AGGREGATE interest_embed(text, timestamptz, text) IS 'interests read from the behaviour rows, at their newest time, given as times and texts';
COMMENT ON AGGREGATE interest_classify(text, timestamptz, text) IS 'interests and their probabilities from the behaviour rows, best first, given as times and texts';
COMMENT ON AGGREGATE interest_merge(interest_profile) IS 'profile of all the rows that the profiles were made from';

--
-- From a user or a profile to interests: scalars
--

CREATE FUNCTION interest_embed(user_id text, model text DEFAULT NULL) RETURNS interestvec
	AS 'MODULE_PATHNAME', 'interest_embed_user' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;
CREATE FUNCTION interest_embed(user_id anyelement, model text DEFAULT NULL) RETURNS interestvec
	AS 'MODULE_PATHNAME', 'interest_embed_user' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;
CREATE FUNCTION interest_classify(user_id text, model text DEFAULT NULL) RETURNS interest_score[]
	AS 'MODULE_PATHNAME', 'interest_classify_user' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;
CREATE FUNCTION interest_classify(user_id anyelement, model text DEFAULT NULL) RETURNS interest_score[]
	AS 'MODULE_PATHNAME', 'interest_classify_user' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;

CREATE FUNCTION interest_describe(user_id text, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;
CREATE FUNCTION interest_describe(user_id anyelement, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;

CREATE FUNCTION interest_read(profile interest_profile, as_of timestamptz DEFAULT NULL, model text DEFAULT NULL) RETURNS interestvec
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION interest_classify(reading interestvec, model text DEFAULT NULL) RETURNS interest_score[]
	AS 'MODULE_PATHNAME', 'interest_classify_reading' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION interest_classify(profile interest_profile, model text DEFAULT NULL) RETURNS interest_score[]
	AS 'MODULE_PATHNAME', 'interest_classify_profile' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION interest_probability(reading interestvec, interest text, model text DEFAULT NULL) RETURNS real
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100;
CREATE FUNCTION interest_topics(reading interestvec, model text DEFAULT NULL)
	RETURNS TABLE(topic int, share real, mass real, interest text, probability real, vector real[])
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100 ROWS 5;

COMMENT ON FUNCTION interest_embed(text, text) IS 'interests of one user, from the rows of the model''s source';
COMMENT ON FUNCTION interest_embed(anyelement, text) IS 'interests of one user, from the rows of the model''s source';
COMMENT ON FUNCTION interest_classify(text, text) IS 'interests of one user and their probabilities, best first';
COMMENT ON FUNCTION interest_classify(anyelement, text) IS 'interests of one user and their probabilities, best first';
COMMENT ON FUNCTION interest_describe(text, text) IS 'interests of one user in a few plain lines: probabilities, trend, evidence';
COMMENT ON FUNCTION interest_describe(anyelement, text) IS 'interests of one user in a few plain lines: probabilities, trend, evidence';
COMMENT ON FUNCTION interest_read(interest_profile, timestamptz, text) IS 'reading of a profile at its newest time or later';
COMMENT ON FUNCTION interest_classify(interestvec, text) IS 'interests and their probabilities of a reading, best first';
COMMENT ON FUNCTION interest_classify(interest_profile, text) IS 'interests and their probabilities of a profile, best first';
COMMENT ON FUNCTION interest_probability(interestvec, text, text) IS 'probability of one interest in a reading';
COMMENT ON FUNCTION interest_topics(interestvec, text) IS 'topics of a reading, heaviest first: code, share and mass of the rows, the likeliest interest of the topic''s vector';

--
-- Live: profiles that follow every change of a model's source
--

CREATE FUNCTION interest_track(model text, on_tables regclass[] DEFAULT NULL, on_error text DEFAULT 'error') RETURNS regclass
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_untrack(model text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_rebuild(model text) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_fold(model text) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_forget(model text, user_id text) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_forget(model text, user_id anyelement) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_follow() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_settle(added interest_profile, removed interest_profile) RETURNS interest_profile
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;

COMMENT ON FUNCTION interest_track(text, regclass[], text) IS 'makes a table with the profiles of all users beside the model''s source, and follows every change of the source; for the model''s owner';
COMMENT ON FUNCTION interest_untrack(text) IS 'ends the tracking of a model and drops its profile table; for its owner';
COMMENT ON FUNCTION interest_rebuild(text) IS 'recomputes all profiles of a tracked model from its source while others go on writing, and mends its triggers; for its owner';
COMMENT ON FUNCTION interest_fold(text) IS 'adds up what has been written since the last fold, one row a user; for the model''s owner';
COMMENT ON FUNCTION interest_forget(text, text) IS 'deletes what is kept of a user whose rows are deleted; for the model''s owner';
COMMENT ON FUNCTION interest_forget(text, anyelement) IS 'deletes what is kept of a user whose rows are deleted; for the model''s owner';
COMMENT ON FUNCTION interest_follow() IS 'trigger function of tables that tracked models follow';
COMMENT ON FUNCTION interest_settle(interest_profile, interest_profile) IS 'profile of what was added without what was taken away; NULL where only the rows can tell';

CREATE VIEW interest_tracked WITH (security_barrier) AS
	SELECT t.model, pg_catalog.format('%I.%I', t.profile_schema, t.profile_table) AS profiles,
		ARRAY(SELECT pg_catalog.format('%I.%I', f.table_schema, f.table_name)
			FROM @extschema@.interest_tracked_table f WHERE f.model OPERATOR(pg_catalog.=) t.model
			ORDER BY f.table_schema, f.table_name) AS follows,
		t.on_error, t.tracked_at
	FROM @extschema@.interest_tracking t
	WHERE @extschema@.interest_has_use('model', t.model);
GRANT SELECT ON interest_tracked TO PUBLIC;
COMMENT ON VIEW interest_tracked IS 'models whose profiles follow their source, for those who may use them';

--
-- Items: a catalogue that follows its source, and what of it suits a user
--

CREATE FUNCTION interest_embed_item(model text, item record) RETURNS real[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_encode_item(model text, item record) RETURNS real[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
CREATE FUNCTION interest_set_catalogue(model text, source regclass, item_id name, category name DEFAULT NULL,
		popularity name DEFAULT NULL, published name DEFAULT NULL, seen name DEFAULT NULL,
		popularity_weight float8 DEFAULT 0.05, freshness_weight float8 DEFAULT 0.05, freshness_days float8 DEFAULT 30,
		search boolean DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_rebuild_catalogue(model text) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_drop_catalogue(model text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION interest_follow_items() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
CREATE FUNCTION interest_recommend(user_id text, k integer DEFAULT 10, model text DEFAULT NULL, exclude_seen boolean DEFAULT true,
		diversity float8 DEFAULT 0, filter text DEFAULT NULL, by text DEFAULT 'vector',
		OUT item_id text, OUT score real, OUT because text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10;
CREATE FUNCTION interest_recommend(user_id anyelement, k integer DEFAULT 10, model text DEFAULT NULL, exclude_seen boolean DEFAULT true,
		diversity float8 DEFAULT 0, filter text DEFAULT NULL, by text DEFAULT 'vector',
		OUT item_id text, OUT score real, OUT because text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10;
CREATE FUNCTION interest_search(user_id text, query text, k integer DEFAULT 10, model text DEFAULT NULL, weight float8 DEFAULT 0.4,
		exclude_seen boolean DEFAULT false, filter text DEFAULT NULL,
		OUT item_id text, OUT score real, OUT similarity real, OUT interest real) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10;
CREATE FUNCTION interest_search(user_id anyelement, query text, k integer DEFAULT 10, model text DEFAULT NULL, weight float8 DEFAULT 0.4,
		exclude_seen boolean DEFAULT false, filter text DEFAULT NULL,
		OUT item_id text, OUT score real, OUT similarity real, OUT interest real) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10;
CREATE FUNCTION interest_rerank(user_id text, ids text[], scores float8[], model text DEFAULT NULL, weight float8 DEFAULT 0.4,
		OUT item_id text, OUT score real, OUT place integer, OUT interest real) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100;
CREATE FUNCTION interest_rerank(user_id anyelement, ids text[], scores float8[], model text DEFAULT NULL, weight float8 DEFAULT 0.4,
		OUT item_id text, OUT score real, OUT place integer, OUT interest real) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100;
CREATE FUNCTION interest_relevance(reading interestvec, vector real[]) RETURNS real
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;

CREATE FUNCTION interest_audience(interest text, k integer DEFAULT 100, min_probability real DEFAULT 0, model text DEFAULT NULL,
		source regclass DEFAULT NULL, OUT user_id text, OUT probability real) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100;

COMMENT ON FUNCTION interest_audience(text, integer, real, text, regclass) IS 'the k users of whom an interest is likeliest, of the tracked profiles or of a relation with readings';
COMMENT ON FUNCTION interest_embed_item(text, record) IS 'vector of an item, made of those of the model''s columns that it has; NULL if none of them says anything';
COMMENT ON FUNCTION interest_encode_item(text, record) IS 'what the model''s encoder makes of the texts of an item; NULL if it has none';
COMMENT ON FUNCTION interest_set_catalogue(text, regclass, name, name, name, name, name, float8, float8, float8, boolean) IS 'names the items of a model: makes a table with their vectors beside their source and follows every change of it; returns their number; for the model''s owner';
COMMENT ON FUNCTION interest_rebuild_catalogue(text) IS 'makes the vectors of all items anew, as after a training, and returns their number; for the model''s owner';
COMMENT ON FUNCTION interest_drop_catalogue(text) IS 'drops a model''s catalogue with its table; for the model''s owner';
COMMENT ON FUNCTION interest_follow_items() IS 'trigger function of tables that catalogues follow';
COMMENT ON FUNCTION interest_recommend(text, integer, text, boolean, float8, text, text) IS 'the k items that suit a user best, with the user''s row that speaks most for each';
COMMENT ON FUNCTION interest_recommend(anyelement, integer, text, boolean, float8, text, text) IS 'the k items that suit a user best, with the user''s row that speaks most for each';
COMMENT ON FUNCTION interest_search(text, text, integer, text, float8, boolean, text) IS 'the k items that are about a query and suit a user: similarity of texts mixed with interest';
COMMENT ON FUNCTION interest_search(anyelement, text, integer, text, float8, boolean, text) IS 'the k items that are about a query and suit a user: similarity of texts mixed with interest';
COMMENT ON FUNCTION interest_rerank(text, text[], float8[], text, float8) IS 'results from elsewhere, best first by their scores mixed with a user''s interest';
COMMENT ON FUNCTION interest_rerank(anyelement, text[], float8[], text, float8) IS 'results from elsewhere, best first by their scores mixed with a user''s interest';
COMMENT ON FUNCTION interest_relevance(interestvec, real[]) IS 'how well the vector of an item suits a reading: the score of interest_recommend without popularity and freshness';

CREATE VIEW interest_catalogues WITH (security_barrier) AS
	SELECT c.model, pg_catalog.format('%I.%I', c.source_schema, c.source_name) AS source, c.item_id,
		pg_catalog.format('%I.%I', c.table_schema, c.table_name) AS items, c.category, c.popularity, c.published, c.seen,
		c.popularity_weight, c.freshness_weight, c.freshness_days, c.search
	FROM @extschema@.interest_catalogue c
	WHERE @extschema@.interest_has_use('model', c.model);
GRANT SELECT ON interest_catalogues TO PUBLIC;
COMMENT ON VIEW interest_catalogues IS 'catalogues of models, for those who may use them';

--
-- Measuring: on test users, who were never trained on
--

CREATE FUNCTION interest_evaluate(model text, version integer DEFAULT NULL, source regclass DEFAULT NULL,
		OUT system text, OUT metric text, OUT interest text, OUT value float8, OUT standard_error float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 200;
CREATE FUNCTION interest_confusion(model text, version integer DEFAULT NULL, source regclass DEFAULT NULL,
		OUT actual text, OUT predicted text, OUT samples bigint, OUT weight float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 100;
CREATE FUNCTION interest_roc(model text, interest text, version integer DEFAULT NULL, source regclass DEFAULT NULL,
		OUT threshold float8, OUT false_positive_rate float8, OUT true_positive_rate float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000;
CREATE FUNCTION interest_calibration(model text, version integer DEFAULT NULL, source regclass DEFAULT NULL,
		OUT bin integer, OUT samples bigint, OUT confidence float8, OUT accuracy float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 15;
CREATE FUNCTION interest_compare(model text, version_a integer, version_b integer, source regclass DEFAULT NULL,
		OUT metric text, OUT users bigint, OUT value_a float8, OUT value_b float8,
		OUT difference float8, OUT standard_error float8, OUT p_value float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 3;
CREATE FUNCTION interest_set(reading interestvec, coverage float8 DEFAULT 0.9, model text DEFAULT NULL) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100;

COMMENT ON FUNCTION interest_evaluate(text, integer, regclass) IS 'measures a version on test users beside baselines, with standard errors over users';
COMMENT ON FUNCTION interest_confusion(text, integer, regclass) IS 'which interests are taken for which; of several at once, NULL stands for one that was missed or wrongly said';
COMMENT ON FUNCTION interest_roc(text, text, integer, regclass) IS 'rates of false and true positives of one interest against the rest, from the strictest threshold';
COMMENT ON FUNCTION interest_calibration(text, integer, regclass) IS 'how often the most probable interest is right, by its probability in 15 equal bins';
COMMENT ON FUNCTION interest_compare(text, integer, integer, regclass) IS 'two versions on the same test users, pair by pair: difference (b less a), its standard error and the p value of a randomization test';
COMMENT ON FUNCTION interest_set(interestvec, float8, text) IS 'the fewest interests, best first, that hold the right one as often as coverage says; NULL: none is probable enough';

--
-- Measuring any prediction: aggregates over pairs of what is true and what was said
--

CREATE FUNCTION interest_pair_add(float8[], boolean, float8) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_decision_add(float8[], boolean, boolean) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_sums_merge(float8[], float8[]) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_score_add(internal, boolean, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_answer_add(internal, text, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_log_loss_final(float8[]) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_brier_final(float8[]) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_ece_final(float8[]) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_precision_final(float8[]) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_recall_final(float8[]) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_f1_final(float8[]) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_auc_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_accuracy_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_macro_precision_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_macro_recall_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION interest_macro_f1_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION interest_pair_add(float8[], boolean, float8) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_decision_add(float8[], boolean, boolean) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_sums_merge(float8[], float8[]) IS 'aggregate combine function';
COMMENT ON FUNCTION interest_score_add(internal, boolean, float8) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_answer_add(internal, text, text) IS 'aggregate transition function';
COMMENT ON FUNCTION interest_log_loss_final(float8[]) IS 'aggregate final function';
COMMENT ON FUNCTION interest_brier_final(float8[]) IS 'aggregate final function';
COMMENT ON FUNCTION interest_ece_final(float8[]) IS 'aggregate final function';
COMMENT ON FUNCTION interest_precision_final(float8[]) IS 'aggregate final function';
COMMENT ON FUNCTION interest_recall_final(float8[]) IS 'aggregate final function';
COMMENT ON FUNCTION interest_f1_final(float8[]) IS 'aggregate final function';
COMMENT ON FUNCTION interest_auc_final(internal) IS 'aggregate final function';
COMMENT ON FUNCTION interest_accuracy_final(internal) IS 'aggregate final function';
COMMENT ON FUNCTION interest_macro_precision_final(internal) IS 'aggregate final function';
COMMENT ON FUNCTION interest_macro_recall_final(internal) IS 'aggregate final function';
COMMENT ON FUNCTION interest_macro_f1_final(internal) IS 'aggregate final function';

CREATE AGGREGATE interest_log_loss(label boolean, probability float8) (
	SFUNC = interest_pair_add, STYPE = float8[], SSPACE = 512, COMBINEFUNC = interest_sums_merge,
	FINALFUNC = interest_log_loss_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_brier(label boolean, probability float8) (
	SFUNC = interest_pair_add, STYPE = float8[], SSPACE = 512, COMBINEFUNC = interest_sums_merge,
	FINALFUNC = interest_brier_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_ece(label boolean, probability float8) (
	SFUNC = interest_pair_add, STYPE = float8[], SSPACE = 512, COMBINEFUNC = interest_sums_merge,
	FINALFUNC = interest_ece_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_precision(label boolean, predicted boolean) (
	SFUNC = interest_decision_add, STYPE = float8[], SSPACE = 512, COMBINEFUNC = interest_sums_merge,
	FINALFUNC = interest_precision_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_recall(label boolean, predicted boolean) (
	SFUNC = interest_decision_add, STYPE = float8[], SSPACE = 512, COMBINEFUNC = interest_sums_merge,
	FINALFUNC = interest_recall_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_f1(label boolean, predicted boolean) (
	SFUNC = interest_decision_add, STYPE = float8[], SSPACE = 512, COMBINEFUNC = interest_sums_merge,
	FINALFUNC = interest_f1_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_auc(label boolean, probability float8) (
	SFUNC = interest_score_add, STYPE = internal,
	FINALFUNC = interest_auc_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_accuracy(actual text, predicted text) (
	SFUNC = interest_answer_add, STYPE = internal,
	FINALFUNC = interest_accuracy_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_macro_precision(actual text, predicted text) (
	SFUNC = interest_answer_add, STYPE = internal,
	FINALFUNC = interest_macro_precision_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_macro_recall(actual text, predicted text) (
	SFUNC = interest_answer_add, STYPE = internal,
	FINALFUNC = interest_macro_recall_final, PARALLEL = SAFE
);
CREATE AGGREGATE interest_macro_f1(actual text, predicted text) (
	SFUNC = interest_answer_add, STYPE = internal,
	FINALFUNC = interest_macro_f1_final, PARALLEL = SAFE
);

COMMENT ON AGGREGATE interest_log_loss(boolean, float8) IS 'mean of -log of the probability given to what is true';
COMMENT ON AGGREGATE interest_brier(boolean, float8) IS 'mean squared difference of probability and truth';
COMMENT ON AGGREGATE interest_ece(boolean, float8) IS 'expected calibration error in 15 equal bins of the probability';
COMMENT ON AGGREGATE interest_precision(boolean, boolean) IS 'share of what was said that is true';
COMMENT ON AGGREGATE interest_recall(boolean, boolean) IS 'share of what is true that was said';
COMMENT ON AGGREGATE interest_f1(boolean, boolean) IS 'harmonic mean of precision and recall';
COMMENT ON AGGREGATE interest_auc(boolean, float8) IS 'area under the ROC curve of any score, ties half; NULL without both answers';
COMMENT ON AGGREGATE interest_accuracy(text, text) IS 'share of answers that are right';
COMMENT ON AGGREGATE interest_macro_precision(text, text) IS 'mean precision of the labels that occur';
COMMENT ON AGGREGATE interest_macro_recall(text, text) IS 'mean recall of the labels that occur';
COMMENT ON AGGREGATE interest_macro_f1(text, text) IS 'mean F1 of the labels that occur';

--
-- Why
--

CREATE FUNCTION interest_explain(user_id text, interest text DEFAULT NULL, method text DEFAULT 'ledger', model text DEFAULT NULL,
		samples integer DEFAULT NULL, seed bigint DEFAULT 1,
		OUT method text, OUT interest text, OUT ordinal integer, OUT part text, OUT row_number integer, OUT at timestamptz,
		OUT kind text, OUT granularity text, OUT modality text, OUT feature text, OUT value float8, OUT share float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000;
CREATE FUNCTION interest_explain(user_id anyelement, interest text DEFAULT NULL, method text DEFAULT 'ledger', model text DEFAULT NULL,
		samples integer DEFAULT NULL, seed bigint DEFAULT 1,
		OUT method text, OUT interest text, OUT ordinal integer, OUT part text, OUT row_number integer, OUT at timestamptz,
		OUT kind text, OUT granularity text, OUT modality text, OUT feature text, OUT value float8, OUT share float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000;
CREATE FUNCTION interest_explain_text(body text, interest text DEFAULT NULL, method text DEFAULT NULL, model text DEFAULT NULL,
		samples integer DEFAULT NULL, seed bigint DEFAULT 1,
		OUT method text, OUT interest text, OUT ordinal integer, OUT part text, OUT row_number integer, OUT at timestamptz,
		OUT kind text, OUT granularity text, OUT modality text, OUT feature text, OUT value float8, OUT share float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000;
CREATE FUNCTION interest_rules(model text DEFAULT NULL, depth integer DEFAULT 4,
		OUT ordinal integer, OUT rule text, OUT interest text, OUT users bigint, OUT coverage float8, OUT fidelity float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10;

COMMENT ON FUNCTION interest_rules(text, integer) IS 'rules over what users'' rows have that imitate the first interests of a model: a decision tree of at most 4 questions, and how often it agrees with the model on users who did not teach it';
COMMENT ON FUNCTION interest_explain(text, text, text, text, integer, bigint) IS 'what speaks for an interest of a user (NULL: his first one) and against it, by row, granularity and modality';
COMMENT ON FUNCTION interest_explain(anyelement, text, text, text, integer, bigint) IS 'what speaks for an interest of a user (NULL: his first one) and against it, by row, granularity and modality';
COMMENT ON FUNCTION interest_explain_text(text, text, text, text, integer, bigint) IS 'what speaks for an interest in a text, and against it, as if it were the only row of a user, by token, word and modality';

--
-- Shown
--

CREATE FUNCTION interest_picture(kind text, user_id text DEFAULT NULL, interest text DEFAULT NULL, model text DEFAULT NULL,
		body text DEFAULT NULL, version integer DEFAULT NULL, source regclass DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;
CREATE FUNCTION interest_picture(kind text, user_id anyelement, interest text DEFAULT NULL, model text DEFAULT NULL,
		body text DEFAULT NULL, version integer DEFAULT NULL, source regclass DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;

CREATE FUNCTION interest_report(model text DEFAULT NULL, users text[] DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000;

COMMENT ON FUNCTION interest_report(text, text[]) IS 'one HTML page of a model: what it is, its data, its figures beside baselines, pictures, what the doctor finds, and such users';
COMMENT ON FUNCTION interest_picture(text, text, text, text, text, integer, regclass) IS 'a picture as SVG: user, ledger, words, roc, reliability, confusion, training, map or items; NULL where there is nothing to show';
COMMENT ON FUNCTION interest_picture(text, anyelement, text, text, text, integer, regclass) IS 'a picture as SVG of a user: user or ledger; NULL where there is nothing to show';

--
-- Models as files
--

CREATE FUNCTION interest_export_model(model text, version integer DEFAULT NULL) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100000;
CREATE FUNCTION interest_import_model(name text, file bytea, source regclass DEFAULT NULL, deploy boolean DEFAULT true) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;

COMMENT ON FUNCTION interest_export_model(text, integer) IS 'a version (NULL: the deployed one) as a safetensors file, its definition and names with it; for the model''s owner';
COMMENT ON FUNCTION interest_import_model(text, bytea, regclass, boolean) IS 'a version out of such a file, of a new model or of one that has the same columns; returns its number';

--
-- Shards
--

-- Runs as the caller, who must be allowed to read and write the extension's
-- tables here and, by the servers' user mappings, there: superusers.
CREATE FUNCTION interest_sync_models(servers name[] DEFAULT NULL,
		OUT server name, OUT encoders bigint, OUT versions bigint) RETURNS SETOF record
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	home text := $home$@extschema@$home$;
	work text := format('interest_sync_%s', pg_backend_pid());
	conflict text;
	missing text;
BEGIN
	SELECT string_agg(quote_ident(s), ', ') INTO missing FROM unnest(servers) s
	WHERE NOT EXISTS (SELECT FROM pg_foreign_server f WHERE f.srvname = s);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'server % does not exist', missing
			USING ERRCODE = 'undefined_object', HINT = 'Create it with CREATE SERVER ... FOREIGN DATA WRAPPER postgres_fdw.';
	END IF;
	FOR server IN
		SELECT f.srvname FROM pg_foreign_server f JOIN pg_foreign_data_wrapper w ON w.oid = f.srvfdw
		WHERE w.fdwname = 'postgres_fdw' AND (servers IS NULL OR f.srvname = ANY (servers)) ORDER BY f.srvname
	LOOP
		EXECUTE format('CREATE SCHEMA %I', work);
		EXECUTE format('IMPORT FOREIGN SCHEMA %s LIMIT TO (interest_encoder, interest_encoder_chunk, interest_model,'
			' interest_model_version, interest_model_chunk, interest_training_run, interest_grant) FROM SERVER %I INTO %I', home, server, work);

		-- what is there under the same name must be the same
		EXECUTE format('SELECT format(''encoder "%%s"'', h.name) FROM %2$s.interest_encoder h JOIN %1$I.interest_encoder t ON t.name = h.name'
			' WHERE t.content_hash <> h.content_hash'
			' UNION ALL SELECT format(''model "%%s"'', h.name) FROM %2$s.interest_model h JOIN %1$I.interest_model t ON t.name = h.name'
			' WHERE (t.source_schema, t.source_name, t.definition) <> (h.source_schema, h.source_name, h.definition)'
			' UNION ALL SELECT format(''version %%s of model "%%s"'', h.version, h.model) FROM %2$s.interest_model_version h'
			' JOIN %1$I.interest_model_version t ON t.model = h.model AND t.version = h.version WHERE t.content_hash <> h.content_hash'
			' LIMIT 1', work, home) INTO conflict;
		IF conflict IS NOT NULL THEN
			RAISE EXCEPTION '% on server "%" is another one', conflict, server
				USING ERRCODE = 'duplicate_object', HINT = 'Drop it there, then run this again.';
		END IF;

		EXECUTE format('CREATE TABLE %1$I.new_encoder AS SELECT name FROM %2$s.interest_encoder EXCEPT SELECT name FROM %1$I.interest_encoder', work, home);
		EXECUTE format('CREATE TABLE %1$I.new_version AS SELECT model, version FROM %2$s.interest_model_version'
			' EXCEPT SELECT model, version FROM %1$I.interest_model_version', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_encoder SELECT h.* FROM %2$s.interest_encoder h JOIN %1$I.new_encoder n USING (name)', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_encoder_chunk SELECT h.* FROM %2$s.interest_encoder_chunk h JOIN %1$I.new_encoder n ON n.name = h.encoder', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_model SELECT h.* FROM %2$s.interest_model h WHERE h.name NOT IN (SELECT name FROM %1$I.interest_model)', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_model_version SELECT h.model, h.version, h.content_hash, h.encoder_hash, h.representation, h.reading, false, h.size, h.trained_at'
			' FROM %2$s.interest_model_version h JOIN %1$I.new_version n USING (model, version)', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_model_chunk SELECT h.* FROM %2$s.interest_model_chunk h JOIN %1$I.new_version n USING (model, version)', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_training_run SELECT h.* FROM %2$s.interest_training_run h JOIN %1$I.new_version n USING (model, version)', work, home);
		EXECUTE format('INSERT INTO %1$I.interest_grant SELECT * FROM %2$s.interest_grant EXCEPT SELECT * FROM %1$I.interest_grant', work, home);

		-- deployed there is what is deployed here; the index wants the old one gone first
		EXECUTE format('UPDATE %1$I.interest_model_version t SET deployed = false WHERE t.deployed'
			' AND (t.model, t.version) IN (SELECT h.model, h.version FROM %2$s.interest_model_version h WHERE NOT h.deployed)', work, home);
		EXECUTE format('UPDATE %1$I.interest_model_version t SET deployed = true WHERE NOT t.deployed'
			' AND (t.model, t.version) IN (SELECT h.model, h.version FROM %2$s.interest_model_version h WHERE h.deployed)', work, home);
		EXECUTE format('UPDATE %1$I.interest_model t SET versions = h.versions FROM %2$s.interest_model h WHERE h.name = t.name AND h.versions > t.versions', work, home);

		EXECUTE format('SELECT (SELECT count(*) FROM %1$I.new_encoder), (SELECT count(*) FROM %1$I.new_version)', work, home) INTO encoders, versions;
		EXECUTE format('DROP SCHEMA %I CASCADE', work);
		RETURN NEXT;
	END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION interest_sync_models(name[]) FROM PUBLIC;
COMMENT ON FUNCTION interest_sync_models(name[]) IS 'copies encoders and models to other servers of postgres_fdw (NULL: all of them), and deploys there what is deployed here';

--
-- items.sql - the best 10 of 1,000,000 items of 64 dimensions, or of -v items=N, beside pgvector.
--
-- On the server that make demo has started:
--
--	test/server.sh psql /tmp/interest-demo-$(id -un) -d interest_demo -f test/bench/items.sql
--
-- Items are made of eight numbers each, so that no two have one vector.  Times
-- are by the clock, of one thread, warm: the least and the middle of 11, on a
-- machine that does nothing else.  Where pgvector is installed, its exact scan
-- of the same vectors for the same u stands beside them, and with -v hnsw=1, which
-- takes some minutes, its HNSW index for candidates that interest_relevance
-- reranks (README, recipe).
--
\set QUIET on
\if :{?items}
\else
\set items 1000000
\endif
\pset footer off
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET maintenance_work_mem = '1GB';
CREATE SCHEMA items_bench;
SET search_path = items_bench, public;

CREATE FUNCTION number(seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint8extended(seed, 7) & 65535) / 65536.0 $$;
CREATE TABLE thing AS SELECT n AS thing, number(n) AS a, number(n + 10000000) AS b, number(n + 20000000) AS c, number(n + 30000000) AS d,
	number(n + 40000000) AS e, number(n + 50000000) AS f, number(n + 60000000) AS g, number(n + 70000000) AS h FROM generate_series(1, :items) n;
ALTER TABLE thing ADD PRIMARY KEY (thing);
CREATE TABLE used AS SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3) AS at, 1 + (p * 7919 + i * 104729) % :items AS thing FROM generate_series(1, 300) p, generate_series(1, 20) i;
CREATE INDEX ON used (person);
CREATE VIEW use AS SELECT person, at, t.*, 'interest ' || ((t.a + person % 5 / 5.0) * 10)::int % 10 AS topic FROM used JOIN thing t USING (thing);
ANALYZE thing, used;
SELECT interest_create_model('items_bench', 'use', user_id => 'person', at => 'at', numerics => '{a,b,c,d,e,f,g,h}', label => 'topic', task => 'next', options => '{"dimensions": 64}') \g /dev/null
SELECT count(*) FROM interest_train('items_bench', epochs => 2) \g /dev/null
SELECT interest_set_catalogue('items_bench', 'thing', 'thing') AS made \gset
\echo :made items

CREATE TABLE figure (n serial, what text, least numeric, middle numeric);
CREATE PROCEDURE measure(what text, query text) LANGUAGE plpgsql AS $$
DECLARE
	times numeric[] := '{}';
	started timestamptz;
BEGIN
	FOR i IN 0 .. 11 LOOP
		started := clock_timestamp();
		EXECUTE query;
		IF i > 0 THEN
			times := times || 1000 * extract(epoch FROM clock_timestamp() - started);
		END IF;
	END LOOP;
	INSERT INTO figure (what, least, middle) SELECT what, min(t), percentile_disc(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(times) t;
END $$;
CREATE FUNCTION memory() RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+)')::int $$;

CALL measure('interest_recommend(user, 10)', $$SELECT count(*) FROM interest_recommend(7, 10, 'items_bench')$$);
SELECT memory() AS before \gset
SELECT count(*) FROM generate_series(1, 100) i, LATERAL interest_recommend(7, 10 + i % 2, 'items_bench') \g /dev/null
SELECT memory() AS after \gset

SELECT count(*) > 0 AS has_pgvector FROM pg_extension WHERE extname = 'vector' \gset
\if :has_pgvector
CREATE TABLE vectors AS SELECT item_id, vector::vector(64) AS vector FROM interest_items_bench_items;
VACUUM ANALYZE vectors;
CREATE TABLE u AS SELECT interest_embed(7, 'items_bench')::real[]::vector(64) AS u;
CALL measure('pgvector, exact scan for u', $$SELECT count(*) FROM (SELECT item_id FROM vectors ORDER BY vector <#> (SELECT u FROM u) LIMIT 10) x$$);
\if :{?hnsw}
CREATE INDEX ON interest_items_bench_items USING hnsw ((vector::vector(64)) vector_ip_ops);
SET hnsw.ef_search = 200;
CREATE FUNCTION candidates(person int) RETURNS TABLE(item_id text, score real) LANGUAGE sql STABLE AS $$
	SELECT c.item_id::text, interest_relevance(r, c.vector) FROM interest_embed(person, 'items_bench') r,
		(SELECT i.item_id, i.vector FROM interest_items_bench_items i ORDER BY i.vector::vector(64) <#> (SELECT interest_embed(person, 'items_bench')::real[]::vector(64)) LIMIT 200) c ORDER BY 2 DESC LIMIT 10 $$;
CALL measure('pgvector, 200 candidates of HNSW reranked', 'SELECT count(*) FROM candidates(7)');
SELECT round(avg((SELECT count(*) FROM candidates(p) JOIN interest_recommend(p, 10, 'items_bench', exclude_seen => false) r USING (item_id))) / 10, 3) AS recall FROM generate_series(1, 30) p \gset
\echo Recall of the exact best 10 by the candidates: :recall
\endif
\endif

\echo Milliseconds
SELECT what, round(least, 1) AS least, round(middle, 1) AS middle FROM figure ORDER BY n;
\echo Memory of its own before and after 100 calls, kB: :before :after
SELECT interest_drop_model('items_bench') \g /dev/null
DROP SCHEMA items_bench CASCADE;

-- Reranking: scores from elsewhere mixed with interest, as in SQL; ids that are
-- no items, users of whom nothing is known, wrong input.
\getenv tiny INTEREST_TINY
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET jit = off;
SELECT interest_load_encoder('desk', :'tiny' || '/tiny');
CREATE TABLE opened (person int, at timestamptz, page int, title text, topic text);
INSERT INTO opened
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5), (p * 7 + i * 3) % 90,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p * 7 + i * 3) % 3 + 1] || ' ' || (p * 7 + i * 3) % 9,
	(ARRAY['music', 'sport', 'science'])[(p * 7 + i * 3) % 3 + 1]
FROM generate_series(1, 60) p, generate_series(1, 8) i;
CREATE TABLE page (page int PRIMARY KEY, title text, body tsvector);
INSERT INTO page SELECT f, t, to_tsvector('english', t) FROM generate_series(1, 200) f,
	LATERAL (SELECT (ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[f % 3 + 1] || ' ' || f % 9 AS t) x;
INSERT INTO page VALUES (1000, NULL, NULL);
SELECT interest_create_model('desk', 'opened', encoder => 'desk', user_id => 'person', at => 'at', texts => '{title}',
	label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('desk', epochs => 3);
SELECT interest_rerank(7, '{1}', '{1}', 'desk');
SELECT interest_set_catalogue('desk', 'page', 'page');

-- results of a full-text search
CREATE FUNCTION found(query text, OUT ids text[], OUT scores float8[]) LANGUAGE sql AS $$
	SELECT array_agg(page::text ORDER BY s DESC, page), array_agg(s::float8 ORDER BY s DESC, page) FROM (SELECT page, ts_rank(body, q) AS s FROM page, to_tsquery(query) q WHERE body @@ q) x $$;
CREATE FUNCTION differences(person int, ids text[], scores float8[], weight float8, OUT results bigint, OUT wrong bigint, OUT disorder bigint) LANGUAGE sql AS $$
	WITH a AS (SELECT row_number() OVER () AS n, * FROM interest_rerank(person, ids, scores, 'desk', weight)),
		one AS (SELECT u.id, u.s, u.place, interest_relevance(interest_embed(person, 'desk'), i.vector) AS t FROM unnest(ids, scores) WITH ORDINALITY u(id, s, place) LEFT JOIN interest_desk_items i ON i.item_id::text = u.id),
		b AS (SELECT id, place, t, (s - avg(s) OVER ()) / nullif(stddev_pop(s) OVER (), 0) AS zs, (t - avg(t) OVER ()) / nullif(stddev_pop(t) OVER (), 0) AS zt FROM one)
	SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM a FULL JOIN b USING (place) WHERE (a.item_id = b.id AND a.interest IS NOT DISTINCT FROM b.t
			AND abs(a.score - (1 - weight) * coalesce(zs, 0) - weight * coalesce(zt, 0)) < 1e-4) IS NOT TRUE),
		(SELECT count(*) FROM (SELECT score, place, lag(score) OVER w AS s, lag(place) OVER w AS p FROM a WINDOW w AS (ORDER BY n)) x WHERE score > s OR score = s AND place < p) $$;
SELECT q, w, (differences(7, ids, scores, w)).* FROM unnest('{robot | night,sport & story,travel | story | music}'::text[]) q, unnest('{0,0.4,1}'::float8[]) w, found(q);
SELECT (differences(7, ids || '{none,1000,"NULL",""}'::text[], scores || '{0.5,0.5,0.6,0.7}'::float8[], 0.4)).* FROM found('robot | night');
SELECT (differences(7, '{5,5,7,5}', '{1,2,3,1}', 0.4)).*;
-- far from 0, and far apart
SELECT (differences(7, '{5,6,7}', '{1700000000,1700000001,1700000003}', 0.4)).*;
SELECT item_id, place FROM interest_rerank(7, '{5,6,7}', '{-1e100,1e100,1}', 'desk', 0);

-- by scores alone: unknown ids, users of whom nothing is known, nobody; all alike keep their order
SELECT item_id, round(score::numeric, 4) AS score, place, interest FROM interest_rerank(7, '{x,y,z}', '{1,3,2}', 'desk', 0.9);
SELECT item_id, round(score::numeric, 4) AS score, place, interest FROM interest_rerank(4711, '{1,2,3}', '{1,3,2}', 'desk', 0.9);
SELECT item_id, round(score::numeric, 4) AS score, place, interest FROM interest_rerank(NULL, '{1,2,3}', '{1,3,2}', 'desk', 0.9);
SELECT item_id, score FROM interest_rerank(7, '{x,z,y}', '{2,2,2}', 'desk');
SELECT item_id, score FROM interest_rerank(7, '{1}', '{42}', 'desk');
SELECT count(*) FROM interest_rerank(7, '{}', '{}', 'desk');
SELECT count(*) FROM interest_rerank(7, NULL, NULL, 'desk');
SELECT count(*) FROM interest_rerank(7, (found('nothing')).ids, (found('nothing')).scores, 'desk');
SELECT count(*) FROM interest_rerank('7', '{1}', '{1}', 'desk');
SELECT count(*) FROM interest_rerank(user_id => 7, ids => '{1}', scores => '{1}', model => 'desk', weight => 0.1);

-- wrong input
SELECT interest_rerank(7, '{1,2}', '{1}', 'desk');
SELECT interest_rerank(7, '{1,2}', NULL, 'desk');
SELECT interest_rerank(7, '{1,NULL}', '{1,2}', 'desk');
SELECT interest_rerank(7, '{1,2}', '{1,NULL}', 'desk');
SELECT interest_rerank(7, '{1,2}', '{1,NaN}', 'desk');
SELECT interest_rerank(7, '{1,2}', '{Infinity,1}', 'desk');
SELECT interest_rerank(7, '{1,2}', '{1e300,1}', 'desk');
SELECT interest_rerank(7, '{{1,2}}', '{{1,2}}', 'desk');
SELECT interest_rerank(7, '{1,2}', '{{1,2}}', 'desk');
SELECT interest_rerank(7, '{1}', '{1}', 'desk', -0.1);
SELECT interest_rerank(7, '{1}', '{1}', 'no such');

-- what row security hides is no item
CREATE ROLE regress_interest_clerk;
SELECT interest_grant_use('model', 'desk', 'regress_interest_clerk');
SET ROLE regress_interest_clerk;
SELECT interest_rerank(7, '{1}', '{1}', 'desk');
RESET ROLE;
GRANT SELECT ON interest_desk_items, opened TO regress_interest_clerk;
ALTER TABLE interest_desk_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON interest_desk_items TO regress_interest_clerk USING (item_id < 3);
SET ROLE regress_interest_clerk;
SELECT item_id, interest IS NOT NULL AS known FROM interest_rerank(7, '{1,2,3,4}', '{4,3,2,1}', 'desk', 0);
RESET ROLE;
SELECT interest_drop_model('desk');
SELECT interest_drop_encoder('desk');
DROP FUNCTION found, differences;
DROP TABLE opened, page;
DROP ROLE regress_interest_clerk;

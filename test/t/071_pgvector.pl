# The recipe with pgvector, where it is installed: an index of its proposes
# items, and the exact score puts them in order.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use Test::More;

my $node = new_node('pgvector', conf => "jit = off\n");

plan skip_all => 'pgvector is not installed'
  if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'}) eq '0';

create_visits($node, 'postgres', 'visit', 60);
$node->safe_psql('postgres', <<'EOS');
CREATE EXTENSION vector;
SELECT interest_create_model('visits', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', categoricals => '{tags}', label => 'topic',
	task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('visits', epochs => 2);
CREATE TABLE thing AS SELECT n AS thing, (n * 7 % 6000) / 100.0::float8 AS seconds, ARRAY[(ARRAY['sound', 'ball', 'star'])[n % 3 + 1], 'tag' || n % 5] AS tags FROM generate_series(1, 3000) n;
ALTER TABLE thing ADD PRIMARY KEY (thing);
INSERT INTO thing VALUES (0, NULL, NULL);
SELECT interest_set_catalogue('visits', 'thing', 'thing');
CREATE INDEX thing_hnsw ON interest_visits_items USING hnsw ((vector::vector(16)) vector_ip_ops);
ANALYZE interest_visits_items;
CREATE FUNCTION candidates(person int, amount int) RETURNS TABLE(item_id text, score real) LANGUAGE sql STABLE AS $$
	SELECT c.item_id::text, interest_relevance(r, c.vector) AS score FROM interest_embed(person, 'visits') r,
		(SELECT i.item_id, i.vector FROM interest_visits_items i WHERE i.vector IS NOT NULL
		ORDER BY i.vector::vector(16) <#> (SELECT interest_embed(person, 'visits')::real[]::vector(16)) LIMIT amount) c
	ORDER BY score DESC, c.item_id::text COLLATE "C" LIMIT 10 $$;
EOS

is($node->safe_psql('postgres', q{SELECT r::real[]::vector = interest_granularity(r, 'user')::vector, vector_dims(r::real[]::vector) FROM interest_embed(7, 'visits') r}),
	't|16', 'u as a vector');
is($node->safe_psql('postgres', q{SELECT max(abs((a::real[]::vector <=> b::real[]::vector) - (a <=> b))) < 1e-6 AND max(abs((a::real[]::vector <#> b::real[]::vector) - (a <#> b))) < 1e-6
	FROM interest_embed(7, 'visits') a, interest_embed(8, 'visits') b}), 't', 'distances are the same');
like($node->safe_psql('postgres', q{EXPLAIN SELECT item_id FROM interest_visits_items ORDER BY vector::vector(16) <#> (SELECT interest_embed(7, 'visits')::real[]::vector(16)) LIMIT 100}),
	qr/Index Scan using thing_hnsw/, 'the index proposes');
is($node->safe_psql('postgres', q{SET enable_indexscan = off; SELECT count(*) FROM generate_series(1, 20) p, LATERAL (
	SELECT array_agg((item_id, score) ORDER BY score DESC, item_id COLLATE "C") AS a FROM candidates(p, 3000)) c, LATERAL (
	SELECT array_agg((item_id, score) ORDER BY score DESC, item_id COLLATE "C") AS b FROM interest_recommend(p, 10, 'visits', exclude_seen => false)) r
	WHERE a <> b OR cardinality(a) <> 10}), '0', 'of all candidates, the best are those of interest_recommend');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET hnsw.ef_search = 800; ALTER DATABASE postgres SET enable_seqscan = off');
cmp_ok($node->safe_psql('postgres', q{SELECT avg((SELECT count(*) FROM candidates(p, 800) c JOIN interest_recommend(p, 10, 'visits', exclude_seen => false) r USING (score))) / 10 FROM generate_series(1, 20) p}),
	'>=', 0.9, 'and of 800 nearly always');
$node->safe_psql('postgres', q{DELETE FROM thing WHERE thing::text IN (SELECT item_id FROM candidates(7, 200))});
is($node->safe_psql('postgres', q{SELECT count(*) FROM candidates(7, 200) LEFT JOIN thing ON thing::text = item_id WHERE thing IS NULL}), '0', 'what is deleted is no candidate');

done_testing();

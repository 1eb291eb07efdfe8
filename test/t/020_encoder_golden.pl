# The real encoder through SQL: reference tokens, vectors and similarities, and
# what a load that is cancelled leaves behind.  Skipped, saying so, where the
# encoder or the reference data are not there.

use strict;
use warnings;

use Digest::SHA;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($model, $golden) = @ENV{qw(INTEREST_MODEL INTEREST_GOLDEN_DIR)};

plan skip_all => 'INTEREST_MODEL names no folder with the real encoder' unless $model && -f "$model/model.safetensors";
plan skip_all => 'INTEREST_GOLDEN_DIR names no folder with reference data' unless $golden && -f "$golden/vectors.jsonl";

my %sum_of = (
	'model.safetensors' => '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
	'vocab.txt' => '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3');
for my $file (sort keys %sum_of)
{
	plan skip_all => "$file is not the one that the reference data were made with"
	  if Digest::SHA->new(256)->addfile("$model/$file", 'b')->hexdigest ne $sum_of{$file};
}

my $node = PostgreSQL::Test::Cluster->new('golden');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION interest');

# A load that is cancelled, at several moments, leaves nothing and holds nothing up.
for my $milliseconds (1, 20, 100)
{
	my ($status, $out, $error) = $node->psql('postgres',
		"SET statement_timeout = '${milliseconds}ms'; SELECT interest_load_encoder('minilm', '$model')");
	like($error, qr/canceling statement due to statement timeout/, "cancelled after $milliseconds ms");
}
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM interest_encoder) + (SELECT count(*) FROM interest_encoder_chunk)'),
	'0', 'a cancelled load leaves nothing');

is($node->safe_psql('postgres', "SELECT interest_load_encoder('minilm', '$model')"), 'minilm', 'loads');
is($node->safe_psql('postgres',
		'SELECT dimensions, layers, heads, max_length, vocabulary_size, pooling, storage FROM interest_encoders'),
	'384|6|12|256|30522|mean|fp32', 'is what it is');

# Lines of JSON into a table; those with U+0000 no text of a database can hold.
sub load_lines
{
	my ($file) = @_;

	$node->safe_psql('postgres', <<"EOS");
DROP TABLE IF EXISTS line;
CREATE TABLE line (body text);
COPY line FROM '$golden/$file' (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02');
DELETE FROM line WHERE body LIKE E'%\\\\u0000%' ESCAPE '!';
ALTER TABLE line ALTER body TYPE jsonb USING body::jsonb;
EOS
	return $node->safe_psql('postgres', 'SELECT count(*) FROM line');
}

# max_length here is the encoder's own, 256: longer references are cut as the rules say.
for my $file ('tokens.jsonl', 'tokens_truncated.jsonl')
{
	my $only = $file eq 'tokens.jsonl' ? 'true' : "(body->>'max_length')::int = 256";
	cmp_ok(load_lines($file), '>', 50, "$file has rows");
	is($node->safe_psql('postgres', <<"EOS"), '', "$file: every id");
WITH reference AS (
	SELECT body->>'text' AS body, ARRAY(SELECT jsonb_array_elements_text(body->'ids')::int) AS ids FROM line WHERE $only
), cut AS (
	SELECT body, CASE WHEN cardinality(ids) > 256 THEN ids[1:255] || ids[cardinality(ids)] ELSE ids END AS ids FROM reference
)
SELECT left(body, 100) FROM cut
WHERE ids <> ARRAY(SELECT id FROM interest_tokenize(body, 'minilm') ORDER BY ordinal)
EOS
}

cmp_ok(load_lines('vectors.jsonl'), '>', 150, 'vectors.jsonl has rows');
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE vector AS
	SELECT body->>'text' AS body, (body->>'tokens')::int AS tokens,
		ARRAY(SELECT jsonb_array_elements_text(body->'vector')::float8) AS reference,
		interest_encode(body->>'text', 'minilm') AS vector
	FROM line;
EOS
is($node->safe_psql('postgres', <<'EOS'), '', 'every vector within 2e-6');
SELECT left(body, 100), (SELECT max(abs(a - b)) FROM unnest(reference, vector) AS u (a, b)) AS difference FROM vector
WHERE cardinality(vector) <> cardinality(reference)
	OR NOT (SELECT max(abs(a - b)) <= 2e-6 FROM unnest(reference, vector) AS u (a, b))
EOS
is($node->safe_psql('postgres', <<'EOS'), '', 'every cosine at least 0.999999');
SELECT left(body, 100) FROM vector
WHERE NOT (SELECT sum(a * b) / sqrt(sum(a * a) * sum(b::float8 * b)) >= 0.999999 FROM unnest(reference, vector) AS u (a, b))
EOS
note('largest difference: ' . $node->safe_psql('postgres',
		'SELECT max(abs(a - b)) FROM vector, unnest(reference, vector) AS u (a, b)'));
is($node->safe_psql('postgres', <<'EOS'), 't', 'all at once: the same bits');
SET interest.encode_cache = 0;
SELECT interest_encode(array_agg(body), 'minilm') = array_agg(vector) FROM vector
EOS
is($node->safe_psql('postgres', <<'EOS'), 't', 'the portable kernel: the same bits');
SET interest.encode_cache = 0;
SET interest.kernel = 'portable';
SELECT bool_and(interest_encode(body, 'minilm') = vector) FROM (SELECT * FROM vector WHERE tokens < 40 LIMIT 12) AS v
EOS

$node->safe_psql('postgres', <<"EOS");
CREATE TABLE similarity (a text, b text, cosine float8);
COPY similarity FROM '$golden/similarity.tsv' (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\t', HEADER);
EOS
is($node->safe_psql('postgres', <<'EOS'), '', 'every similarity within 2e-6');
SELECT left(a, 50), left(b, 50) FROM similarity WHERE NOT abs(interest_similarity(a, b, 'minilm') - cosine) <= 2e-6
EOS

done_testing();

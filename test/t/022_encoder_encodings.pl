# Databases in other encodings: the same texts have the same tokens and vectors
# wherever the encoding can hold them; SQL_ASCII says that it cannot be known.

use strict;
use warnings;
use utf8;

use Encode;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = $ENV{INTEREST_TINY};
plan skip_all => 'INTEREST_TINY names no folder with the tiny encoders' unless $tiny && -d "$tiny/tiny";

$ENV{PGCLIENTENCODING} = 'UTF8';
my $node = PostgreSQL::Test::Cluster->new('encodings');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

for my $encoding (qw(UTF8 LATIN1 EUC_JP WIN1251 SQL_ASCII))
{
	$node->safe_psql('postgres', "CREATE DATABASE \L$encoding\E ENCODING '$encoding' TEMPLATE template0");
	$node->safe_psql(lc $encoding, 'CREATE EXTENSION interest');
	$node->safe_psql(lc $encoding, "SELECT interest_load_encoder('tiny', '$tiny/tiny')");
}

my %text_of = (latin1 => 'Un café NAÏVE, ça coûte 3 £', euc_jp => '日本語 の 電影, lost in space', win1251 => 'Кино о мире; star');
for my $database (sort keys %text_of)
{
	my $text = encode_utf8($text_of{$database});
	for my $query ("SELECT interest_encode('$text')", "SELECT interest_encode(ARRAY['a', '$text'])",
		"SELECT * FROM interest_tokenize('$text')", "SELECT interest_similarity('$text', 'star')")
	{
		is($node->safe_psql($database, $query), $node->safe_psql('utf8', $query), "$database: as in UTF8: $query");
	}
	like($node->safe_psql($database, "SELECT string_agg(token, ' ') FROM interest_tokenize('$text')"), qr/\[CLS\] .*\[SEP\]/, "$database has tokens");
}
is($node->safe_psql('latin1', encode_utf8("SELECT string_agg(token, ' ') FROM interest_tokenize('le café')")),
	'[CLS] l ##e cafe [SEP]', 'accents are what they are');

# The vocabulary keeps its UTF-8 where the database cannot hold it.
is($node->safe_psql($_, 'SELECT fingerprint FROM interest_encoders'),
	$node->safe_psql('utf8', 'SELECT fingerprint FROM interest_encoders'), "$_: the same fingerprint")
  for qw(latin1 euc_jp win1251 sql_ascii);
is($node->safe_psql('latin1', "SELECT interest_load_encoder('fast', '$tiny/variants/tokenizer_json_only');
		SELECT count(DISTINCT fingerprint) FROM interest_encoders"),
	"fast\n1", 'tokenizer.json, too');

# Names in the database's encoding.
my $name = encode_utf8('été');
is($node->safe_psql('latin1', "SELECT interest_load_encoder('$name', '$tiny/tiny36'); SELECT array_dims(interest_encode('a', '$name'))"),
	"$name\n[1:36]", 'a name beyond ASCII');

# Pictures and pages have what the database's encoding lacks as references.
is($node->safe_psql('latin1', encode_utf8(<<'EOS')), "2\nf|t|t\nf|t|t", 'pictures');
SET client_min_messages = warning;
CREATE TABLE visit AS SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i) AS at, 10.0 * (p % 3) AS seconds, (ARRAY['café', 'sport', 'x'])[p % 3 + 1] AS topic
FROM generate_series(1, 90) p, generate_series(1, 6) i;
DO $$ BEGIN PERFORM interest_create_model('visits', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic', options => '{"dimensions": 8}'); END $$;
SELECT count(*) FROM interest_train('visits', epochs => 2);
SELECT svg ~ '[^\x01-\x7f]', svg LIKE '%caf&#233;%', svg LIKE '%&#8722;%' FROM interest_picture('ledger', 3, 'café', 'visits') svg;
SELECT html ~ '[^\x01-\x7f]', html LIKE '%caf&#233;%', html LIKE '%&#177;%' FROM interest_report('visits', '{3}') html;
EOS

for my $query ("SELECT interest_encode('star')", "SELECT interest_encode(ARRAY['star'])", "SELECT * FROM interest_tokenize('star')",
	"SELECT interest_similarity('star', 'wars')")
{
	my ($status, $out, $error) = $node->psql('sql_ascii', "\\set VERBOSITY verbose\n$query");
	like($error, qr/0A000: texts of a database with encoding SQL_ASCII cannot be encoded.*HINT: /s, "SQL_ASCII: $query");
}

done_testing();

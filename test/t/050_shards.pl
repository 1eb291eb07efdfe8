# Two shards behind postgres_fdw: models are copied to them, aggregates run on
# them, and the bytes are those of one table.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
my $here = new_node('coordinator');
my @shards = map { new_node("shard_$_") } 0, 1;

plan skip_all => 'postgres_fdw is not installed'
  if $here->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';

# One table, and the same rows by the hash of the person on two shards; events
# are kept as documents, and as times and texts.  postgres_fdw ships a call only
# if the collation of its text arguments comes from a column: beside a document
# that is the column with the model's name.  Encoding a row costs so much more
# than sending it that the planner does not care where it happens, unless sending
# is made dearer (fdw_tuple_cost).
create_visits($here, 'postgres', 'visit', 150);
$here->safe_psql('postgres', <<"EOS");
SELECT interest_load_encoder('tiny', '$tiny');
SELECT interest_create_model('topics', 'visit', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'user', options => '{"dimensions": 16}');
SELECT interest_create_model('titles', 'visit', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', task => 'user', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('topics', epochs => 1);
SELECT count(*) FROM interest_train('titles', epochs => 1);
CREATE EXTENSION postgres_fdw;
CREATE TABLE event (person int, model text, at timestamptz, title text, document jsonb) PARTITION BY HASH (person);
EOS

for my $i (0, 1)
{
	my $shard = $shards[$i];
	my ($host, $port) = ($shard->host, $shard->port);

	$shard->safe_psql('postgres', 'CREATE TABLE event (person int, model text, at timestamptz, title text, document jsonb)');
	$here->safe_psql('postgres', <<"EOS");
CREATE SERVER shard_$i FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'interest', fdw_tuple_cost '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard_$i OPTIONS (password_required 'false');
CREATE FOREIGN TABLE event_$i PARTITION OF event FOR VALUES WITH (MODULUS 2, REMAINDER $i) SERVER shard_$i OPTIONS (table_name 'event');
EOS
}
$here->safe_psql('postgres', q{INSERT INTO event SELECT person, 'topics', at, title, to_jsonb(v) FROM visit v; ANALYZE event_0; ANALYZE event_1});
for my $shard (@shards)
{
	cmp_ok($shard->safe_psql('postgres', 'SELECT count(*) FROM event'), '>', 300, 'a shard has its part of the rows');
}

# Copying, once and again.
is($here->safe_psql('postgres', 'SELECT * FROM interest_sync_models()'), "shard_0|1|2\nshard_1|1|2", 'encoders and versions are copied');
is($here->safe_psql('postgres', 'SELECT * FROM interest_sync_models()'), "shard_0|0|0\nshard_1|0|0", 'there is nothing to copy the second time');
my $models = 'SELECT name, version, deployed, representation, reading FROM interest_models ORDER BY 1, 2';
is($_->safe_psql('postgres', $models), $here->safe_psql('postgres', $models), 'a shard has the same models') for @shards;

# The aggregate runs on the shards.
my $settings = 'SET enable_partitionwise_aggregate = on; SET timezone = UTC;';
my %queries = (
	'the document form' => [ 'interest_accumulate(model, document)', "interest_accumulate('topics', v)" ],
	'the short form' => [ "interest_accumulate('titles', at, title)", "interest_accumulate('titles', v)" ],
	'readings' => [ "interest_embed('titles', at, title)", "interest_embed('titles', v)" ]);

for my $name (sort keys %queries)
{
	my ($remote, $local) = @{ $queries{$name} };
	my $plan = $here->safe_psql('postgres', "$settings EXPLAIN (VERBOSE, COSTS OFF) SELECT person, $remote FROM event GROUP BY person");
	my @pushed = $plan =~ /Remote SQL: SELECT [^\n]*interest_[a-z]+\([^\n]*GROUP BY/g;

	is(scalar @pushed, 2, "$name: both shards aggregate");
	is($here->safe_psql('postgres', "$settings SELECT person, $remote FROM event GROUP BY person ORDER BY person"),
		$here->safe_psql('postgres', "SELECT person, $local FROM visit v GROUP BY person ORDER BY person"),
		"$name: the bytes are those of one table");
}

# interest_score[] is an array, whose type belongs to no extension: the shards
# send profiles, and what they mean is said here.
is( $here->safe_psql('postgres', "$settings SELECT person, interest_classify(interest_accumulate(model, document)) FROM event GROUP BY person ORDER BY person"),
	$here->safe_psql('postgres', "SELECT person, interest_classify('topics', v) FROM visit v GROUP BY person ORDER BY person"), 'classes of profiles from the shards');

# Parts of every shard, merged: everybody's profile, and daily parts.
is( $here->safe_psql('postgres', "$settings SELECT interest_merge(p) FROM (SELECT interest_accumulate(model, document) AS p FROM event GROUP BY person) x"),
	$here->safe_psql('postgres', "SELECT interest_accumulate('topics', v) FROM visit v"), 'merged over the shards');
$here->safe_psql('postgres', "$settings CREATE TABLE daily AS SELECT person, date_trunc('day', at) AS day, interest_accumulate(model, document) AS part FROM event GROUP BY 1, 2");
is( $here->safe_psql('postgres', 'SELECT person, interest_merge(part) FROM daily GROUP BY person ORDER BY person'),
	$here->safe_psql('postgres', "SELECT person, interest_accumulate('topics', v) FROM visit v GROUP BY person ORDER BY person"), 'merged over days');

# A new version follows, deployed or not.
$here->safe_psql('postgres', q{SELECT count(*) FROM interest_train('topics', epochs => 2)});
is($here->safe_psql('postgres', q{SELECT * FROM interest_sync_models('{shard_0}')}), 'shard_0|0|1', 'one server at a time');
is($shards[0]->safe_psql('postgres', $models), $here->safe_psql('postgres', $models), 'the new version is deployed there');
isnt($shards[1]->safe_psql('postgres', $models), $here->safe_psql('postgres', $models), 'and not where nobody copied it to');
$here->safe_psql('postgres', q{SELECT interest_deploy('topics', 1); SELECT * FROM interest_sync_models()});
is($_->safe_psql('postgres', $models), $here->safe_psql('postgres', $models), 'an old version is deployed again everywhere') for @shards;

# What does not fit, and who may not.
$shards[1]->safe_psql('postgres', q{SELECT interest_drop_model('titles'); CREATE TABLE visit (person int, at timestamptz, n int, topic text);
	SELECT interest_create_model('titles', 'visit', user_id => 'person', at => 'at', numerics => '{n}', label => 'topic')});
my ($code, $out, $err) = $here->psql('postgres', 'SELECT * FROM interest_sync_models()');
like($err, qr/model "titles" on server "shard_1" is another one/, 'another model of that name is not overwritten');
is($here->safe_psql('postgres', q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'interest_sync%'}), '0', 'nothing is left behind');
($code, $out, $err) = $here->psql('postgres', q{SELECT * FROM interest_sync_models('{nowhere}')});
like($err, qr/server nowhere does not exist/, 'an unknown server');
$here->safe_psql('postgres', 'CREATE ROLE somebody');
($code, $out, $err) = $here->psql('postgres', 'SET ROLE somebody; SELECT * FROM interest_sync_models()');
like($err, qr/permission denied for function interest_sync_models/, 'not for everybody');

done_testing();

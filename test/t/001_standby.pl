# A standby answers the same bytes as its primary, follows its trainings, and
# says that it cannot write; promoted, it can.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
my $primary = new_node('primary', streaming => 1);
create_visits($primary, 'postgres', 'visit', 120);
create_models($primary, 'postgres', 'visit', $tiny);
$primary->safe_psql('postgres', 'CREATE MATERIALIZED VIEW interests AS SELECT person, interest_embed(\'topics\', v) AS v FROM visit v GROUP BY person');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

# The same bytes, from the start.
my $first = bytes_of($primary, 'postgres', 'visit');
is(bytes_of($standby, 'postgres', 'visit'), $first, 'the standby answers the same bytes');
my $other = q{
SELECT * FROM interest_evaluate('topics');
SELECT * FROM interest_tokenize('a robot at night');
SELECT interest_similarity('a robot', 'a star');
SELECT name, version, deployed, representation, reading FROM interest_models ORDER BY 1, 2;
SELECT name, fingerprint FROM interest_encoders;
SELECT md5(string_agg(v::text, '' ORDER BY person)) FROM interests;
SELECT md5(interest_read(interest_accumulate('topics', v))::text) FROM visit v WHERE person = 7};
is($standby->safe_psql('postgres', $other), $primary->safe_psql('postgres', $other), 'and the same figures');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM interest_progress'), '0', 'nothing is under way there');

# Sessions of the standby that have the first version in memory.
my $embed = "SELECT md5(interest_embed(42, 'topics')::text)";
my $warm = InterestTest::Session->new($standby);
my $repeatable = InterestTest::Session->new($standby);
my $old = $warm->ask($embed);
$repeatable->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($repeatable->ask($embed), $old, 'a transaction of the standby before the training');

# A version that is trained and not deployed changes no answer.
$primary->safe_psql('postgres', q{SELECT count(*) FROM interest_train('topics', epochs => 3, deploy => false)});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', q{SELECT count(*) FROM interest_models WHERE name = 'topics'}), '2', 'a second version is there');
is($warm->ask($embed), $old, 'it does not answer yet');

$primary->safe_psql('postgres', q{SELECT interest_deploy('topics', 2)});
$primary->wait_for_catchup($standby);
my $second = bytes_of($primary, 'postgres', 'visit');
isnt($second, $first, 'the deployed version answers otherwise');
is(bytes_of($standby, 'postgres', 'visit'), $second, 'a new session of the standby follows');
is($warm->ask($embed), $primary->safe_psql('postgres', $embed), 'one that has the first version in memory, too');
isnt($warm->ask($embed), $old, 'with new bytes');
is($repeatable->ask($embed), $old, 'REPEATABLE READ keeps the first version');
$repeatable->ask('COMMIT');
isnt($repeatable->ask($embed), $old, 'until it ends');

# Writing.
my $before = counts_of($standby, 'postgres');
for my $write (
	"interest_train('topics')", "interest_load_encoder('other', '$tiny')", "interest_deploy('topics', 1)",
	"interest_create_model('other', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic')",
	"interest_create_model('other', 'visit', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', label => 'topic')",
	"interest_drop_model('topics')", "interest_drop_encoder('tiny')",
	"interest_grant_use('model', 'topics', 'public')", "interest_revoke_use('encoder', 'tiny', 'public')")
{
	my $said = $warm->ask("\\set VERBOSITY verbose\nSELECT $write");
	like($said, qr/^psql:<stdin>:\d+: ERROR:  25006: cannot execute \S+ in a read-only transaction/, "$write is refused");
	unlike($said, qr/cannot execute (INSERT|UPDATE|DELETE|SELECT)/, 'by its own name');
}
is(counts_of($standby, 'postgres'), $before, 'nothing changed');
is($warm->ask($embed), $primary->safe_psql('postgres', $embed), 'the session goes on');

# Promoted.
$standby->promote;
is($standby->safe_psql('postgres', q{SELECT count(*) FROM interest_train('topics', epochs => 3)}), '3', 'promoted, it trains');
is($standby->safe_psql('postgres', q{SELECT version FROM interest_models WHERE name = 'topics' AND deployed}), '3', 'a third version');
is($standby->safe_psql('postgres', q{SELECT interest_deploy('topics', 2)}), '', 'and deploys');
is(bytes_of($standby, 'postgres', 'visit'), $second, 'the second version is still the same bytes');

done_testing();

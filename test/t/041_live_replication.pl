# Tracked models and replication: a subscriber that computes from rows that
# arrive, in a plain and in a partitioned table; a subscriber to the profile
# table itself; and a standby.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackedTest;

my $tiny = tiny_encoder();
my $publisher = new_node('publisher', streaming => 'logical', conf => "max_prepared_transactions = 5\n");
create_acts($publisher, 'postgres');
$publisher->safe_psql('postgres', 'CREATE PUBLICATION acts FOR TABLE act');

my $subscriber = new_node('subscriber');
my $connection = $publisher->connstr . ' dbname=postgres';

sub wait_for_rows
{
	my ($database) = @_;

	$subscriber->wait_for_subscription_sync($publisher, $database, $database);
	$publisher->wait_for_catchup($database);
}

# Two databases that receive the rows, one into partitions.
$subscriber->safe_psql('postgres', 'CREATE DATABASE plain');
$subscriber->safe_psql('postgres', 'CREATE DATABASE parted');
for my $database ('plain', 'parted')
{
	my $columns = 'client int, number int, person int, at timestamptz, title text, action text, seconds float8, tags text[], topic text';

	$subscriber->safe_psql($database, 'CREATE EXTENSION interest');
	$subscriber->safe_psql($database, $database eq 'plain' ? "CREATE TABLE act ($columns, PRIMARY KEY (client, number))" : <<"EOS");
CREATE TABLE act ($columns, PRIMARY KEY (client, number)) PARTITION BY LIST (client);
CREATE TABLE act_1 PARTITION OF act FOR VALUES IN (1);
CREATE TABLE act_rest (topic text, tags text[], seconds float8, action text, title text, at timestamptz, person int, number int NOT NULL, client int NOT NULL, PRIMARY KEY (client, number));
ALTER TABLE act ATTACH PARTITION act_rest DEFAULT;
EOS
	$subscriber->safe_psql($database, "CREATE SUBSCRIPTION $database CONNECTION '$connection' PUBLICATION acts");
	wait_for_rows($database);
	create_model($subscriber, $database, $tiny);
	$subscriber->safe_psql($database, q{SELECT interest_track('acts')});
}

my @statements = (
	[ 'rows', 'INSERT INTO act SELECT (act_of(1, p, p, 2)).* FROM generate_series(1, 45) p' ],
	[ 'changed rows', 'UPDATE act SET seconds = seconds + 1, person = CASE WHEN number % 2 = 0 THEN person % 40 + 1 ELSE person END WHERE client = 1 AND number < 20' ],
	[ 'rows that change their partition', 'UPDATE act SET client = 2 WHERE client = 1 AND number BETWEEN 10 AND 15' ],
	[ 'rows that go, the newest too', 'DELETE FROM act WHERE number % 5 = 0 OR client = 2' ],
	[ 'a transaction with a savepoint', 'BEGIN; DELETE FROM act WHERE person = 7; SAVEPOINT s; DELETE FROM act WHERE person = 8; ROLLBACK TO s; INSERT INTO act SELECT (act_of(3, 7, 7, 1)).*; COMMIT' ]);

sub changes_arrive
{
	my ($database) = @_;

	$publisher->wait_for_catchup($database);
	is($subscriber->safe_psql($database, 'SELECT md5(string_agg(a::text, \'\' ORDER BY client, number)) FROM (SELECT client, number, person, at, title, seconds FROM act) a'),
		$publisher->safe_psql('postgres', 'SELECT md5(string_agg(a::text, \'\' ORDER BY client, number)) FROM (SELECT client, number, person, at, title, seconds FROM act) a'), "$database: the rows are there");
}

for my $step (@statements)
{
	$publisher->safe_psql('postgres', $step->[1]);
	for my $database ('plain', 'parted')
	{
		changes_arrive($database);
		is_exact($subscriber, "$database: $step->[0]", database => $database);
	}
}
for my $database ('plain', 'parted')
{
	ok($subscriber->safe_psql($database, 'SELECT count(*) FROM interest_acts_profiles WHERE sign <> 1') > 0, "$database: rows were followed one by one");
	$subscriber->safe_psql($database, q{SELECT interest_fold('acts')});
	is_exact($subscriber, "$database: folded", database => $database, folded => 1);
	# its own statements are followed as well
	$subscriber->safe_psql($database, 'DELETE FROM act WHERE client = 99 AND number % 3 = 0');
	is_exact($subscriber, "$database: its own statement", database => $database);
	$subscriber->safe_psql($database, 'ALTER SUBSCRIPTION ' . $database . ' DISABLE');
	# what it deleted itself would be missing for the publisher's changes, so it starts anew
	$subscriber->safe_psql($database, "ALTER SUBSCRIPTION $database SET (slot_name = NONE)");
	$subscriber->safe_psql($database, "DROP SUBSCRIPTION $database");
}
$publisher->safe_psql('postgres', 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active');

# The first copy of a subscription is followed too; so is a TRUNCATE that arrives.
$subscriber->safe_psql('parted', 'TRUNCATE act');
$subscriber->safe_psql('parted', q{SELECT interest_rebuild('acts')});
is($subscriber->safe_psql('parted', 'SELECT count(*) FROM interest_acts_profiles'), '0', 'nothing is left');
$subscriber->safe_psql('parted', "CREATE SUBSCRIPTION parted CONNECTION '$connection' PUBLICATION acts");
wait_for_rows('parted');
is_exact($subscriber, 'the first copy', database => 'parted');
$subscriber->safe_psql('parted', q{SELECT interest_fold('acts')});
is_exact($subscriber, 'the first copy, folded', database => 'parted', folded => 1);
$publisher->safe_psql('postgres', 'BEGIN; TRUNCATE act; INSERT INTO act SELECT (act_of(1, p, p, 2)).* FROM generate_series(1, 9) p; COMMIT');
changes_arrive('parted');
is_exact($subscriber, 'all rows went, and some came', database => 'parted');
is($subscriber->safe_psql('parted', 'SELECT count(*) > 0 FROM interest_acts_profiles WHERE user_id IS NULL'), 't', 'a mark of everybody came with it');
$subscriber->safe_psql('parted', q{SELECT interest_rebuild('acts')});
is_exact($subscriber, 'and rebuilt', database => 'parted', folded => 1);
unlike(slurp_file($subscriber->logfile), qr/ERROR:  (?!could not receive data|terminating)/, 'no error in the subscriber');

# The profile table has a replica identity: a publication of it takes folds.
create_model($publisher, 'postgres', $tiny);
$publisher->safe_psql('postgres', <<'EOS');
SELECT interest_track('acts');
CREATE PUBLICATION everything FOR ALL TABLES;
EOS
my $profiles = 'SELECT md5(string_agg(user_id::text || sign || coalesce(profile::text, \'\') || coalesce(fingerprint::text, \'\'), \'\' ORDER BY user_id, sign, profile)) FROM interest_acts_profiles';
$subscriber->safe_psql('postgres', <<"EOS");
CREATE TABLE interest_acts_profiles (user_id int, sign smallint, profile interest_profile, fingerprint bytea);
EOS
$publisher->safe_psql('postgres', 'CREATE PUBLICATION profiles FOR TABLE interest_acts_profiles');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION postgres CONNECTION '$connection' PUBLICATION profiles");
wait_for_rows('postgres');
$publisher->safe_psql('postgres', 'INSERT INTO act SELECT (act_of(4, p, p, 1)).* FROM generate_series(1, 9) p; DELETE FROM act WHERE number IN (3, 4)');
$publisher->wait_for_catchup('postgres');
is($subscriber->safe_psql('postgres', $profiles), $publisher->safe_psql('postgres', $profiles), 'profiles that are written arrive');
$publisher->safe_psql('postgres', q{SELECT interest_fold('acts')});
$publisher->wait_for_catchup('postgres');
is($subscriber->safe_psql('postgres', $profiles), $publisher->safe_psql('postgres', $profiles), 'and those that are folded');
$publisher->safe_psql('postgres', q{DELETE FROM act WHERE person = 5; SELECT interest_forget('acts', 5)});
$publisher->wait_for_catchup('postgres');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM interest_acts_profiles WHERE user_id = 5'), '0', 'and those that are forgotten');

# A standby reads what is tracked, and what is not summed up yet.
$publisher->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($publisher, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\n");
$standby->start;
$publisher->safe_psql('postgres', <<'EOS');
INSERT INTO act SELECT (act_of(6, p, p, 400)).* FROM generate_series(1, 30) p;
DELETE FROM act WHERE number = 9;
EOS
$publisher->wait_for_catchup($standby);
is(sums_of($standby), sums_of($publisher), 'the standby has the same sums');
is_exact($standby, 'and answers with them');
my ($result, $out, $err) = $standby->psql('postgres', q{SELECT interest_fold('acts')});
like($err, qr/cannot execute interest_fold\(\) in a read-only transaction/, 'it folds nothing');
$publisher->safe_psql('postgres', q{SELECT interest_rebuild('acts')});
$publisher->wait_for_catchup($standby);
is_exact($standby, 'a rebuild arrives', folded => 1);
$standby->promote;
$standby->safe_psql('postgres', 'DELETE FROM act WHERE number % 2 = 0');
is_exact($standby, 'promoted, it follows its own writers');
$standby->safe_psql('postgres', q{SELECT interest_fold('acts')});
is_exact($standby, 'and folds', folded => 1);

done_testing();

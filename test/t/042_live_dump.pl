# Tracked models, dumped and restored: profiles are what they were and go on
# following, from a dump as text and from an archive; a restore of data alone
# needs its triggers off, or a rebuild.

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
my $node = new_node('dump');
my $dumps = PostgreSQL::Test::Utils::tempdir();

create_acts($node, 'postgres');
create_model($node, 'postgres', $tiny);
# profiles with something on top, and a mark
$node->safe_psql('postgres', <<'EOS');
SELECT interest_track('acts');
INSERT INTO act SELECT (act_of(1, p, p, 400)).* FROM generate_series(1, 20) p;
DELETE FROM act WHERE client = 99 AND number % 100 = 8 AND person > 30;
DELETE FROM act WHERE person = 5 AND number % 100 = 1;
EOS
my $sums = sums_of($node);
like($sums, qr/^40\|\d+\|0$/, 'exact before');
my $triggers = q{SELECT tgname, tgenabled, tgtype FROM pg_trigger WHERE tgrelid = 'act'::regclass AND NOT tgisinternal ORDER BY 1};

sub new_database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0");
	return $node->connstr($name);
}

# What was dumped is there, is exact, and goes on.
sub is_restored
{
	my ($database, $name) = @_;

	is(sums_of($node, $database), $sums, "$name: the same sums");
	is($node->safe_psql($database, $triggers), $node->safe_psql('postgres', $triggers), "$name: the same triggers");
	is($node->safe_psql($database, 'SELECT model, profiles, follows, on_error FROM interest_tracked'), 'acts|public.interest_acts_profiles|{public.act}|error', "$name: tracked");
	$node->safe_psql($database, 'INSERT INTO act SELECT (act_of(2, p, p, 1)).* FROM generate_series(1, 9) p; DELETE FROM act WHERE person = 3');
	is_exact($node, "$name: goes on", database => $database);
	$node->safe_psql($database, q{SELECT interest_fold('acts')});
	is_exact($node, "$name: folds", database => $database, folded => 1);
	is($node->safe_psql($database, q{SELECT interest_rebuild('acts')}), '39', "$name: rebuilds");
	$node->safe_psql($database, q{SELECT interest_untrack('acts')});
	is($node->safe_psql($database, $triggers), '', "$name: ends");
}

my $source = $node->connstr('postgres');
my $target = new_database('text');
command_ok([ 'pg_dump', '-f', "$dumps/text.sql", '-d', $source ], 'dump as text');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/text.sql", '-d', $target ], 'restore it');
is_restored('text', 'text');

$target = new_database('archive');
command_ok([ 'pg_dump', '-Fc', '-f', "$dumps/archive", '-d', $source ], 'dump as an archive');
command_ok([ 'pg_restore', '-j', '2', '-e', '-d', $target, "$dumps/archive" ], 'restore it by two processes');
is_restored('archive', 'archive');

# Data alone, into a database that has the schema: with the triggers off.
command_ok([ 'pg_dump', '-s', '-f', "$dumps/schema.sql", '-d', $source ], 'dump the schema');
sub schema_only
{
	my ($name) = @_;
	my $connection = new_database($name);

	command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/schema.sql", '-d', $connection ], 'restore the schema');
	return $connection;
}

$target = schema_only('data_alone');
command_ok([ 'pg_dump', '-a', '--disable-triggers', '-f', "$dumps/data.sql", '-d', $source ], 'dump the data');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/data.sql", '-d', $target ], 'restore them without triggers');
is(sums_of($node, 'data_alone'), $sums, 'data: the same sums');
$node->safe_psql('data_alone', 'INSERT INTO act SELECT (act_of(2, p, p, 1)).* FROM generate_series(1, 9) p; DELETE FROM act WHERE person = 3');
is_exact($node, 'data: goes on', database => 'data_alone');
$node->safe_psql('data_alone', q{SELECT interest_rebuild('acts')});
is($node->safe_psql('data_alone', $triggers), $node->safe_psql('postgres', $triggers), 'data: a rebuild enables the triggers as they were');

# With the triggers on, rows that come before the tracking is known are refused,
# and those that come after it count twice until a rebuild.
$target = schema_only('data_twice');
command_ok([ 'pg_dump', '-a', '-f', "$dumps/twice.sql", '-d', $source ], 'dump the data');
my ($out, $err) = run_command([ 'psql', '-Xq', '-f', "$dumps/twice.sql", '-d', $target ]);
like($err, qr/ERROR:  table "act" has a trigger of model "acts", which is not tracked\nHINT:  .*--disable-triggers/, 'rows are refused');
command_ok([ 'pg_dump', '-a', '-t', 'act', '-f', "$dumps/act.sql", '-d', $source ], 'dump the rows');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dumps/act.sql", '-d', $target ], 'restore them');
unlike(sums_of($node, 'data_twice'), qr/\|0$/, 'they count twice');
$node->safe_psql('data_twice', q{SELECT interest_rebuild('acts')});
is_exact($node, 'until a rebuild', database => 'data_twice', folded => 1);

done_testing();

# Eight writers and four readers of one tracked table, the writers touching the
# same users in opposite orders, at two isolation levels, with folds and
# rebuilds and a prepared transaction beside them: nobody fails or waits for
# another's profile, every reading is exact, and so is every profile in the end.
# The same after the server was killed in the middle.
#
# INTEREST_LONG=1 goes on for a minute.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackedTest;

my $seconds = $ENV{INTEREST_LONG} ? 60 : 15;
my $tiny = tiny_encoder();
my $node = new_node('concurrency', conf => "max_prepared_transactions = 5\ndeadlock_timeout = 100ms\njit = off\nlog_lock_waits = on\n");
create_acts($node, 'postgres');
create_model($node, 'postgres', $tiny);
$node->safe_psql('postgres', q{CREATE SEQUENCE number; SELECT interest_track('acts')});

my $scripts = PostgreSQL::Test::Utils::tempdir();

sub script
{
	my ($name, $text) = @_;

	append_to_file("$scripts/$name", $text);
	return "$scripts/$name";
}

# Writers change rows of their own only, so that no failure is theirs.
sub writer
{
	my ($begin, $base) = @_;

	return <<"EOS";
\\set me :client_id + $base
\\set u random(1, 40)
\\set v random(1, 42)
\\set days random(0, 400)
\\set r random(0, 9)
\\set end random(1, 10)
BEGIN$begin;
INSERT INTO act SELECT (act_of(:me, nextval('number')::int, :u, :days)).*;
UPDATE act SET person = :v, seconds = seconds + 1 WHERE client = :me AND number % 10 = :r;
SAVEPOINT s;
DELETE FROM act WHERE client = :me AND number % 10 = (:r + 5) % 10;
\\if :end < 4
ROLLBACK TO s;
\\endif
INSERT INTO act SELECT (act_of(:me, nextval('number')::int, :v, :days / 2)).*;
UPDATE act SET title = title || '.' WHERE client = :me AND person = :u;
\\if :end = 1
ROLLBACK;
\\else
COMMIT;
\\endif
EOS
}

my @pgbench = ($node->installed_command('pgbench'), '-n', '-p', $node->port, '-h', $node->host, '-T', $seconds);
my %load = (
	'READ COMMITTED writers' => [ '-c', 4, '-j', 1, '-f', script('committed', writer('', 0)) ],
	'REPEATABLE READ writers' => [ '-c', 4, '-j', 1, '-f', script('repeatable', writer(' ISOLATION LEVEL REPEATABLE READ', 10)) ],
	# a reading that is not what the same snapshot's rows make divides by zero
	'readers' => [ '-c', 4, '-j', 1, '-f', script('reader', <<'EOS') ],
\set u random(1, 45)
SELECT 1 / (interest_embed(:u, 'acts') IS NOT DISTINCT FROM (SELECT interest_embed('acts', a) FROM act a WHERE person = :u))::int;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM act WHERE person = :u;
\sleep 20 ms
SELECT 1 / (interest_embed(:u, 'acts') IS NOT DISTINCT FROM (SELECT interest_embed('acts', a) FROM act a WHERE person = :u))::int;
COMMIT;
EOS
	'folds' => [ '-c', 2, '-j', 1, '-f', script('fold', "SELECT interest_fold('acts');\n\\sleep 150 ms\n") . '@8',
		'-f', script('rebuild', "SELECT interest_rebuild('acts');\n\\sleep 100 ms\n") . '@1' ]);

sub start_load
{
	my %running;

	for my $name (sort keys %load)
	{
		my $run = $running{$name} = { out => '', err => '' };

		$run->{handle} = IPC::Run::start([ @pgbench, @{ $load{$name} }, 'postgres' ], '>', \$run->{out}, '2>', \$run->{err});
	}
	return %running;
}

# Writes that are prepared and neither there nor gone.
$node->safe_psql('postgres', <<'EOS');
BEGIN;
INSERT INTO act SELECT (act_of(50, p, p, 3)).* FROM generate_series(1, 40) p;
DELETE FROM act WHERE client = 99 AND number % 100 = 1;
PREPARE TRANSACTION 'open';
EOS

my %running = start_load();
for my $name (sort keys %running)
{
	my $run = $running{$name};

	ok($run->{handle}->finish, "$name end well") or diag($run->{err});
	like($run->{out}, qr/number of failed transactions: 0 /, "$name: no transaction failed");
	my ($done) = $run->{out} =~ /number of transactions actually processed: (\d+)/;
	ok($done > 5, "$name: $done transactions");
}
is_exact($node, 'every profile is exact');
$node->safe_psql('postgres', q{SELECT interest_fold('acts')});
is_exact($node, 'and so it is folded', folded => 1);
$node->safe_psql('postgres', q{COMMIT PREPARED 'open'});
is_exact($node, 'what was prepared counts on top');
$node->safe_psql('postgres', q{SELECT interest_rebuild('acts')});
is_exact($node, 'and is rebuilt', folded => 1);
my $log = slurp_file($node->logfile);
unlike($log, qr/deadlock detected|could not serialize/, 'no deadlock and no serialization failure');
# folds and rebuilds wait for one another, and for nobody else
unlike($log, qr/still waiting for (?!\w+Lock on (?:transaction|tuple))/, 'nobody waited for a table');

# Killed in the middle, twice.
for my $round (1, 2)
{
	%running = start_load();
	sleep 2;
	my @processes = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity');
	$node->kill9;
	$_->{handle}->finish for values %running;
	# only when the last process has noticed can another server start
	for (my $i = 0; $i < 60 && kill(0, @processes); $i++)
	{
		sleep 1;
	}
	$node->start;
	ok($node->safe_psql('postgres', 'SELECT count(*) FROM interest_acts_profiles') > 0, "up again, round $round");
	is_exact($node, 'every profile is exact after the crash');
	$node->safe_psql('postgres', q{SELECT interest_fold('acts')});
	is_exact($node, 'and folded', folded => 1);
}

done_testing();

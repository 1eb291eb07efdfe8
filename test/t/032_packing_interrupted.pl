# The session that packs weights is cancelled, ended, killed, or the whole
# server falls, at any moment: the next use works and nothing is left behind.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Utils;
use SharedFiles;
use Test::More;
use Time::HiRes qw(usleep);

my $real = $ENV{INTEREST_MODEL};
plan skip_all => 'INTEREST_MODEL names no folder with the real encoder' unless $real && -f "$real/model.safetensors";

my $node = new_node('packing', conf => "interest.shared_cache = 0\nrestart_after_crash = on\n");
$node->safe_psql('postgres', "SELECT interest_load_encoder('m', '$real')");
my $right = vector($node, 'm');
my ($path) = weights($node);
my $size = -s $path;
my $encode = "SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))";

# Removes the file, starts a first use and waits for a moment of it: a number of
# milliseconds, or bytes that are written.
sub begin_packing
{
	my ($moment) = @_;
	my $session = InterestTest::Session->new($node);
	my $new;

	unlink $path;
	$session->send_off($encode);
	if ($moment =~ /^(\d+) ms$/)
	{
		usleep($1 * 1000);
		return $session;
	}
	$new = $path . '.' . $session->pid;
	for (1 .. 20000)
	{
		last if $session->answered || -f $path || (-s $new // -1) >= $moment;
		usleep(200);
	}
	note(-f $new ? 'half a file is there' : -f $path ? 'it is written' : 'nothing is there yet');
	return $session;
}

sub check_after
{
	my ($what) = @_;

	is(vector($node, 'm'), $right, "$what: the next use works");
	is(join(' ', weights($node)), $path, "$what: and leaves one file");
	is(-s $path, $size, "$what: a whole one");
}

my @moments = ('60 ms', 0, 1);

for my $moment (@moments)
{
	my $session = begin_packing($moment);

	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . $session->pid . ')');
	like($session->answer, qr/^($right|psql:.*ERROR:  canceling statement due to user request)$/, "cancelled at $moment");
	is(join(' ', grep { $_ ne $path } weights($node)), '', "cancelled at $moment: nothing is left");
	is($session->ask($encode), $right, "cancelled at $moment: the session can try again");
	check_after("cancelled at $moment");
	$session->quit;
}
for my $moment (@moments)
{
	my $session = begin_packing($moment);

	$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . $session->pid . ', 10000)');
	is(join(' ', grep { $_ ne $path } weights($node)), '', "ended at $moment: nothing is left");
	check_after("ended at $moment");
}
{
	my $session = InterestTest::Session->new($node);

	for my $timeout (1, 20, 80, 140)
	{
		unlink $path;
		like($session->ask("SET statement_timeout = $timeout; $encode"), qr/^($right|psql:.*ERROR:  canceling statement due to statement timeout)$/, "a timeout of $timeout ms");
		is(join(' ', grep { $_ ne $path } weights($node)), '', "a timeout of $timeout ms: nothing is left");
	}
	$session->ask('RESET statement_timeout');
	is($session->ask($encode), $right, 'the session can try again');
	$session->quit;
}

# The server starts anew after a backend has been killed, and others wait for none.
for my $moment (@moments)
{
	my $waiting = InterestTest::Session->new($node);
	my $session = begin_packing($moment);

	kill 'KILL', $session->pid;
	$waiting->send_off($encode);
	$waiting->answer;
	$node->poll_query_until('postgres', 'SELECT true');
	is(join(' ', grep { $_ ne $path } weights($node)), '', "killed at $moment: nothing is left");
	check_after("killed at $moment");
}

# Where it is told to keep files, the next start removes them; until then the next use works.
$node->append_conf('postgresql.conf', 'remove_temp_files_after_crash = off');
$node->reload;
for my $moment (0, 1)
{
	my $session = begin_packing($moment);

	kill 'KILL', $session->pid;
	$session->answer;
	$node->poll_query_until('postgres', 'SELECT true');
	is(vector($node, 'm'), $right, "killed at $moment, files kept: the next use works");
	is(-s $path, $size, 'with a whole file');
}

# The whole server.
for my $moment (@moments)
{
	my $session = begin_packing($moment);

	$node->stop('immediate');
	$session->answer;
	$node->start;
	is(join(' ', weights($node)), '', "server stopped at $moment: nothing is left");
	check_after("server stopped at $moment");
}
{
	my $session = begin_packing(0);
	my @others = split ' ', $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');

	$node->kill9;
	kill 'KILL', $session->pid;
	$session->answer;
	# the server's other processes end by themselves
	for (1 .. 1000)
	{
		last unless kill 0, @others;
		usleep(10_000);
	}
	$node->start;
	is(join(' ', weights($node)), '', 'server killed: nothing is left');
	check_after('server killed');
}

# Several wait for one that packs, and go on when it is killed.
my @sessions = map { InterestTest::Session->new($node) } 1 .. 3;
my $first = begin_packing(0);
$_->send_off($encode) for @sessions;
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . $first->pid . ', 10000)');
is(join(' ', map { $_->answer } @sessions), join(' ', ($right) x 3), 'those who waited do it themselves');
is(join(' ', weights($node)), $path, 'with one file');

# One that is stopped keeps nobody for long.
SKIP:
{
	my $holder = begin_packing(0);

	kill 'STOP', $holder->pid;
	my $begin = time;
	is(vector($node, 'm'), $right, 'another session does not wait for ever');
	cmp_ok(time - $begin, '<', 30, 'but half a minute at most');
	kill 'CONT', $holder->pid;
	is($holder->answer, $right, 'the stopped one goes on');
	is(join(' ', weights($node)), $path, 'with one file');
}

done_testing();

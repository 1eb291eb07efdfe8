# Long work of an encoder can be cancelled at any moment, and leaves memory as
# it was.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Utils;
use SharedFiles;
use Test::More;
use Time::HiRes qw(time usleep);

my $real = $ENV{INTEREST_MODEL};
plan skip_all => 'INTEREST_MODEL names no folder with the real encoder' unless $real && -f "$real/model.safetensors";

my $node = new_node('cancel', conf => "jit = off\n");
$node->safe_psql('postgres', "SELECT interest_load_encoder('m', '$real')");
my $right = vector($node, 'm');
my $session = InterestTest::Session->new($node);
my $canceller = InterestTest::Session->new($node);
my $long = "repeat('a quiet film about the sea and the people there ', 40) || i";
my %work = (
	'rows' => "SELECT count(interest_encode($long, 'm')) FROM generate_series(1, 100000) i",
	'an array' => "SELECT array_ndims(interest_encode(array_agg($long), 'm')) FROM generate_series(1, 20000) i",
	'texts of megabytes' => "SELECT interest_encode(repeat('word ', 10000000), 'm') IS NULL FROM generate_series(1, 1000)");

# Cancels a statement after so many microseconds: its answer, and how long that took.
sub interrupt
{
	my ($statement, $wait) = @_;

	$session->send_off($statement);
	usleep($wait);
	my $begin = time;
	$canceller->ask('SELECT pg_cancel_backend(' . $session->pid . ')');
	return ($session->answer, time - $begin);
}

# Memory: the same after many calls and after many that were cancelled.
SKIP:
{
	skip 'no /proc', 4 unless defined memory_of($session->pid, 'RssAnon');
	my $short = "SELECT count(interest_encode('star ' || i % 3000, 'm')) FROM generate_series(1, 10000) i";
	my $grown = sub {
		my ($what, $function) = @_;

		$function->();
		my $before = memory_of($session->pid, 'RssAnon');
		$function->();
		my $after = memory_of($session->pid, 'RssAnon');
		note("$what: $before kB before, $after kB after");
		return $after - $before;
	};

	cmp_ok($grown->('10,000 texts', sub { is($session->ask($short), '10000', 'all encoded') }), '<', 1024, 'memory is flat');
	cmp_ok($grown->('cancelled', sub { interrupt($work{rows}, 100_000) for 1 .. 5 }), '<', 1024, 'also when calls are cancelled');
}

# What is promised is 0.1 s.  A shared machine may stall for longer than that, so
# three answers of seven must keep it; where checks are too far apart they do not.
for my $what (sort keys %work)
{
	my @times;

	for my $try (0 .. 6)
	{
		my ($answer, $seconds) = interrupt($work{$what}, (200_000, 333_000, 451_000)[$try % 3]);

		like($answer, qr/canceling statement due to user request/, "$what: cancelled");
		push @times, $seconds;
		last if 3 == grep { $_ < 0.1 } @times;
	}
	note(sprintf '%s: answered after %s ms', $what, join ' ', map { sprintf '%.0f', 1000 * $_ } @times);
	is((grep { $_ < 0.1 } @times) + 0, 3, "$what: within 100 ms");
}
is($session->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'and the next call is right');

done_testing();

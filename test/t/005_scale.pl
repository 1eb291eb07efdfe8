# Many users by a hash aggregate: time linear in their number, in memory and
# spilled to disk; memory as planned.  Where a machine lacks the memory, that
# part is skipped.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use JSON::PP;
use List::Util qw(min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The first working layout at 64 dimensions has at most 4,080 bytes; palloc and
# the hash table have theirs.
my $planned = 4080 + 512;

my $node = new_node('scale', conf => "max_parallel_workers_per_gather = 0\nenable_sort = off\njit = off\nhash_mem_multiplier = 1\n");
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE sample AS
	SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(hours => i * p) AS at, (p + i) % 7 AS seconds, 'tag' || (p * i) % 5 AS tag, 'topic' || p % 3 AS topic
	FROM generate_series(1, 500) p, generate_series(1, 5) i;
SELECT interest_create_model('users', 'sample', user_id => 'person', at => 'at', numerics => '{seconds}', categoricals => '{tag}', label => 'topic');
SELECT count(*) FROM interest_train('users', epochs => 1);
EOS
is($node->safe_psql('postgres', q{SELECT cardinality(interest_embed(7, 'users')::real[])}), '64', '64 dimensions');

sub rows
{
	my ($count) = @_;

	return "(SELECT i AS person, timestamptz '2024-01-01 UTC' + make_interval(secs => i) AS at, i % 7 AS seconds, 'tag' || i % 5 AS tag FROM generate_series(1, $count) i) r";
}

# Milliseconds, batches, kilobytes of memory and of disk of a hash aggregate, and of its process.
sub aggregated
{
	my ($count, $work_mem) = @_;
	my $session = InterestTest::Session->new($node);

	$session->ask("SET work_mem = '$work_mem'");
	$session->ask(q{SELECT interest_embed('users', r) FROM } . rows(1) . ' GROUP BY person');
	my $before = memory_of($session->pid, 'VmHWM');
	my $plan = decode_json($session->ask(q{EXPLAIN (ANALYZE, TIMING OFF, FORMAT json) SELECT interest_embed('users', r) FROM } . rows($count) . ' GROUP BY person'))->[0];
	my $after = memory_of($session->pid, 'VmHWM');
	my $node = $plan->{Plan};
	$session->quit;
	is("$node->{'Node Type'} $node->{Strategy} $node->{'Actual Rows'}", "Aggregate Hashed $count", "$count users by a hash aggregate");
	return { time => $plan->{'Execution Time'}, batches => $node->{'HashAgg Batches'}, memory => $node->{'Peak Memory Usage'},
		disk => $node->{'Disk Usage'} // 0, resident => defined $after ? $after - $before : undef };
}

my %row_time;
sub measure
{
	my ($how, $work_mem, $batches, @counts) = @_;

	for my $count (@counts)
	{
		my $result = aggregated($count, $work_mem);

		# the smallest is measured twice, so that a pause there cannot hide one elsewhere
		$result->{time} = min($result->{time}, aggregated($count, $work_mem)->{time}) if $count == 100000;
		$row_time{$how}{$count} = $result->{time} / $count;
		note(sprintf '%s, %d users: %.2f s, %.2f us a row, %d batches, %.0f MB by the plan, %s MB resident, %.0f MB on disk', $how, $count,
			$result->{time} / 1000, 1000 * $row_time{$how}{$count}, $result->{batches}, $result->{memory} / 1024,
			defined $result->{resident} ? int($result->{resident} / 1024) : '?', $result->{disk} / 1024);
		ok($batches == 1 ? $result->{batches} <= 1 : $result->{batches} > 1, "$how, $count users: " . ($batches == 1 ? 'one batch' : 'several batches'));
		next unless $batches == 1 && defined $result->{resident};
		my $bytes = 1024 * $result->{resident} / $count;
		note(sprintf '%.0f bytes a user', $bytes);
		cmp_ok($bytes, '<', $planned, "$how, $count users: memory as planned");
	}
	cmp_ok($row_time{$how}{ $counts[-1] } / $row_time{$how}{ $counts[0] }, '<', 2.5, "$how: time is linear from $counts[0] to $counts[-1]");
}

my ($available) = -r '/proc/meminfo' ? slurp_file('/proc/meminfo') =~ /^MemAvailable:\s+(\d+) kB/m : ();
SKIP:
{
	skip 'less than 2 GB of memory available', 8 if ($available // 0) < 2e6;
	my @counts = (100000, 200000);
	push @counts, 1000000 if $available > 8e6;
	note('1,000,000 users in memory need 8 GB available: left out') if @counts < 3;
	measure('in memory', '16GB', 1, @counts);
}
measure('spilled', '64MB', 2, 100000, 200000, 1000000);

done_testing();

# Parallel workers give the same bytes as one process, whoever asks; and the
# extension comes and goes in a session that has used it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
my $node = new_node('parallel', conf => "max_worker_processes = 8\nmax_parallel_workers = 4\njit = off\n");
create_visits($node, 'postgres', 'visit', 6000);
$node->safe_psql('postgres', <<'EOS');
DROP INDEX visit_person_idx;
CREATE TABLE few AS SELECT * FROM visit WHERE person <= 120;
CREATE ROLE plain LOGIN;
CREATE ROLE stranger LOGIN;
GRANT SELECT ON visit TO plain, stranger;
EOS
create_models($node, 'postgres', 'few', $tiny);
$node->safe_psql('postgres', <<'EOS');
SELECT interest_grant_use('model', 'topics', 'plain'), interest_grant_use('model', 'people', 'plain');
ALTER TABLE visit SET (parallel_workers = 2);
EOS

my %query_of = (
	interest_accumulate => q{SELECT person, interest_accumulate('topics', v) AS x FROM visit v GROUP BY person},
	interest_embed => q{SELECT person, interest_embed('topics', v) AS x FROM visit v GROUP BY person},
	interest_classify => q{SELECT person, interest_classify('people', v) AS x FROM visit v GROUP BY person},
	'all at once' => q{SELECT 0 AS person, interest_accumulate('topics', v) AS x FROM visit v},
	'both models' => q{SELECT person, interest_embed('topics', v)::text || interest_embed('people', v)::text AS x FROM visit v GROUP BY person},
	'as of its setting' => q{SELECT person, interest_read(interest_accumulate('people', v)) AS x FROM visit v GROUP BY person},
	interest_encode => q{SELECT person, interest_encode(title, 'tiny') AS x FROM visit v WHERE interest_similarity(title, 'space', 'tiny') > -2});
my @force = ('SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0', 'SET min_parallel_table_scan_size = 0');

sub answer
{
	my ($session, $what) = @_;

	return $session->ask("SELECT count(*), md5(string_agg(md5(x::text), '' ORDER BY person, md5(x::text))) FROM ($query_of{$what}) q");
}

my %expected;
for my $user ('', 'plain')
{
	my $who = $user || 'a superuser';

	for my $workers (0, 2)
	{
		for my $leader ($workers ? ('on', 'off') : ('on'))
		{
			# every one of them a new session, so that the workers and the leader have nothing in memory yet
			my $session = InterestTest::Session->new($node, 'postgres', $user);

			$session->ask($_) for @force, "SET max_parallel_workers_per_gather = $workers", "SET parallel_leader_participation = $leader",
				"SET interest.model = 'people'";
			for my $what (sort keys %query_of)
			{
				my $said = answer($session, $what);

				$expected{$what} //= $said;
				is($said, $expected{$what}, "$what, $workers workers, leader $leader, as $who");
				next if $workers == 0;
				my $plan = $session->ask("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query_of{$what}");
				like($plan, qr/Gather.*Workers Launched: [12].*Parallel Seq Scan/s, "$what: workers worked");
				like($plan, qr/(Partial Aggregate|Partial HashAggregate|Partial GroupAggregate)/, "$what: each on its part") if $what ne 'interest_encode';
			}
			$session->quit;
		}
	}
}
like($expected{interest_embed}, qr/^6000\|/, 'all people');
like($expected{interest_encode}, qr/^48000\|/, 'all texts');

# Encoding may be done by the workers below the Gather.
my $session = InterestTest::Session->new($node);
$session->ask($_) for @force, 'SET max_parallel_workers_per_gather = 2';
like($session->ask(q{EXPLAIN (VERBOSE, COSTS OFF) SELECT interest_encode(title, 'tiny') FROM visit}), qr/Gather\n.*->  Custom Scan \(InterestEncodeAhead\)\n +Output: interest_encode.*->  Parallel Seq Scan on public\.visit\n/s,
	'workers encode');
# What reads the source by itself is not for workers.
unlike($session->ask(q{EXPLAIN (VERBOSE, COSTS OFF) SELECT interest_embed(person, 'topics') FROM visit}), qr/Gather/, 'the scalar is for no worker');

# Errors of workers are the same errors; a role without the right has none in a worker.
my $stranger = InterestTest::Session->new($node, 'postgres', 'stranger');
$stranger->ask($_) for @force, 'SET max_parallel_workers_per_gather = 2', 'SET parallel_leader_participation = off';
like($stranger->ask($query_of{interest_embed}), qr/ERROR:  permission denied for model "topics"/, 'no right, no answer');
$session->ask('SET parallel_leader_participation = off');
like($session->ask(q{SELECT interest_embed('none', v) FROM visit v GROUP BY person}), qr/ERROR:  model "none" does not exist/, 'an unknown model');
is(answer($session, 'interest_embed'), $expected{interest_embed}, 'and the session goes on');
# A version that is not committed is seen by the workers of its own transaction alone.
$session->ask('BEGIN');
$session->ask(q{SELECT count(*) FROM interest_train('topics', epochs => 3)});
my $new = answer($session, 'interest_embed');
isnt($new, $expected{interest_embed}, 'workers see what their transaction trained');
my $other = InterestTest::Session->new($node);
$other->ask($_) for @force, 'SET max_parallel_workers_per_gather = 2';
is(answer($other, 'interest_embed'), $expected{interest_embed}, 'workers of others do not');
$session->ask('ROLLBACK');
is(answer($session, 'interest_embed'), $expected{interest_embed}, 'nor do they after it was rolled back');
$session->ask('SET parallel_leader_participation = on');
# Training reads the same rows, by whatever plan: the same version comes out.
my $hashes = q{SELECT count(DISTINCT representation), count(DISTINCT reading) FROM interest_models WHERE name IN ('serial', 'parallel')};
for my $name ('serial', 'parallel')
{
	$session->ask('SET max_parallel_workers_per_gather = ' . ($name eq 'serial' ? 0 : 2));
	$session->ask(qq{SELECT interest_create_model('$name', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', categoricals => '{tags}', label => 'topic', options => '{"dimensions": 8}')});
	is($session->ask(qq{SELECT count(*) FROM interest_train('$name', epochs => 1)}), '1', "trains, $name");
}
is($session->ask($hashes), '1|1', 'one and the same version');

# The extension goes and comes while a session has it in memory.
my $bytes = bytes_of($node, 'postgres', 'visit');
$session->ask(q{PREPARE reading AS SELECT interest_embed('topics', v) IS NOT NULL FROM visit v WHERE person = 7});
$session->ask(q{CREATE FUNCTION reading() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN md5(interest_embed(42, ''topics'')::text); END'});
my $reading = $session->ask('SELECT reading()');
is($session->ask('EXECUTE reading'), 't', 'prepared');
$session->ask('DROP EXTENSION interest');
like($session->ask(q{SELECT interest_embed(42, 'topics')}), qr/ERROR:  function interest_embed\(integer, unknown\) does not exist/, 'it is gone');
like($session->ask('SELECT reading()'), qr/ERROR:  function interest_embed\(integer, unknown\) does not exist/, 'for functions, too');
like($session->ask('EXECUTE reading'), qr/ERROR:  function interest_embed\(unknown, visit\) does not exist/, 'and for prepared statements');
is($session->ask('CREATE EXTENSION interest'), '', 'it comes again');
like($session->ask(q{SELECT interest_embed(42, 'topics')}), qr/ERROR:  model "topics" does not exist/, 'empty');
like($session->ask(q{SELECT interest_encode('a star', 'tiny')}), qr/ERROR:  encoder "tiny" does not exist/, 'without the encoder that is in memory');
like($session->ask('EXECUTE reading'), qr/ERROR:  model "topics" does not exist/, 'prepared statements find it');
create_models($node, 'postgres', 'few', $tiny);
is($session->ask('SELECT reading()'), $reading, 'made again, the same bytes');
is(bytes_of($node, 'postgres', 'visit'), $bytes, 'all of them');
$session->ask('BEGIN');
$session->ask('DROP EXTENSION interest');
$session->ask('CREATE SCHEMA elsewhere');
$session->ask('CREATE EXTENSION interest SCHEMA elsewhere');
$session->ask('SET LOCAL search_path = public, elsewhere');
like($session->ask(q{SELECT interest_embed(42, 'topics')}), qr/ERROR:  model "topics" does not exist/, 'in another schema');
$session->ask('ROLLBACK');
is($session->ask('SELECT reading()'), $reading, 'and as before after ROLLBACK');

unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, 'no backend fell');
done_testing();

# The backend that trains is killed in every phase: the server restarts, nothing
# is half stored and no temporary file is left.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# No texts from earlier runs, and so little memory that everything is spilled.
my $tiny = tiny_encoder();
my $node = new_node('killed', conf => "restart_after_crash = on\ninterest.encode_cache = 0\ninterest.shared_cache = 0\n"
	  . "maintenance_work_mem = '1MB'\njit = off\n");
create_visits($node, 'postgres', 'visit', 120);
create_models($node, 'postgres', 'visit', $tiny);
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE pile AS
	SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(hours => i) AS at,
		'star ' || p || ' and a dog of night ' || i AS body, p % 7 AS seconds, 'topic' || p % 3 AS topic
	FROM generate_series(1, 4000) p, generate_series(1, 5) i;
SELECT interest_create_model('pile', 'pile', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{body}', numerics => '{seconds}',
	label => 'topic', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('pile', epochs => 1);
-- Waits for a phase of a training; what lies in temporary files then.
CREATE FUNCTION wait_for(trainer int, wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 60000 LOOP
		PERFORM pg_stat_clear_snapshot();
		IF EXISTS (SELECT FROM interest_progress WHERE pid = trainer AND phase = wanted) THEN
			RETURN (SELECT coalesce(sum(size), 0) FROM pg_ls_tmpdir() WHERE name ~ ('^pgsql_tmp' || trainer));
		END IF;
		PERFORM pg_sleep(0.001);
	END LOOP;
	RETURN -1;
END $$;
EOS
my $bytes = bytes_of($node, 'postgres', 'visit');
my $counts = counts_of($node, 'postgres');

sub killed
{
	my ($phase, $epochs, $hold) = @_;
	my $end = -s $node->logfile;
	my $victim = InterestTest::Session->new($node);
	my $judge = InterestTest::Session->new($node);

	$judge->ask("BEGIN; $hold") if $hold;
	$victim->send_off("SELECT count(*) FROM interest_train('pile', epochs => $epochs)");
	my $spilled = $judge->ask('SELECT wait_for(' . $victim->pid . ", '$phase')");
	cmp_ok($spilled, '>=', 0, "$phase: under way");
	note("$phase: $spilled bytes in temporary files");
	kill 'KILL', $victim->pid;
	like($victim->answer, qr/server closed the connection unexpectedly|connection to server was lost/, "$phase: killed");
	ok($node->wait_for_log(qr/all server processes terminated; reinitializing/, $end), "$phase: the server restarts");
	ok($node->poll_query_until('postgres', 'SELECT true'), "$phase: and is there again");
	is($node->safe_psql('postgres', q{SELECT string_agg(name, ' ') FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql\_tmp%'}), '', "$phase: no temporary file is left");
	is(counts_of($node, 'postgres'), $counts, "$phase: nothing half stored");
	is(bytes_of($node, 'postgres', 'visit'), $bytes, "$phase: the same bytes come out afterwards");
	$_->quit for $victim, $judge;
	return $spilled;
}

killed('reading rows', 3);
cmp_ok(killed('encoding texts', 3), '>', 0, 'there are temporary files to be left');
killed('preparing', 3);
cmp_ok(killed('training', 3), '>', 0, 'and then');
killed('validating', 3);
# the version's row is there, its first chunk is not
killed('storing', 1, 'LOCK TABLE interest_model_chunk IN SHARE MODE');
is($node->safe_psql('postgres', q{SELECT count(*) FROM interest_train('pile', epochs => 1)}), '1', 'the next training ends');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT content_hash), max(version) FROM interest_model_version WHERE model = 'pile'}), '2|1|2',
	'as version 2, with the bytes of the first');

done_testing();

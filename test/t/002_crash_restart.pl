# The server falls in the middle of a training, of a load, of anything that is
# not committed: afterwards the old version answers the same bytes and nothing
# is half written.  What was committed is there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
my $real = $ENV{INTEREST_MODEL};
$real = undef unless $real && -f "$real/model.safetensors";

my $node = new_node('crash');
create_visits($node, 'postgres', 'visit', 120);
create_models($node, 'postgres', 'visit', $tiny);
my $bytes = bytes_of($node, 'postgres', 'visit');
my $counts = counts_of($node, 'postgres');

# Stops the server when the query says so, while the statement runs, and looks at what is left.
sub crash_during
{
	my ($what, $when, @statements) = @_;
	my $session = InterestTest::Session->new($node);

	$session->ask($_) for @statements[ 0 .. $#statements - 1 ];
	$session->send_off($statements[-1]);
	ok($node->poll_query_until('postgres', $when), "$what: under way") or diag($session->answered ? $session->answer : '');
	$node->stop('immediate');
	like($session->answer, qr/server closed the connection unexpectedly|terminating connection/, "$what: the session ends with the server");
	$node->start;
	is(bytes_of($node, 'postgres', 'visit'), $bytes, "$what: the same bytes");
	is(counts_of($node, 'postgres'), $counts, "$what: nothing half written");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM interest_progress'), '0', "$what: nothing is under way");
}

my $long = q{SELECT count(*) FROM interest_train('topics', epochs => 1000, patience => 1000)};
crash_during('training', q{SELECT count(*) > 0 FROM interest_progress WHERE epoch >= 2}, $long);
crash_during('training another model in a transaction that has trained',
	q{SELECT count(*) > 0 FROM interest_progress WHERE epoch >= 2},
	'BEGIN', q{SELECT count(*) FROM interest_train('people', epochs => 1)}, $long);

my $idle = q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'};
crash_during('a version stored and deployed', $idle, 'BEGIN', q{SELECT count(*) FROM interest_train('people', epochs => 1)},
	q{SELECT pg_sleep(1000)});
crash_during('everything dropped', $idle, 'BEGIN', q{SELECT interest_drop_model('people'), interest_drop_model('topics')},
	q{SELECT interest_drop_encoder('tiny')}, q{SELECT pg_sleep(1000)});
crash_during('an encoder loaded and a model made with it', $idle, 'BEGIN', qq{SELECT interest_load_encoder('other', '$tiny')},
	q{SELECT interest_create_model('other', 'visit', encoder => 'other', user_id => 'person', at => 'at', texts => '{title}', label => 'topic')},
	q{SELECT count(*) FROM interest_train('other', epochs => 1)}, q{SELECT pg_sleep(1000)});

SKIP:
{
	skip 'INTEREST_MODEL names no folder with the real encoder', 5 unless $real;

	# the rows of the chunks lie beside the table; a load that ends before the server does has not committed either
	crash_during('loading', q{SELECT pg_total_relation_size('interest_encoder_chunk') > 8000000},
		qq{SELECT interest_load_encoder('real', '$real'), pg_sleep(1000)});
}

# What is committed stays, and the next ones work.
is($node->safe_psql('postgres', q{SELECT count(*) FROM interest_train('topics', epochs => 3)}), '3', 'trains');
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', q{SELECT string_agg(version || ' ' || deployed, ', ' ORDER BY version) FROM interest_models WHERE name = 'topics'}),
	'1 false, 2 true', 'a training that ended before the fall is there');
isnt(bytes_of($node, 'postgres', 'visit'), $bytes, 'and answers');
$node->safe_psql('postgres', q{SELECT interest_deploy('topics', 1)});
is(bytes_of($node, 'postgres', 'visit'), $bytes, 'the first version, deployed again, is the same bytes');
is($node->safe_psql('postgres', qq{SELECT interest_load_encoder('other', '$tiny')}), 'other', 'loads');
is($node->safe_psql('postgres', q{SELECT interest_encode('a star', 'other') = interest_encode('a star', 'tiny')}), 't', 'the same content');

# One backend falls: the server restarts all of them, and their temporary files are made again.
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->reload;
my $end = -s $node->logfile;
my $victim = InterestTest::Session->new($node);
$victim->ask(q{SELECT count(*) FROM interest_encode('a star', 'tiny')});
$victim->send_off($long);
ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM interest_progress WHERE epoch >= 1}), 'a training is under way');
kill 'KILL', $victim->pid;
$victim->answer;
ok($node->wait_for_log(qr/all server processes terminated; reinitializing/, $end), 'a killed backend takes the others with it');
ok($node->poll_query_until('postgres', 'SELECT true'), 'the server comes back');
is(bytes_of($node, 'postgres', 'visit'), $bytes, 'and the same bytes come out afterwards');

done_testing();

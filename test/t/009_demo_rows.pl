# What the demo promises, on its rows and with its statements: the real encoder
# reads each title once, the model is better than both baselines on people that
# it was not trained on, and everybody's interests are the same bytes whatever
# the plan.  Skipped where the encoder or the rows are not there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my ($model, $rows) = @ENV{qw(INTEREST_MODEL INTEREST_ROWS)};
plan skip_all => 'INTEREST_MODEL names no folder with the real encoder' unless $model && -f "$model/model.safetensors";
plan skip_all => 'INTEREST_ROWS names no folder with the MovieLens rows' unless $rows && -f "$rows/ml-100k.inter";

my $node = new_node('demo', conf => "shared_buffers = 256MB\nwork_mem = 64MB\ninterest.encode_cache = 16MB\n");
$node->safe_psql('postgres', 'CREATE DATABASE demo');

sub script
{
	my ($file, @options) = @_;

	$node->command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', @options, '-f', "$FindBin::RealBin/../demo/$file", $node->connstr('demo') ], $file);
}

sub ask
{
	return $node->safe_psql('demo', $_[0]);
}

script('tables.sql');
ask("COPY film FROM '$rows/ml-100k.item' (HEADER); COPY person FROM '$rows/ml-100k.user' (HEADER); COPY rating FROM '$rows/ml-100k.inter' (HEADER)");
script('view.sql');
script('model.sql', '-v', "directory=$model");
is(ask('SELECT count(*) FROM rating_row'), '100000', '100,000 rows');

# Training, watched by another session.
my $trainer = InterestTest::Session->new($node, 'demo');
my $watcher = InterestTest::Session->new($node, 'demo');
my $titles = ask('SELECT count(DISTINCT title) FROM rating_row');
my ($begin, $encoded) = (time, 0);
cmp_ok($titles, '<', 1700, "$titles texts");
$trainer->send_off(q{SELECT epoch, validation_loss FROM interest_train('films', epochs => 5)});
until ($trainer->answered)
{
	my ($phase, $total) = split /\|/, $watcher->ask('SELECT phase, total FROM interest_progress');

	$encoded = $total if ($phase // '') eq 'encoding texts';
	Time::HiRes::sleep(0.02);
}
my @epochs = split /\n/, $trainer->answer;
note(sprintf 'trained in %.1f s, %d epochs', time - $begin, scalar @epochs);
is($encoded, $titles, 'each text is encoded once');
cmp_ok(scalar @epochs, '>', 0, 'epochs');
cmp_ok((split /\|/, $epochs[-1])[1], '<', (split /\|/, $epochs[0])[1], 'from epoch to epoch it learns') if @epochs > 1;

# On people that were not trained on.
ask(q{CREATE TABLE figure AS SELECT * FROM interest_evaluate('films')});
my %figure = map { my ($system, $metric, $value) = split /\|/; ("$system $metric" => $value) }
  split /\n/, ask('SELECT system, metric, value FROM figure WHERE interest IS NULL');
my ($auc, $genres) = split /\|/, ask(q{SELECT avg(a.value), count(*) FROM figure a JOIN figure p USING (system, interest)
	WHERE system = 'model' AND a.metric = 'auc' AND p.metric = 'positives' AND p.value >= 20});
note(sprintf 'AUC %.4f over %d genres, log loss %.4f (own history %.4f, majority %.4f), %d positions of %d people', $auc, $genres,
	@figure{ 'model log_loss', 'history log_loss', 'majority log_loss', 'model samples', 'model users' });
cmp_ok($figure{'model users'}, '>', 50, 'people to test on');
cmp_ok($genres, '>=', 15, 'genres with 20 positives or more');
cmp_ok($auc, '>=', 0.60, 'AUC');
cmp_ok($figure{'model log_loss'}, '<', $figure{"$_ log_loss"}, "log loss below that of $_") for qw(history majority);

# Everybody.
script('people.sql');
script('everybody.sql');
$trainer->ask('SET max_parallel_workers_per_gather = 0');
for my $round (1, 2)
{
	$begin = time;
	is($trainer->ask('REFRESH MATERIALIZED VIEW person_interests'), '', 'refreshes');
	note(sprintf 'refresh %d of 943 people: %.2f s', $round, time - $begin);
}

# By a session that has encoded nothing, and workers, which never have: every text is in the shared cache.
sub shared { return map { ask(qq{SELECT substring(detail FROM '(\\d+) $_') FROM interest_doctor() WHERE check_name = 'shared cache'}) } qw(hits misses) }
my $fresh = InterestTest::Session->new($node, 'demo');
$fresh->ask("SET $_") for 'max_parallel_workers_per_gather = 2', 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0';
like($fresh->ask(q{EXPLAIN SELECT user_id, interest_embed('films', r) FROM rating_row r GROUP BY user_id}), qr/Workers Planned: 2/, 'a parallel plan');
my @before = shared();
$begin = time;
is($fresh->ask('REFRESH MATERIALIZED VIEW person_interests'), '', 'refreshes in a new session by two workers');
note(sprintf 'refresh by a new session and two workers: %.2f s', time - $begin);
my @after = shared();
is($after[1] - $before[1], 0, 'which encode nothing');
cmp_ok($after[0] - $before[0], '>=', $titles, 'and find every title');
is(ask('SELECT count(*), count(DISTINCT interests) FROM person_interests'), '943|943', 'interests of everybody');
is(ask(q{SELECT count(*) FROM person_interests WHERE user_id % 20 = 0 AND interests = interest_embed(user_id, 'films')}),
	ask('SELECT count(*) FROM person WHERE user_id % 20 = 0'), 'those of one person are the same bytes');
$node->safe_psql('demo', q{CREATE TABLE profile AS SELECT user_id, interest_accumulate('films', r) AS profile FROM rating_row r GROUP BY user_id});
is(ask('SELECT count(*) FROM person_interests JOIN profile USING (user_id) WHERE interests = interest_read(profile)'), '943', 'read from profiles, too');
my %other = (
	'in another order' => q{SELECT user_id, interest_accumulate('films', r ORDER BY md5(r::text)) AS profile FROM rating_row r GROUP BY user_id},
	'merged from 7 parts' => q{SELECT user_id, interest_merge(part) AS profile FROM (
		SELECT user_id, interest_accumulate('films', r) AS part FROM rating_row r GROUP BY user_id, extract(epoch FROM rated_at)::bigint % 7) p GROUP BY user_id});
for my $how (sort keys %other)
{
	is(ask("SELECT count(*) FROM profile JOIN ($other{$how}) q USING (user_id, profile)"), '943', "$how: the same bytes");
}
is(ask(q{SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	SELECT count(*) FROM profile JOIN (SELECT user_id, interest_accumulate('films', r) AS profile FROM rating_row r GROUP BY user_id) q USING (user_id, profile)}),
	'943', 'by two workers: the same bytes');
note('bytes of a profile: ' . ask('SELECT round(avg(pg_column_size(profile))), max(pg_column_size(profile)) FROM profile'));

done_testing();

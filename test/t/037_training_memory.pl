# Training on ten times as many rows takes hardly more memory: rows, their texts
# and what is made of them are spilled, and the same model comes of it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
plan skip_all => 'this system does not tell the memory of a process' unless defined memory_of($$, 'RssAnon');

my $node = new_node('spilled', conf => "max_parallel_workers_per_gather = 0\nmax_parallel_maintenance_workers = 0\njit = off\n");
create_visits($node, 'postgres', 'visit', 1500);
$node->safe_psql('postgres', <<"EOS");
CREATE TABLE tenfold AS SELECT person + 1500 * n AS person, at, title, action, seconds, tags, topic FROM visit, generate_series(0, 9) n;
SELECT interest_load_encoder('tiny', '$tiny');
SELECT interest_create_model(source, source, encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'dominant', options => '{"dimensions": 16}')
FROM unnest('{visit,tenfold}'::text[]) source;
EOS

# The most memory of its own, in kB, that a new session had until a training was
# over: at least this, as what it shares with others does not become less.
sub most_memory
{
	my ($model, $work_mem) = @_;
	my $session = InterestTest::Session->new($node);

	$session->ask("SET maintenance_work_mem = '$work_mem'");
	unlike($session->ask("SELECT count(*) FROM interest_train('$model', epochs => 1)"), qr/ERROR/, "$model is trained with $work_mem");
	my $most = memory_of($session->pid, 'VmHWM') - memory_of($session->pid, 'RssShmem') - memory_of($session->pid, 'RssFile');
	$session->quit;
	note("$model, $work_mem: $most kB");
	return $most;
}

sub temporary_files { return $node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_tmpdir() WHERE name ~ '^pgsql_tmp[0-9]'}) }

my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM visit');
my $little = most_memory('visit', '4MB');
my $more = most_memory('tenfold', '4MB') - $little;
cmp_ok($more * 1024 / (9 * $rows), '<', 200, 'another row takes less than 200 bytes');
is(temporary_files(), 0, 'no temporary file is left');

# With memory for all of it the model is the same, and with so little that the
# vectors of words and their squares leave it, too, to a file each.
sub files_of_training
{
	my ($work_mem) = @_;
	my (undef, $said, $error) = $node->psql('postgres', "SET maintenance_work_mem = '$work_mem'; SET log_temp_files = 0; SET client_min_messages = log;
		SELECT count(*) FROM interest_train('tenfold', epochs => 1)");
	return scalar(() = $error =~ /temporary file: path/g);
}

most_memory('tenfold', '512MB');
my $files = files_of_training('16MB');
is(files_of_training('4MB'), $files + 2, 'the vectors of words leave memory for a file');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT content_hash) FROM interest_model_version WHERE model = 'tenfold'}),
	'4|1', 'the model is the same, spilled or not');
is(temporary_files(), 0, 'no temporary file is left');

# All of it goes where temp_tablespaces says, though words are mapped before any row is spilled.
$node->safe_psql('postgres', <<'EOS');
SET allow_in_place_tablespaces = true;
CREATE TABLESPACE elsewhere LOCATION '';
CREATE TABLE wordy AS
	SELECT u AS person, timestamptz '2024-01-01 UTC' + make_interval(days => n) AS at, format('v%s w%s x%s', u, (u * 7 + n) % 90, (u * 3 + n) % 500) AS body,
		'topic' || u % 2 AS topic
	FROM generate_series(1, 200) u, generate_series(1, 3) n;
SELECT interest_create_model('wordy', 'wordy', user_id => 'person', at => 'at', texts => '{body}', label => 'topic', task => 'user',
	options => '{"dimensions": 512, "sentences": false, "text_search": "simple"}');
EOS
my (undef, undef, $where) = $node->psql('postgres', q{SET maintenance_work_mem = '1MB'; SET temp_tablespaces = 'elsewhere'; SET log_temp_files = 0; SET client_min_messages = log;
		SELECT count(*) FROM interest_train('wordy', epochs => 1)});
like($where, qr{temporary file: path "pg_tblspc/}, 'temporary files lie in the tablespace of temp_tablespaces');
unlike($where, qr{temporary file: path "base/}, 'all of them');

# What fails midway leaves no file, either.
like(($node->psql('postgres', q{SET maintenance_work_mem = '4MB'; SET statement_timeout = '1s';
		SELECT count(*) FROM interest_train('tenfold', epochs => 1000)}))[2], qr/statement timeout/, 'a training is cancelled');
is(temporary_files(), 0, 'and its temporary files are gone');
like(($node->psql('postgres', q{SET maintenance_work_mem = '1MB'; SET temp_file_limit = '2MB';
		SELECT count(*) FROM interest_train('tenfold', epochs => 1)}))[2], qr/temporary file size exceeds/, 'temp_file_limit holds');
is(temporary_files(), 0, 'and nothing is left');

done_testing();

# Shared files on a standby, in a base backup, in other databases and in
# parallel workers; and what sharing is for: memory and the first call.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SharedFiles;
use Test::More;

my $tiny = tiny_encoder();
my $real = $ENV{INTEREST_MODEL};
$real = undef unless $real && -f "$real/model.safetensors";
my $primary = new_node('primary', streaming => 1);
$primary->safe_psql('postgres', "SELECT interest_load_encoder('m', '$tiny')");
my $right = vector($primary, 'm');
is(scalar files($primary), 2, 'weights and texts');

# A backup leaves them out, and the standby makes its own.
$primary->backup('backup');
is_deeply([ glob($primary->backup_dir . '/backup/base/pgsql_tmp/*') ], [], 'a base backup has none of the files');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is(vector($standby, 'm'), $right, 'a standby computes the same');
is(scalar files($standby), 2, 'with files of its own');
my $session = InterestTest::Session->new($standby);
$session->ask("SELECT interest_encode('dog', 'm') IS NOT NULL");
like(doctor($session, 'encoder "m"'), qr/^ok: .*mapped by this one$/, 'which its sessions map');
like(doctor($session, 'shared cache'), qr/ [1-9]\d* of \d+ places taken/, 'and fill');

# Dropped on the primary: the standby's sessions go on with what they see.
$primary->safe_psql('postgres', "SELECT interest_drop_encoder('m')");
$primary->wait_for_catchup($standby);
is(join(' ', weights($primary)), '', 'the primary has no weights any more');
like($session->ask("SELECT interest_encode('dog', 'm')"), qr/encoder "m" does not exist/, 'nor has the standby an encoder');
$primary->safe_psql('postgres', "SELECT interest_load_encoder('m', '$tiny')");
$primary->wait_for_catchup($standby);
is($session->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'but has it when it is loaded again');
unlink weights($standby);
$session->quit;
my @waiting = map { InterestTest::Session->new($standby) } 1 .. 4;
$_->send_off("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))") for @waiting;
is(join(' ', map { $_->answer } @waiting), join(' ', ($right) x 4), 'first uses at once on the standby');
$_->quit for @waiting;
$standby->promote;
is(vector($standby, 'm'), $right, 'promoted');
$standby->safe_psql('postgres', "SELECT interest_drop_encoder('m')");
is(join(' ', weights($standby)), '', 'it removes its own');
$standby->stop;

# Another database with the same content shares the file; dropped in one, it is packed anew for the other.
$primary->safe_psql('postgres', 'CREATE DATABASE other');
$primary->safe_psql('other', "CREATE EXTENSION interest; SELECT interest_load_encoder('o', '$tiny')");
is(vector($primary, 'm'), $right, 'a database');
my ($path) = weights($primary);
my $inode = (stat $path)[1];
is($primary->safe_psql('other', "SELECT md5(array_send(interest_encode('a robot 0 at night', 'o')))"), $right, 'another database');
is(join(' ', weights($primary), (stat $path)[1]), "$path $inode", 'shares its file');
$primary->safe_psql('other', "SELECT interest_drop_encoder('o')");
is(join(' ', weights($primary)), '', 'dropped in one');
is(vector($primary, 'm'), $right, 'the other goes on');
is(join(' ', weights($primary)), $path, 'with a file again');

# Workers that are the first to use an encoder.
$primary->safe_psql('postgres', <<'EOS');
CREATE TABLE said AS SELECT i, 'star ' || i AS body FROM generate_series(1, 2000) i;
ALTER TABLE said SET (parallel_workers = 2);
ANALYZE said;
EOS
my $grouped = "SELECT md5(string_agg(v, '' ORDER BY i)) FROM (SELECT i, md5(array_send(interest_encode(body, 'm'))) AS v FROM said OFFSET 0) x";
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;';
my $alone = $primary->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $grouped");
remove_files($primary);
is($primary->safe_psql('postgres', "$parallel SET parallel_leader_participation = off; $grouped"), $alone, 'workers that are the first');
is(join(' ', weights($primary)), $path, 'leave one file');

# What it is for, with the real encoder.
SKIP:
{
	skip 'INTEREST_MODEL names no folder with the real encoder', 4 unless $real;
	skip 'no /proc', 4 unless -r "/proc/$$/smaps_rollup";

	$primary->safe_psql('postgres', "SELECT interest_load_encoder('real', '$real'); SELECT interest_encode('dog', 'real') IS NOT NULL");
	my @sessions = map { InterestTest::Session->new($primary) } 1 .. 8;
	my $query = "SELECT count(interest_encode('star number ' || i, 'real')) FROM generate_series(1, 200) i";
	$_->ask('SELECT count(*) FROM interest_encoders') for @sessions;
	my @before = map { sum_of($_->pid, 'Private_Dirty') } @sessions;
	$_->send_off($query =~ s/star/"star $_->{pid}"/er) for @sessions;
	is(join(' ', map { $_->answer } @sessions), join(' ', (200) x 8), 'eight sessions encode');
	my @after = map { sum_of($_->pid, 'Private_Dirty') } @sessions;
	my @added = sort { $a <=> $b } map { $after[$_] - $before[$_] } 0 .. 7;
	note("private kB that encoding added to a session: @added; proportional: " . join ' ', map { sum_of($_->pid, 'Pss') } @sessions);
	cmp_ok($added[-1], '<=', 8 * 1024, 'private memory added by encoding');
	like(doctor($sessions[0], 'encoder "real"'), qr/mapped by this one$/, 'the weights are shared');

	my @private = map { mapped_of($_->pid, 'fp32', 'Anonymous') } @sessions;
	is(join(' ', @private), join(' ', (0) x 8), 'no page of the weights is a copy');
}

# Kilobytes of a process by a name in smaps_rollup.
sub sum_of
{
	my ($pid, $what) = @_;

	return slurp_file("/proc/$pid/smaps_rollup") =~ /^$what:\s+(\d+) kB/m ? $1 : -1;
}

# The same of the mappings of files whose name ends so.
sub mapped_of
{
	my ($pid, $ending, $what) = @_;
	my ($sum, $inside) = (0, 0);

	for (split /\n/, slurp_file("/proc/$pid/smaps"))
	{
		$inside = /pgsql_tmp_interest\S*\.$ending$/ if /^[0-9a-f]+-[0-9a-f]+ /;
		$sum += $1 if $inside && /^$what:\s+(\d+) kB/;
	}
	return $sum;
}

done_testing();

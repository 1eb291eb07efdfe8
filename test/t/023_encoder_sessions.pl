# Several sessions at one encoder: each sees what its snapshot shows, a name is
# given once, a used encoder stays; and memory stays flat over many calls.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = $ENV{INTEREST_TINY};
plan skip_all => 'INTEREST_TINY names no folder with the tiny encoders' unless $tiny && -d "$tiny/tiny";

my $node = PostgreSQL::Test::Cluster->new('sessions');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', "CREATE EXTENSION interest; SELECT interest_load_encoder('m', '$tiny/tiny')");

# A psql that takes statements one after the other.
package Session;

my $timeout = 60;

sub new
{
	my ($class, $connection) = @_;
	my $self = bless { in => '', out => '', number => 0 }, $class;

	$self->{timer} = IPC::Run::timeout($timeout);
	$self->{run} = IPC::Run::start([ 'psql', '-XAtq', '-f', '-', '-d', $connection ],
		'<', \$self->{in}, '>', \$self->{out}, '2>&1', $self->{timer});
	return $self;
}

sub send_off
{
	my ($self, $statement) = @_;

	$self->{number}++;
	$self->{out} = '';
	$self->{in} .= "$statement;\n\\echo done-$self->{number}\n";
	$self->{run}->pump_nb;
}

sub answer
{
	my ($self) = @_;

	$self->{run}->pump until $self->{out} =~ s/done-$self->{number}\n//;
	(my $out = $self->{out}) =~ s/\n\z//;
	return $out;
}

sub ask
{
	my ($self, $statement) = @_;

	$self->send_off($statement);
	return $self->answer;
}

package main;

my ($a, $b) = map { Session->new($node->connstr('postgres')) } 1, 2;
my $dims = "SELECT array_dims(interest_encode('dog', 'm'))";
my $replace = "SELECT interest_drop_encoder('m'); SELECT interest_load_encoder('m', '$tiny/tiny36')";

# Snapshots.
$a->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($a->ask($dims), '[1:32]', 'a REPEATABLE READ transaction before the change');
$b->ask('BEGIN');
$b->ask($replace);
is($b->ask($dims), '[1:36]', 'the session that changes it');
is($a->ask($dims), '[1:32]', 'another session before the commit');
$b->ask('COMMIT');
is($a->ask($dims), '[1:32]', 'REPEATABLE READ after the commit');
is(Session->new($node->connstr('postgres'))->ask($dims), '[1:36]', 'a new session');
$a->ask('COMMIT');
is($a->ask($dims), '[1:36]', 'a new transaction');

# The rows behind an old snapshot are still there for a session that has nothing in memory yet.
my $late = Session->new($node->connstr('postgres'));
$late->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($late->ask('SELECT count(*) FROM interest_encoders'), '1', 'a snapshot');
$b->ask("SELECT interest_drop_encoder('m')");
is($late->ask($dims), '[1:36]', 'loads what was dropped after its snapshot');
$late->ask('COMMIT');
like($late->ask($dims), qr/encoder "m" does not exist/, 'and misses it after');

# One name, two loads.
sub waits
{
	my ($session) = @_;

	return $node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND state = 'active'");
}
my $load = "SELECT interest_load_encoder('m', '$tiny/tiny')";
for my $end ('COMMIT', 'ROLLBACK')
{
	$a->ask('BEGIN');
	$a->ask($load);
	$b->send_off($load);
	ok(waits(), 'the second load of a name waits');
	$a->ask($end);
	like($b->answer, $end eq 'COMMIT' ? qr/encoder "m" already exists/ : qr/^m$/, "and ends as it must after $end");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM interest_encoder_chunk'), '1', 'one content is there');
	$b->ask("SELECT interest_drop_encoder('m')");
}

# A model that appears while its encoder is dropped.
$a->ask($load);
$a->ask('BEGIN');
$a->ask("SELECT FROM interest_encoder WHERE name = 'm' FOR KEY SHARE");
$a->ask("INSERT INTO interest_model (name, owner, source_schema, source_name, encoder, definition) VALUES ('films', current_user, 's', 't', 'm', '{}')");
$b->send_off("SELECT interest_drop_encoder('m')");
ok(waits(), 'a drop waits for a model that is being made');
$a->ask('COMMIT');
like($b->answer, qr/cannot drop encoder "m" because model "films" uses it/, 'and is refused');
$a->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$a->ask('SELECT 1');
$node->safe_psql('postgres', "UPDATE interest_model SET name = 'films2'");
like($a->ask("SELECT interest_drop_encoder('m')"), qr/because model "films2" uses it/, 'models are looked for as of now');
$a->ask('ROLLBACK');
$node->safe_psql('postgres', 'DELETE FROM interest_model');

# Memory.
my $pid = $a->ask('SELECT pg_backend_pid()');
my $resident = sub {
	return 0 unless -r "/proc/$pid/status";
	return slurp($pid) =~ /VmRSS:\s+(\d+) kB/ ? $1 : 0;
};
sub slurp { local $/; open my $file, '<', "/proc/$_[0]/status" or return ''; return <$file> }
my $calls = <<'EOS';
DO $$
DECLARE
	v real[];
BEGIN
	FOR i IN 1..100000 LOOP
		v := interest_encode('star ' || i % 5000, 'm');
	END LOOP;
END $$
EOS
my $failures = <<'EOS';
DO $$
BEGIN
	FOR i IN 1..10000 LOOP
		BEGIN
			PERFORM interest_encode(ARRAY['star ' || i, NULL], 'm'), interest_encode('star ' || i, 'none');
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		BEGIN
			PERFORM interest_encode(ARRAY['star ' || i], 'm'), 1 / (i - i);
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END LOOP;
END $$
EOS
$a->ask("SET interest.encode_cache = '500kB'");
for my $work ($calls, $failures)
{
	is($a->ask($work), '', 'runs');
	my $before = $resident->();
	is($a->ask($work), '', 'runs again');
	my $after = $resident->();
	note("$before kB before, $after kB after");
	cmp_ok($after - $before, '<', 1024, 'memory is flat');
}

done_testing();

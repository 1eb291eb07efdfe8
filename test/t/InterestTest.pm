# What the tests in this folder share: a server with the extension and people
# to learn from, a psql that goes on while the test does something else, and
# the memory of a process.

package InterestTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(tiny_encoder new_node create_visits create_models bytes_of counts_of memory_of);

# The folder of the tiny encoder; without it the whole file is skipped.
sub tiny_encoder
{
	my $tiny = $ENV{INTEREST_TINY};

	plan skip_all => 'INTEREST_TINY names no folder with the tiny encoders' unless $tiny && -d "$tiny/tiny";
	return "$tiny/tiny";
}

# A server that is started, with the extension in the database postgres.
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], allows_streaming => $options{streaming});
	$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nclient_min_messages = warning\n" . ($options{conf} // ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION interest');
	return $node;
}

# People, 8 rows each, with one of three interests at which texts, numbers and
# categories hint.  $where is the table, in a schema or not.
sub create_visits
{
	my ($node, $database, $where, $people) = @_;

	$node->safe_psql($database, <<"EOS");
CREATE TABLE $where (person int, at timestamptz, title text, action text, seconds float8, tags text[], topic text);
INSERT INTO $where
SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i * 3 + p % 5, hours => p % 24),
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[t + 1] || ' ' || (p + i) % 50,
	(ARRAY['view', 'like', 'dislike'])[1 + (p + i) % 3],
	20 * t + (p * 7 + i * 3) % 10,
	ARRAY[(ARRAY['sound', 'ball', 'star'])[t + 1], 'tag' || (p + i) % 3],
	(ARRAY['music', 'sport', 'science'])[t + 1]
FROM generate_series(1, $people) p, generate_series(1, 8) i,
	LATERAL (SELECT CASE WHEN (p + i) % 7 = 0 THEN (p + i) % 3 ELSE p % 3 END AS t) x;
CREATE INDEX ON $where (person);
ANALYZE $where;
EOS
}

# The tiny encoder, and two models over such a table, one with it and one
# without, each trained to a first version.
sub create_models
{
	my ($node, $database, $where, $encoder) = @_;

	$node->safe_psql($database, <<"EOS");
SELECT interest_load_encoder('tiny', '$encoder');
SELECT interest_create_model('topics', '$where', encoder => 'tiny', user_id => 'person', at => 'at',
	texts => '{title}', kind => 'action', numerics => '{seconds}', categoricals => '{tags}',
	label => 'topic', task => 'dominant', options => '{"dimensions": 16}');
SELECT interest_create_model('people', '$where', user_id => 'person', at => 'at',
	numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'user', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('topics', epochs => 2);
SELECT count(*) FROM interest_train('people', epochs => 2);
EOS
}

# The bytes that the functions answer with, one line each, by what they are of.
# $schema, with its dot, is the extension's where the search_path lacks it.
sub bytes_of
{
	my ($node, $database, $where, $schema) = @_;

	$schema //= '';
	return $node->safe_psql($database, <<"EOS");
SELECT model, 'one', md5(${schema}interestvec_send(${schema}interest_embed(42, model))), md5(${schema}interest_classify(42, model)::text)
FROM unnest(ARRAY['people', 'topics']) model;
SELECT 'topics', 'all', md5(string_agg(md5(${schema}interestvec_send(v)) || md5(${schema}interest_profile_send(p)) || c::text, '' ORDER BY person)) FROM (
	SELECT person, ${schema}interest_embed('topics', r) AS v, ${schema}interest_accumulate('topics', r) AS p, ${schema}interest_classify('topics', r) AS c
	FROM $where r GROUP BY person) x;
SELECT 'people', 'all', md5(string_agg(md5(${schema}interestvec_send(v)), '' ORDER BY person)) FROM (
	SELECT person, ${schema}interest_embed('people', r) AS v FROM $where r GROUP BY person) x;
SELECT 'encoder', md5(array_send(${schema}interest_encode('a robot in the night', 'tiny'))), md5(array_send(${schema}interest_encode(ARRAY['star', 'dog'], 'tiny')));
EOS
}

# Rows of every table of the extension: what a failed statement must not change.
sub counts_of
{
	my ($node, $database, $schema) = @_;

	$schema //= '';
	return $node->safe_psql($database, join(' UNION ALL ',
			map { "SELECT '$_', count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text COLLATE \"C\")) FROM $schema$_ t" }
			  qw(interest_encoder interest_encoder_chunk interest_model interest_model_version interest_model_chunk interest_training_run interest_grant)));
}

# Kilobytes of a process by the name in /proc (VmRSS, VmHWM); undef where there is no such thing.
sub memory_of
{
	my ($pid, $what) = @_;

	return undef unless -r "/proc/$pid/status";
	return slurp_file("/proc/$pid/status") =~ /^$what:\s+(\d+) kB/m ? $1 : undef;
}

# A psql that takes statements one after the other, and whose answers, errors
# and all, are fetched when the test wants them.
package InterestTest::Session;

use IPC::Run;

sub new
{
	my ($class, $node, $database, $user) = @_;
	my $self = bless { in => '', out => '', number => 0 }, $class;
	my $connection = $node->connstr($database // 'postgres') . ($user ? " user=$user" : '');

	$self->{timer} = IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default);
	$self->{run} = IPC::Run::start([ $node->installed_command('psql'), '-XAtq', '-f', '-', '-d', $connection ],
		'<', \$self->{in}, '>', \$self->{out}, '2>&1', $self->{timer});
	$self->{pid} = $self->ask('SELECT pg_backend_pid()');
	return $self;
}

sub pid { return $_[0]->{pid} }

sub send_off
{
	my ($self, $statement) = @_;

	$self->{number}++;
	$self->{out} = '';
	$self->{in} .= "$statement;\n\\echo done-$self->{number}\n";
	$self->{timer}->start;
	$self->{run}->pump_nb;
}

# True once the whole answer of what was sent off is there.
sub answered
{
	my ($self) = @_;

	$self->{run}->pump_nb;
	return $self->{out} =~ /done-$self->{number}\n/;
}

sub answer
{
	my ($self) = @_;

	until ($self->{out} =~ s/done-$self->{number}\n//)
	{
		die "no answer in time; so far: $self->{out}" if $self->{timer}->is_expired;
		# a server that was stopped ends psql, and what it said is the answer
		last unless $self->{run}->pumpable;
		$self->{run}->pump;
	}
	(my $out = $self->{out}) =~ s/\n\z//;
	return $out;
}

sub ask
{
	my ($self, $statement) = @_;

	$self->send_off($statement);
	return $self->answer;
}

sub quit
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	$self->{run}->finish;
}

1;

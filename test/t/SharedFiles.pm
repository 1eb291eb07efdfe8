# What the tests of shared files have in common: where the files lie, what is
# there, and what a backend may write.

package SharedFiles;

use strict;
use warnings;

use Exporter 'import';
use InterestTest;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(folder files weights vector doctor backend_limit_works limit_backend remove_files);

sub folder { return $_[0]->data_dir . '/base/pgsql_tmp' }

# Names of the extension's files, sorted.
sub files
{
	my ($node) = @_;

	opendir my $directory, folder($node) or return ();
	my @files = sort grep { /^pgsql_tmp_interest\./ } readdir $directory;
	return @files;
}

# Paths of packed weights, whole or under way.
sub weights
{
	my ($node) = @_;

	return map { folder($node) . "/$_" } grep { !/texts/ } files($node);
}

sub remove_files
{
	my ($node) = @_;

	unlink map { folder($node) . "/$_" } files($node);
}

# What a new session computes, whatever is cached, and what it says meanwhile.
sub vector
{
	my ($node, $encoder) = @_;
	my ($status, $out, $said) = $node->psql('postgres',
		"SET client_min_messages = warning; SELECT md5(array_send(interest_encode('a robot ' || pg_backend_pid() - pg_backend_pid() || ' at night', '$encoder')))");

	die $said if $status != 0;
	return wantarray ? ($out, $said) : $out;
}

# Status and detail of a check in a session, or in a new one.
sub doctor
{
	my ($where, $check) = @_;
	my $query = "SELECT status || ': ' || detail FROM interest_doctor() WHERE check_name = '$check'";

	return $where->isa('InterestTest::Session') ? $where->ask($query) : $where->safe_psql('postgres', $query);
}

# Lets a backend write files of at most that many bytes; without, all it likes.
sub limit_backend
{
	my ($pid, $bytes) = @_;

	return system('prlimit', '--pid', $pid, '--fsize=' . (defined $bytes ? "$bytes:" : 'unlimited:')) == 0;
}

sub backend_limit_works { return system('prlimit --version >/dev/null 2>&1') == 0 }

1;

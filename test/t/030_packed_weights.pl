# The packed weights of an encoder are one file that every session maps: who
# writes it, who finds it in which state, and when it goes.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use File::Copy;
use InterestTest;
use PostgreSQL::Test::Utils;
use SharedFiles;
use Test::More;

my $tiny = tiny_encoder();
my $node = new_node('weights', conf => "interest.shared_cache = 0\n");

sub load { $node->safe_psql('postgres', "SELECT interest_load_encoder('m', '$tiny')") }
sub drop { $node->safe_psql('postgres', "SELECT interest_drop_encoder('m')") }

# The first use writes the file, for its server's user alone.
load();
is(join(' ', files($node)), '', 'loading writes no file');
my $right = vector($node, 'm');
my ($path, @more) = weights($node);
is(scalar @more, 0, 'the first use writes one');
like($path, qr{/pgsql_tmp_interest\.[0-9a-f]{64}\.\w+$}, 'named by content and packing');
is((stat $path)[2] & 07777, 0600, 'which only the user of the server may read');
my $content = slurp_file($path);
my $written = (stat $path)[1];

# Others map it.
my $session = InterestTest::Session->new($node);
like(doctor($session, 'encoder "m"'), qr/^ok: .*packed for all sessions, \d+ kB$/, 'a session that has not used it');
is(vector($node, 'm'), $right, 'another session computes the same');
$session->ask("SELECT interest_encode('dog', 'm') IS NOT NULL");
like(doctor($session, 'encoder "m"'), qr/mapped by this one$/, 'and one maps it');
is((stat $path)[1], $written, 'the file is the first one');
SKIP:
{
	my $maps = '/proc/' . $session->pid . '/maps';

	skip 'no /proc', 1 unless -r $maps;
	like(slurp_file($maps), qr/r--s .*\Q$path\E/, 'read-only and shared');
}
is($session->ask("SET interest.kernel = portable; SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'every kernel reads it');
is((weights($node))[1], undef, 'from the one file');
$session->quit;

# First uses at the same time.
unlink $path;
my @sessions = map { InterestTest::Session->new($node) } 1 .. 8;
$_->send_off("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))") for @sessions;
is(join(' ', map { $_->answer } @sessions), join(' ', ($right) x 8), 'eight first uses at once');
is(join(' ', weights($node)), $path, 'leave one file');
like(doctor($_, 'encoder "m"'), qr/mapped by this one$/, 'which each has mapped') for @sessions;
$_->quit for @sessions;

# A folder that is not there.
unlink $path;
rmdir folder($node) or die $!;
is(vector($node, 'm'), $right, 'without the folder');
ok(-f $path, 'it is made');

# Files in every wrong state: whoever finds one writes a right one.
sub write_file
{
	my ($to, $bytes) = @_;

	open my $file, '>:raw', $to or die "$to: $!";
	print $file $bytes;
	close $file or die $!;
}

sub with_byte
{
	my ($at) = @_;
	my $bytes = $content;

	substr($bytes, $at, 1) = chr(ord(substr($bytes, $at, 1)) ^ 1);
	return $bytes;
}

my %states = (
	'empty' => '',
	'one byte' => substr($content, 0, 1),
	'a header and no more' => substr($content, 0, 128),
	'half' => substr($content, 0, length($content) / 2),
	'one byte short' => substr($content, 0, -1),
	'one byte long' => $content . "\0",
	'zeros' => "\0" x length($content),
	'of another version' => with_byte(16),
	'of another packing' => with_byte(32),
	'of another content' => with_byte(64),
	'of another size' => with_byte(104),
	'with a wrong checksum' => with_byte(120),
	'with another configuration' => with_byte(128 + 24),
	'text' => "Lorem ipsum\n" x 20000);
for my $state (sort keys %states)
{
	unlink $path;
	write_file($path, $states{$state});
	my ($vector, $said) = vector($node, 'm');
	is($vector, $right, "a file that is $state: the right vector");
	is($said, '', "$state: without a word");
	ok(slurp_file($path) eq $content, "$state: is replaced");
	is(join(' ', weights($node)), $path, "$state: leaves nothing behind");
}

# What cannot be replaced: each session has weights of its own, and says so.
sub private_copy
{
	my ($what, $why) = @_;
	my $own = InterestTest::Session->new($node);
	my $said = $own->ask("SET client_min_messages = warning; SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))");

	like($said, qr/WARNING:  could not share the weights of encoder "m" with other sessions: $why\nDETAIL:  This session holds a copy of its own, of \d+ kB\.\nHINT:  /, "$what: a warning");
	like($said, qr/^$right$/m, "$what: the right vector");
	unlike($said, qr/pgsql_tmp|base/, "$what: no path is told");
	is($own->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, "$what: one warning is enough");
	like(doctor($own, 'encoder "m"'), qr/^warning: .*; this session holds a copy of its own: $why$/, "$what: the doctor knows");
	is(join(' ', grep { -f } weights($node)), '', "$what: leaves nothing behind");
	$own->quit;
}
unlink $path;
mkdir $path or die $!;
private_copy('a folder of that name', 'Is a directory');
rmdir $path;
chmod 0500, folder($node);
private_copy('a folder that cannot be written', 'Permission denied');
chmod 0700, folder($node);
my $stopped = InterestTest::Session->new($node);
SKIP:
{
	skip 'no prlimit', 6 unless backend_limit_works();

	# The server ignores the signal, and a write beyond the limit fails as on a full disk.
	limit_backend($stopped->pid, 65536);
	my $said = $stopped->ask("SET client_min_messages = warning; SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))");
	like($said, qr/with other sessions: File too large/, 'a disk that takes no more: a warning');
	like($said, qr/^$right$/m, 'the right vector');
	is(join(' ', weights($node)), '', 'nothing is left behind');
	limit_backend($stopped->pid);
	is($stopped->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'the session keeps its copy');
	is(vector($node, 'm'), $right, 'another session');
	is(join(' ', weights($node)), $path, 'can write');
}
$stopped->quit;

# Dropped: the file goes when all can see it, and not before.
$node->safe_psql('postgres', "BEGIN; SELECT interest_drop_encoder('m'); ROLLBACK");
ok(-f $path, 'a drop rolled back leaves the file');
$node->safe_psql('postgres', "BEGIN; SAVEPOINT s; SELECT interest_drop_encoder('m'); ROLLBACK TO s; COMMIT");
ok(-f $path, 'and one in a savepoint');
$node->safe_psql('postgres', "BEGIN; SAVEPOINT r; SAVEPOINT s; SELECT interest_drop_encoder('m'); RELEASE s; ROLLBACK TO r; COMMIT");
ok(-f $path, 'and one in a savepoint released into it');
my ($other, $user, $late) = map { InterestTest::Session->new($node) } 1 .. 3;
$user->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$user->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))");
$late->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$late->ask('SELECT 1');
$other->ask('BEGIN');
$other->ask('SAVEPOINT s');
$other->ask("SELECT interest_drop_encoder('m')");
$other->ask('RELEASE s');
ok(-f $path, 'it is there while the transaction lasts');
is(vector($node, 'm'), $right, 'for others');
$other->ask('COMMIT');
ok(!-e $path, 'and gone with it');
is($user->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'whoever has it mapped keeps it');
is($late->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'an old snapshot still has the encoder');
is(join(' ', weights($node)), '', 'whose file is not left behind');
$user->ask('COMMIT');
$late->ask('COMMIT');

# Loaded again, at once or after a while, in one transaction or not.
load();
is(vector($node, 'm'), $right, 'loaded again');
ok(-f $path, 'packed again');
is($user->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'a session from before uses it');
$node->safe_psql('postgres', "BEGIN; SELECT interest_drop_encoder('m'); SELECT interest_load_encoder('m', '$tiny'); SELECT interest_encode('dog', 'm') IS NOT NULL; COMMIT");
is(vector($node, 'm'), $right, 'dropped and loaded in one transaction');
drop();
is(join(' ', weights($node)), '', 'no file remains');
$other->ask('BEGIN');
$other->ask("SELECT interest_load_encoder('m', '$tiny')");
is($other->ask("SELECT md5(array_send(interest_encode('a robot 0 at night', 'm')))"), $right, 'used before it is committed');
ok(-f $path, 'with a file');
$other->ask('ROLLBACK');
is(join(' ', weights($node)), '', 'which goes with the load');
$other->ask('BEGIN');
$other->ask('SAVEPOINT s');
$other->ask("SELECT interest_load_encoder('m', '$tiny')");
$other->ask("SELECT interest_encode('dog', 'm') IS NOT NULL");
$other->ask('ROLLBACK TO s');
is(join(' ', weights($node)), '', 'at the end of a savepoint, too');
$other->ask("SELECT interest_load_encoder('m', '$tiny')");
$other->ask("SELECT interest_encode('dog', 'm') IS NOT NULL");
$other->ask('COMMIT');
is(vector($node, 'm'), $right, 'committed at last');
ok(-f $path, 'it is there for all');

# A mapping does not keep the disk full for longer than the session needs it.
SKIP:
{
	my $maps = '/proc/' . $user->pid . '/maps';

	skip 'no /proc', 2 unless -r $maps;
	$user->ask("SELECT interest_encode('dog', 'm') IS NOT NULL");
	drop();
	$node->safe_psql('postgres', "SELECT interest_load_encoder('n', '$ENV{INTEREST_TINY}/tiny36')");
	like(slurp_file($maps), qr/pgsql_tmp_interest\S* \(deleted\)/, 'a dropped file that is mapped');
	$user->ask("SELECT interest_encode('dog', 'n') IS NOT NULL");
	unlike(slurp_file($maps), qr/pgsql_tmp_interest\S* \(deleted\)/, 'is let go when another is mapped');
	$node->safe_psql('postgres', "SELECT interest_drop_encoder('n')");
	load();
}

# Files that nobody needed for a day go when one is packed.
my ($old, $young) = map { folder($node) . "/pgsql_tmp_interest.$_" } 'f' x 64 . '.fp32', 'e' x 64 . '.fp32.4711';
write_file($_, 'x') for $old, $young;
utime time - 2 * 86400, time - 2 * 86400, $old;
remove_files_but($old, $young);
is(vector($node, 'm'), $right, 'packs');
ok(!-e $old, 'an old file is gone');
ok(-e $young, 'a young one is not');

sub remove_files_but
{
	my %keep = map { $_ => 1 } @_;

	unlink grep { !$keep{$_} } weights($node);
}

# The server removes all at a start, whole and half.
$_->quit for $other, $user, $late;
$node->restart;
is(join(' ', weights($node)), '', 'a restart removes every file');
is(vector($node, 'm'), $right, 'and the next use packs');
ok(slurp_file($path) eq $content, 'the same bytes');

done_testing();

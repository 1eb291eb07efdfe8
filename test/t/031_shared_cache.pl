# Encoded texts that all sessions share: found by others, never wrong, whatever
# happens to the file.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use JSON::PP;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use SharedFiles;
use Test::More;

my $tiny = tiny_encoder();
my $node = new_node('texts', conf => "interest.encode_cache = 0\ninterest.shared_cache = '4MB'\nmax_parallel_workers_per_gather = 2\n");
my $texts = folder($node) . '/pgsql_tmp_interest.texts';

# An encoder wider than a slot: 768 dimensions are two pieces.
sub wide_encoder
{
	my $directory = PostgreSQL::Test::Utils::tempdir . '/wide';
	my $json = JSON::PP->new->utf8->canonical;
	my ($hidden, $inner, $layer) = (768, 32, 'encoder.layer.0');

	PostgreSQL::Test::RecursiveCopy::copypath($tiny, $directory);
	my $config = $json->decode(slurp_file("$directory/config.json"));
	@$config{qw(hidden_size num_hidden_layers num_attention_heads intermediate_size)} = ($hidden, 1, 12, $inner);
	my @shapes = (
		[ 'embeddings.word_embeddings.weight', $config->{vocab_size}, $hidden ],
		[ 'embeddings.position_embeddings.weight', $config->{max_position_embeddings}, $hidden ],
		[ 'embeddings.token_type_embeddings.weight', $config->{type_vocab_size}, $hidden ],
		(map { [ "$_.weight", $hidden ], [ "$_.bias", $hidden ] } 'embeddings.LayerNorm', "$layer.attention.output.LayerNorm", "$layer.output.LayerNorm"),
		(map { [ "$layer.attention.$_.weight", $hidden, $hidden ], [ "$layer.attention.$_.bias", $hidden ] } 'self.query', 'self.key', 'self.value', 'output.dense'),
		[ "$layer.intermediate.dense.weight", $inner, $hidden ], [ "$layer.intermediate.dense.bias", $inner ],
		[ "$layer.output.dense.weight", $hidden, $inner ], [ "$layer.output.dense.bias", $hidden ]);
	my ($data, %header) = ('');
	my $state = 1;
	for my $shape (@shapes)
	{
		my ($name, @size) = @$shape;
		my ($count, $begin) = (1, length $data);

		$count *= $_ for @size;
		$data .= pack 'f<*', map { $state = ($state * 1103515245 + 12345) % 2147483648; $state / 2147483648 - 0.5 } 1 .. $count;
		$header{$name} = { dtype => 'F32', shape => \@size, data_offsets => [ $begin, length $data ] };
	}
	my $text = $json->encode(\%header);
	write_file("$directory/model.safetensors", pack('Q<', length $text) . $text . $data);
	write_file("$directory/config.json", $json->encode($config));
	for my $file ("$directory/1_Pooling/config.json")
	{
		next unless -f $file;
		my $pooling = $json->decode(slurp_file($file));
		$pooling->{word_embedding_dimension} = $hidden;
		write_file($file, $json->encode($pooling));
	}
	return $directory;
}

sub write_file
{
	my ($path, $content) = @_;

	open my $file, '>:raw', $path or die "$path: $!";
	print $file $content;
	close $file or die $!;
}

# Changes the cache where it lies, as all sessions have it mapped.
sub change
{
	my ($function) = @_;

	open my $file, '+<:raw', $texts or die $!;
	my $bytes = do { local $/; <$file> };
	my $size = length $bytes;
	$bytes = $function->($bytes);
	die 'another size' if length $bytes != $size;
	seek $file, 0, 0;
	print $file $bytes;
	close $file or die $!;
}

# A header, an array of slots and one of their values; here a slot is both.
use constant { HEADER => 4096, LINE => 64, SLOT => 1600 };

sub each_slot
{
	my ($function) = @_;

	change(sub {
		my ($bytes) = @_;
		my $slots = (length($bytes) - HEADER) / SLOT;

		for my $i (0 .. $slots - 1)
		{
			my @at = (HEADER + LINE * $i, LINE, HEADER + LINE * $slots + (SLOT - LINE) * $i, SLOT - LINE);
			my $slot = substr($bytes, $at[0], $at[1]) . substr($bytes, $at[2], $at[3]);

			next if unpack('Q<', $slot) == 0;
			$slot = $function->($slot);
			substr($bytes, $at[0], $at[1]) = substr($slot, 0, LINE);
			substr($bytes, $at[2], $at[3]) = substr($slot, LINE);
		}
		return $bytes;
	});
}

# Hits and misses of all sessions that a query adds.
sub counts
{
	return doctor($node, 'shared cache') =~ /(\d+) hits and (\d+) misses/ ? ($1, $2) : (0, 0);
}

sub counted
{
	my ($query, @settings) = @_;
	my @before = counts();
	my $out = $node->safe_psql('postgres', join('', map { "SET $_;" } @settings) . $query);
	my @after = counts();

	return ($out, $after[0] - $before[0], $after[1] - $before[1]);
}

my $wide = wide_encoder();
$node->safe_psql('postgres', <<"EOS");
SELECT interest_load_encoder('m', '$tiny'), interest_load_encoder('wide', '$wide'), interest_load_encoder('m36', '$ENV{INTEREST_TINY}/tiny36');
CREATE TABLE said AS SELECT i, 'robot ' || i AS body FROM generate_series(1, 300) i;
ALTER TABLE said SET (parallel_workers = 2);
ANALYZE said;
EOS
my $all = "SELECT md5(string_agg(md5(array_send(interest_encode(body, 'm'))), '' ORDER BY i)) FROM said";

# What one session has encoded, another finds.
my ($right, $hits, $misses) = counted($all);
is("$hits $misses", '0 300', 'the first session finds nothing');
is((stat $texts)[7], HEADER + SLOT * int(int((4 * 1024 * 1024 - HEADER) / SLOT) / 8) * 8, 'the file has its size');
is((stat $texts)[2] & 07777, 0600, 'and is for the user of the server alone');
cmp_ok(512 * (stat _)[12], '>=', (stat _)[7], 'all of it is on the disk');
my ($again, @counts) = counted($all);
is($again, $right, 'the second session has the same vectors');
is("@counts", '300 0', 'all found');
($again, @counts) = counted("$all", 'interest.kernel = portable');
is($again, $right, 'whatever kernel it has');

# Parallel workers.
my @parallel = ('parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0');
my $grouped = "SELECT md5(string_agg(v, '' ORDER BY i)) FROM (SELECT i, md5(array_send(interest_encode(body, 'm'))) AS v FROM said OFFSET 0) x";
like($node->safe_psql('postgres', join('', map { "SET $_;" } @parallel) . "EXPLAIN $grouped"), qr/Workers Planned: 2/, 'a parallel plan');
($again, @counts) = counted($grouped, @parallel);
is("$again @counts", "$right 300 0", 'workers find what others have encoded');
$node->safe_psql('postgres', "UPDATE said SET body = 'dog ' || i");
my ($dogs) = counted($grouped, @parallel);
($again, @counts) = counted($all);
is("$again @counts", "$dogs 300 0", 'and the other way round');
$node->safe_psql('postgres', "UPDATE said SET body = 'robot ' || i");

# Two encoders never mix, nor do widths.
for my $encoder ('m36', 'wide')
{
	(my $query = $all) =~ s/'m'/'$encoder'/;
	my ($first, @first) = counted($query);
	is("@first", '0 300', "$encoder: finds nothing of another encoder");
	my ($second, @second) = counted($query);
	is($second, $first, "$encoder: the same vectors");
	is("@second", '300 0', "$encoder: all found");
	is($node->safe_psql('postgres', "SET interest.kernel = portable; SELECT md5(array_send(interest_encode(ARRAY['robot 1', 'x y z'], '$encoder')))"),
		$node->safe_psql('postgres', "SELECT md5(array_send(interest_encode(ARRAY['robot 1', 'x y z'], '$encoder')))"), "$encoder: in an array");
}
(my $wide_all = $all) =~ s/'m'/'wide'/;
my ($wide_right) = counted($wide_all);

# Damage of every sort is a miss, and mends itself.
my %damage = (
	'a float' => sub { my ($slot) = @_; substr($slot, 64 + 4, 1) ^= "\x01"; return $slot },
	'the last float of a text' => sub { my ($slot) = @_; my $count = unpack 'x36 L<', $slot; substr($slot, 63 + 4 * ($count > 384 ? 384 : $count), 1) ^= "\x80"; return $slot },
	'a checksum' => sub { my ($slot) = @_; substr($slot, 40, 1) ^= "\x01"; return $slot },
	'a key' => sub { my ($slot) = @_; substr($slot, 16, 1) ^= "\x01"; return $slot },
	'a count' => sub { my ($slot) = @_; substr($slot, 36, 1) ^= "\x01"; return $slot },
	'all but the sequence' => sub { my ($slot) = @_; return substr($slot, 0, 8) . "\xa5" x (SLOT - 8) },
	'zeros behind the key' => sub { my ($slot) = @_; return substr($slot, 0, 40) . "\0" x (SLOT - 40) },
	'a writer that died' => sub { my ($slot) = @_; return pack('Q<', unpack('Q<', $slot) | 1) . substr($slot, 8) },
	'a writer that died half way' => sub { my ($slot) = @_; return pack('Q<', unpack('Q<', $slot) | 1) . substr($slot, 8, 800) . "\x11" x (SLOT - 808) });
for my $what (sort keys %damage)
{
	counted($all);
	each_slot($damage{$what});
	($again, @counts) = counted($all);
	is($again, $right, "damage to $what: the right vectors");
	is("@counts", '0 300', "$what: all missed");
	($again, @counts) = counted($all);
	is($again, $right, "$what: the right vectors again");
	cmp_ok($counts[0], '>=', 290, "$what: found again");
}
counted($wide_all);
my $number = 0;
each_slot(sub { my ($slot) = @_; substr($slot, 64, 1) ^= "\x01" if $number++ % 7 == 0; return $slot });
is((counted($wide_all))[0], $wide_right, 'vectors of which a piece is damaged');

# A slot in the place of another is found only under its own key.
counted($all);
my @slots;
each_slot(sub { push @slots, $_[0]; return $_[0] });
each_slot(sub { return push(@slots, shift @slots) && $slots[0] });
is((counted($all))[0], $right, 'slots that have changed places');
each_slot(sub { my ($slot) = @_; return substr($slot, 0, 64) . substr($slots[ rand @slots ], 64) });
is((counted($all))[0], $right, 'and their floats');

# A file of another size or content is replaced.
for my $state ([ 'empty', '' ], [ 'short', 'x' x 5000 ], [ 'with another header', sub { my ($bytes) = @_; substr($bytes, 17, 1) ^= "\x01"; return $bytes } ],
	[ 'one byte short', sub { return substr($_[0], 0, -1) } ])
{
	my ($what, $content) = @$state;
	my $bytes = ref $content ? $content->(slurp_file($texts)) : $content;

	unlink $texts;
	write_file($texts, $bytes);
	($again, @counts) = counted($all);
	is($again, $right, "a file that is $what");
	is((counted($all))[1], 300, "$what: is made anew");
}
my $session = InterestTest::Session->new($node);
is($session->ask($all), $right, 'a session that has the file mapped');
unlink $texts;
is($session->ask($all), $right, 'when it is removed');
($again, @counts) = counted($all);
is("$again @counts", "$right 300 0", 'makes it anew for all');

# The size is a setting of the server.
sub set_size
{
	my ($size) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET interest.shared_cache = '$size'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT (SELECT setting::int FROM pg_settings WHERE name = 'interest.shared_cache') * 1024 = pg_size_bytes('$size') FROM interest_doctor() LIMIT 1");
}
like(($node->psql('postgres', "SELECT interest_doctor(); SET interest.shared_cache = 0"))[2], qr/cannot be changed now/, 'a session cannot set the size');
set_size('8MB');
is($session->ask($all), $right, 'a session sees another size');
my $inode = (stat $texts)[1];
cmp_ok((stat _)[7], '>', 8000000, 'the file has it');
is((counted($all))[1], 300, 'others, too');
is((stat $texts)[1], $inode, 'from one file');
set_size('0');
is($session->ask($all), $right, 'no size');
ok(!-e $texts, 'no file');
like(doctor($session, 'shared cache'), qr/^ok: switched off/, 'the doctor knows');
set_size('1kB');
is($session->ask($all), $right, 'a size too small for anything');
ok(!-e $texts, 'is no file');

# Few slots and many sessions: nothing is ever torn.
set_size('64kB');
$node->safe_psql('postgres', <<"EOS");
CREATE TABLE expected AS SELECT i, e AS encoder, 'star ' || i AS body, NULL::text AS md5 FROM generate_series(1, 400) i, (VALUES ('m'), ('wide')) v (e);
UPDATE expected SET md5 = md5(array_send(interest_encode(body, encoder)));
EOS
my $script = PostgreSQL::Test::Utils::tempdir . '/check.sql';
write_file($script, <<'EOS');
\set from random(1, 380)
SELECT 1 / (CASE WHEN bool_and(md5 = md5(array_send(interest_encode(body, encoder)))) THEN 1 ELSE 0 END)
FROM (SELECT * FROM expected WHERE i BETWEEN :from AND :from + 20 ORDER BY md5(body || :from)) x;
EOS
my @before = counts();
$node->command_like([ 'pgbench', '-n', '-c', 6, '-j', 2, '-T', 4, '-f', $script, 'postgres' ], qr/number of failed transactions: 0/, 'sessions that overwrite each other\'s slots');
my @after = counts();
cmp_ok($after[0] - $before[0], '>', 100, 'some was found');
cmp_ok($after[1] - $before[1], '>', 100, 'some was not');

# A disk that takes no more: no cache, and no error.
SKIP:
{
	skip 'no prlimit', 5 unless backend_limit_works();
	set_size('16MB');
	unlink $texts;
	my $poor = InterestTest::Session->new($node);
	limit_backend($poor->pid, 8 * 1024 * 1024);
	is($poor->ask($all), $right, 'a disk that takes no more');
	like(doctor($poor, 'shared cache'), qr/^warning: there is none: File too large$/, 'the doctor knows');
	is(join(' ', grep { /texts/ && -s folder($node) . "/$_" > 8 * 1024 * 1024 } files($node)), '', 'nothing is left of it');
	limit_backend($poor->pid);
	is((counted($all))[0], $right, 'others');
	cmp_ok((stat $texts)[7], '>', 16000000, 'have it');
}

# The private cache comes first, and its hits are not counted here.
($again, @counts) = counted("$all; $all", "interest.encode_cache = '4MB'");
is($again, "$right\n$right", 'both caches');
is($counts[0] + $counts[1], 300, 'each text is looked for once');

# Texts that are too long for it are not kept, nor looked for.
my $long = "SELECT md5(array_send(interest_encode(repeat('robot ', 20000), 'm')))";
($again, @counts) = counted("$long; $long");
is("@counts", '0 0', 'a text of 120 kB passes by');

# A restart begins anew.
$session->quit;
$node->restart;
($again, @counts) = counted($all);
is("$again @counts", "$right 0 300", 'a restart begins anew');

done_testing();

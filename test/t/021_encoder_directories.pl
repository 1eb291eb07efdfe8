# Directories of encoders in every state that the tiny one can be brought into:
# told in other ways, told wrongly, hostile.

use strict;
use warnings;

use Cwd qw(abs_path);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes;

my $tiny = $ENV{INTEREST_TINY};
plan skip_all => 'INTEREST_TINY names no folder with the tiny encoders' unless $tiny && -d "$tiny/tiny";

my $node = PostgreSQL::Test::Cluster->new('directories');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION interest');

my $base = abs_path(PostgreSQL::Test::Utils::tempdir);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $count = 0;

# A copy of the tiny directory, changed by the function.
sub variant
{
	my ($change) = @_;
	my $directory = "$base/variant" . $count++;

	PostgreSQL::Test::RecursiveCopy::copypath("$tiny/tiny", $directory);
	$change->($directory);
	return $directory;
}

sub write_file
{
	my ($path, $content) = @_;

	open my $file, '>:raw', $path or die "$path: $!";
	print $file $content;
	close $file or die "$path: $!";
}

# Changes one field of a settings file; undef removes it.
sub with_field
{
	my ($file, $key, $value) = @_;

	return sub {
		my ($directory) = @_;
		my $content = $json->decode(slurp_file("$directory/$file"));

		if (defined $value) { $content->{$key} = $value } else { delete $content->{$key} }
		write_file("$directory/$file", $json->encode($content));
	};
}

# Gives a settings file to a function that changes it in place.
sub with_json
{
	my ($file, $change) = @_;

	return sub {
		my ($directory) = @_;
		my $content = $json->decode(slurp_file("$directory/$file"));

		$change->($content);
		write_file("$directory/$file", $json->encode($content));
	};
}

sub without
{
	my @files = @_;

	return sub { unlink("$_[0]/$_") or die "$_: $!" for @files };
}

sub all
{
	my @changes = @_;

	return sub { for my $change (@changes) { $change->(@_) } };
}

# Loads a changed copy as "v", asks the query, and drops it again.
sub loads
{
	my ($what, $change, $query, $expected, $notice) = @_;
	my $directory = variant($change);
	my ($status, $out, $error) = $node->psql('postgres',
		"BEGIN;\n\\o /dev/null\nSELECT interest_load_encoder('v', '$directory');\n\\o\n$query;\nROLLBACK");

	is($out, $expected, $what) or diag($error);
	like($error, $notice, "$what: notice") if $notice;
	unlike($error, qr/NOTICE/, "$what: no notice") unless $notice;
}

# The load fails with these words.
sub refused
{
	my ($what, $change, $words) = @_;
	my $directory = variant($change);
	my ($status, $out, $error) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSELECT interest_load_encoder('v', '$directory')");

	like($error, $words, "refused: $what");
	unlike($error, qr/\Q$base\E/, "refused without the directory's name: $what");
}

my $dims = "SELECT interest_encode('star wars', 'v') = interest_encode('star wars', 'tiny')";
my $settings = 'SELECT max_length, pooling FROM interest_encoders WHERE name = \'v\'';
my $tokens = "SELECT string_agg(token, ' ' ORDER BY ordinal) FROM interest_tokenize('The caf\xc3\xa9 \xe4\xb8\xad\xe5\x9b\xbd', 'v')";

$node->safe_psql('postgres', "SELECT interest_load_encoder('$_->[0]', '$tiny/$_->[1]')")
  for [ 'tiny', 'tiny' ], [ 'cls', 'variants/cls' ], [ 'unnormalized', 'variants/unnormalized' ];
sub same_as { return "SELECT count(DISTINCT fingerprint) FROM interest_encoders WHERE name IN ('v', '$_[0]')" }

# Told in other ways.
loads('nothing changed', sub { }, same_as('tiny'), '1');
loads('no modules.json', without('modules.json'), same_as('unnormalized'), '1', qr/NOTICE:  vectors are the mean of the tokens, not normalized/);
loads('pooling in one word',
	with_json('1_Pooling/config.json', sub { my ($j) = @_; %$j = (pooling_mode => 'cls') }), same_as('cls'), '1');
loads('a transformer in its folder', sub {
		my ($directory) = @_;
		mkdir "$directory/0_Transformer" or die;
		for my $file (qw(config.json vocab.txt tokenizer.json tokenizer_config.json model.safetensors sentence_bert_config.json))
		{ rename "$directory/$file", "$directory/0_Transformer/$file" or die }
		with_json('modules.json', sub { $_[0][0]{path} = '0_Transformer' })->($directory);
	}, same_as('tiny'), '1');
loads('modules of a newer name', with_json('modules.json', sub { $_[0][0]{type} = 'sentence_transformers.base.Transformer' }),
	same_as('tiny'), '1');
loads('files behind links', sub {
		my ($directory) = @_;
		mkdir "$directory/blobs" or die;
		for my $file (qw(config.json vocab.txt model.safetensors))
		{ rename "$directory/$file", "$directory/blobs/$file" and symlink "blobs/$file", "$directory/$file" or die }
	}, same_as('tiny'), '1');
loads('lines that end with CR LF', sub {
		my $text = slurp_file("$_[0]/vocab.txt");
		$text =~ s/\n/\r\n/g;
		write_file("$_[0]/vocab.txt", $text);
	}, $dims, 't');
loads('escaped tokenizer.json alone', all(without('vocab.txt'), sub {
			write_file("$_[0]/tokenizer.json", JSON::PP->new->ascii->encode($json->decode(slurp_file("$_[0]/tokenizer.json"))));
		}), same_as('tiny'), '1');
loads('config.json of 1 MB', sub {
		my $text = slurp_file("$_[0]/config.json");
		write_file("$_[0]/config.json", $text . ' ' x (1048576 - length $text));
	}, same_as('tiny'), '1');
loads('a default prompt', sub { write_file("$_[0]/config_sentence_transformers.json", '{"default_prompt_name": "query"}') },
	same_as('tiny'), '1', qr/NOTICE:  prompt "query" of the encoder is not put before texts/);

# max_length: sentence_bert_config.json, tokenizer_config.json, positions.
my $no_length = without('sentence_bert_config.json');
loads('max_seq_length', with_field('sentence_bert_config.json', 'max_seq_length', 8), $settings, '8|mean');
loads('max_seq_length beyond the positions', with_field('sentence_bert_config.json', 'max_seq_length', 4096), $settings, '64|mean');
loads('model_max_length', all($no_length, with_field('tokenizer_config.json', 'model_max_length', 12)), $settings, '12|mean');
loads('model_max_length without meaning', all($no_length, with_field('tokenizer_config.json', 'model_max_length', 1e30)), $settings, '64|mean');
loads('no length', all($no_length, without('tokenizer_config.json')), $settings, '64|mean');

# Options: tokenizer_config.json before tokenizer.json.
loads('lower case and accents', sub { }, $tokens, '[CLS] the cafe 中 国 [SEP]');
loads('accents kept', with_field('tokenizer_config.json', 'strip_accents', JSON::PP::false), $tokens, '[CLS] the c ##a ##f ##é 中 国 [SEP]');
loads('Han not separated', with_field('tokenizer_config.json', 'tokenize_chinese_chars', JSON::PP::false), $tokens, '[CLS] the cafe [UNK] [SEP]');
loads('the settings before tokenizer.json', with_json('tokenizer.json', sub { $_[0]{normalizer}{lowercase} = JSON::PP::false }),
	$tokens, '[CLS] the cafe 中 国 [SEP]');
loads('tokenizer.json without settings',
	all(without('tokenizer_config.json'), with_json('tokenizer.json', sub { $_[0]{normalizer}{lowercase} = JSON::PP::false })),
	$tokens, '[CLS] The c ##a ##f ##é 中 国 [SEP]');

# What we do not run.
my $true = JSON::PP::true;
refused("model_type $_", with_field('config.json', 'model_type', $_), qr/0A000: architecture "$_" is not supported.*HINT: /s)
  for qw(roberta distilbert mpnet xlm-roberta modernbert nomic_bert new);
refused('no model_type', with_field('config.json', 'model_type', undef), qr/0A000: architecture "none" is not supported/);
refused('JinaBert', with_field('config.json', 'architectures', ['JinaBertModel']), qr/0A000: architecture "JinaBertModel" is not supported/);
refused('a decoder', with_field('config.json', 'is_decoder', $true), qr/0A000: architecture "BERT decoder" is not supported/);
refused('alibi', with_field('config.json', 'position_embedding_type', 'alibi'), qr/0A000: position embedding "alibi" is not supported/);
refused('a dense module', with_json('modules.json', sub { $_[0][2]{type} = 'sentence_transformers.models.Dense' }),
	qr/0A000: module "Dense" is not supported.*HINT: /s);
refused('modules in another order', with_json('modules.json', sub { my ($j) = @_; @$j[1, 2] = @$j[2, 1] }), qr/0A000: module "Normalize" is not supported/);
refused('a fourth module', with_json('modules.json', sub { push @{ $_[0] }, { type => 'Normalize' } }), qr/0A000: module "Normalize" is not supported/);
refused('one module', with_json('modules.json', sub { splice @{ $_[0] }, 1 }), qr/F0000: modules\.json has 1 modules/);
refused('modules.json an object', sub { write_file("$_[0]/modules.json", '{}') }, qr/F0000: modules\.json is not a JSON array/);
refused('a folder elsewhere', with_json('modules.json', sub { $_[0][1]{path} = '../1_Pooling' }), qr/F0000: path "\.\.\/1_Pooling" in modules\.json is not a folder/);
refused('a folder above', with_json('modules.json', sub { $_[0][0]{path} = '..' }), qr/F0000: path "\.\." in modules\.json is not a folder/);
refused('no pooling settings', without('1_Pooling/config.json'), qr/58P01: 1_Pooling\/config\.json is missing/);
refused('two poolings', with_field('1_Pooling/config.json', 'pooling_mode_cls_token', $true), qr/0A000: several poolings at once.*cls_token and mean_tokens|0A000: several poolings at once.*mean_tokens and cls_token/s);
refused('another pooling', with_json('1_Pooling/config.json', sub { %{ $_[0] } = (pooling_mode_weightedmean_tokens => $true) }),
	qr/0A000: pooling "weightedmean_tokens" is not supported/);
refused('no pooling', with_json('1_Pooling/config.json', sub { %{ $_[0] } = () }), qr/0A000: pooling "none" is not supported/);
refused('a tokenizer of another type', with_json('tokenizer.json', sub { $_[0]{model}{type} = 'BPE' }), qr/0A000: model "BPE" is not supported/);
refused('another normalizer', with_json('tokenizer.json', sub { $_[0]{normalizer} = { type => 'NFKC' } }), qr/0A000: normalizer "NFKC" is not supported/);
refused('another pre-tokenizer', with_json('tokenizer.json', sub { $_[0]{pre_tokenizer} = undef }), qr/0A000: pre_tokenizer "none" is not supported/);
refused('another prefix', with_json('tokenizer.json', sub { $_[0]{model}{continuing_subword_prefix} = '@@' }), qr/0A000: subword prefix "@@" is not supported/);
refused('an added token', with_json('tokenizer.json', sub { push @{ $_[0]{added_tokens} }, { content => '[Q]', id => 400 } }), qr/0A000: added token "\[Q\]" is not supported/);
refused('weights of PyTorch', sub { rename "$_[0]/model.safetensors", "$_[0]/pytorch_model.bin" or die },
	qr/58P01: model\.safetensors is missing.*HINT:  Convert pytorch_model\.bin/s);
refused('weights in parts', sub { rename "$_[0]/model.safetensors", "$_[0]/model.safetensors.index.json" or die },
	qr/0A000: weights file "of several parts" is not supported/);

# Told wrongly.
refused("config.json: $_->[0] of another type", with_field('config.json', $_->[0], $_->[1]), qr/F0000: "$_->[0]" in config\.json is $_->[2]/)
  for [ 'hidden_size', '32', 'not a number' ], [ 'hidden_size', 32.5, 'out of range' ], [ 'hidden_size', 1e300, 'out of range' ],
  [ 'vocab_size', 0, 'out of range' ], [ 'max_position_embeddings', 1, 'out of range' ], [ 'num_attention_heads', [4], 'not a number' ],
  [ 'hidden_act', 3, 'not a string' ], [ 'is_decoder', 'no', 'not true or false' ], [ 'architectures', 'BertModel', 'not an array' ],
  [ 'layer_norm_eps', {}, 'not a number' ];
refused('config.json without hidden_size', with_field('config.json', 'hidden_size', undef), qr/F0000: config\.json has no "hidden_size"/);
refused('config.json an array', sub { write_file("$_[0]/config.json", '[]') }, qr/F0000: config\.json is not a JSON object/);
refused('config.json a number', sub { write_file("$_[0]/config.json", '7') }, qr/F0000: config\.json is not a JSON object/);
refused('config.json empty', sub { write_file("$_[0]/config.json", '') }, qr/22P02: .*CONTEXT: .*reading config\.json/s);
refused('config.json with a zero byte', sub { write_file("$_[0]/config.json", "{\"model_type\": \"be\0rt\"}") },
	qr/22021: invalid byte sequence for encoding "UTF8": 0x00.*CONTEXT: .*reading config\.json/s);
refused('config.json not in UTF-8', sub { write_file("$_[0]/config.json", "{\"model_type\": \"b\xe9\"}") },
	qr/22021: invalid byte sequence.*CONTEXT: .*reading config\.json/s);
refused('config.json of 1 MB and a byte', sub {
		my $text = slurp_file("$_[0]/config.json");
		write_file("$_[0]/config.json", $text . ' ' x (1048577 - length $text));
	}, qr/54000: file "config\.json" is too large.*DETAIL:  It has 1048577 bytes; the limit is 1048576\./s);
refused('config.json deeper than the stack', sub { write_file("$_[0]/config.json", '[' x 500000) }, qr/54001: stack depth limit exceeded/);
refused('heads that do not divide', with_field('config.json', 'num_attention_heads', 5), qr/5 attention heads for a hidden size of 32/);
refused('LayerNorm epsilon 0', with_field('config.json', 'layer_norm_eps', 0), qr/LayerNorm epsilon/);
refused('max_seq_length 1', with_field('sentence_bert_config.json', 'max_seq_length', 1), qr/F0000: "max_seq_length" in sentence_bert_config\.json is out of range/);
refused('a vocabulary not in UTF-8', sub { write_file("$_[0]/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n\xe9\n") }, qr/XX001: line 6 of the vocabulary is not UTF-8/);
refused('a piece twice', sub { write_file("$_[0]/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na\n") }, qr/XX001: line 7 of the vocabulary repeats line 6/);
refused('an empty vocabulary', sub { write_file("$_[0]/vocab.txt", '') }, qr/XX001: the vocabulary is empty/);
my $only_fast = without('vocab.txt');
refused('tokenizer.json without vocabulary', all($only_fast, with_json('tokenizer.json', sub { delete $_[0]{model}{vocab} })), qr/F0000: tokenizer\.json has no vocabulary/);
refused('ids with a gap', all($only_fast, with_json('tokenizer.json', sub { $_[0]{model}{vocab}{zebra} = 5000 })), qr/F0000: "zebra" in "vocab" in "model" in tokenizer\.json is out of range/);
refused('an id twice', all($only_fast, with_json('tokenizer.json', sub { $_[0]{model}{vocab}{the} = 5 })), qr/F0000: vocabulary of tokenizer\.json is not usable/);
refused('a piece of two lines', all($only_fast, with_json('tokenizer.json', sub {
			my $vocabulary = $_[0]{model}{vocab};
			$vocabulary->{"the\na"} = delete $vocabulary->{the};
		})), qr/F0000: vocabulary of tokenizer\.json is not usable/);

# Not a file.
refused('config.json a folder', sub { unlink "$_[0]/config.json"; mkdir "$_[0]/config.json" or die }, qr/42809: "config\.json" is not a regular file/);
refused('a pipe that nobody writes to', sub { unlink "$_[0]/vocab.txt"; require POSIX; POSIX::mkfifo("$_[0]/vocab.txt", 0600) or die },
	qr/42809: "vocab\.txt" is not a regular file/);
refused('a device', sub { unlink "$_[0]/model.safetensors"; symlink '/dev/zero', "$_[0]/model.safetensors" or die }, qr/42809: "model\.safetensors" is not a regular file/);
refused('a link to nothing', sub { unlink "$_[0]/vocab.txt"; symlink 'nothing', "$_[0]/vocab.txt" or die; unlink "$_[0]/tokenizer.json" }, qr/58P01: vocab\.txt is missing/);
SKIP:
{
	skip 'root reads every file', 2 if $> == 0;
	refused('no right to read', sub { chmod 0, "$_[0]/config.json" or die }, qr/42501: could not open file "config\.json": Permission denied/);
}
my $log = slurp_file($node->logfile);
like($log, qr/DETAIL: .*Its path is "\Q$base\E/, 'the log has the path');

# Weights with a byte changed: refused, or sound; never a crash.
my $weights = slurp_file("$tiny/tiny/model.safetensors");
my $header_length = unpack 'Q<', $weights;
my $directory = variant(sub { });
my %seen = (accepted => 0, refused => 0);
my $seed = 7;
for my $round (1 .. 200)
{
	my $mutant = $weights;
	# a byte of the length, of the header, or the end cut off
	$seed = ($seed * 1103515245 + 12345) % 2**31;
	my $place = $round % 10 == 0 ? ($round / 10) % 8 : 8 + ($seed >> 4) % $header_length;
	if ($round % 7 == 0) { $mutant = substr($mutant, 0, $seed % length $mutant) }
	elsif (substr($mutant, $place, 1) =~ /[0-9]/) { substr($mutant, $place, 1) = ($seed >> 8) % 10 }
	elsif ($round % 3) { substr($mutant, $place, 1) = chr(32 + ($seed >> 8) % 95) }
	else { substr($mutant, $place, 1) = chr(($seed >> 8) % 256) }
	write_file("$directory/model.safetensors", $mutant);
	my ($status, $out, $error) = $node->psql('postgres',
		"BEGIN; SELECT interest_load_encoder('v', '$directory'); SELECT interest_encode('star', 'v') IS NOT NULL; ROLLBACK");
	if ($error eq '') { $seen{accepted}++ }
	elsif ($error =~ /^psql:<stdin>:1: ERROR: /) { $seen{refused}++ }
	else { fail("round $round: $error") }
}
note("$seen{accepted} accepted, $seen{refused} refused");
cmp_ok($seen{refused}, '>', $seen{accepted}, 'most changes of a header are refused');
is($seen{refused} + $seen{accepted}, 200, 'each is refused cleanly or sound');
is($node->safe_psql('postgres', 'SELECT count(*) FROM interest_encoders'), '3', 'nothing is left of them');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal/, 'the server never fell');

done_testing();

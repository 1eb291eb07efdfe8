# A model as a file: what Python's safetensors package reads and writes again
# is the same version; a server of another encoding and a database without the
# encoder.  Where python3 lacks the package, its part says that it skips.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $encoder = tiny_encoder();
my $node = new_node('files');
my $folder = $node->basedir;

create_visits($node, 'postgres', 'visit', 200);
create_models($node, 'postgres', 'visit', $encoder);

sub write_file
{
	my ($name, $hex) = @_;

	open my $file, '>:raw', "$folder/$name" or die "$folder/$name: $!";
	print $file pack('H*', $hex);
	close $file;
}

sub read_file
{
	my ($name) = @_;

	open my $file, '<:raw', "$folder/$name" or die "$folder/$name: $!";
	local $/;
	return unpack('H*', <$file>);
}

sub hash_of
{
	my ($database, $model) = @_;

	return $node->safe_psql($database, "SELECT encode(content_hash, 'hex') FROM interest_model_version WHERE model = '$model' ORDER BY version DESC LIMIT 1");
}

my $hex = $node->safe_psql('postgres', q{SELECT encode(interest_export_model('topics'), 'hex')});
write_file('topics.safetensors', $hex);

SKIP:
{
	my $python = $ENV{PYTHON} // 'python3';

	skip "$python has no package safetensors with numpy", 4
	  if system("$python -c 'import safetensors.numpy' 2>/dev/null") != 0;
	my $script = "$folder/again.py";
	open my $file, '>', $script or die "$script: $!";
	print $file <<'PYTHON';
import json, sys
from safetensors import safe_open
from safetensors.numpy import save_file
with safe_open(sys.argv[1], 'np') as file:
	metadata = file.metadata()
	tensors = {name: file.get_tensor(name) for name in file.keys()}
names = json.loads(metadata['interests'])
assert tensors['head.weight'].shape == (len(names), 16), tensors['head.weight'].shape
assert json.loads(metadata['definition'])['label'] == 'topic'
save_file(tensors, sys.argv[2], metadata)
tensors['head.bias'] = tensors['head.bias'] + 1
save_file(tensors, sys.argv[3], metadata)
print(' '.join(names))
PYTHON
	close $file;
	is(`$python $script $folder/topics.safetensors $folder/again.safetensors $folder/changed.safetensors`, "music science sport\n", 'Python reads tensors, names and the definition');
	$node->safe_psql('postgres', "SELECT interest_import_model('again', decode('" . read_file('again.safetensors') . "', 'hex'))");
	is(hash_of('postgres', 'again'), hash_of('postgres', 'topics'), 'what Python wrote is the same version');
	$node->safe_psql('postgres', "SELECT interest_import_model('changed', decode('" . read_file('changed.safetensors') . "', 'hex'))");
	isnt(hash_of('postgres', 'changed'), hash_of('postgres', 'topics'), 'what Python changed is another');
	is($node->safe_psql('postgres', q{SELECT a.representation = b.representation AND a.reading = b.reading FROM interest_models a, interest_models b WHERE a.name = 'changed' AND b.name = 'topics'}),
		't', 'of which only the head differs');
}

# To a database of another encoding, with names that both have; a model of
# sentences, since words are split differently there.
$node->safe_psql('postgres', "UPDATE visit SET topic = 'm\xc3\xbcsic' WHERE topic = 'music'");
$node->safe_psql('postgres', q{SELECT interest_create_model('plain', 'visit', encoder => 'tiny', user_id => 'person', at => 'at',
	texts => '{title}', label => 'topic', task => 'user', options => '{"dimensions": 16, "words": false}')});
$node->safe_psql('postgres', q{SELECT count(*) FROM interest_train('plain', epochs => 1)});
$hex = $node->safe_psql('postgres', q{SELECT encode(interest_export_model('plain'), 'hex')});
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
$node->safe_psql('latin', 'CREATE EXTENSION interest');
create_visits($node, 'latin', 'visit', 10);
my ($status, $out, $error) = $node->psql('latin', "SELECT interest_import_model('plain', decode('$hex', 'hex'))");
like($error, qr/the model's encoder is not here/, 'no encoder, no model');
is($node->safe_psql('latin', 'SELECT count(*) FROM interest_model'), '0', 'and nothing is left of it');
$node->safe_psql('latin', "SELECT interest_load_encoder('other name', '$encoder')");
is($node->safe_psql('latin', "SELECT interest_import_model('plain', decode('$hex', 'hex'))"), '1', 'with the encoder, under any name');
is(hash_of('latin', 'plain'), hash_of('postgres', 'plain'), 'the same version');
is($node->safe_psql('latin', q{SELECT encode(convert_to(string_agg(interest, ' ' ORDER BY interest), 'UTF8'), 'hex') FROM unnest(interest_classify(3))}),
	unpack('H*', "m\xc3\xbcsic science sport"), 'names are in the encoding of the database');
$hex = $node->safe_psql('latin', q{SELECT encode(interest_export_model('plain'), 'hex')});
is($node->safe_psql('postgres', "SELECT interest_import_model('back', decode('$hex', 'hex'))"), '1', 'and back again');
is(hash_of('postgres', 'back'), hash_of('postgres', 'plain'), 'it is what it was');

$node->stop;
done_testing();

# Dumped and restored, models, encoders, grants and stored values answer the
# same bytes: as text and as archive, without the source's schema, without the
# owner's role, and with the extension in a schema that nobody looks in.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
my $node = new_node('dump');
my $dumps = PostgreSQL::Test::Utils::tempdir();

# The extension in its usual place; rows, a stored profile and a materialized
# view of a model that an ordinary role owns and another one uses.
$node->safe_psql('postgres', <<'EOS');
CREATE ROLE modeller;
CREATE ROLE reader;
CREATE DATABASE source;
EOS
$node->safe_psql('source', 'CREATE EXTENSION interest; CREATE SCHEMA shop');
create_visits($node, 'source', 'shop.visit', 90);
create_models($node, 'source', 'shop.visit', $tiny);
$node->safe_psql('source', <<'EOS');
GRANT USAGE ON SCHEMA shop TO modeller, reader;
GRANT SELECT ON shop.visit TO modeller, reader;
SELECT interest_revoke_use('encoder', 'tiny', 'public');
SELECT interest_grant_use('encoder', 'tiny', 'modeller');
SET ROLE modeller;
SELECT interest_create_model('theirs', 'shop.visit', encoder => 'tiny', user_id => 'person', at => 'at',
	texts => '{title}', label => 'topic', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('theirs', epochs => 1);
SELECT count(*) FROM interest_train('theirs', epochs => 1, learning_rate => 0.02, deploy => false);
SELECT interest_grant_use('model', 'theirs', 'reader');
RESET ROLE;
CREATE TABLE kept AS SELECT person, interest_accumulate('topics', v) AS profile FROM shop.visit v GROUP BY person;
CREATE INDEX ON kept (profile);
CREATE MATERIALIZED VIEW shop.interests AS
	SELECT person, public.interest_embed('theirs', v) AS interests, public.interest_classify('theirs', v) AS scores FROM shop.visit v GROUP BY person;
CREATE UNIQUE INDEX ON shop.interests (person);
EOS

my $stored = q{
SELECT md5(string_agg(md5(interest_profile_send(profile)) || md5(interestvec_send(interest_read(profile))), '' ORDER BY person)) FROM kept;
SELECT name, owner, encoder, version, deployed, representation, reading, definition FROM interest_models ORDER BY 1, 4;
SELECT name, owner, dimensions, storage, size, fingerprint FROM interest_encoders;
SELECT * FROM interest_training ORDER BY 1, 2, 3;
SELECT * FROM interest_grant ORDER BY 1, 2, 3};
my $everything = $stored . q{;
SELECT md5(string_agg(md5(interestvec_send(interests)) || scores::text, '' ORDER BY person)) FROM shop.interests;
SELECT md5(interestvec_send(interest_embed(42, 'theirs')))};
my $bytes = bytes_of($node, 'source', 'shop.visit');
my $values = $node->safe_psql('source', $everything);

# A new database that a dump is restored into.
sub restored
{
	my ($database, @command) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->command_ok([ @command, '-d', $node->connstr($database) ], "$database: restores");
}

sub dumped
{
	my ($database, $file, @options) = @_;

	$node->command_ok([ 'pg_dump', @options, '-f', "$dumps/$file", $node->connstr($database) ], "$file: dumps");
	return "$dumps/$file";
}

my @psql = ('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f');

# As text; as an archive, by one job and by two; binary.
restored('by_psql', @psql, dumped('source', 'plain.sql'));
my $archive = dumped('source', 'custom.dump', '-Fc');
restored('by_pg_restore', 'pg_restore', '--exit-on-error', $archive);
restored('by_two_jobs', 'pg_restore', '--exit-on-error', '-j2', $archive);
restored('by_inserts', @psql, dumped('source', 'inserts.sql', '--inserts'));
restored('by_two_dumps', @psql, dumped('by_psql', 'again.sql'));
for my $database (qw(by_psql by_pg_restore by_two_jobs by_inserts by_two_dumps))
{
	is(bytes_of($node, $database, 'shop.visit'), $bytes, "$database: the same bytes");
	is($node->safe_psql($database, $everything), $values, "$database: the same values and records");
	is($node->safe_psql($database, q{REFRESH MATERIALIZED VIEW CONCURRENTLY shop.interests; SELECT count(*) FROM shop.interests}), '90', "$database: refreshes");
	is($node->safe_psql($database, 'SET ROLE reader; SELECT interest_embed(42, \'theirs\') IS NOT NULL'), 't', "$database: the grant counts");
	my ($status, $out, $error) = $node->psql($database, q{SET ROLE reader; SELECT interest_embed(42, 'topics')});
	like($error, qr/permission denied for model "topics"/, "$database: what is not granted is not");
	($status, $out, $error) = $node->psql($database, q{SET ROLE reader; SELECT * FROM interest_model});
	like($error, qr/permission denied for table interest_model/, "$database: the tables are closed");
	is($node->safe_psql($database, q{SELECT count(*) FROM interest_train('people', epochs => 1); SELECT max(version) FROM interest_models WHERE name = 'people'}), "1\n2",
		"$database: versions go on");
}
is($node->safe_psql('by_psql', q{SET ROLE modeller; SELECT interest_deploy('theirs', 2); SELECT interest_drop_model('theirs'); SELECT count(*) FROM interest_models}), "\n\n0",
	'the owner is the owner');

# Without the schema of the source.
my $partial = dumped('source', 'partial.sql', '-N', 'shop');
restored('without_source', @psql, $partial);
is($node->safe_psql('without_source', $stored), $node->safe_psql('source', $stored), 'without the source: models, readings and records are there');
for my $scalar (q{interest_embed(42, 'topics')}, q{interest_classify('42'::text, 'topics')}, q{(interest_train('topics')).epoch}, q{(interest_evaluate('topics')).metric})
{
	my ($status, $out, $error) = $node->psql('without_source', "\\set VERBOSITY verbose\nSELECT $scalar");
	like($error, qr/ERROR:  42P01: source "shop\.visit" of model "topics" does not exist\nHINT:  Restore the source under its old name, or create the model anew\./, "without the source: $scalar");
}
is($node->safe_psql('without_source', q{SELECT interest_embed('topics', r) IS NOT NULL FROM (SELECT now() AS at, 'a star' AS title, 'view' AS action, 3 AS seconds, '{star}'::text[] AS tags) r}),
	't', 'without the source: rows that are given');
is($node->safe_psql('without_source', q{SELECT cardinality(interest_classify(interest_read(profile))) FROM kept WHERE person = 42}), '3', 'without the source: readings and scores');
$node->safe_psql('without_source', 'CREATE SCHEMA shop; CREATE TABLE shop.visit AS SELECT 1 AS no');
my ($status, $out, $error) = $node->psql('without_source', "\\set VERBOSITY verbose\nSELECT interest_embed(42, 'topics')");
like($error, qr/ERROR:  42703: column "person" of source "visit" does not exist/, 'with a source of other columns');
$node->safe_psql('without_source', 'DROP SCHEMA shop CASCADE');
create_visits($node, 'without_source', 'elsewhere', 90);
$node->safe_psql('without_source', 'CREATE SCHEMA shop; ALTER TABLE elsewhere SET SCHEMA shop; ALTER TABLE shop.elsewhere RENAME TO visit');
is(bytes_of($node, 'without_source', 'shop.visit'), $bytes, 'the source made anew: the same bytes');

# Without the rows of the extension: it is empty and works.
restored('without_rows', @psql, dumped('source', 'schema.sql', '--schema-only'));
is($node->safe_psql('without_rows', 'SELECT count(*) FROM interest_models; SELECT count(*) FROM interest_encoders'), "0\n0", 'a dump of the schema alone has no models');

# Where the owner does not exist.  (Its privileges must go before a role can;
# models keep a name, which holds nobody back.)
$node->safe_psql($_, 'DROP OWNED BY modeller') for qw(source by_psql by_pg_restore by_two_jobs by_inserts by_two_dumps without_rows without_source);
$node->safe_psql('postgres', 'DROP ROLE modeller');
restored('without_owner', @psql, dumped('source', 'ownerless.sql'));
is($node->safe_psql('without_owner', q{SELECT md5(interestvec_send(interest_embed(42, 'theirs')))}), (split /\n/, $values)[-1], 'without the owner: a superuser uses it');
is($node->safe_psql('without_owner', q{SET ROLE reader; SELECT interest_embed(42, 'theirs') IS NOT NULL}), 't', 'without the owner: grants count');
($status, $out, $error) = $node->psql('without_owner', q{SET ROLE reader; SELECT interest_deploy('theirs', 2)});
like($error, qr/must be owner of model "theirs"/, 'without the owner: others are not the owner');
is($node->safe_psql('without_owner', q{SELECT interest_deploy('theirs', 2); SELECT count(*) FROM interest_train('theirs', epochs => 1); SELECT interest_grant_use('model', 'theirs', 'public')}),
	"\n1\n", 'without the owner: a superuser deploys, trains and grants');
$node->safe_psql('without_owner', 'DROP MATERIALIZED VIEW shop.interests');
is($node->safe_psql('without_owner', q{SELECT interest_drop_model('theirs'); SELECT count(*) FROM interest_models WHERE name = 'theirs'}), "\n0", 'without the owner: a superuser drops');

# In another schema, which is in no search_path; its name needs quotes.
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE SCHEMA "Some where"; CREATE EXTENSION interest SCHEMA "Some where"; CREATE SCHEMA shop');
my $schema = '"Some where".';
create_visits($node, 'other', 'shop.visit', 90);
my $smoke = <<'EOS';
SET search_path = pg_catalog;
SELECT X.interest_load_encoder('tiny', 'TINY');
SELECT X.interest_create_model('topics', 'shop.visit', encoder => 'tiny', user_id => 'person', at => 'at',
	texts => '{title}', kind => 'action', numerics => '{seconds}', categoricals => '{tags}',
	label => 'topic', task => 'dominant', options => '{"dimensions": 16}');
SELECT X.interest_create_model('people', 'shop.visit', user_id => 'person', at => 'at',
	numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'user', options => '{"dimensions": 8}');
SELECT count(*) FROM X.interest_train('topics', epochs => 2);
SELECT count(*) FROM X.interest_train('people', epochs => 2);
SELECT count(*) > 20 FROM X.interest_evaluate('topics');
SELECT count(*) FROM X.interest_models;
SELECT count(*) FROM X.interest_training;
SELECT count(*) FROM X.interest_encoders;
SELECT count(*) FROM X.interest_progress;
SELECT count(*) FROM X.interest_tokenize('a star');
SELECT X.interest_similarity('a star', 'a star');
SELECT X.interest_grant_use('model', 'topics', 'reader');
SELECT X.interest_has_use('model', 'topics');
SELECT X.interest_revoke_use('model', 'topics', 'reader');
SELECT X.interest_deploy('topics', 1);
CREATE TABLE public.kept AS SELECT person, X.interest_accumulate('topics', v) AS profile FROM shop.visit v GROUP BY person;
SELECT count(DISTINCT profile) > 80, count(*) FILTER (WHERE profile OPERATOR(X.=) profile) FROM public.kept;
CREATE INDEX ON public.kept (profile X.interest_profile_ops);
SELECT max(v OPERATOR(X.<=>) v), max(v OPERATOR(X.<->) v), bool_and(v OPERATOR(X.=) v) FROM (SELECT X.interest_read(profile) AS v FROM public.kept) x;
SELECT cardinality(X.interest_read(profile)::real[]), cardinality(X.interest_classify(profile)), cardinality(X.interest_classify(X.interest_read(profile))),
	X.interest_probability(X.interest_read(profile), 'music') BETWEEN 0 AND 1, (X.interestvec_info(X.interest_read(profile))).positive_rows > 0 FROM public.kept WHERE person = 7;
SELECT (X.interest_classify(7, 'topics'))[1].interest IS NOT NULL, X.interest_embed('7', 'topics') IS NOT NULL;
SELECT profile::text::X.interest_profile OPERATOR(X.=) profile FROM public.kept WHERE person = 7;
CREATE MATERIALIZED VIEW public.interests AS SELECT person, X.interest_embed('topics', v) AS v FROM shop.visit v GROUP BY person;
REFRESH MATERIALIZED VIEW public.interests;
EOS
$smoke =~ s/\bX\./$schema/g;
$smoke =~ s/TINY/$tiny/;
is($node->safe_psql('other', $smoke), <<'EOS' =~ s/\n\z//r, 'another schema: everything works');
tiny
topics
people
2
2
t
2
4
1
0
4
1

t


t|90
0|0|t
16|3|3|t|t
t|t
t
EOS
is(bytes_of($node, 'other', 'shop.visit', $schema), $bytes, 'another schema: the same bytes');
my $other = $node->safe_psql('other', "SELECT md5(string_agg(md5(${schema}interestvec_send(v)), '' ORDER BY person)) FROM interests");
restored('other_restored', @psql, dumped('other', 'other.sql'));
is(bytes_of($node, 'other_restored', 'shop.visit', $schema), $bytes, 'another schema, restored: the same bytes');
is($node->safe_psql('other_restored', "SELECT md5(string_agg(md5(${schema}interestvec_send(v)), '' ORDER BY person)) FROM interests"), $other, 'and the same values');
($status, $out, $error) = $node->psql('other', 'ALTER EXTENSION interest SET SCHEMA public');
like($error, qr/extension "interest" does not support SET SCHEMA/, 'it stays where it is');
$node->safe_psql('other', 'DROP EXTENSION interest CASCADE');
is($node->safe_psql('other', q{SELECT count(*) FROM pg_class WHERE relname LIKE 'interest%' AND relnamespace <> 'public'::regnamespace}), '0', 'and goes whole');

done_testing();

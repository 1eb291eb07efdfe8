# Several sessions at one model: trainings, deploys, drops and creations side by
# side.  Each statement sees one version whole; who comes too late is told so.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
my $node = new_node('concurrent');
create_visits($node, 'postgres', 'visit', 120);
create_models($node, 'postgres', 'visit', $tiny);
$node->safe_psql('postgres', 'CREATE ROLE one LOGIN; CREATE ROLE two LOGIN; GRANT SELECT ON visit TO one, two');

sub waits
{
	my ($session) = @_;

	return $node->poll_query_until('postgres',
		'SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = \'Lock\' AND pid = ' . $session->pid);
}

sub versions
{
	my ($model) = @_;

	return $node->safe_psql('postgres', "SELECT string_agg(version || CASE WHEN deployed THEN '*' ELSE '' END, ' ' ORDER BY version) FROM interest_models WHERE name = '$model'");
}

my ($a, $b) = map { InterestTest::Session->new($node) } 1, 2;
my $columns = "'visit', user_id => 'person', at => 'at', label => 'topic'";

# Two trainings of one model at once: both end, one is deployed.
$a->send_off(q{SELECT count(*) FROM interest_train('people', epochs => 20, patience => 20, learning_rate => 0.001)});
$b->send_off(q{SELECT count(*) FROM interest_train('people', epochs => 20, patience => 20)});
is($a->answer, '20', 'one training ends');
is($b->answer, '20', 'and the other');
like(versions('people'), qr/^1 2\*? 3\*?$/, 'two versions more');
is(() = versions('people') =~ /\*/g, 1, 'one of the two is deployed');

# The second one to end waits for the first to commit.
$a->ask('BEGIN');
is($a->ask(q{SELECT count(*) FROM interest_train('people', epochs => 1, learning_rate => 0.01)}), '1', 'a training that is not committed');
$b->send_off(q{SELECT count(*) FROM interest_train('people', epochs => 1)});
ok(waits($b), 'the next waits before it stores its version');
$a->ask('COMMIT');
is($b->answer, '1', 'and ends');
is(versions('people'), '1 2 3 4 5*', 'the last to commit is deployed');
$a->ask('BEGIN');
$a->ask(q{SELECT count(*) FROM interest_train('people', epochs => 1)});
$b->send_off(q{SELECT interest_deploy('people', 1)});
ok(waits($b), 'a deploy waits for it, too');
$a->ask('ROLLBACK');
is($b->answer, '', 'and ends');
is(versions('people'), '1* 2 3 4 5', 'as it says; the rolled back training left nothing');
$a->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$a->ask('SELECT 1');
$b->ask(q{SELECT interest_deploy('people', 2)});
like($a->ask(q{SELECT interest_deploy('people', 3)}), qr/could not serialize access/, 'REPEATABLE READ deploys over no other deploy');
$a->ask('ROLLBACK');
is(versions('people'), '1 2* 3 4 5', 'the first deploy counts');

# REPEATABLE READ across a deploy; a cursor across one.
my $reading = q{SELECT md5(interest_embed(7, 'people')::text)};
my $everybody = q{SELECT md5(string_agg(v::text, '' ORDER BY person)) FROM (SELECT person, interest_embed('people', r) AS v FROM visit r GROUP BY person) x};
$a->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
my @old = map { $a->ask($_) } $reading, $everybody;
$a->ask(q{DECLARE c CURSOR FOR SELECT md5(interest_embed('people', r)::text) FROM visit r GROUP BY person ORDER BY person});
$b->ask(q{SELECT interest_deploy('people', 1)});
is($a->ask($reading), $old[0], 'REPEATABLE READ across a deploy, the scalar');
is($a->ask($everybody), $old[1], 'and the aggregate');
is((split /\n/, $a->ask('FETCH 7 FROM c'))[6], $old[0], 'and the cursor');
isnt($b->ask($reading), $old[0], 'another session has the new version');
$a->ask('COMMIT');
is($a->ask($reading), $b->ask($reading), 'the same after the transaction');
# A session that has nothing in memory finds the content that its snapshot shows, even of a dropped model.
$b->ask(qq{SELECT interest_create_model('gone', $columns, numerics => '{seconds}')});
$b->ask(q{SELECT count(*) FROM interest_train('gone', epochs => 1)});
my $gone = q{SELECT md5(interest_embed(7, 'gone')::text)};
my $expected = $b->ask($gone);
my $late = InterestTest::Session->new($node);
$late->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
$late->ask('SELECT 1');
$b->ask(q{SELECT interest_drop_model('gone')});
is($late->ask($gone), $expected, 'a model that was dropped after the snapshot');
$late->ask('COMMIT');
like($late->ask($gone), qr/ERROR:  model "gone" does not exist/, 'and is gone after it');

# Readers while versions are deployed: always one of the versions, never an error.
my %known;
for my $version (1 .. 5)
{
	$b->ask("SELECT interest_deploy('people', $version)");
	$known{ $b->ask($everybody) } = $version;
}
is(scalar keys %known, 5, 'five versions, five answers');
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE seen (who text, answer text);
CREATE PROCEDURE keep_reading() LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	again text;
	n int := 0;
BEGIN
	LOOP
		INSERT INTO seen SELECT 'all', md5(string_agg(v::text, '' ORDER BY person)) FROM (
			SELECT person, interest_embed('people', r) AS v FROM visit r GROUP BY person) x;
		-- one call site through many snapshots
		SELECT md5(interest_embed(7, 'people')::text) INTO answer;
		INSERT INTO seen VALUES ('one', answer);
		COMMIT;
		n := n + 1;
		EXIT WHEN n >= 20 AND EXISTS (SELECT FROM seen WHERE who = 'end');
	END LOOP;
END $$;
EOS
my @readers = map { InterestTest::Session->new($node) } 1, 2;
$_->send_off('CALL keep_reading()') for @readers;
ok($node->poll_query_until('postgres', 'SELECT count(DISTINCT xmin::text) > 2 FROM seen'), 'readers read');
my %one;
for my $round (1 .. 40)
{
	my $version = 1 + $round % 5;
	is($b->ask("SELECT interest_deploy('people', $version)"), '', "deploy $round") if $round == 1;
	$b->ask("SELECT interest_deploy('people', $version)") if $round > 1;
	$one{ $b->ask($reading) } = $version;
}
$b->ask(q{INSERT INTO seen VALUES ('end', '')});
is($_->answer, '', 'a reader had no error') for @readers;
my @all = split /\n/, $node->safe_psql('postgres', q{SELECT DISTINCT answer FROM seen WHERE who = 'all'});
is(scalar(grep { !$known{$_} } @all), 0, 'every answer over all people is that of one version');
cmp_ok(scalar @all, '>', 1, 'of more than one in the course of time');
is(scalar(grep { !$one{$_} } split /\n/, $node->safe_psql('postgres', q{SELECT DISTINCT answer FROM seen WHERE who = 'one'})),
	0, 'and so of one person');
note(scalar(@all) . ' versions seen in ' . $node->safe_psql('postgres', 'SELECT count(*) FROM seen') . ' answers');

# Two sessions create one name.
my $create = qq{SELECT interest_create_model('twice', $columns, numerics => '{seconds}')};
for my $end ('COMMIT', 'ROLLBACK')
{
	$a->ask('BEGIN');
	is($a->ask($create), 'twice', 'a model is created');
	$b->send_off("\\set VERBOSITY verbose\n$create");
	ok(waits($b), 'the second creation of the name waits');
	$a->ask($end);
	like($b->answer, $end eq 'COMMIT' ? qr/ERROR:  42710: model "twice" already exists\nHINT:  Choose another name/ : qr/^twice$/, "and ends as it must after $end");
	$b->ask(q{SELECT interest_drop_model('twice')});
}

# Dropped while it is used.
sub dropped_meanwhile
{
	my ($statement, $what) = @_;

	$a->ask($create);
	$a->ask(q{SELECT count(*) FROM interest_train('twice', epochs => 1)});
	$a->ask('BEGIN');
	is($a->ask(q{SELECT interest_drop_model('twice')}), '', "$what: a drop that is not committed");
	$b->send_off($statement);
	ok(waits($b), "$what: waits");
	$a->ask('COMMIT');
	like($b->answer, qr/ERROR:  40001: model "twice" was dropped meanwhile/, "$what: is told");
	is($node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM interest_model_version WHERE model = 'twice')
		+ (SELECT count(*) FROM interest_model_chunk WHERE model = 'twice') + (SELECT count(*) FROM interest_grant WHERE object = 'twice')}),
		'0', "$what: nothing is left");
}
dropped_meanwhile(q{SELECT count(*) FROM interest_train('twice', epochs => 1)}, 'a training');
dropped_meanwhile(q{SELECT interest_deploy('twice', 1)}, 'a deploy');
dropped_meanwhile(q{SELECT interest_grant_use('model', 'twice', 'one')}, 'a grant');
dropped_meanwhile(q{SELECT interest_drop_model('twice')}, 'another drop');

# A grant that is there before the drop goes with the model.
$a->ask($create);
$a->ask('BEGIN');
$a->ask(q{SELECT interest_grant_use('model', 'twice', 'one')});
$b->send_off(q{SELECT interest_drop_model('twice')});
ok(waits($b), 'a drop waits for a grant');
$a->ask('COMMIT');
is($b->answer, '', 'and ends');
is($node->safe_psql('postgres', q{SELECT count(*) FROM interest_grant WHERE object = 'twice'}), '0', 'with the grant');

# A name that went to another model while a training lasted is none of its business.
$node->safe_psql('postgres', 'CREATE VIEW slow AS SELECT v.* FROM visit v, (SELECT pg_advisory_lock_shared(1)) l');
my $slow = q{SELECT interest_create_model('taken', 'slow', user_id => 'person', at => 'at', label => 'topic', numerics => '{seconds}')};
is($a->ask($slow), 'taken', 'a model whose source waits');
$a->ask('SELECT pg_advisory_lock(1)');
$b->send_off(q{SELECT count(*) FROM interest_train('taken', epochs => 1)});
ok(waits($b), 'its training waits for rows');
$a->ask(q{SELECT interest_drop_model('taken')});
is($a->ask(qq{SELECT interest_create_model('taken', $columns, encoder => 'tiny', texts => '{title,action}', categoricals => '{tags}')}), 'taken', 'the name is another model\'s now');
$a->ask('SELECT pg_advisory_unlock(1)');
like($b->answer, qr/ERROR:  40001: model "taken" was dropped meanwhile/, 'the training is told');
is(versions('taken'), '', 'the new model has no version that it did not train');
$b->ask(q{SELECT pg_advisory_unlock_all()});
$a->ask(q{SELECT interest_drop_model('taken')});

# A version that reads other columns than the definition says is refused, not followed.
$a->ask($create);
$a->ask(q{SELECT count(*) FROM interest_train('twice', epochs => 1)});
$a->ask(q{UPDATE interest_model SET definition = jsonb_set(definition, '{numerics}', '[]') WHERE name = 'twice'});
for my $statement (q{SELECT interest_embed(7, 'twice')}, q{SELECT interest_embed('twice', v) FROM visit v}, q{SELECT * FROM interest_evaluate('twice')})
{
	like($a->ask($statement), qr/ERROR:  version of model "twice" does not fit the model's definition/, $statement);
}
$a->ask(q{SELECT interest_drop_model('twice')});

# A statement that looked long ago has no right to what the name means now.
my ($one, $two) = map { InterestTest::Session->new($node, 'postgres', $_) } 'one', 'two';
for my $statement (q{interest_drop_model('mine')}, q{interest_deploy('mine', 1)}, q{interest_grant_use('model', 'mine', 'one')})
{
	my $mine = qq{SELECT interest_create_model('mine', $columns, numerics => '{seconds}')};

	is($one->ask($mine), 'mine', "$statement: a model of one");
	$one->ask(q{SELECT count(*) FROM interest_train('mine', epochs => 1)});
	$a->ask('SELECT pg_advisory_lock(1)');
	$one->send_off("SELECT $statement FROM (SELECT pg_advisory_lock_shared(1) OFFSET 0) x");
	ok(waits($one), 'a statement that takes its time');
	$a->ask(q{SELECT interest_drop_model('mine')});
	is($two->ask($mine), 'mine', 'the name is given to a model of two');
	$two->ask(q{SELECT count(*) FROM interest_train('mine', epochs => 1)});
	$two->ask(q{SELECT count(*) FROM interest_train('mine', epochs => 1)});
	$a->ask('SELECT pg_advisory_unlock(1)');
	like($one->answer, qr/ERROR:  model "mine" was dropped meanwhile/, 'one is told');
	is(versions('mine'), '1 2*', 'the model of two is as it was');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM interest_grant WHERE object = 'mine'}), '0', 'and its grants');
	$one->ask('SELECT pg_advisory_unlock_all()');
	$two->ask(q{SELECT interest_drop_model('mine')});
}

# An encoder is not dropped while a model uses it; a session that has it in memory goes on.
like($a->ask(q{SELECT interest_drop_encoder('tiny')}), qr/cannot drop encoder "tiny" because model "topics" uses it/, 'an encoder in use');
my $encode = q{SELECT md5(array_send(interest_encode('a star', 'tiny')))};
my $vector = $a->ask($encode);
$a->ask('BEGIN');
$a->ask(q{SELECT interest_drop_model('topics')});
$a->ask(q{SELECT interest_drop_encoder('tiny')});
is($b->ask($encode), $vector, 'a drop that is not committed stops nobody');
$b->send_off(qq{SELECT interest_create_model('late', $columns, encoder => 'tiny', texts => '{title}')});
ok(waits($b), 'a new model waits for the drop');
$a->ask('COMMIT');
like($b->answer, qr/ERROR:  42704: encoder "tiny" was dropped meanwhile/, 'and is told');
like($b->ask($encode), qr/encoder "tiny" does not exist/, 'as are those who encode');

unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, 'no backend fell');
done_testing();

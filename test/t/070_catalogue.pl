# Catalogues with several sessions and servers: what is recommended is what
# scoring every item in SQL finds, whoever writes meanwhile, on a standby, after
# a restore, after a crash while items are packed, and where no file can be.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SharedFiles;
use Test::More;
use Time::HiRes qw(time usleep);

my $tiny = tiny_encoder();
my $node = new_node('catalogue', streaming => 1, conf => "interest.shared_cache = 0\nrestart_after_crash = on\njit = off\n");

create_visits($node, 'postgres', 'visit', 60);
create_models($node, 'postgres', 'visit', $tiny);
# amiss: places at which recommending and scoring in SQL differ, and items that are not as their source
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE thing (thing int PRIMARY KEY, title text, seconds float8, tags text[]);
INSERT INTO thing SELECT n, (ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[n % 3 + 1] || ' ' || n % 50, n % 60, ARRAY['tag' || n % 3]
FROM generate_series(1, 800) n;
SELECT interest_set_catalogue('topics', 'thing', 'thing');
CREATE FUNCTION amiss(k int DEFAULT 40) RETURNS bigint LANGUAGE sql STABLE AS $$
	WITH a AS (SELECT row_number() OVER () AS n, item_id, score FROM interest_recommend(7, k, 'topics', exclude_seen => false)),
		b AS (SELECT row_number() OVER (ORDER BY score DESC, item_id COLLATE "C") AS n, item_id, score FROM (SELECT i.item_id::text, interest_relevance(e, i.vector) AS score
			FROM interest_embed(7, 'topics') e, interest_topics_items i WHERE i.vector IS NOT NULL) x ORDER BY n LIMIT k)
	SELECT (SELECT count(*) FROM (SELECT * FROM a EXCEPT SELECT * FROM b) x) + (SELECT count(*) FROM (SELECT * FROM b EXCEPT SELECT * FROM a) x) +
		(SELECT count(*) FROM thing t FULL JOIN interest_topics_items i ON i.item_id = t.thing WHERE t.thing IS NULL OR i.vector IS DISTINCT FROM interest_embed_item('topics', t)) $$;
EOS

sub is_right
{
	my ($where, $name) = @_;

	is($where->isa('InterestTest::Session') ? $where->ask('SELECT amiss()') : $where->safe_psql('postgres', 'SELECT amiss()'), '0', $name);
}

is_right($node, 'right at first');

# What one session writes, others see when it is committed, in one piece.
my $writer = InterestTest::Session->new($node);
my $reader = InterestTest::Session->new($node);
my $old = InterestTest::Session->new($node);
my $best = 'SELECT string_agg(item_id, \' \') FROM interest_recommend(7, 5, \'topics\', exclude_seen => false)';
my $before = $reader->ask($best);
my $change = "DELETE FROM thing WHERE thing = ANY (ARRAY[" . join(', ', split(' ', $before)) . "]); UPDATE thing SET title = 'the music of a star' WHERE thing % 7 = 0; INSERT INTO thing VALUES (2000, 'music', 1, NULL)";

$old->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($old->ask($best), $before, 'an older snapshot');
$writer->ask("BEGIN; $change");
is_right($writer, 'the writer sees what it wrote');
isnt($writer->ask($best), $before, 'and it is something else');
is($reader->ask($best), $before, 'others do not');
is_right($reader, 'and are right');
$writer->ask('ROLLBACK');
is($writer->ask($best), $before, 'undone');
$writer->ask("BEGIN; $change; SAVEPOINT s; DELETE FROM thing WHERE thing % 2 = 0; ROLLBACK TO s; COMMIT");
isnt($reader->ask($best), $before, 'committed');
is_right($reader, 'and right');
is($old->ask($best), $before, 'the older snapshot stays');
is_right($old, 'and is right by itself');
$writer->ask(q{SELECT interest_rebuild_catalogue('topics')});
is($old->ask($best), $before, 'also while all is made anew');
is_right($reader, 'and others see that at once');
$old->ask('COMMIT');
is_right($old, 'until it ends');
# one that waits for another's row goes on with what it has become
$writer->ask(q{BEGIN; UPDATE thing SET title = 'space' WHERE thing = 50});
$old->send_off(q{UPDATE thing SET title = title || ' robot' WHERE thing = 50});
$reader->ask('SELECT pg_sleep(0.1)');
$writer->ask('COMMIT');
is($old->answer, '', 'a second writer of an item waits');
is_right($reader, 'and both changes are there');

# Writers at full speed, and readers of whom each statement has a snapshot of its own.
$node->safe_psql('postgres', <<'EOS');
CREATE PROCEDURE write(client int, times int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		CASE i % 5
			WHEN 0 THEN INSERT INTO thing VALUES (10000 * client + i, 'the music of the night ' || i, i % 60, ARRAY['sound']) ON CONFLICT (thing) DO UPDATE SET title = excluded.title;
			WHEN 1 THEN UPDATE thing SET title = 'space robot ' || i + client WHERE thing = 1 + (client + 3 * i) % 200;
			WHEN 2 THEN DELETE FROM thing WHERE thing = 10000 * client + i - 7;
			WHEN 3 THEN UPDATE thing SET seconds = i % 60 WHERE thing BETWEEN 300 + 20 * client AND 310 + 20 * client;
			ELSE UPDATE thing SET thing = 10000 * client + 5000 + i WHERE thing = 10000 * client + i - 4;
		END CASE;
		IF i % 11 = 0 THEN ROLLBACK; ELSE COMMIT; END IF;
	END LOOP;
END $$;
EOS
my @writers = map { InterestTest::Session->new($node) } 1 .. 3;
my @readers = map { InterestTest::Session->new($node) } 1 .. 2;
my $checks = 0;
my $wrong = 0;

$writers[$_ - 1]->send_off("CALL write($_, 150)") for 1 .. 3;
while (grep { !$_->answered } @writers)
{
	$_->send_off('SELECT amiss()') for @readers;
	for (@readers)
	{
		$checks++;
		$wrong++ if $_->answer ne '0';
	}
}
is(join('', map { $_->answer } @writers), '', 'nobody was in the way of another');
cmp_ok($checks, '>', 5, "$checks looks meanwhile");
is($wrong, 0, 'all of them right');
is_right($node, 'right at the end');
$_->quit for @writers, @readers, $old;

# A standby.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is_right($standby, 'a standby recommends');
is($standby->safe_psql('postgres', $best), $node->safe_psql('postgres', $best), 'the same as its primary');
is((grep { /\.items\./ } files($standby)) + 0, 1, 'from a file of its own');
$node->safe_psql('postgres', q{UPDATE thing SET title = 'a star at night' WHERE thing % 5 = 0});
$node->wait_for_catchup($standby);
is_right($standby, 'follows');
$node->safe_psql('postgres', q{SELECT interest_rebuild_catalogue('topics')});
$node->wait_for_catchup($standby);
is_right($standby, 'also a rebuild');
like(($standby->psql('postgres', q{SELECT interest_rebuild_catalogue('topics')}))[2], qr/cannot execute interest_rebuild_catalogue\(\) in a read-only transaction/, 'and does not write');
$standby->stop;

# A dump.
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'dump');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', 'SELECT amiss()'), '0', 'what was restored is right');
is($node->safe_psql('restored', $best), $node->safe_psql('postgres', $best), 'the same as before');
$node->safe_psql('restored', q{UPDATE thing SET title = 'sport' WHERE thing < 90; DELETE FROM thing WHERE thing % 4 = 0});
is($node->safe_psql('restored', 'SELECT amiss()'), '0', 'and goes on');
is($node->safe_psql('restored', q{SELECT string_agg(check_name || ' ' || status, ', ' ORDER BY check_name) FROM interest_doctor('topics') WHERE check_name LIKE 'item%'}),
	'item changes ok, item triggers ok, items ok', 'with nothing to mend');
is($node->safe_psql('restored', q{SELECT interest_drop_catalogue('topics'); SELECT count(*) FROM pg_trigger WHERE tgrelid = 'thing'::regclass}), "\n0", 'until it ends');

# Another encoding: labels, categories, ids and queries are the same letters.
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
is($node->safe_psql('latin', <<'EOS'), "3|t|caf\xc3\xa9\ncaf\xc3\xa9|caf\xc3\xa9", 'a database in LATIN1');
SET client_min_messages = warning;
CREATE EXTENSION interest;
CREATE TABLE meal (person int, at timestamptz, item text, title text, topic text);
INSERT INTO meal SELECT p, timestamptz '2024-01-01 UTC' + make_interval(days => i), 'x', w, w FROM generate_series(1, 30) p, generate_series(1, 4) i, LATERAL (SELECT (ARRAY['caf' || chr(233), 'pub', 'bar'])[1 + (p + i) % 3] AS w) x;
CREATE TABLE place (item text PRIMARY KEY, title text);
INSERT INTO place SELECT DISTINCT title, title FROM meal;
\o /dev/null
SELECT interest_create_model('meals', 'meal', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', task => 'next', options => '{"dimensions": 8}');
SELECT count(*) FROM interest_train('meals', epochs => 2);
SELECT interest_set_catalogue('meals', 'place', 'item', category => 'title');
\o
SET client_encoding = 'UTF8';
SELECT count(*), bool_and(score = interest_probability(interest_embed(7, 'meals'), item_id)),
	(SELECT item_id || E'\n' || item_id FROM interest_search(NULL, 'caf' || chr(233), 1)), (SELECT item_id FROM interest_rerank(7, ARRAY['caf' || chr(233), 'pub'], '{2,1}', weight => 0) WHERE interest IS NOT NULL LIMIT 1)
FROM interest_recommend(7, 10, 'meals', exclude_seen => false, by => 'interest');
EOS

# Where no file can be written: the same, with a warning.
my $path = folder($node) . '/' . (grep { /\.items\./ } files($node))[-1];
SKIP:
{
	skip 'prlimit sets no limit here', 5 unless backend_limit_works();
	my $poor = InterestTest::Session->new($node);

	$poor->ask('SELECT amiss()');
	remove_files($node);
	limit_backend($poor->pid, 65536);
	like($poor->ask('SET client_min_messages = warning; SELECT amiss()'), qr/^psql:.*WARNING:  items of model "topics" could not be shared between sessions\n.*File too large.*\n0$/s, 'a disk that is full');
	is((grep { /\.items\./ } files($node)) + 0, 0, 'nothing is left');
	limit_backend($poor->pid);
	is_right($poor, 'room again');
	is((grep { /\.items\./ } files($node)) + 0, 1, 'and a file');
	$poor->quit;
}
SKIP:
{
	skip 'root writes anywhere', 2 if $> == 0;
	remove_files($node);
	chmod 0500, folder($node);
	like(($node->psql('postgres', 'SELECT amiss()'))[2], qr/WARNING:  items of model "topics" could not be shared/, 'a folder that cannot be written');
	is_right($node, 'and a right answer');
	chmod 0700, folder($node);
}

# Many items: a cancel is answered at once, whatever is under way; a crash leaves nothing behind.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE many (thing text PRIMARY KEY, seconds float8, tags text[]);
INSERT INTO many SELECT 'item number ' || n, n % 60, ARRAY[(ARRAY['sound', 'ball', 'star'])[n % 3 + 1], 'tag' || n % 10] FROM generate_series(1, 250000) n;
SELECT interest_set_catalogue('people', 'many', 'thing', category => 'tags');
EOS
my $top = q{SELECT md5(string_agg(item_id || score, ' ')) FROM interest_recommend(7, 10, 'people', exclude_seen => false)};
my $right = $node->safe_psql('postgres', $top);
my ($items) = grep { /\.items\./ && -s folder($node) . "/$_" > 10_000_000 } files($node);
my %work = (
	'packing' => $top,
	'all of them in order' => q{SELECT count(*) FROM interest_recommend(7, 1000000000, 'people', exclude_seen => false)},
	'diversity' => q{SELECT count(*) FROM interest_recommend(7, 1000000000, 'people', exclude_seen => false, diversity => 0.5)},
	'a filter' => q{SELECT count(*) FROM interest_recommend(7, 10, 'people', exclude_seen => false, filter => 'seconds >= 0 AND thing <> ''''')},
	'a search' => q{SELECT count(*) FROM interest_rerank(7, (SELECT array_agg(thing) FROM many), (SELECT array_agg(seconds) FROM many), 'people')});
my $session = InterestTest::Session->new($node);
my @late;

ok($items, 'many items are packed');
for my $what (sort keys %work)
{
	for my $wait (20_000, 90_000, 250_000)
	{
		unlink folder($node) . "/$items" if $what eq 'packing';
		$session->send_off($work{$what});
		usleep($wait);
		my $begin = time;
		$writer->ask('SELECT pg_cancel_backend(' . $session->pid . ')');
		my $answer = $session->answer;
		push @late, [ time - $begin, $what ];
		like($answer, $answer =~ /ERROR/ ? qr/canceling statement due to user request/ : qr/^\S+$/, "$what, cancelled");
	}
}
note(join ', ', map { sprintf '%s %d ms', $_->[1], 1000 * $_->[0] } @late);
is((grep { $_->[0] > 2 } @late) + 0, 0, 'each at once');
is($session->ask($top), $right, 'and the next call is right');
$_->quit for $session, $reader, $writer;
for my $wait (30_000, 150_000, 400_000)
{
	my $killed = InterestTest::Session->new($node);

	unlink folder($node) . "/$items";
	$killed->send_off($top);
	usleep($wait);
	kill 'KILL', $killed->pid;
	$killed->answer;
	$node->poll_query_until('postgres', 'SELECT true');
	is($node->safe_psql('postgres', $top), $right, "killed after $wait microseconds: the next call is right");
	is(join(' ', grep { /\.items\.\d+\.\d+\.\d+$/ } files($node)), '', 'and nothing is left behind');
}
is_right($node, 'as is the other catalogue');

done_testing();

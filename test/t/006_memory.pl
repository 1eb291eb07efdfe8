# A session's memory stays flat over many calls and many errors, and the
# settings bound what it keeps of texts, encoders and models.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tiny = tiny_encoder();
plan skip_all => 'this system does not tell the memory of a process' unless defined memory_of($$, 'RssAnon');

my $node = new_node('memory', conf => "max_parallel_workers_per_gather = 0\njit = off\ninterest.shared_cache = 0\n");
create_visits($node, 'postgres', 'visit', 120);
create_models($node, 'postgres', 'visit', $tiny);
$node->safe_psql('postgres', <<"EOS");
SELECT interest_load_encoder('tiny36', '$ENV{INTEREST_TINY}/tiny36');
SELECT interest_create_model('other', 'visit', encoder => 'tiny36', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('other', epochs => 1);
CREATE TABLE kept AS SELECT person, interest_accumulate('topics', v) AS profile, interest_embed('topics', v) AS reading FROM visit v GROUP BY person;
EOS
my $session = InterestTest::Session->new($node);

# Kilobytes of the session's own memory: what it shares with others is not in it.
sub kilobytes { return memory_of($session->pid, 'RssAnon') }

# So many calls in one statement, after a fifth of them with other numbers: they
# take no more memory than those did.  The fifth may end just after the allocator
# gave memory back to the system, which it then takes once more; so growth counts
# if the same number of calls brings it again.
sub flat
{
	my ($what, $count, $declare, $call, $end) = @_;
	my @said;
	my $grown = 0;

	for my $round (1 .. 3)
	{
		my $calls = $round == 1 ? $count / 5 : $count;
		my $statement = "DO \$\$ DECLARE $declare; BEGIN FOR i IN 1..$calls LOOP $call; END LOOP; " . ($end // '') . ' END $$';
		my $before = kilobytes();

		last if $round == 3 && $grown < 2048;
		$statement =~ s/ROUND/$round/g;
		$statement =~ s/CALLS/$calls/g;
		push @said, $session->ask($statement);
		$grown = kilobytes() - $before;
		note("$what, $calls calls: $before kB, $grown kB more");
	}
	unlike("@said", qr/ERROR/, "$what: runs");
	cmp_ok($grown, '<', 2048, "$what: memory is flat");
}

# 100,000 calls each.
flat('interest_accumulate', 100000, 'p interest_profile', q{SELECT interest_accumulate('topics', v) INTO p FROM visit v WHERE person = i % 120});
flat('interest_embed', 100000, 'v interestvec', q{SELECT interest_embed('people', x) INTO v FROM visit x WHERE person = i % 120});
flat('interest_classify', 100000, 'c interest_score[]', q{SELECT interest_classify('topics', x) INTO c FROM visit x WHERE person = i % 120});
flat('interest_merge', 100000, 'p interest_profile', q{SELECT interest_merge(profile) INTO p FROM kept WHERE person IN (i % 120, (i + ROUND) % 120)});
flat('reading', 100000, q{p interest_profile := (SELECT profile FROM kept WHERE person = 7); v interestvec; c interest_score[]; r real; t text},
		q{v := interest_read(p); c := interest_classify(v); r := interest_probability(v, 'music')});
flat('reading later', 100000, q{p interest_profile := (SELECT profile FROM kept WHERE person = 8); v interestvec; c interest_score[]},
		q{v := interest_read(p, timestamptz '2025-01-01' + make_interval(mins => i), 'topics'); c := interest_classify(p)});
flat('types', 100000, q{p interest_profile := (SELECT profile FROM kept WHERE person = 9); v interestvec := (SELECT reading FROM kept WHERE person = 9); d float8; a real[]; n bigint},
		q{p := p::text::interest_profile; v := v::text::interestvec; d := v <=> v; a := v::real[]; n := interest_profile_hash(p); a := interest_granularity(v, 'fine')});
flat('interest_encode of known texts', 100000, 'v real[]', q{v := interest_encode('star ' || i % 100, 'tiny')});
flat('interest_encode of new texts', 100000, 'v real[]', q{v := interest_encode('star ROUND ' || i, 'tiny')});
flat('interest_similarity, interest_tokenize', 50000, 'r real; n int',
		q{r := interest_similarity('dog ROUND ' || i, 'star', 'tiny'); n := (SELECT count(*) FROM interest_tokenize('dog ROUND ' || i, 'tiny'))});
flat('interest_encode of arrays', 10000, 'v real[]', q{v := interest_encode(ARRAY['dog ' || i, 'star ROUND', repeat('night ', 500)], 'tiny')});
flat('one user', 20000, 'v interestvec; c interest_score[]', q{v := interest_embed(i % 120, 'topics'); c := interest_classify((i % 120)::text, 'people')});
flat('training', 20, 'n int', q{SELECT count(*) INTO n FROM interest_train('topics', epochs => 2, deploy => false)});
flat('evaluating', 50, 'n int', q{SELECT count(*) INTO n FROM interest_evaluate('topics')});
$session->ask(q{SET interest.model_cache = '1MB'});
flat('a new version each time', 50, 'n int; v interestvec',
		q{SELECT count(*) INTO n FROM interest_train('people', epochs => 1, learning_rate => 0.001 * i + 0.01 * ROUND); v := interest_embed(7, 'people'); COMMIT});
$session->ask('RESET interest.model_cache');
flat('creating and dropping', 300, 'n text', qq{
		n := interest_load_encoder('passing', '$tiny');
		n := interest_create_model('passing', 'visit', encoder => 'passing', user_id => 'person', at => 'at', texts => '{title}', label => 'topic');
		PERFORM interest_drop_model('passing'); PERFORM interest_drop_encoder('passing')});

# Within one statement: the peak says what a leak into the statement's memory would take.
for my $query (
	q{SELECT count(interest_read(profile)) FROM kept, generate_series(1, 1000)},
	q{SELECT count(interest_classify(reading)) FROM kept, generate_series(1, 1000)},
	q{SELECT count(interest_encode('star ' || i, 'tiny')) FROM generate_series(1, 100000) i},
	q{SELECT count(p) FROM (SELECT interest_merge(profile) AS p FROM kept, generate_series(1, 2000) i GROUP BY person) x},
	q{SELECT count(n) FROM generate_series(1, 50000) i, LATERAL (SELECT interest_embed('topics', v) AS n FROM visit v WHERE person = i % 120) x},
	q{SELECT count(interest_embed((i % 120)::text, 'people')) FROM generate_series(1, 10000) i},
	q{SELECT count(p) FROM (SELECT interest_accumulate('topics', v) OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS p FROM visit v) x})
{
	$session->ask($query);
	my $before = memory_of($session->pid, 'VmHWM');
	unlike($session->ask($query), qr/ERROR/, $query);
	my $grown = memory_of($session->pid, 'VmHWM') - $before;
	note("peak $grown kB more");
	cmp_ok($grown, '<', 4096, 'in memory that does not grow with the calls');
}

# Errors inside subtransactions, 10,000 of each kind.
my %failing = (
	'an unknown model' => q{PERFORM interest_embed('none', v) FROM visit v WHERE person = 7},
	'an unknown model by user' => q{PERFORM interest_embed(7, 'none')},
	'an infinite time' => q{PERFORM interest_embed('topics', r) FROM (SELECT timestamptz 'infinity' AS at, 'a star' AS title, 'view' AS action, 1 AS seconds, '{star}'::text[] AS tags) r},
	'a number that is none' => q{PERFORM interest_embed('people', r) FROM (SELECT now() AS at, float8 'nan' AS seconds, '{star}'::text[] AS tags) r},
	'a column that is missing' => q{PERFORM interest_accumulate('topics', r) FROM (SELECT now() AS at, 'a star' AS title) r},
	'two models in one group' => q{PERFORM interest_accumulate(CASE WHEN at < '2024-01-10' THEN 'topics' ELSE 'people' END, v) FROM visit v WHERE person = 7},
	'a time before the newest row' => q{PERFORM interest_read(profile, '2000-01-01') FROM kept WHERE person = 7},
	'an unknown interest' => q{PERFORM interest_probability(reading, 'cooking') FROM kept WHERE person = 7},
	'a profile of another model' => q{PERFORM interest_classify(profile, 'people') FROM kept WHERE person = 7},
	'malformed text of a profile' => q{PERFORM (left(profile::text, 200) || i)::interest_profile FROM kept WHERE person = 7},
	'malformed text of a reading' => q{PERFORM (left(reading::text, 200) || i)::interestvec FROM kept WHERE person = 7},
	'a NULL among texts' => q{PERFORM interest_encode(ARRAY['star ' || i, NULL], 'tiny')},
	'an error after the vectors' => q{PERFORM interest_encode(ARRAY['star ' || i, 'dog'], 'tiny'), 1 / (i - i)},
	'an error amid the rows' => q{PERFORM interest_embed('topics', v), count(1 / (v.seconds::int % 4)) FROM visit v},
	'an unknown encoder' => q{PERFORM interest_encode('star', 'none')},
	'a model that exists' => q{PERFORM interest_create_model('topics', 'visit', user_id => 'person', at => 'at', numerics => '{seconds}', label => 'topic')},
	'a column that does not exist' => q{PERFORM interest_create_model('new', 'visit', user_id => 'person', at => 'at', numerics => '{second}', label => 'topic')},
	'a version that does not exist' => q{PERFORM interest_deploy('topics', 1000000)});
for my $what (sort keys %failing)
{
	flat("10,000 times $what", 10000, 'failed int := 0', "BEGIN $failing{$what}; EXCEPTION WHEN OTHERS THEN failed := failed + 1; END",
		q{IF failed <> CALLS THEN RAISE EXCEPTION 'only % failed', failed; END IF;});
}
flat('trainings that fail', 100, 'n int', q{BEGIN SELECT 1 / (count(*) - count(*)) INTO n FROM interest_train('people', epochs => 1); EXCEPTION WHEN division_by_zero THEN NULL; END});
flat('loads that fail', 300, 'n text', qq{BEGIN n := interest_load_encoder('tiny', '$tiny'); EXCEPTION WHEN duplicate_object THEN NULL; END});

# interest.encode_cache bounds what is kept of texts.
my $held = q{SELECT coalesce(sum(total_bytes), 0) / 1024 FROM pg_backend_memory_contexts WHERE name = 'interest encoded texts'};
my $encode = q{SELECT md5(string_agg(md5(array_send(interest_encode('star ' || i, 'tiny'))), '' ORDER BY i)) FROM generate_series(1, 30000) i};
my %answer;
for my $kilobytes (4096, 16384, 1024, 100, 0)
{
	my $new = InterestTest::Session->new($node);

	$session = $new;
	$new->ask("SET interest.encode_cache = '${kilobytes}kB'");
	$new->ask(q{SELECT interest_encode('star', 'tiny')});
	my $before = kilobytes();
	$answer{ $new->ask($encode) } = 1;
	$answer{ $new->ask($encode) } = 1;
	my ($grown, $context) = (kilobytes() - $before, $new->ask($held));
	note("interest.encode_cache = $kilobytes kB: $grown kB more, $context kB in the context");
	cmp_ok($context, '<=', 1.25 * $kilobytes + 64, "a cache of $kilobytes kB holds no more");
	cmp_ok($context, '>', 0.5 * ($kilobytes < 8000 ? $kilobytes : 8000) - 10, 'nor much less');
	cmp_ok($grown, '<', 1.3 * $kilobytes + 4096, 'and takes no more of the system');
	$new->quit;
}
is(scalar keys %answer, 1, 'the vectors are the same with every cache');
$session = InterestTest::Session->new($node);
$session->ask('SET interest.encode_cache = 8192');
$session->ask($encode);
$session->ask('SET interest.encode_cache = 512');
$session->ask(q{SELECT interest_encode('another text', 'tiny')});
cmp_ok($session->ask(q{SELECT sum(used_bytes) / 1024 FROM pg_backend_memory_contexts WHERE name = 'interest encoded texts'}), '<', 1500, 'a cache that is made smaller lets go');

# interest.model_cache: encoders and models of turn by turn come and go.
my @turns = (
	q{SELECT md5(array_send(interest_encode('a dog', 'tiny')))}, q{SELECT md5(array_send(interest_encode('a dog', 'tiny36')))},
	q{SELECT md5(interest_embed(7, 'topics')::text)}, q{SELECT md5(interest_embed(7, 'other')::text)}, q{SELECT md5(interest_embed(7, 'people')::text)},
	q{SELECT md5(string_agg(t || o, '' ORDER BY person)) FROM (SELECT person, interest_embed('topics', v)::text AS t, interest_embed('other', v)::text AS o FROM visit v GROUP BY person) x},
	q{SELECT md5(interest_read(profile)::text) FROM kept WHERE person = 7});
my $contexts = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name IN ('interest encoder', 'interest model')};
$session->ask('SET interest.encode_cache = 0');
my @expected = map { $session->ask($_) } @turns;
cmp_ok($session->ask($contexts), '>=', 5, 'all are kept where there is room');
$session->ask('SET interest.model_cache = 0');
for my $round (1 .. 3)
{
	for my $turn (0 .. $#turns)
	{
		my $said = $session->ask($turns[$turn]);
		is($said, $expected[$turn], "round $round without room, turn $turn") if $said ne $expected[$turn] || $round == 3;
	}
}
cmp_ok($session->ask($contexts), '<=', 3, 'and only what the last statement used where there is none');
$session->ask('BEGIN');
is($session->ask($turns[$_]), $expected[$_], "in one transaction, turn $_") for 0 .. $#turns;
$session->ask('DECLARE c CURSOR FOR ' . q{SELECT md5(interest_embed('topics', v)::text) FROM visit v GROUP BY person ORDER BY person});
my $first = $session->ask('FETCH 1 FROM c');
$session->ask($_) for @turns;
like($session->ask('FETCH 2 FROM c'), qr/^[0-9a-f]{32}\n[0-9a-f]{32}$/, 'a cursor goes on');
$session->ask('COMMIT');
flat('by turns without room', 500, 'a real[]; v interestvec', q{a := interest_encode('a dog', 'tiny'); COMMIT; a := interest_encode('a dog', 'tiny36'); COMMIT;
		v := interest_embed(7, 'topics'); COMMIT; v := interest_embed(7, 'other'); COMMIT});

done_testing();

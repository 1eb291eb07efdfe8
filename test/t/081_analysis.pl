# docs/analysis.md: every statement of it runs as it stands there, and finds what
# was put into the rows.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('analysis', conf => "timezone = 'UTC'\n");

# 90 people, a row each third day for 12 weeks; every sixth one turns from music to
# science on the 60th day, and every fifteenth reads both by turns; those with even
# numbers linger, and buy each second time.
$node->safe_psql('postgres', <<'EOS');
CREATE TABLE reads AS
SELECT p AS person, timestamptz '2024-01-01 12:00 UTC' + make_interval(days => i * 3) AS at,
	(ARRAY['songs of the night', 'a game in the rain', 'robots in space'])[t + 1] AS title,
	CASE WHEN p % 2 = 0 AND i % 2 = 0 THEN 'buy' ELSE 'view' END AS action, CASE WHEN p % 2 = 0 THEN 100.0 ELSE 10.0 END + i % 5 AS seconds,
	(ARRAY['music', 'sport', 'science'])[t + 1] AS section
FROM generate_series(1, 90) p, generate_series(0, 27) i, LATERAL (SELECT CASE WHEN p % 6 = 0 AND i >= 20 THEN 2 WHEN p % 15 = 1 THEN i % 2 * 2 ELSE p % 3 END AS t) x;
CREATE TABLE member AS SELECT (ARRAY['strings', 'balls', 'labs'])[p % 3 + 1] AS team, p AS person FROM generate_series(1, 90) p WHERE p % 6 <> 0;
SELECT interest_create_model('news', 'reads', user_id => 'person', at => 'at', texts => '{title}', kind => 'action', label => 'section', task => 'next');
SELECT count(*) FROM interest_train('news', epochs => 8);
CREATE TABLE lesson AS
SELECT p AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i) AS at, s.subject || ' ' || i AS course, s.title, s.subject
FROM generate_series(1, 90) p, generate_series(1, 4) i,
	LATERAL (SELECT (ARRAY['algebra', 'chemistry', 'history'])[n] AS subject, (ARRAY['equations and numbers', 'acids and metals', 'kings and wars'])[n] AS title FROM (SELECT p % 3 + 1 AS n) y) s;
CREATE TABLE course AS
SELECT subject || ' ' || i AS course, title || ' ' || i AS title, CASE WHEN i = 1 THEN '{}' ELSE ARRAY[subject || ' ' || (i - 1)] END AS needs
FROM (VALUES ('algebra', 'equations and numbers'), ('chemistry', 'acids and metals'), ('history', 'kings and wars')) s(subject, title), generate_series(1, 8) i;
ALTER TABLE course ADD PRIMARY KEY (course);
EOS

my @answers;
my $document = slurp_file("$FindBin::RealBin/../../docs/analysis.md");
while ($document =~ /^## ([^\n]*)|^```sql\n(.*?)^```/gms)
{
	push @answers, { heading => $1, rows => [] } if defined $1;
	next unless defined $2;
	my ($status, $out, $error) = $node->psql('postgres', $2);

	is($status . ($error // ''), '0', "$answers[-1]{heading}: " . ($2 =~ /^([^\n]*)/)[0]);
	push @{ $answers[-1]{rows} }, [ map { [ split /\|/, $_, -1 ] } split /\n/, $out ];
}
is(scalar @answers, 6, 'all of it was read');
my ($group, $rising, $moved, $overlap, $next, $path) = map { $_->{rows} } @answers;

my %first;
$first{ $_->[0] } //= $_->[1] foreach @{ $group->[0] };
is_deeply(\%first, { balls => 'sport', labs => 'science', strings => 'music' }, 'interests of teams');
is(join(' ', @{ $rising->[0][0] }[ 0, 1 ]), '2024-02-26 science', 'what rose, and when');
is(scalar(grep { $_->[0] % 6 == 0 && $_->[2] eq 'music' && $_->[3] eq 'science' } @{ $moved->[0] }[ 0 .. 14 ]), 15, 'those who moved are the first 15');
cmp_ok($moved->[0][14][1], '>', 2 * $moved->[0][15][1], 'and far ahead of the others');
my ($music, $science, $both, $jaccard) = @{ $overlap->[1][0] };
is("$music|$science|$both", $node->safe_psql('postgres', <<'EOS'), 'the overlap');
SELECT count(*) FILTER (WHERE music), count(*) FILTER (WHERE science), count(*) FILTER (WHERE music AND science)
FROM (SELECT interest_probability(interests, 'music', 'news') >= 0.25 AS music, interest_probability(interests, 'science', 'news') >= 0.25 AS science FROM reader) x
EOS
cmp_ok($both, '>', 0, 'which there is');
is($jaccard, sprintf('%.3f', $both / ($music + $science - $both)), "$music, $science, $both");
is(scalar(grep { $_->[0] % 2 == 0 } @{ $next->[2] }), 20, 'those who buy');
my %auc = map { @$_[ 0, 1 ] } @{ $next->[3] };
cmp_ok($auc{model}, '>', 0.8, "they are told apart: $auc{model}");
is($path->[3][0][0], 'algebra 5', 'the next course of the subject');
is(scalar(grep { $_->[0] !~ /^algebra 5$| 1$/ } @{ $path->[3] }), 0, 'nothing whose needs are not met');

done_testing();

# What the tests of tracked models share: a table with a model over it, and the
# comparison of every tracked profile with what the table's rows make.

package TrackedTest;

use strict;
use warnings;

use Exporter 'import';
use Test::More;

our @EXPORT = qw(create_acts create_model sums_of is_exact);

# Rows of 40 people; client and number tell them apart, so that those who write
# at the same time change rows of their own.
sub create_acts
{
	my ($node, $database) = @_;

	$node->safe_psql($database, <<'EOS');
CREATE TABLE act (client int, number int, person int, at timestamptz, title text, action text, seconds float8, tags text[], topic text,
	PRIMARY KEY (client, number));
CREATE FUNCTION act_of(client int, number int, person int, days float8) RETURNS act LANGUAGE sql AS $$
	SELECT client, number, person, now() - make_interval(secs => 86400 * days),
		(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[person % 3 + 1] || ' ' || number % 5,
		(ARRAY['view', 'like', 'dislike', NULL])[1 + (person + number) % 4], 20 * (person % 3) + (person * 7 + number * 3) % 10,
		ARRAY[(ARRAY['sound', 'ball', 'star'])[person % 3 + 1], 'tag' || (person + number) % 3],
		(ARRAY['music', 'sport', 'science'])[person % 3 + 1] $$;
INSERT INTO act SELECT (act_of(99, p * 100 + i, p, 10 + p % 7 + 30 * i)).* FROM generate_series(1, 40) p, generate_series(1, 8) i;
CREATE INDEX ON act (person);
ANALYZE act;
EOS
}

sub create_model
{
	my ($node, $database, $encoder) = @_;

	$node->safe_psql($database, <<"EOS");
SELECT interest_load_encoder('tiny', '$encoder');
SELECT interest_create_model('acts', 'act', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', kind => 'action',
	numerics => '{seconds}', categoricals => '{tags}', label => 'topic', task => 'dominant', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('acts', epochs => 1);
EOS
}

# Users of the table; those whose rows in the profile table add up to a profile;
# and those of whom this, or what the scalar answers, is not what their rows make.
sub sums_of
{
	my ($node, $database, $table) = @_;

	$table //= 'act';
	return $node->safe_psql($database // 'postgres', <<"EOS");
SET jit = off;
WITH fresh AS (SELECT person, interest_accumulate('acts', a) AS profile FROM $table a WHERE person IS NOT NULL GROUP BY person),
summed AS (SELECT user_id AS person, CASE WHEN bool_and(sign <> 0) AND NOT EXISTS (SELECT FROM interest_acts_profiles WHERE user_id IS NULL) THEN
	interest_settle(interest_merge(profile) FILTER (WHERE sign = 1), interest_merge(profile) FILTER (WHERE sign = -1)) END AS profile
	FROM interest_acts_profiles WHERE user_id IS NOT NULL GROUP BY user_id)
SELECT count(f.person), count(s.profile), count(*) FILTER (WHERE s.profile <> f.profile
	OR interest_embed(coalesce(f.person, s.person), 'acts') IS DISTINCT FROM interest_read(f.profile, NULL, 'acts'))
FROM fresh f FULL JOIN summed s USING (person)
EOS
}

# Nothing is wrong; with $folded, every profile is there.
sub is_exact
{
	my ($node, $name, %options) = @_;
	my ($users, $sums, $wrong) = split /\|/, sums_of($node, $options{database}, $options{table});

	ok($users > 0 && $wrong == 0 && (!$options{folded} || $sums == $users), $name)
	  or diag("$users users, $sums sums, $wrong wrong");
}

1;
